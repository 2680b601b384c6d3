//! Tests of questions drawn from a small corpus whose every session says one thing.

use std::fmt::Write as _;

use super::*;

const WORDS_SAID: [&str; 40] = [
    "segment", "segments", "cursor", "cursors", "parser", "parsers", "branch", "branches",
    "commit", "commits", "query", "queries", "buffer", "buffers", "caching", "cached", "failing",
    "failed", "closing", "closed", "window", "windows", "signal", "signals", "thread", "threads",
    "socket", "sockets", "folder", "folders", "report", "reports", "sample", "samples", "vector",
    "vectors", "column", "columns", "record", "records",
];
const HAN: [char; 12] = [
    '会', '话', '记', '录', '检', '索', '文', '件', '目', '数', '据', '缓',
];
const SESSIONS: usize = 900;

/// A corpus in which session `n` says one sentence.
fn reading() -> Reading {
    let folder = tempfile::tempdir().unwrap();
    let projects = folder.path().join("projects/-src-a");
    std::fs::create_dir_all(&projects).unwrap();
    let mut random = Random::new(11);
    for number in 0..SESSIONS {
        let mut said = String::new();
        for _ in 0..7 {
            write!(said, "{} ", random.pick(&WORDS_SAID)).unwrap();
        }
        let han: String = (0..6).map(|_| *random.pick(&HAN)).collect();
        let (one, two) = (random.pick(&WORDS_SAID), random.pick(&WORDS_SAID));
        write!(said, "{one}_{two} src/{two}/{one}.rs {han}").unwrap();
        let row = format!(
            r#"{{"type":"user","isSidechain":false,"entrypoint":"cli","cwd":"/src/a","sessionId":"{number}","message":{{"content":"{said}"}}}}"#
        );
        std::fs::write(projects.join(format!("{number}.jsonl")), row).unwrap();
    }
    Reading::of(folder.path()).unwrap()
}

fn of(class: Class, questions: &[Question]) -> Vec<&Question> {
    let of_class: Vec<&Question> = questions.iter().filter(|it| it.class == class).collect();
    assert!(of_class.len() > 20, "{} of {class:?}", of_class.len());
    of_class
}

#[test]
fn a_question_is_answered_by_its_entry_alone() {
    let reading = reading();
    let questions = draw(&reading, 1);
    for question in questions.iter().filter(|it| it.class != Class::Cjk) {
        let words: Vec<String> = question
            .words
            .iter()
            .flat_map(|word| runs(word).map(str::to_owned).collect::<Vec<_>>())
            .collect();
        let documents = reading.postings.all_of(&words);
        let entries = reading.entries_of(&documents);
        assert_eq!(entries.len(), 1, "{question:?}");
        assert_eq!(question.expected.len(), 1);
        assert!((2..=4).contains(&question.words.len()), "{question:?}");
    }
    for question in of(Class::Exact, &questions) {
        assert_eq!(question.query, question.words.join(" "));
    }
}

#[test]
fn what_is_typed_differs_in_one_word() {
    let questions = draw(&reading(), 1);
    for class in [Class::Typo, Class::Inflection] {
        for question in of(class, &questions) {
            let typed: Vec<&str> = question.query.split(' ').collect();
            let pairs = typed.iter().zip(&question.words);
            let other: Vec<_> = pairs.filter(|(typed, said)| *typed != said).collect();
            assert_eq!(other.len(), 1, "{question:?}");
            if class == Class::Inflection {
                let spoken: Vec<String> = runs(&question.said).flat_map(parts).collect();
                assert!(
                    !spoken.iter().any(|word| word == other[0].0),
                    "{question:?}"
                );
            }
        }
    }
}

#[test]
fn parts_stand_side_by_side_in_the_entry() {
    let questions = draw(&reading(), 1);
    for question in of(Class::Identifier, &questions) {
        let name = question.words[..2].join("_");
        assert!(question.said.contains(&name), "{question:?}");
    }
    for question in of(Class::Path, &questions) {
        assert!(question.words[0].contains(".rs"), "{question:?}");
        assert!(question.said.contains(&question.words[0]), "{question:?}");
    }
    for question in of(Class::Cjk, &questions) {
        assert!(question.said.contains(&question.query), "{question:?}");
    }
}

#[test]
fn the_same_seed_draws_the_same_questions() {
    let reading = reading();
    let typed = |seed| {
        let questions = draw(&reading, seed).into_iter();
        questions.map(|question| question.query).collect::<Vec<_>>()
    };
    assert_eq!(typed(1), typed(1));
    assert_ne!(typed(1), typed(2));
}

#[test]
fn nothing_is_asked_where_nothing_was_said() {
    let reading = Reading::default();
    assert!(draw(&reading, 1).is_empty());
}

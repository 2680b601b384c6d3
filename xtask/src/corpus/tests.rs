//! Tests of a whole, small corpus: it repeats, it is JSON, and what it planted is where it says.

use std::collections::BTreeMap;
use std::path::Path;
use std::sync::OnceLock;

use super::*;

fn source() -> &'static source::Source {
    static SOURCE: OnceLock<source::Source> = OnceLock::new();
    SOURCE.get_or_init(|| {
        let workspace = Workspace::find().unwrap();
        source::Source::load(&source::folders(&workspace)).unwrap()
    })
}

fn corpus(seed: u64, out: &Path) -> Totals {
    write(source(), &options(seed, out)).unwrap()
}

fn options(seed: u64, out: &Path) -> Options {
    Options {
        bytes: 3_000_000,
        sessions: Some(6),
        seed,
        out: out.join("root"),
        needles: Some(out.join("needles.jsonl")),
        needle_count: 36,
        one_shots: 3,
        mixed: false,
        text: Vec::new(),
    }
}

fn read_tree(folder: &Path, files: &mut BTreeMap<String, String>) {
    for entry in fs::read_dir(folder).unwrap() {
        let path = entry.unwrap().path();
        if path.is_dir() {
            read_tree(&path, files);
        } else {
            files.insert(
                path.display().to_string(),
                fs::read_to_string(&path).unwrap(),
            );
        }
    }
}

#[test]
fn every_line_is_json_and_every_needle_is_where_the_manifest_says() {
    let folder = tempfile::tempdir().unwrap();
    let totals = corpus(1, folder.path());
    assert_eq!(totals.needles, 36);
    let root = folder.path().join("root");
    let mut files = BTreeMap::new();
    read_tree(&root, &mut files);
    assert_eq!(totals.files, random::wide(files.len()));
    let is_transcript = |path: &str| Path::new(path).extension().is_some_and(|it| it == "jsonl");
    for (path, text) in files.iter().filter(|(path, _)| is_transcript(path)) {
        for line in text.lines() {
            let row: Result<serde_json::Value, _> = serde_json::from_str(line);
            assert!(row.is_ok_and(|row| row.is_object()), "{path}: {line}");
        }
    }
    let manifest = fs::read_to_string(folder.path().join("needles.jsonl")).unwrap();
    for line in manifest.lines() {
        let needle: serde_json::Value = serde_json::from_str(line).unwrap();
        let file = root
            .join(needle["file"].as_str().unwrap())
            .display()
            .to_string();
        let number = usize::try_from(needle["line"].as_u64().unwrap()).unwrap();
        let text = files[&file].lines().nth(number - 1).unwrap_or("");
        assert!(text.contains(needle["phrase"].as_str().unwrap()), "{line}");
    }
}

#[test]
fn the_same_seed_gives_the_same_bytes() {
    let read = |seed| {
        let folder = tempfile::tempdir().unwrap();
        corpus(seed, folder.path());
        let mut files = BTreeMap::new();
        read_tree(folder.path(), &mut files);
        files.into_values().collect::<Vec<String>>()
    };
    let first = read(1);
    assert!(first == read(1), "two runs differ");
    assert!(first != read(2), "two seeds agree");
}

#[test]
fn a_mixed_corpus_names_files_and_speaks_without_spaces() {
    let folder = tempfile::tempdir().unwrap();
    let mut options = options(1, folder.path());
    options.sessions = Some(40);
    options.mixed = true;
    write(source(), &options).unwrap();
    let mut files = BTreeMap::new();
    read_tree(&options.out, &mut files);
    let text: String = files.into_values().collect();
    assert!(text.contains('，') && text.contains("。"));
    assert!(text.contains("ました") || text.contains("ます"));
}

#[test]
fn quotations_are_rows_that_hold_the_words() {
    let folder = tempfile::tempdir().unwrap();
    let stage = quote::Stage {
        root: folder.path(),
        folder: "-src-a",
        cwd: "/src/a",
        session: "0a1b2c3d",
        now: 1_777_593_600_000,
    };
    let words = ["zofuq".to_owned(), "vabex".to_owned()];
    let quotes = [quote::Quote {
        words: &words,
        said: "the zofuq of a vabex",
        session: "9f8e7d6c",
    }];
    quote::write_subagent(source(), stage, &words, random::Random::new(1)).unwrap();
    quote::write_echoes(source(), stage, &quotes, random::Random::new(2)).unwrap();
    let mut files = BTreeMap::new();
    read_tree(folder.path(), &mut files);
    assert_eq!(files.len(), 3);
    files.retain(|path, _| path.contains(".jsonl"));
    let holds = |line: &&str| words.iter().all(|word| line.contains(word.as_str()));
    for text in files.values() {
        for line in text.lines() {
            let row: serde_json::Value = serde_json::from_str(line).unwrap();
            assert!(row.is_object());
        }
        assert_eq!(text.lines().filter(holds).count(), 2, "{text}");
    }
}

#[test]
fn sizes_have_units() {
    let check =
        |text: &str, expect: Option<u64>| assert_eq!(parse_bytes(text).ok(), expect, "{text}");
    check("100M", Some(100_000_000));
    check("1G", Some(1_000_000_000));
    check("64K", Some(64_000));
    check("7", Some(7));
    check("", None);
    check("M", None);
    check("1T", None);
    check("99999999999999G", None);
}

//! What merging makes of rows, and what is on disk after a commit.

use std::collections::HashSet;
use std::fs;
use std::path::Path;

use sessions_catalog::{
    Applied, Catalog, CatalogReader, MessageKey, OpenCall, Opened, SessionFacts, SourceFacts,
    TokenUse,
};
use sessions_model::{
    ArchiveId, OnDisk, RecordKey, RootId, Seq, SessionFilter, SessionOrdinal, SourceId, SourceKind,
    Timestamp, TitleKind, Usage,
};

use crate::told::{ARCHIVE, Told, id, open};

#[test]
fn titles_go_by_who_gave_them_then_by_place() {
    let mut told = Told::new();
    told.prompt("s", 5, "/w", "later");
    told.prompt("s", 4, "/w", "\nearlier  prompt\nsecond line");
    assert_eq!(told.session("s").title, "earlier prompt");
    told.title("s", TitleKind::Ai, "by the model");
    told.title("s", TitleKind::Summary, "an old summary");
    assert_eq!(told.session("s").title, "by the model");
    told.title("s", TitleKind::Custom, "first name");
    told.title("s", TitleKind::Custom, "second name");
    told.title("s", TitleKind::Custom, "  ");
    assert_eq!(told.session("s").title, "second name");
    told.title("s", TitleKind::Custom, "first name");
    assert_eq!(told.session("s").title, "first name");
    assert_eq!(told.session("s").last_prompt.as_deref(), Some("later"));
}

#[test]
fn a_record_is_admitted_once_even_after_reopening() {
    let mut told = Told::new();
    let one = told.catalog.ordinal(&id("one")).unwrap();
    let two = told.catalog.ordinal(&id("two")).unwrap();
    for key in 0..1_000 {
        assert!(told.catalog.admit(one, RecordKey(key)).unwrap());
        // Many small commits, so that the chunks are written anew in between.
        if key % 10 == 0 {
            told.catalog.commit(Applied::default()).unwrap();
        }
    }
    assert!(told.catalog.admit(two, RecordKey(5)).unwrap());
    told.catalog
        .commit(Applied {
            backlog: Seq(3),
            live: Seq(9),
        })
        .unwrap();
    assert!(told.catalog.admit(two, RecordKey(6)).unwrap());
    drop(told.catalog);

    let (mut catalog, opened) = open(told.dir.path());
    assert_eq!(
        opened,
        Opened::Resumed(Applied {
            backlog: Seq(3),
            live: Seq(9)
        })
    );
    assert_eq!(catalog.ordinal(&id("one")).unwrap(), one);
    for key in 0..1_000 {
        assert!(!catalog.admit(one, RecordKey(key)).unwrap(), "{key}");
    }
    assert!(!catalog.admit(two, RecordKey(5)).unwrap());
    assert!(
        catalog.admit(two, RecordKey(6)).unwrap(),
        "what was not committed is not known"
    );
    assert_eq!(catalog.ordinal(&id("three")).unwrap(), SessionOrdinal(2));
}

#[test]
fn a_session_of_any_number_of_records_admits_each_once_and_asks_for_commits() {
    const KEYS: u64 = 600_000;
    let spread = |key: u64| RecordKey(key.wrapping_mul(0x9e37_79b9_7f4a_7c15));
    let mut told = Told::new();
    let session = told.catalog.ordinal(&id("s")).unwrap();
    let mut commits = 0;
    for key in 0..KEYS {
        assert!(told.catalog.admit(session, spread(key)).unwrap(), "{key}");
        if told.catalog.is_full() {
            told.catalog.commit(Applied::default()).unwrap();
            commits += 1;
        }
    }
    assert_eq!(commits, 1, "what is not written is bounded");
    told.catalog.commit(Applied::default()).unwrap();
    drop(told.catalog);
    let (mut catalog, _) = open(told.dir.path());
    for key in (0..KEYS).step_by(97) {
        assert!(!catalog.admit(session, spread(key)).unwrap(), "{key}");
    }
    assert!(catalog.admit(session, spread(KEYS)).unwrap());
}

#[test]
fn tokens_are_counted_once_for_the_earliest_session() {
    check_tokens(|used| {
        used("fork", 9, 10, false);
        used("original", 5, 30, false);
        used("original", 6, 20, false);
    });
}

#[test]
fn tokens_that_a_fork_copied_are_its_parents_whichever_was_archived_first() {
    check_tokens(|used| {
        used("fork", 1, 30, true);
        used("original", 5, 10, false);
    });
    check_tokens(|used| {
        used("original", 5, 30, false);
        used("fork", 1, 10, true);
    });
}

#[test]
fn no_count_of_tokens_is_too_large_to_be_written() {
    let mut told = Told::new();
    let session = told.row("one", 1, SessionFacts::default());
    for (number, input) in [u64::MAX, i64::MAX.cast_unsigned(), 5]
        .into_iter()
        .enumerate()
    {
        let usage = Usage {
            input,
            ..Usage::default()
        };
        let used = TokenUse {
            message: MessageKey::of(&number.to_string(), None),
            session,
            is_copy: false,
            at: Seq(1),
            model: None,
            usage,
        };
        told.catalog.use_tokens(&used).unwrap();
        told.catalog.commit(Applied::default()).unwrap();
    }
    assert_eq!(
        told.session("one").tokens.input,
        i64::MAX.cast_unsigned(),
        "and no sum is"
    );
}

fn check_tokens(say: impl FnOnce(&mut dyn FnMut(&str, u64, u64, bool))) {
    let mut told = Told::new();
    let fork = told.row("fork", 1, SessionFacts::default());
    let original = told.row("original", 1, SessionFacts::default());
    let mut used = |name: &str, at, output, is_copy| {
        let session = if name == "fork" { fork } else { original };
        let usage = Usage {
            output,
            input: 2,
            ..Usage::default()
        };
        let message = MessageKey::of("msg", Some("req"));
        let used = TokenUse {
            message,
            session,
            is_copy,
            at: Seq(at),
            model: Some("m"),
            usage,
        };
        told.catalog.use_tokens(&used).expect("the catalog works");
        told.catalog
            .commit(Applied::default())
            .expect("the catalog works");
    };
    say(&mut used);
    assert_eq!(told.session("fork").tokens.output, 0);
    assert_eq!(told.session("fork").tokens.input, 0);
    assert_eq!(told.session("original").tokens.output, 30);
    assert_eq!(told.session("original").tokens.input, 2);
}

fn call(tool: &str) -> OpenCall {
    OpenCall {
        tool: tool.to_owned(),
        is_echo: tool == "Bash",
    }
}

#[test]
fn a_call_is_taken_once() {
    let mut told = Told::new();
    told.catalog
        .remember_call(SourceId(1), "toolu_1", call("Bash"));
    told.catalog
        .remember_call(SourceId(1), "toolu_2", call("Read"));
    let mut take = |source, call| told.catalog.take_call(SourceId(source), call).unwrap();
    assert_eq!(take(2, "toolu_1"), None);
    assert_eq!(take(1, "toolu_1"), Some(call("Bash")));
    assert_eq!(take(1, "toolu_1"), None);
    told.catalog.commit(Applied::default()).unwrap();
    drop(told.catalog);
    let (mut catalog, _) = open(told.dir.path());
    let taken = catalog.take_call(SourceId(1), "toolu_2").unwrap();
    assert_eq!(taken, Some(call("Read")));
    assert_eq!(catalog.take_call(SourceId(1), "toolu_2").unwrap(), None);
    catalog.commit(Applied::default()).unwrap();
    assert_eq!(catalog.take_call(SourceId(1), "toolu_2").unwrap(), None);
}

#[test]
fn what_the_disk_still_holds_follows_the_latest_word() {
    let mut told = Told::new();
    told.prompt("s", 1, "/w", "hello");
    told.catalog.root(RootId(1), "/home/u/.claude");
    told.source("s", 1, |facts| facts.bytes = Some(100));
    told.source("s", 2, |facts| {
        (facts.bytes, facts.kind) = (Some(11), SourceKind::Subagent);
    });
    let session = told.session("s");
    assert_eq!(
        (session.on_disk, session.bytes, session.subagents),
        (OnDisk::Whole, 111, 1)
    );
    assert_eq!(session.root, "/home/u/.claude");

    told.source("s", 1, |facts| facts.is_cut = Some(true));
    assert_eq!(told.session("s").on_disk, OnDisk::Partly);
    told.source("s", 1, |facts| facts.is_cut = Some(false));
    told.source("s", 2, |facts| facts.gone_since = Some(Some(Timestamp(9))));
    assert_eq!(told.session("s").on_disk, OnDisk::Partly);
    told.source("s", 1, |facts| facts.gone_since = Some(Some(Timestamp(9))));
    assert_eq!(told.session("s").on_disk, OnDisk::Gone);
    // The other lane tells late of what came before.
    told.source("s", 1, |facts| {
        (facts.at, facts.bytes, facts.gone_since) = (Seq(1), Some(5), Some(None));
    });
    let session = told.session("s");
    assert_eq!((session.on_disk, session.bytes), (OnDisk::Gone, 111));
}

#[test]
fn a_source_that_is_whole_in_another_folder_counts_once() {
    let mut told = Told::new();
    told.prompt("s", 1, "/w", "hello");
    told.source("s", 1, |facts| facts.bytes = Some(100));
    told.source("s", 2, |facts| facts.bytes = Some(120));
    let mut check = |source, change: &dyn Fn(&mut SourceFacts), expect| {
        told.source("s", source, |facts| change(facts));
        let (session, projects) = (told.session("s"), told.reader().projects(None).unwrap());
        assert_eq!((session.on_disk, session.bytes), expect);
        assert_eq!(projects[0].bytes, session.bytes);
    };
    check(
        1,
        &|facts| facts.gone_since = Some(Some(Timestamp(9))),
        (OnDisk::Partly, 220),
    );
    let within = |facts: &mut SourceFacts| facts.within = Some(SourceId(2));
    check(1, &within, (OnDisk::Whole, 120));
    check(
        2,
        &|facts| facts.gone_since = Some(Some(Timestamp(9))),
        (OnDisk::Gone, 220),
    );
    check(
        2,
        &|facts| facts.gone_since = Some(None),
        (OnDisk::Whole, 120),
    );
    // It came back, grew, and went again: nobody said that all of that is in the other.
    check(1, &|facts| facts.bytes = Some(110), (OnDisk::Partly, 230));
    check(1, &within, (OnDisk::Whole, 120));
    check(2, &|facts| facts.is_cut = Some(true), (OnDisk::Partly, 230));
}

#[test]
fn scripts_that_ask_one_thing_are_automated() {
    let check = |entrypoints: &[&str], prompts: u64, title: Option<TitleKind>, expect: bool| {
        let mut told = Told::new();
        for entrypoint in entrypoints {
            let facts = SessionFacts {
                entrypoint: Some(entrypoint),
                ..SessionFacts::default()
            };
            told.row("s", 1, facts);
        }
        told.row(
            "s",
            1,
            SessionFacts {
                prompts,
                ..SessionFacts::default()
            },
        );
        if let Some(kind) = title {
            told.title("s", kind, "name");
        }
        assert_eq!(
            told.session("s").is_automated,
            expect,
            "{entrypoints:?} {prompts} {title:?}"
        );
    };
    check(&["sdk-cli"], 1, None, true);
    check(&["sdk-cli"], 1, Some(TitleKind::Ai), true);
    check(&["sdk-cli"], 1, Some(TitleKind::Custom), false);
    check(&["sdk-ts"], 2, None, false);
    check(&["cli"], 1, None, false);
    check(&["claude-vscode"], 1, None, false);
    check(&["sdk-cli", "cli"], 1, None, false);
    check(&[], 1, None, false);
}

#[test]
fn defects_add_up() {
    let mut told = Told::new();
    told.catalog.count_defect("json", 2);
    told.catalog.commit(Applied::default()).unwrap();
    told.catalog.count_defect("json", 1);
    told.catalog.count_defect("unknown:new", 9);
    let defects = told.reader().defects().unwrap();
    let defects: Vec<_> = defects
        .iter()
        .map(|defect| (&*defect.name, defect.count))
        .collect();
    assert_eq!(defects, [("unknown:new", 9), ("json", 3)]);
}

#[test]
fn an_unusable_catalog_is_put_out_of_the_way() {
    let check = |spoil: &dyn Fn(&Path), archive: ArchiveId, expect: &str| {
        let mut told = Told::new();
        told.prompt("s", 1, "/w", "hello");
        drop(told.reader());
        drop(told.catalog);
        spoil(&told.dir.path().join("catalog.db"));
        let (catalog, opened) = Catalog::open(told.dir.path(), archive).unwrap();
        let Opened::Rebuild(reason) = opened else {
            panic!("{expect}: {opened:?}")
        };
        assert!(reason.contains(expect), "{reason}");
        assert_eq!(catalog.applied(), Applied::default());
        let sessions = catalog
            .reader()
            .unwrap()
            .sessions(&SessionFilter::default(), &HashSet::new());
        assert!(sessions.unwrap().is_empty());
    };
    check(&|_| (), ArchiveId([8; 16]), "another archive");
    check(
        &|path| fs::write(path, vec![b'x'; 8192]).unwrap(),
        ARCHIVE,
        "damaged",
    );
    check(
        &|path| {
            // The version in the header of the file.
            let mut bytes = fs::read(path).unwrap();
            bytes[60..64].copy_from_slice(&9_u32.to_be_bytes());
            fs::write(path, bytes).unwrap();
        },
        ARCHIVE,
        "version 9",
    );
}

#[test]
fn readers_see_what_was_committed_and_nothing_else() {
    let mut told = Told::new();
    told.prompt("one", 1, "/w", "hello");
    let reader = told.reader();
    let other = told.catalog.reader().unwrap();
    told.prompt("two", 2, "/w", "hello");
    let count = |reader: &CatalogReader| {
        reader
            .sessions(&SessionFilter::default(), &HashSet::new())
            .unwrap()
            .len()
    };
    assert_eq!((count(&reader), count(&other)), (1, 1));
    told.catalog
        .commit(Applied {
            backlog: Seq(1),
            live: Seq(2),
        })
        .unwrap();
    assert_eq!((count(&reader), count(&other)), (2, 2));
    assert_eq!(
        reader.applied().unwrap(),
        Applied {
            backlog: Seq(1),
            live: Seq(2)
        }
    );
}

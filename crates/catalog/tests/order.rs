//! Whatever the order in which rows reach the catalog, and however they fall into commits, it says the
//! same of every session.

use std::collections::HashSet;

use proptest::prelude::*;
use sessions_catalog::{
    Applied, Catalog, MessageKey, Position, SessionFacts, SourceFacts, TokenUse,
};
use sessions_model::{
    ArchiveId, ByteOffset, Project, RecordKey, RootId, Seq, Session, SessionFilter, SessionId,
    SourceId, SourceKind, Timestamp, TitleKind, Usage,
};

const ARCHIVE: ArchiveId = ArchiveId([7; 16]);

/// One row of one of three sessions, at a seq of its own.
#[derive(Debug, Clone)]
struct Line {
    session: u8,
    seq: u64,
    key: u64,
    time: Option<i64>,
    word: u8,
    title: Option<TitleKind>,
    is_prompt: bool,
    message: u64,
    usage: Usage,
}

fn usage() -> impl Strategy<Value = Usage> {
    (0..9_u64, 0..9_u64, 0..9_u64, 0..9_u64).prop_map(
        |(input, output, cache_read, cache_creation)| Usage {
            input,
            output,
            cache_read,
            cache_creation,
        },
    )
}

fn line() -> impl Strategy<Value = Line> {
    let title = proptest::option::of(prop_oneof![
        Just(TitleKind::Summary),
        Just(TitleKind::Ai),
        Just(TitleKind::Custom),
    ]);
    let place = (0..3_u8, 0..20_u64, proptest::option::of(0..50_i64), 0..6_u8);
    (place, title, any::<bool>(), 0..6_u64, usage()).prop_map(
        |((session, key, time, word), title, is_prompt, message, usage)| Line {
            session,
            seq: 0,
            // The same record says the same, wherever it is repeated.
            key: key * 2 + u64::from(is_prompt),
            time,
            word,
            title,
            is_prompt,
            message,
            usage,
        },
    )
}

/// Rows in the order of their seq, and the same rows in some order.
fn lines() -> impl Strategy<Value = (Vec<Line>, Vec<Line>)> {
    proptest::collection::vec(line(), 0..40).prop_flat_map(|mut lines| {
        for (seq, line) in (1..).zip(&mut lines) {
            line.seq = seq;
        }
        (Just(lines.clone()), Just(lines).prop_shuffle())
    })
}

fn apply(catalog: &mut Catalog, line: &Line) {
    let id = SessionId::parse(&format!("session-{}", line.session)).expect("the catalog works");
    let session = catalog.ordinal(&id).expect("the catalog works");
    let text = format!("/w/{}", line.word);
    let facts = SessionFacts {
        at: Position {
            time: line.time.map(Timestamp),
            seq: Seq(line.seq),
            offset: ByteOffset(0),
        },
        cwd: Some(&text),
        branch: Some(&text),
        model: Some(&text),
        entrypoint: Some(if line.word < 2 { "cli" } else { "sdk-cli" }),
        title: line.title.map(|kind| (kind, &*text)),
        prompt: line.is_prompt.then_some(&*text),
        worktree_of: None,
        entries: 1,
        prompts: u64::from(line.is_prompt),
    };
    let is_new = catalog
        .admit(session, RecordKey(line.key))
        .expect("the catalog works");
    catalog
        .merge(session, &if is_new { facts } else { facts.uncounted() })
        .expect("the catalog works");
    let used = TokenUse {
        message: MessageKey(line.message),
        session,
        is_copy: line.word == 1,
        at: Seq(line.seq),
        model: Some(&text),
        usage: line.usage,
    };
    catalog.use_tokens(&used).expect("the catalog works");
    catalog.root(RootId(1), "/root");
    catalog.source(&SourceFacts {
        source: SourceId(u64::from(line.session) * 2 + line.key % 2),
        session: Some(session),
        root: RootId(1),
        kind: SourceKind::Transcript,
        at: Seq(line.seq),
        bytes: line.is_prompt.then_some(line.seq * 10),
        gone_since: line
            .title
            .map(|kind| (kind == TitleKind::Ai).then_some(Timestamp(i64::from(line.word)))),
        is_cut: (line.word == 0).then_some(line.is_prompt),
        within: None,
    });
}

fn told(lines: &[Line], lines_per_commit: usize) -> (Vec<Session>, Vec<Project>) {
    let dir = tempfile::tempdir().expect("the catalog works");
    let (mut catalog, _) = Catalog::open(dir.path(), ARCHIVE).expect("the catalog works");
    for batch in lines.chunks(lines_per_commit) {
        for line in batch {
            apply(&mut catalog, line);
        }
        catalog
            .commit(Applied::default())
            .expect("the catalog works");
    }
    let reader = catalog.reader().expect("the catalog works");
    let sessions = reader
        .sessions(&SessionFilter::default(), &HashSet::new())
        .expect("the catalog works");
    (sessions, reader.projects(None).expect("the catalog works"))
}

proptest! {
    #![proptest_config(ProptestConfig::with_cases(64))]

    #[test]
    fn shuffled_lanes_give_equal_sessions((straight, shuffled) in lines(), cut in 1..20_usize) {
        prop_assert_eq!(told(&straight, 1_000), told(&shuffled, cut));
    }
}

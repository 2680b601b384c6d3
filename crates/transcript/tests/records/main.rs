//! What each type of row reads as, one line each.

mod lines;
mod messages;
mod notices;

use sessions_model::{EntryKind, Parsed, Record, RecordKind};
use sessions_transcript::parse;

pub(crate) fn record(line: &str) -> Record<'_> {
    match parse(line.as_bytes()) {
        Parsed::Record(record) => record,
        other => panic!("{line}: {other:?}"),
    }
}

/// Checks a row's kind, its name, and its blocks as kind and text.
pub(crate) fn check(line: &str, kind: RecordKind, name: &str, expect: &[(EntryKind, &str)]) {
    let record = record(line);
    let blocks: Vec<_> = record
        .blocks
        .iter()
        .map(|b| (b.kind, b.text.as_ref()))
        .collect();
    assert_eq!(
        (record.kind, record.type_name.as_ref(), blocks),
        (kind, name, expect.to_vec()),
        "{line}"
    );
}

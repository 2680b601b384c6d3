//! The identity of a record within its session.
//!
//! Catalog and index store these keys, and copies of a row must hash alike whichever version made
//! them known: the function changes only together with `sessions_index::SCHEMA_VERSION`.

use sessions_model::{Block, RecordKey};
use xxhash_rust::xxh3::{xxh3_64, xxh3_64_with_seed};

/// Returns the key of what has no name of its own: XXH3 over 64 bits of all its bytes.
pub fn record_key(identity: &[u8]) -> RecordKey {
    RecordKey(xxh3_64(identity))
}

/// Returns the key of a record that has a `uuid`: of that and of what the record shows. A row that was
/// changed in its place is another record, and a copy with other fields of the envelope is the same.
pub(crate) fn revision_key(uuid: &str, blocks: &[Block<'_>]) -> RecordKey {
    let hash = blocks.iter().fold(xxh3_64(uuid.as_bytes()), |hash, block| {
        let seed = hash.wrapping_add(u64::from(block.index));
        xxh3_64_with_seed(block.text.as_bytes(), seed)
    });
    RecordKey(hash)
}

#[cfg(test)]
mod tests {
    use sessions_model::Parsed;

    use super::*;
    use crate::parse;

    #[test]
    fn keys_never_change() {
        assert_eq!(record_key(b""), RecordKey(0x2d06_8005_38d3_94c2));
        assert_eq!(record_key(b"a"), RecordKey(0xe6c6_32b6_1e96_4e1f));
    }

    /// Returns the key of a prompt.
    fn key(uuid: &str, cwd: &str, text: &str) -> RecordKey {
        let line = format!(
            r#"{{"type":"user","uuid":"{uuid}","cwd":"{cwd}","message":{{"role":"user","content":"{text}"}}}}"#
        );
        let Parsed::Record(record) = parse(line.as_bytes()) else {
            panic!("{line}");
        };
        record.key
    }

    #[test]
    fn a_row_that_says_something_else_is_another_and_a_copy_is_the_same() {
        let first = key("u1", "/w/a", "fix the parser");
        assert_eq!(first, key("u1", "/w/b", "fix the parser"));
        assert_ne!(first, key("u1", "/w/a", "fix the lexer"));
        assert_ne!(first, key("u2", "/w/a", "fix the parser"));
    }
}

//! What rides in a commit: the position, and the versions that the documents were made with.

use sessions_model::{ArchiveId, Seq};

use crate::document::Position;
use crate::schema::SCHEMA_VERSION;
use crate::tokenize::TOKENIZER_VERSION;

/// Why a commit is of no use to us.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Unfit {
    /// Not written by us, or damaged.
    Unreadable,
    /// Written by another version.
    Outdated,
}

/// Returns the text that is committed with `position`.
pub(crate) fn write(position: &Position) -> String {
    format!(
        "sessions {SCHEMA_VERSION} {TOKENIZER_VERSION} {} {} {}",
        position.archive, position.backlog, position.live
    )
}

/// Returns the position that `payload` was written from.
pub(crate) fn read(payload: &str) -> Result<Position, Unfit> {
    let mut words = payload.split(' ');
    if words.next() != Some("sessions") {
        return Err(Unfit::Unreadable);
    }
    let number = |word: Option<&str>| word.and_then(|word| word.parse::<u64>().ok());
    let schema = number(words.next()).ok_or(Unfit::Unreadable)?;
    let tokenizer = number(words.next()).ok_or(Unfit::Unreadable)?;
    if schema != u64::from(SCHEMA_VERSION) || tokenizer != u64::from(TOKENIZER_VERSION) {
        return Err(Unfit::Outdated);
    }
    let archive = words.next().and_then(archive).ok_or(Unfit::Unreadable)?;
    let backlog = number(words.next()).map(Seq).ok_or(Unfit::Unreadable)?;
    let live = number(words.next()).map(Seq).ok_or(Unfit::Unreadable)?;
    Ok(Position {
        archive,
        backlog,
        live,
    })
}

fn archive(hex: &str) -> Option<ArchiveId> {
    let is_hex = hex.len() == 32 && hex.bytes().all(|byte| byte.is_ascii_hexdigit());
    let number = is_hex.then(|| u128::from_str_radix(hex, 16).ok())??;
    Some(ArchiveId(number.to_be_bytes()))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_position_comes_back_as_it_went() {
        let position = Position {
            archive: ArchiveId([7; 16]),
            backlog: Seq(3),
            live: Seq(u64::MAX),
        };
        assert_eq!(read(&write(&position)), Ok(position));
    }

    #[test]
    fn other_payloads_are_refused() {
        let check = |payload: &str, expect: Unfit| assert_eq!(read(payload), Err(expect));
        let hex = "07".repeat(16);
        check("", Unfit::Unreadable);
        check("something else", Unfit::Unreadable);
        check(
            &format!("sessions 999 {TOKENIZER_VERSION} {hex} 1 1"),
            Unfit::Outdated,
        );
        check(
            &format!("sessions {SCHEMA_VERSION} 999 {hex} 1 1"),
            Unfit::Outdated,
        );
        check(
            &format!("sessions {SCHEMA_VERSION} {TOKENIZER_VERSION} +7 1 1"),
            Unfit::Unreadable,
        );
        check(
            &format!("sessions {SCHEMA_VERSION} {TOKENIZER_VERSION} {hex} 1"),
            Unfit::Unreadable,
        );
    }
}

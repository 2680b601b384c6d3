//! Where a fact stands, so that first and last do not depend on the order of arrival.

use rusqlite::types::{FromSql, FromSqlError, FromSqlResult, ToSql, ToSqlOutput, ValueRef};
use sessions_model::{ByteOffset, Seq, Timestamp};

/// Bytes of a stored position.
const POSITION_BYTES: usize = 24;

/// Where a row stands: by its time, then by the archive's seq, then by the offset in its source.
///
/// Rows without a time come before all others.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash, Default)]
pub struct Position {
    /// The row's time.
    pub time: Option<Timestamp>,
    /// The archive's position of the append that held it.
    pub seq: Seq,
    /// Its offset in its source.
    pub offset: ByteOffset,
}

impl Position {
    /// Returns the position without the time: the order of the file.
    #[must_use]
    pub(crate) fn in_file(self) -> Self {
        Self { time: None, ..self }
    }

    fn to_bytes(self) -> [u8; POSITION_BYTES] {
        let time = self.time.map_or(i64::MIN, Timestamp::millis);
        // Flipping the sign bit makes the bytes sort as the number does.
        let time = time.cast_unsigned() ^ (1 << 63);
        let mut bytes = [0; POSITION_BYTES];
        let parts = [time, self.seq.0, self.offset.0];
        for (place, part) in bytes.chunks_exact_mut(8).zip(parts) {
            place.copy_from_slice(&part.to_be_bytes());
        }
        bytes
    }

    fn from_bytes(bytes: [u8; POSITION_BYTES]) -> Self {
        let mut parts = bytes.chunks_exact(8).map(|part| {
            u64::from_be_bytes(
                part.try_into()
                    .expect("chunks of eight bytes hold eight bytes"),
            )
        });
        let mut next = || parts.next().expect("24 bytes are three times eight");
        let time = (next() ^ (1 << 63)).cast_signed();
        Self {
            time: (time != i64::MIN).then_some(Timestamp(time)),
            seq: Seq(next()),
            offset: ByteOffset(next()),
        }
    }
}

impl ToSql for Position {
    fn to_sql(&self) -> rusqlite::Result<ToSqlOutput<'_>> {
        Ok(ToSqlOutput::from(self.to_bytes().to_vec()))
    }
}

impl FromSql for Position {
    fn column_result(value: ValueRef<'_>) -> FromSqlResult<Self> {
        let bytes = value.as_blob()?;
        let bytes = bytes
            .try_into()
            .map_err(|_| FromSqlError::InvalidBlobSize {
                expected_size: POSITION_BYTES,
                blob_size: bytes.len(),
            })?;
        Ok(Self::from_bytes(bytes))
    }
}

/// A value and where it was met.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) struct Placed<T> {
    pub(crate) at: Position,
    pub(crate) value: T,
}

/// Keeps the earlier of `slot` and the offered value; returns whether that changed `slot`.
pub(crate) fn keep_first(slot: &mut Option<Placed<String>>, at: Position, value: &str) -> bool {
    let is_better = slot.as_ref().is_none_or(|old| at < old.at);
    is_better && replace(slot, at, value)
}

/// Keeps the later of `slot` and the offered value; returns whether that changed `slot`.
pub(crate) fn keep_last(slot: &mut Option<Placed<String>>, at: Position, value: &str) -> bool {
    let is_better = slot.as_ref().is_none_or(|old| at > old.at);
    is_better && replace(slot, at, value)
}

/// Puts the offered value in `slot`, and returns that this changed it.
fn replace(slot: &mut Option<Placed<String>>, at: Position, value: &str) -> bool {
    match slot {
        // The same value further on is the usual case: no need to copy it.
        Some(old) if old.value == value => old.at = at,
        _ => {
            let value = value.to_owned();
            *slot = Some(Placed { at, value });
        }
    }
    true
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn stored_positions_sort_as_they_compare() {
        let times = [None, Some(-5), Some(0), Some(1_700_000_000_000)];
        let mut all = Vec::new();
        for time in times {
            for (seq, offset) in [(0, 0), (0, 9), (1, 0), (u64::MAX, 3)] {
                let time = time.map(Timestamp);
                all.push(Position {
                    time,
                    seq: Seq(seq),
                    offset: ByteOffset(offset),
                });
            }
        }
        assert!(all.is_sorted());
        let stored: Vec<_> = all.iter().map(|position| position.to_bytes()).collect();
        assert!(stored.is_sorted());
        let back: Vec<_> = stored.into_iter().map(Position::from_bytes).collect();
        assert_eq!(back, all);
    }
}

//! Names and numbers that identify things, each a type of its own.

use std::fmt;
use std::sync::Arc;

/// Longest session or agent id that is accepted, in bytes.
pub const ID_BYTES_MAX: usize = 128;

/// Characters of an id that name its bearer well enough for a person, in nearly every archive.
pub const SHORT_ID_CHARS: usize = 8;

/// Why a string is not an id.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum IdError {
    /// The string is empty.
    Empty,
    /// The string is longer than 128 bytes.
    TooLong,
    /// The string holds a path separator, a control character or leading dot.
    BadCharacter,
}

impl fmt::Display for IdError {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(match self {
            Self::Empty => "an id is not empty",
            Self::TooLong => "an id has at most 128 bytes",
            Self::BadCharacter => "an id holds no separator, control character or leading dot",
        })
    }
}

impl std::error::Error for IdError {}

fn check(text: &str) -> Result<(), IdError> {
    if text.is_empty() {
        return Err(IdError::Empty);
    }
    if text.len() > ID_BYTES_MAX {
        return Err(IdError::TooLong);
    }
    let bad = |c: char| c == '/' || c == '\\' || c.is_control();
    if text.starts_with('.') || text.contains(bad) {
        Err(IdError::BadCharacter)
    } else {
        Ok(())
    }
}

macro_rules! text_id {
    ($(#[$doc:meta])* $name:ident) => {
        $(#[$doc])*
        #[derive(Debug, Clone, PartialEq, Eq, PartialOrd, Ord, Hash)]
        pub struct $name(Arc<str>);

        impl $name {
            /// Takes `text` as an id, or says why it is none.
            pub fn parse(text: &str) -> Result<Self, IdError> {
                check(text).map(|()| Self(text.into()))
            }

            /// Returns the id as text.
            pub fn as_str(&self) -> &str {
                &self.0
            }

            /// Returns its first [`SHORT_ID_CHARS`] characters.
            pub fn short(&self) -> &str {
                let end = self.0.char_indices().nth(SHORT_ID_CHARS);
                end.and_then(|(end, _)| self.0.get(..end)).unwrap_or(&self.0)
            }
        }

        impl fmt::Display for $name {
            fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
                f.write_str(&self.0)
            }
        }
    };
}

text_id! {
    /// A session: the file stem of its main transcript, a UUID in every client seen so far.
    SessionId
}
text_id! {
    /// A subagent: what stands between `agent-` and `.jsonl` in its file name.
    AgentId
}

macro_rules! number_id {
    ($(#[$doc:meta])* $name:ident) => {
        $(#[$doc])*
        #[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash, Default)]
        pub struct $name(pub u64);

        impl fmt::Display for $name {
            fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
                self.0.fmt(f)
            }
        }
    };
}

number_id! {
    /// A config root known to one archive.
    RootId
}
number_id! {
    /// A source known to one archive.
    SourceId
}
number_id! {
    /// The life of a source's file between two rewrites.
    GenerationId
}
number_id! {
    /// The archive's position: grows by one with each change, never reused. 0 is before the first.
    Seq
}
number_id! {
    /// A position in a generation's bytes.
    ByteOffset
}
number_id! {
    /// A session's number in one derived pair; small and dense.
    SessionOrdinal
}

macro_rules! random_id {
    ($(#[$doc:meta])* $name:ident) => {
        $(#[$doc])*
        #[derive(Clone, Copy, PartialEq, Eq, Hash)]
        pub struct $name(pub [u8; 16]);

        impl fmt::Display for $name {
            fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
                self.0.iter().try_for_each(|byte| write!(f, "{byte:02x}"))
            }
        }

        impl fmt::Debug for $name {
            fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
                write!(f, "{}({self})", stringify!($name))
            }
        }

        impl $name {
            /// Reads the 32 hexadecimal digits that [`Display`](fmt::Display) writes.
            pub fn parse(text: &str) -> Option<Self> {
                let mut id = [0; 16];
                let digits = text.as_bytes();
                if digits.len() != 2 * id.len() {
                    return None;
                }
                for (byte, pair) in id.iter_mut().zip(digits.chunks_exact(2)) {
                    let [high, low] = [pair[0], pair[1]].map(|digit| char::from(digit).to_digit(16));
                    *byte = u8::try_from(high? << 4 | low?).ok()?;
                }
                Some(Self(id))
            }

            /// Returns its first [`SHORT_ID_CHARS`] digits.
            pub fn short(&self) -> String {
                self.to_string().chars().take(SHORT_ID_CHARS).collect()
            }
        }
    };
}

random_id! {
    /// One archive: 128 random bits drawn when it is created.
    ArchiveId
}
random_id! {
    /// One device: 128 random bits, renewed when the machine's fingerprint changes.
    DeviceId
}
random_id! {
    /// One event that a hook reported: 128 random bits.
    EventId
}
random_id! {
    /// One checkpoint: 128 random bits.
    CheckpointId
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn ids_refuse_what_could_leave_a_folder() {
        assert_eq!(SessionId::parse(""), Err(IdError::Empty));
        assert_eq!(SessionId::parse("../x"), Err(IdError::BadCharacter));
        assert_eq!(SessionId::parse("a/b"), Err(IdError::BadCharacter));
        assert_eq!(SessionId::parse(&"x".repeat(129)), Err(IdError::TooLong));
        assert!(SessionId::parse("0b9d").is_ok());
    }

    #[test]
    fn short_ids_are_whole_characters() {
        let check = |id: &str, expect: &str| {
            assert_eq!(SessionId::parse(id).unwrap().short(), expect, "{id}");
        };
        check("3f9a1c2e-0b9d", "3f9a1c2e");
        check("3f9a", "3f9a");
        check("検索検索検索検索検", "検索検索検索検索");
        assert_eq!(CheckpointId([0x0f; 16]).short(), "0f0f0f0f");
    }

    #[test]
    fn random_ids_are_read_as_they_are_written() {
        let id = CheckpointId([0x0f; 16]);
        assert_eq!(CheckpointId::parse(&id.to_string()), Some(id));
        for wrong in ["", "0f", &"0g".repeat(16), &"0f".repeat(17)] {
            assert_eq!(CheckpointId::parse(wrong), None, "{wrong}");
        }
    }
}

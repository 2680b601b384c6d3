//! What the deriver tells the catalog of a row, a source and an API message.

use sessions_model::{
    Block, EntryKind, Record, RecordKind, RootId, Seq, SessionOrdinal, SourceId, SourceKind,
    Timestamp, TitleKind, Usage,
};

use crate::Position;

/// What one row says of its session.
///
/// Merging it is idempotent but for the counts: a row that the session already had (see
/// [`Catalog::admit`](crate::Catalog::admit)) is merged [without them](Self::uncounted), since its
/// repetition may still be the latest word, as a title given a second time is.
#[derive(Debug, Clone, Copy, Default)]
pub struct SessionFacts<'a> {
    /// Where the row stands.
    pub at: Position,
    /// The working directory.
    pub cwd: Option<&'a str>,
    /// The branch.
    pub branch: Option<&'a str>,
    /// The model that wrote it.
    pub model: Option<&'a str>,
    /// How the client was started.
    pub entrypoint: Option<&'a str>,
    /// A name given to the session.
    pub title: Option<(TitleKind, &'a str)>,
    /// A prompt of the main conversation.
    pub prompt: Option<&'a str>,
    /// The working directory that the session's worktree was made from.
    pub worktree_of: Option<&'a str>,
    /// Entries in the row, but for names of the session and notes of prompts that wait.
    pub entries: u64,
    /// Prompts of the main conversation in the row.
    pub prompts: u64,
}

impl<'a> SessionFacts<'a> {
    /// Returns what `record` says, found at `at` in a source of this `kind`.
    pub fn of(record: &'a Record<'_>, at: Position, kind: SourceKind) -> Self {
        let is_main = kind == SourceKind::Transcript && !record.is_sidechain;
        // A queued prompt comes again as the row that was sent, which is the one that counts.
        let is_note = record.kind == RecordKind::QueueOperation;
        let is_prompt = is_main && record.is_prompt && !is_note;
        // The client writes names again and again: an entry is only what view shows of them.
        let is_entry = |block: &&Block<'_>| !is_note && block.kind != EntryKind::Title;
        let entries = record.blocks.iter().filter(is_entry).count();
        let prompt = record
            .blocks
            .iter()
            .find(|block| !block.text.trim().is_empty());
        Self {
            at: Position {
                time: record.time,
                ..at
            },
            cwd: record.cwd.as_deref(),
            branch: record.branch.as_deref().filter(|_| is_main),
            model: record
                .message
                .as_ref()
                .and_then(|message| message.model.as_deref()),
            entrypoint: record.entrypoint.as_deref(),
            title: record
                .title
                .as_ref()
                .map(|title| (title.kind, &*title.text)),
            prompt: prompt.filter(|_| is_prompt).map(|block| &*block.text),
            worktree_of: record.worktree_of.as_deref(),
            entries: u64::try_from(entries).unwrap_or(u64::MAX),
            prompts: u64::from(is_prompt),
        }
    }

    /// Returns the facts of a row that the session already had.
    #[must_use]
    pub fn uncounted(self) -> Self {
        Self {
            entries: 0,
            prompts: 0,
            ..self
        }
    }
}

/// What a change says of a source. A field that is `None` says nothing; of what is said, the word with
/// the highest seq stands.
#[derive(Debug, Clone, Copy)]
pub struct SourceFacts {
    /// The source.
    pub source: SourceId,
    /// The session it belongs to, once that is known.
    pub session: Option<SessionOrdinal>,
    /// The config root it is in.
    pub root: RootId,
    /// What it is.
    pub kind: SourceKind,
    /// The archive's position of the change.
    pub at: Seq,
    /// Its length on disk.
    pub bytes: Option<u64>,
    /// Since when the file is gone; `Some(None)` says that it is there.
    pub gone_since: Option<Option<Timestamp>>,
    /// Whether rows that were once in the file are not in its newest generation.
    pub is_cut: Option<bool>,
    /// A source whose file has the name of this one in another folder, and holds all that this one had.
    pub within: Option<SourceId>,
}

/// What identifies an API message: lines, forks and branches repeat it.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub struct MessageKey(pub u64);

impl MessageKey {
    /// Returns the key of (`message.id`, `requestId`): FNV-1a over both, a zero byte between them.
    pub fn of(message: &str, request: Option<&str>) -> Self {
        let request = request.unwrap_or_default().bytes();
        Self(fnv1a(message.bytes().chain([0]).chain(request)))
    }
}

/// Returns the 64-bit FNV-1a hash of `bytes` (draft-eastlake-fnv): stable for ever, unlike the hashers
/// of maps.
pub(crate) fn fnv1a(bytes: impl Iterator<Item = u8>) -> u64 {
    bytes.fold(0xcbf2_9ce4_8422_2325, |hash, byte| {
        (hash ^ u64::from(byte)).wrapping_mul(0x0100_0000_01b3)
    })
}

/// Tokens that a line of an API message reports.
#[derive(Debug, Clone, Copy)]
pub struct TokenUse<'a> {
    /// The message.
    pub message: MessageKey,
    /// The session whose row reports it.
    pub session: SessionOrdinal,
    /// Whether the row says that it was copied from another session.
    pub is_copy: bool,
    /// The archive's position of the row.
    pub at: Seq,
    /// The model.
    pub model: Option<&'a str>,
    /// The tokens, as this line says.
    pub usage: Usage,
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn message_keys_tell_message_and_request_apart() {
        let check = |message, request, expect| {
            assert_eq!(
                MessageKey::of(message, request).0 == MessageKey::of("ab", Some("c")).0,
                expect
            );
        };
        check("ab", Some("c"), true);
        check("a", Some("bc"), false);
        check("abc", None, false);
        assert_eq!(fnv1a(b"foobar".iter().copied()), 0x8594_4171_f739_67e8);
    }
}

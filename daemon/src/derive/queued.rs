//! Notes of prompts that were typed while the model worked: searched until the same prompt comes as the row
//! that was sent, which is the one that a conversation shows.

use sessions_index::Document;
use sessions_model::{EntryKind, Record, RecordKind, SourceId};
use sessions_transcript::record_key;

use super::DeriveError;
use super::apply::Applier;

impl Applier<'_> {
    /// Adds the document of a prompt's note, or takes that away when the prompt comes; tells whether
    /// `document` was such a note.
    pub(super) fn queued(
        &mut self,
        source: SourceId,
        record: &Record<'_>,
        document: &Document<'_>,
    ) -> Result<bool, DeriveError> {
        let is_said = matches!(
            document.kind,
            EntryKind::Prompt | EntryKind::Command | EntryKind::System
        );
        if !is_said {
            return Ok(false);
        }
        let key = record_key(document.text.trim().as_bytes());
        let name = format!("queued:{:016x}", key.0);
        let is_note = record.kind == RecordKind::QueueOperation;
        if is_note {
            self.pair.catalog.remember_note(source, &name);
            if self.indexes {
                self.pair.index.replace(&name, document)?;
            }
        } else if self.pair.catalog.take_note(source, &name)? && self.indexes {
            self.pair.index.remove(document.session, &name);
        }
        Ok(is_note)
    }
}

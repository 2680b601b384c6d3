//! Names that the user gave a session: rows of its transcript say them, and so does a file beside it, which the
//! client reads where the end of the transcript says none. Such a name is found once.

use sessions_archive::SourceState;
use sessions_index::Document;
use sessions_model::{Record, SourceKind, TitleKind};
use sessions_transcript::record_key;

use super::DeriveError;
use super::apply::Applier;

impl Applier<'_> {
    /// Adds the document of a name's file where no row has said the name, or takes that away when the row
    /// comes; tells whether `document` was such a file's.
    pub(super) fn titled(
        &mut self,
        source: &SourceState,
        record: &Record<'_>,
        document: &Document<'_>,
    ) -> Result<bool, DeriveError> {
        let title = record.title.as_ref();
        if title.is_none_or(|title| title.kind != TitleKind::Custom) {
            return Ok(false);
        }
        let name = format!("title:{}", document.text.trim());
        let key = record_key(name.as_bytes());
        let name = format!("title:{:016x}", key.0);
        let is_new = self.pair.catalog.admit(document.session, key)?;
        let is_file = source.origin.kind == SourceKind::Sidecar;
        match (is_file, is_new) {
            _ if !self.indexes => {}
            (true, true) => self.pair.index.replace(&name, document)?,
            (false, false) => self.pair.index.remove(document.session, &name),
            _ => {}
        }
        Ok(is_file)
    }
}

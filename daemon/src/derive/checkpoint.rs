//! What is said of checkpoints, into the catalog, and their names and notes into the index.

use sessions_catalog::CheckpointWord;
use sessions_index::Document;
use sessions_model::{ByteOffset, CheckpointId, EntryKind, GenerationId, GitState};
use sessions_transcript::record_key;

use super::DeriveError;
use super::apply::Applier;
use crate::annotation::Said;

impl Applier<'_> {
    /// Takes in what the operation `number` says of a checkpoint.
    pub(super) fn checkpoint(
        &mut self,
        number: u64,
        (id, said): (CheckpointId, Said),
    ) -> Result<(), DeriveError> {
        let key = format!("checkpoint:{id}");
        let word = match said {
            Said::Made(made) => {
                let text = format!("{}\n{}", made.name, made.note);
                let document = Document {
                    session: self.pair.catalog.ordinal(&made.session)?,
                    // It stands in no file: whoever looks it up finds it by the operation.
                    generation: GenerationId(0),
                    offset: ByteOffset(number),
                    block: 0,
                    key: record_key(&id.0),
                    kind: EntryKind::Checkpoint,
                    tool: None,
                    model: None,
                    branch: None,
                    files: &[],
                    time: Some(made.at),
                    is_subagent: false,
                    is_error: false,
                    has_image: false,
                    is_cut: false,
                    is_echo: false,
                    text: &text,
                };
                if self.indexes {
                    self.pair.index.replace(&key, &document)?;
                }
                CheckpointWord::Made {
                    name: made.name,
                    note: made.note,
                    session: made.session,
                    at: made.at,
                    cwd: made.cwd,
                    operation: number,
                }
            }
            Said::Placed(place) => CheckpointWord::Placed(place),
            Said::Git(state) => CheckpointWord::Git {
                state: GitState {
                    diff: Vec::new(),
                    ..state
                },
                operation: number,
            },
            Said::Gone { session } => {
                let session = self.pair.catalog.ordinal(&session)?;
                if self.indexes {
                    self.pair.index.remove(session, &key);
                }
                CheckpointWord::Gone
            }
        };
        self.pair.catalog.checkpoint(id, word);
        Ok(())
    }
}

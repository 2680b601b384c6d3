//! Answers that come piece by piece.
//!
//! Each stream is pulled with `next`; dropping it cancels the call.

use sessions_model::{Coverage, Entry, Progress};
use sessions_proto as wire;
use tonic::Streaming;

use crate::calls::Verification;
use crate::{ClientError, convert};

/// The longest text of one entry that is put together from its pieces, in bytes.
const ENTRY_BYTES_MAX: usize = 256 << 20;

async fn message<T>(stream: &mut Streaming<T>) -> Result<Option<T>, ClientError> {
    stream
        .message()
        .await
        .map_err(|status| ClientError::from_status(&status))
}

/// The entries of a session, in order.
#[derive(Debug)]
pub struct Entries {
    stream: Streaming<wire::ReadResponse>,
    batch: std::vec::IntoIter<wire::Entry>,
    losses: Vec<String>,
}

impl Entries {
    pub(crate) fn new(stream: Streaming<wire::ReadResponse>) -> Self {
        Self {
            stream,
            batch: Vec::new().into_iter(),
            losses: Vec::new(),
        }
    }

    /// Returns what of the session does not read back, for a person; known after the last entry.
    pub fn losses(&self) -> &[String] {
        &self.losses
    }

    /// Returns the next entry, whole however many messages it came in; none after the last.
    pub async fn next(&mut self) -> Result<Option<Entry>, ClientError> {
        let Some(mut whole) = self.next_piece().await? else {
            return Ok(None);
        };
        while whole.continues {
            let piece = self.next_piece().await?;
            let Some(piece) = piece.filter(|piece| piece.id == whole.id) else {
                return Err(ClientError::Malformed {
                    what: "an entry without its end",
                });
            };
            if whole.text.len() + piece.text.len() > ENTRY_BYTES_MAX {
                return Err(ClientError::Malformed {
                    what: "an entry that is longer than 256 MiB",
                });
            }
            whole.text.push_str(&piece.text);
            whole.continues = piece.continues;
        }
        convert::entry(whole).map(Some)
    }

    async fn next_piece(&mut self) -> Result<Option<wire::Entry>, ClientError> {
        loop {
            if let Some(entry) = self.batch.next() {
                return Ok(Some(entry));
            }
            match message(&mut self.stream).await? {
                Some(response) => {
                    self.batch = response.entries.into_iter();
                    self.losses.extend(response.losses);
                }
                None => return Ok(None),
            }
        }
    }
}

/// The archived bytes of a source, in order.
#[derive(Debug)]
pub struct Bytes {
    stream: Streaming<wire::BytesResponse>,
    losses: Vec<String>,
    hasher: blake3::Hasher,
    is_checked: bool,
}

impl Bytes {
    pub(crate) fn new(stream: Streaming<wire::BytesResponse>) -> Self {
        Self {
            stream,
            losses: Vec::new(),
            hasher: blake3::Hasher::new(),
            is_checked: false,
        }
    }

    /// Returns the next run of bytes that reads back; none after the last.
    ///
    /// # Errors
    /// Also when what came is not what was sent: the last message carries the hash of all.
    pub async fn next(&mut self) -> Result<Option<Vec<u8>>, ClientError> {
        while let Some(response) = message(&mut self.stream).await? {
            if !response.blake3.is_empty() {
                self.is_checked = self.hasher.finalize().to_hex().as_str() == response.blake3;
            } else if response.loss.is_empty() {
                self.hasher.update(&response.data);
                return Ok(Some(response.data));
            } else {
                self.losses.push(response.loss);
            }
        }
        if self.is_checked {
            Ok(None)
        } else {
            Err(ClientError::Malformed {
                what: "a file that does not match its hash",
            })
        }
    }

    /// Returns what was left out because it does not read back, for a person; known after the last run.
    pub fn losses(&self) -> &[String] {
        &self.losses
    }
}

/// What changed in the daemon.
#[derive(Debug, Clone, PartialEq, Eq, Default)]
pub struct WatchUpdate {
    /// How far archive and index are.
    pub coverage: Coverage,
    /// The import that is going on.
    pub progress: Option<Progress>,
}

/// The archive's position and the import's progress, as they change.
#[derive(Debug)]
pub struct Updates {
    pub(crate) stream: Streaming<wire::WatchResponse>,
}

impl Updates {
    /// Waits for the next change; none when the daemon ends.
    pub async fn next(&mut self) -> Result<Option<WatchUpdate>, ClientError> {
        let response = message(&mut self.stream).await?;
        Ok(response.map(|response| WatchUpdate {
            coverage: response.coverage.map(convert::coverage).unwrap_or_default(),
            progress: response.progress.map(convert::progress),
        }))
    }
}

/// How far a verification is.
#[derive(Debug)]
pub struct Verifications {
    pub(crate) stream: Streaming<wire::VerifyResponse>,
}

impl Verifications {
    /// Waits for the next report; none after the last.
    pub async fn next(&mut self) -> Result<Option<Verification>, ClientError> {
        let response = message(&mut self.stream).await?;
        Ok(response.map(|response| Verification {
            bytes_checked: response.bytes_checked,
            bytes_total: response.bytes_total,
            is_done: response.is_done,
            losses: response.losses,
            mended: response.mended,
            known: response.known,
            structure: response.structure,
        }))
    }
}

/// One piece of a backup.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct BackupChunk {
    /// The next bytes.
    pub data: Vec<u8>,
    /// Bytes of the whole copy.
    pub bytes_total: u64,
    /// Sources in it; known with the last piece.
    pub sources: u64,
    /// The BLAKE3 of the whole copy in hex; empty before the last piece.
    pub blake3: String,
    /// What of the archive is damaged, and lost in the copy too; known with the last piece.
    pub losses: Vec<String>,
    /// What was known to be lost; known with the last piece.
    pub known: Vec<String>,
}

/// A verified copy of the archive, piece by piece.
#[derive(Debug)]
pub struct Backups {
    pub(crate) stream: Streaming<wire::BackupResponse>,
}

impl Backups {
    /// Returns the next piece; none after the last.
    pub async fn next(&mut self) -> Result<Option<BackupChunk>, ClientError> {
        let response = message(&mut self.stream).await?;
        Ok(response.map(|response| BackupChunk {
            data: response.data,
            bytes_total: response.bytes_total,
            sources: response.sources,
            blake3: response.blake3,
            losses: response.losses,
            known: response.known,
        }))
    }
}

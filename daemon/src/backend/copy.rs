//! Archived bytes on their way out: a source, or the whole archive.

use std::fs;
use std::io::Read;
use std::path::Path;

use sessions_archive::{
    ArchiveError, ArchiveReader, BackupReceipt, ErrorKind, GenerationRow, Loss, Stretch,
};
use sessions_model::{ByteOffset, GenerationId, SourceId};

use super::{Backend, Refusal};
use crate::causes::chain;

/// Bytes in one message.
const PIECE_BYTES: u64 = 1 << 20;

/// A piece of a backup.
#[derive(Debug)]
pub(crate) struct BackupPiece {
    /// The next bytes; empty in the last piece.
    pub(crate) data: Vec<u8>,
    /// The length of the whole copy.
    pub(crate) bytes_total: u64,
    /// In the last piece: the sources it holds.
    pub(crate) sources: u64,
    /// In the last piece: the BLAKE3 of all bytes, in hex.
    pub(crate) blake3: String,
    /// In the last piece: what of the archive is damaged, and not in the copy either, for a person.
    pub(crate) losses: Vec<String>,
    /// In the last piece: what was known to be lost.
    pub(crate) known: Vec<String>,
}

/// A piece of a source.
#[derive(Debug)]
pub(crate) enum SourcePiece {
    /// The next bytes that read back.
    Bytes(Vec<u8>),
    /// Bytes that do not, for a person.
    Lost(String),
}

impl Backend {
    /// Sends the bytes of a generation of `source`, the newest with bytes unless one is named, and says
    /// what of it is lost. `send` returns false once nobody listens.
    pub(crate) fn stream_bytes(
        &self,
        source: SourceId,
        generation: Option<GenerationId>,
        send: impl Fn(Result<SourcePiece, Refusal>) -> bool + Send + 'static,
    ) -> Result<(), Refusal> {
        let reader = self.archive_reader()?;
        let rows = reader.generations(source).map_err(|error| failed(&error))?;
        let row = choose(&rows, generation)
            .ok_or_else(|| Refusal::NotFound(format!("source {source} has no such generation")))?;
        let (generation, length) = (row.id, row.length);
        let suspicion = self.suspicion.clone();
        blocking(move || {
            let lost = send_bytes(&reader, generation, length, &send);
            suspicion.raise_for(&lost, &reader);
        });
        Ok(())
    }

    /// Sends a copy of the archive that was read back, and says what of it is lost.
    pub(crate) fn backup(
        &self,
        send: impl Fn(Result<BackupPiece, Refusal>) -> bool + Send + 'static,
    ) -> Result<(), Refusal> {
        let now = self.clock.now();
        let file = self
            .facts
            .paths
            .data
            .join(format!("backup-{}.db", now.millis()));
        let reader = self.archive_reader()?;
        let suspicion = self.suspicion.clone();
        blocking(move || {
            match reader.backup(&file, now) {
                Ok(receipt) => {
                    suspicion.raise_for(&receipt.losses, &reader);
                    send_file(&file, &receipt, &reader, &send);
                }
                Err(error) => {
                    if error.kind() == ErrorKind::Corrupt {
                        suspicion.raise();
                    }
                    send(Err(match error.kind() {
                        ErrorKind::DiskFull => Refusal::Failed(format!(
                            "{}; a copy needs as much free space there as the archive takes",
                            chain(&error)
                        )),
                        _ => failed(&error),
                    }));
                    return;
                }
            }
            if let Err(error) = fs::remove_file(&file) {
                tracing::warn!(%error, "a temporary backup could not be removed");
            }
        });
        Ok(())
    }
}

/// Runs `work` on a blocking thread; it ends by itself, since every send fails once the call that it
/// answers is gone.
pub(crate) fn blocking(work: impl FnOnce() + Send + 'static) {
    drop(tokio::task::spawn_blocking(work));
}

fn choose(rows: &[GenerationRow], wanted: Option<GenerationId>) -> Option<&GenerationRow> {
    match wanted {
        Some(wanted) => rows.iter().find(|row| row.id == wanted),
        None => rows.iter().rev().find(|row| row.is_current),
    }
}

/// Returns what did not read back.
fn send_bytes(
    reader: &ArchiveReader,
    generation: GenerationId,
    length: ByteOffset,
    send: &impl Fn(Result<SourcePiece, Refusal>) -> bool,
) -> Vec<Loss> {
    let mut losses: Vec<Loss> = Vec::new();
    let mut start = 0;
    while start < length.0 {
        let end = (start + PIECE_BYTES).min(length.0);
        let stretches = match reader.stretches(generation, ByteOffset(start)..ByteOffset(end)) {
            Ok(stretches) => stretches,
            Err(error) => {
                send(Err(failed(&error)));
                return losses;
            }
        };
        for stretch in stretches {
            let piece = match stretch {
                Stretch::Sound { bytes, .. } => SourcePiece::Bytes(bytes),
                Stretch::Lost(loss) => {
                    losses.push(loss);
                    SourcePiece::Lost(describe(&loss, reader))
                }
            };
            if !send(Ok(piece)) {
                return losses;
            }
        }
        start = end;
    }
    losses
}

fn send_file(
    file: &Path,
    receipt: &BackupReceipt,
    reader: &ArchiveReader,
    send: &impl Fn(Result<BackupPiece, Refusal>) -> bool,
) {
    let told = read_file(file, |data, bytes_total| {
        send(Ok(BackupPiece {
            data,
            bytes_total,
            sources: 0,
            blake3: String::new(),
            losses: Vec::new(),
            known: Vec::new(),
        }))
    });
    match told {
        Ok(Some((bytes_total, blake3))) => {
            let all = reader.known_losses().unwrap_or_default();
            let is_known = |loss: &&Loss| all.iter().any(|known| known.covers(loss));
            let (known, new): (Vec<_>, Vec<_>) = receipt.losses.iter().partition(is_known);
            let lines =
                |losses: Vec<&Loss>| losses.iter().map(|loss| describe(loss, reader)).collect();
            send(Ok(BackupPiece {
                data: Vec::new(),
                bytes_total,
                sources: receipt.sources,
                blake3,
                losses: lines(new),
                known: lines(known),
            }));
        }
        Ok(None) => {}
        Err(error) => {
            send(Err(Refusal::Failed(chain(&error))));
        }
    }
}

/// Hands over a file piece by piece; returns its length and hash, or nothing if nobody wants more.
fn read_file(
    file: &Path,
    mut take: impl FnMut(Vec<u8>, u64) -> bool,
) -> std::io::Result<Option<(u64, String)>> {
    let mut file = fs::File::open(file)?;
    let bytes_total = file.metadata()?.len();
    let mut hasher = blake3::Hasher::new();
    loop {
        let mut data = Vec::new();
        Read::by_ref(&mut file)
            .take(PIECE_BYTES)
            .read_to_end(&mut data)?;
        if data.is_empty() {
            return Ok(Some((bytes_total, hasher.finalize().to_hex().to_string())));
        }
        hasher.update(&data);
        if !take(data, bytes_total) {
            return Ok(None);
        }
    }
}

/// Says what is lost, for a person.
pub(super) fn describe(loss: &Loss, reader: &ArchiveReader) -> String {
    let Loss {
        source,
        generation,
        start,
        end,
        damage,
    } = loss;
    let path = match reader.source(*source) {
        Ok(Some(state)) => state.origin.path,
        _ => format!("source {source}"),
    };
    format!("{path}, generation {generation}: bytes {start} to {end} ({damage})")
}

pub(super) fn failed(error: &ArchiveError) -> Refusal {
    Refusal::Failed(chain(error))
}

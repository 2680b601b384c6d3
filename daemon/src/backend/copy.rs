//! Archived bytes on their way out: a source, the whole archive, and proof that it can be read.

use std::fs;
use std::io::Read;
use std::ops::ControlFlow;
use std::path::Path;

use sessions_archive::{ArchiveError, ArchiveReader, Damage, ErrorKind, GenerationRow, Loss};
use sessions_model::{ByteOffset, GenerationId, SourceId};

use super::{Backend, Refusal};
use crate::causes::chain;
use crate::salvage;

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
    pub blake3: String,
}

/// How far a verification is.
#[derive(Debug)]
pub(crate) struct VerifyStep {
    /// Bytes read back.
    pub(crate) bytes_checked: u64,
    /// Bytes there are.
    pub(crate) bytes_total: u64,
    /// Whether this is the last step.
    pub(crate) is_done: bool,
    /// In the last step: what is lost.
    pub(crate) losses: Vec<String>,
}

impl Backend {
    /// Sends the bytes of a generation of `source`, the newest with bytes unless one is named. `send`
    /// returns false once nobody listens.
    pub(crate) fn stream_bytes(
        &self,
        source: SourceId,
        generation: Option<GenerationId>,
        send: impl Fn(Result<Vec<u8>, Refusal>) -> bool + Send + 'static,
    ) -> Result<(), Refusal> {
        let reader = self.archive_reader()?;
        let rows = reader.generations(source).map_err(|error| failed(&error))?;
        let row = choose(&rows, generation)
            .ok_or_else(|| Refusal::NotFound(format!("source {source} has no such generation")))?;
        let (generation, length) = (row.id, row.length);
        blocking(move || send_bytes(&reader, generation, length, &send));
        Ok(())
    }

    /// Reads the whole archive back, telling how far it is.
    pub(crate) fn verify(
        &self,
        send: impl Fn(Result<VerifyStep, Refusal>) -> bool + Send + 'static,
    ) -> Result<(), Refusal> {
        let reader = self.archive_reader()?;
        let dir = self.facts.paths.archive_dir();
        blocking(move || {
            let mut last = (0, 0);
            let mut tell = |bytes_checked, bytes_total| {
                last = (bytes_checked, bytes_total);
                let step = VerifyStep {
                    bytes_checked,
                    bytes_total,
                    is_done: false,
                    losses: Vec::new(),
                };
                if send(Ok(step)) {
                    ControlFlow::Continue(())
                } else {
                    ControlFlow::Break(())
                }
            };
            let found = find_damage(&reader, &mut tell);
            if found.as_ref().is_ok_and(|found| found.is_mendable)
                && let Err(error) = salvage::want(&dir)
            {
                tracing::error!(%error, "no salvage could be asked for");
            }
            send(
                found
                    .map_err(|error| failed(&error))
                    .map(|found| VerifyStep {
                        bytes_checked: last.0,
                        bytes_total: last.1,
                        is_done: true,
                        losses: found.lines,
                    }),
            );
        });
        Ok(())
    }

    /// Sends a verified copy of the archive.
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
        blocking(move || {
            match reader.backup(&file).and_then(|_| reader.usage(now)) {
                Ok(usage) => send_file(&file, usage.sources, &send),
                Err(error) => {
                    send(Err(failed(&error)));
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

/// What a verification found.
struct Found {
    /// What is wrong, for a person.
    lines: Vec<String>,
    /// Whether a salvage has something to do: what is merely missing is lost already.
    is_mendable: bool,
}

fn find_damage(
    reader: &ArchiveReader,
    tell: &mut dyn FnMut(u64, u64) -> ControlFlow<()>,
) -> Result<Found, ArchiveError> {
    let mut lines = reader.check_structure()?;
    let is_broken = !lines.is_empty();
    let losses = match reader.verify(tell) {
        // What the structure says of it is known.
        Err(error) if is_broken && error.kind() == ErrorKind::Corrupt => Vec::new(),
        verified => verified?,
    };
    let is_damaged = losses.iter().any(|loss| loss.damage != Damage::Missing);
    lines.extend(losses.iter().map(describe));
    Ok(Found {
        lines,
        is_mendable: is_broken || is_damaged,
    })
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

fn send_bytes(
    reader: &ArchiveReader,
    generation: GenerationId,
    length: ByteOffset,
    send: &impl Fn(Result<Vec<u8>, Refusal>) -> bool,
) {
    let mut start = 0;
    while start < length.0 {
        let end = (start + PIECE_BYTES).min(length.0);
        let bytes = reader
            .bytes(generation, ByteOffset(start)..ByteOffset(end))
            .map_err(|error| failed(&error));
        let is_last = bytes.is_err();
        if !send(bytes) || is_last {
            return;
        }
        start = end;
    }
}

fn send_file(file: &Path, sources: u64, send: &impl Fn(Result<BackupPiece, Refusal>) -> bool) {
    let told = read_file(file, |data, bytes_total| {
        send(Ok(BackupPiece {
            data,
            bytes_total,
            sources: 0,
            blake3: String::new(),
        }))
    });
    match told {
        Ok(Some((bytes_total, blake3))) => {
            send(Ok(BackupPiece {
                data: Vec::new(),
                bytes_total,
                sources,
                blake3,
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

fn describe(loss: &Loss) -> String {
    let Loss {
        source,
        generation,
        start,
        end,
        damage,
    } = loss;
    format!("source {source}, generation {generation}: bytes {start} to {end} are lost ({damage})")
}

fn failed(error: &ArchiveError) -> Refusal {
    Refusal::Failed(chain(error))
}

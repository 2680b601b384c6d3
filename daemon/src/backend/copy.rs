//! Archived bytes on their way out: a source, or the whole archive.

use std::fs;
use std::io::{self, Read};
use std::ops::Range;
use std::path::Path;

use sessions_archive::{
    ArchiveError, ArchiveReader, BackupReceipt, ErrorKind, GenerationRow, Loss, Stretch,
};
use sessions_model::{ByteOffset, GenerationId, SourceId};

use super::limits::Share;
use super::{Backend, Lent, Refusal};
use crate::causes::chain;
use crate::suspicion::Suspicion;

/// Bytes in one message.
const PIECE_BYTES: u64 = 1 << 20;

/// A piece of a backup.
#[derive(Debug, Default)]
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

/// A generation's bytes on their way out, some at a time: who is slow to take them holds no thread.
#[derive(Debug)]
pub(crate) struct SourceBytes {
    reader: Lent,
    generation: GenerationId,
    left: Range<u64>,
    suspicion: Suspicion,
}

/// A copy of the archive on its way out, whose file has no name any more.
#[derive(Debug)]
pub(crate) struct ArchiveCopy {
    file: fs::File,
    hasher: blake3::Hasher,
    /// What is said when all bytes are out.
    last: Option<BackupPiece>,
    bytes_total: u64,
    _turn: Share,
}

impl Backend {
    /// Returns the bytes of a generation of `source`, the newest with bytes unless one is named.
    pub(crate) async fn bytes(
        &self,
        source: SourceId,
        generation: Option<GenerationId>,
    ) -> Result<SourceBytes, Refusal> {
        let suspicion = self.suspicion.clone();
        let opened = self.on_archive(move |reader| {
            let rows = reader.generations(source).map_err(|error| failed(&error))?;
            let row = choose(&rows, generation).ok_or_else(|| {
                Refusal::NotFound(format!("source {source} has no such generation"))
            })?;
            Ok(SourceBytes {
                generation: row.id,
                left: 0..row.length.0,
                reader,
                suspicion,
            })
        });
        opened.await?
    }

    /// Returns the config roots that something is archived of.
    pub(crate) async fn archived_roots(&self) -> Result<Vec<String>, Refusal> {
        let roots = self.on_archive(|reader| reader.roots()).await?;
        let roots = roots.map_err(|error| failed(&error))?.into_iter();
        let held = roots.filter(|root| root.sources > 0);
        Ok(held.map(|root| root.path).collect())
    }

    /// Returns a copy of the archive that was read back; it is not made once nobody hears of it.
    pub(crate) async fn backup(
        &self,
        is_heard: impl Fn() -> bool + Send + Sync + 'static,
    ) -> Result<ArchiveCopy, Refusal> {
        let turn = self.limits.whole().await.ok_or(Refusal::Stopping)?;
        let now = self.clock.now();
        let name = format!("backup-{}.db", now.millis());
        let path = self.facts.paths.data.join(name);
        let is_wanted = self.wanted_while(is_heard);
        let suspicion = self.suspicion.clone();
        let copied = self.on_archive(move |reader| {
            let reader = reader.reopen()?.while_wanted(is_wanted)?;
            let made = reader.backup(&path, now);
            match &made {
                Ok(receipt) => suspicion.raise_for(&receipt.losses, &reader),
                Err(error) if error.kind() == ErrorKind::Corrupt => suspicion.raise(),
                Err(_) => {}
            }
            made.map(|receipt| ArchiveCopy::open(&path, (&receipt, &reader), turn))
        });
        match copied.await? {
            Ok(opened) => opened.map_err(|error| Refusal::Failed(chain(&error))),
            Err(error) if error.kind() == ErrorKind::DiskFull => Err(Refusal::Failed(format!(
                "{}; a copy needs as much free space there as the archive takes",
                chain(&error)
            ))),
            Err(error) => Err(self.broken_off(&error)),
        }
    }
}

impl SourceBytes {
    /// Reads on, off the runtime; what comes is empty at the end.
    pub(crate) async fn next(mut self) -> Result<(Self, Vec<SourcePiece>), Refusal> {
        let read = tokio::task::spawn_blocking(move || self.read().map(|pieces| (self, pieces)));
        let read = read.await.map_err(|_| Refusal::Stopping)?;
        read.map_err(|error| failed(&error))
    }

    fn read(&mut self) -> Result<Vec<SourcePiece>, ArchiveError> {
        let start = self.left.start;
        let end = self.left.end.min(start + PIECE_BYTES);
        let range = ByteOffset(start)..ByteOffset(end);
        let stretches = self.reader.stretches(self.generation, range)?;
        self.left.start = end;
        let mut losses = Vec::new();
        let mut piece = |stretch| match stretch {
            Stretch::Sound { bytes, .. } => SourcePiece::Bytes(bytes),
            Stretch::Lost(loss) => {
                losses.push(loss);
                SourcePiece::Lost(describe(&loss, &self.reader))
            }
        };
        let pieces = stretches.into_iter().map(&mut piece).collect();
        self.suspicion.raise_for(&losses, &self.reader);
        Ok(pieces)
    }
}

impl ArchiveCopy {
    /// Opens a copy that was made, and takes its name away: when the daemon is killed, nothing stays.
    fn open(
        path: &Path,
        (receipt, reader): (&BackupReceipt, &ArchiveReader),
        turn: Share,
    ) -> io::Result<Self> {
        let file = fs::File::open(path)?;
        fs::remove_file(path)?;
        let all = reader.known_losses().unwrap_or_default();
        let is_known = |loss: &&Loss| all.iter().any(|known| known.covers(loss));
        let (known, new): (Vec<_>, Vec<_>) = receipt.losses.iter().partition(is_known);
        let lines = |losses: Vec<&Loss>| losses.iter().map(|loss| describe(loss, reader)).collect();
        let bytes_total = file.metadata()?.len();
        let last = BackupPiece {
            bytes_total,
            sources: receipt.sources,
            losses: lines(new),
            known: lines(known),
            ..BackupPiece::default()
        };
        Ok(Self {
            file,
            hasher: blake3::Hasher::new(),
            last: Some(last),
            bytes_total,
            _turn: turn,
        })
    }

    /// Reads on, off the runtime; there is nothing after the last piece.
    pub(crate) async fn next(mut self) -> Result<Option<(Self, BackupPiece)>, Refusal> {
        let read = tokio::task::spawn_blocking(move || {
            let piece = self.read()?;
            Ok(piece.map(|piece| (self, piece)))
        });
        let read = read.await.map_err(|_| Refusal::Stopping)?;
        read.map_err(|error: io::Error| Refusal::Failed(chain(&error)))
    }

    fn read(&mut self) -> io::Result<Option<BackupPiece>> {
        let mut data = Vec::new();
        Read::by_ref(&mut self.file)
            .take(PIECE_BYTES)
            .read_to_end(&mut data)?;
        if data.is_empty() {
            return Ok(self.last.take().map(|last| BackupPiece {
                blake3: self.hasher.finalize().to_hex().to_string(),
                ..last
            }));
        }
        self.hasher.update(&data);
        Ok(Some(BackupPiece {
            data,
            bytes_total: self.bytes_total,
            ..BackupPiece::default()
        }))
    }
}

fn choose(rows: &[GenerationRow], wanted: Option<GenerationId>) -> Option<&GenerationRow> {
    match wanted {
        Some(wanted) => rows.iter().find(|row| row.id == wanted),
        None => rows.iter().rev().find(|row| row.is_current),
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
    let newest = reader
        .generations(*source)
        .ok()
        .and_then(|mut all| all.pop());
    let again = newest.filter(|newest| newest.id != *generation && newest.length >= *end);
    let again = again.map(|newest| format!("; the file was read again: generation {}", newest.id));
    let again = again.unwrap_or_default();
    format!("{path}, generation {generation}: bytes {start} to {end} ({damage}){again}")
}

pub(super) fn failed(error: &ArchiveError) -> Refusal {
    Refusal::Failed(chain(error))
}

//! Archives every file below a folder, folds, reads everything back, and prints how fast each went and
//! what it takes on disk: `cargo run --release --example throughput -- FOLDER [ARCHIVE]`. Rates are per
//! second of processor time where the system tells it, so that a busy machine does not spoil them.

use std::fs;
use std::io::{self, Write};
use std::path::{Path, PathBuf};
use std::time::{Duration, Instant};

use sessions_archive::{
    Archive, ArchiveError, Cursor, FileStamp, Fingerprint, Lane, READ_BYTES_MAX,
};
use sessions_model::{ByteOffset, Origin, SourceKind, Timestamp};

const NOW: Timestamp = Timestamp(1_780_000_000_000);
/// Raw bytes per transaction, as the daemon groups them.
const GROUP_BYTES: usize = 8 * 1024 * 1024;

fn main() -> Result<(), Box<dyn std::error::Error>> {
    let folder = std::env::args_os()
        .nth(1)
        .ok_or("usage: throughput FOLDER")?;
    let mut files = Vec::new();
    list(Path::new(&folder), &mut files)?;
    files.sort();
    let contents: Vec<Vec<u8>> = files.iter().map(fs::read).collect::<Result<_, _>>()?;
    let raw: usize = contents.iter().map(Vec::len).sum();
    let home = tempfile::tempdir()?;
    let kept = std::env::args_os().nth(2).map(PathBuf::from);
    let mut archive = Archive::open(kept.as_deref().unwrap_or(home.path()), NOW)?;

    let begun = Clock::start();
    append_all(&mut archive, &files, &contents)?;
    archive.rest()?;
    report("append", raw, begun.elapsed())?;
    size("appended", &archive, raw)?;

    let begun = Clock::start();
    read_all(&archive, &contents)?;
    report("read", raw, begun.elapsed())?;

    let begun = Clock::start();
    for source in archive.sources()? {
        let Some(cursor) = source.cursor else {
            continue;
        };
        while !archive.fold(cursor.generation)?.is_done {}
    }
    archive.rest()?;
    report("fold", raw, begun.elapsed())?;
    size("folded", &archive, raw)?;
    read_all(&archive, &contents)?;
    Ok(())
}

fn list(folder: &Path, files: &mut Vec<PathBuf>) -> io::Result<()> {
    for entry in fs::read_dir(folder)? {
        let entry = entry?;
        if entry.file_type()?.is_dir() {
            list(&entry.path(), files)?;
        } else {
            files.push(entry.path());
        }
    }
    Ok(())
}

fn append_all(
    archive: &mut Archive,
    files: &[PathBuf],
    contents: &[Vec<u8>],
) -> Result<(), ArchiveError> {
    let mut transaction = archive.begin(NOW)?;
    let root = transaction.root("/corpus")?;
    let mut grouped = 0;
    for (path, content) in files.iter().zip(contents) {
        let origin = Origin {
            path: path.display().to_string(),
            kind: SourceKind::Transcript,
            session: None,
            agent: None,
        };
        let source = transaction.source(root, &origin)?;
        let generation = transaction.open_generation(source, None, Lane::Backlog)?;
        let mut offset = ByteOffset(0);
        for part in content.chunks(GROUP_BYTES) {
            offset.0 += part.len() as u64;
            let cursor = Cursor {
                source,
                generation,
                offset,
                line_start: offset,
                fingerprint: Fingerprint {
                    head: [0; 32],
                    head_len: 0,
                    tail: [0; 32],
                    tail_len: 0,
                },
                stamp: FileStamp {
                    device: 0,
                    inode: 0,
                    size: offset.0,
                    modified_ns: 0,
                },
            };
            transaction.append(&cursor, part, Lane::Backlog)?;
            grouped += part.len();
            if grouped >= GROUP_BYTES {
                transaction.commit()?;
                transaction = archive.begin(NOW)?;
                grouped = 0;
            }
        }
    }
    transaction.commit().map(drop)
}

fn read_all(archive: &Archive, contents: &[Vec<u8>]) -> Result<(), Box<dyn std::error::Error>> {
    let reader = archive.reader()?;
    for (source, content) in archive.sources()?.iter().zip(contents) {
        let Some(cursor) = source.cursor else {
            continue;
        };
        let mut offset = 0;
        for part in content.chunks(usize::try_from(READ_BYTES_MAX)?) {
            let end = offset + part.len() as u64;
            let range = ByteOffset(offset)..ByteOffset(end);
            if reader.bytes(cursor.generation, range)? != part {
                return Err(format!("{} does not read back", source.origin.path).into());
            }
            offset = end;
        }
    }
    Ok(())
}

/// Processor time of this thread where it is known, else time on the wall.
struct Clock {
    wall: Instant,
    processor: Option<Duration>,
}

impl Clock {
    fn start() -> Self {
        Self {
            wall: Instant::now(),
            processor: processor_time(),
        }
    }

    fn elapsed(&self) -> Duration {
        match (self.processor, processor_time()) {
            (Some(before), Some(now)) => now.saturating_sub(before),
            _ => self.wall.elapsed(),
        }
    }
}

fn processor_time() -> Option<Duration> {
    let told = fs::read_to_string("/proc/thread-self/schedstat").ok()?;
    told.split_whitespace()
        .next()?
        .parse()
        .ok()
        .map(Duration::from_nanos)
}

#[expect(clippy::cast_precision_loss, reason = "figures for people")]
fn report(what: &str, raw: usize, took: Duration) -> io::Result<()> {
    let rate = raw as f64 / 1e6 / took.as_secs_f64();
    writeln!(
        io::stdout(),
        "{what:>8}: {rate:7.1} MB/s of {:.1} MB",
        raw as f64 / 1e6
    )
}

#[expect(clippy::cast_precision_loss, reason = "figures for people")]
fn size(what: &str, archive: &Archive, raw: usize) -> Result<(), Box<dyn std::error::Error>> {
    let bytes = archive.reader()?.usage(NOW)?.database_bytes;
    let share = 100.0 * bytes as f64 / raw as f64;
    writeln!(
        io::stdout(),
        "{what:>8}: {share:7.2} % on disk, {bytes} bytes"
    )?;
    Ok(())
}

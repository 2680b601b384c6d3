//! Measures indexing and searching over a folder of texts.
//!
//! `cargo run --release -p sessions-index --example measure -- <folder> [threads] [heap-bytes]`: each
//! file is a session, its documents stand between U+001E, and the first line of each is its kind.

use std::error::Error;
use std::fs;
use std::io::{self, Write as _};
use std::path::{Path, PathBuf};
use std::time::Instant;

use sessions_index::{Document, Expr, IndexWriter, Position, Scope, Snapshot, WriterBudget};
use sessions_model::{
    ArchiveId, ByteOffset, EntryKind, GenerationId, RecordKey, Seq, SessionOrdinal, Timestamp,
};

const DOCUMENT_SEPARATOR: char = '\u{1e}';
const ARCHIVE: ArchiveId = ArchiveId([1; 16]);
const RUNS: u32 = 51;

type Outcome<T> = Result<T, Box<dyn Error>>;

fn main() -> Outcome<()> {
    let mut arguments = std::env::args().skip(1);
    let folder = PathBuf::from(arguments.next().ok_or("name a folder of texts")?);
    let mut budget = WriterBudget::default();
    if let Some(threads) = arguments.next() {
        budget.threads = threads.parse()?;
    }
    if let Some(bytes) = arguments.next() {
        budget.heap_bytes = bytes.parse()?;
    }
    let sessions = paths(&folder)?;
    let dir = tempfile::tempdir()?;
    let mut out = io::stdout().lock();

    let (mut writer, _) = IndexWriter::open(dir.path(), budget, ARCHIVE)?;
    let (documents, bytes) = index(&mut writer, &sessions, &mut out)?;
    let reader = writer.reader()?;
    searches(&reader.snapshot()?, &mut out)?;
    small_commits(&mut writer, &mut out)?;
    writer.finish()?;
    let held = disk_bytes(dir.path())?;
    let snapshot = reader.reload()?;
    writeln!(
        out,
        "{documents} documents, {bytes} bytes of text, index {held} bytes ({:.1} %), {} segments",
        percent(held, bytes),
        snapshot.segments()
    )?;
    Ok(())
}

fn paths(folder: &Path) -> Outcome<Vec<PathBuf>> {
    let entries = fs::read_dir(folder)?.map(|entry| Ok(entry?.path()));
    let mut paths = entries.collect::<io::Result<Vec<_>>>()?;
    paths.sort();
    Ok(paths)
}

fn index(
    writer: &mut IndexWriter,
    sessions: &[PathBuf],
    out: &mut impl io::Write,
) -> Outcome<(u64, u64)> {
    let (mut documents, mut bytes) = (0, 0);
    let mut peak = 0;
    let (start, spent) = (Instant::now(), processor_seconds()?);
    for (session, path) in (0..).zip(sessions) {
        let text = fs::read_to_string(path)?;
        for (place, document) in (0..).zip(text.split(DOCUMENT_SEPARATOR)) {
            let (kind, text) = document.split_once('\n').unwrap_or(("answer", document));
            documents += 1;
            bytes += text.len() as u64;
            writer.add(&made(documents, (session, place), kind, text))?;
        }
        peak = peak.max(anonymous_kilobytes()?);
    }
    writer.commit(&at(1))?;
    let (seconds, spent) = (start.elapsed().as_secs_f64(), processor_seconds()? - spent);
    writeln!(
        out,
        "indexed in {seconds:.2} s, {:.1} MB/s of text; {:.1} MB per second of processor time; \
         anonymous memory at most {peak} kB",
        megabytes(bytes) / seconds,
        megabytes(bytes) / spent
    )?;
    Ok((documents, bytes))
}

fn made<'a>(number: u64, (session, place): (u64, u64), kind: &str, text: &'a str) -> Document<'a> {
    Document {
        session: SessionOrdinal(session),
        generation: GenerationId(session),
        offset: ByteOffset(place * 1_000),
        block: 0,
        key: RecordKey(number.wrapping_mul(0x9E37_79B9_7F4A_7C15)),
        kind: EntryKind::from_word(kind).unwrap_or(EntryKind::Unknown),
        tool: None,
        model: Some("claude-opus-4-5"),
        branch: Some("main"),
        files: &[],
        time: Some(Timestamp(
            1_700_000_000_000 + i64::try_from(number).unwrap_or(0) * 1_000,
        )),
        is_subagent: false,
        is_error: false,
        text,
    }
}

fn at(live: u64) -> Position {
    Position {
        archive: ARCHIVE,
        backlog: Seq(0),
        live: Seq(live),
    }
}

fn searches(snapshot: &Snapshot, out: &mut impl io::Write) -> Outcome<()> {
    let word = |word: &str| Expr::Word(word.to_owned());
    let cases = [
        ("common word", word("the")),
        ("less common", word("error")),
        ("no hit", word("zzyzxq")),
        ("two words", Expr::And(vec![word("file"), word("error")])),
        ("phrase", Expr::Phrase("in the".to_owned())),
        ("identifier", word("file_path")),
        ("prefix", Expr::Prefix("con".to_owned())),
        ("typo", Expr::Typo("functoin".to_owned())),
        ("everything", Expr::All),
        ("a kind", Expr::Kind(EntryKind::Prompt)),
        ("a model", Expr::Model("opus".to_owned())),
        (
            "since",
            Expr::Time {
                from: Some(Timestamp(1_700_000_100_000)),
                to: None,
            },
        ),
    ];
    let scope = Scope {
        now: Timestamp(1_701_000_000_000),
        ..Scope::default()
    };
    for (name, expr) in cases {
        let mut total = 0;
        let (median, best) = timed(|| {
            total = snapshot.search(&expr, &scope, 20)?.total;
            Ok(())
        })?;
        writeln!(
            out,
            "{name:<12} {total:>8} matches, median {median:>8.3} ms, best {best:>8.3}"
        )?;
    }
    Ok(())
}

fn small_commits(writer: &mut IndexWriter, out: &mut impl io::Write) -> Outcome<()> {
    let reader = writer.reader()?;
    let mut live = 1;
    let (median, best) = timed(|| {
        live += 1;
        writer.add(&made(
            live << 32,
            (0, live),
            "answer",
            "one more line of an answer",
        ))?;
        writer.commit(&at(live))?;
        reader.snapshot()?;
        Ok(())
    })?;
    writeln!(
        out,
        "small commit and reload: median {median:.3} ms, best {best:.3}"
    )?;
    Ok(())
}

/// The median and the least time in milliseconds: on a busy machine the second tells more.
fn timed(mut run: impl FnMut() -> Outcome<()>) -> Outcome<(f64, f64)> {
    let mut times = Vec::new();
    for _ in 0..RUNS {
        let start = Instant::now();
        run()?;
        times.push(start.elapsed().as_secs_f64() * 1e3);
    }
    times.sort_by(f64::total_cmp);
    let at = |place: usize| times.get(place).copied().unwrap_or_default();
    Ok((at(times.len() / 2), at(0)))
}

fn disk_bytes(dir: &Path) -> Outcome<u64> {
    let mut bytes = 0;
    for entry in fs::read_dir(dir)? {
        bytes += entry?.metadata()?.len();
    }
    Ok(bytes)
}

#[expect(clippy::cast_precision_loss, reason = "a rate is read to three digits")]
fn megabytes(bytes: u64) -> f64 {
    bytes as f64 / 1e6
}

#[expect(
    clippy::cast_precision_loss,
    reason = "a share is read to three digits"
)]
fn percent(part: u64, whole: u64) -> f64 {
    part as f64 * 100.0 / whole.max(1) as f64
}

/// Memory that no file stands behind, where the system says so; 0 elsewhere.
fn anonymous_kilobytes() -> Outcome<u64> {
    let status = fs::read_to_string("/proc/self/status").unwrap_or_default();
    let line = status
        .lines()
        .find_map(|line| line.strip_prefix("RssAnon:"));
    let number = line.and_then(|line| line.split_whitespace().next());
    Ok(number.map(str::parse).transpose()?.unwrap_or(0))
}

/// Processor time that the threads of this process have used, where the system says so.
fn processor_seconds() -> Outcome<f64> {
    const TICKS_PER_SECOND: f64 = 100.0;
    let stat = fs::read_to_string("/proc/self/stat").unwrap_or_default();
    let fields = stat
        .rsplit_once(") ")
        .map_or("", |(_, fields)| fields)
        .split(' ');
    let ticks: Vec<f64> = fields
        .skip(11)
        .take(2)
        .map(str::parse)
        .collect::<Result<_, _>>()?;
    Ok(ticks.iter().sum::<f64>() / TICKS_PER_SECOND)
}

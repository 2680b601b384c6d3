//! Parses every `.jsonl` below a directory and says how fast that was, and what was found.
//!
//! `cargo run --release -p sessions-transcript --example throughput -- DIR`

use std::collections::BTreeMap;
use std::io::Write;
use std::path::Path;
use std::time::{Duration, Instant};
use std::{env, fs, io};

use sessions_model::{ByteOffset, Parsed};
use sessions_transcript::{Lines, parse};

#[derive(Default)]
struct Totals {
    bytes: u64,
    text_bytes: u64,
    elapsed: Duration,
    blocks: BTreeMap<String, u64>,
}

fn main() -> io::Result<()> {
    let folder = env::args_os().nth(1).unwrap_or_else(|| ".".into());
    let mut totals = Totals::default();
    measure(Path::new(&folder), &mut totals)?;
    let megabytes = |bytes: u64| f64::from(u32::try_from(bytes >> 10).unwrap_or(u32::MAX)) / 976.56;
    let mut out = io::stdout().lock();
    let rate = megabytes(totals.bytes) / totals.elapsed.as_secs_f64();
    writeln!(
        out,
        "{:.0} MB/s over {:.1} MB",
        rate,
        megabytes(totals.bytes)
    )?;
    writeln!(out, "{:.1} MB of text in", megabytes(totals.text_bytes))?;
    for (name, count) in &totals.blocks {
        writeln!(out, "{count:>8} {name}")?;
    }
    Ok(())
}

fn measure(path: &Path, totals: &mut Totals) -> io::Result<()> {
    if path.is_dir() {
        for entry in fs::read_dir(path)? {
            measure(&entry?.path(), totals)?;
        }
    } else if path
        .extension()
        .is_some_and(|extension| extension == "jsonl")
    {
        measure_file(&fs::read(path)?, totals);
    }
    Ok(())
}

fn measure_file(bytes: &[u8], totals: &mut Totals) {
    let start = Instant::now();
    let mut names = Vec::new();
    for (_, line) in Lines::new(bytes, ByteOffset(0)) {
        match parse(line) {
            Parsed::Record(record) => {
                totals.text_bytes += record
                    .blocks
                    .iter()
                    .map(|b| b.text.len() as u64)
                    .sum::<u64>();
                names.extend(record.blocks.iter().map(|block| block.kind.as_str()));
            }
            Parsed::Defect(defect) => names.push(defect.kind.as_str()),
            Parsed::Blank => {}
        }
    }
    totals.elapsed += start.elapsed();
    totals.bytes += bytes.len() as u64;
    for name in names {
        *totals.blocks.entry(name.to_owned()).or_default() += 1;
    }
}

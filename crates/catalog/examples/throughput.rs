//! Prints how long the catalog takes for an import of the size of the reference corpus: 330 sessions,
//! 340,000 rows, and 5,000 sessions of one prompt more; and for the questions that follow. `cargo run --release -p sessions-catalog --example throughput`

use std::collections::HashSet;
use std::error::Error;
use std::fs;
use std::io::Write;
use std::time::Instant;

use sessions_catalog::{
    Applied, Catalog, MessageKey, Position, SessionFacts, SessionPredicate, TokenUse,
};
use sessions_model::{
    ArchiveId, ByteOffset, RecordKey, Seq, SessionFilter, SessionId, Timestamp, Usage,
};

const SESSIONS: u64 = 330;
const ROWS_PER_SESSION: u64 = 1_030;
const ROWS_PER_COMMIT: u64 = 5_000;
const ONE_SHOTS: u64 = 5_000;

/// An odd number, so that its multiples differ: keys as scattered as hashes are.
const KEYS: u64 = 0x9e37_79b9_7f4a_7c15;

fn main() -> Result<(), Box<dyn Error>> {
    let dir = tempfile::tempdir()?;
    let (mut catalog, _) = Catalog::open(dir.path(), ArchiveId([1; 16]))?;
    let start = Instant::now();
    let mut rows = 0;
    for number in 0..SESSIONS {
        let id = SessionId::parse(&format!("{number:08x}-0000-4000-8000-000000000000"))?;
        let cwd = format!("/home/user/code/project-{}", number % 20);
        for line in 0..ROWS_PER_SESSION {
            rows += 1;
            row(&mut catalog, &id, &cwd, u64::wrapping_mul(rows, KEYS), line)?;
            if rows % ROWS_PER_COMMIT == 0 {
                catalog.commit(Applied {
                    backlog: Seq(rows),
                    live: Seq(0),
                })?;
            }
        }
    }
    for number in 0..ONE_SHOTS {
        let id = SessionId::parse(&format!("{number:08x}-0000-4000-9000-000000000000"))?;
        rows += 1;
        let cwd = "/home/user/code/project-1";
        row(&mut catalog, &id, cwd, u64::wrapping_mul(rows, KEYS), 0)?;
    }
    catalog.commit(Applied {
        backlog: Seq(rows),
        live: Seq(0),
    })?;
    let took = start.elapsed();
    let size = fs::metadata(dir.path().join("catalog.db"))?.len();
    writeln!(
        std::io::stdout(),
        "{rows} rows in {took:.2?}, {} kB",
        size / 1024
    )?;
    let reader = catalog.reader()?;
    let all = SessionFilter::default();
    for filter in [
        SessionFilter {
            limit: 20,
            ..all.clone()
        },
        all,
    ] {
        let start = Instant::now();
        let sessions = reader.sessions(&filter, &HashSet::new())?.len();
        writeln!(
            std::io::stdout(),
            "{sessions} sessions listed in {:.2?}",
            start.elapsed()
        )?;
    }
    let start = Instant::now();
    let automated = reader.matching(&SessionPredicate::Automated)?.len();
    let inside = reader
        .matching(&SessionPredicate::Project("project-3".into()))?
        .len();
    let took = start.elapsed();
    writeln!(
        std::io::stdout(),
        "sets of {automated} and {inside} sessions in {took:.2?}"
    )?;
    Ok(())
}

fn row(
    catalog: &mut Catalog,
    id: &SessionId,
    cwd: &str,
    key: u64,
    line: u64,
) -> Result<(), Box<dyn Error>> {
    let session = catalog.ordinal(id)?;
    let is_new = catalog.admit(session, RecordKey(key))?;
    let at = Position {
        time: Some(Timestamp(line.cast_signed())),
        seq: Seq(line / 100),
        offset: ByteOffset(line),
    };
    let facts = SessionFacts {
        at,
        cwd: Some(cwd),
        branch: Some("main"),
        model: Some("claude"),
        entrypoint: Some("cli"),
        prompt: line
            .is_multiple_of(20)
            .then_some("what a person asked, and more of it"),
        entries: 1,
        ..SessionFacts::default()
    };
    catalog.merge(session, &if is_new { facts } else { facts.uncounted() })?;
    if line % 2 == 1 {
        let usage = Usage {
            input: 1,
            output: line,
            cache_read: 10_000,
            cache_creation: 100,
        };
        let message = MessageKey(key ^ 1);
        catalog.use_tokens(&TokenUse {
            is_copy: false,
            message,
            session,
            at: at.seq,
            model: Some("claude"),
            usage,
        })?;
    }
    Ok(())
}

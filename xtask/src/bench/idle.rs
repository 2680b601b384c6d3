//! Idling: what a daemon takes when nothing happens.

use std::time::Duration;

use anyhow::Result;

use super::ours::Ours;
use super::process::{anonymous_megabytes, cpu_ms, wait};
use super::table::{Table, Target, Tool};

/// How long nothing happens.
const IDLE: Duration = Duration::from_mins(1);
/// How long the daemon may tidy up first.
const SETTLE: Duration = Duration::from_secs(30);

const CPU: &str = "idle for 60 s, CPU ms";
const MEMORY: &str = "idle, anonymous MB";

/// Waits, and notes what the daemon took meanwhile.
pub(crate) fn measure(ours: &Ours, table: &mut Table) -> Result<()> {
    let pid = ours.status()?.pid;
    wait(SETTLE);
    let before = cpu_ms(pid)?;
    wait(IDLE);
    table.note(CPU, Tool::Ours, cpu_ms(pid)? - before);
    table.note(MEMORY, Tool::Ours, anonymous_megabytes(pid)?);
    table.require(CPU, Target::AtMost(20.0));
    table.require(MEMORY, Target::AtMost(60.0));
    Ok(())
}

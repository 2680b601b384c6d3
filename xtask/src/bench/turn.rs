//! A turn of the real client with our hooks: how much longer it takes than without, and than with hooks that do
//! nothing.

use std::fs;
use std::path::Path;

use anyhow::{Context, Result, bail};

use super::table::{Table, Target, Tool};
use crate::workspace::{Workspace, read_output};

/// What the client takes to run any hooks at all is in this one, too.
const WITHOUT: &str = "a turn with hooks, x without";
const NOTHING: &str = "a turn with hooks, x hooks that do nothing";

/// Runs the client against the scripted model, with the settings that setup writes, with such as do nothing, and with
/// none.
pub(crate) fn measure(
    workspace: &Workspace,
    programs: &Path,
    folder: &Path,
    table: &mut Table,
) -> Result<()> {
    let shipped = folder.join("programs");
    fs::create_dir_all(&shipped)?;
    let hook = workspace.build_hook()?;
    for program in [programs.join("sessions"), programs.join("sessionsd"), hook] {
        let name = program.file_name().context("a program has a name")?;
        fs::copy(&program, shipped.join(name))?;
    }
    let mut cargo = workspace.cargo();
    cargo
        .args([
            "bench",
            "--locked",
            "--quiet",
            "--package",
            "sessions-tests",
        ])
        .args(["--bench", "turn"])
        .env("SESSIONS_BIN_DIR", &shipped);
    let printed = read_output(&mut cargo)?;
    let figures: Result<Vec<f64>, _> = printed.split_whitespace().map(str::parse).collect();
    let Ok([without, nothing, with]) = figures.as_deref() else {
        bail!("no three figures: {printed}");
    };
    println!(
        "  a turn: {without:.1} ms, hooks that do nothing: {nothing:.1} ms, ours: {with:.1} ms"
    );
    table.note(WITHOUT, Tool::Ours, with / without);
    table.note(NOTHING, Tool::Ours, with / nothing);
    table.require(NOTHING, Target::AtMost(1.03));
    Ok(())
}

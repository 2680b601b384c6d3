//! A turn of the real client with our hooks: how much longer it takes than without.

use std::fs;
use std::path::Path;

use anyhow::{Context, Result};

use super::table::{Table, Target, Tool};
use crate::workspace::{Workspace, read_output};

const NAME: &str = "a turn of the client with hooks, x without";

/// Runs the client against the scripted model, with the settings that setup writes and with none.
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
    let figures: Option<(f64, f64)> = printed.split_once(' ').and_then(|(without, with)| {
        Some((without.trim().parse().ok()?, with.trim().parse().ok()?))
    });
    let (without, with) = figures.with_context(|| format!("no two figures: {printed}"))?;
    println!("  a turn of the client: {without:.1} ms, with hooks: {with:.1} ms");
    table.note(NAME, Tool::Ours, with / without);
    table.require(NAME, Target::AtMost(1.03));
    Ok(())
}

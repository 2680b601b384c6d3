//! `cargo xtask tidy`: rules that neither the compiler nor clippy checks.
//!
//! Owns the list of checks and their report; each check is a module and returns findings. A check reads
//! the files it is given and nothing else.

mod edges;
mod files;
mod links;
mod proofs;
mod shape;
mod words;

use anyhow::{Result, bail};

use crate::workspace::Workspace;

/// A broken rule: where, and what is wrong.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) struct Finding {
    /// The file, with a line where there is one, or the crate.
    pub(crate) place: String,
    /// What is wrong.
    pub(crate) fault: String,
}

impl Finding {
    /// Makes a finding.
    pub(crate) fn new(place: impl Into<String>, fault: impl Into<String>) -> Self {
        Self {
            place: place.into(),
            fault: fault.into(),
        }
    }
}

/// Runs every check, prints what it found, and fails if it found anything.
pub(crate) fn run(workspace: &Workspace) -> Result<()> {
    let files = files::read(workspace)?;
    let shape = shape::measure(&files);
    let mut findings = shape::check(&files, &shape);
    findings.extend(links::check(&files));
    findings.extend(proofs::check(&files));
    findings.extend(words::check(&files, &words::machine_paths(workspace)));
    findings.extend(edges::check(&edges::Graph::read(workspace)?));
    for finding in &findings {
        println!("{}: {}", finding.place, finding.fault);
    }
    println!(
        "tidy: {} files; Rust files {}, median {} lines, p90 {}, longest {}",
        files.len(),
        shape.count,
        shape.median,
        shape.p90,
        shape.longest
    );
    if findings.is_empty() {
        return Ok(());
    }
    bail!("tidy found {} broken rules", findings.len())
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn every_crate_knows_only_what_it_may() {
        let workspace = Workspace::find().unwrap();
        let graph = edges::Graph::read(&workspace).unwrap();
        assert_eq!(edges::check(&graph), Vec::new());
    }
}

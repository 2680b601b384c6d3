//! Words that stand in no file of the project, or only in some.
//!
//! Owns two rules: generated wire types are named at two edges alone, and no file names a place on the
//! machine it was written on.

use super::Finding;
use super::files::TextFile;
use crate::workspace::Workspace;

/// The crate of generated types, put together so that this file does not name it.
const WIRE: &str = concat!("sessions_", "proto");

/// Where the generated types may be named.
const WIRE_EDGES: [&str; 5] = [
    "proto/",
    "crates/client/",
    "daemon/src/rpc/",
    "daemon/src/rpc.rs",
    // Tests that play the daemon.
    "hook-shim/tests/",
];

/// Paths shorter than this, `/` for example, are part of others and say nothing.
const MACHINE_PATH_BYTES_MIN: usize = 5;

/// Returns paths that belong to the machine this runs on.
pub(crate) fn machine_paths(workspace: &Workspace) -> Vec<String> {
    // A home folder alone may be everyone's, `/root` for example; what lies in it is not.
    let home = std::env::var("HOME")
        .ok()
        .map(|home| format!("{}/", home.trim_end_matches('/')));
    let parent = workspace
        .root
        .parent()
        .map(|path| path.join("shared").display().to_string());
    [home, parent, Some(workspace.root.display().to_string())]
        .into_iter()
        .flatten()
        .filter(|path| path.len() >= MACHINE_PATH_BYTES_MIN)
        .collect()
}

/// Finds words where they must not stand.
pub(crate) fn check(files: &[TextFile], machine_paths: &[String]) -> Vec<Finding> {
    let mut findings = Vec::new();
    for file in files {
        for (index, line) in file.text.lines().enumerate() {
            let faults = [wire_fault(file, line), path_fault(line, machine_paths)];
            let place = format!("{}:{}", file.path, index + 1);
            findings.extend(
                faults
                    .into_iter()
                    .flatten()
                    .map(|fault| Finding::new(&place, fault)),
            );
        }
    }
    findings
}

fn wire_fault(file: &TextFile, line: &str) -> Option<String> {
    let is_edge = WIRE_EDGES.iter().any(|edge| file.path.starts_with(edge));
    let is_named = file.has_extension("rs") && line.contains(WIRE);
    (is_named && !is_edge)
        .then(|| format!("names {WIRE}: only daemon/src/rpc and crates/client convert wire types"))
}

fn path_fault(line: &str, machine_paths: &[String]) -> Option<String> {
    let outside = concat!("../", "shared");
    if line.contains(outside) {
        return Some(format!("names {outside}, which no checkout has"));
    }
    let path = machine_paths.iter().find(|path| names_path(line, path))?;
    Some(format!("names {path}, a folder of this machine"))
}

/// Whether `line` holds `path` as a whole path: not as the start of a longer name.
fn names_path(line: &str, path: &str) -> bool {
    let is_part = |c: char| c.is_alphanumeric() || matches!(c, '-' | '_' | '.');
    line.match_indices(path).any(|(at, _)| {
        let before = line.get(..at).and_then(|text| text.chars().next_back());
        let after = line
            .get(at + path.len()..)
            .and_then(|text| text.chars().next());
        let is_whole = path.ends_with('/') || !after.is_some_and(is_part);
        is_whole && !before.is_some_and(is_part)
    })
}

#[cfg(test)]
mod tests {
    use super::super::files::made;
    use super::*;

    fn check_line(path: &str, line: &str, expect: usize) {
        let paths = ["/machine/of".to_owned(), "/home/me/".to_owned()];
        assert_eq!(
            check(&[made(path, line)], &paths).len(),
            expect,
            "{path}: {line}"
        );
    }

    #[test]
    fn wire_types_are_named_at_two_edges() {
        let line = format!("use {WIRE}::v1;");
        check_line("daemon/src/rpc/search.rs", &line, 0);
        check_line("daemon/src/rpc.rs", &line, 0);
        check_line("crates/client/src/lib.rs", &line, 0);
        check_line("proto/src/lib.rs", &line, 0);
        check_line("daemon/src/app.rs", &line, 1);
        check_line("client-cli/src/main.rs", &line, 1);
        check_line("ARCHITECTURE.md", &line, 0);
    }

    #[test]
    fn places_of_the_machine_are_not_named() {
        check_line("README.md", "it lies in /machine/of/someone", 1);
        check_line("README.md", "`/machine/of`", 1);
        check_line("README.md", "/machine/often and x/machine/of", 0);
        check_line("README.md", "/home/me/notes.txt", 1);
        check_line("README.md", "/home/me and /srv/home/me/x", 0);
        check_line("README.md", concat!("see ../", "shared/x"), 1);
    }
}

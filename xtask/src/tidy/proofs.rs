//! The tests that ARCHITECTURE.md names as proofs: each exists.
//!
//! Owns reading the lines that begin with `Proved by`. Whether a test proves what it says is for people to judge.

use std::collections::HashSet;

use super::Finding;
use super::files::TextFile;

const DOCUMENT: &str = "ARCHITECTURE.md";
const MARK: &str = "Proved by";

/// Finds proofs that no test bears the name of.
pub(crate) fn check(files: &[TextFile]) -> Vec<Finding> {
    let Some(document) = files.iter().find(|file| file.path == DOCUMENT) else {
        return Vec::new();
    };
    let tests = test_names(files);
    let mut findings = Vec::new();
    for (index, line) in document.text.lines().enumerate() {
        let lost = proofs(line)
            .into_iter()
            .filter(|proof| !tests.contains(proof));
        findings.extend(lost.map(|proof| {
            let fault = format!("names the test {proof}, which does not exist");
            Finding::new(format!("{DOCUMENT}:{}", index + 1), fault)
        }));
    }
    findings
}

/// What stands in backquotes on a line of proofs.
fn proofs(line: &str) -> Vec<&str> {
    let Some((_, rest)) = line.split_once(MARK) else {
        return Vec::new();
    };
    rest.split('`').skip(1).step_by(2).collect()
}

/// The functions of Rust files that follow a `#[test]` or `#[tokio::test]`, or stand in a `proptest!`.
fn test_names(files: &[TextFile]) -> HashSet<&str> {
    let mut names = HashSet::new();
    for file in files.iter().filter(|file| file.has_extension("rs")) {
        let mut is_test = false;
        for line in file.text.lines().map(str::trim) {
            is_test |= line.starts_with("#[test]") || line.starts_with("#[tokio::test");
            let signature = line
                .strip_prefix("async ")
                .unwrap_or(line)
                .strip_prefix("fn ");
            if let Some(signature) = signature.filter(|_| is_test) {
                names.extend(signature.split(['(', '<']).next());
                is_test = false;
            }
        }
    }
    names
}

#[cfg(test)]
mod tests {
    use super::super::files::made;
    use super::*;

    fn check_line(line: &str, expect: usize) {
        let source =
            "#[test]\nfn it_holds() {}\nfn helper() {}\n#[tokio::test]\nasync fn it_waits() {}";
        let files = [made(DOCUMENT, line), made("a.rs", source)];
        assert_eq!(check(&files).len(), expect, "{line}");
    }

    #[test]
    fn a_proof_is_a_test() {
        check_line("Proved by `it_holds` and `it_waits`.", 0);
        check_line("Proved by `it_fails`, `it_holds`.", 1);
        check_line("Proved by `helper`.", 1);
        check_line("see `helper`", 0);
    }
}

//! The size of files, and the words each opens with.
//!
//! Owns the caps on Rust files. Function length is clippy's.

use super::Finding;
use super::files::TextFile;

/// No Rust file is longer, its tests included.
const LINES_MAX: usize = 500;
/// Half of the Rust files are no longer.
const MEDIAN_MAX: usize = 150;
/// Nine of ten Rust files are no longer.
const P90_MAX: usize = 350;

/// How long the Rust files are, in lines.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) struct Shape {
    /// How many there are.
    pub(crate) count: usize,
    /// Half are no longer.
    pub(crate) median: usize,
    /// Nine of ten are no longer.
    pub(crate) p90: usize,
    /// The longest.
    pub(crate) longest: usize,
}

/// Measures the Rust files.
pub(crate) fn measure(files: &[TextFile]) -> Shape {
    let mut lines: Vec<usize> = rust(files).map(|file| file.text.lines().count()).collect();
    lines.sort_unstable();
    Shape {
        count: lines.len(),
        median: rank(&lines, 50),
        p90: rank(&lines, 90),
        longest: lines.last().copied().unwrap_or(0),
    }
}

/// Finds Rust files that are too long or do not say what they own.
pub(crate) fn check(files: &[TextFile], shape: &Shape) -> Vec<Finding> {
    let mut findings: Vec<Finding> = rust(files).flat_map(check_file).collect();
    let caps = [
        ("median", shape.median, MEDIAN_MAX),
        ("p90", shape.p90, P90_MAX),
    ];
    for (name, lines, cap) in caps {
        if lines > cap {
            let fault =
                format!("the {name} is {lines} lines, more than {cap}: split the long ones");
            findings.push(Finding::new("Rust files", fault));
        }
    }
    findings
}

fn check_file(file: &TextFile) -> Vec<Finding> {
    let mut findings = Vec::new();
    if !file.text.starts_with("//! ") {
        let fault = "does not open with //!, saying what it owns and must not know";
        findings.push(Finding::new(&file.path, fault));
    }
    let lines = file.text.lines().count();
    if lines > LINES_MAX {
        let fault = format!("has {lines} lines, more than {LINES_MAX}: split it");
        findings.push(Finding::new(&file.path, fault));
    }
    findings
}

fn rust(files: &[TextFile]) -> impl Iterator<Item = &TextFile> {
    files.iter().filter(|file| file.has_extension("rs"))
}

/// The value that `percent` of the sorted values do not exceed (nearest rank); 0 of none.
fn rank(sorted: &[usize], percent: usize) -> usize {
    let rank = (sorted.len() * percent).div_ceil(100);
    sorted.get(rank.saturating_sub(1)).copied().unwrap_or(0)
}

#[cfg(test)]
mod tests {
    use super::super::files::made;
    use super::*;

    fn check_one(text: &str, expect: &[&str]) {
        let files = [made("a.rs", text)];
        let shape = Shape {
            count: 1,
            median: 0,
            p90: 0,
            longest: 0,
        };
        let found = check(&files, &shape);
        assert_eq!(found.len(), expect.len(), "{found:?}");
        for (finding, word) in found.iter().zip(expect) {
            assert!(
                finding.fault.contains(word),
                "{} should say {word}",
                finding.fault
            );
        }
    }

    #[test]
    fn a_file_says_what_it_owns_and_stays_short() {
        check_one("//! Owns this.\n", &[]);
        check_one("", &["does not open"]);
        check_one("use std::fs;\n//! Late.\n", &["does not open"]);
        check_one(&format!("//! Owns this.\n{}", "//\n".repeat(499)), &[]);
        check_one(
            &format!("//! Owns this.\n{}", "//\n".repeat(500)),
            &["501 lines"],
        );
    }

    #[test]
    fn the_median_and_the_tail_have_caps() {
        let shape = Shape {
            count: 9,
            median: 151,
            p90: 351,
            longest: 400,
        };
        assert_eq!(check(&[], &shape).len(), 2);
        let shape = Shape {
            median: 150,
            p90: 350,
            ..shape
        };
        assert_eq!(check(&[], &shape), Vec::new());
    }

    #[test]
    fn ranks_are_the_nearest() {
        assert_eq!(rank(&[], 50), 0);
        assert_eq!(rank(&[7], 90), 7);
        assert_eq!(rank(&[1, 2, 3, 4], 50), 2);
        assert_eq!(rank(&[1, 2, 3, 4, 5, 6, 7, 8, 9, 10], 90), 9);
    }
}

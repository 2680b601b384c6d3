//! Links in the project's Markdown: each relative one leads to a file and, with `#`, to a heading.
//!
//! Owns finding and following links. Never fetches anything.

use std::collections::HashSet;
use std::fs;
use std::path::Path;

use super::Finding;
use super::files::TextFile;

/// Finds links that lead nowhere.
pub(crate) fn check(files: &[TextFile]) -> Vec<Finding> {
    let markdown = files.iter().filter(|file| file.has_extension("md"));
    markdown.flat_map(check_file).collect()
}

fn check_file(file: &TextFile) -> Vec<Finding> {
    let mut findings = Vec::new();
    for (number, line) in prose_lines(&file.text) {
        for target in targets(&line) {
            if let Some(fault) = follow(file, &target) {
                findings.push(Finding::new(format!("{}:{number}", file.path), fault));
            }
        }
    }
    findings
}

/// Says what is wrong with a link, if anything is.
fn follow(file: &TextFile, target: &str) -> Option<String> {
    if target.contains("://") || target.starts_with("mailto:") {
        return None;
    }
    let (path, heading) = target.split_once('#').unwrap_or((target, ""));
    let folder = file.location.parent().unwrap_or(Path::new(""));
    let linked = folder.join(path);
    if !path.is_empty() && !linked.exists() {
        return Some(format!("links to {path}, which does not exist"));
    }
    if heading.is_empty() {
        return None;
    }
    let text = if path.is_empty() {
        file.text.clone()
    } else {
        fs::read_to_string(&linked).ok()?
    };
    let is_there = headings(&text).contains(heading);
    (!is_there).then(|| format!("links to {target}, which has no such heading"))
}

/// The lines outside fenced code, numbered from 1, with inline code blanked.
fn prose_lines(text: &str) -> Vec<(usize, String)> {
    let mut is_code = false;
    let mut lines = Vec::new();
    for (index, line) in text.lines().enumerate() {
        if line.trim_start().starts_with("```") {
            is_code = !is_code;
        } else if !is_code {
            lines.push((index + 1, without_code(line)));
        }
    }
    lines
}

fn without_code(line: &str) -> String {
    let outside = line.split('`').step_by(2);
    outside.collect::<Vec<_>>().join("` `")
}

/// The targets of `[text](target)` and of `[name]: target`.
fn targets(line: &str) -> Vec<String> {
    let mut targets = Vec::new();
    for rest in line.split("](").skip(1) {
        if let Some((target, _)) = rest.split_once(')') {
            targets.push(without_title(target));
        }
    }
    let definition = line
        .trim_start()
        .strip_prefix('[')
        .and_then(|rest| rest.split_once("]: "));
    targets.extend(definition.map(|(_, target)| without_title(target)));
    targets
}

fn without_title(target: &str) -> String {
    let path = target.split_whitespace().next().unwrap_or("");
    path.trim_start_matches('<')
        .trim_end_matches('>')
        .to_owned()
}

/// The anchors that a code host gives a text's headings.
fn headings(text: &str) -> HashSet<String> {
    let lines = prose_lines(text).into_iter().map(|(number, _)| number);
    let raw: Vec<&str> = text.lines().collect();
    lines
        .filter_map(|number| raw.get(number - 1).copied())
        .filter(|line| line.starts_with('#'))
        .map(|line| anchor(line.trim_start_matches('#').trim()))
        .collect()
}

fn anchor(heading: &str) -> String {
    heading
        .to_lowercase()
        .chars()
        .filter(|c| c.is_alphanumeric() || matches!(c, ' ' | '-' | '_'))
        .map(|c| if c == ' ' { '-' } else { c })
        .collect()
}

#[cfg(test)]
mod tests {
    use super::super::files::made;
    use super::*;

    fn check_text(text: &str, expect: usize) {
        let location = Path::new(env!("CARGO_MANIFEST_DIR")).join("made.md");
        let file = TextFile {
            location,
            ..made("made.md", text)
        };
        assert_eq!(check_file(&file).len(), expect, "{text}");
    }

    #[test]
    fn dead_links_are_found() {
        check_text("see [it](Cargo.toml) and [there](https://example.org/x)", 0);
        check_text("see [it](no/such/file.md)", 1);
        check_text("![picture](a.png) [two](b.md)", 2);
        check_text("[name]: no-such-file \"title\"", 1);
        check_text(
            "# A heading, once\n[up](#a-heading-once) [down](#not-there)",
            1,
        );
    }

    #[test]
    fn code_holds_no_links() {
        check_text("`[it](no/such/file)`", 0);
        check_text("```\n[it](no/such/file)\n```\n", 0);
    }

    #[test]
    fn anchors_follow_the_code_host() {
        assert_eq!(
            anchor("gRPC: package `sessions.v1`"),
            "grpc-package-sessionsv1"
        );
    }
}

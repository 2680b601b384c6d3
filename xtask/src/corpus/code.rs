//! Source code found on the machine, and the identifiers in it.

use std::collections::HashMap;

use super::random::Random;

/// Identifiers shorter than this are keywords and loop counters.
const IDENTIFIER_BYTES_MIN: usize = 5;
/// Identifiers longer than this are generated.
const IDENTIFIER_BYTES_MAX: usize = 29;
/// How many identifiers are kept, the most common first.
const IDENTIFIERS_MAX: usize = 40_000;

/// A file of source code.
#[derive(Debug, Clone, Default)]
pub(crate) struct CodeFile {
    /// The path as a tool shows it.
    pub(crate) path: String,
    /// The lines, without what ends them.
    pub(crate) lines: Vec<String>,
}

impl CodeFile {
    /// Draws a line and its number, counted from 1.
    pub(crate) fn pick_line(&self, random: &mut Random) -> (usize, &str) {
        let at = random.below(self.lines.len());
        (at + 1, self.lines.get(at).map_or("", String::as_str))
    }

    /// Returns `count` lines from `start` on, each ended by a newline.
    pub(crate) fn excerpt(&self, start: usize, count: usize) -> String {
        let lines = self.lines.iter().skip(start).take(count);
        lines.flat_map(|line| [line.as_str(), "\n"]).collect()
    }
}

/// Returns the identifiers of some files, the most common first.
pub(crate) fn identifiers(files: &[CodeFile]) -> Vec<String> {
    let mut counts: HashMap<&str, u32> = HashMap::new();
    for line in files.iter().flat_map(|file| &file.lines) {
        for token in line
            .split(|c: char| !is_identifier(c))
            .filter(|token| is_name(token))
        {
            *counts.entry(token).or_insert(0) += 1;
        }
    }
    let mut names: Vec<(&str, u32)> = counts.into_iter().collect();
    names.sort_by(|left, right| right.1.cmp(&left.1).then(left.0.cmp(right.0)));
    names.truncate(IDENTIFIERS_MAX);
    names.into_iter().map(|(name, _)| name.to_owned()).collect()
}

/// Says whether a character can stand in an identifier.
pub(crate) fn is_identifier(c: char) -> bool {
    c.is_ascii_alphanumeric() || c == '_'
}

/// Says whether a token is an identifier that someone chose.
pub(crate) fn is_name(token: &str) -> bool {
    (IDENTIFIER_BYTES_MIN..=IDENTIFIER_BYTES_MAX).contains(&token.len())
        && !token.starts_with(|c: char| c.is_ascii_digit())
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn common_identifiers_come_first() {
        let lines = [
            "fn open_segment(segment: Segment)",
            "open_segment(other)",
            "let x1 = 12345;",
        ];
        let file = CodeFile {
            lines: lines.map(str::to_owned).to_vec(),
            ..CodeFile::default()
        };
        assert_eq!(
            identifiers(&[file]),
            ["open_segment", "Segment", "other", "segment"]
        );
    }
}

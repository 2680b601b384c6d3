//! The Homebrew formula, which builds from the sources of a version.
//!
//! Knows what of it changes with a version; what it does, is written in `packaging/homebrew`.

use std::fs;
use std::path::{Path, PathBuf};

use anyhow::{Context, Result};

use super::{NAME, VERSION};

const FORMULA: &str = include_str!("../../../packaging/homebrew/claude-sessions.rb");

/// How many hexadecimal digits a checksum has.
const DIGITS: usize = 64;

/// Where sources can be downloaded, and their checksum.
#[derive(Debug, Clone, Copy)]
pub(super) struct Source<'a> {
    pub(super) url: &'a str,
    pub(super) sha256: &'a str,
}

/// Reads a checksum.
pub(super) fn checksum(text: &str) -> Result<String, String> {
    let is_whole = text.len() == DIGITS && text.chars().all(|c| c.is_ascii_hexdigit());
    let checksum = is_whole.then(|| text.to_ascii_lowercase());
    checksum.ok_or_else(|| format!("write {DIGITS} hexadecimal digits"))
}

/// Writes the formula into the folder `out`, and returns its path.
pub(super) fn write(out: &Path, source: Source<'_>) -> Result<PathBuf> {
    let path = out.join(format!("{NAME}.rb"));
    fs::write(&path, formula(source))
        .with_context(|| format!("could not write {}", path.display()))?;
    Ok(path)
}

fn formula(source: Source<'_>) -> String {
    // As Ruby spells it between double quotes.
    let url = source.url.replace('\\', "\\\\").replace('"', "\\\"");
    FORMULA
        .replace("@URL@", &url.replace('#', "\\#"))
        .replace("@VERSION@", VERSION)
        .replace("@SHA256@", source.sha256)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn nothing_is_left_to_be_filled_in() {
        let sha256 = "ab".repeat(DIGITS / 2);
        let url = "https://example.org/v0.tar.gz";
        let formula = formula(Source {
            url,
            sha256: &sha256,
        });
        assert!(formula.contains(&format!("url \"{url}\"")), "{formula}");
        assert!(formula.contains(&format!("sha256 \"{sha256}\"")));
        assert!(!formula.contains('@'), "{formula}");
    }

    #[test]
    fn a_checksum_is_whole_or_refused() {
        let sha256 = "AB".repeat(DIGITS / 2);
        assert_eq!(checksum(&sha256), Ok(sha256.to_lowercase()));
        assert!(checksum("ab").is_err());
        assert!(checksum(&sha256.replace('A', "x")).is_err());
    }
}

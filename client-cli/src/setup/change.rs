//! One file before and after, and how that is shown.

use std::fmt::Write as _;
use std::fs;
use std::io::{self, ErrorKind};
use std::path::{Path, PathBuf};

use similar::TextDiff;

use super::file;
use crate::error::CliError;
use crate::render::quantity::count;
use crate::render::text::visible;

/// Lines that are shown around what changes.
const CONTEXT_LINES: usize = 2;

/// Lines of a change that are shown at most: hooks for every event take less.
const SHOWN_LINES_MAX: usize = 150;

/// What to do where a file cannot be written.
const MEND: &str = "see that you may write to it and its folder, then run this again; by hand, do what \"--dry-run\" shows";

/// What a file is, and what it is to be; none stands for no file.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) struct Change {
    /// The file, as it is named.
    pub(crate) path: PathBuf,
    /// What it holds now.
    pub(crate) before: Option<Vec<u8>>,
    /// What it is to hold.
    pub(crate) after: Option<Vec<u8>>,
}

impl Change {
    /// Reads `path`, and has it hold `after`.
    pub(crate) fn to(path: PathBuf, after: Option<Vec<u8>>) -> Result<Self, CliError> {
        let shown = path.clone();
        Self::read(path, after).map_err(|error| CliError::file("read", &shown, &error))
    }

    /// As [`Self::to`], for whoever says it otherwise.
    pub(crate) fn read(path: PathBuf, after: Option<Vec<u8>>) -> io::Result<Self> {
        Ok(Self {
            before: file::read(&path)?,
            path,
            after,
        })
    }

    /// Tells whether it changes anything.
    pub(crate) fn is_any(&self) -> bool {
        self.before != self.after
    }

    /// Makes it, unless the file is another by now.
    pub(crate) fn apply(&self) -> Result<(), CliError> {
        let failed = |error: io::Error| CliError::file("write", &self.path, &error).hint(MEND);
        if file::read(&self.path).map_err(failed)? != self.before {
            let message = format!("{} was changed meanwhile", self.path.display());
            return Err(CliError::usage(message).hint("run this again"));
        }
        match &self.after {
            Some(bytes) => {
                if let Some(dir) = self.path.parent() {
                    fs::create_dir_all(dir).map_err(failed)?;
                }
                file::write(&self.path, bytes).map_err(failed)
            }
            None => match fs::remove_file(&self.path) {
                Err(error) if error.kind() != ErrorKind::NotFound => Err(failed(error)),
                _ => Ok(()),
            },
        }
    }

    /// Returns the folders that making it makes, the innermost first.
    pub(crate) fn missing_dirs(&self) -> Vec<PathBuf> {
        let dirs = self.path.ancestors().skip(1);
        dirs.take_while(|dir| !dir.exists())
            .map(Path::to_owned)
            .collect()
    }

    /// Returns the line that says which file it is of.
    pub(crate) fn headline(&self) -> String {
        let path = self.path.to_string_lossy();
        let what = match (&self.before, &self.after) {
            (None, _) => "new file",
            (_, None) => "removed",
            _ => "changed",
        };
        format!("{} ({what})\n", visible(&path))
    }

    /// Returns it as lines: what goes and what comes.
    pub(crate) fn lines(&self) -> String {
        let mut text = self.headline();
        if self.after.is_none() {
            return text;
        }
        let shown = |bytes: &Option<Vec<u8>>| {
            let bytes = bytes.as_deref().unwrap_or_default();
            String::from_utf8_lossy(bytes).into_owned()
        };
        let (before, after) = (shown(&self.before), shown(&self.after));
        let diff = TextDiff::from_lines(&before, &after);
        let mut hunks = diff.unified_diff();
        let hunks = hunks.context_radius(CONTEXT_LINES).iter_hunks();
        let lines: Vec<String> = hunks
            .flat_map(|hunk| hunk.iter_changes().map(shown_line).collect::<Vec<_>>())
            .collect();
        text.extend(lines.iter().take(SHOWN_LINES_MAX).map(String::as_str));
        if let Some(more) = lines
            .len()
            .checked_sub(SHOWN_LINES_MAX)
            .filter(|&more| more > 0)
        {
            writeln!(text, "  … and {}", count(more as u64, "more line"))
                .expect("a string takes everything");
        }
        text
    }
}

fn shown_line(change: similar::Change<&str>) -> String {
    let line = change.value().trim_end_matches(['\r', '\n']);
    format!("  {} {}\n", change.tag(), visible(line))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_change_is_made_once_and_only_to_what_was_looked_at() {
        let dir = tempfile::tempdir().unwrap();
        let path = dir.path().join("a/b/file");
        let change = Change::to(path.clone(), Some(b"one\n".to_vec())).unwrap();
        assert!(change.is_any());
        let made = [dir.path().join("a/b"), dir.path().join("a")];
        assert_eq!(change.missing_dirs(), made);
        change.apply().unwrap();
        assert_eq!(fs::read(&path).unwrap(), b"one\n");
        let error = change.apply().unwrap_err();
        assert!(error.message.contains("changed meanwhile"));
        Change::to(path.clone(), None).unwrap().apply().unwrap();
        assert!(!path.exists());
    }

    #[test]
    fn what_goes_and_what_comes_is_shown() {
        let change = Change {
            path: "/config/settings.json".into(),
            before: Some(b"{\n  \"a\": 1,\n  \"b\": 2\n}\n".to_vec()),
            after: Some(b"{\n  \"a\": 1,\n  \"b\": 3,\n  \"\x1b[2J\": 4\n}\n".to_vec()),
        };
        insta::assert_snapshot!(change.lines());
    }

    #[test]
    fn a_long_change_is_shown_in_part() {
        let change = Change {
            path: "/new".into(),
            before: None,
            after: Some(b"line\n".repeat(SHOWN_LINES_MAX + 2)),
        };
        let shown = change.lines();
        assert!(shown.ends_with("… and 2 more lines\n"), "{shown}");
        assert_eq!(shown.lines().count(), SHOWN_LINES_MAX + 2);
    }
}

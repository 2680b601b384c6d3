//! The text that a corpus is made of: prose and code found on this machine.
//!
//! Owns finding and reading it, within named limits. Prose comes from manual pages, documentation, Markdown and
//! the comments in Rust sources; so a machine with a Rust toolchain always has enough.

use std::fs;
use std::path::{Path, PathBuf};
use std::process::{Command, Stdio};

use anyhow::{Result, bail};

use super::boilerplate::Boilerplate;
use super::code::{self, CodeFile};
use super::prose::Prose;
use super::random::Random;
use crate::workspace::Workspace;

/// How much prose is read.
const PROSE_BYTES_MAX: usize = 5 << 20;
/// How much prose one file gives.
const PROSE_FILE_BYTES_MAX: usize = 60_000;
/// With less the statistics are not those of prose.
const PROSE_BYTES_MIN: usize = 50_000;
/// How much code is read.
const CODE_BYTES_MAX: usize = 16 << 20;
/// Sizes of files that are read as code.
const CODE_FILE_BYTES: std::ops::Range<u64> = 400..200_000;
/// A file with a longer line is generated.
const CODE_LINE_BYTES_MAX: usize = 600;
/// With fewer files every project would hold the same ones.
const CODE_FILES_MIN: usize = 20;
/// How deep folders are searched.
const DEPTH_MAX: usize = 9;

const CODE_EXTENSIONS: [&str; 11] = [
    "rs", "py", "h", "c", "toml", "go", "js", "ts", "sh", "pl", "pm",
];
const PROSE_EXTENSIONS: [&str; 4] = ["md", "txt", "rst", "README"];

/// What a corpus is made of.
#[derive(Debug)]
pub(crate) struct Source {
    /// Prose, learnt.
    pub(crate) prose: Prose,
    /// Code files.
    pub(crate) code: Vec<CodeFile>,
    /// Identifiers of the code, the most common first.
    pub(crate) identifiers: Vec<String>,
    /// What the client repeats in every session.
    pub(crate) boilerplate: Boilerplate,
}

impl Source {
    /// Reads text from folders.
    pub(crate) fn load(folders: &[PathBuf]) -> Result<Self> {
        let mut files = Vec::new();
        for folder in folders {
            list(folder, DEPTH_MAX, &mut files);
        }
        shuffle(&mut files);
        let mut reader = Reader::default();
        for file in &files {
            reader.read(file);
        }
        if reader.prose.len() < PROSE_BYTES_MIN || reader.code.len() < CODE_FILES_MIN {
            bail!("there is too little text in {folders:?}: name folders with --text");
        }
        let prose = Prose::learn(&reader.prose);
        let identifiers = code::identifiers(&reader.code);
        if prose.is_empty() || identifiers.is_empty() {
            bail!("there is no prose or no code in {folders:?}: name folders with --text");
        }
        let boilerplate = Boilerplate::make(&prose, &identifiers);
        Ok(Self {
            prose,
            code: reader.code,
            identifiers,
            boilerplate,
        })
    }

    /// Says what was read.
    pub(crate) fn describe(&self) -> String {
        let (words, files) = (self.prose.vocabulary(), self.code.len());
        format!(
            "{words} words, {files} code files, {} identifiers",
            self.identifiers.len()
        )
    }

    /// Draws an identifier, likelier the more common it is.
    pub(crate) fn identifier(&self, random: &mut Random) -> &str {
        &self.identifiers[random.rank(self.identifiers.len())]
    }

    /// Draws a rare identifier as easily as a common one.
    pub(crate) fn rare_identifier(&self, random: &mut Random) -> &str {
        let name: &String = random.pick(&self.identifiers);
        name
    }

    /// Speaks a sentence of `low` up to `high` words.
    pub(crate) fn sentence(&self, low: usize, high: usize, random: &mut Random) -> String {
        let mut text = String::new();
        self.prose
            .push(random.between(low, high), random, &mut text);
        text
    }
}

/// Returns the folders of this machine that usually hold text.
pub(crate) fn folders(workspace: &Workspace) -> Vec<PathBuf> {
    let system = [
        "/usr/share/man/man1",
        "/usr/share/man/man7",
        "/usr/share/doc",
        "/usr/include",
    ];
    let mut folders: Vec<PathBuf> = system.into_iter().map(PathBuf::from).collect();
    let home = std::env::var_os("HOME").map(|home| Path::new(&home).join(".cargo"));
    let cargo = std::env::var_os("CARGO_HOME").map(PathBuf::from).or(home);
    folders.extend(cargo.map(|cargo| cargo.join("registry/src")));
    folders.push(workspace.root.join("crates"));
    folders
}

/// Lists the files below a folder, in the order of their names; what cannot be read is left out.
fn list(folder: &Path, depth: usize, files: &mut Vec<PathBuf>) {
    let Ok(entries) = fs::read_dir(folder) else {
        return;
    };
    let mut entries: Vec<_> = entries.flatten().collect();
    entries.sort_by_key(fs::DirEntry::file_name);
    for entry in entries {
        match entry.file_type() {
            Ok(kind) if kind.is_dir() && depth > 0 => list(&entry.path(), depth - 1, files),
            Ok(kind) if kind.is_file() => files.push(entry.path()),
            _ => {}
        }
    }
}

/// Spreads what is read over every folder; the same for the same files.
fn shuffle(files: &mut [PathBuf]) {
    let mut random = Random::new(files.len() as u64);
    for index in (1..files.len()).rev() {
        files.swap(index, random.below(index + 1));
    }
}

/// Collects text until there is enough.
#[derive(Default)]
struct Reader {
    prose: String,
    code: Vec<CodeFile>,
    code_bytes: usize,
}

impl Reader {
    fn read(&mut self, path: &Path) {
        let extension = path
            .extension()
            .and_then(|extension| extension.to_str())
            .unwrap_or("");
        if CODE_EXTENSIONS.contains(&extension) {
            self.read_code(path, extension);
        } else if self.prose.len() < PROSE_BYTES_MAX {
            self.read_prose(path, extension);
        }
    }

    fn read_code(&mut self, path: &Path, extension: &str) {
        let is_sized = fs::metadata(path).is_ok_and(|about| CODE_FILE_BYTES.contains(&about.len()));
        if self.code_bytes >= CODE_BYTES_MAX || !is_sized {
            return;
        }
        let Ok(text) = fs::read_to_string(path) else {
            return;
        };
        if text.lines().any(|line| line.len() > CODE_LINE_BYTES_MAX) {
            return;
        }
        if extension == "rs" {
            self.add_prose(&comments(&text));
        }
        self.code_bytes += text.len();
        let lines = text
            .lines()
            .map(|line| line.trim_end().to_owned())
            .collect();
        self.code.push(CodeFile {
            path: short_path(path),
            lines,
        });
    }

    fn read_prose(&mut self, path: &Path, extension: &str) {
        let is_page = path.to_string_lossy().contains("/man/");
        let text = match extension {
            "gz" => unzip(path).map(|text| if is_page { page_text(&text) } else { text }),
            _ if PROSE_EXTENSIONS.contains(&extension) => fs::read_to_string(path).ok(),
            _ => None,
        };
        if let Some(text) = text {
            self.add_prose(&text);
        }
    }

    fn add_prose(&mut self, text: &str) {
        if self.prose.len() < PROSE_BYTES_MAX {
            let (kept, _) = text.split_at(text.floor_char_boundary(PROSE_FILE_BYTES_MAX));
            self.prose.push_str(kept);
            self.prose.push_str("\n\n");
        }
    }
}

/// The last three parts of a path.
fn short_path(path: &Path) -> String {
    let parts: Vec<_> = path
        .iter()
        .rev()
        .take(3)
        .map(|part| part.to_string_lossy())
        .collect();
    parts.into_iter().rev().collect::<Vec<_>>().join("/")
}

/// The documentation comments of a Rust source, as paragraphs.
fn comments(text: &str) -> String {
    let mut prose = String::new();
    for line in text.lines() {
        let line = line.trim_start();
        match line
            .strip_prefix("/// ")
            .or_else(|| line.strip_prefix("//! "))
        {
            Some(words) => prose.extend([words, " "]),
            None => prose.push_str("\n\n"),
        }
    }
    prose
}

/// The words of a manual page, without its macros.
fn page_text(page: &str) -> String {
    let mut text = String::new();
    for line in page.lines() {
        if line.is_empty()
            || [".SH", ".PP", ".TP"]
                .iter()
                .any(|macros| line.starts_with(macros))
        {
            text.push_str("\n\n");
        } else if !line.starts_with(['.', '\'']) {
            let plain = ["\\fB", "\\fI", "\\fR", "\\fP", "\\&"]
                .iter()
                .fold(line.replace("\\-", "-"), |line, mark| {
                    line.replace(mark, "")
                });
            text.extend([plain.as_str(), " "]);
        }
    }
    text
}

/// The text of a compressed file; nothing where gzip is missing.
fn unzip(path: &Path) -> Option<String> {
    let mut gzip = Command::new("gzip");
    gzip.arg("-dc").arg(path).stdin(Stdio::null());
    let output = gzip
        .output()
        .ok()
        .filter(|output| output.status.success())?;
    Some(String::from_utf8_lossy(&output.stdout).into_owned())
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn manual_pages_lose_their_macros() {
        let page = ".TH LS 1\n.SH NAME\nls \\- list \\fBdirectory\\fR contents\n.PP\nMore.";
        assert_eq!(
            page_text(page).trim(),
            "ls - list directory contents \n\nMore."
        );
    }

    #[test]
    fn comments_of_rust_are_prose() {
        let text = "//! Owns this.\n//! And that.\nfn f() {}\n    /// Returns it.\n";
        assert_eq!(
            comments(text).trim(),
            "Owns this. And that. \n\nReturns it."
        );
    }
}

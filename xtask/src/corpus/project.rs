//! A project: a working directory, its branches and its files.
//!
//! Owns making projects differ: each renames some identifiers of the code it holds, so that a file read twice in
//! one project repeats and two projects do not.

use super::code::{CodeFile, is_identifier, is_name};
use super::random::{Random, hash};
use super::source::Source;
use super::spread::FILE_LINES;

/// Of a hundred identifiers of a project, how many are its own.
const RENAMED_PERCENT: u64 = 18;
/// How many source files a project has.
const FILES: std::ops::Range<usize> = 40..110;

/// A project.
#[derive(Debug)]
pub(crate) struct Project {
    /// The working directory.
    pub(crate) cwd: String,
    /// The folder under `projects/` that the client makes of it.
    pub(crate) folder: String,
    /// The branches worked on.
    pub(crate) branches: Vec<String>,
    /// Its source files.
    pub(crate) files: Vec<CodeFile>,
}

impl Project {
    /// Makes the project of a number.
    pub(crate) fn make(source: &Source, number: usize, seed: u64) -> Self {
        let mut random = Random::named(seed, &format!("project {number}"));
        let names = [
            source.prose.pick_name(&mut random),
            source.prose.pick_name(&mut random),
        ];
        let cwd = format!("/home/dev/src/{}-{number}", names.join("-"));
        let count = random.between(FILES.start, FILES.end);
        let files = (0..count)
            .map(|_| own_file(source, &cwd, &mut random))
            .collect();
        let branches = (0..random.between(1, 5)).map(|number| match number {
            0 => "main".to_owned(),
            _ => format!("feat/{}-{number}", source.prose.pick_name(&mut random)),
        });
        let branches = branches.collect();
        Self {
            folder: folder(&cwd),
            cwd,
            branches,
            files,
        }
    }

    /// Draws a file, likelier the earlier it stands: some files are read over and over.
    pub(crate) fn pick_file(&self, random: &mut Random) -> &CodeFile {
        &self.files[random.rank(self.files.len())]
    }
}

/// The client's name for a working directory's folder; ours are short and ASCII.
fn folder(cwd: &str) -> String {
    cwd.chars()
        .map(|c| if c.is_ascii_alphanumeric() { c } else { '-' })
        .collect()
}

fn own_file(source: &Source, cwd: &str, random: &mut Random) -> CodeFile {
    let file = random.pick(&source.code);
    let start = random.below(file.lines.len().saturating_sub(300));
    let count = FILE_LINES.draw(random);
    let lines = file.lines.iter().skip(start).take(count);
    CodeFile {
        path: format!("{cwd}/{}", file.path),
        lines: lines.map(|line| rename(line, cwd, source)).collect(),
    }
}

/// Exchanges some identifiers of a line, always the same ones in the same project.
fn rename(line: &str, salt: &str, source: &Source) -> String {
    let mut renamed = String::with_capacity(line.len());
    let mut rest = line;
    while !rest.is_empty() {
        let length = rest.find(|c| !is_identifier(c)).unwrap_or(rest.len());
        let (token, after) = rest.split_at(length);
        renamed.push_str(own_name(token, salt, source));
        let other = after.find(is_identifier).unwrap_or(after.len());
        let (between, next) = after.split_at(other);
        renamed.push_str(between);
        rest = next;
    }
    renamed
}

fn own_name<'a>(token: &'a str, salt: &str, source: &'a Source) -> &'a str {
    if !is_name(token) {
        return token;
    }
    let mut random = Random::named(hash(salt), token);
    let other: &String = random.pick(&source.identifiers);
    if random.draw() % 100 < RENAMED_PERCENT {
        other
    } else {
        token
    }
}

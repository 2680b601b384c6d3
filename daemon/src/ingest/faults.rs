//! What is wrong now, for `status`: one fault for each thing that fails, gone once it works again.

use std::collections::BTreeMap;
use std::io;
use std::path::Path;

use sessions_archive::{ArchiveError, ErrorKind, Held};
use sessions_model::{Fault, FaultKind, ID_BYTES_MAX, Timestamp};

use crate::causes::chain;
use crate::salvage::{describe, size};

use super::place::Place;
use super::walk::{Block, DEPTH_MAX};

/// Most faults kept; the rest are counted.
const FAULTS_MAX: usize = 64;

/// What a fault is about.
#[derive(Debug, Clone, PartialEq, Eq, PartialOrd, Ord)]
pub(crate) enum About {
    /// A config root.
    Root(usize),
    /// A path that a walk could not look into.
    Walked(Place),
    /// A source.
    Source(Place),
    /// The archive.
    Archive,
    /// The archive's own file.
    File,
    /// How much the archive holds.
    Held,
    /// Whatever does not fit.
    More,
}

/// Everything that is wrong now.
#[derive(Debug, Default)]
pub(crate) struct Faults {
    now: BTreeMap<About, Fault>,
    beyond: u64,
}

impl Faults {
    /// Notes that something is wrong; the time of the first note stays.
    pub(crate) fn note(&mut self, about: About, fault: Fault) {
        if let Some(known) = self.now.get_mut(&about) {
            *known = Fault {
                since: known.since,
                ..fault
            };
        } else if self.now.len() < FAULTS_MAX {
            tracing::warn!(message = fault.message, "fault");
            self.now.insert(about, fault);
        } else {
            self.beyond += 1;
            let message = match self.beyond {
                1 => "1 more path is not archived".into(),
                beyond => format!("{beyond} more paths are not archived"),
            };
            let hint = "the log names them".to_owned();
            self.now.insert(
                About::More,
                Fault {
                    message,
                    hint,
                    ..fault
                },
            );
        }
    }

    /// Notes that something works.
    pub(crate) fn clear(&mut self, about: &About) {
        if let Some(fault) = self.now.remove(about) {
            tracing::info!(message = fault.message, "fault is gone");
        }
    }

    /// Forgets what walks of `below` in a root ran into, but for what a new walk has run into again.
    pub(crate) fn clear_walked(&mut self, root: usize, below: &str, again: &[Place]) {
        self.now.retain(|about, _| match about {
            About::Walked(place) => {
                let is_below = place.root == root && Path::new(&*place.path).starts_with(below);
                !is_below || again.contains(place)
            }
            _ => true,
        });
        self.now.remove(&About::More);
        self.beyond = 0;
    }

    pub(crate) fn list(&self) -> Vec<Fault> {
        self.now.values().cloned().collect()
    }

    /// Returns why something on disk is not archived, for one line; none where all of it can be.
    pub(crate) fn shortfall(&self) -> Option<String> {
        let is_root = |about: &About| matches!(about, About::Root(_) | About::Archive);
        let whole = self.now.iter().find(|(about, _)| is_root(about));
        if let Some((_, fault)) = whole {
            return Some(fault.message.clone());
        }
        let paths = self
            .now
            .iter()
            .filter(|(about, _)| matches!(about, About::Source(_) | About::Walked(_)));
        let mut paths = paths.map(|(_, fault)| fault);
        let first = paths.next()?;
        Some(match paths.count() as u64 + self.beyond {
            0 => first.message.clone(),
            others => format!("{} paths are not archived", others + 1),
        })
    }

    pub(crate) fn has(&self, about: &About) -> bool {
        self.now.contains_key(about)
    }

    pub(crate) fn of_archive(&self) -> Option<&Fault> {
        self.now.get(&About::Archive)
    }
}

/// Says that an archive holds less than it did, which the file `identity` tells.
pub(crate) fn shrunk((before, held): &(Held, Held), identity: &Path, since: Timestamp) -> Fault {
    let less = match before.bytes.saturating_sub(held.bytes) {
        0 => format!("{} files", before.sources.saturating_sub(held.sources)),
        bytes => size(bytes),
    };
    Fault {
        kind: FaultKind::Archive,
        message: format!(
            "the archive holds {less} less than it did: {} before, {} now",
            describe(before),
            describe(held)
        ),
        hint: format!(
            "what is still on disk is archived again by itself; for the rest, stop the daemon and put a backup \
             in the place of archive.db; if nothing is missed: rm '{}', then \"sessions daemon restart\"",
            identity.display()
        ),
        since,
    }
}

/// Says that there is no directory in the place of a root.
pub(crate) fn missing_root(path: &Path, since: Timestamp) -> Fault {
    let is_there = match path.metadata() {
        Ok(_) => true,
        Err(error) => error.kind() == io::ErrorKind::NotADirectory,
    };
    let (what, hint) = if is_there {
        (
            "is not a directory",
            "a config root is the directory that holds Claude Code's \"projects\"; leave a wrong one out \
             with \"exclude_roots\" in config.toml",
        )
    } else {
        (
            "is missing",
            "it is archived as soon as it appears, and what was archived of it is safe; if it will not \
             come back, run \"sessions daemon forget\" with its path",
        )
    };
    Fault {
        kind: FaultKind::Root,
        message: format!("the config root {} {what}", path.display()),
        hint: hint.into(),
        since,
    }
}

/// Says why a path is not walked.
pub(crate) fn blocked(path: &Path, block: &Block, since: Timestamp) -> Fault {
    let path = shown(path);
    let (message, hint) = match block {
        Block::Unreadable(error) => (
            format!("could not look into {path}: {error}"),
            "check its permissions; it is tried again by itself",
        ),
        Block::Link => (
            format!(
                "{path} is a link, which is not followed, and what it leads to is archived nowhere else"
            ),
            "put what it leads to in its place, make \"projects\" itself the link, or name it in \"exclude\" in \
             config.toml",
        ),
        Block::Foreign(target) => (
            format!(
                "{path} is a link to {}, which is no directory of yours, and is not followed",
                target.display()
            ),
            "let it lead to a directory that belongs to you",
        ),
        Block::Dangling(target) => (
            format!("{path} is a link to {}, which is missing", target.display()),
            "mount or make what it leads to; it is archived as soon as it appears",
        ),
        Block::Deep => (
            format!("{path} lies more than {DEPTH_MAX} folders deep and is not archived"),
            "move it up, or name it in \"exclude\" in config.toml; Claude Code itself writes nothing so deep",
        ),
        Block::Name => (
            format!("the name of {path} is not UTF-8, so it is not archived"),
            "rename it",
        ),
        Block::Control => (
            format!("the path {path} holds control characters, so it is not archived"),
            "rename it",
        ),
        Block::Long => (
            format!(
                "the name of {path} is longer than an id may be ({ID_BYTES_MAX} bytes), so it is not archived"
            ),
            "give it a shorter one, or name it in \"exclude\" in config.toml",
        ),
        Block::Special => (
            format!("{path} is a pipe, a socket or a device and is not archived"),
            "put a file in its place, or name it in \"exclude\" in config.toml",
        ),
    };
    Fault {
        kind: FaultKind::Root,
        message,
        hint: hint.into(),
        since,
    }
}

/// Returns a path for a person, control characters escaped.
fn shown(path: &Path) -> String {
    let mut shown = String::new();
    for char in path.to_string_lossy().chars() {
        if char.is_control() {
            shown.extend(char.escape_default());
        } else {
            shown.push(char);
        }
    }
    shown
}

/// Says why a source is not archived.
pub(crate) fn unreadable(path: &Path, error: &dyn std::error::Error, since: Timestamp) -> Fault {
    Fault {
        kind: FaultKind::Source,
        message: format!("could not archive {}: {}", shown(path), chain(error)),
        hint: "check its permissions; it is tried again by itself".into(),
        since,
    }
}

/// Says why the archive cannot be written.
pub(crate) fn archive(error: &ArchiveError, since: Timestamp) -> Fault {
    let (kind, hint) = match error.kind() {
        ErrorKind::DiskFull => (
            FaultKind::Disk,
            "free some space; archiving goes on by itself, and nothing is lost while files stay",
        ),
        ErrorKind::Busy => (
            FaultKind::Archive,
            "another program has the archive open: close it",
        ),
        ErrorKind::Corrupt | ErrorKind::Damaged => (
            FaultKind::Archive,
            "run \"sessions verify\" to see what is damaged",
        ),
        _ => (
            FaultKind::Archive,
            "it is tried again by itself; the log has the details",
        ),
    };
    let message = format!("could not write the archive: {}", chain(error));
    Fault {
        kind,
        message,
        hint: hint.into(),
        since,
    }
}

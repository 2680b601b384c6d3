//! What a setup changed, written down so that exactly that can be undone.
//!
//! Each file that was changed is named, with what we wrote there as a hash and what was there before as a copy.

use std::cmp::Reverse;
use std::fmt::Display;
use std::fs::{self, DirBuilder};
use std::io;
use std::os::unix::fs::DirBuilderExt;
use std::path::{Path, PathBuf};

use serde::{Deserialize, Serialize};
use sessions_paths::Paths;

use super::hooks::SHIM;
use super::settings::without_hooks;
use super::{Change, file};
use crate::error::{CliError, Kind};

/// The name of Claude Code's settings, which are taken apart where they changed since.
const SETTINGS: &str = "settings.json";

/// Characters of a hash in the name of a copy.
const NAME_CHARS: usize = 16;

/// What was changed.
#[derive(Debug, Default, Serialize, Deserialize)]
pub(crate) struct Note {
    files: Vec<Noted>,
    /// Folders that were made.
    dirs: Vec<PathBuf>,
    /// Whether the service manager was told to run while the user is not logged in.
    #[serde(default)]
    lingers: bool,
}

/// A file that was changed.
#[derive(Debug, Clone, Serialize, Deserialize)]
struct Noted {
    path: PathBuf,
    /// The BLAKE3 hash of what we wrote, as hexadecimal digits.
    written: String,
    /// The name of the copy of what was there before; none where there was no file.
    before: Option<String>,
}

/// How a file is put back.
#[derive(Debug)]
pub(crate) enum Undo {
    /// By this change.
    Change(Change),
    /// Not: it is another since, and not for us to take apart.
    Keep(PathBuf),
    /// Not, though something of ours may be in it: somebody has to mend it first.
    Stuck { path: PathBuf, why: String },
}

impl Undo {
    /// Takes hooks of ours out of the settings that `change` is of, and leaves all else.
    pub(crate) fn take_out(change: Change) -> Self {
        let now = change.before.as_deref().unwrap_or_default();
        match str::from_utf8(now).map(without_hooks) {
            Ok(Ok(text)) => {
                let after = change.before.is_some().then(|| text.into_bytes());
                Self::Change(Change { after, ..change })
            }
            _ if memchr::memmem::find(now, SHIM.as_bytes()).is_none() => Self::Keep(change.path),
            Ok(Err(unfit)) => Self::stuck(change.path, &unfit),
            Err(_) => Self::stuck(change.path, &"it is not UTF-8"),
        }
    }

    fn stuck(path: PathBuf, why: &dyn Display) -> Self {
        Self::Stuck {
            path,
            why: why.to_string(),
        }
    }
}

/// What was in a file before it was changed.
#[derive(Debug)]
enum Before {
    /// There was no file.
    Nothing,
    Bytes(Vec<u8>),
    /// The copy is gone.
    Lost,
}

impl Note {
    /// Reads the note; an empty one where there is none.
    pub(crate) fn read(paths: &Paths) -> Result<Self, CliError> {
        let path = paths.setup_file();
        let bytes = file::read(&path).map_err(|error| CliError::file("read", &path, &error))?;
        let Some(bytes) = bytes else {
            return Ok(Self::default());
        };
        serde_json::from_slice(&bytes).map_err(|error| {
            let message = format!("{} does not read back: {error}", path.display());
            CliError::new(Kind::Daemon, message)
                .hint("move it away; hooks of ours are found without it, too")
        })
    }

    /// Makes a change, after it was written down how to undo it.
    pub(crate) fn make(&mut self, change: &Change, paths: &Paths) -> Result<(), CliError> {
        let before = self.before(change, paths)?;
        let dirs = change.missing_dirs();
        let written = change.after.as_deref().unwrap_or_default();
        self.files.retain(|noted| noted.path != change.path);
        let before = before.map(|bytes| keep(&change.path, &bytes, paths));
        self.files.push(Noted {
            path: change.path.clone(),
            written: blake3::hash(written).to_hex().to_string(),
            before: before.transpose()?,
        });
        self.dirs.extend(dirs);
        self.write(paths)?;
        change.apply()
    }

    /// Notes that the service manager is to run while the user is not logged in.
    pub(crate) fn add_linger(&mut self, paths: &Paths) -> Result<(), CliError> {
        self.lingers = true;
        self.write(paths)
    }

    /// Tells whether it was told so.
    pub(crate) fn lingers(&self) -> bool {
        self.lingers
    }

    /// Returns what an uninstallation puts back: what was there before the first setup, if nobody else changed
    /// the file since; else what it holds now but for what is ours.
    fn before(&self, change: &Change, paths: &Paths) -> Result<Option<Vec<u8>>, CliError> {
        let Some(now) = &change.before else {
            return Ok(None);
        };
        match self.files.iter().find(|noted| noted.path == change.path) {
            Some(noted) if noted.is_as_written(now) => match noted.kept(paths)? {
                Before::Nothing => Ok(None),
                Before::Bytes(bytes) => Ok(Some(bytes)),
                Before::Lost => Ok(Some(stripped(&change.path, now))),
            },
            _ => Ok(Some(stripped(&change.path, now))),
        }
    }

    /// Returns how each file is put back, the last one first.
    pub(crate) fn undo(&self, paths: &Paths) -> Result<Vec<Undo>, CliError> {
        let undo = |noted: &Noted| {
            let change = match Change::read(noted.path.clone(), None) {
                Ok(change) => change,
                Err(error) => return Ok(Undo::stuck(noted.path.clone(), &error)),
            };
            let Some(now) = &change.before else {
                // Its disk may not be there now.
                return Ok(if is_settings(&noted.path) && !is_in_folder(&noted.path) {
                    let why =
                        "its folder is not there now; if that is for good, remove the note of it";
                    let note = paths.setup_file();
                    Undo::stuck(noted.path.clone(), &format!("{why}: {}", note.display()))
                } else {
                    Undo::Change(change)
                });
            };
            let is_as_written = noted.is_as_written(now);
            let before = is_as_written.then(|| noted.kept(paths)).transpose()?;
            Ok(match before {
                Some(Before::Bytes(bytes)) => Undo::Change(Change {
                    after: Some(bytes),
                    ..change
                }),
                Some(Before::Lost) | None if is_settings(&noted.path) => Undo::take_out(change),
                // All of it is ours.
                Some(Before::Nothing | Before::Lost) => Undo::Change(change),
                None => Undo::Keep(noted.path.clone()),
            })
        };
        self.files.iter().rev().map(undo).collect()
    }

    /// Returns the files that were changed.
    pub(crate) fn files(&self) -> impl Iterator<Item = &Path> {
        self.files.iter().map(|noted| &*noted.path)
    }

    /// Forgets what was noted but of `stuck` files, and removes the folders that were made if nothing is in them.
    pub(crate) fn forget(mut self, stuck: &[PathBuf], paths: &Paths) -> Result<(), CliError> {
        self.files.retain(|noted| stuck.contains(&noted.path));
        if !self.files.is_empty() {
            return self.write(paths);
        }
        let mut dirs = self.dirs;
        // Those in others first, whichever change made them.
        dirs.sort_by_key(|dir| Reverse(dir.components().count()));
        for dir in dirs {
            // One that holds something is somebody's by now.
            drop(fs::remove_dir(dir));
        }
        for gone in [
            fs::remove_dir_all(paths.backup_dir()),
            fs::remove_file(paths.setup_file()),
        ] {
            match gone {
                Err(error) if error.kind() != io::ErrorKind::NotFound => {
                    return Err(CliError::file("remove", &paths.setup_file(), &error));
                }
                _ => {}
            }
        }
        Ok(())
    }

    fn write(&self, paths: &Paths) -> Result<(), CliError> {
        let path = paths.setup_file();
        let mut bytes = serde_json::to_vec_pretty(self)?;
        bytes.push(b'\n');
        make_private(&paths.config)
            .and_then(|()| file::write(&path, &bytes))
            .map_err(|error| CliError::unwritten(&path, &error))
    }
}

impl Noted {
    fn is_as_written(&self, now: &[u8]) -> bool {
        *self.written == *blake3::hash(now).to_hex()
    }

    fn kept(&self, paths: &Paths) -> Result<Before, CliError> {
        let Some(name) = &self.before else {
            return Ok(Before::Nothing);
        };
        let path = paths.backup_dir().join(name);
        let read = file::read(&path).map_err(|error| CliError::file("read", &path, &error))?;
        Ok(read.map_or(Before::Lost, Before::Bytes))
    }
}

/// Writes a copy of what was at `path`, and returns its name.
fn keep(path: &Path, bytes: &[u8], paths: &Paths) -> Result<String, CliError> {
    let hash = blake3::hash(path.as_os_str().as_encoded_bytes()).to_hex();
    let short = hash.split_at(NAME_CHARS).0;
    let file = path.file_name().unwrap_or_default().to_string_lossy();
    let name = format!("{short}-{file}");
    let copy = paths.backup_dir().join(&name);
    make_private(&paths.backup_dir())
        .and_then(|()| file::write(&copy, bytes))
        .map_err(|error| CliError::unwritten(&copy, &error))?;
    Ok(name)
}

fn make_private(dir: &Path) -> io::Result<()> {
    DirBuilder::new().recursive(true).mode(0o700).create(dir)
}

fn is_in_folder(path: &Path) -> bool {
    path.parent().is_some_and(Path::is_dir)
}

fn is_settings(path: &Path) -> bool {
    path.file_name().is_some_and(|name| name == SETTINGS)
}

/// Returns what a file holds but for hooks of ours.
fn stripped(path: &Path, now: &[u8]) -> Vec<u8> {
    match str::from_utf8(now).map(without_hooks) {
        Ok(Ok(text)) if is_settings(path) => text.into_bytes(),
        _ => now.to_owned(),
    }
}

#[cfg(test)]
mod tests {
    use super::super::settings::with_hooks;
    use super::*;

    const COMMAND: &str = "exec /usr/bin/sessions-hook";

    struct World {
        dir: tempfile::TempDir,
        paths: Paths,
    }

    impl World {
        fn new() -> Self {
            let dir = tempfile::tempdir().unwrap();
            let below = |name: &str| dir.path().join(name);
            let paths = Paths {
                data: below("data"),
                state: below("state"),
                runtime: below("run"),
                config: below("config"),
            };
            Self { dir, paths }
        }

        fn settings(&self) -> PathBuf {
            self.dir.path().join("root/settings.json")
        }

        fn set_up(&self) {
            let now = file::read(&self.settings()).unwrap().unwrap_or_default();
            let with = with_hooks(str::from_utf8(&now).unwrap(), COMMAND).unwrap();
            let change = Change::to(self.settings(), Some(with.into_bytes())).unwrap();
            let mut note = Note::read(&self.paths).unwrap();
            if change.is_any() {
                note.make(&change, &self.paths).unwrap();
            }
        }

        fn undo(&self) {
            let note = Note::read(&self.paths).unwrap();
            for undo in note.undo(&self.paths).unwrap() {
                if let Undo::Change(change) = undo {
                    change.apply().unwrap();
                }
            }
            note.forget(&[], &self.paths).unwrap();
        }

        fn write(&self, text: &str) {
            fs::create_dir_all(self.settings().parent().unwrap()).unwrap();
            fs::write(self.settings(), text).unwrap();
        }

        fn text(&self) -> String {
            fs::read_to_string(self.settings()).unwrap()
        }
    }

    #[test]
    fn what_was_there_comes_back_byte_for_byte() {
        for text in [
            "{}",
            "",
            "{\"a\":1,\r\n\r\n   \"hooks\":{}}",
            "\u{feff}{\"hooks\": {\"Stop\": []}}\n\n",
        ] {
            let world = World::new();
            world.write(text);
            for _ in 0..2 {
                world.set_up();
            }
            assert_ne!(world.text(), text);
            world.undo();
            assert_eq!(world.text(), text);
            assert!(!world.paths.setup_file().exists() && !world.paths.backup_dir().exists());
        }
    }

    #[test]
    fn a_file_and_its_folder_that_were_not_there_are_gone_again() {
        let world = World::new();
        world.set_up();
        assert!(world.settings().exists());
        // In a folder of the folder that the first one made.
        let inner = world.dir.path().join("root/a/b/file");
        let change = Change::to(inner, Some(Vec::new())).unwrap();
        let mut note = Note::read(&world.paths).unwrap();
        note.make(&change, &world.paths).unwrap();
        world.undo();
        assert!(!world.dir.path().join("root").exists());
    }

    #[test]
    fn what_cannot_be_taken_apart_stays_noted() {
        let world = World::new();
        world.write("{\"a\": 1}");
        world.set_up();
        let with = world.text();
        world.write(&format!("{with}x"));
        let note = Note::read(&world.paths).unwrap();
        let undo = note.undo(&world.paths).unwrap();
        let [Undo::Stuck { path, .. }] = &*undo else {
            panic!("{undo:?}");
        };
        note.forget(std::slice::from_ref(path), &world.paths)
            .unwrap();
        world.write(&with);
        world.undo();
        assert_eq!(world.text(), "{\"a\": 1}");
    }

    #[test]
    fn a_lost_copy_keeps_no_hook_in() {
        let world = World::new();
        world.write("{\"a\": 1}");
        world.set_up();
        fs::remove_dir_all(world.paths.backup_dir()).unwrap();
        world.undo();
        let left: serde_json::Value = serde_json::from_str(&world.text()).unwrap();
        assert_eq!(left, serde_json::json!({"a": 1}));
    }

    #[test]
    fn what_others_wrote_since_stays() {
        let world = World::new();
        world.write("{\"a\": 1}");
        world.set_up();
        world.write(&world.text().replace("\"a\": 1", "\"a\": 2"));
        // Another setup in between takes what is there now for what was before.
        for setups in 0..2 {
            if setups == 1 {
                world.set_up();
            }
            world.undo();
            let left: serde_json::Value = serde_json::from_str(&world.text()).unwrap();
            assert_eq!(left, serde_json::json!({"a": 2}));
            world.set_up();
        }
    }
}

//! What hooks left in the spool while nobody answered, a file each, in the wire's form.

use std::fs::{self, File};
use std::io::Read;
use std::path::{Path, PathBuf};

use prost::Message;
use sessions_paths::Paths;
use sessions_proto as wire;
use sessions_proto::spooled::Item;
use tonic::Status;

use super::{checkpoint, hook};
use crate::backend::Spooled;

/// The longest file that is an event, in bytes.
const FILE_BYTES_MAX: u64 = 4 << 20;

/// Files taken in one go.
const FILES_MAX: usize = 4_096;

/// What is put behind the name of a file that is no event.
const SET_ASIDE: &str = "unreadable";

/// Reads the spool in `dir`, the oldest event first; what cannot be opened is named and left there.
pub(crate) fn read(dir: &Path) -> Vec<(PathBuf, Spooled)> {
    let Ok(files) = fs::read_dir(dir) else {
        return Vec::new();
    };
    let paths = files.flatten().map(|file| file.path());
    let is_event = |path: &PathBuf| path.extension().is_some_and(|end| end == Paths::SPOOLED);
    let mut found: Vec<(PathBuf, Spooled)> = paths
        .filter(is_event)
        .take(FILES_MAX)
        .filter_map(|path| {
            let spooled = read_file(&path)?;
            Some((path, spooled))
        })
        .collect();
    found.sort_by_key(|(_, spooled)| match spooled {
        Spooled::Report(report) => (0, report.at),
        // What is told of a checkpoint comes after it.
        Spooled::Git(..) => (1, sessions_model::Timestamp(0)),
    });
    found
}

fn read_file(path: &Path) -> Option<Spooled> {
    let mut bytes = Vec::new();
    let file = File::open(path);
    let read = file.and_then(|file| file.take(FILE_BYTES_MAX).read_to_end(&mut bytes));
    if let Err(error) = read {
        tracing::warn!(path = %path.display(), %error, "a spooled event cannot be read");
        return None;
    }
    match decode(&bytes) {
        Ok(spooled) => Some(spooled),
        Err(error) => {
            tracing::warn!(path = %path.display(), error, "a spooled file is no event, and set aside");
            // It would be counted, again and again, among what waits to be taken in.
            if let Err(error) = fs::rename(path, path.with_extension(SET_ASIDE)) {
                tracing::warn!(path = %path.display(), %error, "it cannot be set aside");
            }
            None
        }
    }
}

fn decode(bytes: &[u8]) -> Result<Spooled, String> {
    let spooled = wire::Spooled::decode(bytes).map_err(|error| error.to_string())?;
    let said = |status: Status| status.message().to_owned();
    match spooled.item {
        Some(Item::Report(request)) => hook::report(request)
            .map(|report| Spooled::Report(Box::new(report)))
            .map_err(said),
        Some(Item::Describe(request)) => checkpoint::described(request)
            .map(|(id, git)| Spooled::Git(id, git))
            .map_err(said),
        None => Err("it holds nothing that this version knows".into()),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn what_is_no_event_is_set_aside_once() {
        let dir = tempfile::tempdir().unwrap();
        for (name, bytes) in [("a", &b""[..]), ("b", b"\xff\xff")] {
            fs::write(dir.path().join(name).with_extension(Paths::SPOOLED), bytes).unwrap();
        }
        assert!(read(dir.path()).is_empty());
        let names = fs::read_dir(dir.path()).unwrap().flatten();
        let mut names: Vec<_> = names.map(|file| file.file_name()).collect();
        names.sort();
        assert_eq!(names, ["a.unreadable", "b.unreadable"]);
    }
}

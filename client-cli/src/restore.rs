//! What of a session's files is missing, and where it belongs.
//!
//! Looks at the disk and changes nothing there; must not know how bytes come or how they are written.

mod staging;

use std::collections::BTreeMap;
use std::fs;
use std::io::ErrorKind;
use std::path::{Component, Path, PathBuf};

use sessions_client::Source;
use sessions_model::{OnDisk, Session};

use crate::error::{CliError, Kind};

pub(crate) use staging::{Fetched, Restored, Staging, put_back, put_new};

/// Where files are put.
#[derive(Debug, Clone, Copy)]
pub(crate) enum Target<'a> {
    /// Where they were.
    InPlace,
    /// Below this directory, as they were below their config root.
    Below(&'a Path),
}

/// A file that is not there.
#[derive(Debug)]
pub(crate) struct Missing<'a> {
    /// What it is restored from.
    pub(crate) source: &'a Source,
    /// The directory that `source.path` is below.
    pub(crate) base: PathBuf,
    /// Its length.
    pub(crate) length: u64,
}

impl<'a> Missing<'a> {
    /// Takes a file for missing in its root.
    pub(crate) fn in_place(source: &'a Source) -> Self {
        Self {
            source,
            base: base(source, Target::InPlace),
            length: length(source).unwrap_or_default(),
        }
    }
}

/// A file that is there, or is put back, and holds less than the archive has of it.
#[derive(Debug, PartialEq, Eq)]
pub(crate) struct Stump {
    /// Where it is.
    pub(crate) place: PathBuf,
    /// Its bytes on disk.
    pub(crate) on_disk: u64,
    /// Its bytes in the longest life it had.
    pub(crate) archived: u64,
}

/// What a restore would do.
#[derive(Debug, Default)]
pub(crate) struct Plan<'a> {
    /// What is to be put back, the main transcript last: whoever finds it finds the rest, too.
    pub(crate) missing: Vec<Missing<'a>>,
    /// What is left as it is though it is not whole.
    pub(crate) stumps: Vec<Stump>,
    /// Files that are there.
    pub(crate) there: u64,
}

/// Tells whether something of `session` is missing. Of a root that is gone as a whole the daemon says nothing: it
/// may come back.
pub(crate) fn is_missed(session: &Session) -> bool {
    session.on_disk != OnDisk::Whole || !Path::new(&session.root).is_dir()
}

/// Finds out what of `sources` is missing.
pub(crate) fn plan<'a>(sources: &'a [Source], target: Target<'_>) -> Result<Plan<'a>, CliError> {
    let mut plan = Plan::default();
    // A session whose project folder was renamed has each file twice, and needs it once.
    let mut files: BTreeMap<&str, Vec<&Source>> = BTreeMap::new();
    for source in sources.iter().filter(|source| length(source).is_some()) {
        files
            .entry(below_folder(&source.path))
            .or_default()
            .push(source);
    }
    for copies in files.values() {
        add(&mut plan, copies, target)?;
    }
    plan.missing
        .sort_by_key(|missing| missing.source.kind == "transcript");
    Ok(plan)
}

fn add<'a>(plan: &mut Plan<'a>, copies: &[&'a Source], target: Target<'_>) -> Result<(), CliError> {
    let mut is_there = false;
    for source in copies {
        let place = base(source, target).join(checked(&source.path)?);
        let Some(on_disk) = size(&place)? else {
            continue;
        };
        is_there = true;
        plan.there += 1;
        plan.stumps.extend(stump(source, place, on_disk));
    }
    let newest = copies.iter().max_by_key(|source| length(source));
    if let Some(source) = newest.filter(|_| !is_there) {
        let (base, length) = (base(source, target), length(source).unwrap_or_default());
        refuse_outside(&base, Path::new(&source.path))?;
        // What was swept last may have been a stump itself.
        plan.stumps
            .extend(stump(source, base.join(&source.path), length));
        plan.missing.push(Missing {
            source,
            base,
            length,
        });
    }
    Ok(())
}

/// Returns what a file with so many bytes is, if the archive has more of it.
fn stump(source: &Source, place: PathBuf, on_disk: u64) -> Option<Stump> {
    let archived = longest(source);
    (on_disk < archived && is_lines(source)).then_some(Stump {
        place,
        on_disk,
        archived,
    })
}

fn base(source: &Source, target: Target<'_>) -> PathBuf {
    match target {
        Target::InPlace => PathBuf::from(&source.root),
        Target::Below(directory) => directory.to_owned(),
    }
}

/// Returns the length of what the file was last; none if nothing is archived of it.
fn length(source: &Source) -> Option<u64> {
    let newest = source.generations.iter().rev().find(|life| life.is_current);
    newest.map(|life| life.length)
}

fn longest(source: &Source) -> u64 {
    let lengths = source.generations.iter().map(|life| life.length);
    lengths.max().unwrap_or_default()
}

/// Tells whether the file only ever grows, so that a shorter one has lost something.
fn is_lines(source: &Source) -> bool {
    matches!(&*source.kind, "transcript" | "subagent")
}

/// Returns a path without the project's folder, which may have been renamed.
fn below_folder(path: &str) -> &str {
    let below = path
        .strip_prefix("projects/")
        .and_then(|rest| rest.split_once('/'));
    below.map_or(path, |(_, file)| file)
}

/// Returns the size of the file at `place`; none if nothing is there.
fn size(place: &Path) -> Result<Option<u64>, CliError> {
    let is_absent =
        fs::symlink_metadata(place).is_err_and(|error| error.kind() == ErrorKind::NotFound);
    if is_absent {
        return Ok(None);
    }
    match fs::metadata(place) {
        Ok(found) if found.is_file() => Ok(Some(found.len())),
        Ok(_) => Err(taken(place)),
        // It is a link to nowhere.
        Err(error) if error.kind() == ErrorKind::NotFound => Err(taken(place)),
        Err(error) => Err(CliError::file("look at", place, &error).of_one()),
    }
}

fn taken(place: &Path) -> CliError {
    let message = format!("what stands at {} is no file", place.display());
    CliError::new(Kind::Daemon, message)
        .of_one()
        .hint("move it away, then run this again")
}

/// Refuses a place that links lead out of `projects`, or out of whichever folder of the root it is in: the daemon does
/// not follow them. That folder may itself be a link.
fn refuse_outside(base: &Path, path: &Path) -> Result<(), CliError> {
    let top = path.components().next().map(|part| base.join(part));
    let Some(top) = top.filter(|top| top.exists() || top.is_symlink()) else {
        return Ok(());
    };
    let real = top.canonicalize().map_err(|_| {
        let message = format!("{} is a link to nowhere", top.display());
        CliError::new(Kind::Daemon, message)
            .hint("mount or make what it leads to, then run this again")
    })?;
    let place = base.join(path);
    let there = place
        .ancestors()
        .find_map(|ancestor| ancestor.canonicalize().ok());
    if there.is_none_or(|there| there.starts_with(&real)) {
        return Ok(());
    }
    let message = format!("a link leads from {} out of its folder", place.display());
    Err(CliError::new(Kind::Daemon, message)
        .of_one()
        .hint("move the link away, then run this again"))
}

/// Refuses a path that leads out of the directory it is meant for.
fn checked(path: &str) -> Result<&Path, CliError> {
    let path = Path::new(path);
    let is_inside = path
        .components()
        .all(|part| matches!(part, Component::Normal(_)));
    if is_inside && path.components().count() > 1 {
        return Ok(path);
    }
    let message = format!(
        "the archive names a file that is in no folder of a root: {}",
        path.display()
    );
    Err(CliError::new(Kind::Internal, message))
}

#[cfg(test)]
mod tests {
    use std::os::unix::fs::symlink;

    use sessions_client::Generation;
    use sessions_model::{GenerationId, SourceId, Timestamp};

    use super::*;

    const MAIN: &str = "projects/-src/3f.jsonl";
    const RESULT: &str = "projects/-src/3f/tool-results/a.txt";

    pub(crate) fn source(root: &Path, path: &str, kind: &str, lengths: &[u64]) -> Source {
        let life = |(at, length): (usize, &u64)| Generation {
            id: GenerationId(at as u64),
            length: *length,
            opened_at: Timestamp(0),
            is_current: at + 1 == lengths.len(),
        };
        Source {
            id: SourceId(1),
            path: path.into(),
            root: root.to_string_lossy().into_owned(),
            kind: kind.into(),
            generations: lengths.iter().enumerate().map(life).collect(),
            is_gone: false,
        }
    }

    fn write(root: &Path, path: &str, bytes: usize) {
        let place = root.join(path);
        fs::create_dir_all(place.parent().unwrap()).unwrap();
        fs::write(place, vec![b'x'; bytes]).unwrap();
    }

    fn missing(sources: &[Source], target: Target<'_>) -> Vec<String> {
        let plan = plan(sources, target).unwrap();
        plan.missing
            .iter()
            .map(|missing| missing.source.path.clone())
            .collect()
    }

    #[test]
    fn what_is_missing_comes_back_and_the_transcript_last() {
        let root = tempfile::tempdir().unwrap();
        let sources = [
            source(root.path(), MAIN, "transcript", &[10]),
            source(root.path(), RESULT, "tool-result", &[5]),
            source(root.path(), "file-history/3f/a@v1", "file-history", &[0]),
            source(root.path(), "projects/-src/3f/x.json", "sidecar", &[]),
        ];
        let all = [RESULT, "file-history/3f/a@v1", MAIN];
        assert_eq!(missing(&sources, Target::InPlace), all);
        write(root.path(), RESULT, 5);
        assert_eq!(
            missing(&sources, Target::InPlace),
            ["file-history/3f/a@v1", MAIN]
        );
        let other = tempfile::tempdir().unwrap();
        assert_eq!(missing(&sources, Target::Below(other.path())), all);
    }

    #[test]
    fn a_renamed_project_folder_needs_no_second_copy() {
        let root = tempfile::tempdir().unwrap();
        let sources = [
            source(root.path(), MAIN, "transcript", &[10]),
            source(root.path(), "projects/-new/3f.jsonl", "transcript", &[12]),
        ];
        assert_eq!(
            missing(&sources, Target::InPlace),
            ["projects/-new/3f.jsonl"]
        );
        write(root.path(), MAIN, 10);
        assert_eq!(missing(&sources, Target::InPlace), [""; 0]);
    }

    #[test]
    fn a_stump_is_named_and_left_alone() {
        let root = tempfile::tempdir().unwrap();
        write(root.path(), MAIN, 4);
        let sources = [source(root.path(), MAIN, "transcript", &[10, 4])];
        let plan = plan(&sources, Target::InPlace).unwrap();
        let place = root.path().join(MAIN);
        let expect = Stump {
            place,
            on_disk: 4,
            archived: 10,
        };
        assert_eq!((plan.stumps, plan.missing.len()), (vec![expect], 0));
    }

    #[test]
    fn a_stump_that_was_swept_in_its_turn_comes_back_and_is_named() {
        let root = tempfile::tempdir().unwrap();
        let sources = [source(root.path(), MAIN, "transcript", &[10, 4])];
        let plan = plan(&sources, Target::InPlace).unwrap();
        assert_eq!((plan.missing.len(), plan.missing[0].length), (1, 4));
        assert_eq!((plan.stumps[0].on_disk, plan.stumps[0].archived), (4, 10));
    }

    #[test]
    fn what_is_no_file_and_what_leads_elsewhere_is_said() {
        let root = tempfile::tempdir().unwrap();
        let sources = [source(root.path(), MAIN, "transcript", &[10])];
        let refusal = || plan(&sources, Target::InPlace).unwrap_err();
        let place = root.path().join(MAIN);
        fs::create_dir_all(&place).unwrap();
        assert!(refusal().message.ends_with("is no file") && refusal().is_of_one);
        fs::remove_dir(&place).unwrap();
        symlink("nowhere", &place).unwrap();
        assert!(refusal().message.ends_with("is no file"));
        let folder = place.parent().unwrap();
        fs::remove_dir_all(folder).unwrap();
        let elsewhere = tempfile::tempdir().unwrap();
        symlink(elsewhere.path(), folder).unwrap();
        assert!(refusal().message.contains("out of its folder"));
        let projects = root.path().join("projects");
        fs::remove_dir_all(&projects).unwrap();
        symlink(elsewhere.path(), &projects).unwrap();
        assert_eq!(missing(&sources, Target::InPlace), [MAIN]);
    }

    #[test]
    fn no_path_leads_out_of_its_root() {
        for path in ["../x", "/etc/passwd", "projects/../../x", "x", ""] {
            assert!(checked(path).is_err(), "{path}");
        }
        assert!(checked(MAIN).is_ok());
    }
}

//! What users say of sessions, projects, tags and checkpoints, as operations of the archive.

mod checkpoint;
mod tag;

use sessions_archive::{NewOperation, Operation, OperationId};
use sessions_model::{CheckpointId, Project, SessionId};

pub(crate) use checkpoint::{Made, Said};

/// Bytes of a path or name that is accepted.
const TEXT_BYTES_MAX: usize = 8 << 10;

const MOVED_TO: &str = "project.moved_to";
const COMMON_DIR: &str = "directory.common_dir";
const REMOTE_SEPARATOR: char = '\n';

/// One thing said.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) enum Annotation {
    /// What was known as `from` belongs to `to`.
    ProjectMove {
        /// A project's key or name.
        from: String,
        /// Its new one.
        to: String,
    },
    /// What a client read of a directory's repository.
    Directory {
        /// The directory.
        cwd: String,
        /// Its git common directory; empty where there is none.
        common_dir: String,
        /// Its remote's address; empty where there is none.
        remote: String,
    },
    /// What is said of a checkpoint.
    Checkpoint(CheckpointId, Said),
    /// The user gave a session a tag.
    Tag {
        /// The session.
        session: SessionId,
        /// The tag.
        tag: String,
    },
    /// The user took back a tag of a session: what these operations gave.
    Untag {
        /// The session.
        session: SessionId,
        /// The operations.
        given: Vec<OperationId>,
    },
}

impl Annotation {
    /// Makes the move of `from` to `to`, each with the projects that it may mean. A directory stays as it is;
    /// a project that nobody knows cannot be moved, and one that is not there yet can be moved to.
    pub(crate) fn project_move(
        (from, old): (String, &[Project]),
        (to, new): (String, &[Project]),
    ) -> Result<Self, String> {
        let from = match the_one(&from, old)? {
            None => {
                let listed = "\"sessions project list\" names them";
                return Err(format!("no project is called {from}; {listed}"));
            }
            Some(_) if from.starts_with('/') => from,
            Some(project) if project.name.eq_ignore_ascii_case(&from) => project.name.clone(),
            Some(project) => project.key.0.clone(),
        };
        let to = match the_one(&to, new)? {
            Some(project) if !to.starts_with('/') => project.key.0.clone(),
            _ => to,
        };
        Ok(Self::ProjectMove { from, to })
    }

    /// Returns what is wrong with it, if anything is.
    pub(crate) fn fault(&self) -> Option<String> {
        let texts = match self {
            Self::ProjectMove { from, to } => [from, to, to],
            Self::Directory {
                cwd,
                common_dir,
                remote,
            } => [cwd, common_dir, remote],
            Self::Checkpoint(_, said) => return said.fault(),
            Self::Tag { tag, .. } => return tag::fault(tag),
            Self::Untag { .. } => return None,
        };
        let too_long = texts.iter().any(|text| text.len() > TEXT_BYTES_MAX);
        let bad = texts.iter().any(|text| text.contains(char::is_control));
        let empty = match self {
            Self::ProjectMove { from, to } => from.is_empty() || to.is_empty(),
            Self::Directory { cwd, .. } => cwd.is_empty(),
            Self::Checkpoint(..) | Self::Tag { .. } | Self::Untag { .. } => false,
        };
        match (too_long, bad, empty) {
            (true, ..) => Some(format!("a name or path has at most {TEXT_BYTES_MAX} bytes")),
            (_, true, _) => Some("a name or path holds no control characters".into()),
            (.., true) => Some("a name or path is not empty".into()),
            _ => None,
        }
    }

    /// Returns it as the archive keeps it.
    pub(crate) fn to_operation(&self) -> NewOperation {
        let (subject, field, value) = match self {
            Self::Checkpoint(id, said) => return said.to_operation(*id),
            Self::Tag { session, tag } => return tag::give(session, tag),
            Self::Untag { session, given } => return tag::take(session, given),
            Self::ProjectMove { from, to } => (from, MOVED_TO, to.clone()),
            Self::Directory {
                cwd,
                common_dir,
                remote,
            } => (
                cwd,
                COMMON_DIR,
                format!("{common_dir}{REMOTE_SEPARATOR}{remote}"),
            ),
        };
        NewOperation {
            subject: subject.clone(),
            field: field.into(),
            value,
        }
    }

    /// Returns what an operation says; none if a newer version wrote it.
    pub(crate) fn from_operation(operation: &Operation) -> Option<Self> {
        let subject = operation.subject.clone();
        match operation.field.as_str() {
            MOVED_TO => Some(Self::ProjectMove {
                from: subject,
                to: operation.value.clone(),
            }),
            COMMON_DIR => {
                let (common_dir, remote) = operation.value.split_once(REMOTE_SEPARATOR)?;
                Some(Self::Directory {
                    cwd: subject,
                    common_dir: common_dir.into(),
                    remote: remote.into(),
                })
            }
            _ => tag::from_operation(operation).or_else(|| {
                Said::from_operation(operation).map(|(id, said)| Self::Checkpoint(id, said))
            }),
        }
    }
}

/// Returns the one of `projects` that `name` means, by its key before anything else; directories may mean
/// several.
fn the_one<'a>(name: &str, projects: &'a [Project]) -> Result<Option<&'a Project>, String> {
    let by_key = projects.iter().find(|project| project.key.0 == name);
    match projects {
        [] => Ok(None),
        [project] => Ok(Some(project)),
        _ if by_key.is_some() || name.starts_with('/') => Ok(by_key.or(projects.first())),
        _ => {
            let keys: Vec<&str> = projects.iter().map(|project| &*project.key.0).collect();
            let keys = keys.join(", ");
            Err(format!(
                "several projects are called {name}: name one by its key: {keys}"
            ))
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use sessions_model::ProjectKey;

    fn project(name: &str, key: &str) -> Project {
        Project {
            name: name.to_owned(),
            key: ProjectKey(key.to_owned()),
            ..Project::default()
        }
    }

    fn check(from: &str, old: &[Project], (to, new): (&str, &[Project]), expect: &str) {
        let said = match Annotation::project_move((from.into(), old), (to.into(), new)) {
            Ok(Annotation::ProjectMove { from, to }) => format!("{from} -> {to}"),
            Ok(other) => format!("{other:?}"),
            Err(said) => said,
        };
        assert_eq!(said, expect, "{from} {to}");
    }

    #[test]
    fn projects_are_moved_by_the_names_they_are_known_by() {
        let lantern = [project("lantern", "/src/lantern")];
        let repo = [project("repo", "host/owner/repo")];
        let webs = [project("web", "/a/web"), project("web", "/b/web")];
        check("Lantern", &lantern, ("LANT", &[]), "lantern -> LANT");
        check(
            "lantern",
            &lantern,
            ("owner/repo", &repo),
            "lantern -> host/owner/repo",
        );
        check(
            "owner/repo",
            &repo,
            ("LANTERN", &lantern),
            "host/owner/repo -> /src/lantern",
        );
        check("/src", &lantern, ("/new", &[]), "/src -> /new");
        check("/a/web", &webs, ("site", &[]), "/a/web -> site");
        let many = "several projects are called web: name one by its key: /a/web, /b/web";
        check("web", &webs, ("site", &[]), many);
        check("lantern", &lantern, ("web", &webs), many);
        let none = "no project is called nope; \"sessions project list\" names them";
        check("nope", &[], ("lantern", &lantern), none);
    }
}

//! What users say of sessions and projects, as operations of the archive.

use sessions_archive::{NewOperation, Operation};

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
}

impl Annotation {
    /// Returns what is wrong with it, if anything is.
    pub(crate) fn fault(&self) -> Option<String> {
        let texts = match self {
            Self::ProjectMove { from, to } => [from, to, to],
            Self::Directory {
                cwd,
                common_dir,
                remote,
            } => [cwd, common_dir, remote],
        };
        let too_long = texts.iter().any(|text| text.len() > TEXT_BYTES_MAX);
        let bad = texts.iter().any(|text| text.contains(char::is_control));
        let empty = match self {
            Self::ProjectMove { from, to } => from.is_empty() || to.is_empty(),
            Self::Directory { cwd, .. } => cwd.is_empty(),
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
            _ => None,
        }
    }
}

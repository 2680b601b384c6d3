//! What can go wrong between a client and the daemon, and how a gRPC status becomes it.

use std::error::Error;
use std::io;
use std::ops::Range;
use std::path::PathBuf;

use sessions_model::{Checkpoint, Session};
use sessions_paths::PathsError;
use tonic::{Code, Status};

use crate::Version;
use crate::detail::{Fault, fault};

/// Why a call has no answer.
#[derive(Debug, thiserror::Error)]
pub enum ClientError {
    /// Nothing goes by the name that was asked for.
    #[error("{message}")]
    NotFound {
        /// What was not found, in the daemon's words.
        message: String,
    },
    /// Several sessions go by the name that was asked for.
    #[error("{count} sessions match {name}", count = candidates.len())]
    Ambiguous {
        /// The name.
        name: String,
        /// The sessions, latest first.
        candidates: Vec<Session>,
    },
    /// Several checkpoints go by the name that was asked for.
    #[error("{count} checkpoints match {name}", count = candidates.len())]
    AmbiguousCheckpoint {
        /// The name.
        name: String,
        /// The checkpoints, latest first.
        candidates: Vec<Checkpoint>,
    },
    /// The query does not parse.
    #[error("{message}")]
    BadQuery {
        /// The bytes of the query at fault, where the daemon named them.
        span: Option<Range<usize>>,
        /// What is wrong there.
        message: String,
    },
    /// The pattern of an exact search cannot be matched.
    #[error("{message}")]
    BadPattern {
        /// The bytes of the pattern at fault.
        span: Range<usize>,
        /// What is wrong there.
        message: String,
    },
    /// The daemon refuses what was asked for.
    #[error("{message}")]
    Refused {
        /// Why, in the daemon's words.
        message: String,
    },
    /// The daemon failed.
    #[error("the daemon failed: {message}")]
    Daemon {
        /// How, in its words.
        message: String,
    },
    /// The daemon cannot answer now.
    #[error("{message}")]
    Unready {
        /// Why, in its words.
        message: String,
    },
    /// It runs, and says nothing.
    #[error("the daemon runs, and has not answered within {seconds} s")]
    Silent {
        /// How long it was given.
        seconds: u64,
    },
    /// It was told to end, and has not.
    #[error("the daemon, process {pid}, did not end within {seconds} s of being told to")]
    Stays {
        /// Its process.
        pid: u32,
        /// How long it was waited for.
        seconds: u64,
    },
    /// The connection ended before the answer was whole.
    #[error("the connection to the daemon was lost: {reason}")]
    Lost {
        /// What the system says of it.
        reason: String,
    },
    /// The daemon is newer than this program.
    #[error("the daemon has version {daemon}, this program {client}")]
    Outdated {
        /// This program's version.
        client: Version,
        /// The daemon's version.
        daemon: Version,
    },
    /// The answer breaks the contract.
    #[error("the daemon's answer holds {what}")]
    Malformed {
        /// What it holds that it must not.
        what: &'static str,
    },
    /// No daemon runs, and none was to be started.
    #[error("no daemon is running")]
    Absent,
    /// The daemon could not be started.
    #[error("could not start the daemon")]
    Start(#[from] StartError),
    /// Another user listens on the socket.
    #[error("another user listens on {path}", path = path.display())]
    Foreign {
        /// The socket.
        path: PathBuf,
    },
    /// The socket is there, and cannot be used.
    #[error("could not connect to {path}")]
    Socket {
        /// The socket.
        path: PathBuf,
        /// Why.
        #[source]
        source: io::Error,
    },
    /// A directory of ours cannot be had.
    #[error(transparent)]
    Paths(#[from] PathsError),
}

/// Why the daemon could not be started.
#[derive(Debug, thiserror::Error)]
pub enum StartError {
    /// The program is neither beside this one nor on the search path.
    #[error("could not find sessionsd beside this program or in PATH")]
    Missing,
    /// The file for its output could not be made.
    #[error("could not open {path}")]
    Output {
        /// The file.
        path: PathBuf,
        /// Why.
        #[source]
        source: io::Error,
    },
    /// The program could not be executed.
    #[error("could not execute {path}")]
    Execute {
        /// The program.
        path: PathBuf,
        /// Why.
        #[source]
        source: io::Error,
    },
    /// It ended before it listened.
    #[error("{reason}")]
    Ended {
        /// What it said last, or how it ended.
        reason: String,
        /// What it said to do next.
        hint: Option<String>,
    },
    /// The service manager that keeps it did not start it.
    #[error(
        "{manager}, which keeps the daemon, did not start it: \"{command}\" ended with {reason}"
    )]
    Service {
        /// The manager.
        manager: &'static str,
        /// What it was asked with.
        command: String,
        /// How that ended.
        reason: String,
    },
    /// It runs, and did not listen in time.
    #[error("it did not listen on {socket} within {seconds} s")]
    Slow {
        /// The socket.
        socket: PathBuf,
        /// How long it was waited for.
        seconds: u64,
    },
    /// One runs, and does not listen.
    #[error("the daemon runs as process {pid}, and nobody listens on {socket}")]
    Deaf {
        /// Its process.
        pid: u32,
        /// The socket.
        socket: PathBuf,
    },
    /// The one before it did not end in time.
    #[error(
        "process {pid}, which it is to replace, did not end within {seconds} s of being told to"
    )]
    OldStays {
        /// The old daemon.
        pid: u32,
        /// How long it was waited for.
        seconds: u64,
    },
}

/// What an error means to whoever called.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum ErrorKind {
    /// There is no such thing.
    NotFound,
    /// The request was wrong.
    Usage,
    /// The daemon, or the environment it needs.
    Daemon,
    /// A defect of client or daemon.
    Internal,
}

impl ClientError {
    /// Returns what the error means to whoever called.
    pub fn kind(&self) -> ErrorKind {
        match self {
            Self::NotFound { .. } => ErrorKind::NotFound,
            Self::Ambiguous { .. }
            | Self::AmbiguousCheckpoint { .. }
            | Self::BadQuery { .. }
            | Self::BadPattern { .. }
            | Self::Refused { .. }
            | Self::Paths(PathsError::Root { .. }) => ErrorKind::Usage,
            Self::Daemon { .. }
            | Self::Unready { .. }
            | Self::Silent { .. }
            | Self::Stays { .. }
            | Self::Lost { .. }
            | Self::Outdated { .. }
            | Self::Absent
            | Self::Start(_)
            | Self::Foreign { .. }
            | Self::Socket { .. }
            | Self::Paths(_) => ErrorKind::Daemon,
            Self::Malformed { .. } => ErrorKind::Internal,
        }
    }

    pub(crate) fn from_status(status: &Status) -> Self {
        let message = status.message().to_owned();
        match status.code() {
            Code::NotFound => Self::NotFound { message },
            Code::InvalidArgument => match fault(status.details()) {
                Some(Fault::Query(span)) => Self::BadQuery {
                    span: Some(span),
                    message,
                },
                Some(Fault::Pattern(span)) => Self::BadPattern { span, message },
                None => Self::Refused { message },
            },
            Code::FailedPrecondition
            | Code::AlreadyExists
            | Code::OutOfRange
            | Code::PermissionDenied => Self::Refused { message },
            // What the transport fails with has a cause; what the daemon answers has none.
            Code::Unavailable | Code::Cancelled | Code::Unknown if status.source().is_some() => {
                Self::Lost {
                    reason: root_cause(status),
                }
            }
            Code::Unavailable | Code::ResourceExhausted => Self::Unready { message },
            Code::Cancelled | Code::DeadlineExceeded => Self::Unready {
                message: "the daemon did not answer in time".to_owned(),
            },
            _ => Self::Daemon { message },
        }
    }
}

/// Returns what is at the bottom of a failure of the transport: what lies above is told in its own terms.
fn root_cause(error: &dyn Error) -> String {
    let mut cause = error;
    while let Some(below) = cause.source() {
        cause = below;
    }
    let said = cause.to_string();
    // Where the transport knows no cause, it shows its own insides.
    if said.is_empty() || said.contains(['(', '{']) && !said.contains("os error") {
        "the daemon ended in mid-answer".into()
    } else {
        said
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn check(code: Code, expect: ErrorKind) {
        let error = ClientError::from_status(&Status::new(code, "what happened"));
        assert_eq!(error.kind(), expect, "{code:?}");
    }

    #[test]
    fn every_code_has_a_kind() {
        check(Code::NotFound, ErrorKind::NotFound);
        check(Code::InvalidArgument, ErrorKind::Usage);
        check(Code::FailedPrecondition, ErrorKind::Usage);
        check(Code::AlreadyExists, ErrorKind::Usage);
        check(Code::Unavailable, ErrorKind::Daemon);
        check(Code::Internal, ErrorKind::Daemon);
        check(Code::ResourceExhausted, ErrorKind::Daemon);
        check(Code::Unimplemented, ErrorKind::Daemon);
    }
}

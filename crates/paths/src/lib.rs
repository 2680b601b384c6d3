//! Where data, state, settings and the socket live.
//!
//! Every path follows from an [`Environment`], which a binary reads once. But for the list of config roots
//! and the note of the service, nothing here knows what the files hold, nor what a config file says.

mod environment;
mod paths;
mod private;
mod regular;
mod roots;
mod service;

use environment::real_path;
pub use environment::{Environment, PlatformDirs, absolute_path, leads_to_same, spelt};
pub use paths::{Paths, SOCKET_BYTES_MAX};
pub use private::create_private;
pub use regular::read_regular;
pub use roots::{RootFault, RootList};
pub use service::Service;

use std::io;
use std::path::PathBuf;

/// Why a place could not be had.
#[derive(Debug, thiserror::Error)]
pub enum PathsError {
    /// The platform names no home directory and `SESSIONS_HOME` is not set.
    #[error("no home directory is known, and SESSIONS_HOME is not set")]
    NoHome,
    /// The working directory, against which a relative setting is resolved, is gone.
    #[error("could not resolve {path} against the working directory")]
    Resolve {
        /// The relative path.
        path: PathBuf,
        /// Why.
        #[source]
        source: io::Error,
    },
    /// A directory could not be made or restricted.
    #[error("could not make the private directory {path}")]
    Create {
        /// The directory.
        path: PathBuf,
        /// Why.
        #[source]
        source: io::Error,
    },
    /// A directory that cannot be a config root was named as one.
    #[error("{} cannot be a config root: {fault}", path.display())]
    Root {
        /// The directory.
        path: PathBuf,
        /// Why.
        fault: RootFault,
    },
    /// The list of config roots could not be read or changed.
    #[error("could not use the list of config roots, {}", path.display())]
    RootList {
        /// The list.
        path: PathBuf,
        /// Why.
        #[source]
        source: io::Error,
    },
    /// The directory belongs to another user, or is no directory.
    #[error("{path} is not a directory of this user")]
    NotOurs {
        /// The directory.
        path: PathBuf,
    },
}

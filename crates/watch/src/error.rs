//! What can go wrong while watching. It must not know what the paths hold.

use std::io;
use std::path::PathBuf;

/// Why watching could not start.
#[derive(Debug, thiserror::Error)]
pub enum WatchError {
    /// The directory of cookie files cannot be used.
    #[error("could not open the cookie directory {path}", path = path.display())]
    CookieDirectory {
        /// The directory.
        path: PathBuf,
        /// What the system said.
        #[source]
        source: io::Error,
    },
}

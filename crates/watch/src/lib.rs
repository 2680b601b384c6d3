//! Says that a path changed, and nothing more.

//! The truth: every byte of every source, append-only.

//! The index through its public door: what is added is found, ranked, replaced and opened again.

#![expect(clippy::unwrap_used, reason = "a test ends where a step of it fails")]

mod changing;
mod containing;
mod corpus;
mod filtering;
mod opening;
mod ranking;
mod searching;

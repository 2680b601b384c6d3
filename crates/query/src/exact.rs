//! Exact search: lines that match, found in what texts say, not in what words they have.
//!
//! The index narrows ([`need`]), the archive is read ([`texts`]), and a pattern decides ([`pattern`]). What
//! the index says is never more than a reason to look.

mod batch;
mod lines;
mod need;
mod pattern;
mod raw;
mod resolve;
mod texts;
mod work;

pub(crate) use batch::{Batches, Looked};
pub(crate) use lines::{Around, Shown, matching};
pub(crate) use need::Need;
pub(crate) use pattern::Matcher;
pub use pattern::PATTERN_BYTES_MAX;
pub(crate) use raw::{Files, RawMatch};
pub use resolve::has_exact;
pub(crate) use resolve::{compile, conditions};
pub(crate) use texts::Text;
pub(crate) use work::Give;

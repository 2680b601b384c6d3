//! What the doctor found, as JSON.

use serde::Serialize;

use super::SCHEMA;
use crate::doctor::{Check, Level};

/// What was found.
#[derive(Debug, Serialize)]
pub(crate) struct DoctorJson<'a> {
    schema: u32,
    /// Whether nothing is wrong.
    healthy: bool,
    checks: Vec<CheckJson<'a>>,
}

#[derive(Debug, Serialize)]
struct CheckJson<'a> {
    name: &'a str,
    level: &'static str,
    message: &'a str,
    hint: Option<&'a str>,
}

impl<'a> DoctorJson<'a> {
    /// Converts checks.
    pub(crate) fn new(checks: &'a [Check]) -> Self {
        Self {
            schema: SCHEMA,
            healthy: checks.iter().all(|check| check.level != Level::Wrong),
            checks: checks.iter().map(CheckJson::new).collect(),
        }
    }
}

impl<'a> CheckJson<'a> {
    fn new(check: &'a Check) -> Self {
        Self {
            name: check.name,
            level: match check.level {
                Level::Good => "good",
                Level::Remark => "remark",
                Level::Wrong => "wrong",
            },
            message: &check.message,
            hint: check.hint.as_deref(),
        }
    }
}

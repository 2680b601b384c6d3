//! What a user may trip over: each check says how it stands, and names the mend.
//!
//! Looks at what it is handed and at files; must not know how it is asked for, nor change anything.

mod daemon;
mod machine;
mod places;
mod root;

pub(crate) use daemon::{firing, spool, status};
pub(crate) use machine::{Kept, Probe, limits, program, sandbox, service, version};
pub(crate) use places::{durability, places};
pub(crate) use root::{MANAGED, has_hooks, managed, project, root};

use crate::error::CliError;
use crate::render::text::visible;
use crate::terminal::{Paint, Role};

/// How something stands.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Level {
    /// As it should be.
    Good,
    /// Not as well as it could be.
    Remark,
    /// Something does not work.
    Wrong,
}

/// One thing that was looked at.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) struct Check {
    /// Its name, which stays the same.
    pub(crate) name: &'static str,
    /// How it stands.
    pub(crate) level: Level,
    /// What was found.
    pub(crate) message: String,
    /// The mend.
    pub(crate) hint: Option<String>,
}

impl Check {
    fn good(name: &'static str, message: impl Into<String>) -> Self {
        Self {
            name,
            level: Level::Good,
            message: message.into(),
            hint: None,
        }
    }

    fn remark(name: &'static str, message: impl Into<String>, hint: &str) -> Self {
        Self {
            level: Level::Remark,
            hint: Some(hint.to_owned()),
            ..Self::good(name, message)
        }
    }

    fn wrong(name: &'static str, message: impl Into<String>, hint: &str) -> Self {
        Self {
            level: Level::Wrong,
            ..Self::remark(name, message, hint)
        }
    }

    /// Makes one of a failure.
    pub(crate) fn of_error(name: &'static str, error: &CliError) -> Self {
        Self {
            level: Level::Wrong,
            hint: error.hint.clone(),
            ..Self::good(name, error.message.clone())
        }
    }

    /// Returns it for a person.
    pub(crate) fn lines(&self, paint: Paint) -> String {
        let word = match self.level {
            Level::Good => paint.paint(Role::Good, "ok    "),
            Level::Remark => paint.paint(Role::Warning, "note  "),
            Level::Wrong => paint.paint(Role::Bad, "WRONG "),
        };
        let mut text = format!("{word} {}: {}\n", self.name, visible(&self.message));
        if let Some(hint) = &self.hint {
            text.extend(["       hint: ", &visible(hint), "\n"]);
        }
        text
    }
}

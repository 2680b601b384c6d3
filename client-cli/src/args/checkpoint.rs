//! What `checkpoint` takes.

use clap::builder::NonEmptyStringValueParser;
use clap::{Args, Subcommand};

/// `sessions checkpoint`.
#[derive(Debug, Subcommand)]
pub(crate) enum Checkpoint {
    /// Name the place that a session is at now.
    Create(CreateCheckpoint),
    /// List checkpoints, latest first.
    List {
        /// Of this session: the start of its id, its title, or @.
        #[arg(long, short, value_name = "ID", value_parser = NonEmptyStringValueParser::new())]
        session: Option<String>,
        /// Print JSON; see docs/json.md.
        #[arg(long)]
        json: bool,
    },
    /// Show one.
    Show {
        /// The start of its id, or its name.
        #[arg(value_parser = NonEmptyStringValueParser::new())]
        name: String,
        /// Print what differed from the commit, as git does.
        #[arg(long, conflicts_with = "json")]
        diff: bool,
        /// Print JSON; see docs/json.md.
        #[arg(long)]
        json: bool,
    },
    /// Delete one; the session stays.
    Delete {
        /// The start of its id, or its name.
        #[arg(value_parser = NonEmptyStringValueParser::new())]
        name: String,
    },
}

/// `sessions checkpoint create`.
#[derive(Debug, Args)]
pub(crate) struct CreateCheckpoint {
    /// What to call it.
    #[arg(value_parser = NonEmptyStringValueParser::new())]
    pub(crate) name: Option<String>,
    /// In this session: the start of its id, its title, or @ for the one at hand (default: @).
    #[arg(long, short, value_name = "ID", value_parser = NonEmptyStringValueParser::new())]
    pub(crate) session: Option<String>,
    /// What is worth remembering about it.
    #[arg(long, value_name = "TEXT")]
    pub(crate) note: Option<String>,
}

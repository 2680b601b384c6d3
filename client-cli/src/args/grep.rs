//! `sessions grep` as it is typed: its flags are those that people know.

use clap::Args;
use clap::builder::NonEmptyStringValueParser;

/// Lines shown before or behind a match at most.
const AROUND_MAX: i64 = 100;

/// `sessions grep`.
#[derive(Debug, Args)]
#[expect(clippy::struct_excessive_bools, reason = "each is a flag, as typed")]
pub(crate) struct Grep {
    /// The regular expression; it matches within lines.
    #[arg(value_name = "REGEX", value_parser = NonEmptyStringValueParser::new())]
    pub(crate) pattern: String,
    /// Look only at what this query finds: words, and filters such as project: tool: kind: before:
    #[arg(value_name = "QUERY")]
    pub(crate) query: Vec<String>,
    /// Take capital and small letters for the same.
    #[arg(long, short)]
    pub(crate) ignore_case: bool,
    /// Match where words begin and end.
    #[arg(long, short)]
    pub(crate) word_regexp: bool,
    /// Take REGEX for the text itself.
    #[arg(long, short = 'F')]
    pub(crate) fixed_strings: bool,
    /// Print how many lines of each session match.
    #[arg(long, short, conflicts_with = "list")]
    pub(crate) count: bool,
    /// Print the sessions that have a match.
    #[arg(long, short)]
    pub(crate) list: bool,
    /// Lines to print after each that matches.
    #[arg(long, short = 'A', value_name = "N", value_parser = clap::value_parser!(u32).range(..=AROUND_MAX))]
    pub(crate) after_context: Option<u32>,
    /// Lines to print before each that matches.
    #[arg(long, short = 'B', value_name = "N", value_parser = clap::value_parser!(u32).range(..=AROUND_MAX))]
    pub(crate) before_context: Option<u32>,
    /// Lines to print around each that matches.
    #[arg(long, short = 'C', value_name = "N", default_value_t = 0,
          value_parser = clap::value_parser!(u32).range(..=AROUND_MAX))]
    pub(crate) context: u32,
    /// At most so many lines in all, or sessions with --list.
    #[arg(long, short = 'm', value_name = "N", value_parser = super::limit)]
    pub(crate) limit: Option<u32>,
    /// Look through the archived bytes, line by line, instead of what entries say.
    #[arg(long)]
    pub(crate) raw: bool,
    /// Print JSON, a line each; see docs/json.md.
    #[arg(long)]
    pub(crate) json: bool,
}

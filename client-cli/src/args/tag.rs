//! What `tag` takes.

use clap::Args;
use clap::builder::NonEmptyStringValueParser;

/// `sessions tag`.
#[derive(Debug, Args)]
pub(crate) struct Tag {
    /// The session: the start of its id, its title, or @ for the one at hand.
    #[arg(value_parser = NonEmptyStringValueParser::new())]
    pub(crate) id: String,
    /// Tags to give it; without any, those that it has are listed. Search finds them with tag:NAME.
    #[arg(value_parser = NonEmptyStringValueParser::new())]
    pub(crate) tags: Vec<String>,
    /// Take these tags from it instead.
    #[arg(long, short, requires = "tags")]
    pub(crate) remove: bool,
}

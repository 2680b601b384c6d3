//! What can be asked of the index, apart from any query language.

use std::sync::Arc;

use sessions_model::{EntryKind, Timestamp};

use crate::scope::OrdinalSet;
use crate::search::DocumentSet;

/// A condition on documents.
///
/// Words are given as typed: they are cut and folded by the same tokenizer as the indexed text. A
/// word without a letter, digit or symbol that is indexed (`->`) is no condition at all.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Expr {
    /// Every document.
    All,
    /// Holds the word, whole or as adjoining parts: `fooBar` finds `foo_bar`, `foo bar` and `foobar`.
    Word(String),
    /// Holds a word that starts so.
    Prefix(String),
    /// Holds the word or one that is an edit away, two edits for longer words.
    Typo(String),
    /// Holds the words next to one another in this order.
    Phrase(String),
    /// Meets every condition.
    And(Vec<Self>),
    /// Meets one condition at least.
    Or(Vec<Self>),
    /// Does not meet the condition.
    Not(Box<Self>),
    /// Is of this kind.
    Kind(EntryKind),
    /// Belongs to this tool: the name, or a part of it between `__`, in any case.
    Tool(String),
    /// Written by a model whose name contains this, in any case.
    Model(String),
    /// Written on this git branch: its name, or what follows one of its slashes, in any case.
    Branch(String),
    /// Names a file whose path holds these parts in a row.
    File(String),
    /// Stands in a subagent's transcript.
    IsSubagent,
    /// Reports an error.
    IsError,
    /// Holds an image.
    HasImage,
    /// Belongs to one of these sessions.
    Sessions(Arc<OrdinalSet>),
    /// Written at `from` or later and before `to`.
    Time {
        /// The first moment included.
        from: Option<Timestamp>,
        /// The first moment excluded.
        to: Option<Timestamp>,
    },
    /// May hold exactly this text, in any case, whatever stands around it: every document that does is found,
    /// and some that do not.
    Contains(String),
    /// Is one of these documents of the snapshot that is searched.
    Documents(DocumentSet),
}

//! The fields of the index and the words in its facet field.

use sessions_model::{EntryKind, SessionOrdinal};
use tantivy::schema::{
    FAST, Field, IndexRecordOption, NumericOptions, Schema, TextFieldIndexing, TextOptions,
};
use tantivy::tokenizer::TokenizerManager;

use crate::tokenize::{FacetTokenizer, TextTokenizer};

/// Changes whenever the fields, or what is written into them, change.
pub const SCHEMA_VERSION: u32 = 5;

/// Longest exact value that is indexed, in bytes.
pub(crate) const FACET_BYTES_MAX: usize = 256;

pub(crate) const SESSION: &str = "session";
pub(crate) const GENERATION: &str = "generation";
pub(crate) const OFFSET: &str = "offset";
pub(crate) const BLOCK: &str = "block";
pub(crate) const IDENTITY: &str = "identity";
pub(crate) const TRAITS: &str = "traits";
pub(crate) const TIME: &str = "time";
pub(crate) const TOOL: &str = "tool";
pub(crate) const MODEL: &str = "model";

const TEXT_TOKENIZER: &str = "sessions-text";
const FACET_TOKENIZER: &str = "sessions-facet";

/// Handles of the fields, in the order they are declared.
#[derive(Debug, Clone, Copy)]
pub(crate) struct Fields {
    /// The text, with positions.
    pub(crate) text: Field,
    /// Paths of files, with positions.
    pub(crate) files: Field,
    /// Exact values: see [`Facet`].
    pub(crate) facets: Field,
    pub(crate) session: Field,
    pub(crate) generation: Field,
    pub(crate) offset: Field,
    pub(crate) block: Field,
    /// A hash of record key and block: equal for copies.
    pub(crate) identity: Field,
    /// Kind and flags: see [`Traits`].
    pub(crate) traits: Field,
    /// Milliseconds since the epoch, 0 for none.
    pub(crate) time: Field,
    /// The tool's and the model's name as written, to count by.
    pub(crate) tool: Field,
    pub(crate) model: Field,
}

impl Fields {
    pub(crate) fn declare() -> (Schema, Self) {
        let mut builder = Schema::builder();
        let worded = |norms| {
            let indexing = TextFieldIndexing::default()
                .set_tokenizer(TEXT_TOKENIZER)
                .set_index_option(IndexRecordOption::WithFreqsAndPositions)
                .set_fieldnorms(norms);
            TextOptions::default().set_indexing_options(indexing)
        };
        let exact = TextFieldIndexing::default()
            .set_tokenizer(FACET_TOKENIZER)
            .set_index_option(IndexRecordOption::Basic)
            .set_fieldnorms(false);
        let column: NumericOptions = FAST.into();
        let name = TextOptions::default().set_fast("raw");
        let fields = Self {
            text: builder.add_text_field("text", worded(true)),
            files: builder.add_text_field("files", worded(false)),
            facets: builder
                .add_text_field("facets", TextOptions::default().set_indexing_options(exact)),
            session: builder.add_u64_field(SESSION, column.clone()),
            generation: builder.add_u64_field(GENERATION, column.clone()),
            offset: builder.add_u64_field(OFFSET, column.clone()),
            block: builder.add_u64_field(BLOCK, column.clone()),
            identity: builder.add_u64_field(IDENTITY, column.clone()),
            traits: builder.add_u64_field(TRAITS, column.clone()),
            time: builder.add_u64_field(TIME, column),
            tool: builder.add_text_field(TOOL, name.clone()),
            model: builder.add_text_field(MODEL, name),
        };
        (builder.build(), fields)
    }

    pub(crate) fn tokenizers() -> TokenizerManager {
        // The stock tokenizers stay: tantivy asks for one even for fields without text.
        let manager = TokenizerManager::default();
        manager.register(TEXT_TOKENIZER, TextTokenizer);
        manager.register(FACET_TOKENIZER, FacetTokenizer);
        manager
    }
}

/// An exact value: one letter for its class, then the value.
#[derive(Debug, Clone, Copy)]
pub(crate) enum Facet<'a> {
    Kind(EntryKind),
    Tool(&'a str),
    Model(&'a str),
    Branch(&'a str),
    Subagent,
    Error,
    Image,
    /// Its words do not tell all of its text: an exact search looks at it in any case.
    InPart,
    /// Control sequences may take letters from its words.
    Controls,
    /// It may have numbers of lines, which are no words.
    LineNumbers,
    /// A document that is replaced by its name within a session.
    Keyed(SessionOrdinal, &'a str),
}

/// The letters that the values of a class begin with.
pub(crate) const TOOL_PREFIX: &str = "t";
pub(crate) const MODEL_PREFIX: &str = "m";
pub(crate) const BRANCH_PREFIX: &str = "b";

impl Facet<'_> {
    /// Returns the value as it stands in the index.
    pub(crate) fn term(self) -> String {
        let mut term = match self {
            Self::Kind(kind) => format!("k{}", kind.code()),
            Self::Tool(name) => fold(TOOL_PREFIX, name),
            Self::Model(name) => fold(MODEL_PREFIX, name),
            Self::Branch(name) => fold(BRANCH_PREFIX, name),
            Self::Subagent => "s".to_owned(),
            Self::Error => "e".to_owned(),
            Self::Image => "p".to_owned(),
            Self::InPart => "u".to_owned(),
            Self::Controls => "c".to_owned(),
            Self::LineNumbers => "l".to_owned(),
            Self::Keyed(session, name) => format!("i{session}:{name}"),
        };
        term.truncate(term.floor_char_boundary(FACET_BYTES_MAX));
        term
    }
}

fn fold(prefix: &str, name: &str) -> String {
    let plain = name
        .chars()
        .filter(|c| !c.is_control())
        .flat_map(char::to_lowercase);
    prefix.chars().chain(plain).collect()
}

/// Kind and flags in one small number, read for every match.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) struct Traits {
    pub(crate) kind: EntryKind,
    pub(crate) is_subagent: bool,
    pub(crate) is_echo: bool,
}

impl Traits {
    const SUBAGENT: u64 = 1 << 5;
    const ECHO: u64 = 1 << 6;
    const KIND: u64 = Self::SUBAGENT - 1;

    pub(crate) fn pack(self) -> u64 {
        let flag = |is_set, flag| if is_set { flag } else { 0 };
        u64::from(self.kind.code())
            | flag(self.is_subagent, Self::SUBAGENT)
            | flag(self.is_echo, Self::ECHO)
    }

    pub(crate) fn unpack(packed: u64) -> Self {
        let kind = u8::try_from(packed & Self::KIND)
            .ok()
            .and_then(EntryKind::from_code);
        Self {
            kind: kind.unwrap_or(EntryKind::Unknown),
            is_subagent: packed & Self::SUBAGENT != 0,
            is_echo: packed & Self::ECHO != 0,
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn traits_come_back_as_they_went() {
        for kind in EntryKind::ALL {
            for (is_subagent, is_echo) in [(false, false), (true, false), (false, true)] {
                let traits = Traits {
                    kind,
                    is_subagent,
                    is_echo,
                };
                assert_eq!(Traits::unpack(traits.pack()), traits);
            }
        }
    }

    #[test]
    fn facets_fold_case_and_are_bounded() {
        let check = |facet: Facet<'_>, expect: &str| assert_eq!(facet.term(), expect);
        check(Facet::Tool("WebFetch"), "twebfetch");
        check(Facet::Branch("feat/\u{1f}Ä"), "bfeat/ä");
        check(Facet::Keyed(SessionOrdinal(7), "title"), "i7:title");
        assert!(Facet::Model(&"é".repeat(500)).term().len() <= FACET_BYTES_MAX);
    }
}

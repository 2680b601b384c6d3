//! A document on its way to an indexing thread: owned, and weighed so that the queue stays bounded.

use std::hash::Hasher as _;

use rustc_hash::FxHasher;
use sessions_model::RecordKey;
use tantivy::schema::document::{ReferenceValue, ReferenceValueLeaf, Value};
use tantivy::schema::{Document as TantivyDocument, Field};

use crate::document::Document;
use crate::queue::Weight;
use crate::schema::{FACET_BYTES_MAX, Facet, Fields, Traits};
use crate::tokenize::{FACET_SEPARATOR, Told, Traces};

/// Bytes that a row takes beside its texts, roughly.
const ROW_BYTES: usize = 256;

/// A document as the indexing threads take it.
///
/// Boxed: with each commit tantivy makes a queue of 10,000 places for four of these, and touches all of it.
#[derive(Debug)]
pub(crate) struct Row(Box<Content>);

/// Its columns stand in the order of their fields.
#[derive(Debug)]
struct Content {
    text: String,
    files: Vec<String>,
    facets: String,
    tool: Option<String>,
    model: Option<String>,
    columns: [(Field, u64); 7],
    fields: Fields,
    /// Released when the row has been indexed.
    weight: Option<Weight>,
}

impl Row {
    pub(crate) fn new(fields: Fields, document: &Document<'_>) -> Self {
        let traits = Traits {
            kind: document.kind,
            is_subagent: document.is_subagent,
            is_echo: document.is_echo,
        };
        let time = document
            .time
            .map_or(0, |time| u64::try_from(time.millis()).unwrap_or(0).max(1));
        Self(Box::new(Content {
            text: document.text.to_owned(),
            files: document
                .files
                .iter()
                .map(|file| file.clone().into_owned())
                .collect(),
            facets: facets_of(document),
            tool: document.tool.map(cut_name),
            model: document.model.map(cut_name),
            columns: [
                (fields.session, document.session.0),
                (fields.generation, document.generation.0),
                (fields.offset, document.offset.0),
                (fields.block, u64::from(document.block)),
                (fields.identity, identity(document.key, document.block)),
                (fields.traits, traits.pack()),
                (fields.time, time),
            ],
            fields,
            weight: None,
        }))
    }

    /// Has the queue count it until it has been indexed.
    pub(crate) fn weigh(&mut self, weight: Weight) {
        self.0.weight = Some(weight);
    }

    /// Adds an exact value.
    pub(crate) fn with_facet(mut self, facet: Facet<'_>) -> Self {
        self.0.facets.push(FACET_SEPARATOR);
        self.0.facets.push_str(&facet.term());
        self
    }

    pub(crate) fn bytes(&self) -> usize {
        let Content {
            text,
            files,
            facets,
            ..
        } = &*self.0;
        let files: usize = files.iter().map(String::len).sum();
        ROW_BYTES + text.len() + facets.len() + files
    }
}

/// Copies a name, as much of it as counts.
fn cut_name(name: &str) -> String {
    let end = name.floor_char_boundary(FACET_BYTES_MAX);
    name.get(..end).unwrap_or_default().to_owned()
}

/// A hash that copies of a record's block share.
fn identity(key: RecordKey, block: u32) -> u64 {
    let mut hasher = FxHasher::default();
    hasher.write_u64(key.0);
    hasher.write_u32(block);
    hasher.finish()
}

fn facets_of(document: &Document<'_>) -> String {
    let traces = Traces::of(document.text);
    let mut facets = Facet::Kind(document.kind).term();
    let named = [
        document.tool.map(Facet::Tool),
        document.model.map(Facet::Model),
        document.branch.map(Facet::Branch),
        document.is_subagent.then_some(Facet::Subagent),
        document.is_error.then_some(Facet::Error),
        document.has_image.then_some(Facet::Image),
        (document.is_cut || traces.told == Told::InPart).then_some(Facet::InPart),
        traces.has_controls.then_some(Facet::Controls),
        traces.has_line_numbers.then_some(Facet::LineNumbers),
    ];
    for facet in named.into_iter().flatten() {
        facets.push(FACET_SEPARATOR);
        facets.push_str(&facet.term());
    }
    facets
}

impl TantivyDocument for Row {
    type Value<'a> = Cell<'a>;
    type FieldsValuesIter<'a> = Box<dyn Iterator<Item = (Field, Cell<'a>)> + 'a>;

    fn iter_fields_and_values(&self) -> Self::FieldsValuesIter<'_> {
        let Content {
            text,
            files,
            facets,
            tool,
            model,
            columns,
            fields,
            ..
        } = &*self.0;
        let text = std::iter::once((fields.text, Cell::Text(text)));
        let files = files.iter().map(|file| (fields.files, Cell::Text(file)));
        let facets = std::iter::once((fields.facets, Cell::Text(facets)));
        let columns = columns
            .iter()
            .map(|&(field, value)| (field, Cell::Number(value)));
        let names = [(fields.tool, tool), (fields.model, model)];
        let names = names
            .into_iter()
            .filter_map(|(field, name)| Some((field, Cell::Text(name.as_deref()?))));
        Box::new(text.chain(files).chain(facets).chain(columns).chain(names))
    }
}

/// One value of a row.
#[derive(Debug, Clone, Copy)]
pub(crate) enum Cell<'a> {
    Text(&'a str),
    Number(u64),
}

impl<'a> Value<'a> for Cell<'a> {
    type ArrayIter = std::iter::Empty<Self>;
    type ObjectIter = std::iter::Empty<(&'a str, Self)>;

    fn as_value(&self) -> ReferenceValue<'a, Self> {
        ReferenceValue::Leaf(match *self {
            Cell::Text(text) => ReferenceValueLeaf::Str(text),
            Cell::Number(number) => ReferenceValueLeaf::U64(number),
        })
    }
}

//! One line to one record, whatever the line holds.
//!
//! Decides what a row is and what of it is shown and searched. Must not know other rows: joining and
//! pairing are the conversation's.

mod call;
mod client_text;
mod content;
mod kinds;
mod message;
mod notices;
mod owned;
mod result;

use std::borrow::Cow;
use std::mem::take;

use sessions_model::TitleKind;
use sessions_model::{Block, BlockKind, Defect, DefectKind, Parsed, Record, RecordKind, Title};

use crate::json_tokens::mend_surrogates;
use crate::key::{record_key, revision_key};
use crate::lines::LINE_BYTES_MAX;
use crate::object::object_end;
use crate::row::Row;
use crate::time::parse_time;

/// The type of a row that says the session's name.
const TITLE: &str = "custom-title";

/// Reads one line, without its newline: its first row, if it holds several. Never fails: what is no
/// record is a defect, what is no known record is kept raw.
///
/// Leading NULs, which a crash of the system leaves, are skipped. Memory is bounded by a small multiple
/// of [`LINE_BYTES_MAX`].
pub fn parse(line: &[u8]) -> Parsed<'_> {
    parse_first(line).0
}

/// Reads the row that a line begins with; returns the bytes of it that are left then.
pub(crate) fn parse_first(line: &[u8]) -> (Parsed<'_>, &[u8]) {
    if line.len() > LINE_BYTES_MAX {
        let kind = DefectKind::TooLong;
        let at = LINE_BYTES_MAX;
        return (Parsed::Defect(Defect { kind, at }), &[]);
    }
    match parse_whole(line) {
        Parsed::Defect(defect) => parse_beginning(line, defect),
        whole => (whole, &[]),
    }
}

/// Reads a line that is no row as a whole: a writer that was ended before a row's newline may have been
/// followed by one that knew nothing of it.
fn parse_beginning(line: &[u8], defect: Defect) -> (Parsed<'_>, &[u8]) {
    match object_end(line) {
        Some(end) if end < line.trim_ascii_end().len() => parse_next(line),
        _ => (Parsed::Defect(defect), &[]),
    }
}

/// Reads the next row of a line that holds several, looking no further than it reaches: there may be any number.
pub(crate) fn parse_next(line: &[u8]) -> (Parsed<'_>, &[u8]) {
    let (row, rest) = line.split_at(object_end(line).unwrap_or(line.len()));
    (parse_whole(row), rest)
}

fn parse_whole(line: &[u8]) -> Parsed<'_> {
    let nuls = line.iter().take_while(|byte| **byte == 0).count();
    let (_, written) = line.split_at(nuls);
    let text = match str::from_utf8(written) {
        Ok(text) => text.trim_ascii_end(),
        Err(error) => {
            let at = nuls + error.valid_up_to();
            return Parsed::Defect(Defect {
                kind: DefectKind::Encoding,
                at,
            });
        }
    };
    // Editors put a byte order mark before a file's first line.
    let json = text.trim_start_matches(|c: char| c == '\u{feff}' || c.is_ascii_whitespace());
    if json.is_empty() {
        return Parsed::Blank;
    }
    let start = nuls + text.len() - json.len();
    match read(json) {
        Ok(record) => Parsed::Record(record),
        Err(defect) => Parsed::Defect(Defect {
            at: start + defect.at,
            ..defect
        }),
    }
}

fn read(json: &str) -> Result<Record<'_>, Defect> {
    if !json.starts_with('{') {
        return Err(not_an_object(json));
    }
    match serde_json::from_str::<Row<'_>>(json) {
        Ok(row) => record(row, json).ok_or(Defect {
            kind: DefectKind::Shape,
            at: 0,
        }),
        Err(error) => read_mended(json).ok_or_else(|| defect(&error)),
    }
}

/// Reads a line that a strict parser refuses for half an emoji alone.
fn read_mended(json: &str) -> Option<Record<'static>> {
    let mended = mend_surrogates(json)?;
    let row = serde_json::from_str(&mended).ok()?;
    record(row, &mended).map(owned::into_owned)
}

fn not_an_object(json: &str) -> Defect {
    match serde_json::from_str::<serde::de::IgnoredAny>(json) {
        Ok(_) => Defect {
            kind: DefectKind::Shape,
            at: 0,
        },
        Err(error) => defect(&error),
    }
}

fn defect(error: &serde_json::Error) -> Defect {
    let kind = if error.is_data() {
        DefectKind::Shape
    } else {
        DefectKind::Json
    };
    Defect {
        kind,
        at: error.column().saturating_sub(1),
    }
}

/// What the type of a record alone decides.
struct Content<'a> {
    kind: RecordKind,
    type_name: Cow<'a, str>,
    is_prompt: bool,
    message: Option<sessions_model::Message<'a>>,
    blocks: Vec<Block<'a>>,
    title: Option<Title<'a>>,
}

impl<'a> Content<'a> {
    fn new(kind: RecordKind, type_name: Cow<'a, str>, blocks: Vec<Block<'a>>) -> Self {
        Self {
            kind,
            type_name,
            is_prompt: false,
            message: None,
            blocks,
            title: None,
        }
    }

    /// A row whose meaning is not known: shown as it stands.
    fn unknown(type_name: Cow<'a, str>, json: &'a str) -> Self {
        Self::new(
            RecordKind::Unknown,
            type_name,
            vec![block(0, BlockKind::Unknown, json.into())],
        )
    }
}

fn record<'a>(mut row: Row<'a>, json: &'a str) -> Option<Record<'a>> {
    // The file beside a transcript that holds its title does not say what it is.
    let untyped = || Some(Cow::Borrowed(TITLE)).filter(|_| row.custom_title.as_text().is_some());
    let type_name = take(&mut row.kind).name().or_else(untyped)?;
    let content = content(type_name, &mut row, json);
    let uuid = row.uuid.name();
    Some(Record {
        kind: content.kind,
        type_name: content.type_name,
        key: match &uuid {
            Some(uuid) => revision_key(uuid, &content.blocks),
            None => record_key(json.as_bytes()),
        },
        uuid,
        parent: row.parent_uuid.name().or(row.logical_parent_uuid.name()),
        session: row.session_id.name(),
        agent: row.agent_id.name(),
        time: row.timestamp.as_text().and_then(parse_time),
        cwd: row.cwd.name().filter(|cwd| !cwd.is_empty()),
        branch: row
            .git_branch
            .name()
            .filter(|branch| !matches!(branch.as_ref(), "" | "HEAD")),
        entrypoint: row.entrypoint.name(),
        version: row.version.name(),
        is_sidechain: row.is_sidechain.is_true(),
        is_prompt: content.is_prompt,
        message: content.message,
        blocks: content.blocks,
        title: content.title,
        forked_from: row.forked_from.0.and_then(|from| from.session_id.name()),
        worktree_of: row
            .worktree_session
            .0
            .and_then(|worktree| worktree.original_cwd.name()),
    })
}

fn content<'a>(type_name: Cow<'a, str>, row: &mut Row<'a>, json: &'a str) -> Content<'a> {
    match kinds::kind_of(&type_name) {
        RecordKind::User => message::user(type_name, row, json),
        RecordKind::Assistant => message::assistant(type_name, row, json),
        RecordKind::Attachment => notices::attachment(row),
        RecordKind::System => notices::system(row, json),
        RecordKind::QueueOperation => notices::queue_operation(type_name, row),
        RecordKind::Title => title(type_name, row),
        RecordKind::Unknown => Content::unknown(type_name, json),
        quiet @ (RecordKind::Noise | RecordKind::Progress | RecordKind::State) => {
            Content::new(quiet, type_name, Vec::new())
        }
    }
}

fn title<'a>(type_name: Cow<'a, str>, row: &mut Row<'a>) -> Content<'a> {
    let (kind, shown_as, text) = match type_name.as_ref() {
        "summary" => (
            TitleKind::Summary,
            BlockKind::Summary,
            take(&mut row.summary),
        ),
        "ai-title" => (TitleKind::Ai, BlockKind::Title, take(&mut row.ai_title)),
        "agent-name" => (
            TitleKind::Custom,
            BlockKind::Title,
            take(&mut row.agent_name),
        ),
        _ => (
            TitleKind::Custom,
            BlockKind::Title,
            take(&mut row.custom_title),
        ),
    };
    let text = text.text().filter(|text| !text.trim().is_empty());
    let blocks = text
        .iter()
        .map(|text| block(0, shown_as, text.clone()))
        .collect();
    let title = text.map(|text| Title { kind, text });
    Content {
        title,
        ..Content::new(RecordKind::Title, type_name, blocks)
    }
}

/// Makes a block of text alone.
fn block(index: u32, kind: BlockKind, text: Cow<'_, str>) -> Block<'_> {
    Block {
        index,
        kind,
        text,
        tool: None,
        call: None,
        files: Vec::new(),
        is_error: false,
        images: 0,
        agent: None,
        spilled: None,
    }
}

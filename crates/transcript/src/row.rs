//! The JSON of a line, as the client writes it.
//!
//! One flat struct holds the fields of every record type that we read; the rest is skipped without a
//! copy. Fields are lenient: a value of the wrong type reads as absent, never as an error.

mod lenient;

use serde::Deserialize;
use serde_json::value::RawValue;

pub(crate) use lenient::{List, Object, Scalar};

/// A line of a transcript.
#[derive(Debug, Default, Deserialize)]
#[serde(default, rename_all = "camelCase")]
pub(crate) struct Row<'a> {
    #[serde(borrow, rename = "type")]
    pub(crate) kind: Scalar<'a>,
    #[serde(borrow)]
    pub(crate) subtype: Scalar<'a>,
    #[serde(borrow)]
    pub(crate) uuid: Scalar<'a>,
    #[serde(borrow)]
    pub(crate) parent_uuid: Scalar<'a>,
    #[serde(borrow)]
    pub(crate) logical_parent_uuid: Scalar<'a>,
    #[serde(borrow)]
    pub(crate) session_id: Scalar<'a>,
    #[serde(borrow)]
    pub(crate) agent_id: Scalar<'a>,
    #[serde(borrow)]
    pub(crate) timestamp: Scalar<'a>,
    #[serde(borrow)]
    pub(crate) cwd: Scalar<'a>,
    #[serde(borrow)]
    pub(crate) git_branch: Scalar<'a>,
    #[serde(borrow)]
    pub(crate) entrypoint: Scalar<'a>,
    #[serde(borrow)]
    pub(crate) version: Scalar<'a>,
    #[serde(borrow)]
    pub(crate) is_sidechain: Scalar<'a>,
    #[serde(borrow)]
    pub(crate) is_meta: Scalar<'a>,
    #[serde(borrow)]
    pub(crate) is_compact_summary: Scalar<'a>,
    #[serde(borrow)]
    pub(crate) is_visible_in_transcript_only: Scalar<'a>,
    #[serde(borrow)]
    pub(crate) is_api_error_message: Scalar<'a>,
    #[serde(borrow)]
    pub(crate) prompt_source: Scalar<'a>,
    #[serde(borrow)]
    pub(crate) turn_origin: Scalar<'a>,
    #[serde(borrow)]
    pub(crate) origin: Object<Kind<'a>>,
    #[serde(borrow)]
    pub(crate) forked_from: Object<ForkedFrom<'a>>,
    #[serde(borrow)]
    pub(crate) request_id: Scalar<'a>,
    #[serde(borrow)]
    pub(crate) message: Object<MessageRow<'a>>,
    #[serde(borrow)]
    pub(crate) tool_use_result: Option<&'a RawValue>,
    #[serde(borrow)]
    pub(crate) attachment: Object<AttachmentRow<'a>>,
    #[serde(borrow)]
    pub(crate) content: Option<&'a RawValue>,
    #[serde(borrow)]
    pub(crate) error: Option<&'a RawValue>,
    #[serde(borrow)]
    pub(crate) hook_errors: Option<&'a RawValue>,
    #[serde(borrow)]
    pub(crate) command_run: Object<CommandRun<'a>>,
    #[serde(borrow)]
    pub(crate) operation: Scalar<'a>,
    #[serde(borrow)]
    pub(crate) summary: Scalar<'a>,
    #[serde(borrow)]
    pub(crate) custom_title: Scalar<'a>,
    #[serde(borrow)]
    pub(crate) agent_name: Scalar<'a>,
    #[serde(borrow)]
    pub(crate) ai_title: Scalar<'a>,
    #[serde(borrow)]
    pub(crate) worktree_session: Object<Worktree<'a>>,
}

/// `{kind}`.
#[derive(Debug, Default, Deserialize)]
#[serde(default)]
pub(crate) struct Kind<'a> {
    #[serde(borrow)]
    pub(crate) kind: Scalar<'a>,
}

/// Where a branched session's row was copied from.
#[derive(Debug, Default, Deserialize)]
#[serde(default, rename_all = "camelCase")]
pub(crate) struct ForkedFrom<'a> {
    #[serde(borrow)]
    pub(crate) session_id: Scalar<'a>,
}

/// A slash command that the client ran by itself.
#[derive(Debug, Default, Deserialize)]
#[serde(default)]
pub(crate) struct CommandRun<'a> {
    #[serde(borrow)]
    pub(crate) command: Scalar<'a>,
    #[serde(borrow)]
    pub(crate) args: Scalar<'a>,
}

/// The worktree that a session moved into.
#[derive(Debug, Default, Deserialize)]
#[serde(default, rename_all = "camelCase")]
pub(crate) struct Worktree<'a> {
    #[serde(borrow)]
    pub(crate) original_cwd: Scalar<'a>,
}

/// `message` of user and assistant rows.
#[derive(Debug, Default, Deserialize)]
#[serde(default)]
pub(crate) struct MessageRow<'a> {
    #[serde(borrow)]
    pub(crate) id: Scalar<'a>,
    #[serde(borrow)]
    pub(crate) model: Scalar<'a>,
    #[serde(borrow)]
    pub(crate) stop_reason: Scalar<'a>,
    #[serde(borrow)]
    pub(crate) usage: Object<UsageRow<'a>>,
    #[serde(borrow)]
    pub(crate) content: List<'a, Object<BlockRow<'a>>>,
}

/// `message.usage`.
#[derive(Debug, Default, Deserialize)]
#[serde(default)]
pub(crate) struct UsageRow<'a> {
    #[serde(borrow, rename = "input_tokens")]
    pub(crate) input: Scalar<'a>,
    #[serde(borrow, rename = "output_tokens")]
    pub(crate) output: Scalar<'a>,
    #[serde(borrow, rename = "cache_read_input_tokens")]
    pub(crate) cache_read: Scalar<'a>,
    #[serde(borrow, rename = "cache_creation_input_tokens")]
    pub(crate) cache_creation: Scalar<'a>,
}

/// One content block of a message.
#[derive(Debug, Default, Deserialize)]
#[serde(default)]
pub(crate) struct BlockRow<'a> {
    #[serde(borrow, rename = "type")]
    pub(crate) kind: Scalar<'a>,
    #[serde(borrow)]
    pub(crate) text: Scalar<'a>,
    #[serde(borrow)]
    pub(crate) thinking: Scalar<'a>,
    #[serde(borrow)]
    pub(crate) id: Scalar<'a>,
    #[serde(borrow)]
    pub(crate) name: Scalar<'a>,
    #[serde(borrow)]
    pub(crate) input: Option<&'a RawValue>,
    #[serde(borrow)]
    pub(crate) tool_use_id: Scalar<'a>,
    #[serde(borrow)]
    pub(crate) content: List<'a, &'a RawValue>,
    #[serde(borrow)]
    pub(crate) is_error: Scalar<'a>,
    #[serde(borrow)]
    pub(crate) source: Object<DocumentSource<'a>>,
}

impl BlockRow<'_> {
    /// Tells a document whose text is in the block itself.
    pub(crate) fn is_text_document(&self) -> bool {
        let source = self.source.0.as_ref();
        source.is_some_and(|source| source.kind.as_text() == Some("text"))
    }
}

/// Where a document is.
#[derive(Debug, Default, Deserialize)]
#[serde(default)]
pub(crate) struct DocumentSource<'a> {
    #[serde(borrow, rename = "type")]
    pub(crate) kind: Scalar<'a>,
}

/// `message.content` once more, each block as it stands: read only when a block is of an unknown type.
#[derive(Debug, Default, Deserialize)]
#[serde(default)]
pub(crate) struct RawMessageRow<'a> {
    #[serde(borrow)]
    pub(crate) message: Object<RawContent<'a>>,
}

/// The blocks of [`RawMessageRow`].
#[derive(Debug, Default, Deserialize)]
#[serde(default)]
pub(crate) struct RawContent<'a> {
    #[serde(borrow)]
    pub(crate) content: List<'a, &'a RawValue>,
}

/// What we read of `toolUseResult`.
#[derive(Debug, Default, Deserialize)]
#[serde(default, rename_all = "camelCase")]
pub(crate) struct ToolUseResult<'a> {
    #[serde(borrow)]
    pub(crate) agent_id: Scalar<'a>,
    #[serde(borrow)]
    pub(crate) persisted_output_path: Scalar<'a>,
}

/// `attachment`.
#[derive(Debug, Default, Deserialize)]
#[serde(default, rename_all = "camelCase")]
pub(crate) struct AttachmentRow<'a> {
    #[serde(borrow, rename = "type")]
    pub(crate) kind: Scalar<'a>,
    #[serde(borrow)]
    pub(crate) prompt: Option<&'a RawValue>,
    #[serde(borrow)]
    pub(crate) human_turn: Scalar<'a>,
    #[serde(borrow)]
    pub(crate) is_meta: Scalar<'a>,
    #[serde(borrow)]
    pub(crate) hook_name: Scalar<'a>,
    #[serde(borrow)]
    pub(crate) content: Option<&'a RawValue>,
    #[serde(borrow)]
    pub(crate) message: Option<&'a RawValue>,
    #[serde(borrow)]
    pub(crate) blocking_error: Option<&'a RawValue>,
    #[serde(borrow)]
    pub(crate) stdout: Option<&'a RawValue>,
    #[serde(borrow)]
    pub(crate) stderr: Option<&'a RawValue>,
}

/// `sessions/<pid>.json`.
#[derive(Debug, Default, Deserialize)]
#[serde(default, rename_all = "camelCase")]
pub(crate) struct LiveRow<'a> {
    #[serde(borrow)]
    pub(crate) pid: Scalar<'a>,
    #[serde(borrow)]
    pub(crate) session_id: Scalar<'a>,
    #[serde(borrow)]
    pub(crate) cwd: Scalar<'a>,
    #[serde(borrow)]
    pub(crate) started_at: Scalar<'a>,
    #[serde(borrow)]
    pub(crate) proc_start: Scalar<'a>,
    #[serde(borrow)]
    pub(crate) name: Scalar<'a>,
    #[serde(borrow)]
    pub(crate) entrypoint: Scalar<'a>,
}

/// `agent-<agent>.meta.json`.
#[derive(Debug, Default, Deserialize)]
#[serde(default, rename_all = "camelCase")]
pub(crate) struct MetaRow<'a> {
    #[serde(borrow)]
    pub(crate) tool_use_id: Scalar<'a>,
}

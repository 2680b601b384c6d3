//! A record that borrows from nothing.

use std::borrow::Cow;

use sessions_model::{Block, Message, Record, Title};

/// Copies what `record` borrows.
pub(super) fn into_owned(record: Record<'_>) -> Record<'static> {
    Record {
        kind: record.kind,
        type_name: text(record.type_name),
        key: record.key,
        uuid: record.uuid.map(text),
        parent: record.parent.map(text),
        session: record.session.map(text),
        agent: record.agent.map(text),
        time: record.time,
        cwd: record.cwd.map(text),
        branch: record.branch.map(text),
        entrypoint: record.entrypoint.map(text),
        version: record.version.map(text),
        is_sidechain: record.is_sidechain,
        is_prompt: record.is_prompt,
        message: record.message.map(message),
        blocks: record.blocks.into_iter().map(block).collect(),
        title: record.title.map(|title| Title {
            kind: title.kind,
            text: text(title.text),
        }),
        forked_from: record.forked_from.map(text),
        worktree_of: record.worktree_of.map(text),
    }
}

fn text(text: Cow<'_, str>) -> Cow<'static, str> {
    Cow::Owned(text.into_owned())
}

fn message(message: Message<'_>) -> Message<'static> {
    Message {
        id: message.id.map(text),
        request: message.request.map(text),
        model: message.model.map(text),
        stop_reason: message.stop_reason.map(text),
        usage: message.usage,
    }
}

fn block(block: Block<'_>) -> Block<'static> {
    Block {
        index: block.index,
        kind: block.kind,
        text: text(block.text),
        tool: block.tool.map(text),
        call: block.call.map(text),
        files: block.files.into_iter().map(text).collect(),
        is_error: block.is_error,
        images: block.images,
        agent: block.agent.map(text),
        spilled: block.spilled.map(text),
    }
}

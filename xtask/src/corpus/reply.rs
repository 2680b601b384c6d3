//! An API message: a row for each of its blocks, and the request that is captured before it.

use super::json;
use super::needle::Kind;
use super::random::wide;
use super::scene::{Era, Scene};
use super::spread::THOUGHT_WORDS;

/// How often the model thinks before it acts.
const THINKS: f64 = 0.35;
/// How often it says something before it acts.
const SPEAKS: f64 = 0.4;

/// An API message in the making.
#[derive(Debug)]
pub(crate) struct Reply {
    id: String,
    request: String,
    capture: String,
    blocks: usize,
    stop: &'static str,
    tokens: usize,
}

impl Scene<'_> {
    /// Begins a message that ends in a tool call.
    pub(crate) fn reply_with_call(&mut self) -> Reply {
        let mut reply = self.begin_reply("tool_use");
        if self.needles.wants(Kind::Thinking) || self.random.chance(THINKS) {
            self.think(&mut reply);
        }
        if self.random.chance(SPEAKS) {
            let text = self.source.sentence(8, 40, &mut self.random);
            self.say(&mut reply, &text);
        }
        reply
    }

    /// Begins a message that ends the turn.
    pub(crate) fn reply_with_answer(&mut self) -> Reply {
        self.begin_reply("end_turn")
    }

    /// Appends a text block's row.
    pub(crate) fn say(&mut self, reply: &mut Reply, text: &str) {
        self.block_row(
            reply,
            &format!(r#"{{"type":"text","text":{}}}"#, json::string(text)),
        );
    }

    /// Appends a tool call's row and returns the call's id and the row's uuid.
    pub(crate) fn call(&mut self, reply: &mut Reply, tool: &str, input: &str) -> Call {
        let id = self.random.api_id("toolu_01", 22);
        let block = format!(r#"{{"type":"tool_use","id":"{id}","name":"{tool}","input":{input}}}"#);
        let row = self.block_row(reply, &block);
        Call { id, row }
    }

    /// Begins a message that says nothing yet.
    pub(crate) fn begin_reply(&mut self, stop: &'static str) -> Reply {
        let capture = self.random.uuid();
        if self.cast.era == Era::Current {
            self.capture_request(&capture);
        }
        let id = self.random.api_id("msg_01", 22);
        let request = self.random.api_id("req_011C", 20);
        let fresh = self.random.between(100, 4000);
        self.context_tokens += fresh;
        let tokens = self.random.between(40, 900);
        Reply {
            id,
            request,
            capture,
            blocks: 0,
            stop,
            tokens,
        }
    }

    fn think(&mut self, reply: &mut Reply) {
        let mut text = String::new();
        let words = THOUGHT_WORDS.draw(&mut self.random);
        self.source.prose.push(words, &mut self.random, &mut text);
        self.plant(Kind::Thinking, &mut text);
        let mut block = String::from(r#"{"type":"thinking","thinking":"#);
        json::push_string(&text, &mut block);
        block.push_str(r#","signature":""#);
        let length = self.random.between(300, 1200);
        self.random.push_base64(length, &mut block);
        block.push_str("\"}");
        self.block_row(reply, &block);
    }

    fn block_row(&mut self, reply: &mut Reply, block: &str) -> String {
        self.wait(300, 9_000);
        let uuid = self.open_row();
        let usage = self.usage(reply.tokens);
        let (id, stop, model) = (&reply.id, reply.stop, self.cast.model);
        let message = format!(
            r#","message":{{"id":"{id}","type":"message","role":"assistant","model":"{model}","content":[{block}],"stop_reason":"{stop}","stop_sequence":null,"usage":{usage}}}"#
        );
        self.text.push_str(&message);
        self.push(format_args!(r#","requestId":"{}""#, reply.request));
        if self.cast.era == Era::Current {
            self.push(format_args!(
                r#","apiBlockIndex":{},"requestRef":"{}","requestedModel":"{model}","promptCacheRequested":"5m","effort":"medium","madeBy":"model""#,
                reply.blocks, reply.capture
            ));
        }
        self.text.push_str(r#","type":"assistant""#);
        self.close_row(&uuid, "");
        reply.blocks += 1;
        uuid
    }

    fn usage(&self, tokens: usize) -> String {
        let (cached, fresh) = (self.context_tokens, tokens * 3 / 2);
        format!(
            r#"{{"input_tokens":{},"cache_creation_input_tokens":{fresh},"cache_read_input_tokens":{cached},"output_tokens":{tokens},"server_tool_use":{{"web_search_requests":0,"web_fetch_requests":0}},"service_tier":"standard","cache_creation":{{"ephemeral_1h_input_tokens":0,"ephemeral_5m_input_tokens":{fresh}}},"iterations":[],"speed":"standard"}}"#,
            1 + wide(tokens) % 11
        )
    }
}

/// A tool call that waits for its result.
#[derive(Debug)]
pub(crate) struct Call {
    /// `tool_use.id`.
    pub(crate) id: String,
    /// The uuid of its row.
    pub(crate) row: String,
}

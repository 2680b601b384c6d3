//! What the client writes for itself: announcements, captured requests, state that is repeated.
//!
//! Most bytes of a short session are these. They are kept in an archive and left out of an index.

use super::boilerplate::reminder;
use super::json;
use super::random::float;
use super::random::wide;
use super::scene::{Era, Scene};

/// State rows are repeated after so many bytes.
const STATE_EVERY_BYTES: usize = 32 << 10;
/// Messages that a request adds to the one before.
const REQUEST_MESSAGES: usize = 2;

impl Scene<'_> {
    /// Appends what follows the first prompt of a session.
    pub(crate) fn announce(&mut self) {
        if self.cast.era == Era::Earlier {
            return;
        }
        let cwd = json::string(&self.project.cwd);
        let environment = format!(
            r#"{{"type":"environment","snapshot":{{"workingDirectory":{cwd},"isWorktree":false,"isGitRepo":true,"additionalWorkingDirectories":[],"platform":"linux","shell":"bash","osVersion":"Linux 6.12"}}}}"#
        );
        let rendered = reminder(&format!(
            "Working directory: {}\nPlatform: linux",
            self.project.cwd
        ));
        self.attachment_row(&environment, Some(&rendered));
        let model = format!(
            r#"{{"type":"model","identity":{{"modelId":"{}"}}}}"#,
            self.cast.model
        );
        self.attachment_row(&model, Some(&reminder(self.cast.model)));
        for announcement in &self.source.boilerplate.announcements {
            self.attachment_row(&announcement.attachment, Some(&announcement.rendered));
        }
        self.write_state();
        self.attachment_row(r#"{"type":"session_context","context":{}}"#, None);
        self.attachment_row(&self.source.boilerplate.short_snapshot, None);
    }

    /// Appends the capture of a request, and of the request's frame before the first.
    pub(crate) fn capture_request(&mut self, id: &str) {
        let base = self.request.replace(id.to_owned());
        if base.is_none() {
            self.capture_shape();
        }
        let (session, shape) = (
            self.cast.session.clone(),
            &self.source.boilerplate.shape_hash,
        );
        let time = json::timestamp(self.now);
        let base = base.map_or_else(String::new, |base| format!(r#","base":"{base}""#));
        let agent = self.agent_field();
        let tail = [self.random.hex(64), self.random.hex(64)].join("\",\"");
        let (keep, digest) = (self.context_messages, self.random.hex(64));
        self.context_messages += REQUEST_MESSAGES;
        self.state_row(format_args!(
            r#""type":"api-request","sessionId":"{session}"{agent},"id":"{id}","timestamp":"{time}","version":"2.1.330","querySource":"repl_main_thread","shapeHash":"{shape}","params":{{"max_tokens":128000,"thinking":{{"type":"adaptive","display":"updates"}},"context_management":{{"edits":[{{"type":"clear_thinking_20251015","keep":"all"}}]}},"output_config":{{"effort":"medium"}}}}{base},"keep":{keep},"tail":["{tail}"],"cacheControl":[{{"path":["system",0],"value":{{"type":"ephemeral"}}}}],"requestDigest":"{digest}""#
        ));
    }

    /// Appends the snapshot that follows the first tool call.
    pub(crate) fn snapshot_tools(&mut self) {
        if self.cast.era == Era::Current {
            self.attachment_row(&self.source.boilerplate.full_snapshot, None);
        }
    }

    /// Repeats the state rows when enough was written since the last time.
    pub(crate) fn refresh_state(&mut self) {
        let is_due = self.text.len() >= self.state_written_at + STATE_EVERY_BYTES;
        if is_due && self.agent.is_none() {
            self.write_state();
        }
    }

    /// Appends the rows of a session that ends.
    pub(crate) fn write_end(&mut self) {
        self.write_state();
        if self.cast.era == Era::Current {
            let (session, model) = (self.cast.session.clone(), self.cast.model);
            let tokens = self.context_tokens;
            let cost = float(wide(tokens)) / 60_000.0;
            self.state_row(format_args!(
                r#""type":"cost-state","sessionId":"{session}","totalCostUSD":{cost:.4},"totalAPIDuration":{},"totalLinesAdded":0,"totalLinesRemoved":0,"modelUsage":{{"{model}":{{"inputTokens":{tokens},"outputTokens":{},"costUSD":{cost:.4}}}}},"hasUnknownModelCost":false"#,
                tokens * 3,
                tokens / 20
            ));
        }
    }

    fn write_state(&mut self) {
        self.state_written_at = self.text.len();
        let session = self.cast.session.clone();
        if let Some(leaf) = self.parent.clone() {
            let prompt = json::string(&self.last_prompt);
            self.state_row(format_args!(
                r#""type":"last-prompt","lastPrompt":{prompt},"leafUuid":"{leaf}","sessionId":"{session}""#
            ));
        }
        self.write_title();
        if self.cast.era == Era::Current {
            self.state_row(format_args!(
                r#""type":"mode","mode":"normal","sessionId":"{session}""#
            ));
            self.state_row(format_args!(
                r#""type":"atis-latch","atis":"","sessionId":"{session}""#
            ));
        }
    }

    /// Appends the name that the user gave, if there is one.
    pub(crate) fn write_title(&mut self) {
        if let Some(title) = self.title.clone() {
            let (title, session) = (json::string(&title), self.cast.session.clone());
            self.state_row(format_args!(
                r#""type":"custom-title","customTitle":{title},"sessionId":"{session}""#
            ));
            self.state_row(format_args!(
                r#""type":"agent-name","agentName":{title},"sessionId":"{session}""#
            ));
        }
    }

    fn capture_shape(&mut self) {
        let (session, agent) = (self.cast.session.clone(), self.agent_field());
        let time = json::timestamp(self.now);
        let boilerplate = &self.source.boilerplate;
        self.state_row(format_args!(
            r#""type":"api-request-shape","sessionId":"{session}"{agent},"shapeHash":"{}","timestamp":"{time}","version":"2.1.330","shape":{}"#,
            boilerplate.shape_hash, boilerplate.shape
        ));
        let hash = self.random.hex(64);
        let prompt = json::string(&self.last_prompt);
        self.state_row(format_args!(
            r#""type":"api-request-blob","sessionId":"{session}"{agent},"hash":"{hash}","message":{{"role":"user","content":[{{"type":"text","text":{prompt}}}]}}"#
        ));
    }

    fn agent_field(&self) -> String {
        self.agent
            .as_ref()
            .map_or_else(String::new, |agent| format!(r#","agentId":"{agent}""#))
    }
}

//! A session: prompts, tool calls, answers, and what happens now and then.
//!
//! Owns the course of a session and when it ends. Rows are `row`'s, tools are `tool`'s.

use super::json;
use super::needle::Kind;
use super::random::wide;
use super::scene::{Era, Scene};
use super::spread::{ANSWER_WORDS, PAUSE_MS, PROMPT_WORDS, TURN_CALLS};
use super::tool::Reach;

/// Tokens at which the client compacts.
const CONTEXT_TOKENS_MAX: usize = 160_000;
/// Bytes of a prompt that `last-prompt` and `history.jsonl` repeat.
const SHORT_BYTES: usize = 200;
/// How often a prompt is typed while the model works.
const IS_QUEUED: f64 = 0.08;
/// How often a turn is interrupted.
const IS_INTERRUPTED: f64 = 0.02;
/// How often the user names the session.
const IS_NAMED: f64 = 0.02;
/// How often a prompt holds something pasted.
const IS_PASTED: f64 = 0.12;
/// How often an earlier client notes the progress of a hook.
const IS_PROGRESS: f64 = 0.06;

impl Scene<'_> {
    /// Writes a session of about `bytes` bytes that holds every waiting phrase.
    pub(crate) fn play(&mut self, bytes: usize) {
        if self.cast.era == Era::Earlier && self.lines == 0 && self.random.chance(0.2) {
            let (summary, leaf) = (
                self.source.sentence(4, 9, &mut self.random),
                self.random.uuid(),
            );
            let summary = json::string(&summary);
            self.state_row(format_args!(
                r#""type":"summary","summary":{summary},"leafUuid":"{leaf}""#
            ));
        }
        loop {
            let calls = TURN_CALLS.draw(&mut self.random);
            self.play_turn(calls, bytes);
            if self.bytes() >= bytes && self.needles.waiting.is_empty() {
                break;
            }
        }
        self.write_end();
    }

    /// Writes a session of one prompt and one answer.
    pub(crate) fn play_one_shot(&mut self) {
        let calls = self.random.below(3);
        self.play_turn(calls, usize::MAX);
        self.write_end();
    }

    /// Writes a turn of at most `calls` tool calls; a session as large as wanted needs no more of them.
    fn play_turn(&mut self, calls: usize, bytes: usize) {
        let is_first = self.prompt.is_empty();
        self.ask();
        if is_first {
            self.announce();
        }
        for index in 0..calls {
            if self.bytes() >= bytes && self.needles.waiting.is_empty() {
                break;
            }
            self.use_tool(Reach::Main);
            if is_first && index == 0 {
                self.snapshot_tools();
            }
            self.happen();
        }
        self.answer();
        self.happen_between_turns();
    }

    fn ask(&mut self) {
        let (message, time) = (self.random.uuid(), json::timestamp(self.now));
        self.state_row(format_args!(
            r#""type":"file-history-snapshot","messageId":"{message}","snapshot":{{"messageId":"{message}","trackedFileBackups":{{}},"timestamp":"{time}"}},"isSnapshotUpdate":false"#
        ));
        self.now += wide(PAUSE_MS.draw(&mut self.random));
        let words = PROMPT_WORDS.draw(&mut self.random);
        let prompt = self.source.sentence(words, words + 1, &mut self.random);
        let mut prompt = self.voiced(prompt);
        if self.random.chance(IS_PASTED) {
            let bytes = self.random.between(300, 4000);
            let pasted = self.print(bytes);
            prompt.extend(["\n\n```\n", &pasted, "\n```"]);
        }
        self.plant(Kind::Prompt, &mut prompt);
        if self.needles.wants(Kind::CjkPrompt) {
            let mut asked = String::from("検索してください。 会话");
            self.plant(Kind::CjkPrompt, &mut asked);
            prompt.push_str(&asked);
        }
        self.prompt = self.random.uuid();
        prompt
            .split_at(prompt.floor_char_boundary(SHORT_BYTES))
            .0
            .clone_into(&mut self.last_prompt);
        self.remember_prompt();
        let extra = self.prompt_fields();
        self.user_row(&json::string(&prompt), &extra);
    }

    pub(crate) fn prompt_fields(&self) -> String {
        match (self.cast.era, self.cast.entrypoint) {
            (Era::Earlier, _) => {
                r#","permissionMode":"acceptEdits","thinkingMetadata":{"maxThinkingTokens":31999},"todos":[]"#
            }
            (Era::Current, "cli") => {
                r#","permissionMode":"auto","origin":{"kind":"human"},"promptSource":"typed","turnOrigin":"human""#
            }
            (Era::Current, _) => {
                r#","permissionMode":"default","promptSource":"sdk","turnOrigin":"sdk""#
            }
        }
        .to_owned()
    }

    fn remember_prompt(&mut self) {
        if self.cast.entrypoint == "cli" {
            let line = format!(
                "{{\"display\":{},\"pastedContents\":{{}},\"timestamp\":{},\"project\":{},\"sessionId\":\"{}\"}}\n",
                json::string(&self.last_prompt),
                self.now,
                json::string(&self.project.cwd),
                self.cast.session
            );
            self.history.push_str(&line);
        }
    }

    /// What happens between two tool calls.
    fn happen(&mut self) {
        let is_typed = self.cast.entrypoint == "cli";
        if self.needles.wants(Kind::QueuedPrompt) || (is_typed && self.random.chance(IS_QUEUED)) {
            self.queue_prompt();
        }
        if self.cast.era == Era::Earlier && self.random.chance(IS_PROGRESS) {
            self.wait(5, 60);
            let uuid = self.open_row();
            self.push(format_args!(
                r#","type":"progress","data":{{"type":"hook_progress","hookEvent":"PostToolUse","hookName":"PostToolUse:Edit","command":"callback"}}"#
            ));
            self.close_row(&uuid, "");
        }
    }

    /// A prompt typed while the model works: queued, and taken up as an attachment.
    fn queue_prompt(&mut self) {
        let mut prompt = self.source.sentence(6, 30, &mut self.random);
        let (session, source) = (self.cast.session.clone(), self.random.uuid());
        let needle = self.needles.take(Kind::QueuedPrompt);
        if let Some(needle) = &needle {
            super::needle::insert(&needle.phrase, &mut prompt);
        }
        let (text, time) = (json::string(&prompt), json::timestamp(self.now));
        self.state_row(format_args!(
            r#""type":"queue-operation","operation":"enqueue","timestamp":"{time}","sessionId":"{session}","content":{text}"#
        ));
        self.state_row(format_args!(
            r#""type":"queue-operation","operation":"remove","timestamp":"{time}","sessionId":"{session}","reason":"absorbed_mid_turn","commandUuid":"{source}""#
        ));
        if let Some(needle) = needle {
            let (path, line) = (self.path.clone(), self.lines + 1);
            self.note(needle, path, line);
        }
        let attachment = format!(
            r#"{{"type":"queued_command","prompt":{text},"source_uuid":"{source}","commandMode":"prompt","origin":{{"kind":"human"}},"timestamp":"{time}","humanTurn":true}}"#
        );
        self.attachment_row(&attachment, Some(&super::boilerplate::reminder(&prompt)));
    }

    fn answer(&mut self) {
        if self.random.chance(IS_INTERRUPTED) && !self.needles.wants(Kind::Answer) {
            let content = r#"[{"type":"text","text":"[Request interrupted by user]"}]"#;
            self.user_row(content, r#","interruptedMessageId":"msg_01""#);
            return;
        }
        let words = ANSWER_WORDS.draw(&mut self.random);
        let answer = self.markdown(words);
        let mut answer = self.voiced(answer);
        let mut reply = self.reply_with_answer();
        self.plant(Kind::Answer, &mut answer);
        self.say(&mut reply, &answer);
        let took = self.random.between(2_000, 900_000);
        self.system_row("turn_duration", &format!(r#","durationMs":{took}"#));
    }

    fn happen_between_turns(&mut self) {
        if self.context_tokens > CONTEXT_TOKENS_MAX || self.needles.wants(Kind::Summary) {
            self.compact();
        }
        if self.needles.wants(Kind::Title) || self.random.chance(IS_NAMED) {
            self.name();
        }
    }

    fn compact(&mut self) {
        let tokens = self.context_tokens;
        self.context_tokens = 12_000;
        let logical = self.parent.take().unwrap_or_default();
        self.system_row(
            "compact_boundary",
            &format!(
                r#","logicalParentUuid":"{logical}","content":"Conversation compacted","level":"info","compactMetadata":{{"trigger":"auto","preTokens":{tokens},"postTokens":12000}}"#
            ),
        );
        let mut summary = String::from(
            "This session is being continued from a conversation that ran out of context. The summary:\n",
        );
        summary.push_str(&self.markdown(700));
        self.plant(Kind::Summary, &mut summary);
        self.user_row(
            &json::string(&summary),
            r#","isVisibleInTranscriptOnly":true,"isCompactSummary":true"#,
        );
    }

    fn name(&mut self) {
        let mut title = self.source.sentence(3, 7, &mut self.random);
        self.plant(Kind::Title, &mut title);
        let title = title.split_whitespace().collect::<Vec<_>>().join(" ");
        let sidecar = format!(r#"{{"customTitle":{}}}"#, json::string(&title));
        self.title = Some(title);
        self.write_title();
        let path = format!("{}/custom-title.json", self.folder());
        // The file holds the last name alone.
        self.sidecars.retain(|sidecar| sidecar.path != path);
        self.add_sidecar(path, sidecar);
    }
}

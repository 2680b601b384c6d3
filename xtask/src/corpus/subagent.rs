//! A subagent: a call, a transcript of its own, and how its report comes back.

use super::json;
use super::needle::{Kind, Needle, Needles};
use super::random::Random;
use super::reply::Call;
use super::scene::{Era, Scene};
use super::spread::AGENT_CALLS;
use super::tool::Reach;

/// How often a subagent of the current client runs in the background.
const IS_BACKGROUND: f64 = 0.7;

/// What a subagent was asked and what it said.
struct Report {
    agent: String,
    prompt: String,
    answer: String,
    lines: usize,
}

impl Scene<'_> {
    pub(super) fn use_agent(&mut self) {
        let (id, description) = (
            self.random.hex(17),
            self.source.sentence(3, 6, &mut self.random),
        );
        let mut prompt = self.source.sentence(40, 160, &mut self.random);
        let mut child = self.open_subagent(&id);
        let planted = child.needles.take(Kind::SubagentPrompt);
        if let Some(needle) = &planted {
            super::needle::insert(&needle.phrase, &mut prompt);
        }
        let mut reply = self.reply_with_call();
        let input = format!(
            r#"{{"description":{},"prompt":{},"subagent_type":"general-purpose"}}"#,
            json::string(&description),
            json::string(&prompt)
        );
        let tool = if self.cast.era == Era::Current {
            "Agent"
        } else {
            "Task"
        };
        let call = self.call(&mut reply, tool, &input);
        if let Some(needle) = planted {
            let path = child.path.clone();
            self.note(needle, path, 1);
        }
        let answer = child.play_subagent(&prompt);
        let report = Report {
            agent: id,
            prompt,
            answer,
            lines: child.lines,
        };
        self.adopt(child, &call, &json::string(&description));
        self.report(&call, &report);
    }

    /// Opens a subagent's transcript; the phrases that only a subagent can hold go with it.
    fn open_subagent(&mut self, id: &str) -> Self {
        let random = Random::new(self.random.draw());
        let mut child = Scene::open(self.source, self.project, self.cast.clone(), random);
        let waiting = std::mem::take(&mut self.needles.waiting);
        let (own, rest): (Vec<Needle>, Vec<Needle>) = waiting
            .into_iter()
            .partition(|needle| needle.kind.is_of_subagent());
        self.needles.waiting = rest;
        child.needles = Needles {
            waiting: own,
            planted: Vec::new(),
        };
        child.agent = Some(id.to_owned());
        child.path = format!("{}/subagents/agent-{id}.jsonl", self.folder());
        child.now = self.now;
        child.prompt.clone_from(&self.prompt);
        child
    }

    /// Writes a subagent's whole transcript and returns its last answer.
    fn play_subagent(&mut self, prompt: &str) -> String {
        self.user_row(&json::string(prompt), "");
        self.announce();
        let result = self.needles.take(Kind::SubagentResult);
        if let Some(needle) = result {
            self.show_needle(needle);
        }
        for _ in 0..AGENT_CALLS.draw(&mut self.random) {
            self.use_tool(Reach::Subagent);
        }
        let words = self.random.between(60, 400);
        let mut answer = self.markdown(words);
        let mut reply = self.reply_with_answer();
        self.plant(Kind::SubagentAnswer, &mut answer);
        self.say(&mut reply, &answer);
        answer
    }

    /// Runs a command whose output holds a phrase.
    fn show_needle(&mut self, needle: Needle) {
        let mut reply = self.reply_with_call();
        let input = r#"{"command":"grep -rn TODO src","description":"look"}"#;
        let call = self.call(&mut reply, "Bash", input);
        let mut output = self.print(600);
        super::needle::insert(&needle.phrase, &mut output);
        let (path, line) = (self.path.clone(), self.lines + 1);
        self.note(needle, path, line);
        let text = json::string(&output);
        let result = format!(
            r#"{{"stdout":{text},"stderr":"","interrupted":false,"isImage":false,"noOutputExpected":false}}"#
        );
        self.result_row(&call, &text, &result);
    }

    /// Takes over what a subagent wrote: its files, its phrases, the time it took.
    fn adopt(&mut self, child: Self, call: &Call, description: &str) {
        let meta = format!(
            r#"{{"agentType":"general-purpose","isBuiltIn":true,"description":{description},"toolUseId":"{}","spawnDepth":1,"model":"{}","finished":true}}"#,
            call.id, self.cast.model
        );
        self.add_sidecar(child.path.replace(".jsonl", ".meta.json"), meta);
        self.add_sidecar(child.path, child.text);
        self.sidecars.extend(child.sidecars);
        self.needles.planted.extend(child.needles.planted);
        self.needles.waiting.extend(child.needles.waiting);
        self.now = child.now;
    }

    fn report(&mut self, call: &Call, report: &Report) {
        if self.cast.era == Era::Current && self.random.chance(IS_BACKGROUND) {
            self.report_later(call, report);
        } else {
            self.report_now(call, report);
        }
    }

    fn report_now(&mut self, call: &Call, report: &Report) {
        let (answer, prompt) = (json::string(&report.answer), json::string(&report.prompt));
        let (agent, lines) = (&report.agent, report.lines);
        let content = format!(
            r#"[{{"type":"text","text":{answer}}},{{"type":"text","text":"agentId: {agent}"}}]"#
        );
        let result = format!(
            r#"{{"status":"completed","prompt":{prompt},"agentId":"{agent}","content":[{{"type":"text","text":{answer}}}],"totalDurationMs":{},"totalTokens":{},"totalToolUseCount":{}}}"#,
            lines * 3100,
            lines * 900,
            lines / 2
        );
        self.result_row(call, &content, &result);
    }

    /// The call returns at once; the report comes as a notification that opens a turn.
    fn report_later(&mut self, call: &Call, report: &Report) {
        let (agent, prompt) = (&report.agent, json::string(&report.prompt));
        let content = r#"[{"type":"text","text":"The agent was launched in the background."}]"#;
        let result = format!(
            r#"{{"isAsync":true,"status":"async_launched","agentId":"{agent}","prompt":{prompt},"outputFile":"/tmp/claude/tasks/{agent}.output","canReadOutputFile":true}}"#
        );
        self.result_row(call, content, &result);
        let notice = format!(
            "<task-notification>\n<task-id>{agent}</task-id>\n<status>completed</status>\n<result>{}</result>\n</task-notification>",
            report.answer
        );
        let (text, session) = (json::string(&notice), self.cast.session.clone());
        let time = json::timestamp(self.now);
        self.state_row(format_args!(
            r#""type":"queue-operation","operation":"enqueue","timestamp":"{time}","sessionId":"{session}","content":{text}"#
        ));
        self.state_row(format_args!(
            r#""type":"queue-operation","operation":"dequeue","timestamp":"{time}","sessionId":"{session}""#
        ));
        self.user_row(
            &text,
            r#","origin":{"kind":"task-notification","producer":"session-task"},"promptSource":"system","turnOrigin":"task_notification""#,
        );
    }
}

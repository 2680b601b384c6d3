//! Tool calls and their results.
//!
//! Owns the choice of a tool and the frame of a result; each family of tools has a module of its own.

mod bash;
mod file;
mod look;

use super::json;
use super::needle::Kind;
use super::reply::Call;
use super::scene::{Era, Scene};

/// Whether a tool may start a subagent.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Reach {
    /// The main conversation: it may.
    Main,
    /// A subagent's: it may not.
    Subagent,
}

/// How a call ended.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Ending {
    Well,
    Badly,
}

/// What is called.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum Tool {
    Bash,
    Read,
    Edit,
    Grep,
    Write,
    Todo,
    Fetch,
    Agent,
}

/// How often each is called, in the order in which they are tried: the sum of the shares up to it.
const SHARES: [(f64, Tool); 8] = [
    (0.42, Tool::Bash),
    (0.65, Tool::Read),
    (0.80, Tool::Edit),
    (0.87, Tool::Grep),
    (0.92, Tool::Write),
    (0.955, Tool::Todo),
    (0.975, Tool::Agent),
    (1.0, Tool::Fetch),
];

/// Tools that a waiting phrase asks for.
const WANTED: [(Kind, Tool); 11] = [
    (Kind::Thinking, Tool::Bash),
    (Kind::BashCall, Tool::Bash),
    (Kind::BashResult, Tool::Bash),
    (Kind::DeepResult, Tool::Bash),
    (Kind::SpilledResult, Tool::Bash),
    (Kind::ReadResult, Tool::Read),
    (Kind::EditCall, Tool::Edit),
    (Kind::GrepResult, Tool::Grep),
    (Kind::WriteCall, Tool::Write),
    (Kind::SubagentPrompt, Tool::Agent),
    (Kind::SubagentAnswer, Tool::Agent),
];

/// How often a waiting phrase chooses the tool.
const NEEDLE_CHOOSES: f64 = 0.4;

impl Scene<'_> {
    /// Writes a message that calls a tool, and the tool's result.
    pub(crate) fn use_tool(&mut self, reach: Reach) {
        match self.choose_tool(reach) {
            Tool::Bash => self.use_bash(),
            Tool::Read => self.use_read(),
            Tool::Edit => self.use_edit(),
            Tool::Grep => self.use_grep(),
            Tool::Write => self.use_write(),
            Tool::Todo => self.use_todo(),
            Tool::Fetch => self.use_fetch(),
            Tool::Agent => self.use_agent(),
        }
        self.refresh_state();
    }

    fn choose_tool(&mut self, reach: Reach) -> Tool {
        if self.random.chance(NEEDLE_CHOOSES)
            && let Some(tool) = self.wanted_tool(reach)
        {
            return tool;
        }
        let drawn = self.random.unit();
        let tool = SHARES
            .iter()
            .find(|(share, _)| drawn < *share)
            .map_or(Tool::Bash, |(_, tool)| *tool);
        if tool == Tool::Agent && reach == Reach::Subagent {
            Tool::Read
        } else {
            tool
        }
    }

    fn wanted_tool(&self, reach: Reach) -> Option<Tool> {
        let is_agent_wanted = self.needles.wants(Kind::SubagentResult) && reach == Reach::Main;
        let wanted = WANTED.iter().find(|(kind, tool)| {
            self.needles.wants(*kind) && (*tool != Tool::Agent || reach == Reach::Main)
        });
        wanted
            .map(|(_, tool)| *tool)
            .or(is_agent_wanted.then_some(Tool::Agent))
    }

    /// Writes the row of a result that is no error. `content` and `result` are JSON.
    pub(crate) fn result_row(&mut self, call: &Call, content: &str, result: &str) {
        self.ended_row(call, content, result, Ending::Well);
    }

    /// Writes a result's row, the tool having ended so.
    pub(crate) fn ended_row(&mut self, call: &Call, content: &str, result: &str, ending: Ending) {
        let is_error = ending == Ending::Badly;
        let id = &call.id;
        let block = format!(
            r#"[{{"tool_use_id":"{id}","type":"tool_result","content":{content},"is_error":{is_error}}}]"#
        );
        let source = match self.cast.era {
            Era::Current => format!(
                r#","sourceToolAssistantUUID":"{}","permissionDecision":{{"decision":"accept","source":"config","reasonType":"rule"}}"#,
                call.row
            ),
            Era::Earlier => String::new(),
        };
        self.user_row(&block, &format!(r#","toolUseResult":{result}{source}"#));
    }

    fn use_todo(&mut self) {
        let items: Vec<String> = (0..self.random.between(3, 9))
            .map(|_| {
                let content = json::string(&self.source.sentence(5, 12, &mut self.random));
                let status = *self.random.pick(&["pending", "in_progress", "completed"]);
                format!(r#"{{"content":{content},"status":"{status}","activeForm":{content}}}"#)
            })
            .collect();
        let items = items.join(",");
        let mut reply = self.reply_with_call();
        let call = self.call(
            &mut reply,
            "TodoWrite",
            &format!(r#"{{"todos":[{items}]}}"#),
        );
        let result = format!(r#"{{"oldTodos":[],"newTodos":[{items}]}}"#);
        self.result_row(&call, "\"The list was updated.\"", &result);
    }
}

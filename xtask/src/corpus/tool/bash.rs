//! Commands: short output, long output that stays in the transcript, and output that is spilled to a file.

use super::Ending;
use crate::corpus::json;
use crate::corpus::needle::{Kind, insert};
use crate::corpus::reply::Call;
use crate::corpus::scene::Scene;
use crate::corpus::spread::{OUTPUT_BYTES, SPILLED_BYTES};

/// The client spills longer output to a file.
const KEPT_BYTES_MAX: usize = 30_000;
/// Bytes of a long output that the message shows.
const PREVIEW_BYTES: usize = 2_000;
/// Bytes of a long output whose end is looked for.
const DEEP_BYTES: usize = 28_000;
/// How often output is spilled.
const SPILLS: f64 = 0.004;
/// How often a command fails.
const FAILS: f64 = 0.06;

const COMMANDS: [&str; 8] = [
    "cargo test",
    "rg -n",
    "git log --oneline --",
    "npm run build",
    "ls -la",
    "python3 -m pytest",
    "git diff",
    "cat",
];

impl Scene<'_> {
    pub(super) fn use_bash(&mut self) {
        let file = self.project.pick_file(&mut self.random);
        let program = *self.random.pick(&COMMANDS);
        let tail = self.random.between(5, 80);
        let mut command = format!("{program} {} 2>&1 | tail -{tail}", file.path);
        let mut reply = self.reply_with_call();
        self.plant(Kind::BashCall, &mut command);
        let description = json::string(&self.source.sentence(3, 8, &mut self.random));
        let command = json::string(&command);
        let input = format!(r#"{{"command":{command},"description":{description}}}"#);
        let call = self.call(&mut reply, "Bash", &input);
        if self.needles.wants(Kind::SpilledResult) || self.random.chance(SPILLS) {
            self.spill(&call);
        } else {
            self.keep(&call);
        }
    }

    fn keep(&mut self, call: &Call) {
        let is_deep = self.needles.wants(Kind::DeepResult);
        let bytes = if is_deep {
            DEEP_BYTES
        } else {
            OUTPUT_BYTES.draw(&mut self.random)
        };
        let mut output = self.print(bytes);
        if is_deep {
            let mut end = String::from("error: the last line ");
            self.plant(Kind::DeepResult, &mut end);
            output.push('\n');
            output.push_str(&end);
        } else {
            self.plant(Kind::BashResult, &mut output);
        }
        let text = json::string(&output);
        let ending = if self.random.chance(FAILS) {
            Ending::Badly
        } else {
            Ending::Well
        };
        let result = format!(
            r#"{{"stdout":{text},"stderr":"","interrupted":false,"isImage":false,"noOutputExpected":false}}"#
        );
        self.ended_row(call, &text, &result, ending);
    }

    /// Writes output to a file of its own; the transcript keeps the first part and shows a preview.
    fn spill(&mut self, call: &Call) {
        let bytes = SPILLED_BYTES.draw(&mut self.random);
        let mut output = self.print(bytes);
        let path = format!("{}/tool-results/{}.txt", self.folder(), call.id);
        if let Some(needle) = self.needles.take(Kind::SpilledResult) {
            let mut end = String::from("\nthe end of a long output ");
            insert(&needle.phrase, &mut end);
            output.push_str(&end);
            self.note(needle, path.clone(), output.lines().count());
        }
        // The client names the place by the user's own root, wherever the corpus is written to.
        let shown = json::string(&format!("/home/dev/.claude/{path}"));
        let first = |bytes| output.split_at(output.floor_char_boundary(bytes)).0;
        let preview = format!(
            "<persisted-output>\nOutput too large ({:.1}KB). Full output saved to: {path}\n\nPreview (first 2KB):\n{}\n...\n</persisted-output>",
            crate::corpus::random::float(crate::corpus::random::wide(output.len())) / 1024.0,
            first(PREVIEW_BYTES)
        );
        let result = format!(
            r#"{{"stdout":{},"stderr":"","interrupted":false,"isImage":false,"noOutputExpected":false,"persistedOutputPath":{shown},"persistedOutputSize":{}}}"#,
            json::string(first(KEPT_BYTES_MAX)),
            output.len()
        );
        self.result_row(call, &json::string(&preview), &result);
        self.add_sidecar(path, output);
    }
}

//! Rows: what a line of each type looks like.
//!
//! Owns the fields that rows share, in the order in which each generation of the client writes them.

use std::fmt::{self, Write as _};

use super::json;
use super::scene::{Era, Scene};

impl Scene<'_> {
    /// Appends a row that stands outside the tree.
    pub(crate) fn state_row(&mut self, fields: fmt::Arguments<'_>) {
        self.push(format_args!("{{{fields}}}\n"));
        self.lines += 1;
    }

    /// Appends a `user` row. `content` and `extra` are JSON; `extra` begins with a comma unless empty.
    pub(crate) fn user_row(&mut self, content: &str, extra: &str) -> String {
        self.wait(400, 30_000);
        let uuid = self.open_row();
        if self.cast.era == Era::Current {
            let prompt = self.prompt.clone();
            self.push(format_args!(r#","promptId":"{prompt}""#));
        }
        self.push(format_args!(
            r#","type":"user","message":{{"role":"user","content":{content}}}"#
        ));
        self.close_row(&uuid, extra);
        uuid
    }

    /// Appends an `attachment` row; `rendered` is a JSON string.
    pub(crate) fn attachment_row(&mut self, attachment: &str, rendered: Option<&str>) {
        self.wait(1, 40);
        let uuid = self.open_row();
        self.push(format_args!(
            r#","attachment":{attachment},"type":"attachment""#
        ));
        let rendered = rendered.map_or_else(String::new, |text| {
            format!(r#","rendered":[{{"content":{text}}}],"renderedRole":"system""#)
        });
        self.close_row(&uuid, &rendered);
    }

    /// Appends a `system` row; `fields` begins with a comma unless empty.
    pub(crate) fn system_row(&mut self, subtype: &str, fields: &str) {
        self.wait(5, 90);
        let uuid = self.open_row();
        self.push(format_args!(
            r#","type":"system","subtype":"{subtype}"{fields}"#
        ));
        self.close_row(&uuid, r#","isMeta":false"#);
    }

    /// Opens a row of the tree and returns its uuid; the next row follows it.
    pub(crate) fn open_row(&mut self) -> String {
        let uuid = self.random.uuid();
        let parent = self.parent.replace(uuid.clone());
        let parent = parent.map_or_else(|| "null".to_owned(), |parent| format!("\"{parent}\""));
        let is_sidechain = self.agent.is_some();
        self.push(format_args!(
            r#"{{"parentUuid":{parent},"isSidechain":{is_sidechain}"#
        ));
        if self.cast.era == Era::Earlier {
            self.push_place();
        }
        if let Some(agent) = self.agent.clone() {
            self.push(format_args!(r#","agentId":"{agent}""#));
        }
        uuid
    }

    /// Ends a row of the tree.
    pub(crate) fn close_row(&mut self, uuid: &str, extra: &str) {
        let time = json::timestamp(self.now);
        self.push(format_args!(
            r#","uuid":"{uuid}","timestamp":"{time}"{extra}"#
        ));
        if self.cast.era == Era::Current {
            self.push_place();
        }
        self.text.push_str("}\n");
        self.lines += 1;
    }

    fn push_place(&mut self) {
        let (session, version, entry) =
            (&self.cast.session, self.cast.version, self.cast.entrypoint);
        let (cwd, branch) = (
            json::string(&self.project.cwd),
            json::string(&self.cast.branch),
        );
        let place = format!(
            r#","userType":"external","entrypoint":"{entry}","cwd":{cwd},"sessionId":"{session}","version":"{version}","gitBranch":{branch}"#
        );
        self.text.push_str(&place);
    }

    pub(crate) fn push(&mut self, text: fmt::Arguments<'_>) {
        self.text
            .write_fmt(text)
            .expect("writing to a string cannot fail");
    }
}

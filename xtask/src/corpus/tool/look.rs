//! Searches through files, and pages fetched.

use std::fmt::Write as _;

use crate::corpus::json;
use crate::corpus::needle::Kind;
use crate::corpus::scene::Scene;
use crate::corpus::spread::{ANSWER_WORDS, FOUND_LINES};

impl Scene<'_> {
    pub(super) fn use_grep(&mut self) {
        let pattern = json::string(self.source.identifier(&mut self.random));
        let folder = json::string(&self.project.cwd);
        let input =
            format!(r#"{{"pattern":{pattern},"path":{folder},"output_mode":"content","-n":true}}"#);
        let mut reply = self.reply_with_call();
        let call = self.call(&mut reply, "Grep", &input);
        let mut found = String::new();
        for _ in 0..FOUND_LINES.draw(&mut self.random) {
            let file = self.project.pick_file(&mut self.random);
            let (number, line) = file.pick_line(&mut self.random);
            writeln!(found, "{}:{number}:{line}", file.path)
                .expect("writing to a string cannot fail");
        }
        self.plant(Kind::GrepResult, &mut found);
        let text = json::string(&found);
        let result = format!(
            r#"{{"mode":"content","numFiles":0,"filenames":[],"content":{text},"numLines":{}}}"#,
            found.lines().count()
        );
        self.result_row(&call, &text, &result);
    }

    pub(super) fn use_fetch(&mut self) {
        let (page, id) = (
            self.source.rare_identifier(&mut self.random),
            self.random.hex(6),
        );
        let url = format!("https://docs.example.org/{page}/{id}");
        let prompt = json::string(&self.source.sentence(8, 20, &mut self.random));
        let mut reply = self.reply_with_call();
        let input = format!(r#"{{"url":"{url}","prompt":{prompt}}}"#);
        let call = self.call(&mut reply, "WebFetch", &input);
        let words = ANSWER_WORDS.draw(&mut self.random);
        let page = self.markdown(words);
        let (text, took) = (json::string(&page), self.random.between(300, 9000));
        let result = format!(
            r#"{{"bytes":{},"code":200,"codeText":"OK","result":{text},"durationMs":{took},"url":"{url}"}}"#,
            page.len()
        );
        self.result_row(&call, &text, &result);
    }
}

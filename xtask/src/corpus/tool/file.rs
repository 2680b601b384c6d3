//! Files read, edited and written.

use std::fmt::Write as _;

use crate::corpus::json;
use crate::corpus::needle::Kind;
use crate::corpus::scene::{Era, Scene};
use crate::corpus::spread::{IMAGE_CHARACTERS, READ_LINES};

/// How often a file that is read is an image.
const IMAGES: f64 = 0.018;
/// How often the client copies a file before it edits it.
const BACKS_UP: f64 = 0.2;
/// Lines of the original that an edit's result repeats.
const ORIGINAL_LINES: usize = 400;

impl Scene<'_> {
    pub(super) fn use_read(&mut self) {
        if !self.needles.wants(Kind::ReadResult) && self.random.chance(IMAGES) {
            self.read_image();
            return;
        }
        let file = self.project.pick_file(&mut self.random);
        let is_part = self.random.chance(0.4);
        let start = if is_part {
            self.random.below(file.lines.len())
        } else {
            0
        };
        let count = READ_LINES.draw(&mut self.random);
        let path = json::string(&file.path);
        let input = format!(
            r#"{{"file_path":{path},"offset":{},"limit":{count}}}"#,
            start + 1
        );
        let mut reply = self.reply_with_call();
        let call = self.call(&mut reply, "Read", &input);
        let mut content = file.excerpt(start, count);
        self.plant(Kind::ReadResult, &mut content);
        let numbered = json::string(&number_lines(&content, start + 1));
        let result = format!(
            r#"{{"type":"text","file":{{"filePath":{path},"content":{},"numLines":{},"startLine":{},"totalLines":{}}}}}"#,
            json::string(&content),
            content.lines().count(),
            start + 1,
            file.lines.len()
        );
        self.result_row(&call, &numbered, &result);
    }

    /// A screenshot: the client writes its bytes twice.
    fn read_image(&mut self) {
        let name = self.random.hex(6);
        let input = format!(
            r#"{{"file_path":"{}/screenshots/{name}.png"}}"#,
            self.project.cwd
        );
        let mut reply = self.reply_with_call();
        let call = self.call(&mut reply, "Read", &input);
        let length = IMAGE_CHARACTERS.draw(&mut self.random);
        let mut data = String::from("iVBORw0KGgoAAAANSUhEUgAA");
        self.random.push_base64(length, &mut data);
        let content = format!(
            r#"[{{"type":"image","source":{{"type":"base64","media_type":"image/png","data":"{data}"}}}}]"#
        );
        let result = format!(
            r#"{{"type":"image","file":{{"base64":"{data}","type":"image/png","originalSize":{}}}}}"#,
            length * 3 / 4
        );
        self.result_row(&call, &content, &result);
    }

    pub(super) fn use_edit(&mut self) {
        let file = self.project.pick_file(&mut self.random);
        let start = self.random.below(file.lines.len());
        let count = self.random.between(1, 12);
        let old = file.excerpt(start, count);
        let mut reply = self.reply_with_call();
        let mut new = old.clone();
        self.push_change(&mut new);
        self.plant(Kind::EditCall, &mut new);
        let (path, old_json, new_json) = (
            json::string(&file.path),
            json::string(&old),
            json::string(&new),
        );
        let input = format!(
            r#"{{"file_path":{path},"old_string":{old_json},"new_string":{new_json},"replace_all":false}}"#
        );
        let call = self.call(&mut reply, "Edit", &input);
        if self.cast.era == Era::Current && self.random.chance(BACKS_UP) {
            self.back_up(&file.path, file.excerpt(0, usize::MAX));
        }
        let has_original = self.random.chance(0.5);
        let original = has_original.then(|| json::string(&file.excerpt(0, ORIGINAL_LINES)));
        let result = format!(
            r#"{{"filePath":{path},"oldString":{old_json},"newString":{new_json},"originalFile":{},"structuredPatch":[{}],"userModified":false,"replaceAll":false}}"#,
            original.as_deref().unwrap_or("null"),
            patch(&old, &new, start + 1)
        );
        let shown = format!("The file {} has been updated successfully.", file.path);
        self.result_row(&call, &json::string(&shown), &result);
    }

    fn push_change(&mut self, text: &mut String) {
        let comment = self.source.sentence(5, 14, &mut self.random);
        let name = self.source.rare_identifier(&mut self.random);
        let called = self.source.identifier(&mut self.random);
        let number = self.random.below(1000);
        write!(
            text,
            "    // {comment}\n    let {name} = {called}({number});\n"
        )
        .expect("writing to a string cannot fail");
    }

    /// A copy of the file as it was, and the row that says so.
    fn back_up(&mut self, path: &str, text: String) {
        let (hash, version) = (self.random.hex(16), self.random.between(1, 5));
        let (message, snapshot) = (self.random.uuid(), self.random.uuid());
        let time = json::timestamp(self.now);
        let path = json::string(path);
        self.state_row(format_args!(
            r#""type":"file-history-delta","messageId":"{message}","snapshotMessageId":"{snapshot}","trackingPath":{path},"backup":{{"backupFileName":"{hash}@v{version}","version":{version},"backupTime":"{time}"}},"timestamp":"{time}""#
        ));
        let place = format!("file-history/{}/{hash}@v{version}", self.cast.session);
        self.add_sidecar(place, text);
    }

    pub(super) fn use_write(&mut self) {
        let file = self.project.pick_file(&mut self.random);
        let count = self.random.between(8, 120);
        let mut reply = self.reply_with_call();
        let mut content = file.excerpt(0, count);
        self.push_change(&mut content);
        self.plant(Kind::WriteCall, &mut content);
        let name = self.source.rare_identifier(&mut self.random);
        let place = format!("{}/src/{name}.rs", self.project.cwd);
        let (path, text) = (json::string(&place), json::string(&content));
        let input = format!(r#"{{"file_path":{path},"content":{text}}}"#);
        let call = self.call(&mut reply, "Write", &input);
        let shown = json::string(&format!("File created successfully at: {place}"));
        let result = format!(
            r#"{{"type":"create","filePath":{path},"content":{text},"structuredPatch":[],"originalFile":null,"userModified":false}}"#
        );
        self.result_row(&call, &shown, &result);
    }
}

/// The lines as the reading tool shows them: each with its number and a tab.
fn number_lines(content: &str, first: usize) -> String {
    let mut text = String::with_capacity(content.len() + content.len() / 4);
    for (index, line) in content.lines().enumerate() {
        writeln!(text, "{}\t{line}", first + index).expect("writing to a string cannot fail");
    }
    text
}

/// An edit as a hunk.
fn patch(old: &str, new: &str, start: usize) -> String {
    let gone = old.lines().map(|line| json::string(&format!("-{line}")));
    let come = new.lines().map(|line| json::string(&format!("+{line}")));
    let lines: Vec<String> = gone.chain(come).collect();
    format!(
        r#"{{"oldStart":{start},"oldLines":{},"newStart":{start},"newLines":{},"lines":[{}]}}"#,
        old.lines().count(),
        new.lines().count(),
        lines.join(",")
    )
}

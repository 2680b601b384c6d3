//! What a model answers: paragraphs, lists, headings and code, in Markdown.

use super::scene::Scene;

/// Sentences in scripts other than Latin, and accents.
const FOREIGN: [&str; 5] = [
    "検索インデックスを再構築しました。",
    "会话记录已归档。",
    "테스트가 모두 통과했습니다.",
    "Настройка завершена.",
    "Überprüfung läuft – naïve café.",
];
/// How often an answer ends with one.
const IS_FOREIGN: f64 = 0.01;

impl Scene<'_> {
    /// Writes an answer of about this many words.
    pub(crate) fn markdown(&mut self, words: usize) -> String {
        let mut text = String::new();
        let mut left = words;
        while left > 0 {
            let spent = match self.random.below(6) {
                0 if words > 60 => self.push_heading(&mut text),
                1 if words > 40 => self.push_list(&mut text),
                2 if words > 50 => self.push_code(&mut text),
                _ => self.push_paragraph(left, &mut text),
            };
            left = left.saturating_sub(spent);
            text.push_str("\n\n");
        }
        if self.random.chance(IS_FOREIGN) {
            let sentence: &&str = self.random.pick(&FOREIGN);
            text.push_str(sentence);
        }
        text.truncate(text.trim_end().len());
        text
    }

    fn push_heading(&mut self, text: &mut String) -> usize {
        text.push_str("## ");
        self.source.prose.push(4, &mut self.random, text);
        4
    }

    fn push_list(&mut self, text: &mut String) -> usize {
        let items = self.random.between(2, 6);
        for _ in 0..items {
            let name = self.source.identifier(&mut self.random);
            text.extend(["- **", name, "**: "]);
            self.source.prose.push(12, &mut self.random, text);
            text.push('\n');
        }
        items * 13
    }

    fn push_code(&mut self, text: &mut String) -> usize {
        let file = self.project.pick_file(&mut self.random);
        let start = self.random.below(file.lines.len());
        let count = self.random.between(3, 14);
        text.extend(["```rust\n", &file.excerpt(start, count), "```"]);
        25
    }

    fn push_paragraph(&mut self, left: usize, text: &mut String) -> usize {
        let words = self.random.between(15, 60).min(left.max(6));
        self.source.prose.push(words, &mut self.random, text);
        let name = self.source.identifier(&mut self.random);
        text.extend([" `", name, "`."]);
        words
    }
}

//! Phrases that stand nowhere else, planted to be found again.
//!
//! Owns their kinds, what they are made of and what the manifest says of each.

use serde::Serialize;

use super::random::Random;

/// Where a phrase is planted.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Serialize)]
#[serde(rename_all = "kebab-case")]
pub(crate) enum Kind {
    /// In a prompt that was typed.
    Prompt,
    /// In a prompt that was typed while the model worked.
    QueuedPrompt,
    /// In what the model said.
    Answer,
    /// In what it thought.
    Thinking,
    /// In a command.
    BashCall,
    /// In the content of a file to write.
    WriteCall,
    /// In the new text of an edit.
    EditCall,
    /// In the output of a command.
    BashResult,
    /// In a file that was read.
    ReadResult,
    /// In a line that a search found.
    GrepResult,
    /// At the end of a long output that stays in the transcript.
    DeepResult,
    /// Deep in an output that was spilled to a file, and nowhere else.
    SpilledResult,
    /// In what a subagent was asked.
    SubagentPrompt,
    /// In what a subagent reported.
    SubagentAnswer,
    /// In the output of a command that a subagent ran.
    SubagentResult,
    /// In the summary of a compaction.
    Summary,
    /// In a name that the user gave the session.
    Title,
    /// In a prompt, in a script without spaces.
    CjkPrompt,
}

impl Kind {
    /// Every kind.
    pub(crate) const ALL: [Self; 18] = [
        Self::Prompt,
        Self::QueuedPrompt,
        Self::Answer,
        Self::Thinking,
        Self::BashCall,
        Self::WriteCall,
        Self::EditCall,
        Self::BashResult,
        Self::ReadResult,
        Self::GrepResult,
        Self::DeepResult,
        Self::SpilledResult,
        Self::SubagentPrompt,
        Self::SubagentAnswer,
        Self::SubagentResult,
        Self::Summary,
        Self::Title,
        Self::CjkPrompt,
    ];

    /// Says whether only a subagent can hold it.
    pub(crate) fn is_of_subagent(self) -> bool {
        matches!(
            self,
            Self::SubagentPrompt | Self::SubagentAnswer | Self::SubagentResult
        )
    }
}

/// A phrase to plant.
#[derive(Debug, Clone)]
pub(crate) struct Needle {
    /// Where.
    pub(crate) kind: Kind,
    /// What.
    pub(crate) phrase: String,
}

impl Needle {
    /// Makes up a phrase for a kind.
    pub(crate) fn make(kind: Kind, random: &mut Random) -> Self {
        let phrase = match kind {
            Kind::CjkPrompt => (0..7).map(|_| *random.pick(&HAN)).collect(),
            _ => [word(random), word(random), word(random)].join(" "),
        };
        Self { kind, phrase }
    }
}

/// Common characters; seven drawn at random form no sentence that anyone wrote.
const HAN: [char; 32] = [
    '会', '话', '记', '录', '检', '索', '雪', '山', '河', '猫', '茶', '纸', '灯', '夜', '书', '石',
    '风', '林', '月', '桥', '米', '刀', '船', '鸟', '泉', '墨', '竹', '铁', '云', '花', '星', '雨',
];

/// A word of nine letters that no language has.
fn word(random: &mut Random) -> String {
    let mut word = String::new();
    for _ in 0..4 {
        word.push(*random.pick(&['z', 'v', 'k', 'q', 'x', 'w', 'g', 'm', 'p', 'b']));
        word.push(*random.pick(&['a', 'o', 'u', 'i', 'e']));
    }
    word.push(*random.pick(&['q', 'x', 'k', 'z']));
    word
}

/// Where a phrase was planted: a line of the manifest.
#[derive(Debug, Clone, Serialize)]
pub(crate) struct Planted {
    /// In what.
    pub(crate) kind: Kind,
    /// The phrase.
    pub(crate) phrase: String,
    /// The file, below the config root.
    pub(crate) file: String,
    /// The line in the file, counted from 1.
    pub(crate) line: usize,
    /// The session.
    pub(crate) session: String,
}

impl Planted {
    /// Returns the manifest's line.
    pub(crate) fn to_json(&self) -> String {
        serde_json::to_string(self).expect("strings and numbers are always JSON")
    }
}

/// The phrases of one session.
#[derive(Debug, Default)]
pub(crate) struct Needles {
    /// Not planted yet.
    pub(crate) waiting: Vec<Needle>,
    /// Planted.
    pub(crate) planted: Vec<Planted>,
}

impl Needles {
    /// Says whether a phrase of this kind waits.
    pub(crate) fn wants(&self, kind: Kind) -> bool {
        self.waiting.iter().any(|needle| needle.kind == kind)
    }

    /// Takes a phrase of this kind, if one waits.
    pub(crate) fn take(&mut self, kind: Kind) -> Option<Needle> {
        let at = self.waiting.iter().position(|needle| needle.kind == kind)?;
        Some(self.waiting.remove(at))
    }
}

/// Puts a phrase into a text, between two words near its middle.
pub(crate) fn insert(phrase: &str, text: &mut String) {
    let middle = text.floor_char_boundary(text.len() / 2);
    let (before, _) = text.split_at(middle);
    let at = before.rfind(' ').unwrap_or(0);
    text.insert_str(at, &format!(" {phrase} "));
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_phrase_parts_no_word() {
        let check = |text: &str, expect: &str| {
            let mut text = text.to_owned();
            insert("zo vu", &mut text);
            assert_eq!(text, expect);
        };
        check("one two three four", "one two zo vu  three four");
        check("", " zo vu ");
        check("検索しました", " zo vu 検索しました");
    }

    #[test]
    fn the_manifest_names_kinds_in_words() {
        let planted = Planted {
            kind: Kind::SpilledResult,
            phrase: "zo vu".into(),
            file: "projects/a.txt".into(),
            line: 3,
            session: "s".into(),
        };
        let expect = r#"{"kind":"spilled-result","phrase":"zo vu","file":"projects/a.txt","line":3,"session":"s"}"#;
        assert_eq!(planted.to_json(), expect);
    }
}

//! Text from a transcript, made fit for a terminal: harmless, and measured in columns.
//!
//! Whatever a transcript holds is data: no character of it may move the cursor, set a title or turn
//! the reading direction round.

use std::borrow::Cow;
use std::fmt::Write;

use sessions_model::acts_on_terminal;
use unicode_segmentation::UnicodeSegmentation;
use unicode_width::UnicodeWidthStr;

/// Columns that a tab is shown as.
const TAB: &str = "    ";

/// Stands where something was cut off.
const ELLIPSIS: char = '…';

/// Returns `text` with every character that could act on a terminal made visible. Newlines stay.
pub(crate) fn visible(text: &str) -> Cow<'_, str> {
    let is_plain = |c: char| c == '\n' || !acts_on_terminal(c);
    if text.chars().all(is_plain) {
        return Cow::Borrowed(text);
    }
    let mut shown = String::with_capacity(text.len() + 16);
    let mut characters = text.chars().peekable();
    while let Some(c) = characters.next() {
        match c {
            '\n' => shown.push('\n'),
            '\t' => shown.push_str(TAB),
            '\r' if characters.peek() == Some(&'\n') => {}
            c if acts_on_terminal(c) => push_visible(&mut shown, c),
            c => shown.push(c),
        }
    }
    Cow::Owned(shown)
}

/// Returns `text` on one line, made visible, with each run of white space as one space.
pub(crate) fn one_line(text: &str) -> String {
    let words: Vec<&str> = text.split_whitespace().collect();
    visible(&words.join(" ")).into_owned()
}

/// Returns a file's name on one line, such that no two names look the same: `a\nb` for one of two lines.
pub(crate) fn escaped(name: &str) -> String {
    let mut shown = String::with_capacity(name.len());
    for c in name.chars() {
        if c == '\\' || acts_on_terminal(c) {
            shown.extend(c.escape_default());
        } else {
            shown.push(c);
        }
    }
    shown
}

fn push_visible(shown: &mut String, c: char) {
    let code = u32::from(c);
    match code {
        // The control pictures block has one for each.
        0..0x20 => shown.push(char::from_u32(0x2400 + code).unwrap_or('\u{fffd}')),
        0x7f => shown.push('\u{2421}'),
        _ => write!(shown, "<U+{code:04X}>").expect("a string takes everything"),
    }
}

/// Returns the columns that `text` takes.
pub(crate) fn columns(text: &str) -> usize {
    text.width()
}

/// Returns `text` cut to `limit` columns, with an ellipsis where something is left out.
pub(crate) fn cut(text: &str, limit: usize) -> Cow<'_, str> {
    if columns(text) <= limit {
        return Cow::Borrowed(text);
    }
    let mut short = String::new();
    let mut taken = 0;
    for grapheme in text.graphemes(true) {
        taken += columns(grapheme);
        if taken + 1 > limit {
            break;
        }
        short.push_str(grapheme);
    }
    let mut short = short.trim_end().to_owned();
    if limit > 0 {
        short.push(ELLIPSIS);
    }
    Cow::Owned(short)
}

/// Returns `text` cut and filled with spaces to exactly `width` columns.
pub(crate) fn fit(text: &str, width: usize) -> String {
    let mut fitted = cut(text, width).into_owned();
    let missing = width - columns(&fitted);
    fitted.extend(std::iter::repeat_n(' ', missing));
    fitted
}

/// Breaks one line into pieces of at most `width` columns, between words where that is possible.
pub(crate) fn wrap(line: &str, width: usize) -> Vec<String> {
    let width = width.max(1);
    if columns(line) <= width {
        return vec![line.to_owned()];
    }
    let mut lines = Vec::new();
    let mut current = String::new();
    let mut taken = 0;
    for word in line.split_word_bounds() {
        let wide = columns(word);
        if taken + wide > width && taken > 0 {
            lines.push(std::mem::take(&mut current).trim_end().to_owned());
            taken = 0;
            if word.trim().is_empty() {
                continue;
            }
        }
        if wide > width {
            taken = break_word(word, width, &mut lines, &mut current);
        } else {
            current.push_str(word);
            taken += wide;
        }
    }
    lines.push(current.trim_end().to_owned());
    lines
}

/// Breaks a word that is wider than a line; returns the columns taken in `current`.
fn break_word(word: &str, width: usize, lines: &mut Vec<String>, current: &mut String) -> usize {
    let mut taken = 0;
    for grapheme in word.graphemes(true) {
        let wide = columns(grapheme);
        if taken + wide > width && taken > 0 {
            lines.push(std::mem::take(current));
            taken = 0;
        }
        current.push_str(grapheme);
        taken += wide;
    }
    taken
}

#[cfg(test)]
mod tests {
    use super::*;

    fn check_visible(text: &str, expect: &str) {
        assert_eq!(visible(text), expect, "{text:?}");
    }

    #[test]
    fn nothing_acts_on_the_terminal() {
        check_visible("plain\ntext", "plain\ntext");
        check_visible("\u{1b}[31mred\u{1b}[0m", "␛[31mred␛[0m");
        check_visible("\u{1b}]0;title\u{7}", "␛]0;title␇");
        check_visible("a\u{9b}31m", "a<U+009B>31m");
        check_visible("a\tb\r\nc\rd", "a    b\nc␍d");
        check_visible("\u{202e}gpj.exe", "<U+202E>gpj.exe");
        check_visible("x\u{200b}y\u{7f}", "x<U+200B>y␡");
        check_visible("日本語 👩‍💻", "日本語 👩‍💻");
    }

    #[test]
    fn every_control_character_is_shown() {
        for c in (0..=0x2fff)
            .filter_map(char::from_u32)
            .filter(|c| acts_on_terminal(*c))
        {
            let text = c.to_string();
            let shown = visible(&text);
            assert!(
                shown.chars().all(|c| c == '\n' || !acts_on_terminal(c)),
                "{c:?}"
            );
        }
    }

    #[test]
    fn names_are_told_apart() {
        let check = |name: &str, expect: &str| assert_eq!(escaped(name), expect);
        check("a  b.txt", "a  b.txt");
        check("a\nb\tc", "a\\nb\\tc");
        check("a\\nb", "a\\\\nb");
        check("\u{1b}[31m\u{202e}é", "\\u{1b}[31m\\u{202e}é");
    }

    fn check_cut(text: &str, limit: usize, expect: &str) {
        let short = cut(text, limit);
        assert_eq!(short, expect);
        assert!(columns(&short) <= limit, "{short:?}");
        assert_eq!(columns(&fit(text, limit)), limit);
    }

    #[test]
    fn text_is_cut_by_columns() {
        check_cut("short", 10, "short");
        check_cut("exactly ten", 10, "exactly t…");
        check_cut("日本語のテスト", 8, "日本語…");
        check_cut("日本語のテスト", 7, "日本語…");
        check_cut("e\u{301}e\u{301}e\u{301}", 2, "e\u{301}…");
        check_cut("anything", 1, "…");
        check_cut("anything", 0, "");
    }

    fn check_wrap(line: &str, width: usize, expect: &[&str]) {
        let lines = wrap(line, width);
        assert_eq!(lines, expect);
        assert!(lines.iter().all(|line| columns(line) <= width.max(2)));
    }

    #[test]
    fn lines_break_between_words() {
        check_wrap("one two three", 20, &["one two three"]);
        check_wrap("one two three", 8, &["one two", "three"]);
        check_wrap("abcdefghij", 4, &["abcd", "efgh", "ij"]);
        check_wrap("日本語", 4, &["日本", "語"]);
        check_wrap("  indented words here", 12, &["  indented", "words here"]);
        check_wrap("", 5, &[""]);
    }

    #[test]
    fn one_line_joins_white_space() {
        assert_eq!(one_line(" a\n\n  b\tc "), "a b c");
    }
}

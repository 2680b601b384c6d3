//! What a character is to the tokenizer.

use unicode_normalization::char::is_combining_mark;

/// What a character is to the tokenizer.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Class {
    /// Belongs to a run.
    Word,
    /// Belongs to a run that it stands in, and is nothing on its own: marks, joiners, soft hyphens.
    Inner,
    /// A word of its own, in a script written without spaces.
    Single,
    /// A picture: a word of its own.
    Emoji,
    /// Separates runs.
    Other,
}

/// Returns what `c`, a character outside ASCII, is to the tokenizer.
pub(super) fn class(c: char) -> Class {
    match u32::from(c) {
        0x00AD | 0x200C | 0x200D | 0xFE00..=0xFE0F | 0x1_F3FB..=0x1_F3FF => Class::Inner,
        0x30FB => Class::Other,
        // Letter-like signs whose compatibility form is a word: ℃, №, ™, ㎏.
        0x2100..=0x214F | 0x3300..=0x33FF => Class::Word,
        code if is_single(code) && (c.is_alphanumeric() || is_combining_mark(c)) => Class::Single,
        0x2300..=0x23FF | 0x2600..=0x27BF | 0x2B00..=0x2BFF | 0x1_F000..=0x1_FAFF => Class::Emoji,
        _ if c.is_alphanumeric() => Class::Word,
        _ if is_combining_mark(c) => Class::Inner,
        _ => Class::Other,
    }
}

/// Returns whether `c` is one letter with the character before it: it voices a kana, or goes on a
/// hangul syllable that is written letter by letter.
pub(super) fn joins_previous(c: char) -> bool {
    matches!(
        c,
        '\u{3099}' | '\u{309A}' | '\u{FF9E}' | '\u{FF9F}' | '\u{1160}'..='\u{11FF}'
    )
}

fn is_single(code: u32) -> bool {
    matches!(code,
        0x0E00..=0x0EFF            // Thai, Lao
        | 0x0F00..=0x0FFF          // Tibetan
        | 0x1000..=0x109F          // Myanmar
        | 0x1100..=0x11FF          // Hangul letters
        | 0x1780..=0x17FF          // Khmer
        | 0x3005..=0x3007          // Ideographic repetition, zero
        | 0x3021..=0x318F          // Kana, bopomofo, hangul letters
        | 0x31A0..=0x31FF          // Bopomofo, kana
        | 0x3400..=0x4DBF          // Han
        | 0x4E00..=0x9FFF          // Han
        | 0xA000..=0xA4CF          // Yi
        | 0xAC00..=0xD7FF          // Hangul syllables
        | 0xF900..=0xFAFF          // Han
        | 0xFF66..=0xFFDC          // Half-width kana and hangul
        | 0x1_B000..=0x1_B16F      // Kana
        | 0x2_0000..=0x3_FFFF) // Han
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn characters_fall_into_their_classes() {
        let check = |chars: &str, expect: Class| {
            chars
                .chars()
                .for_each(|c| assert_eq!(class(c), expect, "{c:?}"));
        };
        check("éßяλאع½①℃㎏ﬁＡ９", Class::Word);
        check("\u{301}\u{200d}\u{ad}\u{fe0f}\u{1f3fd}", Class::Inner);
        check("漢字かなカナー々〇ｶ한กี", Class::Single);
        check("🦀✓⚠⌘", Class::Emoji);
        check("—“”…、。・「」→│■ ", Class::Other);
    }
}

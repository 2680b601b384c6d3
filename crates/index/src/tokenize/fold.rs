//! Folds a word: compatibility form, case, accents.

use unicode_normalization::UnicodeNormalization as _;
use unicode_normalization::char::is_combining_mark;

/// Appends the folded form of `word`, any run of letters, digits and marks, to `out`.
pub(super) fn fold_into(word: &str, out: &mut String) {
    for c in word.nfkd().flat_map(char::to_lowercase) {
        let is_kept = (c.is_alphanumeric() || is_combining_mark(c)) && !is_accent(c);
        if is_kept {
            push_folded(c, out);
        }
    }
}

/// Appends the compatibility form of `cluster`, one character of a script without spaces.
pub(super) fn compose_into(cluster: &str, out: &mut String) {
    out.extend(cluster.nfkc().flat_map(char::to_lowercase));
}

/// Letters that do not decompose, and are typed without their stroke by many.
fn push_folded(c: char, out: &mut String) {
    match c {
        'ß' => out.push_str("ss"),
        'æ' => out.push_str("ae"),
        'œ' => out.push_str("oe"),
        'ø' => out.push('o'),
        'ł' => out.push('l'),
        'đ' | 'ð' => out.push('d'),
        'þ' => out.push_str("th"),
        'ħ' => out.push('h'),
        'ı' => out.push('i'),
        'ς' => out.push('σ'),
        // Letters of old prints, which are the same in another case.
        'ᲀ' => out.push('в'),
        'ᲁ' => out.push('д'),
        'ᲂ' => out.push('о'),
        'ᲃ' => out.push('с'),
        'ᲄ' | 'ᲅ' => out.push('т'),
        'ᲆ' => out.push('ъ'),
        'ᲇ' => out.push('ѣ'),
        _ => out.push(c),
    }
}

/// Marks that a reader may leave out: Latin, Greek and Cyrillic accents, Hebrew points, Arabic vowels.
/// In other scripts a mark is a letter.
fn is_accent(c: char) -> bool {
    matches!(u32::from(c),
        0x0300..=0x036F
        | 0x0591..=0x05C7
        | 0x064B..=0x065F
        | 0x0670
        | 0x1AB0..=0x1AFF
        | 0x1DC0..=0x1DFF
        | 0x20D0..=0x20FF
        | 0xFE20..=0xFE2F)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn words_are_folded() {
        let check = |word: &str, expect: &str| {
            let mut folded = String::new();
            fold_into(word, &mut folded);
            assert_eq!(folded, expect, "{word}");
        };
        check("Café", "cafe");
        check("cafe\u{301}", "cafe");
        check("STRASSE", "strasse");
        check("Straße", "strasse");
        check("Łódź", "lodz");
        check("İstanbul", "istanbul");
        check("Ｆｕｌｌ１", "full1");
        check("ﬁn", "fin");
        check("x²", "x2");
        check("ΣΊΣΥΦΟΣ", "σισυφοσ");
        check("Йод", "иод");
        check("कि", "कि");
        check("℃", "c");
        check("½", "12");
        check("soft\u{ad}hyphen", "softhyphen");
    }
}

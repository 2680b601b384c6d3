//! JSON as the client writes it: compact, in UTF-8, with the shortest escapes.

use std::fmt::Write as _;

/// Appends `text` as a JSON string, quotes included.
pub(crate) fn push_string(text: &str, out: &mut String) {
    out.reserve(text.len() + 2);
    out.push('"');
    let mut rest = text;
    while let Some(at) = rest
        .bytes()
        .position(|byte| byte < 0x20 || byte == b'"' || byte == b'\\')
    {
        let (plain, from) = rest.split_at(at);
        let (special, after) = from.split_at(1);
        out.push_str(plain);
        push_escape(special, out);
        rest = after;
    }
    out.push_str(rest);
    out.push('"');
}

fn push_escape(special: &str, out: &mut String) {
    match special {
        "\"" => out.push_str("\\\""),
        "\\" => out.push_str("\\\\"),
        "\n" => out.push_str("\\n"),
        "\r" => out.push_str("\\r"),
        "\t" => out.push_str("\\t"),
        control => {
            let code = control.bytes().next().unwrap_or(0);
            write!(out, "\\u{code:04x}").expect("writing to a string cannot fail");
        }
    }
}

/// Returns `text` as a JSON string, quotes included.
pub(crate) fn string(text: &str) -> String {
    let mut out = String::new();
    push_string(text, &mut out);
    out
}

/// Returns the moment `ms` milliseconds after 1970 as the client writes it: `2026-11-22T21:03:23.041Z`.
///
/// The date is found by the era arithmetic of Howard Hinnant's `civil_from_days`.
pub(crate) fn timestamp(ms: u64) -> String {
    let (seconds, milli) = (ms / 1000, ms % 1000);
    let (days, second) = (seconds / 86_400 + 719_468, seconds % 86_400);
    let (era, day_of_era) = (days / 146_097, days % 146_097);
    let year_of_era =
        (day_of_era - day_of_era / 1_460 + day_of_era / 36_524 - day_of_era / 146_096) / 365;
    let day_of_year = day_of_era - (365 * year_of_era + year_of_era / 4 - year_of_era / 100);
    let shifted = (5 * day_of_year + 2) / 153;
    let day = day_of_year - (153 * shifted + 2) / 5 + 1;
    let month = if shifted < 10 {
        shifted + 3
    } else {
        shifted - 9
    };
    let year = year_of_era + era * 400 + u64::from(month <= 2);
    let (hour, minute, second) = (second / 3600, second / 60 % 60, second % 60);
    format!("{year:04}-{month:02}-{day:02}T{hour:02}:{minute:02}:{second:02}.{milli:03}Z")
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn strings_read_back() {
        for text in [
            "",
            "plain",
            "a \"b\" \\ c",
            "line\nline\ttab\r",
            "\u{1b}[31m",
            "検索 é 🦀",
        ] {
            let back: String = serde_json::from_str(&string(text)).unwrap();
            assert_eq!(back, text);
        }
    }

    #[test]
    fn moments_are_iso_8601() {
        assert_eq!(timestamp(0), "1970-01-01T00:00:00.000Z");
        assert_eq!(timestamp(951_782_400_000), "2000-02-29T00:00:00.000Z");
        assert_eq!(timestamp(1_795_381_403_041), "2026-11-22T21:03:23.041Z");
    }
}

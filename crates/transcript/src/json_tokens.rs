//! Strings inside JSON that is known to be valid, without building it.
//!
//! Walks with a counter where a parser would recurse, so no nesting is too deep. Knows no field of any
//! record.

use std::borrow::Cow;

use memchr::memchr2;

/// One piece of a JSON text.
#[derive(Debug, PartialEq, Eq)]
pub(crate) enum Token<'a> {
    /// The name of a field.
    Key(Cow<'a, str>),
    /// A string.
    Text(Cow<'a, str>),
    /// A number, `true`, `false` or `null`.
    Literal(&'a str),
}

/// The keys, strings and literals of a JSON text in order, each with the number of lists and objects
/// around it.
#[derive(Debug)]
pub(crate) struct Tokens<'a> {
    rest: &'a str,
    depth: usize,
}

/// Walks `json`, which is valid; what comes of anything else is unspecified, but it ends.
pub(crate) fn tokens(json: &str) -> Tokens<'_> {
    Tokens {
        rest: json,
        depth: 0,
    }
}

/// Returns the string that `json` is, or none where it is another value.
pub(crate) fn string(json: &str) -> Option<Cow<'_, str>> {
    let quoted = json.trim_ascii().strip_prefix('"')?.strip_suffix('"')?;
    Some(unescape(quoted))
}

impl<'a> Iterator for Tokens<'a> {
    type Item = (usize, Token<'a>);

    fn next(&mut self) -> Option<Self::Item> {
        loop {
            let rest = self
                .rest
                .trim_start_matches([' ', '\t', '\r', '\n', ',', ':']);
            match rest.as_bytes().first()? {
                b'{' | b'[' => {
                    self.depth += 1;
                    self.rest = cut(rest, 1).1;
                }
                b'}' | b']' => {
                    self.depth = self.depth.saturating_sub(1);
                    self.rest = cut(rest, 1).1;
                }
                b'"' => return Some((self.depth, self.take_string(cut(rest, 1).1))),
                _ => return Some((self.depth, self.take_literal(rest))),
            }
        }
    }
}

impl<'a> Tokens<'a> {
    fn take_string(&mut self, rest: &'a str) -> Token<'a> {
        let (quoted, after) = cut(rest, string_len(rest.as_bytes()));
        self.rest = cut(after, 1).1;
        let is_key = self.rest.trim_ascii_start().starts_with(':');
        let text = unescape(quoted);
        if is_key {
            Token::Key(text)
        } else {
            Token::Text(text)
        }
    }

    fn take_literal(&mut self, rest: &'a str) -> Token<'a> {
        let is_end = |c: char| matches!(c, ',' | ']' | '}' | ':' | '"') || c.is_ascii_whitespace();
        let len = rest.find(is_end).unwrap_or(rest.len()).max(1);
        let (literal, after) = cut(rest, len);
        self.rest = after;
        Token::Literal(literal)
    }
}

/// Splits at `at`, or at the end where that is no place to split.
fn cut(text: &str, at: usize) -> (&str, &str) {
    text.split_at_checked(at).unwrap_or((text, ""))
}

/// Counts the bytes up to the closing quote.
fn string_len(bytes: &[u8]) -> usize {
    let mut at = 0;
    while let Some(found) = bytes.get(at..).and_then(|rest| memchr2(b'"', b'\\', rest)) {
        at += found;
        if bytes.get(at) == Some(&b'"') {
            return at;
        }
        at += 2;
    }
    bytes.len()
}

/// Resolves the escapes of a JSON string. A surrogate without its other half, which the client writes
/// where it cut a text inside an emoji, becomes U+FFFD.
fn unescape(quoted: &str) -> Cow<'_, str> {
    if !quoted.contains('\\') {
        return Cow::Borrowed(quoted);
    }
    let mut text = String::with_capacity(quoted.len());
    let mut rest = quoted;
    while let Some((plain, escaped)) = rest.split_once('\\') {
        text.push_str(plain);
        let (c, after) = escape(escaped);
        text.extend(c);
        rest = after;
    }
    text.push_str(rest);
    Cow::Owned(text)
}

/// Reads what stands after a backslash.
fn escape(escaped: &str) -> (Option<char>, &str) {
    let mut chars = escaped.chars();
    let c = match chars.next() {
        Some('n') => Some('\n'),
        Some('t') => Some('\t'),
        Some('r') => Some('\r'),
        Some('b') => Some('\u{8}'),
        Some('f') => Some('\u{c}'),
        Some('u') => return unicode_escape(chars.as_str()),
        other => other,
    };
    (c, chars.as_str())
}

fn unicode_escape(hex: &str) -> (Option<char>, &str) {
    let (digits, rest) = cut(hex, 4);
    let first = hex_unit(digits).unwrap_or(0xfffd);
    let (low_digits, after) = cut(rest.strip_prefix("\\u").unwrap_or_default(), 4);
    let low = hex_unit(low_digits).filter(|unit| (0xdc00..0xe000).contains(unit));
    match (char::from_u32(first), low) {
        (Some(c), _) => (Some(c), rest),
        (None, Some(low)) if first < 0xdc00 => {
            let joined = 0x1_0000 + ((first - 0xd800) << 10) + (low - 0xdc00);
            (char::from_u32(joined), after)
        }
        (None, _) => (Some(char::REPLACEMENT_CHARACTER), rest),
    }
}

fn hex_unit(digits: &str) -> Option<u32> {
    u32::from_str_radix(digits, 16)
        .ok()
        .filter(|_| digits.len() == 4)
}

/// Replaces the escapes of lone surrogates, which a strict parser refuses, by that of U+FFFD, byte for
/// byte in place; none where there is no such escape.
pub(crate) fn mend_surrogates(json: &str) -> Option<String> {
    let mut mended = String::with_capacity(json.len());
    let mut rest = json;
    let mut has_changed = false;
    while let Some((plain, escaped)) = rest.split_once('\\') {
        mended.push_str(plain);
        let (c, after) = escape(escaped);
        let (written, _) = cut(escaped, escaped.len() - after.len());
        let is_lone = c == Some(char::REPLACEMENT_CHARACTER) && written.starts_with('u');
        has_changed |= is_lone;
        mended.push('\\');
        mended.push_str(if is_lone { "ufffd" } else { written });
        rest = after;
    }
    mended.push_str(rest);
    has_changed.then_some(mended)
}

#[cfg(test)]
mod tests {
    use super::*;

    fn check(json: &str, expect: &[(usize, Token<'_>)]) {
        assert_eq!(tokens(json).collect::<Vec<_>>(), expect, "{json}");
    }

    fn text(text: &str) -> Token<'_> {
        Token::Text(text.into())
    }

    fn key(text: &str) -> Token<'_> {
        Token::Key(text.into())
    }

    #[test]
    fn keys_and_strings_come_in_order_with_their_depth() {
        check(r#""a""#, &[(0, text("a"))]);
        check(
            r#"{"a" : "b","c":[1,true,"d"]}"#,
            &[
                (1, key("a")),
                (1, text("b")),
                (1, key("c")),
                (2, Token::Literal("1")),
                (2, Token::Literal("true")),
                (2, text("d")),
            ],
        );
        check(
            r#"["\"","\\",""]"#,
            &[(1, text("\"")), (1, text("\\")), (1, text(""))],
        );
    }

    #[test]
    fn escapes_are_resolved_and_lone_surrogates_replaced() {
        for (json, expect) in [
            (r#""a\nb\/\u00e9""#, "a\nb/é"),
            (r#""\ud83d\ude00!""#, "😀!"),
            (r#""\ud83d""#, "\u{fffd}"),
            (r#""\ude00x""#, "\u{fffd}x"),
            (r#""\ud83d\n""#, "\u{fffd}\n"),
            (r#""\ud83dA""#, "\u{fffd}A"),
        ] {
            assert_eq!(string(json).as_deref(), Some(expect), "{json}");
        }
        assert_eq!(string("17"), None);
    }

    #[test]
    fn mending_keeps_every_place() {
        assert_eq!(mend_surrogates(r#""\ud83d\ude00 \\ud83d""#), None);
        let mended = mend_surrogates(r#""\n\ud83d!\udc00\ud83d\ude00""#);
        assert_eq!(mended.as_deref(), Some(r#""\n\ufffd!\ufffd\ud83d\ude00""#));
    }

    #[test]
    fn nesting_costs_no_stack() {
        let json = format!("{}\"x\"{}", "[".repeat(1 << 20), "]".repeat(1 << 20));
        check(&json, &[(1 << 20, text("x"))]);
    }
}

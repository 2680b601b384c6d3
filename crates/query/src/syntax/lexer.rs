//! Cuts a query into tokens, and decides what of pasted text is syntax.

use std::ops::Range;

use super::filter::{self, Named};
use super::{Filter, SyntaxError, TERMS_MAX, exact};

/// Most tokens: a word may stand between parentheses, behind a `-`, and be joined by an `OR`.
const TOKENS_MAX: usize = 8 * TERMS_MAX;

/// What a token is.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(super) enum Token {
    Open,
    Close,
    Or,
    Not,
    All,
    Word(String),
    Prefix(String),
    Typo(String),
    Phrase(String),
    Literal(String),
    Regex(String),
    Filter(Filter),
}

/// A token and its bytes.
pub(super) type Spanned = (Token, Range<usize>);

/// Returns the tokens of `text`.
pub(super) fn tokens(text: &str) -> Result<Vec<Spanned>, SyntaxError> {
    let mut lexer = Lexer {
        text,
        at: 0,
        depth: 0,
        tokens: Vec::new(),
    };
    while lexer.step()? {}
    Ok(lexer.tokens)
}

struct Lexer<'a> {
    text: &'a str,
    at: usize,
    /// Parentheses that are open.
    depth: usize,
    tokens: Vec<Spanned>,
}

impl<'a> Lexer<'a> {
    fn rest(&self) -> &'a str {
        self.text.get(self.at..).unwrap_or_default()
    }

    /// Takes the next token; returns whether there was something left to look at.
    fn step(&mut self) -> Result<bool, SyntaxError> {
        let rest = self.rest().trim_start();
        self.at = self.text.len() - rest.len();
        let mut chars = rest.chars();
        let Some(first) = chars.next() else {
            return Ok(false);
        };
        if self.tokens.len() > TOKENS_MAX {
            let message = format!("the query has more than {TERMS_MAX} words");
            return Err(SyntaxError::new(self.at..self.text.len(), message));
        }
        match first {
            '(' => {
                self.depth += 1;
                self.push(Token::Open, 1);
            }
            ')' if self.depth > 0 => {
                self.depth -= 1;
                self.push(Token::Close, 1);
            }
            '-' if chars.next().is_some_and(follows_minus) => self.push(Token::Not, 1),
            '"' => self.quoted(rest),
            _ => match self.exact(rest)? {
                Some((token, length)) => self.push(token, length),
                None => self.word(rest)?,
            },
        }
        Ok(true)
    }

    /// Reads a text between single quotes or a regex between slashes, where one begins.
    fn exact(&self, rest: &str) -> Result<Option<(Token, usize)>, SyntaxError> {
        let ends = |after: Option<char>| match after {
            None => true,
            Some(char) => char.is_whitespace() || (char == ')' && self.depth > 0),
        };
        if let Some((text, length)) = exact::literal(rest, ends) {
            return Ok(Some((Token::Literal(text), length)));
        }
        let Some((pattern, length)) = exact::regex(rest, ends) else {
            return Ok(None);
        };
        exact::check(&pattern, self.at..self.at + length)?;
        Ok(Some((Token::Regex(pattern), length)))
    }

    fn push(&mut self, token: Token, length: usize) {
        self.tokens.push((token, self.at..self.at + length));
        self.at += length;
    }

    fn quoted(&mut self, rest: &str) {
        match quoted(rest) {
            Some((phrase, length)) if phrase.trim().is_empty() => self.at += length,
            Some((phrase, length)) => self.push(Token::Phrase(phrase), length),
            // Nothing closes it: what follows stands for itself.
            None => self.at += 1,
        }
    }

    fn word(&mut self, rest: &str) -> Result<(), SyntaxError> {
        if let Some((name, value)) = named(rest) {
            let span = self.at..self.at + name.len() + 1;
            if filter::recognise(name, span)? == Named::Filter {
                return self.filter(name, value);
            }
        }
        let length = self.word_length(rest);
        let word = rest.get(..length).unwrap_or_default();
        let token = match word {
            "OR" => Some(Token::Or),
            "NOT" => Some(Token::Not),
            "AND" | "-" => None,
            "*" => Some(Token::All),
            _ => Some(word_token(word)),
        };
        match token {
            Some(token) => self.push(token, length),
            None => self.at += length,
        }
        Ok(())
    }

    fn filter(&mut self, name: &str, after: &str) -> Result<(), SyntaxError> {
        let (value, length) = quoted(after).unwrap_or_else(|| {
            let length = self.word_length(after);
            (after.get(..length).unwrap_or_default().to_owned(), length)
        });
        let start = self.at + name.len() + 1;
        let filter = filter::read(name, &value, start..start + length)?;
        self.push(Token::Filter(filter), name.len() + 1 + length);
        Ok(())
    }

    /// A word ends at white space, and at a parenthesis that closes a group and none within the word.
    fn word_length(&self, rest: &str) -> usize {
        let mut opened = 0_usize;
        for (at, char) in rest.char_indices() {
            match char {
                _ if char.is_whitespace() => return at,
                '(' => opened += 1,
                ')' if opened > 0 => opened -= 1,
                ')' if self.depth > 0 => return at,
                _ => {}
            }
        }
        rest.len()
    }
}

/// Whether a `-` before `char` means without, rather than being text (`--flag`, `->`).
pub(super) fn follows_minus(char: char) -> bool {
    char.is_alphanumeric() || matches!(char, '"' | '\'' | '(' | '_' | '.' | '/' | '@' | '#' | '$')
}

/// Reads the text between quotes and how many bytes it took, quotes included.
fn quoted(rest: &str) -> Option<(String, usize)> {
    let mut chars = rest.char_indices();
    chars.next().filter(|(_, quote)| *quote == '"')?;
    let mut text = String::new();
    while let Some((at, char)) = chars.next() {
        match char {
            '"' => return Some((text, at + 1)),
            '\\' => {
                let mut ahead = chars.clone();
                match ahead.next() {
                    Some((_, escaped @ ('"' | '\\'))) => {
                        text.push(escaped);
                        chars = ahead;
                    }
                    _ => text.push(char),
                }
            }
            _ => text.push(char),
        }
    }
    None
}

/// Splits `name:value` where it may be a filter: a name of letters, and a value that is neither empty nor
/// the rest of `::` or `://`.
fn named(rest: &str) -> Option<(&str, &str)> {
    let (name, value) = rest.split_once(':')?;
    let is_name = !name.is_empty() && name.bytes().all(|byte| byte.is_ascii_alphabetic());
    let first = value.chars().next()?;
    let is_value =
        !first.is_whitespace() && !matches!(first, ':' | ')') && !value.starts_with("//");
    (is_name && is_value).then_some((name, value))
}

fn word_token(word: &str) -> Token {
    let stem = |mark| {
        word.strip_suffix(mark)
            .filter(|stem| stem.chars().any(char::is_alphanumeric))
    };
    if let Some(stem) = stem('*') {
        Token::Prefix(stem.to_owned())
    } else if let Some(stem) = stem('~') {
        Token::Typo(stem.to_owned())
    } else {
        Token::Word(word.to_owned())
    }
}

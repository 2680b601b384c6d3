//! The tokenizer: cuts text into words and folds them, the same for what is indexed and what is asked.
//!
//! # Words
//! A *run* is a stretch of letters, digits and underscores. Everything else separates runs, so a
//! path, a URL, `std::fmt::Display`, `foo-bar` and `1.2.3` are sequences of words, found by each and,
//! as a phrase, by all of them. A run is cut further at underscores and where its case says so
//! (`fooBar`, `HTTPServer`, `UTF8String`); never between letters and digits (`sha256`, `utf8`).
//!
//! # Positions
//! Parts count up, one position each. A run of several parts is also emitted whole, joined and
//! without underscores, at the position of its first part; the number of a version (`v1`) also bare
//! at the position of that word:
//!
//! ```text
//! text        call   fooBar_baz        v1 .2
//! position    0      1    2    3       4   5
//! parts       call   foo  bar  baz     v1  2
//! also               foobarbaz         1
//! ```
//!
//! So `fooBarBaz`, `foo_bar_baz` and `foo bar baz` find one another through their parts, `foobarbaz`
//! finds the first two through the whole, and a phrase goes on across an identifier in either
//! direction. What is not found: a phrase that goes on *after* a joined word (`foobarbaz now`) where
//! the text has the parts.
//!
//! # Line numbers
//! Where the client shows a file it numbers the lines (`    12→let x`). The numbers are no words of the
//! file: they have no token and no position, so a phrase goes on from line to line. They would be one
//! posting in twelve.
//!
//! # Colours
//! What programs write for a terminal holds control sequences (`ESC[31m`). They are no words and part of
//! none: a coloured word is found like any other, and a phrase goes on across them.
//!
//! # Escapes
//! Much of what tools print is escaped text: a letter behind a backslash that stands for a line's end or a tab
//! (`\n`, `\t`, `\r`) begins no word. A path or a command may have the letter as its own (`C:\new`), so the word
//! with it stands at the same position. In a query a backslash only separates.
//!
//! # Scripts
//! Han, kana, hangul, Thai and other scripts that are written without spaces give one token for each
//! character: a query of one character works, and a longer one is a phrase. Emoji are words. The rest
//! is folded: NFKC, case, accents, and letters such as `ø` and `ß`.
//!
//! # Limits
//! A word is cut at [`TOKEN_BYTES_MAX`] bytes, and a longer run is not emitted whole. Of encoded data (a mixed-case run that no one would
//! write, in more than [`ENCODED_BYTES_MAX`] bytes of the base64 alphabets) only the beginning is
//! indexed. [`scan`](scanner::scan) says of a text whether anything of it was left out so: exact search
//! ([`fragment`]) goes through such a text itself.

mod control;
mod fold;
mod fragment;
mod identifier;
mod scanner;
mod script;
mod stream;
mod traces;

pub(crate) use fragment::{Clue, Clues, Fragment};
pub(crate) use stream::{FACET_SEPARATOR, FacetTokenizer, TextTokenizer};
pub(crate) use traces::Traces;

/// Changes whenever the same text gives other tokens: an index made with another one is rebuilt.
pub const TOKENIZER_VERSION: u32 = 6;

/// Longest token, in bytes: a SHA-512 in hexadecimal.
pub const TOKEN_BYTES_MAX: usize = 128;

/// Longest stretch of encoded data that is indexed word by word, in bytes.
pub const ENCODED_BYTES_MAX: usize = 256;

/// What a token is to the run it was cut from.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
pub enum Role {
    /// A part of a run, or all of it. Each position has exactly one.
    Part,
    /// All parts of a run joined.
    Whole,
    /// The number of a version, without its `v`.
    Bare,
}

/// Whether a text's tokens tell all of its words.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Told {
    /// They do.
    Whole,
    /// Encoded data, or what is too long, was left out.
    InPart,
}

/// A word of a text.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Token {
    /// The word, folded.
    pub text: String,
    /// Its first byte in the text.
    pub start: usize,
    /// One past its last byte in the text.
    pub end: usize,
    /// Its position, counted in words.
    pub position: u32,
    /// What it is to the run it was cut from.
    pub role: Role,
}

/// Returns the tokens of `text` in order, exactly those that are indexed.
pub fn tokenize(text: &str) -> Vec<Token> {
    let mut tokens = Vec::new();
    scanner::scan(text, |piece| {
        tokens.push(Token {
            text: piece.text.to_owned(),
            start: piece.start,
            end: piece.end,
            position: piece.position,
            role: piece.role,
        });
    });
    tokens
}

/// Cuts what is asked into tokens: nothing is escaped there, and a backslash only separates.
pub fn tokenize_query(text: &str) -> Vec<Token> {
    tokenize(&text.replace('\\', " "))
}

#[cfg(test)]
mod tests;

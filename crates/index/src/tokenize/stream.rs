//! The tokenizers as tantivy calls them.

use tantivy::tokenizer::{Token, TokenStream, Tokenizer};

use super::scanner;

/// Separates the values in a facet field.
pub(crate) const FACET_SEPARATOR: char = '\u{1f}';

/// The tokenizer of texts and paths.
#[derive(Debug, Clone, Default)]
pub(crate) struct TextTokenizer;

/// The tokenizer of exact values: each stands between separators.
#[derive(Debug, Clone, Default)]
pub(crate) struct FacetTokenizer;

impl Tokenizer for TextTokenizer {
    type TokenStream<'a> = Stream<'a>;

    fn token_stream<'a>(&'a mut self, text: &'a str) -> Stream<'a> {
        Stream::new(text, scan_text)
    }
}

impl Tokenizer for FacetTokenizer {
    type TokenStream<'a> = Stream<'a>;

    fn token_stream<'a>(&'a mut self, text: &'a str) -> Stream<'a> {
        Stream::new(text, scan_facets)
    }
}

type Scan = fn(&str, &mut dyn FnMut(&Token));

/// Tokens of one text. Indexing calls [`TokenStream::process`], which allocates one token for all;
/// a caller that wants them one by one pays for a list.
pub(crate) struct Stream<'a> {
    text: &'a str,
    scan: Scan,
    listed: Option<std::vec::IntoIter<Token>>,
    current: Token,
}

impl<'a> Stream<'a> {
    fn new(text: &'a str, scan: Scan) -> Self {
        Self {
            text,
            scan,
            listed: None,
            current: Token::default(),
        }
    }
}

impl TokenStream for Stream<'_> {
    fn advance(&mut self) -> bool {
        let (text, scan) = (self.text, self.scan);
        let listed = self.listed.get_or_insert_with(|| {
            let mut tokens = Vec::new();
            scan(text, &mut |token| tokens.push(token.clone()));
            tokens.into_iter()
        });
        listed.next().map(|token| self.current = token).is_some()
    }

    fn token(&self) -> &Token {
        &self.current
    }

    fn token_mut(&mut self) -> &mut Token {
        &mut self.current
    }

    fn process(&mut self, sink: &mut dyn FnMut(&Token)) {
        (self.scan)(self.text, sink);
    }
}

fn scan_text(text: &str, sink: &mut dyn FnMut(&Token)) {
    let mut token = Token {
        position_length: 1,
        ..Token::default()
    };
    scanner::scan(text, |piece| {
        token.text.clear();
        token.text.push_str(piece.text);
        token.offset_from = piece.start;
        token.offset_to = piece.end;
        token.position = piece.position as usize;
        sink(&token);
    });
}

fn scan_facets(text: &str, sink: &mut dyn FnMut(&Token)) {
    let mut token = Token {
        position_length: 1,
        ..Token::default()
    };
    for (position, value) in text.split(FACET_SEPARATOR).enumerate() {
        token.text.clear();
        token.text.push_str(value);
        token.position = position;
        sink(&token);
    }
}

//! Makes a tree of tokens. It decides nothing about their text.

use std::ops::Range;

use super::lexer::{Spanned, Token};
use super::{DEPTH_MAX, Node, Query, SyntaxError, TERMS_MAX};

/// Parses the tokens of `text`.
pub(super) fn parse(tokens: &[Spanned], text: &str) -> Result<Query, SyntaxError> {
    let mut parser = Parser {
        tokens,
        at: 0,
        depth: 0,
        terms: 0,
    };
    let root = parser.any_of()?;
    root.map(|root| Query { root }).ok_or_else(|| {
        SyntaxError::new(0..text.len(), "the query is empty").hint("type a word to search for")
    })
}

struct Parser<'a> {
    tokens: &'a [Spanned],
    at: usize,
    depth: usize,
    terms: usize,
}

impl Parser<'_> {
    fn peek(&self) -> Option<&Token> {
        self.tokens.get(self.at).map(|(token, _)| token)
    }

    /// Alternatives, up to the end or the parenthesis that closes them; none if they are empty.
    fn any_of(&mut self) -> Result<Option<Node>, SyntaxError> {
        let mut ways = Vec::new();
        loop {
            match self.all_of()? {
                Some(Node::Or(more)) => ways.extend(more),
                Some(node) => ways.push(node),
                None => {}
            }
            match self.peek() {
                Some(Token::Or) => self.at += 1,
                _ => return Ok(join(ways, Node::Or)),
            }
        }
    }

    fn all_of(&mut self) -> Result<Option<Node>, SyntaxError> {
        let mut conditions = Vec::new();
        while let Some(token) = self.peek() {
            if matches!(token, Token::Or | Token::Close) {
                break;
            }
            match self.condition()? {
                Some(Node::And(more)) => conditions.extend(more),
                Some(node) => conditions.push(node),
                None => {}
            }
        }
        Ok(join(conditions, Node::And))
    }

    /// One condition; none where there is nothing to negate, or nothing between parentheses.
    fn condition(&mut self) -> Result<Option<Node>, SyntaxError> {
        let mut is_negated = false;
        while self.peek() == Some(&Token::Not) {
            is_negated = !is_negated;
            self.at += 1;
        }
        let node = match self.tokens.get(self.at) {
            None | Some((Token::Or | Token::Close, _)) => return Ok(None),
            Some((Token::Open, span)) => self.group(span.clone())?,
            Some((token, span)) => Some(self.leaf(token, span.clone())?),
        };
        Ok(match node {
            Some(Node::Not(inner)) if is_negated => Some(*inner),
            Some(node) if is_negated => Some(Node::Not(Box::new(node))),
            node => node,
        })
    }

    fn group(&mut self, open: Range<usize>) -> Result<Option<Node>, SyntaxError> {
        if self.depth == DEPTH_MAX {
            let message = format!("parentheses are nested deeper than {DEPTH_MAX}");
            return Err(SyntaxError::new(open, message));
        }
        self.at += 1;
        self.depth += 1;
        let inner = self.any_of()?;
        self.depth -= 1;
        if self.peek() != Some(&Token::Close) {
            return Err(SyntaxError::new(open, "this parenthesis is not closed")
                .hint("add ), or quote the text to search for it"));
        }
        self.at += 1;
        Ok(inner)
    }

    fn leaf(&mut self, token: &Token, span: Range<usize>) -> Result<Node, SyntaxError> {
        self.terms += 1;
        if self.terms > TERMS_MAX {
            let message = format!("the query has more than {TERMS_MAX} words");
            return Err(SyntaxError::new(span, message));
        }
        self.at += 1;
        Ok(match token {
            Token::Word(word) => Node::Word(word.clone()),
            Token::Prefix(prefix) => Node::Prefix(prefix.clone()),
            Token::Typo(word) => Node::Typo(word.clone()),
            Token::Phrase(phrase) => Node::Phrase(phrase.clone()),
            Token::Literal(text) => Node::Literal(text.clone()),
            Token::Regex(pattern) => Node::Regex(pattern.clone()),
            Token::Filter(filter) => Node::Filter(filter.clone()),
            Token::All | Token::Open | Token::Close | Token::Or | Token::Not => Node::All,
        })
    }
}

fn join(mut nodes: Vec<Node>, several: fn(Vec<Node>) -> Node) -> Option<Node> {
    match nodes.len() {
        0 | 1 => nodes.pop(),
        _ => Some(several(nodes)),
    }
}

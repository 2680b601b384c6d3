//! Just enough HTTP/1.1 for one client on loopback: one request a connection, bounded.
//!
//! Must not know what is asked.

use std::io::{self, BufRead, Read, Write};

/// Longest request head, in bytes.
const HEAD_BYTES_MAX: u64 = 64 * 1024;
/// Longest request body, in bytes: a conversation of some megabytes is sent whole each time.
const BODY_BYTES_MAX: u64 = 64 * 1024 * 1024;

/// A request.
#[derive(Debug, PartialEq, Eq)]
pub(super) struct Request {
    /// `GET`, `POST`, …
    pub(super) method: String,
    /// The path, without the query.
    pub(super) path: String,
    /// The body.
    pub(super) body: Vec<u8>,
}

/// Reads one request.
pub(super) fn read_request(stream: &mut impl BufRead) -> io::Result<Request> {
    let mut head = stream.take(HEAD_BYTES_MAX);
    let mut line = String::new();
    head.read_line(&mut line)?;
    let mut words = line.split_whitespace();
    let (Some(method), Some(target)) = (words.next(), words.next()) else {
        return Err(bad("no request line"));
    };
    let path = target.split('?').next().unwrap_or(target);
    let (method, path) = (method.to_owned(), path.to_owned());
    let length = read_headers(&mut head)?;
    let mut body = Vec::new();
    stream.take(length).read_to_end(&mut body)?;
    Ok(Request { method, path, body })
}

/// Reads up to the empty line and returns the length of the body.
fn read_headers(head: &mut impl BufRead) -> io::Result<u64> {
    let mut length = 0;
    loop {
        let mut line = String::new();
        if head.read_line(&mut line)? == 0 {
            return Err(bad("the head does not end"));
        }
        let line = line.trim_end();
        if line.is_empty() {
            return Ok(length);
        }
        let Some((name, value)) = line.split_once(':') else {
            return Err(bad("a header without a colon"));
        };
        if name.eq_ignore_ascii_case("content-length") {
            length = value.trim().parse().map_err(|_| bad("no length"))?;
        }
        if length > BODY_BYTES_MAX {
            return Err(bad("the body is too long"));
        }
    }
}

/// What stands before a response's body.
#[derive(Debug, Clone, Copy)]
pub(super) struct Head {
    /// The HTTP status.
    pub(super) status: u16,
    /// The media type.
    pub(super) kind: &'static str,
    /// The number behind `request-id`.
    pub(super) number: u64,
}

impl Head {
    /// The head of a JSON response.
    pub(super) fn json(status: u16, number: u64) -> Self {
        let kind = "application/json";
        Self {
            status,
            kind,
            number,
        }
    }

    /// The head of a stream of events.
    pub(super) fn events(number: u64) -> Self {
        let kind = "text/event-stream";
        Self {
            kind,
            ..Self::json(200, number)
        }
    }
}

/// Writes a whole response.
pub(super) fn write_whole(out: &mut impl Write, head: Head, body: &str) -> io::Result<()> {
    write_head(out, head)?;
    out.write_all(body.as_bytes())
}

/// Writes the head of a response that ends with the connection.
pub(super) fn write_head(out: &mut impl Write, head: Head) -> io::Result<()> {
    let Head {
        status,
        kind,
        number,
    } = head;
    write!(
        out,
        "HTTP/1.1 {status} Scripted\r\ncontent-type: {kind}\r\ncache-control: no-cache\r\n\
         request-id: req_mock{number:08}\r\nx-should-retry: false\r\nconnection: close\r\n\r\n"
    )
}

fn bad(what: &'static str) -> io::Error {
    io::Error::new(io::ErrorKind::InvalidData, what)
}

#[cfg(test)]
mod tests {
    use super::*;

    fn check(input: &str, expect: Option<(&str, &str, &str)>) {
        let got = read_request(&mut input.as_bytes()).ok();
        let expect = expect.map(|(method, path, body)| Request {
            method: method.to_owned(),
            path: path.to_owned(),
            body: body.into(),
        });
        assert_eq!(got, expect, "{input:?}");
    }

    #[test]
    fn requests_are_read_whole_or_refused() {
        check("GET /a?b=1 HTTP/1.1\r\n\r\n", Some(("GET", "/a", "")));
        check(
            "POST /m HTTP/1.1\r\nContent-Length: 2\r\n\r\nhithere",
            Some(("POST", "/m", "hi")),
        );
        check("POST /m HTTP/1.1\r\nContent-Length: x\r\n\r\n", None);
        check(
            "POST /m HTTP/1.1\r\nContent-Length: 99999999999\r\n\r\n",
            None,
        );
        check("POST /m HTTP/1.1\r\nhalf a head", None);
        check("", None);
    }
}

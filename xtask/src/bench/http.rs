//! One question to a server on this machine: a GET over loopback, and the body of what it answers.

use std::fmt::Write as _;
use std::io::{Read, Write};
use std::net::{Ipv4Addr, TcpListener, TcpStream};
use std::time::Duration;

use anyhow::{Context, Result, bail};

/// Longest wait for an answer, or for a part of it.
const LIMIT: Duration = Duration::from_secs(30);
/// Bytes of an answer that are read.
const BYTES_MAX: u64 = 16 << 20;

/// Finds a port of loopback that nobody listens on.
pub(crate) fn free_port() -> Result<u16> {
    let listener = TcpListener::bind((Ipv4Addr::LOCALHOST, 0)).context("could not find a port")?;
    let address = listener.local_addr().context("could not find a port")?;
    Ok(address.port())
}

/// Asks the server on `port` for a path with these parameters.
pub(crate) fn get(port: u16, path: &str, parameters: &[(&str, &str)]) -> Result<String> {
    let mut stream = TcpStream::connect((Ipv4Addr::LOCALHOST, port))
        .with_context(|| format!("could not connect to port {port}"))?;
    stream.set_read_timeout(Some(LIMIT))?;
    let target = target(path, parameters);
    // The older version of the protocol: the answer ends when the connection does.
    let request = format!(
        "GET {target} HTTP/1.0\r\nHost: 127.0.0.1:{port}\r\nAccept: application/json\r\n\r\n"
    );
    stream.write_all(request.as_bytes())?;
    let mut answer = Vec::new();
    stream
        .take(BYTES_MAX)
        .read_to_end(&mut answer)
        .with_context(|| format!("could not read the answer to {target}"))?;
    body(&String::from_utf8_lossy(&answer)).with_context(|| format!("{target} was not answered"))
}

fn target(path: &str, parameters: &[(&str, &str)]) -> String {
    let mut target = path.to_owned();
    for (number, (name, value)) in parameters.iter().enumerate() {
        let before = if number == 0 { '?' } else { '&' };
        target.push(before);
        target.extend([name, "="]);
        for byte in value.bytes() {
            if byte.is_ascii_alphanumeric() {
                target.push(char::from(byte));
            } else {
                write!(target, "%{byte:02X}").expect("writing to a string cannot fail");
            }
        }
    }
    target
}

fn body(answer: &str) -> Result<String> {
    let (head, body) = answer.split_once("\r\n\r\n").context("it has no head")?;
    let status = head.split_whitespace().nth(1).unwrap_or_default();
    if status != "200" {
        bail!("status {status}: {}", body.trim());
    }
    Ok(body.to_owned())
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn parameters_are_escaped() {
        let parameters = [("q", "a b&é"), ("limit", "10")];
        assert_eq!(
            target("/search", &parameters),
            "/search?q=a%20b%26%C3%A9&limit=10"
        );
        assert_eq!(target("/search", &[]), "/search");
    }

    #[test]
    fn the_body_stands_behind_an_empty_line() {
        assert_eq!(body("HTTP/1.0 200 OK\r\nA: b\r\n\r\n{}").unwrap(), "{}");
        let error = body("HTTP/1.0 404 Not Found\r\n\r\nno\n").unwrap_err();
        assert_eq!(error.to_string(), "status 404: no");
        assert!(body("").is_err());
    }
}

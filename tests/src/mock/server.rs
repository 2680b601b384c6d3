//! The listener, its threads, and the handle a test holds.
//!
//! Binds loopback alone. Every thread is joined when the handle is dropped.

use std::io::{self, BufReader, BufWriter, Write};
use std::net::{Ipv4Addr, SocketAddr, TcpListener, TcpStream};
use std::sync::Arc;
use std::thread::{self, JoinHandle};
use std::time::Duration;

use anyhow::{Context, Result, ensure};
use serde_json::{Value, json};

use super::answer::{self, Answer};
use super::board::{Board, Recorded};
use super::http::{self, Head, Request};
use super::script::{Failure, Message};
use super::stream::{self, Envelope};

/// Connections served at a time; a client opens a handful.
const CONNECTIONS_MAX: usize = 32;
/// How long a connection may stay silent.
const SILENCE_MAX: Duration = Duration::from_secs(10);

/// A running mock of the Messages API.
#[derive(Debug)]
pub struct Mock {
    board: Arc<Board>,
    address: SocketAddr,
    acceptor: Option<JoinHandle<()>>,
}

impl Mock {
    /// Starts a mock on a free port of loopback.
    pub fn start() -> Result<Self> {
        let listener = TcpListener::bind((Ipv4Addr::LOCALHOST, 0)).context("could not listen")?;
        let address = listener.local_addr()?;
        let board = Arc::new(Board::default());
        let shared = Arc::clone(&board);
        let acceptor = thread::spawn(move || accept(&listener, &shared));
        Ok(Self {
            board,
            address,
            acceptor: Some(acceptor),
        })
    }

    /// Returns the base address for the client.
    pub fn url(&self) -> String {
        format!("http://{}", self.address)
    }

    /// Registers a script and returns `words` with its mark: the prompt that runs it.
    pub fn prompt(&self, words: &str, script: impl Into<Vec<Message>>) -> String {
        let number = self.board.add_script(script.into());
        format!("{words} {}", answer::mark(number))
    }

    /// Sets what the next compactions are summed up as.
    pub fn set_summary(&self, words: &str) {
        self.board.set_summary(words);
    }

    /// Waits until an answer stands at the gate.
    pub fn wait_for(&self, gate: &str) -> Result<()> {
        ensure!(
            self.board.wait_reached(gate),
            "no answer reached gate {gate}"
        );
        Ok(())
    }

    /// Lets the answers at the gate go on.
    pub fn open(&self, gate: &str) {
        self.board.open(gate);
    }

    /// Returns the requests for messages so far.
    pub fn requests(&self) -> Vec<Recorded> {
        self.board.requests()
    }
}

impl Drop for Mock {
    fn drop(&mut self) {
        self.board.close();
        // Only wakes the acceptor; whether it was still there does not matter.
        let woken = TcpStream::connect(self.address);
        drop(woken);
        if let Some(acceptor) = self.acceptor.take() {
            let joined = acceptor.join();
            debug_assert!(joined.is_ok(), "the mock's acceptor does not panic");
        }
    }
}

fn accept(listener: &TcpListener, board: &Arc<Board>) {
    let mut connections: Vec<JoinHandle<io::Result<()>>> = Vec::new();
    for stream in listener.incoming() {
        if board.is_closed() {
            break;
        }
        connections.retain(|connection| !connection.is_finished());
        let Ok(stream) = stream else { continue };
        if connections.len() < CONNECTIONS_MAX {
            let board = Arc::clone(board);
            connections.push(thread::spawn(move || serve(&stream, &board)));
        }
    }
    for connection in connections {
        // A client that was killed in mid-answer leaves a broken pipe: that is part of the tests.
        drop(connection.join());
    }
}

fn serve(stream: &TcpStream, board: &Board) -> io::Result<()> {
    stream.set_read_timeout(Some(SILENCE_MAX))?;
    stream.set_nodelay(true)?;
    let request = http::read_request(&mut BufReader::new(stream))?;
    let mut out = BufWriter::new(stream);
    let is_post = request.method == "POST";
    if is_post && request.path.ends_with("/messages/count_tokens") {
        let tokens = json!({"input_tokens": tokens_of(&request)});
        http::write_whole(&mut out, Head::json(200, 0), &tokens.to_string())?;
    } else if is_post && request.path.ends_with("/messages") {
        serve_message(&mut out, &request, board)?;
    } else if request.method == "HEAD" {
        http::write_head(&mut out, Head::json(200, 0))?;
    } else {
        let words = format!("the mock has no {}", request.path);
        http::write_whole(
            &mut out,
            Head::json(404, 0),
            &error("not_found_error", &words),
        )?;
    }
    out.flush()
}

fn serve_message(out: &mut impl Write, request: &Request, board: &Board) -> io::Result<()> {
    let body: Value = serde_json::from_slice(&request.body)?;
    let Answer { recorded, message } = answer::answer(&body, board);
    let (step, model) = (recorded.step, recorded.model.clone());
    let number = board.record(recorded);
    let failure = match &message.failure {
        Some(Failure::Status(status, words)) => {
            let body = error("invalid_request_error", words);
            return http::write_whole(out, Head::json(*status, number), &body);
        }
        Some(failure) if step.is_some_and(|step| board.fails_now(step)) => Some(failure),
        _ => None,
    };
    let envelope = Envelope {
        id: format!("msg_mock{number:08}"),
        model,
        input_tokens: tokens_of(request),
    };
    if body["stream"] != true {
        let whole = stream::whole(&envelope, &message);
        return http::write_whole(out, Head::json(200, number), &whole.to_string());
    }
    http::write_head(out, Head::events(number))?;
    stream::stream(out, &envelope, &message, failure, board)
}

/// Four bytes a token, as a rough measure that grows with the conversation.
fn tokens_of(request: &Request) -> u64 {
    (request.body.len() as u64 / 4).max(1)
}

fn error(kind: &str, words: &str) -> String {
    json!({"type": "error", "error": {"type": kind, "message": words}}).to_string()
}

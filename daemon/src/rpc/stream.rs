//! Long answers in pieces: bounded messages over a bounded channel.

use std::pin::Pin;

use sessions_model as model;
use sessions_proto as wire;
use tokio::sync::mpsc;
use tokio_stream::Stream;
use tokio_stream::wrappers::ReceiverStream;
use tonic::Status;

use super::convert;

/// Text bytes in one message of entries; a longer text goes on in the next.
const TEXT_BYTES_MAX: usize = 256 << 10;

/// Entries in one message.
const ENTRIES_MAX: usize = 500;

/// Sessions in one message.
const SESSIONS_MAX: usize = 200;

/// Messages that wait for a slow reader.
const MESSAGES_MAX: usize = 4;

/// What a server stream is made of.
pub(super) type Reply<T> = Pin<Box<dyn Stream<Item = Result<T, Status>> + Send>>;

/// The sending end of a reply: blocks its thread while the reader is slow.
#[derive(Debug)]
pub(super) struct Sender<T>(mpsc::Sender<Result<T, Status>>);

/// The reader went away.
#[derive(Debug)]
pub(super) struct Gone;

impl<T> Sender<T> {
    /// Sends one message from a blocking thread.
    pub(super) fn send(&self, message: Result<T, Status>) -> Result<(), Gone> {
        self.0.blocking_send(message).map_err(|_| Gone)
    }

    /// Sends one message from a task.
    pub(super) async fn send_from_task(&self, message: Result<T, Status>) -> Result<(), Gone> {
        self.0.send(message).await.map_err(|_| Gone)
    }
}

/// Makes a reply and the end that feeds it.
pub(super) fn reply<T: Send + 'static>() -> (Sender<T>, Reply<T>) {
    let (sender, receiver) = mpsc::channel(MESSAGES_MAX);
    (Sender(sender), Box::pin(ReceiverStream::new(receiver)))
}

/// Sends `sessions` in messages of bounded size, and `unresolved_cwds` with the last.
pub(super) async fn send_sessions(
    sender: &Sender<wire::ListResponse>,
    sessions: Vec<model::Session>,
    unresolved_cwds: Vec<String>,
) -> Result<(), Gone> {
    let mut rest = sessions.into_iter().map(convert::session);
    loop {
        let sessions: Vec<_> = rest.by_ref().take(SESSIONS_MAX).collect();
        if sessions.is_empty() {
            break;
        }
        let message = wire::ListResponse {
            sessions,
            unresolved_cwds: Vec::new(),
        };
        sender.send_from_task(Ok(message)).await?;
    }
    let message = wire::ListResponse {
        sessions: Vec::new(),
        unresolved_cwds,
    };
    sender.send_from_task(Ok(message)).await
}

/// Sends `entries` in messages of bounded size, and `losses` with the last.
pub(super) fn send_entries(
    sender: &Sender<wire::ReadResponse>,
    entries: Vec<model::Entry>,
    losses: Vec<String>,
) -> Result<(), Gone> {
    let mut message = wire::ReadResponse::default();
    let mut bytes = 0;
    for piece in entries.into_iter().map(convert::entry).flat_map(cut) {
        if bytes + piece.text.len() > TEXT_BYTES_MAX || message.entries.len() == ENTRIES_MAX {
            sender.send(Ok(std::mem::take(&mut message)))?;
            bytes = 0;
        }
        bytes += piece.text.len();
        message.entries.push(piece);
    }
    message.losses = losses;
    if message.entries.is_empty() && message.losses.is_empty() {
        Ok(())
    } else {
        sender.send(Ok(message))
    }
}

/// Cuts an entry whose text is too long for one message. No piece keeps room for more than its own text.
fn cut(mut entry: wire::Entry) -> Vec<wire::Entry> {
    if entry.text.len() <= TEXT_BYTES_MAX {
        return vec![entry];
    }
    let text = std::mem::take(&mut entry.text);
    let id = entry.id.clone();
    let mut pieces = Vec::new();
    let mut rest = text.as_str();
    while !rest.is_empty() {
        let (text, after) = rest.split_at(rest.floor_char_boundary(TEXT_BYTES_MAX));
        let next = wire::Entry {
            id: id.clone(),
            ..Default::default()
        };
        let piece = std::mem::replace(&mut entry, next);
        pieces.push(wire::Entry {
            text: text.to_owned(),
            continues: !after.is_empty(),
            ..piece
        });
        rest = after;
    }
    pieces
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn long_text_is_cut_at_characters_and_joins_again() {
        let text = "é".repeat(TEXT_BYTES_MAX);
        let entry = wire::Entry {
            id: "a".into(),
            text: text.clone(),
            ..Default::default()
        };
        let pieces = cut(entry);
        assert!(
            pieces
                .iter()
                .all(|piece| piece.text.capacity() <= TEXT_BYTES_MAX && piece.id == "a")
        );
        let continues: Vec<_> = pieces.iter().map(|piece| piece.continues).collect();
        assert_eq!(continues.last(), Some(&false));
        assert!(
            continues[..continues.len() - 1]
                .iter()
                .all(|&goes_on| goes_on)
        );
        assert_eq!(
            pieces
                .into_iter()
                .map(|piece| piece.text)
                .collect::<String>(),
            text
        );
    }
}

//! Long answers in pieces: bounded messages over a bounded channel. Whoever feeds one is a task, so that a slow
//! reader holds no thread.

use std::iter::Peekable;
use std::pin::Pin;
use std::time::Duration;

use prost::Message;
use sessions_model as model;
use sessions_proto as wire;
use tokio::sync::mpsc;
use tokio_stream::Stream;
use tokio_stream::wrappers::ReceiverStream;
use tonic::Status;

use super::convert;
use crate::backend::{Mark, Portion};

/// Text bytes in one message of entries; a longer text goes on in the next.
const TEXT_BYTES_MAX: usize = 256 << 10;

/// Entries in one message.
const ENTRIES_MAX: usize = 500;

/// Sessions in one message, and about how many bytes of them.
const SESSIONS_MAX: usize = 200;
const SESSIONS_BYTES_MAX: usize = 1 << 20;

/// Bytes of an answer that is one message: hits beyond them are left to a narrower question.
const HITS_BYTES_MAX: usize = 3 << 20;

/// Messages that wait for a slow reader.
const MESSAGES_MAX: usize = 4;

/// How long a reader of entries may stop before they are let go of, and read again when it goes on.
const PATIENCE: Duration = Duration::from_secs(2);

/// How long a reader may stop who keeps others from their turn.
const STOP_MAX: Duration = Duration::from_mins(1);

/// What a server stream is made of.
pub(super) type Reply<T> = Pin<Box<dyn Stream<Item = Result<T, Status>> + Send>>;

/// The sending end of a reply.
#[derive(Debug)]
pub(super) struct Sender<T>(mpsc::Sender<Result<T, Status>>);

/// The reader went away.
#[derive(Debug)]
pub(super) struct Gone;

/// How far an answer got.
#[derive(Debug, PartialEq, Eq)]
pub(super) enum Sent {
    /// To its end.
    Whole,
    /// To there: the reader stopped taking it.
    UpTo(Mark),
}

impl<T> Clone for Sender<T> {
    fn clone(&self) -> Self {
        Self(self.0.clone())
    }
}

impl<T> Sender<T> {
    /// Sends one message once the reader takes it.
    pub(super) async fn send(&self, message: Result<T, Status>) -> Result<(), Gone> {
        self.0.send(message).await.map_err(|_| Gone)
    }

    /// Sends one message, and gives up on a reader that does not take it within a while.
    pub(super) async fn send_in_time(&self, message: Result<T, Status>) -> Result<(), Gone> {
        let sent = tokio::time::timeout(STOP_MAX, self.send(message)).await;
        sent.unwrap_or(Err(Gone))
    }

    /// Sends a message that may be missed: it is, unless there is room.
    pub(super) fn offer(&self, message: T) {
        // A full channel says that the reader knows enough; a closed one is found out elsewhere.
        drop(self.0.try_send(Ok(message)));
    }

    /// Tells whether there is a reader.
    pub(super) fn is_heard(&self) -> bool {
        !self.0.is_closed()
    }

    /// Ends `work` when the reader goes away.
    pub(super) async fn while_heard<R>(&self, work: impl Future<Output = R>) -> Result<R, Gone> {
        tokio::select! {
            done = work => Ok(done),
            () = self.0.closed() => Err(Gone),
        }
    }

    /// Waits until there is room for a message.
    pub(super) async fn ready(&self) -> Result<(), Gone> {
        self.0.reserve().await.map(drop).map_err(|_| Gone)
    }
}

/// Makes a reply and the end that feeds it.
pub(super) fn reply<T: Send + 'static>() -> (Sender<T>, Reply<T>) {
    let (sender, receiver) = mpsc::channel(MESSAGES_MAX);
    (Sender(sender), Box::pin(ReceiverStream::new(receiver)))
}

/// Takes what fits into a message: one at least, where there is one.
fn fitting<T: Message>(
    items: &mut Peekable<impl Iterator<Item = T>>,
    count_max: usize,
    bytes_max: usize,
) -> Vec<T> {
    let (mut taken, mut bytes) = (Vec::new(), 0);
    let is_room = |bytes: usize, count: usize| count < count_max && bytes <= bytes_max;
    while let Some(item) = items.next_if(|item| {
        bytes += item.encoded_len();
        taken.is_empty() || is_room(bytes, taken.len())
    }) {
        taken.push(item);
    }
    taken
}

/// Returns the best of `hits`, as many as go into one message.
pub(super) fn hits(hits: Vec<model::Hit>) -> Vec<wire::Hit> {
    let mut hits = hits.into_iter().map(convert::hit).peekable();
    fitting(&mut hits, usize::MAX, HITS_BYTES_MAX)
}

/// Sends `sessions` in messages of bounded size, and `unresolved_cwds` with the last.
pub(super) async fn send_sessions(
    sender: &Sender<wire::ListResponse>,
    sessions: Vec<model::Session>,
    unresolved_cwds: Vec<String>,
) -> Result<(), Gone> {
    let mut rest = sessions.into_iter().map(convert::session).peekable();
    while rest.peek().is_some() {
        let sessions = fitting(&mut rest, SESSIONS_MAX, SESSIONS_BYTES_MAX);
        let message = wire::ListResponse {
            sessions,
            unresolved_cwds: Vec::new(),
        };
        sender.send(Ok(message)).await?;
    }
    let message = wire::ListResponse {
        sessions: Vec::new(),
        unresolved_cwds,
    };
    sender.send(Ok(message)).await
}

/// Sends entries in messages of bounded size, and what is lost with the last. Those that a reader does not
/// take for a while are let go of.
pub(super) async fn send_entries(
    sender: &Sender<wire::ReadResponse>,
    mut portion: Portion,
) -> Result<Sent, Gone> {
    let mut message = wire::ReadResponse::default();
    let mut bytes = 0;
    let mut sent = Sent::Whole;
    while let Some(entry) = portion.next() {
        for piece in cut(convert::entry(entry)) {
            if bytes + piece.text.len() > TEXT_BYTES_MAX || message.entries.len() == ENTRIES_MAX {
                if tokio::time::timeout(PATIENCE, sender.ready())
                    .await
                    .is_err()
                {
                    sent = Sent::UpTo(portion.let_go());
                }
                sender.send(Ok(std::mem::take(&mut message))).await?;
                bytes = 0;
            }
            bytes += piece.text.len();
            message.entries.push(piece);
        }
    }
    if sent == Sent::Whole {
        message.losses = portion.into_losses();
    }
    if !message.entries.is_empty() || !message.losses.is_empty() {
        sender.send(Ok(message)).await?;
    }
    Ok(sent)
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
    use tokio_stream::StreamExt;

    use super::*;
    use crate::backend::portion;

    /// Takes everything that is there to be taken.
    async fn take(reply: &mut Reply<wire::ReadResponse>, ids: &mut Vec<String>) -> Vec<String> {
        let mut losses = Vec::new();
        while let Ok(Some(message)) =
            tokio::time::timeout(Duration::from_millis(1), reply.next()).await
        {
            let message = message.unwrap();
            let whole = message.entries.into_iter().filter(|piece| !piece.continues);
            ids.extend(whole.map(|piece| piece.id));
            losses.extend(message.losses);
        }
        losses
    }

    #[tokio::test(start_paused = true)]
    async fn entries_that_a_reader_does_not_take_are_let_go_of_and_sent_when_it_goes_on() {
        let text = "x".repeat(TEXT_BYTES_MAX * 3 / 2);
        let (sender, mut reply) = reply();
        let (mut mark, mut ids) = (Mark::default(), Vec::new());
        let mut stops = 0;
        loop {
            let reading = async {
                // Time passes while nothing is taken.
                tokio::time::sleep(PATIENCE * 2).await;
                take(&mut reply, &mut ids).await
            };
            let sending = send_entries(&sender, portion(10, &text, mark));
            let (sent, losses) = tokio::join!(sending, reading);
            match sent.unwrap() {
                Sent::Whole => {
                    assert_eq!(losses, ["a loss"]);
                    break;
                }
                Sent::UpTo(up_to) => mark = up_to,
            }
            assert_eq!(losses, Vec::<String>::new());
            stops += 1;
        }
        assert!(stops > 1, "{stops}");
        let expect: Vec<_> = (0..10).map(|id: usize| id.to_string()).collect();
        assert_eq!(ids, expect);
    }

    #[tokio::test(start_paused = true)]
    async fn who_keeps_others_from_their_turn_is_given_up_on() {
        let (sender, reply) = reply::<()>();
        for _ in 0..MESSAGES_MAX {
            sender.send_in_time(Ok(())).await.unwrap();
        }
        assert!(sender.send_in_time(Ok(())).await.is_err());
        sender.offer(());
        assert!(sender.is_heard());
        drop(reply);
        assert!(!sender.is_heard());
        assert!(
            sender
                .while_heard(std::future::pending::<()>())
                .await
                .is_err()
        );
    }

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

//! What the client's hooks reported: hints, each counted once.
//!
//! Losing all of them loses nothing but what they say: when a session began and why it ended.

use rusqlite::{Connection, OptionalExtension, Row, params};
use sessions_model::{EventId, HookEvent, Seq, SessionId, Timestamp};

use crate::archive::Archive;
use crate::error::{During, Result, Step};
use crate::log::{Lane, Logged};
use crate::reader::ArchiveReader;
use crate::transaction::Transaction;

/// Within how many milliseconds two hooks for one event report it.
const TWINS_WITHIN_MS: i64 = 1_000;

/// How long an event is kept that says nothing of a session's beginning or end, in milliseconds.
const KEPT_MS: i64 = 30 * 24 * 60 * 60 * 1000;

/// The longest message that is kept, in bytes.
const MESSAGE_BYTES_MAX: usize = 1 << 20;

/// One event.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Event {
    /// Its id.
    pub id: EventId,
    /// When it happened.
    pub at: Timestamp,
    /// What happened.
    pub event: HookEvent,
    /// The client's config root.
    pub root: String,
    /// The session.
    pub session: SessionId,
    /// The source of a start, the reason of an end, the trigger of a compaction.
    pub reason: String,
    /// Tells the events of one prompt from those of another; may be empty.
    pub prompt: String,
    /// The subagent it is about; may be empty.
    pub agent: String,
    /// The client's process.
    pub pid: Option<u32>,
    /// What the model said last, until the transcript has it.
    pub message: Option<String>,
}

/// What is known of the events of one config root.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct EventSum {
    /// The config root.
    pub root: String,
    /// Its latest event.
    pub last_at: Timestamp,
    /// How many are kept.
    pub count: u64,
}

/// Adds an event, and returns its number; none if it is known. Two hooks may be set up for one event: what
/// the other reported counts for both.
pub(crate) fn add(connection: &Connection, event: &Event) -> rusqlite::Result<Option<u64>> {
    let known = "SELECT 1 FROM hook_events WHERE id = ?1 OR (session = ?2 AND event = ?3 \
                 AND reason = ?4 AND prompt = ?5 AND agent = ?6 AND at BETWEEN ?7 AND ?8)";
    let is_known = connection.prepare_cached(known)?.exists(params![
        event.id.0,
        event.session.as_str(),
        event.event.code(),
        event.reason,
        event.prompt,
        event.agent,
        event.at.0 - TWINS_WITHIN_MS,
        event.at.0 + TWINS_WITHIN_MS,
    ])?;
    if is_known {
        return Ok(None);
    }
    let message = event.message.as_deref();
    connection
        .prepare_cached(
            "INSERT INTO hook_events \
             (id, at, event, root, session, reason, prompt, agent, pid, message) \
             VALUES (?1, ?2, ?3, ?4, ?5, ?6, ?7, ?8, ?9, ?10) RETURNING number",
        )?
        .query_row(
            params![
                event.id.0,
                event.at.0,
                event.event.code(),
                event.root,
                event.session.as_str(),
                event.reason,
                event.prompt,
                event.agent,
                event.pid,
                message.filter(|message| message.len() <= MESSAGE_BYTES_MAX),
            ],
            |row| row.get(0),
        )
        .map(Some)
}

const COLUMNS: &str = "id, at, event, root, session, reason, prompt, agent, pid, message";

/// Returns the event of this number; none if it is kept no longer.
pub(crate) fn find(connection: &Connection, number: u64) -> rusqlite::Result<Option<Event>> {
    connection
        .prepare_cached(&format!(
            "SELECT {COLUMNS} FROM hook_events WHERE number = ?1"
        ))?
        .query_row([number], read)
        .optional()
        .map(Option::flatten)
}

/// Returns the last event of a session that has a message still.
pub(crate) fn last_message(
    connection: &Connection,
    session: &SessionId,
) -> rusqlite::Result<Option<Event>> {
    connection
        .prepare_cached(&format!(
            "SELECT {COLUMNS} FROM hook_events \
             WHERE session = ?1 AND message IS NOT NULL ORDER BY at DESC, number DESC LIMIT 1"
        ))?
        .query_row([session.as_str()], read)
        .optional()
        .map(Option::flatten)
}

/// Forgets what the model said in a session up to `until`: the transcript has it, or more.
pub(crate) fn forget_messages(
    connection: &Connection,
    session: &SessionId,
    until: Timestamp,
) -> rusqlite::Result<usize> {
    connection
        .prepare_cached(
            "UPDATE hook_events SET message = NULL \
             WHERE session = ?1 AND at <= ?2 AND message IS NOT NULL",
        )?
        .execute(params![session.as_str(), until.0])
}

/// Adds up the events of each config root.
pub(crate) fn sums(connection: &Connection) -> rusqlite::Result<Vec<EventSum>> {
    connection
        .prepare_cached(
            "SELECT root, max(at), count(*) FROM hook_events GROUP BY root ORDER BY root",
        )?
        .query_map([], |row| {
            Ok(EventSum {
                root: row.get(0)?,
                last_at: Timestamp(row.get(1)?),
                count: row.get(2)?,
            })
        })?
        .collect()
}

/// Returns the numbers of all events, in order.
pub(crate) fn numbers(connection: &Connection) -> rusqlite::Result<Vec<u64>> {
    connection
        .prepare("SELECT number FROM hook_events ORDER BY number")?
        .query_map([], |row| row.get(0))?
        .collect()
}

/// Reads a row; none where a newer version wrote an event that this one does not know.
fn read(row: &Row<'_>) -> rusqlite::Result<Option<Event>> {
    let session: String = row.get(4)?;
    let (Some(event), Ok(session)) = (
        HookEvent::from_code(row.get(2)?),
        SessionId::parse(&session),
    ) else {
        return Ok(None);
    };
    Ok(Some(Event {
        id: EventId(row.get(0)?),
        at: Timestamp(row.get(1)?),
        event,
        root: row.get(3)?,
        session,
        reason: row.get(5)?,
        prompt: row.get(6)?,
        agent: row.get(7)?,
        pid: row.get(8)?,
        message: row.get(9)?,
    }))
}

impl Archive {
    /// Forgets events of more than thirty days ago, but for the beginnings and ends of sessions.
    ///
    /// # Errors
    /// When the database cannot be written.
    pub fn prune_events(&mut self, now: Timestamp) -> Result<usize> {
        let [start, end] = [HookEvent::SessionStart, HookEvent::SessionEnd].map(HookEvent::code);
        self.connection
            .prepare_cached("DELETE FROM hook_events WHERE at < ?1 AND event NOT IN (?2, ?3)")
            .and_then(|mut delete| delete.execute(params![now.0 - KEPT_MS, start, end]))
            .during(|| Step::NoteEvent)
    }
}

impl Transaction<'_> {
    /// Records what a hook reported; none if that is known. The numbers of events and of operations are
    /// their own.
    ///
    /// # Errors
    /// When the database cannot be written, for want of space among others.
    pub fn note_event(&mut self, event: &Event) -> Result<Option<Seq>> {
        let added = self.guard(
            || Step::NoteEvent,
            |transaction| add(transaction.connection(), event),
        )?;
        added
            .map(|number| self.log(Lane::Live, Logged::Event { number }, || Step::NoteEvent))
            .transpose()
    }

    /// Forgets what the model said in a session up to `until`: the transcript has it, or more.
    ///
    /// # Errors
    /// When the database cannot be written, for want of space among others.
    pub fn forget_messages(&mut self, session: &SessionId, until: Timestamp) -> Result<()> {
        self.guard(
            || Step::NoteEvent,
            |transaction| forget_messages(transaction.connection(), session, until).map(drop),
        )
    }
}

impl ArchiveReader {
    /// Returns what a hook reported, by its number; none if it is kept no longer.
    ///
    /// # Errors
    /// When the database cannot be read.
    pub fn event(&self, number: u64) -> Result<Option<Event>> {
        find(&self.connection, number).during(|| Step::List)
    }

    /// Returns the last event of a session that says what the model said, where its transcript did not have
    /// that yet.
    ///
    /// # Errors
    /// When the database cannot be read.
    pub fn last_message(&self, session: &SessionId) -> Result<Option<Event>> {
        last_message(&self.connection, session).during(|| Step::List)
    }

    /// Adds up the events of each config root.
    ///
    /// # Errors
    /// When the database cannot be read.
    pub fn event_sums(&self) -> Result<Vec<EventSum>> {
        sums(&self.connection).during(|| Step::List)
    }
}

//! What the user wrote, as an append-only log of operations.
//!
//! An operation is merged by (Lamport clock, device), never by wall time. What a field means is the
//! reader's business.

use std::fmt;

use rusqlite::{Connection, OptionalExtension, Row};
use sessions_model::{DeviceId, Timestamp};

use crate::error::{During, Result, Step};

/// One operation: 128 random bits.
#[derive(Clone, Copy, PartialEq, Eq, Hash)]
pub struct OperationId(pub [u8; 16]);

impl fmt::Debug for OperationId {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("OperationId(")?;
        self.0.iter().try_for_each(|byte| write!(f, "{byte:02x}"))?;
        f.write_str(")")
    }
}

/// What the user asks to be recorded; id, device and clock are the archive's to give.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct NewOperation {
    /// What it is about, such as a session's or a project's id.
    pub subject: String,
    /// Which of its fields.
    pub field: String,
    /// The value, in the field's own form.
    pub value: String,
}

/// One recorded operation.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Operation {
    /// Its place in this archive.
    pub number: u64,
    /// Its name everywhere.
    pub id: OperationId,
    /// The device it was made on.
    pub device: DeviceId,
    /// That device's Lamport clock.
    pub lamport: u64,
    /// When it was made, for people.
    pub at: Timestamp,
    /// What it is about.
    pub subject: String,
    /// Which of its fields.
    pub field: String,
    /// The value.
    pub value: String,
}

/// Returns every operation, in the order they were recorded.
pub(crate) fn operations(connection: &Connection) -> Result<Vec<Operation>> {
    let list = || -> rusqlite::Result<Vec<Operation>> {
        connection
            .prepare_cached(
                "SELECT number, id, device, lamport, at, subject, field, value \
                 FROM operations ORDER BY number",
            )?
            .query_map([], read)?
            .collect()
    };
    list().during(|| Step::List)
}

/// Returns the operation of this number.
pub(crate) fn operation(connection: &Connection, number: u64) -> Result<Option<Operation>> {
    let find = || -> rusqlite::Result<Option<Operation>> {
        connection
            .prepare_cached(
                "SELECT number, id, device, lamport, at, subject, field, value \
                 FROM operations WHERE number = ?1",
            )?
            .query_row([number], read)
            .optional()
    };
    find().during(|| Step::List)
}

fn read(row: &Row<'_>) -> rusqlite::Result<Operation> {
    Ok(Operation {
        number: row.get(0)?,
        id: OperationId(row.get(1)?),
        device: DeviceId(row.get(2)?),
        lamport: row.get(3)?,
        at: Timestamp(row.get(4)?),
        subject: row.get(5)?,
        field: row.get(6)?,
        value: row.get(7)?,
    })
}

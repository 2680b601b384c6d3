//! Frames as they lie in the database: one row per content, found by its hash.
//!
//! Knows nothing of generations; whoever reads a blob says which bytes are lost if it is damaged.

use std::sync::Arc;

use rusqlite::types::ValueRef;
use rusqlite::{Connection, OptionalExtension, params};

use crate::codec::{HOLLOW, Packer, Packing, Unpacker};
use crate::error::{Damage, During, Result, Step};

/// A blob's row; never given out twice, so a cache may hold it.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
pub(crate) struct BlobId(pub(crate) i64);

/// What frames are packed and unpacked with.
#[derive(Debug)]
pub(crate) struct Coder<'a> {
    pub(crate) packer: &'a mut Packer,
    pub(crate) unpacker: &'a mut Unpacker,
}

/// Stores `raw` unless it is there, and returns where. A frame that is there and damaged is mended: whoever
/// archives the same bytes must not be sent to a frame that does not hold them.
pub(crate) fn store(
    connection: &Connection,
    coder: &mut Coder<'_>,
    raw: &[u8],
    step: impl Fn() -> Step + Copy,
) -> Result<BlobId> {
    let hash = *blake3::hash(raw).as_bytes();
    let known = connection
        .prepare_cached("SELECT id FROM blobs WHERE hash = ?1")
        .and_then(|mut found| found.query_row([hash], |row| row.get(0)).optional())
        .during(step)?;
    if let Some(blob) = known.map(BlobId) {
        let is_sound = load(connection, coder.unpacker, blob).during(step)?.is_ok();
        if !is_sound {
            overwrite(connection, coder.packer, (blob, raw), step)?;
        }
        return Ok(blob);
    }
    let (packing, data) = coder.packer.pack(raw)?;
    connection
        .prepare_cached(
            "INSERT INTO blobs (hash, raw_len, codec, dictionary, level, data) \
             VALUES (?1, ?2, ?3, ?4, ?5, ?6)",
        )
        .and_then(|mut insert| {
            let Packing {
                codec,
                dictionary,
                level,
            } = packing;
            insert.insert(params![hash, raw.len(), codec, dictionary, level, data])
        })
        .map(BlobId)
        .during(step)
}

/// Packs a stored blob again if it lies at a lower level than `packer`'s.
pub(crate) fn repack(
    connection: &Connection,
    packer: &mut Packer,
    (blob, raw): (BlobId, &[u8]),
    step: impl Fn() -> Step + Copy,
) -> Result<()> {
    let level: u8 = connection
        .prepare_cached("SELECT level FROM blobs WHERE id = ?1")
        .and_then(|mut found| found.query_row([blob.0], |row| row.get(0)))
        .during(step)?;
    if level >= packer.level() {
        return Ok(());
    }
    overwrite(connection, packer, (blob, raw), step)
}

/// Puts `raw` in the place of what a blob holds, if it is what the blob's hash says; returns whether it is.
pub(crate) fn restore(
    connection: &Connection,
    packer: &mut Packer,
    (blob, raw): (BlobId, &[u8]),
    step: impl Fn() -> Step + Copy,
) -> Result<bool> {
    let hash: Option<[u8; 32]> = connection
        .prepare_cached("SELECT hash FROM blobs WHERE id = ?1")
        .and_then(|mut found| found.query_row([blob.0], |row| row.get(0)).optional())
        .during(step)?;
    let is_it = hash == Some(*blake3::hash(raw).as_bytes());
    if is_it {
        overwrite(connection, packer, (blob, raw), step)?;
    }
    Ok(is_it)
}

fn overwrite(
    connection: &Connection,
    packer: &mut Packer,
    (blob, raw): (BlobId, &[u8]),
    step: impl Fn() -> Step + Copy,
) -> Result<()> {
    let (packing, data) = packer.pack(raw)?;
    connection
        .prepare_cached(
            "UPDATE blobs SET raw_len = ?2, codec = ?3, dictionary = ?4, level = ?5, data = ?6 \
             WHERE id = ?1",
        )
        .and_then(|mut update| {
            let Packing {
                codec,
                dictionary,
                level,
            } = packing;
            update.execute(params![blob.0, raw.len(), codec, dictionary, level, data])
        })
        .map(drop)
        .during(step)
}

/// Returns the raw bytes of a blob, or what is wrong with it.
///
/// An error of the database other than damage to this blob is the outer one.
pub(crate) fn load(
    connection: &Connection,
    unpacker: &mut Unpacker,
    blob: BlobId,
) -> rusqlite::Result<Result<Arc<[u8]>, Damage>> {
    let read = connection
        .prepare_cached(
            "SELECT hash, raw_len, codec, dictionary, level, data FROM blobs WHERE id = ?1",
        )
        .and_then(|mut found| found.query_row([blob.0], |row| Ok(unpack_row(unpacker, row))));
    match read {
        Ok(raw) => Ok(raw),
        Err(rusqlite::Error::QueryReturnedNoRows) => Ok(Err(Damage::Missing)),
        Err(error) if is_damage(&error) => Ok(Err(Damage::Unreadable)),
        Err(error) => Err(error),
    }
}

/// Returns the hash of a blob's raw bytes; none if they are known as lost.
pub(crate) fn hash(connection: &Connection, blob: BlobId) -> rusqlite::Result<Option<[u8; 32]>> {
    connection
        .prepare_cached("SELECT hash FROM blobs WHERE id = ?1 AND codec <> ?2")?
        .query_row(params![blob.0, HOLLOW], |row| row.get(0))
        .optional()
}

/// Tells whether a blob is but the name of a frame that is lost.
pub(crate) fn is_hollow(connection: &Connection, blob: BlobId) -> rusqlite::Result<bool> {
    let codec: Option<u8> = connection
        .prepare_cached("SELECT codec FROM blobs WHERE id = ?1")?
        .query_row([blob.0], |row| row.get(0))
        .optional()?;
    Ok(codec.is_none_or(|codec| codec == HOLLOW))
}

fn unpack_row(unpacker: &mut Unpacker, row: &rusqlite::Row<'_>) -> Result<Arc<[u8]>, Damage> {
    let columns = || -> rusqlite::Result<([u8; 32], usize, Packing)> {
        let packing = Packing {
            codec: row.get(2)?,
            dictionary: row.get(3)?,
            level: row.get(4)?,
        };
        Ok((row.get(0)?, row.get(1)?, packing))
    };
    let (hash, raw_len, packing) = columns().map_err(|_| Damage::Unreadable)?;
    let Ok(ValueRef::Blob(packed)) = row.get_ref(5) else {
        return Err(Damage::Unreadable);
    };
    if packing.codec == HOLLOW {
        return Err(Damage::Missing);
    }
    let raw = unpacker.unpack(packing, packed, raw_len)?;
    if raw.len() == raw_len && *blake3::hash(&raw).as_bytes() == hash {
        Ok(raw.into())
    } else {
        Err(Damage::Hash)
    }
}

/// Tells a broken page from a database that cannot be reached.
pub(crate) fn is_damage(error: &rusqlite::Error) -> bool {
    matches!(
        error.sqlite_error_code(),
        Some(rusqlite::ErrorCode::DatabaseCorrupt | rusqlite::ErrorCode::NotADatabase)
    )
}

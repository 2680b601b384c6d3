//! Closing the gaps between the rows that were saved, so that every rule of the schema holds again.

use std::path::Path;

use rusqlite::{Connection, OptionalExtension, params};

use sessions_model::GenerationId;

use crate::identity::Identity;
use crate::loss::Loss;
use crate::notes;

/// Takes over the old device's id, so that its config roots stay its own.
pub(super) fn keep_device(
    old: &Connection,
    new: &Connection,
    identity: Option<&Identity>,
) -> rusqlite::Result<()> {
    let device: rusqlite::Result<[u8; 16]> =
        old.query_row("SELECT value FROM meta WHERE key = 'device'", [], |row| {
            row.get(0)
        });
    let noted = identity.map(|identity| identity.device);
    if let Some(device) = noted.or(device.ok()) {
        new.execute("UPDATE meta SET value = ?1 WHERE key = 'device'", [device])?;
    }
    Ok(())
}

/// Adds the config roots whose rows are lost, as the file beside the archive knows them.
pub(super) fn keep_roots(new: &Connection, identity: Option<&Identity>) -> rusqlite::Result<()> {
    for (id, path) in identity.into_iter().flat_map(|identity| &identity.roots) {
        new.execute(
            "INSERT OR IGNORE INTO roots (id, device, path)
             VALUES (?1, (SELECT value FROM meta WHERE key = 'device'), ?2)",
            params![id, path],
        )?;
    }
    Ok(())
}

/// Adds what the daily copies beside the damaged archive still know, the newest first.
pub(super) fn add_notes(new: &Connection, damaged: &Path) -> rusqlite::Result<()> {
    let folder = damaged.parent().unwrap_or(Path::new("."));
    for (_, copy) in notes::copies(folder).unwrap_or_default() {
        new.execute("ATTACH ?1 AS notes", [copy.to_string_lossy()])?;
        for table in notes::TABLES {
            // A copy that cannot be read adds nothing.
            drop(new.execute(
                &format!("INSERT OR IGNORE INTO main.{table} SELECT * FROM notes.{table}"),
                [],
            ));
        }
        new.execute("DETACH notes", [])?;
    }
    Ok(())
}

/// Gives rows whose owner is lost a new one, named as lost: their bytes are what counts. Returns the
/// generations that were made so.
pub(super) fn fill_gaps(new: &Connection) -> rusqlite::Result<Vec<GenerationId>> {
    new.execute_batch(
        "INSERT INTO roots (id, device, path)
         SELECT DISTINCT root, (SELECT value FROM meta WHERE key = 'device'), 'lost/' || root
         FROM sources WHERE root NOT IN (SELECT id FROM roots);",
    )?;
    new.execute_batch(
        "INSERT INTO roots (device, path)
         SELECT (SELECT value FROM meta WHERE key = 'device'), 'lost'
         WHERE NOT EXISTS (SELECT 1 FROM roots) AND EXISTS (SELECT 1 FROM segments);",
    )?;
    // A generation whose row is lost begins at zero, in the source that is known to have it.
    let lost = "SELECT generation, min(start), max(until) FROM segments
         WHERE generation NOT IN (SELECT id FROM generations) GROUP BY generation";
    let generations: Vec<(i64, i64, i64)> = new
        .prepare(lost)?
        .query_map([], |row| Ok((row.get(0)?, row.get(1)?, row.get(2)?)))?
        .collect::<rusqlite::Result<_>>()?;
    for &(generation, _, length) in &generations {
        let source = source_of(new, generation)?;
        new.execute(
            "INSERT INTO generations (id, source, base, length, line_start, folded, opened_at)
             VALUES (?1, ?2, 0, ?3, ?3, 0, 0)",
            [generation, source, length],
        )?;
    }
    new.execute_batch(
        "INSERT INTO sources (id, root, path, kind)
         SELECT DISTINCT source, (SELECT min(id) FROM roots), 'lost/' || source, 4
         FROM generations WHERE source NOT IN (SELECT id FROM sources);",
    )?;
    // Without its parent a generation owns all its bytes, and lacks the first.
    new.execute_batch(
        "UPDATE generations SET parent = NULL, base = 0
         WHERE parent NOT IN (SELECT id FROM generations);",
    )?;
    // Nothing is taken as folded whose last frame is gone.
    new.execute_batch("UPDATE generations SET folded = base;")?;
    new.execute_batch(
        "DELETE FROM cursors WHERE source NOT IN (SELECT id FROM sources)
         OR generation NOT IN (SELECT id FROM generations);",
    )?;
    new.execute_batch("DELETE FROM blobs WHERE id NOT IN (SELECT blob FROM segments);")?;
    let filled = generations.iter();
    Ok(filled
        .map(|(generation, ..)| GenerationId(generation.cast_unsigned()))
        .collect())
}

/// Returns the source of a generation whose row is lost, as an index or a cursor knows it, whether or not that
/// one's row is there; one of its own where none does, by a number that is nobody's.
fn source_of(new: &Connection, generation: i64) -> rusqlite::Result<i64> {
    let known = "SELECT source FROM (SELECT source, generation FROM temp.owners
         UNION ALL SELECT source, generation FROM cursors) WHERE generation = ?1";
    let known = new.query_row(known, [generation], |row| row.get(0));
    if let Some(source) = known.optional()? {
        return Ok(source);
    }
    new.query_row(
        "INSERT INTO sources (id, root, path, kind)
         SELECT (SELECT 1 + max(source) FROM (SELECT id AS source FROM sources
         UNION ALL SELECT source FROM generations UNION ALL SELECT source FROM cursors
         UNION ALL SELECT source FROM temp.owners)),
         min(id), 'lost/generation-' || ?1, 4 FROM roots RETURNING id",
        [generation],
        |row| row.get(0),
    )
}

/// Drops the cursors of sources that lost bytes, so that their files are read again from the start.
pub(super) fn forget_cursors(new: &Connection, losses: &[Loss]) -> rusqlite::Result<()> {
    for loss in losses {
        new.execute("DELETE FROM cursors WHERE source = ?1", [loss.source.0])?;
    }
    Ok(())
}

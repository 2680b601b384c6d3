//! The small tables that a person wrote, copied beside the archive every day.
//!
//! Bytes can often be read again from the client's folder; what the user wrote is nowhere else.

use std::fs;
use std::path::{Path, PathBuf};

use rusqlite::Connection;
use sessions_model::Timestamp;

use crate::archive::Archive;
use crate::backup::Draft;
use crate::error::{ArchiveError, During, Result, Step};
use crate::schema;

/// Copies kept.
const COPIES_KEPT: usize = 3;
/// Tables copied.
pub(crate) const TABLES: [&str; 3] = ["settings", "operations", "tombstones"];

const PREFIX: &str = "archive-notes-";
const SUFFIX: &str = ".db";
const DAY_MS: i64 = 24 * 60 * 60 * 1000;

impl Archive {
    /// Copies settings, annotations and tombstones to `archive-notes-<day>.db` beside the archive and
    /// removes all but the last three copies. Does nothing if there is one of this day.
    ///
    /// # Errors
    /// When the database cannot be read, or the copies beside it cannot be written.
    pub fn copy_notes(&self, now: Timestamp) -> Result<Option<PathBuf>> {
        let folder = self.path.parent().unwrap_or(Path::new("."));
        let day = now.0.div_euclid(DAY_MS);
        let target = folder.join(format!("{PREFIX}{day}{SUFFIX}"));
        let failed = |source| ArchiveError::File {
            step: Step::CopyNotes(target.clone()),
            path: target.clone(),
            source,
        };
        if target.try_exists().map_err(failed)? {
            return Ok(None);
        }
        let draft = Draft::beside(&target);
        draft.remove_old().map_err(failed)?;
        schema::make_private(&draft.path)?;
        copy_tables(&self.connection, &draft.path).during(|| Step::CopyNotes(target.clone()))?;
        draft.publish(&target).map_err(failed)?;
        for (_, old) in copies(folder)
            .map_err(failed)?
            .into_iter()
            .skip(COPIES_KEPT)
        {
            fs::remove_file(old).map_err(failed)?;
        }
        Ok(Some(target))
    }
}

fn copy_tables(connection: &Connection, to: &Path) -> rusqlite::Result<()> {
    connection.execute("ATTACH ?1 AS notes", [to.to_string_lossy()])?;
    let copied = TABLES.iter().try_for_each(|table| {
        connection
            .execute(
                &format!("CREATE TABLE notes.{table} AS SELECT * FROM main.{table}"),
                [],
            )
            .map(drop)
    });
    connection.execute("DETACH notes", [])?;
    copied
}

/// Returns the copies in `folder` by day, the newest first.
pub(crate) fn copies(folder: &Path) -> std::io::Result<Vec<(i64, PathBuf)>> {
    let mut found = Vec::new();
    for entry in fs::read_dir(folder)? {
        let entry = entry?;
        let name = entry.file_name();
        let day = name.to_str().and_then(|name| {
            name.strip_prefix(PREFIX)?
                .strip_suffix(SUFFIX)?
                .parse()
                .ok()
        });
        found.extend(day.map(|day| (day, entry.path())));
    }
    found.sort_unstable_by(|a, b| b.cmp(a));
    Ok(found)
}

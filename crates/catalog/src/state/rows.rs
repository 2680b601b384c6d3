//! A session's state as rows. It knows the tables, not the rules of merging.

use rusqlite::types::Type;
use rusqlite::{Connection, Row, params};
use sessions_model::{SessionId, SessionOrdinal, Timestamp, TitleKind, Tokens};

use super::State;
use crate::position::Placed;

const SELECT: &str = "SELECT id, started_at, ended_at, entries, prompts, name, name_at, name_kind,
    first_prompt, first_prompt_at, last_prompt, last_prompt_at, branch, branch_at, entrypoint,
    entrypoint_at, worktree_of, worktree_of_at, is_interactive, tokens_input, tokens_output,
    tokens_cache_read, tokens_cache_creation FROM session WHERE ordinal = ?1";

const REPLACE: &str = "REPLACE INTO session (ordinal, id, started_at, ended_at, entries, prompts, name,
    name_at, name_kind, first_prompt, first_prompt_at, last_prompt, last_prompt_at, branch, branch_at,
    entrypoint, entrypoint_at, worktree_of, worktree_of_at, is_interactive, tokens_input,
    tokens_output, tokens_cache_read, tokens_cache_creation, cwd, is_automated)
    VALUES (?1, ?2, ?3, ?4, ?5, ?6, ?7, ?8, ?9, ?10, ?11, ?12, ?13, ?14, ?15, ?16, ?17, ?18, ?19, ?20,
    ?21, ?22, ?23, ?24, ?25, ?26)";

/// Reads a session's state.
pub(super) fn load(connection: &Connection, session: SessionOrdinal) -> rusqlite::Result<State> {
    let mut state = connection
        .prepare_cached(SELECT)?
        .query_row([session.0], state_of)?;
    state.cwds = placed(
        connection,
        "SELECT cwd, at FROM session_cwd WHERE session = ?1",
        session,
    )?;
    state.models = placed(
        connection,
        "SELECT model, at FROM session_model WHERE session = ?1",
        session,
    )?;
    Ok(state)
}

fn state_of(row: &Row<'_>) -> rusqlite::Result<State> {
    let name_kind: Option<i64> = row.get(7)?;
    Ok(State {
        id: session_id(row, 0)?,
        started_at: row.get::<_, Option<i64>>(1)?.map(Timestamp),
        ended_at: row.get::<_, Option<i64>>(2)?.map(Timestamp),
        entries: row.get(3)?,
        prompts: row.get(4)?,
        name: name_kind.and_then(title_kind).zip(pair(row, 5)?),
        first_prompt: pair(row, 8)?,
        last_prompt: pair(row, 10)?,
        branch: pair(row, 12)?,
        entrypoint: pair(row, 14)?,
        worktree_of: pair(row, 16)?,
        is_interactive: row.get(18)?,
        tokens: Tokens {
            input: row.get(19)?,
            output: row.get(20)?,
            cache_read: row.get(21)?,
            cache_creation: row.get(22)?,
        },
        cwds: Vec::new(),
        models: Vec::new(),
        is_changed: false,
    })
}

/// Reads an id that was checked when it was written.
pub(crate) fn session_id(row: &Row<'_>, column: usize) -> rusqlite::Result<SessionId> {
    let text = row.get_ref(column)?.as_str()?;
    SessionId::parse(text).map_err(|error| {
        rusqlite::Error::FromSqlConversionFailure(column, Type::Text, Box::new(error))
    })
}

/// Reads a text and, from the column after it, its position.
fn pair(row: &Row<'_>, column: usize) -> rusqlite::Result<Option<Placed<String>>> {
    let value: Option<String> = row.get(column)?;
    let at = row.get(column + 1)?;
    Ok(value.zip(at).map(|(value, at)| Placed { at, value }))
}

fn placed(
    connection: &Connection,
    select: &str,
    session: SessionOrdinal,
) -> rusqlite::Result<Vec<Placed<String>>> {
    connection
        .prepare_cached(select)?
        .query_map([session.0], |row| {
            Ok(Placed {
                value: row.get(0)?,
                at: row.get(1)?,
            })
        })?
        .collect()
}

/// Writes a session's state over what was there.
pub(super) fn store(
    connection: &Connection,
    session: SessionOrdinal,
    state: &State,
) -> rusqlite::Result<()> {
    let text = |placed: &Option<Placed<String>>| placed.as_ref().map(|placed| placed.value.clone());
    let at = |placed: &Option<Placed<String>>| placed.as_ref().map(|placed| placed.at);
    let name = state.name.as_ref();
    connection.prepare_cached(REPLACE)?.execute(params![
        session.0,
        state.id.as_str(),
        state.started_at.map(Timestamp::millis),
        state.ended_at.map(Timestamp::millis),
        state.entries,
        state.prompts,
        name.map(|(_, name)| &name.value),
        name.map(|(_, name)| name.at),
        name.map(|(kind, _)| title_code(*kind)),
        text(&state.first_prompt),
        at(&state.first_prompt),
        text(&state.last_prompt),
        at(&state.last_prompt),
        text(&state.branch),
        at(&state.branch),
        text(&state.entrypoint),
        at(&state.entrypoint),
        text(&state.worktree_of),
        at(&state.worktree_of),
        state.is_interactive,
        state.tokens.input,
        state.tokens.output,
        state.tokens.cache_read,
        state.tokens.cache_creation,
        state.cwd(),
        state.is_automated(),
    ])?;
    let cwds = [
        "DELETE FROM session_cwd WHERE session = ?1",
        "INSERT INTO session_cwd VALUES (?1, ?2, ?3)",
    ];
    replace_all(connection, cwds, session, &state.cwds)?;
    let models = [
        "DELETE FROM session_model WHERE session = ?1",
        "INSERT INTO session_model VALUES (?1, ?2, ?3)",
    ];
    replace_all(connection, models, session, &state.models)
}

fn replace_all(
    connection: &Connection,
    [delete, insert]: [&str; 2],
    session: SessionOrdinal,
    values: &[Placed<String>],
) -> rusqlite::Result<()> {
    connection.prepare_cached(delete)?.execute([session.0])?;
    let mut insert = connection.prepare_cached(insert)?;
    for placed in values {
        insert.execute((session.0, &placed.value, placed.at))?;
    }
    Ok(())
}

fn title_code(kind: TitleKind) -> i64 {
    match kind {
        TitleKind::FirstPrompt => 0,
        TitleKind::Summary => 1,
        TitleKind::Ai => 2,
        TitleKind::Custom => 3,
    }
}

fn title_kind(code: i64) -> Option<TitleKind> {
    match code {
        0 => Some(TitleKind::FirstPrompt),
        1 => Some(TitleKind::Summary),
        2 => Some(TitleKind::Ai),
        3 => Some(TitleKind::Custom),
        _ => None,
    }
}

//! Checkpoints: a line each, and one with all that is known of it.

use std::fmt::Write;

use sessions_model::{Checkpoint, GitState};

use super::short_id;
use super::text::{columns, cut, one_line};
use crate::moment::Now;
use crate::terminal::{Role, Terminal};

/// The narrowest a name is shown, in columns.
const NAME_COLUMNS_MIN: usize = 12;

/// Digits of a commit that are shown.
const HEAD_DIGITS: usize = 12;

/// Returns a line for each checkpoint.
pub(crate) fn table(checkpoints: &[Checkpoint], now: &Now, terminal: &Terminal) -> String {
    let mut text = String::new();
    for checkpoint in checkpoints {
        let id = checkpoint.id.short();
        let session = short_id(&checkpoint.session);
        let rest = format!("  {session}  {}  ", now.age(checkpoint.at));
        let room = terminal
            .columns
            .saturating_sub(columns(&id) + columns(&rest));
        let name = cut(&said(checkpoint), room.max(NAME_COLUMNS_MIN)).into_owned();
        let id = terminal.paint.paint(Role::Id, &id);
        let rest = terminal.paint.paint(Role::Faint, &rest);
        writeln!(text, "{id}{rest}{name}").expect("a string takes everything");
    }
    text
}

/// Returns what is said once one was made.
pub(crate) fn made(checkpoint: &Checkpoint) -> String {
    format!(
        "saved {}; to return to it: sessions fork {} --at {}",
        called(checkpoint),
        short_id(&checkpoint.session),
        checkpoint.id.short()
    )
}

/// Returns what a checkpoint is called: its id, and its name where it has one.
pub(crate) fn called(checkpoint: &Checkpoint) -> String {
    match &*one_line(&checkpoint.name) {
        "" => format!("checkpoint {}", checkpoint.id.short()),
        name => format!("checkpoint {} \"{name}\"", checkpoint.id.short()),
    }
}

/// Returns everything that is known of one, but for its diff.
pub(crate) fn details(checkpoint: &Checkpoint, now: &Now) -> String {
    let place = match &checkpoint.place {
        Some(place) => format!("after record {}", one_line(&place.record)),
        None => "not known yet: what was written before is not archived".to_owned(),
    };
    let mut rows = vec![
        ("id", checkpoint.id.to_string()),
        ("name", one_line(&checkpoint.name)),
        ("note", one_line(&checkpoint.note)),
        ("session", one_line(checkpoint.session.as_str())),
        ("made", now.age(checkpoint.at)),
        ("directory", one_line(&checkpoint.cwd)),
        ("place", place),
    ];
    rows.extend(checkpoint.git.iter().map(|git| ("git", repository(git))));
    let mut text = String::new();
    for (name, value) in rows.into_iter().filter(|(_, value)| !value.is_empty()) {
        writeln!(text, "{name:<10} {value}").expect("a string takes everything");
    }
    text
}

fn repository(git: &GitState) -> String {
    let branch = git
        .branch
        .as_deref()
        .map_or_else(|| "no branch".to_owned(), one_line);
    let head: String = git.head.chars().take(HEAD_DIGITS).collect();
    let head = if head.is_empty() {
        "no commit".to_owned()
    } else {
        one_line(&head)
    };
    let changes = match (git.is_dirty, git.is_too_long) {
        (false, _) => "",
        (true, false) => ", with changes (--diff prints them)",
        (true, true) => ", with changes that were too many to be kept",
    };
    format!("{branch} at {head}{changes}")
}

fn said(checkpoint: &Checkpoint) -> String {
    let parts = [&checkpoint.name, &checkpoint.note].map(|part| one_line(part));
    let parts: Vec<&str> = parts
        .iter()
        .map(String::as_str)
        .filter(|part| !part.is_empty())
        .collect();
    parts.join(": ")
}

#[cfg(test)]
mod tests {
    use sessions_model::{
        ByteOffset, CheckpointId, CheckpointPlace, GenerationId, SessionId, SourceId, Timestamp,
    };

    use super::*;
    use crate::samples;

    fn checkpoints() -> Vec<Checkpoint> {
        let now = samples::now().at;
        let bare = Checkpoint {
            id: CheckpointId([0x2b; 16]),
            name: String::new(),
            note: String::new(),
            session: SessionId::parse("3f9a1c2e-5b7d").unwrap(),
            at: Timestamp(now.millis() - 3_600_000),
            cwd: String::new(),
            place: None,
            git: None,
        };
        let full = Checkpoint {
            id: CheckpointId([0x1a; 16]),
            name: "before the \u{1b}[31mparser".into(),
            note: "every test passes\nstill".into(),
            cwd: "/src/lantern".into(),
            place: Some(CheckpointPlace {
                record: "0b9d".into(),
                source: SourceId(1),
                generation: GenerationId(1),
                end: ByteOffset(120),
            }),
            git: Some(GitState {
                head: "0123456789abcdef0123".into(),
                branch: Some("main".into()),
                is_dirty: true,
                ..GitState::default()
            }),
            ..bare.clone()
        };
        vec![full, bare]
    }

    #[test]
    fn checkpoints_are_a_line_each_and_shown_whole() {
        let (checkpoints, now) = (checkpoints(), samples::now());
        let mut text = table(&checkpoints, &now, &samples::terminal(60));
        for checkpoint in &checkpoints {
            writeln!(text, "\n{}", made(checkpoint)).unwrap();
            text.push_str(&details(checkpoint, &now));
        }
        insta::assert_snapshot!(text);
    }
}

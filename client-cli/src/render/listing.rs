//! The list of sessions, what scripts ran folded into one line for each project.

use std::collections::HashMap;
use std::fmt::Write;

use sessions_model::{OnDisk, ProjectKey, SHORT_ID_CHARS, Session, Timestamp};

use super::quantity::count;
use super::text::{columns, cut, fit, one_line};
use super::{short_id, title};
use crate::moment::Now;
use crate::terminal::{Role, Terminal};

/// The widest a project's name is shown, in columns.
const PROJECT_COLUMNS_MAX: usize = 24;

/// The narrowest a title is shown, in columns.
const TITLE_COLUMNS_MIN: usize = 12;

/// On a terminal narrower than this, prompts are not counted.
const COUNTED_COLUMNS_MIN: usize = 70;

/// On a terminal narrower than this, projects are not named.
const NAMED_COLUMNS_MIN: usize = 48;

const AGE_COLUMNS: usize = 10;
const PROMPTS_COLUMNS: usize = 13;

/// Whether sessions of scripts are shown one by one.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Automated {
    /// One counted line for each project.
    Folded,
    /// Like any other.
    Shown,
}

/// One line of the list.
#[derive(Debug)]
pub(crate) enum Row<'a> {
    /// A session.
    One(&'a Session),
    /// What scripts ran in one project.
    Folded {
        /// The latest of them.
        latest: &'a Session,
        /// How many there are.
        count: u64,
    },
}

/// Makes the lines of a list; the folded line of a project stands where its latest session would.
pub(crate) fn rows(sessions: &[Session], automated: Automated) -> Vec<Row<'_>> {
    let mut rows = Vec::new();
    let mut places: HashMap<&ProjectKey, usize> = HashMap::new();
    for session in sessions {
        if !session.is_automated || automated == Automated::Shown {
            rows.push(Row::One(session));
            continue;
        }
        let place = *places.entry(&session.project_key).or_insert(rows.len());
        match rows.get_mut(place) {
            Some(Row::Folded { count, .. }) => *count += 1,
            _ => rows.push(Row::Folded {
                latest: session,
                count: 1,
            }),
        }
    }
    rows
}

/// Returns the list as lines.
pub(crate) fn table(rows: &[Row<'_>], now: &Now, terminal: &Terminal) -> String {
    let projects = rows
        .iter()
        .map(|row| columns(&one_line(&row.session().project)));
    let widths = Widths::new(projects.max().unwrap_or(0), terminal.columns);
    let mut text = String::new();
    for row in rows {
        let line = match row {
            Row::One(session) => session_line(session, now, terminal, widths),
            Row::Folded { latest, count } => folded_line(latest, *count, now, terminal, widths),
        };
        writeln!(text, "{}", line.trim_end()).expect("a string takes everything");
    }
    text
}

impl<'a> Row<'a> {
    fn session(&self) -> &'a Session {
        match self {
            Self::One(session)
            | Self::Folded {
                latest: session, ..
            } => session,
        }
    }
}

#[derive(Debug, Clone, Copy)]
struct Widths {
    /// 0 where projects are not named.
    project: usize,
    title: usize,
    /// 0 where prompts are not counted.
    prompts: usize,
}

impl Widths {
    fn new(project: usize, total: usize) -> Self {
        let shown = |width, columns_min| if total < columns_min { 0 } else { width };
        let project = project.min(PROJECT_COLUMNS_MAX).min(total / 5);
        let project = shown(project, NAMED_COLUMNS_MIN);
        let prompts = shown(PROMPTS_COLUMNS, COUNTED_COLUMNS_MIN);
        let widths = [SHORT_ID_CHARS, AGE_COLUMNS, project, prompts];
        // Two spaces behind each but the last.
        let taken: usize = widths
            .into_iter()
            .map(|width| if width == 0 { 0 } else { width + 2 })
            .sum();
        Self {
            project,
            title: total.saturating_sub(taken).max(TITLE_COLUMNS_MIN),
            prompts,
        }
    }

    /// Returns the cell of a project with the space behind it.
    fn project(self, session: &Session) -> String {
        match self.project {
            0 => String::new(),
            width => fit(&one_line(&session.project), width) + "  ",
        }
    }
}

fn session_line(session: &Session, now: &Now, terminal: &Terminal, widths: Widths) -> String {
    let paint = terminal.paint;
    let (mark, role) = mark(session);
    let room = widths.title.saturating_sub(columns(mark));
    let title = marked_title(session);
    // The mark keeps its place whatever is cut off the title.
    let title = if mark.is_empty() {
        fit(&title, widths.title)
    } else {
        let filled = fit(&title, room.saturating_sub(1));
        format!("{} {filled}", paint.paint(role, mark))
    };
    let prompts = match widths.prompts {
        0 => String::new(),
        width => format!("  {}", paint.paint(Role::Faint, &prompts(session, width))),
    };
    format!(
        "{}  {}  {}{title}{prompts}",
        paint.paint(Role::Id, &fit(&short_id(&session.id), SHORT_ID_CHARS)),
        paint.paint(Role::Faint, &fit(&age(session, now), AGE_COLUMNS)),
        widths.project(session),
    )
}

/// The title behind what the user marked the session with.
fn marked_title(session: &Session) -> String {
    let mut marked = String::new();
    if session.checkpoints > 0 {
        write!(marked, "⚑{} ", session.checkpoints).expect("a string takes everything");
    }
    for tag in &session.tags {
        write!(marked, "#{} ", one_line(tag)).expect("a string takes everything");
    }
    marked + &title(session)
}

fn folded_line(
    latest: &Session,
    folded: u64,
    now: &Now,
    terminal: &Terminal,
    widths: Widths,
) -> String {
    let what = format!("{} of scripts (--automated)", count(folded, "session"));
    let line = format!(
        "{}  {}  {}{}",
        fit("", SHORT_ID_CHARS),
        fit(&age(latest, now), AGE_COLUMNS),
        widths.project(latest),
        cut(&what, widths.title),
    );
    terminal.paint.paint(Role::Faint, line.trim_end())
}

fn age(session: &Session, now: &Now) -> String {
    let last: Option<Timestamp> = session.ended_at.or(session.started_at);
    last.map_or_else(|| "-".to_owned(), |then| now.age(then))
}

fn prompts(session: &Session, width: usize) -> String {
    format!("{:>width$}", count(session.prompts, "prompt"))
}

fn mark(session: &Session) -> (&'static str, Role) {
    match session.on_disk {
        _ if session.is_live => ("live", Role::Good),
        OnDisk::Whole => ("", Role::Faint),
        OnDisk::Partly => ("partly deleted", Role::Warning),
        OnDisk::Gone => ("deleted", Role::Warning),
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::samples;

    #[test]
    fn list_folds_what_scripts_ran() {
        let sessions = samples::sessions();
        let rows = rows(&sessions, Automated::Folded);
        insta::assert_snapshot!(table(&rows, &samples::now(), &samples::terminal(90)));
    }

    #[test]
    fn list_shows_what_scripts_ran_where_asked_to() {
        let sessions = samples::sessions();
        let rows = rows(&sessions, Automated::Shown);
        insta::assert_snapshot!(table(&rows, &samples::now(), &samples::terminal(60)));
    }

    #[test]
    fn no_line_is_wider_than_the_terminal() {
        let sessions = samples::sessions();
        for width in [40, 50, 64, 70, 80, 120] {
            let rows = rows(&sessions, Automated::Shown);
            let text = table(&rows, &samples::now(), &samples::terminal(width));
            assert!(text.lines().all(|line| columns(line) <= width), "{text}");
        }
    }
}

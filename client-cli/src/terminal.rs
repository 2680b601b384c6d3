//! What is known of the terminal, and how text is coloured for it.
//!
//! Decided once from the environment and the file descriptors; rendering is told, and asks nothing.

use std::io::{IsTerminal, stderr, stdout};

use anstyle::{AnsiColor, Style};
use rustix::termios::tcgetwinsize;

/// Columns where no terminal says how many there are.
const COLUMNS: usize = 100;

/// The widest text is set, in columns: longer lines are hard to read.
const COLUMNS_MAX: usize = 160;

/// Variables that say how output is wanted.
#[derive(Debug, Clone, Default)]
pub(crate) struct Wishes {
    /// `--plain`.
    pub(crate) plain: bool,
    /// `TERM`.
    pub(crate) term: Option<String>,
    /// `NO_COLOR`.
    pub(crate) no_color: Option<String>,
    /// `PAGER`.
    pub(crate) pager: Option<String>,
}

/// How output is shown.
#[derive(Debug, Clone)]
pub(crate) struct Terminal {
    /// Columns to set text in.
    pub(crate) columns: usize,
    /// Lines of the screen; none where output is no terminal.
    pub(crate) rows: Option<usize>,
    /// Whether to colour.
    pub(crate) paint: Paint,
    /// Without bars, boxes and pager.
    pub(crate) plain: bool,
    /// Whether messages on standard error go to a person's terminal that understands more than lines.
    pub(crate) bars: bool,
    /// The pager, if the user chose one.
    pub(crate) pager: Option<String>,
}

impl Terminal {
    /// Looks at standard output and error, and takes the wishes into account.
    pub(crate) fn look(wishes: &Wishes) -> Self {
        let plain = wishes.plain || wishes.term.as_deref() == Some("dumb");
        let is_terminal = stdout().is_terminal();
        let size = is_terminal.then(|| tcgetwinsize(stdout()).ok()).flatten();
        let size = size.filter(|size| size.ws_col > 0 && size.ws_row > 0);
        let no_color = wishes
            .no_color
            .as_ref()
            .is_some_and(|value| !value.is_empty());
        Self {
            columns: size.map_or(COLUMNS, |size| usize::from(size.ws_col).min(COLUMNS_MAX)),
            rows: size.map(|size| usize::from(size.ws_row)),
            paint: Paint {
                is_on: is_terminal && !plain && !no_color,
            },
            plain,
            bars: stderr().is_terminal() && !plain,
            pager: wishes
                .pager
                .clone()
                .filter(|pager| !pager.trim().is_empty()),
        }
    }
}

/// What a piece of text is, to the eye.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Role {
    /// A heading or title.
    Strong,
    /// An id.
    Id,
    /// What matters less.
    Faint,
    /// What was searched for.
    Match,
    /// What the user said.
    User,
    /// What the model said.
    Model,
    /// What a tool did.
    Tool,
    /// All is well, or alive.
    Good,
    /// Take care.
    Warning,
    /// Something failed.
    Bad,
}

/// Colours text, or leaves it.
#[derive(Debug, Clone, Copy)]
pub(crate) struct Paint {
    /// Whether it colours.
    pub(crate) is_on: bool,
}

impl Paint {
    /// Returns `text` in the colour of `role`.
    pub(crate) fn paint(self, role: Role, text: &str) -> String {
        if !self.is_on || text.is_empty() {
            return text.to_owned();
        }
        let style = style(role);
        format!("{}{text}{}", style.render(), style.render_reset())
    }
}

fn style(role: Role) -> Style {
    let colour = |colour: AnsiColor| Style::new().fg_color(Some(colour.into()));
    match role {
        Role::Strong => Style::new().bold(),
        Role::Faint => Style::new().dimmed(),
        Role::Match => colour(AnsiColor::Red).bold(),
        Role::User => colour(AnsiColor::Cyan).bold(),
        Role::Model => colour(AnsiColor::Magenta).bold(),
        Role::Tool => colour(AnsiColor::Blue),
        Role::Good => colour(AnsiColor::Green),
        Role::Id | Role::Warning => colour(AnsiColor::Yellow),
        Role::Bad => colour(AnsiColor::Red),
    }
}

//! Lines that match, in the manner of ripgrep: a heading for each session, then a line each.

use std::fmt::Write;

use sessions_model::{GrepEntry, GrepEvent, GrepLine, GrepMode, GrepPlace, GrepSummary, Session};

use super::quantity::{count, number};
use super::text::{one_line, visible};
use super::{short_id, title};
use crate::moment::Now;
use crate::terminal::{Role, Terminal};

/// Stands between lines that do not follow one another, where lines around matches are shown.
const GAP: &str = "--";

/// Makes lines of what is found.
#[derive(Debug)]
pub(crate) struct Lines<'a> {
    mode: GrepMode,
    now: &'a Now,
    terminal: &'a Terminal,
    /// The heading of the last session, until it is known how many lines it has.
    heading: String,
    sessions: u64,
    /// The line that was shown last: of which entry, and its number.
    last: Option<(String, u64)>,
    /// Whether lines around matches are shown.
    has_neighbours: bool,
}

impl<'a> Lines<'a> {
    /// Begins with nothing found.
    pub(crate) fn new(mode: GrepMode, now: &'a Now, terminal: &'a Terminal) -> Self {
        Self {
            mode,
            now,
            terminal,
            heading: String::new(),
            sessions: 0,
            last: None,
            has_neighbours: false,
        }
    }

    /// Returns what is shown of what was found next.
    pub(crate) fn take(&mut self, event: &GrepEvent) -> String {
        match (event, self.mode) {
            (GrepEvent::Session(session), mode) => {
                let heading = self.heading_of(session);
                let between = if self.sessions > 0 { "\n" } else { "" };
                self.sessions += 1;
                self.last = None;
                match mode {
                    GrepMode::Lines => format!("{between}{heading}"),
                    GrepMode::Sessions => heading,
                    GrepMode::Counts => {
                        self.heading = heading;
                        String::new()
                    }
                }
            }
            (GrepEvent::Counted(lines), _) => {
                format!(
                    "{:>7}  {}",
                    number(*lines),
                    std::mem::take(&mut self.heading)
                )
            }
            (GrepEvent::Entry(entry), _) => self.entry(entry),
            (GrepEvent::Progress(_) | GrepEvent::Done(_), _) => String::new(),
        }
    }

    /// Returns how many there are.
    pub(crate) fn foot(&self, sums: &GrepSummary) -> String {
        let mut foot = match self.mode {
            GrepMode::Sessions => count(sums.sessions, "session"),
            GrepMode::Lines | GrepMode::Counts => format!(
                "{} in {}",
                count(sums.lines, "line"),
                count(sums.sessions, "session")
            ),
        };
        if sums.is_limited {
            foot.push_str(", as many as were asked for");
        }
        let between = if self.mode == GrepMode::Lines {
            "\n"
        } else {
            ""
        };
        format!(
            "{between}{}\n",
            self.terminal.paint.paint(Role::Faint, &foot)
        )
    }

    fn heading_of(&self, session: &Session) -> String {
        let paint = self.terminal.paint;
        let age = session.ended_at.map(|then| self.now.age(then));
        format!(
            "{}  {}  {}  {}\n",
            paint.paint(Role::Id, &short_id(&session.id)),
            one_line(&session.project),
            paint.paint(Role::Faint, &age.unwrap_or_default()),
            paint.paint(Role::Strong, &title(session)),
        )
    }

    fn entry(&mut self, entry: &GrepEntry) -> String {
        let label = match (entry.kind, &entry.tool) {
            (Some(kind), Some(tool)) => format!("{} {}", kind.as_str(), one_line(tool)),
            (Some(kind), None) => kind.as_str().to_owned(),
            (None, _) => one_line(&entry.entry.0),
        };
        let mut text = String::new();
        self.has_neighbours |= entry
            .lines
            .iter()
            .any(|line| line.place == GrepPlace::Beside);
        for line in &entry.lines {
            let follows = match &self.last {
                None => true,
                Some((last, number)) => *last == entry.entry.0 && number + 1 == line.number,
            };
            if self.has_neighbours && !follows {
                writeln!(text, "{GAP}").expect("a string takes everything");
            }
            self.last = Some((entry.entry.0.clone(), line.number));
            text.push_str(&self.line(&label, line));
        }
        text
    }

    fn line(&self, label: &str, line: &GrepLine) -> String {
        let paint = self.terminal.paint;
        let mark = match line.place {
            GrepPlace::Match => ':',
            GrepPlace::Beside => '-',
        };
        let place = format!("{label}{mark}{}{mark}", line.number);
        let mut text = paint.paint(Role::Faint, &place);
        let mut at = 0;
        for run in &line.highlights {
            let (start, end) = (run.start as usize, run.end as usize);
            text.push_str(&visible(line.text.get(at..start).unwrap_or_default()));
            let matched = visible(line.text.get(start..end).unwrap_or_default());
            text.push_str(&paint.paint(Role::Match, &matched));
            at = end;
        }
        text.push_str(&visible(line.text.get(at..).unwrap_or_default()));
        if line.is_cut {
            text.push_str(&paint.paint(Role::Faint, " (cut)"));
        }
        text.push('\n');
        text
    }
}

#[cfg(test)]
mod tests {
    use sessions_model::{EntryId, EntryKind, Highlight};

    use super::*;
    use crate::samples;

    fn line(number: u64, text: &str, highlights: &[(u32, u32)]) -> GrepLine {
        let runs = highlights.iter();
        GrepLine {
            number,
            text: text.to_owned(),
            highlights: runs.map(|&(start, end)| Highlight { start, end }).collect(),
            place: if highlights.is_empty() {
                GrepPlace::Beside
            } else {
                GrepPlace::Match
            },
            is_cut: number == 90,
        }
    }

    fn entry(id: &str, tool: Option<&str>, lines: Vec<GrepLine>) -> GrepEvent {
        GrepEvent::Entry(GrepEntry {
            entry: EntryId(id.to_owned()),
            kind: Some(EntryKind::ToolResult),
            tool: tool.map(str::to_owned),
            time: None,
            lines,
        })
    }

    fn session(at: usize) -> GrepEvent {
        GrepEvent::Session(Box::new(samples::sessions().swap_remove(at)))
    }

    fn shown(mode: GrepMode, events: &[GrepEvent], terminal: &Terminal) -> String {
        let now = samples::now();
        let mut lines = Lines::new(mode, &now, terminal);
        let mut text: String = events.iter().map(|event| lines.take(event)).collect();
        text.push_str(&lines.foot(&GrepSummary {
            lines: 3,
            sessions: 2,
            is_limited: true,
            ..GrepSummary::default()
        }));
        text.replace('\u{1b}', "␛")
    }

    #[test]
    fn lines_stand_below_their_session() {
        let events = [
            session(0),
            entry(
                "a",
                Some("Bash"),
                vec![line(3, "an \u{1b}[31merror\r", &[(8, 13)])],
            ),
            entry("b", None, vec![line(90, "error", &[(0, 5)])]),
            session(1),
            entry(
                "c",
                None,
                vec![
                    line(1, "before", &[]),
                    line(2, "the error", &[(4, 9)]),
                    line(7, "error", &[(0, 5)]),
                ],
            ),
        ];
        insta::assert_snapshot!(shown(GrepMode::Lines, &events, &samples::coloured(100)));
    }

    #[test]
    fn sessions_are_counted_or_listed() {
        let counted = [
            session(0),
            GrepEvent::Counted(1_234),
            session(1),
            GrepEvent::Counted(5),
        ];
        let listed = [session(0), session(1)];
        let terminal = samples::terminal(80);
        let text = [
            shown(GrepMode::Counts, &counted, &terminal),
            shown(GrepMode::Sessions, &listed, &terminal),
        ];
        insta::assert_snapshot!(text.join("\n"));
    }
}

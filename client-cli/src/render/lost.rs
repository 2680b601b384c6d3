//! What is not on disk any more, and when more of it goes.

use std::fmt::Write;

use super::candidates;
use super::quantity::{count, size};
use super::text::one_line;
use crate::commands::lost::Losses;
use crate::history::Prompted;
use crate::moment::Now;
use crate::sweep::Sweep;
use crate::terminal::Terminal;

/// Sessions that are listed before the rest is counted; `--json` has all.
const LISTED_MAX: usize = 20;

/// Returns the report.
pub(crate) fn report(losses: &Losses, now: &Now, terminal: &Terminal) -> String {
    let mut text = String::new();
    let here = &losses.restorable;
    if here.is_empty() {
        text.push_str("every archived session is on disk\n");
    } else {
        let bytes = here.iter().map(|session| session.bytes).sum();
        let (sessions, bytes) = (count(here.len() as u64, "session"), size(bytes));
        say(
            &mut text,
            &format!(
                "{sessions} not whole on disk, kept here ({bytes}): sessions restore ID, or --all-missing"
            ),
        );
        let shown = here.get(..LISTED_MAX).unwrap_or(here);
        text.push_str(&candidates::table(shown, now, terminal));
        more(&mut text, here.len());
    }
    if !losses.gone.is_empty() {
        let sessions = count(losses.gone.len() as u64, "session");
        say(
            &mut text,
            &format!("{sessions} gone before anything was archived; only prompts are left:"),
        );
        let lines = losses.gone.iter().take(LISTED_MAX);
        lines.for_each(|gone| say(&mut text, &gone_line(gone, now)));
        more(&mut text, losses.gone.len());
    }
    for sweep in &losses.sweeps {
        say(&mut text, &sweep_line(sweep, losses.since(sweep), now));
    }
    text
}

fn say(text: &mut String, line: &str) {
    writeln!(text, "{line}").expect("a string takes everything");
}

fn more(text: &mut String, total: usize) {
    if total > LISTED_MAX {
        say(text, &format!("  … and {} more", total - LISTED_MAX));
    }
}

fn gone_line(gone: &Prompted, now: &Now) -> String {
    let (id, project) = (one_line(&gone.id), one_line(&gone.project));
    format!("  {id}  {}  {project}", now.age(gone.last_at))
}

fn sweep_line(sweep: &Sweep, since: u64, now: &Now) -> String {
    let Sweep {
        root,
        kept_days,
        last_at,
        next_at,
        takes,
    } = sweep;
    let last = match last_at {
        Some(last) if since > 0 => format!(
            "last did so {}: {} gone since then, kept here",
            now.minute(*last),
            count(since, "session")
        ),
        Some(last) => format!("last did so {}", now.minute(*last)),
        None => "never did so yet".to_owned(),
    };
    let next = if *next_at <= now.at {
        "its next start".to_owned()
    } else {
        format!("its first start from {} on", now.minute(*next_at))
    };
    let kept = count(u64::from(*kept_days), "day");
    let (root, takes) = (one_line(root), count(*takes, "transcript"));
    format!("{root}: Claude Code deletes what is unused for {kept}, {last}; {next} takes {takes}")
}

#[cfg(test)]
mod tests {
    use sessions_model::{OnDisk, Session, Timestamp};

    use super::*;
    use crate::samples;

    #[test]
    fn what_is_lost_is_said_with_what_can_be_done() {
        let now = samples::now();
        let ago = |hours: i64| Timestamp(now.at.millis() - hours * 3_600_000);
        let lost = |session: Session| Session {
            on_disk: OnDisk::Gone,
            gone_since: Some(ago(10)),
            root: "/home/user/.claude".into(),
            ..session
        };
        let sweep = Sweep {
            root: "/home/user/.claude".into(),
            kept_days: 30,
            last_at: Some(ago(10)),
            next_at: ago(-14),
            takes: 3,
        };
        let losses = Losses {
            restorable: samples::sessions().into_iter().take(2).map(lost).collect(),
            gone: vec![Prompted {
                id: "0b9d".into(),
                project: "/src/\u{1b}[2Ja".into(),
                last_at: ago(900),
            }],
            sweeps: vec![sweep.clone()],
        };
        let first = Sweep {
            last_at: None,
            next_at: now.at,
            takes: 1,
            ..sweep
        };
        let none = Losses {
            sweeps: vec![first],
            ..Losses::default()
        };
        let (some, none) = (losses, none);
        let terminal = samples::terminal(100);
        insta::assert_snapshot!(format!(
            "{}\n{}",
            report(&some, &now, &terminal),
            report(&none, &now, &terminal)
        ));
    }
}

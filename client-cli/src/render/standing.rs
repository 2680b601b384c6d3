//! How the archive and the daemon are doing: what is wrong comes first.

use std::fmt::Write;

use sessions_model::{RootStatus, Status};

use super::progress;
use super::quantity::{count, number, size};
use super::text::one_line;
use crate::moment::Now;
use crate::terminal::{Paint, Role, Terminal};

/// Months from which on a disk that fills up is nobody's concern.
const MONTHS_MAX: u64 = 600;

/// What places of the archive that are lost go by among the defects.
const DAMAGED: &str = "damaged";

/// Returns how many places of the archive are lost.
pub(crate) fn places_lost(status: &Status) -> u64 {
    let lost = status.defects.iter().find(|found| found.name == DAMAGED);
    lost.map_or(0, |lost| lost.count)
}

/// Kinds of defects that are listed.
const DEFECTS_MAX: usize = 12;

/// Returns the status as lines.
pub(crate) fn page(status: &Status, now: &Now, terminal: &Terminal) -> String {
    let paint = terminal.paint;
    let mut lines = faults(status, now, paint);
    lines.push(headline(status, paint));
    lines.extend(status.progress.as_ref().map(progress::line));
    for root in &status.roots {
        lines.push(root_line(root, now));
    }
    lines.push(disk_line(status));
    lines.extend(defects(status));
    lines.extend(damage(status));
    lines.push(daemon_line(status, now));
    lines.push(sandbox_line(status, paint));
    lines.join("\n") + "\n"
}

/// Returns what is wrong, each with its hint.
pub(crate) fn faults(status: &Status, now: &Now, paint: Paint) -> Vec<String> {
    let fault = |fault: &sessions_model::Fault| {
        let mut text = format!(
            "{} {} (since {})",
            paint.paint(Role::Bad, "fault:"),
            one_line(&fault.message),
            now.minute(fault.since),
        );
        if !fault.hint.is_empty() {
            write!(text, "\n  hint: {}", one_line(&fault.hint)).expect("a string takes everything");
        }
        text
    };
    status.faults.iter().map(fault).collect()
}

/// Returns what there is and how much of it can be searched.
pub(crate) fn headline(status: &Status, paint: Paint) -> String {
    let state = if status.is_paused {
        paint.paint(Role::Warning, "archiving is paused")
    } else if status.coverage.complete {
        paint.paint(Role::Good, "everything is archived and searchable")
    } else {
        let reason = status.coverage.reason.as_deref().map(one_line);
        let reason = reason.unwrap_or_else(|| "not everything is searchable yet".to_owned());
        paint.paint(Role::Warning, &reason)
    };
    format!(
        "{}, {} in {}: {state}",
        paint.paint(Role::Strong, &count(status.sessions, "session")),
        size(status.bytes),
        count(status.sources, "file"),
    )
}

fn root_line(root: &RootStatus, now: &Now) -> String {
    let last = match root.last_archived_at {
        Some(then) => format!("last archived {}", ago(now, then)),
        None => "nothing archived yet".to_owned(),
    };
    format!(
        "root     {} ({}): {}, {}, {last}",
        one_line(&root.path),
        one_line(&root.watched_by),
        count(root.sources, "file"),
        size(root.bytes),
    )
}

fn ago(now: &Now, then: sessions_model::Timestamp) -> String {
    match now.age(then) {
        age if age == "now" => "just now".to_owned(),
        age if age.contains('-') => format!("on {age}"),
        age => format!("{age} ago"),
    }
}

fn disk_line(status: &Status) -> String {
    let disk = &status.disk;
    let mut line = format!(
        "disk     archive {}, catalog {}, index {}, logs {}; {} free",
        size(disk.archive),
        size(disk.catalog),
        size(disk.index),
        size(disk.logs),
        size(disk.free),
    );
    if disk.growth_per_month > 0 {
        write!(line, "; grows {} a month", size(disk.growth_per_month))
            .expect("a string takes everything");
    }
    if let Some(left) = disk.months_until_full.and_then(time_left) {
        write!(line, ", full in {left}").expect("a string takes everything");
    }
    line
}

/// Returns so many months as a person counts them; none where nobody does.
fn time_left(months: u64) -> Option<String> {
    match months {
        0 => Some("less than a month".into()),
        1..24 => Some(count(months, "month")),
        24..MONTHS_MAX => Some(format!("about {}", count(months / 12, "year"))),
        _ => None,
    }
}

fn defects(status: &Status) -> Option<String> {
    let kept = status.defects.iter().filter(|found| found.name != DAMAGED);
    let shown = kept.take(DEFECTS_MAX);
    let parts: Vec<String> = shown
        .map(|defect| format!("{} {}", one_line(&defect.name), number(defect.count)))
        .collect();
    // Not every one can be shown as an entry; the bytes are there in any case.
    let how = "kept; \"sessions view ID --raw\" prints it as it was";
    (!parts.is_empty()).then(|| format!("unusual  {} ({how})", parts.join(", ")))
}

fn damage(status: &Status) -> Option<String> {
    let lost = places_lost(status);
    (lost > 0).then(|| {
        let places = count(lost, "place");
        format!("damaged  {places} of the archive lost (\"sessions verify\" lists what)")
    })
}

fn daemon_line(status: &Status, now: &Now) -> String {
    format!(
        "daemon   version {}, process {}, since {}; position {} of {}",
        one_line(&status.version),
        status.pid,
        now.minute(status.started_at),
        status.coverage.indexed_seq,
        status.coverage.archive_seq,
    )
}

fn sandbox_line(status: &Status, paint: Paint) -> String {
    if status.sandbox.is_empty() {
        return paint.paint(Role::Warning, "sandbox  none: this system offers none");
    }
    let denied: Vec<String> = status.sandbox.iter().map(|what| one_line(what)).collect();
    format!("sandbox  {}", denied.join("; "))
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::samples;

    #[test]
    fn time_left_is_counted_as_people_do() {
        let check = |months: u64, expect: Option<&str>| {
            assert_eq!(time_left(months).as_deref(), expect, "{months}");
        };
        check(0, Some("less than a month"));
        check(1, Some("1 month"));
        check(23, Some("23 months"));
        check(62, Some("about 5 years"));
        check(661_952_786, None);
    }

    #[test]
    fn status_says_what_is_wrong_first() {
        let text = page(&samples::status(), &samples::now(), &samples::terminal(100));
        insta::assert_snapshot!(text);
    }

    #[test]
    fn status_of_a_daemon_at_rest_is_short() {
        let status = Status {
            version: "0.1.0".into(),
            coverage: sessions_model::Coverage {
                complete: true,
                ..Default::default()
            },
            ..Status::default()
        };
        insta::assert_snapshot!(page(&status, &samples::now(), &samples::terminal(100)));
    }
}

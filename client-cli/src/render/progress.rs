//! An import, a verification or an export under way.

use sessions_model::Progress;

use super::quantity::{number, percent, size};
use crate::moment::duration;

/// The most of an import that goes on: what is taken in is searchable a moment later.
const PERCENT_MAX: u64 = 99;

/// Returns an import on one line: `importing: 45 % (1.2 of 2.6 GB), 300 of 2,149 files, 80 MB/s, 12 s left`.
pub(crate) fn line(progress: &Progress) -> String {
    if progress.sources_total == 0 {
        return "looking at what there is".into();
    }
    let mut parts = vec![
        format!(
            "{} % searchable ({} of {})",
            percent(progress.bytes_indexed, progress.bytes_total).min(PERCENT_MAX),
            size(progress.bytes_indexed),
            size(progress.bytes_total),
        ),
        format!(
            "{} of {} files",
            number(progress.sources_done),
            number(progress.sources_total)
        ),
    ];
    if progress.bytes_per_second > 0 {
        parts.push(format!("{}/s", size(progress.bytes_per_second)));
    }
    if let Some(seconds) = progress.seconds_left {
        parts.push(format!("{} left", duration(seconds)));
    }
    format!("importing: {}", parts.join(", "))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn import_says_how_far_and_how_long() {
        let progress = Progress {
            sources_done: 300,
            sources_total: 2_149,
            bytes_archived: 600_000_000,
            bytes_indexed: 450_000_000,
            bytes_total: 1_000_000_000,
            bytes_per_second: 80_000_000,
            seconds_left: Some(7),
        };
        insta::assert_snapshot!(line(&progress), @"importing: 45 % searchable (450 MB of 1.00 GB), 300 of 2,149 files, 80.0 MB/s, 7 s left");
    }
    #[test]
    fn import_that_goes_on_is_never_whole() {
        for bytes in [0, 5_000] {
            let progress = Progress {
                sources_done: 9,
                sources_total: 9,
                bytes_indexed: bytes,
                bytes_total: bytes,
                ..Progress::default()
            };
            let line = line(&progress);
            assert!(line.starts_with("importing: 99 % searchable"), "{line}");
        }
    }
}

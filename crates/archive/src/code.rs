//! The numbers that stand for words in the database; stable, never reused.

use sessions_model::SourceKind;

use crate::log::Lane;

pub(crate) fn of_kind(kind: SourceKind) -> i64 {
    match kind {
        SourceKind::Transcript => 1,
        SourceKind::Subagent => 2,
        SourceKind::ToolResult => 3,
        SourceKind::Sidecar => 4,
        SourceKind::FileHistory => 5,
        SourceKind::History => 6,
    }
}

/// Returns the kind for `code`. One of a newer version is a file we keep without knowing it: a sidecar.
pub(crate) fn kind(code: i64) -> SourceKind {
    match code {
        1 => SourceKind::Transcript,
        2 => SourceKind::Subagent,
        3 => SourceKind::ToolResult,
        5 => SourceKind::FileHistory,
        6 => SourceKind::History,
        _ => SourceKind::Sidecar,
    }
}

pub(crate) fn of_lane(lane: Lane) -> i64 {
    match lane {
        Lane::Backlog => 0,
        Lane::Live => 1,
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn every_kind_comes_back_from_its_code() {
        let kinds = [
            SourceKind::Transcript,
            SourceKind::Subagent,
            SourceKind::ToolResult,
            SourceKind::Sidecar,
            SourceKind::FileHistory,
            SourceKind::History,
        ];
        for expect in kinds {
            assert_eq!(kind(of_kind(expect)), expect);
        }
    }
}

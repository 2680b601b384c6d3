//! How much a match is worth beside its BM25 score.

use sessions_model::{EntryKind, ScoreParts, SessionOrdinal, Timestamp};

use crate::schema::Traits;
use crate::scope::OrdinalSet;

/// How far age can lower a match: one without end of age keeps this share.
const AGED_SHARE: f32 = 0.7;

/// The age in days at which half of what age can take is taken.
const AGE_HALF_LIFE_DAYS: f32 = 30.0;

/// From this age on, all of it is.
const AGE_DAYS_MAX: usize = 512;

const DAY_MS: i64 = 24 * 3_600_000;

/// A subagent's text against the same in the main conversation: there are ten of it for each of that.
const SUBAGENT_SHARE: f32 = 0.25;

/// A match in a session that the caller ranks lower.
const DEMOTED_SHARE: f32 = 0.5;

/// Weighs matches as seen from one moment.
pub(super) struct Ranking<'a> {
    now: Timestamp,
    demoted: &'a OrdinalSet,
    /// The share that is left at each age in days.
    aged: [f32; AGE_DAYS_MAX],
}

/// What a match's score is multiplied by.
#[derive(Debug, Clone, Copy)]
pub(super) struct Weights {
    kind: f32,
    place: f32,
    recency: f32,
    demoted: f32,
}

impl Weights {
    pub(super) fn product(self) -> f32 {
        self.kind * self.place * self.recency * self.demoted
    }

    /// Takes a score apart: `nearness` is what it was multiplied by besides.
    pub(super) fn explain(self, score: f32, nearness: f32) -> ScoreParts {
        let others = self.product() * nearness;
        ScoreParts {
            words: if others > 0.0 { score / others } else { 0.0 },
            kind: self.kind,
            subagent: self.place,
            recency: self.recency,
            automated: self.demoted,
            nearness,
        }
    }
}

impl<'a> Ranking<'a> {
    /// Weighs as seen from `now`; what is in the sessions `demoted` weighs less.
    pub(super) fn new(now: Timestamp, demoted: &'a OrdinalSet) -> Self {
        let mut days = 0.0_f32;
        let aged = [(); AGE_DAYS_MAX].map(|()| {
            let left = (-days / AGE_HALF_LIFE_DAYS).exp2();
            days += 1.0;
            AGED_SHARE + (1.0 - AGED_SHARE) * left
        });
        Self { now, demoted, aged }
    }

    /// Returns what a match's score is multiplied by.
    pub(super) fn weights(
        &self,
        traits: Traits,
        time: Option<Timestamp>,
        session: SessionOrdinal,
    ) -> Weights {
        let share = |holds, share| if holds { share } else { 1.0 };
        Weights {
            kind: match traits.kind {
                // A model wrote it.
                EntryKind::Prompt if traits.is_subagent => kind_weight(EntryKind::ToolCall),
                kind => kind_weight(kind),
            },
            place: share(traits.is_subagent, SUBAGENT_SHARE),
            recency: self.recency(time),
            demoted: share(self.demoted.contains(session), DEMOTED_SHARE),
        }
    }

    fn recency(&self, time: Option<Timestamp>) -> f32 {
        let days = time.and_then(|time| usize::try_from(self.now.millis_since(time) / DAY_MS).ok());
        days.and_then(|days| self.aged.get(days))
            .copied()
            .unwrap_or(AGED_SHARE)
    }
}

/// What people look for: names and their own words first, what tools printed last.
fn kind_weight(kind: EntryKind) -> f32 {
    match kind {
        EntryKind::Title => 3.5,
        EntryKind::Note | EntryKind::Checkpoint => 3.2,
        EntryKind::Prompt => 2.5,
        EntryKind::Answer => 2.0,
        EntryKind::Summary => 1.6,
        EntryKind::Command => 1.4,
        EntryKind::ToolCall => 1.2,
        EntryKind::ApiError | EntryKind::Thinking => 1.0,
        EntryKind::ToolResult => 0.8,
        EntryKind::System | EntryKind::Compaction | EntryKind::Interrupt => 0.6,
        EntryKind::Unknown => 0.5,
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn weigh(kind: EntryKind, is_subagent: bool, age_days: i64) -> f32 {
        let now = Timestamp(1_000 * DAY_MS);
        let time = Timestamp(now.millis() - age_days * DAY_MS);
        let traits = Traits {
            kind,
            is_subagent,
            is_echo: false,
        };
        Ranking::new(now, &OrdinalSet::default())
            .weights(traits, Some(time), SessionOrdinal(0))
            .product()
    }

    #[test]
    fn kinds_rank_as_people_look_for_them() {
        use EntryKind::{Answer, Prompt, Summary, Thinking, Title, ToolCall, ToolResult};
        let order = [
            Title, Prompt, Answer, Summary, ToolCall, Thinking, ToolResult,
        ];
        for pair in order.windows(2) {
            assert!(
                weigh(pair[0], false, 0) > weigh(pair[1], false, 0),
                "{pair:?}"
            );
        }
    }

    #[test]
    fn age_lowers_a_match_but_never_below_its_share() {
        let check = |age_days: i64, expect: f32| {
            let found = weigh(EntryKind::Thinking, false, age_days);
            assert!((found - expect).abs() < 0.001, "{age_days} days: {found}");
        };
        check(-5, 1.0);
        check(0, 1.0);
        check(30, 0.85);
        check(60, 0.775);
        check(100_000, 0.7);
    }

    #[test]
    fn the_main_conversation_goes_before_subagents() {
        assert!(weigh(EntryKind::Prompt, false, 0) > weigh(EntryKind::Prompt, true, 0));
        assert!(weigh(EntryKind::Prompt, true, 0) < weigh(EntryKind::ToolResult, false, 0));
    }
}

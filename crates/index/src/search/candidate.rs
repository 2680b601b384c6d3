//! A document that matched, and which of two comes first. It knows no segments' columns.

use std::cmp::Ordering;

use sessions_model::SessionOrdinal;
use tantivy::DocId;

/// A document that matched.
#[derive(Debug, Clone, Copy)]
pub(super) struct Candidate {
    pub(super) identity: u64,
    pub(super) score: f32,
    pub(super) segment: u32,
    pub(super) doc: DocId,
    pub(super) session: SessionOrdinal,
    /// As in its column: 0 for none, which is older than any.
    pub(super) time: u64,
    pub(super) is_echo: bool,
    pub(super) is_subagent: bool,
}

impl Candidate {
    /// The better one comes first: what is no echo, then by score, then the newer, then the session numbered
    /// first. What is still alike is told apart by the record, so that it does not matter how segments lie.
    pub(super) fn order(&self, other: &Self) -> Ordering {
        self.is_echo
            .cmp(&other.is_echo)
            .then(other.score.total_cmp(&self.score))
            .then(other.time.cmp(&self.time))
            .then(self.session.cmp(&other.session))
            .then(self.identity.cmp(&other.identity))
    }

    /// Of one session: what is no echo comes first, then the main conversation, then the better one.
    pub(super) fn order_within(&self, other: &Self) -> Ordering {
        self.is_echo
            .cmp(&other.is_echo)
            .then(self.is_subagent.cmp(&other.is_subagent))
            .then_with(|| self.order(other))
    }

    /// Which of two copies stands for both: the one in the session numbered first, so that a search
    /// gives the same answer however its segments lie.
    pub(super) fn outranks_copy(&self, other: &Self) -> bool {
        self.session
            .cmp(&other.session)
            .then(self.order(other))
            .then((self.segment, self.doc).cmp(&(other.segment, other.doc)))
            .is_lt()
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn candidate(score: f32, is_subagent: bool, is_echo: bool) -> Candidate {
        Candidate {
            identity: 1,
            score,
            segment: 0,
            doc: 0,
            session: SessionOrdinal(1),
            time: 1,
            is_echo,
            is_subagent,
        }
    }

    #[test]
    fn echoes_come_last_and_within_a_session_the_main_conversation_first() {
        let weak = candidate(1.0, false, false);
        let subagent = candidate(9.0, true, false);
        let echo = candidate(99.0, false, true);
        assert!(subagent.order(&weak).is_lt());
        assert!(weak.order_within(&subagent).is_lt());
        assert!(weak.order(&echo).is_lt() && subagent.order_within(&echo).is_lt());
    }
}

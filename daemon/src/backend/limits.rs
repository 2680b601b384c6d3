//! How much heavy calls may take at once, however many callers there are.
//!
//! Whoever waits is let in in the order of asking; who gives up leaves the line. Knows nothing of what is
//! read. A search needs none of this: each of the few engines holds a bounded number of matches.

use std::sync::Arc;

use tokio::sync::{OwnedSemaphorePermit, Semaphore};

/// KiB of sessions, as archived, that are held at once by all who read entries. What a session takes in
/// memory is about as much again; one that is larger than this is read alone.
const SESSIONS_KIB_MAX: u32 = 64 << 10;

/// Copies and verifications of the whole archive at once: the disk is what they wait for.
const WHOLE_MAX: usize = 1;

/// Exact searches at once: each has an engine for as long as it runs, and others want one, too.
const GREPS_MAX: usize = 2;

/// What is shared by all calls.
#[derive(Debug, Clone)]
pub(crate) struct Limits {
    sessions: Arc<Semaphore>,
    whole: Arc<Semaphore>,
    greps: Arc<Semaphore>,
}

/// A share of a limit, given back when it is dropped.
#[derive(Debug)]
pub(crate) struct Share(#[expect(dead_code, reason = "held for its drop")] OwnedSemaphorePermit);

impl Default for Limits {
    fn default() -> Self {
        let kib = usize::try_from(SESSIONS_KIB_MAX).expect("64 Mi fit");
        Self {
            sessions: Arc::new(Semaphore::new(kib)),
            whole: Arc::new(Semaphore::new(WHOLE_MAX)),
            greps: Arc::new(Semaphore::new(GREPS_MAX)),
        }
    }
}

impl Limits {
    /// Waits for room for a session of so many archived bytes.
    pub(super) async fn session(&self, bytes: u64) -> Option<Share> {
        let kib = u32::try_from(bytes / 1024).unwrap_or(u32::MAX);
        let kib = kib.clamp(1, SESSIONS_KIB_MAX);
        let room = Arc::clone(&self.sessions).acquire_many_owned(kib).await;
        room.ok().map(Share)
    }

    /// Waits for the turn to look through texts.
    pub(super) async fn grep(&self) -> Option<Share> {
        let turn = Arc::clone(&self.greps).acquire_owned().await;
        turn.ok().map(Share)
    }

    /// Waits for the turn to read the whole archive.
    pub(super) async fn whole(&self) -> Option<Share> {
        let turn = Arc::clone(&self.whole).acquire_owned().await;
        turn.ok().map(Share)
    }
}

#[cfg(test)]
mod tests {
    use std::future::Future;
    use std::pin::pin;
    use std::task::{Context, Poll, Waker};

    use super::*;

    fn poll<T>(future: std::pin::Pin<&mut impl Future<Output = T>>) -> Poll<T> {
        future.poll(&mut Context::from_waker(Waker::noop()))
    }

    const SESSION: u64 = 33_000_000;

    #[test]
    fn sessions_wait_in_order_for_room_and_who_leaves_makes_way() {
        let limits = Limits::default();
        let Poll::Ready(first) = poll(pin!(limits.session(SESSION))) else {
            panic!("there is room for one");
        };
        let Poll::Ready(second) = poll(pin!(limits.session(SESSION))) else {
            panic!("there is room for two");
        };
        let mut leaves = Box::pin(limits.session(SESSION));
        let mut waits = pin!(limits.session(u64::MAX));
        let mut small = pin!(limits.session(0));
        assert!(poll(leaves.as_mut()).is_pending());
        assert!(poll(waits.as_mut()).is_pending());
        assert!(poll(small.as_mut()).is_pending(), "it came after those");
        drop(leaves);
        drop(first);
        assert!(poll(waits.as_mut()).is_pending(), "it needs all there is");
        drop(second);
        let Poll::Ready(whole) = poll(waits) else {
            panic!("the largest is read alone");
        };
        assert!(poll(small.as_mut()).is_pending());
        drop(whole);
        assert!(poll(small).is_ready());
    }

    #[test]
    fn exact_searches_leave_engines_to_others() {
        let limits = Limits::default();
        let turns: Vec<_> = (0..GREPS_MAX).map(|_| poll(pin!(limits.grep()))).collect();
        assert!(turns.iter().all(Poll::is_ready));
        let mut next = pin!(limits.grep());
        assert!(poll(next.as_mut()).is_pending());
        drop(turns);
        assert!(poll(next).is_ready());
    }

    #[test]
    fn the_whole_archive_is_read_by_one_at_a_time() {
        let limits = Limits::default();
        let Poll::Ready(turn) = poll(pin!(limits.whole())) else {
            panic!("nobody else reads");
        };
        let mut next = pin!(limits.whole());
        assert!(poll(next.as_mut()).is_pending());
        drop(turn);
        assert!(poll(next).is_ready());
    }
}

//! What is to be looked at, and in which order: live paths ahead of the backlog of a scan.
//!
//! Each live job has a ticket, and keeps it until its bytes are committed; whoever waits for all that
//! was dirty at one moment waits for the tickets up to then. Knows nothing of files.

use std::collections::{BTreeMap, BTreeSet, VecDeque};
use std::time::{Duration, Instant};

use rustc_hash::{FxHashMap, FxHashSet};
use sessions_archive::Lane;

use super::place::Place;

/// Grows with each live job.
pub(crate) type Ticket = u64;

/// One source to look at.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) struct Job {
    /// Where it is.
    pub(crate) place: Place,
    /// The lane its bytes go in.
    pub(crate) lane: Lane,
    /// When it was asked for; 0 in the backlog.
    ticket: Ticket,
    /// How often it was found changing.
    pub(crate) tries: u32,
    /// The size at which its unterminated line was first seen, once the wait for the rest is over.
    pub(crate) size_seen: Option<u64>,
    /// Whether all of it was found to differ from what is archived, where a pass does not look.
    pub(crate) is_suspect: bool,
    /// Bytes that a scan expects to find, at most.
    pub(crate) bytes: u64,
}

impl Job {
    /// A job of a scan.
    pub(crate) fn of_scan(place: Place, bytes: u64) -> Self {
        Self {
            lane: Lane::Backlog,
            bytes,
            ..Self::new(place, 0)
        }
    }

    fn new(place: Place, ticket: Ticket) -> Self {
        Self {
            place,
            lane: Lane::Live,
            ticket,
            tries: 0,
            size_seen: None,
            is_suspect: false,
            bytes: 0,
        }
    }
}

/// The order of work.
#[derive(Debug, Default)]
pub(crate) struct Queue {
    live: BTreeMap<Ticket, Job>,
    tickets: FxHashMap<Place, Ticket>,
    in_work: BTreeSet<Ticket>,
    delayed: BTreeMap<(Instant, Place), Job>,
    backlog: VecDeque<Job>,
    waiting: FxHashSet<Place>,
    last: Ticket,
}

impl Queue {
    /// Asks for a look at `place` ahead of the backlog.
    pub(crate) fn push(&mut self, place: Place) {
        self.request(place);
    }

    /// Asks for a look at `place`, whose unterminated line has been waited for since it had this size.
    pub(crate) fn push_seen(&mut self, place: Place, size: u64) {
        if let Some(job) = self.request(place) {
            job.size_seen = Some(size);
        }
    }

    /// Asks for a look at all of `place`.
    pub(crate) fn push_suspect(&mut self, place: Place) {
        if let Some(job) = self.request(place) {
            job.is_suspect = true;
        }
    }

    fn request(&mut self, place: Place) -> Option<&mut Job> {
        let known = self.tickets.get(&place).copied();
        let ticket = known.unwrap_or_else(|| {
            self.last += 1;
            self.insert(Job::new(place, self.last));
            self.last
        });
        self.live.get_mut(&ticket)
    }

    /// Adds what a scan found, in its order.
    pub(crate) fn extend_backlog(&mut self, jobs: impl IntoIterator<Item = Job>) {
        for job in jobs {
            self.waiting.insert(job.place.clone());
            self.backlog.push_back(job);
        }
    }

    fn insert(&mut self, job: Job) {
        self.tickets.insert(job.place.clone(), job.ticket);
        self.live.insert(job.ticket, job);
    }

    /// Takes the next job, if `fits` says that it may be done now.
    pub(crate) fn pop(&mut self, fits: impl Fn(&Job) -> bool) -> Option<Job> {
        if let Some(next) = self.live.first_entry() {
            if !fits(next.get()) {
                return None;
            }
            let job = next.remove();
            self.tickets.remove(&job.place);
            self.in_work.insert(job.ticket);
            return Some(job);
        }
        self.backlog.front().filter(|job| fits(job))?;
        let job = self.backlog.pop_front()?;
        self.waiting.remove(&job.place);
        Some(job)
    }

    /// Forgets a job that is done.
    pub(crate) fn finish(&mut self, job: &Job) {
        self.in_work.remove(&job.ticket);
    }

    /// Takes back a job that is not done, to be the next of its kind.
    pub(crate) fn put_back(&mut self, job: Job) {
        self.in_work.remove(&job.ticket);
        match job.lane {
            Lane::Backlog => {
                self.waiting.insert(job.place.clone());
                self.backlog.push_front(job);
            }
            Lane::Live => {
                // A later request for the same place is answered by the earlier one.
                if let Some(later) = self.tickets.remove(&job.place) {
                    self.live.remove(&later);
                }
                self.insert(job);
            }
        }
    }

    /// Takes back a job to be done after `at`.
    pub(crate) fn delay(&mut self, job: Job, at: Instant) {
        // It stays in work: whoever waits for it goes on waiting.
        self.delayed.insert((at, job.place.clone()), job);
    }

    /// Brings back the jobs whose delay is over.
    pub(crate) fn wake(&mut self, now: Instant) {
        while let Some(first) = self
            .delayed
            .first_entry()
            .filter(|first| first.key().0 <= now)
        {
            let job = first.remove();
            self.put_back(job);
        }
    }

    /// Returns when the next delay is over.
    pub(crate) fn wakes_at(&self) -> Option<Instant> {
        self.delayed.first_key_value().map(|((at, _), _)| *at)
    }

    /// Returns the last ticket given out.
    pub(crate) fn last_ticket(&self) -> Ticket {
        self.last
    }

    /// Tells whether every live job up to `ticket` is done.
    pub(crate) fn is_done(&self, ticket: Ticket) -> bool {
        let oldest = [self.live.keys().next(), self.in_work.first()]
            .into_iter()
            .flatten()
            .min();
        oldest.is_none_or(|oldest| *oldest > ticket)
    }

    pub(crate) fn has_live(&self) -> bool {
        !self.live.is_empty()
    }

    /// Tells whether `place` is to be looked at anyway.
    pub(crate) fn has(&self, place: &Place) -> bool {
        self.tickets.contains_key(place) || self.waiting.contains(place)
    }

    /// Returns how many sources the scan has left.
    pub(crate) fn backlog_len(&self) -> usize {
        self.backlog.len()
    }

    /// Tells whether something can be done now.
    pub(crate) fn is_empty(&self) -> bool {
        self.live.is_empty() && self.backlog.is_empty()
    }

    /// Forgets everything; whoever waits is let go.
    pub(crate) fn clear(&mut self) {
        let last = self.last;
        *self = Self {
            last,
            ..Self::default()
        };
    }
}

/// Returns how long to wait before the look after `tries` that found the file changing.
pub(crate) fn delay_after(tries: u32, first: Duration, max: Duration) -> Duration {
    first.saturating_mul(1 << tries.min(16)).min(max)
}

#[cfg(test)]
mod tests {
    use super::*;

    fn place(name: &str) -> Place {
        Place::new(0, name)
    }

    fn names(queue: &mut Queue) -> Vec<String> {
        std::iter::from_fn(|| queue.pop(|_| true))
            .map(|job| job.place.path.to_string())
            .collect()
    }

    #[test]
    fn live_paths_go_ahead_of_the_backlog_each_once_in_the_order_they_were_asked_for() {
        let mut queue = Queue::default();
        queue.extend_backlog([
            Job::of_scan(place("old"), 1),
            Job::of_scan(place("older"), 1),
        ]);
        queue.push(place("b"));
        queue.push(place("a"));
        queue.push(place("b"));
        assert_eq!(names(&mut queue), ["b", "a", "old", "older"]);
    }

    #[test]
    fn a_ticket_is_done_when_every_job_up_to_it_is() {
        let mut queue = Queue::default();
        queue.push(place("a"));
        let ticket = queue.last_ticket();
        queue.push(place("b"));
        let first = queue.pop(|_| true).unwrap();
        assert!(!queue.is_done(ticket), "in work is not done");
        queue.put_back(first);
        let first = queue.pop(|_| true).unwrap();
        assert_eq!(first.place, place("a"), "a job taken back keeps its turn");
        queue.finish(&first);
        assert!(queue.is_done(ticket));
        assert!(!queue.is_done(queue.last_ticket()));
    }

    #[test]
    fn a_delayed_job_is_waited_for() {
        let mut queue = Queue::default();
        let now = Instant::now();
        queue.push(place("a"));
        let ticket = queue.last_ticket();
        let job = queue.pop(|_| true).unwrap();
        queue.delay(job, now + Duration::from_secs(1));
        assert!(!queue.is_done(ticket) && queue.is_empty());
        assert_eq!(queue.wakes_at(), Some(now + Duration::from_secs(1)));
        queue.push(place("a"));
        queue.wake(now + Duration::from_secs(2));
        assert_eq!(
            names(&mut queue),
            ["a"],
            "asked for again meanwhile, it is done once"
        );
    }

    #[test]
    fn delays_double_up_to_a_limit() {
        let check = |tries, expect| {
            let delay = delay_after(tries, Duration::from_millis(50), Duration::from_secs(5));
            assert_eq!(delay, Duration::from_millis(expect), "{tries}");
        };
        check(0, 50);
        check(3, 400);
        check(60, 5000);
    }
}

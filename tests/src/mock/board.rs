//! What the server's threads and the test share: scripts, gates, and the requests met so far.
//!
//! Knows nothing of HTTP. One lock, never held while a thread waits for anything but the board itself.

use std::collections::HashSet;
use std::sync::{Condvar, Mutex, MutexGuard, PoisonError};
use std::time::{Duration, Instant};

use super::script::Message;

/// How long a test, or a held stream, waits for the other side at most.
pub(super) const WAIT_MAX: Duration = Duration::from_mins(1);

/// A request for a message that the client made.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Recorded {
    /// What the mock took it for: `script`, `summary`, `schema`, `probe` or `echo`.
    pub taken_for: &'static str,
    /// The script and the message of it that was asked for.
    pub step: Option<(usize, usize)>,
    /// Messages in the conversation.
    pub messages: usize,
    /// The model asked for.
    pub model: String,
    /// What was said in it, by either side.
    pub words: String,
}

#[derive(Debug, Default)]
struct State {
    scripts: Vec<Vec<Message>>,
    summary: String,
    requests: Vec<Recorded>,
    failed: HashSet<(usize, usize)>,
    reached: HashSet<String>,
    opened: HashSet<String>,
    served: u64,
    is_closed: bool,
}

/// The shared board.
#[derive(Debug, Default)]
pub(super) struct Board {
    state: Mutex<State>,
    changed: Condvar,
}

impl Board {
    /// Keeps `script` and returns its number.
    pub(super) fn add_script(&self, script: Vec<Message>) -> usize {
        let mut state = self.lock();
        state.scripts.push(script);
        state.scripts.len() - 1
    }

    /// Returns message `step` of a script.
    pub(super) fn message(&self, script: usize, step: usize) -> Option<Message> {
        self.lock().scripts.get(script)?.get(step).cloned()
    }

    /// Sets the text of the next compaction's summary.
    pub(super) fn set_summary(&self, text: &str) {
        text.clone_into(&mut self.lock().summary);
    }

    /// Returns the text for a compaction's summary.
    pub(super) fn summary(&self) -> String {
        self.lock().summary.clone()
    }

    /// Notes a request and returns its number, from 1.
    pub(super) fn record(&self, request: Recorded) -> u64 {
        let mut state = self.lock();
        state.requests.push(request);
        state.served += 1;
        self.changed.notify_all();
        state.served
    }

    /// Returns the requests so far.
    pub(super) fn requests(&self) -> Vec<Recorded> {
        self.lock().requests.clone()
    }

    /// Returns whether this message has not failed before, and remembers that it has now.
    pub(super) fn fails_now(&self, step: (usize, usize)) -> bool {
        self.lock().failed.insert(step)
    }

    /// Lets whoever waits at the gate go on, now and later.
    pub(super) fn open(&self, gate: &str) {
        self.lock().opened.insert(gate.to_owned());
        self.changed.notify_all();
    }

    /// Says that a stream stands at the gate, and waits up to `pause` for it to open.
    pub(super) fn wait_at(&self, gate: &str, pause: Duration) -> bool {
        self.lock().reached.insert(gate.to_owned());
        self.changed.notify_all();
        self.wait(pause, |state| {
            state.is_closed || state.opened.contains(gate)
        })
    }

    /// Waits until a stream stands at the gate; returns whether one does.
    pub(super) fn wait_reached(&self, gate: &str) -> bool {
        self.wait(WAIT_MAX, |state| state.reached.contains(gate))
    }

    /// Opens every gate and refuses further connections.
    pub(super) fn close(&self) {
        self.lock().is_closed = true;
        self.changed.notify_all();
    }

    /// Returns whether the server is to stop.
    pub(super) fn is_closed(&self) -> bool {
        self.lock().is_closed
    }

    fn wait(&self, pause: Duration, done: impl Fn(&State) -> bool) -> bool {
        let deadline = Instant::now() + pause;
        let mut state = self.lock();
        while !done(&state) {
            let left = deadline.saturating_duration_since(Instant::now());
            if left.is_zero() {
                return false;
            }
            let waited = self.changed.wait_timeout(state, left);
            state = waited.unwrap_or_else(PoisonError::into_inner).0;
        }
        true
    }

    fn lock(&self) -> MutexGuard<'_, State> {
        self.state.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

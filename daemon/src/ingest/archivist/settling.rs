//! Waiting for everything that is on disk now: cookies, and those who wait for them.
//!
//! Changes and cookies arrive through one queue of events, so whoever has seen the cookie has seen
//! every change before it. What was dirty then has tickets up to a certain one; once those are done,
//! the wait is over. Knows nothing of sources.

use std::ffi::OsString;
use std::fs;
use std::path::PathBuf;
use std::time::Instant;

use sessions_archive::Heads;
use sessions_watch::{RootWatch, Watcher};
use tokio::sync::oneshot;

use super::work::Work;
use crate::ingest::disk::is_same;
use crate::ingest::handle::Settled;
use crate::ingest::place::Place;
use crate::ingest::queue::Ticket;

/// Most callers that wait at once.
const WAITING_MAX: usize = 256;

/// Those who wait.
#[derive(Debug)]
pub(super) struct Settling {
    cookie_dir: PathBuf,
    watcher: Watcher,
    waiting: Vec<Waiting>,
    cookies: u64,
}

#[derive(Debug)]
struct Waiting {
    deadline: Instant,
    settled: oneshot::Sender<Settled>,
    stage: Stage,
}

#[derive(Debug)]
enum Stage {
    /// For the event of this cookie.
    Cookie(String),
    /// For this ticket and those before.
    Tickets(Ticket),
    /// For nothing: it cannot be had, for this reason.
    Failed(String),
}

impl Settling {
    pub(super) fn new(cookie_dir: PathBuf, watcher: Watcher) -> Self {
        let this = Self {
            cookie_dir,
            watcher,
            waiting: Vec::new(),
            cookies: 0,
        };
        this.sweep();
        this
    }

    /// Begins a wait.
    pub(super) fn begin(
        &mut self,
        deadline: Instant,
        settled: oneshot::Sender<Settled>,
        work: &mut Work,
    ) {
        let stage = if let Some(reason) = work.rest() {
            Stage::Failed(reason)
        } else if self.waiting.len() >= WAITING_MAX {
            Stage::Failed("too many are waiting already".into())
        } else {
            self.look_at_polled(work);
            self.set_out(work)
        };
        self.waiting.push(Waiting {
            deadline,
            settled,
            stage,
        });
    }

    /// Writes new cookies for those still waiting for one: theirs may be lost.
    pub(super) fn ask_again(&mut self, work: &mut Work) {
        for at in 0..self.waiting.len() {
            if let Stage::Cookie(name) = &self.waiting[at].stage {
                self.remove(name);
                self.waiting[at].stage = self.set_out(work);
            }
        }
    }

    /// Takes the cookies whose events came.
    pub(super) fn take_cookies(&mut self, names: &[OsString], work: &Work) {
        for waiting in &mut self.waiting {
            if let Stage::Cookie(name) = &waiting.stage
                && names.iter().any(|seen| seen == name.as_str())
            {
                waiting.stage = Stage::Tickets(work.queue.last_ticket());
            }
        }
        for name in names {
            self.remove(&name.to_string_lossy());
        }
    }

    /// Answers those whose wait is over.
    pub(super) fn answer(&mut self, work: &Work, heads: Heads) {
        if self.waiting.is_empty() {
            return;
        }
        let now = work.clock.monotonic();
        let is_over = |waiting: &mut Waiting| match &waiting.stage {
            Stage::Tickets(ticket) => work.queue.is_done(*ticket) || waiting.deadline <= now,
            Stage::Cookie(_) => waiting.deadline <= now,
            Stage::Failed(_) => true,
        };
        let over: Vec<Waiting> = self.waiting.extract_if(.., is_over).collect();
        for Waiting { settled, stage, .. } in over {
            let reason = match &stage {
                Stage::Tickets(ticket) if work.queue.is_done(*ticket) => self.shortfall(work),
                Stage::Failed(reason) => Some(reason.clone()),
                Stage::Tickets(_) | Stage::Cookie(_) => Some(lateness(work)),
            };
            if let Stage::Cookie(name) = &stage {
                self.remove(name);
            }
            // Whoever asked may have stopped listening.
            drop(settled.send(Settled {
                heads,
                complete: reason.is_none(),
                reason,
            }));
        }
    }

    pub(super) fn next_due(&self) -> Option<Instant> {
        self.waiting.iter().map(|waiting| waiting.deadline).min()
    }

    /// Leaves nothing behind.
    pub(super) fn end(&mut self) {
        self.waiting.clear();
        self.sweep();
    }

    fn set_out(&mut self, work: &mut Work) -> Stage {
        let watches = self.watcher.root_watches();
        if !watches.contains(&RootWatch::Events) {
            return Stage::Tickets(work.queue.last_ticket());
        }
        self.cookies += 1;
        let name = format!("cookie-{}", self.cookies);
        match fs::write(self.cookie_dir.join(&name), []) {
            Ok(()) => Stage::Cookie(name),
            Err(error) => Stage::Failed(format!("a cookie file could not be written: {error}")),
        }
    }

    /// Looks at the sources that were written recently, in roots without events.
    fn look_at_polled(&self, work: &mut Work) {
        let watches = self.watcher.root_watches();
        let is_polled = |place: &&Place| matches!(watches[place.root], RootWatch::Polling(_));
        let recent: Vec<Place> = work.held.recent().filter(is_polled).cloned().collect();
        for place in recent {
            let stamp = work
                .disk
                .open(&work.roots.locate(&place))
                .and_then(|file| file.stat());
            let cursor = work.known.get(&place).and_then(|known| known.cursor);
            let is_current = matches!((stamp, cursor), (Ok(stamp), Some(cursor))
                if is_same(&stamp, &cursor.stamp));
            if !is_current {
                work.queue.push(place);
            }
        }
    }

    /// Returns what is missing although all that was dirty is done.
    pub(super) fn shortfall(&self, work: &Work) -> Option<String> {
        if let Some(shortfall) = work.rest().or_else(|| work.faults.shortfall()) {
            return Some(shortfall);
        }
        let watches = self.watcher.root_watches();
        let polled = watches
            .iter()
            .position(|watch| matches!(watch, RootWatch::Polling(_)));
        if let Some(root) = polled {
            let path = work.roots.0[root].path.display();
            return Some(format!(
                "{path} is polled: what was written just now may be missing"
            ));
        }
        match work.queue.backlog_len() {
            0 => None,
            1 => Some("1 file is still to be archived".into()),
            left => Some(format!("{left} files are still to be archived")),
        }
    }

    fn remove(&self, name: &str) {
        let path = self.cookie_dir.join(name);
        if let Err(error) = fs::remove_file(&path) {
            tracing::debug!(path = %path.display(), %error, "a cookie file is not removed");
        }
    }

    /// Removes what an earlier daemon left behind.
    fn sweep(&self) {
        let entries = fs::read_dir(&self.cookie_dir)
            .into_iter()
            .flatten()
            .flatten();
        let names = entries.filter_map(|entry| entry.file_name().into_string().ok());
        for name in names.filter(|name| name.starts_with("cookie-")) {
            self.remove(&name);
        }
    }
}

fn lateness(work: &Work) -> String {
    match work.faults.of_archive() {
        Some(fault) => fault.message.clone(),
        None => "what was written last is still being archived".into(),
    }
}

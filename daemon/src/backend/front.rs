//! What answers before the archive is open, and leads to what answers after.
//!
//! Opening takes milliseconds, but for a damaged archive: while that is salvaged, whoever asks is told
//! how far it is.

use std::path::Path;
use std::sync::{Arc, OnceLock};

use sessions_model::{Coverage, Fault, FaultKind, Progress, Status};
use tokio::sync::{Notify, mpsc, watch};

use super::{Backend, Facts, ReadSpool, Refusal};
use crate::footing::Footing;
use crate::roots::Roots;
use crate::salvage::size;
use crate::succession::{Cause, Succession};
use crate::suspicion::Suspicion;

/// How far a salvage is.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) struct Salvaging {
    /// Bytes of the damaged file that were looked at.
    pub(crate) bytes_done: u64,
    /// Its bytes.
    pub(crate) bytes_total: u64,
}

/// The daemon, for callers, from its first moment.
#[derive(Debug)]
pub(crate) struct Front {
    backend: OnceLock<Arc<Backend>>,
    opened: Notify,
    facts: Facts,
    roots: Roots,
    footing: Arc<Footing>,
    salvaging: watch::Sender<Option<Salvaging>>,
    succession: Succession,
    stop: watch::Sender<bool>,
    /// Raised when something of the archive does not read back.
    pub(crate) suspicion: Suspicion,
}

impl Front {
    pub(crate) fn new(
        facts: Facts,
        roots: Roots,
        footing: Arc<Footing>,
        (succession, stop): (Succession, watch::Sender<bool>),
    ) -> Self {
        Self {
            backend: OnceLock::new(),
            opened: Notify::new(),
            facts,
            roots,
            footing,
            salvaging: watch::Sender::new(None),
            succession,
            stop,
            suspicion: Suspicion::default(),
        }
    }

    /// Lets `backend` answer from now on.
    pub(crate) fn open(&self, backend: Backend) {
        if self.backend.set(Arc::new(backend)).is_err() {
            tracing::error!("the parts were opened twice");
        }
        self.opened.notify_one();
    }

    /// Returns what answers.
    ///
    /// # Errors
    /// While the archive is not open.
    pub(crate) fn backend(&self) -> Result<&Arc<Backend>, Refusal> {
        self.backend
            .get()
            .ok_or_else(|| Refusal::NotReady(self.why_closed()))
    }

    /// Takes note of how far a salvage is; false if it is to be given up.
    pub(crate) fn note_salvaging(&self, salvaging: Salvaging) -> bool {
        self.salvaging.send_replace(Some(salvaging));
        !*self.stop.borrow()
    }

    /// Waits until a salvage is under way.
    pub(crate) async fn salvaging(&self) {
        let mut salvaging = self.salvaging.subscribe();
        if salvaging.wait_for(Option::is_some).await.is_err() {
            std::future::pending::<()>().await;
        }
    }

    /// Checks the archive whenever something of it did not read back, and stirs who has to know. Never ends.
    pub(crate) async fn check_when_suspected(
        &self,
        stir: &mpsc::Sender<()>,
    ) -> std::convert::Infallible {
        loop {
            self.suspicion.raised().await;
            if let Ok(backend) = self.backend() {
                backend.check().await;
                // One that waits to be taken does as well.
                let _stirred = stir.try_send(());
            }
        }
    }

    /// Tells whether the archive that is in use is to be salvaged, which a start does.
    pub(crate) fn is_to_be_salvaged(&self) -> bool {
        self.backend()
            .is_ok_and(|backend| backend.is_to_be_salvaged())
    }

    /// Takes in what hooks report, once the parts are open. Never ends.
    pub(crate) async fn take_reports(&self, spool: ReadSpool) -> std::convert::Infallible {
        loop {
            if let Ok(backend) = self.backend() {
                return backend.take_reports(spool).await;
            }
            self.opened.notified().await;
        }
    }

    /// Says who the daemon is.
    pub(crate) fn introduction(&self) -> Status {
        self.facts.introduction()
    }

    /// Returns the config root that an agent of `root` is answered from; none where it may see all.
    pub(crate) fn scope(&self, root: &str) -> Option<String> {
        self.facts.scope(root)
    }

    /// Returns the positions of archive and index, and how far an import is.
    pub(crate) fn position(&self) -> (Coverage, Option<Progress>) {
        match self.backend() {
            Ok(backend) => backend.position(),
            Err(_) => (self.closed(), None),
        }
    }

    /// Says how the daemon is doing.
    pub(crate) async fn status(&self) -> Result<Status, Refusal> {
        let status = match self.backend() {
            Ok(backend) => backend.status().await?,
            Err(_) => self.closed_status(),
        };
        let mut faults = self.succession.faults();
        faults.extend(status.faults);
        Ok(Status { faults, ..status })
    }

    fn closed_status(&self) -> Status {
        let mut faults = self.facts.faults.clone();
        if self.salvaging.borrow().is_some() {
            faults.push(Fault {
                kind: FaultKind::Archive,
                message: self.why_closed(),
                hint: "archiving goes on by itself after that; files that are on disk are not lost"
                    .into(),
                since: self.facts.started_at,
            });
        }
        Status {
            coverage: self.closed(),
            faults,
            sandbox: self.facts.sandbox.clone(),
            ..self.introduction()
        }
    }

    /// Takes note of a config root that a client sees; true if the daemon ends to take it in.
    ///
    /// Where it was not named before, the client has noted it where this process cannot write: it is taken
    /// in for that alone, and not because somebody asks for it.
    pub(crate) async fn meet_root(&self, root: &str) -> bool {
        if self.roots.is_settled(Path::new(root)) {
            return false;
        }
        let footing = Arc::clone(&self.footing);
        let looked = tokio::task::spawn_blocking(move || footing.changed().is_some());
        let is_new = looked.await.unwrap_or_default();
        if is_new {
            tracing::info!("a config root is new: ending, to be started with it");
            // The client that told of it may be gone before it could start another.
            self.succession.call(Cause::Wish);
            self.stop.send_replace(true);
        }
        is_new
    }

    /// Asks the daemon to end, for good: nobody takes its place.
    pub(crate) fn shut_down(&self) {
        self.succession.dismiss();
        self.stop.send_replace(true);
    }

    /// Returns the signal that the daemon ends.
    pub(crate) fn stopping(&self) -> watch::Receiver<bool> {
        self.stop.subscribe()
    }

    fn closed(&self) -> Coverage {
        Coverage {
            reason: Some(self.why_closed()),
            ..Coverage::default()
        }
    }

    fn why_closed(&self) -> String {
        match *self.salvaging.borrow() {
            Some(Salvaging { bytes_total: 0, .. }) => {
                "archive.db was missing or empty: a new one is being made".into()
            }
            Some(Salvaging {
                bytes_done,
                bytes_total,
            }) => format!(
                "the archive was damaged and is being salvaged: {} of {}",
                size(bytes_done),
                size(bytes_total)
            ),
            None => "the archive is being opened".into(),
        }
    }
}

#[cfg(test)]
mod tests {
    use sessions_model::Timestamp;
    use sessions_paths::{Environment, Paths};

    use super::*;

    fn front(home: &tempfile::TempDir) -> Front {
        let environment = Environment {
            sessions_home: Some(home.path().to_owned()),
            ..Environment::read().unwrap()
        };
        let facts = Facts {
            paths: Paths::choose(&environment).unwrap(),
            started_at: Timestamp(1),
            sandbox: Vec::new(),
            agents: crate::config::AgentScope::Root,
            hold: None,
            faults: Vec::new(),
        };
        let list = facts.paths.root_list_file();
        let footing = Footing::look(&[], std::slice::from_ref(&list));
        Front::new(
            facts,
            Roots::default(),
            Arc::new(footing),
            (Succession::default(), watch::Sender::new(false)),
        )
    }

    #[tokio::test]
    async fn a_root_that_was_noted_calls_the_successor_and_one_that_was_not_does_not() {
        let home = tempfile::tempdir().unwrap();
        let front = front(&home);
        let root = home.path().join("claude");
        assert!(!front.meet_root(&root.to_string_lossy()).await);
        assert!(!*front.stopping().borrow() && !front.succession.is_called());
        front.facts.paths.root_list().add(&root).unwrap();
        assert!(front.meet_root(&root.to_string_lossy()).await);
        assert!(*front.stopping().borrow() && front.succession.is_called());
        front.shut_down();
        assert!(!front.succession.is_called(), "a stop wins");
    }

    #[tokio::test]
    async fn whoever_asks_during_a_salvage_is_told_how_far_it_is() {
        let home = tempfile::tempdir().unwrap();
        let front = front(&home);
        let half = Salvaging {
            bytes_done: 200_000_000,
            bytes_total: 400_000_000,
        };
        assert!(front.note_salvaging(half));
        front.salvaging().await;
        let Err(Refusal::NotReady(why)) = front.backend() else {
            panic!("there is nothing to answer from");
        };
        assert!(why.contains("200 MB of 400 MB"), "{why}");
        assert!(front.note_salvaging(Salvaging {
            bytes_done: 0,
            bytes_total: 0,
        }));
        let missing = front.why_closed();
        assert!(missing.contains("missing or empty"), "{missing}");
        assert!(front.note_salvaging(half));
        let status = front.status().await.unwrap();
        assert_eq!(status.coverage.reason.as_deref(), Some(&*why));
        assert_eq!(front.position(), (status.coverage.clone(), None));
        assert!(!status.coverage.complete);
        assert_eq!(status.faults[0].message, why);
        front.shut_down();
        assert!(
            !front.note_salvaging(half),
            "it is given up when the daemon ends"
        );
    }
}

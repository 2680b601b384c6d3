//! Exact search: of everything that is on disk, or with what is missing said, and told as it is found.
//!
//! Knows when all there is can be looked at, and that others are answered meanwhile; must not know how lines
//! match.

use std::ops::ControlFlow;
use std::time::{Duration, Instant};

use sessions_model::{GrepEvent, GrepSummary};
use sessions_query::{GrepRequest, Grepped, Listener, QueryError};

use super::{Backend, Refusal, WAIT};
use crate::live;

/// Takes what is found, off the runtime; breaks off when nobody takes it any more.
pub(crate) type Tell = Box<dyn FnMut(GrepEvent) -> ControlFlow<()> + Send>;

/// The longest a caller may let an exact search wait.
const WAIT_MAX: Duration = Duration::from_secs(30);

impl Backend {
    /// Looks for lines that match in everything that was on disk when it was asked, and tells of them.
    pub(crate) async fn grep(
        &self,
        (request, wait): (GrepRequest, Duration),
        is_heard: impl Fn() -> bool + Send + Sync + 'static,
        mut tell: Tell,
    ) -> Result<GrepSummary, Refusal> {
        let started = Instant::now();
        let wait = if wait.is_zero() {
            WAIT
        } else {
            wait.min(WAIT_MAX)
        };
        let request = GrepRequest {
            now: self.clock.now(),
            ..request
        };
        let settled = self.archivist.settle(wait).await;
        let left = wait.saturating_sub(started.elapsed());
        let shown = self.deriver.show(settled.heads.live, left).await;
        let coverage = self.coverage_of(&settled, shown);
        let _turn = self.limits.grep().await.ok_or(Refusal::Stopping)?;
        let is_wanted = self.wanted_while(is_heard);
        let roots = self.roots.clone();
        let grepped = self.ask(move |engine| {
            let mut listener = Listener {
                is_wanted: &is_wanted,
                tell: &mut tell,
            };
            engine.grep(&request, &live::sessions(roots.known()), &mut listener)
        });
        let Grepped { summary, unread } = grepped.await?;
        if let Some(QueryError::Archive(error)) = unread {
            let suspicion = self.suspicion.clone();
            self.on_archive(move |reader| suspicion.raise_on(&error, &reader))
                .await?;
        }
        Ok(GrepSummary {
            coverage,
            took_us: u64::try_from(started.elapsed().as_micros()).unwrap_or(u64::MAX),
            ..summary
        })
    }
}

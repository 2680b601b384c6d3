//! Looks, whenever something stirs, at what the daemon stands on: its socket, its directories, the config
//! roots and the settings. What can be put right is; for the rest, a successor is called.

use std::sync::Arc;
use std::time::Duration;

use tokio::net::UnixListener;
use tokio::sync::{mpsc, watch};
use tokio::task::spawn_blocking;
use tokio::time::{sleep, timeout};

use super::ground::Ground;
use crate::backend::Front;
use crate::causes::chain;
use crate::footing::Change;
use crate::socket::Bound;
use crate::succession::Cause;

/// How long to wait for whoever stirs to be done: a settings file is often written in several steps.
const QUIET: Duration = Duration::from_millis(100);

/// What is looked after.
pub(super) struct Keeping {
    pub(super) ground: Arc<Ground>,
    pub(super) front: Arc<Front>,
    pub(super) bound: Bound,
    /// Takes a listener in the place of one whose socket is lost.
    pub(super) listeners: mpsc::Sender<UnixListener>,
    /// Ends the daemon.
    pub(super) stop: watch::Sender<bool>,
}

/// What a look found.
enum Found {
    /// The data directory is gone.
    Lost,
    /// Settings are others: the daemon may be reading what it must not read any more.
    OtherSettings(String),
    /// A directory, or the archive, is another.
    OtherPlace(String),
    /// The archive is damaged: it can be salvaged at a start alone.
    Damaged,
    /// The socket is gone.
    Unbound,
    Nothing,
}

impl Keeping {
    /// Looks each time that `stirred` says so, and when it is time to give way; does not return.
    pub(super) async fn keep(
        mut self,
        mut stirred: mpsc::Receiver<()>,
    ) -> std::convert::Infallible {
        let mut wait = None;
        loop {
            let is_stirred = match wait {
                Some(left) => timeout(left, stirred.recv()).await.unwrap_or(Some(())),
                None => stirred.recv().await,
            };
            if is_stirred.is_none() {
                return std::future::pending().await;
            }
            sleep(QUIET).await;
            while stirred.try_recv().is_ok() {}
            wait = self.look().await;
        }
    }

    /// Puts right what can be; returns after how long to look again, if that is known.
    async fn look(&mut self) -> Option<Duration> {
        if *self.stop.borrow() {
            return None;
        }
        let (ground, front) = (Arc::clone(&self.ground), Arc::clone(&self.front));
        let bound = self.bound.clone();
        let found = spawn_blocking(move || look(&ground, &front, &bound));
        let found = found.await.ok()?;
        if !matches!(found, Found::OtherPlace(_) | Found::Damaged) {
            self.ground.succession.wait_no_more();
        }
        match found {
            Found::Lost => {
                tracing::error!("the data directory is gone: ending");
                self.ground.succession.dismiss();
                self.stop.send_replace(true);
            }
            Found::OtherSettings(path) => self.give_way(&path, Cause::Wish),
            Found::OtherPlace(path) => return self.give_way_in_time(&path),
            Found::Damaged => {
                let archive = self.ground.paths.archive_dir();
                return self.give_way_in_time(&archive.display().to_string());
            }
            Found::Unbound => self.bind_again().await,
            Found::Nothing => {}
        }
        None
    }

    /// Ends the daemon in favour of its successor, but not in a loop; returns how long that has to wait.
    fn give_way_in_time(&self, path: &str) -> Option<Duration> {
        let Ground {
            succession, clock, ..
        } = &*self.ground;
        let left = succession.wait(path, self.ground.lived(), clock.now());
        if left.is_none() {
            self.give_way(path, Cause::Place);
        }
        left
    }

    /// Ends the daemon in favour of its successor. Without one it ends all the same: it may be reading what
    /// it must not read any more.
    fn give_way(&self, path: &str, cause: Cause) {
        tracing::info!(
            path,
            "is another than at the start, or damaged: ending, to be started anew"
        );
        self.ground.succession.call(cause);
        self.stop.send_replace(true);
    }

    async fn bind_again(&mut self) {
        let bound = self.bound.clone();
        match spawn_blocking(move || bound.bind_again()).await {
            Ok(Ok((listener, bound))) => {
                tracing::warn!("the socket was lost, and is bound again");
                self.bound = bound;
                // The listener of the socket that was lost hears nobody any more.
                drop(self.listeners.send(listener).await);
            }
            Ok(Err(error)) => tracing::error!(error = chain(&error), "the socket is lost"),
            Err(_) => tracing::error!("the socket is lost: binding it ended in a panic"),
        }
    }
}

fn look(ground: &Ground, front: &Front, bound: &Bound) -> Found {
    let text = |path: &std::path::Path| path.display().to_string();
    if ground.footing.is_lost() {
        return Found::Lost;
    }
    match ground.footing.changed() {
        Some(Change::Settings(path)) => Found::OtherSettings(text(path)),
        Some(Change::Place(path)) => Found::OtherPlace(text(path)),
        None if front.is_to_be_salvaged() => Found::Damaged,
        None if !bound.is_there() => Found::Unbound,
        None => Found::Nothing,
    }
}

//! Looks, whenever something stirs, at what the daemon stands on: its socket, its directories, the config
//! roots and the settings. What can be put right is; for the rest, a successor is called.

use std::sync::Arc;
use std::time::Duration;

use tokio::net::UnixListener;
use tokio::sync::{mpsc, watch};

use crate::causes::chain;
use crate::footing::Footing;
use crate::socket::Bound;
use crate::succession::Succession;

/// How long to wait for whoever stirs to be done: a settings file is often written in several steps.
const QUIET: Duration = Duration::from_millis(100);

/// What is looked after.
#[derive(Debug)]
pub(super) struct Keeping {
    pub(super) footing: Arc<Footing>,
    pub(super) succession: Succession,
    pub(super) bound: Bound,
    /// Takes a listener in the place of one whose socket is lost.
    pub(super) listeners: mpsc::Sender<UnixListener>,
    /// Ends the daemon.
    pub(super) stop: watch::Sender<bool>,
}

impl Keeping {
    /// Looks each time that `stirred` says so; does not return.
    pub(super) async fn keep(
        mut self,
        mut stirred: mpsc::Receiver<()>,
    ) -> std::convert::Infallible {
        while stirred.recv().await.is_some() {
            tokio::time::sleep(QUIET).await;
            while stirred.try_recv().is_ok() {}
            self.look().await;
        }
        std::future::pending().await
    }

    async fn look(&mut self) {
        if *self.stop.borrow() {
            return;
        }
        let (footing, bound) = (Arc::clone(&self.footing), self.bound.clone());
        let looked = tokio::task::spawn_blocking(move || {
            let changed = footing.changed().map(|path| path.display().to_string());
            (footing.is_lost(), changed, bound.is_there())
        });
        let Ok((is_lost, changed, is_bound)) = looked.await else {
            return;
        };
        if is_lost {
            tracing::error!("the data directory is gone: ending");
            self.stop.send_replace(true);
            return;
        }
        if let Some(path) = changed {
            self.give_way(&path);
        } else if !is_bound {
            self.bind_again().await;
        }
    }

    /// Ends the daemon in favour of its successor. Without one it ends all the same: it may be reading what
    /// it must not read any more.
    fn give_way(&self, path: &str) {
        tracing::info!(
            path,
            "is another than at the start: ending, to be started anew"
        );
        self.succession.call();
        self.stop.send_replace(true);
    }

    async fn bind_again(&mut self) {
        let bound = self.bound.clone();
        let Ok(again) = tokio::task::spawn_blocking(move || bound.bind_again()).await else {
            return;
        };
        match again {
            Ok((listener, bound)) => {
                tracing::warn!("the socket was lost, and is bound again");
                self.bound = bound;
                // The listener of the socket that was lost hears nobody any more.
                drop(self.listeners.send(listener).await);
            }
            Err(error) => tracing::error!(error = chain(&error), "the socket is lost"),
        }
    }
}

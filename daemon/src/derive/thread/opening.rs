//! How the deriver's thread comes by a pair: the one that is there, or a new one, which is built while the old
//! one answers. It does not follow the log.

use std::sync::Arc;
use std::sync::atomic::Ordering;

use sessions_catalog::Applied;
use tokio::sync::mpsc::error::TryRecvError;
use tokio::sync::oneshot;

use super::{Uncommitted, Worker};
use crate::derive::pair::{Load, Pair};
use crate::derive::{DeriveError, Order};

/// Questions answered at once.
const ENGINES: usize = 4;

impl Worker {
    /// Opens the pair that is there, or begins one.
    pub(super) fn open(&mut self) -> Result<Pair, DeriveError> {
        let place = (&*self.parts.derived, &*self.boot, self.parts.archive_id);
        let heads = self.heads_before.unwrap_or(*self.parts.heads.borrow());
        let pair = match Pair::load(place, heads)? {
            Load::Ready(pair) => *pair,
            Load::Rebuild(reason) => {
                tracing::warn!(reason, "the derived pair is built anew");
                Pair::create(place)?
            }
        };
        pair.take_over(&self.parts.derived)?;
        self.publish(&pair)?;
        self.heads_before = None;
        Ok(pair)
    }

    /// Builds a pair while the old one answers, and lets it take over once it has caught up. None if the
    /// daemon stops before that.
    pub(super) fn build_beside(
        &mut self,
        reply: oneshot::Sender<Applied>,
    ) -> Result<Option<Pair>, DeriveError> {
        let place = (&*self.parts.derived, &*self.boot, self.parts.archive_id);
        self.check_space()?;
        let mut pair = Pair::create(place)?;
        let mut uncommitted = Uncommitted::default();
        let mut replies = vec![reply];
        loop {
            self.check_space()?;
            let bytes = self.apply_some(&mut pair)?;
            uncommitted.add(bytes);
            if self.is_told_to_stop(&mut replies) {
                return Ok(None);
            }
            if bytes == 0 || uncommitted.is_due() || pair.is_full() {
                pair.commit()?;
                uncommitted = Uncommitted::default();
            }
            if bytes == 0 {
                break;
            }
        }
        pair.take_over(&self.parts.derived)?;
        self.publish(&pair)?;
        for reply in replies {
            // Whoever asked may have gone; the pair has taken over all the same.
            let _gone = reply.send(pair.applied());
        }
        Ok(Some(pair))
    }

    /// Turns away, while a pair is built, whoever waits for rows, and takes those who want what is being
    /// built; true if the daemon stops.
    fn is_told_to_stop(&mut self, replies: &mut Vec<oneshot::Sender<Applied>>) -> bool {
        loop {
            match self.inbox.try_recv() {
                Ok(Order::Stop) | Err(TryRecvError::Disconnected) => return true,
                Ok(Order::Rebuild { switched }) => replies.push(switched),
                Ok(Order::Show { .. }) => {}
                Err(TryRecvError::Empty) => return false,
            }
        }
    }

    fn publish(&self, pair: &Pair) -> Result<(), DeriveError> {
        let readers = (0..ENGINES).map(|_| self.parts.archive.reopen());
        let serving = pair.serving(readers.collect::<Result<_, _>>()?)?;
        self.board.bytes.store(pair.bytes()?, Ordering::Relaxed);
        self.board.serving.send_replace(Some(Arc::new(serving)));
        self.board.visible.send_replace(pair.applied());
        Ok(())
    }
}

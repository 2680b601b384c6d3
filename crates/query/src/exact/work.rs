//! Work on many texts side by side, whose results come in order. Knows neither texts nor what is found.
//!
//! Each unit of work has a short queue of its own. Whoever is ahead of what is taken waits for it, so that
//! results take bounded memory, and nobody waits for whoever waits: the unit that is taken from was begun
//! before those after it.

use std::ops::ControlFlow;
use std::sync::atomic::{AtomicBool, AtomicUsize, Ordering};
use std::sync::mpsc::{Receiver, SyncSender, sync_channel};
use std::sync::{Mutex, PoisonError};
use std::thread;

/// Results of a unit that wait to be taken.
const RESULTS_MAX: usize = 4;

/// Where a unit's results go; it breaks off when nobody wants more.
pub(crate) type Give<'a, R> = &'a mut dyn FnMut(R) -> ControlFlow<()>;

/// Does `work` on each of `units` with one of `tools`, a thread each, and hands what comes of it to `take`, in
/// the order of the units.
pub(crate) fn in_order<U: Sync, T: Send, R: Send>(
    units: &[U],
    tools: Vec<T>,
    work: impl Fn(&mut T, &U, Give<'_, R>) -> ControlFlow<()> + Sync,
    take: Give<'_, R>,
) -> ControlFlow<()> {
    let (senders, receivers): (Vec<_>, Vec<Receiver<R>>) = units
        .iter()
        .map(|_| sync_channel(RESULTS_MAX))
        .map(|(sender, receiver)| (Mutex::new(Some(sender)), receiver))
        .unzip();
    let next = AtomicUsize::new(0);
    let is_over = AtomicBool::new(false);
    thread::scope(|scope| {
        for mut tool in tools {
            let (senders, next, work, is_over) = (&senders, &next, &work, &is_over);
            scope.spawn(move || {
                // However it ends: what nobody begins would be waited for.
                let _left = Left { senders, next };
                while let Some((unit, sender)) = begin(units, senders, next) {
                    let mut give = |result: R| match sender.send(result) {
                        Ok(()) => ControlFlow::Continue(()),
                        Err(_) => ControlFlow::Break(()),
                    };
                    if work(&mut tool, unit, &mut give).is_break() {
                        is_over.store(true, Ordering::Relaxed);
                        return;
                    }
                }
            });
        }
        // Whatever is not received any more ends the workers.
        let taken = receivers
            .into_iter()
            .try_for_each(|results| results.into_iter().try_for_each(&mut *take));
        if taken.is_break() {
            next.store(units.len(), Ordering::Relaxed);
        }
        taken
    })?;
    if is_over.into_inner() {
        return ControlFlow::Break(());
    }
    ControlFlow::Continue(())
}

/// What a worker leaves when it ends: once one ends before its time, no unit is begun any more, and nothing is
/// waited for of those that were not. Where it ends since all were begun, there is nothing to leave.
struct Left<'a, R> {
    senders: &'a [Mutex<Option<SyncSender<R>>>],
    next: &'a AtomicUsize,
}

impl<R> Drop for Left<'_, R> {
    fn drop(&mut self) {
        self.next.store(self.senders.len(), Ordering::Relaxed);
        for sender in self.senders {
            drop(sender.lock().unwrap_or_else(PoisonError::into_inner).take());
        }
    }
}

/// Takes the next unit that nobody works on, and the end that its results are given to.
fn begin<'a, U, R>(
    units: &'a [U],
    senders: &[Mutex<Option<SyncSender<R>>>],
    next: &AtomicUsize,
) -> Option<(&'a U, SyncSender<R>)> {
    let at = next.fetch_add(1, Ordering::Relaxed);
    let sender = senders.get(at)?.lock();
    let sender = sender.unwrap_or_else(PoisonError::into_inner).take();
    Some((units.get(at)?, sender?))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn results_come_in_order_however_many_work() {
        let check = |tools: usize, wanted: usize| {
            let units: Vec<usize> = (0..40).collect();
            let work = |(): &mut (), unit: &usize, give: Give<'_, usize>| {
                (0..*unit).try_for_each(|_| give(*unit))
            };
            let mut taken = Vec::new();
            let over = in_order(&units, vec![(); tools], work, &mut |unit| {
                taken.push(unit);
                if taken.len() == wanted {
                    ControlFlow::Break(())
                } else {
                    ControlFlow::Continue(())
                }
            });
            let all: Vec<usize> = (0..40).flat_map(|unit| vec![unit; unit]).collect();
            assert_eq!(over.is_break(), wanted <= all.len(), "{tools}");
            assert_eq!(taken, all[..wanted.min(all.len())], "{tools}");
        };
        for tools in [1, 2, 5] {
            check(tools, usize::MAX);
            check(tools, 300);
            check(tools, 1);
        }
    }

    #[test]
    fn a_worker_that_breaks_off_ends_all_work() {
        for tools in [1, 2, 5] {
            let units: Vec<usize> = (0..400).collect();
            let work = |(): &mut (), unit: &usize, give: Give<'_, usize>| match unit {
                3 => ControlFlow::Break(()),
                unit => give(*unit),
            };
            let mut taken = Vec::new();
            let over = in_order(&units, vec![(); tools], work, &mut |unit| {
                taken.push(unit);
                ControlFlow::Continue(())
            });
            assert!(over.is_break(), "{tools}");
            assert!(taken.starts_with(&[0, 1, 2]), "{tools}: {taken:?}");
        }
    }
}

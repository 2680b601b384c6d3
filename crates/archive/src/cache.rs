//! The last frames that were read, shared by the readers of one archive.
//!
//! Knows nothing of what is in them. A blob's number is never given out twice, so what is here stays true.

use std::collections::VecDeque;
use std::sync::{Arc, Mutex, PoisonError};

use rustc_hash::FxHashMap;

use crate::blob::BlobId;

/// Raw frames kept for the next line of the same place: those of a page of hits.
const CACHE_BYTES_MAX: usize = 10 * 1024 * 1024;
/// What the bookkeeping of one frame counts for, so that tiny frames stay bounded too.
const CACHE_ENTRY_BYTES: usize = 1024;

/// Frames, bounded over all who share them.
#[derive(Debug, Clone, Default)]
pub(crate) struct FrameCache(Arc<Mutex<Frames>>);

#[derive(Debug, Default)]
struct Frames {
    cached: FxHashMap<BlobId, Arc<[u8]>>,
    order: VecDeque<BlobId>,
    bytes: usize,
}

impl FrameCache {
    pub(crate) fn get(&self, blob: BlobId) -> Option<Arc<[u8]>> {
        self.with(|frames| frames.cached.get(&blob).cloned())
    }

    pub(crate) fn keep(&self, blob: BlobId, frame: &Arc<[u8]>) {
        self.with(|frames| frames.keep(blob, frame));
    }

    /// Forgets everything: nobody has asked for a while.
    pub(crate) fn clear(&self) {
        self.with(|frames| *frames = Frames::default());
    }

    // A panic elsewhere cannot leave it half changed in a way that matters: it is a cache.
    fn with<T>(&self, use_frames: impl FnOnce(&mut Frames) -> T) -> T {
        use_frames(&mut self.0.lock().unwrap_or_else(PoisonError::into_inner))
    }
}

impl Frames {
    fn keep(&mut self, blob: BlobId, frame: &Arc<[u8]>) {
        let cost = |frame: &Arc<[u8]>| frame.len() + CACHE_ENTRY_BYTES;
        if self.cached.insert(blob, Arc::clone(frame)).is_some() {
            // Two readers read it at the same time.
            return;
        }
        self.bytes += cost(frame);
        self.order.push_back(blob);
        while self.bytes > CACHE_BYTES_MAX {
            let Some(oldest) = self.order.pop_front() else {
                break;
            };
            if let Some(dropped) = self.cached.remove(&oldest) {
                self.bytes -= cost(&dropped);
            }
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn all_who_share_it_are_bounded_together() {
        let cache = FrameCache::default();
        let others = [cache.clone(), cache.clone()];
        let frame: Arc<[u8]> = vec![0; 1024 * 1024].into();
        for id in 0..30 {
            others[id % 2].keep(BlobId(i64::try_from(id).unwrap()), &frame);
        }
        let held = (0..30).filter(|id| cache.get(BlobId(*id)).is_some());
        assert_eq!(held.collect::<Vec<_>>(), (21..30).collect::<Vec<_>>());
        assert_eq!(Arc::strong_count(&frame), 10);
        cache.clear();
        assert_eq!(Arc::strong_count(&frame), 1);
    }
}

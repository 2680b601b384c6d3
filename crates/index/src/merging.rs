//! Which segments are merged, and when. It knows nothing of what is in them.

use tantivy::SegmentMeta;
use tantivy::indexer::{LogMergePolicy, MergeCandidate, MergePolicy};

/// Segments of one size that are merged, when it is done late.
const LATE_SEGMENTS_MIN: usize = 64;

/// Segments of one size that are merged after an import, and how many doublings apart they still count as
/// one size. A search takes them side by side, so that one segment of everything would be no better.
const FEW_SEGMENTS_MIN: usize = 4;
const FEW_DOUBLINGS: f64 = 2.0;

/// Segments that are merged at once: all their files are mapped meanwhile.
const TOGETHER_MAX: usize = 8;

/// When segments are merged.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Merging {
    /// As soon as there are a few of one size.
    Soon,
    /// When there are many: an import adds segments so fast that merging them at once would do the same
    /// work several times over.
    Late,
    /// Until there are few, which an import leaves to the time after it.
    Few,
}

impl Merging {
    pub(crate) fn policy(self) -> Box<dyn MergePolicy> {
        let mut levels = LogMergePolicy::default();
        match self {
            Self::Soon => {}
            Self::Late => levels.set_min_num_segments(LATE_SEGMENTS_MIN),
            Self::Few => {
                levels.set_min_num_segments(FEW_SEGMENTS_MIN);
                levels.set_level_log_size(FEW_DOUBLINGS);
            }
        }
        Box::new(FewTogether(levels))
    }
}

/// Merges what another policy would, a few segments at a time.
#[derive(Debug)]
struct FewTogether(LogMergePolicy);

impl MergePolicy for FewTogether {
    fn compute_merge_candidates(&self, segments: &[SegmentMeta]) -> Vec<MergeCandidate> {
        let all = self.0.compute_merge_candidates(segments);
        all.iter().flat_map(split).collect()
    }
}

fn split(MergeCandidate(segments): &MergeCandidate) -> impl Iterator<Item = MergeCandidate> {
    let parts = segments.len().div_ceil(TOGETHER_MAX).max(1);
    let together = segments.len().div_ceil(parts).max(1);
    segments
        .chunks(together)
        .map(|chunk| MergeCandidate(chunk.to_vec()))
}

#[cfg(test)]
mod tests {
    use tantivy::Index;
    use tantivy::index::SegmentId;
    use tantivy::schema::Schema;

    use super::*;

    #[test]
    fn many_segments_are_merged_a_few_at_a_time() {
        let check = |segments: usize, expect: &[usize]| {
            let ids = (0..segments).map(|_| SegmentId::generate_random());
            let candidate = MergeCandidate(ids.collect());
            let sizes: Vec<usize> = split(&candidate).map(|part| part.0.len()).collect();
            assert_eq!(sizes, expect, "{segments}");
        };
        check(1, &[1]);
        check(8, &[8]);
        check(9, &[5, 4]);
        check(20, &[7, 7, 6]);
    }

    #[test]
    fn what_an_import_leaves_is_merged_into_few() {
        let index = Index::create_in_ram(Schema::builder().build());
        let documents = [70_000, 61_000, 52_000, 38_000, 30_000, 24_000, 18_000];
        let segments = documents
            .map(|documents| index.new_segment_meta(SegmentId::generate_random(), documents));
        let merged = |merging: Merging| {
            let candidates = merging.policy().compute_merge_candidates(&segments);
            candidates
                .iter()
                .map(|candidate| candidate.0.len())
                .sum::<usize>()
        };
        assert_eq!(merged(Merging::Late), 0);
        assert_eq!(merged(Merging::Soon), 0);
        assert_eq!(merged(Merging::Few), 7);
    }
}

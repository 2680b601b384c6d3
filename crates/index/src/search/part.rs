//! Parts of all matches, told apart by the records' identities: copies of a record are in the same part.
//!
//! Knows neither what a match is nor how many parts there are.

/// Most times that a part is halved. What is too much even then is copies of a few records.
const HALVINGS_MAX: u32 = 16;

/// The records whose mixed identity begins with certain bits.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) struct Part {
    bits: u32,
    begins: u64,
}

impl Part {
    /// Every record.
    pub(super) const WHOLE: Self = Self { bits: 0, begins: 0 };

    /// Tells whether a record is in it.
    #[inline]
    pub(super) fn holds(self, identity: u64) -> bool {
        // Identities may differ in a few bits alone; the first bits of the product depend on all of them.
        let mixed = identity.wrapping_mul(0x9e37_79b9_7f4a_7c15);
        mixed.checked_shr(u64::BITS - self.bits).unwrap_or(0) == self.begins
    }

    /// Tells whether it cannot be parted further.
    pub(super) fn is_finest(self) -> bool {
        self.bits >= HALVINGS_MAX
    }

    /// Parts it so that each part has about half of the `room` there is, if it has `met` matches.
    pub(super) fn split(self, met: usize, room: usize) -> impl Iterator<Item = Self> {
        let parts = (met / (room / 2).max(1)).clamp(2, 1 << HALVINGS_MAX);
        let halvings = parts.next_power_of_two().ilog2();
        let bits = (self.bits + halvings).min(HALVINGS_MAX);
        let more = bits - self.bits;
        (0..1_u64 << more).map(move |part| Self {
            bits,
            begins: self.begins << more | part,
        })
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn each_record_is_in_one_of_the_parts_and_parts_are_alike() {
        let halves: Vec<_> = Part::WHOLE.split(90, 100).collect();
        assert_eq!(halves.len(), 2);
        let parts: Vec<_> = halves.iter().flat_map(|half| half.split(200, 50)).collect();
        assert_eq!(parts.len(), 16);
        let mut held = [0; 16];
        for identity in 0..16_000 {
            let holds = |place: &usize| parts[*place].holds(identity);
            let holders: Vec<_> = (0..parts.len()).filter(holds).collect();
            assert_eq!(holders.len(), 1, "{identity}");
            held[holders[0]] += 1;
        }
        assert!(
            held.iter().all(|&held| held > 800 && held < 1_200),
            "{held:?}"
        );
    }

    #[test]
    fn parting_ends() {
        let mut part = Part::WHOLE;
        for _ in 0..HALVINGS_MAX {
            assert!(!part.is_finest());
            part = part.split(2, 100).last().unwrap();
        }
        assert!(part.is_finest());
        assert_eq!(part.split(usize::MAX, 1).collect::<Vec<_>>(), [part]);
    }
}

//! The identity of a record within its session.
//!
//! Catalog and index store these keys, and a copy of a row must hash as it did years ago: the function
//! never changes.

use sessions_model::RecordKey;

const FNV_OFFSET_BASIS: u64 = 0xcbf2_9ce4_8422_2325;
const FNV_PRIME: u64 = 0x0000_0100_0000_01b3;

/// Returns the key of a record: of its `uuid` where it has one, else of its whole line.
///
/// FNV-1a over 64 bits, then the finalizer of `SplitMix64`, which spreads the low bits that FNV leaves
/// close together.
pub fn record_key(identity: &[u8]) -> RecordKey {
    let hash = identity.iter().fold(FNV_OFFSET_BASIS, |hash, byte| {
        (hash ^ u64::from(*byte)).wrapping_mul(FNV_PRIME)
    });
    RecordKey(finalize(hash))
}

fn finalize(hash: u64) -> u64 {
    let hash = (hash ^ (hash >> 30)).wrapping_mul(0xbf58_476d_1ce4_e5b9);
    let hash = (hash ^ (hash >> 27)).wrapping_mul(0x94d0_49bb_1331_11eb);
    hash ^ (hash >> 31)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn keys_never_change() {
        assert_eq!(record_key(b""), RecordKey(0xf52a_15e9_a9b5_e89b));
        assert_eq!(record_key(b"a"), RecordKey(0x02c0_bdbf_4814_20f8));
        assert_eq!(
            record_key(b"015937b6-1112-4e12-b9d9-295c89e5b1ba"),
            RecordKey(0xe40a_f673_31c4_4dff)
        );
    }
}

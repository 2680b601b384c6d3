//! The dictionaries that frames are compressed with.
//!
//! Each is plain text made of the keys, names and idioms that transcripts repeat, written by hand,
//! never trained on anyone's text. Invariant: a published dictionary never changes by a byte, because
//! frames compressed with it need it to be read; a better one is a new version beside it.

/// A dictionary that ships with the program.
#[derive(Debug, Clone, Copy)]
pub(crate) struct Dictionary {
    /// What blobs call it; 0 is none.
    pub(crate) version: u8,
    /// Raw content: what stands last is cheapest to refer to.
    pub(crate) bytes: &'static [u8],
}

const ALL: [Dictionary; 1] = [Dictionary {
    version: 1,
    bytes: include_bytes!("dictionary/v1.txt"),
}];

/// What new frames are compressed with.
pub(crate) const NEWEST: Dictionary = ALL[ALL.len() - 1];

/// Returns the dictionary that blobs call `version`.
pub(crate) fn of_version(version: u8) -> Option<Dictionary> {
    ALL.into_iter()
        .find(|dictionary| dictionary.version == version)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn published_dictionaries_never_change() {
        let hashes = [(
            1,
            "799e0e70375f8be47bd5ff7c11d17decb5cae69f03099a9f76bac5d70a7f2817",
        )];
        for (version, expect) in hashes {
            let dictionary = of_version(version).unwrap();
            assert_eq!(blake3::hash(dictionary.bytes).to_hex().as_str(), expect);
        }
        assert_eq!(hashes.len(), ALL.len());
    }

    #[test]
    fn a_short_row_takes_less_with_the_dictionary() {
        let row = br#"{"parentUuid":"5b0a","isSidechain":false,"type":"user","message":{"role":"user","content":"hi"}}"#;
        let plain = zstd::bulk::compress(row, 3).unwrap().len();
        let packed = zstd::bulk::Compressor::with_dictionary(3, NEWEST.bytes)
            .and_then(|mut compressor| compressor.compress(row))
            .unwrap()
            .len();
        assert!(packed * 2 < plain, "{packed} bytes against {plain}");
    }
}

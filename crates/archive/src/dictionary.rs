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

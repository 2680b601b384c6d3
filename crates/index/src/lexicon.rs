//! A segment's words as one flat text, which is gone through for the words that hold a fragment.
//!
//! tantivy's dictionary knows where a word is and what comes after it; to look into every word of it takes a
//! hundred times as long as to search their text. The text of a large segment is a file beside it, mapped
//! like the others, written when it is first asked for or when the writer rests; that of a small one is made
//! of the dictionary each time. Knows nothing of documents.

use std::fs;
use std::io;
use std::path::{Path, PathBuf};
use std::sync::{Mutex, PoisonError};

use memchr::{memchr, memchr_iter, memmem, memrchr};
use tantivy::directory::{Directory as _, MmapDirectory, OwnedBytes};
use tantivy::index::SegmentId;
use tantivy::termdict::TermDictionary;

/// Words from which on a segment's text is worth a file.
const FILE_WORDS_MIN: usize = 16_384;

/// What a file's name ends with. The names of segments' own files have other endings.
const ENDING: &str = "words";

/// What a file begins with, before the number of its words.
const HEADER: &str = "sessions words 1 ";

/// Separates words, and stands before the first and behind the last. No word holds one.
const SEPARATOR: u8 = b'\n';

/// The words of one segment.
#[derive(Debug, Clone)]
pub(crate) struct Lexicon(OwnedBytes);

/// Where the texts of segments are kept.
#[derive(Debug)]
pub(crate) struct Lexicons {
    mapped: MmapDirectory,
    root: PathBuf,
    /// Held while a file is written.
    writing: Mutex<()>,
}

impl Lexicons {
    /// Keeps texts in the directory of an index.
    pub(crate) fn open(root: &Path) -> tantivy::Result<Self> {
        Ok(Self {
            mapped: MmapDirectory::open(root)?,
            root: root.to_owned(),
            writing: Mutex::default(),
        })
    }

    /// Returns the words of a segment. A text that cannot be written is made anew the next time.
    pub(crate) fn of(&self, segment: SegmentId, words: &TermDictionary) -> io::Result<Lexicon> {
        if words.num_terms() < FILE_WORDS_MIN {
            return flat(words).map(|text| Lexicon(OwnedBytes::new(text)));
        }
        let name = file_name(segment);
        if let Some(found) = self.map(&name, words) {
            return Ok(found);
        }
        let _writing = self.writing.lock().unwrap_or_else(PoisonError::into_inner);
        // Another may have written it meanwhile.
        if let Some(found) = self.map(&name, words) {
            return Ok(found);
        }
        let text = flat(words)?;
        if self.write(&name, &text).is_ok()
            && let Some(found) = self.map(&name, words)
        {
            return Ok(found);
        }
        Ok(Lexicon(OwnedBytes::new(text)))
    }

    /// Removes the texts of segments that are not among `kept`: merges have replaced them.
    pub(crate) fn sweep(&self, kept: &[SegmentId]) -> io::Result<()> {
        let kept: Vec<String> = kept.iter().copied().map(file_name).collect();
        for entry in fs::read_dir(&self.root)? {
            let entry = entry?;
            let name = entry.file_name();
            let is_stale = name
                .to_str()
                .filter(|name| name.ends_with(ENDING))
                .is_some_and(|name| !kept.iter().any(|kept| kept == name));
            if is_stale {
                fs::remove_file(entry.path())?;
            }
        }
        Ok(())
    }

    fn map(&self, name: &str, words: &TermDictionary) -> Option<Lexicon> {
        let file = self.mapped.open_read(Path::new(name)).ok()?;
        let text = file.read_bytes().ok()?;
        let header = format!("{HEADER}{}\n", words.num_terms());
        // A file that was cut short when the power failed does not end as it should.
        let is_whole = text.starts_with(header.as_bytes()) && text.ends_with(&[SEPARATOR]);
        is_whole.then(|| Lexicon(text.slice(header.len() - 1..text.len())))
    }

    fn write(&self, name: &str, text: &[u8]) -> io::Result<()> {
        let words = memchr_iter(SEPARATOR, text).count() - 1;
        let mut content = format!("{HEADER}{words}").into_bytes();
        content.extend_from_slice(text);
        let written = self.root.join(format!("{name}.new"));
        fs::write(&written, content)?;
        fs::rename(written, self.root.join(name))
    }
}

impl Lexicon {
    /// Returns the words that hold `part`, or end with it, in order.
    pub(crate) fn words<'a>(
        &'a self,
        part: &'a str,
        place: Place,
    ) -> impl Iterator<Item = &'a str> + 'a {
        let mut needle = part.as_bytes().to_vec();
        if place == Place::AtEnd {
            needle.push(SEPARATOR);
        }
        let finder = memmem::Finder::new(&needle).into_owned();
        let mut at = 0;
        std::iter::from_fn(move || {
            let text = self.0.as_slice();
            let found = at + finder.find(text.get(at..)?)?;
            let (before, rest) = text.split_at_checked(found)?;
            let start = memrchr(SEPARATOR, before).map_or(0, |separator| separator + 1);
            let end = found + memchr(SEPARATOR, rest)?;
            at = end;
            str::from_utf8(text.get(start..end)?).ok()
        })
    }
}

/// Where a word holds what is looked for.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Place {
    Anywhere,
    AtEnd,
}

fn file_name(segment: SegmentId) -> String {
    format!("{}.{ENDING}", segment.uuid_string())
}

fn flat(words: &TermDictionary) -> io::Result<Vec<u8>> {
    let mut text = vec![SEPARATOR];
    let mut stream = words.stream()?;
    while stream.advance() {
        text.extend_from_slice(stream.key());
        text.push(SEPARATOR);
    }
    Ok(text)
}

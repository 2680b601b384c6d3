//! Names of a session as news: the client writes them again and again, and the last one holds.

use rustc_hash::FxHashMap;
use sessions_model::{GenerationId, Record, RecordKey, TitleKind};

/// The names met so far.
#[derive(Debug, Default)]
pub(super) struct Titles {
    current: FxHashMap<TitleKind, String>,
    first_in: FxHashMap<RecordKey, GenerationId>,
}

impl Titles {
    /// Tells whether `record` gives the session a name that it does not have already. A row that an
    /// older generation holds too is no news: a rewrite repeats it.
    pub(super) fn is_news(&mut self, record: &Record<'_>, generation: GenerationId) -> bool {
        let Some(title) = &record.title else {
            return false;
        };
        let first = *self.first_in.entry(record.key).or_insert(generation);
        let current = self.current.get(&title.kind).map(String::as_str);
        let is_news = first == generation && current != Some(title.text.as_ref());
        if is_news {
            self.current
                .insert(title.kind, title.text.clone().into_owned());
        }
        is_news
    }
}

//! A session as plain text.

use sessions_model::{Entry, Session};

use crate::moment::Now;
use crate::render::conversation::{self, Results};
use crate::terminal::{Paint, Terminal};

/// Columns of the facts before the text; the text itself is not broken.
const COLUMNS: usize = 100;

/// Returns the title and the facts.
pub(crate) fn head(session: &Session, now: &Now) -> String {
    conversation::head(session, now, &paper())
}

/// Returns one entry, whole.
pub(crate) fn entry(entry: &Entry, now: &Now) -> String {
    conversation::entry(entry, Results::Whole, now, &paper())
}

fn paper() -> Terminal {
    Terminal {
        columns: COLUMNS,
        rows: None,
        paint: Paint { is_on: false },
        plain: true,
        bars: false,
        pager: None,
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::samples;

    #[test]
    fn text_shows_every_kind() {
        let now = samples::now();
        let mut text = head(&samples::sessions()[0], &now);
        for item in samples::entries() {
            text.push_str(&entry(&item, &now));
        }
        insta::assert_snapshot!(text);
    }
}

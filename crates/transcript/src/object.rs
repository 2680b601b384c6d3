//! Where a row ends: where its object does, whatever stands behind it. Knows nothing of what it says.

use serde::de::IgnoredAny;

/// A byte order mark, as editors put it before a file's first line.
const MARK: &[u8] = "\u{feff}".as_bytes();

/// Returns where the object ends that `text` begins with, what may stand before a row left aside. None
/// where there is no whole one.
pub(crate) fn object_end(text: &[u8]) -> Option<usize> {
    let nuls = text.iter().take_while(|byte| **byte == 0).count();
    let (_, mut json) = text.split_at(nuls);
    loop {
        json = json.trim_ascii_start();
        match json.strip_prefix(MARK) {
            Some(after) => json = after,
            None => break,
        }
    }
    if json.first() != Some(&b'{') {
        return None;
    }
    let mut values = serde_json::Deserializer::from_slice(json).into_iter::<IgnoredAny>();
    values.next()?.ok()?;
    Some(text.len() - json.len() + values.byte_offset())
}

/// Returns where the last object ends of a `text` that holds whole objects and nothing else.
pub(crate) fn objects_end(text: &[u8]) -> Option<usize> {
    let objects = text.trim_ascii_end();
    let mut rest = objects;
    // The end alone says so of most of what was cut short.
    while rest.last() == Some(&b'}') {
        rest = rest.split_at(object_end(rest)?).1;
    }
    (rest.is_empty() && !objects.is_empty()).then_some(objects.len())
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_row_ends_where_its_object_does() {
        let check =
            |text: &str, expect| assert_eq!(object_end(text.as_bytes()), expect, "{text:?}");
        check("", None);
        check("{", None);
        check("[{}]", None);
        check("{}", Some(2));
        check("{} ", Some(2));
        check("{}{}", Some(2));
        check("{\"a\":\"}\\\"}\"}x", Some(12));
        check("{\"a\":\"\\ud83d\"}", Some(14));
        check("\0\0 \u{feff} {}\0", Some(9));
    }

    #[test]
    fn a_text_that_ends_with_an_object_may_hold_other_things() {
        let check =
            |text: &str, expect| assert_eq!(objects_end(text.as_bytes()), expect, "{text:?}");
        check("", None);
        check("{\"a\":{}", None);
        check("x{}", None);
        check("{}x{}", None);
        check("{} {", None);
        check("{}\r", Some(2));
        check("{}{}", Some(4));
        check("{}\0{} ", Some(5));
    }
}

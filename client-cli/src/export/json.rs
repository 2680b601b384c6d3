//! A session as one JSON object: `schema`, `session`, `entries`.

use std::io::{self, Write};

use sessions_model::{Entry, Session};

use crate::json::{Array, EntryJson, SCHEMA, SessionJson};

/// Writes the object's start, up to the open array of its entries.
pub(crate) fn open(out: &mut impl Write, session: &Session) -> io::Result<()> {
    write!(out, "{{\"schema\":{SCHEMA},\"session\":")?;
    crate::json::write(out, &SessionJson::new(session))?;
    out.write_all(b",\"entries\":")
}

/// Writes one entry.
pub(crate) fn push<W: Write>(array: &mut Array<'_, W>, entry: &Entry) -> io::Result<()> {
    array.push(&EntryJson::new(entry))
}

/// Writes the object's end.
pub(crate) fn close(out: &mut impl Write) -> io::Result<()> {
    out.write_all(b"}\n")
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::samples;

    #[test]
    fn json_has_a_schema_and_every_entry() {
        let mut out = Vec::new();
        open(&mut out, &samples::sessions()[0]).unwrap();
        let mut array = Array::open(&mut out).unwrap();
        for entry in samples::entries() {
            push(&mut array, &entry).unwrap();
        }
        array.close().unwrap();
        close(&mut out).unwrap();
        let value: serde_json::Value = serde_json::from_slice(&out).unwrap();
        assert_eq!(value["schema"], SCHEMA);
        insta::assert_snapshot!(String::from_utf8(out).unwrap());
    }
}

//! Tags of sessions, as operations of the archive: an observed-remove set. Whoever takes a tag away names the
//! operations that gave it, so that what another device gave meanwhile stays.

use std::fmt::Write;

use sessions_archive::{NewOperation, Operation, OperationId};
use sessions_model::SessionId;

use super::Annotation;

const TAGGED: &str = "session.tagged";
const UNTAGGED: &str = "session.untagged";

/// The longest tag, in bytes.
const TAG_BYTES_MAX: usize = 100;

/// Returns what is wrong with a tag, if anything is.
pub(super) fn fault(tag: &str) -> Option<String> {
    if tag.is_empty() || tag.len() > TAG_BYTES_MAX {
        return Some(format!("a tag has 1 to {TAG_BYTES_MAX} bytes"));
    }
    let is_wrong = |char: char| char.is_control() || char.is_whitespace();
    (tag.contains(is_wrong) || tag.starts_with(['#', '-']))
        .then(|| "a tag is one word and begins with neither # nor -".into())
}

pub(super) fn give(session: &SessionId, tag: &str) -> NewOperation {
    NewOperation {
        subject: session.as_str().to_owned(),
        field: TAGGED.to_owned(),
        value: tag.to_owned(),
    }
}

pub(super) fn take(session: &SessionId, given: &[OperationId]) -> NewOperation {
    let names: Vec<String> = given.iter().map(|id| hex(&id.0)).collect();
    NewOperation {
        subject: session.as_str().to_owned(),
        field: UNTAGGED.to_owned(),
        value: names.join(" "),
    }
}

/// Returns what an operation says of a session's tags; none if it says nothing of them.
pub(super) fn from_operation(operation: &Operation) -> Option<Annotation> {
    let session = || SessionId::parse(&operation.subject).ok();
    match operation.field.as_str() {
        TAGGED => Some(Annotation::Tag {
            session: session()?,
            tag: operation.value.clone(),
        }),
        UNTAGGED => {
            let given = operation.value.split_whitespace().map(from_hex);
            Some(Annotation::Untag {
                session: session()?,
                given: given.collect::<Option<_>>()?,
            })
        }
        _ => None,
    }
}

fn hex(bytes: &[u8]) -> String {
    let mut text = String::new();
    for byte in bytes {
        write!(text, "{byte:02x}").expect("a string takes everything");
    }
    text
}

fn from_hex(text: &str) -> Option<OperationId> {
    let mut id = [0; 16];
    if text.len() != 2 * id.len() || !text.is_ascii() {
        return None;
    }
    for (byte, digits) in id.iter_mut().zip(text.as_bytes().chunks(2)) {
        *byte = u8::from_str_radix(std::str::from_utf8(digits).ok()?, 16).ok()?;
    }
    Some(OperationId(id))
}

#[cfg(test)]
mod tests {
    use sessions_model::{DeviceId, Timestamp};

    use super::*;

    #[test]
    fn what_is_said_of_tags_reads_back() {
        let session = SessionId::parse("3f9a1c2e").unwrap();
        let check = |said: Annotation| {
            let NewOperation {
                subject,
                field,
                value,
            } = said.to_operation();
            let operation = Operation {
                number: 1,
                id: OperationId([0; 16]),
                device: DeviceId([0; 16]),
                lamport: 1,
                at: Timestamp(0),
                subject,
                field,
                value,
            };
            assert_eq!(Annotation::from_operation(&operation), Some(said));
        };
        check(Annotation::Tag {
            session: session.clone(),
            tag: "später".into(),
        });
        check(Annotation::Untag {
            session,
            given: vec![OperationId([0xa0; 16]), OperationId([9; 16])],
        });
    }

    #[test]
    fn tags_are_words() {
        for tag in ["later", "später", "v1.2/x"] {
            assert_eq!(fault(tag), None, "{tag}");
        }
        for tag in ["", "two words", "#later", "-x", "a\u{1b}", &"x".repeat(101)] {
            assert!(fault(tag).is_some(), "{tag}");
        }
    }
}

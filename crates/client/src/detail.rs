//! The `google.rpc` details of an error: as much of them as the daemon uses.
//!
//! Source: `google/rpc/status.proto` and `google/rpc/error_details.proto` of the googleapis repository.

use std::ops::Range;

use prost::Message;

const BAD_REQUEST: &str = "type.googleapis.com/google.rpc.BadRequest";

#[derive(Clone, PartialEq, Message)]
struct RpcStatus {
    #[prost(int32, tag = "1")]
    code: i32,
    #[prost(string, tag = "2")]
    message: String,
    #[prost(message, repeated, tag = "3")]
    details: Vec<Any>,
}

#[derive(Clone, PartialEq, Message)]
struct Any {
    #[prost(string, tag = "1")]
    type_url: String,
    #[prost(bytes = "vec", tag = "2")]
    value: Vec<u8>,
}

#[derive(Clone, PartialEq, Message)]
struct BadRequest {
    #[prost(message, repeated, tag = "1")]
    field_violations: Vec<FieldViolation>,
}

#[derive(Clone, PartialEq, Message)]
struct FieldViolation {
    #[prost(string, tag = "1")]
    field: String,
    #[prost(string, tag = "2")]
    description: String,
}

/// What an error's details point at.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) enum Fault {
    /// Bytes of the query.
    Query(Range<usize>),
    /// Bytes of the pattern.
    Pattern(Range<usize>),
}

/// Returns what the error's details point at: a violation of the field `query:<first byte>-<past last byte>`,
/// or `pattern:` with the same.
pub(crate) fn fault(details: &[u8]) -> Option<Fault> {
    let status = RpcStatus::decode(details).ok()?;
    let any = status
        .details
        .iter()
        .find(|any| any.type_url == BAD_REQUEST)?;
    let request = BadRequest::decode(any.value.as_slice()).ok()?;
    request
        .field_violations
        .iter()
        .find_map(|violation| parse_field(&violation.field))
}

fn parse_field(field: &str) -> Option<Fault> {
    let (name, range) = field.split_once(':')?;
    let (start, end) = range.split_once('-')?;
    let range = start.parse().ok()?..end.parse().ok()?;
    match name {
        _ if range.start > range.end => None,
        "query" => Some(Fault::Query(range)),
        "pattern" => Some(Fault::Pattern(range)),
        _ => None,
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn details(field: &str) -> Vec<u8> {
        let request = BadRequest {
            field_violations: vec![FieldViolation {
                field: field.into(),
                description: "a closing quote is missing".into(),
            }],
        };
        let any = Any {
            type_url: BAD_REQUEST.into(),
            value: request.encode_to_vec(),
        };
        RpcStatus {
            code: 3,
            message: String::new(),
            details: vec![any],
        }
        .encode_to_vec()
    }

    fn check(field: &str, expect: Option<&Fault>) {
        assert_eq!(fault(&details(field)).as_ref(), expect, "{field}");
    }

    #[test]
    fn span_is_read_from_the_field() {
        check("query:3-9", Some(&Fault::Query(3..9)));
        check("pattern:3-9", Some(&Fault::Pattern(3..9)));
        check("query:0-0", Some(&Fault::Query(0..0)));
        check("limit:3-9", None);
        check("query:9-3", None);
        check("query:a-b", None);
        assert_eq!(fault(b""), None);
        assert_eq!(fault(&[0xff, 0xff]), None);
    }
}

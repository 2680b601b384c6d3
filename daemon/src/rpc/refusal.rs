//! Why a call has no answer, as canonical codes with `google.rpc` details.

use std::ops::Range;

use tonic::{Code, Status};
use tonic_types::{ErrorDetails, StatusExt};

use crate::backend::Refusal;

/// Turns a refusal into what the wire says.
pub(super) fn status(refusal: Refusal) -> Status {
    match refusal {
        Refusal::NotFound(what) => Status::not_found(what),
        Refusal::Query { span, message } => bad("query", &span, message),
        Refusal::Pattern { span, message } => bad("pattern", &span, message),
        Refusal::Argument(what) => Status::invalid_argument(what),
        Refusal::NotReady(what) => Status::unavailable(what),
        Refusal::Failed(what) => Status::internal(what),
        Refusal::Stopping => Status::unavailable("the daemon is stopping"),
    }
}

fn bad(what: &str, span: &Range<usize>, message: String) -> Status {
    let field = format!("{what}:{}-{}", span.start, span.end);
    let details = ErrorDetails::with_bad_request_violation(field, message.clone());
    Status::with_error_details(Code::InvalidArgument, message, details)
}

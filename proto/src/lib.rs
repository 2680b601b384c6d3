//! The gRPC contract `sessions.v1` and the code generated from it, nothing else.
//!
//! Only `daemon/rpc` and `client` may name these types; both convert them to model types at once.

#[expect(
    missing_docs,
    clippy::allow_attributes,
    clippy::pedantic,
    reason = "generated: the documentation is in the .proto files"
)]
mod generated {
    tonic::include_proto!("sessions.v1");
}

pub use generated::*;

/// The metadata key under which client and daemon tell each other their versions.
pub const VERSION_KEY: &str = "sessions-version";

/// The metadata key under which a client says that an agent asks, and from which config root.
pub const AGENT_ROOT_KEY: &str = "sessions-agent-root-bin";

/// The largest message either side accepts, in bytes.
pub const MESSAGE_BYTES_MAX: usize = 4 << 20;

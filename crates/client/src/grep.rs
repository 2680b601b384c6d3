//! Exact search, asked of the daemon: what is found comes as it is found.

use sessions_model::{GrepEvent, GrepMode, GrepText, Pattern};
use sessions_proto as wire;
use tonic::{Request, Streaming};

use crate::connect::checked;
use crate::{Client, ClientError, convert};

/// Which lines are looked for, and how they are told.
#[derive(Debug, Clone, PartialEq, Eq, Default)]
pub struct GrepRequest {
    /// What matches.
    pub pattern: Pattern,
    /// Which entries are looked at, as typed; all where it is empty.
    pub query: String,
    /// What is looked through.
    pub text: GrepText,
    /// What is told.
    pub mode: GrepMode,
    /// Lines shown before a match, and behind it.
    pub around: (u32, u32),
    /// Lines at most, or sessions where these alone are told; 0 for all.
    pub limit: u64,
    /// In this config root alone.
    pub root: Option<String>,
    /// Milliseconds that local time is ahead of UTC.
    pub utc_offset_ms: i32,
}

/// What is found, in order; dropping it ends the search.
#[derive(Debug)]
pub struct Found {
    stream: Streaming<wire::GrepResponse>,
}

impl Found {
    /// Waits for the next of it; none after the last, which is the sums.
    pub async fn next(&mut self) -> Result<Option<GrepEvent>, ClientError> {
        loop {
            let message = self.stream.message().await;
            let message = message.map_err(|status| ClientError::from_status(&status))?;
            let Some(message) = message else {
                return Ok(None);
            };
            if let Some(event) = convert::grep_event(message)? {
                return Ok(Some(event));
            }
        }
    }
}

impl Client {
    /// Looks for lines that match.
    pub async fn grep(&self, request: GrepRequest) -> Result<Found, ClientError> {
        let (before, after) = request.around;
        let request = wire::GrepRequest {
            pattern: Some(convert::pattern_to_wire(request.pattern)),
            query: request.query,
            bytes: request.text == GrepText::Bytes,
            mode: convert::grep_mode_to_wire(request.mode).into(),
            before,
            after,
            limit: request.limit,
            root: request.root,
            wait_ms: 0,
            utc_offset_ms: request.utc_offset_ms,
        };
        let stream = self
            .read_from(async |client| {
                let asked = Request::new(request.clone());
                checked(client.search_service().grep(asked).await)
            })
            .await?;
        Ok(Found { stream })
    }
}

//! What a caller may be answered from: an agent from its own config root alone, unless the settings say
//! otherwise.

use sessions_model::SessionId;
use sessions_proto::AGENT_ROOT_KEY;
use tonic::metadata::MetadataMap;
use tonic::{Request, Status};

use super::{Rpc, refusal};

/// Whom a call is answered as.
#[derive(Debug, Clone, Default)]
pub(super) struct Scope {
    /// The one config root that may be answered from, where there is one.
    root: Option<String>,
}

impl Rpc {
    /// Returns whom to answer a call as.
    pub(super) fn scope<T>(&self, request: &Request<T>) -> Scope {
        let agent = agent_root(request.metadata());
        Scope {
            root: agent.and_then(|root| self.front.scope(&root)),
        }
    }

    /// Fails unless a session may be shown.
    pub(super) async fn admit(&self, scope: &Scope, session: &SessionId) -> Result<(), Status> {
        let Some(root) = &scope.root else {
            return Ok(());
        };
        let is_in_root = self
            .backend()?
            .is_in_root(session.clone(), root.clone())
            .await;
        if is_in_root.map_err(refusal::status)? {
            return Ok(());
        }
        // As if there were none: what another root holds is not told.
        Err(Status::not_found(format!(
            "no session has the id {session}"
        )))
    }

    /// Fails unless everything that is archived may be shown.
    pub(super) async fn admit_all(&self, scope: &Scope) -> Result<(), Status> {
        let Some(own) = &scope.root else {
            return Ok(());
        };
        let roots = self.backend()?.archived_roots().await;
        if roots
            .map_err(refusal::status)?
            .iter()
            .all(|root| root == own)
        {
            return Ok(());
        }
        Err(scope_is_narrow(own))
    }
}

impl Scope {
    /// Narrows what was asked for to what may be answered.
    pub(super) fn narrow(&self, asked: Option<String>) -> Result<Option<String>, Status> {
        match (&self.root, asked) {
            (None, asked) => Ok(asked),
            (Some(own), Some(asked)) if asked != *own => Err(scope_is_narrow(own)),
            (Some(own), _) => Ok(Some(own.clone())),
        }
    }

    /// Tells whether `root` may be answered from.
    pub(super) fn has(&self, root: &str) -> bool {
        self.root.as_deref().is_none_or(|own| own == root)
    }

    /// Tells whether all may be answered from.
    pub(super) fn is_open(&self) -> bool {
        self.root.is_none()
    }
}

fn scope_is_narrow(own: &str) -> Status {
    Status::permission_denied(format!(
        "an agent is answered from its own config root, {own}; agents.scope = \"all\" in the settings opens the \
         others"
    ))
}

fn agent_root(metadata: &MetadataMap) -> Option<String> {
    let root = metadata.get_bin(AGENT_ROOT_KEY)?.to_bytes().ok()?;
    Some(String::from_utf8_lossy(&root).into_owned())
}

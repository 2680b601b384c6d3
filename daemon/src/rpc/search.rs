//! `SearchService`.

use std::time::Duration;

use sessions_model::SessionId;
use sessions_proto as wire;
use sessions_proto::search_service_server::SearchService;
use tonic::{Request, Response, Status};

use super::{Rpc, convert, refusal};
use crate::backend::Question;

#[tonic::async_trait]
impl SearchService for Rpc {
    async fn search(
        &self,
        request: Request<wire::SearchRequest>,
    ) -> Result<Response<wire::SearchResponse>, Status> {
        let scope = self.scope(&request);
        let request = request.into_inner();
        let question = Question {
            query: request.query,
            limit: request.limit,
            root: scope.narrow(request.root)?,
            with_automated: request.automated,
            wait: Duration::from_millis(request.wait_ms.into()),
            utc_offset_ms: request.utc_offset_ms,
            // What is no session's id leaves nothing out.
            asking: request.asking.and_then(|id| SessionId::parse(&id).ok()),
            per_session: request.per_session,
            with_facets: request.with_facets,
            with_reasons: request.with_reasons,
        };
        let answer = self
            .backend()?
            .search(question)
            .await
            .map_err(refusal::status)?;
        Ok(Response::new(convert::answer(answer)))
    }
}

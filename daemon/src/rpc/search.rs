//! `SearchService`.

use std::ops::ControlFlow;
use std::sync::Arc;
use std::sync::atomic::{AtomicBool, Ordering};
use std::time::Duration;

use sessions_model::{GrepEvent, SessionId};
use sessions_proto as wire;
use sessions_proto::search_service_server::SearchService;
use tokio::runtime::Handle;
use tonic::{Request, Response, Status};

use super::stream::{self, Reply, Sender};
use super::{Rpc, convert, refusal};
use crate::backend::{Question, Tell};

#[tonic::async_trait]
impl SearchService for Rpc {
    type GrepStream = Reply<wire::GrepResponse>;

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

    async fn grep(
        &self,
        request: Request<wire::GrepRequest>,
    ) -> Result<Response<Self::GrepStream>, Status> {
        let scope = self.scope(&request);
        let mut request = request.into_inner();
        let wait = Duration::from_millis(request.wait_ms.into());
        let root = scope.narrow(request.root.take())?;
        let request = convert::grep_request(request, root);
        let backend = Arc::clone(self.backend()?);
        let (sender, reply) = stream::reply();
        self.tasks.start(async move {
            let hearer = sender.clone();
            let is_left = Arc::new(AtomicBool::new(false));
            let tell = teller(sender.clone(), Arc::clone(&is_left));
            let found = backend.grep((request, wait), move || hearer.is_heard(), tell);
            if let Ok(found) = sender.while_heard(found).await {
                let last = match found {
                    Ok(_) if is_left.load(Ordering::Relaxed) => Err(Status::aborted(
                        "the matches were not taken for a while, and others wait for their turn",
                    )),
                    found => found
                        .map(|sums| convert::grep_event(GrepEvent::Done(sums)))
                        .map_err(refusal::status),
                };
                // A reader that left needs no more.
                let _left = sender.send(last).await;
            }
        });
        Ok(Response::new(reply))
    }
}

/// Sends what is found from a thread that may wait: whoever does not take it keeps others from their turn, and
/// is given up on, which `is_left` says.
fn teller(sender: Sender<wire::GrepResponse>, is_left: Arc<AtomicBool>) -> Tell {
    let runtime = Handle::current();
    Box::new(move |event| {
        let is_missable = matches!(event, GrepEvent::Progress(_));
        let message = convert::grep_event(event);
        if is_missable {
            sender.offer(message);
            return ControlFlow::Continue(());
        }
        if let Err(stream::Gone) = runtime.block_on(sender.send_in_time(Ok(message))) {
            is_left.store(true, Ordering::Relaxed);
            return ControlFlow::Break(());
        }
        ControlFlow::Continue(())
    })
}

//! Tags that the user gives to sessions, and takes back.

use sessions_archive::OperationId;
use sessions_model::SessionId;

use super::{Annotation, Backend, Refusal};

/// Tags that are given or taken in one call.
const TAGS_MAX: usize = 100;

impl Backend {
    /// Gives `session` tags and takes others from it. One that it has already is not given again, and one that
    /// it has not is no error to take.
    pub(crate) async fn tag(
        &self,
        session: SessionId,
        (give, take): (Vec<String>, Vec<String>),
    ) -> Result<(), Refusal> {
        if give.len() + take.len() > TAGS_MAX {
            let message = format!("more than {TAGS_MAX} tags at a time");
            return Err(Refusal::Argument(message));
        }
        self.catch_up().await;
        for tag in give {
            let said = Annotation::Tag {
                session: session.clone(),
                tag: tag.clone(),
            };
            if let Some(fault) = said.fault() {
                return Err(Refusal::Argument(fault));
            }
            if self.given_by(&session, tag).await?.is_empty() {
                self.annotate(said).await?;
            }
        }
        for tag in take {
            let given = self.given_by(&session, tag).await?;
            if !given.is_empty() {
                let session = session.clone();
                self.annotate(Annotation::Untag { session, given }).await?;
            }
        }
        Ok(())
    }

    /// Returns the operations that gave a session a tag.
    async fn given_by(
        &self,
        session: &SessionId,
        tag: String,
    ) -> Result<Vec<OperationId>, Refusal> {
        let (wanted, name) = (session.clone(), session.clone());
        let given = self
            .ask(move |engine| engine.tagged_by(&wanted, &tag))
            .await?
            .ok_or_else(|| Refusal::NotFound(format!("no session has the id {name}")))?;
        Ok(given.into_iter().map(OperationId).collect())
    }
}

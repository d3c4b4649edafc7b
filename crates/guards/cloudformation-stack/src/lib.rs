//! The guard of stacks of CloudFormation.
//!
//! What is right and wrong, and what a correction may do, is in [`rectify_controls::cloudformation_stack`]. Here is only how the facts
//! are read ([`observe`](rectify_runtime::Guard::observe)) and how a change is made ([`apply`](rectify_runtime::Guard::apply)).
//!
//! **Architecture invariant:** nothing here decides, and nothing here waits: what takes CloudFormation minutes is started, and its
//! end is the next look's to see.

mod apply;
mod observe;
mod shape;

use rectify_aws::{AwsFailure, PerSession, Session};
use rectify_controls::{
    Fact, Place, Selection, Tags,
    cloudformation_stack::{Change, CloudFormationStack, Facts, Target},
};
use rectify_runtime::{Guard, Observed, Page};

/// The guard. Keeps its clients, so one instance serves all events of a process.
#[derive(Debug, Default)]
pub struct CloudFormationStackGuard {
    clients: PerSession<Stacks>,
}

/// CloudFormation in one place.
#[derive(Debug, Clone)]
struct Stacks {
    client: aws_sdk_cloudformation::Client,
    place: Place,
}

impl CloudFormationStackGuard {
    fn at(&self, session: &Session) -> Stacks {
        self.clients.at(session, &session.place.region, |place| Stacks {
            client: rectify_aws::client!(aws_sdk_cloudformation, session, place),
            place: place.clone(),
        })
    }
}

impl Guard for CloudFormationStackGuard {
    type Kind = CloudFormationStack;

    fn prepare(&self, session: &Session) {
        self.at(session);
    }

    async fn find(&self, session: &Session, lead: &Target) -> Result<Vec<(Place, Target)>, AwsFailure> {
        // Boxed here and below: the SDK's futures are large and deep, and everything around them would be so too.
        let found = Box::pin(self.at(session).resolve(lead)).await?;
        Ok(found.map(|id| (session.place.clone(), id)).into_iter().collect())
    }

    async fn observe(
        &self,
        session: &Session,
        id: &Target,
        selection: &Selection,
    ) -> Result<Observed<Facts>, AwsFailure> {
        Box::pin(self.at(session).observe(id, selection)).await
    }

    async fn list(&self, session: &Session, cursor: Option<&str>) -> Result<Page<Target>, AwsFailure> {
        Box::pin(self.at(session).list(cursor)).await
    }

    async fn tags(&self, session: &Session, id: &Target) -> Fact<Tags> {
        Box::pin(self.at(session).tags(id)).await
    }

    async fn apply(&self, session: &Session, id: &Target, change: &Change) -> Result<(), AwsFailure> {
        Box::pin(self.at(session).apply(id, change)).await
    }
}

/// A refusal of our own, of `operation`.
fn failure(operation: &'static str, kind: rectify_aws::FailureKind, message: String) -> AwsFailure {
    AwsFailure { service: SERVICE, operation, kind, code: None, message: Some(message), request_id: None }
}

const SERVICE: &str = "cloudformation";

//! The guard of S3 buckets, of the account's public access block, and of access points.
//!
//! What is right and wrong, and what a correction may do, is in [`rectify_controls::s3_bucket`]. Here is only how the facts
//! are read ([`observe`](rectify_runtime::Guard::observe)) and how a change is made ([`apply`](rectify_runtime::Guard::apply)).
//!
//! **Architecture invariant:** nothing here decides. A read that AWS refuses becomes a fact that is unreadable; whether that
//! matters is for the rule book to say.

mod apply;
mod clients;
mod list;
mod observe;
mod reads;
mod refusal;
mod shape;
mod write;

use rectify_aws::{AwsFailure, Session};
use rectify_controls::{
    Fact, Selection, Tags,
    s3_bucket::{Change, Facts, S3Bucket, Target},
};
use rectify_runtime::{Guard, Observed, Page};

use clients::Clients;

/// The guard. Keeps its clients, so one instance serves all events of a process.
#[derive(Debug, Default)]
pub struct S3BucketGuard {
    clients: Clients,
}

impl Guard for S3BucketGuard {
    type Kind = S3Bucket;

    fn prepare(&self, session: &Session) {
        self.clients.at(session, &session.place.region);
    }

    async fn observe(
        &self,
        session: &Session,
        id: &Target,
        selection: &Selection,
    ) -> Result<Observed<Facts>, AwsFailure> {
        // Boxed here and below: the SDK's futures are large and deep, and everything around them would be so too.
        Box::pin(observe::observe(&self.clients, session, id, selection)).await
    }

    async fn list(&self, session: &Session, cursor: Option<&str>) -> Result<Page<Target>, AwsFailure> {
        Box::pin(list::list(&self.clients, session, cursor)).await
    }

    async fn tags(&self, session: &Session, id: &Target) -> Fact<Tags> {
        Box::pin(observe::tags(&self.clients, session, id)).await
    }

    async fn apply(&self, session: &Session, id: &Target, change: &Change) -> Result<(), AwsFailure> {
        Box::pin(apply::apply(&self.clients, session, id, change)).await
    }
}

//! The guard of APIs and of the firewalls before them: REST, HTTP and WebSocket APIs, Application Load Balancers, GraphQL APIs,
//! user pools, App Runner services, CloudFront distributions, web ACLs.
//!
//! What is right and wrong, and what a correction may do, is in [`rectify_controls::api`]. Here is only how the facts are read
//! ([`observe`](rectify_runtime::Guard::observe)) and how a change is made ([`apply`](rectify_runtime::Guard::apply)).
//!
//! **Architecture invariant:** nothing here decides. A read that AWS refuses becomes a fact that is unreadable; whether that
//! matters is for the rule book to say.

mod apply;
mod clients;
mod doors;
mod firewall;
mod gateway;
mod list;
mod observe;
mod tags;

use rectify_aws::{AwsFailure, Session};
use rectify_controls::{
    Fact, Place, Selection, Tags,
    api::{Api, Change, Facts, Target},
};
use rectify_runtime::{Guard, Observed, Page};

use clients::Clients;

/// The guard. Keeps its clients, so one instance serves all events of a process.
#[derive(Debug, Default)]
pub struct ApiGuard {
    clients: Clients,
}

impl Guard for ApiGuard {
    type Kind = Api;

    fn prepare(&self, session: &Session) {
        self.clients.at(session);
    }

    async fn observe(
        &self,
        session: &Session,
        id: &Target,
        selection: &Selection,
    ) -> Result<Observed<Facts>, AwsFailure> {
        // Boxed here and below: the SDK's futures are large and deep, and everything around them would be so too.
        Box::pin(observe::observe(&self.clients.home(session, id), id, selection)).await
    }

    async fn find(&self, session: &Session, id: &Target) -> Result<Vec<(Place, Target)>, AwsFailure> {
        Box::pin(list::find(&self.clients.at(session), id)).await
    }

    async fn list(&self, session: &Session, cursor: Option<&str>) -> Result<Page<Target>, AwsFailure> {
        Box::pin(list::list(&self.clients.at(session), cursor)).await
    }

    async fn tags(&self, session: &Session, id: &Target) -> Fact<Tags> {
        Box::pin(tags::tags(&self.clients.home(session, id), id)).await
    }

    async fn apply(&self, session: &Session, id: &Target, change: &Change) -> Result<(), AwsFailure> {
        Box::pin(apply::apply(&self.clients.home(session, id), id, change)).await
    }
}

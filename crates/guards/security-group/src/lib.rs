//! The guard of security groups.
//!
//! What is right and wrong, and what a correction may do, is in [`rectify_controls::security_group`]. Here is only how the facts
//! are read ([`observe`](rectify_runtime::Guard::observe)), how a change is made ([`apply`](rectify_runtime::Guard::apply)) and
//! which groups an event leads to that names none ([`find`](rectify_runtime::Guard::find)).
//!
//! **Architecture invariant:** nothing here decides. A read that AWS refuses becomes a fact that is unreadable; whether that
//! matters is for the rule book to say.

mod apply;
mod find;
mod observe;
mod shape;

use aws_sdk_ec2::{Client, types::Filter};
use rectify_aws::{AwsFailure, PerSession, Session};
use rectify_controls::{
    Fact, Place, Selection, Tags,
    security_group::{Change, Facts, GroupId, SecurityGroup, Target},
};
use rectify_runtime::{Guard, Observed, Page};

/// The guard. Keeps its clients, so one instance serves all events of a process.
#[derive(Debug, Default)]
pub struct SecurityGroupGuard {
    clients: PerSession<Client>,
}

impl SecurityGroupGuard {
    fn client(&self, session: &Session) -> Client {
        self.clients.at(session, &session.place.region, |place| rectify_aws::client!(aws_sdk_ec2, session, place))
    }
}

impl Guard for SecurityGroupGuard {
    type Kind = SecurityGroup;

    fn prepare(&self, session: &Session) {
        self.client(session);
    }

    async fn observe(
        &self,
        session: &Session,
        id: &Target,
        selection: &Selection,
    ) -> Result<Observed<Facts>, AwsFailure> {
        let Target::Group(group) = id else { return Ok(Observed::Gone) };
        // Boxed here and below: the SDK's futures are large and deep, and everything around them would be so too.
        Box::pin(observe::observe(&self.client(session), &session.place, group, selection)).await.map(Observed::from)
    }

    async fn find(&self, session: &Session, id: &Target) -> Result<Vec<(Place, Target)>, AwsFailure> {
        Box::pin(find::find(&self.client(session), &session.place, id)).await
    }

    async fn list(&self, session: &Session, cursor: Option<&str>) -> Result<Page<Target>, AwsFailure> {
        Box::pin(find::list(&self.client(session), &session.place, cursor)).await
    }

    async fn tags(&self, session: &Session, id: &Target) -> Fact<Tags> {
        let Target::Group(group) = id else { return Fact::Known(Tags::new()) };
        Box::pin(observe::tags(&self.client(session), group)).await
    }

    async fn apply(&self, session: &Session, id: &Target, change: &Change) -> Result<(), AwsFailure> {
        let Target::Group(group) = id else { return Err(misfit(id)) };
        Box::pin(apply::apply(&self.client(session), group, change)).await
    }
}

/// `ec2` in every failure.
const EC2: &str = "ec2";

fn filter(name: &str, value: &str) -> Filter {
    Filter::builder().name(name).values(value).build()
}

/// Rules of one group, whatever the page.
fn of_group(group: &GroupId) -> Filter {
    filter("group-id", group.as_str())
}

/// A target that is no resource has nothing to change.
fn misfit(id: &Target) -> AwsFailure {
    AwsFailure::unsent(EC2, "apply the change", format!("{id} is no security group"))
}

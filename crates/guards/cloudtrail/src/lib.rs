//! The guard of trails, of event data stores, and of an account's trails together.
//!
//! What is right and wrong, and what a correction may do, is in [`rectify_controls::cloudtrail`]. Here is only how the facts are
//! read ([`observe`](rectify_runtime::Guard::observe)) and how a change is made ([`apply`](rectify_runtime::Guard::apply)).
//!
//! **Architecture invariant:** nothing here decides. A read that AWS refuses becomes a fact that is unreadable; whether that
//! matters is for the rule book to say.

mod apply;
mod bucket;
mod list;
mod observe;
mod shape;

use rectify_aws::{AwsFailure, PerSession, Session};
use rectify_controls::{
    Fact, Place, Region, Selection, Tags,
    cloudtrail::{Change, CloudTrail, Facts, Target},
};
use rectify_runtime::{Guard, Observed, Page};

/// The guard. Keeps its clients, so one instance serves all events of a process.
#[derive(Debug, Default)]
pub struct CloudTrailGuard {
    clients: PerSession<Clients>,
}

/// The clients for one place.
#[derive(Debug, Clone)]
struct Clients {
    trails: aws_sdk_cloudtrail::Client,
    s3: aws_sdk_s3::Client,
    control: aws_sdk_s3control::Client,
    place: Place,
}

impl CloudTrailGuard {
    fn at(&self, session: &Session, region: &Region) -> Clients {
        self.clients.at(session, region, |place| Clients {
            trails: rectify_aws::client!(aws_sdk_cloudtrail, session, place),
            s3: rectify_aws::client!(aws_sdk_s3, session, place),
            control: rectify_aws::client!(aws_sdk_s3control, session, place),
            place: place.clone(),
        })
    }

    /// For `target`, where it lives: what is said about a trail elsewhere is about its shadow.
    fn home(&self, session: &Session, target: &Target) -> Clients {
        match target {
            Target::Trail(trail) => self.at(session, &trail.region),
            Target::Store(store) => self.at(session, &store.region),
            Target::Account(_) => self.at(session, &session.place.region),
        }
    }
}

impl Guard for CloudTrailGuard {
    type Kind = CloudTrail;

    fn prepare(&self, session: &Session) {
        self.at(session, &session.place.region);
    }

    async fn observe(
        &self,
        session: &Session,
        id: &Target,
        selection: &Selection,
    ) -> Result<Observed<Facts>, AwsFailure> {
        // Boxed here and below: the SDK's futures are large and deep, and everything around them would be so too.
        Box::pin(observe::observe(self, session, id, selection)).await
    }

    async fn list(&self, session: &Session, cursor: Option<&str>) -> Result<Page<Target>, AwsFailure> {
        Box::pin(list::list(&self.at(session, &session.place.region), cursor)).await
    }

    async fn tags(&self, session: &Session, id: &Target) -> Fact<Tags> {
        Box::pin(observe::tags(&self.home(session, id), id)).await
    }

    async fn apply(&self, session: &Session, id: &Target, change: &Change) -> Result<(), AwsFailure> {
        let place = match change {
            Change::Coverage { trail, .. } => &Target::Trail(trail.clone()),
            _ => id,
        };
        Box::pin(apply::apply(&self.home(session, place), id, change)).await
    }
}

//! The guard of access keys.
//!
//! Whether an exposed key may be deactivated is for the rule book to say ([`rectify_controls::access_key`]). Here is only how it is
//! asked whose a key is and whether it works, and how its status is set.
//!
//! **Architecture invariant:** this guard has no secret of any key, and asks AWS as itself. It cannot read objects, and the guard that
//! reads them cannot touch keys.

mod reads;

use aws_sdk_iam::{Client, types::StatusType};
use rectify_aws::{AwsFailure, Ended, PerSession, Session, done};
use rectify_controls::{
    Fact, Place, Selection, Tags, Unreadable,
    access_key::{AccessKey, Change, Facts, KeyId, Status},
};
use rectify_runtime::{Guard, Observed, Page};

/// `iam` in every failure.
const IAM: &str = "iam";

/// The guard. Keeps its clients, so one instance serves all events of a process.
#[derive(Debug, Default)]
pub struct AccessKeyGuard {
    clients: PerSession<Client>,
}

impl AccessKeyGuard {
    /// IAM is called in the partition's first region, whichever region's event woke the guard.
    fn client(&self, session: &Session) -> Client {
        let region = session.place.region.partition().first_region();
        self.clients.at(session, &region, |place| rectify_aws::client!(aws_sdk_iam, session, place))
    }
}

impl Guard for AccessKeyGuard {
    type Kind = AccessKey;

    fn prepare(&self, session: &Session) {
        self.client(session);
    }

    async fn observe(&self, session: &Session, id: &KeyId, _: &Selection) -> Result<Observed<Facts>, AwsFailure> {
        let owner = match Box::pin(reads::owner(&self.client(session), id)).await {
            Ok(owner) => owner,
            Err(Ended::Gone) => return Ok(Observed::Gone),
            Err(Ended::Refused(failure)) => return Err(failure),
        };
        let Place { account, region } = &session.place;
        Ok(Observed::Facts(Facts {
            key: id.key.clone(),
            place: Place { account: account.clone(), region: region.partition().first_region() },
            own_account: session.is_own(),
            exposed: id.exposed.clone(),
            owner,
        }))
    }

    /// None: which keys are exposed is what others find.
    async fn list(&self, _: &Session, _: Option<&str>) -> Result<Page<KeyId>, AwsFailure> {
        Ok(Page { ids: Vec::new(), odd: Vec::new(), next: None })
    }

    /// The user's: a key has none.
    async fn tags(&self, session: &Session, id: &KeyId) -> Fact<Tags> {
        let unreadable = |code: String, request_id| {
            Fact::Unreadable(Unreadable { operation: "ListUserTags".to_owned(), code, request_id })
        };
        match Box::pin(reads::tags(&self.client(session), id)).await {
            Ok(tags) => tags,
            Err(Ended::Gone) => unreadable("NoSuchEntity".to_owned(), None),
            Err(Ended::Refused(failure)) => {
                unreadable(failure.code.unwrap_or_else(|| "Unknown".to_owned()), failure.request_id)
            }
        }
    }

    async fn apply(&self, session: &Session, id: &KeyId, change: &Change) -> Result<(), AwsFailure> {
        let Change::SetStatus { user, status } = change;
        let status = match status {
            Status::Active => StatusType::Active,
            Status::Inactive => StatusType::Inactive,
        };
        let call = self.client(session).update_access_key().user_name(user.as_str()).access_key_id(id.key.as_str());
        done(IAM, "UpdateAccessKey", Box::pin(call.status(status).send()).await)
    }
}

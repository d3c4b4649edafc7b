//! The guard of S3 objects.
//!
//! What is right and wrong, and what a correction may do, is in [`rectify_controls::s3_object`]; what a secret looks like in
//! [`rectify_secrets`]. Here is only how an object is read and how a change is made.
//!
//! **Architecture invariant:** a secret is in this process as long as the bytes that hold it are on their way through the detector, and
//! nowhere else: not in a fact, an error or a log line. The process dumps no core.

mod apply;
mod content;
mod reads;

use rectify_aws::{AwsFailure, Ends, PerSession, Reading, Session};
use rectify_controls::{
    Fact, Place, Selection, Tags, Unreadable,
    s3_object::{Change, Facts, Needs, ObjectId, S3Object, needs},
};
use rectify_runtime::{Guard, Observed, Page};

/// The guard. Keeps its clients, so one instance serves all events of a process.
#[derive(Debug, Default)]
pub struct S3ObjectGuard {
    clients: PerSession<Clients>,
}

/// The two services that S3 is, STS, and where.
#[derive(Debug, Clone)]
struct Clients {
    s3: aws_sdk_s3::Client,
    control: aws_sdk_s3control::Client,
    sts: aws_sdk_sts::Client,
    place: Place,
}

impl Clients {
    /// For `ExpectedBucketOwner`: a name can be taken by a stranger's bucket once ours is deleted.
    fn owner(&self) -> &str {
        self.place.account.as_str()
    }
}

impl S3ObjectGuard {
    fn at(&self, session: &Session) -> Clients {
        self.clients.at(session, &session.place.region, |place| Clients {
            s3: rectify_aws::client!(aws_sdk_s3, session, place),
            control: rectify_aws::client!(aws_sdk_s3control, session, place),
            sts: rectify_aws::client!(aws_sdk_sts, session, place),
            place: place.clone(),
        })
    }
}

impl Guard for S3ObjectGuard {
    type Kind = S3Object;

    fn prepare(&self, session: &Session) {
        no_core_dumps();
        self.at(session);
    }

    async fn observe(
        &self,
        session: &Session,
        id: &ObjectId,
        selection: &Selection,
    ) -> Result<Observed<Facts>, AwsFailure> {
        let at = self.at(session);
        let wants = |what| selection.iter().any(|control| needs(control) == Some(what));
        Box::pin(look(&at, id, wants(Needs::Content), wants(Needs::Acl))).await
    }

    /// None: nobody lists every object of an organisation. docs/adr/0018-objects.md says what follows from that.
    async fn list(&self, _: &Session, _: Option<&str>) -> Result<Page<ObjectId>, AwsFailure> {
        Ok(Page { ids: Vec::new(), odd: Vec::new(), next: None })
    }

    async fn tags(&self, session: &Session, id: &ObjectId) -> Fact<Tags> {
        let unreadable = |code: String, request_id| {
            Fact::Unreadable(Unreadable { operation: "GetObjectTagging".to_owned(), code, request_id })
        };
        match Box::pin(reads::tags(&self.at(session), id)).await {
            Ok(tags) => tags,
            Err(rectify_aws::Ended::Gone) => unreadable("NoSuchKey".to_owned(), None),
            Err(rectify_aws::Ended::Refused(failure)) => {
                unreadable(failure.code.unwrap_or_else(|| "Unknown".to_owned()), failure.request_id)
            }
        }
    }

    async fn apply(&self, session: &Session, id: &ObjectId, change: &Change) -> Result<(), AwsFailure> {
        Box::pin(apply::apply(&self.at(session), id, change)).await
    }
}

async fn look(at: &Clients, id: &ObjectId, content: bool, acl: bool) -> Result<Observed<Facts>, AwsFailure> {
    let (content, tags, policy, acl, ownership, block, account_block) = futures::join!(
        when(content, content::content(at, id)),
        when(content, reads::tags(at, id)),
        when(content, reads::policy(at, id)),
        when(acl, reads::acl(at, id)),
        when(acl, reads::ownership(at, id)),
        when(acl, reads::block(at, id)),
        when(acl, reads::account_block(at)),
    );
    let mut ends = Ends::default();
    let content = ends.take(content);
    let owners = match &content {
        Fact::Known(content) => ends.take(Box::pin(reads::owners(at, &content.keys)).await),
        _ => Fact::NotRead,
    };
    let facts = Facts {
        object: id.clone(),
        place: at.place.clone(),
        content,
        owners,
        tags: ends.take(tags),
        policy: ends.take(policy),
        acl: ends.take(acl),
        ownership: ends.take(ownership),
        block: ends.take(block),
        account_block: ends.take(account_block),
    };
    ends.or(facts.without_what_was_begun()).map(Observed::from)
}

/// The fact when it is wanted.
async fn when<T>(wanted: bool, read: impl Future<Output = Reading<T>>) -> Reading<T> {
    if wanted { Box::pin(read).await } else { Ok(Fact::NotRead) }
}

/// Objects pass through this process's memory. Where the kernel refuses the wish, a core dump needs a host that makes them, which
/// Lambda's is not.
fn no_core_dumps() {
    #[cfg(target_os = "linux")]
    {
        use rustix::process::{DumpableBehavior, Resource, Rlimit, set_dumpable_behavior, setrlimit};
        let none = Rlimit { current: Some(0), maximum: Some(0) };
        let _ = setrlimit(Resource::Core, none);
        let _ = set_dumpable_behavior(DumpableBehavior::NotDumpable);
    }
}

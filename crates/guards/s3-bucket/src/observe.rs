//! Reading the live state.

use std::{collections::BTreeSet, future::Future};

use rectify_aws::{AwsFailure, Ends, Reading, Session};
use rectify_controls::{
    BucketName, Fact, Selection, Tags, Unreadable,
    s3_bucket::{AccessPointFacts, AccessPointName, AccountFacts, BucketFacts, Facts, Read, Target, needs},
};
use rectify_runtime::Observed;

use crate::{
    clients::{Clients, Pair},
    reads,
    refusal::Refusal,
};

/// Reads what `selection` needs, all at the same time, and follows the bucket to its region once.
pub(crate) async fn observe(
    clients: &Clients,
    session: &Session,
    target: &Target,
    selection: &Selection,
) -> Result<Observed<Facts>, AwsFailure> {
    let wanted = Wanted(selection.iter().flat_map(|control| needs(control)).copied().collect());
    follow(clients, session, target, &wanted).await
}

async fn follow(
    clients: &Clients,
    session: &Session,
    target: &Target,
    wanted: &Wanted,
) -> Result<Observed<Facts>, AwsFailure> {
    let home = &session.place.region;
    let refusal = match look(&clients.at(session, home), target, wanted).await {
        Ok(seen) => return Ok(seen),
        Err(refusal) => refusal,
    };
    match refusal.region.filter(|region| **region != *home) {
        Some(region) => look(&clients.at(session, &region), target, wanted).await.map_err(|refusal| refusal.failure),
        None => Err(refusal.failure),
    }
}

/// The tags of a bucket. The account's block and access points are exempted by other means than tags.
pub(crate) async fn tags(clients: &Clients, session: &Session, target: &Target) -> Fact<Tags> {
    if !matches!(target, Target::Bucket(_)) {
        return Fact::Known(Tags::new());
    }
    let unreadable = |code: &str, request_id| {
        Fact::Unreadable(Unreadable { operation: "GetBucketTagging".to_owned(), code: code.to_owned(), request_id })
    };
    let wanted = Wanted(BTreeSet::from([Read::Tags]));
    match follow(clients, session, target, &wanted).await {
        Ok(Observed::Facts(Facts::Bucket(facts))) => facts.tags,
        Ok(_) => unreadable("NoSuchBucket", None),
        Err(failure) => unreadable(failure.code.as_deref().unwrap_or("Unknown"), failure.request_id),
    }
}

async fn look(at: &Pair, target: &Target, wanted: &Wanted) -> Result<Observed<Facts>, Refusal> {
    match target {
        Target::Bucket(name) => bucket(at, name, wanted).await,
        Target::Account(_) => account(at, wanted).await,
        Target::AccessPoint(name) => access_point(at, name, wanted).await,
    }
}

async fn bucket(at: &Pair, name: &BucketName, wanted: &Wanted) -> Result<Observed<Facts>, Refusal> {
    let (
        block,
        account_block,
        acl,
        ownership,
        policy,
        policy_is_public,
        encryption,
        website,
        logging,
        versioning,
        replication,
        lifecycle,
        tags,
    ) = futures::join!(
        wanted.then(Read::Block, || reads::block(at, name)),
        wanted.then(Read::AccountBlock, || reads::account_block(at)),
        wanted.then(Read::Acl, || reads::acl(at, name)),
        wanted.then(Read::Ownership, || reads::ownership(at, name)),
        wanted.then(Read::Policy, || reads::policy(at, name)),
        wanted.then(Read::PolicyStatus, || reads::policy_status(at, name)),
        wanted.then(Read::Encryption, || reads::encryption(at, name)),
        wanted.then(Read::Website, || reads::website(at, name)),
        wanted.then(Read::Logging, || reads::logging(at, name)),
        wanted.then(Read::Versioning, || reads::versioning(at, name)),
        wanted.then(Read::Replication, || reads::replication(at, name)),
        wanted.then(Read::Lifecycle, || reads::lifecycle(at, name)),
        wanted.then(Read::Tags, || reads::tags(at, name)),
    );
    let mut ends = Ends::default();
    let facts = BucketFacts {
        bucket: name.clone(),
        place: at.place.clone(),
        block: ends.take(block),
        account_block: ends.take(account_block),
        acl: ends.take(acl),
        ownership: ends.take(ownership),
        policy: ends.take(policy),
        policy_is_public: ends.take(policy_is_public),
        encryption: ends.take(encryption),
        website: ends.take(website),
        logging: ends.take(logging),
        versioning: ends.take(versioning),
        replication: ends.take(replication),
        lifecycle: ends.take(lifecycle),
        tags: ends.take(tags),
    };
    ends.or(Facts::Bucket(Box::new(facts))).map(Observed::from)
}

async fn account(at: &Pair, wanted: &Wanted) -> Result<Observed<Facts>, Refusal> {
    let mut ends = Ends::default();
    let block = ends.take(wanted.then(Read::AccountBlock, || reads::account_block(at)).await);
    ends.or(Facts::Account(AccountFacts { place: at.place.clone(), block })).map(Observed::from)
}

async fn access_point(at: &Pair, name: &AccessPointName, wanted: &Wanted) -> Result<Observed<Facts>, Refusal> {
    let (point, policy, policy_is_public, account_block) = futures::join!(
        wanted.then(Read::AccessPoint, || reads::access_point(at, name)),
        wanted.then(Read::AccessPointPolicy, || reads::access_point_policy(at, name)),
        wanted.then(Read::AccessPointPolicyStatus, || reads::access_point_policy_status(at, name)),
        wanted.then(Read::AccountBlock, || reads::account_block(at)),
    );
    let mut ends = Ends::default();
    let facts = AccessPointFacts {
        name: name.clone(),
        place: at.place.clone(),
        point: ends.take(point),
        policy: ends.take(policy),
        policy_is_public: ends.take(policy_is_public),
        account_block: ends.take(account_block),
    };
    ends.or(Facts::AccessPoint(Box::new(facts))).map(Observed::from)
}

/// The reads that the selected controls need.
struct Wanted(BTreeSet<Read>);

impl Wanted {
    /// The fact when it is wanted. Boxed: thirteen of the SDK's futures side by side would be moved about as one.
    async fn then<T, F>(&self, read: Read, reading: impl FnOnce() -> F) -> Reading<T, Refusal>
    where
        F: Future<Output = Reading<T, Refusal>>,
    {
        if self.0.contains(&read) { Box::pin(reading()).await } else { Ok(Fact::NotRead) }
    }
}

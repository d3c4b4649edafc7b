//! Which groups there are: in an account and region, and behind an event that names none.

use std::{collections::BTreeSet, time::Duration};

use aws_sdk_ec2::{Client, types};
use rectify_aws::{AwsFailure, FailureKind};
use rectify_controls::{
    AccountId, Place,
    security_group::{DEFAULT_NAME, GroupId, PrefixListId, Target},
};
use rectify_runtime::Page;

use crate::{EC2, filter};

/// Groups on a page: what a function gets through before its time is up. EC2 gives up to 1 000.
const ON_A_PAGE: i32 = 100;

/// Between looks at a list that is being changed: about six seconds in all.
const WAITS: [Duration; 4] = [
    Duration::from_millis(400),
    Duration::from_millis(1_000),
    Duration::from_millis(2_000),
    Duration::from_millis(3_000),
];

/// Longer than any token that EC2 makes.
const LONGEST_TOKEN: usize = 2_048;

/// `DescribeSecurityGroups`, a page. Groups of another account, which one sees in a shared VPC, are that account's.
pub(crate) async fn list(ec2: &Client, place: &Place, cursor: Option<&str>) -> Result<Page<Target>, AwsFailure> {
    if cursor.is_some_and(|token| {
        token.is_empty() || token.len() > LONGEST_TOKEN || !token.bytes().all(|b| b.is_ascii_graphic())
    }) {
        let why = "the cursor is not one that this release made: sweep from the beginning";
        return Err(AwsFailure::unsent(EC2, "DescribeSecurityGroups", why.to_owned()));
    }
    let call =
        ec2.describe_security_groups().filters(filter("owner-id", place.account.as_str())).max_results(ON_A_PAGE);
    let answer = call.set_next_token(cursor.map(str::to_owned)).send().await;
    let answer = answer.map_err(|error| AwsFailure::new(EC2, "DescribeSecurityGroups", &error))?;
    let (mut ids, mut odd) = (Vec::new(), Vec::new());
    for group in answer.security_groups() {
        let id = group.group_id().unwrap_or_default();
        match GroupId::new(id) {
            Ok(id) => ids.push(Target::Group(id)),
            Err(_) => odd.push(id.to_owned()),
        }
    }
    Ok(Page { ids, odd, next: answer.next_token.filter(|token| !token.is_empty()) })
}

/// The groups that `target` leads to, in whatever account they are.
pub(crate) async fn find(ec2: &Client, place: &Place, target: &Target) -> Result<Vec<(Place, Target)>, AwsFailure> {
    let found = match target {
        Target::Group(id) => BTreeSet::from([(place.account.clone(), id.clone())]),
        Target::Named(name) => {
            // Names are those of the default VPC, and a filter would take wildcards for what they say.
            let call = ec2.describe_security_groups().group_names(name.as_str());
            match call.send().await {
                Ok(answer) => groups(place, answer.security_groups()).collect(),
                Err(error) => match AwsFailure::new(EC2, "DescribeSecurityGroups", &error) {
                    failure if failure.kind == FailureKind::Gone => BTreeSet::new(),
                    failure => return Err(failure),
                },
            }
        }
        Target::DefaultOf(vpc) => {
            filtered(ec2, place, vec![filter("vpc-id", vpc.as_str()), filter("group-name", DEFAULT_NAME)]).await?
        }
        Target::Referring(list) => {
            settled(ec2, list).await?;
            let here = filtered(ec2, place, vec![filter("ip-permission.prefix-list-id", list.as_str())]);
            let (here, anywhere) = futures::join!(Box::pin(here), Box::pin(associated(ec2, list)));
            let mut found = here?;
            found.extend(anywhere?);
            found
        }
    };
    let at = |account: AccountId| Place { account, region: place.region.clone() };
    Ok(found.into_iter().map(|(account, id)| (at(account), Target::Group(id))).collect())
}

/// Waits until a change of the list is through, which takes seconds (EC2 user guide, "Work with customer-managed prefix lists");
/// before that its entries are the old ones. The event comes again when it takes longer.
async fn settled(ec2: &Client, list: &PrefixListId) -> Result<(), AwsFailure> {
    for wait in WAITS {
        let call = ec2.describe_managed_prefix_lists().prefix_list_ids(list.as_str());
        let answer = call.send().await;
        let answer = match answer.map_err(|error| AwsFailure::new(EC2, "DescribeManagedPrefixLists", &error)) {
            Ok(answer) => answer,
            Err(failure) if failure.kind.is_transient() || failure.expired() => return Err(failure),
            // Whatever it is, it does not say that a change is on its way.
            Err(_) => return Ok(()),
        };
        let states = answer.prefix_lists().iter().filter_map(|list| list.state());
        if !states.into_iter().any(|state| state.as_str().ends_with("-in-progress")) {
            return Ok(());
        }
        tokio::time::sleep(wait).await;
    }
    Err(AwsFailure {
        kind: FailureKind::NotYet,
        ..AwsFailure::unsent(EC2, "DescribeManagedPrefixLists", format!("{list} is being changed"))
    })
}

/// `DescribeSecurityGroups` by filters, to the end.
async fn filtered(
    ec2: &Client,
    place: &Place,
    filters: Vec<types::Filter>,
) -> Result<BTreeSet<(AccountId, GroupId)>, AwsFailure> {
    let call = ec2.describe_security_groups().set_filters(Some(filters)).max_results(1_000);
    let answer: Result<Vec<_>, _> = call.into_paginator().items().send().try_collect().await;
    let all = answer.map_err(|error| AwsFailure::new(EC2, "DescribeSecurityGroups", &error))?;
    Ok(groups(place, &all).collect())
}

/// Those of the place's own account.
fn groups(place: &Place, all: &[types::SecurityGroup]) -> impl Iterator<Item = (AccountId, GroupId)> {
    let own = |group: &&types::SecurityGroup| group.owner_id().is_none_or(|owner| owner == place.account.as_str());
    let ids = all.iter().filter(own).filter_map(|group| GroupId::new(group.group_id()?).ok());
    ids.map(|id| (place.account.clone(), id))
}

/// `GetManagedPrefixListAssociations`, to the end: who owns a list sees also the groups of the accounts it is shared with. A list
/// that somebody else shares with us is theirs to ask about, and their event is theirs.
async fn associated(ec2: &Client, list: &PrefixListId) -> Result<BTreeSet<(AccountId, GroupId)>, AwsFailure> {
    let call = ec2.get_managed_prefix_list_associations().prefix_list_id(list.as_str()).max_results(255);
    let answer: Result<Vec<_>, _> = call.into_paginator().items().send().try_collect().await;
    let all = match answer.map_err(|error| AwsFailure::new(EC2, "GetManagedPrefixListAssociations", &error)) {
        Ok(all) => all,
        Err(failure) if failure.kind.is_transient() || failure.expired() => return Err(failure),
        Err(failure) => {
            tracing::warn!(%failure, %list, "who else refers to the list could not be read");
            return Ok(BTreeSet::new());
        }
    };
    // Route tables and gateways refer to lists too.
    Ok(all
        .iter()
        .filter_map(|one| Some((AccountId::new(one.resource_owner()?).ok()?, GroupId::new(one.resource_id()?).ok()?)))
        .collect())
}

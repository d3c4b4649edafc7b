//! Reading the live state.

use std::collections::{BTreeMap, BTreeSet};

use aws_sdk_ec2::{Client, types};
use rectify_aws::{AwsFailure, Ended, Ends, Reading, reading, unreadable};
use rectify_controls::{
    Fact, Place, Selection, Tags, Unreadable,
    security_group::{Cidr, DEFAULT_HAS_RULES, DEFAULT_NAME, Facts, GroupId, Peer, PrefixListId},
};

use crate::{EC2, of_group, shape};

/// Rules on a page, at most (EC2 API reference, `DescribeSecurityGroupRules`).
const RULES_ON_A_PAGE: i32 = 1_000;

/// Entries on a page, at most (EC2 API reference, `GetManagedPrefixListEntries`).
const ENTRIES_ON_A_PAGE: i32 = 100;

/// Lists that are read at the same time.
const AT_ONCE: usize = 8;

/// Reads the group and its rules at the same time, and then what these refer to. `None` when the group is gone.
pub(crate) async fn observe(
    ec2: &Client,
    place: &Place,
    group: &GroupId,
    selection: &Selection,
) -> Result<Option<Facts>, AwsFailure> {
    let (about, rules) = futures::join!(
        Box::pin(described(ec2, group, shape::about)),
        Box::pin(rules(ec2, group, |rules| shape::rules(&rules))),
    );
    let mut ends = Ends::default();
    let (about, rules) = (ends.take(about), ends.take(rules));
    let facts = Facts {
        group: group.clone(),
        place: place.clone(),
        about,
        rules,
        lists: BTreeMap::new(),
        in_use: Fact::NotRead,
        called: BTreeMap::new(),
    };
    let Some(mut facts) = ends.or(facts)? else { return Ok(None) };

    let referred =
        facts.rules.known().into_iter().flat_map(|rules| &rules.ingress).filter_map(|rule| match &rule.what.peer {
            Peer::List(list) => Some(list.clone()),
            _ => None,
        });
    let wants_lists = selection.iter().any(|control| *control != DEFAULT_HAS_RULES);
    let referred: BTreeSet<PrefixListId> = referred.filter(|_| wants_lists).collect();
    let is_default = facts.about.known().is_some_and(|about| about.name == DEFAULT_NAME);
    let wants_use = is_default && selection.contains(DEFAULT_HAS_RULES);
    let (lists, in_use) = futures::join!(Box::pin(lists(ec2, referred)), async {
        if wants_use { Box::pin(in_use(ec2, group)).await } else { Ok(Fact::NotRead) }
    });
    let mut ends = Ends::default();
    facts.lists = lists.into_iter().map(|(list, entries)| (list, ends.take(entries))).collect();
    facts.in_use = ends.take(in_use);
    ends.or(facts)
}

/// `DescribeSecurityGroups` of one: the read that knows when it is gone, because the others then answer with nothing.
async fn described<T>(ec2: &Client, id: &GroupId, shape: fn(&types::SecurityGroup) -> T) -> Reading<T> {
    let answer = ec2.describe_security_groups().group_ids(id.as_str()).send().await;
    reading(EC2, "DescribeSecurityGroups", answer, None, |answer| {
        answer.security_groups().first().map(shape).ok_or_else(|| "no group in the answer".to_owned())
    })
}

/// The group's tags.
pub(crate) async fn tags(ec2: &Client, id: &GroupId) -> Fact<Tags> {
    match described(ec2, id, shape::group_tags).await {
        Ok(fact) => fact,
        Err(Ended::Refused(failure)) => Fact::Unreadable(unreadable(failure)),
        Err(Ended::Gone) => Fact::Unreadable(Unreadable {
            operation: "DescribeSecurityGroups".to_owned(),
            code: "InvalidGroup.NotFound".to_owned(),
            request_id: None,
        }),
    }
}

/// `DescribeSecurityGroupRules`, to the end.
pub(crate) async fn rules<T>(
    ec2: &Client,
    group: &GroupId,
    shape: impl FnOnce(Vec<types::SecurityGroupRule>) -> Result<T, String>,
) -> Reading<T> {
    let call = ec2.describe_security_group_rules().filters(of_group(group)).max_results(RULES_ON_A_PAGE);
    let answer: Result<Vec<_>, _> = call.into_paginator().items().send().try_collect().await;
    reading(EC2, "DescribeSecurityGroupRules", answer, None, shape)
}

/// The entries of every list, a few lists at a time.
async fn lists(ec2: &Client, lists: BTreeSet<PrefixListId>) -> Vec<(PrefixListId, Reading<Vec<Cidr>>)> {
    use futures::StreamExt as _;
    let reads = lists.into_iter().map(|list| async {
        let entries = Box::pin(entries(ec2, &list)).await;
        (list, entries)
    });
    futures::stream::iter(reads).buffer_unordered(AT_ONCE).collect().await
}

/// `GetManagedPrefixListEntries`, to the end. A list that is not there lets nobody in; the group it stood in is still there.
async fn entries(ec2: &Client, list: &PrefixListId) -> Reading<Vec<Cidr>> {
    let call = ec2.get_managed_prefix_list_entries().prefix_list_id(list.as_str()).max_results(ENTRIES_ON_A_PAGE);
    let answer: Result<Vec<_>, _> = call.into_paginator().items().send().try_collect().await;
    match reading(EC2, "GetManagedPrefixListEntries", answer, None, |entries| shape::entries(&entries)) {
        Err(Ended::Gone) => Ok(Fact::Known(Vec::new())),
        read => read,
    }
}

/// `DescribeNetworkInterfaces` of one group: the first that uses it is enough.
async fn in_use(ec2: &Client, group: &GroupId) -> Reading<bool> {
    let call = ec2.describe_network_interfaces().filters(of_group(group)).max_results(5);
    let mut pages = call.into_paginator().send();
    // A page can be empty and not the last.
    while let Some(answer) = pages.next().await {
        let used =
            reading(EC2, "DescribeNetworkInterfaces", answer, None, |page| Ok(!page.network_interfaces().is_empty()))?;
        if used != Fact::Known(false) {
            return Ok(used);
        }
    }
    Ok(Fact::Known(false))
}

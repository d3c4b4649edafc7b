//! Making a change.

use std::collections::BTreeMap;

use aws_sdk_ec2::{Client, types};
use rectify_aws::{AwsFailure, Ended, done};
use rectify_controls::{
    Fact, Unreadable,
    security_group::{Allowed, Change, GroupId, Notes, Rule, Stand},
};

use crate::{EC2, observe, shape};

/// Codes that say that the group stands otherwise than it was read a moment ago: read it again. No group has two rules with
/// one content, so the rule that is there already is the one that was wanted.
const STALE: [&str; 3] =
    ["InvalidPermission.Duplicate", "InvalidPermission.NotFound", "InvalidSecurityGroupRuleId.NotFound"];

/// How often the group is read again before somebody else is let go first.
const TRIES: usize = 3;

/// Makes the rules that `change` names stand as it says, and touches no other: what stands so already is left alone.
pub(crate) async fn apply(ec2: &Client, group: &GroupId, change: &Change) -> Result<(), AwsFailure> {
    let mut tries = 0;
    loop {
        tries += 1;
        match make(ec2, group, change).await {
            Err(failure) if tries < TRIES && STALE.iter().any(|code| failure.code_is(code)) => {}
            made => return made,
        }
    }
}

async fn make(ec2: &Client, group: &GroupId, change: &Change) -> Result<(), AwsFailure> {
    let (stands, egress) = match change {
        Change::Ingress(stands) => (stands, false),
        Change::Egress(stands) => (stands, true),
    };
    let rules = match observe::rules(ec2, group, Ok).await {
        Ok(Fact::Known(rules)) => rules,
        Ok(Fact::Unreadable(why)) => return Err(unread(&why)),
        Ok(Fact::NotRead) | Err(Ended::Gone) => Vec::new(),
        Err(Ended::Refused(failure)) => return Err(failure),
    };
    let mut there: BTreeMap<Allowed, (Option<&str>, Notes)> = BTreeMap::new();
    for one in rules.iter().filter(|rule| rule.is_egress().unwrap_or(false) == egress) {
        // A rule that is not understood is none of those that the change names.
        if let Ok(Rule { what, notes }) = shape::rule(one) {
            there.insert(what, (one.security_group_rule_id(), notes));
        }
    }
    // What hangs on a rule cannot be taken off it whole: one that is to be there with other notes is put back as a new one.
    let stands_already = |stand: &Stand| there.get(&stand.rule).map(|(_, notes)| notes) == stand.notes.as_ref();
    let open: Vec<&Stand> = stands.iter().filter(|stand| !stands_already(stand)).collect();
    let ids: Vec<String> = open.iter().filter_map(|stand| there.get(&stand.rule)?.0.map(str::to_owned)).collect();
    if !ids.is_empty() {
        revoke(ec2, group, egress, ids).await?;
    }
    // One call per set of tags, because a call gives all its rules the same.
    let mut missing: BTreeMap<&BTreeMap<String, String>, Vec<types::IpPermission>> = BTreeMap::new();
    for stand in open {
        if let Some(notes) = &stand.notes {
            let permission = shape::permission(&stand.rule, notes.description.as_deref());
            missing.entry(&notes.tags).or_default().push(permission);
        }
    }
    for (tags, permissions) in missing {
        authorise(ec2, group, egress, permissions, shape::tags(tags)).await?;
    }
    Ok(())
}

async fn revoke(ec2: &Client, group: &GroupId, egress: bool, ids: Vec<String>) -> Result<(), AwsFailure> {
    let group = group.as_str();
    if egress {
        let call = ec2.revoke_security_group_egress().group_id(group).set_security_group_rule_ids(Some(ids));
        done(EC2, "RevokeSecurityGroupEgress", call.send().await)
    } else {
        let call = ec2.revoke_security_group_ingress().group_id(group).set_security_group_rule_ids(Some(ids));
        done(EC2, "RevokeSecurityGroupIngress", call.send().await)
    }
}

async fn authorise(
    ec2: &Client,
    group: &GroupId,
    egress: bool,
    permissions: Vec<types::IpPermission>,
    tags: Option<types::TagSpecification>,
) -> Result<(), AwsFailure> {
    let (group, permissions, tags) = (group.as_str(), Some(permissions), tags.map(|tags| vec![tags]));
    if egress {
        let call = ec2.authorize_security_group_egress().group_id(group).set_ip_permissions(permissions);
        done(EC2, "AuthorizeSecurityGroupEgress", call.set_tag_specifications(tags).send().await)
    } else {
        let call = ec2.authorize_security_group_ingress().group_id(group).set_ip_permissions(permissions);
        done(EC2, "AuthorizeSecurityGroupIngress", call.set_tag_specifications(tags).send().await)
    }
}

/// Rules that cannot be read cannot be named.
fn unread(why: &Unreadable) -> AwsFailure {
    AwsFailure::unsent(EC2, "apply the change", format!("{} was refused: {}", why.operation, why.code))
}

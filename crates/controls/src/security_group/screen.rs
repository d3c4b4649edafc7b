//! Which groups an event is about, and whether what it asks for already looks like a breach.

use std::collections::BTreeSet;

use rectify_event::{Detail, Event, Params, Record};
use serde_json::Value;

use super::{Cidr, GroupId, GroupName, PrefixListId, Target, VpcId, book, events::EVENTS};
use crate::{
    Ignored, Screen, Selection, Trigger,
    asked::text,
    book::all,
    screen::{self, Configured, bounded, named},
};

type Screened = Result<Screen<Target>, Ignored>;

/// See [`crate::Kind::screen`].
pub(super) fn screen(event: &Event<'_>) -> Screen<Target> {
    let screened = match &event.detail {
        Detail::ApiCall(record) => api_call(record),
        Detail::ConfigItem(item) => screen::config_item(item).and_then(|item| of_config(&item)),
        Detail::ConfigCompliance(change) => screen::config_compliance(change).and_then(|item| of_config(&item)),
        Detail::SecurityHub(found) => {
            screen::security_hub(found, &["AwsEc2SecurityGroup"]).and_then(|ids| look(of_arns(event, &ids)?))
        }
        _ => Err(Ignored::NotOurs),
    };
    screened.unwrap_or_else(Screen::Ignore)
}

fn api_call(record: &Record<'_>) -> Screened {
    let trigger = screen::api_call(record, EVENTS)?;
    let (request, response) = (record.request(), record.response());
    let target = match trigger.name {
        "AuthorizeSecurityGroupIngress" | "AuthorizeSecurityGroupEgress" => called(trigger.id, &request, &response)?,
        "CreateSecurityGroup" => Target::Group(GroupId::of_event(answered(trigger, &response)?)?),
        "CreateVpc" | "CreateDefaultVpc" => Target::DefaultOf(VpcId::of_event(answered(trigger, &response)?)?),
        "ModifySecurityGroupRules" => Target::Group(GroupId::of_event(asked(trigger.id, &request)?)?),
        _ => Target::Referring(PrefixListId::of_event(asked(trigger.id, &request)?)?),
    };
    Ok(Screen::Look {
        targets: vec![target],
        selection: trigger.controls.iter().copied().collect(),
        suspicious: looks_like_a_breach(trigger.name, &request),
    })
}

/// The group by its id, or by the id that the answer has; by its name where a caller of old gave nothing else.
/// `path` is where the request has the id.
pub(super) fn called(path: &str, request: &Params, response: &Params) -> Result<Target, Ignored> {
    if let Some(id) = request.str(path).filter(|id| !id.is_empty()) {
        return GroupId::of_event(id).map(Target::Group);
    }
    let sets = ["securityGroupRuleSet/items", "revokedSecurityGroupRuleSet/items"];
    let rules = sets.into_iter().flat_map(|set| response.list(set));
    let ids: BTreeSet<&str> = rules.filter_map(|rule| text(rule, "groupId")).collect();
    if let Some(id) = ids.first().filter(|_| ids.len() == 1) {
        return GroupId::of_event(id).map(Target::Group);
    }
    match request.str("groupName").filter(|name| !name.is_empty()) {
        Some(name) => GroupName::of_event(name).map(Target::Named),
        // Says what is missing.
        None => named(request, path).and_then(GroupId::of_event).map(Target::Group),
    }
}

/// The newer operations are recorded in a wrapper; whether every one is, no sample shows, so the bare name is taken too.
pub(super) fn asked<'a>(path: &str, request: &'a Params) -> Result<&'a str, Ignored> {
    let bare = path.rsplit('/').next().unwrap_or(path);
    if request.get(path).is_none() && request.get(bare).is_some() {
        return named(request, bare);
    }
    named(request, path)
}

fn answered<'a>(trigger: &Trigger, response: &'a Params) -> Result<&'a str, Ignored> {
    let path = trigger.id.strip_prefix("responseElements/").unwrap_or(trigger.id);
    let missing = || Ignored::NoResource(format!("`responseElements.{path}` is missing or cannot be read"));
    response.str(path).ok_or_else(missing).and_then(bounded)
}

fn of_config(item: &Configured<'_>) -> Screened {
    match item.kind {
        Some("AWS::EC2::SecurityGroup") => look(vec![Target::Group(GroupId::of_event(item.id()?)?)]),
        _ => Err(Ignored::NotOurs),
    }
}

/// Groups by id, or by an ARN of the account that the event is of.
fn of_arns(event: &Event<'_>, ids: &[&str]) -> Result<Vec<Target>, Ignored> {
    let account = screen::account(event)?;
    let group = |id: &str| match bounded(id)?.strip_prefix("arn:") {
        None => GroupId::of_event(id).map(Target::Group),
        Some(arn) => match arn.splitn(5, ':').collect::<Vec<_>>().as_slice() {
            [_, "ec2", _, owner, resource] if *owner == account.as_str() => {
                let id = resource.strip_prefix("security-group/").unwrap_or(resource);
                GroupId::of_event(id).map(Target::Group)
            }
            _ => Err(Ignored::NoResource(format!("`{id}` is no ARN of a security group of this account"))),
        },
    };
    ids.iter().map(|id| group(id)).collect()
}

fn look(targets: Vec<Target>) -> Screened {
    let selection: Selection = all(book::CONTROLS);
    Ok(Screen::Look { targets, selection, suspicious: false })
}

/// Whether the request names anywhere, or a prefix list, which may hold it. When the live state is clean although the request was
/// not, the guard looks once more, because reads can be older than the event: too wary is right, too trusting is not.
fn looks_like_a_breach(event_name: &str, request: &Params) -> bool {
    if !request.is_readable() {
        return true;
    }
    match event_name {
        // Has no ingress rule at birth.
        "CreateSecurityGroup" => false,
        // A new VPC always has a default group with rules, an old version of a list can hold anything.
        "CreateVpc" | "CreateDefaultVpc" | "RestoreManagedPrefixListVersion" => true,
        "ModifyManagedPrefixList" => opens(request.value(), 0),
        "AuthorizeSecurityGroupEgress" => false,
        _ => opens(request.value(), 0),
    }
}

/// Whether a range that is anywhere, or the id of a prefix list in a rule, stands in `value`, however the caller spelt the request.
fn opens(value: &Value, depth: usize) -> bool {
    if depth > 24 {
        return true;
    }
    match value {
        Value::Object(fields) => fields.iter().any(|(key, value)| match value.as_str() {
            Some(text) if is(key, &["cidrIp", "cidrIpv6", "cidrIpv4", "cidr"]) => {
                Cidr::parse(text).is_ok_and(|range| range.is_anywhere())
            }
            // Of a rule; the list that is changed is named in the wrapper itself, on the second level.
            Some(_) if is(key, &["prefixListId"]) => depth > 1,
            _ => opens(value, depth + 1),
        }),
        Value::Array(items) => items.iter().any(|item| opens(item, depth + 1)),
        _ => false,
    }
}

fn is(key: &str, names: &[&str]) -> bool {
    names.iter().any(|name| key.eq_ignore_ascii_case(name))
}

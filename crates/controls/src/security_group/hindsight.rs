//! What calls tell of a group without looking at it: what a replay of logs judges on.
//!
//! Of a group that the log did not see being made only the rules that the log saw are known. That is enough for a breach: a rule that
//! offends does so whatever others there are. Without one, it says only that the log opened nothing.

use std::collections::BTreeMap;

use rectify_event::{Event, Params, Record};
use serde_json::Value;

use super::{
    About, Allowed, Called, Cidr, Facts, GroupRef, Notes, Peer, PrefixListId, Rule, RuleSet, Target,
    facts::Protocol,
    screen::{asked, called},
};
use crate::{
    Fact, Place,
    asked::{done, each, field, hint, is_empty, scalar, text, whole},
};

const SOURCE: &str = "ec2.amazonaws.com";

/// See [`crate::Kind::HINTS`].
pub(super) const HINTS: &[(&str, &str)] =
    &[(SOURCE, "RevokeSecurityGroupIngress"), (SOURCE, "RevokeSecurityGroupEgress"), (SOURCE, "DeleteSecurityGroup")];

/// See [`crate::Kind::hinted`].
pub(super) fn hinted(event: &Event<'_>) -> Vec<Target> {
    hint(event, HINTS).and_then(of_hint).into_iter().collect()
}

fn of_hint(record: &Record<'_>) -> Option<Target> {
    called("groupId", &record.request(), &record.response()).ok()
}

/// See [`crate::Kind::unseen`]. What leads to groups is none.
pub(super) fn unseen(id: &Target, place: &Place) -> Option<Facts> {
    let Target::Group(group) = id else { return None };
    Some(Facts {
        group: group.clone(),
        place: place.clone(),
        about: Fact::NotRead,
        rules: Fact::NotRead,
        lists: BTreeMap::new(),
        in_use: Fact::NotRead,
        called: BTreeMap::new(),
    })
}

/// See [`crate::Kind::gone`].
pub(super) fn gone(id: &Target, event: &Event<'_>) -> bool {
    hint(event, HINTS)
        .is_some_and(|record| record.event_name == "DeleteSecurityGroup" && of_hint(record).as_ref() == Some(id))
}

/// See [`crate::Kind::learn`].
pub(super) fn learn(facts: &mut Facts, event: &Event<'_>) {
    let Some(record) = done(event).filter(|record| record.event_source == SOURCE) else { return };
    let (request, response) = (record.request(), record.response());
    let is_about = |target: Option<Target>| target.is_some_and(|id| id == Target::Group(facts.group.clone()));
    let named = || called("groupId", &request, &response).ok();
    match record.event_name.as_ref() {
        "CreateSecurityGroup" if is_about(response.str("groupId").and_then(group)) => created(facts, &request),
        "AuthorizeSecurityGroupIngress" if is_about(named()) => authorised(facts, &request, &response, false),
        "AuthorizeSecurityGroupEgress" if is_about(named()) => authorised(facts, &request, &response, true),
        "RevokeSecurityGroupIngress" if is_about(named()) => revoked(facts, &request, &response, false),
        "RevokeSecurityGroupEgress" if is_about(named()) => revoked(facts, &request, &response, true),
        "ModifySecurityGroupRules" if is_about(asked(MODIFIED, &request).ok().and_then(group)) => {
            modified(facts, &request);
        }
        "DeleteSecurityGroup" if is_about(named()) => {
            if let Some(unseen) = unseen(&Target::Group(facts.group.clone()), &facts.place) {
                *facts = unseen;
            }
        }
        _ => {}
    }
}

const MODIFIED: &str = "ModifySecurityGroupRulesRequest/GroupId";

fn group(id: &str) -> Option<Target> {
    super::GroupId::of_event(id).ok().map(Target::Group)
}

/// A new group lets nobody in and everybody out (EC2 user guide, "Security group rules").
fn created(facts: &mut Facts, request: &Params) {
    let about = |name: &str| About { name: name.to_owned(), owner: None, vpc: request.str("vpcId").map(str::to_owned) };
    facts.about = crate::asked::told(request.str("groupName").map(about));
    let out = Allowed { protocol: "-1".to_owned(), from: -1, to: -1, peer: Peer::Range(Cidr::EVERYWHERE) };
    facts.rules =
        Fact::Known(RuleSet { ingress: Vec::new(), egress: vec![Rule { what: out, notes: Notes::default() }] });
    facts.called.clear();
}

fn authorised(facts: &mut Facts, request: &Params, response: &Params, egress: bool) {
    let answered = rules_of_answer(response, "securityGroupRuleSet");
    let added = answered.or_else(|| Some(rules_of_request(request)?.into_iter().map(|what| (None, what)).collect()));
    match added {
        Some(added) => {
            for (id, what) in added {
                add(facts, id, what, egress);
            }
        }
        None => forget(facts),
    }
}

fn revoked(facts: &mut Facts, request: &Params, response: &Params, egress: bool) {
    let answered = rules_of_answer(response, "revokedSecurityGroupRuleSet");
    let ids = ids(request);
    if let Some(taken) = answered {
        taken.into_iter().for_each(|(_, what)| remove(facts, &what, egress));
    } else if !ids.is_empty() {
        ids.into_iter().for_each(|id| remove_called(facts, &id, egress));
    } else {
        match rules_of_request(request) {
            Some(taken) => taken.into_iter().for_each(|what| remove(facts, &what, egress)),
            None => forget(facts),
        }
    }
}

/// A rule that changes keeps its id. Of one that the log has not seen nobody knows what it was, or which way it goes.
fn modified(facts: &mut Facts, request: &Params) {
    let wrapped = request.get("ModifySecurityGroupRulesRequest/SecurityGroupRule");
    let updates = each(wrapped.or_else(|| request.get("SecurityGroupRule")));
    let read = |update: &&Value| {
        let id = text(update, "SecurityGroupRuleId")?.to_owned();
        let mut new = rules_of(field(update, "SecurityGroupRule")?)?;
        let what = new.pop().filter(|_| new.is_empty())?;
        let before = facts.called.get(&id)?;
        Some((id, before.clone(), what))
    };
    let changes: Option<Vec<_>> = updates.iter().map(read).collect();
    match changes.filter(|changes| !changes.is_empty()) {
        Some(changes) => {
            for (_, before, _) in &changes {
                remove(facts, &before.what, before.egress);
            }
            for (id, before, what) in changes {
                add(facts, Some(id), what, before.egress);
            }
        }
        None => forget(facts),
    }
}

fn forget(facts: &mut Facts) {
    facts.rules = Fact::NotRead;
    facts.called.clear();
}

fn add(facts: &mut Facts, id: Option<String>, what: Allowed, egress: bool) {
    if facts.rules.known().is_none() {
        facts.rules = Fact::Known(RuleSet::default());
    }
    let Some(rules) = facts.rules.known_mut() else { return };
    let rules = if egress { &mut rules.egress } else { &mut rules.ingress };
    if !rules.iter().any(|rule| rule.what == what) {
        rules.push(Rule { what: what.clone(), notes: Notes::default() });
        rules.sort();
    }
    if let Some(id) = id {
        facts.called.insert(id, Called { egress, what });
    }
}

fn remove(facts: &mut Facts, what: &Allowed, egress: bool) {
    facts.called.retain(|_, called| called.egress != egress || called.what != *what);
    if let Some(rules) = facts.rules.known_mut() {
        let rules = if egress { &mut rules.egress } else { &mut rules.ingress };
        rules.retain(|rule| rule.what != *what);
    }
}

/// A rule whose id the log has not seen is none of those whose ids it has; it may be any of the others.
fn remove_called(facts: &mut Facts, id: &str, egress: bool) {
    if let Some(called) = facts.called.get(id).cloned() {
        remove(facts, &called.what, called.egress);
        return;
    }
    let Some(rules) = facts.rules.known() else { return };
    let rules = if egress { &rules.egress } else { &rules.ingress };
    let has_id = |rule: &Rule| facts.called.values().any(|one| one.egress == egress && one.what == rule.what);
    if !rules.iter().all(has_id) {
        forget(facts);
    }
}

/// `securityGroupRuleIds`, in the shapes that lists have.
fn ids(request: &Params) -> Vec<String> {
    let wrapped = request.get("securityGroupRuleIds/items").or_else(|| request.get("securityGroupRuleIds"));
    let id = |value: &Value| match value {
        Value::String(id) => Some(id.clone()),
        other => ["securityGroupRuleId", "item"].iter().find_map(|name| text(other, name)).map(str::to_owned),
    };
    each(wrapped).into_iter().filter_map(id).collect()
}

type Named = Vec<(Option<String>, Allowed)>;

/// The rules in an answer, with their ids; `None` when it has none, or one that is not understood.
fn rules_of_answer(response: &Params, set: &str) -> Option<Named> {
    let rules = each(response.get(&format!("{set}/items")));
    let named = |rule: &Value| {
        let mut read = rules_of(rule)?;
        let what = read.pop().filter(|_| read.is_empty())?;
        Some((text(rule, "securityGroupRuleId").map(str::to_owned), what))
    };
    (!rules.is_empty()).then(|| rules.into_iter().map(named).collect::<Option<Named>>())?
}

/// The rules that a request names: as a list of permissions, or flat, as a caller may still write a single one.
fn rules_of_request(request: &Params) -> Option<Vec<Allowed>> {
    let listed = request.get("ipPermissions/items").or_else(|| request.get("ipPermissions"));
    let mut permissions = each(listed);
    let is_flat = !is_empty(request.get("ipProtocol"))
        || ["cidrIp", "sourceSecurityGroupName", "sourceSecurityGroupId"]
            .iter()
            .any(|name| request.get(name).is_some());
    if is_flat {
        permissions.push(request.value());
    }
    let rules: Vec<Vec<Allowed>> = permissions.into_iter().map(rules_of).collect::<Option<_>>()?;
    (!rules.is_empty()).then(|| rules.into_iter().flatten().collect())
}

/// The rules of one permission, or the one of a newer description; `None` when anything in it is not understood, or it has no other
/// side.
fn rules_of(permission: &Value) -> Option<Vec<Allowed>> {
    let protocol = scalar(field(permission, "ipProtocol")?)?;
    let port = |name| match field(permission, name) {
        none if is_empty(none) => Some(None),
        some => whole(some?).map(Some),
    };
    let (protocol, from, to) = plain(&protocol, port("fromPort")?, port("toPort")?)?;
    let peers = peers(permission)?;
    let rule = |peer| Allowed { protocol: protocol.clone(), from, to, peer };
    (!peers.is_empty()).then(|| peers.into_iter().map(rule).collect())
}

/// Protocol and ports as EC2 describes them, however they were asked for.
fn plain(protocol: &str, from: Option<i32>, to: Option<i32>) -> Option<(String, i32, i32)> {
    let asked = Allowed { protocol: protocol.trim().to_owned(), from: -1, to: -1, peer: Peer::Range(Cidr::EVERYWHERE) };
    Some(match asked.class() {
        Protocol::All => ("-1".to_owned(), -1, -1),
        class @ (Protocol::Tcp | Protocol::Udp) => {
            let name = if class == Protocol::Tcp { "tcp" } else { "udp" };
            match (from?, to?) {
                (-1, _) => (name.to_owned(), 0, 65_535),
                (from, to) => (name.to_owned(), from, to),
            }
        }
        Protocol::Icmp => ("icmp".to_owned(), from.unwrap_or(-1), to.unwrap_or(-1)),
        Protocol::IcmpV6 => ("icmpv6".to_owned(), from.unwrap_or(-1), to.unwrap_or(-1)),
        Protocol::Other => (asked.protocol.to_ascii_lowercase(), -1, -1),
    })
}

fn peers(permission: &Value) -> Option<Vec<Peer>> {
    let mut peers = Vec::new();
    let lists = [
        ("ipRanges", "cidrIp", ["cidrIp", "cidrIpv4"]),
        ("ipv6Ranges", "cidrIpv6", ["cidrIpv6", "cidrIp"]),
        ("prefixListIds", "prefixListId", ["prefixListId", "item"]),
        ("groups", "groupId", ["groupId", "groupName"]),
    ];
    for (list, kind, names) in lists {
        let Some(list) = field(permission, list).filter(|list| !is_empty(Some(list))) else { continue };
        let items = field(list, "items").map_or_else(|| each(Some(list)), |items| each(Some(items)));
        for item in items {
            let id = names.iter().find_map(|name| text(item, name).filter(|text| !text.is_empty()))?;
            peers.push(peer(kind, id)?);
        }
    }
    let flat = ["cidrIp", "cidrIpv4", "cidrIpv6", "prefixListId", "referencedGroupId", "sourceSecurityGroupId"];
    for name in flat.into_iter().chain(["sourceSecurityGroupName"]) {
        if let Some(value) = field(permission, name).filter(|value| !is_empty(Some(value))) {
            peers.push(peer(name, value.as_str()?)?);
        }
    }
    let nested = field(permission, "referencedGroupInfo").or_else(|| field(permission, "referencedGroup"));
    if let Some(id) = nested.and_then(|group| text(group, "groupId")) {
        peers.push(Peer::Group(GroupRef { id: id.to_owned(), owner: None, vpc: None, peering: None }));
    }
    Some(peers)
}

fn peer(name: &str, id: &str) -> Option<Peer> {
    match name {
        "cidrIp" | "cidrIpv4" | "cidrIpv6" => Cidr::parse(id.trim()).ok().map(Peer::Range),
        "prefixListId" => PrefixListId::new(id).ok().map(Peer::List),
        // A group is the same one whether or not a record says whose it is.
        _ => Some(Peer::Group(GroupRef { id: id.to_owned(), owner: None, vpc: None, peering: None })),
    }
}

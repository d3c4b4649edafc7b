//! The rules of security groups, from outside: breaches and near misses, properties, events.

#![expect(clippy::unwrap_used, clippy::panic, clippy::indexing_slicing, reason = "helpers of tests")]

mod cases;
mod hindsight;
#[path = "../laws/mod.rs"]
mod laws;
mod options;
#[path = "../past/mod.rs"]
mod past;
mod properties;
mod screen;

use std::collections::BTreeMap;

use rectify_controls::{
    AccountId, Fact, Finding, Kind, Place, Region, Selection, Unreadable,
    security_group::{
        About, Allowed, Change, Cidr, Facts, GroupId, GroupRef, Notes, Peer, PrefixListId, Rule, RuleSet, Rules,
        SecurityGroup,
    },
};

const ADMIN: &str = "sg-ingress-any-admin-port";
const ALL: &str = "sg-ingress-any-all-ports";
const HIGH_RISK: &str = "sg-ingress-any-high-risk-port";
const UNAUTHORISED: &str = "sg-ingress-any-unauthorised-port";
const DEFAULT: &str = "sg-default-has-rules";

fn place() -> Place {
    Place { account: AccountId::new("123456789012").unwrap(), region: Region::new("eu-central-1").unwrap() }
}

fn list(id: &str) -> PrefixListId {
    PrefixListId::new(id).unwrap()
}

fn range(text: &str) -> Cidr {
    Cidr::parse(text).unwrap()
}

fn refused<T>() -> Fact<T> {
    Fact::Unreadable(Unreadable { operation: "Read".into(), code: "UnauthorizedOperation".into(), request_id: None })
}

/// `tcp 22 0.0.0.0/0`, `udp 20-30 ::/0`, `-1 any pl-1`, `icmp 8/-1 sg-1`.
fn rule(text: &str) -> Rule {
    let parts: Vec<&str> = text.split(' ').collect();
    let number = |text: &str| text.parse::<i32>().unwrap();
    let (from, to) = match parts[1].split_once(['/', '-']).filter(|(from, _)| !from.is_empty()) {
        Some((from, to)) => (number(from), number(to)),
        None if parts[1] == "any" => (-1, -1),
        None => (number(parts[1]), number(parts[1])),
    };
    let peer = match parts[2] {
        id if id.starts_with("pl-") => Peer::List(list(id)),
        id if id.starts_with("sg-") => {
            Peer::Group(GroupRef { id: id.into(), owner: Some("123456789012".into()), vpc: None, peering: None })
        }
        text => Peer::Range(range(text)),
    };
    Rule { what: Allowed { protocol: parts[0].into(), from, to, peer }, notes: Notes::default() }
}

fn group(ingress: &[&str]) -> Facts {
    let mut ingress: Vec<Rule> = ingress.iter().map(|text| rule(text)).collect();
    ingress.sort();
    Facts {
        group: GroupId::new("sg-0a1b2c3d").unwrap(),
        place: place(),
        about: Fact::Known(About {
            name: "web".into(),
            owner: Some(place().account),
            vpc: Some("vpc-0a1b2c3d".into()),
        }),
        rules: Fact::Known(RuleSet { ingress, egress: vec![rule("-1 any 0.0.0.0/0")] }),
        lists: BTreeMap::new(),
        in_use: Fact::NotRead,
        called: BTreeMap::new(),
    }
}

fn with_list(mut facts: Facts, id: &str, entries: &[&str]) -> Facts {
    facts.lists.insert(list(id), Fact::Known(entries.iter().map(|text| range(text)).collect()));
    facts
}

fn judged(facts: &Facts, rules: &Rules, control: &'static str) -> Vec<Finding<Change>> {
    SecurityGroup::judge(facts, rules, &Selection::from([control]))
}

/// The rules that `control` says offend, as its change takes them away; nothing when it is not broken.
fn offending(facts: &Facts, control: &'static str) -> Vec<String> {
    let findings = judged(facts, &Rules::default(), control);
    findings.iter().flat_map(|finding| &finding.evidence).map(|evidence| evidence.value.clone()).collect()
}

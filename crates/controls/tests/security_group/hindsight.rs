//! What logs tell of security groups.

use std::collections::BTreeMap;

use proptest::prelude::*;
use rectify_controls::{Fact, security_group::*};
use serde_json::{Value, json};

use crate::past::Past;

const ADMIN: &str = "sg-ingress-any-admin-port";
const OTHER: &str = "sg-ingress-any-unauthorised-port";
const ALL: &str = "sg-ingress-any-all-ports";
const DEFAULT: &str = "sg-default-has-rules";

const ID: &str = "sg-0a1b2c3d4e5f60718";

fn group() -> Past<SecurityGroup> {
    Past::of("ec2.amazonaws.com", "eu-central-1", &Target::Group(GroupId::new(ID).unwrap()))
}

fn ssh(range: &str) -> Value {
    json!({"groupId": ID, "ipPermissions": {"items": [{
        "ipProtocol": "tcp", "fromPort": 22, "toPort": 22, "groups": {}, "ipv6Ranges": {}, "prefixListIds": {},
        "ipRanges": {"items": [{"cidrIp": range, "description": "temporary"}]}
    }]}})
}

fn flat(protocol: &str, port: i32) -> Value {
    json!({"groupId": ID, "ipPermissions": {}, "ipProtocol": protocol, "fromPort": port, "toPort": port, "cidrIp": "0.0.0.0/0"})
}

fn answer(set: &str, id: &str, range: &str) -> Value {
    json!({"_return": true, set: {"items": [{
        "groupId": ID, "securityGroupRuleId": id, "isEgress": false, "ipProtocol": "tcp", "fromPort": 22, "toPort": 22,
        "cidrIpv4": range
    }]}})
}

/// With an answer that has ids.
fn allow(mut past: Past<SecurityGroup>, id: &str, range: &str) -> Past<SecurityGroup> {
    past.answered("AuthorizeSecurityGroupIngress", ssh(range), answer("securityGroupRuleSet", id, range));
    past
}

fn by_id(ids: &[&str]) -> Value {
    let ids: Vec<Value> = ids.iter().map(|id| json!({"securityGroupRuleId": id})).collect();
    json!({"groupId": ID, "securityGroupRuleIds": {"items": ids}})
}

#[test]
fn what_one_call_opens_another_closes() {
    group()
        .is(ADMIN, "unknown")
        .call("AuthorizeSecurityGroupIngress", ssh("0.0.0.0/0"))
        .is(ADMIN, "live")
        .call("RevokeSecurityGroupIngress", flat("6", 22))
        .is(ADMIN, "nothing");
    group()
        .call("AuthorizeSecurityGroupIngress", flat("tcp", 22))
        .is(ADMIN, "live")
        .call("RevokeSecurityGroupIngress", ssh("0.0.0.0/0"))
        .is(ADMIN, "nothing");
}

/// Near misses: what is taken away was not what let everyone in.
#[test]
fn another_rule_that_goes_closes_nothing() {
    let open = || group().call("AuthorizeSecurityGroupIngress", ssh("0.0.0.0/0"));
    open().call("RevokeSecurityGroupIngress", ssh("203.0.113.0/24")).is(ADMIN, "live");
    open().call("RevokeSecurityGroupIngress", flat("tcp", 3389)).is(ADMIN, "live");
    open().call("RevokeSecurityGroupEgress", ssh("0.0.0.0/0")).is(ADMIN, "live");
    let mut other = flat("tcp", 22);
    other["groupId"] = "sg-11112222333344445".into();
    open().call("RevokeSecurityGroupIngress", other).is(ADMIN, "live");
    // Nobody saw which rule that was.
    open().call("RevokeSecurityGroupIngress", by_id(&["sgr-1"])).is(ADMIN, "unknown");
    // Whose id is known is another rule.
    let known = allow(group(), "sgr-1", "0.0.0.0/0");
    let known = known.call("RevokeSecurityGroupIngress", by_id(&["sgr-2"])).is(ADMIN, "live");
    known.call("RevokeSecurityGroupIngress", by_id(&["sgr-1"])).is(ADMIN, "nothing");
}

#[test]
fn two_halves_in_two_calls_are_one_breach() {
    group()
        .call("AuthorizeSecurityGroupIngress", ssh("0.0.0.0/1"))
        .call("RevokeSecurityGroupIngress", ssh("10.0.0.0/8"))
        .call("AuthorizeSecurityGroupIngress", ssh("128.0.0.0/1"))
        .is(ADMIN, "live")
        .call("RevokeSecurityGroupIngress", ssh("0.0.0.0/1"))
        .call("RevokeSecurityGroupIngress", ssh("128.0.0.0/1"))
        .is(ADMIN, "nothing");
}

#[test]
fn an_answer_says_what_was_taken_away() {
    let mut past = group().call("AuthorizeSecurityGroupIngress", ssh("0.0.0.0/0"));
    past.answered(
        "RevokeSecurityGroupIngress",
        by_id(&["sgr-1"]),
        answer("revokedSecurityGroupRuleSet", "sgr-1", "0.0.0.0/0"),
    );
    past.is(ADMIN, "nothing");
}

#[test]
fn a_rule_that_changes_keeps_its_id() {
    let change = |id: &str, range: &str| {
        json!({"ModifySecurityGroupRulesRequest": {"GroupId": ID, "SecurityGroupRule": {
            "SecurityGroupRuleId": id, "tag": 1,
            "SecurityGroupRule": {"IpProtocol": "tcp", "FromPort": 22, "ToPort": 22, "CidrIpv4": range}
        }}})
    };
    let past = allow(group(), "sgr-1", "203.0.113.0/24").is(ADMIN, "nothing");
    let past = past.call("ModifySecurityGroupRules", change("sgr-1", "0.0.0.0/0")).is(ADMIN, "live");
    let past = past.call("ModifySecurityGroupRules", change("sgr-1", "203.0.113.0/24")).is(ADMIN, "nothing");
    // Nobody saw which way this one goes.
    past.call("ModifySecurityGroupRules", change("sgr-9", "0.0.0.0/0")).is(ADMIN, "unknown");
}

#[test]
fn a_new_group_is_known() {
    let mut past = group();
    past.answered(
        "CreateSecurityGroup",
        json!({"groupName": "web", "groupDescription": "web", "vpcId": "vpc-1"}),
        json!({"groupId": ID, "_return": true}),
    );
    let past = past.is(ADMIN, "nothing").is(DEFAULT, "nothing").is(ALL, "nothing");
    let mut past = past.call("AuthorizeSecurityGroupIngress", flat("-1", -1)).is(ADMIN, "live").is(ALL, "live");
    let hinted = past.answered("DeleteSecurityGroup", json!({"groupId": ID}), Value::Null);
    assert_eq!(hinted, [Target::Group(GroupId::new(ID).unwrap())]);
    past.is(ADMIN, "unknown");
}

#[test]
fn pings_are_no_ports() {
    group().call("AuthorizeSecurityGroupIngress", flat("icmp", 22)).is(ADMIN, "nothing").is(OTHER, "nothing");
}

/// What is not understood was added all the same.
#[test]
fn an_odd_rule_makes_the_rules_unknown() {
    for odd in [
        json!({"groupId": ID}),
        json!({"groupId": ID, "ipPermissions": "odd"}),
        ssh("anywhere"),
        json!({"groupId": ID, "ipPermissions": {"items": [{"ipProtocol": "tcp", "ipRanges": {"items": [{"cidrIp": "0.0.0.0/0"}]}}]}}),
        json!({"groupId": ID, "ipPermissions": {"items": [{"ipProtocol": "tcp", "fromPort": "x", "toPort": 22, "ipRanges": {"items": [{"cidrIp": "0.0.0.0/0"}]}}]}}),
        json!({"groupId": ID, "ipPermissions": {"items": [{"ipProtocol": "tcp", "fromPort": 22, "toPort": 22}]}}),
    ] {
        let past = group().call("AuthorizeSecurityGroupIngress", ssh("203.0.113.0/24"));
        past.call("AuthorizeSecurityGroupIngress", odd).is(ADMIN, "unknown");
    }
}

/// Groups that others refer to, lists, and the other shapes of a rule.
#[test]
fn every_other_side() {
    let with = |name: &str, items: Value| {
        let mut request = ssh("203.0.113.0/24");
        request["ipPermissions"]["items"][0][name] = json!({"items": items});
        request
    };
    group().call("AuthorizeSecurityGroupIngress", with("ipv6Ranges", json!([{"cidrIpv6": "::/0"}]))).is(ADMIN, "live");
    group()
        .call("AuthorizeSecurityGroupIngress", with("groups", json!([{"userId": "1", "groupName": "web"}])))
        .is(ADMIN, "nothing");
    group()
        .call("AuthorizeSecurityGroupIngress", with("prefixListIds", json!([{"prefixListId": "pl-1"}])))
        .is(ADMIN, "unknown");
    let mut past = group();
    past.answered("AuthorizeSecurityGroupIngress", with("groups", json!([{"groupId": "sg-1"}])), Value::Null);
    assert!(matches!(&past.facts.rules, Fact::Known(rules) if rules.ingress.len() == 2));
}

/// Rules, and how a request names the other side of each.
fn rules() -> Vec<(Allowed, &'static str, Value)> {
    let range = |text: &str| Peer::Range(Cidr::parse(text).unwrap());
    let rule =
        |protocol: &str, from: i32, to: i32, peer: Peer| Allowed { protocol: protocol.to_owned(), from, to, peer };
    vec![
        (rule("tcp", 22, 22, range("0.0.0.0/0")), "ipRanges", json!({"cidrIp": "0.0.0.0/0"})),
        (rule("tcp", 22, 22, range("203.0.113.0/24")), "ipRanges", json!({"cidrIp": "203.0.113.0/24"})),
        (rule("udp", 53, 53, range("::/0")), "ipv6Ranges", json!({"cidrIpv6": "::/0"})),
        (rule("-1", -1, -1, range("0.0.0.0/0")), "ipRanges", json!({"cidrIp": "0.0.0.0/0", "description": "all"})),
        (
            rule("tcp", 443, 443, Peer::List(PrefixListId::new("pl-1").unwrap())),
            "prefixListIds",
            json!({"prefixListId": "pl-1"}),
        ),
    ]
}

/// One of the rules as it stands in a request, in one of the spellings that there are.
fn spelt(at: usize, flat: bool) -> Value {
    let (what, list, peer) = rules().swap_remove(at);
    let number = match what.protocol.as_str() {
        "tcp" => "6",
        other => other,
    };
    if flat && list == "ipRanges" {
        return json!({
            "groupId": ID, "ipPermissions": {}, "ipProtocol": number, "fromPort": what.from, "toPort": what.to,
            "cidrIp": peer["cidrIp"]
        });
    }
    let mut permission = json!({"ipProtocol": what.protocol, "groups": {}, "ipRanges": {}, "prefixListIds": {}});
    if what.protocol != "-1" {
        permission["fromPort"] = what.from.to_string().into();
        permission["toPort"] = what.to.into();
    }
    permission[list] = json!({"items": [peer]});
    json!({"groupId": ID, "ipPermissions": {"items": [permission]}})
}

/// One of the rules as answers describe it.
fn answered(at: usize, set: &str) -> Value {
    let (what, _, peer) = rules().swap_remove(at);
    let mut rule = json!({
        "groupId": ID, "securityGroupRuleId": format!("sgr-{at}"), "ipProtocol": what.protocol, "fromPort": what.from,
        "toPort": what.to
    });
    for (name, value) in peer.as_object().unwrap() {
        rule[if name == "cidrIp" { "cidrIpv4" } else { name }] = value.clone();
    }
    json!({set: {"items": [rule]}})
}

proptest! {
    /// Of a group that the log saw being made the rules are what the calls make of them, however each is spelt.
    #[test]
    fn rules_follow_the_calls(calls in prop::collection::vec((0..5_usize, 0..3_u8, any::<bool>(), any::<bool>()), 0..24)) {
        let mut past = group();
        past.answered("CreateSecurityGroup", json!({"groupName": "web"}), json!({"groupId": ID}));
        let mut stand: BTreeMap<usize, bool> = BTreeMap::new();
        for (at, form, flat, answers) in calls {
            if let Some(has_id) = stand.remove(&at) {
                let (request, answer) = match form {
                    0 if has_id => (by_id(&[&format!("sgr-{at}")]), Value::Null),
                    1 => (by_id(&[&format!("sgr-{at}")]), answered(at, "revokedSecurityGroupRuleSet")),
                    _ => (spelt(at, flat), json!({"_return": true})),
                };
                past.answered("RevokeSecurityGroupIngress", request, answer);
            } else {
                stand.insert(at, answers);
                let answer = if answers { answered(at, "securityGroupRuleSet") } else { json!({"_return": true}) };
                past.answered("AuthorizeSecurityGroupIngress", spelt(at, flat), answer);
            }
            let all = rules();
            let mut expected: Vec<Allowed> = stand.keys().map(|at| all.get(*at).unwrap().0.clone()).collect();
            expected.sort();
            let Fact::Known(set) = &past.facts.rules else { panic!("not known: {:?}", past.facts) };
            let found: Vec<Allowed> = set.ingress.iter().map(|rule| rule.what.clone()).collect();
            prop_assert_eq!(found, expected);
        }
    }
}

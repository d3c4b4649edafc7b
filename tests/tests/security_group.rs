//! Security groups, end to end: each breach through the gateway with the ordinary command, and what has to become of it.

use std::collections::BTreeSet;

use rectify_e2e::{
    ALL_CORRECTIVE, About, Stage, example_of, granted,
    organization::{self, DEVELOPMENT, PRODUCTION},
    security_group::{Rule, resource},
    undo,
};
use rectify_sandbox::Fault;
use serde_json::{Value, json};

const GUARD: &str = "SecurityGroupGuard";
const ADMIN: &str = "sg-ingress-any-admin-port";
const ALL: &str = "sg-ingress-any-all-ports";
const HIGH_RISK: &str = "sg-ingress-any-high-risk-port";
const UNAUTHORISED: &str = "sg-ingress-any-unauthorised-port";
const DEFAULT: &str = "sg-default-has-rules";

/// Settings that, after [`ALL_CORRECTIVE`], switch every guarded correction on.
const BY_NAME: &str = r#"
[control.sg-ingress-any-unauthorised-port]
production = "corrective"

[control.sg-default-has-rules]
production = "corrective"
"#;

/// What became of each control, sorted.
fn found(about: &About) -> Vec<(&str, &str)> {
    about.found.iter().map(|(control, outcome)| (control.as_str(), outcome.as_str())).collect()
}

fn told(about: &About) -> Vec<(&str, &str, &str)> {
    about
        .told
        .iter()
        .map(|(control, outcome, severity)| (control.as_str(), outcome.as_str(), severity.as_str()))
        .collect()
}

/// Everything of a group that a correction could touch.
async fn stands(stage: &Stage, group: &str) -> (Vec<Rule>, Vec<Rule>) {
    (stage.aws.rules(group, false).await, stage.aws.rules(group, true).await)
}

/// A group with rules that nobody minds, which every correction leaves alone.
async fn group(stage: &Stage, name: &str) -> String {
    let id = stage.aws.create_group(name).await;
    stage.aws.allow(&id, "tcp 443 0.0.0.0/0").await;
    stage.aws.allow(&id, "tcp 22 203.0.113.0/24").await;
    stage.aws.allow(&id, &format!("tcp 5432 {id}")).await;
    id
}

/// Controls `sg-ingress-any-admin-port`, `sg-ingress-any-all-ports` and `sg-ingress-any-high-risk-port`.
#[tokio::test(flavor = "multi_thread")]
async fn what_lets_the_internet_in_is_taken_away_told_once_and_nothing_else_is() {
    let stage = Stage::guarded_by("SecurityGroupGuard", ALL_CORRECTIVE).await;
    let breaches: [(&str, &[&str], &[&str]); 8] = [
        ("ssh", &["tcp 22 0.0.0.0/0"], &[ADMIN, HIGH_RISK]),
        ("rdp-v6", &["tcp 3389 ::/0"], &[ADMIN, HIGH_RISK]),
        ("range", &["tcp 20-25 0.0.0.0/0"], &[ADMIN, HIGH_RISK]),
        ("split", &["tcp 22 0.0.0.0/1", "tcp 22 128.0.0.0/1"], &[ADMIN, HIGH_RISK]),
        ("everything", &["-1 -1 0.0.0.0/0"], &[ADMIN, ALL, HIGH_RISK]),
        ("all-v6", &["tcp 0-65535 ::/0"], &[ADMIN, ALL, HIGH_RISK]),
        ("database", &["tcp 5432 0.0.0.0/0"], &[HIGH_RISK]),
        ("udp", &["udp 30000-65535 0.0.0.0/0"], &[ALL]),
    ];
    let mut groups = Vec::new();
    for (name, _, _) in &breaches {
        groups.push(group(&stage, name).await);
    }
    stage.settle().await;
    let mut before = Vec::new();
    for group in &groups {
        before.push(stands(&stage, group).await);
        assert!(stage.about(group).await.is_untouched(), "{group}: {}", stage.story());
    }
    stage.world.clear_records();
    for (group, (_, rules, _)) in groups.iter().zip(&breaches) {
        for rule in *rules {
            stage.aws.allow(group, rule).await;
        }
    }
    stage.settle().await;

    for ((group, (name, rules, controls)), before) in groups.iter().zip(&breaches).zip(before) {
        let about = stage.about(group).await;
        let severity = |control: &str| if control == HIGH_RISK { "high" } else { "critical" };
        let corrected: Vec<_> = controls.iter().map(|control| (*control, "corrected", severity(control))).collect();
        assert_eq!(stands(&stage, group).await, before, "{name}: {}", stage.story());
        let of: Vec<_> = told(&about).into_iter().filter(|(control, ..)| *control != UNAUTHORISED).collect();
        match rules.len() {
            1 => {
                assert_eq!(told(&about), corrected, "{name}: told once each, and not of what is gone");
                assert_eq!(about.writes, ["RevokeSecurityGroupIngress"], "{name}");
                assert_eq!(about.kept("proof")["looks"], 1, "{name}");
                assert_eq!(about.corrections[0]["status"], "corrected", "{name}");
            }
            // Between its rules a breach is another one, if it is any.
            _ => assert!(corrected.iter().all(|one| of.contains(one)), "{name}: {of:?}"),
        }
        assert!(about.findings.iter().all(|row| row["status"] == "resolved"), "{name}: {:#?}", about.findings);
    }
    stage.close().await;
}

/// Controls `sg-ingress-any-unauthorised-port` and `sg-default-has-rules`.
#[tokio::test(flavor = "multi_thread")]
async fn what_can_break_a_workload_is_told() {
    let stage = Stage::guarded_by("SecurityGroupGuard", ALL_CORRECTIVE).await;
    let group = group(&stage, "game").await;
    stage.settle().await;
    stage.world.clear_records();
    stage.aws.allow(&group, "udp 27015 0.0.0.0/0").await;
    let vpc = stage.aws.create_vpc().await;
    let default = stage.aws.default_group(&vpc).await;
    let before = stands(&stage, &default).await;
    stage.settle().await;

    let about = stage.about(&group).await;
    assert_eq!(told(&about), [(UNAUTHORISED, "notified", "medium")], "{}", stage.story());
    assert_eq!(about.writes, [""; 0]);
    let about = stage.about(&default).await;
    assert_eq!(told(&about), [(DEFAULT, "notified", "high")], "{}", stage.story());
    assert_eq!(stands(&stage, &default).await, before);
    let of_vpc = stage.ends().into_iter().filter(|end| end.event == "CreateVpc").count();
    assert_eq!(of_vpc, 1, "the group is found by its VPC");
    stage.close().await;
}

/// Controls `sg-ingress-any-unauthorised-port` and `sg-default-has-rules`, and a group that is in use.
#[tokio::test(flavor = "multi_thread")]
async fn what_can_break_a_workload_is_taken_away_when_switched_on_by_name() {
    let stage = Stage::guarded_by("SecurityGroupGuard", &format!("{ALL_CORRECTIVE}{BY_NAME}")).await;
    let group = group(&stage, "game").await;
    stage.settle().await;
    let before = stands(&stage, &group).await;
    stage.world.clear_records();
    stage.aws.allow(&group, "udp 27015 0.0.0.0/0").await;
    stage.aws.allow(&group, "tcp 22 0.0.0.0/0").await;
    let vpc = stage.aws.create_vpc().await;
    let default = stage.aws.default_group(&vpc).await;
    stage.settle().await;
    assert_eq!(stands(&stage, &group).await, before, "{}", stage.story());
    let about = stage.about(&default).await;
    assert_eq!(told(&about), [(DEFAULT, "corrected", "high")], "{}", stage.story());
    assert_eq!(stands(&stage, &default).await, (Vec::new(), Vec::new()));

    // In use: told, and left alone.
    let subnet = stage.aws.ec2("CreateSubnet", &[("VpcId", &vpc), ("CidrBlock", "10.9.1.0/24")]).await;
    let subnet = subnet.split_once("<subnetId>").unwrap().1.split_once('<').unwrap().0.to_owned();
    stage.aws.ec2("CreateNetworkInterface", &[("SubnetId", &subnet), ("SecurityGroupId.1", &default)]).await;
    stage.world.clear_records();
    stage.aws.allow(&default, "tcp 443 10.0.0.0/8").await;
    stage.settle().await;
    let about = stage.about(&default).await;
    assert_eq!(about.writes, [""; 0], "{}", stage.story());
    let outcomes: Vec<_> = found(&about);
    assert!(outcomes.iter().all(|(control, outcome)| *control == DEFAULT && *outcome != "corrected"), "{outcomes:?}");
    assert_eq!(stage.aws.allowed(&default).await, ["tcp 443 443 10.0.0.0/8"]);
    stage.close().await;
}

/// Controls `sg-ingress-any-admin-port`, `sg-ingress-any-all-ports`, `sg-ingress-any-high-risk-port` and
/// `sg-ingress-any-unauthorised-port`: what only looks like a breach, with every correction switched on.
#[tokio::test(flavor = "multi_thread")]
async fn near_misses_are_left_alone() {
    let stage = Stage::guarded_by("SecurityGroupGuard", &format!("{ALL_CORRECTIVE}{BY_NAME}")).await;
    let aws = &stage.aws;
    let list = aws.create_list("203.0.113.0/24").await;
    let peer = aws.create_group("peer").await;
    let mut groups = Vec::new();
    for (name, rules) in [
        ("office", vec!["tcp 22 203.0.113.0/24", "tcp 3389 2001:db8::/32"]),
        ("private", vec!["-1 -1 10.0.0.0/8", "tcp 0-65535 192.168.0.0/16", "tcp 22 fd00::/8"]),
        ("web", vec!["tcp 80 0.0.0.0/0", "tcp 443 ::/0", "tcp 443 0.0.0.0/0"]),
        ("ping", vec!["icmp -1 0.0.0.0/0", "icmp 8 0.0.0.0/0", "icmp 3 0.0.0.0/0"]),
        ("halves", vec!["tcp 22 16.0.0.0/8", "tcp 22 18.0.0.0/8"]),
        ("referring", vec!["-1 -1 PEER", "tcp 22 LIST"]),
    ] {
        let group = aws.create_group(name).await;
        for rule in rules {
            aws.allow(&group, &rule.replace("PEER", &peer).replace("LIST", &list)).await;
        }
        groups.push(group);
    }
    // Egress to anywhere is what every group begins with.
    let egress = [
        ("IpPermissions.1.IpProtocol", "tcp"),
        ("IpPermissions.1.FromPort", "22"),
        ("IpPermissions.1.ToPort", "22"),
        ("IpPermissions.1.IpRanges.1.CidrIp", "0.0.0.0/0"),
    ];
    let parameters: Vec<_> = [("GroupId", groups[0].as_str())].into_iter().chain(egress).collect();
    aws.ec2("AuthorizeSecurityGroupEgress", &parameters).await;
    aws.add_to_list(&list, "1", "198.51.100.0/24").await;
    stage.settle().await;
    for group in &groups {
        let about = stage.about(group).await;
        assert!(about.is_untouched(), "{group}: {about:#?}");
    }
    assert_eq!(stage.writes(), [""; 0]);
    assert_eq!(stage.ended("superseded").len() + stage.dead_letters().await.len(), 0, "{}", stage.story());
    stage.close().await;
}

/// Control `sg-ingress-any-admin-port`: the same breach in other words.
#[tokio::test(flavor = "multi_thread")]
async fn old_and_new_forms_of_the_request() {
    let stage = Stage::guarded_by("SecurityGroupGuard", ALL_CORRECTIVE).await;
    let aws = &stage.aws;
    let [named, group, unsaid] =
        [aws.create_group("by-name").await, aws.create_group("changed").await, aws.create_group("web").await];
    aws.allow_with(&group, "tcp 22 203.0.113.0/24", &[("IpPermissions.1.IpRanges.1.Description", "office")]).await;
    stage.settle().await;
    stage.world.clear_records();
    // By name, in the flat form of old.
    let flat = [("IpProtocol", "tcp"), ("FromPort", "22"), ("ToPort", "22"), ("CidrIp", "0.0.0.0/0")];
    let parameters: Vec<_> = [("GroupName", "by-name")].into_iter().chain(flat).collect();
    aws.ec2("AuthorizeSecurityGroupIngress", &parameters).await;
    stage.settle().await;
    // By changing a rule that was fine.
    let id = aws.rule_id(&group).await;
    let change = [
        ("GroupId", group.as_str()),
        ("SecurityGroupRule.1.SecurityGroupRuleId", &id),
        ("SecurityGroupRule.1.SecurityGroupRule.IpProtocol", "tcp"),
        ("SecurityGroupRule.1.SecurityGroupRule.FromPort", "22"),
        ("SecurityGroupRule.1.SecurityGroupRule.ToPort", "22"),
        ("SecurityGroupRule.1.SecurityGroupRule.CidrIpv4", "0.0.0.0/0"),
    ];
    aws.ec2("ModifySecurityGroupRules", &change).await;
    stage.settle().await;
    let corrected: Vec<_> = stage.ended("corrected").into_iter().filter(|end| end.control == ADMIN).collect();
    let events: Vec<_> = corrected.iter().map(|end| end.event.as_str()).collect();
    assert_eq!(events, ["AuthorizeSecurityGroupIngress", "ModifySecurityGroupRules"], "{}", stage.story());
    // By name, as records of old say it: without the group's id anywhere.
    stage.world.lose_events(true);
    aws.allow(&unsaid, "tcp 22 0.0.0.0/0").await;
    stage.world.lose_events(false);
    stage.world.publish(&example_of("security-group", "authorize-security-group-ingress-by-name"));
    stage.settle().await;
    for group in [&named, &group, &unsaid] {
        assert_eq!(aws.allowed(group).await, [""; 0], "{}", stage.story());
    }
    stage.close().await;
}

/// Control `sg-ingress-any-admin-port`: a list that was harmless when the rule was made, and its older versions.
#[tokio::test(flavor = "multi_thread")]
async fn a_prefix_list_that_changes_later_opens_every_group_that_refers_to_it() {
    let stage = Stage::guarded_by("SecurityGroupGuard", ALL_CORRECTIVE).await;
    let aws = &stage.aws;
    let list = aws.create_list("203.0.113.0/24").await;
    let mut groups = Vec::new();
    for name in ["first", "second"] {
        let group = group(&stage, name).await;
        let described = [("IpPermissions.1.PrefixListIds.1.Description", "the offices")];
        aws.allow_with(&group, &format!("tcp 22 {list}"), &described).await;
        groups.push(group);
    }
    let other = group(&stage, "other").await;
    stage.settle().await;
    let before = [stands(&stage, &groups[0]).await, stands(&stage, &groups[1]).await];
    stage.world.clear_records();

    aws.add_to_list(&list, "1", "0.0.0.0/0").await;
    stage.settle().await;
    for group in &groups {
        let about = stage.about(group).await;
        assert_eq!(
            told(&about),
            [(ADMIN, "corrected", "critical"), (HIGH_RISK, "corrected", "high")],
            "{}",
            stage.story()
        );
        assert!(!aws.allowed(group).await.iter().any(|rule| rule.contains("pl-")));
        assert_eq!(about.ends[0].event, "ModifyManagedPrefixList", "who did it is known");
    }
    assert!(stage.about(&other).await.is_untouched());
    // The undo brings the rule back as it was, also though the list still holds anywhere.
    for (group, before) in groups.iter().zip(before) {
        let id = stage.about(group).await.corrections[0]["correction"].as_str().unwrap().to_owned();
        let answer = stage.order_to(GUARD, &undo(&resource(group), &id)).await;
        assert_eq!(answer["outcome"], "restored", "{answer:#}");
        assert_eq!(stands(&stage, group).await, before);
    }
    stage.close().await;
}

/// Control `sg-ingress-any-admin-port`: an owner changes a list that another account refers to.
#[tokio::test(flavor = "multi_thread")]
async fn a_shared_list_is_followed_into_the_accounts_that_refer_to_it() {
    let stage = Stage::organization_guarded_by("SecurityGroupGuard", organization::SETTINGS).await;
    let owner = stage.aws.acting(DEVELOPMENT, "eu-central-1");
    let other = stage.aws.acting(PRODUCTION, "eu-central-1");
    let list = owner.create_list("203.0.113.0/24").await;
    let group = other.create_group("shared").await;
    other.allow(&group, &format!("tcp 22 {list}")).await;
    stage.settle().await;
    assert_eq!(stage.told("").len(), 0, "{}", stage.story());

    owner.add_to_list(&list, "1", "0.0.0.0/0").await;
    stage.settle().await;
    let about = stage.about(&group).await;
    assert_eq!(told(&about), [(ADMIN, "corrected", "critical"), (HIGH_RISK, "corrected", "high")], "{}", stage.story());
    assert_eq!(other.allowed(&group).await, [""; 0]);
    assert_eq!(about.messages[0]["account"], PRODUCTION, "{:#}", about.messages[0]);
    stage.close().await;
}

/// Controls `sg-ingress-any-admin-port` and `sg-default-has-rules`: every rule comes back with what was on it.
#[tokio::test(flavor = "multi_thread")]
async fn an_undo_restores_rules_with_descriptions_and_tags() {
    let stage = Stage::guarded_by("SecurityGroupGuard", &format!("{ALL_CORRECTIVE}{BY_NAME}")).await;
    let aws = &stage.aws;
    stage.world.lose_events(true);
    let bastion = group(&stage, "bastion").await;
    let tagged = |key: &'static str, value: &'static str| {
        [
            ("IpPermissions.1.IpRanges.1.Description", "jump host"),
            ("TagSpecification.1.ResourceType", "security-group-rule"),
            ("TagSpecification.1.Tag.1.Key", key),
            ("TagSpecification.1.Tag.1.Value", value),
        ]
    };
    aws.allow_with(&bastion, "tcp 22 0.0.0.0/0", &tagged("owner", "platform")).await;
    aws.allow_with(&bastion, "tcp 3389 128.0.0.0/1", &tagged("owner", "windows")).await;
    aws.allow_with(&bastion, "tcp 3389 ::/0", &[("IpPermissions.1.Ipv6Ranges.1.Description", "six")]).await;
    let vpc = aws.create_vpc().await;
    let default = aws.default_group(&vpc).await;
    stage.settle().await;
    stage.world.lose_events(false);

    for (group, control) in [(&bastion, ADMIN), (&default, DEFAULT)] {
        let before = stands(&stage, group).await;
        let look = json!({"rectify": "look", "resource": resource(group), "controls": [control], "because": "request"});
        stage.order_to(GUARD, &look).await;
        stage.settle().await;
        let about = stage.about(group).await;
        assert_eq!(found(&about), [(control, "corrected")], "{}", stage.story());
        assert_ne!(stands(&stage, group).await, before);
        let id = about.corrections[0]["correction"].as_str().unwrap().to_owned();
        let answer = stage.order_to(GUARD, &undo(&resource(group), &id)).await;
        assert_eq!(answer["outcome"], "restored", "{answer:#}");
        stage.settle().await;
        assert_eq!(stands(&stage, group).await, before, "exactly as before");
        // Left alone, and the undo can be undone.
        assert_eq!(stage.about(group).await.corrections.len(), 2);
        let answer: Value = stage.order_to(GUARD, &undo(&resource(group), answer["undo"].as_str().unwrap())).await;
        assert_eq!(answer["outcome"], "restored", "{answer:#}");
        assert_ne!(stands(&stage, group).await, before);
    }
    stage.close().await;
}

/// Control `sg-ingress-any-admin-port`: somebody has made the rule again meanwhile, with other words on it.
#[tokio::test(flavor = "multi_thread")]
async fn an_undo_does_not_overwrite_what_somebody_else_did_unless_told_to() {
    let stage = Stage::guarded_by("SecurityGroupGuard", ALL_CORRECTIVE).await;
    let aws = &stage.aws;
    let group = aws.create_group("bastion").await;
    aws.allow_with(&group, "tcp 22 0.0.0.0/0", &[("IpPermissions.1.IpRanges.1.Description", "jump host")]).await;
    stage.settle().await;
    let id = stage.about(&group).await.corrections[0]["correction"].as_str().unwrap().to_owned();
    stage.world.lose_events(true);
    aws.allow_with(&group, "tcp 22 0.0.0.0/0", &[("IpPermissions.1.IpRanges.1.Description", "mine")]).await;
    aws.allow(&group, "tcp 443 0.0.0.0/0").await;
    let mut order = undo(&resource(&group), &id);
    assert_eq!(stage.order_to(GUARD, &order).await["outcome"], "changed");
    order["force"] = json!(true);
    assert_eq!(stage.order_to(GUARD, &order).await["outcome"], "restored");
    let rules = aws.rules(&group, false).await;
    let said: Vec<_> = rules.iter().map(|rule| (rule.what.as_str(), rule.description.as_str())).collect();
    assert_eq!(said, [("tcp 22 22 0.0.0.0/0", "jump host"), ("tcp 443 443 0.0.0.0/0", "")]);
    stage.close().await;
}

/// Controls `sg-ingress-any-admin-port`, `sg-ingress-any-all-ports` and `sg-default-has-rules`: found without an event, page by page.
#[tokio::test(flavor = "multi_thread")]
async fn a_sweep_finds_what_no_event_told_of() {
    let stage = Stage::guarded_by("SecurityGroupGuard", ALL_CORRECTIVE).await;
    stage.world.lose_events(true);
    let group = group(&stage, "quiet").await;
    stage.aws.allow(&group, "-1 -1 0.0.0.0/0").await;
    stage.world.lose_events(false);
    let order = json!({"rectify": "sweep", "account": rectify_e2e::ACCOUNT, "region": "eu-central-1", "dry_run": false, "after": null});
    let answer = stage.order_to(GUARD, &order).await;
    let rows = answer["rows"].as_array().unwrap();
    let has =
        |control: &str, outcome: &str| rows.iter().any(|row| row["control"] == control && row["outcome"] == outcome);
    assert!(has(ADMIN, "corrected") && has(ALL, "corrected") && has(DEFAULT, "notified"), "{answer:#}");
    assert_eq!(answer["failed"], json!([]));
    assert!(!stage.aws.allowed(&group).await.iter().any(|rule| rule.starts_with("-1")));
    stage.close().await;
}

/// Control `sg-ingress-any-admin-port`: more groups than an invocation has time for.
#[tokio::test(flavor = "multi_thread")]
async fn what_an_invocation_has_no_time_for_is_handed_on() {
    const ROOMY: &str = "\n[limits]\ncorrections-per-hour = 10000\ncorrections-per-hour-everywhere = 10000\n";
    let stage = Stage::guarded_by("SecurityGroupGuard", &format!("{ALL_CORRECTIVE}{ROOMY}")).await;
    let list = stage.aws.create_list("203.0.113.0/24").await;
    stage.world.lose_events(true);
    let mut groups = Vec::new();
    for number in 0..10 {
        let group = stage.aws.create_group(&format!("group-{number}")).await;
        stage.aws.allow(&group, &format!("tcp 22 {list}")).await;
        groups.push(group);
    }
    stage.world.lose_events(false);
    let slow = |operation: &str| Fault {
        operation: Some(operation.to_owned()),
        function: Some(GUARD.to_owned()),
        delay_ms: 1_500,
        ..Fault::default()
    };
    stage.faults(vec![slow("DescribeSecurityGroups")]);
    stage.aws.add_to_list(&list, "1", "0.0.0.0/0").await;
    stage.settle().await;
    let mut events = BTreeSet::new();
    for group in &groups {
        assert_eq!(stage.aws.allowed(group).await, [""; 0], "{}", stage.story());
        let about = stage.about(group).await;
        assert_eq!(told(&about), [(ADMIN, "corrected", "critical"), (HIGH_RISK, "corrected", "high")]);
        events.extend(about.ends.into_iter().map(|end| end.event));
    }
    assert_eq!(events, ["ModifyManagedPrefixList".to_owned(), "Sweep".to_owned()].into(), "some here, the rest later");
    assert_eq!(stage.dead_letters().await.len(), 0);
    stage.close().await;
}

/// Controls `sg-ingress-any-admin-port` and `sg-default-has-rules`: every call that the guard can make, by its role.
#[tokio::test(flavor = "multi_thread")]
async fn the_role_is_enough_and_not_more() {
    let stage = Stage::guarded_by("SecurityGroupGuard", &format!("{ALL_CORRECTIVE}{BY_NAME}")).await;
    let aws = &stage.aws;
    let list = aws.create_list("203.0.113.0/24").await;
    let group = aws.create_group("bastion").await;
    let tagged = [
        ("TagSpecification.1.ResourceType", "security-group-rule"),
        ("TagSpecification.1.Tag.1.Key", "owner"),
        ("TagSpecification.1.Tag.1.Value", "platform"),
    ];
    aws.allow_with(&group, &format!("tcp 22 {list}"), &tagged).await;
    aws.add_to_list(&list, "1", "0.0.0.0/0").await;
    let vpc = aws.create_vpc().await;
    let default = aws.default_group(&vpc).await;
    aws.allow(&default, "tcp 443 10.0.0.0/8").await;
    stage.settle().await;
    for group in [&group, &default] {
        let corrections = stage.about(group).await.corrections;
        let id = corrections.last().unwrap()["correction"].as_str().unwrap().to_owned();
        let answer = stage.order_to(GUARD, &undo(&resource(group), &id)).await;
        assert_eq!(answer["outcome"], "restored", "{answer:#}");
    }
    let calls: Vec<_> =
        stage.world.calls().into_iter().filter(|call| call.function.as_deref() == Some(GUARD)).collect();
    let refused: Vec<_> = calls.iter().filter(|call| call.status == 403).map(|call| &call.action).collect();
    assert!(refused.is_empty(), "{refused:?}");
    let actions = calls.iter().flat_map(|call| call.action.split(','));
    let used: BTreeSet<&str> = actions.filter_map(|action| action.split('@').next()).collect();
    let granted = granted(GUARD);
    let unused: Vec<_> =
        granted.iter().filter(|action| action.starts_with("ec2:") && !used.contains(action.as_str())).collect();
    assert!(unused.is_empty(), "granted and not used: {unused:?}");
    stage.close().await;
}

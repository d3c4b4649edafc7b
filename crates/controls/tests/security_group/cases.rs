//! What breaks each control, and what only looks like it.

use rectify_controls::{Severity, State, plan};

use super::*;

#[track_caller]
fn breaks(ingress: &[&str], control: &'static str, evidence: &[&str]) {
    assert_eq!(offending(&group(ingress), control), evidence, "{ingress:?}");
}

#[track_caller]
fn near_miss(ingress: &[&str], control: &'static str) {
    assert_eq!(offending(&group(ingress), control), [""; 0], "{ingress:?}");
}

#[test]
fn administration_from_anywhere() {
    breaks(&["tcp 22 0.0.0.0/0"], ADMIN, &["tcp 22 from 0.0.0.0/0"]);
    breaks(&["tcp 22 ::/0"], ADMIN, &["tcp 22 from ::/0"]);
    breaks(&["tcp 3389 0.0.0.0/0", "tcp 443 0.0.0.0/0"], ADMIN, &["tcp 3389 from 0.0.0.0/0"]);
    breaks(&["udp 3389 0.0.0.0/0"], ADMIN, &["udp 3389 from 0.0.0.0/0"]);
    breaks(&["6 22 0.0.0.0/0"], ADMIN, &["tcp 22 from 0.0.0.0/0"]);
    breaks(&["tcp 20-25 0.0.0.0/0"], ADMIN, &["tcp 20-25 from 0.0.0.0/0"]);
    breaks(&["tcp 0-65535 0.0.0.0/0"], ADMIN, &["all tcp ports from 0.0.0.0/0"]);
    breaks(&["tcp 1024-65535 0.0.0.0/0"], ADMIN, &["tcp 1024-65535 from 0.0.0.0/0"]);
    breaks(&["-1 any 0.0.0.0/0", "-1 any ::/0"], ADMIN, &["all traffic from 0.0.0.0/0", "all traffic from ::/0"]);
    for broad in ["0.0.0.0/1", "52.0.0.0/6", "2000::/3", "2600::/12"] {
        breaks(&[&format!("tcp 22 {broad}")], ADMIN, &[&format!("tcp 22 from {broad}")]);
    }
}

#[test]
fn ranges_that_together_are_anywhere() {
    breaks(
        &["tcp 22 0.0.0.0/1", "tcp 22 128.0.0.0/1", "tcp 22 203.0.113.7/32"],
        ADMIN,
        &["tcp 22 from 0.0.0.0/1", "tcp 22 from 128.0.0.0/1"],
    );
    // Two rules that are no breach by themselves, and meet on one port only.
    breaks(
        &["tcp 20-22 16.0.0.0/8", "tcp 22-30 17.0.0.0/8", "tcp 20-22 18.0.0.0/8"],
        ADMIN,
        &["tcp 20-22 from 16.0.0.0/8", "tcp 22-30 from 17.0.0.0/8"],
    );
    near_miss(&["tcp 20-21 16.0.0.0/8", "tcp 22-30 17.0.0.0/8"], ADMIN);
    near_miss(&["tcp 22 16.0.0.0/8", "udp 22 17.0.0.0/8"], ADMIN);
    // All of IPv4 in /8s, one by one.
    let all: Vec<String> = (0..256).map(|first| format!("tcp 22 {first}.0.0.0/8")).collect();
    let all: Vec<&str> = all.iter().map(String::as_str).collect();
    assert_eq!(offending(&group(&all), ADMIN).len(), 252);
}

#[test]
fn what_is_not_anywhere() {
    for peer in ["203.0.113.0/24", "10.0.0.0/8", "192.168.0.0/16", "52.0.0.0/8", "2a00::/32", "fc00::/7", "sg-0fedcba9"]
    {
        near_miss(&[&format!("tcp 22 {peer}")], ADMIN);
        near_miss(&[&format!("-1 any {peer}")], ALL);
    }
    // The group's own members, and ports beside the one of concern.
    near_miss(&["-1 any sg-0a1b2c3d", "tcp 23 0.0.0.0/0", "tcp 21 0.0.0.0/0", "tcp 80-443 0.0.0.0/0"], ADMIN);
    // Types and codes of ICMP are no ports; other protocols have none.
    near_miss(&["icmp 22/22 0.0.0.0/0", "icmp any 0.0.0.0/0", "icmpv6 any ::/0", "50 any 0.0.0.0/0"], ADMIN);
    near_miss(&["icmp 22/22 0.0.0.0/0", "icmp any 0.0.0.0/0", "50 any 0.0.0.0/0"], HIGH_RISK);
    near_miss(&["icmp any 0.0.0.0/0", "icmpv6 any ::/0", "50 any 0.0.0.0/0"], UNAUTHORISED);
    // Egress is not ingress.
    near_miss(&[], ADMIN);
}

#[test]
fn all_ports_from_anywhere() {
    breaks(&["-1 any 0.0.0.0/0"], ALL, &["all traffic from 0.0.0.0/0"]);
    breaks(&["tcp 0-65535 ::/0", "tcp 443 ::/0"], ALL, &["all tcp ports from ::/0"]);
    breaks(&["udp 1-65535 0.0.0.0/0"], ALL, &["udp 1-65535 from 0.0.0.0/0"]);
    // In two rules, or four; as few go as it takes.
    breaks(&["tcp 0-32767 0.0.0.0/0", "tcp 32768-65535 0.0.0.0/0"], ALL, &["tcp 0-32767 from 0.0.0.0/0"]);
    breaks(
        &["tcp 0-30000 0.0.0.0/0", "tcp 30001-40000 0.0.0.0/0", "tcp 443 0.0.0.0/0"],
        ALL,
        &["tcp 0-30000 from 0.0.0.0/0"],
    );
    breaks(
        &["tcp 0-65535 0.0.0.0/1", "tcp 0-65535 128.0.0.0/1"],
        ALL,
        &["all tcp ports from 0.0.0.0/1", "all tcp ports from 128.0.0.0/1"],
    );
    near_miss(&["udp 16384-32767 0.0.0.0/0", "udp 49152-65535 0.0.0.0/0", "tcp 0-32767 0.0.0.0/0"], ALL);
    near_miss(&["tcp 0-65535 10.0.0.0/8", "-1 any sg-0fedcba9"], ALL);
}

#[test]
fn services_and_unauthorised_ports_from_anywhere() {
    for port in [21, 23, 25, 445, 1433, 3306, 5432, 8080, 9300] {
        breaks(&[&format!("tcp {port} ::/0")], HIGH_RISK, &[&format!("tcp {port} from ::/0")]);
    }
    near_miss(&["tcp 80 0.0.0.0/0", "tcp 443 0.0.0.0/0", "tcp 8443 0.0.0.0/0", "tcp 5433 0.0.0.0/0"], HIGH_RISK);
    breaks(&["tcp 8443 0.0.0.0/0", "tcp 443 0.0.0.0/0"], UNAUTHORISED, &["tcp 8443 from 0.0.0.0/0"]);
    breaks(&["tcp 80-81 0.0.0.0/0"], UNAUTHORISED, &["tcp 80-81 from 0.0.0.0/0"]);
    near_miss(&["tcp 80 0.0.0.0/0", "tcp 443 ::/0", "udp 443 0.0.0.0/0", "udp 4500 203.0.113.0/24"], UNAUTHORISED);
}

#[test]
fn prefix_lists() {
    let through = group(&["tcp 22 pl-0a1b2c3d"]);
    let open = with_list(through.clone(), "pl-0a1b2c3d", &["203.0.113.0/24", "0.0.0.0/0"]);
    assert_eq!(offending(&open, ADMIN), ["tcp 22 from prefix list pl-0a1b2c3d, which has 0.0.0.0/0"]);
    // Two halves in one list, or one of them in a rule of its own.
    let halves = with_list(through.clone(), "pl-0a1b2c3d", &["16.0.0.0/8", "17.0.0.0/8"]);
    assert_eq!(offending(&halves, ADMIN).len(), 1);
    let beside = with_list(group(&["tcp 22 pl-0a1b2c3d", "tcp 22 17.0.0.0/8"]), "pl-0a1b2c3d", &["16.0.0.0/8"]);
    assert_eq!(offending(&beside, ADMIN).len(), 2);
    for entries in [&["203.0.113.0/24"][..], &["10.0.0.0/8", "11.0.0.0/8"], &["3.5.0.0/19", "52.216.0.0/15"], &[]] {
        assert_eq!(offending(&with_list(through.clone(), "pl-0a1b2c3d", entries), ADMIN), [""; 0], "{entries:?}");
    }
    // Another entry is another finding; the same state is the same.
    let worse = with_list(through, "pl-0a1b2c3d", &["0.0.0.0/0", "::/0"]);
    let print = |facts| judged(facts, &Rules::default(), ADMIN)[0].fingerprint();
    assert_ne!(print(&open), print(&worse));
    assert_eq!(print(&open), print(&open.clone()));
}

#[test]
fn a_list_that_was_not_read_is_never_harmless() {
    for unread in [Some(refused()), Some(Fact::NotRead), None] {
        let mut facts = group(&["tcp 22 pl-0a1b2c3d"]);
        facts.lists.extend(unread.map(|fact| (list("pl-0a1b2c3d"), fact)));
        for control in [ADMIN, HIGH_RISK, UNAUTHORISED] {
            let findings = judged(&facts, &Rules::default(), control);
            assert_eq!(findings[0].state, State::Unverifiable, "{control}");
            assert!(findings[0].changes.is_empty());
        }
        // It has nothing to do with all ports; and what is open beside it is still put right.
        assert!(judged(&facts, &Rules::default(), ALL).is_empty());
        facts.rules.known_mut().unwrap().ingress.push(rule("tcp 3389 0.0.0.0/0"));
        assert_eq!(judged(&facts, &Rules::default(), ADMIN)[0].state, State::Live);
    }
    let mut facts = group(&["tcp 443 pl-0a1b2c3d", "icmp any pl-0a1b2c3d"]);
    facts.lists.insert(list("pl-0a1b2c3d"), refused());
    assert!(judged(&facts, &Rules::default(), ADMIN).is_empty(), "whatever is in the list, it is no port of concern");
    let blind = Facts { rules: refused(), ..group(&[]) };
    for control in [ADMIN, ALL, HIGH_RISK, UNAUTHORISED] {
        assert_eq!(judged(&blind, &Rules::default(), control)[0].state, State::Unverifiable, "{control}");
    }
}

fn default_group() -> Facts {
    let mut facts = group(&["-1 any sg-0a1b2c3d"]);
    facts.about = Fact::Known(About { name: "default".into(), owner: Some(place().account), vpc: None });
    facts.in_use = Fact::Known(false);
    facts
}

#[test]
fn the_default_group() {
    let facts = default_group();
    let finding = &judged(&facts, &Rules::default(), DEFAULT)[0];
    assert_eq!((finding.severity, finding.evidence.len()), (Severity::High, 2));
    let words: Vec<String> = finding.changes.iter().map(ToString::to_string).collect();
    assert_eq!(
        words,
        [
            "take away the ingress rule all traffic from group sg-0a1b2c3d",
            "take away the egress rule all traffic to 0.0.0.0/0",
        ]
    );
    for in_use in [Fact::Known(true), Fact::NotRead, refused()] {
        let used = Facts { in_use, ..facts.clone() };
        let finding = &judged(&used, &Rules::default(), DEFAULT)[0];
        assert!(finding.state == State::Live && finding.changes.is_empty());
    }
    // Another group, an empty one, another account's.
    assert!(judged(&group(&["-1 any 0.0.0.0/0"]), &Rules::default(), DEFAULT).is_empty());
    let empty = Facts { rules: Fact::Known(RuleSet::default()), ..facts.clone() };
    assert!(judged(&empty, &Rules::default(), DEFAULT).is_empty());
    let unknown = Facts { about: refused(), ..facts };
    assert_eq!(judged(&unknown, &Rules::default(), DEFAULT)[0].state, State::Unverifiable);
}

#[test]
fn another_accounts_group_is_that_accounts() {
    let mut facts = Facts { in_use: Fact::Known(false), ..group(&["tcp 22 0.0.0.0/0"]) };
    let owner = Some(AccountId::new("999988887777").unwrap());
    facts.about = Fact::Known(About { name: "default".into(), owner, vpc: None });
    assert!(SecurityGroup::judge(&facts, &Rules::default(), &laws::every::<SecurityGroup>()).is_empty());
    // Whose it is not known to be is ours until we know better.
    facts.about = refused();
    assert_eq!(judged(&facts, &Rules::default(), ADMIN)[0].state, State::Live);
}

/// One rule breaks three controls, another one, a third none: one call takes both away and the third stays.
#[test]
fn one_plan_for_all_controls_takes_each_rule_away_once() {
    let facts = group(&["tcp 22 0.0.0.0/0", "tcp 8443 0.0.0.0/0", "tcp 22 203.0.113.0/24", "tcp 5432 sg-0fedcba9"]);
    let changes = plan::<SecurityGroup>(&facts, &Rules::default(), &laws::every::<SecurityGroup>());
    let words: Vec<String> = changes.iter().map(ToString::to_string).collect();
    assert_eq!(words, ["take away 2 ingress rules: tcp 22 from 0.0.0.0/0, tcp 8443 from 0.0.0.0/0"]);
    let after = laws::after::<SecurityGroup>(&facts, &changes);
    assert_eq!(after.rules.known().unwrap().ingress, [rule("tcp 22 203.0.113.0/24"), rule("tcp 5432 sg-0fedcba9")]);
}

/// Nothing that another person did to another rule is in the way of an undo, and what was on the rule comes back.
#[test]
fn an_undo_is_about_the_rules_that_were_taken_away() {
    let mut facts = group(&["tcp 22 0.0.0.0/0", "tcp 443 0.0.0.0/0"]);
    let open = facts.rules.known_mut().unwrap().ingress.iter_mut().find(|rule| rule.what.from == 22).unwrap();
    open.notes.description = Some("jump host".into());
    open.notes.tags.insert("owner".into(), "web-team".into());
    let noted = open.clone();
    let changes = plan::<SecurityGroup>(&facts, &Rules::default(), &Selection::from([ADMIN]));
    let mut now = laws::after::<SecurityGroup>(&facts, &changes);
    now.rules.known_mut().unwrap().ingress.push(rule("tcp 80 0.0.0.0/0"));
    let left = laws::after::<SecurityGroup>(&facts, &changes);
    assert!(rectify_controls::differences::<SecurityGroup>(&facts, &left, &now, &changes).is_empty());
    let undo = SecurityGroup::undo(&facts, &changes).unwrap();
    assert_eq!(undo[0].to_string(), "put back the ingress rule tcp 22 from 0.0.0.0/0");
    let restored = laws::after::<SecurityGroup>(&now, &undo);
    assert!(restored.rules.known().unwrap().ingress.contains(&noted));
    assert_eq!(restored.rules.known().unwrap().ingress.len(), 3);
    let text = SecurityGroup::shown(&facts, "ingress").unwrap().to_string();
    assert!(text.contains("jump host") && text.contains("web-team"), "{text}");
}

#[test]
fn arns_are_those_of_groups_only() {
    let id = rectify_controls::security_group::Target::Group(GroupId::new("sg-0a1b2c3d").unwrap());
    let arn = SecurityGroup::arn(&id, &place());
    assert_eq!(arn.as_str(), "arn:aws:ec2:eu-central-1:123456789012:security-group/sg-0a1b2c3d");
    assert_eq!(SecurityGroup::id(&arn, &place()), Some(id));
    for text in [
        "arn:aws:ec2:eu-central-1:123456789012:vpc/vpc-0a1b2c3d",
        "arn:aws:ec2:eu-central-1:999988887777:security-group/sg-0a1b2c3d",
        "arn:aws:ec2:eu-west-1:123456789012:security-group/sg-0a1b2c3d",
        "arn:aws:ec2:eu-central-1:123456789012:security-group/sg-*",
        "arn:aws:ec2:eu-central-1:123456789012:security-group/",
    ] {
        let arn = rectify_controls::Arn::from_parts(text.to_owned());
        assert_eq!(SecurityGroup::id(&arn, &place()), None, "{text}");
    }
}

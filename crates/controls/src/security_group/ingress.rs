//! What the four controls on ingress from anywhere have in common.

use super::{
    Change, Cidr, Facts, Ports, Rule, Rules, Stand,
    change::listed,
    facts::{Peer, said},
    reach::{Reach, Unknown},
};
use crate::{
    Control, Evidence, Fact, Finding,
    verdict::{blind, live},
};

pub(super) type Found = Finding<Change>;

const RULES: &str = "ec2:DescribeSecurityGroupRules";
const ENTRIES: &str = "ec2:GetManagedPrefixListEntries";

/// Judges one control: `offending` picks the rules that break it, `unknown` one that may break it, because its prefix list could
/// not be read.
fn judge(
    control: &'static Control,
    facts: &Facts,
    offending: impl FnOnce(&Reach<'_>) -> Vec<Rule>,
    unknown: impl for<'a> FnOnce(&Reach<'a>) -> Option<Unknown<'a>>,
) -> Option<Found> {
    if facts.is_foreign() {
        return None;
    }
    let group = &facts.group;
    let rules = match &facts.rules {
        Fact::Known(rules) => rules,
        unknown => return blind(control, &format!("the rules of security group {group}"), unknown, RULES),
    };
    let reach = Reach::of(facts, &rules.ingress);
    let offending = offending(&reach);
    if offending.is_empty() {
        let (rule, fact) = unknown(&reach)?;
        let subject = format!("the rule {} of security group {group}", said(&rule.what, "from"));
        return blind(control, &subject, fact, ENTRIES);
    }
    let all: Vec<_> = offending.iter().map(|rule| &rule.what).collect();
    let summary = format!("security group {group} lets anybody on the internet in: {}", listed(&all, "from"));
    let evidence = offending.iter().map(|rule| evidence(facts, rule)).collect();
    live(control, summary, evidence, vec![Change::Ingress(Stand::without(&offending))])
}

/// The rule; of a prefix list also what in it is anywhere, so that another entry is another finding.
fn evidence(facts: &Facts, rule: &Rule) -> Evidence {
    const MOST: usize = 8;
    let what = said(&rule.what, "from");
    let Peer::List(list) = &rule.what.peer else { return Evidence::new("rule", what) };
    let entries = Reach::anywhere_in(facts, list);
    let mut named: Vec<String> = entries.iter().take(MOST).map(Cidr::to_string).collect();
    match entries.len().checked_sub(MOST) {
        Some(more) if more > 0 => named.push(format!("{more} more")),
        _ if entries.is_empty() => named.push("ranges that together with those of other rules are anywhere".to_owned()),
        _ => {}
    }
    Evidence::new("rule", format!("{what}, which has {}", named.join(", ")))
}

pub(super) fn admin_port(facts: &Facts, rules: &Rules) -> Option<Found> {
    on(&super::admin_port::ANY, facts, &rules.admin_ports)
}

pub(super) fn high_risk_port(facts: &Facts, rules: &Rules) -> Option<Found> {
    on(&super::high_risk_port::ANY, facts, &rules.high_risk_ports)
}

fn on(control: &'static Control, facts: &Facts, ports: &Ports) -> Option<Found> {
    let offending = |reach: &Reach<'_>| owned(reach.on(ports));
    judge(control, facts, offending, |reach| reach.unknown(|from, to| ports.meet(from, to), false))
}

pub(super) fn all_ports(facts: &Facts, rules: &Rules) -> Option<Found> {
    let most = rules.most_ports;
    let offending = |reach: &Reach<'_>| owned(reach.beyond(most));
    judge(&super::all_ports::ANY, facts, offending, |reach| reach.unknown_beyond(most))
}

pub(super) fn unauthorised_port(facts: &Facts, rules: &Rules) -> Option<Found> {
    let (ports, echo) = (&rules.allowed_ports, rules.echo);
    let offending = |reach: &Reach<'_>| owned(reach.outside(ports, echo));
    let control = &super::unauthorised_port::ANY;
    judge(control, facts, offending, |reach| reach.unknown(|from, to| !ports.cover(from, to), echo))
}

fn owned(rules: Vec<&Rule>) -> Vec<Rule> {
    rules.into_iter().cloned().collect()
}

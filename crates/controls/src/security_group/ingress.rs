//! What the four controls on ingress from anywhere have in common.

use super::{
    Change, Cidr, Facts, Rule, Rules, Stand,
    change::listed,
    facts::{Peer, said},
    reach::Reach,
};
use crate::{
    Control, Evidence, Fact, Finding,
    verdict::{blind, live},
};

pub(super) type Found = Finding<Change>;

const RULES: &str = "ec2:DescribeSecurityGroupRules";
const ENTRIES: &str = "ec2:GetManagedPrefixListEntries";

/// Judges one control: `offending` picks the rules that break it, `counts` says which ports it is about, for rules whose prefix
/// list could not be read.
pub(super) fn judge(
    control: &'static Control,
    facts: &Facts,
    offending: impl FnOnce(&Reach<'_>) -> Vec<Rule>,
    counts: impl Fn(u16, u16) -> bool,
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
        let (rule, fact) = reach.unknown(counts).into_iter().next()?;
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

/// The options of the four controls, and their judges.
pub(super) fn admin_port(facts: &Facts, rules: &Rules) -> Option<Found> {
    let ports = &rules.admin_ports;
    judge(&super::admin_port::ANY, facts, |reach| owned(reach.on(ports)), |from, to| ports.meet(from, to))
}

pub(super) fn all_ports(facts: &Facts, rules: &Rules) -> Option<Found> {
    let most = rules.most_ports;
    let wide = |from: u16, to: u16| u32::from(to).saturating_sub(u32::from(from)) >= most;
    judge(&super::all_ports::ANY, facts, |reach| owned(reach.beyond(most)), wide)
}

pub(super) fn high_risk_port(facts: &Facts, rules: &Rules) -> Option<Found> {
    let ports = &rules.high_risk_ports;
    judge(&super::high_risk_port::ANY, facts, |reach| owned(reach.on(ports)), |from, to| ports.meet(from, to))
}

pub(super) fn unauthorised_port(facts: &Facts, rules: &Rules) -> Option<Found> {
    let ports = &rules.allowed_ports;
    let offending = |reach: &Reach<'_>| owned(reach.outside(ports, rules.echo));
    judge(&super::unauthorised_port::ANY, facts, offending, |from, to| !ports.cover(from, to))
}

fn owned(rules: Vec<&Rule>) -> Vec<Rule> {
    rules.into_iter().cloned().collect()
}

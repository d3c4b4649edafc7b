//! Web ACLs: what their rules do, and whether they write a log.

use std::collections::BTreeMap;

use serde_json::Value;

use super::Learned;
use crate::{
    Fact,
    api::{Does, Rule, Verb, WafLogging, WebAcl, WebAclFacts},
    asked::{each, field, is_empty, text, told},
};

impl Learned<'_> {
    pub(super) fn web_acl(&self, facts: &mut WebAclFacts) {
        match self.name {
            "CreateWebACL" => {
                facts.acl = told(self.rules().map(|(default_allows, rules)| WebAcl {
                    default_allows,
                    firewall_manager: false,
                    firewall_manager_groups: 0,
                    rules,
                }));
                facts.logging = Fact::Known(None);
            }
            "UpdateWebACL" => {
                let before = facts.acl.known();
                let (managed, groups) =
                    before.map_or((false, 0), |acl| (acl.firewall_manager, acl.firewall_manager_groups));
                // What Firewall Manager puts before and behind the rules is in no call of ours. It matters where no rule stops
                // anything.
                let counts = |default_allows: bool, rules: &[Rule]| {
                    let stops = |rule: &Rule| matches!(rule.does, Does::Action(Verb::Stop) | Does::ManagedGroup);
                    before.is_some() || !default_allows && !rules.is_empty() || rules.iter().any(stops)
                };
                let rules = self.rules().filter(|(default_allows, rules)| counts(*default_allows, rules));
                facts.acl = told(rules.map(|(default_allows, rules)| WebAcl {
                    default_allows,
                    firewall_manager: managed,
                    firewall_manager_groups: groups,
                    rules,
                }));
            }
            "DeleteFirewallManagerRuleGroups" => {
                if let Some(acl) = facts.acl.known_mut() {
                    acl.firewall_manager_groups = 0;
                }
            }
            "DeleteLoggingConfiguration" => facts.logging = Fact::Known(None),
            "PutLoggingConfiguration" => {
                let whole = self.request.get("loggingConfiguration");
                let destinations = each(whole.and_then(|whole| field(whole, "logDestinationConfigs")));
                let destination = destinations.first().and_then(|arn| arn.as_str()).map(str::to_owned);
                let more = ["redactedFields", "loggingFilter"];
                let more = more.iter().any(|name| whole.is_some_and(|whole| !is_empty(field(whole, name))));
                facts.logging = told(destination.map(|destination| Some(WafLogging { destination, more })));
            }
            _ => {}
        }
    }

    /// The default action and the rules that a web ACL is given.
    fn rules(&self) -> Option<(bool, Vec<Rule>)> {
        let default = self.request.get("defaultAction")?.as_object()?;
        let is = |name: &str| default.iter().any(|(key, value)| key.eq_ignore_ascii_case(name) && value.is_object());
        let default_allows = match (is("allow"), is("block")) {
            (true, false) => true,
            (false, true) => false,
            _ => return None,
        };
        let rules = each(self.request.get("rules")).into_iter().map(rule).collect::<Option<_>>()?;
        Some((default_allows, rules))
    }
}

fn rule(value: &Value) -> Option<Rule> {
    let name = text(value, "name")?.to_owned();
    let one = |value: &Value| value.as_object()?.keys().next().map(|key| key.to_ascii_lowercase());
    let verb = |word: &str| match word {
        "allow" => Verb::Allow,
        "count" => Verb::Count,
        _ => Verb::Stop,
    };
    if let Some(action) = field(value, "action").filter(|action| !is_empty(Some(action))) {
        return Some(Rule { name, does: Does::Action(verb(&one(action)?)) });
    }
    let counts = field(value, "overrideAction").and_then(one).as_deref() == Some("count");
    let statement = field(value, "statement")?;
    let does = match one(statement)?.as_str() {
        _ if counts => Does::CountGroup,
        "managedrulegroupstatement" => Does::ManagedGroup,
        "rulegroupreferencestatement" => Does::OwnGroup { overrides: BTreeMap::new(), rules: Fact::NotRead },
        _ => return None,
    };
    Some(Rule { name, does })
}

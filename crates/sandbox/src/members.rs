//! The stacks of an organisation's members: what `member.yaml` and `member-correct.yaml` declare, in every account and region
//! their stack sets would carry them to (docs/adr/0011-hub-and-members.md).

use std::collections::BTreeMap;

use rectify_pattern::Pattern;
use serde_json::{Value, json};

use crate::authority::{Asker, Decision, decide};
use crate::bus::{Address, Forward, Place};
use crate::deploy::deploy;
use crate::error::{SandboxError, TemplateError};
use crate::hub::Hub;
use crate::organization::Organization;
use crate::progress::Progress;
use crate::template::{Resolver, Template};

/// The stack set of roles and rules, as the name of each of its stacks.
const STACK: &str = "StackSet-rectify-member";

/// What is deployed to the members, and with which parameters.
pub(crate) struct Stacks {
    pub(crate) member: Template,
    pub(crate) correct: Option<Template>,
    pub(crate) endpoint: String,
    /// The hub's region is the first, and the one that has the roles.
    pub(crate) regions: Vec<String>,
    pub(crate) parameters: BTreeMap<String, String>,
}

impl Stacks {
    /// The parameters that every stack of a member gets; what a template does not declare is not looked at.
    pub(crate) fn parameters(hub: &Hub, organization: &Organization, regions: &[String]) -> BTreeMap<String, String> {
        let text = |name: &str, value: &str| (name.to_owned(), value.to_owned());
        let corrective = organization.units.iter().filter(|unit| unit.corrective);
        let corrective: Vec<&str> = corrective.map(|unit| unit.id.as_str()).collect();
        BTreeMap::from([
            text("HubAccount", &hub.account),
            text("HubRegion", &hub.region),
            text("HubStack", crate::template::resolve::STACK),
            text("OrganizationId", &organization.id),
            text("OrganizationalUnits", &organization.root),
            text("CorrectiveOrganizationalUnits", &corrective.join(",")),
            text("HomeRegion", regions.first().unwrap_or(&hub.region)),
            text("Regions", &regions.join(",")),
        ])
    }

    /// Deploys to every member, and the rules also to the hub's own account. Returns the rules that forward.
    pub(crate) async fn play(
        &self,
        hub: &Hub,
        organization: &Organization,
        progress: &Progress,
    ) -> Result<BTreeMap<Place, Vec<Forward>>, SandboxError> {
        let mut forwards = BTreeMap::new();
        let members = organization.accounts.iter();
        let accounts: Vec<(&str, bool)> = std::iter::once((hub.account.as_str(), false))
            .chain(members.map(|member| (member.id.as_str(), organization.is_corrective(member))))
            .collect();
        for (account, is_corrective) in accounts {
            let mut roles = BTreeMap::new();
            for region in &self.regions {
                let resolver = self.resolver(&self.member, account, region);
                deploy(hub, &self.member, &resolver, &[], &|_| true, progress).await?;
                roles.extend(roles_of(&self.member, &resolver)?);
                let found = forwards_of(&self.member, &resolver)?;
                forwards.insert(Place { account: account.to_owned(), region: region.clone() }, found);
            }
            if let (true, Some(correct), Some(region)) = (is_corrective, &self.correct, self.regions.first()) {
                deploy(hub, correct, &self.resolver(correct, account, region), &[], &|_| true, progress).await?;
            }
            for (place, found) in forwards.iter_mut().filter(|(place, _)| place.account == account) {
                found.retain(|forward| {
                    let may = may_forward(forward, account, &roles, &organization.id);
                    if !may {
                        tracing::warn!(
                            rule = forward.name,
                            account,
                            region = place.region,
                            "its role lets it put nothing"
                        );
                    }
                    may
                });
            }
        }
        Ok(forwards)
    }

    fn resolver<'a>(&'a self, template: &'a Template, account: &'a str, region: &'a str) -> Resolver<'a> {
        Resolver::new(template, account, region, &self.endpoint, self.parameters.clone()).stack(STACK)
    }
}

/// Whether EventBridge may put events on the rule's target as the rule's role.
fn may_forward(forward: &Forward, account: &str, roles: &BTreeMap<String, Value>, organization: &str) -> bool {
    let Some(role) = roles.get(&forward.role) else { return false };
    let trust = role.get("AssumeRolePolicyDocument").unwrap_or(&Value::Null);
    let events = Asker::service("events.amazonaws.com").key("aws:SourceAccount", [account.to_owned()]);
    let asker = Asker::role(account, &forward.role, Some(organization));
    let policies = role.get("Policies").and_then(Value::as_array);
    decide(trust, &events, "sts:AssumeRole", None) == Decision::Allowed
        && policies
            .into_iter()
            .flatten()
            .filter_map(|policy| policy.get("PolicyDocument"))
            .any(|policy| decide(policy, &asker, "events:PutEvents", Some(&forward.to.arn())) == Decision::Allowed)
}

/// The roles a template makes in one place, by ARN.
fn roles_of(template: &Template, resolver: &Resolver<'_>) -> Result<Vec<(String, Value)>, TemplateError> {
    let roles = template.resources(resolver).filter(|(_, kind, _)| *kind == "AWS::IAM::Role");
    roles
        .map(|(logical_id, _, properties)| {
            let wrong = |reason| TemplateError::Resolve { logical_id: logical_id.to_owned(), reason };
            Ok((resolver.attribute(logical_id, "Arn").map_err(wrong)?, resolver.resolve(properties).map_err(wrong)?))
        })
        .collect()
}

/// The rules of a template whose target is a bus.
pub(crate) fn forwards_of(template: &Template, resolver: &Resolver<'_>) -> Result<Vec<Forward>, TemplateError> {
    let mut forwards = Vec::new();
    for (logical_id, kind, properties) in template.resources(resolver) {
        if kind != "AWS::Events::Rule" {
            continue;
        }
        let wrong = |reason| TemplateError::Resolve { logical_id: logical_id.to_owned(), reason };
        let properties = resolver.resolve(properties).map_err(wrong)?;
        let text = |value: &Value, key: &str| value.get(key).and_then(Value::as_str).unwrap_or_default().to_owned();
        if text(&properties, "State") == "DISABLED" {
            continue;
        }
        for target in properties.get("Targets").and_then(Value::as_array).into_iter().flatten() {
            let Some(to) = Address::of_arn(&text(target, "Arn")) else { continue };
            let name = resolver.physical(logical_id).map_err(wrong)?;
            let pattern = Pattern::from_value(properties.get("EventPattern").unwrap_or(&json!({})))
                .map_err(|error| TemplateError::Pattern { rule: name.clone(), reason: error.to_string() })?;
            forwards.push(Forward { name, pattern, to, role: text(target, "RoleArn") });
        }
    }
    Ok(forwards)
}

/// The policies of the template's buses, by bus: statements of `AWS::Events::EventBusPolicy` and a bus's own `Policy`.
pub(crate) fn bus_policies(
    template: &Template,
    resolver: &Resolver<'_>,
) -> Result<BTreeMap<String, Value>, TemplateError> {
    let mut statements: BTreeMap<String, Vec<Value>> = BTreeMap::new();
    for (logical_id, kind, properties) in template.resources(resolver) {
        let wrong = |reason| TemplateError::Resolve { logical_id: logical_id.to_owned(), reason };
        let (bus, found) = match kind {
            "AWS::Events::EventBus" => {
                let properties = resolver.resolve(properties).map_err(wrong)?;
                let policy = properties.get("Policy").and_then(|policy| policy.get("Statement")).cloned();
                (resolver.physical(logical_id).map_err(wrong)?, policy)
            }
            "AWS::Events::EventBusPolicy" => {
                let properties = resolver.resolve(properties).map_err(wrong)?;
                let bus = properties.get("EventBusName").and_then(Value::as_str).unwrap_or("default").to_owned();
                (bus, properties.get("Statement").cloned())
            }
            _ => continue,
        };
        let known = statements.entry(bus).or_default();
        match found {
            Some(Value::Array(found)) => known.extend(found),
            Some(one) => known.push(one),
            None => {}
        }
    }
    Ok(statements.into_iter().map(|(bus, list)| (bus, json!({ "Statement": list }))).collect())
}

//! The reads of AWS WAF.

use std::collections::BTreeMap;

use aws_sdk_wafv2::types;
use rectify_aws::{AwsFailure, Ended, FailureKind, Reading, reading, refused, unreadable};
use rectify_controls::{
    Arn, Fact, Kind,
    api::{Acl, Api, Does, Part, Rule, Scope, Target, Verb, WafLogging, WebAcl},
};

use crate::{clients::Set, gateway::endless};

/// The most on a page (WAF API reference, `ListWebACLs`).
const PAGE: i32 = 100;

/// Pages of one list. The quota is 100 web ACLs in a region, and more on request.
const MOST_PAGES: usize = 20;

pub(crate) fn scope(scope: Scope) -> types::Scope {
    match scope {
        Scope::Regional => types::Scope::Regional,
        Scope::Global => types::Scope::Cloudfront,
    }
}

/// `GetWebACLForResource`: the web ACL's ARN. What WAF does not know has none: whether it is there at all, its own service says, and
/// knows a new one sooner.
pub(crate) async fn web_acl_of(at: &Set, arn: &str) -> Reading<Option<String>> {
    let answer = at.waf.get_web_acl_for_resource().resource_arn(arn).send().await;
    reading("wafv2", "GetWebACLForResource", answer, Some((NO_SUCH, None)), |answer| {
        Ok(answer.web_acl.map(|acl| acl.arn))
    })
}

/// `ListWebACLs` of the scope, all pages.
pub(crate) async fn acls(at: &Set, of: Scope) -> Reading<Vec<Acl>> {
    let mut acls = Vec::new();
    let mut marker = None;
    for _ in 0..MOST_PAGES {
        let (page, next) = match page(at, of, marker).await {
            Ok(page) => page,
            Err(failure) => return refused(failure, None),
        };
        acls.extend(
            page.into_iter()
                .filter_map(|acl| Some(Acl { name: acl.name?, arn: acl.arn?, fraud_control: Fact::NotRead })),
        );
        match next {
            Some(next) => marker = Some(next),
            None => {
                acls.sort_by(|one, other| one.arn.cmp(&other.arn));
                return Ok(Fact::Known(acls));
            }
        }
    }
    Ok(endless("ListWebACLs"))
}

/// Web ACLs whose rules are read for a user pool; the quota of a region is 100. Of any further one it stays unknown.
const MOST_READ: usize = 100;

/// Web ACLs that are read at the same time.
const AT_ONCE: usize = 5;

/// The managed rule groups that AWS takes for no user pool (WAF developer guide, "Associating or disassociating a web ACL with an
/// AWS resource").
const FRAUD_CONTROL: [&str; 2] = ["AWSManagedRulesACFPRuleSet", "AWSManagedRulesATPRuleSet"];

/// [`acls`] of the region, each with whether a user pool takes it. The list does not say, so the rules are read.
pub(crate) async fn acls_for_pools(at: &Set) -> Reading<Vec<Acl>> {
    let mut acls = acls(at, Scope::Regional).await?;
    let Some(list) = acls.known_mut() else { return Ok(acls) };
    for chunk in list.iter_mut().take(MOST_READ).collect::<Vec<_>>().chunks_mut(AT_ONCE) {
        let read = futures::future::join_all(chunk.iter().map(|acl| fraud_control(at, &acl.arn))).await;
        for (acl, read) in chunk.iter_mut().zip(read) {
            acl.fraud_control = read?;
        }
    }
    Ok(acls)
}

/// Whether a rule group of WAF Fraud Control is in the web ACL. Such groups stand at the top only (WAF developer guide, "Managed
/// rule group statement"). A web ACL that went meanwhile is not the pool's end.
async fn fraud_control(at: &Set, arn: &str) -> Reading<bool> {
    let Some(Target::WebAcl(of, name, id)) = Api::id(&Arn::from_parts(arn.to_owned()), &at.place) else {
        return Ok(rectify_aws::shaped("GetWebACL", Err("an odd ARN in the list".to_owned())));
    };
    match at.waf.get_web_acl().scope(scope(of)).name(name.as_str()).id(id.as_str()).send().await {
        Ok(answer) => {
            let acl = answer.web_acl;
            let rules = acl.as_ref().map(|acl| acl.rules()).unwrap_or_default();
            Ok(Fact::Known(rules.iter().any(|rule| {
                let group = rule.statement.as_ref().and_then(|one| one.managed_rule_group_statement.as_ref());
                group.is_some_and(|group| group.vendor_name == "AWS" && FRAUD_CONTROL.contains(&group.name.as_str()))
            })))
        }
        Err(error) => match AwsFailure::new("wafv2", "GetWebACL", &error) {
            failure if failure.kind == FailureKind::Gone => Ok(Fact::Unreadable(unreadable(failure))),
            failure => refused(failure, None),
        },
    }
}

/// One page of `ListWebACLs`, and where the next begins. WAF gives a marker after the last page too; the page behind it is empty.
pub(crate) async fn page(
    at: &Set,
    of: Scope,
    marker: Option<String>,
) -> Result<(Vec<types::WebAclSummary>, Option<String>), AwsFailure> {
    let call = at.waf.list_web_acls().scope(scope(of)).limit(PAGE).set_next_marker(marker);
    let answer = call.send().await.map_err(|error| AwsFailure::new("wafv2", "ListWebACLs", &error))?;
    let page = answer.web_acls.unwrap_or_default();
    let next = answer.next_marker.filter(|marker| !marker.is_empty() && !page.is_empty());
    Ok((page, next))
}

/// `GetWebACL`, and `GetRuleGroup` of every rule group of the account in it.
pub(crate) async fn web_acl(at: &Set, of: Scope, name: &Part, id: &Part) -> Reading<WebAcl> {
    let call = at.waf.get_web_acl().scope(scope(of)).name(name.as_str()).id(id.as_str());
    let answer = match call.send().await {
        Ok(answer) => answer,
        Err(error) => return refused(AwsFailure::new("wafv2", "GetWebACL", &error), None),
    };
    let Some(acl) = answer.web_acl else { return Ok(rectify_aws::shaped("GetWebACL", Err("no web ACL".to_owned()))) };
    let mut rules: Vec<&types::Rule> = acl.rules().iter().collect();
    rules.sort_by_key(|rule| rule.priority);
    let read = futures::future::join_all(rules.into_iter().map(|rule| self::rule(at, rule))).await;
    let rules = read.into_iter().collect::<Result<Vec<_>, Ended>>()?;
    let groups =
        acl.pre_process_firewall_manager_rule_groups().len() + acl.post_process_firewall_manager_rule_groups().len();
    Ok(Fact::Known(WebAcl {
        default_allows: acl.default_action.as_ref().is_some_and(|action| action.allow.is_some()),
        firewall_manager: acl.managed_by_firewall_manager,
        firewall_manager_groups: groups,
        rules,
    }))
}

async fn rule(at: &Set, rule: &types::Rule) -> Result<Rule, Ended> {
    let statement = rule.statement.as_ref();
    let counted = rule.override_action.as_ref().is_some_and(|action| action.count.is_some());
    let own = statement.and_then(|statement| statement.rule_group_reference_statement.as_ref());
    let managed = statement.is_some_and(|statement| statement.managed_rule_group_statement.is_some());
    let does = match (&rule.action, own) {
        (Some(action), _) => Does::Action(verb(Some(action))),
        _ if counted => Does::CountGroup,
        (None, Some(group)) => {
            Does::OwnGroup { overrides: overrides(group), rules: self::group(at, &group.arn).await? }
        }
        (None, None) if managed => Does::ManagedGroup,
        (None, None) => Does::Action(Verb::Stop),
    };
    Ok(Rule { name: rule.name.clone(), does })
}

fn verb(action: Option<&types::RuleAction>) -> Verb {
    match action {
        Some(action) if action.allow.is_some() => Verb::Allow,
        Some(action) if action.count.is_some() => Verb::Count,
        _ => Verb::Stop,
    }
}

/// `ExcludedRules` is the older way to say that a rule of the group only counts.
fn overrides(group: &types::RuleGroupReferenceStatement) -> BTreeMap<String, Verb> {
    let excluded = group.excluded_rules().iter().map(|rule| (rule.name.clone(), Verb::Count));
    let overridden = group.rule_action_overrides().iter();
    let overridden = overridden.map(|rule| (rule.name.clone(), verb(rule.action_to_use.as_ref())));
    excluded.chain(overridden).collect()
}

/// `GetRuleGroup`. A group that is gone is not the web ACL's end: AWS deletes none that is in use, so the read is old.
async fn group(at: &Set, arn: &str) -> Reading<BTreeMap<String, Verb>> {
    match at.waf.get_rule_group().arn(arn).send().await {
        Ok(answer) => {
            let rules = answer.rule_group.as_ref().map(|group| group.rules()).unwrap_or_default();
            Ok(Fact::Known(rules.iter().map(|rule| (rule.name.clone(), verb(rule.action.as_ref()))).collect()))
        }
        Err(error) => match AwsFailure::new("wafv2", "GetRuleGroup", &error) {
            failure if failure.kind == FailureKind::Gone => Ok(Fact::Unreadable(unreadable(failure))),
            failure => refused(failure, None),
        },
    }
}

/// `GetLoggingConfiguration`. WAF answers the same for a web ACL without one and for no such web ACL; which it is,
/// [`web_acl`] says.
pub(crate) async fn logging(at: &Set, arn: &str) -> Reading<Option<WafLogging>> {
    let answer = at.waf.get_logging_configuration().resource_arn(arn).send().await;
    let absent = Some((NO_SUCH, None));
    reading("wafv2", "GetLoggingConfiguration", answer, absent, |answer| {
        let Some(logging) = answer.logging_configuration else { return Ok(None) };
        let [destination] = logging.log_destination_configs.as_slice() else {
            return Err("not one destination".to_owned());
        };
        let more = !logging.redacted_fields().is_empty()
            || logging.logging_filter.is_some()
            || logging.managed_by_firewall_manager;
        Ok(Some(WafLogging { destination: destination.clone(), more }))
    })
}

/// WAF's code for whatever is not there.
pub(crate) const NO_SUCH: &str = "WAFNonexistentItemException";

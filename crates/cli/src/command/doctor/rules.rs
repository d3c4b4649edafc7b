//! A guard's rules: whether they are there, let through what they should, are switched on and keep what cannot be delivered.

use aws_sdk_eventbridge::{Client, types::RuleState};
use rectify_aws::AwsFailure;
use rectify_controls::pattern::event_pattern;
use rectify_pattern::Pattern;
use serde_json::{Value, json};

use super::check::Check;
use crate::{
    connection::{CloudError, Connection},
    kinds::KindEntry,
};

const RULE: &str = "rule";
const OWN: &str = "own-events";

/// More pages of rules than a bus can have (EventBridge quotas: 300 rules a bus).
const PAGES: usize = 50;

/// The bus that is called so is the account's own.
pub(super) const DEFAULT_BUS: &str = "default";

/// One rule whose target is the guard.
#[derive(Debug, Clone)]
struct Rule {
    name: String,
    /// `None` for a schedule.
    pattern: Option<Value>,
    enabled: bool,
    keeps_failures: bool,
}

/// The rules of `kind` on `bus`, which starts the function at `arn`.
pub(super) async fn check(
    connection: &Connection,
    kind: &KindEntry,
    arn: &str,
    bus: &str,
    probe: &Value,
) -> Vec<Check> {
    let client = Client::new(connection.config());
    match read(&client, arn, bus).await {
        Ok(rules) => judge(kind.name, bus, &event_pattern(kind.events, kind.notices), probe, &rules),
        Err(failure) => vec![Check::unread(RULE, kind.name, &connection.failure(failure))],
    }
}

async fn read(client: &Client, arn: &str, bus: &str) -> Result<Vec<Rule>, AwsFailure> {
    let mut names = Vec::new();
    let mut token: Option<String> = None;
    for _ in 0..PAGES {
        let answer = client
            .list_rule_names_by_target()
            .target_arn(arn)
            .event_bus_name(bus)
            .set_next_token(token)
            .send()
            .await
            .map_err(|error| AwsFailure::new("events", "ListRuleNamesByTarget", &error))?;
        names.extend(answer.rule_names.unwrap_or_default());
        token = answer.next_token.filter(|token| !token.is_empty());
        if token.is_none() {
            break;
        }
    }
    let mut rules = Vec::new();
    for name in names {
        if let Some(rule) = describe(client, arn, bus, name).await? {
            rules.push(rule);
        }
    }
    Ok(rules)
}

/// `None` when it has gone since it was listed.
async fn describe(client: &Client, arn: &str, bus: &str, name: String) -> Result<Option<Rule>, AwsFailure> {
    let rule = match client.describe_rule().name(&name).event_bus_name(bus).send().await {
        Ok(rule) => rule,
        Err(error) => {
            let failure = AwsFailure::new("events", "DescribeRule", &error);
            return if failure.code_is("ResourceNotFoundException") { Ok(None) } else { Err(failure) };
        }
    };
    // A rule has at most five targets: one page (EventBridge quotas).
    let targets = client
        .list_targets_by_rule()
        .rule(&name)
        .event_bus_name(bus)
        .send()
        .await
        .map_err(|error| AwsFailure::new("events", "ListTargetsByRule", &error))?;
    let ours = targets.targets().iter().filter(|target| target.arn() == arn);
    let keeps_failures =
        ours.into_iter().all(|target| target.dead_letter_config().is_some_and(|to| to.arn().is_some()));
    let pattern = rule.event_pattern().map(|text| serde_json::from_str(text).unwrap_or(Value::Null));
    Ok(Some(Rule { name, pattern, enabled: rule.state() != Some(&RuleState::Disabled), keeps_failures }))
}

/// An event as `check` puts it on the bus.
pub(super) fn probe(kind: &str, account: &str, region: &str, id: &str) -> Value {
    json!({
        "version": "0", "id": id, "source": rectify_event::OWN_SOURCE, "detail-type": "Probe", "account": account,
        "region": region, "time": "2026-11-28T00:00:00Z", "resources": [], "detail": { "kind": kind, "probe": id },
    })
}

fn judge(kind: &str, bus: &str, expected: &Value, probe: &Value, rules: &[Rule]) -> Vec<Check> {
    let deploy = "deploy the stack again: `sam build && sam deploy`";
    let wanted = canonical(expected);
    let lets_through = |rule: &&Rule| rule.pattern.as_ref().is_some_and(|pattern| canonical(pattern) == wanted);
    let lets_probes = |rule: &&Rule| {
        rule.pattern.as_ref().and_then(|p| Pattern::from_value(p).ok()).is_some_and(|p| p.matches(probe))
    };
    let mut checks = Vec::new();
    for (id, found, what) in [
        (RULE, rules.iter().filter(lets_through).collect::<Vec<_>>(), "the events of this release's rule book"),
        (OWN, rules.iter().filter(lets_probes).collect(), "sweeps and probes"),
    ] {
        let live: Vec<&&Rule> = found.iter().filter(|rule| rule.enabled).collect();
        let lossy = live.iter().find(|rule| !rule.keeps_failures);
        checks.push(match (found.first(), live.first(), lossy) {
            (None, ..) if rules.is_empty() => {
                Check::failed(id, kind, format!("no rule on bus `{bus}` starts the function"), deploy)
            }
            (None, ..) => {
                let names: Vec<String> = rules.iter().map(|rule| format!("`{}`", rule.name)).collect();
                Check::failed(id, kind, format!("no rule lets through {what}: {}", names.join(", ")), deploy)
            }
            (Some(dead), None, _) => Check::failed(
                id,
                kind,
                format!("rule `{}` is disabled", dead.name),
                format!("`aws events enable-rule --name {} --event-bus-name {bus}`", dead.name),
            ),
            (_, Some(_), Some(lossy)) => Check::failed(
                id,
                kind,
                format!("rule `{}` has no dead-letter queue: what cannot be delivered is lost", lossy.name),
                deploy,
            ),
            (_, Some(live), None) => Check::fine(id, kind, format!("rule `{}` is enabled", live.name)),
        });
    }
    let idle = rules.iter().filter(|rule| rule.pattern.is_none() && !rule.enabled);
    checks.extend(idle.map(|rule| {
        let next = format!("`aws events enable-rule --name {} --event-bus-name {bus}`", rule.name);
        Check::warning("schedule", kind, format!("the schedule `{}` is disabled", rule.name), next)
    }));
    checks
}

/// The order of the values of a field means nothing.
fn canonical(pattern: &Value) -> Value {
    match pattern {
        Value::Array(values) => {
            let mut values: Vec<Value> = values.iter().map(canonical).collect();
            values.sort_by_cached_key(Value::to_string);
            Value::Array(values)
        }
        Value::Object(fields) => fields.iter().map(|(key, value)| (key.clone(), canonical(value))).collect(),
        other => other.clone(),
    }
}

/// Which bus the guard's rules are on, and what of the organisation the function was told, from its environment.
pub(super) fn bus_of(variables: &std::collections::HashMap<String, String>) -> String {
    let told = |name: &str| variables.get(name).filter(|value| !value.is_empty());
    told("RECTIFY_BUS").cloned().unwrap_or_else(|| DEFAULT_BUS.to_owned())
}

/// What putting an event on a bus came to.
pub(super) async fn put(connection: &Connection, bus: &str, event: &Value) -> Result<(), CloudError> {
    use aws_sdk_eventbridge::types::PutEventsRequestEntry;

    let text = |key: &str| event.get(key).and_then(Value::as_str).unwrap_or_default();
    let entry = PutEventsRequestEntry::builder()
        .event_bus_name(bus)
        .source(text("source"))
        .detail_type(text("detail-type"))
        .detail(event.get("detail").map(Value::to_string).unwrap_or_default())
        .build();
    let answer = Client::new(connection.config())
        .put_events()
        .entries(entry)
        .send()
        .await
        .map_err(|error| connection.failure(AwsFailure::new("events", "PutEvents", &error)))?;
    match answer.entries().iter().find(|entry| entry.error_code().is_some()) {
        None => Ok(()),
        Some(refused) => Err(connection.failure(AwsFailure {
            service: "events",
            operation: "PutEvents",
            kind: rectify_aws::FailureKind::Other,
            code: refused.error_code().map(str::to_owned),
            message: refused.error_message().map(str::to_owned),
            request_id: None,
        })),
    }
}

#[cfg(test)]
mod tests {
    use super::{super::check::Verdict, *};

    fn expected() -> Value {
        json!({"source": ["aws.s3"], "detail": {"eventName": ["PutBucketAcl", "PutBucketPolicy"]}})
    }

    fn change() -> Rule {
        let pattern = json!({"detail": {"eventName": ["PutBucketPolicy", "PutBucketAcl"]}, "source": ["aws.s3"]});
        Rule { name: "change".to_owned(), pattern: Some(pattern), enabled: true, keeps_failures: true }
    }

    fn own() -> Rule {
        let pattern = json!({"source": ["rectify"], "detail": {"kind": ["s3-bucket"]}});
        Rule { name: "own".to_owned(), pattern: Some(pattern), ..change() }
    }

    fn tend() -> Rule {
        Rule { name: "tend".to_owned(), pattern: None, keeps_failures: false, ..change() }
    }

    #[track_caller]
    fn judged(rules: &[Rule], says: &[(Verdict, &str)]) {
        let event = probe("s3-bucket", "111122223333", "eu-central-1", "p");
        let checks = judge("s3-bucket", "rectify", &expected(), &event, rules);
        assert_eq!(checks.len(), says.len(), "{checks:#?}");
        for (check, (verdict, says)) in checks.iter().zip(says) {
            assert_eq!(check.verdict, *verdict, "{checks:#?}");
            let text = format!("{}; {}", check.seen, check.next.as_deref().unwrap_or_default());
            assert!(text.contains(says), "`{says}` in {text}");
        }
    }

    #[test]
    fn rules_as_deployed_are_fine_whatever_the_order_of_names() {
        judged(&[change(), own(), tend()], &[(Verdict::Fine, "`change`"), (Verdict::Fine, "`own`")]);
    }

    #[test]
    fn a_disabled_rule_is_named_with_the_command_that_enables_it() {
        let off = Rule { enabled: false, ..change() };
        let says = "aws events enable-rule --name change --event-bus-name rectify";
        judged(&[off.clone(), own()], &[(Verdict::Failed, says), (Verdict::Fine, "")]);
        judged(&[off, change(), own()], &[(Verdict::Fine, "`change`"), (Verdict::Fine, "")]);
        let off = Rule { enabled: false, ..tend() };
        judged(&[change(), own(), off], &[(Verdict::Fine, ""), (Verdict::Fine, ""), (Verdict::Warning, "`tend`")]);
    }

    #[test]
    fn a_rule_of_another_release_a_missing_one_and_one_that_loses_events_fail() {
        let mut old = change();
        old.pattern = Some(json!({"source": ["aws.s3"], "detail": {"eventName": ["PutBucketAcl"]}}));
        judged(&[old, own()], &[(Verdict::Failed, "no rule lets through the events"), (Verdict::Fine, "")]);
        judged(&[], &[(Verdict::Failed, "no rule on bus `rectify`"), (Verdict::Failed, "sam deploy")]);
        judged(&[change()], &[(Verdict::Fine, ""), (Verdict::Failed, "sweeps and probes")]);
        let lossy = Rule { keeps_failures: false, ..change() };
        judged(&[lossy, own()], &[(Verdict::Failed, "no dead-letter queue"), (Verdict::Fine, "")]);
    }

    #[test]
    fn a_pattern_that_is_none_matches_nothing() {
        for pattern in [Value::Null, json!([]), json!({"source": "rectify"})] {
            let odd = Rule { pattern: Some(pattern), ..change() };
            judged(&[odd], &[(Verdict::Failed, "no rule lets through"), (Verdict::Failed, "no rule lets through")]);
        }
    }
}

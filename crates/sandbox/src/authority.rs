//! What moto does not decide: who a trust or bus policy lets in (IAM user guide, "Policy evaluation logic").
//!
//! Exact for what it knows, and closed for the rest: an operator or key it does not know makes an `Allow` not count and a `Deny`
//! count. Not for exposure analysis (that is `rectify-policy`): here the caller and the request are known.

use std::collections::BTreeMap;

use serde_json::Value;

use crate::trail::identity::Principal;

/// What the policies of one place say.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Decision {
    Allowed,
    Denied,
    /// Nothing: refused, unless somebody else allows it.
    Silent,
}

/// Who asks, and the request's context: condition keys in lower case with their values; a key that is not there is absent.
#[derive(Debug, Clone, Default)]
pub(crate) struct Asker {
    account: String,
    /// Of the user, the role or the account's root; `None` for a service.
    arn: Option<String>,
    session: Option<String>,
    service: Option<String>,
    pub(crate) keys: BTreeMap<String, Vec<String>>,
}

impl Asker {
    /// The caller behind a request. `organization` is the id of the organisation the caller's account is in.
    pub(crate) fn new(principal: &Principal, organization: Option<&str>) -> Self {
        let mut asker = Self {
            account: principal.account.clone(),
            service: principal.service().map(str::to_owned),
            ..Self::default()
        };
        if asker.service.is_some() {
            return asker;
        }
        asker.arn = Some(principal.issuer_arn());
        asker.session = principal.session_arn();
        for (key, value) in [
            ("aws:principalaccount", Some(principal.account.as_str())),
            ("aws:principalarn", asker.arn.clone().as_deref()),
            ("aws:principalorgid", organization),
            ("aws:principalisawsservice", Some("false")),
        ] {
            asker.keys.extend(value.map(|value| (key.to_owned(), vec![value.to_owned()])));
        }
        asker
    }

    /// A service that acts as itself, such as EventBridge when it takes on a rule's role.
    pub(crate) fn service(host: &str) -> Self {
        Self { service: Some(host.to_owned()), ..Self::default() }
    }

    /// A role of `account` by its ARN, as rules put events.
    pub(crate) fn role(account: &str, arn: &str, organization: Option<&str>) -> Self {
        Self::new(&Principal::role(account, arn, "sandbox"), organization)
    }

    pub(crate) fn key(mut self, key: &str, values: impl IntoIterator<Item = String>) -> Self {
        self.keys.insert(key.to_lowercase(), values.into_iter().collect());
        self
    }

    /// The caller as refusals name it.
    pub(crate) fn name(&self) -> &str {
        [&self.session, &self.arn, &self.service].into_iter().flatten().next().map_or("", String::as_str)
    }
}

/// What `policy` says about `action`; `resource` is `None` for a trust policy, whose statements have none.
pub(crate) fn decide(policy: &Value, asker: &Asker, action: &str, resource: Option<&str>) -> Decision {
    let mut decision = Decision::Silent;
    for statement in many(policy.get("Statement")) {
        let denies = statement.get("Effect").and_then(Value::as_str) == Some("Deny");
        let applies = is_for(statement, asker)
            && matches(statement, "Action", "NotAction", action, true)
            && resource.is_none_or(|resource| matches(statement, "Resource", "NotResource", resource, false))
            && conditions(statement.get("Condition"), asker).unwrap_or(denies);
        match (applies, denies) {
            (true, true) => return Decision::Denied,
            (true, false) => decision = Decision::Allowed,
            (false, _) => {}
        }
    }
    decision
}

/// Whether the statement is about this caller; a statement of an identity policy names nobody.
fn is_for(statement: &Value, asker: &Asker) -> bool {
    if let Some(others) = statement.get("NotPrincipal") {
        return !named(others, asker);
    }
    statement.get("Principal").is_none_or(|principal| named(principal, asker))
}

fn named(principal: &Value, asker: &Asker) -> bool {
    if principal == "*" {
        return true;
    }
    let is_caller = |name: &str| {
        let root = format!("arn:aws:iam::{}:root", asker.account);
        asker.service.is_none()
            && (name == "*"
                || name == asker.account
                || name == root
                || [&asker.arn, &asker.session].into_iter().flatten().any(|own| own == name))
    };
    many(principal.get("AWS")).any(|name| name.as_str().is_some_and(is_caller))
        || many(principal.get("Service"))
            .any(|name| name.as_str().is_some_and(|name| asker.service.as_deref() == Some(name)))
}

fn matches(statement: &Value, positive: &str, negative: &str, value: &str, any_case: bool) -> bool {
    let fits = |pattern: &Value| {
        pattern.as_str().is_some_and(|pattern| {
            if any_case { like(&pattern.to_lowercase(), &value.to_lowercase()) } else { like(pattern, value) }
        })
    };
    match (statement.get(positive), statement.get(negative)) {
        (Some(patterns), _) => many(Some(patterns)).any(fits),
        (None, Some(patterns)) => !many(Some(patterns)).any(fits),
        // A bus policy may leave the resource out: it is the bus.
        (None, None) => positive == "Resource",
    }
}

/// Whether all conditions hold; `None` when one of them is not known here.
fn conditions(conditions: Option<&Value>, asker: &Asker) -> Option<bool> {
    for (operator, keys) in conditions.and_then(Value::as_object).into_iter().flatten() {
        for (key, expected) in keys.as_object()? {
            let expected: Vec<&str> = many(Some(expected)).filter_map(Value::as_str).collect();
            if !condition(operator, asker.keys.get(&key.to_lowercase()), &expected)? {
                return Some(false);
            }
        }
    }
    Some(true)
}

fn condition(operator: &str, actual: Option<&Vec<String>>, expected: &[&str]) -> Option<bool> {
    if operator == "Null" {
        return Some(expected.iter().all(|expected| (*expected == "true") == actual.is_none()));
    }
    let (quantifier, operator) = operator.split_once(':').map_or((None, operator), |(all, rest)| (Some(all), rest));
    let (operator, if_exists) = operator.strip_suffix("IfExists").map_or((operator, false), |bare| (bare, true));
    let (operator, negated) = match operator {
        "StringNotEquals" => ("StringEquals", true),
        "StringNotLike" => ("StringLike", true),
        "ArnNotEquals" | "ArnNotLike" => ("ArnLike", true),
        other => (other, false),
    };
    let holds: fn(&str, &str) -> bool = match operator {
        "StringEquals" => |pattern, value| pattern == value,
        "StringEqualsIgnoreCase" | "Bool" => |pattern, value| pattern.eq_ignore_ascii_case(value),
        "StringLike" | "ArnLike" | "ArnEquals" => like,
        _ => return None,
    };
    let one = |value: &String| expected.iter().any(|pattern| holds(pattern, value)) != negated;
    Some(match (quantifier, actual) {
        (Some("ForAllValues"), actual) => actual.into_iter().flatten().all(one),
        (Some("ForAnyValue") | None, Some(values)) => values.iter().any(one),
        (Some("ForAnyValue") | None, None) => if_exists || (negated && quantifier.is_none()),
        _ => return None,
    })
}

/// `*` stands for any characters, `?` for one.
fn like(pattern: &str, value: &str) -> bool {
    let mut parts = pattern.split('*');
    let Some(first) = parts.next() else { return value.is_empty() };
    let Some(mut rest) = strip(value, first) else { return false };
    let mut parts = parts.peekable();
    if parts.peek().is_none() {
        return rest.is_empty();
    }
    while let Some(part) = parts.next() {
        if parts.peek().is_none() {
            let length = part.chars().count();
            let Some(skip) = rest.chars().count().checked_sub(length) else { return false };
            let end: String = rest.chars().skip(skip).collect();
            return strip(&end, part) == Some("");
        }
        let mut starts = rest.char_indices().map(|(at, _)| at).chain([rest.len()]);
        let Some(found) = starts.find_map(|at| strip(rest.get(at..)?, part)) else { return false };
        rest = found;
    }
    true
}

/// What follows `part` at the beginning of `value`.
fn strip<'a>(value: &'a str, part: &str) -> Option<&'a str> {
    let mut rest = value.chars();
    for wanted in part.chars() {
        let found = rest.next()?;
        if wanted != '?' && wanted != found {
            return None;
        }
    }
    Some(rest.as_str())
}

/// An element that may be one value or a list of them.
fn many(value: Option<&Value>) -> impl Iterator<Item = &Value> {
    let list = value.and_then(Value::as_array);
    let one = value.filter(|value| !value.is_array());
    list.into_iter().flatten().chain(one)
}

#[cfg(test)]
mod tests {
    use serde_json::json;

    use super::*;

    const HUB: &str = "123456789012";

    fn guard() -> Asker {
        Asker::role(HUB, "arn:aws:iam::123456789012:role/rectify/rectify-s3-bucket", Some("o-ours"))
    }

    fn trust(condition: &Value) -> Value {
        json!({ "Statement": [{
            "Effect": "Allow",
            "Principal": { "AWS": "arn:aws:iam::123456789012:root" },
            "Action": ["sts:AssumeRole", "sts:TagSession"],
            "Condition": condition,
        }] })
    }

    #[test]
    fn a_trust_holds_for_the_caller_it_describes_and_nobody_else() {
        let policy = trust(&json!({
            "ArnEquals": { "aws:PrincipalArn": "arn:aws:iam::123456789012:role/rectify/rectify-s3-bucket" },
            "StringEquals": { "aws:PrincipalOrgID": "o-ours", "sts:ExternalId": "rectify-123456789012" },
        }));
        let with_id = |asker: Asker| asker.key("sts:ExternalId", ["rectify-123456789012".to_owned()]);
        let ask = |asker: Asker, action: &str| decide(&policy, &asker, action, None);
        assert_eq!(ask(with_id(guard()), "sts:AssumeRole"), Decision::Allowed);
        assert_eq!(ask(with_id(guard()), "sts:TagSession"), Decision::Allowed);
        assert_eq!(ask(with_id(guard()), "sts:SetSourceIdentity"), Decision::Silent);
        assert_eq!(ask(guard(), "sts:AssumeRole"), Decision::Silent, "without the external id");
        let other = Asker::role(HUB, "arn:aws:iam::123456789012:role/other", Some("o-ours"));
        assert_eq!(ask(with_id(other), "sts:AssumeRole"), Decision::Silent);
        let outside = Asker::role(HUB, "arn:aws:iam::123456789012:role/rectify/rectify-s3-bucket", None);
        assert_eq!(ask(with_id(outside), "sts:AssumeRole"), Decision::Silent);
        let namesake =
            Asker::role("999999999999", "arn:aws:iam::123456789012:role/rectify/rectify-s3-bucket", Some("o-ours"));
        assert_eq!(ask(with_id(namesake), "sts:AssumeRole"), Decision::Silent, "another account");
        assert_eq!(ask(Asker::service("events.amazonaws.com"), "sts:AssumeRole"), Decision::Silent);
    }

    #[test]
    fn what_is_not_known_never_lets_in() {
        let allow = trust(&json!({ "IpAddress": { "aws:SourceIp": "10.0.0.0/8" } }));
        assert_eq!(decide(&allow, &guard(), "sts:AssumeRole", None), Decision::Silent);
        let deny = json!({ "Statement": [
            { "Effect": "Allow", "Principal": "*", "Action": "*" },
            { "Effect": "Deny", "Principal": "*", "Action": "*", "Condition": { "IpAddress": { "aws:SourceIp": "10.0.0.0/8" } } },
        ] });
        assert_eq!(decide(&deny, &guard(), "sts:AssumeRole", None), Decision::Denied);
    }

    #[test]
    fn operators_are_those_of_iam() {
        let holds =
            |condition: Value| decide(&trust(&condition), &guard(), "sts:AssumeRole", None) == Decision::Allowed;
        assert!(holds(json!({ "StringLike": { "AWS:principalarn": "arn:aws:iam::*:role/rectify/rectify-*" } })));
        assert!(holds(json!({ "StringNotEquals": { "aws:RequestTag/x": "y" } })), "absent is not equal");
        assert!(!holds(json!({ "StringNotEquals": { "aws:PrincipalOrgID": ["o-a", "o-ours"] } })));
        assert!(holds(json!({ "StringEqualsIfExists": { "sts:ExternalId": "x" } })));
        assert!(!holds(json!({ "StringEquals": { "sts:ExternalId": "x" } })));
        assert!(holds(json!({ "Null": { "sts:ExternalId": "true" } })));
        assert!(holds(json!({ "ForAllValues:StringEquals": { "aws:TagKeys": ["a"] } })));
        assert!(!holds(json!({ "ForAnyValue:StringEquals": { "aws:TagKeys": ["a"] } })));
        assert!(holds(json!({ "Bool": { "aws:PrincipalIsAWSService": "False" } })));
    }

    #[test]
    fn patterns_have_stars_and_question_marks() {
        for (pattern, value) in
            [("*", ""), ("a*c", "abc"), ("a*b*c", "aXbYc"), ("a?c", "abc"), ("*é", "aé"), ("a*", "a")]
        {
            assert!(like(pattern, value), "{pattern} {value}");
        }
        for (pattern, value) in [("a", "ab"), ("a*c", "ab"), ("a?c", "ac"), ("ab*b", "ab"), ("", "a"), ("*?", "")] {
            assert!(!like(pattern, value), "{pattern} {value}");
        }
    }
}

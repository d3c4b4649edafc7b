//! A tiny evaluator of service control policies, written apart from the crate: does any document deny the request?
//!
//! IAM User Guide, "Policy evaluation logic" and "Condition operators": every condition has to hold, an operator with `Not`
//! holds when no value matches, ARNs are compared part by part. An operator or key it does not know fails the test.

use serde_json::Value;

/// Who does what, where.
#[derive(Debug, Clone, Copy)]
pub(crate) struct Request<'a> {
    pub(crate) principal: &'a str,
    pub(crate) action: &'a str,
    /// `*` where the action knows no resource.
    pub(crate) resource: &'a str,
    pub(crate) region: &'a str,
}

/// The `Sid` that denies it, if one does.
pub(crate) fn denied(documents: &[Value], request: Request<'_>) -> Option<String> {
    let statements = documents.iter().flat_map(|document| document["Statement"].as_array().unwrap());
    let mut denying = statements.filter(|statement| {
        assert_eq!(statement["Effect"], "Deny", "{statement}");
        applies(statement, request)
    });
    denying.next().map(|statement| statement["Sid"].as_str().unwrap().to_owned())
}

fn applies(statement: &Value, request: Request<'_>) -> bool {
    let listed = |key: &str, matches: &dyn Fn(&str) -> bool| texts(&statement[key]).iter().any(|text| matches(text));
    let is_action = |pattern: &str| glob(&pattern.to_lowercase(), &request.action.to_lowercase());
    let action = match (statement.get("Action"), statement.get("NotAction")) {
        (Some(_), None) => listed("Action", &is_action),
        (None, Some(_)) => !listed("NotAction", &is_action),
        _ => panic!("Action or NotAction: {statement}"),
    };
    action && listed("Resource", &|pattern| glob(pattern, request.resource)) && holds(&statement["Condition"], request)
}

fn holds(condition: &Value, request: Request<'_>) -> bool {
    let Some(operators) = condition.as_object() else { return true };
    operators.iter().all(|(operator, keys)| {
        keys.as_object().unwrap().iter().all(|(key, values)| {
            let value = match key.as_str() {
                "aws:RequestedRegion" => request.region,
                "aws:PrincipalArn" => request.principal,
                "aws:PrincipalAccount" => request.principal.split(':').nth(4).unwrap(),
                key => panic!("unknown key {key}"),
            };
            let any = |matches: fn(&str, &str) -> bool| texts(values).iter().any(|pattern| matches(pattern, value));
            match operator.as_str() {
                "StringEquals" => any(|pattern, value| pattern == value),
                "StringNotEquals" => !any(|pattern, value| pattern == value),
                "ArnNotLike" => !any(arn_like),
                operator => panic!("unknown operator {operator}"),
            }
        })
    })
}

fn texts(value: &Value) -> Vec<&str> {
    match value {
        Value::Array(items) => items.iter().map(|item| item.as_str().unwrap()).collect(),
        Value::String(text) => vec![text],
        Value::Null => Vec::new(),
        other => panic!("{other}"),
    }
}

/// Each of the six parts of an ARN by itself.
fn arn_like(pattern: &str, arn: &str) -> bool {
    let parts = |arn: &str| arn.splitn(6, ':').map(str::to_owned).collect::<Vec<_>>();
    let (pattern, arn) = (parts(pattern), parts(arn));
    pattern.len() == arn.len() && pattern.iter().zip(&arn).all(|(pattern, part)| glob(pattern, part))
}

fn glob(pattern: &str, text: &str) -> bool {
    match pattern.split_once('*') {
        None => pattern == text,
        Some((before, after)) => text
            .strip_prefix(before)
            .is_some_and(|rest| (0..=rest.len()).filter_map(|at| rest.get(at..)).any(|rest| glob(after, rest))),
    }
}

#[test]
fn it_compares_as_iam_does() {
    assert!(glob("s3:Get*", "s3:GetObject") && glob("*", "") && glob("a*c*e", "abcde") && !glob("a*c", "abcd"));
    assert!(arn_like("arn:aws:iam::*:role/x-*", "arn:aws:iam::1:role/x-y"));
    assert!(!arn_like("arn:aws:*:role/x", "arn:aws:iam::1:role/x"), "a star stays in its part");
}

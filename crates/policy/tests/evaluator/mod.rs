//! A tiny evaluator of resource policies, written apart from the crate: it answers one request, the crate answers all.
//!
//! It follows the IAM User Guide ("Policy evaluation logic", "Condition operators") and knows no shortcuts: a request
//! has keys with values, a condition compares them. `Deny` is ignored, so it lets in too many, never too few.

use std::collections::BTreeMap;
use std::net::IpAddr;

use serde_json::Value;

/// Who asks, and with which context keys (lower case).
#[derive(Debug, Clone)]
pub(crate) struct Request {
    pub(crate) name: &'static str,
    pub(crate) account: Option<&'static str>,
    pub(crate) arn: Option<&'static str>,
    pub(crate) service: Option<&'static str>,
    pub(crate) keys: BTreeMap<&'static str, Vec<&'static str>>,
}

/// Whether some `Allow` of the document lets the request in.
pub(crate) fn allows(document: &Value, request: &Request) -> bool {
    let variables = document["Version"] == "2012-10-17";
    items(&document["Statement"]).iter().any(|statement| {
        statement["Effect"] == "Allow"
            && names(statement, request)
            && holds(statement.get("Condition").unwrap_or(&Value::Null), request, variables)
    })
}

fn items(value: &Value) -> Vec<&Value> {
    match value {
        Value::Array(items) => items.iter().collect(),
        Value::Null => Vec::new(),
        single => vec![single],
    }
}

fn text(value: &Value) -> String {
    value.as_str().map_or_else(|| value.to_string(), str::to_owned)
}

fn names(statement: &Value, request: &Request) -> bool {
    let listed = |element: &Value| match element {
        Value::Object(lists) => lists
            .iter()
            .any(|(kind, values)| items(values).iter().any(|value| is_principal(kind, &text(value), request))),
        other => items(other).iter().any(|value| is_principal("AWS", &text(value), request)),
    };
    match (statement.get("Principal"), statement.get("NotPrincipal")) {
        (Some(principal), _) => listed(principal),
        (None, Some(but)) => !listed(but),
        (None, None) => false,
    }
}

fn is_principal(kind: &str, value: &str, request: &Request) -> bool {
    match kind {
        "AWS" => {
            let account =
                value.strip_prefix("arn:aws:iam::").and_then(|rest| rest.strip_suffix(":root")).unwrap_or(value);
            value == "*"
                || request.account.is_some_and(|own| glob(account, own))
                || request.arn.is_some_and(|own| glob(value, own))
        }
        "Service" => request.service.is_some_and(|own| glob(value, own)),
        _ => value == "*",
    }
}

fn holds(conditions: &Value, request: &Request, variables: bool) -> bool {
    let Value::Object(operators) = conditions else { return true };
    operators.iter().all(|(operator, keys)| {
        keys.as_object().is_some_and(|keys| {
            keys.iter().all(|(key, values)| {
                let values: Vec<String> =
                    items(values).iter().map(|value| substitute(&text(value), request, variables)).collect();
                compare(operator, &key.to_lowercase(), &values, request)
            })
        })
    })
}

/// Policy variables become the request's values; one without a value matches nothing.
fn substitute(value: &str, request: &Request, variables: bool) -> String {
    let mut value = value.to_owned();
    if variables {
        for (key, values) in &request.keys {
            for spelling in [
                "aws:PrincipalAccount",
                "aws:PrincipalOrgID",
                "aws:ResourceAccount",
                "aws:ResourceOrgID",
                "aws:username",
            ] {
                if spelling.to_lowercase() == *key {
                    value = value.replace(&format!("${{{spelling}}}"), values[0]);
                }
            }
        }
        if value.contains("${") {
            return "\u{0}".to_owned();
        }
    }
    value
}

fn compare(operator: &str, key: &str, values: &[String], request: &Request) -> bool {
    let (qualifier, name) = operator.split_once(':').unwrap_or(("", operator));
    let (name, if_exists) = name.strip_suffix("IfExists").map_or((name, false), |name| (name, true));
    let present = request.keys.get(key).filter(|present| !present.is_empty());
    if name == "Null" {
        return values.iter().any(|value| (value == "true") == present.is_none());
    }
    let (positive, negated) = match name {
        "StringNotEquals" => ("StringEquals", true),
        "StringNotEqualsIgnoreCase" => ("StringEqualsIgnoreCase", true),
        "StringNotLike" => ("StringLike", true),
        "ArnNotEquals" | "ArnNotLike" => ("ArnLike", true),
        "NotIpAddress" => ("IpAddress", true),
        name => (name, false),
    };
    let Some(present) = present else { return if_exists || qualifier == "ForAllValues" || negated };
    let one = |found: &&str| values.iter().any(|value| matches(positive, value, found)) != negated;
    if qualifier == "ForAllValues" { present.iter().all(&one) } else { present.iter().any(one) }
}

fn matches(operator: &str, value: &str, found: &str) -> bool {
    match operator {
        "StringEquals" => value == found,
        "StringEqualsIgnoreCase" => value.eq_ignore_ascii_case(found),
        "StringLike" => glob(value, found),
        "ArnEquals" | "ArnLike" => {
            let (pattern, arn): (Vec<_>, Vec<_>) = (value.splitn(6, ':').collect(), found.splitn(6, ':').collect());
            pattern.len() == arn.len() && pattern.iter().zip(&arn).all(|(pattern, field)| glob(pattern, field))
        }
        "IpAddress" => contains(value, found),
        "Bool" => value.eq_ignore_ascii_case(found),
        // Numbers, dates and unknown operators: let the request in.
        _ => true,
    }
}

fn contains(block: &str, address: &str) -> bool {
    let (base, length) = block.split_once('/').unwrap_or((block, "128"));
    let (Ok(base), Ok(address), Ok(length)) =
        (base.parse::<IpAddr>(), address.parse::<IpAddr>(), length.parse::<u32>())
    else {
        return false;
    };
    let bits = |address: IpAddr| match address {
        IpAddr::V4(v4) => (u128::from(v4.to_bits()) << 96, 32),
        IpAddr::V6(v6) => (v6.to_bits(), 128),
    };
    let ((base, width), (address, other)) = (bits(base), bits(address));
    let length = length.min(width);
    width == other && (length == 0 || (base ^ address) >> (128 - length) == 0)
}

/// `*` any run of characters, `?` one.
pub(crate) fn glob(pattern: &str, text: &str) -> bool {
    let (pattern, text): (Vec<char>, Vec<char>) = (pattern.chars().collect(), text.chars().collect());
    let mut reach = vec![false; text.len() + 1];
    reach[0] = true;
    for symbol in pattern {
        let mut next = vec![false; text.len() + 1];
        for at in 0..=text.len() {
            next[at] = match symbol {
                '*' => reach[at] || (at > 0 && next[at - 1]),
                '?' => at > 0 && reach[at - 1],
                literal => at > 0 && reach[at - 1] && text[at - 1] == literal,
            };
        }
        reach = next;
    }
    reach[text.len()]
}

//! Reading a policy document.
//!
//! Lenient where the meaning is plain (a string for a list, a number for a string), an error where it is not: a
//! document that we cannot read must never be taken for one that grants nothing.

use std::fmt;

use serde::de::{Deserializer, MapAccess, Visitor};
use serde_json::Value;
use serde_json::value::RawValue;

use crate::document::{Condition, Effect, Policy, Principal, PrincipalKind, Statement};

/// The longest document that is read, in bytes. The largest policy that AWS stores is EventBridge's and OpenSearch's
/// 100 KB (S3: 20 KB, KMS: 32 KB; service quotas pages).
pub const MAX_POLICY_BYTES: usize = 256 * 1024;

const STATEMENT_ELEMENTS: [&str; 9] =
    ["Sid", "Effect", "Principal", "NotPrincipal", "Action", "NotAction", "Resource", "NotResource", "Condition"];

/// Why a text is not a policy that could be judged.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
#[non_exhaustive]
pub enum PolicyError {
    /// Longer than [`MAX_POLICY_BYTES`].
    #[error(
        "policy of {bytes} bytes is longer than the {MAX_POLICY_BYTES} bytes that are read; no AWS service stores one"
    )]
    TooLong {
        /// The length found.
        bytes: usize,
    },
    /// Not JSON, or JSON that is nested too deeply.
    #[error("policy is not JSON: {message}")]
    NotJson {
        /// What the JSON reader says, with line and column.
        message: String,
    },
    /// JSON, but not an object.
    #[error("policy is {found}, not a JSON object")]
    NotAnObject {
        /// What it is instead.
        found: &'static str,
    },
    /// An object without `Statement`.
    #[error("policy has no `Statement`{}", hint(.found))]
    NoStatement {
        /// The members that it has instead.
        found: Vec<String>,
    },
    /// A member whose value has the wrong type.
    #[error("{place} is {found}, expected {expected}; resolve template functions and references first")]
    WrongType {
        /// Where, for example "`Principal` of statement 2".
        place: String,
        /// The type found.
        found: &'static str,
        /// What AWS accepts there.
        expected: &'static str,
    },
    /// A statement element that is close to a real one. AWS compares element names with regard to case and refuses it.
    #[error("statement {statement} has `{element}`, which is no policy element; did you mean `{suggestion}`?")]
    UnknownElement {
        /// The statement's number, from 0.
        statement: usize,
        /// The name as written.
        element: String,
        /// The element that it resembles.
        suggestion: &'static str,
    },
}

fn hint(found: &[String]) -> String {
    if let Some(near) = found.iter().find(|name| name.eq_ignore_ascii_case("Statement")) {
        format!("; it has `{near}`, and element names are case-sensitive")
    } else if found.iter().any(|name| name == "Policy") {
        "; it has `Policy`: give the value of that member, for example with `--query Policy --output text`".to_owned()
    } else {
        String::new()
    }
}

impl Policy {
    /// Reads a policy document as AWS accepts it: a string or a list wherever a list may stand, one statement or a list
    /// of them, every form of `Principal`. Of two members with the same name the last one counts.
    ///
    /// Element names are case-sensitive, as they are for AWS; operators and condition keys are kept as written.
    /// Elements that are unlike any known one are kept for editing and otherwise ignored.
    ///
    /// # Errors
    /// [`PolicyError`] when the text is not such a document. There is no "empty" policy to fall back on.
    pub fn parse(text: &str) -> Result<Self, PolicyError> {
        if text.len() > MAX_POLICY_BYTES {
            return Err(PolicyError::TooLong { bytes: text.len() });
        }
        let text = text.trim_start_matches('\u{feff}').trim();
        let whole: &RawValue = serde_json::from_str(text).map_err(not_json)?;
        let members = members(whole)?.ok_or_else(|| PolicyError::NotAnObject { found: type_of_text(whole.get()) })?;

        let mut policy = Self {
            version: None,
            id: None,
            statements: Vec::new(),
            members: Vec::new(),
            texts: Vec::new(),
            statement_position: 0,
        };
        let mut statement = None;
        for (name, raw) in members {
            match name.as_str() {
                "Statement" => {
                    policy.statement_position = policy.members.len();
                    statement = Some(raw);
                    continue;
                }
                "Version" => policy.version = scalar(&value(&raw)?, || "`Version`".to_owned())?,
                "Id" => policy.id = scalar(&value(&raw)?, || "`Id`".to_owned())?,
                _ => {}
            }
            policy.members.push((name, raw));
        }
        let Some(statement) = statement else {
            return Err(PolicyError::NoStatement { found: policy.members.into_iter().map(|(name, _)| name).collect() });
        };
        policy.texts = match type_of_text(statement.get()) {
            "an array" => serde_json::from_str(statement.get()).map_err(not_json)?,
            _ => vec![statement],
        };
        for (index, text) in policy.texts.iter().enumerate() {
            policy.statements.push(read_statement(index, text)?);
        }
        Ok(policy)
    }
}

#[expect(clippy::needless_pass_by_value, reason = "shape of map_err")]
fn not_json(error: serde_json::Error) -> PolicyError {
    PolicyError::NotJson { message: error.to_string() }
}

fn value(raw: &RawValue) -> Result<Value, PolicyError> {
    serde_json::from_str(raw.get()).map_err(not_json)
}

type MemberTexts = Vec<(String, Box<RawValue>)>;

/// The members of an object in order, each with its text; of equal names the last one counts, in its place.
fn members(raw: &RawValue) -> Result<Option<MemberTexts>, PolicyError> {
    struct Members;
    impl<'de> Visitor<'de> for Members {
        type Value = MemberTexts;

        fn expecting(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
            f.write_str("a JSON object")
        }

        fn visit_map<A: MapAccess<'de>>(self, mut map: A) -> Result<Self::Value, A::Error> {
            let mut members: Self::Value = Vec::new();
            while let Some((name, value)) = map.next_entry::<String, Box<RawValue>>()? {
                members.push((name, value));
            }
            let mut seen = std::collections::BTreeSet::new();
            let mut last: Vec<_> = members.into_iter().rev().filter(|(name, _)| seen.insert(name.clone())).collect();
            last.reverse();
            Ok(last)
        }
    }
    if type_of_text(raw.get()) != "an object" {
        return Ok(None);
    }
    let mut reader = serde_json::Deserializer::from_str(raw.get());
    reader.deserialize_map(Members).map(Some).map_err(not_json)
}

fn type_of_text(text: &str) -> &'static str {
    match text.trim_start().bytes().next() {
        Some(b'{') => "an object",
        Some(b'[') => "an array",
        Some(b'"') => "a string",
        Some(b't' | b'f') => "a boolean",
        Some(b'n') => "null",
        _ => "a number",
    }
}

fn type_of(value: &Value) -> &'static str {
    match value {
        Value::Null => "null",
        Value::Bool(_) => "a boolean",
        Value::Number(_) => "a number",
        Value::String(_) => "a string",
        Value::Array(_) => "an array",
        Value::Object(_) => "an object",
    }
}

fn read_statement(index: usize, raw: &RawValue) -> Result<Statement, PolicyError> {
    let place = |element: &str| format!("`{element}` of statement {index}");
    let Some(members) = members(raw)? else {
        return Err(PolicyError::WrongType {
            place: format!("statement {index}"),
            found: type_of_text(raw.get()),
            expected: "an object",
        });
    };
    let mut statement = Statement {
        sid: None,
        effect: Effect::Unrecognised(String::new()),
        principals: Vec::new(),
        not_principals: None,
        actions: Vec::new(),
        not_actions: None,
        resources: Vec::new(),
        not_resources: None,
        conditions: Vec::new(),
    };
    for (name, raw) in members {
        let at = || place(&name);
        match name.as_str() {
            "Sid" => statement.sid = scalar(&value(&raw)?, at)?.filter(|sid| !sid.is_empty()),
            "Effect" => statement.effect = effect(&scalar(&value(&raw)?, at)?.unwrap_or_default()),
            "Principal" => statement.principals = principals(&value(&raw)?, at)?,
            "NotPrincipal" => statement.not_principals = Some(principals(&value(&raw)?, at)?),
            "Action" => statement.actions = list(&value(&raw)?, at)?,
            "NotAction" => statement.not_actions = Some(list(&value(&raw)?, at)?),
            "Resource" => statement.resources = lenient_list(&value(&raw)?),
            "NotResource" => statement.not_resources = Some(lenient_list(&value(&raw)?)),
            "Condition" => statement.conditions = conditions(&value(&raw)?, at)?,
            _ => {
                if let Some(suggestion) = resembles(&name) {
                    return Err(PolicyError::UnknownElement { statement: index, element: name, suggestion });
                }
            }
        }
    }
    Ok(statement)
}

fn resembles(name: &str) -> Option<&'static str> {
    let lower = name.to_ascii_lowercase();
    STATEMENT_ELEMENTS.into_iter().find(|known| {
        let known = known.to_ascii_lowercase();
        known == lower || (known.len() > 4 && strsim::damerau_levenshtein(&known, &lower) <= 2)
    })
}

fn effect(text: &str) -> Effect {
    if text == "Allow" {
        Effect::Allow
    } else if text.eq_ignore_ascii_case("Deny") {
        Effect::Deny
    } else {
        Effect::Unrecognised(text.to_owned())
    }
}

/// A string, number or boolean as text.
fn text(value: &Value) -> Option<String> {
    match value {
        Value::String(text) => Some(text.clone()),
        Value::Number(number) => Some(number.to_string()),
        Value::Bool(flag) => Some(flag.to_string()),
        _ => None,
    }
}

fn scalar(value: &Value, place: impl Fn() -> String) -> Result<Option<String>, PolicyError> {
    match value {
        Value::Null => Ok(None),
        other => text(other).map(Some).ok_or_else(|| PolicyError::WrongType {
            place: place(),
            found: type_of(other),
            expected: "a string",
        }),
    }
}

fn list(value: &Value, place: impl Fn() -> String) -> Result<Vec<String>, PolicyError> {
    let items = match value {
        Value::Null => &[],
        Value::Array(items) => items.as_slice(),
        single => std::slice::from_ref(single),
    };
    let wrong = |item| PolicyError::WrongType {
        place: place(),
        found: type_of(item),
        expected: "a string or a list of strings",
    };
    items.iter().map(|item| text(item).ok_or_else(|| wrong(item))).collect()
}

/// `Resource` never decides who may call, so a value that is no string (a template reference) is left out.
fn lenient_list(value: &Value) -> Vec<String> {
    match value {
        Value::Array(items) => items.iter().filter_map(text).collect(),
        single => text(single).into_iter().collect(),
    }
}

fn principals(value: &Value, place: impl Fn() -> String + Copy) -> Result<Vec<Principal>, PolicyError> {
    let Value::Object(lists) = value else {
        let bare = |value: String| {
            let kind = if is_service_name(&value) { PrincipalKind::Service } else { PrincipalKind::Aws };
            Principal { kind, value }
        };
        return Ok(list(value, place)?.into_iter().map(bare).collect());
    };
    let mut principals = Vec::new();
    for (name, values) in lists {
        let kind = match name.to_ascii_lowercase().as_str() {
            "aws" => PrincipalKind::Aws,
            "service" => PrincipalKind::Service,
            "federated" => PrincipalKind::Federated,
            "canonicaluser" => PrincipalKind::CanonicalUser,
            _ => PrincipalKind::Other(name.clone()),
        };
        let values = list(values, place)?;
        principals.extend(values.into_iter().map(|value| Principal { kind: kind.clone(), value }));
    }
    Ok(principals)
}

fn is_service_name(value: &str) -> bool {
    value.ends_with(".amazonaws.com") || value.ends_with(".amazonaws.com.cn") || value.ends_with(".amazon.com")
}

fn conditions(value: &Value, place: impl Fn() -> String) -> Result<Vec<Condition>, PolicyError> {
    let operators = match value {
        Value::Null => return Ok(Vec::new()),
        Value::Array(items) if items.is_empty() => return Ok(Vec::new()),
        Value::Object(operators) => operators,
        other => {
            return Err(PolicyError::WrongType { place: place(), found: type_of(other), expected: "an object" });
        }
    };
    let mut conditions = Vec::new();
    for (operator, keys) in operators {
        let Value::Object(keys) = keys else { continue };
        for (key, values) in keys {
            conditions.push(Condition {
                operator: operator.clone(),
                key: key.clone(),
                values: condition_values(values),
            });
        }
    }
    // All of them have to hold, so their order says nothing; a fixed one makes the same policy give the same reasons,
    // whatever order the document or the JSON library has them in.
    conditions.sort_by(|a, b| (&a.operator, &a.key).cmp(&(&b.operator, &b.key)));
    Ok(conditions)
}

/// All values or none: leaving one out of a list of alternatives would make the condition look narrower than it is.
fn condition_values(value: &Value) -> Vec<String> {
    let items = match value {
        Value::Array(items) => items.as_slice(),
        single => std::slice::from_ref(single),
    };
    items.iter().map(text).collect::<Option<Vec<_>>>().unwrap_or_default()
}

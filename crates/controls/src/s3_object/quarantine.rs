//! The statement that closes one object: nobody reads it as long as it has the quarantine's tag.
//!
//! It names the object and asks for the tag. By name, so that each object has a statement of its own, which an undo takes away
//! without opening another; by tag, so that a clean object that replaces it under the same key can be read at once.

use std::collections::BTreeMap;

use rectify_policy::{Effect, Policy, PrincipalKind};
use serde_json::{Value, json};

use super::{Facts, ObjectId, Rules, ids};
use crate::{Fact, Place, finding::digest};

/// The tag of an object in quarantine; its value is `true`.
pub const TAG: &str = "rectify-quarantine";
const ON: &str = "true";

/// The largest bucket policy (S3 user guide, "Policies and permissions": 20 KB).
const LARGEST_POLICY: usize = 20 * 1024;
/// Most tags of an object (S3 user guide, "Categorizing your objects using tags").
const MOST_TAGS: usize = 10;

const ACTIONS: [&str; 2] = ["s3:GetObject", "s3:GetObjectVersion"];

/// The statement's `Sid`: one for each object and version.
pub(super) fn sid(object: &ObjectId) -> String {
    let version = object.version.as_ref().map_or("", |version| version.as_str());
    format!("RectifyQuarantine{}", digest(&[object.key.as_str(), version]))
}

/// The statement for `object`.
pub(super) fn statement(object: &ObjectId, place: &Place, rules: &Rules) -> Value {
    let mut condition = json!({"StringEquals": {format!("s3:ExistingObjectTag/{TAG}"): ON}});
    if let (false, Some(all)) = (rules.quarantine_readers.is_empty(), condition.as_object_mut()) {
        all.insert("ArnNotLike".to_owned(), json!({"aws:PrincipalArn": rules.quarantine_readers}));
    }
    json!({
        "Sid": sid(object),
        "Effect": "Deny",
        "Principal": "*",
        "Action": ACTIONS,
        "Resource": resource(object, place),
        "Condition": condition,
    })
}

/// The object's ARN in a policy: there, `*`, `?` and `$` mean something else unless they are written as variables (IAM user guide,
/// "IAM policy elements: Variables and tags").
fn resource(object: &ObjectId, place: &Place) -> String {
    let arn = ids::plain_arn(object, place);
    let mut out = String::with_capacity(arn.len());
    for char in arn.chars() {
        match char {
            '*' | '?' | '$' => out.extend(["${", &char.to_string(), "}"]),
            _ => out.push(char),
        }
    }
    out
}

/// Whether nobody but the quarantine's readers can read the object: the tag is there, and so is the statement.
pub(super) fn holds(facts: &Facts) -> bool {
    let tagged = facts.tags.known().is_some_and(|tags| tags.get(TAG).is_some_and(|value| value == ON));
    let denied = |text: &str| {
        let Ok(policy) = Policy::parse(text) else { return false };
        let (sid, resource) = (sid(&facts.object), resource(&facts.object, &facts.place));
        policy.statements.iter().any(|statement| {
            let everyone = statement.not_principals.is_none()
                && statement.principals.iter().any(|one| one.kind == PrincipalKind::Aws && one.value == "*");
            let reads = |wanted: &&str| statement.actions.iter().any(|action| action == *wanted);
            let tag = format!("s3:ExistingObjectTag/{TAG}");
            let only = statement.conditions.iter().all(|condition| {
                (condition.operator == "StringEquals" && condition.key == tag && condition.values == [ON])
                    || (condition.operator == "ArnNotLike" && condition.key == "aws:PrincipalArn")
            });
            statement.sid.as_deref() == Some(&sid)
                && statement.effect == Effect::Deny
                && everyone
                && only
                && ACTIONS.iter().all(reads)
                && statement.resources.contains(&resource)
        })
    };
    tagged && facts.policy.known().and_then(Option::as_ref).is_some_and(|text| denied(text))
}

/// Why the object cannot be put into quarantine, in words.
pub(super) fn refusal(facts: &Facts, rules: &Rules) -> Option<&'static str> {
    let (Fact::Known(tags), Fact::Known(policy)) = (&facts.tags, &facts.policy) else {
        return Some("its tags or the bucket's policy could not be read");
    };
    if tags.len() >= MOST_TAGS && !tags.contains_key(TAG) {
        return Some("it has as many tags as an object can have");
    }
    let variables = facts.object.key.as_str().contains(['*', '?', '$']);
    let old = policy.as_ref().is_some_and(|text| {
        let version = serde_json::from_str::<Value>(text).ok();
        version.and_then(|policy| Some(policy.get("Version")?.as_str()? == "2012-10-17")) != Some(true)
    });
    if variables && old {
        return Some("the bucket's policy is of a version that cannot name its key");
    }
    match with(policy.as_deref(), &statement(&facts.object, &facts.place, rules).to_string()) {
        None => Some("the bucket's policy could not be understood"),
        Some(text) if text.len() > LARGEST_POLICY => {
            Some("with the statement added the bucket's policy would be longer than AWS stores (20 KB)")
        }
        Some(_) => None,
    }
}

/// The bucket's `policy` with `statement` in it, in the place of one with the same `Sid`. `None` for what is no policy.
#[must_use]
pub fn with(policy: Option<&str>, statement: &str) -> Option<String> {
    let statement: Value = serde_json::from_str(statement).ok()?;
    match policy {
        None => Some(json!({"Version": "2012-10-17", "Statement": [statement]}).to_string()),
        Some(text) => Policy::parse(text).ok().map(|policy| policy.with_statement(statement)),
    }
}

/// What the bucket's policy is to be when the statement `sid` goes: `before`, to the letter, when nothing else changed since;
/// otherwise the policy `now` without the statement. The inner `None` is no policy at all; the outer one is for what is no policy.
#[must_use]
pub fn without(now: Option<&str>, sid: &str, before: Option<&str>) -> Option<Option<String>> {
    let rest = |text: Option<&str>| -> Option<Option<String>> {
        let Some(text) = text else { return Some(None) };
        let policy = Policy::parse(text).ok()?;
        let at = policy.statements.iter().position(|statement| statement.sid.as_deref() == Some(sid));
        Some(match at {
            None => Some(text.to_owned()),
            Some(at) => policy.without(&[at].into()),
        })
    };
    let left = rest(now)?;
    let read = |text: &Option<String>| {
        text.as_deref().map(|text| serde_json::from_str::<Value>(text).map(normal).unwrap_or_default())
    };
    let unchanged = rest(before).is_some_and(|before| read(&before) == read(&left));
    Some(if unchanged { before.map(str::to_owned) } else { left })
}

impl Facts {
    /// The facts without a quarantine that was begun and never came about: a statement about an object that has not the tag denies
    /// nothing, and whoever undoes a later quarantine wants it gone as well. Where tags or policy are not known, nothing is taken away.
    #[must_use]
    pub fn without_what_was_begun(mut self) -> Self {
        let begun = self.tags.known().is_some_and(|tags| !tags.contains_key(TAG));
        let sid = sid(&self.object);
        if let (true, Some(policy)) = (begun, self.policy.known_mut())
            && policy.as_ref().is_some_and(|text| text.contains(&sid))
            && let Some(rest) = without(policy.as_deref(), &sid, None)
        {
            *policy = rest;
        }
        self
    }
}

/// A policy whose one statement stands alone and in a list are the same.
fn normal(mut policy: Value) -> Value {
    if let Some(statement) = policy.get_mut("Statement")
        && statement.is_object()
    {
        *statement = Value::Array(vec![statement.take()]);
    }
    policy
}

/// `tags` with the quarantine's.
pub(super) fn tagged(tags: &BTreeMap<String, String>) -> BTreeMap<String, String> {
    let mut tags = tags.clone();
    tags.insert(TAG.to_owned(), ON.to_owned());
    tags
}

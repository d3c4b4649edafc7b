//! Everything a correction may do to an object, what undoes it, and what it looks like.

use std::{collections::BTreeMap, fmt};

use serde::{Deserialize, Serialize};
use serde_json::{Value, json};

use super::{Facts, Rules, quarantine};
use crate::s3_bucket::{Acl, shown_acl};

/// One step. It carries all it writes, so that a ledger row alone is enough to do or undo it.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum Change {
    /// The statement into the bucket's policy as it stands at that moment, then `PutObjectTagging`. One change, because neither half
    /// closes anything alone.
    Quarantine {
        /// All tags of the object.
        tags: BTreeMap<String, String>,
        /// The statement, as JSON.
        statement: String,
    },
    /// `PutObjectTagging`, then the statement out of the bucket's policy. Only ever an inverse.
    Release {
        /// All tags of the object.
        tags: BTreeMap<String, String>,
        /// The statement's `Sid`.
        sid: String,
        /// The policy before the quarantine; written again to the letter when nothing else changed since.
        policy: Option<String>,
    },
    /// `PutObjectAcl` with exactly these grants.
    PutAcl(Acl),
}

impl fmt::Display for Change {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Quarantine { .. } => f.write_str(
                "put the object into quarantine: a tag, and a statement in the bucket's policy that denies reading it",
            ),
            Self::Release { .. } => f.write_str("let the object out of quarantine"),
            Self::PutAcl(acl) => match acl.grants.len() {
                1 => f.write_str("set the object's ACL to 1 grant"),
                grants => write!(f, "set the object's ACL to {grants} grants"),
            },
        }
    }
}

/// The quarantine of `facts`' object, when it can be made.
pub(super) fn quarantine(facts: &Facts, rules: &Rules) -> Option<Change> {
    if quarantine::refusal(facts, rules).is_some() {
        return None;
    }
    let statement = quarantine::statement(&facts.object, &facts.place, rules).to_string();
    Some(Change::Quarantine { tags: quarantine::tagged(facts.tags.known()?), statement })
}

pub(super) fn inverse(before: &Facts, change: &Change) -> Option<Change> {
    match change {
        Change::Quarantine { .. } => Some(Change::Release {
            tags: before.tags.known()?.clone(),
            sid: quarantine::sid(&before.object),
            policy: before.policy.known()?.clone(),
        }),
        Change::Release { .. } => {
            let statement = quarantine::statement(&before.object, &before.place, &Rules::default()).to_string();
            Some(Change::Quarantine { tags: before.tags.known()?.clone(), statement })
        }
        Change::PutAcl(_) => before.acl.known().cloned().map(Change::PutAcl),
    }
}

pub(super) fn simulate(facts: &mut Facts, change: &Change) {
    match change {
        Change::Quarantine { tags, statement } => {
            if let Some(policy) = facts.policy.known_mut()
                && let Some(text) = quarantine::with(policy.as_deref(), statement)
            {
                *policy = Some(text);
            }
            put(&mut facts.tags, tags);
        }
        Change::Release { tags, sid, policy: before } => {
            if let Some(policy) = facts.policy.known_mut()
                && let Some(text) = quarantine::without(policy.as_deref(), sid, before.as_deref())
            {
                *policy = text;
            }
            put(&mut facts.tags, tags);
        }
        Change::PutAcl(acl) => put(&mut facts.acl, acl),
    }
}

fn put<T: Clone>(fact: &mut crate::Fact<T>, value: &T) {
    if let Some(known) = fact.known_mut() {
        *known = value.clone();
    }
}

pub(super) fn slot(change: &Change) -> &'static str {
    match change {
        Change::Quarantine { .. } | Change::Release { .. } => "quarantine",
        Change::PutAcl(_) => "acl",
    }
}

/// The object's tags and the one statement about it: of the bucket's policy, nothing else is this kind's.
pub(super) fn shown(facts: &Facts, slot: &str) -> Option<Value> {
    match slot {
        "quarantine" => {
            let policy = facts.policy.known()?;
            let sid = quarantine::sid(&facts.object);
            let policy = policy.as_deref().and_then(|text| serde_json::from_str::<Value>(text).ok());
            let statements = policy.as_ref().and_then(|policy| policy.get("Statement")).and_then(Value::as_array);
            let ours =
                statements.into_iter().flatten().find(|one| one.get("Sid").and_then(Value::as_str) == Some(&sid));
            Some(json!({"TagSet": facts.tags.known()?, "Statement": ours}))
        }
        "acl" => facts.acl.known().map(|acl| shown_acl(acl, "the object's owner")),
        _ => None,
    }
}

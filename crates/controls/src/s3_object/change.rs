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

/// Of a bucket's policy only the statement about this object is this kind's: whatever else is written into it meanwhile, by people or
/// by another guard, is no reason not to take the statement out again.
pub(super) fn same(one: &Change, other: &Change) -> bool {
    match (one, other) {
        (
            Change::Release { tags, sid, policy },
            Change::Release { tags: other_tags, sid: other_sid, policy: other },
        ) => tags == other_tags && sid == other_sid && ours(policy.as_deref(), sid) == ours(other.as_deref(), sid),
        _ => one == other,
    }
}

/// The statement `sid` of a policy.
fn ours(policy: Option<&str>, sid: &str) -> Option<Value> {
    let policy: Value = serde_json::from_str(policy?).ok()?;
    let statements = policy.get("Statement")?.as_array()?;
    statements.iter().find(|one| one.get("Sid").and_then(Value::as_str) == Some(sid)).cloned()
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
            let statement = ours(policy.as_deref(), &quarantine::sid(&facts.object));
            Some(json!({"TagSet": facts.tags.known()?, "Statement": statement}))
        }
        "acl" => facts.acl.known().map(|acl| shown_acl(acl, "the object's owner")),
        _ => None,
    }
}

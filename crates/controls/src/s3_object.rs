//! S3 objects: secrets in them, and ACLs that open them to everyone (catalogue kind `s3-object`).
//!
//! What is searched for, and how, is in the crate `rectify-secrets`; the guard turns what it found into facts. **No fact, no evidence
//! and no change ever holds a secret:** a rule's name, a line, a count, and for AWS access keys the key's id, which is none.
//!
//! `content` judges what was found, `acl` who may read; `quarantine` is the statement that closes an object, `change` what a correction
//! does. An object's version is a resource of its own: an old version with a key in it is still there after a new one was put.
//!
//! **A sweep sees nothing here.** Nobody lists every object of an organisation: the guard is woken by new objects, where the
//! bucket sends its events to EventBridge, a trail records data events, or Macie looks.

mod access;
mod acl;
mod change;
mod content;
mod events;
mod facts;
mod ids;
mod quarantine;
mod rules;
mod screen;

pub use change::Change;
pub use facts::{About, Content, Facts, Found, LeftOut};
pub use ids::{ObjectId, ObjectKey, VersionId};
pub use quarantine::{TAG, with, without};
pub use rules::Rules;

pub use crate::access_key::AccessKeyId;

use rectify_event::Event;
use serde_json::Value;

use crate::{
    Access, Arn, Control, Finding, Kind, Notice, Place, Referral, ResourceKind, Screen, Selection, Trigger, Trust,
    book::{self, Rule},
};

/// The kind itself; it has no state.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default)]
pub struct S3Object;

/// In the order of [`S3Object`]'s controls.
const BOOK: &[Rule<S3Object>] = &[
    Rule { control: &content::ACCESS_KEY, judge: content::access_key },
    Rule { control: &content::PRIVATE_KEY, judge: content::private_key },
    Rule { control: &acl::PUBLIC, judge: acl::public },
];

/// What a look at an object has to read for one control.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Needs {
    /// The object itself, its tags and the bucket's policy.
    Content,
    /// The object's ACL and what can take its effect away.
    Acl,
}

/// What `control` needs; `None` for an unknown id.
#[must_use]
pub fn needs(control: &str) -> Option<Needs> {
    match control {
        id if id == acl::PUBLIC.id => Some(Needs::Acl),
        id if id == content::ACCESS_KEY.id || id == content::PRIVATE_KEY.id => Some(Needs::Content),
        _ => None,
    }
}

impl Kind for S3Object {
    type Id = ObjectId;
    type Facts = Facts;
    type Change = Change;
    type Rules = Rules;

    const KIND: ResourceKind = "s3-object";
    const CONTROLS: &'static [Control] = &[content::ACCESS_KEY, content::PRIVATE_KEY, acl::PUBLIC];
    const EVENTS: &'static [Trigger] = events::EVENTS;
    const NOTICES: &'static [Notice] = events::NOTICES;
    const ACCESS: &'static [Access] = access::ACCESS;

    fn rules(_: &Trust, lookup: &dyn Fn(&str, &str) -> Option<toml::Value>) -> Result<Rules, String> {
        rules::rules(lookup)
    }

    fn screen(event: &Event<'_>) -> Screen<ObjectId> {
        screen::screen(event)
    }

    fn judge(facts: &Facts, rules: &Rules, selection: &Selection) -> Vec<Finding<Change>> {
        book::judge(BOOK, facts, rules, selection)
    }

    fn inverse(before: &Facts, change: &Change) -> Option<Change> {
        change::inverse(before, change)
    }

    fn same(one: &Change, other: &Change) -> bool {
        change::same(one, other)
    }

    fn simulate(facts: &mut Facts, change: &Change) {
        change::simulate(facts, change);
    }

    /// The keys that were found, to the guard of keys: it knows whether they work, and may be allowed to deactivate them.
    fn refers(facts: &Facts, selection: &Selection) -> Vec<Referral> {
        if selection.contains(content::ACCESS_KEY.id) { content::found_keys(facts) } else { Vec::new() }
    }

    fn slot(change: &Change) -> &'static str {
        change::slot(change)
    }

    fn shown(facts: &Facts, slot: &str) -> Option<Value> {
        change::shown(facts, slot)
    }

    fn arn(id: &ObjectId, place: &Place) -> Arn {
        ids::arn(id, place)
    }

    fn id(arn: &Arn, place: &Place) -> Option<ObjectId> {
        ids::id(arn, place)
    }
}

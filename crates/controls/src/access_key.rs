//! Access keys of IAM users that were found with their secrets (docs/adr/0020-exposed-keys.md).
//!
//! A key's guard cannot see that a key is exposed. The guard that finds it hands it over ([`Kind::refers`]), and the ledger keeps that and
//! where. From then on the key is looked at whenever somebody changes its status. **No secret is ever handed over, asked for or used.**

mod exposed;
mod ids;

use std::fmt;

pub use ids::{AccessKeyId, Exposure, KeyId, UserName};
use rectify_event::{Detail, Event, Record};
use serde::{Deserialize, Serialize};
use serde_json::{Value, json};

use crate::{
    Access, Arn, Control, Fact, Finding, Ignored, Kind, Need, Place, ResourceKind, Screen, Selection, Trigger, Trust,
    book::{self, Rule},
    screen,
};

/// The kind itself; it has no state.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default)]
pub struct AccessKey;

/// What the guard reads about one key.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct Facts {
    /// The key.
    pub key: AccessKeyId,
    /// The account, and the partition's first region, where IAM is.
    pub place: Place,
    /// Whether the account is the one that rectify runs in.
    pub own_account: bool,
    /// Where it was found with its secret, the first time. `None` for a key that was never found: it breaks nothing.
    pub exposed: Option<Exposure>,
    /// `GetAccessKeyLastUsed` and `ListAccessKeys`.
    pub owner: Fact<Owner>,
}

/// Whose a key is, and whether it works.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct Owner {
    /// The user; `None` is the account's root user.
    pub user: Option<UserName>,
    /// Whether it works.
    pub status: Status,
}

/// Whether a key works.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
pub enum Status {
    /// It does.
    Active,
    /// It does not, until somebody activates it.
    Inactive,
}

/// Everything a correction can do. Nothing ever deletes a key: that could not be undone.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum Change {
    /// `UpdateAccessKey`.
    SetStatus {
        /// Whose key it is.
        user: UserName,
        /// What it is to be.
        status: Status,
    },
}

/// The kind's options, with every default filled in.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct Rules {
    /// Whether keys of the account that rectify runs in are deactivated too.
    pub own_account: bool,
}

const BOOK: &[Rule<AccessKey>] = &[Rule { control: &exposed::EXPOSED, judge: exposed::exposed }];

const IAM: &str = "iam.amazonaws.com";
const USERS: &str = "arn:${AWS::Partition}:iam::${AWS::AccountId}:user/*";
const STATUS: &str = "status";

const fn on(name: &'static str, example: &'static str) -> Trigger {
    Trigger { source: IAM, name, id: "accessKeyId", controls: &[exposed::EXPOSED.id], example }
}

const fn access(operation: &'static str, resource: &'static str, need: Need) -> Access {
    Access { operation, action: operation, resource, need }
}

impl Kind for AccessKey {
    type Id = KeyId;
    type Facts = Facts;
    type Change = Change;
    type Rules = Rules;

    const KIND: ResourceKind = "access-key";
    const CONTROLS: &'static [Control] = &[exposed::EXPOSED];
    // A new key stands nowhere yet. One that is deleted ends what was told of it.
    const EVENTS: &'static [Trigger] =
        &[on("UpdateAccessKey", "update-access-key-active"), on("DeleteAccessKey", "delete-access-key")];
    // Service Authorization Reference, "Actions, resources, and condition keys for AWS Identity and Access Management": each of them takes
    // a user. Whose a key is can be asked of the account only, before the user is known.
    const ACCESS: &'static [Access] = &[
        access("iam:GetAccessKeyLastUsed", "*", Need::Read),
        access("iam:ListAccessKeys", USERS, Need::Read),
        access("iam:ListUserTags", USERS, Need::Read),
        access("iam:UpdateAccessKey", USERS, Need::Write),
    ];

    fn rules(_: &Trust, lookup: &dyn Fn(&str, &str) -> Option<toml::Value>) -> Result<Rules, String> {
        exposed::rules(lookup)
    }

    fn screen(event: &Event<'_>) -> Screen<KeyId> {
        let screened = match &event.detail {
            Detail::ApiCall(record) => api_call(record),
            _ => Err(Ignored::NotOurs),
        };
        screened.unwrap_or_else(Screen::Ignore)
    }

    fn judge(facts: &Facts, rules: &Rules, selection: &Selection) -> Vec<Finding<Change>> {
        book::judge(BOOK, facts, rules, selection)
    }

    fn inverse(before: &Facts, change: &Change) -> Option<Change> {
        let Change::SetStatus { user, .. } = change;
        let owner = before.owner.known().filter(|owner| owner.user.as_ref() == Some(user))?;
        Some(Change::SetStatus { user: user.clone(), status: owner.status })
    }

    fn simulate(facts: &mut Facts, change: &Change) {
        let Change::SetStatus { user, status } = change;
        if let Some(owner) = facts.owner.known_mut().filter(|owner| owner.user.as_ref() == Some(user)) {
            owner.status = *status;
        }
    }

    /// That a key is exposed, and where it was found first: nobody can find that out by looking at the key.
    fn keep(facts: &Facts) -> Option<Facts> {
        facts.exposed.as_ref()?;
        Some(Facts { own_account: false, owner: Fact::NotRead, ..facts.clone() })
    }

    fn recall(facts: &mut Facts, kept: &Facts) {
        if kept.exposed.is_some() {
            facts.exposed.clone_from(&kept.exposed);
        }
    }

    fn slot(_: &Change) -> &'static str {
        STATUS
    }

    fn shown(facts: &Facts, slot: &str) -> Option<Value> {
        let owner = facts.owner.known().filter(|_| slot == STATUS)?;
        Some(json!({"UserName": owner.user, "AccessKeyId": facts.key, "Status": owner.status}))
    }

    /// IAM has no region: the partition's first stands for it.
    fn home(_: &KeyId, place: &Place) -> Place {
        Place { region: place.region.partition().first_region(), ..place.clone() }
    }

    fn arn(id: &KeyId, place: &Place) -> Arn {
        ids::arn(id, place)
    }

    fn id(arn: &Arn, place: &Place) -> Option<KeyId> {
        ids::id(arn, place)
    }
}

/// Whose key it is stands in the request, or is left out where somebody changes a key of their own. A key that is activated looks like a
/// breach: whether it is one, the ledger knows.
fn api_call(record: &Record<'_>) -> Result<Screen<KeyId>, Ignored> {
    let trigger = screen::api_call(record, AccessKey::EVENTS)?;
    let request = record.request();
    let key = AccessKeyId::new(screen::named(&request, trigger.id)?).map_err(Ignored::NoResource)?;
    let user = request.str("userName").and_then(|name| UserName::new(name).ok());
    let suspicious = request.str(STATUS) == Some("Active");
    let selection = trigger.controls.iter().copied().collect();
    Ok(Screen::Look { targets: vec![KeyId { key, user, exposed: None }], selection, suspicious })
}

impl fmt::Display for Status {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(match self {
            Self::Active => "Active",
            Self::Inactive => "Inactive",
        })
    }
}

impl fmt::Display for Change {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let Self::SetStatus { user, status } = self;
        match status {
            Status::Active => write!(f, "activate the access key of the user {user}"),
            Status::Inactive => write!(f, "deactivate the access key of the user {user}"),
        }
    }
}

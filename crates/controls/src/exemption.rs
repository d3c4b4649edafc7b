//! Where a control does not act: who answers for it, why, and until when.

use std::{collections::BTreeMap, fmt};

use jiff::Timestamp;
use serde::{Deserialize, Serialize};
use sha2::{Digest, Sha256};

use crate::{AccountFacts, AccountId, Arn, Fact, Place, Region};

/// The tags of a resource.
pub type Tags = BTreeMap<String, String>;

/// One exemption, from the settings file or from the ledger. Every narrowing that is set must hold.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct Exemption {
    /// Where it stands.
    pub origin: Origin,
    /// The control, or `*`.
    pub control: String,
    /// ARN, in which `*` stands for any characters.
    pub resource: String,
    /// Only in this account.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub account: Option<AccountId>,
    /// Only in accounts below this organisational unit or root.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub organizational_unit: Option<String>,
    /// Only in this region.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub region: Option<Region>,
    /// Only on resources that carry all of these tags.
    #[serde(default, skip_serializing_if = "BTreeMap::is_empty")]
    pub tags: Tags,
    /// Who answers for it.
    pub owner: String,
    /// Why.
    pub reason: String,
    /// Where it was agreed.
    pub ticket: String,
    /// From then on it is as if it were not there.
    pub until: Timestamp,
}

/// Where an exemption stands.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "kebab-case")]
pub enum Origin {
    /// A line of the settings file, from 1.
    Line(usize),
    /// A row of the ledger.
    Row {
        /// Its id, `e-…`; the undo's own id for the exemption that an undo opens.
        id: String,
        /// Who added it: the ARN they called with.
        by: String,
        /// When.
        at: Timestamp,
    },
}

/// What an exemption is asked about.
#[derive(Debug, Clone, Copy)]
pub struct Subject<'a> {
    /// The resource.
    pub arn: &'a Arn,
    /// Its account and region.
    pub place: &'a Place,
    /// Where the account is in the organisation; `None` when that is not known.
    pub account: Option<&'a AccountFacts>,
    /// The resource's tags.
    pub tags: &'a Fact<Tags>,
}

/// Whether an exemption covers a subject.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Coverage {
    /// It does not.
    No,
    /// It does.
    Yes,
    /// Everything else fits, and the answer hangs on something that is not known.
    Unknown(Missing),
}

/// What has to be known to say whether an exemption covers a subject.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord)]
pub enum Missing {
    /// The resource's tags: not read yet, or not readable.
    Tags,
    /// The account's place in the organisation.
    Organization,
}

impl fmt::Display for Missing {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(match self {
            Self::Tags => "the resource's tags could not be read, and an exemption hangs on them",
            Self::Organization => "the account's place in the organisation is not known, and an exemption hangs on it",
        })
    }
}

impl Exemption {
    /// Whether it covers `control` on `subject` at `now`.
    #[must_use]
    pub fn covers(&self, control: &str, subject: &Subject<'_>, now: Timestamp) -> Coverage {
        let fits = (self.control == "*" || self.control == control)
            && now < self.until
            && self.account.as_ref().is_none_or(|account| *account == subject.place.account)
            && self.region.as_ref().is_none_or(|region| *region == subject.place.region)
            && matches(&self.resource, subject.arn.as_str());
        if !fits {
            return Coverage::No;
        }
        if let Some(unit) = &self.organizational_unit {
            match subject.account {
                None => return Coverage::Unknown(Missing::Organization),
                Some(account) if !account.is_below(unit) => return Coverage::No,
                Some(_) => {}
            }
        }
        if self.tags.is_empty() {
            return Coverage::Yes;
        }
        match subject.tags.known() {
            None => Coverage::Unknown(Missing::Tags),
            Some(tags) if self.tags.iter().all(|(key, value)| tags.get(key) == Some(value)) => Coverage::Yes,
            Some(_) => Coverage::No,
        }
    }

    /// Whether a tag on the resource is all that narrows it to one: then whoever can tag the resource can exempt it. The
    /// resource's type (`accesspoint/*`) narrows nothing, nor do account, region and unit: all of them have many resources.
    #[must_use]
    pub fn is_by_tag_alone(&self) -> bool {
        let resource = self.resource.rsplit(':').next().unwrap_or_default().trim_start_matches('/');
        let name = resource.split_once('/').map_or(resource, |(_, name)| name);
        !self.tags.is_empty() && name.bytes().all(|b| matches!(b, b'*' | b'/'))
    }

    /// Where it stands, for people: `line 12 of the settings` or `row e-… of the ledger`.
    #[must_use]
    pub fn stands(&self) -> String {
        match &self.origin {
            Origin::Line(line) => format!("line {line} of the settings"),
            Origin::Row { id, .. } => format!("row {id} of the ledger"),
        }
    }

    /// What identifies it: the row's id, or a hash of what the file says, whichever line it moves to. Never longer than a key
    /// of the ledger may be.
    #[must_use]
    pub fn key(&self) -> String {
        if let Origin::Row { id, .. } = &self.origin {
            return id.clone();
        }
        let scope = (&self.control, &self.resource, &self.account, &self.organizational_unit, &self.region, &self.tags);
        let text = serde_json::to_vec(&(scope, &self.owner, self.until)).unwrap_or_default();
        let digest = Sha256::digest(&text);
        format!("settings-{}", digest.iter().take(8).map(|byte| format!("{byte:02x}")).collect::<String>())
    }
}

/// Whether `pattern` covers the whole of `text`; `*` stands for any run of characters, everything else for itself.
#[must_use]
pub(crate) fn matches(pattern: &str, text: &str) -> bool {
    let mut parts = pattern.split('*');
    let Some(mut rest) = parts.next().and_then(|first| text.strip_prefix(first)) else { return false };
    let mut parts = parts.peekable();
    if parts.peek().is_none() {
        return rest.is_empty();
    }
    while let Some(part) = parts.next() {
        if parts.peek().is_none() {
            return rest.ends_with(part);
        }
        let Some((_, after)) = rest.split_once(part) else { return false };
        rest = after;
    }
    true
}

#[cfg(test)]
mod tests;

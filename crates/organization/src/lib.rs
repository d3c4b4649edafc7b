//! Reading the organisation: who is in it, and where. For the command line and for the sweeper: guards never ask AWS
//! Organizations, they read what these two wrote into the ledger.

use std::collections::{BTreeMap, HashMap};

use aws_config::{SdkConfig, retry::RetryConfig};
use aws_sdk_organizations::{
    Client,
    types::{Account, AccountState, AccountStatus},
};
use jiff::Timestamp;
use rectify_aws::{AlsoRetry, AwsFailure, every_call_its_tries};
use rectify_controls::{AccountFacts, AccountId};
use tokio::sync::Mutex;

/// Deeper than units nest (Organizations user guide, "quotas": five levels below the root).
const DEEPEST: usize = 20;

/// Tries of one call: the API allows few calls a second, and there are two per account.
const TRIES: u32 = 10;

/// An account in the organisation.
#[derive(Debug, Clone)]
pub struct Member {
    /// Its id.
    pub id: AccountId,
    name: Option<String>,
}

/// Why the organisation could not be read.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
pub enum Error {
    /// AWS refused.
    #[error("{0}")]
    Aws(AwsFailure),
    /// An account or unit without a way up to a root: somebody moves accounts right now.
    #[error("`{0}` has no way up to a root in this organisation")]
    Lost(String),
}

/// A client of AWS Organizations, which allows few calls a second: each is tried often.
#[must_use]
pub fn client(config: &SdkConfig) -> Client {
    let config = aws_sdk_organizations::config::Builder::from(config)
        .retry_config(RetryConfig::standard().with_max_attempts(TRIES))
        .retry_classifier(AlsoRetry)
        .retry_partition(every_call_its_tries())
        .build();
    Client::from_conf(config)
}

/// The organisation, as the caller may read it.
#[derive(Debug)]
pub struct Organization {
    client: Client,
    /// The parent of each unit; `None` for a root.
    parents: Mutex<HashMap<String, Option<String>>>,
}

impl Organization {
    /// The organisation that the credentials of `config` may read: those of its management account or of a delegated
    /// administrator.
    #[must_use]
    pub fn new(config: &SdkConfig) -> Self {
        Self { client: client(config), parents: Mutex::default() }
    }

    /// Every active account, by id.
    ///
    /// # Errors
    /// [`Error::Aws`]: half a list is none, because what is missing in it would never be looked at.
    pub async fn members(&self) -> Result<Vec<Member>, Error> {
        let mut pages = self.client.list_accounts().into_paginator().send();
        let mut members = BTreeMap::new();
        while let Some(page) = pages.next().await {
            let page = page.map_err(|error| Error::Aws(AwsFailure::new("organizations", "ListAccounts", &error)))?;
            for account in page.accounts() {
                if let Some(id) = account.id().filter(|_| is_active(account)).and_then(|id| AccountId::new(id).ok()) {
                    members.insert(id.clone(), Member { id, name: account.name().map(str::to_owned) });
                }
            }
        }
        Ok(members.into_values().collect())
    }

    /// Where an account is, and its tags. At least two calls, and one more for each unit that was not seen before.
    ///
    /// # Errors
    /// [`Error`].
    pub async fn facts(&self, member: &Member, now: Timestamp) -> Result<AccountFacts, Error> {
        let mut path = Vec::new();
        let mut child = member.id.to_string();
        while let Some(parent) = self.parent(&child).await? {
            if path.len() == DEEPEST {
                return Err(Error::Lost(member.id.to_string()));
            }
            path.push(parent.clone());
            child = parent;
        }
        path.reverse();
        if !path.first().is_some_and(|root| root.starts_with("r-")) {
            return Err(Error::Lost(member.id.to_string()));
        }
        Ok(AccountFacts { name: member.name.clone(), path, tags: self.tags(&member.id).await?, read_at: now })
    }

    /// The unit above `child`; asked once per unit.
    async fn parent(&self, child: &str) -> Result<Option<String>, Error> {
        if child.starts_with("r-") {
            return Ok(None);
        }
        let is_unit = child.starts_with("ou-");
        // Held while asking: four accounts of one unit make one call.
        let mut parents = if is_unit { Some(self.parents.lock().await) } else { None };
        if let Some(known) = parents.as_ref().and_then(|parents| parents.get(child)) {
            return Ok(known.clone());
        }
        let mut pages = self.client.list_parents().child_id(child).into_paginator().send();
        let mut parent = None;
        while let Some(page) = pages.next().await {
            let page = page.map_err(|error| Error::Aws(AwsFailure::new("organizations", "ListParents", &error)))?;
            parent = parent.or_else(|| page.parents().first().and_then(|found| found.id()).map(str::to_owned));
        }
        let parent = parent.ok_or_else(|| Error::Lost(child.to_owned()))?;
        if let Some(parents) = &mut parents {
            parents.insert(child.to_owned(), Some(parent.clone()));
        }
        Ok(Some(parent))
    }

    async fn tags(&self, account: &AccountId) -> Result<BTreeMap<String, String>, Error> {
        let mut pages =
            self.client.list_tags_for_resource().resource_id(account.as_str()).into_paginator().items().send();
        let mut tags = BTreeMap::new();
        while let Some(tag) = pages.next().await {
            let tag =
                tag.map_err(|error| Error::Aws(AwsFailure::new("organizations", "ListTagsForResource", &error)))?;
            tags.insert(tag.key().to_owned(), tag.value().to_owned());
        }
        Ok(tags)
    }
}

/// `State` where AWS gives it: `Status` is retired since September 2026 (Organizations API reference, `Account`).
fn is_active(account: &Account) -> bool {
    match account.state() {
        Some(state) => *state == AccountState::Active,
        None => account.status() == Some(&AccountStatus::Active),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn only_active_accounts_count() {
        let account = |state: Option<AccountState>, status: Option<AccountStatus>| {
            Account::builder().set_state(state).set_status(status).build()
        };
        assert!(is_active(&account(Some(AccountState::Active), None)));
        assert!(is_active(&account(None, Some(AccountStatus::Active))));
        assert!(!is_active(&account(Some(AccountState::Suspended), Some(AccountStatus::Active))));
        assert!(!is_active(&account(None, None)));
    }
}

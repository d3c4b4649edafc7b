//! A saved organisation.

use std::{collections::BTreeMap, path::Path};

use jiff::Timestamp;
use rectify_controls::{AccountFacts, AccountId};
use serde::Deserialize;

use super::Error;
use crate::input;

/// An account as `rectify org export` and `rectify org list --output json` write it.
#[derive(Deserialize)]
struct Account {
    account: AccountId,
    name: Option<String>,
    path: Option<Vec<String>>,
    #[serde(default)]
    tags: Option<BTreeMap<String, String>>,
    read_at: Option<Timestamp>,
}

/// The accounts in `file` of which it is known where they are.
pub(in crate::command) fn read(file: &Path) -> Result<BTreeMap<AccountId, AccountFacts>, Error> {
    let text = input::read(file)?;
    let accounts: Vec<Account> = serde_json::from_str(&text)
        .map_err(|error| Error::Organization { file: input::name(file), why: error.to_string() })?;
    let facts = accounts.into_iter().filter_map(|account| {
        let Account { account, name, path, tags, read_at } = account;
        let read_at = read_at.unwrap_or_default();
        Some((account, AccountFacts { name, path: path?, tags: tags.unwrap_or_default(), read_at }))
    });
    Ok(facts.collect())
}

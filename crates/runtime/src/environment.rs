//! Which environment an account belongs to, and whether that is known well enough to change anything.

use std::{
    collections::BTreeMap,
    sync::{Mutex, PoisonError},
    time::{Duration, Instant},
};

use rectify_controls::{AccountFacts, AccountId, Doubt, Environment, Kind, Membership, Mode, Selection, Settings};

use crate::{Guard, Shell};

/// How long a process believes what it read about an account.
const BELIEVED: Duration = Duration::from_secs(5 * 60);

/// What is known about accounts, as this process last read it.
#[derive(Debug, Default)]
pub(crate) struct Accounts(Mutex<BTreeMap<AccountId, (Instant, AccountFacts)>>);

/// An account's environment.
#[derive(Debug)]
pub(crate) struct Belonging<'a> {
    pub(crate) environment: &'a Environment,
    /// Where the account is in the organisation, when something hangs on it and it is known.
    pub(crate) account: Option<AccountFacts>,
    /// Why nothing may be changed there.
    pub(crate) doubt: Option<Doubt>,
}

impl Belonging<'_> {
    /// `selection` without the controls that are off here. An exemption or a mode that is not known leaves a control in.
    pub(crate) fn on<K: Kind>(&self, settings: &Settings, selection: &Selection) -> Selection {
        let on = |id: &&'static str| {
            K::CONTROLS.iter().any(|control| control.id == *id && settings.mode(control, self.environment) != Mode::Off)
        };
        selection.iter().copied().filter(on).collect()
    }
}

impl<G: Guard> Shell<G> {
    /// The environment of `account`. Reads about a member, and where the settings hang on the organisation, and then
    /// the ledger rather than the organisation's own API, which is slow and throttled for the whole account.
    pub(crate) async fn belonging(&self, account: &AccountId) -> Belonging<'_> {
        let settings = &self.book.settings;
        let member = *account != self.home;
        let facts = match member || settings.hangs_on_organization(account) {
            true => self.account_facts(account).await,
            false => None,
        };
        let mut doubt = self.book.degraded.clone().map(Doubt::Settings);
        let environment = match settings.environment(account, facts.as_ref()) {
            Membership::In(environment) => {
                // What nothing else matches is in the default environment, whatever that allows; but an account that nobody
                // has seen in the organisation is none of ours to change.
                if member && facts.is_none() && environment.default {
                    doubt = doubt.or_else(|| {
                        Some(Doubt::Organization(format!(
                            "nobody has written down account {account} as one of the organisation, or too long ago \
                             (`rectify org refresh` does), and the settings do not name it"
                        )))
                    });
                }
                environment
            }
            Membership::Unknown { hangs_on, meanwhile } => {
                doubt = doubt.or_else(|| {
                    Some(Doubt::Organization(format!(
                        "whether account {account} is in environment `{}` hangs on the organisation, and nobody has written \
                         down where the account is in it, or too long ago (`rectify org refresh` does)",
                        hangs_on.name
                    )))
                });
                meanwhile
            }
        };
        Belonging { environment, account: facts, doubt }
    }

    /// What is known about the account; `None` when that is nothing, too old, or could not be read.
    async fn account_facts(&self, account: &AccountId) -> Option<AccountFacts> {
        let known = self.accounts.0.lock().unwrap_or_else(PoisonError::into_inner).get(account).cloned();
        if let Some((_, facts)) = known.filter(|(read, facts)| read.elapsed() < BELIEVED && self.is_fresh(facts)) {
            return Some(facts);
        }
        let facts = match self.ledger.account(account).await {
            Ok(facts) => facts.filter(|facts| self.is_fresh(facts))?,
            Err(failure) => {
                tracing::warn!(%failure, %account, "where the account is in the organisation could not be read");
                return None;
            }
        };
        let mut accounts = self.accounts.0.lock().unwrap_or_else(PoisonError::into_inner);
        accounts.insert(account.clone(), (Instant::now(), facts.clone()));
        Some(facts)
    }

    /// Whether what is known about an account is new enough to be believed.
    pub(crate) fn is_fresh(&self, facts: &AccountFacts) -> bool {
        self.ledger.now().duration_since(facts.read_at) <= self.book.settings.organization_max_age
    }
}

//! What stands in the ledger beside the findings and holds until somebody ends it: switches, exemptions, where an account
//! is in the organisation, and what happened to a resource lately.

use std::{collections::BTreeMap, fmt, str::FromStr};

use jiff::Timestamp;
use serde::{Deserialize, Serialize};

use crate::{AccountId, Exemption};

/// Where an account is in the organisation, as last read.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct AccountFacts {
    /// Its name.
    pub name: Option<String>,
    /// Ids from the root down to the unit it is in, for example `r-ab12`, `ou-ab12-11111111`.
    pub path: Vec<String>,
    /// The account's tags.
    pub tags: BTreeMap<String, String>,
    /// When it was read.
    pub read_at: Timestamp,
}

impl AccountFacts {
    /// Whether the account is in `unit` or in a unit below it.
    #[must_use]
    pub fn is_below(&self, unit: &str) -> bool {
        self.path.iter().any(|id| id == unit)
    }
}

/// What a switch holds back.
#[derive(Debug, Clone, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub enum Reach {
    /// Every correction.
    All,
    /// Corrections of one control.
    Control(String),
    /// Corrections in one account.
    Account(AccountId),
}

impl fmt::Display for Reach {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::All => f.write_str("all"),
            Self::Control(id) => write!(f, "control {id}"),
            Self::Account(id) => write!(f, "account {id}"),
        }
    }
}

impl FromStr for Reach {
    type Err = String;

    fn from_str(text: &str) -> Result<Self, String> {
        match text.split_once(' ') {
            None if text == "all" => Ok(Self::All),
            Some(("control", id)) if !id.is_empty() => Ok(Self::Control(id.to_owned())),
            Some(("account", id)) => AccountId::new(id).map(Self::Account).map_err(|error| error.to_string()),
            _ => Err(format!("`{text}` is not a switch")),
        }
    }
}

/// Corrections that somebody paused.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Switch {
    /// What it holds back.
    pub reach: Reach,
    /// Why.
    pub reason: String,
    /// Who paused it: the ARN they called with.
    pub by: String,
    /// When.
    pub paused_at: Timestamp,
}

impl Switch {
    /// Whether it holds back corrections of `control` in `account`.
    #[must_use]
    pub fn holds(&self, control: &str, account: &AccountId) -> bool {
        match &self.reach {
            Reach::All => true,
            Reach::Control(id) => id == control,
            Reach::Account(id) => id == account,
        }
    }
}

/// What holds for an account until somebody ends it.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct Standing {
    /// What is paused.
    pub switches: Vec<Switch>,
    /// Exemptions that were added without a deployment.
    pub exemptions: Vec<Exemption>,
    /// Where the account is in the organisation; `None` when nobody has written it down.
    pub account: Option<AccountFacts>,
}

/// What the ledger remembers of one control on one resource.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct Past {
    /// Until when a breach is left alone for somebody to finish what they are doing.
    pub deferral: Option<Deferral>,
    /// Earlier corrections, oldest first.
    pub corrections: Vec<Reopened>,
    /// A tug of war was seen: no correction before then. Each further sighting moves it.
    pub fenced_until: Option<Timestamp>,
}

/// A breach that is waited for.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
pub struct Deferral {
    /// When it was first seen.
    pub since: Timestamp,
    /// When it is looked at again.
    pub due: Timestamp,
}

/// One correction, and who had made it necessary.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct Reopened {
    /// When it was corrected.
    pub at: Timestamp,
    /// The principal whose change was put back.
    pub by: Option<String>,
    /// The tool they used, as far as it can be recognised.
    pub tool: Option<String>,
}

#[cfg(test)]
mod tests {
    use super::*;

    fn account(id: &str) -> AccountId {
        AccountId::new(id).unwrap()
    }

    #[test]
    fn a_switch_reaches_what_it_names() {
        let (here, there) = (account("111122223333"), account("444455556666"));
        for (reach, control, in_account, holds) in [
            (Reach::All, "a", &here, true),
            (Reach::Control("a".to_owned()), "a", &here, true),
            (Reach::Control("a".to_owned()), "a", &there, true),
            (Reach::Control("a".to_owned()), "a-b", &here, false),
            (Reach::Control("a-b".to_owned()), "a", &here, false),
            (Reach::Account(here.clone()), "a", &here, true),
            (Reach::Account(here.clone()), "b", &here, true),
            (Reach::Account(here.clone()), "a", &there, false),
        ] {
            let switch = Switch { reach, reason: String::new(), by: String::new(), paused_at: Timestamp::UNIX_EPOCH };
            assert_eq!(switch.holds(control, in_account), holds, "{switch:?} for {control} in {in_account}");
        }
    }

    #[test]
    fn a_reach_is_read_back_as_it_was_written() {
        for reach in [Reach::All, Reach::Control("a-b".to_owned()), Reach::Account(account("111122223333"))] {
            assert_eq!(reach.to_string().parse(), Ok(reach));
        }
        for text in ["", "All", "all ", "all a", "control", "control ", "account", "account ", "account 12", "region x"]
        {
            assert!(text.parse::<Reach>().is_err(), "`{text}`");
        }
    }

    #[test]
    fn an_account_is_below_every_unit_on_its_path_and_no_other() {
        let facts = AccountFacts {
            name: None,
            path: ["r-ab12", "ou-ab12-11111111"].map(str::to_owned).to_vec(),
            tags: BTreeMap::new(),
            read_at: Timestamp::UNIX_EPOCH,
        };
        assert!(facts.is_below("r-ab12") && facts.is_below("ou-ab12-11111111"));
        assert!(!facts.is_below("ou-ab12-1111111") && !facts.is_below("") && !facts.is_below("r-ab1"));
    }

    #[test]
    fn what_is_remembered_survives_the_ledger() {
        let reopened = Reopened { at: Timestamp::UNIX_EPOCH, by: Some("ci".to_owned()), tool: None };
        let text = serde_json::to_string(&vec![reopened.clone()]).unwrap();
        assert_eq!(serde_json::from_str::<Vec<Reopened>>(&text).unwrap(), [reopened]);
        let deferral = Deferral { since: Timestamp::UNIX_EPOCH, due: Timestamp::MAX };
        let text = serde_json::to_string(&deferral).unwrap();
        assert_eq!(serde_json::from_str::<Deferral>(&text).unwrap(), deferral);
    }
}

//! How far a grant reaches, and what counts as ours.

use std::collections::BTreeSet;
use std::fmt;

use crate::{AccountId, OrganizationId};

/// Who can use a grant at most, ordered by breadth.
///
/// [`Verdict::ForeignAccounts`] with an **empty** set means: somebody outside, but no account follows from the policy
/// (a network, a canonical user, another organisation, an AWS service that acts for any account). It is not "nobody".
#[derive(Debug, Clone, PartialEq, Eq, PartialOrd, Ord)]
pub enum Verdict {
    /// Only the account that owns the resource, or nobody.
    Internal,
    /// Also accounts of the organisation, or accounts that the trust zone lists.
    Organisation,
    /// Also these accounts outside the trust zone; an empty set means callers outside that no account is known of.
    ForeignAccounts(BTreeSet<AccountId>),
    /// Anyone: every AWS account, and the anonymous caller where the service knows one.
    Public,
}

impl Verdict {
    /// `internal`, `organisation`, `foreign` or `public`: the words of the command line and of reports.
    #[must_use]
    pub fn as_str(&self) -> &'static str {
        match self {
            Self::Internal => "internal",
            Self::Organisation => "organisation",
            Self::ForeignAccounts(_) => "foreign",
            Self::Public => "public",
        }
    }

    /// The foreign accounts that are known by id; `None` unless the verdict is [`Verdict::ForeignAccounts`].
    #[must_use]
    pub fn foreign_accounts(&self) -> Option<&BTreeSet<AccountId>> {
        match self {
            Self::ForeignAccounts(accounts) => Some(accounts),
            _ => None,
        }
    }

    /// Somebody outside of whom no account is known.
    pub(crate) fn outsider() -> Self {
        Self::ForeignAccounts(BTreeSet::new())
    }

    pub(crate) fn rank(&self) -> u8 {
        match self {
            Self::Internal => 0,
            Self::Organisation => 1,
            Self::ForeignAccounts(_) => 2,
            Self::Public => 3,
        }
    }

    /// Either of two grants can be used: the wider one, with the foreign accounts of both.
    pub(crate) fn join(self, other: Self) -> Self {
        match (self, other) {
            (Self::ForeignAccounts(mut left), Self::ForeignAccounts(right)) => {
                left.extend(right);
                Self::ForeignAccounts(left)
            }
            (left, right) => left.max(right),
        }
    }

    /// Both bounds hold for the same caller: the tighter one. Never an intersection of account sets, so that a mistake
    /// in one bound cannot make the answer empty.
    pub(crate) fn meet(self, other: Self) -> Self {
        match (&self, &other) {
            (Self::ForeignAccounts(left), Self::ForeignAccounts(right)) => {
                if left.is_empty() || (!right.is_empty() && right.len() < left.len()) { other } else { self }
            }
            _ => {
                if other.rank() < self.rank() {
                    other
                } else {
                    self
                }
            }
        }
    }
}

impl fmt::Display for Verdict {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(self.as_str())
    }
}

/// What counts as ours. Everything empty is a valid zone: then every account and every organisation is foreign.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct TrustZone {
    /// The account that owns the resource.
    pub account: Option<AccountId>,
    /// The organisation that the account is in.
    pub organization: Option<OrganizationId>,
    /// Accounts that are trusted: members of the organisation, or allow-listed.
    pub accounts: BTreeSet<AccountId>,
    /// For [`Service::S3AccessPoint`](crate::Service::S3AccessPoint) only: the access point's network origin is a VPC,
    /// so it is never public whatever its policy says (S3 User Guide, "The meaning of public").
    pub access_point_vpc_origin: bool,
}

impl TrustZone {
    /// How far a grant to exactly this account reaches.
    #[must_use]
    pub fn standing(&self, account: &AccountId) -> Verdict {
        if self.account.as_ref() == Some(account) {
            Verdict::Internal
        } else if self.accounts.contains(account) {
            Verdict::Organisation
        } else {
            Verdict::ForeignAccounts(BTreeSet::from([account.clone()]))
        }
    }

    /// How far a grant to exactly this organisation reaches. Another organisation's accounts are not known.
    pub(crate) fn standing_of_organization(&self, id: &str) -> Verdict {
        if self.organization.as_ref().is_some_and(|own| own.as_str() == id) {
            Verdict::Organisation
        } else {
            Verdict::outsider()
        }
    }
}

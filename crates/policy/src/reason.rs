//! Why a statement has its verdict, in one sentence.

use std::fmt;

use crate::Verdict;

/// What decides a statement's verdict. [`Display`](fmt::Display) gives one plain sentence that names the element.
///
/// The texts quote the policy, which somebody else wrote: escape them where they are shown.
#[derive(Debug, Clone, PartialEq, Eq)]
#[non_exhaustive]
pub enum Reason {
    /// A `Deny` grants nothing.
    Denies,
    /// An `Allow` without any principal; AWS refuses it in a resource policy.
    NamesNobody,
    /// A principal that is anyone, and no condition that limits it.
    Anyone {
        /// The principal as written.
        principal: String,
        /// Each condition that could be thought to limit it, and why it does not.
        weak: Vec<String>,
    },
    /// `NotPrincipal` with `Allow`, and no condition that limits it.
    EveryoneBut {
        /// As in [`Reason::Anyone`].
        weak: Vec<String>,
    },
    /// An identity provider that everybody can use, and no condition on its claims.
    AnyIdentity {
        /// The provider as written.
        provider: String,
        /// As in [`Reason::Anyone`].
        weak: Vec<String>,
    },
    /// A principal of one account, or an identity provider set up in it.
    Account {
        /// The principal as written.
        principal: String,
        /// How far that account is.
        reach: Verdict,
    },
    /// One fixed principal of which no account is known.
    Unmapped {
        /// The principal as written.
        principal: String,
        /// What it looks like.
        looks_like: &'static str,
    },
    /// An AWS service that acts for any account, because nothing says for whose resource (confused deputy).
    ServiceForAnyone {
        /// The service principal as written.
        service: String,
    },
    /// An AWS service in a role's trust policy, which only the role's account can hand the role to.
    ServiceForOwner {
        /// The service principal as written.
        service: String,
    },
    /// A condition ties the callers down.
    Limited {
        /// The operator as written.
        operator: String,
        /// The key as written.
        key: String,
        /// The values as written.
        values: Vec<String>,
        /// How far those callers reach.
        reach: Verdict,
    },
    /// The access point can be reached from its VPC only.
    VpcOrigin,
    /// S3's written meaning of "public" makes the statement public although the general answer does not.
    S3Meaning {
        /// The element that is not fixed, and why.
        why: String,
    },
}

/// The text in backticks, short enough for a sentence and without control characters.
pub(crate) fn quote(text: &str) -> String {
    const LONGEST: usize = 100;
    let mut shown: String = text.chars().take(LONGEST).map(|c| if c.is_control() { '\u{fffd}' } else { c }).collect();
    if text.chars().nth(LONGEST).is_some() {
        shown.push('…');
    }
    format!("`{shown}`")
}

fn quote_all(values: &[String]) -> String {
    const MOST: usize = 3;
    let shown: Vec<String> = values.iter().take(MOST).map(|value| quote(value)).collect();
    match values.len().saturating_sub(MOST) {
        0 => shown.join(", "),
        more => format!("{} and {more} more", shown.join(", ")),
    }
}

fn but(weak: &[String]) -> String {
    if weak.is_empty() {
        "no condition limits it".to_owned()
    } else {
        format!("no condition limits it: {}", weak.join("; "))
    }
}

fn whose(reach: &Verdict) -> String {
    match reach {
        Verdict::Internal => "the resource's own account".to_owned(),
        Verdict::Organisation => "the organisation or a trusted account".to_owned(),
        Verdict::ForeignAccounts(accounts) if accounts.is_empty() => {
            "callers outside that no account is known of".to_owned()
        }
        Verdict::ForeignAccounts(accounts) => {
            let ids: Vec<String> = accounts.iter().map(ToString::to_string).collect();
            format!("foreign account {}", quote_all(&ids))
        }
        Verdict::Public => "anyone".to_owned(),
    }
}

impl fmt::Display for Reason {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Denies => f.write_str("`Effect` is `Deny`, which grants nothing"),
            Self::NamesNobody => f.write_str(
                "there is no `Principal`, so nobody is granted anything; AWS refuses such a resource policy",
            ),
            Self::Anyone { principal, weak } => {
                write!(f, "`Principal` {} is anyone, and {}", quote(principal), but(weak))
            }
            Self::EveryoneBut { weak } => {
                write!(f, "`NotPrincipal` with `Allow` is everyone but those named, and {}", but(weak))
            }
            Self::AnyIdentity { provider, weak } => {
                write!(f, "everybody can get an identity from `Federated` {}, and {}", quote(provider), but(weak))
            }
            Self::Account { principal, reach } => write!(f, "`Principal` {} is in {}", quote(principal), whose(reach)),
            Self::Unmapped { principal, looks_like } => {
                write!(f, "`Principal` {} is {looks_like}, so its account is not known", quote(principal))
            }
            Self::ServiceForAnyone { service } => write!(
                f,
                "`Service` {} acts for any account: no `aws:SourceAccount`, `aws:SourceArn` or `aws:SourceOrgID` says for whose",
                quote(service)
            ),
            Self::ServiceForOwner { service } => {
                write!(f, "`Service` {} gets the role only from the role's own account", quote(service))
            }
            Self::Limited { operator, key, values, reach } => {
                write!(f, "{} on {} limits it to {}: {}", quote(operator), quote(key), whose(reach), quote_all(values))
            }
            Self::VpcOrigin => {
                f.write_str("the access point can be reached from its VPC only, so S3 never calls it public")
            }
            Self::S3Meaning { why } => write!(f, "S3 calls it public: {why}"),
        }
    }
}

//! Who a principal is, before any condition.

use crate::document::{Principal, PrincipalKind};
use crate::pinned::{account_id, has_variable, has_wildcard, is_fixed, is_unique_id};
use crate::{AccountId, Service};

/// One entry of `Principal`, classified.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) enum Caller {
    /// Anyone: `*`, or an ARN whose account has a wildcard.
    Anyone,
    /// Somebody of exactly this account.
    Account(AccountId),
    /// One fixed principal of an unknown account: a unique id, a canonical user, a CloudFront identity, a placeholder.
    Unmapped,
    /// An AWS service.
    Service,
    /// An identity provider.
    Provider(Provider),
}

/// Whose identities a `Federated` principal lets in.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) struct Provider {
    /// What the claims' condition keys begin with, for example `token.actions.githubusercontent.com`.
    pub(crate) issuer: String,
    /// The account that the provider is set up in.
    pub(crate) account: Option<AccountId>,
    /// Everybody can get an identity from it, so that only a condition on its claims narrows the grant.
    pub(crate) shared: bool,
}

/// Issuers of OpenID Connect tokens for everybody who has an account there; the tenant is in the claims, not in the URL.
/// (IAM User Guide, "OIDC shared controls": the claims that AWS asks for with new trust policies.)
const SHARED_ISSUERS: [&str; 12] = [
    "token.actions.githubusercontent.com",
    "gitlab.com",
    "app.terraform.io",
    "accounts.google.com",
    "graph.facebook.com",
    "www.amazon.com",
    "cognito-identity.amazonaws.com",
    "agent.buildkite.com",
    "api.pulumi.com/oidc",
    "oidc.codefresh.io",
    "oidc.vercel.com",
    "proidc.upbound.io",
];

pub(crate) fn classify(principal: &Principal) -> Caller {
    let value = principal.value.as_str();
    match &principal.kind {
        PrincipalKind::Aws => aws(value),
        PrincipalKind::Service if has_wildcard(value) || has_variable(value) => Caller::Anyone,
        PrincipalKind::Service => Caller::Service,
        PrincipalKind::Federated => federated(value),
        PrincipalKind::CanonicalUser | PrincipalKind::Other(_) if has_wildcard(value) || has_variable(value) => {
            Caller::Anyone
        }
        PrincipalKind::CanonicalUser | PrincipalKind::Other(_) => Caller::Unmapped,
    }
}

fn aws(value: &str) -> Caller {
    if let Some(account) = account_id(value) {
        return Caller::Account(account);
    }
    let mut fields = value.splitn(6, ':');
    let (scheme, _, _, _, account) = (fields.next(), fields.next(), fields.next(), fields.next(), fields.next());
    match account {
        Some(account) if scheme == Some("arn") => match account_id(account) {
            Some(account) => Caller::Account(account),
            // The wildcard may stand in an earlier field and swallow this one.
            None if has_wildcard(value) || has_variable(value) => Caller::Anyone,
            None => Caller::Unmapped,
        },
        _ if has_wildcard(value) || has_variable(value) => Caller::Anyone,
        _ => Caller::Unmapped,
    }
}

fn federated(value: &str) -> Caller {
    let mut fields = value.splitn(6, ':');
    let scheme = fields.next();
    let account = fields.nth(3).and_then(account_id);
    let resource = fields.next().unwrap_or_default();
    let provider = match (scheme, resource.split_once('/')) {
        (Some("arn"), Some(("oidc-provider", issuer))) if is_fixed(value) => {
            let shared = account.is_none() || SHARED_ISSUERS.contains(&issuer.to_ascii_lowercase().as_str());
            Provider { issuer: issuer.to_owned(), account, shared }
        }
        (Some("arn"), Some((kind, name))) if account.is_some() && kind.starts_with("saml-provider") => {
            Provider { issuer: name.to_owned(), account, shared: false }
        }
        _ if has_wildcard(value) || has_variable(value) => return Caller::Anyone,
        _ => Provider { issuer: value.to_owned(), account: None, shared: true },
    };
    Caller::Provider(provider)
}

/// Whether no account can be told from the principal, although it is one fixed principal.
pub(crate) fn is_unmappable(principal: &Principal) -> bool {
    classify(principal) == Caller::Unmapped
}

/// What an unmapped principal most likely is, for the reader.
pub(crate) fn describe_unmapped(principal: &Principal) -> &'static str {
    let value = principal.value.as_str();
    if principal.kind == PrincipalKind::CanonicalUser
        || (value.len() == 64 && value.bytes().all(|b| b.is_ascii_hexdigit()))
    {
        "a canonical user"
    } else if value.contains(":cloudfront:user/") {
        "a CloudFront origin access identity"
    } else if is_unique_id(value) {
        "the unique id of a principal, probably a deleted one"
    } else {
        "no account id"
    }
}

/// A role is handed to a service by somebody of the role's own account (`iam:PassRole` works in one account only).
pub(crate) fn service_acts_for_owner_only(service: Service) -> bool {
    service == Service::IamTrust
}

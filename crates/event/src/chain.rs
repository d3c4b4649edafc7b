//! Through whom the rights came: from the person to the session that called.

use std::{borrow::Cow, collections::BTreeMap, fmt};

use serde_json::value::RawValue;

use crate::{
    actor::{filled, last_part},
    identity::{UserIdentity, WebIdFederation},
    lenient,
    record::Record,
    tool::SIGN_IN,
};

/// One link of the chain from a person to a session. Prints as a few words, for example `jane@example.com (Identity Center)`
/// or `role Admin in 111122223333`.
///
/// Names in it are other people's to choose: escape each link where it is rendered.
#[derive(Debug, Clone, PartialEq, Eq)]
#[non_exhaustive]
pub enum Link<'r> {
    /// Somebody who signed in through IAM Identity Center, by user name.
    Person(&'r str),
    /// A user of Identity Center of whom only the id is known (`onBehalfOf.userId`).
    PersonId(&'r str),
    /// Somebody, or something, that another identity provider vouched for.
    Federated {
        /// The subject, where the event has it.
        user: Option<Cow<'r, str>>,
        /// The provider: a host name, or what people call it; `SAML` when the event names none.
        provider: &'r str,
        /// How: `OIDC`, `web identity` or, for SAML, `federation`.
        by: &'static str,
    },
    /// The source identity: who a caller said to be when the first role of the chain was assumed. It cannot be changed
    /// afterwards (IAM user guide, "Monitor and control actions taken with assumed roles").
    Source(&'r str),
    /// ARN of the resource whose credentials were used, for example a function.
    Resource(&'r str),
    /// A role, user or the root user.
    Principal {
        /// `role`, `user` or `root`.
        what: &'static str,
        /// Its name; empty for the root user.
        name: &'r str,
        /// Its account.
        account: Option<&'r str>,
    },
    /// Name of the session.
    Session(&'r str),
    /// The AWS service that made the call for the others.
    Service(&'r str),
}

/// Where the IAM roles of Identity Center stand. Nobody but AWS can make a role below this path (IAM Identity Center user
/// guide, "Referencing permission sets in resource policies, Amazon EKS Cluster config maps, and AWS KMS key policies").
const IDENTITY_CENTER: &str = "aws-reserved/sso.amazonaws.com/";

/// The OIDC provider of GitHub Actions (GitHub docs, "Configuring OpenID Connect in Amazon Web Services").
const GITHUB: &str = "token.actions.githubusercontent.com";

impl Record<'_> {
    /// Whether the call was made with a session that Identity Center gave to a person.
    pub(crate) fn is_identity_center_session(&self) -> bool {
        // The first `:role/` is AWS's own; a path may contain another.
        let path = self.issuer_arn().and_then(|arn| arn.split_once(":role/")).map(|(_, path)| path);
        let name = path.and_then(|path| path.strip_prefix(IDENTITY_CENTER)).and_then(last_part);
        name.is_some_and(|name| name.starts_with("AWSReservedSSO_"))
    }
}

/// The links in `record`, whose session is called `session`. Empty when they say no more than principal and session.
pub(crate) fn of<'r>(record: &'r Record<'_>, session: Option<&'r str>) -> Vec<Link<'r>> {
    let Some(identity) = &record.user_identity else { return Vec::new() };
    let context = identity.session_context.as_ref();
    let origin = origin(record, identity, session);
    let source = context.and_then(|context| filled(&context.source_identity));
    // Said once: a person's name is usually the session's and the source identity too.
    let source =
        source.filter(|source| Some(*source) != session && !origin.as_ref().is_some_and(|o| o.is_called(source)));
    let told = session.filter(|session| !origin.as_ref().is_some_and(|origin| origin.is_called(session)));
    let federated = (identity.kind.as_deref() == Some("FederatedUser"))
        .then(|| filled(&identity.arn).and_then(last_part))
        .flatten();
    // The console's sign-in stands for nobody: the person called.
    let service = filled(&identity.invoked_by).filter(|service| *service != SIGN_IN);
    if origin.is_none() && source.is_none() && federated.is_none() && service.is_none() {
        return Vec::new();
    }
    let links = [
        origin,
        source.map(Link::Source),
        principal(record, identity),
        told.or(federated).map(Link::Session),
        service.map(Link::Service),
    ];
    let links: Vec<Link<'r>> = links.into_iter().flatten().collect();
    match links.as_slice() {
        [Link::Service(_) | Link::Session(_)] => Vec::new(),
        _ => links,
    }
}

/// Who, or what, stands at the beginning.
fn origin<'r>(record: &'r Record<'_>, identity: &'r UserIdentity<'_>, session: Option<&'r str>) -> Option<Link<'r>> {
    let context = identity.session_context.as_ref();
    let person = session.filter(|_| record.is_identity_center_session()).map(Link::Person);
    let on_behalf_of = || identity.on_behalf_of.as_ref().and_then(|user| filled(&user.user_id)).map(Link::PersonId);
    let web = || context.and_then(|context| federated(context.web_id_federation_data.as_ref()?));
    let provider = || {
        let user = filled(&identity.user_name).map(Cow::Borrowed);
        match identity.kind.as_deref() {
            // `identityProvider` is of no use to a reader here: the name qualifier of the assertion, a hash.
            Some("SAMLUser") => Some(Link::Federated { user, provider: "SAML", by: "federation" }),
            Some("WebIdentityUser") => {
                let provider = filled(&identity.identity_provider)?;
                let (provider, by) = provider_name(provider);
                Some(Link::Federated { user, provider, by })
            }
            _ => None,
        }
    };
    let resource = || {
        let scope = identity.in_scope_of.as_ref()?;
        let arn = filled(&scope.credentials_issued_to).or_else(|| filled(&scope.source_arn))?;
        // A function's session has the function's name, an instance's its id.
        (last_part(arn) != session).then_some(Link::Resource(arn))
    };
    person.or_else(on_behalf_of).or_else(web).or_else(provider).or_else(resource)
}

/// Who a session of `AssumeRoleWithWebIdentity` belongs to (CloudTrail user guide, "Values for AWS STS APIs with SAML and web
/// identity federation").
fn federated<'r>(web: &'r WebIdFederation<'_>) -> Option<Link<'r>> {
    let (provider, by) = provider_name(filled(&web.federated_provider)?);
    Some(Link::Federated { user: web.attributes.and_then(subject), provider, by })
}

/// The claim `sub`, also as `<provider>:sub`.
fn subject(attributes: &RawValue) -> Option<Cow<'_, str>> {
    let claims: BTreeMap<Cow<'_, str>, &RawValue> = serde_json::from_str(attributes.get()).ok()?;
    let (_, subject) = claims.iter().find(|(name, _)| *name == "sub" || name.ends_with(":sub"))?;
    lenient::string(subject.get()).filter(|subject| !subject.is_empty())
}

/// What people call a provider, and how it vouches.
fn provider_name(provider: &str) -> (&str, &'static str) {
    let oidc = provider.split_once(":oidc-provider/").map(|(_, host)| host);
    let by = if oidc.is_some() { "OIDC" } else { "web identity" };
    match oidc.unwrap_or(provider) {
        GITHUB => ("GitHub Actions", by),
        host => (host, by),
    }
}

/// The role behind the session, or the user that called.
fn principal<'r>(record: &'r Record<'_>, identity: &'r UserIdentity<'_>) -> Option<Link<'r>> {
    let issuer = identity.session_context.as_ref().and_then(|context| context.session_issuer.as_ref());
    let account = issuer.and_then(|issuer| filled(&issuer.account_id)).or_else(|| filled(&identity.account_id));
    let kind = issuer.and_then(|issuer| filled(&issuer.kind)).or_else(|| filled(&identity.kind));
    let (what, name) = match kind {
        Some("Root") => ("root", ""),
        Some("IAMUser") => {
            let issued = record.role_name();
            let own = || filled(&identity.user_name).or_else(|| filled(&identity.arn).and_then(last_part));
            ("user", issued.or_else(own)?)
        }
        Some("Role" | "AssumedRole") => ("role", record.role_name()?),
        _ => return None,
    };
    Some(Link::Principal { what, name, account })
}

impl Link<'_> {
    /// Whether this link says the name already.
    fn is_called(&self, name: &str) -> bool {
        match self {
            Self::Person(user) => *user == name,
            Self::Federated { user, .. } => user.as_deref() == Some(name),
            _ => false,
        }
    }
}

impl fmt::Display for Link<'_> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Person(user) => write!(f, "{user} (Identity Center)"),
            Self::PersonId(id) => write!(f, "Identity Center user {id}"),
            Self::Federated { user: Some(user), provider, .. } => write!(f, "{user} ({provider})"),
            Self::Federated { user: None, provider, by } => write!(f, "{provider} ({by})"),
            Self::Source(name) => write!(f, "{name} (source identity)"),
            Self::Resource(arn) => f.write_str(arn),
            Self::Principal { what, name, account } => {
                f.write_str(what)?;
                if !name.is_empty() {
                    write!(f, " {name}")?;
                }
                account.map_or(Ok(()), |account| write!(f, " in {account}"))
            }
            Self::Session(name) => write!(f, "session {name}"),
            Self::Service(name) => f.write_str(name),
        }
    }
}

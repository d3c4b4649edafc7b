//! What one condition says about the caller.

use std::collections::BTreeSet;
use std::fmt;

use crate::document::{Condition, Statement};
use crate::key::{Reading, Subject, meaning, s3_counts};
use crate::network::{self, TooWide};
use crate::pinned::{Matching, Pinned, Unpinned, account_id, has_variable, has_wildcard, is_fixed, is_unique_id, pin};
use crate::reason::quote;
use crate::{Service, TrustZone, Verdict};

/// What the judgement of a condition needs to know about its surroundings.
pub(crate) struct Context<'a> {
    pub(crate) zone: &'a TrustZone,
    /// The policy's version knows policy variables.
    pub(crate) variables: bool,
    /// Lower-case keys that a `Null: false` in the same statement requires to be there.
    pub(crate) required: BTreeSet<String>,
    /// Only e-mail subscriptions pass (`sns:Protocol`), so that an endpoint is an address and no URL that looks like one.
    pub(crate) mail_only: bool,
    /// An access point policy: a wildcard in `s3:DataAccessPointArn` is public there.
    pub(crate) access_point: bool,
}

/// A condition that ties the caller down.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) struct Limit {
    pub(crate) subject: Subject,
    pub(crate) reading: Reading,
    pub(crate) reach: Verdict,
}

/// Why a condition ties nobody down.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) enum Weakness {
    UnknownOperator,
    Negated,
    IfExists,
    ForAllValues,
    Key,
    NotCountedByS3,
    OperatorForKey,
    NoValue,
    Wildcard(String),
    Variable(String),
    NoAccount(String),
    Spanning(String),
    TooWide(TooWide),
}

impl fmt::Display for Weakness {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::UnknownOperator => f.write_str("the operator is unknown"),
            Self::Negated => f.write_str("it shuts some callers out and lets all others in"),
            Self::IfExists => f.write_str("`IfExists` holds when the request has no such key"),
            Self::ForAllValues => f.write_str("`ForAllValues` holds when the request has no such key"),
            Self::Key => f.write_str("the key does not tell whose request it is"),
            Self::NotCountedByS3 => f.write_str("S3 does not count the key"),
            Self::OperatorForKey => f.write_str("the operator does not tie this key to anything"),
            Self::NoValue => f.write_str("it has no value that could be read"),
            Self::Wildcard(value) => write!(f, "{} has a wildcard", quote(value)),
            Self::Variable(value) => write!(f, "{} has a policy variable", quote(value)),
            Self::NoAccount(value) => write!(f, "{} names no account", quote(value)),
            Self::Spanning(value) => {
                write!(f, "in {} a wildcard before the account also matches another account's ARN", quote(value))
            }
            Self::TooWide(TooWide::NotAnAddress(value)) => write!(f, "{} is no address block", quote(value)),
            Self::TooWide(TooWide::Block(value)) => {
                write!(f, "{} is broader than /8 (IPv4) or /32 (IPv6)", quote(value))
            }
            Self::TooWide(TooWide::Together) => f.write_str("the address blocks together are too large"),
        }
    }
}

#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum Base {
    Text,
    Arn,
    Address,
    Bool,
    Other,
    Negated,
}

/// Splits an operator as IAM writes it (IAM User Guide, "Condition operators"): `[ForAnyValue:|ForAllValues:]name[IfExists]`.
/// Names are read in any case: AWS refuses a policy whose operator it does not know, so no wrong one can be stored.
fn operator(written: &str, key_required: bool) -> Result<Base, Weakness> {
    let lower = written.to_ascii_lowercase();
    let (for_all, name) = match lower.split_once(':') {
        None => (false, lower.as_str()),
        Some(("foranyvalue", name)) => (false, name),
        Some(("forallvalues", name)) => (true, name),
        Some(_) => return Err(Weakness::UnknownOperator),
    };
    let (if_exists, name) = name.strip_suffix("ifexists").map_or((false, name), |name| (true, name));
    let base = match name {
        "stringequals" | "stringequalsignorecase" | "stringlike" => Base::Text,
        "arnequals" | "arnlike" => Base::Arn,
        "ipaddress" => Base::Address,
        "bool" => Base::Bool,
        "null"
        | "binaryequals"
        | "numericequals"
        | "numericlessthan"
        | "numericlessthanequals"
        | "numericgreaterthan"
        | "numericgreaterthanequals"
        | "dateequals"
        | "datelessthan"
        | "datelessthanequals"
        | "dategreaterthan"
        | "dategreaterthanequals" => Base::Other,
        "stringnotequals"
        | "stringnotequalsignorecase"
        | "stringnotlike"
        | "arnnotequals"
        | "arnnotlike"
        | "notipaddress"
        | "numericnotequals"
        | "datenotequals" => Base::Negated,
        _ => return Err(Weakness::UnknownOperator),
    };
    match base {
        Base::Negated => Err(Weakness::Negated),
        _ if if_exists && !key_required => Err(Weakness::IfExists),
        _ if for_all && !key_required => Err(Weakness::ForAllValues),
        base => Ok(base),
    }
}

/// Whether the condition compares text, holds for no request without the key, and is not negated.
pub(crate) fn positive_text(condition: &Condition, context: &Context<'_>) -> bool {
    operator(&condition.operator, context.required.contains(&condition.key.to_ascii_lowercase())) == Ok(Base::Text)
}

impl<'a> Context<'a> {
    pub(crate) fn of(statement: &Statement, variables: bool, service: Service, zone: &'a TrustZone) -> Self {
        let mut context = Self {
            zone,
            variables,
            required: required_keys(&statement.conditions),
            mail_only: false,
            access_point: service == Service::S3AccessPoint,
        };
        context.mail_only = statement.conditions.iter().any(|condition| {
            condition.key.eq_ignore_ascii_case("sns:Protocol")
                && !condition.values.is_empty()
                && condition.values.iter().all(|value| matches!(value.as_str(), "email" | "email-json"))
                && positive_text(condition, &context)
        });
        context
    }
}

/// The keys that must be in the request: `"Null": {"key": "false"}`.
fn required_keys(conditions: &[Condition]) -> BTreeSet<String> {
    conditions
        .iter()
        .filter(|condition| condition.operator.eq_ignore_ascii_case("Null"))
        .filter(|condition| {
            !condition.values.is_empty() && condition.values.iter().all(|value| value.eq_ignore_ascii_case("false"))
        })
        .map(|condition| condition.key.to_ascii_lowercase())
        .collect()
}

/// What the condition says about the caller in general.
///
/// # Errors
/// [`Weakness`] when it says nothing that holds for every caller it lets in. One weak value of several is enough,
/// because the values are alternatives.
pub(crate) fn limit(condition: &Condition, context: &Context<'_>) -> Result<Limit, Weakness> {
    let base = operator(&condition.operator, context.required.contains(&condition.key.to_ascii_lowercase()))?;
    let (subject, reading) = meaning(&condition.key).ok_or(Weakness::Key)?;
    if condition.values.is_empty() {
        return Err(Weakness::NoValue);
    }
    let reach = match (reading, base) {
        (Reading::Addresses, Base::Address) => {
            network::narrow(&condition.values).map_err(Weakness::TooWide)?;
            Verdict::outsider()
        }
        (Reading::Addresses, Base::Text) => {
            network::narrow(&condition.values).map_err(Weakness::TooWide)?;
            if condition.values.iter().any(|value| value.contains('/')) {
                return Err(Weakness::OperatorForKey);
            }
            Verdict::outsider()
        }
        (Reading::Flag, Base::Bool) => {
            if !condition.values.iter().all(|value| value.eq_ignore_ascii_case("true")) {
                return Err(Weakness::OperatorForKey);
            }
            Verdict::outsider()
        }
        (Reading::Addresses | Reading::Flag, _) | (_, Base::Address | Base::Bool | Base::Other | Base::Negated) => {
            return Err(Weakness::OperatorForKey);
        }
        (reading, Base::Text | Base::Arn) => {
            let matching = match base {
                Base::Arn => Matching::Fields,
                _ if condition.key.eq_ignore_ascii_case("aws:PrincipalArn") => Matching::PrincipalText,
                _ => Matching::Text,
            };
            let mut reach = Verdict::Internal;
            for value in &condition.values {
                reach = reach.join(value_reach(reading, value, matching, context)?);
            }
            reach
        }
    };
    Ok(Limit { subject, reading, reach })
}

/// How far callers reach whose key has this value.
fn value_reach(reading: Reading, value: &str, matching: Matching, context: &Context<'_>) -> Result<Verdict, Weakness> {
    let zone = context.zone;
    if context.variables
        && let Some(reach) = own_variable(reading, value)
    {
        return Ok(reach);
    }
    let fixed = || match value {
        value if has_variable(value) => Err(Weakness::Variable(value.to_owned())),
        value if has_wildcard(value) => Err(Weakness::Wildcard(value.to_owned())),
        "" => Err(Weakness::NoValue),
        value => Ok(value),
    };
    let standing = |pinned| match pinned {
        Pinned::Account(account) => zone.standing(&account),
        Pinned::Nameless => Verdict::outsider(),
    };
    let unpinned = |why| match why {
        Unpinned::Wildcard => Weakness::Wildcard(value.to_owned()),
        Unpinned::Variable => Weakness::Variable(value.to_owned()),
        Unpinned::NoAccount => Weakness::NoAccount(value.to_owned()),
        Unpinned::Spanning => Weakness::Spanning(value.to_owned()),
    };
    match reading {
        Reading::Account => Ok(account_id(fixed()?).map_or_else(Verdict::outsider, |account| zone.standing(&account))),
        Reading::Organization => Ok(zone.standing_of_organization(fixed()?)),
        Reading::OrganizationPath => match value.split('/').next() {
            Some(organization) if is_fixed(organization) && organization.starts_with("o-") => {
                Ok(zone.standing_of_organization(organization))
            }
            _ => fixed().and(Err(Weakness::NoAccount(value.to_owned()))),
        },
        Reading::Arn => pin(value, matching).map(standing).map_err(unpinned),
        Reading::UserId => user_id(value, zone),
        Reading::UniqueId | Reading::ServiceName => fixed().map(|_| Verdict::outsider()),
        Reading::SnsEndpoint => sns_endpoint(value, matching, context),
        Reading::Addresses | Reading::Flag => Err(Weakness::OperatorForKey),
    }
}

/// The two policy variables that compare the caller with the resource itself ("data perimeter" policies).
fn own_variable(reading: Reading, value: &str) -> Option<Verdict> {
    match (reading, value.to_ascii_lowercase().as_str()) {
        (Reading::Account, "${aws:resourceaccount}") => Some(Verdict::Internal),
        (Reading::Organization, "${aws:resourceorgid}") => Some(Verdict::Organisation),
        _ => None,
    }
}

/// `aws:userid` (IAM User Guide, "IAM policy elements: variables and tags", table of principal key values): `AIDA…` of a
/// user, `AROA…:session` of a role, an account id of the root user, `account:name` of a federated user.
fn user_id(value: &str, zone: &TrustZone) -> Result<Verdict, Weakness> {
    let (id, session) = value.split_once(':').map_or((value, None), |(id, session)| (id, Some(session)));
    if has_variable(id) {
        return Err(Weakness::Variable(value.to_owned()));
    }
    if has_wildcard(id) {
        return Err(Weakness::Wildcard(value.to_owned()));
    }
    if session == Some("") {
        return Err(Weakness::NoAccount(value.to_owned()));
    }
    match account_id(id) {
        Some(account) => Ok(zone.standing(&account)),
        None if is_unique_id(id) || is_fixed(value) => Ok(Verdict::outsider()),
        None => Err(Weakness::Wildcard(value.to_owned())),
    }
}

/// `sns:Endpoint`: who subscribes does not follow, but where the messages go does. The key is in `Subscribe` requests only,
/// so any other call is refused. A wildcard may stand for the path of a URL or for a mailbox, never for the host; for a
/// mailbox only where nothing but e-mail passes, because `*@example.com` also matches `https://evil.example/@example.com`.
fn sns_endpoint(value: &str, matching: Matching, context: &Context<'_>) -> Result<Verdict, Weakness> {
    if has_variable(value) {
        return Err(Weakness::Variable(value.to_owned()));
    }
    if value.starts_with("arn:")
        && let Ok(Pinned::Account(account)) = pin(value, matching)
    {
        return Ok(context.zone.standing(&account));
    }
    let tied = |name: &str| is_fixed(name) && name.contains('.') && !name.contains('@');
    let url = value.strip_prefix("https://").or_else(|| value.strip_prefix("http://"));
    let host = url.and_then(|rest| rest.split_once('/')).map(|(host, _)| host);
    let mailbox = context.mail_only && value.rsplit_once('@').is_some_and(|(_, domain)| tied(domain));
    match value {
        "" => Err(Weakness::NoValue),
        value if is_fixed(value) || host.is_some_and(tied) || mailbox => Ok(Verdict::outsider()),
        value => Err(Weakness::Wildcard(value.to_owned())),
    }
}

/// Whether the condition limits the grant to fixed values in S3's written meaning of "public".
///
/// S3's text leaves `aws:userid` values of the form `AROLEID:*` out of its list; they have a wildcard, so they are not
/// fixed here. It says nothing about `IfExists`, `ForAllValues` and negated operators: S3 starts from "public", so they
/// prove nothing.
pub(crate) fn s3_limit(condition: &Condition, context: &Context<'_>) -> Result<(), Weakness> {
    let key = condition.key.to_ascii_lowercase();
    let base = operator(&condition.operator, context.required.contains(&key))?;
    if !s3_counts(&key) {
        return Err(if meaning(&key).is_some() { Weakness::NotCountedByS3 } else { Weakness::Key });
    }
    if condition.values.is_empty() {
        return Err(Weakness::NoValue);
    }
    if key == "aws:sourceip" {
        return match base {
            Base::Address | Base::Text => network::s3_fixed(&condition.values).map_err(Weakness::TooWide),
            _ => Err(Weakness::OperatorForKey),
        };
    }
    if !matches!(base, Base::Text | Base::Arn) {
        return Err(Weakness::OperatorForKey);
    }
    for value in &condition.values {
        let named_account = key == "s3:dataaccesspointarn"
            && !context.access_point
            && matches!(
                pin(value, if base == Base::Arn { Matching::Fields } else { Matching::Text }),
                Ok(Pinned::Account(_))
            );
        match value.as_str() {
            "" => return Err(Weakness::NoValue),
            value if has_variable(value) => return Err(Weakness::Variable(value.to_owned())),
            value if has_wildcard(value) && !named_account => return Err(Weakness::Wildcard(value.to_owned())),
            _ => {}
        }
    }
    Ok(())
}

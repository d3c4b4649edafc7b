//! Who did it.

use std::{borrow::Cow, fmt};

use crate::{
    chain::{self, Link},
    record::Record,
};

/// Who made a call, in parts that can be printed.
///
/// All of it comes from outside, and the session name, the address and the user agent are the caller's to choose. Escape
/// it where it is rendered.
#[derive(Debug, Clone, PartialEq, Eq, Default)]
pub struct Actor<'r> {
    /// `IAMUser`, `AssumedRole`, `Root`, `AWSService`, …; absent when CloudTrail does not say.
    pub kind: Option<&'r str>,
    /// The shortest name a colleague would recognise: the user, the session, the service.
    pub name: Option<&'r str>,
    /// ARN of the caller, or its unique id when there is no ARN.
    pub principal: Option<&'r str>,
    /// Account of the caller.
    pub account: Option<&'r str>,
    /// ARN of the role behind a session.
    pub issuer: Option<&'r str>,
    /// Session name of an assumed role; for people who sign in through Identity Center it is the user name.
    pub session: Option<&'r str>,
    /// Address, or the name of an AWS service.
    pub source_ip: Option<&'r str>,
    /// The tool, in its own words.
    pub user_agent: Option<&'r str>,
    /// The AWS service that called on somebody's behalf.
    pub invoked_by: Option<&'r str>,
    /// Whether the session was made with a second factor, when CloudTrail says so.
    pub mfa: Option<bool>,
    /// Through whom the rights came, from the person to the session that called. Empty when the event tells no more than
    /// principal and session.
    pub chain: Vec<Link<'r>>,
}

impl<'r> Actor<'r> {
    pub(crate) fn of(record: &'r Record<'_>) -> Self {
        let source_ip = filled(&record.source_ip_address);
        let user_agent = filled(&record.user_agent);
        let Some(identity) = &record.user_identity else { return Self { source_ip, user_agent, ..Self::default() } };
        let kind = filled(&identity.kind);
        let arn = filled(&identity.arn);
        let id = filled(&identity.principal_id);
        let account = filled(&identity.account_id);
        let invoked_by = filled(&identity.invoked_by);
        let session = (kind == Some("AssumedRole"))
            .then(|| arn.and_then(session_of_arn).or_else(|| id.and_then(session_of_id)))
            .flatten();
        let name = session
            .or(filled(&identity.user_name))
            .or_else(|| (kind == Some("Root")).then_some("root"))
            .or(arn.and_then(last_part))
            .or(invoked_by)
            .or(id)
            .or(account);
        Self {
            kind,
            name,
            principal: arn.or(id),
            account,
            issuer: record.issuer_arn().filter(|arn| !arn.is_empty()),
            session,
            source_ip,
            user_agent,
            invoked_by,
            mfa: identity.session_context.as_ref().and_then(|context| context.attributes.as_ref()?.mfa_authenticated),
            chain: chain::of(record, session),
        }
    }
}

/// The text, unless there is none in it.
pub(crate) fn filled<'r>(text: &'r Option<Cow<'_, str>>) -> Option<&'r str> {
    text.as_deref().filter(|text| !text.is_empty())
}

impl fmt::Display for Actor<'_> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(self.name.unwrap_or("somebody unknown"))?;
        if let Some(role) = self.issuer.and_then(last_part) {
            write!(f, " as {role}")?;
        }
        if let Some(account) = self.account {
            write!(f, " of {account}")?;
        }
        if let Some(service) = self.invoked_by.filter(|service| Some(*service) != self.name) {
            write!(f, " through {service}")?;
        }
        if let Some(address) = self.source_ip.filter(|address| Some(*address) != self.invoked_by) {
            write!(f, " from {address}")?;
        }
        Ok(())
    }
}

/// `session` of `arn:aws:sts::111122223333:assumed-role/role/session`.
fn session_of_arn(arn: &str) -> Option<&str> {
    let (_, role_and_session) = arn.split_once(":assumed-role/")?;
    role_and_session.split_once('/').map(|(_, session)| session).filter(|session| !session.is_empty())
}

/// `session` of `AROAEXAMPLE:session`.
fn session_of_id(id: &str) -> Option<&str> {
    id.split_once(':').map(|(_, session)| session).filter(|session| !session.is_empty())
}

pub(crate) fn last_part(arn: &str) -> Option<&str> {
    arn.rsplit(['/', ':']).next().filter(|part| !part.is_empty())
}

//! Whether the guard gets into an account, for `rectify doctor`: by the same sessions as a look and a correction.

use rectify_aws::{AwsFailure, Reason, Session, SessionError, is_rule_enabled, whoami};
use rectify_controls::{Entry, Forwarder, Forwarding, Place, Way};

use crate::{Guard, Shell, clock::Invocation};

/// What is asked.
pub(crate) struct Wish {
    pub(crate) place: Place,
    pub(crate) write: bool,
    /// Kinds.
    pub(crate) forwarders: Vec<String>,
}

impl<G: Guard> Shell<G> {
    /// Carries out [`rectify_controls::Order::Enter`]. A closed way is an answer: it never fails.
    ///
    /// A session that reads is shared and lasts an hour, so a role that was deleted meanwhile may still seem open. One that
    /// writes is made for this question.
    pub(crate) async fn enter(&self, wish: Wish, invocation: &Invocation) -> Entry {
        let Wish { place, write, forwarders } = wish;
        let session = self.sessions.read(&place).await;
        let forwarders = match &session {
            Ok(session) => rules(session, forwarders).await,
            Err(_) => Vec::new(),
        };
        let read = try_way(session).await;
        let write = if write {
            let name = session_name(&invocation.request_id);
            let reason = Reason { correction: &name, controls: &[] };
            Some(try_way(self.sessions.write(&place, reason).await).await)
        } else {
            None
        };
        Entry { account: place.account, region: place.region, read, write, forwarders }
    }
}

/// How the forwarding rules of these kinds stand, by the name they have everywhere (docs/adr/0011-hub-and-members.md).
async fn rules(session: &Session, kinds: Vec<String>) -> Vec<Forwarder> {
    let stack = std::env::var("RECTIFY_STACK").unwrap_or_default();
    let mut forwarders = Vec::new();
    for kind in kinds {
        let state = match is_rule_enabled(&session.config, &format!("{stack}-{kind}")).await {
            Ok(Some(true)) => Forwarding::Enabled,
            Ok(Some(false)) => Forwarding::Disabled,
            Ok(None) => Forwarding::Missing,
            Err(failure) => Forwarding::Unread { why: without_id(&failure) },
        };
        forwarders.push(Forwarder { kind, state });
    }
    forwarders
}

/// Without the request's id, so that a thousand accounts with one trouble are one line.
fn without_id(failure: &AwsFailure) -> String {
    let said = failure.code.clone().unwrap_or_else(|| failure.to_string());
    format!("{}:{}: {said}", failure.service, failure.operation)
}

/// At most 64 characters of `[\w+=,.@-]` (STS API reference, `AssumeRole`).
fn session_name(request: &str) -> String {
    let request: String = request.chars().filter(|c| c.is_ascii_alphanumeric() || *c == '-').take(50).collect();
    format!("doctor-{request}")
}

async fn try_way(session: Result<Session, SessionError>) -> Way {
    match session {
        Ok(session) => match whoami(&session.config).await {
            Ok(arn) => Way::Open { arn },
            Err(failure) => Way::Closed { why: without_id(&failure) },
        },
        Err(SessionError::Refused { role, failure, .. }) => {
            Way::Closed { why: format!("`{role}`: {}", without_id(&failure)) }
        }
        Err(error) => Way::Closed { why: error.to_string() },
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_sessions_name_is_one_that_sts_takes() {
        assert_eq!(session_name("8f5f4f0a-1c"), "doctor-8f5f4f0a-1c");
        assert_eq!(session_name(&"x y/é".repeat(100)).len(), 57);
    }
}

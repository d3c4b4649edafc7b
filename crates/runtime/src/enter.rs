//! Whether the guard gets into an account, for `rectify doctor`: by the same sessions as a look and a correction.

use rectify_aws::{Reason, Session, SessionError, whoami};
use rectify_controls::{AccountId, Entry, Place, Region, Way};

use crate::{Guard, Shell, clock::Invocation};

impl<G: Guard> Shell<G> {
    /// Carries out [`rectify_controls::Order::Enter`]. A closed way is an answer: it never fails.
    ///
    /// A session that reads is shared and lasts an hour, so a role that was deleted meanwhile may still seem open. One that
    /// writes is made for this question.
    pub(crate) async fn enter(
        &self,
        account: AccountId,
        region: Region,
        write: bool,
        invocation: &Invocation,
    ) -> Entry {
        let place = Place { account, region };
        let read = try_way(self.sessions.read(&place).await).await;
        let write = if write {
            let name = session_name(&invocation.request_id);
            let reason = Reason { correction: &name, controls: &[] };
            Some(try_way(self.sessions.write(&place, reason).await).await)
        } else {
            None
        };
        Entry { account: place.account, region: place.region, read, write }
    }
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
            Err(failure) => Way::Closed { why: failure.to_string() },
        },
        Err(SessionError::Refused { role, failure, .. }) => {
            // Without the request's id, so that a thousand accounts closed for one reason are one line.
            let said = failure.code.clone().unwrap_or_else(|| failure.to_string());
            Way::Closed { why: format!("sts:AssumeRole of `{role}`: {said}") }
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

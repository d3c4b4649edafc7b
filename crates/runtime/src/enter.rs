//! Whether the guard gets into an account, for `rectify doctor`: by the same sessions as a look and a correction.

use rectify_aws::{Elsewhere, Session, whoami};
use rectify_controls::{AccountId, Entry, Place, Region, Way};

use crate::{Guard, Shell, clock::Invocation};

impl<G: Guard> Shell<G> {
    /// Carries out [`rectify_controls::Order::Enter`]. A closed way is an answer: it never fails.
    pub(crate) async fn enter(
        &self,
        account: AccountId,
        region: Region,
        write: bool,
        invocation: &Invocation,
    ) -> Entry {
        let place = Place { account, region };
        let _ = invocation;
        let read = try_way(self.sessions.session(&place)).await;
        let write = if write { Some(try_way(self.sessions.session(&place)).await) } else { None };
        Entry { account: place.account, region: place.region, read, write }
    }
}

async fn try_way(session: Result<Session, Elsewhere>) -> Way {
    match session {
        Ok(session) => match whoami(&session.config).await {
            Ok(arn) => Way::Open { arn },
            Err(failure) => Way::Closed { why: failure.to_string() },
        },
        Err(error) => Way::Closed { why: error.to_string() },
    }
}

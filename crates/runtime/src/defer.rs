//! Looking again later: grace, a breach that is left alone for a while because a pipeline may put it right in its next call; and
//! corrections that AWS cannot carry out yet.
//!
//! The first look writes down when to look again and makes a one-time schedule that invokes this function then, whatever
//! process it is by that time. Every other look until then finds what is written and waits for the same time.

use jiff::Timestamp;
use rectify_controls::{Because, Deferral, Finding, GRACE_KEPT, Kind, Order, Outcome, Resource, Selection};
use sha2::{Digest, Sha256};

use crate::{
    Ended, Failure, Guard, Shell,
    correct::json,
    found::Found,
    way::{Case, Sight},
};

impl<G: Guard> Shell<G> {
    /// Writes down when each finding is looked at again, and sees to it that it is.
    pub(crate) async fn defer(
        &self,
        case: &Case<'_, G::Kind>,
        findings: Vec<(Found, Timestamp)>,
    ) -> Result<Vec<Ended>, Failure> {
        let mut ended = Vec::new();
        for (found, due) in findings {
            let now = self.ledger.now();
            let wanted = Deferral { since: now, due };
            let stale = now.checked_sub(GRACE_KEPT).unwrap_or(Timestamp::MIN);
            let deferral =
                self.ledger.defer(&case.key, found.control.id, &wanted, stale).await.map_err(Failure::Ledger)?;
            self.look_again(case, found.control.id, deferral.due, Because::Grace).await?;
            let outcome = Outcome::Deferred(deferral.due);
            self.note(case, &found, &outcome, None).await;
            ended.push(found.ended(case, outcome));
        }
        Ok(ended)
    }

    /// Comes back to a correction that AWS cannot carry out yet. Its row stays open, and whoever looks next finishes it as that of a
    /// dead function: nothing is claimed, counted or told twice.
    pub(crate) async fn come_back(
        &self,
        case: &Case<'_, G::Kind>,
        results: &[(Found, Outcome)],
        due: Timestamp,
    ) -> Result<Vec<Ended>, Failure> {
        let mut ended = Vec::new();
        for (found, _) in results {
            // One look finishes the whole correction.
            if ended.is_empty() {
                self.look_again(case, found.control.id, due, Because::NotYet).await?;
            }
            let outcome = Outcome::Deferred(due);
            self.note(case, found, &outcome, None).await;
            ended.push(found.ended(case, outcome));
        }
        Ok(ended)
    }

    /// Makes the schedule. Whoever finds it made goes on: the attempt that wrote the time down may have died before this.
    async fn look_again(
        &self,
        case: &Case<'_, G::Kind>,
        control: &str,
        due: Timestamp,
        because: Because,
    ) -> Result<(), Failure> {
        let order = Order::Look {
            resource: Resource {
                account: case.key.place.account.clone(),
                region: case.key.place.region.clone(),
                arn: case.key.arn.clone(),
            },
            controls: vec![control.to_owned()],
            because,
            story: json(&case.background).parse().ok(),
        };
        let input = json(&order);
        let name = schedule_name(&case.key.to_string(), control, due);
        self.schedules.once(&name, due, &case.invocation.function, input.as_str()).await.map_err(Failure::Schedule)
    }

    /// Forgets the grace periods of controls that are not broken any more: the next breach has its own.
    pub(crate) async fn end_deferrals(
        &self,
        case: &Case<'_, G::Kind>,
        sight: &Sight<<G::Kind as Kind>::Facts>,
        looked_at: &Selection,
        findings: &[Finding<<G::Kind as Kind>::Change>],
    ) {
        let Ok((state, _)) = &sight.ledger else { return };
        let over: Vec<&str> = looked_at
            .iter()
            .copied()
            .filter(|control| state.past(control).deferral.is_some())
            .filter(|control| findings.iter().all(|finding| finding.control.id != *control))
            .collect();
        if over.is_empty() {
            return;
        }
        if let Err(failure) = self.ledger.end_deferrals(&case.key, &over).await {
            tracing::warn!(%failure, resource = %case.key.arn, "a grace period could not be ended");
        }
    }
}

/// The same for the same look: EventBridge Scheduler takes 64 letters, digits, `-`, `_` and `.`.
fn schedule_name(key: &str, control: &str, due: Timestamp) -> String {
    let mut hash = Sha256::new();
    for part in [key, control, &due.as_millisecond().to_string()] {
        hash.update((part.len() as u64).to_le_bytes());
        hash.update(part);
    }
    let digest: String = hash.finalize().iter().take(16).map(|byte| format!("{byte:02x}")).collect();
    format!("grace-{digest}")
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_look_has_one_name() {
        let at = |text: &str| text.parse::<Timestamp>().unwrap();
        let name = schedule_name("resource#1#r#arn", "control", at("2026-11-23T09:30:00Z"));
        assert_eq!(name, schedule_name("resource#1#r#arn", "control", at("2026-11-23T09:30:00Z")));
        assert_ne!(name, schedule_name("resource#1#r#arn", "control", at("2026-11-23T09:30:01Z")));
        assert_ne!(name, schedule_name("resource#1#r#arnc", "ontrol", at("2026-11-23T09:30:00Z")));
        assert!(name.len() <= 64 && name.bytes().all(|b| b.is_ascii_alphanumeric() || b == b'-'), "{name}");
    }
}

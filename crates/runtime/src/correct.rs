//! Steps 5 to 8: claim, correct, verify, record.

use std::time::Duration;

use jiff::Timestamp;
use rectify_aws::{
    AwsFailure, Claim, ClaimError, Closing, CorrectionId, CorrectionRow, FailureKind, Json, Lease, Limits, Reason,
    ResourceState, Sighting, WriteAhead,
};
use rectify_controls::{Kind, Outcome, Proof, Selection, Step, Withheld, plan};
use serde::Serialize;

use crate::{
    Ended, Failure, Guard, Observed, Shell,
    clock::Patience,
    difference,
    found::Found,
    tell::{Story, Telling},
    way::Case,
};

/// How long nobody else may touch the resource, unless its holder renews it. Longer than one call with all its tries may
/// take, so that a lease only runs out when its holder is dead; short enough for another invocation to wait for it.
pub(crate) const LEASE: Duration = Duration::from_secs(15);

/// How old a lease may be when a change is begun; an older one is renewed first.
const YOUNG: Duration = Duration::from_secs(2);

/// What must be left of the invocation before a change is begun: claim, changes and one look.
const ENOUGH: Duration = Duration::from_secs(5);

/// What came of asking for the resource.
pub(crate) enum Claimed<C> {
    /// Nobody else acts on it, and everything needed to undo is written.
    Ours(Plan<C>),
    /// Somebody else has it, or had it after we looked.
    LookAgain,
    /// The ledger says no.
    Withheld(Withheld),
    /// The ledger does not answer: nothing is changed.
    NoLedger(AwsFailure),
}

/// A claimed correction.
pub(crate) struct Plan<C> {
    pub(crate) id: CorrectionId,
    pub(crate) changes: Vec<C>,
    /// What it puts right, for whoever reads the account's trail.
    pub(crate) controls: Vec<String>,
    /// When the lease was taken.
    pub(crate) at: Timestamp,
    /// When the correction was written down, which can have been in an earlier invocation.
    pub(crate) since: Timestamp,
}

/// What a resource was before a correction, and what it is after it.
pub(crate) type Seen<'a, F> = (&'a F, &'a F);

/// What the looks after the last change showed.
pub(crate) enum Verified<F> {
    Seen {
        facts: F,
        at: Timestamp,
        looks: u32,
    },
    Gone,
    Unreadable(AwsFailure),
    /// The function had to stop before it could look.
    NotLooked,
}

impl<G: Guard> Shell<G> {
    /// Step 5: one transaction that takes the lease, counts the budget, checks the switches and writes down the facts
    /// before, the changes and their inverses.
    pub(crate) async fn claim(
        &self,
        case: &Case<'_, G::Kind>,
        facts: &<G::Kind as Kind>::Facts,
        correct: &[Found],
        state: &ResourceState,
        looked_at: Timestamp,
    ) -> Result<Claimed<<G::Kind as Kind>::Change>, Failure> {
        if case.invocation.left() < ENOUGH {
            return Err(Failure::OutOfTime(case.key.arn.to_string()));
        }
        let controls: Selection = correct.iter().map(|found| found.control.id).collect();
        let changes = plan::<G::Kind>(facts, &self.book.rules, &controls);
        let (Some(inverse), false) = (<G::Kind as Kind>::undo(facts, &changes), changes.is_empty()) else {
            return Ok(Claimed::Withheld(Withheld::NoInverse));
        };
        let now = self.ledger.now();
        let ahead = WriteAhead {
            id: CorrectionId::new(now),
            kind: <G::Kind as Kind>::KIND.to_owned(),
            controls: controls.iter().map(|id| (*id).to_owned()).collect(),
            fingerprints: correct.iter().map(|found| found.fingerprint.clone()).collect(),
            facts_before: json(facts),
            plan: json(&changes),
            inverse: json(&inverse),
            undoes: None,
            actor: json(&Story { background: &case.background, findings: correct, undo: None }),
            event: case.background.event_id.clone().unwrap_or_default(),
            request: case.invocation.request_id.clone(),
        };
        let limits = &self.book.settings.limits;
        let findings: Vec<Sighting> = correct.iter().map(|found| found.sighting(&case.background)).collect();
        let claim = Claim {
            key: &case.key,
            ahead: &ahead,
            findings: &findings,
            observed_at: looked_at,
            now,
            lease: LEASE,
            limits: Limits {
                per_account: limits.corrections_per_hour.into(),
                everywhere: limits.corrections_per_hour_everywhere.into(),
            },
            past: state,
            keep: now.checked_sub(limits.reversal_window).unwrap_or(Timestamp::MIN),
            reopened: case.background.reopened(now),
        };
        Ok(match self.ledger.claim(&claim).await {
            Ok(()) => Claimed::Ours(Plan {
                id: ahead.id.clone(),
                changes,
                controls: ahead.controls.clone(),
                at: now,
                since: now,
            }),
            Err(ClaimError::Busy { .. } | ClaimError::Stale | ClaimError::AlreadyUndone { .. }) => Claimed::LookAgain,
            Err(ClaimError::Paused { switch, reason }) => Claimed::Withheld(Withheld::Paused { switch, reason }),
            Err(ClaimError::Budget { limit, everywhere, .. }) => {
                Claimed::Withheld(Withheld::Budget { limit, everywhere })
            }
            Err(ClaimError::Failed(failure)) => Claimed::NoLedger(failure),
        })
    }

    /// Steps 6 to 9 for a claimed correction.
    pub(crate) async fn correct(
        &self,
        case: &Case<'_, G::Kind>,
        claim: &Plan<<G::Kind as Kind>::Change>,
        correct: Vec<Found>,
        before: &<G::Kind as Kind>::Facts,
    ) -> Result<Vec<Ended>, Failure> {
        let mut done = Vec::new();
        let refused = self.apply_all(case, claim, &mut done).await;
        let controls: Selection = correct.iter().map(|found| found.control.id).collect();
        let verified = self.verify(case, &controls, before).await;
        let results: Vec<(Found, Outcome)> = correct
            .into_iter()
            .map(|found| {
                let outcome = self.outcome(&found, &verified, refused.as_ref());
                (found, outcome)
            })
            .collect();
        if refused.as_ref().is_some_and(|failure| failure.kind == FailureKind::NotYet)
            && results.iter().any(|(_, outcome)| outcome.name() == "failed")
            && let Some(due) = next_try(claim.since, self.ledger.now())
        {
            return self.come_back(case, &results, due).await;
        }
        let after = match &verified {
            Verified::Seen { facts, .. } => Some((before, facts)),
            Verified::Gone | Verified::Unreadable(_) | Verified::NotLooked => None,
        };
        let ended = self.record_and_tell(case, &claim.id, &done, &results, after).await?;
        match refused {
            Some(failure)
                if failure.kind.is_transient() && results.iter().any(|(_, outcome)| outcome.name() == "failed") =>
            {
                Err(Failure::Correct(failure))
            }
            _ => Ok(ended),
        }
    }

    /// Step 6: the changes, in order, up to the first that is refused. The lease is renewed before it gets old.
    pub(crate) async fn apply_all(
        &self,
        case: &Case<'_, G::Kind>,
        claim: &Plan<<G::Kind as Kind>::Change>,
        done: &mut Vec<String>,
    ) -> Option<AwsFailure> {
        let mut held_since = claim.at;
        // The right to write is asked for now, for this correction, and not before.
        let reason = Reason { correction: claim.id.as_str(), controls: &claim.controls };
        let session = match self.sessions.write(&case.session.place, reason).await {
            Ok(session) => session,
            Err(error) => {
                tracing::error!(%error, resource = %case.key.arn, correction = %claim.id, "no right to change anything there");
                return Some(error.into_failure());
            }
        };
        let mut patience = Patience::for_busy(case.invocation);
        for change in &claim.changes {
            loop {
                let now = self.ledger.now();
                if now.duration_since(held_since).unsigned_abs() > YOUNG {
                    let request = &case.invocation.request_id;
                    if let Err(failure) = self.ledger.renew(&case.key, &claim.id, request, now, LEASE).await {
                        tracing::error!(%failure, resource = %case.key.arn, correction = %claim.id, "the lease was not renewed");
                        return Some(failure);
                    }
                    held_since = now;
                }
                let Err(failure) = self.guard.apply(&session, &case.id, change).await else { break };
                if failure.kind.is_transient() && patience.wait().await {
                    continue;
                }
                tracing::error!(%failure, resource = %case.key.arn, correction = %claim.id, "a change was refused");
                return Some(failure);
            }
            done.push(change.to_string());
        }
        None
    }

    /// Step 7: look until none of `controls` breaks any more, or the consistency budget is used up. What was kept of the
    /// resource is what it was `before`.
    async fn verify(
        &self,
        case: &Case<'_, G::Kind>,
        controls: &Selection,
        before: &<G::Kind as Kind>::Facts,
    ) -> Verified<<G::Kind as Kind>::Facts> {
        let mut patience = Patience::for_consistency(case.invocation);
        let mut last = None;
        while patience.wait().await {
            let at = self.ledger.now();
            let looks = u32::try_from(patience.taken()).unwrap_or(u32::MAX);
            match self.guard.observe(&case.session, &case.id, controls).await {
                Ok(Observed::Gone) => return Verified::Gone,
                Ok(Observed::Facts(mut facts)) => {
                    <G::Kind as Kind>::recall(&mut facts, before);
                    let clean = <G::Kind as Kind>::judge(&facts, &self.book.rules, controls).is_empty();
                    last = Some(Verified::Seen { facts, at, looks });
                    if clean {
                        break;
                    }
                }
                Err(failure) => last = Some(Verified::Unreadable(failure)),
            }
        }
        last.unwrap_or(Verified::NotLooked)
    }

    pub(crate) fn outcome(
        &self,
        found: &Found,
        verified: &Verified<<G::Kind as Kind>::Facts>,
        refused: Option<&AwsFailure>,
    ) -> Outcome {
        match verified {
            Verified::Gone => Outcome::Superseded,
            Verified::Unreadable(failure) => Outcome::NotProven(format!("it could not be read again: {failure}")),
            Verified::NotLooked => Outcome::NotProven("there was no time left to look again".to_owned()),
            Verified::Seen { facts, at, looks } => {
                let control = Selection::from([found.control.id]);
                let after = <G::Kind as Kind>::judge(facts, &self.book.rules, &control);
                match (Proof::from_second_look(&after, &control, *at, *looks), refused) {
                    (Ok(proof), _) => Outcome::Corrected(proof),
                    (Err(_), Some(failure)) => Outcome::Failed { step: Step::Correct, error: failure.to_string() },
                    (Err(still), None) => Outcome::NotProven(still),
                }
            }
        }
    }

    /// Steps 8 and 9, at the same time, with what was `seen` before and after: neither waits for the other, and when one fails Lambda tries again with the same
    /// request id, by which `recover.rs` knows what is still to be done.
    pub(crate) async fn record_and_tell(
        &self,
        case: &Case<'_, G::Kind>,
        id: &CorrectionId,
        done: &[String],
        results: &[(Found, Outcome)],
        seen: Option<Seen<'_, <G::Kind as Kind>::Facts>>,
    ) -> Result<Vec<Ended>, Failure> {
        let worst = results.iter().map(|(_, outcome)| outcome).find(|outcome| outcome.is_alarm());
        let status = worst.or_else(|| results.first().map(|(_, outcome)| outcome)).map_or("closed", Outcome::name);
        let closing = Closing {
            status: status.to_owned(),
            outcome: json(&End {
                done: done.to_vec(),
                why: results.iter().map(|(found, outcome)| (found.control.id.to_owned(), outcome.why())).collect(),
            }),
            proof: results.iter().find_map(|(_, outcome)| match outcome {
                Outcome::Corrected(proof) => Some(json(proof)),
                _ => None,
            }),
            facts_after: seen.map(|(_, after)| json(after)),
            at: self.ledger.now(),
            findings: results.iter().map(|(found, outcome)| found.closing(outcome)).collect(),
            told_by: Some(case.invocation.request_id.clone()),
        };
        let telling = |found: &Found| Telling {
            done,
            correction: Some(id),
            difference: seen
                .and_then(|(before, after)| difference::between::<G::Kind>(before, after, &found.slots, false)),
            ..Telling::default()
        };
        let (recorded, told) = futures::join!(
            self.ledger.close(&case.key, id, &closing),
            futures::future::join_all(
                results.iter().map(async |(found, outcome)| self.publish(case, found, outcome, &telling(found)).await)
            ),
        );
        if let Some(failure) = told.into_iter().find_map(Result::err) {
            return Err(Failure::Tell(failure));
        }
        recorded.map_err(Failure::Ledger)?;
        futures::future::join_all(results.iter().map(async |(found, outcome)| {
            if !outcome.closes() {
                self.remember(case, found).await;
            } else if !found.told_before.is_empty() {
                let now = self.ledger.now();
                self.forget(case, found.control.id, &found.told_before, outcome, false, now).await;
            }
        }))
        .await;
        Ok(results
            .iter()
            .map(|(found, outcome)| Ended {
                correction: Some(id.to_string()),
                told: true,
                ..found.ended(case, outcome.clone())
            })
            .collect())
    }
}

/// When to try a correction again that was written down at `since` and that AWS cannot carry out yet: after as long as it has
/// waited so far, at least a minute. `None` when it has waited for half an hour: what takes longer is not on its way.
fn next_try(since: Timestamp, now: Timestamp) -> Option<Timestamp> {
    const LEAST: Duration = Duration::from_secs(60);
    const ENOUGH: Duration = Duration::from_secs(31 * 60);
    let waited = now.duration_since(since).unsigned_abs();
    if waited > ENOUGH { None } else { now.checked_add(waited.max(LEAST)).ok() }
}

/// Whether a living invocation other than ours holds the resource.
pub(crate) fn held_by_another(lease: &Lease, request: &str, now: Timestamp) -> bool {
    lease.closed_at.is_none() && lease.until >= now && lease.request != request
}

/// How a correction ended, as the ledger keeps it.
#[derive(Debug, Serialize, serde::Deserialize)]
pub(crate) struct End {
    /// The changes that were made, in words.
    pub(crate) done: Vec<String>,
    /// Per control, why it ended so.
    pub(crate) why: Vec<(String, Option<String>)>,
}

/// What a correction did, in words: what was written when it was closed, or the whole plan when it never was.
pub(crate) fn words_of<K: Kind>(row: &CorrectionRow) -> Vec<String> {
    let closed = row.outcome.as_ref().and_then(|outcome| outcome.parse::<End>().ok());
    closed.map_or_else(
        || {
            let plan: Vec<K::Change> = row.ahead.plan.parse().unwrap_or_default();
            plan.iter().map(ToString::to_string).collect()
        },
        |end| end.done,
    )
}

/// What the ledger keeps, as JSON. Facts, changes and findings are plain data, so this does not fail; a value that ever did
/// would be kept as `null` rather than stop a correction that is under way.
pub(crate) fn json<T: Serialize + ?Sized>(value: &T) -> Json {
    Json::of(value).or_else(|_| Json::of(&())).unwrap_or_else(|_| Json::null())
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn what_is_not_ready_is_tried_again_ever_more_rarely_and_not_for_ever() {
        let since: Timestamp = "2026-11-30T12:00:00Z".parse().unwrap();
        let (mut now, mut minutes) = (since, Vec::new());
        while let Some(due) = next_try(since, now) {
            minutes.push(due.duration_since(since).as_mins());
            now = due;
        }
        assert_eq!(minutes, [1, 2, 4, 8, 16, 32]);
    }
}

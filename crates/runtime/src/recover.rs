//! What an earlier attempt left: a correction whose function died on the way.
//!
//! The row that was written ahead says what stood before and what was to be written. Each part of the resource is compared
//! with it: one that somebody else wrote meanwhile is theirs, and every other is written, also when it looks written
//! already: under a public access block S3 shows the ACL that it enforces, not the one that is there (S3 user guide,
//! "Blocking public access"). So a function that is killed between any two steps leads to the same end as one that is not.

use rectify_aws::{ClaimError, Closing, CorrectionRow, Json};
use rectify_controls::{Control, Kind, Outcome, Past, Progress, Restored, Selection, may_finish, progress};

use crate::{
    Ended, Failure, Guard, Observed, Shell,
    correct::{LEASE, Plan, Verified, words_of},
    difference,
    found::Found,
    tell::Telling,
    way::{Case, Sight},
};

/// What came of an earlier attempt.
pub(crate) enum Earlier {
    /// There was none that is ours to finish.
    Nothing,
    /// It is closed and told.
    Finished(Vec<Ended>),
    /// Somebody else finishes it, or it is closed and the resource still breaks.
    LookAgain,
}

impl<G: Guard> Shell<G> {
    /// Finishes a correction that was written ahead and not closed because its invocation died, or tells one that was
    /// closed by this very invocation's earlier attempt, which failed to tell.
    pub(crate) async fn finish_earlier_attempt(
        &self,
        case: &Case<'_, G::Kind>,
        sight: &Sight<<G::Kind as Kind>::Facts>,
        first_look: bool,
    ) -> Result<Earlier, Failure> {
        let Some(lease) = sight.lease() else { return Ok(Earlier::Nothing) };
        let ours = lease.request == case.invocation.request_id;
        let abandoned = lease.closed_at.is_none() && (ours || lease.until < sight.looked_at);
        let untold = lease.closed_at.is_some() && ours && first_look;
        if !abandoned && !untold {
            return Ok(Earlier::Nothing);
        }
        let Some(row) = self.ledger.correction(&case.key, &lease.correction).await.map_err(Failure::Ledger)? else {
            return Ok(Earlier::Nothing);
        };
        let Some(mut attempt) = Attempt::<G::Kind>::of(row) else {
            tracing::warn!(correction = %lease.correction, "another release wrote this row: it is left as it is");
            return Ok(Earlier::Nothing);
        };
        attempt.found = attempt.found.into_iter().map(|found| found.after(sight)).collect();
        // An undo belongs to the person who asked for it: it is finished when they ask again.
        if attempt.row.ahead.undoes.is_some() {
            return Ok(Earlier::Nothing);
        }
        if untold {
            return self.tell_again(case, &attempt, sight).await;
        }
        self.finish(case, &attempt, sight).await
    }

    /// Finishes a correction that is written down and not closed.
    async fn finish(
        &self,
        case: &Case<'_, G::Kind>,
        attempt: &Attempt<G::Kind>,
        sight: &Sight<<G::Kind as Kind>::Facts>,
    ) -> Result<Earlier, Failure> {
        let id = &attempt.row.ahead.id;
        // What was corrected need not be what this event asks about.
        let now = match self.observe(case, &attempt.controls).await?.facts {
            Observed::Facts(facts) => facts,
            Observed::Gone => {
                let results = attempt.results(self, &Verified::Gone);
                return self.record_and_tell(case, id, &[], &results, None).await.map(Earlier::Finished);
            }
        };
        let ours: Vec<<G::Kind as Kind>::Change> = (attempt.plan.iter())
            .filter(|change| progress::<G::Kind>(&attempt.before, &now, &attempt.plan, change) != Progress::Foreign)
            .cloned()
            .collect();
        let at = self.ledger.now();
        if ours.is_empty() {
            let results = attempt.results(self, &Verified::Seen { facts: now.clone(), at, looks: 1 });
            if results.iter().all(|(_, outcome)| matches!(outcome, Outcome::Corrected(_))) {
                return self
                    .record_and_tell(case, id, &[], &results, Some((&attempt.before, &now)))
                    .await
                    .map(Earlier::Finished);
            }
            // Somebody else wrote it all, and it still breaks: that correction is over, and the breach is another one.
            self.close_unproven(case, attempt, &results).await?;
            return Ok(Earlier::LookAgain);
        }
        if !self.may_finish_all(case, attempt, sight).await {
            return Ok(Earlier::Nothing); // told as it stands
        }
        let request = &case.invocation.request_id;
        match self.ledger.retake(&case.key, id, &attempt.row.ahead.controls, request, at, LEASE).await {
            Ok(()) => {}
            Err(ClaimError::Paused { .. }) => return Ok(Earlier::Nothing),
            Err(ClaimError::Failed(failure)) => return Err(Failure::Ledger(failure)),
            Err(_) => return Ok(Earlier::LookAgain),
        }
        tracing::info!(correction = %id, resource = %case.key.arn, "finishing what an earlier attempt left");
        let controls = attempt.row.ahead.controls.clone();
        let claim = Plan { id: id.clone(), changes: ours, controls, at, since: attempt.row.claimed_at };
        let mut ended = self.correct(case, &claim, attempt.found.clone(), &attempt.before).await?;
        for end in &mut ended {
            end.correction = Some(id.to_string());
        }
        Ok(Earlier::Finished(ended))
    }

    /// Whether every control that was to be put right still may be: settings, exemptions and switches can have changed since,
    /// and our own event never writes.
    async fn may_finish_all(
        &self,
        case: &Case<'_, G::Kind>,
        attempt: &Attempt<G::Kind>,
        sight: &Sight<<G::Kind as Kind>::Facts>,
    ) -> bool {
        let controls: Vec<&'static Control> = attempt.found.iter().map(|found| found.control).collect();
        let tags = self.tags_if_asked(case, sight, &controls).await;
        let (past, unread) = (Past::default(), sight.unread());
        let situation = self.situation(case, sight, sight.standing().ok_or(&unread), &past, &tags);
        controls.into_iter().all(|control| may_finish(control, &situation))
    }

    /// Tells what this invocation's earlier attempt recorded and may not have told.
    async fn tell_again(
        &self,
        case: &Case<'_, G::Kind>,
        attempt: &Attempt<G::Kind>,
        sight: &Sight<<G::Kind as Kind>::Facts>,
    ) -> Result<Earlier, Failure> {
        let facts = match self.observe(case, &attempt.controls).await?.facts {
            Observed::Gone => Verified::Gone,
            Observed::Facts(facts) => Verified::Seen { facts, at: sight.looked_at, looks: 1 },
        };
        let results = attempt.results(self, &facts);
        if results.iter().any(|(_, outcome)| matches!(outcome, Outcome::NotProven(_))) {
            return Ok(Earlier::Nothing); // the ordinary way finds it
        }
        let done = words_of::<G::Kind>(&attempt.row);
        for (found, outcome) in &results {
            let after = attempt.row.facts_after.as_ref().and_then(|facts| facts.parse().ok());
            let telling = Telling {
                done: &done,
                correction: Some(&attempt.row.ahead.id),
                difference: after
                    .and_then(|after| difference::between::<G::Kind>(&attempt.before, &after, &found.slots, false)),
                ..Telling::default()
            };
            self.publish(case, found, outcome, &telling).await.map_err(Failure::Tell)?;
        }
        Ok(Earlier::Finished(
            results
                .into_iter()
                .map(|(found, outcome)| Ended {
                    correction: Some(attempt.row.ahead.id.to_string()),
                    told: true,
                    ..found.ended(case, outcome)
                })
                .collect(),
        ))
    }

    async fn close_unproven(
        &self,
        case: &Case<'_, G::Kind>,
        attempt: &Attempt<G::Kind>,
        results: &[(Found, Outcome)],
    ) -> Result<(), Failure> {
        let closing = Closing {
            status: "not-proven".to_owned(),
            outcome: Json::null(),
            proof: None,
            facts_after: None,
            at: self.ledger.now(),
            findings: results.iter().map(|(found, outcome)| found.closing(outcome)).collect(),
            told_by: None,
        };
        self.ledger.close(&case.key, &attempt.row.ahead.id, &closing).await.map_err(Failure::Ledger)
    }
}

/// A row that was written ahead, read back.
pub(crate) struct Attempt<K: Kind> {
    pub(crate) row: CorrectionRow,
    pub(crate) found: Vec<Found>,
    pub(crate) before: K::Facts,
    pub(crate) plan: Vec<K::Change>,
    pub(crate) controls: Selection,
}

impl<K: Kind> Attempt<K> {
    /// `None` when another release wrote it in a way we do not know.
    pub(crate) fn of(row: CorrectionRow) -> Option<Self> {
        let found = Found::of_row(&row, K::CONTROLS)?;
        let (before, plan) = (row.ahead.facts_before.parse().ok()?, row.ahead.plan.parse().ok()?);
        let named = |id: &&'static str| row.ahead.controls.iter().any(|control| control == id);
        let controls: Selection = K::CONTROLS.iter().map(|control| control.id).filter(named).collect();
        (controls.len() == row.ahead.controls.len()).then_some(Self { found, before, plan, controls, row })
    }

    fn results<G: Guard<Kind = K>>(&self, shell: &Shell<G>, verified: &Verified<K::Facts>) -> Vec<(Found, Outcome)> {
        let outcome = |found: &Found| shell.outcome(found, verified, None);
        self.found.iter().map(|found| (found.clone(), outcome(found))).collect()
    }

    /// Whether `now` stands as before in every part of the plan.
    pub(crate) fn restored(&self, now: &K::Facts, at: jiff::Timestamp, looks: u32) -> Result<Restored, String> {
        Restored::from_second_look::<K>(&self.before, now, &self.plan, at, looks)
    }
}

//! Undoing a correction: exactly what stood before stands again, read again to prove it, and the control leaves the resource
//! alone for a while. An undo is a row like a correction, so it can be undone itself.

use jiff::Timestamp;
use rectify_aws::{ClaimError, Closing, CorrectionId, CorrectionRow, ResourceKey, UndoClaim, WriteAhead};
use rectify_controls::{
    Exemption, Kind, Origin, Outcome, Progress, Resource, Selection, Standing, Tags, UndoAnswer, differences, progress,
};
use rectify_render::Undone;
use serde::{Deserialize, Serialize};

use crate::{
    Failure, Guard, Observed, Report, Shell,
    background::Background,
    clock::{Invocation, Patience},
    correct::{End, LEASE, Plan, json},
    difference,
    found::Found,
    orders::{answered, selected},
    recover::Attempt,
    tell::{Story, Telling},
    way::Case,
};

/// What somebody who undoes a correction wants.
#[derive(Debug)]
pub(crate) struct Wish {
    pub(crate) force: bool,
    pub(crate) until: Timestamp,
    pub(crate) reason: String,
    pub(crate) ticket: Option<String>,
    pub(crate) by: String,
}

/// Who undid a correction and why, as the ledger keeps it.
#[derive(Debug, Clone, Serialize, Deserialize)]
pub(crate) struct Person {
    pub(crate) by: String,
    pub(crate) reason: String,
    pub(crate) ticket: Option<String>,
    /// When the exemptions end; `None` when the undo brought a correction back and opened none.
    pub(crate) until: Option<Timestamp>,
    /// The controls that are exempted until then.
    #[serde(default)]
    pub(crate) exempts: Vec<String>,
}

impl<G: Guard> Shell<G> {
    /// Carries out [`rectify_controls::Order::Undo`].
    pub(crate) async fn undo(
        &self,
        resource: &Resource,
        correction: &str,
        wish: &Wish,
        invocation: &Invocation,
    ) -> Result<Report, Failure> {
        let answer = match CorrectionId::try_from(correction.to_owned()) {
            Ok(id) => self.undo_correction(resource, &id, wish, invocation).await?,
            Err(error) => refused(error.to_string()),
        };
        Ok(answered("undo", &answer))
    }

    async fn undo_correction(
        &self,
        resource: &Resource,
        id: &CorrectionId,
        wish: &Wish,
        invocation: &Invocation,
    ) -> Result<UndoAnswer, Failure> {
        let (target, place) = self.target(resource)?;
        let key = ResourceKey { place: <G::Kind as Kind>::home(&target, &place), arn: resource.arn.clone() };
        let Some(row) = self.ledger.correction(&key, id).await.map_err(Failure::Ledger)? else {
            return Ok(refused(format!("the ledger has no correction {id} of {}", resource.arn)));
        };
        let Some(attempt) = Attempt::<G::Kind>::of(row) else {
            return Ok(refused("another release wrote that correction in a way this one does not know".to_owned()));
        };
        let belonging = self.belonging(&place.account).await;
        let background = Background::of_row(&attempt.row, &belonging.environment.name);
        let mut case = self.case(target, &place, &attempt.controls, &belonging, &background, invocation).await?;
        case.selection = attempt.controls.clone(); // also what is off by now

        if let Some(undo) = &attempt.row.undone_by {
            return self.undone_before(&case, &attempt, undo).await;
        }
        if wish.until <= self.ledger.now() && attempt.row.ahead.undoes.is_none() {
            return Ok(refused(format!("the exemption would end at {}, which is past", wish.until)));
        }
        self.undo_now(&case, &attempt, wish).await
    }

    async fn undo_now(
        &self,
        case: &Case<'_, G::Kind>,
        attempt: &Attempt<G::Kind>,
        wish: &Wish,
    ) -> Result<UndoAnswer, Failure> {
        let of = &attempt.row.ahead.id;
        let sight = self.observe(case, &selected::<G::Kind>(&[])).await?;
        let Observed::Facts(now) = &sight.facts else {
            return Ok(refused("the resource is gone".to_owned()));
        };
        let (state, _) = sight.ledger.as_ref().map_err(|failure| Failure::Ledger(failure.clone()))?;
        let running = state.lease.as_ref().filter(|lease| lease.closed_at.is_none() && lease.until >= sight.looked_at);
        if let Some(lease) = running {
            return Ok(refused(format!("{} is running on the resource; try again in a few seconds", lease.correction)));
        }
        let left = attempt.left();
        let differences = differences::<G::Kind>(&attempt.before, &left, now, &attempt.plan);
        if !differences.is_empty() && !wish.force {
            return Ok(UndoAnswer::Changed { differences });
        }
        let changes: Vec<<G::Kind as Kind>::Change> = match attempt.row.ahead.inverse.parse() {
            Ok(changes) => changes,
            Err(_) => return Ok(refused("another release wrote how to undo it".to_owned())),
        };
        // Undone in the order of the first plan: the exposure is closed first when an undo is undone.
        let inverse: Option<Vec<_>> =
            attempt.plan.iter().map(|change| <G::Kind as Kind>::inverse(now, change)).collect();
        let Some(inverse) = inverse else {
            return Ok(refused("what stands now could not be read, so it could not be brought back".to_owned()));
        };

        let at = self.ledger.now();
        let undo = CorrectionId::undo(at);
        let brings_back = attempt.row.ahead.undoes.clone();
        let person = Person {
            by: wish.by.clone(),
            reason: wish.reason.clone(),
            ticket: wish.ticket.clone(),
            until: brings_back.is_none().then_some(wish.until),
            exempts: match brings_back {
                Some(_) => Vec::new(),
                None => self.exempted_by(attempt, now, &changes),
            },
        };
        let ahead = WriteAhead {
            id: undo.clone(),
            kind: <G::Kind as Kind>::KIND.to_owned(),
            controls: attempt.row.ahead.controls.clone(),
            fingerprints: attempt.row.ahead.fingerprints.clone(),
            facts_before: json(now),
            plan: json(&changes),
            inverse: json(&inverse),
            actor: json(&Story { background: &case.background, findings: &attempt.found, undo: Some(&person) }),
            event: String::new(),
            request: case.invocation.request_id.clone(),
            undoes: Some(of.clone()),
        };
        let exemptions = exemptions_of(case, of, &undo, &person, at);
        let account = || Some(case.key.place.account.clone());
        let end_exemptions: Vec<_> = match &brings_back {
            Some(_) => {
                let opened = person_of(&attempt.row).map_or(0, |person| person.exempts.len());
                exemption_ids(of, opened).map(|id| (account(), id)).collect()
            }
            None => Vec::new(),
        };
        let claim = UndoClaim {
            key: &case.key,
            ahead: &ahead,
            of,
            restores: brings_back.as_ref(),
            exemptions: &exemptions,
            end_exemptions: &end_exemptions,
            past: state,
            observed_at: sight.looked_at,
            now: at,
            lease: LEASE,
        };
        match self.ledger.claim_undo(&claim).await {
            Ok(()) => {}
            Err(ClaimError::Failed(failure)) => return Err(Failure::Ledger(failure)),
            Err(error) => return Ok(refused(format!("{error}; try again"))),
        }
        let claim = Plan { id: undo, changes, controls: attempt.row.ahead.controls.clone(), at, since: at };
        let before = Restoring { attempt, opened: &exemptions, person: &person, standing: sight.standing() };
        self.restore(case, &claim, before).await
    }

    /// Applies what undoes, proves it, records it and tells it.
    async fn restore(
        &self,
        case: &Case<'_, G::Kind>,
        claim: &Plan<<G::Kind as Kind>::Change>,
        undo: Restoring<'_, G::Kind>,
    ) -> Result<UndoAnswer, Failure> {
        let mut done = Vec::new();
        let attempt = undo.attempt;
        let refused = self.apply_all(case, claim, &mut done).await;
        let mut patience = Patience::for_consistency(case.invocation);
        let mut outcome = Outcome::NotRestored("there was no time left to look again".to_owned());
        let mut after = None;
        while patience.wait().await {
            let at = self.ledger.now();
            let looks = u32::try_from(patience.taken()).unwrap_or(u32::MAX);
            match self.guard.observe(&case.session, &case.id, &attempt.controls).await {
                Ok(Observed::Gone) => outcome = Outcome::Superseded,
                Ok(Observed::Facts(mut facts)) => {
                    <G::Kind as Kind>::recall(&mut facts, &attempt.before);
                    outcome = match (attempt.restored(&facts, at, looks), &refused) {
                        (Ok(proof), _) => Outcome::Restored(proof),
                        (Err(not), None) => Outcome::NotRestored(not),
                        (Err(not), Some(failure)) => Outcome::NotRestored(format!("{failure}; {not}")),
                    };
                    after = Some(facts);
                }
                Err(failure) => outcome = Outcome::NotRestored(format!("it could not be read again: {failure}")),
            }
            if !matches!(outcome, Outcome::NotRestored(_)) {
                break;
            }
        }
        self.record_undo(case, claim, &undo, &done, &outcome, after.as_ref()).await?;
        Ok(match &outcome {
            Outcome::Restored(proof) => UndoAnswer::Restored {
                undo: claim.id.to_string(),
                proof: proof.to_string(),
                changes: done,
                until: undo.person.until,
            },
            other => {
                let why = other.why().unwrap_or_else(|| "the resource is gone".to_owned());
                // What was put back may be a breach: it is left alone as long as if all of it had been.
                let exempt = undo.person.until.filter(|_| !done.is_empty());
                let exempt = exempt.map(|until| format!("; its controls leave the resource alone until {until:.0}"));
                UndoAnswer::NotRestored {
                    undo: claim.id.to_string(),
                    why: format!("{why}{}", exempt.unwrap_or_default()),
                }
            }
        })
    }

    async fn record_undo(
        &self,
        case: &Case<'_, G::Kind>,
        claim: &Plan<<G::Kind as Kind>::Change>,
        undo: &Restoring<'_, G::Kind>,
        done: &[String],
        outcome: &Outcome,
        after: Option<&<G::Kind as Kind>::Facts>,
    ) -> Result<(), Failure> {
        let attempt = undo.attempt;
        let why = attempt.found.iter().map(|found| (found.control.id.to_owned(), outcome.why())).collect();
        let closing = Closing {
            status: outcome.name().to_owned(),
            outcome: json(&End { done: done.to_vec(), why }),
            proof: match outcome {
                Outcome::Restored(proof) => Some(json(proof)),
                _ => None,
            },
            facts_after: after.map(json),
            at: self.ledger.now(),
            findings: attempt.found.iter().map(|found| found.closing(outcome)).collect(),
            told_by: Some(case.invocation.request_id.clone()),
        };
        let until = undo.person.until.map(|until| format!("{until:.0}"));
        let of = attempt.row.ahead.id.to_string();
        let undone =
            Undone { by: &undo.person.by, reason: &undo.person.reason, until: until.as_deref(), correction: &of };
        let left: Option<<G::Kind as Kind>::Facts> =
            attempt.row.facts_after.as_ref().and_then(|facts| facts.parse().ok());
        let telling = |found: &Found| Telling {
            done,
            correction: Some(&claim.id),
            undone: Some(&undone),
            standing: undo.standing,
            difference: left
                .as_ref()
                .zip(after)
                .and_then(|(before, after)| difference::between::<G::Kind>(before, after, &found.slots, false)),
            ..Telling::default()
        };
        // An exemption from a control that still holds would hide the next breach.
        let nothing_done = done.is_empty() && matches!(outcome, Outcome::NotRestored(_));
        let (recorded, told, ended) = futures::join!(
            self.ledger.close(&case.key, &claim.id, &closing),
            futures::future::join_all(
                attempt.found.iter().map(async |found| self.publish(case, found, outcome, &telling(found)).await)
            ),
            futures::future::join_all(
                undo.opened.iter().filter(|_| nothing_done).map(|exemption| self.ledger.drop_exemption(exemption))
            ),
        );
        for failure in ended.into_iter().filter_map(Result::err) {
            tracing::error!(%failure, resource = %case.key.arn, "the exemption of an undo that did nothing could not be ended");
        }
        // The person has the answer whether or not the message went out; what cannot be told is logged.
        for failure in told.into_iter().filter_map(Result::err) {
            tracing::error!(%failure, resource = %case.key.arn, undo = %claim.id, "the undo could not be told");
        }
        recorded.map_err(Failure::Ledger)
    }

    /// Somebody has undone it before: finished here when their function died on the way.
    async fn undone_before(
        &self,
        case: &Case<'_, G::Kind>,
        attempt: &Attempt<G::Kind>,
        undo: &CorrectionId,
    ) -> Result<UndoAnswer, Failure> {
        let row = self.ledger.correction(&case.key, undo).await.map_err(Failure::Ledger)?;
        let row = match row {
            Some(row) if row.closed_at.is_none() => row,
            Some(row) if row.status != "restored" => {
                return Ok(refused(format!(
                    "{undo} has tried to undo it and did not put everything back; `rectify undo {undo}` takes back what it \
                     changed, and then this can be undone again"
                )));
            }
            _ => return Ok(refused(format!("{undo} has undone it; `rectify undo {undo}` brings the correction back"))),
        };
        let (Some(halfway), Some(person)) = (Attempt::<G::Kind>::of(row.clone()), person_of(&row)) else {
            return Ok(refused(format!("{undo} has begun to undo it, and was written by another release")));
        };
        let request = &case.invocation.request_id;
        let at = self.ledger.now();
        match self.ledger.retake(&case.key, undo, &halfway.row.ahead.controls, request, at, LEASE).await {
            Ok(()) => {}
            Err(ClaimError::Failed(failure)) => return Err(Failure::Ledger(failure)),
            Err(_) => return Ok(refused(format!("{undo} is undoing it; try again in a few seconds"))),
        }
        let sight = self.observe(case, &attempt.controls).await?;
        let opened = exemptions_of(case, &attempt.row.ahead.id, undo, &person, at);
        let restoring = Restoring { attempt, opened: &opened, person: &person, standing: sight.standing() };
        let Observed::Facts(now) = &sight.facts else {
            let claim = Plan { id: undo.clone(), changes: Vec::new(), controls: Vec::new(), at, since: at };
            self.record_undo(case, &claim, &restoring, &[], &Outcome::Superseded, None).await?;
            return Ok(refused("the resource is gone".to_owned()));
        };
        // As in `recover.rs`: what nobody else wrote meanwhile is written again, also when it looks written.
        let ours = |change: &&<G::Kind as Kind>::Change| {
            progress::<G::Kind>(&halfway.before, now, &halfway.plan, change) != Progress::Foreign
        };
        let changes = halfway.plan.iter().filter(ours).cloned().collect();
        let claim = Plan { id: undo.clone(), changes, controls: attempt.row.ahead.controls.clone(), at, since: at };
        self.restore(case, &claim, restoring).await
    }

    /// The controls that an undo exempts the resource from: those that were corrected, and those that would write a part
    /// which the undo restores. Putting back the block of a bucket that was opened again would undo the undo.
    fn exempted_by(
        &self,
        attempt: &Attempt<G::Kind>,
        now: &<G::Kind as Kind>::Facts,
        changes: &[<G::Kind as Kind>::Change],
    ) -> Vec<String> {
        let mut then = now.clone();
        for change in changes {
            <G::Kind as Kind>::simulate(&mut then, change);
        }
        let slots: Vec<&str> = changes.iter().map(<G::Kind as Kind>::slot).collect();
        let corrected = &attempt.row.ahead.controls;
        let findings = <G::Kind as Kind>::judge(&then, &self.book.rules, &selected::<G::Kind>(&[]));
        let writers: Selection = (findings.iter())
            .filter(|finding| finding.changes.iter().any(|change| slots.contains(&<G::Kind as Kind>::slot(change))))
            .map(|finding| finding.control.id)
            .filter(|id| corrected.iter().all(|control| control != id))
            .collect();
        corrected.iter().cloned().chain(writers.into_iter().map(str::to_owned)).collect()
    }
}

/// The exemptions that an undo opens: this resource only, for as long as was asked.
fn exemptions_of<K: Kind>(
    case: &Case<'_, K>,
    of: &CorrectionId,
    undo: &CorrectionId,
    person: &Person,
    at: Timestamp,
) -> Vec<Exemption> {
    let Some(until) = person.until else { return Vec::new() };
    (person.exempts.iter())
        .zip(exemption_ids(undo, person.exempts.len()))
        .map(|(control, id)| Exemption {
            origin: Origin::Row { id, by: person.by.clone(), at },
            control: control.clone(),
            resource: case.key.arn.to_string(),
            account: Some(case.key.place.account.clone()),
            organizational_unit: None,
            region: None,
            tags: Tags::new(),
            owner: person.by.clone(),
            reason: person.reason.clone(),
            ticket: person.ticket.clone().unwrap_or_else(|| format!("undo of {of}")),
            until,
        })
        .collect()
}

/// What an undo restores, and who wants it.
struct Restoring<'a, K: Kind> {
    attempt: &'a Attempt<K>,
    opened: &'a [Exemption],
    person: &'a Person,
    standing: Option<&'a Standing>,
}

impl<K: Kind> Attempt<K> {
    /// The facts as the correction left them: as read again after it, or as the model says when nobody could.
    fn left(&self) -> K::Facts {
        let read = self.row.facts_after.as_ref().and_then(|facts| facts.parse().ok());
        read.unwrap_or_else(|| {
            let mut facts = self.before.clone();
            for change in &self.plan {
                K::simulate(&mut facts, change);
            }
            facts
        })
    }
}

/// Ids of the exemptions that an undo opens, one for each control.
fn exemption_ids(undo: &CorrectionId, count: usize) -> impl Iterator<Item = String> {
    (1..=count).map(move |number| format!("{undo}-{number}"))
}

fn person_of(row: &CorrectionRow) -> Option<Person> {
    #[derive(Deserialize)]
    struct Stored {
        undo: Option<Person>,
    }
    row.ahead.actor.parse::<Stored>().ok()?.undo
}

fn refused(why: String) -> UndoAnswer {
    UndoAnswer::Refused { why }
}

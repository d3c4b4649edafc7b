//! The way of an event: nine steps, in this order, for every guard.
//!
//! | step | does | ends here when |
//! |---|---|---|
//! | receive | parse what arrived | it is no event: the invocation fails, the dead-letter queue keeps it |
//! | admit | the call succeeded, the control is on, account and region are ours | ignored |
//! | observe | read the live state and the resource's lease in parallel | gone; compliant |
//! | decide | judge, then mode, exemption, own event | told, exempt or shadowed only |
//! | claim | one conditional transaction: switches, lease, budget, and the row that undoes | withheld; somebody else is at it: look again |
//! | correct | apply the changes, the one that closes the exposure first | |
//! | verify | read and judge again | |
//! | record | the outcome in the ledger, in parallel with | |
//! | tell | one message per finding | |

use jiff::Timestamp;
use rectify_aws::{Lease, ResourceKey, Session};
use rectify_controls::{Environment, Finding, Kind, Outcome, Selection, Situation, State, Verdict, Withheld, decide};
use rectify_event::Event;

use crate::{
    Ended, Failure, Guard, Observed, Report, Shell,
    admit::{Admitted, admit},
    clock::{Invocation, Patience},
    correct::{Claimed, held_by_another},
    tell::{Background, Found},
};

/// One resource an event is about, and what is known before looking at it.
pub(crate) struct Case<'a, K: Kind> {
    pub(crate) id: &'a K::Id,
    pub(crate) key: ResourceKey,
    pub(crate) session: Session,
    pub(crate) selection: &'a Selection,
    pub(crate) suspicious: bool,
    pub(crate) own_event: bool,
    pub(crate) environment: &'a Environment,
    pub(crate) background: &'a Background,
    pub(crate) invocation: &'a Invocation,
}

/// One look: the facts, whose lease the resource is under, and when the reading began.
pub(crate) struct Sight<F> {
    pub(crate) facts: Observed<F>,
    pub(crate) lease: Option<Lease>,
    pub(crate) looked_at: Timestamp,
}

impl<K: Kind> Case<'_, K> {
    /// The controls to judge. Our own events are there to check our own corrections: what the correction did not set out to
    /// put right was so before, and nobody has changed it since. Without a lease everything is judged.
    fn selection_under(&self, lease: Option<&Lease>) -> Selection {
        let mut selection = self.selection.clone();
        if let (true, Some(lease)) = (self.own_event, lease) {
            selection.retain(|control| lease.controls.iter().any(|corrected| corrected == control));
        }
        selection
    }
}

/// What became of the findings of one look.
enum Settled {
    Ended(Vec<Ended>),
    /// Somebody else has the resource, or closed it after we looked.
    LookAgain,
}

impl<G: Guard> Shell<G> {
    /// Takes one event all the way.
    ///
    /// # Errors
    /// A [`Failure`] where Lambda should try again: nothing is lost by it, and nothing is told or corrected twice.
    pub async fn handle(&self, payload: &str, invocation: &Invocation) -> Result<Report, Failure> {
        let event = Event::parse(payload).map_err(|error| Failure::NotAnEvent(error.to_string()))?; // 1 receive
        let mut report = Report::of(&event);
        let admitted = match admit::<G::Kind>(&event, &self.book.settings, &self.home, self.own_role.as_deref()) {
            Ok(admitted) => admitted, // 2 admit
            Err(why) => {
                report.ended.push(Ended::plain(None, Outcome::Ignored(why)));
                return Ok(report);
            }
        };
        report.environment = Some(admitted.environment.name.clone());
        let background = Background::new(&event, admitted.environment);
        for id in &admitted.targets {
            let case = self.case(id, &admitted, &background, invocation)?;
            report.ended.extend(self.attend(&case).await?);
        }
        Ok(report)
    }

    /// Steps 3 to 9 for one resource. Looks as often as it takes until the state it acts on is nobody else's.
    async fn attend(&self, case: &Case<'_, G::Kind>) -> Result<Vec<Ended>, Failure> {
        let mut patience = Patience::for_others(case.invocation);
        let mut first = true;
        loop {
            let sight = self.observe(case).await?; // 3 observe
            let mut ended = Vec::new();
            if std::mem::take(&mut first) {
                ended = self.finish_earlier_attempt(case, &sight).await?;
            }
            let Observed::Facts(facts) = &sight.facts else {
                ended.push(Ended::plain(Some(case.key.arn.clone()), Outcome::Superseded));
                return Ok(ended);
            };
            let selection = case.selection_under(sight.lease.as_ref());
            let findings = <G::Kind as Kind>::judge(facts, &self.book.rules, &selection); // 4 decide
            let live = findings.iter().any(|finding| finding.state == State::Live);
            if !live && case.suspicious && patience.taken() == 0 && ended.is_empty() && patience.wait().await {
                continue; // the request looked like a breach and the state is clean: the read may be the older one
            }
            if findings.is_empty() {
                ended.push(Ended::plain(Some(case.key.arn.clone()), Outcome::Compliant));
                return Ok(ended);
            }
            let request = &case.invocation.request_id;
            let held = sight.lease.as_ref().is_some_and(|lease| held_by_another(lease, request, sight.looked_at));
            if (held || (case.own_event && live)) && patience.wait().await {
                continue; // a correction is on its way, or its effect is not visible yet: let it finish
            }
            if held {
                return Err(Failure::Busy(case.key.arn.to_string()));
            }
            match self.settle(case, facts, findings, sight.looked_at).await? {
                Settled::Ended(more) => {
                    ended.extend(more);
                    return Ok(ended);
                }
                Settled::LookAgain if patience.wait().await => {}
                Settled::LookAgain => return Err(Failure::Busy(case.key.arn.to_string())),
            }
        }
    }

    /// Step 3: the live state and the lease, at the same time.
    pub(crate) async fn observe(&self, case: &Case<'_, G::Kind>) -> Result<Sight<<G::Kind as Kind>::Facts>, Failure> {
        let looked_at = Timestamp::now();
        let (facts, lease) =
            futures::join!(self.guard.observe(&case.session, case.id, case.selection), self.ledger.lease(&case.key),);
        // An unreadable lease is no reason not to look. Whoever wants to change something has to write to the ledger
        // first, and that fails then.
        let lease = lease.unwrap_or_else(|failure| {
            tracing::warn!(%failure, resource = %case.key.arn, "the ledger could not be read");
            None
        });
        Ok(Sight { facts: facts.map_err(Failure::Observe)?, lease, looked_at })
    }

    /// Steps 4 to 9 for the findings of one look.
    async fn settle(
        &self,
        case: &Case<'_, G::Kind>,
        facts: &<G::Kind as Kind>::Facts,
        findings: Vec<Finding<<G::Kind as Kind>::Change>>,
        looked_at: Timestamp,
    ) -> Result<Settled, Failure> {
        let situation = Situation {
            settings: &self.book.settings,
            degraded: self.book.degraded.as_deref(),
            environment: case.environment,
            arn: &case.key.arn,
            place: &case.key.place,
            own_event: case.own_event,
            now: looked_at,
        };
        let mut correct = Vec::new();
        let mut tell = Vec::new();
        let mut ended = Vec::new();
        for finding in findings {
            let found = Found::new(&finding);
            match decide(&finding, &situation) {
                Verdict::Off => {}
                Verdict::Correct => correct.push(found),
                Verdict::Tell => tell.push((found, Outcome::Notified)),
                Verdict::Withhold(why) => tell.push((found, Outcome::Withheld(why))),
                Verdict::Exempt(why) => ended.push(found.ended(case, Outcome::Exempt(why))),
                Verdict::Shadow => {
                    self.note(case, &found, &Outcome::Shadowed).await;
                    ended.push(found.ended(case, Outcome::Shadowed));
                }
            }
        }
        let mut failure = None;
        if !correct.is_empty() {
            // 5 claim
            match self.claim(case, facts, &correct, looked_at).await? {
                Claimed::Ours(claim) => {
                    // 6 correct, 7 verify, 8 record, 9 tell
                    ended.extend(self.correct(case, &claim, correct).await?);
                }
                Claimed::LookAgain => return Ok(Settled::LookAgain),
                Claimed::Withheld(why) => {
                    tell.extend(correct.into_iter().map(|found| (found, Outcome::Withheld(why.clone()))));
                }
                Claimed::NoLedger(error) => {
                    let why = Withheld::Ledger(error.to_string());
                    tell.extend(correct.into_iter().map(|found| (found, Outcome::Withheld(why.clone()))));
                    failure = Some(Failure::Ledger(error));
                }
            }
        }
        ended.extend(self.tell_findings(case, tell).await?); // 9 tell
        failure.map_or(Ok(Settled::Ended(ended)), Err)
    }

    fn case<'a>(
        &self,
        id: &'a <G::Kind as Kind>::Id,
        admitted: &'a Admitted<'a, <G::Kind as Kind>::Id>,
        background: &'a Background,
        invocation: &'a Invocation,
    ) -> Result<Case<'a, G::Kind>, Failure> {
        let place = &admitted.place;
        Ok(Case {
            id,
            key: ResourceKey { place: <G::Kind as Kind>::home(id, place), arn: <G::Kind as Kind>::arn(id, place) },
            session: self.sessions.session(place).map_err(|error| Failure::NotAnEvent(error.to_string()))?,
            selection: &admitted.selection,
            suspicious: admitted.suspicious,
            own_event: admitted.own_event,
            environment: admitted.environment,
            background,
            invocation,
        })
    }
}

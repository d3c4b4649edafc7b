//! The way of an event: nine steps, in this order, for every guard.
//!
//! | step | does | ends here when |
//! |---|---|---|
//! | receive | parse what arrived; an order goes its own way (`orders.rs`), as do our own probes and sweeps (`probe.rs`, `sweep.rs`) | it is no event: the invocation fails, the dead-letter queue keeps it |
//! | admit | the call succeeded, the control is on, account and region are ours | ignored |
//! | | what is no resource but leads to some is followed to them (`lead.rs`), and each goes on from here | there is none |
//! | observe | read the live state, what the ledger remembers of the resource, switches and exemptions, in parallel | gone; compliant |
//! | decide | judge, then mode, exemption, own event, pause, tug of war, grace | told, exempt, shadowed or deferred only |
//! | claim | one conditional transaction: switches, lease, budget, and the row that undoes | withheld; somebody else is at it: look again |
//! | correct | apply the changes, the one that closes the exposure first | |
//! | verify | read and judge again | |
//! | record | the outcome in the ledger, in parallel with | |
//! | tell | one message per finding | |

use jiff::Timestamp;
use rectify_aws::{AwsFailure, Lease, Open, ResourceKey, ResourceState, Session};
use rectify_controls::{
    Control, Fact, Finding, Kind, Missing, Outcome, Past, Place, Selection, Situation, Standing, State, Subject, Tags,
    Verdict, Withheld, decide, exemption,
};
use rectify_event::Event;

use crate::{
    Ended, Failure, Guard, Observed, Report, Shell,
    admit::{Ours, admit},
    background::Background,
    clock::{Invocation, Patience},
    correct::{Claimed, held_by_another, json},
    environment::Belonging,
    found::Found,
    orders,
    recover::Earlier,
};

/// One resource an event is about, and what is known before looking at it.
pub(crate) struct Case<'a, K: Kind> {
    pub(crate) id: K::Id,
    pub(crate) key: ResourceKey,
    pub(crate) session: Session,
    pub(crate) selection: Selection,
    pub(crate) suspicious: bool,
    pub(crate) own_event: bool,
    pub(crate) belonging: &'a Belonging<'a>,
    pub(crate) background: Background,
    pub(crate) invocation: &'a Invocation,
}

/// One look: the facts, what the ledger remembers and what stands in it, and when the reading began.
pub(crate) struct Sight<F> {
    pub(crate) facts: Observed<F>,
    pub(crate) ledger: Result<(ResourceState, Standing), AwsFailure>,
    pub(crate) looked_at: Timestamp,
}

impl<F> Sight<F> {
    pub(crate) fn lease(&self) -> Option<&Lease> {
        self.ledger.as_ref().ok()?.0.lease.as_ref()
    }

    /// What was told of the control and has not ended.
    pub(crate) fn open(&self, control: &str) -> Option<&Open> {
        self.ledger.as_ref().ok()?.0.open.get(control)
    }

    fn past(&self, control: &str) -> Past {
        self.ledger.as_ref().map(|(state, _)| state.past(control)).unwrap_or_default()
    }

    /// Why the ledger could not be read; empty when it could.
    pub(crate) fn unread(&self) -> String {
        self.ledger.as_ref().err().map(ToString::to_string).unwrap_or_default()
    }

    pub(crate) fn standing(&self) -> Option<&Standing> {
        self.ledger.as_ref().ok().map(|(_, standing)| standing)
    }
}

impl<'a, K: Kind> Case<'a, K> {
    /// The same for another resource that this one leads to.
    pub(crate) fn of(&self, id: K::Id) -> Case<'a, K> {
        let place = &self.session.place;
        Case {
            key: ResourceKey { place: K::home(&id, place), arn: K::arn(&id, place) },
            session: self.session.clone(),
            selection: self.selection.clone(),
            suspicious: false,
            own_event: self.own_event,
            belonging: self.belonging,
            background: self.background.clone(),
            invocation: self.invocation,
            id,
        }
    }

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

/// What was kept of a resource; nothing when another release kept it in a way we do not know.
fn kept<K: Kind>(ledger: &Result<(ResourceState, Standing), AwsFailure>) -> Option<K::Facts> {
    ledger.as_ref().ok()?.0.kept.as_ref()?.parse().ok()
}

impl<G: Guard> Shell<G> {
    /// Takes one event all the way, or carries out one order.
    ///
    /// # Errors
    /// A [`Failure`] where Lambda should try again: nothing is lost by it, and nothing is told or corrected twice.
    pub async fn handle(&self, payload: &str, invocation: &Invocation) -> Result<Report, Failure> {
        if let Some(order) = orders::parse(payload)? {
            return self.carry_out(order, invocation).await;
        }
        let event = Event::parse(payload).map_err(|error| Failure::NotAnEvent(error.to_string()))?; // 1 receive
        if let Some(report) = self.answer_probe(&event).await? {
            return Ok(report);
        }
        if let Some(report) = self.sweep_event(&event, invocation).await? {
            return Ok(report);
        }
        let mut report = Report::of(&event);
        let admitted = match admit::<G::Kind>(&event, self.ours()) {
            Ok(admitted) => admitted, // 2 admit
            Err(why) => {
                report.ended.push(Ended::plain(None, Outcome::Ignored(why)));
                return Ok(report);
            }
        };
        let belonging = self.belonging(&admitted.place.account).await;
        report.environment = Some(belonging.environment.name.clone());
        let background = Background::new(&event, &belonging.environment.name);
        for id in &admitted.targets {
            if <G::Kind as Kind>::leads_on(id) {
                report.ended.extend(Box::pin(self.follow(&event, id, &admitted, invocation)).await?);
                continue;
            }
            let of = (&admitted.place, &admitted.selection);
            let mut case = self.case(id.clone(), of.0, of.1, &belonging, &background, invocation).await?;
            case.suspicious = admitted.suspicious;
            case.own_event = admitted.own_event;
            report.ended.extend(self.attend(&case).await?);
        }
        Ok(report)
    }

    /// Steps 3 to 9 for one resource, and then for those that it leads to.
    pub(crate) async fn attend(&self, case: &Case<'_, G::Kind>) -> Result<Vec<Ended>, Failure> {
        let mut leads = Vec::new();
        let mut ended = self.attend_to(case, &mut leads).await?;
        for id in leads {
            ended.extend(Box::pin(self.attend_to(&case.of(id), &mut Vec::new())).await?);
        }
        Ok(ended)
    }

    /// Steps 3 to 9 for one resource. Looks as often as it takes until the state it acts on is nobody else's.
    async fn attend_to(
        &self,
        case: &Case<'_, G::Kind>,
        leads: &mut Vec<<G::Kind as Kind>::Id>,
    ) -> Result<Vec<Ended>, Failure> {
        if case.selection.is_empty() {
            return Ok(vec![Ended::plain(None, Outcome::Ignored(orders::all_off()))]);
        }
        let mut patience = Patience::for_others(case.invocation);
        let mut ended = Vec::new();
        let mut first = true;
        loop {
            let sight = self.observe(case, &case.selection).await?; // 3 observe
            match self.finish_earlier_attempt(case, &sight, std::mem::take(&mut first)).await? {
                Earlier::Nothing => {}
                Earlier::Finished(more) => {
                    ended.extend(more);
                    continue; // and what else is wrong with the resource?
                }
                Earlier::LookAgain if patience.wait().await => continue,
                Earlier::LookAgain => return Err(Failure::Busy(case.key.arn.to_string())),
            }
            let Observed::Facts(facts) = &sight.facts else {
                ended.extend(self.end_with_the_resource(case, &sight).await?);
                ended.push(Ended::plain(Some(case.key.arn.clone()), Outcome::Superseded));
                return Ok(ended);
            };
            if !case.own_event {
                *leads = <G::Kind as Kind>::leads(facts, &case.selection);
            }
            let selection = case.selection_under(sight.lease());
            let findings = <G::Kind as Kind>::judge(facts, &self.book.rules, &selection); // 4 decide
            let live = findings.iter().any(|finding| finding.state == State::Live);
            if !live && case.suspicious && patience.taken() == 0 && ended.is_empty() && patience.wait().await {
                continue; // the request looked like a breach and the state is clean: the read may be the older one
            }
            self.end_deferrals(case, &sight, &selection, &findings).await;
            let request = &case.invocation.request_id;
            let held = sight.lease().is_some_and(|lease| held_by_another(lease, request, sight.looked_at));
            if !held && !case.own_event {
                ended.extend(self.end_what_is_over(case, &sight, &selection, &findings).await?);
            }
            if !held {
                self.keep_what_stands_well(case, facts, &sight).await;
            }
            if findings.is_empty() && (!held || case.own_event) {
                ended.push(Ended::plain(Some(case.key.arn.clone()), Outcome::Compliant));
                return Ok(ended);
            }
            if held {
                // A correction is on its way: let it finish, or its lease run out. Its function may be dead, and then what
                // it began is ours to finish, even when nothing breaks any more.
                if patience.wait().await {
                    continue;
                }
                return Err(Failure::Busy(case.key.arn.to_string()));
            }
            if case.own_event && live && patience.wait_for_reads().await {
                continue; // the effect of our own correction is not visible yet
            }
            match self.settle(case, facts, findings, &sight).await? {
                Settled::Ended(more) => {
                    ended.extend(more);
                    return Ok(ended);
                }
                Settled::LookAgain if patience.wait().await => {}
                Settled::LookAgain => return Err(Failure::Busy(case.key.arn.to_string())),
            }
        }
    }

    /// Step 3: the live state and what the ledger knows, at the same time.
    pub(crate) async fn observe(
        &self,
        case: &Case<'_, G::Kind>,
        selection: &Selection,
    ) -> Result<Sight<<G::Kind as Kind>::Facts>, Failure> {
        let looked_at = self.ledger.now();
        let (mut facts, state, standing) = futures::join!(
            self.guard.observe(&case.session, &case.id, selection),
            self.ledger.resource(&case.key),
            self.ledger.standing(&case.key.place.account),
        );
        // An unreadable ledger is no reason not to look: what is found is told, and nothing is changed.
        let ledger = state.and_then(|state| Ok((state, standing?))).inspect_err(|failure| {
            tracing::warn!(%failure, resource = %case.key.arn, "the ledger could not be read");
        });
        if let (Ok(Observed::Facts(facts)), Some(kept)) = (&mut facts, kept::<G::Kind>(&ledger)) {
            <G::Kind as Kind>::recall(facts, &kept);
        }
        Ok(Sight { facts: facts.map_err(Failure::Observe)?, ledger, looked_at })
    }

    /// Keeps what stands well of the resource, when its kind says so and it is not what is kept already. Not being able to is no
    /// reason to stop: what was kept before stays, and the next look tries again.
    async fn keep_what_stands_well(
        &self,
        case: &Case<'_, G::Kind>,
        facts: &<G::Kind as Kind>::Facts,
        sight: &Sight<<G::Kind as Kind>::Facts>,
    ) {
        let Some(worth) = <G::Kind as Kind>::keep(facts).filter(|_| sight.ledger.is_ok()) else { return };
        if kept::<G::Kind>(&sight.ledger).as_ref() == Some(&worth) {
            return;
        }
        if let Err(failure) = self.ledger.keep(&case.key, &json(&worth), sight.looked_at).await {
            tracing::warn!(%failure, resource = %case.key.arn, "what stands well could not be kept");
        }
    }

    /// What `finding` is decided upon.
    pub(crate) fn situation<'a>(
        &'a self,
        case: &'a Case<'_, G::Kind>,
        sight: &'a Sight<<G::Kind as Kind>::Facts>,
        standing: Result<&'a Standing, &'a str>,
        past: &'a Past,
        tags: &'a Fact<Tags>,
    ) -> Situation<'a> {
        let written = standing.ok().and_then(|standing| standing.account.as_ref());
        let account = case.belonging.account.as_ref().or(written.filter(|facts| self.is_fresh(facts)));
        Situation {
            settings: &self.book.settings,
            environment: case.belonging.environment,
            subject: Subject { arn: &case.key.arn, place: &case.key.place, account, tags },
            standing,
            past,
            doubt: case.belonging.doubt.as_ref(),
            own_event: case.own_event,
            now: sight.looked_at,
        }
    }

    /// Decides about each finding. The resource's tags are read only when an exemption hangs on them.
    pub(crate) async fn decide_all(
        &self,
        case: &Case<'_, G::Kind>,
        sight: &Sight<<G::Kind as Kind>::Facts>,
        findings: &[Finding<<G::Kind as Kind>::Change>],
    ) -> Vec<Verdict> {
        let controls: Vec<&'static Control> = findings.iter().map(|finding| finding.control).collect();
        let tags = self.tags_if_asked(case, sight, &controls).await;
        let unread = sight.unread();
        let standing = sight.standing().ok_or(unread.as_str());
        findings
            .iter()
            .map(|finding| {
                let past = sight.past(finding.control.id);
                decide(finding, &self.situation(case, sight, standing, &past, &tags))
            })
            .collect()
    }

    /// The resource's tags, read only when an exemption from one of `controls` hangs on them.
    pub(crate) async fn tags_if_asked(
        &self,
        case: &Case<'_, G::Kind>,
        sight: &Sight<<G::Kind as Kind>::Facts>,
        controls: &[&'static Control],
    ) -> Fact<Tags> {
        let (past, unread) = (Past::default(), sight.unread());
        let asked = self.situation(case, sight, sight.standing().ok_or(&unread), &past, &Fact::NotRead);
        if controls.iter().any(|control| exemption(control.id, &asked) == Err(Missing::Tags)) {
            self.guard.tags(&case.session, &case.id).await
        } else {
            Fact::NotRead
        }
    }

    /// Steps 4 to 9 for the findings of one look.
    async fn settle(
        &self,
        case: &Case<'_, G::Kind>,
        facts: &<G::Kind as Kind>::Facts,
        findings: Vec<Finding<<G::Kind as Kind>::Change>>,
        sight: &Sight<<G::Kind as Kind>::Facts>,
    ) -> Result<Settled, Failure> {
        let verdicts = self.decide_all(case, sight, &findings).await;
        let (mut correct, mut tell, mut defer, mut ended) = (Vec::new(), Vec::new(), Vec::new(), Vec::new());
        let mut failure = None;
        // While the facts are still what they are: after a correction nobody may be able to read them.
        let acts = |verdict: &Verdict| !matches!(verdict, Verdict::Off | Verdict::Exempt(_) | Verdict::Shadow(_));
        let acted_on = findings.iter().zip(&verdicts).filter(|(_, verdict)| acts(verdict));
        self.refer(case, facts, &acted_on.map(|(finding, _)| finding.control.id).collect()).await?;
        for (finding, verdict) in findings.iter().zip(verdicts) {
            let found = Found::new::<G::Kind>(finding).after(sight);
            match verdict {
                Verdict::Off => {}
                Verdict::Correct => correct.push(found),
                Verdict::Tell => tell.push((found, Outcome::Notified)),
                Verdict::Withhold(why) => {
                    if let (Withheld::Exemptions(_), Err(unread)) = (&why, &sight.ledger) {
                        // The event comes again: what the ledger would have said is still to be asked.
                        failure = Some(Failure::Ledger(unread.clone()));
                    }
                    tell.push((found, Outcome::Withheld(why)));
                }
                Verdict::Exempt(exemption) => {
                    let why = format!("{}: {} ({})", exemption.owner, exemption.reason, exemption.stands());
                    let outcome = Outcome::Exempt(why);
                    let told = self.end_as_exempt(case, sight, &found, &outcome).await?;
                    ended.push(Ended { told, ..found.ended(case, outcome) });
                }
                Verdict::Defer(due) => defer.push((found, due)),
                shadow @ Verdict::Shadow(_) => {
                    self.note(case, &found, &Outcome::Shadowed, Some(shadow.outcome())).await;
                    ended.push(found.ended(case, Outcome::Shadowed));
                }
            }
        }
        ended.extend(self.defer(case, defer).await?);
        let only_told = correct.is_empty();
        let mut corrected = None;
        if let (false, Ok((state, _))) = (correct.is_empty(), &sight.ledger) {
            // 5 claim
            match self.claim(case, facts, &correct, state, sight.looked_at).await? {
                Claimed::Ours(claim) => {
                    // 6 correct, 7 verify, 8 record, 9 tell
                    let ends = self.correct(case, &claim, correct, facts).await?;
                    if ends.iter().all(|end| matches!(end.outcome, Outcome::Corrected(_))) {
                        corrected = Some(claim.changes);
                    }
                    ended.extend(ends);
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
        if only_told && !tell.is_empty() && self.acted_on_since(case, sight).await {
            return Ok(Settled::LookAgain);
        }
        let tell = match corrected {
            Some(changes) => self.left_by(&changes, facts, tell, sight),
            None => {
                let proposing = |(found, outcome): (Found, _)| (found.proposing::<G::Kind>(facts, &findings), outcome);
                tell.into_iter().map(proposing).collect()
            }
        };
        ended.extend(self.tell_findings(case, sight, tell).await?); // 9 tell
        failure.map_or(Ok(Settled::Ended(ended)), Err)
    }

    /// What `tell` is once the `changes` of a correction are made. One rule, grant or statement can break several controls, and
    /// what was put right for one of them is not told of another as if it stood; what is left of the other is.
    fn left_by(
        &self,
        changes: &[<G::Kind as Kind>::Change],
        facts: &<G::Kind as Kind>::Facts,
        tell: Vec<(Found, Outcome)>,
        sight: &Sight<<G::Kind as Kind>::Facts>,
    ) -> Vec<(Found, Outcome)> {
        let mut after = facts.clone();
        for change in changes {
            <G::Kind as Kind>::simulate(&mut after, change);
        }
        let controls: Selection = tell.iter().map(|(found, _)| found.control.id).collect();
        let left = <G::Kind as Kind>::judge(&after, &self.book.rules, &controls);
        tell.into_iter()
            .filter_map(|(found, outcome)| {
                let finding = left.iter().find(|finding| finding.control.id == found.control.id)?;
                let found = Found::new::<G::Kind>(finding).after(sight);
                Some((found.proposing::<G::Kind>(&after, &left), outcome))
            })
            .collect()
    }

    /// Whether somebody else took the resource, or closed it, since `sight` read the ledger. The facts of the same look may
    /// then be those of a correction that is half done: what is left of it is not to be told as a state of its own. A claim
    /// asks this in its condition; what is only told asks here. An unreadable ledger silences nobody.
    pub(crate) async fn acted_on_since<F>(&self, case: &Case<'_, G::Kind>, sight: &Sight<F>) -> bool {
        let Ok((seen, _)) = &sight.ledger else { return false };
        let holder = |lease: &Lease| (lease.correction.clone(), lease.closed_at);
        match self.ledger.resource(&case.key).await {
            Ok(now) => {
                let closed = now.lease.as_ref().and_then(|lease| lease.closed_at);
                closed.is_some_and(|at| at >= sight.looked_at)
                    || now.lease.as_ref().map(holder) != seen.lease.as_ref().map(holder)
            }
            Err(failure) => {
                tracing::warn!(%failure, resource = %case.key.arn, "the ledger could not be read again");
                false
            }
        }
    }

    fn ours(&self) -> Ours<'_> {
        Ours { home: &self.home, role: self.own_role.as_deref(), members: self.sessions.names() }
    }

    /// What is known about one resource before it is looked at. Controls that are off in the account's environment are not
    /// even looked at.
    pub(crate) async fn case<'a>(
        &self,
        id: <G::Kind as Kind>::Id,
        place: &Place,
        selection: &Selection,
        belonging: &'a Belonging<'a>,
        background: &Background,
        invocation: &'a Invocation,
    ) -> Result<Case<'a, G::Kind>, Failure> {
        Ok(Case {
            key: ResourceKey { place: <G::Kind as Kind>::home(&id, place), arn: <G::Kind as Kind>::arn(&id, place) },
            session: self.sessions.read(place).await.map_err(Failure::Session)?,
            selection: belonging.on::<G::Kind>(&self.book.settings, selection),
            suspicious: false,
            own_event: false,
            belonging,
            background: background.clone(),
            invocation,
            id,
        })
    }
}

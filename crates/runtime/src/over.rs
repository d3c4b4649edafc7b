//! The end of what was told: a finding that nobody corrected and that stands no more.

use jiff::{Timestamp, Unit};
use rectify_aws::Open;
use rectify_controls::{Finding, Fingerprint, Kind, Outcome, Selection, State};

use crate::{
    Ended, Failure, Guard, Shell,
    found::Found,
    tell::Telling,
    way::{Case, Sight},
};

impl<G: Guard> Shell<G> {
    /// Ends what is open and not found any more by a look that judged `selection`; a control that could not be judged stays
    /// open. Nothing is ended while somebody else acts on the resource: they say how it ended.
    pub(crate) async fn end_what_is_over(
        &self,
        case: &Case<'_, G::Kind>,
        sight: &Sight<<G::Kind as Kind>::Facts>,
        selection: &Selection,
        findings: &[Finding<<G::Kind as Kind>::Change>],
    ) -> Result<Vec<Ended>, Failure> {
        let mut over = Vec::new();
        for control in <G::Kind as Kind>::CONTROLS.iter().filter(|control| selection.contains(control.id)) {
            let Some(open) = sight.open(control.id) else { continue };
            let now: Vec<&Finding<_>> = findings.iter().filter(|finding| finding.control.id == control.id).collect();
            if now.iter().any(|finding| finding.state == State::Unverifiable) {
                continue;
            }
            let stand: Vec<Fingerprint> = now.iter().map(|finding| finding.fingerprint()).collect();
            let gone: Vec<Fingerprint> =
                open.fingerprints.iter().filter(|fingerprint| !stand.contains(fingerprint)).cloned().collect();
            if stand.is_empty() || !gone.is_empty() {
                over.push((control, open, gone, !stand.is_empty()));
            }
        }
        if over.is_empty() || self.acted_on_since(case, sight).await {
            return Ok(Vec::new());
        }
        let mut ended = Vec::new();
        for (control, open, gone, left) in over {
            let outcome = Outcome::Resolved(stood(open, sight.looked_at));
            if !left {
                let found = Found::of_open(control, open, gone.first());
                ended.push(self.tell_end(case, &found, &outcome, open).await?);
            }
            self.forget(case, control.id, &gone, &outcome, left, sight.looked_at).await;
        }
        Ok(ended)
    }

    /// Ends everything that is open of a resource that is gone.
    pub(crate) async fn end_with_the_resource(
        &self,
        case: &Case<'_, G::Kind>,
        sight: &Sight<<G::Kind as Kind>::Facts>,
    ) -> Result<Vec<Ended>, Failure> {
        let mut ended = Vec::new();
        for control in <G::Kind as Kind>::CONTROLS {
            let Some(open) = sight.open(control.id) else { continue };
            let outcome = Outcome::Resolved(format!("the resource is gone; {}", stood(open, sight.looked_at)));
            let found = Found::of_open(control, open, open.fingerprints.first());
            ended.push(self.tell_end(case, &found, &outcome, open).await?);
            self.forget(case, control.id, &open.fingerprints, &outcome, false, sight.looked_at).await;
        }
        Ok(ended)
    }

    /// Ends a finding that an exemption covers now, when somebody was told of it.
    pub(crate) async fn end_as_exempt(
        &self,
        case: &Case<'_, G::Kind>,
        sight: &Sight<<G::Kind as Kind>::Facts>,
        found: &Found,
        outcome: &Outcome,
    ) -> Result<bool, Failure> {
        let Some(open) = sight.open(found.control.id) else { return Ok(false) };
        self.tell_end(case, found, outcome, open).await?;
        self.forget(case, found.control.id, &open.fingerprints, outcome, false, sight.looked_at).await;
        Ok(true)
    }

    /// Tells it before it is written down: a function that dies in between leads to the same message again, with the same id.
    async fn tell_end(
        &self,
        case: &Case<'_, G::Kind>,
        found: &Found,
        outcome: &Outcome,
        open: &Open,
    ) -> Result<Ended, Failure> {
        let telling = Telling { ends: Some(open.since), ..Telling::default() };
        self.publish(case, found, outcome, &telling).await.map_err(Failure::Tell)?;
        Ok(Ended { told: true, ..found.ended(case, outcome.clone()) })
    }

    /// Writes the end down. What cannot be written is ended by the next look.
    pub(crate) async fn forget(
        &self,
        case: &Case<'_, G::Kind>,
        control: &str,
        gone: &[Fingerprint],
        outcome: &Outcome,
        left: bool,
        now: Timestamp,
    ) {
        if let Err(failure) = self.ledger.end(&case.key, control, gone, outcome.name(), left, now).await {
            tracing::warn!(%failure, resource = %case.key.arn, control, "the end of a finding could not be written down");
        }
    }
}

/// How long it stood, for people.
fn stood(open: &Open, now: Timestamp) -> String {
    let stood = now.duration_since(open.since);
    let unit = if stood.as_mins() < 1 { Unit::Second } else { Unit::Minute };
    let stood = stood.round(unit).unwrap_or(stood);
    format!("it was told first at {:.0}, {stood:#} before", open.since)
}

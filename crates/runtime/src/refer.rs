//! Handing a resource to the guard of another kind: what this guard found, and that one cannot see.
//!
//! It goes over the bus as the end of a sweep of the resource's own account, with one resource in it (docs/adr/0020-exposed-keys.md). So
//! mode, exemptions, budget and roles are those of that account and kind, and no guard can do more for having found something.

use rectify_controls::{Kind, Selection, SweepRequest};
use rectify_event::OWN_SOURCE;

use crate::{Failure, Guard, Shell, sweep::Cursor, way::Case};

impl<G: Guard> Shell<G> {
    /// Hands over what `facts` refer to, because of findings of `controls`. Twice is once: the other guard looks again.
    ///
    /// An account that nobody has written down as one of the organisation is not looked into, whatever an object says.
    pub(crate) async fn refer(
        &self,
        case: &Case<'_, G::Kind>,
        facts: &<G::Kind as Kind>::Facts,
        controls: &Selection,
    ) -> Result<(), Failure> {
        if case.own_event || controls.is_empty() {
            return Ok(());
        }
        let mut details = Vec::new();
        for referral in <G::Kind as Kind>::refers(facts, controls) {
            let account = referral.place.account;
            let ours = account == self.home
                || (self.sessions.covers(&account) && self.belonging(&account).await.account.is_some());
            if !ours {
                tracing::info!(kind = referral.kind, %account, resource = %case.key.arn, "not handed on: the account is none of ours");
                continue;
            }
            let request = SweepRequest {
                kind: referral.kind.to_owned(),
                account,
                region: referral.place.region,
                controls: Vec::new(),
                sweep: format!("found by {}", <G::Kind as Kind>::KIND),
                after: Some(text(&Cursor::of(vec![referral.id]))?),
            };
            details.push(text(&request)?);
        }
        if details.is_empty() {
            return Ok(());
        }
        let put = self.bus.put(OWN_SOURCE, SweepRequest::DETAIL_TYPE, &details);
        put.await.map_err(|not| Failure::Bus(Box::new(not)))
    }
}

fn text<T: serde::Serialize>(value: &T) -> Result<String, Failure> {
    serde_json::to_string(value).map_err(|error| Failure::Sweep(error.to_string()))
}

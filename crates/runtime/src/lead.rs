//! Events that name no resource of the kind, but something that leads to some: a list that groups refer to, a parent that brings
//! a child with it. The guard finds the resources, and each goes the ordinary way with what the event says about who did it.
//!
//! There can be more of them than one invocation has time for, and they can be in other accounts: a list is shared. The rest is
//! put on the bus as the end of a sweep, which looks at a few at a time, hands on again and says what it could not judge.

use std::collections::BTreeMap;

use rectify_controls::{Ignored, Kind, Outcome, Place, Selection, SweepRequest};
use rectify_event::{Event, OWN_SOURCE};
use rectify_render::escape::cut;

use crate::{
    Ended, Failure, Guard, Led, Shell,
    admit::{Admitted, not_covered},
    background::Background,
    clock::{Invocation, Patience},
    sweep::{Cursor, MOST_AGAIN, has_time},
};

/// So many are looked at twice.
const FEW: usize = 20;

type IdOf<G> = <<G as Guard>::Kind as Kind>::Id;

impl<G: Guard> Shell<G> {
    /// Finds what `lead` leads to and attends to it.
    pub(crate) async fn follow(
        &self,
        event: &Event<'_>,
        lead: &IdOf<G>,
        admitted: &Admitted<IdOf<G>>,
        invocation: &Invocation,
    ) -> Result<Vec<Ended>, Failure> {
        let ignored = |why: Ignored| Ended::plain(None, Outcome::Ignored(why));
        let found = self.found_by(lead, admitted, invocation).await?;
        if found.is_empty() {
            return Ok(vec![ignored(Ignored::NotApplicable(format!("{lead}: there is none")))]);
        }
        // A second look at each that is clean, because reads can be older than the event, unless there are too many for that.
        let suspicious = admitted.suspicious && found.len() <= FEW;
        let mut places: BTreeMap<(bool, Place), Vec<IdOf<G>>> = BTreeMap::new();
        for (place, id) in found {
            places.entry((place != admitted.place, place)).or_default().push(id);
        }
        let mut ended = Vec::new();
        for ((_, place), ids) in places {
            if !self.sessions.covers(&place.account) {
                ended.push(ignored(Ignored::Elsewhere(not_covered(&place.account))));
                continue;
            }
            let belonging = self.belonging(&place.account).await;
            let background = Background::new(event, &belonging.environment.name);
            let mut rest = Vec::new();
            for id in ids {
                if !has_time(invocation) {
                    rest.push(id);
                    continue;
                }
                let look = async {
                    let of = (&place, &admitted.selection);
                    let mut case = self.case(id.clone(), of.0, of.1, &belonging, &background, invocation).await?;
                    case.suspicious = suspicious;
                    case.own_event = admitted.own_event;
                    self.attend(&case).await
                };
                match look.await {
                    Ok(more) => ended.extend(more),
                    // Whoever is not of the organisation is not ours to look at, whatever is shared with them.
                    Err(Failure::Session(error)) if error.is_refusal() && place != admitted.place => {
                        tracing::warn!(%error, account = %place.account, "not looked at: there is no way in");
                        ended.push(ignored(Ignored::Elsewhere(error.to_string())));
                        break;
                    }
                    // The event comes again, when nothing has been done for it yet.
                    Err(failure) if ended.is_empty() => return Err(failure),
                    Err(failure) => {
                        let resource = <G::Kind as Kind>::arn(&id, &place);
                        tracing::warn!(%failure, %resource, "not judged: tried again later");
                        rest.push(id);
                    }
                }
            }
            self.hand_on(&place, &rest, &admitted.selection, &lead.to_string()).await?;
        }
        Ok(ended)
    }

    /// What the lead leads to now. Where the request looked like a breach, nothing is asked about once more: the list of what
    /// refers to something can be older than the event.
    async fn found_by(
        &self,
        lead: &IdOf<G>,
        admitted: &Admitted<IdOf<G>>,
        invocation: &Invocation,
    ) -> Result<Led<G>, Failure> {
        let belonging = self.belonging(&admitted.place.account).await;
        if belonging.on::<G::Kind>(&self.book.settings, &admitted.selection).is_empty() {
            return Ok(Vec::new());
        }
        let session = self.sessions.read(&admitted.place).await.map_err(Failure::Session)?;
        let mut patience = Patience::for_consistency(invocation);
        loop {
            let found = self.guard.find(&session, lead).await.map_err(Failure::Observe)?;
            if !found.is_empty() || !admitted.suspicious || !patience.wait().await {
                return Ok(found);
            }
        }
    }

    /// Puts `ids`, for which this invocation has no time, on the bus as the end of a sweep of their place. `because` says what
    /// led to them.
    async fn hand_on(
        &self,
        place: &Place,
        ids: &[IdOf<G>],
        selection: &Selection,
        because: &str,
    ) -> Result<(), Failure> {
        let details = ids.chunks(MOST_AGAIN).map(|ids| {
            let request = SweepRequest {
                kind: <G::Kind as Kind>::KIND.to_owned(),
                account: place.account.clone(),
                region: place.region.clone(),
                controls: selection.iter().map(|control| (*control).to_owned()).collect(),
                sweep: cut(because, 100),
                after: Some(serde_json::to_string(&Cursor::of(ids.to_vec()))?),
            };
            serde_json::to_string(&request)
        });
        let details: Vec<String> =
            details.collect::<Result<_, _>>().map_err(|error| Failure::Sweep(error.to_string()))?;
        let put = self.bus.put(OWN_SOURCE, SweepRequest::DETAIL_TYPE, &details);
        put.await.map_err(|not| Failure::Bus(Box::new(not)))
    }
}

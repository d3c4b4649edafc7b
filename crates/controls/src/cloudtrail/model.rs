//! What a change does to the facts, what undoes it, and what is worth keeping: the model that the properties are stated on.

use super::{
    AccountFacts, Change, Definition, Facts, Selectors, Status, StoreFacts, Target, TrailFacts, book, coverage,
};
use crate::{Fact, Selection};

/// Put back what `change` overwrites. `None` where what stands could not be read.
pub(super) fn inverse(before: &Facts, change: &Change) -> Option<Change> {
    match before {
        Facts::Trail(facts) => inverse_on_trail(facts, change),
        Facts::Store(facts) => match change {
            Change::Ingestion(_) => Some(Change::Ingestion(facts.status.known()? == ENABLED)),
            Change::Restored(_) => Some(Change::Restored(facts.status.known()? != PENDING_DELETION)),
            Change::Store(_) => Some(Change::Store(Box::new(facts.settings.known()?.clone()))),
            _ => None,
        },
        Facts::Account(facts) => match change {
            Change::Coverage { trail, .. } => {
                let own = |seen: &&super::Seen| seen.trail == *trail && seen.owner == facts.place.account;
                let seen = facts.trails.known()?.iter().find(own)?;
                let (multi_region, global_events) = (seen.multi_region, seen.global_events);
                Some(Change::Coverage { trail: trail.clone(), multi_region, global_events })
            }
            _ => None,
        },
    }
}

fn inverse_on_trail(before: &TrailFacts, change: &Change) -> Option<Change> {
    // Whatever is done to a trail that was gone is undone by its being gone again.
    if before.settings == Fact::Known(None) {
        return Some(Change::DeleteTrail);
    }
    let settings = || before.settings.known().and_then(Option::as_ref);
    Some(match change {
        Change::CreateTrail(_) | Change::DeleteTrail => Change::CreateTrail(Box::new(standing(before)?)),
        Change::Logging(_) => Change::Logging(before.status.known()?.logging),
        Change::Selectors(_) => Change::Selectors(before.selectors.known()?.clone()),
        Change::Insights(_) => Change::Insights(before.insights.known()?.clone()),
        Change::Validation(_) => Change::Validation(settings()?.validation),
        Change::Key(_) => Change::Key(settings()?.key.clone()),
        _ => return None,
    })
}

pub(super) fn simulate(facts: &mut Facts, change: &Change) {
    match facts {
        Facts::Trail(facts) => simulate_on_trail(facts, change),
        Facts::Store(facts) => {
            let status = match change {
                Change::Ingestion(true) | Change::Restored(true) => ENABLED,
                Change::Ingestion(false) => STOPPED,
                Change::Restored(false) => PENDING_DELETION,
                Change::Store(to) => {
                    facts.settings = Fact::Known(to.as_ref().clone());
                    return;
                }
                _ => return,
            };
            facts.status = Fact::Known(status.to_owned());
        }
        Facts::Account(facts) => {
            let Change::Coverage { trail, multi_region, global_events } = change else { return };
            let account = facts.place.account.clone();
            let seen = facts.trails.known_mut().into_iter().flatten();
            for seen in seen.filter(|seen| seen.trail == *trail && seen.owner == account) {
                (seen.multi_region, seen.global_events) = (*multi_region, *global_events);
            }
        }
    }
}

fn simulate_on_trail(facts: &mut TrailFacts, change: &Change) {
    match change {
        Change::CreateTrail(definition) => {
            let Definition { settings, logging, selectors, insights, tags } = definition.as_ref().clone();
            facts.settings = Fact::Known(Some(settings));
            facts.status = Fact::Known(Status { logging, started: logging, delivery_error: None });
            facts.selectors = Fact::Known(selectors);
            facts.insights = Fact::Known(insights);
            facts.tags = Fact::Known(tags);
            facts.deleted = false;
        }
        Change::DeleteTrail => {
            facts.settings = Fact::Known(None);
            facts.status = Fact::NotRead;
            facts.selectors = Fact::NotRead;
            facts.insights = Fact::NotRead;
            facts.tags = Fact::NotRead;
            facts.bucket = Fact::NotRead;
            facts.beside = Fact::NotRead;
        }
        Change::Logging(to) => {
            // That it was started once is history, which no change writes.
            if let Some(status) = facts.status.known_mut() {
                status.logging = *to;
            }
        }
        Change::Selectors(to) => facts.selectors = Fact::Known(to.clone()),
        Change::Insights(to) => facts.insights = Fact::Known(to.clone()),
        Change::Validation(_) | Change::Key(_) => {
            let Some(Some(settings)) = facts.settings.known_mut() else { return };
            match change {
                Change::Validation(to) => settings.validation = *to,
                Change::Key(to) => settings.key.clone_from(to),
                _ => {}
            }
        }
        Change::Coverage { .. } | Change::Ingestion(_) | Change::Restored(_) | Change::Store(_) => {}
    }
}

/// Statuses of an event data store (CloudTrail API reference, `EventDataStore`).
pub(super) const ENABLED: &str = "ENABLED";
pub(super) const STOPPED: &str = "STOPPED_INGESTION";
pub(super) const PENDING_DELETION: &str = "PENDING_DELETION";

/// The trail as it stands; `None` when it is gone or a part of it is not known.
fn standing(facts: &TrailFacts) -> Option<Definition> {
    Some(Definition {
        settings: facts.settings.known()?.clone()?,
        logging: facts.status.known()?.logging,
        selectors: facts.selectors.known()?.clone(),
        insights: facts.insights.known()?.clone(),
        tags: facts.tags.known()?.clone(),
    })
}

/// Of a trail: what stands, and of each part that stands worse than it was kept, what was kept. Of an account: every trail of its
/// own that has stood. So what an attack takes away stays known, however often somebody looks at what is left.
pub(super) fn keep(facts: &Facts) -> Option<Facts> {
    match facts {
        Facts::Trail(facts) => {
            let kept = match (facts.settings.known()?, standing(facts), &facts.kept) {
                (None, _, kept) => kept.as_deref()?.clone(),
                (Some(_), None, _) => return None,
                (Some(_), Some(now), None) => now,
                (Some(_), Some(now), Some(kept)) => better(now, kept, facts),
            };
            let unread = TrailFacts::unread(facts.trail.clone(), facts.place.clone());
            Some(Facts::Trail(Box::new(TrailFacts { kept: Some(Box::new(kept)), ..unread })))
        }
        Facts::Store(facts) => {
            let status = facts.status.known().filter(|status| *status == ENABLED).or(facts.kept.as_ref());
            let settings = match (facts.settings.known(), &facts.kept_settings) {
                (Some(now), Some(kept)) => Some(now.better(kept)),
                (now, kept) => now.or(kept.as_ref()).cloned(),
            };
            if status.is_none() && settings.is_none() {
                return None;
            }
            Some(Facts::Store(Box::new(StoreFacts {
                store: facts.store.clone(),
                place: facts.place.clone(),
                status: Fact::NotRead,
                kept: status.cloned(),
                settings: Fact::NotRead,
                kept_settings: settings,
            })))
        }
        Facts::Account(facts) => {
            let mut kept = facts.kept.clone();
            for seen in facts.trails.known()?.iter().filter(|seen| seen.owner == facts.place.account) {
                let covered = kept.entry(seen.trail.clone()).or_default();
                *covered |= coverage::gaps(seen).is_empty();
            }
            let (place, trails) = (facts.place.clone(), Fact::NotRead);
            (!kept.is_empty()).then(|| Facts::Account(Box::new(AccountFacts { place, trails, kept })))
        }
    }
}

fn better(now: Definition, kept: &Definition, facts: &TrailFacts) -> Definition {
    let Definition { mut settings, mut logging, mut selectors, mut insights, tags } = now;
    logging |= kept.logging;
    if worse(&selectors, &kept.selectors) {
        selectors = kept.selectors.clone();
    }
    insights.extend(kept.insights.iter().cloned());
    settings.key = settings.key.or_else(|| kept.settings.key.clone());
    settings.validation |= kept.settings.validation;
    settings.multi_region |= kept.settings.multi_region;
    settings.global_events |= kept.settings.global_events;
    // A bucket that nobody knows, or that is gone, does not become the one that stood.
    if settings.bucket != kept.settings.bucket && !matches!(facts.bucket, Fact::Known(super::Bucket::Own { .. })) {
        settings.bucket.clone_from(&kept.settings.bucket);
        settings.prefix.clone_from(&kept.settings.prefix);
    }
    Definition { settings, logging, selectors, insights, tags }
}

/// Whether `now` logs less than `kept`. Events left out of the management events count, whatever the settings allow.
fn worse(now: &Selectors, kept: &Selectors) -> bool {
    !now.cover(kept)
}

pub(super) fn recall(facts: &mut Facts, kept: &Facts) {
    match (facts, kept) {
        (Facts::Trail(facts), Facts::Trail(kept)) => facts.kept.clone_from(&kept.kept),
        (Facts::Store(facts), Facts::Store(kept)) => {
            facts.kept.clone_from(&kept.kept);
            facts.kept_settings.clone_from(&kept.kept_settings);
        }
        (Facts::Account(facts), Facts::Account(kept)) => facts.kept.clone_from(&kept.kept),
        _ => {}
    }
}

/// Most trails that an account leads to at a time.
const MOST_LEADS: usize = 50;

/// See [`crate::Kind::leads`].
pub(super) fn leads(facts: &Facts, selection: &Selection) -> Vec<Target> {
    let Facts::Account(facts) = facts else { return Vec::new() };
    let Fact::Known(seen) = &facts.trails else { return Vec::new() };
    let own = || seen.iter().filter(|seen| seen.owner == facts.place.account);
    let every = !selection.iter().any(|control| book::is_about_accounts(control));
    let stands = own().filter(|_| every).map(|seen| &seen.trail);
    let gone = facts.kept.keys().filter(|kept| !own().any(|seen| seen.trail == **kept));
    stands.chain(gone).take(MOST_LEADS).cloned().map(Target::Trail).collect()
}

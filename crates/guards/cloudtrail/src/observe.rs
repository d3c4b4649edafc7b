//! Reading the live state.

use std::collections::{BTreeMap, BTreeSet};

use futures::future::join_all;
use rectify_aws::{AwsFailure, Ended, Ends, FailureKind, Reading, Session, reading, refused, shaped, unreadable};
use rectify_controls::{
    Fact, Selection, Tags,
    cloudtrail::{
        AccountFacts, Facts, Seen, Selectors, Settings, Status, StoreFacts, StoreId, Target, TrailFacts, TrailId,
        trail_of_arn,
    },
};
use rectify_runtime::Observed;

use crate::{Clients, CloudTrailGuard, bucket, shape};

const SERVICE: &str = "cloudtrail";
const NO_TRAIL: &str = "TrailNotFoundException";

pub(crate) async fn observe(
    guard: &CloudTrailGuard,
    session: &Session,
    target: &Target,
    selection: &Selection,
) -> Result<Observed<Facts>, AwsFailure> {
    let at = guard.home(session, target);
    match target {
        Target::Trail(trail) => observe_trail(guard, session, &at, trail, selection).await,
        Target::Store(store) => observe_store(&at, store).await,
        Target::Account(_) => observe_account(guard, session, &at, selection).await,
    }
}

/// All of the trail itself, whatever is asked: what stands well is kept as a whole. Its bucket and the other trails only when a
/// control asks for them.
async fn observe_trail(
    guard: &CloudTrailGuard,
    session: &Session,
    at: &Clients,
    trail: &TrailId,
    selection: &Selection,
) -> Result<Observed<Facts>, AwsFailure> {
    let name = trail.name.as_str();
    let beside = async {
        let asked = selection.contains("cloudtrail-event-selectors-weakened");
        if asked { described(guard, session, at, true).await } else { Ok(Fact::NotRead) }
    };
    let (settings, status, selectors, insights, tags, beside) = futures::join!(
        Box::pin(settings(at, name)),
        Box::pin(status(at, name)),
        Box::pin(selectors(at, name)),
        Box::pin(insights(at, name)),
        Box::pin(tags_of(at, trail)),
        Box::pin(beside),
    );
    let gone = matches!(settings, Ok(Fact::Known(None)));
    let asked = selection.contains("cloudtrail-bucket-public-or-missing");
    let log = match &settings {
        Ok(Fact::Known(Some(settings))) if asked => {
            Box::pin(bucket::bucket(guard, session, at, &settings.bucket)).await
        }
        _ => Ok(Fact::NotRead),
    };
    let mut ends = Ends::default();
    let mut facts = TrailFacts { settings: ends.take(settings), ..TrailFacts::unread(trail.clone(), at.place.clone()) };
    if !gone {
        facts.status = ends.take(status);
        facts.selectors = ends.take(selectors);
        facts.insights = ends.take(insights);
        facts.tags = ends.take(tags);
        facts.bucket = ends.take(log);
        facts.beside = ends.take(beside);
    }
    ends.or(Facts::Trail(Box::new(facts))).map(Observed::from)
}

async fn settings(at: &Clients, name: &str) -> Reading<Option<Settings>> {
    reading(SERVICE, "GetTrail", at.trails.get_trail().name(name).send().await, Some((NO_TRAIL, None)), |answer| {
        answer.trail().ok_or_else(|| "an answer without a trail".to_owned()).and_then(shape::settings).map(Some)
    })
}

async fn status(at: &Clients, name: &str) -> Reading<Status> {
    reading(SERVICE, "GetTrailStatus", at.trails.get_trail_status().name(name).send().await, None, |answer| {
        Ok(shape::status(&answer))
    })
}

async fn selectors(at: &Clients, name: &str) -> Reading<Selectors> {
    let answer = at.trails.get_event_selectors().trail_name(name).send().await;
    reading(SERVICE, "GetEventSelectors", answer, None, |answer| Ok(shape::selectors(&answer)))
}

async fn insights(at: &Clients, name: &str) -> Reading<BTreeSet<String>> {
    let answer = at.trails.get_insight_selectors().trail_name(name).send().await;
    let none = Some(("InsightNotEnabledException", BTreeSet::new()));
    reading(SERVICE, "GetInsightSelectors", answer, none, |answer| {
        let kinds = answer.insight_selectors().iter().filter_map(|selector| selector.insight_type());
        Ok(kinds.map(|kind| kind.as_str().to_owned()).collect())
    })
}

async fn tags_of(at: &Clients, trail: &TrailId) -> Reading<BTreeMap<String, String>> {
    let arn = arn(at, trail);
    reading(SERVICE, "ListTags", at.trails.list_tags().resource_id_list(&arn).send().await, None, |answer| {
        Ok(answer.resource_tag_list().iter().flat_map(|one| shape::tags(one.tags_list())).collect())
    })
}

/// The tags of a trail. Event data stores and accounts are exempted by other means than tags.
pub(crate) async fn tags(at: &Clients, target: &Target) -> Fact<Tags> {
    let Target::Trail(trail) = target else { return Fact::Known(Tags::new()) };
    match tags_of(at, trail).await {
        Ok(fact) => fact,
        Err(Ended::Refused(failure)) => Fact::Unreadable(unreadable(failure)),
        Err(Ended::Gone) => Fact::Known(Tags::new()),
    }
}

pub(crate) fn arn(at: &Clients, trail: &TrailId) -> String {
    use rectify_controls::{Kind as _, cloudtrail::CloudTrail};
    CloudTrail::arn(&Target::Trail(trail.clone()), &at.place).to_string()
}

async fn observe_store(at: &Clients, store: &StoreId) -> Result<Observed<Facts>, AwsFailure> {
    let answer = at.trails.get_event_data_store().event_data_store(&store.id).send().await;
    let both = reading(SERVICE, "GetEventDataStore", answer, None, |answer| {
        let status = answer.status().map(|status| status.as_str().to_owned()).ok_or_else(|| "no status".to_owned())?;
        Ok((status, shape::store(&answer)))
    });
    let mut ends = Ends::default();
    let (status, settings) = match ends.take(both) {
        Fact::Known((status, settings)) => (Fact::Known(status), shaped("GetEventDataStore", settings)),
        Fact::Unreadable(why) => (Fact::Unreadable(why.clone()), Fact::Unreadable(why)),
        Fact::NotRead => (Fact::NotRead, Fact::NotRead),
    };
    let (store, place) = (store.clone(), at.place.clone());
    let facts = StoreFacts { store, place, status, kept: None, settings, kept_settings: None };
    ends.or(Facts::Store(Box::new(facts))).map(Observed::from)
}

async fn observe_account(
    guard: &CloudTrailGuard,
    session: &Session,
    at: &Clients,
    selection: &Selection,
) -> Result<Observed<Facts>, AwsFailure> {
    let closely = selection.contains("cloudtrail-not-multi-region");
    let (described, listed) =
        futures::join!(Box::pin(described(guard, session, at, closely)), Box::pin(listed(guard, session, at, closely)));
    let mut ends = Ends::default();
    let trails = match (ends.take(described), ends.take(listed)) {
        (Fact::Known(mut seen), Fact::Known(more)) => {
            seen.extend(more);
            seen.sort_by(|a, b| (&a.owner, &a.trail).cmp(&(&b.owner, &b.trail)));
            seen.dedup_by(|a, b| (&a.owner, &a.trail) == (&b.owner, &b.trail));
            Fact::Known(seen)
        }
        (unread @ Fact::Unreadable(_), _) | (_, unread) => unread,
    };
    let facts = AccountFacts { place: at.place.clone(), trails, kept: BTreeMap::new() };
    ends.or(Facts::Account(Box::new(facts))).map(Observed::from)
}

/// `DescribeTrails` with the shadows of trails of other regions and of the organisation's. `closely` with status and selectors.
async fn described(guard: &CloudTrailGuard, session: &Session, at: &Clients, closely: bool) -> Reading<Vec<Seen>> {
    let answer = match at.trails.describe_trails().include_shadow_trails(true).send().await {
        Ok(answer) => answer,
        Err(error) => return refused(AwsFailure::new(SERVICE, "DescribeTrails", &error), None),
    };
    let seen = answer.trail_list().iter().filter_map(|trail| {
        let (id, owner) = trail_of_arn(trail.trail_arn()?)?;
        Some(Seen {
            trail: id,
            owner,
            multi_region: trail.is_multi_region_trail() == Some(true),
            global_events: trail.include_global_service_events() == Some(true),
            organization: trail.is_organization_trail() == Some(true),
            logging: Fact::NotRead,
            selectors: Fact::NotRead,
        })
    });
    if !closely {
        return Ok(Fact::Known(seen.collect()));
    }
    all(join_all(seen.map(|seen| look_closely(guard, session, at, seen))).await)
}

/// `ListTrails`: the account's trails in every region, the single-region ones of other regions too.
async fn listed(guard: &CloudTrailGuard, session: &Session, at: &Clients, closely: bool) -> Reading<Vec<Seen>> {
    let mut pages = at.trails.list_trails().into_paginator().send();
    let mut elsewhere = Vec::new();
    while let Some(page) = pages.next().await {
        let page = match page {
            Ok(page) => page,
            Err(error) => return refused(AwsFailure::new(SERVICE, "ListTrails", &error), None),
        };
        let ids = page.trails().iter().filter_map(|trail| trail_of_arn(trail.trail_arn()?));
        elsewhere.extend(ids.filter(|(trail, owner)| *owner == at.place.account && trail.region != at.place.region));
    }
    let read = elsewhere.into_iter().map(async |(trail, owner)| {
        let there = guard.at(session, &trail.region);
        let Fact::Known(Some(settings)) = settings(&there, trail.name.as_str()).await? else { return Ok(None) };
        let seen = Seen {
            trail,
            owner,
            multi_region: settings.multi_region,
            global_events: settings.global_events,
            organization: settings.organization,
            logging: Fact::NotRead,
            selectors: Fact::NotRead,
        };
        if closely { look_closely(guard, session, at, seen).await.map(Some) } else { Ok(Some(seen)) }
    });
    let seen = join_all(read).await.into_iter().filter_map(Result::transpose).collect();
    all(seen)
}

fn all(read: Vec<Result<Seen, Ended>>) -> Reading<Vec<Seen>> {
    // One that went meanwhile is not there.
    let read = read.into_iter().filter(|seen| !matches!(seen, Err(Ended::Gone)));
    read.collect::<Result<Vec<_>, _>>().map(Fact::Known)
}

/// Status and selectors. AWS shows the selectors of the organisation's trail to its owner only.
async fn look_closely(guard: &CloudTrailGuard, session: &Session, at: &Clients, seen: Seen) -> Result<Seen, Ended> {
    let there = guard.at(session, &seen.trail.region);
    let own = seen.owner == at.place.account;
    let (status, selectors) = futures::join!(
        Box::pin(async {
            if own {
                status(&there, seen.trail.name.as_str()).await
            } else {
                let owner = rectify_controls::Place { account: seen.owner.clone(), region: seen.trail.region.clone() };
                let of_owner = Clients { place: owner, ..at.clone() };
                status(&of_owner, &arn(&of_owner, &seen.trail)).await
            }
        }),
        Box::pin(async { if own { selectors(&there, seen.trail.name.as_str()).await } else { Ok(Fact::NotRead) } }),
    );
    let logging = match status {
        Ok(Fact::Known(status)) => Fact::Known(status.logging),
        Ok(Fact::Unreadable(why)) => Fact::Unreadable(why),
        Ok(Fact::NotRead) => Fact::NotRead,
        Err(Ended::Refused(failure)) if failure.kind == FailureKind::WrongRegion => {
            Fact::Unreadable(unreadable(failure))
        }
        Err(ended) => return Err(ended),
    };
    Ok(Seen { logging, selectors: selectors?, ..seen })
}

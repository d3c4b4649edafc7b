//! What calls tell of trails and event data stores without looking at them: what a replay of logs judges on.
//!
//! An account's trails taken together no log tells of: one that is older than the log, or the organisation's, may cover everything.

use std::collections::{BTreeMap, BTreeSet};

use rectify_event::{Event, Params, Record};
use serde_json::Value;

use super::{
    AccountFacts, AdvancedSelector, BasicSelector, DataResource, Facts, FieldSelector, Selectors, Settings, Status,
    StoreFacts, StoreSettings, Target, TrailFacts, events,
    model::{self, ENABLED, PENDING_DELETION, STOPPED},
    screen::{store, trail},
};
use crate::{
    Fact, Place,
    asked::{done, each, field, flag, hint, is_empty, scalar, text, told},
    screen::{account, named},
};

const SOURCE: &str = "cloudtrail.amazonaws.com";

/// See [`crate::Kind::HINTS`].
pub(super) const HINTS: &[(&str, &str)] = &[(SOURCE, "AddTags"), (SOURCE, "RemoveTags")];

/// See [`crate::Kind::hinted`].
pub(super) fn hinted(event: &Event<'_>) -> Vec<Target> {
    hint(event, HINTS).and_then(|record| about(event, record)).into_iter().collect()
}

/// The trail or store that a call is about.
fn about(event: &Event<'_>, record: &Record<'_>) -> Option<Target> {
    let (account, request) = (account(event).ok()?, record.request());
    let trigger = events::EVENTS.iter().find(|trigger| trigger.name == record.event_name);
    let path = trigger.map_or("resourceId", |trigger| trigger.id);
    if path == events::NEW_STORE {
        return store(record.response().str("eventDataStoreArn")?, event, &account).ok();
    }
    let name = named(&request, path).ok()?;
    if path == events::STORE { store(name, event, &account).ok() } else { trail(name, event, &account).ok() }
}

/// See [`crate::Kind::unseen`].
pub(super) fn unseen(id: &Target, place: &Place) -> Facts {
    let place = place.clone();
    match id {
        Target::Trail(trail) => Facts::Trail(Box::new(TrailFacts::unread(trail.clone(), place))),
        Target::Store(store) => {
            let (status, settings) = (Fact::NotRead, Fact::NotRead);
            let store = store.clone();
            Facts::Store(Box::new(StoreFacts { store, place, status, kept: None, settings, kept_settings: None }))
        }
        Target::Account(_) => {
            Facts::Account(Box::new(AccountFacts { place, trails: Fact::NotRead, kept: BTreeMap::new() }))
        }
    }
}

/// See [`crate::Kind::learn`]. What stood as a whole before the call is kept, as a guard keeps it that has looked.
pub(super) fn learn(facts: &mut Facts, event: &Event<'_>) {
    let Some(record) = done(event).filter(|record| record.event_source == SOURCE) else { return };
    let Some(about) = about(event, record) else { return };
    let is_about = match &*facts {
        Facts::Trail(facts) => about == Target::Trail(facts.trail.clone()),
        Facts::Store(facts) => about == Target::Store(facts.store.clone()),
        Facts::Account(_) => false,
    };
    if !is_about {
        return;
    }
    if let Some(kept) = model::keep(facts) {
        model::recall(facts, &kept);
    }
    let (name, request, response) = (record.event_name.as_ref(), record.request(), record.response());
    match facts {
        Facts::Trail(facts) => of_trail(facts, name, &request, &response),
        Facts::Store(facts) => of_store(facts, name, &response),
        Facts::Account(_) => {}
    }
}

fn of_store(facts: &mut StoreFacts, name: &str, response: &Params) {
    let status = match name {
        "StopEventDataStoreIngestion" => Some(STOPPED.to_owned()),
        "StartEventDataStoreIngestion" => Some(ENABLED.to_owned()),
        "DeleteEventDataStore" => Some(PENDING_DELETION.to_owned()),
        // The answer describes the whole store. Whether that is less than it was, nobody knows who has not seen what it was.
        "CreateEventDataStore" | "UpdateEventDataStore" => {
            let compared = name == "CreateEventDataStore" || facts.kept_settings.is_some();
            facts.settings = told(store_settings(response).filter(|_| compared));
            return;
        }
        // One that took nothing in takes nothing in again.
        "RestoreEventDataStore" => response.str("status").filter(|status| !status.is_empty()).map(str::to_owned),
        _ => return,
    };
    facts.status = told(status);
}

fn store_settings(said: &Params) -> Option<StoreSettings> {
    Some(StoreSettings {
        multi_region: flag(said.get("multiRegionEnabled")?)?,
        protected: flag(said.get("terminationProtectionEnabled")?)?,
        retention: said.get("retentionPeriod")?.as_i64()?.try_into().ok()?,
        selectors: selectors(said).filter(|all| matches!(all, Selectors::Advanced(_)))?,
    })
}

fn of_trail(facts: &mut TrailFacts, name: &str, request: &Params, response: &Params) {
    match name {
        "StopLogging" => facts.status = Fact::Known(status(false, true)),
        "StartLogging" => facts.status = Fact::Known(status(true, true)),
        "CreateTrail" => created(facts, request, response),
        "UpdateTrail" => updated(facts, request, response),
        "DeleteTrail" => {
            *facts = TrailFacts { kept: facts.kept.take(), deleted: true, ..gone(facts) };
        }
        "PutEventSelectors" => facts.selectors = told(selectors(response).or_else(|| selectors(request))),
        "PutInsightSelectors" => facts.insights = told(insights(response).or_else(|| insights(request))),
        "AddTags" => {
            let added = tags(request.get("tagsList"));
            match (facts.tags.known_mut(), added) {
                (Some(tags), Some(added)) => tags.extend(added),
                _ => facts.tags = Fact::NotRead,
            }
        }
        "RemoveTags" => {
            let removed = tags(request.get("tagsList"));
            match (facts.tags.known_mut(), removed) {
                (Some(tags), Some(removed)) => tags.retain(|key, _| !removed.contains_key(key)),
                _ => facts.tags = Fact::NotRead,
            }
        }
        _ => {}
    }
}

fn status(logging: bool, started: bool) -> Status {
    Status { logging, started, delivery_error: None }
}

fn gone(facts: &TrailFacts) -> TrailFacts {
    TrailFacts { settings: Fact::Known(None), ..TrailFacts::unread(facts.trail.clone(), facts.place.clone()) }
}

/// A new trail logs all management events once it is started, and nothing else (CloudTrail API reference, `CreateTrail`).
fn created(facts: &mut TrailFacts, request: &Params, response: &Params) {
    facts.settings = told(settings(response, &BTreeMap::new()).or_else(|| of_request(request, None)).map(Some));
    facts.status = Fact::Known(status(false, false));
    facts.selectors = Fact::Known(Selectors::default_of_aws());
    facts.insights = Fact::Known(BTreeSet::new());
    facts.tags = told(tags(request.get("tagsList")));
    facts.bucket = Fact::NotRead;
    facts.beside = Fact::NotRead;
    facts.deleted = false;
}

fn updated(facts: &mut TrailFacts, request: &Params, response: &Params) {
    let before = facts.settings.known().and_then(Option::as_ref);
    let now =
        settings(response, &BTreeMap::new()).or_else(|| before.and_then(|before| of_request(request, Some(before))));
    facts.settings = told(now.map(Some));
    facts.bucket = Fact::NotRead;
    facts.deleted = false;
}

/// A trail as an answer describes it, or as a request does where a flag that is not said has one of `defaults`.
fn settings(said: &Params, defaults: &BTreeMap<&str, bool>) -> Option<Settings> {
    let word = |name: &str| match said.get(name) {
        none if is_empty(none) => Some(None),
        some => Some(Some(some?.as_str()?.to_owned())),
    };
    let on = |name: &str, other: &str| match said.get(name).or_else(|| said.get(other)) {
        Some(value) if !value.is_null() => flag(value),
        _ => defaults.get(name).copied(),
    };
    Some(Settings {
        bucket: word("s3BucketName")??,
        prefix: word("s3KeyPrefix")?,
        topic: word("snsTopicARN")?.or(word("snsTopicName")?),
        log_group: word("cloudWatchLogsLogGroupArn")?,
        log_role: word("cloudWatchLogsRoleArn")?,
        key: word("kmsKeyId")?,
        multi_region: on("isMultiRegionTrail", "isMultiRegionTrail")?,
        global_events: on("includeGlobalServiceEvents", "includeGlobalServiceEvents")?,
        organization: on("isOrganizationTrail", "isOrganizationTrail").unwrap_or(false),
        validation: on("logFileValidationEnabled", "enableLogFileValidation")?,
    })
}

/// What a request makes of a trail that stood as `before`, or of none.
fn of_request(request: &Params, before: Option<&Settings>) -> Option<Settings> {
    let defaults = BTreeMap::from([
        ("isMultiRegionTrail", before.is_some_and(|before| before.multi_region)),
        ("includeGlobalServiceEvents", before.is_none_or(|before| before.global_events)),
        ("isOrganizationTrail", before.is_some_and(|before| before.organization)),
        ("logFileValidationEnabled", before.is_some_and(|before| before.validation)),
    ]);
    let Some(before) = before else { return settings(request, &defaults) };
    // Without a bucket it stays, and what else is not said stays too; an empty text takes it away.
    let word = |name: &str, stood: &Option<String>| match request.get(name) {
        None | Some(Value::Null) => Some(stood.clone()),
        Some(Value::String(text)) => Some(Some(text.clone()).filter(|text| !text.is_empty())),
        Some(_) => None,
    };
    let on = |name: &str, other: &str| match request.get(name).or_else(|| request.get(other)) {
        Some(value) if !value.is_null() => flag(value),
        _ => defaults.get(name).copied(),
    };
    Some(Settings {
        bucket: word("s3BucketName", &Some(before.bucket.clone()))??,
        prefix: word("s3KeyPrefix", &before.prefix)?,
        topic: word("snsTopicName", &before.topic)?,
        log_group: word("cloudWatchLogsLogGroupArn", &before.log_group)?,
        log_role: word("cloudWatchLogsRoleArn", &before.log_role)?,
        key: word("kmsKeyId", &before.key)?,
        multi_region: on("isMultiRegionTrail", "isMultiRegionTrail")?,
        global_events: on("includeGlobalServiceEvents", "includeGlobalServiceEvents")?,
        organization: on("isOrganizationTrail", "isOrganizationTrail")?,
        validation: on("logFileValidationEnabled", "enableLogFileValidation")?,
    })
}

fn words(value: Option<&Value>) -> Option<Vec<String>> {
    each(value).into_iter().map(scalar).collect()
}

/// Event selectors in either form.
fn selectors(said: &Params) -> Option<Selectors> {
    let (basic, advanced) = (said.get("eventSelectors"), said.get("advancedEventSelectors"));
    if !is_empty(advanced) {
        each(advanced).into_iter().map(advanced_selector).collect::<Option<_>>().map(Selectors::Advanced)
    } else if is_empty(basic) {
        None
    } else {
        each(basic).into_iter().map(basic_selector).collect::<Option<_>>().map(Selectors::Basic)
    }
}

fn basic_selector(value: &Value) -> Option<BasicSelector> {
    value.as_object()?;
    let data = |resource: &&Value| {
        Some(DataResource { kind: text(resource, "type")?.to_owned(), values: words(field(resource, "values"))? })
    };
    Some(BasicSelector {
        read_write: match field(value, "readWriteType") {
            none if is_empty(none) => "All".to_owned(),
            some => some?.as_str()?.to_owned(),
        },
        management: match field(value, "includeManagementEvents") {
            none if is_empty(none) => true,
            some => flag(some?)?,
        },
        excluded: words(field(value, "excludeManagementEventSources"))?,
        data: each(field(value, "dataResources")).iter().map(data).collect::<Option<_>>()?,
    })
}

fn advanced_selector(value: &Value) -> Option<AdvancedSelector> {
    let read = |one: &&Value| {
        let list = |name: &str| words(field(one, name));
        Some(FieldSelector {
            field: text(one, "field")?.to_owned(),
            equals: list("equals")?,
            starts_with: list("startsWith")?,
            ends_with: list("endsWith")?,
            not_equals: list("notEquals")?,
            not_starts_with: list("notStartsWith")?,
            not_ends_with: list("notEndsWith")?,
        })
    };
    Some(AdvancedSelector {
        name: text(value, "name").map(str::to_owned),
        fields: each(field(value, "fieldSelectors")).iter().map(read).collect::<Option<_>>()?,
    })
}

fn insights(said: &Params) -> Option<BTreeSet<String>> {
    match said.get("insightSelectors")? {
        Value::Array(selectors) => selectors.iter().map(|one| text(one, "insightType").map(str::to_owned)).collect(),
        _ => None,
    }
}

fn tags(list: Option<&Value>) -> Option<BTreeMap<String, String>> {
    let tag = |tag: &Value| {
        let value = match field(tag, "value") {
            none if is_empty(none) => String::new(),
            some => scalar(some?)?,
        };
        Some((text(tag, "key")?.to_owned(), value))
    };
    each(list).into_iter().map(tag).collect()
}

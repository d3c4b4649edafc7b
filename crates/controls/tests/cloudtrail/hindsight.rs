//! What logs tell of trails.

use rectify_controls::{Fact, Region, cloudtrail::*};
use serde_json::{Value, json};

use crate::past::Past;

const DELETED: &str = "cloudtrail-trail-deleted";
const STOPPED: &str = "cloudtrail-logging-stopped";
const WEAKENED: &str = "cloudtrail-event-selectors-weakened";
const VALIDATION: &str = "cloudtrail-log-validation-off";
const ENCRYPTION: &str = "cloudtrail-not-kms-encrypted";

const ARN: &str = "arn:aws:cloudtrail:eu-central-1:123456789012:trail/main";

fn trail() -> Past<CloudTrail> {
    let region = Region::new("eu-central-1").unwrap();
    let id = TrailId { region, name: TrailName::new("main").unwrap() };
    Past::of("cloudtrail.amazonaws.com", "eu-central-1", &Target::Trail(id))
}

fn named() -> Value {
    json!({"name": "main"})
}

fn answer(validation: bool) -> Value {
    json!({
        "name": "main", "s3BucketName": "logs", "includeGlobalServiceEvents": true, "isMultiRegionTrail": true,
        "trailARN": ARN, "logFileValidationEnabled": validation, "isOrganizationTrail": false
    })
}

fn made() -> Past<CloudTrail> {
    let mut past = trail();
    past.answered(
        "CreateTrail",
        json!({"name": "main", "s3BucketName": "logs", "isMultiRegionTrail": true}),
        answer(true),
    );
    past
}

/// Each call decides alone, whatever else is not known of the trail.
#[test]
fn what_one_call_opens_another_closes() {
    trail()
        .is(STOPPED, "unknown")
        .call("StopLogging", named())
        .is(STOPPED, "live")
        .is(VALIDATION, "unknown")
        .call("StartLogging", json!({"name": ARN}))
        .is(STOPPED, "nothing");
    let blind =
        json!({"trailName": "main", "eventSelectors": [{"includeManagementEvents": false, "readWriteType": "All"}]});
    let whole = json!({"trailName": "main", "advancedEventSelectors": [{"name": "all", "fieldSelectors": [
        {"field": "eventCategory", "equals": ["Management"]}
    ]}]});
    trail()
        .is(WEAKENED, "unknown")
        .call("PutEventSelectors", blind)
        .is(WEAKENED, "live")
        .call("PutEventSelectors", whole)
        .is(WEAKENED, "nothing")
        .call("PutEventSelectors", json!({"trailName": "main", "eventSelectors": "odd"}))
        .is(WEAKENED, "unknown");
}

#[test]
fn a_trail_that_was_not_seen_being_made_is_told_when_it_is_deleted() {
    let past = trail().call("DeleteTrail", named()).is(DELETED, "live").is(STOPPED, "nothing");
    let mut past = past.call("StopLogging", json!({"name": "another"})).is(DELETED, "live");
    past.answered("CreateTrail", named(), answer(true));
    past.is(DELETED, "nothing");
}

/// What stood as a whole is kept, as the guard keeps it, and can be made again.
#[test]
fn a_trail_that_was_seen_being_made_is_known() {
    let past = made().is(VALIDATION, "nothing").is(ENCRYPTION, "live").is(WEAKENED, "nothing").is(STOPPED, "live");
    let past =
        past.call("StartLogging", named()).is(STOPPED, "nothing").call("DeleteTrail", named()).is(DELETED, "live");
    let Facts::Trail(facts) = &past.facts else { panic!("{:?}", past.facts) };
    let kept = facts.kept.as_deref().unwrap();
    assert!(kept.logging && kept.settings.bucket == "logs" && kept.settings.multi_region);
}

#[test]
fn an_update_says_how_it_ends_or_what_it_changes() {
    let mut past = trail();
    past.answered("UpdateTrail", json!({"name": "main", "enableLogFileValidation": false}), answer(false));
    let past = past.is(VALIDATION, "live");
    let past =
        past.call("UpdateTrail", json!({"name": "main", "enableLogFileValidation": true})).is(VALIDATION, "nothing");
    past.call("UpdateTrail", json!({"name": "main", "enableLogFileValidation": "perhaps"})).is(VALIDATION, "unknown");
    // Nobody knows the rest.
    trail().call("UpdateTrail", json!({"name": "main", "enableLogFileValidation": false})).is(VALIDATION, "unknown");
    let past = made().call("UpdateTrail", json!({"name": "main", "kmsKeyId": "alias/logs"})).is(ENCRYPTION, "nothing");
    past.call("UpdateTrail", json!({"name": "main", "kmsKeyId": ""})).is(ENCRYPTION, "live");
}

/// Data events that were logged once are missed when they are not any more.
#[test]
fn what_is_no_longer_logged_is_missed() {
    let with = |data: Value| {
        json!({"trailName": "main", "eventSelectors": [{
            "readWriteType": "All", "includeManagementEvents": true, "dataResources": data, "excludeManagementEventSources": []
        }]})
    };
    made()
        .call("PutEventSelectors", with(json!([{"type": "AWS::S3::Object", "values": ["arn:aws:s3"]}])))
        .is(WEAKENED, "nothing")
        .call("PutEventSelectors", with(json!([])))
        .is(WEAKENED, "live");
}

#[test]
fn tags_are_kept_with_the_trail() {
    let past = made().call("AddTags", json!({"resourceId": ARN, "tagsList": [{"key": "team", "value": "audit"}]}));
    let past = past.call("RemoveTags", json!({"resourceId": ARN, "tagsList": [{"key": "other"}]}));
    let Facts::Trail(facts) = &past.facts else { panic!("{:?}", past.facts) };
    assert!(matches!(&facts.tags, Fact::Known(tags) if tags.len() == 1));
}

#[test]
fn event_data_stores() {
    const STORE: &str = "6b3c1f0e-2d4a-4c8e-9f51-0a7b8c9d0e1f";
    let id = StoreId::new(Region::new("eu-central-1").unwrap(), STORE).unwrap();
    let named = json!({"eventDataStore": STORE});
    let mut past = Past::<CloudTrail>::of("cloudtrail.amazonaws.com", "eu-central-1", &Target::Store(id))
        .is(STOPPED, "unknown")
        .call("StopEventDataStoreIngestion", named.clone())
        .is(STOPPED, "live")
        .call("StartEventDataStoreIngestion", named.clone())
        .is(STOPPED, "nothing")
        .call("DeleteEventDataStore", named.clone())
        .is(DELETED, "live")
        .call("RestoreEventDataStore", named.clone())
        .is(DELETED, "unknown");
    past.answered("RestoreEventDataStore", named, json!({"status": "ENABLED"}));
    past.is(DELETED, "nothing").is(STOPPED, "nothing");
}

/// Against what it had, which the answer to each change says whole.
#[test]
fn an_event_data_store_that_was_weakened() {
    const STORE: &str = "6b3c1f0e-2d4a-4c8e-9f51-0a7b8c9d0e1f";
    let id = StoreId::new(Region::new("eu-central-1").unwrap(), STORE).unwrap();
    let arn = format!("arn:aws:cloudtrail:eu-central-1:123456789012:eventdatastore/{STORE}");
    let answer = |protected: bool| {
        json!({"eventDataStoreArn": arn, "status": "ENABLED", "multiRegionEnabled": true, "retentionPeriod": 366,
            "terminationProtectionEnabled": protected, "advancedEventSelectors": [{"name": "all", "fieldSelectors": [
                {"field": "eventCategory", "equals": ["Management"]}]}]})
    };
    let asked = |protected: bool| json!({"eventDataStore": STORE, "terminationProtectionEnabled": protected});
    let mut past = Past::<CloudTrail>::of("cloudtrail.amazonaws.com", "eu-central-1", &Target::Store(id));
    past.answered("CreateEventDataStore", json!({"name": "audit"}), answer(true));
    let mut past = past.is(WEAKENED, "nothing");
    past.answered("UpdateEventDataStore", asked(false), answer(false));
    let mut past = past.is(WEAKENED, "live");
    // What an answer does not say is not known, and so neither is whether it is well.
    past.answered("UpdateEventDataStore", asked(true), json!({}));
    let mut past = past.is(WEAKENED, "unknown");
    past.answered("UpdateEventDataStore", asked(true), answer(true));
    past.is(WEAKENED, "nothing");
}

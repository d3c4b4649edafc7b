//! What wakes the guard.

use super::{bucket, coverage, deleted, encryption, logging, validation, weakened};
use crate::Trigger;

const CLOUDTRAIL: &str = "cloudtrail.amazonaws.com";
const NAME: &str = "name";
const TRAIL_NAME: &str = "trailName";
pub(super) const STORE: &str = "eventDataStore";
pub(super) const NEW_STORE: &str = "responseElements.eventDataStoreArn";
// A bucket names no trail: the account leads to its trails.
const ACCOUNT: &str = "";

const STOPPED: &[&str] = &[logging::STOPPED.id, coverage::NOT_MULTI_REGION.id];
const DELETED: &[&str] = &[deleted::DELETED.id, coverage::NOT_MULTI_REGION.id];
const MADE: &[&str] = &[
    deleted::DELETED.id,
    coverage::NOT_MULTI_REGION.id,
    validation::OFF.id,
    encryption::NOT_ENCRYPTED.id,
    bucket::PUBLIC_OR_MISSING.id,
];
const UPDATED: &[&str] = &[
    coverage::NOT_MULTI_REGION.id,
    weakened::WEAKENED.id,
    validation::OFF.id,
    encryption::NOT_ENCRYPTED.id,
    bucket::PUBLIC_OR_MISSING.id,
];
const SELECTED: &[&str] = &[weakened::WEAKENED.id, coverage::NOT_MULTI_REGION.id];

const fn on(name: &'static str, id: &'static str, controls: &'static [&'static str], example: &'static str) -> Trigger {
    Trigger { source: CLOUDTRAIL, name, id, controls, example }
}

/// What starts a trail or brings one back breaks nothing; it ends what was told, and what stands then is kept. Of the bucket only
/// its deletion wakes this guard: that it is opened is the buckets' guard's to put right, and sweeps tell it here
/// (`docs/adr/0017-trails.md`).
pub(super) const EVENTS: &[Trigger] = &[
    on("StopLogging", NAME, STOPPED, "stop-logging"),
    on("StartLogging", NAME, STOPPED, "start-logging"),
    on("DeleteTrail", NAME, DELETED, "delete-trail"),
    on("CreateTrail", NAME, MADE, "create-trail-plain"),
    on("UpdateTrail", NAME, UPDATED, "update-trail-single-region"),
    on("PutEventSelectors", TRAIL_NAME, SELECTED, "put-event-selectors-no-management"),
    on("PutInsightSelectors", TRAIL_NAME, &[weakened::WEAKENED.id], "put-insight-selectors-none"),
    on("StopEventDataStoreIngestion", STORE, &[logging::STOPPED.id], "stop-event-data-store-ingestion"),
    on("StartEventDataStoreIngestion", STORE, &[logging::STOPPED.id], "start-event-data-store-ingestion"),
    on("CreateEventDataStore", NEW_STORE, &[weakened::WEAKENED.id], "create-event-data-store"),
    on("UpdateEventDataStore", STORE, &[weakened::WEAKENED.id], "update-event-data-store-weaker"),
    on("DeleteEventDataStore", STORE, &[deleted::DELETED.id], "delete-event-data-store"),
    on("RestoreEventDataStore", STORE, &[deleted::DELETED.id], "restore-event-data-store"),
    Trigger {
        source: "s3.amazonaws.com",
        name: "DeleteBucket",
        id: ACCOUNT,
        controls: &[bucket::PUBLIC_OR_MISSING.id],
        example: "delete-bucket",
    },
];

//! Making a change, in the region where the trail is at home. Names are used there, not ARNs: they mean the same.

use std::fmt;

use aws_sdk_cloudtrail::types;
use rectify_aws::{AwsFailure, FailureKind, done, unless};
use rectify_controls::cloudtrail::{Change, Definition, Selectors, Target, TrailId};

use crate::{Clients, shape};

const SERVICE: &str = "cloudtrail";

pub(crate) async fn apply(at: &Clients, target: &Target, change: &Change) -> Result<(), AwsFailure> {
    match (target, change) {
        (Target::Trail(trail), Change::Logging(to)) => logging(at, trail, *to).await,
        (Target::Trail(trail), Change::CreateTrail(definition)) => create(at, trail, definition).await,
        (Target::Trail(trail), Change::DeleteTrail) => {
            let answer = at.trails.delete_trail().name(trail.name.as_str()).send().await;
            unless(done(SERVICE, "DeleteTrail", answer), &["TrailNotFoundException"])
        }
        (Target::Trail(trail), Change::Selectors(selectors)) => put_selectors(at, trail, selectors).await,
        (Target::Trail(trail), Change::Insights(kinds)) => put_insights(at, trail, kinds.iter()).await,
        (Target::Trail(trail), Change::Validation(to)) => {
            let call = at.trails.update_trail().name(trail.name.as_str()).enable_log_file_validation(*to);
            done(SERVICE, "UpdateTrail", call.send().await)
        }
        // An empty key takes the old one away; without the parameter it would stay.
        (Target::Trail(trail), Change::Key(key)) => {
            let call =
                at.trails.update_trail().name(trail.name.as_str()).kms_key_id(key.as_deref().unwrap_or_default());
            done(SERVICE, "UpdateTrail", call.send().await)
        }
        (Target::Account(_), Change::Coverage { trail, multi_region, global_events }) => {
            let call = at.trails.update_trail().name(trail.name.as_str());
            let call = call.is_multi_region_trail(*multi_region).include_global_service_events(*global_events);
            done(SERVICE, "UpdateTrail", call.send().await)
        }
        (Target::Store(store), Change::Ingestion(true)) => {
            let answer = at.trails.start_event_data_store_ingestion().event_data_store(&store.id).send().await;
            done(SERVICE, "StartEventDataStoreIngestion", answer)
        }
        (Target::Store(store), Change::Ingestion(false)) => {
            let answer = at.trails.stop_event_data_store_ingestion().event_data_store(&store.id).send().await;
            done(SERVICE, "StopEventDataStoreIngestion", answer)
        }
        (Target::Store(store), Change::Restored(true)) => {
            let answer = at.trails.restore_event_data_store().event_data_store(&store.id).send().await;
            done(SERVICE, "RestoreEventDataStore", answer)
        }
        (Target::Store(store), Change::Restored(false)) => {
            let answer = at.trails.delete_event_data_store().event_data_store(&store.id).send().await;
            done(SERVICE, "DeleteEventDataStore", answer)
        }
        (Target::Store(store), Change::Store(to)) => {
            const UPDATE: &str = "UpdateEventDataStore";
            let Selectors::Advanced(selectors) = &to.selectors else {
                return Err(unsent(UPDATE, "an event data store has advanced selectors only".to_owned()));
            };
            let call = at.trails.update_event_data_store().event_data_store(&store.id);
            let call = call.multi_region_enabled(to.multi_region).termination_protection_enabled(to.protected);
            let call = call.retention_period(to.retention);
            let call = call.set_advanced_event_selectors(Some(built(UPDATE, shape::to_advanced(selectors))?));
            done(SERVICE, UPDATE, call.send().await)
        }
        (target, change) => Err(unsent("apply the change", format!("«{change}» is not a change of {target}"))),
    }
}

async fn logging(at: &Clients, trail: &TrailId, to: bool) -> Result<(), AwsFailure> {
    let name = trail.name.as_str();
    if to {
        done(SERVICE, "StartLogging", at.trails.start_logging().name(name).send().await)
    } else {
        done(SERVICE, "StopLogging", at.trails.stop_logging().name(name).send().await)
    }
}

/// From `CreateTrail` to `StartLogging`. A trail that is there already, because an earlier attempt got so far, goes through the rest.
async fn create(at: &Clients, trail: &TrailId, definition: &Definition) -> Result<(), AwsFailure> {
    let settings = &definition.settings;
    let tags = built("CreateTrail", shape::to_tags(&definition.tags))?;
    let call = at
        .trails
        .create_trail()
        .name(trail.name.as_str())
        .s3_bucket_name(&settings.bucket)
        .set_s3_key_prefix(settings.prefix.clone())
        .set_sns_topic_name(settings.topic.clone())
        .set_cloud_watch_logs_log_group_arn(settings.log_group.clone())
        .set_cloud_watch_logs_role_arn(settings.log_role.clone())
        .set_kms_key_id(settings.key.clone())
        .is_multi_region_trail(settings.multi_region)
        .include_global_service_events(settings.global_events)
        .is_organization_trail(settings.organization)
        .enable_log_file_validation(settings.validation)
        .set_tags_list((!tags.is_empty()).then_some(tags));
    unless(done(SERVICE, "CreateTrail", call.send().await), &["TrailAlreadyExistsException"])?;
    if definition.logging {
        logging(at, trail, true).await?;
    }
    if definition.selectors != Selectors::default_of_aws() {
        put_selectors(at, trail, &definition.selectors).await?;
    }
    if !definition.insights.is_empty() {
        put_insights(at, trail, definition.insights.iter()).await?;
    }
    Ok(())
}

async fn put_selectors(at: &Clients, trail: &TrailId, selectors: &Selectors) -> Result<(), AwsFailure> {
    let call = at.trails.put_event_selectors().trail_name(trail.name.as_str());
    let call = match selectors {
        Selectors::Basic(all) => call.set_event_selectors(Some(shape::to_basic(all))),
        Selectors::Advanced(all) => {
            call.set_advanced_event_selectors(Some(built("PutEventSelectors", shape::to_advanced(all))?))
        }
    };
    done(SERVICE, "PutEventSelectors", call.send().await)
}

async fn put_insights(at: &Clients, trail: &TrailId, kinds: impl Iterator<Item = &String>) -> Result<(), AwsFailure> {
    let selectors = kinds
        .map(|kind| types::InsightSelector::builder().insight_type(types::InsightType::from(kind.as_str())).build());
    let call = at.trails.put_insight_selectors().trail_name(trail.name.as_str());
    done(SERVICE, "PutInsightSelectors", call.set_insight_selectors(Some(selectors.collect())).send().await)
}

/// A request that could not even be built is refused before it is sent.
fn built<T>(operation: &'static str, value: Result<T, impl fmt::Display>) -> Result<T, AwsFailure> {
    value.map_err(|odd| unsent(operation, odd.to_string()))
}

fn unsent(operation: &'static str, message: String) -> AwsFailure {
    let kind = FailureKind::Invalid;
    AwsFailure { service: SERVICE, operation, kind, code: None, message: Some(message), request_id: None }
}

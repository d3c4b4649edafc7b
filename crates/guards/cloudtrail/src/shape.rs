//! Between the SDK's types and the rule book's.

use std::collections::BTreeMap;

use aws_sdk_cloudtrail::{
    error::BuildError,
    operation::{
        get_event_data_store::GetEventDataStoreOutput, get_event_selectors::GetEventSelectorsOutput,
        get_trail_status::GetTrailStatusOutput,
    },
    types,
};
use rectify_controls::cloudtrail::{
    AdvancedSelector, BasicSelector, DataResource, FieldSelector, Selectors, Settings, Status, StoreSettings,
};

/// Empty is how CloudTrail says that something has been taken away.
fn given(text: Option<&str>) -> Option<String> {
    text.filter(|text| !text.is_empty()).map(str::to_owned)
}

pub(crate) fn settings(trail: &types::Trail) -> Result<Settings, String> {
    Ok(Settings {
        bucket: given(trail.s3_bucket_name()).ok_or("a trail without a bucket")?,
        prefix: given(trail.s3_key_prefix()),
        topic: given(trail.sns_topic_arn()),
        log_group: given(trail.cloud_watch_logs_log_group_arn()),
        log_role: given(trail.cloud_watch_logs_role_arn()),
        key: given(trail.kms_key_id()),
        multi_region: trail.is_multi_region_trail() == Some(true),
        global_events: trail.include_global_service_events() == Some(true),
        organization: trail.is_organization_trail() == Some(true),
        validation: trail.log_file_validation_enabled() == Some(true),
    })
}

pub(crate) fn status(answer: &GetTrailStatusOutput) -> Status {
    Status {
        logging: answer.is_logging() == Some(true),
        started: answer.start_logging_time().or(answer.stop_logging_time()).is_some(),
        delivery_error: given(answer.latest_delivery_error()),
    }
}

/// None at all is what a trail has that never was given any: all management events.
pub(crate) fn selectors(answer: &GetEventSelectorsOutput) -> Selectors {
    let (basic, advanced) = (answer.event_selectors(), answer.advanced_event_selectors());
    if !advanced.is_empty() {
        return Selectors::Advanced(advanced.iter().map(advanced_selector).collect());
    }
    if basic.is_empty() {
        Selectors::default_of_aws()
    } else {
        Selectors::Basic(basic.iter().map(basic_selector).collect())
    }
}

/// What is not said has a default (CloudTrail API reference, `EventSelector`).
fn basic_selector(selector: &types::EventSelector) -> BasicSelector {
    let data = selector.data_resources().iter().map(|data| DataResource {
        kind: data.r#type().unwrap_or_default().to_owned(),
        values: data.values().to_vec(),
    });
    BasicSelector {
        read_write: selector.read_write_type().map_or("All", |kind| kind.as_str()).to_owned(),
        management: selector.include_management_events() != Some(false),
        excluded: selector.exclude_management_event_sources().to_vec(),
        data: data.collect(),
    }
}

fn advanced_selector(selector: &types::AdvancedEventSelector) -> AdvancedSelector {
    let fields = selector.field_selectors().iter().map(|field| FieldSelector {
        field: field.field().to_owned(),
        equals: field.equals().to_vec(),
        starts_with: field.starts_with().to_vec(),
        ends_with: field.ends_with().to_vec(),
        not_equals: field.not_equals().to_vec(),
        not_starts_with: field.not_starts_with().to_vec(),
        not_ends_with: field.not_ends_with().to_vec(),
    });
    AdvancedSelector { name: given(selector.name()), fields: fields.collect() }
}

/// What an event data store takes in and keeps; in words what is missing.
pub(crate) fn store(answer: &GetEventDataStoreOutput) -> Result<StoreSettings, String> {
    Ok(StoreSettings {
        multi_region: answer.multi_region_enabled() == Some(true),
        protected: answer.termination_protection_enabled() == Some(true),
        retention: answer.retention_period().ok_or_else(|| "no retention period".to_owned())?,
        selectors: Selectors::Advanced(answer.advanced_event_selectors().iter().map(advanced_selector).collect()),
    })
}

pub(crate) fn tags(list: &[types::Tag]) -> BTreeMap<String, String> {
    list.iter().map(|tag| (tag.key().to_owned(), tag.value().unwrap_or_default().to_owned())).collect()
}

pub(crate) fn to_basic(selectors: &[BasicSelector]) -> Vec<types::EventSelector> {
    let selector = |one: &BasicSelector| {
        let data = one.data.iter().map(|data| {
            types::DataResource::builder().r#type(&data.kind).set_values(Some(data.values.clone())).build()
        });
        types::EventSelector::builder()
            .read_write_type(types::ReadWriteType::from(one.read_write.as_str()))
            .include_management_events(one.management)
            .set_data_resources(Some(data.collect()))
            .set_exclude_management_event_sources(Some(one.excluded.clone()))
            .build()
    };
    selectors.iter().map(selector).collect()
}

pub(crate) fn to_advanced(selectors: &[AdvancedSelector]) -> Result<Vec<types::AdvancedEventSelector>, BuildError> {
    let list = |values: &Vec<String>| (!values.is_empty()).then(|| values.clone());
    let selector = |one: &AdvancedSelector| {
        let fields = one.fields.iter().map(|field| {
            types::AdvancedFieldSelector::builder()
                .field(&field.field)
                .set_equals(list(&field.equals))
                .set_starts_with(list(&field.starts_with))
                .set_ends_with(list(&field.ends_with))
                .set_not_equals(list(&field.not_equals))
                .set_not_starts_with(list(&field.not_starts_with))
                .set_not_ends_with(list(&field.not_ends_with))
                .build()
        });
        let fields = fields.collect::<Result<Vec<_>, _>>()?;
        types::AdvancedEventSelector::builder().set_name(one.name.clone()).set_field_selectors(Some(fields)).build()
    };
    selectors.iter().map(selector).collect()
}

pub(crate) fn to_tags(tags: &BTreeMap<String, String>) -> Result<Vec<types::Tag>, BuildError> {
    tags.iter().map(|(key, value)| types::Tag::builder().key(key).value(value).build()).collect()
}

//! The parts of a resource as messages show them: in the words of the CloudTrail API, complete for what a change writes.

use serde_json::{Value, json};

use super::{Facts, FieldSelector, Selectors, Settings, model};
use crate::Fact;

/// The part `slot` of `facts`; `None` when it was not read. What is not configured is `null`.
pub(super) fn shown(facts: &Facts, slot: &str) -> Option<Value> {
    match facts {
        Facts::Trail(facts) => {
            if facts.settings == Fact::Known(None) {
                return Some(Value::Null);
            }
            let settings = || facts.settings.known().and_then(Option::as_ref);
            match slot {
                "trail" => settings().map(trail),
                "logging" => facts.status.known().map(|status| json!({ "IsLogging": status.logging })),
                "event-selectors" => facts.selectors.known().map(selectors),
                "insight-selectors" => facts.insights.known().map(|kinds| json!(kinds)),
                "log-file-validation" => {
                    settings().map(|settings| json!({ "LogFileValidationEnabled": settings.validation }))
                }
                "kms-key" => settings().map(|settings| json!({ "KmsKeyId": settings.key })),
                _ => None,
            }
        }
        Facts::Store(facts) => match slot {
            "ingestion" => facts.status.known().map(|status| json!({ "Status": status })),
            "event-data-store-settings" => facts.settings.known().map(|settings| {
                json!({
                    "AdvancedEventSelectors": selectors(&settings.selectors),
                    "MultiRegionEnabled": settings.multi_region,
                    "RetentionPeriod": settings.retention,
                    "TerminationProtectionEnabled": settings.protected,
                })
            }),
            "event-data-store" => facts.status.known().map(|status| match status.as_str() {
                model::PENDING_DELETION => Value::Null,
                status => json!({ "Status": status }),
            }),
            _ => None,
        },
        Facts::Account(facts) => match slot {
            "coverage" => facts.trails.known().map(|trails| {
                let own = trails.iter().filter(|seen| seen.owner == facts.place.account);
                let flags = own.map(|seen| {
                    let flags = json!({
                        "IsMultiRegionTrail": seen.multi_region,
                        "IncludeGlobalServiceEvents": seen.global_events,
                    });
                    (String::from(seen.trail.clone()), flags)
                });
                Value::Object(flags.collect())
            }),
            _ => None,
        },
    }
}

fn trail(settings: &Settings) -> Value {
    json!({
        "S3BucketName": settings.bucket,
        "IsMultiRegionTrail": settings.multi_region,
        "IsOrganizationTrail": settings.organization,
        "LogFileValidationEnabled": settings.validation,
        "KmsKeyId": settings.key,
    })
}

fn selectors(selectors: &Selectors) -> Value {
    match selectors {
        Selectors::Basic(all) => all
            .iter()
            .map(|one| {
                let data = one.data.iter().map(|data| json!({ "Type": data.kind, "Values": data.values }));
                json!({
                    "ReadWriteType": one.read_write,
                    "IncludeManagementEvents": one.management,
                    "ExcludeManagementEventSources": one.excluded,
                    "DataResources": data.collect::<Vec<_>>(),
                })
            })
            .collect(),
        Selectors::Advanced(all) => all
            .iter()
            .map(|one| {
                let fields = one.fields.iter().map(field);
                json!({ "Name": one.name, "FieldSelectors": fields.collect::<Vec<_>>() })
            })
            .collect(),
    }
}

fn field(field: &FieldSelector) -> Value {
    let lists = [
        ("Equals", &field.equals),
        ("StartsWith", &field.starts_with),
        ("EndsWith", &field.ends_with),
        ("NotEquals", &field.not_equals),
        ("NotStartsWith", &field.not_starts_with),
        ("NotEndsWith", &field.not_ends_with),
    ];
    let mut shown = serde_json::Map::from_iter([("Field".to_owned(), json!(field.field))]);
    shown.extend(
        lists.into_iter().filter(|(_, list)| !list.is_empty()).map(|(name, list)| (name.to_owned(), json!(list))),
    );
    Value::Object(shown)
}

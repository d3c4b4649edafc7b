//! From the SDK's types to the rule book's facts.

use aws_sdk_cloudformation::{
    primitives::DateTime,
    types::{PropertyDifference, ResourceChange, Stack, StackResourceDrift, StackResourceDriftStatus},
};
use jiff::Timestamp;
use rectify_controls::cloudformation_stack::{
    Check, Difference, DriftStatus, PlannedChange, ResourceDrift, State, Unchecked, visible,
};

pub(crate) fn timestamp(time: &DateTime) -> Option<Timestamp> {
    Timestamp::new(time.secs(), i32::try_from(time.subsec_nanos()).unwrap_or_default()).ok()
}

pub(crate) fn state(stack: &Stack) -> State {
    let deployed = stack.last_updated_time().or_else(|| stack.creation_time());
    let root = stack.root_id().or_else(|| stack.parent_id());
    State {
        status: stack.stack_status().map(|status| status.as_str().to_owned()).unwrap_or_default(),
        protected: stack.enable_termination_protection() == Some(true),
        root: root.map(|arn| arn.split('/').nth(1).unwrap_or(arn).to_owned()),
        role: stack.role_arn().filter(|role| !role.is_empty()).map(str::to_owned),
        deployed_at: deployed.and_then(timestamp),
        tags: tags(stack),
    }
}

pub(crate) fn tags(stack: &Stack) -> rectify_controls::Tags {
    stack
        .tags()
        .iter()
        .filter_map(|tag| Some((tag.key()?.to_owned(), tag.value().unwrap_or_default().to_owned())))
        .collect()
}

/// When the latest detection was started.
pub(crate) fn checked_at(stack: &Stack) -> Option<Timestamp> {
    stack.drift_information()?.last_check_timestamp().and_then(timestamp)
}

/// The latest detection, from the stack and the results of all its resources. `ended`: CloudFormation has said that it is over.
///
/// No call says whether a detection is under way. While one is, results of the one before stand among its own, and are older than its
/// beginning.
pub(crate) fn check(stack: &Stack, results: &[StackResourceDrift], ended: bool) -> Check {
    let at = checked_at(stack);
    let status = stack.drift_information().and_then(|information| information.stack_drift_status());
    let status = match status.map(|status| status.as_str()) {
        Some("DRIFTED") => DriftStatus::Drifted,
        Some("IN_SYNC") => DriftStatus::InSync,
        None | Some("NOT_CHECKED") => DriftStatus::NotChecked,
        Some(_) => DriftStatus::Unknown,
    };
    let is_of_it = |result: &StackResourceDrift| result.timestamp().and_then(timestamp) >= at;
    let mut check = Check { status, whole: ended || results.iter().all(is_of_it), ..Check::none(at) };
    for result in results {
        let logical = result.logical_resource_id().unwrap_or_default().to_owned();
        let kind = result.resource_type().unwrap_or_default().to_owned();
        match result.stack_resource_drift_status() {
            Some(StackResourceDriftStatus::InSync) => check.in_sync.push(logical),
            Some(StackResourceDriftStatus::Modified) => {
                let mut differences: Vec<_> = result.property_differences().iter().map(difference).collect();
                differences.sort();
                check.drifts.push(ResourceDrift { logical, kind, deleted: false, differences });
            }
            Some(StackResourceDriftStatus::Deleted) => {
                check.drifts.push(ResourceDrift { logical, kind, deleted: true, differences: Vec::new() });
            }
            // A type that no detection looks at is no gap in this one.
            None | Some(StackResourceDriftStatus::NotChecked) => {}
            Some(other) if other.as_str() == "UNSUPPORTED" => {}
            Some(_) => {
                let reason = result.drift_status_reason().map(reason);
                check.unchecked.push(Unchecked { logical, kind, reason });
            }
        }
    }
    check.drifts.sort();
    check.in_sync.sort();
    check.unchecked.sort();
    check
}

/// The service's words without what comes after them in brackets: status, code and request id of one call.
fn reason(text: &str) -> String {
    let text = text.split(" (Service:").next().unwrap_or(text);
    text.chars().filter(|c| !c.is_control()).take(300).collect()
}

fn difference(one: &PropertyDifference) -> Difference {
    let path = one.property_path().unwrap_or_default();
    let shown = |value: Option<&str>| {
        let value = value.filter(|value| !value.is_empty() && *value != "null")?;
        Some(visible(path, value))
    };
    Difference { path: path.to_owned(), expected: shown(one.expected_value()), actual: shown(one.actual_value()) }
}

pub(crate) fn planned(change: &ResourceChange) -> PlannedChange {
    PlannedChange {
        logical: change.logical_resource_id().unwrap_or_default().to_owned(),
        action: change.action().map(|action| action.as_str().to_owned()).unwrap_or_default(),
        replacement: change.replacement().map(|replacement| replacement.as_str().to_owned()),
    }
}

//! Configuration items and findings of other services: hints where to look, with every control of the resource.

use rectify_event::{ConfigCompliance, ConfigItem, Event, GuardDutyFinding, MacieFinding, SecurityHubFinding};

use super::{Screened, access_point, account, bucket, look, named};
use crate::{Ignored, s3_bucket::Target};

pub(super) fn config_item(event: &Event<'_>, change: &ConfigItem<'_>) -> Screened {
    let item = change.item().ok_or_else(|| Ignored::NoResource("the event has no configuration item".to_owned()))?;
    if item.status.as_deref().is_some_and(|status| status.starts_with("ResourceDeleted")) {
        return Err(Ignored::NotApplicable("the resource is deleted".to_owned()));
    }
    let name = item.resource_name.as_deref().or(item.resource_id.as_deref());
    of_config(event, item.resource_type.as_deref(), name)
}

pub(super) fn config_compliance(event: &Event<'_>, change: &ConfigCompliance<'_>) -> Screened {
    if change.new.as_ref().and_then(|new| new.compliance.as_deref()) != Some("NON_COMPLIANT") {
        return Err(Ignored::NotOurs);
    }
    of_config(event, change.resource_type.as_deref(), change.resource_id.as_deref())
}

fn of_config(event: &Event<'_>, kind: Option<&str>, name: Option<&str>) -> Screened {
    let name = || name.ok_or_else(|| Ignored::NoResource("the item names no resource".to_owned()));
    let target = match kind {
        Some("AWS::S3::Bucket") => bucket(name()?)?,
        Some("AWS::S3::AccountPublicAccessBlock") => Target::Account(account(event)?),
        Some("AWS::S3::AccessPoint") => access_point(name()?)?,
        _ => return Err(Ignored::NotOurs),
    };
    look(vec![target], |_| true, false)
}

/// GuardDuty user guide, "GuardDuty S3 finding types".
pub(super) fn guard_duty(event: &Event<'_>, finding: &GuardDutyFinding<'_>) -> Screened {
    let targets = match finding.kind.as_deref() {
        Some("Policy:S3/AccountBlockPublicAccessDisabled") => vec![Target::Account(account(event)?)],
        Some(
            "Policy:S3/BucketBlockPublicAccessDisabled"
            | "Policy:S3/BucketAnonymousAccessGranted"
            | "Policy:S3/BucketPublicAccessGranted"
            | "Stealth:S3/ServerAccessLoggingDisabled",
        ) => {
            let buckets = finding.resource.as_ref().map(|resource| resource.s3_bucket_details.as_slice());
            let names = buckets.unwrap_or_default().iter().filter_map(|bucket| bucket.name.as_deref());
            names.map(bucket).collect::<Result<_, _>>()?
        }
        _ => return Err(Ignored::NotOurs),
    };
    look(targets, |_| true, false)
}

/// Macie user guide, "Types of Amazon Macie findings": policy findings. Sensitive data is about objects.
pub(super) fn macie(finding: &MacieFinding<'_>) -> Screened {
    let ours = finding.kind.as_deref().is_some_and(|kind| kind.starts_with("Policy:IAMUser/S3"));
    if !ours || finding.sample == Some(true) {
        return Err(Ignored::NotOurs);
    }
    let affected = finding.resources_affected.as_ref().and_then(|affected| affected.s3_bucket.as_ref());
    let name = affected
        .and_then(|bucket| bucket.name.as_deref())
        .ok_or_else(|| Ignored::NoResource("the finding names no bucket".to_owned()))?;
    look(vec![bucket(name)?], |_| true, false)
}

/// Findings that the suite imported itself come back too and are left alone.
pub(super) fn security_hub(event: &Event<'_>, finding: &SecurityHubFinding<'_>) -> Screened {
    let own = finding.product_name.as_deref().is_some_and(|name| name.eq_ignore_ascii_case("rectify"))
        || finding.generator_id.as_deref().is_some_and(|id| id.starts_with("rectify/"));
    if own || finding.record_state.as_deref() == Some("ARCHIVED") {
        return Err(Ignored::NotOurs);
    }
    let account = account(event)?;
    let buckets = finding
        .resources
        .iter()
        .filter(|resource| matches!(resource.kind.as_deref(), Some("AwsS3Bucket" | "AwsS3AccessPoint")));
    let targets: Vec<Target> = buckets
        .filter_map(|resource| resource.id.as_deref())
        .map(|id| named(id, &account))
        .collect::<Result<_, _>>()?;
    if targets.is_empty() { Err(Ignored::NotOurs) } else { look(targets, |_| true, false) }
}

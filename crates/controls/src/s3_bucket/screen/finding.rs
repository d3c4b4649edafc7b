//! Configuration items and findings of other services: hints where to look, with every control of the resource.

use rectify_event::{Event, GuardDutyFinding, MacieFinding, SecurityHubFinding};

use super::{Screened, access_point, account, bucket, look, named};
use crate::{
    Ignored,
    s3_bucket::Target,
    screen::{self, Configured},
};

pub(super) fn of_config(event: &Event<'_>, item: &Configured<'_>) -> Screened {
    let target = match item.kind {
        Some("AWS::S3::Bucket") => bucket(item.name()?)?,
        Some("AWS::S3::AccountPublicAccessBlock") => Target::Account(account(event)?),
        Some("AWS::S3::AccessPoint") => access_point(item.name()?)?,
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

pub(super) fn security_hub(event: &Event<'_>, finding: &SecurityHubFinding<'_>) -> Screened {
    let ids = screen::security_hub(finding, &["AwsS3Bucket", "AwsS3AccessPoint"])?;
    let account = account(event)?;
    let targets: Vec<Target> = ids.into_iter().map(|id| named(id, &account)).collect::<Result<_, _>>()?;
    look(targets, |_| true, false)
}

//! Which object an event is about. No event is suspicious: S3 reads what was written last (S3 user guide, "Amazon S3 data consistency
//! model"), ACLs and tags included, so one look is enough.

use rectify_event::{Detail, Event, MacieFinding, ObjectCreated, Params, Record};

use super::{
    ObjectId, ObjectKey, VersionId,
    events::{EVENTS, NOTICES},
};
use crate::{
    BucketName, Ignored, Screen,
    screen::{self, bounded, named},
};

type Screened = Result<Screen<ObjectId>, Ignored>;

/// See [`crate::Kind::screen`].
pub(super) fn screen(event: &Event<'_>) -> Screen<ObjectId> {
    let screened = match &event.detail {
        Detail::ApiCall(record) => api_call(record),
        Detail::ObjectCreated(object) | Detail::ObjectChanged(object) => notice(event, object),
        Detail::Macie(finding) => macie(event, finding),
        _ => Err(Ignored::NotOurs),
    };
    screened.unwrap_or_else(Screen::Ignore)
}

fn api_call(record: &Record<'_>) -> Screened {
    let trigger = screen::api_call(record, EVENTS)?;
    let request = record.request();
    let (bucket, key) = (named(&request, "bucketName")?, named(&request, trigger.id)?);
    // A new version is named by the answer, one that is changed by the request.
    let answer = record.response();
    let version = version_of(&answer, "x-amz-version-id").or_else(|| version_of(&request, "versionId"));
    look(bucket, key, version.as_deref(), trigger.controls)
}

fn version_of(params: &Params, name: &str) -> Option<String> {
    params.str(name).map(str::to_owned)
}

fn notice(event: &Event<'_>, object: &ObjectCreated<'_>) -> Screened {
    let nothing = |what: &str| Ignored::NoResource(format!("the event names no {what}"));
    let bucket = object.bucket.as_ref().and_then(|bucket| bucket.name.as_deref()).ok_or_else(|| nothing("bucket"))?;
    let object = object.object.as_ref().ok_or_else(|| nothing("object"))?;
    let key = object.key.as_deref().ok_or_else(|| nothing("key"))?;
    look(bounded(bucket)?, bounded(key)?, object.version_id.as_deref(), controls(event)?)
}

/// Macie user guide, "Types of Amazon Macie findings". `Multiple` is credentials beside something else, or something else twice:
/// the object will tell.
fn macie(event: &Event<'_>, finding: &MacieFinding<'_>) -> Screened {
    let ours = matches!(
        finding.kind.as_deref(),
        Some("SensitiveData:S3Object/Credentials" | "SensitiveData:S3Object/Multiple")
    );
    if !ours || finding.sample == Some(true) || finding.archived == Some(true) {
        return Err(Ignored::NotOurs);
    }
    let nothing = |what: &str| Ignored::NoResource(format!("the finding names no {what}"));
    let affected = finding.resources_affected.as_ref().ok_or_else(|| nothing("object"))?;
    let bucket =
        affected.s3_bucket.as_ref().and_then(|bucket| bucket.name.as_deref()).ok_or_else(|| nothing("bucket"))?;
    let object = affected.s3_object.as_ref().ok_or_else(|| nothing("object"))?;
    let key = object.key.as_deref().ok_or_else(|| nothing("key"))?;
    look(bounded(bucket)?, bounded(key)?, object.version_id.as_deref(), controls(event)?)
}

/// The controls that hear of the event, by what its envelope says it is.
fn controls(event: &Event<'_>) -> Result<&'static [&'static str], Ignored> {
    let (source, detail_type) = (&*event.envelope.source, &*event.envelope.detail_type);
    let notice = NOTICES.iter().find(|notice| notice.source == source && notice.detail_type == detail_type);
    notice.map(|notice| notice.controls).ok_or(Ignored::NotOurs)
}

fn look(bucket: &str, key: &str, version: Option<&str>, controls: &[&'static str]) -> Screened {
    let bucket = BucketName::new(bucket).map_err(|error| Ignored::NoResource(error.to_string()))?;
    if bucket.is_directory_bucket() {
        return Err(Ignored::NotApplicable(
            "an object in a directory bucket, which has neither ACLs nor tags".to_owned(),
        ));
    }
    let key = ObjectKey::new(key).map_err(Ignored::NoResource)?;
    let version = match version {
        None | Some("null" | "") => None,
        Some(version) => Some(VersionId::new(version).map_err(Ignored::NoResource)?),
    };
    let targets = vec![ObjectId { bucket, key, version }];
    Ok(Screen::Look { targets, selection: controls.iter().copied().collect(), suspicious: false })
}

//! Smaller events: CloudFormation drift, S3 objects, schedules, and the ones rectify sends itself.

use std::borrow::Cow;

use serde::{Deserialize, Serialize};

use crate::lenient;

/// `CloudFormation Drift Detection Status Change` (CloudFormation user guide, "EventBridge event details").
#[derive(Debug, Clone, Default, Deserialize, Serialize)]
#[serde(rename_all = "kebab-case")]
pub struct Drift<'a> {
    /// ARN of the stack.
    #[serde(borrow, default, deserialize_with = "lenient::text")]
    pub stack_id: Option<Cow<'a, str>>,
    /// The run of the detection.
    #[serde(borrow, default, deserialize_with = "lenient::text")]
    pub stack_drift_detection_id: Option<Cow<'a, str>>,
    /// Token of the call that started it.
    #[serde(borrow, default, deserialize_with = "lenient::text")]
    pub client_request_token: Option<Cow<'a, str>>,
    /// How it ended.
    #[serde(borrow, default, deserialize_with = "lenient::object")]
    pub status_details: Option<DriftStatus<'a>>,
    /// How much drifted.
    #[serde(default, deserialize_with = "lenient::object")]
    pub drift_detection_details: Option<DriftDetails>,
}

/// `status-details` of a drift event.
#[derive(Debug, Clone, Default, Deserialize, Serialize)]
#[serde(rename_all = "kebab-case")]
pub struct DriftStatus<'a> {
    /// `DRIFTED`, `IN_SYNC`, `UNKNOWN` or `NOT_CHECKED`.
    #[serde(borrow, default, deserialize_with = "lenient::text")]
    pub stack_drift_status: Option<Cow<'a, str>>,
    /// `DETECTION_COMPLETE`, `DETECTION_FAILED` or `DETECTION_IN_PROGRESS`.
    #[serde(borrow, default, deserialize_with = "lenient::text")]
    pub detection_status: Option<Cow<'a, str>>,
}

/// `drift-detection-details` of a drift event.
#[derive(Debug, Clone, Copy, Default, Deserialize, Serialize)]
#[serde(rename_all = "kebab-case")]
pub struct DriftDetails {
    /// How many resources drifted.
    #[serde(default, deserialize_with = "lenient::number")]
    pub drifted_stack_resource_count: Option<f64>,
}

/// `Object Created` (S3 user guide, "Amazon EventBridge event message structure").
#[derive(Debug, Clone, Default, Deserialize, Serialize)]
#[serde(rename_all = "kebab-case")]
pub struct ObjectCreated<'a> {
    /// Where.
    #[serde(borrow, default, deserialize_with = "lenient::object")]
    pub bucket: Option<Bucket<'a>>,
    /// What.
    #[serde(borrow, default, deserialize_with = "lenient::object")]
    pub object: Option<Object<'a>>,
    /// The call: `PutObject`, `POST Object`, `CopyObject` or `CompleteMultipartUpload`.
    #[serde(borrow, default, deserialize_with = "lenient::text")]
    pub reason: Option<Cow<'a, str>>,
    /// Account id or service principal.
    #[serde(borrow, default, deserialize_with = "lenient::text")]
    pub requester: Option<Cow<'a, str>>,
    /// The id S3 gave the call.
    #[serde(borrow, default, deserialize_with = "lenient::text")]
    pub request_id: Option<Cow<'a, str>>,
    /// The caller's address; absent for calls by AWS services.
    #[serde(borrow, default, deserialize_with = "lenient::text")]
    pub source_ip_address: Option<Cow<'a, str>>,
}

/// `bucket` of an object event.
#[derive(Debug, Clone, Default, Deserialize, Serialize)]
#[serde(rename_all = "kebab-case")]
pub struct Bucket<'a> {
    /// Name.
    #[serde(borrow, default, deserialize_with = "lenient::text")]
    pub name: Option<Cow<'a, str>>,
}

/// `object` of an object event.
#[derive(Debug, Clone, Default, Deserialize, Serialize)]
#[serde(rename_all = "kebab-case")]
pub struct Object<'a> {
    /// Key, not URL encoded.
    #[serde(borrow, default, deserialize_with = "lenient::text")]
    pub key: Option<Cow<'a, str>>,
    /// Bytes.
    #[serde(default, deserialize_with = "lenient::number")]
    pub size: Option<f64>,
    /// Entity tag.
    #[serde(borrow, default, deserialize_with = "lenient::text")]
    pub etag: Option<Cow<'a, str>>,
    /// Version; absent without versioning.
    #[serde(borrow, default, deserialize_with = "lenient::text")]
    pub version_id: Option<Cow<'a, str>>,
    /// Orders two events of one key.
    #[serde(borrow, default, deserialize_with = "lenient::text")]
    pub sequencer: Option<Cow<'a, str>>,
}

/// `Scheduled Event` of an EventBridge rule.
#[derive(Debug, Clone, Default)]
pub struct Scheduled<'a> {
    /// ARN of the rule that fired: the first of the envelope's resources.
    pub rule: Option<Cow<'a, str>>,
}

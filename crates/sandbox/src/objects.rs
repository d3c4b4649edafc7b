//! S3's own events about objects, which need no trail: of buckets whose notifications to EventBridge are on
//! (S3 user guide, "Amazon EventBridge event message structure").

use std::collections::HashSet;

use http::HeaderMap;
use parking_lot::RwLock;
use serde_json::{Value, json};

use crate::{naming::Named, request::Seen, trail};

/// The buckets that send their events.
#[derive(Debug, Default)]
pub(crate) struct Notifying(RwLock<HashSet<String>>);

/// A call about an object that has been answered.
pub(crate) struct Answered<'a> {
    pub(crate) named: &'a Named,
    pub(crate) seen: &'a Seen,
    pub(crate) headers: &'a HeaderMap,
    pub(crate) body: &'a [u8],
    pub(crate) account: &'a str,
    pub(crate) region: &'a str,
}

impl Notifying {
    /// What a successful `PutBucketNotificationConfiguration` says: it replaces all that was said before.
    pub(crate) fn learn(&self, bucket: &str, body: &[u8]) {
        let on = String::from_utf8_lossy(body).contains("EventBridgeConfiguration");
        let mut buckets = self.0.write();
        if on {
            buckets.insert(bucket.to_owned());
        } else {
            buckets.remove(bucket);
        }
    }

    /// The event of a successful call, when its bucket sends one.
    pub(crate) fn event(&self, call: &Answered<'_>) -> Option<Value> {
        let operation = call.named.operation.as_str();
        let detail_type = match operation {
            "PutObject" | "CopyObject" | "CompleteMultipartUpload" => "Object Created",
            "PutObjectAcl" => "Object ACL Updated",
            "PutObjectTagging" => "Object Tags Added",
            "DeleteObjectTagging" => "Object Tags Deleted",
            _ => return None,
        };
        let (bucket, key) = (call.named.labels.get("Bucket")?, call.named.labels.get("Key")?);
        if !self.0.read().contains(bucket) {
            return None;
        }
        let header = |name: &str| call.headers.get(name).and_then(|value| value.to_str().ok());
        let etag = header("etag").map(str::to_owned).or_else(|| trail::xml::first_text(call.body, "ETag"));
        let mut object = json!({"key": key, "etag": etag.unwrap_or_default().trim_matches('"')});
        let mut add =
            |name: &str, value: Value| object.as_object_mut().and_then(|object| object.insert(name.to_owned(), value));
        if let Some(version) = header("x-amz-version-id") {
            add("version-id", json!(version));
        }
        let mut detail = json!({
            "version": "0",
            "bucket": {"name": bucket},
            "request-id": header("x-amz-request-id").unwrap_or("TESTBUCKETREQUEST"),
            "requester": call.account,
            "source-ip-address": "127.0.0.1",
        });
        let is_new = detail_type == "Object Created";
        if is_new {
            add("size", json!(call.seen.body.len()));
            add("sequencer", json!(format!("{:018X}", jiff::Timestamp::now().as_nanosecond())));
        }
        if let Some(detail) = detail.as_object_mut() {
            detail.insert("object".to_owned(), object);
            if is_new {
                detail.insert("reason".to_owned(), json!(operation));
            }
        }
        Some(json!({
            "version": "0",
            "id": uuid::Uuid::new_v4().to_string(),
            "detail-type": detail_type,
            "source": "aws.s3",
            "account": call.account,
            "time": jiff::Timestamp::now().strftime("%Y-%m-%dT%H:%M:%SZ").to_string(),
            "region": call.region,
            "resources": [format!("arn:aws:s3:::{bucket}")],
            "detail": detail,
        }))
    }
}

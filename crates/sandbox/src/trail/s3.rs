//! `requestParameters` of S3 and S3Control: query flags, `x-amz-` headers and the body, side by side.
//!
//! Shapes as in recorded events: `"acl": ""`, `"x-amz-acl": "public-read"`, `"Host"`, `bucketPolicy` as an object, the
//! body under its root element's name.

use serde_json::{Map, Value};

use crate::naming::Named;
use crate::request::Seen;
use crate::trail::shape::lower_first;
use crate::trail::xml;

/// Headers of the transport, which the records do not show.
const NOT_SHOWN: [&str; 12] = [
    "x-amz-date",
    "x-amz-content-sha256",
    "x-amz-security-token",
    "x-amz-user-agent",
    "x-amz-sdk-checksum-algorithm",
    "x-amz-trailer",
    "x-amz-decoded-content-length",
    "x-amz-account-id",
    "x-amz-te",
    "x-amz-request-payer",
    "x-amz-algorithm",
    "x-amz-optional-object-attributes",
];

pub(crate) fn parameters(named: &Named, seen: &Seen, region: &str) -> Map<String, Value> {
    let mut parameters = Map::new();
    let is_control = named.service.name == "s3control";
    for (label, value) in &named.labels {
        let key = match label.as_str() {
            "Bucket" => "bucketName".to_owned(),
            other => lower_first(other),
        };
        parameters.insert(key, Value::from(value.clone()));
    }
    parameters.insert("Host".to_owned(), Value::from(host(seen, region, is_control)));
    for (key, value) in seen.query() {
        if !key.starts_with("X-Amz-") && key != "x-id" {
            parameters.insert(key, Value::from(value));
        }
    }
    for (name, value) in &seen.headers {
        let shown = name.as_str().starts_with("x-amz-")
            && !name.as_str().starts_with("x-amz-checksum-")
            && !NOT_SHOWN.contains(&name.as_str());
        if let (true, Ok(value)) = (shown, value.to_str()) {
            parameters.insert(name.as_str().to_owned(), Value::from(value));
        }
    }
    if named.operation == "PutBucketPolicy" {
        let policy = serde_json::from_slice(&seen.body)
            .unwrap_or_else(|_| Value::from(String::from_utf8_lossy(&seen.body).into_owned()));
        parameters.insert("bucketPolicy".to_owned(), policy);
    } else if !named.labels.contains_key("Key")
        && let Some((root, body)) = xml::word_for_word(&seen.body)
    {
        parameters.insert(root, body);
    }
    parameters
}

/// The host AWS would have been called at: a loopback address is the sandbox's own.
fn host(seen: &Seen, region: &str, is_control: bool) -> String {
    let host = seen.host();
    if host.ends_with(".amazonaws.com") {
        return host.to_owned();
    }
    if is_control {
        let account = seen.header("x-amz-account-id").unwrap_or_default();
        return format!("{account}.s3-control.{region}.amazonaws.com");
    }
    match crate::naming::bucket_in_host(host) {
        Some(bucket) => format!("{bucket}.s3.{region}.amazonaws.com"),
        None => format!("s3.{region}.amazonaws.com"),
    }
}

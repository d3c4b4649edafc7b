//! Every operation of every service botocore knows, as the smallest request a client could send.

use std::collections::{BTreeMap, BTreeSet};

use http::{HeaderMap, HeaderName, HeaderValue, Method};

use super::*;
use crate::model::service::Operation;
use crate::progress::Progress;
use crate::python::Python;

async fn index() -> Index {
    let python = Python::ensure(&Progress::default()).await.unwrap();
    Index::read(&python.models()).unwrap()
}

fn scope(service: &str) -> Scope {
    Scope { access_key: "AKIA".to_owned(), region: "eu-central-1".to_owned(), service: service.to_owned() }
}

fn seen(method: &str, uri: &str, headers: &[(&str, &str)], body: &str) -> Seen {
    let mut map = HeaderMap::new();
    for (name, value) in headers {
        map.insert(HeaderName::try_from(*name).unwrap(), HeaderValue::from_str(value).unwrap());
    }
    map.entry("host").or_insert(HeaderValue::from_static("127.0.0.1:4566"));
    Seen {
        method: Method::from_bytes(method.as_bytes()).unwrap(),
        uri: uri.parse().unwrap_or_else(|error| panic!("{uri}: {error}")),
        headers: map,
        body: body.to_owned().into(),
    }
}

/// The smallest request of an operation, in one of its service's protocols.
fn smallest(service: &Service, name: &str, operation: &Operation, protocol: &str) -> Seen {
    let metadata = &service.metadata;
    let target = format!("{}.{name}", metadata.target_prefix.as_deref().unwrap_or_default());
    let form = ("content-type", "application/x-www-form-urlencoded; charset=utf-8");
    match protocol {
        "json" => seen("POST", "/", &[("x-amz-target", &target)], "{}"),
        "smithy-rpc-v2-cbor" => {
            let path = format!("/service/{}/operation/{name}", metadata.target_prefix.as_deref().unwrap_or_default());
            seen("POST", &path, &[("smithy-protocol", "rpc-v2-cbor")], "")
        }
        "query" | "ec2" => seen("POST", "/", &[form], &format!("Action={name}&Version={}", metadata.api_version)),
        _ => {
            let (path, query) = operation.http.request_uri.split_once('?').unwrap_or((&operation.http.request_uri, ""));
            let mut filled = String::new();
            let mut rest = path;
            while let Some((before, after)) = rest.split_once('{') {
                let (label, tail) = after.split_once('}').unwrap();
                filled += before;
                filled += if label.ends_with('+') { "some/thing" } else { "some-thing" };
                rest = tail;
            }
            filled += rest;
            let mut pairs: Vec<String> = query.split('&').filter(|part| !part.is_empty()).map(str::to_owned).collect();
            let mut headers = Vec::new();
            if let Some(input) = operation.input.as_ref().and_then(|input| service.shape(input)) {
                for name in &input.required {
                    let member = &input.members[name];
                    let wire = member.location_name.clone().unwrap_or_else(|| name.clone());
                    match member.location.as_deref() {
                        Some("querystring") => pairs.push(format!("{wire}=1")),
                        Some("header") => headers.push(wire),
                        _ => {}
                    }
                }
            }
            let uri = if pairs.is_empty() { filled } else { format!("{filled}?{}", pairs.join("&")) };
            let headers: Vec<(&str, &str)> = headers.iter().map(|name| (name.as_str(), "1")).collect();
            seen(&operation.http.method, &uri, &headers, "")
        }
    }
}

/// Whether nobody could tell from the request: several services under one signing name share an operation to the letter
/// (`rds`, `docdb` and `neptune`; `qconnect` and `wisdom`), and S3 has old and new forms of one call. Their events are
/// the same, since the event source is the signing name.
fn alike(index: &Index, service: &Service, operation: &str, found: &(String, String)) -> bool {
    let (found_service, found_operation) = found;
    let signing = index.named(found_service).map(|found| found.metadata.signing_name().to_owned());
    signing.as_deref() == Some(service.metadata.signing_name())
        && (found_operation == operation
            || (service.name == "s3" && *found_operation == format!("{operation}Configuration")))
}

#[tokio::test]
async fn every_operation_of_every_service_is_named() {
    let index = index().await;
    let mut totals: BTreeMap<String, (usize, usize)> = BTreeMap::new();
    let mut wrong = Vec::new();
    let (mut services, mut indistinct) = (0, 0);
    let names: Vec<String> = index.names().map(str::to_owned).collect();
    for name in names {
        let service = index.named(&name).unwrap_or_else(|| panic!("the model of {name} cannot be read"));
        services += 1;
        let metadata = &service.metadata;
        let protocols: BTreeSet<&str> =
            metadata.protocols.iter().map(String::as_str).chain([metadata.protocol.as_str()]).collect();
        for (operation, model) in &service.operations {
            for protocol in &protocols {
                let request = smallest(&service, operation, model, protocol);
                let found = identify(&index, &request, Some(&scope(metadata.signing_name())))
                    .map(|found| (found.service.name.clone(), found.operation));
                let total = totals.entry((*protocol).to_owned()).or_default();
                total.1 += 1;
                if found.as_ref().is_some_and(|(service, named)| (service, named) == (&name, operation)) {
                    total.0 += 1;
                } else if found.as_ref().is_some_and(|found| alike(&index, &service, operation, found)) {
                    total.0 += 1;
                    indistinct += 1;
                } else {
                    wrong.push(format!("{name}:{operation} ({protocol} {}) → {found:?}", request.uri));
                }
            }
        }
    }
    let (right, all) = totals.values().fold((0, 0), |sum, one| (sum.0 + one.0, sum.1 + one.1));
    eprintln!("{services} services, {right} of {all} requests named right ({indistinct} alike): {totals:?}");
    for line in &wrong {
        eprintln!("  {line}");
    }
    assert!(services > 400, "{services}");
    // These have method and path of an operation of another name, and nothing else to tell them by.
    let undecidable = [
        "bedrock-agent-runtime:InvokeInlineAgent",
        "lex-models:GetImport",
        "lex-models:StartImport",
        "s3:ListDirectoryBuckets",
    ];
    let serious: Vec<&String> =
        wrong.iter().filter(|line| !undecidable.iter().any(|name| line.starts_with(name))).collect();
    assert!(serious.is_empty(), "{serious:#?}");
}

#[tokio::test]
async fn s3_is_named_in_every_style() {
    let index = index().await;
    let cases = [
        ("PUT", "127.0.0.1:4566", "/b?acl", "PutBucketAcl", "b", None),
        ("PUT", "127.0.0.1:4566", "/b/?acl=", "PutBucketAcl", "b", None),
        ("PUT", "b.s3.eu-central-1.amazonaws.com", "/?acl", "PutBucketAcl", "b", None),
        ("PUT", "b.with.dots.s3.amazonaws.com", "/?publicAccessBlock", "PutPublicAccessBlock", "b.with.dots", None),
        ("DELETE", "b.localhost:4566", "/?publicAccessBlock", "DeletePublicAccessBlock", "b", None),
        ("GET", "127.0.0.1:4566", "/b?list-type=2&prefix=a%2Fb", "ListObjectsV2", "b", None),
        ("GET", "127.0.0.1:4566", "/b/", "ListObjects", "b", None),
        ("GET", "127.0.0.1:4566", "/b/folder/", "GetObject", "b", Some("folder/")),
        ("GET", "127.0.0.1:4566", "/b/a%20b/c%3Fd", "GetObject", "b", Some("a b/c?d")),
        ("PUT", "127.0.0.1:4566", "/b/k?acl", "PutObjectAcl", "b", Some("k")),
        ("PUT", "127.0.0.1:4566", "/b/k?partNumber=1&uploadId=x", "UploadPart", "b", Some("k")),
        ("DELETE", "127.0.0.1:4566", "/b/k?uploadId=x", "AbortMultipartUpload", "b", Some("k")),
        ("PUT", "127.0.0.1:4566", "/b?inventory&id=1", "PutBucketInventoryConfiguration", "b", None),
        ("GET", "127.0.0.1:4566", "/b?inventory", "ListBucketInventoryConfigurations", "b", None),
        ("PUT", "127.0.0.1:4566", "/b?lifecycle", "PutBucketLifecycleConfiguration", "b", None),
        ("PUT", "127.0.0.1:4566", "/b", "CreateBucket", "b", None),
        ("HEAD", "127.0.0.1:4566", "/b", "HeadBucket", "b", None),
    ];
    for (method, host, uri, operation, bucket, key) in cases {
        let named = identify(&index, &seen(method, uri, &[("host", host)], ""), Some(&scope("s3")));
        let named = named.unwrap_or_else(|| panic!("{method} {host}{uri} has no name"));
        assert_eq!((named.service.name.as_str(), named.operation.as_str()), ("s3", operation), "{method} {host}{uri}");
        assert_eq!(named.labels.get("Bucket").map(String::as_str), Some(bucket), "{host}{uri}");
        assert_eq!(named.labels.get("Key").map(String::as_str), key, "{host}{uri}");
    }
    let copy = seen("PUT", "/b/k", &[("x-amz-copy-source", "/a/k")], "");
    assert_eq!(identify(&index, &copy, Some(&scope("s3"))).unwrap().operation, "CopyObject");
    // The account in front of the host, through the proxy, presigned, and unsigned.
    let uri = "http://123456789012.127.0.0.1:4566/v20180820/configuration/publicAccessBlock";
    let account = seen("DELETE", uri, &[("x-amz-account-id", "123456789012")], "");
    let named = identify(&index, &account, Some(&scope("s3"))).unwrap();
    assert_eq!((named.service.name.as_str(), named.operation.as_str()), ("s3control", "DeletePublicAccessBlock"));
    let presigned = seen("GET", "/b/k?X-Amz-Credential=AKIA%2F20261123%2Feu-central-1%2Fs3%2Faws4_request", &[], "");
    assert_eq!(presigned.scope(), Some(scope("s3")));
    assert_eq!(identify(&index, &presigned, presigned.scope().as_ref()).unwrap().operation, "GetObject");
    assert_eq!(identify(&index, &seen("GET", "/b/k", &[], ""), None).unwrap().operation, "GetObject");
}

#[test]
fn a_signature_names_key_region_and_service() {
    let signed = |value: &str| seen("GET", "/", &[("authorization", value)], "").scope();
    assert_eq!(
        signed(
            "AWS4-HMAC-SHA256 Credential=AKIA/20261123/eu-central-1/s3/aws4_request, SignedHeaders=host, Signature=0"
        ),
        Some(scope("s3"))
    );
    let version_2 = signed("AWS AKIA:c2lnbmF0dXJl").unwrap();
    assert_eq!((version_2.access_key.as_str(), version_2.service.as_str()), ("AKIA", "s3"));
    let version_4a = signed("AWS4-ECDSA-P256-SHA256 Credential=AKIA/20261123/s3/aws4_request, Signature=0").unwrap();
    assert_eq!((version_4a.region.as_str(), version_4a.service.as_str()), ("", "s3"));
    for nonsense in ["", "Basic eDp5", "AWS4-HMAC-SHA256 Credential=", "AWS4-HMAC-SHA256 Credential=a/b"] {
        assert_eq!(signed(nonsense), None, "{nonsense}");
    }
}

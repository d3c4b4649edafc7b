//! Which service and operation a request is for.
//!
//! The evidence, strongest first: the `rpc-v2-cbor` path, `X-Amz-Target`, `Action=`, and for the REST protocols method,
//! path, query and headers, tried against every service that is signed with the name in the credential scope.

use std::collections::BTreeMap;
use std::sync::Arc;

use crate::model::index::Candidate;
use crate::model::route::{Fit, Target};
use crate::model::{Index, Service};
use crate::request::{Scope, Seen};

/// An operation, and what naming it brought to light.
#[derive(Debug, Clone)]
pub(crate) struct Named {
    pub(crate) service: Arc<Service>,
    pub(crate) operation: String,
    pub(crate) protocol: Protocol,
    /// The labels of the path; for S3 also when the bucket stands in the host.
    pub(crate) labels: BTreeMap<String, String>,
}

/// How the request carries its parameters.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Protocol {
    Cbor,
    Json,
    Query,
    Ec2,
    RestJson,
    RestXml,
}

/// The services S3's paths belong to: the account's settings and access points are `s3control`.
const CONTROL_PATH: &str = "/v20180820/";

/// Names `seen`; `None` when no model knows it, in which case moto still answers.
pub(crate) fn identify(index: &Index, seen: &Seen, scope: Option<&Scope>) -> Option<Named> {
    let signing = scope.map(|scope| scope.service.as_str()).filter(|service| !service.is_empty());
    if seen.header("smithy-protocol") == Some("rpc-v2-cbor") {
        return cbor(index, seen, signing);
    }
    if let Some((prefix, operation)) = seen.header("x-amz-target").and_then(|target| target.rsplit_once('.')) {
        let fits = |candidate: &Candidate<'_>| signing.is_none_or(|name| candidate.metadata().signing_name() == name);
        let mut candidates = index.targeted_as(prefix);
        candidates.sort_by_key(|candidate| !fits(candidate));
        return first_with(&candidates, operation, Protocol::Json);
    }
    let form = seen.form();
    if let Some(named) = query(index, &form, signing) {
        return Some(named);
    }
    rest(index, seen, signing)
}

fn first_with(candidates: &[Candidate<'_>], operation: &str, protocol: Protocol) -> Option<Named> {
    candidates.iter().find_map(|candidate| {
        let service = candidate.load()?;
        service.operations.contains_key(operation).then(|| Named {
            service,
            operation: operation.to_owned(),
            protocol,
            labels: BTreeMap::new(),
        })
    })
}

fn cbor(index: &Index, seen: &Seen, signing: Option<&str>) -> Option<Named> {
    let (_, rest) = seen.uri.path().split_once("/service/")?;
    let (prefix, operation) = rest.split_once("/operation/")?;
    let mut candidates = index.targeted_as(prefix);
    candidates.extend(signing.map(|name| index.signed_as(name)).unwrap_or_default());
    first_with(&candidates, operation, Protocol::Cbor)
}

fn query(index: &Index, form: &[(String, String)], signing: Option<&str>) -> Option<Named> {
    let value = |name: &str| form.iter().find(|(key, _)| key == name).map(|(_, value)| value.as_str());
    let (action, version) = (value("Action")?, value("Version"));
    // Unsigned Query requests are STS's calls with a foreign identity.
    let mut candidates = index.signed_as(signing.unwrap_or("sts"));
    candidates.sort_by_key(|candidate| version.is_some_and(|version| candidate.metadata().api_version != version));
    let mut named = first_with(&candidates, action, Protocol::Query)?;
    if named.service.metadata.protocol == "ec2" {
        named.protocol = Protocol::Ec2;
    }
    Some(named)
}

fn rest(index: &Index, seen: &Seen, signing: Option<&str>) -> Option<Named> {
    let path = seen.uri.path();
    let query = seen.query();
    let has_header = |name: &str| seen.headers.contains_key(name);
    let signing = signing.or_else(|| from_host(index, seen.host())).unwrap_or("s3");
    let bucket = (signing == "s3").then(|| bucket_in_host(seen.host())).flatten();
    let is_control = signing == "s3" && path.starts_with(CONTROL_PATH);
    let path = match bucket.filter(|_| !is_control) {
        Some(bucket) => format!("{bucket}{path}"),
        None => path.trim_start_matches('/').to_owned(),
    };
    let target = Target { method: seen.method.as_str(), path: &path, query: &query, has_header: &has_header };
    let mut best: Option<(Fit, Named)> = None;
    for candidate in index.signed_as(signing) {
        if !candidate.metadata().is_rest() || (signing == "s3" && (candidate.name() == "s3control") != is_control) {
            continue;
        }
        let Some(service) = candidate.load() else { continue };
        for route in &service.routes {
            let Some((fit, labels)) = route.fit(&target) else { continue };
            if best.as_ref().is_none_or(|(known, _)| fit > *known) {
                let protocol =
                    if service.metadata.protocol == "rest-xml" { Protocol::RestXml } else { Protocol::RestJson };
                let operation = route.operation.clone();
                best = Some((fit, Named { service: Arc::clone(&service), operation, protocol, labels }));
            }
        }
    }
    best.map(|(_, named)| named)
}

/// `lambda.eu-central-1.amazonaws.com` names the service of an unsigned request.
fn from_host<'a>(index: &Index, host: &'a str) -> Option<&'a str> {
    let (prefix, _) = host.strip_suffix(".amazonaws.com")?.split_once('.')?;
    (!index.signed_as(prefix).is_empty()).then_some(prefix)
}

/// The bucket of a virtual-host-style address, at S3's own names and at the sandbox's.
pub(crate) fn bucket_in_host(host: &str) -> Option<&str> {
    for suffix in [".localhost", ".127.0.0.1", ".s3.localhost.localstack.cloud"] {
        if let Some(bucket) = host.strip_suffix(suffix) {
            // S3Control puts the account in front of the host.
            let is_account = bucket.len() == 12 && bucket.bytes().all(|byte| byte.is_ascii_digit());
            return Some(bucket.strip_suffix(".s3").unwrap_or(bucket)).filter(|_| !is_account && bucket != "s3");
        }
    }
    let name = host.strip_suffix(".amazonaws.com").or_else(|| host.strip_suffix(".amazonaws.com.cn"))?;
    [".s3.", ".s3-"]
        .iter()
        .filter_map(|mark| name.find(mark))
        .min()
        .and_then(|at| name.get(..at))
        .or_else(|| name.strip_suffix(".s3").filter(|bucket| !bucket.is_empty()))
}

/// The binary of a function of the template, as the template's generator names them: `s3-bucket` of `S3BucketGuard`.
#[must_use]
pub fn binary_name(function: &str) -> String {
    let mut name = String::new();
    for letter in function.strip_suffix("Guard").unwrap_or(function).chars() {
        if letter.is_ascii_uppercase() && !name.is_empty() {
            name.push('-');
        }
        name.push(letter.to_ascii_lowercase());
    }
    name
}

#[cfg(test)]
mod tests;

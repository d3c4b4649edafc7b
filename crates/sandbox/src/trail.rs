//! Mints the CloudTrail record AWS would have written for a call, and the EventBridge event around it.

pub(crate) mod ec2;
pub(crate) mod identity;
pub(crate) mod names;
pub(crate) mod s3;
pub(crate) mod shape;
pub(crate) mod xml;

use std::collections::BTreeMap;

use http::StatusCode;
use serde_json::{Map, Value, json};

use crate::naming::{Named, Protocol};
use crate::request::Seen;
use identity::Principal;

/// A call that has been answered.
pub(crate) struct Answered<'a> {
    pub(crate) named: &'a Named,
    pub(crate) seen: &'a Seen,
    /// From [`parameters`].
    pub(crate) parameters: &'a Value,
    pub(crate) principal: &'a Principal,
    pub(crate) access_key: Option<&'a str>,
    pub(crate) region: &'a str,
    pub(crate) account: &'a str,
    pub(crate) status: StatusCode,
    pub(crate) request_id: Option<&'a str>,
    pub(crate) body: &'a [u8],
    pub(crate) time: jiff::Timestamp,
}

/// An AWS error's code and message.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) struct Failure {
    pub(crate) code: String,
    pub(crate) message: String,
}

/// `requestParameters`; `null` when there are none.
pub(crate) fn parameters(named: &Named, seen: &Seen, region: &str) -> Value {
    let service = &*named.service;
    let fields = match named.protocol {
        Protocol::Query | Protocol::Ec2 => {
            let form: BTreeMap<String, String> = seen.form().into_iter().collect();
            let ec2 = named.protocol == Protocol::Ec2;
            match service.input(&named.operation) {
                Some(shape) => {
                    let api = shape::from_form(service, shape, &form, ec2);
                    if ec2 {
                        ec2::parameters(service, &named.operation, shape, &api)
                    } else {
                        respelled(service, shape, api)
                    }
                }
                None => Map::new(),
            }
        }
        Protocol::RestXml if matches!(service.name.as_str(), "s3" | "s3control") => s3::parameters(named, seen, region),
        _ => shape::of_request(named, seen),
    };
    if fields.is_empty() { Value::Null } else { Value::Object(fields) }
}

/// API-named parameters in CloudTrail's spelling. The form was read by member names, so wire names play no part here.
fn respelled(service: &crate::model::Service, shape: &crate::model::Shape, api: Value) -> Map<String, Value> {
    shape::object(shape::from_json(service, shape, api, 0))
}

/// Reads an error answer of any protocol; a `HEAD` has only its status.
pub(crate) fn failure(status: StatusCode, error_type: Option<&str>, body: &[u8]) -> Option<Failure> {
    if status.as_u16() < 400 {
        return None;
    }
    let json = serde_json::from_slice::<Value>(body).ok();
    let field = |names: &[&str]| {
        json.as_ref().and_then(|json| names.iter().find_map(|name| json.get(name)?.as_str().map(str::to_owned)))
    };
    let code = field(&["__type", "code", "Code"])
        .or_else(|| error_type.map(str::to_owned))
        .or_else(|| xml::first_text(body, "Code"))
        .unwrap_or_else(|| match status {
            StatusCode::FORBIDDEN => "AccessDenied".to_owned(),
            StatusCode::NOT_FOUND => "NotFound".to_owned(),
            other => other.as_str().to_owned(),
        });
    let code = code.rsplit('#').next().unwrap_or(&code).split(':').next().unwrap_or(&code).to_owned();
    let message = field(&["message", "Message"]).or_else(|| xml::first_text(body, "Message")).unwrap_or_default();
    Some(Failure { code, message })
}

/// The records of a call: one, or none, and a second one where a role of another account was taken (CloudTrail user guide,
/// "Sharing CloudTrail log files", `sharedEventID`). A refused call is the caller's alone.
pub(crate) fn records(call: &Answered<'_>, failure: Option<&Failure>) -> Vec<Value> {
    let Some(mut record) = mint(call, failure) else { return Vec::new() };
    let is_taking = call.named.service.name == "sts" && call.named.operation == "AssumeRole";
    let role = call.parameters.get("roleArn").and_then(Value::as_str).filter(|_| is_taking && failure.is_none());
    let owner = role.and_then(|role| role.split(':').nth(4)).unwrap_or(call.account);
    let mut put =
        |key: &str, value: Value| record.as_object_mut().and_then(|record| record.insert(key.to_owned(), value));
    if let Some(role) = role {
        put("resources", json!([{ "accountId": owner, "type": "AWS::IAM::Role", "ARN": role }]));
    }
    if owner == call.account {
        return vec![record];
    }
    put("sharedEventID", json!(uuid::Uuid::new_v4().to_string()));
    let mut theirs = record.clone();
    if let Some(theirs) = theirs.as_object_mut() {
        theirs.insert("eventID".to_owned(), json!(uuid::Uuid::new_v4().to_string()));
        theirs.insert("userIdentity".to_owned(), call.principal.foreign_identity());
        theirs.insert("recipientAccountId".to_owned(), json!(owner));
    }
    vec![record, theirs]
}

/// The CloudTrail record of a management call; `None` for data events, which a trail without data events does not have.
fn mint(call: &Answered<'_>, failure: Option<&Failure>) -> Option<Value> {
    if names::is_data(call.named) {
        return None;
    }
    let named = call.named;
    let read_only = names::is_read(&named.operation);
    let mut record = Map::new();
    let mut put = |key: &str, value: Value| record.insert(key.to_owned(), value);
    put("eventVersion", json!("1.11"));
    put("userIdentity", call.principal.user_identity(call.access_key));
    put("eventTime", json!(identity::seconds(call.time)));
    put("eventSource", json!(names::event_source(named)));
    put("eventName", json!(names::event_name(named)));
    put("awsRegion", json!(call.region));
    if let Some(host) = call.principal.service() {
        put("sourceIPAddress", json!(host));
        put("userAgent", json!(host));
    } else {
        put("sourceIPAddress", json!("127.0.0.1"));
        let agent = call.seen.header("user-agent").unwrap_or("-");
        put("userAgent", json!(format!("[{agent}]")));
    }
    if let Some(failure) = failure {
        let code = match named.protocol {
            Protocol::Ec2 if call.status.is_client_error() => format!("Client.{}", failure.code),
            Protocol::Ec2 => format!("Server.{}", failure.code),
            _ => failure.code.clone(),
        };
        put("errorCode", json!(code));
        put("errorMessage", json!(failure.message));
    }
    put("requestParameters", call.parameters.clone());
    put(
        "responseElements",
        if failure.is_some() || (read_only && named.service.name != "sts") { Value::Null } else { elements(call) },
    );
    let is_s3 = matches!(named.service.name.as_str(), "s3" | "s3control");
    if is_s3 {
        put(
            "additionalEventData",
            json!({
                "SignatureVersion": "SigV4",
                "AuthenticationMethod": "AuthHeader",
                "bytesTransferredIn": call.seen.body.len(),
                "bytesTransferredOut": call.body.len(),
            }),
        );
    }
    put("requestID", call.request_id.map_or_else(|| json!(uuid::Uuid::new_v4().to_string()), |id| json!(id)));
    put("eventID", json!(uuid::Uuid::new_v4().to_string()));
    put("readOnly", json!(read_only));
    if let Some(bucket) = named.labels.get("Bucket").filter(|_| named.service.name == "s3") {
        put(
            "resources",
            json!([{ "accountId": call.account, "type": "AWS::S3::Bucket", "ARN": format!("arn:aws:s3:::{bucket}") }]),
        );
    }
    put("eventType", json!("AwsApiCall"));
    put("managementEvent", json!(true));
    put("recipientAccountId", json!(call.account));
    put("eventCategory", json!("Management"));
    Some(Value::Object(record))
}

fn elements(call: &Answered<'_>) -> Value {
    let named = call.named;
    let service = &*named.service;
    let fields = match named.protocol {
        _ if service.name == "s3" => Map::new(),
        Protocol::Ec2 => match service.output(&named.operation) {
            Some(shape) => {
                let mut fields = xml::of_document(service, shape, call.body, xml::Lists::Items).unwrap_or_default();
                if let Some(id) = xml::first_text(call.body, "requestId") {
                    fields.insert("requestId".to_owned(), Value::from(id));
                }
                fields
            }
            // Most classic operations answer nothing but `<return>true</return>`.
            None => Map::from_iter([
                ("requestId".to_owned(), xml::first_text(call.body, "requestId").map_or(Value::Null, Value::from)),
                ("_return".to_owned(), Value::from(true)),
            ]),
        },
        Protocol::Query => match service.output(&named.operation) {
            Some(shape) => xml::of_document(service, shape, call.body, xml::Lists::Plain).unwrap_or_default(),
            None => Map::new(),
        },
        _ => shape::of_response(named, call.body),
    };
    if fields.is_empty() { Value::Null } else { Value::Object(fields) }
}

/// The EventBridge event for a record, as the default bus of account and region sees it.
pub(crate) fn envelope(record: &Value) -> Value {
    let text = |key: &str| record.get(key).and_then(Value::as_str).unwrap_or_default().to_owned();
    let source = text("eventSource");
    let source = source.split('.').next().unwrap_or_default();
    json!({
        "version": "0",
        "id": uuid::Uuid::new_v4().to_string(),
        "detail-type": "AWS API Call via CloudTrail",
        "source": format!("aws.{source}"),
        "account": text("recipientAccountId"),
        "time": text("eventTime"),
        "region": text("awsRegion"),
        "resources": [],
        "detail": record,
    })
}

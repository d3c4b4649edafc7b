//! `PutEvents`, answered here: moto does not ask a bus whom it takes events from, and takes events in AWS's own name
//! (EventBridge API reference, "PutEvents"; user guide, "Permissions for Amazon EventBridge event buses").

use std::collections::{BTreeMap, BTreeSet};

use http::{HeaderMap, HeaderValue, StatusCode, header};
use serde_json::{Value, json};

use super::{Address, DEFAULT, Place};
use crate::answer::Whole;
use crate::authority::{Asker, Decision, decide};
use crate::error::SandboxError;
use crate::hub::Hub;
use crate::moto::Own;
use crate::trail::identity::Principal;

/// An answer's entries are as many as the request's, at most ten.
const MOST: usize = 10;

/// Answers the call. Nothing is delivered yet: see [`accepted`].
pub(crate) async fn answer(
    hub: &Hub,
    policies: &BTreeMap<String, Value>,
    principal: &Principal,
    body: &[u8],
    here: &Place,
) -> Result<Whole, SandboxError> {
    let body: Value = serde_json::from_slice(body).unwrap_or_default();
    let entries = body.get("Entries").and_then(Value::as_array).cloned().unwrap_or_default();
    if !(1..=MOST).contains(&entries.len()) {
        let message = "1 validation error detected: Value at 'entries' failed to satisfy constraint: Member must have length \
                       between 1 and 10";
        return Ok(refused("ValidationException", message));
    }
    let buses: BTreeSet<Address> = entries.iter().map(|entry| address(entry, here)).collect();
    for bus in &buses {
        if bus.place.account != here.account && !lets_in(hub, policies, principal, bus) {
            let asker = Asker::new(principal, None);
            let message = format!(
                "User: {} is not authorized to perform: events:PutEvents on resource: {} because no resource-based policy \
                 allows the events:PutEvents action",
                asker.name(),
                bus.arn()
            );
            return Ok(refused("AccessDeniedException", &message));
        }
        if bus.bus != DEFAULT && !exists(hub, bus).await? {
            return Ok(refused("ResourceNotFoundException", &format!("Event bus {} does not exist.", bus.bus)));
        }
    }
    let entries: Vec<Value> = entries
        .iter()
        .map(|entry| match problem(entry, principal) {
            Some((code, message)) => json!({ "ErrorCode": code, "ErrorMessage": message }),
            None => json!({ "EventId": uuid::Uuid::new_v4().to_string() }),
        })
        .collect();
    let failed = entries.iter().filter(|entry| entry.get("ErrorCode").is_some()).count();
    Ok(whole(StatusCode::OK, &json!({ "FailedEntryCount": failed, "Entries": entries })))
}

/// The events that an answered call put, with the bus of each, as a rule sees them.
pub(crate) fn accepted(body: &[u8], answer: &[u8], here: &Place) -> Vec<(Address, Value)> {
    let body: Value = serde_json::from_slice(body).unwrap_or_default();
    let answer: Value = serde_json::from_slice(answer).unwrap_or_default();
    let list = |value: &Value| value.get("Entries").and_then(Value::as_array).cloned().unwrap_or_default();
    let event = |(entry, answer): (Value, Value)| {
        let detail: Value = serde_json::from_str(entry.get("Detail")?.as_str()?).ok()?;
        let event = json!({
            "version": "0",
            "id": answer.get("EventId")?,
            "detail-type": entry.get("DetailType")?,
            "source": entry.get("Source")?,
            // Whoever put it, whatever it says of itself.
            "account": here.account,
            "time": crate::trail::identity::seconds(jiff::Timestamp::now()),
            "region": here.region,
            "resources": entry.get("Resources").cloned().unwrap_or_else(|| json!([])),
            "detail": detail,
        });
        Some((address(&entry, here), event))
    };
    list(&body).into_iter().zip(list(&answer)).filter_map(event).collect()
}

fn address(entry: &Value, here: &Place) -> Address {
    Address::of_entry(entry.get("EventBusName").and_then(Value::as_str), here)
}

/// Whether a bus of another account takes events of this caller: by its policy, and only the hub's buses have one here.
fn lets_in(hub: &Hub, policies: &BTreeMap<String, Value>, principal: &Principal, bus: &Address) -> bool {
    let asker = Asker::new(principal, hub.organization_of(&principal.account));
    let policy = policies.get(&bus.bus).filter(|_| bus.place.account == hub.account && bus.place.region == hub.region);
    policy.is_some_and(|policy| decide(policy, &asker, "events:PutEvents", Some(&bus.arn())) == Decision::Allowed)
}

async fn exists(hub: &Hub, bus: &Address) -> Result<bool, SandboxError> {
    let own = Own { service: "events", region: &bus.place.region, account: &bus.place.account };
    let found = hub.moto.json(own, "AWSEvents.DescribeEventBus", &json!({ "Name": bus.bus })).await?;
    Ok(found.status.is_success())
}

/// Why one entry is not taken.
fn problem(entry: &Value, principal: &Principal) -> Option<(&'static str, String)> {
    for name in ["Source", "DetailType", "Detail"] {
        if entry.get(name).and_then(Value::as_str).is_none_or(str::is_empty) {
            let message = format!("Parameter {name} is not valid. Reason: {name} is a required argument.");
            return Some(("InvalidArgument", message));
        }
    }
    let source = entry.get("Source").and_then(Value::as_str).unwrap_or_default();
    if source.starts_with("aws.") && principal.service().is_none() {
        return Some(("NotAuthorizedForSourceException", "Not authorized for the source.".to_owned()));
    }
    let detail = entry.get("Detail").and_then(Value::as_str).unwrap_or_default();
    let is_object = serde_json::from_str::<Value>(detail).is_ok_and(|detail| detail.is_object());
    (!is_object).then(|| ("MalformedDetail", "Detail is malformed.".to_owned()))
}

fn refused(code: &str, message: &str) -> Whole {
    whole(StatusCode::BAD_REQUEST, &json!({ "__type": code, "message": message }))
}

fn whole(status: StatusCode, body: &Value) -> Whole {
    let mut headers = HeaderMap::new();
    headers.insert(header::CONTENT_TYPE, HeaderValue::from_static("application/x-amz-json-1.1"));
    Whole { status, headers, body: body.to_string().into() }
}

//! `/_rectify/`: what the sandbox remembers, and its levers, as JSON over HTTP.

use std::sync::Arc;
use std::sync::atomic::Ordering;
use std::time::Duration;

use http::{HeaderValue, Method, StatusCode, header};
use serde::Serialize;
use serde_json::{Value, json};

use crate::answer::{Answer, text};
use crate::faults::Fault;
use crate::gateway::Gateway;
use crate::lambda::Function;
use crate::request::Seen;
use crate::slack::SlackAnswer;

const LONGEST_WAIT: Duration = Duration::from_secs(600);

/// Answers one control request.
pub(crate) async fn handle(gateway: &Gateway, seen: &Seen) -> Answer {
    let records = &gateway.hub.records;
    let path = seen.uri.path().trim_start_matches("/_rectify/");
    match (&seen.method, path) {
        (&Method::GET, "calls") => json_of(&records.calls.all()),
        (&Method::GET, "events") => json_of(&records.events.all()),
        (&Method::GET, "invocations") => json_of(&records.invocations.all()),
        (&Method::GET, "logs") => json_of(&records.logs.all()),
        (&Method::GET, "messages") => json_of(&records.messages.all()),
        (&Method::GET, "mails") => json_of(&records.mails.all()),
        (&Method::GET, "slack") => json_of(&gateway.slack.calls()),
        (&Method::POST, "slack") => match serde_json::from_slice::<Vec<SlackAnswer>>(&seen.body) {
            Ok(answers) => {
                gateway.slack.plan(answers);
                json_of(&json!({}))
            }
            Err(error) => refused(&error.to_string()),
        },
        (&Method::GET, "posted") => json_of(&records.posted.all()),
        (&Method::GET, "moto") => json_of(&gateway.hub.moto.output()),
        (&Method::GET, "schedules") => json_of(&gateway.scheduler.all()),
        (&Method::POST, "schedules") => json_of(&json!({ "fired": gateway.scheduler.fire_all() })),
        (&Method::POST, "clock") => match seen.query().get("offset_seconds").map(|seconds| seconds.parse()) {
            Some(Ok(seconds)) => {
                gateway.hub.clock_offset.store(seconds, Ordering::Relaxed);
                json_of(&json!({}))
            }
            _ => refused("`offset_seconds` is a whole number"),
        },
        (&Method::DELETE, "records") => {
            records.clear();
            gateway.slack.clear();
            json_of(&json!({}))
        }
        (&Method::GET, "idle") => {
            let limit = seen.query().get("timeout_ms").and_then(|value| value.parse().ok()).unwrap_or(30_000);
            let limit = Duration::from_millis(limit).min(LONGEST_WAIT);
            let idle = gateway.hub.busy.idle(limit).await;
            status_of(if idle { StatusCode::OK } else { StatusCode::REQUEST_TIMEOUT }, &json!({ "idle": idle }))
        }
        (&Method::POST, "events") => match serde_json::from_slice::<Value>(&seen.body) {
            Ok(event) if event.is_object() => {
                gateway.publish(&event);
                json_of(&json!({}))
            }
            Ok(_) => refused("an event is an object"),
            Err(error) => refused(&error.to_string()),
        },
        (&Method::POST, "faults") => {
            let faults = serde_json::from_slice::<Vec<Fault>>(&seen.body)
                .or_else(|_| serde_json::from_slice::<Fault>(&seen.body).map(|fault| vec![fault]));
            match faults {
                Ok(faults) => {
                    gateway.faults.set(faults);
                    json_of(&json!({}))
                }
                Err(error) => refused(&error.to_string()),
            }
        }
        (&Method::DELETE, "faults") => {
            gateway.faults.set(Vec::new());
            json_of(&json!({}))
        }
        (&Method::POST, path) => match path.split_once('/') {
            Some(("invoke", function)) => invoke(gateway, function, seen).await,
            Some(("tick", function)) => match gateway.bus.get().and_then(|bus| bus.function(function)) {
                Some(function) => json_of(&json!({ "started": tick(function, seen) })),
                None => no_function(function),
            },
            _ => unknown(path),
        },
        (_, path) => unknown(path),
    }
}

/// All of a function's schedules, or those whose input is the body.
fn tick(function: &Arc<Function>, seen: &Seen) -> usize {
    function.tick(serde_json::from_slice(&seen.body).ok().as_ref())
}

async fn invoke(gateway: &Gateway, function: &str, seen: &Seen) -> Answer {
    let Some(function) = gateway.bus.get().and_then(|bus| bus.function(function)) else {
        return no_function(function);
    };
    match function.invoke(seen.body.clone()).await {
        Some(invocation) => json_of(&invocation),
        None => status_of(StatusCode::SERVICE_UNAVAILABLE, &json!({ "error": "the world is ending" })),
    }
}

fn no_function(name: &str) -> Answer {
    status_of(StatusCode::NOT_FOUND, &json!({ "error": format!("no function `{name}`") }))
}

fn refused(reason: &str) -> Answer {
    status_of(StatusCode::BAD_REQUEST, &json!({ "error": reason }))
}

fn unknown(path: &str) -> Answer {
    status_of(
        StatusCode::NOT_FOUND,
        &json!({
            "error": format!("nothing at `{path}`"),
            "GET": ["calls", "events", "invocations", "logs", "mails", "messages", "moto", "posted", "schedules", "slack", "idle?timeout_ms="],
            "POST": ["clock?offset_seconds=", "events", "faults", "invoke/<function>", "schedules", "slack", "tick/<function>"],
            "DELETE": ["faults", "records"],
        }),
    )
}

fn json_of(value: &impl Serialize) -> Answer {
    status_of(StatusCode::OK, value)
}

fn status_of(status: StatusCode, value: &impl Serialize) -> Answer {
    let body = serde_json::to_string(value).unwrap_or_else(|error| json!({ "error": error.to_string() }).to_string());
    let mut answer = text(status, &body);
    answer.headers_mut().insert(header::CONTENT_TYPE, HeaderValue::from_static("application/json"));
    answer
}

//! Lambda's own API, as far as the sandbox has it: `Invoke`, `GetFunctionConfiguration` and `ListEventSourceMappings` of the
//! template's functions (Lambda API reference, each by its name).
//!
//! Beyond a function's reserved concurrency AWS refuses a synchronous call; here it waits for its turn, unless nothing is
//! reserved at all. `X-Amz-Log-Type` and the limits on payloads are not played.

use bytes::Bytes;
use http::{HeaderMap, HeaderName, HeaderValue, StatusCode, header};
use serde_json::{Value, json};

use crate::answer::Whole;
use crate::bus::Bus;
use crate::lambda::event_source::EventSources;
use crate::record::Outcome;
use crate::request::Seen;

const ERROR_TYPE: HeaderName = HeaderName::from_static("x-amzn-errortype");
const EXECUTED_VERSION: HeaderName = HeaderName::from_static("x-amz-executed-version");
const FUNCTION_ERROR: HeaderName = HeaderName::from_static("x-amz-function-error");
const REQUEST_ID: HeaderName = HeaderName::from_static("x-amzn-requestid");

/// The error type of an attempt that a function without concurrency was not given.
pub(super) const THROTTLED: &str = "TooManyRequestsException";

/// The ARN a call to Lambda is about, with its qualifier if it has one. `name` is a name, a partial ARN
/// (`123456789012:function:name`) or an ARN, each with or without a qualifier behind it.
pub(crate) fn function_arn(name: &str, qualifier: Option<&str>, region: &str, account: &str) -> String {
    let parts: Vec<&str> = name.split(':').collect();
    let own = |account: &str, name: &str| format!("arn:aws:lambda:{region}:{account}:function:{name}");
    let (arn, behind) = match parts.as_slice() {
        ["arn", partition, service, region, account, "function", name, rest @ ..] => {
            (format!("arn:{partition}:{service}:{region}:{account}:function:{name}"), rest.first())
        }
        ["function", name, rest @ ..] => (own(account, name), rest.first()),
        [account, "function", name, rest @ ..] => (own(account, name), rest.first()),
        [name, rest @ ..] => (own(account, name), rest.first()),
        [] => (own(account, name), None),
    };
    match behind.copied().or(qualifier) {
        Some(qualifier) => format!("{arn}:{qualifier}"),
        None => arn,
    }
}

/// Carries out an `Invoke` of the function at `arn`; `None` when the world is ending.
pub(crate) async fn invoke(bus: &Bus, arn: &str, seen: &Seen) -> Option<Whole> {
    // The sandbox publishes no versions: there is the latest one only.
    let Some(function) = bus.function_at(arn.strip_suffix(":$LATEST").unwrap_or(arn)) else {
        return Some(error(StatusCode::NOT_FOUND, "ResourceNotFoundException", &format!("Function not found: {arn}")));
    };
    let payload = if seen.body.is_empty() { Bytes::from_static(b"{}") } else { seen.body.clone() };
    if let Err(problem) = serde_json::from_slice::<Value>(&payload) {
        let message = format!("Could not parse request body into json: {problem}");
        return Some(error(StatusCode::BAD_REQUEST, "InvalidRequestContentException", &message));
    }
    Some(match seen.header("x-amz-invocation-type").unwrap_or("RequestResponse") {
        "RequestResponse" => {
            let invocation = function.invoke(payload).await?;
            let is_throttled = invocation.response.get("errorType").and_then(Value::as_str) == Some(THROTTLED);
            if invocation.outcome == Outcome::InitError && is_throttled {
                return Some(error(StatusCode::TOO_MANY_REQUESTS, THROTTLED, "Rate Exceeded."));
            }
            let mut whole = answer(StatusCode::OK, &invocation.response.to_string(), &invocation.request_id);
            whole.headers.insert(EXECUTED_VERSION, HeaderValue::from_static("$LATEST"));
            if invocation.outcome != Outcome::Success {
                whole.headers.insert(FUNCTION_ERROR, HeaderValue::from_static("Unhandled"));
            }
            whole
        }
        "Event" => answer(StatusCode::ACCEPTED, "", &function.start(payload, None)),
        "DryRun" => answer(StatusCode::NO_CONTENT, "", &uuid::Uuid::new_v4().to_string()),
        other => {
            let message = format!("`{other}` is none of RequestResponse, Event, DryRun");
            error(StatusCode::BAD_REQUEST, "InvalidParameterValueException", &message)
        }
    })
}

/// Carries out a `GetFunctionConfiguration` of the function at `arn`.
pub(crate) fn configuration(bus: &Bus, arn: &str) -> Whole {
    match bus.function_at(arn.strip_suffix(":$LATEST").unwrap_or(arn)) {
        Some(function) => {
            answer(StatusCode::OK, &function.configuration().to_string(), &uuid::Uuid::new_v4().to_string())
        }
        None => error(StatusCode::NOT_FOUND, "ResourceNotFoundException", &format!("Function not found: {arn}")),
    }
}

/// Carries out a `ListEventSourceMappings`, of one function or of all.
pub(crate) fn mappings(sources: Option<&EventSources>, function: Option<&str>) -> Whole {
    let shown = sources.map_or_else(|| json!({ "EventSourceMappings": [] }), |sources| sources.shown(function));
    answer(StatusCode::OK, &shown.to_string(), &uuid::Uuid::new_v4().to_string())
}

/// An invocation's request id is also the call's.
fn answer(status: StatusCode, body: &str, request_id: &str) -> Whole {
    let mut headers = HeaderMap::new();
    headers.insert(header::CONTENT_TYPE, HeaderValue::from_static("application/json"));
    if let Ok(id) = HeaderValue::from_str(request_id) {
        headers.insert(REQUEST_ID, id);
    }
    Whole { status, headers, body: Bytes::from(body.to_owned()) }
}

fn error(status: StatusCode, code: &'static str, message: &str) -> Whole {
    let kind = if status == StatusCode::TOO_MANY_REQUESTS { "Reason" } else { "Type" };
    let told = if kind == "Reason" { "ReservedFunctionConcurrentInvocationLimitExceeded" } else { "User" };
    let body = json!({ kind: told, "Message": message });
    let mut whole = answer(status, &body.to_string(), &uuid::Uuid::new_v4().to_string());
    whole.headers.insert(ERROR_TYPE, HeaderValue::from_static(code));
    whole
}

#[cfg(test)]
mod tests {
    use super::function_arn;

    #[test]
    fn a_function_is_named_in_five_ways() {
        let arn = "arn:aws:lambda:eu-central-1:123456789012:function:f";
        for name in ["f", "function:f", "123456789012:function:f", arn] {
            let of = |name: &str, qualifier| function_arn(name, qualifier, "eu-central-1", "123456789012");
            assert_eq!(of(name, None), arn);
            assert_eq!(of(name, Some("7")), format!("{arn}:7"));
            assert_eq!(of(&format!("{name}:$LATEST"), None), format!("{arn}:$LATEST"));
        }
        let elsewhere = function_arn("222222222222:function:f", None, "eu-central-1", "123456789012");
        assert_eq!(elsewhere, "arn:aws:lambda:eu-central-1:222222222222:function:f");
    }
}

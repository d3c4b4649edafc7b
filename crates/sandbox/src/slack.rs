//! A stand-in for Slack below `/_slack` of the gateway's address: incoming webhooks (`/_slack/services/…`) and the Web API's
//! `chat.postMessage` and `reactions.add` (`/_slack/chat.postMessage`).
//!
//! It takes what Slack takes: a message within Block Kit's limits (`slack/blocks.rs`), a bot's token, a channel, a reaction to a
//! message that is there. What it refuses, it refuses in Slack's words ("Sending messages using incoming webhooks",
//! "chat.postMessage", "reactions.add", docs.slack.dev). Any webhook below the path is one, any `xoxb-…` is a token, and any
//! channel exists. It limits no rate by itself: a test plans what it answers.

mod blocks;

use std::collections::{BTreeSet, VecDeque};

use http::{HeaderValue, Method, StatusCode, header};
use parking_lot::Mutex;
use serde::{Deserialize, Serialize};
use serde_json::{Value, json};

use crate::answer::{Answer, text};
use crate::request::Seen;

/// Where it is, below the gateway's address.
pub(crate) const PATH: &str = "/_slack";

/// A webhook of the sandbox's workspace. Any other below `services/` is as good.
pub(crate) const WEBHOOK: &str = "/_slack/services/T00000000/B00000000/sandbox";

/// One call to Slack, accepted or not.
#[derive(Debug, Clone, Serialize)]
#[non_exhaustive]
pub struct SlackCall {
    /// `webhook`, or the method's name, for example `chat.postMessage`.
    pub method: String,
    /// The body; `null` when it is no JSON.
    pub body: Value,
    /// HTTP status of the answer.
    pub status: u16,
    /// Slack's error code; `None` when the call was accepted.
    pub error: Option<String>,
    /// The id of the message that was made; a webhook's caller does not learn it.
    pub ts: Option<String>,
}

/// An answer that is planned for the next call, whatever that is.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "kebab-case", deny_unknown_fields)]
#[non_exhaustive]
pub enum SlackAnswer {
    /// 429 with `Retry-After` in seconds.
    Busy(u32),
    /// This HTTP status, for example 500.
    Status(u16),
    /// As if nothing was planned.
    Ordinary,
}

/// The workspace.
#[derive(Default)]
pub(crate) struct Slack(Mutex<State>);

#[derive(Default)]
struct State {
    calls: Vec<SlackCall>,
    planned: VecDeque<SlackAnswer>,
    made: u64,
    /// Messages by their `ts`, and reactions by message and name.
    messages: BTreeSet<String>,
    reactions: BTreeSet<(String, String)>,
}

impl Slack {
    pub(crate) fn calls(&self) -> Vec<SlackCall> {
        self.0.lock().calls.clone()
    }

    /// Answers the next calls so, one each.
    pub(crate) fn plan(&self, answers: impl IntoIterator<Item = SlackAnswer>) {
        self.0.lock().planned.extend(answers);
    }

    pub(crate) fn clear(&self) {
        self.0.lock().calls.clear();
    }

    /// Answers one request.
    pub(crate) fn answer(&self, seen: &Seen) -> Answer {
        let path = seen.uri.path().strip_prefix(PATH).unwrap_or_default().trim_start_matches('/');
        let (is_webhook, method) = match path.strip_prefix("services/") {
            Some(_) => (true, "webhook"),
            None => (false, path),
        };
        let body: Value = serde_json::from_slice(&seen.body).unwrap_or_default();
        let mut state = self.0.lock();
        let mut call = SlackCall { method: method.to_owned(), body, status: 200, error: None, ts: None };
        let planned = state.planned.pop_front().unwrap_or(SlackAnswer::Ordinary);
        let answer = match planned {
            SlackAnswer::Busy(seconds) => {
                call.status = 429;
                call.error = Some("ratelimited".to_owned());
                let mut answer = told(is_webhook, StatusCode::TOO_MANY_REQUESTS, "ratelimited");
                answer.headers_mut().insert(header::RETRY_AFTER, HeaderValue::from(seconds));
                answer
            }
            SlackAnswer::Status(status) => {
                call.status = status;
                call.error = Some("internal_error".to_owned());
                let status = StatusCode::from_u16(status).unwrap_or(StatusCode::INTERNAL_SERVER_ERROR);
                told(is_webhook, status, "internal_error")
            }
            SlackAnswer::Ordinary => {
                let done = if seen.method != Method::POST {
                    Err("invalid_http_method".to_owned())
                } else if is_webhook {
                    state.webhook(&mut call)
                } else {
                    state.method(&mut call, seen.header(header::AUTHORIZATION.as_str()))
                };
                match done {
                    Ok(answer) if is_webhook => text(StatusCode::OK, answer.as_str().unwrap_or("ok")),
                    Ok(answer) => json_of(StatusCode::OK, &answer),
                    Err(error) => {
                        // A webhook says it by status, the Web API in the body alone.
                        let status = if is_webhook { StatusCode::BAD_REQUEST } else { StatusCode::OK };
                        call.status = status.as_u16();
                        let answer = told(is_webhook, status, &error);
                        call.error = Some(error);
                        answer
                    }
                }
            }
        };
        state.calls.push(call);
        answer
    }
}

impl State {
    fn webhook(&mut self, call: &mut SlackCall) -> Result<Value, String> {
        if !call.body.is_object() {
            return Err("invalid_payload".to_owned());
        }
        blocks::check(&call.body)?;
        call.ts = Some(self.new_message());
        Ok(json!("ok"))
    }

    fn method(&mut self, call: &mut SlackCall, authorization: Option<&str>) -> Result<Value, String> {
        match authorization.and_then(|text| text.strip_prefix("Bearer ")) {
            None => return Err("not_authed".to_owned()),
            Some(token) if !token.starts_with("xoxb-") => return Err("invalid_auth".to_owned()),
            Some(_) => {}
        }
        if !call.body.is_object() {
            return Err("invalid_json".to_owned());
        }
        let text = |key: &str| call.body.get(key).and_then(Value::as_str).filter(|text| !text.is_empty());
        let channel = text("channel").ok_or("channel_not_found")?.to_owned();
        match call.method.as_str() {
            "chat.postMessage" => {
                if text("thread_ts").is_some_and(|ts| !self.messages.contains(ts)) {
                    return Err("thread_not_found".to_owned());
                }
                blocks::check(&call.body)?;
                let ts = self.new_message();
                call.ts = Some(ts.clone());
                Ok(json!({ "ok": true, "channel": channel, "ts": ts, "message": { "type": "message", "ts": ts } }))
            }
            "reactions.add" => {
                let (ts, name) = (text("timestamp").unwrap_or_default(), text("name").ok_or("invalid_name")?);
                if !self.messages.contains(ts) {
                    return Err("message_not_found".to_owned());
                }
                if !self.reactions.insert((ts.to_owned(), name.to_owned())) {
                    return Err("already_reacted".to_owned());
                }
                Ok(json!({ "ok": true }))
            }
            _ => Err("unknown_method".to_owned()),
        }
    }

    /// Ids grow, as Slack's do.
    fn new_message(&mut self) -> String {
        self.made += 1;
        let ts = format!("{}.{:06}", jiff::Timestamp::now().as_second(), self.made);
        self.messages.insert(ts.clone());
        ts
    }
}

fn told(is_webhook: bool, status: StatusCode, error: &str) -> Answer {
    if is_webhook { text(status, error) } else { json_of(status, &json!({ "ok": false, "error": error })) }
}

fn json_of(status: StatusCode, value: &Value) -> Answer {
    let mut answer = text(status, &value.to_string());
    answer.headers_mut().insert(header::CONTENT_TYPE, HeaderValue::from_static("application/json; charset=utf-8"));
    answer
}

#[cfg(test)]
mod tests;

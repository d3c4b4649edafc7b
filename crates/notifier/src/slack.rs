//! Slack, by an incoming webhook or as a bot.
//!
//! A webhook cannot say which message it made («Sending messages using incoming webhooks», docs.slack.dev), so only a bot has
//! threads: the first message of a finding stands in the channel, later ones are replies, and the one that says that it is over
//! marks the first with a tick. A message after that begins anew, unless it is about an undo.

use std::{
    sync::{Arc, Mutex, PoisonError},
    time::{Duration, Instant},
};

use aws_config::SdkConfig;
use rectify_aws::{Http, NoAnswer, Request, Thread};
use rectify_render::{Post, escape};
use serde_json::{Value, json};

use crate::secret::{Access, Keeper, Secret, SecretError};

/// The longest `Retry-After` that is waited for here. Whatever is longer is waited for in the queue.
const SHORT: Duration = Duration::from_secs(3);

/// What a 429 without `Retry-After` means.
const UNSAID: Duration = Duration::from_secs(30);

/// How often a short wait is waited.
const WAITS: usize = 2;

/// Why Slack does not have a message.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
pub(crate) enum SlackError {
    #[error("{0}")]
    Secret(#[from] SecretError),
    #[error("Slack gave {0}")]
    NoAnswer(#[from] NoAnswer),
    #[error("Slack takes no more for {} seconds", .0.as_secs())]
    Busy(Duration),
    #[error("Slack answered {method} with HTTP status {status}")]
    Status { method: &'static str, status: u16 },
    #[error("Slack refused {method}: {code}{detail}; {}", help(.code))]
    Refused { method: &'static str, code: String, detail: String },
    #[error("the secret is a bot's token, and a bot needs `channel`, the Slack channel's id, in the settings")]
    NoChannel,
}

/// The next step for an error code, as one sentence without a final stop («Errors» of `chat.postMessage`; «Handling errors» of
/// incoming webhooks, docs.slack.dev).
fn help(code: &str) -> &'static str {
    match code {
        "invalid_auth" | "not_authed" | "token_revoked" | "token_expired" | "account_inactive" | "invalid_token" => {
            "the token in the secret is not valid any more: put a new one into the secret"
        }
        "no_service" | "no_service_id" | "no_team" | "team_disabled" => {
            "the webhook was removed or its app disabled: make a new one and put it into the secret"
        }
        "missing_scope" | "no_permission" | "not_allowed_token_type" => {
            "the app needs the scopes `chat:write` and `reactions:write`: add them and install it again"
        }
        "channel_not_found" => "check the channel's id in the settings; a private channel has to invite the app",
        "not_in_channel" => "invite the app into the channel, or give it the scope `chat:write.public`",
        "is_archived" | "channel_is_archived" => "the channel is archived: name another one in the settings",
        "action_prohibited"
        | "restricted_action"
        | "posting_to_general_channel_denied"
        | "ekm_access_denied"
        | "access_denied" => "an administrator of the workspace restricts who may post there",
        "invalid_blocks"
        | "invalid_blocks_format"
        | "invalid_payload"
        | "msg_too_long"
        | "msg_blocks_too_long"
        | "no_text"
        | "invalid_arguments" => "report it with the message's id: rectify sent what Slack does not accept",
        "internal_error" | "fatal_error" | "service_unavailable" | "rollup_error" | "request_timeout" => {
            "nothing to do: Slack's own fault, and the message comes again"
        }
        _ => "look the code up in Slack's reference of the method",
    }
}

/// The door is shut, and another key may open it.
fn is_about_the_key(error: &SlackError) -> bool {
    match error {
        SlackError::Refused { code, .. } => matches!(
            &**code,
            "invalid_auth"
                | "not_authed"
                | "token_revoked"
                | "token_expired"
                | "account_inactive"
                | "invalid_token"
                | "no_service"
                | "no_service_id"
                | "no_team"
                | "team_disabled"
        ),
        SlackError::Status { status, .. } => matches!(status, 401 | 403 | 404 | 410),
        _ => false,
    }
}

/// The thread is not there any more: its first message was deleted.
fn is_about_the_thread(error: &SlackError) -> bool {
    matches!(error, SlackError::Refused { code, .. }
        if matches!(&**code, "thread_not_found" | "message_not_found" | "cannot_reply_to_message" | "invalid_thread_ts"))
}

/// One Slack channel.
#[derive(Debug)]
pub(crate) struct Slack {
    http: Http,
    keeper: Keeper,
    api: Arc<str>,
    channel: Option<String>,
    /// Until when Slack said, in this batch, that it takes no more: the batch's other messages do not ask again.
    busy: Mutex<Option<Instant>>,
}

/// What became of a message.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub(crate) struct Posted {
    /// The message that began a thread with this one; `None` for a reply, and for a webhook.
    pub(crate) root: Option<String>,
}

impl Slack {
    pub(crate) fn new(config: &SdkConfig, http: &Http, secret: &str, channel: Option<String>, api: Arc<str>) -> Self {
        let keeper = Keeper::new(config, http, secret, Arc::clone(&api));
        Self { http: http.clone(), keeper, api, channel, busy: Mutex::new(None) }
    }

    /// A new batch asks again: what was put off comes at the time Slack asked for.
    pub(crate) fn begin(&self) {
        *self.busy.lock().unwrap_or_else(PoisonError::into_inner) = None;
    }

    /// Posts a message: into the thread of its finding when there is one that it belongs to.
    pub(crate) async fn post(&self, post: &Post, thread: Option<&Thread>) -> Result<Posted, SlackError> {
        let access = self.keeper.access().await?;
        match self.post_with(&access, post, thread).await {
            Err(error) if is_about_the_key(&error) => match self.keeper.newer_than(&access).await? {
                Some(newer) => self.post_with(&newer, post, thread).await,
                None => Err(error),
            },
            result => result,
        }
    }

    /// Posts something that is about no finding.
    pub(crate) async fn say(&self, body: &Value) -> Result<(), SlackError> {
        let access = self.keeper.access().await?;
        match self.send(&access, body, None).await {
            Err(error) if is_about_the_key(&error) => match self.keeper.newer_than(&access).await? {
                Some(newer) => self.send(&newer, body, None).await.map(drop),
                None => Err(error),
            },
            result => result.map(drop),
        }
    }

    async fn post_with(&self, access: &Access, post: &Post, thread: Option<&Thread>) -> Result<Posted, SlackError> {
        let Access::Bot(token) = access else {
            return self.send(access, &post.slack(), None).await.map(|_| Posted::default());
        };
        let message = post.finding();
        let belongs = thread.filter(|thread| !thread.closed || message.is_some_and(|message| message.undone.is_some()));
        let mut root = belongs.and_then(|thread| thread.root.clone());
        let mut posted = Posted::default();
        if let (Some(ts), Some(message)) = (&root, message) {
            match self.send(access, &message.slack_reply(), Some(ts)).await {
                Ok(_) => {}
                Err(error) if is_about_the_thread(&error) => root = None,
                Err(error) => return Err(error),
            }
        }
        if root.is_none() {
            posted.root = self.send(access, &post.slack(), None).await?;
            root.clone_from(&posted.root);
        }
        if let (Some(ts), true) = (root, message.is_some_and(|message| message.closes)) {
            self.mark(token, &ts).await;
        }
        Ok(posted)
    }

    /// Sends one message and returns its id, which only a bot learns.
    async fn send(&self, access: &Access, body: &Value, thread: Option<&str>) -> Result<Option<String>, SlackError> {
        match access {
            Access::Webhook(url) => {
                let answer = self.call("the webhook", url.expose().to_owned(), None, body.to_string()).await?;
                match &*answer {
                    b"ok" => Ok(None),
                    other => Err(refused("the webhook", &String::from_utf8_lossy(other), None)),
                }
            }
            Access::Bot(token) => {
                let channel = self.channel.as_deref().ok_or(SlackError::NoChannel)?;
                let mut body = body.clone();
                if let Some(body) = body.as_object_mut() {
                    body.insert("channel".to_owned(), json!(channel));
                    // What a link leads to is not for the channel to show.
                    body.insert("unfurl_links".to_owned(), json!(false));
                    body.insert("unfurl_media".to_owned(), json!(false));
                    if let Some(thread) = thread {
                        body.insert("thread_ts".to_owned(), json!(thread));
                    }
                }
                let answer = self.method("chat.postMessage", token, &body).await?;
                Ok(answer.get("ts").and_then(Value::as_str).map(str::to_owned))
            }
        }
    }

    /// Marks the first message of a thread as done. A message without its mark is still a message.
    async fn mark(&self, token: &Secret, ts: &str) {
        let body = json!({ "channel": self.channel, "timestamp": ts, "name": "white_check_mark" });
        match self.method("reactions.add", token, &body).await {
            Ok(_) => {}
            Err(SlackError::Refused { code, .. }) if code == "already_reacted" => {}
            Err(error) => tracing::warn!(%error, "a thread that is over could not be marked"),
        }
    }

    /// One method of the Web API. An answer is good when it says `ok`, whatever its status says.
    async fn method(&self, method: &'static str, token: &Secret, body: &Value) -> Result<Value, SlackError> {
        let url = format!("{}/{method}", self.api);
        let answer = self.call(method, url, Some(token), body.to_string()).await?;
        let answer: Value = serde_json::from_slice(&answer).unwrap_or_default();
        if answer.get("ok") == Some(&Value::Bool(true)) {
            return Ok(answer);
        }
        let code = answer.get("error").and_then(Value::as_str).unwrap_or("no answer that is understood");
        let detail = answer.pointer("/response_metadata/messages/0").and_then(Value::as_str);
        Err(refused(method, code, detail))
    }

    /// One request. Short waits that Slack asks for are waited.
    async fn call(
        &self,
        method: &'static str,
        url: String,
        token: Option<&Secret>,
        body: String,
    ) -> Result<Vec<u8>, SlackError> {
        let mut waits = 0;
        loop {
            if let Some(wait) = self.still_busy() {
                return Err(SlackError::Busy(wait));
            }
            let mut headers = vec![("content-type", "application/json; charset=utf-8".to_owned())];
            headers.extend(token.map(|token| ("authorization", format!("Bearer {}", token.expose()))));
            let request = Request { method: "POST", url: url.clone(), headers, body: body.clone() };
            let answer = self.http.send(request).await?;
            if answer.status == 429 {
                let wait = answer.header("retry-after").and_then(|seconds| seconds.trim().parse().ok());
                let wait = wait.map_or(UNSAID, Duration::from_secs);
                if wait <= SHORT && waits < WAITS {
                    waits += 1;
                    tokio::time::sleep(wait.max(Duration::from_millis(100))).await;
                    continue;
                }
                *self.busy.lock().unwrap_or_else(PoisonError::into_inner) = Instant::now().checked_add(wait);
                return Err(SlackError::Busy(wait));
            }
            if answer.is_success() {
                return Ok(answer.body);
            }
            // A webhook says in words why not; the Web API says it with status 200.
            let said = String::from_utf8_lossy(&answer.body);
            let word = said.trim();
            let is_code =
                !word.is_empty() && word.len() <= 60 && word.bytes().all(|b| b.is_ascii_lowercase() || b == b'_');
            return Err(if is_code {
                refused(method, word, None)
            } else {
                SlackError::Status { method, status: answer.status }
            });
        }
    }

    fn still_busy(&self) -> Option<Duration> {
        let mut busy = self.busy.lock().unwrap_or_else(PoisonError::into_inner);
        let left = busy.map(|until| until.saturating_duration_since(Instant::now())).filter(|left| !left.is_zero());
        *busy = busy.filter(|_| left.is_some());
        left
    }
}

fn refused(method: &'static str, code: &str, detail: Option<&str>) -> SlackError {
    let detail = detail.map(|detail| format!(" ({})", escape::line(detail, 200))).unwrap_or_default();
    SlackError::Refused { method, code: escape::line(code, 60), detail }
}

#[cfg(test)]
mod tests;

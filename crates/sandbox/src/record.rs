//! What the sandbox remembers: calls, invocations, log lines, messages and what was posted to queues. All of it can be asked for as JSON.

use std::collections::VecDeque;

use parking_lot::Mutex;
use serde::Serialize;
use serde_json::Value;
use tokio::sync::broadcast;

/// How many of each are kept; the oldest go first.
const KEPT: usize = 200_000;

/// One call to AWS, by a function or by a person.
#[derive(Debug, Clone, Serialize)]
#[non_exhaustive]
pub struct Call {
    /// The function's logical id; `None` for a person.
    pub function: Option<String>,
    /// The invocation the function was in; `None` when several were, or none.
    pub request_id: Option<String>,
    /// botocore's service name, for example `s3control`; empty when the request could not be named.
    pub service: String,
    /// The operation, for example `PutBucketAcl`; empty when the request could not be named.
    pub operation: String,
    /// The IAM action, for example `s3:PutBucketAcl`.
    pub action: String,
    /// The ARN the call was about; `*` when about none in particular.
    pub resource: String,
    /// The account whose state was used.
    pub account: String,
    /// The region of the signature, or of the bucket.
    pub region: String,
    /// HTTP status; 0 when the connection was cut.
    pub status: u16,
    /// AWS's error code.
    pub error: Option<String>,
    /// The fault that was injected, if any.
    pub fault: Option<String>,
    /// Nanoseconds since the world began.
    pub start_ns: u64,
    /// Nanoseconds since the world began.
    pub end_ns: u64,
    /// Of these, the nanoseconds spent waiting for moto.
    pub cloud_ns: u64,
}

/// How one attempt to run a function ended.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize)]
#[serde(rename_all = "kebab-case")]
#[non_exhaustive]
pub enum Outcome {
    /// It answered.
    Success,
    /// It reported an error.
    Error,
    /// It was still running when its time was over, and was killed.
    Timeout,
    /// Its process ended.
    Crash,
    /// It did not come to its first request for work, or was not allowed to run at all (no concurrency).
    InitError,
}

/// One attempt to run a function.
#[derive(Debug, Clone, Serialize)]
#[non_exhaustive]
pub struct Invocation {
    /// The function's logical id.
    pub function: String,
    /// The request id; retries keep it, as in AWS.
    pub request_id: String,
    /// 1 for the first attempt.
    pub attempt: u32,
    /// The id of the EventBridge event, when there was one.
    pub event_id: Option<String>,
    /// A new process was started for it.
    pub cold: bool,
    /// Spawn to first request for work, for a cold start.
    pub init_ns: Option<u64>,
    /// When the event was handed out: nanoseconds since the world began.
    pub start_ns: u64,
    /// When it had answered.
    pub end_ns: u64,
    /// How it ended.
    pub outcome: Outcome,
    /// What it answered: its result, or `errorType` and `errorMessage`.
    pub response: Value,
    /// The process.
    pub pid: Option<u32>,
    /// The most memory the process ever had resident, in kB (Linux only).
    pub peak_rss_kb: Option<u64>,
}

/// One line a function wrote.
#[derive(Debug, Clone, Serialize)]
#[non_exhaustive]
pub struct LogLine {
    /// The function's logical id.
    pub function: String,
    /// The invocation it was in.
    pub request_id: Option<String>,
    /// `stdout` or `stderr`.
    pub stream: &'static str,
    /// The line, without its end.
    pub line: String,
    /// Nanoseconds since the world began.
    pub at_ns: u64,
}

/// One message published to a topic.
#[derive(Debug, Clone, Serialize)]
#[non_exhaustive]
pub struct Message {
    /// The topic's ARN, or a phone number's target.
    pub topic: String,
    /// The subject, if any.
    pub subject: Option<String>,
    /// The body as published.
    pub body: String,
    /// Message attributes, by name, as strings.
    pub attributes: std::collections::BTreeMap<String, String>,
    /// The function that published it; `None` for a person.
    pub function: Option<String>,
    /// Nanoseconds since the world began.
    pub at_ns: u64,
}

/// One message sent to a queue that a function is fed from.
#[derive(Debug, Clone, Serialize)]
#[non_exhaustive]
pub struct Posted {
    /// The queue's name.
    pub queue: String,
    /// `MessageGroupId`.
    pub group: Option<String>,
    /// `MessageDeduplicationId`.
    pub deduplication: Option<String>,
    /// The body as sent.
    pub body: String,
    /// The function that sent it; `None` for a person.
    pub function: Option<String>,
    /// Nanoseconds since the world began.
    pub at_ns: u64,
}

/// A bounded list that can be read at any time.
pub(crate) struct Kept<T>(Mutex<VecDeque<T>>);

impl<T: Clone> Kept<T> {
    pub(crate) fn new() -> Self {
        Self(Mutex::new(VecDeque::new()))
    }

    pub(crate) fn push(&self, item: T) {
        let mut items = self.0.lock();
        if items.len() == KEPT {
            items.pop_front();
        }
        items.push_back(item);
    }

    pub(crate) fn all(&self) -> Vec<T> {
        self.0.lock().iter().cloned().collect()
    }

    pub(crate) fn any(&self, is_meant: impl FnMut(&T) -> bool) -> bool {
        self.0.lock().iter().any(is_meant)
    }

    pub(crate) fn clear(&self) {
        self.0.lock().clear();
    }
}

/// Everything remembered.
pub(crate) struct Records {
    pub(crate) calls: Kept<Call>,
    pub(crate) events: Kept<Value>,
    pub(crate) invocations: Kept<Invocation>,
    pub(crate) logs: Kept<LogLine>,
    pub(crate) messages: Kept<Message>,
    pub(crate) posted: Kept<Posted>,
    pub(crate) mails: Kept<Value>,
    live_logs: broadcast::Sender<LogLine>,
    live_invocations: broadcast::Sender<Invocation>,
    began: std::time::Instant,
}

impl Records {
    pub(crate) fn new() -> Self {
        Self {
            calls: Kept::new(),
            events: Kept::new(),
            invocations: Kept::new(),
            logs: Kept::new(),
            messages: Kept::new(),
            posted: Kept::new(),
            mails: Kept::new(),
            live_logs: broadcast::channel(1024).0,
            live_invocations: broadcast::channel(1024).0,
            began: std::time::Instant::now(),
        }
    }

    pub(crate) fn now(&self) -> u64 {
        u64::try_from(self.began.elapsed().as_nanos()).unwrap_or(u64::MAX)
    }

    pub(crate) fn log(&self, line: LogLine) {
        // Nobody listening is no failure.
        let _ = self.live_logs.send(line.clone());
        self.logs.push(line);
    }

    pub(crate) fn invocation(&self, invocation: Invocation) {
        let _ = self.live_invocations.send(invocation.clone());
        self.invocations.push(invocation);
    }

    pub(crate) fn follow_logs(&self) -> broadcast::Receiver<LogLine> {
        self.live_logs.subscribe()
    }

    pub(crate) fn follow_invocations(&self) -> broadcast::Receiver<Invocation> {
        self.live_invocations.subscribe()
    }

    pub(crate) fn clear(&self) {
        self.calls.clear();
        self.events.clear();
        self.invocations.clear();
        self.logs.clear();
        self.messages.clear();
        self.posted.clear();
        self.mails.clear();
    }
}

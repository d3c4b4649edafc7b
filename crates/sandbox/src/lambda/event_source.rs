//! Event source mappings: Lambda polls a queue and runs a function with what it receives (Lambda developer guide, "Using Lambda
//! with Amazon SQS", "Handling errors for an SQS event source").
//!
//! Nothing here waits for a message: whoever sends one through the gateway tells, and each telling is one batch. What is
//! received, run or waited for keeps the world busy, so a world that is idle has no message in the queue but those that came past
//! the gateway (a topic's subscription for example), which are found with the next.
//!
//! Two lengths of time are shorter than AWS's, so that tests do not wait minutes. A message of a batch that failed comes again
//! after the function's retry delay, and not when the queue's visibility timeout ends. A message that the function itself asked
//! to see later (`ChangeMessageVisibility`) comes after what it asked for at the scale on which the retry delay is AWS's minute:
//! with a delay of 200 ms, 30 seconds become 100 ms. The call itself is recorded as it was made.
//!
//! Receive counts, the order within a group and the way to the dead-letter queue are moto's.

use std::collections::{BTreeMap, BTreeSet, HashMap};
use std::sync::Arc;
use std::sync::atomic::{AtomicBool, Ordering};
use std::time::Duration;

use bytes::Bytes;
use parking_lot::Mutex;
use serde_json::{Map, Value, json};
use tokio::sync::Semaphore;
use tokio::task::JoinSet;

use super::{DEFAULT_CONCURRENCY, Function};
use crate::authority::{self, Asker, Decision};
use crate::hub::Hub;
use crate::moto::Answer;
use crate::record::{Invocation, Outcome, Posted};
use crate::template::{Resolver, SourceSpec, Template};

/// What AWS counts as a minute, for whoever asks to see a message later.
const MINUTE: u32 = 60;
/// SQS forgets a deduplication id after this long (SQS developer guide, "Using the message deduplication ID").
const DEDUPLICATION_NS: u64 = 300_000_000_000;
/// What the role of a function needs before Lambda makes a mapping (Lambda developer guide, "Configuring execution role
/// permissions").
const NEEDED: [&str; 3] = ["sqs:ReceiveMessage", "sqs:DeleteMessage", "sqs:GetQueueAttributes"];

/// Every mapping of a world.
pub(crate) struct EventSources {
    hub: Arc<Hub>,
    all: Vec<Arc<EventSource>>,
}

/// One queue that feeds one function.
pub(crate) struct EventSource {
    hub: Arc<Hub>,
    function: Arc<Function>,
    spec: SourceSpec,
    /// As the queue's users know it.
    url: String,
    retry_delay: Duration,
    /// Batches at the same time.
    slots: Semaphore,
    /// A look at the queue is on its way and has not begun: it will see what came before.
    coming: AtomicBool,
    /// Seconds after which the function wants to see a message again, by receipt handle.
    later: Mutex<HashMap<String, u32>>,
    tasks: Mutex<JoinSet<()>>,
}

impl EventSources {
    pub(crate) fn new(hub: Arc<Hub>, functions: &[Arc<Function>], endpoint: &str, retry_delay: Duration) -> Self {
        let source = |function: &Arc<Function>, spec: &SourceSpec| {
            let name = spec.queue.rsplit(':').next().unwrap_or_default();
            Arc::new(EventSource {
                hub: Arc::clone(&hub),
                function: Arc::clone(function),
                spec: spec.clone(),
                url: format!("{endpoint}/{}/{name}", hub.account),
                retry_delay,
                slots: Semaphore::new(spec.concurrency.unwrap_or(DEFAULT_CONCURRENCY)),
                coming: AtomicBool::new(false),
                later: Mutex::default(),
                tasks: Mutex::default(),
            })
        };
        let all = functions.iter().flat_map(|function| function.sources().iter().map(move |spec| (function, spec)));
        let all = all.map(|(function, spec)| source(function, spec)).collect();
        Self { hub, all }
    }

    /// Takes over what a successful call to SQS means for the mappings of the queue it was about.
    ///
    /// `queue` is the queue's ARN, `function` the caller if it is one.
    pub(crate) fn learn(&self, operation: &str, queue: &str, function: Option<&str>, body: &[u8], answer: &[u8]) {
        let mut sources = self.all.iter().filter(|source| source.spec.queue == queue).peekable();
        if sources.peek().is_none() {
            return;
        }
        let body: Value = serde_json::from_slice(body).unwrap_or_default();
        let entries = || body.get("Entries").and_then(Value::as_array).into_iter().flatten();
        match operation {
            "SendMessage" => self.posted(queue, function, &body),
            "SendMessageBatch" => {
                let answer: Value = serde_json::from_slice(answer).unwrap_or_default();
                let failed = answer.get("Failed").and_then(Value::as_array).into_iter().flatten();
                let failed: BTreeSet<&str> = failed.filter_map(|entry| entry.get("Id")?.as_str()).collect();
                for entry in entries() {
                    if entry.get("Id").and_then(Value::as_str).is_none_or(|id| !failed.contains(id)) {
                        self.posted(queue, function, entry);
                    }
                }
            }
            "ChangeMessageVisibility" | "ChangeMessageVisibilityBatch" => {
                for source in sources.clone() {
                    source.postpone(&body);
                    entries().for_each(|entry| source.postpone(entry));
                }
            }
            _ => return,
        }
        sources.for_each(|source| source.look());
    }

    /// A repetition within SQS's five minutes is no second message.
    fn posted(&self, queue: &str, function: Option<&str>, message: &Value) {
        let text = |key: &str| message.get(key).and_then(Value::as_str).map(str::to_owned);
        let posted = Posted {
            queue: queue.rsplit(':').next().unwrap_or_default().to_owned(),
            group: text("MessageGroupId"),
            deduplication: text("MessageDeduplicationId"),
            body: text("MessageBody").unwrap_or_default(),
            function: function.map(str::to_owned),
            at_ns: self.hub.records.now(),
        };
        let is_known = |known: &Posted| {
            posted.deduplication.is_some()
                && (&known.queue, &known.group, &known.deduplication)
                    == (&posted.queue, &posted.group, &posted.deduplication)
                && posted.at_ns.saturating_sub(known.at_ns) < DEDUPLICATION_NS
        };
        if !self.hub.records.posted.any(is_known) {
            self.hub.records.posted.push(posted);
        }
    }

    /// As `ListEventSourceMappings` shows them (Lambda API reference), of one function or of all.
    pub(crate) fn shown(&self, function: Option<&str>) -> Value {
        let is_meant = |source: &&Arc<EventSource>| {
            let of = &source.function;
            function.is_none_or(|name| [of.name(), of.arn()].contains(&name))
        };
        let mappings = self.all.iter().filter(is_meant).map(|source| {
            json!({
                "UUID": uuid::Uuid::new_v4().to_string(),
                "EventSourceArn": source.spec.queue,
                "FunctionArn": source.function.arn(),
                "BatchSize": source.spec.batch_size,
                "State": "Enabled",
                "StateTransitionReason": "USER_INITIATED",
                "FunctionResponseTypes": if source.spec.reports_failures { vec!["ReportBatchItemFailures"] } else { vec![] },
                "ScalingConfig": source.spec.concurrency.map(|most| json!({ "MaximumConcurrency": most })),
            })
        });
        json!({ "EventSourceMappings": mappings.collect::<Vec<_>>() })
    }

    /// Nothing is received any more.
    pub(crate) fn stop(&self) {
        for source in &self.all {
            source.slots.close();
            source.tasks.lock().abort_all();
        }
    }
}

impl EventSource {
    /// Something may have come, or become visible again.
    fn look(self: &Arc<Self>) {
        if self.coming.swap(true, Ordering::SeqCst) {
            return;
        }
        let work = self.hub.busy.begin();
        let source = Arc::clone(self);
        self.spawn(async move {
            source.batch().await;
            drop(work);
        });
    }

    fn spawn(&self, task: impl Future<Output = ()> + Send + 'static) {
        let mut tasks = self.tasks.lock();
        while tasks.try_join_next().is_some() {}
        tasks.spawn(task);
    }

    /// Receives once and runs the function with what there was.
    async fn batch(self: &Arc<Self>) {
        let slot = self.slots.acquire().await;
        self.coming.store(false, Ordering::SeqCst);
        if slot.is_err() {
            return;
        }
        let messages = self.receive().await;
        if messages.is_empty() {
            return;
        }
        // There may be more than fits into one batch, or another group.
        self.look();
        let Some(invocation) = self.function.invoke(Bytes::from(self.event(&messages).to_string())).await else {
            return;
        };
        let failed = if self.spec.reports_failures {
            failures(&invocation, &messages)
        } else if invocation.outcome == Outcome::Success {
            BTreeSet::new()
        } else {
            messages.iter().filter_map(id).collect()
        };
        let mut again: BTreeMap<Duration, Vec<String>> = BTreeMap::new();
        for message in &messages {
            let Some(handle) = text(message, "ReceiptHandle") else { continue };
            let asked = self.later.lock().remove(handle);
            if id(message).is_some_and(|id| failed.contains(id)) {
                let delay = asked.map_or(self.retry_delay, |seconds| self.retry_delay.saturating_mul(seconds) / MINUTE);
                again.entry(delay).or_default().push(handle.to_owned());
            } else {
                // A function may have deleted it itself.
                self.sqs("DeleteMessage", json!({ "ReceiptHandle": handle })).await;
            }
        }
        for (delay, handles) in again {
            let (source, work) = (Arc::clone(self), self.hub.busy.begin());
            self.spawn(async move {
                tokio::time::sleep(delay).await;
                for handle in handles {
                    let visible = json!({ "ReceiptHandle": handle, "VisibilityTimeout": 0 });
                    source.sqs("ChangeMessageVisibility", visible).await;
                }
                source.look();
                drop(work);
            });
        }
        // The next of a group waited for these.
        self.look();
    }

    /// Notes when the function wants to see a message again.
    fn postpone(&self, change: &Value) {
        let seconds =
            change.get("VisibilityTimeout").and_then(Value::as_u64).and_then(|seconds| seconds.try_into().ok());
        if let (Some(handle), Some(seconds)) = (text(change, "ReceiptHandle"), seconds) {
            self.later.lock().insert(handle.to_owned(), seconds);
        }
    }

    async fn receive(&self) -> Vec<Value> {
        let wanted = json!({
            "MaxNumberOfMessages": self.spec.batch_size.min(10),
            "AttributeNames": ["All"],
            "MessageAttributeNames": ["All"],
        });
        let answer = self.sqs("ReceiveMessage", wanted).await;
        let answer: Value = answer.and_then(|answer| serde_json::from_slice(&answer.body).ok()).unwrap_or_default();
        answer.get("Messages").and_then(Value::as_array).cloned().unwrap_or_default()
    }

    async fn sqs(&self, operation: &str, mut body: Value) -> Option<Answer> {
        if let Some(body) = body.as_object_mut() {
            body.insert("QueueUrl".to_owned(), Value::from(self.url.clone()));
        }
        let answer = self.hub.moto.json(self.hub.own("sqs"), &format!("AmazonSQS.{operation}"), &body).await;
        match answer {
            Ok(answer) if answer.status.is_success() => Some(answer),
            Ok(answer) => {
                tracing::debug!(operation, status = %answer.status, "the queue refused the event source");
                None
            }
            Err(error) => {
                tracing::debug!(operation, %error, "the event source lost its queue");
                None
            }
        }
    }

    /// The function's event (Lambda developer guide, "Using Lambda with Amazon SQS", example messages).
    fn event(&self, messages: &[Value]) -> Value {
        let record = |message: &Value| {
            let field = |key: &str| message.get(key).cloned().unwrap_or_default();
            let attributes = message.get("MessageAttributes").and_then(Value::as_object).into_iter().flatten();
            json!({
                "messageId": field("MessageId"),
                "receiptHandle": field("ReceiptHandle"),
                "body": field("Body"),
                "attributes": message.get("Attributes").cloned().unwrap_or_else(|| json!({})),
                "messageAttributes": attributes.map(|(name, value)| (name.clone(), attribute(value))).collect::<Map<_, _>>(),
                "md5OfBody": field("MD5OfBody"),
                "eventSource": "aws:sqs",
                "eventSourceARN": self.spec.queue,
                "awsRegion": self.hub.region,
            })
        };
        json!({ "Records": messages.iter().map(record).collect::<Vec<_>>() })
    }
}

/// A message attribute in Lambda's spelling.
fn attribute(value: &Value) -> Value {
    let field = |key: &str| value.get(key).cloned();
    let mut out = json!({ "stringListValues": [], "binaryListValues": [], "dataType": field("DataType") });
    if let Some(out) = out.as_object_mut() {
        out.extend(field("StringValue").map(|text| ("stringValue".to_owned(), text)));
        out.extend(field("BinaryValue").map(|bytes| ("binaryValue".to_owned(), bytes)));
    }
    out
}

fn text<'a>(value: &'a Value, key: &str) -> Option<&'a str> {
    value.get(key).and_then(Value::as_str)
}

fn id(message: &Value) -> Option<&str> {
    text(message, "MessageId")
}

/// The ids of the messages that come again. An answer that is no list of this batch's messages fails all of them; one without
/// anything in it fails none (Lambda developer guide, "Handling errors for an SQS event source", success and failure conditions).
fn failures<'a>(invocation: &Invocation, messages: &'a [Value]) -> BTreeSet<&'a str> {
    let all = || messages.iter().filter_map(id).collect();
    if invocation.outcome != Outcome::Success {
        return all();
    }
    let list = match &invocation.response {
        Value::Null => return BTreeSet::new(),
        Value::Object(fields) => match fields.get("batchItemFailures") {
            None | Some(Value::Null) => return BTreeSet::new(),
            Some(Value::Array(list)) => list,
            Some(_) => return all(),
        },
        Value::String(text) if text.is_empty() => return BTreeSet::new(),
        _ => return all(),
    };
    let named = |failure: &Value| {
        let named = text(failure, "itemIdentifier")?;
        messages.iter().filter_map(id).find(|id| *id == named)
    };
    list.iter().map(named).collect::<Option<_>>().unwrap_or_else(all)
}

/// Why Lambda would not make a function's mappings: its role may not read the queue. The polling itself is not checked call by
/// call.
pub(crate) fn refusal(template: &Template, resolver: &Resolver<'_>, function: &Function) -> Option<String> {
    let roles = template.resources(resolver).filter(|(_, kind, _)| *kind == "AWS::IAM::Role");
    let of_function = |id: &str| resolver.attribute(id, "Arn").is_ok_and(|arn| arn == function.role_arn());
    // SAM gives the role that it makes itself what the mapping needs.
    let (_, _, properties) = roles.into_iter().find(|(id, ..)| of_function(id))?;
    let policies = resolver.resolve(properties.get("Policies").unwrap_or(&Value::Null)).unwrap_or_default();
    for source in function.sources() {
        for action in NEEDED {
            let documents = policies.as_array().into_iter().flatten().filter_map(|policy| policy.get("PolicyDocument"));
            let mut said =
                documents.map(|policy| authority::decide(policy, &Asker::default(), action, Some(&source.queue)));
            if !said.any(|decision| decision == Decision::Allowed) {
                return Some(format!(
                    "the function's role does not have permissions to call {action} on {}",
                    source.queue
                ));
            }
        }
    }
    None
}

#[cfg(test)]
mod tests {
    use super::*;

    fn failed(response: Value, outcome: Outcome) -> Vec<String> {
        let messages = ["a", "b"].map(|id| json!({ "MessageId": id }));
        let invocation = Invocation {
            function: String::new(),
            request_id: String::new(),
            attempt: 1,
            event_id: None,
            cold: false,
            init_ns: None,
            start_ns: 0,
            end_ns: 0,
            outcome,
            response,
            pid: None,
            peak_rss_kb: None,
        };
        failures(&invocation, &messages).into_iter().map(str::to_owned).collect()
    }

    /// The conditions of the developer guide, one by one.
    #[test]
    fn what_a_function_answers_says_which_messages_come_again() {
        for none in [
            json!(null),
            json!({}),
            json!(""),
            json!({ "batchItemFailures": [] }),
            json!({ "batchItemFailures": null }),
        ] {
            assert!(failed(none.clone(), Outcome::Success).is_empty(), "{none}");
        }
        let one = json!({ "batchItemFailures": [{ "itemIdentifier": "b" }] });
        assert_eq!(failed(one.clone(), Outcome::Success), ["b"]);
        for all in [
            json!("no JSON"),
            json!({ "batchItemFailures": "b" }),
            json!({ "batchItemFailures": [{ "itemIdentifier": "" }] }),
            json!({ "batchItemFailures": [{ "itemIdentifier": null }] }),
            json!({ "batchItemFailures": [{ "id": "b" }] }),
            json!({ "batchItemFailures": [{ "itemIdentifier": "b" }, { "itemIdentifier": "stranger" }] }),
        ] {
            assert_eq!(failed(all.clone(), Outcome::Success), ["a", "b"], "{all}");
        }
        for outcome in [Outcome::Error, Outcome::Timeout, Outcome::Crash, Outcome::InitError] {
            assert_eq!(failed(one.clone(), outcome), ["a", "b"], "{outcome:?}");
        }
    }
}

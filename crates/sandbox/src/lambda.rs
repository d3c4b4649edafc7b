//! The Lambda service: queues, retries and dead letters around real processes that speak the Runtime API.

pub(crate) mod api;
mod environment;
pub(crate) mod event_source;
mod log;
mod runtime_api;

use std::path::PathBuf;
use std::sync::Arc;
use std::time::Duration;

use bytes::Bytes;
use parking_lot::Mutex;
use serde_json::{Value, json};
use tokio::sync::{Semaphore, oneshot};
use tokio::task::JoinSet;

use crate::busy::Work;
use crate::hub::Hub;
use crate::record::{Invocation, Outcome};
use crate::scheduler;
use crate::template::{FunctionSpec, SourceSpec};
use environment::{Environment, NotStarted};

/// Environments of a function without `ReservedConcurrentExecutions`. AWS would start a thousand.
pub(crate) const DEFAULT_CONCURRENCY: usize = 10;

/// How the Lambda service of the sandbox behaves.
#[derive(Debug, Clone)]
pub(crate) struct Settings {
    /// Between two attempts of a failed invocation; AWS waits one minute, then two.
    pub(crate) retry_delay: Duration,
    /// The gateway's address.
    pub(crate) endpoint: String,
    /// Variables every function gets in addition to the template's.
    pub(crate) variables: Vec<(String, String)>,
    /// Who is told of new processes.
    pub(crate) ready: Ready,
}

/// Who is told of a process that has asked for work for the first time; by default nobody.
#[derive(Clone, Default)]
pub(crate) struct Ready(Option<Arc<dyn Fn(u32) + Send + Sync>>);

impl Ready {
    pub(crate) fn new(told: impl Fn(u32) + Send + Sync + 'static) -> Self {
        Self(Some(Arc::new(told)))
    }

    fn tell(&self, pid: Option<u32>) {
        if let (Some(told), Some(pid)) = (&self.0, pid) {
            told(pid);
        }
    }
}

impl std::fmt::Debug for Ready {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.write_str("Ready")
    }
}

/// One function, with its warm environments.
pub(crate) struct Function {
    spec: FunctionSpec,
    binary: PathBuf,
    hub: Arc<Hub>,
    settings: Arc<Settings>,
    slots: Semaphore,
    idle: Mutex<Vec<Environment>>,
    tasks: Mutex<JoinSet<()>>,
}

/// What one attempt is about.
struct Attempt<'a> {
    request_id: &'a str,
    event_id: Option<&'a str>,
    number: u32,
    payload: &'a Bytes,
}

impl Function {
    pub(crate) fn new(spec: FunctionSpec, binary: PathBuf, hub: Arc<Hub>, settings: Arc<Settings>) -> Self {
        let slots = Semaphore::new(spec.concurrency.unwrap_or(DEFAULT_CONCURRENCY));
        Self { spec, binary, hub, settings, slots, idle: Mutex::default(), tasks: Mutex::default() }
    }

    pub(crate) fn name(&self) -> &str {
        &self.spec.name
    }

    pub(crate) fn logical_id(&self) -> &str {
        &self.spec.logical_id
    }

    pub(crate) fn arn(&self) -> &str {
        &self.spec.arn
    }

    /// As `GetFunctionConfiguration` shows it (Lambda API reference, "FunctionConfiguration"), as far as the sandbox knows it.
    pub(crate) fn configuration(&self) -> Value {
        json!({
            "FunctionName": self.spec.name,
            "FunctionArn": self.spec.arn,
            "Runtime": "provided.al2023",
            "Role": self.spec.role_arn,
            "Handler": self.spec.handler,
            "Timeout": self.spec.timeout.as_secs(),
            "MemorySize": self.spec.memory_mb,
            "Version": "$LATEST",
            "PackageType": "Zip",
            "State": "Active",
            "LastUpdateStatus": "Successful",
            "Environment": { "Variables": self.spec.environment },
            "DeadLetterConfig": self.spec.dead_letter.as_ref().map(|arn| json!({ "TargetArn": arn })),
        })
    }

    /// The queues it is fed from.
    pub(crate) fn sources(&self) -> &[SourceSpec] {
        &self.spec.sources
    }

    pub(crate) fn role_arn(&self) -> &str {
        &self.spec.role_arn
    }

    /// Starts the function once for each schedule the template gives it, or for those with this input; says how many.
    pub(crate) fn tick(self: &Arc<Self>, only: Option<&Value>) -> usize {
        let Hub { account, region, .. } = &*self.hub;
        let mut started = 0;
        for tick in self.spec.ticks.iter().filter(|tick| only.is_none_or(|only| tick.input.as_ref() == Some(only))) {
            let own = || scheduler::event(tick.source, &tick.arn(account, region), account, region);
            let input = tick.input.clone().unwrap_or_else(own);
            self.start(Bytes::from(input.to_string()), None);
            started += 1;
        }
        started
    }

    /// An asynchronous invocation: returns its request id at once; failures are tried again and end in the dead-letter queue.
    pub(crate) fn start(self: &Arc<Self>, payload: Bytes, event_id: Option<&str>) -> String {
        let work = self.hub.busy.begin();
        let function = Arc::clone(self);
        let event_id = event_id.map(str::to_owned);
        let request_id = uuid::Uuid::new_v4().to_string();
        let id = request_id.clone();
        self.spawn(async move { function.run_to_the_end(payload, id, event_id, work).await });
        request_id
    }

    /// A synchronous invocation; `None` when the world is ending. It goes on when nobody waits any more, as in AWS.
    pub(crate) async fn invoke(self: &Arc<Self>, payload: Bytes) -> Option<Invocation> {
        let work = self.hub.busy.begin();
        let function = Arc::clone(self);
        let (told, answer) = oneshot::channel();
        self.spawn(async move {
            let request_id = uuid::Uuid::new_v4().to_string();
            let attempt = Attempt { request_id: &request_id, event_id: None, number: 1, payload: &payload };
            // Nobody waiting is no failure.
            let _ = told.send(function.attempt(attempt).await);
            drop(work);
        });
        answer.await.ok().flatten()
    }

    fn spawn(&self, task: impl Future<Output = ()> + Send + 'static) {
        let mut tasks = self.tasks.lock();
        while tasks.try_join_next().is_some() {}
        tasks.spawn(task);
    }

    async fn run_to_the_end(&self, payload: Bytes, request_id: String, event_id: Option<String>, work: Work) {
        let mut number = 1;
        let last = loop {
            let attempt = Attempt { request_id: &request_id, event_id: event_id.as_deref(), number, payload: &payload };
            let Some(invocation) = self.attempt(attempt).await else { return };
            if invocation.outcome == Outcome::Success {
                return;
            }
            // Lambda keeps a throttled event for hours; there is nothing to wait for here.
            if number > self.spec.retries || self.spec.concurrency == Some(0) {
                break invocation;
            }
            number += 1;
            tokio::time::sleep(self.settings.retry_delay).await;
        };
        self.give_up(&payload, &last).await;
        drop(work);
    }

    /// Sends the event to the dead-letter queue and to the destination for failures.
    async fn give_up(&self, payload: &Bytes, last: &Invocation) {
        let message = last.response.get("errorMessage").and_then(Value::as_str).unwrap_or_default();
        let event = String::from_utf8_lossy(payload).into_owned();
        if let Some(arn) = &self.spec.dead_letter {
            let text = |value: &str| json!({ "DataType": "String", "StringValue": value });
            let attributes = json!({
                "RequestID": text(&last.request_id),
                "ErrorCode": json!({ "DataType": "Number", "StringValue": "200" }),
                "ErrorMessage": text(if message.is_empty() { "Unhandled" } else { message }),
            });
            self.send(arn, &event, attributes).await;
        }
        if let Some(arn) = &self.spec.on_failure {
            let body = json!({
                "version": "1.0",
                "timestamp": jiff::Timestamp::now().to_string(),
                "requestContext": {
                    "requestId": last.request_id,
                    "functionArn": format!("{}:$LATEST", self.spec.arn),
                    "condition": "RetriesExhausted",
                    "approximateInvokeCount": last.attempt,
                },
                "requestPayload": serde_json::from_str::<Value>(&event).unwrap_or(Value::Null),
                "responseContext": { "statusCode": 200, "executedVersion": "$LATEST", "functionError": "Unhandled" },
                "responsePayload": last.response,
            });
            self.send(arn, &body.to_string(), json!({})).await;
        }
    }

    async fn send(&self, arn: &str, body: &str, attributes: Value) {
        let name = arn.rsplit(':').next().unwrap_or(arn);
        let hub = &self.hub;
        let sent = if arn.contains(":sqs:") {
            let url = format!("{}/{}/{name}", self.settings.endpoint, hub.account);
            let message = json!({ "QueueUrl": url, "MessageBody": body, "MessageAttributes": attributes });
            hub.moto.json(hub.own("sqs"), "AmazonSQS.SendMessage", &message).await
        } else {
            hub.moto.query(hub.own("sns"), &[("Action", "Publish"), ("TopicArn", arn), ("Message", body)]).await
        };
        match sent {
            Ok(answer) if answer.status.is_success() => {}
            Ok(answer) => tracing::error!(arn, status = %answer.status, "the dead letter was refused"),
            Err(error) => tracing::error!(arn, %error, "the dead letter could not be sent"),
        }
    }

    /// One attempt in a warm environment, or in a new one.
    async fn attempt(&self, attempt: Attempt<'_>) -> Option<Invocation> {
        let is_throttled = self.spec.concurrency == Some(0);
        let _slot = if is_throttled { None } else { Some(self.slots.acquire().await.ok()?) };
        let mut invocation = Invocation {
            function: self.spec.logical_id.clone(),
            request_id: attempt.request_id.to_owned(),
            attempt: attempt.number,
            event_id: attempt.event_id.map(str::to_owned),
            cold: false,
            init_ns: None,
            start_ns: self.hub.records.now(),
            end_ns: 0,
            outcome: Outcome::InitError,
            response: Value::Null,
            pid: None,
            peak_rss_kb: None,
        };
        if is_throttled {
            invocation.end_ns = invocation.start_ns;
            invocation.response = json!({
                "errorType": api::THROTTLED,
                "errorMessage": "the function's reserved concurrency is 0",
            });
            self.hub.records.invocation(invocation.clone());
            return Some(invocation);
        }
        let warm = self.warm().await;
        let started = match warm {
            Some(environment) => Ok(environment),
            None => {
                invocation.cold = true;
                Environment::start(&self.hub, &self.spec, &self.binary, &self.settings).await
            }
        };
        match started {
            Ok(mut environment) => {
                invocation.init_ns = environment.init_ns().filter(|_| invocation.cold);
                invocation.pid = environment.pid();
                let ran = environment.run(attempt.request_id, attempt.payload, self.spec.timeout).await;
                (invocation.outcome, invocation.response) = (ran.outcome, ran.response);
                (invocation.start_ns, invocation.end_ns) = (ran.start_ns, ran.end_ns);
                invocation.peak_rss_kb = ran.peak_rss_kb;
                if matches!(invocation.outcome, Outcome::Success | Outcome::Error) {
                    self.idle.lock().push(environment);
                } else {
                    environment.end().await;
                }
            }
            Err(NotStarted { error_type, message, pid }) => {
                invocation.pid = pid;
                invocation.end_ns = self.hub.records.now();
                invocation.response = json!({ "errorType": error_type, "errorMessage": message });
            }
        }
        self.hub.records.invocation(invocation.clone());
        Some(invocation)
    }

    /// An environment that waits for work, and none whose process has ended while it waited.
    async fn warm(&self) -> Option<Environment> {
        loop {
            // The guard of the list must be gone before anything is awaited.
            let popped = self.idle.lock().pop();
            let mut environment = popped?;
            if environment.is_alive() {
                return Some(environment);
            }
            environment.end().await;
        }
    }

    /// As [`Function::stop`], without waiting: the processes are killed as their owners go.
    pub(crate) fn abandon(&self) {
        self.slots.close();
        self.tasks.lock().abort_all();
        self.idle.lock().clear();
    }

    /// Takes no more work, gives up what is under way, and ends every process.
    pub(crate) async fn stop(&self) {
        self.slots.close();
        let mut tasks = std::mem::take(&mut *self.tasks.lock());
        tasks.shutdown().await;
        let idle = std::mem::take(&mut *self.idle.lock());
        for environment in idle {
            environment.end().await;
        }
    }
}

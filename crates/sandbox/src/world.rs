//! A whole small world: built from a template, asked about, and taken down.

mod builder;

use std::collections::BTreeMap;
use std::path::{Path, PathBuf};
use std::sync::Arc;
use std::time::Duration;

use base64::Engine;
use bytes::Bytes;
use serde_json::{Map, Value, json};
use tokio::net::TcpListener;
use tokio::sync::broadcast;
use tokio::task::JoinHandle;

pub use builder::WorldBuilder;

use crate::bus::{Bus, Place};
use crate::deploy::deploy;
use crate::error::{SandboxError, TemplateError};
use crate::faults::Fault;
use crate::gateway::Gateway;
use crate::hub::Hub;
use crate::lambda::event_source::{self, EventSources};
use crate::lambda::{Function, Settings};
use crate::members;
use crate::model::Index;
use crate::moto::Moto;
use crate::organization::Organization;
use crate::python::Python;
use crate::record::{Call, Invocation, LogLine, Message, Posted};
use crate::scheduler::Scheduled;
use crate::slack::{self, SlackAnswer, SlackCall};
use crate::template::{FunctionSpec, Resolver, Template};

/// A running world. Dropping it ends every process it started; [`World::shutdown`] also waits for that.
pub struct World {
    hub: Arc<Hub>,
    gateway: Arc<Gateway>,
    bus: Arc<Bus>,
    server: JoinHandle<()>,
    endpoint: String,
}

impl World {
    /// Makes the Python environment if needed, starts moto, deploys the template's tables, topics, queues and roles,
    /// and opens the gateway.
    ///
    /// # Errors
    /// [`SandboxError`] names what is missing: Python, a free port, a binary, a readable template.
    pub async fn start(builder: WorldBuilder) -> Result<Self, SandboxError> {
        let template = Template::read(&builder.template)?;
        let address = ("127.0.0.1", builder.port);
        let listen = |source| SandboxError::Listen { port: builder.port, source };
        let listener = TcpListener::bind(address).await.map_err(listen)?;
        let endpoint = format!("http://{}", listener.local_addr().map_err(listen)?);
        let python = Python::ensure(&builder.progress).await?;
        let models = python.models();
        let index = tokio::task::spawn_blocking(move || read_index(&models));
        let moto = Moto::start(&python, &builder.progress).await?;
        let index = index
            .await
            .map_err(|error| SandboxError::Models { path: python.models(), reason: error.to_string() })??;
        let hub = Arc::new(Hub::new(moto, &builder.account, &builder.region, builder.organization.clone()));

        let stacks = builder.stacks(&hub, &endpoint)?;
        let parameters = stacks.as_ref().map_or_else(|| builder.parameters.clone(), |stacks| stacks.parameters.clone());
        let resolver = Resolver::new(&template, &builder.account, &builder.region, &endpoint, parameters);
        if let Some(organization) = &builder.organization {
            organization.found(&hub, &builder.progress).await?;
        }
        let every = FunctionSpec::all(&template, &resolver, builder.settings_directory.as_deref())?;
        let wanted = |logical_id: &str| !builder.leaves_out(logical_id, &every);
        let specs: Vec<FunctionSpec> = every.iter().filter(|spec| wanted(&spec.logical_id)).cloned().collect();
        deploy(&hub, &template, &resolver, &specs, &wanted, &builder.progress).await?;
        let settings = Arc::new(Settings {
            retry_delay: builder.retry_delay,
            endpoint: endpoint.clone(),
            variables: [("RECTIFY_SLACK_API".to_owned(), format!("{endpoint}{}", slack::PATH))]
                .into_iter()
                .chain(builder.variables.clone())
                .collect(),
            ready: builder.ready.clone(),
        });
        let mut functions = BTreeMap::new();
        for spec in specs {
            let logical_id = spec.logical_id.clone();
            let binary = binary(&builder, &logical_id)?;
            let function = Function::new(spec, binary, Arc::clone(&hub), Arc::clone(&settings));
            functions.insert(logical_id, Arc::new(function));
        }
        let forwards = match (&builder.organization, &stacks) {
            (Some(organization), Some(stacks)) => {
                let forwards = stacks.play(&hub, organization, &builder.progress).await?;
                organization.close(&hub).await?;
                Some(forwards)
            }
            _ => None,
        };
        let home = Place { account: builder.account.clone(), region: builder.region.clone() };
        let policies = members::bus_policies(&template, &resolver)?;
        let bus = Arc::new(Bus::new(home, template.rules(&resolver)?, forwards, policies, functions)?);
        let gateway = Arc::new(Gateway::new(Arc::clone(&hub), index));
        let _ = gateway.bus.set(Arc::clone(&bus));
        for function in bus.functions() {
            if let Some(reason) = event_source::refusal(&template, &resolver, function) {
                return Err(TemplateError::Resolve { logical_id: function.logical_id().to_owned(), reason }.into());
            }
        }
        let functions: Vec<_> = bus.functions().cloned().collect();
        let _ = gateway.sources.set(EventSources::new(Arc::clone(&hub), &functions, &endpoint, builder.retry_delay));
        for (logical_id, _, _) in template.resources(&resolver).filter(|(_, kind, _)| *kind == "AWS::S3::Bucket") {
            if let Ok(name) = resolver.physical(logical_id) {
                gateway.know_bucket(&name);
            }
        }
        let server = tokio::spawn(Arc::clone(&gateway).serve(listener));
        Ok(Self { hub, gateway, bus, server, endpoint })
    }

    /// The address for `--endpoint-url`, for example `http://127.0.0.1:4566`.
    #[must_use]
    pub fn endpoint(&self) -> &str {
        &self.endpoint
    }

    /// The hub account.
    #[must_use]
    pub fn account(&self) -> &str {
        &self.hub.account
    }

    /// The hub's region.
    #[must_use]
    pub fn region(&self) -> &str {
        &self.hub.region
    }

    /// The organisation around the hub, if there is one.
    #[must_use]
    pub fn organization(&self) -> Option<&Organization> {
        self.hub.organization.as_ref()
    }

    /// The functions' logical ids.
    #[must_use]
    pub fn functions(&self) -> Vec<String> {
        self.bus.functions().map(|function| function.logical_id().to_owned()).collect()
    }

    /// Every call so far, in the order the answers came.
    #[must_use]
    pub fn calls(&self) -> Vec<Call> {
        self.hub.records.calls.all()
    }

    /// Every call so far that used the state of `account`.
    #[must_use]
    pub fn calls_in(&self, account: &str) -> Vec<Call> {
        self.calls().into_iter().filter(|call| call.account == account).collect()
    }

    /// Every event so far: minted ones, also read-only ones that no rule saw, and those somebody put.
    #[must_use]
    pub fn events(&self) -> Vec<Value> {
        self.hub.records.events.all()
    }

    /// Every finished attempt to run a function.
    #[must_use]
    pub fn invocations(&self) -> Vec<Invocation> {
        self.hub.records.invocations.all()
    }

    /// Every line functions wrote.
    #[must_use]
    pub fn logs(&self) -> Vec<LogLine> {
        self.hub.records.logs.all()
    }

    /// Every message published to a topic.
    #[must_use]
    pub fn messages(&self) -> Vec<Message> {
        self.hub.records.messages.all()
    }

    /// Every message that was sent to a queue which feeds a function, once each: what SQS takes for a repetition is none.
    #[must_use]
    pub fn posts(&self) -> Vec<Posted> {
        self.hub.records.posted.all()
    }

    /// The bodies of [`World::posts`]; one that is no JSON as a string.
    #[must_use]
    pub fn posted(&self) -> Vec<Value> {
        let body = |posted: Posted| serde_json::from_str(&posted.body).unwrap_or(Value::String(posted.body));
        self.posts().into_iter().map(body).collect()
    }

    /// The bodies of SES's `SendEmail` that were accepted.
    #[must_use]
    pub fn mails(&self) -> Vec<Value> {
        self.hub.records.mails.all()
    }

    /// Findings in the hub's Security Hub, as they are now.
    ///
    /// # Errors
    /// [`SandboxError::Call`] when moto cannot be reached.
    pub async fn security_hub(&self) -> Result<Vec<Value>, SandboxError> {
        let answer = self.hub.moto.rest(self.hub.own("securityhub"), "POST", "/findings", &json!({})).await?;
        let answer: Value = serde_json::from_slice(&answer.body).unwrap_or_default();
        Ok(answer.get("Findings").and_then(Value::as_array).cloned().unwrap_or_default())
    }

    /// The address of an incoming webhook of the sandbox's Slack; functions find its Web API by `RECTIFY_SLACK_API`.
    #[must_use]
    pub fn slack_webhook(&self) -> String {
        format!("{}{}", self.endpoint, slack::WEBHOOK)
    }

    /// Every call to the sandbox's Slack, in order, also those that were refused.
    #[must_use]
    pub fn slack(&self) -> Vec<SlackCall> {
        self.gateway.slack.calls()
    }

    /// Has Slack answer the next calls so, one each.
    pub fn plan_slack(&self, answers: impl IntoIterator<Item = SlackAnswer>) {
        self.gateway.slack.plan(answers);
    }

    /// Lines as they are written.
    #[must_use]
    pub fn follow_logs(&self) -> broadcast::Receiver<LogLine> {
        self.hub.records.follow_logs()
    }

    /// Attempts as they end.
    #[must_use]
    pub fn follow_invocations(&self) -> broadcast::Receiver<Invocation> {
        self.hub.records.follow_invocations()
    }

    /// Forgets calls, events, invocations, lines, messages, posts, mails and calls to Slack.
    pub fn clear_records(&self) {
        self.hub.records.clear();
        self.gateway.slack.clear();
    }

    /// Replaces the faults in force; none ends them.
    pub fn set_faults(&self, faults: Vec<Fault>) {
        self.gateway.faults.set(faults);
    }

    /// While `true`, events of calls are lost on their way to the bus, as AWS's best-effort delivery may lose them.
    pub fn lose_events(&self, lose: bool) {
        self.gateway.quiet.store(lose, std::sync::atomic::Ordering::Relaxed);
    }

    /// Puts an event on the bus as if AWS had sent it.
    pub fn publish(&self, event: &Value) {
        self.gateway.publish(event);
    }

    /// Runs a function once, with `payload`, and waits. `None` when there is no such function.
    pub async fn invoke(&self, function: &str, payload: &Value) -> Option<Invocation> {
        self.bus.function(function)?.invoke(Bytes::from(payload.to_string())).await
    }

    /// Starts a function asynchronously, once with each input of its `Schedule` and `ScheduleV2` events, which the sandbox does
    /// not start by itself. Returns how many that were; 0 also when there is no such function.
    pub fn tick(&self, function: &str) -> usize {
        self.bus.function(function).map_or(0, |function| function.tick(None))
    }

    /// As [`World::tick`], for the schedules with exactly this input.
    pub fn tick_with(&self, function: &str, input: &Value) -> usize {
        self.bus.function(function).map_or(0, |function| function.tick(Some(input)))
    }

    /// The one-time schedules of EventBridge Scheduler that wait, the soonest first. Waiting is not being under way:
    /// [`World::idle`] does not wait for them.
    #[must_use]
    pub fn schedules(&self) -> Vec<Scheduled> {
        self.gateway.scheduler.all()
    }

    /// Fires every schedule that waits, as if its time had come, the soonest first. Returns how many that were; what they start
    /// is under way when this returns.
    pub fn fire_schedules(&self) -> usize {
        self.gateway.scheduler.fire_all()
    }

    /// Adds `seconds` to the time in the `Date` header of every answer to a function: it sees what one sees whose own clock is
    /// wrong by the opposite. A person's answers, deadlines, schedules and the times in the cloud's records keep the real time.
    pub fn set_clock_offset(&self, seconds: i64) {
        self.hub.clock_offset.store(seconds, std::sync::atomic::Ordering::Relaxed);
    }

    /// Waits until no event, queued invocation, message of a function's queue or retry is under way; `false` when that took longer than `limit`.
    pub async fn idle(&self, limit: Duration) -> bool {
        self.hub.busy.idle(limit).await
    }

    /// A call in the JSON protocols (DynamoDB, SQS, events, logs) as the hub's administrator, past gateway and trail.
    ///
    /// `target` is `X-Amz-Target`, for example `AmazonSQS.ReceiveMessage`. Returns the HTTP status and the body.
    ///
    /// # Errors
    /// [`SandboxError::Call`] when moto cannot be reached; error answers are answers.
    pub async fn aws_json(&self, service: &str, target: &str, body: &Value) -> Result<(u16, Value), SandboxError> {
        self.aws_json_as(&self.hub.account, &self.hub.region, service, target, body).await
    }

    /// As [`World::aws_json`], as the administrator of any account in any region. Global services are in us-east-1.
    ///
    /// # Errors
    /// As [`World::aws_json`].
    pub async fn aws_json_as(
        &self,
        account: &str,
        region: &str,
        service: &str,
        target: &str,
        body: &Value,
    ) -> Result<(u16, Value), SandboxError> {
        let answer = self.hub.moto.json(self.hub.own_in(service, account, region), target, body).await?;
        Ok((answer.status.as_u16(), serde_json::from_slice(&answer.body).unwrap_or_default()))
    }

    /// Every row of a DynamoDB table as plain JSON, past gateway and trail; sets and binary values become arrays.
    ///
    /// # Errors
    /// [`SandboxError::Call`] when moto cannot be reached, [`SandboxError::Deploy`] when there is no such table.
    pub async fn rows(&self, table: &str) -> Result<Vec<Value>, SandboxError> {
        let mut rows = Vec::new();
        let mut start = Value::Null;
        loop {
            let mut body = json!({ "TableName": table, "ConsistentRead": true });
            if let (false, Some(body)) = (start.is_null(), body.as_object_mut()) {
                body.insert("ExclusiveStartKey".to_owned(), start);
            }
            let (status, answer) = self.aws_json("dynamodb", "DynamoDB_20120810.Scan", &body).await?;
            if status >= 300 {
                return Err(SandboxError::Deploy {
                    logical_id: table.to_owned(),
                    operation: "dynamodb:Scan".to_owned(),
                    status,
                    answer: answer.to_string(),
                });
            }
            rows.extend(answer.get("Items").and_then(Value::as_array).into_iter().flatten().map(plain_row));
            start = answer.get("LastEvaluatedKey").cloned().unwrap_or_default();
            if start.is_null() {
                return Ok(rows);
            }
        }
    }

    /// The last lines moto wrote, for a person who wonders about a 500.
    #[must_use]
    pub fn moto_output(&self) -> Vec<String> {
        self.hub.moto.output()
    }

    /// Ends every process and waits until all are gone.
    pub async fn shutdown(self) {
        self.server.abort();
        self.gateway.stop();
        for function in self.bus.functions() {
            function.stop().await;
        }
        self.hub.moto.stop().await;
    }
}

impl Drop for World {
    fn drop(&mut self) {
        // What remains (environments, moto) is killed when the last owner of the bus and the hub goes.
        self.server.abort();
        self.gateway.stop();
        for function in self.bus.functions() {
            function.abandon();
        }
        self.hub.moto.abandon();
    }
}

impl std::fmt::Debug for World {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.debug_struct("World").field("endpoint", &self.endpoint).finish_non_exhaustive()
    }
}

/// The models that every correction needs are read now rather than inside the first call.
fn read_index(models: &Path) -> Result<Index, SandboxError> {
    let index = Index::read(models)?;
    for name in ["s3", "s3control", "dynamodb", "sns", "sqs", "sts", "lambda", "scheduler"] {
        if index.named(name).is_none() {
            tracing::warn!(name, "botocore has no such model");
        }
    }
    Ok(index)
}

/// An absolute path: the process starts in the caller's directory, and `LAMBDA_TASK_ROOT` is made from it.
fn binary(builder: &WorldBuilder, logical_id: &str) -> Result<PathBuf, SandboxError> {
    let path = (builder.binaries)(logical_id);
    let missing = || SandboxError::Binary { logical_id: logical_id.to_owned(), path: path.clone() };
    let absolute = std::path::absolute(&path).map_err(|_| missing())?;
    if absolute.is_file() { Ok(absolute) } else { Err(missing()) }
}

fn plain_row(row: &Value) -> Value {
    let fields = row.as_object().into_iter().flatten().map(|(key, value)| (key.clone(), plain(value)));
    Value::Object(fields.collect())
}

/// DynamoDB's `{"S": "x"}` as `"x"`.
fn plain(value: &Value) -> Value {
    let Some((kind, inner)) = value.as_object().and_then(|fields| fields.iter().next()) else { return Value::Null };
    match (kind.as_str(), inner) {
        ("N", Value::String(number)) => number.parse::<i64>().map_or_else(
            |_| number.parse::<f64>().map_or_else(|_| Value::from(number.clone()), Value::from),
            Value::from,
        ),
        ("NULL", _) => Value::Null,
        ("L", Value::Array(items)) => items.iter().map(plain).collect(),
        ("M", Value::Object(fields)) => {
            fields.iter().map(|(key, value)| (key.clone(), plain(value))).collect::<Map<_, _>>().into()
        }
        ("B", Value::String(text)) => base64::engine::general_purpose::STANDARD
            .decode(text)
            .map_or_else(|_| Value::from(text.clone()), |bytes| bytes.into_iter().map(Value::from).collect()),
        (_, inner) => inner.clone(),
    }
}

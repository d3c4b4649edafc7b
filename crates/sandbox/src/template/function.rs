//! A function as the template declares it, with SAM's `Globals` and policy templates applied.

use std::collections::BTreeMap;
use std::path::{Path, PathBuf};
use std::time::Duration;

use serde_json::{Map, Value, json};

use super::{Resolver, Template};
use crate::error::TemplateError;

/// What the Lambda service needs to run a function.
#[derive(Debug, Clone)]
pub(crate) struct FunctionSpec {
    pub(crate) logical_id: String,
    pub(crate) name: String,
    pub(crate) arn: String,
    pub(crate) handler: String,
    pub(crate) timeout: Duration,
    pub(crate) memory_mb: u32,
    pub(crate) environment: BTreeMap<String, String>,
    pub(crate) log_group: String,
    /// `LogFormat` and `ApplicationLogLevel`, which Lambda tells a function in variables when the format is JSON.
    pub(crate) log_format: Option<String>,
    pub(crate) log_level: Option<String>,
    /// `ReservedConcurrentExecutions`.
    pub(crate) concurrency: Option<usize>,
    /// How often a failed asynchronous invocation is tried again: 0 to 2.
    pub(crate) retries: u32,
    /// The queue's ARN.
    pub(crate) dead_letter: Option<String>,
    /// The destination's ARN.
    pub(crate) on_failure: Option<String>,
    pub(crate) role_arn: String,
    /// Inline policies of the role SAM makes; empty when the template names a role of its own.
    pub(crate) policies: Vec<Value>,
    pub(crate) own_role: bool,
    pub(crate) ticks: Vec<Tick>,
    pub(crate) sources: Vec<SourceSpec>,
}

/// A queue among a function's events.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) struct SourceSpec {
    /// The queue's ARN.
    pub(crate) queue: String,
    pub(crate) batch_size: usize,
    /// `FunctionResponseTypes` has `ReportBatchItemFailures`.
    pub(crate) reports_failures: bool,
    /// `ScalingConfig.MaximumConcurrency`.
    pub(crate) concurrency: Option<usize>,
}

/// A schedule among a function's events. The sandbox does not start it by itself.
#[derive(Debug, Clone)]
pub(crate) struct Tick {
    /// Logical id, with the event's name.
    name: String,
    /// The service that keeps it, as an event's source.
    pub(crate) source: &'static str,
    /// What it sends; `None` sends an event of AWS's own.
    pub(crate) input: Option<Value>,
}

impl Tick {
    /// The ARN of the rule or schedule.
    pub(crate) fn arn(&self, account: &str, region: &str) -> String {
        match self.source {
            "aws.events" => format!("arn:aws:events:{region}:{account}:rule/{}", self.name),
            _ => format!("arn:aws:scheduler:{region}:{account}:schedule/default/{}", self.name),
        }
    }
}

impl FunctionSpec {
    /// All functions of a template; `opt`, when given, stands for `/opt` in place of their layers.
    pub(crate) fn all(
        template: &Template,
        resolver: &Resolver<'_>,
        opt: Option<&Path>,
    ) -> Result<Vec<Self>, TemplateError> {
        template
            .resources(resolver)
            .filter(|(_, kind, _)| matches!(*kind, "AWS::Serverless::Function" | "AWS::Lambda::Function"))
            .map(|(logical_id, _, properties)| {
                Self::read(template, resolver, opt, logical_id, properties)
                    .map_err(|reason| TemplateError::Resolve { logical_id: logical_id.to_owned(), reason })
            })
            .collect()
    }

    fn read(
        template: &Template,
        resolver: &Resolver<'_>,
        opt: Option<&Path>,
        logical_id: &str,
        properties: &Value,
    ) -> Result<Self, String> {
        let globals = template.section("Globals").get("Function").unwrap_or(&Value::Null);
        let property = |name: &str| properties.get(name).or_else(|| globals.get(name));
        let number = |name: &str| -> Result<Option<u64>, String> {
            let text = resolver.text(property(name))?;
            text.map(|text| text.parse().map_err(|_| format!("`{name}` is `{text}`, not a number"))).transpose()
        };
        let name = resolver.physical(logical_id)?;
        let arn = resolver.attribute(logical_id, "Arn")?;
        let role = resolver.text(property("Role"))?;
        let own_role = role.is_none();
        let role_arn = match role {
            Some(role) => role,
            None => resolver.attribute(&format!("{logical_id}Role"), "Arn")?,
        };
        let layers = match opt {
            Some(directory) => vec![directory.to_owned()],
            None => {
                let mut layers = layers_of(template, globals.get("Layers"), resolver)?;
                layers.extend(layers_of(template, properties.get("Layers"), resolver)?);
                layers
            }
        };
        let mut environment = BTreeMap::new();
        for source in [globals, properties] {
            let variables = source.pointer("/Environment/Variables").and_then(Value::as_object);
            for (key, value) in variables.into_iter().flatten() {
                if let Some(text) = resolver.text(Some(value))? {
                    environment.insert(key.clone(), in_layer(&text, &layers));
                }
            }
        }
        let dead_letter = ["/DeadLetterQueue/TargetArn", "/DeadLetterConfig/TargetArn"]
            .iter()
            .find_map(|path| properties.pointer(path).or_else(|| globals.pointer(path)));
        let invoke = property("EventInvokeConfig").unwrap_or(&Value::Null);
        let retries = resolver.text(invoke.get("MaximumRetryAttempts"))?.and_then(|text| text.parse().ok());
        // Each key of `LoggingConfig` falls back to `Globals` by itself.
        let logging = |key: &str| {
            let path = format!("/LoggingConfig/{key}");
            resolver.text(properties.pointer(&path).or_else(|| globals.pointer(&path)))
        };
        let log_format = logging("LogFormat")?.filter(|format| format == "JSON");
        let log_level = logging("ApplicationLogLevel")?.filter(|_| log_format.is_some());
        Ok(Self {
            log_group: logging("LogGroup")?.unwrap_or_else(|| format!("/aws/lambda/{name}")),
            log_format,
            log_level,
            logical_id: logical_id.to_owned(),
            name,
            arn,
            handler: resolver.text(property("Handler"))?.unwrap_or_else(|| "bootstrap".to_owned()),
            timeout: Duration::from_secs(number("Timeout")?.unwrap_or(3)),
            memory_mb: number("MemorySize")?.and_then(|size| size.try_into().ok()).unwrap_or(128),
            environment,
            concurrency: number("ReservedConcurrentExecutions")?.and_then(|limit| limit.try_into().ok()),
            retries: retries.unwrap_or(2),
            dead_letter: resolver.text(dead_letter)?,
            on_failure: resolver.text(invoke.pointer("/DestinationConfig/OnFailure/Destination"))?,
            role_arn,
            policies: if own_role { policies(resolver, properties.get("Policies"))? } else { Vec::new() },
            own_role,
            ticks: ticks(resolver, logical_id, properties.get("Events"))?,
            sources: sources(resolver, properties.get("Events"))?,
        })
    }
}

/// A function's schedules that are not disabled, in the order of their names.
fn ticks(resolver: &Resolver<'_>, logical_id: &str, events: Option<&Value>) -> Result<Vec<Tick>, String> {
    let mut ticks = Vec::new();
    for (name, event) in events.and_then(Value::as_object).into_iter().flatten() {
        let source = match event.get("Type").and_then(Value::as_str) {
            Some("Schedule") => "aws.events",
            Some("ScheduleV2") => "aws.scheduler",
            _ => continue,
        };
        let property = |key: &str| resolver.text(event.pointer(&format!("/Properties/{key}")));
        if property("Enabled")?.as_deref() == Some("false") || property("State")?.as_deref() == Some("DISABLED") {
            continue;
        }
        let input = property("Input")?
            .map(|input| serde_json::from_str(&input).map_err(|error| format!("`Input` of `{name}`: {error}")))
            .transpose()?;
        ticks.push(Tick { name: format!("{logical_id}{name}"), source, input });
    }
    Ok(ticks)
}

/// A function's queues that are not disabled.
fn sources(resolver: &Resolver<'_>, events: Option<&Value>) -> Result<Vec<SourceSpec>, String> {
    let mut sources = Vec::new();
    for (name, event) in events.and_then(Value::as_object).into_iter().flatten() {
        if event.get("Type").and_then(Value::as_str) != Some("SQS") {
            continue;
        }
        let properties = resolver.resolve(event.get("Properties").unwrap_or(&Value::Null))?;
        let number = |pointer: &str| {
            let value = properties.pointer(pointer)?;
            value.as_u64().or_else(|| value.as_str()?.parse().ok()).and_then(|number| usize::try_from(number).ok())
        };
        if properties.get("Enabled").is_some_and(|enabled| enabled == false || enabled == "false") {
            continue;
        }
        let queue =
            properties.get("Queue").and_then(Value::as_str).ok_or_else(|| format!("`{name}` has no `Queue`"))?;
        let types = properties.get("FunctionResponseTypes").and_then(Value::as_array);
        sources.push(SourceSpec {
            queue: queue.to_owned(),
            batch_size: number("/BatchSize").unwrap_or(10),
            reports_failures: types.is_some_and(|types| types.iter().any(|kind| kind == "ReportBatchItemFailures")),
            concurrency: number("/ScalingConfig/MaximumConcurrency"),
        });
    }
    Ok(sources)
}

/// A function's layers as directories: `ContentUri` of the layers this template makes. Others stay empty.
fn layers_of(template: &Template, list: Option<&Value>, resolver: &Resolver<'_>) -> Result<Vec<PathBuf>, String> {
    let mut directories = Vec::new();
    for layer in list.and_then(Value::as_array).into_iter().flatten() {
        let Some(logical_id) = layer.get("Ref").and_then(Value::as_str) else { continue };
        let properties = template.section("Resources").get(logical_id).and_then(|layer| layer.get("Properties"));
        if let Some(uri) = resolver.text(properties.and_then(|properties| properties.get("ContentUri")))? {
            directories.push(template.directory.join(uri));
        }
    }
    Ok(directories)
}

/// `/opt/settings.toml` is the file of that name in a layer; the last layer that has it wins, as in Lambda.
fn in_layer(value: &str, layers: &[PathBuf]) -> String {
    let Some(relative) = value.strip_prefix("/opt/") else { return value.to_owned() };
    let inside = |layer: &PathBuf| layer.join(relative);
    let found = layers.iter().rev().map(inside).find(|path| path.exists()).or_else(|| layers.last().map(inside));
    found.map_or_else(
        || value.to_owned(),
        |path| std::path::absolute(&path).unwrap_or(path).to_string_lossy().into_owned(),
    )
}

/// SAM's `Policies`: documents, statements and policy templates. Managed policies are left out: none of those that
/// functions carry (logs, tracing) allows anything the functions call themselves.
fn policies(resolver: &Resolver<'_>, list: Option<&Value>) -> Result<Vec<Value>, String> {
    let resolved = match list {
        Some(list) => resolver.resolve(list)?,
        None => return Ok(Vec::new()),
    };
    let entries = match resolved {
        Value::Array(entries) => entries,
        one => vec![one],
    };
    let mut documents = Vec::new();
    for entry in entries {
        match &entry {
            Value::Object(fields) if fields.contains_key("Statement") => documents.push(document(fields)),
            Value::Object(fields) => {
                for (name, arguments) in fields {
                    match sam_policy(resolver, name, arguments) {
                        Some(statement) => documents.push(json!({ "Version": "2012-10-17", "Statement": [statement] })),
                        None => return Err(format!("the sandbox does not know the policy template `{name}`")),
                    }
                }
            }
            other => tracing::debug!(policy = %other, "managed policies are not played"),
        }
    }
    Ok(documents)
}

fn document(fields: &Map<String, Value>) -> Value {
    let mut document = fields.clone();
    document.entry("Version").or_insert_with(|| Value::from("2012-10-17"));
    Value::Object(document)
}

/// The policy templates that a small application uses (SAM developer guide, "policy template list").
fn sam_policy(resolver: &Resolver<'_>, name: &str, arguments: &Value) -> Option<Value> {
    let argument = |name: &str| arguments.get(name).and_then(Value::as_str);
    let arn =
        |service: &str, rest: String| format!("arn:aws:{service}:{}:{}:{rest}", resolver.region, resolver.account);
    let (actions, resources): (&[&str], Vec<String>) = match name {
        "DynamoDBCrudPolicy" => (
            &[
                "dynamodb:GetItem",
                "dynamodb:DeleteItem",
                "dynamodb:PutItem",
                "dynamodb:Scan",
                "dynamodb:Query",
                "dynamodb:UpdateItem",
                "dynamodb:BatchWriteItem",
                "dynamodb:BatchGetItem",
                "dynamodb:DescribeTable",
                "dynamodb:ConditionCheckItem",
            ],
            vec![arn("dynamodb", format!("table/{}", argument("TableName")?))],
        ),
        "DynamoDBReadPolicy" => (
            &["dynamodb:GetItem", "dynamodb:Scan", "dynamodb:Query", "dynamodb:BatchGetItem", "dynamodb:DescribeTable"],
            vec![arn("dynamodb", format!("table/{}", argument("TableName")?))],
        ),
        "SNSPublishMessagePolicy" => (&["sns:Publish"], vec![arn("sns", argument("TopicName")?.to_owned())]),
        "SQSSendMessagePolicy" => (&["sqs:SendMessage*"], vec![arn("sqs", argument("QueueName")?.to_owned())]),
        "LambdaInvokePolicy" => {
            (&["lambda:InvokeFunction"], vec![arn("lambda", format!("function:{}*", argument("FunctionName")?))])
        }
        "EventBridgePutEventsPolicy" => {
            (&["events:PutEvents"], vec![arn("events", format!("event-bus/{}", argument("EventBusName")?))])
        }
        _ => return None,
    };
    Some(json!({ "Effect": "Allow", "Action": actions, "Resource": resources }))
}

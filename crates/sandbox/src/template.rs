//! What the sandbox needs from a SAM or CloudFormation template: functions, rules, and the resources they use.

pub(crate) mod function;
pub(crate) mod resolve;

use std::path::{Path, PathBuf};

use serde_json::{Map, Value};

use crate::deploy::registry::physical;
use crate::error::TemplateError;
pub(crate) use function::{FunctionSpec, SourceSpec};
pub(crate) use resolve::Resolver;

/// A template, with YAML's short intrinsics written out.
#[derive(Debug)]
pub(crate) struct Template {
    /// Relative paths in the template start here.
    pub(crate) directory: PathBuf,
    pub(crate) body: Value,
}

/// A rule with the functions it starts.
#[derive(Debug, Clone)]
pub(crate) struct RuleSpec {
    /// Logical id, with the event's name for a function's event.
    pub(crate) name: String,
    /// As EventBridge's API names it.
    pub(crate) physical: String,
    /// The name of the bus it is on.
    pub(crate) bus: String,
    pub(crate) pattern: Value,
    /// Logical ids of functions.
    pub(crate) targets: Vec<String>,
}

impl Template {
    /// The path of no template: what is read from it has no sections.
    pub(crate) const NONE: &'static str = "";

    pub(crate) fn read(path: &Path) -> Result<Self, TemplateError> {
        if path == Path::new(Self::NONE) {
            return Ok(Self { directory: PathBuf::from("."), body: Value::Null });
        }
        let text =
            std::fs::read_to_string(path).map_err(|source| TemplateError::Read { path: path.to_owned(), source })?;
        let yaml: yaml_serde::Value = yaml_serde::from_str(&text)
            .map_err(|error| TemplateError::Yaml { path: path.to_owned(), reason: error.to_string() })?;
        let directory = path.parent().filter(|parent| !parent.as_os_str().is_empty()).unwrap_or(Path::new("."));
        Ok(Self { directory: directory.to_owned(), body: written_out(yaml) })
    }

    /// A top-level section, empty when missing.
    pub(crate) fn section(&self, name: &str) -> &Map<String, Value> {
        static NONE: std::sync::OnceLock<Map<String, Value>> = std::sync::OnceLock::new();
        self.body.get(name).and_then(Value::as_object).unwrap_or_else(|| NONE.get_or_init(Map::new))
    }

    /// The resources whose condition holds: logical id, type and properties as written.
    pub(crate) fn resources<'a>(
        &'a self,
        resolver: &'a Resolver<'_>,
    ) -> impl Iterator<Item = (&'a str, &'a str, &'a Value)> {
        self.section("Resources").iter().filter_map(|(logical_id, resource)| {
            let holds = match resource.get("Condition").and_then(Value::as_str) {
                Some(condition) => resolver.condition(condition).unwrap_or(false),
                None => true,
            };
            let kind = resource.get("Type")?.as_str()?;
            holds.then(|| (logical_id.as_str(), kind, resource.get("Properties").unwrap_or(&Value::Null)))
        })
    }

    /// All rules with at least one function as target, from functions' events and from rules of their own.
    pub(crate) fn rules(&self, resolver: &Resolver<'_>) -> Result<Vec<RuleSpec>, TemplateError> {
        let mut rules = Vec::new();
        for (logical_id, kind, properties) in self.resources(resolver) {
            let resolve = |value: &Value| {
                resolver
                    .resolve(value)
                    .map_err(|reason| TemplateError::Resolve { logical_id: logical_id.to_owned(), reason })
            };
            match kind {
                "AWS::Serverless::Function" => {
                    let events = properties.get("Events").and_then(Value::as_object);
                    for (name, event) in events.into_iter().flatten() {
                        let kind = event.get("Type").and_then(Value::as_str).unwrap_or_default();
                        if matches!(kind, "Schedule" | "ScheduleV2" | "SQS") {
                            // The function's own: `FunctionSpec` has them.
                            continue;
                        }
                        if !matches!(kind, "EventBridgeRule" | "CloudWatchEvent") {
                            tracing::debug!(logical_id, name, kind, "the sandbox does not play this kind of event");
                            continue;
                        }
                        let Some(pattern) = event.pointer("/Properties/Pattern") else { continue };
                        if enabled(event.pointer("/Properties/State")) {
                            rules.push(RuleSpec {
                                name: format!("{logical_id}{name}"),
                                physical: physical(
                                    logical_id,
                                    name,
                                    &resolve(event.get("Properties").unwrap_or(&Value::Null))?,
                                ),
                                bus: bus_name(&resolve(
                                    event.pointer("/Properties/EventBusName").unwrap_or(&Value::Null),
                                )?),
                                pattern: resolve(pattern)?,
                                targets: vec![logical_id.to_owned()],
                            });
                        }
                    }
                }
                "AWS::Events::Rule" => {
                    let Some(pattern) = properties.get("EventPattern") else { continue };
                    if !enabled(properties.get("State")) {
                        continue;
                    }
                    let targets = resolve(properties.get("Targets").unwrap_or(&Value::Null))?;
                    let arns =
                        targets.as_array().into_iter().flatten().filter_map(|target| target.get("Arn")?.as_str());
                    let targets: Vec<String> = arns.filter_map(|arn| resolver.function_of(arn)).collect();
                    if targets.is_empty() {
                        tracing::debug!(logical_id, "no target of this rule is a function");
                        continue;
                    }
                    let physical = resolver
                        .physical(logical_id)
                        .map_err(|reason| TemplateError::Resolve { logical_id: logical_id.to_owned(), reason })?;
                    let bus = bus_name(&resolve(properties.get("EventBusName").unwrap_or(&Value::Null))?);
                    rules.push(RuleSpec {
                        name: logical_id.to_owned(),
                        physical,
                        bus,
                        pattern: resolve(pattern)?,
                        targets,
                    });
                }
                _ => {}
            }
        }
        Ok(rules)
    }
}

/// The bus that `EventBusName` names, by name or ARN.
fn bus_name(value: &Value) -> String {
    let name = value.as_str().filter(|name| !name.is_empty()).unwrap_or(crate::bus::DEFAULT);
    name.rsplit('/').next().unwrap_or(name).to_owned()
}

fn enabled(state: Option<&Value>) -> bool {
    state.and_then(Value::as_str) != Some("DISABLED")
}

/// YAML as JSON, `!Ref X` as `{"Ref": "X"}` and so on.
fn written_out(yaml: yaml_serde::Value) -> Value {
    match yaml {
        yaml_serde::Value::Null => Value::Null,
        yaml_serde::Value::Bool(flag) => Value::from(flag),
        yaml_serde::Value::Number(number) => {
            number.as_i64().map(Value::from).or_else(|| number.as_f64().map(Value::from)).unwrap_or(Value::Null)
        }
        yaml_serde::Value::String(text) => Value::from(text),
        yaml_serde::Value::Sequence(items) => items.into_iter().map(written_out).collect(),
        yaml_serde::Value::Mapping(fields) => {
            fields.into_iter().map(|(key, value)| (key_text(&key), written_out(value))).collect::<Map<_, _>>().into()
        }
        yaml_serde::Value::Tagged(tagged) => {
            let tag = tagged.tag.to_string();
            let name = tag.trim_start_matches('!');
            let value = written_out(tagged.value);
            let (key, value) = match (name, value) {
                ("Ref" | "Condition", value) => (name.to_owned(), value),
                ("GetAtt", Value::String(path)) => {
                    let (resource, attribute) = path.split_once('.').unwrap_or((&path, ""));
                    ("Fn::GetAtt".to_owned(), serde_json::json!([resource, attribute]))
                }
                (_, value) => (format!("Fn::{name}"), value),
            };
            Value::Object(Map::from_iter([(key, value)]))
        }
    }
}

/// Keys that YAML takes for numbers or flags (`2012-10-17` it does not, `443` it does).
fn key_text(key: &yaml_serde::Value) -> String {
    match key {
        yaml_serde::Value::String(text) => text.clone(),
        yaml_serde::Value::Number(number) => number.to_string(),
        yaml_serde::Value::Bool(flag) => flag.to_string(),
        _ => String::new(),
    }
}

#[cfg(test)]
mod tests;

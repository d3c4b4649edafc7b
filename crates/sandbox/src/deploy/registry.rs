//! The template's rules as EventBridge's own API shows them: to `aws events list-rules`, and to whoever looks after a stack.
//!
//! What fires is the sandbox's own bus (`bus.rs`). A rule that somebody disables, deletes or takes a target from by the API
//! no longer fires there either; anything else that is changed by the API is shown and not played.

use serde_json::{Map, Value, json};

use super::Make;
use crate::error::{SandboxError, TemplateError};
use crate::hub::Hub;
use crate::template::{Resolver, Template};

/// A rule as the template declares it.
struct Declared<'a> {
    logical_id: &'a str,
    name: String,
    properties: Value,
    targets: Vec<Value>,
}

/// Makes the rules of functions' events and the rules of their own.
pub(super) async fn rules(hub: &Hub, template: &Template, resolver: &Resolver<'_>) -> Result<(), SandboxError> {
    for rule in declared(template, resolver)? {
        let make = Make { hub, logical_id: rule.logical_id, account: resolver.account, region: resolver.region };
        let bus = rule.properties.get("EventBusName").cloned();
        let mut body = Map::from_iter([("Name".to_owned(), Value::from(rule.name.clone()))]);
        let mut put = |name: &str, value: Option<Value>| {
            if let Some(value) = value {
                body.insert(name.to_owned(), value);
            }
        };
        put("EventBusName", bus.clone());
        let pattern = rule.properties.get("EventPattern").or_else(|| rule.properties.get("Pattern"));
        put("EventPattern", pattern.map(|pattern| Value::from(pattern.to_string())));
        let schedule = rule.properties.get("ScheduleExpression").or_else(|| rule.properties.get("Schedule"));
        put("ScheduleExpression", schedule.cloned());
        put("State", rule.properties.get("State").cloned());
        put("Description", rule.properties.get("Description").cloned());
        let answer = hub.moto.json(make.own("events"), "AWSEvents.PutRule", &Value::Object(body)).await?;
        make.done("events:PutRule", &answer)?;
        let mut body = json!({ "Rule": rule.name, "Targets": rule.targets });
        if let (Some(bus), Some(body)) = (bus, body.as_object_mut()) {
            body.insert("EventBusName".to_owned(), bus);
        }
        let answer = hub.moto.json(make.own("events"), "AWSEvents.PutTargets", &body).await?;
        make.done("events:PutTargets", &answer)?;
    }
    Ok(())
}

fn declared<'a>(template: &'a Template, resolver: &'a Resolver<'_>) -> Result<Vec<Declared<'a>>, TemplateError> {
    let mut rules = Vec::new();
    for (logical_id, kind, properties) in template.resources(resolver) {
        let wrong = |reason| TemplateError::Resolve { logical_id: logical_id.to_owned(), reason };
        match kind {
            "AWS::Serverless::Function" => {
                let arn = resolver.attribute(logical_id, "Arn").map_err(wrong)?;
                for (event, value) in properties.get("Events").and_then(Value::as_object).into_iter().flatten() {
                    let kind = value.get("Type").and_then(Value::as_str).unwrap_or_default();
                    if !matches!(kind, "EventBridgeRule" | "CloudWatchEvent" | "Schedule") {
                        continue;
                    }
                    let properties =
                        resolver.resolve(value.get("Properties").unwrap_or(&Value::Null)).map_err(wrong)?;
                    let mut target = json!({ "Id": format!("{logical_id}{event}LambdaTarget"), "Arn": arn });
                    for same in ["DeadLetterConfig", "RetryPolicy", "Input"] {
                        if let (Some(value), Some(target)) = (properties.get(same), target.as_object_mut()) {
                            target.insert(same.to_owned(), value.clone());
                        }
                    }
                    let name = physical(logical_id, event, &properties);
                    rules.push(Declared { logical_id, name, properties, targets: vec![target] });
                }
            }
            "AWS::Events::Rule" => {
                let properties = resolver.resolve(properties).map_err(wrong)?;
                let targets = properties.get("Targets").and_then(Value::as_array).cloned().unwrap_or_default();
                let name = resolver.physical(logical_id).map_err(wrong)?;
                rules.push(Declared { logical_id, name, properties, targets });
            }
            _ => {}
        }
    }
    Ok(rules)
}

/// The name of the rule that SAM makes of a function's event: `RuleName`, else the stack's name and the logical id.
pub(crate) fn physical(function: &str, event: &str, properties: &Value) -> String {
    match properties.get("RuleName").and_then(Value::as_str) {
        Some(name) => name.to_owned(),
        None => format!("{}-{function}{event}", crate::template::resolve::STACK),
    }
}

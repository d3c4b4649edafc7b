//! EventBridge: which functions an event starts, and the events and messages that callers put in themselves.

use std::collections::{BTreeMap, BTreeSet};
use std::sync::Arc;

use bytes::Bytes;
use parking_lot::RwLock;
use rectify_pattern::Pattern;
use serde_json::{Value, json};

use crate::error::TemplateError;
use crate::lambda::Function;
use crate::record::Message;
use crate::template::RuleSpec;

/// The rules of every bus. The sandbox has one account's worth of buses: each rule sees each event, as a member's
/// forwarding rule and the hub's rule do together.
pub(crate) struct Bus {
    rules: Vec<Rule>,
    /// Rules that somebody disabled, by the name EventBridge's API has for them.
    disabled: RwLock<BTreeSet<String>>,
    functions: BTreeMap<String, Arc<Function>>,
}

struct Rule {
    name: String,
    physical: String,
    pattern: Pattern,
    targets: Vec<Arc<Function>>,
}

impl Bus {
    pub(crate) fn new(rules: Vec<RuleSpec>, functions: BTreeMap<String, Arc<Function>>) -> Result<Self, TemplateError> {
        let rules = rules
            .into_iter()
            .map(|rule| {
                let pattern = Pattern::from_value(&rule.pattern)
                    .map_err(|error| TemplateError::Pattern { rule: rule.name.clone(), reason: error.to_string() })?;
                let targets = rule.targets.iter().filter_map(|id| functions.get(id).cloned()).collect();
                Ok(Rule { name: rule.name, physical: rule.physical, pattern, targets })
            })
            .collect::<Result<_, TemplateError>>()?;
        Ok(Self { rules, disabled: RwLock::default(), functions })
    }

    /// Starts every function whose rule matches, and returns at once.
    pub(crate) fn deliver(&self, event: &Value) {
        let id = event.get("id").and_then(Value::as_str);
        for rule in &self.rules {
            if !rule.pattern.matches(event) || self.disabled.read().contains(&rule.physical) {
                continue;
            }
            tracing::debug!(rule = rule.name, event = id, "event matches");
            for target in &rule.targets {
                target.start(Bytes::from(event.to_string()), id);
            }
        }
    }

    /// What a call to EventBridge's API means for the rule it names.
    pub(crate) fn learn(&self, operation: &str, body: &[u8]) {
        let body: Value = serde_json::from_slice(body).unwrap_or_default();
        let text = |key: &str| body.get(key).and_then(Value::as_str).unwrap_or_default().to_owned();
        match operation {
            "DisableRule" | "DeleteRule" => _ = self.disabled.write().insert(text("Name")),
            // The sandbox's rules have one target.
            "RemoveTargets" => _ = self.disabled.write().insert(text("Rule")),
            "EnableRule" => _ = self.disabled.write().remove(&text("Name")),
            _ => {}
        }
    }

    /// A function by its logical id or its name.
    pub(crate) fn function(&self, name: &str) -> Option<&Arc<Function>> {
        self.functions.get(name).or_else(|| self.functions.values().find(|function| function.name() == name))
    }

    /// A function by its unqualified ARN.
    pub(crate) fn function_at(&self, arn: &str) -> Option<&Arc<Function>> {
        self.functions.values().find(|function| function.arn() == arn)
    }

    pub(crate) fn functions(&self) -> impl Iterator<Item = &Arc<Function>> {
        self.functions.values()
    }
}

/// The messages in the form of an SNS `Publish` or `PublishBatch`.
pub(crate) fn messages(form: &[(String, String)], function: Option<&str>, at_ns: u64) -> Vec<Message> {
    let form: BTreeMap<&str, &str> = form.iter().map(|(key, value)| (key.as_str(), value.as_str())).collect();
    let topic = ["TopicArn", "TargetArn", "PhoneNumber"].iter().find_map(|key| form.get(key)).copied().unwrap_or("");
    let message = |prefix: &str| {
        let get = |key: &str| form.get(format!("{prefix}{key}").as_str()).map(|value| (*value).to_owned());
        let attributes = (1..).map_while(|n| {
            let name = get(&format!("MessageAttributes.entry.{n}.Name"))?;
            Some((name, get(&format!("MessageAttributes.entry.{n}.Value.StringValue")).unwrap_or_default()))
        });
        Some(Message {
            topic: topic.to_owned(),
            subject: get("Subject"),
            body: get("Message")?,
            attributes: attributes.collect(),
            function: function.map(str::to_owned),
            at_ns,
        })
    };
    match message("") {
        Some(one) => vec![one],
        None => (1..).map_while(|n| message(&format!("PublishBatchRequestEntries.member.{n}."))).collect(),
    }
}

/// The events in the body of a `PutEvents` call, as a rule sees them.
pub(crate) fn put_events(body: &[u8], account: &str, region: &str) -> Vec<Value> {
    let body: Value = serde_json::from_slice(body).unwrap_or_default();
    let entries = body.get("Entries").and_then(Value::as_array);
    let event = |entry: &Value| {
        let detail: Value = serde_json::from_str(entry.get("Detail")?.as_str()?).ok()?;
        let now = jiff::Timestamp::now();
        Some(json!({
            "version": "0",
            "id": uuid::Uuid::new_v4().to_string(),
            "detail-type": entry.get("DetailType")?,
            "source": entry.get("Source")?,
            "account": account,
            "time": crate::trail::identity::seconds(now),
            "region": region,
            "resources": entry.get("Resources").cloned().unwrap_or_else(|| json!([])),
            "detail": detail,
        }))
    };
    entries.into_iter().flatten().filter_map(event).collect()
}

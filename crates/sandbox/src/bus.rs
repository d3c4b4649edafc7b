//! EventBridge: which functions an event starts, and the events and messages that callers put in themselves.
//!
//! In an organisation an event is where AWS would have it: on the default bus of its account and region. From there it reaches
//! the hub's bus by a forwarding rule of that account in that region, and functions by the rules of the bus it is on. A world
//! without an organisation has one account's worth of buses: each rule sees each event of the trail.

pub(crate) mod put;

use std::collections::{BTreeMap, BTreeSet};
use std::sync::Arc;

use bytes::Bytes;
use parking_lot::RwLock;
use rectify_pattern::Pattern;
use serde_json::Value;

use crate::error::TemplateError;
use crate::lambda::Function;
use crate::record::Message;
use crate::template::RuleSpec;

/// The bus that AWS's own events are on.
pub(crate) const DEFAULT: &str = "default";

/// An account in a region.
#[derive(Debug, Clone, PartialEq, Eq, PartialOrd, Ord)]
pub(crate) struct Place {
    pub(crate) account: String,
    pub(crate) region: String,
}

/// A bus, as an ARN names it.
#[derive(Debug, Clone, PartialEq, Eq, PartialOrd, Ord)]
pub(crate) struct Address {
    pub(crate) place: Place,
    pub(crate) bus: String,
}

impl Address {
    /// `arn:aws:events:REGION:ACCOUNT:event-bus/NAME`.
    pub(crate) fn of_arn(arn: &str) -> Option<Self> {
        let parts: Vec<&str> = arn.splitn(6, ':').collect();
        let ["arn", _, "events", region, account, name] = parts.as_slice() else { return None };
        let place = Place { account: (*account).to_owned(), region: (*region).to_owned() };
        Some(Self { place, bus: name.strip_prefix("event-bus/")?.to_owned() })
    }

    /// `EventBusName` of an entry, which is a name, an ARN or missing.
    pub(crate) fn of_entry(name: Option<&str>, here: &Place) -> Self {
        let name = name.filter(|name| !name.is_empty()).unwrap_or(DEFAULT);
        Self::of_arn(name).unwrap_or_else(|| Self { place: here.clone(), bus: name.to_owned() })
    }

    pub(crate) fn arn(&self) -> String {
        format!("arn:aws:events:{}:{}:event-bus/{}", self.place.region, self.place.account, self.bus)
    }
}

/// A rule that puts events on another bus.
pub(crate) struct Forward {
    pub(crate) name: String,
    pub(crate) pattern: Pattern,
    pub(crate) to: Address,
    /// The role EventBridge puts them as.
    pub(crate) role: String,
}

/// The rules of every bus.
pub(crate) struct Bus {
    home: Place,
    rules: Vec<Rule>,
    /// By the place whose default bus they are on; `None` without an organisation.
    forwards: Option<BTreeMap<Place, Vec<Forward>>>,
    /// The hub's buses' policies, by name.
    pub(crate) policies: BTreeMap<String, Value>,
    /// Rules that somebody disabled, by the name EventBridge's API has for them.
    disabled: RwLock<BTreeSet<(Place, String)>>,
    functions: BTreeMap<String, Arc<Function>>,
}

struct Rule {
    name: String,
    physical: String,
    bus: String,
    pattern: Pattern,
    targets: Vec<Arc<Function>>,
}

impl Bus {
    pub(crate) fn new(
        home: Place,
        rules: Vec<RuleSpec>,
        forwards: Option<BTreeMap<Place, Vec<Forward>>>,
        policies: BTreeMap<String, Value>,
        functions: BTreeMap<String, Arc<Function>>,
    ) -> Result<Self, TemplateError> {
        let rules = rules
            .into_iter()
            .map(|rule| {
                let pattern = Pattern::from_value(&rule.pattern)
                    .map_err(|error| TemplateError::Pattern { rule: rule.name.clone(), reason: error.to_string() })?;
                let targets = rule.targets.iter().filter_map(|id| functions.get(id).cloned()).collect();
                Ok(Rule { name: rule.name, physical: rule.physical, bus: rule.bus, pattern, targets })
            })
            .collect::<Result<_, TemplateError>>()?;
        Ok(Self { home, rules, forwards, policies, disabled: RwLock::default(), functions })
    }

    /// An event of AWS's own: it is on the default bus of its account and region, and this returns at once.
    pub(crate) fn deliver(&self, event: &Value) {
        if self.forwards.is_none() {
            return self.start(|_| true, event);
        }
        let text = |key: &str, here: &str| event.get(key).and_then(Value::as_str).unwrap_or(here).to_owned();
        let place = Place { account: text("account", &self.home.account), region: text("region", &self.home.region) };
        self.arrive(&Address { place, bus: DEFAULT.to_owned() }, event);
    }

    /// An event on a bus. What arrives on another account's bus is not forwarded again (EventBridge user guide, "Sending and
    /// receiving events between AWS accounts").
    pub(crate) fn arrive(&self, at: &Address, event: &Value) {
        if at.place == self.home {
            self.start(|rule| rule.bus == at.bus, event);
        }
        let own = event.get("account").and_then(Value::as_str).is_none_or(|account| account == at.place.account);
        let forwards = self.forwards.as_ref().filter(|_| own && at.bus == DEFAULT);
        for forward in forwards.and_then(|forwards| forwards.get(&at.place)).into_iter().flatten() {
            if forward.to.place == self.home
                && !self.is_disabled(&at.place, &forward.name)
                && forward.pattern.matches(event)
            {
                self.start(|rule| rule.bus == forward.to.bus, event);
            }
        }
    }

    /// Starts every function with a rule that matches, among the rules `on` a bus.
    fn start(&self, on: impl Fn(&Rule) -> bool, event: &Value) {
        let id = event.get("id").and_then(Value::as_str);
        for rule in self.rules.iter().filter(|rule| on(rule)) {
            if !rule.pattern.matches(event) || self.is_disabled(&self.home, &rule.physical) {
                continue;
            }
            tracing::debug!(rule = rule.name, event = id, "event matches");
            for target in &rule.targets {
                target.start(Bytes::from(event.to_string()), id);
            }
        }
    }

    fn is_disabled(&self, place: &Place, rule: &str) -> bool {
        let disabled = self.disabled.read();
        !disabled.is_empty() && disabled.contains(&(place.clone(), rule.to_owned()))
    }

    /// What a call to EventBridge's API means for the rule it names.
    pub(crate) fn learn(&self, operation: &str, body: &[u8], account: &str, region: &str) {
        let body: Value = serde_json::from_slice(body).unwrap_or_default();
        let rule = |key: &str| {
            let name = body.get(key).and_then(Value::as_str).unwrap_or_default().to_owned();
            (Place { account: account.to_owned(), region: region.to_owned() }, name)
        };
        match operation {
            "DisableRule" | "DeleteRule" => _ = self.disabled.write().insert(rule("Name")),
            // The sandbox's rules have one target.
            "RemoveTargets" => _ = self.disabled.write().insert(rule("Rule")),
            "EnableRule" => _ = self.disabled.write().remove(&rule("Name")),
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

//! How an invocation ended: the Lambda's answer, and the one wide log line.

use jiff::Timestamp;
use rectify_controls::{Arn, Outcome, Severity};
use rectify_event::Event;
use serde_json::{Value, json};

/// How one finding, or a target without one, ended.
#[derive(Debug, Clone)]
pub struct Ended {
    /// The resource; `None` when the event was ignored.
    pub arn: Option<Arn>,
    /// The control; `None` when no control was broken.
    pub control: Option<&'static str>,
    /// How bad it was.
    pub severity: Option<Severity>,
    /// How it ended.
    pub outcome: Outcome,
    /// One sentence about the finding.
    pub summary: Option<String>,
    /// The correction's id in the ledger.
    pub correction: Option<String>,
    /// Whether a message went out now.
    pub told: bool,
}

impl Ended {
    /// An end without a finding.
    #[must_use]
    pub fn plain(arn: Option<Arn>, outcome: Outcome) -> Self {
        Self { arn, control: None, severity: None, outcome, summary: None, correction: None, told: false }
    }

    fn to_json(&self) -> Value {
        let mut object = serde_json::Map::new();
        let mut put = |key: &str, value: Option<String>| {
            if let Some(value) = value {
                object.insert(key.to_owned(), Value::String(value));
            }
        };
        put("outcome", Some(self.outcome.name().to_owned()));
        put("control", self.control.map(str::to_owned));
        put("severity", self.severity.map(|severity| severity.to_string()));
        put("resource", self.arn.as_ref().map(ToString::to_string));
        put("summary", self.summary.clone());
        put("why", self.outcome.why());
        put("correction", self.correction.clone());
        if self.told {
            object.insert("told".to_owned(), Value::Bool(true));
        }
        Value::Object(object)
    }
}

/// Everything one event led to.
#[derive(Debug, Clone, Default)]
pub struct Report {
    /// EventBridge's id of the event.
    pub event: Option<String>,
    /// What happened, for example `PutBucketAcl`.
    pub event_name: Option<String>,
    /// When EventBridge had it, RFC 3339.
    pub event_time: Option<String>,
    /// The environment of the account.
    pub environment: Option<String>,
    /// One per finding, or one without.
    pub ended: Vec<Ended>,
    /// What an order asked for.
    pub answer: Option<Value>,
}

impl Report {
    /// A report about `event`, still empty.
    pub(crate) fn of(event: &Event<'_>) -> Self {
        let owned = |text: Option<&str>| text.map(str::to_owned);
        Self {
            event: owned(event.envelope.id.as_deref()),
            event_name: owned(event.record().map(|record| record.event_name.as_ref())),
            event_time: owned(event.envelope.time.as_deref()),
            ..Self::default()
        }
    }

    /// The Lambda's answer: what an order asked for, or what became of the event.
    #[must_use]
    pub fn answer(&self) -> Value {
        self.answer.clone().unwrap_or_else(|| self.to_json())
    }

    /// What became of the event, as the log has it.
    #[must_use]
    pub fn to_json(&self) -> Value {
        json!({
            "event": self.event,
            "eventName": self.event_name,
            "environment": self.environment,
            "outcomes": self.ended.iter().map(Ended::to_json).collect::<Vec<_>>(),
        })
    }

    /// Milliseconds from the envelope's time to `now`; `None` when the event does not say.
    pub(crate) fn age(&self, now: Timestamp) -> Option<f64> {
        let time: Timestamp = self.event_time.as_deref()?.parse().ok()?;
        Some((now.duration_since(time).as_secs_f64() * 1000.0).max(0.0))
    }

    /// How many ended as `name`.
    #[must_use]
    pub fn count(&self, name: &str) -> usize {
        self.ended.iter().filter(|ended| ended.outcome.name() == name).count()
    }
}

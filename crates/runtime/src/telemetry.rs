//! Logs and metrics: one JSON object per line on standard output.
//!
//! The keys are the ones the ecosystem's tools look for (Powertools for AWS Lambda: `level`, `timestamp`, `message`,
//! `service`, `cold_start`, `function_request_id`, `xray_trace_id`, …), flat at the top level: Lambda takes a line's level
//! from a top-level `level` and an RFC 3339 `timestamp`, and calls everything else INFO.
//!
//! Each invocation writes one wide line that is also its metrics (CloudWatch embedded metric format), so that log and
//! metric cannot drift apart. The event itself is never logged: it holds what other people wrote.

use std::{fmt, io::Write, sync::OnceLock};

use jiff::Timestamp;
use rectify_controls::Kind;
use serde_json::{Map, Value, json};
use tracing::{
    Level, Subscriber,
    field::{Field, Visit},
};
use tracing_subscriber::{Layer, layer::Context, layer::SubscriberExt, registry::LookupSpan};

use crate::{Failure, Report, clock::Invocation};

static SERVICE: OnceLock<String> = OnceLock::new();

/// Installs the log format for this process. `POWERTOOLS_SERVICE_NAME` names the service, the kind does otherwise.
pub(crate) fn install(kind: &str) {
    let service = std::env::var("POWERTOOLS_SERVICE_NAME").unwrap_or_else(|_| format!("rectify-{kind}"));
    SERVICE.get_or_init(|| service);
    let level = std::env::var("AWS_LAMBDA_LOG_LEVEL")
        .or_else(|_| std::env::var("POWERTOOLS_LOG_LEVEL"))
        .ok()
        .and_then(|level| level.parse::<Level>().ok())
        .unwrap_or(Level::INFO);
    // A second installation (tests) is not an error: the first one stays.
    let _ = tracing::subscriber::set_global_default(tracing_subscriber::registry().with(Lines { level }));
}

/// The wide line of one invocation.
pub(crate) fn line<K: Kind>(invocation: &Invocation, result: Result<&Report, &Failure>) {
    let now = Timestamp::now();
    let mut line = base(if result.is_ok() { Level::INFO } else { Level::ERROR }, now);
    let took = now.duration_since(invocation.received);
    let mut metrics: Vec<(&str, &str, f64)> = vec![
        ("Events", "Count", 1.0),
        ("ColdStart", "Count", f64::from(u8::from(invocation.cold_start))),
        ("Duration", "Milliseconds", took.as_secs_f64() * 1000.0),
    ];
    if let Some(age) = result.ok().and_then(|report| report.age(now)) {
        metrics.push(("EventAge", "Milliseconds", age));
    }
    put(&mut line, "cold_start", json!(invocation.cold_start));
    put(&mut line, "function_request_id", json!(invocation.request_id));
    put(&mut line, "xray_trace_id", json!(invocation.trace_id));
    match result {
        Ok(report) => {
            put(&mut line, "message", json!("event handled"));
            if let Value::Object(fields) = report.to_json() {
                line.extend(fields);
            }
            for (outcome, metric) in METRICS {
                metrics.push((metric, "Count", count(report.count(outcome))));
            }
        }
        Err(failure) => {
            put(&mut line, "message", json!("event failed, Lambda will try again"));
            put(&mut line, "exception_name", json!(failure.name()));
            put(&mut line, "exception", json!(failure.to_string()));
            metrics.push(("Errors", "Count", 1.0));
        }
    }
    put(&mut line, "kind", json!(K::KIND));
    put(
        &mut line,
        "_aws",
        json!({
            "Timestamp": now.as_millisecond(),
            "CloudWatchMetrics": [{
                "Namespace": "rectify",
                "Dimensions": [["kind"]],
                "Metrics": metrics.iter().map(|(name, unit, _)| json!({"Name": name, "Unit": unit})).collect::<Vec<_>>(),
            }],
        }),
    );
    for (name, _, value) in metrics {
        put(&mut line, name, json!(value));
    }
    write(&line);
}

/// One line that is also counts (CloudWatch embedded metric format), by one dimension.
pub(crate) fn counts(message: &str, dimension: (&str, &str), counts: &[(&str, usize)]) {
    let now = Timestamp::now();
    let mut line = base(Level::INFO, now);
    put(&mut line, "message", json!(message));
    put(&mut line, dimension.0, json!(dimension.1));
    let metrics: Vec<Value> = counts.iter().map(|(name, _)| json!({"Name": name, "Unit": "Count"})).collect();
    put(
        &mut line,
        "_aws",
        json!({
            "Timestamp": now.as_millisecond(),
            "CloudWatchMetrics": [{"Namespace": "rectify", "Dimensions": [[dimension.0]], "Metrics": metrics}],
        }),
    );
    for (name, number) in counts {
        put(&mut line, name, json!(number));
    }
    write(&line);
}

/// The outcomes that are counted, and their metrics.
const METRICS: [(&str, &str); 14] = [
    ("ignored", "Ignored"),
    ("compliant", "Compliant"),
    ("superseded", "Superseded"),
    ("resolved", "Resolved"),
    ("exempt", "Exempt"),
    ("shadowed", "Shadowed"),
    ("notified", "Notified"),
    ("deferred", "Deferred"),
    ("withheld", "Withheld"),
    ("corrected", "Corrected"),
    ("not-proven", "NotProven"),
    ("restored", "Restored"),
    ("not-restored", "NotRestored"),
    ("failed", "Failed"),
];

fn count(number: usize) -> f64 {
    f64::from(u32::try_from(number).unwrap_or(u32::MAX))
}

fn base(level: Level, now: Timestamp) -> Map<String, Value> {
    let mut line = Map::new();
    put(&mut line, "level", json!(level.as_str()));
    put(&mut line, "timestamp", json!(format!("{now:.3}")));
    put(&mut line, "service", json!(SERVICE.get()));
    line
}

fn put(line: &mut Map<String, Value>, key: &str, value: Value) {
    if !value.is_null() {
        line.insert(key.to_owned(), value);
    }
}

fn write(line: &Map<String, Value>) {
    let Ok(mut text) = serde_json::to_vec(line) else { return };
    text.push(b'\n');
    // Nothing sensible can be done when standard output is gone; the invocation goes on.
    let _ = std::io::stdout().lock().write_all(&text);
}

/// Every other log line, in the same form.
struct Lines {
    level: Level,
}

impl<S: Subscriber + for<'a> LookupSpan<'a>> Layer<S> for Lines {
    fn enabled(&self, metadata: &tracing::Metadata<'_>, _: Context<'_, S>) -> bool {
        *metadata.level() <= self.level
    }

    fn on_event(&self, event: &tracing::Event<'_>, _: Context<'_, S>) {
        let mut line = base(*event.metadata().level(), Timestamp::now());
        put(&mut line, "location", json!(event.metadata().target()));
        event.record(&mut Fields(&mut line));
        write(&line);
    }
}

struct Fields<'a>(&'a mut Map<String, Value>);

impl Visit for Fields<'_> {
    fn record_debug(&mut self, field: &Field, value: &dyn fmt::Debug) {
        put(self.0, field.name(), json!(format!("{value:?}")));
    }

    fn record_str(&mut self, field: &Field, value: &str) {
        put(self.0, field.name(), json!(value));
    }

    fn record_u64(&mut self, field: &Field, value: u64) {
        put(self.0, field.name(), json!(value));
    }

    fn record_i64(&mut self, field: &Field, value: i64) {
        put(self.0, field.name(), json!(value));
    }

    fn record_bool(&mut self, field: &Field, value: bool) {
        put(self.0, field.name(), json!(value));
    }
}

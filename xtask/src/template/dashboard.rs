//! The dashboard: what the guards did, and whether they are well.

use serde_json::{Value, json};

use super::alarms::NAMESPACE;
use crate::kinds::KindSummary;

/// Widths and heights of the grid (CloudWatch API reference, "Dashboard body structure": 24 columns).
const WIDTH: u32 = 12;
const HEIGHT: u32 = 6;

/// The resource `Dashboard`.
pub(super) fn yaml(kinds: &[KindSummary]) -> String {
    let outcomes = ["Corrected", "Notified", "Withheld", "NotProven", "Failed", "Restored"];
    let own = |metric: &str, kind: &KindSummary| json!([NAMESPACE, metric, "kind", kind.name, {"label": format!("{} {metric}", kind.name)}]);
    let function = |metric: &str, kind: &str, stat: &str| {
        json!(["AWS/Lambda", metric, "FunctionName", format!("${{AWS::StackName}}-{kind}"),
            {"label": format!("{kind} {metric}"), "stat": stat}])
    };
    let names = || kinds.iter().map(|kind| kind.name).chain(["notifier", "sweeper"]);
    let queue = |metric: &str, name: &str, label: &str| json!(["AWS/SQS", metric, "QueueName", format!("${{AWS::StackName}}-{name}"), {"label": label, "stat": "Maximum"}]);
    let queues = kinds.iter().map(|kind| kind.name).chain(["sweeper"]).map(|name| (name, "dead-letters"));
    let queues = queues
        .chain([("outbox", "dead-letters.fifo")])
        .map(|(name, rest)| queue("ApproximateNumberOfMessagesVisible", &format!("{name}-{rest}"), name));
    let widgets = [
        widget(
            "What the guards did",
            &kinds.iter().flat_map(|kind| outcomes.map(|metric| own(metric, kind))).collect::<Vec<_>>(),
        ),
        widget("Waiting in dead-letter queues", &queues.collect::<Vec<_>>()),
        widget("Failed invocations", &names().map(|name| function("Errors", name, "Sum")).collect::<Vec<_>>()),
        widget(
            "Duration in milliseconds, and events that waited",
            &names()
                .flat_map(|name| [function("Duration", name, "p95"), function("Throttles", name, "Sum")])
                .collect::<Vec<_>>(),
        ),
        widget(
            "Messages that wait, and seconds that the oldest has",
            &[
                queue("ApproximateNumberOfMessagesVisible", "outbox.fifo", "waiting"),
                queue("ApproximateNumberOfMessagesNotVisible", "outbox.fifo", "on their way"),
                queue("ApproximateAgeOfOldestMessage", "outbox.fifo", "seconds"),
            ],
        ),
    ];
    let mut placed = Vec::new();
    for (at, mut widget) in (0_u32..).zip(widgets) {
        if let Some(fields) = widget.as_object_mut() {
            fields.extend([("x".to_owned(), json!(at % 2 * WIDTH)), ("y".to_owned(), json!(at / 2 * HEIGHT))]);
        }
        placed.push(widget);
    }
    let body = serde_json::to_string_pretty(&json!({ "widgets": placed })).unwrap_or_default();
    let body: String = body.lines().map(|line| format!("      {line}\n")).collect();
    format!(
        "Dashboard:\n  Type: AWS::CloudWatch::Dashboard\n  Properties:\n    DashboardName: !Ref AWS::StackName\n    \
         DashboardBody: !Sub |\n{body}"
    )
}

fn widget(title: &str, metrics: &[Value]) -> Value {
    json!({
        "type": "metric",
        "width": WIDTH,
        "height": HEIGHT,
        "properties": {
            "title": title,
            "region": "${AWS::Region}",
            "stat": "Sum",
            "period": 300,
            "metrics": metrics,
        },
    })
}

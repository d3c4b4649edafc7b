//! The alarms of a function.

use anyhow::Result;

use super::fill::fill;
use crate::kinds::KindSummary;

const ALARM: &str = include_str!("alarm.yaml");

/// Namespace of the metrics in the functions' log lines (CloudWatch embedded metric format).
pub(super) const NAMESPACE: &str = "rectify";

/// One alarm.
struct Alarm {
    name: &'static str,
    description: &'static str,
    namespace: &'static str,
    metric: &'static str,
    dimension: &'static str,
    value: String,
    statistic: &'static str,
    /// More than this is too much.
    threshold: u32,
}

/// The alarms of the guard of `kind`, whose logical ids begin with `id`.
pub(super) fn guard(kind: &KindSummary, id: &str) -> Result<String> {
    let own = |name, description| Alarm {
        name,
        description,
        namespace: NAMESPACE,
        metric: name,
        dimension: "kind",
        value: kind.name.to_owned(),
        statistic: "Sum",
        threshold: 0,
    };
    let of = format!("{id}Guard");
    let alarms = [
        lambda(&of, "Errors", "The guard failed on an event; Lambda tries it twice more"),
        lambda(&of, "Throttles", "Events wait because the guard has no concurrency left"),
        dead_letters(&of, "Something waits in the dead-letter queue. Nobody has looked at those changes"),
        own("NotProven", "A correction was made and the breach is still there"),
        own(
            "Withheld",
            "A correction was held back by the budget, a pause, a tug of war, the ledger or the guard's own event",
        ),
    ];
    all(&of, kind.name, &alarms)
}

/// The alarms of the sweeper.
pub(super) fn sweeper() -> Result<String> {
    let of = "Sweeper";
    let alarms = [
        lambda(of, "Errors", "The sweeper failed; Lambda tries it twice more"),
        dead_letters(of, "A sweep was not begun. What no event told of is not found until the next"),
    ];
    all(of, "sweeper", &alarms)
}

/// How long a message may wait in the outbox, in seconds.
const OLDEST: u32 = 900;

/// The alarms of the queue between the guards and the notifier. They reach the topic without either.
pub(super) fn outbox() -> Result<String> {
    let of = "Outbox";
    let alarms = [
        dead_letters(of, "A message could not be delivered in five tries. Nobody has read it"),
        Alarm {
            name: "Age",
            description: "A message has waited for a quarter of an hour, because the notifier does not work or a channel is down",
            namespace: "AWS/SQS",
            metric: "ApproximateAgeOfOldestMessage",
            dimension: "QueueName",
            value: format!("!GetAtt {of}.QueueName"),
            statistic: "Maximum",
            threshold: OLDEST,
        },
    ];
    all(of, "outbox", &alarms)
}

/// The alarms of the notifier.
pub(super) fn notifier() -> Result<String> {
    let of = "Notifier";
    let alarms = [
        lambda(of, "Errors", "The notifier failed; the messages come again, a digest is tried twice more"),
        lambda(of, "Throttles", "Messages wait because the account has no concurrency left for the notifier"),
    ];
    all(of, "notifier", &alarms)
}

fn lambda(of: &str, name: &'static str, description: &'static str) -> Alarm {
    Alarm {
        name,
        description,
        namespace: "AWS/Lambda",
        metric: name,
        dimension: "FunctionName",
        value: format!("!Ref {of}"),
        statistic: "Sum",
        threshold: 0,
    }
}

fn dead_letters(of: &str, description: &'static str) -> Alarm {
    Alarm {
        name: "DeadLetters",
        description,
        namespace: "AWS/SQS",
        metric: "ApproximateNumberOfMessagesVisible",
        dimension: "QueueName",
        value: format!("!GetAtt {of}DeadLetters.QueueName"),
        statistic: "Maximum",
        threshold: 0,
    }
}

fn all(of: &str, about: &str, alarms: &[Alarm]) -> Result<String> {
    let texts = alarms
        .iter()
        .map(|alarm| {
            fill(
                ALARM,
                &[
                    ("of", of),
                    ("name", alarm.name),
                    ("description", &format!("{} ({about}).", alarm.description)),
                    ("namespace", alarm.namespace),
                    ("metric", alarm.metric),
                    ("dimension", alarm.dimension),
                    ("value", &alarm.value),
                    ("statistic", alarm.statistic),
                    ("threshold", &alarm.threshold.to_string()),
                ],
            )
        })
        .collect::<Result<Vec<_>>>()?;
    Ok(texts.join("\n"))
}

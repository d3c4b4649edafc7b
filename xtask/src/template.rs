//! `template.yaml` from the rule book.
//!
//! The YAML lives in `template/*.yaml`, with the comments a reader of the result needs. This module fills in what the rule
//! book knows: names, event patterns and permissions.

mod fill;
mod iam;
mod pattern;

use anyhow::{Context as _, Result};

use rectify_controls::pattern::event_pattern;

use crate::{kinds::KindSummary, repo::Generated};
use fill::fill;

const HUB: &str = include_str!("template/hub.yaml");
const GUARD: &str = include_str!("template/guard.yaml");
const ALARM: &str = include_str!("template/alarm.yaml");
const OUTPUTS: &str = include_str!("template/outputs.yaml");

/// Namespace of the metrics in the functions' log lines (CloudWatch embedded metric format).
const NAMESPACE: &str = "rectify";

/// The template for `kinds`.
///
/// # Errors
/// When a part names a placeholder that nothing fills, or an event pattern is longer than every account accepts.
pub(crate) fn files(kinds: &[KindSummary]) -> Result<Vec<Generated>> {
    let guards = kinds.iter().map(guard).collect::<Result<Vec<_>>>()?.join("\n");
    let outputs = kinds
        .iter()
        .map(|kind| fill(OUTPUTS, &[("id", &kind.pascal()), ("kind", kind.name)]))
        .collect::<Result<Vec<_>>>()?
        .concat();
    // Functions by name and not by `!GetAtt`: they depend on the scheduler's role, which names them.
    let functions = lines(kinds, |kind| {
        format!(
            "- !Sub arn:${{AWS::Partition}}:lambda:${{AWS::Region}}:${{AWS::AccountId}}:function:${{AWS::StackName}}-{}",
            kind.name
        )
    });
    let queues = lines(kinds, |kind| format!("- !GetAtt {}GuardDeadLetters.Arn", kind.pascal()));
    let text = fill(
        HUB,
        &[
            ("repository", env!("CARGO_PKG_REPOSITORY")),
            ("version", env!("CARGO_PKG_VERSION")),
            ("functions", &functions),
            ("queues", &queues),
            ("guards", &guards),
            ("outputs", &outputs),
        ],
    )?;
    Ok(vec![Generated { path: "template.yaml".to_owned(), text, by: "cargo xtask template" }])
}

/// One line for each kind.
fn lines(kinds: &[KindSummary], line: impl Fn(&KindSummary) -> String) -> String {
    kinds.iter().map(line).collect::<Vec<_>>().join("\n")
}

fn guard(kind: &KindSummary) -> Result<String> {
    let id = kind.pascal();
    rectify_pattern::check_length(&event_pattern(kind.triggers).to_string(), rectify_pattern::DEFAULT_LENGTH)
        .with_context(|| format!("the rule of kind `{}` needs to be split", kind.name))?;
    let controls = match kind.controls.len() {
        1 => "1 control".to_owned(),
        n => format!("{n} controls"),
    };
    fill(
        GUARD,
        &[
            ("id", &id),
            ("kind", kind.name),
            ("controls", &controls),
            ("pattern", &pattern::yaml(kind.triggers)),
            ("policies", &iam::policies(kind.access)),
            ("alarms", &alarms(kind, &id)?),
        ],
    )
}

/// One alarm of a guard.
struct Alarm {
    name: &'static str,
    description: &'static str,
    namespace: &'static str,
    metric: &'static str,
    dimension: &'static str,
    value: String,
    statistic: &'static str,
}

fn alarms(kind: &KindSummary, id: &str) -> Result<String> {
    let own = |name, description| Alarm {
        name,
        description,
        namespace: NAMESPACE,
        metric: name,
        dimension: "kind",
        value: kind.name.to_owned(),
        statistic: "Sum",
    };
    let lambda = |name, description| Alarm {
        name,
        description,
        namespace: "AWS/Lambda",
        metric: name,
        dimension: "FunctionName",
        value: format!("!Ref {id}Guard"),
        statistic: "Sum",
    };
    let alarms = [
        lambda("Errors", "The guard failed on an event; Lambda tries it twice more"),
        lambda("Throttles", "Events wait because the guard has no concurrency left"),
        Alarm {
            name: "DeadLetters",
            description: "Something waits in the dead-letter queue. Nobody has looked at those changes",
            namespace: "AWS/SQS",
            metric: "ApproximateNumberOfMessagesVisible",
            dimension: "QueueName",
            value: format!("!GetAtt {id}GuardDeadLetters.QueueName"),
            statistic: "Maximum",
        },
        own("NotProven", "A correction was made and the breach is still there"),
        own(
            "Withheld",
            "A correction was held back by the budget, a pause, a tug of war, the ledger or the guard's own event",
        ),
    ];
    let texts = alarms
        .iter()
        .map(|alarm| {
            fill(
                ALARM,
                &[
                    ("id", id),
                    ("name", alarm.name),
                    ("description", &format!("{} ({}).", alarm.description, kind.name)),
                    ("namespace", alarm.namespace),
                    ("metric", alarm.metric),
                    ("dimension", alarm.dimension),
                    ("value", &alarm.value),
                    ("statistic", alarm.statistic),
                ],
            )
        })
        .collect::<Result<Vec<_>>>()?;
    Ok(texts.join("\n"))
}

#[cfg(test)]
mod tests;

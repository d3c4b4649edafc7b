//! The stack's functions. Of a guard: its function, what it says of itself, its settings, its rules, its dead letters, and whether a probe comes
//! round.

use std::{collections::HashMap, time::Duration};

use aws_sdk_lambda::{
    Client,
    types::{LastUpdateStatus, State},
};
use futures::future::OptionFuture;
use rectify_aws::{AwsFailure, FailureKind, ProbeId};
use rectify_controls::{Order, Status};
use tokio::time::{Instant, sleep};

use super::{Desk, check::Check, rules};
use crate::{command::deadletters::queue::Queue, connection::CloudError, guard::Guards, kinds::KindEntry};

/// The functions that guard nothing (docs/adr/0011-hub-and-members.md, docs/adr/0013-messages-leave-by-one-queue.md).
const SWEEPER: &str = "sweeper";
const NOTIFIER: &str = "notifier";
/// The queue between the guards and the notifier.
const OUTBOX: &str = "outbox";

/// Between two looks for a probe.
const PAUSE: Duration = Duration::from_millis(500);

const DEPLOY: &str = "deploy the stack: `sam build && sam deploy`";

/// What is known of a guard after it was looked at.
pub(super) struct Seen {
    pub(super) checks: Vec<Check>,
    pub(super) status: Option<Status>,
    /// The function's environment; empty when it could not be read.
    pub(super) variables: HashMap<String, String>,
}

pub(super) async fn check(desk: &Desk<'_>, kind: &'static KindEntry) -> Seen {
    let (mut checks, arn, variables) = function(desk, kind.name).await;
    let bus = rules::bus_of(&variables);
    let id = &desk.probe;
    let probe = rules::probe(kind.name, desk.account.as_str(), desk.connection.region().as_str(), id.as_str());
    let rules = OptionFuture::from(arn.as_ref().map(|arn| rules::check(desk.connection, kind, arn, &bus, &probe)));
    let come_round = async {
        match (&arn, desk.patience) {
            (None, _) => Check::skipped("probe", kind.name, "there is no function for it to reach"),
            (_, None) => Check::skipped("probe", kind.name, "not asked for: --no-probe"),
            (_, Some(patience)) => probed(desk, kind, &bus, &probe, id, patience).await,
        }
    };
    let answered = async { if arn.is_some() { Some(status(desk, kind).await) } else { None } };
    let (said, rules, letters, come_round) = futures::join!(answered, rules, letters(desk, kind.name), come_round);
    let mut known = None;
    if let Some((said, status)) = said {
        checks.extend(said);
        known = status;
    }
    checks.extend(rules.unwrap_or_default());
    checks.push(come_round);
    checks.push(letters);
    Seen { checks, status: known, variables }
}

/// The function itself; its ARN when it is there, and its environment.
async fn function(desk: &Desk<'_>, who: &str) -> (Vec<Check>, Option<String>, HashMap<String, String>) {
    const ID: &str = "function";
    let name = desk.connection.function(who);
    let answer = Client::new(desk.connection.config()).get_function_configuration().function_name(&name).send().await;
    let answer = match answer {
        Ok(answer) => answer,
        Err(error) => {
            let failure = AwsFailure::new("lambda", "GetFunctionConfiguration", &error);
            let check = if failure.kind == FailureKind::Gone {
                Check::failed(ID, who, format!("there is no function `{name}`"), DEPLOY)
            } else {
                Check::unread(ID, who, &desk.connection.failure(failure))
            };
            return (vec![check], None, HashMap::new());
        }
    };
    let variables = answer.environment().and_then(|environment| environment.variables()).cloned().unwrap_or_default();
    let reason = |reason: Option<&str>| reason.map(|reason| format!(": {reason}")).unwrap_or_default();
    let mut checks = Vec::new();
    match answer.state() {
        Some(State::Failed) => {
            let seen = format!("`{name}` cannot start{}", reason(answer.state_reason()));
            checks.push(Check::failed(ID, who, seen, DEPLOY));
        }
        Some(state @ (State::Pending | State::Inactive)) => {
            let seen = format!("`{name}` is {}", state.as_str().to_lowercase());
            checks.push(Check::warning(ID, who, seen, "look again in a minute"));
        }
        _ => {}
    }
    match answer.last_update_status() {
        Some(LastUpdateStatus::Failed) => {
            let seen = format!("its last update failed{}", reason(answer.last_update_status_reason()));
            checks.push(Check::failed(ID, who, seen, DEPLOY));
        }
        Some(LastUpdateStatus::InProgress) => {
            checks.push(Check::warning(ID, who, "it is being updated", "look again in a minute"));
        }
        _ => {}
    }
    let told = |name: &str| variables.get(name).map(String::as_str);
    for (variable, wanted) in
        [("RECTIFY_LEDGER", desk.connection.table()), ("RECTIFY_ACCOUNT", desk.account.to_string())]
    {
        if told(variable) != Some(wanted.as_str()) {
            let seen = format!("`{variable}` is `{}`, not `{wanted}`", told(variable).unwrap_or_default());
            checks.push(Check::failed(ID, who, seen, DEPLOY));
        }
    }
    if checks.is_empty() {
        checks.push(Check::fine(ID, who, format!("`{name}` is active")));
    }
    (checks, answer.function_arn, variables)
}

/// What the guard says of itself.
async fn status(desk: &Desk<'_>, kind: &KindEntry) -> (Vec<Check>, Option<Status>) {
    const ID: &str = "status";
    let status: Status = match Guards::new(desk.connection).order(kind.name, &Order::Status {}).await {
        Ok(status) => status,
        Err(error @ (CloudError::Function { .. } | CloudError::Answer { .. })) => {
            let next =
                format!("{DEPLOY}; its log group `/aws/lambda/{}` says more", desk.connection.function(kind.name));
            return (vec![Check::failed(ID, kind.name, error.to_string(), next)], None);
        }
        Err(error) => return (vec![Check::unread(ID, kind.name, &error)], None),
    };
    let mut checks = vec![said(kind.name, &status)];
    checks.push(settings(desk, kind.name, &status));
    (checks, Some(status))
}

fn said(kind: &str, status: &Status) -> Check {
    const ID: &str = "status";
    let own = env!("CARGO_PKG_VERSION");
    if let Some(why) = &status.ledger {
        let next = format!("see the role of the function: {DEPLOY}");
        return Check::failed(ID, kind, format!("it cannot read the ledger: {why}"), next);
    }
    if status.version != own {
        let seen = format!("it is of release {}, and this command of {own}", status.version);
        return Check::warning(ID, kind, seen, "deploy this release, or use the command of the deployed one");
    }
    Check::fine(ID, kind, format!("release {own}, reads the ledger"))
}

fn settings(desk: &Desk<'_>, kind: &str, status: &Status) -> Check {
    const ID: &str = "settings";
    let next = |file: &str| format!("`rectify settings check {file}`, then {DEPLOY}");
    let file = desk.file.as_ref();
    if let Some(why) = &status.degraded {
        let seen = format!("nothing is corrected, because {why}");
        return Check::failed(ID, kind, seen, next(file.map_or("FILE", |file| &file.name)));
    }
    let Some(file) = file else {
        return Check::skipped(ID, kind, "no settings/settings.toml here to compare with: --settings");
    };
    if status.settings.as_deref() == Some(file.digest.as_str()) {
        return Check::fine(ID, kind, format!("the deployed settings are `{}`", file.name));
    }
    let short = |digest: &str| digest.chars().take(12).collect::<String>();
    let deployed = status.settings.as_deref().map_or_else(|| "unknown".to_owned(), short);
    let seen = format!(
        "the deployed settings are not `{}`: SHA-256 {deployed} there, {} here",
        file.name,
        short(&file.digest)
    );
    Check::failed(ID, kind, seen, next(&file.name))
}

async fn letters(desk: &Desk<'_>, who: &str) -> Check {
    const ID: &str = "dead-letters";
    let waiting = async { Queue::letters(desk.connection, who).await?.waiting().await };
    match waiting.await {
        Ok(0) => Check::fine(ID, who, "none wait"),
        Ok(many) => {
            let next = if who == SWEEPER {
                format!(
                    "its log group `/aws/lambda/{}` says why; the next sweep makes up for it, then `aws sqs purge-queue`",
                    desk.connection.function(who)
                )
            } else {
                format!(
                    "`rectify deadletters list --kind {who}` says why and since when; mend that, then `rectify deadletters \
                     redrive --kind {who}`"
                )
            };
            Check::failed(ID, who, format!("about {many} {}", if many == 1 { "waits" } else { "wait" }), next)
        }
        Err(error) => Check::unread(ID, who, &error),
    }
}

/// The function that has everything looked at again.
pub(super) async fn sweeper(desk: &Desk<'_>) -> Vec<Check> {
    let ((mut checks, ..), letters) = futures::join!(function(desk, SWEEPER), letters(desk, SWEEPER));
    checks.push(letters);
    checks
}

/// The function that carries messages, and the queue it is fed from.
pub(super) async fn notifier(desk: &Desk<'_>) -> Vec<Check> {
    let ((mut checks, arn, _), letters, waiting) =
        futures::join!(function(desk, NOTIFIER), letters(desk, OUTBOX), waiting(desk));
    if arn.is_some() {
        checks.push(fed(desk).await);
    }
    checks.extend([letters, waiting]);
    checks
}

/// Whether Lambda polls the outbox for the notifier.
async fn fed(desk: &Desk<'_>) -> Check {
    const ID: &str = "event-source";
    let (name, queue) = (desk.connection.function(NOTIFIER), desk.connection.outbox());
    let answer = Client::new(desk.connection.config()).list_event_source_mappings().function_name(&name).send().await;
    let answer = match answer {
        Ok(answer) => answer,
        Err(error) => {
            let failure = AwsFailure::new("lambda", "ListEventSourceMappings", &error);
            return Check::unread(ID, NOTIFIER, &desk.connection.failure(failure));
        }
    };
    let of_outbox = |arn: &str| arn.rsplit(':').next() == Some(queue.as_str());
    let mapping =
        answer.event_source_mappings().iter().find(|mapping| mapping.event_source_arn().is_some_and(of_outbox));
    // States of a mapping (Lambda API reference, EventSourceMappingConfiguration).
    match mapping.map(|mapping| (mapping.state().unwrap_or_default(), mapping.uuid().unwrap_or_default())) {
        Some(("Enabled", _)) => Check::fine(ID, NOTIFIER, format!("is fed from `{queue}`")),
        Some((state @ ("Creating" | "Enabling" | "Updating"), _)) => {
            let seen = format!("the event source mapping of `{queue}` is {}", state.to_lowercase());
            Check::warning(ID, NOTIFIER, seen, "look again in a minute")
        }
        Some((state, id)) => {
            let seen = format!("the event source mapping of `{queue}` is {}: nothing is told", state.to_lowercase());
            Check::failed(ID, NOTIFIER, seen, format!("`aws lambda update-event-source-mapping --uuid {id} --enabled`"))
        }
        None => Check::failed(ID, NOTIFIER, format!("nothing feeds it from `{queue}`: nothing is told"), DEPLOY),
    }
}

/// Messages that nobody carries. SQS does not say how old they are; the alarm `OutboxAge` does.
async fn waiting(desk: &Desk<'_>) -> Check {
    const ID: &str = "waiting";
    let waiting = async { Queue::outbox(desk.connection).await?.waiting().await };
    match waiting.await {
        Ok(0) => Check::fine(ID, OUTBOX, "every message is on its way or delivered"),
        Ok(many) => {
            let seen =
                format!("about {many} {} for the notifier", if many == 1 { "message waits" } else { "messages wait" });
            let next = format!(
                "look again in a minute; if they stay, the log group `/aws/lambda/{}` says which channel is down",
                desk.connection.function(NOTIFIER)
            );
            Check::warning(ID, OUTBOX, seen, next)
        }
        Err(error) => Check::unread(ID, OUTBOX, &error),
    }
}

/// Puts a probe on the bus and waits for it to come through to the guard.
async fn probed(
    desk: &Desk<'_>,
    kind: &KindEntry,
    bus: &str,
    probe: &serde_json::Value,
    id: &ProbeId,
    patience: Duration,
) -> Check {
    const ID: &str = "probe";
    if let Err(error) = rules::put(desk.connection, bus, probe).await {
        return Check::unread(ID, kind.name, &error);
    }
    let ledger = desk.connection.ledger();
    let sent = Instant::now();
    loop {
        match ledger.probe(id, kind.name).await {
            Ok(Some(_)) => {
                return Check::fine(ID, kind.name, format!("came round within {:.1} s", sent.elapsed().as_secs_f64()));
            }
            Ok(None) if sent.elapsed() < patience => sleep(PAUSE.min(patience)).await,
            Ok(None) => {
                let seen =
                    format!("an event put on bus `{bus}` did not reach the guard within {} s", patience.as_secs());
                let next = format!(
                    "see `rule` and `status` above, and the log group `/aws/lambda/{}`",
                    desk.connection.function(kind.name)
                );
                return Check::failed(ID, kind.name, seen, next);
            }
            Err(failure) => return Check::unread(ID, kind.name, &desk.connection.failure(failure)),
        }
    }
}

#[cfg(test)]
mod tests {
    use super::{super::check::Verdict, *};

    #[test]
    fn what_a_guard_says_is_judged() {
        let own = Status { version: env!("CARGO_PKG_VERSION").to_owned(), ..Status::default() };
        assert_eq!(said("s3-bucket", &own).verdict, Verdict::Fine);
        let old = Status { version: "0.0.1".to_owned(), ..own.clone() };
        let check = said("s3-bucket", &old);
        assert_eq!(check.verdict, Verdict::Warning);
        assert!(check.seen.contains("0.0.1"), "{check:?}");
        let blind = Status { ledger: Some("AccessDenied".to_owned()), ..own };
        assert_eq!(said("s3-bucket", &blind).verdict, Verdict::Failed);
    }
}

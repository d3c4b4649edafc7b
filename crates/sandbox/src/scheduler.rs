//! EventBridge Scheduler: moto keeps schedules, and here they fire.
//!
//! Played are one-time schedules (`at(…)`, in UTC) whose target is a function of the template. Not played: recurring schedules,
//! flexible time windows (a schedule fires at their beginning), the placeholders `<aws.scheduler.…>` in an input, and the
//! target's role and retry policy: what the schedule's role may invoke is not checked.

use std::collections::BTreeMap;
use std::sync::Arc;
use std::time::Duration;

use bytes::Bytes;
use jiff::civil::DateTime;
use jiff::tz::TimeZone;
use parking_lot::Mutex;
use serde::Serialize;
use serde_json::{Value, json};
use tokio::task::{AbortHandle, JoinSet};

use crate::bus::Bus;
use crate::hub::Hub;
use crate::lambda::Function;
use crate::moto::Own;
use crate::naming::Named;
use crate::request::Seen;
use crate::trail::identity::seconds;

/// A one-time schedule that has not fired yet.
#[derive(Debug, Clone, Serialize)]
#[non_exhaustive]
pub struct Scheduled {
    /// Its name, unique within its group.
    pub name: String,
    /// Its group, `default` unless the call named one.
    pub group: String,
    /// When it will fire.
    pub due: jiff::Timestamp,
    /// The logical id of the function it will start.
    pub function: String,
    /// What the function will get.
    pub input: Value,
}

/// Groups are an account's in a region, and names a group's.
#[derive(Debug, Clone, PartialEq, Eq, PartialOrd, Ord)]
struct Key {
    account: String,
    region: String,
    group: String,
    name: String,
}

struct Waiting {
    due: jiff::Timestamp,
    function: Arc<Function>,
    payload: Bytes,
    /// `ActionAfterCompletion` is `DELETE`.
    delete: bool,
    timer: AbortHandle,
}

/// The schedules that wait. They are not under way: a world in which only they wait is idle.
pub(crate) struct Scheduler {
    hub: Arc<Hub>,
    waiting: Mutex<BTreeMap<Key, Waiting>>,
    tasks: Mutex<JoinSet<()>>,
}

impl Scheduler {
    pub(crate) fn new(hub: Arc<Hub>) -> Arc<Self> {
        Arc::new(Self { hub, waiting: Mutex::default(), tasks: Mutex::default() })
    }

    /// Takes over what a successful call to the service means for what waits.
    pub(crate) fn learn(self: &Arc<Self>, named: &Named, seen: &Seen, account: &str, region: &str, bus: &Bus) {
        let Some(name) = named.labels.get("Name") else { return };
        let key = |group: Option<&str>| Key {
            account: account.to_owned(),
            region: region.to_owned(),
            group: group.unwrap_or("default").to_owned(),
            name: name.clone(),
        };
        match named.operation.as_str() {
            "CreateSchedule" | "UpdateSchedule" => {
                let body: Value = serde_json::from_slice(&seen.body).unwrap_or_default();
                let key = key(body.get("GroupName").and_then(Value::as_str));
                self.forget(|known| *known == key);
                self.take(key, &body, bus);
            }
            "DeleteSchedule" => {
                let query = seen.query();
                let key = key(query.get("groupName").map(String::as_str));
                self.forget(|known| *known == key);
            }
            "DeleteScheduleGroup" => {
                self.forget(|known| known.account == account && known.region == region && known.group == *name);
            }
            _ => {}
        }
    }

    fn take(self: &Arc<Self>, key: Key, schedule: &Value, bus: &Bus) {
        let text = |pointer: &str| schedule.pointer(pointer).and_then(Value::as_str);
        let (name, target) = (key.name.clone(), text("/Target/Arn").unwrap_or_default());
        if text("/State") == Some("DISABLED") {
            return;
        }
        let Some(function) = bus.function_at(target) else {
            tracing::warn!(name, target, "this schedule will not fire: its target is no function of the template");
            return;
        };
        let expression = text("/ScheduleExpression").unwrap_or_default();
        let due = match due(expression, text("/ScheduleExpressionTimezone")) {
            Ok(due) => due,
            Err(reason) => {
                tracing::warn!(name, expression, reason, "this schedule will not fire");
                return;
            }
        };
        let payload = match text("/Target/Input") {
            Some(input) => Bytes::from(input.to_owned()),
            None => {
                let arn = format!("arn:aws:scheduler:{}:{}:schedule/{}/{name}", key.region, key.account, key.group);
                Bytes::from(event("aws.scheduler", &arn, &key.account, &key.region).to_string())
            }
        };
        let (scheduler, own) = (Arc::clone(self), key.clone());
        // Held until the entry is there: a time that is past fires at once.
        let mut waiting = self.waiting.lock();
        let timer = self.spawn(async move {
            while let Ok(left) = Duration::try_from(due.duration_since(jiff::Timestamp::now()))
                && !left.is_zero()
            {
                tokio::time::sleep(left).await;
            }
            scheduler.fire(&own);
        });
        let delete = text("/ActionAfterCompletion") == Some("DELETE");
        waiting.insert(key, Waiting { due, function: Arc::clone(function), payload, delete, timer });
    }

    /// What waits, the soonest first.
    pub(crate) fn all(&self) -> Vec<Scheduled> {
        let waiting = self.waiting.lock();
        let mut all: Vec<Scheduled> = waiting
            .iter()
            .map(|(key, waiting)| Scheduled {
                name: key.name.clone(),
                group: key.group.clone(),
                due: waiting.due,
                function: waiting.function.logical_id().to_owned(),
                input: serde_json::from_slice(&waiting.payload)
                    .unwrap_or_else(|_| Value::from(String::from_utf8_lossy(&waiting.payload).into_owned())),
            })
            .collect();
        all.sort_by_key(|scheduled| scheduled.due);
        all
    }

    /// Fires everything that waits, the soonest first, and says how many that were.
    pub(crate) fn fire_all(self: &Arc<Self>) -> usize {
        let mut keys: Vec<(jiff::Timestamp, Key)> =
            self.waiting.lock().iter().map(|(key, waiting)| (waiting.due, key.clone())).collect();
        keys.sort();
        keys.iter().filter(|(_, key)| self.fire(key)).count()
    }

    /// Fires one schedule; `false` when it does not wait any more.
    fn fire(self: &Arc<Self>, key: &Key) -> bool {
        // Before it stops waiting: there is no moment at which it neither waits nor is under way.
        let work = self.hub.busy.begin();
        let Some(fired) = self.waiting.lock().remove(key) else { return false };
        fired.function.start(fired.payload, None);
        if fired.delete {
            let (hub, key) = (Arc::clone(&self.hub), key.clone());
            self.spawn(async move {
                delete(&hub, &key).await;
                drop(work);
            });
        }
        // Nothing is awaited after this, so a timer may end itself.
        fired.timer.abort();
        true
    }

    fn forget(&self, is_meant: impl Fn(&Key) -> bool) {
        self.waiting.lock().retain(|key, waiting| {
            let stays = !is_meant(key);
            if !stays {
                waiting.timer.abort();
            }
            stays
        });
    }

    /// Nothing fires any more.
    pub(crate) fn stop(&self) {
        self.waiting.lock().clear();
        self.tasks.lock().abort_all();
    }

    fn spawn(&self, task: impl Future<Output = ()> + Send + 'static) -> AbortHandle {
        let mut tasks = self.tasks.lock();
        while tasks.try_join_next().is_some() {}
        tasks.spawn(task)
    }
}

/// `at(2026-11-23T09:30:00)`, in UTC.
fn due(expression: &str, zone: Option<&str>) -> Result<jiff::Timestamp, String> {
    let time = expression.strip_prefix("at(").and_then(|rest| rest.strip_suffix(')'));
    let time = time.ok_or_else(|| "the sandbox plays one-time schedules only".to_owned())?;
    let time: DateTime = time.parse().map_err(|error: jiff::Error| error.to_string())?;
    if zone.is_some_and(|zone| zone != "UTC") {
        return Err("the sandbox plays times in UTC only".to_owned());
    }
    TimeZone::UTC.to_timestamp(time).map_err(|error| error.to_string())
}

/// What a schedule without an input sends (EventBridge user guide, "Scheduled Event").
pub(crate) fn event(source: &str, resource: &str, account: &str, region: &str) -> Value {
    json!({
        "version": "0",
        "id": uuid::Uuid::new_v4().to_string(),
        "detail-type": "Scheduled Event",
        "source": source,
        "account": account,
        "time": seconds(jiff::Timestamp::now()),
        "region": region,
        "resources": [resource],
        "detail": {},
    })
}

async fn delete(hub: &Hub, key: &Key) {
    let own = Own { service: "scheduler", region: &key.region, account: &key.account };
    let path = format!("/schedules/{}?groupName={}", key.name, key.group);
    match hub.moto.rest(own, "DELETE", &path, &Value::Null).await {
        // Somebody else may have deleted it, or its group.
        Ok(answer) if answer.status.is_success() || answer.status == http::StatusCode::NOT_FOUND => {}
        Ok(answer) => tracing::warn!(key.name, status = %answer.status, "a schedule that fired was not deleted"),
        Err(error) => tracing::warn!(key.name, %error, "a schedule that fired was not deleted"),
    }
}

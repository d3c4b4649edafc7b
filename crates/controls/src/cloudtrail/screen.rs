//! Which resources an event is about, and whether what it asks for already looks like a breach.

use rectify_event::{Detail, Event, Params, Record};

use super::{StoreId, Target, TrailId, TrailName, book, events, ids};
use crate::{
    AccountId, Ignored, Region, Screen,
    screen::{self, account, bounded},
};

type Screened = Result<Screen<Target>, Ignored>;

/// See [`crate::Kind::screen`].
pub(super) fn screen(event: &Event<'_>) -> Screen<Target> {
    let screened = match &event.detail {
        Detail::ApiCall(record) => api_call(event, record),
        Detail::ConfigItem(item) => screen::config_item(item).and_then(|item| of_config(event, item.kind, item.name())),
        Detail::ConfigCompliance(change) => {
            screen::config_compliance(change).and_then(|item| of_config(event, item.kind, item.name()))
        }
        // GuardDuty user guide, "GuardDuty IAM finding types": it names who did it, not the trail.
        Detail::GuardDuty(found) if found.kind.as_deref() == Some("Stealth:IAMUser/CloudTrailLoggingDisabled") => {
            account(event).and_then(|account| look(vec![Target::Account(account)], |_| true, false))
        }
        Detail::SecurityHub(found) => screen::security_hub(found, &["AwsCloudTrailTrail"]).and_then(|ids| {
            let account = account(event)?;
            let targets = ids.into_iter().map(|id| ids::target(bounded(id)?, &account)).collect::<Result<_, _>>()?;
            look(targets, |_| true, false)
        }),
        _ => Err(Ignored::NotOurs),
    };
    screened.unwrap_or_else(Screen::Ignore)
}

fn api_call(event: &Event<'_>, record: &Record<'_>) -> Screened {
    let trigger = screen::api_call(record, events::EVENTS)?;
    let account = account(event)?;
    let request = record.request();
    if trigger.id.is_empty() {
        return look(vec![Target::Account(account)], |control| trigger.controls.contains(&control), false);
    }
    if record.event_name == "PutInsightSelectors"
        && request.str(trigger.id).is_none()
        && request.str(events::STORE).is_some()
    {
        return Err(Ignored::NotApplicable("Insights of an event data store".to_owned()));
    }
    // What stands from the start is what is kept.
    if trigger.id == events::NEW_STORE {
        let answer = record.response();
        let nothing = || Ignored::NoResource("the answer names no event data store".to_owned());
        let arn = bounded(answer.str("eventDataStoreArn").ok_or_else(nothing)?)?;
        return look(vec![store(arn, event, &account)?], |control| trigger.controls.contains(&control), false);
    }
    let text = screen::named(&request, trigger.id)?;
    let target =
        if trigger.id == events::STORE { store(text, event, &account)? } else { trail(text, event, &account)? };
    let mut targets = vec![target];
    if trigger.controls.iter().any(|control| book::is_about_accounts(control)) {
        targets.push(Target::Account(account));
    }
    look(targets, |control| trigger.controls.contains(&control), suspicious(&record.event_name, &request))
}

/// A trail by name or ARN. A name only works in the trail's home region (CloudTrail API reference, `InvalidHomeRegionException`),
/// so that is where a call with one came from.
pub(super) fn trail(text: &str, event: &Event<'_>, account: &AccountId) -> Result<Target, Ignored> {
    if text.starts_with("arn:") {
        return match ids::target(text, account)? {
            target @ Target::Trail(_) => Ok(target),
            _ => Err(Ignored::NoResource("the ARN is not a trail's".to_owned())),
        };
    }
    let name = TrailName::new(text).map_err(Ignored::NoResource)?;
    Ok(Target::Trail(TrailId { region: region(event)?, name }))
}

/// An event data store by ARN, or by the last part of it.
pub(super) fn store(text: &str, event: &Event<'_>, account: &AccountId) -> Result<Target, Ignored> {
    if text.starts_with("arn:") {
        return match ids::target(text, account)? {
            target @ Target::Store(_) => Ok(target),
            _ => Err(Ignored::NoResource("the ARN is not an event data store's".to_owned())),
        };
    }
    StoreId::new(region(event)?, text).map(Target::Store).map_err(Ignored::NoResource)
}

fn region(event: &Event<'_>) -> Result<Region, Ignored> {
    let text = event.envelope.region.as_deref().unwrap_or_default();
    Region::new(text).map_err(|error| Ignored::Elsewhere(error.to_string()))
}

fn of_config(event: &Event<'_>, kind: Option<&str>, name: Result<&str, Ignored>) -> Screened {
    if kind != Some("AWS::CloudTrail::Trail") {
        return Err(Ignored::NotOurs);
    }
    look(vec![trail(bounded(name?)?, event, &account(event)?)?], |_| true, false)
}

fn look(targets: Vec<Target>, wanted: impl Fn(&str) -> bool, suspicious: bool) -> Screened {
    let selection = book::about(&targets, wanted);
    if selection.is_empty() {
        Err(Ignored::NotApplicable("no control is about the resource".to_owned()))
    } else {
        Ok(Screen::Look { targets, selection, suspicious })
    }
}

/// Whether the request itself takes something away. A guess: it only makes the guard look once more.
fn suspicious(name: &str, request: &Params) -> bool {
    let is = |path: &str, value: bool| request.get(path).and_then(serde_json::Value::as_bool) == Some(value);
    match name {
        "StopLogging" | "DeleteTrail" | "StopEventDataStoreIngestion" | "DeleteEventDataStore" => true,
        "UpdateTrail" => {
            is("isMultiRegionTrail", false)
                || is("includeGlobalServiceEvents", false)
                || is("enableLogFileValidation", false)
                || request.str("kmsKeyId") == Some("")
        }
        "UpdateEventDataStore" => is("terminationProtectionEnabled", false) || is("multiRegionEnabled", false),
        "PutEventSelectors" => request.list("eventSelectors").iter().any(|selector| {
            selector.get("includeManagementEvents").and_then(serde_json::Value::as_bool) == Some(false)
                || selector.get("readWriteType").and_then(serde_json::Value::as_str).is_some_and(|kind| kind != "All")
        }),
        _ => false,
    }
}

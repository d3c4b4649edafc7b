//! Which resources an event is about, and whether what it asks for already looks like a breach.

mod finding;
mod request;

use rectify_event::{Detail, Event, Params, Record};

use super::{
    AccessPointName, Target, acl,
    asked::{self, bucket_behind},
    book,
    events::EVENTS,
};
use crate::{
    AccountId, BucketName, Ignored, Screen, Selection,
    screen::{self, account, bounded},
};

type Screened = Result<Screen<Target>, Ignored>;

/// See [`crate::Kind::screen`].
pub(super) fn screen(event: &Event<'_>) -> Screen<Target> {
    let screened = match &event.detail {
        Detail::ApiCall(record) => api_call(event, record),
        Detail::ConfigItem(item) => screen::config_item(item).and_then(|item| finding::of_config(event, &item)),
        Detail::ConfigCompliance(change) => {
            screen::config_compliance(change).and_then(|item| finding::of_config(event, &item))
        }
        Detail::GuardDuty(found) => finding::guard_duty(event, found),
        Detail::Macie(found) => finding::macie(found),
        Detail::SecurityHub(found) => finding::security_hub(event, found),
        _ => Err(Ignored::NotOurs),
    };
    screened.unwrap_or_else(Screen::Ignore)
}

fn api_call(event: &Event<'_>, record: &Record<'_>) -> Screened {
    if record.event_source == "s3-outposts.amazonaws.com" {
        return Err(Ignored::NotApplicable("S3 on Outposts".to_owned()));
    }
    let trigger = screen::api_call(record, EVENTS)?;
    let request = record.request();
    let target = target(event, &request, trigger.id)?;
    let suspicious = request::looks_like_a_breach(&record.event_name, &request, &target, event);
    // Buckets are born without ACLs, unless whoever makes one says otherwise.
    let born_plain = trigger.name == "CreateBucket" && !asked::enables_acls(&request);
    let wanted = |control: &str| trigger.controls.contains(&control) && !(born_plain && control == acl::ENABLED.id);
    look(vec![target], wanted, suspicious)
}

/// What the call is about: `path` is where its request has the name, empty for the account.
pub(super) fn target(event: &Event<'_>, request: &Params, path: &str) -> Result<Target, Ignored> {
    let target = match path {
        "" => Target::Account(account(event)?),
        path => {
            let text = screen::named(request, path)?;
            if path == "name" { access_point(text)? } else { bucket(text)? }
        }
    };
    if let (Target::AccessPoint(_), Some(behind)) = (&target, bucket_behind(request)) {
        bucket(behind)?;
    }
    Ok(target)
}

fn look(targets: Vec<Target>, wanted: impl Fn(&str) -> bool, suspicious: bool) -> Screened {
    let mut selection = Selection::new();
    for target in &targets {
        selection.extend(book::about(target, &wanted));
    }
    if targets.is_empty() {
        Err(Ignored::NoResource("no resource is named".to_owned()))
    } else if selection.is_empty() {
        Err(Ignored::NotApplicable("no control is about the resource".to_owned()))
    } else {
        Ok(Screen::Look { targets, selection, suspicious })
    }
}

fn bucket(text: &str) -> Result<Target, Ignored> {
    let text = bounded(text)?;
    if text.starts_with("arn:") && text.contains(":s3-outposts:") {
        return Err(Ignored::NotApplicable("a bucket on Outposts".to_owned()));
    }
    let name = BucketName::new(text).map_err(|error| Ignored::NoResource(error.to_string()))?;
    if name.is_directory_bucket() {
        return Err(Ignored::NotApplicable("a directory bucket has neither ACLs nor Block Public Access".to_owned()));
    }
    Ok(Target::Bucket(name))
}

/// An access point by its name or its ARN.
fn access_point(text: &str) -> Result<Target, Ignored> {
    let text = bounded(text)?;
    if text.starts_with("arn:") && text.contains(":s3-outposts:") {
        return Err(Ignored::NotApplicable("an access point on Outposts".to_owned()));
    }
    let name = match text.strip_prefix("arn:") {
        Some(arn) => arn.split_once(":accesspoint/").map_or(text, |(_, name)| name),
        None => text,
    };
    if name.ends_with("--xa-s3") {
        return Err(Ignored::NotApplicable("an access point of a directory bucket".to_owned()));
    }
    AccessPointName::new(name).map(Target::AccessPoint).map_err(Ignored::NoResource)
}

/// A resource by bucket name or by any ARN of this kind.
pub(super) fn named(text: &str, account: &AccountId) -> Result<Target, Ignored> {
    let Some(arn) = bounded(text)?.strip_prefix("arn:") else { return bucket(text) };
    match arn.splitn(5, ':').collect::<Vec<_>>().as_slice() {
        [_, "s3", "", "", name] => bucket(name),
        [_, "s3", "", owner, super::ACCOUNT_RESOURCE] if *owner == account.as_str() => {
            Ok(Target::Account(account.clone()))
        }
        [_, "s3", _, _, resource] if resource.starts_with("accesspoint/") => access_point(text),
        [_, "s3-outposts", ..] => Err(Ignored::NotApplicable("S3 on Outposts".to_owned())),
        _ => Err(Ignored::NoResource(format!("`{text}` is no ARN of this kind"))),
    }
}

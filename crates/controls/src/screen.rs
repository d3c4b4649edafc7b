//! What every kind makes of an event before it asks which of its own resources the event is about.

use rectify_event::{ConfigCompliance, ConfigItem, Event, Record, SecurityHubFinding};

use crate::{AccountId, Ignored, Trigger, pattern};

/// The trigger of `record`. A call that failed or only read has none: it changed nothing.
pub(crate) fn api_call<'t>(record: &Record<'_>, triggers: &'t [Trigger]) -> Result<&'t Trigger, Ignored> {
    if !triggers.iter().any(|trigger| trigger.source == record.event_source) {
        return Err(Ignored::NotOurs);
    }
    if record.failed() {
        let code = record.error_code.as_deref().unwrap_or("no error code");
        return Err(Ignored::FailedCall(code.to_owned()));
    }
    if record.read_only == Some(true) {
        return Err(Ignored::ReadOnly);
    }
    triggers
        .iter()
        .find(|trigger| trigger.source == record.event_source && pattern::is_named(trigger, &record.event_name))
        .ok_or(Ignored::NotOurs)
}

/// The account whose bus received the event: the only one an event is believed about.
pub(crate) fn account(event: &Event<'_>) -> Result<AccountId, Ignored> {
    let text = event.envelope.account.as_deref().unwrap_or_default();
    AccountId::new(text).map_err(|error| Ignored::Elsewhere(error.to_string()))
}

/// No name and no ARN is longer (ARNs: 2,048 characters). What is goes into no message.
pub(crate) fn bounded(text: &str) -> Result<&str, Ignored> {
    const LONGEST: usize = 2048;
    if text.len() > LONGEST { Err(Ignored::NoResource(format!("a name of {} bytes", text.len()))) } else { Ok(text) }
}

/// The text at `path` of the record's request.
pub(crate) fn named<'a>(request: &'a rectify_event::Params, path: &str) -> Result<&'a str, Ignored> {
    let text = request.str(path).ok_or_else(|| {
        let why = if request.is_readable() { "is missing" } else { "cannot be read" };
        Ignored::NoResource(format!("`requestParameters.{path}` {why}"))
    })?;
    bounded(text)
}

/// A resource as AWS Config knows it: its type, for example `AWS::S3::Bucket`, and how it is called.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) struct Configured<'a> {
    pub(crate) kind: Option<&'a str>,
    id: Option<&'a str>,
    name: Option<&'a str>,
}

impl<'a> Configured<'a> {
    /// Its id, or its name where AWS Config gives no id.
    pub(crate) fn id(&self) -> Result<&'a str, Ignored> {
        self.id.or(self.name).ok_or_else(|| Ignored::NoResource("the item names no resource".to_owned()))
    }

    /// Its name, or its id where AWS Config gives no name.
    pub(crate) fn name(&self) -> Result<&'a str, Ignored> {
        self.name.or(self.id).ok_or_else(|| Ignored::NoResource("the item names no resource".to_owned()))
    }
}

/// What a configuration item is about. One of a resource that is gone is not applicable.
pub(crate) fn config_item<'a>(change: &'a ConfigItem<'_>) -> Result<Configured<'a>, Ignored> {
    let item = change.item().ok_or_else(|| Ignored::NoResource("the event has no configuration item".to_owned()))?;
    if item.status.as_deref().is_some_and(|status| status.starts_with("ResourceDeleted")) {
        return Err(Ignored::NotApplicable("the resource is deleted".to_owned()));
    }
    Ok(Configured {
        kind: item.resource_type.as_deref(),
        id: item.resource_id.as_deref(),
        name: item.resource_name.as_deref(),
    })
}

/// What a change of compliance is about; only one to `NON_COMPLIANT` is anybody's.
pub(crate) fn config_compliance<'a>(change: &'a ConfigCompliance<'_>) -> Result<Configured<'a>, Ignored> {
    if change.new.as_ref().and_then(|new| new.compliance.as_deref()) != Some("NON_COMPLIANT") {
        return Err(Ignored::NotOurs);
    }
    let id = change.resource_id.as_deref();
    Ok(Configured { kind: change.resource_type.as_deref(), id, name: None })
}

/// Ids of the resources of one of these `kinds` that a Security Hub finding names. Findings that the suite imported itself come
/// back too and are left alone, and so are archived ones.
pub(crate) fn security_hub<'a>(finding: &'a SecurityHubFinding<'_>, kinds: &[&str]) -> Result<Vec<&'a str>, Ignored> {
    let own = finding.product_name.as_deref().is_some_and(|name| name.eq_ignore_ascii_case("rectify"))
        || finding.generator_id.as_deref().is_some_and(|id| id.starts_with("rectify/"));
    if own || finding.record_state.as_deref() == Some("ARCHIVED") {
        return Err(Ignored::NotOurs);
    }
    let ids: Vec<&str> = finding
        .resources
        .iter()
        .filter(|resource| resource.kind.as_deref().is_some_and(|kind| kinds.contains(&kind)))
        .filter_map(|resource| resource.id.as_deref())
        .collect();
    if ids.is_empty() { Err(Ignored::NotOurs) } else { Ok(ids) }
}

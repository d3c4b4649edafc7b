//! What a guard would tell about an event, if the resource is what the request looks like.

use rectify_controls::{AccountId, Control, Evidence, Mode, Place, Region, State};
use rectify_event::{Event, Record};
use rectify_render::{Message, Notice, Who};

use crate::kinds::{KINDS, Looked};

/// What guards would look at because of `event`.
///
/// # Errors
/// Why no guard would, in a sentence.
pub(super) fn look(event: &Event<'_>) -> Result<(Looked, Place), String> {
    let place = place(event)?;
    let mut why = None;
    for kind in KINDS {
        match kind.screen(event, &place) {
            Ok(looked) if !looked.targets.is_empty() && !looked.controls.is_empty() => return Ok((looked, place)),
            Ok(_) => {}
            Err(ignored) => why = why.or(Some(ignored)),
        }
    }
    Err(why.unwrap_or_else(|| "it names no resource".to_owned()))
}

fn place(event: &Event<'_>) -> Result<Place, String> {
    let envelope = &event.envelope;
    let account = envelope.account.as_deref().ok_or("the envelope names no account")?;
    let region = envelope.region.as_deref().ok_or("the envelope names no region")?;
    Ok(Place {
        account: AccountId::new(account).map_err(|error| error.to_string())?,
        region: Region::new(region).map_err(|error| error.to_string())?,
    })
}

/// The message, marked as an example wherever it is shown.
pub(super) fn message(event: &Event<'_>, looked: &Looked, from: &Place, control: &'static Control) -> Message {
    let record = event.record();
    let actor = record.map(Record::actor).unwrap_or_default();
    let tool = record.and_then(Record::tool);
    let (tool, class) = (tool.map(|tool| tool.to_string()), tool.map(|tool| tool.class.as_str()));
    let chain: Vec<String> = actor.chain.iter().map(ToString::to_string).collect();
    let name = record.map(|record| record.event_name.as_ref());
    let time = record.and_then(|record| record.event_time.as_deref()).or(event.envelope.time.as_deref());
    let evidence: Vec<Evidence> = name.map(|name| Evidence::new("call", name)).into_iter().collect();
    let (arn, place) = looked
        .targets
        .first()
        .cloned()
        .unwrap_or_else(|| (rectify_controls::Arn::from_parts(String::new()), from.clone()));
    Message::new(&Notice {
        id: "m-example",
        finding: "f-example",
        at: time.unwrap_or_default(),
        closes: false,
        outcome: "notified",
        control,
        severity: control.severity,
        state: &State::Live,
        summary: &format!("example: {}", control.title),
        evidence: &evidence,
        arn: &arn,
        place: &place,
        account_name: None,
        owner: None,
        environment: "example",
        environment_read: None,
        mode: Mode::Detective,
        actor: Who {
            principal: actor.issuer.or(actor.principal),
            session: actor.session,
            source_ip: actor.source_ip,
            user_agent: actor.user_agent,
            tool: tool.as_deref(),
            tool_class: class,
            invoked_by: actor.invoked_by,
            chain: chain.iter().map(String::as_str).collect(),
            event_name: name,
            event_id: record.and_then(|record| record.event_id.as_deref()).or(event.envelope.id.as_deref()),
            event_time: time,
        },
        changes: Vec::new(),
        difference: None,
        proof: None,
        took: None,
        correction: None,
        undone: None,
        why: Some("this is an example made from the event alone; no resource was looked at"),
        next: None,
        paused: None,
        repeats: 0,
        alarm: false,
    })
}

//! Which stack an event is about.

use jiff::Timestamp;
use rectify_event::{Detail, Drift, Event, Record};

use super::{
    CONTROLS, Caller, PhysicalId, StackId, StackName, Target,
    drift::DRIFTED,
    events::{CLOUDFORMATION, EVENTS},
};
use crate::{
    Ignored, Place, Region, Screen, Selection,
    book::all,
    screen::{self, account, bounded},
};

type Screened = Result<Screen<Target>, Ignored>;

/// See [`crate::Kind::screen`].
pub(super) fn screen(event: &Event<'_>) -> Screen<Target> {
    let screened = match &event.detail {
        Detail::ApiCall(record) => api_call(event, record),
        Detail::Drift(drift) => notice(event, drift),
        Detail::ConfigCompliance(change) => screen::config_compliance(change).and_then(|item| {
            if item.kind != Some("AWS::CloudFormation::Stack") {
                return Err(Ignored::NotOurs);
            }
            Ok(look(of_text(item.id()?, event)?, Selection::from([DRIFTED.id]), false))
        }),
        Detail::SecurityHub(finding) => screen::security_hub(finding, &["AwsCloudFormationStack"]).and_then(|ids| {
            let targets = ids.into_iter().map(|id| of_text(id, event)).collect::<Result<Vec<_>, _>>()?;
            Ok(Screen::Look { targets, selection: all(CONTROLS), suspicious: false })
        }),
        _ => Err(Ignored::NotOurs),
    };
    screened.unwrap_or_else(Screen::Ignore)
}

fn look(target: Target, selection: Selection, suspicious: bool) -> Screen<Target> {
    Screen::Look { targets: vec![target], selection, suspicious }
}

/// CloudFormation says that a detection ended, well or not.
fn notice(event: &Event<'_>, drift: &Drift<'_>) -> Screened {
    let status = drift.status_details.as_ref().and_then(|status| status.detection_status.as_deref());
    if status == Some("DETECTION_IN_PROGRESS") {
        return Err(Ignored::NotApplicable("the detection has only begun".to_owned()));
    }
    let id = drift.stack_id.as_deref().ok_or_else(|| Ignored::NoResource("`stack-id` is missing".to_owned()))?;
    let target = match of_text(id, event)? {
        // What is not said to have ended is not taken for whole.
        Target::Stack(stack) if status.is_some() => Target::Checked(stack),
        other => other,
    };
    Ok(look(target, Selection::from([DRIFTED.id]), false))
}

fn api_call(event: &Event<'_>, record: &Record<'_>) -> Screened {
    let trigger = screen::api_call(record, EVENTS)?;
    let selection = trigger.controls.iter().copied().collect();
    let request = record.request();
    if trigger.source == CLOUDFORMATION {
        // The answer has the stack's ARN, which names it for good; the request may have either.
        let response = record.response();
        let answered = response.str("stackId").and_then(|id| of_text(id, event).ok());
        let target = match answered {
            Some(target) => target,
            None => of_text(screen::named(&request, trigger.id)?, event)?,
        };
        let on = request.get("enableTerminationProtection");
        let on = on.is_some_and(|on| on.as_bool() == Some(true) || on.as_str() == Some("true"));
        return Ok(look(target, selection, !on));
    }
    if let Some(service) = not_by_hand(record) {
        return Err(Ignored::NotApplicable(format!("the change was made by {service}")));
    }
    let text = screen::named(&request, trigger.id)?;
    let physical = PhysicalId::new(physical_id(trigger.source, text)).map_err(Ignored::NoResource)?;
    Ok(look(Target::Owner(physical, Box::new(caller(event, record))), selection, false))
}

/// Which service made the call, or had it made; `None` for people and their tools.
///
/// CloudFormation's calls come through a session of whoever deploys, or of the stack's role, and say so (CloudTrail user guide,
/// "CloudTrail userIdentity element", `invokedBy`). So do those that rectify's roles make: drift by a correction is found by the
/// next detection like any other.
fn not_by_hand<'r>(record: &'r Record<'_>) -> Option<&'r str> {
    let actor = record.actor();
    let service = |text: Option<&'r str>| text.filter(|text| text.ends_with(".amazonaws.com"));
    let called_by = service(actor.invoked_by)
        .or_else(|| service(actor.source_ip))
        .or_else(|| (actor.kind == Some("AWSService")).then(|| actor.principal.unwrap_or("an AWS service")));
    let role = |path: &str| actor.issuer.filter(|issuer| issuer.contains(path));
    called_by.or_else(|| role(":role/aws-service-role/")).or_else(|| role(":role/rectify/"))
}

/// CloudFormation's name of the resource, where the call takes others too: an ARN of a function, key or log group ends in it.
fn physical_id<'a>(source: &str, text: &'a str) -> &'a str {
    let after = |marker: &str| text.split_once(marker).map(|(_, rest)| rest);
    match source {
        // `arn:aws:lambda:…:function:name`, perhaps with a version behind it; or `account:function:name`.
        "lambda.amazonaws.com" => after("function:").unwrap_or(text).split(':').next().unwrap_or(text),
        "kms.amazonaws.com" => after(":key/").unwrap_or(text),
        "dynamodb.amazonaws.com" => after(":table/").unwrap_or(text),
        "s3.amazonaws.com" => after(":::").unwrap_or(text),
        _ => text,
    }
}

fn caller(event: &Event<'_>, record: &Record<'_>) -> Caller {
    let actor = record.actor();
    let cut = |text: &str| text.chars().filter(|c| !c.is_control()).take(LONGEST).collect::<String>();
    let who = cut(actor.name.unwrap_or("somebody unknown"));
    let role = actor.issuer.and_then(|issuer| issuer.rsplit('/').next()).map(cut);
    let time = record.event_time.as_deref().or(event.envelope.time.as_deref());
    Caller {
        name: match role.filter(|role| *role != who) {
            Some(role) => format!("{who} as {role}"),
            None => who,
        },
        principal: cut(actor.issuer.or(actor.principal).unwrap_or_default()),
        event: cut(&record.event_name),
        at: time.and_then(|time| time.parse::<Timestamp>().ok()),
    }
}

/// Letters of a name that are kept: sessions have 64 at most, and an ARN of a role with its path about 600.
const LONGEST: usize = 640;

/// The stack that `text`, an ARN or a name, stands for. An ARN of another account or region than the envelope's is nobody's.
pub(super) fn of_text(text: &str, event: &Event<'_>) -> Result<Target, Ignored> {
    let text = bounded(text)?;
    if !text.starts_with("arn:") {
        return StackName::new(text).map(Target::Named).map_err(Ignored::NoResource);
    }
    let region = event.envelope.region.as_deref().unwrap_or_default();
    let region = Region::new(region).map_err(|error| Ignored::Elsewhere(error.to_string()))?;
    let place = Place { account: account(event)?, region };
    if let Some(stack) = StackId::of_arn(text, &place) {
        return Ok(Target::Stack(stack));
    }
    let name = text.split_once(":stack/").and_then(|(_, name)| StackName::new(name).ok());
    let short = name.filter(|name| short_arn(name, &place) == text);
    short
        .map(Target::Named)
        .ok_or_else(|| Ignored::NoResource("the ARN is of no stack of this account and region".to_owned()))
}

/// An ARN without the unique part, as the documentation's example of a notice has it.
pub(super) fn short_arn(name: &StackName, place: &Place) -> String {
    let Place { account, region } = place;
    format!("arn:{}:cloudformation:{region}:{account}:stack/{}", region.partition(), name.as_str())
}

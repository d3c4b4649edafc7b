//! What an event is to one kind, and who made it.

use rectify_controls::{Place, ROLE_PATH, pattern::is_named};
use rectify_event::Event;

use crate::{
    kinds::{Entry, Target, Watch},
    lead::What,
};

pub(super) type Found = (Option<Target>, u64, What);

/// What `event` is to one kind.
pub(super) fn leads(
    watch: &dyn Watch,
    kind: &Entry,
    event: &Event<'_>,
    place: &Place,
    woken: bool,
    (text, envelope): (&str, bool),
) -> Vec<Found> {
    // What an ignored event could have broken: the controls of its trigger.
    let of_trigger = || {
        let name = event.record().map_or("", |record| &record.event_name);
        let controls =
            kind.triggers.iter().filter(|trigger| is_named(trigger, name)).flat_map(|trigger| trigger.controls);
        kind.bits(&controls.copied().collect())
    };
    let told = || What::Told { text: text.to_owned(), envelope };
    if !woken {
        let known = watch.hinted(event, place).into_iter().filter(|target| target.told && !target.leads);
        return known.map(|target| (Some(target), 0, told())).collect();
    }
    match watch.screen(event, place) {
        Err(why) => {
            let controls = of_trigger();
            if controls == 0 { Vec::new() } else { vec![(None, controls, What::Ignored(reason(&why)))] }
        }
        Ok(look) => {
            // Of what leads on it is not known what it leads to: whatever is about none of the others.
            let about = look.targets.iter().filter(|target| target.told).fold(0, |all, target| all | target.about);
            let several = look.targets.len() > 1;
            let asked = |target: &Target| match target.told || !several {
                true => look.selection & target.about,
                false => look.selection & !about,
            };
            let with = |target: Target| {
                let what = if is_of_another(event, &target, place) {
                    What::Ignored("the resource belongs to another account, whose own record counts".to_owned())
                } else if target.leads {
                    What::Live("only the live state says which resources it leads to".to_owned())
                } else if target.told {
                    told()
                } else {
                    What::Live("no log says how the resource stands".to_owned())
                };
                let asked = asked(&target);
                (Some(target), asked, what)
            };
            look.targets.into_iter().map(with).collect()
        }
    }
}

/// Whether the record says that the resource is another account's. CloudTrail gives both the record of such a call (CloudTrail user guide,
/// "CloudTrail record contents", `sharedEventID`).
fn is_of_another(event: &Event<'_>, target: &Target, place: &Place) -> bool {
    let resources = event.record().map(|record| record.resources.as_slice()).unwrap_or_default();
    let named = resources.iter().filter(|resource| resource.arn.as_deref() == Some(target.arn.as_str()));
    let mut owners = named.filter_map(|resource| resource.account_id.as_deref());
    owners.next().is_some_and(|owner| owner != place.account.as_str())
        && owners.all(|owner| owner != place.account.as_str())
}

const NO_RESOURCE: &str = "the event names no resource";

/// What is made of an event whose request was lost on the way: a guard would have had it.
pub(super) fn in_doubt(what: What) -> What {
    match what {
        What::Ignored(why) if why == NO_RESOURCE => What::Live("the request cannot be read in this export".to_owned()),
        what => what,
    }
}

/// Why, without what is different each time: reasons are counted.
fn reason(why: &rectify_controls::Ignored) -> String {
    use rectify_controls::Ignored;
    match why {
        Ignored::FailedCall(_) => "the call failed, so nothing changed".to_owned(),
        Ignored::NoResource(_) => NO_RESOURCE.to_owned(),
        other => other.to_string(),
    }
}

/// Who did it, in words that can be kept.
pub(super) struct Who {
    pub(super) event: String,
    pub(super) id: Option<String>,
    pub(super) by: String,
    pub(super) actor: String,
    pub(super) tool: Option<String>,
    pub(super) own: bool,
    /// It makes what it is about.
    pub(super) makes: bool,
}

/// Names are other people's to choose, also how long they are.
const LONGEST: usize = 300;

impl Who {
    pub(super) fn of(event: &Event<'_>) -> Self {
        let cut = |text: &str| text.chars().take(LONGEST).collect::<String>();
        let Some(record) = event.record() else {
            let envelope = &event.envelope;
            let event = cut(&format!("{}:{}", envelope.source, envelope.detail_type));
            let id = envelope.id.as_deref().map(cut);
            return Self {
                event,
                id,
                by: cut(&envelope.source),
                actor: cut(&envelope.source),
                tool: None,
                own: false,
                makes: false,
            };
        };
        let actor = record.actor();
        let service = record.event_source.split('.').next().unwrap_or_default();
        Self {
            event: cut(&format!("{service}:{}", record.event_name)),
            id: record.event_id.as_deref().map(cut),
            by: cut(&actor.to_string()),
            actor: cut(actor
                .issuer
                .or(actor.principal)
                .or(actor.invoked_by)
                .or(actor.name)
                .unwrap_or("somebody unknown")),
            makes: ["Create", "Import", "Copy"].iter().any(|verb| record.event_name.starts_with(verb)),
            tool: record.tool().map(|tool| tool.name.to_owned()),
            own: record
                .issuer_arn()
                .and_then(|arn| arn.split_once(":role/"))
                .is_some_and(|(_, path)| path.starts_with(ROLE_PATH)),
        }
    }
}

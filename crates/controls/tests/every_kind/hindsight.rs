//! What a replay of logs asks of every kind.

use std::fmt::Write;

use rectify_controls::{AccountId, Finding, Kind, Place, Region, Screen, Selection, State, Trust, every_kind};
use rectify_event::Event;
use serde_json::Value;

use super::{Book, events, pointers};

/// A kind without its types.
struct Past {
    book: Book,
    wide: &'static [(&'static str, &'static str)],
    hints: &'static [(&'static str, &'static str)],
    /// What each control says of each resource that the event is about, when nothing but the event is known.
    tells: fn(&Event<'_>) -> Vec<Told>,
    /// What it says of a resource of which nothing is known.
    unseen: fn(&Event<'_>) -> Vec<Told>,
    /// Whether the facts that `first` leads to stay as they are after `second`.
    keeps: fn(&Event<'_>, &Event<'_>) -> bool,
    /// Whether `event` says the same when it is delivered twice.
    repeats: fn(&Event<'_>) -> bool,
    hinted: fn(&Event<'_>) -> usize,
}

/// What is said of one resource.
#[derive(Debug, PartialEq)]
struct Told {
    id: String,
    /// `None` when only the live state says which resource is meant.
    says: Option<Vec<(&'static str, String)>>,
}

fn place(event: &Event<'_>) -> Option<Place> {
    Some(Place {
        account: AccountId::new(event.envelope.account.as_deref()?).ok()?,
        region: Region::new(event.envelope.region.as_deref()?).ok()?,
    })
}

fn state<C>(findings: &[Finding<C>], control: &str) -> String {
    findings.iter().find(|finding| finding.control.id == control).map_or_else(
        || "nothing".to_owned(),
        |finding| match &finding.state {
            State::Unverifiable => "needs the live state".to_owned(),
            State::Neutralised { by } => format!("neutralised by {by}"),
            state => format!("{state:?}").to_lowercase(),
        },
    )
}

/// The resources an event is about, and the controls it can have broken, or all where it breaks none.
fn about<K: Kind>(event: &Event<'_>) -> (Vec<K::Id>, Selection) {
    match K::screen(event) {
        Screen::Look { targets, selection, .. } => (targets, selection),
        Screen::Ignore(_) => (K::hinted(event), K::CONTROLS.iter().map(|control| control.id).collect()),
    }
}

fn told<K: Kind>(event: &Event<'_>, learn: bool) -> Vec<Told> {
    let Some(place) = place(event) else { return Vec::new() };
    let rules = K::rules(&Trust::default(), &|_, _| None).unwrap();
    let (targets, selection) = about::<K>(event);
    let tell = |id: &K::Id| {
        let says = K::unseen(id, &place).map(|mut facts| {
            if learn {
                K::learn(&mut facts, event);
            }
            let findings = K::judge(&facts, &rules, &selection);
            let text = serde_json::to_string(&facts).unwrap();
            assert_eq!(serde_json::from_str::<K::Facts>(&text).unwrap(), facts, "kept and read again");
            selection.iter().map(|control| (*control, state(&findings, control))).collect()
        });
        Told { id: id.to_string(), says }
    };
    targets.iter().map(tell).collect()
}

fn keeps<K: Kind>(first: &Event<'_>, second: &Event<'_>) -> bool {
    let Some(place) = place(first) else { return true };
    about::<K>(first).0.iter().filter_map(|id| K::unseen(id, &place)).all(|mut facts| {
        K::learn(&mut facts, first);
        let before = facts.clone();
        K::learn(&mut facts, second);
        facts == before
    })
}

fn repeats<K: Kind>(event: &Event<'_>) -> bool {
    let Some(place) = place(event) else { return true };
    let rules = K::rules(&Trust::default(), &|_, _| None).unwrap();
    let all: Selection = K::CONTROLS.iter().map(|control| control.id).collect();
    about::<K>(event).0.iter().filter_map(|id| K::unseen(id, &place)).all(|mut facts| {
        let mut says = || {
            K::learn(&mut facts, event);
            let findings = K::judge(&facts, &rules, &all);
            all.iter().map(|control| state(&findings, control)).collect::<Vec<_>>()
        };
        says() == says()
    })
}

impl Past {
    const fn of<K: Kind>() -> Self {
        Self {
            book: Book::of::<K>(),
            hints: K::HINTS,
            wide: K::WIDE,
            tells: |event| told::<K>(event, true),
            unseen: |event| told::<K>(event, false),
            keeps: keeps::<K>,
            repeats: repeats::<K>,
            hinted: |event| K::hinted(event).len(),
        }
    }

    fn examples(&self) -> Vec<(String, Value)> {
        events(&self.book)
    }

    fn tell(&self, event: &Value) -> Option<Vec<Told>> {
        let text = event.to_string();
        Event::parse(&text).ok().map(|event| (self.tells)(&event))
    }
}

const PASTS: &[Past] = every_kind!(Past);

/// A kind that no log tells anything of.
fn is_blind(past: &Past) -> bool {
    past.hints.is_empty()
        && past
            .examples()
            .iter()
            .all(|(_, event)| past.tell(event).into_iter().flatten().all(|told| told.says.is_none()))
}

#[test]
fn a_call_that_concerns_a_whole_account_is_read() {
    let mut any = 0;
    for past in PASTS {
        for call in past.wide {
            any += 1;
            let is_trigger = past.book.triggers.iter().any(|trigger| (trigger.source, trigger.name) == *call);
            assert!(is_trigger || past.hints.contains(call), "{}: {} is not read at all", past.book.name, call.1);
        }
    }
    assert!(any > 0);
}

#[test]
fn a_hint_wakes_nobody_and_names_a_resource() {
    for past in PASTS {
        for (source, name) in past.hints {
            let is_trigger =
                past.book.triggers.iter().any(|trigger| trigger.source == *source && trigger.name == *name);
            assert!(!is_trigger, "{}: {name} is a trigger", past.book.name);
            assert_eq!(past.hints.iter().filter(|hint| *hint == &(*source, *name)).count(), 1, "{name} stands twice");
            for (_, mut event) in past.examples() {
                let Some(detail) = event.pointer_mut("/detail").and_then(Value::as_object_mut) else { continue };
                detail.insert("eventSource".into(), (*source).into());
                detail.insert("eventName".into(), (*name).into());
                detail.insert("errorCode".into(), "AccessDenied".into());
                let text = event.to_string();
                let Ok(event) = Event::parse(&text) else { continue };
                assert_eq!((past.hinted)(&event), 0, "{name} failed and is still a hint");
            }
        }
    }
}

/// Whoever knows nothing says so: nothing is broken, and nothing is in order.
#[test]
fn nothing_is_known_of_what_nobody_saw() {
    for past in PASTS {
        for (name, event) in past.examples() {
            let text = event.to_string();
            let event = Event::parse(&text).unwrap();
            if (past.book.screen)(&event).is_err() {
                continue;
            }
            // A control is about some of the resources only.
            let all = (past.unseen)(&event);
            let says: Vec<(&str, String)> = all.iter().filter_map(|told| told.says.clone()).flatten().collect();
            for (control, state) in &says {
                let needs = |state: &str| state == "needs the live state";
                let elsewhere = says.iter().any(|(other, state)| other == control && needs(state))
                    || all.iter().any(|told| told.says.is_none());
                assert!(
                    needs(state) || (elsewhere && state == "nothing"),
                    "{}: {name}: {control}: {state}",
                    past.book.name
                );
            }
        }
    }
}

/// What each example tells by itself. A trigger's example is a breach of its controls: of those that a log can decide one is live, and
/// where only the live state decides, that is said.
#[test]
fn what_each_example_tells() {
    let mut text = String::new();
    for past in PASTS.iter().filter(|past| !is_blind(past)) {
        writeln!(text, "# {}", past.book.name).unwrap();
        for (name, event) in past.examples() {
            let all = past.tell(&event).unwrap();
            if all.is_empty() {
                continue;
            }
            writeln!(text, "{name}").unwrap();
            for Told { id, says } in &all {
                match says {
                    None => writeln!(text, "  {id}: only the live state says which").unwrap(),
                    Some(says) => {
                        writeln!(text, "  {id}").unwrap();
                        for (control, state) in says {
                            writeln!(text, "    {control}: {state}").unwrap();
                        }
                    }
                }
            }
            if past.book.triggers.iter().any(|trigger| trigger.example == name) {
                let silent = |told: &Told| told.says.iter().flatten().all(|(_, state)| state == "nothing");
                let blind = |told: &Told| told.says.is_none();
                assert!(
                    all.iter().all(|told| blind(told) || !silent(told)) || WELL.contains(&name.as_str()),
                    "{}: {name} says nothing: {all:?}",
                    past.book.name
                );
            }
        }
    }
    insta::assert_snapshot!(text);
}

/// Triggers whose example is of a thing that begins or ends well.
const WELL: &[&str] = &[
    "create-security-group",
    "start-logging",
    "start-event-data-store-ingestion",
    "create-event-data-store",
    "restore-event-data-store",
    "copy-distribution",
];

/// A call that failed, or only read, says nothing.
#[test]
fn a_failed_call_tells_nothing() {
    for past in PASTS {
        for (name, event) in past.examples() {
            let first = event.to_string();
            let first = Event::parse(&first).unwrap();
            for (field, value) in [("errorCode", Value::from("AccessDenied")), ("readOnly", Value::from(true))] {
                let mut failed = event.clone();
                let Some(detail) = failed.pointer_mut("/detail").and_then(Value::as_object_mut) else { continue };
                if !detail.contains_key("eventName") {
                    continue;
                }
                detail.insert(field.into(), value);
                let failed = failed.to_string();
                let failed = Event::parse(&failed).unwrap();
                assert!((past.keeps)(&first, &failed), "{}: {name} with {field}", past.book.name);
            }
        }
    }
}

/// The same call twice says nothing new.
#[test]
fn a_call_that_is_delivered_twice_tells_nothing_more() {
    for past in PASTS {
        for (name, event) in past.examples() {
            let text = event.to_string();
            let event = Event::parse(&text).unwrap();
            assert!((past.repeats)(&event), "{}: {name}", past.book.name);
        }
    }
}

/// Whatever is missing, empty, of another sort or very long in any event, also in one that is a hint: nobody panics.
#[test]
fn any_field_of_what_is_learned_may_be_odd() {
    let odd =
        [Value::Null, Value::from(""), Value::from(7), Value::from(vec![Value::Null]), Value::from("x".repeat(300))];
    for past in PASTS {
        for (at, (_, whole)) in past.examples().into_iter().enumerate() {
            let original = whole.to_string();
            let original = Event::parse(&original).unwrap();
            let mut forms = vec![whole.clone()];
            for (_, (source, name)) in past.hints.iter().enumerate().filter(|(hint, _)| hint % 8 == at % 8) {
                let mut hint = whole.clone();
                if let Some(detail) = hint.pointer_mut("/detail").and_then(Value::as_object_mut) {
                    detail.insert("eventSource".into(), (*source).into());
                    detail.insert("eventName".into(), (*name).into());
                    forms.push(hint);
                }
            }
            for form in forms {
                for pointer in pointers(&form, "") {
                    if !pointer.starts_with("/detail/requestParameters")
                        && !pointer.starts_with("/detail/responseElements")
                    {
                        continue;
                    }
                    for value in &odd {
                        let mut with = form.clone();
                        *with.pointer_mut(&pointer).unwrap() = value.clone();
                        past.tell(&with);
                        let text = with.to_string();
                        if let Ok(event) = Event::parse(&text) {
                            (past.keeps)(&original, &event);
                        }
                    }
                }
            }
        }
    }
}

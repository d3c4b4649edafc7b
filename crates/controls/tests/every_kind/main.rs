//! What holds for the book of every kind, whatever it is about. A kind's own tests say only what is its own.

#![expect(clippy::unwrap_used, clippy::panic, reason = "helpers of tests")]

mod hindsight;

use std::{
    cell::RefCell,
    collections::{BTreeMap, BTreeSet},
    path::PathBuf,
};

use rectify_controls::{Access, Action, Control, Ignored, Kind, Notice, Screen, Trigger, Trust, every_kind};
use rectify_event::Event;
use serde_json::Value;

type Lookup<'a> = &'a dyn Fn(&str, &str) -> Option<toml::Value>;

/// A kind without its types.
struct Book {
    name: &'static str,
    controls: &'static [Control],
    triggers: &'static [Trigger],
    notices: &'static [Notice],
    access: &'static [Access],
    /// The rules as text; they have no equality of their own.
    rules: fn(Lookup<'_>) -> Result<String, String>,
    /// How many resources an event is about, or why it is about none.
    screen: fn(&Event<'_>) -> Result<usize, Ignored>,
}

impl Book {
    const fn of<K: Kind>() -> Self {
        Self {
            name: K::KIND,
            controls: K::CONTROLS,
            triggers: K::EVENTS,
            notices: K::NOTICES,
            access: K::ACCESS,
            rules: |lookup| K::rules(&Trust::default(), lookup).map(|rules| format!("{rules:?}")),
            screen: |event| match K::screen(event) {
                Screen::Look { targets, selection, .. } => {
                    assert!(!targets.is_empty() && !selection.is_empty(), "a look at nothing");
                    Ok(targets.len())
                }
                Screen::Ignore(why) => Err(why),
            },
        }
    }

    fn events(&self) -> PathBuf {
        PathBuf::from(env!("CARGO_MANIFEST_DIR")).join("../../events").join(self.name)
    }

    fn example(&self, name: &str) -> Value {
        let path = self.events().join(format!("{name}.json"));
        let text = std::fs::read_to_string(&path).unwrap_or_else(|error| panic!("{}: {error}", path.display()));
        serde_json::from_str(&text).unwrap()
    }

    fn screen(&self, event: &Value) -> Option<Result<usize, Ignored>> {
        let text = event.to_string();
        Event::parse(&text).ok().map(|event| (self.screen)(&event))
    }
}

const BOOKS: &[Book] = every_kind!(Book);

#[test]
fn ids_are_for_ever_and_nobody_elses() {
    let mut seen = BTreeSet::new();
    for control in BOOKS.iter().flat_map(|book| book.controls) {
        assert!(Control::page_of(control.id).is_some(), "{} is no id", control.id);
        assert!(seen.insert(control.id), "{} stands twice", control.id);
    }
    let names: BTreeSet<&str> = BOOKS.iter().map(|book| book.name).collect();
    assert_eq!(names.len(), BOOKS.len());
}

#[test]
fn every_control_says_what_a_person_needs() {
    for Control { id, title, action, breach, correction, disruption, guidance, frameworks, .. } in
        BOOKS.iter().flat_map(|book| book.controls)
    {
        assert!(!title.is_empty() && !title.ends_with('.'), "{id}");
        assert_eq!(correction.is_empty(), *action == Action::Notify, "{id}: {correction}");
        for text in [breach, disruption, &guidance.why] {
            assert!(text.len() > 4 && text.ends_with('.'), "{id}: {text}");
        }
        assert!(guidance.why.len() > 40, "{id}");
        assert!(guidance.console.starts_with("1. ") && guidance.console.ends_with(".\n"), "{id}: {}", guidance.console);
        assert!(guidance.cli.contains("aws "), "{id}");
        assert!(guidance.terraform.contains('{'), "{id}");
        assert!(guidance.cloudformation.contains("Type: AWS::"), "{id}");
        assert!(guidance.cdk.contains(';'), "{id}");
        for framework in *frameworks {
            let ids: Vec<&str> = framework.ids.split(", ").collect();
            let unique: BTreeSet<&&str> = ids.iter().collect();
            assert_eq!(unique.len(), ids.len(), "{id}, {}: an id twice", framework.name);
            assert!(ids.iter().all(|one| !one.trim().is_empty()), "{id}, {}", framework.name);
        }
    }
}

/// What the pages say of an option is what a guard does without it.
#[test]
fn every_option_has_the_default_that_it_says() {
    for book in BOOKS {
        let mut defaults: BTreeMap<(String, String), toml::Value> = BTreeMap::new();
        for control in book.controls {
            for option in control.options {
                let table: toml::Table = toml::from_str(&format!("value = {}", option.default))
                    .unwrap_or_else(|error| panic!("{} {}: {error}", control.id, option.name));
                let value = table.get("value").unwrap().clone();
                defaults.insert((control.id.to_owned(), option.name.to_owned()), value);
                assert!(option.doc.ends_with('.'), "{} {}", control.id, option.name);
            }
        }
        let asked = RefCell::new(BTreeSet::new());
        let said = (book.rules)(&|control, option| {
            let key = (control.to_owned(), option.to_owned());
            asked.borrow_mut().insert(key.clone());
            defaults.get(&key).cloned()
        });
        assert_eq!(said, (book.rules)(&|_, _| None), "{}", book.name);
        let known: BTreeSet<_> = defaults.keys().cloned().collect();
        assert_eq!(*asked.borrow(), known, "{}: every option is read, and nothing else is", book.name);
    }
}

/// An option of a sort that it cannot be is refused by its name, never ignored.
#[test]
fn an_option_of_another_sort_is_refused() {
    for book in BOOKS {
        for control in book.controls {
            for option in control.options {
                let odd = toml::Value::Datetime("2026-11-30".parse().unwrap());
                let lookup = |c: &str, o: &str| (c == control.id && o == option.name).then(|| odd.clone());
                let error = (book.rules)(&lookup).unwrap_err();
                assert!(error.contains(option.name) && error.contains(control.id), "{error}");
            }
        }
    }
}

#[test]
fn no_role_is_given_everything() {
    for book in BOOKS {
        for access in book.access {
            assert!(!access.action.contains('*') && access.action.contains(':'), "{access:?}");
            assert!(access.resource == "*" || access.resource.starts_with("arn:${AWS::Partition}:"), "{access:?}");
        }
    }
}

/// Every event under `events/<kind>/`, by name, in order.
fn events(book: &Book) -> Vec<(String, Value)> {
    let files = std::fs::read_dir(book.events()).unwrap().map(|file| file.unwrap().path());
    let mut events: Vec<(String, Value)> = files
        .map(|path| {
            let name = path.file_stem().unwrap().to_string_lossy().into_owned();
            (name, serde_json::from_str(&std::fs::read_to_string(&path).unwrap()).unwrap())
        })
        .collect();
    events.sort_by(|one, other| one.0.cmp(&other.0));
    events
}

/// Every trigger's example makes the guard look, and the same call refused does not.
#[test]
fn examples_wake_and_failed_calls_do_not() {
    for book in BOOKS {
        for trigger in book.triggers {
            let mut event = book.example(trigger.example);
            let at = format!("{}: {}", book.name, trigger.example);
            assert!(matches!(book.screen(&event), Some(Ok(_))), "{at}: {:?}", book.screen(&event));
            event
                .pointer_mut("/detail")
                .unwrap()
                .as_object_mut()
                .unwrap()
                .insert("errorCode".into(), "AccessDenied".into());
            assert!(
                matches!(book.screen(&event), Some(Err(Ignored::FailedCall(_)))),
                "{at}: {:?}",
                book.screen(&event)
            );
        }
        for notice in book.notices {
            let event = book.example(notice.example);
            assert!(matches!(book.screen(&event), Some(Ok(_))), "{}: {}", book.name, notice.example);
        }
    }
}

/// Whatever is missing, empty, of another sort or very long in any event, nobody panics.
#[test]
fn any_field_of_any_event_may_be_odd() {
    let odd =
        [Value::Null, Value::from(""), Value::from(7), Value::from(vec![Value::Null]), Value::from("x".repeat(5_000))];
    for book in BOOKS {
        for file in std::fs::read_dir(book.events()).unwrap() {
            let path = file.unwrap().path();
            let whole: Value = serde_json::from_str(&std::fs::read_to_string(&path).unwrap()).unwrap();
            for pointer in pointers(&whole, "") {
                let (parent, name) = pointer.rsplit_once('/').unwrap();
                let mut without = whole.clone();
                match without.pointer_mut(parent) {
                    Some(Value::Object(fields)) => _ = fields.remove(name),
                    Some(Value::Array(items)) => _ = items.remove(name.parse().unwrap()),
                    _ => continue,
                }
                book.screen(&without);
                for value in &odd {
                    let mut with = whole.clone();
                    *with.pointer_mut(&pointer).unwrap() = value.clone();
                    book.screen(&with);
                }
            }
        }
    }
}

/// JSON pointers to everything below `value`; names that would have to be escaped are left out.
fn pointers(value: &Value, at: &str) -> Vec<String> {
    let below: Vec<(String, &Value)> = match value {
        Value::Object(fields) => fields
            .iter()
            .filter(|(name, _)| !name.contains(['/', '~']))
            .map(|(name, field)| (name.clone(), field))
            .collect(),
        Value::Array(items) => items.iter().enumerate().map(|(index, item)| (index.to_string(), item)).collect(),
        _ => Vec::new(),
    };
    let mut found = Vec::new();
    for (name, field) in below {
        let here = format!("{at}/{name}");
        found.extend(pointers(field, &here));
        found.push(here);
    }
    found
}

//! The kinds of resources, for commands that are about all of them or have to find the right one.

use rectify_aws::Json;
use rectify_controls::{Arn, Control, Kind, Notice, Place, ResourceKind, Screen, Settings, SettingsError, Trigger};
use rectify_event::Event;
use serde_json::Value;

/// Every kind.
pub(crate) const KINDS: &[KindEntry] = rectify_controls::every_kind!(KindEntry);

/// A kind without its types.
pub(crate) struct KindEntry {
    pub(crate) name: ResourceKind,
    pub(crate) controls: &'static [Control],
    pub(crate) events: &'static [Trigger],
    pub(crate) notices: &'static [Notice],
    rules: fn(&Settings) -> Result<(), String>,
    is: fn(&Arn, &Place) -> bool,
    subjects: fn(&Event<'_>) -> Vec<String>,
    screen: fn(&Event<'_>, &Place) -> Result<Looked, String>,
    words: fn(&Json) -> Option<Vec<String>>,
    parts: fn(&Json, Option<&Json>, &Json) -> Option<Vec<Part>>,
}

/// What an event makes a guard look at.
#[derive(Debug)]
pub(crate) struct Looked {
    /// The resources, and where each lives.
    pub(crate) targets: Vec<(Arn, Place)>,
    /// The controls that it can have broken, in the order of the rule book.
    pub(crate) controls: Vec<&'static Control>,
    /// The request itself looks like a breach.
    pub(crate) suspicious: bool,
}

/// One part of a resource that a correction wrote.
#[derive(Debug, Clone, PartialEq, serde::Serialize)]
pub(crate) struct Part {
    /// For example `policy`.
    pub(crate) part: &'static str,
    /// The change that would write it as it stood.
    pub(crate) before: Option<Value>,
    /// The change that would write it as it was left; `None` when nobody looked.
    pub(crate) after: Option<Value>,
}

impl KindEntry {
    const fn of<K: Kind>() -> Self {
        Self {
            name: K::KIND,
            controls: K::CONTROLS,
            events: K::EVENTS,
            notices: K::NOTICES,
            rules: |settings| K::rules(&settings.trust, &|control, option| settings.option(control, option)).map(drop),
            is: |arn, place| K::id(arn, place).is_some(),
            subjects: |event| match K::screen(event) {
                Screen::Look { targets, .. } => targets.iter().map(ToString::to_string).collect(),
                Screen::Ignore(_) => Vec::new(),
            },
            screen: |event, place| match K::screen(event) {
                Screen::Look { targets, selection, suspicious } => Ok(Looked {
                    targets: targets.iter().map(|id| (K::arn(id, &K::home(id, place)), K::home(id, place))).collect(),
                    controls: K::CONTROLS.iter().filter(|control| selection.contains(control.id)).collect(),
                    suspicious,
                }),
                Screen::Ignore(why) => Err(why.to_string()),
            },
            words: |changes| {
                let changes: Vec<K::Change> = changes.parse().ok()?;
                Some(changes.iter().map(ToString::to_string).collect())
            },
            parts: |before, after, plan| parts::<K>(before, after, plan),
        }
    }

    /// Whether `arn` in `place` is of this kind.
    pub(crate) fn is(&self, arn: &Arn, place: &Place) -> bool {
        (self.is)(arn, place)
    }

    /// What an event is about.
    pub(crate) fn subjects(&self, event: &Event<'_>) -> Vec<String> {
        (self.subjects)(event)
    }

    /// What the guard would look at because of `event`, which came from `place`.
    ///
    /// # Errors
    /// Why it would not, in a sentence.
    pub(crate) fn screen(&self, event: &Event<'_>, place: &Place) -> Result<Looked, String> {
        (self.screen)(event, place)
    }

    /// The changes of a plan, in words; `None` when another release wrote it.
    pub(crate) fn words(&self, changes: &Json) -> Option<Vec<String>> {
        (self.words)(changes)
    }

    /// The parts that `plan` writes, as they stood and as they were left; `None` when another release wrote the row.
    pub(crate) fn parts(&self, before: &Json, after: Option<&Json>, plan: &Json) -> Option<Vec<Part>> {
        (self.parts)(before, after, plan)
    }
}

fn parts<K: Kind>(before: &Json, after: Option<&Json>, plan: &Json) -> Option<Vec<Part>> {
    let before: K::Facts = before.parse().ok()?;
    let after: Option<K::Facts> = after.map(Json::parse).transpose().ok()?;
    let plan: Vec<K::Change> = plan.parse().ok()?;
    let mut parts: Vec<Part> = Vec::new();
    for change in &plan {
        let part = K::slot(change);
        // The last write of a part counts, and the state before all of them.
        if parts.iter().any(|known| known.part == part) {
            continue;
        }
        let state = |facts: &K::Facts| K::inverse(facts, change).and_then(|state| serde_json::to_value(state).ok());
        parts.push(Part { part, before: state(&before), after: after.as_ref().and_then(state) });
    }
    Some(parts)
}

/// The kind called `name`.
pub(crate) fn named(name: &str) -> Option<&'static KindEntry> {
    KINDS.iter().find(|kind| kind.name == name)
}

/// The kind that has `control`.
pub(crate) fn of_control(control: &str) -> Option<&'static KindEntry> {
    KINDS.iter().find(|kind| kind.controls.iter().any(|known| known.id == control))
}

/// The kind that `arn` is of.
pub(crate) fn of_arn(arn: &Arn, place: &Place) -> Option<&'static KindEntry> {
    KINDS.iter().find(|kind| kind.is(arn, place))
}

pub(crate) use rectify_controls::every_control as controls;

/// A control that does not exist.
#[derive(Debug, thiserror::Error)]
#[error("no control `{id}`{}", .near.map(|near| format!(", did you mean `{near}`?")).unwrap_or_default())]
pub(crate) struct NoControl {
    id: String,
    near: Option<&'static str>,
}

impl NoControl {
    /// The next step.
    pub(crate) const HELP: &str = "`rectify controls` lists them";
}

/// The control that is meant by `id`.
pub(crate) fn control(id: &str) -> Result<&'static Control, NoControl> {
    let wanted = id.trim().to_ascii_lowercase().replace('_', "-");
    controls().find(|control| control.id == wanted).ok_or_else(|| {
        let near = controls()
            .map(|control| (strsim::jaro_winkler(control.id, &wanted), control.id))
            .filter(|(similarity, _)| *similarity > 0.85)
            .max_by(|a, b| a.0.total_cmp(&b.0))
            .map(|(_, id)| id);
        NoControl { id: id.to_owned(), near }
    })
}

/// A control's id, as an argument.
pub(crate) fn control_id(text: &str) -> Result<&'static str, NoControl> {
    control(text).map(|control| control.id)
}

/// A kind's name, as an argument.
pub(crate) fn kind(text: &str) -> Result<&'static KindEntry, String> {
    named(text).ok_or_else(|| {
        let names: Vec<&str> = KINDS.iter().map(|kind| kind.name).collect();
        format!("no kind `{text}`; there is {}", names.join(", "))
    })
}

/// The settings in `text`, checked as every guard checks them: the file itself, and what each kind makes of its options.
pub(crate) fn settings(text: &str) -> Result<Settings, SettingsError> {
    let settings = Settings::parse(text, &controls().collect::<Vec<_>>())?;
    for kind in KINDS {
        (kind.rules)(&settings).map_err(|what| SettingsError { line: line_of(&settings, &what), what })?;
    }
    Ok(settings)
}

/// The line of the option that a kind's sentence names in backticks, with its control; the first line when it names none.
fn line_of(settings: &Settings, what: &str) -> usize {
    let named = |name: &str| what.contains(&format!("`{name}`"));
    settings
        .controls
        .iter()
        .filter(|(control, _)| named(control))
        .flat_map(|(_, table)| table.lines.iter().filter(|(option, _)| named(option)))
        .map(|(_, line)| *line)
        .min()
        .unwrap_or(1)
}

impl std::fmt::Debug for KindEntry {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.write_str(self.name)
    }
}

#[cfg(test)]
mod tests {
    use rectify_controls::{AccountId, Region};

    use super::*;

    #[test]
    fn the_kind_is_found_by_arn_and_by_control() {
        let place =
            Place { account: AccountId::new("111122223333").unwrap(), region: Region::new("eu-central-1").unwrap() };
        let arn = |text: &str| Arn::from_parts(text.to_owned());
        assert_eq!(of_arn(&arn("arn:aws:s3:::data"), &place).unwrap().name, "s3-bucket");
        assert!(of_arn(&arn("arn:aws:sqs:eu-central-1:111122223333:queue"), &place).is_none());
        assert_eq!(of_control("s3-bucket-public-acl").unwrap().name, "s3-bucket");
        assert!(of_control("nothing").is_none());
    }

    #[test]
    fn a_wrong_option_has_its_line() {
        let text = "[[environment]]\nname = \"all\"\nmode = \"detective\"\ndefault = true\n\n\
                    [control.s3-bucket-logging-off]\nmode = \"detective\"\ntarget-prefix = 7\n";
        let error = settings(text).unwrap_err();
        assert!(error.to_string().starts_with("line 8: option `target-prefix`"), "{error}");
    }
}

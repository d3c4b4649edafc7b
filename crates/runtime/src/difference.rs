//! What a correction made of the resource, or would make of it, for the reader of a message.

use rectify_controls::{Finding, Kind};
use rectify_render::Difference;
use serde_json::{Map, Value};

/// What putting `finding` right would change; `None` when there is no change for it, or none that shows.
pub(crate) fn proposed<K: Kind>(before: &K::Facts, finding: &Finding<K::Change>) -> Option<Difference> {
    let mut after = before.clone();
    for change in &finding.changes {
        K::simulate(&mut after, change);
    }
    between::<K>(before, &after, &slots::<K>(finding), true)
}

/// The parts of the resource that putting `finding` right writes.
pub(crate) fn slots<K: Kind>(finding: &Finding<K::Change>) -> Vec<String> {
    let mut slots: Vec<String> = finding.changes.iter().map(|change| K::slot(change).to_owned()).collect();
    slots.dedup();
    slots
}

/// What differs in `slots`; `None` when nothing shows.
pub(crate) fn between<K: Kind>(
    before: &K::Facts,
    after: &K::Facts,
    slots: &[String],
    proposed: bool,
) -> Option<Difference> {
    let text = |facts| {
        let parts: Map<String, Value> =
            slots.iter().filter_map(|slot| Some((slot.clone(), K::shown(facts, slot)?))).collect();
        let mut shown = Value::Object(parts);
        shown.sort_all_objects();
        serde_json::to_string_pretty(&shown).unwrap_or_default()
    };
    let (before, after) = (text(before), text(after));
    (before != after).then_some(Difference { before, after, proposed })
}

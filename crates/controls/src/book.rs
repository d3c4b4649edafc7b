//! A kind's controls in one table: what each is, and what judges it.

use crate::{Control, Finding, Kind, Selection};

/// What a control says about facts; nothing when they break nothing.
pub(crate) type Judge<K> = fn(&<K as Kind>::Facts, &<K as Kind>::Rules) -> Option<Finding<<K as Kind>::Change>>;

/// A control and its judge.
pub(crate) struct Rule<K: Kind> {
    pub(crate) control: &'static Control,
    pub(crate) judge: Judge<K>,
}

/// What the `selection` of `book` says about `facts`, in the book's order.
pub(crate) fn judge<K: Kind>(
    book: &[Rule<K>],
    facts: &K::Facts,
    rules: &K::Rules,
    selection: &Selection,
) -> Vec<Finding<K::Change>> {
    book.iter()
        .filter(|rule| selection.contains(rule.control.id))
        .filter_map(|rule| (rule.judge)(facts, rules))
        .collect()
}

/// Ids of all of `controls`.
pub(crate) fn all(controls: &[Control]) -> Selection {
    controls.iter().map(|control| control.id).collect()
}

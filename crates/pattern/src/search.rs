//! Looking for leaves that satisfy all fields of a combination and belong together.

use std::{
    collections::{BTreeMap, BTreeSet},
    sync::Arc,
};

use serde_json::Value;

use crate::{
    Field,
    flatten::{Leaf, Leaves, Membership, leaves},
    mismatch::{Mismatch, Reason},
    operator::Operator,
};

/// Whether any combination holds.
pub(crate) fn matches(combinations: &[Vec<Arc<Field>>], event: &Value) -> bool {
    if !event.is_object() {
        return false;
    }
    let leaves = leaves(event, &paths(combinations));
    combinations.iter().any(|fields| failing(fields, &leaves).is_none())
}

/// The failing field of the combination that got furthest.
pub(crate) fn explain(combinations: &[Vec<Arc<Field>>], event: &Value) -> Option<Mismatch> {
    if !event.is_object() {
        return Some(Mismatch { path: String::new(), reason: Reason::NotAnObject });
    }
    let leaves = leaves(event, &paths(combinations));
    let mut furthest: Option<(usize, &Field)> = None;
    for fields in combinations {
        let index = failing(fields, &leaves)?;
        let field = fields.get(index)?;
        if furthest.is_none_or(|(best, _)| index > best) {
            furthest = Some((index, field));
        }
    }
    furthest.map(|(_, field)| Mismatch { path: field.path.clone(), reason: reason(field, &leaves) })
}

fn paths(combinations: &[Vec<Arc<Field>>]) -> Vec<&str> {
    combinations.iter().flatten().map(|field| field.path.as_str()).collect::<BTreeSet<_>>().into_iter().collect()
}

/// The index of the first field that cannot be satisfied together with the ones before it.
///
/// Goes through the fields in order and keeps every way the arrays can have been entered so far. Only arrays that a later
/// field is in are remembered, so that unrelated arrays do not multiply.
fn failing(fields: &[Arc<Field>], leaves: &Leaves<'_, '_>) -> Option<usize> {
    let at = |field: &Field| leaves.get(field.path.as_str()).map_or(&[][..], Vec::as_slice);
    let last_use: BTreeMap<u32, usize> = fields
        .iter()
        .enumerate()
        .flat_map(|(index, field)| {
            at(field).iter().flat_map(|leaf| leaf.membership.keys()).map(move |array| (*array, index))
        })
        .collect();

    let mut ways = BTreeSet::from([Membership::new()]);
    for (index, field) in fields.iter().enumerate() {
        let accepted: Vec<&Leaf<'_>> = at(field).iter().filter(|leaf| accepts(field, leaf.value)).collect();
        let may_be_absent = field.operators.iter().any(|operator| matches!(operator, Operator::Absent));
        let mut next = BTreeSet::new();
        for way in &ways {
            if may_be_absent && !at(field).iter().any(|leaf| consistent(way, &leaf.membership)) {
                next.insert(remembered(way.iter(), index, &last_use));
            }
            for leaf in &accepted {
                if consistent(way, &leaf.membership) {
                    next.insert(remembered(way.iter().chain(&leaf.membership), index, &last_use));
                }
            }
        }
        if next.is_empty() {
            return Some(index);
        }
        ways = next;
    }
    None
}

fn accepts(field: &Field, value: &Value) -> bool {
    field.operators.iter().any(|operator| operator.accepts(value))
}

fn consistent(way: &Membership, leaf: &Membership) -> bool {
    leaf.iter().all(|(array, index)| way.get(array).is_none_or(|entered| entered == index))
}

fn remembered<'m>(
    entries: impl Iterator<Item = (&'m u32, &'m u32)>,
    index: usize,
    last_use: &BTreeMap<u32, usize>,
) -> Membership {
    entries
        .filter(|(array, _)| last_use.get(array).is_some_and(|last| *last > index))
        .map(|(array, element)| (*array, *element))
        .collect()
}

fn reason(field: &Field, leaves: &Leaves<'_, '_>) -> Reason {
    let Some(here) = leaves.get(field.path.as_str()) else { return Reason::Missing };
    if here.iter().any(|leaf| accepts(field, leaf.value)) {
        return Reason::OtherElement;
    }
    let found = here.iter().take(3).map(|leaf| leaf.value.to_string()).collect();
    if field.operators.iter().all(|operator| matches!(operator, Operator::Absent)) {
        Reason::Present { found }
    } else {
        Reason::Unequal { found }
    }
}

//! The leaves of an event at the paths that a pattern names, each with its place in the arrays around it.

use std::collections::BTreeMap;

use serde_json::Value;

/// Which element a leaf is in, for each array of objects around it: array number to index, sorted by array number.
///
/// Two leaves belong together unless they are in different elements of one array.
pub(crate) type Membership = BTreeMap<u32, u32>;

/// One leaf: never an object or a list.
#[derive(Debug)]
pub(crate) struct Leaf<'e> {
    pub(crate) value: &'e Value,
    pub(crate) membership: Membership,
}

/// Leaves by path. A path that leads to an object, an empty object or an empty list has none.
pub(crate) type Leaves<'e, 'p> = BTreeMap<&'p str, Vec<Leaf<'e>>>;

/// Collects the leaves of `event` at `paths` (sorted).
pub(crate) fn leaves<'e, 'p>(event: &'e Value, paths: &[&'p str]) -> Leaves<'e, 'p> {
    let mut walk = Walk { paths, leaves: Leaves::new(), path: String::new(), membership: Membership::new(), arrays: 0 };
    walk.visit(event);
    walk.leaves
}

struct Walk<'e, 'p, 'a> {
    paths: &'a [&'p str],
    leaves: Leaves<'e, 'p>,
    path: String,
    membership: Membership,
    arrays: u32,
}

impl<'e> Walk<'e, '_, '_> {
    fn visit(&mut self, value: &'e Value) {
        match value {
            Value::Object(fields) => {
                for (step, value) in fields {
                    let length = self.path.len();
                    if length > 0 {
                        self.path.push('.');
                    }
                    self.path.push_str(step);
                    if self.is_wanted() {
                        self.visit(value);
                    }
                    self.path.truncate(length);
                }
            }
            Value::Array(items) => {
                let array = self.arrays;
                self.arrays += 1;
                for (index, item) in (0..).zip(items) {
                    if item.is_object() || item.is_array() {
                        self.membership.insert(array, index);
                        self.visit(item);
                        self.membership.remove(&array);
                    } else {
                        self.record(item);
                    }
                }
            }
            leaf => self.record(leaf),
        }
    }

    fn record(&mut self, value: &'e Value) {
        if let Some(path) = self.paths.iter().find(|path| **path == self.path) {
            self.leaves.entry(path).or_default().push(Leaf { value, membership: self.membership.clone() });
        }
    }

    /// Whether a wanted path is here or below.
    fn is_wanted(&self) -> bool {
        self.paths.iter().any(|path| {
            path.strip_prefix(self.path.as_str()).is_some_and(|rest| rest.is_empty() || rest.starts_with('.'))
        })
    }
}

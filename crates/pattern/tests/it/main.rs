//! Patterns against events: by the documentation, by the reference engine, on real events, and at random.

#![expect(
    clippy::unwrap_used,
    clippy::panic,
    clippy::indexing_slicing,
    reason = "a test stops at the first surprise; clippy exempts only the test functions themselves"
)]

mod explain;
mod operators;
mod properties;
mod real_events;

use std::{fs, path::Path};

use rectify_pattern::Pattern;
use serde_json::Value;

/// The text of a file below this crate.
fn text(path: &str) -> String {
    let path = Path::new(env!("CARGO_MANIFEST_DIR")).join(path);
    fs::read_to_string(&path).unwrap_or_else(|error| panic!("{}: {error}", path.display()))
}

/// One JSON value per line.
fn lines(path: &str) -> Vec<Value> {
    text(path).lines().map(|line| serde_json::from_str(line).unwrap()).collect()
}

/// Whether `pattern` matches, after checking that the explanation agrees.
#[track_caller]
fn matches(pattern: &Pattern, event: &Value) -> bool {
    let matches = pattern.matches(event);
    let explanation = pattern.explain(event);
    assert_eq!(matches, explanation.is_none(), "{event}: {explanation:?}");
    matches
}

//! The bucket rules, from outside: fixtures, other people's data, properties, events, and the book itself.

#![expect(clippy::unwrap_used, clippy::panic, clippy::indexing_slicing, reason = "helpers of tests")]

mod book;
mod cases;
mod corpus;
mod hindsight;
#[path = "../past/mod.rs"]
mod past;
mod properties;
mod restore;
mod screen;
mod world;

use std::path::PathBuf;

use rectify_controls::{Finding, Kind, Selection, s3_bucket::*};
use serde_json::Value;

fn fixture(path: &str) -> PathBuf {
    PathBuf::from(env!("CARGO_MANIFEST_DIR")).join("tests/fixtures/s3_bucket").join(path)
}

#[track_caller]
fn read(path: &PathBuf) -> Value {
    let text = std::fs::read_to_string(path).unwrap_or_else(|error| panic!("{}: {error}", path.display()));
    serde_json::from_str(&text).unwrap_or_else(|error| panic!("{}: {error}", path.display()))
}

/// The facts that break no control, with `differs` laid over them.
#[track_caller]
fn facts(target: &str, differs: &Value) -> Facts {
    let mut facts = read(&fixture(&format!("{target}.json")));
    for (name, value) in differs.as_object().into_iter().flatten() {
        assert!(facts.get(name).is_some(), "no fact `{name}` about {target}");
        facts[name] = value.clone();
    }
    if let Some(policy @ Value::Object(_)) = facts.pointer_mut("/policy/known") {
        *policy = Value::String(policy.to_string());
    }
    let facts = Value::Object([(target.to_owned(), facts)].into_iter().collect());
    serde_json::from_value(facts).unwrap()
}

fn one(control: &str) -> Selection {
    let control = S3Bucket::CONTROLS.iter().find(|c| c.id == control).unwrap_or_else(|| panic!("no control {control}"));
    Selection::from([control.id])
}

fn all() -> Selection {
    S3Bucket::CONTROLS.iter().map(|control| control.id).collect()
}

/// A finding as text, for snapshots.
fn view(finding: &Finding<Change>) -> String {
    use std::fmt::Write;
    let mut text = format!("{}, {:?}, {}\n", finding.control.id, finding.state, finding.severity);
    writeln!(text, "  {}", finding.summary).unwrap();
    for evidence in &finding.evidence {
        writeln!(text, "  - {}: {}", evidence.what, evidence.value).unwrap();
    }
    for change in &finding.changes {
        writeln!(text, "  > {change}").unwrap();
        writeln!(text, "    {}", written(change)).unwrap();
    }
    text
}

/// A change as it goes into the ledger. A policy's members are sorted: their order follows a feature of serde_json that
/// another crate of the workspace may switch on.
fn written(change: &Change) -> String {
    match change {
        Change::PutPolicy(policy) => format!("policy {}", sorted(&serde_json::from_str(policy).unwrap())),
        other => serde_json::to_string(other).unwrap(),
    }
}

fn sorted(value: &Value) -> Value {
    match value {
        Value::Object(fields) => {
            let fields: std::collections::BTreeMap<_, _> = fields.iter().collect();
            fields.into_iter().map(|(name, value)| (name.clone(), sorted(value))).collect()
        }
        Value::Array(items) => items.iter().map(sorted).collect(),
        other => other.clone(),
    }
}

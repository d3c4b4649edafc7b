//! The files under `tests/fixtures`; `MANIFEST.json` there names source and licence of each.

use std::{fs, path::PathBuf};

use serde_json::{Value, json};

/// A fixture with the name to report it by.
pub(crate) struct Case {
    pub(crate) name: String,
    pub(crate) value: Value,
}

pub(crate) fn folder() -> PathBuf {
    PathBuf::from(env!("CARGO_MANIFEST_DIR")).join("tests/fixtures")
}

pub(crate) fn manifest() -> Vec<Value> {
    serde_json::from_str(&fs::read_to_string(folder().join("MANIFEST.json")).unwrap()).unwrap()
}

/// The rows of a `.jsonl` file, each reduced to the value under `key`.
pub(crate) fn rows(file: &str, key: &str) -> Vec<Case> {
    let text = fs::read_to_string(folder().join(file)).unwrap();
    let rows = text.lines().enumerate().map(|(number, line)| {
        let mut row: Value = serde_json::from_str(line).unwrap();
        let origin = row["from"].as_str().or(row["name"].as_str()).unwrap().to_owned();
        Case { name: format!("{file}:{} ({origin})", number + 1), value: row[key].take() }
    });
    rows.collect()
}

/// Every bare CloudTrail record.
pub(crate) fn records() -> Vec<Case> {
    let mut files: Vec<String> = manifest().iter().map(|entry| entry["file"].as_str().unwrap().to_owned()).collect();
    files.retain(|file| file.starts_with("records-"));
    files.iter().flat_map(|file| rows(file, "record")).collect()
}

/// Every event with an envelope: real ones, and real records in a made envelope.
pub(crate) fn events() -> Vec<Case> {
    let mut events = rows("wrapped.jsonl", "event");
    let mut paths: Vec<PathBuf> =
        fs::read_dir(folder().join("envelopes")).unwrap().map(|entry| entry.unwrap().path()).collect();
    paths.sort();
    events.extend(paths.iter().map(|path| Case {
        name: path.file_name().unwrap().to_str().unwrap().to_owned(),
        value: serde_json::from_str(&fs::read_to_string(path).unwrap()).unwrap(),
    }));
    events
}

/// An event around `detail`.
pub(crate) fn envelope(source: &str, detail_type: &str, detail: &Value) -> Value {
    json!({
        "version": "0", "id": "6a7e8feb-b491-4cf7-a9f1-bf3703467718", "source": source, "detail-type": detail_type,
        "account": "111122223333", "time": "2026-11-23T10:00:00Z", "region": "eu-west-1", "resources": [],
        "detail": detail,
    })
}

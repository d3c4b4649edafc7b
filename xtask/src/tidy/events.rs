//! The events under `events/`: what they have to look like to be fed to `sam local invoke -e` and to the tests.

use std::collections::BTreeMap;

use anyhow::Result;
use serde_json::Value;

use crate::repo::Repo;

const ACCOUNT: &str = "123456789012";
const ENVELOPE: &[&str] =
    &["version", "id", "detail-type", "source", "account", "time", "region", "resources", "detail"];

pub(super) fn check(repo: &Repo, files: &[String]) -> Result<Vec<String>> {
    let mut problems = Vec::new();
    let mut ids: BTreeMap<String, String> = BTreeMap::new();
    for file in files.iter().filter(|file| file.starts_with("events/") && file.ends_with(".json")) {
        let text = repo.read(file)?;
        match serde_json::from_str::<Value>(&text) {
            Ok(event) => {
                problems.extend(shape(file, &event));
                let id = event.get("id").and_then(Value::as_str).unwrap_or_default().to_owned();
                // A duplicate is one on purpose, and says so in its name.
                if !file.contains("duplicate")
                    && let Some(other) = ids.insert(id, file.clone())
                {
                    problems.push(format!("{file}: has the `id` of {other}"));
                }
            }
            Err(error) => problems.push(format!("{file}: is not JSON: {error}")),
        }
    }
    Ok(problems)
}

fn shape(file: &str, event: &Value) -> Vec<String> {
    let mut problems: Vec<String> = ENVELOPE
        .iter()
        .filter(|key| event.get(**key).is_none())
        .map(|key| format!("{file}: the envelope has no `{key}`"))
        .collect();
    if event.get("account").and_then(Value::as_str) != Some(ACCOUNT) {
        problems.push(format!("{file}: the account of examples is {ACCOUNT}"));
    }
    problems
}

#[cfg(test)]
mod tests {
    use serde_json::json;

    use super::shape;

    #[test]
    fn an_event_without_its_envelope_is_found() {
        let problems = shape("events/a/b.json", &json!({"account": "111122223333", "detail": {}}));
        assert!(problems.iter().any(|problem| problem.contains("no `detail-type`")));
        assert!(problems.iter().any(|problem| problem.contains("123456789012")));
    }
}

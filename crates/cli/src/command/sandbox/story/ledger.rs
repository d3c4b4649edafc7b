//! The ledger as a table.

use std::{collections::BTreeMap, fmt::Write as _};

use rectify_render::{Style, escape};
use serde_json::Value;

use crate::output::{Text, paint};

/// Widest cell, in characters.
const WIDEST: usize = 60;

/// One line per finding, oldest first, with the correction that put it right and what would undo that.
pub(super) fn table(rows: &[Value]) -> Text {
    let text = |row: &Value, name: &str| row.get(name).and_then(Value::as_str).unwrap_or_default().to_owned();
    let is = |row: &&Value, kind: &str| text(row, "sk").starts_with(kind);
    let undo: BTreeMap<String, String> = rows
        .iter()
        .filter(|row| is(row, "correction#"))
        .map(|row| (text(row, "correction"), changes(&text(row, "inverse"))))
        .collect();
    let mut findings: Vec<&Value> = rows.iter().filter(|row| is(row, "finding#")).collect();
    findings.sort_by_key(|row| row.get("first_seen").and_then(Value::as_i64));
    let mut lines = vec![["finding", "severity", "outcome", "correction", "undone by"].map(str::to_owned)];
    lines.extend(findings.into_iter().map(|row| {
        let correction = text(row, "correction");
        let undo = undo.get(&correction).cloned().unwrap_or_default();
        [text(row, "control"), text(row, "severity"), text(row, "outcome"), correction, undo]
            .map(|cell| escape::value(&cell, WIDEST))
    }));
    let mut widths = [0; 5];
    for line in &lines {
        for (width, cell) in widths.iter_mut().zip(line) {
            *width = cell.chars().count().max(*width);
        }
    }
    let mut table = Text::new();
    for (index, line) in lines.iter().enumerate() {
        let cells = line.iter().zip(widths).map(|(cell, width)| format!("{cell:<width$}"));
        let joined = cells.collect::<Vec<_>>().join("  ");
        let style = if index == 0 { Style::Dim } else { Style::Plain };
        let _ = writeln!(table, "  {}", paint(style, joined.trim_end()));
    }
    table
}

/// The names of the changes in a plan: `[{"put_acl": …}, "delete_block"]` is `put_acl, delete_block`.
fn changes(plan: &str) -> String {
    let plan: Vec<Value> = serde_json::from_str(plan).unwrap_or_default();
    let name = |change: &Value| match change {
        Value::String(name) => Some(name.clone()),
        Value::Object(change) => change.keys().next().cloned(),
        _ => None,
    };
    plan.iter().filter_map(name).collect::<Vec<_>>().join(", ")
}

#[cfg(test)]
mod tests {
    use serde_json::json;

    use super::table;

    #[test]
    fn a_finding_stands_beside_its_correction() {
        let rows = [
            json!({"sk": "lease"}),
            json!({"sk": "finding#tls", "control": "tls", "severity": "medium", "outcome": "shadowed", "first_seen": 2}),
            json!({"sk": "finding#acl", "control": "acl", "severity": "critical", "outcome": "corrected",
                "correction": "c-1", "first_seen": 1}),
            json!({"sk": "correction#c-1", "correction": "c-1", "inverse": "[{\"put_acl\":{}},\"delete_block\"]"}),
        ];
        let text = anstream::adapter::strip_str(&table(&rows)).to_string();
        assert_eq!(
            text,
            "  finding  severity  outcome    correction  undone by\n  \
               acl      critical  corrected  c-1         put_acl, delete_block\n  \
               tls      medium    shadowed\n"
        );
    }
}

//! Two states of a part of a resource, as lines that differ.

use std::fmt::Write as _;

use rectify_render::{Style, escape};
use serde_json::Value;
use similar::{ChangeTag, TextDiff};

use crate::output::{Text, paint};

/// Lines shown around each difference.
const AROUND: usize = 3;
/// Most lines of one part.
const MOST: usize = 200;
/// Longest line.
const LINE: usize = 300;

/// What a change writes, without the change's own name: `{"put_policy": "{…}"}` is the policy. A change that has nothing
/// but a name takes something away.
pub(crate) fn state(change: &Value) -> String {
    match change {
        Value::String(_) | Value::Null => "nothing".to_owned(),
        Value::Object(one) if one.len() == 1 => one.values().next().map(value).unwrap_or_default(),
        other => value(other),
    }
}

/// JSON that is text inside (a policy) is shown as the JSON it is: what it says, not how it is spelt.
fn value(value: &Value) -> String {
    match value {
        Value::Null => "nothing".to_owned(),
        Value::String(text) => match serde_json::from_str::<Value>(text) {
            Ok(inner @ (Value::Object(_) | Value::Array(_))) => format!("{inner:#}"),
            _ => text.clone(),
        },
        other => format!("{other:#}"),
    }
}

/// As [`state`], of a change that is text, as a guard's answer has it.
pub(crate) fn state_of_text(change: &str) -> String {
    serde_json::from_str::<Value>(change).map_or_else(|_| change.to_owned(), |change| state(&change))
}

/// The lines of `before` that are not in `after` with `-`, the other way round with `+`, each below `indent`. Everything
/// in it comes from outside and is escaped.
pub(crate) fn lines(before: &str, after: &str, indent: &str) -> Text {
    let mut text = Text::new();
    let diff = TextDiff::from_lines(before, after);
    let groups = diff.grouped_ops(AROUND);
    let mut written = 0;
    for (index, group) in groups.iter().enumerate() {
        if index > 0 {
            let _ = writeln!(text, "{indent}{}", paint(Style::Dim, "  …"));
        }
        for change in group.iter().flat_map(|op| diff.iter_changes(op)) {
            written += 1;
            if written > MOST {
                let _ = writeln!(text, "{indent}{}", paint(Style::Dim, "  … (--output json has all of it)"));
                return text;
            }
            let (sign, style) = match change.tag() {
                ChangeTag::Delete => ('-', Style::Bad),
                ChangeTag::Insert => ('+', Style::Good),
                ChangeTag::Equal => (' ', Style::Plain),
            };
            let line = escape::line(change.value().trim_end_matches(['\n', '\r']), LINE);
            let _ = writeln!(text, "{indent}{}", paint(style, &format!("{sign} {line}")));
        }
    }
    if groups.is_empty() {
        let _ = writeln!(text, "{indent}{}", paint(Style::Dim, "  the same"));
    }
    text
}

#[cfg(test)]
mod tests {
    use serde_json::json;

    use super::{lines, state, state_of_text};

    fn plain(text: &str) -> String {
        anstream::adapter::strip_str(text).to_string()
    }

    #[test]
    fn a_state_is_what_is_written() {
        assert_eq!(state(&json!("delete_block")), "nothing");
        assert_eq!(state(&json!({"put_logging": null})), "nothing");
        assert_eq!(state(&json!({"put_versioning": "Enabled"})), "Enabled");
        assert_eq!(state(&json!({"put_policy": "{\"Id\":\"x\"}"})), "{\n  \"Id\": \"x\"\n}");
        assert_eq!(state_of_text("\"delete_policy\""), "nothing");
        assert_eq!(state_of_text("not readable"), "not readable");
    }

    #[test]
    fn only_what_differs_is_shown_and_nothing_hidden_is_printed() {
        let before: String = (0..20).map(|n| format!("line {n}\n")).collect();
        let after = before.replace("line 10\n", "\u{1b}[31mten\n");
        let shown = plain(&lines(&before, &after, "  "));
        assert_eq!(shown.lines().count(), 8, "{shown}");
        assert!(shown.contains("  - line 10\n") && shown.contains("+ \\u{1b}[31mten\n"), "{shown}");
        assert!(!lines("a", "b\u{1b}]0;x\u{7}", "").contains("\u{1b}]"));
        assert_eq!(plain(&lines("a", "a", "")), "  the same\n");
    }
}

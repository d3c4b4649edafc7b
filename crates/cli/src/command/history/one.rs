//! Everything about one correction or undo.

use std::fmt::Write as _;

use rectify_aws::{CorrectionId, CorrectionRow, ResourceKey};
use rectify_render::{Style, escape};
use serde_json::{Value, json};

use super::{
    Error,
    entry::{Entry, line, payload},
};
use crate::{
    connection::Connection,
    difference, exit,
    failure::Failure,
    kinds::{self, Part},
    moment,
    output::{self, Format, Text, paint},
};

pub(super) async fn show(connection: &Connection, id: &CorrectionId, format: Format) -> Result<u8, Failure> {
    let found = connection.ledger().find(id).await.map_err(|failure| Error::Cloud(connection.failure(failure)))?;
    let (key, row) = found.ok_or_else(|| Error::NoSuchId(id.clone()))?;
    match format {
        Format::Json => output::json(&whole(key, &row))?,
        Format::Text => output::data(&text(key, &row))?,
    }
    Ok(exit::FINE)
}

/// The parts that a row's plan writes.
pub(crate) fn parts(row: &CorrectionRow) -> Option<Vec<Part>> {
    let ahead = &row.ahead;
    kinds::named(&ahead.kind)?.parts(&ahead.facts_before, row.facts_after.as_ref(), &ahead.plan)
}

/// What undoing a row does, in words.
pub(crate) fn inverse(row: &CorrectionRow) -> Option<Vec<String>> {
    kinds::named(&row.ahead.kind)?.words(&row.ahead.inverse)
}

fn whole(key: ResourceKey, row: &CorrectionRow) -> Value {
    let mut json = Entry::of_correction(key, row).json();
    let more = json!({
        "event": row.ahead.event,
        "request": row.ahead.request,
        "fingerprints": row.ahead.fingerprints,
        "parts": parts(row),
        "plan": payload(&row.ahead.plan),
        "inverse": payload(&row.ahead.inverse),
        "facts_before": payload(&row.ahead.facts_before),
        "facts_after": row.facts_after.as_ref().map(payload),
    });
    if let (Some(members), Value::Object(more)) = (json.as_object_mut(), more) {
        members.extend(more);
    }
    json
}

fn text(key: ResourceKey, row: &CorrectionRow) -> Text {
    let entry = Entry::of_correction(key, row);
    let mut text = entry.text();
    if let Some(ended) = entry.ended_at {
        line(&mut text, "ended", &moment::shown(ended));
    }
    if let Some(at) = &entry.by.event_time {
        let id = entry.by.event_id.as_deref().map(|id| format!(", event {}", escape::line(id, 100)));
        line(&mut text, "call at", &format!("{}{}", escape::line(at, 60), id.unwrap_or_default()));
    }
    if let Some(agent) = &entry.by.user_agent {
        line(&mut text, "agent", &escape::value(agent, 500));
    }
    line(&mut text, "request", &escape::line(&row.ahead.request, 100));
    for found in &entry.findings {
        let pieces = found.evidence.as_array().into_iter().flatten();
        let word = |piece: &Value, name: &str| piece.get(name).and_then(Value::as_str).unwrap_or_default().to_owned();
        for piece in pieces {
            let what = escape::value(&word(piece, "what"), 100);
            line(&mut text, "evidence", &format!("{what}: {}", escape::value(&word(piece, "value"), 1_000)));
        }
    }
    let heading = |text: &mut Text, heading: &str| {
        let _ = writeln!(text, "\n{}", paint(Style::Strong, heading));
    };
    match parts(row) {
        None => {
            heading(&mut text, "Before and after");
            let _ = writeln!(text, "  another release wrote this row: --output json has it as it is");
        }
        Some(parts) => {
            heading(&mut text, "Before (-) and after (+)");
            write_parts(&mut text, &parts);
        }
    }
    if row.undone_by.is_none()
        && let Some(inverse) = inverse(row)
    {
        heading(&mut text, "To undo it");
        let _ = writeln!(text, "  rectify undo {} --reason \"…\"", row.ahead.id);
        for change in inverse {
            let _ = writeln!(text, "    would {}", escape::value(&change, 500));
        }
    }
    text
}

/// Each part with what stood there and what was left there.
pub(crate) fn write_parts(text: &mut Text, parts: &[Part]) {
    for part in parts {
        let state = |change: &Option<Value>| change.as_ref().map_or("not readable".to_owned(), difference::state);
        let _ = writeln!(text, "  {}", paint(Style::Strong, part.part));
        match &part.after {
            Some(_) => text.push_str(&difference::lines(&state(&part.before), &state(&part.after), "    ")),
            None => {
                let _ = writeln!(text, "{}", paint(Style::Dim, "    before; what was left there is not known:"));
                for line in state(&part.before).lines().take(200) {
                    let _ = writeln!(text, "      {}", escape::line(line, 300));
                }
            }
        }
    }
}

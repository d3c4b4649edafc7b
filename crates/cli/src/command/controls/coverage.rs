//! The book by event: what wakes which guard, and what it can have broken.

use std::fmt::Write as _;

use rectify_render::Style;
use serde_json::{Value, json};

use crate::{
    kinds,
    output::{Text, paint},
};

/// One event of one guard.
pub(super) struct Row {
    source: &'static str,
    event: &'static str,
    kind: &'static str,
    controls: &'static [&'static str],
}

/// Every event that wakes a guard, by service and name.
pub(super) fn rows() -> Vec<Row> {
    let mut rows: Vec<Row> = Vec::new();
    for kind in kinds::KINDS {
        rows.extend(kind.events.iter().map(|trigger| Row {
            source: trigger.source,
            event: trigger.name,
            kind: kind.name,
            controls: trigger.controls,
        }));
        rows.extend(kind.notices.iter().map(|notice| Row {
            source: notice.source,
            event: notice.detail_type,
            kind: kind.name,
            controls: notice.controls,
        }));
    }
    rows.sort_by_key(|row| (row.source, row.event, row.kind));
    rows
}

pub(super) fn text(rows: &[Row]) -> Text {
    let width = |of: fn(&Row) -> &'static str, least: usize| {
        rows.iter().map(|row| of(row).len()).max().unwrap_or_default().max(least)
    };
    let (source, event, kind) = (width(|row| row.source, 7), width(|row| row.event, 5), width(|row| row.kind, 5));
    let mut text = Text::new();
    let head = format!("{:source$}  {:event$}  {:kind$}  CONTROLS", "SERVICE", "EVENT", "GUARD");
    let _ = writeln!(text, "{}", paint(Style::Strong, &head));
    for row in rows {
        let controls = row.controls.join(", ");
        let _ = writeln!(text, "{:source$}  {:event$}  {:kind$}  {controls}", row.source, row.event, row.kind);
    }
    text
}

pub(super) fn json(rows: &[Row]) -> Value {
    let row =
        |row: &Row| json!({ "source": row.source, "event": row.event, "guard": row.kind, "controls": row.controls });
    rows.iter().map(row).collect()
}

//! Every control in a line.

use std::fmt::Write as _;

use rectify_controls::Control;
use rectify_render::{Style, escape};

use super::{Entry, action, mode, style};
use crate::output::{Text, paint};

/// The frameworks in the list, as their column is headed and as their names begin. The newest of several releases counts.
const FRAMEWORKS: [(&str, &str); 4] =
    [("FSBP", "Security Hub"), ("CIS", "CIS AWS v5"), ("NIST", "NIST 800-53"), ("PCI", "PCI DSS")];

pub(super) fn text(book: &[Entry]) -> Text {
    let mut rows: Vec<Vec<String>> = vec![head(book)];
    rows.extend(book.iter().map(cells));
    let columns = rows.iter().map(Vec::len).max().unwrap_or_default();
    let width = |column: usize| {
        rows.iter().filter_map(|row| row.get(column)).map(|cell| cell.chars().count()).max().unwrap_or_default()
    };
    let widths: Vec<usize> = (0..columns).map(width).collect();
    let mut text = Text::new();
    for (at, row) in rows.iter().enumerate() {
        let mut line = String::new();
        for (column, (cell, width)) in row.iter().zip(&widths).enumerate() {
            let padded = format!("{cell:width$}");
            let painted = match (at.checked_sub(1).and_then(|entry| book.get(entry)), column) {
                (Some(entry), 1) => paint(style(entry.control.severity), &padded).to_string(),
                _ => padded,
            };
            let _ = write!(line, "{}{painted}", if column == 0 { "" } else { "  " });
        }
        let line = line.trim_end();
        let _ = if at == 0 { writeln!(text, "{}", paint(Style::Strong, line)) } else { writeln!(text, "{line}") };
    }
    text
}

fn head(book: &[Entry]) -> Vec<String> {
    let modes = book.first().into_iter().flat_map(|entry| &entry.modes);
    let mut head: Vec<String> = ["CONTROL", "SEVERITY", "DEFAULT"].map(str::to_owned).to_vec();
    head.extend(modes.map(|(name, _)| escape::line(&name.to_uppercase(), 40)));
    head.push("EVENTS".to_owned());
    head.extend(FRAMEWORKS.map(|(name, _)| name.to_owned()));
    head.push("TITLE".to_owned());
    head
}

fn cells(entry: &Entry) -> Vec<String> {
    let control = entry.control;
    let mut cells = vec![control.id.to_owned(), control.severity.to_string(), action(control.action).to_owned()];
    cells.extend(entry.modes.iter().map(|(_, how)| mode(*how).to_owned()));
    cells.push((entry.events().count() + entry.notices().count()).to_string());
    cells.extend(FRAMEWORKS.map(|(_, name)| ids(control, name)));
    cells.push(escape::line(control.title, 200));
    cells
}

/// The control's ids in the framework whose name begins with `name`: the first, and how many more.
fn ids(control: &Control, name: &str) -> String {
    let Some(framework) = control.frameworks.iter().find(|framework| framework.name.starts_with(name)) else {
        return "-".to_owned();
    };
    let ids: Vec<&str> = framework.ids.split(", ").collect();
    match (ids.first(), ids.len()) {
        (Some(first), 1) => (*first).to_owned(),
        (Some(first), more) => format!("{first} +{}", more - 1),
        (None, _) => "-".to_owned(),
    }
}

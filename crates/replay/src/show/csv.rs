//! Rows for a spreadsheet, which must never take a name for a formula (OWASP, «CSV Injection»).

use std::io;

use csv::Writer;
use rectify_render::escape;

use crate::Row;

/// Longest text of a cell: Excel takes 32,767 characters.
const CELL: usize = 32_000;

/// The columns, in the order of [`csv_row`].
pub const COLUMNS: [&str; 15] = [
    "time", "verdict", "why", "control", "severity", "kind", "account", "region", "resource", "event", "event_id",
    "by", "tool", "summary", "changes",
];

/// Writes the names of the columns.
///
/// # Errors
///
/// When it cannot be written.
pub fn csv_header<W: io::Write>(writer: &mut Writer<W>) -> csv::Result<()> {
    writer.write_record(COLUMNS)
}

/// Writes `row` as one line: hidden characters, line feeds among them, are shown as `\u{a}`, and no cell is a formula for any
/// spreadsheet. Where a text begins like one, an apostrophe stands in front.
///
/// # Errors
///
/// When it cannot be written.
pub fn csv_row<W: io::Write>(writer: &mut Writer<W>, row: &Row) -> csv::Result<()> {
    let changes = row.changes.join("; ");
    let (time, severity) = (row.time.to_string(), row.severity.to_string());
    let maybe = |text: &'_ Option<String>| cell(text.as_deref().unwrap_or_default());
    writer.write_record([
        cell(&time),
        cell(row.verdict.words()),
        maybe(&row.why),
        cell(row.control),
        cell(&severity),
        cell(row.kind),
        cell(&row.account),
        cell(&row.region),
        maybe(&row.resource),
        cell(&row.event),
        maybe(&row.event_id),
        cell(&row.by),
        maybe(&row.tool),
        maybe(&row.summary),
        cell(&changes),
    ])
}

/// `text` as a cell. A spreadsheet whose separator is the semicolon begins a cell behind each, whatever quotes say.
fn cell(text: &str) -> String {
    let mut safe = String::with_capacity(text.len());
    for (number, piece) in escape::line(text, CELL).split(';').enumerate() {
        if number > 0 {
            safe.push(';');
        }
        if is_formula(piece) {
            safe.push('\'');
        }
        safe.push_str(piece);
    }
    safe
}

/// Whether `text` begins with what makes a formula, behind any quotes and spaces. Full-width signs count: Excel reads them so.
fn is_formula(text: &str) -> bool {
    let begin = text.trim_start_matches(|c: char| {
        c.is_whitespace() || matches!(c, '"' | '\'' | '`' | '\u{2018}'..='\u{201f}' | '\u{ff02}' | '\u{ff07}')
    });
    begin.starts_with([
        '=', '+', '-', '@', '\u{ff1d}', '\u{ff0b}', '\u{ff0d}', '\u{ff20}', '\u{fe62}', '\u{fe63}', '\u{fe66}',
        '\u{fe6b}', '\u{2212}',
    ])
}

#[cfg(test)]
mod tests {
    use super::cell;

    #[test]
    fn nothing_begins_a_formula() {
        let formulas = [
            "=1+1",
            "+1",
            "-1",
            "@SUM(A1)",
            " =1",
            "\"=1",
            "'=1",
            "\" ' =1",
            "\u{a0}=1",
            "\u{ff1d}1",
            "\u{ff0b}1",
            "\u{ff0d}1",
            "\u{ff20}1",
            "\u{3000}=1",
            "\u{201c}=1",
        ];
        for formula in formulas {
            assert_eq!(cell(formula), format!("'{formula}"));
            assert_eq!(cell(&format!("a;{formula}")), format!("a;'{formula}"));
        }
    }

    #[test]
    fn what_is_hidden_is_seen() {
        assert_eq!(cell("\t=1"), "\\u{9}=1");
        assert_eq!(cell("\r\n=1"), "\\u{d}\\u{a}=1");
        assert_eq!(cell("\u{feff}=1\u{0}"), "\\u{feff}=1\\u{0}");
    }

    #[test]
    fn the_rest_stays() {
        for text in ["", "arn:aws:s3:::b", "a=1", "x - y; z", "é, \"q\"", "2025-07-10T12:00:00Z"] {
            assert_eq!(cell(text), text);
        }
    }

    #[test]
    fn a_cell_fits() {
        assert!(cell(&"\u{1}".repeat(40_000)).chars().count() < 32_767);
    }
}

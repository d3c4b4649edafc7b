//! The answer as a page, as lines, as CSV and as JSON lines: full, empty, hostile.

#![expect(clippy::unwrap_used, clippy::indexing_slicing, reason = "helpers of tests")]

mod page;
mod sample;

use proptest::prelude::*;
use rectify_render::escape::is_hidden;
use rectify_replay::{Report, Row, show};
use serde_json::Value;
use textwrap::core::display_width;

/// Every text of `report` that comes from a log or a disk becomes `text`.
fn fill(mut report: Report, text: &str) -> Report {
    let set = |field: &mut String| text.clone_into(field);
    report.files.other = [(text.to_owned(), 1)].into();
    for file in &mut report.files.unreadable.rows {
        set(&mut file.path);
        set(&mut file.why);
    }
    for event in report.events.rows.iter_mut().chain(&mut report.unwatched.rows) {
        set(&mut event.source);
        set(&mut event.name);
    }
    for why in report.controls.iter_mut().flat_map(|control| &mut control.why.rows) {
        set(&mut why.why);
    }
    for row in &mut report.accounts.rows {
        set(&mut row.account);
        row.name.iter_mut().for_each(set);
        set(&mut row.environment);
    }
    report.actors.rows.iter_mut().for_each(|row| set(&mut row.actor));
    report.tools.rows.iter_mut().for_each(|row| set(&mut row.tool));
    report.heat.rows.iter_mut().for_each(|row| set(&mut row.account));
    for row in &mut report.exposures.rows {
        for field in [&mut row.account, &mut row.region, &mut row.resource, &mut row.summary, &mut row.opened_by] {
            set(field);
        }
        row.closed_by.iter_mut().for_each(set);
    }
    for row in &mut report.budgets.hours.rows {
        row.account.iter_mut().for_each(set);
    }
    for row in &mut report.tug_of_war.rows {
        set(&mut row.account);
        set(&mut row.resource);
        row.by.iter_mut().for_each(set);
    }
    report
}

/// A row whose texts are `text`.
fn row(text: &str) -> Row {
    let some = || Some(text.to_owned());
    Row {
        why: some(),
        account: text.to_owned(),
        region: text.to_owned(),
        resource: some(),
        event: text.to_owned(),
        event_id: some(),
        by: text.to_owned(),
        tool: some(),
        summary: some(),
        changes: vec![text.to_owned(), text.to_owned()],
        ..sample::rows().remove(0)
    }
}

/// Names that somebody who thinks of pages, terminals and spreadsheets would choose, and any others.
fn name() -> impl Strategy<Value = String> {
    let piece = prop_oneof![
        prop::sample::select(sample::HOSTILE.to_vec()).prop_map(str::to_owned),
        prop::sample::select(vec![
            "=", "+", "-", "@", "\t", "\r", "\n", "'", "\"", ";", ",", "\u{ff1d}", "<!--", "]]>", "&#0;", "\0"
        ])
        .prop_map(str::to_owned),
        any::<String>(),
    ];
    prop::collection::vec(piece, 1..5).prop_map(|pieces| pieces.concat())
}

fn lines(report: &Report) -> String {
    show::text(report).iter().map(|line| format!("{line}\n")).collect()
}

fn csv(rows: &[Row]) -> String {
    let mut writer = csv::Writer::from_writer(Vec::new());
    show::csv_header(&mut writer).unwrap();
    for row in rows {
        show::csv_row(&mut writer, row).unwrap();
    }
    String::from_utf8(writer.into_inner().unwrap()).unwrap()
}

#[track_caller]
fn check_lines(report: &Report) {
    for line in show::text(report) {
        let line = line.to_string();
        assert!(display_width(&line) <= 100, "{line}");
        assert!(!line.contains(is_hidden), "{line:?}");
    }
}

#[test]
fn a_terminal_gets_lines_that_fit() {
    insta::assert_snapshot!(lines(&sample::report()));
    check_lines(&sample::report());
}

#[test]
fn a_replay_that_read_nothing_says_so() {
    insta::assert_snapshot!(lines(&sample::empty()), @"No record was read.");
}

#[test]
fn a_replay_in_which_nothing_happened_says_so() {
    let mut report = sample::empty();
    report.records.read = 1_204;
    assert_eq!(
        lines(&report),
        "In this log, nothing would have been put back or told.\nNone of 1,204 records is of a call that a guard watches.\n\
         Read: 1,204 records in 0 files, 0 B (0 B unpacked).\n"
    );
}

#[test]
fn a_spreadsheet_gets_rows() {
    let text = csv(&sample::rows());
    insta::assert_snapshot!(text);
    assert_eq!(text.lines().count(), sample::rows().len() + 1);
}

#[test]
fn a_machine_gets_lines() {
    let text: String = sample::rows().iter().map(|row| show::json_line(row).unwrap()).collect();
    insta::assert_snapshot!(text);
}

proptest! {
    #![proptest_config(ProptestConfig { failure_persistence: None, cases: 48, ..ProptestConfig::default() })]

    #[test]
    fn no_name_breaks_a_line(name in name()) {
        check_lines(&fill(sample::report(), &name));
    }

    /// A name is never more than text: the elements and attributes of the page are those with any other name.
    #[test]
    fn no_name_is_markup(name in name()) {
        prop_assert_eq!(
            page::shape(&show::html(&fill(sample::report(), &name), &sample::about())),
            page::shape(&show::html(&fill(sample::report(), "x"), &sample::about()))
        );
    }

    #[test]
    fn no_name_is_a_formula(name in name()) {
        let text = csv(&[row(&name)]);
        prop_assert_eq!(text.lines().count(), 2);
        let mut reader = csv::Reader::from_reader(text.as_bytes());
        let record = reader.records().next().unwrap().unwrap();
        prop_assert_eq!(record.len(), show::COLUMNS.len());
        for cell in &record {
            prop_assert!(!cell.contains(is_hidden), "{:?}", cell);
            // With the separator of other countries too.
            for cell in cell.split(';') {
                let begin = cell.trim_start_matches(|c: char| c.is_whitespace() || c == '"');
                prop_assert!(!begin.starts_with(['=', '+', '-', '@', '\u{ff1d}', '\u{ff0b}', '\u{ff0d}', '\u{ff20}']), "{:?}", cell);
            }
        }
    }

    #[test]
    fn json_lines_mean_the_row(name in name()) {
        let row = row(&name);
        let line = show::json_line(&row).unwrap();
        let line = line.strip_suffix('\n').unwrap();
        prop_assert!(!line.contains(is_hidden));
        prop_assert_eq!(serde_json::from_str::<Value>(line).unwrap(), serde_json::to_value(&row).unwrap());
    }
}

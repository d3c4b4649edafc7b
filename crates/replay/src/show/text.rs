//! Lines for a terminal: what is worth a look first, in 100 columns.

mod grid;

use rectify_controls::Severity;
use rectify_render::{Line, Style};

use self::grid::{Column, Grid, outside, path};
use super::words::{self, fit, number, short, some};
use crate::{Counts, Exposure, Report, Verdict};

/// Width that every line fits into.
pub(super) const WIDTH: usize = 100;
/// Most rows of a list, and of the gaps.
const ROWS: usize = 10;
const GAPS: usize = 15;
/// How far below a heading its rows stand.
const INDENT: &str = "  ";

/// The answer in lines, none longer than 100 columns; whoever prints them adds the colours.
#[must_use]
pub fn text(report: &Report) -> Vec<Line> {
    let mut lines = Vec::new();
    for warning in words::warnings(report) {
        wrapped(&mut lines, Style::Bad, &warning, "");
    }
    unreadable(&mut lines, report);
    if !lines.is_empty() {
        lines.push(Line::new());
    }
    wrapped(&mut lines, Style::Strong, &words::headline(report), "");
    for sentence in words::sentences(report) {
        wrapped(&mut lines, Style::Plain, &sentence, "");
    }
    if report.records.read > 0 {
        wrapped(&mut lines, Style::Dim, &read(report), "");
    }
    controls(&mut lines, report);
    exposures(&mut lines, report);
    tugs(&mut lines, report);
    budgets(&mut lines, report);
    let accounts = report.accounts.rows.iter().map(|row| {
        let name = row.name.as_deref().map(|name| format!(" {name}")).unwrap_or_default();
        (format!("{}{name} ({})", row.account, row.environment), &row.counts)
    });
    counted(&mut lines, "Accounts", report.accounts.total, accounts);
    let actors = report.actors.rows.iter().map(|row| (row.actor.clone(), &row.counts));
    counted(&mut lines, "Who", report.actors.total, actors);
    let tools = report.tools.rows.iter().map(|row| (row.tool.clone(), &row.counts));
    counted(&mut lines, "With what", report.tools.total, tools);
    unwatched(&mut lines, report);
    cost(&mut lines, report);
    lines
}

fn read(report: &Report) -> String {
    let (files, records) = (&report.files, &report.records);
    let mut parts = vec![
        format!("Read: {} in {}", some(records.read, "record"), some(files.read, "file")),
        format!("{} ({} unpacked)", words::bytes(files.bytes), words::bytes(files.inflated)),
    ];
    let other: u64 = files.other.values().sum();
    let asides = [
        (other, "file of another kind", "files of other kinds"),
        (records.duplicates, "record that came twice", "records that came twice"),
        (records.failed, "failed call", "failed calls"),
    ];
    for (count, one, more) in asides {
        if count > 0 {
            parts.push(format!("{} {}", number(count), if count == 1 { one } else { more }));
        }
    }
    format!("{}.", parts.join(", "))
}

fn unreadable(lines: &mut Vec<Line>, report: &Report) {
    let files = &report.files.unreadable;
    for file in files.rows.iter().take(ROWS) {
        let why = fit(&outside(&file.why), 40);
        let room = WIDTH.saturating_sub(INDENT.len() + 2 + grid::width(&why));
        let path = fit(&path(&file.path), room);
        lines
            .push(Line::new().own(Style::Plain, INDENT).own(Style::Strong, &path).own(Style::Dim, &format!(": {why}")));
    }
    more(lines, files.total, files.rows.len().min(ROWS));
}

const VERDICTS: [(&str, Verdict, Style); 5] = [
    ("CORRECT", Verdict::WouldCorrect, Style::Bad),
    ("TELL", Verdict::WouldTell, Style::Warn),
    ("EXEMPT", Verdict::Exempt, Style::Plain),
    ("IGNORED", Verdict::Ignored, Style::Dim),
    ("LOOK", Verdict::NeedsLiveState, Style::Plain),
];

fn verdict_columns() -> impl Iterator<Item = Column> {
    VERDICTS.into_iter().map(|(name, ..)| Column::right(name))
}

fn verdict_cells(counts: &Counts) -> impl Iterator<Item = (Style, String)> {
    VERDICTS.into_iter().map(|(_, verdict, style)| amount(counts.of(verdict), style))
}

/// A number that is seen when it is one.
fn amount(count: u64, style: Style) -> (Style, String) {
    if count == 0 { (Style::Dim, "-".to_owned()) } else { (style, number(count)) }
}

fn controls(lines: &mut Vec<Line>, report: &Report) {
    let mut columns = vec![Column::rest("CONTROL"), Column::left("SEVERITY")];
    columns.extend(verdict_columns());
    columns.extend([Column::right("OPEN"), Column::right("LONGEST")]);
    let mut grid = Grid::new(columns);
    for row in &report.controls {
        let mut cells = vec![(Style::Plain, row.control.to_owned()), severity(row.severity)];
        cells.extend(verdict_cells(&row.counts));
        cells.push(amount(row.open, Style::Bad));
        cells.push(if row.exposures == 0 { (Style::Dim, "-".to_owned()) } else { (Style::Plain, short(row.longest)) });
        grid.row(cells);
    }
    if report.controls.is_empty() {
        return;
    }
    heading(lines, "Verdicts by control", report.controls.len() as u64);
    grid.write(lines, INDENT, WIDTH);
    let note = "LOOK: the log alone does not decide. OPEN: exposures that nothing in the log ends.";
    wrapped(lines, Style::Dim, note, INDENT);
}

fn severity(severity: Severity) -> (Style, String) {
    let style = match severity {
        Severity::Critical => Style::Bad,
        Severity::High => Style::Warn,
        Severity::Medium => Style::Plain,
        Severity::Low => Style::Dim,
    };
    (style, severity.to_string())
}

fn exposures(lines: &mut Vec<Line>, report: &Report) {
    for (open, title) in [(true, "Still open when the log ended"), (false, "Longest that were closed again")] {
        let rows = words::exposures(report, open);
        let total = match open {
            true => words::open(report).max(rows.len() as u64),
            false => words::closed(report).max(rows.len() as u64),
        };
        if rows.is_empty() {
            continue;
        }
        heading(lines, title, total);
        for row in rows.iter().take(if open { ROWS } else { ROWS / 2 }) {
            exposure(lines, row);
        }
        more(lines, total, rows.len().min(if open { ROWS } else { ROWS / 2 }));
    }
}

fn exposure(lines: &mut Vec<Line>, row: &Exposure) {
    let stood = format!("{:>8}", short(row.seconds));
    let (style, severity) = severity(row.severity);
    let room = WIDTH.saturating_sub(INDENT.len() + 8 + 2 + 8 + 2 + row.control.len() + 2);
    lines.push(
        Line::new()
            .own(Style::Plain, INDENT)
            .own(Style::Strong, &stood)
            .own(style, &format!("  {severity:<8}"))
            .own(Style::Plain, &format!("  {}  ", row.control))
            .own(Style::Strong, &fit(&outside(&row.resource), room)),
    );
    let place = format!("{} {}", fit(&outside(&row.account), 12), fit(&outside(&row.region), 16));
    let since = words::minute(row.opened);
    let indent = 12;
    let by = WIDTH.saturating_sub(indent + grid::width(&place) + since.len() + "since , by , ".len());
    let by = fit(&outside(words::beside(&row.opened_by, &row.account)), by);
    lines.push(Line::new().own(Style::Dim, &format!("{:indent$}since {since}, {place}, by {by}", "")));
}

fn tugs(lines: &mut Vec<Line>, report: &Report) {
    let rows = &report.tug_of_war;
    if rows.rows.is_empty() {
        return;
    }
    heading(lines, "Tug of war: would have been put back again and again", rows.total);
    for row in rows.rows.iter().take(ROWS) {
        let times = format!("{:>8}", format!("{}x", number(row.times)));
        let room = WIDTH.saturating_sub(INDENT.len() + 8 + 2 + row.control.len() + 2);
        lines.push(
            Line::new()
                .own(Style::Plain, INDENT)
                .own(Style::Warn, &times)
                .own(Style::Plain, &format!("  {}  ", row.control))
                .own(Style::Strong, &fit(&outside(&row.resource), room)),
        );
        let by: Vec<String> =
            row.by.iter().take(5).map(|by| fit(&outside(words::beside(by, &row.account)), 40)).collect();
        let text = format!(
            "{} since {}, by {}",
            fit(&outside(&row.account), 12),
            words::minute(row.since),
            if by.is_empty() { "nobody known".to_owned() } else { by.join(", ") }
        );
        lines.push(Line::new().own(Style::Dim, &format!("{:12}{}", "", fit(&text, WIDTH - 12))));
    }
    more(lines, rows.total, rows.rows.len().min(ROWS));
}

fn budgets(lines: &mut Vec<Line>, report: &Report) {
    let hours = &report.budgets.hours;
    if hours.rows.is_empty() {
        return;
    }
    heading(lines, "Hours with more corrections than the settings allow", hours.total);
    let mut grid = Grid::new(vec![
        Column::rest("CONTROL"),
        Column::left("ACCOUNT"),
        Column::left("HOUR"),
        Column::right("CORRECT"),
        Column::right("ALLOWED"),
    ]);
    for row in hours.rows.iter().take(ROWS) {
        grid.row(vec![
            (Style::Plain, row.control.to_owned()),
            (Style::Plain, row.account.as_deref().map_or_else(|| "(together)".to_owned(), |id| fit(&outside(id), 12))),
            (Style::Plain, words::minute(row.hour)),
            (Style::Warn, number(row.corrections)),
            (Style::Plain, number(row.limit)),
        ]);
    }
    grid.write(lines, INDENT, WIDTH);
    more(lines, hours.total, hours.rows.len().min(ROWS));
}

/// Names with verdicts.
fn counted<'r>(
    lines: &mut Vec<Line>,
    title: &str,
    total: u64,
    rows: impl ExactSizeIterator<Item = (String, &'r Counts)>,
) {
    let shown = rows.len().min(ROWS);
    if shown == 0 {
        return;
    }
    heading(lines, title, total);
    let mut grid = Grid::new(std::iter::once(Column::rest("")).chain(verdict_columns()).collect());
    for (name, counts) in rows.take(ROWS) {
        grid.row(std::iter::once((Style::Plain, outside(&name))).chain(verdict_cells(counts)).collect());
    }
    grid.write(lines, INDENT, WIDTH);
    more(lines, total, shown);
}

fn unwatched(lines: &mut Vec<Line>, report: &Report) {
    let gaps = &report.unwatched;
    if gaps.rows.is_empty() {
        return;
    }
    heading(lines, "Calls that change something and that no guard watches", gaps.total);
    let mut grid = Grid::new(vec![Column::left("SERVICE"), Column::rest("CALL"), Column::right("RECORDS")]);
    for row in gaps.rows.iter().take(GAPS) {
        let source = row.source.strip_suffix(".amazonaws.com").unwrap_or(&row.source);
        grid.row(vec![
            (Style::Plain, fit(&outside(source), 40)),
            (Style::Plain, outside(&row.name)),
            (Style::Plain, number(row.records)),
        ]);
    }
    grid.write(lines, INDENT, WIDTH);
    more(lines, gaps.total, gaps.rows.len().min(GAPS));
}

fn cost(lines: &mut Vec<Line>, report: &Report) {
    let cost = &report.cost;
    if cost.guards.is_empty() {
        return;
    }
    lines.push(Line::new());
    let (invocations, calls) =
        cost.guards.iter().fold((0_u64, 0_u64), |(i, c), guard| (i + guard.invocations, c + guard.calls));
    let text = format!(
        "Cost: {} a month if every guard were switched on, for {} and at most {} to AWS in the whole log.",
        words::dollars(cost.dollars_a_month),
        some(invocations, "invocation"),
        some(calls, "call"),
    );
    wrapped(lines, Style::Strong, &text, "");
    wrapped(lines, Style::Dim, &format!("{}.", words::assumptions().join(". ")), INDENT);
}

fn heading(lines: &mut Vec<Line>, title: &str, total: u64) {
    lines.push(Line::new());
    lines.push(Line::new().own(Style::Strong, title).own(Style::Dim, &format!(" ({})", number(total))));
}

/// How many are not shown.
fn more(lines: &mut Vec<Line>, total: u64, shown: usize) {
    let left = total.saturating_sub(shown as u64);
    if left > 0 {
        lines.push(Line::new().own(Style::Dim, &format!("{INDENT}and {} more", number(left))));
    }
}

/// Adds `text`, escaped already, broken between words.
fn wrapped(lines: &mut Vec<Line>, style: Style, text: &str, indent: &str) {
    let options = textwrap::Options::new(WIDTH).initial_indent(indent).subsequent_indent(indent);
    lines.extend(textwrap::wrap(text, options).iter().map(|row| Line::new().own(style, row.trim_end())));
}

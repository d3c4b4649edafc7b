//! The sections of the page, in the order in which they are read.

use maud::{Markup, html};
use rectify_render::escape;

use super::{
    chart, class, heat, outside,
    table::{Column, account, counts, number, seconds, table, tag, text, what, with_verdicts},
    words,
};
use crate::{ControlRow, Counts, EventRow, Exposure, Report, WhyRow};

/// Most rows of a list.
const ROWS: usize = 100;
/// Most reasons of a control that are seen at once, and most that are there.
const REASONS: usize = 3;
const ALL_REASONS: usize = 30;

/// A section: where it is, what stands above it, and what stands in it.
struct Section {
    id: &'static str,
    name: &'static str,
    content: Markup,
}

fn sections(report: &Report) -> Vec<Section> {
    let section = |id, name, content| Section { id, name, content };
    vec![
        section("timeline", "Day by day", chart::timeline(report)),
        section("heat", "By account and control", heat::map(report)),
        section("controls", "Controls", controls(report)),
        section("exposures", "Exposures", exposures(report)),
        section("accounts", "Accounts", accounts(report)),
        section("actors", "Who, and with what", who(report)),
        section("tugs", "Tug of war", tugs(report)),
        section("budgets", "Budgets", budgets(report)),
        section("cost", "Cost", cost(report)),
        section("gaps", "Not watched", gaps(report)),
        section("read", "What was read", read(report)),
    ]
}

/// Links to the sections.
pub(super) fn contents(report: &Report) -> Markup {
    html! {
        nav aria-label="Sections" {
            @for section in sections(report) { a href={ "#" (section.id) } { (section.name) } }
            a href="#verdicts" { "What the verdicts mean" }
        }
    }
}

/// Every section.
pub(super) fn all(report: &Report) -> Markup {
    html! {
        @for section in sections(report) {
            section id=(section.id) aria-labelledby={ (section.id) "-name" } {
                h2 id={ (section.id) "-name" } { (section.name) }
                (section.content)
            }
        }
    }
}

fn none(words: &str) -> Markup {
    html! { p class="none" { (words) } }
}

fn controls(report: &Report) -> Markup {
    if report.controls.is_empty() {
        return none("No event was about a control.");
    }
    let most = heard(report.controls.iter().map(|row| &row.counts));
    let rows: Vec<Markup> = (report.controls.iter())
        .map(|row| {
            html! {
                (what(&html! {
                    (tag(row.severity)) b { (row.title) }
                    div class="dim" { code { (row.control) } }
                    (chart::share(&row.counts, &chart::HEARD, most))
                    (reasons(row))
                }))
                (counts(&row.counts))
                (number("exposures", row.exposures))
                (number("still open", row.open))
                (seconds("longest", row.longest))
                (seconds("all together", row.exposed))
            }
        })
        .collect();
    let columns = with_verdicts(
        vec![Column::what("control")],
        vec![
            Column::number("exposures"),
            Column::number("still open"),
            Column::number("longest"),
            Column::number("all together"),
        ],
    );
    let total = rows.len() as u64;
    table("Verdicts, and how long exposures stood, in the order of the rule book", &columns, rows, total)
}

fn reasons(row: &ControlRow) -> Markup {
    let reason = |row: &WhyRow| {
        html! { li { span class={ "dot " (class(row.verdict)) } {} (words::number(row.count)) " " (row.verdict.words()) ": " (outside(&row.why)) } }
    };
    let (first, rest) = row.why.rows.split_at_checked(REASONS).unwrap_or((&row.why.rows, &[]));
    let rest = rest.iter().take(ALL_REASONS);
    let left = row.why.total.saturating_sub((first.len() + rest.len()) as u64);
    let behind = row.why.total.saturating_sub(first.len() as u64);
    html! {
        @if !first.is_empty() { ul class="why" { @for row in first { (reason(row)) } } }
        @if behind > 0 {
            details class="why" {
                summary { (words::some(behind, "more reason")) }
                ul { @for row in rest { (reason(row)) } @if left > 0 { li { "and " (words::number(left)) " more" } } }
            }
        }
    }
}

/// The most that one row has been heard of.
fn heard<'r>(counts: impl Iterator<Item = &'r Counts>) -> u64 {
    counts.map(Counts::heard).max().unwrap_or_default().max(1)
}

fn exposures(report: &Report) -> Markup {
    let open = words::exposures(report, true);
    let closed = words::exposures(report, false);
    let open_total = words::open(report).max(open.len() as u64);
    let closed_total = words::closed(report).max(closed.len() as u64);
    html! {
        h3 { "Still open when the log ended" }
        @if open.is_empty() { (none("Nothing was.")) } @else {
            (exposed(report, &open, open_total, "The longest first; the strip shows when in the log"))
        }
        h3 { "Closed again" }
        @if closed.is_empty() { (none("Nothing was.")) } @else {
            (exposed(report, &closed, closed_total, "The longest first; the strip shows when in the log"))
        }
    }
}

fn exposed(report: &Report, rows: &[&Exposure], total: u64, caption: &str) -> Markup {
    let columns = [
        Column::what("what was open"),
        Column::text("account"),
        Column::number("stood"),
        Column::long("when"),
        Column::long("who"),
    ];
    let rows = rows.iter().take(ROWS).map(|row| {
        html! {
            (what(&html! {
                (tag(row.severity)) b { (outside(&row.resource)) }
                div { (outside(&row.summary)) }
                div class="dim" {
                    code { (row.control) } " "
                    span class={ "dot " (class(row.verdict)) } {} (row.verdict.words())
                }
            }))
            (account(&row.account, &html! { div class="dim" { (outside(&row.region)) } }))
            (seconds("stood", row.seconds))
            (text("when", &html! {
                (words::minute(row.opened))
                div class="dim" {
                    @match row.closed { Some(closed) => { "to " (words::minute(closed)) } None => "still open" }
                }
                (chart::window(row, report.period))
            }))
            (text("who", &html! {
                (outside(&row.opened_by))
                @if let Some(by) = &row.closed_by { div class="dim" { "closed by " (outside(by)) } }
            }))
        }
    });
    table(caption, &columns, rows.collect(), total)
}

fn accounts(report: &Report) -> Markup {
    let most = heard(report.accounts.rows.iter().map(|row| &row.counts));
    let rows = report.accounts.rows.iter().take(ROWS).map(|row| {
        html! {
            (what(&html! {
                @if let Some(name) = &row.name { b { (outside(name)) } " " }
                (outside(&row.account))
                (chart::share(&row.counts, &chart::HEARD, most))
            }))
            (text("environment", &outside(&row.environment)))
            (counts(&row.counts))
        }
    });
    let columns = with_verdicts(vec![Column::what("account"), Column::text("environment")], vec![]);
    named("By account, most to correct or tell first", &columns, rows.collect(), report.accounts.total)
}

fn who(report: &Report) -> Markup {
    let named_by = |names: Vec<(&str, &Counts)>, caption: &str, name: &'static str, total: u64| {
        let most = heard(names.iter().map(|(_, counts)| *counts));
        let rows = names.into_iter().take(ROWS).map(|(name, row)| {
            html! { (what(&html! { (outside(name)) (chart::share(row, &chart::HEARD, most)) })) (counts(row)) }
        });
        named(caption, &with_verdicts(vec![Column::what(name)], vec![]), rows.collect(), total)
    };
    let actors = report.actors.rows.iter().map(|row| (row.actor.as_str(), &row.counts)).collect();
    let tools = report.tools.rows.iter().map(|row| (row.tool.as_str(), &row.counts)).collect();
    html! {
        div class="two" {
            div { h3 { "Who" } (named_by(actors, "A session counts to its role", "principal", report.actors.total)) }
            div { h3 { "With what" } (named_by(tools, "As far as events tell", "tool", report.tools.total)) }
        }
    }
}

/// A table, or that there is nothing in it.
fn named(caption: &str, columns: &[Column], rows: Vec<Markup>, total: u64) -> Markup {
    if rows.is_empty() { none("Nobody.") } else { table(caption, columns, rows, total) }
}

fn tugs(report: &Report) -> Markup {
    let tugs = &report.tug_of_war;
    if tugs.rows.is_empty() {
        return none("Nobody breaks again and again what would have been put back.");
    }
    let columns = [
        Column::what("resource"),
        Column::text("account"),
        Column::number("times"),
        Column::text("since"),
        Column::long("by"),
    ];
    let rows = tugs.rows.iter().take(ROWS).map(|row| {
        html! {
            (what(&html! { b { (outside(&row.resource)) } div class="dim" { code { (row.control) } } }))
            (account(&row.account, &html! {}))
            (number("times", row.times))
            (text("since", &html! { (words::minute(row.since)) }))
            (text("by", &html! {
                @if row.by.is_empty() { "nobody known" }
                @for by in row.by.iter().take(5) { div { (outside(by)) } }
                @if row.by.len() > 5 { div class="dim" { "and " (row.by.len() - 5) " more" } }
            }))
        }
    });
    html! {
        p { "Put back once, these would have been broken again. Talk to who does it, or exempt it, before switching on." }
        (table("The most often first", &columns, rows.collect(), tugs.total))
    }
}

fn budgets(report: &Report) -> Markup {
    let hours = &report.budgets.hours;
    if hours.rows.is_empty() {
        return none("No hour has more corrections than the settings allow.");
    }
    let columns = [
        Column::what("control"),
        Column::text("account"),
        Column::text("hour from"),
        Column::number("to put back"),
        Column::number("allowed"),
    ];
    let rows = hours.rows.iter().take(ROWS).map(|row| {
        html! {
            (what(&html! { code { (row.control) } }))
            @match &row.account {
                Some(id) => { (account(id, &html! {})) }
                None => { (text("account", &html! { "all together" })) }
            }
            (text("hour from", &html! { (words::minute(row.hour)) }))
            (number("to put back", row.corrections))
            (number("allowed", row.limit))
        }
    });
    html! {
        p { "What is beyond the budget is told in place of being put back. Which of an hour come first, nobody can say." }
        (table("Most beyond the budget first", &columns, rows.collect(), hours.total))
    }
}

fn cost(report: &Report) -> Markup {
    let cost = &report.cost;
    if cost.guards.is_empty() {
        return none("No event would have woken a guard.");
    }
    let columns = [
        Column::what("guard"),
        Column::number("invocations"),
        Column::number("calls to AWS, at most"),
        Column::number("a month"),
    ];
    let dollars = |amount: f64| {
        html! { td class="n" role="cell" data-label="a month" data-v=(format!("{:.6}", amount.clamp(0.0, 1e15))) { (words::dollars(amount)) } }
    };
    let rows: Vec<Markup> = (cost.guards.iter())
        .map(|row| {
            html! {
                (what(&html! { b { (row.kind) } }))
                (number("invocations", row.invocations))
                (number("calls to AWS, at most", row.calls))
                (dollars(row.dollars_a_month))
            }
        })
        .collect();
    let total = rows.len() as u64;
    html! {
        p {
            "All guards together: " b { (words::dollars(cost.dollars_a_month)) } " a month, by the "
            (format!("{:.1}", cost.days.clamp(0.0, 1e9))) " days of this log."
        }
        (table("Invocations and calls are those of the whole log", &columns, rows, total))
        h3 { "What this assumes" }
        ul class="assumptions" { @for assumption in words::assumptions() { li { (assumption) "." } } }
    }
}

fn gaps(report: &Report) -> Markup {
    let rows = &report.unwatched.rows;
    html! {
        p { "Calls that change something and that no guard watches. What happens there, nobody would have heard of." }
        @if rows.is_empty() { (none("There were none.")) } @else {
            (events(rows, "Most first", report.unwatched.total, false))
        }
    }
}

fn events(rows: &[EventRow], caption: &str, total: u64, watched: bool) -> Markup {
    let mut columns = vec![Column::what("call"), Column::text("service"), Column::number("records")];
    if watched {
        columns.push(Column::text("watched by"));
    }
    let rows = rows.iter().take(ROWS).map(|row| {
        html! {
            (what(&html! { b { (outside(&row.name)) } }))
            (text("service", &outside(&row.source)))
            (number("records", row.records))
            @if watched {
                (text("watched by", &html! { @if row.watched_by.is_empty() { span class="dim" { "no guard" } } (row.watched_by.join(", ")) }))
            }
        }
    });
    table(caption, &columns, rows.collect(), total)
}

fn read(report: &Report) -> Markup {
    let (files, records) = (&report.files, &report.records);
    let facts = [
        ("files with records", words::number(files.read)),
        ("as stored", words::bytes(files.bytes)),
        ("unpacked", words::bytes(files.inflated)),
        ("records", words::number(records.read)),
        ("of calls that a guard watches", words::number(records.watched)),
        ("of them, failed calls", words::number(records.failed)),
        ("of them, delivered twice and left out", words::number(records.duplicates)),
        ("pieces that are no records", words::number(records.unreadable)),
        ("files that could not be read", words::number(files.unreadable.total)),
    ];
    html! {
        dl class="facts-list" { @for (what, number) in facts { div { dt { (what) } dd { (number) } } } }
        @if !files.unreadable.rows.is_empty() {
            h3 class="bad" { "Could not be read, or not to the end" }
            (unreadable(report))
        }
        @if !files.other.is_empty() {
            h3 { "Files of other kinds" }
            p { @for (number, (kind, count)) in files.other.iter().take(ROWS).enumerate() {
                @if number > 0 { ", " } (words::number(*count)) " " (outside(kind))
            } }
        }
        @if !report.events.rows.is_empty() {
            details {
                summary { "Every call that was seen" }
                (events(&report.events.rows, "Most first", report.events.total, true))
            }
        }
    }
}

fn unreadable(report: &Report) -> Markup {
    let files = &report.files.unreadable;
    let columns = [Column::what("file"), Column::long("why"), Column::number("records before that")];
    let rows = files.rows.iter().take(ROWS).map(|file| {
        html! {
            (what(&html! { code { bdi { (escape::line(&file.path, 1_000)) } } }))
            (text("why", &outside(&file.why)))
            (number("records before that", file.records))
        }
    });
    table("What these hold is missing in the answer", &columns, rows.collect(), files.total)
}

//! The report as a page: one file, nothing loaded, nothing run.

use maud::{Markup, html};
use rectify_controls::Severity;

use super::{
    Overview, Resource, Rule, chart,
    count::{SEVERITIES, Series, count},
    words::{NAME, TEXT, day, list, minute, outcome, rules, some, span},
};
use crate::{escape, html::document};

/// Most open findings, and most rows of every other list.
const OPEN: usize = 200;
const ROWS: usize = 100;

impl Overview {
    /// The page: it needs no server, no script and no network, prints, and reads on a phone and with a screen reader.
    /// Bounded: at most 200 open findings and 100 rows of every other list, each with how many more there are.
    #[must_use]
    pub fn page(&self) -> String {
        let title = format!("{}, {}", escape::value(&self.title, NAME), self.scope());
        let body = html! {
            (chart::patterns())
            header {
                h1 { (title) }
                p class="dim" { (self.period()) ", made at " (minute(self.made_at)) " by rectify" }
                @for warning in self.warnings() { p class="warning" role="note" { (warning) } }
                (self.facts())
                p { @for sentence in self.sentences() { (sentence) " " } }
            }
            main {
                @if !self.open.is_empty() || !self.days.is_empty() {
                    h2 { "At a glance" }
                    div class="charts" { (self.timeline()) (self.ages()) }
                }
                (self.heat_map())
                (self.page_open())
                (self.page_corrections())
                (self.page_undos())
                (self.page_tugs())
                (self.page_exemptions())
                (self.page_shadow())
            }
            footer { p { "All rows: " code { "rectify report --output json" } } }
        };
        document(&title, &body)
    }

    fn facts(&self) -> Markup {
        let soon = self.exemptions.iter().filter(|exemption| self.ends_soon(exemption)).count();
        let facts = [
            (count(self.open.len()), "open".to_owned()),
            (self.open_of(Severity::Critical), "open and critical".to_owned()),
            (self.corrections_of(Series::Corrected), "corrected".to_owned()),
            (self.corrections_of(Series::Trouble), "corrections that did not end well".to_owned()),
            (count(self.undos.len()), "undone".to_owned()),
            (count(soon), "exemptions that end soon".to_owned()),
        ];
        html! { ul class="facts" { @for (number, what) in facts { li { b { (number) } " " (what) } } } }
    }

    fn heat_map(&self) -> Markup {
        let heat = self.heat();
        let most = heat.rows.iter().flat_map(|(_, _, row)| row).copied().max().unwrap_or_default();
        let left = |number: usize, what: &str| (number > 0).then(|| some(count(number), what));
        let left: Vec<String> = left(heat.accounts_omitted, "more account")
            .into_iter()
            .chain(left(heat.controls_omitted, "more control"))
            .collect();
        html! {
            @if most > 0 {
                figure {
                    div class="scroll" tabindex="0" role="region" aria-label="Open findings by account and control" {
                        table class="heat" {
                            caption { "Open findings by account and control, most first; darker is more" }
                            thead { tr {
                                th scope="col" { "account" }
                                @for control in &heat.controls { th scope="col" { (escape::value(control, NAME)) } }
                            } }
                            tbody {
                                @for (account, name, row) in &heat.rows {
                                    tr {
                                        th scope="row" {
                                            @if let Some(name) = name { (escape::value(name, 60)) " " }
                                            span class="dim" { (escape::value(account, 20)) }
                                        }
                                        @for number in row { td class=(shade(*number, most)) { (number) } }
                                    }
                                }
                            }
                        }
                    }
                    @if !left.is_empty() { p class="dim" { "… and " (list(&left)) } }
                }
            }
        }
    }

    fn page_open(&self) -> Markup {
        let rows = self.worst();
        let shown = rows.iter().take(OPEN).map(|finding| {
            html! { tr {
                td class="what" {
                    (tag(finding.severity)) b { (rule(&finding.control)) }
                    div { (name(&finding.resource)) }
                    div { (escape::value(&finding.summary, TEXT)) }
                }
                td class="where" data-label="where" { (place(&finding.resource)) }
                td class="when" data-label="age" { (span(finding.first_seen, self.made_at)) }
                td data-label="last" { (finding.last(self.made_at)) }
            } }
        });
        let severities = SEVERITIES.into_iter().filter(|severity| self.open_of(*severity) > 0).count();
        let caption = if severities > 1 { "the worst and oldest first" } else { "the oldest first" };
        let empty = html! { p { "Nothing is open." } };
        table("Open", rows.len(), OPEN, caption, &["finding", "where", "age", "last"], shown, &empty)
    }

    fn page_corrections(&self) -> Markup {
        let rows = self.corrections_by_worth();
        let shown = rows.iter().take(ROWS).map(|correction| {
            html! { tr {
                td class="what" {
                    @if let Some(severity) = correction.severity { (tag(severity)) }
                    b { (rules(&correction.controls)) }
                    div { (name(&correction.resource)) }
                    @if let Some(actor) = &correction.actor { div { "opened by " (escape::value(actor, NAME)) } }
                }
                td class="where" data-label="where" { (place(&correction.resource)) }
                td class="when" data-label="when" { (minute(correction.at)) }
                td data-label="end" { (correction.ended()) div class="dim" { (escape::value(&correction.id, 40)) } }
            } }
        });
        let empty = html! { p { "rectify corrected nothing in the period." } };
        let caption = "what did not end well in front, then the newest";
        table("Corrections", rows.len(), ROWS, caption, &["what", "where", "when", "end"], shown, &empty)
    }

    fn page_undos(&self) -> Markup {
        let shown = self.undos.iter().take(ROWS).map(|undo| {
            html! { tr {
                td class="what" {
                    b { (rules(&undo.controls)) }
                    div { (name(&undo.resource)) }
                    div { (outcome(&undo.outcome)) " by " (escape::value(&undo.by, NAME)) ": " (escape::value(&undo.reason, TEXT)) }
                }
                td class="where" data-label="where" { (place(&undo.resource)) }
                td class="when" data-label="when" { (minute(undo.at)) }
                td data-label="held off" { @match undo.until { Some(until) => { "until " (minute(until)) } None => "no" } }
            } }
        });
        let caption = "corrections that a person took back";
        table("Undone", self.undos.len(), ROWS, caption, &["what", "where", "when", "held off"], shown, &html! {})
    }

    fn page_tugs(&self) -> Markup {
        let shown = self.tugs.iter().take(ROWS).map(|tug| {
            html! { tr {
                td class="what" { b { (rule(&tug.control)) } div { (name(&tug.resource)) } }
                td class="where" data-label="where" { (place(&tug.resource)) }
                td data-label="corrected" { (some(tug.times, "time")) ", last " (minute(tug.last)) }
                td data-label="opened by" {
                    @if tug.by.is_empty() { "nobody known" }
                    @for by in tug.by.iter().take(5) { div { (escape::value(by, NAME)) } }
                }
            } }
        });
        let caption = "somebody keeps changing what rectify puts back";
        table(
            "Tugs of war",
            self.tugs.len(),
            ROWS,
            caption,
            &["what", "where", "corrected", "opened by"],
            shown,
            &html! {},
        )
    }

    fn page_exemptions(&self) -> Markup {
        let rows = self.exemptions_by_end();
        let shown = rows.iter().take(ROWS).map(|exemption| {
            html! { tr {
                td class="what" { (exemption.what()) }
                td class="where" data-label="why" { (exemption.why()) }
                td class="when" data-label="ends" { (day(exemption.until)) @if self.ends_soon(exemption) { " " b { "(soon)" } } }
            } }
        });
        let caption = "the first to end in front";
        table("Exemptions", rows.len(), ROWS, caption, &["what", "why", "ends"], shown, &html! {})
    }

    fn page_shadow(&self) -> Markup {
        let shown = self.shadow.iter().take(ROWS).map(|shadow| {
            html! { tr {
                td class="what" { b { (rule(&shadow.control)) } }
                td data-label="would have been" { (shadow.would_have()) }
            } }
        });
        let caption = "what would have come of each control's findings";
        table("Shadow mode", self.shadow.len(), ROWS, caption, &["control", "would have been"], shown, &html! {})
    }
}

/// A section with a table, or `empty` when it has no rows and `empty` says something. On a narrow screen the rows become
/// blocks; the roles keep it a table for screen readers.
pub(crate) fn table(
    heading: &str,
    rows: usize,
    limit: usize,
    caption: &str,
    columns: &[&str],
    shown: impl Iterator<Item = Markup>,
    empty: &Markup,
) -> Markup {
    html! {
        @if rows > 0 || !empty.0.is_empty() { h2 { (heading) @if rows > 0 { " (" (rows) ")" } } }
        @if rows > 0 {
            table class="rows" {
                caption class="dim" { (caption) }
                thead { tr { @for column in columns { th scope="col" { (column) } } } }
                tbody { @for row in shown { (row) } }
            }
            @if rows > limit { p { "… and " (rows - limit) " more" } }
        } @else { (empty) }
    }
}

/// The control, with its page where this release knows it.
fn rule(rule: &Rule) -> Markup {
    html! {
        @match rule.page() {
            Some(page) => a href=(page) { (rule.shown()) },
            None => (rule.shown()),
        }
    }
}

/// The resource's name, a link where there is a page in the console.
fn name(resource: &Resource) -> Markup {
    html! {
        @match resource.link() {
            Some(link) => a href=(link) { (resource.name()) },
            None => (resource.name()),
        }
    }
}

fn place(resource: &Resource) -> Markup {
    html! {
        (resource.account())
        div class="dim" {
            (escape::value(&resource.region, 30))
            @if let Some(environment) = &resource.environment { ", " (escape::value(environment, NAME)) }
            @if let Some(owner) = &resource.owner { ", owner " (escape::value(owner, NAME)) }
        }
    }
}

pub(crate) fn tag(severity: Severity) -> Markup {
    html! { span class={ "tag " (severity) } { (severity) } }
}

fn shade(number: u64, most: u64) -> &'static str {
    match (number, number.saturating_mul(4).div_ceil(most.max(4))) {
        (0, _) => "h0",
        (_, 0 | 1) => "h1",
        (_, 2) => "h2",
        (_, 3) => "h3",
        _ => "h4",
    }
}

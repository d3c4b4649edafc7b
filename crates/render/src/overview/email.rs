//! The HTML e-mail: tables and inline styles, because mail clients understand little else.

use maud::{DOCTYPE, Markup, html};
use rectify_controls::Severity;

use super::{
    Overview, Resource,
    words::{NAME, TEXT, day, minute, outcome, rules, some, span},
};
use crate::{escape, html::ended};

/// Most rows and about the most bytes of what is open, and of every other section. Gmail cuts messages at 102 kB («Gmail
/// Help: message clipped»).
const OPEN: (usize, usize) = (30, 35_000);
const ROWS: (usize, usize) = (15, 10_000);

const BODY: &str = "margin:0;padding:0;background:#eef1f4;color:#1b2430;\
    font-family:-apple-system,'Segoe UI',Roboto,Helvetica,Arial,sans-serif;font-size:15px;line-height:1.45";
const CARD: &str = "width:100%;max-width:640px;background:#ffffff;border:1px solid #d5dbe1;border-collapse:separate";
const INSIDE: &str = "padding:20px 20px 24px;word-break:break-word;overflow-wrap:anywhere";
const H1: &str = "margin:0 0 4px;font-size:21px;line-height:1.3;color:#1b2430";
const H2: &str = "margin:26px 0 4px;font-size:16px;line-height:1.3;color:#1b2430";
const DIM: &str = "color:#55616e;font-size:13px";
const WARN: &str = "margin:12px 0 0;padding:8px 12px;border-left:4px solid #b3261e;background:#fdf0ee";
const TABLE: &str = "width:100%;border-collapse:collapse";
const CELL: &str = "padding:10px 0;border-top:1px solid #e2e7ec;vertical-align:top;text-align:left";
const LINK: &str = "color:#0b57a4";

impl Overview {
    /// The body of the HTML e-mail. Nothing in it is loaded from anywhere, and nothing runs. [`Overview::text`] is its
    /// plain-text twin, [`Overview::subject`] its subject.
    #[must_use]
    pub fn email_html(&self) -> String {
        let title = escape::value(&self.title, NAME);
        let page = html! {
            (DOCTYPE)
            html lang="en" {
                head {
                    meta charset="utf-8";
                    meta name="viewport" content="width=device-width, initial-scale=1";
                    meta name="color-scheme" content="light only";
                    title { (self.subject()) }
                }
                body style=(BODY) {
                    table role="presentation" width="100%" cellpadding="0" cellspacing="0" border="0" {
                        tr { td align="center" style="padding:12px 8px" {
                            table role="presentation" style=(CARD) cellpadding="0" cellspacing="0" {
                                tr { td style=(INSIDE) {
                                    h1 style=(H1) { (title) ", " (self.scope()) }
                                    p style={ "margin:0;" (DIM) } { (self.period()) }
                                    @for warning in self.warnings() { p style=(WARN) { (warning) } }
                                    p style="margin:14px 0 0" {
                                        @for sentence in self.sentences() { (sentence) br; }
                                    }
                                    (self.mail_open())
                                    (self.mail_corrections())
                                    (self.mail_undos())
                                    (self.mail_tugs())
                                    (self.mail_exemptions())
                                    (self.mail_shadow())
                                    p style={ "margin:26px 0 0;" (DIM) } { "Made by rectify at " (minute(self.made_at)) "." }
                                } }
                            }
                        } }
                    }
                }
            }
        };
        ended(page)
    }

    fn mail_open(&self) -> Markup {
        let rows = self.worst();
        let shown = rows.iter().map(|finding| {
            html! {
                div { (tag(finding.severity)) " " b { (finding.control.shown()) } }
                div { (name(&finding.resource)) span style=(DIM) { " open for " (span(finding.first_seen, self.made_at)) } }
                div { (escape::value(&finding.summary, TEXT)) }
                div style=(DIM) { (finding.resource.place()) }
                div style=(DIM) {
                    (finding.last(self.made_at))
                    @if let Some(page) = finding.control.page() { " · " a style=(LINK) href=(page) { "why and how to fix it" } }
                }
            }
        });
        section("Open, the worst first", rows.len(), OPEN, shown)
    }

    fn mail_corrections(&self) -> Markup {
        let rows = self.corrections_by_worth();
        let shown = rows.iter().map(|correction| {
            html! {
                div { b { (rules(&correction.controls)) } }
                div { (name(&correction.resource)) }
                div { (correction.ended()) }
                div style=(DIM) {
                    (minute(correction.at)) " · " (correction.resource.place())
                    @if let Some(actor) = &correction.actor { " · opened by " (escape::value(actor, NAME)) }
                    " · " (escape::value(&correction.id, 40))
                }
            }
        });
        section("Corrections", rows.len(), ROWS, shown)
    }

    fn mail_undos(&self) -> Markup {
        let shown = self.undos.iter().map(|undo| {
            html! {
                div { b { (rules(&undo.controls)) } }
                div { (name(&undo.resource)) }
                div { (outcome(&undo.outcome)) " by " (escape::value(&undo.by, NAME)) ": " (escape::value(&undo.reason, TEXT)) }
                div style=(DIM) {
                    (minute(undo.at)) " · " (undo.resource.place())
                    @if let Some(until) = undo.until { " · held off until " (minute(until)) }
                }
            }
        });
        section("Undone", self.undos.len(), ROWS, shown)
    }

    fn mail_tugs(&self) -> Markup {
        let shown = self.tugs.iter().map(|tug| {
            html! {
                div { b { (tug.control.shown()) } }
                div { (name(&tug.resource)) " corrected " (some(tug.times, "time")) }
                div style=(DIM) {
                    (tug.resource.place())
                    @for by in tug.by.iter().take(3) { " · opened by " (escape::value(by, NAME)) }
                }
            }
        });
        section("Tugs of war", self.tugs.len(), ROWS, shown)
    }

    fn mail_exemptions(&self) -> Markup {
        let rows = self.exemptions_by_end();
        let shown = rows.iter().map(|exemption| {
            html! {
                div { b { "until " (day(exemption.until)) @if self.ends_soon(exemption) { " (soon)" } } }
                div { (exemption.what()) }
                div style=(DIM) { (exemption.why()) }
            }
        });
        section("Exemptions, the first to end in front", rows.len(), ROWS, shown)
    }

    fn mail_shadow(&self) -> Markup {
        let shown = self.shadow.iter().map(|shadow| {
            html! {
                div { b { (shadow.control.shown()) } }
                div { (shadow.would_have()) }
            }
        });
        section("What shadow mode would have done", self.shadow.len(), ROWS, shown)
    }
}

/// A heading with a row each, at most as many rows and, after the first, about as many bytes as `most` says; nothing when
/// there is none.
fn section(heading: &str, rows: usize, most: (usize, usize), shown: impl Iterator<Item = Markup>) -> Markup {
    let (limit, mut left) = most;
    let mut fitting: Vec<Markup> = Vec::new();
    for row in shown.take(limit) {
        if row.0.len() > left && !fitting.is_empty() {
            break;
        }
        left = left.saturating_sub(row.0.len());
        fitting.push(row);
    }
    let omitted = rows.saturating_sub(fitting.len());
    html! {
        @if rows > 0 {
            h2 style=(H2) { (heading) " (" (rows) ")" }
            table role="presentation" style=(TABLE) cellpadding="0" cellspacing="0" {
                @for row in fitting { tr { td style=(CELL) { (row) } } }
                @if omitted > 0 { tr { td style=(CELL) { "… and " (omitted) " more" } } }
            }
        }
    }
}

/// The resource's name, a link where there is a page in the console.
fn name(resource: &Resource) -> Markup {
    html! {
        @match resource.link() {
            Some(link) => a style=(LINK) href=(link) { (resource.name()) },
            None => span { (resource.name()) },
        }
    }
}

fn tag(severity: Severity) -> Markup {
    let style = match severity {
        Severity::Critical => "background:#a3231b;color:#ffffff",
        Severity::High => "background:#c2560a;color:#ffffff",
        Severity::Medium => "background:#dbe9f6;color:#1b2430",
        Severity::Low => "background:#e7eaee;color:#1b2430",
    };
    html! { span style={ (style) ";display:inline-block;padding:1px 7px;font-size:12px;font-weight:bold" } { (severity) } }
}

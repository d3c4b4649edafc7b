//! Everything that was held back in a flood, as the page that its summary leads to.

use maud::{Markup, html};
use rectify_controls::Control;

use super::{Held, Summary, account, worst_first};
use crate::{
    console,
    email::{capital, stop},
    escape,
    html::document,
    overview::{table, tag},
    wording,
};

/// Most rows: a page of about ten megabytes. A flood that is larger says how many are left.
const ROWS: usize = 10_000;
/// Longest text from outside; [`Held::of`] has cut it before.
const TEXT: usize = 300;

impl Summary {
    /// The page: a row for each of `held`, which this is the summary of, the worst first. It needs no server, no script and
    /// no network.
    #[must_use]
    pub fn page(&self, held: &[Held]) -> String {
        let rows = worst_first(held);
        let shown = rows.iter().take(ROWS).map(|held| row(held));
        let title = format!("Summary for {}", escape::value(&self.channel, TEXT));
        let columns = ["finding", "where", "when", "outcome"];
        let nothing = html! { p { "Nothing was held back." } };
        let body = html! {
            header {
                h1 { (title) }
                p { (self.sentence()) }
                @if self.alarms > 0 {
                    p class="warning" role="note" { b { "ALARM: in " (self.alarms) " of them somebody has to look now." } }
                }
            }
            main { (table("Held back", rows.len(), ROWS, "the worst first", &columns, shown, &nothing)) }
            footer { p { "Made by rectify, which watches the AWS rules of your organisation." } }
        };
        document(&title, &body)
    }
}

fn row(held: &Held) -> Markup {
    let title = escape::value(stop(&held.title), TEXT);
    let name = escape::value(&held.name, TEXT);
    html! { tr {
        td class="what" {
            (tag(held.severity))
            b {
                // Built from checked parts, never from what was kept.
                @match Control::page_of(&held.control) {
                    Some(page) => a href=(page) { (title) },
                    None => (title),
                }
            }
            div {
                @match console::link(&held.resource, &held.account, &held.region) {
                    Some(link) => a href=(link) { (name) },
                    None => (name),
                }
            }
            div { (capital(&escape::value(&held.summary, TEXT))) }
        }
        td class="where" data-label="where" {
            (escape::value(&account(held), TEXT))
            div class="dim" {
                (escape::value(&held.region, 30)) ", " (escape::value(&held.environment, TEXT))
                @if let Some(owner) = &held.owner { ", owner " (escape::value(owner, TEXT)) }
            }
        }
        td class="when" data-label="when" { (wording::time(&held.at)) }
        td data-label="outcome" {
            @if held.alarm { b { "ALARM " } }
            (escape::value(&held.outcome, 40))
            div class="dim" { (escape::value(&held.finding, 60)) }
        }
    } }
}

//! Where it is hot: accounts against controls.

use std::collections::{BTreeMap, BTreeSet};

use maud::{Markup, html};

use super::{outside, words};
use crate::{Counts, Report, Verdict};

/// Most accounts and controls that are shown.
const ACCOUNTS: usize = 60;
const CONTROLS: usize = 40;

/// What somebody would have heard of, by account and control.
pub(super) fn map(report: &Report) -> Markup {
    let mut by_account: BTreeMap<&str, u64> = BTreeMap::new();
    let mut by_control: BTreeMap<&str, u64> = BTreeMap::new();
    let mut cells: BTreeMap<(&str, &str), Counts> = BTreeMap::new();
    for row in report.heat.rows.iter().filter(|row| row.counts.heard() > 0) {
        *by_account.entry(&row.account).or_default() += row.counts.heard();
        *by_control.entry(row.control).or_default() += row.counts.heard();
        let cell = cells.entry((&row.account, row.control)).or_default();
        cell.would_correct += row.counts.would_correct;
        cell.would_tell += row.counts.would_tell;
    }
    let accounts = hottest(&by_account, ACCOUNTS);
    let mut controls = hottest(&by_control, CONTROLS);
    let order: BTreeMap<&str, usize> =
        report.controls.iter().enumerate().map(|(place, row)| (row.control, place)).collect();
    controls.sort_by_key(|(control, _)| order.get(control).copied().unwrap_or(usize::MAX));
    let names: BTreeMap<&str, &str> =
        (report.accounts.rows.iter()).filter_map(|row| Some((row.account.as_str(), row.name.as_deref()?))).collect();
    let most = cells.values().map(Counts::heard).max().unwrap_or_default();
    let left: Vec<String> = [
        left(by_account.len(), accounts.len(), "account"),
        left(by_control.len(), controls.len(), "control"),
        (report.heat.total > report.heat.rows.len() as u64)
            .then(|| words::some(report.heat.total - report.heat.rows.len() as u64, "cooler pair")),
    ]
    .into_iter()
    .flatten()
    .collect();
    html! {
        @if cells.is_empty() { p { "Nobody would have heard of anything." } } @else {
            p class="dim key" aria-hidden="true" {
                "Corrected and told together. Fewer"
                @for level in 1..=LEVELS { span class={ "swatch h" (level) } {} }
                "more"
            }
            div class="scroll tall" tabindex="0" role="region" aria-label="Heat map by account and control" {
                table class="heat" {
                    caption class="hidden" { "What somebody would have heard of, by account and control" }
                    thead {
                        tr {
                            th scope="col" class="corner" { "account" }
                            th scope="col" class="sum" { span { "all" } }
                            @for (control, _) in &controls { th scope="col" { span { (control) } } }
                        }
                    }
                    tbody {
                        @for (account, sum) in &accounts {
                            tr {
                                th scope="row" {
                                    @if let Some(name) = names.get(account) { b { (outside(name)) } " " }
                                    span class="dim" { (outside(account)) }
                                }
                                td class="sum" { (words::number(*sum)) }
                                @for (control, _) in &controls {
                                    @let cell = cells.get(&(*account, *control)).copied().unwrap_or_default();
                                    @if cell.heard() == 0 { td class="zero" { "0" } } @else {
                                        td class={ "h" (level(cell.heard(), most)) } title=(split(&cell)) {
                                            (words::number(cell.heard()))
                                        }
                                    }
                                }
                            }
                        }
                    }
                }
            }
            @if !left.is_empty() { p class="more" { "and " (words::list(&left)) } }
        }
    }
}

fn split(counts: &Counts) -> String {
    let parts: Vec<String> = [Verdict::WouldCorrect, Verdict::WouldTell]
        .into_iter()
        .filter(|verdict| counts.of(*verdict) > 0)
        .map(|verdict| format!("{} {}", words::number(counts.of(verdict)), verdict.words()))
        .collect();
    parts.join(", ")
}

/// The first `most` by number, the most first.
fn hottest<'r>(sums: &BTreeMap<&'r str, u64>, most: usize) -> Vec<(&'r str, u64)> {
    let mut rows: BTreeSet<(std::cmp::Reverse<u64>, &str)> = BTreeSet::new();
    rows.extend(sums.iter().map(|(name, sum)| (std::cmp::Reverse(*sum), *name)));
    rows.into_iter().take(most).map(|(sum, name)| (name, sum.0)).collect()
}

fn left(all: usize, shown: usize, what: &str) -> Option<String> {
    (all > shown).then(|| words::some((all - shown) as u64, &format!("more {what}")))
}

/// Shades.
const LEVELS: u64 = 5;

/// The shade of a number: each stands for a few times as many as the one before, so that one hot cell does not make the rest pale.
fn level(count: u64, most: u64) -> u64 {
    let size = |number: u64| u64::from(u64::BITS - number.leading_zeros());
    (size(count) * LEVELS).div_ceil(size(most).max(1)).clamp(1, LEVELS)
}

#[cfg(test)]
mod tests {
    use super::level;

    #[test]
    fn shades_grow_with_the_number() {
        assert_eq!([1, 2, 10, 100, 1_000].map(|count| level(count, 1_000)), [1, 1, 2, 4, 5]);
        assert_eq!(level(1, 1), 5);
        assert_eq!(level(u64::MAX, u64::MAX), 5);
    }
}

//! Tables that a reader can sort and filter, and that are blocks on a narrow screen.

use maud::{Markup, html};
use rectify_controls::Severity;

use super::{class, outside, words};
use crate::{Counts, Verdict};

/// A column.
pub(super) struct Column {
    name: &'static str,
    class: &'static str,
    verdict: Option<Verdict>,
}

impl Column {
    /// What the row is about.
    pub(super) const fn what(name: &'static str) -> Self {
        Self { name, class: "what", verdict: None }
    }

    /// Text.
    pub(super) const fn text(name: &'static str) -> Self {
        Self { name, class: "", verdict: None }
    }

    /// Text that takes more room.
    pub(super) const fn long(name: &'static str) -> Self {
        Self { name, class: "long", verdict: None }
    }

    /// A number.
    pub(super) const fn number(name: &'static str) -> Self {
        Self { name, class: "n", verdict: None }
    }

    fn verdict(verdict: Verdict) -> Self {
        Self { name: verdict.words(), class: "n", verdict: Some(verdict) }
    }
}

/// `first`, a column for each verdict, and `rest`.
pub(super) fn with_verdicts(first: Vec<Column>, rest: Vec<Column>) -> Vec<Column> {
    first.into_iter().chain(Verdict::ALL.map(Column::verdict)).chain(rest).collect()
}

/// More rows than this scroll in a window of their own.
const TALL: usize = 25;

/// A table of `rows`, each the cells of one; of `total` rows, so that what is left out is said.
pub(super) fn table(caption: &str, columns: &[Column], rows: Vec<Markup>, total: u64) -> Markup {
    let left = total.saturating_sub(rows.len() as u64);
    html! {
        div class=(if rows.len() > TALL { "scroll tall" } else { "scroll" }) tabindex=[(rows.len() > TALL).then_some("0")]
            role=[(rows.len() > TALL).then_some("region")] aria-label=[(rows.len() > TALL).then_some(caption)] {
            table class="rows" role="table" {
                caption { (caption) }
                thead {
                    tr role="row" {
                        @for column in columns {
                            th scope="col" role="columnheader" class=(column.class) {
                                @if let Some(verdict) = column.verdict { span class={ "dot " (class(verdict)) } {} }
                                (column.name)
                            }
                        }
                    }
                }
                tbody { @for row in rows { tr role="row" { (row) } } }
            }
        }
        @if left > 0 { p class="more" { "and " (words::number(left)) " more" } }
    }
}

/// What the row is about.
pub(super) fn what(content: &Markup) -> Markup {
    html! { td class="what" role="cell" { (content) } }
}

/// A cell with text; `label` says what it is where a narrow screen has no heading.
pub(super) fn text(label: &str, content: &Markup) -> Markup {
    html! { td role="cell" data-label=(label) { (content) } }
}

/// An account, which is never broken.
pub(super) fn account(account: &str, more: &Markup) -> Markup {
    html! { td role="cell" data-label="account" { span class=(if is_id(account) { "id" } else { "" }) { (outside(account)) } (more) } }
}

fn is_id(account: &str) -> bool {
    account.len() == 12 && account.bytes().all(|b| b.is_ascii_digit())
}

/// A cell with a number.
pub(super) fn number(label: &str, count: u64) -> Markup {
    html! {
        td class=(if count == 0 { "n zero" } else { "n" }) role="cell" data-label=(label) data-v=(count) { (words::number(count)) }
    }
}

/// A cell with how long something took.
pub(super) fn seconds(label: &str, seconds: i64) -> Markup {
    html! {
        td class=(if seconds == 0 { "n zero" } else { "n" }) role="cell" data-label=(label) data-v=(seconds) { (words::short(seconds)) }
    }
}

/// A cell for each verdict.
pub(super) fn counts(counts: &Counts) -> Markup {
    html! { @for verdict in Verdict::ALL { (number(verdict.words(), counts.of(verdict))) } }
}

pub(super) fn tag(severity: Severity) -> Markup {
    html! { span class={ "tag " (severity) } { (severity) } }
}

//! The page: one file that loads nothing, for a browser or a printer, with or without scripts, wide or narrow, light or dark.

mod chart;
mod heat;
mod section;
mod table;

use base64::{Engine as _, engine::general_purpose::STANDARD};
use maud::{DOCTYPE, Markup, PreEscaped, html};
use rectify_render::escape;
use sha2::{Digest as _, Sha256};

use super::{About, words};
use crate::{Report, Verdict};

const STYLE: &str = include_str!("html/page.css");
const SCRIPT: &str = include_str!("html/page.js");
/// Longest text from outside.
const TEXT: usize = 300;
/// Most files that a warning or the head of the page names.
const PATHS: usize = 5;

/// `report` as a page of its own. It is whole without its script, which only sorts and filters tables. Its policy lets nothing be
/// loaded, sent or run but that script and that style, by their hashes (W3C, «Content Security Policy Level 3»): what a name in a
/// log could bring in has no way to act.
#[must_use]
pub fn html(report: &Report, about: &About) -> String {
    let policy = format!(
        "default-src 'none'; style-src '{}'; script-src '{}'; base-uri 'none'; form-action 'none'",
        hash(STYLE),
        hash(SCRIPT)
    );
    let title = escape::line(&about.title, TEXT);
    let page = html! {
        (DOCTYPE)
        html lang="en" {
            head {
                meta charset="utf-8";
                meta http-equiv="Content-Security-Policy" content=(policy);
                meta name="viewport" content="width=device-width, initial-scale=1";
                meta name="referrer" content="no-referrer";
                meta name="color-scheme" content="light dark";
                title { (title) }
                style { (PreEscaped(STYLE)) }
            }
            body {
                a class="skip" href="#answer" { "To the answer" }
                (head(report, about))
                main { (section::all(report)) }
                (foot(about))
                script { (PreEscaped(SCRIPT)) }
            }
        }
    };
    let mut text = page.into_string();
    text.push('\n');
    text
}

fn hash(text: &str) -> String {
    format!("sha256-{}", STANDARD.encode(Sha256::digest(text.as_bytes())))
}

/// A text from outside: what is hidden in it is seen, and its direction is its own.
fn outside(text: &str) -> Markup {
    html! { bdi { (escape::line(text, TEXT)) } }
}

fn head(report: &Report, about: &About) -> Markup {
    let warnings = words::warnings(report);
    html! {
        header {
            p class="brand" { "rectify " span { "replay" } }
            h1 { (outside(&about.title)) }
            p class="dim" {
                @if let Some(period) = report.period {
                    (words::minute(period.from)) " to " (words::minute(period.to)) ". "
                }
                "Nothing was changed and nothing was asked: this is what the settings would have made of the log."
            }
            @if !warnings.is_empty() {
                div class="warning" role="note" {
                    @for warning in warnings { p { (warning) } }
                    p { a href="#read" { "What was read, and what was not" } }
                }
            }
            div id="answer" class="answer" {
                p class="headline" { (words::headline(report)) }
                p { @for sentence in words::sentences(report) { (sentence) " " } }
            }
            (facts(report))
            (section::contents(report))
        }
    }
}

/// The few numbers that are looked for first.
fn facts(report: &Report) -> Markup {
    let open = words::open(report);
    html! {
        ul class="facts" {
            @for verdict in Verdict::ALL {
                li class=(class(verdict)) {
                    b { (words::number(report.verdicts.of(verdict))) }
                    span { (verdict.words()) }
                }
            }
            li class="plain" { b { (words::number(open)) } span { "open at the end" } }
            li class="plain" { b { (words::short(words::longest(report))) } span { "longest exposure" } }
            li class="plain" { b { (words::dollars(report.cost.dollars_a_month)) } span { "cost a month" } }
        }
    }
}

/// The class that has a verdict's colour.
const fn class(verdict: Verdict) -> &'static str {
    match verdict {
        Verdict::WouldCorrect => "correct",
        Verdict::WouldTell => "tell",
        Verdict::Exempt => "exempt",
        Verdict::Ignored => "ignored",
        Verdict::NeedsLiveState => "live",
    }
}

/// What a verdict means.
const fn meaning(verdict: Verdict) -> &'static str {
    match verdict {
        Verdict::WouldCorrect => {
            "The control is broken, and the settings let rectify put it back there: it would have, and told."
        }
        Verdict::WouldTell => "The control is broken, and rectify would have told of it without changing anything.",
        Verdict::Exempt => "The control is broken, and an exemption covers the resource: nothing would have happened.",
        Verdict::Ignored => {
            "Nothing would have happened: compliant, failed, switched off, in shadow mode, over within the grace time, put back \
             before, or told a short while ago."
        }
        Verdict::NeedsLiveState => {
            "The request alone does not decide. A guard would have looked at the resource; a log cannot."
        }
    }
}

fn foot(about: &About) -> Markup {
    let shown = about.paths.iter().take(PATHS);
    let left = about.paths.len().saturating_sub(PATHS);
    html! {
        footer {
            h2 id="verdicts" { "What the verdicts mean" }
            dl class="meanings" {
                @for verdict in Verdict::ALL {
                    dt { span class={ "dot " (class(verdict)) } {} (verdict.words()) }
                    dd { (meaning(verdict)) }
                }
            }
            p class="dim" {
                "Made at " (words::minute(about.made)) " by rectify " (outside(&about.version)) " with the settings of "
                (outside(&about.settings)) ", from "
                @for (number, path) in shown.enumerate() { @if number > 0 { ", " } (outside(path)) }
                @if left > 0 { " and " (words::number(left as u64)) " more" }
                @if about.paths.is_empty() { "nothing" }
                ". All rows: " code { "rectify replay --output jsonl" } " or " code { "csv" } "."
            }
        }
    }
}

//! Charts as inline SVG. Widths are percentages and heights pixels, so that letters keep their size on any screen. Every
//! colour has a pattern of its own and a name beside it: nobody needs to see colours.
//!
//! The palette is Okabe and Ito's («Color Universal Design», 2008), which people with any of the common kinds of colour
//! blindness can tell apart; the colours themselves are in `page.css`.

use maud::{Markup, PreEscaped, html};

use super::{
    Overview,
    count::{AGES, Bar, SEVERITIES, Series},
    words::some,
};

/// Height of the bars of the timeline, in pixels.
const HEIGHT: u64 = 170;
/// Left edge and width of the bars, in percent of the chart.
const LEFT: f64 = 9.0;
const WIDTH: f64 = 90.0;
/// Most labels under the timeline.
const LABELS: usize = 7;
/// Height of one band of age with its label.
const BAND: u64 = 44;

/// The patterns, once per page; charts fill with them by name.
pub(super) fn patterns() -> Markup {
    html! {
        svg class="patterns" width="0" height="0" aria-hidden="true" focusable="false" {
            defs {
                (pattern("corrected", ""))
                (pattern("resolved", "M0 4H8"))
                (pattern("told", "M-2 2L2 -2M0 8L8 0M6 10L10 6"))
                (pattern("trouble", "M0 0L8 8M8 0L0 8"))
                (pattern("undone", "M4 0V8"))
                (pattern("shadow", "M-2 6L2 10M0 0L8 8M6 -2L10 2"))
                (pattern("other", "M3 4h2"))
                (pattern("critical", ""))
                (pattern("high", "M-2 2L2 -2M0 8L8 0M6 10L10 6"))
                (pattern("medium", "M4 0V8"))
                (pattern("low", "M3 4h2"))
            }
        }
    }
}

fn pattern(name: &str, strokes: &str) -> Markup {
    html! {
        pattern id={ "fill-" (name) } width="8" height="8" patternUnits="userSpaceOnUse" {
            rect class={ "c-" (name) } width="8" height="8" {}
            @if !strokes.is_empty() { path class="strokes" d=(strokes) {} }
        }
    }
}

/// A legend entry.
fn key(fill: &str, name: &str) -> Markup {
    html! {
        li {
            svg width="16" height="16" aria-hidden="true" focusable="false" {
                rect class="edge" width="16" height="16" fill={ "url(#fill-" (fill) ")" } {}
            }
            " " (name)
        }
    }
}

impl Overview {
    /// What happened on each day, stacked by outcome.
    pub(super) fn timeline(&self) -> Markup {
        let bars = self.bars();
        let most = bars.iter().map(Bar::total).max().unwrap_or_default();
        if most == 0 {
            return html! { p { "Nothing happened in the period." } };
        }
        let top = round_up(most);
        let step = WIDTH / f64::from(u32::try_from(bars.len()).unwrap_or(u32::MAX));
        let each = bars.len().div_ceil(LABELS).max(1);
        let several = bars.first().is_some_and(|bar| bar.first != bar.last);
        let shown: Vec<Series> = Series::ALL.into_iter().filter(|series| self.sum(*series) > 0).collect();
        html! {
            figure {
                figcaption {
                    "What happened, by UTC day" @if several { " (several days in each bar)" }
                }
                ul class="legend" { @for series in &shown { (key(series.key(), series.name())) } }
                svg class="chart" role="img" width="100%" height=(HEIGHT + 30) aria-labelledby="timeline-title" {
                    title id="timeline-title" { "Stacked bars: outcomes per day. The table below has the same numbers." }
                    @for (number, part) in [(top, 0), (top / 2, HEIGHT / 2), (0, HEIGHT)] {
                        line class="grid" x1=(percent(LEFT)) x2="99%" y1=(part + 8) y2=(part + 8) {}
                        text x=(percent(LEFT - 1.5)) y=(part + 12) text-anchor="end" { (number) }
                    }
                    @for (index, bar) in bars.iter().enumerate() {
                        @let x = LEFT + step * f64::from(u32::try_from(index).unwrap_or(u32::MAX));
                        g {
                            title { (bar_label(bar)) }
                            (stack(bar, top, x + step * 0.1, step * 0.8))
                        }
                        @if index % each == 0 {
                            text x=(percent(x + step / 2.0)) y=(HEIGHT + 25) text-anchor="middle" {
                                (bar.first.strftime("%m-%d"))
                            }
                        }
                    }
                }
                (timeline_table(&bars, &shown))
            }
        }
    }

    /// Open findings by age, stacked by severity.
    pub(super) fn ages(&self) -> Markup {
        let counts = self.open_by_age();
        let most = counts.iter().map(|row| row.iter().sum::<u64>()).max().unwrap_or_default();
        if most == 0 {
            return html! { p { "Nothing is open." } };
        }
        html! {
            figure {
                figcaption { "Open findings by age and severity" }
                ul class="legend" {
                    @for severity in SEVERITIES.into_iter().filter(|severity| self.open_of(*severity) > 0) {
                        (key(&severity.to_string(), &severity.to_string()))
                    }
                }
                svg class="chart" role="img" width="100%" height=(BAND * 5) aria-labelledby="ages-title" {
                    title id="ages-title" { "Bars: open findings by age. " @for (band, row) in AGES.iter().zip(&counts) { (age_label(band.name, row)) ". " } }
                    @for ((band, row), y) in AGES.iter().zip(&counts).zip((0..).step_by(44)) {
                        text x="0" y=(y + 13) { (age_label(band.name, row)) }
                        (segments(row, most, y + 19))
                    }
                }
            }
        }
    }
}

/// The parts of one bar, the first series at the bottom.
fn stack(bar: &Bar, top: u64, x: f64, width: f64) -> Markup {
    let mut below = 0;
    let parts: Vec<(Series, u64, u64)> = (bar.counts.iter())
        .map(|(series, number)| {
            let from = scaled(below, top, HEIGHT);
            below += number;
            (*series, from, scaled(below, top, HEIGHT))
        })
        .collect();
    html! {
        @for (series, from, to) in parts {
            rect class="edge" x=(percent(x)) width=(percent(width)) y=(8 + HEIGHT.saturating_sub(to)) height=(to - from)
                fill={ "url(#fill-" (series.key()) ")" } {}
        }
    }
}

fn segments(row: &[u64; 4], most: u64, y: u64) -> Markup {
    let mut before = 0;
    let parts: Vec<_> = (SEVERITIES.into_iter().zip(row).filter(|(_, number)| **number > 0))
        .map(|(severity, number)| {
            let from = scaled(before, most, 990);
            before += number;
            (severity, from, scaled(before, most, 990))
        })
        .collect();
    let tenth = |thousandths: u64| format!("{}.{}%", thousandths / 10, thousandths % 10);
    html! {
        @for (severity, from, to) in parts {
            rect class="edge" x=(tenth(from)) width=(tenth(to - from)) y=(y) height="16" fill={ "url(#fill-" (severity) ")" } {}
        }
    }
}

fn timeline_table(bars: &[Bar], shown: &[Series]) -> Markup {
    html! {
        details {
            summary { "The numbers" }
            div class="scroll" tabindex="0" role="region" aria-label="Numbers of the timeline" {
                table class="numbers" {
                    caption { "Outcomes per day" }
                    thead { tr { th scope="col" { "day" } @for series in shown { th scope="col" { (series.name()) } } } }
                    tbody {
                        @for bar in bars.iter().filter(|bar| bar.total() > 0) {
                            tr {
                                th scope="row" { (bar_days(bar)) }
                                @for series in shown { td { (bar.counts.get(series).copied().unwrap_or_default()) } }
                            }
                        }
                    }
                }
            }
        }
    }
}

fn bar_days(bar: &Bar) -> String {
    if bar.first == bar.last { bar.first.to_string() } else { format!("{} to {}", bar.first, bar.last) }
}

fn bar_label(bar: &Bar) -> String {
    let parts: Vec<String> = bar.counts.iter().map(|(series, number)| format!("{number} {}", series.name())).collect();
    format!("{}: {}", bar_days(bar), if parts.is_empty() { "nothing".to_owned() } else { parts.join(", ") })
}

fn age_label(band: &str, row: &[u64; 4]) -> String {
    let parts: Vec<String> = (SEVERITIES.into_iter().zip(row).filter(|(_, number)| **number > 0))
        .map(|(severity, number)| format!("{number} {severity}"))
        .collect();
    match parts.len() {
        0 => format!("{band}: none"),
        1 => format!("{band}: {}", parts.join(", ")),
        _ => format!("{band}: {} ({})", some(row.iter().sum(), "finding"), parts.join(", ")),
    }
}

/// The next number that an axis ends at well: even, of two digits at most and zeros.
fn round_up(most: u64) -> u64 {
    let mut unit = 1_u64;
    while most / unit >= 100 {
        unit = unit.saturating_mul(10);
    }
    most.div_ceil(unit * 2).saturating_mul(unit * 2)
}

/// `part` of `whole`, as a part of `length`. At least something is seen of everything that is there.
fn scaled(part: u64, whole: u64, length: u64) -> u64 {
    let exact = u128::from(part) * u128::from(length) / u128::from(whole.max(1));
    u64::try_from(exact).unwrap_or(u64::MAX).min(length)
}

fn percent(value: f64) -> PreEscaped<String> {
    PreEscaped(format!("{value:.2}%"))
}

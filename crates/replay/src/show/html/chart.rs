//! Charts as inline SVG. Widths are percentages and heights pixels, so that letters keep their size on any screen. The colours are in
//! `page.css`; what a colour says is always said by a number or a word beside it too.

use jiff::civil::Date;
use maud::{Markup, PreEscaped, html};

use super::{class, words};
use crate::{Counts, DayRow, Exposure, Period, Report, Verdict};

/// What somebody hears of, and what stays quiet. The second can be many times the first, so each has a scale of its own.
const LOUD: [Verdict; 2] = [Verdict::WouldCorrect, Verdict::WouldTell];
const QUIET: [Verdict; 3] = [Verdict::Exempt, Verdict::NeedsLiveState, Verdict::Ignored];

/// Room above the bars and below them, in pixels.
const ABOVE: u64 = 8;
const BELOW: u64 = 22;
/// Most bars, and most labels under them.
const BARS: usize = 100;
const LABELS: usize = 6;
/// Most days in the table.
const DAYS: usize = 400;

/// One day, or a few.
struct Bar {
    first: Date,
    last: Date,
    counts: Counts,
}

impl Bar {
    fn days(&self) -> String {
        if self.first == self.last { self.first.to_string() } else { format!("{} to {}", self.first, self.last) }
    }

    fn sum(&self, verdicts: &[Verdict]) -> u64 {
        verdicts.iter().map(|verdict| self.counts.of(*verdict)).sum()
    }
}

/// What came of each day.
pub(super) fn timeline(report: &Report) -> Markup {
    let bars = bars(&report.days.rows);
    html! {
        @if bars.is_empty() { p { "No day has a verdict." } } @else {
            div class="charts" {
                (bars_of(&bars, &LOUD, "Heard of", "loud", 190))
                (bars_of(&bars, &QUIET, "Quiet", "quiet", 110))
            }
            (numbers(report))
        }
    }
}

/// The bars of a chart: every day between the first and the last, several in one when there are many.
fn bars(rows: &[DayRow]) -> Vec<Bar> {
    let days: Vec<(Date, Counts)> =
        rows.iter().filter_map(|row| Some((row.day.parse::<Date>().ok()?, row.counts))).collect();
    let (Some(first), Some(last)) = (days.iter().map(|(day, _)| *day).min(), days.iter().map(|(day, _)| *day).max())
    else {
        return Vec::new();
    };
    let place = |day: Date| {
        let days = first.until(day).map(|span| span.get_days()).unwrap_or_default();
        usize::try_from(days).unwrap_or_default()
    };
    let each = (place(last) + 1).div_ceil(BARS).max(1);
    let day = |place: usize| {
        let days = i64::try_from(place).unwrap_or(i64::MAX);
        jiff::Span::new().try_days(days).and_then(|span| first.checked_add(span)).unwrap_or(last).min(last)
    };
    let mut bars: Vec<Bar> = (0..(place(last) / each + 1))
        .map(|bar| Bar { first: day(bar * each), last: day(bar * each + each - 1), counts: Counts::default() })
        .collect();
    for (day, counts) in days {
        if let Some(bar) = bars.get_mut(place(day) / each) {
            let sum = &mut bar.counts;
            sum.would_correct += counts.would_correct;
            sum.would_tell += counts.would_tell;
            sum.exempt += counts.exempt;
            sum.ignored += counts.ignored;
            sum.needs_live_state += counts.needs_live_state;
        }
    }
    bars
}

fn bars_of(bars: &[Bar], verdicts: &[Verdict], caption: &str, id: &str, height: u64) -> Markup {
    let most = bars.iter().map(|bar| bar.sum(verdicts)).max().unwrap_or_default();
    let top = round_up(most);
    let step = 100.0 / float(bars.len().max(1));
    // A few days do not become walls.
    let width = (step * 0.82).min(7.0);
    let each = bars.len().div_ceil(LABELS).max(1);
    // A chart of many months says which year.
    let long = bars.first().zip(bars.last()).is_some_and(|(first, last)| first.first.year() != last.last.year());
    let months = if long { "%b %Y" } else { "%b %-d" };
    let several = bars.first().is_some_and(|bar| bar.first != bar.last);
    html! {
        figure {
            figcaption {
                b { (caption) } " by UTC day" @if several { ", several days in each bar" }
                span class="legend" { @for verdict in verdicts {
                    span { span class={ "dot " (class(*verdict)) } {} (verdict.words()) }
                } }
            }
            @if most == 0 { p class="dim" { "Nothing." } } @else {
                svg class="chart" role="img" width="100%" height=(height + ABOVE + BELOW) aria-labelledby=(id) {
                    title id=(id) { (caption) ": stacked bars by day, at most " (words::number(most)) ". The table below has the numbers." }
                    @for (number, part) in [(top, 0), (top / 2, height / 2), (0, height)] {
                        line class="grid" x1="0" x2="100%" y1=(part + ABOVE) y2=(part + ABOVE) {}
                        text x="-8" y=(part + ABOVE + 4) text-anchor="end" { (compact(number)) }
                    }
                    @for (index, bar) in bars.iter().enumerate() {
                        @let middle = step * (float(index) + 0.5);
                        @if bar.sum(verdicts) > 0 {
                            g {
                                title { (label(bar, verdicts)) }
                                (stack(bar, verdicts, top, height, middle - width / 2.0, width))
                            }
                        }
                        @if index % each == 0 {
                            text x=(percent(middle)) y=(height + ABOVE + 18) text-anchor="middle" {
                                (bar.first.strftime(months))
                            }
                        }
                    }
                }
            }
        }
    }
}

/// The parts of one bar, the first verdict at the bottom.
fn stack(bar: &Bar, verdicts: &[Verdict], top: u64, height: u64, x: f64, width: f64) -> Markup {
    let mut below = 0;
    let parts: Vec<(Verdict, u64, u64)> = (verdicts.iter())
        .filter(|verdict| bar.counts.of(**verdict) > 0)
        .map(|verdict| {
            let from = scaled(below, top, height);
            below += bar.counts.of(*verdict);
            (*verdict, from, scaled(below, top, height).max(from + 1))
        })
        .collect();
    html! {
        @for (verdict, from, to) in parts {
            rect class={ "fill " (class(verdict)) } x=(percent(x)) width=(percent(width))
                y=(ABOVE + height.saturating_sub(to)) height=(to - from) {}
        }
    }
}

fn label(bar: &Bar, verdicts: &[Verdict]) -> String {
    let parts: Vec<String> = (verdicts.iter())
        .filter(|verdict| bar.counts.of(**verdict) > 0)
        .map(|verdict| format!("{} {}", words::number(bar.counts.of(*verdict)), verdict.words()))
        .collect();
    format!("{}: {}", bar.days(), parts.join(", "))
}

/// The timeline for who does not see it.
fn numbers(report: &Report) -> Markup {
    let rows = &report.days.rows;
    let left = report.days.total.saturating_sub(rows.len().min(DAYS) as u64);
    html! {
        details {
            summary { "The numbers, day by day" }
            div class="scroll tall" tabindex="0" role="region" aria-label="Numbers of the timeline" {
                table class="numbers" {
                    caption class="hidden" { "Verdicts by UTC day" }
                    thead { tr {
                        th scope="col" { "day" }
                        @for verdict in Verdict::ALL { th scope="col" { (verdict.words()) } }
                    } }
                    tbody { @for row in rows.iter().take(DAYS) {
                        tr {
                            th scope="row" { (super::outside(&row.day)) }
                            @for verdict in Verdict::ALL { td { (words::number(row.counts.of(verdict))) } }
                        }
                    } }
                }
            }
            @if left > 0 { p class="more" { "and " (words::number(left)) " more" } }
        }
    }
}

/// The verdicts of one row as a thin bar, as wide as the row's part of `most`.
pub(super) fn share(counts: &Counts, verdicts: &[Verdict], most: u64) -> Markup {
    let mut before = 0;
    let parts: Vec<(Verdict, u64, u64)> = (verdicts.iter())
        .filter(|verdict| counts.of(**verdict) > 0)
        .map(|verdict| {
            let from = scaled(before, most, 1_000);
            before += counts.of(*verdict);
            (*verdict, from, scaled(before, most, 1_000).max(from + 4))
        })
        .collect();
    html! {
        @if counts.heard() > 0 { svg class="share" width="100%" height="6" aria-hidden="true" focusable="false" {
            rect class="track" width="100%" height="6" rx="3" {}
            @for (verdict, from, to) in parts {
                rect class={ "fill " (class(verdict)) } x=(tenth(from)) width=(tenth(to - from)) height="6" rx="1" {}
            }
        } }
    }
}

/// What [`share`] shows in tables: what is heard of.
pub(super) const HEARD: [Verdict; 2] = LOUD;

/// When in the log something was open.
pub(super) fn window(exposure: &Exposure, period: Option<Period>) -> Markup {
    let Some(period) = period else { return html! {} };
    let all = period.to.duration_since(period.from).as_secs().max(1);
    let place = |at: jiff::Timestamp| {
        let since = at.duration_since(period.from).as_secs().clamp(0, all);
        scaled(since.unsigned_abs(), all.unsigned_abs(), 1_000)
    };
    let from = place(exposure.opened).min(990);
    let to = exposure.closed.map_or(1_000, place).max(from + 10);
    html! {
        svg class="window" width="100%" height="8" aria-hidden="true" focusable="false" {
            rect class="track" y="3" width="100%" height="2" {}
            rect class={ "fill " (class(exposure.verdict)) } x=(tenth(from)) width=(tenth(to - from)) height="8" rx="2" {}
        }
    }
}

/// The next number that an axis ends at well: even, of two digits at most and zeros.
fn round_up(most: u64) -> u64 {
    let mut unit = 1_u64;
    while most / unit >= 100 {
        unit = unit.saturating_mul(10);
    }
    let even = unit.saturating_mul(2);
    most.div_ceil(even).max(1).saturating_mul(even)
}

/// `1,200` as `1.2k`: an axis has little room.
fn compact(number: u64) -> String {
    match number {
        0..1_000 => number.to_string(),
        1_000..1_000_000 => tenths(number, 1_000, "k"),
        1_000_000..1_000_000_000 => tenths(number, 1_000_000, "M"),
        _ => tenths(number, 1_000_000_000, "G"),
    }
}

fn tenths(number: u64, unit: u64, name: &str) -> String {
    match number % unit * 10 / unit {
        0 => format!("{}{name}", number / unit),
        part => format!("{}.{part}{name}", number / unit),
    }
}

/// `part` of `whole`, as a part of `length`.
fn scaled(part: u64, whole: u64, length: u64) -> u64 {
    let exact = u128::from(part) * u128::from(length) / u128::from(whole.max(1));
    u64::try_from(exact).unwrap_or(u64::MAX).min(length)
}

fn float(number: usize) -> f64 {
    f64::from(u32::try_from(number).unwrap_or(u32::MAX))
}

fn percent(value: f64) -> PreEscaped<String> {
    PreEscaped(format!("{value:.2}%"))
}

fn tenth(thousandths: u64) -> PreEscaped<String> {
    PreEscaped(format!("{}.{}%", thousandths / 10, thousandths % 10))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn an_axis_ends_at_a_round_number() {
        assert_eq!([0, 1, 2, 37, 101, 2_345].map(round_up), [2, 2, 2, 38, 120, 2_400]);
        assert_eq!([0, 999, 1_000, 2_400, 1_500_000].map(compact), ["0", "999", "1k", "2.4k", "1.5M"]);
    }

    #[test]
    fn days_without_anything_are_seen_and_a_century_fits() {
        let row = |day: &str| DayRow { day: day.to_owned(), counts: Counts { would_tell: 1, ..Counts::default() } };
        let few = bars(&[row("2025-02-27"), row("2025-03-01"), row("no day")]);
        let days: Vec<String> = few.iter().map(Bar::days).collect();
        assert_eq!(days, ["2025-02-27", "2025-02-28", "2025-03-01"]);
        let many = bars(&[row("1926-01-01"), row("2025-12-31")]);
        assert!(many.len() <= BARS);
        assert_eq!(many.iter().map(|bar| bar.counts.would_tell).sum::<u64>(), 2);
        assert_eq!(many.last().map(|bar| bar.last), "2025-12-31".parse().ok());
    }
}

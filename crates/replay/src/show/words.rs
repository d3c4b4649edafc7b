//! Words and numbers that every form of a report says alike.

use jiff::Timestamp;
use rectify_render::escape;
use textwrap::core::display_width;

use crate::{Exposure, Report, price};

/// Longest path of a file in a sentence.
const PATH: usize = 80;
/// Longest name before it is cut.
const NAME: usize = 2_000;
/// Most files that a sentence names.
const FILES: usize = 3;

/// What the cost of a guard is made of, one sentence each.
pub(super) fn assumptions() -> [String; 4] {
    [
        "The events of this log that would have woken a guard, scaled to a month of 30 days".to_owned(),
        format!(
            "For each of them its delivery, {} seconds of a function of {:.0} MB, the reads of the ledger and the lines of the log",
            price::EVENT_SECONDS,
            price::MEMORY * 1_024.0
        ),
        "List prices in us-east-1, without free tiers; other regions differ a little".to_owned(),
        "What a month costs whatever happens (sweeps, alarms, the dashboard) is not in it: docs/cost.md has that"
            .to_owned(),
    ]
}

/// `1,234,567`.
pub(super) fn number(number: u64) -> String {
    let digits = number.to_string();
    let mut out = String::new();
    for (at, digit) in digits.chars().enumerate() {
        if at > 0 && (digits.len() - at).is_multiple_of(3) {
            out.push(',');
        }
        out.push(digit);
    }
    out
}

/// `1 file`, `1,234 files`.
pub(super) fn some(count: u64, what: &str) -> String {
    format!("{} {what}{}", number(count), if count == 1 { "" } else { "s" })
}

/// `4 days`: the largest unit that says enough.
pub(super) fn span(seconds: i64) -> String {
    let seconds = seconds.max(0).unsigned_abs();
    let (count, unit) = match seconds {
        0..120 => (seconds, "second"),
        120..7_200 => (seconds / 60, "minute"),
        7_200..172_800 => (seconds / 3_600, "hour"),
        _ => (seconds / 86_400, "day"),
    };
    some(count, unit)
}

/// `4d 3h`: two units, for a column.
pub(super) fn short(seconds: i64) -> String {
    let seconds = seconds.max(0).unsigned_abs();
    let two = |large: u64, a: &str, small: u64, b: &str| match small {
        0 => format!("{}{a}", number(large)),
        small => format!("{}{a} {small}{b}", number(large)),
    };
    match seconds {
        0..60 => format!("{seconds}s"),
        60..3_600 => two(seconds / 60, "m", seconds % 60, "s"),
        3_600..86_400 => two(seconds / 3_600, "h", seconds % 3_600 / 60, "m"),
        _ => two(seconds / 86_400, "d", seconds % 86_400 / 3_600, "h"),
    }
}

/// `1.4 GB`.
pub(super) fn bytes(bytes: u64) -> String {
    let mut unit = 1_u64;
    let mut name = "B";
    for larger in ["kB", "MB", "GB", "TB", "PB"] {
        if bytes / unit < 1_000 {
            break;
        }
        unit *= 1_000;
        name = larger;
    }
    let tenths = bytes / (unit / 10).max(1);
    match (unit, tenths) {
        (1, _) => format!("{bytes} {name}"),
        (_, 0..100) => format!("{}.{} {name}", tenths / 10, tenths % 10),
        _ => format!("{} {name}", number(bytes / unit)),
    }
}

/// `$1,234.50`; what is there and less than a cent is `under $0.01`.
pub(super) fn dollars(amount: f64) -> String {
    if amount > 0.0 && amount < 0.01 {
        return "under $0.01".to_owned();
    }
    let text = format!("{:.2}", amount.clamp(0.0, 1e15));
    let (whole, cents) = text.split_once('.').unwrap_or((&text, "00"));
    format!("${}.{cents}", number(whole.parse().unwrap_or_default()))
}

pub(super) fn minute(at: Timestamp) -> String {
    at.strftime("%Y-%m-%d %H:%M UTC").to_string()
}

/// `a, b and c`.
pub(super) fn list(items: &[String]) -> String {
    match items {
        [] => String::new(),
        [one] => one.clone(),
        [most @ .., last] => format!("{} and {last}", most.join(", ")),
    }
}

/// `text` in at most `room` columns. What is too long loses its middle: names differ at the end, kinds at the beginning.
pub(super) fn fit(text: &str, room: usize) -> String {
    if display_width(text) <= room {
        return text.to_owned();
    }
    let tail_room = room.saturating_sub(1) * 2 / 3;
    let mut tail: Vec<char> = taken(text.chars().rev(), tail_room);
    tail.reverse();
    let used: usize = tail.iter().map(|c| char_width(*c)).sum();
    let head = taken(text.chars(), room.saturating_sub(1 + used));
    head.into_iter().chain(std::iter::once('…')).chain(tail).collect()
}

fn taken(characters: impl Iterator<Item = char>, room: usize) -> Vec<char> {
    let mut left = room;
    characters
        .map_while(|c| {
            left = left.checked_sub(char_width(c))?;
            Some(c)
        })
        .collect()
}

fn char_width(c: char) -> usize {
    display_width(c.encode_utf8(&mut [0; 4]))
}

/// The seconds from the first record to the last.
fn period(report: &Report) -> i64 {
    report.period.map_or(0, |period| period.to.duration_since(period.from).as_secs())
}

/// The answer in one sentence.
pub(super) fn headline(report: &Report) -> String {
    if report.records.read == 0 {
        return "No record was read.".to_owned();
    }
    let within = match period(report) {
        0 => "In this log".to_owned(),
        seconds => format!("In {}", span(seconds)),
    };
    let (put_back, told) = (report.verdicts.would_correct, report.verdicts.would_tell);
    let findings = |count: u64| some(count, "finding");
    let heard = match (put_back, told) {
        (0, 0) => "nothing would have been put back or told".to_owned(),
        (0, told) => format!("nothing would have been put back, {} told", findings(told)),
        (put_back, 0) => format!("{} would have been put back", findings(put_back)),
        (put_back, told) => format!("{} would have been put back, {} told", findings(put_back), number(told)),
    };
    let stood = match longest(report) {
        0 => String::new(),
        seconds => format!("; the longest exposure stood {}", span(seconds)),
    };
    format!("{within}, {heard}{stood}.")
}

/// What stands beside the headline, in whole sentences.
pub(super) fn sentences(report: &Report) -> Vec<String> {
    let mut said = Vec::new();
    if report.records.read == 0 {
        return said;
    }
    match open(report) {
        0 => {}
        1 => said.push("1 exposure was still open when the log ended.".to_owned()),
        open => said.push(format!("{} exposures were still open when the log ended.", number(open))),
    }
    said.extend(budgets(report));
    match report.verdicts.needs_live_state {
        0 => {}
        1 => said.push("For 1 more, the log alone does not decide: somebody has to look.".to_owned()),
        live => said.push(format!("For {} more, the log alone does not decide: somebody has to look.", number(live))),
    }
    let records = &report.records;
    said.push(match (records.read, records.watched) {
        (read, 0) => format!("None of {} is of a call that a guard watches.", some(read, "record")),
        (read, watched) => {
            format!("{} of {} are of calls that a guard watches.", number(watched), some(read, "record"))
        }
    });
    said
}

/// What the budgets of the settings have to do with it.
fn budgets(report: &Report) -> Vec<String> {
    let budgets = &report.budgets;
    let beyond = match budgets.beyond {
        0 => None,
        1 => Some("Of what would have been put back, 1 is beyond the budget of its hour: told instead.".to_owned()),
        more => Some(format!(
            "Of what would have been put back, {} are beyond the budgets of their hours: told instead.",
            number(more)
        )),
    };
    let left_out = (budgets.left_out > 0).then(|| {
        format!(
            "Whether a budget holds back {} is not known: there are too many hours.",
            some(budgets.left_out, "more correction")
        )
    });
    beyond.into_iter().chain(left_out).collect()
}

/// What makes the answer a part of the answer: never left out, and in front of it.
pub(super) fn warnings(report: &Report) -> Vec<String> {
    let mut said = Vec::new();
    if report.stopped {
        said.push("Stopped before the end: this is what had been read by then.".to_owned());
    }
    let files = &report.files.unreadable;
    if files.total > 0 {
        let named: Vec<String> =
            files.rows.iter().take(FILES).map(|file| fit(&escape::line(&file.path, NAME), PATH)).collect();
        let more = files.total.saturating_sub(named.len() as u64);
        let more = (more > 0).then(|| format!("{} more", number(more)));
        let named: Vec<String> = named.into_iter().chain(more).collect();
        said.push(format!(
            "Not complete: {} could not be read, or not to the end: {}.",
            some(files.total, "file"),
            list(&named)
        ));
    }
    match report.records.unreadable {
        0 => {}
        1 => said.push("Not complete: 1 piece of the log is no record that can be read.".to_owned()),
        pieces => {
            said.push(format!("Not complete: {} pieces of the log are no records that can be read.", number(pieces)))
        }
    }
    said
}

/// Exposures that nothing in the log ends.
pub(super) fn open(report: &Report) -> u64 {
    report.controls.iter().map(|control| control.open).sum()
}

/// Exposures that were closed again.
pub(super) fn closed(report: &Report) -> u64 {
    report.exposures.total.saturating_sub(open(report))
}

/// `actor` beside `account`: of an ARN of that account what comes behind the account.
pub(super) fn beside<'a>(actor: &'a str, account: &str) -> &'a str {
    let mut parts = actor.splitn(6, ':');
    match (parts.next(), parts.nth(3), parts.next()) {
        (Some("arn"), Some(of), Some(rest)) if of == account && !rest.is_empty() => rest,
        _ => actor,
    }
}

/// Seconds that the longest exposure stood.
pub(super) fn longest(report: &Report) -> i64 {
    let listed = report.exposures.rows.iter().map(|exposure| exposure.seconds);
    listed.chain(report.controls.iter().map(|control| control.longest)).max().unwrap_or_default()
}

/// Exposures that are open (or not), the longest first, however the report has them.
pub(super) fn exposures(report: &Report, open: bool) -> Vec<&Exposure> {
    let mut rows: Vec<&Exposure> =
        report.exposures.rows.iter().filter(|exposure| exposure.closed.is_none() == open).collect();
    rows.sort_by_key(|exposure| std::cmp::Reverse(exposure.seconds));
    rows
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn an_actor_beside_its_account_is_short() {
        let arn = "arn:aws:iam::111111111111:role/a:b";
        assert_eq!(beside(arn, "111111111111"), "role/a:b");
        for (actor, account) in
            [(arn, "222222222222"), ("x:y:z:w:1:q", "1"), ("arn:aws:iam::1:", "1"), ("arn", ""), ("", "")]
        {
            assert_eq!(beside(actor, account), actor);
        }
    }

    #[test]
    fn what_is_too_long_loses_its_middle() {
        assert_eq!(fit("abcdefghij", 10), "abcdefghij");
        assert_eq!(fit("abcdefghijk", 10), "abc…fghijk");
        assert_eq!(fit("日本語日本語", 8), "日…本語");
        assert_eq!([1, 2, 3].map(|room| fit("abcd", room)), ["…", "a…", "a…d"]);
    }

    #[test]
    fn numbers_are_read_at_a_glance() {
        assert_eq!([0, 999, 1_000, 1_234_567].map(number), ["0", "999", "1,000", "1,234,567"]);
        assert_eq!(
            [0, 119, 120, 7_200, 172_800, 345_600, -1].map(span),
            ["0 seconds", "119 seconds", "2 minutes", "2 hours", "2 days", "4 days", "0 seconds"]
        );
        assert_eq!([5, 60, 3_661, 86_400, 356_400].map(short), ["5s", "1m", "1h 1m", "1d", "4d 3h"]);
        assert_eq!(
            [0, 999, 1_000, 1_449_999_999, 12_300_000, u64::MAX].map(bytes),
            ["0 B", "999 B", "1.0 kB", "1.4 GB", "12 MB", "18,446 PB"]
        );
        assert_eq!(
            [0.0, 0.001, 0.5, 1_234.5, f64::NAN].map(dollars),
            ["$0.00", "under $0.01", "$0.50", "$1,234.50", "$0.00"]
        );
    }
}

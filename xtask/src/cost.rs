//! `docs/cost.md`: what an organisation costs a month, with the arithmetic.
//!
//! Prices are list prices in us-east-1 as AWS's pricing pages had them in 2026, without free tiers; they are the one thing on
//! the page that this repository cannot check.

use std::fmt::Write as _;

use crate::repo::Generated;

// The one list of prices; a replay counts with them too.
#[path = "../../crates/replay/src/price.rs"]
mod price;

use price::{EVENT_SECONDS, LOG_KB, LOOK_READS, MEMORY};

/// What an organisation is taken to be like. Everything a month, if it has no other unit.
#[derive(Debug, Clone, Copy)]
struct Organization {
    accounts: f64,
    regions: f64,
    /// Calls that wake a guard, per account.
    changes: f64,
    /// Findings that are noted or corrected, per account.
    findings: f64,
    /// Buckets, per account.
    buckets: f64,
    sweeps: f64,
    /// Guards in the stack.
    kinds: f64,
}

/// Reads of one look at a bucket (docs/scale.md): S3 and S3 Control.
const LOOK_GETS: f64 = 13.0;
/// Write units of a finding: the note or the claim, what was before and after, and the index.
const FINDING_WRITES: f64 = 12.0;
/// Seconds of one resource in a sweep, with AWS's latencies.
const SWEPT_SECONDS: f64 = 0.15;
/// Messages of a finding: when it is told, and when it ends. One that is corrected at once is one message.
const FINDING_MESSAGES: f64 = 2.0;
/// Requests to the outbox for a message that is alone in its batch: sent, received, deleted.
const MESSAGE_REQUESTS: f64 = 3.0;
/// Empty receives of a month: Lambda polls a quiet queue with five pollers that wait for 20 seconds each (Lambda developer
/// guide, "Using Lambda with Amazon SQS").
const EMPTY_RECEIVES: f64 = 5.0 * 3.0 * 60.0 * 24.0 * 30.0;
/// Seconds of the notifier with a message, and with nothing to do, once a minute; the minutes of a month.
const MESSAGE_SECONDS: f64 = 0.5;
const FLUSH_SECONDS: f64 = 0.05;
const FLUSHES: f64 = 60.0 * 24.0 * 30.0;
/// Units of the ledger for a message: its thread, what was sent and the channel's count. A look for what is held takes one.
const MESSAGE_READS: f64 = 3.0;
const MESSAGE_WRITES: f64 = 4.0;
/// Metrics of a guard (`crates/runtime/src/telemetry.rs`: 13 outcomes and five more), alarms of a guard, of the sweeper, and of the
/// notifier with its queue (template.yaml).
const METRICS: f64 = 18.0;
const ALARMS: f64 = 5.0;
const SWEEPER_ALARMS: f64 = 2.0;
const NOTIFIER_ALARMS: f64 = 4.0;

struct Line {
    what: &'static str,
    arithmetic: String,
    dollars: f64,
}

fn lines(of: &Organization) -> Vec<Line> {
    const MILLION: f64 = 1_000_000.0;
    let events = of.accounts * of.changes;
    // Every kind is swept in every place; only S3's lists cost something.
    let bucket_places = of.accounts * of.regions * of.sweeps;
    let places = bucket_places * of.kinds;
    let swept = of.accounts * of.buckets * of.sweeps;
    let looks = events + swept;
    let findings = of.accounts * of.findings;
    let messages = findings * FINDING_MESSAGES;
    let invocations = events + places + messages + FLUSHES;
    let seconds = (events + places) * EVENT_SECONDS
        + swept * SWEPT_SECONDS
        + messages * MESSAGE_SECONDS
        + FLUSHES * FLUSH_SECONDS;
    let count = |number: f64| format!("{number:.0}");
    let mut lines = Vec::new();
    let mut line = |what, arithmetic: String, dollars: f64| lines.push(Line { what, arithmetic, dollars });
    line(
        "EventBridge: changes to the hub's bus (members pay)",
        format!("{} × ${:.2} / million", count(events), price::EVENT),
        events / MILLION * price::EVENT,
    );
    line(
        "EventBridge: sweeps on the hub's bus",
        format!("{} × ${:.2} / million", count(places), price::EVENT),
        places / MILLION * price::EVENT,
    );
    line(
        "Lambda: requests",
        format!("{} × ${:.2} / million", count(invocations), price::INVOCATION),
        invocations / MILLION * price::INVOCATION,
    );
    line(
        "Lambda: time",
        format!("{} s × {MEMORY} GB × ${}", count(seconds), price::GB_SECOND),
        seconds * MEMORY * price::GB_SECOND,
    );
    line(
        "DynamoDB: reads",
        format!(
            "({} looks × {LOOK_READS} + {} places + {} messages × {MESSAGE_READS} + {FLUSHES} minutes) × ${} / million",
            count(looks),
            count(places),
            count(messages),
            price::READ_UNIT
        ),
        (looks * LOOK_READS + places + messages * MESSAGE_READS + FLUSHES) / MILLION * price::READ_UNIT,
    );
    line(
        "DynamoDB: writes",
        format!(
            "({} findings × {FINDING_WRITES} + {} messages × {MESSAGE_WRITES} + {} accounts × {} sweeps) × ${} / million",
            count(findings),
            count(messages),
            count(of.accounts),
            count(of.sweeps),
            price::WRITE_UNIT
        ),
        (findings * FINDING_WRITES + messages * MESSAGE_WRITES + of.accounts * of.sweeps) / MILLION * price::WRITE_UNIT,
    );
    line(
        "SQS: the outbox",
        format!(
            "({} messages × {MESSAGE_REQUESTS} + {EMPTY_RECEIVES}) × ${:.2} / million",
            count(messages),
            price::FIFO
        ),
        (messages * MESSAGE_REQUESTS + EMPTY_RECEIVES) / MILLION * price::FIFO,
    );
    line(
        "S3: reads (members pay)",
        format!("{} looks × {LOOK_GETS} × ${} / thousand", count(looks), price::S3_GET),
        looks * LOOK_GETS / 1_000.0 * price::S3_GET,
    );
    line(
        "S3: lists (members pay)",
        format!("{} places of buckets × 2 × ${} / thousand", count(bucket_places), price::S3_LIST),
        bucket_places * 2.0 / 1_000.0 * price::S3_LIST,
    );
    line(
        "CloudWatch Logs",
        format!("{} × {LOG_KB} kB × ${:.2} / GB", count(invocations), price::LOG_GB),
        invocations * LOG_KB / MILLION * price::LOG_GB,
    );
    line(
        "CloudWatch: metrics, alarms, dashboard",
        format!(
            "{METRICS} × {} guards × ${:.2} + ({ALARMS} × {} + {SWEEPER_ALARMS} + {NOTIFIER_ALARMS}) × ${:.2} + ${:.2}",
            of.kinds,
            price::METRIC,
            of.kinds,
            price::ALARM,
            price::DASHBOARD
        ),
        METRICS * of.kinds * price::METRIC
            + (ALARMS * of.kinds + SWEEPER_ALARMS + NOTIFIER_ALARMS) * price::ALARM
            + price::DASHBOARD,
    );
    lines
}

/// The page for the guards there are.
pub(crate) fn file(kinds: usize) -> Generated {
    let kinds = f64::from(u32::try_from(kinds).unwrap_or(u32::MAX));
    let of = |accounts| Organization {
        accounts,
        regions: 4.0,
        changes: 300.0,
        findings: 20.0,
        buckets: 30.0,
        sweeps: 120.0,
        kinds,
    };
    let sizes = [10.0, 100.0, 1_000.0].map(of);
    let [small, .., large] = &sizes;
    let mut text = String::from(
        "<!-- generated by cargo xtask docs; prices and arithmetic are in xtask/src/cost.rs -->\n\n# What it costs\n\n\
         A month, in US dollars, at list prices in us-east-1 without free tiers. Check the prices against AWS's pricing pages for \
         your region: they are the one\nthing here that no command can check.\n\n",
    );
    let _ = writeln!(
        text,
        "Taken for granted, per account: {} regions, {} buckets, {} changes a month that wake a guard, {} findings; {} sweeps a \
         month (every six hours);\nguards: {}. Change the numbers in `xtask/src/cost.rs` to yours and run `cargo xtask docs`.\n",
        small.regions, small.buckets, small.changes, small.findings, small.sweeps, small.kinds
    );
    text.push_str("| | 10 accounts | 100 accounts | 1,000 accounts |\n|---|---:|---:|---:|\n");
    let columns: Vec<Vec<Line>> = sizes.iter().map(lines).collect();
    let rows = columns.first().map_or(0, Vec::len);
    for row in 0..rows {
        let cells = columns.iter().filter_map(|column| column.get(row));
        let amounts: Vec<String> = cells.clone().map(|line| format!("{:.2}", line.dollars)).collect();
        let what = cells.map(|line| line.what).next().unwrap_or_default();
        let _ = writeln!(text, "| {what} | {} |", amounts.join(" | "));
    }
    let totals: Vec<String> = columns
        .iter()
        .map(|column| format!("**{:.2}**", column.iter().map(|line| line.dollars).sum::<f64>()))
        .collect();
    let _ = writeln!(text, "| **together** | {} |", totals.join(" | "));
    text.push_str("\n## The arithmetic for 1,000 accounts\n\n| | | |\n|---|---|---:|\n");
    for line in lines(large) {
        let _ = writeln!(text, "| {} | {} | {:.2} |", line.what, line.arithmetic, line.dollars);
    }
    text.push_str(
        "\nStanding by costs what the alarms, the dashboard and a notifier that looks once a minute cost: no server, no key, no endpoint. What grows is the sweep; `SweepSchedule` of `rate(1 day)` \
         makes it a quarter. Not in the table: the\norganisation's trail (the first copy of management events is free, its bucket is not), \
         what channels cost (SNS and SES, a few cents; Security Hub by its own prices; a secret $0.40), reports (a few kB each), corrections' writes to S3 and `BaselineWebAcl`, which is\n$5 a month and more for each account and \
         region, and once more for CloudFront. CloudFormation, StackSets, IAM, STS and Organizations cost nothing. [scale.md](scale.md) has which quotas bind first.\n",
    );
    Generated { path: "docs/cost.md".to_owned(), text, by: "cargo xtask docs" }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn total(accounts: f64, kinds: f64) -> f64 {
        let of = Organization {
            accounts,
            regions: 4.0,
            changes: 300.0,
            findings: 20.0,
            buckets: 30.0,
            sweeps: 120.0,
            kinds,
        };
        lines(&of).iter().map(|line| line.dollars).sum()
    }

    #[test]
    fn what_hangs_on_accounts_grows_with_them_and_the_rest_does_not() {
        let fixed = total(0.0, 1.0);
        let flushes = 43_200.0 / 1e6;
        let notifier = flushes * (0.20 + 0.125) + 43_200.0 * 0.05 * 0.125 * 0.000_016_666_7 + flushes * 2.5 * 0.50;
        let quiet = 648_000.0 / 1e6 * 0.50;
        assert!((fixed - (18.0 * 0.30 + 11.0 * 0.10 + 3.0 + notifier + quiet)).abs() < 1e-9, "{fixed}");
        let (ten, thousand) = (total(10.0, 1.0) - fixed, total(1_000.0, 1.0) - fixed);
        assert!((thousand / ten - 100.0).abs() < 1e-6);
    }

    #[test]
    fn a_line_is_what_its_arithmetic_says() {
        let of = Organization {
            accounts: 1_000.0,
            regions: 4.0,
            changes: 300.0,
            findings: 20.0,
            buckets: 30.0,
            sweeps: 120.0,
            kinds: 1.0,
        };
        let all = lines(&of);
        let line = |what: &str| all.iter().find(|line| line.what.starts_with(what)).unwrap();
        let changes = line("EventBridge: changes");
        assert_eq!((changes.arithmetic.as_str(), changes.dollars), ("300000 × $1.00 / million", 0.3));
        // 480,000 sweeps of a place, each a list of buckets and one of access points.
        assert!((line("S3: lists").dollars - 480_000.0 * 2.0 * 0.005 / 1_000.0).abs() < 1e-9);
    }

    /// The counts that are written down here are those of the template.
    #[test]
    fn alarms_are_counted_in_the_template() {
        let kinds = crate::kinds::all();
        let template = &crate::template::files(&kinds).unwrap()[0].text;
        let alarms = template.matches("Type: AWS::CloudWatch::Alarm").count();
        let counted = ALARMS * f64::from(u32::try_from(kinds.len()).unwrap()) + SWEEPER_ALARMS + NOTIFIER_ALARMS;
        assert_eq!(f64::from(u32::try_from(alarms).unwrap()), counted);
        assert_eq!(template.matches("Type: AWS::CloudWatch::Dashboard").count(), 1);
    }
}

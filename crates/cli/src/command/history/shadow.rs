//! What shadow mode would have done.

use std::{
    collections::{BTreeMap, BTreeSet},
    fmt::Write as _,
};

use jiff::Timestamp;
use rectify_aws::FindingRow;
use rectify_render::{Style, escape};
use serde_json::{Value, json};

use super::{Args, Error, FAR, MOST, actor::Background, narrowed};
use crate::{
    connection::Connection,
    exit,
    failure::Failure,
    moment::{self, Since},
    output::{self, Format, Text, paint},
};

/// The outcome of a finding in shadow mode.
const SHADOWED: &str = "shadowed";

/// How many of those who caused most are named.
const TOP: usize = 3;

/// What would have come of one control.
#[derive(Debug, Default)]
struct Sum<'r> {
    findings: u64,
    seen: u64,
    resources: BTreeSet<String>,
    accounts: BTreeSet<String>,
    would: BTreeMap<&'r str, u64>,
    actors: BTreeMap<String, u64>,
    first: Option<Timestamp>,
    last: Option<Timestamp>,
}

pub(super) async fn show(connection: &Connection, args: &Args) -> Result<u8, Failure> {
    let since = args.since.unwrap_or(Since::Ago(FAR)).from(Timestamp::now());
    let (resource, account) = (args.resource.as_deref(), args.account.as_ref());
    let rows = connection
        .ledger()
        .findings(SHADOWED, Some(since), resource, account, MOST)
        .await
        .map_err(|failure| Error::Cloud(connection.failure(failure)))?;
    let mut sums = sums(&rows);
    if let Some(control) = args.control {
        sums.retain(|known, _| *known == control);
    }
    match args.output {
        Format::Json => output::json(&sums.iter().map(|(control, sum)| sum.json(control)).collect())?,
        Format::Text => {
            let text: Vec<Text> = sums.iter().map(|(control, sum)| sum.text(control)).collect();
            output::data(&text.join("\n"))?;
        }
    }
    if sums.is_empty() {
        output::talk(&format!("nothing was seen in shadow mode since {}{}", moment::shown(since), narrowed(args)));
    } else if rows.len() == MOST {
        output::talk(&format!("of the newest {MOST} findings only: --since"));
    }
    Ok(exit::FINE)
}

fn sums(rows: &[FindingRow]) -> BTreeMap<&str, Sum<'_>> {
    let mut sums: BTreeMap<&str, Sum<'_>> = BTreeMap::new();
    for row in rows {
        let sum = sums.entry(&row.control).or_default();
        sum.findings += 1;
        sum.seen += row.seen;
        sum.resources.insert(row.key.to_string());
        sum.accounts.insert(row.key.place.account.to_string());
        *sum.would.entry(row.would.as_deref().unwrap_or("not known")).or_default() += 1;
        let by: Background = row.actor.as_ref().and_then(|actor| actor.parse().ok()).unwrap_or_default();
        let tool = by.tool().map(|tool| format!(" with {tool}")).unwrap_or_default();
        if let Some(who) = by.who() {
            *sum.actors.entry(format!("{who}{tool}")).or_default() += row.seen;
        }
        sum.first = Some(sum.first.map_or(row.first_seen, |first| first.min(row.first_seen)));
        sum.last = Some(sum.last.map_or(row.last_seen, |last| last.max(row.last_seen)));
    }
    sums
}

impl Sum<'_> {
    /// Those who caused most, most first.
    fn top(&self) -> Vec<(&str, u64)> {
        let mut actors: Vec<(&str, u64)> = self.actors.iter().map(|(who, seen)| (who.as_str(), *seen)).collect();
        actors.sort_by(|a, b| b.1.cmp(&a.1).then_with(|| a.0.cmp(b.0)));
        actors.truncate(TOP);
        actors
    }

    fn json(&self, control: &str) -> Value {
        json!({
            "control": control,
            "findings": self.findings,
            "resources": self.resources.len(),
            "accounts": self.accounts,
            "would": self.would,
            "seen": self.seen,
            "first_seen": self.first,
            "last_seen": self.last,
            "actors": self.top().into_iter().map(|(who, seen)| json!({ "who": who, "seen": seen })).collect::<Vec<_>>(),
        })
    }

    fn text(&self, control: &str) -> Text {
        let mut text = Text::new();
        let count = |number: usize, what: &str| format!("{number} {what}{}", if number == 1 { "" } else { "s" });
        let _ = writeln!(
            text,
            "{}  {} on {} in {}, seen {} times",
            paint(Style::Strong, &escape::line(control, 100)),
            count(usize::try_from(self.findings).unwrap_or(usize::MAX), "finding"),
            count(self.resources.len(), "resource"),
            count(self.accounts.len(), "account"),
            self.seen,
        );
        let would: Vec<String> =
            self.would.iter().map(|(would, number)| format!("{} {number}", escape::line(would, 60))).collect();
        let _ = writeln!(text, "  {} {}", paint(Style::Dim, "would have been"), would.join(", "));
        if let (Some(first), Some(last)) = (self.first, self.last) {
            let _ = writeln!(
                text,
                "  {} {} to {}",
                paint(Style::Dim, "seen           "),
                moment::shown(first),
                moment::shown(last)
            );
        }
        for (who, seen) in self.top() {
            let _ = writeln!(text, "  {} {who} ({seen} times)", paint(Style::Dim, "by             "));
        }
        text
    }
}

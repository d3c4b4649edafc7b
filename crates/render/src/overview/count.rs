//! What follows from the lists: order, ages, sums.

use std::{
    cmp::Reverse,
    collections::{BTreeMap, BTreeSet},
};

use jiff::{SignedDuration, Timestamp, ToSpan as _, civil::Date, tz::TimeZone};
use rectify_controls::Severity;

use super::{Correction, Exempt, OpenFinding, Overview};

/// Severities, the worst first.
pub(super) const SEVERITIES: [Severity; 4] = [Severity::Critical, Severity::High, Severity::Medium, Severity::Low];

/// An exemption that ends within this is said to end soon.
const SOON: SignedDuration = SignedDuration::from_hours(14 * 24);

/// Most bars of the timeline; a longer period has several days in each.
const BARS: usize = 62;

/// Most rows and columns of the heat map.
pub(super) const HEAT: (usize, usize) = (15, 8);

/// What outcomes have in common, as the timeline shows them: the readers' question, not the machine's word.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord)]
pub(super) enum Series {
    /// rectify put it back and proved it.
    Corrected,
    /// Somebody put it right, or it is exempt now.
    Resolved,
    /// Told and open, or waited for.
    Told,
    /// Not corrected although it should be, failed, not proven.
    Trouble,
    /// Undone by a person.
    Undone,
    /// Shadow mode.
    Shadow,
    /// A word this release does not know.
    Other,
}

impl Series {
    pub(super) const ALL: [Self; 7] =
        [Self::Corrected, Self::Resolved, Self::Told, Self::Trouble, Self::Undone, Self::Shadow, Self::Other];

    pub(super) fn of(outcome: &str) -> Self {
        match outcome {
            "corrected" => Self::Corrected,
            "resolved" | "exempt" | "compliant" | "superseded" => Self::Resolved,
            "notified" | "deferred" | "correcting" => Self::Told,
            "withheld" | "failed" | "not-proven" | "unverifiable" | "not-restored" => Self::Trouble,
            "restored" => Self::Undone,
            "shadowed" => Self::Shadow,
            _ => Self::Other,
        }
    }

    /// For people.
    pub(super) fn name(self) -> &'static str {
        match self {
            Self::Corrected => "corrected",
            Self::Resolved => "over: put right or exempt",
            Self::Told => "told, still open",
            Self::Trouble => "needs a person",
            Self::Undone => "undone",
            Self::Shadow => "shadow mode",
            Self::Other => "other",
        }
    }

    /// Of its colour and pattern.
    pub(super) fn key(self) -> &'static str {
        match self {
            Self::Corrected => "corrected",
            Self::Resolved => "resolved",
            Self::Told => "told",
            Self::Trouble => "trouble",
            Self::Undone => "undone",
            Self::Shadow => "shadow",
            Self::Other => "other",
        }
    }
}

/// How long something has been open.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) struct AgeBand {
    pub(super) name: &'static str,
    days: i64,
}

/// Each ends where the next begins; the last has no end.
pub(super) const AGES: [AgeBand; 5] = [
    AgeBand { name: "less than a day", days: 1 },
    AgeBand { name: "1 to 7 days", days: 7 },
    AgeBand { name: "7 to 30 days", days: 30 },
    AgeBand { name: "30 to 90 days", days: 90 },
    AgeBand { name: "more than 90 days", days: i64::MAX },
];

/// One bar of the timeline.
#[derive(Debug, Clone)]
pub(super) struct Bar {
    pub(super) first: Date,
    pub(super) last: Date,
    pub(super) counts: BTreeMap<Series, u64>,
}

impl Bar {
    pub(super) fn total(&self) -> u64 {
        self.counts.values().fold(0, |sum, count| sum.saturating_add(*count))
    }
}

/// Open findings by account and control.
pub(super) struct Heat<'a> {
    /// Control ids, those with most first.
    pub(super) controls: Vec<&'a str>,
    /// An account with its name, and its count for each of `controls`.
    pub(super) rows: Vec<(&'a str, Option<&'a str>, Vec<u64>)>,
    pub(super) accounts_omitted: usize,
    pub(super) controls_omitted: usize,
}

impl Overview {
    /// The open findings, the worst and among those the oldest first.
    pub(super) fn worst(&self) -> Vec<&OpenFinding> {
        let mut open: Vec<_> = self.open.iter().collect();
        open.sort_by(|a, b| {
            let key = |finding: &OpenFinding| (Reverse(finding.severity), finding.first_seen);
            key(a).cmp(&key(b)).then_with(|| a.resource.arn.cmp(&b.resource.arn))
        });
        open
    }

    /// The corrections, those that did not end well first, then the newest.
    pub(super) fn corrections_by_worth(&self) -> Vec<&Correction> {
        let mut corrections: Vec<_> = self.corrections.iter().collect();
        corrections.sort_by_key(|correction| {
            (Series::of(&correction.outcome) != Series::Trouble, Reverse(correction.at), correction.id.clone())
        });
        corrections
    }

    /// The exemptions, those that end first in front.
    pub(super) fn exemptions_by_end(&self) -> Vec<&Exempt> {
        let mut exemptions: Vec<_> = self.exemptions.iter().collect();
        exemptions.sort_by(|a, b| a.until.cmp(&b.until).then_with(|| a.resource.cmp(&b.resource)));
        exemptions
    }

    pub(super) fn ends_soon(&self, exemption: &Exempt) -> bool {
        exemption.until.duration_since(self.made_at) <= SOON
    }

    pub(super) fn open_of(&self, severity: Severity) -> u64 {
        count(self.open.iter().filter(|finding| finding.severity == severity).count())
    }

    /// Open findings per severity in a band of age.
    pub(super) fn open_by_age(&self) -> [[u64; 4]; 5] {
        let mut counts = [[0_u64; 4]; 5];
        for finding in &self.open {
            let days = self.made_at.duration_since(finding.first_seen).as_hours() / 24;
            let band = AGES.iter().position(|band| days < band.days).unwrap_or(AGES.len() - 1);
            let severity = SEVERITIES.iter().position(|severity| *severity == finding.severity).unwrap_or_default();
            if let Some(count) = counts.get_mut(band).and_then(|row| row.get_mut(severity)) {
                *count += 1;
            }
        }
        counts
    }

    /// How many of the corrections ended like this.
    pub(super) fn corrections_of(&self, series: Series) -> u64 {
        count(self.corrections.iter().filter(|correction| Series::of(&correction.outcome) == series).count())
    }

    /// How many of all outcomes of the period belong to `series`.
    pub(super) fn sum(&self, series: Series) -> u64 {
        (self.days.iter().flat_map(|day| &day.outcomes))
            .filter(|(outcome, _)| Series::of(outcome) == series)
            .fold(0, |sum, (_, count)| sum.saturating_add(*count))
    }

    /// The timeline, without gaps, of at most [`BARS`] bars.
    pub(super) fn bars(&self) -> Vec<Bar> {
        let mut by_day: BTreeMap<Date, BTreeMap<Series, u64>> = BTreeMap::new();
        for day in &self.days {
            let counts = by_day.entry(day.date).or_default();
            for (outcome, number) in &day.outcomes {
                let sum = counts.entry(Series::of(outcome)).or_default();
                *sum = sum.saturating_add(*number);
            }
        }
        let (first, last) = (date(self.from), date(self.to).max(date(self.from)));
        // 800 days are more than the ledger keeps.
        let days: Vec<Date> = first.series(1.day()).take_while(|day| *day <= last).take(800).collect();
        let each = days.len().div_ceil(BARS).max(1);
        days.chunks(each)
            .filter_map(|days| {
                let mut bar = Bar { first: *days.first()?, last: *days.last()?, counts: BTreeMap::new() };
                for (series, number) in days.iter().filter_map(|day| by_day.get(day)).flatten() {
                    let sum = bar.counts.entry(*series).or_default();
                    *sum = sum.saturating_add(*number);
                }
                Some(bar)
            })
            .collect()
    }

    pub(super) fn heat(&self) -> Heat<'_> {
        let mut by_account: BTreeMap<&str, BTreeMap<&str, u64>> = BTreeMap::new();
        let mut by_control: BTreeMap<&str, u64> = BTreeMap::new();
        let mut names: BTreeMap<&str, &str> = BTreeMap::new();
        for finding in &self.open {
            let (account, control) = (finding.resource.account.as_str(), finding.control.id.as_str());
            *by_account.entry(account).or_default().entry(control).or_default() += 1;
            *by_control.entry(control).or_default() += 1;
            if let Some(name) = &finding.resource.account_name {
                names.insert(account, name);
            }
        }
        let mut controls: Vec<(&str, u64)> = by_control.into_iter().collect();
        controls.sort_by_key(|(id, number)| (Reverse(*number), *id));
        let mut accounts: Vec<_> = by_account.into_iter().collect();
        accounts.sort_by_key(|(id, counts)| (Reverse(counts.values().sum::<u64>()), *id));
        let (accounts_omitted, controls_omitted) =
            (accounts.len().saturating_sub(HEAT.0), controls.len().saturating_sub(HEAT.1));
        let controls: Vec<&str> = controls.into_iter().take(HEAT.1).map(|(id, _)| id).collect();
        let rows = (accounts.into_iter().take(HEAT.0))
            .map(|(account, counts)| {
                let row = controls.iter().map(|control| counts.get(control).copied().unwrap_or_default()).collect();
                (account, names.get(account).copied(), row)
            })
            .collect();
        Heat { controls, rows, accounts_omitted, controls_omitted }
    }

    /// How many accounts have an open finding.
    pub(super) fn accounts(&self) -> u64 {
        count(self.open.iter().map(|finding| finding.resource.account.as_str()).collect::<BTreeSet<_>>().len())
    }
}

/// A length as a number that is shown.
pub(super) fn count(length: usize) -> u64 {
    u64::try_from(length).unwrap_or(u64::MAX)
}

fn date(at: Timestamp) -> Date {
    at.to_zoned(TimeZone::UTC).date()
}

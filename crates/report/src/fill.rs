//! Rows as an overview.

use std::collections::{BTreeMap, BTreeSet};

use jiff::{civil::Date, tz::TimeZone};
use rectify_aws::{CorrectionRow, FindingRow, ResourceKey};
use rectify_controls::{AccountId, Exemption, Reach, Switch};
use rectify_render::{
    Overview,
    overview::{Correction, Day, Exempt, OpenFinding, Resource, Rule, Shadowed, TugOfWar, Undo},
};

use crate::{
    MOST, Question, Rows,
    story::{Background, End, Story},
};

/// So many corrections of one control on one resource in the period are a tug of war.
const TUG: usize = 3;

/// The overview of `rows` that `question` asks for.
#[must_use]
pub fn overview(question: &Question<'_>, rows: &Rows) -> Overview {
    let filler = Filler { question, rows, wanted: wanted(question, rows) };
    let (corrections, undos) = filler.corrections();
    Overview {
        title: question.title.to_owned(),
        made_at: rows.now,
        from: question.from,
        to: question.to,
        owner: question.owner.map(str::to_owned),
        gaps: filler.gaps(),
        paused: filler.paused(),
        open: filler.open(),
        tugs: filler.tugs(),
        corrections,
        undos,
        exemptions: filler.exemptions(),
        shadow: filler.shadow(),
        days: filler.days(),
    }
}

/// The accounts that are asked for; `None` for all.
fn wanted(question: &Question<'_>, rows: &Rows) -> Option<BTreeSet<AccountId>> {
    let owner = question.owner?;
    let accounts = rows
        .accounts
        .iter()
        .filter(|(_, facts)| facts.tags.get(question.owner_tag).is_some_and(|value| value.trim() == owner.trim()));
    Some(accounts.map(|(id, _)| id.clone()).collect())
}

/// What would have come of one control.
#[derive(Default)]
struct Sum<'r> {
    would: BTreeMap<String, u64>,
    resources: BTreeSet<String>,
    accounts: BTreeSet<&'r AccountId>,
}

struct Filler<'a> {
    question: &'a Question<'a>,
    rows: &'a Rows,
    wanted: Option<BTreeSet<AccountId>>,
}

impl Filler<'_> {
    fn wants(&self, account: &AccountId) -> bool {
        self.wanted.as_ref().is_none_or(|wanted| wanted.contains(account))
    }

    fn rule(&self, id: &str) -> Rule {
        Rule::find(id, self.question.book.iter().copied())
    }

    fn resource(&self, key: &ResourceKey, environment: Option<String>) -> Resource {
        let facts = self.rows.accounts.get(&key.place.account);
        Resource {
            arn: key.arn.as_str().to_owned(),
            account: key.place.account.to_string(),
            account_name: facts.and_then(|facts| facts.name.clone()),
            region: key.place.region.to_string(),
            environment: environment.filter(|name| !name.is_empty()),
            owner: facts.and_then(|facts| facts.tags.get(self.question.owner_tag).cloned()),
        }
    }

    fn findings<'r>(&'r self, rows: &'r [FindingRow]) -> impl Iterator<Item = (&'r FindingRow, Background)> {
        (rows.iter().filter(|row| self.wants(&row.key.place.account)))
            .map(|row| (row, row.actor.as_ref().and_then(|actor| actor.parse().ok()).unwrap_or_default()))
    }

    fn corrected(&self) -> impl Iterator<Item = (&ResourceKey, &CorrectionRow)> {
        let rows = self.rows.corrections.iter().filter(|(key, _)| self.wants(&key.place.account));
        rows.map(|(key, row)| (key, row))
    }

    fn open(&self) -> Vec<OpenFinding> {
        self.findings(&self.rows.open)
            .map(|(row, background)| OpenFinding {
                control: self.rule(&row.control),
                severity: row.severity,
                actor: background.who(),
                resource: self.resource(&row.key, background.environment),
                summary: row.summary.clone(),
                outcome: row.outcome.clone(),
                first_seen: row.first_seen,
                last_seen: row.last_seen,
                seen: row.seen,
            })
            .collect()
    }

    fn corrections(&self) -> (Vec<Correction>, Vec<Undo>) {
        let (mut corrections, mut undos) = (Vec::new(), Vec::new());
        for (key, row) in self.corrected() {
            let story: Story = row.ahead.actor.parse().unwrap_or_default();
            let controls: Vec<Rule> = row.ahead.controls.iter().map(|id| self.rule(id)).collect();
            let actor = story.background.who();
            let resource = self.resource(key, story.background.environment);
            let id = row.ahead.id.to_string();
            if let Some(undid) = row.undoes() {
                let (by, reason, until) = match story.undo {
                    Some(asked) => (asked.by, asked.reason, asked.until),
                    None => ("somebody".to_owned(), "not known".to_owned(), None),
                };
                let correction = undid.to_string();
                let (outcome, at) = (row.status.clone(), row.claimed_at);
                undos.push(Undo { id, correction, controls, resource, outcome, at, by, reason, until });
            } else {
                let end: End = row.outcome.as_ref().and_then(|end| end.parse().ok()).unwrap_or_default();
                corrections.push(Correction {
                    id,
                    controls,
                    resource,
                    severity: story.findings.iter().map(|found| found.severity).max(),
                    outcome: row.status.clone(),
                    at: row.claimed_at,
                    ended_at: row.closed_at,
                    actor,
                    undone_by: row.undone_by.as_ref().map(ToString::to_string),
                    why: if row.status == "corrected" { None } else { end.why() },
                });
            }
        }
        (corrections, undos)
    }

    fn tugs(&self) -> Vec<TugOfWar> {
        let mut by_place: BTreeMap<(String, &str), Vec<(&ResourceKey, &CorrectionRow)>> = BTreeMap::new();
        for (key, row) in self.corrected().filter(|(_, row)| row.undoes().is_none()) {
            for control in &row.ahead.controls {
                by_place.entry((key.to_string(), control)).or_default().push((key, row));
            }
        }
        by_place.retain(|_, rows| rows.len() >= TUG);
        let mut tugs: Vec<TugOfWar> = (by_place.into_iter())
            .filter_map(|((_, control), rows)| {
                let mut by: BTreeMap<String, usize> = BTreeMap::new();
                let mut environment = None;
                for (_, row) in &rows {
                    let story: Story = row.ahead.actor.parse().unwrap_or_default();
                    if let Some(who) = story.background.principal() {
                        *by.entry(who).or_default() += 1;
                    }
                    environment = environment.or(story.background.environment);
                }
                let mut by: Vec<(String, usize)> = by.into_iter().collect();
                by.sort_by_key(|(_, times)| std::cmp::Reverse(*times));
                Some(TugOfWar {
                    control: self.rule(control),
                    resource: self.resource(rows.first()?.0, environment),
                    times: u64::try_from(rows.len()).unwrap_or(u64::MAX),
                    by: by.into_iter().map(|(who, _)| who).collect(),
                    last: rows.iter().map(|(_, row)| row.claimed_at).max()?,
                })
            })
            .collect();
        tugs.sort_by_key(|tug| std::cmp::Reverse(tug.times));
        tugs
    }

    /// Those in force. For one owner: of their accounts, or that they answer for themselves.
    fn exemptions(&self) -> Vec<Exempt> {
        let all = self.rows.exemptions.iter().chain(self.question.settings.into_iter().flatten());
        all.filter(|exemption| exemption.until > self.rows.now)
            .filter(|exemption| {
                let theirs = self.question.owner.is_none_or(|owner| exemption.owner == owner);
                theirs || exemption.account.as_ref().is_some_and(|account| self.wants(account))
            })
            .map(|exemption| self.exempt(exemption))
            .collect()
    }

    fn exempt(&self, exemption: &Exemption) -> Exempt {
        Exempt {
            control: (exemption.control != "*").then(|| self.rule(&exemption.control)),
            resource: exemption.resource.clone(),
            account: exemption.account.as_ref().map(ToString::to_string),
            owner: exemption.owner.clone(),
            reason: exemption.reason.clone(),
            ticket: exemption.ticket.clone(),
            until: exemption.until,
            stands: exemption.stands(),
        }
    }

    fn paused(&self) -> Vec<String> {
        let holds = |switch: &&Switch| match &switch.reach {
            Reach::All | Reach::Control(_) => true,
            Reach::Account(account) => self.wants(account),
        };
        (self.rows.switches.iter().filter(holds))
            .map(|switch| format!("corrections are paused ({}): {}, by {}", switch.reach, switch.reason, switch.by))
            .collect()
    }

    fn shadow(&self) -> Vec<Shadowed> {
        let mut sums: BTreeMap<&str, Sum<'_>> = BTreeMap::new();
        for (row, _) in self.findings(&self.rows.shadowed) {
            let sum = sums.entry(&row.control).or_default();
            *sum.would.entry(row.would.clone().unwrap_or_else(|| "not known".to_owned())).or_default() += 1;
            sum.resources.insert(row.key.to_string());
            sum.accounts.insert(&row.key.place.account);
        }
        let count = |length: usize| u64::try_from(length).unwrap_or(u64::MAX);
        sums.into_iter()
            .map(|(control, sum)| Shadowed {
                control: self.rule(control),
                would: sum.would,
                resources: count(sum.resources.len()),
                accounts: count(sum.accounts.len()),
            })
            .collect()
    }

    fn days(&self) -> Vec<Day> {
        let ids: BTreeSet<&str> = self.rows.corrections.iter().map(|(_, row)| row.ahead.id.as_str()).collect();
        // A correction tells how its findings ended.
        let by_correction = |row: &FindingRow| {
            let by = row.correction.as_ref().is_some_and(|id| ids.contains(id.as_str()));
            by && ["not-proven", "failed"].contains(&row.outcome.as_str())
        };
        let told = self.findings(&self.rows.open).map(|(row, _)| row).filter(|row| !by_correction(row));
        let others = self.findings(&self.rows.ended).chain(self.findings(&self.rows.shadowed)).map(|(row, _)| row);
        let findings = told.chain(others).map(|row| (row.last_seen, row.outcome.as_str()));
        let corrections = self.corrected().map(|(_, row)| (row.claimed_at, row.status.as_str()));
        let mut days: BTreeMap<Date, BTreeMap<String, u64>> = BTreeMap::new();
        let period = self.question.from..=self.question.to.max(self.rows.now);
        for (at, outcome) in findings.chain(corrections).filter(|(at, _)| period.contains(at)) {
            let date = at.to_zoned(TimeZone::UTC).date();
            *days.entry(date).or_default().entry(outcome.to_owned()).or_default() += 1;
        }
        days.into_iter().map(|(date, outcomes)| Day { date, outcomes }).collect()
    }

    /// What is missing.
    fn gaps(&self) -> Vec<String> {
        let mut gaps: Vec<String> =
            self.rows.cut.iter().map(|what| format!("of {what} only the newest {MOST} were read")).collect();
        if self.question.settings.is_none() {
            gaps.push("exemptions of the settings file are not in here, only the ledger's".to_owned());
        }
        let unknown: Vec<&AccountId> = (self.rows.open.iter().map(|row| &row.key.place.account))
            .chain(self.rows.corrections.iter().map(|(key, _)| &key.place.account))
            .filter(|account| !self.rows.accounts.contains_key(*account))
            .collect();
        if self.wanted.is_some() && !unknown.is_empty() {
            let accounts: BTreeSet<&AccountId> = unknown.iter().copied().collect();
            let named: Vec<String> = accounts.iter().take(5).map(ToString::to_string).collect();
            gaps.push(format!(
                "{} findings and corrections in {} accounts whose owner nobody has written down are left out ({}{}): \
                 `rectify org refresh`",
                unknown.len(),
                accounts.len(),
                named.join(", "),
                if accounts.len() > named.len() { ", …" } else { "" },
            ));
        }
        let strange = self.strange();
        if strange > 0 {
            gaps.push(format!(
                "in {strange} rows another release wrote who did it and why in a form that this one does not read"
            ));
        }
        gaps
    }

    /// Rows whose story is not as this release writes it.
    fn strange(&self) -> usize {
        let findings = self.rows.open.iter().filter_map(|row| row.actor.as_ref());
        let findings = findings.filter(|actor| actor.as_str() != "null" && actor.parse::<Background>().is_err());
        let stories = self.corrected().filter(|(_, row)| row.ahead.actor.parse::<Story>().is_err());
        findings.count() + stories.count()
    }
}

#[cfg(test)]
mod tests;

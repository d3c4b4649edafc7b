//! The words that every form of an overview says alike.

use jiff::{SignedDuration, Timestamp};

use super::{
    Correction, Exempt, OpenFinding, Overview, Resource, Rule, Shadowed,
    count::{SEVERITIES, Series, count},
};
use crate::{console, escape, wording};

/// Longest text from outside.
pub(super) const TEXT: usize = 300;
/// Longest name.
pub(super) const NAME: usize = 120;

/// What nobody has seen for so long may be gone without an event.
const UNSEEN: SignedDuration = SignedDuration::from_hours(7 * 24);

/// `1 finding`, `2 findings`.
pub(super) fn some(number: u64, what: &str) -> String {
    format!("{number} {what}{}", if number == 1 { "" } else { "s" })
}

/// `1 exemption ends.`, `2 exemptions end.`; nothing for none.
fn counted(number: u64, one: &str, more: &str) -> Option<String> {
    match number {
        0 => None,
        1 => Some(format!("1 {one}.")),
        number => Some(format!("{number} {more}.")),
    }
}

/// `a, b and c`.
pub(super) fn list(items: &[String]) -> String {
    match items {
        [] => String::new(),
        [one] => one.clone(),
        [most @ .., last] => format!("{} and {last}", most.join(", ")),
    }
}

/// How long ago, or how long until, in the largest unit that says enough.
pub(super) fn span(from: Timestamp, to: Timestamp) -> String {
    let minutes = to.duration_since(from).as_mins().max(0);
    let (number, unit) = match minutes {
        0..60 => (minutes, "minute"),
        60..2_880 => (minutes / 60, "hour"),
        _ => (minutes / 1_440, "day"),
    };
    some(number.unsigned_abs(), unit)
}

pub(super) fn minute(at: Timestamp) -> String {
    at.strftime("%Y-%m-%d %H:%M UTC").to_string()
}

pub(super) fn day(at: Timestamp) -> String {
    at.strftime("%Y-%m-%d").to_string()
}

/// An outcome in the ledger's word, for people.
pub(super) fn outcome(word: &str) -> String {
    match word {
        "notified" => "told".to_owned(),
        "withheld" => "not corrected".to_owned(),
        "not-proven" => "not proven".to_owned(),
        "not-restored" => "not undone".to_owned(),
        "restored" => "undone".to_owned(),
        "deferred" => "waiting".to_owned(),
        "shadowed" => "shadow mode".to_owned(),
        "correcting" | "claimed" => "running".to_owned(),
        other => escape::value(other, 40),
    }
}

impl Rule {
    /// Its page, when this release knows the control.
    pub(super) fn page(&self) -> Option<String> {
        self.known.map(rectify_controls::Control::page)
    }

    pub(super) fn shown(&self) -> String {
        match self.known {
            Some(control) => control.title.to_owned(),
            None => escape::value(&self.id, NAME),
        }
    }
}

pub(super) fn rules(rules: &[Rule]) -> String {
    let shown: Vec<String> = rules.iter().take(5).map(Rule::shown).collect();
    list(&shown)
}

impl Resource {
    pub(super) fn name(&self) -> String {
        escape::value(&console::name(&self.arn), NAME)
    }

    pub(super) fn link(&self) -> Option<String> {
        console::link(&self.arn, &self.account, &self.region)
    }

    /// `Reports (123456789012)`.
    pub(super) fn account(&self) -> String {
        let id = escape::value(&self.account, 20);
        match &self.account_name {
            Some(name) => format!("{} ({id})", escape::value(name, NAME)),
            None => id,
        }
    }

    /// Account, region, environment, owner.
    pub(super) fn place(&self) -> String {
        let mut parts = vec![self.account(), escape::value(&self.region, 30)];
        parts.extend(self.environment.as_deref().map(|name| escape::value(name, NAME)));
        parts.extend(self.owner.as_deref().map(|owner| format!("owner {}", escape::value(owner, NAME))));
        parts.join(", ")
    }
}

impl OpenFinding {
    /// What rectify last made of it, how often it was seen, who caused it, and that nobody has seen it for long: sweeps see
    /// what stands several times a day.
    pub(super) fn last(&self, now: Timestamp) -> String {
        let mut parts = vec![outcome(&self.outcome)];
        if now.duration_since(self.last_seen) > UNSEEN {
            parts.push(format!("not seen for {}, so it may be gone", span(self.last_seen, now)));
        }
        if self.seen > 1 {
            parts.push(format!("seen {} times", self.seen));
        }
        parts.extend(self.actor.as_deref().map(|actor| format!("by {}", escape::value(actor, NAME))));
        parts.join(", ")
    }
}

impl Correction {
    /// How it ended, how long it took, and what came of it.
    pub(super) fn ended(&self) -> String {
        let mut text = outcome(&self.outcome);
        if let Some(ended) = self.ended_at {
            let took = ended.duration_since(self.at).as_millis().clamp(0, i128::from(u64::MAX));
            text.push_str(&format!(" in {}", wording::duration(u64::try_from(took).unwrap_or_default())));
        }
        if let Some(undo) = &self.undone_by {
            text.push_str(&format!(", undone later by {}", escape::value(undo, 40)));
        }
        if let Some(why) = &self.why {
            text.push_str(&format!(": {}", escape::value(why, TEXT)));
        }
        text
    }
}

impl Exempt {
    pub(super) fn what(&self) -> String {
        let control =
            self.control.as_ref().map_or("every control".to_owned(), |control| escape::value(&control.id, NAME));
        let account = self.account.as_ref().map(|account| format!(" in account {}", escape::value(account, 20)));
        format!("{} for {control}{}", escape::value(&self.resource, TEXT), account.unwrap_or_default())
    }

    pub(super) fn why(&self) -> String {
        format!(
            "{}: {} ({}); {}",
            escape::value(&self.owner, NAME),
            escape::value(&self.reason, TEXT),
            escape::value(&self.ticket, NAME),
            escape::value(&self.stands, NAME)
        )
    }
}

impl Shadowed {
    /// `corrected 3, told 2; on 5 resources in 2 accounts`.
    pub(super) fn would_have(&self) -> String {
        let would: Vec<String> =
            self.would.iter().take(10).map(|(word, number)| format!("{} {number}", outcome(word))).collect();
        let (resources, accounts) = (some(self.resources, "resource"), some(self.accounts, "account"));
        format!("{}; on {resources} in {accounts}", would.join(", "))
    }
}

impl Overview {
    /// Whose, for a heading: `all accounts` or the owner.
    pub(super) fn scope(&self) -> String {
        match &self.owner {
            Some(owner) => format!("accounts of {}", escape::value(owner, NAME)),
            None => "all accounts".to_owned(),
        }
    }

    pub(super) fn period(&self) -> String {
        format!("{} to {}", minute(self.from), minute(self.to))
    }

    /// `2 critical, 1 high`; empty when nothing is open.
    pub(super) fn severities(&self) -> String {
        let parts: Vec<String> = (SEVERITIES.into_iter().map(|severity| (self.open_of(severity), severity)))
            .filter(|(number, _)| *number > 0)
            .map(|(number, severity)| format!("{number} {severity}"))
            .collect();
        parts.join(", ")
    }

    /// What stands above everything else: holes and pauses.
    pub(super) fn warnings(&self) -> Vec<String> {
        let shown = |text: &String| escape::value(text.trim_end_matches('.'), TEXT);
        let gaps = self.gaps.iter().take(10).map(|gap| format!("Not complete: {}.", shown(gap)));
        let gaps_omitted =
            (self.gaps.len() > 10).then(|| format!("Not complete in {} more ways.", self.gaps.len() - 10));
        let paused = self.paused.iter().take(10).map(|pause| {
            let mut rest = shown(pause);
            if let Some(first) = rest.get_mut(..1) {
                first.make_ascii_uppercase();
            }
            format!("{rest}.")
        });
        let paused_omitted = (self.paused.len() > 10).then(|| format!("{} more pauses hold.", self.paused.len() - 10));
        gaps.chain(gaps_omitted).chain(paused).chain(paused_omitted).collect()
    }

    /// The first sentences: how it stands.
    pub(super) fn sentences(&self) -> Vec<String> {
        let mut sentences = Vec::new();
        sentences.push(match count(self.open.len()) {
            0 => "Nothing is open.".to_owned(),
            1 => format!("1 finding is open: {}.", self.severities()),
            number => {
                format!("{number} findings are open in {}: {}.", some(self.accounts(), "account"), self.severities())
            }
        });
        sentences.push(format!("In the period: {}.", self.done().join(", ")));
        sentences.extend(counted(
            self.sum(Series::Resolved),
            "finding is over without a correction",
            "findings are over without a correction",
        ));
        let soon = self.exemptions.iter().filter(|exemption| self.ends_soon(exemption)).count();
        sentences.extend(counted(count(soon), "exemption ends within 14 days", "exemptions end within 14 days"));
        sentences.extend(counted(
            count(self.tugs.len()),
            "tug of war: somebody keeps changing what rectify puts back",
            "tugs of war: somebody keeps changing what rectify puts back",
        ));
        sentences
    }

    /// What rectify did in the period.
    fn done(&self) -> Vec<String> {
        let (corrected, trouble) = (self.corrections_of(Series::Corrected), self.corrections_of(Series::Trouble));
        let running = count(self.corrections.len()).saturating_sub(corrected + trouble);
        let mut done = Vec::new();
        if corrected > 0 || (trouble == 0 && running == 0) {
            done.push(match corrected {
                0 => "nothing was corrected".to_owned(),
                number => format!("{number} corrected"),
            });
        }
        let further = [(trouble, "did not end well"), (running, "has no end yet"), (count(self.undos.len()), "undone")];
        done.extend(
            further.into_iter().filter(|(number, _)| *number > 0).map(|(number, what)| format!("{number} {what}")),
        );
        done
    }
}

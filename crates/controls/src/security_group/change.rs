//! Everything a correction may do to a security group.

use std::{collections::BTreeMap, fmt};

use serde::{Deserialize, Serialize};

use super::facts::{Allowed, Notes, Rule, said};

/// One step. Each says of some rules whether they are to be there, by what they allow; every other rule of the group is left
/// alone. Ids of rules are no part of it: they are found when the change is made, because a rule that is put back gets another.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum Change {
    /// `RevokeSecurityGroupIngress` and `AuthorizeSecurityGroupIngress`. The latter is only ever an inverse.
    Ingress(Vec<Stand>),
    /// `RevokeSecurityGroupEgress` and `AuthorizeSecurityGroupEgress`. The latter is only ever an inverse.
    Egress(Vec<Stand>),
}

/// How one rule is to stand.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct Stand {
    /// The rule.
    pub rule: Allowed,
    /// With what on it it is to be there; `None` when it is not to be there.
    pub notes: Option<Notes>,
}

impl Stand {
    /// None of `rules`.
    pub(super) fn without<'a>(rules: impl IntoIterator<Item = &'a Rule>) -> Vec<Self> {
        rules.into_iter().map(|rule| Self { rule: rule.what.clone(), notes: None }).collect()
    }

    /// How the rules of `stands` stand in `rules`.
    pub(super) fn as_in(stands: &[Self], rules: &[Rule]) -> Vec<Self> {
        let notes = |what: &Allowed| rules.iter().find(|rule| rule.what == *what).map(|rule| rule.notes.clone());
        stands.iter().map(|stand| Self { rule: stand.rule.clone(), notes: notes(&stand.rule) }).collect()
    }

    /// `rules` with those of `stands` as they are to be.
    pub(super) fn set(stands: &[Self], rules: &mut Vec<Rule>) {
        rules.retain(|rule| stands.iter().all(|stand| stand.rule != rule.what));
        rules.extend(
            stands.iter().filter_map(|stand| stand.notes.clone().map(|notes| Rule { what: stand.rule.clone(), notes })),
        );
        rules.sort();
    }

    /// Both: of a rule that both name, `later` decides.
    pub(super) fn both(earlier: Vec<Self>, later: Vec<Self>) -> Vec<Self> {
        let all: BTreeMap<Allowed, Option<Notes>> =
            earlier.into_iter().chain(later).map(|stand| (stand.rule, stand.notes)).collect();
        all.into_iter().map(|(rule, notes)| Self { rule, notes }).collect()
    }
}

impl fmt::Display for Change {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let (stands, direction, word) = match self {
            Self::Ingress(stands) => (stands, "ingress", "from"),
            Self::Egress(stands) => (stands, "egress", "to"),
        };
        let mut said = Vec::new();
        for (verb, there) in [("take away", false), ("put back", true)] {
            let rules: Vec<&Allowed> =
                stands.iter().filter(|stand| stand.notes.is_some() == there).map(|stand| &stand.rule).collect();
            match rules.len() {
                0 => {}
                1 => said.push(format!("{verb} the {direction} rule {}", listed(&rules, word))),
                count => said.push(format!("{verb} {count} {direction} rules: {}", listed(&rules, word))),
            }
        }
        f.write_str(&said.join("; "))
    }
}

/// The first few, in words.
pub(super) fn listed(rules: &[&Allowed], word: &str) -> String {
    const MOST: usize = 5;
    let mut text: Vec<String> = rules.iter().take(MOST).map(|rule| said(rule, word)).collect();
    if let Some(more) = rules.len().checked_sub(MOST).filter(|more| *more > 0) {
        text.push(format!("{more} more"));
    }
    text.join(", ")
}

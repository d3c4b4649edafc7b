//! How a finding, or an event without one, ends. Every test, metric, ledger row and exit code comes from [`Outcome`].

use std::fmt;

use jiff::{SignedDuration, Timestamp};
use serde::{Deserialize, Serialize};

use crate::{Finding, Ignored, Restored, Selection};

/// The nine steps of an event's way through a guard.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize)]
#[serde(rename_all = "lowercase")]
pub enum Step {
    /// Parse what arrived.
    Receive,
    /// Decide whether it concerns us.
    Admit,
    /// Read the live state.
    Observe,
    /// Judge it and choose what to do.
    Decide,
    /// Take the resource in the ledger, with what is needed to undo.
    Claim,
    /// Write the changes.
    Correct,
    /// Read again.
    Verify,
    /// Write the outcome down.
    Record,
    /// Publish it.
    Tell,
}

impl fmt::Display for Step {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(match self {
            Self::Receive => "receive",
            Self::Admit => "admit",
            Self::Observe => "observe",
            Self::Decide => "decide",
            Self::Claim => "claim",
            Self::Correct => "correct",
            Self::Verify => "verify",
            Self::Record => "record",
            Self::Tell => "tell",
        })
    }
}

/// How it ended.
#[derive(Debug, Clone, PartialEq)]
pub enum Outcome {
    /// Nothing was read.
    Ignored(Ignored),
    /// The live state breaks none of the controls that were asked about.
    Compliant,
    /// The resource is gone, or somebody else put it right.
    Superseded,
    /// A finding that was told stands no more, and not by a correction: how long it stood; told.
    Resolved(String),
    /// An exemption covers it; owner and reason.
    Exempt(String),
    /// Shadow mode: recorded, told to nobody.
    Shadowed,
    /// Told, as the mode, the control or the state of the finding demands.
    Notified,
    /// To be looked at again then.
    Deferred(Timestamp),
    /// Would have been corrected, and was not; told.
    Withheld(Withheld),
    /// Put back and proven.
    Corrected(Proof),
    /// A correction was undone: what stood before it stands again, proven.
    Restored(Restored),
    /// An undo was made, and what stood before does not stand again; told as an alarm.
    NotRestored(String),
    /// The changes were made and the second look still shows a breach; told as an alarm.
    NotProven(String),
    /// A step failed; told, and retried where a retry can help.
    Failed {
        /// Where.
        step: Step,
        /// What AWS said, or what went wrong, in one line.
        error: String,
    },
}

/// Why a correction was held back.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Withheld {
    /// More corrections of this control in this account and hour than the limit allows.
    Budget {
        /// The limit.
        limit: u64,
        /// The limit is the whole organisation's, not the account's.
        everywhere: bool,
    },
    /// Somebody pressed the switch.
    Paused {
        /// `all`, `control …` or `account …`.
        switch: String,
        /// The reason given.
        reason: String,
    },
    /// The ledger could not be written: without a row nothing is changed.
    Ledger(String),
    /// The settings could not be read: nothing is changed.
    Settings(String),
    /// The event was caused by our own correction and the breach is still there. An alarm: something puts it back, or the
    /// correction does not work.
    OwnEvent,
    /// A change of the plan has no inverse, so it could not be undone.
    NoInverse,
    /// Switches and exemptions could not be read, or hang on something that could not: nothing is changed.
    Exemptions(String),
    /// The account's place in the organisation is not known: nothing is changed.
    Organization(String),
    /// Somebody undoes the same correction again and again.
    TugOfWar {
        /// How often it was corrected within the window.
        times: usize,
        /// The window.
        window: SignedDuration,
        /// Who reversed it and with which tool.
        by: Vec<String>,
    },
}

impl Outcome {
    /// The outcome's name in kebab case: metric, ledger status and exit code follow it.
    #[must_use]
    pub fn name(&self) -> &'static str {
        match self {
            Self::Ignored(_) => "ignored",
            Self::Compliant => "compliant",
            Self::Superseded => "superseded",
            Self::Resolved(_) => "resolved",
            Self::Exempt(_) => "exempt",
            Self::Shadowed => "shadowed",
            Self::Notified => "notified",
            Self::Deferred(_) => "deferred",
            Self::Withheld(_) => "withheld",
            Self::Corrected(_) => "corrected",
            Self::Restored(_) => "restored",
            Self::NotRestored(_) => "not-restored",
            Self::NotProven(_) => "not-proven",
            Self::Failed { .. } => "failed",
        }
    }

    /// Why, for people; `None` when the name says it all.
    #[must_use]
    pub fn why(&self) -> Option<String> {
        match self {
            Self::Ignored(why) => Some(why.to_string()),
            Self::Exempt(why) | Self::NotProven(why) | Self::NotRestored(why) | Self::Resolved(why) => {
                Some(why.clone())
            }
            Self::Deferred(until) => Some(format!("looked at again at {until:.0}")),
            Self::Withheld(why) => Some(why.to_string()),
            Self::Failed { step, error } => Some(format!("step `{step}` failed: {error}")),
            Self::Corrected(proof) => Some(proof.to_string()),
            Self::Restored(proof) => Some(proof.to_string()),
            Self::Compliant | Self::Superseded | Self::Shadowed | Self::Notified => None,
        }
    }

    /// Whether a message with this outcome is the last about its finding, until it comes back.
    #[must_use]
    pub fn closes(&self) -> bool {
        matches!(self, Self::Corrected(_) | Self::Restored(_) | Self::Superseded | Self::Resolved(_) | Self::Exempt(_))
    }

    /// Whether somebody should look at once: the protection itself did not work.
    #[must_use]
    pub fn is_alarm(&self) -> bool {
        matches!(self, Self::NotProven(_) | Self::NotRestored(_) | Self::Failed { .. } | Self::Withheld(_))
    }
}

impl fmt::Display for Withheld {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Budget { limit, everywhere: false } => {
                write!(f, "the limit of {limit} corrections per hour for this control and account is used up")
            }
            Self::Budget { limit, everywhere: true } => {
                write!(f, "the limit of {limit} corrections per hour for this control in all accounts is used up")
            }
            Self::Paused { switch, reason } => write!(f, "corrections are paused ({switch}): {reason}"),
            Self::Ledger(error) => write!(f, "the ledger could not be written, so nothing was changed: {error}"),
            Self::Settings(error) => write!(f, "the settings could not be read, so nothing was changed: {error}"),
            Self::OwnEvent => f.write_str("our own correction caused this event and the breach is still there"),
            Self::NoInverse => f.write_str("the correction could not be undone, so it was not made"),
            Self::Exemptions(why) => {
                write!(f, "whether an exemption or a switch holds could not be told, so nothing was changed: {why}")
            }
            Self::Organization(why) => {
                write!(f, "what may be changed in this account could not be told, so nothing was changed: {why}")
            }
            Self::TugOfWar { times, window, by } => {
                let times = if *times == 1 { "once".to_owned() } else { format!("{times} times") };
                write!(f, "a tug of war: corrected {times} within {window:#}, and each time it came back")?;
                if by.is_empty() { Ok(()) } else { write!(f, "; it was opened by {}", by.join(", by ")) }
            }
        }
    }
}

/// That a resource was compliant when it was read again after a correction.
///
/// **Invariant:** there is no other way to make one than [`Proof::from_second_look`], so there is no other way to say
/// `Corrected`.
#[derive(Debug, Clone, PartialEq, Eq, Serialize)]
pub struct Proof {
    at: Timestamp,
    looks: u32,
}

impl Proof {
    /// The proof that none of `corrected` breaks any more in `after`, the findings of the look at `at`, which was look
    /// number `looks` after the last change.
    ///
    /// # Errors
    /// The summaries of what still breaks, joined, when anything does. An unverifiable finding is a finding.
    pub fn from_second_look<C>(
        after: &[Finding<C>],
        corrected: &Selection,
        at: Timestamp,
        looks: u32,
    ) -> Result<Self, String> {
        let left: Vec<&str> =
            after.iter().filter(|f| corrected.contains(f.control.id)).map(|f| f.summary.as_str()).collect();
        if left.is_empty() { Ok(Self { at, looks }) } else { Err(left.join("; ")) }
    }

    /// When the compliant state was read.
    #[must_use]
    pub fn at(&self) -> Timestamp {
        self.at
    }

    /// Which look after the last change showed it.
    #[must_use]
    pub fn looks(&self) -> u32 {
        self.looks
    }
}

impl fmt::Display for Proof {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "read again at {:.3} and found compliant (look {})", self.at, self.looks)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_withheld_correction_says_why() {
        let war = |times, by: &[&str]| Withheld::TugOfWar {
            times,
            window: SignedDuration::from_mins(90),
            by: by.iter().map(|who| (*who).to_owned()).collect(),
        };
        for (why, text) in [
            (
                Withheld::Budget { limit: 5, everywhere: false },
                "the limit of 5 corrections per hour for this control and account is used up",
            ),
            (
                Withheld::Budget { limit: 50, everywhere: true },
                "the limit of 50 corrections per hour for this control in all accounts is used up",
            ),
            (
                Withheld::Paused { switch: "account 111122223333".to_owned(), reason: "incident 7".to_owned() },
                "corrections are paused (account 111122223333): incident 7",
            ),
            (
                Withheld::Exemptions("throttled".to_owned()),
                "whether an exemption or a switch holds could not be told, so nothing was changed: throttled",
            ),
            (
                Withheld::Organization("no facts".to_owned()),
                "what may be changed in this account could not be told, so nothing was changed: no facts",
            ),
            (
                war(3, &["ci with Terraform", "eve"]),
                "a tug of war: corrected 3 times within 1h 30m, and each time it came back; it was opened by ci with \
                 Terraform, by eve",
            ),
            (war(1, &[]), "a tug of war: corrected once within 1h 30m, and each time it came back"),
        ] {
            assert_eq!(why.to_string(), text);
            let outcome = Outcome::Withheld(why);
            assert!(outcome.is_alarm());
            assert_eq!((outcome.name(), outcome.why().as_deref()), ("withheld", Some(text)));
        }
    }

    #[test]
    fn only_what_did_not_work_is_an_alarm() {
        let at: Timestamp = "2026-11-23T12:00:00.25Z".parse().unwrap();
        let proof = Proof::from_second_look::<()>(&[], &Selection::from(["a"]), at, 2).unwrap();
        for (outcome, name, alarm, why) in [
            (Outcome::Compliant, "compliant", false, None),
            (Outcome::Superseded, "superseded", false, None),
            (Outcome::Shadowed, "shadowed", false, None),
            (Outcome::Notified, "notified", false, None),
            (Outcome::Exempt("web: site".to_owned()), "exempt", false, Some("web: site")),
            (Outcome::Deferred(at), "deferred", false, Some("looked at again at 2026-11-23T12:00:00Z")),
            (
                Outcome::Corrected(proof),
                "corrected",
                false,
                Some("read again at 2026-11-23T12:00:00.250Z and found compliant (look 2)"),
            ),
            (Outcome::NotProven("still open".to_owned()), "not-proven", true, Some("still open")),
            (Outcome::NotRestored("not as before: acl".to_owned()), "not-restored", true, Some("not as before: acl")),
            (
                Outcome::Failed { step: Step::Claim, error: "Throttled".to_owned() },
                "failed",
                true,
                Some("step `claim` failed: Throttled"),
            ),
        ] {
            assert_eq!((outcome.name(), outcome.is_alarm(), outcome.why().as_deref()), (name, alarm, why));
        }
    }
}

//! What is said of one event and one control, in the words of a replay.

use jiff::Timestamp;
use rectify_controls::{Control, Finding, State, Withheld};

use crate::report::Verdict;

/// What is said of one lead.
pub(super) struct Said {
    pub(super) verdict: Verdict,
    pub(super) why: Option<String>,
    /// It is said only then, if it is still so.
    pub(super) waits: Option<Timestamp>,
    /// It would be corrected if that had not been done so often.
    pub(super) war: bool,
    /// [`Mark::exemption`](super::Mark::exemption).
    pub(super) exemption: Option<String>,
}

impl Said {
    pub(super) fn plainly(verdict: Verdict) -> Self {
        Self { verdict, why: None, waits: None, war: false, exemption: None }
    }

    pub(super) fn because(verdict: Verdict, why: impl Into<String>) -> Self {
        Self { why: Some(why.into()), ..Self::plainly(verdict) }
    }
}

/// A verdict of the rule book, as a replay's.
pub(super) fn said(verdict: &rectify_controls::Verdict, finding: &Finding<String>, environment: &str) -> Said {
    use rectify_controls::Verdict as Book;
    match verdict {
        Book::Off => Said::because(Verdict::Ignored, format!("off in {environment}")),
        Book::Shadow(would) => {
            let would = match **would {
                Book::Correct | Book::Defer(_) => "would be corrected",
                _ => "would be told",
            };
            Said::because(Verdict::Ignored, format!("in shadow in {environment}: {would}"))
        }
        Book::Exempt(exemption) => {
            Said::because(Verdict::Exempt, format!("{}: {}", exemption.stands(), exemption.reason))
        }
        Book::Tell => match &finding.state {
            State::Neutralised { by } => Said::because(Verdict::WouldTell, format!("neutralised by {by}")),
            _ => Said::plainly(Verdict::WouldTell),
        },
        Book::Correct => Said::plainly(Verdict::WouldCorrect),
        Book::Defer(due) => Said { waits: Some(*due), ..Said::plainly(Verdict::WouldCorrect) },
        Book::Withhold(withheld) => match withheld {
            Withheld::Exemptions(why) => Said::because(Verdict::NeedsLiveState, why.as_str()),
            Withheld::TugOfWar { times, .. } => Said {
                war: true,
                ..Said::because(Verdict::WouldTell, format!("a tug of war: put back {times} times before"))
            },
            Withheld::Organization(why) => Said::because(Verdict::WouldTell, why.as_str()),
            other => Said::because(Verdict::WouldTell, other.to_string()),
        },
    }
}

/// What of an unverifiable finding says what is missing, without the resource's name: reasons are counted.
pub(super) fn unread(finding: &Finding<String>) -> String {
    let missing = finding.evidence.iter().find(|evidence| evidence.what == "unreadable");
    missing.map_or_else(|| "a fact that decides is not in the log".to_owned(), |evidence| evidence.value.clone())
}

/// A finding of which nothing is known: what is decided about it holds whatever the live state is.
pub(super) fn unverifiable(control: &'static Control) -> Finding<String> {
    Finding {
        control,
        severity: control.severity,
        state: State::Unverifiable,
        summary: String::new(),
        evidence: Vec::new(),
        changes: Vec::new(),
    }
}

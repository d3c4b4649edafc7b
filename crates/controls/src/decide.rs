//! From a finding to what is done about it. Pure: the runtime brings the situation, this says the verdict.

use jiff::Timestamp;

use crate::{Arn, Environment, Finding, Mode, Place, Settings, State, Withheld};

/// What surrounds a finding.
#[derive(Debug, Clone, Copy)]
pub struct Situation<'a> {
    /// The settings in force.
    pub settings: &'a Settings,
    /// Why the settings in force are only the fallback; `None` normally.
    pub degraded: Option<&'a str>,
    /// The environment of the account.
    pub environment: &'a Environment,
    /// The resource.
    pub arn: &'a Arn,
    /// Its account and region.
    pub place: &'a Place,
    /// The event was caused by our own correction.
    pub own_event: bool,
    /// Now, for expiries.
    pub now: Timestamp,
}

/// What to do about one finding.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Verdict {
    /// The control is off here.
    Off,
    /// Record, tell nobody.
    Shadow,
    /// An exemption covers it; owner and reason.
    Exempt(String),
    /// Tell, change nothing.
    Tell,
    /// Would be corrected if it were not for this: tell, change nothing.
    Withhold(Withheld),
    /// Put it back and tell.
    Correct,
}

/// Decides about `finding`.
///
/// Correcting needs everything at once: corrective mode, no exemption, a live state, changes to make, an event that is not
/// our own, and settings that could be read. Everything else lowers it; nothing raises it.
#[must_use]
pub fn decide<C>(finding: &Finding<C>, situation: &Situation<'_>) -> Verdict {
    let settings = situation.settings;
    let mode = settings.mode(finding.control, situation.environment);
    if mode == Mode::Off {
        return Verdict::Off;
    }
    if let Some(exemption) = settings.exemption(finding.control, situation.arn, situation.place, situation.now) {
        return Verdict::Exempt(format!("{}: {}", exemption.owner, exemption.reason));
    }
    if mode == Mode::Shadow {
        return Verdict::Shadow;
    }
    if finding.state != State::Live || finding.changes.is_empty() {
        return Verdict::Tell;
    }
    match (situation.degraded, mode) {
        (Some(error), _) => Verdict::Withhold(Withheld::Settings(error.to_owned())),
        (None, Mode::Corrective) if situation.own_event => Verdict::Withhold(Withheld::OwnEvent),
        (None, Mode::Corrective) => Verdict::Correct,
        (None, _) => Verdict::Tell,
    }
}

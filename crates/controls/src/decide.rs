//! From a finding to what is done about it. Pure: the runtime brings the situation, this says the verdict.

use std::fmt;

use jiff::{SignedDuration, Timestamp};

use crate::{
    Control, Coverage, Environment, Exemption, Finding, Missing, Mode, Past, Settings, Standing, State, Subject,
    Withheld,
};

/// How late a look after a grace period may be and still end it. Later than that the grace period belonged to another
/// breach, whose end nobody saw.
pub const GRACE_KEPT: SignedDuration = SignedDuration::from_hours(6);

/// How much earlier than due a look may be and still count: EventBridge Scheduler and a function have two clocks.
const ABOUT: SignedDuration = SignedDuration::from_secs(2);

/// What surrounds a finding.
#[derive(Debug, Clone, Copy)]
pub struct Situation<'a> {
    /// The settings in force.
    pub settings: &'a Settings,
    /// The environment of the account.
    pub environment: &'a Environment,
    /// The resource, its account and its tags.
    pub subject: Subject<'a>,
    /// Switches and exemptions; when they could not be read, why.
    pub standing: Result<&'a Standing, &'a str>,
    /// What the ledger remembers of this control on this resource.
    pub past: &'a Past,
    /// Why settings or organisation are not known well enough to change anything.
    pub doubt: Option<&'a Doubt>,
    /// The event was caused by our own correction.
    pub own_event: bool,
    /// Now, for expiries.
    pub now: Timestamp,
}

/// Something that is not known, so that nothing may be changed.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Doubt {
    /// The settings in force are only the fallback.
    Settings(String),
    /// The account's environment cannot be told.
    Organization(String),
}

impl fmt::Display for Doubt {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Settings(why) => write!(f, "the settings could not be read: {why}"),
            Self::Organization(why) => f.write_str(why),
        }
    }
}

/// What to do about one finding.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Verdict {
    /// The control is off here.
    Off,
    /// Record what would have happened, tell nobody.
    Shadow(Box<Verdict>),
    /// An exemption covers it.
    Exempt(Box<Exemption>),
    /// Tell, change nothing.
    Tell,
    /// Would be corrected if it were not for this: tell, change nothing.
    Withhold(Withheld),
    /// Look again then.
    Defer(Timestamp),
    /// Put it back and tell.
    Correct,
}

impl Verdict {
    /// The name of the outcome it leads to when everything goes well; a shadowed one's is what would have been.
    #[must_use]
    pub fn outcome(&self) -> &'static str {
        match self {
            Self::Off => "ignored",
            Self::Shadow(would) => would.outcome(),
            Self::Exempt(_) => "exempt",
            Self::Tell => "notified",
            Self::Withhold(_) => "withheld",
            Self::Defer(_) => "deferred",
            Self::Correct => "corrected",
        }
    }
}

/// Decides about `finding`.
///
/// Correcting needs everything at once: corrective mode, no exemption, no pause, a live state, changes to make, an event that
/// is not our own, a grace period that is over, no tug of war, and settings, switches and exemptions that could be read.
/// Everything else lowers it; nothing raises it.
#[must_use]
pub fn decide<C>(finding: &Finding<C>, situation: &Situation<'_>) -> Verdict {
    let Situation { settings, environment, .. } = situation;
    match settings.mode(finding.control, environment) {
        Mode::Off => Verdict::Off,
        Mode::Shadow => match at_most(finding, situation, settings.mode_out_of_shadow(finding.control, environment)) {
            exempt @ Verdict::Exempt(_) => exempt,
            would => Verdict::Shadow(Box::new(would)),
        },
        mode => at_most(finding, situation, mode),
    }
}

fn at_most<C>(finding: &Finding<C>, situation: &Situation<'_>, mode: Mode) -> Verdict {
    let exempt = exemption(finding.control.id, situation);
    if let Ok(Some(exemption)) = exempt {
        return Verdict::Exempt(Box::new(exemption.clone()));
    }
    // Settings that could not be read may have said anything: what they may have put right is held back, not just told.
    let corrective = mode == Mode::Corrective || matches!(situation.doubt, Some(Doubt::Settings(_)));
    if finding.state != State::Live || finding.changes.is_empty() || !corrective {
        return Verdict::Tell;
    }
    match obstacle(finding.control.id, situation, exempt.err()) {
        Some(withheld) => Verdict::Withhold(withheld),
        None => match due(finding, situation) {
            Some(due) => Verdict::Defer(due),
            None => Verdict::Correct,
        },
    }
}

/// The exemption that covers `control` here.
///
/// # Errors
/// What has to be known to tell.
pub fn exemption<'a>(control: &str, situation: &Situation<'a>) -> Result<Option<&'a Exemption>, Missing> {
    let rows = situation.standing.map(|standing| &*standing.exemptions).unwrap_or_default();
    let mut missing = None;
    for exemption in situation.settings.exemptions.iter().chain(rows) {
        if exemption.is_by_tag_alone() && !situation.settings.resource_tag_alone {
            continue;
        }
        match exemption.covers(control, &situation.subject, situation.now) {
            Coverage::Yes => return Ok(Some(exemption)),
            Coverage::Unknown(what) => missing = missing.max(Some(what)),
            Coverage::No => {}
        }
    }
    missing.map_or(Ok(None), Err)
}

/// Whether a correction of `control` that was begun, and whose function died, may be finished: as [`decide`], without what
/// was counted when it was begun (tug of war, grace) and without the finding, which may be half put right.
#[must_use]
pub fn may_finish(control: &Control, situation: &Situation<'_>) -> bool {
    let missing = match exemption(control.id, situation) {
        Ok(Some(_)) => return false,
        Ok(None) => None,
        Err(missing) => Some(missing),
    };
    let unburdened = Situation { past: &Past::default(), ..*situation };
    situation.settings.mode(control, situation.environment) == Mode::Corrective
        && obstacle(control.id, &unburdened, missing).is_none()
}

/// What stands in the way of a correction that the mode allows.
fn obstacle(control: &str, situation: &Situation<'_>, missing: Option<Missing>) -> Option<Withheld> {
    match situation.doubt {
        Some(Doubt::Settings(why)) => return Some(Withheld::Settings(why.clone())),
        Some(Doubt::Organization(why)) => return Some(Withheld::Organization(why.clone())),
        None if situation.environment.is_unknown() => {
            return Some(Withheld::Organization("the account's environment cannot be told".to_owned()));
        }
        None => {}
    }
    let standing = match situation.standing {
        Ok(standing) => standing,
        Err(why) => return Some(Withheld::Exemptions(why.to_owned())),
    };
    match missing {
        Some(Missing::Organization) => return Some(Withheld::Organization(Missing::Organization.to_string())),
        Some(Missing::Tags) => return Some(Withheld::Exemptions(Missing::Tags.to_string())),
        None => {}
    }
    if situation.own_event {
        return Some(Withheld::OwnEvent);
    }
    let account = &situation.subject.place.account;
    if let Some(switch) = standing.switches.iter().find(|switch| switch.holds(control, account)) {
        return Some(Withheld::Paused { switch: switch.reach.to_string(), reason: switch.reason.clone() });
    }
    tug_of_war(situation)
}

fn tug_of_war(situation: &Situation<'_>) -> Option<Withheld> {
    let limits = &situation.settings.limits;
    let (past, now) = (situation.past, situation.now);
    let from = now.checked_sub(limits.reversal_window).unwrap_or(Timestamp::MIN);
    let times = past.corrections.iter().filter(|correction| correction.at >= from).count();
    let fenced = past.fenced_until.is_some_and(|until| now < until);
    let now_at_it = times >= usize::try_from(limits.reversals).unwrap_or(usize::MAX);
    (fenced || now_at_it).then(|| {
        // Behind a fence it is the war that built it that is told of, also when its corrections are older than the window.
        let (war, from) = if now_at_it { (times, from) } else { (past.corrections.len(), Timestamp::MIN) };
        let mut by: Vec<String> = Vec::new();
        for correction in past.corrections.iter().filter(|correction| correction.at >= from) {
            let who = match (&correction.by, &correction.tool) {
                (Some(who), Some(tool)) => format!("{who} with {tool}"),
                (Some(who), None) => who.clone(),
                (None, Some(tool)) => tool.clone(),
                (None, None) => continue,
            };
            if !by.contains(&who) {
                by.push(who);
            }
        }
        Withheld::TugOfWar { times: war.max(1), window: limits.reversal_window, by }
    })
}

/// When to look again, if the control has a grace period that is not over.
fn due<C>(finding: &Finding<C>, situation: &Situation<'_>) -> Option<Timestamp> {
    let grace = situation.settings.grace(finding.control)?;
    let now = situation.now;
    let kept = situation.past.deferral.filter(|deferral| now.duration_since(deferral.due) < GRACE_KEPT);
    match kept {
        None => Some(now.checked_add(grace).unwrap_or(Timestamp::MAX)),
        Some(deferral) => (deferral.due.duration_since(now) > ABOUT).then_some(deferral.due),
    }
}

#[cfg(test)]
mod tests;

//! The settings file, parsed and checked. Pure: the caller brings the text.
//!
//! Parse, then validate, then use: [`Settings::parse`] refuses what it does not understand, with the line and the name that
//! was probably meant, so that a typing error never switches a control off in silence.

mod read;

use std::collections::BTreeMap;

use jiff::{SignedDuration, Timestamp, civil::Date};

pub use read::SettingsError;

use crate::{AccountId, Action, Arn, Control, Mode, Place, Trust};

/// Everything the settings say, defaults filled in.
#[derive(Debug, Clone)]
pub struct Settings {
    /// In file order: the first that matches an account is its environment.
    pub environments: Vec<Environment>,
    /// By control id.
    pub controls: BTreeMap<String, ControlSettings>,
    /// `[limits]`.
    pub limits: Limits,
    /// `[messages]`.
    pub messages: Messages,
    /// `[trust]`.
    pub trust: Trust,
    /// `[[exemption]]`, in file order.
    pub exemptions: Vec<Exemption>,
}

/// A named set of accounts.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Environment {
    /// Its name, which `[control.*]` tables use as a key.
    pub name: String,
    /// What it allows.
    pub mode: Mode,
    /// Accounts named one by one.
    pub accounts: Vec<AccountId>,
    /// The environment of every account that nothing else matches.
    pub default: bool,
}

/// One `[control.<id>]` table.
#[derive(Debug, Clone, Default)]
pub struct ControlSettings {
    /// `mode`: in every environment that is not named.
    pub mode: Option<Mode>,
    /// By environment name.
    pub modes: BTreeMap<String, Mode>,
    /// Everything else, as the control's own options.
    pub options: BTreeMap<String, toml::Value>,
}

/// `[limits]`.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Limits {
    /// `corrections-per-hour`: per control and account.
    pub corrections_per_hour: u32,
}

/// `[messages]`.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Messages {
    /// `reminder`: how long the same finding stays silent after it was told.
    pub reminder: SignedDuration,
}

/// One `[[exemption]]`.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Exemption {
    /// The control, or `*`.
    pub control: String,
    /// ARN, in which `*` stands for any characters.
    pub resource: String,
    /// Only in this account.
    pub account: Option<AccountId>,
    /// Who answers for it.
    pub owner: String,
    /// Why.
    pub reason: String,
    /// Where it was agreed.
    pub ticket: Option<String>,
    /// The last day on which it counts, in UTC.
    pub expires: Date,
}

impl Settings {
    /// Parses and checks `text`; `controls` are the ids and options that may be named.
    ///
    /// # Errors
    /// The first thing that is wrong, with its line.
    pub fn parse(text: &str, controls: &[&'static Control]) -> Result<Self, SettingsError> {
        read::settings(text, controls)
    }

    /// What holds when the settings cannot be read: everything is told, nothing is changed, nobody is exempt.
    #[must_use]
    pub fn fallback() -> Self {
        Self {
            environments: vec![Environment {
                name: "unknown".to_owned(),
                mode: Mode::Detective,
                accounts: Vec::new(),
                default: true,
            }],
            controls: BTreeMap::new(),
            limits: Limits::default(),
            messages: Messages::default(),
            trust: Trust::default(),
            exemptions: Vec::new(),
        }
    }

    /// The environment of `account`: the first that names it, or the default one. `None` only when the settings have no
    /// environment at all, which [`Settings::parse`] refuses.
    #[must_use]
    pub fn environment(&self, account: &AccountId) -> Option<&Environment> {
        self.environments
            .iter()
            .find(|environment| environment.accounts.contains(account))
            .or_else(|| self.environments.iter().find(|environment| environment.default))
    }

    /// What `control` may do in `environment`.
    ///
    /// A mode set for the control by name wins. Otherwise the environment's mode holds, lowered by what the control is:
    /// a guarded control is only told until it is switched on by name, and one that has no safe change is never more than
    /// told.
    #[must_use]
    pub fn mode(&self, control: &Control, environment: &Environment) -> Mode {
        let by_name = self
            .controls
            .get(control.id)
            .and_then(|settings| settings.modes.get(&environment.name).copied().or(settings.mode));
        match (by_name, control.action) {
            (Some(mode), Action::Notify) => mode.min(Mode::Detective),
            (Some(mode), _) => mode,
            (None, Action::Correct) => environment.mode,
            (None, Action::Guarded | Action::Notify) => environment.mode.min(Mode::Detective),
        }
    }

    /// The option `option` of `control`, when the settings set it.
    #[must_use]
    pub fn option(&self, control: &str, option: &str) -> Option<toml::Value> {
        self.controls.get(control)?.options.get(option).cloned()
    }

    /// The exemption that covers `control` on `arn` at `now`. An expired one is as if it were not there.
    #[must_use]
    pub fn exemption(&self, control: &Control, arn: &Arn, place: &Place, now: Timestamp) -> Option<&Exemption> {
        let today = now.to_zoned(jiff::tz::TimeZone::UTC).date();
        self.exemptions.iter().find(|exemption| {
            (exemption.control == "*" || exemption.control == control.id)
                && today <= exemption.expires
                && exemption.account.as_ref().is_none_or(|account| *account == place.account)
                && covers(&exemption.resource, arn.as_str())
        })
    }
}

impl Default for Limits {
    fn default() -> Self {
        Self { corrections_per_hour: 20 }
    }
}

impl Default for Messages {
    fn default() -> Self {
        Self { reminder: SignedDuration::from_hours(24) }
    }
}

/// Whether `pattern` covers the whole of `text`; `*` stands for any run of characters, everything else for itself.
fn covers(pattern: &str, text: &str) -> bool {
    let mut parts = pattern.split('*');
    let Some(mut rest) = parts.next().and_then(|first| text.strip_prefix(first)) else { return false };
    let mut parts = parts.peekable();
    if parts.peek().is_none() {
        return rest.is_empty();
    }
    while let Some(part) = parts.next() {
        if parts.peek().is_none() {
            return rest.ends_with(part);
        }
        let Some((_, after)) = rest.split_once(part) else { return false };
        rest = after;
    }
    true
}

#[cfg(test)]
mod tests;

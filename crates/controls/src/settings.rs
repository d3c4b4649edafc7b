//! The settings file, parsed and checked. Pure: the caller brings the text.
//!
//! Parse, then validate, then use: [`Settings::parse`] refuses what it does not understand, with the line and the name that
//! was probably meant, so that a typing error never switches a control off in silence.

mod channel;
mod messages;
mod preventive;
mod read;
mod reader;

use std::collections::BTreeMap;

use jiff::SignedDuration;

pub use channel::{Channel, Digest, Every, Filter, Messages, OUTCOMES, Outlet, Routed, Wanted};
pub use reader::SettingsError;

use crate::{AccountFacts, AccountId, Action, Control, Exemption, Mode, Preventive, Sourced, Trust};

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
    /// `[[channel]]`, in file order; never empty.
    pub channels: Vec<Channel>,
    /// `[[digest]]`, in file order.
    pub digests: Vec<Digest>,
    /// `[trust]`.
    pub trust: Trust,
    /// `[[exemption]]`, in file order.
    pub exemptions: Vec<Exemption>,
    /// `[exemptions] resource-tag-alone`: a tag on the resource is enough to exempt it. Off unless set, because whoever can
    /// open a bucket can tag it.
    pub resource_tag_alone: bool,
    /// `[exemptions] warning`: how long before its end an exemption is warned of.
    pub exemption_warning: SignedDuration,
    /// `[organization] max-age`: how old what is known about an account may be.
    pub organization_max_age: SignedDuration,
    /// `[preventive]`: what `rectify scp` denies. No guard reads it.
    pub preventive: Option<Preventive>,
    /// What holds for an account whose environment cannot be told.
    unknown: Environment,
    /// Lines of `[limits]` and of other single values, by key.
    lines: BTreeMap<&'static str, usize>,
}

/// Which environment an account belongs to.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Membership<'a> {
    /// This one.
    In(&'a Environment),
    /// It hangs on the account's organisational unit or tags, which are not known.
    Unknown {
        /// The first environment that the account may or may not be in.
        hangs_on: &'a Environment,
        /// What holds meanwhile: told, never changed.
        meanwhile: &'a Environment,
    },
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
    /// Organisational units (or roots) whose accounts are in it, those in units below included.
    pub organizational_units: Vec<String>,
    /// Accounts that carry all of these tags are in it.
    pub account_tags: BTreeMap<String, String>,
    /// The environment of every account that nothing else matches.
    pub default: bool,
    /// Where its mode stands in the file; 0 when it is not from a file.
    pub line: usize,
}

/// One `[control.<id>]` table.
#[derive(Debug, Clone, Default)]
pub struct ControlSettings {
    /// `mode`: in every environment that is not named.
    pub mode: Option<Mode>,
    /// By environment name.
    pub modes: BTreeMap<String, Mode>,
    /// `grace`: how long a breach is left alone before it is corrected.
    pub grace: Option<SignedDuration>,
    /// Line of each key.
    pub lines: BTreeMap<String, usize>,
    /// Everything else, as the control's own options.
    pub options: BTreeMap<String, toml::Value>,
}

/// `[limits]`.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Limits {
    /// `corrections-per-hour`: per control and account.
    pub corrections_per_hour: u32,
    /// `corrections-per-hour-everywhere`: per control, in all accounts together. Ten times the account's unless set.
    pub corrections_per_hour_everywhere: u32,
    /// `reversals`: corrections of one control on one resource within the window, after which it is a tug of war.
    pub reversals: u32,
    /// `reversal-window`.
    pub reversal_window: SignedDuration,
}

impl Settings {
    /// Parses and checks `text`; `controls` are the ids and options that may be named.
    ///
    /// # Errors
    /// The first thing that is wrong, with its line.
    pub fn parse(text: &str, controls: &[&'static Control]) -> Result<Self, SettingsError> {
        read::settings(text, controls)
    }

    /// What holds when the settings cannot be read: everything is told on the stack's topic, nothing is changed, nobody is exempt
    /// but by the ledger.
    #[must_use]
    pub fn fallback() -> Self {
        let unknown = unknown(Mode::Detective);
        Self {
            environments: vec![Environment { default: true, ..unknown.clone() }],
            controls: BTreeMap::new(),
            limits: Limits::default(),
            messages: Messages::default(),
            channels: vec![Channel::everything()],
            digests: Vec::new(),
            trust: Trust::default(),
            exemptions: Vec::new(),
            resource_tag_alone: false,
            exemption_warning: EXEMPTION_WARNING,
            organization_max_age: ORGANIZATION_MAX_AGE,
            preventive: None,
            unknown,
            lines: BTreeMap::new(),
        }
    }

    /// The environment of `account`: the first that names it, is above it in the organisation, or has its tags; otherwise the
    /// default one. `facts` are what is known about the account, `None` when that is nothing or too old.
    #[must_use]
    pub fn environment(&self, account: &AccountId, facts: Option<&AccountFacts>) -> Membership<'_> {
        for environment in &self.environments {
            if environment.accounts.contains(account) {
                return Membership::In(environment);
            }
            match facts {
                Some(facts) if environment.has(facts) => return Membership::In(environment),
                None if environment.hangs_on_organization() => {
                    return Membership::Unknown { hangs_on: environment, meanwhile: &self.unknown };
                }
                Some(_) | None => {}
            }
        }
        Membership::In(self.environments.iter().find(|environment| environment.default).unwrap_or(&self.unknown))
    }

    /// Whether the environment of `account` hangs on where it is in the organisation.
    #[must_use]
    pub fn hangs_on_organization(&self, account: &AccountId) -> bool {
        matches!(self.environment(account, None), Membership::Unknown { .. })
    }

    /// What `control` may do in `environment`.
    ///
    /// A mode set for the control by name wins. Otherwise the environment's mode holds, lowered by what the control is:
    /// a guarded control is only told until it is switched on by name, and one that has no safe change is never more than
    /// told.
    #[must_use]
    pub fn mode(&self, control: &Control, environment: &Environment) -> Mode {
        self.mode_explained(control, environment).value
    }

    /// As [`Settings::mode`], with the line that says so.
    #[must_use]
    pub fn mode_explained(&self, control: &Control, environment: &Environment) -> Sourced<Mode> {
        let table = self.controls.get(control.id);
        let named = |key: &str| {
            let line = table.and_then(|table| table.lines.get(key)).copied().unwrap_or_default();
            format!("{}: [control.{}] {key}", line_of(line), control.id)
        };
        // The safe meaning of an environment that cannot be told is not «whatever holds for the unnamed ones».
        if environment.is_unknown() {
            return self.mode_unknown(control);
        }
        let by_name = table.and_then(|table| {
            let here = table.modes.get(&environment.name).map(|mode| (*mode, named(&environment.name)));
            here.or_else(|| table.mode.map(|mode| (mode, named("mode"))))
        });
        let (mode, from) = match (by_name, control.action) {
            (Some((mode, from)), Action::Notify) if mode > Mode::Detective => {
                (Mode::Detective, format!("{from}, and the control has no safe change"))
            }
            (Some((mode, from)), _) => (mode, from),
            (None, Action::Correct) => (environment.mode, environment.source()),
            (None, action) if environment.mode > Mode::Detective => {
                let why = match action {
                    Action::Guarded => "a guarded control is only told until it is switched on by name",
                    Action::Correct | Action::Notify => "the control has no safe change",
                };
                (Mode::Detective, format!("{}, and {why}", environment.source()))
            }
            (None, _) => (environment.mode, environment.source()),
        };
        Sourced { value: mode, from }
    }

    /// What `control` could do in `environment` if «shadow» read «corrective» where it stands: an environment that is raised
    /// still only tells of a guarded control, one that is raised by name puts it back.
    pub(crate) fn mode_out_of_shadow(&self, control: &Control, environment: &Environment) -> Mode {
        let table = self.controls.get(control.id);
        let by_name = table.is_some_and(|table| table.mode.is_some() || table.modes.contains_key(&environment.name));
        match control.action {
            Action::Correct => Mode::Corrective,
            Action::Guarded if by_name => Mode::Corrective,
            Action::Guarded | Action::Notify => Mode::Detective,
        }
    }

    /// What `control` may do where the environment cannot be told: the most any environment would allow, so that ignorance
    /// silences nothing. [`decide`](crate::decide()) makes of it what is told at most.
    fn mode_unknown(&self, control: &Control) -> Sourced<Mode> {
        let most = self.environments.iter().map(|environment| self.mode(control, environment)).max();
        let from = "the most that any environment allows, because the account's own cannot be told".to_owned();
        Sourced { value: most.unwrap_or(Mode::Detective), from }
    }

    /// How long a breach of `control` is left alone before it is corrected; `None` for not at all.
    #[must_use]
    pub fn grace(&self, control: &Control) -> Option<SignedDuration> {
        self.controls.get(control.id)?.grace
    }

    /// As [`Settings::grace`], with the line that says so.
    #[must_use]
    pub fn grace_explained(&self, control: &Control) -> Option<Sourced<SignedDuration>> {
        let table = self.controls.get(control.id)?;
        let line = table.lines.get("grace").copied().unwrap_or_default();
        Some(Sourced { value: table.grace?, from: format!("{}: [control.{}] grace", line_of(line), control.id) })
    }

    /// Where the limit `key` of `[limits]` comes from.
    #[must_use]
    pub fn limit_source(&self, key: &str) -> String {
        self.lines
            .get(key)
            .map_or_else(|| "the default".to_owned(), |line| format!("{}: [limits] {key}", line_of(*line)))
    }

    /// The option `option` of `control`, when the settings set it.
    #[must_use]
    pub fn option(&self, control: &str, option: &str) -> Option<toml::Value> {
        self.controls.get(control)?.options.get(option).cloned()
    }
}

impl Environment {
    /// Whether an account of which this is known is in it.
    fn has(&self, facts: &AccountFacts) -> bool {
        let tags = &self.account_tags;
        self.organizational_units.iter().any(|unit| facts.is_below(unit))
            || (!tags.is_empty() && tags.iter().all(|(key, value)| facts.tags.get(key) == Some(value)))
    }

    /// Whether it stands for the environment that cannot be told.
    pub(crate) fn is_unknown(&self) -> bool {
        self.line == 0 && !self.default
    }

    fn hangs_on_organization(&self) -> bool {
        !self.organizational_units.is_empty() || !self.account_tags.is_empty()
    }

    /// Where it stands, for people.
    #[must_use]
    pub fn source(&self) -> String {
        match self.line {
            0 => "the fallback, because nothing better is known".to_owned(),
            line => format!("{}: [[environment]] {}", line_of(line), self.name),
        }
    }
}

fn line_of(line: usize) -> String {
    format!("line {line}")
}

/// The environment of an account about which nothing is known.
fn unknown(mode: Mode) -> Environment {
    Environment {
        name: "unknown".to_owned(),
        mode,
        accounts: Vec::new(),
        organizational_units: Vec::new(),
        account_tags: BTreeMap::new(),
        default: false,
        line: 0,
    }
}

/// See [`Settings::exemption_warning`].
const EXEMPTION_WARNING: SignedDuration = SignedDuration::from_hours(7 * 24);

/// See [`Settings::organization_max_age`].
const ORGANIZATION_MAX_AGE: SignedDuration = SignedDuration::from_hours(7 * 24);

impl Default for Limits {
    fn default() -> Self {
        Self {
            corrections_per_hour: 20,
            corrections_per_hour_everywhere: 200,
            reversals: 3,
            reversal_window: SignedDuration::from_hours(1),
        }
    }
}

#[cfg(test)]
mod tests;

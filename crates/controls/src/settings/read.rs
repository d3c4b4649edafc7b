//! From the file's text to [`Settings`]: every table by hand, so that every message can say what, where and what next.

use std::collections::{BTreeMap, BTreeSet};

use jiff::{SignedDuration, Timestamp, ToSpan as _, civil::Date, tz::TimeZone};
use toml::{Table, Value, de::DeTable};

use super::{
    ControlSettings, EXEMPTION_WARNING, Environment, Limits, Messages, ORGANIZATION_MAX_AGE, Settings, unknown,
};
use crate::{AccountId, Control, Exemption, Mode, OrganizationId, Origin, Region, Tags, Trust};

/// What is wrong with a settings file: the first thing, with its line.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
#[error("line {line}: {what}")]
pub struct SettingsError {
    /// 1-based; of the nearest key that is there.
    pub line: usize,
    /// One sentence with the next step in it.
    pub what: String,
}

pub(super) fn settings(text: &str, controls: &[&'static Control]) -> Result<Settings, SettingsError> {
    let lines = Lines::new(text);
    let root: Table = text.parse().map_err(|error: toml::de::Error| SettingsError {
        line: error.span().map_or(1, |span| lines.line(span.start)),
        what: error.message().to_owned(),
    })?;
    let file = Reader { lines: &lines, path: Vec::new(), table: &root };
    file.only(&["environment", "control", "limits", "messages", "trust", "exemption", "exemptions", "organization"])?;

    let environments = file.tables("environment")?.iter().map(environment).collect::<Result<Vec<_>, _>>()?;
    check_environments(&file, &environments)?;
    let (resource_tag_alone, exemption_warning) = exemption_rules(&file)?;
    let mut lines = BTreeMap::new();
    let strictest = environments.iter().map(|environment| environment.mode).max().unwrap_or(Mode::Detective);
    Ok(Settings {
        controls: control_tables(&file, &environments, controls)?,
        limits: limits(&file, &mut lines)?,
        messages: messages(&file)?,
        trust: trust(&file)?,
        exemptions: file
            .tables("exemption")?
            .iter()
            .map(|table| exemption(table, controls, resource_tag_alone))
            .collect::<Result<Vec<_>, _>>()?,
        resource_tag_alone,
        exemption_warning,
        organization_max_age: organization(&file)?,
        unknown: unknown(strictest),
        environments,
        lines,
    })
}

fn environment(table: &Reader<'_>) -> Result<Environment, SettingsError> {
    table.only(&["name", "mode", "accounts", "default", "organizational-units", "account-tags"])?;
    let units = table.texts("organizational-units")?;
    if let Some(unit) = units.iter().find(|unit| !unit.starts_with("ou-") && !unit.starts_with("r-")) {
        return Err(table.error(
            "organizational-units",
            &format!("`{unit}` is not the id of an organisational unit such as `ou-ab12-11111111`, or of a root such as `r-ab12`"),
        ));
    }
    Ok(Environment {
        name: table.required("name")?,
        mode: table
            .mode("mode")?
            .ok_or_else(|| table.error("", "`mode` is missing: off, shadow, detective or corrective"))?,
        accounts: table.accounts("accounts")?,
        organizational_units: units,
        account_tags: table.tags("account-tags")?,
        default: table.bool("default")?.unwrap_or(false),
        line: table.line("mode"),
    })
}

/// `[exemptions]`: whether a tag alone exempts, and how long before its end an exemption is warned of.
fn exemption_rules(file: &Reader<'_>) -> Result<(bool, SignedDuration), SettingsError> {
    let Some(table) = file.table("exemptions")? else { return Ok((false, EXEMPTION_WARNING)) };
    table.only(&["resource-tag-alone", "warning"])?;
    Ok((table.bool("resource-tag-alone")?.unwrap_or(false), table.duration("warning")?.unwrap_or(EXEMPTION_WARNING)))
}

/// `[organization]`: how old what is known about an account may be.
fn organization(file: &Reader<'_>) -> Result<SignedDuration, SettingsError> {
    let Some(table) = file.table("organization")? else { return Ok(ORGANIZATION_MAX_AGE) };
    table.only(&["max-age"])?;
    Ok(table.duration("max-age")?.unwrap_or(ORGANIZATION_MAX_AGE))
}

fn check_environments(file: &Reader<'_>, environments: &[Environment]) -> Result<(), SettingsError> {
    let mut names = BTreeSet::new();
    for environment in environments {
        if !names.insert(environment.name.as_str()) {
            return Err(file.error("environment", &format!("two environments are called `{}`", environment.name)));
        }
        if ["mode", "grace"].contains(&environment.name.as_str()) {
            return Err(file
                .error("environment", &format!("`{}` is a reserved word: rename the environment", environment.name)));
        }
    }
    match environments.iter().filter(|environment| environment.default).count() {
        1 => Ok(()),
        0 => Err(file.error(
            "environment",
            "no environment has `default = true`: say which one holds for accounts that nothing else matches",
        )),
        _ => Err(file.error("environment", "more than one environment has `default = true`")),
    }
}

fn control_tables(
    file: &Reader<'_>,
    environments: &[Environment],
    controls: &[&'static Control],
) -> Result<BTreeMap<String, ControlSettings>, SettingsError> {
    let Some(tables) = file.table("control")? else { return Ok(BTreeMap::new()) };
    let mut read = BTreeMap::new();
    for id in tables.table.keys() {
        let control = find_control(&tables, id, id, controls)?;
        let table = tables.table(id)?.ok_or_else(|| tables.error(id, "expected a table"))?;
        let names: Vec<&str> = environments.iter().map(|environment| environment.name.as_str()).collect();
        let options: Vec<&str> = control.options.iter().map(|option| option.name).collect();
        table.only(&[&["mode", "grace"], &*names, &*options].concat())?;
        let grace = table.duration("grace")?;
        if grace.is_some_and(|grace| grace > LONGEST_GRACE) {
            return Err(
                table.error("grace", "at most 24 hours: a breach that may stand longer is what an exemption is for")
            );
        }
        let mut settings = ControlSettings { mode: table.mode("mode")?, grace, ..ControlSettings::default() };
        settings.lines.extend(table.table.keys().map(|key| (key.clone(), table.line(key))));
        for name in names {
            if let Some(mode) = table.mode(name)? {
                settings.modes.insert(name.to_owned(), mode);
            }
        }
        for option in options {
            if let Some(value) = table.table.get(option) {
                settings.options.insert(option.to_owned(), value.clone());
            }
        }
        read.insert(id.clone(), settings);
    }
    Ok(read)
}

fn find_control(
    at: &Reader<'_>,
    key: &str,
    id: &str,
    controls: &[&'static Control],
) -> Result<&'static Control, SettingsError> {
    controls.iter().copied().find(|control| control.id == id).ok_or_else(|| {
        let ids: Vec<&str> = controls.iter().map(|control| control.id).collect();
        at.error(key, &format!("there is no control `{id}`{}", did_you_mean(id, &ids)))
    })
}

fn limits(file: &Reader<'_>, lines: &mut BTreeMap<&'static str, usize>) -> Result<Limits, SettingsError> {
    let mut limits = Limits::default();
    let Some(table) = file.table("limits")? else { return Ok(limits) };
    table.only(&["corrections-per-hour", "corrections-per-hour-everywhere", "reversals", "reversal-window"])?;
    let mut number = |key: &'static str, least: u32, field: &mut u32| -> Result<(), SettingsError> {
        if let Some(value) = table.table.get(key) {
            *field = value
                .as_integer()
                .and_then(|number| u32::try_from(number).ok())
                .filter(|number| *number >= least)
                .ok_or_else(|| table.error(key, &format!("expected a whole number from {least} on")))?;
            lines.insert(key, table.line(key));
        }
        Ok(())
    };
    number("corrections-per-hour", 0, &mut limits.corrections_per_hour)?;
    number("corrections-per-hour-everywhere", 0, &mut limits.corrections_per_hour_everywhere)?;
    number("reversals", 1, &mut limits.reversals)?;
    if let Some(window) = table.duration("reversal-window")? {
        limits.reversal_window = window;
        lines.insert("reversal-window", table.line("reversal-window"));
    }
    Ok(limits)
}

fn messages(file: &Reader<'_>) -> Result<Messages, SettingsError> {
    let mut messages = Messages::default();
    if let Some(table) = file.table("messages")? {
        table.only(&["reminder"])?;
        if let Some(reminder) = table.duration("reminder")? {
            messages.reminder = reminder;
        }
    }
    Ok(messages)
}

fn trust(file: &Reader<'_>) -> Result<Trust, SettingsError> {
    let Some(table) = file.table("trust")? else { return Ok(Trust::default()) };
    table.only(&["organization", "accounts"])?;
    let organization = table
        .str("organization")?
        .map(|text| OrganizationId::new(text).map_err(|error| table.error("organization", &error.to_string())))
        .transpose()?;
    Ok(Trust { organization, accounts: table.accounts("accounts")?.into_iter().collect() })
}

fn exemption(
    table: &Reader<'_>,
    controls: &[&'static Control],
    resource_tag_alone: bool,
) -> Result<Exemption, SettingsError> {
    table.only(&[
        "control",
        "resource",
        "account",
        "organizational-unit",
        "region",
        "tags",
        "owner",
        "reason",
        "ticket",
        "expires",
    ])?;
    let control: String = table.required("control")?;
    if control != "*" {
        find_control(table, "control", &control, controls)?;
    }
    let account = table
        .str("account")?
        .map(|text| AccountId::new(text).map_err(|error| table.error("account", &error.to_string())))
        .transpose()?;
    let region = table
        .str("region")?
        .map(|text| Region::new(text).map_err(|error| table.error("region", &error.to_string())))
        .transpose()?;
    let exemption = Exemption {
        origin: Origin::Line(table.line("control")),
        resource: table.required("resource")?,
        account,
        organizational_unit: table.str("organizational-unit")?.map(str::to_owned),
        region,
        tags: table.tags("tags")?,
        owner: table.required("owner")?,
        reason: table.required("reason")?,
        ticket: table.required("ticket")?,
        until: expiry(table)?,
        control,
    };
    if exemption.is_by_tag_alone() && !resource_tag_alone {
        return Err(table.error(
            "tags",
            "whoever can change a resource can tag it: name the `resource`, or allow this with `resource-tag-alone = true` \
             under [exemptions]",
        ));
    }
    Ok(exemption)
}

/// `expires`: the last day on which the exemption counts, in UTC.
fn expiry(table: &Reader<'_>) -> Result<Timestamp, SettingsError> {
    let expires = match table.table.get("expires") {
        Some(Value::Datetime(date)) => date.to_string(),
        Some(Value::String(text)) => text.clone(),
        Some(_) => return Err(table.error("expires", "expected a date such as 2027-06-30")),
        None => return Err(table.error("", "an exemption needs `expires`, a date such as 2027-06-30")),
    };
    expires
        .parse::<Date>()
        .and_then(|date| date.checked_add(1.day()))
        .and_then(|day_after| day_after.to_zoned(TimeZone::UTC))
        .map(|end| end.timestamp())
        .map_err(|_| table.error("expires", &format!("`{expires}` is not a date such as 2027-06-30")))
}

/// A breach may be left alone for at most so long.
const LONGEST_GRACE: SignedDuration = SignedDuration::from_hours(24);

/// One table of the file and the way to it.
struct Reader<'a> {
    lines: &'a Lines<'a>,
    path: Vec<PathPart<'a>>,
    table: &'a Table,
}

#[derive(Clone, Copy)]
enum PathPart<'a> {
    Key(&'a str),
    Index(usize),
}

impl<'a> Reader<'a> {
    fn below(&self, part: &[PathPart<'a>], table: &'a Table) -> Reader<'a> {
        Reader { lines: self.lines, path: [&*self.path, part].concat(), table }
    }

    /// An error at `key` of this table, or at the table itself when it has no such key.
    fn error(&self, key: &str, what: &str) -> SettingsError {
        let mut name = String::new();
        for part in self.path.iter().filter_map(|part| match part {
            PathPart::Key(key) => Some(*key),
            PathPart::Index(_) => None,
        }) {
            if !name.is_empty() {
                name.push('.');
            }
            name.push_str(part);
        }
        let place = match (name.is_empty(), key.is_empty()) {
            (true, true) => String::new(),
            (true, false) => format!("`{key}`: "),
            (false, true) => format!("[{name}]: "),
            (false, false) => format!("[{name}] `{key}`: "),
        };
        SettingsError { line: self.lines.of(&self.path, key), what: format!("{place}{what}") }
    }

    /// The line of `key` of this table, or of the table itself when it has no such key.
    fn line(&self, key: &str) -> usize {
        self.lines.of(&self.path, key)
    }

    /// A length of time longer than nothing.
    fn duration(&self, key: &str) -> Result<Option<SignedDuration>, SettingsError> {
        let Some(text) = self.str(key)? else { return Ok(None) };
        let duration = text.parse::<SignedDuration>().ok().filter(SignedDuration::is_positive);
        duration
            .map(Some)
            .ok_or_else(|| self.error(key, &format!("`{text}` is not a duration such as \"2m\" or \"24h\"")))
    }

    fn texts(&self, key: &str) -> Result<Vec<String>, SettingsError> {
        let Some(value) = self.table.get(key) else { return Ok(Vec::new()) };
        let expected = || self.error(key, "expected a list of texts in quotes");
        let list = value.as_array().ok_or_else(expected)?;
        list.iter().map(|item| item.as_str().map(str::to_owned).ok_or_else(expected)).collect()
    }

    fn tags(&self, key: &str) -> Result<Tags, SettingsError> {
        let Some(value) = self.table.get(key) else { return Ok(Tags::new()) };
        let expected = || self.error(key, "expected tags such as { environment = \"production\" }");
        let table = value.as_table().ok_or_else(expected)?;
        let tag = |(key, value): (&String, &Value)| Some((key.clone(), value.as_str()?.to_owned()));
        table.iter().map(|item| tag(item).ok_or_else(expected)).collect()
    }

    /// Refuses every key that is not in `known`.
    fn only(&self, known: &[&str]) -> Result<(), SettingsError> {
        match self.table.keys().find(|key| !known.contains(&key.as_str())) {
            Some(key) => Err(self.error(key, &format!("there is no such setting{}", did_you_mean(key, known)))),
            None => Ok(()),
        }
    }

    fn table(&self, key: &'a str) -> Result<Option<Reader<'a>>, SettingsError> {
        match self.table.get(key) {
            None => Ok(None),
            Some(Value::Table(table)) => Ok(Some(self.below(&[PathPart::Key(key)], table))),
            Some(_) => Err(self.error(key, &format!("expected a table: write `[{key}]`"))),
        }
    }

    fn tables(&self, key: &'a str) -> Result<Vec<Reader<'a>>, SettingsError> {
        let Some(value) = self.table.get(key) else { return Ok(Vec::new()) };
        let expected = || self.error(key, &format!("expected a list of tables: write `[[{key}]]`"));
        value
            .as_array()
            .ok_or_else(expected)?
            .iter()
            .enumerate()
            .map(|(index, item)| {
                let table = item.as_table().ok_or_else(expected)?;
                Ok(self.below(&[PathPart::Key(key), PathPart::Index(index)], table))
            })
            .collect()
    }

    fn str(&self, key: &str) -> Result<Option<&'a str>, SettingsError> {
        match self.table.get(key) {
            None => Ok(None),
            Some(Value::String(text)) => Ok(Some(text)),
            Some(_) => Err(self.error(key, "expected text in quotes")),
        }
    }

    fn required(&self, key: &str) -> Result<String, SettingsError> {
        match self.str(key)? {
            Some(text) if !text.trim().is_empty() => Ok(text.to_owned()),
            Some(_) => Err(self.error(key, "must not be empty")),
            None => Err(self.error("", &format!("`{key}` is missing"))),
        }
    }

    fn bool(&self, key: &str) -> Result<Option<bool>, SettingsError> {
        match self.table.get(key) {
            None => Ok(None),
            Some(Value::Boolean(yes)) => Ok(Some(*yes)),
            Some(_) => Err(self.error(key, "expected true or false")),
        }
    }

    fn mode(&self, key: &str) -> Result<Option<Mode>, SettingsError> {
        Ok(match self.str(key)? {
            None => None,
            Some("off") => Some(Mode::Off),
            Some("shadow") => Some(Mode::Shadow),
            Some("detective") => Some(Mode::Detective),
            Some("corrective") => Some(Mode::Corrective),
            Some(other) => {
                let hint = did_you_mean(other, &["off", "shadow", "detective", "corrective"]);
                return Err(self.error(key, &format!("`{other}` is not a mode{hint}")));
            }
        })
    }

    fn accounts(&self, key: &str) -> Result<Vec<AccountId>, SettingsError> {
        let Some(value) = self.table.get(key) else { return Ok(Vec::new()) };
        let expected = || self.error(key, "expected a list of account ids in quotes");
        value
            .as_array()
            .ok_or_else(expected)?
            .iter()
            .map(|item| {
                let text = item.as_str().ok_or_else(expected)?;
                AccountId::new(text).map_err(|error| self.error(key, &error.to_string()))
            })
            .collect()
    }
}

/// `: did you mean …`, or the choice when nothing is near.
fn did_you_mean(word: &str, known: &[&str]) -> String {
    let near = known
        .iter()
        .map(|candidate| (strsim::damerau_levenshtein(word, candidate), *candidate))
        .filter(|(distance, candidate)| *distance <= 1 + candidate.len() / 4)
        .min();
    match near {
        Some((_, candidate)) => format!(": did you mean `{candidate}`?"),
        None if known.len() <= 12 => format!(": expected one of {}", known.join(", ")),
        None => ": see `rectify controls`".to_owned(),
    }
}

/// Where keys stand in the text.
struct Lines<'a> {
    text: &'a str,
    tree: Option<toml::Spanned<DeTable<'a>>>,
}

impl<'a> Lines<'a> {
    fn new(text: &'a str) -> Self {
        Self { text, tree: DeTable::parse(text).ok() }
    }

    fn line(&self, offset: usize) -> usize {
        1 + self.text.bytes().take(offset).filter(|byte| *byte == b'\n').count()
    }

    /// The line of `key` below `path`, or of the deepest part of the path that stands in the text.
    fn of(&self, path: &[PathPart<'_>], key: &str) -> usize {
        let mut line = 1;
        let Some(tree) = &self.tree else { return line };
        let mut table = Some(tree.get_ref());
        let mut list = None;
        let key = (!key.is_empty()).then_some(PathPart::Key(key));
        for part in path.iter().copied().chain(key) {
            let value = match part {
                PathPart::Key(name) => {
                    let found = table.and_then(|table| table.iter().find(|(key, _)| key.get_ref() == name));
                    let Some((key, value)) = found else { return line };
                    line = self.line(key.span().start);
                    value
                }
                PathPart::Index(index) => {
                    let found = list.and_then(|list: &toml::de::DeArray<'_>| list.get(index));
                    let Some(value) = found else { return line };
                    line = self.line(value.span().start);
                    value
                }
            };
            table = value.get_ref().as_table();
            list = value.get_ref().as_array();
        }
        line
    }
}

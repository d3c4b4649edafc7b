//! From the file's text to [`Settings`]: every table by hand, so that every message can say what, where and what next.

use std::collections::{BTreeMap, BTreeSet};

use jiff::{SignedDuration, Timestamp, ToSpan as _, civil::Date, tz::TimeZone};
use toml::{Table, Value};

use super::{
    ControlSettings, EXEMPTION_WARNING, Environment, Limits, ORGANIZATION_MAX_AGE, Settings, SettingsError, messages,
    preventive,
    reader::{Lines, Reader, did_you_mean},
    unknown,
};
use crate::{AccountId, Control, Exemption, Mode, OrganizationId, Origin, Region, Trust};

pub(super) fn settings(text: &str, controls: &[&'static Control]) -> Result<Settings, SettingsError> {
    let lines = Lines::new(text);
    let root: Table = text.parse().map_err(|error: toml::de::Error| SettingsError {
        line: error.span().map_or(1, |span| lines.line(span.start)),
        what: error.message().to_owned(),
    })?;
    let file = Reader::new(&lines, &root);
    file.only(&[
        "environment",
        "control",
        "limits",
        "messages",
        "channel",
        "digest",
        "trust",
        "exemption",
        "exemptions",
        "organization",
        "preventive",
    ])?;

    let environments = file.tables("environment")?.iter().map(environment).collect::<Result<Vec<_>, _>>()?;
    check_environments(&file, &environments, controls)?;
    let (resource_tag_alone, exemption_warning) = exemption_rules(&file)?;
    let messages = messages::messages(&file)?;
    let channels = messages::channels(&file, &environments, controls)?;
    let mut lines = BTreeMap::new();
    let most = environments.iter().map(|environment| environment.mode).max().unwrap_or(Mode::Detective);
    Ok(Settings {
        controls: control_tables(&file, &environments, controls)?,
        limits: limits(&file, &mut lines)?,
        digests: messages::digests(&file, &channels)?,
        messages,
        channels,
        trust: trust(&file)?,
        exemptions: file
            .tables("exemption")?
            .iter()
            .map(|table| exemption(table, controls, resource_tag_alone))
            .collect::<Result<Vec<_>, _>>()?,
        resource_tag_alone,
        exemption_warning,
        organization_max_age: organization(&file)?,
        preventive: preventive::preventive(&file)?,
        unknown: unknown(most),
        environments,
        lines,
    })
}

fn environment(table: &Reader<'_>) -> Result<Environment, SettingsError> {
    table.only(&["name", "mode", "accounts", "default", "organizational-units", "account-tags"])?;
    let units = table.texts("organizational-units")?;
    units.iter().try_for_each(|unit| table.unit("organizational-units", unit))?;
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
    if file.table.get("exemptions").is_some_and(Value::is_array) {
        return Err(file.error("exemptions", "expected a table: an exemption is written under `[[exemption]]`"));
    }
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

fn check_environments(
    file: &Reader<'_>,
    environments: &[Environment],
    controls: &[&'static Control],
) -> Result<(), SettingsError> {
    let mut names = BTreeSet::new();
    // Keys of [control.*] tables that do not name an environment.
    let options = controls.iter().flat_map(|control| control.options).map(|option| option.name);
    let reserved: BTreeSet<&str> = ["mode", "grace"].into_iter().chain(options).collect();
    for environment in environments {
        if !names.insert(environment.name.as_str()) {
            return Err(file.error("environment", &format!("two environments are called `{}`", environment.name)));
        }
        if reserved.contains(environment.name.as_str()) {
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

pub(super) fn find_control(
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
    limits.corrections_per_hour_everywhere = limits.corrections_per_hour.saturating_mul(10);
    number("corrections-per-hour-everywhere", 0, &mut limits.corrections_per_hour_everywhere)?;
    number("reversals", 1, &mut limits.reversals)?;
    if let Some(window) = table.duration("reversal-window")? {
        limits.reversal_window = window;
        lines.insert("reversal-window", table.line("reversal-window"));
    }
    Ok(limits)
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
    let resource = table.required("resource")?;
    if !resource.starts_with("arn:") && !resource.starts_with('*') {
        return Err(table.error("resource", &format!("`{resource}` is not an ARN such as `arn:aws:s3:::www-*`")));
    }
    let organizational_unit = table.str("organizational-unit")?;
    organizational_unit.map_or(Ok(()), |unit| table.unit("organizational-unit", unit))?;
    let exemption = Exemption {
        origin: Origin::Line(table.line("control")),
        resource,
        account,
        organizational_unit: organizational_unit.map(str::to_owned),
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
    // A time of day would be read over, and the exemption would last longer than it says.
    let date = if expires.len() == "2027-06-30".len() { &*expires } else { "" };
    date.parse::<Date>()
        .and_then(|date| date.checked_add(1.day()))
        .and_then(|day_after| day_after.to_zoned(TimeZone::UTC))
        .map(|end| end.timestamp())
        .map_err(|_| table.error("expires", &format!("`{expires}` is not a date such as 2027-06-30")))
}

/// A breach may be left alone for at most so long.
const LONGEST_GRACE: SignedDuration = SignedDuration::from_hours(24);

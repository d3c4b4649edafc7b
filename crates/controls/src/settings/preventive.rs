//! `[preventive]`: what service control policies deny.

use toml::Value;

use super::{
    SettingsError,
    reader::{Reader, did_you_mean},
};
use crate::{AccountId, Preventive, Protection, Region};

pub(super) fn preventive(file: &Reader<'_>) -> Result<Option<Preventive>, SettingsError> {
    let Some(table) = file.table("preventive")? else { return Ok(None) };
    table.only(&[
        "hub-account",
        "regions",
        "regions-exempt-services",
        "services",
        "protect",
        "leave-organization",
        "exempt-principals",
        "targets",
        "max-characters",
        "max-policies",
    ])?;
    let defaults = Preventive::default();
    let preventive = Preventive {
        hub_account: table
            .str("hub-account")?
            .map(|text| AccountId::new(text).map_err(|error| table.error("hub-account", &error.to_string())))
            .transpose()?,
        regions: regions(&table)?,
        regions_exempt_services: actions(&table, "regions-exempt-services")?,
        services: actions(&table, "services")?,
        protect: protect(&table)?.unwrap_or(defaults.protect),
        may_leave: may_leave(&table)?,
        exempt_principals: principals(&table)?,
        targets: targets(&table)?,
        max_characters: number(&table, "max-characters", Preventive::LEAST_CHARACTERS, Preventive::MOST_CHARACTERS)?
            .unwrap_or(defaults.max_characters),
        max_policies: number(&table, "max-policies", 2, Preventive::MOST_POLICIES)?.unwrap_or(defaults.max_policies),
    };
    if preventive.regions.is_empty() && !preventive.regions_exempt_services.is_empty() {
        return Err(table.error("regions-exempt-services", "exempt from what? `regions` is missing"));
    }
    let partition = format!("arn:{}:", preventive.partition());
    if let Some(arn) = preventive.exempt_principals.iter().find(|arn| !arn.starts_with(&partition)) {
        return Err(table.error(
            "exempt-principals",
            &format!("`{arn}` is in another partition than the rest of the settings: expected `{partition}…`"),
        ));
    }
    Ok(Some(preventive))
}

/// The texts of a list that is not empty and says nothing twice. `[]` could be meant as «none» or as «all».
fn texts(table: &Reader<'_>, key: &str, without: &str) -> Result<Vec<String>, SettingsError> {
    let texts = table.texts(key)?;
    if texts.is_empty() && table.table.contains_key(key) {
        return Err(table.error(key, &format!("an empty list: leave the line out {without}")));
    }
    let mut seen = std::collections::BTreeSet::new();
    match texts.iter().find(|text| !seen.insert(text.as_str())) {
        Some(twice) => Err(table.error(key, &format!("`{twice}` stands here twice"))),
        None => Ok(texts),
    }
}

fn regions(table: &Reader<'_>) -> Result<Vec<Region>, SettingsError> {
    let regions = texts(table, "regions", "to allow all regions")?
        .into_iter()
        .map(|text| Region::new(text).map_err(|error| table.error("regions", &error.to_string())))
        .collect::<Result<Vec<_>, _>>()?;
    // What is not a region allows nothing there: a slip of the pen would close the region that was meant.
    if let Some(odd) = regions.iter().find(|region| !looks_like_a_region(region)) {
        return Err(table.error("regions", &format!("{odd} is not how AWS calls a region, for example `eu-central-1`")));
    }
    let Some(first) = regions.first() else { return Ok(regions) };
    match regions.iter().find(|region| region.partition() != first.partition()) {
        Some(other) => Err(table.error(
            "regions",
            &format!("{first} and {other} are in different partitions, which no organisation spans"),
        )),
        None => Ok(regions),
    }
}

/// An area, perhaps `gov`, a direction and a number. Stricter than [`Region::new`], which only has to be harmless.
fn looks_like_a_region(region: &Region) -> bool {
    const DIRECTIONS: [&str; 9] =
        ["central", "east", "north", "northeast", "northwest", "south", "southeast", "southwest", "west"];
    let parts: Vec<&str> = region.as_str().split('-').collect();
    let (area, direction, number) = match *parts {
        [area, direction, number] | ["us", area @ "gov", direction, number] => (area, direction, number),
        _ => return false,
    };
    (2..=3).contains(&area.len())
        && area.bytes().all(|b| b.is_ascii_lowercase())
        && DIRECTIONS.contains(&direction)
        && number.len() == 1
        && number.bytes().all(|b| b.is_ascii_digit())
}

/// `s3`, `s3:*` or `s3:Get*`, as an action in a policy.
fn actions(table: &Reader<'_>, key: &str) -> Result<Vec<String>, SettingsError> {
    let action = |text: String| {
        let (service, action) = text.split_once(':').unwrap_or((&text, "*"));
        let is_service = service.starts_with(|c: char| c.is_ascii_lowercase())
            && (2..=63).contains(&service.len())
            && service.bytes().all(|b| b.is_ascii_lowercase() || b.is_ascii_digit() || b == b'-');
        let is_action =
            (1..=128).contains(&action.len()) && action.bytes().all(|b| b.is_ascii_alphanumeric() || b == b'*');
        if is_service && is_action {
            return Ok(format!("{service}:{action}"));
        }
        let what = if text == "*" { "everything: leave the line out".to_owned() } else { format!("`{text}`") };
        Err(table.error(key, &format!("{what} is not a service such as `s3`, or actions such as `s3:Get*`")))
    };
    texts(
        table,
        key,
        if key == "services" { "to allow all services" } else { "to exempt no more than the global services" },
    )?
    .into_iter()
    .map(action)
    .collect()
}

fn protect(table: &Reader<'_>) -> Result<Option<Vec<Protection>>, SettingsError> {
    if !table.table.contains_key("protect") {
        return Ok(None);
    }
    let names = Protection::ALL.map(Protection::name);
    // Nothing is a choice here: `protect = []` protects nothing.
    let protection = |text: String| {
        Protection::ALL.into_iter().find(|one| one.name() == text).ok_or_else(|| {
            table.error("protect", &format!("`{text}` cannot be protected{}", did_you_mean(&text, &names)))
        })
    };
    table.texts("protect")?.into_iter().map(protection).collect::<Result<_, _>>().map(Some)
}

fn may_leave(table: &Reader<'_>) -> Result<bool, SettingsError> {
    match table.str("leave-organization")? {
        None | Some("deny") => Ok(false),
        Some("allow") => Ok(true),
        Some(other) => {
            let hint = did_you_mean(other, &["deny", "allow"]);
            Err(table.error("leave-organization", &format!("`{other}` is neither deny nor allow{hint}")))
        }
    }
}

/// Roles whose names nobody else can take: `aws:PrincipalArn` of a session is its role's ARN, path and all.
fn principals(table: &Reader<'_>) -> Result<Vec<String>, SettingsError> {
    let role = |text: String| {
        let wrong = |what: &str| Err(table.error("exempt-principals", &format!("`{text}` {what}")));
        let parts: Vec<&str> = text.splitn(6, ':').collect();
        let ["arn", partition, service, "", account, name] = *parts else {
            return wrong("is not a role's ARN such as `arn:aws:iam::*:role/break-glass`");
        };
        if service == "sts" {
            return wrong("is a session's ARN: name its role, `arn:aws:iam::ACCOUNT:role/NAME`");
        }
        let Some(name) = name.strip_prefix("role/").filter(|_| service == "iam") else {
            return wrong(
                "is not a role, and only a role can be exempt: whoever may make keys for a user would be exempt, too",
            );
        };
        if !["aws", "aws-cn", "aws-us-gov"].contains(&partition) {
            return wrong("has none of the partitions aws, aws-cn and aws-us-gov");
        }
        if account != "*" && AccountId::new(account).is_err() {
            return wrong("has neither an account's id nor `*` before `:role/`");
        }
        // IAM user guide, "IAM and AWS STS quotas": names of letters, digits and +=,.@_-, paths with slashes.
        if !name.bytes().all(|b| b.is_ascii_alphanumeric() || b"+=,.@_-/*".contains(&b)) || name.len() > 576 {
            return wrong("has characters that no role's name has");
        }
        // A path alone narrows nothing: whoever may make roles may make them below any path.
        let fixed: usize = name.split('*').next().map_or(0, str::len);
        if fixed < 3 {
            return wrong("would exempt nearly everybody: write out at least the first three letters of the name");
        }
        Ok(text)
    };
    texts(table, "exempt-principals", "to exempt nobody beside rectify and StackSets")?.into_iter().map(role).collect()
}

fn targets(table: &Reader<'_>) -> Result<Vec<String>, SettingsError> {
    let targets = texts(table, "targets", "to attach the policies to nothing yet")?;
    for target in &targets {
        if AccountId::new(target.as_str()).is_err() && table.unit("targets", target).is_err() {
            return Err(table.error(
                "targets",
                &format!("`{target}` is not the id of an organisational unit such as `ou-ab12-11111111`, of a root such as `r-ab12`, or of an account"),
            ));
        }
    }
    Ok(targets)
}

fn number(table: &Reader<'_>, key: &str, least: usize, most: usize) -> Result<Option<usize>, SettingsError> {
    let number = |value: &Value| {
        let number = value.as_integer().and_then(|number| usize::try_from(number).ok());
        number
            .filter(|number| (least..=most).contains(number))
            .ok_or_else(|| table.error(key, &format!("expected a whole number from {least} to {most}")))
    };
    table.table.get(key).map(number).transpose()
}

#[cfg(test)]
mod tests;

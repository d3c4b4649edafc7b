//! What this kind's resources are called.

use std::fmt;

use serde::{Deserialize, Serialize};

use crate::{AccountId, Arn, Ignored, Partition, Region};

/// What an event or a sweep is about. Trails come first: a trail that logs again covers its account again.
#[derive(Debug, Clone, PartialEq, Eq, PartialOrd, Ord, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum Target {
    /// One trail.
    Trail(TrailId),
    /// One event data store.
    Store(StoreId),
    /// All trails of an account together.
    Account(AccountId),
}

impl fmt::Display for Target {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Trail(trail) => write!(f, "trail {trail}"),
            Self::Store(store) => write!(f, "event data store {store}"),
            Self::Account(id) => write!(f, "account {id}"),
        }
    }
}

/// A trail: its name is unique in its home region only.
#[derive(Debug, Clone, PartialEq, Eq, PartialOrd, Ord, Serialize, Deserialize)]
#[serde(try_from = "String", into = "String")]
pub struct TrailId {
    /// The home region.
    pub region: Region,
    /// The name.
    pub name: TrailName,
}

/// An event data store: the last part of its ARN.
#[derive(Debug, Clone, PartialEq, Eq, PartialOrd, Ord, Serialize, Deserialize)]
#[serde(try_from = "String", into = "String")]
pub struct StoreId {
    /// Its region.
    pub region: Region,
    /// Its id, a UUID.
    pub id: String,
}

/// A trail's name, checked: 3 to 128 of letters, digits, periods, underscores and hyphens, a letter or digit at both ends
/// (CloudTrail user guide, "Naming requirements").
#[derive(Debug, Clone, PartialEq, Eq, PartialOrd, Ord, Serialize, Deserialize)]
#[serde(try_from = "String", into = "String")]
pub struct TrailName(String);

impl TrailName {
    /// Checks the shape.
    ///
    /// # Errors
    /// A sentence naming the text otherwise.
    pub fn new(text: impl Into<String>) -> Result<Self, String> {
        let text = text.into();
        let end = |byte: Option<u8>| byte.is_some_and(|byte| byte.is_ascii_alphanumeric());
        let ok = (3..=128).contains(&text.len())
            && text.bytes().all(|b| b.is_ascii_alphanumeric() || matches!(b, b'.' | b'_' | b'-'))
            && end(text.bytes().next())
            && end(text.bytes().last());
        if ok { Ok(Self(text)) } else { Err(format!("`{text}` is not a trail name")) }
    }

    /// The name.
    #[must_use]
    pub fn as_str(&self) -> &str {
        &self.0
    }
}

impl StoreId {
    /// Checks the shape of the id: hexadecimal digits and hyphens.
    ///
    /// # Errors
    /// A sentence naming the text otherwise.
    pub fn new(region: Region, id: impl Into<String>) -> Result<Self, String> {
        let id = id.into();
        let ok = (3..=64).contains(&id.len()) && id.bytes().all(|b| b.is_ascii_alphanumeric() || b == b'-');
        if ok { Ok(Self { region, id }) } else { Err(format!("`{id}` is not an event data store's id")) }
    }
}

impl fmt::Display for TrailName {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(&self.0)
    }
}

impl fmt::Display for TrailId {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{} in {}", self.name, self.region)
    }
}

impl fmt::Display for StoreId {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{} in {}", self.id, self.region)
    }
}

impl TryFrom<String> for TrailName {
    type Error = String;
    fn try_from(text: String) -> Result<Self, String> {
        Self::new(text)
    }
}

impl From<TrailName> for String {
    fn from(name: TrailName) -> String {
        name.0
    }
}

/// `REGION/NAME`: also the key of a map.
impl TryFrom<String> for TrailId {
    type Error = String;
    fn try_from(text: String) -> Result<Self, String> {
        let (region, name) = text.split_once('/').ok_or_else(|| format!("`{text}` is no trail"))?;
        Ok(Self { region: Region::new(region).map_err(|error| error.to_string())?, name: TrailName::new(name)? })
    }
}

impl From<TrailId> for String {
    fn from(trail: TrailId) -> String {
        format!("{}/{}", trail.region, trail.name)
    }
}

impl TryFrom<String> for StoreId {
    type Error = String;
    fn try_from(text: String) -> Result<Self, String> {
        let (region, id) = text.split_once('/').ok_or_else(|| format!("`{text}` is no event data store"))?;
        Self::new(Region::new(region).map_err(|error| error.to_string())?, id)
    }
}

impl From<StoreId> for String {
    fn from(store: StoreId) -> String {
        format!("{}/{}", store.region, store.id)
    }
}

/// The resource part of the ARN that stands for an account's trails together, which have none at AWS.
const ACCOUNT_RESOURCE: &str = "trails";

pub(super) fn arn(id: &Target, account: &AccountId, partition: Partition) -> Arn {
    Arn::from_parts(match id {
        Target::Trail(TrailId { region, name }) => {
            format!("arn:{partition}:cloudtrail:{region}:{account}:trail/{name}")
        }
        Target::Store(StoreId { region, id }) => {
            format!("arn:{partition}:cloudtrail:{region}:{account}:eventdatastore/{id}")
        }
        Target::Account(account) => format!("arn:{partition}:cloudtrail::{account}:{ACCOUNT_RESOURCE}"),
    })
}

/// The trail and the account in a trail's ARN, whosever it is; `None` for anything else.
#[must_use]
pub fn trail_of_arn(text: &str) -> Option<(TrailId, AccountId)> {
    let mut parts = text.splitn(6, ':');
    let mut next = || parts.next();
    let ("arn", _, "cloudtrail") = (next()?, next()?, next()?) else { return None };
    let (region, account, resource) = (Region::new(next()?).ok()?, AccountId::new(next()?).ok()?, next()?);
    let name = TrailName::new(resource.strip_prefix("trail/")?).ok()?;
    Some((TrailId { region, name }, account))
}

/// What `text`, an ARN of this kind, names in `account`. One of another account is not for this one to judge or to change.
pub(super) fn target(text: &str, account: &AccountId) -> Result<Target, Ignored> {
    let none = || Ignored::NoResource(format!("`{text}` is no ARN of this kind"));
    let parts: Vec<&str> = text.splitn(6, ':').collect();
    let ["arn", partition, "cloudtrail", region, owner, resource] = parts.as_slice() else { return Err(none()) };
    let owner = AccountId::new(*owner).map_err(|_| none())?;
    if owner != *account {
        return Err(Ignored::NotApplicable(format!("it belongs to account {owner}, where it is judged")));
    }
    if region.is_empty() {
        return if *resource == ACCOUNT_RESOURCE { Ok(Target::Account(owner)) } else { Err(none()) };
    }
    let region = Region::new(*region).map_err(|_| none())?;
    if region.partition().to_string() != *partition {
        return Err(none());
    }
    match resource.split_once('/') {
        Some(("trail", name)) => {
            TrailName::new(name).map(|name| Target::Trail(TrailId { region, name })).map_err(Ignored::NoResource)
        }
        Some(("eventdatastore", id)) => StoreId::new(region, id).map(Target::Store).map_err(Ignored::NoResource),
        _ => Err(none()),
    }
}

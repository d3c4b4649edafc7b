//! What an event can be about: a stack, a name of one, or a resource that some stack may own.

use std::{fmt, str::FromStr};

use jiff::{SignedDuration, Timestamp};
use serde::{Deserialize, Serialize};

use crate::{Arn, Place};

/// Name of a stack: a letter, then letters, digits and hyphens, up to 128 of them (CloudFormation API reference,
/// `CreateStack`). One name is one living stack of an account and region.
#[derive(Debug, Clone, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize)]
#[serde(try_from = "String", into = "String")]
pub struct StackName(String);

/// A stack for good: its name and the unique part of its ARN, joined by `/`. A stack of the same name that is made later is
/// another one.
#[derive(Debug, Clone, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize)]
#[serde(try_from = "String", into = "String")]
pub struct StackId(String);

/// What CloudFormation calls a resource by its service's own name: a bucket's name, a queue's URL, a topic's ARN.
#[derive(Debug, Clone, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize)]
#[serde(try_from = "String", into = "String")]
pub struct PhysicalId(String);

impl StackName {
    /// Checks the shape.
    ///
    /// # Errors
    /// What is wrong with it.
    pub fn new(text: impl Into<String>) -> Result<Self, String> {
        let text = text.into();
        let fits = (1..=128).contains(&text.len())
            && text.starts_with(|first: char| first.is_ascii_alphabetic())
            && text.bytes().all(|byte| byte.is_ascii_alphanumeric() || byte == b'-');
        if fits { Ok(Self(text)) } else { Err("no stack has such a name".to_owned()) }
    }

    /// The name.
    #[must_use]
    pub fn as_str(&self) -> &str {
        &self.0
    }
}

impl StackId {
    /// Checks the shape of `name/unique part`, what stands after `stack/` in a stack's ARN.
    ///
    /// # Errors
    /// What is wrong with it.
    pub fn new(text: impl Into<String>) -> Result<Self, String> {
        let text = text.into();
        let fits = text.split_once('/').is_some_and(|(name, unique)| {
            StackName::new(name).is_ok()
                && (1..=64).contains(&unique.len())
                && unique.bytes().all(|byte| byte.is_ascii_alphanumeric() || byte == b'-')
        });
        if fits { Ok(Self(text)) } else { Err("no stack has such an id".to_owned()) }
    }

    /// The stack's name.
    #[must_use]
    pub fn name(&self) -> &str {
        self.0.split_once('/').map_or(self.0.as_str(), |(name, _)| name)
    }

    /// Name and unique part, as in the ARN.
    #[must_use]
    pub fn as_str(&self) -> &str {
        &self.0
    }

    /// The stack's ARN, which CloudFormation takes wherever it takes a name.
    #[must_use]
    pub fn arn(&self, place: &Place) -> Arn {
        let Place { account, region } = place;
        Arn::from_parts(format!("arn:{}:cloudformation:{region}:{account}:stack/{}", region.partition(), self.0))
    }

    /// The stack with this ARN; `None` for one of another place, and for anything else.
    #[must_use]
    pub fn of_arn(arn: &str, place: &Place) -> Option<Self> {
        let (_, id) = arn.split_once(":stack/")?;
        let id = Self::new(id).ok()?;
        (id.arn(place).as_str() == arn).then_some(id)
    }
}

impl PhysicalId {
    /// Takes any printable text of at most 1,024 bytes.
    ///
    /// # Errors
    /// What is wrong with it.
    pub fn new(text: impl Into<String>) -> Result<Self, String> {
        let text = text.into();
        let fits = (1..=1024).contains(&text.len()) && !text.chars().any(char::is_control);
        if fits { Ok(Self(text)) } else { Err("no resource has such a name".to_owned()) }
    }

    /// The text.
    #[must_use]
    pub fn as_str(&self) -> &str {
        &self.0
    }
}

/// Who called what, and when: what is remembered of a change outside CloudFormation. All of it is cut to a bounded length; names
/// are the caller's to choose.
#[derive(Debug, Clone, PartialEq, Eq, PartialOrd, Ord, Serialize, Deserialize)]
pub struct Caller {
    /// As a colleague would recognise it: user or session, and the role.
    pub name: String,
    /// ARN of the user or role.
    pub principal: String,
    /// CloudTrail's name of the call.
    pub event: String,
    /// When, as far as the event says.
    pub at: Option<Timestamp>,
}

impl Caller {
    /// The latest that it can have been: CloudTrail gives the second, and CloudFormation the millisecond.
    #[must_use]
    pub fn latest(&self) -> Option<Timestamp> {
        self.at.and_then(|at| at.checked_add(SignedDuration::from_secs(1)).ok())
    }
}

/// A resource of a stack that somebody changed by its own service's call.
#[derive(Debug, Clone, PartialEq, Eq, PartialOrd, Ord, Serialize, Deserialize)]
pub struct ManualChange {
    /// The resource's name in the template.
    pub logical: String,
    /// Its type, for example `AWS::SQS::Queue`.
    pub kind: String,
    /// Who did it.
    pub caller: Caller,
}

/// What an event is about.
///
/// Only a stack can be looked at: [`Target::Named`] and [`Target::Owner`] are first resolved to one by asking CloudFormation.
#[derive(Debug, Clone, PartialEq, Eq, PartialOrd, Ord, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum Target {
    /// A stack.
    Stack(StackId),
    /// A stack whose drift detection has just ended, by CloudFormation's own notice: its results are whole.
    Checked(StackId),
    /// A stack of which a resource has just been changed outside CloudFormation.
    Changed(StackId, Box<ManualChange>),
    /// The stack with a name: some calls say no more.
    Named(StackName),
    /// The stack that owns a resource, if any does. The resource was changed as the caller says.
    Owner(PhysicalId, Box<Caller>),
}

impl Target {
    /// The stack; `None` while it has to be asked for.
    #[must_use]
    pub fn stack(&self) -> Option<&StackId> {
        match self {
            Self::Stack(stack) | Self::Checked(stack) | Self::Changed(stack, _) => Some(stack),
            Self::Named(_) | Self::Owner(..) => None,
        }
    }
}

impl fmt::Display for Target {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Stack(stack) | Self::Checked(stack) | Self::Changed(stack, _) => f.write_str(stack.name()),
            Self::Named(name) => f.write_str(name.as_str()),
            Self::Owner(physical, _) => write!(f, "the stack of {}", physical.as_str()),
        }
    }
}

macro_rules! checked {
    ($($name:ident)*) => {$(
        impl TryFrom<String> for $name {
            type Error = String;
            fn try_from(text: String) -> Result<Self, String> {
                Self::new(text)
            }
        }
        impl From<$name> for String {
            fn from(id: $name) -> String {
                id.0
            }
        }
        impl FromStr for $name {
            type Err = String;
            fn from_str(text: &str) -> Result<Self, String> {
                Self::new(text)
            }
        }
    )*};
}
checked!(StackName StackId PhysicalId);

#[cfg(test)]
mod tests {
    use super::*;
    use crate::{AccountId, Region};

    fn place(account: &str, region: &str) -> Place {
        Place { account: AccountId::new(account).unwrap(), region: Region::new(region).unwrap() }
    }

    #[test]
    fn an_arn_is_one_place_s_and_comes_back() {
        let here = place("111122223333", "eu-central-1");
        let id = StackId::new("app-prod/0bd1a2e0-4a5b-11ee-be56-0242ac120002").unwrap();
        let arn = id.arn(&here);
        assert_eq!(StackId::of_arn(arn.as_str(), &here), Some(id));
        assert_eq!(StackId::of_arn(arn.as_str(), &place("111122223333", "eu-west-1")), None);
        assert_eq!(StackId::of_arn(arn.as_str(), &place("444455556666", "eu-central-1")), None);
        assert_eq!(StackId::of_arn(&format!("{}:x", arn.as_str()), &here), None);
    }

    #[test]
    fn names_no_stack_has_are_refused() {
        for name in ["", "1app", "-app", "app_prod", "app/x", "app ", "ä", "a:b", &"a".repeat(129)] {
            assert!(StackName::new(name).is_err(), "{name}");
        }
        for id in ["app", "app/", "/x", "app/x/y", "app/x y", &format!("app/{}", "x".repeat(65))] {
            assert!(StackId::new(id).is_err(), "{id}");
        }
        for physical in ["", "a\nb", "a\0", &"x".repeat(1025)] {
            assert!(PhysicalId::new(physical).is_err());
        }
    }
}

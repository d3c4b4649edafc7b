//! Ids of EC2, checked once where they enter.

use std::fmt;

use serde::{Deserialize, Serialize};

use crate::{Ignored, screen::bounded};

/// `<prefix>-` and 8 or 17 hexadecimal digits (EC2 user guide, "Resource IDs"); samples and emulators use other letters and
/// lengths, so up to 32 letters and digits pass. None of them means anything in an ARN, an address or a filter, except the
/// wildcards that are not among them.
fn is_id(text: &str, prefix: &str) -> bool {
    text.strip_prefix(prefix)
        .is_some_and(|rest| (1..=32).contains(&rest.len()) && rest.bytes().all(|b| b.is_ascii_alphanumeric()))
}

/// The letters of a group's name (EC2 API reference, `CreateSecurityGroup`).
fn is_name(text: &str) -> bool {
    const MARKS: &[u8] = b" ._-:/()#,@[]+=&;{}!$*";
    (1..=255).contains(&text.len()) && text.bytes().all(|b| b.is_ascii_alphanumeric() || MARKS.contains(&b))
}

macro_rules! id {
    ($(#[$doc:meta])* $name:ident, $what:literal, $check:expr) => {
        $(#[$doc])*
        #[derive(Debug, Clone, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize)]
        #[serde(try_from = "String", into = "String")]
        pub struct $name(String);

        impl $name {
            /// Checks the shape.
            ///
            /// # Errors
            /// A sentence naming the text otherwise.
            pub fn new(text: impl Into<String>) -> Result<Self, String> {
                let text = text.into();
                let check: fn(&str) -> bool = $check;
                if check(&text) {
                    Ok(Self(text))
                } else {
                    Err(format!("`{}` is no {}", text.chars().take(64).collect::<String>(), $what))
                }
            }

            /// The id.
            #[must_use]
            pub fn as_str(&self) -> &str {
                &self.0
            }

            pub(super) fn of_event(text: &str) -> Result<Self, Ignored> {
                Self::new(bounded(text)?).map_err(Ignored::NoResource)
            }
        }

        impl fmt::Display for $name {
            fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
                f.write_str(&self.0)
            }
        }

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
    };
}

id!(
    /// A security group's id, `sg-…`.
    GroupId, "id of a security group", |text| is_id(text, "sg-")
);
id!(
    /// A prefix list's id, `pl-…`.
    PrefixListId, "id of a prefix list", |text| is_id(text, "pl-")
);
id!(
    /// A VPC's id, `vpc-…`.
    VpcId, "id of a VPC", |text| is_id(text, "vpc-")
);
id!(
    /// A security group's name, which is one group's in a VPC.
    GroupName, "name of a security group", is_name
);

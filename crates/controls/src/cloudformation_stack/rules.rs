//! The options of this kind's controls.

use super::{drift, manual, protection};
use crate::{TagMatch, exemption, options::Options};

/// The kind's options. [`Rules::default`] is what an empty settings file gives.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Rules {
    /// Drift that is meant to be.
    pub ignore: Vec<Ignored>,
    /// ARNs, with `*`, of who may change stacks' resources directly.
    pub allowed_principals: Vec<String>,
    /// Stacks with this tag may be deleted at any time.
    pub ephemeral: TagMatch,
}

/// Drift that is meant to be: of a whole type, or of a property.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Ignored {
    kind: String,
    property: Option<String>,
}

impl Ignored {
    /// Reads `AWS::ECS::Service` or `AWS::ECS::Service/DesiredCount`.
    ///
    /// # Errors
    /// The text, when it is neither.
    pub fn parse(text: &str) -> Result<Self, String> {
        let (kind, property) = match text.split_once('/') {
            Some((kind, property)) => (kind, Some(property.trim_end_matches('/').to_owned())),
            None => (text, None),
        };
        let fits = (kind.contains("::") || kind.contains('*'))
            && !kind.contains(char::is_whitespace)
            && property.as_ref().is_none_or(|property| !property.is_empty());
        if fits { Ok(Self { kind: kind.to_owned(), property }) } else { Err(format!("`{text}`")) }
    }

    /// Whether everything about a resource of type `kind` is ignored.
    #[must_use]
    pub fn whole(&self, kind: &str) -> bool {
        self.property.is_none() && exemption::matches(&self.kind, kind)
    }

    /// Whether the property at `path` of such a resource is.
    #[must_use]
    pub fn property(&self, kind: &str, path: &str) -> bool {
        let path = path.trim_start_matches('/');
        self.property.as_ref().is_some_and(|property| {
            exemption::matches(&self.kind, kind)
                && (exemption::matches(property, path) || exemption::matches(&format!("{property}/*"), path))
        })
    }
}

impl Rules {
    /// Whether `principal` may change stacks' resources directly.
    #[must_use]
    pub fn allows(&self, principal: &str) -> bool {
        self.allowed_principals.iter().any(|allowed| exemption::matches(allowed, principal))
    }
}

impl Default for Rules {
    fn default() -> Self {
        let ignored = |kind: &str, property: Option<&str>| Ignored {
            kind: kind.to_owned(),
            property: property.map(str::to_owned),
        };
        Self {
            ignore: vec![
                ignored("AWS::AutoScaling::AutoScalingGroup", Some("DesiredCapacity")),
                ignored("AWS::ECS::Service", Some("DesiredCount")),
                ignored("AWS::DynamoDB::Table", Some("ProvisionedThroughput*")),
                ignored("AWS::ApplicationAutoScaling::*", None),
                ignored("AWS::RDS::DBInstance", Some("EngineVersion")),
            ],
            allowed_principals: Vec::new(),
            ephemeral: TagMatch::is_true("rectify:ephemeral"),
        }
    }
}

/// See [`crate::Kind::rules`].
pub(super) fn rules(lookup: &dyn Fn(&str, &str) -> Option<toml::Value>) -> Result<Rules, String> {
    let of = |control: &'static crate::Control| Options { control, lookup };
    let default = Rules::default();
    let ignore = of(&drift::DRIFTED).list("ignore", "types or types and properties", |item| match item {
        toml::Value::String(text) => Ignored::parse(&text),
        other => Err(format!("a list with {}", other.type_str())),
    })?;
    let manual = of(&manual::MANUAL);
    let allowed_principals = manual.texts("allowed-principals")?.unwrap_or_default();
    if let Some(odd) = allowed_principals.iter().find(|principal| !principal.starts_with("arn:")) {
        return Err(manual.wrong("allowed-principals", &format!("must hold ARNs, not `{odd}`")));
    }
    Ok(Rules {
        ignore: ignore.unwrap_or(default.ignore),
        allowed_principals,
        ephemeral: of(&protection::OFF).tag("ephemeral-tag")?.unwrap_or(default.ephemeral),
    })
}

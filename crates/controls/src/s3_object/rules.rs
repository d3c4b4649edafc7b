//! The kind's options.

use std::collections::BTreeSet;

use super::content::{ACCESS_KEY, PRIVATE_KEY};
use crate::options::Options;

/// The options, with every default filled in.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct Rules {
    /// Whom a quarantine lets read, as ARN patterns.
    pub quarantine_readers: Vec<String>,
    /// Rules of the detector whose findings are not told.
    pub ignored_rules: BTreeSet<String>,
}

/// See [`crate::Kind::rules`].
pub(super) fn rules(lookup: &dyn Fn(&str, &str) -> Option<toml::Value>) -> Result<Rules, String> {
    let options = Options { control: &ACCESS_KEY, lookup };
    let quarantine_readers = options.texts("quarantine-readers")?.unwrap_or_default();
    let is_principal =
        |text: &String| text.starts_with("arn:") && text.len() <= 512 && !text.contains(char::is_whitespace);
    if let Some(odd) = quarantine_readers.iter().find(|text| !is_principal(text)) {
        return Err(options.wrong("quarantine-readers", &format!("must be ARNs of users or roles, not `{odd}`")));
    }
    // A statement has to fit into the bucket's policy beside others.
    if quarantine_readers.len() > 10 {
        return Err(options.wrong("quarantine-readers", "must be at most ten"));
    }
    let options = Options { control: &PRIVATE_KEY, lookup };
    let ignored_rules: BTreeSet<String> = options.texts("ignored-rules")?.unwrap_or_default().into_iter().collect();
    let is_rule = |text: &String| text.bytes().all(|b| b.is_ascii_lowercase() || b.is_ascii_digit() || b == b'-');
    if let Some(odd) = ignored_rules.iter().find(|text| !is_rule(text) || text.is_empty()) {
        return Err(options.wrong("ignored-rules", &format!("must be names such as `gcp-api-key`, not `{odd}`")));
    }
    Ok(Rules { quarantine_readers, ignored_rules })
}

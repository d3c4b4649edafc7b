//! What rows keep of the event behind a finding, as the guards write it (`Background` and `Story` in rectify-runtime).

use jiff::Timestamp;
use rectify_controls::Severity;
use serde::Deserialize;

/// A finding row's `actor`. All of it comes from outside; what a release did not write is missing.
#[derive(Debug, Default, Deserialize)]
#[serde(default)]
pub(crate) struct Background {
    pub(crate) environment: Option<String>,
    principal: Option<String>,
    session: Option<String>,
    tool: Option<String>,
    invoked_by: Option<String>,
}

/// A correction row's `actor`.
#[derive(Debug, Default, Deserialize)]
#[serde(default)]
pub(crate) struct Story {
    pub(crate) background: Background,
    pub(crate) findings: Vec<Found>,
    pub(crate) undo: Option<Asked>,
}

/// What a correction was about.
#[derive(Debug, Deserialize)]
pub(crate) struct Found {
    pub(crate) severity: Severity,
}

/// Who asked for an undo, and why.
#[derive(Debug, Deserialize)]
pub(crate) struct Asked {
    pub(crate) by: String,
    pub(crate) reason: String,
    #[serde(default)]
    pub(crate) until: Option<Timestamp>,
}

/// A correction row's `outcome`.
#[derive(Debug, Default, Deserialize)]
#[serde(default)]
pub(crate) struct End {
    why: Vec<(String, Option<String>)>,
}

impl Background {
    /// Whoever it was, without their session: the same for every call of one role.
    pub(crate) fn principal(&self) -> Option<String> {
        let who = self.principal.as_deref().or(self.invoked_by.as_deref())?;
        Some(match &self.tool {
            Some(tool) => format!("{who} with {tool}"),
            None => who.to_owned(),
        })
    }

    /// Principal, session and tool, as far as they are known.
    pub(crate) fn who(&self) -> Option<String> {
        let who = match (self.principal.as_deref(), self.session.as_deref()) {
            (Some(principal), Some(session)) => format!("{principal}, session {session}"),
            (Some(principal), None) => principal.to_owned(),
            (None, Some(session)) => format!("session {session}"),
            (None, None) => self.invoked_by.clone()?,
        };
        Some(match &self.tool {
            Some(tool) => format!("{who}, with {tool}"),
            None => who,
        })
    }
}

impl End {
    /// Why it ended as it did, each reason once.
    pub(crate) fn why(&self) -> Option<String> {
        let mut reasons: Vec<&str> = self.why.iter().filter_map(|(_, why)| why.as_deref()).collect();
        reasons.sort_unstable();
        reasons.dedup();
        (!reasons.is_empty()).then(|| reasons.join("; "))
    }
}

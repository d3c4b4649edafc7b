//! EventBridge pattern matching as AWS does it, for tests, the sandbox and replay. No Lambda links this crate: there
//! EventBridge itself has already matched.
//!
//! The contract is the EventBridge user guide ("event patterns", "comparison operators"). Where the guide is silent (the
//! order of evaluation, consistency across arrays, what `anything-but` does with other types) the open-source engine
//! `aws/event-ruler` decides. Where the two differ the guide wins:
//!
//! - exact numbers compare as written (`300` is not `300.0`); the engine calls them equal. `3e2` and `300.0` read as the
//!   same number here, because a parsed event no longer tells them apart;
//! - `numeric`, and numbers in `anything-but`, stop at ±5e9; newer engines accept any double;
//! - exact strings compare character by character; the engine also equates two spellings of one IP address;
//! - of a key written twice in a pattern the last one counts; the engine can be told to refuse it;
//! - `cidr` compares addresses; the engine also takes the digits of a number for one.
//!
//! One thing is refused that the engine accepts: an empty list inside `anything-but` with `prefix`, `suffix`,
//! `equals-ignore-case` or `wildcard`, which would say nothing.
//!
//! **Architecture invariant:** no I/O, no clock, and no knowledge of CloudTrail or of our controls.
//!
//! ```
//! use rectify_pattern::Pattern;
//!
//! let pattern = Pattern::parse(r#"{"detail": {"eventName": [{"prefix": "PutBucket"}], "errorCode": [{"exists": false}]}}"#)?;
//! assert!(pattern.matches(&serde_json::json!({"detail": {"eventName": "PutBucketAcl"}})));
//! let failed = serde_json::json!({"detail": {"eventName": "PutBucketAcl", "errorCode": "AccessDenied"}});
//! assert_eq!(pattern.explain(&failed).unwrap().path, "detail.errorCode");
//! # Ok::<(), rectify_pattern::PatternError>(())
//! ```

mod compile;
mod error;
mod flatten;
mod mismatch;
mod operator;
mod search;
mod text;

use std::sync::Arc;

use serde_json::Value;

pub use error::PatternError;
pub use mismatch::{Mismatch, Reason};

use crate::operator::Operator;

/// Characters a pattern may have by default (service quota L-664C5505 of EventBridge).
pub const DEFAULT_LENGTH: usize = 2048;
/// Characters a pattern may have at most (`EventPattern` in the API model of EventBridge `PutRule`).
pub const MAX_LENGTH: usize = 4096;
/// Combinations that the `$or` lists of one pattern may multiply to (user guide, "comparison operators", `$or`).
pub const MAX_COMBINATIONS: usize = 1000;

/// A pattern that AWS would accept, ready to be compared with events.
#[derive(Debug, Clone)]
pub struct Pattern {
    /// The alternatives that the `$or` lists multiply to; one when there is no `$or`. Each is sorted by path.
    combinations: Vec<Vec<Arc<Field>>>,
}

/// One path of the pattern with everything that may stand there.
#[derive(Debug, Clone)]
struct Field {
    /// The steps joined with dots: to AWS a key `a.b` and a key `b` inside `a` are the same path.
    path: String,
    /// One of these must hold.
    operators: Vec<Operator>,
}

impl Pattern {
    /// Reads a pattern. Of a key written twice the last one counts, as in AWS.
    ///
    /// # Errors
    /// [`PatternError`] says what AWS would refuse, and at which path. The length is not checked here, because it is a
    /// property of the text that is deployed; see [`check_length`].
    pub fn parse(json: &str) -> Result<Self, PatternError> {
        let value: Value = serde_json::from_str(json).map_err(|source| PatternError::NotJson { source })?;
        Self::from_value(&value)
    }

    /// Reads a pattern that is already parsed, for example out of a template.
    ///
    /// # Errors
    /// As [`Pattern::parse`].
    pub fn from_value(value: &Value) -> Result<Self, PatternError> {
        Ok(Self { combinations: compile::compile(value)? })
    }

    /// Whether EventBridge would send `event` to the rule's targets.
    ///
    /// Total: anything that is not an object matches nothing.
    #[must_use]
    pub fn matches(&self, event: &Value) -> bool {
        search::matches(&self.combinations, event)
    }

    /// The first path of the pattern, in alphabetical order, that `event` does not satisfy, and why; `None` when it
    /// matches.
    ///
    /// With `$or` the alternative that got furthest is explained.
    #[must_use]
    pub fn explain(&self, event: &Value) -> Option<Mismatch> {
        search::explain(&self.combinations, event)
    }

    /// All paths the pattern names, sorted, each once.
    #[must_use]
    pub fn paths(&self) -> Vec<&str> {
        let mut paths: Vec<&str> = self.combinations.iter().flatten().map(|field| field.path.as_str()).collect();
        paths.sort_unstable();
        paths.dedup();
        paths
    }
}

/// Checks the length of a pattern as it is sent to AWS, white space included; pass [`DEFAULT_LENGTH`] or [`MAX_LENGTH`].
///
/// # Errors
/// [`PatternError::TooLong`].
pub fn check_length(json: &str, limit: usize) -> Result<(), PatternError> {
    let length = json.chars().count();
    if length > limit { Err(PatternError::TooLong { length, limit }) } else { Ok(()) }
}

//! Why an event does not match, for people.

use std::fmt;

/// The path at which a pattern failed.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Mismatch {
    /// Steps joined with dots; empty when the event is not even an object.
    pub path: String,
    /// What is wrong there.
    pub reason: Reason,
}

/// What is wrong at a path.
#[derive(Debug, Clone, PartialEq, Eq)]
#[non_exhaustive]
pub enum Reason {
    /// The event is not a JSON object.
    NotAnObject,
    /// The event has no value there (no such field, an object, or an empty list).
    Missing,
    /// The pattern wants the field to be absent, and nothing else would do.
    Present {
        /// The values found, as JSON, at most three.
        found: Vec<String>,
    },
    /// There are values, but none that the pattern accepts.
    Unequal {
        /// The values found, as JSON, at most three.
        found: Vec<String>,
    },
    /// An accepted value exists, but in another element of an array than the values accepted for the paths before it.
    OtherElement,
}

impl fmt::Display for Mismatch {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let path = &self.path;
        match &self.reason {
            Reason::NotAnObject => write!(f, "the event is not a JSON object"),
            Reason::Missing => write!(f, "`{path}` has no value in the event"),
            Reason::Present { found } => write!(f, "`{path}` must be absent, but is {}", found.join(", ")),
            Reason::Unequal { found } => {
                write!(f, "`{path}` is {}, which the pattern does not accept", found.join(", "))
            }
            Reason::OtherElement => {
                write!(f, "`{path}` is accepted only in another list element than the paths before it")
            }
        }
    }
}

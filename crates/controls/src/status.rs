//! What a guard says of itself when it is asked whether all is well.
//!
//! Whoever asks may be of another release than the guard that answers: what is unknown is left out, what is missing is empty.

use serde::{Deserialize, Serialize};
use sha2::{Digest, Sha256};

use crate::{AccountId, Region};

/// What tells one settings file from another: SHA-256 of its bytes, in hexadecimal.
#[must_use]
pub fn settings_digest(text: &str) -> String {
    use std::fmt::Write as _;

    let mut digest = String::with_capacity(64);
    for byte in Sha256::digest(text) {
        let _ = write!(digest, "{byte:02x}");
    }
    digest
}

/// A guard's answer to [`Order::Status`](crate::Order::Status).
#[derive(Debug, Clone, Default, PartialEq, Eq, Serialize, Deserialize)]
#[serde(default)]
pub struct Status {
    /// Its kind, for example `s3-bucket`.
    pub kind: String,
    /// Its release.
    pub version: String,
    /// SHA-256 of the settings file as it was read, in hexadecimal; `None` when it could not be read.
    pub settings: Option<String>,
    /// Why the settings are not in force; with this nothing is corrected.
    pub degraded: Option<String>,
    /// Why the ledger could not be read; with this nothing is corrected.
    pub ledger: Option<String>,
    /// The hub stack's name, as the function was told.
    pub stack: Option<String>,
    /// The organisation's id; `None` where the stack guards its own account alone.
    pub organization: Option<String>,
    /// The bus that its own events go on.
    pub bus: Option<String>,
    /// The regions that are watched; empty where that is the function's own.
    pub regions: Vec<String>,
    /// What is paused for everybody or for the hub account.
    pub paused: Vec<String>,
}

/// A guard's answer to [`Order::Enter`](crate::Order::Enter).
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct Entry {
    /// The account.
    pub account: AccountId,
    /// The region.
    pub region: Region,
    /// Whether it gets in to read.
    pub read: Way,
    /// Whether it gets in to write; `None` when that was not asked.
    #[serde(default)]
    pub write: Option<Way>,
    /// The rules that were asked for; none when it does not get in to read.
    #[serde(default)]
    pub forwarders: Vec<Forwarder>,
}

/// The rule that sends an account's events for one kind to the hub.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct Forwarder {
    /// The kind.
    pub kind: String,
    /// How it stands.
    #[serde(flatten)]
    pub state: Forwarding,
}

/// How a forwarding rule stands.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(tag = "state", rename_all = "kebab-case")]
pub enum Forwarding {
    /// It is there and switched on.
    Enabled,
    /// Somebody switched it off.
    Disabled,
    /// It is not there.
    Missing,
    /// It could not be read.
    Unread {
        /// What AWS said.
        why: String,
    },
}

/// Whether a guard gets into an account.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(tag = "way", rename_all = "kebab-case")]
pub enum Way {
    /// It was there and asked AWS who it is.
    Open {
        /// As whom: an ARN.
        arn: String,
    },
    /// It was not let in.
    Closed {
        /// What AWS said.
        why: String,
    },
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn an_answer_of_another_release_is_understood_as_far_as_it_goes() {
        let newer = r#"{"kind":"s3-bucket","version":"9.0.0","mood":"good"}"#;
        let status: Status = serde_json::from_str(newer).unwrap();
        assert_eq!((status.version.as_str(), status.settings, status.paused), ("9.0.0", None, Vec::new()));
    }

    #[test]
    fn a_digest_is_that_of_sha256sum() {
        let abc = "ba7816bf8f01cfea414140de5dae2223b00361a396177a9cb410ff61f20015ad";
        assert_eq!(settings_digest("abc"), abc);
    }

    #[test]
    fn an_entry_is_read_back_as_it_was_written() {
        let entry = Entry {
            account: AccountId::new("444455556666").unwrap(),
            region: Region::new("eu-west-1").unwrap(),
            read: Way::Open { arn: "arn:aws:sts::444455556666:assumed-role/a/b".to_owned() },
            write: Some(Way::Closed { why: "AccessDenied".to_owned() }),
            forwarders: vec![
                Forwarder { kind: "s3-bucket".to_owned(), state: Forwarding::Missing },
                Forwarder { kind: "kms-key".to_owned(), state: Forwarding::Unread { why: "x".to_owned() } },
            ],
        };
        let text = serde_json::to_string(&entry).unwrap();
        assert_eq!(serde_json::from_str::<Entry>(&text).unwrap(), entry);
    }
}

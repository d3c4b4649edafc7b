//! What a reader says at the end.

use std::{collections::BTreeMap, fmt};

/// How much a reader may do.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Limits {
    /// Most bytes that come out of archives, all together: a bomb ends here.
    pub inflated: u64,
    /// Most members of archives, all together.
    pub members: u32,
    /// Most archives inside each other.
    pub depth: u8,
}

impl Default for Limits {
    fn default() -> Self {
        Self { inflated: 256 * 1024 * 1024, members: 10_000, depth: 3 }
    }
}

/// What a finding is about.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord)]
pub enum Class {
    /// An AWS access key with its secret.
    AccessKey,
    /// A private key.
    PrivateKey,
    /// A private key that a passphrase protects.
    EncryptedKey,
    /// A token of a well-known service.
    Token,
}

/// The id of an AWS access key. Not a secret.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord)]
pub struct KeyId([u8; 20]);

impl KeyId {
    pub(crate) fn new(bytes: [u8; 20]) -> Self {
        Self(bytes)
    }

    /// The id, for example `AKIA…`.
    #[must_use]
    pub fn as_str(&self) -> &str {
        std::str::from_utf8(&self.0).unwrap_or_default()
    }
}

impl fmt::Display for KeyId {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(self.as_str())
    }
}

/// What one rule found in one member. Never what the secret is.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Found {
    /// The rule.
    pub rule: &'static str,
    /// What it is about.
    pub class: Class,
    /// How often it matched.
    pub count: u32,
    /// The line of the first match, from 1.
    pub line: u64,
    /// The byte of the first match, from 0, in the text as decoded.
    pub offset: u64,
    /// The archive's member, when it is in one; a name that holds a secret itself is left out.
    pub member: Option<String>,
}

/// What of an object was not read.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord)]
pub enum Unread {
    /// A member of an archive that needs a password.
    Encrypted,
    /// A compression that is not known here: bzip2, xz, Zstandard, 7-Zip, or a rare one inside a zip.
    Compression,
    /// An archive in an archive in an archive …
    Nested,
    /// More than [`Limits`] allow came out of archives.
    Inflated,
    /// An archive that does not follow its own format.
    Damaged,
}

impl fmt::Display for Unread {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(match self {
            Self::Encrypted => "a member that needs a password",
            Self::Compression => "a compression that is not known",
            Self::Nested => "archives too deep inside each other",
            Self::Inflated => "more in archives than is read",
            Self::Damaged => "an archive that is damaged",
        })
    }
}

/// What a reader found. Bounded, however much there is to find.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct Report {
    /// By member and rule, in the order of first matches; at most [`Report::MOST`].
    pub found: Vec<Found>,
    /// Ids of the access keys whose secrets are there too, sorted; at most [`Report::MOST`].
    pub keys: Vec<KeyId>,
    /// What was not read, sorted.
    pub unread: Vec<Unread>,
    /// Bytes of text that were looked at.
    pub text: u64,
}

impl Report {
    /// Most entries of each list.
    pub const MOST: usize = 50;

    /// How often each rule matched.
    #[must_use]
    pub fn rules(&self) -> BTreeMap<&'static str, u32> {
        let mut counts = BTreeMap::new();
        for found in &self.found {
            let count: &mut u32 = counts.entry(found.rule).or_default();
            *count = count.saturating_add(found.count);
        }
        counts
    }

    pub(crate) fn skipped(&mut self, what: Unread) {
        if let Err(place) = self.unread.binary_search(&what) {
            self.unread.insert(place, what);
        }
    }

    pub(crate) fn add(&mut self, hit: Hit, line: u64, offset: u64, member: Option<&str>) {
        if let Some(key) = hit.key
            && self.keys.len() < Self::MOST
            && let Err(place) = self.keys.binary_search(&key)
        {
            self.keys.insert(place, key);
        }
        let same = |found: &&mut Found| found.rule == hit.rule && found.member.as_deref() == member;
        if let Some(found) = self.found.iter_mut().find(same) {
            found.count = found.count.saturating_add(1);
        } else if self.found.len() < Self::MOST {
            let Hit { rule, class, .. } = hit;
            self.found.push(Found { rule, class, count: 1, line, offset, member: member.map(str::to_owned) });
        }
    }
}

/// One match in a window.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) struct Hit {
    pub(crate) rule: &'static str,
    pub(crate) class: Class,
    /// Where in the window.
    pub(crate) at: usize,
    pub(crate) key: Option<KeyId>,
}

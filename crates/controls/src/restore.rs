//! Comparing a resource with what stood before a correction, and with what the correction left.
//!
//! A kind's facts cannot be compared as a whole: other parts of the resource may change meanwhile and concern nobody. What a
//! change writes can: [`Kind::inverse`] of a change is the change that writes the same part as it stands, so two states agree
//! in that part when their inverses are the same ([`Kind::same`]).

use std::fmt;

use jiff::Timestamp;
use serde::Serialize;

use crate::{Difference, Kind};

/// How far one change of a plan has come.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Progress {
    /// The part stands as the change writes it.
    Done,
    /// The part stands as it did before.
    Open,
    /// The part stands as neither, so somebody else wrote it, or it cannot be read.
    Foreign,
}

/// How far `change`, one of `plan`, has come on a resource that stood as `before` and now stands as `now`. A part that the
/// plan writes twice is open while it stands as the other change writes it.
#[must_use]
pub fn progress<K: Kind>(before: &K::Facts, now: &K::Facts, plan: &[K::Change], change: &K::Change) -> Progress {
    let Some(stands) = K::inverse(now, change) else { return Progress::Foreign };
    let on_the_way = || plan.iter().any(|other| K::slot(other) == K::slot(change) && *other == stands);
    // Making it once more would change nothing.
    let mut again = now.clone();
    K::simulate(&mut again, change);
    if agree::<K>(K::inverse(&again, change).as_ref(), Some(&stands)) {
        Progress::Done
    } else if agree::<K>(K::inverse(before, change).as_ref(), Some(&stands)) || on_the_way() {
        Progress::Open
    } else {
        Progress::Foreign
    }
}

/// Whether two states of a part are known, and the same.
fn agree<K: Kind>(one: Option<&K::Change>, other: Option<&K::Change>) -> bool {
    matches!((one, other), (Some(one), Some(other)) if K::same(one, other))
}

/// The parts that `plan` writes and that are not as the correction `left` them. Empty when nothing else touched them.
#[must_use]
pub fn differences<K: Kind>(before: &K::Facts, left: &K::Facts, now: &K::Facts, plan: &[K::Change]) -> Vec<Difference> {
    let text = |change: Option<K::Change>| {
        change.map_or_else(|| "not readable".to_owned(), |change| serde_json::to_string(&change).unwrap_or_default())
    };
    plan.iter()
        .filter(|change| {
            let stands = K::inverse(now, change);
            !agree::<K>(stands.as_ref(), K::inverse(left, change).as_ref())
        })
        .map(|change| Difference {
            part: K::slot(change).to_owned(),
            left: text(K::inverse(left, change)),
            stands: text(K::inverse(now, change)),
            restored: text(K::inverse(before, change)),
        })
        .collect()
}

/// That every part a plan had written stood again as before when the resource was read again.
///
/// **Invariant:** there is no other way to make one than [`Restored::from_second_look`], so there is no other way to say
/// `Restored`.
#[derive(Debug, Clone, PartialEq, Eq, Serialize)]
pub struct Restored {
    at: Timestamp,
    looks: u32,
}

impl Restored {
    /// The proof that `now`, the facts of the look at `at`, agrees with `before` in every part that `plan` writes.
    ///
    /// # Errors
    /// The parts that do not, joined.
    pub fn from_second_look<K: Kind>(
        before: &K::Facts,
        now: &K::Facts,
        plan: &[K::Change],
        at: Timestamp,
        looks: u32,
    ) -> Result<Self, String> {
        let not: Vec<&str> = plan
            .iter()
            .filter(|change| {
                let stands = K::inverse(now, change);
                !agree::<K>(stands.as_ref(), K::inverse(before, change).as_ref())
            })
            .map(K::slot)
            .collect();
        if not.is_empty() { Ok(Self { at, looks }) } else { Err(format!("not as before: {}", not.join(", "))) }
    }

    /// When the restored state was read.
    #[must_use]
    pub fn at(&self) -> Timestamp {
        self.at
    }
}

impl fmt::Display for Restored {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "read again at {:.3} and found as it stood before (look {})", self.at, self.looks)
    }
}

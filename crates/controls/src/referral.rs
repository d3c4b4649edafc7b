//! A resource that one guard hands to the guard of another kind.

use crate::{Kind, Place, ResourceKind};

/// A resource of another kind, as its own guard takes it.
#[derive(Debug, Clone, PartialEq)]
pub struct Referral {
    /// Its kind.
    pub kind: ResourceKind,
    /// Where it lives, which can be another account.
    pub place: Place,
    /// Its id, as its kind writes ids.
    pub id: serde_json::Value,
}

impl Referral {
    /// The resource `id` of kind `K`, in the account of `place`. `None` for an id that cannot be written, which none is.
    #[must_use]
    pub fn to<K: Kind>(id: &K::Id, place: &Place) -> Option<Self> {
        Some(Self { kind: K::KIND, place: K::home(id, place), id: serde_json::to_value(id).ok()? })
    }
}

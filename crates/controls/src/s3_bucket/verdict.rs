//! How the controls of this kind put their findings together.

use super::{BlockFlags, Change, Read};
pub(super) use crate::verdict::{live, neutralised, unverifiable};
use crate::{Control, Evidence, Fact, Finding};

pub(super) type Found = Finding<Change>;

/// [`crate::verdict::missing`], by the read that would give the fact.
pub(super) fn missing<T>(fact: &Fact<T>, read: Read) -> Option<Evidence> {
    crate::verdict::missing(fact, read.operation())
}

/// [`crate::verdict::blind`], by the read that would give the fact.
pub(super) fn blind<T>(control: &'static Control, subject: &str, fact: &Fact<T>, read: Read) -> Option<Found> {
    crate::verdict::blind(control, subject, fact, read.operation())
}

/// What takes the effect away, when one of the two blocks is known to have `flag` on. An unknown block never does.
pub(crate) fn shield(
    own: (&Fact<Option<BlockFlags>>, &'static str),
    account: &Fact<Option<BlockFlags>>,
    flag: fn(&BlockFlags) -> bool,
) -> Option<&'static str> {
    let on = |fact: &Fact<Option<BlockFlags>>| fact.known().and_then(Option::as_ref).is_some_and(flag);
    if on(account) {
        Some("the account's public access block")
    } else if on(own.0) {
        Some(own.1)
    } else {
        None
    }
}

/// The name of the bucket's own block in findings.
pub(crate) const BUCKET_BLOCK: &str = "the bucket's public access block";

/// The write that switches `needed` on beside whatever is on already; `None` when the flags that are on are unknown,
/// because a write replaces all four.
pub(super) fn put_block(block: &Fact<Option<BlockFlags>>, needed: BlockFlags) -> Option<Change> {
    Some(Change::PutBlock(block.known()?.unwrap_or_default().or(needed)))
}

/// The names of the flags that are off.
pub(super) fn off(flags: BlockFlags) -> Vec<&'static str> {
    [
        (flags.block_public_acls, "BlockPublicAcls"),
        (flags.ignore_public_acls, "IgnorePublicAcls"),
        (flags.block_public_policy, "BlockPublicPolicy"),
        (flags.restrict_public_buckets, "RestrictPublicBuckets"),
    ]
    .into_iter()
    .filter_map(|(on, name)| (!on).then_some(name))
    .collect()
}

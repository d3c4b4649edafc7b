//! How the controls of this kind put their findings together.

use super::{BlockFlags, Change, Read};
use crate::{Control, Evidence, Fact, Finding, Severity, State};

pub(super) type Found = Finding<Change>;

/// Broken now.
pub(super) fn live(
    control: &'static Control,
    summary: String,
    evidence: Vec<Evidence>,
    changes: Vec<Change>,
) -> Option<Found> {
    Some(Found { control, severity: control.severity, state: State::Live, summary, evidence, changes })
}

/// Broken, but `by` takes the effect away: two steps less severe, told, never corrected.
pub(super) fn neutralised(
    control: &'static Control,
    by: &str,
    summary: String,
    evidence: Vec<Evidence>,
) -> Option<Found> {
    let severity = match control.severity {
        Severity::Critical => Severity::Medium,
        Severity::High | Severity::Medium | Severity::Low => Severity::Low,
    };
    let state = State::Neutralised { by: by.to_owned() };
    Some(Found { control, severity, state, summary, evidence, changes: Vec::new() })
}

/// A fact that decides is missing.
pub(super) fn unverifiable(control: &'static Control, summary: String, evidence: Vec<Evidence>) -> Option<Found> {
    let severity = control.severity;
    Some(Found { control, severity, state: State::Unverifiable, summary, evidence, changes: Vec::new() })
}

/// The evidence for a fact that is missing; `None` when it is known. Without the request id, which is another one at
/// every look and would make a new finding each time.
pub(super) fn missing<T>(fact: &Fact<T>, read: Read) -> Option<Evidence> {
    let why = match fact {
        Fact::Known(_) => return None,
        Fact::Unreadable(unreadable) => unreadable.code.as_str(),
        Fact::NotRead => "not read",
    };
    Some(Evidence::new("unreadable", format!("{}: {why}", read.operation())))
}

/// Says that `subject` cannot be judged because `fact` is missing.
pub(super) fn blind<T>(control: &'static Control, subject: &str, fact: &Fact<T>, read: Read) -> Option<Found> {
    let evidence = missing(fact, read)?;
    let summary = format!("{subject} cannot be judged: {}", evidence.value);
    unverifiable(control, summary, vec![evidence])
}

/// What takes the effect away, when one of the two blocks is known to have `flag` on. An unknown block never does.
pub(super) fn shield(
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
pub(super) const BUCKET_BLOCK: &str = "the bucket's public access block";

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

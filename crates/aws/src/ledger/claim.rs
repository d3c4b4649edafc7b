//! Taking the right to change a resource, with everything that is needed to undo it.

use std::{collections::BTreeSet, time::Duration};

use aws_sdk_dynamodb::types::{AttributeValue, TransactWriteItem};
use jiff::Timestamp;
use rectify_controls::Reopened;

use super::{
    Ledger,
    expression::{Edit, number, text},
    ids::{CorrectionId, ResourceKey},
    lease::taken,
    row::{LEASE, budget_key, deferral_key, finding_key, findings_of, tug_key},
    state::{RECENT, ResourceState},
    transaction::{Part, Taking, unbuilt},
    types::{KEEP_SHORT, Sighting, WriteAhead, ttl},
};
use crate::AwsFailure;

/// What is claimed.
#[derive(Debug, Clone)]
pub struct Claim<'a> {
    /// The resource.
    pub key: &'a ResourceKey,
    /// What will be done, and how it is undone.
    pub ahead: &'a WriteAhead,
    /// The findings that are put right.
    pub findings: &'a [Sighting],
    /// What the ledger said of the resource when it was observed. A correction that was claimed since has made the plan stale.
    pub past: &'a ResourceState,
    /// When the observation that led to the plan *began*. A correction that was closed after it has made the plan stale.
    pub observed_at: Timestamp,
    /// Now, by [`Ledger::now`].
    pub now: Timestamp,
    /// How long nobody else may act, unless the lease is renewed.
    pub lease: Duration,
    /// Corrections per hour, of each control.
    pub limits: Limits,
    /// This correction, as each of its controls remembers it on this resource.
    pub reopened: Reopened,
    /// Earlier corrections before then are forgotten: the begin of the window in which a tug of war is looked for.
    pub keep: Timestamp,
}

/// Corrections of one control per hour. Zero is no permission at all.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Limits {
    /// In one account.
    pub per_account: u64,
    /// In all accounts together.
    pub everywhere: u64,
}

/// Why nothing may be changed.
#[derive(Debug, Clone, PartialEq, thiserror::Error)]
pub enum ClaimError {
    /// Somebody else acts on the resource.
    #[error("another correction of the resource is running until {until}")]
    Busy {
        /// Until when, unless they renew it.
        until: Timestamp,
        /// Their Lambda request; `None` when they were just taking or closing it.
        request: Option<String>,
    },
    /// Somebody else acted on the resource after we looked: look again.
    #[error("the resource was corrected after it was observed")]
    Stale,
    /// A switch is off.
    #[error("corrections are paused ({switch}): {reason}")]
    Paused {
        /// What it holds back: `all`, `control …` or `account …`.
        switch: String,
        /// What the person who paused it wrote.
        reason: String,
    },
    /// The hour's budget of a control is used up.
    #[error(
        "the budget of {limit} corrections an hour of control `{control}` {} is used up",
        if *everywhere { "in all accounts" } else { "in the account" }
    )]
    Budget {
        /// The control.
        control: String,
        /// Its limit.
        limit: u64,
        /// The limit is that of all accounts together.
        everywhere: bool,
    },
    /// Somebody undid the correction before.
    #[error("it was undone already, by `{by}`")]
    AlreadyUndone {
        /// Their undo.
        by: CorrectionId,
    },
    /// The ledger did not take it.
    #[error(transparent)]
    Failed(#[from] AwsFailure),
}

impl Ledger {
    /// Takes the right to change the resource, and in the same write keeps the facts before, the plan and its inverse. All
    /// of it or nothing.
    ///
    /// A claim whose answer was lost and that the SDK sent again is a success, not a competitor.
    ///
    /// # Errors
    /// [`ClaimError`], and then nothing was written and nothing may be changed.
    pub async fn claim(&self, claim: &Claim<'_>) -> Result<(), ClaimError> {
        for (limit, everywhere) in [(claim.limits.per_account, false), (claim.limits.everywhere, true)] {
            if let (0, Some(control)) = (limit, claim.ahead.controls.first()) {
                return Err(ClaimError::Budget { control: control.clone(), limit, everywhere });
            }
        }
        self.take(Taking {
            key: claim.key,
            request: &claim.ahead.request,
            now: claim.now,
            lease: claim.lease,
            // The id is used once.
            token: claim.ahead.id.to_string(),
            list: self.parts(claim)?,
        })
        .await
    }

    /// At most 100 (`TransactWriteItems`, API reference), each row once. With one finding per control that is
    /// 4 + 6 per control: enough for sixteen controls at once.
    fn parts(&self, claim: &Claim<'_>) -> Result<Vec<(Part, TransactWriteItem)>, AwsFailure> {
        let Claim { key, ahead, now, past, .. } = claim;
        let (now, pk) = (*now, key.to_string());
        let controls: BTreeSet<&String> = ahead.controls.iter().collect();

        let mut list = self.unpaused(&ahead.controls, &key.place.account)?;
        let lease = taken(ahead, past, claim.observed_at, now, claim.lease)?;
        list.push((Part::Lease, self.update(&pk, LEASE, lease)?));
        list.push((Part::Correction, self.write_ahead(&pk, ahead, now)?));

        let mut findings = BTreeSet::new();
        for finding in claim.findings {
            if !findings.insert((&finding.control, &finding.fingerprint)) {
                continue;
            }
            let edit = sighted(Edit::default(), finding, "correcting", now)
                .set("status", text("correcting"))
                .set("correction", text(ahead.id.as_str()))
                .set("event", text(&ahead.event))
                .add("seen", 1)
                .remove("would")
                .remove("ttl");
            list.push((Part::Finding, self.update(&pk, &finding_key(&finding.control, &finding.fingerprint), edit)?));
        }
        for control in &controls {
            list.push((Part::Tug, self.update(&pk, &tug_key(control), remembered(claim, control)?)?));
            list.push((Part::Deferral, self.forget(&pk, &deferral_key(control))?));
        }
        for control in &controls {
            let account = Some(&key.place.account);
            for (account, limit) in [(account, claim.limits.per_account), (None, claim.limits.everywhere)] {
                let edit = Edit::default()
                    .set("ttl", number(ttl(now, KEEP_SHORT)))
                    .add("used", 1)
                    .when("attribute_not_exists(#used) OR #used < :limit")
                    .bind("limit", AttributeValue::N(limit.to_string()));
                let part = Part::Budget { control: (*control).clone(), limit, everywhere: account.is_none() };
                list.push((part, self.update(&budget_key(control, account, now), "count", edit)?));
            }
        }
        Ok(list)
    }
}

/// The control's memory of the resource with this correction, if it is still the one that was observed.
fn remembered(claim: &Claim<'_>, control: &str) -> Result<Edit, AwsFailure> {
    let past = claim.past.past(control);
    let mut recent: Vec<_> = past.corrections.into_iter().filter(|reopened| reopened.at >= claim.keep).collect();
    recent.push(claim.reopened.clone());
    recent.drain(..recent.len().saturating_sub(RECENT));
    let recent = serde_json::to_string(&recent).map_err(|error| unbuilt(&error))?;
    // As long as the window, or the fence if that is longer.
    let window = Duration::try_from(claim.now.duration_since(claim.keep)).unwrap_or_default();
    let end = past.fenced_until.map_or(claim.now, |until| until.max(claim.now));
    let edit = Edit::default().set("recent", text(recent)).set("ttl", number(ttl(end, window + KEEP_SHORT)));
    Ok(match claim.past.tug(control) {
        Some(observed) => edit.when("#recent = :observed").bind("observed", text(observed)),
        None => edit.when("attribute_not_exists(#recent)"),
    })
}

/// What every sighting of a finding writes into its row.
pub(super) fn sighted(edit: Edit, finding: &Sighting, outcome: &str, now: Timestamp) -> Edit {
    edit.set("control", text(&finding.control))
        .set("fingerprint", text(finding.fingerprint.to_string()))
        .set("severity", text(finding.severity.to_string()))
        .set("summary", text(&finding.summary))
        .set("evidence", text(finding.evidence.as_str()))
        .set("actor", text(finding.actor.as_str()))
        .set("outcome", text(outcome))
        .set("feed", text(findings_of(outcome)))
        .set("at", number(now.as_millisecond()))
        .set_once("first_seen", number(now.as_millisecond()))
        .set("last_seen", number(now.as_millisecond()))
}

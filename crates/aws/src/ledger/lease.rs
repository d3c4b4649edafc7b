//! The right to change a resource: taking it, taking it up again, keeping it.

use std::time::Duration;

use aws_sdk_dynamodb::types::ReturnValue;
use jiff::Timestamp;

use super::{
    Ledger,
    claim::ClaimError,
    expression::{Edit, number, text},
    ids::{CorrectionId, ResourceKey, token},
    row::{LEASE, ours},
    state::ResourceState,
    store::Refused,
    transaction::{Part, Taking, json_list},
    types::{WriteAhead, after},
};
use crate::{AwsFailure, FailureKind};

/// The code of the [`AwsFailure`] that [`Ledger::close`] and [`Ledger::renew`] give when the lease is no longer theirs:
/// somebody else may have acted in the meantime.
pub const LEASE_LOST: &str = "LeaseLost";

/// The lease is free: nobody had it, or its holder is past its time without closing it, or closed it before we looked; or
/// it was taken by an earlier attempt of our own invocation, which Lambda only repeats when that attempt is over.
const FREE: &str = "attribute_not_exists(#until) \
     OR (#until < :now AND (attribute_not_exists(#closed_at) OR #closed_at < :observed_at)) \
     OR (#request = :request AND attribute_not_exists(#closed_at))";

/// The lease as a claim writes it, if it is free and still the one that was observed. The latter needs no clock.
pub(super) fn taken(
    ahead: &WriteAhead,
    past: &ResourceState,
    observed_at: Timestamp,
    now: Timestamp,
    lease: Duration,
) -> Result<Edit, AwsFailure> {
    let edit = Edit::default()
        .set("correction", text(ahead.id.as_str()))
        .set("controls", json_list(&ahead.controls)?)
        .set("request", text(&ahead.request))
        .set("event", text(&ahead.event))
        .set("started_at", number(now.as_millisecond()))
        .set("until", number(after(now, lease)))
        .remove("closed_at")
        .bind("now", number(now.as_millisecond()))
        .bind("observed_at", number(observed_at.as_millisecond()));
    Ok(match &past.lease {
        Some(observed) => edit
            .when(&format!("({FREE}) AND #correction = :observed"))
            .bind("observed", text(observed.correction.as_str())),
        None => edit.when(&format!("({FREE}) AND attribute_not_exists(#correction)")),
    })
}

impl Ledger {
    /// Takes up a correction or undo that its holder left open: the lease becomes this request's, once it is over or when
    /// it is this request's already. A correction is not taken up while it is paused; an undo always is.
    ///
    /// # Errors
    /// [`ClaimError::Busy`] while its holder may live, [`ClaimError::Stale`] when it is closed or the resource is
    /// another's: look again.
    pub async fn retake(
        &self,
        key: &ResourceKey,
        id: &CorrectionId,
        controls: &[String],
        request: &str,
        now: Timestamp,
        lease: Duration,
    ) -> Result<(), ClaimError> {
        let mut list = if id.is_undo() { Vec::new() } else { self.unpaused(controls, &key.place.account)? };
        let edit = Edit::default()
            .set("until", number(after(now, lease)))
            .set("request", text(request))
            .when(
                "#correction = :correction AND attribute_not_exists(#closed_at) \
                 AND (#until < :now OR #request = :request)",
            )
            .bind("correction", text(id.as_str()))
            .bind("now", number(now.as_millisecond()));
        list.push((Part::Lease, self.update(&key.to_string(), LEASE, edit)?));
        self.take(Taking { key, request, now, lease, token: token(now), list }).await
    }

    /// Keeps the lease for `lease` from `now` on. For a correction that takes longer than its lease.
    ///
    /// # Errors
    /// [`AwsFailure`]; with the code [`LEASE_LOST`] when somebody else took it up, or it is closed: stop.
    pub async fn renew(
        &self,
        key: &ResourceKey,
        id: &CorrectionId,
        request: &str,
        now: Timestamp,
        lease: Duration,
    ) -> Result<(), AwsFailure> {
        let edit = Edit::default()
            .set("until", number(after(now, lease)))
            .when("#correction = :correction AND #request = :request AND attribute_not_exists(#closed_at)")
            .bind("correction", text(id.as_str()))
            .bind("request", text(request));
        match self.write(&key.to_string(), LEASE, edit, ReturnValue::None).await {
            Ok(_) => Ok(()),
            Err(Refused::Condition(_)) => Err(lost("UpdateItem")),
            Err(Refused::Failed(failure)) => Err(failure),
        }
    }
}

/// See [`LEASE_LOST`].
pub(super) fn lost(operation: &'static str) -> AwsFailure {
    let message = "the lease is no longer this correction's".to_owned();
    ours(operation, FailureKind::Conflict, Some(LEASE_LOST), message)
}

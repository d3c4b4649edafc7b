//! Ending a correction.

use aws_sdk_dynamodb::operation::transact_write_items::TransactWriteItemsError;
use jiff::Timestamp;
use rectify_controls::Fingerprint;
use serde::{Deserialize, Serialize};

use super::{
    Ledger,
    expression::{Edit, number, text},
    row::{correction_key, finding_key},
    types::{CorrectionId, Json, KEEP, ResourceKey, base32, ttl},
};
use crate::{AwsFailure, FailureKind, pause};

/// The code of the [`AwsFailure`] that [`Ledger::close`] gives when the lease is no longer this correction's: it ran longer
/// than its lease, and somebody else may have acted in the meantime. The outcome itself is in the ledger all the same.
pub const LEASE_LOST: &str = "LeaseLost";

/// How a correction ended.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
pub struct Closing {
    /// The outcome's name.
    pub status: String,
    /// The outcome in full.
    pub outcome: Json,
    /// The second observation that proves it.
    pub proof: Option<Json>,
    /// Now.
    pub at: Timestamp,
    /// What became of each finding.
    pub findings: Vec<FindingClosing>,
    /// The Lambda request that is about to tell it. `None` when nobody is told.
    pub told_by: Option<String>,
}

/// What became of one finding.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
pub struct FindingClosing {
    /// The control.
    pub control: String,
    /// The offending state.
    pub fingerprint: Fingerprint,
    /// The outcome's name, which a later [`Note`](super::Note) of the same state is compared with.
    pub outcome: String,
    /// The state is gone, and the row may expire.
    pub resolved: bool,
}

impl Ledger {
    /// Ends a correction: its row, its findings and its lease in one write. Calling it again with the same closing changes
    /// nothing.
    ///
    /// # Errors
    /// [`AwsFailure`]; with the code [`LEASE_LOST`] when the lease had gone to somebody else, and then the correction's row
    /// has the outcome but neither lease nor findings were touched.
    pub async fn close(&self, key: &ResourceKey, id: &CorrectionId, closing: &Closing) -> Result<(), AwsFailure> {
        let pk = key.to_string();
        let lease = Edit::default()
            .set("until", number(0))
            .set("closed_at", number(closing.at.as_millisecond()))
            .when("#correction = :correction")
            .bind("correction", text(id.as_str()));
        let mut items = vec![self.update(&pk, "lease", lease)?, self.closed(&pk, id, closing)?];
        for finding in &closing.findings {
            let edit = Edit::default()
                .set("status", text(if finding.resolved { "resolved" } else { "open" }))
                .set("outcome", text(&finding.outcome))
                .set_if_any("ttl", finding.resolved.then(|| number(ttl(closing.at, KEEP))))
                .set_if_any("told_by", closing.told_by.as_deref().map(text))
                .set_if_any("told_at", closing.told_by.as_ref().map(|_| number(closing.at.as_millisecond())))
                .set_if_any("told_outcome", closing.told_by.as_ref().map(|_| text(&finding.outcome)))
                .set("untold", number(0));
            items.push(self.update(&pk, &finding_key(&finding.control, &finding.fingerprint), edit)?);
        }
        // A second closing of the same correction is another request, so the token has its time in it.
        let token = format!("{id}-{}", base32::<10>(u64::try_from(closing.at.as_millisecond()).unwrap_or(0)));
        let mut pauses = super::claim::MEETINGS.iter();
        loop {
            let Err(error) = self.transact(items.clone(), &token).await else { return Ok(()) };
            let failure = AwsFailure::new("dynamodb", "TransactWriteItems", &error);
            let Some(TransactWriteItemsError::TransactionCanceledException(canceled)) = error.as_service_error() else {
                return Err(failure);
            };
            let codes = || canceled.cancellation_reasons().iter().filter_map(|reason| reason.code());
            let lease_refused = codes().next() == Some("ConditionalCheckFailed");
            if lease_refused {
                return Err(self.close_without_lease(&pk, id, closing).await);
            }
            let met = codes().all(|code| matches!(code, "None" | "TransactionConflict" | "ThrottlingError"));
            match pauses.next() {
                Some(longest) if met => pause(*longest).await,
                _ => return Err(failure),
            }
        }
    }

    fn closed(
        &self,
        pk: &str,
        id: &CorrectionId,
        closing: &Closing,
    ) -> Result<aws_sdk_dynamodb::types::TransactWriteItem, AwsFailure> {
        let edit = Edit::default()
            .set("status", text(&closing.status))
            .set("outcome", text(closing.outcome.as_str()))
            .set_if_any("proof", closing.proof.as_ref().map(|proof| text(proof.as_str())))
            .set("closed_at", number(closing.at.as_millisecond()))
            .set("ttl", number(ttl(closing.at, KEEP)))
            .when("attribute_exists(#pk)");
        self.update(pk, &correction_key(id), edit)
    }

    async fn close_without_lease(&self, pk: &str, id: &CorrectionId, closing: &Closing) -> AwsFailure {
        let row = match self.closed(pk, id, closing) {
            Ok(row) => row,
            Err(failure) => return failure,
        };
        let token = format!("{id}-lost-{}", base32::<10>(u64::try_from(closing.at.as_millisecond()).unwrap_or(0)));
        match self.transact(vec![row], &token).await {
            Ok(()) => AwsFailure {
                service: "dynamodb",
                operation: "TransactWriteItems",
                kind: FailureKind::Conflict,
                code: Some(LEASE_LOST.to_owned()),
                message: Some("the lease was no longer this correction's when it was closed".to_owned()),
                request_id: None,
            },
            Err(error) => AwsFailure::new("dynamodb", "TransactWriteItems", &error),
        }
    }
}

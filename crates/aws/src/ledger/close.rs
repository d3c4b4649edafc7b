//! Ending a correction.

use aws_sdk_dynamodb::operation::transact_write_items::TransactWriteItemsError;
use jiff::Timestamp;
use rectify_controls::Fingerprint;
use serde::{Deserialize, Serialize};

use super::{
    Ledger,
    expression::{Edit, number, text},
    ids::{CorrectionId, ResourceKey, digits},
    lease::lost,
    row::{LEASE, correction_key, finding_key, findings_of},
    transaction::{MEETINGS, canceled, met},
    types::{Json, KEEP, ttl},
};
use crate::{AwsFailure, pause};

/// How a correction ended.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
pub struct Closing {
    /// The outcome's name.
    pub status: String,
    /// The outcome in full.
    pub outcome: Json,
    /// The second observation that proves it.
    pub proof: Option<Json>,
    /// The facts as the correction left them. `None` when they could not be read again.
    pub facts_after: Option<Json>,
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
        let mut items = vec![self.update(&pk, LEASE, lease)?, self.closed(&pk, id, closing)?];
        for finding in &closing.findings {
            let edit = Edit::default()
                .set("status", text(if finding.resolved { "resolved" } else { "open" }))
                .set("outcome", text(&finding.outcome))
                .set("feed", text(findings_of(&finding.outcome)))
                .set_once("at", number(closing.at.as_millisecond()))
                .set_if_any("ttl", finding.resolved.then(|| number(ttl(closing.at, KEEP))))
                .set_if_any("told_by", closing.told_by.as_deref().map(text))
                .set_if_any("told_at", closing.told_by.as_ref().map(|_| number(closing.at.as_millisecond())))
                .set_if_any("told_outcome", closing.told_by.as_ref().map(|_| text(&finding.outcome)))
                .set("untold", number(0));
            items.push(self.update(&pk, &finding_key(&finding.control, &finding.fingerprint), edit)?);
        }
        // A second closing of the same correction is another request, so the token has its time in it.
        let token = format!("{id}-{}", digits::<10>(closing.at.as_millisecond()));
        let mut pauses = MEETINGS.iter();
        loop {
            let Err(error) = self.transact(items.clone(), &token).await else { return Ok(()) };
            let Some(TransactWriteItemsError::TransactionCanceledException(reasons)) = error.as_service_error() else {
                return Err(canceled(&error));
            };
            let failed: Vec<_> = reasons
                .cancellation_reasons()
                .iter()
                .filter(|reason| reason.code().is_some_and(|code| code != "None"))
                .collect();
            let lease_refused = reasons.cancellation_reasons().first().and_then(|reason| reason.code());
            if lease_refused == Some("ConditionalCheckFailed") {
                return Err(self.close_without_lease(&pk, id, closing).await);
            }
            match pauses.next() {
                Some(longest) if failed.iter().all(|reason| met(reason)) => pause(*longest).await,
                _ => return Err(canceled(&error)),
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
            .set_if_any("facts_after", closing.facts_after.as_ref().map(|facts| text(facts.as_str())))
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
        let token = format!("{id}-lost-{}", digits::<10>(closing.at.as_millisecond()));
        match self.transact(vec![row], &token).await {
            Ok(()) => lost("TransactWriteItems"),
            Err(error) => canceled(&error),
        }
    }
}

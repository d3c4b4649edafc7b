//! Findings that were told and have not ended: what every look compares with, so that their end is told too.

use aws_sdk_dynamodb::types::{AttributeValue, ReturnValue};
use jiff::Timestamp;
use rectify_controls::{Fingerprint, Severity};

use super::{
    Ledger,
    expression::{Edit, number, text},
    ids::ResourceKey,
    row::{Row, finding_key, findings_of, open_key},
    store::Refused,
    types::{Json, KEEP, Sighting, ttl},
};
use crate::AwsFailure;

/// How long an open finding is remembered after it was last seen. Sweeps see it several times a day; what nobody sees any
/// more is a resource that went without an event.
const REMEMBERED: std::time::Duration = std::time::Duration::from_secs(30 * 24 * 60 * 60);

/// A control that a resource breaks and that somebody was told of.
#[derive(Debug, Clone, PartialEq)]
pub struct Open {
    /// Every offending state that was told since then and has not ended.
    pub fingerprints: Vec<Fingerprint>,
    /// When the first was told.
    pub since: Timestamp,
    /// Of the one that was told last.
    pub severity: Severity,
    /// As `severity`.
    pub summary: String,
    /// As `severity`.
    pub evidence: Json,
}

impl Row {
    pub(super) fn open(&self) -> Result<Open, AwsFailure> {
        let mut fingerprints: Vec<Fingerprint> = self.words("fingerprints")?;
        fingerprints.sort();
        Ok(Open {
            fingerprints,
            since: self.time("since")?,
            severity: self.word("severity")?,
            summary: self.text("summary")?.to_owned(),
            evidence: self.parsed("evidence")?,
        })
    }
}

impl Ledger {
    /// Remembers that `finding` was told and stands.
    ///
    /// # Errors
    /// [`AwsFailure`] when the ledger cannot be written: its end may not be told then, unless it is seen again.
    pub async fn open(&self, key: &ResourceKey, finding: &Sighting, now: Timestamp) -> Result<(), AwsFailure> {
        let edit = Edit::default()
            .add_text("fingerprints", &finding.fingerprint.to_string())
            .set_once("since", number(now.as_millisecond()))
            .set("severity", text(finding.severity.to_string()))
            .set("summary", text(&finding.summary))
            .set("evidence", text(finding.evidence.as_str()))
            .set("ttl", number(ttl(now, REMEMBERED)));
        let written = self.write(&key.to_string(), &open_key(&finding.control), edit, ReturnValue::None).await;
        written.map(drop).map_err(AwsFailure::from)
    }

    /// Ends offending states of `control` with `outcome`: `ended` are over; when `left` is false nothing of the control is
    /// open any more. Doing it twice changes nothing. Tell it first: what is ended here is not compared with again.
    ///
    /// # Errors
    /// [`AwsFailure`] of the first write that failed: the next look ends the rest.
    pub async fn end(
        &self,
        key: &ResourceKey,
        control: &str,
        ended: &[Fingerprint],
        outcome: &str,
        left: bool,
        now: Timestamp,
    ) -> Result<(), AwsFailure> {
        let pk = key.to_string();
        let rows = ended.iter().map(|fingerprint| {
            let (pk, sk) = (&pk, finding_key(control, fingerprint));
            async move {
                let edit = Edit::default()
                    .set("status", text("resolved"))
                    .set("outcome", text(outcome))
                    .set("told_outcome", text(outcome))
                    .set("feed", text(findings_of(outcome)))
                    .set("at", number(now.as_millisecond()))
                    .set("ttl", number(ttl(now, KEEP)))
                    // A row that a correction has closed keeps its outcome.
                    .when("#status = :open")
                    .bind("open", text("open"));
                match self.write(pk, &sk, edit, ReturnValue::None).await {
                    Ok(_) | Err(Refused::Condition(_)) => Ok(()),
                    Err(Refused::Failed(failure)) => Err(failure),
                }
            }
        });
        futures::future::try_join_all(rows).await?;
        if !left {
            return self.delete(&pk, &open_key(control)).await.map(drop);
        }
        let gone = ended.iter().map(ToString::to_string).collect();
        let edit = Edit::default().take("fingerprints", AttributeValue::Ss(gone)).when("attribute_exists(#since)");
        match self.write(&pk, &open_key(control), edit, ReturnValue::None).await {
            Ok(_) | Err(Refused::Condition(_)) => Ok(()),
            Err(Refused::Failed(failure)) => Err(failure),
        }
    }
}

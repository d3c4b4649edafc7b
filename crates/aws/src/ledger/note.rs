//! Findings that are told and not corrected.

use std::time::Duration;

use aws_sdk_dynamodb::types::ReturnValue;
use jiff::Timestamp;

use super::{
    Ledger,
    claim::sighted,
    expression::{Edit, number, text},
    ids::ResourceKey,
    row::{Row, finding_key},
    store::Refused,
    types::Sighting,
};
use crate::AwsFailure;

/// A sighting of a finding.
#[derive(Debug, Clone, Copy)]
pub struct Note<'a> {
    /// The resource.
    pub key: &'a ResourceKey,
    /// The finding.
    pub finding: &'a Sighting,
    /// The outcome's name: a new one is told at once.
    pub outcome: &'a str,
    /// In shadow mode, the name of the outcome that it would have had.
    pub would: Option<&'a str>,
    /// Our Lambda request. A retry of the same asynchronous invocation has the same one, and tells again what the attempt
    /// before it may have failed to tell.
    pub request: &'a str,
    /// The event.
    pub event: &'a str,
    /// Now.
    pub now: Timestamp,
    /// How long the same thing is not told again.
    pub reminder: Duration,
}

/// Whether to tell.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Noted {
    /// Tell it: it is new, or has a new outcome, or is due again.
    Tell {
        /// How often it was seen and not told since it was last told.
        repeats: u64,
    },
    /// It was told, not long ago.
    Already {
        /// When.
        told_at: Timestamp,
        /// How often it was seen, from the first time on.
        seen: u64,
    },
}

/// Never told, told with another outcome, told too long ago, or told by ourselves in an attempt that failed afterwards.
const DUE: &str =
    "attribute_not_exists(#told_at) OR #told_outcome <> :told_outcome OR #told_at < :due OR #told_by = :told_by";

impl Ledger {
    /// Counts a sighting and says whether to tell it. Of any number of functions that note the same state at once, one is
    /// told to tell.
    ///
    /// # Errors
    /// [`AwsFailure`] when the ledger cannot be written: tell it anyway.
    pub async fn note(&self, note: &Note<'_>) -> Result<Noted, AwsFailure> {
        let now = number(note.now.as_millisecond());
        let reminder = i64::try_from(note.reminder.as_millis()).unwrap_or(i64::MAX);
        let due = note.now.as_millisecond().saturating_sub(reminder);
        let telling = self
            .edit(
                note,
                counted(note)
                    .set("told_at", now)
                    .set("told_by", text(note.request))
                    .set("told_outcome", text(note.outcome))
                    .set("untold", number(0))
                    .when(DUE)
                    .bind("due", number(due)),
                ReturnValue::AllOld,
            )
            .await;
        match telling {
            Ok(before) => Ok(Noted::Tell { repeats: count(&before, "untold") }),
            Err(Refused::Condition(_)) => {
                let row = self.edit(note, counted(note).add("untold", 1), ReturnValue::AllNew).await?;
                Ok(Noted::Already { told_at: row.time("told_at")?, seen: count(&row, "seen") })
            }
            Err(Refused::Failed(failure)) => Err(failure),
        }
    }

    async fn edit(&self, note: &Note<'_>, edit: Edit, answer: ReturnValue) -> Result<Row, Refused> {
        let sk = finding_key(&note.finding.control, &note.finding.fingerprint);
        self.write(&note.key.to_string(), &sk, edit, answer).await
    }
}

fn counted(note: &Note<'_>) -> Edit {
    sighted(Edit::default(), note.finding, note.outcome, note.now)
        .set("status", text("open"))
        .set_or_remove("would", note.would.map(text))
        .set("event", text(note.event))
        .add("seen", 1)
        .remove("ttl")
}

fn count(row: &Row, name: &str) -> u64 {
    row.count(name).unwrap_or(0)
}

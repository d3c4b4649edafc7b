//! What people ask of the ledger: by time, by outcome, by resource. Guards call nothing of this.
//!
//! The index `feed` lists keys a moment late; what it lists is then read from the table as it stands.

mod standing;

use std::collections::{BTreeMap, HashMap};

use aws_sdk_dynamodb::types::{AttributeValue, KeysAndAttributes};
use futures::{StreamExt, TryStreamExt, stream};
use jiff::{SignedDuration, Timestamp};
use rectify_controls::{AccountId, Fingerprint, Severity};

use super::{
    Ledger,
    expression::{key, number, text},
    ids::{CorrectionId, ResourceKey},
    row::{Row, correction_key, corrections_of_day, findings_of, ours, unusable},
    store::Rows,
    transaction::MEETINGS,
    types::{CorrectionRow, Json, KEEP},
};
use crate::{AwsFailure, FailureKind, pause};

/// Keys of one `BatchGetItem` («up to 100 items», API reference).
const BATCH: usize = 100;

/// Queries that run at the same time.
const PARALLEL: usize = 8;

const DAY: SignedDuration = SignedDuration::from_hours(24);

/// One finding, with everything that the ledger keeps of it.
#[derive(Debug, Clone, PartialEq)]
pub struct FindingRow {
    /// The resource.
    pub key: ResourceKey,
    /// The broken control.
    pub control: String,
    /// The offending state.
    pub fingerprint: Fingerprint,
    /// How bad.
    pub severity: Severity,
    /// One sentence. Contains names that somebody else chose.
    pub summary: String,
    /// What exactly offends.
    pub evidence: Json,
    /// `open`, `correcting` or `resolved`.
    pub status: String,
    /// The last outcome's name; `correcting` while a correction runs.
    pub outcome: String,
    /// In shadow mode, the name of the outcome that it would have had.
    pub would: Option<String>,
    /// Who made it, as the event named them.
    pub actor: Option<Json>,
    /// The event that last led to it.
    pub event: String,
    /// When it was first seen.
    pub first_seen: Timestamp,
    /// When it was last seen.
    pub last_seen: Timestamp,
    /// How often it was seen.
    pub seen: u64,
    /// When it was last told.
    pub told_at: Option<Timestamp>,
    /// The latest correction of it.
    pub correction: Option<CorrectionId>,
}

/// A row that the index lists.
#[derive(Debug, Clone, PartialEq, Eq, PartialOrd, Ord)]
struct Listed {
    at: i64,
    pk: String,
    sk: String,
}

/// What is asked for. Everything that is set must hold.
#[derive(Debug, Clone, Copy, Default)]
struct Wanted<'a> {
    resource: Option<&'a str>,
    account: Option<&'a AccountId>,
}

impl Wanted<'_> {
    fn covers(&self, pk: &str) -> Result<bool, AwsFailure> {
        if self.resource.is_none() && self.account.is_none() {
            return Ok(true);
        }
        let key: ResourceKey = pk.parse().map_err(|_| unusable("pk"))?;
        Ok(self.resource.is_none_or(|arn| key.arn.as_str() == arn)
            && self.account.is_none_or(|account| key.place.account == *account))
    }
}

impl Ledger {
    /// The correction or undo `id`, wherever its resource is. One that was claimed this very moment may not be listed yet.
    ///
    /// # Errors
    /// [`AwsFailure`] when the ledger cannot be read, or the row is not one that a claim wrote.
    pub async fn find(&self, id: &CorrectionId) -> Result<Option<(ResourceKey, CorrectionRow)>, AwsFailure> {
        let (at, sk) = (id.time(), correction_key(id));
        let listed = self.listed(&corrections_of_day(at), at, at, Wanted::default(), usize::MAX).await?;
        let Some(listed) = listed.into_iter().find(|listed| listed.sk == sk) else { return Ok(None) };
        let Some(row) = self.get(&listed.pk, &sk).await? else { return Ok(None) };
        Ok(Some((row.key()?, row.correction()?)))
    }

    /// Corrections and undos that were claimed between `from` and `to`, both included, newest first, at most `limit`; of
    /// the resource with this ARN, in this account. Nothing is older than the ledger keeps closed corrections, 400 days.
    ///
    /// # Errors
    /// [`AwsFailure`] when the ledger cannot be read, or a row is not one that a claim wrote.
    pub async fn corrections(
        &self,
        from: Timestamp,
        to: Timestamp,
        resource: Option<&str>,
        account: Option<&AccountId>,
        limit: usize,
    ) -> Result<Vec<(ResourceKey, CorrectionRow)>, AwsFailure> {
        let wanted = Wanted { resource, account };
        // One question per day: none for days that can have no answer.
        let to = to.min(self.now().checked_add(DAY).unwrap_or(Timestamp::MAX));
        let from = from.max(to.checked_sub(KEEP).unwrap_or(Timestamp::MIN));
        let mut days = stream::iter(days(from, to))
            .map(|feed| async move { self.listed(&feed, from, to, wanted, limit).await })
            .buffered(PARALLEL);
        let mut listed = Vec::new();
        while let Some(day) = days.try_next().await? {
            listed.extend(day);
            if listed.len() >= limit {
                break;
            }
        }
        // Questions that nobody waits for any more end here, rather than keep their connections through what follows.
        drop(days);
        listed.truncate(limit);
        let mut found = Vec::new();
        for row in self.rows(&listed).await? {
            found.push((row.key()?, row.correction()?));
        }
        Ok(found)
    }

    /// Findings whose last outcome is `outcome` and that were last seen since then, newest first, at most `limit`; of the
    /// resource with this ARN, in this account.
    ///
    /// # Errors
    /// [`AwsFailure`] when the ledger cannot be read, or a row is not as we write them.
    pub async fn findings(
        &self,
        outcome: &str,
        since: Option<Timestamp>,
        resource: Option<&str>,
        account: Option<&AccountId>,
        limit: usize,
    ) -> Result<Vec<FindingRow>, AwsFailure> {
        let since = since.unwrap_or(Timestamp::UNIX_EPOCH);
        let wanted = Wanted { resource, account };
        let listed = self.listed(&findings_of(outcome), since, Timestamp::MAX, wanted, limit).await?;
        let rows = self.rows(&listed).await?;
        let mut found = rows.iter().map(finding).collect::<Result<Vec<_>, _>>()?;
        // One that has got another outcome since it was listed.
        found.retain(|finding| finding.outcome == outcome);
        Ok(found)
    }

    /// Everything that happened to one resource, newest first.
    ///
    /// # Errors
    /// [`AwsFailure`] when the ledger cannot be read, or a row is not as we write them.
    pub async fn resource_history(
        &self,
        key: &ResourceKey,
    ) -> Result<(Vec<CorrectionRow>, Vec<FindingRow>), AwsFailure> {
        let pk = key.to_string();
        let (corrections, findings) = futures::try_join!(
            self.partition(&pk, Rows::Prefix("correction#")),
            self.partition(&pk, Rows::Prefix("finding#")),
        )?;
        let mut corrections = corrections.iter().map(Row::correction).collect::<Result<Vec<_>, _>>()?;
        let mut findings = findings.iter().map(finding).collect::<Result<Vec<_>, _>>()?;
        corrections.sort_by_key(|row| std::cmp::Reverse(row.claimed_at));
        findings.sort_by_key(|row| std::cmp::Reverse(row.last_seen));
        Ok((corrections, findings))
    }

    /// What the index lists under `feed` between `from` and `to`, newest first, until `limit` that are wanted.
    async fn listed(
        &self,
        feed: &str,
        from: Timestamp,
        to: Timestamp,
        wanted: Wanted<'_>,
        limit: usize,
    ) -> Result<Vec<Listed>, AwsFailure> {
        let mut found = Vec::new();
        let mut start: Option<HashMap<String, AttributeValue>> = None;
        while found.len() < limit {
            let answer = self
                .client
                .query()
                .table_name(&self.table)
                .index_name("feed")
                .scan_index_forward(false)
                .key_condition_expression("#feed = :feed AND #at BETWEEN :from AND :to")
                .expression_attribute_names("#feed", "feed")
                .expression_attribute_names("#at", "at")
                .expression_attribute_values(":feed", text(feed))
                .expression_attribute_values(":from", number(from.as_millisecond()))
                .expression_attribute_values(":to", number(to.as_millisecond()))
                .set_exclusive_start_key(start)
                .send()
                .await
                .map_err(|error| AwsFailure::new("dynamodb", "Query", &error))?;
            for row in answer.items.unwrap_or_default().into_iter().map(Row) {
                let listed =
                    Listed { at: row.number("at")?, pk: row.text("pk")?.to_owned(), sk: row.text("sk")?.to_owned() };
                if wanted.covers(&listed.pk)? {
                    found.push(listed);
                }
            }
            start = answer.last_evaluated_key.filter(|key| !key.is_empty());
            if start.is_none() {
                break;
            }
        }
        found.truncate(limit);
        Ok(found)
    }

    /// The rows themselves, as of now and in the same order; those that are gone are left out.
    async fn rows(&self, listed: &[Listed]) -> Result<Vec<Row>, AwsFailure> {
        let batches = stream::iter(listed.chunks(BATCH).map(<[Listed]>::to_vec))
            .map(|batch| async move { self.batch(&batch).await })
            .buffered(PARALLEL);
        let mut found: BTreeMap<(String, String), Row> = BTreeMap::new();
        for row in batches.try_concat().await? {
            found.insert((row.text("pk")?.to_owned(), row.text("sk")?.to_owned()), row);
        }
        Ok(listed.iter().filter_map(|listed| found.remove(&(listed.pk.clone(), listed.sk.clone()))).collect())
    }

    async fn batch(&self, listed: &[Listed]) -> Result<Vec<Row>, AwsFailure> {
        let mut found = Vec::new();
        let mut keys: Vec<_> = listed.iter().map(|listed| key(&listed.pk, &listed.sk)).collect();
        let mut pauses = MEETINGS.iter();
        loop {
            let wanted = KeysAndAttributes::builder().set_keys(Some(keys)).consistent_read(true).build();
            let wanted = wanted.map_err(|error| super::transaction::unbuilt(&error))?;
            let answer = self
                .client
                .batch_get_item()
                .request_items(&self.table, wanted)
                .send()
                .await
                .map_err(|error| AwsFailure::new("dynamodb", "BatchGetItem", &error))?;
            let rows: Vec<Row> = answer.responses.unwrap_or_default().into_values().flatten().map(Row).collect();
            let progress = !rows.is_empty();
            found.extend(rows);
            let left = answer.unprocessed_keys.unwrap_or_default().into_values().next();
            keys = left.map(|left| left.keys).unwrap_or_default();
            if keys.is_empty() {
                return Ok(found);
            }
            if progress {
                pauses = MEETINGS.iter();
            }
            let Some(longest) = pauses.next() else {
                let message = "DynamoDB left keys unprocessed again and again".to_owned();
                return Err(ours("BatchGetItem", FailureKind::Throttled, None, message));
            };
            pause(*longest).await;
        }
    }
}

/// The feeds of the UTC days from the one of `to` down to the one of `from`.
fn days(from: Timestamp, to: Timestamp) -> impl Iterator<Item = String> {
    let last = corrections_of_day(from);
    let from = from.checked_sub(DAY).unwrap_or(Timestamp::MIN);
    std::iter::successors(Some(to), move |day| day.checked_sub(DAY).ok().filter(|day| *day > from))
        .map(corrections_of_day)
        .take_while(move |day| *day >= last)
}

fn finding(row: &Row) -> Result<FindingRow, AwsFailure> {
    Ok(FindingRow {
        key: row.key()?,
        control: row.text("control")?.to_owned(),
        fingerprint: row.word("fingerprint")?,
        severity: row.word("severity")?,
        summary: row.text("summary")?.to_owned(),
        evidence: row.parsed("evidence")?,
        status: row.text("status")?.to_owned(),
        outcome: row.text("outcome")?.to_owned(),
        would: row.text_if_any("would")?,
        actor: row.json_if_any("actor")?,
        event: row.text_if_any("event")?.unwrap_or_default(),
        first_seen: row.time("first_seen")?,
        last_seen: row.time("last_seen")?,
        seen: row.count("seen")?,
        told_at: row.time_if_any("told_at")?,
        correction: row.id_if_any("correction")?,
    })
}

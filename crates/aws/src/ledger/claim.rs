//! Taking the right to change a resource, with everything that is needed to undo it.

use std::{
    collections::{BTreeMap, BTreeSet},
    time::Duration,
};

use aws_sdk_dynamodb::{
    error::SdkError,
    operation::transact_write_items::TransactWriteItemsError,
    types::{
        AttributeValue, CancellationReason, ConditionCheck, Put, ReturnValuesOnConditionCheckFailure,
        TransactWriteItem, Update,
    },
};
use aws_smithy_runtime_api::client::orchestrator::HttpResponse;
use jiff::Timestamp;
use rectify_controls::AccountId;

use super::{
    Ledger,
    expression::{Edit, key, number, text},
    row::{Row, correction_key, finding_key},
    types::{CorrectionRow, KEEP_BUDGET, ResourceKey, Sighting, WriteAhead, after, ttl},
};
use crate::{AwsFailure, FailureKind, pause};

/// What is claimed.
#[derive(Debug, Clone, Copy)]
pub struct Claim<'a> {
    /// The resource.
    pub key: &'a ResourceKey,
    /// What will be done, and how it is undone.
    pub ahead: &'a WriteAhead,
    /// The findings that are put right.
    pub findings: &'a [Sighting],
    /// When the observation that led to the plan *began*. A correction that was closed after it has made the plan stale.
    pub observed_at: Timestamp,
    /// Now.
    pub now: Timestamp,
    /// How long nobody else may act. Longer than the function can run, or two of them act at once.
    pub lease: Duration,
    /// Corrections per hour and account, by control. A control that is not here may not correct at all.
    pub limits: &'a BTreeMap<String, u64>,
}

/// Why nothing may be changed.
#[derive(Debug, Clone, PartialEq, thiserror::Error)]
pub enum ClaimError {
    /// Somebody else acts on the resource.
    #[error("another correction of the resource is running until {until}")]
    Busy {
        /// Until when, at the latest.
        until: Timestamp,
        /// Their Lambda request; `None` when they were just taking or closing it.
        request: Option<String>,
    },
    /// Somebody else put the resource right after we looked: look again.
    #[error("the resource was corrected after it was observed")]
    Stale,
    /// A switch is off.
    #[error("corrections are paused by the switch `{switch}`: {reason}")]
    Paused {
        /// `all`, `control#…` or `account#…`.
        switch: String,
        /// What the person who paused it wrote.
        reason: String,
    },
    /// The hour's budget of a control is used up.
    #[error("the budget of {limit} corrections an hour of control `{control}` is used up")]
    Budget {
        /// The control.
        control: String,
        /// Its limit.
        limit: u64,
    },
    /// The ledger did not take it.
    #[error(transparent)]
    Failed(#[from] AwsFailure),
}

/// Longest pauses between tries of a transaction that met another one. Everybody's claims meet at the switches and at the
/// budget counters, and DynamoDB cancels rather than queues.
pub(super) const MEETINGS: [Duration; 5] = [
    Duration::from_millis(30),
    Duration::from_millis(80),
    Duration::from_millis(200),
    Duration::from_millis(400),
    Duration::from_millis(800),
];

/// The lease is free: nobody had it, or its holder is past its time without closing it, or closed it before we looked; or
/// it was taken by an earlier attempt of our own invocation, which Lambda only repeats when that attempt is over.
const FREE: &str = "attribute_not_exists(#pk) \
     OR (#until < :now AND (attribute_not_exists(#closed_at) OR #closed_at < :observed_at)) \
     OR (#request = :request AND attribute_not_exists(#closed_at))";

/// One item of the transaction, in the order in which DynamoDB reports on them.
#[derive(Debug, Clone, PartialEq)]
enum Part {
    Switch(String),
    Lease,
    Correction,
    Finding,
    Budget { control: String, limit: u64 },
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
        if let Some(control) = claim.ahead.controls.iter().find(|control| limit(claim, control) == 0) {
            return Err(ClaimError::Budget { control: control.clone(), limit: 0 });
        }
        let (parts, items) = self.transaction(claim)?;
        // The id is used once, so it also tells DynamoDB that a second sending is the first one again.
        let token = claim.ahead.id.as_str();
        let mut pauses = MEETINGS.iter();
        loop {
            let Err(error) = self.transact(items.clone(), token).await else { return Ok(()) };
            let verdict = self.verdict(claim, &parts, &error).await;
            match verdict {
                Verdict::Ours => return Ok(()),
                Verdict::No(error) => return Err(error),
                Verdict::Met { at_resource } => match pauses.next() {
                    Some(longest) => pause(*longest).await,
                    None if at_resource => {
                        return Err(ClaimError::Busy { until: moment(after(claim.now, claim.lease)), request: None });
                    }
                    None => return Err(AwsFailure::new("dynamodb", "TransactWriteItems", &error).into()),
                },
            }
        }
    }

    pub(super) async fn transact(
        &self,
        items: Vec<TransactWriteItem>,
        token: &str,
    ) -> Result<(), SdkError<TransactWriteItemsError, HttpResponse>> {
        let call = self.client.transact_write_items().set_transact_items(Some(items)).client_request_token(token);
        call.send().await.map(|_| ())
    }

    fn transaction(&self, claim: &Claim<'_>) -> Result<(Vec<Part>, Vec<TransactWriteItem>), AwsFailure> {
        let Claim { key: resource, ahead, now, .. } = *claim;
        let pk = resource.to_string();
        let mut list = Vec::new();

        for switch in switches(&ahead.controls, &resource.place.account) {
            let edit = Edit::default().when("attribute_not_exists(#paused_at)");
            let check = self.check("switch", &switch, edit)?;
            list.push((Part::Switch(switch), check));
        }

        let lease = Edit::default()
            .set("correction", text(ahead.id.as_str()))
            .set("controls", json_list(&ahead.controls)?)
            .set("request", text(&ahead.request))
            .set("event", text(&ahead.event))
            .set("until", number(after(now, claim.lease)))
            .set("claimed_at", number(now.as_millisecond()))
            .remove("closed_at")
            .when(FREE)
            .bind("now", number(now.as_millisecond()))
            .bind("observed_at", number(claim.observed_at.as_millisecond()));
        list.push((Part::Lease, self.update(&pk, "lease", lease)?));

        list.push((Part::Correction, self.put(&pk, ahead, now)?));

        let mut findings = BTreeSet::new();
        for finding in claim.findings {
            if !findings.insert((&finding.control, &finding.fingerprint)) {
                continue;
            }
            let edit = sighted(Edit::default(), finding, now)
                .set("status", text("correcting"))
                .set("correction", text(ahead.id.as_str()))
                .add("seen", 1)
                .remove("ttl");
            list.push((Part::Finding, self.update(&pk, &finding_key(&finding.control, &finding.fingerprint), edit)?));
        }

        let hour = now.strftime("%Y-%m-%dT%H").to_string();
        for control in ahead.controls.iter().collect::<BTreeSet<_>>() {
            let limit = limit(claim, control);
            let edit = Edit::default()
                .set("ttl", number(ttl(now, KEEP_BUDGET)))
                .add("used", 1)
                .when("attribute_not_exists(#used) OR #used < :limit")
                .bind("limit", AttributeValue::N(limit.to_string()));
            let pk = format!("budget#{control}#{}#{hour}", resource.place.account);
            list.push((Part::Budget { control: control.clone(), limit }, self.update(&pk, "count", edit)?));
        }
        Ok(list.into_iter().unzip())
    }

    /// Why the transaction did not go through.
    async fn verdict(
        &self,
        claim: &Claim<'_>,
        parts: &[Part],
        error: &SdkError<TransactWriteItemsError, HttpResponse>,
    ) -> Verdict {
        let failure = AwsFailure::new("dynamodb", "TransactWriteItems", error);
        let reasons = match error.as_service_error() {
            Some(TransactWriteItemsError::TransactionCanceledException(canceled)) => canceled.cancellation_reasons(),
            // Our own first sending is still under way.
            Some(TransactWriteItemsError::TransactionInProgressException(_)) => {
                return Verdict::Met { at_resource: true };
            }
            _ => return Verdict::No(failure.into()),
        };
        let failed: Vec<(&Part, &CancellationReason)> =
            parts.iter().zip(reasons).filter(|(_, reason)| reason.code().is_some_and(|code| code != "None")).collect();
        let refused = |wanted: fn(&Part) -> bool| {
            failed.iter().find(|(part, reason)| wanted(part) && reason.code() == Some("ConditionalCheckFailed"))
        };

        // Our row is there already: the whole transaction went through, and only its answer was lost.
        if let Some((_, reason)) = refused(|part| *part == Part::Correction) {
            let row = reason.item().cloned().map(Row);
            if row.is_none_or(|row| row.text("request").is_ok_and(|request| request == claim.ahead.request)) {
                return Verdict::Ours;
            }
        }
        if let Some(error) = paused(&failed) {
            return Verdict::No(error);
        }
        if let Some((_, reason)) = refused(|part| *part == Part::Lease) {
            let lease = match reason.item() {
                Some(item) => Row(item.clone()).lease().map(Some),
                None => self.lease(claim.key).await,
            };
            return match lease {
                Ok(Some(lease)) if lease.until >= claim.now => {
                    Verdict::No(ClaimError::Busy { until: lease.until, request: Some(lease.request) })
                }
                Ok(Some(_)) => Verdict::No(ClaimError::Stale),
                // Refused a moment ago, and gone now.
                Ok(None) => Verdict::Met { at_resource: true },
                Err(failure) => Verdict::No(failure.into()),
            };
        }
        if let Some((Part::Budget { control, limit }, _)) = refused(|part| matches!(part, Part::Budget { .. })) {
            return Verdict::No(ClaimError::Budget { control: control.clone(), limit: *limit });
        }
        let met = |reason: &CancellationReason| {
            matches!(
                reason.code(),
                Some(
                    "TransactionConflict"
                        | "ThrottlingError"
                        | "ProvisionedThroughputExceeded"
                        | "RequestLimitExceeded"
                )
            )
        };
        if !failed.is_empty() && failed.iter().all(|(_, reason)| met(reason)) {
            let at_resource =
                failed.iter().any(|(part, _)| matches!(part, Part::Lease | Part::Correction | Part::Finding));
            return Verdict::Met { at_resource };
        }
        Verdict::No(explained(failure, &failed).into())
    }

    fn check(&self, pk: &str, sk: &str, edit: Edit) -> Result<TransactWriteItem, AwsFailure> {
        let words = edit.build();
        let check = ConditionCheck::builder()
            .table_name(&self.table)
            .set_key(Some(key(pk, sk)))
            .set_condition_expression(words.condition)
            .set_expression_attribute_names(words.names)
            .set_expression_attribute_values(words.values)
            .return_values_on_condition_check_failure(ReturnValuesOnConditionCheckFailure::AllOld)
            .build()
            .map_err(|error| unbuilt(&error))?;
        Ok(TransactWriteItem::builder().condition_check(check).build())
    }

    pub(super) fn update(&self, pk: &str, sk: &str, edit: Edit) -> Result<TransactWriteItem, AwsFailure> {
        let words = edit.build();
        let update = Update::builder()
            .table_name(&self.table)
            .set_key(Some(key(pk, sk)))
            .set_update_expression(words.update)
            .set_condition_expression(words.condition)
            .set_expression_attribute_names(words.names)
            .set_expression_attribute_values(words.values)
            .return_values_on_condition_check_failure(ReturnValuesOnConditionCheckFailure::AllOld)
            .build()
            .map_err(|error| unbuilt(&error))?;
        Ok(TransactWriteItem::builder().update(update).build())
    }

    fn put(&self, pk: &str, ahead: &WriteAhead, now: Timestamp) -> Result<TransactWriteItem, AwsFailure> {
        let words = Edit::default().when("attribute_not_exists(#pk)").build();
        let mut row = key(pk, &correction_key(&ahead.id));
        row.extend(
            [
                ("correction", text(ahead.id.as_str())),
                ("status", text(CorrectionRow::CLAIMED)),
                ("kind", text(&ahead.kind)),
                ("controls", json_list(&ahead.controls)?),
                ("fingerprints", json_list(&ahead.fingerprints)?),
                ("facts_before", text(ahead.facts_before.as_str())),
                ("plan", text(ahead.plan.as_str())),
                ("inverse", text(ahead.inverse.as_str())),
                ("actor", text(ahead.actor.as_str())),
                ("event", text(&ahead.event)),
                ("request", text(&ahead.request)),
                ("claimed_at", number(now.as_millisecond())),
            ]
            .map(|(name, value)| (name.to_owned(), value)),
        );
        let put = Put::builder()
            .table_name(&self.table)
            .set_item(Some(row))
            .set_condition_expression(words.condition)
            .set_expression_attribute_names(words.names)
            .return_values_on_condition_check_failure(ReturnValuesOnConditionCheckFailure::AllOld)
            .build()
            .map_err(|error| unbuilt(&error))?;
        Ok(TransactWriteItem::builder().put(put).build())
    }
}

/// What a failed transaction means.
enum Verdict {
    /// It had gone through before.
    Ours,
    /// It met another one; try again.
    Met { at_resource: bool },
    /// It is refused.
    No(ClaimError),
}

/// What every sighting of a finding writes into its row.
pub(super) fn sighted(edit: Edit, finding: &Sighting, now: Timestamp) -> Edit {
    edit.set("control", text(&finding.control))
        .set("fingerprint", text(finding.fingerprint.to_string()))
        .set("severity", text(finding.severity.to_string()))
        .set("summary", text(&finding.summary))
        .set("evidence", text(finding.evidence.as_str()))
        .set_once("first_seen", number(now.as_millisecond()))
        .set("last_seen", number(now.as_millisecond()))
}

/// A list as JSON text.
fn json_list<T: serde::Serialize>(items: &[T]) -> Result<AttributeValue, AwsFailure> {
    serde_json::to_string(items).map(text).map_err(|error| unbuilt(&error))
}

fn switches(controls: &[String], account: &AccountId) -> BTreeSet<String> {
    let controls = controls.iter().map(|control| format!("control#{control}"));
    ["all".to_owned(), format!("account#{account}")].into_iter().chain(controls).collect()
}

fn limit(claim: &Claim<'_>, control: &str) -> u64 {
    claim.limits.get(control).copied().unwrap_or(0)
}

fn paused(failed: &[(&Part, &CancellationReason)]) -> Option<ClaimError> {
    failed.iter().find_map(|(part, reason)| match part {
        Part::Switch(switch) if reason.code() == Some("ConditionalCheckFailed") => {
            let row = Row(reason.item().cloned().unwrap_or_default());
            let reason = row.text("reason").unwrap_or("no reason recorded").to_owned();
            Some(ClaimError::Paused { switch: switch.clone(), reason })
        }
        _ => None,
    })
}

/// The failure with the reasons that DynamoDB gave per item, which its own message only counts.
fn explained(mut failure: AwsFailure, failed: &[(&Part, &CancellationReason)]) -> AwsFailure {
    let reasons: Vec<String> = failed
        .iter()
        .map(|(part, reason)| format!("{part:?}: {} {}", reason.code().unwrap_or("?"), reason.message().unwrap_or("")))
        .collect();
    if !reasons.is_empty() {
        failure.message = Some(reasons.join("; "));
    }
    failure
}

fn moment(millis: i64) -> Timestamp {
    Timestamp::from_millisecond(millis).unwrap_or(Timestamp::MAX)
}

fn unbuilt(error: &dyn std::error::Error) -> AwsFailure {
    AwsFailure {
        service: "dynamodb",
        operation: "TransactWriteItems",
        kind: FailureKind::Invalid,
        code: None,
        message: Some(error.to_string()),
        request_id: None,
    }
}

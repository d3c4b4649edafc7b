//! All or nothing: the transactions that take a resource, and what DynamoDB's refusals mean.

use std::{collections::BTreeSet, time::Duration};

use aws_sdk_dynamodb::{
    error::SdkError,
    operation::transact_write_items::TransactWriteItemsError,
    types::{
        AttributeValue, CancellationReason, ConditionCheck, Delete, Put, ReturnValuesOnConditionCheckFailure,
        TransactWriteItem, Update,
    },
};
use aws_smithy_runtime_api::client::orchestrator::HttpResponse;
use jiff::Timestamp;
use rectify_controls::{AccountId, Reach};

use super::{
    Ledger,
    claim::ClaimError,
    expression::{Edit, Expressions, key, number, text},
    ids::{CorrectionId, ResourceKey},
    row::{LEASE, Row, correction_key, corrections_of_day, ours, switch_key},
    types::{CorrectionRow, WriteAhead, after, moment},
};
use crate::{AwsFailure, FailureKind, pause};

/// Longest pauses between tries of a transaction that met another one. Everybody's claims meet at the budget counters, and
/// DynamoDB cancels rather than queues.
pub(super) const MEETINGS: [Duration; 5] = [
    Duration::from_millis(30),
    Duration::from_millis(80),
    Duration::from_millis(200),
    Duration::from_millis(400),
    Duration::from_millis(800),
];

/// One item of a transaction, in the order in which DynamoDB reports on them.
#[derive(Debug, Clone, PartialEq)]
pub(super) enum Part {
    Switch(Reach),
    Lease,
    Correction,
    Undone,
    Restored,
    Exemption,
    Finding,
    Tug,
    Deferral,
    Budget { control: String, limit: u64, everywhere: bool },
}

/// A transaction that takes a resource.
#[derive(Debug)]
pub(super) struct Taking<'a> {
    pub(super) key: &'a ResourceKey,
    pub(super) request: &'a str,
    pub(super) now: Timestamp,
    pub(super) lease: Duration,
    /// The same for every sending, so that DynamoDB knows a second one for the first.
    pub(super) token: String,
    pub(super) list: Vec<(Part, TransactWriteItem)>,
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

impl Ledger {
    /// Sends `taking` until it goes through or is refused. One whose answer was lost and that the SDK sent again is a
    /// success, not a competitor.
    pub(super) async fn take(&self, taking: Taking<'_>) -> Result<(), ClaimError> {
        let (parts, items): (Vec<Part>, Vec<TransactWriteItem>) = taking.list.iter().cloned().unzip();
        let mut pauses = MEETINGS.iter();
        loop {
            let Err(error) = self.transact(items.clone(), &taking.token).await else { return Ok(()) };
            match self.verdict(&taking, &parts, &error).await {
                Verdict::Ours => return Ok(()),
                Verdict::No(error) => return Err(error),
                Verdict::Met { at_resource } => match pauses.next() {
                    Some(longest) => pause(*longest).await,
                    None if at_resource => {
                        let until = moment(after(taking.now, taking.lease));
                        return Err(ClaimError::Busy { until, request: None });
                    }
                    None => return Err(canceled(&error).into()),
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

    /// Why the transaction did not go through. What a person decided comes before what another function did, and that
    /// before the budget.
    async fn verdict(
        &self,
        taking: &Taking<'_>,
        parts: &[Part],
        error: &SdkError<TransactWriteItemsError, HttpResponse>,
    ) -> Verdict {
        let reasons = match error.as_service_error() {
            Some(TransactWriteItemsError::TransactionCanceledException(canceled)) => canceled.cancellation_reasons(),
            // Our own first sending is still under way.
            Some(TransactWriteItemsError::TransactionInProgressException(_)) => {
                return Verdict::Met { at_resource: true };
            }
            _ => return Verdict::No(canceled(error).into()),
        };
        let failed: Vec<(&Part, &CancellationReason)> =
            parts.iter().zip(reasons).filter(|(_, reason)| reason.code().is_some_and(|code| code != "None")).collect();
        let refused = |wanted: fn(&Part) -> bool| {
            failed.iter().find(|(part, reason)| wanted(part) && reason.code() == Some("ConditionalCheckFailed"))
        };

        // Our row is there already: the whole transaction went through, and only its answer was lost.
        if let Some((_, reason)) = refused(|part| *part == Part::Correction) {
            let row = reason.item().cloned().map(Row);
            if row.is_none_or(|row| row.text("request").is_ok_and(|request| request == taking.request)) {
                return Verdict::Ours;
            }
        }
        if let Some((Part::Switch(reach), reason)) = refused(|part| matches!(part, Part::Switch(_))) {
            let row = Row(reason.item().cloned().unwrap_or_default());
            let reason = row.text("reason").unwrap_or("no reason recorded").to_owned();
            return Verdict::No(ClaimError::Paused { switch: reach.to_string(), reason });
        }
        if let Some((_, reason)) = refused(|part| *part == Part::Undone) {
            let row = Row(reason.item().cloned().unwrap_or_default());
            return Verdict::No(match row.id("undone_by") {
                Ok(by) => ClaimError::AlreadyUndone { by },
                Err(_) => gone().into(),
            });
        }
        if let Some((_, reason)) = refused(|part| *part == Part::Lease) {
            let lease = match reason.item() {
                Some(item) => Ok(Some(Row(item.clone()))),
                None => self.get(&taking.key.to_string(), LEASE).await,
            };
            return match lease.and_then(|row| row.map(|row| row.lease()).transpose()) {
                Ok(Some(lease)) if lease.until >= taking.now => {
                    Verdict::No(ClaimError::Busy { until: lease.until, request: Some(lease.request) })
                }
                Ok(Some(_)) => Verdict::No(ClaimError::Stale),
                // Refused a moment ago, and gone now.
                Ok(None) => Verdict::Met { at_resource: true },
                Err(failure) => Verdict::No(failure.into()),
            };
        }
        if refused(|part| *part == Part::Tug).is_some() {
            return Verdict::No(ClaimError::Stale);
        }
        if let Some((Part::Budget { control, limit, everywhere }, _)) =
            refused(|part| matches!(part, Part::Budget { .. }))
        {
            let (control, limit, everywhere) = (control.clone(), *limit, *everywhere);
            return Verdict::No(ClaimError::Budget { control, limit, everywhere });
        }
        if !failed.is_empty() && failed.iter().all(|(_, reason)| met(reason)) {
            let at_resource = failed.iter().any(|(part, reason)| {
                !matches!(part, Part::Switch(_) | Part::Budget { .. }) && reason.code() == Some("TransactionConflict")
            });
            return Verdict::Met { at_resource };
        }
        Verdict::No(explained(canceled(error), &failed).into())
    }

    /// That nobody has paused `controls` in `account`.
    pub(super) fn unpaused(
        &self,
        controls: &[String],
        account: &AccountId,
    ) -> Result<Vec<(Part, TransactWriteItem)>, AwsFailure> {
        let mut switches = BTreeSet::from([Reach::All, Reach::Account(account.clone())]);
        switches.extend(controls.iter().cloned().map(Reach::Control));
        switches
            .into_iter()
            .map(|reach| {
                let (pk, sk) = switch_key(&reach);
                let check = self.check(&pk, &sk, Edit::default().when("attribute_not_exists(#pk)"))?;
                Ok((Part::Switch(reach), check))
            })
            .collect()
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
        let Expressions { update, condition, names, values } = edit.build();
        let update = Update::builder()
            .table_name(&self.table)
            .set_key(Some(key(pk, sk)))
            .set_update_expression(update)
            .set_condition_expression(condition)
            .set_expression_attribute_names(names)
            .set_expression_attribute_values(values)
            .return_values_on_condition_check_failure(ReturnValuesOnConditionCheckFailure::AllOld)
            .build()
            .map_err(|error| unbuilt(&error))?;
        Ok(TransactWriteItem::builder().update(update).build())
    }

    /// The row goes, if it is there.
    pub(super) fn forget(&self, pk: &str, sk: &str) -> Result<TransactWriteItem, AwsFailure> {
        let delete = Delete::builder().table_name(&self.table).set_key(Some(key(pk, sk))).build();
        Ok(TransactWriteItem::builder().delete(delete.map_err(|error| unbuilt(&error))?).build())
    }

    /// The row of a correction or undo, which must be new.
    pub(super) fn write_ahead(
        &self,
        pk: &str,
        ahead: &WriteAhead,
        now: Timestamp,
    ) -> Result<TransactWriteItem, AwsFailure> {
        let words = Edit::default().when("attribute_not_exists(#pk)").build();
        let mut row = key(pk, &correction_key(&ahead.id));
        let claimed_at = ahead.id.time();
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
                ("feed", text(corrections_of_day(claimed_at))),
                ("at", number(claimed_at.as_millisecond())),
            ]
            .map(|(name, value)| (name.to_owned(), value)),
        );
        row.extend(ahead.undoes.as_ref().map(|of: &CorrectionId| ("undoes".to_owned(), text(of.as_str()))));
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

/// The item was not refused; DynamoDB had no time for it.
pub(super) fn met(reason: &CancellationReason) -> bool {
    reason.code() == Some("TransactionConflict") || throttled(reason)
}

fn throttled(reason: &CancellationReason) -> bool {
    matches!(reason.code(), Some("ThrottlingError" | "ProvisionedThroughputExceeded" | "RequestLimitExceeded"))
}

/// The failure of a transaction. One that was cancelled because the table is throttled is throttled.
pub(super) fn canceled(error: &SdkError<TransactWriteItemsError, HttpResponse>) -> AwsFailure {
    let mut failure = AwsFailure::new("dynamodb", "TransactWriteItems", error);
    if let Some(TransactWriteItemsError::TransactionCanceledException(canceled)) = error.as_service_error()
        && canceled.cancellation_reasons().iter().any(throttled)
    {
        failure.kind = FailureKind::Throttled;
    }
    failure
}

/// A list as JSON text.
pub(super) fn json_list<T: serde::Serialize>(items: &[T]) -> Result<AttributeValue, AwsFailure> {
    serde_json::to_string(items).map(text).map_err(|error| unbuilt(&error))
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

/// The row that is to be undone is not there: too old, or never was.
fn gone() -> AwsFailure {
    let message = "the correction is not in the ledger any more".to_owned();
    ours("TransactWriteItems", FailureKind::Gone, None, message)
}

pub(super) fn unbuilt(error: &dyn std::error::Error) -> AwsFailure {
    ours("TransactWriteItems", FailureKind::Invalid, None, error.to_string())
}

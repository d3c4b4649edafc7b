//! What the ledger makes of DynamoDB's answers. How its conditions behave is tried in `tests/ledger.rs`.

use std::{collections::BTreeMap, time::Duration};

use aws_sdk_dynamodb::{
    operation::{
        get_item::GetItemOutput,
        transact_write_items::{TransactWriteItemsError, TransactWriteItemsOutput},
        update_item::{UpdateItemError, UpdateItemOutput},
    },
    types::{
        CancellationReason, TransactWriteItem,
        error::{ConditionalCheckFailedException, TransactionCanceledException, TransactionInProgressException},
    },
};
use aws_smithy_mocks::{Rule, RuleMode, mock, mock_client};
use aws_smithy_types::error::ErrorMetadata;
use jiff::Timestamp;
use rectify_controls::{AccountId, Arn, Fingerprint, Place, Region, Severity};
use serde_json::json;

use super::*;
use crate::FailureKind;

const CONTROLS: [&str; 2] = ["s3-bucket-public-acl", "s3-bucket-public-policy"];
// The order in the transaction: account, all, two controls; lease; correction; finding; two budgets.
const SWITCH_ALL: usize = 1;
const LEASE: usize = 4;
const CORRECTION: usize = 5;
const BUDGET: usize = 7;
const PARTS: usize = 9;

fn now() -> Timestamp {
    "2026-11-23T06:00:00Z".parse().unwrap()
}

fn key() -> ResourceKey {
    ResourceKey {
        place: Place { account: AccountId::new("111122223333").unwrap(), region: Region::new("eu-west-1").unwrap() },
        arn: Arn::from_parts("arn:aws:s3:::data".into()),
    }
}

fn fingerprint() -> Fingerprint {
    serde_json::from_value(json!("0123456789abcdef")).unwrap()
}

fn ahead() -> WriteAhead {
    WriteAhead {
        id: CorrectionId::try_from("c-06bq3s7k8x3v9q2m1p".to_owned()).unwrap(),
        kind: "s3-bucket".into(),
        controls: CONTROLS.map(String::from).into(),
        fingerprints: vec![fingerprint()],
        facts_before: Json::of(&json!({"acl": "public"})).unwrap(),
        plan: Json::of(&json!([])).unwrap(),
        inverse: Json::of(&json!([])).unwrap(),
        actor: Json::null(),
        event: "e-1".into(),
        request: "r-1".into(),
    }
}

fn sighting() -> Sighting {
    Sighting {
        control: CONTROLS[0].into(),
        fingerprint: fingerprint(),
        severity: Severity::Critical,
        summary: "public".into(),
        evidence: Json::of(&json!([])).unwrap(),
    }
}

fn ledger(rules: &[&Rule]) -> Ledger {
    let client = mock_client!(aws_sdk_dynamodb, RuleMode::Sequential, rules);
    Ledger { client, table: "ledger".into() }
}

async fn claim(ledger: &Ledger) -> Result<(), ClaimError> {
    let limits: BTreeMap<String, u64> = CONTROLS.map(|control| (control.to_owned(), 20)).into();
    let claim = Claim {
        key: &key(),
        ahead: &ahead(),
        // Twice: a transaction may name a row once only.
        findings: &[sighting(), sighting()],
        observed_at: now(),
        now: now(),
        lease: Duration::from_secs(60),
        limits: &limits,
    };
    ledger.claim(&claim).await
}

/// A cancelled transaction with these reasons by position.
fn canceled(reasons: &[(usize, CancellationReason)]) -> Rule {
    let mut all = vec![CancellationReason::builder().code("None").build(); PARTS];
    for (position, reason) in reasons {
        all[*position] = reason.clone();
    }
    mock!(Client::transact_write_items).then_error(move || {
        let canceled = TransactionCanceledException::builder()
            .set_cancellation_reasons(Some(all.clone()))
            .meta(ErrorMetadata::builder().code("TransactionCanceledException").build())
            .build();
        TransactWriteItemsError::TransactionCanceledException(canceled)
    })
}

fn refused(item: &[(&str, AttributeValue)]) -> CancellationReason {
    let mut reason = CancellationReason::builder().code("ConditionalCheckFailed");
    for (name, value) in item {
        reason = reason.item(*name, value.clone());
    }
    reason.build()
}

fn met() -> CancellationReason {
    CancellationReason::builder().code("TransactionConflict").build()
}

fn lease_item(
    correction: &str,
    request: &str,
    until: i64,
    closed_at: Option<i64>,
) -> Vec<(&'static str, AttributeValue)> {
    let text = |text: &str| AttributeValue::S(text.to_owned());
    let number = |n: i64| AttributeValue::N(n.to_string());
    let mut item = vec![
        ("correction", text(correction)),
        ("controls", text(r#"["s3-bucket-public-acl"]"#)),
        ("request", text(request)),
        ("event", text("e-0")),
        ("until", number(until)),
    ];
    item.extend(closed_at.map(|at| ("closed_at", number(at))));
    item
}

const OTHER: &str = "c-06bq3s7k8x00000000";

fn sent() -> Rule {
    mock!(Client::transact_write_items).then_output(|| TransactWriteItemsOutput::builder().build())
}

fn keys(items: &[TransactWriteItem]) -> Vec<(String, String)> {
    items
        .iter()
        .map(|item| {
            let key = item
                .condition_check()
                .map(|check| check.key())
                .or(item.update().map(|update| update.key()))
                .or(item.put().map(|put| put.item()))
                .unwrap();
            (key["pk"].as_s().unwrap().clone(), key["sk"].as_s().unwrap().clone())
        })
        .collect()
}

#[tokio::test]
async fn a_claim_is_one_write_with_every_row_once() {
    let rule = mock!(Client::transact_write_items)
        .match_requests(|call| {
            let resource = "resource#111122223333#eu-west-1#arn:aws:s3:::data";
            let expected = [
                ("switch", "account#111122223333"),
                ("switch", "all"),
                ("switch", "control#s3-bucket-public-acl"),
                ("switch", "control#s3-bucket-public-policy"),
                (resource, "lease"),
                (resource, "correction#c-06bq3s7k8x3v9q2m1p"),
                (resource, "finding#s3-bucket-public-acl#0123456789abcdef"),
                ("budget#s3-bucket-public-acl#111122223333#2026-11-23T06", "count"),
                ("budget#s3-bucket-public-policy#111122223333#2026-11-23T06", "count"),
            ];
            let expected = expected.map(|(pk, sk)| (pk.to_owned(), sk.to_owned()));
            keys(call.transact_items()) == expected && call.client_request_token() == Some("c-06bq3s7k8x3v9q2m1p")
        })
        .then_output(|| TransactWriteItemsOutput::builder().build());
    claim(&ledger(&[&rule])).await.unwrap();
    assert_eq!(rule.num_calls(), 1);
}

#[tokio::test]
async fn somebody_elses_lease_is_busy() {
    let until = now().as_millisecond() + 5_000;
    let rule = canceled(&[(LEASE, refused(&lease_item(OTHER, "r-0", until, None)))]);
    let busy = ClaimError::Busy { until: Timestamp::from_millisecond(until).unwrap(), request: Some("r-0".into()) };
    assert_eq!(claim(&ledger(&[&rule])).await, Err(busy));
}

#[tokio::test]
async fn a_lease_closed_after_we_looked_is_stale() {
    let closed = now().as_millisecond();
    let rule = canceled(&[(LEASE, refused(&lease_item(OTHER, "r-0", 0, Some(closed))))]);
    assert_eq!(claim(&ledger(&[&rule])).await, Err(ClaimError::Stale));
}

#[tokio::test]
async fn our_own_row_means_that_only_the_answer_was_lost() {
    let text = |text: &str| AttributeValue::S(text.to_owned());
    // The first sending also used up the budget.
    let rule = canceled(&[(CORRECTION, refused(&[("request", text("r-1"))])), (BUDGET, refused(&[]))]);
    assert_eq!(claim(&ledger(&[&rule])).await, Ok(()));

    let rule = canceled(&[(CORRECTION, refused(&[("request", text("r-0"))]))]);
    let error = claim(&ledger(&[&rule])).await.unwrap_err();
    assert!(matches!(error, ClaimError::Failed(_)), "{error:?}");
}

#[tokio::test]
async fn a_refused_lease_without_its_row_is_read() {
    let until = now().as_millisecond() + 5_000;
    let rule = canceled(&[(LEASE, refused(&[]))]);
    let item = lease_item(OTHER, "r-0", until, None);
    let read =
        mock!(Client::get_item).match_requests(|call| call.consistent_read() == Some(true)).then_output(move || {
            let item = item.iter().map(|(name, value)| ((*name).to_owned(), value.clone())).collect();
            GetItemOutput::builder().set_item(Some(item)).build()
        });
    // An empty row is no lease: DynamoDB leaves the item out when it does not give one.
    let error = claim(&ledger(&[&rule, &read])).await.unwrap_err();
    assert!(matches!(error, ClaimError::Busy { .. }), "{error:?}");
}

#[tokio::test]
async fn a_switch_pauses_even_a_busy_resource() {
    let reason = AttributeValue::S("incident 7".into());
    let busy = lease_item(OTHER, "r-0", i64::from(u32::MAX) * 1000, None);
    let rule = canceled(&[(SWITCH_ALL, refused(&[("reason", reason)])), (LEASE, refused(&busy))]);
    let paused = ClaimError::Paused { switch: "all".into(), reason: "incident 7".into() };
    assert_eq!(claim(&ledger(&[&rule])).await, Err(paused));
}

#[tokio::test]
async fn a_used_up_budget_names_its_control() {
    let rule = canceled(&[(BUDGET + 1, refused(&[]))]);
    let budget = ClaimError::Budget { control: CONTROLS[1].into(), limit: 20 };
    assert_eq!(claim(&ledger(&[&rule])).await, Err(budget));
}

#[tokio::test(start_paused = true)]
async fn claims_that_meet_at_a_switch_try_again() {
    let meeting = canceled(&[(SWITCH_ALL, met()), (BUDGET, met())]);
    let sent = sent();
    claim(&ledger(&[&meeting, &sent])).await.unwrap();
    assert_eq!(sent.num_calls(), 1);
}

#[tokio::test(start_paused = true)]
async fn claims_that_keep_meeting_at_the_resource_are_busy_and_elsewhere_they_fail() {
    let at_lease: Vec<Rule> = (0..6).map(|_| canceled(&[(LEASE, met()), (SWITCH_ALL, met())])).collect();
    let busy = ClaimError::Busy { until: "2026-11-23T06:01:00Z".parse().unwrap(), request: None };
    assert_eq!(claim(&ledger(&at_lease.iter().collect::<Vec<_>>())).await, Err(busy));

    let at_budget: Vec<Rule> = (0..6).map(|_| canceled(&[(BUDGET, met())])).collect();
    let error = claim(&ledger(&at_budget.iter().collect::<Vec<_>>())).await.unwrap_err();
    let ClaimError::Failed(failure) = error else { panic!("{error:?}") };
    assert_eq!(failure.kind, FailureKind::Conflict);
}

#[tokio::test(start_paused = true)]
async fn our_own_sending_still_under_way_is_waited_for() {
    let running = mock!(Client::transact_write_items).then_error(|| {
        TransactWriteItemsError::TransactionInProgressException(TransactionInProgressException::builder().build())
    });
    let sent = sent();
    claim(&ledger(&[&running, &sent])).await.unwrap();
}

#[tokio::test]
async fn any_other_reason_fails_with_what_dynamodb_said() {
    let reason = CancellationReason::builder().code("ValidationError").message("Item size has exceeded").build();
    let rule = canceled(&[(CORRECTION, reason)]);
    let error = claim(&ledger(&[&rule])).await.unwrap_err();
    let ClaimError::Failed(failure) = error else { panic!("{error:?}") };
    let message = failure.message.unwrap();
    assert!(message.contains("ValidationError Item size has exceeded"), "{message}");
}

#[tokio::test]
async fn a_denied_ledger_is_a_failure() {
    let body = r#"{"__type":"com.amazon.coral.service#AccessDeniedException","Message":"not authorized"}"#;
    let rule = mock!(Client::transact_write_items).sequence().http_status(400, Some(body.into())).build();
    let error = claim(&ledger(&[&rule])).await.unwrap_err();
    let ClaimError::Failed(failure) = error else { panic!("{error:?}") };
    assert_eq!(failure.kind, FailureKind::Denied);
    assert!(failure.code_is("AccessDeniedException"));
}

#[tokio::test]
async fn a_row_that_we_did_not_write_is_not_read_as_nothing() {
    let odd = mock!(Client::get_item)
        .then_output(|| GetItemOutput::builder().item("pk", AttributeValue::S("x".into())).build());
    let failure = ledger(&[&odd]).lease(&key()).await.unwrap_err();
    assert_eq!(failure.to_string(), "could not read the ledger: refused (a row has no usable attribute `correction`)");
}

fn note<'a>(finding: &'a Sighting, key: &'a ResourceKey) -> Note<'a> {
    Note {
        key,
        finding,
        outcome: "notified",
        request: "r-1",
        event: "e-1",
        now: now(),
        reminder: Duration::from_secs(60),
    }
}

#[tokio::test]
async fn a_note_that_is_not_due_only_counts() {
    let refused = mock!(Client::update_item).then_error(|| {
        UpdateItemError::ConditionalCheckFailedException(ConditionalCheckFailedException::builder().build())
    });
    let counted = mock!(Client::update_item)
        .match_requests(|call| {
            call.condition_expression().is_none() && !call.update_expression().unwrap().contains("told_at")
        })
        .then_output(|| {
            UpdateItemOutput::builder()
                .attributes("told_at", AttributeValue::N(now().as_millisecond().to_string()))
                .attributes("seen", AttributeValue::N("3".into()))
                .build()
        });
    let noted = ledger(&[&refused, &counted]).note(&note(&sighting(), &key())).await.unwrap();
    assert_eq!(noted, Noted::Already { told_at: now(), seen: 3 });
}

#[tokio::test]
async fn an_unreachable_ledger_is_a_failure_of_the_note() {
    let rule = mock!(Client::update_item)
        .sequence()
        .http_status(400, Some(r#"{"__type":"ResourceNotFoundException"}"#.into()))
        .build();
    let failure = ledger(&[&rule]).note(&note(&sighting(), &key())).await.unwrap_err();
    assert_eq!(failure.kind, FailureKind::Gone);
}

#[tokio::test(start_paused = true)]
async fn closing_waits_for_a_note_on_the_same_finding() {
    let meeting = canceled(&[(2, met())]);
    let sent = sent();
    let closing = Closing {
        status: "corrected".into(),
        outcome: Json::null(),
        proof: None,
        at: now(),
        findings: vec![FindingClosing {
            control: CONTROLS[0].into(),
            fingerprint: fingerprint(),
            outcome: "corrected".into(),
            resolved: true,
        }],
        told_by: None,
    };
    ledger(&[&meeting, &sent]).close(&key(), &ahead().id, &closing).await.unwrap();
    assert_eq!(sent.num_calls(), 1);
}

#[test]
fn correction_ids_sort_by_time_and_never_meet() {
    let first = CorrectionId::new(now());
    let again = CorrectionId::new(now());
    assert_ne!(first, again);
    assert_eq!(first.as_str().get(..12), again.as_str().get(..12));
    let next = CorrectionId::new("2026-11-23T06:00:00.001Z".parse().unwrap());
    assert!(first < next && again < next);
    assert_eq!(CorrectionId::try_from(first.to_string()), Ok(first));
    for odd in
        ["", "c-", "c-06BQ3S7K8X3V9Q2M1P", "x-06bq3s7k8x3v9q2m1p", "c-06bq3s7k8x3v9q2m1p#lease", "c-06bq3s7k8x3v9q2m1ü"]
    {
        assert!(CorrectionId::try_from(odd.to_owned()).is_err(), "{odd}");
    }
    assert!(serde_json::from_value::<CorrectionId>(json!("lease")).is_err());
}

#[test]
fn a_payload_is_json_in_json() {
    let payload = Json::from_text(r#"{"b": 1, "a": [2]}"#.into()).unwrap();
    assert_eq!(serde_json::to_string(&payload).unwrap(), r#"{"b": 1, "a": [2]}"#);
    assert!(Json::from_text("{".into()).is_err());
    let value: serde_json::Value = payload.parse().unwrap();
    assert_eq!(value["a"][0], 2);
}

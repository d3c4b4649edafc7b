//! What the ledger makes of DynamoDB's answers. How its conditions behave is tried in `tests/ledger`.

mod people;
mod state;
mod undo;

use std::time::Duration;

use aws_sdk_dynamodb::{
    operation::{
        get_item::GetItemOutput,
        transact_write_items::{TransactWriteItemsError, TransactWriteItemsOutput},
        update_item::{UpdateItemError, UpdateItemOutput},
    },
    types::{
        AttributeValue, CancellationReason, TransactWriteItem,
        error::{ConditionalCheckFailedException, TransactionCanceledException, TransactionInProgressException},
    },
};
use aws_smithy_mocks::{Rule, RuleMode, mock, mock_client};
use aws_smithy_types::error::ErrorMetadata;
use jiff::Timestamp;
use rectify_controls::{Fingerprint, Reopened, Severity};
use serde_json::json;

use super::*;
use crate::FailureKind;

const CONTROLS: [&str; 2] = ["s3-bucket-public-acl", "s3-bucket-public-policy"];
// The order in the transaction: all, two controls, the account; lease; correction; finding; for each control its memory and
// its deferral; for each control its budgets.
const SWITCH_ALL: usize = 0;
const SWITCH_ACCOUNT: usize = 3;
const LEASE: usize = 4;
const CORRECTION: usize = 5;
const TUG: usize = 7;
const BUDGET: usize = 11;
const PARTS: usize = 15;
const RESOURCE: &str = "resource#111122223333#eu-west-1#arn:aws:s3:::data";
const LIMITS: Limits = Limits { per_account: 20, everywhere: 200 };
const OTHER: &str = "c-06bq3s7k8x00000000";

fn now() -> Timestamp {
    "2026-11-23T06:00:00Z".parse().unwrap()
}

fn key() -> ResourceKey {
    RESOURCE.parse().unwrap()
}

fn fingerprint() -> Fingerprint {
    serde_json::from_value(json!("0123456789abcdef")).unwrap()
}

fn id(text: &str) -> CorrectionId {
    text.parse().unwrap()
}

fn ahead() -> WriteAhead {
    WriteAhead {
        id: id("c-06bq3s7k8x3v9q2m1p"),
        kind: "s3-bucket".into(),
        controls: CONTROLS.map(String::from).into(),
        fingerprints: vec![fingerprint()],
        facts_before: Json::of(&json!({"acl": "public"})).unwrap(),
        plan: Json::of(&json!([])).unwrap(),
        inverse: Json::of(&json!([])).unwrap(),
        actor: Json::null(),
        event: "e-1".into(),
        request: "r-1".into(),
        undoes: None,
    }
}

fn sighting(control: &str) -> Sighting {
    Sighting {
        control: control.into(),
        fingerprint: fingerprint(),
        severity: Severity::Critical,
        summary: "public".into(),
        evidence: Json::of(&json!([])).unwrap(),
        actor: Json::null(),
    }
}

fn reopened(at: &str) -> Reopened {
    Reopened { at: at.parse().unwrap(), by: Some("mallory".into()), tool: None }
}

fn ledger(rules: &[&Rule]) -> Ledger {
    let client = mock_client!(aws_sdk_dynamodb, RuleMode::Sequential, rules);
    Ledger { client, table: "ledger".into(), clock: Clock::default() }
}

fn claimed<'a>(
    key: &'a ResourceKey,
    ahead: &'a WriteAhead,
    findings: &'a [Sighting],
    past: &'a ResourceState,
) -> Claim<'a> {
    Claim {
        key,
        ahead,
        findings,
        past,
        observed_at: now(),
        now: now(),
        lease: Duration::from_secs(15),
        limits: LIMITS,
        reopened: reopened("2026-11-23T06:00:00Z"),
        keep: "2026-11-23T05:00:00Z".parse().unwrap(),
    }
}

async fn claim(ledger: &Ledger) -> Result<(), ClaimError> {
    // Twice: a transaction may name a row once only.
    let findings = [sighting(CONTROLS[0]), sighting(CONTROLS[0])];
    ledger.claim(&claimed(&key(), &ahead(), &findings, &ResourceState::default())).await
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

fn throttled() -> CancellationReason {
    CancellationReason::builder().code("ProvisionedThroughputExceeded").build()
}

fn text(text: &str) -> AttributeValue {
    AttributeValue::S(text.to_owned())
}

fn number(n: i64) -> AttributeValue {
    AttributeValue::N(n.to_string())
}

fn lease_item(
    correction: &str,
    request: &str,
    until: i64,
    closed_at: Option<i64>,
) -> Vec<(&'static str, AttributeValue)> {
    let mut item = vec![
        ("pk", text(RESOURCE)),
        ("sk", text("state#lease")),
        ("correction", text(correction)),
        ("controls", text(r#"["s3-bucket-public-acl"]"#)),
        ("request", text(request)),
        ("event", text("e-0")),
        ("started_at", number(1)),
        ("until", number(until)),
    ];
    item.extend(closed_at.map(|at| ("closed_at", number(at))));
    item
}

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
                .or(item.delete().map(|delete| delete.key()))
                .or(item.put().map(|put| put.item()))
                .unwrap();
            (key["pk"].as_s().unwrap().clone(), key["sk"].as_s().unwrap().clone())
        })
        .collect()
}

fn are(items: &[TransactWriteItem], expected: &[(&str, &str)]) -> bool {
    let expected: Vec<_> = expected.iter().map(|(pk, sk)| ((*pk).to_owned(), (*sk).to_owned())).collect();
    assert_eq!(keys(items), expected);
    true
}

#[tokio::test]
async fn a_claim_is_one_write_with_every_row_once() {
    let rule = mock!(Client::transact_write_items)
        .match_requests(|call| {
            let expected = [
                ("standing", "switch#all"),
                ("standing", "switch#control#s3-bucket-public-acl"),
                ("standing", "switch#control#s3-bucket-public-policy"),
                ("standing#111122223333", "switch#account"),
                (RESOURCE, "state#lease"),
                (RESOURCE, "correction#c-06bq3s7k8x3v9q2m1p"),
                (RESOURCE, "finding#s3-bucket-public-acl#0123456789abcdef"),
                (RESOURCE, "state#tug#s3-bucket-public-acl"),
                (RESOURCE, "state#deferral#s3-bucket-public-acl"),
                (RESOURCE, "state#tug#s3-bucket-public-policy"),
                (RESOURCE, "state#deferral#s3-bucket-public-policy"),
                ("budget#s3-bucket-public-acl#111122223333#2026-11-23T06", "count"),
                ("budget#s3-bucket-public-acl#everywhere#2026-11-23T06", "count"),
                ("budget#s3-bucket-public-policy#111122223333#2026-11-23T06", "count"),
                ("budget#s3-bucket-public-policy#everywhere#2026-11-23T06", "count"),
            ];
            assert_eq!(expected.len(), PARTS);
            are(call.transact_items(), &expected) && call.client_request_token() == Some("c-06bq3s7k8x3v9q2m1p")
        })
        .then_output(|| TransactWriteItemsOutput::builder().build());
    claim(&ledger(&[&rule])).await.unwrap();
    assert_eq!(rule.num_calls(), 1);
}

/// `TransactWriteItems` takes 100 items (API reference). A bucket has fourteen controls.
#[tokio::test]
async fn fourteen_controls_fit_into_one_transaction_and_sixteen_too() {
    for (controls, items) in [(14, 88), (16, 100)] {
        let rule = mock!(Client::transact_write_items)
            .match_requests(move |call| {
                let mut keys = keys(call.transact_items());
                assert_eq!(keys.len(), items);
                keys.sort();
                keys.dedup();
                keys.len() == items
            })
            .then_output(|| TransactWriteItemsOutput::builder().build());
        let mut ahead = ahead();
        ahead.controls = (0..controls).map(|n| format!("control-{n:02}")).collect();
        let findings: Vec<_> = ahead.controls.iter().map(|control| sighting(control)).collect();
        let (key, past) = (key(), ResourceState::default());
        ledger(&[&rule]).claim(&claimed(&key, &ahead, &findings, &past)).await.unwrap();
    }
}

#[tokio::test]
async fn a_claim_remembers_what_was_observed_without_what_is_too_old() {
    let recent = r#"[{"at":"2026-11-23T04:59:59Z","by":"old","tool":null}, {"at":"2026-11-23T05:00:00Z","by":"bob","tool":null}]"#;
    let rule = mock!(Client::transact_write_items)
        .match_requests(move |call| {
            let update = call.transact_items()[TUG].update().unwrap();
            assert_eq!(update.condition_expression(), Some("#recent = :observed"));
            let values = update.expression_attribute_values().unwrap();
            // To the letter: with another text for the same list the condition would never hold.
            assert_eq!(values[":observed"], text(recent));
            let kept = r#"[{"at":"2026-11-23T05:00:00Z","by":"bob","tool":null},{"at":"2026-11-23T06:00:00Z","by":"mallory","tool":null}]"#;
            assert_eq!(values[":recent"], text(kept));
            // An hour of window, after the fence's end.
            let ttl = "2026-11-25T09:00:00Z".parse::<Timestamp>().unwrap().as_second();
            assert_eq!(values[":ttl"], number(ttl));
            let other = call.transact_items()[TUG + 2].update().unwrap();
            other.condition_expression() == Some("attribute_not_exists(#recent)")
        })
        .then_output(|| TransactWriteItemsOutput::builder().build());
    let fenced = "2026-11-23T08:00:00Z".parse::<Timestamp>().unwrap();
    let read = state::query(vec![vec![
        ("sk", text("state#tug#s3-bucket-public-acl")),
        ("recent", text(recent)),
        ("fenced_until", number(fenced.as_millisecond())),
    ]]);
    let ledger = ledger(&[&read, &rule]);
    let past = ledger.resource(&key()).await.unwrap();
    ledger.claim(&claimed(&key(), &ahead(), &[sighting(CONTROLS[0])], &past)).await.unwrap();
}

#[tokio::test]
async fn a_claim_remembers_the_last_fifty() {
    let many: Vec<_> = (0..70).map(|n| reopened(&format!("2026-11-23T05:{:02}:{:02}Z", n / 60, n % 60))).collect();
    let recent = serde_json::to_string(&many).unwrap();
    let rule = mock!(Client::transact_write_items)
        .match_requests(|call| {
            let update = call.transact_items()[TUG].update().unwrap();
            let recent = update.expression_attribute_values().unwrap()[":recent"].as_s().unwrap();
            let recent: Vec<Reopened> = serde_json::from_str(recent).unwrap();
            assert_eq!(recent.first(), Some(&reopened("2026-11-23T05:00:21Z")));
            recent.len() == 50 && recent.last() == Some(&reopened("2026-11-23T06:00:00Z"))
        })
        .then_output(|| TransactWriteItemsOutput::builder().build());
    let read = state::query(vec![vec![("sk", text("state#tug#s3-bucket-public-acl")), ("recent", text(&recent))]]);
    let ledger = ledger(&[&read, &rule]);
    let past = ledger.resource(&key()).await.unwrap();
    ledger.claim(&claimed(&key(), &ahead(), &[sighting(CONTROLS[0])], &past)).await.unwrap();
}

#[tokio::test]
async fn a_limit_of_zero_is_no_permission_and_no_call() {
    for (limits, everywhere) in
        [(Limits { per_account: 0, ..LIMITS }, false), (Limits { everywhere: 0, ..LIMITS }, true)]
    {
        let (key, ahead, past) = (key(), ahead(), ResourceState::default());
        let claim = Claim { limits, ..claimed(&key, &ahead, &[], &past) };
        let none = ClaimError::Budget { control: CONTROLS[0].into(), limit: 0, everywhere };
        assert_eq!(ledger(&[]).claim(&claim).await, Err(none));
    }
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
async fn a_memory_that_somebody_else_wrote_is_stale_before_it_is_over_budget() {
    let rule = canceled(&[(TUG, refused(&[])), (BUDGET, refused(&[]))]);
    assert_eq!(claim(&ledger(&[&rule])).await, Err(ClaimError::Stale));
}

#[tokio::test]
async fn our_own_row_means_that_only_the_answer_was_lost() {
    // The first sending also used up the budget and changed the memory.
    let rule =
        canceled(&[(CORRECTION, refused(&[("request", text("r-1"))])), (TUG, refused(&[])), (BUDGET, refused(&[]))]);
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
    let busy = lease_item(OTHER, "r-0", i64::from(u32::MAX) * 1000, None);
    for (position, switch) in [(SWITCH_ALL, "all"), (SWITCH_ACCOUNT, "account 111122223333")] {
        let rule = canceled(&[(position, refused(&[("reason", text("incident 7"))])), (LEASE, refused(&busy))]);
        let paused = ClaimError::Paused { switch: switch.into(), reason: "incident 7".into() };
        assert_eq!(claim(&ledger(&[&rule])).await, Err(paused));
    }
}

#[tokio::test]
async fn a_used_up_budget_names_its_control_and_its_reach() {
    for (position, limit, everywhere) in [(BUDGET + 2, 20, false), (BUDGET + 3, 200, true)] {
        let rule = canceled(&[(position, refused(&[]))]);
        let budget = ClaimError::Budget { control: CONTROLS[1].into(), limit, everywhere };
        assert_eq!(claim(&ledger(&[&rule])).await, Err(budget));
    }
    let said = ClaimError::Budget { control: "c".into(), limit: 5, everywhere: true }.to_string();
    assert_eq!(said, "the budget of 5 corrections an hour of control `c` in all accounts is used up");
}

#[tokio::test(start_paused = true)]
async fn claims_that_meet_at_a_switch_try_again() {
    let meeting = canceled(&[(SWITCH_ALL, met()), (BUDGET, met())]);
    let sent = sent();
    claim(&ledger(&[&meeting, &sent])).await.unwrap();
    assert_eq!(sent.num_calls(), 1);
}

async fn claim_six_times(reasons: &[(usize, CancellationReason)]) -> ClaimError {
    let rules: Vec<Rule> = (0..6).map(|_| canceled(reasons)).collect();
    claim(&ledger(&rules.iter().collect::<Vec<_>>())).await.unwrap_err()
}

#[tokio::test(start_paused = true)]
async fn claims_that_keep_meeting_at_the_resource_are_busy_and_elsewhere_they_fail() {
    let busy = ClaimError::Busy { until: "2026-11-23T06:00:15Z".parse().unwrap(), request: None };
    assert_eq!(claim_six_times(&[(LEASE, met()), (SWITCH_ALL, met())]).await, busy);

    let error = claim_six_times(&[(BUDGET, met())]).await;
    let ClaimError::Failed(failure) = error else { panic!("{error:?}") };
    assert_eq!(failure.kind, FailureKind::Conflict);
}

#[tokio::test(start_paused = true)]
async fn a_throttled_ledger_is_throttled_and_not_busy() {
    let error = claim_six_times(&[(LEASE, throttled()), (BUDGET, met())]).await;
    let ClaimError::Failed(failure) = error else { panic!("{error:?}") };
    assert_eq!(failure.kind, FailureKind::Throttled);

    let body = r#"{"__type":"com.amazonaws.dynamodb.v20120810#ProvisionedThroughputExceededException"}"#;
    let rule = mock!(Client::transact_write_items).sequence().http_status(400, Some(body.into())).times(3).build();
    let ClaimError::Failed(failure) = claim(&ledger(&[&rule])).await.unwrap_err() else { panic!("not refused") };
    assert_eq!((failure.kind, rule.num_calls()), (FailureKind::Throttled, 3));
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

fn note<'a>(finding: &'a Sighting, key: &'a ResourceKey) -> Note<'a> {
    Note {
        key,
        finding,
        outcome: "notified",
        would: None,
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
    let noted = ledger(&[&refused, &counted]).note(&note(&sighting(CONTROLS[0]), &key())).await.unwrap();
    assert_eq!(noted, Noted::Already { told_at: now(), seen: 3 });
}

#[tokio::test]
async fn an_unreachable_ledger_is_a_failure_of_the_note() {
    let rule = mock!(Client::update_item)
        .sequence()
        .http_status(400, Some(r#"{"__type":"ResourceNotFoundException"}"#.into()))
        .build();
    let failure = ledger(&[&rule]).note(&note(&sighting(CONTROLS[0]), &key())).await.unwrap_err();
    assert_eq!(failure.kind, FailureKind::Gone);
}

fn closing() -> Closing {
    Closing {
        status: "corrected".into(),
        outcome: Json::null(),
        proof: None,
        facts_after: None,
        at: now(),
        findings: vec![FindingClosing {
            control: CONTROLS[0].into(),
            fingerprint: fingerprint(),
            outcome: "corrected".into(),
            resolved: true,
        }],
        told_by: None,
    }
}

#[tokio::test(start_paused = true)]
async fn closing_waits_for_a_note_on_the_same_finding() {
    let meeting = canceled(&[(1, throttled()), (2, met())]);
    let sent = sent();
    ledger(&[&meeting, &sent]).close(&key(), &ahead().id, &closing()).await.unwrap();
    assert_eq!(sent.num_calls(), 1);
}

#[tokio::test(start_paused = true)]
async fn a_closing_that_stays_throttled_says_so() {
    let rules: Vec<Rule> = (0..6).map(|_| canceled(&[(0, throttled())])).collect();
    let failure = ledger(&rules.iter().collect::<Vec<_>>()).close(&key(), &ahead().id, &closing()).await.unwrap_err();
    assert_eq!(failure.kind, FailureKind::Throttled);
}

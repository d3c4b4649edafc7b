//! Undoing, and taking up what was left open.

use rectify_controls::{AccountId, Exemption, Origin};

use super::*;

const UNDO: &str = "u-06bq3s7k8x3v9q2m1p";

fn exemption(id: &str, account: Option<&str>) -> Exemption {
    Exemption {
        origin: Origin::Row { id: id.into(), by: "arn:aws:iam::111122223333:user/ann".into(), at: now() },
        control: CONTROLS[0].into(),
        resource: "arn:aws:s3:::data".into(),
        account: account.map(|account| AccountId::new(account).unwrap()),
        organizational_unit: None,
        region: None,
        tags: std::collections::BTreeMap::new(),
        owner: "ann".into(),
        reason: "website".into(),
        ticket: "T-1".into(),
        until: now() + Duration::from_secs(24 * 60 * 60),
    }
}

fn undo() -> WriteAhead {
    WriteAhead { id: id(UNDO), undoes: Some(id(OTHER)), ..ahead() }
}

async fn claim_undo(
    ledger: &Ledger,
    exemptions: &[Exemption],
    restores: Option<&CorrectionId>,
) -> Result<(), ClaimError> {
    let account = AccountId::new("111122223333").unwrap();
    let ended = (Some(account), "e-2".to_owned());
    let claim = UndoClaim {
        key: &key(),
        ahead: &undo(),
        of: &id(OTHER),
        restores,
        exemptions,
        end_exemptions: &[ended.clone(), ended],
        past: &ResourceState::default(),
        observed_at: now(),
        now: now(),
        lease: Duration::from_secs(15),
    };
    ledger.claim_undo(&claim).await
}

#[tokio::test]
async fn an_undo_is_one_write_without_switches_and_budgets() {
    let rule = mock!(Client::transact_write_items)
        .match_requests(|call| {
            let put = call.transact_items()[1].put().unwrap().item();
            assert_eq!(put["undoes"], text(OTHER));
            assert_eq!(put["feed"].as_s().unwrap(), &format!("correction#{}", id(UNDO).time().strftime("%Y-%m-%d")));
            assert_eq!(put["at"], number(id(UNDO).time().as_millisecond()));
            are(
                call.transact_items(),
                &[
                    (RESOURCE, "state#lease"),
                    (RESOURCE, "correction#u-06bq3s7k8x3v9q2m1p"),
                    (RESOURCE, "correction#c-06bq3s7k8x00000000"),
                    (RESOURCE, "correction#c-06bq3s7k8x11111111"),
                    ("standing#111122223333", "exemption#e-1"),
                    ("standing", "exemption#e-3"),
                    ("standing#111122223333", "exemption#e-2"),
                ],
            )
        })
        .then_output(|| TransactWriteItemsOutput::builder().build());
    let exemptions = [exemption("e-1", Some("111122223333")), exemption("e-3", None)];
    claim_undo(&ledger(&[&rule]), &exemptions, Some(&id("c-06bq3s7k8x11111111"))).await.unwrap();
    assert_eq!(rule.num_calls(), 1);
}

#[tokio::test]
async fn an_exemption_of_the_file_has_no_row() {
    let mut line = exemption("e-1", None);
    line.origin = Origin::Line(3);
    let error = claim_undo(&ledger(&[]), &[line.clone()], None).await.unwrap_err();
    let ClaimError::Failed(failure) = error else { panic!("{error:?}") };
    assert_eq!(failure.kind, FailureKind::Invalid);
    assert_eq!(ledger(&[]).exempt(&line).await.unwrap_err().kind, FailureKind::Invalid);
}

#[tokio::test]
async fn the_second_undo_is_told_of_the_first_even_while_that_runs() {
    let first = "u-06bq3s7k8x00000000";
    let running = refused(&lease_item(first, "r-0", now().as_millisecond() + 1_000, None));
    let rule = canceled(&[(0, running), (2, refused(&[("undone_by", text(first))]))]);
    let error = claim_undo(&ledger(&[&rule]), &[], None).await.unwrap_err();
    assert_eq!(error, ClaimError::AlreadyUndone { by: id(first) });
}

#[tokio::test]
async fn what_is_not_in_the_ledger_cannot_be_undone() {
    let rule = canceled(&[(2, refused(&[]))]);
    let error = claim_undo(&ledger(&[&rule]), &[], None).await.unwrap_err();
    let ClaimError::Failed(failure) = error else { panic!("{error:?}") };
    assert_eq!(failure.kind, FailureKind::Gone);
}

#[tokio::test]
async fn an_undo_whose_answer_was_lost_was_made() {
    let ours = refused(&[("request", text("r-1"))]);
    let rule = canceled(&[(1, ours), (2, refused(&[("undone_by", text(UNDO))]))]);
    assert_eq!(claim_undo(&ledger(&[&rule]), &[], None).await, Ok(()));
}

async fn retake(ledger: &Ledger, id: &CorrectionId) -> Result<(), ClaimError> {
    let controls = CONTROLS.map(String::from);
    ledger.retake(&key(), id, &controls, "r-2", now(), Duration::from_secs(15)).await
}

#[tokio::test]
async fn a_correction_is_taken_up_unless_it_is_paused_and_an_undo_always() {
    let correction = mock!(Client::transact_write_items)
        .match_requests(|call| {
            let token = call.client_request_token().unwrap();
            assert!(token.len() <= 36, "{token}");
            are(
                call.transact_items(),
                &[
                    ("standing", "switch#all"),
                    ("standing", "switch#control#s3-bucket-public-acl"),
                    ("standing", "switch#control#s3-bucket-public-policy"),
                    ("standing#111122223333", "switch#account"),
                    (RESOURCE, "state#lease"),
                ],
            )
        })
        .then_output(|| TransactWriteItemsOutput::builder().build());
    retake(&ledger(&[&correction]), &id(OTHER)).await.unwrap();
    let undo = mock!(Client::transact_write_items)
        .match_requests(|call| are(call.transact_items(), &[(RESOURCE, "state#lease")]))
        .then_output(|| TransactWriteItemsOutput::builder().build());
    retake(&ledger(&[&undo]), &id(UNDO)).await.unwrap();

    let paused = canceled(&[(SWITCH_ALL, refused(&[]))]);
    let error = retake(&ledger(&[&paused]), &id(OTHER)).await.unwrap_err();
    assert_eq!(error, ClaimError::Paused { switch: "all".into(), reason: "no reason recorded".into() });
    let closed = canceled(&[(LEASE, refused(&lease_item(OTHER, "r-0", 0, Some(1))))]);
    assert_eq!(retake(&ledger(&[&closed]), &id(OTHER)).await, Err(ClaimError::Stale));
}

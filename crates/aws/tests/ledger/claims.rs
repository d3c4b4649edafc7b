//! One after the other.

use aws_sdk_dynamodb::types::AttributeValue;
use jiff::Timestamp;
use rectify_aws::{ClaimError, CorrectionRow, Limits, Noted, ledger::LEASE_LOST};
use rectify_controls::{Reach, Switch};

use crate::world::{CONTROL, ahead, closing, key, later, reopened, world};

#[tokio::test]
async fn a_claim_keeps_everything_and_a_closing_ends_it() {
    let w = world("whole").await;
    assert_eq!(w.past().await, rectify_aws::ResourceState::default());
    let ahead = ahead("r-1", w.now);
    w.claim(&ahead, w.now, w.now).await.unwrap();

    let lease = w.past().await.lease.unwrap();
    assert_eq!((&lease.correction, &*lease.request, &*lease.event), (&ahead.id, "r-1", "e-1"));
    assert_eq!((lease.until, lease.closed_at), (later(w.now, 15), None));
    let row = w.ledger.correction(&w.key, &ahead.id).await.unwrap().unwrap();
    let open = CorrectionRow {
        ahead: ahead.clone(),
        status: CorrectionRow::CLAIMED.into(),
        claimed_at: w.now,
        outcome: None,
        proof: None,
        facts_after: None,
        closed_at: None,
        undone_by: None,
        undone_at: None,
    };
    assert_eq!(row, open);
    let finding = w.finding().await;
    assert_eq!(finding["status"], AttributeValue::S("correcting".into()));
    assert_eq!(finding["outcome"], AttributeValue::S("correcting".into()));
    assert_eq!(finding["feed"], AttributeValue::S("finding#correcting".into()));
    assert_eq!(finding["seen"], AttributeValue::N("1".into()));
    let past = w.past().await.past(CONTROL);
    assert_eq!(past.corrections, [reopened(w.now)]);
    let everywhere = w.row(&format!("budget#{CONTROL}#everywhere#2026-11-23T06"), "count").await.unwrap();
    assert_eq!(everywhere["used"], AttributeValue::N("1".into()));
    let budget = w.row(&format!("budget#{CONTROL}#111122223333#2026-11-23T06"), "count").await.unwrap();
    assert_eq!(budget["used"], AttributeValue::N("1".into()));

    let closing = closing(later(w.now, 2));
    w.ledger.close(&w.key, &ahead.id, &closing).await.unwrap();
    w.ledger.close(&w.key, &ahead.id, &closing).await.unwrap();
    let closed = w.ledger.correction(&w.key, &ahead.id).await.unwrap().unwrap();
    let expected = CorrectionRow {
        status: "corrected".into(),
        outcome: Some(closing.outcome.clone()),
        proof: closing.proof.clone(),
        facts_after: closing.facts_after.clone(),
        closed_at: Some(later(w.now, 2)),
        ..open
    };
    assert_eq!(closed, expected);
    let lease = w.past().await.lease.unwrap();
    assert_eq!((lease.until, lease.closed_at), (Timestamp::UNIX_EPOCH, Some(later(w.now, 2))));
    let finding = w.finding().await;
    assert_eq!(finding["status"], AttributeValue::S("resolved".into()));
    assert_eq!(finding["told_by"], AttributeValue::S("r-1".into()));
    assert_eq!(finding["feed"], AttributeValue::S("finding#corrected".into()));
    assert_eq!(finding["at"], finding["last_seen"]);
    assert!(finding.contains_key("ttl"));
}

#[tokio::test]
async fn a_claim_sent_twice_is_ours_both_times() {
    let mut w = world("twice").await;
    w.limits = Limits { per_account: 1, everywhere: 1 };
    let (ahead, past) = (ahead("r-1", w.now), w.past().await);
    w.claim_on(&w.key, &ahead, &past, w.now, w.now).await.unwrap();
    w.claim_on(&w.key, &ahead, &past, w.now, w.now).await.unwrap();
    assert_eq!(w.finding().await["seen"], AttributeValue::N("1".into()));
}

#[tokio::test]
async fn a_plan_from_before_the_last_closing_is_stale() {
    let w = world("stale").await;
    let first = ahead("r-1", w.now);
    w.claim(&first, w.now, w.now).await.unwrap();
    w.ledger.close(&w.key, &first.id, &closing(later(w.now, 2))).await.unwrap();

    let second = ahead("r-2", w.now);
    assert_eq!(w.claim(&second, later(w.now, 1), later(w.now, 3)).await, Err(ClaimError::Stale));
    assert_eq!(w.claim(&second, later(w.now, 2), later(w.now, 3)).await, Err(ClaimError::Stale));
    assert_eq!(w.ledger.correction(&w.key, &second.id).await.unwrap(), None);
    w.claim(&second, later(w.now, 3), later(w.now, 3)).await.unwrap();
    let lease = w.past().await.lease.unwrap();
    assert_eq!((lease.correction, lease.closed_at), (second.id, None));
}

#[tokio::test]
async fn a_crashed_correction_is_taken_over_when_its_lease_is_over_and_its_late_end_is_noticed() {
    let w = world("crash").await;
    let first = ahead("r-1", w.now);
    w.claim(&first, w.now, w.now).await.unwrap();
    let second = ahead("r-2", w.now);
    let busy = ClaimError::Busy { until: later(w.now, 15), request: Some("r-1".into()) };
    assert_eq!(w.claim(&second, later(w.now, 15), later(w.now, 15)).await, Err(busy));
    w.claim(&second, later(w.now, 16), later(w.now, 16)).await.unwrap();

    let failure = w.ledger.close(&w.key, &first.id, &closing(later(w.now, 17))).await.unwrap_err();
    assert!(failure.code_is(LEASE_LOST), "{failure}");
    let first = w.ledger.correction(&w.key, &first.id).await.unwrap().unwrap();
    assert_eq!((&*first.status, first.closed_at), ("corrected", Some(later(w.now, 17))));
    let lease = w.past().await.lease.unwrap();
    assert_eq!((lease.correction, lease.closed_at), (second.id, None));
    assert_eq!(w.finding().await["status"], AttributeValue::S("correcting".into()));
}

#[tokio::test]
async fn a_retry_of_the_same_invocation_takes_its_own_lease_until_it_is_closed() {
    let w = world("retry").await;
    let first = ahead("r-1", w.now);
    w.claim(&first, w.now, w.now).await.unwrap();
    let retry = ahead("r-1", w.now);
    w.claim(&retry, later(w.now, 1), later(w.now, 1)).await.unwrap();
    assert_eq!(w.past().await.lease.unwrap().correction, retry.id);
    // The dead attempt's row, with the facts as they were before it changed anything, stays.
    assert!(w.ledger.correction(&w.key, &first.id).await.unwrap().is_some());

    w.ledger.close(&w.key, &retry.id, &closing(later(w.now, 2))).await.unwrap();
    assert_eq!(w.claim(&ahead("r-1", w.now), w.now, later(w.now, 3)).await, Err(ClaimError::Stale));
}

#[tokio::test]
async fn each_switch_pauses_until_it_is_gone() {
    for reach in ["all", "account 111122223333", "control s3-bucket-public-acl"] {
        let w = world("pause").await;
        let reach: Reach = reach.parse().unwrap();
        let switch =
            Switch { reach: reach.clone(), reason: "incident 7".into(), by: "arn:ann".into(), paused_at: w.now };
        assert_eq!(w.ledger.pause(&switch).await.unwrap(), None);
        assert_eq!(w.ledger.pause(&switch).await.unwrap(), None, "our own again");
        let other = Switch { reason: "another".into(), ..switch.clone() };
        assert_eq!(w.ledger.pause(&other).await.unwrap(), Some(switch.clone()));
        let ahead = ahead("r-1", w.now);
        let paused = ClaimError::Paused { switch: reach.to_string(), reason: "incident 7".into() };
        assert_eq!(w.claim(&ahead, w.now, w.now).await, Err(paused));
        assert_eq!(w.rows().await, 1, "nothing but the switch");
        assert_eq!(w.ledger.switches().await.unwrap(), std::slice::from_ref(&switch));
        let standing = w.ledger.standing(&w.key.place.account).await.unwrap();
        assert_eq!(standing.switches, std::slice::from_ref(&switch));
        assert_eq!(w.ledger.resume(&reach).await.unwrap(), Some(switch));
        assert_eq!(w.ledger.resume(&reach).await.unwrap(), None);
        w.claim(&ahead, w.now, w.now).await.unwrap();
    }
}

#[tokio::test]
async fn a_budget_ends_within_its_hour() {
    let mut w = world("budget").await;
    w.limits = Limits { per_account: 2, everywhere: 3 };
    for (account, bucket) in [("111122223333", "a"), ("111122223333", "b"), ("444455556666", "c")] {
        w.key = key(account, bucket);
        w.claim(&ahead("r-1", w.now), w.now, w.now).await.unwrap();
    }
    for (account, limit, everywhere) in [("111122223333", 2, false), ("444455556666", 3, true)] {
        w.key = key(account, "d");
        let over = ClaimError::Budget { control: CONTROL.into(), limit, everywhere };
        assert_eq!(w.claim(&ahead("r-1", w.now), w.now, w.now).await, Err(over));
        assert_eq!(w.past().await.lease, None);
        let used = w.ledger.budget(CONTROL, &w.key.place.account, w.now).await.unwrap();
        assert_eq!(used, (if everywhere { 1 } else { 2 }, 3));
    }
    let next_hour = later(w.now, 3600);
    w.claim(&ahead("r-1", next_hour), next_hour, next_hour).await.unwrap();
}

#[tokio::test]
async fn a_finding_is_told_once_per_outcome_and_interval() {
    let w = world("note").await;
    assert_eq!(w.note("notified", "r-1", w.now).await, Noted::Tell { repeats: 0 });
    assert_eq!(w.note("notified", "r-1", w.now).await, Noted::Tell { repeats: 0 }, "our own retry tells again");
    let already = |seen| Noted::Already { told_at: w.now, seen };
    assert_eq!(w.note("notified", "r-2", later(w.now, 5)).await, already(3));
    assert_eq!(w.note("notified", "r-3", later(w.now, 6)).await, already(4));
    assert_eq!(w.note("withheld", "r-4", later(w.now, 7)).await, Noted::Tell { repeats: 2 });
    let day = 24 * 60 * 60;
    assert_eq!(
        w.note("withheld", "r-5", later(w.now, 7 + day)).await,
        Noted::Already { told_at: later(w.now, 7), seen: 6 }
    );
    assert_eq!(w.note("withheld", "r-6", later(w.now, 8 + day)).await, Noted::Tell { repeats: 1 });
    assert_eq!(w.note("shadowed", "r-6", later(w.now, 9 + day)).await, Noted::Tell { repeats: 0 });
    assert_eq!(w.finding().await["would"], AttributeValue::S("corrected".into()));
    w.note("withheld", "r-6", later(w.now, 10 + day)).await;
    let row = w.finding().await;
    assert!(!row.contains_key("would"));
    assert_eq!(row["feed"], AttributeValue::S("finding#withheld".into()));
    assert_eq!(row["first_seen"], AttributeValue::N(w.now.as_millisecond().to_string()));
    assert_eq!(row["seen"], AttributeValue::N("9".into()));
}

#[tokio::test]
async fn of_several_notes_of_one_moment_one_tells() {
    let w = world("notes").await;
    for n in 0..4 {
        let noted = w.note("notified", &format!("r-{n}"), w.now).await;
        assert_eq!(matches!(noted, Noted::Tell { .. }), n == 0, "note {n}: {noted:?}");
    }
    assert_eq!(w.finding().await["seen"], AttributeValue::N("4".into()));
}

#[tokio::test]
async fn a_missing_table_is_a_failure_with_its_code() {
    let w = world("none").await;
    w.client.delete_table().table_name(&w.table).send().await.unwrap();
    let error = w
        .claim_on(&w.key, &ahead("r-1", w.now), &rectify_aws::ResourceState::default(), w.now, w.now)
        .await
        .unwrap_err();
    let ClaimError::Failed(failure) = error else { panic!("{error:?}") };
    assert!(failure.code_is("ResourceNotFoundException"), "{failure:?}");
}

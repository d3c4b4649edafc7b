//! What people ask for.

use jiff::Timestamp;
use rectify_aws::{CorrectionId, FailureKind};
use rectify_controls::{AccountFacts, Exemption, Origin};

use crate::{
    undo::exemption,
    world::{CONTROL, ahead, closing, key, later, world},
};

#[tokio::test]
async fn corrections_are_found_by_id_and_by_time() {
    let mut w = world("history").await;
    // Two days, one either side of midnight, and two accounts.
    let midnight: Timestamp = "2026-11-22T00:00:00Z".parse().unwrap();
    let mut made = Vec::new();
    for (n, at) in [(0, later(midnight, -1)), (1, midnight), (2, later(midnight, 40_000))] {
        w.key = key(if n == 1 { "444455556666" } else { "111122223333" }, &format!("data-{n}"));
        let ahead = ahead(&format!("r-{n}"), at);
        w.claim(&ahead, at, at).await.unwrap();
        made.push((w.key.clone(), ahead.id));
    }
    for (key, id) in &made {
        let (found, row) = w.ledger.find(id).await.unwrap().unwrap();
        assert_eq!((&found, &row.ahead.id), (key, id));
    }
    let other = CorrectionId::new(midnight);
    assert!(w.ledger.find(&other).await.unwrap().is_none(), "of the same millisecond");

    let (first, last) = (later(midnight, -1), later(midnight, 40_000));
    let ids = |rows: Vec<(rectify_aws::ResourceKey, rectify_aws::CorrectionRow)>| -> Vec<CorrectionId> {
        rows.into_iter().map(|(_, row)| row.ahead.id).collect()
    };
    let all: Vec<_> = made.iter().rev().map(|(_, id)| id.clone()).collect();
    assert_eq!(ids(w.ledger.corrections(first, last, None, None, 10).await.unwrap()), all);
    assert_eq!(ids(w.ledger.corrections(first, last, None, None, 2).await.unwrap()), all[..2]);
    assert_eq!(ids(w.ledger.corrections(midnight, last, None, None, 10).await.unwrap()), all[..2]);
    let until = later(last, -1);
    assert_eq!(ids(w.ledger.corrections(first, until, None, None, 10).await.unwrap()), all[1..]);
    let account = &made[1].0.place.account;
    assert_eq!(
        ids(w.ledger.corrections(Timestamp::MIN, Timestamp::MAX, None, Some(account), 10).await.unwrap()),
        [made[1].1.clone()]
    );
    let arn = "arn:aws:s3:::data-2";
    assert_eq!(ids(w.ledger.corrections(first, last, Some(arn), None, 10).await.unwrap()), [made[2].1.clone()]);
}

#[tokio::test]
async fn findings_are_found_by_their_last_outcome() {
    let w = world("findings").await;
    w.note("shadowed", "r-1", w.now).await;
    let rows = w.ledger.findings("shadowed", None, None, None, 10).await.unwrap();
    assert_eq!(rows.len(), 1);
    assert_eq!((&*rows[0].control, rows[0].would.as_deref(), rows[0].last_seen), (CONTROL, Some("corrected"), w.now));
    assert!(rows[0].actor.as_ref().unwrap().as_str().contains("mallory"));
    assert!(w.ledger.findings("shadowed", Some(later(w.now, 1)), None, None, 10).await.unwrap().is_empty());

    let ahead = ahead("r-2", later(w.now, 5));
    w.claim(&ahead, later(w.now, 5), later(w.now, 5)).await.unwrap();
    assert!(w.ledger.findings("shadowed", None, None, None, 10).await.unwrap().is_empty());
    let rows = w.ledger.findings("correcting", None, Some("arn:aws:s3:::data"), None, 10).await.unwrap();
    assert_eq!((rows[0].correction.as_ref(), rows[0].would.as_ref(), rows[0].seen), (Some(&ahead.id), None, 2));
    w.ledger.close(&w.key, &ahead.id, &closing(later(w.now, 6))).await.unwrap();
    let (corrections, findings) = w.ledger.resource_history(&w.key).await.unwrap();
    assert_eq!((corrections.len(), findings.len()), (1, 1));
    assert_eq!((&*findings[0].outcome, &*findings[0].status), ("corrected", "resolved"));
    assert_eq!(w.ledger.findings("corrected", None, None, None, 10).await.unwrap(), findings);
}

#[tokio::test]
async fn an_exemption_stands_until_it_ends_and_is_remembered() {
    let w = world("exempt").await;
    let account = &w.key.place.account;
    let soon = later(w.ledger.now(), 3_600);
    let (one, all) = (exemption("e-1", Some(account), soon), exemption("e-2", None, later(soon, 60)));
    let ended = exemption("e-3", None, later(soon, -7_200));
    for exemption in [&one, &all, &ended] {
        w.ledger.exempt(exemption).await.unwrap();
        w.ledger.exempt(exemption).await.unwrap();
    }
    let thief = Exemption { owner: "mallory".into(), ..one.clone() };
    assert_eq!(w.ledger.exempt(&thief).await.unwrap_err().kind, FailureKind::Conflict);
    let line = Exemption { origin: Origin::Line(3), ..one.clone() };
    assert_eq!(w.ledger.exempt(&line).await.unwrap_err().kind, FailureKind::Invalid);
    assert_eq!(w.ledger.exemptions().await.unwrap(), [all.clone(), one.clone(), ended]);
    let other = "444455556666".to_owned().try_into().unwrap();
    let standing = w.ledger.standing(&other).await.unwrap();
    assert!(!standing.exemptions.contains(&one) && standing.exemptions.contains(&all));

    for id in ["e-1", "e-2"] {
        let before = w.ledger.now();
        let ended = w.ledger.end_exemption(id).await.unwrap().unwrap();
        assert!(ended.until >= before && ended.until <= w.ledger.now());
        assert_eq!(ended.owner, "ann");
        assert_eq!(w.ledger.end_exemption(id).await.unwrap(), None, "it had ended");
    }
    assert_eq!(w.ledger.end_exemption("e-9").await.unwrap(), None);
    assert_eq!(w.ledger.exemptions().await.unwrap().len(), 3);
    let now = w.ledger.now();
    assert!(w.ledger.standing(account).await.unwrap().exemptions.iter().all(|exemption| exemption.until <= now));
}

#[tokio::test]
async fn an_exemption_that_ended_long_ago_is_not_read_by_guards() {
    let w = world("exempt-old").await;
    w.ledger.exempt(&exemption("e-1", None, later(w.ledger.now(), -2 * 86_400))).await.unwrap();
    assert_eq!(w.ledger.standing(&w.key.place.account).await.unwrap().exemptions, []);
    assert_eq!(w.ledger.exemptions().await.unwrap().len(), 1);
}

#[tokio::test]
async fn an_account_is_as_last_read() {
    let w = world("account").await;
    let account = &w.key.place.account;
    assert_eq!(w.ledger.account(account).await.unwrap(), None);
    let facts = |name: &str, read_at| AccountFacts {
        name: Some(name.into()),
        path: vec!["r-ab12".into(), "ou-ab12-11111111".into()],
        tags: [("stage".to_owned(), "prod".to_owned())].into(),
        read_at,
    };
    w.ledger.put_account(account, &facts("new", w.now)).await.unwrap();
    w.ledger.put_account(account, &facts("old", later(w.now, -60))).await.unwrap();
    assert_eq!(w.ledger.account(account).await.unwrap(), Some(facts("new", w.now)));
    assert_eq!(w.ledger.standing(account).await.unwrap().account, Some(facts("new", w.now)));
}

//! Many at once.

use futures::future::join_all;
use rectify_aws::{ClaimError, Limits, ResourceState};
use rectify_controls::Deferral;

use crate::world::{CONTROL, ahead, closing, key, later, reopened, world};

#[tokio::test]
async fn of_fifty_claims_of_one_moment_one_succeeds() {
    let w = world("fifty").await;
    let aheads: Vec<_> = (0..50).map(|n| ahead(&format!("r-{n}"), w.now)).collect();
    let results = join_all(aheads.iter().map(|ahead| w.claim(ahead, w.now, w.now))).await;
    let winners: Vec<_> = aheads.iter().zip(&results).filter(|(_, result)| result.is_ok()).collect();
    let [(winner, _)] = winners[..] else { panic!("{results:?}") };
    let busy = ClaimError::Busy { until: later(w.now, 15), request: Some(winner.request.clone()) };
    for result in results.iter().filter(|result| result.is_err()) {
        assert_eq!(result, &Err(busy.clone()));
    }
    // Lease, correction, finding, memory, two budgets; none of the losers left anything.
    assert_eq!(w.rows().await, 6);
    let past = w.past().await;
    assert_eq!(past.lease.as_ref().unwrap().correction, winner.id);
    assert_eq!(past.past(CONTROL).corrections.len(), 1);
}

#[tokio::test]
async fn forty_claims_of_four_accounts_never_exceed_the_budget_of_all() {
    let mut w = world("everywhere").await;
    w.limits = Limits { per_account: 20, everywhere: 5 };
    let w = &w;
    let accounts = ["111122223333", "222233334444", "333344445555", "444455556666"];
    let results = join_all((0..40).map(|n| async move {
        let key = key(accounts[n % 4], &format!("bucket-{n}"));
        let past = w.ledger.resource(&key).await.unwrap();
        w.claim_on(&key, &ahead(&format!("r-{n}"), w.now), &past, w.now, w.now).await
    }))
    .await;
    assert_eq!(results.iter().filter(|result| result.is_ok()).count(), 5, "{results:?}");
    let over = ClaimError::Budget { control: CONTROL.into(), limit: 5, everywhere: true };
    assert_eq!(results.iter().filter(|result| **result == Err(over.clone())).count(), 35, "{results:?}");
    let mut here = 0;
    for account in accounts {
        let (used, everywhere) =
            w.ledger.budget(CONTROL, &account.to_owned().try_into().unwrap(), w.now).await.unwrap();
        here += used;
        assert_eq!(everywhere, 5);
    }
    assert_eq!(here, 5, "an account's counter goes back with the claim that was refused");
}

#[tokio::test]
async fn a_claim_on_an_older_memory_is_stale_whatever_the_clocks_say() {
    let w = world("memory").await;
    let before = w.past().await;
    let first = ahead("r-1", w.now);
    w.claim_on(&w.key, &first, &before, w.now, w.now).await.unwrap();
    // A clock that is ten minutes behind, so that the closing is long before anything we observed.
    w.ledger.close(&w.key, &first.id, &closing(later(w.now, -600))).await.unwrap();
    let second = ahead("r-2", w.now);
    assert_eq!(w.claim_on(&w.key, &second, &before, w.now, later(w.now, 2)).await, Err(ClaimError::Stale));

    // Two that observed the same, and race.
    let seen = w.past().await;
    let (a, b) = (ahead("r-3", w.now), ahead("r-4", w.now));
    let (a, b) = futures::join!(
        w.claim_on(&w.key, &a, &seen, w.now, later(w.now, 3)),
        w.claim_on(&w.key, &b, &seen, w.now, later(w.now, 3)),
    );
    assert_eq!(usize::from(a.is_ok()) + usize::from(b.is_ok()), 1, "{a:?} {b:?}");
    let past = w.past().await.past(CONTROL);
    assert_eq!(past.corrections, [reopened(w.now), reopened(later(w.now, 3))]);
}

#[tokio::test]
async fn the_memory_alone_refuses_too_and_is_forgotten_on_demand() {
    let w = world("tug").await;
    let first = ahead("r-1", w.now);
    w.claim(&first, w.now, w.now).await.unwrap();
    w.ledger.close(&w.key, &first.id, &closing(w.now)).await.unwrap();
    let seen = w.past().await;
    w.ledger.unfence(&w.key, CONTROL).await.unwrap();
    let at = later(w.now, 5);
    assert_eq!(w.claim_on(&w.key, &ahead("r-2", at), &seen, at, at).await, Err(ClaimError::Stale));
    // A fence alone has no list: what was observed is still what is there.
    let until = later(w.now, 7200);
    w.ledger.fence(&w.key, CONTROL, until).await.unwrap();
    w.ledger.fence(&w.key, CONTROL, later(w.now, 60)).await.unwrap();
    assert_eq!(w.past().await.past(CONTROL).fenced_until, Some(until), "never earlier");
    w.claim(&ahead("r-2", at), at, at).await.unwrap();
    let past = w.past().await.past(CONTROL);
    assert_eq!((past.corrections, past.fenced_until), (vec![reopened(at)], Some(until)));
}

#[tokio::test]
async fn everybody_who_defers_waits_for_the_same_moment() {
    let w = &world("defer").await;
    let defer = |n: i64, stale_before| async move {
        let since = later(w.now, n);
        w.ledger.defer(&w.key, CONTROL, &Deferral { since, due: later(since, 120) }, stale_before).await.unwrap()
    };
    let all = join_all((0..10).map(|n| defer(n, w.now))).await;
    assert!(all.iter().all(|deferral| *deferral == all[0]), "{all:?}");
    assert_eq!(w.past().await.past(CONTROL).deferral, Some(all[0]));
    let late = defer(100_000, later(all[0].due, 1)).await;
    assert_eq!(late.since, later(w.now, 100_000), "the first was another breach's");
    w.ledger.end_deferrals(&w.key, &[CONTROL, "other"]).await.unwrap();
    assert_eq!(w.past().await, ResourceState::default());

    defer(0, w.now).await;
    w.claim(&ahead("r-1", w.now), w.now, w.now).await.unwrap();
    assert_eq!(w.past().await.past(CONTROL).deferral, None, "a claim ends it");
}

#[tokio::test]
async fn something_is_told_once_and_again_by_whoever_failed_to() {
    let w = &world("once").await;
    let keep = std::time::Duration::from_secs(60);
    let once = |request: String, now| async move { w.ledger.once("x", &request, now, keep).await.unwrap() };
    let told = join_all((0..10).map(|n| once(format!("r-{n}"), w.now))).await;
    let teller: Vec<usize> = (0..10).filter(|n| told[*n]).collect();
    assert_eq!(teller.len(), 1, "{told:?}");
    assert!(once(format!("r-{}", teller[0]), later(w.now, 5)).await, "its own retry");
    assert!(!once("other".into(), later(w.now, 60)).await);
    assert!(once("other".into(), later(w.now, 66)).await);
}

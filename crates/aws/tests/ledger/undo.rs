//! Undoing, and taking up what was left open.

use std::{collections::BTreeMap, time::Duration};

use jiff::Timestamp;
use rectify_aws::{ClaimError, CorrectionId, ResourceState, UndoClaim, WriteAhead, ledger::LEASE_LOST};
use rectify_controls::{AccountId, Exemption, Origin};

use crate::world::{CONTROL, LEASE, World, ahead, closing, later, world};

pub(crate) fn exemption(id: &str, account: Option<&AccountId>, until: Timestamp) -> Exemption {
    Exemption {
        origin: Origin::Row { id: id.into(), by: "arn:ann".into(), at: "2026-11-23T06:00:00Z".parse().unwrap() },
        control: CONTROL.into(),
        resource: "arn:aws:s3:::data".into(),
        account: account.cloned(),
        organizational_unit: None,
        region: None,
        tags: BTreeMap::new(),
        owner: "ann".into(),
        reason: "website".into(),
        ticket: "T-1".into(),
        until,
    }
}

struct Undo {
    ahead: WriteAhead,
    of: CorrectionId,
    restores: Option<CorrectionId>,
    opens: Vec<Exemption>,
    ends: Vec<(Option<AccountId>, String)>,
    at: Timestamp,
}

fn undo(request: &str, of: &CorrectionId, at: Timestamp) -> Undo {
    let ahead = WriteAhead { id: CorrectionId::undo(at), undoes: Some(of.clone()), ..ahead(request, at) };
    Undo { ahead, of: of.clone(), restores: None, opens: Vec::new(), ends: Vec::new(), at }
}

impl World {
    async fn undo(&self, undo: &Undo, past: &ResourceState) -> Result<(), ClaimError> {
        let claim = UndoClaim {
            key: &self.key,
            ahead: &undo.ahead,
            of: &undo.of,
            restores: undo.restores.as_ref(),
            exemptions: &undo.opens,
            end_exemptions: &undo.ends,
            past,
            observed_at: undo.at,
            now: undo.at,
            lease: LEASE,
        };
        self.ledger.claim_undo(&claim).await
    }

    /// A correction that was made and closed.
    async fn corrected(&self) -> CorrectionId {
        let ahead = ahead("r-1", self.now);
        self.claim(&ahead, self.now, self.now).await.unwrap();
        self.ledger.close(&self.key, &ahead.id, &closing(self.now)).await.unwrap();
        ahead.id
    }
}

#[tokio::test]
async fn an_undo_and_its_undo_leave_a_trail_and_move_the_exemption() {
    let w = world("undo").await;
    let account = &w.key.place.account;
    let of = w.corrected().await;
    let memory = w.past().await.past(CONTROL);
    w.ledger
        .pause(&rectify_controls::Switch {
            reach: rectify_controls::Reach::All,
            reason: "x".into(),
            by: "y".into(),
            paused_at: w.now,
        })
        .await
        .unwrap();

    let mut first = undo("r-2", &of, later(w.now, 10));
    let until = later(Timestamp::now(), 86_400);
    first.opens = vec![exemption("e-1", Some(account), until), exemption("e-2", None, until)];
    w.undo(&first, &w.past().await).await.unwrap();
    w.undo(&first, &w.past().await).await.unwrap(); // sent again: ours
    let row = w.ledger.correction(&w.key, &of).await.unwrap().unwrap();
    assert_eq!((row.undone_by.as_ref(), row.undone_at), (Some(&first.ahead.id), Some(first.at)));
    let row = w.ledger.correction(&w.key, &first.ahead.id).await.unwrap().unwrap();
    assert_eq!(row.undoes(), Some(&of));
    let mut exempt = w.ledger.standing(account).await.unwrap().exemptions;
    exempt.sort_by_key(Exemption::key);
    assert_eq!(exempt, first.opens);
    assert_eq!(w.past().await.past(CONTROL), memory, "an undo is no reversal");
    let end = rectify_aws::Closing { findings: Vec::new(), ..closing(later(w.now, 12)) };
    w.ledger.close(&w.key, &first.ahead.id, &end).await.unwrap();

    let mut second = undo("r-3", &first.ahead.id, later(w.now, 20));
    second.restores = Some(of.clone());
    second.ends = vec![(Some(account.clone()), "e-1".into()), (None, "e-2".into())];
    w.undo(&second, &w.past().await).await.unwrap();
    assert_eq!(w.ledger.standing(account).await.unwrap().exemptions, []);
    let row = w.ledger.correction(&w.key, &of).await.unwrap().unwrap();
    assert_eq!((row.undone_by, row.undone_at), (None, None), "it stands again, and can be undone again");
    let row = w.ledger.correction(&w.key, &first.ahead.id).await.unwrap().unwrap();
    assert_eq!(row.undone_by, Some(second.ahead.id));
}

#[tokio::test]
async fn of_two_undos_one_is_made_and_the_other_learns_by_whom() {
    let w = world("undo-race").await;
    let of = w.corrected().await;
    let past = w.past().await;
    let (a, b) = (undo("r-2", &of, later(w.now, 10)), undo("r-3", &of, later(w.now, 10)));
    let results = futures::join!(w.undo(&a, &past), w.undo(&b, &past));
    let already = |by: &Undo| Err(ClaimError::AlreadyUndone { by: by.ahead.id.clone() });
    assert!(results == (Ok(()), already(&a)) || results == (already(&b), Ok(())), "{results:?}");

    let never: CorrectionId = "c-06bq3s7k8x00000000".parse().unwrap();
    let error = w.undo(&undo("r-4", &never, later(w.now, 60)), &w.past().await).await.unwrap_err();
    let ClaimError::Failed(failure) = error else { panic!("{error:?}") };
    assert_eq!(failure.kind, rectify_aws::FailureKind::Gone);
    assert!(w.ledger.correction(&w.key, &never).await.unwrap().is_none(), "no row is made up");
}

#[tokio::test]
async fn a_correction_is_taken_up_when_its_lease_is_over_and_not_before() {
    let w = world("retake").await;
    let ahead = ahead("r-1", w.now);
    w.claim(&ahead, w.now, w.now).await.unwrap();
    let retake = |request: &'static str, at| {
        let (w, ahead) = (&w, &ahead);
        async move { w.ledger.retake(&w.key, &ahead.id, &ahead.controls, request, at, LEASE).await }
    };
    let busy = |until, request: &str| Err(ClaimError::Busy { until, request: Some(request.into()) });
    assert_eq!(retake("r-2", later(w.now, 15)).await, busy(later(w.now, 15), "r-1"));
    retake("r-1", later(w.now, 5)).await.unwrap();
    assert_eq!(retake("r-2", later(w.now, 16)).await, busy(later(w.now, 20), "r-1"), "its own retry went on");
    let renewed = w.ledger.renew(&w.key, &ahead.id, "r-1", later(w.now, 10), Duration::from_secs(20)).await;
    renewed.unwrap();
    assert_eq!(retake("r-2", later(w.now, 21)).await, busy(later(w.now, 30), "r-1"));

    let at = later(w.now, 31);
    let results = futures::join!(retake("r-2", at), retake("r-3", at));
    let winner = if results.0.is_ok() { "r-2" } else { "r-3" };
    let expected = busy(later(at, 15), winner);
    assert!(results == (Ok(()), expected.clone()) || results == (expected, Ok(())), "{results:?}");
    let lease = w.past().await.lease.unwrap();
    assert_eq!((&*lease.request, lease.started_at), (winner, w.now));
    let failure = w.ledger.renew(&w.key, &ahead.id, "r-1", at, LEASE).await.unwrap_err();
    assert!(failure.code_is(LEASE_LOST), "{failure}");

    w.ledger.close(&w.key, &ahead.id, &closing(later(w.now, 32))).await.unwrap();
    assert_eq!(retake(winner, later(w.now, 33)).await, Err(ClaimError::Stale));
    assert!(w.ledger.renew(&w.key, &ahead.id, winner, at, LEASE).await.unwrap_err().code_is(LEASE_LOST));
}

#[tokio::test]
async fn a_correction_that_was_planned_before_an_undo_is_stale_whatever_the_clocks_say() {
    let w = world("undo-stale").await;
    let of = w.corrected().await;
    let seen = w.past().await;
    let undo = undo("r-2", &of, later(w.now, 10));
    w.undo(&undo, &seen).await.unwrap();
    // Closed by a clock that is ten minutes behind. An undo leaves the memory as it is, so only the lease tells.
    let end = rectify_aws::Closing { findings: Vec::new(), ..closing(later(w.now, -600)) };
    w.ledger.close(&w.key, &undo.ahead.id, &end).await.unwrap();
    let at = later(w.now, 12);
    assert_eq!(w.claim_on(&w.key, &ahead("r-3", at), &seen, at, at).await, Err(ClaimError::Stale));
    w.claim(&ahead("r-3", at), at, at).await.unwrap();
}

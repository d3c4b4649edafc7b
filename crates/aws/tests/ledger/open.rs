//! What was told and has not ended.

use aws_sdk_dynamodb::types::AttributeValue;
use rectify_aws::Sighting;
use rectify_controls::Fingerprint;

use crate::world::{CONTROL, fingerprint, later, sighting, world};

fn other() -> Fingerprint {
    serde_json::from_str("\"00000000000000ff\"").unwrap()
}

#[tokio::test]
async fn it_stands_from_the_first_telling_to_its_end() {
    let w = world("open").await;
    assert!(w.past().await.open.is_empty());
    w.note("notified", "r-1", w.now).await;
    w.ledger.open(&w.key, &sighting(), w.now).await.unwrap();
    let worse = Sighting { fingerprint: other(), summary: "worse".into(), ..sighting() };
    w.ledger.open(&w.key, &worse, later(w.now, 60)).await.unwrap();
    let open = w.past().await.open[CONTROL].clone();
    assert_eq!((open.since, open.summary.as_str(), open.severity), (w.now, "worse", sighting().severity));
    assert_eq!(open.fingerprints, [other(), fingerprint()], "in order");

    // One state is over, another one of the same control stands.
    w.ledger.end(&w.key, CONTROL, &[fingerprint()], "resolved", true, later(w.now, 120)).await.unwrap();
    assert_eq!(w.past().await.open[CONTROL].fingerprints, [other()]);
    let row = w.finding().await;
    assert_eq!(row["status"], AttributeValue::S("resolved".into()));
    assert_eq!(row["feed"], AttributeValue::S("finding#resolved".into()));

    // The last member of the set goes, and the row is still read.
    w.ledger.end(&w.key, CONTROL, &[other()], "resolved", true, later(w.now, 121)).await.unwrap();
    assert!(w.past().await.open[CONTROL].fingerprints.is_empty());

    for _ in 0..2 {
        w.ledger.end(&w.key, CONTROL, &[other()], "resolved", false, later(w.now, 122)).await.unwrap();
        assert!(w.past().await.open.is_empty());
    }
}

#[tokio::test]
async fn what_a_correction_closed_keeps_its_outcome() {
    let w = world("closed").await;
    w.ledger.open(&w.key, &sighting(), w.now).await.unwrap();
    let ahead = crate::world::ahead("r-1", w.now);
    w.claim(&ahead, w.now, w.now).await.unwrap();
    w.ledger.close(&w.key, &ahead.id, &crate::world::closing(later(w.now, 1))).await.unwrap();
    w.ledger.end(&w.key, CONTROL, &[fingerprint()], "resolved", false, later(w.now, 2)).await.unwrap();
    assert_eq!(w.finding().await["outcome"], AttributeValue::S("corrected".into()));
    assert!(w.past().await.open.is_empty());
}

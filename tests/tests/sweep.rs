//! Sweeps: what no event told of is found by listing, and goes the ordinary way.

#![expect(clippy::unwrap_used, clippy::indexing_slicing, reason = "a test that cannot go on has failed")]

use std::collections::{BTreeMap, BTreeSet};

use rectify_e2e::{ACCOUNT, ALL_CORRECTIVE, Stage};
use rectify_sandbox::{Effect, Fault, WorldBuilder};
use serde_json::{Value, json};

const REGION: &str = "eu-central-1";

/// A sweep event as EventBridge delivers it, put by `account`.
fn sweep_from(account: &str) -> Value {
    json!({"version": "0", "id": "s-1", "source": "rectify", "detail-type": "Sweep", "account": account, "region": REGION,
        "time": "2026-11-28T05:00:00Z", "resources": [],
        "detail": {"kind": "s3-bucket", "account": ACCOUNT, "region": REGION, "controls": [], "sweep": "s-1", "after": null}})
}

fn order(dry_run: bool, after: Option<&str>) -> Value {
    json!({"rectify": "sweep", "account": ACCOUNT, "region": REGION, "dry_run": dry_run, "after": after})
}

/// Has everything looked at, and waits for the end of it.
async fn sweep(stage: &Stage) {
    stage.world.publish(&sweep_from(ACCOUNT));
    stage.settle().await;
}

/// A bucket with a public ACL that no event told of.
async fn lost(stage: &Stage, bucket: &str) {
    stage.world.lose_events(true);
    stage.aws.create_bucket(bucket).await;
    stage.aws.put_block(bucket, true).await;
    stage.aws.put_block(bucket, false).await;
    stage.aws.put_acl(bucket, "public-read").await;
    stage.settle().await;
    stage.world.lose_events(false);
}

#[tokio::test(flavor = "multi_thread")]
async fn a_breach_whose_event_was_lost_is_found_corrected_and_told_once() {
    let stage = Stage::new().await;
    lost(&stage, "quiet").await;
    assert!(stage.ends().is_empty(), "nobody looked: {:?}", stage.ends());

    sweep(&stage).await;
    let acl: Vec<_> =
        stage.ends().into_iter().filter(|end| end.event == "Sweep" && end.control == "s3-bucket-public-acl").collect();
    assert_eq!(acl.iter().map(|end| end.outcome.as_str()).collect::<Vec<_>>(), ["corrected"], "{}", stage.story());
    assert!(!stage.aws.acl("quiet").await.contains("AllUsers"));
    assert_eq!(stage.told("s3-bucket-public-acl").len(), 1);
    assert_eq!(stage.rows("correction#").await.len(), 1);

    // The corrected ACL is another state of the bucket's ownership, which is told as such; after that there is no news.
    sweep(&stage).await;
    assert_eq!(stage.told("s3-bucket-public-acl").len(), 1, "told once");
    let told = stage.told("").len();
    sweep(&stage).await;
    assert_eq!(stage.told("").len(), told, "a further sweep tells nothing");
    assert_eq!(stage.rows("correction#").await.len(), 1);
    assert!(stage.dead_letters().await.is_empty());
    stage.close().await;
}

#[tokio::test(flavor = "multi_thread")]
async fn a_dry_run_says_it_and_does_nothing() {
    let stage = Stage::new().await;
    lost(&stage, "quiet").await;
    let before = stage.ledger().await;

    let swept = stage.order(&order(true, None)).await;
    let row = swept["rows"].as_array().unwrap().iter().find(|row| row["control"] == "s3-bucket-public-acl");
    let row = row.unwrap_or_else(|| panic!("not found: {swept:#}"));
    assert_eq!((row["outcome"].as_str(), row["resource"].as_str()), (Some("corrected"), Some("arn:aws:s3:::quiet")));
    stage.settle().await;
    assert_eq!(stage.ledger().await, before, "nothing is written down");
    assert!(stage.told("").is_empty(), "nothing is told");
    assert!(stage.writes().is_empty(), "nothing is changed");
    assert!(stage.aws.acl("quiet").await.contains("AllUsers"));
    stage.close().await;
}

/// Every page of an order, as the command line follows them.
async fn follow(stage: &Stage) -> Vec<Value> {
    let (mut pages, mut after) = (Vec::new(), None::<String>);
    loop {
        let page = stage.order(&order(true, after.as_deref())).await;
        after = page["next"].as_str().map(str::to_owned);
        assert!(page["looked"].is_u64(), "{page:#}");
        pages.push(page);
        assert!(pages.len() < 20, "no end");
        if after.is_none() {
            return pages;
        }
    }
}

fn how_often(pages: &[Value], control: &str) -> BTreeMap<String, usize> {
    let rows = pages.iter().flat_map(|page| page["rows"].as_array().unwrap());
    let mut often = BTreeMap::new();
    for row in rows.filter(|row| row["control"] == control) {
        *often.entry(row["resource"].as_str().unwrap().to_owned()).or_default() += 1;
    }
    often
}

#[tokio::test(flavor = "multi_thread")]
async fn many_buckets_are_each_looked_at_once_across_pages() {
    let stage = Stage::new().await;
    stage.world.lose_events(true);
    for number in 0..60 {
        stage.aws.create_bucket(&format!("many-{number:02}")).await;
        stage.aws.put_acl(&format!("many-{number:02}"), "public-read").await;
    }
    let pages = follow(&stage).await;
    assert!(pages.len() >= 2, "one page was enough: nothing is tried here");
    let often = how_often(&pages, "s3-bucket-public-acl");
    assert_eq!(often.len(), 60, "{often:?}");
    assert!(often.values().all(|times| *times == 1), "{often:?}");
    stage.close().await;
}

/// The guard has two seconds for looks, and forty buckets whose every read takes a while: it puts the rest on the bus, more
/// than once, and each bucket is put back once.
#[tokio::test(flavor = "multi_thread")]
async fn what_the_time_does_not_allow_is_handed_on() {
    let directory = tempfile::tempdir().unwrap();
    let template = std::fs::read_to_string(rectify_e2e::root().join("template.yaml")).unwrap();
    assert!(template.contains("Timeout: 30"));
    std::fs::write(directory.path().join("template.yaml"), template.replace("Timeout: 30", "Timeout: 14")).unwrap();
    let settings = format!("{ALL_CORRECTIVE}\n[limits]\ncorrections-per-hour = 100\n");
    std::fs::write(directory.path().join("settings.toml"), settings).unwrap();
    let stage = Stage::build(ALL_CORRECTIVE, |_| {
        WorldBuilder::new(directory.path().join("template.yaml"), rectify_e2e::binary_of)
            .settings_directory(directory.path())
    })
    .await;
    stage.world.lose_events(true);
    for number in 0..40 {
        stage.aws.create_bucket(&format!("many-{number:02}")).await;
        stage.aws.put_acl(&format!("many-{number:02}"), "public-read").await;
    }
    let slow = Fault { service: Some("s3".into()), at_least_ms: 150, effect: Effect::None, ..Fault::default() };
    stage.faults(vec![slow]);
    sweep(&stage).await;
    stage.faults(Vec::new());
    let handed_on = stage.world.calls().into_iter().filter(|call| call.operation == "PutEvents").count();
    assert!(handed_on >= 2, "handed on {handed_on} times: nothing is tried here");
    let mut often: BTreeMap<String, usize> = BTreeMap::new();
    for end in stage.ended("corrected").iter().filter(|end| end.control == "s3-bucket-public-acl") {
        *often.entry(end.all["resource"].as_str().unwrap().to_owned()).or_default() += 1;
    }
    assert_eq!(often.len(), 40, "{often:?}");
    assert!(often.values().all(|times| *times == 1), "{often:?}");
    assert_eq!(stage.told("s3-bucket-public-acl").len(), 40, "one message each");
    assert!(stage.dead_letters().await.is_empty());
    stage.close().await;
}

#[tokio::test(flavor = "multi_thread")]
async fn throttling_loses_none() {
    let stage = Stage::with_settings(ALL_CORRECTIVE).await;
    let names: BTreeSet<String> = (0..8).map(|number| format!("busy-{number}")).collect();
    for name in &names {
        lost(&stage, name).await;
    }
    let slow = Effect::Error { status: 503, code: "SlowDown".into() };
    stage.faults(vec![Fault { service: Some("s3".into()), every: Some(3), effect: slow, ..Fault::default() }]);
    sweep(&stage).await;
    stage.faults(Vec::new());
    for name in &names {
        assert!(!stage.aws.acl(name).await.contains("AllUsers"), "{name} is open: {}", stage.story());
    }
    assert_eq!(stage.told("s3-bucket-public-acl").len(), names.len(), "one message each");
    stage.close().await;
}

#[tokio::test(flavor = "multi_thread")]
async fn a_sweep_that_somebody_else_asks_for_is_ignored() {
    let stage = Stage::new().await;
    lost(&stage, "quiet").await;
    let answer = stage.order(&sweep_from("999999999999")).await;
    assert_eq!(answer["outcomes"][0]["outcome"], "ignored", "{answer:#}");
    assert!(answer["outcomes"][0]["why"].as_str().unwrap().contains("999999999999"), "{answer:#}");
    assert!(stage.aws.acl("quiet").await.contains("AllUsers"));

    // Nor is one in which the cursor is not ours: the invocation fails, and the queue keeps it.
    let mut forged = sweep_from(ACCOUNT);
    forged["detail"]["after"] = json!("{\"page\":\"../../x\"}");
    let answer = stage.order(&forged).await;
    assert_eq!(answer["errorType"], "Rectify.Sweep", "{answer:#}");
    stage.close().await;
}

#[tokio::test(flavor = "multi_thread")]
async fn the_sweeper_asks_the_guard_to_look_at_its_own_account() {
    let stage = Stage::new().await;
    lost(&stage, "quiet").await;
    assert_eq!(stage.world.tick("Sweeper"), 1);
    stage.settle().await;
    assert!(!stage.aws.acl("quiet").await.contains("AllUsers"), "{}", stage.story());
    assert_eq!(stage.told("s3-bucket-public-acl").len(), 1);
    stage.close().await;
}

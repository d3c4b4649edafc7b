//! A finding that was told has an end that is told: put right by somebody, exempt, or corrected after all.

#![expect(clippy::unwrap_used, clippy::indexing_slicing, reason = "a test that cannot go on has failed")]

use rectify_e2e::{ALICE, Stage};
use serde_json::{Value, json};

const ACL: &str = "s3-bucket-public-acl";

const DETECTIVE: &str = "[[environment]]\nname = \"development\"\nmode = \"detective\"\ndefault = true\n";

/// Outcome, and whether it closes, of every message about `control`, in order; all of one finding.
fn told(stage: &Stage, control: &str) -> Vec<(String, bool)> {
    let told = stage.told(control);
    let text = |message: &Value, name: &str| message[name].as_str().unwrap().to_owned();
    for message in &told {
        assert_eq!(message["finding"], told[0]["finding"], "one finding");
        assert!(text(message, "id").starts_with("m-"), "{message:#}");
    }
    told.iter().map(|message| (text(message, "outcome"), message["closes"].as_bool().unwrap())).collect()
}

fn said(list: &[(&str, bool)]) -> Vec<(String, bool)> {
    list.iter().map(|(outcome, closes)| ((*outcome).to_owned(), *closes)).collect()
}

/// A detective stage with the bucket `data`, whose block is off and whose ACL is still private.
async fn ajar() -> Stage {
    let stage = Stage::with_settings(DETECTIVE).await;
    stage.aws.create_bucket("data").await;
    stage.aws.put_block("data", false).await;
    stage.settle().await;
    stage.world.clear_records();
    stage
}

/// Gives `data` this canned ACL, and waits for the end of it.
async fn set_acl(stage: &Stage, acl: &str) {
    stage.aws.put_acl("data", acl).await;
    stage.settle().await;
}

#[tokio::test(flavor = "multi_thread")]
async fn what_somebody_puts_right_is_told_as_over_and_what_comes_back_is_news() {
    let stage = ajar().await;
    set_acl(&stage, "public-read").await;
    assert_eq!(told(&stage, ACL), said(&[("notified", false)]), "{}", stage.story());
    assert_eq!(stage.rows(&format!("state#open#{ACL}")).await.len(), 1);
    let proposed = &stage.told(ACL)[0]["difference"];
    assert_eq!(proposed["proposed"], true, "{proposed:#}");
    assert!(proposed["before"].as_str().unwrap().contains("AllUsers"), "{proposed:#}");
    assert!(!proposed["after"].as_str().unwrap().contains("AllUsers"), "{proposed:#}");

    set_acl(&stage, "private").await;
    assert_eq!(told(&stage, ACL), said(&[("notified", false), ("resolved", true)]), "{}", stage.story());
    let over = &stage.told(ACL)[1];
    assert!(over["why"].as_str().unwrap().starts_with("it was told first at "), "{over:#}");
    assert_eq!(over["actor"]["event_name"], "PutBucketAcl", "who put it right: {over:#}");
    assert_eq!(over["evidence"], stage.told(ACL)[0]["evidence"], "what was told");
    assert!(stage.rows(&format!("state#open#{ACL}")).await.is_empty());
    let rows = stage.rows(&format!("finding#{ACL}")).await;
    assert_eq!((rows[0]["status"].as_str(), rows[0]["outcome"].as_str()), (Some("resolved"), Some("resolved")));

    // A further look has no news, and the same breach again has.
    set_acl(&stage, "private").await;
    assert_eq!(stage.told(ACL).len(), 2);
    set_acl(&stage, "public-read").await;
    assert_eq!(told(&stage, ACL)[2..], said(&[("notified", false)]), "{}", stage.story());
    stage.close().await;
}

#[tokio::test(flavor = "multi_thread")]
async fn what_changes_its_shape_stays_one_open_finding() {
    let stage = ajar().await;
    for breach in ["public-read", "authenticated-read"] {
        set_acl(&stage, breach).await;
    }
    assert_eq!(told(&stage, ACL), said(&[("notified", false), ("notified", false)]), "{}", stage.story());
    let mut rows = stage.rows(&format!("finding#{ACL}")).await;
    rows.sort_by_key(|row| row["status"].to_string());
    let status: Vec<_> = rows.iter().map(|row| row["status"].as_str().unwrap()).collect();
    assert_eq!(status, ["open", "resolved"], "the first state is over, the second stands");
    set_acl(&stage, "private").await;
    assert_eq!(told(&stage, ACL)[2..], said(&[("resolved", true)]));
    stage.close().await;
}

#[tokio::test(flavor = "multi_thread")]
async fn a_correction_that_was_held_back_ends_with_the_correction() {
    let stage = Stage::new().await;
    stage.aws.create_bucket("data").await;
    stage.settle().await;
    let switch = json!({"pk": {"S": "standing"}, "sk": {"S": "switch#all"}, "paused_at": {"N": "1"},
        "reason": {"S": "release weekend"}, "by": {"S": ALICE}});
    stage.put_row(switch).await;
    set_acl(&stage, "public-read").await;
    stage.delete_row("standing", "switch#all").await;
    set_acl(&stage, "public-read").await;
    assert_eq!(told(&stage, ACL), said(&[("withheld", false), ("corrected", true)]), "{}", stage.story());
    assert!(stage.rows(&format!("state#open#{ACL}")).await.is_empty());
    let changed = &stage.told(ACL)[1]["difference"];
    assert_eq!(changed["proposed"], false, "{changed:#}");
    set_acl(&stage, "private").await;
    assert_eq!(stage.told(ACL).len(), 2, "the correction said it");
    stage.close().await;
}

#[tokio::test(flavor = "multi_thread")]
async fn an_exemption_ends_what_was_told() {
    let stage = ajar().await;
    set_acl(&stage, "public-read").await;
    let exemption = json!({"origin": {"row": {"id": "e-01m83n8fx16ssvfw8g", "by": ALICE, "at": "2026-01-01T00:00:00Z"}},
        "control": ACL, "resource": "arn:aws:s3:::data", "account": null, "organizational_unit": null, "region": null,
        "tags": {}, "owner": "web-team", "reason": "a web site", "ticket": "SEC-1", "until": "2999-01-01T00:00:00Z"});
    stage
        .put_row(json!({"pk": {"S": "standing"}, "sk": {"S": "exemption#e-01m83n8fx16ssvfw8g"},
            "until": {"N": "32472144000000"}, "exemption": {"S": exemption.to_string()}}))
        .await;
    for _ in 0..2 {
        set_acl(&stage, "public-read").await;
    }
    assert_eq!(told(&stage, ACL), said(&[("notified", false), ("exempt", true)]), "{}", stage.story());
    assert!(stage.told(ACL)[1]["why"].as_str().unwrap().contains("web-team"), "{:#}", stage.told(ACL)[1]);
    stage.close().await;
}

#[tokio::test(flavor = "multi_thread")]
async fn what_is_deleted_is_over() {
    let stage = ajar().await;
    set_acl(&stage, "public-read").await;
    stage.aws.s3("DELETE", "/data", &[], "").await;
    let late = stage.example("put-bucket-acl-private", "data");
    stage.world.invoke("S3BucketGuard", &late).await.unwrap();
    stage.settle().await;
    assert_eq!(told(&stage, ACL), said(&[("notified", false), ("resolved", true)]), "{}", stage.story());
    assert!(stage.told(ACL)[1]["why"].as_str().unwrap().contains("the resource is gone"));
    stage.close().await;
}

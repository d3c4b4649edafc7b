//! Undoing a correction, the odd corners: every state a person can have left comes back byte for byte, an undo that dies at
//! any call is finished by asking again, and one that AWS refuses half way says so and can be asked for again.

#![expect(clippy::unwrap_used, clippy::indexing_slicing, reason = "a test that cannot go on has failed")]

use std::time::{Duration, Instant};

use rectify_e2e::{
    ACCOUNT, ALICE, ALL_CORRECTIVE, Stage,
    breach::{self, BY_NAME},
    resource, undo,
};
use rectify_sandbox::{Effect, Fault};
use serde_json::{Value, json};

const ACL: &str = "s3-bucket-public-acl";
const POLICY: &str = "s3-bucket-public-policy";
const ACCOUNT_BLOCK: &str = "s3-account-block-public-access-off";

/// Limits that these tests do not reach.
const ROOMY: &str =
    "\n[limits]\ncorrections-per-hour = 10000\ncorrections-per-hour-everywhere = 10000\nreversals = 10000\n";

/// Everything of a bucket that a correction can write, or that it must not touch.
const PARTS: [&str; 9] = [
    "acl",
    "policy",
    "publicAccessBlock",
    "ownershipControls",
    "encryption",
    "website",
    "logging",
    "versioning",
    "tagging",
];

/// A website in S3's own order of elements, so that its answer can be compared as it is.
const WEBSITE: &str = r#"<WebsiteConfiguration xmlns="http://s3.amazonaws.com/doc/2006-03-01/"><ErrorDocument><Key>error.html</Key></ErrorDocument><IndexDocument><Suffix>index.html</Suffix></IndexDocument><RoutingRules><RoutingRule><Condition><KeyPrefixEquals>docs/</KeyPrefixEquals></Condition><Redirect><ReplaceKeyPrefixWith>documents/</ReplaceKeyPrefixWith></Redirect></RoutingRule></RoutingRules></WebsiteConfiguration>"#;

/// moto's id of every bucket's owner.
const OWNER: &str = "75aa57f09aa0c8caeab4f8c24e99d10f8e7faeebf76c078efc7c6caea54ba06a";

/// S3's raw answers about every part, status and body, with nothing masked.
async fn raw(stage: &Stage, bucket: &str) -> Vec<(&'static str, u16, String)> {
    let mut parts = Vec::new();
    for part in PARTS {
        let answer = stage.aws.try_s3("GET", &format!("/{bucket}?{part}"), &[], "").await;
        // What is not there is answered with an error, and its request id is never the same twice.
        let body = if answer.status < 300 { answer.body } else { String::new() };
        parts.push((part, answer.status, body));
    }
    parts
}

async fn account_block(stage: &Stage) -> (u16, String) {
    let path = "/v20180820/configuration/publicAccessBlock";
    let answer = stage.aws.try_s3("GET", path, &[("x-amz-account-id", ACCOUNT)], "").await;
    (answer.status, if answer.status < 300 { answer.body } else { String::new() })
}

fn block_body(acls: bool, ignore: bool, policy: bool, restrict: bool) -> String {
    format!(
        r#"<PublicAccessBlockConfiguration xmlns="http://s3.amazonaws.com/doc/2006-03-01/"><BlockPublicAcls>{acls}</BlockPublicAcls><IgnorePublicAcls>{ignore}</IgnorePublicAcls><BlockPublicPolicy>{policy}</BlockPublicPolicy><RestrictPublicBuckets>{restrict}</RestrictPublicBuckets></PublicAccessBlockConfiguration>"#
    )
}

/// A policy as people write it: odd white space, odd order, letters outside ASCII.
fn odd_policy(bucket: &str) -> String {
    format!(
        "{{ \"Statement\" : {{\"Resource\":[\"arn:aws:s3:::{bucket}/*\"], \"Action\" : \"s3:*\",\n\t\"Principal\" : \
         {{\"AWS\":[\"*\"]}},\"Effect\":\"Allow\"}} , \"Id\":\"ünïcode\" }}"
    )
}

fn look(bucket: &str, controls: &[&str]) -> Value {
    json!({"rectify": "look", "resource": resource(bucket), "controls": controls, "because": "request"})
}

/// The id of a bucket's only correction.
async fn correction_of(stage: &Stage, bucket: &str) -> String {
    let about = stage.about(bucket).await;
    assert_eq!(about.corrections.len(), 1, "{bucket}: {:#?}", about.ends);
    assert_eq!(about.corrections[0]["status"], "corrected", "{bucket}: {:#?}", about.ends);
    about.corrections[0]["correction"].as_str().unwrap().to_owned()
}

/// Lets the guard look at a bucket for these controls (all, when there are none); the id of the only correction.
async fn corrected(stage: &Stage, bucket: &str, controls: &[&str]) -> String {
    stage.order(&look(bucket, controls)).await;
    stage.settle().await;
    correction_of(stage, bucket).await
}

/// A public bucket that was corrected: how it stood, and the correction.
async fn public(stage: &Stage, bucket: &str) -> (Vec<(&'static str, u16, String)>, String) {
    stage.world.lose_events(true);
    stage.aws.create_bucket(bucket).await;
    stage.aws.put_acl(bucket, "public-read").await;
    let stood = raw(stage, bucket).await;
    stage.world.lose_events(false);
    let id = corrected(stage, bucket, &[ACL]).await;
    (stood, id)
}

/// The undos among a bucket's rows.
async fn undos(stage: &Stage, bucket: &str) -> Vec<Value> {
    stage.about(bucket).await.corrections.into_iter().filter(|row| row["undoes"].is_string()).collect()
}

/// Exemptions of the ledger that cover the resource.
async fn exemptions(stage: &Stage, arn: &str) -> Vec<Value> {
    let rows = stage.rows("exemption#").await;
    let covers = |row: &Value| {
        let kept: Value = serde_json::from_str(row["exemption"].as_str().unwrap()).unwrap();
        (kept["resource"] == arn).then_some(kept)
    };
    rows.iter().filter_map(covers).collect()
}

/// What must hold after an undo, whatever was undone.
async fn undone_well(stage: &Stage, name: &str, arn: &str, id: &str, answer: &Value, controls: &[&str]) {
    let about = stage.about(name).await;
    let row = about.corrections.iter().find(|row| row["correction"] == answer["undo"]).unwrap();
    assert!(answer["undo"].as_str().unwrap().starts_with("u-"), "{answer:#}");
    assert_eq!((&row["status"], &row["undoes"]), (&json!("restored"), &json!(id)), "{name}");
    assert!(row["proof"].is_string() && row["closed_at"].is_i64(), "{name}: {row:#}");
    let first = about.corrections.iter().find(|row| row["correction"] == id).unwrap();
    assert_eq!(first["undone_by"], answer["undo"], "{name}: {first:#}");
    let open = exemptions(stage, arn).await;
    for control in controls {
        assert!(open.iter().any(|exemption| exemption["control"] == *control), "{name}: {control}: {open:#?}");
        let of_it = |told: &&Value| told["outcome"] == "restored" && told["control"]["id"] == *control;
        let told: Vec<&Value> = about.messages.iter().filter(of_it).collect();
        assert_eq!(told.len(), 1, "{name}: {control}: {:#?}", about.told);
        let undone = &told[0]["undone"];
        assert_eq!(
            (&undone["by"], &undone["reason"], &undone["correction"]),
            (&json!(ALICE), &json!("meant to be so"), &json!(id)),
            "{name}"
        );
        assert!(undone["until"].is_string(), "{name}: {undone:#}");
    }
    for told in &about.messages {
        assert_eq!(told["alarm"], false, "{name}: {told:#}");
    }
    assert_eq!(about.corrections.len(), 2, "the undo's own events were corrected: {name}: {:#?}", about.ends);
}

/// One bucket and one control for each kind of change, from states that are not the plainest. After the undo the same breach
/// once more is exempt.
#[tokio::test(flavor = "multi_thread")]
async fn every_state_comes_back_byte_for_byte() {
    let stage = Stage::with_settings(&format!("{ALL_CORRECTIVE}{BY_NAME}{ROOMY}")).await;
    let cases = [
        ("odd-grants", ACL, "acl"),
        ("odd-grants-half-block", ACL, "acl"),
        ("odd-policy", POLICY, "policy"),
        ("odd-policy-half-block", POLICY, "policy"),
        ("half-block", "s3-bucket-block-public-access-off", "publicAccessBlock"),
        ("no-block", "s3-bucket-block-public-access-off", ""),
        ("tls", "s3-bucket-tls-not-required", "policy"),
        ("never-owned", "s3-bucket-acl-enabled", ""),
        ("owned", "s3-bucket-acl-enabled", "ownershipControls"),
        ("default-key", "s3-bucket-encryption-not-required-kms", ""),
        ("managed-key", "s3-bucket-encryption-not-required-kms", "encryption"),
        ("website", "s3-bucket-website-enabled", "website"),
        ("unlogged", "s3-bucket-logging-off", ""),
        ("suspended", "s3-bucket-versioning-off", "versioning"),
    ];
    stage.world.lose_events(true);
    stage.aws.create_logs().await;
    let mut stood = Vec::new();
    for (bucket, _, part) in cases {
        stage.aws.create_bucket(bucket).await;
        break_as(&stage, bucket).await;
        let parts = raw(&stage, bucket).await;
        let there = parts.iter().any(|(name, status, _)| *name == part && *status == 200);
        assert!(there || part.is_empty(), "{bucket}: {parts:#?}");
        stood.push(parts);
    }
    stage.world.lose_events(false);
    for (bucket, control, _) in cases {
        stage.order(&look(bucket, &[control])).await;
    }
    stage.settle().await;
    let mut undone = Vec::new();
    for ((bucket, ..), stood) in cases.iter().zip(&stood) {
        let id = correction_of(&stage, bucket).await;
        assert_ne!(raw(&stage, bucket).await, *stood, "{bucket}: nothing was changed");
        let answer = stage.order(&undo(&resource(bucket), &id)).await;
        assert_eq!(answer["outcome"], "restored", "{bucket}: {answer:#}");
        undone.push((id, answer));
    }
    stage.settle().await;
    for (((bucket, control, _), stood), (id, answer)) in cases.iter().zip(&stood).zip(&undone) {
        assert_eq!(raw(&stage, bucket).await, *stood, "{bucket}");
        undone_well(&stage, bucket, &format!("arn:aws:s3:::{bucket}"), id, answer, &[control]).await;
    }

    stage.world.clear_records();
    for (bucket, ..) in cases {
        break_as(&stage, bucket).await;
    }
    stage.settle().await;
    for ((bucket, control, _), stood) in cases.iter().zip(&stood) {
        let again = stage.about(bucket).await;
        let exempt = ((*control).to_owned(), "exempt".to_owned());
        assert!(again.found.contains(&exempt), "{bucket}: {:#?}", again.ends);
        assert!(again.writes.is_empty() && again.told.is_empty(), "{bucket}: {:?} {:?}", again.writes, again.told);
        assert_eq!(raw(&stage, bucket).await, *stood, "{bucket}");
    }
    stage.close().await;
}

/// Brings a bucket into the state that its name says; again, when it is in it.
async fn break_as(stage: &Stage, bucket: &str) {
    let aws = &stage.aws;
    match bucket {
        "odd-grants" | "odd-grants-half-block" => {
            if bucket == "odd-grants-half-block" {
                aws.put(bucket, "publicAccessBlock", &block_body(false, false, true, false)).await;
            }
            let owner = format!(r#"id="{OWNER}""#);
            let grants = [
                ("x-amz-grant-full-control", owner.as_str()),
                ("x-amz-grant-read", r#"uri="http://acs.amazonaws.com/groups/global/AllUsers""#),
                ("x-amz-grant-read-acp", r#"uri="http://acs.amazonaws.com/groups/global/AuthenticatedUsers""#),
                ("x-amz-grant-write", r#"uri="http://acs.amazonaws.com/groups/s3/LogDelivery""#),
            ];
            aws.s3("PUT", &format!("/{bucket}?acl"), &grants, "").await;
        }
        "odd-policy" => aws.put(bucket, "policy", &odd_policy(bucket)).await,
        "odd-policy-half-block" => {
            aws.put(bucket, "publicAccessBlock", &block_body(true, true, false, false)).await;
            aws.put(bucket, "policy", &odd_policy(bucket)).await;
        }
        "half-block" => aws.put(bucket, "publicAccessBlock", &block_body(true, false, true, false)).await,
        "no-block" => {
            aws.try_s3("DELETE", &format!("/{bucket}?publicAccessBlock"), &[], "").await;
        }
        "tls" => {
            let own = json!({"Version": "2012-10-17", "Statement": [breach::reader(bucket, ACCOUNT)]});
            aws.put_policy(bucket, &own).await;
        }
        "never-owned" => {
            aws.try_s3("DELETE", &format!("/{bucket}?ownershipControls"), &[], "").await;
        }
        "owned" => aws.put_ownership(bucket, "BucketOwnerPreferred").await,
        "default-key" => {
            aws.try_s3("DELETE", &format!("/{bucket}?encryption"), &[], "").await;
        }
        "managed-key" => {
            let key = "arn:aws:kms:eu-central-1:123456789012:alias/aws/s3";
            aws.put_encryption(bucket, "aws:kms", Some(key)).await;
        }
        "website" => aws.put(bucket, "website", WEBSITE).await,
        "unlogged" => {
            let off = r#"<BucketLoggingStatus xmlns="http://s3.amazonaws.com/doc/2006-03-01/"/>"#;
            aws.put(bucket, "logging", off).await;
        }
        "suspended" => aws.put_versioning(bucket, "Suspended").await,
        other => unreachable!("no state `{other}`: add it"),
    }
}

/// One correction of everything that a bucket can have wrong is undone as one.
#[tokio::test(flavor = "multi_thread")]
async fn a_correction_of_everything_is_undone_as_one() {
    let stage = Stage::with_settings(&format!("{ALL_CORRECTIVE}{BY_NAME}{ROOMY}")).await;
    stage.world.lose_events(true);
    stage.aws.create_logs().await;
    stage.aws.create_bucket("data").await;
    stage.aws.put_ownership("data", "ObjectWriter").await;
    stage.aws.put_acl("data", "public-read-write").await;
    stage.aws.put("data", "policy", &odd_policy("data")).await;
    stage.aws.put_encryption("data", "AES256", None).await;
    stage.aws.put("data", "website", WEBSITE).await;
    stage.aws.put_versioning("data", "Suspended").await;
    stage.aws.tag("data", "team", "web").await;
    let stood = raw(&stage, "data").await;
    stage.world.lose_events(false);
    let id = corrected(&stage, "data", &[]).await;
    let row = stage.about("data").await.corrections[0].clone();
    assert_ne!(raw(&stage, "data").await, stood);
    let answer = stage.order(&undo(&resource("data"), &id)).await;
    assert_eq!(answer["outcome"], "restored", "{answer:#}\n{row:#}");
    stage.settle().await;
    assert_eq!(raw(&stage, "data").await, stood, "{answer:#}");
    undone_well(&stage, "data", "arn:aws:s3:::data", &id, &answer, &[ACL, POLICY, "s3-bucket-website-enabled"]).await;
    stage.close().await;
}

/// The account's own block, from half on and from not there.
#[tokio::test(flavor = "multi_thread")]
async fn the_accounts_block_comes_back() {
    for half in [true, false] {
        let stage = Stage::with_settings(&format!("{ALL_CORRECTIVE}{BY_NAME}{ROOMY}")).await;
        let path = "/v20180820/configuration/publicAccessBlock";
        let account = [("x-amz-account-id", ACCOUNT)];
        if half {
            stage.world.lose_events(true);
            stage.aws.s3("PUT", path, &account, &block_body(true, true, false, true)).await;
        } else {
            stage.aws.put_account_block(ACCOUNT, true).await;
            stage.settle().await;
            stage.world.lose_events(true);
            stage.aws.s3("DELETE", path, &account, "").await;
        }
        let stood = account_block(&stage).await;
        assert_eq!(stood.0 == 200, half, "{stood:?}");
        stage.world.lose_events(false);
        // A trail's event about the same again: the guard looks at what stands.
        let arn = format!("arn:aws:s3:eu-central-1:{ACCOUNT}:account/public-access-block");
        let mut explained = json!({"account": ACCOUNT, "region": "eu-central-1", "arn": arn});
        if half {
            stage.aws.s3("PUT", path, &account, &block_body(true, true, false, true)).await;
        } else {
            stage.aws.s3("DELETE", path, &account, "").await;
        }
        stage.settle().await;
        let row = stage.about("public-access-block").await.corrections[0].clone();
        let key: Vec<&str> = row["pk"].as_str().unwrap().splitn(4, '#').collect();
        (explained["region"], explained["arn"]) = (key[2].into(), key[3].into());
        let id = row["correction"].as_str().unwrap();
        assert_ne!(account_block(&stage).await, stood);
        let answer = stage.order(&undo(&explained, id)).await;
        assert_eq!(answer["outcome"], "restored", "{answer:#}\n{explained:#}");
        stage.settle().await;
        assert_eq!(account_block(&stage).await, stood);
        undone_well(&stage, "public-access-block", key[3], id, &answer, &[ACCOUNT_BLOCK]).await;
        stage.close().await;
    }
}

/// Somebody wrote another policy since: both texts are shown and nothing is written, until it is forced.
#[tokio::test(flavor = "multi_thread")]
async fn a_policy_that_was_changed_since_is_shown_and_kept() {
    let stage = Stage::new().await;
    stage.world.lose_events(true);
    stage.aws.create_bucket("data").await;
    stage.aws.put("data", "policy", &odd_policy("data")).await;
    let stood = raw(&stage, "data").await;
    stage.world.lose_events(false);
    let id = corrected(&stage, "data", &[POLICY]).await;
    stage.world.lose_events(true);
    stage.aws.put_policy("data", &breach::policy("data", &[breach::reader("data", ACCOUNT)])).await;
    stage.world.lose_events(false);
    let theirs = raw(&stage, "data").await;
    let ledger = stage.ledger().await.len();
    stage.world.clear_records();
    let answer = stage.order(&undo(&resource("data"), &id)).await;
    assert_eq!(answer["outcome"], "changed", "{answer:#}");
    let differences = answer["differences"].as_array().unwrap();
    assert_eq!(differences.len(), 1, "{answer:#}");
    assert_eq!(differences[0]["part"], "policy");
    assert!(differences[0]["stands"].as_str().unwrap().contains("role/reader"), "{answer:#}");
    assert!(differences[0]["restored"].as_str().unwrap().contains("ünïcode"), "{answer:#}");
    assert_ne!(differences[0]["left"], differences[0]["stands"]);
    assert_eq!(raw(&stage, "data").await, theirs);
    assert!(stage.writes().is_empty() && stage.told("").is_empty());
    assert_eq!(stage.ledger().await.len(), ledger, "nothing was written down");
    let mut forced = undo(&resource("data"), &id);
    forced["force"] = true.into();
    let answer = stage.order(&forced).await;
    assert_eq!(answer["outcome"], "restored", "{answer:#}");
    stage.settle().await;
    assert_eq!(raw(&stage, "data").await, stood);
    // Undoing the forced undo brings back what they had written, not what the correction had.
    let answer = stage.order(&undo(&resource("data"), answer["undo"].as_str().unwrap())).await;
    assert_eq!(answer["outcome"], "restored", "{answer:#}");
    stage.settle().await;
    assert_eq!(raw(&stage, "data").await, theirs);
    stage.close().await;
}

/// What somebody changed elsewhere on the bucket neither holds an undo back nor is lost by it; nor does a pause.
#[tokio::test(flavor = "multi_thread")]
async fn other_parts_and_a_pause_do_not_matter() {
    let stage = Stage::new().await;
    let (stood, id) = public(&stage, "data").await;
    stage.aws.tag("data", "team", "web").await;
    stage.aws.put_versioning("data", "Enabled").await;
    stage.settle().await;
    let mut wanted = stood;
    let now = raw(&stage, "data").await;
    for (was, is) in wanted.iter_mut().zip(now) {
        if ["tagging", "versioning"].contains(&is.0) {
            *was = is;
        }
    }
    let item = json!({"pk": {"S": "standing"}, "sk": {"S": "switch#all"}, "paused_at": {"N": "1795428436785"},
        "reason": {"S": "migration"}, "by": {"S": ALICE}});
    stage.put_row(item).await;
    let answer = stage.order(&undo(&resource("data"), &id)).await;
    assert_eq!(answer["outcome"], "restored", "{answer:#}");
    stage.settle().await;
    assert_eq!(raw(&stage, "data").await, wanted);
    let told: Vec<Value> = stage.told(ACL).into_iter().filter(|told| told["outcome"] == "restored").collect();
    assert_eq!(told.len(), 1);
    assert!(told[0]["paused"].as_str().unwrap().contains("migration"), "{told:#?}");
    stage.close().await;
}

/// Killed after each of its calls in turn; asking again ends the same undo, and only one.
#[tokio::test(flavor = "multi_thread")]
async fn an_undo_that_dies_at_any_call_is_finished_by_asking_again() {
    let stage = Stage::with_settings(&format!("{ALL_CORRECTIVE}{ROOMY}")).await;
    let (_, id) = public(&stage, "measure").await;
    stage.world.lose_events(true);
    stage.world.clear_records();
    let answer = stage.order(&undo(&resource("measure"), &id)).await;
    assert_eq!(answer["outcome"], "restored", "{answer:#}");
    let calls = stage.world.calls().iter().filter(|call| call.function.is_some()).count();
    assert!(calls >= 12, "{calls}\n{}", stage.story());

    let mut began = Vec::new();
    for nth in 1..=u64::try_from(calls).unwrap() {
        let bucket = format!("data-{nth}");
        let (stood, id) = public(&stage, &bucket).await;
        stage.world.lose_events(true);
        stage.faults(vec![Fault { nth: Some(nth), effect: Effect::KillAfter, ..Fault::default() }]);
        let died = stage.world.invoke("S3BucketGuard", &undo(&resource(&bucket), &id)).await.unwrap();
        stage.faults(Vec::new());
        assert_ne!(died.outcome, rectify_sandbox::Outcome::Success, "call {nth} was not its own");
        began.push((bucket, stood, id));
    }
    let limit = Instant::now() + Duration::from_secs(60);
    let mut untold = Vec::new();
    for (bucket, stood, id) in &began {
        let answer = loop {
            let answer = stage.order(&undo(&resource(bucket), id)).await;
            let over = answer["why"].as_str().is_some_and(|why| why.contains("has undone it"));
            if answer["outcome"] != "refused" || over {
                break answer;
            }
            assert!(Instant::now() < limit, "{bucket}: {answer:#}");
            tokio::time::sleep(Duration::from_millis(500)).await;
        };
        // Only one that had written its end down before it died has nothing left to finish.
        assert!(
            ["restored", "refused"].contains(&answer["outcome"].as_str().unwrap_or_default()),
            "{bucket}: {answer:#}"
        );
        assert_eq!(raw(&stage, bucket).await, *stood, "{bucket}: {answer:#}");
        let undos = undos(&stage, bucket).await;
        assert_eq!(undos.len(), 1, "{bucket}: {undos:#?}");
        assert_eq!(undos[0]["status"], "restored", "{bucket}: {:#}", undos[0]);
        assert!(undos[0]["proof"].is_string() && undos[0]["closed_at"].is_i64(), "{bucket}: {:#}", undos[0]);
        assert!(!exemptions(&stage, &format!("arn:aws:s3:::{bucket}")).await.is_empty(), "{bucket}");
        let messages = stage.about(bucket).await.messages;
        if !messages.iter().any(|told| told["outcome"] == "restored") {
            untold.push(bucket.clone());
        }
    }
    // The end is written down and told at the same time: a death in just that moment can cost the message, never the undo.
    assert!(untold.len() <= 1, "nobody was told: {untold:?}");
    stage.close().await;
}

/// AWS refuses the write: an alarm, no exemption, and the control is still in force.
#[tokio::test(flavor = "multi_thread")]
async fn a_refused_undo_is_an_alarm_and_the_next_breach_is_corrected() {
    let stage = Stage::with_settings(&format!("{ALL_CORRECTIVE}{ROOMY}")).await;
    let (_, id) = public(&stage, "data").await;
    let denied = |operation: &str| Fault {
        service: Some("s3".to_owned()),
        operation: Some(operation.to_owned()),
        effect: Effect::Error { status: 403, code: "AccessDenied".to_owned() },
        ..Fault::default()
    };
    stage.world.clear_records();
    stage.faults(vec![denied("DeletePublicAccessBlock"), denied("PutBucketAcl")]);
    let answer = stage.order(&undo(&resource("data"), &id)).await;
    stage.faults(Vec::new());
    stage.settle().await;
    assert_eq!(answer["outcome"], "not-restored", "{answer:#}");
    assert!(exemptions(&stage, "arn:aws:s3:::data").await.is_empty());
    let told = stage.told(ACL);
    assert_eq!((told.len(), &told[0]["outcome"], &told[0]["alarm"]), (1, &json!("not-restored"), &json!(true)));
    assert!(told[0]["why"].as_str().unwrap().contains("AccessDenied"), "{told:#?}");
    let undos = undos(&stage, "data").await;
    assert_eq!((undos.len(), &undos[0]["status"]), (1, &json!("not-restored")), "{undos:#?}");
    assert!(undos[0]["closed_at"].is_i64(), "{undos:#?}");

    stage.world.lose_events(true);
    stage.aws.s3("DELETE", "/data?publicAccessBlock", &[], "").await;
    stage.world.lose_events(false);
    stage.aws.put_acl("data", "public-read").await;
    stage.settle().await;
    assert!(!stage.aws.acl("data").await.contains("AllUsers"), "{:#?}", stage.ends());
    stage.close().await;
}

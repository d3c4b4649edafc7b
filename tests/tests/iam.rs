//! The role in the template against the calls that are made: nothing is missing, and what is not used is known.

use std::collections::{BTreeMap, BTreeSet};

use rectify_e2e::{ACCOUNT, ALL_CORRECTIVE, Stage, breach, granted};
use serde_json::json;

/// Granted actions that no breach of any control uses, and why the role has them.
const UNUSED: [(&str, &str); 10] = [
    ("events:DescribeRule", "the account's own forwarding rules, for the doctor, in an organisation"),
    ("events:PutEvents", "a sweep that goes on"),
    ("iam:PassRole", "checked by EventBridge Scheduler when a schedule is made, not a call"),
    ("logs:CreateLogStream", "the Lambda service writes the log, not the function's code"),
    ("logs:PutLogEvents", "the Lambda service writes the log, not the function's code"),
    ("s3:DeleteAccessPointPolicy", "an access point is only told; for an undo"),
    ("s3:GetBucketLocation", "for a sweep, where the list of buckets does not tell the region"),
    ("s3:PutAccessPointPolicy", "an access point is only told; for an undo"),
    ("sts:AssumeRole", "the way into members, in an organisation"),
    ("sts:TagSession", "the way into members, in an organisation"),
];

const GUARD: &str = "S3BucketGuard";

/// All fourteen controls, told and corrected, by one role.
#[tokio::test(flavor = "multi_thread")]
async fn the_role_is_enough_and_not_much_more() {
    let granted = granted(GUARD);
    assert!(granted.contains("s3:PutBucketAcl") && granted.contains("dynamodb:PutItem"), "{granted:?}");
    assert!(granted.iter().all(|action| !action.contains('*')), "{granted:?}");

    // Without the TLS statement a policy that was only public is deleted.
    let exemption = r#"
[[exemption]]
control = "s3-bucket-tls-not-required"
resource = "arn:aws:s3:::only-public"
owner = "team@example.com"
reason = "has no policy"
ticket = "SEC-1"
expires = 2999-12-31
"#;
    let grace = "\n[control.s3-bucket-block-public-access-off]\ngrace = \"1h\"\n";
    let stage = Stage::with_settings(&format!("{ALL_CORRECTIVE}{}{grace}{exemption}", breach::BY_NAME)).await;
    for control in breach::controls() {
        stage.aws.prepare(control).await;
    }
    stage.aws.create_bucket("only-public").await;
    stage.settle().await;
    for control in breach::controls() {
        stage.aws.breach(control).await;
    }
    stage.aws.put_policy("only-public", &json!({"Statement": [breach::open("only-public")]})).await;
    stage.settle().await;
    assert_eq!(stage.world.schedules().len(), 1, "a grace period: {:#?}", stage.ends());
    // One undo, of the one correction whose inverse is a call of its own.
    let website = stage.about(&breach::subject("s3-bucket-website-enabled")).await;
    let id = website.corrections.last().unwrap().get("correction").unwrap().clone();
    let undo = json!({"rectify": "undo", "correction": id, "reason": "test", "by": "alice", "until": "2999-12-31T00:00:00Z",
        "resource": {"account": ACCOUNT, "region": "eu-central-1", "arn": website.ends.first().unwrap().all.get("resource")}});
    let answer = stage.world.invoke("S3BucketGuard", &undo).await.unwrap().response;
    assert_eq!(answer.get("outcome"), Some(&json!("restored")), "{answer}");
    stage.settle().await;
    // A sweep, page by page.
    let mut after = json!(null);
    loop {
        let sweep =
            json!({"rectify": "sweep", "account": ACCOUNT, "region": "eu-central-1", "dry_run": true, "after": after});
        let answer = stage.world.invoke("S3BucketGuard", &sweep).await.unwrap().response;
        assert!(answer.get("looked").is_some(), "{answer}");
        match answer.get("next") {
            Some(next) if !next.is_null() => after = next.clone(),
            _ => break,
        }
    }

    let mut used = BTreeMap::new();
    let mut refused = BTreeSet::new();
    for call in stage.world.calls().into_iter().filter(|call| call.function.as_deref() == Some(GUARD)) {
        if call.status == 403 || call.error.as_deref().is_some_and(|code| code.starts_with("AccessDenied")) {
            refused.insert(call.action.clone());
        }
        for action in call.action.split(',') {
            used.insert(action.to_owned(), format!("{}:{}", call.service, call.operation));
        }
    }
    assert!(refused.is_empty(), "the role refuses what the guard does: {refused:?}");
    let missing: Vec<_> = used.iter().filter(|(action, _)| !granted.contains(*action)).collect();
    assert!(missing.is_empty(), "used and not granted: {missing:?}");
    let unused: Vec<&str> = granted.iter().map(String::as_str).filter(|action| !used.contains_key(*action)).collect();
    assert_eq!(unused, UNUSED.map(|(action, _)| action), "granted and not used: explain it in UNUSED or take it away");
    stage.close().await;
}

//! One hub for an organisation: the real guard, under exactly the roles of the three templates.

#![expect(clippy::unwrap_used, reason = "a test that cannot go on has failed")]

use rectify_e2e::{
    ACCOUNT, Stage,
    organization::{CLOSED, DEVELOPMENT, OUTSIDE, PRODUCTION, SETTINGS, WATCHED},
};
use serde_json::{Value, json};

const CONTROL: &str = "s3-bucket-public-acl";

/// Every kind of caller CloudTrail knows, and where it acts.
const CALLERS: [(&str, &str); 5] = [
    ("", "eu-central-1"),
    ("user-alice-", "us-east-1"),
    ("role-deploy-", "eu-central-1"),
    ("autoscaling.amazonaws.com-", "us-east-1"),
    ("root-", "us-east-1"),
];

/// Makes a bucket as somebody in `account`, and then makes it public.
async fn breach(stage: &Stage, who: &str, account: &str, region: &str, bucket: &str) {
    let somebody = stage.aws.acting(&format!("{who}{account}"), region);
    somebody.create_bucket(bucket).await;
    stage.settle().await;
    somebody.put_acl(bucket, "public-read").await;
    stage.settle().await;
}

async fn is_public(stage: &Stage, account: &str, bucket: &str) -> bool {
    stage.aws.acting(account, "eu-central-1").acl(bucket).await.contains("AllUsers")
}

/// What functions did in the organisation was done by roles that allowed it: nothing was refused, and nothing in a member was
/// done as anybody but a role of that member.
fn within_its_roles(stage: &Stage) {
    for call in stage.world.calls().into_iter().filter(|call| call.function.is_some()) {
        let refused = call.status == 403 || call.error.as_deref().is_some_and(|code| code.starts_with("AccessDenied"));
        assert!(!refused, "{call:?}");
    }
    for event in stage.world.events() {
        let issuer = event.pointer("/detail/userIdentity/sessionContext/sessionIssuer/arn").and_then(Value::as_str);
        let Some(issuer) = issuer.filter(|arn| arn.contains("role/rectify/")) else { continue };
        let owner = issuer.split(':').nth(4).unwrap();
        assert_eq!(event.get("account"), Some(&json!(owner)), "{issuer} acted outside its account: {event}");
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn whoever_breaks_it_production_is_put_back_and_development_is_told() {
    let stage = Stage::organization(SETTINGS).await;
    for (at, (who, region)) in CALLERS.iter().enumerate() {
        for (account, name) in [(PRODUCTION, "shop"), (DEVELOPMENT, "play")] {
            breach(&stage, who, account, region, &format!("{name}-{at}")).await;
        }
    }
    for (at, (who, region)) in CALLERS.iter().enumerate() {
        let shop = stage.about(&format!("shop-{at}")).await;
        assert_eq!(shop.found, [(CONTROL.to_owned(), "corrected".to_owned())], "{who} {region}: {}", stage.story());
        assert_eq!(shop.writes, ["PutPublicAccessBlock", "PutBucketAcl"], "{who} {region}");
        assert!(!is_public(&stage, PRODUCTION, &format!("shop-{at}")).await);
        let told = shop.messages.first().unwrap();
        assert_eq!(told.get("account"), Some(&json!(PRODUCTION)), "{told}");
        assert_eq!(told.get("region"), Some(&json!(region)), "{told}");

        let play = stage.about(&format!("play-{at}")).await;
        assert_eq!(play.found, [(CONTROL.to_owned(), "notified".to_owned())], "{who} {region}: {}", stage.story());
        assert!(play.writes.is_empty() && play.corrections.is_empty(), "{play:?}");
        assert!(is_public(&stage, DEVELOPMENT, &format!("play-{at}")).await, "untouched");
        assert_eq!(play.told.len(), 1);
    }
    within_its_roles(&stage);

    // One reading session for each account and process, one writing session for each correction, named after it.
    let taken: Vec<Value> = stage
        .world
        .events()
        .into_iter()
        .filter(|event| event.pointer("/detail/eventName") == Some(&json!("AssumeRole")))
        .filter(|event| event.get("account") == Some(&json!(PRODUCTION)))
        .filter_map(|event| event.pointer("/detail/requestParameters").cloned())
        .filter(|asked| asked.get("roleArn").and_then(Value::as_str).unwrap().contains("-correct-"))
        .collect();
    assert_eq!(taken.len(), CALLERS.len(), "{taken:#?}");
    let shop = stage.about("shop-0").await;
    let id = shop.corrections.last().unwrap().get("correction").unwrap();
    let of_it: Vec<&Value> = taken.iter().filter(|asked| asked.get("roleSessionName") == Some(id)).collect();
    assert_eq!(of_it.len(), 1, "{id} {taken:#?}");
    let tags = of_it.first().unwrap().get("tags").unwrap();
    assert_eq!(
        tags,
        &json!([{"key": "rectify:control", "value": CONTROL}, {"key": "rectify:correction", "value": id}])
    );
    stage.close().await;
}

/// The hub's own account goes the same way, without a hop.
#[tokio::test(flavor = "multi_thread")]
async fn the_hub_guards_itself_without_another_role() {
    let settings = SETTINGS.replace("444444444444", ACCOUNT);
    let stage = Stage::organization(&settings).await;
    breach(&stage, "", ACCOUNT, "us-east-1", "own").await;
    let own = stage.about("own").await;
    assert_eq!(own.found, [(CONTROL.to_owned(), "corrected".to_owned())], "{}", stage.story());
    assert!(!stage.world.calls().iter().any(|call| call.operation == "AssumeRole"), "{}", stage.story());
    within_its_roles(&stage);
    stage.close().await;
}

#[tokio::test(flavor = "multi_thread")]
async fn what_a_member_forges_changes_nothing() {
    let stage = Stage::organization(SETTINGS).await;
    // Two buckets that are open and may be so: one of the hub's, one of development's.
    breach(&stage, "", ACCOUNT, "eu-central-1", "hub-open").await;
    breach(&stage, "", DEVELOPMENT, "eu-central-1", "play-open").await;
    stage.world.clear_records();

    let member = stage.aws.acting(DEVELOPMENT, "eu-central-1");
    let bus = format!("arn:aws:events:eu-central-1:{ACCOUNT}:event-bus/rectify");
    let mut real = stage.example("put-bucket-acl-public", "hub-open");
    let detail = real.get_mut("detail").unwrap().take();
    let sweep = json!({"kind": "s3-bucket", "account": ACCOUNT, "region": "eu-central-1", "controls": [], "sweep": "s", "after": null});
    let entry = |source: &str, kind: &str, detail: &Value| json!({"Source": source, "DetailType": kind, "Detail": detail.to_string(), "EventBusName": bus});
    let trail = "AWS API Call via CloudTrail";
    let entries = json!({"Entries": [
        entry("aws.s3", trail, &detail),
        entry("custom.s3", trail, &detail),
        entry("rectify", "Sweep", &sweep),
        entry("rectify", "Probe", &json!({"kind": "s3-bucket", "probe": "p"})),
    ]});
    let answer = member.json("events", "AWSEvents.PutEvents", &entries).await;
    let answer: Value = serde_json::from_str(&answer.body).unwrap();
    assert_eq!(answer.get("FailedEntryCount"), Some(&json!(1)), "{answer}");
    assert_eq!(answer.pointer("/Entries/0/ErrorCode"), Some(&json!("NotAuthorizedForSourceException")));
    stage.settle().await;
    assert!(stage.world.invocations().is_empty(), "no rule takes any of them: {}", stage.story());
    assert!(stage.rows("probe#").await.is_empty());

    // Were they handed to the guard all the same: as they came, and as AWS's own with somebody else's bucket and account in it.
    for (source, kind, detail) in
        [("custom.s3", trail, &detail), ("rectify", "Sweep", &sweep), ("aws.s3", trail, &detail)]
    {
        let event = json!({"version": "0", "id": "00000000-0000-4000-8000-000000000000", "detail-type": kind, "source": source,
            "account": DEVELOPMENT, "time": "2026-11-23T06:09:11Z", "region": "eu-central-1", "resources": [], "detail": detail});
        stage.world.invoke("S3BucketGuard", &event).await.unwrap();
        stage.settle().await;
    }
    assert!(stage.writes().is_empty(), "{}", stage.story());
    assert!(stage.rows("correction#").await.is_empty());
    assert!(is_public(&stage, ACCOUNT, "hub-open").await);
    assert!(is_public(&stage, DEVELOPMENT, "play-open").await);
    let touched = stage
        .world
        .calls()
        .into_iter()
        .find(|call| call.function.is_some() && call.account == ACCOUNT && call.service.starts_with("s3"));
    assert!(touched.is_none(), "looked at in the hub because a member said so: {touched:?}");

    let stranger = stage.aws.acting(OUTSIDE, "eu-central-1");
    let answer = stranger.json("events", "AWSEvents.PutEvents", &entries).await;
    assert!(answer.status == 400 && answer.body.contains("AccessDeniedException"), "{answer:?}");
    stage.close().await;
}

#[tokio::test(flavor = "multi_thread")]
async fn an_account_outside_is_not_seen_and_a_closed_one_is_not_changed() {
    let stage = Stage::organization(SETTINGS).await;
    breach(&stage, "", OUTSIDE, "eu-central-1", "theirs").await;
    assert!(stage.world.invocations().is_empty(), "{}", stage.story());
    assert!(is_public(&stage, OUTSIDE, "theirs").await);

    // `rectify org refresh` writes down active accounts only: nobody knows this one any more, and nothing is put back in it.
    breach(&stage, "", CLOSED, "eu-central-1", "old").await;
    let old = stage.about("old").await;
    assert!(!old.told.is_empty(), "{}", stage.story());
    assert!(old.writes.is_empty() && old.corrections.is_empty(), "{old:?}");
    assert!(is_public(&stage, CLOSED, "old").await);
    within_its_roles(&stage);
    stage.close().await;
}

#[tokio::test(flavor = "multi_thread")]
async fn without_a_writing_role_it_is_told_that_nothing_was_put_back() {
    let stage = Stage::organization(SETTINGS).await;
    breach(&stage, "", WATCHED, "eu-central-1", "bought").await;
    let bought = stage.about("bought").await;
    assert!(is_public(&stage, WATCHED, "bought").await);
    assert!(bought.writes.is_empty(), "{bought:?}");
    assert_eq!(bought.told.len(), 1, "{}", stage.story());
    assert_ne!(bought.told.first().unwrap().1, "corrected");
    let refused: Vec<_> = stage
        .world
        .calls()
        .into_iter()
        .filter(|call| call.error.as_deref() == Some("AccessDenied"))
        .map(|call| (call.operation, call.resource))
        .collect();
    let role = format!("arn:aws:iam::{WATCHED}:role/rectify/rectify-correct-s3-bucket");
    assert!(
        !refused.is_empty() && refused.iter().all(|call| *call == ("AssumeRole".to_owned(), role.clone())),
        "{refused:?}"
    );
    stage.close().await;
}

//! What is asked of the hub about its members: sweeps by the real sweeper, undo, and the ways in.

use rectify_e2e::{
    ALICE, Stage,
    organization::{CLOSED, DEVELOPMENT, OUTSIDE, PRODUCTION, SETTINGS, WATCHED},
};
use rectify_sandbox::{Effect, Fault, Organization};
use serde_json::{Value, json};

const ACL: &str = "s3-bucket-public-acl";

/// A public bucket in `account` that no event told of.
async fn lost(stage: &Stage, account: &str, bucket: &str) {
    let somebody = stage.aws.acting(account, "eu-central-1");
    stage.world.lose_events(true);
    somebody.create_bucket(bucket).await;
    somebody.put_acl(bucket, "public-read").await;
    stage.settle().await;
    stage.world.lose_events(false);
}

async fn is_public(stage: &Stage, account: &str, bucket: &str) -> bool {
    stage.aws.acting(account, "eu-central-1").acl(bucket).await.contains("AllUsers")
}

/// The sweeper reads the organisation, writes down where accounts are, and has every place looked at: what no event told of is
/// put back in production and told in development, each in its own account and by its own roles.
#[tokio::test(flavor = "multi_thread")]
async fn the_sweeper_has_every_member_looked_at() {
    // Nobody has run `rectify org refresh`: what is known of the accounts is what the sweeper writes.
    // Production is told by its tag here, so that tags are read too.
    let unit = r#"organizational-units = ["ou-home-producti"]"#;
    assert!(SETTINGS.contains(unit));
    let settings = SETTINGS.replace(unit, r#"account-tags = { environment = "production" }"#);
    let stage = Stage::build(&settings, |builder| builder.organization(Organization::example())).await;
    assert_eq!(stage.world.tick("Sweeper"), 1);
    stage.settle().await;
    let known = stage.rows("account").await;
    let known: Vec<&str> = known.iter().filter_map(|row| row.get("pk")?.as_str()).collect();
    for account in [PRODUCTION, DEVELOPMENT, WATCHED] {
        assert!(known.contains(&format!("standing#{account}").as_str()), "{account} in {known:?}");
    }
    assert!(!known.iter().any(|pk| pk.ends_with(CLOSED) || pk.ends_with(OUTSIDE)), "{known:?}");

    for account in [PRODUCTION, DEVELOPMENT, CLOSED, OUTSIDE] {
        lost(&stage, account, &format!("quiet-{account}")).await;
    }
    assert!(stage.told(ACL).is_empty(), "nobody looked: {}", stage.story());
    for _ in 0..2 {
        assert_eq!(stage.world.tick("Sweeper"), 1);
        stage.settle().await;
    }

    assert!(!is_public(&stage, PRODUCTION, &format!("quiet-{PRODUCTION}")).await, "{}", stage.story());
    assert!(is_public(&stage, DEVELOPMENT, &format!("quiet-{DEVELOPMENT}")).await);
    let told = stage.told(ACL);
    let of = |account: &str| -> Vec<&Value> {
        told.iter().filter(|told| told.get("account") == Some(&json!(account))).collect()
    };
    assert_eq!(of(DEVELOPMENT).len(), 1, "two sweeps, one message: {told:#?}");
    let outcomes: Vec<_> = of(PRODUCTION).iter().filter_map(|told| told.get("outcome")?.as_str()).collect();
    assert_eq!(outcomes, ["corrected"], "{told:#?}");
    assert!(stage.dead_letters().await.is_empty(), "no way into an account is no news: {}", stage.story());
    assert!(of(CLOSED).is_empty() && of(OUTSIDE).is_empty(), "{told:#?}");
    assert!(is_public(&stage, CLOSED, &format!("quiet-{CLOSED}")).await);
    assert!(is_public(&stage, OUTSIDE, &format!("quiet-{OUTSIDE}")).await);
    stage.close().await;
}

#[tokio::test(flavor = "multi_thread")]
async fn a_correction_in_a_member_is_undone_there_and_explained() {
    let stage = Stage::organization(SETTINGS).await;
    let somebody = stage.aws.acting(PRODUCTION, "us-east-1");
    somebody.create_bucket("shop").await;
    stage.settle().await;
    somebody.put_acl("shop", "public-read").await;
    stage.settle().await;
    assert!(!is_public(&stage, PRODUCTION, "shop").await, "{}", stage.story());
    let shop = stage.about("shop").await;
    let told = shop.messages.first().unwrap();
    assert!(told.get("environment_read").is_some_and(|read| read.as_str().unwrap().ends_with("0m ago")), "{told}");
    assert_eq!(told.get("account_name"), Some(&json!(PRODUCTION)), "{told}");

    let id = shop.corrections.last().unwrap().get("correction").unwrap().clone();
    let resource = json!({"account": PRODUCTION, "region": "us-east-1", "arn": "arn:aws:s3:::shop"});
    let undo = json!({"rectify": "undo", "correction": id, "reason": "meant to be public", "by": ALICE,
        "until": "2999-12-31T00:00:00Z", "resource": resource});
    let answer = stage.world.invoke("S3BucketGuard", &undo).await.unwrap().response;
    assert_eq!(answer.get("outcome"), Some(&json!("restored")), "{answer}");
    stage.settle().await;
    assert!(is_public(&stage, PRODUCTION, "shop").await, "as it stood, and left alone: {}", stage.story());

    let explain = json!({"rectify": "explain", "resource": resource});
    let answer = stage.world.invoke("S3BucketGuard", &explain).await.unwrap().response;
    assert_eq!(answer.pointer("/environment/value"), Some(&json!("production")), "{answer}");
    assert_eq!(answer.get("gone"), Some(&json!(false)), "{answer}");
    let controls = answer.get("controls").and_then(Value::as_array).unwrap();
    let acl = controls.iter().find(|control| control.get("control") == Some(&json!(ACL))).unwrap();
    assert!(acl.get("exemption").is_some_and(|exemption| !exemption.is_null()), "{acl}");
    stage.close().await;
}

/// Not every unit need be watched: a sweep of an account that lets nobody in says so and is over. An event from there is
/// another matter: it comes from a watched account, and is kept.
#[tokio::test(flavor = "multi_thread")]
async fn a_sweep_of_an_account_that_is_not_watched_is_no_failure() {
    let stage = Stage::organization(SETTINGS).await;
    let refused = Effect::Error { status: 403, code: "AccessDenied".into() };
    let closed = Fault { operation: Some("AssumeRole".into()), effect: refused, ..Fault::default() };
    stage.world.set_faults(vec![closed]);
    assert_eq!(stage.world.tick("Sweeper"), 1);
    stage.settle().await;
    let ignored = stage.ended("ignored");
    let of = |account: &str| ignored.iter().any(|end| end.all.to_string().contains(account));
    assert!(of(PRODUCTION) && of(DEVELOPMENT), "{ignored:?}");
    assert!(stage.dead_letters().await.is_empty(), "{}", stage.story());

    let somebody = stage.aws.acting(PRODUCTION, "eu-central-1");
    somebody.create_bucket("shop").await;
    somebody.put_acl("shop", "public-read").await;
    stage.settle().await;
    assert!(!stage.dead_letters().await.is_empty(), "nobody looked at it, and somebody has to know: {}", stage.story());
    stage.close().await;
}

/// Where the default environment corrects, an account that nobody has written down is in it and is still not changed: whoever
/// reaches the bus is not yet one of ours.
#[tokio::test(flavor = "multi_thread")]
async fn an_account_that_nobody_knows_is_told_and_never_changed() {
    let settings = "[[environment]]\nname = \"all\"\ndefault = true\nmode = \"corrective\"\n";
    let stage = Stage::organization(settings).await;
    // Both have writing roles; only one of them is written down.
    for (account, bucket) in [(PRODUCTION, "known"), (CLOSED, "unknown")] {
        let somebody = stage.aws.acting(account, "eu-central-1");
        somebody.create_bucket(bucket).await;
        stage.settle().await;
        somebody.put_acl(bucket, "public-read").await;
        stage.settle().await;
    }
    assert!(!is_public(&stage, PRODUCTION, "known").await, "{}", stage.story());
    let unknown = stage.about("unknown").await;
    assert_eq!(unknown.found, [(ACL.to_owned(), "withheld".to_owned())], "{}", stage.story());
    assert!(unknown.writes.is_empty() && unknown.corrections.is_empty(), "{unknown:?}");
    assert!(is_public(&stage, CLOSED, "unknown").await);
    let why = unknown.messages.first().and_then(|told| told.get("why")?.as_str()).unwrap();
    assert!(why.contains("nobody has written down account"), "{why}");
    stage.close().await;
}

//! Exposed keys in the sandbox: the guard of objects finds one, and the guard of keys deactivates it where its account says so.

#![expect(clippy::unwrap_used, clippy::panic, reason = "a test that cannot go on has failed")]

use rectify_e2e::{
    ACCOUNT, ALL_CORRECTIVE, Stage,
    organization::{DEVELOPMENT, OUTSIDE, PRODUCTION, SETTINGS},
    undo,
};
use rectify_sandbox::{Effect, Fault};
use serde_json::{Value, json};

const EXPOSED: &str = "access-key-exposed";
const OBJECT: &str = "s3-object-access-key";

/// Both are switched on by name, and this account is the one that rectify runs in.
const ON: &str = r#"
[control.s3-object-access-key]
production = "corrective"

[control.access-key-exposed]
production = "corrective"
own-account = true
"#;

const VERSION: &str = "2010-05-08";

/// A user's key, as AWS gives it out once.
struct Key {
    user: String,
    id: String,
    secret: String,
}

impl Key {
    fn file(&self) -> String {
        format!("[default]\naws_access_key_id = {}\naws_secret_access_key = {}\n", self.id, self.secret)
    }

    /// The key as orders name it.
    fn resource(&self, account: &str) -> Value {
        json!({"account": account, "region": "us-east-1", "arn": format!("arn:aws:iam::{account}:access-key/{}", self.id)})
    }
}

fn element(xml: &str, name: &str) -> String {
    let (_, rest) = xml.split_once(&format!("<{name}>")).unwrap_or_else(|| panic!("no {name} in {xml}"));
    rest.split_once('<').unwrap().0.to_owned()
}

/// A new user of `account` with a key, made by its administrator.
async fn key(stage: &Stage, account: &str, user: &str) -> Key {
    let somebody = stage.aws.acting(account, "us-east-1");
    somebody.query("iam", VERSION, "CreateUser", &[("UserName", user)]).await;
    let made = somebody.query("iam", VERSION, "CreateAccessKey", &[("UserName", user)]).await.body;
    Key { user: user.to_owned(), id: element(&made, "AccessKeyId"), secret: element(&made, "SecretAccessKey") }
}

async fn status(stage: &Stage, account: &str, key: &Key) -> String {
    let somebody = stage.aws.acting(account, "us-east-1");
    let list = somebody.query("iam", VERSION, "ListAccessKeys", &[("UserName", &key.user)]).await.body;
    assert!(list.contains(&key.id), "{list}");
    element(&list, "Status")
}

async fn set_status(stage: &Stage, account: &str, key: &Key, status: &str) {
    let parameters = [("UserName", key.user.as_str()), ("AccessKeyId", &key.id), ("Status", status)];
    stage.aws.acting(account, "us-east-1").query("iam", VERSION, "UpdateAccessKey", &parameters).await;
    stage.settle().await;
}

/// A bucket of `account` that tells of its objects.
async fn bucket(stage: &Stage, account: &str, name: &str) {
    let somebody = stage.aws.acting(account, "eu-central-1");
    somebody.create_bucket(name).await;
    let body = r#"<NotificationConfiguration xmlns="http://s3.amazonaws.com/doc/2006-03-01/"><EventBridgeConfiguration/></NotificationConfiguration>"#;
    somebody.s3("PUT", &format!("/{name}?notification"), &[], body).await;
    stage.settle().await;
}

async fn put(stage: &Stage, account: &str, path: &str, content: &str) {
    stage.aws.acting(account, "eu-central-1").s3("PUT", path, &[], content).await;
    stage.settle().await;
}

/// A world with both guards, a bucket and a user with a key.
async fn stage(settings: &str) -> (Stage, Key) {
    let settings = format!("{ALL_CORRECTIVE}{settings}");
    let stage = Stage::build(&settings, |builder| builder.guards(["S3ObjectGuard", "AccessKeyGuard"])).await;
    bucket(&stage, ACCOUNT, "data").await;
    let key = key(&stage, ACCOUNT, "ci").await;
    stage.settle().await;
    stage.world.clear_records();
    (stage, key)
}

/// How it ended for keys, in order; without the looks at keys that break nothing.
fn ends(stage: &Stage) -> Vec<String> {
    stage.ends().into_iter().filter(|end| end.control == EXPOSED).map(|end| end.outcome).collect()
}

fn no_secret(stage: &Stage, ledger: &[Value], key: &Key) {
    let everything = format!("{:?} {ledger:?} {} {:?}", stage.told(""), stage.story(), stage.world.events());
    assert!(everything.contains(&key.id) && !everything.contains(&key.secret), "the secret was repeated");
}

#[tokio::test(flavor = "multi_thread")]
async fn a_found_key_is_deactivated_proven_told_once_and_activated_again() {
    let (stage, key) = stage(ON).await;
    put(&stage, ACCOUNT, "/data/app.env", &key.file()).await;
    assert_eq!(status(&stage, ACCOUNT, &key).await, "Inactive", "{}", stage.story());
    assert_eq!(ends(&stage), ["corrected"], "{}", stage.story());
    let about = stage.about(&key.id).await;
    assert_eq!((about.told.len(), about.corrections.len()), (1, 1), "{about:?}");
    let told = &about.messages[0].to_string();
    assert!(told.contains("s3://data/app.env") && told.contains("ci"), "{told}");
    // The object goes its own way, and each is a correction of its own.
    assert_eq!(stage.told(OBJECT).len(), 1);
    assert!(stage.told(OBJECT)[0].to_string().contains(&format!("{} of account {ACCOUNT}", key.id)));
    let mut writes = stage.writes();
    writes.sort();
    assert_eq!(writes, ["PutBucketPolicy", "PutObjectTagging", "UpdateAccessKey"]);

    // In another object: no news.
    put(&stage, ACCOUNT, "/data/copy.env", &key.file()).await;
    assert_eq!((ends(&stage).len(), stage.told(EXPOSED).len()), (1, 1), "{}", stage.story());

    let correction = about.ends.iter().find_map(|end| end.all["correction"].as_str()).unwrap().to_owned();
    let answer = stage.order_to("AccessKeyGuard", &undo(&key.resource(ACCOUNT), &correction)).await;
    assert_eq!(answer["outcome"], "restored", "{answer} {}", stage.story());
    stage.settle().await;
    assert_eq!(status(&stage, ACCOUNT, &key).await, "Active");
    assert!(stage.dead_letters().await.is_empty());
    no_secret(&stage, &stage.ledger().await, &key);
    stage.close().await;
}

/// Guarded: told until the settings name it. And even then not in the account that rectify runs in, until they name that as well.
#[tokio::test(flavor = "multi_thread")]
async fn nothing_is_deactivated_that_the_settings_do_not_name() {
    for (settings, says) in [("", ""), ("\n[control.access-key-exposed]\nproduction = \"corrective\"\n", "own-account")]
    {
        let (stage, key) = stage(settings).await;
        put(&stage, ACCOUNT, "/data/app.env", &key.file()).await;
        assert_eq!(ends(&stage), ["notified"], "{}", stage.story());
        assert_eq!(status(&stage, ACCOUNT, &key).await, "Active");
        let told = stage.told(EXPOSED);
        assert!(told.len() == 1 && told[0].to_string().contains(says), "{told:?}");
        assert_eq!(stage.writes(), [""; 0]);
        stage.close().await;
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn near_misses_are_left_alone() {
    let (stage, works) = stage(ON).await;
    let off = key(&stage, ACCOUNT, "off").await;
    set_status(&stage, ACCOUNT, &off, "Inactive").await;
    let gone = key(&stage, ACCOUNT, "gone").await;
    let parameters = [("UserName", gone.user.as_str()), ("AccessKeyId", &gone.id)];
    stage.aws.acting(ACCOUNT, "us-east-1").query("iam", VERSION, "DeleteAccessKey", &parameters).await;
    stage.settle().await;
    stage.world.clear_records();

    for (path, content) in [
        ("/data/off", off.file()),
        ("/data/gone", gone.file()),
        ("/data/session", works.file().replacen("AKIA", "ASIA", 1)),
        ("/data/id-alone", format!("{} was used on Monday\n", works.id)),
        ("/data/documentation", "aws_access_key_id = AKIAIOSFODNN7EXAMPLE\naws_secret_access_key = wJalrXUtnFEMI/K7MDENG/bPxRfiCYEXAMPLEKEY\n".to_owned()),
    ] {
        put(&stage, ACCOUNT, path, &content).await;
    }
    // Nobody has found this one anywhere.
    set_status(&stage, ACCOUNT, &works, "Inactive").await;
    set_status(&stage, ACCOUNT, &works, "Active").await;
    assert_eq!((ends(&stage).len(), stage.told(EXPOSED).len()), (0, 0), "{}", stage.story());
    assert!(!stage.world.calls().iter().any(|call| call.function.is_some() && call.operation == "UpdateAccessKey"));
    assert_eq!(status(&stage, ACCOUNT, &works).await, "Active");
    assert!(stage.dead_letters().await.is_empty());
    stage.close().await;
}

/// That a key was found is kept: whoever activates it again does so against what is known, and whoever deletes it ends the matter.
#[tokio::test(flavor = "multi_thread")]
async fn a_key_that_was_found_is_watched_from_then_on() {
    let (stage, key) = stage(ON).await;
    put(&stage, ACCOUNT, "/data/app.env", &key.file()).await;
    set_status(&stage, ACCOUNT, &key, "Active").await;
    assert_eq!(ends(&stage), ["corrected", "corrected"], "{}", stage.story());
    assert_eq!(status(&stage, ACCOUNT, &key).await, "Inactive");
    let parameters = [("UserName", key.user.as_str()), ("AccessKeyId", &key.id)];
    stage.aws.query("iam", VERSION, "DeleteAccessKey", &parameters).await;
    stage.settle().await;
    assert_eq!(stage.ends().last().unwrap().outcome, "superseded", "{}", stage.story());
    assert_eq!(ends(&stage).len(), 2);
    stage.close().await;
}

/// Time for a person to look first. When it is over, nothing but the key's name is left of the event: the ledger knows the rest.
#[tokio::test(flavor = "multi_thread")]
async fn a_grace_period_is_waited_out() {
    let (stage, key) = stage(&format!("{ON}grace = \"2s\"\n")).await;
    put(&stage, ACCOUNT, "/data/app.env", &key.file()).await;
    stage.until_not(async || status(&stage, ACCOUNT, &key).await == "Active").await;
    assert_eq!(ends(&stage), ["deferred", "corrected"], "{}", stage.story());
    assert!(stage.told(EXPOSED)[0].to_string().contains("s3://data/app.env"));
    stage.close().await;
}

/// The tag is the user's, and the settings decide that it counts.
#[tokio::test(flavor = "multi_thread")]
async fn a_user_is_exempted_by_a_tag() {
    let exemption = r#"
[exemptions]
resource-tag-alone = true

[[exemption]]
control = "access-key-exposed"
resource = "arn:aws:iam::*:access-key/*"
tags = { "break-glass" = "true" }
owner = "security@example.com"
reason = "must never stop"
ticket = "SEC-9"
expires = 2099-01-01
"#;
    let (stage, key) = stage(&format!("{ON}{exemption}")).await;
    let tag = [("UserName", "ci"), ("Tags.member.1.Key", "break-glass"), ("Tags.member.1.Value", "true")];
    stage.aws.query("iam", VERSION, "TagUser", &tag).await;
    put(&stage, ACCOUNT, "/data/app.env", &key.file()).await;
    assert_eq!(ends(&stage), ["exempt"], "{}", stage.story());
    assert_eq!(status(&stage, ACCOUNT, &key).await, "Active");
    // The object is another resource, and is quarantined.
    assert_eq!(stage.ended("corrected").len(), 1);
    stage.close().await;
}

/// Either can fail alone.
#[tokio::test(flavor = "multi_thread")]
async fn a_key_is_deactivated_where_the_object_cannot_be_quarantined_and_the_other_way_round() {
    let (stage, key) = stage(ON).await;
    let many: Vec<String> = (0..10).map(|at| format!("tag-{at}=x")).collect();
    stage.aws.s3("PUT", "/data/app.env", &[("x-amz-tagging", &many.join("&"))], &key.file()).await;
    stage.settle().await;
    assert_eq!(ends(&stage), ["corrected"], "{}", stage.story());
    assert_eq!(stage.ended("notified").len(), 1);
    assert_eq!(stage.writes(), ["UpdateAccessKey"]);
    stage.close().await;

    let (stage, key) = self::stage(ON).await;
    stage.faults(vec![Fault {
        service: Some("iam".to_owned()),
        operation: Some("UpdateAccessKey".to_owned()),
        effect: Effect::Error { status: 403, code: "AccessDenied".to_owned() },
        ..Fault::default()
    }]);
    put(&stage, ACCOUNT, "/data/app.env", &key.file()).await;
    assert_eq!(ends(&stage), ["failed"], "{}", stage.story());
    assert_eq!(stage.ended("corrected").len(), 1, "the object");
    assert_eq!(status(&stage, ACCOUNT, &key).await, "Active");
    stage.close().await;
}

/// Whose key it is decides what is done, and where: by the roles of its own account.
#[tokio::test(flavor = "multi_thread")]
async fn the_mode_is_that_of_the_keys_account_and_strangers_are_left_alone() {
    let settings = format!(
        "{SETTINGS}\n[control.access-key-exposed]\nproduction = \"corrective\"\n\n[control.s3-object-access-key]\nproduction = \"corrective\"\n"
    );
    let stage = Stage::organization_with(["S3ObjectGuard", "AccessKeyGuard"], &settings).await;
    bucket(&stage, PRODUCTION, "shop").await;
    bucket(&stage, DEVELOPMENT, "play").await;
    let shop = key(&stage, PRODUCTION, "shop-ci").await;
    let play = key(&stage, DEVELOPMENT, "play-ci").await;
    let foreign = key(&stage, OUTSIDE, "mallory").await;
    stage.settle().await;
    stage.world.clear_records();

    put(&stage, DEVELOPMENT, "/play/shop.env", &shop.file()).await;
    put(&stage, PRODUCTION, "/shop/play.env", &play.file()).await;
    put(&stage, PRODUCTION, "/shop/foreign.env", &foreign.file()).await;

    let of_shop = stage.about(&shop.id).await;
    assert_eq!(of_shop.found, [(EXPOSED.to_owned(), "corrected".to_owned())], "{}", stage.story());
    assert_eq!(of_shop.messages[0]["account"], PRODUCTION);
    assert_eq!(status(&stage, PRODUCTION, &shop).await, "Inactive");
    let of_play = stage.about(&play.id).await;
    assert_eq!(of_play.found, [(EXPOSED.to_owned(), "notified".to_owned())], "{}", stage.story());
    assert_eq!(status(&stage, DEVELOPMENT, &play).await, "Active");
    let of_foreign = stage.about(&foreign.id).await;
    assert!(of_foreign.is_untouched(), "{of_foreign:?}");
    assert_eq!(status(&stage, OUTSIDE, &foreign).await, "Active");
    assert!(stage.told(OBJECT).iter().any(|told| told.to_string().contains(OUTSIDE)), "its own message says whose");

    for call in stage.world.calls().into_iter().filter(|call| call.function.is_some()) {
        assert!(call.status != 403 || call.service == "s3", "{call:?}");
        assert!(!call.resource.contains(OUTSIDE), "{call:?}");
    }
    let issuer = |event: &Value| event.pointer("/detail/userIdentity/sessionContext/sessionIssuer/arn").cloned();
    let update =
        stage.world.events().into_iter().find(|event| event["detail"]["eventName"] == "UpdateAccessKey").unwrap();
    assert_eq!(update["account"], PRODUCTION);
    assert_eq!(
        issuer(&update),
        Some(json!(format!("arn:aws:iam::{PRODUCTION}:role/rectify/rectify-correct-access-key")))
    );
    let reads_keys =
        |call: &rectify_sandbox::Call| call.service == "iam" && call.function.as_deref() == Some("S3ObjectGuard");
    assert!(!stage.world.calls().iter().any(reads_keys), "whoever reads objects asks nothing about users");
    stage.close().await;
}

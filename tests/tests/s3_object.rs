//! The guard of objects in the sandbox: keys and tokens in them, and ACLs that open one of them to everyone.

#![expect(
    clippy::unwrap_used,
    clippy::indexing_slicing,
    clippy::string_slice,
    reason = "a test that cannot go on has failed"
)]

use rectify_e2e::{ACCOUNT, ALL_CORRECTIVE, Stage, example_of, undo};
use serde_json::{Value, json};

const KEY: &str = "s3-object-access-key";
const TOKEN: &str = "s3-object-private-key";
const ACL: &str = "s3-object-public-acl";

const BASE32: &[u8] = b"ABCDEFGHIJKLMNOPQRSTUVWXYZ234567";
const BASE64: &[u8] = b"ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789+/";

/// Characters of `alphabet` as chance would have them, the same for the same seed: no secret stands in the repository.
fn chance(seed: u64, alphabet: &[u8], count: usize) -> String {
    let mut state = seed.wrapping_mul(0x9E37_79B9_7F4A_7C15) | 1;
    let mut next = || {
        state ^= state << 13;
        state ^= state >> 7;
        state ^= state << 17;
        usize::try_from(state.wrapping_mul(0x2545_F491_4F6C_DD1D) >> 33).unwrap()
    };
    (0..count).map(|_| char::from(alphabet[next() % alphabet.len()])).collect()
}

fn id(seed: u64) -> String {
    format!("AKIA{}", chance(seed, BASE32, 16))
}

fn secret(seed: u64) -> String {
    chance(seed ^ 0xABCD, BASE64, 40)
}

fn credentials(seed: u64) -> String {
    format!("[default]\naws_access_key_id = {}\naws_secret_access_key = {}\n", id(seed), secret(seed))
}

/// A world with a bucket that tells of its objects.
async fn stage(settings: &str) -> Stage {
    let stage = Stage::guarded_by(
        "S3ObjectGuard",
        &format!("{ALL_CORRECTIVE}{settings}\n[control.s3-bucket-tls-not-required]\nmode = \"off\"\n"),
    )
    .await;
    stage.aws.create_bucket("data").await;
    notify(&stage, "data").await;
    stage.settle().await;
    stage.world.clear_records();
    stage
}

async fn notify(stage: &Stage, bucket: &str) {
    let body = r#"<NotificationConfiguration xmlns="http://s3.amazonaws.com/doc/2006-03-01/"><EventBridgeConfiguration/></NotificationConfiguration>"#;
    stage.aws.s3("PUT", &format!("/{bucket}?notification"), &[], body).await;
}

const QUARANTINE: &str = "\n[control.s3-object-access-key]\nproduction = \"corrective\"\n";

fn resource(path: &str) -> Value {
    json!({"account": ACCOUNT, "region": "eu-central-1", "arn": format!("arn:aws:s3:::{path}")})
}

async fn tags(stage: &Stage, path: &str) -> String {
    stage.aws.s3("GET", &format!("/{path}?tagging"), &[], "").await.body
}

/// Everything that anybody could read afterwards: messages, ledger, logs, answers.
async fn everything(stage: &Stage) -> String {
    format!("{:?} {:?} {}", stage.told(""), stage.ledger().await, stage.story())
}

/// The guard of buckets writes into the same policy meanwhile: neither takes the other's statement for its own.
#[tokio::test(flavor = "multi_thread")]
async fn a_quarantine_ends_also_when_the_bucket_was_put_right_meanwhile() {
    let stage = Stage::build(&format!("{ALL_CORRECTIVE}{QUARANTINE}"), |builder| {
        builder.guards(["S3ObjectGuard", "S3BucketGuard"])
    })
    .await;
    stage.aws.create_bucket("data").await;
    notify(&stage, "data").await;
    stage.aws.s3("PUT", "/data/app.env", &[], &credentials(11)).await;
    stage.settle().await;
    let sids = |policy: Option<Value>| -> Vec<String> {
        let statements = policy.as_ref().and_then(|policy| policy["Statement"].as_array().cloned()).unwrap_or_default();
        statements.iter().map(|statement| statement["Sid"].as_str().unwrap_or_default().to_owned()).collect()
    };
    let both = sids(stage.aws.policy("data").await);
    assert!(both.len() == 2 && both.contains(&"RectifyRequireTls".to_owned()), "{both:?}: {}", stage.story());
    let corrected = stage.ended("corrected");
    let end = corrected.iter().find(|end| end.control == KEY).unwrap_or_else(|| panic!("{}", stage.story()));

    let correction = end.all["correction"].as_str().unwrap();
    let answer = stage.order_to("S3ObjectGuard", &undo(&resource("data/app.env"), correction)).await;
    assert_eq!(answer["outcome"], "restored", "{answer}");
    stage.settle().await;
    assert_eq!(sids(stage.aws.policy("data").await), ["RectifyRequireTls"], "the other guard's statement stays");
    assert!(!tags(&stage, "data/app.env").await.contains("rectify-quarantine"));
    stage.close().await;
}

#[tokio::test(flavor = "multi_thread")]
async fn a_key_is_quarantined_proven_told_once_and_let_out_exactly() {
    let stage = stage(QUARANTINE).await;
    let aws = &stage.aws;
    let policy = json!({"Version": "2012-10-17", "Statement": [{"Sid": "Team", "Effect": "Allow",
        "Principal": {"AWS": format!("arn:aws:iam::{ACCOUNT}:root")}, "Action": "s3:GetObject", "Resource": "arn:aws:s3:::data/*"}]});
    aws.put_policy("data", &policy).await;
    stage.settle().await;
    stage.world.clear_records();

    aws.s3("PUT", "/data/config/app.env", &[("x-amz-tagging", "team=payments")], &credentials(1)).await;
    stage.settle().await;
    let corrected = stage.ended("corrected");
    assert_eq!(corrected.len(), 1, "{}", stage.story());
    assert_eq!(corrected[0].control, KEY);
    assert_eq!(stage.writes(), ["PutBucketPolicy", "PutObjectTagging"], "{}", stage.story());
    let told = stage.told(KEY);
    assert_eq!(told.len(), 1, "{told:?}");
    assert!(told[0].to_string().contains(&id(1)), "whoever reads it knows which key to switch off: {}", told[0]);
    assert!(tags(&stage, "data/config/app.env").await.contains("<Key>rectify-quarantine</Key>"));
    let closed = aws.policy("data").await.unwrap();
    let statements = closed["Statement"].as_array().unwrap();
    assert_eq!(statements.len(), 2);
    assert_eq!(statements[0], policy["Statement"][0]);
    assert_eq!(statements[1]["Resource"], "arn:aws:s3:::data/config/app.env");

    // The same again is no news.
    stage.world.publish(&created("data", "config/app.env"));
    stage.settle().await;
    assert_eq!((stage.told(KEY).len(), stage.writes().len()), (1, 2), "{}", stage.story());

    let correction = corrected[0].all["correction"].as_str().unwrap().to_owned();
    let answer = stage.order_to("S3ObjectGuard", &undo(&resource("data/config/app.env"), &correction)).await;
    assert_eq!(answer["outcome"], "restored", "{answer} {}", stage.story());
    stage.settle().await;
    assert_eq!(aws.policy("data").await.unwrap(), policy);
    let after = tags(&stage, "data/config/app.env").await;
    assert!(after.contains("<Key>team</Key>") && !after.contains("rectify"), "{after}");

    let all = everything(&stage).await;
    assert!(!all.contains(&secret(1)), "the secret was repeated");
    stage.close().await;
}

/// S3's own event for `key`, as the bucket would send it once more.
fn created(bucket: &str, key: &str) -> Value {
    let mut event = example_of("s3-object", "object-created-unversioned");
    event["detail"]["bucket"]["name"] = bucket.into();
    event["detail"]["object"]["key"] = key.into();
    event
}

#[tokio::test(flavor = "multi_thread")]
async fn without_a_policy_there_is_none_after_the_undo() {
    let stage = stage(QUARANTINE).await;
    stage
        .aws
        .s3("PUT", "/data/key.csv", &[], &format!("Access key ID,Secret access key\n{},{}\n", id(2), secret(2)))
        .await;
    stage.settle().await;
    let corrected = stage.ended("corrected");
    assert_eq!(corrected.len(), 1, "{}", stage.story());
    assert!(stage.aws.policy("data").await.is_some());
    let correction = corrected[0].all["correction"].as_str().unwrap().to_owned();
    let answer = stage.order_to("S3ObjectGuard", &undo(&resource("data/key.csv"), &correction)).await;
    assert_eq!(answer["outcome"], "restored", "{answer}");
    stage.settle().await;
    assert_eq!(stage.aws.policy("data").await, None);
    assert!(!tags(&stage, "data/key.csv").await.contains("<Tag>"));
    stage.close().await;
}

/// Guarded: without its name in the settings it is told, and nothing is touched.
#[tokio::test(flavor = "multi_thread")]
async fn a_key_is_told_where_nobody_asked_for_a_quarantine() {
    let stage = stage("").await;
    stage.aws.s3("PUT", "/data/app.env", &[], &credentials(3)).await;
    stage.settle().await;
    assert_eq!(
        stage.ended("notified").iter().map(|end| end.control.as_str()).collect::<Vec<_>>(),
        [KEY],
        "{}",
        stage.story()
    );
    assert_eq!(stage.writes(), [""; 0]);
    assert_eq!(stage.aws.policy("data").await, None);
    stage.close().await;
}

#[tokio::test(flavor = "multi_thread")]
async fn tokens_and_private_keys_are_told() {
    let stage = stage("").await;
    let token = format!("ghp_{}", chance(4, &BASE64[..62], 36));
    let body = chance(5, BASE64, 1500);
    let pem = format!("-----BEGIN RSA PRIVATE KEY-----\nMIIEpAIBAAKCAQEA{body}\n-----END RSA PRIVATE KEY-----\n");
    stage.aws.s3("PUT", "/data/.npmrc", &[], &format!("token={token}\n")).await;
    stage.aws.s3("PUT", "/data/id_rsa", &[], &pem).await;
    stage.settle().await;
    let told = stage.told(TOKEN);
    assert_eq!(told.len(), 2, "{}", stage.story());
    let all = everything(&stage).await;
    assert!(!all.contains(&token) && !all.contains(&body[..64]));
    assert!(all.contains("github-pat") && all.contains("private-key"));
    assert_eq!(stage.writes(), [""; 0]);
    stage.close().await;
}

#[tokio::test(flavor = "multi_thread")]
async fn near_misses_are_left_alone() {
    let stage = stage(QUARANTINE).await;
    let aws = &stage.aws;
    aws.create_bucket("quiet").await;
    stage.settle().await;
    stage.world.clear_records();
    let pair = |id: &str, secret: &str| format!("aws_access_key_id = {id}\naws_secret_access_key = {secret}\n");
    for (key, content) in [
        ("lone-id", format!("{} was used on Monday\n", id(6))),
        ("documentation", pair("AKIAIOSFODNN7EXAMPLE", "wJalrXUtnFEMI/K7MDENG/bPxRfiCYEXAMPLEKEY")),
        ("template", pair(&id(6), "${AWS_SECRET_ACCESS_KEY}")),
        ("header", "-----BEGIN RSA PRIVATE KEY-----\n...\n".to_owned()),
        ("placeholder", "GITHUB_TOKEN=ghp_xxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxx\n".to_owned()),
        ("empty", String::new()),
        ("folder/", String::new()),
    ] {
        aws.s3("PUT", &format!("/data/{key}"), &[], &content).await;
    }
    // Nobody tells of what is put here.
    aws.s3("PUT", "/quiet/app.env", &[], &credentials(6)).await;
    stage.settle().await;
    let outcomes: Vec<String> = stage.ends().into_iter().map(|end| end.outcome).collect();
    assert!(!outcomes.is_empty() && outcomes.iter().all(|outcome| outcome == "compliant"), "{}", stage.story());
    assert_eq!((stage.told("").len(), stage.writes().len()), (0, 0));

    // Gone before anybody looks.
    stage.world.publish(&created("data", "never-there"));
    stage.settle().await;
    assert_eq!(stage.ends().last().unwrap().outcome, "superseded", "{}", stage.story());
    stage.close().await;
}

/// A trail with data events, and Macie, lead to the same object.
#[tokio::test(flavor = "multi_thread")]
async fn every_way_leads_to_the_object() {
    let stage = stage("").await;
    stage.aws.create_bucket("example-reports").await;
    stage.aws.s3("PUT", "/example-reports/config/app.env", &[], &credentials(7)).await;
    stage.aws.s3("PUT", "/example-reports/backup/app.env", &[], &credentials(7)).await;
    stage.aws.s3("PUT", "/example-reports/dumps/home.tar.gz", &[], &credentials(7)).await;
    stage.settle().await;
    stage.world.clear_records();
    for (name, key) in [
        ("put-object-unversioned", "config/app.env"),
        ("copy-object-key", "backup/app.env"),
        ("complete-multipart-upload-key", "dumps/home.tar.gz"),
        ("macie-unversioned", "config/app.env"),
    ] {
        let mut event = example_of("s3-object", name);
        // The sandbox's bucket has no versions.
        if let Some(answer) = event["detail"]["responseElements"].as_object_mut() {
            answer.remove("x-amz-version-id");
        }
        stage.world.publish(&event);
        stage.settle().await;
        let last = stage.ends().pop().unwrap();
        assert_eq!(
            (last.control.as_str(), last.all["resource"].as_str()),
            (KEY, Some(format!("arn:aws:s3:::example-reports/{key}").as_str())),
            "{name}: {}",
            last.all
        );
    }
    assert_eq!(stage.told(KEY).len(), 3, "the same object twice is one message");
    stage.close().await;
}

#[tokio::test(flavor = "multi_thread")]
async fn a_public_object_is_closed_proven_told_once_and_opened_exactly() {
    let stage = stage("").await;
    let aws = &stage.aws;
    aws.s3("PUT", "/data/report.pdf", &[], "report").await;
    stage.settle().await;
    stage.world.clear_records();
    let acl = async || aws.s3("GET", "/data/report.pdf?acl", &[], "").await.body;
    let private = acl().await;

    aws.s3("PUT", "/data/report.pdf?acl", &[("x-amz-acl", "public-read")], "").await;
    stage.settle().await;
    let corrected = stage.ended("corrected");
    assert_eq!(corrected.iter().map(|end| end.control.as_str()).collect::<Vec<_>>(), [ACL], "{}", stage.story());
    assert_eq!(stage.writes(), ["PutObjectAcl"]);
    assert_eq!(stage.told(ACL).len(), 1);
    assert_eq!(acl().await, private);

    let correction = corrected[0].all["correction"].as_str().unwrap().to_owned();
    let answer = stage.order_to("S3ObjectGuard", &undo(&resource("data/report.pdf"), &correction)).await;
    assert_eq!(answer["outcome"], "restored", "{answer} {}", stage.story());
    stage.settle().await;
    assert!(acl().await.contains("AllUsers"));

    // With the object itself.
    aws.s3("PUT", "/data/other.pdf", &[("x-amz-acl", "public-read")], "report").await;
    stage.settle().await;
    assert_eq!(stage.ended("corrected").len(), 2, "{}", stage.story());
    assert!(!aws.s3("GET", "/data/other.pdf?acl", &[], "").await.body.contains("AllUsers"));
    stage.close().await;
}

/// What is packed or in another encoding is read too.
#[tokio::test(flavor = "multi_thread")]
async fn utf_16_is_read() {
    let stage = stage("").await;
    // As text, because that is what the test's person sends: each character is followed by a zero.
    let wide: String = credentials(8).chars().flat_map(|char| [char, '\0']).collect();
    stage.aws.s3("PUT", "/data/out.txt", &[], &wide).await;
    stage.settle().await;
    assert_eq!(stage.told(KEY).len(), 1, "{}", stage.story());
    stage.close().await;
}

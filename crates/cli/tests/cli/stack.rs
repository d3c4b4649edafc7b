//! The commands that talk to a deployed stack, against a sandbox with the guard as it is deployed.

use std::{
    io::{Read as _, Write as _},
    net::TcpStream,
    path::{Path, PathBuf},
    time::Duration,
};

use rectify_sandbox::{Effect, Fault, Invocation, World, WorldBuilder};
use serde_json::{Value, json};

use crate::harness::{self, Run};

const CONTROL: &str = "s3-bucket-public-policy";
const ARN: &str = "arn:aws:s3:::reports";
pub(crate) const SETTINGS: &str = "[[environment]]\nname = \"production\"\nmode = \"corrective\"\ndefault = true\n\n\
    [control.s3-bucket-block-public-access-off]\nmode = \"detective\"\n";

fn root() -> PathBuf {
    Path::new(env!("CARGO_MANIFEST_DIR")).join("../..").canonicalize().unwrap()
}

/// A sandbox with a bucket and its guard in it, and somebody with the command in front of it.
pub(crate) struct Desk {
    pub(crate) world: World,
}

impl Desk {
    pub(crate) async fn new(name: &str) -> Self {
        Self::build(name, |builder| builder).await
    }

    pub(crate) async fn build(name: &str, change: impl FnOnce(WorldBuilder) -> WorldBuilder) -> Self {
        let guards = std::env::var_os("RECTIFY_BIN_DIR").map_or_else(|| root().join("target/release"), PathBuf::from);
        assert!(guards.join("s3-bucket").is_file(), "no guard in {}: `cargo build --release` first", guards.display());
        let settings = PathBuf::from(env!("CARGO_TARGET_TMPDIR")).join(format!("settings-{name}"));
        std::fs::create_dir_all(&settings).unwrap();
        std::fs::write(settings.join("settings.toml"), SETTINGS).unwrap();
        let builder = WorldBuilder::new(root().join("template.yaml"), move |function| {
            guards.join(rectify_sandbox::binary_name(function))
        })
        .settings_directory(settings)
        .guards(["S3BucketGuard"]);
        let desk = Self { world: change(builder).start().await.unwrap() };
        let body = "<CreateBucketConfiguration><LocationConstraint>eu-central-1</LocationConstraint></CreateBucketConfiguration>";
        assert_eq!(desk.s3("PUT", "/reports", body).0, 200);
        desk.settle().await;
        desk
    }

    pub(crate) async fn settle(&self) {
        assert!(self.world.idle(Duration::from_secs(60)).await, "still busy");
    }

    fn s3(&self, method: &str, path: &str, body: &str) -> (u16, String) {
        let address = self.world.endpoint().strip_prefix("http://").unwrap();
        let mut stream = TcpStream::connect(address).unwrap();
        let authorization =
            "AWS4-HMAC-SHA256 Credential=test/20261123/eu-central-1/s3/aws4_request, SignedHeaders=host, Signature=0";
        write!(
            stream,
            "{method} {path} HTTP/1.1\r\nHost: {address}\r\nAuthorization: {authorization}\r\nUser-Agent: aws-cli/2.31.0\r\n\
             Content-Length: {}\r\nConnection: close\r\n\r\n{body}",
            body.len()
        )
        .unwrap();
        let mut answer = String::new();
        stream.read_to_string(&mut answer).unwrap();
        (answer.split(' ').nth(1).unwrap().parse().unwrap(), answer)
    }

    /// Puts an object.
    pub(crate) fn put_object(&self, path: &str, text: &[u8]) {
        let (status, answer) = self.s3("PUT", path, &String::from_utf8_lossy(text));
        assert!(status < 300, "{answer}");
    }

    /// Lets everybody read the bucket, and waits for what comes of it.
    pub(crate) async fn breach(&self) {
        // In place of what the guard may have closed before: a block takes the effect from a policy.
        self.s3("DELETE", "/reports?publicAccessBlock", "");
        self.settle().await;
        let policy = json!({"Version": "2012-10-17", "Statement": [{"Sid": "Everybody", "Effect": "Allow", "Principal": "*",
            "Action": "s3:GetObject", "Resource": "arn:aws:s3:::reports/*"}]});
        let (status, answer) = self.s3("PUT", "/reports?policy", &policy.to_string());
        assert!(status < 300, "{answer}");
        self.settle().await;
    }

    /// Whether the policy lets everybody in and no block takes its effect.
    pub(crate) fn is_public(&self) -> bool {
        let (status, answer) = self.s3("GET", "/reports?policy", "");
        let (_, block) = self.s3("GET", "/reports?publicAccessBlock", "");
        let restricted = block.to_lowercase().contains("<restrictpublicbuckets>true");
        status == 200 && answer.contains("Everybody") && !restricted
    }

    pub(crate) fn run(&self, args: &[&str]) -> Run {
        let mut command = harness::command(args);
        command
            .env("AWS_ACCESS_KEY_ID", "test")
            .env("AWS_SECRET_ACCESS_KEY", "test")
            .env("AWS_REGION", "eu-central-1")
            .env("AWS_ENDPOINT_URL", self.world.endpoint())
            .env("AWS_EC2_METADATA_DISABLED", "true");
        harness::finish(command, b"")
    }

    /// A command that has to work, and its answer.
    pub(crate) fn json(&self, args: &[&str]) -> Value {
        let run = self.run(&[args, &["--output", "json"]].concat());
        assert_eq!(run.code, Some(0), "{args:?}: {run}");
        serde_json::from_str(&run.out).unwrap()
    }

    /// What happened with the control, newest first.
    fn history(&self) -> Vec<Value> {
        self.json(&["history", "--control", CONTROL]).as_array().unwrap().clone()
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn a_correction_is_seen_undone_and_brought_back() {
    let desk = Desk::new("undo").await;
    let empty = desk.run(&["history"]);
    assert_eq!((empty.code, empty.out.as_str()), (Some(0), ""), "{empty}");
    assert!(empty.err.starts_with("nothing happened since "), "{empty}");

    desk.breach().await;
    assert!(!desk.is_public());
    let history = desk.history();
    let correction = &history[0];
    assert_eq!((correction["type"].as_str(), correction["outcome"].as_str()), (Some("correction"), Some("corrected")));
    assert_eq!(correction["resource"]["arn"], ARN);
    assert_eq!(correction["by"]["tool"], "AWS CLI 2.31.0");
    assert_eq!(correction["by"]["event_name"], "PutBucketPolicy");
    assert!(correction["proof"]["at"].is_string() && correction["undone"].is_null(), "{correction:#}");
    let id = correction["id"].as_str().unwrap();
    let whole = desk.run(&["history", id]);
    assert!(whole.out.contains("policy\n") && whole.out.contains("-       \"Sid\": \"Everybody\""), "{whole}");

    let undone = desk.json(&["undo", id, "--reason", "a public report", "--for", "2h", "--ticket", "SEC-1"]);
    assert_eq!(undone["outcome"], "restored", "{undone:#}");
    desk.settle().await;
    assert!(desk.is_public(), "and it stays so");
    let history = desk.history();
    assert_eq!(history.len(), 2, "{history:#?}");
    let undo = undone["undo"].as_str().unwrap();
    assert_eq!((history[0]["type"].as_str(), history[0]["id"].as_str()), (Some("undo"), Some(undo)));
    assert_eq!(
        (history[0]["undo"]["reason"].as_str(), history[0]["undoes"].as_str()),
        (Some("a public report"), Some(id))
    );
    assert_eq!(history[1]["undone"]["by"], undo);

    let again = desk.run(&["undo", id, "--reason", "twice"]);
    assert_eq!((again.code, again.out.as_str()), (Some(5), ""), "{again}");
    assert!(again.err.contains("was undone already") && again.err.contains(undo), "{again}");

    let back = desk.json(&["undo", undo, "--reason", "no longer"]);
    assert_eq!((back["outcome"].as_str(), &back["until"]), (Some("restored"), &Value::Null));
    desk.settle().await;
    assert!(!desk.is_public());
    assert!(desk.json(&["exempt", "list"]).as_array().unwrap().is_empty(), "the exemption ended");

    // Somebody else changes what the correction wrote: an undo would lose that.
    let own = r#"{"Version":"2012-10-17","Statement":[{"Sid":"Ours","Effect":"Allow","Principal":{"AWS":"arn:aws:iam::123456789012:root"},"Action":"s3:GetObject","Resource":"arn:aws:s3:::reports/*"}]}"#;
    desk.s3("PUT", "/reports?policy", own);
    desk.settle().await;
    let changed = desk.run(&["undo", id, "--reason", "once more"]);
    assert_eq!(changed.code, Some(5), "{changed}");
    assert!(changed.out.contains("Ours") && changed.out.contains("--force"), "both states and the way on: {changed}");
    desk.world.shutdown().await;
}

#[tokio::test(flavor = "multi_thread")]
async fn what_a_pause_held_back_is_corrected_when_it_ends() {
    let desk = Desk::new("pause").await;
    assert_eq!(desk.json(&["pause", "--all", "--reason", "migration"])["already"], false);
    let again = desk.json(&["pause", "--all", "--reason", "another"]);
    assert_eq!((&again["already"], again["reason"].as_str()), (&Value::Bool(true), Some("migration")));
    assert_eq!(desk.json(&["pause"]).as_array().unwrap().len(), 1);

    desk.breach().await;
    assert!(desk.is_public());
    assert_eq!(desk.history()[0]["outcome"], "withheld");

    let resumed = desk.json(&["resume", "--all"]);
    assert_eq!(resumed["ended"]["reason"], "migration");
    let outcomes: Vec<&Value> =
        resumed["looks"].as_array().unwrap().iter().flat_map(|look| look["outcomes"].as_array().unwrap()).collect();
    let corrected = |end: &&&Value| end["control"] == CONTROL && end["outcome"] == "corrected";
    assert_eq!(outcomes.iter().filter(corrected).count(), 1, "{resumed:#}");
    desk.settle().await;
    assert!(!desk.is_public());
    let nothing = desk.run(&["resume", "--all"]);
    assert_eq!(nothing.code, Some(0), "{nothing}");
    assert!(nothing.out.contains("Was not paused") && nothing.err.contains("nothing was withheld"), "{nothing}");
    desk.world.shutdown().await;
}

#[tokio::test(flavor = "multi_thread")]
async fn an_exemption_holds_until_it_is_removed_and_explain_says_so() {
    let desk = Desk::new("exempt").await;
    let added = desk.json(&[
        "exempt",
        "add",
        "--control",
        CONTROL,
        "--resource",
        "arn:aws:s3:::rep*",
        "--owner",
        "web",
        "--reason",
        "public",
        "--ticket",
        "SEC-7",
        "--for",
        "30d",
    ]);
    let id = added["id"].as_str().unwrap();
    desk.breach().await;
    assert!(desk.is_public());
    let listed = desk.json(&["exempt", "list"]);
    let listed = listed.as_array().unwrap();
    assert_eq!((listed.len(), listed[0]["id"].as_str(), listed[0]["ticket"].as_str()), (1, Some(id), Some("SEC-7")));

    let explained = desk.run(&["explain", ARN]);
    assert_eq!(explained.code, Some(3), "broken, exempt or not: {explained}");
    for said in ["production  ← line 3", &format!("row {id} of the ledger"), "lets everyone in", CONTROL] {
        assert!(explained.out.contains(said), "{said}: {explained}");
    }
    assert_eq!(desk.json(&["exempt", "remove", id])["id"], id);
    assert_eq!(desk.run(&["exempt", "remove", id]).code, Some(2));
    assert!(desk.json(&["exempt", "list"]).as_array().unwrap().is_empty());
    assert_eq!(desk.json(&["exempt", "list", "--all"])[0]["state"], "ended");
    desk.breach().await;
    assert!(!desk.is_public());
    desk.world.shutdown().await;
}

#[tokio::test(flavor = "multi_thread")]
async fn dead_letters_are_listed_without_being_taken_and_handed_over_again() {
    let desk = Desk::build("letters", |builder| builder.every_guard()).await;
    let (_, queue) = desk
        .world
        .aws_json("sqs", "AmazonSQS.GetQueueUrl", &json!({"QueueName": "rectify-s3-bucket-dead-letters"}))
        .await
        .unwrap();
    let event = json!({"id": "1", "source": "aws.s3", "detail-type": "AWS API Call via CloudTrail", "account": "123456789012",
        "region": "eu-central-1", "time": "2026-11-23T09:00:00Z", "resources": [], "detail": {"eventVersion": "1.11",
        "eventSource": "s3.amazonaws.com", "eventName": "PutBucketPolicy", "awsRegion": "eu-central-1",
        "userIdentity": {"type": "IAMUser", "accountId": "123456789012"},
        "requestParameters": {"bucketName": "reports"}}});
    for body in (0..12).map(|_| event.to_string()).chain(["not JSON".to_owned()]) {
        let message = json!({"QueueUrl": queue["QueueUrl"], "MessageBody": body, "MessageAttributes": {
            "ErrorCode": {"DataType": "Number", "StringValue": "200"},
            "ErrorMessage": {"DataType": "String", "StringValue": "out of time"}}});
        let (status, answer) = desk.world.aws_json("sqs", "AmazonSQS.SendMessage", &message).await.unwrap();
        assert_eq!(status, 200, "{answer}");
    }
    for _ in 0..2 {
        let listed = desk.json(&["deadletters", "list"]);
        let listed = listed.as_array().unwrap();
        assert_eq!(listed.len(), 13, "more than one call gives, and all are still there");
        let readable: Vec<&Value> = listed.iter().filter(|letter| letter["readable"] == true).collect();
        assert_eq!(readable.len(), 12);
        assert_eq!(
            (readable[0]["event"].as_str(), readable[0]["resource"].as_str()),
            (Some("PutBucketPolicy"), Some("bucket reports"))
        );
        assert_eq!(readable[0]["error_message"], "out of time");
    }
    desk.world.clear_records();
    let redriven = desk.run(&["deadletters", "redrive"]);
    assert_eq!(redriven.code, Some(11), "one stays: {redriven}");
    assert!(redriven.out.contains("12 handed over, 1 stayed") && redriven.out.contains("no JSON object"), "{redriven}");
    desk.settle().await;
    // Own calls of a correction come round as events, too.
    let handed = |invocation: &&Invocation| invocation.response["event"] == "1";
    assert_eq!(desk.world.invocations().iter().filter(handed).count(), 12);
    assert_eq!(desk.json(&["deadletters", "list"]).as_array().unwrap().len(), 1);
    desk.world.shutdown().await;
}

/// A topic that is gone, the only channel: five tries, then letters; with the topic back they arrive, in order.
#[tokio::test(flavor = "multi_thread")]
async fn messages_that_nobody_took_are_letters_and_arrive_when_they_are_handed_over() {
    let desk = Desk::build("outbox", |builder| builder.every_guard()).await;
    let fault = Fault {
        service: Some("sns".to_owned()),
        effect: Effect::Error { status: 500, code: "InternalError".to_owned() },
        ..Fault::default()
    };
    desk.world.set_faults(vec![fault]);
    desk.breach().await;
    assert!(desk.world.messages().is_empty());
    let posted = desk.world.posted().len();
    let letters = desk.json(&["deadletters", "list", "--kind", "outbox"]);
    let letters = letters.as_array().unwrap();
    assert!(posted > 0 && letters.len() == posted, "{posted} posted: {letters:#?}");
    assert_eq!((&letters[0]["kind"], &letters[0]["resource"]), (&json!("outbox"), &json!(ARN)));
    assert!(letters[0]["event"].as_str().unwrap().starts_with("s3-bucket-"), "{letters:#?}");

    desk.world.set_faults(Vec::new());
    let redriven = desk.run(&["deadletters", "redrive"]);
    assert_eq!(redriven.code, Some(0), "{redriven}");
    assert!(redriven.out.contains(&format!("outbox: {posted} handed over, 0 stayed")), "{redriven}");
    desk.settle().await;
    assert_eq!(desk.world.messages().len(), posted);
    assert!(desk.json(&["deadletters", "list"]).as_array().unwrap().is_empty());
    desk.world.shutdown().await;
}

#[tokio::test(flavor = "multi_thread")]
async fn a_stack_that_is_not_there_is_asked_about() {
    let desk = Desk::new("nowhere").await;
    for args in [
        &["history", "--stack", "other"][..],
        &["pause", "--stack", "other"],
        &["deadletters", "list", "--stack", "other"],
    ] {
        let run = desk.run(args);
        assert_eq!((run.code, run.out.as_str()), (Some(11), ""), "{run}");
        assert!(run.err.contains("`other-") && run.err.contains("is the stack called `other`"), "{run}");
    }
    let run = desk.run(&["explain", ARN, "--stack", "other"]);
    assert!(run.code == Some(11) && run.err.contains("no function `other-s3-bucket`"), "{run}");
    let run = desk.run(&["undo", "c-06bq3s7k8x3v9q2m1p", "--reason", "x"]);
    assert!(run.code == Some(2) && run.err.contains("there is no `c-06bq3s7k8x3v9q2m1p` in the ledger"), "{run}");
    desk.world.shutdown().await;
}

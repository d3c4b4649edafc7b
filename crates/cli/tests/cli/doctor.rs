//! `rectify doctor` in front of a stack that works, and of the same stack with one thing broken at a time.

#![expect(clippy::indexing_slicing, clippy::panic, reason = "a test that cannot go on has failed")]

use std::{
    io::{Read as _, Write as _},
    net::TcpStream,
    path::PathBuf,
};

use rectify_sandbox::{Effect, Fault, WorldBuilder};
use serde_json::{Value, json};

use crate::{
    harness::{KINDS, Run},
    stack::{Desk, SETTINGS},
};

const RULE: &str = "rectify-S3BucketGuardChange";
const OWN: &str = "rectify-S3BucketGuardOwn";
const TRAIL: &str = "com.amazonaws.cloudtrail.v20131101.CloudTrail_20131101";

/// A stack, the settings file that was deployed to it, and one that was not.
struct Patient {
    desk: Desk,
    deployed: PathBuf,
    other: PathBuf,
}

impl Patient {
    /// In good health: with a trail, which a stack does not bring.
    async fn new(name: &str) -> Self {
        Self::build(name, |builder| builder).await
    }

    async fn build(name: &str, change: impl FnOnce(WorldBuilder) -> WorldBuilder) -> Self {
        let desk = Desk::build(name, |builder| change(builder.every_guard())).await;
        let file = |suffix: &str, text: &str| {
            let path = PathBuf::from(env!("CARGO_TARGET_TMPDIR")).join(format!("doctor-{name}-{suffix}.toml"));
            std::fs::write(&path, text).unwrap();
            path
        };
        let deployed = file("deployed", SETTINGS);
        let other = file("other", &format!("{SETTINGS}\n# newer\n"));
        let patient = Self { desk, deployed, other };
        let trail = json!({"Name": "all", "S3BucketName": "reports", "IsMultiRegionTrail": true});
        patient.aws("cloudtrail", &format!("{TRAIL}.CreateTrail"), &trail);
        patient.aws("cloudtrail", &format!("{TRAIL}.StartLogging"), &json!({"Name": "all"}));
        patient.desk.settle().await;
        patient
    }

    /// A call as a person makes it.
    fn aws(&self, service: &str, target: &str, body: &Value) -> Value {
        let address = self.desk.world.endpoint().strip_prefix("http://").unwrap();
        let mut stream = TcpStream::connect(address).unwrap();
        let body = body.to_string();
        write!(
            stream,
            "POST / HTTP/1.1\r\nHost: {service}.eu-central-1.amazonaws.com\r\nAuthorization: AWS4-HMAC-SHA256 \
             Credential=test/20261128/eu-central-1/{service}/aws4_request, SignedHeaders=host, Signature=0\r\n\
             X-Amz-Target: {target}\r\nContent-Type: application/x-amz-json-1.1\r\nContent-Length: {}\r\n\
             Connection: close\r\n\r\n{body}",
            body.len()
        )
        .unwrap();
        let mut answer = String::new();
        stream.read_to_string(&mut answer).unwrap();
        assert!(answer.starts_with("HTTP/1.1 200"), "{target}: {answer}");
        serde_json::from_str(answer.split("\r\n\r\n").nth(1).unwrap_or_default()).unwrap_or_default()
    }

    fn doctor(&self, more: &[&str]) -> Run {
        let settings = self.deployed.to_str().unwrap();
        self.desk.run(&[&["doctor", "--settings", settings, "--output", "json"], more].concat())
    }

    /// What is not fine, with what to do about it.
    #[track_caller]
    fn troubles(&self, run: &Run) -> Vec<(String, String, String)> {
        let said: Value = serde_json::from_str(&run.out).unwrap_or_else(|error| panic!("{error}: {run}"));
        let text = |check: &Value, key: &str| check[key].as_str().unwrap_or_default().to_owned();
        let checks = said["checks"].as_array().unwrap();
        let troubles: Vec<_> = (checks.iter())
            .filter(|check| check["result"] == "failed" || check["result"] == "warning")
            .map(|check| (text(check, "check"), text(check, "seen"), text(check, "next")))
            .collect();
        let failed = checks.iter().any(|check| check["result"] == "failed");
        assert_eq!(run.code, Some(if failed { 6 } else { 0 }), "{run}");
        assert_eq!(said["fine"], !failed);
        troubles
    }

    /// This one check fails, of one guard or of each, and says what to do.
    #[track_caller]
    fn only(&self, run: &Run, check: &str, seen: &str, next: &str) {
        let troubles = self.troubles(run);
        assert!(!troubles.is_empty(), "`{check}` is not fine: {run}");
        for (id, what, todo) in &troubles {
            assert_eq!(id, check, "only `{check}`: {run}");
            assert!(what.contains(seen), "`{seen}` in {what}");
            assert!(todo.contains(next), "`{next}` in {todo}");
        }
    }

    #[track_caller]
    fn healthy(&self) -> Run {
        let run = self.doctor(&[]);
        assert_eq!((self.troubles(&run), run.code), (Vec::new(), Some(0)), "{run}");
        run
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn a_stack_that_works_is_fine_and_each_thing_that_breaks_is_named() {
    let patient = Patient::new("doctor").await;
    let run = patient.healthy();
    for check in [
        "ledger",
        "function",
        "status",
        "settings",
        "rule",
        "own-events",
        "probe",
        "dead-letters",
        "event-source",
        "waiting",
        "trail",
        "pauses",
        "exemptions",
    ] {
        let said: Value = serde_json::from_str(&run.out).unwrap();
        let of = |one: &&Value| one["check"] == check;
        let one = said["checks"].as_array().unwrap().iter().find(of).unwrap_or_else(|| panic!("no `{check}`: {run}"));
        assert_eq!(one["result"], "fine", "{one:#}");
    }
    assert!(run.err.contains("1 skipped"), "the members of no organisation: {run}");

    // A rule that somebody disables: named with the command, and nothing is corrected meanwhile.
    patient.aws("events", "AWSEvents.DisableRule", &json!({"Name": RULE}));
    let run = patient.doctor(&[]);
    patient.only(&run, "rule", &format!("`{RULE}` is disabled"), &format!("aws events enable-rule --name {RULE}"));
    patient.desk.breach().await;
    assert!(patient.desk.is_public(), "the doctor tells the truth");
    patient.aws("events", "AWSEvents.EnableRule", &json!({"Name": RULE}));
    patient.desk.breach().await;
    assert!(!patient.desk.is_public());
    patient.healthy();

    // Our own events' rule: the probe does not come round either.
    patient.aws("events", "AWSEvents.DisableRule", &json!({"Name": OWN}));
    let run = patient.doctor(&["--wait", "1s"]);
    let troubles = patient.troubles(&run);
    let ids: Vec<&str> = troubles.iter().map(|(id, ..)| id.as_str()).collect();
    assert_eq!(ids, ["own-events", "probe"], "{run}");
    assert!(troubles[1].1.contains("within 1 s"), "{run}");
    let run = patient.doctor(&["--no-probe"]);
    patient.only(&run, "own-events", OWN, "enable-rule");
    patient.aws("events", "AWSEvents.EnableRule", &json!({"Name": OWN}));

    // Another pattern than this release's.
    let described = patient.aws("events", "AWSEvents.DescribeRule", &json!({"Name": RULE}));
    let narrow = r#"{"source":["aws.s3"],"detail":{"eventName":["PutBucketAcl"]}}"#;
    patient.aws("events", "AWSEvents.PutRule", &json!({"Name": RULE, "EventPattern": narrow}));
    let run = patient.doctor(&["--no-probe"]);
    patient.only(&run, "rule", "no rule lets through the events of this release", "sam deploy");
    patient.aws("events", "AWSEvents.PutRule", &json!({"Name": RULE, "EventPattern": described["EventPattern"]}));

    // A dead letter.
    let queue = patient.aws("sqs", "AmazonSQS.GetQueueUrl", &json!({"QueueName": "rectify-s3-bucket-dead-letters"}));
    patient.aws("sqs", "AmazonSQS.SendMessage", &json!({"QueueUrl": queue["QueueUrl"], "MessageBody": "{}"}));
    let run = patient.doctor(&[]);
    patient.only(&run, "dead-letters", "1 waits", "rectify deadletters list --kind s3-bucket");
    patient.aws("sqs", "AmazonSQS.PurgeQueue", &json!({"QueueUrl": queue["QueueUrl"]}));

    // Settings that were not deployed, and none that could be.
    let run = patient.doctor(&["--no-probe", "--output", "json"]);
    assert_eq!(run.code, Some(2), "given twice: {run}");
    let other = patient.other.to_str().unwrap();
    let run = patient.desk.run(&["doctor", "--settings", other, "--output", "json"]);
    patient.only(&run, "settings", "the deployed settings are not", "sam deploy");
    let run = patient.desk.run(&["doctor", "--settings", "/nowhere.toml"]);
    assert!(run.code == Some(2) && run.out.is_empty() && run.err.contains("/nowhere.toml"), "{run}");

    // The trail, stopped unseen: its guard would have it log again.
    patient.desk.world.lose_events(true);
    patient.aws("cloudtrail", &format!("{TRAIL}.StopLogging"), &json!({"Name": "all"}));
    patient.desk.world.lose_events(false);
    let run = patient.doctor(&[]);
    patient.only(&run, "trail", "is stopped", "aws cloudtrail start-logging --name arn:aws:cloudtrail");
    patient.aws("cloudtrail", &format!("{TRAIL}.StartLogging"), &json!({"Name": "all"}));

    // A pause is a warning, and no failure.
    patient.desk.json(&["pause", "--all", "--reason", "migration"]);
    let run = patient.doctor(&[]);
    assert_eq!(run.code, Some(0), "{run}");
    patient.only(&run, "pauses", "migration", "rectify resume --all");
    patient.desk.json(&["resume", "--all"]);
    patient.healthy();
    patient.desk.world.shutdown().await;
}

#[tokio::test(flavor = "multi_thread")]
async fn what_cannot_be_looked_at_is_not_fine() {
    let patient = Patient::new("unread").await;
    let denied = |who: &str, service: &str, operation: &str| Fault {
        function: Some(who.to_owned()),
        service: Some(service.to_owned()),
        operation: Some(operation.to_owned()),
        effect: Effect::Error { status: 400, code: "AccessDeniedException".to_owned() },
        ..Fault::default()
    };
    // What the person may not: the action is named, and everything else is looked at.
    for (service, operation, check, action) in [
        ("cloudtrail", "GetTrailStatus", "trail", "cloudtrail:GetTrailStatus"),
        ("events", "DescribeRule", "rule", "events:DescribeRule"),
        ("events", "PutEvents", "probe", "events:PutEvents"),
        ("lambda", "Invoke", "status", "lambda:InvokeFunction"),
    ] {
        patient.desk.world.set_faults(vec![denied("person", service, operation)]);
        patient.only(&patient.doctor(&[]), check, "", action);
    }
    patient.desk.world.set_faults(vec![denied("person", "sqs", "GetQueueUrl")]);
    let run = patient.doctor(&[]);
    let troubles = patient.troubles(&run);
    let ids: Vec<&str> = troubles.iter().map(|(id, ..)| id.as_str()).collect();
    let guards = vec!["dead-letters"; KINDS.len()];
    assert_eq!(
        ids,
        [&guards[..], &["dead-letters", "waiting", "dead-letters"]].concat(),
        "guards, outbox, sweeper: {run}"
    );
    assert!(troubles.iter().all(|(_, _, next)| next.contains("sqs:GetQueueUrl")), "{run}");
    // What the guard may not, by its own account of it.
    patient.desk.world.set_faults(vec![denied("S3BucketGuard", "dynamodb", "Query")]);
    patient.only(&patient.doctor(&[]), "status", "it cannot read the ledger", "sam deploy");
    // A guard that dies of it.
    let kill = Fault { effect: Effect::Kill, ..denied("S3BucketGuard", "dynamodb", "Query") };
    patient.desk.world.set_faults(vec![kill]);
    patient.only(&patient.doctor(&["--no-probe"]), "status", "failed", "/aws/lambda/rectify-s3-bucket");
    patient.desk.world.set_faults(Vec::new());
    patient.healthy();

    // A stack that is not there: everything that is the stack's fails, nothing crashes.
    let run = patient.doctor(&["--stack", "other"]);
    let ids: Vec<String> = patient.troubles(&run).into_iter().map(|(id, ..)| id).collect();
    let its = ["function", "dead-letters"];
    let guards = its.repeat(KINDS.len());
    let all = [&["ledger"][..], &guards, &its, &["waiting"], &its, &["pauses", "exemptions"]].concat();
    assert_eq!(ids, all, "{run}");
    // And for people.
    let run = patient.desk.run(&["doctor", "--no-probe", "--settings", patient.other.to_str().unwrap()]);
    assert_eq!(run.code, Some(6), "{run}");
    assert!(
        run.out.contains("failed   settings") && run.out.contains("What to do\n  settings of s3-bucket: "),
        "{run}"
    );
    patient.desk.world.shutdown().await;
}

#[tokio::test(flavor = "multi_thread")]
async fn members_that_let_nobody_in_are_one_line_and_say_what_to_deploy() {
    let patient = Patient::build("members", |builder| builder.parameter("OrganizationId", "o-a1b2c3d4e5")).await;
    let refused = Effect::Error { status: 403, code: "AccessDenied".to_owned() };
    let fault = Fault {
        service: Some("sts".to_owned()),
        operation: Some("AssumeRole".to_owned()),
        effect: refused,
        ..Fault::default()
    };
    patient.desk.world.set_faults(vec![fault]);
    let accounts: Vec<String> = (1..=5).map(|nth| format!("44445555666{nth}")).collect();
    let mut args: Vec<&str> = accounts.iter().flat_map(|account| ["--account", account]).collect();
    args.push("--no-probe");
    let run = patient.doctor(&args);
    let troubles = patient.troubles(&run);
    let ids: Vec<&str> = troubles.iter().map(|(id, ..)| id.as_str()).collect();
    // The trail is not the organisation's, nobody has written down where the accounts are, and what cannot be read cannot be judged.
    assert_eq!(ids, ["trail", "members", "members", "organization", "trail"], "{run}");
    assert!(troubles[0].2.contains("--is-organization-trail"), "{run}");
    let (_, read, todo) = &troubles[1];
    assert!(
        read.starts_with("no way to read in 5 accounts, 444455556661, 444455556662, 444455556663 and 2 more"),
        "{run}"
    );
    assert!(
        read.contains("arn:aws:iam::ACCOUNT:role/rectify/rectify-observe-KIND") && todo.contains("member.yaml"),
        "{run}"
    );
    assert!(troubles[2].1.contains("no way to write in 5 accounts") && troubles[2].2.contains("member-correct.yaml"));
    assert!(troubles[3].2.contains("rectify org refresh"), "{run}");

    // Nobody says which accounts there are.
    let run = patient.doctor(&["--no-probe"]);
    let troubles = patient.troubles(&run);
    assert!(troubles[1].0 == "members" && troubles[1].2.contains("--organization-profile"), "{run}");
    patient.desk.world.shutdown().await;
}

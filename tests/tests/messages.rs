//! From a breach to its readers: every channel, in order, also when one is down, also in a flood.

#![expect(clippy::unwrap_used, reason = "a test that cannot go on has failed")]

use std::collections::BTreeSet;

use rectify_e2e::{ACCOUNT, Stage, told_json};
use rectify_sandbox::{Effect, Fault, SlackAnswer, SlackCall};
use serde_json::{Value, json};

const DETECTIVE: &str = "[[environment]]\nname = \"development\"\nmode = \"detective\"\ndefault = true\n";

const SECRET: &str = "arn:aws:ssm:eu-central-1:123456789012:parameter/rectify/slack";

const SLACK: &str = "\n[[channel]]\nname = \"team\"\ntype = \"slack\"\nchannel = \"C0123456789\"\n\
                     secret = \"arn:aws:ssm:eu-central-1:123456789012:parameter/rectify/slack\"\n";

const TOPIC: &str = "\n[[channel]]\nname = \"everything\"\ntype = \"sns\"\n";

/// A stage with these settings whose Slack is entered with `secret`, and with a bucket that somebody can open.
async fn stage(settings: &str, secret: &str) -> Stage {
    let stage = Stage::build(settings, |builder| builder.parameter("ChannelSecrets", SECRET)).await;
    if settings.contains("security-hub") {
        stage.aws.rest("securityhub", "POST", "/accounts", &json!({})).await;
    }
    let parameter = json!({"Name": "/rectify/slack", "Value": secret, "Type": "SecureString"});
    let answer = stage.aws.json("ssm", "AmazonSSM.PutParameter", &parameter).await;
    assert_eq!(answer.status, 200, "{answer:?}");
    open_by_default(&stage, "data").await;
    stage
}

/// A bucket whose ACL counts.
async fn open_by_default(stage: &Stage, bucket: &str) {
    stage.aws.create_bucket(bucket).await;
    stage.aws.put_block(bucket, false).await;
    stage.settle().await;
    stage.world.clear_records();
}

/// The bodies of the accepted calls of one method.
fn posts(calls: &[SlackCall], method: &str) -> Vec<Value> {
    calls.iter().filter(|call| call.method == method && call.error.is_none()).map(|call| call.body.clone()).collect()
}

/// Hands `body` to the notifier as a guard does.
async fn post(stage: &Stage, group: &str, id: &str, body: &str) {
    let message =
        json!({"QueueUrl": outbox(stage), "MessageGroupId": group, "MessageDeduplicationId": id, "MessageBody": body});
    let answer = stage.aws.json("sqs", "AmazonSQS.SendMessage", &message).await;
    assert_eq!(answer.status, 200, "{answer:?}");
}

/// What came out on the topic about `control` (any, when empty), as JSON.
fn heard(stage: &Stage, control: &str) -> Vec<Value> {
    let all = stage.world.messages().iter().map(told_json).collect::<Vec<_>>();
    all.into_iter().filter(|told| control.is_empty() || told.pointer("/control/id") == Some(&json!(control))).collect()
}

async fn none_is_dead(stage: &Stage) {
    let letters = stage.dead_letters().await;
    assert!(letters.is_empty(), "{letters:#?}\n{}", stage.story());
}

fn outbox(stage: &Stage) -> String {
    format!("{}/{ACCOUNT}/rectify-outbox.fifo", stage.world.endpoint())
}

/// A message as the guard sent it about the bucket `data`.
async fn sample(stage: &Stage) -> Value {
    stage.aws.put_acl("data", "public-read").await;
    stage.settle().await;
    let posted = stage.world.posted();
    posted.into_iter().find(|message| message["outcome"] == "notified").unwrap()
}

#[tokio::test(flavor = "multi_thread")]
async fn a_breach_is_told_on_the_topic_in_words_for_people_and_json_for_machines() {
    let stage = stage(DETECTIVE, "unused").await;
    stage.aws.put_acl("data", "public-read").await;
    stage.settle().await;
    let messages = stage.world.messages();
    let told = messages.iter().find(|told| told_json(told)["control"]["id"] == "s3-bucket-public-acl").unwrap();
    assert_eq!(told.function.as_deref(), Some("Notifier"), "guards publish nothing");
    let bodies: Value = serde_json::from_str(&told.body).unwrap();
    assert!(bodies["email"].as_str().unwrap().contains("data"), "{bodies}");
    let json = told_json(told);
    let posted = stage.world.posted();
    assert!(posted.contains(&json), "machines get what the guard sent: {json:#}");
    let attribute = |name: &str| told.attributes.get(name).map(String::as_str);
    assert_eq!((attribute("outcome"), attribute("digest")), (Some("notified"), Some("single")));
    none_is_dead(&stage).await;
    stage.close().await;
}

#[tokio::test(flavor = "multi_thread")]
async fn a_thread_in_slack_begins_with_the_breach_and_is_marked_at_its_end() {
    let stage = stage(&format!("{DETECTIVE}{SLACK}"), "xoxb-sandbox-verysecret").await;
    stage.aws.put_acl("data", "public-read").await;
    stage.settle().await;
    stage.aws.put_acl("data", "private").await;
    stage.settle().await;
    let calls = stage.world.slack();
    let acl: Vec<Value> = posts(&calls, "chat.postMessage");
    let root = calls.iter().find(|call| call.error.is_none()).and_then(|call| call.ts.clone()).unwrap();
    assert_eq!(acl.len(), 2, "{calls:#?}");
    assert_eq!((&acl[0]["channel"], acl[0].get("thread_ts")), (&json!("C0123456789"), None));
    assert_eq!(acl[1]["thread_ts"], root.as_str());
    let marks = posts(&calls, "reactions.add");
    assert_eq!((&marks[0]["timestamp"], &marks[0]["name"]), (&json!(root), &json!("white_check_mark")));

    stage.aws.put_acl("data", "public-read").await;
    stage.settle().await;
    let again = posts(&stage.world.slack(), "chat.postMessage").pop().unwrap();
    assert_eq!(again.get("thread_ts"), None, "what comes back begins anew");
    for line in stage.world.logs() {
        assert!(!line.line.contains("verysecret"), "{}", line.line);
    }
    stage.close().await;
}

#[tokio::test(flavor = "multi_thread")]
async fn a_webhook_gets_posts_and_a_short_wait_is_waited() {
    let stage =
        Stage::build(&format!("{DETECTIVE}{SLACK}"), |builder| builder.parameter("ChannelSecrets", SECRET)).await;
    let secret = json!({"webhook": stage.world.slack_webhook()}).to_string();
    let parameter = json!({"Name": "/rectify/slack", "Value": secret, "Type": "SecureString"});
    stage.aws.json("ssm", "AmazonSSM.PutParameter", &parameter).await;
    open_by_default(&stage, "data").await;
    stage.world.plan_slack([SlackAnswer::Busy(1)]);
    stage.aws.put_acl("data", "public-read").await;
    stage.settle().await;
    let told: Vec<(String, u16)> = stage.world.slack().into_iter().map(|call| (call.method, call.status)).collect();
    assert_eq!(told, [("webhook".to_owned(), 429), ("webhook".to_owned(), 200)]);
    stage.close().await;
}

#[tokio::test(flavor = "multi_thread")]
async fn a_channel_that_is_down_is_tried_again_and_the_others_are_told_once() {
    let stage = stage(&format!("{DETECTIVE}{TOPIC}{SLACK}"), "xoxb-sandbox").await;
    // The first answer that is wanted is later than the function waits, the second is Slack's own fault.
    stage.world.plan_slack([SlackAnswer::Busy(30), SlackAnswer::Status(500)]);
    stage.aws.put_acl("data", "public-read").await;
    stage.settle().await;
    assert_eq!(posts(&stage.world.slack(), "chat.postMessage").len(), 1, "{}", stage.story());
    let told = heard(&stage, "s3-bucket-public-acl");
    assert_eq!(told.len(), 1, "once on the topic: {}", stage.story());
    none_is_dead(&stage).await;
    let asked: Vec<String> = (stage.world.calls().into_iter())
        .filter(|call| call.operation == "ChangeMessageVisibility")
        .filter_map(|call| call.function)
        .collect();
    assert_eq!(asked, ["Notifier", "Notifier"], "the queue is told when");
    stage.close().await;
}

/// Every channel at once, and each of them cut until a whole delivery has failed: it gets the message with the next, and no
/// other gets it twice.
#[tokio::test(flavor = "multi_thread")]
async fn each_channel_cut_in_turn_gets_the_message_and_no_other_gets_it_twice() {
    let settings = format!(
        "{DETECTIVE}{TOPIC}{SLACK}\n[[channel]]\nname = \"hub\"\ntype = \"security-hub\"\n\
         [[channel]]\nname = \"lake\"\ntype = \"ocsf\"\n"
    );
    for cut in ["sns:Publish", "securityhub:BatchImportFindings", "events:PutEvents", "slack"] {
        let stage = stage(&settings, "xoxb-sandbox").await;
        if let Some((service, operation)) = cut.split_once(':') {
            stage.faults(vec![Fault {
                service: Some(service.into()),
                operation: Some(operation.into()),
                function: Some("Notifier".into()),
                times: Some(6),
                effect: Effect::Cut,
                ..Fault::default()
            }]);
        } else {
            stage.world.plan_slack([SlackAnswer::Status(500)]);
        }
        stage.aws.put_acl("data", "public-read").await;
        stage.settle().await;
        let batches = stage.world.invocations().iter().filter(|invocation| invocation.function == "Notifier").count();
        assert!(batches >= 2, "{cut}: nothing was cut here: {}", stage.story());
        let lake = stage.world.events().into_iter().filter(|event| event["detail-type"] == "OCSF Compliance Finding");
        assert_eq!(heard(&stage, "").len(), 1, "{cut}: {}", stage.story());
        assert_eq!(posts(&stage.world.slack(), "chat.postMessage").len(), 1, "{cut}: {}", stage.story());
        let hub = stage.world.security_hub().await.unwrap();
        let acl = hub.iter().filter(|found| found["GeneratorId"].to_string().contains("s3-bucket-public-acl"));
        assert_eq!(acl.count(), 1, "{cut}: {}", stage.story());
        assert_eq!(lake.count(), 1, "{cut}: {}", stage.story());
        none_is_dead(&stage).await;
        stage.close().await;
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn a_topic_that_is_down_keeps_the_order_of_a_finding_and_holds_up_no_other() {
    let stage = stage(&format!("{DETECTIVE}{TOPIC}"), "unused").await;
    let message = sample(&stage).await;
    stage.world.clear_records();
    let fail = Fault {
        service: Some("sns".into()),
        operation: Some("Publish".into()),
        function: Some("Notifier".into()),
        times: Some(12),
        effect: Effect::Error { status: 500, code: "InternalError".into() },
        ..Fault::default()
    };
    stage.faults(vec![fail]);
    for finding in ["f-a", "f-b"] {
        for at in 1..=3 {
            let mut next = message.clone();
            next["finding"] = finding.into();
            next["id"] = format!("m-{finding}-{at}").into();
            next["repeats"] = at.into();
            post(&stage, finding, &format!("m-{finding}-{at}"), &next.to_string()).await;
        }
    }
    stage.settle().await;
    for finding in ["f-a", "f-b"] {
        let order: Vec<u64> = (heard(&stage, "").iter())
            .filter(|told| told["finding"] == finding)
            .map(|told| told["repeats"].as_u64().unwrap())
            .collect();
        assert_eq!(order, [1, 2, 3], "{finding}: {}", stage.story());
    }
    none_is_dead(&stage).await;
    stage.close().await;
}

#[tokio::test(flavor = "multi_thread")]
async fn what_is_no_message_is_a_dead_letter_after_five_tries() {
    let stage = stage(&format!("{DETECTIVE}{TOPIC}"), "unused").await;
    post(&stage, "g", "bad", r#"{"version":"2\u001b[31m","outcome":"notified"}"#).await;
    stage.settle().await;
    let tries = stage.world.invocations().into_iter().filter(|one| one.function == "Notifier").count();
    assert_eq!(tries, 5, "{}", stage.story());
    let letters = stage.dead_letters().await;
    assert_eq!(letters.len(), 1, "{letters:?}");
    let said = stage.world.logs().into_iter().find(|line| line.line.contains("no message of ours"));
    let said = said.expect("the log says what it is").line;
    assert!(said.contains("schema version") && !said.contains('\u{1b}'), "{said}");
    stage.close().await;
}

#[tokio::test(flavor = "multi_thread")]
async fn a_flood_of_a_thousand_is_a_few_messages_and_one_summary_with_its_report() {
    const ALL: usize = 1_000;
    const FLOOD: usize = 5;
    let settings = format!("{DETECTIVE}[messages]\nflood = {FLOOD}\n{TOPIC}{SLACK}");
    let stage = stage(&settings, "xoxb-sandbox").await;
    let message = sample(&stage).await;
    stage.world.clear_records();
    let began = jiff::Timestamp::now();
    for batch in 0..ALL / 10 {
        let entries: Vec<Value> = (0..10)
            .map(|at| {
                let number = batch * 10 + at;
                let mut next = message.clone();
                next["finding"] = format!("f-{number}").into();
                next["id"] = format!("m-{number}").into();
                json!({"Id": number.to_string(), "MessageGroupId": format!("f-{number}"),
                    "MessageDeduplicationId": format!("m-{number}"), "MessageBody": next.to_string()})
            })
            .collect();
        let batch = json!({"QueueUrl": outbox(&stage), "Entries": entries});
        let answer = stage.aws.json("sqs", "AmazonSQS.SendMessageBatch", &batch).await;
        assert_eq!(answer.status, 200, "{answer:?}");
    }
    stage.settle().await;
    let minutes = usize::try_from(jiff::Timestamp::now().duration_since(began).as_secs() / 60).unwrap() + 2;
    let single = posts(&stage.world.slack(), "chat.postMessage").len();
    assert!((1..=minutes * FLOOD).contains(&single), "{single} in {minutes} minutes");
    let of_slack = |row: &Value| row["pk"] == "channel#team";
    let held = stage.rows("held#").await.into_iter().filter(of_slack).count();
    assert_eq!(single + held, ALL, "each is told or held");

    let flush = stage.world.invoke("Notifier", &json!({"flush": true})).await.unwrap();
    assert_eq!(flush.response["summaries"], 2, "{flush:?}");
    assert!(stage.rows("held#").await.is_empty());
    let summary = posts(&stage.world.slack(), "chat.postMessage").pop().unwrap().to_string();
    assert!(summary.contains(&format!("{held}")) && summary.contains("/s3/object/"), "{summary}");
    let puts: Vec<_> = stage.world.calls().into_iter().filter(|call| call.operation == "PutObject").collect();
    let mut rows = Vec::new();
    for put in puts {
        assert_eq!((put.function.as_deref(), put.status), (Some("Notifier"), 200));
        let object = put.resource.replace("arn:aws:s3:::", "/");
        let page = stage.aws.s3("GET", &object, &[], "").await.body;
        rows.push(page.matches("<tr>").count().saturating_sub(1));
    }
    assert!(rows.len() == 2 && rows.contains(&held), "a page each, with every finding: {rows:?}, {held} held");

    // Machines got every message, and people can filter.
    let messages = stage.world.messages();
    let of = |digest: &str| {
        messages.iter().filter(|told| told.attributes.get("digest").is_some_and(|is| is == digest)).count()
    };
    assert_eq!((of("single") + of("held"), of("summary")), (ALL, 1));
    let findings: BTreeSet<String> =
        heard(&stage, "s3-bucket-public-acl").iter().map(|told| told["finding"].to_string()).collect();
    assert_eq!(findings.len(), ALL);
    none_is_dead(&stage).await;
    stage.close().await;
}

#[tokio::test(flavor = "multi_thread")]
async fn security_hub_has_one_finding_that_is_resolved_and_new_again() {
    let settings = format!(
        "{DETECTIVE}\n[[channel]]\nname = \"hub\"\ntype = \"security-hub\"\n\
         controls = [\"s3-bucket-public-acl\"]\n"
    );
    let stage = stage(&settings, "unused").await;
    for (acl, workflow) in [("public-read", "NEW"), ("private", "RESOLVED"), ("public-read", "NEW")] {
        stage.aws.put_acl("data", acl).await;
        stage.settle().await;
        let findings = stage.world.security_hub().await.unwrap();
        assert_eq!(findings.len(), 1, "{findings:#?}");
        let status = findings[0].pointer("/Workflow/Status").cloned().unwrap_or(json!("NEW"));
        assert_eq!(status, workflow, "{:#}\n{}", findings[0], stage.story());
        assert!(findings[0]["Id"].as_str().unwrap().starts_with("f-"), "{:#}", findings[0]);
    }
    none_is_dead(&stage).await;
    stage.close().await;
}

#[tokio::test(flavor = "multi_thread")]
async fn findings_for_lakes_are_on_the_bus_and_wake_nobody() {
    let settings = format!("{DETECTIVE}\n[[channel]]\nname = \"lake\"\ntype = \"ocsf\"\n");
    let stage = stage(&settings, "unused").await;
    stage.aws.put_acl("data", "public-read").await;
    stage.settle().await;
    let lake: Vec<Value> =
        stage.world.events().into_iter().filter(|event| event["detail-type"] == "OCSF Compliance Finding").collect();
    assert_eq!(lake.len(), 1, "{}", stage.story());
    assert_eq!((&lake[0]["source"], &lake[0]["detail"]["class_uid"]), (&json!("rectify"), &json!(2003)));
    none_is_dead(&stage).await;
    stage.close().await;
}

#[tokio::test(flavor = "multi_thread")]
async fn a_digest_is_sent_once_a_day_by_mail_and_to_a_channel() {
    let digest =
        "\n[[digest]]\nname = \"security\"\nevery = \"day\"\nto = [\"security@example.com\"]\nchannel = \"team\"\n";
    let settings = format!("{DETECTIVE}{SLACK}{digest}");
    let stage = Stage::build(&settings, |builder| {
        builder.parameter("ChannelSecrets", SECRET).parameter("DigestSender", "rectify@example.com")
    })
    .await;
    let parameter = json!({"Name": "/rectify/slack", "Value": "xoxb-sandbox", "Type": "SecureString"});
    stage.aws.json("ssm", "AmazonSSM.PutParameter", &parameter).await;
    let identity = json!({"EmailIdentity": "rectify@example.com"});
    stage.aws.rest("ses", "POST", "/v2/email/identities", &identity).await;
    open_by_default(&stage, "data").await;
    stage.aws.put_acl("data", "public-read").await;
    stage.settle().await;
    stage.world.clear_records();
    // Slack is down: the mail goes out, and the next try sends what is missing and nothing else.
    stage.world.plan_slack([SlackAnswer::Status(500)]);
    let first = stage.world.invoke("Notifier", &json!({"digest": true})).await.unwrap();
    assert!(first.response.get("digests").is_none(), "{first:?}");
    assert_eq!(stage.world.mails().len(), 1);
    // The same order again, as Lambda repeats it, comes with the same id; a person's is another one and waits its turn.
    let later = stage.world.invoke("Notifier", &json!({"digest": true})).await.unwrap();
    assert_eq!(later.response["digests"], 0, "{later:?}");
    stage.delete_row("once", "digest#security").await;
    let again = stage.world.invoke("Notifier", &json!({"digest": true})).await.unwrap();
    assert_eq!(again.response["digests"], 1, "{again:?}\n{}", stage.story());
    let mails = stage.world.mails();
    assert_eq!(mails.len(), 1, "once");
    let body = &mails[0]["Content"]["Simple"]["Body"];
    assert!(body["Html"]["Data"].as_str().unwrap().starts_with("<!"), "{body}");
    assert!(body["Text"]["Data"].as_str().unwrap().contains("data"), "{body}");
    assert_eq!(posts(&stage.world.slack(), "chat.postMessage").len(), 1);
    let third = stage.world.invoke("Notifier", &json!({"digest": true})).await.unwrap();
    assert_eq!(third.response["digests"], 0);
    stage.close().await;
}

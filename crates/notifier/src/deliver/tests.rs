//! Delivery against a DynamoDB, an SNS and an SQS that behave: each test has a sandbox of its own, with nothing in it.

use std::sync::{
    Arc, Mutex,
    atomic::{AtomicBool, AtomicUsize, Ordering},
};

use aws_config::SdkConfig;
use aws_sdk_dynamodb::types::{AttributeDefinition, BillingMode, KeySchemaElement, KeyType, ScalarAttributeType};
use aws_sdk_sqs::types::DeleteMessageBatchRequestEntry;
use rectify_aws::CorrectionId;
use rectify_controls::{AccountId, Channel, Filter, Outlet, Region, Settings};
use rectify_render::Message;

use crate::{
    call::Attributes,
    notifier::Deployment,
    testing::{Server, config, message},
};

use super::*;

/// A notifier with a ledger, a topic and a Slack of its own.
struct World {
    notifier: Notifier,
    config: SdkConfig,
    /// Reads what the stack's topic sent.
    queue: String,
    slack: Arc<Slack>,
    name: String,
    _sandbox: rectify_sandbox::World,
}

/// What the pretended Slack does, and what it was sent.
#[derive(Default)]
struct Slack {
    down: AtomicBool,
    posts: Mutex<Vec<Value>>,
    count: AtomicUsize,
}

fn channel(name: &str, way: Outlet) -> Channel {
    Channel { name: name.to_owned(), way, filter: Filter::default() }
}

fn slack_channel(filter: Filter) -> Channel {
    let secret = "arn:aws:ssm:eu-west-1:123456789012:parameter/slack".to_owned();
    let way = Outlet::Slack { secret, channel: Some("C0123456789".to_owned()) };
    Channel { name: "slack".to_owned(), way, filter }
}

fn topic(name: &str) -> String {
    format!("arn:aws:sns:eu-west-1:123456789012:{name}")
}

async fn world(channels: Vec<Channel>, flood: u32) -> World {
    let sandbox = rectify_sandbox::WorldBuilder::empty().start().await.unwrap();
    let config = config(sandbox.endpoint());
    let name = CorrectionId::new(jiff::Timestamp::now()).to_string();
    let dynamodb = aws_sdk_dynamodb::Client::new(&config);
    let attribute = |name: &str| {
        AttributeDefinition::builder().attribute_name(name).attribute_type(ScalarAttributeType::S).build().unwrap()
    };
    let key = |name: &str, kind| KeySchemaElement::builder().attribute_name(name).key_type(kind).build().unwrap();
    let table = dynamodb.create_table().table_name(&name).billing_mode(BillingMode::PayPerRequest);
    let table = table.attribute_definitions(attribute("pk")).attribute_definitions(attribute("sk"));
    table.key_schema(key("pk", KeyType::Hash)).key_schema(key("sk", KeyType::Range)).send().await.unwrap();
    let queue = listen(&config, &name).await;

    let slack = Arc::new(Slack::default());
    let told = Arc::clone(&slack);
    // The secret is Slack's too: one answer for every request that is not about a message.
    let server = Server::with(Box::new(move |request| {
        if told.down.load(Ordering::Relaxed) {
            return Server::answer(503, "", "");
        }
        if request.contains("/chat.postMessage") {
            told.posts.lock().unwrap().push(serde_json::from_str(request.split_once("\r\n\r\n").unwrap().1).unwrap());
        }
        let ts = told.count.fetch_add(1, Ordering::Relaxed);
        Server::answer(200, "", &json!({"ok": true, "ts": format!("1.{ts}")}).to_string())
    }))
    .await;
    put_parameter(&config).await;
    let mut settings = Settings::fallback();
    settings.channels = channels;
    settings.messages.flood = flood;
    let deployment = Deployment {
        home: AccountId::new("123456789012").unwrap(),
        region: Region::new("eu-west-1").unwrap(),
        ledger: name.clone(),
        topic: topic(&name),
        outbox: "http://127.0.0.1:1/outbox.fifo".to_owned(),
        reports: "reports".to_owned(),
        bus: "default".to_owned(),
        slack: server.url.clone(),
        sender: None,
    };
    World { notifier: Notifier::new(&config, settings, deployment), config, queue, slack, name, _sandbox: sandbox }
}

/// The bot's token.
async fn put_parameter(config: &SdkConfig) {
    let ssm = rectify_aws::Signed::new(config, &rectify_aws::Http::new(), rectify_aws::Service::SSM);
    let body = json!({"Name": "/slack", "Value": "xoxb-1", "Type": "SecureString", "Overwrite": true});
    let call = rectify_aws::Call { operation: "PutParameter", method: "POST", path: "/", body: &body };
    ssm.call(&call).await.unwrap();
}

/// A topic and a queue that gets everything from it; the queue's URL.
async fn listen(config: &SdkConfig, name: &str) -> String {
    let (sns, sqs) = (aws_sdk_sns::Client::new(config), aws_sdk_sqs::Client::new(config));
    sns.create_topic().name(name).send().await.unwrap();
    let queue = sqs.create_queue().queue_name(name).send().await.unwrap().queue_url.unwrap();
    let arn = format!("arn:aws:sqs:eu-west-1:123456789012:{name}");
    let subscribe = sns.subscribe().topic_arn(topic(name)).protocol("sqs").endpoint(arn);
    subscribe.attributes("RawMessageDelivery", "true").send().await.unwrap();
    queue
}

impl World {
    /// Everything the queue has, with the attribute `digest`.
    async fn heard(&self, queue: &str) -> Vec<(Value, String)> {
        let sqs = aws_sdk_sqs::Client::new(&self.config);
        let mut heard = Vec::new();
        loop {
            let call = sqs.receive_message().queue_url(queue).max_number_of_messages(10).message_attribute_names("All");
            let messages = call.send().await.unwrap().messages.unwrap_or_default();
            if messages.is_empty() {
                return heard;
            }
            let mut gone = sqs.delete_message_batch().queue_url(queue);
            for (at, message) in messages.into_iter().enumerate() {
                let digest = message.message_attributes().unwrap()["digest"].string_value().unwrap().to_owned();
                heard.push((serde_json::from_str(message.body().unwrap()).unwrap(), digest));
                let entry = DeleteMessageBatchRequestEntry::builder().id(at.to_string());
                gone = gone.entries(entry.receipt_handle(message.receipt_handle.unwrap()).build().unwrap());
            }
            gone.send().await.unwrap();
        }
    }

    /// Delivers, and says which records have to come again.
    async fn deliver(&self, records: &[Record]) -> Vec<String> {
        let answer = self.notifier.deliver(records, Instant::now() + Duration::from_secs(50)).await;
        let failed = answer["batchItemFailures"].as_array().unwrap();
        failed.iter().map(|failed| failed["itemIdentifier"].as_str().unwrap().to_owned()).collect()
    }

    fn posts(&self) -> Vec<Value> {
        self.slack.posts.lock().unwrap().clone()
    }
}

/// The message as it comes out of the queue, for the `time`th time.
fn record(message: &Message, time: u32) -> Record {
    Record {
        message_id: message.id.clone(),
        receipt_handle: "r".to_owned(),
        body: message.json(),
        attributes: Attributes {
            approximate_receive_count: Some(time.to_string()),
            message_group_id: Some(message.finding.clone()),
        },
    }
}

#[tokio::test]
async fn a_finding_is_told_and_ends_in_one_thread_and_on_the_topic() {
    let w = world(vec![channel("default", Outlet::Sns { topic: None }), slack_channel(Filter::default())], 30).await;
    let (opens, closes) = (message("data", "notified"), message("data", "resolved"));
    assert!(w.deliver(&[record(&opens, 1), record(&closes, 1)]).await.is_empty());
    let posts = w.posts();
    assert_eq!(posts.len(), 2);
    assert_eq!(posts[1]["thread_ts"], "1.0");
    let heard = w.heard(&w.queue).await;
    let told: Vec<_> = heard.iter().map(|(body, digest)| (body["outcome"].as_str().unwrap(), &**digest)).collect();
    assert_eq!(told, [("notified", "single"), ("resolved", "single")]);
    assert!(w.deliver(&[record(&message("data", "withheld"), 1)]).await.is_empty());
    assert_eq!(w.posts()[2].get("thread_ts"), None, "a breach after the end begins anew");
}

#[tokio::test]
async fn a_channel_that_fails_is_tried_again_and_the_others_are_not_repeated() {
    let w = world(vec![channel("default", Outlet::Sns { topic: None })], 30).await;
    let missing = format!("{}-chat", w.name);
    let mut settings = w.notifier.settings.clone();
    settings.channels.push(channel("chat", Outlet::Chat { topic: topic(&missing) }));
    let w = World { notifier: again(&w, settings), ..w };
    let told = message("data", "notified");
    assert_eq!(w.deliver(&[record(&told, 1)]).await, [&*told.id]);
    assert_eq!(w.heard(&w.queue).await.len(), 1);
    assert_eq!(w.deliver(&[record(&told, 2)]).await, [&*told.id], "still down");
    let chat = listen(&w.config, &missing).await;
    assert!(w.deliver(&[record(&told, 3)]).await.is_empty());
    assert_eq!(w.heard(&w.queue).await.len(), 0, "it has the message already");
    let sqs = aws_sdk_sqs::Client::new(&w.config);
    let heard = sqs.receive_message().queue_url(chat).send().await.unwrap().messages.unwrap_or_default();
    let body: Value = serde_json::from_str(heard[0].body().unwrap()).unwrap();
    assert_eq!((&body["source"], heard.len()), (&json!("custom"), 1));
}

/// The same stack with other settings.
fn again(w: &World, settings: Settings) -> Notifier {
    let deployment = Deployment {
        home: AccountId::new("123456789012").unwrap(),
        region: Region::new("eu-west-1").unwrap(),
        ledger: w.name.clone(),
        topic: topic(&w.name),
        outbox: "http://127.0.0.1:1/outbox.fifo".to_owned(),
        reports: "reports".to_owned(),
        bus: "default".to_owned(),
        slack: "http://127.0.0.1:1".to_owned(),
        sender: None,
    };
    Notifier::new(&w.config, settings, deployment)
}

#[tokio::test]
async fn what_is_behind_a_failure_waits_and_other_findings_do_not() {
    let high = Filter { severity: Some(rectify_controls::Severity::Critical), ..Filter::default() };
    let w = world(vec![slack_channel(high)], 30).await;
    let critical = |name: &str, outcome: &str| Message {
        severity: rectify_controls::Severity::Critical,
        ..message(name, outcome)
    };
    let (first, second, other) =
        (critical("data", "notified"), critical("data", "resolved"), message("logs", "notified"));
    w.slack.down.store(true, Ordering::Relaxed);
    let failed = w.deliver(&[record(&first, 1), record(&other, 1), record(&second, 1)]).await;
    assert_eq!(failed, [&*first.id, &*second.id], "the other goes nowhere, so nothing fails");
    w.slack.down.store(false, Ordering::Relaxed);
    assert!(w.deliver(&[record(&first, 2), record(&second, 2)]).await.is_empty());
    let posts = w.posts();
    assert_eq!((posts.len(), &posts[1]["thread_ts"]), (2, &json!("1.0")), "in their order");
}

#[tokio::test]
async fn what_is_no_message_comes_again_until_it_is_a_dead_letter() {
    let w = world(vec![channel("default", Outlet::Sns { topic: None })], 30).await;
    let good = message("data", "notified");
    let bodies = ["", "{}", "null", "\u{1b}[31m", r#"{"version":"2","outcome":"notified"}"#, r#"{"version":"1"}"#];
    let mut records = vec![record(&good, 1)];
    for (at, body) in bodies.iter().enumerate() {
        let mut bad = record(&message(&format!("bad{at}"), "notified"), 1);
        bad.body = (*body).to_owned();
        records.push(bad);
    }
    let failed = w.deliver(&records).await;
    assert_eq!(failed.len(), bodies.len());
    assert!(!failed.contains(&good.id));
    assert_eq!(w.heard(&w.queue).await.len(), 1);
}

#[tokio::test]
async fn without_time_nothing_is_begun() {
    let w = world(vec![channel("default", Outlet::Sns { topic: None })], 30).await;
    let told = message("data", "notified");
    let answer = w.notifier.deliver(&[record(&told, 1)], Instant::now() + Duration::from_secs(5)).await;
    assert_eq!(answer["batchItemFailures"][0]["itemIdentifier"], *told.id);
    assert!(w.heard(&w.queue).await.is_empty());
}

#[tokio::test]
async fn a_channel_for_alarms_hears_the_end_of_its_alarms_and_no_other() {
    let alarms = Filter { alarms: true, ..Filter::default() };
    let w = world(vec![slack_channel(alarms)], 30).await;
    let records =
        [("data", "failed"), ("data", "resolved"), ("logs", "notified"), ("logs", "resolved"), ("data", "resolved")];
    for (name, outcome) in records {
        assert!(w.deliver(&[record(&message(name, outcome), 1)]).await.is_empty());
    }
    let posts = w.posts();
    assert_eq!((posts.len(), &posts[1]["thread_ts"]), (2, &json!("1.0")), "{posts:?}");
}

#[tokio::test]
async fn a_flood_is_a_few_messages_and_one_summary_and_nothing_is_lost() {
    const FLOOD: u32 = 10;
    const ALL: usize = 200;
    const ALARMS: usize = 45;
    let w = world(vec![channel("default", Outlet::Sns { topic: None }), slack_channel(Filter::default())], FLOOD).await;
    let began = jiff::Timestamp::now();
    let told: Vec<Message> = (0..ALL).map(|n| message(&format!("b{n}"), "notified")).collect();
    for batch in told.chunks(10) {
        let records: Vec<Record> = batch.iter().map(|message| record(message, 1)).collect();
        assert!(w.deliver(&records).await.is_empty());
    }
    // The flood keeps no alarm back, a flood of alarms does; and what comes twice is held once.
    let before = w.posts().len();
    for batch in (0..ALARMS).collect::<Vec<_>>().chunks(10) {
        let alarms: Vec<Message> = batch.iter().map(|n| message(&format!("alarm{n}"), "failed")).collect();
        let records: Vec<Record> = alarms.iter().map(|message| record(message, 1)).collect();
        assert!(w.deliver(&records).await.is_empty());
    }
    let passed = w.posts().len() - before;
    assert!((FLOOD as usize..ALARMS).contains(&passed), "{passed} of {ALARMS} alarms");
    assert!(w.deliver(&[record(&told[ALL - 1], 2)]).await.is_empty());
    let minutes = usize::try_from(jiff::Timestamp::now().duration_since(began).as_secs() / 60).unwrap() + 2;
    let most = minutes * FLOOD as usize * 2;
    let single = w.posts().len();
    assert!((FLOOD as usize + passed..=most).contains(&single), "{single} posts, at most {most}");
    let held = w.notifier.ledger.held("slack").await.unwrap().len();
    // When a new minute has begun, the one that came twice is told as well.
    let all = single + held;
    assert!((ALL + ALARMS..=ALL + ALARMS + 1).contains(&all), "each is told or held: {all}");

    let answer = w.notifier.flush("request").await.unwrap();
    assert_eq!(answer["summaries"], 2);
    let posts = w.posts();
    assert_eq!(posts.len(), single + 1);
    assert!(posts[single].to_string().contains(&held.to_string()), "{}", posts[single]);
    assert!(w.notifier.ledger.held("slack").await.unwrap().is_empty());
    assert_eq!(w.notifier.flush("another").await.unwrap()["summaries"], 0, "once");

    // Machines got every message, and people can filter.
    let heard = w.heard(&w.queue).await;
    let count = |digest: &str| heard.iter().filter(|(_, has)| has == digest).count();
    assert_eq!(count("summary"), 1);
    let ids: std::collections::BTreeSet<&str> = heard.iter().filter_map(|(body, _)| body["finding"].as_str()).collect();
    assert_eq!(ids.len(), ALL + ALARMS);
    assert!(count("single") <= most, "{}", count("single"));
}

#[tokio::test]
async fn a_summary_that_cannot_be_told_stays_held() {
    let w = world(vec![slack_channel(Filter::default())], 1).await;
    for name in ["a", "b", "c", "d"] {
        assert!(w.deliver(&[record(&message(name, "notified"), 1)]).await.is_empty());
    }
    let held = w.notifier.ledger.held("slack").await.unwrap();
    assert!(held.len() >= 2, "{held:?}");
    w.slack.down.store(true, Ordering::Relaxed);
    w.notifier.flush("request").await.unwrap_err();
    assert_eq!(w.notifier.ledger.held("slack").await.unwrap(), held);
    w.slack.down.store(false, Ordering::Relaxed);
    assert_eq!(w.notifier.flush("request").await.unwrap()["messages"], held.len());
}

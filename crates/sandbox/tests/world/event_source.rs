//! Functions that are fed from queues: order, failures, dead letters, and that nothing is lost.

use std::collections::{BTreeMap, BTreeSet};

use rectify_sandbox::{Effect, Fault, Invocation, Outcome, WorldBuilder};
use serde_json::{Value, json};

use crate::harness::{Sandbox, dead_letters};

const QUEUE: &str = "rectify-outbox.fifo";

/// Sends each body to the outbox, as a person, in the order of the list; `group` and `id` are the body's own.
async fn send(sandbox: &Sandbox, bodies: &[Value]) {
    let script = format!(
        r#"
import boto3, json
client = boto3.client('sqs')
url = client.get_queue_url(QueueName='{QUEUE}')['QueueUrl']
for body in json.loads({:?}):
    client.send_message(QueueUrl=url, MessageBody=json.dumps(body), MessageGroupId=body['group'],
        MessageDeduplicationId=body['id'], MessageAttributes={{'sort': {{'DataType': 'String', 'StringValue': 'x'}}}})
"#,
        json!(bodies).to_string()
    );
    sandbox.boto3(&script).await;
}

fn message(group: &str, n: usize, more: &Value) -> Value {
    let mut body = json!({ "group": group, "n": n, "id": format!("{group}-{n}") });
    body.as_object_mut().unwrap().extend(more.as_object().unwrap().clone());
    body
}

fn batches(sandbox: &Sandbox) -> Vec<Invocation> {
    let mut all = sandbox.world.invocations();
    all.retain(|one| one.function == "Fed");
    all.sort_by_key(|one| one.start_ns);
    all
}

/// What was worked on, by group: number and receive count, in order.
fn seen(sandbox: &Sandbox) -> BTreeMap<String, Vec<(u64, u64)>> {
    let mut seen: BTreeMap<String, Vec<(u64, u64)>> = BTreeMap::new();
    for batch in batches(sandbox) {
        for one in batch.response["seen"].as_array().into_iter().flatten() {
            let group = one["group"].as_str().unwrap_or_default().to_owned();
            seen.entry(group).or_default().push((one["body"]["n"].as_u64().unwrap(), one["count"].as_u64().unwrap()));
        }
    }
    seen
}

/// Messages that are still in a queue, visible or not.
async fn left(sandbox: &Sandbox, queue: &str) -> u64 {
    let url = format!("{}/123456789012/{queue}", sandbox.world.endpoint());
    let ask = json!({ "QueueUrl": url, "AttributeNames": ["All"] });
    let (_, answer) = sandbox.world.aws_json("sqs", "AmazonSQS.GetQueueAttributes", &ask).await.unwrap();
    let number = |name: &str| answer["Attributes"][name].as_str().unwrap().parse::<u64>().unwrap();
    number("ApproximateNumberOfMessages") + number("ApproximateNumberOfMessagesNotVisible")
}

#[tokio::test(flavor = "multi_thread")]
async fn every_message_of_a_group_arrives_once_and_in_order() {
    let sandbox = Sandbox::start().await;
    let bodies: Vec<Value> = (0..12).flat_map(|n| ["a", "b", "c"].map(|group| message(group, n, &json!({})))).collect();
    send(&sandbox, &bodies).await;
    sandbox.idle().await;

    let expected: Vec<(u64, u64)> = (0..12).map(|n| (n, 1)).collect();
    let seen = seen(&sandbox);
    assert_eq!(seen.len(), 3);
    assert!(seen.values().all(|group| *group == expected), "{seen:?}");
    assert_eq!(left(&sandbox, QUEUE).await, 0, "idle means that the queue is empty");
    assert_eq!(sandbox.world.posted(), bodies, "each as it was sent, in order");
    let posts = sandbox.world.posts();
    assert_eq!((posts[0].group.as_deref(), posts[0].deduplication.as_deref()), (Some("a"), Some("a-0")));

    let batches = batches(&sandbox);
    assert!(batches.iter().all(|batch| batch.response["seen"].as_array().unwrap().len() <= 4), "BatchSize");
    // While one batch has messages of a group, no other has.
    for (at, one) in batches.iter().enumerate() {
        let groups = |batch: &Invocation| -> BTreeSet<String> {
            let seen = batch.response["seen"].as_array().unwrap();
            seen.iter().map(|one| one["group"].as_str().unwrap().to_owned()).collect()
        };
        for later in batches[at + 1..].iter().filter(|later| later.start_ns < one.end_ns) {
            assert!(groups(one).is_disjoint(&groups(later)), "{one:?}\n{later:?}");
        }
    }

    // Which batch ends first is anybody's guess.
    let first = |batch: &&Invocation| batch.response["first"]["attributes"]["MessageDeduplicationId"] == "a-0";
    let record = &batches.iter().find(first).unwrap().response["first"];
    assert_eq!(record["eventSource"], "aws:sqs");
    assert_eq!(record["eventSourceARN"], format!("arn:aws:sqs:eu-central-1:123456789012:{QUEUE}"));
    assert_eq!(record["awsRegion"], "eu-central-1");
    assert_eq!(record["messageAttributes"]["sort"]["stringValue"], "x");
    assert_eq!(record["messageAttributes"]["sort"]["dataType"], "String");
    let attributes = &record["attributes"];
    assert_eq!((&attributes["MessageGroupId"], &attributes["MessageDeduplicationId"]), (&json!("a"), &json!("a-0")));
    for name in ["SentTimestamp", "ApproximateFirstReceiveTimestamp", "SequenceNumber", "SenderId"] {
        assert!(attributes[name].as_str().is_some_and(|text| !text.is_empty()), "{name}: {attributes}");
    }
    for name in ["messageId", "receiptHandle", "body", "md5OfBody"] {
        assert!(record[name].as_str().is_some_and(|text| !text.is_empty()), "{name}: {record}");
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn only_what_failed_comes_again_and_its_group_waits_for_it() {
    let sandbox = Sandbox::start().await;
    let bodies: Vec<Value> = (0..4)
        .flat_map(|n| {
            let fails = if n == 1 { json!({ "fail": 2 }) } else { json!({}) };
            [message("a", n, &fails), message("b", n, &json!({}))]
        })
        .collect();
    send(&sandbox, &bodies).await;
    sandbox.idle().await;
    let seen = seen(&sandbox);
    let order = |group: &str| seen[group].iter().map(|(n, _)| *n).collect::<Vec<_>>();
    assert_eq!((order("a"), order("b")), (vec![0, 1, 2, 3], vec![0, 1, 2, 3]), "{seen:?}");
    assert_eq!(seen["a"][1], (1, 3), "the third time");
    assert!(seen["b"].iter().all(|(_, count)| *count == 1), "the other group goes on: {seen:?}");
    assert!(batches(&sandbox).iter().all(|batch| batch.outcome == Outcome::Success));
    assert_eq!(left(&sandbox, QUEUE).await, 0);
}

#[tokio::test(flavor = "multi_thread")]
async fn after_five_tries_a_message_is_a_dead_letter_and_its_group_goes_on() {
    let sandbox = Sandbox::start().await;
    send(&sandbox, &[message("a", 0, &json!({ "fail": 99 })), message("a", 1, &json!({}))]).await;
    sandbox.idle().await;
    assert_eq!(seen(&sandbox)["a"].iter().map(|(n, _)| *n).collect::<Vec<_>>(), [1]);
    let failed = batches(&sandbox).iter().filter(|batch| batch.response["batchItemFailures"][0].is_object()).count();
    assert_eq!(failed, 5);
    let letters = dead_letters(&sandbox, "rectify-outbox-dead-letters.fifo").await;
    assert_eq!(letters.len(), 1);
    let body: Value = serde_json::from_str(letters[0]["Body"].as_str().unwrap()).unwrap();
    assert_eq!(body["n"], 0);
    assert_eq!(left(&sandbox, QUEUE).await, 0);
}

#[tokio::test(flavor = "multi_thread")]
async fn a_function_that_dies_loses_nothing() {
    let sandbox = Sandbox::start().await;
    sandbox.bucket("data").await;
    sandbox.world.lose_events(true);
    // Killed in its first call; later it dies by itself.
    let kill =
        Fault { operation: Some("PutBucketAcl".to_owned()), times: Some(1), effect: Effect::Kill, ..Fault::default() };
    sandbox.world.set_faults(vec![kill]);
    let call = json!([["s3", "put_bucket_acl", { "Bucket": "data", "ACL": "private" }]]);
    send(
        &sandbox,
        &[
            message("a", 0, &json!({ "calls": call })),
            message("b", 0, &json!({ "crash": 1 })),
            message("a", 1, &json!({})),
        ],
    )
    .await;
    sandbox.idle().await;
    let seen = seen(&sandbox);
    assert_eq!(seen["a"].iter().map(|(n, _)| *n).collect::<Vec<_>>(), [0, 1]);
    assert_eq!(seen["b"].iter().map(|(n, _)| *n).collect::<Vec<_>>(), [0]);
    let crashes = batches(&sandbox).iter().filter(|batch| batch.outcome == Outcome::Crash).count();
    assert_eq!(crashes, 2, "{:?}", batches(&sandbox));
    assert_eq!(left(&sandbox, QUEUE).await, 0);
    assert_eq!(left(&sandbox, "rectify-outbox-dead-letters.fifo").await, 0);
}

#[tokio::test(flavor = "multi_thread")]
async fn a_message_comes_when_the_function_asked_to_see_it_again() {
    let sandbox = Sandbox::start().await;
    // Two hours in AWS are, with a retry delay of 20 ms for a minute, 2.4 s here.
    send(&sandbox, &[message("a", 0, &json!({ "later": [1, 7_200] })), message("b", 0, &json!({ "fail": 1 }))]).await;
    sandbox.idle().await;
    let batches = batches(&sandbox);
    let of = |group: &str| {
        let has =
            |batch: &&Invocation| batch.response["seen"].as_array().unwrap().iter().any(|one| one["group"] == group);
        batches.iter().find(has).unwrap()
    };
    assert_eq!(seen(&sandbox)["a"], [(0, 2)]);
    let asked = sandbox.world.calls().into_iter().find(|call| call.operation == "ChangeMessageVisibility").unwrap();
    assert_eq!((asked.function.as_deref(), asked.status), (Some("Fed"), 200));
    let waited = of("a").start_ns - asked.end_ns;
    assert!(waited >= 2_400_000_000, "{waited} ns");
    assert!(of("b").start_ns < of("a").start_ns, "the other group did not wait");
}

#[tokio::test(flavor = "multi_thread")]
async fn without_partial_answers_a_batch_fails_as_a_whole() {
    let sandbox = Sandbox::start().await;
    let script = "import boto3, json\n\
                  client = boto3.client('sqs')\n\
                  url = client.get_queue_url(QueueName='rectify-whole')['QueueUrl']\n\
                  entries = [{'Id': str(n), 'MessageBody': json.dumps({'n': n, 'fail': 1 if n == 1 else 0})} for n in range(3)]\n\
                  client.send_message_batch(QueueUrl=url, Entries=entries)\n";
    sandbox.boto3(script).await;
    sandbox.idle().await;
    let outcomes: Vec<Outcome> = batches(&sandbox).iter().map(|batch| batch.outcome).collect();
    assert!(outcomes.contains(&Outcome::Error) && outcomes.last() == Some(&Outcome::Success), "{outcomes:?}");
    let worked: BTreeSet<u64> = seen(&sandbox)[""].iter().map(|(n, _)| *n).collect();
    assert_eq!(worked, BTreeSet::from([0, 1, 2]));
    assert_eq!(left(&sandbox, "rectify-whole").await, 0);
    assert_eq!(sandbox.world.posted().len(), 3, "each entry of the call");
}

#[tokio::test(flavor = "multi_thread")]
async fn the_same_message_within_five_minutes_is_one() {
    let sandbox = Sandbox::start().await;
    send(&sandbox, &[message("a", 0, &json!({}))]).await;
    sandbox.idle().await;
    // Also once it was delivered and deleted.
    send(&sandbox, &[message("a", 0, &json!({})), message("b", 0, &json!({ "id": "a-0" }))]).await;
    sandbox.idle().await;
    let seen = seen(&sandbox);
    assert_eq!((seen["a"].len(), seen["b"].len()), (1, 1), "an id is a group's: {seen:?}");
    assert_eq!(sandbox.world.posts().len(), 2);
}

#[tokio::test(flavor = "multi_thread")]
async fn who_asks_is_told_of_the_mapping_and_of_the_bucket() {
    let sandbox = Sandbox::start().await;
    let script = "import boto3, json\n\
                  mappings = boto3.client('lambda').list_event_source_mappings(FunctionName='rectify-Fed')['EventSourceMappings']\n\
                  s3 = boto3.client('s3')\n\
                  print(json.dumps([mappings, s3.get_public_access_block(Bucket='rectify-reports')['PublicAccessBlockConfiguration'],\n\
                    s3.get_bucket_versioning(Bucket='rectify-reports')['Status'],\n\
                    s3.get_bucket_lifecycle_configuration(Bucket='rectify-reports')['Rules'][0]['Expiration']['Days'],\n\
                    s3.get_bucket_tagging(Bucket='rectify-reports')['TagSet'],\n\
                    s3.get_bucket_ownership_controls(Bucket='rectify-reports')['OwnershipControls']['Rules'][0]['ObjectOwnership'],\n\
                    json.loads(s3.get_bucket_policy(Bucket='rectify-reports')['Policy'])['Statement'][0]['Resource']]))";
    let told: Value = serde_json::from_str(&sandbox.boto3(script).await).unwrap();
    let mappings = told[0].as_array().unwrap();
    assert_eq!(mappings.len(), 2, "not the one that is off");
    let outbox = mappings.iter().find(|mapping| mapping["EventSourceArn"].as_str().unwrap().ends_with(QUEUE)).unwrap();
    assert_eq!((&outbox["State"], &outbox["ScalingConfig"]["MaximumConcurrency"]), (&json!("Enabled"), &json!(3)));
    assert_eq!(told[1].as_object().unwrap().values().filter(|on| **on == json!(true)).count(), 4);
    assert_eq!(told[2], "Enabled");
    assert_eq!(told[3], 365);
    assert_eq!(told[4][0]["Key"], "rectify:log-store");
    assert_eq!(told[5], "BucketOwnerEnforced");
    assert_eq!(told[6], "arn:aws:s3:::rectify-reports/*");
}

#[tokio::test(flavor = "multi_thread")]
async fn one_schedule_of_several_can_be_started() {
    let sandbox = Sandbox::start().await;
    assert_eq!(sandbox.world.tick_with("Caller", &json!({ "id": "daily" })), 1);
    assert_eq!(sandbox.world.tick_with("Caller", &json!({ "id": "nothing" })), 0);
    sandbox.idle().await;
    let started: Vec<Value> = sandbox.world.invocations().iter().map(|one| one.response["event"].clone()).collect();
    assert_eq!(started, ["daily"]);
}

/// As `CreateEventSourceMapping` refuses it: at the deployment, not with messages that nobody fetches.
#[tokio::test(flavor = "multi_thread")]
async fn a_role_that_may_not_read_the_queue_is_refused_at_once() {
    let directory = tempfile::tempdir().unwrap();
    let template = directory.path().join("template.yaml");
    let text = "Resources:
  Queue: { Type: 'AWS::SQS::Queue' }
  Fed:
    Type: AWS::Serverless::Function
    Properties:
      CodeUri: .
      Role: !GetAtt Role.Arn
      Events:
        Messages: { Type: SQS, Properties: { Queue: !GetAtt Queue.Arn } }
  Role:
    Type: AWS::IAM::Role
    Properties:
      Policies:
        - PolicyName: p
          PolicyDocument:
            Version: '2012-10-17'
            Statement: { Effect: Allow, Action: [sqs:ReceiveMessage, sqs:GetQueueAttributes], Resource: !GetAtt Queue.Arn }
";
    std::fs::write(&template, text).unwrap();
    let binary = std::env::current_exe().unwrap();
    let error = WorldBuilder::new(template, move |_| binary.clone()).start().await.unwrap_err().to_string();
    assert!(error.contains("sqs:DeleteMessage") && error.contains("rectify-Queue"), "{error}");
}

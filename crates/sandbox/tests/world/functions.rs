//! Functions: their environment, their failures, their rights.

use std::collections::BTreeSet;
use std::time::Duration;

use rectify_sandbox::{Invocation, Outcome};
use serde_json::{Value, json};
use tokio::io::AsyncBufReadExt;

use crate::harness::{Sandbox, dead_letters, fixture};

async fn calls(sandbox: &Sandbox, calls: Value) -> Vec<String> {
    let invocation = sandbox.world.invoke("Guard", &json!({ "calls": calls })).await.unwrap();
    assert_eq!(invocation.outcome, Outcome::Success, "{invocation:?}");
    invocation.response.as_array().unwrap().iter().map(|result| result.as_str().unwrap().to_owned()).collect()
}

#[tokio::test(flavor = "multi_thread")]
async fn a_function_has_lambdas_variables_and_the_templates_and_nothing_else() {
    let sandbox = Sandbox::start().await;
    let first = sandbox.world.invoke("Guard", &json!({ "environment": true })).await.unwrap();
    let second = sandbox.world.invoke("rectify-guard", &json!({ "id": "e-1" })).await.unwrap();
    assert!(first.cold && !second.cold, "the second invocation is warm");
    assert!(first.init_ns.is_some() && second.init_ns.is_none());
    assert_eq!(first.pid, second.pid);

    let environment = first.response.as_object().unwrap();
    let value = |name: &str| environment.get(name).and_then(Value::as_str).unwrap_or_else(|| panic!("no {name}"));
    assert_eq!(value("AWS_LAMBDA_FUNCTION_NAME"), "rectify-guard");
    assert_eq!(value("AWS_LAMBDA_FUNCTION_VERSION"), "$LATEST");
    assert_eq!(value("AWS_LAMBDA_FUNCTION_MEMORY_SIZE"), "128");
    assert_eq!(value("AWS_ENDPOINT_URL"), sandbox.world.endpoint());
    assert_eq!(value("HTTP_PROXY"), sandbox.world.endpoint());
    assert_eq!(value("AWS_LAMBDA_LOG_FORMAT"), "JSON");
    assert_eq!(value("AWS_LAMBDA_LOG_LEVEL"), "INFO");
    assert_eq!(value("AWS_LAMBDA_LOG_GROUP_NAME"), "/aws/lambda/of-the-guard");
    assert_eq!(value("STAGE"), "test");
    assert_eq!(value("LEDGER"), "rectify-Ledger");
    assert_eq!(value("TOPIC"), "arn:aws:sns:eu-central-1:123456789012:rectify-Topic");
    assert_eq!(value("QUEUE_ARN"), "arn:aws:sqs:eu-central-1:123456789012:rectify-DeadLetters");
    assert_eq!(value("SETTINGS"), fixture("settings/settings.toml").to_str().unwrap());
    assert_eq!(
        value("TEXT"),
        "eu-central-1/123456789012/arn:aws:dynamodb:eu-central-1:123456789012:table/rectify-Ledger/${literal}"
    );
    assert_eq!(value("MODE_NAME"), "a-b");
    assert!(!environment.contains_key("GONE"));
    let strangers: Vec<&String> = environment
        .keys()
        .filter(|name| name.starts_with("CARGO") || name.starts_with("RUST") || *name == "HOME" || *name == "USER")
        .collect();
    assert!(strangers.is_empty(), "inherited: {strangers:?}");

    let deadline = second.response["deadline"].as_i64().unwrap();
    assert!((1..=20_000).contains(&deadline), "deadline in {deadline} ms");
    assert_eq!(second.response["arn"], "arn:aws:lambda:eu-central-1:123456789012:function:rectify-guard");
    let logged: BTreeSet<String> = sandbox.world.logs().into_iter().filter_map(|line| line.request_id).collect();
    assert_eq!(logged, BTreeSet::from([first.request_id, second.request_id]));
}

#[tokio::test(flavor = "multi_thread")]
async fn a_failing_function_is_tried_three_times_and_its_event_kept() {
    let sandbox = Sandbox::start().await;
    sandbox.world.publish(&json!({ "id": "e-1", "source": "test.fail", "detail-type": "x", "detail": { "n": 1 } }));
    sandbox.idle().await;
    let invocations = sandbox.world.invocations();
    let told: Vec<(u32, Outcome)> = invocations.iter().map(|one| (one.attempt, one.outcome)).collect();
    assert_eq!(told, [(1, Outcome::Error), (2, Outcome::Error), (3, Outcome::Error)]);
    let ids: BTreeSet<&str> = invocations.iter().map(|one| one.request_id.as_str()).collect();
    assert_eq!(ids.len(), 1, "retries keep the request id");
    assert_eq!(invocations[0].response["errorMessage"], "it went wrong");

    let message = &dead_letters(&sandbox, "rectify-DeadLetters").await[0];
    let event: Value = serde_json::from_str(message["Body"].as_str().unwrap()).unwrap();
    assert_eq!(event["detail"]["n"], 1);
    let attributes = &message["MessageAttributes"];
    assert_eq!(attributes["RequestID"]["StringValue"], invocations[0].request_id.as_str());
    assert_eq!(attributes["ErrorMessage"]["StringValue"], "it went wrong");
}

#[tokio::test(flavor = "multi_thread")]
async fn a_crash_reaches_the_destination_for_failures_at_once() {
    let sandbox = Sandbox::start().await;
    sandbox.world.publish(&json!({ "id": "e-2", "source": "test.crash", "detail-type": "x", "detail": {} }));
    sandbox.idle().await;
    let invocations = sandbox.world.invocations();
    assert_eq!(invocations.iter().map(|one| one.outcome).collect::<Vec<_>>(), [Outcome::Crash]);
    assert_eq!(invocations[0].response["errorType"], "Runtime.ExitError");
    let told = || sandbox.world.logs().iter().any(|line| line.stream == "stderr" && line.line == "going down");
    assert!(told());

    let message = &dead_letters(&sandbox, "rectify-DeadLetters").await[0];
    let record: Value = serde_json::from_str(message["Body"].as_str().unwrap()).unwrap();
    assert_eq!(record["requestContext"]["condition"], "RetriesExhausted");
    assert_eq!(record["requestPayload"]["id"], "e-2");
}

#[tokio::test(flavor = "multi_thread")]
async fn time_is_limited_and_a_bad_start_is_told() {
    let sandbox = Sandbox::start().await;
    let run = async |name: &str| -> Invocation { sandbox.world.invoke(name, &json!({})).await.unwrap() };
    let hanging = run("Hanging").await;
    assert_eq!(hanging.outcome, Outcome::Timeout);
    let pid = hanging.pid.unwrap();
    assert!(!alive(pid), "the process is ended");
    let bad = run("BadStart").await;
    assert_eq!((bad.outcome, &bad.response["errorType"]), (Outcome::InitError, &json!("Settings.Unreadable")));
    let no = run("NoStart").await;
    assert_eq!((no.outcome, &no.response["errorType"]), (Outcome::InitError, &json!("Runtime.ExitError")));
    // After a crash the next invocation has a new process.
    let crashed = sandbox.world.invoke("Guard", &json!({ "crash": true })).await.unwrap();
    assert_eq!(crashed.outcome, Outcome::Crash);
    let after = run("Guard").await;
    assert_eq!((after.outcome, after.cold), (Outcome::Success, true));
}

#[tokio::test(flavor = "multi_thread")]
async fn a_role_allows_what_the_template_says_and_a_person_everything() {
    let sandbox = Sandbox::start().await;
    sandbox.bucket("data").await;
    let item = json!({ "pk": { "S": "a" }, "count": { "N": "7" } });
    let results = calls(
        &sandbox,
        json!([
            ["s3", "put_bucket_acl", { "Bucket": "data", "ACL": "private" }],
            ["s3", "put_public_access_block", { "Bucket": "data", "PublicAccessBlockConfiguration": { "BlockPublicAcls": true } }],
            ["s3", "get_public_access_block", { "Bucket": "data" }],
            ["s3", "get_bucket_acl", { "Bucket": "data" }],
            ["s3", "delete_bucket", { "Bucket": "data" }],
            ["s3control", "get_public_access_block", { "AccountId": "123456789012" }],
            ["s3control", "delete_public_access_block", { "AccountId": "123456789012" }],
            ["dynamodb", "put_item", { "TableName": "rectify-Ledger", "Item": item }],
            ["dynamodb", "delete_item", { "TableName": "rectify-Ledger", "Key": { "pk": { "S": "a" } } }],
            ["dynamodb", "put_item", { "TableName": "other", "Item": item }],
            ["dynamodb", "transact_write_items", { "TransactItems": [{ "Put": { "TableName": "rectify-Ledger", "Item": item } }] }],
            ["dynamodb", "transact_write_items", { "TransactItems": [{ "Delete": { "TableName": "rectify-Ledger", "Key": { "pk": { "S": "a" } } } }] }],
            ["sns", "publish", { "TopicArn": "arn:aws:sns:eu-central-1:123456789012:rectify-Topic", "Message": "hällo & <b>+ %", "Subject": "s" }],
            ["sns", "publish", { "TopicArn": "arn:aws:sns:eu-central-1:123456789012:other", "Message": "hello" }],
            ["iam", "list_users", {}],
        ]),
    )
    .await;
    assert_eq!(
        results,
        [
            "ok",
            "ok",
            "ok",
            "AccessDenied",
            "AccessDenied",
            // Nothing was put for the account: the call was allowed.
            "NoSuchPublicAccessBlockConfiguration",
            "AccessDenied",
            "ok",
            "AccessDeniedException",
            "AccessDeniedException",
            // A transaction takes what its items take.
            "ok",
            "AccessDeniedException",
            "ok",
            "AccessDenied",
            "AccessDenied",
        ]
    );
    assert_eq!(sandbox.world.rows("rectify-Ledger").await.unwrap(), [json!({ "pk": "a", "count": 7 })]);
    let messages = sandbox.world.messages();
    assert_eq!(messages.len(), 1, "only what was published");
    assert_eq!((messages[0].body.as_str(), messages[0].subject.as_deref()), ("hällo & <b>+ %", Some("s")));
    assert_eq!(messages[0].function.as_deref(), Some("Guard"));

    let recorded = sandbox.world.calls();
    let by_function: Vec<&str> =
        recorded.iter().filter(|call| call.function.is_some()).map(|call| call.action.as_str()).collect();
    assert_eq!(
        by_function[0..3],
        ["s3:PutBucketAcl", "s3:PutBucketPublicAccessBlock", "s3:GetBucketPublicAccessBlock"]
    );
    // The other invocation is the one that the role's own event started.
    let invocations = sandbox.world.invocations();
    let invocation = invocations.iter().find(|one| one.response.is_array()).unwrap();
    let within: BTreeSet<Option<&str>> =
        recorded.iter().filter(|call| call.function.is_some()).map(|call| call.request_id.as_deref()).collect();
    assert_eq!(within, BTreeSet::from([Some(invocation.request_id.as_str())]));

    // The role's own event names the role, and the denied call its error.
    let event = sandbox.event("PutBucketAcl");
    let identity = &event["detail"]["userIdentity"];
    assert_eq!(identity["type"], "AssumedRole");
    assert_eq!(identity["sessionContext"]["sessionIssuer"]["userName"], "rectify-Guard");
    assert_eq!(sandbox.event("DeleteBucket")["detail"]["errorCode"], "AccessDenied");

    let told = sandbox
        .boto3(
            "import boto3\n\
             s3 = boto3.client('s3')\n\
             s3.put_bucket_versioning(Bucket='data', VersioningConfiguration={'Status': 'Enabled'})\n\
             s3.put_object(Bucket='data', Key='a b/ü+c', Body=b'x' * 100000)\n\
             assert s3.get_object(Bucket='data', Key='a b/ü+c')['Body'].read() == b'x' * 100000\n\
             boto3.client('s3control').put_public_access_block(AccountId='123456789012', PublicAccessBlockConfiguration={'BlockPublicAcls': True})\n\
             trust = dict(Effect='Allow', Principal=dict(AWS='123456789012'), Action='sts:AssumeRole')\n\
             trust = __import__('json').dumps(dict(Statement=trust))\n\
             boto3.client('iam', aws_access_key_id='222222222222', aws_secret_access_key='x').create_role(RoleName='x', AssumeRolePolicyDocument=trust)\n\
             c = boto3.client('sts').assume_role(RoleArn='arn:aws:iam::222222222222:role/x', RoleSessionName='me')['Credentials']\n\
             other = boto3.Session(c['AccessKeyId'], c['SecretAccessKey'], c['SessionToken'])\n\
             other.client('sqs').create_queue(QueueName='there')\n\
             print(other.client('sts').get_caller_identity()['Account'], len(boto3.client('sqs').list_queues().get('QueueUrls', [])))\n",
        )
        .await;
    assert_eq!(told.trim(), "222222222222 5");
    let event = sandbox.event("CreateQueue");
    assert_eq!(event["account"], "222222222222");
    assert_eq!(event["detail"]["userIdentity"]["arn"], "arn:aws:sts::222222222222:assumed-role/x/me");
    assert_eq!(sandbox.event("PutAccountPublicAccessBlock")["account"], "123456789012");
    assert!(!sandbox.names().contains(&"PutObject".to_owned()), "objects are data events");
}

#[tokio::test(flavor = "multi_thread")]
async fn a_role_of_the_template_has_its_path_and_its_policies() {
    let sandbox = Sandbox::start().await;
    sandbox.bucket("own-data").await;
    sandbox.bucket("data").await;
    let put = |bucket: &str| json!(["s3", "put_bucket_acl", { "Bucket": bucket, "ACL": "private" }]);
    let invocation =
        sandbox.world.invoke("OwnRole", &json!({ "calls": [put("own-data"), put("data")] })).await.unwrap();
    assert_eq!(invocation.response, json!(["ok", "AccessDenied"]));
    let issuer = &sandbox.event("PutBucketAcl")["detail"]["userIdentity"]["sessionContext"]["sessionIssuer"];
    assert_eq!(issuer["arn"], "arn:aws:iam::123456789012:role/rectify/rectify-OwnRolesRole");
}

#[tokio::test(flavor = "multi_thread")]
async fn a_function_without_concurrency_keeps_its_events_for_later() {
    let sandbox = Sandbox::start().await;
    sandbox.world.publish(&json!({ "id": "e-3", "source": "test.throttled", "detail-type": "x", "detail": {} }));
    sandbox.idle().await;
    let invocations = sandbox.world.invocations();
    assert_eq!(invocations.len(), 1);
    assert_eq!(invocations[0].response["errorType"], "TooManyRequestsException");
    assert!(dead_letters(&sandbox, "rectify-DeadLetters").await[0]["Body"].as_str().unwrap().contains("e-3"));
}

#[tokio::test(flavor = "multi_thread")]
async fn two_hundred_at_once_are_all_answered() {
    let sandbox = Sandbox::start().await;
    let names: Vec<String> = (0..200).map(|n| format!("many-{n}")).collect();
    let one = async |name: &String| {
        sandbox.bucket(name).await;
        let reply = sandbox.s3("PUT", &format!("/{name}?acl"), &[("x-amz-acl", "private")], "").await;
        assert_eq!(reply.status, 200, "{}", reply.body);
    };
    join_all(names.iter().map(one)).await;
    sandbox.idle().await;
    let invocations = sandbox.world.invocations();
    assert_eq!(invocations.len(), 200);
    assert!(invocations.iter().all(|one| one.outcome == Outcome::Success));
    let processes: BTreeSet<Option<u32>> = invocations.iter().map(|one| one.pid).collect();
    assert!(processes.len() <= 4, "at most as many as reserved, but {}", processes.len());
}

async fn join_all<F: Future>(futures: impl Iterator<Item = F>) {
    let mut futures: Vec<_> = futures.map(Box::pin).collect();
    std::future::poll_fn(|context| {
        futures.retain_mut(|future| future.as_mut().poll(context).is_pending());
        if futures.is_empty() { std::task::Poll::Ready(()) } else { std::task::Poll::Pending }
    })
    .await;
}

#[tokio::test(flavor = "multi_thread")]
async fn the_end_leaves_no_process() {
    let sandbox = Sandbox::start().await;
    let endpoint = sandbox.world.endpoint().to_owned();
    let warm = sandbox.world.invoke("Guard", &json!({})).await.unwrap().pid.unwrap();
    // One is in the middle of its work when the world ends.
    sandbox.world.publish(&json!({ "source": "test.guard", "detail-type": "x", "detail": {}, "sleep": 600 }));
    sandbox.world.publish(&json!({ "source": "test.guard", "detail-type": "x", "detail": {}, "sleep": 601 }));
    until(|| children().len() >= 3).await;
    assert!(children().len() >= 3, "moto and two functions: {:?}", children());
    assert!(alive(warm));
    sandbox.world.shutdown().await;
    assert_eq!(children(), Vec::<u32>::new());
    let gone = http::Request::get(format!("{endpoint}/")).body(http_body_util::Full::default()).unwrap();
    assert!(crate::harness::send(gone).await.is_err(), "nobody listens any more");
}

#[tokio::test(flavor = "multi_thread")]
async fn dropping_the_world_ends_its_processes_too() {
    let sandbox = Sandbox::start().await;
    sandbox.world.invoke("Guard", &json!({})).await.unwrap();
    sandbox.world.publish(&json!({ "source": "test.guard", "detail-type": "x", "detail": {}, "sleep": 600 }));
    drop(sandbox);
    until(|| children().is_empty()).await;
    assert_eq!(children(), Vec::<u32>::new());
}

/// Waits until `condition` holds, but not for ever: the assertion after it tells.
async fn until(mut condition: impl FnMut() -> bool) {
    let deadline = std::time::Instant::now() + Duration::from_secs(20);
    while !condition() && std::time::Instant::now() < deadline {
        tokio::time::sleep(Duration::from_millis(20)).await;
    }
}

/// Set in the process that is about to be killed.
const HOLD: &str = "RECTIFY_SANDBOX_TEST_HOLD";

#[tokio::test(flavor = "multi_thread")]
async fn a_killed_sandbox_leaves_nothing_either() {
    if std::env::var_os(HOLD).is_some() {
        hold().await;
    }
    // This test again, in a process that can be killed.
    let mut victim = tokio::process::Command::new(std::env::current_exe().unwrap())
        .args(["--exact", "functions::a_killed_sandbox_leaves_nothing_either", "--nocapture"])
        .env(HOLD, "1")
        .stdout(std::process::Stdio::piped())
        .kill_on_drop(true)
        .spawn()
        .unwrap();
    let mut lines = tokio::io::BufReader::new(victim.stdout.take().unwrap()).lines();
    let pids: Vec<u32> = loop {
        let line = lines.next_line().await.unwrap().expect("the victim says its processes");
        if let Some(pids) = line.strip_prefix("processes: ") {
            break pids.split(' ').map(|pid| pid.parse().unwrap()).collect();
        }
    };
    assert!(pids.len() >= 3 && pids.iter().all(|pid| alive(*pid)), "{pids:?}");
    victim.kill().await.unwrap();
    until(|| !pids.iter().any(|pid| alive(*pid))).await;
    let left: Vec<&u32> = pids.iter().filter(|pid| alive(**pid)).collect();
    assert!(left.is_empty(), "{left:?}");
}

/// A world with a warm function and one in the middle of its work, for ever.
#[expect(clippy::print_stdout, reason = "how the test that kills this process learns what to look for")]
async fn hold() {
    let sandbox = Sandbox::start().await;
    sandbox.world.publish(&json!({ "source": "test.guard", "detail-type": "x", "detail": {}, "sleep": 600 }));
    until(|| children().len() >= 2).await;
    sandbox.world.invoke("Guard", &json!({})).await.unwrap();
    let pids: Vec<String> = children().iter().map(u32::to_string).collect();
    println!("processes: {}", pids.join(" "));
    std::future::pending().await
}

/// Living children of this test's process (each test has a process of its own).
fn children() -> Vec<u32> {
    let me = std::process::id();
    let mut children = Vec::new();
    for entry in std::fs::read_dir("/proc").into_iter().flatten().flatten() {
        let Some(pid) = entry.file_name().to_str().and_then(|name| name.parse().ok()) else { continue };
        let Ok(stat) = std::fs::read_to_string(entry.path().join("stat")) else { continue };
        let Some((_, rest)) = stat.rsplit_once(") ") else { continue };
        let mut fields = rest.split(' ');
        let state = fields.next();
        if fields.next().and_then(|parent| parent.parse().ok()) == Some(me) && state != Some("Z") {
            children.push(pid);
        }
    }
    children
}

fn alive(pid: u32) -> bool {
    std::fs::read_to_string(format!("/proc/{pid}/stat")).is_ok_and(|stat| !stat.contains(") Z "))
}

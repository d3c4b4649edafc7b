//! Processes that are killed in the middle of their work, and failures as if by chance.

use std::collections::BTreeSet;
use std::time::Duration;

use rectify_sandbox::{Effect, Fault, Invocation, Outcome};
use serde_json::{Value, json};
use tokio::io::AsyncWriteExt;

use crate::harness::Sandbox;

fn acl() -> Value {
    json!(["s3", "put_bucket_acl", { "Bucket": "data", "ACL": "private" }])
}

fn fault(effect: Effect) -> Fault {
    Fault { operation: Some("PutBucketAcl".to_owned()), effect, ..Fault::default() }
}

fn acls(sandbox: &Sandbox) -> usize {
    sandbox.names().iter().filter(|name| *name == "PutBucketAcl").count()
}

/// The attempts at one event.
fn attempts(sandbox: &Sandbox, event: &str) -> Vec<Invocation> {
    sandbox.world.invocations().into_iter().filter(|one| one.event_id.as_deref() == Some(event)).collect()
}

#[tokio::test(flavor = "multi_thread")]
async fn a_killed_process_is_a_failed_attempt_and_nobody_else_notices() {
    // How many of the calls before the kill the cloud saw, the one that was hit included.
    for (effect, seen) in [(Effect::Kill, 1), (Effect::KillAfter, 2)] {
        let sandbox = Sandbox::start().await;
        sandbox.bucket("data").await;
        // Through the other functions' rules the calls would come round again.
        sandbox.world.lose_events(true);
        sandbox.world.set_faults(vec![Fault { nth: Some(2), ..fault(effect.clone()) }]);
        let event = |id: &str, more: Value| {
            let mut event = json!({ "id": id, "source": "test.guard", "detail-type": "x", "detail": {} });
            event.as_object_mut().unwrap().extend(more.as_object().unwrap().clone());
            event
        };
        sandbox.world.publish(&event("other", json!({ "sleep": 2 })));
        sandbox.world.publish(&event("victim", json!({ "calls": [acl(), acl(), acl()] })));
        sandbox.idle().await;

        let victim = attempts(&sandbox, "victim");
        let [killed, again] = victim.as_slice() else { panic!("{effect:?}: {victim:?}") };
        assert_eq!((killed.attempt, killed.outcome), (1, Outcome::Crash));
        let message = format!("RequestId: {} Error: Runtime exited with error: signal: killed", killed.request_id);
        assert_eq!(killed.response, json!({ "errorType": "Runtime.ExitError", "errorMessage": message }));
        assert_eq!((again.attempt, again.outcome), (2, Outcome::Success));
        assert_eq!(again.response, json!(["ok", "ok", "ok"]));
        assert_eq!(killed.request_id, again.request_id);
        assert_ne!(killed.pid, again.pid, "a process of its own");
        assert_eq!(acls(&sandbox), seen + 3, "{effect:?}");

        let other = attempts(&sandbox, "other");
        assert_eq!(other.iter().map(|one| (one.attempt, one.outcome)).collect::<Vec<_>>(), [(1, Outcome::Success)]);
        let calls = sandbox.world.calls();
        let hit: Vec<u16> = calls.iter().filter(|call| call.fault.is_some()).map(|call| call.status).collect();
        assert_eq!(hit, [if effect == Effect::Kill { 0 } else { 200 }]);
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn whoever_waits_for_a_killed_function_is_told() {
    let sandbox = Sandbox::start().await;
    sandbox.bucket("data").await;
    sandbox.world.set_faults(vec![Fault { times: Some(1), ..fault(Effect::Kill) }]);
    let path = "/2015-03-31/functions/rectify-guard/invocations";
    let reply = sandbox.request("POST", "lambda", path, &[], &json!({ "calls": [acl()] }).to_string()).await;
    assert_eq!((reply.status, &reply.json()["errorType"]), (200, &json!("Runtime.ExitError")));
    let reply = sandbox.request("POST", "lambda", path, &[], &json!({ "calls": [acl()] }).to_string()).await;
    assert_eq!(reply.json(), json!(["ok"]));

    // A person has no process that could be killed.
    let person = Some("person".to_owned());
    sandbox.world.set_faults(vec![Fault { function: person, ..fault(Effect::Kill) }]);
    let request = http::Request::put(format!("{}/data?acl", sandbox.world.endpoint()))
        .header("authorization", "AWS4-HMAC-SHA256 Credential=A/20261123/eu-central-1/s3/aws4_request, Signature=0")
        .body(http_body_util::Full::default())
        .unwrap();
    assert!(crate::harness::send(request).await.is_err());
}

#[tokio::test(flavor = "multi_thread")]
async fn a_call_is_carried_out_also_when_its_caller_has_gone() {
    let sandbox = Sandbox::start().await;
    sandbox.bucket("data").await;
    let person = Some("person".to_owned());
    sandbox.world.set_faults(vec![Fault { function: person, delay_ms: 1500, ..fault(Effect::None) }]);
    let address = sandbox.world.endpoint().strip_prefix("http://").unwrap();
    let request = "PUT /data?acl HTTP/1.1\r\nhost: localhost\r\nx-amz-acl: private\r\ncontent-length: 0\r\n\
                   authorization: AWS4-HMAC-SHA256 Credential=A/20261123/eu-central-1/s3/aws4_request, Signature=0\r\n\r\n";
    // A caller who leaves before the request is read has not called: so several, none of whom waits for the answer.
    for _ in 0..20 {
        let mut connection = tokio::net::TcpStream::connect(address).await.unwrap();
        connection.write_all(request.as_bytes()).await.unwrap();
        tokio::time::sleep(Duration::from_millis(200)).await;
        drop(connection);
        if acls(&sandbox) > 0 {
            break;
        }
    }
    let deadline = std::time::Instant::now() + Duration::from_secs(20);
    while acls(&sandbox) == 0 && std::time::Instant::now() < deadline {
        tokio::time::sleep(Duration::from_millis(20)).await;
    }
    assert!(acls(&sandbox) > 0);
}

#[tokio::test(flavor = "multi_thread")]
async fn chance_repeats_itself_with_its_seed() {
    let sandbox = Sandbox::start().await;
    sandbox.bucket("data").await;
    let run = async |percent: u8, seed: u64| -> String {
        let error = Effect::Error { status: 500, code: "InternalError".to_owned() };
        sandbox.world.set_faults(vec![Fault { percent: Some(percent), seed, ..fault(error) }]);
        let event = json!({ "calls": vec![acl(); 40] });
        let invocation = sandbox.world.invoke("Guard", &event).await.unwrap();
        let results = invocation.response.as_array().unwrap().clone();
        results.iter().map(|result| if result == "ok" { '.' } else { 'x' }).collect()
    };
    let failed = |pattern: &str| pattern.matches('x').count();
    let patterns: Vec<String> = vec![run(30, 1).await, run(30, 2).await, run(30, 3).await];
    assert_eq!(patterns.iter().collect::<BTreeSet<_>>().len(), 3, "{patterns:?}");
    assert_eq!(run(30, 1).await, patterns[0]);
    let all: usize = patterns.iter().map(|pattern| failed(pattern)).sum();
    assert!((24..=48).contains(&all), "{all} of 120: {patterns:?}");
    assert_eq!((failed(&run(0, 1).await), failed(&run(100, 1).await)), (0, 40));
}

#[tokio::test(flavor = "multi_thread")]
async fn a_process_that_ended_while_it_waited_gets_no_work() {
    let sandbox = Sandbox::start().await;
    let first = sandbox.world.invoke("Guard", &json!({})).await.unwrap();
    let pid = first.pid.unwrap();
    let killed = std::process::Command::new("kill").args(["-9", &pid.to_string()]).status().unwrap();
    assert!(killed.success());
    let deadline = std::time::Instant::now() + Duration::from_secs(20);
    let is_there = || std::fs::read_to_string(format!("/proc/{pid}/stat")).is_ok_and(|stat| !stat.contains(") Z "));
    while is_there() && std::time::Instant::now() < deadline {
        tokio::time::sleep(Duration::from_millis(5)).await;
    }
    let next = sandbox.world.invoke("Guard", &json!({})).await.unwrap();
    assert_eq!((next.outcome, next.cold), (Outcome::Success, true), "{next:?}");
    assert_ne!(next.pid, Some(pid));
}

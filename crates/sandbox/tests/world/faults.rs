//! Failures on purpose, and the control API.

use std::time::Duration;

use rectify_sandbox::{Effect, Fault};
use serde_json::{Value, json};

use crate::harness::Sandbox;

async fn tries(sandbox: &Sandbox, attempts: u32, count: usize) -> Vec<String> {
    let call = json!(["s3", "put_bucket_acl", { "Bucket": "data", "ACL": "private" }]);
    let event = json!({ "attempts": attempts, "calls": vec![call; count] });
    let invocation = sandbox.world.invoke("Guard", &event).await.unwrap();
    let results = invocation.response.as_array().unwrap_or_else(|| panic!("{invocation:?}"));
    results.iter().map(|result| result.as_str().unwrap().to_owned()).collect()
}

#[tokio::test(flavor = "multi_thread")]
async fn calls_of_functions_fail_as_told() {
    let sandbox = Sandbox::start().await;
    sandbox.bucket("data").await;
    let world = &sandbox.world;
    let fault = |effect: Effect| Fault { operation: Some("PutBucketAcl".to_owned()), effect, ..Fault::default() };
    let acls = || sandbox.names().iter().filter(|name| *name == "PutBucketAcl").count();

    world.set_faults(vec![Fault {
        every: Some(3),
        ..fault(Effect::Error { status: 503, code: "SlowDown".to_owned() })
    }]);
    assert_eq!(tries(&sandbox, 1, 6).await, ["ok", "ok", "SlowDown", "ok", "ok", "SlowDown"]);
    assert_eq!(tries(&sandbox, 3, 3).await, ["ok", "ok", "ok"], "a client's own retry helps");

    world.set_faults(vec![Fault { nth: Some(2), ..fault(Effect::Cut) }]);
    let before = acls();
    assert_eq!(tries(&sandbox, 1, 3).await, ["ok", "ProxyConnectionError", "ok"]);
    assert_eq!(acls(), before + 2, "the cloud never saw the second");

    world.set_faults(vec![Fault { times: Some(1), ..fault(Effect::CutAfter) }]);
    let before = acls();
    assert_eq!(tries(&sandbox, 1, 1).await, ["ProxyConnectionError"]);
    assert_eq!(acls(), before + 1, "it was carried out");

    world.set_faults(vec![Fault { delay_ms: 300, ..fault(Effect::None) }]);
    world.clear_records();
    tries(&sandbox, 1, 1).await;
    let calls = world.calls();
    let slow = calls.iter().find(|call| call.operation == "PutBucketAcl").unwrap();
    assert!(slow.end_ns - slow.start_ns >= 300_000_000, "{slow:?}");
    assert!(slow.fault.is_some());

    world.set_faults(vec![Fault { at_least_ms: 300, ..fault(Effect::None) }]);
    world.clear_records();
    tries(&sandbox, 1, 1).await;
    let calls = world.calls();
    let held = calls.iter().find(|call| call.operation == "PutBucketAcl").unwrap();
    assert!(held.end_ns - held.start_ns >= 300_000_000 && held.cloud_ns < 300_000_000, "{held:?}");

    // A person is spared unless named.
    world.set_faults(vec![fault(Effect::Cut)]);
    assert_eq!(sandbox.s3("PUT", "/data?acl", &[("x-amz-acl", "private")], "").await.status, 200);
    world.set_faults(vec![Fault {
        function: Some("person".to_owned()),
        operation: Some("GetBucketAcl".to_owned()),
        effect: Effect::Truncate,
        ..Fault::default()
    }]);
    let request = http::Request::get(format!("{}/data?acl", world.endpoint()))
        .header("authorization", "AWS4-HMAC-SHA256 Credential=A/20261123/eu-central-1/s3/aws4_request, Signature=0")
        .body(http_body_util::Full::default())
        .unwrap();
    assert!(crate::harness::send(request).await.is_err(), "the body ends in the middle");
}

#[tokio::test(flavor = "multi_thread")]
async fn everything_can_be_asked_over_http() {
    let sandbox = Sandbox::start().await;
    sandbox.bucket("data").await;
    let fault = r#"{"service": "s3", "function": "person", "effect": {"kind": "error", "status": 500, "code": "InternalError"}}"#;
    assert_eq!(sandbox.control("POST", "faults", fault).await.status, 200);
    let failed = sandbox.s3("PUT", "/data?acl", &[("x-amz-acl", "private")], "").await;
    assert_eq!(failed.status, 500);
    assert!(failed.body.contains("<Code>InternalError</Code>"), "{}", failed.body);
    assert_eq!(sandbox.control("DELETE", "faults", "").await.status, 200);
    assert_eq!(sandbox.control("POST", "faults", r#"{"servise": "s3"}"#).await.status, 400);

    assert_eq!(sandbox.s3("PUT", "/data?acl", &[("x-amz-acl", "private")], "").await.status, 200);
    assert_eq!(sandbox.control("GET", "idle?timeout_ms=20000", "").await.json(), json!({ "idle": true }));
    let calls = sandbox.control("GET", "calls", "").await.json();
    let told: Vec<(&str, u64)> = calls
        .as_array()
        .unwrap()
        .iter()
        .map(|call| (call["operation"].as_str().unwrap(), call["status"].as_u64().unwrap()))
        .collect();
    assert_eq!(told, [("CreateBucket", 200), ("PutBucketAcl", 500), ("PutBucketAcl", 200)]);
    assert_eq!(sandbox.control("GET", "events", "").await.json().as_array().unwrap().len(), 2);
    assert_eq!(sandbox.control("GET", "invocations", "").await.json()[0]["outcome"], "success");

    let event = json!({ "id": "mine", "source": "test.guard", "detail-type": "x", "detail": {} });
    assert_eq!(sandbox.control("POST", "events", &event.to_string()).await.status, 200);
    sandbox.idle().await;
    let put = json!({ "Entries": [{ "Source": "test.guard", "DetailType": "recheck", "Detail": "{\"a\":1}", "EventBusName": "default" }] });
    let headers = [("x-amz-target", "AWSEvents.PutEvents"), ("content-type", "application/x-amz-json-1.1")];
    let reply = sandbox.request("POST", "events", "/", &headers, &put.to_string()).await;
    assert_eq!(reply.status, 200, "{}", reply.body);
    sandbox.idle().await;
    let invocations = sandbox.control("GET", "invocations", "").await.json();
    assert_eq!(invocations.as_array().unwrap().len(), 3);

    let invoked = sandbox.control("POST", "invoke/Guard", r#"{"id": "now"}"#).await.json();
    assert_eq!((&invoked["outcome"], &invoked["response"]["event"]), (&json!("success"), &json!("now")));
    assert_eq!(sandbox.control("POST", "invoke/Nobody", "{}").await.status, 404);
    assert_eq!(sandbox.control("DELETE", "records", "").await.status, 200);
    assert_eq!(sandbox.control("GET", "calls", "").await.json(), json!([]));
    assert_eq!(sandbox.control("GET", "messages", "").await.json(), json!([]));

    // A call that takes a while keeps the world busy.
    sandbox.world.publish(&json!({ "source": "test.guard", "detail-type": "x", "detail": {}, "sleep": 3 }));
    assert!(!sandbox.world.idle(Duration::from_millis(50)).await);
    let unknown: Value = sandbox.control("GET", "nothing", "").await.json();
    assert!(unknown["error"].as_str().unwrap().contains("nothing"));
}

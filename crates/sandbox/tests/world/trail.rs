//! Calls, the events minted from them, and who is allowed what.

use serde_json::{Value, json};

use crate::harness::Sandbox;

#[tokio::test(flavor = "multi_thread")]
async fn an_acl_call_becomes_an_event_and_an_invocation() {
    let sandbox = Sandbox::start().await;
    sandbox.bucket("data").await;
    let reply = sandbox.s3("PUT", "/data?acl", &[("x-amz-acl", "public-read")], "").await;
    assert_eq!(reply.status, 200, "{}", reply.body);
    sandbox.idle().await;

    let event = sandbox.event("PutBucketAcl");
    assert_eq!(event["source"], "aws.s3");
    assert_eq!(event["detail-type"], "AWS API Call via CloudTrail");
    assert_eq!((&event["account"], &event["region"]), (&json!("123456789012"), &json!("eu-central-1")));
    let detail = &event["detail"];
    assert_eq!(
        detail["requestParameters"],
        json!({
            "bucketName": "data",
            "acl": "",
            "x-amz-acl": "public-read",
            "Host": "s3.eu-central-1.amazonaws.com",
        })
    );
    assert_eq!(detail["userIdentity"]["type"], "IAMUser");
    assert_eq!(detail["readOnly"], false);
    assert_eq!(detail["errorCode"], Value::Null);

    let invocations = sandbox.world.invocations();
    assert_eq!(invocations.len(), 1);
    assert_eq!(invocations[0].function, "Guard");
    assert_eq!(invocations[0].response["name"], "PutBucketAcl");
    assert_eq!(invocations[0].event_id.as_deref(), event["id"].as_str());
    sandbox.world.shutdown().await;
}

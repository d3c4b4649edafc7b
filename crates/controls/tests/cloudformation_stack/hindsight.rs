//! What logs tell of stacks.

use rectify_controls::{Fact, cloudformation_stack::*};
use serde_json::{Value, json};

use crate::past::Past;

const OFF: &str = "stack-termination-protection-off";
const DRIFTED: &str = "stack-drifted";

const ARN: &str = "arn:aws:cloudformation:eu-central-1:123456789012:stack/orders/0bd1a2e0-4a5b-11ee-be56-0242ac120002";

fn stack() -> Past<CloudFormationStack> {
    let id = StackId::new("orders/0bd1a2e0-4a5b-11ee-be56-0242ac120002").unwrap();
    Past::of("cloudformation.amazonaws.com", "eu-central-1", &Target::Stack(id))
}

fn made(mut request: Value) -> Past<CloudFormationStack> {
    let mut past = stack();
    request.as_object_mut().unwrap().insert("stackName".to_owned(), "orders".into());
    past.answered("CreateStack", request, json!({"stackId": ARN}));
    past
}

fn protect(mut past: Past<CloudFormationStack>, on: &Value) -> Past<CloudFormationStack> {
    let request = json!({"stackName": "orders", "enableTerminationProtection": on});
    past.answered("UpdateTerminationProtection", request, json!({"stackId": ARN}));
    past
}

#[test]
fn what_one_call_opens_another_closes() {
    let past = protect(made(json!({})).is(OFF, "live"), &json!(true)).is(OFF, "nothing");
    let past = protect(past, &json!("false")).is(OFF, "live");
    let past = past.call("DeleteStack", json!({"stackName": "another"})).is(OFF, "live");
    past.call("DeleteStack", json!({"stackName": ARN})).is(OFF, "nothing");
    made(json!({"enableTerminationProtection": true})).is(OFF, "nothing");
}

/// Stacks that the settings exempt by a tag are known by their tags only.
#[test]
fn what_is_not_said_is_not_known() {
    made(json!({"tags": [{"key": "rectify:ephemeral", "value": "true"}]})).is(OFF, "nothing");
    made(json!({"tags": ["odd"]})).is(OFF, "unknown");
    made(json!({"enableTerminationProtection": "perhaps"})).is(OFF, "unknown");
    protect(stack(), &json!(false)).is(OFF, "unknown");
    protect(made(json!({})), &json!(null)).is(OFF, "unknown");
    made(json!({})).is(DRIFTED, "nothing");
    assert!(matches!(&made(json!({"roleARN": "arn:aws:iam::123456789012:role/deploy"})).facts.state,
        Fact::Known(state) if state.role.is_some()));
}

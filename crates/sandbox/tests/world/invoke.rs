//! Functions that are invoked by name: by people, by functions, and by the schedules of the template.

use rectify_sandbox::{Effect, Fault, Invocation, Outcome};
use serde_json::{Value, json};

use crate::harness::{Sandbox, dead_letters};

/// Invokes as a person does; says what came of it as JSON.
async fn invoke(sandbox: &Sandbox, arguments: &str) -> Value {
    let script = format!(
        r#"
import boto3, json
from botocore.config import Config
from botocore.exceptions import ClientError
client = boto3.client('lambda', config=Config(retries={{'total_max_attempts': 1}}))
try:
    answer = client.invoke({arguments})
    print(json.dumps({{
        'status': answer['StatusCode'],
        'version': answer.get('ExecutedVersion'),
        'error': answer.get('FunctionError'),
        'request': answer['ResponseMetadata']['RequestId'],
        'payload': answer['Payload'].read().decode(),
    }}))
except ClientError as error:
    answer = error.response
    print(json.dumps({{'status': answer['ResponseMetadata']['HTTPStatusCode'], 'code': answer['Error']['Code'], 'message': answer['Error']['Message']}}))
"#
    );
    serde_json::from_str(&sandbox.boto3(&script).await).unwrap()
}

fn payload(answer: &Value) -> Value {
    serde_json::from_str(answer["payload"].as_str().unwrap()).unwrap()
}

#[tokio::test(flavor = "multi_thread")]
async fn a_person_invokes_and_has_the_answer() {
    let sandbox = Sandbox::start().await;
    let arn = "arn:aws:lambda:eu-central-1:123456789012:function:rectify-guard";
    for name in ["rectify-guard", "123456789012:function:rectify-guard", arn, "rectify-guard:$LATEST"] {
        let answer = invoke(&sandbox, &format!("FunctionName='{name}', Payload='{{\"id\": \"by hand\"}}'")).await;
        assert_eq!(
            (&answer["status"], &answer["version"], &answer["error"]),
            (&json!(200), &json!("$LATEST"), &Value::Null)
        );
        assert_eq!((&payload(&answer)["event"], &payload(&answer)["arn"]), (&json!("by hand"), &json!(arn)));
        assert_eq!(answer["request"], json!(sandbox.world.invocations().last().unwrap().request_id));
    }
    let without = invoke(&sandbox, "FunctionName='rectify-guard'").await;
    assert_eq!(payload(&without)["event"], Value::Null, "an empty object");

    let failed = invoke(&sandbox, "FunctionName='rectify-Failing', Payload='{}'").await;
    assert_eq!((&failed["status"], &failed["error"]), (&json!(200), &json!("Unhandled")));
    assert_eq!(payload(&failed), json!({ "errorType": "RuntimeError", "errorMessage": "it went wrong" }));

    let runs = sandbox.world.invocations().len();
    let unknown = invoke(&sandbox, "FunctionName='nobody'").await;
    assert_eq!((&unknown["status"], &unknown["code"]), (&json!(404), &json!("ResourceNotFoundException")));
    let expected = "Function not found: arn:aws:lambda:eu-central-1:123456789012:function:nobody";
    assert_eq!(unknown["message"], expected);
    let other = invoke(&sandbox, "FunctionName='rectify-guard', Qualifier='7'").await;
    assert_eq!(other["code"], "ResourceNotFoundException", "there are no versions");
    let bad = invoke(&sandbox, "FunctionName='rectify-guard', Payload='{'").await;
    assert_eq!((&bad["status"], &bad["code"]), (&json!(400), &json!("InvalidRequestContentException")));
    let dry = invoke(&sandbox, "FunctionName='rectify-guard', InvocationType='DryRun'").await;
    assert_eq!((&dry["status"], &dry["payload"]), (&json!(204), &json!("")));
    assert_eq!(sandbox.world.invocations().len(), runs, "none of these ran anything");
    let throttled = invoke(&sandbox, "FunctionName='rectify-Throttled'").await;
    assert_eq!((&throttled["status"], &throttled["code"]), (&json!(429), &json!("TooManyRequestsException")));

    let calls = sandbox.world.calls();
    let first = calls.first().unwrap();
    assert_eq!((first.service.as_str(), first.operation.as_str(), first.status), ("lambda", "Invoke", 200));
    assert_eq!((first.action.as_str(), first.resource.as_str()), ("lambda:InvokeFunction", arn));
    let codes: Vec<&str> = calls.iter().filter_map(|call| call.error.as_deref()).collect();
    let expected = [
        "ResourceNotFoundException",
        "ResourceNotFoundException",
        "InvalidRequestContentException",
        "TooManyRequestsException",
    ];
    assert_eq!(codes, expected);
    assert!(sandbox.names().is_empty(), "invocations are data events");
}

#[tokio::test(flavor = "multi_thread")]
async fn an_event_is_queued_tried_again_and_kept() {
    let sandbox = Sandbox::start().await;
    let answer =
        invoke(&sandbox, "FunctionName='rectify-Failing', InvocationType='Event', Payload='{\"id\": \"queued\"}'")
            .await;
    assert_eq!((&answer["status"], &answer["payload"]), (&json!(202), &json!("")));
    sandbox.idle().await;
    let invocations = sandbox.world.invocations();
    let told: Vec<(u32, Outcome)> = invocations.iter().map(|one| (one.attempt, one.outcome)).collect();
    assert_eq!(told, [(1, Outcome::Error), (2, Outcome::Error), (3, Outcome::Error)]);
    assert!(invocations.iter().all(|one| answer["request"] == one.request_id.as_str()));
    let letter = &dead_letters(&sandbox, "rectify-DeadLetters").await[0];
    assert!(letter["Body"].as_str().unwrap().contains("queued"));
}

#[tokio::test(flavor = "multi_thread")]
async fn a_function_invokes_what_its_role_allows_and_faults_apply() {
    let sandbox = Sandbox::start().await;
    let arn = "arn:aws:lambda:eu-central-1:123456789012:function:rectify-guard";
    let call =
        |name: &str| json!(["lambda", "invoke", { "FunctionName": name, "Payload": "{\"id\": \"from a function\"}" }]);
    let run = async |calls: Value| -> Value {
        sandbox.world.invoke("Caller", &json!({ "calls": calls })).await.unwrap().response
    };
    let names = json!([call("rectify-guard"), call(arn), call("rectify-OwnRole"), call("rectify-nobody")]);
    assert_eq!(run(names).await, json!(["ok", "ok", "AccessDeniedException", "AccessDeniedException"]));
    let of_guard = |one: &&Invocation| one.function == "Guard" && one.response["event"] == "from a function";
    let invocations = sandbox.world.invocations();
    assert_eq!(invocations.iter().filter(of_guard).count(), 2);
    assert!(!invocations.iter().any(|one| one.function == "OwnRole"), "a refused call runs nothing");

    let fault = |effect| Fault { operation: Some("Invoke".to_owned()), effect, ..Fault::default() };
    sandbox.world.set_faults(vec![fault(Effect::Error { status: 500, code: "ServiceException".to_owned() })]);
    assert_eq!(run(json!([call("rectify-guard")])).await, json!(["ServiceException"]));
    assert_eq!(sandbox.world.invocations().iter().filter(of_guard).count(), 2, "the fault came first");
    sandbox.world.set_faults(vec![fault(Effect::CutAfter)]);
    assert_eq!(run(json!([call("rectify-guard")])).await, json!(["ProxyConnectionError"]));
    assert_eq!(sandbox.world.invocations().iter().filter(of_guard).count(), 3, "carried out, and its answer lost");
}

#[tokio::test(flavor = "multi_thread")]
async fn a_tick_sends_what_each_schedule_of_the_template_sends() {
    let sandbox = Sandbox::start().await;
    assert_eq!(sandbox.world.invocations().len(), 0, "nothing starts by itself");
    assert_eq!(sandbox.world.tick("Caller"), 3);
    sandbox.idle().await;
    let mut sent: Vec<Value> = sandbox.world.invocations().iter().map(|one| one.response["event"].clone()).collect();
    let plain = sent.iter().position(|id| !["daily", "eu-central-1"].contains(&id.as_str().unwrap())).unwrap();
    assert_eq!(sent.remove(plain).as_str().unwrap().len(), 36, "without an input: an event with an id of its own");
    sent.sort_by_key(Value::to_string);
    assert_eq!(sent, [json!("daily"), json!("eu-central-1")]);
    assert_eq!((sandbox.world.tick("Guard"), sandbox.world.tick("Nobody")), (0, 0));

    assert_eq!(sandbox.control("POST", "tick/rectify-caller", "").await.json(), json!({ "started": 3 }));
    assert_eq!(sandbox.control("POST", "tick/Nobody", "").await.status, 404);
    sandbox.idle().await;
    assert_eq!(sandbox.world.invocations().len(), 6);
}

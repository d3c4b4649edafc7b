//! One-time schedules: they wait, fire when they are due, and go.

use std::collections::BTreeSet;
use std::time::Duration;

use jiff::{SignedDuration, Timestamp};
use serde_json::{Value, json};

use crate::harness::Sandbox;

/// Runs boto3 calls on the scheduler. `create(name, at, **more)` makes a schedule that starts the guard with `{"id": name}`.
async fn scheduler(sandbox: &Sandbox, script: &str) -> String {
    let begin = r#"
import boto3, json
from botocore.config import Config
from botocore.exceptions import ClientError
client = boto3.client('scheduler', config=Config(retries={'total_max_attempts': 1}))
ARN = 'arn:aws:lambda:eu-central-1:123456789012:function:rectify-guard'
def arguments(name, at, input=None, group='rectify', arn=ARN, **more):
    target = {'Arn': arn, 'RoleArn': 'arn:aws:iam::123456789012:role/x', 'Input': json.dumps(input or {'id': name})}
    window = {'Mode': 'OFF'}
    return dict(Name=name, GroupName=group, ScheduleExpression=f'at({at})', Target=target, FlexibleTimeWindow=window, **more)
def create(*positional, **named):
    client.create_schedule(**arguments(*positional, **named))
def code(call):
    try:
        call()
        return 'ok'
    except ClientError as error:
        return error.response['Error']['Code']
def there(name, group='rectify'):
    return code(lambda: client.get_schedule(Name=name, GroupName=group))
"#;
    sandbox.boto3(&format!("{begin}{script}")).await.trim().to_owned()
}

/// `2026-11-23T09:30:00`, this much from now.
fn from_now(seconds: i64) -> (Timestamp, String) {
    let due = Timestamp::now() + SignedDuration::from_secs(seconds);
    let due = Timestamp::from_second(due.as_second()).unwrap();
    (due, due.strftime("%Y-%m-%dT%H:%M:%S").to_string())
}

fn names(sandbox: &Sandbox) -> Vec<String> {
    sandbox.world.schedules().into_iter().map(|waiting| waiting.name).collect()
}

/// What the guard was started with, in the order of its answers.
fn started(sandbox: &Sandbox) -> Vec<Value> {
    sandbox.world.invocations().iter().map(|one| one.response["event"].clone()).collect()
}

#[tokio::test(flavor = "multi_thread")]
async fn a_schedule_waits_fires_once_and_deletes_itself() {
    let sandbox = Sandbox::start().await;
    let (due, at) = from_now(7200);
    let (_, sooner) = from_now(3600);
    let script = format!(
        "create('stays', '{at}')\n\
         create('goes', '{sooner}', ActionAfterCompletion='DELETE')\n\
         create('later', '{at}', group='default', ScheduleExpressionTimezone='UTC')\n\
         create('zoned', '{at}', ScheduleExpressionTimezone='Europe/Berlin')\n\
         create('off', '{at}', State='DISABLED')\n\
         create('elsewhere', '{at}', arn='arn:aws:sqs:eu-central-1:123456789012:q')\n\
         client.create_schedule(**{{**arguments('daily', ''), 'ScheduleExpression': 'rate(1 day)'}})\n\
         print(code(lambda: create('stays', '{at}')), code(lambda: create('x', '{at}', group='nowhere')))"
    );
    assert_eq!(scheduler(&sandbox, &script).await, "ConflictException ResourceNotFoundException");
    let waiting = sandbox.world.schedules();
    let names_of_all: BTreeSet<String> = names(&sandbox).into_iter().collect();
    assert_eq!(names_of_all, BTreeSet::from(["goes", "later", "stays"].map(str::to_owned)));
    let find = |name: &str| waiting.iter().find(|one| one.name == name).unwrap();
    let stays = find("stays");
    assert_eq!((stays.due, stays.function.as_str(), stays.group.as_str()), (due, "Guard", "rectify"));
    assert_eq!(stays.input, json!({ "id": "stays" }));
    assert_eq!((find("later").due, find("later").group.as_str()), (due, "default"));
    sandbox.idle().await;
    assert_eq!(started(&sandbox), Vec::<Value>::new(), "waiting is not being under way");
    let told = sandbox.control("GET", "schedules", "").await.json();
    assert_eq!(told.as_array().unwrap().len(), 3);

    let drop = "client.delete_schedule(Name='later', GroupName='default')\n\
                client.update_schedule(**arguments('stays', '2099-01-01T00:00:00', input={'id': 'changed'}))";
    scheduler(&sandbox, drop).await;
    assert_eq!(names(&sandbox), ["goes", "stays"], "the soonest first");
    assert_eq!(sandbox.world.schedules()[1].due, "2099-01-01T00:00:00Z".parse().unwrap());

    assert_eq!(sandbox.world.fire_schedules(), 2);
    assert_eq!(names(&sandbox), Vec::<String>::new());
    sandbox.idle().await;
    let mut fired = started(&sandbox);
    fired.sort_by_key(Value::to_string);
    assert_eq!(fired, ["changed", "goes"]);
    assert_eq!(scheduler(&sandbox, "print(there('goes'), there('stays'))").await, "ResourceNotFoundException ok");
    assert_eq!(sandbox.world.fire_schedules(), 0, "each fires once");

    scheduler(&sandbox, &format!("create('again', '{at}')\nclient.delete_schedule_group(Name='rectify')")).await;
    assert_eq!(names(&sandbox), Vec::<String>::new(), "a group takes its schedules with it");
}

#[tokio::test(flavor = "multi_thread")]
async fn a_schedule_fires_when_its_time_comes_and_not_before() {
    let sandbox = Sandbox::start().await;
    scheduler(&sandbox, "create('past', '2020-01-01T00:00:00', ActionAfterCompletion='DELETE')").await;
    sandbox.idle().await;
    assert_eq!(started(&sandbox), ["past"], "a time that is past is now");
    assert_eq!(scheduler(&sandbox, "print(there('past'))").await, "ResourceNotFoundException");

    let (due, at) = from_now(3);
    scheduler(&sandbox, &format!("create('soon', '{at}')")).await;
    let deadline = std::time::Instant::now() + Duration::from_secs(60);
    let fired = loop {
        // In this order: what is seen to have fired had fired before the clock is read.
        let fired = sandbox.world.schedules().is_empty();
        let now = Timestamp::now();
        if fired || std::time::Instant::now() > deadline {
            break now;
        }
        tokio::time::sleep(Duration::from_millis(5)).await;
    };
    sandbox.idle().await;
    assert_eq!(started(&sandbox), ["past", "soon"]);
    assert!(fired >= due, "fired at {fired}, due at {due}");

    let (_, at) = from_now(3600);
    scheduler(&sandbox, &format!("create('never', '{at}')")).await;
    // What waits does not hold up the end.
    sandbox.world.shutdown().await;
}

#[tokio::test(flavor = "multi_thread")]
async fn a_function_makes_schedules_where_its_role_allows() {
    let sandbox = Sandbox::start().await;
    let (_, at) = from_now(3600);
    let create = |group: &str| {
        json!(["scheduler", "create_schedule", {
            "Name": "again", "GroupName": group, "ScheduleExpression": format!("at({at})"),
            "FlexibleTimeWindow": { "Mode": "OFF" }, "ActionAfterCompletion": "DELETE",
            "Target": {
                "Arn": "arn:aws:lambda:eu-central-1:123456789012:function:rectify-caller",
                "RoleArn": "arn:aws:iam::123456789012:role/x", "Input": "{\"id\": \"again\"}",
            },
        }])
    };
    let calls = json!([
        create("rectify"),
        create("default"),
        ["scheduler", "get_schedule", { "Name": "again", "GroupName": "rectify" }],
        ["scheduler", "list_schedules", {}],
    ]);
    let invocation = sandbox.world.invoke("Caller", &json!({ "calls": calls })).await.unwrap();
    let denied = "AccessDeniedException";
    assert_eq!(invocation.response, json!(["ok", denied, denied, denied]));
    let recorded = sandbox.world.calls();
    let resources: Vec<(&str, &str)> =
        recorded.iter().map(|call| (call.action.as_str(), call.resource.as_str())).collect();
    let arn = |group: &str| format!("arn:aws:scheduler:eu-central-1:123456789012:schedule/{group}/again");
    assert_eq!(
        resources,
        [
            ("scheduler:CreateSchedule", arn("rectify").as_str()),
            ("scheduler:CreateSchedule", arn("default").as_str()),
            ("scheduler:GetSchedule", arn("rectify").as_str()),
            ("scheduler:ListSchedules", "*"),
        ]
    );
    assert_eq!(sandbox.control("POST", "schedules", "").await.json(), json!({ "fired": 1 }));
    sandbox.idle().await;
    assert_eq!(sandbox.world.invocations().last().unwrap().response["event"], "again");
    assert_eq!(sandbox.event("CreateSchedule")["detail"]["requestParameters"]["name"], "again");
}

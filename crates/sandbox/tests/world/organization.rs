//! An organisation: who is in it, whose events reach the hub, and who may act where.

use rectify_sandbox::Organization;
use serde_json::{Value, json};

use crate::harness::{Sandbox, fixture};

const HUB: &str = "123456789012";
/// In a unit below one with writing roles.
const PRODUCTION: &str = "111111111111";
const DEVELOPMENT: &str = "222222222222";
const OUTSIDE: &str = "999999999999";

async fn start() -> Sandbox {
    Sandbox::with(fixture("organization/template.yaml"), |builder| builder.organization(Organization::example())).await
}

/// The functions that an event started, by the event's name and account.
fn started(sandbox: &Sandbox, name: &str, account: &str) -> Vec<String> {
    let events = sandbox.world.events();
    let ids: Vec<&str> = events
        .iter()
        .filter(|event| {
            event["account"] == account && (event["detail"]["eventName"] == name || event["source"] == name)
        })
        .filter_map(|event| event["id"].as_str())
        .collect();
    let mut started: Vec<String> = sandbox
        .world
        .invocations()
        .into_iter()
        .filter(|invocation| invocation.event_id.as_deref().is_some_and(|id| ids.contains(&id)))
        .map(|invocation| invocation.function)
        .collect();
    started.sort();
    started
}

const PUBLIC: &str = "
import boto3, os
s3 = boto3.client('s3')
place = {} if os.environ['AWS_REGION'] == 'us-east-1' else {'CreateBucketConfiguration': {'LocationConstraint': os.environ['AWS_REGION']}}
name = 'data-' + os.environ['AWS_ACCESS_KEY_ID'].lower() + '-' + os.environ['AWS_REGION']
s3.create_bucket(Bucket=name, **place)
s3.put_bucket_acl(Bucket=name, ACL='private')
";

#[tokio::test(flavor = "multi_thread")]
async fn it_is_as_it_was_described_and_its_lists_have_pages() {
    let sandbox = start().await;
    let told = sandbox
        .boto3(
            "
import boto3
o = boto3.client('organizations')
print(o.describe_organization()['Organization']['Id'], o.list_roots()['Roots'][0]['Id'])
pages = o.get_paginator('list_accounts').paginate(PaginationConfig={'PageSize': 2})
print([[(a['Id'], a['Status']) for a in page['Accounts']] for page in pages])
at = '111111111111'
while not at.startswith('r-'):
    at = o.list_parents(ChildId=at)['Parents'][0]['Id']
    print(at)
print(o.list_tags_for_resource(ResourceId='111111111111')['Tags'], o.list_tags_for_resource(ResourceId='222222222222')['Tags'])
print(boto3.client('organizations', aws_access_key_id='222222222222', aws_secret_access_key='x').describe_organization()['Organization']['MasterAccountId'])
try: boto3.client('organizations', aws_access_key_id='999999999999', aws_secret_access_key='x').describe_organization()
except o.exceptions.AWSOrganizationsNotInUseException as error: print('outside')
",
        )
        .await;
    let expected = [
        "o-exampleorg r-home",
        "[[('123456789012', 'ACTIVE'), ('111111111111', 'ACTIVE')], [('222222222222', 'ACTIVE'), ('333333333333', 'SUSPENDED')], [('444444444444', 'ACTIVE')]]",
        "ou-home-webshop0",
        "ou-home-producti",
        "ou-home-workload",
        "r-home",
        "[{'Key': 'environment', 'Value': 'production'}] []",
        "123456789012",
        "outside",
    ];
    assert_eq!(told.lines().collect::<Vec<_>>(), expected);
    let listed = sandbox.event("ListAccounts");
    assert_eq!((&listed["source"], &listed["region"]), (&json!("aws.organizations"), &json!("us-east-1")));

    // A function asks the same through the gateway, in the region the service has, within its role.
    let tags = json!(["organizations", "list_tags_for_resource", { "ResourceId": PRODUCTION }]);
    let parents = json!(["organizations", "list_parents", { "ChildId": PRODUCTION }]);
    let close = json!(["organizations", "close_account", { "AccountId": PRODUCTION }]);
    let event = json!({ "calls": [json!(["organizations", "list_accounts", {}]), tags, parents, close] });
    let invocation = sandbox.world.invoke("Guard", &event).await.unwrap();
    assert_eq!(invocation.response, json!(["ok", "ok", "ok", "AccessDeniedException"]));
    let calls: Vec<_> = sandbox.world.calls().into_iter().filter(|call| call.function.is_some()).collect();
    let named: Vec<&str> = calls.iter().map(|call| call.action.as_str()).collect();
    let expected = ["ListAccounts", "ListTagsForResource", "ListParents", "CloseAccount"];
    assert_eq!(named, expected.map(|name| format!("organizations:{name}")));
    assert!(calls.iter().all(|call| call.region == "us-east-1"), "{calls:?}");

    let environment = sandbox.world.invoke("Guard", &json!({ "environment": true })).await.unwrap().response;
    assert_eq!(environment["RECTIFY_ORGANIZATION"], "o-exampleorg");
    assert_eq!(environment["RECTIFY_REGIONS"], "eu-central-1,us-east-1");
}

#[tokio::test(flavor = "multi_thread")]
async fn an_event_reaches_the_hub_by_its_own_places_rule_or_not_at_all() {
    let sandbox = start().await;
    for (account, region) in
        [(HUB, "eu-central-1"), (HUB, "us-east-1"), (PRODUCTION, "eu-central-1"), (DEVELOPMENT, "us-east-1")]
    {
        sandbox.world.clear_records();
        sandbox.boto3_as(account, region, PUBLIC).await;
        sandbox.idle().await;
        let event = sandbox.event("PutBucketAcl");
        assert_eq!((&event["account"], &event["region"]), (&json!(account), &json!(region)));
        let on_default = (account, region) == (HUB, "eu-central-1");
        let expected: &[&str] = if on_default { &["Guard", "Other"] } else { &["Guard"] };
        assert_eq!(started(&sandbox, "PutBucketAcl", account), expected, "{account} {region}");
    }
    for (account, region) in [(PRODUCTION, "eu-west-1"), (OUTSIDE, "eu-central-1")] {
        sandbox.world.clear_records();
        sandbox.boto3_as(account, region, PUBLIC).await;
        sandbox.idle().await;
        assert_eq!(sandbox.event("PutBucketAcl")["region"], region);
        assert!(sandbox.world.invocations().is_empty(), "no rule there: {:?}", sandbox.world.invocations());
    }
    // A rule that somebody takes away forwards nothing, and the others still do.
    let disable = "import boto3; boto3.client('events').disable_rule(Name='rectify-s3-bucket')";
    sandbox.boto3_as(DEVELOPMENT, "us-east-1", disable).await;
    sandbox.world.clear_records();
    let again = |account: &str| {
        format!("import boto3; boto3.client('s3').put_bucket_acl(Bucket='data-{account}', ACL='private')")
    };
    sandbox.boto3_as(DEVELOPMENT, "us-east-1", &again("222222222222-us-east-1")).await;
    sandbox.boto3_as(PRODUCTION, "eu-central-1", &again("111111111111-eu-central-1")).await;
    sandbox.idle().await;
    assert!(started(&sandbox, "PutBucketAcl", DEVELOPMENT).is_empty());
    assert_eq!(started(&sandbox, "PutBucketAcl", PRODUCTION), ["Guard"]);
    // Global services are in us-east-1 wherever the call came from.
    sandbox.boto3_as(PRODUCTION, "eu-central-1", "import boto3; boto3.client('iam').create_user(UserName='bob')").await;
    sandbox.idle().await;
    assert_eq!(sandbox.event("CreateUser")["region"], "us-east-1");
    assert_eq!(started(&sandbox, "CreateUser", PRODUCTION), ["Guard"]);
}

#[tokio::test(flavor = "multi_thread")]
async fn a_rule_whose_role_may_put_nothing_forwards_nothing() {
    let directory = tempfile::tempdir().unwrap();
    for name in ["template.yaml", "member.yaml"] {
        let text = std::fs::read_to_string(fixture("organization").join(name)).unwrap();
        let text = text.replace(
            "Action: events:PutEvents\n                Resource",
            "Action: events:ListRules\n                Resource",
        );
        std::fs::write(directory.path().join(name), text).unwrap();
    }
    let sandbox =
        Sandbox::with(directory.path().join("template.yaml"), |builder| builder.organization(Organization::example()))
            .await;
    sandbox.boto3_as(PRODUCTION, "eu-central-1", PUBLIC).await;
    sandbox.idle().await;
    assert!(sandbox.world.invocations().is_empty());
}

#[tokio::test(flavor = "multi_thread")]
async fn what_a_member_sends_is_the_members_and_an_outsider_sends_nothing() {
    let sandbox = start().await;
    let script = r#"
import boto3, json
from botocore.exceptions import ClientError
bus = 'arn:aws:events:eu-central-1:123456789012:event-bus/rectify'
e = boto3.client('events')
def put(*entries):
    try:
        answer = e.put_events(Entries=list(entries))
        print(answer['FailedEntryCount'], [entry.get('ErrorCode', 'ok') for entry in answer['Entries']])
    except ClientError as error:
        print(error.response['Error']['Code'])
entry = lambda source, detail, bus=bus: {'Source': source, 'DetailType': 'Sweep', 'Detail': json.dumps(detail), 'EventBusName': bus}
put(entry('rectify', {'account': '123456789012'}), entry('aws.s3', {'eventName': 'PutBucketAcl'}))
put(entry('my.app', {}), {'Source': 'x', 'DetailType': 'y', 'Detail': '{', 'EventBusName': bus}, {'Source': 'x', 'Detail': '{}'})
put(entry('rectify', {}, 'default'), entry('rectify', {}, 'rectify'))
put(entry('rectify', {}, bus.replace('123456789012', '222222222222')))
"#;
    let told = sandbox.boto3_as(PRODUCTION, "eu-central-1", script).await;
    let expected = [
        "1 ['ok', 'NotAuthorizedForSourceException']",
        "2 ['ok', 'MalformedDetail', 'InvalidArgument']",
        "ResourceNotFoundException",
        "AccessDeniedException",
    ];
    assert_eq!(told.lines().collect::<Vec<_>>(), expected);
    sandbox.idle().await;
    let put: Vec<Value> = sandbox.world.events().into_iter().filter(|event| event["detail-type"] == "Sweep").collect();
    let sources: Vec<&Value> = put.iter().map(|event| &event["source"]).collect();
    assert_eq!(sources, ["rectify", "my.app"]);
    assert_eq!(put[0]["account"], PRODUCTION, "whoever sent it, whatever it says");
    assert_eq!(started(&sandbox, "rectify", PRODUCTION), ["Guard"], "the pattern of the rule took it");

    sandbox.world.clear_records();
    let told = sandbox.boto3_as(OUTSIDE, "eu-central-1", script).await;
    assert!(told.lines().all(|line| line == "AccessDeniedException" || line == "ResourceNotFoundException"), "{told}");
    sandbox.idle().await;
    assert!(sandbox.world.invocations().is_empty());

    // The hub's own function, by name, within its role.
    let entry = |bus: &str| json!({ "Source": "rectify", "DetailType": "Probe", "Detail": "{}", "EventBusName": bus });
    let put = |bus: &str| json!(["events", "put_events", { "Entries": [entry(bus)] }]);
    let event = json!({ "calls": [put("rectify"), put("default")] });
    let invocation = sandbox.world.invoke("Guard", &event).await.unwrap();
    assert_eq!(invocation.response, json!(["ok", "AccessDeniedException"]));
    sandbox.idle().await;
    assert_eq!(started(&sandbox, "rectify", HUB), ["Guard"]);
}

fn role(account: &str, name: &str) -> String {
    format!("arn:aws:iam::{account}:role/rectify/rectify-{name}")
}

fn assume(account: &str, name: &str) -> Value {
    json!({ "RoleArn": role(account, name), "RoleSessionName": "c-1", "ExternalId": "rectify-123456789012" })
}

async fn as_role(sandbox: &Sandbox, assume: Value, calls: Value) -> Value {
    let event = json!({ "assume": assume, "calls": calls });
    sandbox.world.invoke("Guard", &event).await.unwrap().response
}

#[tokio::test(flavor = "multi_thread")]
async fn a_member_is_entered_by_its_trust_and_acted_in_by_its_policies() {
    let sandbox = start().await;
    sandbox.boto3_as(PRODUCTION, "eu-central-1", PUBLIC).await;
    sandbox.idle().await;
    sandbox.world.clear_records();
    let bucket = "data-111111111111-eu-central-1";
    let get = json!(["s3", "get_bucket_acl", { "Bucket": bucket }]);
    let put = json!(["s3", "put_bucket_acl", { "Bucket": bucket, "ACL": "private" }]);
    let both = json!([get, put]);
    assert_eq!(as_role(&sandbox, assume(PRODUCTION, "observe"), both.clone()).await, json!(["ok", "AccessDenied"]));
    let mut tagged = assume(PRODUCTION, "correct-s3-bucket");
    tagged["Tags"] = json!([{ "Key": "rectify:correction", "Value": "c-1" }]);
    assert_eq!(as_role(&sandbox, tagged.clone(), both.clone()).await, json!(["AccessDenied", "ok"]));
    let calls = sandbox.world.calls_in(PRODUCTION);
    assert!(!calls.is_empty() && calls.iter().all(|call| call.function.as_deref() == Some("Guard")), "{calls:?}");
    let taken: Vec<_> = sandbox.world.calls().into_iter().filter(|call| call.operation == "AssumeRole").collect();
    assert_eq!(
        taken.iter().map(|call| call.action.as_str()).collect::<Vec<_>>(),
        ["sts:AssumeRole", "sts:AssumeRole,sts:TagSession"]
    );
    assert!(taken.iter().all(|call| call.account == HUB), "{taken:?}");

    // Both accounts know of the session, and the member who did what in it.
    let events = sandbox.world.events();
    let taken: Vec<&Value> = events.iter().filter(|event| event["detail"]["eventName"] == "AssumeRole").collect();
    let whose: Vec<&Value> = taken.iter().map(|event| &event["account"]).collect();
    assert_eq!(whose, [HUB, PRODUCTION, HUB, PRODUCTION]);
    let (hubs, members) = (&taken[2]["detail"], &taken[3]["detail"]);
    assert_eq!(hubs["userIdentity"]["sessionContext"]["sessionIssuer"]["arn"], role(HUB, "s3-bucket"));
    assert_eq!(members["userIdentity"]["type"], "AWSAccount");
    assert_eq!(members["userIdentity"]["accountId"], HUB);
    assert_eq!(hubs["sharedEventID"], members["sharedEventID"]);
    assert_ne!(hubs["eventID"], members["eventID"]);
    assert_eq!(members["requestParameters"]["tags"], json!([{ "key": "rectify:correction", "value": "c-1" }]));
    assert!(members["responseElements"]["credentials"].get("secretAccessKey").is_none(), "{members}");
    let changed = sandbox.event("PutBucketAcl");
    let identity = &changed["detail"]["userIdentity"];
    assert_eq!(identity["arn"], "arn:aws:sts::111111111111:assumed-role/rectify-correct-s3-bucket/c-1");
    assert_eq!(identity["sessionContext"]["sessionIssuer"]["arn"], role(PRODUCTION, "correct-s3-bucket"));
    assert_eq!(members["responseElements"]["credentials"]["accessKeyId"], identity["accessKeyId"]);

    // Each part of the way in is needed.
    let refused = async |change: &dyn Fn(&mut Value)| {
        let mut asked = tagged.clone();
        change(&mut asked);
        as_role(&sandbox, asked, json!([])).await
    };
    assert_eq!(refused(&|_| ()).await, json!([]));
    assert_eq!(refused(&|asked| asked["ExternalId"] = json!("rectify-999999999999")).await, json!(["AccessDenied"]));
    assert_eq!(
        refused(&|asked| _ = asked.as_object_mut().unwrap().remove("ExternalId")).await,
        json!(["AccessDenied"])
    );
    assert_eq!(
        refused(&|asked| asked["RoleArn"] = json!(role(PRODUCTION, "observe"))).await,
        json!(["AccessDenied"]),
        "tags"
    );
    assert_eq!(refused(&|asked| asked["RoleArn"] = json!(role(PRODUCTION, "forward"))).await, json!(["AccessDenied"]));
    assert_eq!(
        refused(&|asked| asked["RoleArn"] = json!(role(OUTSIDE, "observe"))).await,
        json!(["AccessDenied"]),
        "no such role"
    );
    let without_path = "arn:aws:iam::111111111111:role/rectify-correct-s3-bucket";
    assert_eq!(refused(&|asked| asked["RoleArn"] = json!(without_path)).await, json!(["AccessDenied"]));
    let development = role(DEVELOPMENT, "correct-s3-bucket");
    assert_eq!(
        refused(&|asked| asked["RoleArn"] = json!(development)).await,
        json!(["AccessDenied"]),
        "it is only told"
    );
    assert_eq!(refused(&|asked| asked["DurationSeconds"] = json!(7200)).await, json!(["ValidationError"]), "chained");
    assert_eq!(refused(&|asked| asked["RoleSessionName"] = json!("correction#1")).await, json!(["ValidationError"]));
    assert_eq!(
        refused(&|asked| asked["Tags"] = json!([{ "Key": "k", "Value": "a,b" }])).await,
        json!(["ValidationError"])
    );
}

#[tokio::test(flavor = "multi_thread")]
async fn only_the_hubs_own_role_is_let_into_a_member() {
    let sandbox = start().await;
    let script = r#"
import boto3
from botocore.exceptions import ClientError
for key in ['123456789012', 'root-123456789012', 'role-rectify-s3-bucket-123456789012', '111111111111', 'root-111111111111', '999999999999']:
    sts = boto3.client('sts', aws_access_key_id=key, aws_secret_access_key='x')
    try:
        sts.assume_role(RoleArn='arn:aws:iam::111111111111:role/rectify/rectify-observe-s3-bucket', RoleSessionName='me', ExternalId='rectify-123456789012')
        print(key, 'in')
    except ClientError as error: print(error.response['Error']['Code'])
"#;
    let told = sandbox.boto3(script).await;
    assert_eq!(told.lines().collect::<Vec<_>>(), ["AccessDenied"; 6]);
    // A refusal is the caller's alone.
    let events = sandbox.world.events();
    let in_member = events.iter().filter(|event| event["account"] == PRODUCTION);
    assert_eq!(in_member.count(), 2, "the member's own two attempts");
}

#[tokio::test(flavor = "multi_thread")]
async fn a_key_says_who_acts_in_which_account() {
    let sandbox = start().await;
    let script = "import boto3; boto3.client('sqs').create_queue(QueueName='q')";
    let callers = [
        ("111111111111", json!({ "type": "IAMUser", "userName": "administrator" })),
        ("root-111111111111", json!({ "type": "Root", "arn": "arn:aws:iam::111111111111:root" })),
        ("user-alice-111111111111", json!({ "type": "IAMUser", "arn": "arn:aws:iam::111111111111:user/alice" })),
        (
            "role-deploy-111111111111",
            json!({ "type": "AssumedRole", "arn": "arn:aws:sts::111111111111:assumed-role/deploy/person" }),
        ),
        (
            "autoscaling.amazonaws.com-111111111111",
            json!({ "type": "AWSService", "invokedBy": "autoscaling.amazonaws.com" }),
        ),
    ];
    for (key, expected) in callers {
        sandbox.world.clear_records();
        sandbox.boto3_as(key, "us-east-1", script).await;
        let event = sandbox.event("CreateQueue");
        assert_eq!((&event["account"], &event["region"]), (&json!(PRODUCTION), &json!("us-east-1")), "{key}");
        for (field, value) in expected.as_object().unwrap() {
            assert_eq!(&event["detail"]["userIdentity"][field], value, "{key}: {event}");
        }
    }
    assert_eq!(sandbox.event("CreateQueue")["detail"]["sourceIPAddress"], "autoscaling.amazonaws.com");
    let list = async |account: &str| {
        sandbox.world.aws_json_as(account, "us-east-1", "sqs", "AmazonSQS.ListQueues", &json!({})).await.unwrap().1
    };
    assert_eq!(list(PRODUCTION).await["QueueUrls"].as_array().unwrap().len(), 1);
    assert_eq!(list(DEVELOPMENT).await["QueueUrls"], Value::Null, "another account's state is another");
}

#[tokio::test(flavor = "multi_thread")]
async fn without_an_organisation_nobody_else_is_there() {
    let sandbox = Sandbox::of(fixture("organization/template.yaml")).await;
    assert!(sandbox.world.organization().is_none());
    sandbox.boto3(PUBLIC).await;
    sandbox.idle().await;
    assert_eq!(started(&sandbox, "PutBucketAcl", HUB), ["Guard", "Other"]);
    let refused = as_role(&sandbox, assume(PRODUCTION, "observe"), json!([])).await;
    assert_eq!(refused, json!(["AccessDenied"]));
    let environment = sandbox.world.invoke("Guard", &json!({ "environment": true })).await.unwrap().response;
    assert_eq!((&environment["RECTIFY_ORGANIZATION"], &environment["RECTIFY_REGIONS"]), (&json!(""), &json!("")));
}

//! Where moto is put right, and what of it the functions and people count on.

use jiff::{SignedDuration, Timestamp, fmt::rfc2822};
use rectify_sandbox::{Effect, Fault};
use serde_json::{Value, json};

use crate::harness::{Sandbox, dead_letters};

#[tokio::test(flavor = "multi_thread")]
async fn a_refused_transaction_leaves_everything_as_it_was() {
    let sandbox = Sandbox::start().await;
    let told = sandbox
        .boto3(
            r#"
import boto3
from botocore.exceptions import ClientError
d = boto3.client('dynamodb')
for name, keys in [('ranged', ['pk', 'sk']), ('plain', ['pk'])]:
    d.create_table(
        TableName=name,
        BillingMode='PAY_PER_REQUEST',
        AttributeDefinitions=[{'AttributeName': k, 'AttributeType': 'S'} for k in keys],
        KeySchema=[{'AttributeName': k, 'KeyType': t} for k, t in zip(keys, ['HASH', 'RANGE'])],
    )
    key = lambda n: {k: {'S': f'{k}{n}'} for k in keys}
    row = lambda n, value: {**key(n), 'n': {'N': value}}
    add = lambda n: {'Update': {'TableName': name, 'Key': key(n), 'UpdateExpression': 'SET n = n + :o', 'ExpressionAttributeValues': {':o': {'N': '1'}}}}
    put = lambda n: {'Put': {'TableName': name, 'Item': row(n, '9')}}
    delete = lambda n: {'Delete': {'TableName': name, 'Key': key(n)}}
    refused = {'ConditionCheck': {'TableName': name, 'Key': key(5), 'ConditionExpression': 'attribute_exists(pk)'}}
    rows = lambda: sorted((i['pk']['S'], i['n']['N']) for i in d.scan(TableName=name)['Items'])
    d.put_item(TableName=name, Item=row(0, '1'))
    d.put_item(TableName=name, Item=row(1, '1'))
    try:
        d.transact_write_items(TransactItems=[add(0), put(2), delete(1), refused])
    except ClientError as error:
        print(error.response['Error']['Code'])
    print(rows())
    d.transact_write_items(TransactItems=[add(0), put(2), delete(1)])
    print(rows())
"#,
        )
        .await;
    let expected = ["TransactionCanceledException", "[('pk0', '1'), ('pk1', '1')]", "[('pk0', '2'), ('pk2', '9')]"];
    assert_eq!(told.lines().collect::<Vec<_>>(), [expected, expected].concat());
}

#[tokio::test(flavor = "multi_thread")]
async fn of_many_claims_at_once_one_is_granted() {
    let sandbox = Sandbox::start().await;
    let told = sandbox
        .boto3(
            r#"
import boto3
from botocore.config import Config
from botocore.exceptions import ClientError
from concurrent.futures import ThreadPoolExecutor
d = boto3.client('dynamodb', config=Config(max_pool_connections=20))
claim = lambda n: {'Put': {'TableName': 'rectify-Ledger', 'Item': {'pk': {'S': f'claim{n // 10}'}}, 'ConditionExpression': 'attribute_not_exists(pk)'}}
note = lambda n: {'Put': {'TableName': 'rectify-Ledger', 'Item': {'pk': {'S': f'note{n}'}}}}
def one(n):
    try:
        d.transact_write_items(TransactItems=[note(n), claim(n)])
        return 1
    except ClientError as error:
        assert error.response['Error']['Code'] == 'TransactionCanceledException', error
        return 0
with ThreadPoolExecutor(20) as pool:
    print(sum(pool.map(one, range(100))), d.scan(TableName='rectify-Ledger', Select='COUNT')['Count'])
"#,
        )
        .await;
    assert_eq!(told.trim(), "10 20", "ten claims and the note beside each");
}

#[tokio::test(flavor = "multi_thread")]
async fn names_made_of_the_stacks_name_are_the_clouds_and_an_index_has_a_resource_of_its_own() {
    let sandbox = Sandbox::start().await;
    let told = sandbox
        .boto3(
            r#"
import boto3
d = boto3.client('dynamodb')
for n in range(3):
    d.put_item(TableName='rectify-ledger', Item={'pk': {'S': f'p{n}'}, 'sk': {'S': 's'}, 'feed': {'S': 'finding' if n else 'other'}, 'at': {'N': str(10 - n)}, 'more': {'S': 'x'}})
rows = d.query(TableName='rectify-ledger', IndexName='feed', KeyConditionExpression='feed = :f', ExpressionAttributeValues={':f': {'S': 'finding'}})['Items']
print([(row['pk']['S'], row['at']['N'], len(row)) for row in rows])
table = d.describe_table(TableName='rectify-ledger')['Table']
print(table['BillingModeSummary']['BillingMode'], table['GlobalSecondaryIndexes'][0]['Projection']['ProjectionType'])
print(boto3.client('sqs').get_queue_url(QueueName='rectify-caller-dead-letters')['QueueUrl'].rsplit('/')[-1])
print(boto3.client('scheduler').get_schedule_group(Name='rectify')['Arn'])
"#,
        )
        .await;
    let expected = [
        "[('p2', '8', 4), ('p1', '9', 4)]",
        "PAY_PER_REQUEST KEYS_ONLY",
        "rectify-caller-dead-letters",
        "arn:aws:scheduler:eu-central-1:123456789012:schedule-group/rectify",
    ];
    assert_eq!(told.lines().collect::<Vec<_>>(), expected);

    let query = |index: Option<&str>| {
        let mut query = json!({
            "TableName": "rectify-ledger", "KeyConditionExpression": "#k = :v",
            "ExpressionAttributeNames": { "#k": if index.is_some() { "feed" } else { "pk" } },
            "ExpressionAttributeValues": { ":v": { "S": "p1" } },
        });
        if let Some(index) = index {
            query["IndexName"] = json!(index);
        }
        json!(["dynamodb", "query", query])
    };
    let event = json!({ "calls": [query(None), query(Some("feed"))] });
    let invocation = sandbox.world.invoke("Caller", &event).await.unwrap();
    assert_eq!(invocation.response, json!(["ok", "AccessDeniedException"]), "the role has the table only");
    let calls = sandbox.world.calls();
    let asked: Vec<&str> =
        calls.iter().filter(|call| call.function.is_some()).map(|call| call.resource.as_str()).collect();
    let table = "arn:aws:dynamodb:eu-central-1:123456789012:table/rectify-ledger";
    assert_eq!(asked, [table, &format!("{table}/index/feed")]);

    let environment = sandbox.world.invoke("rectify-caller", &json!({ "environment": true })).await.unwrap().response;
    assert_eq!((&environment["SCHEDULES"], &environment["FEED"]), (&json!("rectify"), &json!("rectify-ledger")));
    assert_eq!(environment["SCHEDULES_ARN"], "arn:aws:scheduler:eu-central-1:123456789012:schedule-group/rectify");
    let path = "/2015-03-31/functions/rectify-caller/invocations";
    let headers = [("x-amz-invocation-type", "Event")];
    assert_eq!(sandbox.request("POST", "lambda", path, &headers, r#"{"crash": true}"#).await.status, 202);
    sandbox.idle().await;
    assert!(dead_letters(&sandbox, "rectify-caller-dead-letters").await[0]["Body"].as_str().unwrap().contains("crash"));
}

#[tokio::test(flavor = "multi_thread")]
async fn answers_say_what_time_it_is_or_what_they_are_told_to_say() {
    let sandbox = Sandbox::start().await;
    sandbox.bucket("data").await;
    let ask = async |call: Value| -> SignedDuration {
        let invocation = sandbox.world.invoke("Guard", &json!({ "date": call })).await.unwrap();
        let date = rfc2822::parse(invocation.response.as_str().unwrap_or_else(|| panic!("{invocation:?}"))).unwrap();
        Timestamp::now().duration_since(date.timestamp())
    };
    let calls = [
        json!(["s3", "put_bucket_acl", { "Bucket": "data", "ACL": "private" }]),
        json!(["s3", "delete_bucket", { "Bucket": "data" }]),
        json!(["dynamodb", "get_item", { "TableName": "rectify-Ledger", "Key": { "pk": { "S": "a" } } }]),
    ];
    // An hour's tolerance for a machine under load; the offsets are days.
    let hour = SignedDuration::from_hours(1);
    for days in [0, 2, -2] {
        let offset = SignedDuration::from_hours(24 * days);
        sandbox.world.set_clock_offset(offset.as_secs());
        for call in &calls {
            let late = ask(call.clone()).await + offset;
            assert!(late.abs() < hour, "{call} under {days} days: {late:?}");
        }
        sandbox.world.set_faults(vec![Fault {
            effect: Effect::Error { status: 503, code: "SlowDown".to_owned() },
            ..Fault::default()
        }]);
        let late = ask(calls[0].clone()).await + offset;
        assert!(late.abs() < hour, "an injected answer under {days} days: {late:?}");
        sandbox.world.set_faults(Vec::new());
        let script =
            "import boto3\nprint(boto3.client('s3').list_buckets()['ResponseMetadata']['HTTPHeaders']['date'])";
        let date = rfc2822::parse(sandbox.boto3(script).await.trim()).unwrap();
        assert!(Timestamp::now().duration_since(date.timestamp()).abs() < hour, "a person's clock is right");
    }
    assert_eq!(sandbox.control("POST", "clock?offset_seconds=-90000", "").await.status, 200);
    assert!(ask(calls[0].clone()).await > SignedDuration::from_hours(24));
    assert_eq!(sandbox.control("POST", "clock?offset_seconds=soon", "").await.status, 400);
}

#[tokio::test(flavor = "multi_thread")]
async fn a_person_makes_an_organisation() {
    let sandbox = Sandbox::start().await;
    let told = sandbox
        .boto3(
            r#"
import boto3
o = boto3.client('organizations')
print(o.create_organization(FeatureSet='ALL')['Organization']['MasterAccountId'])
root = o.list_roots()['Roots'][0]['Id']
unit = o.create_organizational_unit(ParentId=root, Name='production')['OrganizationalUnit']['Id']
account = o.create_account(Email='a@example.com', AccountName='a')['CreateAccountStatus']['AccountId']
o.move_account(AccountId=account, SourceParentId=root, DestinationParentId=unit)
print([a['Id'] == account for a in o.list_accounts_for_parent(ParentId=unit)['Accounts']], o.list_parents(ChildId=account)['Parents'][0]['Id'] == unit)
print(len(o.list_accounts()['Accounts']))
"#,
        )
        .await;
    assert_eq!(told.lines().collect::<Vec<_>>(), ["123456789012", "[True] True", "2"]);
    let event = sandbox.event("CreateOrganization");
    assert_eq!((&event["source"], &event["region"]), (&json!("aws.organizations"), &json!("us-east-1")));
    let calls = sandbox.world.calls();
    assert!(calls.iter().all(|call| call.service == "organizations" && call.status == 200), "{calls:?}");
}

#[tokio::test(flavor = "multi_thread")]
async fn the_products_own_template_is_deployed_under_its_names() {
    let root = std::path::Path::new(env!("CARGO_MANIFEST_DIR")).join("../../template.yaml");
    let sandbox = Sandbox::of(root).await;
    let told = sandbox
        .boto3(
            r#"
import boto3
d, l = boto3.client('dynamodb'), boto3.client('lambda')
print([index['IndexName'] for index in d.describe_table(TableName='rectify-ledger')['Table']['GlobalSecondaryIndexes']])
print(l.invoke(FunctionName='rectify-s3-bucket', Payload='{}')['StatusCode'])
print(boto3.client('sqs').get_queue_url(QueueName='rectify-s3-bucket-dead-letters')['QueueUrl'].rsplit('/')[-1])
print(boto3.client('scheduler').get_schedule_group(Name='rectify')['Name'])
"#,
        )
        .await;
    let expected = ["['feed']", "200", "rectify-s3-bucket-dead-letters", "rectify"];
    assert_eq!(told.lines().collect::<Vec<_>>(), expected);
    assert_eq!(sandbox.world.tick("S3BucketGuard"), 1);
}

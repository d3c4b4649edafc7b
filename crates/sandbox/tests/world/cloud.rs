//! Where moto is put right.

use crate::harness::Sandbox;

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

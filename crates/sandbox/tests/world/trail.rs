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

#[tokio::test(flavor = "multi_thread")]
async fn s3_records_have_the_shapes_of_recorded_ones() {
    let sandbox = Sandbox::start().await;
    sandbox
        .boto3(
            r#"
import boto3, json
from botocore.exceptions import ClientError
s3 = boto3.client('s3')
s3.create_bucket(Bucket='data', ACL='public-read', ObjectOwnership='ObjectWriter', CreateBucketConfiguration={'LocationConstraint': 'eu-central-1'})
boto3.client('s3', region_name='us-east-1').create_bucket(Bucket='virginia')
s3.put_public_access_block(Bucket='data', PublicAccessBlockConfiguration={'BlockPublicAcls': True, 'IgnorePublicAcls': False})
s3.delete_public_access_block(Bucket='data')
policy = {'Version': '2012-10-17', 'Statement': [{'Effect': 'Allow', 'Principal': '*', 'Action': 's3:GetObject', 'Resource': 'arn:aws:s3:::data/*'}]}
s3.put_bucket_policy(Bucket='data', Policy=json.dumps(policy))
s3.delete_bucket_policy(Bucket='data')
owner = s3.get_bucket_acl(Bucket='data')['Owner']
all_users = {'Grantee': {'Type': 'Group', 'URI': 'http://acs.amazonaws.com/groups/global/AllUsers'}, 'Permission': 'READ'}
own = {'Grantee': {'Type': 'CanonicalUser', 'ID': owner['ID']}, 'Permission': 'FULL_CONTROL'}
s3.put_bucket_acl(Bucket='data', AccessControlPolicy={'Owner': owner, 'Grants': [all_users, own]})
s3.put_bucket_acl(Bucket='data', GrantRead='uri="http://acs.amazonaws.com/groups/global/AuthenticatedUsers"')
s3.put_bucket_lifecycle_configuration(Bucket='data', LifecycleConfiguration={'Rules': [{'ID': 'r', 'Status': 'Enabled', 'Filter': {'Prefix': ''}, 'Expiration': {'Days': 1}}]})
s3.put_bucket_versioning(Bucket='virginia', VersioningConfiguration={'Status': 'Suspended'})
s3.put_bucket_encryption(Bucket='data', ServerSideEncryptionConfiguration={'Rules': [{'ApplyServerSideEncryptionByDefault': {'SSEAlgorithm': 'AES256'}}]})
s3.put_bucket_notification_configuration(Bucket='data', NotificationConfiguration={})
try: s3.put_bucket_acl(Bucket='missing', ACL='private')
except ClientError: pass
control = boto3.client('s3control')
control.put_public_access_block(AccountId='123456789012', PublicAccessBlockConfiguration={'BlockPublicAcls': True})
control.delete_public_access_block(AccountId='123456789012')
s3.delete_bucket(Bucket='data')
"#,
        )
        .await;
    sandbox.idle().await;
    let events = sandbox.world.events();
    let told: Vec<&str> = events.iter().map(|event| event["detail"]["eventName"].as_str().unwrap()).collect();
    assert_eq!(
        told,
        [
            "CreateBucket",
            "CreateBucket",
            "PutBucketPublicAccessBlock",
            "DeleteBucketPublicAccessBlock",
            "PutBucketPolicy",
            "DeleteBucketPolicy",
            "GetBucketAcl",
            "PutBucketAcl",
            "PutBucketAcl",
            "PutBucketLifecycle",
            "PutBucketVersioning",
            "PutBucketEncryption",
            "PutBucketNotification",
            "PutBucketAcl",
            "PutAccountPublicAccessBlock",
            "DeleteAccountPublicAccessBlock",
            "DeleteBucket",
        ]
    );
    let parameters = |at: usize| &events[at]["detail"]["requestParameters"];
    let xmlns = "http://s3.amazonaws.com/doc/2006-03-01/";
    assert_eq!(parameters(0)["x-amz-acl"], "public-read");
    assert_eq!(parameters(0)["x-amz-object-ownership"], "ObjectWriter");
    assert_eq!(
        parameters(0)["CreateBucketConfiguration"],
        json!({ "xmlns": xmlns, "LocationConstraint": "eu-central-1" })
    );
    assert_eq!(events[1]["region"], "us-east-1");
    assert_eq!(
        parameters(2)["PublicAccessBlockConfiguration"],
        json!({ "xmlns": xmlns, "BlockPublicAcls": true, "IgnorePublicAcls": false })
    );
    assert_eq!(parameters(2)["publicAccessBlock"], "");
    assert_eq!(parameters(4)["bucketPolicy"]["Statement"][0]["Principal"], "*");
    assert_eq!(parameters(5)["policy"], "");
    assert_eq!(events[6]["detail"]["readOnly"], true);
    let grants = &parameters(7)["AccessControlPolicy"]["AccessControlList"]["Grant"];
    assert_eq!(
        grants[0]["Grantee"],
        json!({
            "xmlns:xsi": "http://www.w3.org/2001/XMLSchema-instance",
            "xsi:type": "Group",
            "URI": "http://acs.amazonaws.com/groups/global/AllUsers",
        })
    );
    assert_eq!(parameters(8)["x-amz-grant-read"], "uri=\"http://acs.amazonaws.com/groups/global/AuthenticatedUsers\"");
    // A single rule is no array, and its days are a number.
    assert_eq!(parameters(9)["LifecycleConfiguration"]["Rule"]["Expiration"], json!({ "Days": 1 }));
    assert_eq!(events[10]["region"], "us-east-1", "the bucket's region, not the caller's");
    assert_eq!(events[13]["detail"]["errorCode"], "NoSuchBucket");
    assert_eq!(events[13]["detail"]["responseElements"], Value::Null);
    assert_eq!(parameters(14)["Host"], "123456789012.s3-control.eu-central-1.amazonaws.com");
    assert_eq!(parameters(14)["PublicAccessBlockConfiguration"]["BlockPublicAcls"], true);
    assert_eq!(events[15]["detail"]["eventSource"], "s3.amazonaws.com");
    // The failed call did not start the function, whose pattern wants no error code: two ACLs did.
    assert_eq!(sandbox.world.invocations().len(), 2);
}

#[tokio::test(flavor = "multi_thread")]
async fn other_services_records_have_the_shapes_of_recorded_ones() {
    let sandbox = Sandbox::start().await;
    sandbox
        .boto3(
            r#"
import boto3, json
from botocore.exceptions import ClientError
ec2 = boto3.client('ec2')
group = ec2.create_security_group(GroupName='g', Description='d')['GroupId']
ec2.authorize_security_group_ingress(GroupId=group, IpPermissions=[{'IpProtocol': 'tcp', 'FromPort': 22, 'ToPort': 22, 'IpRanges': [{'CidrIp': '0.0.0.0/0', 'Description': 'ssh'}]}])
volume = ec2.create_volume(Size=1, AvailabilityZone='eu-central-1a')['VolumeId']
snapshot = ec2.create_snapshot(VolumeId=volume)['SnapshotId']
ec2.modify_snapshot_attribute(SnapshotId=snapshot, Attribute='createVolumePermission', OperationType='add', GroupNames=['all'])
ec2.create_tags(Resources=[snapshot], Tags=[{'Key': 'a', 'Value': 'b'}])
ec2.enable_ebs_encryption_by_default()
try: ec2.delete_security_group(GroupId='sg-00000000')
except ClientError: pass
iam = boto3.client('iam')
iam.create_user(UserName='bob')
key = iam.create_access_key(UserName='bob')['AccessKey']
bob = boto3.Session(key['AccessKeyId'], key['SecretAccessKey'])
bob.client('sqs').create_queue(QueueName='q', Attributes={'VisibilityTimeout': '60'})
kms = boto3.client('kms')
kms.create_key(Description='k')
boto3.client('lambda').list_functions()
sns = boto3.client('sns')
topic = sns.create_topic(Name='t')['TopicArn']
sns.set_topic_attributes(TopicArn=topic, AttributeName='DisplayName', AttributeValue='x')
sns.publish(TopicArn=topic, Message='m', MessageAttributes={'kind': {'DataType': 'String', 'StringValue': 'finding'}})
boto3.client('rds').create_db_instance(DBInstanceIdentifier='db', DBInstanceClass='db.t3.micro', Engine='mysql', MasterUsername='root', MasterUserPassword='secret-99', AllocatedStorage=5, PubliclyAccessible=True)
boto3.client('guardduty').create_detector(Enable=True)
boto3.client('dynamodb').create_table(TableName='x', KeySchema=[{'AttributeName': 'k', 'KeyType': 'HASH'}], AttributeDefinitions=[{'AttributeName': 'k', 'AttributeType': 'S'}], BillingMode='PAY_PER_REQUEST')
boto3.client('logs').create_log_group(logGroupName='/g')
boto3.client('cloudwatch').put_metric_alarm(AlarmName='a', MetricName='m', Namespace='n', Period=60, EvaluationPeriods=1, Threshold=1, ComparisonOperator='GreaterThanThreshold', Statistic='Sum')
boto3.client('apigateway').create_rest_api(name='api')
boto3.client('cloudfront').list_distributions()
"#,
        )
        .await;
    sandbox.idle().await;
    let detail = |name: &str| sandbox.event(name)["detail"].clone();
    let parameters = |name: &str| detail(name)["requestParameters"].clone();
    assert_eq!(
        parameters("AuthorizeSecurityGroupIngress")["ipPermissions"],
        json!({ "items": [{
            "ipProtocol": "tcp",
            "fromPort": 22,
            "toPort": 22,
            "ipRanges": { "items": [{ "cidrIp": "0.0.0.0/0", "description": "ssh" }] },
            "groups": {},
            "ipv6Ranges": {},
            "prefixListIds": {},
        }] })
    );
    let answered = detail("AuthorizeSecurityGroupIngress")["responseElements"].clone();
    assert_eq!(answered["_return"], true);
    assert!(answered["securityGroupRuleSet"]["items"][0]["securityGroupRuleId"].is_string(), "{answered}");
    let attribute = parameters("ModifySnapshotAttribute");
    assert_eq!(attribute["createVolumePermission"], json!({ "add": { "items": [{ "group": "all" }] } }));
    assert_eq!(attribute["attributeType"], "CREATE_VOLUME_PERMISSION");
    let tags = parameters("CreateTags");
    assert_eq!(tags["tagSet"], json!({ "items": [{ "key": "a", "value": "b" }] }));
    assert!(tags["resourcesSet"]["items"][0]["resourceId"].as_str().unwrap().starts_with("snap-"));
    assert_eq!(parameters("EnableEbsEncryptionByDefault"), json!({ "EnableEbsEncryptionByDefaultRequest": {} }));
    assert_eq!(detail("DeleteSecurityGroup")["errorCode"], "Client.InvalidGroup.NotFound");

    let user = detail("CreateUser");
    assert_eq!(user["requestParameters"], json!({ "userName": "bob" }));
    assert_eq!(user["responseElements"]["user"]["arn"], "arn:aws:iam::123456789012:user/bob");
    assert_eq!((&user["awsRegion"], &user["eventSource"]), (&json!("us-east-1"), &json!("iam.amazonaws.com")));
    let key = detail("CreateAccessKey")["responseElements"]["accessKey"].clone();
    assert!(key["accessKeyId"].is_string() && key.get("secretAccessKey").is_none(), "{key}");
    let queue = detail("CreateQueue");
    assert_eq!(queue["userIdentity"]["userName"], "bob", "a key the sandbox handed out is its user's");
    assert_eq!(queue["requestParameters"], json!({ "queueName": "q", "attributes": { "VisibilityTimeout": "60" } }));
    assert_eq!(parameters("CreateKey"), json!({ "description": "k" }));
    assert!(detail("CreateKey")["responseElements"]["keyMetadata"]["keyId"].is_string());
    assert_eq!(detail("ListFunctions20150331")["readOnly"], true);
    assert_eq!(parameters("SetTopicAttributes")["attributeName"], "DisplayName");
    let database = parameters("CreateDBInstance");
    assert_eq!((&database["dBInstanceIdentifier"], &database["publiclyAccessible"]), (&json!("db"), &json!(true)));
    assert_eq!(database["masterUserPassword"], "HIDDEN_DUE_TO_SECURITY_REASONS");
    assert_eq!(detail("CreateDBInstance")["responseElements"]["dBInstance"]["dBInstanceIdentifier"], "db");
    assert_eq!(parameters("CreateDetector")["enable"], true);
    assert!(detail("CreateDetector")["responseElements"]["detectorId"].is_string());
    assert_eq!(parameters("CreateTable")["tableName"], "x");
    assert_eq!(parameters("CreateLogGroup"), json!({ "logGroupName": "/g" }));
    assert_eq!(sandbox.event("PutMetricAlarm")["source"], "aws.monitoring");
    assert_eq!(parameters("PutMetricAlarm")["alarmName"], "a");
    assert_eq!(sandbox.event("CreateRestApi")["source"], "aws.apigateway");
    assert_eq!(sandbox.event("ListDistributions")["region"], "us-east-1");

    assert!(!sandbox.names().contains(&"Publish".to_owned()), "messages are data events");
    let messages = sandbox.world.messages();
    assert_eq!(messages[0].attributes.get("kind").map(String::as_str), Some("finding"));
    assert_eq!(messages[0].function, None);
}

#[tokio::test(flavor = "multi_thread")]
async fn strangers_see_what_is_public_and_nothing_else() {
    let sandbox = Sandbox::start().await;
    let told = sandbox
        .boto3(
            r#"
import boto3, urllib.request, urllib.error, os
s3 = boto3.client('s3')
s3.create_bucket(Bucket='data', CreateBucketConfiguration={'LocationConstraint': 'eu-central-1'})
s3.put_object(Bucket='data', Key='secret', Body=b'x' * 1000)
s3.put_object(Bucket='data', Key='open', Body=b'hello', ACL='public-read')
print(s3.head_object(Bucket='data', Key='secret')['ContentLength'])
plain = urllib.request.build_opener(urllib.request.ProxyHandler({}))
for key in ['secret', 'open']:
    try: print(plain.open(os.environ['AWS_ENDPOINT_URL'] + '/data/' + key).read().decode())
    except urllib.error.HTTPError as error: print(error.code)
print(len(plain.open(s3.generate_presigned_url('get_object', {'Bucket': 'data', 'Key': 'secret'})).read()))
"#,
        )
        .await;
    assert_eq!(told.lines().collect::<Vec<_>>(), ["1000", "403", "hello", "1000"]);
}

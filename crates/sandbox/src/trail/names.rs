//! How CloudTrail names things: event sources, event names that differ from the API's, what only reads, what is data.

use crate::naming::Named;

/// API name → event name where they differ, per botocore service. From recorded events; those without a record are marked.
const RENAMED: &[(&str, &str, &str)] = &[
    ("s3", "PutPublicAccessBlock", "PutBucketPublicAccessBlock"),
    ("s3", "DeletePublicAccessBlock", "DeleteBucketPublicAccessBlock"),
    ("s3", "GetPublicAccessBlock", "GetBucketPublicAccessBlock"),
    ("s3", "PutBucketLifecycleConfiguration", "PutBucketLifecycle"),
    ("s3", "GetBucketLifecycleConfiguration", "GetBucketLifecycle"),
    ("s3", "PutBucketNotificationConfiguration", "PutBucketNotification"),
    ("s3", "GetBucketNotificationConfiguration", "GetBucketNotification"), // no record
    ("s3", "GetObjectLockConfiguration", "GetBucketObjectLockConfiguration"),
    ("s3", "PutObjectLockConfiguration", "PutBucketObjectLockConfiguration"), // no record
    ("s3", "GetBucketAccelerateConfiguration", "GetAccelerateConfiguration"),
    ("s3", "PutBucketAccelerateConfiguration", "PutAccelerateConfiguration"), // no record
    ("s3control", "PutPublicAccessBlock", "PutAccountPublicAccessBlock"),
    ("s3control", "DeletePublicAccessBlock", "DeleteAccountPublicAccessBlock"),
    ("s3control", "GetPublicAccessBlock", "GetAccountPublicAccessBlock"),
    ("lambda", "AddPermission", "AddPermission20150331v2"),
    ("lambda", "RemovePermission", "RemovePermission20150331v2"),
    ("lambda", "CreateFunction", "CreateFunction20150331"),
    ("lambda", "DeleteFunction", "DeleteFunction20150331"),
    ("lambda", "GetFunction", "GetFunction20150331v2"),
    ("lambda", "GetFunctionConfiguration", "GetFunctionConfiguration20150331v2"), // no record
    ("lambda", "GetPolicy", "GetPolicy20150331v2"),                               // no record
    ("lambda", "ListFunctions", "ListFunctions20150331"),
    ("lambda", "ListVersionsByFunction", "ListVersionsByFunction20150331"),
    ("lambda", "UpdateFunctionCode", "UpdateFunctionCode20150331v2"),
    ("lambda", "UpdateFunctionConfiguration", "UpdateFunctionConfiguration20150331v2"),
    ("lambda", "PublishVersion", "PublishVersion20150331"), // no record
    ("lambda", "CreateAlias", "CreateAlias20150331"),       // no record
    ("lambda", "UpdateAlias", "UpdateAlias20150331"),       // no record
    ("lambda", "DeleteAlias", "DeleteAlias20150331"),       // no record
    ("lambda", "CreateEventSourceMapping", "CreateEventSourceMapping20150331"),
    ("lambda", "UpdateEventSourceMapping", "UpdateEventSourceMapping20150331"),
    ("lambda", "DeleteEventSourceMapping", "DeleteEventSourceMapping20150331"), // no record
    ("lambda", "PutFunctionConcurrency", "PutFunctionConcurrency20171031"),     // no record
    ("lambda", "DeleteFunctionConcurrency", "DeleteFunctionConcurrency20171031"), // no record
    ("lambda", "TagResource", "TagResource20170331v2"),                         // no record
    ("lambda", "UntagResource", "UntagResource20170331v2"),                     // no record
    ("lambda", "PublishLayerVersion", "PublishLayerVersion20181031"),           // no record
    ("lambda", "DeleteLayerVersion", "DeleteLayerVersion20181031"),             // no record
    ("lambda", "AddLayerVersionPermission", "AddLayerVersionPermission20181031"), // no record
    ("lambda", "RemoveLayerVersionPermission", "RemoveLayerVersionPermission20181031"), // no record
    ("cloudfront", "CreateFunction", "CreateFunction2020_05_31"),               // no record
    ("cloudfront", "UpdateFunction", "UpdateFunction2020_05_31"),               // no record
    ("cloudfront", "PublishFunction", "PublishFunction2020_05_31"),
    ("cloudfront", "DeleteFunction", "DeleteFunction2020_05_31"), // no record
];

/// Event sources that are not `<signing name>.amazonaws.com`.
const SOURCES: &[(&str, &str)] = &[
    ("application-autoscaling", "autoscaling.amazonaws.com"),
    ("cloudsearchdomain", "cloudsearch.amazonaws.com"),
    ("opensearch", "es.amazonaws.com"),
];

/// Services whose calls are recorded in us-east-1 whatever region signed them (EventBridge and CloudTrail user guides).
const GLOBAL: &[&str] = &["iam", "organizations", "cloudfront", "route53", "account", "support"];

/// Operations that only a trail with data events records, per botocore service; for S3 see [`is_data`].
const DATA: &[(&str, &[&str])] = &[
    (
        "dynamodb",
        &[
            "BatchExecuteStatement",
            "BatchGetItem",
            "BatchWriteItem",
            "DeleteItem",
            "ExecuteStatement",
            "ExecuteTransaction",
            "GetItem",
            "PutItem",
            "Query",
            "Scan",
            "TransactGetItems",
            "TransactWriteItems",
            "UpdateItem",
        ],
    ),
    ("dynamodbstreams", &["GetRecords", "GetShardIterator"]),
    ("sns", &["Publish", "PublishBatch"]),
    (
        "sqs",
        &[
            "SendMessage",
            "SendMessageBatch",
            "ReceiveMessage",
            "DeleteMessage",
            "DeleteMessageBatch",
            "ChangeMessageVisibility",
            "ChangeMessageVisibilityBatch",
        ],
    ),
    ("lambda", &["Invoke", "InvokeAsync", "InvokeWithResponseStream"]),
    ("kinesis", &["PutRecord", "PutRecords", "GetRecords", "GetShardIterator", "SubscribeToShard"]),
    ("firehose", &["PutRecord", "PutRecordBatch"]),
    ("events", &["PutEvents"]),
    ("logs", &["PutLogEvents"]),
    ("cloudwatch", &["PutMetricData", "GetMetricData", "GetMetricStatistics"]),
    ("xray", &["PutTraceSegments", "PutTelemetryRecords", "GetSamplingRules", "GetSamplingTargets"]),
    ("ebs", &["GetSnapshotBlock", "ListChangedBlocks", "ListSnapshotBlocks", "PutSnapshotBlock"]),
    ("sdb", &["GetAttributes", "PutAttributes", "Select", "DeleteAttributes", "BatchPutAttributes"]),
];

/// S3's calls about objects that carry no key.
const S3_OBJECT_LISTS: [&str; 5] =
    ["ListObjects", "ListObjectsV2", "ListObjectVersions", "DeleteObjects", "HeadBucket"];

/// Names that only read although they do not begin like it (recorded with `readOnly: true`), and STS's.
const READS: [&str; 16] = [
    "AssumeRole",
    "AssumeRoleWithSAML",
    "AssumeRoleWithWebIdentity",
    "DecodeAuthorizationMessage",
    "Decrypt",
    "Encrypt",
    "FilterLogEvents",
    "GenerateDataKey",
    "GenerateDataKeyWithoutPlaintext",
    "LookupEvents",
    "ReEncrypt",
    "Sign",
    "Verify",
    "TestEventPattern",
    "SimulatePrincipalPolicy",
    "SimulateCustomPolicy",
];

pub(crate) fn event_name(named: &Named) -> &str {
    RENAMED
        .iter()
        .find(|(service, api, _)| *service == named.service.name && *api == named.operation)
        .map_or(named.operation.as_str(), |(_, _, event)| event)
}

pub(crate) fn event_source(named: &Named) -> String {
    let service = named.service.name.as_str();
    SOURCES.iter().find(|(name, _)| *name == service).map_or_else(
        || format!("{}.amazonaws.com", named.service.metadata.signing_name()),
        |(_, source)| (*source).to_owned(),
    )
}

/// Whether the call is in no management trail.
pub(crate) fn is_data(named: &Named) -> bool {
    let service = named.service.name.as_str();
    if service == "s3" {
        return named.labels.contains_key("Key") || S3_OBJECT_LISTS.contains(&named.operation.as_str());
    }
    DATA.iter().any(|(name, operations)| *name == service && operations.contains(&named.operation.as_str()))
}

pub(crate) fn is_global(service: &str) -> bool {
    GLOBAL.contains(&service)
}

/// CloudTrail's `readOnly`.
pub(crate) fn is_read(operation: &str) -> bool {
    let begins = ["Get", "List", "Describe", "Head", "BatchGet", "Search", "Lookup", "Query", "Scan"];
    // One recorded exception: a federation token is something new.
    operation != "GetFederationToken"
        && (begins.iter().any(|begin| operation.starts_with(begin)) || READS.contains(&operation))
}

/// EventBridge drops management events that begin with these words, save two (EventBridge user guide, "Receiving
/// read-only management events").
pub(crate) fn reaches_rules(event_name: &str) -> bool {
    matches!(event_name, "GetFederationToken" | "GetSessionToken")
        || !["Get", "List", "Describe"].iter().any(|begin| event_name.starts_with(begin))
}

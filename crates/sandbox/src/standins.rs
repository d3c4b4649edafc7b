//! Where moto 5.2.5 differs from AWS in something the functions depend on, the sandbox stands in. What the gateway does is
//! here; what has to happen inside moto is in `python/launcher.py`, which this page also lists.
//!
//! 1. **IAM action names.** moto derives S3's actions from a short table: `?publicAccessBlock`, `?ownershipControls`,
//!    `?encryption` and `?replication` are unknown to it and are checked as `ListBucket`, `CreateBucket` or
//!    `DeleteBucket`; account-level calls are checked under the bucket-level name. The gateway names the action after
//!    the Service Authorization Reference ([`action`]) and moto checks that name.
//! 2. **Resources.** moto checks every call outside S3 and STS against the resource `*`, which no policy with a
//!    table or topic ARN allows. The gateway names the ARN ([`resource`]).
//! 3. **Refusals.** moto refuses in one XML form whatever the protocol, which clients of JSON services, of EC2 and of
//!    S3Control cannot read. The gateway says the same in the form of the protocol ([`refusal`]).
//! 4. **Signatures** (launcher). moto signs the form it parsed instead of the bytes that came, and the parameters of the
//!    address in place of an empty body.
//! 5. **Transactions** (launcher). moto undoes a refused one by putting back a copy of the table taken before, which
//!    loses what others wrote in between; DynamoDB takes one request at a time and copies only the items concerned.
//! 6. **`GetBucketVersioning`** and **S3Control's answers** (launcher). moto names their root elements as no SDK reads
//!    them: `GetAccessPointResponse` where AWS says `GetAccessPointResult`.
//!
//! 7. **`lambda:Invoke`** (`lambda/api.rs`). moto would run functions in containers of its own; the sandbox runs the template's,
//!    and only those. moto is asked whether the caller may, for a function's call as for any other. So is
//!    **`lambda:GetFunctionConfiguration`** and **`lambda:ListEventSourceMappings`**. Queues feed functions by
//!    `lambda/event_source.rs`.
//! 8. **EventBridge Scheduler** (`scheduler.rs`). moto keeps schedules and never fires them; the sandbox starts the function
//!    when a one-time schedule is due, and deletes the schedule if it says so. In the launcher: moto answers 500 to a schedule
//!    in a group that does not exist.
//! 9. **EventBridge's rules** (`deploy/registry.rs`, launcher). moto answers 500 to an event for a rule whose target is a
//!    function; it keeps the template's rules for whoever asks, and the sandbox's own bus delivers.
//!
//! 10. **Trust** (`sts.rs`). moto hands out any role to anybody. `AssumeRole` is refused here unless the role exists and its trust
//!     policy lets this caller in; session tags take `sts:TagSession` on both sides.
//! 11. **`PutEvents`** (`bus/put.rs`). moto takes events in AWS's own name, and asks no bus's policy whom it takes events from.
//! 12. **SQS** (launcher). Two callers at the same time could have messages of one group, and a deleted message could be sent again
//!     at once: requests are taken one at a time, and deduplication ids are kept for five minutes.
//! 13. **Security Hub** (launcher). moto has no `BatchUpdateFindings`, imports into a hub that is off, takes findings of any account
//!     and lets an import change the workflow of a finding that is there.
//! 14. **Slack** (`slack.rs`), which is not AWS.
//! 15. **Bucket policies** (launcher). Statements that ask for TLS would deny everything here; the sandbox's HTTP counts as TLS. Those
//!     that ask for an object's tag hold only while it has it, and the tags and the ACL of an object are not its content.
//! 16. **CloudFormation** (`python/cloudformation.py`, `drift.rs`). moto has no drift detection, no change sets that revert
//!     drift, no termination protection and no way from a resource to its stack. `DetectStackDrift` compares queues, topics and buckets
//!     with their template, and the gateway puts CloudFormation's notice on the bus when it is over.
//! 17. **CloudTrail** (`python/cloudtrail.py`). moto takes ARNs in some calls only, makes a trail twice, adds selectors and Insights to
//!     those that are there, shows the organisation's trail to its owner only and has no event data stores.
//! 18. **APIs** (launcher). moto cannot change a stage of an HTTP API (`UpdateStage`, `DeleteAccessLogSettings` of API Gateway v2), and
//!     a GraphQL API does not say which web ACL is before it.
//! 19. **EC2** (launcher). Descriptions of rules, `ModifySecurityGroupRules`, lists that other accounts refer to,
//!     `GetManagedPrefixListAssociations` and `RestoreManagedPrefixListVersion`. Tags that a call gives to what it makes take
//!     `ec2:CreateTags` on that ([`action`]).
//! 20. **S3's own events** (`objects.rs`). moto sends them to its own EventBridge, where nobody listens; here they go to the
//!     sandbox's bus, for the buckets whose notifications to EventBridge are on.
//! 21. **`PutObjectAcl`** (launcher). moto puts the bucket's ACL in the place of one that is sent in the body.
//! 22. **Front doors** (`python/doors.py`). moto has no App Runner at all, and neither of the two calls that give a CloudFront
//!     distribution a web ACL and take it away.
//!
//! Action and resource travel in headers that only the gateway can set; the decision itself, the signature check and
//! the policies are moto's. A batch over several tables is checked for the first. `Condition` elements are not
//! evaluated: moto treats them as met, so a `Deny` under a condition always denies.
//!
//! Not stood in for: `GetBucketPolicyStatus` is wrong in moto for policies with conditions, and Block Public Access is
//! stored but not enforced. `iam:PassRole` is not checked. `CreateSchedule` does not remember `ClientToken`: a client's own
//! second try of a call that was carried out is answered `ConflictException`, where AWS repeats the success.

use http::StatusCode;
use serde_json::Value;

use crate::faults;
use crate::lambda::api::function_arn;
use crate::naming::{Named, Protocol};
use crate::trail::xml;

/// S3's IAM actions that are not the operation's name (Service Authorization Reference, "Actions for Amazon S3").
const S3: &[(&str, &str)] = &[
    ("CompleteMultipartUpload", "PutObject"),
    ("CopyObject", "PutObject"),
    ("CreateMultipartUpload", "PutObject"),
    ("DeleteBucketCors", "PutBucketCORS"),
    ("DeleteBucketEncryption", "PutEncryptionConfiguration"),
    ("DeleteBucketLifecycle", "PutLifecycleConfiguration"),
    ("DeleteBucketOwnershipControls", "PutBucketOwnershipControls"),
    ("DeleteBucketReplication", "PutReplicationConfiguration"),
    ("DeleteBucketTagging", "PutBucketTagging"),
    ("DeleteObjects", "DeleteObject"),
    ("DeletePublicAccessBlock", "PutBucketPublicAccessBlock"),
    ("GetBucketAccelerateConfiguration", "GetAccelerateConfiguration"),
    ("GetBucketCors", "GetBucketCORS"),
    ("GetBucketEncryption", "GetEncryptionConfiguration"),
    ("GetBucketLifecycle", "GetLifecycleConfiguration"),
    ("GetBucketLifecycleConfiguration", "GetLifecycleConfiguration"),
    ("GetBucketNotificationConfiguration", "GetBucketNotification"),
    ("GetBucketReplication", "GetReplicationConfiguration"),
    ("GetObjectLockConfiguration", "GetBucketObjectLockConfiguration"),
    ("GetPublicAccessBlock", "GetBucketPublicAccessBlock"),
    ("HeadBucket", "ListBucket"),
    ("HeadObject", "GetObject"),
    ("ListBuckets", "ListAllMyBuckets"),
    ("ListMultipartUploads", "ListBucketMultipartUploads"),
    ("ListObjectVersions", "ListBucketVersions"),
    ("ListObjects", "ListBucket"),
    ("ListObjectsV2", "ListBucket"),
    ("ListParts", "ListMultipartUploadParts"),
    ("PutBucketAccelerateConfiguration", "PutAccelerateConfiguration"),
    ("PutBucketCors", "PutBucketCORS"),
    ("PutBucketEncryption", "PutEncryptionConfiguration"),
    ("PutBucketLifecycle", "PutLifecycleConfiguration"),
    ("PutBucketLifecycleConfiguration", "PutLifecycleConfiguration"),
    ("PutBucketNotificationConfiguration", "PutBucketNotification"),
    ("PutBucketReplication", "PutReplicationConfiguration"),
    ("PutObjectLockConfiguration", "PutBucketObjectLockConfiguration"),
    ("PutPublicAccessBlock", "PutBucketPublicAccessBlock"),
    ("UploadPart", "PutObject"),
    ("UploadPartCopy", "PutObject"),
];

/// S3Control's, where the setting is the account's.
const S3_CONTROL: &[(&str, &str)] = &[
    ("DeletePublicAccessBlock", "PutAccountPublicAccessBlock"),
    ("GetPublicAccessBlock", "GetAccountPublicAccessBlock"),
    ("PutPublicAccessBlock", "PutAccountPublicAccessBlock"),
];

/// Lambda's.
const LAMBDA: &[(&str, &str)] =
    &[("Invoke", "InvokeFunction"), ("InvokeAsync", "InvokeFunction"), ("InvokeWithResponseStream", "InvokeFunction")];

/// Services whose IAM prefix is not their signing name.
const PREFIXES: &[(&str, &str)] =
    &[("monitoring", "cloudwatch"), ("application-autoscaling", "application-autoscaling")];

/// The items of a DynamoDB transaction, in CloudTrail's spelling, and the action each takes (DynamoDB developer guide, "IAM
/// and transactions").
const TRANSACTION: &[(&str, &str)] = &[
    ("conditionCheck", "dynamodb:ConditionCheckItem"),
    ("delete", "dynamodb:DeleteItem"),
    ("get", "dynamodb:GetItem"),
    ("put", "dynamodb:PutItem"),
    ("update", "dynamodb:UpdateItem"),
];

/// The IAM action of a call, for example `s3:GetEncryptionConfiguration`; several with commas for a transaction, each with `@` and
/// an ARN where it is on something else than the call.
pub(crate) fn action(named: &Named, parameters: &Value, region: &str, account: &str) -> String {
    let operation = named.operation.as_str();
    if matches!(operation, "TransactWriteItems" | "TransactGetItems") {
        let items = parameters.get("transactItems").and_then(Value::as_array);
        let used =
            |name: &str| items.into_iter().flatten().any(|item| item.get(name).is_some_and(|part| !part.is_null()));
        let actions = TRANSACTION.iter().filter(|(name, _)| used(name)).map(|(_, action)| *action);
        return actions.collect::<Vec<_>>().join(",");
    }
    if named.service.name == "sts" && operation == "AssumeRole" {
        let has_tags = parameters.get("tags").and_then(Value::as_array).is_some_and(|tags| !tags.is_empty());
        return if has_tags { "sts:AssumeRole,sts:TagSession" } else { "sts:AssumeRole" }.to_owned();
    }
    if named.service.name == "cloudformation" && operation == "DetectStackDrift" {
        return "cloudformation:DetectStackDrift,cloudformation:DetectStackResourceDrift".to_owned();
    }
    if named.service.name == "cloudtrail" && operation == "CreateTrail" {
        let has_tags = parameters.get("tagsList").and_then(Value::as_array).is_some_and(|tags| !tags.is_empty());
        return if has_tags { "cloudtrail:CreateTrail,cloudtrail:AddTags" } else { "cloudtrail:CreateTrail" }
            .to_owned();
    }
    if named.service.name == "ec2" && parameters.get("tagSpecificationSet").is_some() {
        // Of the resource that is made, whatever its id will be.
        let kind =
            parameters.pointer("/tagSpecificationSet/items/0/resourceType").and_then(Value::as_str).unwrap_or("*");
        return format!("ec2:{operation},ec2:CreateTags@arn:aws:ec2:{region}:{account}:{kind}/new");
    }
    // API Gateway's actions are HTTP methods (Service Authorization Reference).
    let find = |table: &[(&str, &'static str)]| table.iter().find(|(name, _)| *name == operation).map(|(_, to)| *to);
    let action = match named.service.name.as_str() {
        "s3" => find(S3),
        "s3control" => find(S3_CONTROL),
        "lambda" => find(LAMBDA),
        "apigateway" | "apigatewayv2" => {
            named.service.routes.iter().find(|route| route.operation == operation).map(|route| route.method.as_str())
        }
        _ => None,
    };
    let signing = named.service.metadata.signing_name();
    let prefix = PREFIXES.iter().find(|(name, _)| *name == signing).map_or(signing, |(_, prefix)| prefix);
    format!("{prefix}:{}", action.unwrap_or(operation))
}

/// The ARN a call is about, from its parameters in CloudTrail's spelling; `*` when it is about none in particular.
pub(crate) fn resource(named: &Named, parameters: &Value, region: &str, account: &str) -> String {
    let text = |key: &str| parameters.get(key).and_then(Value::as_str).filter(|text| !text.is_empty());
    let arn = |service: &str, rest: String| format!("arn:aws:{service}:{region}:{account}:{rest}");
    let named_or_arn = |service: &str, name: &str, prefix: &str| {
        if name.starts_with("arn:") { name.to_owned() } else { arn(service, format!("{prefix}{name}")) }
    };
    let special = match named.service.name.as_str() {
        "s3" => match (named.labels.get("Bucket"), named.labels.get("Key")) {
            (Some(bucket), Some(key)) => Some(format!("arn:aws:s3:::{bucket}/{key}")),
            (Some(bucket), None) => Some(format!("arn:aws:s3:::{bucket}")),
            _ => None,
        },
        "s3control" => named
            .labels
            .get("name")
            .filter(|_| named.operation.contains("AccessPoint"))
            .map(|name| arn("s3", format!("accesspoint/{name}"))),
        "dynamodb" => table(parameters, 0).map(|name| {
            let table = named_or_arn("dynamodb", &name, "table/");
            text("indexName").map_or_else(|| table.clone(), |index| format!("{table}/index/{index}"))
        }),
        "sns" => text("topicArn")
            .or_else(|| text("targetArn"))
            .map(str::to_owned)
            .or_else(|| text("name").map(|name| arn("sns", name.to_owned()))),
        "sqs" => text("queueUrl")
            .and_then(|url| url.rsplit('/').next())
            .or_else(|| text("queueName"))
            .map(|name| arn("sqs", name.to_owned())),
        "cloudtrail" => text("name")
            .or_else(|| text("trailName"))
            .map(|name| named_or_arn("cloudtrail", name, "trail/"))
            .or_else(|| text("eventDataStore").map(|id| named_or_arn("cloudtrail", id, "eventdatastore/")))
            .or_else(|| parameters.pointer("/resourceIdList/0").and_then(Value::as_str).map(str::to_owned)),
        "ec2" if named.operation.starts_with("Describe") => Some("*".to_owned()),
        "ec2" => text("groupId")
            .map(|id| arn("ec2", format!("security-group/{id}")))
            .or_else(|| text("prefixListId").map(|id| arn("ec2", format!("prefix-list/{id}")))),
        // A list has no resource, also where it is of one function.
        "cloudformation" => text("stackName").map(|stack| match stack.strip_prefix("arn:") {
            Some(_) => stack.to_owned(),
            None => arn("cloudformation", format!("stack/{stack}/*")),
        }),
        "lambda" if named.operation.starts_with("List") => Some("*".to_owned()),
        "lambda" => text("functionName").map(|name| function_arn(name, text("qualifier"), region, account)),
        "scheduler" => text("name").and_then(|name| {
            let group = text("groupName").unwrap_or("default");
            match named.operation.as_str() {
                operation if operation.ends_with("ScheduleGroup") => Some(format!("schedule-group/{name}")),
                operation if operation.ends_with("Schedule") => Some(format!("schedule/{group}/{name}")),
                _ => None,
            }
            .map(|rest| arn("scheduler", rest))
        }),
        "securityhub" => match named.operation.as_str() {
            "BatchImportFindings" => {
                parameters.pointer("/findings/0/productArn").and_then(Value::as_str).map(str::to_owned)
            }
            "BatchUpdateFindings" => Some(arn("securityhub", "hub/default".to_owned())),
            _ => None,
        },
        "apigateway" | "apigatewayv2" => Some(format!("arn:aws:apigateway:{region}::{}", gateway_path(named))),
        "cognito-idp" => text("userPoolId").map(|id| arn("cognito-idp", format!("userpool/{id}"))),
        "cloudfront" => text("resource").map(str::to_owned).or_else(|| {
            let is_of_one = named.operation.contains("Distribution");
            text("id").filter(|_| is_of_one).map(|id| format!("arn:aws:cloudfront::{account}:distribution/{id}"))
        }),
        "appsync" => text("apiId").map(|api| arn("appsync", format!("apis/{api}"))),
        "wafv2" => text("resourceArn")
            .or_else(|| text("aRN"))
            .or_else(|| parameters.pointer("/loggingConfiguration/resourceArn").and_then(Value::as_str))
            .map(str::to_owned)
            .or_else(|| {
                let scope = if text("scope") == Some("CLOUDFRONT") { "global" } else { "regional" };
                let kind = if named.operation.ends_with("RuleGroup") { "rulegroup" } else { "webacl" };
                Some(arn("wafv2", format!("{scope}/{kind}/{}/{}", text("name")?, text("id")?)))
            }),
        // Without the path, which the call does not name.
        "iam" => text("userName").map(|name| format!("arn:aws:iam::{account}:user/{name}")),
        "sesv2" => text("fromEmailAddress").map(|address| arn("ses", format!("identity/{}", bare(address)))),
        "ssm" => text("name").map(|name| named_or_arn("ssm", name.trim_start_matches('/'), "parameter/")),
        // By name, the six letters behind it are not known here.
        "secretsmanager" => text("secretId").map(|id| {
            if id.starts_with("arn:") { id.to_owned() } else { arn("secretsmanager", format!("secret:{id}-000000")) }
        }),
        "logs" => text("logGroupName").map(|name| arn("logs", format!("log-group:{name}:*"))),
        // A rule's name is `name` where it is the subject, `rule` where its targets are.
        "events" if named.operation.ends_with("Rule") => text("name").or_else(|| text("rule")).map(|rule| {
            let bus = text("eventBusName").filter(|bus| *bus != "default").map(|bus| format!("{bus}/"));
            arn("events", format!("rule/{}{rule}", bus.unwrap_or_default()))
        }),
        "events" => {
            let entry = parameters.pointer("/entries/0/eventBusName").and_then(Value::as_str);
            let bus = entry.or_else(|| text("eventBusName")).or_else(|| text("name")).unwrap_or("default");
            Some(named_or_arn("events", bus, "event-bus/"))
        }
        _ => None,
    };
    special.or_else(|| any_arn(parameters)).unwrap_or_else(|| "*".to_owned())
}

/// What of API Gateway's paths its ARNs are made of.
fn gateway_path(named: &Named) -> String {
    let label = |name: &str| named.labels.get(name);
    let path = match (label("restapi_id"), label("apiId")) {
        (Some(api), _) => format!("/restapis/{api}"),
        (_, Some(api)) => format!("/apis/{api}"),
        _ if named.operation.ends_with("Account") => return "/account".to_owned(),
        _ if named.service.name == "apigateway" => return "/restapis".to_owned(),
        _ => return "/apis".to_owned(),
    };
    let Some(stage) = label("stage_name").or_else(|| label("stageName")) else { return path };
    let part = if named.operation.ends_with("AccessLogSettings") { "/accesslogsettings" } else { "" };
    format!("{path}/stages/{stage}{part}")
}

/// The first table named, at any depth: batches and transactions carry it inside.
fn table(parameters: &Value, depth: usize) -> Option<String> {
    if depth > 6 {
        return None;
    }
    match parameters {
        Value::Object(fields) => {
            if let Some(Value::String(name)) = fields.get("tableName") {
                return Some(name.clone());
            }
            if let Some(Value::Object(tables)) = fields.get("requestItems") {
                return tables.keys().next().cloned();
            }
            fields.values().find_map(|value| table(value, depth + 1))
        }
        Value::Array(items) => items.iter().find_map(|item| table(item, depth + 1)),
        _ => None,
    }
}

/// `someone@example.com` of `rectify <someone@example.com>`.
fn bare(address: &str) -> &str {
    address.rsplit_once('<').map_or(address, |(_, rest)| rest.trim_end_matches('>'))
}

fn any_arn(parameters: &Value) -> Option<String> {
    parameters.as_object()?.iter().find_map(|(key, value)| {
        let is_arn = key.ends_with("Arn") || key.ends_with("ARN") || key == "arn";
        value.as_str().filter(|text| is_arn && text.starts_with("arn:")).map(str::to_owned)
    })
}

/// moto's "not authorized" as AWS would say it in the call's protocol: status, body, content type.
pub(crate) fn refusal(
    named: Option<&Named>,
    status: StatusCode,
    body: &[u8],
) -> Option<(StatusCode, String, &'static str)> {
    let named = named.filter(|_| status == StatusCode::FORBIDDEN && body.starts_with(b"<"))?;
    let message = xml::first_text(body, "Message").filter(|text| text.contains("is not authorized to perform"))?;
    let (status, code) = match named.protocol {
        Protocol::Json | Protocol::Cbor => (StatusCode::BAD_REQUEST, "AccessDeniedException"),
        Protocol::RestJson => (StatusCode::FORBIDDEN, "AccessDeniedException"),
        Protocol::Ec2 => (StatusCode::FORBIDDEN, "UnauthorizedOperation"),
        Protocol::Query | Protocol::RestXml => (StatusCode::FORBIDDEN, "AccessDenied"),
    };
    let (body, kind) = faults::body(Some(named), code, &message);
    Some((status, body, kind))
}

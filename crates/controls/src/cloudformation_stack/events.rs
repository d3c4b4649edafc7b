//! What wakes the guard: CloudFormation's own calls and notices, and calls by which people change what stacks own.

use super::{drift::DRIFTED, manual::MANUAL, protection::OFF};
use crate::{Notice, Trigger};

pub(super) const CLOUDFORMATION: &str = "cloudformation.amazonaws.com";

const PROTECTION: &[&str] = &[OFF.id];
const CHANGED: &[&str] = &[MANUAL.id, DRIFTED.id];

const fn stack(name: &'static str, example: &'static str) -> Trigger {
    Trigger { source: CLOUDFORMATION, name, id: "stackName", controls: PROTECTION, example }
}

const fn by_hand(source: &'static str, name: &'static str, id: &'static str, example: &'static str) -> Trigger {
    Trigger { source, name, id, controls: CHANGED, example }
}

const S3: &str = "s3.amazonaws.com";
const EC2: &str = "ec2.amazonaws.com";
const LAMBDA: &str = "lambda.amazonaws.com";
const LOGS: &str = "logs.amazonaws.com";

/// Stacks are made by `CreateStack`, and by CDK and SAM with a change set that is executed.
///
/// A change outside CloudFormation can be any write of any service, and a rule for all of them would forward most of what an
/// organisation does. Here are writes that weaken or delete something, of services where one parameter of the call is the name
/// that CloudFormation has for the resource. Everything else is found by the daily detection. Calls of IAM are in one region and
/// stacks are not, so those wait for it too.
///
/// `DetectStackDrift` and `DetectStackResourceDrift` say that a detection begins; [`NOTICES`] says that one ended.
pub(super) const EVENTS: &[Trigger] = &[
    stack("CreateStack", "create-stack-unprotected"),
    stack("ExecuteChangeSet", "execute-change-set"),
    stack("UpdateTerminationProtection", "update-termination-protection-off"),
    by_hand(S3, "PutBucketPolicy", "bucketName", "manual-put-bucket-policy"),
    by_hand(S3, "DeleteBucketPolicy", "bucketName", "manual-delete-bucket-policy"),
    by_hand(S3, "PutBucketAcl", "bucketName", "manual-put-bucket-acl"),
    by_hand(S3, "PutBucketPublicAccessBlock", "bucketName", "manual-put-bucket-public-access-block"),
    by_hand(S3, "DeleteBucketPublicAccessBlock", "bucketName", "manual-delete-bucket-public-access-block"),
    by_hand(S3, "PutBucketEncryption", "bucketName", "manual-put-bucket-encryption"),
    by_hand(S3, "DeleteBucketEncryption", "bucketName", "manual-delete-bucket-encryption"),
    by_hand(S3, "PutBucketOwnershipControls", "bucketName", "manual-put-bucket-ownership-controls"),
    by_hand(S3, "PutBucketReplication", "bucketName", "manual-put-bucket-replication"),
    by_hand(S3, "PutBucketVersioning", "bucketName", "manual-put-bucket-versioning"),
    by_hand(S3, "DeleteBucket", "bucketName", "manual-delete-bucket"),
    by_hand(EC2, "AuthorizeSecurityGroupIngress", "groupId", "manual-authorize-security-group-ingress"),
    by_hand(EC2, "RevokeSecurityGroupIngress", "groupId", "manual-revoke-security-group-ingress"),
    by_hand(EC2, "AuthorizeSecurityGroupEgress", "groupId", "manual-authorize-security-group-egress"),
    by_hand(EC2, "RevokeSecurityGroupEgress", "groupId", "manual-revoke-security-group-egress"),
    by_hand(
        EC2,
        "ModifySecurityGroupRules",
        "ModifySecurityGroupRulesRequest/GroupId",
        "manual-modify-security-group-rules",
    ),
    by_hand(EC2, "DeleteSecurityGroup", "groupId", "manual-delete-security-group"),
    by_hand(EC2, "ModifyInstanceAttribute", "instanceId", "manual-modify-instance-attribute"),
    by_hand(LAMBDA, "UpdateFunctionConfiguration20150331v2", "functionName", "manual-update-function-configuration"),
    by_hand(LAMBDA, "UpdateFunctionCode20150331v2", "functionName", "manual-update-function-code"),
    by_hand(LAMBDA, "DeleteFunction20150331", "functionName", "manual-delete-function"),
    by_hand("sqs.amazonaws.com", "SetQueueAttributes", "queueUrl", "manual-set-queue-attributes"),
    by_hand("sqs.amazonaws.com", "DeleteQueue", "queueUrl", "manual-delete-queue"),
    by_hand("sns.amazonaws.com", "SetTopicAttributes", "topicArn", "manual-set-topic-attributes"),
    by_hand("sns.amazonaws.com", "DeleteTopic", "topicArn", "manual-delete-topic"),
    by_hand("dynamodb.amazonaws.com", "UpdateTable", "tableName", "manual-update-table"),
    by_hand("dynamodb.amazonaws.com", "DeleteTable", "tableName", "manual-delete-table"),
    by_hand("rds.amazonaws.com", "ModifyDBInstance", "dBInstanceIdentifier", "manual-modify-db-instance"),
    by_hand("rds.amazonaws.com", "DeleteDBInstance", "dBInstanceIdentifier", "manual-delete-db-instance"),
    by_hand("kms.amazonaws.com", "ScheduleKeyDeletion", "keyId", "manual-schedule-key-deletion"),
    by_hand("kms.amazonaws.com", "PutKeyPolicy", "keyId", "manual-put-key-policy"),
    by_hand("kms.amazonaws.com", "DisableKey", "keyId", "manual-disable-key"),
    by_hand(LOGS, "PutRetentionPolicy", "logGroupName", "manual-put-retention-policy"),
    by_hand(LOGS, "DeleteRetentionPolicy", "logGroupName", "manual-delete-retention-policy"),
    by_hand(LOGS, "DeleteLogGroup", "logGroupName", "manual-delete-log-group"),
];

pub(super) const NOTICES: &[Notice] = &[Notice {
    source: "aws.cloudformation",
    detail_type: "CloudFormation Drift Detection Status Change",
    controls: &[DRIFTED.id],
    example: "drift-detected",
}];

//! Every call the guard makes, and what each is allowed by.

use crate::{
    Access,
    Need::{self, Read as Reads, Write as Writes},
};

// Any region: a trail is called in its home region, whichever region's event woke the guard.
const TRAILS: &str = "arn:${AWS::Partition}:cloudtrail:*:${AWS::AccountId}:trail/*";
// The organisation's trail is another account's, and its status is for members to read too.
const ALL_TRAILS: &str = "arn:${AWS::Partition}:cloudtrail:*:*:trail/*";
const STORES: &str = "arn:${AWS::Partition}:cloudtrail:*:${AWS::AccountId}:eventdatastore/*";
const BUCKETS: &str = "arn:${AWS::Partition}:s3:::*";
const ROLES: &str = "arn:${AWS::Partition}:iam::${AWS::AccountId}:role/*";
const ANY: &str = "*";

const fn access(operation: &'static str, action: &'static str, resource: &'static str, need: Need) -> Access {
    Access { operation, action, resource, need }
}

/// Service Authorization Reference, "Actions, resources, and condition keys for AWS CloudTrail" and "… for Amazon S3". A trail that
/// is made again is given the role it had for its log group: it can be passed to CloudTrail only, because no other action here
/// takes a role.
pub(super) const ACCESS: &[Access] = &[
    access("cloudtrail:DescribeTrails", "cloudtrail:DescribeTrails", ANY, Reads),
    access("cloudtrail:ListTrails", "cloudtrail:ListTrails", ANY, Reads),
    access("cloudtrail:ListEventDataStores", "cloudtrail:ListEventDataStores", ANY, Reads),
    access("cloudtrail:GetTrail", "cloudtrail:GetTrail", TRAILS, Reads),
    access("cloudtrail:GetTrailStatus", "cloudtrail:GetTrailStatus", ALL_TRAILS, Reads),
    access("cloudtrail:GetEventSelectors", "cloudtrail:GetEventSelectors", TRAILS, Reads),
    access("cloudtrail:GetInsightSelectors", "cloudtrail:GetInsightSelectors", TRAILS, Reads),
    access("cloudtrail:ListTags", "cloudtrail:ListTags", TRAILS, Reads),
    access("cloudtrail:GetEventDataStore", "cloudtrail:GetEventDataStore", STORES, Reads),
    access("s3:HeadBucket", "s3:ListBucket", BUCKETS, Reads),
    access("s3:GetBucketPolicyStatus", "s3:GetBucketPolicyStatus", BUCKETS, Reads),
    access("s3:GetBucketAcl", "s3:GetBucketAcl", BUCKETS, Reads),
    access("s3:GetPublicAccessBlock", "s3:GetBucketPublicAccessBlock", BUCKETS, Reads),
    access("s3control:GetPublicAccessBlock", "s3:GetAccountPublicAccessBlock", ANY, Reads),
    access("cloudtrail:StartLogging", "cloudtrail:StartLogging", TRAILS, Writes),
    access("cloudtrail:StopLogging", "cloudtrail:StopLogging", TRAILS, Writes),
    access("cloudtrail:CreateTrail", "cloudtrail:CreateTrail", TRAILS, Writes),
    access("cloudtrail:CreateTrail", "cloudtrail:AddTags", TRAILS, Writes),
    access("cloudtrail:CreateTrail", "iam:PassRole", ROLES, Writes),
    access("cloudtrail:DeleteTrail", "cloudtrail:DeleteTrail", TRAILS, Writes),
    access("cloudtrail:UpdateTrail", "cloudtrail:UpdateTrail", TRAILS, Writes),
    access("cloudtrail:PutEventSelectors", "cloudtrail:PutEventSelectors", TRAILS, Writes),
    access("cloudtrail:PutInsightSelectors", "cloudtrail:PutInsightSelectors", TRAILS, Writes),
    access("cloudtrail:StartEventDataStoreIngestion", "cloudtrail:StartEventDataStoreIngestion", STORES, Writes),
    access("cloudtrail:StopEventDataStoreIngestion", "cloudtrail:StopEventDataStoreIngestion", STORES, Writes),
    access("cloudtrail:UpdateEventDataStore", "cloudtrail:UpdateEventDataStore", STORES, Writes),
    access("cloudtrail:RestoreEventDataStore", "cloudtrail:RestoreEventDataStore", STORES, Writes),
    access("cloudtrail:DeleteEventDataStore", "cloudtrail:DeleteEventDataStore", STORES, Writes),
];

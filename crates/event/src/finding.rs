//! Findings of the services that look by themselves. Only what a guard needs to know which resource to look at and what
//! to say; the rest stays unparsed.

use std::borrow::Cow;

use serde::{Deserialize, Serialize};
use serde_json::value::RawValue;

use crate::lenient;

/// `GuardDuty Finding` (GuardDuty user guide, "finding details"; in camel case, unlike the API).
#[derive(Debug, Clone, Default, Deserialize, Serialize)]
#[serde(rename_all = "camelCase")]
pub struct GuardDutyFinding<'a> {
    /// Id of the finding; a repeat keeps it.
    #[serde(borrow, default, deserialize_with = "lenient::text")]
    pub id: Option<Cow<'a, str>>,
    /// For example `Policy:S3/BucketAnonymousAccessGranted`.
    #[serde(borrow, default, rename = "type", deserialize_with = "lenient::text")]
    pub kind: Option<Cow<'a, str>>,
    /// 1.0 to 10.0.
    #[serde(default, deserialize_with = "lenient::number")]
    pub severity: Option<f64>,
    /// The account it is about.
    #[serde(borrow, default, deserialize_with = "lenient::text")]
    pub account_id: Option<Cow<'a, str>>,
    /// The region it is about.
    #[serde(borrow, default, deserialize_with = "lenient::text")]
    pub region: Option<Cow<'a, str>>,
    /// ARN of the finding.
    #[serde(borrow, default, deserialize_with = "lenient::text")]
    pub arn: Option<Cow<'a, str>>,
    /// Short description.
    #[serde(borrow, default, deserialize_with = "lenient::text")]
    pub title: Option<Cow<'a, str>>,
    /// Long description.
    #[serde(borrow, default, deserialize_with = "lenient::text")]
    pub description: Option<Cow<'a, str>>,
    /// What it is about.
    #[serde(borrow, default, deserialize_with = "lenient::object")]
    pub resource: Option<GuardDutyResource<'a>>,
    /// How often and when it was seen.
    #[serde(borrow, default, deserialize_with = "lenient::object")]
    pub service: Option<GuardDutyService<'a>>,
}

/// `resource` of a GuardDuty finding.
#[derive(Debug, Clone, Default, Deserialize, Serialize)]
#[serde(rename_all = "camelCase")]
pub struct GuardDutyResource<'a> {
    /// `AccessKey`, `S3Bucket`, `Instance`, `EKSCluster`, `RDSDBInstance`, `Lambda`, …
    #[serde(borrow, default, deserialize_with = "lenient::text")]
    pub resource_type: Option<Cow<'a, str>>,
    /// The key that was used.
    #[serde(borrow, default, deserialize_with = "lenient::object")]
    pub access_key_details: Option<AccessKeyDetails<'a>>,
    /// The buckets.
    #[serde(borrow, default, rename = "s3BucketDetails", deserialize_with = "lenient::objects")]
    pub s3_bucket_details: Vec<Named<'a>>,
    /// The instance, unparsed.
    #[serde(borrow, default, deserialize_with = "lenient::raw_object")]
    pub instance_details: Option<&'a RawValue>,
    /// The database, unparsed.
    #[serde(borrow, default, deserialize_with = "lenient::raw_object")]
    pub rds_db_instance_details: Option<&'a RawValue>,
    /// The cluster, unparsed.
    #[serde(borrow, default, deserialize_with = "lenient::raw_object")]
    pub eks_cluster_details: Option<&'a RawValue>,
    /// The function, unparsed.
    #[serde(borrow, default, deserialize_with = "lenient::raw_object")]
    pub lambda_details: Option<&'a RawValue>,
}

/// `accessKeyDetails` of a GuardDuty finding.
#[derive(Debug, Clone, Default, Deserialize, Serialize)]
#[serde(rename_all = "camelCase")]
pub struct AccessKeyDetails<'a> {
    /// The key.
    #[serde(borrow, default, deserialize_with = "lenient::text")]
    pub access_key_id: Option<Cow<'a, str>>,
    /// Unique id of its owner.
    #[serde(borrow, default, deserialize_with = "lenient::text")]
    pub principal_id: Option<Cow<'a, str>>,
    /// Name of its owner.
    #[serde(borrow, default, deserialize_with = "lenient::text")]
    pub user_name: Option<Cow<'a, str>>,
    /// `Root`, `IAMUser`, `AssumedRole`, …
    #[serde(borrow, default, deserialize_with = "lenient::text")]
    pub user_type: Option<Cow<'a, str>>,
}

/// Something with a name and an ARN.
#[derive(Debug, Clone, Default, Deserialize, Serialize)]
#[serde(rename_all = "camelCase")]
pub struct Named<'a> {
    /// Name.
    #[serde(borrow, default, deserialize_with = "lenient::text")]
    pub name: Option<Cow<'a, str>>,
    /// ARN.
    #[serde(borrow, default, deserialize_with = "lenient::text")]
    pub arn: Option<Cow<'a, str>>,
}

/// `service` of a GuardDuty finding.
#[derive(Debug, Clone, Default, Deserialize, Serialize)]
#[serde(rename_all = "camelCase")]
pub struct GuardDutyService<'a> {
    /// Whether somebody, or a suppression rule, put it away.
    #[serde(default, deserialize_with = "lenient::flag")]
    pub archived: Option<bool>,
    /// How often it was seen.
    #[serde(default, deserialize_with = "lenient::number")]
    pub count: Option<f64>,
    /// RFC 3339.
    #[serde(borrow, default, deserialize_with = "lenient::text")]
    pub event_first_seen: Option<Cow<'a, str>>,
    /// RFC 3339.
    #[serde(borrow, default, deserialize_with = "lenient::text")]
    pub event_last_seen: Option<Cow<'a, str>>,
    /// Unparsed; `sample` is true in generated samples.
    #[serde(borrow, default, deserialize_with = "lenient::raw_object")]
    pub additional_info: Option<&'a RawValue>,
}

/// `Macie Finding` (Macie user guide, "EventBridge event schema for findings").
#[derive(Debug, Clone, Default, Deserialize, Serialize)]
#[serde(rename_all = "camelCase")]
pub struct MacieFinding<'a> {
    /// Id of the finding.
    #[serde(borrow, default, deserialize_with = "lenient::text")]
    pub id: Option<Cow<'a, str>>,
    /// For example `SensitiveData:S3Object/Credentials` or `Policy:IAMUser/S3BucketPublic`.
    #[serde(borrow, default, rename = "type", deserialize_with = "lenient::text")]
    pub kind: Option<Cow<'a, str>>,
    /// `CLASSIFICATION` or `POLICY`.
    #[serde(borrow, default, deserialize_with = "lenient::text")]
    pub category: Option<Cow<'a, str>>,
    /// How bad.
    #[serde(borrow, default, deserialize_with = "lenient::object")]
    pub severity: Option<MacieSeverity<'a>>,
    /// The account it is about.
    #[serde(borrow, default, deserialize_with = "lenient::text")]
    pub account_id: Option<Cow<'a, str>>,
    /// The region it is about.
    #[serde(borrow, default, deserialize_with = "lenient::text")]
    pub region: Option<Cow<'a, str>>,
    /// Short description.
    #[serde(borrow, default, deserialize_with = "lenient::text")]
    pub title: Option<Cow<'a, str>>,
    /// Long description.
    #[serde(borrow, default, deserialize_with = "lenient::text")]
    pub description: Option<Cow<'a, str>>,
    /// Whether it is a generated sample.
    #[serde(default, deserialize_with = "lenient::flag")]
    pub sample: Option<bool>,
    /// Whether a suppression rule put it away.
    #[serde(default, deserialize_with = "lenient::flag")]
    pub archived: Option<bool>,
    /// What it is about.
    #[serde(borrow, default, deserialize_with = "lenient::object")]
    pub resources_affected: Option<MacieResources<'a>>,
    /// What was found in the object, unparsed.
    #[serde(borrow, default, deserialize_with = "lenient::raw_object")]
    pub classification_details: Option<&'a RawValue>,
    /// Who did what to the bucket, unparsed.
    #[serde(borrow, default, deserialize_with = "lenient::raw_object")]
    pub policy_details: Option<&'a RawValue>,
}

/// `severity` of a Macie finding.
#[derive(Debug, Clone, Default, Deserialize, Serialize)]
#[serde(rename_all = "camelCase")]
pub struct MacieSeverity<'a> {
    /// 1 (low) to 3 (high).
    #[serde(default, deserialize_with = "lenient::number")]
    pub score: Option<f64>,
    /// `Low`, `Medium` or `High`.
    #[serde(borrow, default, deserialize_with = "lenient::text")]
    pub description: Option<Cow<'a, str>>,
}

/// `resourcesAffected` of a Macie finding.
#[derive(Debug, Clone, Default, Deserialize, Serialize)]
#[serde(rename_all = "camelCase")]
pub struct MacieResources<'a> {
    /// The bucket.
    #[serde(borrow, default, rename = "s3Bucket", deserialize_with = "lenient::object")]
    pub s3_bucket: Option<MacieBucket<'a>>,
    /// The object; absent for policy findings.
    #[serde(borrow, default, rename = "s3Object", deserialize_with = "lenient::object")]
    pub s3_object: Option<MacieObject<'a>>,
}

/// `s3Bucket` of a Macie finding.
#[derive(Debug, Clone, Default, Deserialize, Serialize)]
#[serde(rename_all = "camelCase")]
pub struct MacieBucket<'a> {
    /// Name.
    #[serde(borrow, default, deserialize_with = "lenient::text")]
    pub name: Option<Cow<'a, str>>,
    /// ARN.
    #[serde(borrow, default, deserialize_with = "lenient::text")]
    pub arn: Option<Cow<'a, str>>,
    /// How public Macie found it, unparsed.
    #[serde(borrow, default, deserialize_with = "lenient::raw_object")]
    pub public_access: Option<&'a RawValue>,
}

/// `s3Object` of a Macie finding.
#[derive(Debug, Clone, Default, Deserialize, Serialize)]
#[serde(rename_all = "camelCase")]
pub struct MacieObject<'a> {
    /// The bucket.
    #[serde(borrow, default, deserialize_with = "lenient::text")]
    pub bucket_arn: Option<Cow<'a, str>>,
    /// Key, not URL encoded.
    #[serde(borrow, default, deserialize_with = "lenient::text")]
    pub key: Option<Cow<'a, str>>,
    /// Version; empty without versioning.
    #[serde(borrow, default, deserialize_with = "lenient::text")]
    pub version_id: Option<Cow<'a, str>>,
    /// Entity tag.
    #[serde(borrow, default, rename = "eTag", deserialize_with = "lenient::text")]
    pub etag: Option<Cow<'a, str>>,
}

/// The detail of `Security Hub Findings - Imported`: a list of exactly one finding (Security Hub user guide,
/// "EventBridge event formats").
#[derive(Debug, Clone, Default, Deserialize)]
pub(crate) struct SecurityHubImport<'a> {
    #[serde(borrow, default, deserialize_with = "lenient::objects")]
    pub(crate) findings: Vec<SecurityHubFinding<'a>>,
}

/// A finding of Security Hub (Security Hub user guide, "AWS Security Finding Format").
#[derive(Debug, Clone, Default, Deserialize, Serialize)]
#[serde(rename_all = "PascalCase")]
pub struct SecurityHubFinding<'a> {
    /// Id of the finding.
    #[serde(borrow, default, deserialize_with = "lenient::text")]
    pub id: Option<Cow<'a, str>>,
    /// The product that reported it.
    #[serde(borrow, default, deserialize_with = "lenient::text")]
    pub product_arn: Option<Cow<'a, str>>,
    /// Its name, for example `Security Hub`, `GuardDuty`, or our own.
    #[serde(borrow, default, deserialize_with = "lenient::text")]
    pub product_name: Option<Cow<'a, str>>,
    /// The rule or check behind it, for example `security-control/S3.2`.
    #[serde(borrow, default, deserialize_with = "lenient::text")]
    pub generator_id: Option<Cow<'a, str>>,
    /// The account it is about.
    #[serde(borrow, default, deserialize_with = "lenient::text")]
    pub aws_account_id: Option<Cow<'a, str>>,
    /// The region it is about.
    #[serde(borrow, default, deserialize_with = "lenient::text")]
    pub region: Option<Cow<'a, str>>,
    /// `namespace/category/classifier`.
    #[serde(borrow, default, deserialize_with = "lenient::texts")]
    pub types: Option<Vec<Cow<'a, str>>>,
    /// Short description.
    #[serde(borrow, default, deserialize_with = "lenient::text")]
    pub title: Option<Cow<'a, str>>,
    /// Long description.
    #[serde(borrow, default, deserialize_with = "lenient::text")]
    pub description: Option<Cow<'a, str>>,
    /// `ACTIVE` or `ARCHIVED`.
    #[serde(borrow, default, deserialize_with = "lenient::text")]
    pub record_state: Option<Cow<'a, str>>,
    /// Unparsed; `Label` is `INFORMATIONAL` to `CRITICAL`.
    #[serde(borrow, default, deserialize_with = "lenient::raw_object")]
    pub severity: Option<&'a RawValue>,
    /// Unparsed; `Status` is `PASSED`, `FAILED`, …, `SecurityControlId` for example `S3.2`.
    #[serde(borrow, default, deserialize_with = "lenient::raw_object")]
    pub compliance: Option<&'a RawValue>,
    /// Unparsed; `Status` is `NEW`, `NOTIFIED`, `SUPPRESSED` or `RESOLVED`.
    #[serde(borrow, default, deserialize_with = "lenient::raw_object")]
    pub workflow: Option<&'a RawValue>,
    /// The product's own fields, unparsed.
    #[serde(borrow, default, deserialize_with = "lenient::raw_object")]
    pub product_fields: Option<&'a RawValue>,
    /// What it is about.
    #[serde(borrow, default, deserialize_with = "lenient::objects")]
    pub resources: Vec<FindingResource<'a>>,
}

/// An element of `Resources` of a Security Hub finding.
#[derive(Debug, Clone, Default, Deserialize, Serialize)]
#[serde(rename_all = "PascalCase")]
pub struct FindingResource<'a> {
    /// For example `AwsS3Bucket`.
    #[serde(borrow, default, rename = "Type", deserialize_with = "lenient::text")]
    pub kind: Option<Cow<'a, str>>,
    /// Usually the ARN.
    #[serde(borrow, default, deserialize_with = "lenient::text")]
    pub id: Option<Cow<'a, str>>,
    /// `aws`, `aws-cn` or `aws-us-gov`.
    #[serde(borrow, default, deserialize_with = "lenient::text")]
    pub partition: Option<Cow<'a, str>>,
    /// Where the resource is.
    #[serde(borrow, default, deserialize_with = "lenient::text")]
    pub region: Option<Cow<'a, str>>,
}

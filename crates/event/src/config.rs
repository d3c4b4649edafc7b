//! What AWS Config sends (Config developer guide, "monitoring with EventBridge" and "example notifications").

use std::borrow::Cow;

use serde::{Deserialize, Serialize};
use serde_json::value::RawValue;

use crate::lenient;

/// `Config Configuration Item Change`.
#[derive(Debug, Clone, Default, Deserialize, Serialize)]
#[serde(rename_all = "camelCase")]
pub struct ConfigItem<'a> {
    /// `ConfigurationItemChangeNotification`, or `OversizedConfigurationItemChangeNotification`.
    #[serde(borrow, default, deserialize_with = "lenient::text")]
    pub message_type: Option<Cow<'a, str>>,
    /// RFC 3339.
    #[serde(borrow, default, deserialize_with = "lenient::text")]
    pub notification_creation_time: Option<Cow<'a, str>>,
    /// The item; absent when the event is oversized.
    #[serde(borrow, default, deserialize_with = "lenient::object")]
    pub configuration_item: Option<Item<'a>>,
    /// What an oversized event has instead: the item without its configuration.
    #[serde(borrow, default, deserialize_with = "lenient::object")]
    pub configuration_item_summary: Option<Item<'a>>,
    /// What changed; absent when the event is oversized.
    #[serde(borrow, default, deserialize_with = "lenient::object")]
    pub configuration_item_diff: Option<ConfigDiff<'a>>,
    /// Where Config put an oversized item, unparsed.
    #[serde(borrow, default, rename = "s3DeliverySummary", deserialize_with = "lenient::raw_object")]
    pub s3_delivery_summary: Option<&'a RawValue>,
}

impl<'a> ConfigItem<'a> {
    /// The item or its summary: enough to know which resource it is about.
    #[must_use]
    pub fn item(&self) -> Option<&Item<'a>> {
        self.configuration_item.as_ref().or(self.configuration_item_summary.as_ref())
    }

    /// Whether the configuration was too large for the event. Then the live state is the only source.
    #[must_use]
    pub fn is_oversized(&self) -> bool {
        self.configuration_item.is_none() && self.configuration_item_summary.is_some()
    }
}

/// A configuration item.
#[derive(Debug, Clone, Default, Deserialize, Serialize)]
#[serde(rename_all = "camelCase")]
pub struct Item<'a> {
    /// For example `AWS::S3::Bucket`.
    #[serde(borrow, default, deserialize_with = "lenient::text")]
    pub resource_type: Option<Cow<'a, str>>,
    /// A name, an id or an ARN, depending on the type.
    #[serde(borrow, default, deserialize_with = "lenient::text")]
    pub resource_id: Option<Cow<'a, str>>,
    /// The resource's name, where it has one besides the id.
    #[serde(borrow, default, deserialize_with = "lenient::text")]
    pub resource_name: Option<Cow<'a, str>>,
    /// ARN.
    #[serde(borrow, default, rename = "ARN", alias = "arn", deserialize_with = "lenient::text")]
    pub arn: Option<Cow<'a, str>>,
    /// Owner.
    #[serde(borrow, default, rename = "awsAccountId", alias = "accountId", deserialize_with = "lenient::text")]
    pub account: Option<Cow<'a, str>>,
    /// Region; `global` for the global services.
    #[serde(borrow, default, rename = "awsRegion", deserialize_with = "lenient::text")]
    pub region: Option<Cow<'a, str>>,
    /// `OK`, `ResourceDiscovered`, `ResourceNotRecorded`, `ResourceDeleted`, `ResourceDeletedNotRecorded`.
    #[serde(borrow, default, rename = "configurationItemStatus", deserialize_with = "lenient::text")]
    pub status: Option<Cow<'a, str>>,
    /// RFC 3339, when Config looked.
    #[serde(borrow, default, rename = "configurationItemCaptureTime", deserialize_with = "lenient::text")]
    pub capture_time: Option<Cow<'a, str>>,
    /// In a summary: `CREATE`, `UPDATE` or `DELETE`.
    #[serde(borrow, default, deserialize_with = "lenient::text")]
    pub change_type: Option<Cow<'a, str>>,
    /// The configuration as recorded, unparsed; an object or a string with JSON in it.
    #[serde(borrow, default, deserialize_with = "lenient::raw")]
    pub configuration: Option<&'a RawValue>,
    /// Parts that other calls return (for a bucket: policy, ACL, …), unparsed.
    #[serde(borrow, default, deserialize_with = "lenient::raw_object")]
    pub supplementary_configuration: Option<&'a RawValue>,
}

impl Item<'_> {
    /// Whether Config recorded that the resource is gone.
    #[must_use]
    pub fn is_deleted(&self) -> bool {
        matches!(self.status.as_deref(), Some("ResourceDeleted" | "ResourceDeletedNotRecorded"))
    }
}

/// `configurationItemDiff`.
#[derive(Debug, Clone, Default, Deserialize, Serialize)]
#[serde(rename_all = "camelCase")]
pub struct ConfigDiff<'a> {
    /// `CREATE`, `UPDATE` or `DELETE`.
    #[serde(borrow, default, deserialize_with = "lenient::text")]
    pub change_type: Option<Cow<'a, str>>,
    /// Property to previous and updated value, unparsed.
    #[serde(borrow, default, deserialize_with = "lenient::raw_object")]
    pub changed_properties: Option<&'a RawValue>,
}

/// `Config Rules Compliance Change`.
#[derive(Debug, Clone, Default, Deserialize, Serialize)]
#[serde(rename_all = "camelCase")]
pub struct ConfigCompliance<'a> {
    /// `ComplianceChangeNotification`.
    #[serde(borrow, default, deserialize_with = "lenient::text")]
    pub message_type: Option<Cow<'a, str>>,
    /// RFC 3339.
    #[serde(borrow, default, deserialize_with = "lenient::text")]
    pub notification_creation_time: Option<Cow<'a, str>>,
    /// For example `AWS::S3::Bucket`.
    #[serde(borrow, default, deserialize_with = "lenient::text")]
    pub resource_type: Option<Cow<'a, str>>,
    /// A name, an id or an ARN, depending on the type.
    #[serde(borrow, default, deserialize_with = "lenient::text")]
    pub resource_id: Option<Cow<'a, str>>,
    /// Where the resource is.
    #[serde(borrow, default, rename = "awsRegion", deserialize_with = "lenient::text")]
    pub region: Option<Cow<'a, str>>,
    /// Owner.
    #[serde(borrow, default, rename = "awsAccountId", deserialize_with = "lenient::text")]
    pub account: Option<Cow<'a, str>>,
    /// The rule that was evaluated.
    #[serde(borrow, default, rename = "configRuleName", deserialize_with = "lenient::text")]
    pub rule_name: Option<Cow<'a, str>>,
    /// ARN of the rule.
    #[serde(borrow, default, rename = "configRuleARN", deserialize_with = "lenient::text")]
    pub rule_arn: Option<Cow<'a, str>>,
    /// The result now.
    #[serde(borrow, default, rename = "newEvaluationResult", deserialize_with = "lenient::object")]
    pub new: Option<Evaluation<'a>>,
    /// The result before; absent the first time.
    #[serde(borrow, default, rename = "oldEvaluationResult", deserialize_with = "lenient::object")]
    pub old: Option<Evaluation<'a>>,
}

/// An evaluation result.
#[derive(Debug, Clone, Default, Deserialize, Serialize)]
#[serde(rename_all = "camelCase")]
pub struct Evaluation<'a> {
    /// `COMPLIANT`, `NON_COMPLIANT`, `NOT_APPLICABLE` or `INSUFFICIENT_DATA`.
    #[serde(borrow, default, rename = "complianceType", deserialize_with = "lenient::text")]
    pub compliance: Option<Cow<'a, str>>,
    /// What the rule says about it.
    #[serde(borrow, default, deserialize_with = "lenient::text")]
    pub annotation: Option<Cow<'a, str>>,
    /// RFC 3339.
    #[serde(borrow, default, rename = "resultRecordedTime", deserialize_with = "lenient::text")]
    pub recorded_time: Option<Cow<'a, str>>,
}

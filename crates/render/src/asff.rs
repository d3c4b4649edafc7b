//! Findings for AWS Security Hub CSPM: the AWS Security Finding Format.
//!
//! Schema `2018-10-08` («AWS Security Finding Format (ASFF)», Security Hub user guide; `BatchImportFindings`,
//! `BatchUpdateFindings` and `AwsSecurityFinding`, Security Hub API reference). `BatchImportFindings` takes findings of the
//! calling account only and, of a finding that exists, changes neither workflow nor note. So the finding is the hub account's, what
//! it is about stands in `Resources` and `ProductFields`, and an ending is two calls: [`Message::asff`], then
//! [`Message::asff_update`].

use std::collections::BTreeMap;

use jiff::Timestamp;
use rectify_controls::{AccountId, Control, Partition, Region, Severity};
use serde_json::{Map, Value, json};

use crate::{
    Message, Standing,
    console::{self, Parts},
    email::{capital, stop},
    escape,
    wording::{self, End},
};

/// Version of the format.
const SCHEMA: &str = "2018-10-08";
/// Most findings of one `BatchImportFindings`, and most identifiers of one `BatchUpdateFindings`.
pub const BATCH: usize = 100;
/// Most bytes of one finding (`BatchImportFindings`, «the maximum allowed size for a finding is 240 Kb»).
pub const FINDING_BYTES: usize = 240_000;
/// Longest `Id` and `GeneratorId`.
const ID: usize = 512;
/// Longest `Title`.
const TITLE: usize = 256;
/// Longest `Description`.
const DESCRIPTION: usize = 1_024;
/// Longest `Remediation.Recommendation.Text`, and longest `Note.Text`.
const TEXT: usize = 512;
/// Most `ProductFields`, longest key and longest value.
const FIELDS: usize = 50;
const FIELD_NAME: usize = 128;
const FIELD_VALUE: usize = 2_048;
/// Most `Compliance.RelatedRequirements`.
const REQUIREMENTS: usize = 32;
/// Longest `Severity.Original`.
const ORIGINAL: usize = 64;
/// Longest `Resource.Region`.
const REGION: usize = 16;

/// Where findings are imported, and how old the finding is.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Product {
    /// Of the hub.
    pub partition: Partition,
    /// The hub's account: the one that calls.
    pub account: AccountId,
    /// Where the hub calls Security Hub.
    pub region: Region,
    /// When the finding was told for the first time: `CreatedAt` of a finding never changes.
    pub first_seen: Timestamp,
}

impl Product {
    /// `ProductArn` of custom findings («Requirements for custom product integrations», Security Hub user guide).
    #[must_use]
    pub fn arn(&self) -> String {
        let partition = console::partition_name(self.partition);
        let (region, account) = (self.region.as_str(), self.account.as_str());
        format!("arn:{partition}:securityhub:{region}:{account}:product/{account}/default")
    }
}

impl Message {
    /// The finding as one element of `BatchImportFindings`' `Findings`. The same finding has the same `Id` for ever, so a later
    /// message updates it.
    #[must_use]
    pub fn asff(&self, product: &Product) -> Value {
        let end = wording::end(self);
        let said = self.said_at().unwrap_or(product.first_seen).max(product.first_seen);
        let (status, label) = match (end, self.state) {
            (End::Right, _) => ("PASSED", "INFORMATIONAL"),
            (_, Standing::Unverifiable) => ("WARNING", severity(self.severity)),
            _ => ("FAILED", severity(self.severity)),
        };
        let mut compliance = json!({ "Status": status });
        let requirements: Vec<String> = (self.control.frameworks.iter())
            .map(|requirement| plain(requirement, 128))
            .filter(|requirement| !requirement.is_empty())
            .take(REQUIREMENTS)
            .collect();
        if let (Some(compliance), false) = (compliance.as_object_mut(), requirements.is_empty()) {
            compliance.insert("RelatedRequirements".to_owned(), json!(requirements));
        }
        let mut finding = json!({
            "SchemaVersion": SCHEMA,
            "Id": self.asff_id(),
            "ProductArn": product.arn(),
            "ProductName": "rectify",
            "CompanyName": "rectify",
            "GeneratorId": filled(&format!("rectify/{}", self.control.id), ID),
            "AwsAccountId": product.account.as_str(),
            "Types": ["Software and Configuration Checks/AWS Security Best Practices"],
            "CreatedAt": product.first_seen.to_string(),
            "UpdatedAt": said.to_string(),
            "FirstObservedAt": product.first_seen.to_string(),
            "LastObservedAt": said.to_string(),
            "Severity": { "Label": label, "Original": filled(&self.severity.to_string(), ORIGINAL) },
            "Title": filled(&self.control.title, TITLE),
            "Description": self.asff_description(),
            "Remediation": { "Recommendation": self.asff_recommendation() },
            "Resources": [self.asff_resource(product)],
            "ProductFields": self.asff_fields(),
            "Compliance": compliance,
            "RecordState": "ACTIVE",
        });
        let link = console::link(&self.resource.arn, &self.account, &self.region);
        if let (Some(finding), Some(link)) = (finding.as_object_mut(), link) {
            finding.insert("SourceUrl".to_owned(), json!(link));
        }
        finding
    }

    /// The request of `BatchUpdateFindings` that goes with [`Message::asff`]: workflow and note, which an import cannot change.
    /// Sent before the finding was imported it comes back under `UnprocessedFindings`.
    #[must_use]
    pub fn asff_update(&self, product: &Product) -> Value {
        let status = match wording::end(self) {
            End::Right => "RESOLVED",
            End::Accepted => "SUPPRESSED",
            End::Open => "NEW",
        };
        let wording = wording::of(self);
        let mut note = format!("{}. {}", wording.headline, wording.sentence);
        if let Some(undo) = &self.undone {
            note.push_str(&format!(" By {}: {}.", plain(&undo.by, 150), plain(stop(&undo.reason), 150)));
        }
        if let Some(why) = &self.why {
            note.push_str(&format!(" {}: {}.", wording.why, plain(stop(why), 200)));
        }
        json!({
            "FindingIdentifiers": [{ "Id": self.asff_id(), "ProductArn": product.arn() }],
            "Note": { "Text": filled(&note, TEXT), "UpdatedBy": "rectify" },
            "Workflow": { "Status": status },
        })
    }

    /// The finding's id; made of what it is about for a message without one.
    fn asff_id(&self) -> String {
        if self.finding.trim().is_empty() {
            filled(&format!("rectify/{}/{}", self.control.id, self.resource.arn), ID)
        } else {
            filled(&self.finding, ID)
        }
    }

    pub(crate) fn said_at(&self) -> Option<Timestamp> {
        self.at.parse().ok()
    }

    fn asff_description(&self) -> String {
        let wording = wording::of(self);
        let mut text = format!("{}. {}", plain(stop(&capital(&self.summary)), 500), wording.sentence);
        if let Some(why) = &self.why {
            text.push_str(&format!(" {}: {}.", wording.why, plain(stop(why), 300)));
        }
        filled(&text, DESCRIPTION)
    }

    fn asff_recommendation(&self) -> Value {
        let guidance = self.control.guidance.replace('\n', " ");
        let text = if guidance.trim().is_empty() { "See the control's page.".to_owned() } else { guidance };
        match Control::page_of(&self.control.id) {
            Some(page) => json!({ "Text": filled(&text, TEXT), "Url": page }),
            None => json!({ "Text": filled(&text, TEXT) }),
        }
    }

    fn asff_resource(&self, product: &Product) -> Value {
        let arn = &self.resource.arn;
        let parts = console::parts(arn);
        let partition = match parts.as_ref().map(|parts| parts.partition) {
            Some("aws-cn") => "aws-cn",
            Some("aws-us-gov") => "aws-us-gov",
            Some("aws") => "aws",
            _ => console::partition_name(product.partition),
        };
        let other: Map<String, Value> =
            [("Account", &self.account), ("Name", &self.resource.name), ("Environment", &self.environment)]
                .into_iter()
                .map(|(name, value)| (name.to_owned(), json!(filled(value, FIELD_VALUE))))
                .collect();
        json!({
            "Type": parts.as_ref().map_or("Other", resource_type),
            "Id": filled(arn, ID),
            "Partition": partition,
            "Region": filled(&self.region, REGION),
            "Details": { "Other": other },
        })
    }

    fn asff_fields(&self) -> BTreeMap<String, String> {
        let actor = &self.actor;
        let joined = |items: &[String]| (!items.is_empty()).then(|| items.join("; "));
        // Twenty is what a message has at most; of what others made, as much as can be shown.
        let evidence: Vec<String> = (self.evidence.iter().take(20))
            .map(|piece| format!("{}: {}", plain(&piece.what, 60), plain(&piece.value, 600)))
            .collect();
        let changes: Vec<String> = self.changes.iter().take(20).map(|change| plain(change, 600)).collect();
        let fields = [
            ("Account", Some(self.account.clone())),
            ("AccountName", self.account_name.clone()),
            ("Owner", self.owner.clone()),
            ("Environment", Some(self.environment.clone())),
            ("Mode", Some(wording::mode(self.mode).to_owned())),
            ("Control", Some(self.control.id.clone())),
            ("Outcome", Some(self.outcome.clone())),
            ("Message", Some(self.id.clone())),
            ("Evidence", joined(&evidence)),
            ("NeutralisedBy", self.neutralised_by.clone()),
            ("Principal", actor.principal.clone()),
            ("Session", actor.session.clone()),
            ("SourceIp", actor.source_ip.clone()),
            ("UserAgent", actor.user_agent.clone()),
            ("Tool", actor.tool.clone()),
            ("EventName", actor.event_name.clone()),
            ("EventId", actor.event_id.clone()),
            ("EventTime", actor.event_time.clone()),
            ("Changes", joined(&changes)),
            ("Proof", self.proof.clone()),
            ("Correction", self.correction.clone()),
            ("Undo", self.correction.as_deref().and_then(wording::undo_command)),
        ];
        fields
            .into_iter()
            .filter_map(|(name, value)| value.map(|value| (name, plain(&value, FIELD_VALUE))))
            .filter(|(_, value)| !value.is_empty())
            .map(|(name, value)| (cut(&format!("rectify/{name}"), FIELD_NAME), value))
            .take(FIELDS)
            .collect()
    }
}

fn severity(severity: Severity) -> &'static str {
    match severity {
        Severity::Low => "LOW",
        Severity::Medium => "MEDIUM",
        Severity::High => "HIGH",
        Severity::Critical => "CRITICAL",
    }
}

/// The type of a resource in Security Hub («Resources», Security Hub user guide); `Other` for what it does not name.
pub(crate) fn resource_type(parts: &Parts<'_>) -> &'static str {
    match (parts.service, parts.resource) {
        ("s3", resource) if resource.starts_with("accesspoint/") => "AwsS3AccessPoint",
        ("s3", "public-access-block") if !parts.account.is_empty() => "AwsAccount",
        ("s3", _) if parts.account.is_empty() => "AwsS3Bucket",
        ("ec2", resource) if resource.starts_with("security-group/") => "AwsEc2SecurityGroup",
        ("ec2", resource) if resource.starts_with("instance/") => "AwsEc2Instance",
        ("ec2", resource) if resource.starts_with("volume/") => "AwsEc2Volume",
        ("rds", resource) if resource.starts_with("db:") => "AwsRdsDbInstance",
        ("rds", resource) if resource.starts_with("snapshot:") => "AwsRdsDbSnapshot",
        ("iam", resource) if resource.starts_with("role/") => "AwsIamRole",
        ("iam", resource) if resource.starts_with("user/") => "AwsIamUser",
        ("iam", resource) if resource.starts_with("policy/") => "AwsIamPolicy",
        ("kms", resource) if resource.starts_with("key/") => "AwsKmsKey",
        ("lambda", resource) if resource.starts_with("function:") => "AwsLambdaFunction",
        ("sns", _) => "AwsSnsTopic",
        ("sqs", _) => "AwsSqsQueue",
        _ => "Other",
    }
}

/// `text` from outside: hidden characters visible, links left alone, because a machine compares it. At most `limit`
/// characters, everything counted.
fn plain(text: &str, limit: usize) -> String {
    cut(escape::line(text, limit).trim(), limit)
}

/// [`plain`], and never empty: Security Hub's strings have at least one character that is no space.
fn filled(text: &str, limit: usize) -> String {
    let text = plain(text, limit);
    if text.is_empty() { "unknown".to_owned() } else { text }
}

/// At most `limit` characters, everything counted.
fn cut(text: &str, limit: usize) -> String {
    if text.chars().count() <= limit {
        return text.to_owned();
    }
    text.chars().take(limit.saturating_sub(1)).chain(['…']).collect()
}

//! The EventBridge envelope (EventBridge user guide, "events": `version`, `id`, `detail-type`, `source`, `account`,
//! `time`, `region`, `resources`, `detail`).

use std::borrow::Cow;

use serde::{Deserialize, Serialize};
use serde_json::value::RawValue;

use crate::{
    config::{ConfigCompliance, ConfigItem},
    error::ParseError,
    finding::{GuardDutyFinding, MacieFinding, SecurityHubFinding, SecurityHubImport},
    lenient,
    notice::{Drift, ObjectCreated, Scheduled},
    record::Record,
};

/// An EventBridge envelope. `source`, `detail-type` and `detail` make an event; everything else may be missing.
#[derive(Debug, Clone, Deserialize, Serialize)]
pub struct Envelope<'a> {
    /// For example `aws.s3`, or `rectify` for our own events.
    #[serde(borrow, deserialize_with = "lenient::required_text")]
    pub source: Cow<'a, str>,
    /// For example `AWS API Call via CloudTrail`.
    #[serde(borrow, rename = "detail-type", deserialize_with = "lenient::required_text")]
    pub detail_type: Cow<'a, str>,
    /// The event itself, unparsed.
    #[serde(borrow)]
    pub detail: &'a RawValue,
    /// EventBridge's id of this event; the same event can be delivered more than once.
    #[serde(borrow, default, deserialize_with = "lenient::text")]
    pub id: Option<Cow<'a, str>>,
    /// The account whose bus received the event. The only account a guard may act in.
    #[serde(borrow, default, deserialize_with = "lenient::text")]
    pub account: Option<Cow<'a, str>>,
    /// RFC 3339.
    #[serde(borrow, default, deserialize_with = "lenient::text")]
    pub time: Option<Cow<'a, str>>,
    /// The region of the bus that received the event first.
    #[serde(borrow, default, deserialize_with = "lenient::text")]
    pub region: Option<Cow<'a, str>>,
    /// ARNs; empty for CloudTrail calls.
    #[serde(borrow, default, deserialize_with = "lenient::texts")]
    pub resources: Option<Vec<Cow<'a, str>>>,
}

impl Envelope<'_> {
    /// Whether an AWS service sent the event. `PutEvents` refuses sources that begin with `aws.` (EventBridge API
    /// reference, `PutEventsRequestEntry`), so nobody else can.
    #[must_use]
    pub fn is_from_aws(&self) -> bool {
        self.source.starts_with("aws.")
    }
}

/// An envelope and what its `detail` turned out to be.
#[derive(Debug, Clone)]
pub struct Event<'a> {
    /// The envelope as received.
    pub envelope: Envelope<'a>,
    /// The parsed detail.
    pub detail: Detail<'a>,
}

/// The kinds of detail a guard can be sent.
///
/// The envelope decides, never the detail's own words: its `detail-type`, and a `source` that nobody else can use. An
/// event that only claims to be from AWS is [`Detail::Other`].
#[derive(Debug, Clone)]
#[non_exhaustive]
pub enum Detail<'a> {
    /// `AWS API Call via CloudTrail`.
    ApiCall(Box<Record<'a>>),
    /// `AWS Service Event via CloudTrail`: something AWS did itself, for example `CreateAccountResult`.
    ServiceEvent(Box<Record<'a>>),
    /// `AWS Console Sign In via CloudTrail`.
    SignIn(Box<Record<'a>>),
    /// `Config Configuration Item Change`.
    ConfigItem(Box<ConfigItem<'a>>),
    /// `Config Rules Compliance Change`.
    ConfigCompliance(Box<ConfigCompliance<'a>>),
    /// `GuardDuty Finding`.
    GuardDuty(Box<GuardDutyFinding<'a>>),
    /// `Macie Finding`.
    Macie(Box<MacieFinding<'a>>),
    /// `Security Hub Findings - Imported`.
    SecurityHub(Box<SecurityHubFinding<'a>>),
    /// `CloudFormation Drift Detection Status Change`.
    Drift(Box<Drift<'a>>),
    /// `Object Created` of S3.
    ObjectCreated(Box<ObjectCreated<'a>>),
    /// `Object ACL Updated`, `Object Tags Added`, `Object Tags Deleted` or `Object Restore Completed` of S3, which say the same of an
    /// object that was there.
    ObjectChanged(Box<ObjectCreated<'a>>),
    /// `Scheduled Event`.
    Scheduled(Scheduled<'a>),
    /// A detail type no guard reads, or one whose `source` does not go with it.
    Other,
}

/// `source` of the events that rectify sends itself. Their details are the runtime's to read: who sent them counts first.
pub const OWN_SOURCE: &str = "rectify";

impl<'a> Event<'a> {
    /// Reads one event.
    ///
    /// # Errors
    /// [`ParseError`] when `json` is not JSON or lacks one of the three fields that make an event, when the detail of a
    /// known detail type is not even an object, and when that of a CloudTrail event names no call.
    pub fn parse(json: &'a str) -> Result<Self, ParseError> {
        let envelope: Envelope<'a> = crate::error::read("an EventBridge event", json)?;
        let detail = Detail::read(&envelope)?;
        Ok(Self { envelope, detail })
    }

    /// Reads one event from bytes.
    ///
    /// # Errors
    /// As [`Event::parse`], and when the bytes are not UTF-8.
    pub fn parse_bytes(json: &'a [u8]) -> Result<Self, ParseError> {
        Self::parse(str::from_utf8(json).map_err(|error| ParseError::new("an EventBridge event", &error))?)
    }

    /// The event that EventBridge makes of a record as CloudTrail's files have it (EventBridge user guide, "AWS service events delivered via
    /// AWS CloudTrail"): its account is the one whose trail has the record, its source the service.
    ///
    /// Records before version 1.02 do not say whose they are; there it is the caller's account.
    ///
    /// # Errors
    /// As [`Record::parse`].
    pub fn of_record(record: &'a str) -> Result<Self, ParseError> {
        let detail: &'a RawValue = crate::error::read("a CloudTrail record", record)?;
        let record = Box::new(Record::parse(record)?);
        let service = record.event_source.split('.').next().unwrap_or_default();
        let caller = || record.user_identity.as_ref().and_then(|identity| identity.account_id.clone());
        let (detail_type, wrap): (_, fn(Box<Record<'a>>) -> Detail<'a>) = match record.event_type.as_deref() {
            Some("AwsServiceEvent") => ("AWS Service Event via CloudTrail", Detail::ServiceEvent),
            Some("AwsConsoleSignIn") => ("AWS Console Sign In via CloudTrail", Detail::SignIn),
            _ => ("AWS API Call via CloudTrail", Detail::ApiCall),
        };
        let envelope = Envelope {
            source: Cow::Owned(format!("aws.{service}")),
            detail_type: Cow::Borrowed(detail_type),
            detail,
            id: None,
            account: record.recipient_account_id.clone().or_else(caller),
            time: record.event_time.clone(),
            region: record.aws_region.clone(),
            resources: None,
        };
        Ok(Self { envelope, detail: wrap(record) })
    }

    /// The CloudTrail record, when the detail is one: an API call, a service event or a sign-in.
    #[must_use]
    pub fn record(&self) -> Option<&Record<'a>> {
        match &self.detail {
            Detail::ApiCall(record) | Detail::ServiceEvent(record) | Detail::SignIn(record) => Some(record),
            _ => None,
        }
    }
}

impl<'a> Detail<'a> {
    fn read(envelope: &Envelope<'a>) -> Result<Self, ParseError> {
        if envelope.is_from_aws() { Self::of_aws(envelope) } else { Ok(Self::Other) }
    }

    fn of_aws(envelope: &Envelope<'a>) -> Result<Self, ParseError> {
        Ok(match envelope.detail_type.as_ref() {
            "AWS API Call via CloudTrail" => Self::ApiCall(detail(envelope)?),
            "AWS Service Event via CloudTrail" => Self::ServiceEvent(detail(envelope)?),
            "AWS Console Sign In via CloudTrail" => Self::SignIn(detail(envelope)?),
            "Config Configuration Item Change" => Self::ConfigItem(detail(envelope)?),
            "Config Rules Compliance Change" => Self::ConfigCompliance(detail(envelope)?),
            "GuardDuty Finding" => Self::GuardDuty(detail(envelope)?),
            "Macie Finding" => Self::Macie(detail(envelope)?),
            "Security Hub Findings - Imported" => {
                let import: Box<SecurityHubImport<'a>> = detail(envelope)?;
                import.findings.into_iter().next().map_or(Self::Other, |finding| Self::SecurityHub(Box::new(finding)))
            }
            "CloudFormation Drift Detection Status Change" => Self::Drift(detail(envelope)?),
            "Object Created" if envelope.source == "aws.s3" => Self::ObjectCreated(detail(envelope)?),
            "Object ACL Updated" | "Object Tags Added" | "Object Tags Deleted" | "Object Restore Completed"
                if envelope.source == "aws.s3" =>
            {
                Self::ObjectChanged(detail(envelope)?)
            }
            "Scheduled Event" => Self::Scheduled(Scheduled {
                rule: envelope.resources.as_ref().and_then(|resources| resources.first().cloned()),
            }),
            _ => Self::Other,
        })
    }
}

fn detail<'a, T: Deserialize<'a>>(envelope: &Envelope<'a>) -> Result<Box<T>, ParseError> {
    crate::error::read("the detail of an EventBridge event", envelope.detail.get()).map(Box::new)
}

//! The CloudTrail record (CloudTrail user guide, "CloudTrail record contents").

use std::borrow::Cow;

use serde::{Deserialize, Serialize};
use serde_json::value::RawValue;

use crate::{
    actor::{self, Actor},
    error::ParseError,
    identity::UserIdentity,
    lenient,
    params::Params,
    tool::Tool,
};

/// One CloudTrail record. Only `eventSource` and `eventName` are required.
#[derive(Debug, Clone, Deserialize, Serialize)]
#[serde(rename_all = "camelCase")]
pub struct Record<'a> {
    /// For example `s3.amazonaws.com`.
    #[serde(borrow, deserialize_with = "lenient::required_text")]
    pub event_source: Cow<'a, str>,
    /// CloudTrail's name of the call, which is not always the API's (`PutBucketPublicAccessBlock`).
    #[serde(borrow, deserialize_with = "lenient::required_text")]
    pub event_name: Cow<'a, str>,
    /// Version of the record format, for example `1.08`.
    #[serde(borrow, default, deserialize_with = "lenient::text")]
    pub event_version: Option<Cow<'a, str>>,
    /// `AwsApiCall`, `AwsServiceEvent`, `AwsConsoleSignIn`, `AwsConsoleAction`, …
    #[serde(borrow, default, deserialize_with = "lenient::text")]
    pub event_type: Option<Cow<'a, str>>,
    /// `Management`, `Data`, `Insight` or `NetworkActivity`.
    #[serde(borrow, default, deserialize_with = "lenient::text")]
    pub event_category: Option<Cow<'a, str>>,
    /// Whether the call is one of the control plane.
    #[serde(default, deserialize_with = "lenient::flag")]
    pub management_event: Option<bool>,
    /// Unique per call; the same id arrives again when an event is delivered twice.
    #[serde(borrow, default, rename = "eventID", deserialize_with = "lenient::text")]
    pub event_id: Option<Cow<'a, str>>,
    /// The id the service gave the call; AWS support asks for it.
    #[serde(borrow, default, rename = "requestID", deserialize_with = "lenient::text")]
    pub request_id: Option<Cow<'a, str>>,
    /// RFC 3339, when the call completed.
    #[serde(borrow, default, deserialize_with = "lenient::text")]
    pub event_time: Option<Cow<'a, str>>,
    /// Where the call was made.
    #[serde(borrow, default, deserialize_with = "lenient::text")]
    pub aws_region: Option<Cow<'a, str>>,
    /// Present when the call failed: nothing changed. An `errorCode` that is not a string is kept as its JSON text,
    /// because its presence is what counts. Exports that keep every field write an empty one where there was none; see
    /// [`Record::failed`].
    #[serde(borrow, default, deserialize_with = "lenient::text_or_json")]
    pub error_code: Option<Cow<'a, str>>,
    /// The text that came with [`Record::error_code`].
    #[serde(borrow, default, deserialize_with = "lenient::text")]
    pub error_message: Option<Cow<'a, str>>,
    /// Whether the call only reads.
    #[serde(default, deserialize_with = "lenient::flag")]
    pub read_only: Option<bool>,
    /// Who called.
    #[serde(borrow, default, deserialize_with = "lenient::object")]
    pub user_identity: Option<UserIdentity<'a>>,
    /// The caller's address or service name. The attacker's to choose.
    #[serde(borrow, default, rename = "sourceIPAddress", deserialize_with = "lenient::text")]
    pub source_ip_address: Option<Cow<'a, str>>,
    /// The caller's tool. The attacker's to choose.
    #[serde(borrow, default, deserialize_with = "lenient::text")]
    pub user_agent: Option<Cow<'a, str>>,
    /// Whether the credentials came from a console session.
    #[serde(default, deserialize_with = "lenient::flag")]
    pub session_credential_from_console: Option<bool>,
    /// The account that owns the resource, for calls across accounts.
    #[serde(borrow, default, deserialize_with = "lenient::text")]
    pub recipient_account_id: Option<Cow<'a, str>>,
    /// The same in every copy of one call across accounts.
    #[serde(borrow, default, rename = "sharedEventID", deserialize_with = "lenient::text")]
    pub shared_event_id: Option<Cow<'a, str>>,
    /// Version of the API, for services that have several.
    #[serde(borrow, default, deserialize_with = "lenient::text")]
    pub api_version: Option<Cow<'a, str>>,
    /// The VPC endpoint the call came through.
    #[serde(borrow, default, deserialize_with = "lenient::text")]
    pub vpc_endpoint_id: Option<Cow<'a, str>>,
    /// The account that owns [`Record::vpc_endpoint_id`].
    #[serde(borrow, default, deserialize_with = "lenient::text")]
    pub vpc_endpoint_account_id: Option<Cow<'a, str>>,
    /// What the call touched, where the service says so.
    #[serde(borrow, default, deserialize_with = "lenient::objects")]
    pub resources: Vec<RecordResource<'a>>,
    /// What was asked for, unparsed; see [`Record::request`].
    #[serde(borrow, default, deserialize_with = "lenient::raw_object")]
    pub request_parameters: Option<&'a RawValue>,
    /// What was answered, unparsed; see [`Record::response`].
    #[serde(borrow, default, deserialize_with = "lenient::raw_object")]
    pub response_elements: Option<&'a RawValue>,
    /// Details that are in neither the request nor the answer, unparsed.
    #[serde(borrow, default, deserialize_with = "lenient::raw_object")]
    pub additional_event_data: Option<&'a RawValue>,
    /// What a service event was about, unparsed.
    #[serde(borrow, default, deserialize_with = "lenient::raw_object")]
    pub service_event_details: Option<&'a RawValue>,
    /// How the connection was encrypted.
    #[serde(borrow, default, deserialize_with = "lenient::object")]
    pub tls_details: Option<TlsDetails<'a>>,
}

/// An element of `resources`.
#[derive(Debug, Clone, Default, Deserialize, Serialize)]
#[serde(rename_all = "camelCase")]
pub struct RecordResource<'a> {
    /// ARN.
    #[serde(borrow, default, rename = "ARN", alias = "arn", deserialize_with = "lenient::text")]
    pub arn: Option<Cow<'a, str>>,
    /// Owner.
    #[serde(borrow, default, deserialize_with = "lenient::text")]
    pub account_id: Option<Cow<'a, str>>,
    /// CloudFormation's name of the type, for example `AWS::S3::Bucket`.
    #[serde(borrow, default, rename = "type", deserialize_with = "lenient::text")]
    pub kind: Option<Cow<'a, str>>,
}

/// `tlsDetails`.
#[derive(Debug, Clone, Default, Deserialize, Serialize)]
#[serde(rename_all = "camelCase")]
pub struct TlsDetails<'a> {
    /// For example `TLSv1.2`.
    #[serde(borrow, default, deserialize_with = "lenient::text")]
    pub tls_version: Option<Cow<'a, str>>,
    /// Name of the cipher suite.
    #[serde(borrow, default, deserialize_with = "lenient::text")]
    pub cipher_suite: Option<Cow<'a, str>>,
    /// The host the caller asked for.
    #[serde(borrow, default, deserialize_with = "lenient::text")]
    pub client_provided_host_header: Option<Cow<'a, str>>,
}

impl<'a> Record<'a> {
    /// Reads a record that comes without an envelope, as in the files CloudTrail delivers.
    ///
    /// # Errors
    /// [`ParseError`] when `json` is not a JSON object, or `eventSource` or `eventName` is not a string in it.
    pub fn parse(json: &'a str) -> Result<Self, ParseError> {
        crate::error::read("a CloudTrail record", json)
    }

    /// Whether the call failed, or may have: nothing changed, so nothing needs correcting. An empty error code is none.
    ///
    /// A console sign-in has no error code when it fails; there the answer says `Failure` and an error message the reason
    /// (CloudTrail user guide, "AWS Management Console sign-in events").
    #[must_use]
    pub fn failed(&self) -> bool {
        self.error_code.as_deref().is_some_and(|code| !code.is_empty())
            || (self.event_name == "ConsoleLogin" && self.sign_in_failed())
    }

    fn sign_in_failed(&self) -> bool {
        match self.response().str("ConsoleLogin") {
            Some("Success") => false,
            Some("Failure") => true,
            _ => self.error_message.is_some(),
        }
    }

    /// The request parameters, parsed now; [`Params::none`] when there are none.
    #[must_use]
    pub fn request(&self) -> Params {
        Params::parse(self.request_parameters)
    }

    /// The response elements, parsed now; [`Params::none`] when there are none.
    #[must_use]
    pub fn response(&self) -> Params {
        Params::parse(self.response_elements)
    }

    /// ARN of the role behind an assumed-role session. What the suite recognises its own corrections by.
    #[must_use]
    pub fn issuer_arn(&self) -> Option<&str> {
        self.user_identity.as_ref()?.session_context.as_ref()?.session_issuer.as_ref()?.arn.as_deref()
    }

    /// Who did it, in parts that can be printed.
    #[must_use]
    pub fn actor(&self) -> Actor<'_> {
        Actor::of(self)
    }

    /// Name of the role (or user) a session was made from.
    pub(crate) fn role_name(&self) -> Option<&str> {
        let issuer = self.user_identity.as_ref()?.session_context.as_ref()?.session_issuer.as_ref()?;
        actor::filled(&issuer.user_name).or_else(|| actor::last_part(issuer.arn.as_deref()?))
    }

    /// What it was done with, as far as the caller tells the truth. `None` for a tool nobody here knows.
    #[must_use]
    pub fn tool(&self) -> Option<Tool<'_>> {
        Tool::of(self)
    }
}

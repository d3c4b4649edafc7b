//! Who called (CloudTrail user guide, "CloudTrail userIdentity element").

use std::borrow::Cow;

use serde::{Deserialize, Serialize};
use serde_json::value::RawValue;

use crate::lenient;

/// `userIdentity` of every kind.
#[derive(Debug, Clone, Default, Deserialize, Serialize)]
#[serde(rename_all = "camelCase")]
pub struct UserIdentity<'a> {
    /// `Root`, `IAMUser`, `AssumedRole`, `Role`, `FederatedUser`, `AWSAccount`, `AWSService`, `IdentityCenterUser`,
    /// `SAMLUser`, `WebIdentityUser`, `Directory`, `Unknown`.
    #[serde(borrow, default, rename = "type", deserialize_with = "lenient::text")]
    pub kind: Option<Cow<'a, str>>,
    /// Unique id of the caller.
    #[serde(borrow, default, deserialize_with = "lenient::text")]
    pub principal_id: Option<Cow<'a, str>>,
    /// ARN of the caller; of the session for an assumed role.
    #[serde(borrow, default, deserialize_with = "lenient::text")]
    pub arn: Option<Cow<'a, str>>,
    /// Account of the caller.
    #[serde(borrow, default, deserialize_with = "lenient::text")]
    pub account_id: Option<Cow<'a, str>>,
    /// Friendly name of an IAM user.
    #[serde(borrow, default, deserialize_with = "lenient::text")]
    pub user_name: Option<Cow<'a, str>>,
    /// The access key that signed the call.
    #[serde(borrow, default, deserialize_with = "lenient::text")]
    pub access_key_id: Option<Cow<'a, str>>,
    /// The AWS service that called on somebody's behalf.
    #[serde(borrow, default, deserialize_with = "lenient::text")]
    pub invoked_by: Option<Cow<'a, str>>,
    /// The provider behind a `SAMLUser` or `WebIdentityUser`.
    #[serde(borrow, default, deserialize_with = "lenient::text")]
    pub identity_provider: Option<Cow<'a, str>>,
    /// Id of the bearer token the caller used.
    #[serde(borrow, default, deserialize_with = "lenient::text")]
    pub credential_id: Option<Cow<'a, str>>,
    /// The Identity Center user the call was made for.
    #[serde(borrow, default, deserialize_with = "lenient::object")]
    pub on_behalf_of: Option<OnBehalfOf<'a>>,
    /// The resource whose credentials made the call.
    #[serde(borrow, default, deserialize_with = "lenient::object")]
    pub in_scope_of: Option<Scope<'a>>,
    /// Present for temporary credentials.
    #[serde(borrow, default, deserialize_with = "lenient::object")]
    pub session_context: Option<SessionContext<'a>>,
}

/// `userIdentity.onBehalfOf`.
#[derive(Debug, Clone, Default, Deserialize, Serialize)]
#[serde(rename_all = "camelCase")]
pub struct OnBehalfOf<'a> {
    /// Id of the user.
    #[serde(borrow, default, deserialize_with = "lenient::text")]
    pub user_id: Option<Cow<'a, str>>,
    /// The identity store the user is in.
    #[serde(borrow, default, deserialize_with = "lenient::text")]
    pub identity_store_arn: Option<Cow<'a, str>>,
}

/// `userIdentity.inScopeOf`.
#[derive(Debug, Clone, Default, Deserialize, Serialize)]
#[serde(rename_all = "camelCase")]
pub struct Scope<'a> {
    /// The resource that invoked the service-to-service call.
    #[serde(borrow, default, deserialize_with = "lenient::text")]
    pub source_arn: Option<Cow<'a, str>>,
    /// Its owner.
    #[serde(borrow, default, deserialize_with = "lenient::text")]
    pub source_account: Option<Cow<'a, str>>,
    /// For example `AWS::Lambda::Function`.
    #[serde(borrow, default, deserialize_with = "lenient::text")]
    pub issuer_type: Option<Cow<'a, str>>,
    /// The resource the credentials were issued to.
    #[serde(borrow, default, deserialize_with = "lenient::text")]
    pub credentials_issued_to: Option<Cow<'a, str>>,
}

/// `userIdentity.sessionContext`.
#[derive(Debug, Clone, Default, Deserialize, Serialize)]
#[serde(rename_all = "camelCase")]
pub struct SessionContext<'a> {
    /// The role or user the session was made from.
    #[serde(borrow, default, deserialize_with = "lenient::object")]
    pub session_issuer: Option<Issuer<'a>>,
    /// Present when the session came from web identity federation.
    #[serde(borrow, default, deserialize_with = "lenient::object")]
    pub web_id_federation_data: Option<WebIdFederation<'a>>,
    /// When and how the session was made.
    #[serde(borrow, default, deserialize_with = "lenient::object")]
    pub attributes: Option<SessionAttributes<'a>>,
    /// The source identity set when the role was assumed; it survives role chaining.
    #[serde(borrow, default, deserialize_with = "lenient::text")]
    pub source_identity: Option<Cow<'a, str>>,
    /// `1.0` or `2.0`: the version of the instance metadata service the credentials came from.
    #[serde(borrow, default, deserialize_with = "lenient::text")]
    pub ec2_role_delivery: Option<Cow<'a, str>>,
}

/// `userIdentity.sessionContext.sessionIssuer`.
#[derive(Debug, Clone, Default, Deserialize, Serialize)]
#[serde(rename_all = "camelCase")]
pub struct Issuer<'a> {
    /// `Role`, `Root`, `IAMUser`, …
    #[serde(borrow, default, rename = "type", deserialize_with = "lenient::text")]
    pub kind: Option<Cow<'a, str>>,
    /// Unique id of the issuer.
    #[serde(borrow, default, deserialize_with = "lenient::text")]
    pub principal_id: Option<Cow<'a, str>>,
    /// ARN of the role, without the session.
    #[serde(borrow, default, deserialize_with = "lenient::text")]
    pub arn: Option<Cow<'a, str>>,
    /// Account of the issuer.
    #[serde(borrow, default, deserialize_with = "lenient::text")]
    pub account_id: Option<Cow<'a, str>>,
    /// Name of the role.
    #[serde(borrow, default, deserialize_with = "lenient::text")]
    pub user_name: Option<Cow<'a, str>>,
}

/// `userIdentity.sessionContext.attributes`.
#[derive(Debug, Clone, Default, Deserialize, Serialize)]
#[serde(rename_all = "camelCase")]
pub struct SessionAttributes<'a> {
    /// Whether the credentials were made with a second factor.
    #[serde(default, deserialize_with = "lenient::flag")]
    pub mfa_authenticated: Option<bool>,
    /// RFC 3339.
    #[serde(borrow, default, deserialize_with = "lenient::text")]
    pub creation_date: Option<Cow<'a, str>>,
}

/// `userIdentity.sessionContext.webIdFederationData`.
#[derive(Debug, Clone, Default, Deserialize, Serialize)]
#[serde(rename_all = "camelCase")]
pub struct WebIdFederation<'a> {
    /// The provider, for example `www.amazon.com` or an OIDC provider's ARN.
    #[serde(borrow, default, deserialize_with = "lenient::text")]
    pub federated_provider: Option<Cow<'a, str>>,
    /// Claims of the provider, unparsed.
    #[serde(borrow, default, deserialize_with = "lenient::raw_object")]
    pub attributes: Option<&'a RawValue>,
}

//! The condition keys that say something about who calls.
//!
//! Sources: IAM User Guide, "AWS global condition context keys"; the Service Authorization Reference of S3, SNS, KMS,
//! EC2, Lambda and EFS. A key that is missing here never narrows a grant. Deliberately missing, because the caller
//! chooses the value, any account can have it, or it speaks of the resource: `aws:Referer`, `aws:UserAgent`,
//! `aws:SecureTransport`, `aws:username`, `aws:PrincipalTag/…`, `aws:PrincipalType`, `aws:RequestedRegion`,
//! `aws:ViaAWSService`, `aws:CalledVia`, `aws:VpcSourceIp`, `aws:ResourceAccount`, `aws:ResourceOrgID`, `kms:ViaService`,
//! `lambda:FunctionUrlAuthType`, `lambda:EventSourceToken`, `sns:Protocol`, `sts:ExternalId`, every date and number.

/// What a key speaks of, which decides the principals that it can narrow.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Subject {
    /// The principal that signs the request.
    Requester,
    /// The resource on whose behalf an AWS service calls; the keys are missing from every other request.
    Source,
    /// The network that the request comes from.
    Network,
    /// The context that an AWS service binds to what it encrypts. Anybody else can send any value.
    ServiceContext,
}

/// How a key's values are read.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Reading {
    Account,
    Organization,
    OrganizationPath,
    Arn,
    UserId,
    /// An id that is unique in AWS and names no account: a VPC, an endpoint.
    UniqueId,
    Addresses,
    /// Narrow when `true`.
    Flag,
    /// The name of an AWS service that calls.
    ServiceName,
    SnsEndpoint,
}

/// What the key says about the caller, or `None` if it says nothing. Keys are compared without regard to case.
pub(crate) fn meaning(key: &str) -> Option<(Subject, Reading)> {
    use Reading::{
        Account, Addresses, Arn, Flag, Organization, OrganizationPath, ServiceName, SnsEndpoint, UniqueId, UserId,
    };
    use Subject::{Network, Requester, ServiceContext, Source};
    let key = key.to_ascii_lowercase();
    Some(match key.as_str() {
        "aws:principalorgid" => (Requester, Organization),
        "aws:principalorgpaths" => (Requester, OrganizationPath),
        "aws:principalaccount" | "kms:calleraccount" => (Requester, Account),
        "aws:principalarn" | "ec2:sourceinstancearn" | "lambda:sourcefunctionarn" => (Requester, Arn),
        "aws:userid" => (Requester, UserId),
        "aws:principalisawsservice" => (Requester, Flag),
        "aws:principalservicename" | "aws:principalservicenameslist" => (Requester, ServiceName),
        "aws:sourceaccount" | "aws:sourceowner" | "s3:dataaccesspointaccount" => (Source, Account),
        "aws:sourceorgid" => (Source, Organization),
        "aws:sourceorgpaths" => (Source, OrganizationPath),
        "aws:sourcearn" | "s3:dataaccesspointarn" => (Source, Arn),
        "sns:endpoint" => (Source, SnsEndpoint),
        "aws:sourcevpc" | "aws:sourcevpce" | "aws:ec2instancesourcevpc" => (Network, UniqueId),
        "aws:sourcevpcarn" => (Network, Arn),
        "aws:vpceaccount" => (Network, Account),
        "aws:vpceorgid" => (Network, Organization),
        "aws:vpceorgpaths" => (Network, OrganizationPath),
        "aws:sourceip" => (Network, Addresses),
        "elasticfilesystem:accessedviamounttarget" => (Network, Flag),
        other if other.starts_with("kms:encryptioncontext:") => (ServiceContext, Arn),
        _ => return None,
    })
}

/// Whether S3's "The meaning of public" counts the key (S3 User Guide). `aws:PrincipalOrgID` is its example for "an AWS
/// principal, user, role, or service principal"; the sister keys that fix a principal are read the same way.
pub(crate) fn s3_counts(key: &str) -> bool {
    matches!(
        key.to_ascii_lowercase().as_str(),
        "aws:principalorgid"
            | "aws:principalorgpaths"
            | "aws:principalaccount"
            | "aws:principalarn"
            | "aws:principalservicename"
            | "aws:sourceip"
            | "aws:sourcearn"
            | "aws:sourcevpc"
            | "aws:sourcevpce"
            | "aws:sourceowner"
            | "aws:sourceaccount"
            | "aws:userid"
            | "s3:dataaccesspointarn"
            | "s3:dataaccesspointaccount"
    )
}

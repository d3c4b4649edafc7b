//! What AWS said when it said no, and the one table that makes sense of it.

use std::{error::Error as StdError, fmt};

use aws_smithy_runtime_api::client::{orchestrator::HttpResponse, result::SdkError};
use aws_smithy_types::error::metadata::ProvideErrorMetadata;
use aws_types::request_id::RequestId;
use serde::Serialize;

/// A call that did not work, after the SDK's own retries.
///
/// Keeps what a person needs to find out why: the error code and the request id. Callers decide by [`kind`](Self::kind), or
/// by [`code_is`](Self::code_is) where one code of one call has a meaning of its own.
#[derive(Debug, Clone, PartialEq, Eq, Serialize)]
pub struct AwsFailure {
    /// The service as the SDK's crate is called, for example `s3`.
    pub service: &'static str,
    /// The API name, for example `GetBucketAcl`.
    pub operation: &'static str,
    /// What the failure means.
    pub kind: FailureKind,
    /// AWS's error code, for example `AccessDenied`. `None` when no answer came, or one without a code.
    pub code: Option<String>,
    /// AWS's message, or the chain of causes when no answer came. Can contain names that somebody else chose.
    pub message: Option<String>,
    /// AWS's request id, which AWS support asks for.
    pub request_id: Option<String>,
}

/// What an answer that is no success says of itself.
#[derive(Debug, Default)]
pub(crate) struct Said {
    pub(crate) code: Option<String>,
    pub(crate) message: Option<String>,
    pub(crate) request_id: Option<String>,
}

/// What a failure means for us.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash, Serialize)]
#[serde(rename_all = "snake_case")]
pub enum FailureKind {
    /// The resource itself does not exist (any more). A missing part of it, such as `NoSuchBucketPolicy`, is [`Other`](Self::Other).
    Gone,
    /// We may not.
    Denied,
    /// Too many calls, still, after the retries.
    Throttled,
    /// Somebody else is changing the same thing, or a condition of ours did not hold.
    Conflict,
    /// What the call needs is still being made: it will work in minutes, and not in seconds.
    NotYet,
    /// AWS understood the request and will never accept it.
    Invalid,
    /// The resource is in another region than the one asked.
    WrongRegion,
    /// No connection, or one that was cut.
    Unreachable,
    /// No answer in time.
    TimedOut,
    /// AWS's own fault.
    Server,
    /// A code that this table does not know.
    Other,
}

impl FailureKind {
    /// The same call can work a little later without anybody doing anything.
    #[must_use]
    pub fn is_transient(self) -> bool {
        matches!(self, Self::Throttled | Self::Conflict | Self::Unreachable | Self::TimedOut | Self::Server)
    }

    /// The table. Codes as the service references print them; `None` for the rest.
    fn of_code(code: &str) -> Option<Self> {
        Some(match code {
            "EventDataStoreNotFoundException"
            | "LoadBalancerNotFound"
            | "InvalidGroup.NotFound"
            | "InvalidPrefixListID.NotFound"
            | "InvalidPrefixListId.NotFound"
            | "NoSuchBucket"
            | "NoSuchDistribution"
            | "NoSuchAccessPoint"
            | "NoSuchKey"
            | "NoSuchVersion"
            | "NoSuchEntity"
            | "NotFound"
            | "NotFoundException"
            | "ParameterNotFound"
            | "ResourceNotFound"
            | "ResourceNotFoundException"
            | "TableNotFoundException"
            | "TrailNotFoundException"
            | "WAFNonexistentItemException" => Self::Gone,

            "AccessDenied"
            | "AccessDeniedException"
            | "AccountProblem"
            | "AllAccessDisabled"
            | "AuthFailure"
            | "AuthorizationError"
            | "AuthorizationErrorException"
            | "ExpiredToken"
            | "ExpiredTokenException"
            | "Forbidden"
            | "IncompleteSignature"
            | "InvalidAccessException"
            | "InvalidAccessKeyId"
            | "InvalidClientTokenId"
            | "InvalidSecurity"
            | "InvalidToken"
            | "KMSAccessDenied"
            | "KMSAccessDeniedException"
            | "MissingAuthenticationToken"
            | "NotAuthorized"
            | "NotSignedUp"
            | "OptInRequired"
            | "SignatureDoesNotMatch"
            | "UnauthorizedAccess"
            | "UnauthorizedOperation"
            | "UnrecognizedClientException" => Self::Denied,

            "BandwidthLimitExceeded"
            | "EC2ThrottledException"
            | "KMSThrottling"
            | "KMSThrottlingException"
            | "PriorRequestNotComplete"
            | "ProvisionedThroughputExceeded"
            | "ProvisionedThroughputExceededException"
            | "RequestLimitExceeded"
            | "RequestThrottled"
            | "RequestThrottledException"
            | "SlowDown"
            | "ThrottledException"
            | "Throttling"
            | "ThrottlingError"
            | "ThrottlingException"
            | "TooManyRequestsException" => Self::Throttled,

            "ConcurrentModification"
            | "ConcurrentModificationException"
            | "ConditionalCheckFailed"
            | "ConditionalCheckFailedException"
            | "ConditionalRequestConflict"
            | "Conflict"
            | "ConflictException"
            | "InvalidIfMatchVersion"
            | "OperationAborted"
            | "OptimisticLockException"
            | "PreconditionFailed"
            | "ResourceInUseException"
            | "TransactionCanceledException"
            | "TransactionConflict"
            | "TransactionConflictException"
            | "TransactionInProgressException"
            | "WAFOptimisticLockException" => Self::Conflict,

            // WAF API reference, `WAFUnavailableEntityException`: the resource was made a moment ago. Retry. CloudFormation API
            // reference, `ExecuteChangeSet`: change set or stack are still busy.
            "InvalidChangeSetStatus" | "OperationInProgressException" | "WAFUnavailableEntityException" => Self::NotYet,

            "AccessControlListNotSupported"
            | "IdempotentParameterMismatchException"
            | "InvalidArgument"
            | "InvalidBucketAclWithObjectOwnership"
            | "InvalidBucketName"
            | "InvalidBucketState"
            | "InvalidGroupId.Malformed"
            | "InvalidParameter"
            | "InvalidParameterCombination"
            | "InvalidParameterException"
            | "InvalidParameterValue"
            | "InvalidPolicyDocument"
            | "InvalidRequest"
            | "InvalidTargetBucketForLogging"
            | "ItemCollectionSizeLimitExceeded"
            | "ItemCollectionSizeLimitExceededException"
            | "MalformedACLError"
            | "MalformedPolicy"
            | "MalformedPolicyDocument"
            | "MalformedXML"
            | "MethodNotAllowed"
            | "MissingParameter"
            | "NotImplemented"
            | "SerializationException"
            | "RulesPerSecurityGroupLimitExceeded"
            | "UnresolvableGrantByEmailAddress"
            | "UnsupportedOperation"
            | "ValidationError"
            | "ValidationException"
            | "WAFInvalidOperationException"
            | "WAFInvalidParameterException" => Self::Invalid,

            "AuthorizationHeaderMalformed"
            | "IllegalLocationConstraintException"
            | "PermanentRedirect"
            | "Redirect"
            | "TemporaryRedirect" => Self::WrongRegion,

            "RequestTimeout" | "RequestTimeoutException" => Self::TimedOut,

            "InternalError"
            | "InternalErrorException"
            | "InternalFailure"
            | "InternalServerError"
            | "InternalServiceError"
            | "ServiceFailure"
            | "ServiceUnavailable"
            | "ServiceUnavailableException"
            | "WAFInternalErrorException" => Self::Server,

            _ => return None,
        })
    }

    /// For an answer whose code the table does not know. Never [`Gone`](Self::Gone): a 404 can be about a part of the
    /// resource, and taking that for the whole would end an event as settled.
    fn of_status(status: u16) -> Self {
        match status {
            301 | 307 | 308 => Self::WrongRegion,
            401 | 403 => Self::Denied,
            408 => Self::TimedOut,
            409 | 412 => Self::Conflict,
            400 | 405 | 411 | 413 | 415 | 422 => Self::Invalid,
            429 => Self::Throttled,
            500..=599 => Self::Server,
            _ => Self::Other,
        }
    }

    fn words(self) -> &'static str {
        match self {
            Self::Gone => "no such resource",
            Self::Denied => "access denied",
            Self::Throttled => "throttled",
            Self::Conflict => "conflict",
            Self::NotYet => "not ready yet",
            Self::Invalid => "refused as invalid",
            Self::WrongRegion => "wrong region",
            Self::Unreachable => "no connection",
            Self::TimedOut => "no answer in time",
            Self::Server => "error inside AWS",
            Self::Other => "refused",
        }
    }
}

impl AwsFailure {
    /// Makes sense of an SDK error of `service` and `operation`.
    pub fn new<E>(service: &'static str, operation: &'static str, error: &SdkError<E, HttpResponse>) -> Self
    where
        E: ProvideErrorMetadata + StdError + 'static,
    {
        let known = match error {
            SdkError::ServiceError(answer) => answer.err().code().map(str::to_owned),
            _ => None,
        };
        let kind = known.as_deref().and_then(FailureKind::of_code).unwrap_or_else(|| match error {
            SdkError::ServiceError(answer) => FailureKind::of_status(answer.raw().status().as_u16()),
            SdkError::ResponseError(answer) => match FailureKind::of_status(answer.raw().status().as_u16()) {
                // An answer that promised to be good and could not be read to its end.
                FailureKind::Other => FailureKind::Unreachable,
                kind => kind,
            },
            SdkError::TimeoutError(_) => FailureKind::TimedOut,
            SdkError::DispatchFailure(failure) if failure.is_timeout() => FailureKind::TimedOut,
            SdkError::DispatchFailure(_) => FailureKind::Unreachable,
            SdkError::ConstructionFailure(_) => FailureKind::Invalid,
            _ => FailureKind::Other,
        });
        let message = match error {
            SdkError::ServiceError(answer) if answer.err().code().is_some() || answer.err().message().is_some() => {
                answer.err().message().map(str::to_owned)
            }
            // Among them a good answer in a form that the SDK does not understand.
            SdkError::ServiceError(answer) => Some(causes(answer.err())),
            other => Some(causes(other)),
        };
        Self { service, operation, kind, code: known, message, request_id: error.request_id().map(str::to_owned) }
    }

    /// A call that could not even be made: what was asked for makes no request.
    #[must_use]
    pub fn unsent(service: &'static str, operation: &'static str, message: String) -> Self {
        let kind = FailureKind::Invalid;
        Self { service, operation, kind, code: None, message: Some(message), request_id: None }
    }

    /// Makes sense of a call that no SDK crate made: the status and code of the answer.
    pub(crate) fn answered(service: &'static str, operation: &'static str, status: u16, said: Said) -> Self {
        let kind = said.code.as_deref().and_then(FailureKind::of_code);
        let kind = kind.unwrap_or_else(|| FailureKind::of_status(status));
        Self { service, operation, kind, code: said.code, message: said.message, request_id: said.request_id }
    }

    /// Whether AWS answered with exactly this code.
    #[must_use]
    pub fn code_is(&self, code: &str) -> bool {
        self.code.as_deref() == Some(code)
    }

    /// The next step, as one sentence without a final stop.
    #[must_use]
    pub fn help(&self) -> String {
        let Self { service, operation, .. } = self;
        match self.kind {
            FailureKind::Gone => {
                format!("check that what {operation} was asked for still exists in this account and region")
            }
            FailureKind::Denied if self.expired() => {
                "the credentials have expired or are not valid here; a new start of the function gets new ones"
                    .to_owned()
            }
            // «The account doesn't have permission to perform this action» is what it says; it means this (Security Hub API
            // reference, common errors).
            FailureKind::Denied if self.code_is("InvalidAccessException") && *service == "securityhub" => {
                "switch Security Hub on in this account and region, or take its channel out of the settings".to_owned()
            }
            FailureKind::Denied => format!(
                "allow the action behind {service}:{operation} in the function's role, and look for a denial in a service \
                 control policy, a resource policy or a permissions boundary"
            ),
            FailureKind::Throttled => {
                "nothing to do: the event comes again; if it stays, ask for a higher quota".to_owned()
            }
            FailureKind::Conflict => {
                "nothing to do: somebody else changed it at the same time and the event comes again".to_owned()
            }
            FailureKind::NotYet => "nothing to do: it is tried again in some minutes".to_owned(),
            FailureKind::Invalid => {
                format!("report it with the request id: rectify sent a {operation} that AWS does not accept")
            }
            FailureKind::WrongRegion => "the resource is in another region than its event said".to_owned(),
            FailureKind::Unreachable | FailureKind::TimedOut => {
                format!("check the way to the {service} endpoint: subnets, VPC endpoints, proxy variables")
            }
            FailureKind::Server => {
                "nothing to do: the event comes again; see the AWS Health dashboard if it stays".to_owned()
            }
            FailureKind::Other => format!("look the code up in the {service} API reference under {operation}"),
        }
    }

    /// The credentials themselves are bad, rather than what they may do.
    #[must_use]
    pub fn expired(&self) -> bool {
        matches!(
            self.code.as_deref(),
            Some(
                "ExpiredToken"
                    | "ExpiredTokenException"
                    | "InvalidAccessKeyId"
                    | "InvalidClientTokenId"
                    | "InvalidToken"
                    | "UnrecognizedClientException"
            )
        )
    }
}

impl fmt::Display for AwsFailure {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "could not {}: {}", self.operation, self.kind.words())?;
        match (&self.code, &self.request_id) {
            (Some(code), Some(id)) => write!(f, " ({code}, request {id})"),
            (Some(code), None) => write!(f, " ({code})"),
            (None, Some(id)) => write!(f, " (request {id})"),
            (None, None) => match &self.message {
                Some(message) => write!(f, " ({message})"),
                None => Ok(()),
            },
        }
    }
}

impl StdError for AwsFailure {}

/// The whole chain of causes on one line, without repeats: the SDK's top text alone is `dispatch failure`.
fn causes(error: &dyn StdError) -> String {
    let mut text = error.to_string();
    let mut cause = error.source();
    while let Some(error) = cause {
        let next = error.to_string();
        if !text.ends_with(&next) {
            text.push_str(": ");
            text.push_str(&next);
        }
        cause = error.source();
    }
    text
}

#[cfg(test)]
mod tests;

use std::time::Duration;

use aws_sdk_dynamodb::{
    Client,
    config::{BehaviorVersion, Credentials, Region, retry::RetryConfig, timeout::TimeoutConfig},
};
use aws_smithy_mocks::{RuleMode, mock, mock_client};
use aws_smithy_runtime_api::client::result::{ConnectorError, ResponseError};
use aws_smithy_types::{body::SdkBody, error::ErrorMetadata};

use super::*;

type Any = SdkError<aws_sdk_dynamodb::operation::get_item::GetItemError, HttpResponse>;

fn answer(status: u16, code: Option<&str>, request: Option<&str>) -> Any {
    let mut raw = HttpResponse::new(status.try_into().unwrap(), SdkBody::empty());
    if let Some(request) = request {
        raw.headers_mut().insert("x-amz-request-id", request.to_owned());
    }
    let mut meta = ErrorMetadata::builder().message("as AWS words it");
    if let Some(code) = code {
        meta = meta.code(code);
    }
    SdkError::service_error(aws_sdk_dynamodb::operation::get_item::GetItemError::generic(meta.build()), raw)
}

fn failure(status: u16, code: Option<&str>) -> AwsFailure {
    AwsFailure::new("s3", "GetBucketAcl", &answer(status, code, Some("7BMJ")))
}

#[test]
fn a_failure_says_call_meaning_code_and_request() {
    let failure = failure(403, Some("AccessDenied"));
    assert_eq!(failure.to_string(), "could not GetBucketAcl: access denied (AccessDenied, request 7BMJ)");
    assert_eq!(failure.message.as_deref(), Some("as AWS words it"));
    assert!(failure.code_is("AccessDenied"));
    assert!(failure.help().contains("s3:GetBucketAcl"), "{}", failure.help());
}

#[test]
fn the_code_decides_before_the_status() {
    for (status, code, kind) in [
        (404, "NoSuchBucket", FailureKind::Gone),
        (404, "NoSuchAccessPoint", FailureKind::Gone),
        (400, "ResourceNotFoundException", FailureKind::Gone),
        (403, "AccessDenied", FailureKind::Denied),
        (400, "AccessDeniedException", FailureKind::Denied),
        (400, "ExpiredTokenException", FailureKind::Denied),
        (503, "SlowDown", FailureKind::Throttled),
        (400, "ThrottlingException", FailureKind::Throttled),
        (400, "ProvisionedThroughputExceededException", FailureKind::Throttled),
        (409, "OperationAborted", FailureKind::Conflict),
        (400, "ConditionalCheckFailedException", FailureKind::Conflict),
        (400, "MalformedPolicy", FailureKind::Invalid),
        (405, "MethodNotAllowed", FailureKind::Invalid),
        (301, "PermanentRedirect", FailureKind::WrongRegion),
        (400, "AuthorizationHeaderMalformed", FailureKind::WrongRegion),
        (400, "RequestTimeout", FailureKind::TimedOut),
        (500, "InternalError", FailureKind::Server),
        (400, "InternalServerError", FailureKind::Server),
    ] {
        assert_eq!(failure(status, Some(code)).kind, kind, "{code}");
    }
}

#[test]
fn an_unknown_code_is_read_by_its_status_and_never_as_gone() {
    for (status, kind) in [
        (301, FailureKind::WrongRegion),
        (400, FailureKind::Invalid),
        (403, FailureKind::Denied),
        (404, FailureKind::Other),
        (409, FailureKind::Conflict),
        (418, FailureKind::Other),
        (429, FailureKind::Throttled),
        (503, FailureKind::Server),
    ] {
        assert_eq!(failure(status, Some("BrandNewError")).kind, kind, "{status}");
        assert_eq!(failure(status, None).kind, kind, "{status} without a code");
    }
    // A missing part of a resource is not a missing resource.
    assert_eq!(failure(404, Some("NoSuchBucketPolicy")).kind, FailureKind::Other);
}

#[test]
fn without_an_answer_the_causes_are_the_message() {
    let connector = ConnectorError::io(Box::new(std::io::Error::other("connection refused")));
    let failure = AwsFailure::new("s3", "GetBucketAcl", &Any::dispatch_failure(connector));
    assert_eq!(failure.kind, FailureKind::Unreachable);
    assert_eq!((failure.code.as_deref(), failure.request_id.as_deref()), (None, None));
    assert!(failure.to_string().contains("connection refused"), "{failure}");

    let timeout = AwsFailure::new("s3", "GetBucketAcl", &Any::timeout_error("six seconds"));
    assert_eq!(timeout.kind, FailureKind::TimedOut);
    let connector = ConnectorError::timeout("connect".into());
    let timeout = AwsFailure::new("s3", "GetBucketAcl", &Any::dispatch_failure(connector));
    assert_eq!(timeout.kind, FailureKind::TimedOut);
    let built = AwsFailure::new("s3", "GetBucketAcl", &Any::construction_failure("no bucket"));
    assert_eq!(built.kind, FailureKind::Invalid);
}

#[test]
fn a_good_answer_that_breaks_off_is_a_cut_connection() {
    let cut = |status: u16| {
        let raw = HttpResponse::new(status.try_into().unwrap(), SdkBody::empty());
        let error = Any::ResponseError(ResponseError::builder().source("unexpected end of file").raw(raw).build());
        AwsFailure::new("s3", "GetBucketAcl", &error).kind
    };
    assert_eq!(cut(200), FailureKind::Unreachable);
    assert_eq!(cut(502), FailureKind::Server);
}

#[tokio::test]
async fn an_answer_that_is_not_understood_says_why() {
    let rule = mock!(Client::get_item).sequence().http_status(200, Some("<html>".into())).build();
    let client = mock_client!(aws_sdk_dynamodb, RuleMode::Sequential, [&rule]);
    let error = client.get_item().table_name("t").send().await.unwrap_err();
    let failure = AwsFailure::new("dynamodb", "GetItem", &error);
    assert_eq!((failure.kind, failure.code.as_deref()), (FailureKind::Other, None));
    assert!(failure.message.as_deref().is_some_and(|message| message.contains("unexpected token")), "{failure:?}");
}

#[tokio::test(start_paused = true)]
async fn throttling_is_reported_after_the_sdks_own_tries() {
    let rule = mock!(Client::get_item)
        .sequence()
        .http_status(400, Some(r#"{"__type":"ThrottlingException","message":"Rate exceeded"}"#.into()))
        .times(3)
        .build();
    let client = mock_client!(aws_sdk_dynamodb, RuleMode::Sequential, [&rule]);
    let error = client.get_item().table_name("t").send().await.unwrap_err();
    let failure = AwsFailure::new("dynamodb", "GetItem", &error);
    assert_eq!(failure.kind, FailureKind::Throttled);
    assert!(failure.kind.is_transient());
    assert_eq!(failure.message.as_deref(), Some("Rate exceeded"));
    assert_eq!(rule.num_calls(), 3);
}

#[tokio::test(start_paused = true)]
async fn silence_is_a_timeout() {
    let config = aws_sdk_dynamodb::Config::builder()
        .behavior_version(BehaviorVersion::v2026_01_12())
        .region(Region::new("eu-west-1"))
        .credentials_provider(Credentials::new("a", "b", None, None, "test"))
        .http_client(aws_smithy_http_client::test_util::NeverClient::new())
        .retry_config(RetryConfig::disabled())
        .timeout_config(TimeoutConfig::builder().operation_timeout(Duration::from_secs(2)).build())
        .build();
    let error = Client::from_conf(config).get_item().table_name("t").send().await.unwrap_err();
    let failure = AwsFailure::new("dynamodb", "GetItem", &error);
    assert_eq!(failure.kind, FailureKind::TimedOut);
}

//! A call that AWS refused, and where it says the bucket is instead.

use std::error::Error;

use aws_sdk_s3::{
    config::http::HttpResponse,
    error::{ProvideErrorMetadata, SdkError},
};
use rectify_aws::{AwsFailure, FailureKind};
use rectify_controls::Region;

/// A refused call.
#[derive(Debug, Clone)]
pub(crate) struct Refusal {
    pub(crate) failure: AwsFailure,
    /// The bucket's region, where S3 named it because we asked in another one. Boxed, because it is rare.
    pub(crate) region: Option<Box<Region>>,
}

impl rectify_aws::Refusal for Refusal {
    fn leads_on(&self) -> bool {
        self.region.is_some()
    }
}

impl Refusal {
    pub(crate) fn new<E>(service: &'static str, operation: &'static str, error: &SdkError<E, HttpResponse>) -> Self
    where
        E: ProvideErrorMetadata + Error + 'static,
    {
        let failure = AwsFailure::new(service, operation, error);
        let region = match (failure.kind, error.raw_response()) {
            (FailureKind::WrongRegion, Some(answer)) => named_region(answer).map(Box::new),
            _ => None,
        };
        Self { failure, region }
    }
}

/// The header of a 301 `PermanentRedirect`, or the element in a 400 `AuthorizationHeaderMalformed` (S3 API reference, error
/// responses). Checked before it becomes part of an endpoint's name.
fn named_region(answer: &HttpResponse) -> Option<Region> {
    let header = answer.headers().get("x-amz-bucket-region").map(str::to_owned);
    let element = || {
        let body = std::str::from_utf8(answer.body().bytes()?).ok()?;
        let (_, rest) = body.split_once("<Region>")?;
        rest.split_once("</Region>").map(|(region, _)| region.trim().to_owned())
    };
    Region::new(header.or_else(element)?).ok()
}

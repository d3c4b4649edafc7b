//! Listing what there is in an account and region: a page of buckets or of access points at a time.

use aws_sdk_s3::types::BucketLocationConstraint;
use rectify_aws::{AwsFailure, FailureKind, Session};
use rectify_controls::{
    BucketName, Region,
    s3_bucket::{AccessPointName, Target},
};
use rectify_runtime::Page;

use crate::clients::{Clients, Pair};

/// Buckets or access points on a page. S3 gives up to 10 000 buckets and 1 000 access points (API reference); a page is what a
/// function gets through before its time is up.
const ON_A_PAGE: i32 = 50;

/// The longest continuation token that S3 makes is of 1 024 characters (S3 API reference, `ListBuckets`).
const LONGEST_TOKEN: usize = 1_024;

/// Where a page begins.
#[derive(Debug, Clone, PartialEq, Eq)]
enum Cursor {
    Buckets(Option<String>),
    Points(Option<String>),
}

impl Cursor {
    fn parse(text: Option<&str>) -> Result<Self, AwsFailure> {
        let Some(text) = text else { return Ok(Self::Buckets(None)) };
        let (stage, token) = text.split_once('/').ok_or_else(bad_cursor)?;
        if token.len() > LONGEST_TOKEN || !token.bytes().all(|byte| byte.is_ascii_graphic()) {
            return Err(bad_cursor());
        }
        let token = Some(token.to_owned()).filter(|token| !token.is_empty());
        match stage {
            "buckets" => Ok(Self::Buckets(token)),
            "points" => Ok(Self::Points(token)),
            _ => Err(bad_cursor()),
        }
    }

    fn text(&self) -> String {
        match self {
            Self::Buckets(token) => format!("buckets/{}", token.as_deref().unwrap_or_default()),
            Self::Points(token) => format!("points/{}", token.as_deref().unwrap_or_default()),
        }
    }
}

fn bad_cursor() -> AwsFailure {
    let why = "the cursor is not one that this release made: sweep from the beginning";
    AwsFailure::unsent("s3", "ListBuckets", why.to_owned())
}

/// One page. The account itself comes with the first.
pub(crate) async fn list(
    clients: &Clients,
    session: &Session,
    cursor: Option<&str>,
) -> Result<Page<Target>, AwsFailure> {
    let at = clients.at(session, &session.place.region);
    let cursor = Cursor::parse(cursor)?;
    let first = cursor == Cursor::Buckets(None);
    let mut page = match cursor {
        Cursor::Buckets(token) => buckets(&at, token).await?,
        Cursor::Points(token) => points(&at, token).await?,
    };
    if first {
        page.ids.insert(0, Target::Account(session.place.account.clone()));
    }
    Ok(page)
}

/// `ListBuckets`, of one region. S3 names each bucket's region when it is asked for a page (S3 API reference, `Bucket`); where
/// it does not, the bucket is asked.
async fn buckets(at: &Pair, token: Option<String>) -> Result<Page<Target>, AwsFailure> {
    let region = &at.place.region;
    let call = at.s3.list_buckets().bucket_region(region.as_str()).max_buckets(ON_A_PAGE);
    let answer = call
        .set_continuation_token(token)
        .send()
        .await
        .map_err(|error| AwsFailure::new("s3", "ListBuckets", &error))?;
    let (mut ids, mut odd) = (Vec::new(), Vec::new());
    for bucket in answer.buckets() {
        let name = bucket.name().unwrap_or_default();
        let Ok(name) = BucketName::new(name) else {
            odd.push(name.to_owned());
            continue;
        };
        let here = match bucket.bucket_region() {
            Some(named) => named == region.as_str(),
            None => is_here(at, &name, region).await?,
        };
        if here {
            ids.push(Target::Bucket(name));
        }
    }
    let next = match answer.continuation_token.filter(|token| !token.is_empty()) {
        Some(token) => Cursor::Buckets(Some(token)),
        None => Cursor::Points(None),
    };
    Ok(Page { ids, odd, next: Some(next.text()) })
}

/// `GetBucketLocation`: the oldest region has no name there, and the oldest in Europe an old one (S3 API reference). A bucket
/// that will not say is looked at: whoever reads it is told where it is.
async fn is_here(at: &Pair, name: &BucketName, region: &Region) -> Result<bool, AwsFailure> {
    let call = at.s3.get_bucket_location().bucket(name.as_str()).expected_bucket_owner(at.owner());
    match call.send().await {
        Ok(answer) => Ok(match answer.location_constraint {
            None => region.as_str() == "us-east-1",
            Some(BucketLocationConstraint::Eu) => region.as_str() == "eu-west-1",
            Some(named) if named.as_str().is_empty() => region.as_str() == "us-east-1",
            Some(named) => named.as_str() == region.as_str(),
        }),
        Err(error) => match AwsFailure::new("s3", "GetBucketLocation", &error) {
            failure if failure.kind == FailureKind::Gone => Ok(false),
            failure if failure.kind.is_transient() => Err(failure),
            _ => Ok(true),
        },
    }
}

/// `ListAccessPoints` (S3 Control).
async fn points(at: &Pair, token: Option<String>) -> Result<Page<Target>, AwsFailure> {
    let call = at.control.list_access_points().account_id(at.owner()).max_results(ON_A_PAGE);
    let answer = call
        .set_next_token(token)
        .send()
        .await
        .map_err(|error| AwsFailure::new("s3control", "ListAccessPoints", &error))?;
    let (mut ids, mut odd) = (Vec::new(), Vec::new());
    for point in answer.access_point_list() {
        match AccessPointName::new(point.name()) {
            Ok(name) => ids.push(Target::AccessPoint(name)),
            Err(_) => odd.push(point.name().to_owned()),
        }
    }
    let next = answer.next_token.filter(|token| !token.is_empty());
    Ok(Page { ids, odd, next: next.map(|token| Cursor::Points(Some(token)).text()) })
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_cursor_comes_back_as_it_went() {
        for cursor in [
            Cursor::Buckets(None),
            Cursor::Buckets(Some("a/b=".into())),
            Cursor::Points(None),
            Cursor::Points(Some("x".into())),
        ] {
            assert_eq!(Cursor::parse(Some(&cursor.text())).unwrap(), cursor);
        }
        assert_eq!(Cursor::parse(None).unwrap(), Cursor::Buckets(None));
    }

    #[test]
    fn what_is_no_cursor_is_refused() {
        let long = format!("buckets/{}", "x".repeat(2_000));
        for text in ["", "buckets", "keys/x", "buckets/a b", "points/\n", "buckets/\u{e9}", long.as_str()] {
            let failure = Cursor::parse(Some(text)).unwrap_err();
            assert_eq!(failure.kind, FailureKind::Invalid, "{text}");
        }
    }
}

//! The clients, one pair per place.

use rectify_aws::{PerSession, Session};
use rectify_controls::{Place, Region};

/// Clients made so far. Making one costs milliseconds, so it happens once per credentials and place.
#[derive(Debug, Default)]
pub(crate) struct Clients(PerSession<Pair>);

/// The two services that S3 is: one for buckets, one for accounts and access points.
#[derive(Debug, Clone)]
pub(crate) struct Pair {
    pub(crate) s3: aws_sdk_s3::Client,
    pub(crate) control: aws_sdk_s3control::Client,
    pub(crate) place: Place,
}

impl Clients {
    /// The clients for `region` with the session's credentials.
    pub(crate) fn at(&self, session: &Session, region: &Region) -> Pair {
        self.0.at(session, region, |place| Pair {
            s3: rectify_aws::client!(aws_sdk_s3, session, place),
            control: rectify_aws::client!(aws_sdk_s3control, session, place),
            place: place.clone(),
        })
    }
}

impl Pair {
    /// For `ExpectedBucketOwner`: a name can be taken by a stranger's bucket once ours is deleted, and S3 then refuses the
    /// call instead of reading or changing theirs.
    pub(crate) fn owner(&self) -> &str {
        self.place.account.as_str()
    }
}

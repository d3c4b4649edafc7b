//! An S3 that answers what a test says, over the real SDK's requests and XML.

use std::{
    collections::{BTreeMap, VecDeque},
    fmt,
    sync::{Arc, Mutex},
};

use aws_config::{BehaviorVersion, Region as SdkRegion, SdkConfig, retry::RetryConfig};
use aws_smithy_http_client::test_util::infallible_client_fn;
use aws_smithy_types::body::SdkBody;
use rectify_aws::Session;
use rectify_controls::{AccountId, Place, Region};

/// Host and path of a bucket's requests: an address as endpoint makes the SDK use path style.
const ENDPOINT: &str = "http://127.0.0.1:4566";

pub(crate) type Answer = (u16, Vec<(&'static str, String)>, String);

/// One request, as it was sent.
#[derive(Debug, Clone)]
pub(crate) struct Call {
    /// Method and what it is about: `GET acl`, `PUT configuration/publicAccessBlock`.
    pub(crate) what: String,
    pub(crate) path: String,
    /// From the signature.
    pub(crate) region: String,
    pub(crate) owner: Option<String>,
    pub(crate) account: Option<String>,
    pub(crate) body: String,
}

#[derive(Clone, Default)]
pub(crate) struct Fake {
    answers: Arc<Mutex<BTreeMap<String, VecDeque<Answer>>>>,
    calls: Arc<Mutex<Vec<Call>>>,
}

impl Fake {
    /// Answers `what` with the given answers in turn, and with the last of them from then on.
    pub(crate) fn on(self, what: &str, answers: impl IntoIterator<Item = Answer>) -> Self {
        self.answers.lock().unwrap().insert(what.to_owned(), answers.into_iter().collect());
        self
    }

    pub(crate) fn calls(&self) -> Vec<Call> {
        self.calls.lock().unwrap().clone()
    }

    /// What was called, in alphabetical order: parallel reads have no other.
    pub(crate) fn whats(&self) -> Vec<String> {
        let mut whats: Vec<String> = self.calls().into_iter().map(|call| call.what).collect();
        whats.sort();
        whats
    }

    pub(crate) fn session(&self) -> Session {
        let fake = self.clone();
        let credentials = aws_sdk_s3::config::Credentials::new("AKID", "secret", None, None, "test");
        let config = SdkConfig::builder()
            .behavior_version(BehaviorVersion::v2026_01_12())
            .region(SdkRegion::new("eu-west-1"))
            .endpoint_url(ENDPOINT)
            .credentials_provider(aws_sdk_s3::config::SharedCredentialsProvider::new(credentials))
            .retry_config(RetryConfig::standard().with_max_attempts(4))
            .http_client(infallible_client_fn(move |request| fake.answer(&request)))
            .build();
        let place =
            Place { account: AccountId::new("111122223333").unwrap(), region: Region::new("eu-west-1").unwrap() };
        Session { place, config, serial: 0 }
    }

    fn answer(&self, request: &http::Request<SdkBody>) -> http::Response<String> {
        let header = |name: &str| request.headers().get(name).map(|value| value.to_str().unwrap().to_owned());
        let path = request.uri().path().to_owned();
        let query = request.uri().query().unwrap_or_default();
        let subject = match path.strip_prefix("/v20180820/") {
            Some(control) => control.to_owned(),
            None => query.split(['&', '=']).next().unwrap_or_default().to_owned(),
        };
        let what = format!("{} {subject}", request.method());
        // `Credential=AKID/20261123/eu-west-1/s3/aws4_request`
        let region = header("authorization").unwrap().split('/').nth(2).unwrap().to_owned();
        self.calls.lock().unwrap().push(Call {
            what: what.clone(),
            path: if query.is_empty() { path } else { format!("{path}?{query}") },
            region,
            owner: header("x-amz-expected-bucket-owner"),
            account: header("x-amz-account-id"),
            body: String::from_utf8(request.body().bytes().unwrap_or_default().to_vec()).unwrap(),
        });
        let mut answers = self.answers.lock().unwrap();
        let answers = answers.get_mut(&what).unwrap_or_else(|| panic!("nothing is prepared for `{what}`"));
        let (status, headers, body) =
            if answers.len() > 1 { answers.pop_front().unwrap() } else { answers.front().unwrap().clone() };
        let mut response = http::Response::builder().status(status).header("x-amz-request-id", "7BMJ");
        for (name, value) in headers {
            response = response.header(name, value);
        }
        response.body(body).unwrap()
    }
}

impl fmt::Display for Call {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let method = self.what.split(' ').next().unwrap_or_default();
        let who = self.owner.as_deref().map_or_else(
            || format!("account {}", self.account.as_deref().unwrap_or("missing")),
            |owner| format!("owner {owner}"),
        );
        write!(f, "{method} {} ({who})\n{}", self.path, self.body)
    }
}

/// An answer with a body.
pub(crate) fn ok(body: &str) -> Answer {
    (200, Vec::new(), body.to_owned())
}

/// A refusal.
pub(crate) fn refused(status: u16, code: &str) -> Answer {
    (status, Vec::new(), format!("<Error><Code>{code}</Code><Message>as AWS words it</Message></Error>"))
}

/// S3 Control wraps its errors once more.
pub(crate) fn control_refused(status: u16, code: &str) -> Answer {
    let body = format!("<ErrorResponse><Error><Code>{code}</Code><Message>m</Message></Error></ErrorResponse>");
    (status, Vec::new(), body)
}

/// A bucket as AWS makes one since April 2023: blocked, owner enforced, encrypted, and nothing else.
pub(crate) fn new_bucket() -> Fake {
    let block = "<PublicAccessBlockConfiguration><BlockPublicAcls>true</BlockPublicAcls><IgnorePublicAcls>true</IgnorePublicAcls><BlockPublicPolicy>true</BlockPublicPolicy><RestrictPublicBuckets>true</RestrictPublicBuckets></PublicAccessBlockConfiguration>";
    Fake::default()
        .on("GET publicAccessBlock", [ok(block)])
        .on("GET configuration/publicAccessBlock", [control_refused(404, "NoSuchPublicAccessBlockConfiguration")])
        .on("GET acl", [ok(r#"<AccessControlPolicy><Owner><ID>75aa57f0</ID></Owner><AccessControlList><Grant><Grantee xmlns:xsi="http://www.w3.org/2001/XMLSchema-instance" xsi:type="CanonicalUser"><ID>75aa57f0</ID></Grantee><Permission>FULL_CONTROL</Permission></Grant></AccessControlList></AccessControlPolicy>"#)])
        .on("GET ownershipControls", [ok("<OwnershipControls><Rule><ObjectOwnership>BucketOwnerEnforced</ObjectOwnership></Rule></OwnershipControls>")])
        .on("GET policy", [refused(404, "NoSuchBucketPolicy")])
        .on("GET policyStatus", [refused(404, "NoSuchBucketPolicy")])
        .on("GET encryption", [ok("<ServerSideEncryptionConfiguration><Rule><ApplyServerSideEncryptionByDefault><SSEAlgorithm>AES256</SSEAlgorithm></ApplyServerSideEncryptionByDefault><BucketKeyEnabled>false</BucketKeyEnabled></Rule></ServerSideEncryptionConfiguration>")])
        .on("GET website", [refused(404, "NoSuchWebsiteConfiguration")])
        .on("GET logging", [ok("<BucketLoggingStatus/>")])
        .on("GET versioning", [ok("<VersioningConfiguration/>")])
        .on("GET replication", [refused(404, "ReplicationConfigurationNotFoundError")])
        .on("GET lifecycle", [refused(404, "NoSuchLifecycleConfiguration")])
        .on("GET tagging", [refused(404, "NoSuchTagSet")])
}

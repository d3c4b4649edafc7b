//! The guard over the real SDK's requests and XML, for what the sandbox's cloud cannot do.

#![expect(
    clippy::unwrap_used,
    clippy::panic,
    clippy::indexing_slicing,
    clippy::string_slice,
    reason = "a test that cannot go on has failed"
)]

use std::{
    collections::{BTreeMap, VecDeque},
    sync::{Arc, Mutex},
};

use aws_config::{BehaviorVersion, Region as SdkRegion, SdkConfig, retry::RetryConfig};
use aws_smithy_http_client::test_util::infallible_client_fn;
use aws_smithy_types::body::SdkBody;
use rectify_aws::{AwsFailure, FailureKind, Session};
use rectify_controls::{
    AccountId, BucketName, Fact, Kind, Place, Region, Selection,
    s3_object::{About, Change, Content, Facts, LeftOut, ObjectId, ObjectKey, S3Object, VersionId},
};
use rectify_guard_s3_object::S3ObjectGuard;
use rectify_runtime::{Guard, Observed};

type Answer = (u16, Vec<(&'static str, String)>, Vec<u8>);

/// An S3 that answers what a test says.
#[derive(Clone, Default)]
struct Fake {
    answers: Arc<Mutex<BTreeMap<String, VecDeque<Answer>>>>,
    calls: Arc<Mutex<Vec<(String, String, String)>>>,
}

impl Fake {
    /// Answers `what` (method and subresource, `GET` for the object itself) in turn, and with the last from then on.
    fn on(self, what: &str, answers: impl IntoIterator<Item = Answer>) -> Self {
        self.answers.lock().unwrap().insert(what.to_owned(), answers.into_iter().collect());
        self
    }

    fn session(&self) -> Session {
        let fake = self.clone();
        let credentials = aws_sdk_s3::config::Credentials::new("AKID", "secret", None, None, "test");
        let config = SdkConfig::builder()
            .behavior_version(BehaviorVersion::v2026_01_12())
            .region(SdkRegion::new("eu-west-1"))
            .endpoint_url("http://127.0.0.1:4566")
            .credentials_provider(aws_sdk_s3::config::SharedCredentialsProvider::new(credentials))
            .retry_config(RetryConfig::standard().with_max_attempts(2))
            .http_client(infallible_client_fn(move |request| fake.answer(&request)))
            .build();
        Session { place: place(), config, serial: 0 }
    }

    fn answer(&self, request: &http::Request<SdkBody>) -> http::Response<SdkBody> {
        let query = request.uri().query().unwrap_or_default();
        let subject = match request.uri().path().strip_prefix("/v20180820/") {
            Some(_) => "control",
            None if request.uri().path() == "/" => "sts",
            None => ["tagging", "policy", "acl", "ownershipControls", "publicAccessBlock"]
                .into_iter()
                .find(|name| query.split('&').any(|part| part.split('=').next() == Some(name)))
                .unwrap_or_default(),
        };
        let what = format!("{} {subject}", request.method()).trim().to_owned();
        let header = |name: &str| request.headers().get(name).map(|value| value.to_str().unwrap().to_owned());
        let about = format!("{} {query} {}", request.uri().path(), header("range").unwrap_or_default());
        let body = String::from_utf8(request.body().bytes().unwrap_or_default().to_vec()).unwrap();
        if !["control", "sts"].contains(&subject) {
            assert_eq!(header("x-amz-expected-bucket-owner").as_deref(), Some("111122223333"), "{what}");
        }
        self.calls.lock().unwrap().push((what.clone(), about, body));
        let mut answers = self.answers.lock().unwrap();
        let answers = answers.get_mut(&what).unwrap_or_else(|| panic!("nothing is prepared for `{what}`"));
        let (status, headers, body) =
            if answers.len() > 1 { answers.pop_front().unwrap() } else { answers.front().unwrap().clone() };
        let mut response = http::Response::builder().status(status).header("x-amz-request-id", "7BMJ");
        for (name, value) in headers {
            response = response.header(name, value);
        }
        response.body(SdkBody::from(body)).unwrap()
    }

    fn calls(&self) -> Vec<(String, String, String)> {
        self.calls.lock().unwrap().clone()
    }

    fn whats(&self) -> Vec<String> {
        self.calls().into_iter().map(|(what, ..)| what).collect()
    }
}

fn place() -> Place {
    Place { account: AccountId::new("111122223333").unwrap(), region: Region::new("eu-west-1").unwrap() }
}

fn ok(body: impl Into<Vec<u8>>) -> Answer {
    (200, Vec::new(), body.into())
}

fn refused(status: u16, code: &str) -> Answer {
    (status, Vec::new(), format!("<Error><Code>{code}</Code><Message>as AWS words it</Message></Error>").into_bytes())
}

/// STS's answer to whose a key is.
fn of_account(account: &str) -> Answer {
    ok(format!(
        "<GetAccessKeyInfoResponse><GetAccessKeyInfoResult><Account>{account}</Account></GetAccessKeyInfoResult></GetAccessKeyInfoResponse>"
    ))
}

/// STS refuses in another form than S3.
fn sts_refused(status: u16, code: &str) -> Answer {
    let (status, headers, body) = refused(status, code);
    let body = format!("<ErrorResponse>{}</ErrorResponse>", String::from_utf8(body).unwrap());
    (status, headers, body.into_bytes())
}

/// An object with nothing in it that matters, in a bucket without a policy.
fn plain() -> Fake {
    Fake::default()
        .on("POST sts", [of_account("444455556666")])
        .on("GET", [ok("nothing of interest")])
        .on("GET tagging", [ok("<Tagging><TagSet/></Tagging>")])
        .on("GET policy", [refused(404, "NoSuchBucketPolicy")])
}

fn object(version: Option<&str>) -> ObjectId {
    let version = version.map(|version| VersionId::new(version).unwrap());
    ObjectId { bucket: BucketName::new("data").unwrap(), key: ObjectKey::new("a b/ü+.env").unwrap(), version }
}

fn about(ids: &[&'static str]) -> Selection {
    ids.iter().copied().collect()
}

async fn observe(fake: &Fake, ids: &[&'static str], version: Option<&str>) -> Result<Observed<Facts>, AwsFailure> {
    S3ObjectGuard::default().observe(&fake.session(), &object(version), &about(ids)).await
}

async fn facts(fake: &Fake) -> Facts {
    match observe(fake, &["s3-object-access-key"], None).await.unwrap() {
        Observed::Facts(facts) => facts,
        Observed::Gone => panic!("gone"),
    }
}

async fn content(answer: Answer) -> Fact<Content> {
    facts(&plain().on("GET", [answer])).await.content
}

fn pair() -> String {
    // From a seed, so that no secret stands here.
    let alphabet = b"ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789+/";
    let mut state = 88_172_645_463_325_252_u64;
    let mut next = |modulus: usize| {
        state ^= state << 13;
        state ^= state >> 7;
        state ^= state << 17;
        char::from(alphabet[usize::try_from(state >> 33).unwrap() % modulus])
    };
    let id: String = (0..16).map(|_| next(26)).collect();
    let secret: String = (0..40).map(|_| next(64)).collect();
    format!("AKIA{id},{secret}")
}

#[tokio::test]
async fn what_is_found_becomes_facts_without_the_secret() {
    let pair = pair();
    let fake = plain().on(
        "GET",
        [(
            206,
            vec![("content-range", "bytes 0-99/5000000000".to_owned()), ("etag", "\"e\"".to_owned())],
            pair.clone().into_bytes(),
        )],
    );
    let facts = facts(&fake).await;
    let content = facts.content.known().unwrap();
    assert_eq!(
        (content.size, content.read, content.etag.as_deref()),
        (5_000_000_000, pair.len() as u64, Some("\"e\""))
    );
    assert_eq!((content.found[0].rule.as_str(), content.found[0].about), ("aws-access-key", About::AccessKey));
    assert_eq!(content.keys[0].as_str(), &pair[..20]);
    let told = format!("{facts:?}");
    assert!(!told.contains(&pair[21..]) && told.contains(&pair[..20]));
    let (_, asked, _) = fake.calls().into_iter().find(|(what, ..)| what == "GET").unwrap();
    assert_eq!(asked, "/data/a%20b/%C3%BC%2B.env x-id=GetObject bytes=0-33554431");
}

/// Only the id goes to STS, and only of a user's key: sessions end by themselves.
#[tokio::test]
async fn whose_a_key_is_is_asked_of_its_id() {
    let pair = pair();
    let session = pair.replacen("AKIA", "ASIA", 1);
    let fake = plain().on("GET", [ok(pair.clone())]);
    let owners = facts(&fake).await.owners;
    let (key, account) = owners.known().unwrap().first_key_value().unwrap();
    assert_eq!((key.as_str(), account.as_str()), (&pair[..20], "444455556666"));
    let asked: Vec<String> =
        fake.calls().into_iter().filter(|(what, ..)| what == "POST sts").map(|(.., body)| body).collect();
    assert_eq!(asked, [format!("Action=GetAccessKeyInfo&Version=2011-06-15&AccessKeyId={}", &pair[..20])]);

    let none = plain().on("GET", [ok(session)]);
    assert_eq!(facts(&none).await.owners, Fact::Known(BTreeMap::new()));
    assert!(!none.whats().contains(&"POST sts".to_owned()));
    let clean = plain();
    assert_eq!(facts(&clean).await.owners, Fact::Known(BTreeMap::new()));

    // An id that is nobody's, a refusal, and what passes by itself.
    let asked = async |answer: Answer| {
        let fake = plain().on("GET", [ok(pair.clone())]).on("POST sts", [answer]);
        observe(&fake, &["s3-object-access-key"], None).await
    };
    let Observed::Facts(nobody) = asked(sts_refused(400, "ValidationError")).await.unwrap() else { panic!() };
    assert_eq!(nobody.owners, Fact::Known(BTreeMap::new()));
    let Observed::Facts(denied) = asked(sts_refused(403, "AccessDenied")).await.unwrap() else { panic!() };
    assert!(matches!(denied.owners, Fact::Unreadable(_)) && denied.content.known().is_some());
    assert_eq!(asked(sts_refused(400, "Throttling")).await.unwrap_err().kind, FailureKind::Throttled);
}

#[tokio::test]
async fn only_what_is_needed_is_read() {
    let fake = plain();
    observe(&fake, &["s3-object-private-key"], None).await.unwrap();
    let mut whats = fake.whats();
    whats.sort();
    assert_eq!(whats, ["GET", "GET policy", "GET tagging"]);
    let acl = Fake::default()
        .on("GET acl", [ok(r#"<AccessControlPolicy><Owner><ID>0</ID></Owner><AccessControlList><Grant><Grantee xmlns:xsi="http://www.w3.org/2001/XMLSchema-instance" xsi:type="Group"><URI>http://acs.amazonaws.com/groups/global/AllUsers</URI></Grantee><Permission>READ</Permission></Grant></AccessControlList></AccessControlPolicy>"#)])
        .on("GET ownershipControls", [refused(404, "OwnershipControlsNotFoundError")])
        .on("GET publicAccessBlock", [refused(404, "NoSuchPublicAccessBlockConfiguration")])
        .on("GET control", [(404, vec![], b"<ErrorResponse><Error><Code>NoSuchPublicAccessBlockConfiguration</Code><Message>m</Message></Error></ErrorResponse>".to_vec())]);
    let Observed::Facts(facts) = observe(&acl, &["s3-object-public-acl"], Some("v1")).await.unwrap() else { panic!() };
    assert_eq!(
        (facts.content, facts.ownership, facts.block, facts.account_block),
        (Fact::NotRead, Fact::Known(None), Fact::Known(None), Fact::Known(None))
    );
    assert_eq!(facts.acl.known().unwrap().grants.len(), 1);
    assert!(acl.calls().iter().any(|(_, about, _)| about.contains("versionId=v1")));
}

#[tokio::test]
async fn a_large_object_is_read_up_to_the_bound() {
    let Fact::Known(content) =
        content((206, vec![("content-range", "bytes 0-33554431/41943040".to_owned())], vec![b'a'; 40 << 20])).await
    else {
        panic!()
    };
    assert_eq!((content.read, content.size), (32 << 20, 40 << 20));
}

#[tokio::test]
async fn what_a_refusal_means() {
    assert_eq!(content(refused(416, "InvalidRange")).await, Fact::Known(Content::default()));
    for (status, code, why) in
        [(403, "InvalidObjectState", LeftOut::Archived), (400, "InvalidRequest", LeftOut::CustomerKey)]
    {
        assert_eq!(
            content(refused(status, code)).await,
            Fact::Known(Content { left_out: Some(why), ..Content::default() })
        );
    }
    for (status, code) in [(403, "AccessDenied"), (400, "KMS.DisabledException")] {
        assert!(matches!(content(refused(status, code)).await, Fact::Unreadable(_)), "{code}");
    }
    for (status, code) in [(404, "NoSuchKey"), (404, "NoSuchVersion"), (404, "NoSuchBucket"), (405, "MethodNotAllowed")]
    {
        let fake = plain().on("GET", [refused(status, code)]);
        assert_eq!(observe(&fake, &["s3-object-access-key"], Some("v1")).await.unwrap(), Observed::Gone, "{code}");
    }
    for (status, code, kind) in [(503, "SlowDown", FailureKind::Throttled), (500, "InternalError", FailureKind::Server)]
    {
        let fake = plain().on("GET", [refused(status, code)]);
        assert_eq!(observe(&fake, &["s3-object-access-key"], None).await.unwrap_err().kind, kind);
    }
}

#[tokio::test]
async fn tags_for_exemptions() {
    let fake = Fake::default()
        .on("GET tagging", [ok("<Tagging><TagSet><Tag><Key>a</Key><Value>b</Value></Tag></TagSet></Tagging>")]);
    let tags = S3ObjectGuard::default().tags(&fake.session(), &object(None)).await;
    assert_eq!(tags.known().unwrap().get("a").map(String::as_str), Some("b"));
    let fake = Fake::default().on("GET tagging", [refused(404, "NoSuchKey")]);
    assert!(matches!(S3ObjectGuard::default().tags(&fake.session(), &object(None)).await, Fact::Unreadable(_)));
}

#[tokio::test]
async fn nothing_is_listed() {
    let page = S3ObjectGuard::default().list(&Fake::default().session(), None).await.unwrap();
    assert_eq!((page.ids, page.next), (vec![], None));
}

async fn apply(fake: &Fake, change: &Change) -> Result<(), AwsFailure> {
    S3ObjectGuard::default().apply(&fake.session(), &object(Some("v1")), change).await
}

/// The quarantine of an object that holds a key.
async fn quarantine() -> (Facts, Change) {
    let fake = plain().on("GET", [ok(pair())]);
    let Observed::Facts(facts) = observe(&fake, &["s3-object-access-key"], Some("v1")).await.unwrap() else { panic!() };
    let finding = S3Object::judge(&facts, &Default::default(), &about(&["s3-object-access-key"])).remove(0);
    (facts, finding.changes.into_iter().next().unwrap())
}

#[tokio::test]
async fn the_statement_is_written_before_the_tag_and_only_once() {
    let (facts, change) = quarantine().await;
    let fake = plain().on("PUT policy", [ok("")]).on("PUT tagging", [ok("")]);
    apply(&fake, &change).await.unwrap();
    assert_eq!(fake.whats(), ["GET policy", "PUT policy", "PUT tagging"]);
    let (_, _, policy) = fake.calls().remove(1);
    assert!(fake.calls()[2].1.contains("versionId=v1"));

    // Again, with the statement there.
    let again = plain().on("GET policy", [ok(policy.clone())]).on("PUT tagging", [ok("")]);
    apply(&again, &change).await.unwrap();
    assert_eq!(again.whats(), ["GET policy", "PUT tagging"]);

    // Out again: the tag first, and what was no policy is none.
    let release = S3Object::inverse(&facts, &change).unwrap();
    let out = plain()
        .on("GET policy", [ok(policy)])
        .on("DELETE tagging", [(204, vec![], vec![])])
        .on("DELETE policy", [(204, vec![], vec![])]);
    apply(&out, &release).await.unwrap();
    assert_eq!(out.whats(), ["DELETE tagging", "GET policy", "DELETE policy"]);
    let gone = plain().on("DELETE tagging", [(204, vec![], vec![])]);
    apply(&gone, &release).await.unwrap();
    assert_eq!(gone.whats(), ["DELETE tagging", "GET policy"]);
}

/// A policy that cannot be read now is no reason to write another.
#[tokio::test]
async fn a_refused_read_of_the_policy_ends_the_write() {
    let (_, change) = quarantine().await;
    for (status, code) in [(403, "AccessDenied"), (503, "SlowDown")] {
        let fake = plain().on("GET policy", [refused(status, code)]);
        assert!(apply(&fake, &change).await.is_err());
        assert!(!fake.whats().iter().any(|what| what.starts_with("PUT")), "{code}");
    }
}

#[cfg(target_os = "linux")]
#[tokio::test]
async fn the_process_dumps_no_core() {
    S3ObjectGuard::default().prepare(&Fake::default().session());
    let limits = std::fs::read_to_string("/proc/self/limits").unwrap();
    let core = limits.lines().find(|line| line.starts_with("Max core file size")).unwrap();
    assert_eq!(core.split_whitespace().nth(4), Some("0"), "{core}");
}

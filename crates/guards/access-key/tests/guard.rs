//! The guard over the real SDK's requests and XML, for what the sandbox's cloud cannot do.

#![expect(clippy::unwrap_used, clippy::panic, reason = "a test that cannot go on has failed")]

use std::{
    collections::{BTreeMap, VecDeque},
    sync::{Arc, Mutex},
};

use aws_config::{BehaviorVersion, Region as SdkRegion, SdkConfig, retry::RetryConfig};
use aws_smithy_http_client::test_util::infallible_client_fn;
use aws_smithy_types::body::SdkBody;
use rectify_aws::{AwsFailure, FailureKind, Session};
use rectify_controls::{
    AccountId, Fact, Place, Region, Selection,
    access_key::{AccessKeyId, Change, Exposure, Facts, KeyId, Owner, Status, UserName},
};
use rectify_guard_access_key::AccessKeyGuard;
use rectify_runtime::{Guard, Observed};

const KEY: &str = "AKIAIOSFODNN7REALONE";

type Answer = (u16, String);

/// An IAM that answers what a test says.
#[derive(Clone, Default)]
struct Fake {
    answers: Arc<Mutex<BTreeMap<String, VecDeque<Answer>>>>,
    calls: Arc<Mutex<Vec<String>>>,
}

impl Fake {
    /// Answers `action` in turn, and with the last from then on.
    fn on(self, action: &str, answers: impl IntoIterator<Item = Answer>) -> Self {
        self.answers.lock().unwrap().insert(action.to_owned(), answers.into_iter().collect());
        self
    }

    fn session(&self, serial: u64) -> Session {
        let fake = self.clone();
        let credentials = aws_sdk_iam::config::Credentials::new("AKID", "secret", None, None, "test");
        let config = SdkConfig::builder()
            .behavior_version(BehaviorVersion::v2026_01_12())
            .region(SdkRegion::new("eu-central-1"))
            .credentials_provider(aws_sdk_iam::config::SharedCredentialsProvider::new(credentials))
            .retry_config(RetryConfig::standard().with_max_attempts(2))
            .http_client(infallible_client_fn(move |request| fake.answer(&request)))
            .build();
        Session { place: place("eu-central-1"), config, serial }
    }

    fn answer(&self, request: &http::Request<SdkBody>) -> http::Response<SdkBody> {
        assert_eq!(request.uri().host(), Some("iam.amazonaws.com"), "whatever the region");
        let body = String::from_utf8(request.body().bytes().unwrap_or_default().to_vec()).unwrap();
        let action = body.split(['=', '&']).nth(1).unwrap().to_owned();
        let asked = body.replace("&Version=2010-05-08", "").replace("Action=", "");
        self.calls.lock().unwrap().push(asked);
        let mut answers = self.answers.lock().unwrap();
        let answers = answers.get_mut(&action).unwrap_or_else(|| panic!("nothing is prepared for `{action}`"));
        let (status, body) =
            if answers.len() > 1 { answers.pop_front().unwrap() } else { answers.front().unwrap().clone() };
        http::Response::builder().status(status).body(SdkBody::from(body)).unwrap()
    }

    fn calls(&self) -> Vec<String> {
        self.calls.lock().unwrap().clone()
    }
}

fn place(region: &str) -> Place {
    Place { account: AccountId::new("111122223333").unwrap(), region: Region::new(region).unwrap() }
}

fn answer(action: &str, inner: &str) -> Answer {
    (200, format!("<{action}Response><{action}Result>{inner}</{action}Result></{action}Response>"))
}

fn refused(status: u16, code: &str) -> Answer {
    (status, format!("<ErrorResponse><Error><Code>{code}</Code><Message>m</Message></Error></ErrorResponse>"))
}

fn used_by(user: &str) -> Answer {
    let last = "<AccessKeyLastUsed><ServiceName>N/A</ServiceName><Region>N/A</Region></AccessKeyLastUsed>";
    answer("GetAccessKeyLastUsed", &format!("<UserName>{user}</UserName>{last}"))
}

fn keys(keys: &[(&str, &str)], next: Option<&str>) -> Answer {
    let members: String = keys
        .iter()
        .map(|(key, status)| {
            format!("<member><UserName>ci</UserName><AccessKeyId>{key}</AccessKeyId><Status>{status}</Status></member>")
        })
        .collect();
    let more = next.map_or_else(
        || "<IsTruncated>false</IsTruncated>".to_owned(),
        |next| format!("<IsTruncated>true</IsTruncated><Marker>{next}</Marker>"),
    );
    answer("ListAccessKeys", &format!("<AccessKeyMetadata>{members}</AccessKeyMetadata>{more}"))
}

fn key(user: Option<&str>) -> KeyId {
    KeyId {
        key: AccessKeyId::new(KEY).unwrap(),
        user: user.map(|user| UserName::new(user).unwrap()),
        exposed: Some(Exposure::new("s3://data/app.env").unwrap()),
    }
}

async fn observe(fake: &Fake, user: Option<&str>) -> Result<Observed<Facts>, AwsFailure> {
    let selection = Selection::from(["access-key-exposed"]);
    AccessKeyGuard::default().observe(&fake.session(1), &key(user), &selection).await
}

async fn owner(fake: &Fake, user: Option<&str>) -> Fact<Owner> {
    match observe(fake, user).await.unwrap() {
        Observed::Facts(facts) => facts.owner,
        Observed::Gone => panic!("gone"),
    }
}

fn owned(user: Option<&str>, status: Status) -> Fact<Owner> {
    Fact::Known(Owner { user: user.map(|user| UserName::new(user).unwrap()), status })
}

#[tokio::test]
async fn a_key_is_found_on_whatever_page_of_its_user() {
    let fake = Fake::default().on("GetAccessKeyLastUsed", [used_by("ci")]).on(
        "ListAccessKeys",
        [keys(&[("AKIAIOSFODNN7ANOTHER", "Inactive")], Some("m+1")), keys(&[(KEY, "Active")], None)],
    );
    let Observed::Facts(facts) = observe(&fake, None).await.unwrap() else { panic!() };
    assert_eq!(facts.owner, owned(Some("ci"), Status::Active));
    assert_eq!((facts.place, facts.own_account), (place("us-east-1"), false));
    assert_eq!(facts.exposed, key(None).exposed);
    assert_eq!(
        fake.calls(),
        [
            format!("GetAccessKeyLastUsed&AccessKeyId={KEY}"),
            "ListAccessKeys&UserName=ci".to_owned(),
            "ListAccessKeys&UserName=ci&Marker=m%2B1".to_owned(),
        ]
    );
    // As the function itself: the account is its own.
    let own = AccessKeyGuard::default().observe(&fake.session(0), &key(Some("ci")), &Selection::new()).await.unwrap();
    assert!(matches!(own, Observed::Facts(facts) if facts.own_account));
}

#[tokio::test]
async fn whose_it_is_is_not_asked_when_the_event_says_it() {
    for (status, expected) in
        [("Active", Status::Active), ("Inactive", Status::Inactive), ("Expired", Status::Inactive)]
    {
        let fake = Fake::default().on("ListAccessKeys", [keys(&[(KEY, status)], None)]);
        assert_eq!(owner(&fake, Some("ci")).await, owned(Some("ci"), expected));
    }
    let fake = Fake::default().on("ListAccessKeys", [keys(&[(KEY, "Sleeping")], None)]);
    assert!(matches!(owner(&fake, Some("ci")).await, Fact::Unreadable(_)));
}

#[tokio::test]
async fn the_root_user_has_no_list_of_keys() {
    for name in ["", "<UserName>root</UserName>", "<UserName>&lt;root_account&gt;</UserName>"] {
        let last = "<AccessKeyLastUsed><ServiceName>N/A</ServiceName><Region>N/A</Region></AccessKeyLastUsed>";
        let fake =
            Fake::default().on("GetAccessKeyLastUsed", [answer("GetAccessKeyLastUsed", &format!("{name}{last}"))]);
        assert_eq!(owner(&fake, None).await, owned(None, Status::Active), "{name}");
    }
}

#[tokio::test]
async fn what_a_refusal_means() {
    // Gone: the key, its user, or the key from the user's list.
    let fake = Fake::default().on("GetAccessKeyLastUsed", [refused(404, "NoSuchEntity")]);
    assert_eq!(observe(&fake, None).await.unwrap(), Observed::Gone);
    for list in [refused(404, "NoSuchEntity"), keys(&[], None), keys(&[("AKIAIOSFODNN7ANOTHER", "Active")], None)] {
        let fake = Fake::default().on("ListAccessKeys", [list]);
        assert_eq!(observe(&fake, Some("ci")).await.unwrap(), Observed::Gone);
    }
    // A list without an end is none.
    let fake = Fake::default().on("ListAccessKeys", [keys(&[], Some("again"))]);
    assert_eq!(observe(&fake, Some("ci")).await.unwrap(), Observed::Gone);
    assert_eq!(fake.calls().len(), 20);

    let denied = Fake::default().on("GetAccessKeyLastUsed", [refused(403, "AccessDenied")]);
    assert!(matches!(owner(&denied, None).await, Fact::Unreadable(why) if why.operation == "GetAccessKeyLastUsed"));
    let denied = Fake::default().on("ListAccessKeys", [refused(403, "AccessDenied")]);
    assert!(matches!(owner(&denied, Some("ci")).await, Fact::Unreadable(why) if why.operation == "ListAccessKeys"));

    for (status, code, kind) in
        [(400, "Throttling", FailureKind::Throttled), (500, "ServiceFailure", FailureKind::Server)]
    {
        let fake = Fake::default().on("ListAccessKeys", [refused(status, code)]);
        assert_eq!(observe(&fake, Some("ci")).await.unwrap_err().kind, kind, "{code}");
    }
}

#[tokio::test]
async fn tags_are_the_users() {
    let tags = |key: &str, next: &str| {
        answer("ListUserTags", &format!("<Tags><member><Key>{key}</Key><Value>true</Value></member></Tags>{next}"))
    };
    let pages =
        [tags("a", "<IsTruncated>true</IsTruncated><Marker>m</Marker>"), tags("b", "<IsTruncated>false</IsTruncated>")];
    let fake = Fake::default().on("ListUserTags", pages).on("GetAccessKeyLastUsed", [used_by("ci")]);
    let read = AccessKeyGuard::default().tags(&fake.session(1), &key(None)).await;
    assert_eq!(read.known().unwrap().keys().collect::<Vec<_>>(), ["a", "b"]);
    // Not knowing is not having none.
    for refusal in [refused(403, "AccessDenied"), refused(404, "NoSuchEntity"), refused(400, "Throttling")] {
        let fake = Fake::default().on("ListUserTags", [refusal]);
        let read = AccessKeyGuard::default().tags(&fake.session(1), &key(Some("ci"))).await;
        assert!(matches!(read, Fact::Unreadable(_)));
    }
}

#[tokio::test]
async fn the_status_is_set_of_this_users_key_and_twice_is_once() {
    let done = (200, "<UpdateAccessKeyResponse/>".to_owned());
    let fake = Fake::default().on("UpdateAccessKey", [done]);
    let user = UserName::new("ci").unwrap();
    for status in [Status::Inactive, Status::Inactive, Status::Active] {
        let change = Change::SetStatus { user: user.clone(), status };
        AccessKeyGuard::default().apply(&fake.session(1), &key(None), &change).await.unwrap();
    }
    let asked = |status: &str| format!("UpdateAccessKey&UserName=ci&AccessKeyId={KEY}&Status={status}");
    assert_eq!(fake.calls(), [asked("Inactive"), asked("Inactive"), asked("Active")]);
    let change = Change::SetStatus { user, status: Status::Inactive };
    for (status, code, kind) in [(403, "AccessDenied", FailureKind::Denied), (404, "NoSuchEntity", FailureKind::Gone)] {
        let fake = Fake::default().on("UpdateAccessKey", [refused(status, code)]);
        let failure = AccessKeyGuard::default().apply(&fake.session(1), &key(None), &change).await.unwrap_err();
        assert_eq!(failure.kind, kind);
    }
}

#[tokio::test]
async fn nothing_is_listed() {
    let page = AccessKeyGuard::default().list(&Fake::default().session(1), None).await.unwrap();
    assert_eq!((page.ids, page.next), (vec![], None));
}

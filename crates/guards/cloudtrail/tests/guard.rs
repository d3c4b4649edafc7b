//! The guard against prepared answers: what moto cannot do, and what exactly is sent.

#![expect(clippy::unwrap_used, clippy::panic, reason = "a test that cannot go on has failed")]

use std::{
    collections::{BTreeMap, BTreeSet, VecDeque},
    sync::{Arc, Mutex},
};

use aws_config::{BehaviorVersion, Region as SdkRegion, SdkConfig, retry::RetryConfig};
use aws_smithy_http_client::test_util::infallible_client_fn;
use aws_smithy_types::body::SdkBody;
use rectify_aws::{AwsFailure, FailureKind, Session};
use rectify_controls::{AccountId, Fact, Kind, Place, Region, Selection, cloudtrail::*};
use rectify_guard_cloudtrail::CloudTrailGuard;
use rectify_runtime::{Guard, Observed, Page};
use serde_json::{Value, json};

const ACCOUNT: &str = "111122223333";
const HOME: &str = "eu-west-1";

type Answer = (u16, Vec<(&'static str, String)>, String);

/// One request: what, in which region, with which body.
type Call = (String, String, Value);

#[derive(Clone, Default)]
struct Fake {
    answers: Arc<Mutex<BTreeMap<String, VecDeque<Answer>>>>,
    calls: Arc<Mutex<Vec<Call>>>,
}

impl Fake {
    /// Answers `what` with the given answers in turn, and with the last of them from then on.
    fn on(self, what: &str, answers: impl IntoIterator<Item = Answer>) -> Self {
        self.answers.lock().unwrap().insert(what.to_owned(), answers.into_iter().collect());
        self
    }

    fn session(&self) -> Session {
        let fake = self.clone();
        let credentials = aws_sdk_s3::config::Credentials::new("AKID", "secret", None, None, "test");
        let config = SdkConfig::builder()
            .behavior_version(BehaviorVersion::v2026_01_12())
            .region(SdkRegion::new(HOME))
            .endpoint_url("http://127.0.0.1:4566")
            .credentials_provider(aws_sdk_s3::config::SharedCredentialsProvider::new(credentials))
            .retry_config(RetryConfig::standard().with_max_attempts(4))
            .http_client(infallible_client_fn(move |request| fake.answer(&request)))
            .build();
        Session { place: place(), config, serial: 0 }
    }

    fn answer(&self, request: &http::Request<SdkBody>) -> http::Response<String> {
        let header = |name: &str| request.headers().get(name).map(|value| value.to_str().unwrap().to_owned());
        let what = match header("x-amz-target") {
            Some(target) => target.rsplit('.').next().unwrap().to_owned(),
            None => {
                let query = request.uri().query().unwrap_or_default();
                let part = query.split(['&', '=']).next().unwrap_or_default();
                let path = request.uri().path().strip_prefix("/v20180820/").unwrap_or(part);
                format!("{} {path}", request.method())
            }
        };
        let region = header("authorization").unwrap().split('/').nth(2).unwrap().to_owned();
        let body = serde_json::from_slice(request.body().bytes().unwrap_or_default()).unwrap_or_default();
        self.calls.lock().unwrap().push((what.clone(), region, body));
        let mut answers = self.answers.lock().unwrap();
        let answers = answers.get_mut(&what).unwrap_or_else(|| panic!("nothing is prepared for `{what}`"));
        let (status, headers, body) =
            if answers.len() > 1 { answers.pop_front().unwrap() } else { answers.front().unwrap().clone() };
        let mut response = http::Response::builder().status(status);
        for (name, value) in headers {
            response = response.header(name, value);
        }
        response.body(body).unwrap()
    }

    fn calls(&self) -> Vec<Call> {
        self.calls.lock().unwrap().clone()
    }

    fn sent(&self, what: &str) -> Vec<Value> {
        self.calls().into_iter().filter(|(name, ..)| name == what).map(|(_, _, body)| body).collect()
    }
}

fn place() -> Place {
    Place { account: AccountId::new(ACCOUNT).unwrap(), region: Region::new(HOME).unwrap() }
}

fn ok(body: &Value) -> Answer {
    (200, Vec::new(), body.to_string())
}

fn no(code: &str) -> Answer {
    (400, Vec::new(), json!({"__type": code, "message": "as AWS words it"}).to_string())
}

fn s3_no(status: u16, code: &str) -> Answer {
    (status, Vec::new(), format!("<Error><Code>{code}</Code><Message>m</Message></Error>"))
}

fn arn(account: &str, region: &str, name: &str) -> String {
    format!("arn:aws:cloudtrail:{region}:{account}:trail/{name}")
}

fn described(account: &str, region: &str, name: &str) -> Value {
    json!({"Name": name, "S3BucketName": "logs", "IncludeGlobalServiceEvents": true, "IsMultiRegionTrail": true, "HomeRegion": region,
        "TrailARN": arn(account, region, name), "LogFileValidationEnabled": true, "KmsKeyId": "", "IsOrganizationTrail": account != ACCOUNT})
}

/// A trail in a bucket of its own account, as AWS answers.
fn cloud() -> Fake {
    Fake::default()
        .on("GetTrail", [ok(&json!({"Trail": described(ACCOUNT, HOME, "main")}))])
        .on(
            "GetTrailStatus",
            [ok(&json!({"IsLogging": true, "StartLoggingTime": 1_700_000_000.5, "LatestDeliveryError": ""}))],
        )
        .on("GetEventSelectors", [ok(&json!({"EventSelectors": [], "AdvancedEventSelectors": []}))])
        .on("GetInsightSelectors", [no("InsightNotEnabledException")])
        .on(
            "ListTags",
            [ok(&json!({"ResourceTagList": [{"ResourceId": "x", "TagsList": [{"Key": "team", "Value": "audit"}]}]}))],
        )
        .on("DescribeTrails", [ok(&json!({"trailList": [described(ACCOUNT, HOME, "main")]}))])
        .on("ListTrails", [ok(&json!({"Trails": []}))])
        .on("ListEventDataStores", [ok(&json!({"EventDataStores": []}))])
        .on("HEAD ", [(200, vec![("x-amz-bucket-region", HOME.to_owned())], String::new())])
        .on("GET policyStatus", [s3_no(404, "NoSuchBucketPolicy")])
        .on(
            "GET acl",
            [(
                200,
                Vec::new(),
                "<AccessControlPolicy><Owner><ID>1</ID></Owner><AccessControlList/></AccessControlPolicy>".to_owned(),
            )],
        )
        .on("GET publicAccessBlock", [s3_no(404, "NoSuchPublicAccessBlockConfiguration")])
        .on("GET configuration/publicAccessBlock", [s3_no(404, "NoSuchPublicAccessBlockConfiguration")])
}

fn main_trail() -> Target {
    Target::Trail(TrailId { region: Region::new(HOME).unwrap(), name: TrailName::new("main").unwrap() })
}

fn all() -> Selection {
    CloudTrail::CONTROLS.iter().map(|control| control.id).collect()
}

async fn observe(fake: &Fake, target: &Target) -> Result<Observed<Facts>, AwsFailure> {
    CloudTrailGuard::default().observe(&fake.session(), target, &all()).await
}

async fn trail(fake: &Fake) -> TrailFacts {
    match observe(fake, &main_trail()).await {
        Ok(Observed::Facts(Facts::Trail(facts))) => *facts,
        other => panic!("{other:?}"),
    }
}

async fn account(fake: &Fake) -> Result<Vec<Seen>, AwsFailure> {
    match observe(fake, &Target::Account(place().account)).await? {
        Observed::Facts(Facts::Account(facts)) => Ok(facts.trails.known().unwrap().clone()),
        other => panic!("{other:?}"),
    }
}

#[tokio::test]
async fn a_trail_as_aws_describes_it() {
    let facts = trail(&cloud()).await;
    let settings = facts.settings.known().unwrap().as_ref().unwrap();
    assert_eq!((settings.key.as_ref(), settings.bucket.as_str()), (None, "logs"), "an empty key is none");
    assert_eq!(facts.selectors, Fact::Known(Selectors::default_of_aws()), "none at all are AWS's own");
    assert_eq!(facts.insights, Fact::Known(BTreeSet::new()));
    assert_eq!(facts.status, Fact::Known(Status { logging: true, started: true, delivery_error: None }));
    assert!(matches!(facts.bucket, Fact::Known(Bucket::Own { .. })), "{:?}", facts.bucket);
}

#[tokio::test]
async fn a_trail_that_is_gone_has_facts_because_something_may_be_kept_of_it() {
    let gone = || no("TrailNotFoundException");
    let fake = cloud().on("GetTrail", [gone()]).on("GetTrailStatus", [gone()]).on("GetEventSelectors", [gone()]);
    let fake = fake.on("GetInsightSelectors", [gone()]).on("ListTags", [no("ResourceNotFoundException")]);
    let facts = trail(&fake).await;
    assert_eq!((facts.settings, facts.status, facts.selectors), (Fact::Known(None), Fact::NotRead, Fact::NotRead));
}

#[tokio::test]
async fn what_is_refused_is_a_fact_and_what_is_throttled_is_not() {
    let facts = trail(&cloud().on("GetEventSelectors", [no("AccessDeniedException")])).await;
    assert!(
        matches!(&facts.selectors, Fact::Unreadable(why) if why.code == "AccessDeniedException"),
        "{:?}",
        facts.selectors
    );
    // Once is tried again; for good ends the look.
    let once = ok(&json!({"IsLogging": false}));
    let facts = trail(&cloud().on("GetTrailStatus", [no("ThrottlingException"), once])).await;
    assert_eq!(facts.status.known().map(|status| (status.logging, status.started)), Some((false, false)));
    let failure = observe(&cloud().on("GetTrailStatus", [no("ThrottlingException")]), &main_trail()).await.unwrap_err();
    assert_eq!(failure.kind, FailureKind::Throttled);
}

#[tokio::test]
async fn the_bucket_is_looked_for_where_it_is() {
    let of = async |fake: Fake| trail(&fake).await.bucket;
    let head = |status: u16, region: Option<&str>| {
        (status, region.map(|region| ("x-amz-bucket-region", region.to_owned())).into_iter().collect(), String::new())
    };
    assert_eq!(of(cloud().on("HEAD ", [head(404, None)])).await, Fact::Known(Bucket::Missing));
    assert_eq!(of(cloud().on("HEAD ", [head(403, Some(HOME))])).await, Fact::Known(Bucket::Foreign));
    for answer in [head(301, Some("us-west-2")), head(200, Some("us-west-2"))] {
        let fake = cloud().on("HEAD ", [answer]);
        assert!(matches!(of(fake.clone()).await, Fact::Known(Bucket::Own { .. })));
        let regions: BTreeSet<String> = fake
            .calls()
            .into_iter()
            .filter(|(what, ..)| what.starts_with("GET acl"))
            .map(|(_, region, _)| region)
            .collect();
        assert_eq!(regions, BTreeSet::from(["us-west-2".to_owned()]));
    }
    let everyone = r#"<AccessControlPolicy><Owner><ID>1</ID></Owner><AccessControlList><Grant><Grantee xmlns:xsi="http://www.w3.org/2001/XMLSchema-instance" xsi:type="Group"><URI>http://acs.amazonaws.com/groups/global/AllUsers</URI></Grantee><Permission>READ</Permission></Grant></AccessControlList></AccessControlPolicy>"#;
    let public = of(cloud().on("GET acl", [(200, Vec::new(), everyone.to_owned())])).await;
    assert!(matches!(public, Fact::Known(Bucket::Own { acl_public: Fact::Known(true), .. })), "{public:?}");
}

/// The organisation's trail is another account's: its status is asked for by ARN, its selectors not at all, because AWS refuses
/// them to members. Single-region trails of other regions come from `ListTrails`, page by page.
#[tokio::test]
async fn an_account_sees_its_own_trails_everywhere_and_the_organisations() {
    let listed =
        |name: &str, region: &str| json!({"Name": name, "TrailARN": arn(ACCOUNT, region, name), "HomeRegion": region});
    let mut far = described(ACCOUNT, "us-west-2", "far");
    far["IsMultiRegionTrail"] = json!(false);
    let both = json!({"trailList": [described(ACCOUNT, HOME, "main"), described("999988887777", "us-east-1", "all")]});
    let fake = cloud()
        .on("DescribeTrails", [ok(&both)])
        .on(
            "ListTrails",
            [
                ok(&json!({"Trails": [listed("main", HOME)], "NextToken": "more"})),
                ok(&json!({"Trails": [listed("far", "us-west-2")]})),
            ],
        )
        .on("GetTrail", [ok(&json!({"Trail": far}))]);
    let seen = account(&fake).await.unwrap();
    let names: Vec<(&str, bool, bool)> =
        seen.iter().map(|seen| (seen.trail.name.as_str(), seen.multi_region, seen.organization)).collect();
    assert_eq!(names, [("main", true, false), ("far", false, false), ("all", true, true)]);
    assert_eq!(seen[2].selectors, Fact::NotRead);
    assert_eq!(fake.sent("GetEventSelectors").len(), 2, "{:?}", fake.calls());
    let asked: Vec<Value> = fake.sent("GetTrailStatus").into_iter().map(|body| body["Name"].clone()).collect();
    assert!(asked.contains(&json!(arn("999988887777", "us-east-1", "all"))), "{asked:?}");
    let regions = fake.calls().into_iter().filter(|(what, ..)| what == "GetTrail").map(|(_, region, _)| region);
    assert_eq!(regions.collect::<Vec<_>>(), ["us-west-2"]);

    let failure = account(&cloud().on("ListTrails", [no("ThrottlingException")])).await.unwrap_err();
    assert_eq!(failure.kind, FailureKind::Throttled);
}

#[tokio::test]
async fn a_sweep_lists_what_is_at_home_here() {
    let store =
        |id: &str| json!({"EventDataStoreArn": format!("arn:aws:cloudtrail:{HOME}:{ACCOUNT}:eventdatastore/{id}")});
    let shadows = json!({"trailList": [described(ACCOUNT, HOME, "main"), described(ACCOUNT, "us-east-1", "shadow"),
        described("999988887777", HOME, "all")]});
    let fake = cloud().on("DescribeTrails", [ok(&shadows)]).on(
        "ListEventDataStores",
        [
            ok(&json!({"EventDataStores": [store("aaaa-1")], "NextToken": "t-2"})),
            ok(&json!({"EventDataStores": [store("bbbb-2"), store("no store!")]})),
        ],
    );
    let guard = CloudTrailGuard::default();
    let first: Page<Target> = guard.list(&fake.session(), None).await.unwrap();
    let text: Vec<String> = first.ids.iter().map(ToString::to_string).collect();
    assert_eq!(text, ["event data store aaaa-1 in eu-west-1", "trail main in eu-west-1", "account 111122223333"]);
    assert_eq!(first.next.as_deref(), Some("stores/t-2"));
    let second = guard.list(&fake.session(), first.next.as_deref()).await.unwrap();
    assert_eq!((second.ids.len(), second.odd.len(), second.next), (1, 1, None));
    for odd in ["", "stores/", "stores/a b", "trails/x", &format!("stores/{}", "x".repeat(2_000))] {
        assert_eq!(guard.list(&fake.session(), Some(odd)).await.unwrap_err().kind, FailureKind::Invalid, "{odd}");
    }
    // CloudTrail Lake is not in every region.
    let without = cloud().on("ListEventDataStores", [no("UnsupportedOperationException")]);
    let other = CloudTrailGuard::default();
    assert_eq!(other.list(&without.session(), None).await.unwrap().ids.len(), 2);
}

fn definition() -> Definition {
    Definition {
        settings: Settings {
            bucket: "logs".to_owned(),
            prefix: Some("p".to_owned()),
            topic: Some("arn:aws:sns:eu-west-1:111122223333:t".to_owned()),
            log_group: Some("arn:aws:logs:eu-west-1:111122223333:log-group:g:*".to_owned()),
            log_role: Some("arn:aws:iam::111122223333:role/trail".to_owned()),
            key: None,
            multi_region: true,
            global_events: true,
            organization: true,
            validation: true,
        },
        logging: true,
        selectors: Selectors::default_of_aws(),
        insights: BTreeSet::from(["ApiCallRateInsight".to_owned()]),
        tags: BTreeMap::from([("team".to_owned(), "audit".to_owned())]),
    }
}

#[tokio::test]
async fn a_trail_is_made_again_whole_and_twice_is_once() {
    let fake = Fake::default()
        .on("CreateTrail", [ok(&json!({})), no("TrailAlreadyExistsException")])
        .on("StartLogging", [ok(&json!({}))])
        .on("PutInsightSelectors", [ok(&json!({}))]);
    let change = Change::CreateTrail(Box::new(definition()));
    for _ in 0..2 {
        CloudTrailGuard::default().apply(&fake.session(), &main_trail(), &change).await.unwrap();
    }
    let whats: Vec<String> = fake.calls().into_iter().map(|(what, ..)| what).collect();
    let once = ["CreateTrail", "StartLogging", "PutInsightSelectors"];
    assert_eq!(whats, [once, once].concat(), "it logs before anything else; default selectors are not written");
    let sent = &fake.sent("CreateTrail")[0];
    assert_eq!(
        *sent,
        json!({"Name": "main", "S3BucketName": "logs", "S3KeyPrefix": "p",
        "SnsTopicName": "arn:aws:sns:eu-west-1:111122223333:t", "IncludeGlobalServiceEvents": true, "IsMultiRegionTrail": true,
        "EnableLogFileValidation": true, "CloudWatchLogsLogGroupArn": "arn:aws:logs:eu-west-1:111122223333:log-group:g:*",
        "CloudWatchLogsRoleArn": "arn:aws:iam::111122223333:role/trail", "IsOrganizationTrail": true,
        "TagsList": [{"Key": "team", "Value": "audit"}]})
    );
}

/// `UpdateTrail` leaves alone what it is not given.
#[tokio::test]
async fn each_change_writes_its_part_and_no_other() {
    let fake = Fake::default().on("UpdateTrail", [ok(&json!({}))]).on("PutEventSelectors", [ok(&json!({}))]);
    let guard = CloudTrailGuard::default();
    let far = TrailId { region: Region::new("us-west-2").unwrap(), name: TrailName::new("far").unwrap() };
    let account = Target::Account(place().account);
    let field = FieldSelector {
        field: "eventCategory".to_owned(),
        equals: vec!["Management".to_owned()],
        ..Default::default()
    };
    for (target, change) in [
        (main_trail(), Change::Validation(true)),
        (main_trail(), Change::Key(None)),
        (main_trail(), Change::Key(Some("alias/trail".to_owned()))),
        (account, Change::Coverage { trail: far, multi_region: true, global_events: true }),
        (
            main_trail(),
            Change::Selectors(Selectors::Advanced(vec![AdvancedSelector { name: None, fields: vec![field] }])),
        ),
    ] {
        guard.apply(&fake.session(), &target, &change).await.unwrap();
    }
    assert_eq!(
        fake.sent("UpdateTrail"),
        [
            json!({"Name": "main", "EnableLogFileValidation": true}),
            json!({"Name": "main", "KmsKeyId": ""}),
            json!({"Name": "main", "KmsKeyId": "alias/trail"}),
            json!({"Name": "far", "IncludeGlobalServiceEvents": true, "IsMultiRegionTrail": true}),
        ]
    );
    assert_eq!(fake.calls()[3].1, "us-west-2", "where the trail is at home");
    let selectors = json!([{"FieldSelectors": [{"Field": "eventCategory", "Equals": ["Management"]}]}]);
    assert_eq!(fake.sent("PutEventSelectors"), [json!({"TrailName": "main", "AdvancedEventSelectors": selectors})]);
    let mixed_up = guard.apply(&fake.session(), &main_trail(), &Change::Ingestion(true)).await.unwrap_err();
    assert_eq!(mixed_up.kind, FailureKind::Invalid);
}

#[tokio::test]
async fn deleting_what_is_gone_is_done_and_a_refusal_is_said() {
    let fake = Fake::default()
        .on("DeleteTrail", [no("TrailNotFoundException")])
        .on("StartLogging", [no("AccessDeniedException")]);
    let guard = CloudTrailGuard::default();
    guard.apply(&fake.session(), &main_trail(), &Change::DeleteTrail).await.unwrap();
    let refused = guard.apply(&fake.session(), &main_trail(), &Change::Logging(true)).await.unwrap_err();
    assert_eq!((refused.kind, refused.operation), (FailureKind::Denied, "StartLogging"));
}

/// Of an event data store all is read in one call, and its settings are written in one.
#[tokio::test]
async fn an_event_data_store_is_read_and_written_whole() {
    let store = StoreId::new(Region::new(HOME).unwrap(), "abc-def").unwrap();
    let target = Target::Store(store);
    let selectors = json!([{"Name": "m", "FieldSelectors": [{"Field": "eventCategory", "Equals": ["Management"]}]}]);
    let answer = json!({"Status": "ENABLED", "MultiRegionEnabled": true, "TerminationProtectionEnabled": false,
        "RetentionPeriod": 2557, "AdvancedEventSelectors": selectors});
    let fake = Fake::default().on("GetEventDataStore", [ok(&answer)]).on("UpdateEventDataStore", [ok(&json!({}))]);
    let facts = async |fake: &Fake| {
        let seen = CloudTrailGuard::default().observe(&fake.session(), &target, &Selection::new()).await;
        match seen.unwrap() {
            Observed::Facts(Facts::Store(facts)) => *facts,
            other => panic!("{other:?}"),
        }
    };
    let seen = facts(&fake).await;
    assert_eq!(seen.status, Fact::Known("ENABLED".to_owned()));
    let settings = seen.settings.known().unwrap().clone();
    assert_eq!((settings.multi_region, settings.protected, settings.retention), (true, false, 2557));
    let change = Change::Store(Box::new(settings));
    CloudTrailGuard::default().apply(&fake.session(), &target, &change).await.unwrap();
    let mut sent = fake.sent("UpdateEventDataStore").remove(0);
    assert_eq!(sent["EventDataStore"].take(), json!("abc-def"));
    for (name, value) in answer.as_object().unwrap().iter().filter(|(name, _)| *name != "Status") {
        assert_eq!(sent[name], *value, "{name}");
    }

    let refused = Fake::default().on("GetEventDataStore", [no("AccessDeniedException")]);
    let seen = facts(&refused).await;
    assert!(matches!((seen.status, seen.settings), (Fact::Unreadable(_), Fact::Unreadable(_))));
    let without = Fake::default().on("GetEventDataStore", [ok(&json!({"Status": "ENABLED"}))]);
    assert!(matches!(facts(&without).await.settings, Fact::Unreadable(_)), "half an answer is none");
}

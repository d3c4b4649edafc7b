//! Trails in the sandbox: stopped, deleted, narrowed, and how rectify still learns of it when nothing is logged any more.

#![expect(clippy::unwrap_used, reason = "a test that cannot go on has failed")]

use rectify_e2e::{
    ACCOUNT, ALL_CORRECTIVE, About, Stage, example_of,
    organization::{self, DEVELOPMENT},
    shipped_settings,
    trails::{TRAIL_KEY, TRAILS_BY_NAME, trail_arn, trail_resource},
    undo,
};
use serde_json::{Value, json};

const STOPPED: &str = "cloudtrail-logging-stopped";
const DELETED: &str = "cloudtrail-trail-deleted";
const COVERAGE: &str = "cloudtrail-not-multi-region";
const WEAKENED: &str = "cloudtrail-event-selectors-weakened";
const VALIDATION: &str = "cloudtrail-log-validation-off";
const KEY: &str = "cloudtrail-not-kms-encrypted";
const BUCKET: &str = "cloudtrail-bucket-public-or-missing";

fn everything() -> String {
    format!("{ALL_CORRECTIVE}{TRAILS_BY_NAME}")
}

fn sweep(account: &str, region: &str) -> Value {
    json!({"version": "0", "id": "s-1", "source": "rectify", "detail-type": "Sweep", "account": ACCOUNT, "region": "eu-central-1",
        "time": "2026-11-28T05:00:00Z", "resources": [],
        "detail": {"kind": "cloudtrail", "account": account, "region": region, "controls": [], "sweep": "s-1", "after": null}})
}

#[track_caller]
fn assert_found(about: &About, control: &str, outcome: &str, severity: &str) {
    assert_eq!(about.found, [(control.to_owned(), outcome.to_owned())], "{:#?}", about.ends);
    assert_eq!(about.told, [(control.to_owned(), outcome.to_owned(), severity.to_owned())], "{control}: told once");
}

async fn undone(stage: &Stage, resource: &Value, about: &About) -> Value {
    let mut ids = about.corrections.iter().map(|row| row["correction"].as_str().unwrap());
    let id = ids.rfind(|id| !id.starts_with("u-")).unwrap();
    let answer = stage.order_to("CloudtrailGuard", &undo(resource, id)).await;
    stage.settle().await;
    answer
}

/// Control `cloudtrail-logging-stopped`, on the shipped settings.
#[tokio::test(flavor = "multi_thread")]
async fn a_stopped_trail_logs_again_and_an_undo_stops_it() {
    let stage = Stage::with_trail(&shipped_settings()).await;
    stage.aws.trail("StopLogging", json!({"Name": trail_arn("main")})).await;
    stage.settle().await;
    assert!(stage.aws.logs("main").await, "{}", stage.story());
    let about = stage.about("main").await;
    assert_found(&about, STOPPED, "corrected", "critical");
    assert_eq!(about.writes, ["StartLogging"]);
    assert!(stage.about("trails").await.found.is_empty(), "the account is covered again when it is looked at");
    // Our own StartLogging came round and changed nothing.
    assert_eq!(stage.world.calls().iter().filter(|call| call.operation == "StartLogging").count(), 1);

    let answer = undone(&stage, &trail_resource("main"), &about).await;
    assert_eq!(answer["outcome"], "restored", "{answer}");
    assert!(!stage.aws.logs("main").await, "exactly as it stood, and left alone");
    stage.close().await;
}

/// Control `cloudtrail-log-validation-off`.
#[tokio::test(flavor = "multi_thread")]
async fn validation_comes_back() {
    let stage = Stage::with_trail(&shipped_settings()).await;
    stage.aws.trail("UpdateTrail", json!({"Name": "main", "EnableLogFileValidation": false})).await;
    stage.settle().await;
    let about = stage.about("main").await;
    assert_found(&about, VALIDATION, "corrected", "low");
    assert_eq!(stage.aws.whole_trail("main").await["trail"]["LogFileValidationEnabled"], true);
    let answer = undone(&stage, &trail_resource("main"), &about).await;
    assert_eq!(answer["outcome"], "restored", "{answer}");
    assert_eq!(stage.aws.whole_trail("main").await["trail"]["LogFileValidationEnabled"], false);
    stage.close().await;
}

/// Control `cloudtrail-trail-deleted`: everything comes back, selectors, Insights and tags too, and an undo deletes it again.
#[tokio::test(flavor = "multi_thread")]
async fn a_deleted_trail_comes_back_as_it_was() {
    let stage = Stage::with_trail(&everything()).await;
    let data = json!([
        {"Name": "all", "FieldSelectors": [{"Field": "eventCategory", "Equals": ["Management"]}]},
        {"Name": "records", "FieldSelectors": [{"Field": "eventCategory", "Equals": ["Data"]},
            {"Field": "resources.type", "Equals": ["AWS::S3::Object"]},
            {"Field": "resources.ARN", "StartsWith": ["arn:aws:s3:::records/"]}]},
    ]);
    stage.aws.trail("PutEventSelectors", json!({"TrailName": "main", "AdvancedEventSelectors": data})).await;
    let insights = json!([{"InsightType": "ApiCallRateInsight"}]);
    stage.aws.trail("PutInsightSelectors", json!({"TrailName": "main", "InsightSelectors": insights})).await;
    stage.settle().await;
    assert!(stage.about("main").await.is_untouched(), "logging more is no breach");
    let before = stage.aws.whole_trail("main").await;

    stage.aws.trail("DeleteTrail", json!({"Name": "main"})).await;
    stage.settle().await;
    let about = stage.about("main").await;
    assert_found(&about, DELETED, "corrected", "critical");
    assert_eq!(about.writes, ["CreateTrail", "StartLogging", "PutEventSelectors", "PutInsightSelectors"]);
    assert_eq!(stage.aws.whole_trail("main").await, before);
    assert!(stage.about("trails").await.found.is_empty(), "{:#?}", stage.about("trails").await);

    let answer = undone(&stage, &trail_resource("main"), &about).await;
    assert_eq!(answer["outcome"], "restored", "{answer}");
    assert_eq!(stage.aws.try_trail("GetTrail", json!({"Name": "main"})).await.status / 100, 4);
    stage.close().await;
}

/// Control `cloudtrail-not-multi-region`.
#[tokio::test(flavor = "multi_thread")]
async fn the_trail_that_covered_everything_covers_it_again() {
    let stage = Stage::with_trail(&everything()).await;
    let narrow = json!({"Name": "main", "IsMultiRegionTrail": false, "IncludeGlobalServiceEvents": false});
    stage.aws.trail("UpdateTrail", narrow).await;
    stage.settle().await;
    let about = stage.about("trails").await;
    assert_found(&about, COVERAGE, "corrected", "high");
    let trail = stage.aws.whole_trail("main").await["trail"].clone();
    assert_eq!((&trail["IsMultiRegionTrail"], &trail["IncludeGlobalServiceEvents"]), (&json!(true), &json!(true)));
    let account =
        json!({"account": ACCOUNT, "region": "us-east-1", "arn": format!("arn:aws:cloudtrail::{ACCOUNT}:trails")});
    let answer = undone(&stage, &account, &about).await;
    assert_eq!(answer["outcome"], "restored", "{answer}");
    let trail = stage.aws.whole_trail("main").await["trail"].clone();
    assert_eq!((&trail["IsMultiRegionTrail"], &trail["IncludeGlobalServiceEvents"]), (&json!(false), &json!(false)));
    stage.close().await;
}

/// Controls `cloudtrail-event-selectors-weakened` and `cloudtrail-not-kms-encrypted`: what stood comes back from what was kept.
#[tokio::test(flavor = "multi_thread")]
async fn selectors_and_key_come_back_as_they_stood() {
    let stage = Stage::with_trail(&everything()).await;
    let before = stage.aws.whole_trail("main").await;
    let weak = json!([{"ReadWriteType": "ReadOnly", "IncludeManagementEvents": false, "DataResources": []}]);
    stage.aws.trail("PutEventSelectors", json!({"TrailName": "main", "EventSelectors": weak})).await;
    stage.settle().await;
    let about = stage.about("main").await;
    assert_found(&about, WEAKENED, "corrected", "high");
    assert_eq!(stage.aws.whole_trail("main").await["selectors"], before["selectors"]);
    let answer = undone(&stage, &trail_resource("main"), &about).await;
    assert_eq!(answer["outcome"], "restored", "{answer}");
    let stands = &stage.aws.whole_trail("main").await["selectors"]["EventSelectors"][0];
    assert_eq!((&stands["ReadWriteType"], &stands["IncludeManagementEvents"]), (&json!("ReadOnly"), &json!(false)));

    stage.world.clear_records();
    stage.aws.trail("UpdateTrail", json!({"Name": "main", "KmsKeyId": ""})).await;
    stage.settle().await;
    let about = stage.about("main").await;
    assert!(about.found.contains(&(KEY.to_owned(), "corrected".to_owned())), "{about:#?}");
    assert_eq!(stage.aws.whole_trail("main").await["trail"]["KmsKeyId"], TRAIL_KEY);
    let answer = undone(&stage, &trail_resource("main"), &about).await;
    assert_eq!(answer["outcome"], "restored", "{answer}");
    assert_eq!(stage.aws.whole_trail("main").await["trail"]["KmsKeyId"], "");
    stage.close().await;
}

/// Controls `cloudtrail-trail-deleted`, `cloudtrail-not-multi-region`, `cloudtrail-event-selectors-weakened` and
/// `cloudtrail-not-kms-encrypted` without being switched on by name.
#[tokio::test(flavor = "multi_thread")]
async fn what_can_cost_money_is_told() {
    let stage = Stage::with_trail(ALL_CORRECTIVE).await;
    let weak = json!([{"ReadWriteType": "WriteOnly", "IncludeManagementEvents": true}]);
    stage.aws.trail("PutEventSelectors", json!({"TrailName": "main", "EventSelectors": weak})).await;
    stage.aws.trail("UpdateTrail", json!({"Name": "main", "KmsKeyId": ""})).await;
    stage.settle().await;
    stage.aws.trail("DeleteTrail", json!({"Name": "main"})).await;
    stage.settle().await;
    assert_eq!(stage.writes(), [""; 0]);
    for (control, severity) in [(WEAKENED, "high"), (KEY, "medium"), (DELETED, "critical"), (COVERAGE, "high")] {
        let told = stage.told(control);
        let told: Vec<_> = told.iter().filter(|told| told["outcome"] == "notified").collect();
        // First it logs too little, and then there is none.
        assert_eq!(told.len(), if control == COVERAGE { 2 } else { 1 }, "{control}: {told:#?}");
        assert_eq!(told[0]["severity"], severity, "{control}");
    }
    stage.close().await;
}

/// Control `cloudtrail-bucket-public-or-missing`: the deletion of a bucket names no trail, and still the trail is found.
#[tokio::test(flavor = "multi_thread")]
async fn a_trail_without_a_bucket_is_told() {
    let stage = Stage::with_trail(&everything()).await;
    stage.aws.create_bucket("nobody-logs-here").await;
    stage.aws.s3("DELETE", "/nobody-logs-here", &[], "").await;
    stage.settle().await;
    assert!(stage.told(BUCKET).is_empty());
    stage.aws.s3("DELETE", "/main-logs", &[], "").await;
    stage.settle().await;
    let about = stage.about("main").await;
    assert_found(&about, BUCKET, "notified", "critical");
    assert!(about.messages[0]["summary"].as_str().unwrap().contains("main-logs"), "{:#?}", about.messages);
    stage.close().await;
}

/// Control `cloudtrail-bucket-public-or-missing`: a bucket that is opened is put right by its own guard, and told here by a sweep
/// when it is not.
#[tokio::test(flavor = "multi_thread")]
async fn a_trail_with_a_public_bucket_is_told_by_sweeps() {
    let off = "
[control.s3-bucket-public-acl]
mode = \"detective\"

[control.s3-bucket-block-public-access-off]
mode = \"detective\"
";
    let stage = Stage::with_trail(&format!("{}{off}", everything())).await;
    stage.aws.put_block("main-logs", false).await;
    stage.aws.put_acl("main-logs", "public-read").await;
    stage.settle().await;
    stage.world.clear_records();
    stage.world.publish(&sweep(ACCOUNT, "eu-central-1"));
    stage.settle().await;
    assert_found(&stage.about("main").await, BUCKET, "notified", "critical");
    stage.close().await;
}

/// Stopping the only trail is the last thing anybody hears from an account. The call that does it is told by its own event; what
/// comes after is found by the next sweep, although no list names a trail that is gone.
#[tokio::test(flavor = "multi_thread")]
async fn what_happens_in_the_dark_is_found_by_a_sweep() {
    let settings = r#"
[[environment]]
name = "development"
default = true
mode = "detective"
"#;
    let stage = Stage::with_trail(settings).await;
    stage.aws.trail("StopLogging", json!({"Name": "main"})).await;
    stage.settle().await;
    assert_eq!(stage.told(STOPPED).len(), 1, "the event of the call that stops it still arrives");
    assert_eq!(stage.told(COVERAGE).len(), 1, "and that it was the only one");

    stage.world.lose_events(true);
    stage.aws.trail("DeleteTrail", json!({"Name": "main"})).await;
    stage.settle().await;
    assert!(stage.told(DELETED).is_empty(), "nobody hears of it");

    // Where the account is at home, whichever regions its trails were in.
    let order = json!({"rectify": "sweep", "account": ACCOUNT, "region": "us-east-1", "dry_run": true});
    let answer = stage.order_to("CloudtrailGuard", &order).await;
    assert!(answer.to_string().contains(DELETED), "{answer}");
    stage.world.publish(&sweep(ACCOUNT, "us-east-1"));
    stage.settle().await;
    let told = stage.told(DELETED);
    assert_eq!(told.len(), 1, "{}", stage.story());
    assert_eq!(told[0]["resource"]["arn"], trail_arn("main"));
    // The next sweep says nothing new.
    stage.world.publish(&sweep(ACCOUNT, "us-east-1"));
    stage.settle().await;
    assert_eq!(stage.told(DELETED).len(), 1);
    stage.close().await;
}

/// The same in the dark, where the account corrects: the trail that was stopped and deleted logs again.
#[tokio::test(flavor = "multi_thread")]
async fn a_sweep_brings_back_what_was_deleted_in_the_dark() {
    let stage = Stage::with_trail(&everything()).await;
    let before = stage.aws.whole_trail("main").await;
    stage.world.lose_events(true);
    stage.aws.trail("StopLogging", json!({"Name": "main"})).await;
    stage.aws.trail("DeleteTrail", json!({"Name": "main"})).await;
    stage.settle().await;
    stage.world.lose_events(false);
    stage.world.publish(&sweep(ACCOUNT, "us-east-1"));
    stage.settle().await;
    assert_eq!(stage.aws.whole_trail("main").await, before, "{}", stage.story());
    stage.close().await;
}

/// A call can be about a trail that is at home in another region than its event.
#[tokio::test(flavor = "multi_thread")]
async fn a_trail_is_changed_where_it_is_at_home() {
    let stage = Stage::guarded_by("CloudtrailGuard", &shipped_settings()).await;
    let there = stage.aws.acting("test", "us-east-1");
    there.create_bucket("far-logs").await;
    let trail = json!({"Name": "far", "S3BucketName": "far-logs", "IsMultiRegionTrail": true, "EnableLogFileValidation": true,
        "KmsKeyId": TRAIL_KEY});
    there.trail("CreateTrail", trail).await;
    there.trail("StartLogging", json!({"Name": "far"})).await;
    there.trail("StopLogging", json!({"Name": "far"})).await;
    stage.settle().await;
    let mut event = example_of("cloudtrail", "stop-logging");
    event["detail"]["requestParameters"]["name"] = json!(format!("arn:aws:cloudtrail:us-east-1:{ACCOUNT}:trail/far"));
    stage.world.publish(&event);
    stage.settle().await;
    assert!(there.logs("far").await, "{}", stage.story());
    let starts: Vec<String> = (stage.world.calls().into_iter())
        .filter(|call| call.function.is_some() && call.operation == "StartLogging")
        .map(|call| call.region)
        .collect();
    assert_eq!(starts, ["us-east-1"]);
    stage.close().await;
}

/// The organisation's trail covers its members; none of them is told that it has no trail, and none touches it.
#[tokio::test(flavor = "multi_thread")]
async fn the_organisations_trail_covers_its_members() {
    let stage = Stage::organization_guarded_by("CloudtrailGuard", organization::SETTINGS).await;
    let sweep = json!({"rectify": "sweep", "account": DEVELOPMENT, "region": "us-east-1"});
    stage.order_to("CloudtrailGuard", &sweep).await;
    stage.settle().await;
    assert_eq!(stage.told(COVERAGE).len(), 1, "before there is one: {}", stage.story());
    stage.world.clear_records();
    stage.aws.create_bucket("everything-logs").await;
    let trail = json!({"Name": "everything", "S3BucketName": "everything-logs", "IsMultiRegionTrail": true,
        "IsOrganizationTrail": true, "EnableLogFileValidation": true, "KmsKeyId": TRAIL_KEY});
    stage.aws.trail("CreateTrail", trail).await;
    stage.aws.trail("StartLogging", json!({"Name": "everything"})).await;
    stage.settle().await;
    stage.world.clear_records();
    stage.order_to("CloudtrailGuard", &sweep).await;
    stage.settle().await;
    let outcomes: Vec<String> = stage.ends().into_iter().map(|end| end.outcome).collect();
    assert!(
        outcomes.iter().all(|outcome| ["compliant", "resolved"].contains(&outcome.as_str())),
        "{:#?}",
        stage.ends()
    );

    stage.world.clear_records();
    let mut event = example_of("cloudtrail", "stop-logging");
    event["account"] = json!(DEVELOPMENT);
    event["detail"]["recipientAccountId"] = json!(DEVELOPMENT);
    event["detail"]["requestParameters"]["name"] = json!(trail_arn("everything"));
    stage.world.publish(&event);
    stage.settle().await;
    assert_eq!(stage.ended("ignored").len(), 1, "{:#?}", stage.ends());
    stage.close().await;
}

/// Controls `cloudtrail-logging-stopped` and `cloudtrail-trail-deleted`, of event data stores.
#[tokio::test(flavor = "multi_thread")]
async fn an_event_data_store_takes_events_in_again() {
    let stage = Stage::guarded_by("CloudtrailGuard", &everything()).await;
    let made = json!({"Name": "audit", "TerminationProtectionEnabled": false});
    let arn = stage.aws.trail("CreateEventDataStore", made).await["EventDataStoreArn"].as_str().unwrap().to_owned();
    let id = arn.rsplit('/').next().unwrap().to_owned();
    let status = async || stage.aws.trail("GetEventDataStore", json!({"EventDataStore": arn})).await["Status"].clone();
    stage.aws.trail("StopEventDataStoreIngestion", json!({"EventDataStore": arn})).await;
    stage.settle().await;
    assert_eq!(status().await, "ENABLED", "{}", stage.story());
    assert_found(&stage.about(&id).await, STOPPED, "corrected", "critical");
    stage.world.clear_records();
    stage.aws.trail("DeleteEventDataStore", json!({"EventDataStore": arn})).await;
    stage.settle().await;
    assert_eq!(status().await, "ENABLED", "{}", stage.story());
    let about = stage.about(&id).await;
    assert_found(&about, DELETED, "corrected", "critical");
    let resource = json!({"account": ACCOUNT, "region": "eu-central-1", "arn": arn});
    let answer = undone(&stage, &resource, &about).await;
    assert_eq!(answer["outcome"], "restored", "{answer}");
    assert_eq!(status().await, "PENDING_DELETION");
    stage.close().await;
}

/// Control `cloudtrail-event-selectors-weakened`, of event data stores: first its protection, then what it takes in.
#[tokio::test(flavor = "multi_thread")]
async fn an_event_data_store_gets_back_what_it_had() {
    let stage = Stage::guarded_by("CloudtrailGuard", &everything()).await;
    let made = json!({"Name": "audit", "RetentionPeriod": 2557});
    let arn = stage.aws.trail("CreateEventDataStore", made).await["EventDataStoreArn"].as_str().unwrap().to_owned();
    let id = arn.rsplit('/').next().unwrap().to_owned();
    let now = async || stage.aws.trail("GetEventDataStore", json!({"EventDataStore": arn})).await;
    stage.settle().await;
    assert!(stage.about(&id).await.found.is_empty(), "{}", stage.story());
    let before = now().await;
    let reads = json!([{"Name": "Reads", "FieldSelectors": [
        {"Field": "eventCategory", "Equals": ["Management"]}, {"Field": "readOnly", "Equals": ["true"]}]}]);
    let weaker = json!({"EventDataStore": arn, "TerminationProtectionEnabled": false, "RetentionPeriod": 7,
        "MultiRegionEnabled": false, "AdvancedEventSelectors": reads});
    stage.aws.trail("UpdateEventDataStore", weaker).await;
    let broken = now().await;
    assert_ne!(broken, before);
    stage.settle().await;
    assert_eq!(now().await, before, "{}", stage.story());
    let about = stage.about(&id).await;
    assert_found(&about, WEAKENED, "corrected", "high");
    let resource = json!({"account": ACCOUNT, "region": "eu-central-1", "arn": arn});
    let answer = undone(&stage, &resource, &about).await;
    assert_eq!(answer["outcome"], "restored", "{answer}");
    assert_eq!(now().await, broken);

    // Left alone from then on, as the undo says.
    stage.world.clear_records();
    stage.aws.trail("UpdateEventDataStore", json!({"EventDataStore": arn, "RetentionPeriod": 3653})).await;
    stage.settle().await;
    assert!(stage.writes().is_empty() && stage.about(&id).await.told.is_empty(), "{}", stage.story());
    stage.close().await;
}

/// A trail that nobody has started is told and not started; a second one that logs less than the first is told with less.
#[tokio::test(flavor = "multi_thread")]
async fn near_misses_are_left_alone() {
    let stage = Stage::with_trail(&everything()).await;
    let second =
        json!({"Name": "second", "S3BucketName": "main-logs", "EnableLogFileValidation": true, "KmsKeyId": TRAIL_KEY});
    stage.aws.trail("CreateTrail", second).await;
    let data = json!([{"ReadWriteType": "All", "IncludeManagementEvents": false,
        "DataResources": [{"Type": "AWS::S3::Object", "Values": ["arn:aws:s3"]}]}]);
    stage.aws.trail("PutEventSelectors", json!({"TrailName": "second", "EventSelectors": data})).await;
    stage.settle().await;
    stage.world.publish(&sweep(ACCOUNT, "eu-central-1"));
    stage.settle().await;
    assert!(!stage.aws.logs("second").await, "{}", stage.story());
    assert_eq!(stage.writes(), [""; 0]);
    let weakened = stage.told(WEAKENED);
    assert_eq!((weakened.len(), &weakened[0]["severity"]), (1, &json!("low")), "{weakened:#?}");
    assert!(stage.told(COVERAGE).is_empty(), "the first covers the account");
    // The same in the other form is no change.
    let advanced = json!([{"FieldSelectors": [{"Field": "eventCategory", "Equals": ["Management"]}]}]);
    stage.aws.trail("PutEventSelectors", json!({"TrailName": "main", "AdvancedEventSelectors": advanced})).await;
    stage.settle().await;
    assert!(stage.about("main").await.is_untouched(), "{:#?}", stage.about("main").await);
    stage.close().await;
}

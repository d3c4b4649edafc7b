//! Fail closed: what a person sees when something the guard depends on does not answer, or does not say what it should.

#![expect(clippy::unwrap_used, clippy::indexing_slicing, reason = "a test that cannot go on has failed")]
#![expect(clippy::print_stdout, reason = "the table is there to be read")]

use std::{collections::BTreeSet, time::Duration};

use futures::StreamExt;
use rectify_e2e::{ACCOUNT, ALL_CORRECTIVE, Stage};
use rectify_sandbox::{Effect, Fault};
use serde_json::{Value, json};

/// The organisational unit of [`CANARY`].
const UNIT: &str = "ou-ab12-11111111";

/// Settings in which only a unit of the organisation is corrected.
const CANARY: &str = r#"
[[environment]]
name = "canary"
organizational-units = ["ou-ab12-11111111"]
mode = "corrective"

[[environment]]
name = "development"
default = true
mode = "detective"
"#;

/// A breach while something fails, and what must come of it.
struct Row {
    fails: &'static str,
    /// `None`: the file is missing.
    settings: Option<String>,
    faults: Vec<Fault>,
    /// Planted in the ledger, as DynamoDB has it.
    rows: Vec<Value>,
    /// Outcomes of the finding, or the errors Lambda tried again after; each once, sorted.
    ends: &'static [&'static str],
    /// The outcome that was told, and words of its message; `None`: nobody was told.
    told: Option<(&'static str, &'static str)>,
    /// S3 took a write of the guard's.
    written: bool,
    /// The event is in the dead-letter queue.
    waits: bool,
}

fn row(fails: &'static str, ends: &'static [&'static str], told: Option<(&'static str, &'static str)>) -> Row {
    let settings = Some(ALL_CORRECTIVE.to_owned());
    Row { fails, settings, faults: Vec::new(), rows: Vec::new(), ends, told, written: false, waits: false }
}

fn error(status: u16, code: &str) -> Effect {
    Effect::Error { status, code: code.to_owned() }
}

fn fault(service: &str, operation: Option<&str>, effect: Effect) -> Fault {
    Fault { service: Some(service.to_owned()), operation: operation.map(str::to_owned), effect, ..Fault::default() }
}

fn writes(effect: &Effect) -> Vec<Fault> {
    ["PutPublicAccessBlock", "PutBucketAcl"].map(|put| fault("s3", Some(put), effect.clone())).to_vec()
}

/// Where `account` is in the organisation, as `rectify org refresh` writes it.
fn account(account: &str, unit: &str, read_at: &str) -> Value {
    let facts = json!({"name": "main", "path": ["r-ab12", unit], "tags": {}, "read_at": read_at});
    json!({"pk": {"S": format!("standing#{account}")}, "sk": {"S": "account"}, "facts": {"S": facts.to_string()},
        "read_at": {"N": "1795000000000"}})
}

fn standing(sk: &str) -> Value {
    json!({"pk": {"S": "standing"}, "sk": {"S": sk}, "exemption": {"S": "not ours"}, "until": {"N": "9999999999999"}})
}

/// Never old.
const FRESH: &str = "2999-01-01T00:00:00Z";

fn table() -> Vec<Row> {
    let untold = "whether an exemption or a switch holds could not be told";
    let unread: &[&str] = &["Rectify.Ledger"];
    let canary = |row: Row, rows: Vec<Value>| Row { settings: Some(CANARY.to_owned()), rows, ..row };
    let throttled = || error(400, "ProvisionedThroughputExceededException");
    let unknown = Some(("withheld", "hangs on the organisation"));
    let ledger =
        |row: Row, operation, effect| Row { faults: vec![fault("dynamodb", operation, effect)], waits: true, ..row };
    vec![
        Row {
            settings: None,
            ..row("settings missing", &["withheld"], Some(("withheld", "settings.toml: No such file")))
        },
        Row {
            settings: Some(format!("{ALL_CORRECTIVE}\n[control")),
            ..row("settings malformed", &["withheld"], Some(("withheld", "the settings could not be read")))
        },
        ledger(row("ledger unreachable", unread, Some(("withheld", untold))), None, Effect::Cut),
        ledger(row("ledger throttled", unread, Some(("withheld", untold))), None, throttled()),
        ledger(
            row("ledger unreadable", unread, Some(("withheld", untold))),
            Some("Query"),
            error(500, "InternalServerError"),
        ),
        ledger(
            row("claim refused", unread, Some(("withheld", "the ledger could not be written"))),
            Some("TransactWriteItems"),
            error(500, "InternalServerError"),
        ),
        Row {
            rows: vec![standing("exemption#x")],
            waits: true,
            ..row("an exemption unreadable", unread, Some(("withheld", untold)))
        },
        Row {
            rows: vec![standing("switch#x")],
            waits: true,
            ..row("a switch unreadable", unread, Some(("withheld", untold)))
        },
        canary(row("organisation unknown", &["withheld"], unknown), Vec::new()),
        canary(
            row("organisation read long ago", &["withheld"], unknown),
            vec![account(ACCOUNT, UNIT, "2020-01-01T00:00:00Z")],
        ),
        canary(
            row("organisation known of somebody else", &["withheld"], unknown),
            vec![account("999999999999", UNIT, FRESH)],
        ),
        canary(
            row("account in another unit", &["notified"], Some(("notified", ""))),
            vec![account(ACCOUNT, "ou-ab12-22222222", FRESH)],
        ),
        Row {
            written: true,
            ..canary(
                row("nothing: account in the unit", &["corrected"], Some(("corrected", ""))),
                vec![account(ACCOUNT, UNIT, FRESH)],
            )
        },
        Row {
            faults: vec![fault("sqs", Some("SendMessage"), error(500, "InternalFailure"))],
            written: true,
            waits: true,
            ..row("outbox down", &["Rectify.Tell"], None)
        },
        Row {
            faults: vec![fault("s3", Some("GetBucketAcl"), error(403, "AccessDenied"))],
            ..row("read denied", &["notified"], Some(("notified", "cannot be judged")))
        },
        Row {
            faults: writes(&error(403, "AccessDenied")),
            ..row("write denied", &["failed"], Some(("failed", "AccessDenied")))
        },
        Row {
            faults: writes(&Effect::Pretend),
            ..row("write without effect", &["not-proven"], Some(("not-proven", "")))
        },
        Row {
            settings: Some(format!("{ALL_CORRECTIVE}\n[control.s3-bucket-public-acl]\ngrace = \"2m\"\n")),
            faults: vec![fault("scheduler", None, error(500, "InternalServerException"))],
            waits: true,
            ..row("scheduler down", &["Rectify.Schedule"], None)
        },
    ]
}

/// Breaks one control and says what differs from the row.
async fn differs(row: Row) -> Vec<String> {
    let empty = tempfile::tempdir().unwrap();
    let stage = Stage::build(row.settings.as_deref().unwrap_or_default(), |world| match row.settings {
        Some(_) => world,
        None => world.settings_directory(empty.path()),
    })
    .await;
    stage.aws.create_bucket("data").await;
    stage.settle().await;
    for item in &row.rows {
        stage.put_row(item.clone()).await;
    }
    stage.world.clear_records();
    stage.faults(row.faults);
    stage.aws.put_acl("data", "public-read").await;
    stage.settle().await;
    stage.faults(Vec::new());

    let mut ends: BTreeSet<String> =
        stage.ends().into_iter().filter(|end| !end.control.is_empty()).map(|end| end.outcome).collect();
    ends.extend(
        stage.world.invocations().iter().filter_map(|run| Some(run.response["errorType"].as_str()?.to_owned())),
    );
    let told = stage.told("s3-bucket-public-acl");
    let is_write = |call: &&rectify_sandbox::Call| {
        let put = call.operation.starts_with("Put") || call.operation.starts_with("Delete");
        call.function.is_some() && call.service == "s3" && put && call.fault.is_none() && call.status < 300
    };
    let written = stage.world.calls().iter().filter(is_write).count() > 0;
    let waits = !stage.dead_letters().await.is_empty();
    let public = stage.aws.acl("data").await.contains("AllUsers");

    let mut differs = Vec::new();
    let mut check = |holds: bool, what: String| {
        if !holds {
            differs.push(format!("{}: {what}", row.fails));
        }
    };
    check(ends.iter().eq(row.ends), format!("ends {ends:?}"));
    check(written == row.written, format!("written: {written}"));
    check(waits == row.waits, format!("waits in the dead-letter queue: {waits}"));
    check(public != row.written, format!("public: {public}"));
    let said = |told: &Value| format!("{} {}", told["why"], told["summary"]);
    match row.told {
        None => check(told.is_empty(), format!("told {told:#?}")),
        Some((outcome, words)) => {
            check(!told.is_empty(), "nobody was told".to_owned());
            for told in &told {
                check(told["outcome"] == outcome && said(told).contains(words), format!("told {told:#}"));
                check(told["alarm"] == !["notified", "corrected"].contains(&outcome), format!("alarm {told:#}"));
            }
        }
    }
    let claims = ends.contains("corrected") || told.iter().any(|told| told["outcome"] == "corrected");
    check(!(claims && public), "a false success".to_owned());
    println!("{:<36} {ends:?}, told {}, written {written}, waits {waits}", row.fails, told.len());
    stage.close().await;
    differs
}

/// Whatever does not answer, nothing is changed without permission, nothing is called corrected that is not, and the breach
/// is told or waits in the dead-letter queue.
#[tokio::test(flavor = "multi_thread")]
async fn whatever_fails_nothing_is_changed_unasked_and_nothing_is_lost() {
    let differs: Vec<String> = futures::stream::iter(table()).map(differs).buffer_unordered(4).concat().await;
    assert!(differs.is_empty(), "{}", differs.join("\n"));
}

/// A ledger that is throttled for a while costs time and nothing else.
#[tokio::test(flavor = "multi_thread")]
async fn a_ledger_that_recovers_gets_its_correction() {
    let stage = Stage::build(ALL_CORRECTIVE, |world| world.retry_delay(Duration::from_secs(3))).await;
    stage.aws.create_bucket("data").await;
    stage.settle().await;
    stage.world.clear_records();
    let throttled = error(400, "ProvisionedThroughputExceededException");
    stage.faults(vec![Fault { times: Some(24), ..fault("dynamodb", None, throttled) }]);
    stage.aws.put_acl("data", "public-read").await;
    stage.settle().await;
    assert!(stage.world.invocations().iter().any(|run| run.attempt > 1), "{}", stage.story());
    assert!(!stage.aws.acl("data").await.contains("AllUsers"), "{}", stage.story());
    let told = stage.told("s3-bucket-public-acl");
    assert!(told.iter().any(|told| told["outcome"] == "corrected"), "{told:#?}\n{}", stage.story());
    assert_eq!(stage.rows("correction#").await[0]["status"], "corrected");
    assert!(stage.dead_letters().await.is_empty(), "{}", stage.story());
    stage.close().await;
}

//! The ledger's conditional writes, against a DynamoDB that evaluates conditions.
//!
//! Needs a moto server: `moto_server -p 5000`, then
//! `RECTIFY_MOTO_ENDPOINT=http://127.0.0.1:5000 cargo nextest run -p rectify-aws --run-ignored all`.

#![expect(clippy::unwrap_used, clippy::expect_used, reason = "tests")]

use std::{collections::BTreeMap, time::Duration};

use aws_config::{BehaviorVersion, Region as SdkRegion, SdkConfig};
use aws_sdk_dynamodb::{
    Client,
    config::Credentials,
    types::{AttributeDefinition, AttributeValue, BillingMode, KeySchemaElement, KeyType, ScalarAttributeType},
};
use jiff::{SignedDuration, Timestamp};
use rectify_aws::{
    Claim, ClaimError, Closing, CorrectionId, CorrectionRow, FindingClosing, Json, Ledger, Note, Noted, ResourceKey,
    Sighting, WriteAhead, ledger::LEASE_LOST,
};
use rectify_controls::{AccountId, Arn, Fingerprint, Place, Region, Severity};
use serde_json::json;

const LEASE: Duration = Duration::from_secs(60);
const CONTROL: &str = "s3-bucket-public-acl";

struct World {
    ledger: Ledger,
    client: Client,
    table: String,
    key: ResourceKey,
    now: Timestamp,
    limits: BTreeMap<String, u64>,
}

/// A table of its own for each test.
async fn world(test: &str) -> World {
    let endpoint = std::env::var("RECTIFY_MOTO_ENDPOINT").expect("RECTIFY_MOTO_ENDPOINT names a moto server");
    let config = SdkConfig::builder()
        .behavior_version(BehaviorVersion::v2026_01_12())
        .region(SdkRegion::new("eu-west-1"))
        .endpoint_url(endpoint)
        .credentials_provider(aws_sdk_dynamodb::config::SharedCredentialsProvider::new(Credentials::new(
            "test", "test", None, None, "test",
        )))
        .build();
    let client = Client::new(&config);
    let table = format!("ledger-{test}-{}", CorrectionId::new(Timestamp::now()));
    let attribute = |name: &str| {
        AttributeDefinition::builder().attribute_name(name).attribute_type(ScalarAttributeType::S).build().unwrap()
    };
    let part = |name: &str, kind| KeySchemaElement::builder().attribute_name(name).key_type(kind).build().unwrap();
    client
        .create_table()
        .table_name(&table)
        .billing_mode(BillingMode::PayPerRequest)
        .attribute_definitions(attribute("pk"))
        .attribute_definitions(attribute("sk"))
        .key_schema(part("pk", KeyType::Hash))
        .key_schema(part("sk", KeyType::Range))
        .send()
        .await
        .unwrap();
    World {
        ledger: Ledger::new(&config, table.clone()),
        client,
        table,
        key: key("data"),
        now: now(),
        limits: limits(100),
    }
}

fn key(bucket: &str) -> ResourceKey {
    ResourceKey {
        place: Place { account: AccountId::new("111122223333").unwrap(), region: Region::new("eu-west-1").unwrap() },
        arn: Arn::from_parts(format!("arn:aws:s3:::{bucket}")),
    }
}

fn now() -> Timestamp {
    "2026-11-23T06:59:58.123Z".parse().unwrap()
}

fn limits(limit: u64) -> BTreeMap<String, u64> {
    [(CONTROL.to_owned(), limit)].into()
}

fn fingerprint() -> Fingerprint {
    serde_json::from_value(json!("0123456789abcdef")).unwrap()
}

fn sighting() -> Sighting {
    Sighting {
        control: CONTROL.into(),
        fingerprint: fingerprint(),
        severity: Severity::Critical,
        summary: "the ACL grants READ to everyone".into(),
        evidence: Json::of(&json!([{"what": "grant", "value": "AllUsers READ"}])).unwrap(),
    }
}

fn ahead(request: &str, now: Timestamp) -> WriteAhead {
    WriteAhead {
        id: CorrectionId::new(now),
        kind: "s3-bucket".into(),
        controls: vec![CONTROL.into()],
        fingerprints: vec![fingerprint()],
        facts_before: Json::of(&json!({"acl": "public"})).unwrap(),
        plan: Json::of(&json!(["put_block"])).unwrap(),
        inverse: Json::of(&json!(["delete_block"])).unwrap(),
        actor: Json::of(&json!({"arn": "arn:aws:iam::111122223333:user/mallory"})).unwrap(),
        event: "e-1".into(),
        request: request.into(),
    }
}

fn closing(at: Timestamp) -> Closing {
    Closing {
        status: "corrected".into(),
        outcome: Json::of(&json!({"outcome": "corrected"})).unwrap(),
        proof: Some(Json::of(&json!({"acl": "private"})).unwrap()),
        at,
        findings: vec![FindingClosing {
            control: CONTROL.into(),
            fingerprint: fingerprint(),
            outcome: "corrected".into(),
            resolved: true,
        }],
        told_by: Some("r-1".into()),
    }
}

fn later(from: Timestamp, seconds: i64) -> Timestamp {
    from + SignedDuration::from_secs(seconds)
}

impl World {
    async fn claim(&self, ahead: &WriteAhead, observed_at: Timestamp, now: Timestamp) -> Result<(), ClaimError> {
        let findings = [sighting()];
        let claim =
            Claim { key: &self.key, ahead, findings: &findings, observed_at, now, lease: LEASE, limits: &self.limits };
        self.ledger.claim(&claim).await
    }

    async fn row(&self, pk: &str, sk: &str) -> Option<std::collections::HashMap<String, AttributeValue>> {
        let key = |text: &str| AttributeValue::S(text.to_owned());
        let answer = self.client.get_item().table_name(&self.table).key("pk", key(pk)).key("sk", key(sk)).send().await;
        answer.unwrap().item
    }

    async fn finding(&self) -> std::collections::HashMap<String, AttributeValue> {
        self.row(&self.key.to_string(), &format!("finding#{CONTROL}#{}", fingerprint())).await.unwrap()
    }

    async fn rows(&self) -> usize {
        self.client.scan().table_name(&self.table).send().await.unwrap().items().len()
    }

    async fn note(&self, outcome: &str, request: &str, now: Timestamp) -> Noted {
        let finding = sighting();
        let note = Note {
            key: &self.key,
            finding: &finding,
            outcome,
            request,
            event: "e-1",
            now,
            reminder: Duration::from_secs(24 * 60 * 60),
        };
        self.ledger.note(&note).await.unwrap()
    }
}

#[tokio::test]
#[ignore = "needs a moto server at RECTIFY_MOTO_ENDPOINT"]
async fn a_claim_keeps_everything_and_a_closing_ends_it() {
    let w = world("whole").await;
    assert_eq!(w.ledger.lease(&w.key).await.unwrap(), None);
    let ahead = ahead("r-1", w.now);
    w.claim(&ahead, w.now, w.now).await.unwrap();

    let lease = w.ledger.lease(&w.key).await.unwrap().unwrap();
    assert_eq!((&lease.correction, &*lease.request, &*lease.event), (&ahead.id, "r-1", "e-1"));
    assert_eq!((lease.until, lease.closed_at), (later(w.now, 60), None));
    let row = w.ledger.correction(&w.key, &ahead.id).await.unwrap().unwrap();
    let open = CorrectionRow {
        ahead: ahead.clone(),
        status: CorrectionRow::CLAIMED.into(),
        claimed_at: w.now,
        outcome: None,
        proof: None,
        closed_at: None,
    };
    assert_eq!(row, open);
    let finding = w.finding().await;
    assert_eq!(finding["status"], AttributeValue::S("correcting".into()));
    assert_eq!(finding["seen"], AttributeValue::N("1".into()));
    let budget = w.row(&format!("budget#{CONTROL}#111122223333#2026-11-23T06"), "count").await.unwrap();
    assert_eq!(budget["used"], AttributeValue::N("1".into()));

    let closing = closing(later(w.now, 2));
    w.ledger.close(&w.key, &ahead.id, &closing).await.unwrap();
    w.ledger.close(&w.key, &ahead.id, &closing).await.unwrap();
    let closed = w.ledger.correction(&w.key, &ahead.id).await.unwrap().unwrap();
    let expected = CorrectionRow {
        status: "corrected".into(),
        outcome: Some(closing.outcome.clone()),
        proof: closing.proof.clone(),
        closed_at: Some(later(w.now, 2)),
        ..open
    };
    assert_eq!(closed, expected);
    let lease = w.ledger.lease(&w.key).await.unwrap().unwrap();
    assert_eq!((lease.until, lease.closed_at), (Timestamp::UNIX_EPOCH, Some(later(w.now, 2))));
    let finding = w.finding().await;
    assert_eq!(finding["status"], AttributeValue::S("resolved".into()));
    assert_eq!(finding["told_by"], AttributeValue::S("r-1".into()));
    assert!(finding.contains_key("ttl"));
}

#[tokio::test]
#[ignore = "needs a moto server at RECTIFY_MOTO_ENDPOINT"]
async fn of_ten_claims_of_one_moment_one_succeeds() {
    // One after the other: moto undoes a cancelled transaction by putting its copy of the table back, which also undoes
    // whatever another thread wrote in the meantime. DynamoDB's own isolation is not ours to test.
    let w = world("ten").await;
    for n in 0..10 {
        let result = w.claim(&ahead(&format!("r-{n}"), w.now), w.now, w.now).await;
        let busy = Err(ClaimError::Busy { until: later(w.now, 60), request: Some("r-0".into()) });
        assert_eq!(result, if n == 0 { Ok(()) } else { busy }, "claim {n}");
    }
    // Lease, correction, finding, budget; none of the losers left anything.
    assert_eq!(w.rows().await, 4);
    assert_eq!(w.finding().await["seen"], AttributeValue::N("1".into()));
}

#[tokio::test]
#[ignore = "needs a moto server at RECTIFY_MOTO_ENDPOINT"]
async fn a_claim_sent_twice_is_ours_both_times() {
    let mut w = world("twice").await;
    w.limits = limits(1);
    let ahead = ahead("r-1", w.now);
    w.claim(&ahead, w.now, w.now).await.unwrap();
    w.claim(&ahead, w.now, w.now).await.unwrap();
    assert_eq!(w.finding().await["seen"], AttributeValue::N("1".into()));
}

#[tokio::test]
#[ignore = "needs a moto server at RECTIFY_MOTO_ENDPOINT"]
async fn a_plan_from_before_the_last_closing_is_stale() {
    let w = world("stale").await;
    let first = ahead("r-1", w.now);
    w.claim(&first, w.now, w.now).await.unwrap();
    w.ledger.close(&w.key, &first.id, &closing(later(w.now, 2))).await.unwrap();

    let second = ahead("r-2", w.now);
    assert_eq!(w.claim(&second, later(w.now, 1), later(w.now, 3)).await, Err(ClaimError::Stale));
    assert_eq!(w.claim(&second, later(w.now, 2), later(w.now, 3)).await, Err(ClaimError::Stale));
    assert_eq!(w.ledger.correction(&w.key, &second.id).await.unwrap(), None);
    w.claim(&second, later(w.now, 3), later(w.now, 3)).await.unwrap();
    let lease = w.ledger.lease(&w.key).await.unwrap().unwrap();
    assert_eq!((lease.correction, lease.closed_at), (second.id, None));
}

#[tokio::test]
#[ignore = "needs a moto server at RECTIFY_MOTO_ENDPOINT"]
async fn a_crashed_correction_is_taken_over_when_its_lease_is_over_and_its_late_end_is_noticed() {
    let w = world("crash").await;
    let first = ahead("r-1", w.now);
    w.claim(&first, w.now, w.now).await.unwrap();
    let second = ahead("r-2", w.now);
    let busy = ClaimError::Busy { until: later(w.now, 60), request: Some("r-1".into()) };
    assert_eq!(w.claim(&second, later(w.now, 60), later(w.now, 60)).await, Err(busy));
    w.claim(&second, later(w.now, 61), later(w.now, 61)).await.unwrap();

    let failure = w.ledger.close(&w.key, &first.id, &closing(later(w.now, 62))).await.unwrap_err();
    assert!(failure.code_is(LEASE_LOST), "{failure}");
    let first = w.ledger.correction(&w.key, &first.id).await.unwrap().unwrap();
    assert_eq!((&*first.status, first.closed_at), ("corrected", Some(later(w.now, 62))));
    let lease = w.ledger.lease(&w.key).await.unwrap().unwrap();
    assert_eq!((lease.correction, lease.closed_at), (second.id, None));
    assert_eq!(w.finding().await["status"], AttributeValue::S("correcting".into()));
}

#[tokio::test]
#[ignore = "needs a moto server at RECTIFY_MOTO_ENDPOINT"]
async fn a_retry_of_the_same_invocation_takes_its_own_lease_until_it_is_closed() {
    let w = world("retry").await;
    let first = ahead("r-1", w.now);
    w.claim(&first, w.now, w.now).await.unwrap();
    let retry = ahead("r-1", w.now);
    w.claim(&retry, later(w.now, 1), later(w.now, 1)).await.unwrap();
    assert_eq!(w.ledger.lease(&w.key).await.unwrap().unwrap().correction, retry.id);
    // The dead attempt's row, with the facts as they were before it changed anything, stays.
    assert!(w.ledger.correction(&w.key, &first.id).await.unwrap().is_some());

    w.ledger.close(&w.key, &retry.id, &closing(later(w.now, 2))).await.unwrap();
    assert_eq!(w.claim(&ahead("r-1", w.now), w.now, later(w.now, 3)).await, Err(ClaimError::Stale));
}

#[tokio::test]
#[ignore = "needs a moto server at RECTIFY_MOTO_ENDPOINT"]
async fn each_switch_pauses() {
    for switch in ["all", "account#111122223333", "control#s3-bucket-public-acl"] {
        let w = world("pause").await;
        let put = |paused: bool| {
            let call = w
                .client
                .put_item()
                .table_name(&w.table)
                .item("pk", AttributeValue::S("switch".into()))
                .item("sk", AttributeValue::S(switch.into()))
                .item("reason", AttributeValue::S("incident 7".into()));
            if paused { call.item("paused_at", AttributeValue::N("1".into())) } else { call }
        };
        put(true).send().await.unwrap();
        let ahead = ahead("r-1", w.now);
        let paused = ClaimError::Paused { switch: switch.into(), reason: "incident 7".into() };
        assert_eq!(w.claim(&ahead, w.now, w.now).await, Err(paused));
        assert_eq!(w.rows().await, 1, "nothing but the switch");
        put(false).send().await.unwrap();
        w.claim(&ahead, w.now, w.now).await.unwrap();
    }
}

#[tokio::test]
#[ignore = "needs a moto server at RECTIFY_MOTO_ENDPOINT"]
async fn a_budget_ends_within_its_hour() {
    let mut w = world("budget").await;
    w.limits = limits(2);
    for bucket in ["a", "b"] {
        w.key = key(bucket);
        w.claim(&ahead("r-1", w.now), w.now, w.now).await.unwrap();
    }
    w.key = key("c");
    let over = ClaimError::Budget { control: CONTROL.into(), limit: 2 };
    assert_eq!(w.claim(&ahead("r-1", w.now), w.now, w.now).await, Err(over));
    assert_eq!(w.ledger.lease(&w.key).await.unwrap(), None);
    let next_hour = later(w.now, 3600);
    w.claim(&ahead("r-1", next_hour), next_hour, next_hour).await.unwrap();

    w.limits.clear();
    w.key = key("d");
    let none = ClaimError::Budget { control: CONTROL.into(), limit: 0 };
    assert_eq!(w.claim(&ahead("r-1", w.now), w.now, w.now).await, Err(none), "no limit named is no permission");
}

#[tokio::test]
#[ignore = "needs a moto server at RECTIFY_MOTO_ENDPOINT"]
async fn a_finding_is_told_once_per_outcome_and_interval() {
    let w = world("note").await;
    assert_eq!(w.note("notified", "r-1", w.now).await, Noted::Tell { repeats: 0 });
    assert_eq!(w.note("notified", "r-1", w.now).await, Noted::Tell { repeats: 0 }, "our own retry tells again");
    let already = |seen| Noted::Already { told_at: w.now, seen };
    assert_eq!(w.note("notified", "r-2", later(w.now, 5)).await, already(3));
    assert_eq!(w.note("notified", "r-3", later(w.now, 6)).await, already(4));
    assert_eq!(w.note("withheld", "r-4", later(w.now, 7)).await, Noted::Tell { repeats: 2 });
    let day = 24 * 60 * 60;
    assert_eq!(
        w.note("withheld", "r-5", later(w.now, 7 + day)).await,
        Noted::Already { told_at: later(w.now, 7), seen: 6 }
    );
    assert_eq!(w.note("withheld", "r-6", later(w.now, 8 + day)).await, Noted::Tell { repeats: 1 });
    let row = w.finding().await;
    assert_eq!(row["first_seen"], AttributeValue::N(w.now.as_millisecond().to_string()));
    assert_eq!(row["seen"], AttributeValue::N("7".into()));
}

#[tokio::test]
#[ignore = "needs a moto server at RECTIFY_MOTO_ENDPOINT"]
async fn of_several_notes_of_one_moment_one_tells() {
    let w = world("notes").await;
    for n in 0..4 {
        let noted = w.note("notified", &format!("r-{n}"), w.now).await;
        assert_eq!(matches!(noted, Noted::Tell { .. }), n == 0, "note {n}: {noted:?}");
    }
    assert_eq!(w.finding().await["seen"], AttributeValue::N("4".into()));
}

#[tokio::test]
#[ignore = "needs a moto server at RECTIFY_MOTO_ENDPOINT"]
async fn a_missing_table_is_a_failure_with_its_code() {
    let w = world("none").await;
    w.client.delete_table().table_name(&w.table).send().await.unwrap();
    let error = w.claim(&ahead("r-1", w.now), w.now, w.now).await.unwrap_err();
    let ClaimError::Failed(failure) = error else { panic!("{error:?}") };
    assert!(failure.code_is("ResourceNotFoundException"), "{failure:?}");
}

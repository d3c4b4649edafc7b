//! A table, and somebody who claims.

use std::{collections::HashMap, sync::Arc, time::Duration};

use aws_config::{BehaviorVersion, Region as SdkRegion, SdkConfig};
use aws_sdk_dynamodb::{
    Client,
    config::Credentials,
    types::{
        AttributeDefinition, AttributeValue, BillingMode, GlobalSecondaryIndex, KeySchemaElement, KeyType, Projection,
        ProjectionType, ScalarAttributeType,
    },
};
use aws_smithy_runtime_api::client::{
    http::{
        HttpClient, HttpConnector, HttpConnectorFuture, HttpConnectorSettings, SharedHttpClient, SharedHttpConnector,
    },
    orchestrator::HttpRequest,
    runtime_components::RuntimeComponents,
};
use futures::lock::Mutex;
use jiff::{SignedDuration, Timestamp};
use rectify_aws::{
    Claim, ClaimError, Closing, CorrectionId, FindingClosing, Json, Ledger, Limits, Note, Noted, ResourceKey,
    ResourceState, Sighting, WriteAhead,
};
use rectify_controls::{Fingerprint, Reopened, Severity};
use serde_json::json;

pub(crate) const LEASE: Duration = Duration::from_secs(15);
pub(crate) const CONTROL: &str = "s3-bucket-public-acl";

pub(crate) type Item = HashMap<String, AttributeValue>;

pub(crate) struct World {
    pub(crate) ledger: Ledger,
    pub(crate) client: Client,
    pub(crate) table: String,
    pub(crate) key: ResourceKey,
    pub(crate) now: Timestamp,
    pub(crate) limits: Limits,
    _sandbox: rectify_sandbox::World,
}

/// Lets one request through at a time.
///
/// DynamoDB isolates transactions from each other and from single writes. moto does not: it undoes a cancelled one by
/// putting its copy of the table back, which also undoes whatever another thread wrote meanwhile. Requests that take turns
/// have the isolation; which of two claims comes first is still anybody's guess.
#[derive(Debug, Clone)]
struct OneAtATime<T> {
    inner: T,
    turn: Arc<Mutex<()>>,
}

impl HttpClient for OneAtATime<SharedHttpClient> {
    fn http_connector(&self, settings: &HttpConnectorSettings, parts: &RuntimeComponents) -> SharedHttpConnector {
        let inner = self.inner.http_connector(settings, parts);
        SharedHttpConnector::new(OneAtATime { inner, turn: Arc::clone(&self.turn) })
    }
}

impl HttpConnector for OneAtATime<SharedHttpConnector> {
    fn call(&self, request: HttpRequest) -> HttpConnectorFuture {
        let Self { inner, turn } = self.clone();
        HttpConnectorFuture::new(async move {
            let _turn = turn.lock().await;
            inner.call(request).await
        })
    }
}

/// A table of its own for each test.
pub(crate) async fn world(test: &str) -> World {
    let sandbox = rectify_sandbox::WorldBuilder::empty().start().await.unwrap();
    let endpoint = sandbox.endpoint().to_owned();
    let http = OneAtATime { inner: aws_smithy_http_client::Builder::new().build_http(), turn: Arc::default() };
    let config = SdkConfig::builder()
        .behavior_version(BehaviorVersion::v2026_01_12())
        .region(SdkRegion::new("eu-west-1"))
        .endpoint_url(endpoint)
        .http_client(http)
        .credentials_provider(aws_sdk_dynamodb::config::SharedCredentialsProvider::new(Credentials::new(
            "test", "test", None, None, "test",
        )))
        .build();
    let client = Client::new(&config);
    let table = format!("ledger-{test}-{}", CorrectionId::new(Timestamp::now()));
    let attribute =
        |name: &str, kind| AttributeDefinition::builder().attribute_name(name).attribute_type(kind).build().unwrap();
    let part = |name: &str, kind| KeySchemaElement::builder().attribute_name(name).key_type(kind).build().unwrap();
    let feed = GlobalSecondaryIndex::builder()
        .index_name("feed")
        .key_schema(part("feed", KeyType::Hash))
        .key_schema(part("at", KeyType::Range))
        .projection(Projection::builder().projection_type(ProjectionType::KeysOnly).build())
        .build()
        .unwrap();
    client
        .create_table()
        .table_name(&table)
        .billing_mode(BillingMode::PayPerRequest)
        .attribute_definitions(attribute("pk", ScalarAttributeType::S))
        .attribute_definitions(attribute("sk", ScalarAttributeType::S))
        .attribute_definitions(attribute("feed", ScalarAttributeType::S))
        .attribute_definitions(attribute("at", ScalarAttributeType::N))
        .key_schema(part("pk", KeyType::Hash))
        .key_schema(part("sk", KeyType::Range))
        .global_secondary_indexes(feed)
        .send()
        .await
        .unwrap();
    World {
        ledger: Ledger::new(&config, table.clone()),
        client,
        table,
        key: key("111122223333", "data"),
        now: now(),
        limits: Limits { per_account: 100, everywhere: 1_000 },
        _sandbox: sandbox,
    }
}

pub(crate) fn key(account: &str, bucket: &str) -> ResourceKey {
    format!("resource#{account}#eu-west-1#arn:aws:s3:::{bucket}").parse().unwrap()
}

pub(crate) fn now() -> Timestamp {
    "2026-11-23T06:59:58.123Z".parse().unwrap()
}

pub(crate) fn later(from: Timestamp, seconds: i64) -> Timestamp {
    from + SignedDuration::from_secs(seconds)
}

pub(crate) fn fingerprint() -> Fingerprint {
    serde_json::from_value(json!("0123456789abcdef")).unwrap()
}

pub(crate) fn sighting() -> Sighting {
    Sighting {
        control: CONTROL.into(),
        fingerprint: fingerprint(),
        severity: Severity::Critical,
        summary: "the ACL grants READ to everyone".into(),
        evidence: Json::of(&json!([{"what": "grant", "value": "AllUsers READ"}])).unwrap(),
        actor: Json::of(&json!({"principal": "mallory"})).unwrap(),
    }
}

pub(crate) fn ahead(request: &str, now: Timestamp) -> WriteAhead {
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
        undoes: None,
    }
}

pub(crate) fn reopened(at: Timestamp) -> Reopened {
    Reopened { at, by: Some("mallory".into()), tool: Some("Terraform".into()) }
}

pub(crate) fn closing(at: Timestamp) -> Closing {
    Closing {
        status: "corrected".into(),
        outcome: Json::of(&json!({"outcome": "corrected"})).unwrap(),
        proof: Some(Json::of(&json!({"acl": "private"})).unwrap()),
        facts_after: Some(Json::of(&json!({"acl": "none"})).unwrap()),
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

impl World {
    pub(crate) async fn past(&self) -> ResourceState {
        self.ledger.resource(&self.key).await.unwrap()
    }

    /// Observes and claims.
    pub(crate) async fn claim(
        &self,
        ahead: &WriteAhead,
        observed_at: Timestamp,
        now: Timestamp,
    ) -> Result<(), ClaimError> {
        self.claim_on(&self.key, ahead, &self.past().await, observed_at, now).await
    }

    pub(crate) async fn claim_on(
        &self,
        key: &ResourceKey,
        ahead: &WriteAhead,
        past: &ResourceState,
        observed_at: Timestamp,
        now: Timestamp,
    ) -> Result<(), ClaimError> {
        let findings = [sighting()];
        let claim = Claim {
            key,
            ahead,
            findings: &findings,
            past,
            observed_at,
            now,
            lease: LEASE,
            limits: self.limits,
            reopened: reopened(now),
            keep: later(now, -3600),
        };
        self.ledger.claim(&claim).await
    }

    pub(crate) async fn row(&self, pk: &str, sk: &str) -> Option<Item> {
        let key = |text: &str| AttributeValue::S(text.to_owned());
        let answer = self.client.get_item().table_name(&self.table).key("pk", key(pk)).key("sk", key(sk)).send().await;
        answer.unwrap().item
    }

    pub(crate) async fn finding(&self) -> Item {
        self.row(&self.key.to_string(), &format!("finding#{CONTROL}#{}", fingerprint())).await.unwrap()
    }

    pub(crate) async fn rows(&self) -> usize {
        self.client.scan().table_name(&self.table).send().await.unwrap().items().len()
    }

    pub(crate) async fn note(&self, outcome: &str, request: &str, now: Timestamp) -> Noted {
        let finding = sighting();
        let note = Note {
            key: &self.key,
            finding: &finding,
            outcome,
            would: (outcome == "shadowed").then_some("corrected"),
            request,
            event: "e-1",
            now,
            reminder: Duration::from_secs(24 * 60 * 60),
        };
        self.ledger.note(&note).await.unwrap()
    }
}

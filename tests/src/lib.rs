//! End to end: the real guard binaries in the sandbox, seen as a person sees them.
//!
//! [`Stage`] is a running world with settings of the test's own; [`Stage::aws`] is somebody with an `aws` command. Tests
//! build nothing: `RECTIFY_BIN_DIR` (or `target/release`) has the functions, which `cargo xtask test` builds first.

#![expect(
    clippy::unwrap_used,
    clippy::expect_used,
    clippy::indexing_slicing,
    clippy::panic,
    clippy::string_slice,
    reason = "a test that cannot go on has failed"
)]

mod about;
pub mod api;
pub mod breach;
pub mod cloudformation_stack;
pub mod doors;
pub mod organization;
mod person;
pub mod security_group;
pub mod trails;

use std::{
    collections::BTreeSet,
    path::{Path, PathBuf},
    time::{Duration, Instant},
};

use rectify_sandbox::{Call, Fault, Invocation, Message, World, WorldBuilder};
use serde_json::Value;

pub use about::About;
pub use person::{Answer, Person};

/// The sandbox's account.
pub const ACCOUNT: &str = "123456789012";

/// Who gives orders in tests.
pub const ALICE: &str = "arn:aws:iam::123456789012:user/alice";

/// Settings under which everything that can be corrected is corrected.
pub const ALL_CORRECTIVE: &str = r#"
[[environment]]
name = "production"
accounts = ["123456789012"]
mode = "corrective"

[[environment]]
name = "development"
default = true
mode = "detective"
"#;

/// A running world and the person in front of it.
pub struct Stage {
    /// The world.
    pub world: World,
    /// Somebody with administrator's credentials.
    pub aws: Person,
    _settings: tempfile::TempDir,
}

/// What a guard answered about one finding.
#[derive(Debug, Clone, PartialEq)]
pub struct End {
    /// The event's name.
    pub event: String,
    /// The outcome's name.
    pub outcome: String,
    /// The control; empty when none was broken.
    pub control: String,
    /// Everything the guard said about it.
    pub all: Value,
}

impl Stage {
    /// A world with [`ALL_CORRECTIVE`] and the guard of buckets.
    pub async fn new() -> Self {
        Self::with_settings(ALL_CORRECTIVE).await
    }

    /// A world with these settings and the guard of buckets.
    pub async fn with_settings(settings: &str) -> Self {
        Self::build(settings, |builder| builder).await
    }

    /// A world with these settings and the guard `function`, for example `SecurityGroupGuard`.
    pub async fn guarded_by(function: &str, settings: &str) -> Self {
        Self::build(settings, |builder| builder.guards([function])).await
    }

    /// A world with these settings and the guard of buckets, made as `change` says. Other guards are woken by the same calls: a test
    /// says which it is about.
    pub async fn build(settings: &str, change: impl FnOnce(WorldBuilder) -> WorldBuilder) -> Self {
        let directory = tempfile::tempdir().unwrap();
        std::fs::write(directory.path().join("settings.toml"), settings).unwrap();
        let builder = WorldBuilder::new(root().join("template.yaml"), binary_of)
            .settings_directory(directory.path())
            .guards(["S3BucketGuard"]);
        let world = change(builder).start().await.unwrap_or_else(|error| panic!("the sandbox did not start: {error}"));
        let aws = Person::new(world.endpoint());
        Self { world, aws, _settings: directory }
    }

    /// Waits until nothing is under way.
    pub async fn settle(&self) {
        assert!(self.world.idle(Duration::from_secs(300)).await, "something is still under way after five minutes");
    }

    /// Waits until a schedule that a guard has made has changed what `still` looks at, and for what comes of it.
    pub async fn until_not(&self, still: impl AsyncFn() -> bool) {
        let limit = Instant::now() + Duration::from_secs(60);
        while still().await {
            assert!(Instant::now() < limit, "nobody looked again\n{}", self.story());
            tokio::time::sleep(Duration::from_millis(100)).await;
        }
        self.settle().await;
    }

    /// Every end of every successful invocation so far, in order.
    pub fn ends(&self) -> Vec<End> {
        self.world.invocations().iter().flat_map(ends_of).collect()
    }

    /// The ends with this outcome.
    pub fn ended(&self, outcome: &str) -> Vec<End> {
        self.ends().into_iter().filter(|end| end.outcome == outcome).collect()
    }

    /// What guards handed to the notifier about `control` (any, when empty), as JSON.
    pub fn told(&self, control: &str) -> Vec<Value> {
        self.world
            .posted()
            .into_iter()
            .filter(|told| control.is_empty() || told.pointer("/control/id").and_then(Value::as_str) == Some(control))
            .collect()
    }

    /// Every row of the ledger.
    pub async fn ledger(&self) -> Vec<Value> {
        let mut rows = Vec::new();
        for table in self.tables().await {
            rows.extend(self.world.rows(&table).await.unwrap());
        }
        rows
    }

    /// The ledger's rows whose sort key starts with `prefix`.
    pub async fn rows(&self, prefix: &str) -> Vec<Value> {
        let mut rows = self.ledger().await;
        rows.retain(|row| row["sk"].as_str().is_some_and(|sk| sk.starts_with(prefix)));
        rows
    }

    async fn tables(&self) -> Vec<String> {
        let list = serde_json::json!({});
        let (_, answer) = self.world.aws_json("dynamodb", "DynamoDB_20120810.ListTables", &list).await.unwrap();
        answer["TableNames"].as_array().unwrap().iter().map(|name| name.as_str().unwrap().to_owned()).collect()
    }

    /// Writes a row into the ledger as it stands, in DynamoDB's own words.
    pub async fn put_row(&self, item: Value) {
        let table = self.tables().await.remove(0);
        self.on_ledger("PutItem", serde_json::json!({"TableName": table, "Item": item})).await;
    }

    /// Takes a row out of the ledger.
    pub async fn delete_row(&self, pk: &str, sk: &str) {
        let table = self.tables().await.remove(0);
        let key = serde_json::json!({"pk": {"S": pk}, "sk": {"S": sk}});
        self.on_ledger("DeleteItem", serde_json::json!({"TableName": table, "Key": key})).await;
    }

    async fn on_ledger(&self, operation: &str, body: Value) {
        let target = format!("DynamoDB_20120810.{operation}");
        let (status, answer) = self.world.aws_json("dynamodb", &target, &body).await.unwrap();
        assert_eq!(status, 200, "{answer}");
    }

    /// What the guard of buckets answers to an order.
    pub async fn order(&self, order: &Value) -> Value {
        self.order_to("S3BucketGuard", order).await
    }

    /// What `function` answers to an order.
    pub async fn order_to(&self, function: &str, order: &Value) -> Value {
        self.world.invoke(function, order).await.expect("there is such a function").response
    }

    /// Calls by functions that write to what they guard, as operation names, in order.
    pub fn writes(&self) -> Vec<String> {
        self.world.calls().into_iter().filter(corrects).map(|call| call.operation).collect()
    }

    /// Messages waiting in dead-letter queues.
    pub async fn dead_letters(&self) -> Vec<Value> {
        let none = serde_json::json!({});
        let (_, queues) = self.world.aws_json("sqs", "AmazonSQS.ListQueues", &none).await.unwrap();
        let mut letters = Vec::new();
        let urls = queues["QueueUrls"].as_array().into_iter().flatten();
        for url in urls.filter(|url| url.as_str().is_some_and(|url| url.contains("dead-letters"))) {
            let ask = serde_json::json!({"QueueUrl": url, "MaxNumberOfMessages": 10, "MessageAttributeNames": ["All"]});
            let (_, answer) = self.world.aws_json("sqs", "AmazonSQS.ReceiveMessage", &ask).await.unwrap();
            letters.extend(answer["Messages"].as_array().into_iter().flatten().cloned());
        }
        letters
    }

    /// Replaces the faults in force.
    pub fn faults(&self, faults: Vec<Fault>) {
        self.world.set_faults(faults);
    }

    /// An example event, for `bucket`.
    pub fn example(&self, name: &str, bucket: &str) -> Value {
        let mut event = example(name);
        event["detail"]["requestParameters"]["bucketName"] = bucket.into();
        event
    }

    /// Everything that happened, for a person who reads a failed test.
    pub fn story(&self) -> String {
        let mut lines = Vec::new();
        for call in self.world.calls() {
            let who = call.function.as_deref().unwrap_or("person");
            let (start, end) = (call.start_ns / 1_000_000, call.end_ns / 1_000_000);
            let error = call.error.or(call.fault).unwrap_or_default();
            lines
                .push(format!("{start:>6}-{end} ms {who} {}:{} {} {error}", call.service, call.operation, call.status));
        }
        lines.extend(self.world.invocations().iter().map(|invocation| format!("{invocation:?}")));
        lines.extend(self.world.logs().into_iter().map(|line| line.line));
        lines.join("\n")
    }

    /// Ends the world and everything in it.
    pub async fn close(self) {
        self.world.shutdown().await;
    }
}

/// A bucket of the sandbox's account, as orders name it.
pub fn resource(name: &str) -> Value {
    serde_json::json!({"account": ACCOUNT, "region": "eu-central-1", "arn": format!("arn:aws:s3:::{name}")})
}

/// The order to undo the correction `id` of `resource`, for a day.
pub fn undo(resource: &Value, id: &str) -> Value {
    serde_json::json!({"rectify": "undo", "resource": resource, "correction": id, "reason": "meant to be so", "by": ALICE,
        "until": jiff::Timestamp::now() + jiff::SignedDuration::from_hours(24)})
}

/// The ends of one invocation; none when it failed.
pub fn ends_of(invocation: &Invocation) -> Vec<End> {
    let text = |value: &Value| value.as_str().unwrap_or_default().to_owned();
    let event = text(&invocation.response["eventName"]);
    let outcomes = invocation.response["outcomes"].as_array().cloned().unwrap_or_default();
    outcomes
        .into_iter()
        .map(|all| End { event: event.clone(), outcome: text(&all["outcome"]), control: text(&all["control"]), all })
        .collect()
}

/// An example event as it is in `events/s3-bucket`.
pub fn example(name: &str) -> Value {
    example_of("s3-bucket", name)
}

/// An example event as it is in `events/KIND`.
pub fn example_of(kind: &str, name: &str) -> Value {
    let path = root().join("events").join(kind).join(format!("{name}.json"));
    serde_json::from_slice(&std::fs::read(path).unwrap()).unwrap()
}

/// The settings that the template deploys.
pub fn shipped_settings() -> String {
    std::fs::read_to_string(root().join("settings/settings.toml")).unwrap()
}

/// Whether a function's call writes to what the function guards: by its name no read, and none of the services by which every
/// function keeps its rows, sends its messages and comes in.
pub(crate) fn corrects(call: &Call) -> bool {
    const PLUMBING: [&str; 8] = ["dynamodb", "events", "lambda", "logs", "scheduler", "sns", "sqs", "sts"];
    const READS: [&str; 6] = ["BatchGet", "Describe", "Detect", "Get", "Head", "List"];
    call.function.is_some()
        && !PLUMBING.contains(&call.service.as_str())
        && !READS.iter().any(|verb| call.operation.starts_with(verb))
}

/// The actions of a guard's role, as the template has them.
pub fn granted(guard: &str) -> BTreeSet<String> {
    let template = std::fs::read_to_string(root().join("template.yaml")).unwrap();
    let (_, role) = template.split_once(&format!("\n  {guard}Role:\n")).expect("each guard has a role");
    let (_, policies) = role.split_once("\n      Policies:\n").expect("a role has policies");
    // To the next resource.
    let is_of_the_role = |line: &&str| line.is_empty() || line.starts_with("    ") || line.trim().starts_with('#');
    let action = |line: &str| {
        let text = line.trim().strip_prefix("- ").or_else(|| line.trim().strip_prefix("Action: "))?;
        let (service, name) = text.split_once(':')?;
        let plain = |part: &str| {
            !part.is_empty() && part.bytes().all(|byte| byte.is_ascii_alphanumeric() || matches!(byte, b'*' | b'-'))
        };
        (plain(service) && plain(name)).then(|| text.to_owned())
    };
    policies.lines().take_while(is_of_the_role).filter_map(action).collect()
}

/// The JSON in an SNS message.
pub fn told_json(message: &Message) -> Value {
    let bodies: Value = serde_json::from_str(&message.body).unwrap();
    serde_json::from_str(bodies["default"].as_str().unwrap()).unwrap()
}

/// The repository's root.
pub fn root() -> PathBuf {
    Path::new(env!("CARGO_MANIFEST_DIR")).parent().expect("this crate is in the repository").to_owned()
}

/// The binary of a function of the template: `s3-bucket` of `S3BucketGuard`.
///
/// # Panics
/// As [`binary`].
pub fn binary_of(function: &str) -> PathBuf {
    binary(&rectify_sandbox::binary_name(function))
}

/// A guard's binary.
///
/// # Panics
/// When it has not been built, saying how to.
pub fn binary(name: &str) -> PathBuf {
    let directory = std::env::var_os("RECTIFY_BIN_DIR").map_or_else(|| root().join("target/release"), PathBuf::from);
    let path = directory.join(name);
    assert!(path.is_file(), "{} is missing: run `cargo build --release` first", path.display());
    path
}

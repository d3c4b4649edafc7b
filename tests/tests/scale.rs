//! A thousand accounts in four regions through the sweeper and one guard, against a cloud that throttles. The real binaries;
//! the cloud is the least that they need, because a thousand accounts are too many for the sandbox.
//!
//! The ordinary run does thirty accounts. All of them, with the numbers of `docs/scale.md`:
//! `cargo nextest run --release -p rectify-e2e --test scale --run-ignored all --no-capture`

#![expect(
    clippy::unwrap_used,
    clippy::indexing_slicing,
    clippy::string_slice,
    reason = "a test that cannot go on has failed"
)]

use std::{
    collections::{BTreeMap, BTreeSet, VecDeque},
    io::{BufRead as _, BufReader, Read as _, Write as _},
    net::{TcpListener, TcpStream},
    process::{Child, Command, Stdio},
    sync::{Arc, Condvar, Mutex},
    time::{Duration, Instant},
};

use rectify_e2e::ALL_CORRECTIVE;
use serde_json::{Value, json};

const HUB: &str = "111122223333";
const REGIONS: [&str; 4] = ["eu-central-1", "eu-west-1", "us-east-1", "us-west-2"];

/// Every so many calls one is throttled, and every so many entries of `PutEvents` one is not taken.
const THROTTLE: usize = 20;

/// Guards that run at the same time; the template reserves ten.
const GUARDS: usize = 4;

/// A cloud with so many accounts, one bucket each in the first region.
struct Cloud {
    accounts: usize,
    state: Mutex<State>,
    news: Condvar,
}

#[derive(Default)]
struct State {
    queues: BTreeMap<String, VecDeque<Value>>,
    calls: BTreeMap<String, usize>,
    throttled: usize,
    entries: usize,
    refused: usize,
    swept: Vec<(String, String)>,
    looked: BTreeSet<String>,
    written: BTreeSet<String>,
    ended: usize,
    errors: Vec<String>,
    numbers: usize,
}

fn id(account: usize) -> String {
    format!("{:012}", 200_000_000_000_usize + account)
}

struct Request {
    path: String,
    headers: BTreeMap<String, String>,
    body: String,
}

fn read(stream: &mut BufReader<TcpStream>) -> Option<Request> {
    let mut line = String::new();
    stream.read_line(&mut line).ok().filter(|read| *read > 0)?;
    // S3 Control calls a host with the account in its name: only a proxy gets those, and it gets whole addresses.
    let path = line.split(' ').nth(1)?;
    let path = match path.strip_prefix("http://") {
        Some(rest) => rest.find('/').map_or("/", |at| &rest[at..]).to_owned(),
        None => path.to_owned(),
    };
    let mut headers = BTreeMap::new();
    loop {
        let mut line = String::new();
        stream.read_line(&mut line).ok()?;
        let Some((name, value)) = line.trim().split_once(':') else { break };
        headers.insert(name.to_lowercase(), value.trim().to_owned());
    }
    let length = headers.get("content-length").and_then(|text| text.parse().ok()).unwrap_or(0);
    let mut body = vec![0; length];
    stream.read_exact(&mut body).ok()?;
    Some(Request { path, headers, body: String::from_utf8_lossy(&body).into_owned() })
}

fn answer(stream: &mut TcpStream, status: u16, headers: &[(&str, &str)], body: &str) {
    let mut text = format!("HTTP/1.1 {status} x\r\ncontent-length: {}\r\nx-amzn-requestid: r\r\n", body.len());
    for (name, value) in headers {
        text.push_str(&format!("{name}: {value}\r\n"));
    }
    let _ = stream.write_all(format!("{text}\r\n{body}").as_bytes());
}

impl Cloud {
    fn serve(self: &Arc<Self>, stream: TcpStream, function: &str) {
        let _ = stream.set_nodelay(true);
        let mut out = stream.try_clone().unwrap();
        let mut input = BufReader::new(stream);
        while let Some(request) = read(&mut input) {
            match request.path.strip_prefix("/2018-06-01/runtime/") {
                Some(rest) => self.runtime(&mut out, function, rest, &request),
                None => {
                    let (status, body) = self.call(&request);
                    answer(&mut out, status, &[], &body);
                }
            }
        }
    }

    /// The Lambda Runtime API of a function.
    fn runtime(&self, out: &mut TcpStream, function: &str, rest: &str, request: &Request) {
        let mut state = self.state.lock().unwrap();
        if rest == "invocation/next" {
            let event = loop {
                if let Some(event) = state.queues.entry(function.to_owned()).or_default().pop_front() {
                    break event;
                }
                state = self.news.wait(state).unwrap();
            };
            state.numbers += 1;
            let number = format!("request-{}", state.numbers);
            drop(state);
            let seconds = if function == "sweeper" { 900 } else { 30 };
            let now = jiff::Timestamp::now() + jiff::SignedDuration::from_secs(seconds);
            let headers = [
                ("Lambda-Runtime-Aws-Request-Id", number.as_str()),
                ("Lambda-Runtime-Deadline-Ms", &now.as_millisecond().to_string()),
                ("Lambda-Runtime-Invoked-Function-Arn", "arn:aws:lambda:eu-central-1:111122223333:function:rectify-x"),
                ("Content-Type", "application/json"),
            ];
            answer(out, 200, &headers, &event.to_string());
            return;
        }
        if rest.ends_with("/error") {
            state.errors.push(format!("{function}: {}", request.body));
        }
        if rest.ends_with("/response") || rest.ends_with("/error") {
            state.ended += 1;
        }
        self.news.notify_all();
        drop(state);
        answer(out, 202, &[], "{}");
    }

    fn call(&self, request: &Request) -> (u16, String) {
        let target = request.headers.get("x-amz-target").cloned().unwrap_or_default();
        let (_, query) = request.path.split_once('?').unwrap_or((&request.path, ""));
        let s3_control = request.path.starts_with("/v20180820/");
        let name = match target.split_once('.') {
            Some((_, operation)) => operation.to_owned(),
            None if request.body.contains("Action=AssumeRole") => "AssumeRole".to_owned(),
            None if s3_control => "s3control".to_owned(),
            None if request.path.starts_with("/?") => "ListBuckets".to_owned(),
            None => "s3".to_owned(),
        };
        let mut state = self.state.lock().unwrap();
        *state.calls.entry(name.clone()).or_default() += 1;
        let number: usize = state.calls.values().sum();
        if number.is_multiple_of(THROTTLE) {
            state.throttled += 1;
            return match name.as_str() {
                "AssumeRole" => (
                    400,
                    "<ErrorResponse><Error><Code>Throttling</Code><Message>x</Message></Error></ErrorResponse>".into(),
                ),
                "s3" | "ListBuckets" | "s3control" => {
                    (503, "<Error><Code>SlowDown</Code><Message>x</Message></Error>".into())
                }
                _ => (400, json!({"__type": "ThrottlingException", "message": "x"}).to_string()),
            };
        }
        let body: Value = serde_json::from_str(&request.body).unwrap_or_default();
        let credential = request.headers.get("authorization").cloned().unwrap_or_default();
        let account = credential.split("Credential=AKIA").nth(1).and_then(|rest| rest.get(..12)).unwrap_or(HUB);
        let region = credential.split('/').nth(2).unwrap_or_default();
        (
            200,
            match name.as_str() {
                "ListAccounts" => {
                    let from: usize = body["NextToken"].as_str().map_or(0, |token| token.parse().unwrap());
                    let to = (from + 20).min(self.accounts);
                    let accounts: Vec<_> = (from..to)
                        .map(|account| json!({"Id": id(account), "Name": format!("a{account}"), "State": "ACTIVE"}))
                        .collect();
                    let next = (to < self.accounts).then(|| to.to_string());
                    json!({"Accounts": accounts, "NextToken": next}).to_string()
                }
                "ListParents" => {
                    let child = body["ChildId"].as_str().unwrap();
                    let parent = if child.starts_with("ou-") {
                        json!({"Id": "r-root", "Type": "ROOT"})
                    } else {
                        json!({"Id": "ou-root-workload", "Type": "ORGANIZATIONAL_UNIT"})
                    };
                    json!({"Parents": [parent]}).to_string()
                }
                "ListTagsForResource" => json!({"Tags": []}).to_string(),
                "UpdateItem" => {
                    if body["Key"]["sk"]["S"] == "account" {
                        state.written.insert(body["Key"]["pk"]["S"].as_str().unwrap().to_owned());
                    }
                    "{}".to_owned()
                }
                "Query" => json!({"Items": [], "Count": 0}).to_string(),
                "PutEvents" => self.put_events(&mut state, &body).to_string(),
                "AssumeRole" => {
                    let role = request.body.split("iam%3A%3A").nth(1).and_then(|rest| rest.get(..12)).unwrap();
                    format!(
                        "<AssumeRoleResponse xmlns=\"https://sts.amazonaws.com/doc/2011-06-15/\"><AssumeRoleResult><Credentials>\
                     <AccessKeyId>AKIA{role}</AccessKeyId><SecretAccessKey>x</SecretAccessKey><SessionToken>x</SessionToken>\
                     <Expiration>2099-01-01T00:00:00Z</Expiration></Credentials></AssumeRoleResult></AssumeRoleResponse>"
                    )
                }
                "ListBuckets" => {
                    state.swept.push((account.to_owned(), region.to_owned()));
                    let bucket = if region == REGIONS[0] {
                        format!("<Bucket><Name>b-{account}</Name><BucketRegion>{region}</BucketRegion></Bucket>")
                    } else {
                        String::new()
                    };
                    format!("<ListAllMyBucketsResult><Buckets>{bucket}</Buckets></ListAllMyBucketsResult>")
                }
                "s3control" if request.path.contains("accesspoint") => "<ListAccessPointsResult/>".to_owned(),
                "s3control" => BLOCK.to_owned(),
                "s3" if query.starts_with("versioning") => {
                    state.looked.insert(account.to_owned());
                    "<VersioningConfiguration><Status>Enabled</Status></VersioningConfiguration>".to_owned()
                }
                "s3" => BLOCK.to_owned(),
                _ => "{}".to_owned(),
            },
        )
    }

    fn put_events(&self, state: &mut State, body: &Value) -> Value {
        let mut results = Vec::new();
        for entry in body["Entries"].as_array().unwrap() {
            state.entries += 1;
            if state.entries.is_multiple_of(THROTTLE) {
                state.refused += 1;
                results.push(json!({"ErrorCode": "ThrottlingException", "ErrorMessage": "x"}));
                continue;
            }
            let detail: Value = serde_json::from_str(entry["Detail"].as_str().unwrap()).unwrap();
            let event = json!({"source": entry["Source"], "detail-type": entry["DetailType"], "account": HUB,
                "region": REGIONS[0], "id": "e", "detail": detail});
            state.queues.entry("guard".to_owned()).or_default().push_back(event);
            results.push(json!({"EventId": "e"}));
        }
        self.news.notify_all();
        let failed = results.iter().filter(|result| result.get("ErrorCode").is_some()).count();
        json!({"FailedEntryCount": failed, "Entries": results})
    }
}

/// All four flags, for whatever asks about a block.
const BLOCK: &str = "<PublicAccessBlockConfiguration><BlockPublicAcls>true</BlockPublicAcls>\
    <IgnorePublicAcls>true</IgnorePublicAcls><BlockPublicPolicy>true</BlockPublicPolicy>\
    <RestrictPublicBuckets>true</RestrictPublicBuckets></PublicAccessBlockConfiguration>";

/// Ends with the test.
struct Function(Child);

impl Drop for Function {
    fn drop(&mut self) {
        let _ = self.0.kill();
        let _ = self.0.wait();
    }
}

fn start(binary: &str, at: &str, settings: &std::path::Path) -> Function {
    let child = Command::new(rectify_e2e::binary(binary))
        .env_clear()
        .env("AWS_LAMBDA_RUNTIME_API", at)
        .env("AWS_ENDPOINT_URL", format!("http://{at}"))
        .env("HTTP_PROXY", format!("http://{at}"))
        .env("AWS_REGION", REGIONS[0])
        .env("AWS_ACCESS_KEY_ID", format!("AKIA{HUB}"))
        .env("AWS_SECRET_ACCESS_KEY", "x")
        .env("AWS_LAMBDA_FUNCTION_NAME", binary)
        .env("AWS_LAMBDA_FUNCTION_MEMORY_SIZE", "128")
        .env("AWS_LAMBDA_FUNCTION_VERSION", "1")
        .env("AWS_LAMBDA_LOG_STREAM_NAME", "x")
        .env("AWS_LAMBDA_LOG_GROUP_NAME", "x")
        .env("RECTIFY_ACCOUNT", HUB)
        .env("RECTIFY_LEDGER", "rectify-ledger")
        .env("RECTIFY_ROLE", format!("arn:aws:iam::{HUB}:role/rectify/rectify-{binary}"))
        .env("RECTIFY_STACK", "rectify")
        .env("RECTIFY_BUS", "rectify")
        .env("RECTIFY_ORGANIZATION", "o-exampleorgid")
        .env("RECTIFY_REGIONS", REGIONS.join(","))
        .env("RECTIFY_KINDS", "s3-bucket")
        .env("RECTIFY_OUTBOX", format!("https://sqs.{}.amazonaws.com/{HUB}/rectify-outbox.fifo", REGIONS[0]))
        .env("RECTIFY_SCHEDULES", "rectify")
        .env("RECTIFY_SCHEDULER_ROLE", "arn:aws:iam::111122223333:role/x")
        .env("RECTIFY_SETTINGS", settings)
        .stdout(Stdio::null())
        .stderr(Stdio::null())
        .spawn();
    Function(child.unwrap())
}

/// Sweeps that many accounts, and says what it took.
fn sweep(accounts: usize, limit: Duration) {
    let cloud = Arc::new(Cloud { accounts, state: Mutex::default(), news: Condvar::new() });
    // One address for each function: the Runtime API has nothing else to tell them apart.
    let [of_sweeper, of_guard] = ["sweeper", "guard"].map(|function| {
        let listener = TcpListener::bind("127.0.0.1:0").unwrap();
        let at = listener.local_addr().unwrap().to_string();
        let cloud = Arc::clone(&cloud);
        std::thread::spawn(move || {
            for stream in listener.incoming().flatten() {
                let cloud = Arc::clone(&cloud);
                std::thread::spawn(move || cloud.serve(stream, function));
            }
        });
        at
    });
    // What is counted here is calls of a sweep: one read of a bucket and one of an account stand for all.
    let directory = tempfile::tempdir().unwrap();
    let settings = directory.path().join("settings.toml");
    let mut text = ALL_CORRECTIVE.replace("mode = \"detective\"", "mode = \"off\"");
    for control in ["s3-bucket-versioning-off", "s3-account-block-public-access-off"] {
        text.push_str(&format!("\n[control.{control}]\ndevelopment = \"detective\"\n"));
    }
    std::fs::write(&settings, text).unwrap();

    cloud.state.lock().unwrap().queues.entry("sweeper".into()).or_default().push_back(json!({"rectify": "sweep"}));
    let began = Instant::now();
    let _sweeper = start("sweeper", &of_sweeper, &settings);
    let _guards: Vec<Function> = (0..GUARDS).map(|_| start("s3-bucket", &of_guard, &settings)).collect();
    let mut state = cloud.state.lock().unwrap();
    while state.ended < 1 + accounts * REGIONS.len() {
        assert!(began.elapsed() < limit, "not done in {limit:?}: {} ended, {:?}", state.ended, state.errors);
        state = cloud.news.wait_timeout(state, Duration::from_secs(1)).unwrap().0;
    }
    let took = began.elapsed();
    eprintln!("{accounts} accounts x {} regions in {took:.1?}, {GUARDS} guards at a time", REGIONS.len());
    for (name, number) in &state.calls {
        eprintln!("  {name:<24} {number}");
    }
    eprintln!("  throttled calls {}, events not taken at first {}", state.throttled, state.refused);
    eprintln!("  errors {}", state.errors.len());

    assert!(state.throttled > 0 && state.refused > 0, "nothing was throttled: nothing is tried here");
    assert!(state.errors.is_empty(), "{:?}", state.errors);
    let places: BTreeSet<_> = state.swept.iter().cloned().collect();
    assert_eq!(places.len(), accounts * REGIONS.len(), "every place was listed");
    assert_eq!(state.looked.len(), accounts, "every bucket was looked at");
    assert_eq!(state.written.len(), accounts, "every account was written down");
}

#[test]
fn thirty_accounts() {
    sweep(30, Duration::from_secs(60));
}

#[test]
#[ignore = "minutes"]
fn a_thousand_accounts() {
    sweep(1_000, Duration::from_secs(1_200));
}

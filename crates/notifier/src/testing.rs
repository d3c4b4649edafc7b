//! For tests: a server that answers as it is told, and a configuration that leads to it.

use std::sync::{Arc, Mutex};

use aws_config::{BehaviorVersion, Region, SdkConfig};
use aws_credential_types::{Credentials, provider::SharedCredentialsProvider};
use rectify_render::{Message, Post};
use serde_json::json;
use tokio::{
    io::{AsyncReadExt as _, AsyncWriteExt as _},
    net::{TcpListener, TcpStream},
};

/// What decides on an answer: the request's head and body.
type Answerer = Box<dyn FnMut(&str) -> String + Send>;

/// An HTTP server on loopback. One request per connection.
pub(crate) struct Server {
    /// Its address, without a path.
    pub(crate) url: String,
    asked: Arc<Mutex<Vec<String>>>,
}

impl Server {
    /// Gives these answers in their order, then none.
    pub(crate) async fn start(answers: Vec<String>) -> Self {
        let mut answers = answers.into_iter();
        Self::with(Box::new(move |request| answers.next().unwrap_or_else(|| panic!("not expected: {request}")))).await
    }

    /// Answers each request as `answer` says.
    pub(crate) async fn with(mut answer: Answerer) -> Self {
        let listener = TcpListener::bind("127.0.0.1:0").await.unwrap();
        let url = format!("http://{}", listener.local_addr().unwrap());
        let asked = Arc::new(Mutex::new(Vec::new()));
        let kept = Arc::clone(&asked);
        tokio::spawn(async move {
            while let Ok((mut stream, _)) = listener.accept().await {
                let Some(request) = read(&mut stream).await else { continue };
                let text = answer(&request);
                kept.lock().unwrap().push(request);
                let _ = stream.write_all(text.as_bytes()).await;
            }
        });
        Self { url, asked }
    }

    /// One answer; `headers` end with a line break each.
    pub(crate) fn answer(status: u16, headers: &str, body: &str) -> String {
        format!("HTTP/1.1 {status} x\r\nconnection: close\r\ncontent-length: {}\r\n{headers}\r\n{body}", body.len())
    }

    /// What was asked so far, head and body.
    pub(crate) fn asked(&self) -> Vec<String> {
        self.asked.lock().unwrap().clone()
    }
}

async fn read(stream: &mut TcpStream) -> Option<String> {
    let mut request = Vec::new();
    loop {
        let mut part = [0; 16_384];
        let read = stream.read(&mut part).await.ok().filter(|read| *read > 0)?;
        request.extend_from_slice(&part[..read]);
        let text = String::from_utf8_lossy(&request).into_owned();
        let Some((head, _)) = text.split_once("\r\n\r\n") else { continue };
        let length =
            head.lines().find_map(|line| line.to_ascii_lowercase().strip_prefix("content-length: ")?.parse().ok());
        if request.len() >= head.len() + 4 + length.unwrap_or(0_usize) {
            return Some(text);
        }
    }
}

/// A configuration whose every call goes to `endpoint`.
pub(crate) fn config(endpoint: &str) -> SdkConfig {
    SdkConfig::builder()
        .behavior_version(BehaviorVersion::v2026_01_12())
        .region(Region::new("eu-west-1"))
        .endpoint_url(endpoint)
        .credentials_provider(SharedCredentialsProvider::new(Credentials::new("AKID", "key", None, None, "test")))
        .build()
}

/// A message about the bucket `name`, told as `outcome`.
pub(crate) fn message(name: &str, outcome: &str) -> Message {
    let closes = matches!(outcome, "corrected" | "resolved" | "exempt" | "restored");
    let json = json!({
        "version": "1", "id": format!("m-{name}-{outcome}"), "finding": format!("f-{name}"),
        "at": "2026-11-28T09:00:00Z", "closes": closes, "outcome": outcome, "alarm": outcome == "failed",
        "severity": "high", "state": "live",
        "control": {"id": "s3-bucket-public-acl", "title": "Bucket is public by its ACL", "guidance": "why"},
        "summary": "everybody may list the bucket", "evidence": [], "evidence_omitted": 0,
        "resource": {"arn": format!("arn:aws:s3:::{name}"), "name": name, "console": null},
        "account": "111122223333", "region": "eu-west-1", "environment": "production", "mode": "corrective",
        "actor": {}, "changes": [], "changes_omitted": 0, "repeats": 0, "fixes": [],
    });
    Message::parse(&json.to_string()).unwrap()
}

/// The same as it travels.
pub(crate) fn post(name: &str, outcome: &str) -> Post {
    Post::Finding(Box::new(message(name, outcome)))
}

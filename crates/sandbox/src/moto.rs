//! moto as a child process, and the sandbox's own calls to it.

use std::collections::VecDeque;
use std::process::Stdio;
use std::sync::Arc;
use std::time::Duration;

use bytes::Bytes;
use http::{HeaderName, HeaderValue, Request, Response, StatusCode, header};
use http_body_util::{BodyExt, Full};
use hyper::body::Incoming;
use hyper_util::client::legacy::{Client, connect::HttpConnector};
use hyper_util::rt::TokioExecutor;
use parking_lot::Mutex;
use serde_json::Value;
use tokio::io::{AsyncBufReadExt, AsyncRead, AsyncWriteExt, BufReader};
use tokio::process::{Child, ChildStdin, Command};
use tokio::sync::{Semaphore, mpsc};

use crate::error::SandboxError;
use crate::progress::Progress;
use crate::python::Python;

const LAUNCHER: &str = include_str!("../python/launcher.py");
/// Stand-ins of single services, which the launcher carries out before it takes a request.
const STAND_INS: [&str; 3] = [
    include_str!("../python/cloudformation.py"),
    include_str!("../python/cloudtrail.py"),
    include_str!("../python/doors.py"),
];
const START_LIMIT: Duration = Duration::from_secs(60);
const KEPT_LINES: usize = 200;
/// moto has one thread per connection and one interpreter lock: more at once only makes each of them slower.
const AT_ONCE: usize = 64;

/// Marks a request as the administrator's: moto does not check it. Only the gateway can set it.
pub(crate) const ADMINISTRATOR: HeaderName = HeaderName::from_static("x-rectify-administrator");
/// Names the IAM action of a function's request, for moto's check.
pub(crate) const ACTION: HeaderName = HeaderName::from_static("x-rectify-action");
/// Names the ARN a function's request is about, for moto's check.
pub(crate) const RESOURCE: HeaderName = HeaderName::from_static("x-rectify-resource");
/// Asks moto whether the signer may do what the other headers name, and for nothing else: 204 when it may.
pub(crate) const ONLY_CHECK: HeaderName = HeaderName::from_static("x-rectify-only-check");
/// The ids that whatever the sandbox founds in an organisation shall have.
pub(crate) const NEW_IDS: HeaderName = HeaderName::from_static("x-rectify-new-ids");
/// moto's own way to choose an account.
pub(crate) const ACCOUNT: HeaderName = HeaderName::from_static("x-moto-account-id");

/// A running moto. Dropping it ends the process.
pub(crate) struct Moto {
    child: tokio::sync::Mutex<Child>,
    // Lines for the launcher's standard input. It leaves when that closes, also when the sandbox is killed.
    stdin: Mutex<Option<mpsc::UnboundedSender<String>>>,
    authority: String,
    token: HeaderValue,
    client: Client<HttpConnector, Full<Bytes>>,
    slots: Semaphore,
    output: Arc<Mutex<VecDeque<String>>>,
}

/// The answer to one of the sandbox's own calls.
#[derive(Debug)]
pub(crate) struct Answer {
    pub(crate) status: StatusCode,
    pub(crate) body: Bytes,
}

impl Moto {
    pub(crate) async fn start(python: &Python, progress: &Progress) -> Result<Self, SandboxError> {
        progress.step("starting moto");
        let output = Arc::new(Mutex::new(VecDeque::new()));
        let failed =
            |reason: String| SandboxError::Moto { reason, output: output.lock().iter().cloned().collect::<Vec<_>>() };
        let token = uuid::Uuid::new_v4().simple().to_string();
        let mut command = Command::new(python.interpreter());
        command.arg("-I").arg("-c").arg(LAUNCHER).args(STAND_INS).env_clear();
        for name in ["PATH", "HOME", "TMPDIR", "LANG", "LC_ALL"] {
            if let Some(value) = std::env::var_os(name) {
                command.env(name, value);
            }
        }
        command
            .env("RECTIFY_SANDBOX_TOKEN", &token)
            .env("MOTO_ALLOW_NONEXISTENT_REGION", "true")
            .env("AWS_ACCESS_KEY_ID", "moto")
            .env("AWS_SECRET_ACCESS_KEY", "moto")
            .stdin(Stdio::piped())
            .stdout(Stdio::piped())
            .stderr(Stdio::piped())
            // Control-C in a terminal goes to the sandbox alone, which then ends everything in order.
            .process_group(0)
            .kill_on_drop(true);
        let mut child = command.spawn().map_err(|error| failed(error.to_string()))?;
        let stdin = child.stdin.take().map(feed);
        let stdout = child.stdout.take();
        if let Some(stderr) = child.stderr.take() {
            tokio::spawn(keep(stderr, Arc::clone(&output)));
        }
        let mut lines = BufReader::new(stdout.ok_or_else(|| failed("it has no standard output".to_owned()))?).lines();
        let ready = async {
            while let Ok(Some(line)) = lines.next_line().await {
                let port = serde_json::from_str::<Value>(&line).ok().and_then(|line| line.get("port")?.as_u64());
                if port.is_some() {
                    return port;
                }
            }
            None
        };
        let port = match tokio::time::timeout(START_LIMIT, ready).await {
            Ok(Some(port)) => port,
            Ok(None) => {
                // Its last words may still be in the pipe.
                tokio::time::sleep(Duration::from_millis(100)).await;
                return Err(failed("it ended before it was ready".to_owned()));
            }
            Err(_) => return Err(failed(format!("it was not ready after {} s", START_LIMIT.as_secs()))),
        };
        tokio::spawn(keep(lines.into_inner(), Arc::clone(&output)));
        let token = HeaderValue::from_str(&token).map_err(|error| failed(error.to_string()))?;
        let mut connector = HttpConnector::new();
        connector.set_nodelay(true);
        Ok(Self {
            child: tokio::sync::Mutex::new(child),
            stdin: Mutex::new(stdin),
            authority: format!("127.0.0.1:{port}"),
            token,
            client: Client::builder(TokioExecutor::new()).build(connector),
            slots: Semaphore::new(AT_ONCE),
            output,
        })
    }

    /// The token that makes a request the administrator's.
    pub(crate) fn token(&self) -> HeaderValue {
        self.token.clone()
    }

    /// The last lines moto wrote, for a person who wonders about a 500.
    pub(crate) fn output(&self) -> Vec<String> {
        self.output.lock().iter().cloned().collect()
    }

    /// Sends a request on as it is, to moto's address.
    pub(crate) async fn forward(&self, mut request: Request<Full<Bytes>>) -> Result<Response<Incoming>, String> {
        let target = request.uri().path_and_query().map_or("/", |target| target.as_str());
        *request.uri_mut() = http::Uri::builder()
            .scheme("http")
            .authority(self.authority.as_str())
            .path_and_query(target)
            .build()
            .map_err(|error| error.to_string())?;
        let _slot = self.slots.acquire().await.map_err(|error| error.to_string())?;
        self.client.request(request).await.map_err(|error| {
            let mut reason = error.to_string();
            let mut cause = std::error::Error::source(&error);
            while let Some(inner) = cause {
                reason = format!("{reason}: {inner}");
                cause = inner.source();
            }
            reason
        })
    }

    /// A call in the JSON protocols, as the administrator of `account`.
    pub(crate) async fn json(&self, to: Own<'_>, target: &str, body: &Value) -> Result<Answer, SandboxError> {
        let request = to
            .builder("POST", "/")
            .header("x-amz-target", target)
            .header(header::CONTENT_TYPE, "application/x-amz-json-1.0");
        self.own(target, request, Bytes::from(body.to_string())).await
    }

    /// As [`Moto::json`]; what the call makes in an organisation gets these ids, separated by commas.
    pub(crate) async fn json_with_ids(
        &self,
        to: Own<'_>,
        target: &str,
        body: &Value,
        ids: Option<&str>,
    ) -> Result<Answer, SandboxError> {
        let mut request = to
            .builder("POST", "/")
            .header("x-amz-target", target)
            .header(header::CONTENT_TYPE, "application/x-amz-json-1.1");
        if let Some(ids) = ids {
            request = request.header(NEW_IDS, ids);
        }
        self.own(target, request, Bytes::from(body.to_string())).await
    }

    /// A call in the Query protocol, as the administrator of `account`.
    pub(crate) async fn query(&self, to: Own<'_>, params: &[(&str, &str)]) -> Result<Answer, SandboxError> {
        let encode =
            |text: &str| percent_encoding::utf8_percent_encode(text, percent_encoding::NON_ALPHANUMERIC).to_string();
        let body: Vec<String> =
            params.iter().map(|(key, value)| format!("{}={}", encode(key), encode(value))).collect();
        let action = params.first().map_or("", |(_, value)| value);
        let request =
            to.builder("POST", "/").header(header::CONTENT_TYPE, "application/x-www-form-urlencoded; charset=utf-8");
        self.own(&format!("{}:{action}", to.service), request, Bytes::from(body.join("&"))).await
    }

    /// A call in the REST-JSON protocol, as the administrator of `account`; no body when that is null.
    pub(crate) async fn rest(
        &self,
        to: Own<'_>,
        method: &str,
        path: &str,
        body: &Value,
    ) -> Result<Answer, SandboxError> {
        let request = to.builder(method, path).header(header::CONTENT_TYPE, "application/json");
        let body = if body.is_null() { Bytes::new() } else { Bytes::from(body.to_string()) };
        self.own(&format!("{}:{method} {path}", to.service), request, body).await
    }

    /// A call to S3 as the administrator of `account`, with a document as S3 has it: XML, or JSON for a policy.
    pub(crate) async fn s3(&self, to: Own<'_>, path: &str, body: &str) -> Result<Answer, SandboxError> {
        let request = to.builder("PUT", path).header(header::CONTENT_TYPE, "application/xml");
        self.own(&format!("s3:PUT {path}"), request, Bytes::from(body.to_owned())).await
    }

    async fn own(&self, operation: &str, request: http::request::Builder, body: Bytes) -> Result<Answer, SandboxError> {
        let failed = |reason: String| SandboxError::Call { operation: operation.to_owned(), reason };
        let request = request
            .header(ADMINISTRATOR, self.token.clone())
            .header(header::HOST, &self.authority)
            .body(Full::new(body))
            .map_err(|error| failed(error.to_string()))?;
        let response = self.forward(request).await.map_err(failed)?;
        let status = response.status();
        let body = response.into_body().collect().await.map_err(|error| failed(error.to_string()))?.to_bytes();
        Ok(Answer { status, body })
    }

    /// The launcher ends this process group should the sandbox die.
    pub(crate) fn guard(&self, pid: u32) {
        self.tell(format!("+{pid}\n"));
    }

    /// The process group has ended.
    pub(crate) fn release(&self, pid: u32) {
        self.tell(format!("-{pid}\n"));
    }

    fn tell(&self, line: String) {
        if let Some(stdin) = &*self.stdin.lock() {
            // A launcher that is gone needs to be told nothing.
            let _ = stdin.send(line);
        }
    }

    /// Ends moto without waiting: its launcher leaves when its standard input closes.
    pub(crate) fn abandon(&self) {
        drop(self.stdin.lock().take());
    }

    /// Ends moto and waits until it is gone.
    pub(crate) async fn stop(&self) {
        drop(self.stdin.lock().take());
        let mut child = self.child.lock().await;
        if tokio::time::timeout(Duration::from_secs(2), child.wait()).await.is_err() {
            let _ = child.kill().await;
        }
    }
}

/// Where one of the sandbox's own calls goes.
#[derive(Debug, Clone, Copy)]
pub(crate) struct Own<'a> {
    pub(crate) service: &'a str,
    pub(crate) region: &'a str,
    pub(crate) account: &'a str,
}

impl Own<'_> {
    fn builder(&self, method: &str, path: &str) -> http::request::Builder {
        // moto takes service and region from the credential scope; the token makes the signature irrelevant.
        let scope = format!("AKIARECTIFYSANDBOX00/20260101/{}/{}/aws4_request", self.region, self.service);
        Request::builder()
            .method(method)
            .uri(path)
            .header(
                header::AUTHORIZATION,
                format!("AWS4-HMAC-SHA256 Credential={scope}, SignedHeaders=host, Signature=0"),
            )
            .header(ACCOUNT, self.account)
    }
}

/// Writes lines as they come; the pipe closes when the sender is dropped.
fn feed(mut stdin: ChildStdin) -> mpsc::UnboundedSender<String> {
    let (lines, mut waiting) = mpsc::unbounded_channel::<String>();
    tokio::spawn(async move {
        while let Some(line) = waiting.recv().await {
            if stdin.write_all(line.as_bytes()).await.is_err() {
                return;
            }
        }
    });
    lines
}

async fn keep(pipe: impl AsyncRead + Unpin, output: Arc<Mutex<VecDeque<String>>>) {
    let mut lines = BufReader::new(pipe).lines();
    while let Ok(Some(line)) = lines.next_line().await {
        let mut kept = output.lock();
        if kept.len() == KEPT_LINES {
            kept.pop_front();
        }
        kept.push_back(line);
    }
}

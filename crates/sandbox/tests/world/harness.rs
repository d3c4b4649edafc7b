//! A world with the test functions in it, and a person's ways to call it.

use std::io::Write;
use std::os::unix::fs::PermissionsExt;
use std::path::PathBuf;
use std::time::Duration;

use bytes::Bytes;
use http::{Request, header};
use http_body_util::{BodyExt, Full};
use hyper_util::client::legacy::Client;
use hyper_util::rt::TokioExecutor;
use rectify_sandbox::{Progress, Python, World, WorldBuilder};
use serde_json::{Value, json};

pub(crate) struct Sandbox {
    pub(crate) world: World,
    _directory: tempfile::TempDir,
    python: Python,
}

pub(crate) struct Reply {
    pub(crate) status: u16,
    pub(crate) body: String,
}

impl Reply {
    pub(crate) fn json(&self) -> Value {
        serde_json::from_str(&self.body).unwrap_or_else(|error| panic!("{error}: {}", self.body))
    }
}

pub(crate) fn fixture(name: &str) -> PathBuf {
    PathBuf::from(env!("CARGO_MANIFEST_DIR")).join("tests/fixtures").join(name)
}

impl Sandbox {
    pub(crate) async fn start() -> Self {
        Self::of(fixture("template.yaml")).await
    }

    /// A world from another template, with the test function in every place.
    pub(crate) async fn of(template: PathBuf) -> Self {
        Self::with(template, |builder| builder).await
    }

    /// As [`Sandbox::of`], with more said to the builder.
    pub(crate) async fn with(template: PathBuf, more: impl FnOnce(WorldBuilder) -> WorldBuilder) -> Self {
        let python = Python::ensure(&Progress::default()).await.unwrap();
        let directory = tempfile::tempdir().unwrap();
        let binary = directory.path().join("bootstrap");
        let script = std::fs::read_to_string(fixture("bootstrap.py")).unwrap();
        let mut file = std::fs::File::create(&binary).unwrap();
        write!(file, "#!{} -IB\n{script}", python.interpreter().display()).unwrap();
        file.set_permissions(std::fs::Permissions::from_mode(0o755)).unwrap();
        drop(file);
        let builder = WorldBuilder::new(template, move |_| binary.clone()).retry_delay(Duration::from_millis(20));
        let world = more(builder).start().await.unwrap();
        Self { world, _directory: directory, python }
    }

    /// One request as some person signs it; the gateway takes any key.
    pub(crate) async fn request(
        &self,
        method: &str,
        service: &str,
        path: &str,
        headers: &[(&str, &str)],
        body: &str,
    ) -> Reply {
        let scope = format!("AKIAPERSON0000000000/20261123/eu-central-1/{service}/aws4_request");
        let mut request = Request::builder().method(method).uri(format!("{}{path}", self.world.endpoint())).header(
            header::AUTHORIZATION,
            format!("AWS4-HMAC-SHA256 Credential={scope}, SignedHeaders=host, Signature=0"),
        );
        for (name, value) in headers {
            request = request.header(*name, *value);
        }
        send(request.body(Full::new(Bytes::from(body.to_owned()))).unwrap()).await.unwrap()
    }

    pub(crate) async fn s3(&self, method: &str, path: &str, headers: &[(&str, &str)], body: &str) -> Reply {
        self.request(method, "s3", path, headers, body).await
    }

    pub(crate) async fn control(&self, method: &str, path: &str, body: &str) -> Reply {
        let uri = format!("{}/_rectify/{path}", self.world.endpoint());
        let request = Request::builder().method(method).uri(uri).body(Full::new(Bytes::from(body.to_owned())));
        send(request.unwrap()).await.unwrap()
    }

    pub(crate) async fn bucket(&self, name: &str) {
        let body = "<CreateBucketConfiguration><LocationConstraint>eu-central-1</LocationConstraint>\
                    </CreateBucketConfiguration>";
        let reply = self.s3("PUT", &format!("/{name}"), &[], body).await;
        assert_eq!(reply.status, 200, "{}", reply.body);
    }

    pub(crate) async fn idle(&self) {
        assert!(self.world.idle(Duration::from_secs(60)).await, "still busy after a minute");
    }

    /// Runs a boto3 script as a person with the credentials `test`/`test`.
    pub(crate) async fn boto3(&self, script: &str) -> String {
        self.boto3_as("test", "eu-central-1", script).await
    }

    /// Runs a boto3 script as whoever has this access key, in a region.
    pub(crate) async fn boto3_as(&self, key: &str, region: &str, script: &str) -> String {
        let output = tokio::process::Command::new(self.python.interpreter())
            .args(["-IBc", script])
            .env_clear()
            .env("AWS_ACCESS_KEY_ID", key)
            .env("AWS_SECRET_ACCESS_KEY", "test")
            .env("AWS_REGION", region)
            .env("AWS_DEFAULT_REGION", region)
            .env("AWS_ENDPOINT_URL", self.world.endpoint())
            .env("HTTP_PROXY", self.world.endpoint())
            .output()
            .await
            .unwrap();
        let error = String::from_utf8_lossy(&output.stderr);
        assert!(output.status.success(), "{error}\nmoto: {:#?}", self.world.moto_output());
        String::from_utf8(output.stdout).unwrap()
    }

    /// The minted event with this name; there must be one.
    pub(crate) fn event(&self, name: &str) -> Value {
        let events = self.world.events();
        events.into_iter().rev().find(|event| event["detail"]["eventName"] == name).unwrap_or_else(|| {
            panic!("no {name} among {:?}", self.names());
        })
    }

    pub(crate) fn names(&self) -> Vec<String> {
        self.world
            .events()
            .iter()
            .map(|event| event["detail"]["eventName"].as_str().unwrap_or("-").to_owned())
            .collect()
    }
}

pub(crate) async fn send(request: Request<Full<Bytes>>) -> Result<Reply, String> {
    let client = Client::builder(TokioExecutor::new()).build_http::<Full<Bytes>>();
    let response = client.request(request).await.map_err(|error| format!("{error:?}"))?;
    let status = response.status().as_u16();
    let body = response.into_body().collect().await.map_err(|error| format!("{error:?}"))?.to_bytes();
    Ok(Reply { status, body: String::from_utf8_lossy(&body).into_owned() })
}

/// What waits in a queue; there must be something.
pub(crate) async fn dead_letters(sandbox: &Sandbox, queue: &str) -> Vec<Value> {
    let url = format!("{}/123456789012/{queue}", sandbox.world.endpoint());
    let body = json!({ "QueueUrl": url, "MessageAttributeNames": ["All"], "MaxNumberOfMessages": 10 });
    let (status, answer) = sandbox.world.aws_json("sqs", "AmazonSQS.ReceiveMessage", &body).await.unwrap();
    assert_eq!(status, 200, "{answer}");
    answer["Messages"].as_array().cloned().unwrap_or_else(|| panic!("no dead letter: {answer}"))
}

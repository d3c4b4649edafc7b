//! Somebody with an `aws` command: plain requests with a signature that the sandbox does not check for people.

use bytes::Bytes;
use http::{Method, Request, header};
use http_body_util::{BodyExt, Full};
use hyper_util::{
    client::legacy::{Client, connect::HttpConnector},
    rt::TokioExecutor,
};
use serde_json::Value;

/// An answer.
#[derive(Debug, Clone)]
pub struct Answer {
    /// HTTP status.
    pub status: u16,
    /// The body as text.
    pub body: String,
}

/// A client for the gateway.
#[derive(Debug, Clone)]
pub struct Person {
    endpoint: String,
    key: String,
    region: String,
    client: Client<HttpConnector, Full<Bytes>>,
}

impl Person {
    /// Somebody in front of `endpoint`: the hub's administrator in the hub's region.
    pub fn new(endpoint: &str) -> Self {
        let client = Client::builder(TokioExecutor::new()).build_http();
        Self { endpoint: endpoint.to_owned(), key: "test".to_owned(), region: "eu-central-1".to_owned(), client }
    }

    /// Somebody else in another region. The sandbox reads from a key who that is: `111122223333` is that account's
    /// administrator, `root-111122223333` its root user.
    #[must_use]
    pub fn acting(&self, key: &str, region: &str) -> Self {
        Self { key: key.to_owned(), region: region.to_owned(), ..self.clone() }
    }

    /// One call in a JSON protocol; `target` is `X-Amz-Target`.
    pub async fn json(&self, service: &str, target: &str, body: &Value) -> Answer {
        let headers = [("x-amz-target", target), ("content-type", "application/x-amz-json-1.1")];
        self.send(service, "POST", "/", &headers, &body.to_string()).await
    }

    /// One call in the query protocol (EC2, CloudFormation, IAM, …), with parameters as the protocol flattens them
    /// (`IpPermissions.1.FromPort`); anything but an answer below 300 fails the test.
    pub async fn query(&self, service: &str, version: &str, action: &str, parameters: &[(&str, &str)]) -> Answer {
        let answer = self.try_query(service, version, action, parameters).await;
        assert!(answer.status < 300, "{service} {action}: {answer:?}");
        answer
    }

    /// One call in the query protocol.
    pub async fn try_query(&self, service: &str, version: &str, action: &str, parameters: &[(&str, &str)]) -> Answer {
        use percent_encoding::{NON_ALPHANUMERIC, utf8_percent_encode};

        let mut body = format!("Action={action}&Version={version}");
        for (name, value) in parameters {
            body.push_str(&format!("&{name}={}", utf8_percent_encode(value, NON_ALPHANUMERIC)));
        }
        let headers = [("content-type", "application/x-www-form-urlencoded; charset=utf-8")];
        self.send(service, "POST", "/", &headers, &body).await
    }

    /// One call in the REST protocol with JSON; anything but an answer below 300 fails the test.
    pub async fn rest(&self, service: &str, method: &str, path: &str, body: &Value) -> Answer {
        let headers = [("content-type", "application/json")];
        let answer = self.send(service, method, path, &headers, &body.to_string()).await;
        assert!(answer.status < 300, "{method} {path}: {answer:?}");
        answer
    }

    /// One call in the REST protocol with XML; anything but an answer below 300 fails the test.
    pub async fn xml(&self, service: &str, method: &str, path: &str, headers: &[(&str, &str)], body: &str) -> Answer {
        let answer = self.send(service, method, path, headers, body).await;
        assert!(answer.status < 300, "{method} {path}: {answer:?}");
        answer
    }

    /// One S3 request; anything but an answer below 300 fails the test.
    pub async fn s3(&self, method: &str, path: &str, headers: &[(&str, &str)], body: &str) -> Answer {
        let answer = self.try_s3(method, path, headers, body).await;
        assert!(answer.status < 300, "{method} {path}: {answer:?}");
        answer
    }

    /// One S3 request.
    pub async fn try_s3(&self, method: &str, path: &str, headers: &[(&str, &str)], body: &str) -> Answer {
        self.send("s3", method, path, headers, body).await
    }

    async fn send(&self, service: &str, method: &str, path: &str, headers: &[(&str, &str)], body: &str) -> Answer {
        let scope = format!("{}/20261123/{}/{service}/aws4_request", self.key, self.region);
        let mut request = Request::builder()
            .method(Method::from_bytes(method.as_bytes()).unwrap())
            .uri(format!("{}{path}", self.endpoint))
            .header(header::USER_AGENT, "aws-cli/2.31.0")
            .header("x-amz-date", "20261123T000000Z")
            .header(
                header::AUTHORIZATION,
                format!("AWS4-HMAC-SHA256 Credential={scope}, SignedHeaders=host, Signature=0000"),
            );
        for (name, value) in headers {
            request = request.header(*name, *value);
        }
        let request = request.body(Full::new(Bytes::copy_from_slice(body.as_bytes()))).unwrap();
        let answer = self.client.request(request).await.unwrap();
        let status = answer.status().as_u16();
        let body = answer.into_body().collect().await.unwrap().to_bytes();
        Answer { status, body: String::from_utf8_lossy(&body).into_owned() }
    }

    /// `aws s3api create-bucket`.
    pub async fn create_bucket(&self, bucket: &str) {
        let body = match self.region.as_str() {
            "us-east-1" => String::new(),
            region => format!(
                r#"<CreateBucketConfiguration xmlns="http://s3.amazonaws.com/doc/2006-03-01/"><LocationConstraint>{region}</LocationConstraint></CreateBucketConfiguration>"#
            ),
        };
        self.s3("PUT", &format!("/{bucket}"), &[], &body).await;
    }

    /// `aws s3api put-bucket-acl --acl ACL`.
    pub async fn put_acl(&self, bucket: &str, acl: &str) {
        self.s3("PUT", &format!("/{bucket}?acl"), &[("x-amz-acl", acl)], "").await;
    }

    /// `aws s3api put-bucket-policy`.
    pub async fn put_policy(&self, bucket: &str, policy: &Value) {
        self.s3("PUT", &format!("/{bucket}?policy"), &[], &policy.to_string()).await;
    }

    /// `aws s3api get-bucket-policy`; `None` when there is none.
    pub async fn policy(&self, bucket: &str) -> Option<Value> {
        let answer = self.try_s3("GET", &format!("/{bucket}?policy"), &[], "").await;
        (answer.status == 200).then(|| serde_json::from_str(&answer.body).unwrap())
    }

    /// `aws s3api get-bucket-acl`, as XML.
    pub async fn acl(&self, bucket: &str) -> String {
        self.s3("GET", &format!("/{bucket}?acl"), &[], "").await.body
    }

    /// The four flags of the bucket's public access block; `None` when there is none.
    pub async fn block(&self, bucket: &str) -> Option<[bool; 4]> {
        Self::flags(&self.try_s3("GET", &format!("/{bucket}?publicAccessBlock"), &[], "").await)
    }

    /// The four flags of the account's public access block; `None` when there is none.
    pub async fn account_block(&self, account: &str) -> Option<[bool; 4]> {
        let path = "/v20180820/configuration/publicAccessBlock";
        Self::flags(&self.try_s3("GET", path, &[("x-amz-account-id", account)], "").await)
    }

    fn flags(answer: &Answer) -> Option<[bool; 4]> {
        let flags = ["BlockPublicAcls", "IgnorePublicAcls", "BlockPublicPolicy", "RestrictPublicBuckets"];
        let on = |name: &str| answer.body.to_lowercase().contains(&format!("<{name}>true").to_lowercase());
        (answer.status == 200).then(|| flags.map(on))
    }

    /// `aws s3api put-public-access-block` with all four flags the same.
    pub async fn put_block(&self, bucket: &str, on: bool) {
        self.s3("PUT", &format!("/{bucket}?publicAccessBlock"), &[], &block_xml(on)).await;
    }

    /// `aws s3control put-public-access-block`.
    pub async fn put_account_block(&self, account: &str, on: bool) {
        let path = "/v20180820/configuration/publicAccessBlock";
        self.s3("PUT", path, &[("x-amz-account-id", account)], &block_xml(on)).await;
    }
}

fn block_xml(on: bool) -> String {
    format!(
        r#"<PublicAccessBlockConfiguration xmlns="http://s3.amazonaws.com/doc/2006-03-01/"><BlockPublicAcls>{on}</BlockPublicAcls><IgnorePublicAcls>{on}</IgnorePublicAcls><BlockPublicPolicy>{on}</BlockPublicPolicy><RestrictPublicBuckets>{on}</RestrictPublicBuckets></PublicAccessBlockConfiguration>"#
    )
}

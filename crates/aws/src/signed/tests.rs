use std::sync::{Arc, Mutex};

use aws_config::{BehaviorVersion, Region};
use aws_credential_types::Credentials;
use serde_json::json;
use tokio::{
    io::{AsyncReadExt as _, AsyncWriteExt as _},
    net::TcpListener,
};

use super::*;

/// A server that gives these answers, one per connection, and keeps what it was asked.
async fn server(answers: &[(u16, &str, &str)]) -> (String, Arc<Mutex<Vec<String>>>) {
    let listener = TcpListener::bind("127.0.0.1:0").await.unwrap();
    let endpoint = format!("http://{}", listener.local_addr().unwrap());
    let asked = Arc::new(Mutex::new(Vec::new()));
    let answers: Vec<String> = answers
        .iter()
        .map(|(status, headers, body)| {
            let length = body.len();
            format!("HTTP/1.1 {status} x\r\nconnection: close\r\ncontent-length: {length}\r\n{headers}\r\n{body}")
        })
        .collect();
    let kept = Arc::clone(&asked);
    tokio::spawn(async move {
        for answer in answers {
            let (mut stream, _) = listener.accept().await.unwrap();
            let mut request = Vec::new();
            loop {
                let mut part = [0; 4096];
                let read = stream.read(&mut part).await.unwrap();
                request.extend_from_slice(&part[..read]);
                let text = String::from_utf8_lossy(&request).into_owned();
                let Some((head, body)) = text.split_once("\r\n\r\n") else { continue };
                let length = head.lines().find_map(|line| line.strip_prefix("content-length: ")).unwrap_or("0");
                if body.len() >= length.parse::<usize>().unwrap() {
                    kept.lock().unwrap().push(text);
                    break;
                }
            }
            stream.write_all(answer.as_bytes()).await.unwrap();
        }
    });
    (endpoint, asked)
}

fn config(endpoint: Option<&str>) -> SdkConfig {
    let credentials = Credentials::new("AKIDEXAMPLE", "verysecret", Some("session".to_owned()), None, "test");
    let builder = SdkConfig::builder()
        .behavior_version(BehaviorVersion::v2026_01_12())
        .region(Region::new("eu-west-1"))
        .credentials_provider(SharedCredentialsProvider::new(credentials));
    match endpoint {
        Some(endpoint) => builder.endpoint_url(endpoint).build(),
        None => builder.build(),
    }
}

fn call(body: &Value) -> Call<'_> {
    Call { operation: "BatchImportFindings", method: "POST", path: "/findings/import", body }
}

#[tokio::test]
async fn a_call_is_signed_json_to_the_configured_endpoint() {
    let (endpoint, asked) = server(&[(200, "", r#"{"FailedCount":0}"#)]).await;
    let client = Signed::new(&config(Some(&endpoint)), &Http::new(), Service::SECURITY_HUB);
    let answer = client.call(&call(&json!({"Findings": []}))).await.unwrap();
    assert_eq!(answer, json!({"FailedCount": 0}));
    let asked = asked.lock().unwrap();
    assert!(asked[0].starts_with("POST /findings/import HTTP/1.1"), "{}", asked[0]);
    for part in [
        "content-type: application/json\r\n",
        "/eu-west-1/securityhub/aws4_request",
        "SignedHeaders=content-type;host;x-amz-date;x-amz-security-token",
        "x-amz-security-token: session",
        "\r\n\r\n{\"Findings\":[]}",
    ] {
        assert!(asked[0].contains(part), "{part} in {}", asked[0]);
    }
    assert!(!asked[0].contains("verysecret"));
}

#[tokio::test]
async fn a_json_service_is_asked_by_its_target() {
    let (endpoint, asked) = server(&[(200, "", "{}")]).await;
    let client = Signed::new(&config(Some(&endpoint)), &Http::new(), Service::SSM);
    let call = Call { operation: "GetParameter", method: "POST", path: "/", body: &json!({"Name": "a"}) };
    client.call(&call).await.unwrap();
    let asked = asked.lock().unwrap();
    assert!(asked[0].contains("x-amz-target: AmazonSSM.GetParameter\r\n"), "{}", asked[0]);
    assert!(asked[0].contains("content-type: application/x-amz-json-1.1\r\n"), "{}", asked[0]);
}

#[tokio::test]
async fn what_can_work_later_is_tried_three_times_and_what_cannot_once() {
    let busy = (429, "x-amzn-errortype: TooManyRequestsException:http://internal/\r\n", "{}");
    let (endpoint, asked) = server(&[busy, (503, "", ""), (200, "", "{}")]).await;
    let client = Signed::new(&config(Some(&endpoint)), &Http::new(), Service::SECURITY_HUB);
    client.call(&call(&json!({}))).await.unwrap();
    assert_eq!(asked.lock().unwrap().len(), 3);

    let (endpoint, asked) = server(&[busy, busy, busy, (200, "", "{}")]).await;
    let client = Signed::new(&config(Some(&endpoint)), &Http::new(), Service::SECURITY_HUB);
    let failure = client.call(&call(&json!({}))).await.unwrap_err();
    assert_eq!((failure.kind, failure.code.as_deref()), (FailureKind::Throttled, Some("TooManyRequestsException")));
    assert_eq!(asked.lock().unwrap().len(), 3);

    let (endpoint, asked) = server(&[(400, "", "{}"), (200, "", "{}")]).await;
    let client = Signed::new(&config(Some(&endpoint)), &Http::new(), Service::SECURITY_HUB);
    assert_eq!(client.call(&call(&json!({}))).await.unwrap_err().kind, FailureKind::Invalid);
    assert_eq!(asked.lock().unwrap().len(), 1);
}

#[tokio::test]
async fn a_refusal_keeps_its_code_and_request_id() {
    let body = r#"{"__type":"com.amazonaws.ssm#ParameterNotFound","message":"no"}"#;
    let (endpoint, _) = server(&[(400, "x-amzn-RequestId: r-1\r\n", body)]).await;
    let client = Signed::new(&config(Some(&endpoint)), &Http::new(), Service::SSM);
    let call = Call { operation: "GetParameter", method: "POST", path: "/", body: &json!({}) };
    let failure = client.call(&call).await.unwrap_err();
    assert_eq!(failure.kind, FailureKind::Gone);
    assert_eq!(failure.to_string(), "could not GetParameter: no such resource (ParameterNotFound, request r-1)");
    assert_eq!(failure.message.as_deref(), Some("no"));
}

#[tokio::test]
async fn an_answer_that_is_no_json_and_no_answer_at_all_are_failures() {
    let (endpoint, _) = server(&[(200, "x-amzn-requestid: r-2\r\n", "<html>")]).await;
    let client = Signed::new(&config(Some(&endpoint)), &Http::new(), Service::SES);
    let failure = client.call(&call(&json!({}))).await.unwrap_err();
    assert_eq!((failure.kind, failure.request_id.as_deref()), (FailureKind::Other, Some("r-2")));

    let listener = TcpListener::bind("127.0.0.1:0").await.unwrap();
    let endpoint = format!("http://{}", listener.local_addr().unwrap());
    drop(listener);
    let client = Signed::new(&config(Some(&endpoint)), &Http::new(), Service::SES);
    let failure = client.call(&call(&json!({}))).await.unwrap_err();
    assert_eq!(failure.kind, FailureKind::Unreachable, "{failure}");
}

#[test]
fn endpoints_are_those_of_the_partition() {
    let http = Http::new();
    let endpoint = |service, region: &str| Signed::in_region(&config(None), &http, service, region.to_owned()).endpoint;
    assert_eq!(endpoint(Service::SES, "eu-west-1"), "https://email.eu-west-1.amazonaws.com");
    assert_eq!(endpoint(Service::SECURITY_HUB, "us-gov-west-1"), "https://securityhub.us-gov-west-1.amazonaws.com");
    assert_eq!(endpoint(Service::SSM, "cn-north-1"), "https://ssm.cn-north-1.amazonaws.com.cn");
    assert_eq!(
        endpoint(Service::SECRETS_MANAGER, "eusc-de-east-1"),
        "https://secretsmanager.eusc-de-east-1.amazonaws.eu"
    );
}

#[test]
fn what_is_sent_never_shows_in_debug() {
    let request = Request {
        method: "POST",
        url: "https://hooks.slack.com/services/secret".to_owned(),
        headers: vec![("authorization", "secret".to_owned())],
        body: "secret".to_owned(),
    };
    assert!(!format!("{request:?} {:?}", Http::new()).contains("secret"));
}

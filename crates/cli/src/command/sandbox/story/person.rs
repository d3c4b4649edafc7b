//! Somebody with an `aws` command, who need not be on this machine: each command is shown as a person types it and sent as
//! the request it makes.

use std::fmt::Write as _;

use bytes::Bytes;
use http::{Method, Request, header};
use http_body_util::{BodyExt as _, Full};
use hyper_util::{
    client::legacy::{Client, connect::HttpConnector},
    rt::TokioExecutor,
};

use super::Error;

/// An `aws` command, and the request it makes.
#[derive(Debug, Clone)]
pub(super) struct Command {
    /// What follows `aws`; lines after the first are shown as they are.
    pub(super) typed: String,
    /// The service, as a signature names it.
    pub(super) service: &'static str,
    pub(super) method: Method,
    /// From the slash on.
    pub(super) path: String,
    pub(super) headers: Vec<(&'static str, String)>,
    pub(super) body: String,
}

impl Command {
    /// A command of `aws s3api`.
    pub(super) fn s3(typed: impl AsRef<str>, method: Method, path: impl Into<String>) -> Self {
        Self {
            typed: format!("s3api {}", typed.as_ref()),
            service: "s3",
            method,
            path: path.into(),
            headers: Vec::new(),
            body: String::new(),
        }
    }

    /// A command of a service with the query protocol; `form` is the request's body.
    pub(super) fn query(service: &'static str, typed: &str, form: impl Into<String>) -> Self {
        Self {
            typed: format!("{service} {typed}"),
            service,
            method: Method::POST,
            path: "/".to_owned(),
            headers: vec![("content-type", "application/x-www-form-urlencoded; charset=utf-8".to_owned())],
            body: form.into(),
        }
    }

    /// A command of a service with the JSON protocol; `target` is `X-Amz-Target`.
    pub(super) fn json(service: &'static str, typed: &str, target: String, body: impl Into<String>) -> Self {
        Self {
            typed: format!("{service} {typed}"),
            service,
            method: Method::POST,
            path: "/".to_owned(),
            headers: vec![("content-type", "application/x-amz-json-1.1".to_owned()), ("x-amz-target", target)],
            body: body.into(),
        }
    }

    /// The same with `{id}` filled in: what AWS called the resource that an earlier command made.
    pub(super) fn about(&self, id: &str) -> Self {
        let fill = |text: &str| text.replace("{id}", id);
        Self { typed: fill(&self.typed), path: fill(&self.path), body: fill(&self.body), ..self.clone() }
    }

    pub(super) fn header(mut self, name: &'static str, value: &'static str) -> Self {
        self.headers.push((name, value.to_owned()));
        self
    }

    pub(super) fn body(mut self, body: impl Into<String>) -> Self {
        self.body = body.into();
        self
    }
}

/// An answer.
#[derive(Debug, Clone)]
pub(super) struct Answer {
    pub(super) status: u16,
    pub(super) body: String,
}

/// The person, in front of one endpoint.
#[derive(Debug, Clone)]
pub(super) struct Person {
    endpoint: String,
    region: String,
    client: Client<HttpConnector, Full<Bytes>>,
}

impl Person {
    pub(super) fn new(endpoint: &str, region: &str) -> Self {
        let client = Client::builder(TokioExecutor::new()).build_http();
        Self { endpoint: endpoint.to_owned(), region: region.to_owned(), client }
    }

    /// Sends the command, whatever the answer.
    ///
    /// # Errors
    /// When the sandbox does not answer at all.
    pub(super) async fn ask(&self, command: &Command) -> Result<Answer, Error> {
        // The sandbox reads account, region and service from a person's signature and does not check it.
        let authorization = format!(
            "AWS4-HMAC-SHA256 Credential=test/20261123/{}/{}/aws4_request, SignedHeaders=host, Signature=0000",
            self.region, command.service
        );
        let lost = |why: String| Error::Lost { command: first_line(&command.typed), why };
        let mut request = Request::builder()
            .method(command.method.clone())
            .uri(format!("{}{}", self.endpoint, command.path))
            .header(header::USER_AGENT, "aws-cli/2.31.0")
            .header(header::AUTHORIZATION, authorization);
        for (name, value) in &command.headers {
            request = request.header(*name, value);
        }
        let body = Full::new(Bytes::copy_from_slice(command.body.as_bytes()));
        let request = request.body(body).map_err(|error| lost(error.to_string()))?;
        let answer = self.client.request(request).await.map_err(|error| lost(chain(&error)))?;
        let status = answer.status().as_u16();
        let body = answer.into_body().collect().await.map_err(|error| lost(chain(&error)))?.to_bytes();
        Ok(Answer { status, body: String::from_utf8_lossy(&body).into_owned() })
    }

    /// Sends a command that has to work.
    ///
    /// # Errors
    /// When it is refused.
    pub(super) async fn run(&self, command: &Command) -> Result<Answer, Error> {
        let answer = self.ask(command).await?;
        if answer.status < 300 {
            return Ok(answer);
        }
        Err(Error::Lost {
            command: first_line(&command.typed),
            why: format!("HTTP {}: {}", answer.status, answer.body),
        })
    }
}

fn first_line(typed: &str) -> String {
    typed.lines().next().unwrap_or_default().to_owned()
}

/// An error with everything it says about its cause.
fn chain(error: &dyn std::error::Error) -> String {
    let mut text = error.to_string();
    let mut next = error.source();
    while let Some(cause) = next {
        let _ = write!(text, ": {cause}");
        next = cause.source();
    }
    text
}

//! Calls of services whose SDK crates would be larger than everything else together, for one operation of each.
//!
//! The signature is AWS's own crate's, the credentials, the region and the endpoint are the SDK configuration's; the rest of
//! such a call is JSON over HTTP.

use std::time::{Duration, SystemTime};

use aws_config::SdkConfig;
use aws_credential_types::provider::{ProvideCredentials as _, SharedCredentialsProvider};
use aws_sigv4::{
    http_request::{SignableBody, SignableRequest, SigningSettings, sign},
    sign::v4,
};
use serde_json::Value;

use crate::{
    AwsFailure, FailureKind, Http, Request,
    failure::Said,
    http::{Answer, NoAnswer},
    jitter::pause,
};

/// Tries of a call, the first included.
const TRIES: u32 = 3;

/// The first wait before another try; it doubles.
const FIRST_WAIT: Duration = Duration::from_millis(200);

/// A service and how it is spoken to.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Service {
    /// As its SDK crate is called; what an [`AwsFailure`] says.
    pub name: &'static str,
    /// What a signature names.
    signing: &'static str,
    /// First label of its endpoint.
    host: &'static str,
    /// `X-Amz-Target`'s first part, for services of the JSON 1.1 protocol; `None` for those with paths.
    target: Option<&'static str>,
}

impl Service {
    /// Security Hub (API reference, `BatchImportFindings`; endpoints: `securityhub.REGION.amazonaws.com`).
    pub const SECURITY_HUB: Self = Self::rest("securityhub", "securityhub", "securityhub");
    /// SES, API version 2 (API reference v2, `SendEmail`; endpoints: `email.REGION.amazonaws.com`, signed as `ses`).
    pub const SES: Self = Self::rest("sesv2", "ses", "email");
    /// Systems Manager (API reference, «Making API requests»: target `AmazonSSM`).
    pub const SSM: Self = Self::json("ssm", "AmazonSSM");
    /// Secrets Manager (API reference, `GetSecretValue`: target `secretsmanager`).
    pub const SECRETS_MANAGER: Self = Self::json("secretsmanager", "secretsmanager");

    const fn rest(name: &'static str, signing: &'static str, host: &'static str) -> Self {
        Self { name, signing, host, target: None }
    }

    const fn json(name: &'static str, target: &'static str) -> Self {
        Self { name, signing: name, host: name, target: Some(target) }
    }
}

/// One call.
#[derive(Debug, Clone)]
pub struct Call<'a> {
    /// The API name.
    pub operation: &'static str,
    /// The method; `POST` for services of the JSON protocol.
    pub method: &'a str,
    /// The path; `/` for services of the JSON protocol. Fixed text: nothing from outside is escaped here.
    pub path: &'a str,
    /// The body.
    pub body: &'a Value,
}

/// A client of one service in one region.
#[derive(Debug, Clone)]
pub struct Signed {
    http: Http,
    credentials: Option<SharedCredentialsProvider>,
    service: Service,
    region: String,
    endpoint: String,
}

impl Signed {
    /// A client in the configuration's own region. An endpoint of the configuration (`AWS_ENDPOINT_URL`) is used as it is.
    #[must_use]
    pub fn new(config: &SdkConfig, http: &Http, service: Service) -> Self {
        let region = config.region().map(ToString::to_string).unwrap_or_default();
        Self::in_region(config, http, service, region)
    }

    /// A client in `region`.
    #[must_use]
    pub fn in_region(config: &SdkConfig, http: &Http, service: Service, region: String) -> Self {
        let endpoint = config.endpoint_url().map_or_else(
            || format!("https://{}.{region}.{}", service.host, suffix(&region)),
            |endpoint| endpoint.trim_end_matches('/').to_owned(),
        );
        Self { http: http.clone(), credentials: config.credentials_provider(), service, region, endpoint }
    }

    /// Makes the call, up to three times while the answer says that a later one can work, and returns the answer's JSON.
    /// After a try that was cut the call can have happened twice.
    ///
    /// # Errors
    /// [`AwsFailure`], also when AWS said yes and the answer is no JSON.
    pub async fn call(&self, call: &Call<'_>) -> Result<Value, AwsFailure> {
        let mut wait = FIRST_WAIT;
        let mut tried = 1;
        loop {
            match self.attempt(call).await {
                Err(failure) if failure.kind.is_transient() && tried < TRIES => {
                    pause(wait).await;
                    wait = wait.saturating_mul(2);
                    tried += 1;
                }
                result => return result,
            }
        }
    }

    async fn attempt(&self, call: &Call<'_>) -> Result<Value, AwsFailure> {
        let request = self.request(call).await?;
        let answer = self.http.send(request).await.map_err(|error| self.unanswered(call, &error))?;
        if !answer.is_success() {
            return Err(AwsFailure::answered(self.service.name, call.operation, answer.status, said(&answer)));
        }
        if answer.body.is_empty() {
            return Ok(Value::Null);
        }
        serde_json::from_slice(&answer.body).map_err(|error| AwsFailure {
            request_id: request_id(&answer),
            ..self.failure(call, FailureKind::Other, format!("the answer is no JSON: {error}"))
        })
    }

    /// The signed request.
    async fn request<'a>(&'a self, call: &'a Call<'a>) -> Result<Request<'a>, AwsFailure> {
        let body = call.body.to_string();
        let url = format!("{}{}", self.endpoint, call.path);
        let content_type =
            if self.service.target.is_some() { "application/x-amz-json-1.1" } else { "application/json" };
        let mut headers = vec![("content-type", content_type.to_owned())];
        if let Some(target) = self.service.target {
            headers.push(("x-amz-target", format!("{target}.{}", call.operation)));
        }
        let provider = self.credentials.as_ref();
        let provider =
            provider.ok_or_else(|| self.failure(call, FailureKind::Denied, "there are no credentials".to_owned()))?;
        let credentials = provider.provide_credentials().await;
        let identity = credentials
            .map_err(|error| self.failure(call, FailureKind::Denied, format!("no credentials: {error}")))?
            .into();
        let unsigned = |error: &dyn std::error::Error| {
            self.failure(call, FailureKind::Invalid, format!("could not sign the request: {error}"))
        };
        let params = v4::SigningParams::builder()
            .identity(&identity)
            .region(&self.region)
            .name(self.service.signing)
            .time(SystemTime::now())
            .settings(SigningSettings::default())
            .build()
            .map_err(|error| unsigned(&error))?
            .into();
        let names = headers.iter().map(|(name, value)| (*name, &**value));
        let signable = SignableRequest::new(call.method, &url, names, SignableBody::Bytes(body.as_bytes()))
            .map_err(|error| unsigned(&error))?;
        let (instructions, _) = sign(signable, &params).map_err(|error| unsigned(&error))?.into_parts();
        let (signed, _) = instructions.into_parts();
        headers.extend(signed.iter().map(|header| (header.name(), header.value().to_owned())));
        Ok(Request { method: call.method, url, headers, body })
    }

    fn unanswered(&self, call: &Call<'_>, error: &NoAnswer) -> AwsFailure {
        let kind = if error.timed_out { FailureKind::TimedOut } else { FailureKind::Unreachable };
        self.failure(call, kind, error.why.clone())
    }

    fn failure(&self, call: &Call<'_>, kind: FailureKind, message: String) -> AwsFailure {
        AwsFailure {
            service: self.service.name,
            operation: call.operation,
            kind,
            code: None,
            message: Some(message),
            request_id: None,
        }
    }
}

/// The end of endpoints in the partition of `region` (general reference, service endpoints).
fn suffix(region: &str) -> &'static str {
    if region.starts_with("cn-") {
        "amazonaws.com.cn"
    } else if region.starts_with("eusc-") {
        "amazonaws.eu"
    } else {
        "amazonaws.com"
    }
}

/// Code, message and request id, as both JSON protocols say them (Smithy, «AWS JSON 1.1» and «AWS restJson1», operation
/// error serialisation): the code stands in a header or in `__type` or `code`, after a `#` and before a `:`.
fn said(answer: &Answer) -> Said {
    let body: Value = serde_json::from_slice(&answer.body).unwrap_or_default();
    let text = |key: &str| body.get(key).and_then(Value::as_str);
    let code = answer.header("x-amzn-errortype").or_else(|| text("__type")).or_else(|| text("code"));
    let code = code.map(|code| {
        let code = code.rsplit('#').next().unwrap_or_default();
        code.split(':').next().unwrap_or_default().trim().to_owned()
    });
    Said {
        code: code.filter(|code| !code.is_empty()),
        message: text("message").or_else(|| text("Message")).map(str::to_owned),
        request_id: request_id(answer),
    }
}

fn request_id(answer: &Answer) -> Option<String> {
    answer.header("x-amzn-requestid").or_else(|| answer.header("x-amz-request-id")).map(str::to_owned)
}

#[cfg(test)]
mod tests;

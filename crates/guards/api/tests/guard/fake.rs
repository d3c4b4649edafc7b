//! The services that answer what a test says, over the real SDKs' requests.

use std::{
    collections::{BTreeMap, VecDeque},
    sync::{Arc, Mutex},
};

use aws_config::{BehaviorVersion, Region as SdkRegion, SdkConfig, retry::RetryConfig};
use aws_smithy_http_client::test_util::infallible_client_fn;
use aws_smithy_types::body::SdkBody;
use rectify_aws::Session;
use rectify_controls::{AccountId, Place, Region};
use serde_json::Value;

pub(crate) type Answer = (u16, String);

/// One request: what it is (`GET /restapis/a1`, `wafv2 GetWebACL`, `elb DescribeTags`), its body, the region that it is signed for,
/// and the version that it names.
#[derive(Debug, Clone)]
pub(crate) struct Call {
    pub(crate) what: String,
    pub(crate) query: String,
    pub(crate) body: String,
    pub(crate) region: String,
    pub(crate) if_match: Option<String>,
}

#[derive(Clone, Default)]
pub(crate) struct Fake {
    answers: Arc<Mutex<BTreeMap<String, VecDeque<Answer>>>>,
    calls: Arc<Mutex<Vec<Call>>>,
}

impl Fake {
    /// Answers `what` with the given answers in turn, and with the last of them from then on.
    pub(crate) fn on(self, what: &str, answers: impl IntoIterator<Item = Answer>) -> Self {
        self.answers.lock().unwrap().insert(what.to_owned(), answers.into_iter().collect());
        self
    }

    pub(crate) fn calls(&self) -> Vec<Call> {
        self.calls.lock().unwrap().clone()
    }

    /// What was called, in alphabetical order: parallel reads have no other.
    pub(crate) fn whats(&self) -> Vec<String> {
        let mut whats: Vec<String> = self.calls().into_iter().map(|call| call.what).collect();
        whats.sort();
        whats
    }

    pub(crate) fn session(&self) -> Session {
        let fake = self.clone();
        let credentials = aws_sdk_wafv2::config::Credentials::new("AKID", "secret", None, None, "test");
        let config = SdkConfig::builder()
            .behavior_version(BehaviorVersion::v2026_01_12())
            .region(SdkRegion::new("eu-west-1"))
            .endpoint_url("http://127.0.0.1:4566")
            .credentials_provider(aws_sdk_wafv2::config::SharedCredentialsProvider::new(credentials))
            .retry_config(RetryConfig::standard().with_max_attempts(2))
            .http_client(infallible_client_fn(move |request| fake.answer(&request)))
            .build();
        let place =
            Place { account: AccountId::new("111122223333").unwrap(), region: Region::new("eu-west-1").unwrap() };
        Session { place, config, serial: 0 }
    }

    fn answer(&self, request: &http::Request<SdkBody>) -> http::Response<String> {
        let header = |name: &str| request.headers().get(name).map(|value| value.to_str().unwrap().to_owned());
        let body = String::from_utf8(request.body().bytes().unwrap_or_default().to_vec()).unwrap();
        let what = match header("x-amz-target") {
            Some(target) => {
                let (service, operation) = target.split_once('.').unwrap();
                let service = match service {
                    "AWSCognitoIdentityProviderService" => "cognito",
                    "AppRunner" => "apprunner",
                    _ => "wafv2",
                };
                format!("{service} {operation}")
            }
            None => match body.strip_prefix("Action=") {
                Some(action) => format!("elb {}", action.split('&').next().unwrap()),
                None => format!("{} {}", request.method(), request.uri().path()),
            },
        };
        let region = header("authorization").unwrap().split('/').nth(2).unwrap().to_owned();
        let query = request.uri().query().unwrap_or_default().to_owned();
        self.calls.lock().unwrap().push(Call { what: what.clone(), query, body, region, if_match: header("if-match") });
        let mut answers = self.answers.lock().unwrap();
        let answers = answers.get_mut(&what).unwrap_or_else(|| panic!("nothing is prepared for `{what}`"));
        let (status, body) =
            if answers.len() > 1 { answers.pop_front().unwrap() } else { answers.front().unwrap().clone() };
        http::Response::builder()
            .status(status)
            .header("x-amzn-requestid", "7BMJ")
            .header("etag", "E2QW")
            .body(body)
            .unwrap()
    }
}

/// An answer with a body.
pub(crate) fn ok(body: &Value) -> Answer {
    (200, body.to_string())
}

/// An answer of a load balancer's service.
pub(crate) fn xml(operation: &str, body: &str) -> Answer {
    (200, format!("<{operation}Response><{operation}Result>{body}</{operation}Result></{operation}Response>"))
}

/// CloudFront's answer to `GetDistributionConfig`: one that is enabled, with this web ACL and these further elements.
pub(crate) fn config(web_acl: &str, more: &str) -> Answer {
    (
        200,
        format!(
            "<DistributionConfig><CallerReference>1</CallerReference><Origins><Quantity>0</Quantity></Origins><Comment></Comment>\
             <Enabled>true</Enabled><WebACLId>{web_acl}</WebACLId>{more}</DistributionConfig>"
        ),
    )
}

/// A refusal of CloudFront's.
pub(crate) fn refused_xml(status: u16, code: &str) -> Answer {
    (status, format!("<ErrorResponse><Error><Code>{code}</Code><Message>no</Message></Error></ErrorResponse>"))
}

/// A refusal in JSON.
pub(crate) fn refused(status: u16, code: &str) -> Answer {
    (status, serde_json::json!({"__type": code, "code": code, "message": "as AWS words it"}).to_string())
}

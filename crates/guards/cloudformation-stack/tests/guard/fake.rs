//! A CloudFormation that answers what a test says, over the real SDK's requests and XML.

use std::{
    collections::{BTreeMap, VecDeque},
    sync::{Arc, Mutex},
};

use aws_config::{BehaviorVersion, Region as SdkRegion, SdkConfig, retry::RetryConfig};
use aws_sdk_cloudformation::config::{Credentials, SharedCredentialsProvider};
use aws_smithy_http_client::test_util::infallible_client_fn;
use aws_smithy_types::body::SdkBody;
use rectify_aws::Session;
use rectify_controls::{AccountId, Place, Region, cloudformation_stack::StackId};

pub(crate) type Answer = (u16, String);

#[derive(Clone, Default)]
pub(crate) struct Fake {
    answers: Arc<Mutex<BTreeMap<String, VecDeque<Answer>>>>,
    calls: Arc<Mutex<Vec<String>>>,
}

pub(crate) fn place() -> Place {
    Place { account: AccountId::new("111122223333").unwrap(), region: Region::new("eu-west-1").unwrap() }
}

pub(crate) fn id() -> StackId {
    StackId::new("orders/0bd1a2e0").unwrap()
}

impl Fake {
    /// Answers `action` with the given answers in turn, and with the last of them from then on.
    pub(crate) fn on(self, action: &str, answers: impl IntoIterator<Item = Answer>) -> Self {
        self.answers.lock().unwrap().insert(action.to_owned(), answers.into_iter().collect());
        self
    }

    /// The requests' forms without what is in each of them, in order.
    pub(crate) fn calls(&self) -> Vec<String> {
        self.calls.lock().unwrap().clone()
    }

    /// The names of the calls, in order.
    pub(crate) fn actions(&self) -> Vec<String> {
        let name = |call: &String| call.split('&').next().unwrap_or_default().trim_start_matches("Action=").to_owned();
        self.calls().iter().map(name).collect()
    }

    pub(crate) fn session(&self) -> Session {
        let fake = self.clone();
        let credentials = Credentials::new("AKID", "secret", None, None, "test");
        let config = SdkConfig::builder()
            .behavior_version(BehaviorVersion::v2026_01_12())
            .region(SdkRegion::new("eu-west-1"))
            .endpoint_url("http://127.0.0.1:4566")
            .credentials_provider(SharedCredentialsProvider::new(credentials))
            .retry_config(RetryConfig::standard().with_max_attempts(1))
            .http_client(infallible_client_fn(move |request| fake.answer(&request)))
            .build();
        Session { place: place(), config, serial: 0 }
    }

    fn answer(&self, request: &http::Request<SdkBody>) -> http::Response<String> {
        let form = String::from_utf8(request.body().bytes().unwrap_or_default().to_vec()).unwrap();
        let form = form.replace("Version=2010-05-15&", "").replace("%3A", ":").replace("%2F", "/");
        let action = form.split('&').next().unwrap_or_default().trim_start_matches("Action=").to_owned();
        self.calls.lock().unwrap().push(form);
        let mut answers = self.answers.lock().unwrap();
        let answers = answers.get_mut(&action).unwrap_or_else(|| panic!("nothing is prepared for `{action}`"));
        let (status, body) =
            if answers.len() > 1 { answers.pop_front().unwrap() } else { answers.front().unwrap().clone() };
        http::Response::builder().status(status).body(body).unwrap()
    }
}

/// An answer with a result of `action`.
pub(crate) fn ok(action: &str, result: &str) -> Answer {
    (200, format!("<{action}Response><{action}Result>{result}</{action}Result></{action}Response>"))
}

/// A refusal.
pub(crate) fn refused(status: u16, code: &str, message: &str) -> Answer {
    let error = format!("<Error><Type>Sender</Type><Code>{code}</Code><Message>{message}</Message></Error>");
    (status, format!("<ErrorResponse>{error}<RequestId>7BMJ</RequestId></ErrorResponse>"))
}

/// A stack as `DescribeStacks` has it, deployed at nine; `more` are further elements of it.
pub(crate) fn stack(status: &str, more: &str) -> Answer {
    let arn = id().arn(&place());
    let arn = arn.as_str();
    ok(
        "DescribeStacks",
        &format!(
            "<Stacks><member><StackId>{arn}</StackId><StackName>orders</StackName><StackStatus>{status}</StackStatus>\
             <CreationTime>2026-11-01T00:00:00Z</CreationTime><LastUpdatedTime>2026-11-20T09:00:00.250Z</LastUpdatedTime>\
             {more}</member></Stacks>"
        ),
    )
}

/// `DriftInformation`.
pub(crate) fn drift(status: &str, at: &str) -> String {
    format!(
        "<DriftInformation><StackDriftStatus>{status}</StackDriftStatus><LastCheckTimestamp>{at}</LastCheckTimestamp>\
         </DriftInformation>"
    )
}

/// A result of one resource.
pub(crate) fn result(logical: &str, status: &str, at: &str, more: &str) -> String {
    format!(
        "<member><LogicalResourceId>{logical}</LogicalResourceId><ResourceType>AWS::SQS::Queue</ResourceType>\
         <StackResourceDriftStatus>{status}</StackResourceDriftStatus><Timestamp>{at}</Timestamp>{more}</member>"
    )
}

/// Results, and where the next page begins.
pub(crate) fn results(results: &[String], next: &str) -> Answer {
    let next = if next.is_empty() { String::new() } else { format!("<NextToken>{next}</NextToken>") };
    let all = results.concat();
    ok("DescribeStackResourceDrifts", &format!("<StackResourceDrifts>{all}</StackResourceDrifts>{next}"))
}

/// An hour ago, so that no detection is due.
pub(crate) fn an_hour_ago() -> String {
    let ago = jiff::Timestamp::now().checked_sub(jiff::SignedDuration::from_hours(1)).unwrap();
    format!("{ago:.3}")
}

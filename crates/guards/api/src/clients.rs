//! The clients, one set per place.

use rectify_aws::{PerSession, Session};
use rectify_controls::{
    Kind, Place,
    api::{Api, Target},
};

/// Clients made so far. Making one costs milliseconds, so it happens once per credentials and place.
#[derive(Debug, Default)]
pub(crate) struct Clients(PerSession<Set>);

/// The five services that an API and its firewall are.
#[derive(Debug, Clone)]
pub(crate) struct Set {
    pub(crate) rest: aws_sdk_apigateway::Client,
    pub(crate) http: aws_sdk_apigatewayv2::Client,
    pub(crate) balancers: aws_sdk_elasticloadbalancingv2::Client,
    pub(crate) graphql: aws_sdk_appsync::Client,
    pub(crate) waf: aws_sdk_wafv2::Client,
    pub(crate) place: Place,
}

impl Clients {
    /// The clients for the session's place.
    pub(crate) fn at(&self, session: &Session) -> Set {
        self.0.at(session, &session.place.region, |place| Set {
            rest: rectify_aws::client!(aws_sdk_apigateway, session, place),
            http: rectify_aws::client!(aws_sdk_apigatewayv2, session, place),
            balancers: rectify_aws::client!(aws_sdk_elasticloadbalancingv2, session, place),
            graphql: rectify_aws::client!(aws_sdk_appsync, session, place),
            waf: rectify_aws::client!(aws_sdk_wafv2, session, place),
            place: place.clone(),
        })
    }
}

impl Set {
    /// The ARN of `target`.
    pub(crate) fn arn(&self, target: &Target) -> String {
        Api::arn(target, &self.place).into()
    }
}

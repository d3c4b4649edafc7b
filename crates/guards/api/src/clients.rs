//! The clients, one set per place.

use rectify_aws::{PerSession, Session};
use rectify_controls::{
    Kind, Place, Region,
    api::{Api, Target},
};

/// Clients made so far. Making one costs milliseconds, so it happens once per credentials and place.
#[derive(Debug, Default)]
pub(crate) struct Clients(PerSession<Set>);

/// The services that an API, what is like one, and its firewall are.
#[derive(Debug, Clone)]
pub(crate) struct Set {
    pub(crate) rest: aws_sdk_apigateway::Client,
    pub(crate) http: aws_sdk_apigatewayv2::Client,
    pub(crate) balancers: aws_sdk_elasticloadbalancingv2::Client,
    pub(crate) graphql: aws_sdk_appsync::Client,
    pub(crate) pools: aws_sdk_cognitoidentityprovider::Client,
    pub(crate) services: aws_sdk_apprunner::Client,
    pub(crate) distributions: aws_sdk_cloudfront::Client,
    pub(crate) waf: aws_sdk_wafv2::Client,
    pub(crate) place: Place,
}

impl Clients {
    /// The clients for the session's place.
    pub(crate) fn at(&self, session: &Session) -> Set {
        self.of(session, &session.place.region)
    }

    /// The clients for where `target` lives, which is not where the session is when it has no region.
    pub(crate) fn home(&self, session: &Session, target: &Target) -> Set {
        self.of(session, &Api::home(target, &session.place).region)
    }

    fn of(&self, session: &Session, region: &Region) -> Set {
        self.0.at(session, region, |place| Set {
            rest: rectify_aws::client!(aws_sdk_apigateway, session, place),
            http: rectify_aws::client!(aws_sdk_apigatewayv2, session, place),
            balancers: rectify_aws::client!(aws_sdk_elasticloadbalancingv2, session, place),
            graphql: rectify_aws::client!(aws_sdk_appsync, session, place),
            pools: rectify_aws::client!(aws_sdk_cognitoidentityprovider, session, place),
            services: rectify_aws::client!(aws_sdk_apprunner, session, place),
            distributions: rectify_aws::client!(aws_sdk_cloudfront, session, place),
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

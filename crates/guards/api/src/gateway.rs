//! The reads of API Gateway, AppSync and load balancers.

use std::collections::BTreeMap;

use aws_sdk_apigateway::operation::{get_rest_api::GetRestApiOutput, get_stage::GetStageOutput};
use rectify_aws::{AwsFailure, Reading, reading, refused};
use rectify_controls::{
    Fact,
    api::{AccessLog, Balancer, Graphql, HttpApi, Part, RestApi, Route},
};

use crate::clients::Set;

/// Methods or routes on a page: the most that API Gateway gives (API reference, `limit`, `MaxResults`).
const REST_PAGE: i32 = 500;

/// Pages of one API. An API has at most some thousand resources; a list that goes on longer goes round.
const MOST_PAGES: usize = 100;

/// `GetRestApi`.
pub(crate) async fn rest_api(at: &Set, api: &Part) -> Reading<RestApi> {
    let answer = at.rest.get_rest_api().rest_api_id(api.as_str()).send().await;
    reading("apigateway", "GetRestApi", answer, None, |answer: GetRestApiOutput| {
        let types = answer.endpoint_configuration().map(|endpoint| endpoint.types()).unwrap_or_default();
        let private = types.iter().any(|kind| kind.as_str() == "PRIVATE");
        Ok(RestApi { private, policy: answer.policy.filter(|text| !text.is_empty()) })
    })
}

/// `GetResources` with their methods, all pages.
pub(crate) async fn methods(at: &Set, api: &Part) -> Reading<Vec<Route>> {
    let mut methods = Vec::new();
    let mut position = None;
    for _ in 0..MOST_PAGES {
        let call = at.rest.get_resources().rest_api_id(api.as_str()).embed("methods").limit(REST_PAGE);
        let page = match call.set_position(position).send().await {
            Ok(page) => page,
            Err(error) => return refused(AwsFailure::new("apigateway", "GetResources", &error), None),
        };
        for resource in page.items() {
            let path = resource.path().unwrap_or_default();
            for (verb, method) in resource.resource_methods().into_iter().flatten() {
                methods.push(Route {
                    key: format!("{verb} {path}"),
                    authorization: method.authorization_type().unwrap_or("NONE").to_owned(),
                    api_key: method.api_key_required().unwrap_or(false),
                });
            }
        }
        position = page.position.filter(|position| !position.is_empty());
        if position.is_none() {
            methods.sort_by(|one, other| one.key.cmp(&other.key));
            return Ok(Fact::Known(methods));
        }
    }
    Ok(endless("GetResources"))
}

/// What `GetStage` of a REST API gives.
pub(crate) struct RestStage {
    pub(crate) web_acl: Option<String>,
    pub(crate) access_log: Option<AccessLog>,
    pub(crate) execution_log: bool,
}

/// `GetStage` of a REST API.
pub(crate) async fn rest_stage(at: &Set, api: &Part, stage: &Part) -> Reading<RestStage> {
    let answer = at.rest.get_stage().rest_api_id(api.as_str()).stage_name(stage.as_str()).send().await;
    reading("apigateway", "GetStage", answer, None, |answer: GetStageOutput| {
        let log = answer.access_log_settings.as_ref();
        let access_log = log.and_then(|log| access_log(log.destination_arn(), log.format()));
        let everywhere = answer.method_settings.as_ref().and_then(|settings| settings.get("*/*"));
        let level = everywhere.and_then(|setting| setting.logging_level()).unwrap_or("OFF");
        Ok(RestStage {
            execution_log: level != "OFF",
            access_log,
            web_acl: answer.web_acl_arn.filter(|arn| !arn.is_empty()),
        })
    })
}

/// `GetAccount`: whether there is a role for the logs of REST APIs.
pub(crate) async fn log_role(at: &Set) -> Reading<bool> {
    let answer = at.rest.get_account().send().await;
    reading("apigateway", "GetAccount", answer, None, |answer| {
        Ok(answer.cloudwatch_role_arn.is_some_and(|role| !role.is_empty()))
    })
}

/// `GetApi`.
pub(crate) async fn http_api(at: &Set, api: &Part) -> Reading<HttpApi> {
    let answer = at.http.get_api().api_id(api.as_str()).send().await;
    reading("apigatewayv2", "GetApi", answer, None, |answer| {
        Ok(HttpApi {
            websocket: answer.protocol_type.is_some_and(|kind| kind.as_str() == "WEBSOCKET"),
            endpoint_disabled: answer.disable_execute_api_endpoint.unwrap_or(false),
        })
    })
}

/// `GetRoutes`, all pages.
pub(crate) async fn routes(at: &Set, api: &Part) -> Reading<Vec<Route>> {
    let mut routes = Vec::new();
    let mut token = None;
    for _ in 0..MOST_PAGES {
        let call = at.http.get_routes().api_id(api.as_str()).set_next_token(token);
        let page = match call.send().await {
            Ok(page) => page,
            Err(error) => return refused(AwsFailure::new("apigatewayv2", "GetRoutes", &error), None),
        };
        routes.extend(page.items().iter().map(|route| Route {
            key: route.route_key().unwrap_or_default().to_owned(),
            authorization: route.authorization_type().map_or("NONE", |kind| kind.as_str()).to_owned(),
            api_key: route.api_key_required().unwrap_or(false),
        }));
        token = page.next_token.filter(|token| !token.is_empty());
        if token.is_none() {
            routes.sort_by(|one, other| one.key.cmp(&other.key));
            return Ok(Fact::Known(routes));
        }
    }
    Ok(endless("GetRoutes"))
}

/// `GetStage` of an HTTP or WebSocket API.
pub(crate) async fn http_stage(at: &Set, api: &Part, stage: &Part) -> Reading<Option<AccessLog>> {
    let answer = at.http.get_stage().api_id(api.as_str()).stage_name(stage.as_str()).send().await;
    reading("apigatewayv2", "GetStage", answer, None, |answer| {
        let log = answer.access_log_settings.as_ref();
        Ok(log.and_then(|log| access_log(log.destination_arn(), log.format())))
    })
}

fn access_log(destination: Option<&str>, format: Option<&str>) -> Option<AccessLog> {
    let destination = destination.filter(|arn| !arn.is_empty())?;
    Some(AccessLog { destination: destination.to_owned(), format: format.unwrap_or_default().to_owned() })
}

/// What `GetGraphqlApi` gives: the API and its web ACL.
pub(crate) async fn graphql(at: &Set, api: &Part) -> Reading<(Graphql, Option<String>)> {
    let answer = at.graphql.get_graphql_api().api_id(api.as_str()).send().await;
    reading("appsync", "GetGraphqlApi", answer, None, |answer| {
        let api = answer.graphql_api.ok_or("no API in the answer")?;
        let mut additional: Vec<String> = api
            .additional_authentication_providers()
            .iter()
            .filter_map(|provider| Some(provider.authentication_type()?.as_str().to_owned()))
            .collect();
        additional.sort();
        let graphql = Graphql {
            private: api.visibility().is_some_and(|visibility| visibility.as_str() == "PRIVATE"),
            authentication: api.authentication_type().map(|kind| kind.as_str().to_owned()).unwrap_or_default(),
            additional,
        };
        Ok((graphql, api.waf_web_acl_arn.filter(|arn| !arn.is_empty())))
    })
}

/// `DescribeLoadBalancers` of one.
pub(crate) async fn balancer(at: &Set, arn: &str) -> Reading<Balancer> {
    let answer = at.balancers.describe_load_balancers().load_balancer_arns(arn).send().await;
    reading("elasticloadbalancingv2", "DescribeLoadBalancers", answer, None, |answer| {
        let balancer = answer.load_balancers().first().ok_or("no load balancer in the answer")?;
        Ok(Balancer {
            internet_facing: balancer.scheme().is_none_or(|scheme| scheme.as_str() == "internet-facing"),
            outpost: balancer.customer_owned_ipv4_pool().is_some()
                || balancer.availability_zones().iter().any(|zone| zone.outpost_id().is_some()),
        })
    })
}

/// A list that does not end is no fact.
pub(crate) fn endless<T>(operation: &str) -> Fact<T> {
    rectify_aws::shaped(operation, Err("a list without end".to_owned()))
}

/// Tags as a map.
pub(crate) fn tag_map<K: Into<String>, V: Into<String>>(
    tags: impl IntoIterator<Item = (K, V)>,
) -> BTreeMap<String, String> {
    tags.into_iter().map(|(key, value)| (key.into(), value.into())).collect()
}

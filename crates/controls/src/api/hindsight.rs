//! What calls tell of APIs, stages, load balancers and web ACLs without looking at them: what a replay of logs judges on.
//!
//! Whether anybody outside reaches a thing is said when it is made and in no later call. So a firewall that is taken away is a breach
//! where the log saw the API or load balancer being made, and elsewhere only the live state knows. A stage never is: its API is
//! another resource.

mod doors;
mod firewall;

use rectify_event::{Event, Params};
use serde_json::Value;

use super::{
    AccessLog, AppRunnerFacts, Balancer, DistributionFacts, Facts, Graphql, GraphqlFacts, HttpApi, HttpApiFacts,
    HttpStageFacts, LoadBalancerFacts, RestApi, RestApiFacts, RestStageFacts, Route, Target, UserPoolFacts,
    WebAclFacts,
    screen::{Call, screen},
};
use crate::{
    Fact, Place, Screen,
    asked::{day, done, each, field, flag, hint, is_empty, text, told},
    pattern::undated,
};

const GATEWAY: &str = "apigateway.amazonaws.com";
const WAF: &str = "wafv2.amazonaws.com";
const CLASSIC: &str = "waf-regional.amazonaws.com";

/// See [`crate::Kind::HINTS`].
pub(super) const HINTS: &[(&str, &str)] = &[
    (WAF, "AssociateWebACL"),
    (CLASSIC, "AssociateWebACL"),
    (WAF, "PutLoggingConfiguration"),
    (WAF, "DeleteWebACL"),
    (GATEWAY, "DeleteMethod"),
    (GATEWAY, "DeleteStage"),
    (GATEWAY, "DeleteRestApi"),
    (GATEWAY, "DeleteApi"),
    ("elasticloadbalancing.amazonaws.com", "DeleteLoadBalancer"),
    ("appsync.amazonaws.com", "DeleteGraphqlApi"),
    ("cognito-idp.amazonaws.com", "DeleteUserPool"),
    ("apprunner.amazonaws.com", "PauseService"),
    ("apprunner.amazonaws.com", "DeleteService"),
    ("cloudfront.amazonaws.com", "AssociateDistributionWebACL"),
    ("cloudfront.amazonaws.com", "DeleteDistribution"),
];

/// The first day on which a GraphQL API could be private (AWS AppSync, "What's New", private APIs).
const PRIVATE_GRAPHQL: &str = "2023-05-01";

/// See [`crate::Kind::hinted`].
pub(super) fn hinted(event: &Event<'_>) -> Vec<Target> {
    hint(event, HINTS)
        .and_then(|record| Call::of(event, record).ok()?.hinted(undated(&record.event_source, &record.event_name)).ok())
        .into_iter()
        .collect()
}

/// See [`crate::Kind::gone`].
pub(super) fn gone(id: &Target, event: &Event<'_>) -> bool {
    let ends = |name: &str| name.starts_with("Delete") && name != "DeleteMethod";
    hint(event, HINTS).is_some_and(|record| ends(&record.event_name)) && hinted(event).contains(id)
}

/// See [`crate::Kind::unseen`].
pub(super) fn unseen(id: &Target, place: &Place) -> Option<Facts> {
    let place = place.clone();
    Some(match id.clone() {
        Target::RestStages(_) => return None,
        Target::RestApi(api) => {
            Facts::RestApi(RestApiFacts { place, api, rest: Fact::NotRead, methods: Fact::NotRead })
        }
        Target::RestStage(api, stage) => Facts::RestStage(RestStageFacts {
            place,
            api,
            stage,
            rest: Fact::NotRead,
            web_acl: Fact::NotRead,
            acls: Fact::NotRead,
            access_log: Fact::NotRead,
            execution_log: Fact::NotRead,
            log_role: Fact::NotRead,
        }),
        Target::HttpApi(api) => Facts::HttpApi(HttpApiFacts { place, api, http: Fact::NotRead, routes: Fact::NotRead }),
        Target::HttpStage(api, stage) => {
            Facts::HttpStage(HttpStageFacts { place, api, stage, access_log: Fact::NotRead })
        }
        Target::LoadBalancer(name, id) => Facts::LoadBalancer(LoadBalancerFacts {
            place,
            name,
            id,
            balancer: Fact::NotRead,
            web_acl: Fact::NotRead,
            acls: Fact::NotRead,
        }),
        Target::GraphqlApi(api) => Facts::GraphqlApi(GraphqlFacts {
            place,
            api,
            graphql: Fact::NotRead,
            web_acl: Fact::NotRead,
            acls: Fact::NotRead,
        }),
        Target::UserPool(pool) => {
            Facts::UserPool(UserPoolFacts { place, pool, web_acl: Fact::NotRead, acls: Fact::NotRead })
        }
        Target::AppRunner(name, id) => Facts::AppRunner(AppRunnerFacts {
            place,
            name,
            id,
            service: Fact::NotRead,
            web_acl: Fact::NotRead,
            acls: Fact::NotRead,
        }),
        Target::Distribution(id) => Facts::Distribution(DistributionFacts {
            place,
            id,
            distribution: Fact::NotRead,
            web_acl: Fact::NotRead,
            acls: Fact::NotRead,
        }),
        Target::WebAcl(scope, name, id) => {
            Facts::WebAcl(WebAclFacts { place, scope, name, id, acl: Fact::NotRead, logging: Fact::NotRead })
        }
    })
}

fn id_of(facts: &Facts) -> (Target, &Place) {
    match facts {
        Facts::RestApi(facts) => (Target::RestApi(facts.api.clone()), &facts.place),
        Facts::RestStage(facts) => (Target::RestStage(facts.api.clone(), facts.stage.clone()), &facts.place),
        Facts::HttpApi(facts) => (Target::HttpApi(facts.api.clone()), &facts.place),
        Facts::HttpStage(facts) => (Target::HttpStage(facts.api.clone(), facts.stage.clone()), &facts.place),
        Facts::LoadBalancer(facts) => (Target::LoadBalancer(facts.name.clone(), facts.id.clone()), &facts.place),
        Facts::GraphqlApi(facts) => (Target::GraphqlApi(facts.api.clone()), &facts.place),
        Facts::UserPool(facts) => (Target::UserPool(facts.pool.clone()), &facts.place),
        Facts::AppRunner(facts) => (Target::AppRunner(facts.name.clone(), facts.id.clone()), &facts.place),
        Facts::Distribution(facts) => (Target::Distribution(facts.id.clone()), &facts.place),
        Facts::WebAcl(facts) => (Target::WebAcl(facts.scope, facts.name.clone(), facts.id.clone()), &facts.place),
    }
}

/// See [`crate::Kind::learn`].
pub(super) fn learn(facts: &mut Facts, event: &Event<'_>) {
    let Some(record) = done(event) else { return };
    let (id, place) = id_of(facts);
    let about = match screen(event) {
        Screen::Look { targets, .. } => targets,
        Screen::Ignore(_) => hinted(event),
    };
    if !about.contains(&id) {
        return;
    }
    if gone(&id, event) {
        if let Some(unseen) = unseen(&id, &place.clone()) {
            *facts = unseen;
        }
        return;
    }
    let call = Learned {
        name: undated(&record.event_source, &record.event_name),
        classic: record.event_source == CLASSIC,
        request: record.request(),
        response: record.response(),
    };
    match facts {
        Facts::RestApi(facts) => call.rest_api(facts),
        Facts::RestStage(facts) => call.rest_stage(facts),
        Facts::HttpApi(facts) => call.http_api(facts),
        Facts::HttpStage(facts) => call.http_stage(facts),
        Facts::LoadBalancer(facts) => call.balancer(facts),
        Facts::GraphqlApi(facts) => call.graphql(facts, day(event)),
        Facts::UserPool(facts) => call.user_pool(facts),
        Facts::AppRunner(facts) => call.app_runner(facts),
        Facts::Distribution(facts) => call.distribution(facts),
        Facts::WebAcl(facts) => call.web_acl(facts),
    }
}

struct Learned<'e> {
    name: &'e str,
    classic: bool,
    request: Params,
    response: Params,
}

impl Learned<'_> {
    /// What is said of the web ACL in front of a resource.
    fn front(&self, web_acl: &mut Fact<Option<String>>) {
        match self.name {
            "AssociateWebACL" if self.classic => {
                let id = self.request.str("webACLId").filter(|id| !id.is_empty());
                *web_acl = told(id.map(|id| Some(format!("arn:aws:waf-regional:::webacl/{id}"))));
            }
            "AssociateWebACL" => {
                let arn = self.request.str("webACLArn").filter(|arn| !arn.is_empty());
                *web_acl = told(arn.map(|arn| Some(arn.to_owned())));
            }
            // Of the other generation of web ACLs it says nothing.
            "DisassociateWebACL" => match web_acl.known() {
                Some(Some(arn)) if self.classic != arn.contains(":waf-regional:") => *web_acl = Fact::NotRead,
                _ => *web_acl = Fact::Known(None),
            },
            _ => {}
        }
    }

    fn balancer(&self, facts: &mut LoadBalancerFacts) {
        self.front(&mut facts.web_acl);
        if self.name != "CreateLoadBalancer" {
            return;
        }
        let made = match self.response.list("loadBalancers").as_slice() {
            [made] => Some(*made),
            _ => None,
        };
        let zones = made.map(|made| each(field(made, "availabilityZones"))).unwrap_or_default();
        let scheme = made.and_then(|made| text(made, "scheme")).or_else(|| self.request.str("scheme"));
        facts.balancer = told(scheme.map(|scheme| Balancer {
            internet_facing: scheme == "internet-facing",
            outpost: zones.iter().any(|zone| !is_empty(field(zone, "outpostId"))),
        }));
        facts.web_acl = Fact::Known(None);
    }

    fn graphql(&self, facts: &mut GraphqlFacts, day: Option<&str>) {
        self.front(&mut facts.web_acl);
        let made = self.name == "CreateGraphqlApi";
        if !made && self.name != "UpdateGraphqlApi" {
            return;
        }
        let said = |name: &str| {
            let value = self.response.get(&format!("graphqlApi/{name}")).or_else(|| self.request.get(name));
            value.filter(|value| !is_empty(Some(value)))
        };
        let before = facts.graphql.known().map(|graphql| graphql.private);
        let old = day.is_some_and(|day| day < PRIVATE_GRAPHQL);
        let private = match said("visibility") {
            Some(visibility) => visibility.as_str().map(|visibility| visibility == "PRIVATE"),
            // What is not said when it is made is open, and cannot be changed later.
            None => before.filter(|_| !made).or((made || old).then_some(false)),
        };
        let kind = |provider: &&Value| text(provider, "authenticationType").map(str::to_owned);
        let additional = each(self.request.get("additionalAuthenticationProviders"));
        let additional: Option<Vec<String>> = additional.iter().map(kind).collect();
        let authentication = said("authenticationType").and_then(Value::as_str);
        facts.graphql =
            told(private.zip(authentication).zip(additional).map(|((private, authentication), mut additional)| {
                additional.sort();
                Graphql { private, authentication: authentication.to_owned(), additional }
            }));
        if made {
            facts.web_acl = Fact::Known(None);
        }
    }

    fn rest_api(&self, facts: &mut RestApiFacts) {
        match self.name {
            "CreateRestApi" => {
                facts.rest = told(self.rest());
                let asked = |name: &str| {
                    [format!("createRestApiInput/{name}"), name.to_owned()]
                        .iter()
                        .find_map(|path| self.request.get(path))
                };
                let plain = self.request.is_readable() && is_empty(asked("cloneFrom"));
                facts.methods = if plain { Fact::Known(Vec::new()) } else { Fact::NotRead };
            }
            "ImportRestApi" | "PutRestApi" => {
                facts.rest = told(self.rest());
                facts.methods = Fact::NotRead;
            }
            "UpdateRestApi" => facts.rest = told(self.rest()),
            "PutMethod" | "UpdateMethod" => {
                let said = |name: &str| {
                    let asked = [format!("putMethodInput/{name}"), name.to_owned()];
                    self.response.get(name).or_else(|| asked.iter().find_map(|path| self.request.get(path)))
                };
                let route =
                    self.method().zip(said("authorizationType").and_then(Value::as_str)).map(|(key, kind)| Route {
                        key,
                        authorization: kind.to_owned(),
                        api_key: said("apiKeyRequired").and_then(flag).unwrap_or(false),
                    });
                match (route, facts.methods.known_mut()) {
                    (Some(route), Some(methods)) => put(methods, route),
                    (Some(route), None) => facts.methods = Fact::Known(vec![route]),
                    (None, _) => facts.methods = Fact::NotRead,
                }
            }
            "DeleteMethod" => match (self.method(), facts.methods.known_mut()) {
                (Some(key), Some(methods)) => methods.retain(|method| method.key != key),
                _ => facts.methods = Fact::NotRead,
            },
            _ => {}
        }
    }

    /// A method by the id of its resource: no call says the path.
    fn method(&self) -> Option<String> {
        let (resource, verb) = (self.request.str("resourceId")?, self.request.str("httpMethod")?);
        Some(format!("{verb} on resource {resource}"))
    }

    /// Whether a REST API is private, and its policy: answers have both.
    fn rest(&self) -> Option<RestApi> {
        let types = self.response.list("endpointConfiguration/types");
        let private = !types.is_empty() && types.iter().all(|kind| kind.as_str() == Some("PRIVATE"));
        let policy = match self.response.get("policy") {
            none if is_empty(none) => None,
            some => Some(some?.as_str()?.replace("\\\"", "\"")),
        };
        // A policy that is asked for and not answered is not known.
        let asked = ["createRestApiInput/policy", "policy"].iter().any(|path| !is_empty(self.request.get(path)));
        (!types.is_empty() && (policy.is_some() || !asked)).then_some(RestApi { private, policy })
    }

    fn rest_stage(&self, facts: &mut RestStageFacts) {
        self.front(&mut facts.web_acl);
        match self.name {
            "CreateStage" => {
                facts.web_acl = Fact::Known(None);
                facts.access_log = Fact::Known(None);
                facts.execution_log = Fact::Known(false);
            }
            "UpdateStage" if self.response.str("stageName").is_some() => {
                facts.access_log = told(self.answered_log());
                facts.execution_log = match self.response.get("methodSettings") {
                    none if is_empty(none) => Fact::Known(false),
                    some => told(some.and_then(|settings| {
                        let level = text(field(settings, "*/*")?, "loggingLevel").unwrap_or("OFF");
                        Some(matches!(level, "ERROR" | "INFO"))
                    })),
                };
                if let Some(arn) = self.response.str("webAclArn").filter(|arn| !arn.is_empty()) {
                    facts.web_acl = Fact::Known(Some(arn.to_owned()));
                }
            }
            "UpdateStage" => (facts.access_log, facts.execution_log) = (Fact::NotRead, Fact::NotRead),
            _ => {}
        }
    }

    /// The access log of a stage as the answer has it, which describes all of the stage.
    fn answered_log(&self) -> Option<Option<AccessLog>> {
        log(self.response.get("accessLogSettings"))
    }

    fn http_stage(&self, facts: &mut HttpStageFacts) {
        match self.name {
            "DeleteAccessLogSettings" => facts.access_log = Fact::Known(None),
            "CreateStage" | "UpdateStage" => {
                let answered = self.response.str("stageName").is_some();
                let asked = self.request.get("accessLogSettings");
                facts.access_log = match asked {
                    _ if answered => told(self.answered_log()),
                    Some(asked) => told(log(Some(asked))),
                    None if !self.request.is_readable() => Fact::NotRead,
                    None if self.name == "CreateStage" => Fact::Known(None),
                    None => return,
                };
            }
            _ => {}
        }
    }

    fn http_api(&self, facts: &mut HttpApiFacts) {
        match self.name {
            "CreateApi" | "ImportApi" | "ReimportApi" | "UpdateApi" => {
                let said = |name: &str| self.response.get(name).or_else(|| self.request.get(name));
                let before = facts.http.known();
                let websocket = match said("protocolType") {
                    Some(kind) => kind.as_str().map(|kind| kind == "WEBSOCKET"),
                    None => before.map(|http| http.websocket),
                };
                let disabled = match said("disableExecuteApiEndpoint") {
                    Some(disabled) => flag(disabled),
                    None if self.name == "CreateApi" => Some(false),
                    None if self.name == "UpdateApi" => before.map(|http| http.endpoint_disabled),
                    None => None,
                };
                facts.http = told(
                    websocket
                        .zip(disabled)
                        .map(|(websocket, endpoint_disabled)| HttpApi { websocket, endpoint_disabled }),
                );
                match self.name {
                    // A target makes a route of its own.
                    "CreateApi" if is_empty(self.request.get("target")) => facts.routes = Fact::Known(Vec::new()),
                    "UpdateApi" if is_empty(self.request.get("target")) => {}
                    _ => facts.routes = Fact::NotRead,
                }
            }
            "CreateRoute" | "UpdateRoute" => {
                let said = |name: &str| self.response.get(name).or_else(|| self.request.get(name));
                let word = |name: &str| said(name).and_then(Value::as_str).map(str::to_owned);
                let kind = word("authorizationType").or((self.name == "CreateRoute").then(|| "NONE".to_owned()));
                let route = word("routeKey").zip(kind).map(|(key, authorization)| Route {
                    key,
                    authorization,
                    api_key: said("apiKeyRequired").and_then(flag).unwrap_or(false),
                });
                // A route that gets another key is not known by the one it had.
                let renamed = self.name == "UpdateRoute" && self.request.get("routeKey").is_some();
                match (route.filter(|_| !renamed), facts.routes.known_mut()) {
                    (Some(route), Some(routes)) => put(routes, route),
                    _ => facts.routes = Fact::NotRead,
                }
            }
            // It names the route by an id that is in no fact.
            "DeleteRoute" => facts.routes = Fact::NotRead,
            _ => {}
        }
    }
}

fn log(said: Option<&Value>) -> Option<Option<AccessLog>> {
    if is_empty(said) {
        return Some(None);
    }
    let destination = text(said?, "destinationArn").filter(|arn| !arn.is_empty())?.to_owned();
    Some(Some(AccessLog { destination, format: text(said?, "format").unwrap_or_default().to_owned() }))
}

fn put(routes: &mut Vec<Route>, route: Route) {
    routes.retain(|other| other.key != route.key);
    routes.push(route);
    routes.sort_by(|one, other| one.key.cmp(&other.key));
}

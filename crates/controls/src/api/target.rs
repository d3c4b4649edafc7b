//! What this kind is about, and its ARNs both ways.

use std::fmt;

use serde::{Deserialize, Serialize};

use crate::{Arn, Place};

/// One part of an ARN of this kind: the id or the name of an API, a stage, a load balancer, a user pool, a service, a
/// distribution or a web ACL.
///
/// Shape only, and for all of them: letters, digits, `-`, `_`, at most 128 of them, or `$default`, which is how API Gateway
/// calls the stage without a name. So a part can stand in a path and in an ARN without escaping.
#[derive(Debug, Clone, PartialEq, Eq, PartialOrd, Ord, Serialize, Deserialize)]
#[serde(try_from = "String", into = "String")]
pub struct Part(String);

impl Part {
    /// Checks the shape.
    ///
    /// # Errors
    /// A sentence naming the text otherwise.
    pub fn new(text: impl Into<String>) -> Result<Self, String> {
        let text = text.into();
        let plain = |byte: u8| byte.is_ascii_alphanumeric() || matches!(byte, b'-' | b'_');
        let ok = text == "$default" || ((1..=128).contains(&text.len()) && text.bytes().all(plain));
        if ok {
            Ok(Self(text))
        } else {
            Err(format!("`{text}` is no id or name of an API, what is like one, or a web ACL"))
        }
    }

    /// The text.
    #[must_use]
    pub fn as_str(&self) -> &str {
        &self.0
    }
}

impl fmt::Display for Part {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(&self.0)
    }
}

impl TryFrom<String> for Part {
    type Error = String;
    fn try_from(text: String) -> Result<Self, String> {
        Self::new(text)
    }
}

impl From<Part> for String {
    fn from(part: Part) -> String {
        part.0
    }
}

/// Where a web ACL can be used (WAF API reference, `Scope`).
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum Scope {
    /// In its region.
    Regional,
    /// By CloudFront. Such an ACL lives in us-east-1.
    Global,
}

impl Scope {
    /// As ARNs have it.
    #[must_use]
    pub fn as_str(self) -> &'static str {
        match self {
            Self::Regional => "regional",
            Self::Global => "global",
        }
    }
}

/// What an event or a sweep is about.
#[derive(Debug, Clone, PartialEq, Eq, PartialOrd, Ord, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum Target {
    /// A REST API, with its methods.
    RestApi(Part),
    /// The stages of a REST API that became reachable, whichever they are: leads on.
    RestStages(Part),
    /// A stage of a REST API: what a web ACL is associated with.
    RestStage(Part, Part),
    /// An HTTP or WebSocket API, with its routes.
    HttpApi(Part),
    /// A stage of an HTTP or WebSocket API.
    HttpStage(Part, Part),
    /// An Application Load Balancer, by name and id.
    LoadBalancer(Part, Part),
    /// A GraphQL API of AppSync.
    GraphqlApi(Part),
    /// A user pool of Cognito.
    UserPool(Part),
    /// A service of App Runner, by name and id.
    AppRunner(Part, Part),
    /// A distribution of CloudFront. It has no region.
    Distribution(Part),
    /// A web ACL, by scope, name and id.
    WebAcl(Scope, Part, Part),
}

impl fmt::Display for Target {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::RestApi(api) => write!(f, "REST API {api}"),
            Self::RestStages(api) => write!(f, "stages of REST API {api}"),
            Self::RestStage(api, stage) => write!(f, "stage {stage} of REST API {api}"),
            Self::HttpApi(api) => write!(f, "API {api}"),
            Self::HttpStage(api, stage) => write!(f, "stage {stage} of API {api}"),
            Self::LoadBalancer(name, _) => write!(f, "load balancer {name}"),
            Self::GraphqlApi(api) => write!(f, "GraphQL API {api}"),
            Self::UserPool(pool) => write!(f, "user pool {pool}"),
            Self::AppRunner(name, _) => write!(f, "App Runner service {name}"),
            Self::Distribution(id) => write!(f, "distribution {id}"),
            Self::WebAcl(_, name, _) => write!(f, "web ACL {name}"),
        }
    }
}

/// See [`crate::Kind::arn`]. Service Authorization Reference, "Resource types" of each service: API Gateway's ARNs have no
/// account, CloudFront's no region.
pub(super) fn arn(target: &Target, place: &Place) -> Arn {
    let Place { account, region } = place;
    let arn = |service: &str, account: &str, resource: String| {
        Arn::from_parts(format!("arn:{}:{service}:{region}:{account}:{resource}", region.partition()))
    };
    let own = account.as_str();
    match target {
        Target::RestApi(api) => arn("apigateway", "", format!("/restapis/{api}")),
        Target::RestStages(api) => arn("apigateway", "", format!("/restapis/{api}/stages")),
        Target::RestStage(api, stage) => arn("apigateway", "", format!("/restapis/{api}/stages/{stage}")),
        Target::HttpApi(api) => arn("apigateway", "", format!("/apis/{api}")),
        Target::HttpStage(api, stage) => arn("apigateway", "", format!("/apis/{api}/stages/{stage}")),
        Target::LoadBalancer(name, id) => arn("elasticloadbalancing", own, format!("loadbalancer/app/{name}/{id}")),
        Target::GraphqlApi(api) => arn("appsync", own, format!("apis/{api}")),
        Target::UserPool(pool) => arn("cognito-idp", own, format!("userpool/{pool}")),
        Target::AppRunner(name, id) => arn("apprunner", own, format!("service/{name}/{id}")),
        Target::Distribution(id) => {
            Arn::from_parts(format!("arn:{}:cloudfront::{own}:distribution/{id}", region.partition()))
        }
        Target::WebAcl(scope, name, id) => arn("wafv2", own, format!("{}/webacl/{name}/{id}", scope.as_str())),
    }
}

/// See [`crate::Kind::home`]. CloudFront is called in the partition's first region, where its web ACLs and its events are too.
pub(super) fn home(target: &Target, place: &Place) -> Place {
    match target {
        Target::Distribution(_) => Place { region: place.region.partition().first_region(), ..place.clone() },
        _ => place.clone(),
    }
}

/// What [`arn`] was made of; `None` for the ARN of anything else, or of another account or region.
pub(super) fn of_arn(text: &str, place: &Place) -> Option<Target> {
    let part = |text: &str| Part::new(text).ok();
    let resource = text.splitn(6, ':').nth(5)?;
    let parts: Vec<&str> = resource.trim_start_matches('/').split('/').collect();
    let target = match parts.as_slice() {
        ["restapis", api] => Target::RestApi(part(api)?),
        ["restapis", api, "stages", stage] => Target::RestStage(part(api)?, part(stage)?),
        ["apis", api] if resource.starts_with('/') => Target::HttpApi(part(api)?),
        ["apis", api, "stages", stage] => Target::HttpStage(part(api)?, part(stage)?),
        ["loadbalancer", "app", name, id] => Target::LoadBalancer(part(name)?, part(id)?),
        ["apis", api] => Target::GraphqlApi(part(api)?),
        ["userpool", pool] => Target::UserPool(part(pool)?),
        ["service", name, id] => Target::AppRunner(part(name)?, part(id)?),
        ["distribution", id] => Target::Distribution(part(id)?),
        ["regional", "webacl", name, id] => Target::WebAcl(Scope::Regional, part(name)?, part(id)?),
        ["global", "webacl", name, id] => Target::WebAcl(Scope::Global, part(name)?, part(id)?),
        _ => return None,
    };
    (arn(&target, place).as_str() == text).then_some(target)
}

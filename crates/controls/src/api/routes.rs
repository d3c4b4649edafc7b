//! Routes and methods that anybody may call.

use rectify_policy::{Effect, Policy, PrincipalKind, Service, Statement, TrustZone, Verdict, assess};

use super::{Change, Facts, HttpApiFacts, RestApiFacts, Route, Rules};
use crate::{
    Action, Control, Evidence, Fact, Finding, Framework, Guidance, OptionSpec, Severity, exemption,
    verdict::{blind, live},
};

pub(super) const WITHOUT_AUTHORIZER: Control = Control {
    id: "api-route-without-authorizer",
    title: "API route lets in anybody",
    severity: Severity::Medium,
    action: Action::Notify,
    breach: "A route of an HTTP or WebSocket API, or a method of a REST API, has the authorization type NONE. OPTIONS, which \
             browsers ask without credentials, and the routes of `allowed-routes` are left alone. So is a method that asks for \
             an API key, and a REST API with a private endpoint or a resource policy that lets in only some. Of a WebSocket API \
             only `$connect` counts: no other route can have an authorizer, and without that route everybody may connect.",
    correction: "",
    disruption: "None: the control is only told. Callers without credentials would stop working.",
    guidance: Guidance {
        why: "Whoever finds the address may call the route. Give it an authorizer: JWT for people, IAM for workloads, a Lambda \
              function for everything else. A route that is open on purpose goes into `allowed-routes`. What would shut out \
              callers is never done by itself, so rectify only tells.",
        console: "1. Open API Gateway, choose the API, then Authorization (for a REST API: the method, then Method request).\n\
                  2. Choose the route and Create and attach an authorizer, or AWS IAM.\n\
                  3. Deploy the API if it does not deploy by itself.\n",
        cli: "aws apigatewayv2 update-route --api-id a1b2c3d4e5 --route-id abc123 --authorization-type AWS_IAM\n\
              aws apigateway update-method --rest-api-id a1b2c3d4e5 --resource-id abc123 --http-method GET \\\n  \
              --patch-operations op=replace,path=/authorizationType,value=AWS_IAM\n",
        terraform: r#"resource "aws_apigatewayv2_route" "example" {
  api_id             = aws_apigatewayv2_api.example.id
  route_key          = "GET /pets"
  target             = "integrations/${aws_apigatewayv2_integration.example.id}"
  authorization_type = "JWT"
  authorizer_id      = aws_apigatewayv2_authorizer.example.id
}
"#,
        cloudformation: "Route:
  Type: AWS::ApiGatewayV2::Route
  Properties:
    ApiId: !Ref Api
    RouteKey: GET /pets
    Target: !Sub integrations/${Integration}
    AuthorizationType: JWT
    AuthorizerId: !Ref Authorizer
",
        cdk: "new apigwv2.HttpApi(this, 'Api', {
  defaultAuthorizer: new HttpJwtAuthorizer('People', 'https://login.example.com', {
    jwtAudience: ['example'],
  }),
});
",
    },
    frameworks: &[
        Framework { name: "Security Hub", ids: "APIGateway.8" },
        Framework { name: "NIST 800-53 r5", ids: "AC-3, CM-2, CM-2(2)" },
        Framework { name: "PCI DSS v4.0", ids: "1.2.8, 1.3.1, 1.3.2, 1.4.1, 1.4.2, 1.5.1, A1.1.3" },
        Framework { name: "AWS Config", ids: "API_GWV2_AUTHORIZATION_TYPE_CONFIGURED" },
    ],
    options: &[OptionSpec {
        name: "allowed-routes",
        default: "[]",
        doc: "Routes that may be open, for example `GET /health`; `*` stands for any characters.",
    }],
};

/// Routes that stand in the evidence one by one. Messages are read by people, and an API has up to 300 routes.
const NAMED: usize = 20;

pub(super) fn without_authorizer(facts: &Facts, rules: &Rules) -> Option<Finding<Change>> {
    match facts {
        Facts::RestApi(facts) => rest(facts, rules),
        Facts::HttpApi(facts) => http(facts, rules),
        _ => None,
    }
}

fn rest(facts: &RestApiFacts, rules: &Rules) -> Option<Finding<Change>> {
    let subject = format!("REST API {}", facts.api);
    let Fact::Known(methods) = &facts.methods else {
        let read = "apigateway:GetResources";
        return blind(&WITHOUT_AUTHORIZER, &format!("the methods of {subject}"), &facts.methods, read);
    };
    let open = open_routes(methods, rules);
    if open.is_empty() {
        return None;
    }
    match &facts.rest {
        Fact::Known(rest) if rest.private => return None,
        Fact::Known(rest) => {
            let zone = TrustZone {
                account: Some(facts.place.account.clone()),
                organization: rules.trust.organization.clone(),
                accounts: rules.trust.accounts.clone(),
                ..TrustZone::default()
            };
            if rest.policy.as_deref().is_some_and(|text| lets_in_only_some(text, &zone)) {
                return None;
            }
        }
        unknown => {
            let policy = format!("the resource policy of {subject}");
            return blind(&WITHOUT_AUTHORIZER, &policy, unknown, "apigateway:GetRestApi");
        }
    }
    told(&subject, &open)
}

fn http(facts: &HttpApiFacts, rules: &Rules) -> Option<Finding<Change>> {
    let subject = format!("API {}", facts.api);
    let Fact::Known(routes) = &facts.routes else {
        let read = "apigatewayv2:GetRoutes";
        return blind(&WITHOUT_AUTHORIZER, &format!("the routes of {subject}"), &facts.routes, read);
    };
    let Fact::Known(http) = &facts.http else {
        return blind(&WITHOUT_AUTHORIZER, &subject, &facts.http, "apigatewayv2:GetApi");
    };
    if !http.websocket {
        let open = open_routes(routes, rules);
        return if open.is_empty() { None } else { told(&subject, &open) };
    }
    // Only `$connect` can have an authorizer (API Gateway developer guide, "Control access to WebSocket APIs").
    match routes.iter().find(|route| route.key == CONNECT) {
        Some(connect) => {
            let open = open_routes(std::slice::from_ref(connect), rules);
            if open.is_empty() { None } else { told(&subject, &open) }
        }
        None if routes.is_empty() || allowed(CONNECT, rules) => None,
        None => {
            let summary = format!("WebSocket {subject} has no route {CONNECT}, so everybody may connect");
            live(&WITHOUT_AUTHORIZER, summary, vec![Evidence::new("route", format!("no {CONNECT}"))], Vec::new())
        }
    }
}

const CONNECT: &str = "$connect";

fn open_routes<'a>(routes: &'a [Route], rules: &Rules) -> Vec<&'a Route> {
    let is_open = |route: &&Route| {
        route.authorization == "NONE"
            && !route.api_key
            && !route.key.starts_with("OPTIONS ")
            && !allowed(&route.key, rules)
    };
    routes.iter().filter(is_open).collect()
}

fn allowed(key: &str, rules: &Rules) -> bool {
    rules.allowed_routes.iter().any(|pattern| exemption::matches(pattern, key))
}

fn told(subject: &str, open: &[&Route]) -> Option<Finding<Change>> {
    let mut evidence: Vec<Evidence> =
        open.iter().take(NAMED).map(|route| Evidence::new("route without authorizer", &route.key)).collect();
    if open.len() > NAMED {
        evidence.push(Evidence::new("routes without authorizer", open.len().to_string()));
    }
    let summary = match open {
        [one] => format!("anybody may call {} of {subject}", one.key),
        many => format!("anybody may call {} routes of {subject}", many.len()),
    };
    live(&WITHOUT_AUTHORIZER, summary, evidence, Vec::new())
}

/// Whether a resource policy shuts out most: it lets in only some, or denies everybody but some. A policy that cannot be read
/// shuts out nobody.
fn lets_in_only_some(text: &str, zone: &TrustZone) -> bool {
    let Some(policy) = parse(text) else { return false };
    assess(&policy, Service::General, zone).verdict != Verdict::Public
        || policy.statements.iter().any(|statement| denies_all_but_some(statement, zone))
}

/// API Gateway gives the policy with its quotes escaped (API Gateway API reference, `RestApi`).
fn parse(text: &str) -> Option<Policy> {
    Policy::parse(text).ok().or_else(|| {
        let plain: String = serde_json::from_str(&format!("\"{text}\"")).ok()?;
        Policy::parse(&plain).ok()
    })
}

/// A denial of everybody whose condition is «not these» leaves over what a grant on condition of «these» would let in, and that
/// is judged like any grant: `0.0.0.0/0` is everybody.
fn denies_all_but_some(statement: &Statement, zone: &TrustZone) -> bool {
    let [condition] = statement.conditions.as_slice() else { return false };
    let only = match condition.operator.to_ascii_lowercase().as_str() {
        "notipaddress" => "IpAddress",
        "stringnotequals" => "StringEquals",
        "stringnotlike" => "StringLike",
        "arnnotlike" | "arnnotequals" => "ArnLike",
        _ => return false,
    };
    if statement.effect != Effect::Deny || !of_everybody(statement) || !of_every_call(statement) {
        return false;
    }
    let left_over = serde_json::json!({"Version": "2012-10-17", "Statement": [{
        "Effect": "Allow", "Principal": "*", "Action": "execute-api:Invoke", "Resource": "*",
        "Condition": {only: {condition.key.as_str(): condition.values}},
    }]});
    Policy::parse(&left_over.to_string())
        .is_ok_and(|policy| assess(&policy, Service::General, zone).verdict != Verdict::Public)
}

fn of_everybody(statement: &Statement) -> bool {
    let everybody = |kind: &PrincipalKind| *kind == PrincipalKind::Aws;
    statement.not_principals.is_none()
        && statement.principals.iter().any(|principal| everybody(&principal.kind) && principal.value == "*")
}

fn of_every_call(statement: &Statement) -> bool {
    let invokes =
        |action: &String| matches!(action.to_ascii_lowercase().as_str(), "*" | "execute-api:*" | "execute-api:invoke");
    let all = |resource: &String| {
        let path = resource.rsplit(':').next().unwrap_or_default();
        let mut parts = path.split('/');
        let api = parts.next().unwrap_or_default();
        let mut rest = parts.peekable();
        if rest.peek().is_none() { api == "*" } else { rest.all(|part| part == "*") }
    };
    statement.not_actions.is_none()
        && statement.not_resources.is_none()
        && statement.actions.iter().any(invokes)
        && statement.resources.iter().any(all)
}

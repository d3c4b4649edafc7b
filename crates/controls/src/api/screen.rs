//! Which resource an event is about, and whether what it asks for already looks like a breach.

use rectify_event::{Detail, Event, Params, Record};

use super::{Part, Scope, Target, book, events::EVENTS, target};
use crate::{
    Ignored, Place, Region, Screen, Selection,
    screen::{self, account, bounded},
};

type Screened<T = Screen<Target>> = Result<T, Ignored>;

/// AWS Config's and Security Hub's names of what this kind is about.
const KINDS: &[&str] = &[
    "AWS::ApiGateway::RestApi",
    "AWS::ApiGateway::Stage",
    "AWS::ApiGatewayV2::Api",
    "AWS::ApiGatewayV2::Stage",
    "AWS::AppRunner::Service",
    "AWS::AppSync::GraphQLApi",
    "AWS::CloudFront::Distribution",
    "AWS::Cognito::UserPool",
    "AWS::ElasticLoadBalancingV2::LoadBalancer",
    "AWS::WAFv2::WebACL",
];

/// See [`crate::Kind::screen`].
pub(super) fn screen(event: &Event<'_>) -> Screen<Target> {
    let screened = match &event.detail {
        Detail::ApiCall(record) => api_call(event, record),
        Detail::ConfigItem(item) => screen::config_item(item).and_then(|item| configured(event, item.kind, item.id()?)),
        Detail::ConfigCompliance(change) => {
            screen::config_compliance(change).and_then(|item| configured(event, item.kind, item.id()?))
        }
        Detail::SecurityHub(found) => {
            screen::security_hub(found, SECURITY_HUB).and_then(|ids| found_by_hub(event, &ids))
        }
        _ => Err(Ignored::NotOurs),
    };
    screened.unwrap_or_else(Screen::Ignore)
}

/// Security Hub spells the types without their colons (Security Hub user guide, "Resource types").
const SECURITY_HUB: &[&str] = &[
    "AwsApiGatewayRestApi",
    "AwsApiGatewayStage",
    "AwsApiGatewayV2Api",
    "AwsApiGatewayV2Stage",
    "AwsAppSyncGraphQlApi",
    "AwsCloudFrontDistribution",
    "AwsElbv2LoadBalancer",
    "AwsWafv2WebAcl",
];

fn api_call(event: &Event<'_>, record: &Record<'_>) -> Screened {
    let trigger = screen::api_call(record, EVENTS)?;
    let call = Call::of(event, record)?;
    let target = match (record.event_source.as_ref(), record.event_name.as_ref()) {
        ("apigateway.amazonaws.com", name) => call.gateway(name)?,
        ("elasticloadbalancing.amazonaws.com", name) => call.balancer(name)?,
        ("appsync.amazonaws.com", "CreateGraphqlApi") => {
            Target::GraphqlApi(part(answered(&call, "graphqlApi/apiId")?)?)
        }
        ("cognito-idp.amazonaws.com", _) => Target::UserPool(part(answered(&call, "userPool/id")?)?),
        ("apprunner.amazonaws.com", "CreateService") => call.of_arn(answered(&call, "service/serviceArn")?)?,
        ("apprunner.amazonaws.com", _) => call.of_arn(screen::named(&call.request, "serviceArn")?)?,
        ("cloudfront.amazonaws.com", _) => call.distribution(trigger.name)?,
        ("appsync.amazonaws.com", _) => Target::GraphqlApi(part(screen::named(&call.request, "apiId")?)?),
        (_, name) => call.firewall(name)?,
    };
    let beside = match (&target, record.event_name.as_ref()) {
        (Target::RestApi(api), "UpdateRestApi") if changes_reach(&call.request) => {
            Some(Target::RestStages(api.clone()))
        }
        // With a target the call makes a stage as well, which no other call tells of.
        (Target::HttpApi(api), "CreateApi") if call.request.get("target").is_some() => {
            Some(Target::HttpStage(api.clone(), part(DEFAULT_STAGE)?))
        }
        _ => None,
    };
    let targets: Vec<Target> = std::iter::once(target).chain(beside).collect();
    let about = targets.iter().flat_map(|target| book::about(target)).copied();
    let selection = about.filter(|control| trigger.controls.contains(control)).collect();
    look(targets, selection, looks_like_a_breach(trigger.name, &call.request))
}

/// The stage that API Gateway makes where somebody makes an API with a target (API Gateway V2 API reference, `CreateApi`, `target`).
const DEFAULT_STAGE: &str = "$default";

/// Whether an update of a REST API can make it reachable from elsewhere: one that was private needs no firewall. What cannot be read can.
fn changes_reach(request: &Params) -> bool {
    let operations = request.list("updateRestApiInput/patchOperations");
    let path = |operation: &serde_json::Value| operation.get("path").and_then(|path| path.as_str().map(str::to_owned));
    let mut paths = operations.iter().map(|operation| path(operation));
    operations.is_empty() || paths.any(|path| path.is_none_or(|path| path.starts_with("/endpointConfiguration")))
}

/// Whose place the event came from: only the envelope is believed.
fn place(event: &Event<'_>) -> Screened<Place> {
    let region = event.envelope.region.as_deref().unwrap_or_default();
    let region = Region::new(region).map_err(|error| Ignored::Elsewhere(error.to_string()))?;
    Ok(Place { account: account(event)?, region })
}

pub(super) struct Call {
    request: Params,
    response: Params,
    place: Place,
}

impl Call {
    pub(super) fn of(event: &Event<'_>, record: &Record<'_>) -> Screened<Self> {
        Ok(Self { request: record.request(), response: record.response(), place: place(event)? })
    }

    /// What a call is about that wakes nobody.
    pub(super) fn hinted(&self, name: &str) -> Screened<Target> {
        let named = |path: &str| screen::named(&self.request, path);
        match name {
            "AssociateWebACL" => self.of_arn(named("resourceArn")?),
            "PutLoggingConfiguration" => self.of_arn(named("loggingConfiguration/resourceArn")?),
            "DeleteWebACL" => self.web_acl(named("id")?),
            "DeleteLoadBalancer" => self.of_arn(named("loadBalancerArn")?),
            "DeleteGraphqlApi" => Ok(Target::GraphqlApi(part(named("apiId")?)?)),
            "DeleteStage" => match self.request.str("restApiId") {
                Some(api) => Ok(Target::RestStage(part(api)?, part(named("stageName")?)?)),
                None => Ok(Target::HttpStage(part(named("apiId")?)?, part(named("stageName")?)?)),
            },
            "DeleteUserPool" => Ok(Target::UserPool(part(named("userPoolId")?)?)),
            "PauseService" | "DeleteService" => self.of_arn(named("serviceArn")?),
            "AssociateDistributionWebACL" | "DeleteDistribution" => Ok(Target::Distribution(part(named("id")?)?)),
            "DeleteApi" => Ok(Target::HttpApi(part(named("apiId")?)?)),
            // DeleteRestApi, and its methods.
            _ => Ok(Target::RestApi(part(named("restApiId")?)?)),
        }
    }

    /// REST and HTTP APIs share event source and names.
    fn gateway(&self, name: &str) -> Screened<Target> {
        let is_new = matches!(name, "CreateRestApi" | "ImportRestApi" | "CreateApi" | "ImportApi");
        if is_new {
            let rest = name.ends_with("RestApi");
            let api = part(if rest { answered(self, "id")? } else { self.new_api()? })?;
            return Ok(if rest { Target::RestApi(api) } else { Target::HttpApi(api) });
        }
        let is_stage = matches!(name, "CreateStage" | "UpdateStage" | "CreateDeployment" | "DeleteAccessLogSettings");
        let Some(api) = self.request.str("restApiId") else {
            let api = part(screen::named(&self.request, "apiId")?)?;
            return match name {
                "CreateDeployment" => {
                    Err(Ignored::NotApplicable("a deployment changes no stage of such an API".to_owned()))
                }
                _ if is_stage => Ok(Target::HttpStage(api, part(self.stage(name)?)?)),
                _ => Ok(Target::HttpApi(api)),
            };
        };
        let api = part(bounded(api)?)?;
        if is_stage { Ok(Target::RestStage(api, part(self.stage(name)?)?)) } else { Ok(Target::RestApi(api)) }
    }

    /// In a container that is named after the call, or beside it.
    fn stage(&self, name: &str) -> Screened<&str> {
        let container = match name {
            "CreateStage" => "createStageInput/stageName",
            "UpdateStage" => "updateStageInput/stageName",
            _ => "createDeploymentInput/stageName",
        };
        match self.request.str("stageName").or_else(|| self.request.str(container)) {
            Some(stage) => bounded(stage),
            None if name == "CreateDeployment" => Err(Ignored::NotApplicable("a deployment to no stage".to_owned())),
            None => Err(Ignored::NoResource("`requestParameters.stageName` is missing".to_owned())),
        }
    }

    /// The id of a new HTTP or WebSocket API; a record without it still has the address, which begins with it.
    fn new_api(&self) -> Screened<&str> {
        if let Some(api) = self.response.str("apiId") {
            return bounded(api);
        }
        let address = bounded(answered(self, "apiEndpoint")?)?;
        let host = address.split_once("://").map_or(address, |(_, host)| host);
        Ok(host.split('.').next().unwrap_or_default())
    }

    fn balancer(&self, name: &str) -> Screened<Target> {
        let text = match name {
            "CreateLoadBalancer" => {
                let kind = self.request.str("type").unwrap_or("application");
                if !kind.eq_ignore_ascii_case("application") {
                    return Err(Ignored::NotApplicable("only an Application Load Balancer takes a web ACL".to_owned()));
                }
                // Classic Load Balancers share source and name.
                if self.request.str("loadBalancerName").is_some() {
                    return Err(Ignored::NotApplicable("a Classic Load Balancer takes no web ACL".to_owned()));
                }
                answered(self, "loadBalancers/loadBalancerArn")?
            }
            _ => screen::named(&self.request, "loadBalancerArn")?,
        };
        if text.contains(":loadbalancer/net/") || text.contains(":loadbalancer/gwy/") {
            return Err(Ignored::NotApplicable("only an Application Load Balancer takes a web ACL".to_owned()));
        }
        self.of_arn(text)
    }

    /// What makes one answers with it; what changes one names it.
    fn distribution(&self, name: &str) -> Screened<Target> {
        let id = match name {
            "CreateDistribution" | "CreateDistributionWithTags" | "CopyDistribution" => {
                answered(self, "distribution/id")?
            }
            _ => screen::named(&self.request, "id")?,
        };
        Ok(Target::Distribution(part(id)?))
    }

    fn firewall(&self, name: &str) -> Screened<Target> {
        match name {
            "CreateWebACL" => match self.response.str("summary/arn") {
                Some(arn) => self.of_arn(arn),
                None => self.web_acl(answered(self, "summary/id")?),
            },
            "UpdateWebACL" => self.web_acl(screen::named(&self.request, "id")?),
            "DeleteFirewallManagerRuleGroups" => self.of_arn(screen::named(&self.request, "webACLArn")?),
            _ => self.of_arn(screen::named(&self.request, "resourceArn")?),
        }
    }

    fn web_acl(&self, id: &str) -> Screened<Target> {
        let scope = match self.request.str("scope") {
            Some("CLOUDFRONT") => Scope::Global,
            _ => Scope::Regional,
        };
        Ok(Target::WebAcl(scope, part(screen::named(&self.request, "name")?)?, part(bounded(id)?)?))
    }

    fn of_arn(&self, text: &str) -> Screened<Target> {
        of_arn(text, &self.place)
    }
}

/// A web ACL can be in front of more than this kind is about.
fn of_arn(text: &str, place: &Place) -> Screened<Target> {
    let text = bounded(text)?;
    target::of_arn(text, place).ok_or_else(|| {
        let elsewhere = [":ec2:", ":amplify:", ":bedrock-agentcore:"];
        if elsewhere.iter().any(|service| text.contains(service)) {
            Ignored::NotApplicable("a resource that no control of this kind is about".to_owned())
        } else {
            Ignored::NoResource(format!("`{text}` is no ARN of this kind in this account and region"))
        }
    })
}

fn part(text: &str) -> Screened<Part> {
    Part::new(bounded(text)?).map_err(Ignored::NoResource)
}

fn answered<'a>(call: &'a Call, path: &str) -> Screened<&'a str> {
    call.response.str(path).ok_or_else(|| missing(path))
}

fn missing(path: &str) -> Ignored {
    Ignored::NoResource(format!("`responseElements.{path}` is missing"))
}

/// A clean state right after one of these may be an old read.
fn looks_like_a_breach(name: &str, request: &Params) -> bool {
    let open = |path: &str| request.str(path) == Some("NONE");
    match name {
        "DisassociateWebACL"
        | "DisassociateDistributionWebACL"
        | "DeleteLoggingConfiguration"
        | "DeleteAccessLogSettings"
        | "UpdateWebACL" => true,
        // The whole configuration comes with it.
        "UpdateDistribution" => request.str("distributionConfig/webACLId").is_none_or(str::is_empty),
        "CreateRoute" | "UpdateRoute" => open("authorizationType"),
        "PutMethod" => open("authorizationType") || open("putMethodInput/authorizationType"),
        _ => false,
    }
}

fn look(targets: Vec<Target>, selection: Selection, suspicious: bool) -> Screened {
    if selection.is_empty() {
        return Err(Ignored::NotApplicable("no control is about the resource".to_owned()));
    }
    Ok(Screen::Look { targets, selection, suspicious })
}

fn configured(event: &Event<'_>, kind: Option<&str>, id: &str) -> Screened {
    if !kind.is_some_and(|kind| KINDS.contains(&kind)) {
        return Err(Ignored::NotOurs);
    }
    let target = match kind {
        // AWS Config calls these by their ids.
        Some("AWS::Cognito::UserPool") if !id.starts_with("arn:") => Target::UserPool(part(id)?),
        Some("AWS::CloudFront::Distribution") if !id.starts_with("arn:") => Target::Distribution(part(id)?),
        _ => of_arn(id, &place(event)?)?,
    };
    let selection = book::about(&target).iter().copied().collect();
    look(vec![target], selection, true)
}

fn found_by_hub(event: &Event<'_>, ids: &[&str]) -> Screened {
    let place = place(event)?;
    let targets: Vec<Target> = ids.iter().filter_map(|id| target::of_arn(bounded(id).ok()?, &place)).collect();
    if targets.is_empty() {
        return Err(Ignored::NoResource("the finding names no resource of this account and region".to_owned()));
    }
    let selection = targets.iter().flat_map(|target| book::about(target)).copied().collect();
    look(targets, selection, true)
}

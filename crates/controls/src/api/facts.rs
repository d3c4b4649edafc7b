//! What the guard reads, as values. Shapes follow the API references; «not configured» is `None`.

use std::collections::BTreeMap;

use serde::{Deserialize, Serialize};

use super::{Part, Scope};
use crate::{Fact, Place};

/// The facts about one [`Target`](super::Target).
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum Facts {
    /// About a REST API.
    RestApi(RestApiFacts),
    /// About a stage of a REST API.
    RestStage(RestStageFacts),
    /// About an HTTP or WebSocket API.
    HttpApi(HttpApiFacts),
    /// About a stage of an HTTP or WebSocket API.
    HttpStage(HttpStageFacts),
    /// About a load balancer.
    LoadBalancer(LoadBalancerFacts),
    /// About a GraphQL API.
    GraphqlApi(GraphqlFacts),
    /// About a user pool.
    UserPool(UserPoolFacts),
    /// About a service of App Runner.
    AppRunner(AppRunnerFacts),
    /// About a CloudFront distribution.
    Distribution(DistributionFacts),
    /// About a web ACL.
    WebAcl(WebAclFacts),
}

/// A REST API.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
pub struct RestApiFacts {
    /// Account and region.
    pub place: Place,
    /// The API.
    pub api: Part,
    /// `GetRestApi`.
    pub rest: Fact<RestApi>,
    /// `GetResources` with `embed=methods`, all pages, in the order of path and method.
    pub methods: Fact<Vec<Route>>,
}

/// `GetRestApi`, as far as it decides.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct RestApi {
    /// `endpointConfiguration.types` is `PRIVATE`: only reached from VPCs.
    pub private: bool,
    /// The resource policy, as JSON text.
    pub policy: Option<String>,
}

/// A method of a REST API, or a route of an HTTP or WebSocket API.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct Route {
    /// `GET /pets`, `$default`, `$connect`.
    pub key: String,
    /// `NONE`, `AWS_IAM`, `CUSTOM`, `COGNITO_USER_POOLS` or `JWT`.
    pub authorization: String,
    /// An API key has to come with the call.
    pub api_key: bool,
}

/// A stage of a REST API.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
pub struct RestStageFacts {
    /// Account and region.
    pub place: Place,
    /// The API.
    pub api: Part,
    /// The stage's name.
    pub stage: Part,
    /// `GetRestApi`: whether anybody outside can call at all.
    pub rest: Fact<RestApi>,
    /// `GetStage.webAclArn`.
    pub web_acl: Fact<Option<String>>,
    /// The region's web ACLs; read when the stage has none.
    pub acls: Fact<Vec<Acl>>,
    /// `GetStage.accessLogSettings`.
    pub access_log: Fact<Option<AccessLog>>,
    /// `GetStage.methodSettings["*/*"].loggingLevel` is `ERROR` or `INFO`.
    pub execution_log: Fact<bool>,
    /// `GetAccount.cloudwatchRoleArn` is set: without that role API Gateway writes no logs of a REST API.
    pub log_role: Fact<bool>,
}

/// Where a stage writes a line per call. Written and removed as a whole.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct AccessLog {
    /// A log group or a Firehose stream, as an ARN.
    pub destination: String,
    /// The line.
    pub format: String,
}

/// An HTTP or WebSocket API.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
pub struct HttpApiFacts {
    /// Account and region.
    pub place: Place,
    /// The API.
    pub api: Part,
    /// `GetApi`.
    pub http: Fact<HttpApi>,
    /// `GetRoutes`, all pages, in the order of their keys.
    pub routes: Fact<Vec<Route>>,
}

/// `GetApi`, as far as it decides.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct HttpApi {
    /// `ProtocolType` is `WEBSOCKET`.
    pub websocket: bool,
    /// `DisableExecuteApiEndpoint`.
    pub endpoint_disabled: bool,
}

/// A stage of an HTTP or WebSocket API.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
pub struct HttpStageFacts {
    /// Account and region.
    pub place: Place,
    /// The API.
    pub api: Part,
    /// The stage's name.
    pub stage: Part,
    /// `GetStage.AccessLogSettings`.
    pub access_log: Fact<Option<AccessLog>>,
}

/// An Application Load Balancer.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
pub struct LoadBalancerFacts {
    /// Account and region.
    pub place: Place,
    /// Its name.
    pub name: Part,
    /// The last part of its ARN.
    pub id: Part,
    /// `DescribeLoadBalancers`.
    pub balancer: Fact<Balancer>,
    /// `GetWebACLForResource`: the ARN of the web ACL in front of it.
    pub web_acl: Fact<Option<String>>,
    /// The region's web ACLs; read when it has none.
    pub acls: Fact<Vec<Acl>>,
}

/// `DescribeLoadBalancers`, as far as it decides.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
pub struct Balancer {
    /// `Scheme` is `internet-facing`.
    pub internet_facing: bool,
    /// On an Outpost, where WAF cannot be.
    pub outpost: bool,
}

/// A GraphQL API.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
pub struct GraphqlFacts {
    /// Account and region.
    pub place: Place,
    /// The API.
    pub api: Part,
    /// `GetGraphqlApi`.
    pub graphql: Fact<Graphql>,
    /// `GetGraphqlApi.wafWebAclArn`.
    pub web_acl: Fact<Option<String>>,
    /// The region's web ACLs; read when it has none.
    pub acls: Fact<Vec<Acl>>,
}

/// `GetGraphqlApi`, as far as it decides.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct Graphql {
    /// `visibility` is `PRIVATE`: only reached from VPCs.
    pub private: bool,
    /// `authenticationType`.
    pub authentication: String,
    /// The types of `additionalAuthenticationProviders`, sorted.
    pub additional: Vec<String>,
}

/// A user pool of Cognito. Its sign-in and its API are on the internet, whatever it is used for.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
pub struct UserPoolFacts {
    /// Account and region.
    pub place: Place,
    /// The pool's id, which begins with its region.
    pub pool: Part,
    /// `GetWebACLForResource`: the ARN of the web ACL in front of it.
    pub web_acl: Fact<Option<String>>,
    /// The region's web ACLs; read when it has none.
    pub acls: Fact<Vec<Acl>>,
}

/// A service of App Runner.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
pub struct AppRunnerFacts {
    /// Account and region.
    pub place: Place,
    /// Its name.
    pub name: Part,
    /// The last part of its ARN.
    pub id: Part,
    /// `DescribeService`.
    pub service: Fact<AppRunner>,
    /// `GetWebACLForResource`: the ARN of the web ACL in front of it.
    pub web_acl: Fact<Option<String>>,
    /// The region's web ACLs; read when it has none.
    pub acls: Fact<Vec<Acl>>,
}

/// `DescribeService`, as far as it decides.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
pub struct AppRunner {
    /// `NetworkConfiguration.IngressConfiguration.IsPubliclyAccessible`.
    pub public: bool,
    /// `Status` is one in which it answers, or will in a moment: not paused and not failed while it was made.
    pub runs: bool,
}

/// A distribution of CloudFront.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
pub struct DistributionFacts {
    /// The account, and the region in which CloudFront is called.
    pub place: Place,
    /// The distribution.
    pub id: Part,
    /// `GetDistributionConfig`.
    pub distribution: Fact<Distribution>,
    /// `GetDistributionConfig.WebACLId`: an ARN, or the id of a web ACL of WAF Classic.
    pub web_acl: Fact<Option<String>>,
    /// The account's web ACLs for CloudFront; read when it has none.
    pub acls: Fact<Vec<Acl>>,
}

/// `GetDistributionConfig`, as far as it decides.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
pub struct Distribution {
    /// `Enabled`.
    pub enabled: bool,
    /// `Staging`: nobody can call it by a name of its own.
    pub staging: bool,
    /// `ContinuousDeploymentPolicyId` is set.
    pub continuous_deployment: bool,
}

/// A web ACL as lists name it.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct Acl {
    /// `Name`.
    pub name: String,
    /// `ARN`.
    pub arn: String,
    /// `GetWebACL`: a rule group of WAF Fraud Control is among its rules. Read for user pools, which take none with one.
    pub fraud_control: Fact<bool>,
}

/// A web ACL.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
pub struct WebAclFacts {
    /// Account and region; of a global one the region is us-east-1.
    pub place: Place,
    /// Where it can be used.
    pub scope: Scope,
    /// Its name.
    pub name: Part,
    /// Its id.
    pub id: Part,
    /// `GetWebACL`.
    pub acl: Fact<WebAcl>,
    /// `GetLoggingConfiguration`; `WAFNonexistentItemException` is `None`.
    pub logging: Fact<Option<WafLogging>>,
}

/// `GetWebACL`, as far as it decides.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct WebAcl {
    /// `DefaultAction` is `Allow`.
    pub default_allows: bool,
    /// `ManagedByFirewallManager`.
    pub firewall_manager: bool,
    /// Rule groups that Firewall Manager puts before and behind the rules.
    pub firewall_manager_groups: usize,
    /// `Rules`, by priority.
    pub rules: Vec<Rule>,
}

/// One rule of a web ACL.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct Rule {
    /// `Name`.
    pub name: String,
    /// What it does with what it matches.
    pub does: Does,
}

/// What a rule of a web ACL does with what it matches.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum Does {
    /// `Action`.
    Action(Verb),
    /// A rule group whose results are only counted (`OverrideAction` is `Count`).
    CountGroup,
    /// A managed rule group.
    ManagedGroup,
    /// A rule group of the account.
    OwnGroup {
        /// `RuleActionOverrides` and `ExcludedRules`, by the rule's name.
        overrides: BTreeMap<String, Verb>,
        /// `GetRuleGroup`: its rules, by name.
        rules: Fact<BTreeMap<String, Verb>>,
    },
}

/// What a rule says to what it matches.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum Verb {
    /// Lets in.
    Allow,
    /// Counts, and goes on with the next rule.
    Count,
    /// Keeps out: `Block`, `Captcha`, `Challenge`, or a word AWS adds later.
    Stop,
}

/// A web ACL's logging.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct WafLogging {
    /// `LogDestinationConfigs`: one ARN.
    pub destination: String,
    /// It has more than a destination (redacted fields, a filter), so it cannot be written again from here.
    pub more: bool,
}

//! The controls in one table, and which of them are about what.

use super::{
    Api, Change, Facts, Rules, Target, acl, alb, apprunner, appsync, cloudfront, cognito, endpoint, logging, rest,
    routes,
};
use crate::{Control, Finding, Selection, book};

type Rule = book::Rule<Api>;

/// In the order in which they are corrected: what is open first.
pub(super) const CONTROLS: &[Control] = &[
    rest::WITHOUT_WAF,
    alb::WITHOUT_WAF,
    appsync::WITHOUT_WAF,
    cloudfront::WITHOUT_WAF,
    cognito::WITHOUT_WAF,
    apprunner::WITHOUT_WAF,
    routes::WITHOUT_AUTHORIZER,
    appsync::API_KEY,
    endpoint::DIRECT,
    acl::EMPTY,
    logging::OFF,
    acl::LOGGING_OFF,
];

/// In the order of [`CONTROLS`].
const RULES: &[Rule] = &[
    Rule { control: &rest::WITHOUT_WAF, judge: rest::without_waf },
    Rule { control: &alb::WITHOUT_WAF, judge: alb::without_waf },
    Rule { control: &appsync::WITHOUT_WAF, judge: appsync::without_waf },
    Rule { control: &cloudfront::WITHOUT_WAF, judge: cloudfront::without_waf },
    Rule { control: &cognito::WITHOUT_WAF, judge: cognito::without_waf },
    Rule { control: &apprunner::WITHOUT_WAF, judge: apprunner::without_waf },
    Rule { control: &routes::WITHOUT_AUTHORIZER, judge: routes::without_authorizer },
    Rule { control: &appsync::API_KEY, judge: appsync::api_key },
    Rule { control: &endpoint::DIRECT, judge: endpoint::direct },
    Rule { control: &acl::EMPTY, judge: acl::empty },
    Rule { control: &logging::OFF, judge: logging::off },
    Rule { control: &acl::LOGGING_OFF, judge: acl::logging_off },
];

pub(super) fn judge(facts: &Facts, rules: &Rules, selection: &Selection) -> Vec<Finding<Change>> {
    book::judge(RULES, facts, rules, selection)
}

/// Ids of the controls about `target`.
pub(super) fn about(target: &Target) -> &'static [&'static str] {
    match target {
        Target::RestApi(_) => &[routes::WITHOUT_AUTHORIZER.id],
        Target::RestStages(_) => &[rest::WITHOUT_WAF.id],
        Target::RestStage(..) => &[rest::WITHOUT_WAF.id, logging::OFF.id],
        Target::HttpApi(_) => &[routes::WITHOUT_AUTHORIZER.id, endpoint::DIRECT.id],
        Target::HttpStage(..) => &[logging::OFF.id],
        Target::LoadBalancer(..) => &[alb::WITHOUT_WAF.id],
        Target::GraphqlApi(_) => &[appsync::WITHOUT_WAF.id, appsync::API_KEY.id],
        Target::UserPool(_) => &[cognito::WITHOUT_WAF.id],
        Target::AppRunner(..) => &[apprunner::WITHOUT_WAF.id],
        Target::Distribution(_) => &[cloudfront::WITHOUT_WAF.id],
        Target::WebAcl(..) => &[acl::EMPTY.id, acl::LOGGING_OFF.id],
    }
}

/// The controls about a missing web ACL.
const FRONTS: &[&str] = &[
    rest::WITHOUT_WAF.id,
    alb::WITHOUT_WAF.id,
    appsync::WITHOUT_WAF.id,
    cloudfront::WITHOUT_WAF.id,
    cognito::WITHOUT_WAF.id,
    apprunner::WITHOUT_WAF.id,
];

/// Whether any of `selection` asks which web ACLs there are.
#[must_use]
pub fn needs_acls(selection: &Selection) -> bool {
    FRONTS.iter().any(|id| selection.contains(id))
}

//! Listing what there is in an account and region: one service's page at a time.

use rectify_aws::{AwsFailure, FailureKind};
use rectify_controls::{
    Kind, Partition, Place,
    api::{Api, Part, Scope, Target},
};
use rectify_runtime::Page;

use crate::{clients::Set, firewall};

/// APIs and what is like them on a page. An API comes with its stages, so a page is what a function gets through before its time is up.
const ON_A_PAGE: i32 = 25;

/// No token of these services is longer than this.
const LONGEST_TOKEN: usize = 8_192;

/// The lists, in the order in which they are gone through.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum Stage {
    Rest,
    Http,
    Balancers,
    Graphql,
    Pools,
    Services,
    Distributions,
    Acls,
    GlobalAcls,
}

impl Stage {
    const ALL: [(Self, &'static str); 9] = [
        (Self::Rest, "rest"),
        (Self::Http, "http"),
        (Self::Balancers, "balancers"),
        (Self::Graphql, "graphql"),
        (Self::Pools, "pools"),
        (Self::Services, "services"),
        (Self::Distributions, "distributions"),
        (Self::Acls, "acls"),
        (Self::GlobalAcls, "global-acls"),
    ];

    fn name(self) -> &'static str {
        Self::ALL.iter().find(|(stage, _)| *stage == self).map_or("", |(_, name)| name)
    }

    fn after(self) -> impl Iterator<Item = Self> {
        Self::ALL.iter().map(|(stage, _)| *stage).skip_while(move |stage| *stage != self).skip(1)
    }

    fn after_here(self, at: &Set) -> Option<Self> {
        self.after().find(|stage| is_here(at, *stage))
    }
}

fn parse(cursor: Option<&str>) -> Result<(Stage, Option<String>), AwsFailure> {
    let Some(cursor) = cursor else { return Ok((Stage::Rest, None)) };
    let (name, token) = cursor.split_once('/').ok_or_else(bad_cursor)?;
    if token.len() > LONGEST_TOKEN || !token.bytes().all(|byte| byte.is_ascii_graphic()) {
        return Err(bad_cursor());
    }
    let stage = Stage::ALL.iter().find(|(_, known)| *known == name).map(|(stage, _)| *stage).ok_or_else(bad_cursor)?;
    Ok((stage, Some(token.to_owned()).filter(|token| !token.is_empty())))
}

fn bad_cursor() -> AwsFailure {
    AwsFailure {
        service: "apigateway",
        operation: "GetRestApis",
        kind: FailureKind::Invalid,
        code: None,
        message: Some("the cursor is not one that this release made: sweep from the beginning".to_owned()),
        request_id: None,
    }
}

/// What is found on a page.
#[derive(Default)]
struct Found {
    ids: Vec<Target>,
    odd: Vec<String>,
}

impl Found {
    /// A resource by one part of its ARN.
    fn one(&mut self, text: Option<&str>, target: impl FnOnce(Part) -> Target) -> Option<Part> {
        let text = text.unwrap_or_default();
        match Part::new(text) {
            Ok(part) => {
                self.ids.push(target(part.clone()));
                Some(part)
            }
            Err(_) => {
                self.odd.push(text.to_owned());
                None
            }
        }
    }

    /// A resource by its ARN.
    fn arn(&mut self, at: &Set, text: &str) {
        match Api::id(&rectify_controls::Arn::from_parts(text.to_owned()), &at.place) {
            Some(target) => self.ids.push(target),
            None => self.odd.push(text.to_owned()),
        }
    }
}

/// One page.
pub(crate) async fn list(at: &Set, cursor: Option<&str>) -> Result<Page<Target>, AwsFailure> {
    let (stage, token) = parse(cursor)?;
    let mut found = Found::default();
    let token = match stage {
        Stage::Rest => rest(at, token, &mut found).await?,
        Stage::Http => http(at, token, &mut found).await?,
        Stage::Balancers => balancers(at, token, &mut found).await?,
        Stage::Graphql => graphql(at, token, &mut found).await?,
        Stage::Pools => pools(at, token, &mut found).await?,
        Stage::Services => services(at, token, &mut found).await?,
        Stage::Distributions => distributions(at, token, &mut found).await?,
        Stage::Acls => acls(at, Scope::Regional, token, &mut found).await?,
        Stage::GlobalAcls => acls(at, Scope::Global, token, &mut found).await?,
    };
    let next = match token.filter(|token| !token.is_empty()) {
        Some(token) => Some(format!("{}/{token}", stage.name())),
        None => stage.after_here(at).map(|next| format!("{}/", next.name())),
    };
    Ok(Page { ids: found.ids, odd: found.odd, next })
}

/// Web ACLs for CloudFront live in one region (WAF API reference, `Scope`), and GovCloud has no CloudFront.
fn is_here(at: &Set, stage: Stage) -> bool {
    match stage {
        Stage::GlobalAcls => at.place.region.as_str() == "us-east-1",
        Stage::Distributions => at.place.region.partition() != Partition::AwsUsGov,
        _ => true,
    }
}

async fn rest(at: &Set, token: Option<String>, found: &mut Found) -> Result<Option<String>, AwsFailure> {
    let answer = at.rest.get_rest_apis().limit(ON_A_PAGE).set_position(token).send().await;
    let answer = answer.map_err(|error| AwsFailure::new("apigateway", "GetRestApis", &error))?;
    for api in answer.items() {
        let Some(api) = found.one(api.id(), Target::RestApi) else { continue };
        stages(at, &api, found).await?;
    }
    Ok(answer.position)
}

async fn stages(at: &Set, api: &Part, found: &mut Found) -> Result<(), AwsFailure> {
    let stages = match at.rest.get_stages().rest_api_id(api.as_str()).send().await {
        Ok(stages) => stages.item.unwrap_or_default(),
        Err(error) => gone(AwsFailure::new("apigateway", "GetStages", &error))?,
    };
    for stage in stages {
        found.one(stage.stage_name(), |stage| Target::RestStage(api.clone(), stage));
    }
    Ok(())
}

/// The stages of one REST API: there is no second page of them.
pub(crate) async fn find(at: &Set, lead: &Target) -> Result<Vec<(Place, Target)>, AwsFailure> {
    let mut found = Found::default();
    if let Target::RestStages(api) = lead {
        stages(at, api, &mut found).await?;
    }
    Ok(found.ids.into_iter().map(|id| (at.place.clone(), id)).collect())
}

async fn http(at: &Set, token: Option<String>, found: &mut Found) -> Result<Option<String>, AwsFailure> {
    let answer = at.http.get_apis().max_results(ON_A_PAGE.to_string()).set_next_token(token).send().await;
    let answer = answer.map_err(|error| AwsFailure::new("apigatewayv2", "GetApis", &error))?;
    for api in answer.items() {
        let Some(api) = found.one(api.api_id(), Target::HttpApi) else { continue };
        let mut token = None;
        loop {
            let page = match at.http.get_stages().api_id(api.as_str()).set_next_token(token).send().await {
                Ok(page) => page,
                Err(error) => {
                    gone::<()>(AwsFailure::new("apigatewayv2", "GetStages", &error))?;
                    break;
                }
            };
            for stage in page.items() {
                found.one(stage.stage_name(), |stage| Target::HttpStage(api.clone(), stage));
            }
            token = page.next_token.filter(|token| !token.is_empty());
            if token.is_none() {
                break;
            }
        }
    }
    Ok(answer.next_token)
}

async fn balancers(at: &Set, token: Option<String>, found: &mut Found) -> Result<Option<String>, AwsFailure> {
    let answer = at.balancers.describe_load_balancers().page_size(ON_A_PAGE).set_marker(token).send().await;
    let answer = answer.map_err(|error| AwsFailure::new("elasticloadbalancingv2", "DescribeLoadBalancers", &error))?;
    for balancer in answer.load_balancers() {
        if balancer.r#type().is_some_and(|kind| kind.as_str() == "application") {
            found.arn(at, balancer.load_balancer_arn().unwrap_or_default());
        }
    }
    Ok(answer.next_marker)
}

async fn graphql(at: &Set, token: Option<String>, found: &mut Found) -> Result<Option<String>, AwsFailure> {
    let answer = at.graphql.list_graphql_apis().max_results(ON_A_PAGE).set_next_token(token).send().await;
    let answer = answer.map_err(|error| AwsFailure::new("appsync", "ListGraphqlApis", &error))?;
    for api in answer.graphql_apis() {
        found.one(api.api_id(), Target::GraphqlApi);
    }
    Ok(answer.next_token)
}

async fn pools(at: &Set, token: Option<String>, found: &mut Found) -> Result<Option<String>, AwsFailure> {
    let answer = at.pools.list_user_pools().max_results(ON_A_PAGE).set_next_token(token).send().await;
    let answer = answer.map_err(|error| AwsFailure::new("cognitoidentityprovider", "ListUserPools", &error))?;
    for pool in answer.user_pools() {
        found.one(pool.id(), Target::UserPool);
    }
    Ok(answer.next_token)
}

/// The most on a page is 20 (App Runner API reference, `ListServices`).
async fn services(at: &Set, token: Option<String>, found: &mut Found) -> Result<Option<String>, AwsFailure> {
    let answer = at.services.list_services().max_results(20).set_next_token(token).send().await;
    let answer = match answer {
        Ok(answer) => answer,
        // App Runner is in some regions only, and where it is not nobody has a service.
        Err(error) => match AwsFailure::new("apprunner", "ListServices", &error) {
            failure if failure.kind == FailureKind::Unreachable => return Ok(None),
            failure => return Err(failure),
        },
    };
    for service in answer.service_summary_list() {
        found.arn(at, service.service_arn().unwrap_or_default());
    }
    Ok(answer.next_token)
}

/// They have no region, so they are on the page of every region; see `Kind::home`.
async fn distributions(at: &Set, token: Option<String>, found: &mut Found) -> Result<Option<String>, AwsFailure> {
    let answer = at.distributions.list_distributions().max_items(ON_A_PAGE).set_marker(token).send().await;
    let answer = answer.map_err(|error| AwsFailure::new("cloudfront", "ListDistributions", &error))?;
    let Some(list) = answer.distribution_list else { return Ok(None) };
    for distribution in list.items() {
        found.one(Some(distribution.id()), Target::Distribution);
    }
    Ok(list.next_marker)
}

async fn acls(at: &Set, scope: Scope, token: Option<String>, found: &mut Found) -> Result<Option<String>, AwsFailure> {
    let (page, next) = firewall::page(at, scope, token).await?;
    for acl in page {
        found.arn(at, acl.arn().unwrap_or_default());
    }
    Ok(next)
}

/// Nothing of an API that went away between two pages.
fn gone<T: Default>(failure: AwsFailure) -> Result<T, AwsFailure> {
    if failure.kind == FailureKind::Gone { Ok(T::default()) } else { Err(failure) }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_cursor_comes_back_as_it_went() {
        for (stage, name) in Stage::ALL {
            assert_eq!(parse(Some(&format!("{name}/"))).unwrap(), (stage, None));
            assert_eq!(parse(Some(&format!("{name}/a/b="))).unwrap(), (stage, Some("a/b=".to_owned())));
        }
        assert_eq!(parse(None).unwrap(), (Stage::Rest, None));
        assert_eq!(Stage::GlobalAcls.after().next(), None);
    }

    #[test]
    fn what_is_no_cursor_is_refused() {
        let long = format!("rest/{}", "x".repeat(10_000));
        for text in ["", "rest", "keys/x", "rest/a b", "http/\n", "acls/\u{e9}", long.as_str()] {
            assert_eq!(parse(Some(text)).unwrap_err().kind, FailureKind::Invalid, "{text}");
        }
    }
}

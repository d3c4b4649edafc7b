//! The tags of a resource.

use rectify_aws::{AwsFailure, unreadable};
use rectify_controls::{Fact, Tags, api::Target};

use crate::{clients::Set, doors, gateway::tag_map};

/// The tags, on which an exemption may hang.
pub(crate) async fn tags(at: &Set, target: &Target) -> Fact<Tags> {
    read(at, target).await.map_or_else(|failure| Fact::Unreadable(unreadable(failure)), Fact::Known)
}

async fn read(at: &Set, target: &Target) -> Result<Tags, AwsFailure> {
    Ok(match target {
        Target::RestApi(api) => {
            let answer = at.rest.get_rest_api().rest_api_id(api.as_str()).send().await;
            let answer = answer.map_err(|error| AwsFailure::new("apigateway", "GetRestApi", &error))?;
            tag_map(answer.tags.unwrap_or_default())
        }
        Target::RestStages(_) => Tags::new(),
        Target::RestStage(api, stage) => {
            let answer = at.rest.get_stage().rest_api_id(api.as_str()).stage_name(stage.as_str()).send().await;
            let answer = answer.map_err(|error| AwsFailure::new("apigateway", "GetStage", &error))?;
            tag_map(answer.tags.unwrap_or_default())
        }
        Target::HttpApi(api) => {
            let answer = at.http.get_api().api_id(api.as_str()).send().await;
            let answer = answer.map_err(|error| AwsFailure::new("apigatewayv2", "GetApi", &error))?;
            tag_map(answer.tags.unwrap_or_default())
        }
        Target::HttpStage(api, stage) => {
            let answer = at.http.get_stage().api_id(api.as_str()).stage_name(stage.as_str()).send().await;
            let answer = answer.map_err(|error| AwsFailure::new("apigatewayv2", "GetStage", &error))?;
            tag_map(answer.tags.unwrap_or_default())
        }
        Target::LoadBalancer(..) => {
            let answer = at.balancers.describe_tags().resource_arns(at.arn(target)).send().await;
            let answer = answer.map_err(|error| AwsFailure::new("elasticloadbalancingv2", "DescribeTags", &error))?;
            let tags = answer.tag_descriptions().iter().flat_map(|description| description.tags());
            tag_map(tags.map(|tag| (tag.key().unwrap_or_default(), tag.value().unwrap_or_default())))
        }
        Target::GraphqlApi(api) => {
            let answer = at.graphql.get_graphql_api().api_id(api.as_str()).send().await;
            let answer = answer.map_err(|error| AwsFailure::new("appsync", "GetGraphqlApi", &error))?;
            tag_map(answer.graphql_api.and_then(|api| api.tags).unwrap_or_default())
        }
        Target::UserPool(pool) => doors::user_pool(at, pool).await?,
        Target::AppRunner(..) => {
            let answer = at.services.list_tags_for_resource().resource_arn(at.arn(target)).send().await;
            let answer = answer.map_err(|error| AwsFailure::new("apprunner", "ListTagsForResource", &error))?;
            let tags = answer.tags.unwrap_or_default().into_iter();
            tag_map(tags.map(|tag| (tag.key.unwrap_or_default(), tag.value.unwrap_or_default())))
        }
        Target::Distribution(_) => {
            let answer = at.distributions.list_tags_for_resource().resource(at.arn(target)).send().await;
            let answer = answer.map_err(|error| AwsFailure::new("cloudfront", "ListTagsForResource", &error))?;
            let tags = answer.tags.and_then(|tags| tags.items).unwrap_or_default().into_iter();
            tag_map(tags.map(|tag| (tag.key, tag.value.unwrap_or_default())))
        }
        Target::WebAcl(..) => {
            let answer = at.waf.list_tags_for_resource().resource_arn(at.arn(target)).send().await;
            let answer = answer.map_err(|error| AwsFailure::new("wafv2", "ListTagsForResource", &error))?;
            let tags = answer.tag_info_for_resource.and_then(|info| info.tag_list).unwrap_or_default();
            tag_map(tags.into_iter().map(|tag| (tag.key, tag.value)))
        }
    })
}

//! The reads of Cognito, App Runner and CloudFront.

use aws_sdk_apprunner::types::ServiceStatus;
use rectify_aws::{AwsFailure, Ended, Reading, reading, refused};
use rectify_controls::{
    Fact, Tags,
    api::{AppRunner, Distribution, Part},
};

use crate::{clients::Set, gateway::tag_map};

/// `DescribeUserPool`: its tags, and that it is there. Nothing else in the answer decides anything.
pub(crate) async fn user_pool(at: &Set, pool: &Part) -> Result<Tags, AwsFailure> {
    let answer = at.pools.describe_user_pool().user_pool_id(pool.as_str()).send().await;
    let answer = answer.map_err(|error| AwsFailure::new("cognitoidentityprovider", "DescribeUserPool", &error))?;
    Ok(tag_map(answer.user_pool.and_then(|pool| pool.user_pool_tags).unwrap_or_default()))
}

/// Whether the pool is there; a refusal is no end, because what WAF says of it is enough.
pub(crate) async fn is_there(at: &Set, pool: &Part) -> Reading<()> {
    match user_pool(at, pool).await {
        Ok(_) => Ok(Fact::Known(())),
        Err(failure) => refused(failure, None),
    }
}

/// `DescribeService`. One that is deleted can be described for a while.
pub(crate) async fn service(at: &Set, arn: &str) -> Reading<AppRunner> {
    let answer = at.services.describe_service().service_arn(arn).send().await;
    let read = reading("apprunner", "DescribeService", answer, None, |answer| {
        let service = answer.service.ok_or("no service in the answer")?;
        let ingress = service.network_configuration.and_then(|network| network.ingress_configuration);
        let seen = AppRunner {
            public: ingress.is_none_or(|ingress| ingress.is_publicly_accessible),
            runs: !matches!(service.status, ServiceStatus::Paused | ServiceStatus::CreateFailed),
        };
        Ok((service.status != ServiceStatus::Deleted).then_some(seen))
    })?;
    match read {
        Fact::Known(Some(service)) => Ok(Fact::Known(service)),
        Fact::Known(None) => Err(Ended::Gone),
        Fact::Unreadable(why) => Ok(Fact::Unreadable(why)),
        Fact::NotRead => Ok(Fact::NotRead),
    }
}

/// What `GetDistributionConfig` gives, with the version that a change has to name.
pub(crate) struct Config {
    pub(crate) distribution: Distribution,
    pub(crate) web_acl: Option<String>,
    pub(crate) etag: Option<String>,
}

/// `GetDistributionConfig`.
pub(crate) async fn distribution(at: &Set, id: &Part) -> Reading<Config> {
    let answer = at.distributions.get_distribution_config().id(id.as_str()).send().await;
    reading("cloudfront", "GetDistributionConfig", answer, None, |answer| {
        let config = answer.distribution_config.ok_or("no configuration in the answer")?;
        Ok(Config {
            distribution: Distribution {
                enabled: config.enabled,
                staging: config.staging.unwrap_or(false),
                continuous_deployment: config.continuous_deployment_policy_id.is_some_and(|id| !id.is_empty()),
            },
            web_acl: config.web_acl_id.filter(|acl| !acl.is_empty()),
            etag: answer.e_tag,
        })
    })
}

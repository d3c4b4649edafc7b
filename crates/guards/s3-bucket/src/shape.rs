//! Between the SDK's types and the rule book's facts.

use aws_sdk_s3::{
    operation::{
        get_bucket_encryption::GetBucketEncryptionOutput,
        get_bucket_ownership_controls::GetBucketOwnershipControlsOutput,
        get_bucket_versioning::GetBucketVersioningOutput, get_bucket_website::GetBucketWebsiteOutput,
    },
    primitives::DateTimeFormat,
    types,
};
use aws_sdk_s3control::operation::get_access_point::GetAccessPointOutput;
use rectify_controls::s3_bucket::{
    AccessPoint, Encryption, Grant, LifecycleRule, Logging, ObjectOwnership, RedirectAll, Replication, ReplicationRule,
    RoutingRule, Versioning, VersioningStatus, Website,
};
pub(crate) use rectify_s3::{block, control_block};

/// An answer with a word that a fact cannot hold. The word is in it.
#[derive(Debug)]
pub(crate) struct Odd(pub(crate) String);

pub(crate) fn ownership(answer: &GetBucketOwnershipControlsOutput) -> Result<Option<ObjectOwnership>, Odd> {
    rectify_s3::ownership(answer).map_err(Odd)
}

pub(crate) fn encryption(answer: &GetBucketEncryptionOutput) -> Option<Encryption> {
    let rule = answer.server_side_encryption_configuration.as_ref()?.rules.first()?;
    let default = rule.apply_server_side_encryption_by_default.as_ref()?;
    Some(Encryption {
        algorithm: default.sse_algorithm.as_str().to_owned(),
        key: default.kms_master_key_id.clone(),
        bucket_key: rule.bucket_key_enabled,
    })
}

pub(crate) fn website(answer: &GetBucketWebsiteOutput) -> Website {
    Website {
        index: answer.index_document.as_ref().map(|index| index.suffix.clone()),
        error: answer.error_document.as_ref().map(|error| error.key.clone()),
        redirect_all: answer.redirect_all_requests_to.as_ref().map(|to| RedirectAll {
            host: to.host_name.clone(),
            protocol: to.protocol.as_ref().map(|protocol| protocol.as_str().to_owned()),
        }),
        routing: answer.routing_rules().iter().map(routing_rule).collect(),
    }
}

fn routing_rule(rule: &types::RoutingRule) -> RoutingRule {
    let when = rule.condition.as_ref();
    let to = rule.redirect.as_ref();
    RoutingRule {
        when_error_code: when.and_then(|when| when.http_error_code_returned_equals.clone()),
        when_prefix: when.and_then(|when| when.key_prefix_equals.clone()),
        host: to.and_then(|to| to.host_name.clone()),
        code: to.and_then(|to| to.http_redirect_code.clone()),
        protocol: to.and_then(|to| to.protocol.as_ref()).map(|protocol| protocol.as_str().to_owned()),
        replace_prefix: to.and_then(|to| to.replace_key_prefix_with.clone()),
        replace_key: to.and_then(|to| to.replace_key_with.clone()),
    }
}

/// The words for log object keys that the facts use, and S3's own for each `PartitionDateSource`.
pub(crate) const SIMPLE: &str = "simple";
pub(crate) const PARTITIONED: [(&str, types::PartitionDateSource); 2] = [
    ("partitioned-event-time", types::PartitionDateSource::EventTime),
    ("partitioned-delivery-time", types::PartitionDateSource::DeliveryTime),
];

pub(crate) fn logging(enabled: &types::LoggingEnabled) -> Logging {
    let format = enabled.target_object_key_format.as_ref();
    let partitioned = format.and_then(|format| format.partitioned_prefix.as_ref());
    let key_format = match partitioned.map(|prefix| prefix.partition_date_source.as_ref()) {
        Some(source) => Some(match source {
            Some(source) => PARTITIONED
                .iter()
                .find(|(_, known)| known == source)
                .map_or_else(|| format!("partitioned-{}", source.as_str()), |(word, _)| (*word).to_owned()),
            None => "partitioned".to_owned(),
        }),
        None => format.and_then(|format| format.simple_prefix.as_ref()).map(|_| SIMPLE.to_owned()),
    };
    Logging {
        bucket: enabled.target_bucket.clone(),
        prefix: enabled.target_prefix.clone(),
        key_format,
        grants: enabled
            .target_grants()
            .iter()
            .map(|grant| Grant {
                grantee: rectify_s3::grantee(grant.grantee.as_ref()),
                permission: grant
                    .permission
                    .as_ref()
                    .map(|permission| permission.as_str().to_owned())
                    .unwrap_or_default(),
            })
            .collect(),
    }
}

pub(crate) fn versioning(answer: &GetBucketVersioningOutput) -> Result<Versioning, Odd> {
    let status = match answer.status.as_ref().map(types::BucketVersioningStatus::as_str) {
        None | Some("") => None,
        Some("Enabled") => Some(VersioningStatus::Enabled),
        Some("Suspended") => Some(VersioningStatus::Suspended),
        Some(other) => return Err(Odd(format!("unknown versioning status `{other}`"))),
    };
    let mfa_delete = answer.mfa_delete == Some(types::MfaDeleteStatus::Enabled);
    Ok(Versioning { status, mfa_delete })
}

pub(crate) fn replication(configuration: &types::ReplicationConfiguration) -> Replication {
    let rules = configuration.rules().iter().map(|rule| ReplicationRule {
        id: rule.id.clone(),
        enabled: rule.status == types::ReplicationRuleStatus::Enabled,
        destination: rule.destination.as_ref().map(|to| to.bucket.clone()).unwrap_or_default(),
        account: rule.destination.as_ref().and_then(|to| to.account.clone()),
    });
    Replication { rules: rules.collect() }
}

pub(crate) fn lifecycle_rule(rule: &types::LifecycleRule) -> LifecycleRule {
    let expiration = rule.expiration.as_ref();
    LifecycleRule {
        id: rule.id.clone(),
        enabled: rule.status == types::ExpirationStatus::Enabled,
        expire_days: expiration.and_then(|expiration| expiration.days),
        expire_date: expiration
            .and_then(|expiration| expiration.date)
            .and_then(|date| date.fmt(DateTimeFormat::DateTime).ok()),
        scope: scope(rule),
    }
}

/// What a rule is limited to, in words. Empty for the whole bucket.
fn scope(rule: &types::LifecycleRule) -> String {
    let filter = rule.filter.as_ref();
    let and = filter.and_then(|filter| filter.and.as_ref());
    #[expect(deprecated, reason = "S3 still returns it for rules that were written with it")]
    let prefixes = [
        rule.prefix.as_ref(),
        filter.and_then(|filter| filter.prefix.as_ref()),
        and.and_then(|and| and.prefix.as_ref()),
    ];
    let tags =
        filter.and_then(|filter| filter.tag.as_ref()).into_iter().chain(and.map(|and| and.tags()).unwrap_or_default());
    let above = [filter.and_then(|f| f.object_size_greater_than), and.and_then(|and| and.object_size_greater_than)];
    let below = [filter.and_then(|f| f.object_size_less_than), and.and_then(|and| and.object_size_less_than)];
    let words: Vec<String> = prefixes
        .into_iter()
        .flatten()
        .filter(|prefix| !prefix.is_empty())
        .map(|prefix| format!("prefix `{prefix}`"))
        .chain(tags.map(|tag| format!("tag `{}`=`{}`", tag.key, tag.value)))
        .chain(above.into_iter().flatten().map(|size| format!("larger than {size} bytes")))
        .chain(below.into_iter().flatten().map(|size| format!("smaller than {size} bytes")))
        .collect();
    words.join(", ")
}

pub(crate) fn access_point(answer: &GetAccessPointOutput) -> Result<AccessPoint, Odd> {
    let Some(bucket) = answer.bucket.clone() else { return Err(Odd("an access point without a bucket".to_owned())) };
    Ok(AccessPoint {
        bucket,
        vpc_origin: answer.network_origin.as_ref().is_some_and(|origin| origin.as_str() == "VPC"),
        block: answer.public_access_block_configuration.as_ref().map(control_block).unwrap_or_default(),
    })
}

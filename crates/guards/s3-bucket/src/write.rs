//! From the rule book's facts to the SDK's types. Whatever cannot be written exactly is not written at all.

use aws_sdk_s3::{error::BuildError, types};
use rectify_controls::s3_bucket::{BlockFlags, Encryption, Logging, ObjectOwnership, RoutingRule, Website};

use crate::shape::{PARTITIONED, SIMPLE};

/// Why a value has no exact form in a request.
#[derive(Debug, thiserror::Error)]
pub(crate) enum Unwritable {
    /// A grant that cannot.
    #[error(transparent)]
    Grant(#[from] rectify_s3::Unwritable),
    /// A format this release does not know.
    #[error("the log key format `{0}` cannot be written back")]
    KeyFormat(String),
    /// A part that S3 requires is missing.
    #[error(transparent)]
    Incomplete(#[from] BuildError),
}

pub(crate) fn block(flags: BlockFlags) -> types::PublicAccessBlockConfiguration {
    types::PublicAccessBlockConfiguration::builder()
        .block_public_acls(flags.block_public_acls)
        .ignore_public_acls(flags.ignore_public_acls)
        .block_public_policy(flags.block_public_policy)
        .restrict_public_buckets(flags.restrict_public_buckets)
        .build()
}

pub(crate) fn control_block(flags: BlockFlags) -> aws_sdk_s3control::types::PublicAccessBlockConfiguration {
    aws_sdk_s3control::types::PublicAccessBlockConfiguration::builder()
        .block_public_acls(flags.block_public_acls)
        .ignore_public_acls(flags.ignore_public_acls)
        .block_public_policy(flags.block_public_policy)
        .restrict_public_buckets(flags.restrict_public_buckets)
        .build()
}

pub(crate) fn ownership(ownership: ObjectOwnership) -> Result<types::OwnershipControls, Unwritable> {
    let ownership = match ownership {
        ObjectOwnership::BucketOwnerEnforced => types::ObjectOwnership::BucketOwnerEnforced,
        ObjectOwnership::BucketOwnerPreferred => types::ObjectOwnership::BucketOwnerPreferred,
        ObjectOwnership::ObjectWriter => types::ObjectOwnership::ObjectWriter,
    };
    let rule = types::OwnershipControlsRule::builder().object_ownership(ownership).build()?;
    Ok(types::OwnershipControls::builder().rules(rule).build()?)
}

pub(crate) fn encryption(
    rule: &Encryption,
    blocked: Option<types::BlockedEncryptionTypes>,
) -> Result<types::ServerSideEncryptionConfiguration, Unwritable> {
    let default = types::ServerSideEncryptionByDefault::builder()
        .sse_algorithm(types::ServerSideEncryption::from(rule.algorithm.as_str()))
        .set_kms_master_key_id(rule.key.clone())
        .build()?;
    let rule = types::ServerSideEncryptionRule::builder()
        .apply_server_side_encryption_by_default(default)
        .set_bucket_key_enabled(rule.bucket_key)
        .set_blocked_encryption_types(blocked)
        .build();
    Ok(types::ServerSideEncryptionConfiguration::builder().rules(rule).build()?)
}

pub(crate) fn website(website: &Website) -> Result<types::WebsiteConfiguration, Unwritable> {
    let index = website.index.as_ref().map(|suffix| types::IndexDocument::builder().suffix(suffix).build());
    let error = website.error.as_ref().map(|key| types::ErrorDocument::builder().key(key).build());
    let redirect_all = website.redirect_all.as_ref().map(|to| {
        types::RedirectAllRequestsTo::builder()
            .host_name(&to.host)
            .set_protocol(to.protocol.as_deref().map(types::Protocol::from))
            .build()
    });
    let routing: Vec<types::RoutingRule> = website.routing.iter().map(routing_rule).collect();
    Ok(types::WebsiteConfiguration::builder()
        .set_index_document(index.transpose()?)
        .set_error_document(error.transpose()?)
        .set_redirect_all_requests_to(redirect_all.transpose()?)
        .set_routing_rules((!routing.is_empty()).then_some(routing))
        .build())
}

fn routing_rule(rule: &RoutingRule) -> types::RoutingRule {
    let conditional = rule.when_error_code.is_some() || rule.when_prefix.is_some();
    let condition = types::Condition::builder()
        .set_http_error_code_returned_equals(rule.when_error_code.clone())
        .set_key_prefix_equals(rule.when_prefix.clone())
        .build();
    let redirect = types::Redirect::builder()
        .set_host_name(rule.host.clone())
        .set_http_redirect_code(rule.code.clone())
        .set_protocol(rule.protocol.as_deref().map(types::Protocol::from))
        .set_replace_key_prefix_with(rule.replace_prefix.clone())
        .set_replace_key_with(rule.replace_key.clone())
        .build();
    types::RoutingRule::builder().set_condition(conditional.then_some(condition)).redirect(redirect).build()
}

pub(crate) fn logging(to: &Logging) -> Result<types::LoggingEnabled, Unwritable> {
    let format = match to.key_format.as_deref() {
        None => None,
        Some(SIMPLE) => {
            Some(types::TargetObjectKeyFormat::builder().simple_prefix(types::SimplePrefix::builder().build()).build())
        }
        Some(word) => {
            let source = PARTITIONED.iter().find(|(known, _)| *known == word).map(|(_, source)| source.clone());
            let source = source.ok_or_else(|| Unwritable::KeyFormat(word.to_owned()))?;
            let prefix = types::PartitionedPrefix::builder().partition_date_source(source).build();
            Some(types::TargetObjectKeyFormat::builder().partitioned_prefix(prefix).build())
        }
    };
    let grants = to.grants.iter().map(|grant| {
        let permission = types::BucketLogsPermission::from(grant.permission.as_str());
        Ok(types::TargetGrant::builder()
            .grantee(rectify_s3::write_grantee(&grant.grantee)?)
            .permission(permission)
            .build())
    });
    let grants = grants.collect::<Result<Vec<_>, Unwritable>>()?;
    Ok(types::LoggingEnabled::builder()
        .target_bucket(&to.bucket)
        .target_prefix(&to.prefix)
        .set_target_grants((!grants.is_empty()).then_some(grants))
        .set_target_object_key_format(format)
        .build()?)
}

//! Making a change.

use aws_sdk_apigateway::types::{Op, PatchOperation};
use aws_sdk_apigatewayv2::types::AccessLogSettings;
use aws_sdk_wafv2::types::LoggingConfiguration;
use rectify_aws::{AwsFailure, Ended, FailureKind, done, unless};
use rectify_controls::{
    Fact,
    api::{AccessLog, Change, Part, Target, WafLogging},
};

use crate::{
    clients::Set,
    doors,
    firewall::{self, NO_SUCH},
};

/// Makes `change`.
pub(crate) async fn apply(at: &Set, target: &Target, change: &Change) -> Result<(), AwsFailure> {
    let arn = at.arn(target);
    match (change, target) {
        (Change::Associate(acl), Target::Distribution(id)) => distribute(at, id, Some(acl)).await,
        (Change::Disassociate, Target::Distribution(id)) => distribute(at, id, None).await,
        (Change::Associate(acl), target) if has_a_firewall(target) => associate(at, &arn, acl).await,
        (Change::Disassociate, target) if has_a_firewall(target) => {
            done("wafv2", "DisassociateWebACL", at.waf.disassociate_web_acl().resource_arn(arn).send().await)
        }
        (Change::PutAccessLog(log), Target::RestStage(api, stage)) => {
            let patches = [("destinationArn", &log.destination), ("format", &log.format)];
            let patches = patches.map(|(part, value)| {
                PatchOperation::builder()
                    .op(Op::Replace)
                    .path(format!("/accessLogSettings/{part}"))
                    .value(value)
                    .build()
            });
            let call = at.rest.update_stage().rest_api_id(api.as_str()).stage_name(stage.as_str());
            done("apigateway", "UpdateStage", call.set_patch_operations(Some(patches.to_vec())).send().await)
        }
        (Change::DeleteAccessLog, Target::RestStage(api, stage)) => {
            let patch = PatchOperation::builder().op(Op::Remove).path("/accessLogSettings").build();
            let call = at.rest.update_stage().rest_api_id(api.as_str()).stage_name(stage.as_str());
            done("apigateway", "UpdateStage", call.patch_operations(patch).send().await)
        }
        (Change::PutAccessLog(AccessLog { destination, format }), Target::HttpStage(api, stage)) => {
            let settings = AccessLogSettings::builder().destination_arn(destination).format(format).build();
            let call = at.http.update_stage().api_id(api.as_str()).stage_name(stage.as_str());
            done("apigatewayv2", "UpdateStage", call.access_log_settings(settings).send().await)
        }
        (Change::DeleteAccessLog, Target::HttpStage(api, stage)) => {
            let call = at.http.delete_access_log_settings().api_id(api.as_str()).stage_name(stage.as_str());
            done("apigatewayv2", "DeleteAccessLogSettings", call.send().await)
        }
        (Change::PutWafLogging(WafLogging { destination, more: false }), Target::WebAcl(..)) => {
            let logging =
                LoggingConfiguration::builder().resource_arn(arn).log_destination_configs(destination).build();
            let logging = logging.map_err(|odd| unsent("PutLoggingConfiguration", odd.to_string()))?;
            let call = at.waf.put_logging_configuration().logging_configuration(logging);
            done("wafv2", "PutLoggingConfiguration", call.send().await)
        }
        (Change::DeleteWafLogging, Target::WebAcl(..)) => {
            let call = at.waf.delete_logging_configuration().resource_arn(arn);
            unless(done("wafv2", "DeleteLoggingConfiguration", call.send().await), &[NO_SUCH])
        }
        // A plan and its target have been mixed up.
        _ => Err(unsent("apply the change", format!("«{change}» is not a change of {target}"))),
    }
}

/// Whether WAF associates web ACLs with it by itself.
fn has_a_firewall(target: &Target) -> bool {
    matches!(
        target,
        Target::RestStage(..)
            | Target::LoadBalancer(..)
            | Target::GraphqlApi(_)
            | Target::UserPool(_)
            | Target::AppRunner(..)
    )
}

/// Gives the distribution this web ACL, or takes the one that is there away. Both name the version of the configuration that was
/// read a moment before, so nothing is written over what somebody else writes meanwhile.
async fn distribute(at: &Set, id: &Part, acl: Option<&String>) -> Result<(), AwsFailure> {
    let unsent = |kind, message: String| AwsFailure {
        service: "cloudfront",
        kind,
        ..unsent("AssociateDistributionWebACL", message)
    };
    let config = match doors::distribution(at, id).await {
        Ok(Fact::Known(config)) => config,
        Ok(Fact::Unreadable(why)) => {
            let failure = unsent(FailureKind::Denied, "its configuration cannot be read before".to_owned());
            return Err(AwsFailure { code: Some(why.code), request_id: why.request_id, ..failure });
        }
        Ok(Fact::NotRead) | Err(Ended::Gone) => {
            return Err(unsent(FailureKind::Gone, "the distribution is gone".to_owned()));
        }
        Err(Ended::Refused(failure)) => return Err(failure),
    };
    match (acl, &config.web_acl) {
        (Some(acl), Some(there)) if there != acl => {
            Err(unsent(FailureKind::Conflict, format!("the web ACL {there} has been associated meanwhile")))
        }
        (Some(_), Some(_)) | (None, None) => Ok(()),
        (Some(acl), None) => {
            let call = at.distributions.associate_distribution_web_acl().id(id.as_str()).web_acl_arn(acl);
            let sent = call.set_if_match(config.etag).send().await;
            done("cloudfront", "AssociateDistributionWebACL", sent).map_err(|failure| {
                // The distribution has just been read, and the web ACL is in WAF's list: CloudFront has not learnt of it yet.
                let kind = if failure.code_is("EntityNotFound") { FailureKind::NotYet } else { failure.kind };
                AwsFailure { kind, ..failure }
            })
        }
        (None, Some(_)) => {
            let call = at.distributions.disassociate_distribution_web_acl().id(id.as_str());
            let sent = call.set_if_match(config.etag).send().await;
            done("cloudfront", "DisassociateDistributionWebACL", sent)
        }
    }
}

/// Associates the web ACL unless one is there: the call would replace it. What became of the look that found none is asked again,
/// because between the two somebody else, or Firewall Manager, may have associated one.
async fn associate(at: &Set, arn: &str, acl: &str) -> Result<(), AwsFailure> {
    match firewall::web_acl_of(at, arn).await {
        Ok(Fact::Known(Some(there))) if there == acl => return Ok(()),
        Ok(Fact::Known(Some(there))) => {
            return Err(AwsFailure {
                kind: FailureKind::Conflict,
                ..unsent("AssociateWebACL", format!("the web ACL {there} has been associated meanwhile"))
            });
        }
        Err(Ended::Refused(failure)) => return Err(failure),
        // AWS says what there is to say about a resource that is gone, and a look that is denied changes nothing.
        Ok(_) | Err(Ended::Gone) => {}
    }
    let call = at.waf.associate_web_acl().web_acl_arn(acl).resource_arn(arn);
    done("wafv2", "AssociateWebACL", call.send().await).map_err(|failure| {
        // Both have just been read: WAF has not learnt of one of them yet (WAF API reference, "Temporary inconsistencies").
        if failure.code_is(NO_SUCH) { AwsFailure { kind: FailureKind::NotYet, ..failure } } else { failure }
    })
}

fn unsent(operation: &'static str, message: String) -> AwsFailure {
    AwsFailure {
        service: "wafv2",
        operation,
        kind: FailureKind::Invalid,
        code: None,
        message: Some(message),
        request_id: None,
    }
}

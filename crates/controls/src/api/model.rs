//! What a change does to the facts, and what undoes it: the model that the properties are stated on.

use super::{Change, Facts};
use crate::Fact;

pub(super) fn slot(change: &Change) -> &'static str {
    match change {
        Change::Associate(_) | Change::Disassociate => "web-acl",
        Change::PutAccessLog(_) | Change::DeleteAccessLog => "access-log",
        Change::PutWafLogging(_) | Change::DeleteWafLogging => "waf-logging",
    }
}

/// See [`crate::Kind::inverse`]. A configuration that has more than this release reads cannot be written back.
pub(super) fn inverse(before: &Facts, change: &Change) -> Option<Change> {
    Some(match slot(change) {
        "web-acl" => match web_acl(before)?.known()? {
            None => Change::Disassociate,
            // A distribution has a web ACL of WAF Classic by its id, and AWS associates none of those any more.
            Some(acl) if !acl.starts_with("arn:") => return None,
            Some(acl) => Change::Associate(acl.clone()),
        },
        "access-log" => access_log(before)?.known()?.clone().map_or(Change::DeleteAccessLog, Change::PutAccessLog),
        _ => match before {
            Facts::WebAcl(facts) => match facts.logging.known()? {
                None => Change::DeleteWafLogging,
                Some(logging) if logging.more => return None,
                Some(logging) => Change::PutWafLogging(logging.clone()),
            },
            _ => return None,
        },
    })
}

pub(super) fn simulate(facts: &mut Facts, change: &Change) {
    match change {
        Change::Associate(arn) => write(web_acl_mut(facts), Some(arn.clone())),
        Change::Disassociate => write(web_acl_mut(facts), None),
        Change::PutAccessLog(log) => write(access_log_mut(facts), Some(log.clone())),
        Change::DeleteAccessLog => write(access_log_mut(facts), None),
        Change::PutWafLogging(logging) => write(waf_logging_mut(facts), Some(logging.clone())),
        Change::DeleteWafLogging => write(waf_logging_mut(facts), None),
    }
}

fn write<T>(fact: Option<&mut Fact<Option<T>>>, value: Option<T>) {
    if let Some(fact) = fact {
        *fact = Fact::Known(value);
    }
}

/// The ARN of the web ACL in front of what `facts` are about; `None` where there can be none.
pub(super) fn web_acl(facts: &Facts) -> Option<&Fact<Option<String>>> {
    match facts {
        Facts::RestStage(facts) => Some(&facts.web_acl),
        Facts::LoadBalancer(facts) => Some(&facts.web_acl),
        Facts::GraphqlApi(facts) => Some(&facts.web_acl),
        Facts::UserPool(facts) => Some(&facts.web_acl),
        Facts::AppRunner(facts) => Some(&facts.web_acl),
        Facts::Distribution(facts) => Some(&facts.web_acl),
        _ => None,
    }
}

fn web_acl_mut(facts: &mut Facts) -> Option<&mut Fact<Option<String>>> {
    match facts {
        Facts::RestStage(facts) => Some(&mut facts.web_acl),
        Facts::LoadBalancer(facts) => Some(&mut facts.web_acl),
        Facts::GraphqlApi(facts) => Some(&mut facts.web_acl),
        Facts::UserPool(facts) => Some(&mut facts.web_acl),
        Facts::AppRunner(facts) => Some(&mut facts.web_acl),
        Facts::Distribution(facts) => Some(&mut facts.web_acl),
        _ => None,
    }
}

/// The access log of the stage that `facts` are about.
pub(super) fn access_log(facts: &Facts) -> Option<&Fact<Option<super::AccessLog>>> {
    match facts {
        Facts::RestStage(facts) => Some(&facts.access_log),
        Facts::HttpStage(facts) => Some(&facts.access_log),
        _ => None,
    }
}

fn access_log_mut(facts: &mut Facts) -> Option<&mut Fact<Option<super::AccessLog>>> {
    match facts {
        Facts::RestStage(facts) => Some(&mut facts.access_log),
        Facts::HttpStage(facts) => Some(&mut facts.access_log),
        _ => None,
    }
}

fn waf_logging_mut(facts: &mut Facts) -> Option<&mut Fact<Option<super::WafLogging>>> {
    match facts {
        Facts::WebAcl(facts) => Some(&mut facts.logging),
        _ => None,
    }
}

/// See [`crate::Kind::shown`].
pub(super) fn shown(facts: &Facts, slot: &str) -> Option<serde_json::Value> {
    use serde_json::{Value, json};
    match slot {
        "web-acl" => Some(json!({ "WebACLArn": web_acl(facts)?.known()? })),
        "access-log" => Some(
            access_log(facts)?
                .known()?
                .as_ref()
                .map_or(Value::Null, |log| json!({ "DestinationArn": log.destination, "Format": log.format })),
        ),
        "waf-logging" => match facts {
            Facts::WebAcl(facts) => Some(
                facts
                    .logging
                    .known()?
                    .as_ref()
                    .map_or(Value::Null, |logging| json!({ "LogDestinationConfigs": [logging.destination] })),
            ),
            _ => None,
        },
        _ => None,
    }
}

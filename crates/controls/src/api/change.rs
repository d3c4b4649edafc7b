//! Everything a correction may do to an API's front door or a web ACL.

use std::fmt;

use serde::{Deserialize, Serialize};

use super::facts::{AccessLog, WafLogging};

/// One step. Each writes one slot as a whole.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum Change {
    /// `AssociateWebACL` of the web ACL with this ARN, or CloudFront's `AssociateDistributionWebACL`. Never on what has one: the call would replace it.
    Associate(String),
    /// `DisassociateWebACL`, or CloudFront's `DisassociateDistributionWebACL`. Only ever an inverse.
    Disassociate,
    /// `UpdateStage`: the access log goes there. On a stage of a REST API as patches, on another as settings.
    PutAccessLog(AccessLog),
    /// `UpdateStage` with a patch that removes it, or `DeleteAccessLogSettings`. Only ever an inverse.
    DeleteAccessLog,
    /// `PutLoggingConfiguration` with nothing but a destination.
    PutWafLogging(WafLogging),
    /// `DeleteLoggingConfiguration`. Only ever an inverse.
    DeleteWafLogging,
}

impl fmt::Display for Change {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Associate(arn) => write!(f, "associate the web ACL {arn}"),
            Self::Disassociate => f.write_str("disassociate the web ACL"),
            Self::PutAccessLog(log) => write!(f, "write the access log to {}", log.destination),
            Self::DeleteAccessLog => f.write_str("switch the access log off"),
            Self::PutWafLogging(log) => write!(f, "write the web ACL's log to {}", log.destination),
            Self::DeleteWafLogging => f.write_str("switch the web ACL's log off"),
        }
    }
}

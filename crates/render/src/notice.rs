//! What a guard knows when it has something to tell.

use std::time::Duration;

use rectify_controls::{Arn, Control, Evidence, Mode, Place, Severity, State};

/// Everything that is told about one finding. Plain data: the texts may be as hostile and as long as they like, they are
/// bounded and escaped on the way out.
#[derive(Debug, Clone)]
pub struct Notice<'a> {
    /// How the event ended, in the words of the ledger: `corrected`, `not_proven`, `notified`, `withheld`, `failed`,
    /// `unverifiable`, `deferred`, `shadowed`. A word this crate does not know is shown as it is.
    pub outcome: &'a str,
    /// The broken control.
    pub control: &'static Control,
    /// Severity of this finding, which can be less than the control's.
    pub severity: Severity,
    /// Live, neutralised or unknown.
    pub state: &'a State,
    /// One sentence, without a final stop.
    pub summary: &'a str,
    /// What exactly offends.
    pub evidence: &'a [Evidence],
    /// The resource.
    pub arn: &'a Arn,
    /// Account and region.
    pub place: &'a Place,
    /// Name of the environment the account belongs to.
    pub environment: &'a str,
    /// What that environment allows.
    pub mode: Mode,
    /// Who caused it, as far as the event tells.
    pub actor: Who<'a>,
    /// What rectify did, or tried, in order.
    pub changes: Vec<String>,
    /// How the second observation showed that the correction worked. Only a proven correction has one.
    pub proof: Option<&'a str>,
    /// From the arrival of the event to the outcome.
    pub took: Option<Duration>,
    /// Id of the correction in the ledger. Only when something was changed.
    pub correction: Option<&'a str>,
    /// Why nothing was changed, or what went wrong.
    pub why: Option<&'a str>,
    /// How often the same finding came again, untold, since the last message.
    pub repeats: u64,
    /// Something that must not happen has happened: somebody has to look now.
    pub alarm: bool,
}

/// Who made the call that caused a finding. Everything in it is the caller's own word, some of it chosen freely.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct Who<'a> {
    /// ARN of the user or role; of the role, not the session, for an assumed role.
    pub principal: Option<&'a str>,
    /// Name of the role session.
    pub session: Option<&'a str>,
    /// CloudTrail's `sourceIPAddress`: an address, or the name of an AWS service.
    pub source_ip: Option<&'a str>,
    /// CloudTrail's `userAgent`.
    pub user_agent: Option<&'a str>,
    /// CloudTrail's `userIdentity.invokedBy`: the AWS service that called for somebody.
    pub invoked_by: Option<&'a str>,
    /// CloudTrail's `eventName`, for example `PutBucketAcl`. `None` for sweeps.
    pub event_name: Option<&'a str>,
    /// CloudTrail's `eventID`.
    pub event_id: Option<&'a str>,
    /// CloudTrail's `eventTime`, RFC 3339.
    pub event_time: Option<&'a str>,
}

//! What a guard knows when it has something to tell.

use std::time::Duration;

use rectify_controls::{Arn, Control, Evidence, Mode, Place, Severity, State};

use crate::Difference;

/// Everything that is told about one finding. Plain data: the texts may be as hostile and as long as they like, they are
/// bounded and escaped on the way out.
#[derive(Debug, Clone)]
pub struct Notice<'a> {
    /// Id of the message; see [`crate::Message::id`].
    pub id: &'a str,
    /// Id of the finding; see [`crate::Message::finding`].
    pub finding: &'a str,
    /// When it is said, RFC 3339.
    pub at: &'a str,
    /// The finding is over with this message.
    pub closes: bool,
    /// How it ended, in the words of the ledger (`Outcome::name`): `corrected`, `not-proven`, `notified`, `withheld`,
    /// `failed`, `unverifiable`, `deferred`, `shadowed`, `restored`, `not-restored`, `resolved`, `exempt`; and `expiring` for an exemption that
    /// ends soon, with its owner, reason, ticket and end in `why`. A word this crate does not know is shown as it is.
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
    /// The account's name in the organisation, where that is known.
    pub account_name: Option<&'a str>,
    /// Who answers for the account: the value of its owner tag (`[messages] owner-tag` in the settings).
    pub owner: Option<&'a str>,
    /// Name of the environment the account belongs to.
    pub environment: &'a str,
    /// When what decides about the environment was last read from the organisation, as a timestamp with its age, for example
    /// `2026-11-28T03:00:00Z, 2h ago`. `None` when nothing hung on it.
    pub environment_read: Option<&'a str>,
    /// What that environment allows.
    pub mode: Mode,
    /// Who caused it, as far as the event tells.
    pub actor: Who<'a>,
    /// What rectify did, or tried, in order.
    pub changes: Vec<String>,
    /// What the changes made of the resource, or would make of it.
    pub difference: Option<Difference>,
    /// How the second observation showed that it worked. Only a proven correction or undo has one.
    pub proof: Option<&'a str>,
    /// From the arrival of the event to the outcome.
    pub took: Option<Duration>,
    /// Id of the correction in the ledger, or of the undo when the message is about one. Only when something was changed.
    /// The message makes the command that undoes it of an id the ledger made (`c-` or `u-` and 18 characters of base 32);
    /// any other is shown and no command with it.
    pub correction: Option<&'a str>,
    /// Who undid a correction, for `restored` and `not-restored`. `None` for everything else.
    pub undone: Option<Undone<'a>>,
    /// Why nothing was changed, or what went wrong; for `deferred` when it is looked at again.
    pub why: Option<&'a str>,
    /// What the reader can do now, one sentence without a final stop, for example what ends a tug of war. `None` when the
    /// sections every message has say enough. Name ids rather than ARNs in a command: dots in names are shown as `[.]`.
    pub next: Option<&'a str>,
    /// That corrections are paused, one sentence without a final stop such as `corrections are paused (all): maintenance,
    /// by alice`. Belongs in every message while a switch holds, whatever the outcome; it stands above everything else.
    pub paused: Option<&'a str>,
    /// How often the same finding came again, untold, since the last message.
    pub repeats: u64,
    /// Something that must not happen has happened: somebody has to look now.
    pub alarm: bool,
}

/// Who undid a correction, and for how long.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Undone<'a> {
    /// The ARN they called with.
    pub by: &'a str,
    /// Why, in their words.
    pub reason: &'a str,
    /// Until when the control does not act on the resource, RFC 3339. `None` when it acts, because the undo brought a
    /// correction back.
    pub until: Option<&'a str>,
    /// Id of the correction that was undone, or of the undo that was.
    pub correction: &'a str,
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
    /// The tool, as people call it, with the version where that says something: `Terraform 1.9.5`. `None` for one that nobody
    /// knows: the user agent itself is shown then.
    pub tool: Option<&'a str>,
    /// The kind of tool, in the words of the ledger (`ToolClass::as_str` in rectify-event): `terraform`, `cloudformation`, `cdk`,
    /// `console`, …. Decides which snippet comes first; a word this crate does not know is no reason for any.
    pub tool_class: Option<&'a str>,
    /// CloudTrail's `userIdentity.invokedBy`: the AWS service that called for somebody.
    pub invoked_by: Option<&'a str>,
    /// Through whom the rights came, from the person to the session that called: for example the Identity Center user, the
    /// `sourceIdentity`, the role. Empty when the event tells no more than principal and session.
    pub chain: Vec<&'a str>,
    /// CloudTrail's `eventName`, for example `PutBucketAcl`. `None` for sweeps.
    pub event_name: Option<&'a str>,
    /// CloudTrail's `eventID`.
    pub event_id: Option<&'a str>,
    /// CloudTrail's `eventTime`, RFC 3339.
    pub event_time: Option<&'a str>,
}

//! What a guard is asked directly, by a person's command or by its own schedule, rather than by an event.
//!
//! An order is the payload of an invocation by itself. No event on a bus is one: EventBridge delivers an event in an envelope,
//! and an envelope has no `rectify` at its top. Only a target's constant input can be one, and those are our own: the daily
//! rule in the template and the one-time schedules a guard makes. Who may order is who may `lambda:InvokeFunction`.

use jiff::Timestamp;
use serde::{Deserialize, Serialize};

use crate::{AccountId, Arn, Region, Severity};

/// One order.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(tag = "rectify", rename_all = "kebab-case", deny_unknown_fields)]
pub enum Order {
    /// Judge a resource again and go the ordinary way.
    Look {
        /// The resource.
        resource: Resource,
        /// Controls to judge; every control of the kind when empty.
        #[serde(default)]
        controls: Vec<String>,
        /// Why it is looked at.
        because: Because,
        /// What the ledger knows about the change that led to it, for the message.
        #[serde(default)]
        story: Option<serde_json::Value>,
    },
    /// Say what would happen to a resource now, and why; change nothing. Answered with an [`Explanation`].
    Explain {
        /// The resource.
        resource: Resource,
    },
    /// Put back what stood before a correction. Answered with an [`UndoAnswer`].
    Undo {
        /// The resource.
        resource: Resource,
        /// Id of the correction, or of an earlier undo.
        correction: String,
        /// Also when something else has changed the resource since.
        #[serde(default)]
        force: bool,
        /// Until when the control does not act on the resource.
        until: Timestamp,
        /// Why.
        reason: String,
        /// Where it was agreed.
        #[serde(default)]
        ticket: Option<String>,
        /// The ARN of whoever asks.
        by: String,
    },
    /// Daily housekeeping: warn of exemptions that end soon.
    Tend {},
    /// Judge a page of a place's resources and go the ordinary way with each. Answered with a [`Swept`](crate::Swept).
    Sweep {
        /// The account.
        account: AccountId,
        /// The region.
        region: Region,
        /// Controls to judge; every control of the kind when empty.
        #[serde(default)]
        controls: Vec<String>,
        /// Judge and decide only: nothing is changed, written down or told.
        #[serde(default)]
        dry_run: bool,
        /// [`Swept::next`](crate::Swept::next) of the answer before; the beginning when absent.
        #[serde(default)]
        after: Option<String>,
    },
    /// Say how the guard is: its release, its settings, whether it can read the ledger. Answered with a
    /// [`Status`](crate::Status).
    Status {},
    /// Try the way into an account, as for a look and, when asked, as for a correction, and look at the rules that send its
    /// events to the hub; change nothing there. Answered with an [`Entry`](crate::Entry).
    Enter {
        /// The account.
        account: AccountId,
        /// The region.
        region: Region,
        /// Also as for a correction.
        #[serde(default)]
        write: bool,
        /// The kinds whose forwarding rules are looked at.
        #[serde(default)]
        forwarders: Vec<String>,
    },
}

/// One resource, by the names people use.
#[derive(Debug, Clone, PartialEq, Eq, PartialOrd, Ord, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Resource {
    /// Its account.
    pub account: AccountId,
    /// Its region.
    pub region: Region,
    /// Its ARN.
    pub arn: Arn,
}

/// Why a resource is looked at without an event.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "kebab-case")]
pub enum Because {
    /// A grace period is over.
    Grace,
    /// A correction was refused because something that it needs was still being made.
    NotYet,
    /// Somebody ended a pause, a tug of war or a full budget.
    Resume,
    /// Somebody asked.
    Request,
}

/// How an undo ended.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(tag = "outcome", rename_all = "kebab-case")]
pub enum UndoAnswer {
    /// What stood before stands again; read again to prove it.
    Restored {
        /// The undo's own id, by which it can be undone.
        undo: String,
        /// How it was proven.
        proof: String,
        /// What was done, in words.
        changes: Vec<String>,
        /// When the exemption ends; `None` when none was opened, because the undo brought a correction back.
        until: Option<Timestamp>,
    },
    /// The changes were made, and what stood before does not stand again.
    NotRestored {
        /// The undo's own id.
        undo: String,
        /// What is missing.
        why: String,
    },
    /// Something else has changed the resource since: nothing was done.
    Changed {
        /// Each part that is not as the correction left it.
        differences: Vec<Difference>,
    },
    /// Nothing was done.
    Refused {
        /// Why, and what to do.
        why: String,
    },
}

/// A part of a resource that is not as a correction left it. The texts are the changes that would write each state.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct Difference {
    /// The part, for example `policy`.
    pub part: String,
    /// As the correction left it.
    pub left: String,
    /// As it stands now.
    pub stands: String,
    /// As an undo would put it.
    pub restored: String,
}

/// A value and where it comes from.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct Sourced<T> {
    /// The value.
    pub value: T,
    /// For example `line 12: [control.s3-bucket-public-acl] production`, or `the default`.
    pub from: String,
}

/// Everything that decides about a resource, each with the line or row it comes from, and what would happen now.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
pub struct Explanation {
    /// The resource.
    pub resource: Resource,
    /// Its kind.
    pub kind: String,
    /// It is not there.
    pub gone: bool,
    /// The account's environment.
    pub environment: Sourced<String>,
    /// Why less is known than should be: settings or ledger that could not be read, an unknown place in the organisation.
    /// With any of these nothing is corrected.
    pub doubts: Vec<String>,
    /// What is paused, and holds for this resource.
    pub paused: Vec<String>,
    /// A correction or an undo that runs now.
    pub running: Option<String>,
    /// Per control.
    pub controls: Vec<Explained>,
}

/// What decides about one control on a resource.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
pub struct Explained {
    /// The control.
    pub control: String,
    /// What it may do here.
    pub mode: Sourced<String>,
    /// How long a breach is left alone first.
    pub grace: Option<Sourced<String>>,
    /// The exemption that covers it.
    pub exemption: Option<Sourced<String>>,
    /// Exemptions that would cover it and do not count: ended, or by a tag alone.
    pub void: Vec<Sourced<String>>,
    /// Corrections of this hour in the account and everywhere, with their limits.
    pub budget: Vec<Budget>,
    /// Earlier corrections that count towards a tug of war, with the limit.
    pub reversals: Sourced<String>,
    /// What breaks it now.
    pub findings: Vec<Broken>,
    /// What would happen now: `nothing`, or an outcome and why.
    pub now: String,
}

/// A counter and its limit.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct Budget {
    /// `account` or `everywhere`.
    pub scope: String,
    /// Corrections in this hour; `None` when the counter could not be read.
    pub used: Option<u64>,
    /// At most so many.
    pub limit: Sourced<u64>,
}

/// A finding, for people.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct Broken {
    /// How bad.
    pub severity: Severity,
    /// `live`, `neutralised` or `unverifiable`.
    pub state: String,
    /// One sentence.
    pub summary: String,
    /// What a correction would do, in words.
    pub changes: Vec<String>,
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn an_order_is_told_by_its_first_word() {
        let text = r#"{"rectify":"look","resource":{"account":"111122223333","region":"eu-central-1","arn":"arn:aws:s3:::data"},"because":"grace"}"#;
        let order: Order = serde_json::from_str(text).unwrap();
        assert!(matches!(&order, Order::Look { controls, because: Because::Grace, .. } if controls.is_empty()));
        assert_eq!(serde_json::from_str::<Order>(&serde_json::to_string(&order).unwrap()).unwrap(), order);
        assert_eq!(serde_json::from_str::<Order>(r#"{"rectify":"tend"}"#).unwrap(), Order::Tend {});
        let sweep = r#"{"rectify":"sweep","account":"111122223333","region":"eu-central-1"}"#;
        let sweep: Order = serde_json::from_str(sweep).unwrap();
        assert!(matches!(sweep, Order::Sweep { dry_run: false, after: None, .. }));
        assert_eq!(serde_json::from_str::<Order>(r#"{"rectify":"status"}"#).unwrap(), Order::Status {});
        let enter = r#"{"rectify":"enter","account":"444455556666","region":"eu-west-1"}"#;
        assert!(matches!(serde_json::from_str(enter).unwrap(), Order::Enter { write: false, .. }));
    }

    #[test]
    fn what_is_not_understood_is_refused() {
        for text in [
            r#"{"rectify":"destroy"}"#,
            r#"{"rectify":"look","resource":{"account":"me","region":"eu-central-1","arn":"arn:aws:s3:::data"},"because":"grace"}"#,
            r#"{"rectify":"look","resource":{"account":"111122223333","region":"eu-central-1","arn":["x"]},"because":"grace"}"#,
            r#"{"rectify":"explain","resource":{"account":"111122223333","region":"../x","arn":"arn:aws:s3:::data"}}"#,
            r#"{"rectify":"undo"}"#,
            r#"{"rectify":"sweep","account":"111122223333"}"#,
            r#"{"rectify":"sweep","account":"111122223333","region":"eu-central-1","force":true}"#,
            r#"{"rectify":"enter","account":"../x","region":"eu-west-1"}"#,
            r#"{"source":"aws.s3"}"#,
        ] {
            assert!(serde_json::from_str::<Order>(text).is_err(), "{text}");
        }
    }
}

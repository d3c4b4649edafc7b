//! The rule book: what each control is, what breaks it and what puts it right, one module per resource kind.
//!
//! A reader who wants to know what rectify may do to an account reads this crate and nothing else: [`Kind::EVENTS`] is
//! what wakes a guard, [`Kind::judge`] is the law, [`Kind::Change`] is the closed list of everything a correction can do,
//! [`Kind::ACCESS`] is the permissions that takes. Event patterns, the template, the roles and `docs/controls/` are
//! generated from here.
//!
//! **Architecture invariant:** facts in, decision out. No clock, no client, no environment, no `async`; nothing here can
//! fail because the world is in a bad state: facts that could not be read are values ([`Fact::Unreadable`]).
//!
//! **Architecture invariant:** nothing in this crate knows how a fact was read or a change is applied; `controls` never
//! sees `aws`.

mod asked;
mod book;
mod control;
mod decide;
mod exemption;
mod fact;
mod finding;
mod ids;
mod kind;
mod names;
mod options;
mod order;
mod outcome;
mod plan;
pub mod preventive;
mod referral;
mod restore;
mod screen;
mod settings;
mod standing;
mod status;
mod sweep;
mod verdict;

pub mod access_key;
pub mod api;
pub mod cloudformation_stack;
pub mod cloudtrail;
pub mod pattern;
pub mod s3_bucket;
pub mod s3_object;
pub mod security_group;

pub use control::{Action, Control, Framework, Guidance, Mode, OptionSpec, Severity};
pub use decide::{Doubt, GRACE_KEPT, Situation, Verdict, decide, exemption, may_finish};
pub use exemption::{Coverage, Exemption, Missing, Origin, Subject, Tags};
pub use fact::{Fact, Unreadable};
pub use finding::{Evidence, Finding, FindingId, Fingerprint, State};
pub use ids::{AccountId, Arn, BucketName, IdError, OrganizationId, Partition, Place, Region};
pub use kind::{Access, Ignored, Kind, Need, Notice, ResourceKind, Screen, Selection, Trigger, Trust, every_control};
pub use names::{Names, ROLE_PATH};
pub use options::TagMatch;
pub use order::{Because, Broken, Budget, Difference, Explained, Explanation, Order, Resource, Sourced, UndoAnswer};
pub use outcome::{Outcome, Proof, Step, Withheld};
pub use plan::plan;
pub use preventive::{Preventive, Protection};
pub use referral::Referral;
pub use restore::{Progress, Restored, differences, progress};
pub use settings::{
    Channel, ControlSettings, Digest, Environment, Every, Filter, Limits, Membership, Messages, OUTCOMES, Outlet,
    Routed, Settings, SettingsError, Wanted,
};
pub use standing::{AccountFacts, Deferral, Past, Reach, Reopened, Standing, Switch};
pub use status::{Entry, Forwarder, Forwarding, Status, Way, settings_digest};
pub use sweep::{SweepRequest, Swept, SweptRow, Unswept};

//! Everything about a kind of resource, without I/O.

use std::{collections::BTreeSet, fmt};

use rectify_event::Event;
use serde::{Serialize, de::DeserializeOwned};

use crate::{AccountId, Arn, Control, Finding, OrganizationId, Place, Referral};

/// A kind of resource that one guard watches, for example `s3-bucket`. The guard's binary, its folder under `events/` and
/// its module here are named after it.
pub type ResourceKind = &'static str;

/// The controls an event or a sweep asks about. Never empty.
pub type Selection = BTreeSet<&'static str>;

/// Every kind there is, each as `Entry::of::<Kind>()`: `every_kind!(Entry)` is a slice of them, in a constant too when `of` is
/// a `const fn`. **The one list of kinds**: functions, template, documentation and commands follow it.
#[macro_export]
#[rustfmt::skip] // a line for each kind
macro_rules! every_kind {
    ($entry:ident) => {
        &[
            $entry::of::<$crate::s3_bucket::S3Bucket>(),
            $entry::of::<$crate::cloudformation_stack::CloudFormationStack>(),
            $entry::of::<$crate::cloudtrail::CloudTrail>(),
            $entry::of::<$crate::api::Api>(),
            $entry::of::<$crate::security_group::SecurityGroup>(),
            $entry::of::<$crate::s3_object::S3Object>(),
            $entry::of::<$crate::access_key::AccessKey>(),
        ]
    };
}

/// A kind's controls, for [`every_control`].
struct Controls(&'static [Control]);

impl Controls {
    const fn of<K: Kind>() -> Self {
        Self(K::CONTROLS)
    }
}

/// Every control of every kind.
pub fn every_control() -> impl Iterator<Item = &'static Control> {
    const ALL: &[Controls] = every_kind!(Controls);
    ALL.iter().flat_map(|kind| kind.0)
}

/// Everything about a kind of resource, without I/O: the rule book's unit.
pub trait Kind {
    /// What identifies one resource inside a [`Place`].
    type Id: Clone + Ord + fmt::Debug + fmt::Display + Serialize + DeserializeOwned + Send + Sync;
    /// What a guard reads about one resource. Serialised into the ledger before the first change.
    type Facts: Clone + PartialEq + fmt::Debug + Serialize + DeserializeOwned + Send + Sync;
    /// Everything a correction of this kind can do. A closed enum.
    type Change: Clone + PartialEq + fmt::Debug + fmt::Display + Serialize + DeserializeOwned + Send + Sync;
    /// The kind's options from the settings, with every default filled in.
    type Rules: Clone + fmt::Debug + Send + Sync;

    /// The kind's name.
    const KIND: ResourceKind;
    /// Its controls, in the order in which they are corrected: exposures first.
    const CONTROLS: &'static [Control];
    /// What wakes the guard. The event pattern, the docs and replay come from it.
    const EVENTS: &'static [Trigger];
    /// Events of AWS services themselves that wake the guard too: no API call, so no caller in them.
    const NOTICES: &'static [Notice] = &[];
    /// Every call the guard makes and the IAM action it takes. The roles come from it.
    const ACCESS: &'static [Access];
    /// AWS's own policies, by name, that the roles which read have beside [`Kind::ACCESS`]: where a service reads with the caller's
    /// rights what no list of ours can name. They read configuration and never data.
    const READ_POLICIES: &'static [&'static str] = &[];

    /// The kind's rules from whom we trust and the options of its controls, `lookup(control, option)`; `None` means «use
    /// the default».
    ///
    /// # Errors
    /// A sentence naming the option when its value makes no sense.
    fn rules(trust: &Trust, lookup: &dyn Fn(&str, &str) -> Option<toml::Value>) -> Result<Self::Rules, String>;

    /// Which resources an event is about and which controls it can have broken.
    fn screen(event: &Event<'_>) -> Screen<Self::Id>;

    /// Whether `id` is no resource itself but leads to some, and only the live state says to which: a list that others refer
    /// to, the parent of what comes with it. The guard finds them before it looks, and nothing is ever kept, told or swept
    /// under such an id. As for most kinds, none does.
    fn leads_on(id: &Self::Id) -> bool {
        let _ = id;
        false
    }

    /// The law. Total and pure: the same facts give the same findings in the same order. A selected control whose facts
    /// are missing gives [`State::Unverifiable`](crate::State::Unverifiable), never silence.
    fn judge(facts: &Self::Facts, rules: &Self::Rules, selection: &Selection) -> Vec<Finding<Self::Change>>;

    /// The change that undoes `change` on a resource that stood as `before`. `None` when there is none, and then the
    /// change must not be made by itself.
    fn inverse(before: &Self::Facts, change: &Self::Change) -> Option<Self::Change>;

    /// The changes that undo `plan` on a resource that stood as `before`, in an order in which AWS accepts each. `None`
    /// when one of the changes has no inverse, and then none of the plan may be made.
    fn undo(before: &Self::Facts, plan: &[Self::Change]) -> Option<Vec<Self::Change>> {
        plan.iter().rev().map(|change| Self::inverse(before, change)).collect()
    }

    /// Whether only a person can make `change`, because AWS has no call for it. Such a change is only ever an inverse: what it undoes
    /// is undone by following its words.
    fn by_hand(change: &Self::Change) -> bool {
        let _ = change;
        false
    }

    /// Whether two inverses of one change (what [`Kind::inverse`] gives for it on two states) say the same of the part that it
    /// writes. As for most kinds, when they are equal; a kind whose inverse carries more than its part leaves that out here.
    fn same(one: &Self::Change, other: &Self::Change) -> bool {
        one == other
    }

    /// What `change` would make of `facts`. The model the properties are stated on.
    fn simulate(facts: &mut Self::Facts, change: &Self::Change);

    /// What of `facts` is worth keeping for a later correction, in the form in which [`Kind::recall`] takes it: what stood well, and
    /// what was kept of the parts that do not. The ledger keeps it for the resource. `None`, as for most kinds, keeps nothing.
    fn keep(facts: &Self::Facts) -> Option<Self::Facts> {
        let _ = facts;
        None
    }

    /// Puts into `facts` what was kept of the resource: `kept` is what [`Kind::keep`] gave, or facts into which it has been put
    /// before. [`Kind::judge`] then knows what stood well.
    fn recall(facts: &mut Self::Facts, kept: &Self::Facts) {
        let _ = (facts, kept);
    }

    /// Further resources that `facts` lead to, when `selection` is asked: what no event names and no list has, such as a part that
    /// stood and is gone. They are looked at after this one, and lead no further. None, as for most kinds.
    fn leads(facts: &Self::Facts, selection: &Selection) -> Vec<Self::Id> {
        let _ = (facts, selection);
        Vec::new()
    }

    /// Resources of other kinds that `facts` make a case of: what their own guard cannot see and has to know, such as a key that stands in
    /// an object. Handed over when a finding of `selection` is told or put right, before anything is changed. None, as for most kinds.
    fn refers(facts: &Self::Facts, selection: &Selection) -> Vec<Referral> {
        let _ = (facts, selection);
        Vec::new()
    }

    /// Calls that wake nobody and still say how a resource stands, `(eventSource, eventName)`: what ends an exposure, or the resource.
    /// A replay of logs reads them beside [`Kind::EVENTS`].
    const HINTS: &'static [(&'static str, &'static str)] = &[];

    /// The resources that a call of [`Kind::HINTS`] is about. None when it does not say, or when it failed.
    fn hinted(event: &Event<'_>) -> Vec<Self::Id> {
        let _ = event;
        Vec::new()
    }

    /// Calls on an account that say something of every resource of the kind in it, `(eventSource, eventName)`: they are among
    /// [`Kind::EVENTS`] or [`Kind::HINTS`], [`Kind::learn`] takes them for each resource, and each writes anew what those before it wrote.
    const WIDE: &'static [(&'static str, &'static str)] = &[];

    /// A resource of which nothing has been seen: every fact is [`Fact::NotRead`](crate::Fact::NotRead). A replay of logs begins with it.
    /// `None`, as for a kind whose facts no log has: then its events only say that somebody has to look.
    fn unseen(id: &Self::Id, place: &Place) -> Option<Self::Facts> {
        let _ = (id, place);
        None
    }

    /// Puts into `facts` what `event`, a call that succeeded, says of the resource: what the call wrote becomes known, and what it may
    /// have changed in a way it does not say becomes [`Fact::NotRead`](crate::Fact::NotRead) again. Never a guess: a fact that the call
    /// does not settle stays as it was.
    fn learn(facts: &mut Self::Facts, event: &Event<'_>) {
        let _ = (facts, event);
    }

    /// `facts` as they would be if what is not read stood as AWS makes a resource, where a correction could not be planned without: a
    /// replay asks it what would be changed, never whether something is broken. `None` where nothing can be presumed.
    fn presumed(facts: &Self::Facts) -> Option<Self::Facts> {
        let _ = facts;
        None
    }

    /// Whether `event`, a call that succeeded, took the resource away and with it all that it broke: [`Kind::learn`] then makes of the
    /// facts those of a resource of which nothing has been seen, and whoever keeps exposures ends them. False where the loss of the
    /// resource is itself what a control is about.
    fn gone(id: &Self::Id, event: &Event<'_>) -> bool {
        let _ = (id, event);
        false
    }

    /// The part of the resource that `change` writes as a whole (`public-access-block`, `policy`, …). Two changes to one
    /// slot in one plan are written once.
    fn slot(change: &Self::Change) -> &'static str;

    /// One change that does what `earlier` and then `later`, of the same slot, do. As for most kinds, a change writes its slot
    /// as a whole, and the later says it all.
    fn merged(earlier: Self::Change, later: Self::Change) -> Self::Change {
        let _ = earlier;
        later
    }

    /// The part `slot` of the resource, as [`Kind::slot`] names it, for people: in the words of AWS's own documents, as much as
    /// a change of that part can change. `None` when it was not read; what is not configured is `null`.
    fn shown(facts: &Self::Facts, slot: &str) -> Option<serde_json::Value>;

    /// Where the resource lives when an event about it came from `place`: the same place, unless the resource has no
    /// region. Whoever changes it takes its lease there, whichever region's event woke them.
    fn home(id: &Self::Id, place: &Place) -> Place {
        let _ = id;
        place.clone()
    }

    /// The resource's ARN.
    fn arn(id: &Self::Id, place: &Place) -> Arn;

    /// What [`Kind::arn`] was made of; `None` for the ARN of anything that is not of this kind, or not in `place`.
    fn id(arn: &Arn, place: &Place) -> Option<Self::Id>;
}

/// One event that wakes a guard.
#[derive(Debug, Clone, Copy)]
pub struct Trigger {
    /// `eventSource`, for example `s3.amazonaws.com`.
    pub source: &'static str,
    /// CloudTrail's `eventName`.
    pub name: &'static str,
    /// Where the resource id is below `requestParameters`, for example `bucketName`, or below `responseElements` when it
    /// begins with that; empty for the account itself.
    pub id: &'static str,
    /// Ids of the controls this event can break.
    pub controls: &'static [&'static str],
    /// A case under `events/<kind>/` that shows it.
    pub example: &'static str,
}

/// One kind of event of an AWS service itself that wakes a guard, for example a finished drift detection.
#[derive(Debug, Clone, Copy)]
pub struct Notice {
    /// EventBridge's `source`, for example `aws.s3`.
    pub source: &'static str,
    /// EventBridge's `detail-type`, for example `Object Created`.
    pub detail_type: &'static str,
    /// Ids of the controls this event is about.
    pub controls: &'static [&'static str],
    /// A case under `events/<kind>/` that shows it.
    pub example: &'static str,
}

/// One AWS call a guard makes.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Access {
    /// Service and operation as the SDK names them, for example `s3:PutPublicAccessBlock`.
    pub operation: &'static str,
    /// The IAM action that allows it, for example `s3:PutBucketPublicAccessBlock` (Service Authorization Reference).
    pub action: &'static str,
    /// The narrowest resource AWS allows, with `${AWS::Partition}`, `${AWS::Region}` and `${AWS::AccountId}`; `*` where the
    /// action takes no resource.
    pub resource: &'static str,
    /// Read or write.
    pub need: Need,
}

/// Which role a call belongs to.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord)]
pub enum Need {
    /// Observing.
    Read,
    /// Correcting and undoing.
    Write,
}

/// Whom the settings trust, beside the account that owns a resource.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct Trust {
    /// Our organisation.
    pub organization: Option<OrganizationId>,
    /// Accounts outside it that may be granted access.
    pub accounts: BTreeSet<AccountId>,
}

/// What an event is to a kind.
#[derive(Debug, Clone, PartialEq)]
pub enum Screen<Id> {
    /// Nothing to do with this kind, or nothing to do at all.
    Ignore(Ignored),
    /// Look at the live state.
    Look {
        /// The resources to look at; at least one.
        targets: Vec<Id>,
        /// The controls to judge.
        selection: Selection,
        /// The request itself already looks like a breach: a clean live state may be an old read, so look once more.
        suspicious: bool,
    },
}

/// Why an event ends before anything is read.
#[derive(Debug, Clone, PartialEq, Eq)]
#[non_exhaustive]
pub enum Ignored {
    /// The call failed (`errorCode`): nothing changed.
    FailedCall(String),
    /// The call only read.
    ReadOnly,
    /// No trigger of this kind names the event.
    NotOurs,
    /// The event does not say which resource it is about, or in a form no AWS name has.
    NoResource(String),
    /// A resource the kind's controls do not apply to, for example a directory bucket.
    NotApplicable(String),
    /// The envelope names no valid account or region, or one this deployment does not cover.
    Elsewhere(String),
}

impl fmt::Display for Ignored {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::FailedCall(code) => write!(f, "the call failed ({code}), so nothing changed"),
            Self::ReadOnly => f.write_str("the call only read"),
            Self::NotOurs => f.write_str("no control of this kind listens to the event"),
            Self::NoResource(why) => write!(f, "the event names no resource: {why}"),
            Self::NotApplicable(why) => write!(f, "not applicable: {why}"),
            Self::Elsewhere(why) => write!(f, "not covered: {why}"),
        }
    }
}

//! The Lambda shell: nine steps, the same for every guard.
//!
//! A guard's `main.rs` calls [`run`]; every event then goes the way that `way.rs` spells out on one page: receive →
//! admit → observe → decide → claim → correct → verify → record → tell. What a guard adds is [`Guard`]: how to read its kind
//! of resource and how to apply a change to it. What is right and wrong is in `rectify_controls`.
//!
//! **Architecture invariant:** no change without a ledger row, no `Corrected` without a second look, no correction of our
//! own correction.

mod admit;
mod background;
mod clock;
mod correct;
mod defer;
mod difference;
mod enter;
mod environment;
mod explain;
mod failure;
mod found;
mod lead;
mod orders;
mod over;
mod pace;
mod probe;
mod recover;
mod refer;
mod report;
mod shell;
mod status;
mod sweep;
mod telemetry;
mod tell;
mod tend;
mod undo;
mod way;

use std::future::Future;

use rectify_aws::{AwsFailure, Session};
use rectify_controls::{Fact, Kind, Place, Selection, Tags};

pub use failure::Failure;
pub use report::{Ended, Report};
pub use shell::{Shell, StartError, run};

/// Installs the log format of every function of a stack, for one that is no guard: `name` names it when its environment
/// does not.
pub fn log(name: &str) {
    telemetry::install(name);
}

/// Writes one log line that is also metrics, for a Lambda that is no guard: `counts` by one `dimension`, a name and its value.
/// Both names are few and fixed: every new value of a dimension is a metric that costs money.
pub fn counts(message: &str, dimension: (&str, &str), counts: &[(&str, usize)]) {
    telemetry::counts(message, dimension, counts);
}

/// What a lead leads to: resources and where they are.
pub type Led<G> = Vec<(Place, <<G as Guard>::Kind as Kind>::Id)>;

/// What a guard adds to its kind: the reads and the writes.
pub trait Guard: Send + Sync + 'static {
    /// The kind of resource it guards.
    type Kind: Kind;

    /// Makes whatever takes time and outlives an event, such as clients. Called once, before the first event: Lambda gives
    /// a starting function a whole processor, and one that works on an event only its share.
    fn prepare(&self, session: &Session) {
        let _ = session;
    }

    /// Reads what `selection` needs to be judged, in parallel.
    ///
    /// A refused read is a fact ([`rectify_controls::Fact::Unreadable`]); a resource that is gone is a value.
    ///
    /// # Errors
    /// An [`AwsFailure`] only where trying again can help: the event is then retried, never judged on half the facts.
    fn observe(
        &self,
        session: &Session,
        id: &<Self::Kind as Kind>::Id,
        selection: &Selection,
    ) -> impl Future<Output = Result<Observed<<Self::Kind as Kind>::Facts>, AwsFailure>> + Send;

    /// The resources that `lead`, for which [`Kind::leads_on`] is true, leads to, in whatever account they are; none when there is
    /// nothing to lead to. Never asked of a kind that has no such ids.
    ///
    /// # Errors
    /// What AWS said. The event is then retried.
    fn find(
        &self,
        session: &Session,
        lead: &<Self::Kind as Kind>::Id,
    ) -> impl Future<Output = Result<Led<Self>, AwsFailure>> + Send {
        let _ = (session, lead);
        std::future::ready(Ok(Vec::new()))
    }

    /// One page of the resources in the session's place, in the order of AWS's own pages. `cursor` is [`Page::next`] of the
    /// page before, or nothing to begin. It has been on a bus: what is none is refused.
    ///
    /// What has no region is on the pages of every region; whoever lists several sorts that out (`Kind::home`).
    ///
    /// # Errors
    /// What AWS said; [`rectify_aws::FailureKind::Invalid`] for a cursor that is none.
    fn list(
        &self,
        session: &Session,
        cursor: Option<&str>,
    ) -> impl Future<Output = Result<Page<<Self::Kind as Kind>::Id>, AwsFailure>> + Send;

    /// The resource's tags, on which an exemption may hang. Read only when one does.
    fn tags(&self, session: &Session, id: &<Self::Kind as Kind>::Id) -> impl Future<Output = Fact<Tags>> + Send;

    /// Applies one change. Applying it twice is the same as applying it once.
    ///
    /// # Errors
    /// What AWS said.
    fn apply(
        &self,
        session: &Session,
        id: &<Self::Kind as Kind>::Id,
        change: &<Self::Kind as Kind>::Change,
    ) -> impl Future<Output = Result<(), AwsFailure>> + Send;
}

/// One page of resources.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Page<Id> {
    /// The resources.
    pub ids: Vec<Id>,
    /// Names that no resource of the kind can have, and that are left out.
    pub odd: Vec<String>,
    /// Where the next page begins; `None` after the last. Opaque to everybody else.
    pub next: Option<String>,
}

/// What a look at a resource shows.
#[derive(Debug, Clone, PartialEq)]
pub enum Observed<F> {
    /// It is there.
    Facts(F),
    /// It is gone.
    Gone,
}

impl<F> From<Option<F>> for Observed<F> {
    /// `None` is gone, as [`rectify_aws::Ends::or`] has it.
    fn from(facts: Option<F>) -> Self {
        facts.map_or(Self::Gone, Self::Facts)
    }
}

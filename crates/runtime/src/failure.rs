//! Why an invocation as a whole failed. Lambda retries it twice and then puts the event into the dead-letter queue, so a
//! finding is late but never lost.

use lambda_runtime::Diagnostic;
use rectify_aws::{AwsFailure, FailureKind, NotPut, SessionError};

/// A failed invocation. Everything that was found up to then has been told and logged.
#[derive(Debug, Clone, thiserror::Error)]
pub enum Failure {
    /// Not an event at all. Retrying will not help; the dead-letter queue keeps it for people.
    #[error("{0}")]
    NotAnEvent(String),
    /// There is no way into the resource's account.
    #[error("{0}; {help}", help = .0.help())]
    Session(SessionError),
    /// The live state could not be read.
    #[error("{0}")]
    Observe(AwsFailure),
    /// Somebody else held the resource for as long as we could wait.
    #[error("another invocation was still correcting {0} when the time was up")]
    Busy(String),
    /// Too little time left to claim, correct, verify and tell.
    #[error("not enough time left to correct {0} safely")]
    OutOfTime(String),
    /// The claim or the outcome could not be written.
    #[error("{0}")]
    Ledger(AwsFailure),
    /// A change was refused or did not arrive, for a reason that may pass.
    #[error("{0}")]
    Correct(AwsFailure),
    /// Nobody would look again after the grace period.
    #[error("{0}")]
    Schedule(AwsFailure),
    /// The order cannot be carried out, now or later.
    #[error("{0}")]
    Order(String),
    /// A sweep cannot go on: its cursor is none, or it does not get any further.
    #[error("{0}")]
    Sweep(String),
    /// What is left of a sweep could not be put on the bus.
    #[error("{0}")]
    Bus(Box<NotPut>),
    /// The message could not be published.
    #[error("{0}")]
    Tell(AwsFailure),
}

impl Failure {
    /// A stable name for metrics, alarms and the Lambda console.
    #[must_use]
    pub fn name(&self) -> &'static str {
        match self {
            Self::NotAnEvent(_) => "Rectify.NotAnEvent",
            Self::Session(_) => "Rectify.Session",
            Self::Observe(_) => "Rectify.Observe",
            Self::Busy(_) => "Rectify.Busy",
            Self::OutOfTime(_) => "Rectify.OutOfTime",
            Self::Ledger(_) => "Rectify.Ledger",
            Self::Correct(_) => "Rectify.Correct",
            Self::Schedule(_) => "Rectify.Schedule",
            Self::Order(_) => "Rectify.Order",
            Self::Sweep(_) => "Rectify.Sweep",
            Self::Bus(_) => "Rectify.Bus",
            Self::Tell(_) => "Rectify.Tell",
        }
    }
}

impl Failure {
    /// AWS answered that there were too many calls: fewer at a time get through.
    pub(crate) fn is_throttled(&self) -> bool {
        match self {
            Self::Observe(failure)
            | Self::Ledger(failure)
            | Self::Correct(failure)
            | Self::Schedule(failure)
            | Self::Tell(failure) => failure.kind == FailureKind::Throttled,
            Self::Session(SessionError::Refused { failure, .. }) => failure.kind == FailureKind::Throttled,
            _ => false,
        }
    }
}

impl From<Failure> for Diagnostic {
    fn from(failure: Failure) -> Self {
        Self { error_type: failure.name().to_owned(), error_message: failure.to_string() }
    }
}

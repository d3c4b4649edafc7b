//! What an answer is as a fact, and what ends a look: the same for every guard.

use std::error::Error;

use aws_smithy_runtime_api::client::{orchestrator::HttpResponse, result::SdkError};
use aws_smithy_types::error::metadata::ProvideErrorMetadata;
use rectify_controls::{Fact, Unreadable};

use crate::{AwsFailure, FailureKind};

/// What ends a look at a resource instead of giving a fact.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Ended<R = AwsFailure> {
    /// The resource does not exist.
    Gone,
    /// Trying again, or elsewhere, can give the fact.
    Refused(R),
}

/// A fact, or what ended the look.
pub type Reading<T, R = AwsFailure> = Result<Fact<T>, Ended<R>>;

/// What the answer to one read is as a fact.
///
/// `absent` is the code that means «not configured», and the value that is. `shape` makes the value, or says in a few words what of
/// the answer it does not understand. What a refusal is: [`refused`].
///
/// # Errors
/// [`Ended`], where there is no fact to be had now.
pub fn reading<T, O, E>(
    service: &'static str,
    operation: &'static str,
    answer: Result<O, SdkError<E, HttpResponse>>,
    absent: Option<(&str, T)>,
    shape: impl FnOnce(O) -> Result<T, String>,
) -> Reading<T>
where
    E: ProvideErrorMetadata + Error + 'static,
{
    match answer {
        Ok(answer) => Ok(shaped(operation, shape(answer))),
        Err(error) => refused(AwsFailure::new(service, operation, &error), absent),
    }
}

/// A value that was understood, or that was not.
pub fn shaped<T>(operation: &str, value: Result<T, String>) -> Fact<T> {
    value.map_or_else(
        |code| Fact::Unreadable(Unreadable { operation: operation.to_owned(), code, request_id: None }),
        Fact::Known,
    )
}

/// What a refusal is as a fact.
///
/// One that asking again cannot change is a fact that is unreadable; one that it can change ends the look, because judging
/// on the other half of the facts would say something about the moment and not about the resource.
///
/// # Errors
/// [`Ended`], where there is no fact to be had now.
pub fn refused<T>(failure: AwsFailure, absent: Option<(&str, T)>) -> Reading<T> {
    if let Some((code, value)) = absent
        && failure.code_is(code)
    {
        return Ok(Fact::Known(value));
    }
    match failure.kind {
        FailureKind::Gone => Err(Ended::Gone),
        FailureKind::Denied if failure.expired() => Err(Ended::Refused(failure)),
        FailureKind::Denied | FailureKind::Invalid | FailureKind::Other => Ok(Fact::Unreadable(unreadable(failure))),
        FailureKind::Throttled
        | FailureKind::Conflict
        | FailureKind::NotYet
        | FailureKind::WrongRegion
        | FailureKind::Unreachable
        | FailureKind::TimedOut
        | FailureKind::Server => Err(Ended::Refused(failure)),
    }
}

/// Why a fact is unknown, by what AWS said.
#[must_use]
pub fn unreadable(failure: AwsFailure) -> Unreadable {
    Unreadable {
        operation: failure.operation.to_owned(),
        code: failure.code.unwrap_or_else(|| match failure.kind {
            FailureKind::Other => "answer not understood".to_owned(),
            kind => format!("{kind:?}"),
        }),
        request_id: failure.request_id,
    }
}

/// A refusal that can say more than that it is one.
pub trait Refusal {
    /// Whether it says where to ask instead: such a refusal is kept before others.
    fn leads_on(&self) -> bool {
        false
    }
}

impl Refusal for AwsFailure {}

/// Collects the facts of one look, and what ends it, whichever of its reads says so.
#[derive(Debug)]
pub struct Ends<R = AwsFailure> {
    gone: bool,
    refusal: Option<R>,
}

impl<R> Default for Ends<R> {
    fn default() -> Self {
        Self { gone: false, refusal: None }
    }
}

impl<R: Refusal> Ends<R> {
    /// The fact; an ending is kept, and its place is taken by a fact that nobody will see.
    pub fn take<T>(&mut self, read: Reading<T, R>) -> Fact<T> {
        match read {
            Ok(fact) => return fact,
            Err(Ended::Gone) => self.gone = true,
            Err(Ended::Refused(refusal)) if self.refusal.is_none() || refusal.leads_on() => {
                self.refusal = Some(refusal);
            }
            Err(Ended::Refused(_)) => {}
        }
        Fact::NotRead
    }

    /// The facts, unless a read ended the look; `None` when the resource is gone. Gone is certain; a read that failed is not.
    ///
    /// # Errors
    /// The refusal that ended it.
    pub fn or<F>(self, facts: F) -> Result<Option<F>, R> {
        match self {
            Self { gone: true, .. } => Ok(None),
            Self { refusal: Some(refusal), .. } => Err(refusal),
            Self { refusal: None, .. } => Ok(Some(facts)),
        }
    }
}

/// The answer to a write.
///
/// # Errors
/// What AWS said.
pub fn done<O, E>(
    service: &'static str,
    operation: &'static str,
    answer: Result<O, SdkError<E, HttpResponse>>,
) -> Result<(), AwsFailure>
where
    E: ProvideErrorMetadata + Error + 'static,
{
    answer.map(|_| ()).map_err(|error| AwsFailure::new(service, operation, &error))
}

/// Whatever was refused with one of `codes` is done already: deleting what is not there, adding what is.
///
/// # Errors
/// What AWS said, with any other code.
pub fn unless(result: Result<(), AwsFailure>, codes: &[&str]) -> Result<(), AwsFailure> {
    match result {
        Err(failure) if codes.iter().any(|code| failure.code_is(code)) => Ok(()),
        result => result,
    }
}

/// A client of the SDK crate `$sdk` with the session's credentials, for a [`Place`](rectify_controls::Place)'s region, that
/// tries every call as often as the suite wants it tried. Keep it in a [`PerSession`](crate::PerSession).
#[macro_export]
macro_rules! client {
    ($sdk:ident, $session:expr, $place:expr) => {
        $sdk::Client::from_conf(
            $sdk::config::Builder::from(&$session.config)
                .region($sdk::config::Region::new($place.region.to_string()))
                .retry_classifier($crate::AlsoRetry)
                .retry_partition($crate::every_call_its_tries())
                .build(),
        )
    };
}

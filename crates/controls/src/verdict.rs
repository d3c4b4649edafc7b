//! How a judge puts a finding together: the same way for every kind.

use crate::{Control, Evidence, Fact, Finding, Severity, State};

/// Broken now. `changes` put it right, the first alone already closing it; none where nothing safe exists.
pub(crate) fn live<C>(
    control: &'static Control,
    summary: String,
    evidence: Vec<Evidence>,
    changes: Vec<C>,
) -> Option<Finding<C>> {
    Some(Finding { control, severity: control.severity, state: State::Live, summary, evidence, changes })
}

/// Broken, but `by` takes the effect away: two steps less severe, told, never corrected.
pub(crate) fn neutralised<C>(
    control: &'static Control,
    by: &str,
    summary: String,
    evidence: Vec<Evidence>,
) -> Option<Finding<C>> {
    let severity = match control.severity {
        Severity::Critical => Severity::Medium,
        Severity::High | Severity::Medium | Severity::Low => Severity::Low,
    };
    let state = State::Neutralised { by: by.to_owned() };
    Some(Finding { control, severity, state, summary, evidence, changes: Vec::new() })
}

/// A fact that decides is missing.
pub(crate) fn unverifiable<C>(
    control: &'static Control,
    summary: String,
    evidence: Vec<Evidence>,
) -> Option<Finding<C>> {
    let severity = control.severity;
    Some(Finding { control, severity, state: State::Unverifiable, summary, evidence, changes: Vec::new() })
}

/// The evidence for a fact that is missing; `None` when it is known. `operation` is the read that would give it, as
/// [`Access::operation`](crate::Access::operation) has it. Without the request id, which is another one at every look and would make a
/// new finding each time.
pub(crate) fn missing<T>(fact: &Fact<T>, operation: &str) -> Option<Evidence> {
    let why = match fact {
        Fact::Known(_) => return None,
        Fact::Unreadable(unreadable) => unreadable.code.as_str(),
        Fact::NotRead => "not read",
    };
    Some(Evidence::new("unreadable", format!("{operation}: {why}")))
}

/// Says that `subject` cannot be judged because `fact`, which `operation` reads, is missing; `None` when it is known.
pub(crate) fn blind<T, C>(
    control: &'static Control,
    subject: &str,
    fact: &Fact<T>,
    operation: &str,
) -> Option<Finding<C>> {
    let evidence = missing(fact, operation)?;
    let summary = format!("{subject} cannot be judged: {}", evidence.value);
    unverifiable(control, summary, vec![evidence])
}

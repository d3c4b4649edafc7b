//! What happened in the sandbox since the last look.

use rectify_sandbox::{Outcome, World};

use super::log::{End, Happened, What};

/// How much of each record was seen already.
#[derive(Default)]
pub(crate) struct Watch {
    calls: usize,
    invocations: usize,
    messages: usize,
    logs: usize,
}

impl Watch {
    /// Everything new. Log lines and the functions' own calls only when `verbose`.
    pub(crate) fn look(&mut self, world: &World, verbose: bool) -> Vec<Happened> {
        let mut happened = Vec::new();
        for call in new(world.calls(), &mut self.calls) {
            if call.function.is_none() || verbose {
                let what = What::Call {
                    function: call.function,
                    operation: call.operation,
                    resource: call.resource,
                    status: call.status,
                    error: call.error,
                };
                happened.push(Happened { at_ns: call.end_ns, what });
            }
        }
        for message in new(world.messages(), &mut self.messages) {
            let what = What::Message { function: message.function, subject: message.subject, body: message.body };
            happened.push(Happened { at_ns: message.at_ns, what });
        }
        for invocation in new(world.invocations(), &mut self.invocations) {
            let what = What::Invocation {
                function: invocation.function,
                start_ns: invocation.start_ns,
                init_ns: invocation.init_ns.filter(|_| invocation.cold),
                attempt: invocation.attempt,
                end: match invocation.outcome {
                    Outcome::Success => End::Answered,
                    Outcome::Timeout => End::OutOfTime,
                    Outcome::Crash => End::Crashed,
                    Outcome::InitError => End::NotStarted,
                    _ => End::Failed,
                },
                response: invocation.response,
            };
            happened.push(Happened { at_ns: invocation.end_ns, what });
        }
        if verbose {
            for line in new(world.logs(), &mut self.logs) {
                happened
                    .push(Happened { at_ns: line.at_ns, what: What::Log { function: line.function, line: line.line } });
            }
        }
        happened.sort_by_key(|happened| happened.at_ns);
        happened
    }
}

/// What is in `all` beyond the first `seen`; everything when the records were cleared meanwhile.
fn new<T>(mut all: Vec<T>, seen: &mut usize) -> Vec<T> {
    let from = if *seen <= all.len() { *seen } else { 0 };
    *seen = all.len();
    all.split_off(from)
}

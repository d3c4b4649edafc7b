//! The live log: a person's call, what a guard made of it, what was told.

use std::collections::BTreeSet;

use rectify_render::{Line, Message, Style};
use serde::Deserialize;
use serde_json::Value;

/// Longest text from outside on a line.
const LONG: usize = 300;
/// A message is shown below the invocation that sent it; when none ends within this time, by itself.
const PATIENCE_NS: u64 = 3_000_000_000;

/// Something that happened in the sandbox.
#[derive(Debug, Clone)]
pub(crate) struct Happened {
    /// Nanoseconds since the sandbox began.
    pub(crate) at_ns: u64,
    pub(crate) what: What,
}

#[derive(Debug, Clone)]
pub(crate) enum What {
    /// A call was answered; without a function it was a person's.
    Call { function: Option<String>, operation: String, resource: String, status: u16, error: Option<String> },
    /// A function's attempt ended. `init_ns` for a cold start.
    Invocation { function: String, start_ns: u64, init_ns: Option<u64>, attempt: u32, end: End, response: Value },
    /// A message was published.
    Message { function: Option<String>, subject: Option<String>, body: String },
    /// A function wrote a line.
    Log { function: String, line: String },
}

/// How an attempt ended.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum End {
    Answered,
    Failed,
    OutOfTime,
    Crashed,
    NotStarted,
}

/// What waits to be shown.
#[derive(Debug, Default)]
pub(crate) struct Log {
    /// Messages whose invocation has not ended yet.
    waiting: Vec<Told>,
}

/// A message on its way into the log.
#[derive(Debug)]
struct Told {
    at_ns: u64,
    /// On the clock of the looks.
    seen_ns: u64,
    function: Option<String>,
    subject: Option<String>,
    body: String,
    message: Option<Message>,
}

/// What a guard answers. Lenient: a function may answer anything.
#[derive(Debug, Default, Deserialize)]
#[serde(default, rename_all = "camelCase")]
struct Answer {
    event_name: Option<String>,
    outcomes: Vec<Ended>,
}

#[derive(Debug, Default, Deserialize)]
#[serde(default)]
struct Ended {
    outcome: String,
    control: Option<String>,
    resource: Option<String>,
    why: Option<String>,
}

impl Log {
    /// The lines for what happened, in order; `now_ns` is the time of the look, on any clock.
    pub(crate) fn lines(&mut self, happened: Vec<Happened>, now_ns: u64) -> Vec<Line> {
        let mut lines = Vec::new();
        // A message comes before the end of its invocation, and is shown after it.
        let (messages, others): (Vec<_>, Vec<_>) =
            happened.into_iter().partition(|happened| matches!(happened.what, What::Message { .. }));
        self.waiting.extend(messages.into_iter().filter_map(|happened| Told::new(happened, now_ns)));
        for Happened { at_ns, what } in others {
            match what {
                What::Call { function, operation, resource, status, error } => {
                    let who = function.as_deref();
                    lines.push(of_call(at_ns, who, &operation, &resource, status, error.as_deref()));
                }
                What::Log { function, line } => {
                    lines.push(stamped(at_ns, Style::Dim, &function).outside(Style::Dim, &line, 4_000));
                }
                What::Invocation { function, start_ns, init_ns, attempt, end, response } => {
                    let answer = Answer::deserialize(&response).unwrap_or_default();
                    let head = stamped(at_ns, Style::Strong, &function);
                    let took = at_ns.saturating_sub(start_ns);
                    lines.push(of_invocation(head, &answer, took, init_ns, attempt, end, &response));
                    lines.extend(answer.outcomes.iter().map(of_outcome));
                    let sent = self.take(|told| {
                        told.function.as_ref() == Some(&function)
                            && (start_ns..=at_ns).contains(&told.at_ns)
                            && told.is_about(&answer)
                    });
                    lines.extend(sent.iter().flat_map(of_message));
                }
                What::Message { .. } => {}
            }
        }
        let alone = self.take(|told| told.function.is_none() || now_ns.saturating_sub(told.seen_ns) > PATIENCE_NS);
        lines.extend(alone.iter().flat_map(of_message));
        lines
    }

    fn take(&mut self, which: impl Fn(&Told) -> bool) -> Vec<Told> {
        let (taken, waiting) = std::mem::take(&mut self.waiting).into_iter().partition(|told| which(told));
        self.waiting = waiting;
        taken
    }
}

impl Told {
    fn new(happened: Happened, seen_ns: u64) -> Option<Self> {
        #[derive(Deserialize)]
        struct PerProtocol {
            default: String,
        }
        let What::Message { function, subject, body } = happened.what else { return None };
        let json = serde_json::from_str(&body).map_or_else(|_| body.clone(), |b: PerProtocol| b.default);
        let message = Message::parse(&json).ok();
        Some(Self { at_ns: happened.at_ns, seen_ns, function, subject, body, message })
    }

    /// Whether an invocation with this answer can have sent it.
    fn is_about(&self, answer: &Answer) -> bool {
        let about: BTreeSet<_> =
            answer.outcomes.iter().map(|ended| (ended.resource.as_deref(), ended.control.as_deref())).collect();
        self.message.as_ref().is_none_or(|message| {
            about.is_empty()
                || about.contains(&(Some(message.resource.arn.as_str()), Some(message.control.id.as_str())))
        })
    }
}

/// A line that starts with the time since the start and who it is about.
fn stamped(at_ns: u64, style: Style, who: &str) -> Line {
    let seconds = at_ns / 1_000_000_000;
    let thousandths = at_ns / 1_000_000 % 1_000;
    Line::new()
        .own(Style::Dim, &format!("{seconds:>5}.{thousandths:03}  "))
        .outside(style, &format!("{who:<14}"), 40)
        .own(Style::Plain, "  ")
}

/// A line below a stamped one.
fn below() -> Line {
    Line::new().own(Style::Plain, &" ".repeat(27))
}

fn of_call(
    at_ns: u64,
    function: Option<&str>,
    operation: &str,
    resource: &str,
    status: u16,
    error: Option<&str>,
) -> Line {
    let style = if function.is_some() { Style::Dim } else { Style::Plain };
    let operation = if operation.is_empty() { "a call that has no name" } else { operation };
    let who = match function {
        Some(function) => stamped(at_ns, Style::Dim, function),
        None => stamped(at_ns, Style::Strong, "you"),
    };
    let mut line = who.outside(style, operation, LONG);
    if resource != "*" {
        line = line.own(Style::Plain, " ").outside(style, resource, LONG);
    }
    match error {
        Some(error) => line.own(Style::Plain, " ").outside(Style::Warn, error, LONG),
        None if !(100..400).contains(&status) => line.own(Style::Warn, &format!(" HTTP {status}")),
        None => line,
    }
}

fn of_invocation(
    head: Line,
    answer: &Answer,
    took_ns: u64,
    init_ns: Option<u64>,
    attempt: u32,
    end: End,
    response: &Value,
) -> Line {
    let mut facts = vec![format!("{} ms", took_ns / 1_000_000)];
    facts.extend(init_ns.map(|init| format!("started in {} ms", init / 1_000_000)));
    if attempt > 1 {
        facts.push(format!("attempt {attempt}"));
    }
    let facts = format!(" ({})", facts.join(", "));
    let word = match end {
        End::Answered => {
            let head = match &answer.event_name {
                Some(name) => head.own(Style::Dim, "on ").outside(Style::Plain, name, LONG),
                None => head.own(Style::Dim, "answered"),
            };
            return head.own(Style::Dim, &facts);
        }
        End::Failed => "failed",
        End::OutOfTime => "ran out of time",
        End::Crashed => "crashed",
        End::NotStarted => "did not start",
    };
    let said = |name: &str| response.get(name).and_then(Value::as_str).unwrap_or_default();
    // A dot would be taken for a host name and defused.
    let said = format!("{} {}", said("errorType").replace('.', " "), said("errorMessage"));
    let line = head.own(Style::Bad, word).own(Style::Dim, &facts);
    if said.trim().is_empty() { line } else { line.own(Style::Plain, ": ").outside(Style::Plain, said.trim(), 1_000) }
}

fn of_outcome(ended: &Ended) -> Line {
    let style = match ended.outcome.as_str() {
        "corrected" => Style::Good,
        "compliant" | "ignored" | "superseded" | "resolved" | "exempt" | "shadowed" => Style::Dim,
        "notified" | "deferred" => Style::Warn,
        _ => Style::Bad,
    };
    let mut line = below().outside(style, &ended.outcome, 40);
    for part in [&ended.control, &ended.resource].into_iter().flatten() {
        line = line.own(Style::Plain, " ").outside(Style::Plain, part, LONG);
    }
    // Why something counts as corrected is the proof, which the message below says.
    match ended.why.as_ref().filter(|_| ended.outcome != "corrected") {
        Some(why) => line.own(Style::Dim, ": ").outside(Style::Dim, why, LONG),
        None => line,
    }
}

fn of_message(told: &Told) -> Vec<Line> {
    let first = stamped(told.at_ns, Style::Strong, "message");
    let Some(message) = &told.message else {
        let text = told.subject.as_deref().unwrap_or(&told.body);
        return vec![first.outside(Style::Plain, text, LONG)];
    };
    let join = |mut start: Line, line: Line| {
        start.spans.extend(line.spans);
        start
    };
    let mut lines = message.terminal().into_iter();
    let head = lines.next().unwrap_or_default();
    std::iter::once(join(first, head)).chain(lines.map(|line| join(below(), line))).collect()
}

#[cfg(test)]
mod tests;

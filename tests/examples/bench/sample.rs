//! One measured event.

use rectify_sandbox::{Call, Invocation};

/// What one event cost. Times in nanoseconds.
pub(crate) struct Sample {
    /// Spawn to the first request for work, for a cold start.
    pub(crate) init_ns: Option<u64>,
    /// From the event to the answer.
    pub(crate) total_ns: u64,
    /// Of these, while at least one call was with the emulated AWS.
    pub(crate) cloud_ns: u64,
    /// From the event to the moment when the guard, with the proof in its hands, began to tell; when it told anything.
    pub(crate) proof_ns: Option<u64>,
    /// Processor time of the guard; of a cold start, from its spawn on.
    pub(crate) cpu_ns: Option<u64>,
    /// The most memory the process had resident until then.
    pub(crate) rss_kb: Option<u64>,
    pub(crate) calls: u64,
    pub(crate) trips: u64,
    pub(crate) writes: u64,
    /// The calls in order; those that ran at the same time stand in one line.
    pub(crate) sequence: Vec<String>,
}

impl Sample {
    pub(crate) fn new<'a>(invocation: &Invocation, calls: impl Iterator<Item = &'a Call>, cpu_ns: Option<u64>) -> Self {
        let mut calls: Vec<&Call> = calls.collect();
        calls.sort_by_key(|call| call.start_ns);
        let spans: Vec<(u64, u64)> = calls.iter().map(|call| (call.start_ns, call.end_ns)).collect();
        Self {
            init_ns: invocation.init_ns.filter(|_| invocation.cold),
            total_ns: invocation.end_ns - invocation.start_ns,
            cloud_ns: union(&spans),
            proof_ns: calls
                .iter()
                .find(|call| call.operation == "Publish")
                .map(|call| call.start_ns - invocation.start_ns),
            cpu_ns,
            rss_kb: invocation.peak_rss_kb,
            calls: calls.len() as u64,
            trips: trips(&spans),
            writes: calls.iter().filter(|call| writes(call)).count() as u64,
            sequence: sequence(&calls),
        }
    }

    /// What is left beside the calls: our own code, the SDK, and the way between the guard and the gateway.
    pub(crate) fn own_ns(&self) -> u64 {
        self.total_ns.saturating_sub(self.cloud_ns)
    }
}

fn writes(call: &Call) -> bool {
    !["Get", "List", "Head", "Query", "Scan", "Describe"].iter().any(|verb| call.operation.starts_with(verb))
}

/// How long at least one of `spans`, sorted by their start, lasted.
fn union(spans: &[(u64, u64)]) -> u64 {
    let mut until = 0;
    spans.iter().fold(0, |sum, &(start, end)| {
        let from = start.max(until);
        until = until.max(end);
        sum + end.saturating_sub(from)
    })
}

/// The longest chain of calls of which each began after the one before had ended: what a slow network is paid for. Calls
/// that overlap count once.
fn trips(spans: &[(u64, u64)]) -> u64 {
    let mut by_end = spans.to_vec();
    by_end.sort_by_key(|&(_, end)| end);
    let mut until = 0;
    by_end.into_iter().fold(0, |trips, (start, end)| {
        if start < until {
            return trips;
        }
        until = end;
        trips + 1
    })
}

/// The calls by trip: a call stands in the line of the first that had not ended when it began.
fn sequence(calls: &[&Call]) -> Vec<String> {
    let mut lines: Vec<(u64, Vec<&str>)> = Vec::new();
    for call in calls {
        match lines.last_mut() {
            Some((until, names)) if call.start_ns < *until => {
                *until = call.end_ns.min(*until);
                names.push(&call.operation);
            }
            _ => lines.push((call.end_ns, vec![&call.operation])),
        }
    }
    lines
        .into_iter()
        .map(|(_, mut names)| {
            names.sort_unstable();
            names.join(" + ")
        })
        .collect()
}

/// Processor time of a process so far, its threads together (`/proc/PID/task/*/schedstat`, Linux only).
pub(crate) fn cpu_ns(pid: u32) -> Option<u64> {
    let threads = std::fs::read_dir(format!("/proc/{pid}/task")).ok()?;
    threads
        .map(|thread| {
            let text = std::fs::read_to_string(thread.ok()?.path().join("schedstat")).ok()?;
            text.split(' ').next()?.parse::<u64>().ok()
        })
        .sum()
}

#[cfg(test)]
mod tests {
    use super::{trips, union};

    #[test]
    fn overlapping_calls_count_once() {
        let spans = [(0, 10), (2, 6), (7, 12), (20, 30)];
        assert_eq!(union(&spans), 22);
        // 2-6, 7-12, 20-30: the one from 0 to 10 ran beside the first two.
        assert_eq!(trips(&spans), 3);
        assert_eq!((union(&[]), trips(&[])), (0, 0));
    }
}

//! Time: now, how long is left, and how long to wait before looking again.

use std::time::Duration;

use jiff::Timestamp;

/// Kept back for recording and telling, whatever happens before.
const RESERVE: Duration = Duration::from_secs(4);

/// How long to wait before each further look while somebody else holds the resource or a read can be older than the event.
/// About five seconds in all: corrections take well under one.
const WAITS: [Duration; 6] = [
    Duration::from_millis(80),
    Duration::from_millis(160),
    Duration::from_millis(320),
    Duration::from_millis(640),
    Duration::from_millis(1280),
    Duration::from_millis(2560),
];

/// How long to wait before each look after the last change: S3's configuration reads are eventually consistent.
const CONSISTENCY: [Duration; 5] = [
    Duration::ZERO,
    Duration::from_millis(100),
    Duration::from_millis(400),
    Duration::from_millis(1000),
    Duration::from_millis(2000),
];

/// One Lambda invocation.
#[derive(Debug, Clone)]
pub struct Invocation {
    /// Lambda keeps it across its own asynchronous retries; another delivery of the same event has another one.
    pub request_id: String,
    /// When Lambda kills us.
    pub deadline: Timestamp,
    /// When the event came in.
    pub received: Timestamp,
    /// The first of its process.
    pub cold_start: bool,
    /// X-Ray trace id.
    pub trace_id: Option<String>,
}

impl Invocation {
    /// Time that may still be spent before recording and telling.
    pub(crate) fn left(&self) -> Duration {
        let left = Duration::try_from(self.deadline.duration_since(Timestamp::now())).unwrap_or(Duration::ZERO);
        left.saturating_sub(RESERVE)
    }
}

/// A bounded number of waits that never run into the deadline.
#[derive(Debug)]
pub(crate) struct Patience<'a> {
    invocation: &'a Invocation,
    waits: &'static [Duration],
    taken: usize,
}

impl<'a> Patience<'a> {
    /// For a resource somebody else holds.
    pub(crate) fn for_others(invocation: &'a Invocation) -> Self {
        Self { invocation, waits: &WAITS, taken: 0 }
    }

    /// For our own writes to show.
    pub(crate) fn for_consistency(invocation: &'a Invocation) -> Self {
        Self { invocation, waits: &CONSISTENCY, taken: 0 }
    }

    /// Waits before the next look; `false` when there is no next look.
    pub(crate) async fn wait(&mut self) -> bool {
        let Some(wait) = self.waits.get(self.taken) else { return false };
        if self.invocation.left() < *wait {
            return false;
        }
        self.taken += 1;
        if !wait.is_zero() {
            tokio::time::sleep(*wait).await;
        }
        true
    }

    /// How many waits have been taken.
    pub(crate) fn taken(&self) -> usize {
        self.taken
    }
}

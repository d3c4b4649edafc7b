//! Time: how long is left, and how long to wait before looking again.

use std::time::Duration;

use jiff::Timestamp;

/// Kept back for recording and telling, whatever happens before.
const RESERVE: Duration = Duration::from_secs(4);

/// How long to wait before each further look while a read can be older than the event: about five seconds in all.
const WAITS: [Duration; 6] = [
    Duration::from_millis(80),
    Duration::from_millis(160),
    Duration::from_millis(320),
    Duration::from_millis(640),
    Duration::from_millis(1280),
    Duration::from_millis(2560),
];

/// The longest wait between two looks while somebody else holds the resource. Corrections take well under a second; the
/// lease of one whose function died runs out after [`crate::correct::LEASE`], and whoever waits for it waits that long.
const WAIT_FOR_OTHERS: Duration = Duration::from_millis(2000);

/// How long to wait before each look after the last change: S3's configuration reads are eventually consistent.
const CONSISTENCY: [Duration; 5] = [
    Duration::ZERO,
    Duration::from_millis(100),
    Duration::from_millis(400),
    Duration::from_millis(1000),
    Duration::from_millis(2000),
];

/// How long to wait before a change that AWS was too busy for is tried again, beside the tries of the SDK: what is closed only
/// half stays half open, because the other half is then no breach with an effect any more.
const BUSY: [Duration; 3] = [Duration::from_millis(1000), Duration::from_millis(2000), Duration::from_millis(4000)];

/// One Lambda invocation.
#[derive(Debug, Clone)]
pub struct Invocation {
    /// Lambda keeps it across its own asynchronous retries; another delivery of the same event has another one.
    pub request_id: String,
    /// The function's own ARN, as it was invoked.
    pub function: String,
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

/// Waits that never run into the deadline.
#[derive(Debug)]
pub(crate) struct Patience<'a> {
    invocation: &'a Invocation,
    waits: &'static [Duration],
    /// The wait after the last of `waits`; for ever, as far as the deadline allows.
    then: Option<Duration>,
    taken: usize,
}

impl<'a> Patience<'a> {
    /// For a resource somebody else holds.
    pub(crate) fn for_others(invocation: &'a Invocation) -> Self {
        Self { invocation, waits: &WAITS, then: Some(WAIT_FOR_OTHERS), taken: 0 }
    }

    /// For our own writes to show.
    pub(crate) fn for_consistency(invocation: &'a Invocation) -> Self {
        Self { invocation, waits: &CONSISTENCY, then: None, taken: 0 }
    }

    /// For AWS to have time for a change.
    pub(crate) fn for_busy(invocation: &'a Invocation) -> Self {
        Self { invocation, waits: &BUSY, then: None, taken: 0 }
    }

    /// Waits before the next look; `false` when there is no next look.
    pub(crate) async fn wait(&mut self) -> bool {
        let Some(wait) = self.waits.get(self.taken).copied().or(self.then) else { return false };
        if self.invocation.left() < wait {
            return false;
        }
        self.taken += 1;
        if !wait.is_zero() {
            tokio::time::sleep(wait).await;
        }
        true
    }

    /// As [`Patience::wait`], and at most as long as a read can lag behind an event.
    pub(crate) async fn wait_for_reads(&mut self) -> bool {
        self.taken < self.waits.len() && self.wait().await
    }

    /// How many waits have been taken.
    pub(crate) fn taken(&self) -> usize {
        self.taken
    }
}

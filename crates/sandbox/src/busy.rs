//! Counts what is under way, so that a test can wait until nothing is.

use std::time::Duration;

use tokio::sync::watch;

/// A counter of events in flight, queued invocations and retries. Cheap to clone.
#[derive(Debug, Clone)]
pub(crate) struct Busy(watch::Sender<usize>);

/// Something under way; it ends when this is dropped.
#[derive(Debug)]
pub(crate) struct Work(watch::Sender<usize>);

impl Busy {
    pub(crate) fn new() -> Self {
        Self(watch::channel(0).0)
    }

    pub(crate) fn begin(&self) -> Work {
        self.0.send_modify(|count| *count += 1);
        Work(self.0.clone())
    }

    /// True when nothing is under way, within `limit`.
    pub(crate) async fn idle(&self, limit: Duration) -> bool {
        let mut count = self.0.subscribe();
        tokio::time::timeout(limit, count.wait_for(|count| *count == 0)).await.is_ok_and(|result| result.is_ok())
    }
}

impl Drop for Work {
    fn drop(&mut self) {
        self.0.send_modify(|count| *count = count.saturating_sub(1));
    }
}

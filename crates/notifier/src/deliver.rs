//! A batch of the outbox, to every channel.
//!
//! Messages of one group, which is one finding, keep their order: after one that failed, those behind it fail too and come again
//! with it. Groups do not wait for each other, and neither do the channels of one message. What a channel has already when
//! another one fails is written down, and asked for only when a message comes again.

use std::{
    collections::BTreeMap,
    time::{Duration, Instant},
};

use futures::future::join_all;
use rectify_render::{Post, escape};
use serde_json::{Value, json};

use crate::{
    Notifier, Record,
    route::{Done, Route, Undelivered},
};

/// No message is begun with less time than this: the slowest channel's three tries.
const RESERVE: Duration = Duration::from_secs(20);

/// When a message that failed for the first time, the second time, … comes again. After the fifth it is a dead letter.
const AGAIN: [Duration; 4] =
    [Duration::from_secs(15), Duration::from_secs(60), Duration::from_secs(240), Duration::from_secs(900)];

/// A record that has to come again.
struct Failed<'a> {
    record: &'a Record,
    after: Duration,
}

/// What became of the messages in one channel.
#[derive(Debug, Default, Clone, Copy, PartialEq, Eq)]
struct Tally {
    delivered: usize,
    undelivered: usize,
    held: usize,
}

/// Per channel, by name.
type Tallies = BTreeMap<String, Tally>;

impl Notifier {
    /// Delivers a batch; the answer names what has to come again (Lambda developer guide, «Implementing partial batch
    /// responses»).
    pub(crate) async fn deliver(&self, records: &[Record], until: Instant) -> Value {
        self.routes.iter().for_each(Route::begin);
        let mut groups: BTreeMap<&str, Vec<&Record>> = BTreeMap::new();
        for record in records {
            groups.entry(record.group()).or_default().push(record);
        }
        let groups = join_all(groups.into_values().map(|group| self.deliver_group(group, until))).await;
        let mut tallies = Tallies::new();
        let mut failed = Vec::new();
        for (group, counted) in groups {
            failed.extend(group);
            for (channel, tally) in counted {
                let sum = tallies.entry(channel).or_default();
                sum.delivered += tally.delivered;
                sum.undelivered += tally.undelivered;
                sum.held += tally.held;
            }
        }
        join_all(failed.iter().map(|failed| self.put_off(failed))).await;
        for (channel, tally) in &tallies {
            let counts = [("Delivered", tally.delivered), ("Undelivered", tally.undelivered), ("Held", tally.held)];
            if counts.iter().any(|(_, count)| *count > 0) {
                rectify_runtime::counts("messages carried", ("channel", channel), &counts);
            }
        }
        let names: Vec<Value> =
            failed.iter().map(|failed| json!({ "itemIdentifier": failed.record.message_id })).collect();
        json!({ "batchItemFailures": names })
    }

    async fn deliver_group<'a>(&self, group: Vec<&'a Record>, until: Instant) -> (Vec<Failed<'a>>, Tallies) {
        let mut tallies = Tallies::new();
        let mut left = group.into_iter();
        while let Some(record) = left.next() {
            let after = if until.saturating_duration_since(Instant::now()) < RESERVE {
                Some(Duration::ZERO)
            } else {
                self.deliver_one(record, until, &mut tallies).await
            };
            if let Some(after) = after {
                let behind = left.map(|record| Failed { record, after });
                return (std::iter::once(Failed { record, after }).chain(behind).collect(), tallies);
            }
        }
        (Vec::new(), tallies)
    }

    /// Delivers one message to all channels; `Some` says that it has to come again, and when.
    async fn deliver_one(&self, record: &Record, until: Instant, tallies: &mut Tallies) -> Option<Duration> {
        let post = match Post::parse(&record.body) {
            Ok(post) => post,
            Err(error) => {
                // Its text can be anybody's: who may send to the queue writes it.
                let error = escape::line(&error.to_string(), 300);
                tracing::error!(record = record.message_id, error, "what is in the outbox is no message of ours");
                return Some(record.again());
            }
        };
        let (flood, came_before) = (self.settings.messages.flood, record.came_before());
        let time = until.saturating_duration_since(Instant::now()).saturating_sub(Duration::from_secs(3));
        let message = &post;
        let deliveries = self.routes.iter().map(|route| async move {
            let delivery = Box::pin(route.deliver(message, came_before, flood, &self.ledger));
            let result = tokio::time::timeout(time, delivery).await;
            (route, result.unwrap_or(Err(Undelivered::OutOfTime)))
        });
        let results = join_all(deliveries).await;
        let mut failed: Option<Duration> = None;
        for (route, result) in &results {
            let tally = tallies.entry(route.name().to_owned()).or_default();
            match result {
                Ok(Done::Sent) => tally.delivered += 1,
                Ok(Done::Held) => tally.held += 1,
                Ok(Done::NotWanted | Done::Already) => {}
                Err(error) => {
                    tally.undelivered += 1;
                    tracing::error!(channel = route.name(), id = post.id(), %error, "a message was not delivered");
                    // Not before the channel wants it, and not so soon that five tries are over in no time.
                    let after = error.wait().unwrap_or_default().max(record.again());
                    failed = Some(failed.map_or(after, |before| before.max(after)));
                }
            }
        }
        failed?;
        for (route, result) in &results {
            if matches!(result, Ok(Done::Sent | Done::Held))
                && let Err(error) = self.ledger.sent(route.name(), post.id()).await
            {
                tracing::warn!(channel = route.name(), id = post.id(), %error, "what was sent will be sent again");
            }
        }
        failed
    }

    /// Tells the queue when the message comes again. It does so anyway, later.
    async fn put_off(&self, failed: &Failed<'_>) {
        if let Err(error) = self.outbox.later(&failed.record.receipt_handle, failed.after).await {
            tracing::warn!(record = failed.record.message_id, %error, "the message comes again at the queue's own time");
        }
    }
}

impl Record {
    /// How long to wait before the next try.
    fn again(&self) -> Duration {
        let [first, .., last] = AGAIN;
        match self.received() {
            Some(count) => AGAIN.get(count.saturating_sub(1)).copied().unwrap_or(last),
            None => first,
        }
    }
}

#[cfg(test)]
mod tests;

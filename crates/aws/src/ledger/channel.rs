//! What the notifier remembers of a channel: threads, what was sent, how much a minute had, and what is held.
//!
//! A channel is whatever the caller calls so, by a name that is part of the rows' keys; digests have names of their own
//! (`digest#…`) and only [`Ledger::sent`].

use std::time::Duration;

use aws_sdk_dynamodb::types::ReturnValue;
use futures::{StreamExt as _, TryStreamExt as _, stream};
use jiff::Timestamp;

use super::{
    Ledger,
    expression::{Edit, number, text},
    row::Row,
    store::{Refused, Rows},
    types::ttl,
};
use crate::AwsFailure;

const DAY: Duration = Duration::from_secs(24 * 60 * 60);

/// How long a thread is remembered after its last message. A finding that stands is told again once a day.
const THREAD: Duration = DAY.saturating_mul(90);

/// How long it is remembered what was sent: longer than a queue keeps a message (fourteen days).
const SENT: Duration = DAY.saturating_mul(15);

/// How long a minute's counter stays.
const MINUTE: Duration = DAY;

/// How long something held stays when nobody ever tells it.
const HELD: Duration = DAY.saturating_mul(15);

/// Deletes at the same time.
const AT_ONCE: usize = 16;

/// What a channel was told of a finding.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct Thread {
    /// The first message's id in the channel, where it has one: what later ones answer to.
    pub root: Option<String>,
    /// The last message said that it is over.
    pub closed: bool,
    /// When the channel was told of the finding for the first time.
    pub first: Option<Timestamp>,
}

/// One message that is held.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct HeldRow {
    /// What [`Ledger::release`] names.
    pub key: String,
    /// What was kept of it.
    pub kept: String,
}

impl Ledger {
    /// What `channel` was told of `finding`; `None` for nothing.
    ///
    /// # Errors
    /// [`AwsFailure`] when the ledger cannot be read.
    pub async fn thread(&self, channel: &str, finding: &str) -> Result<Option<Thread>, AwsFailure> {
        let row = self.get(&channel_key(channel), &thread_key(finding)).await?;
        row.map(|row| {
            Ok(Thread {
                root: row.text_if_any("root")?,
                closed: row.time_if_any("closed")?.is_some(),
                first: row.time_if_any("first")?,
            })
        })
        .transpose()
    }

    /// Remembers that `channel` was told of `finding`: in a thread that begins with `root`, where there is one; that it is
    /// over, when `closes`.
    ///
    /// # Errors
    /// [`AwsFailure`] when the ledger cannot be written.
    pub async fn told(&self, channel: &str, finding: &str, root: Option<&str>, closes: bool) -> Result<(), AwsFailure> {
        let now = self.now();
        let at = number(now.as_millisecond());
        let edit = Edit::default()
            .set("at", at.clone())
            .set_once("first", at.clone())
            .set_if_any("root", root.map(text))
            .set_or_remove("closed", closes.then_some(at))
            .set("ttl", number(ttl(now, THREAD)));
        self.write(&channel_key(channel), &thread_key(finding), edit, ReturnValue::None).await?;
        Ok(())
    }

    /// Whether `channel` takes one more message in the minute of `now`, of which it takes `most`; counts it when it does.
    /// Alarms are counted apart, so that no flood keeps one back. However many ask at once, `most` are let through and no
    /// more.
    ///
    /// # Errors
    /// [`AwsFailure`] when the ledger cannot be written. It may have been counted then.
    pub async fn lets_through(
        &self,
        channel: &str,
        alarm: bool,
        most: u32,
        now: Timestamp,
    ) -> Result<bool, AwsFailure> {
        let edit = Edit::default()
            .add("messages", 1)
            .set("ttl", number(ttl(now, MINUTE)))
            .when("attribute_not_exists(#messages) OR #messages < :most")
            .bind("most", number(i64::from(most)));
        let counter = if alarm { "alarms" } else { "flood" };
        let minute = format!("{counter}#{}", now.strftime("%Y-%m-%dT%H:%M"));
        match self.write(&channel_key(channel), &minute, edit, ReturnValue::None).await {
            Ok(_) => Ok(true),
            Err(Refused::Condition(_)) => Ok(false),
            Err(Refused::Failed(failure)) => Err(failure),
        }
    }

    /// Holds the message `id` back, `kept` of it. The same message twice is held once.
    ///
    /// # Errors
    /// [`AwsFailure`] when the ledger cannot be written.
    pub async fn hold(&self, channel: &str, id: &str, kept: &str) -> Result<(), AwsFailure> {
        let now = self.now();
        let edit = Edit::default().set("kept", text(kept)).set("ttl", number(ttl(now, HELD)));
        self.write(&channel_key(channel), &format!("held#{id}"), edit, ReturnValue::None).await?;
        Ok(())
    }

    /// Everything that is held in `channel`.
    ///
    /// # Errors
    /// [`AwsFailure`] when the ledger cannot be read.
    pub async fn held(&self, channel: &str) -> Result<Vec<HeldRow>, AwsFailure> {
        let rows = self.partition(&channel_key(channel), Rows::Prefix("held#")).await?;
        let held = |row: &Row| Ok(HeldRow { key: row.text("sk")?.to_owned(), kept: row.text("kept")?.to_owned() });
        rows.iter().map(held).collect()
    }

    /// Forgets what was held and is told now.
    ///
    /// # Errors
    /// [`AwsFailure`] of the first that could not be forgotten: it is told again.
    pub async fn release(&self, channel: &str, rows: &[HeldRow]) -> Result<(), AwsFailure> {
        let pk = channel_key(channel);
        let pk = &pk;
        stream::iter(rows)
            .map(|row| async move { self.delete(pk, &row.key).await.map(drop) })
            .buffer_unordered(AT_ONCE)
            .try_collect()
            .await
    }

    /// Whether `channel` has the message `id` already; see [`Ledger::sent`].
    ///
    /// # Errors
    /// [`AwsFailure`] when the ledger cannot be read.
    pub async fn was_sent(&self, channel: &str, id: &str) -> Result<bool, AwsFailure> {
        Ok(self.get(&channel_key(channel), &sent_key(id)).await?.is_some())
    }

    /// Remembers that `channel` has the message `id`. Only needed when something else of the message failed: it comes again
    /// then.
    ///
    /// # Errors
    /// [`AwsFailure`] when the ledger cannot be written.
    pub async fn sent(&self, channel: &str, id: &str) -> Result<(), AwsFailure> {
        let now = self.now();
        let edit = Edit::default().set("at", number(now.as_millisecond())).set("ttl", number(ttl(now, SENT)));
        self.write(&channel_key(channel), &sent_key(id), edit, ReturnValue::None).await?;
        Ok(())
    }
}

fn channel_key(channel: &str) -> String {
    format!("channel#{channel}")
}

fn thread_key(finding: &str) -> String {
    format!("thread#{finding}")
}

fn sent_key(id: &str) -> String {
    format!("sent#{id}")
}

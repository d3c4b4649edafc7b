//! What time it is where the ledger is.
//!
//! Leases are times that one function writes and another one reads. A function whose clock is wrong by minutes would take
//! them from the living, or believe in the dead; so the clock that counts is DynamoDB's, which every answer carries in its
//! `Date` header.

use std::sync::{
    Arc,
    atomic::{AtomicI64, Ordering},
};

use aws_smithy_runtime_api::{
    box_error::BoxError,
    client::{
        interceptors::{
            Intercept,
            context::{BeforeDeserializationInterceptorContextRef, BeforeTransmitInterceptorContextRef},
        },
        runtime_components::RuntimeComponents,
    },
};
use aws_smithy_types::{
    DateTime,
    config_bag::{ConfigBag, Storable, StoreReplace},
    date_time::Format,
};
use jiff::{SignedDuration, Timestamp};

/// Offsets below this are no offsets: the header has whole seconds, and an answer is on its way for a while.
const COARSE: i64 = 3_000;

/// An answer that took longer says nothing: while the function was frozen, its clock went on.
const SLOW: i64 = 2_000;

/// Two measurements of the same offset differ by at most this.
const SAME: i64 = 2_000;

/// How far our clock is behind DynamoDB's. Clones share it.
#[derive(Debug, Clone, Default)]
pub(super) struct Clock(Arc<AtomicI64>);

impl Clock {
    /// Now, by DynamoDB's clock; by our own as long as no answer came.
    pub(super) fn now(&self) -> Timestamp {
        let offset = SignedDuration::from_millis(self.0.load(Ordering::Relaxed));
        let now = Timestamp::now();
        now.checked_add(offset).unwrap_or(now)
    }

    /// An answer of the second `date` to a request that was sent and received then, by our clock; all in milliseconds.
    fn learn(&self, sent: i64, received: i64, date: i64) {
        if !(0..=SLOW).contains(&received.saturating_sub(sent)) {
            return;
        }
        // Half a second, because the header has the second's begin.
        let measured = date.saturating_add(500).saturating_sub(sent.midpoint(received));
        let known = self.0.load(Ordering::Relaxed);
        if measured.saturating_abs() < COARSE {
            self.0.store(0, Ordering::Relaxed);
        } else if known == 0 || measured.saturating_sub(known).saturating_abs() > SAME {
            // Otherwise it is the offset that is known: a clock that jumps with every answer goes backwards.
            self.0.store(measured, Ordering::Relaxed);
        }
    }
}

/// When the request was sent, by our clock.
#[derive(Debug)]
struct Sent(i64);

impl Storable for Sent {
    type Storer = StoreReplace<Self>;
}

impl Intercept for Clock {
    fn name(&self) -> &'static str {
        "rectify-clock"
    }

    fn read_before_transmit(
        &self,
        _: &BeforeTransmitInterceptorContextRef<'_>,
        _: &RuntimeComponents,
        bag: &mut ConfigBag,
    ) -> Result<(), BoxError> {
        bag.interceptor_state().store_put(Sent(Timestamp::now().as_millisecond()));
        Ok(())
    }

    fn read_before_deserialization(
        &self,
        context: &BeforeDeserializationInterceptorContextRef<'_>,
        _: &RuntimeComponents,
        bag: &mut ConfigBag,
    ) -> Result<(), BoxError> {
        let date = context.response().headers().get("date");
        let date = date.and_then(|date| DateTime::from_str(date, Format::HttpDate).ok());
        if let (Some(Sent(sent)), Some(date)) = (bag.load::<Sent>(), date) {
            self.learn(*sent, Timestamp::now().as_millisecond(), date.secs().saturating_mul(1000));
        }
        Ok(())
    }
}

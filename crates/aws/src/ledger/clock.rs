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
use jiff::Timestamp;

use super::types::moment;

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
    /// Now, by DynamoDB's clock; by our own as long as no answer came. Whole milliseconds, as in the rows.
    pub(super) fn now(&self) -> Timestamp {
        moment(Timestamp::now().as_millisecond().saturating_add(self.0.load(Ordering::Relaxed)))
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

#[cfg(test)]
mod tests {
    use aws_sdk_dynamodb::Client;
    use aws_smithy_mocks::{Rule, RuleMode, mock, mock_client};
    use aws_smithy_runtime_api::client::orchestrator::HttpResponse;
    use aws_smithy_types::body::SdkBody;
    use jiff::SignedDuration;

    use super::*;
    use crate::ledger::Ledger;

    const HOUR: i64 = 3_600_000;

    fn offset(clock: &Clock) -> i64 {
        clock.0.load(Ordering::Relaxed)
    }

    #[test]
    fn a_clock_that_is_right_enough_is_left_alone() {
        let clock = Clock::default();
        for date in [-3_000, -1_000, 0, 1_000, 2_000] {
            clock.learn(0, 100, date);
            assert_eq!(offset(&clock), 0, "{date}");
        }
    }

    #[test]
    fn a_wrong_clock_is_put_right_and_does_not_jump() {
        let clock = Clock::default();
        clock.learn(0, 100, 600_000);
        assert_eq!(offset(&clock), 600_450);
        clock.learn(1_000, 1_900, 601_000);
        assert_eq!(offset(&clock), 600_450, "the same offset, measured worse");
        clock.learn(5_000, 5_100, 4_000);
        assert_eq!(offset(&clock), 0, "our clock was set");
        clock.learn(HOUR, HOUR + 100, HOUR - 300_000);
        assert_eq!(offset(&clock), -299_550);
        clock.learn(2 * HOUR, 2 * HOUR + 100, 2 * HOUR + 300_000);
        assert_eq!(offset(&clock), 300_450);
    }

    #[test]
    fn an_answer_that_was_long_on_its_way_says_nothing() {
        let clock = Clock::default();
        clock.learn(0, HOUR, 1_000);
        clock.learn(HOUR, 0, 1_000);
        assert_eq!(offset(&clock), 0);
    }

    /// An answer of `status` that was made `ahead` of our own clock.
    fn dated(status: u16, ahead: SignedDuration) -> Rule {
        mock!(Client::get_item).then_http_response(move || {
            let mut answer = HttpResponse::new(status.try_into().unwrap(), SdkBody::from("{}"));
            let date = DateTime::from_secs((Timestamp::now() + ahead).as_second());
            answer.headers_mut().insert("date", date.fmt(Format::HttpDate).unwrap());
            answer
        })
    }

    #[tokio::test]
    async fn answers_set_the_ledgers_clock_also_those_that_refuse() {
        for (status, minutes) in [(200, 7), (200, -7), (400, 7), (200, 0)] {
            let ahead = SignedDuration::from_mins(minutes);
            let rule = dated(status, ahead);
            let clock = Clock::default();
            let client = mock_client!(aws_sdk_dynamodb, RuleMode::Sequential, [&rule], |config| {
                config.interceptor(clock.clone())
            });
            let ledger = Ledger { client, table: "ledger".into(), clock: clock.clone() };
            assert!(ledger.now().duration_since(Timestamp::now()).abs() < SignedDuration::from_secs(1));
            let _ = ledger.get("pk", "sk").await;
            let wrong = ledger.clone().now().duration_since(Timestamp::now() + ahead).abs();
            assert!(wrong < SignedDuration::from_millis(1_500), "{status} {minutes}: {wrong:#}");
            assert_eq!(offset(&clock) == 0, minutes == 0);
        }
    }
}

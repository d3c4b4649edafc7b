//! Probe events: what `rectify doctor` puts on the bus to see whether it comes through to this guard.
//!
//! All that a probe can make a guard do is write one row of a fixed form, which goes within the hour. Who may put one is
//! who may put events on the hub's bus from the hub account; of everybody else's the guard says why it is left alone.

use rectify_aws::ProbeId;
use rectify_controls::{AccountId, Ignored, Kind, Outcome, ResourceKind};
use rectify_event::{Event, OWN_SOURCE};
use serde::Deserialize;

use crate::{Ended, Failure, Guard, Report, Shell};

/// `detail-type` of a probe.
const PROBE: &str = "Probe";

impl<G: Guard> Shell<G> {
    /// Writes down that a probe has arrived; `None` when the event is none.
    pub(crate) async fn answer_probe(&self, event: &Event<'_>) -> Result<Option<Report>, Failure> {
        let Some(probe) = read(event, &self.home, <G::Kind as Kind>::KIND) else { return Ok(None) };
        let outcome = match probe {
            Ok(id) => {
                self.ledger.probe_arrived(&id, <G::Kind as Kind>::KIND).await.map_err(Failure::Ledger)?;
                tracing::info!(probe = %id, "a probe has arrived");
                Outcome::Compliant
            }
            Err(why) => Outcome::Ignored(why),
        };
        let mut report = Report::of(event);
        report.event_name = Some("probe".to_owned());
        report.ended.push(Ended::plain(None, outcome));
        Ok(Some(report))
    }
}

/// A probe's id, or why it is not for the guard of `kind` in account `home`; `None` for any other event.
fn read(event: &Event<'_>, home: &AccountId, kind: ResourceKind) -> Option<Result<ProbeId, Ignored>> {
    #[derive(Deserialize)]
    struct Detail {
        kind: String,
        probe: String,
    }
    let envelope = &event.envelope;
    if envelope.source != OWN_SOURCE || envelope.detail_type != PROBE {
        return None;
    }
    if envelope.account.as_deref() != Some(home.as_str()) {
        return Some(Err(Ignored::Elsewhere("a probe is put by the account this stack runs in".to_owned())));
    }
    let odd = |what: &str| Ignored::NotApplicable(format!("not a probe as this release sends them: {what}"));
    Some(match serde_json::from_str::<Detail>(envelope.detail.get()) {
        Err(_) => Err(odd("its detail is not `kind` and `probe`")),
        Ok(detail) if detail.kind != kind => Err(Ignored::NotOurs),
        Ok(detail) => ProbeId::new(detail.probe).map_err(|error| odd(&error.to_string())),
    })
}

#[cfg(test)]
mod tests {
    use serde_json::{Value, json};

    use super::*;

    fn probe() -> Value {
        json!({
            "source": "rectify", "detail-type": "Probe", "account": "111122223333", "region": "eu-central-1",
            "detail": {"kind": "s3-bucket", "probe": "0f9c-1"},
        })
    }

    fn changed(path: &str, value: Value) -> Option<Result<ProbeId, Ignored>> {
        let mut event = probe();
        *event.pointer_mut(path).unwrap() = value;
        let text = event.to_string();
        read(&Event::parse(&text).unwrap(), &AccountId::new("111122223333").unwrap(), "s3-bucket")
    }

    #[test]
    fn a_probe_of_our_own_is_taken() {
        assert_eq!(changed("/region", json!("us-east-1")).unwrap().unwrap().as_str(), "0f9c-1");
    }

    #[test]
    fn only_a_probe_is_a_probe() {
        for (path, value) in [("/source", "aws.s3"), ("/source", "rectify2"), ("/detail-type", "Sweep")] {
            assert_eq!(changed(path, json!(value)), None, "{path} {value}");
        }
    }

    #[test]
    fn what_is_forged_or_malformed_is_left_alone_and_says_why() {
        for (path, value, says) in [
            ("/account", json!("999999999999"), "put by the account"),
            ("/account", Value::Null, "put by the account"),
            ("/detail/kind", json!("kms-key"), "no control of this kind"),
            ("/detail/kind", json!(["s3-bucket"]), "`kind` and `probe`"),
            ("/detail/probe", json!("a#state"), "letters, digits and hyphens"),
            ("/detail/probe", json!("x".repeat(65)), "letters, digits and hyphens"),
            ("/detail/probe", json!({"S": "x"}), "`kind` and `probe`"),
            ("/detail", json!([]), "`kind` and `probe`"),
        ] {
            let why = changed(path, value.clone()).unwrap().unwrap_err().to_string();
            assert!(why.contains(says), "{path} {value}: {why}");
        }
    }
}

//! One message of a dead-letter queue: an event that did not get through, and why.

use std::{collections::BTreeMap, fmt::Write as _};

use aws_sdk_sqs::types::{Message, MessageSystemAttributeName};
use jiff::Timestamp;
use rectify_controls::{Order, SweepRequest};
use rectify_event::{Event, OWN_SOURCE};
use rectify_render::{Message as Finding, Style, escape};
use serde_json::{Value, json};

use super::Sender;
use crate::{
    kinds::KindEntry,
    moment,
    output::{Text, paint},
};

/// A message.
#[derive(Debug, Clone)]
pub(super) struct Letter {
    pub(super) id: String,
    /// When it came into the queue.
    pub(super) sent: Option<Timestamp>,
    /// `MessageGroupId`: the finding, of a message.
    pub(super) group: Option<String>,
    /// How often it was received, by anybody.
    received: Option<u32>,
    /// Why it is here, in the sender's words: Lambda's `RequestID`, `ErrorCode`, `ErrorMessage` (Lambda developer guide,
    /// "dead-letter queues"), EventBridge's `RULE_ARN`, `TARGET_ARN`, `ERROR_CODE`, `ERROR_MESSAGE` (EventBridge user guide,
    /// "using dead-letter queues to process undelivered events"), or Scheduler's.
    why: BTreeMap<String, String>,
    body: String,
}

impl Letter {
    pub(super) fn of(message: &Message) -> Self {
        let system = |name| message.attributes().and_then(|attributes| attributes.get(&name));
        let sent = system(MessageSystemAttributeName::SentTimestamp).and_then(|ms| ms.parse().ok());
        let why = message.message_attributes().into_iter().flatten();
        Self {
            id: message.message_id().unwrap_or_default().to_owned(),
            sent: sent.and_then(|ms| Timestamp::from_millisecond(ms).ok()),
            group: system(MessageSystemAttributeName::MessageGroupId).cloned(),
            received: system(MessageSystemAttributeName::ApproximateReceiveCount).and_then(|n| n.parse().ok()),
            why: why.filter_map(|(name, value)| Some((name.clone(), value.string_value()?.to_owned()))).collect(),
            body: message.body().unwrap_or_default().to_owned(),
        }
    }

    /// The event: what was to be worked on. `None` when the body is not a JSON object.
    ///
    /// A destination for failed invocations (`OnFailure`) wraps it; a dead-letter queue does not.
    pub(super) fn event(&self) -> Option<Value> {
        let body: Value = serde_json::from_str(&self.body).ok().filter(Value::is_object)?;
        match (body.get("requestContext"), body.get("requestPayload")) {
            (Some(_), Some(inner)) => inner.is_object().then(|| inner.clone()),
            _ => Some(body),
        }
    }

    pub(super) fn body(&self) -> &str {
        &self.body
    }

    /// What it is about: its name, the resource, the account and the region.
    fn about(&self, sender: Sender) -> [Option<String>; 4] {
        match sender {
            Sender::Guard(kind) => self.event_about(kind),
            Sender::Outbox => self.message_about(),
        }
    }

    /// Of a message for the notifier: how the finding ended, and of which control.
    fn message_about(&self) -> [Option<String>; 4] {
        let Ok(finding) = serde_json::from_str::<Finding>(&self.body) else { return [None, None, None, None] };
        let name = format!("{} {}", finding.control.id, finding.outcome);
        [Some(name), Some(finding.resource.arn), Some(finding.account), Some(finding.region)]
    }

    /// Of an event or order for a guard: its name.
    fn event_about(&self, kind: &KindEntry) -> [Option<String>; 4] {
        let Some(value) = self.event() else { return [None, None, None, None] };
        let text = value.to_string();
        if let Ok(order) = serde_json::from_str::<Order>(&text) {
            let word = value.get("rectify").and_then(Value::as_str).map(|word| format!("order to {word}"));
            let resource = match order {
                Order::Look { resource, .. } | Order::Explain { resource } | Order::Undo { resource, .. } => {
                    Some(resource)
                }
                Order::Sweep { account, region, .. } => {
                    return [word, None, Some(account.to_string()), Some(region.to_string())];
                }
                Order::Tend {} | Order::Status {} | Order::Enter { .. } => None,
            };
            let Some(resource) = resource else { return [word, None, None, None] };
            let (account, region) = (resource.account.to_string(), resource.region.to_string());
            return [word, Some(resource.arn.to_string()), Some(account), Some(region)];
        }
        let Ok(event) = Event::parse(&text) else { return [None, None, None, None] };
        if event.envelope.source == OWN_SOURCE
            && let Ok(SweepRequest { account, region, .. }) = serde_json::from_str(event.envelope.detail.get())
        {
            // The envelope says where it was put; what it is about is in the detail.
            let name = event.envelope.detail_type.to_string();
            return [Some(name), None, Some(account.to_string()), Some(region.to_string())];
        }
        let name = event
            .record()
            .map_or_else(|| event.envelope.detail_type.to_string(), |record| record.event_name.to_string());
        let subjects = kind.subjects(&event);
        let owned = |text: &Option<std::borrow::Cow<'_, str>>| text.as_deref().map(str::to_owned);
        let subject = (!subjects.is_empty()).then(|| subjects.join(", "));
        [Some(name), subject, owned(&event.envelope.account), owned(&event.envelope.region)]
    }

    /// The attribute that any of `names` names.
    fn said(&self, names: &[&str]) -> Option<&str> {
        names.iter().find_map(|name| self.why.get(*name)).map(String::as_str)
    }

    fn code(&self) -> Option<&str> {
        self.said(&["ErrorCode", "ERROR_CODE"])
    }

    fn message(&self) -> Option<&str> {
        self.said(&["ErrorMessage", "ERROR_MESSAGE"])
    }

    pub(super) fn json(&self, sender: Sender) -> Value {
        let [event, resource, account, region] = self.about(sender);
        json!({
            "kind": sender.name(),
            "id": self.id,
            "sent": self.sent,
            "received": self.received,
            "event": event,
            "resource": resource,
            "account": account,
            "region": region,
            "error_code": self.code(),
            "error_message": self.message(),
            "attributes": self.why,
            "readable": self.event().is_some(),
            "body": self.body,
        })
    }

    pub(super) fn text(&self, sender: Sender) -> Text {
        let [event, resource, account, region] = self.about(sender);
        let mut text = Text::new();
        let sent = self.sent.map_or_else(|| "at an unknown time".to_owned(), moment::shown);
        let name = match &event {
            Some(name) => paint(Style::Strong, &escape::value(name, 100)),
            None if self.event().is_some() && matches!(sender, Sender::Outbox) => {
                paint(Style::Warn, "a message of an unknown form")
            }
            None if self.event().is_some() => paint(Style::Warn, "an event of an unknown form"),
            None => paint(Style::Bad, "no JSON object"),
        };
        let _ = writeln!(text, "{sent}  {}  {name}", sender.name());
        let line = |text: &mut Text, word: &str, value: &str| {
            let _ = writeln!(text, "  {} {value}", paint(Style::Dim, &format!("{word:<9}")));
        };
        let place = [
            resource.map(|resource| escape::line(&resource, 500)),
            account.map(|account| format!("account {}", escape::value(&account, 40))),
            region.map(|region| escape::value(&region, 40)),
        ];
        let place: Vec<String> = place.into_iter().flatten().collect();
        if !place.is_empty() {
            line(&mut text, "about", &place.join(", "));
        }
        let failed = [self.code(), self.message()].into_iter().flatten().collect::<Vec<_>>().join(": ");
        if !failed.is_empty() {
            line(&mut text, "failed", &escape::value(&failed, 1_000));
        } else if matches!(sender, Sender::Outbox) {
            // SQS moves it without a word about why.
            line(&mut text, "failed", "five times; the notifier's log group says why");
        }
        for (name, word) in [("RequestID", "request"), ("RULE_ARN", "rule"), ("SCHEDULE_ARN", "schedule")] {
            if let Some(value) = self.said(&[name]) {
                line(&mut text, word, &escape::line(value, 300));
            }
        }
        if event.is_none() {
            line(&mut text, "body", &escape::value(&self.body, 200));
        }
        line(&mut text, "message", &escape::line(&self.id, 100));
        text
    }
}

#[cfg(test)]
mod tests {
    use aws_sdk_sqs::types::MessageAttributeValue;

    use super::*;
    use crate::kinds::KINDS;

    const GUARD: Sender = Sender::Guard(&KINDS[0]);

    fn letter(body: &str, attributes: &[(&str, &str)]) -> Letter {
        let mut message = Message::builder()
            .message_id("m-1")
            .body(body)
            .attributes(MessageSystemAttributeName::SentTimestamp, "1795425963000");
        for (name, value) in attributes {
            let value = MessageAttributeValue::builder().data_type("String").string_value(*value).build().unwrap();
            message = message.message_attributes(*name, value);
        }
        Letter::of(&message.build())
    }

    const EVENT: &str = r#"{"source":"aws.s3","detail-type":"AWS API Call via CloudTrail","account":"111122223333",
        "region":"eu-central-1","detail":{"eventSource":"s3.amazonaws.com","eventName":"PutBucketAcl",
        "requestParameters":{"bucketName":"data"}}}"#;

    #[test]
    fn an_event_tells_what_it_is_about_whoever_sent_it() {
        let [name, subject, account, region] = letter(EVENT, &[]).about(GUARD).map(Option::unwrap);
        assert_eq!((name.as_str(), subject.as_str()), ("PutBucketAcl", "bucket data"));
        assert_eq!((account.as_str(), region.as_str()), ("111122223333", "eu-central-1"));

        let wrapped = format!(
            r#"{{"version":"1.0","requestContext":{{"condition":"RetriesExhausted"}},"requestPayload":{EVENT}}}"#
        );
        assert_eq!(letter(&wrapped, &[]).event(), letter(EVENT, &[]).event());

        let order = r#"{"rectify":"look","resource":{"account":"111122223333","region":"eu-central-1","arn":"arn:aws:s3:::data"},"because":"grace"}"#;
        let [name, subject, ..] = letter(order, &[]).about(GUARD);
        assert_eq!((name.as_deref(), subject.as_deref()), (Some("order to look"), Some("arn:aws:s3:::data")));
    }

    #[test]
    fn the_reason_is_lambdas_or_the_rules() {
        let lambda =
            letter(EVENT, &[("ErrorCode", "200"), ("ErrorMessage", "out of\u{1b}[31m time"), ("RequestID", "r-1")]);
        let text = anstream::adapter::strip_str(&lambda.text(GUARD)).to_string();
        assert!(text.contains("failed    200: out of\\u{1b}[31m time") && text.contains("request   r-1"), "{text}");
        let rule = letter(EVENT, &[("ERROR_CODE", "NO_PERMISSIONS"), ("RULE_ARN", "arn:aws:events:x")]);
        assert_eq!(rule.json(GUARD)["error_code"], "NO_PERMISSIONS");
    }

    #[test]
    fn a_message_tells_which_finding_it_is_about() {
        let listed = letter(r#"{"version":"2","text":"of another release"}"#, &[]);
        assert!(
            listed.text(Sender::Outbox).contains("a message of an unknown form"),
            "{}",
            listed.text(Sender::Outbox)
        );
        assert!(listed.text(Sender::Outbox).contains("five times"));
        assert_eq!(listed.json(Sender::Outbox)["kind"], "outbox");
        assert!(letter("no", &[]).text(Sender::Outbox).contains("no JSON object"));
    }

    #[test]
    fn what_is_no_object_is_no_event() {
        for body in ["", "no", "[]", "7", r#""{}""#] {
            assert!(letter(body, &[]).event().is_none(), "{body}");
            assert!(letter(body, &[]).text(GUARD).contains("no JSON object"));
        }
    }
}

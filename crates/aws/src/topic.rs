//! Telling people.

use std::collections::BTreeMap;

use aws_config::SdkConfig;
use aws_sdk_sns::{Client, config::Region, types::MessageAttributeValue};

use crate::{AlsoRetry, AwsFailure};

/// Bytes of a body; SNS takes 262,144 for body, subject and attributes together (Publish, API reference).
const BODY: usize = 250 * 1024;

/// Characters of a subject: «less than 100 characters long» (Publish, API reference).
const SUBJECT: usize = 99;

/// The end of a body that was cut.
const CUT: &str = "\n\n[cut: the message is longer than SNS takes; the ledger has the whole]";

/// An SNS topic.
#[derive(Debug, Clone)]
pub struct Topic {
    client: Client,
    arn: String,
}

/// What is told.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct Message {
    /// The subject of an e-mail. Any text: [`Topic::publish`] makes it fit.
    pub subject: String,
    /// The body. Any text: [`Topic::publish`] cuts it, and says so, when SNS would refuse it.
    pub body: String,
    /// The body is a JSON object with a text per protocol (`MessageStructure` = `json`, Publish API reference). It is not
    /// cut: the caller keeps it short.
    pub per_protocol: bool,
    /// String attributes, for filter policies. SNS refuses empty ones, so those are left out.
    pub attributes: BTreeMap<String, String>,
}

impl Topic {
    /// The topic `arn`, called in the region its ARN names.
    #[must_use]
    pub fn new(config: &SdkConfig, arn: String) -> Self {
        let mut builder = aws_sdk_sns::config::Builder::from(config)
            .retry_classifier(AlsoRetry)
            .retry_partition(crate::every_call_its_tries());
        if let Some(region) = arn.split(':').nth(3).filter(|region| !region.is_empty()) {
            builder.set_region(Some(Region::new(region.to_owned())));
        }
        Self { client: Client::from_conf(builder.build()), arn }
    }

    /// Publishes `message` and returns its id. After the SDK's retries a message can have been sent twice, never lost.
    ///
    /// # Errors
    /// [`AwsFailure`] when SNS did not accept it.
    pub async fn publish(&self, message: &Message) -> Result<String, AwsFailure> {
        let mut call = self.client.publish().topic_arn(&self.arn).subject(subject(&message.subject));
        call = if message.per_protocol {
            call.message(&message.body).message_structure("json")
        } else {
            call.message(body(&message.body))
        };
        for (name, value) in message.attributes.iter().filter(|(_, value)| !value.is_empty()) {
            let value = MessageAttributeValue::builder().data_type("String").string_value(value).build();
            if let Ok(value) = value {
                call = call.message_attributes(name, value);
            }
        }
        let answer = call.send().await.map_err(|error| AwsFailure::new("sns", "Publish", &error))?;
        Ok(answer.message_id.unwrap_or_default())
    }
}

/// One line of printable ASCII, shorter than 100 characters: names in it are chosen by whoever made the resource, and a line
/// break in a subject would be a new header in an e-mail.
fn subject(text: &str) -> String {
    let mut safe = String::with_capacity(SUBJECT);
    for c in text.chars() {
        match c {
            ' '..='~' => safe.push(c),
            c if c.is_control() || c.is_whitespace() => {
                if !safe.ends_with(' ') {
                    safe.push(' ');
                }
            }
            _ => safe.push('?'),
        }
    }
    let safe = safe.trim();
    if safe.is_empty() {
        return "rectify".to_owned();
    }
    if safe.len() <= SUBJECT {
        return safe.to_owned();
    }
    let mut short: String = safe.chars().take(SUBJECT - 3).collect();
    short.push_str("...");
    short
}

/// The text, cut at a character when it is too long. SNS refuses an empty one.
fn body(text: &str) -> String {
    if text.is_empty() {
        return "(no text)".to_owned();
    }
    if text.len() <= BODY {
        return text.to_owned();
    }
    let end = text.floor_char_boundary(BODY - CUT.len());
    let mut short = text.get(..end).unwrap_or_default().to_owned();
    short.push_str(CUT);
    short
}

#[cfg(test)]
mod tests {
    use aws_smithy_mocks::{RuleMode, mock, mock_client};

    use super::*;
    use crate::FailureKind;

    #[test]
    fn a_subject_is_one_short_line_of_ascii() {
        assert_eq!(subject("bucket data\r\nBcc: x@example.com"), "bucket data Bcc: x@example.com");
        assert_eq!(subject("Eimer «größer»\u{202e}"), "Eimer ?gr??er??");
        assert_eq!(subject("\n\t"), "rectify");
        let long = subject(&"x".repeat(300));
        assert_eq!(long.len(), 99);
        assert!(long.ends_with("xxx..."), "{long}");
        assert_eq!(subject(&"x".repeat(99)), "x".repeat(99));
    }

    #[test]
    fn a_long_body_is_cut_at_a_character_and_says_so() {
        let text = "ü".repeat(200_000);
        let cut = body(&text);
        assert!(cut.len() <= 250 * 1024);
        assert!(cut.len() > 250 * 1024 - 4);
        assert!(cut.ends_with(CUT));
        assert_eq!(body("short"), "short");
        assert_eq!(body(""), "(no text)");
    }

    #[tokio::test]
    async fn publish_sends_what_fits_and_returns_the_id() {
        let rule = mock!(Client::publish)
            .match_requests(|call| {
                let attributes = call.message_attributes().unwrap();
                call.topic_arn() == Some("arn:aws:sns:eu-west-1:111122223333:rectify")
                    && call.subject() == Some("a b")
                    && call.message() == Some("text")
                    && attributes.len() == 1
                    && attributes["severity"].string_value() == Some("high")
            })
            .then_output(|| aws_sdk_sns::operation::publish::PublishOutput::builder().message_id("m-1").build());
        let client = mock_client!(aws_sdk_sns, [&rule]);
        let topic = Topic { client, arn: "arn:aws:sns:eu-west-1:111122223333:rectify".into() };
        let message = Message {
            subject: "a\nb".into(),
            body: "text".into(),
            per_protocol: false,
            attributes: [("severity".into(), "high".into()), ("actor".into(), String::new())].into(),
        };
        assert_eq!(topic.publish(&message).await.unwrap(), "m-1");
    }

    #[tokio::test(start_paused = true)]
    async fn a_throttled_topic_is_tried_again_and_then_reported() {
        let rule = mock!(Client::publish)
            .sequence()
            .http_status(429, Some("<ErrorResponse><Error><Code>Throttled</Code></Error></ErrorResponse>".into()))
            .times(3)
            .build();
        let client =
            mock_client!(aws_sdk_sns, RuleMode::Sequential, [&rule], |config| config.retry_classifier(AlsoRetry));
        let topic = Topic { client, arn: "arn:aws:sns:eu-west-1:111122223333:rectify".into() };
        let failure = topic.publish(&Message::default()).await.unwrap_err();
        assert_eq!(failure.kind, FailureKind::Throttled);
        assert_eq!(rule.num_calls(), 3);
    }
}

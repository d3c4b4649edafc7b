//! Where a channel's secret is kept, and what it is.

use std::{fmt, sync::Arc};

use aws_config::SdkConfig;
use rectify_aws::{AwsFailure, Call, Http, Service, Signed};
use serde::Deserialize;
use serde_json::{Value, json};
use tokio::sync::Mutex;

/// A text that is never shown: its `Debug` prints nothing of it.
#[derive(Clone, PartialEq, Eq)]
pub(crate) struct Secret(String);

impl Secret {
    /// The text, for the one place that sends it.
    pub(crate) fn expose(&self) -> &str {
        &self.0
    }
}

impl fmt::Debug for Secret {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("Secret")
    }
}

/// What lets us into Slack.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) enum Access {
    /// An incoming webhook's address: whoever has it can post.
    Webhook(Secret),
    /// A bot's token.
    Bot(Secret),
}

/// Why there is no secret. None of the texts has anything of it.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
pub(crate) enum SecretError {
    #[error("{0}; {help}", help = .0.help())]
    Aws(AwsFailure),
    #[error("the answer has no text: is the secret binary?")]
    NoText,
    #[error(
        "the secret is neither a webhook's address (https://hooks.slack.com/…) nor a bot's token (xoxb-…), nor JSON such as \
         {{\"webhook\": …}} or {{\"token\": …}}"
    )]
    Neither,
}

/// Keeps one secret: read when it is needed first, and again when it did not open the door.
#[derive(Debug)]
pub(crate) struct Keeper {
    arn: String,
    client: Signed,
    api: Arc<str>,
    read: Mutex<Option<Access>>,
}

impl Keeper {
    /// For the secret or parameter `arn`, asked in the region its ARN names. `api` is the base of Slack's Web API.
    pub(crate) fn new(config: &SdkConfig, http: &Http, arn: &str, api: Arc<str>) -> Self {
        let mut parts = arn.split(':').skip(2);
        let service = if parts.next() == Some("ssm") { Service::SSM } else { Service::SECRETS_MANAGER };
        let region = parts.next().unwrap_or_default().to_owned();
        let client = Signed::in_region(config, http, service, region);
        Self { arn: arn.to_owned(), client, api, read: Mutex::default() }
    }

    /// The secret.
    pub(crate) async fn access(&self) -> Result<Access, SecretError> {
        let mut read = self.read.lock().await;
        if let Some(access) = &*read {
            return Ok(access.clone());
        }
        let access = self.fetch().await?;
        *read = Some(access.clone());
        Ok(access)
    }

    /// The secret as it is now, when it is another one than `stale`; `None` when nobody changed it.
    pub(crate) async fn newer_than(&self, stale: &Access) -> Result<Option<Access>, SecretError> {
        let mut read = self.read.lock().await;
        *read = None;
        let access = self.fetch().await?;
        *read = Some(access.clone());
        Ok((access != *stale).then_some(access))
    }

    /// `GetParameter` takes a parameter's ARN as its name (Systems Manager API reference).
    async fn fetch(&self) -> Result<Access, SecretError> {
        let (operation, body, pointer) = if self.arn.split(':').nth(2) == Some("ssm") {
            ("GetParameter", json!({ "Name": self.arn, "WithDecryption": true }), "/Parameter/Value")
        } else {
            ("GetSecretValue", json!({ "SecretId": self.arn }), "/SecretString")
        };
        let call = Call { operation, method: "POST", path: "/", body: &body };
        let answer = self.client.call(&call).await.map_err(SecretError::Aws)?;
        let text = answer.pointer(pointer).and_then(Value::as_str).ok_or(SecretError::NoText)?;
        access(text, &self.api).ok_or(SecretError::Neither)
    }
}

/// Reads a secret's text.
fn access(text: &str, api: &str) -> Option<Access> {
    #[derive(Deserialize)]
    struct Kept {
        #[serde(default)]
        webhook: Option<String>,
        #[serde(default)]
        token: Option<String>,
    }
    let text = text.trim();
    let text = if text.starts_with('{') {
        let kept: Kept = serde_json::from_str(text).ok()?;
        kept.webhook.or(kept.token)?
    } else {
        text.to_owned()
    };
    // Neither an address nor a header takes anything else.
    if !text.bytes().all(|b| b.is_ascii_graphic()) {
        return None;
    }
    if text.starts_with("xox") {
        return Some(Access::Bot(Secret(text)));
    }
    is_webhook(&text, api).then_some(Access::Webhook(Secret(text)))
}

/// A webhook leads to Slack and nowhere else: whoever can change the secret must not be able to send messages about open
/// buckets to a host of their own. `api` is where Slack is when it is not where it always is.
fn is_webhook(url: &str, api: &str) -> bool {
    let elsewhere = api != DEFAULT_API && url.strip_prefix(api).is_some_and(|rest| rest.starts_with('/'));
    elsewhere || ["https://hooks.slack.com/", "https://hooks.slack-gov.com/"].iter().any(|host| url.starts_with(host))
}

/// Base of Slack's Web API (docs.slack.dev/apis/web-api).
pub(crate) const DEFAULT_API: &str = "https://slack.com/api";

#[cfg(test)]
mod tests {
    use crate::testing::{Server, config};

    use super::*;

    const WEBHOOK: &str = "https://hooks.slack.com/services/T0/B0/verysecret";

    #[test]
    fn a_secret_is_a_webhook_or_a_token_bare_or_in_json() {
        let webhook = |text: &str| Some(Access::Webhook(Secret(text.to_owned())));
        assert_eq!(access(WEBHOOK, DEFAULT_API), webhook(WEBHOOK));
        assert_eq!(access(&format!(" {WEBHOOK}\n"), DEFAULT_API), webhook(WEBHOOK));
        assert_eq!(access(&json!({ "webhook": WEBHOOK }).to_string(), DEFAULT_API), webhook(WEBHOOK));
        let bot = Some(Access::Bot(Secret("xoxb-1".to_owned())));
        assert_eq!(access("xoxb-1", DEFAULT_API), bot);
        assert_eq!(access(r#"{"token": "xoxb-1", "note": "a"}"#, DEFAULT_API), bot);
    }

    #[test]
    fn a_webhook_that_leads_elsewhere_is_none() {
        for text in [
            "",
            "{}",
            "{",
            "null",
            "http://hooks.slack.com/services/a",
            "https://hooks.slack.com.evil.example/services/a",
            "https://hooks.slack.com@evil.example/",
            "https://evil.example/https://hooks.slack.com/",
            "https://hooks.slack.com/a b",
            "https://hooks.slack.com/a\r\nx-header: 1",
            "http://127.0.0.1:9/api/hooks",
            "https://slack.com/api/hooks",
            r#"{"webhook": 1}"#,
        ] {
            assert_eq!(access(text, DEFAULT_API), None, "{text}");
        }
        let api = "http://127.0.0.1:9/api";
        assert!(access("http://127.0.0.1:9/api/hooks", api).is_some());
        assert!(access("http://127.0.0.1:9/apixhooks", api).is_none());
        assert!(access("http://127.0.0.1:99/api/hooks", api).is_none());
    }

    #[test]
    fn nothing_of_it_shows() {
        let access = access(WEBHOOK, DEFAULT_API).unwrap();
        assert_eq!(format!("{access:?}"), "Webhook(Secret)");
        assert!(!SecretError::Neither.to_string().contains("verysecret"));
    }

    #[tokio::test]
    async fn it_is_read_once_and_again_only_when_it_failed() {
        let value = |token: &str| json!({"Parameter": {"Value": token}}).to_string();
        let server = Server::start(vec![
            Server::answer(200, "", &value("xoxb-1")),
            Server::answer(200, "", &value("xoxb-1")),
            Server::answer(200, "", &value("xoxb-2")),
        ])
        .await;
        let arn = "arn:aws:ssm:eu-central-1:111122223333:parameter/rectify/slack";
        let keeper = Keeper::new(&config(&server.url), &Http::new(), arn, DEFAULT_API.into());
        let first = keeper.access().await.unwrap();
        assert_eq!(keeper.access().await.unwrap(), first);
        assert_eq!(server.asked().len(), 1);
        assert_eq!(keeper.newer_than(&first).await.unwrap(), None);
        let second = keeper.newer_than(&first).await.unwrap();
        assert_eq!(second, Some(Access::Bot(Secret("xoxb-2".to_owned()))));
        assert_eq!(keeper.access().await.ok(), second);
        let asked = server.asked();
        assert!(asked[0].contains(&format!("\"Name\":\"{arn}\"")), "{}", asked[0]);
        assert!(asked[0].contains("\"WithDecryption\":true") && asked[0].contains("/eu-central-1/ssm/aws4_request"));
    }

    #[tokio::test]
    async fn a_binary_secret_and_a_refusal_say_so() {
        let refused = r#"{"__type":"AccessDeniedException","message":"no"}"#;
        let server = Server::start(vec![
            Server::answer(200, "", r#"{"SecretBinary":"AA=="}"#),
            Server::answer(400, "", refused),
        ])
        .await;
        let arn = "arn:aws:secretsmanager:eu-west-1:111122223333:secret:rectify/slack-AbCdEf";
        let keeper = Keeper::new(&config(&server.url), &Http::new(), arn, DEFAULT_API.into());
        assert_eq!(keeper.access().await, Err(SecretError::NoText));
        let refused = keeper.access().await.unwrap_err().to_string();
        assert!(refused.contains("GetSecretValue") && refused.contains("AccessDeniedException"), "{refused}");
    }
}

//! E-mail by SES, for digests.

use aws_config::SdkConfig;
use rectify_aws::{AwsFailure, Call, Http, Service, Signed};
use serde_json::json;

/// The stack's sender.
#[derive(Debug)]
pub(crate) struct Mailer {
    client: Signed,
    from: String,
}

/// One e-mail; the text is what programs without HTML show.
#[derive(Debug)]
pub(crate) struct Mail<'a> {
    pub(crate) to: &'a [String],
    /// Printable ASCII: a line break would be a header of its own.
    pub(crate) subject: String,
    pub(crate) text: String,
    pub(crate) html: String,
}

impl Mailer {
    pub(crate) fn new(config: &SdkConfig, http: &Http, from: String) -> Self {
        Self { client: Signed::new(config, http, Service::SES), from }
    }

    /// Sends one e-mail to all its readers (SES API reference v2, `SendEmail`).
    pub(crate) async fn send(&self, mail: Mail<'_>) -> Result<(), AwsFailure> {
        let data = |data: String| json!({ "Data": data, "Charset": "UTF-8" });
        let body = json!({
            "FromEmailAddress": self.from,
            "Destination": { "ToAddresses": mail.to },
            "Content": { "Simple": {
                "Subject": data(mail.subject),
                "Body": { "Text": data(mail.text), "Html": data(mail.html) },
            } },
        });
        let call = Call { operation: "SendEmail", method: "POST", path: "/v2/email/outbound-emails", body: &body };
        self.client.call(&call).await.map(drop)
    }
}

#[cfg(test)]
mod tests {
    use crate::testing::{Server, config};
    use serde_json::Value;

    use super::*;

    #[tokio::test]
    async fn an_email_has_both_bodies_and_one_sender() {
        let server = Server::start(vec![Server::answer(200, "", r#"{"MessageId":"1"}"#)]).await;
        let mailer = Mailer::new(&config(&server.url), &Http::new(), "rectify@example.com".to_owned());
        let to = ["a@example.com".to_owned(), "b@example.com".to_owned()];
        let mail = Mail { to: &to, subject: "s".into(), text: "t\n".into(), html: "<p>h</p>".into() };
        mailer.send(mail).await.unwrap();
        let asked = server.asked();
        assert!(asked[0].starts_with("POST /v2/email/outbound-emails ") && asked[0].contains("/ses/aws4_request"));
        let body: Value = serde_json::from_str(asked[0].split_once("\r\n\r\n").unwrap().1).unwrap();
        assert_eq!(body["FromEmailAddress"], "rectify@example.com");
        assert_eq!(body["Destination"]["ToAddresses"], json!(to));
        assert_eq!(body["Content"]["Simple"]["Body"]["Html"]["Data"], "<p>h</p>");
    }

    #[tokio::test]
    async fn a_sender_that_is_not_verified_is_a_refusal_with_its_code() {
        let refusal = Server::answer(
            400,
            "x-amzn-errortype: MessageRejected\r\n",
            r#"{"message":"Email address is not verified."}"#,
        );
        let server = Server::start(vec![refusal]).await;
        let mailer = Mailer::new(&config(&server.url), &Http::new(), "rectify@example.com".to_owned());
        let mail = Mail { to: &[], subject: String::new(), text: String::new(), html: String::new() };
        assert!(mailer.send(mail).await.unwrap_err().code_is("MessageRejected"));
    }
}

//! Security Hub, in the account and region we run in: `BatchImportFindings` takes findings of the calling account only.

use aws_config::SdkConfig;
use jiff::Timestamp;
use rectify_aws::{AwsFailure, Call, FailureKind, Http, Service, Signed, Thread, pause};
use rectify_controls::{AccountId, Partition, Region};
use rectify_render::{Message, asff::Product};
use serde_json::{Value, json};
use std::time::Duration;

/// How often an update is tried of a finding that Security Hub has taken and does not know yet.
const TRIES: usize = 3;

/// The wait between them.
const WAIT: Duration = Duration::from_secs(1);

#[derive(Debug)]
pub(crate) struct SecurityHub {
    client: Signed,
    partition: Partition,
    account: AccountId,
    region: Region,
}

impl SecurityHub {
    pub(crate) fn new(config: &SdkConfig, http: &Http, account: AccountId, region: Region) -> Self {
        let client = Signed::new(config, http, Service::SECURITY_HUB);
        Self { client, partition: region.partition(), account, region }
    }

    /// Imports the finding. Its workflow, which an import cannot change, is told apart: when the finding is over, and when one
    /// that was over is there again.
    pub(crate) async fn import(
        &self,
        message: &Message,
        thread: Option<&Thread>,
        now: Timestamp,
    ) -> Result<(), AwsFailure> {
        let first = thread.and_then(|thread| thread.first).or_else(|| message.at.parse().ok());
        let product = Product {
            partition: self.partition,
            account: self.account.clone(),
            region: self.region.clone(),
            first_seen: first.unwrap_or(now),
        };
        let body = json!({ "Findings": [message.asff(&product)] });
        let import = Call { operation: "BatchImportFindings", method: "POST", path: "/findings/import", body: &body };
        refused(&import, &self.client.call(&import).await?, "/FailedFindings/0")?;
        if !message.closes && !thread.is_some_and(|thread| thread.closed) {
            return Ok(());
        }
        let body = message.asff_update(&product);
        let update =
            Call { operation: "BatchUpdateFindings", method: "PATCH", path: "/findings/batchupdate", body: &body };
        for _ in 1..TRIES {
            match refused(&update, &self.client.call(&update).await?, "/UnprocessedFindings/0") {
                Err(failure) if failure.code_is("FindingNotFound") => pause(WAIT).await,
                result => return result,
            }
        }
        refused(&update, &self.client.call(&update).await?, "/UnprocessedFindings/0")
    }
}

/// What a good answer says was not done: `ErrorCode` and `ErrorMessage` of the one finding we sent.
fn refused(call: &Call<'_>, answer: &Value, at: &str) -> Result<(), AwsFailure> {
    let refused = answer.pointer(at);
    let failed = answer.get("FailedCount").and_then(Value::as_u64).unwrap_or(0);
    if refused.is_none() && failed == 0 {
        return Ok(());
    }
    let text = |key: &str| refused.and_then(|refused| refused.get(key)).and_then(Value::as_str).map(str::to_owned);
    let code = text("ErrorCode");
    let kind = match code.as_deref() {
        Some("InternalException" | "InternalError" | "ConcurrentUpdateError") => FailureKind::Server,
        Some("FindingNotFound") => FailureKind::Other,
        _ => FailureKind::Invalid,
    };
    let message = text("ErrorMessage").or_else(|| Some("no word about the finding".to_owned()));
    Err(AwsFailure { service: "securityhub", operation: call.operation, kind, code, message, request_id: None })
}

#[cfg(test)]
mod tests {
    use crate::testing::{Server, config, message};

    use super::*;

    fn hub(server: &Server) -> SecurityHub {
        let account = AccountId::new("999988887777").unwrap();
        SecurityHub::new(&config(&server.url), &Http::new(), account, Region::new("eu-west-1").unwrap())
    }

    fn now() -> Timestamp {
        "2026-11-28T10:00:00Z".parse().unwrap()
    }

    fn taken() -> String {
        Server::answer(200, "", r#"{"FailedCount":0,"SuccessCount":1,"FailedFindings":[]}"#)
    }

    fn updated() -> String {
        Server::answer(200, "", r#"{"ProcessedFindings":[{"Id":"f-data"}],"UnprocessedFindings":[]}"#)
    }

    fn body(request: &str) -> Value {
        serde_json::from_str(request.split_once("\r\n\r\n").unwrap().1).unwrap()
    }

    #[tokio::test]
    async fn a_finding_is_imported_and_only_its_end_and_its_return_are_updates() {
        let open = Thread { first: Some("2026-01-01T00:00:00Z".parse().unwrap()), ..Thread::default() };
        let over = Thread { closed: true, ..open.clone() };
        for (outcome, thread, workflow) in [
            ("notified", None, None),
            ("notified", Some(&open), None),
            ("resolved", Some(&open), Some("RESOLVED")),
            ("corrected", None, Some("RESOLVED")),
            ("notified", Some(&over), Some("NEW")),
        ] {
            let mut answers = vec![taken()];
            answers.extend(workflow.map(|_| updated()));
            let server = Server::start(answers).await;
            hub(&server).import(&message("data", outcome), thread, now()).await.unwrap();
            let asked = server.asked();
            assert!(asked[0].starts_with("POST /findings/import "), "{}", asked[0]);
            let finding = &body(&asked[0])["Findings"][0];
            assert_eq!((&finding["Id"], &finding["AwsAccountId"]), (&json!("f-data"), &json!("999988887777")));
            let first = if thread.is_some() { "2026-01-01T00:00:00Z" } else { "2026-11-28T09:00:00Z" };
            assert_eq!(finding["CreatedAt"], first);
            assert_eq!(asked.len(), 1 + usize::from(workflow.is_some()), "{outcome}");
            if let Some(workflow) = workflow {
                assert!(asked[1].starts_with("PATCH /findings/batchupdate "), "{}", asked[1]);
                assert_eq!(body(&asked[1])["Workflow"]["Status"], workflow);
            }
        }
    }

    #[tokio::test]
    async fn what_a_good_answer_refuses_is_a_failure() {
        let refusal = json!({"FailedCount": 1, "SuccessCount": 0,
            "FailedFindings": [{"Id": "f-data", "ErrorCode": "InvalidInput", "ErrorMessage": "no"}]});
        let server = Server::start(vec![Server::answer(200, "", &refusal.to_string())]).await;
        let failure = hub(&server).import(&message("data", "notified"), None, now()).await.unwrap_err();
        assert_eq!(failure.to_string(), "could not BatchImportFindings: refused as invalid (InvalidInput)");
        let server = Server::start(vec![Server::answer(200, "", r#"{"FailedCount":1}"#)]).await;
        assert!(hub(&server).import(&message("data", "notified"), None, now()).await.is_err());
    }

    #[tokio::test]
    async fn a_finding_that_is_not_known_yet_is_updated_a_little_later() {
        let unknown = json!({"UnprocessedFindings": [{"ErrorCode": "FindingNotFound", "ErrorMessage": "?"}]});
        let unknown = Server::answer(200, "", &unknown.to_string());
        let server = Server::start(vec![taken(), unknown.clone(), updated()]).await;
        hub(&server).import(&message("data", "corrected"), None, now()).await.unwrap();
        let server = Server::start(vec![taken(), unknown.clone(), unknown.clone(), unknown]).await;
        let failure = hub(&server).import(&message("data", "corrected"), None, now()).await.unwrap_err();
        assert!(failure.code_is("FindingNotFound"), "{failure}");
    }
}

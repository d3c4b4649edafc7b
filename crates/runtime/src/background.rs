//! What is known about the event behind a finding.

use jiff::Timestamp;
use rectify_aws::CorrectionRow;
use rectify_controls::Reopened;
use rectify_event::Event;
use rectify_render::Who;
use serde::{Deserialize, Serialize};
use serde_json::Value;

/// What is known about the event itself, kept in the ledger so that a message can be made again.
#[derive(Debug, Clone, Default, Serialize, Deserialize)]
#[serde(default)]
pub(crate) struct Background {
    pub(crate) environment: String,
    pub(crate) event_id: Option<String>,
    event_name: Option<String>,
    event_time: Option<String>,
    principal: Option<String>,
    session: Option<String>,
    source_ip: Option<String>,
    user_agent: Option<String>,
    /// As people call it, with its version.
    tool: Option<String>,
    /// `ToolClass::as_str`.
    tool_class: Option<String>,
    invoked_by: Option<String>,
    /// From the person to the session, a link each.
    chain: Vec<String>,
}

impl Background {
    pub(crate) fn new(event: &Event<'_>, environment: &str) -> Self {
        let owned = |text: Option<&str>| text.map(str::to_owned);
        let record = event.record();
        let actor = record.map(rectify_event::Record::actor).unwrap_or_default();
        let tool = record.and_then(rectify_event::Record::tool);
        Self {
            environment: environment.to_owned(),
            event_id: owned(record.and_then(|record| record.event_id.as_deref()).or(event.envelope.id.as_deref())),
            event_name: owned(record.map(|record| record.event_name.as_ref())),
            event_time: owned(
                record.and_then(|record| record.event_time.as_deref()).or(event.envelope.time.as_deref()),
            ),
            principal: owned(actor.issuer.or(actor.principal)),
            session: owned(actor.session),
            source_ip: owned(actor.source_ip),
            user_agent: owned(actor.user_agent),
            tool: tool.map(|tool| tool.to_string()),
            tool_class: tool.map(|tool| tool.class.to_string()),
            invoked_by: owned(actor.invoked_by),
            chain: actor.chain.iter().map(ToString::to_string).collect(),
        }
    }

    /// What an order brings along about the change that led to it; nothing when that is not what we once wrote.
    pub(crate) fn of_story(story: Option<Value>, environment: &str) -> Self {
        let told = story.and_then(|story| serde_json::from_value::<Self>(story).ok()).unwrap_or_default();
        Self { environment: environment.to_owned(), ..told }
    }

    /// What a row keeps about the change that led to it.
    pub(crate) fn of_row(row: &CorrectionRow, environment: &str) -> Self {
        let kept =
            row.ahead.actor.parse::<Value>().ok().and_then(|mut actor| Some(actor.get_mut("background")?.take()));
        Self::of_story(kept, environment)
    }

    /// Who made a correction necessary, for the count of reversals.
    pub(crate) fn reopened(&self, at: Timestamp) -> Reopened {
        // Names are the caller's to choose, and fifty of these are kept in one row.
        let by = self.principal.as_deref().map(|principal| rectify_render::escape::cut(principal, 200));
        Reopened { at, by, tool: self.tool.clone() }
    }

    /// Who it was, for a message.
    pub(crate) fn who(&self) -> Who<'_> {
        Who {
            principal: self.principal.as_deref(),
            session: self.session.as_deref(),
            source_ip: self.source_ip.as_deref(),
            user_agent: self.user_agent.as_deref(),
            tool: self.tool.as_deref(),
            tool_class: self.tool_class.as_deref(),
            invoked_by: self.invoked_by.as_deref(),
            chain: self.chain.iter().map(String::as_str).collect(),
            event_name: self.event_name.as_deref(),
            event_id: self.event_id.as_deref(),
            event_time: self.event_time.as_deref(),
        }
    }
}

#[cfg(test)]
mod tests {
    use rectify_event::Event;
    use serde_json::json;

    use super::Background;

    /// What the ledger keeps is enough to tell the same again: also who stood behind the session, and what comes first among
    /// the ways to fix it.
    #[test]
    fn tool_and_chain_come_back_from_the_ledger() {
        let text = json!({
            "source": "aws.s3", "detail-type": "AWS API Call via CloudTrail", "account": "111122223333",
            "detail": {
                "eventSource": "s3.amazonaws.com", "eventName": "PutBucketAcl", "sourceIPAddress": "cloudformation.amazonaws.com",
                "userAgent": "cloudformation.amazonaws.com",
                "userIdentity": {
                    "type": "AssumedRole", "accountId": "111122223333", "invokedBy": "cloudformation.amazonaws.com",
                    "arn": "arn:aws:sts::111122223333:assumed-role/cdk-hnb659fds-cfn-exec-role-1-eu-west-1/AWSCloudFormation",
                    "sessionContext": {"sessionIssuer": {
                        "type": "Role", "accountId": "111122223333", "userName": "cdk-hnb659fds-cfn-exec-role-1-eu-west-1",
                        "arn": "arn:aws:iam::111122223333:role/cdk-hnb659fds-cfn-exec-role-1-eu-west-1",
                    }},
                },
            },
        })
        .to_string();
        let background = Background::new(&Event::parse(&text).unwrap(), "production");
        let kept = Background::of_story(serde_json::to_value(&background).ok(), "production");
        let who = kept.who();
        assert_eq!((who.tool, who.tool_class), (Some("CDK"), Some("cdk")));
        assert_eq!(
            who.chain,
            [
                "role cdk-hnb659fds-cfn-exec-role-1-eu-west-1 in 111122223333",
                "session AWSCloudFormation",
                "cloudformation.amazonaws.com"
            ]
        );
        assert_eq!(who, background.who());
        assert_eq!(kept.reopened(jiff::Timestamp::UNIX_EPOCH).tool.as_deref(), Some("CDK"));
    }

    #[test]
    fn a_row_of_a_release_without_tool_and_chain_is_read() {
        let row =
            json!({"environment": "old", "session": "alice", "user_agent": "APN/1.0 HashiCorp/1.0 Terraform/1.9.5"});
        let background = Background::of_story(Some(row), "production");
        let who = background.who();
        assert_eq!((who.session, who.tool, who.tool_class, who.chain.len()), (Some("alice"), None, None, 0));
        assert!(who.user_agent.is_some_and(|agent| agent.contains("Terraform")), "shown instead of the tool");
    }
}

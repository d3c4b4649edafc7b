//! Who made a change, as the ledger keeps it.

use rectify_render::escape;
use serde::{Deserialize, Serialize};

/// What is known about the event behind a finding. All of it comes from outside.
#[derive(Debug, Clone, Default, PartialEq, Eq, Deserialize, Serialize)]
#[serde(default)]
pub(crate) struct Background {
    pub(crate) environment: Option<String>,
    pub(crate) event_id: Option<String>,
    pub(crate) event_name: Option<String>,
    pub(crate) event_time: Option<String>,
    pub(crate) principal: Option<String>,
    pub(crate) session: Option<String>,
    pub(crate) source_ip: Option<String>,
    pub(crate) user_agent: Option<String>,
    pub(crate) tool: Option<String>,
    pub(crate) tool_class: Option<String>,
    pub(crate) invoked_by: Option<String>,
    pub(crate) chain: Vec<String>,
}

impl Background {
    /// The tool behind the call, as far as the event told, escaped; `None` in rows of releases that did not keep it.
    pub(crate) fn tool(&self) -> Option<String> {
        self.tool.as_deref().map(|tool| escape::value(tool, 100))
    }

    /// The principal and the session, escaped; `None` when neither is known.
    pub(crate) fn who(&self) -> Option<String> {
        let principal = self.principal.as_deref().map(|arn| escape::line(arn, 300));
        let session = self.session.as_deref().map(|session| escape::value(session, 100));
        match (principal, session) {
            (Some(principal), Some(session)) => Some(format!("{principal}, session {session}")),
            (Some(principal), None) => Some(principal),
            (None, Some(session)) => Some(format!("session {session}")),
            (None, None) => self.invoked_by.as_deref().map(|service| escape::value(service, 100)),
        }
    }

    /// One line, escaped: who, with what, by which call, from where. `None` when nothing is known.
    pub(crate) fn line(&self) -> Option<String> {
        let tool = self.tool().map(|tool| format!("with {tool}"));
        let call = self.event_name.as_deref().map(|name| format!("call {}", escape::value(name, 100)));
        let from = self.source_ip.as_deref().map(|ip| format!("from {}", escape::value(ip, 100)));
        let parts: Vec<String> = [self.who(), tool, call, from].into_iter().flatten().collect();
        (!parts.is_empty()).then(|| parts.join(", "))
    }

    /// For machines.
    pub(crate) fn json(&self) -> serde_json::Value {
        let mut json = serde_json::to_value(self).unwrap_or_default();
        if let Some(members) = json.as_object_mut() {
            members.remove("environment");
        }
        json
    }
}

#[cfg(test)]
mod tests {
    use super::Background;

    #[test]
    fn who_and_with_what_is_one_harmless_line() {
        let actor = Background {
            principal: Some("arn:aws:iam::111122223333:role/deploy".to_owned()),
            session: Some("alice\u{1b}[31m".to_owned()),
            event_name: Some("PutBucketAcl".to_owned()),
            tool: Some("Terraform 1.9.5".to_owned()),
            source_ip: Some("203.0.113.7".to_owned()),
            ..Background::default()
        };
        assert_eq!(
            actor.line().unwrap(),
            "arn:aws:iam::111122223333:role/deploy, session alice\\u{1b}[31m, with Terraform 1.9.5, call PutBucketAcl, from 203.0.113.7"
        );
        assert_eq!(Background::default().line(), None);
        let service = Background {
            invoked_by: Some("cloudformation.amazonaws.com".to_owned()),
            tool: Some("CloudFormation".to_owned()),
            ..Background::default()
        };
        assert_eq!(service.line().unwrap(), "cloudformation.amazonaws.com, with CloudFormation");
    }
    /// What a release before wrote has neither tool nor chain; what one to come writes may have more.
    #[test]
    fn a_row_of_another_release_is_read() {
        let before: Background =
            serde_json::from_str(r#"{"session": "alice", "user_agent": "Terraform/1.9.5"}"#).unwrap();
        assert_eq!(before.line().unwrap(), "session alice");
        let later = r#"{"tool": "CDK 2.150.0", "tool_class": "cdk", "chain": ["GitHub Actions (OIDC)"], "more": 1}"#;
        let later: Background = serde_json::from_str(later).unwrap();
        assert_eq!(later.line().unwrap(), "with CDK 2.150.0");
        assert_eq!(later.json()["chain"], serde_json::json!(["GitHub Actions (OIDC)"]));
    }
}

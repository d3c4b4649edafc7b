//! Findings for security lakes: the Open Cybersecurity Schema Framework.
//!
//! Class «Compliance Finding» (`class_uid` 2003) of OCSF 1.4.0 with the profile `cloud` (github.com/ocsf/ocsf-schema:
//! `events/findings/compliance_finding.json`, `events/findings/finding.json`, `objects/`, `profiles/cloud.json`). The class has no
//! actor of its own: who made the call stands in `evidences`, which the class has since 1.4.0. What OCSF has no place for is in
//! `unmapped`.

use jiff::Timestamp;
use rectify_controls::{Control, Severity};
use serde_json::{Map, Value, json};

use crate::{
    Message, Standing, asff, console,
    email::{capital, stop},
    escape,
    wording::{self, End},
};

/// Of the schema.
const VERSION: &str = "1.4.0";
/// «Findings».
const CATEGORY: u32 = 2;
/// «Compliance Finding».
const CLASS: u32 = 2003;
/// Longest text from outside; ARNs can be longer. What a rectify made is bounded before, this is for what others did: an entry
/// on an EventBridge bus has 262,144 bytes.
const TEXT: usize = 1_000;
/// Longest ARN (IAM API reference, `arnType`).
const ARN: usize = 2_048;
/// Longest piece of evidence or change, and most of them.
const ITEM: usize = 600;
const ITEMS: usize = 32;

impl Message {
    /// The finding as one OCSF event. The same finding has the same `finding_info.uid` for ever; `metadata.uid` is the
    /// message's.
    #[must_use]
    pub fn ocsf(&self) -> Value {
        let end = wording::end(self);
        let outcome = self.outcome.to_ascii_lowercase();
        let (activity, activity_name) = match end {
            End::Right | End::Accepted => (3, "Close"),
            End::Open if self.repeats > 0 || self.undone.is_some() || self.is_about_an_exemption() => (2, "Update"),
            End::Open => (1, "Create"),
        };
        let (status, status_name) = match end {
            End::Right => (4, "Resolved"),
            End::Accepted => (3, "Suppressed"),
            End::Open if outcome == "deferred" => (2, "In Progress"),
            End::Open => (1, "New"),
        };
        let (severity, severity_name) = match self.severity {
            Severity::Low => (2, "Low"),
            Severity::Medium => (3, "Medium"),
            Severity::High => (4, "High"),
            Severity::Critical => (5, "Critical"),
        };
        let mut event = json!({
            "activity_id": activity,
            "activity_name": activity_name,
            "category_uid": CATEGORY,
            "category_name": "Findings",
            "class_uid": CLASS,
            "class_name": "Compliance Finding",
            "type_uid": CLASS * 100 + activity,
            "type_name": format!("Compliance Finding: {activity_name}"),
            "time": self.ocsf_time(),
            "severity_id": severity,
            "severity": severity_name,
            "status_id": status,
            "status": status_name,
            "status_code": text(&self.outcome),
            "message": format!("{}.", text(stop(&capital(&self.summary)))),
            "metadata": {
                "version": VERSION,
                "uid": text(&self.id),
                "profiles": ["cloud"],
                "product": { "name": "rectify", "vendor_name": "rectify", "version": env!("CARGO_PKG_VERSION") },
                "log_name": "rectify",
            },
            "cloud": self.ocsf_cloud(),
            "finding_info": self.ocsf_finding(),
            "compliance": self.ocsf_compliance(end),
            "resources": [self.ocsf_resource()],
            "unmapped": {
                "environment": text(&self.environment),
                "mode": wording::mode(self.mode),
                "state": self.state,
                "alarm": self.alarm,
                "repeats": self.repeats,
                "changes": self.changes.iter().take(ITEMS).map(|change| escape::line(change, ITEM)).collect::<Vec<_>>(),
                "proof": text(self.proof.as_deref().unwrap_or_default()),
                "took_ms": self.took_ms.unwrap_or_default(),
                "correction": text(self.correction.as_deref().unwrap_or_default()),
            },
        });
        if let Some(event) = event.as_object_mut() {
            event.extend(self.ocsf_evidences().map(|evidences| ("evidences".to_owned(), evidences)));
            event.extend(self.ocsf_remediation().map(|remediation| ("remediation".to_owned(), remediation)));
            let detail = self.why.as_deref().map(|why| ("status_detail".to_owned(), json!(text(why))));
            event.extend(detail);
        }
        event
    }

    /// Milliseconds since 1970; of the message, or of the call when it does not say.
    fn ocsf_time(&self) -> i64 {
        let event = || self.actor.event_time.as_deref().and_then(|time| time.parse::<Timestamp>().ok());
        self.said_at().or_else(event).map_or(0, Timestamp::as_millisecond)
    }

    fn ocsf_cloud(&self) -> Value {
        let mut account = json!({ "uid": text(&self.account), "type_id": 10, "type": "AWS Account" });
        if let (Some(account), Some(name)) = (account.as_object_mut(), &self.account_name) {
            account.insert("name".to_owned(), json!(text(name)));
        }
        let mut cloud = json!({ "provider": "AWS", "region": text(&self.region), "account": account });
        let partition = console::parts(&self.resource.arn).map(|parts| text(parts.partition));
        if let (Some(cloud), Some(partition)) = (cloud.as_object_mut(), partition) {
            cloud.insert("cloud_partition".to_owned(), json!(partition));
        }
        cloud
    }

    fn ocsf_finding(&self) -> Value {
        let uid = if self.finding.is_empty() { &self.id } else { &self.finding };
        let mut finding = json!({
            "uid": text(uid),
            "title": text(&self.control.title),
            "desc": text(&self.summary),
            "types": ["Software and Configuration Checks"],
            "analytic": { "type_id": 1, "type": "Rule", "uid": text(&self.control.id), "name": text(&self.control.title) },
            "modified_time": self.ocsf_time(),
        });
        let link = console::link(&self.resource.arn, &self.account, &self.region);
        if let (Some(finding), Some(link)) = (finding.as_object_mut(), link) {
            finding.insert("src_url".to_owned(), json!(link));
        }
        finding
    }

    fn ocsf_compliance(&self, end: End) -> Value {
        let (status, name) = match (end, self.state) {
            (End::Right, _) => (1, "Pass"),
            (_, Standing::Unverifiable) => (2, "Warning"),
            _ => (3, "Fail"),
        };
        let mut standards: Vec<String> = (self.control.frameworks.iter().take(ITEMS))
            .map(|requirement| {
                escape::line(requirement.rsplit_once(' ').map_or(requirement.as_str(), |(name, _)| name), 200)
            })
            .collect();
        standards.dedup();
        standards.push("rectify".to_owned());
        json!({
            "control": text(&self.control.id),
            "standards": standards,
            "requirements": self.control.frameworks.iter().take(ITEMS).map(|requirement| escape::line(requirement, 200)).collect::<Vec<_>>(),
            "status_id": status,
            "status": name,
            "status_details": [text(&wording::of(self).sentence)],
        })
    }

    fn ocsf_resource(&self) -> Value {
        let mut resource = json!({
            "uid": escape::line(&self.resource.arn, ARN),
            "name": text(&self.resource.name),
            "region": text(&self.region),
        });
        if let Some(resource) = resource.as_object_mut() {
            if let Some(parts) = console::parts(&self.resource.arn) {
                resource.insert("cloud_partition".to_owned(), json!(text(parts.partition)));
                resource.insert("type".to_owned(), json!(asff::resource_type(&parts)));
            }
            if let Some(owner) = self.owner.as_deref().filter(|owner| !owner.is_empty()) {
                resource.insert("owner".to_owned(), json!({ "name": text(owner) }));
            }
        }
        resource
    }

    fn ocsf_remediation(&self) -> Option<Value> {
        let guidance = text(&self.control.guidance.replace('\n', " "));
        if guidance.is_empty() {
            return None;
        }
        let references: Vec<String> = Control::page_of(&self.control.id).into_iter().collect();
        Some(json!({ "desc": guidance, "references": references }))
    }

    /// Who called what, and what exactly offends. `None` when nothing is known: an evidence has at least one of them.
    fn ocsf_evidences(&self) -> Option<Value> {
        let who = &self.actor;
        let mut evidence = Map::new();
        let mut actor = Map::new();
        if let Some(principal) = &who.principal {
            actor.insert("user".to_owned(), json!({ "uid": text(principal) }));
        }
        if let Some(session) = &who.session {
            actor.insert("session".to_owned(), json!({ "uid": text(session) }));
        }
        if let Some(app) = who.tool.as_ref().or(who.invoked_by.as_ref()) {
            actor.insert("app_name".to_owned(), json!(text(app)));
        }
        if let Some(by) = &who.invoked_by {
            actor.insert("app_uid".to_owned(), json!(text(by)));
        }
        if !actor.is_empty() {
            evidence.insert("actor".to_owned(), Value::Object(actor));
        }
        if let Some(operation) = who.event_name.as_deref().filter(|name| !name.is_empty()) {
            let mut api = json!({ "operation": text(operation) });
            if let (Some(api), Some(id)) = (api.as_object_mut(), &who.event_id) {
                api.insert("request".to_owned(), json!({ "uid": text(id) }));
            }
            evidence.insert("api".to_owned(), api);
        }
        if let Some(source) = who.source_ip.as_deref().filter(|source| !source.is_empty()) {
            // An address, or the name of the AWS service that called.
            let name = if source.parse::<std::net::IpAddr>().is_ok() { "ip" } else { "name" };
            evidence.insert("src_endpoint".to_owned(), json!({ name: text(source) }));
        }
        if let Some(agent) = &who.user_agent {
            evidence.insert("http_request".to_owned(), json!({ "user_agent": text(agent) }));
        }
        let pieces: Vec<Value> = (self.evidence.iter().take(ITEMS))
            .map(|piece| json!({ "what": escape::line(&piece.what, 60), "value": escape::line(&piece.value, ITEM) }))
            .collect();
        if !pieces.is_empty() {
            evidence.insert("data".to_owned(), json!({ "evidence": pieces, "omitted": self.evidence_omitted }));
        }
        // `http_request` alone is no evidence in the sense of the schema.
        let any = ["actor", "api", "src_endpoint", "data"].iter().any(|name| evidence.contains_key(*name));
        any.then(|| json!([evidence]))
    }
}

/// `text` from outside: hidden characters visible, links left alone, because a machine compares it.
fn text(text: &str) -> String {
    escape::line(text, TEXT)
}

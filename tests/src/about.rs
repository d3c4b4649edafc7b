//! What happened to one resource, out of a world in which much happens.

use serde_json::Value;

use crate::{End, Stage};

/// Everything that the guards made of one resource.
#[derive(Debug)]
pub struct About {
    /// Ends with a finding, as (control, outcome), sorted; the ends of compliant looks are not among them.
    pub found: Vec<(String, String)>,
    /// Messages, as (control, outcome, severity), sorted.
    pub told: Vec<(String, String, String)>,
    /// Guards' writes to it, as operation names, in order.
    pub writes: Vec<String>,
    /// The ledger's corrections, oldest first.
    pub corrections: Vec<Value>,
    /// The ledger's findings.
    pub findings: Vec<Value>,
    /// Every end, in order.
    pub ends: Vec<End>,
    /// Every message, in order.
    pub messages: Vec<Value>,
}

impl Stage {
    /// What happened to the resource whose ARN ends with `name`, since the records were cleared; the ledger forgets nothing.
    pub async fn about(&self, name: &str) -> About {
        let ends: Vec<End> =
            self.ends().into_iter().filter(|end| is_about(&text(&end.all["resource"]), name)).collect();
        let mut found: Vec<(String, String)> = ends
            .iter()
            .filter(|end| !end.control.is_empty())
            .map(|end| (end.control.clone(), end.outcome.clone()))
            .collect();
        found.sort();
        let messages: Vec<Value> =
            self.told("").into_iter().filter(|told| is_about(&text(&told["resource"]["arn"]), name)).collect();
        let mut told: Vec<_> = messages
            .iter()
            .map(|told| (text(&told["control"]["id"]), text(&told["outcome"]), text(&told["severity"])))
            .collect();
        told.sort();
        let rows: Vec<Value> =
            self.ledger().await.into_iter().filter(|row| is_about(&text(&row["pk"]), name)).collect();
        let with = |prefix: &str| -> Vec<Value> {
            let mut rows: Vec<Value> =
                rows.iter().filter(|row| text(&row["sk"]).starts_with(prefix)).cloned().collect();
            rows.sort_by_key(|row| text(&row["sk"]));
            rows
        };
        About {
            writes: self.writes_to(name),
            corrections: with("correction#"),
            findings: with("finding#"),
            found,
            told,
            ends,
            messages,
        }
    }

    fn writes_to(&self, name: &str) -> Vec<String> {
        let account_block = |service: &str| service == "s3control" && name == "public-access-block";
        self.world
            .calls()
            .into_iter()
            .filter(crate::corrects)
            .filter(|call| is_about(&call.resource, name) || account_block(&call.service))
            .map(|call| call.operation)
            .collect()
    }
}

impl About {
    /// Whether nobody was told and nothing was written or recorded.
    pub fn is_untouched(&self) -> bool {
        self.found.is_empty() && self.told.is_empty() && self.writes.is_empty() && self.corrections.is_empty()
    }

    /// A JSON document in the newest correction.
    ///
    /// # Panics
    /// When there is no correction.
    pub fn kept(&self, document: &str) -> Value {
        let row = self.corrections.last().expect("there is a correction");
        serde_json::from_str(row[document].as_str().expect("a document is text")).expect("a document is JSON")
    }
}

fn is_about(arn: &str, name: &str) -> bool {
    arn.rsplit([':', '/']).next() == Some(name)
}

fn text(value: &Value) -> String {
    value.as_str().unwrap_or_default().to_owned()
}

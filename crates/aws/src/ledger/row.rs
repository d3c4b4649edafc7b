//! Reading rows back.

use std::collections::HashMap;

use aws_sdk_dynamodb::types::AttributeValue;
use jiff::Timestamp;
use rectify_controls::Fingerprint;
use serde::de::DeserializeOwned;

use super::types::{CorrectionId, CorrectionRow, Json, Lease, WriteAhead};
use crate::{AwsFailure, FailureKind};

/// The sort key of a correction.
pub(super) fn correction_key(id: &CorrectionId) -> String {
    format!("correction#{id}")
}

/// The sort key of a finding.
pub(super) fn finding_key(control: &str, fingerprint: &Fingerprint) -> String {
    format!("finding#{control}#{fingerprint}")
}

/// One row. Anything missing or of another type is an error that names the attribute: a ledger that is not as we wrote it
/// is never read as «nothing happened».
#[derive(Debug, Clone)]
pub(super) struct Row(pub(super) HashMap<String, AttributeValue>);

impl Row {
    pub(super) fn lease(&self) -> Result<Lease, AwsFailure> {
        Ok(Lease {
            correction: self.id("correction")?,
            controls: self.parsed("controls")?,
            request: self.text("request")?.to_owned(),
            event: self.text("event")?.to_owned(),
            until: self.time("until")?,
            closed_at: self.time_if_any("closed_at")?,
        })
    }

    pub(super) fn correction(&self) -> Result<CorrectionRow, AwsFailure> {
        Ok(CorrectionRow {
            ahead: WriteAhead {
                id: self.id("correction")?,
                kind: self.text("kind")?.to_owned(),
                controls: self.parsed("controls")?,
                fingerprints: self.parsed("fingerprints")?,
                facts_before: self.parsed("facts_before")?,
                plan: self.parsed("plan")?,
                inverse: self.parsed("inverse")?,
                actor: self.parsed("actor")?,
                event: self.text("event")?.to_owned(),
                request: self.text("request")?.to_owned(),
            },
            status: self.text("status")?.to_owned(),
            claimed_at: self.time("claimed_at")?,
            outcome: self.json_if_any("outcome")?,
            proof: self.json_if_any("proof")?,
            closed_at: self.time_if_any("closed_at")?,
        })
    }

    pub(super) fn text(&self, name: &str) -> Result<&str, AwsFailure> {
        self.0.get(name).and_then(|value| value.as_s().ok()).map(String::as_str).ok_or_else(|| odd(name))
    }

    pub(super) fn number(&self, name: &str) -> Result<i64, AwsFailure> {
        self.0.get(name).and_then(|value| value.as_n().ok()).and_then(|n| n.parse().ok()).ok_or_else(|| odd(name))
    }

    pub(super) fn time(&self, name: &str) -> Result<Timestamp, AwsFailure> {
        Timestamp::from_millisecond(self.number(name)?).map_err(|_| odd(name))
    }

    fn time_if_any(&self, name: &str) -> Result<Option<Timestamp>, AwsFailure> {
        if self.0.contains_key(name) { self.time(name).map(Some) } else { Ok(None) }
    }

    fn parsed<T: DeserializeOwned>(&self, name: &str) -> Result<T, AwsFailure> {
        serde_json::from_str(self.text(name)?).map_err(|_| odd(name))
    }

    fn json_if_any(&self, name: &str) -> Result<Option<Json>, AwsFailure> {
        if self.0.contains_key(name) { self.parsed(name).map(Some) } else { Ok(None) }
    }

    fn id(&self, name: &str) -> Result<CorrectionId, AwsFailure> {
        CorrectionId::try_from(self.text(name)?.to_owned()).map_err(|_| odd(name))
    }
}

fn odd(name: &str) -> AwsFailure {
    AwsFailure {
        service: "dynamodb",
        operation: "read the ledger",
        kind: FailureKind::Other,
        code: None,
        message: Some(format!("a row has no usable attribute `{name}`")),
        request_id: None,
    }
}

//! Reading rows back.

use std::collections::HashMap;

use aws_sdk_dynamodb::types::AttributeValue;
use jiff::Timestamp;
use rectify_controls::{AccountFacts, AccountId, Deferral, Exemption, Fingerprint, Reach, Reopened, Switch};
use serde::de::{DeserializeOwned, IntoDeserializer, value::StrDeserializer};

use super::{
    ids::{CorrectionId, ResourceKey},
    types::{CorrectionRow, Json, Lease, WriteAhead},
};
use crate::{AwsFailure, FailureKind};

/// The sort key of a resource's lease.
pub(super) const LEASE: &str = "state#lease";

/// The sort key of a correction or undo.
pub(super) fn correction_key(id: &CorrectionId) -> String {
    format!("correction#{id}")
}

/// The sort key of a finding.
pub(super) fn finding_key(control: &str, fingerprint: &Fingerprint) -> String {
    format!("finding#{control}#{fingerprint}")
}

/// The sort key of a breach that is waited for.
pub(super) fn deferral_key(control: &str) -> String {
    format!("state#deferral#{control}")
}

/// The sort key of a control's latest corrections of a resource.
pub(super) fn tug_key(control: &str) -> String {
    format!("state#tug#{control}")
}

/// The sort key of a finding that was told and has not ended.
pub(super) fn open_key(control: &str) -> String {
    format!("state#open#{control}")
}

/// The partition of what stands for one account, or for all of them.
pub(super) fn standing_key(account: Option<&AccountId>) -> String {
    account.map_or_else(|| "standing".to_owned(), |account| format!("standing#{account}"))
}

/// The key of a switch.
pub(super) fn switch_key(reach: &Reach) -> (String, String) {
    match reach {
        Reach::All => (standing_key(None), "switch#all".to_owned()),
        Reach::Control(id) => (standing_key(None), format!("switch#control#{id}")),
        Reach::Account(account) => (standing_key(Some(account)), "switch#account".to_owned()),
    }
}

/// The sort key of an exemption.
pub(super) fn exemption_key(id: &str) -> String {
    format!("exemption#{id}")
}

/// The key of an hour's counter; `None` for all accounts together.
pub(super) fn budget_key(control: &str, account: Option<&AccountId>, now: Timestamp) -> String {
    let account = account.map_or("everywhere", AccountId::as_str);
    format!("budget#{control}#{account}#{}", now.strftime("%Y-%m-%dT%H"))
}

/// The feed of the corrections that were claimed on the UTC day of `at`.
pub(super) fn corrections_of_day(at: Timestamp) -> String {
    format!("correction#{}", at.strftime("%Y-%m-%d"))
}

/// The feed of the findings with this outcome.
pub(super) fn findings_of(outcome: &str) -> String {
    format!("finding#{outcome}")
}

/// One row. Anything missing or of another type is an error that names the attribute: a ledger that is not as we wrote it
/// is never read as «nothing happened».
#[derive(Debug, Clone, Default)]
pub(super) struct Row(pub(super) HashMap<String, AttributeValue>);

impl Row {
    pub(super) fn lease(&self) -> Result<Lease, AwsFailure> {
        Ok(Lease {
            correction: self.id("correction")?,
            controls: self.parsed("controls")?,
            request: self.text("request")?.to_owned(),
            event: self.text("event")?.to_owned(),
            started_at: self.time("started_at")?,
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
                undoes: self.id_if_any("undoes")?,
            },
            status: self.text("status")?.to_owned(),
            claimed_at: self.time("claimed_at")?,
            outcome: self.json_if_any("outcome")?,
            proof: self.json_if_any("proof")?,
            facts_after: self.json_if_any("facts_after")?,
            closed_at: self.time_if_any("closed_at")?,
            undone_by: self.id_if_any("undone_by")?,
            undone_at: self.time_if_any("undone_at")?,
        })
    }

    pub(super) fn deferral(&self) -> Result<Deferral, AwsFailure> {
        Ok(Deferral { since: self.time("since")?, due: self.time("due")? })
    }

    /// The latest corrections, and their text as it stands.
    pub(super) fn recent(&self) -> Result<Option<(Vec<Reopened>, String)>, AwsFailure> {
        if !self.0.contains_key("recent") {
            return Ok(None);
        }
        Ok(Some((self.parsed("recent")?, self.text("recent")?.to_owned())))
    }

    /// A switch. That its row exists is what pauses: what it says is for people, and may be missing.
    pub(super) fn switch(&self) -> Result<Switch, AwsFailure> {
        let sk = self.text("sk")?;
        let reach = match (sk.strip_prefix("switch#"), self.text("pk")?.split_once('#')) {
            (Some("all"), None) => Reach::All,
            (Some("account"), Some((_, account))) => {
                Reach::Account(AccountId::new(account).map_err(|_| unusable("pk"))?)
            }
            (Some(rest), None) => {
                let control = rest.strip_prefix("control#").ok_or_else(|| unusable("sk"))?;
                Reach::Control(control.to_owned())
            }
            _ => return Err(unusable("sk")),
        };
        Ok(Switch {
            reach,
            reason: self.text("reason").unwrap_or("no reason recorded").to_owned(),
            by: self.text("by").unwrap_or("nobody recorded").to_owned(),
            paused_at: self.time("paused_at").unwrap_or(Timestamp::UNIX_EPOCH),
        })
    }

    pub(super) fn exemption(&self) -> Result<Exemption, AwsFailure> {
        self.parsed("exemption")
    }

    pub(super) fn account_facts(&self) -> Result<AccountFacts, AwsFailure> {
        self.parsed("facts")
    }

    pub(super) fn key(&self) -> Result<ResourceKey, AwsFailure> {
        self.text("pk")?.parse().map_err(|_| unusable("pk"))
    }

    pub(super) fn text(&self, name: &str) -> Result<&str, AwsFailure> {
        self.0.get(name).and_then(|value| value.as_s().ok()).map(String::as_str).ok_or_else(|| unusable(name))
    }

    pub(super) fn text_if_any(&self, name: &str) -> Result<Option<String>, AwsFailure> {
        if self.0.contains_key(name) { self.text(name).map(|text| Some(text.to_owned())) } else { Ok(None) }
    }

    pub(super) fn number(&self, name: &str) -> Result<i64, AwsFailure> {
        self.0.get(name).and_then(|value| value.as_n().ok()).and_then(|n| n.parse().ok()).ok_or_else(|| unusable(name))
    }

    /// A counter; a missing one is zero.
    pub(super) fn count(&self, name: &str) -> Result<u64, AwsFailure> {
        if !self.0.contains_key(name) {
            return Ok(0);
        }
        u64::try_from(self.number(name)?).map_err(|_| unusable(name))
    }

    pub(super) fn time(&self, name: &str) -> Result<Timestamp, AwsFailure> {
        Timestamp::from_millisecond(self.number(name)?).map_err(|_| unusable(name))
    }

    pub(super) fn time_if_any(&self, name: &str) -> Result<Option<Timestamp>, AwsFailure> {
        if self.0.contains_key(name) { self.time(name).map(Some) } else { Ok(None) }
    }

    pub(super) fn parsed<T: DeserializeOwned>(&self, name: &str) -> Result<T, AwsFailure> {
        serde_json::from_str(self.text(name)?).map_err(|_| unusable(name))
    }

    /// A value whose JSON is a bare word.
    pub(super) fn word<T: DeserializeOwned>(&self, name: &str) -> Result<T, AwsFailure> {
        word(self.text(name)?).ok_or_else(|| unusable(name))
    }

    /// A set of bare words; DynamoDB keeps no empty one, so a missing one is empty.
    pub(super) fn words<T: DeserializeOwned>(&self, name: &str) -> Result<Vec<T>, AwsFailure> {
        let Some(value) = self.0.get(name) else { return Ok(Vec::new()) };
        let words = value.as_ss().map_err(|_| unusable(name))?;
        words.iter().map(|text| word(text).ok_or_else(|| unusable(name))).collect()
    }

    pub(super) fn json_if_any(&self, name: &str) -> Result<Option<Json>, AwsFailure> {
        if self.0.contains_key(name) { self.parsed(name).map(Some) } else { Ok(None) }
    }

    pub(super) fn id(&self, name: &str) -> Result<CorrectionId, AwsFailure> {
        self.text(name)?.parse().map_err(|_| unusable(name))
    }

    pub(super) fn id_if_any(&self, name: &str) -> Result<Option<CorrectionId>, AwsFailure> {
        if self.0.contains_key(name) { self.id(name).map(Some) } else { Ok(None) }
    }
}

fn word<T: DeserializeOwned>(text: &str) -> Option<T> {
    let text: StrDeserializer<'_, serde::de::value::Error> = text.into_deserializer();
    T::deserialize(text).ok()
}

/// A row is not as we write them.
pub(super) fn unusable(name: &str) -> AwsFailure {
    ours("read the ledger", FailureKind::Other, None, format!("a row has no usable attribute `{name}`"))
}

/// A failure that DynamoDB did not name.
pub(super) fn ours(operation: &'static str, kind: FailureKind, code: Option<&str>, message: String) -> AwsFailure {
    AwsFailure {
        service: "dynamodb",
        operation,
        kind,
        code: code.map(str::to_owned),
        message: Some(message),
        request_id: None,
    }
}

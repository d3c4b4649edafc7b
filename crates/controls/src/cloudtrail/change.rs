//! Everything a correction or an undo of this kind can do.

use std::fmt;

use serde::{Deserialize, Serialize};

use super::{Definition, Selectors, StoreSettings, TrailId};

/// One change. The trail or store is the target's, but for [`Coverage`](Self::Coverage), whose target is the account.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum Change {
    /// `StartLogging` and `StopLogging`.
    Logging(bool),
    /// `CreateTrail` and everything after it: selectors, Insights and, where it logged, `StartLogging`.
    CreateTrail(Box<Definition>),
    /// `DeleteTrail`: only ever undoes [`CreateTrail`](Self::CreateTrail).
    DeleteTrail,
    /// `UpdateTrail` with `IsMultiRegionTrail` and `IncludeGlobalServiceEvents`.
    Coverage {
        /// The trail, one of the account's own.
        trail: TrailId,
        /// `IsMultiRegionTrail`.
        multi_region: bool,
        /// `IncludeGlobalServiceEvents`.
        global_events: bool,
    },
    /// `PutEventSelectors`, which replaces all of them.
    Selectors(Selectors),
    /// `PutInsightSelectors`, which replaces all of them.
    Insights(std::collections::BTreeSet<String>),
    /// `UpdateTrail` with `EnableLogFileValidation`.
    Validation(bool),
    /// `UpdateTrail` with `KmsKeyId`; `None` takes the key away.
    Key(Option<String>),
    /// `StartEventDataStoreIngestion` and `StopEventDataStoreIngestion`.
    Ingestion(bool),
    /// `RestoreEventDataStore`, and `DeleteEventDataStore` to undo it.
    Restored(bool),
    /// `UpdateEventDataStore` with exactly these settings.
    Store(Box<StoreSettings>),
}

impl Change {
    /// See [`crate::Kind::slot`].
    pub(super) fn slot(&self) -> &'static str {
        match self {
            Self::Logging(_) => "logging",
            Self::CreateTrail(_) | Self::DeleteTrail => "trail",
            Self::Coverage { .. } => "coverage",
            Self::Selectors(_) => "event-selectors",
            Self::Insights(_) => "insight-selectors",
            Self::Validation(_) => "log-file-validation",
            Self::Key(_) => "kms-key",
            Self::Ingestion(_) => "ingestion",
            Self::Restored(_) => "event-data-store",
            Self::Store(_) => "event-data-store-settings",
        }
    }
}

impl fmt::Display for Change {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let on = |on: &bool| if *on { "on" } else { "off" };
        match self {
            Self::Logging(true) => f.write_str("start logging"),
            Self::Logging(false) => f.write_str("stop logging"),
            Self::CreateTrail(definition) => {
                write!(f, "create the trail again, to bucket {}", definition.settings.bucket)
            }
            Self::DeleteTrail => f.write_str("delete the trail"),
            Self::Coverage { trail, multi_region: true, .. } => write!(f, "let trail {trail} log all regions"),
            Self::Coverage { trail, multi_region: false, .. } => write!(f, "let trail {trail} log its own region only"),
            Self::Selectors(Selectors::Basic(all)) => write!(f, "set {} event selectors", all.len()),
            Self::Selectors(Selectors::Advanced(all)) => write!(f, "set {} advanced event selectors", all.len()),
            Self::Insights(kinds) => write!(f, "set {} Insights", kinds.len()),
            Self::Validation(to) => write!(f, "switch log file validation {}", on(to)),
            Self::Key(Some(key)) => write!(f, "encrypt the logs with key {key}"),
            Self::Key(None) => f.write_str("encrypt the logs with S3's own key"),
            Self::Ingestion(true) => f.write_str("start ingestion"),
            Self::Ingestion(false) => f.write_str("stop ingestion"),
            Self::Restored(true) => f.write_str("restore the event data store"),
            Self::Restored(false) => f.write_str("delete the event data store again"),
            Self::Store(to) => write!(
                f,
                "set what the event data store takes in, keep it for {} days, and switch its termination protection {}",
                to.retention,
                on(&to.protected)
            ),
        }
    }
}

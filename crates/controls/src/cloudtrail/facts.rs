//! What the guard reads, as values. Shapes follow the CloudTrail API reference; «not configured» is `None`.

use std::collections::{BTreeMap, BTreeSet};

use serde::{Deserialize, Serialize};

use super::{Selectors, StoreId, StoreSettings, TrailId};
use crate::{AccountId, Fact, Place, s3_bucket::BlockFlags};

/// The facts about one [`Target`](super::Target).
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum Facts {
    /// About a trail.
    Trail(Box<TrailFacts>),
    /// About an event data store.
    Store(Box<StoreFacts>),
    /// About all trails of an account together.
    Account(Box<AccountFacts>),
}

/// Everything about one trail that a control can need.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
pub struct TrailFacts {
    /// The trail.
    pub trail: TrailId,
    /// Its account, and its home region.
    pub place: Place,
    /// `GetTrail`; `TrailNotFoundException` is `None`, and then nothing else is read.
    pub settings: Fact<Option<Settings>>,
    /// `GetTrailStatus`.
    pub status: Fact<Status>,
    /// `GetEventSelectors`.
    pub selectors: Fact<Selectors>,
    /// `GetInsightSelectors`, the types; `InsightNotEnabledException` is empty.
    pub insights: Fact<BTreeSet<String>>,
    /// `ListTags`.
    pub tags: Fact<BTreeMap<String, String>>,
    /// The bucket it logs to.
    pub bucket: Fact<Bucket>,
    /// The other trails that see this account, read with the selectors.
    pub beside: Fact<Vec<Seen>>,
    /// What stood when it was last well.
    pub kept: Option<Box<Definition>>,
    /// A log has its deletion. Never set by the guard, which looks: that there was a trail it knows by what was kept.
    #[serde(default, skip_serializing_if = "std::ops::Not::not")]
    pub deleted: bool,
}

impl TrailFacts {
    /// Of a trail of which nothing has been read.
    #[must_use]
    pub fn unread(trail: TrailId, place: Place) -> Self {
        Self {
            trail,
            place,
            settings: Fact::NotRead,
            status: Fact::NotRead,
            selectors: Fact::NotRead,
            insights: Fact::NotRead,
            tags: Fact::NotRead,
            bucket: Fact::NotRead,
            beside: Fact::NotRead,
            kept: None,
            deleted: false,
        }
    }
}

/// `Trail`, as far as `CreateTrail` takes it.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct Settings {
    /// `S3BucketName`.
    pub bucket: String,
    /// `S3KeyPrefix`.
    pub prefix: Option<String>,
    /// `SnsTopicARN`.
    pub topic: Option<String>,
    /// `CloudWatchLogsLogGroupArn`.
    pub log_group: Option<String>,
    /// `CloudWatchLogsRoleArn`.
    pub log_role: Option<String>,
    /// `KmsKeyId`.
    pub key: Option<String>,
    /// `IsMultiRegionTrail`.
    pub multi_region: bool,
    /// `IncludeGlobalServiceEvents`.
    pub global_events: bool,
    /// `IsOrganizationTrail`.
    pub organization: bool,
    /// `LogFileValidationEnabled`.
    pub validation: bool,
}

/// `GetTrailStatus`, as far as it decides.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct Status {
    /// `IsLogging`.
    pub logging: bool,
    /// It has been started once: `StartLoggingTime` or `StopLoggingTime` is there.
    pub started: bool,
    /// `LatestDeliveryError`, the code that S3 gave.
    pub delivery_error: Option<String>,
}

/// A trail from `CreateTrail` to `StartLogging`: enough to make the same again.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct Definition {
    /// What `CreateTrail` takes.
    pub settings: Settings,
    /// Whether it logged.
    pub logging: bool,
    /// What it logged.
    pub selectors: Selectors,
    /// Its Insights.
    pub insights: BTreeSet<String>,
    /// Its tags.
    pub tags: BTreeMap<String, String>,
}

/// The bucket a trail logs to, as the trail's account may see it.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum Bucket {
    /// This account's.
    Own {
        /// `GetBucketPolicyStatus.IsPublic`; no policy is `false`.
        policy_public: Fact<bool>,
        /// `GetBucketAcl` grants to everyone or to every AWS account.
        acl_public: Fact<bool>,
        /// The bucket's public access block.
        block: Fact<Option<BlockFlags>>,
        /// The account's.
        account_block: Fact<Option<BlockFlags>>,
    },
    /// Another account's, or closed to us: S3 says 403 either way when it is asked for a bucket of this account.
    Foreign,
    /// There is none.
    Missing,
}

/// One event data store of CloudTrail Lake.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
pub struct StoreFacts {
    /// The store.
    pub store: StoreId,
    /// Account and region.
    pub place: Place,
    /// `GetEventDataStore.Status`: `ENABLED`, `STOPPED_INGESTION`, `PENDING_DELETION`, …
    pub status: Fact<String>,
    /// The status when it was last well.
    pub kept: Option<String>,
    /// `GetEventDataStore`: what it takes in and for how long it keeps it.
    #[serde(default = "not_read")]
    pub settings: Fact<StoreSettings>,
    /// The best of the settings that it has had.
    #[serde(default)]
    pub kept_settings: Option<StoreSettings>,
}

/// Facts that an earlier release wrote.
fn not_read<T>() -> Fact<T> {
    Fact::NotRead
}

/// All trails that see an account.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
pub struct AccountFacts {
    /// The account, and the region that was asked.
    pub place: Place,
    /// `DescribeTrails` with shadow trails and `ListTrails`, in the order of ARNs.
    pub trails: Fact<Vec<Seen>>,
    /// The account's own trails that have stood, and whether each covered the account.
    pub kept: BTreeMap<TrailId, bool>,
}

/// A trail as an account sees it, as far as it matters to the account.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct Seen {
    /// The trail.
    pub trail: TrailId,
    /// Who owns it: the management account for the organisation's trail.
    pub owner: AccountId,
    /// `IsMultiRegionTrail`.
    pub multi_region: bool,
    /// `IncludeGlobalServiceEvents`.
    pub global_events: bool,
    /// `IsOrganizationTrail`.
    pub organization: bool,
    /// `GetTrailStatus.IsLogging`.
    pub logging: Fact<bool>,
    /// `GetEventSelectors`. Not read for a trail of another account: AWS shows them to the owner only.
    pub selectors: Fact<Selectors>,
}

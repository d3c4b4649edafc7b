//! The options of this kind's controls, typed and with every default filled in.

use super::{encryption, lifecycle, logging};
use crate::{BucketName, Place, TagMatch, Trust, options::Options};

/// The kind's options. [`Rules::default`] is what an empty settings file gives.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Rules {
    /// Whom we trust beside the account that owns a resource.
    pub trust: Trust,
    /// What satisfies `s3-bucket-block-public-access-off`.
    pub profile: BlockProfile,
    /// Options of `s3-bucket-encryption-not-required-kms`.
    pub encryption: EncryptionRules,
    /// A bucket with this tag may be a website.
    pub website_tag: TagMatch,
    /// Options of `s3-bucket-logging-off`.
    pub logging: LoggingRules,
    /// Destination buckets that replication may name without an account.
    pub replication_destinations: Vec<String>,
    /// Options of `s3-bucket-lifecycle-short-expiry`.
    pub lifecycle: LifecycleRules,
}

/// Which blocks count for `s3-bucket-block-public-access-off`.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum BlockProfile {
    /// A flag counts when the bucket or the account has it.
    Effective,
    /// Only the bucket's own flags count, as for Security Hub S3.8.
    Strict,
}

/// Options of `s3-bucket-encryption-not-required-kms`.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct EncryptionRules {
    /// Algorithms that are good enough.
    pub required: Vec<String>,
    /// Keys that are good enough; empty means every customer managed key.
    pub allowed_keys: Vec<String>,
    /// The key a correction sets: an ARN or an `alias/` name. Without one the control is only told.
    pub key: Option<String>,
    /// Buckets with this tag receive logs, which AWS delivers with SSE-S3 only.
    pub log_store: TagMatch,
}

/// Options of `s3-bucket-logging-off`.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct LoggingRules {
    /// The bucket a correction logs to, with `{account}` and `{region}` filled in for each bucket. Without one the
    /// control is only told.
    pub target: Option<String>,
    /// The prefix a correction logs under, with `{bucket}`, `{account}` and `{region}` filled in.
    pub prefix: String,
    /// Buckets with this tag receive logs themselves.
    pub log_store: TagMatch,
}

/// Options of `s3-bucket-lifecycle-short-expiry`.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct LifecycleRules {
    /// Current objects must live at least this long.
    pub minimum_days: i32,
    /// The control is about buckets with this tag.
    pub log_store: TagMatch,
}

impl LoggingRules {
    /// The bucket that `place`'s buckets log to; `None` without a target, or when what comes out is no bucket name.
    #[must_use]
    pub fn target_at(&self, place: &Place) -> Option<BucketName> {
        BucketName::new(fill(self.target.as_ref()?, place)).ok()
    }

    /// The prefix that `bucket` logs under.
    #[must_use]
    pub fn prefix_of(&self, bucket: &BucketName, place: &Place) -> String {
        fill(&self.prefix, place).replace("{bucket}", bucket.as_str())
    }
}

fn fill(template: &str, place: &Place) -> String {
    template.replace("{account}", place.account.as_str()).replace("{region}", place.region.as_str())
}

impl Default for Rules {
    fn default() -> Self {
        let tag = TagMatch::is_true;
        Self {
            trust: Trust::default(),
            profile: BlockProfile::Effective,
            encryption: EncryptionRules {
                required: vec!["aws:kms".to_owned(), "aws:kms:dsse".to_owned()],
                allowed_keys: Vec::new(),
                key: None,
                log_store: tag("rectify:log-store"),
            },
            website_tag: tag("rectify:website"),
            logging: LoggingRules { target: None, prefix: "{bucket}/".to_owned(), log_store: tag("rectify:log-store") },
            replication_destinations: Vec::new(),
            lifecycle: LifecycleRules { minimum_days: 365, log_store: tag("rectify:log-store") },
        }
    }
}

/// See [`crate::Kind::rules`].
pub(super) fn rules(trust: &Trust, lookup: &dyn Fn(&str, &str) -> Option<toml::Value>) -> Result<Rules, String> {
    let of = |control: &'static crate::Control| Options { control, lookup };
    let default = Rules::default();

    let block = of(&super::block::BUCKET);
    let profile = match block.text("profile")?.as_deref() {
        None => default.profile,
        Some("effective") => BlockProfile::Effective,
        Some("strict") => BlockProfile::Strict,
        Some(other) => return Err(block.not_one_of("profile", other, &["effective", "strict"])),
    };

    let options = of(&encryption::NOT_REQUIRED);
    let required = options.texts("required-algorithms")?.unwrap_or(default.encryption.required);
    if required.is_empty() {
        return Err(options.wrong("required-algorithms", "must name at least one algorithm"));
    }
    if let Some(other) = required.iter().find(|name| !encryption::ALGORITHMS.contains(&name.as_str())) {
        return Err(options.not_one_of("required-algorithms", other, encryption::ALGORITHMS));
    }
    let encryption = EncryptionRules {
        required,
        allowed_keys: options.texts("allowed-keys")?.unwrap_or_default(),
        key: options.text("key")?.filter(|key| !key.is_empty()),
        log_store: options.tag("log-store-tag")?.unwrap_or(default.encryption.log_store),
    };
    if let Some(key) = &encryption.key {
        if !key.starts_with("alias/") && !key.starts_with("arn:") {
            let example = "must be a key ARN or a name such as `alias/buckets`";
            return Err(options.wrong("key", &format!("{example}, not `{key}`")));
        }
        if !encryption::key_allowed(Some(key), &encryption, None) {
            return Err(options.wrong("key", &format!("must be one of `allowed-keys`, which `{key}` is not")));
        }
    }

    let options = of(&logging::OFF);
    let logging = LoggingRules {
        target: options.text("target-bucket")?.filter(|name| !name.is_empty()),
        prefix: options.text("target-prefix")?.unwrap_or(default.logging.prefix),
        log_store: options.tag("log-store-tag")?.unwrap_or(default.logging.log_store),
    };
    if let Some(target) = &logging.target {
        let sample = target.replace("{account}", "123456789012").replace("{region}", "eu-central-1");
        if BucketName::new(sample).is_err() {
            let hint = "must be a bucket name, in which only {account} and {region} are filled in";
            return Err(options.wrong("target-bucket", &format!("{hint}, not `{target}`")));
        }
    }

    let options = of(&lifecycle::SHORT_EXPIRY);
    let lifecycle = LifecycleRules {
        minimum_days: options
            .number("minimum-days", "days", 1, i64::MAX)?
            .map_or(default.lifecycle.minimum_days, |days| i32::try_from(days).unwrap_or(i32::MAX)),
        log_store: options.tag("log-store-tag")?.unwrap_or(default.lifecycle.log_store),
    };

    Ok(Rules {
        trust: trust.clone(),
        profile,
        encryption,
        website_tag: of(&super::website::ENABLED).tag("website-tag")?.unwrap_or(default.website_tag),
        logging,
        replication_destinations: of(&super::external::REPLICATION).texts("allowed-destinations")?.unwrap_or_default(),
        lifecycle,
    })
}

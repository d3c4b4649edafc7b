//! The options of this kind's controls, typed and with every default filled in.

use super::{bucket, encryption, weakened};
use crate::{BucketName, Place, options::Options};

/// The kind's options. [`Rules::default`] is what an empty settings file gives.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Rules {
    /// Sources whose management events a trail may leave out.
    pub excludable: Vec<String>,
    /// Whether data events and Insights that were logged have to stay so.
    pub keep_data_events: bool,
    /// The key a correction sets where none was kept, with `{account}` and `{region}` to be filled in.
    pub key: Option<String>,
    /// Buckets of other accounts that trails may log to, with `{account}` and `{region}` to be filled in.
    pub log_buckets: Vec<String>,
}

impl Default for Rules {
    fn default() -> Self {
        Self { excludable: Vec::new(), keep_data_events: true, key: None, log_buckets: Vec::new() }
    }
}

impl Rules {
    /// The key for a trail at home in `place`.
    #[must_use]
    pub fn key_at(&self, place: &Place) -> Option<String> {
        self.key.as_ref().map(|key| fill(key, place))
    }

    /// Whether the settings name `bucket` as one that trails at home in `place` may log to.
    #[must_use]
    pub fn names_bucket(&self, bucket: &str, place: &Place) -> bool {
        self.log_buckets.iter().any(|name| fill(name, place) == bucket)
    }
}

fn fill(template: &str, place: &Place) -> String {
    template.replace("{account}", place.account.as_str()).replace("{region}", place.region.as_str())
}

/// See [`crate::Kind::rules`].
pub(super) fn rules(lookup: &dyn Fn(&str, &str) -> Option<toml::Value>) -> Result<Rules, String> {
    let of = |control: &'static crate::Control| Options { control, lookup };

    let options = of(&weakened::WEAKENED);
    let excludable = options.texts("excludable-sources")?.unwrap_or_default();
    if let Some(odd) = excludable.iter().find(|source| !source.ends_with(".amazonaws.com")) {
        let hint = "must be event sources such as `kms.amazonaws.com`";
        return Err(options.wrong("excludable-sources", &format!("{hint}, not `{odd}`")));
    }
    let keep_data_events = options.flag("keep-data-events")?.unwrap_or(true);

    let options = of(&encryption::NOT_ENCRYPTED);
    let key = options.text("key")?.filter(|key| !key.is_empty());
    if let Some(key) = key.as_ref().filter(|key| !key.starts_with("alias/") && !key.starts_with("arn:")) {
        let hint = "must be a key ARN or a name such as `alias/trail`";
        return Err(options.wrong("key", &format!("{hint}, not `{key}`")));
    }

    let options = of(&bucket::PUBLIC_OR_MISSING);
    let log_buckets = options.texts("log-buckets")?.unwrap_or_default();
    for name in &log_buckets {
        let sample = name.replace("{account}", "123456789012").replace("{region}", "eu-central-1");
        if BucketName::new(sample).is_err() {
            let hint = "must be bucket names, in which only {account} and {region} are filled in";
            return Err(options.wrong("log-buckets", &format!("{hint}, not `{name}`")));
        }
    }
    Ok(Rules { excludable, keep_data_events, key, log_buckets })
}

//! Names of objects, checked: they come from events, so from anybody.

use std::fmt;

use serde::{Deserialize, Serialize};

use crate::{Arn, BucketName, Place, ids::checked};

/// An object, or one version of it.
#[derive(Debug, Clone, PartialEq, Eq, PartialOrd, Ord, Serialize, Deserialize)]
pub struct ObjectId {
    /// The bucket.
    pub bucket: BucketName,
    /// The key.
    pub key: ObjectKey,
    /// The version; `None` where the bucket has no versioning, and then the object is what its key holds now.
    pub version: Option<VersionId>,
}

/// An object's key: 1 to 1,024 bytes of UTF-8 (S3 user guide, "Naming Amazon S3 objects"). Any characters at all, line breaks
/// included: whoever prints one escapes it.
#[derive(Debug, Clone, PartialEq, Eq, PartialOrd, Ord, Serialize, Deserialize)]
#[serde(try_from = "String", into = "String")]
pub struct ObjectKey(String);

/// A version's id, as S3 makes them. Never `null`, which is the object without a version.
#[derive(Debug, Clone, PartialEq, Eq, PartialOrd, Ord, Serialize, Deserialize)]
#[serde(try_from = "String", into = "String")]
pub struct VersionId(String);

checked!(ObjectKey, "key of an object", |text| (1..=1024).contains(&text.len()));
checked!(VersionId, "version of an object", |text| {
    (1..=256).contains(&text.len())
        && text != "null"
        && text.bytes().all(|byte| byte.is_ascii_alphanumeric() || b"._-".contains(&byte))
});

/// As a location, cut where a line of text would end.
impl fmt::Display for ObjectId {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        const SHOWN: usize = 160;
        let key = self.key.as_str();
        write!(f, "s3://{}/", self.bucket)?;
        match key.char_indices().nth(SHOWN) {
            Some((end, _)) => write!(f, "{}…", key.get(..end).unwrap_or_default()),
            None => f.write_str(key),
        }
    }
}

/// What stands before the version. A key can hold it too; then the version is always written, `null` when there is none.
const VERSION: &str = "?versionId=";
const NO_VERSION: &str = "null";

/// AWS's ARN of the object, and the version as the S3 API writes it in an address: AWS has no ARN for a version.
pub(super) fn arn(id: &ObjectId, place: &Place) -> Arn {
    let version = match &id.version {
        Some(version) => format!("{VERSION}{version}"),
        None if id.key.as_str().contains(VERSION) => format!("{VERSION}{NO_VERSION}"),
        None => String::new(),
    };
    Arn::from_parts(format!("{}{version}", plain_arn(id, place)))
}

/// The ARN that policies know.
pub(super) fn plain_arn(id: &ObjectId, place: &Place) -> String {
    format!("arn:{}:s3:::{}/{}", place.region.partition(), id.bucket, id.key)
}

pub(super) fn id(arn: &Arn, place: &Place) -> Option<ObjectId> {
    let (_, name) = arn.as_str().split_once(":s3:::")?;
    let (bucket, rest) = name.split_once('/')?;
    let (key, version) = match rest.rsplit_once(VERSION) {
        Some((key, NO_VERSION)) => (key, None),
        Some((key, version)) => (key, Some(VersionId::new(version).ok()?)),
        None => (rest, None),
    };
    let id = ObjectId { bucket: BucketName::new(bucket).ok()?, key: ObjectKey::new(key).ok()?, version };
    (self::arn(&id, place) == *arn).then_some(id)
}

//! What wakes the guard: data events where a trail records them, S3's own events where a bucket sends them, and Macie.

use super::{acl, content};
use crate::{Notice, Trigger};

const SOURCE: &str = "s3.amazonaws.com";
const KEY: &str = "key";

const CONTENT: &[&str] = &[content::ACCESS_KEY.id, content::PRIVATE_KEY.id];
const NEW: &[&str] = &[content::ACCESS_KEY.id, content::PRIVATE_KEY.id, acl::PUBLIC.id];
const ACL: &[&str] = &[acl::PUBLIC.id];

const fn on(name: &'static str, controls: &'static [&'static str], example: &'static str) -> Trigger {
    Trigger { source: SOURCE, name, id: KEY, controls, example }
}

/// Data events: they reach EventBridge where a trail records them for the bucket. An upload in parts can bring a canned ACL when it
/// begins, which is told when it ends. Tags count, because the quarantine hangs on one.
pub(super) const EVENTS: &[Trigger] = &[
    on("PutObject", NEW, "put-object-key"),
    on("CopyObject", NEW, "copy-object-key"),
    on("CompleteMultipartUpload", NEW, "complete-multipart-upload-key"),
    on("PutObjectAcl", ACL, "put-object-acl-public"),
    on("PutObjectTagging", CONTENT, "put-object-tagging"),
    on("DeleteObjectTagging", CONTENT, "delete-object-tagging"),
];

const fn notice(detail_type: &'static str, controls: &'static [&'static str], example: &'static str) -> Notice {
    Notice { source: "aws.s3", detail_type, controls, example }
}

/// S3 sends its own events when the bucket's notifications to EventBridge are on, and needs no trail. What was archived can be read for
/// the first time when it has been restored. Macie's findings with
/// credentials in them take the same way: the object is read, and judged by what is in it.
pub(super) const NOTICES: &[Notice] = &[
    notice("Object Created", NEW, "object-created-key"),
    notice("Object ACL Updated", ACL, "object-acl-updated-public"),
    notice("Object Tags Added", CONTENT, "object-tags-added"),
    notice("Object Tags Deleted", CONTENT, "object-tags-deleted"),
    notice("Object Restore Completed", CONTENT, "object-restore-completed"),
    Notice { source: "aws.macie", detail_type: "Macie Finding", controls: CONTENT, example: "macie-credentials" },
];

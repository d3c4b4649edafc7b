//! Reading an object: piece by piece through the detector, within bounds of size and time.

use std::time::Duration;

use aws_sdk_s3::{operation::get_object::GetObjectOutput, primitives::ByteStream};
use rectify_aws::{AwsFailure, Ended, FailureKind, Reading, refused};
use rectify_controls::{
    Fact,
    s3_object::{About, AccessKeyId, Content, Found, LeftOut, ObjectId},
};
use rectify_secrets::{Class, Limits, Reader, Report};
use tokio::time::Instant;

use crate::{Clients, reads::version};

/// Most bytes of an object that are read.
const MOST: u64 = 32 * 1024 * 1024;
/// Most bytes that come out of archives in it.
const INFLATED: u64 = 128 * 1024 * 1024;
/// How long it is read. A function has thirty seconds, looks again after a correction, and has more to do than to look.
const LONGEST: Duration = Duration::from_secs(10);
/// How long the next piece is waited for.
const SILENCE: Duration = Duration::from_secs(5);

/// `GetObject` of as much as is read.
pub(crate) async fn content(at: &Clients, id: &ObjectId) -> Reading<Content> {
    let call = at.s3.get_object().bucket(id.bucket.as_str()).key(id.key.as_str()).set_version_id(version(id));
    let range = format!("bytes=0-{}", MOST.saturating_sub(1));
    match call.range(range).expected_bucket_owner(at.owner()).send().await {
        Ok(answer) => {
            let mut content = Content { etag: answer.e_tag.clone(), size: size(&answer), ..Content::default() };
            read(&mut content, answer.body).await?;
            Ok(Fact::Known(content))
        }
        Err(error) => {
            let failure = AwsFailure::new("s3", "GetObject", &error);
            let left_out = |why| Ok(Fact::Known(Content { left_out: Some(why), ..Content::default() }));
            match failure.code.as_deref() {
                // No byte of an object without bytes can be asked for.
                Some("InvalidRange") => Ok(Fact::Known(Content::default())),
                Some("InvalidObjectState") => left_out(LeftOut::Archived),
                // S3 user guide, SSE-C: without the headers that bring the key, 400. Nothing else in this request can be wrong.
                Some("InvalidRequest") => left_out(LeftOut::CustomerKey),
                // The version is a delete marker.
                Some("MethodNotAllowed") => Err(Ended::Gone),
                _ => refused(failure, None),
            }
        }
    }
}

/// The whole object's size: the range's answer names it after the slash.
fn size(answer: &GetObjectOutput) -> u64 {
    let whole = answer.content_range.as_deref().and_then(|range| range.rsplit_once('/')?.1.parse().ok());
    whole.unwrap_or_else(|| answer.content_length.and_then(|length| u64::try_from(length).ok()).unwrap_or_default())
}

async fn read(content: &mut Content, mut body: ByteStream) -> Result<(), Ended> {
    let begun = Instant::now();
    let mut reader = Reader::new(Limits { inflated: INFLATED, ..Limits::default() });
    while content.read < MOST && !reader.is_full() && begun.elapsed() < LONGEST {
        let piece = match tokio::time::timeout(SILENCE, body.next()).await {
            Ok(None) => break,
            Ok(Some(Ok(piece))) => piece,
            // Without the cause: it is the connection's, and may quote what it read.
            Ok(Some(Err(_))) => return Err(cut(FailureKind::Unreachable)),
            Err(_) => return Err(cut(FailureKind::TimedOut)),
        };
        // More may be sent than was asked for.
        let left = usize::try_from(MOST.saturating_sub(content.read)).unwrap_or(usize::MAX);
        let piece = piece.get(..left).unwrap_or(&piece);
        reader.feed(piece);
        content.read = content.read.saturating_add(u64::try_from(piece.len()).unwrap_or(u64::MAX));
    }
    // Nobody said how large it is: at least as large as what came.
    content.size = content.size.max(content.read);
    fill(content, reader.finish());
    Ok(())
}

fn cut(kind: FailureKind) -> Ended {
    let message = Some("the object was cut off while it was read".to_owned());
    Ended::Refused(AwsFailure { service: "s3", operation: "GetObject", kind, code: None, message, request_id: None })
}

fn fill(content: &mut Content, report: Report) {
    // An archive that is read in part ends early by design.
    let whole = content.read >= content.size;
    let told = report.unread.iter().filter(|what| whole || **what != rectify_secrets::Unread::Damaged);
    content.unread = told.map(ToString::to_string).collect();
    content.keys = report.keys.iter().filter_map(|key| AccessKeyId::new(key.as_str()).ok()).collect();
    content.found = report
        .found
        .into_iter()
        .map(|found| Found {
            rule: found.rule.to_owned(),
            about: match found.class {
                Class::AccessKey => About::AccessKey,
                Class::PrivateKey => About::PrivateKey,
                Class::EncryptedKey => About::EncryptedKey,
                Class::Token => About::Token,
            },
            count: found.count,
            line: found.line,
            member: found.member,
        })
        .collect();
}

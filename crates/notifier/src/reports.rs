//! Pages that a message about many findings leads to, in the stack's private bucket.

use aws_config::SdkConfig;
use aws_sdk_s3::{Client, primitives::ByteStream};
use jiff::Timestamp;
use rectify_aws::AwsFailure;
use rectify_controls::Region;
use rectify_render::Report;

/// The bucket for reports, in the region we run in.
#[derive(Debug)]
pub(crate) struct Reports {
    client: Client,
    bucket: String,
    region: Region,
}

impl Reports {
    pub(crate) fn new(config: &SdkConfig, bucket: String, region: Region) -> Self {
        Self { client: Client::new(config), bucket, region }
    }

    /// Puts a page into the bucket and says where it lies. Nothing from outside is in the key.
    pub(crate) async fn put(&self, what: &str, at: Timestamp, page: String) -> Result<Report, AwsFailure> {
        let key = key(what, at);
        self.client
            .put_object()
            .bucket(&self.bucket)
            .key(&key)
            .content_type("text/html; charset=utf-8")
            .body(ByteStream::from(page.into_bytes()))
            .send()
            .await
            .map_err(|error| AwsFailure::new("s3", "PutObject", &error))?;
        Ok(Report { bucket: self.bucket.clone(), key, region: self.region.as_str().to_owned() })
    }
}

/// In order of time, and nothing but what a link may have.
fn key(what: &str, at: Timestamp) -> String {
    format!("{what}/{}.html", at.strftime("%Y/%m/%d/%H%M%S"))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_key_is_one_that_a_link_can_name() {
        let key = key("flood", "2026-11-28T09:05:03Z".parse().unwrap());
        assert_eq!(key, "flood/2026/11/28/090503.html");
        assert!(key.bytes().all(|b| b.is_ascii_lowercase() || b.is_ascii_digit() || b"/._-".contains(&b)));
    }
}

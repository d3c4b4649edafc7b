//! Logs where CloudTrail puts them, with the caller's own credentials.

use std::{
    io::{Seek as _, Write as _},
    sync::mpsc,
    thread,
};

use aws_sdk_s3::{
    Client,
    config::{Region, http::HttpResponse},
    error::{ProvideErrorMetadata, SdkError},
};
use futures::{StreamExt as _, stream};
use rectify_aws::AwsFailure;
use rectify_replay::{Item, NOTHING};

use super::Error;
use crate::connection::{self, CloudError};

/// Objects that are fetched at a time.
const AT_ONCE: usize = 24;
/// What is larger goes through a temporary file.
const IN_MEMORY: i64 = 1 << 20;

/// A prefix in a bucket.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(super) struct Place {
    bucket: String,
    prefix: String,
}

impl Place {
    /// What stands behind `s3://`.
    pub(super) fn parse(text: &str) -> Option<Self> {
        let (bucket, prefix) = text.split_once('/').unwrap_or((text, ""));
        let bucket = rectify_controls::BucketName::new(bucket).ok()?;
        Some(Self { bucket: bucket.as_str().to_owned(), prefix: prefix.to_owned() })
    }

    fn name(&self, key: &str) -> String {
        format!("s3://{}/{key}", self.bucket)
    }
}

/// Fetches while it lives.
pub(super) struct Fetching(Option<thread::JoinHandle<()>>);

impl Drop for Fetching {
    fn drop(&mut self) {
        if let Some(thread) = self.0.take() {
            let _ = thread.join();
        }
    }
}

/// `local`, and then what is in `places`.
pub(super) fn with<'i>(
    local: impl Iterator<Item = Item> + Send + 'i,
    places: Vec<Place>,
    profile: Option<&str>,
) -> Result<(Box<dyn Iterator<Item = Item> + Send + 'i>, Fetching), Error> {
    if places.is_empty() {
        return Ok((Box::new(local), Fetching(None)));
    }
    let runtime = tokio::runtime::Builder::new_multi_thread().worker_threads(2).enable_all().build();
    let runtime = runtime.map_err(CloudError::Start)?;
    let config = runtime.block_on(connection::config(profile, None));
    let (send, receive) = mpsc::sync_channel(AT_ONCE);
    let thread = thread::spawn(move || {
        runtime.block_on(async {
            for place in places {
                if fetch(&config, &place, &send).await.is_none() {
                    break;
                }
            }
        });
        runtime.shutdown_background();
    });
    Ok((Box::new(local.chain(receive)), Fetching(Some(thread))))
}

/// Sends every object below `place`. `None`: nobody wants more.
async fn fetch(config: &aws_config::SdkConfig, place: &Place, send: &mpsc::SyncSender<Item>) -> Option<()> {
    let client = client(config, place).await;
    let mut any = false;
    let mut pages = client.list_objects_v2().bucket(&place.bucket).prefix(&place.prefix).into_paginator().send();
    while let Some(page) = pages.next().await {
        let page = match page {
            Ok(page) => page,
            Err(error) => {
                let name = place.name(&place.prefix);
                return send.send(Item::Missing(name, why("ListObjectsV2", &error))).ok();
            }
        };
        let objects = page.contents.unwrap_or_default().into_iter().filter_map(|object| {
            let key = object.key?;
            // The console's folders.
            (!key.ends_with('/')).then_some((key, object.size.unwrap_or(IN_MEMORY + 1)))
        });
        // On tasks of their own: they go on while somebody reads.
        let fetched = |(key, size): (String, i64)| {
            let name = place.name(&key);
            tokio::spawn(object(client.clone(), place.bucket.clone(), name, key, size))
        };
        let mut items = stream::iter(objects).map(fetched).buffered(AT_ONCE);
        while let Some(item) = items.next().await {
            any = true;
            send.send(item.unwrap_or_else(|error| Item::Missing(place.name(&place.prefix), error.to_string()))).ok()?;
        }
    }
    if any { Some(()) } else { send.send(Item::Missing(place.name(&place.prefix), NOTHING.to_owned())).ok() }
}

/// A client of the region in which the bucket is: asked for there, S3 answers everybody else with a redirect.
async fn client(config: &aws_config::SdkConfig, place: &Place) -> Client {
    let of = |region: Option<String>| {
        let path_style = config.endpoint_url().is_some();
        let region = region.map(Region::new).or_else(|| config.region().cloned());
        let region = region.or_else(|| Some(Region::from_static("us-east-1")));
        let builder = aws_sdk_s3::config::Builder::from(config).region(region).force_path_style(path_style);
        Client::from_conf(builder.build())
    };
    let head = of(None).head_bucket().bucket(&place.bucket).send().await;
    match head {
        Ok(head) => of(head.bucket_region),
        Err(error) => {
            let region = error.raw_response().and_then(|raw| raw.headers().get("x-amz-bucket-region"));
            of(region.map(str::to_owned))
        }
    }
}

async fn object(client: Client, bucket: String, name: String, key: String, size: i64) -> Item {
    let got = match client.get_object().bucket(bucket).key(key).send().await {
        Ok(got) => got,
        Err(error) => return Item::Missing(name, why("GetObject", &error)),
    };
    if size <= IN_MEMORY {
        return match got.body.collect().await {
            Ok(bytes) => Item::Fetched(name, bytes.to_vec()),
            Err(error) => Item::Missing(name, format!("GetObject: {error}")),
        };
    }
    match copy(got.body).await {
        Ok(file) => Item::Copy(name, file),
        Err(error) => Item::Missing(name, format!("GetObject: {error}")),
    }
}

async fn copy(mut body: aws_sdk_s3::primitives::ByteStream) -> std::io::Result<std::fs::File> {
    let mut file = tempfile::tempfile()?;
    while let Some(chunk) = body.next().await {
        file.write_all(&chunk.map_err(std::io::Error::other)?)?;
    }
    file.rewind()?;
    Ok(file)
}

/// The operation, the code and the request id of a failure, and what to do about it.
fn why<E>(operation: &'static str, error: &SdkError<E, HttpResponse>) -> String
where
    E: ProvideErrorMetadata + std::error::Error + 'static,
{
    let failure = AwsFailure::new("s3", operation, error);
    format!("{failure}; {}", failure.help())
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn places() {
        let place = |bucket: &str, prefix: &str| Some(Place { bucket: bucket.to_owned(), prefix: prefix.to_owned() });
        assert_eq!(Place::parse("logs"), place("logs", ""));
        assert_eq!(Place::parse("logs/AWSLogs/o-1/"), place("logs", "AWSLogs/o-1/"));
        for text in ["", "/x", "a b/x", "a"] {
            assert_eq!(Place::parse(text), None, "{text}");
        }
    }
}

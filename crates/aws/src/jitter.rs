//! Waiting a little, not all for the same time.

use std::{
    hash::{BuildHasher, RandomState},
    time::Duration,
};

/// Sleeps between half of `longest` and all of it, so that functions that collided do not collide again.
pub async fn pause(longest: Duration) {
    let part = u32::try_from(random() % 512).unwrap_or(0) + 512;
    tokio::time::sleep(longest * part / 1024).await;
}

/// Sixty-four bits that differ between processes and between calls. Not for secrets: the standard library seeds its hash
/// maps with them.
pub(crate) fn random() -> u64 {
    RandomState::new().hash_one(0_u8)
}

//! Writing down where accounts are in the organisation, for the settings that hang on it.

use std::time::Duration;

use futures::{StreamExt as _, stream};
use jiff::Timestamp;
use rectify_aws::Ledger;
use rectify_organization::{Member, Organization};

/// Accounts that are read at a time: two calls each, and the API allows few a second for the whole organisation.
const AT_ONCE: usize = 4;

/// Kept back for the report.
const RESERVE: Duration = Duration::from_secs(10);

/// How it went.
#[derive(Debug, Default)]
pub(crate) struct Written {
    pub(crate) written: usize,
    pub(crate) failed: usize,
    /// The last failure.
    pub(crate) why: Option<String>,
}

/// Reads and writes each account, as far as the time goes. One that fails hides none of the others.
pub(crate) async fn write_down(
    organization: &Organization,
    members: &[Member],
    ledger: &Ledger,
    deadline: Timestamp,
) -> Written {
    let mut written = Written::default();
    let mut results = stream::iter(members)
        .map(async |member| {
            let result = match organization.facts(member, ledger.now()).await {
                Ok(facts) => ledger.put_account(&member.id, &facts).await.map_err(|failure| failure.to_string()),
                Err(error) => Err(error.to_string()),
            };
            (member, result)
        })
        .buffer_unordered(AT_ONCE);
    loop {
        let left = Duration::try_from(deadline.duration_since(Timestamp::now())).unwrap_or_default();
        match tokio::time::timeout(left.saturating_sub(RESERVE), results.next()).await {
            Ok(Some((_, Ok(())))) => written.written += 1,
            Ok(Some((member, Err(error)))) => {
                tracing::error!(account = %member.id, %error, "where the account is could not be written down");
                written.failed += 1;
                written.why = Some(error);
            }
            Ok(None) => return written,
            Err(_) => {
                written.failed = members.len() - written.written;
                written.why = Some("the time was up".to_owned());
                tracing::error!(left = written.failed, "the time was up before every account was written down");
                return written;
            }
        }
    }
}

//! Once a day: the digests that are due, each once, however often it is asked for.

use std::time::Duration;

use jiff::{Timestamp, civil::Weekday, tz::TimeZone};
use rectify_controls::{Digest, Every};
use serde_json::{Value, json};

use crate::{Failure, Notifier, mail::Mail};

const DAY: Duration = Duration::from_secs(24 * 60 * 60);

/// How long a function that makes a digest is left alone with it.
const AT_WORK: Duration = Duration::from_secs(120);

impl Notifier {
    /// Sends the digests that are due on the UTC day of now. One that was sent on that day is not sent again; one that could
    /// not be sent is, when it is asked for again.
    pub(crate) async fn digests(&self, request: &str) -> Result<Value, Failure> {
        let now = self.ledger.now();
        let (mut sent, mut failed) = (0, None);
        for digest in self.settings.digests.iter().filter(|digest| is_due(digest.every, now)) {
            match self.digest(digest, request, now).await {
                Ok(true) => sent += 1,
                Ok(false) => {}
                Err(failure) => {
                    tracing::error!(digest = digest.name, error = %failure, "a digest was not sent");
                    failed = Some(failure);
                }
            }
        }
        failed.map_or_else(|| Ok(json!({ "digests": sent })), Err)
    }

    /// Sends one digest by each of its ways that has not got it today; `false` when all have.
    async fn digest(&self, digest: &Digest, request: &str, now: Timestamp) -> Result<bool, Failure> {
        let (rows, day) = (format!("digest#{}", digest.name), now.strftime("%Y-%m-%d").to_string());
        let mut ways = Vec::new();
        for way in ["mail", "channel"] {
            let is_set = if way == "mail" { !digest.to.is_empty() } else { digest.channel.is_some() };
            if is_set && !self.ledger.was_sent(&rows, &format!("{day}#{way}")).await? {
                ways.push(way);
            }
        }
        if ways.is_empty() || !self.ledger.once(&rows, request, now, AT_WORK).await? {
            return Ok(false);
        }
        let (title, period) = match digest.every {
            Every::Day => ("Daily digest", DAY),
            Every::Week => ("Weekly digest", DAY.saturating_mul(7)),
        };
        let overview = self.overview(title, digest.owner.as_deref(), period).await?;
        for way in ways {
            if way == "mail" {
                let mailer = self.mailer.as_ref().ok_or(Failure::NoSender)?;
                let (subject, text, html) = (overview.subject(), overview.text(), overview.email_html());
                mailer.send(Mail { to: &digest.to, subject, text, html }).await?;
            } else if let Some(route) = self.routes.iter().find(|route| Some(route.name()) == digest.channel.as_deref())
            {
                route.digest(&overview).await.map_err(Failure::undelivered)?;
            }
            self.ledger.sent(&rows, &format!("{day}#{way}")).await?;
        }
        tracing::info!(digest = digest.name, "a digest was sent");
        Ok(true)
    }
}

/// Weekly ones are due on Mondays.
fn is_due(every: Every, now: Timestamp) -> bool {
    match every {
        Every::Day => true,
        Every::Week => now.to_zoned(TimeZone::UTC).weekday() == Weekday::Monday,
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_week_begins_on_monday_in_utc() {
        let at = |text: &str| text.parse::<Timestamp>().unwrap();
        assert!(is_due(Every::Week, at("2026-11-30T00:00:00Z")));
        assert!(is_due(Every::Week, at("2026-11-30T23:59:59Z")));
        assert!(!is_due(Every::Week, at("2026-11-29T23:59:59Z")));
        assert!(!is_due(Every::Week, at("2026-12-01T00:00:00Z")));
        assert!(is_due(Every::Day, at("2026-12-01T00:00:00Z")));
    }
}

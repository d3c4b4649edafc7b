//! Once a minute: what is held becomes one summary per channel, with a link to a page that has everything.

use std::time::Duration;

use rectify_aws::HeldRow;
use rectify_render::{Held, Report, Summary};
use serde_json::{Value, json};

use crate::{Failure, Notifier, route::Route};

/// Two flushes of a channel do not overlap: the next one is a minute later.
const AT_WORK: Duration = Duration::from_secs(50);

/// What is held in one channel.
struct Waiting<'a> {
    route: &'a Route,
    rows: Vec<HeldRow>,
    held: Vec<Held>,
}

impl Notifier {
    /// Tells what is held. What could not be told stays held, for the next minute.
    pub(crate) async fn flush(&self, request: &str) -> Result<Value, Failure> {
        let (mut waiting, mut failed) = (Vec::new(), None);
        for route in self.routes.iter().filter(|route| route.channel.way.is_for_people()) {
            match self.waiting(route, request).await {
                Ok(Some(found)) => waiting.push(found),
                Ok(None) => {}
                Err(failure) => failed = Some(not_told(route, failure)),
            }
        }
        if waiting.is_empty() {
            return failed.map_or_else(|| Ok(json!({ "summaries": 0 })), Err);
        }
        let (mut summaries, mut messages) = (0, 0);
        for one in &waiting {
            match self.tell(one).await {
                Ok(()) => {
                    summaries += 1;
                    messages += one.rows.len();
                }
                Err(failure) => failed = Some(not_told(one.route, failure)),
            }
        }
        failed.map_or_else(|| Ok(json!({ "summaries": summaries, "messages": messages })), Err)
    }

    async fn waiting<'a>(&self, route: &'a Route, request: &str) -> Result<Option<Waiting<'a>>, Failure> {
        let rows = self.ledger.held(route.name()).await?;
        if rows.is_empty() {
            return Ok(None);
        }
        let what = format!("flush#{}", route.name());
        if !self.ledger.once(&what, request, self.ledger.now(), AT_WORK).await? {
            return Ok(None);
        }
        let held = rows.iter().filter_map(|row| match serde_json::from_str(&row.kept) {
            Ok(held) => Some(held),
            Err(error) => {
                tracing::error!(channel = route.name(), row = row.key, %error, "what is held there is no message of ours");
                None
            }
        });
        Ok(Some(Waiting { route, held: held.collect(), rows }))
    }

    /// First the summary, then the rows: what dies between the two is told twice and not never.
    async fn tell(&self, waiting: &Waiting<'_>) -> Result<(), Failure> {
        let Waiting { route, rows, held } = waiting;
        if !held.is_empty() {
            let mut summary = Summary::new(route.name(), held, None);
            summary.report = self.report(&summary, held).await;
            route.summarise(&summary).await.map_err(Failure::undelivered)?;
        }
        self.ledger.release(route.name(), rows).await?;
        rectify_runtime::counts("a flood was summed up", ("channel", route.name()), &[("Summarised", rows.len())]);
        Ok(())
    }

    /// The page that a summary leads to, with everything that was held; `None` when it could not be put there: a summary
    /// without its link is still one.
    async fn report(&self, summary: &Summary, held: &[Held]) -> Option<Report> {
        // A channel's name is letters, digits, hyphens and underscores; a link has lower case only.
        let what = format!("flood/{}", summary.channel.to_ascii_lowercase());
        let put = self.reports.put(&what, self.ledger.now(), summary.page(held)).await;
        put.inspect_err(|error| tracing::warn!(%error, "the page of a flood could not be put into its bucket")).ok()
    }
}

fn not_told(route: &Route, failure: Failure) -> Failure {
    tracing::error!(channel = route.name(), error = %failure, "what is held was not told: it stays for the next minute");
    failure
}

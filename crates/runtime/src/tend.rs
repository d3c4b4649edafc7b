//! Daily housekeeping: whoever has an exemption that ends soon hears of it in time.

use jiff::Timestamp;
use rectify_aws::Posting;
use rectify_controls::{Control, Exemption, FindingId, Kind, Outcome};
use rectify_render::Expiring;

use crate::{Ended, Failure, Guard, Report, Shell, clock::Invocation};

impl<G: Guard> Shell<G> {
    /// Carries out [`rectify_controls::Order::Tend`]: warns, once, of each exemption of this kind's controls that ends within
    /// the time the settings say.
    pub(crate) async fn tend(&self, invocation: &Invocation) -> Result<Report, Failure> {
        let now = self.ledger.now();
        let standing = self.ledger.standing(&self.home).await.map_err(Failure::Ledger)?;
        let settings = &self.book.settings;
        let horizon = now.checked_add(settings.exemption_warning).unwrap_or(Timestamp::MAX);
        let mut warned = 0_u32;
        for exemption in settings.exemptions.iter().chain(&standing.exemptions) {
            if exemption.until <= now || exemption.until > horizon || !self.concerns(exemption) {
                continue;
            }
            // An undo's exemption is short by intention: whoever undid it knows.
            if is_short(exemption, settings.exemption_warning) {
                continue;
            }
            let what = format!("expiring#{}", exemption.key());
            let first = self.ledger.once(&what, &invocation.request_id, now, KEPT).await.map_err(Failure::Ledger)?;
            if first {
                self.warn(exemption).await?;
                warned += 1;
            }
        }
        tracing::info!(warned, "exemptions that end soon were looked for");
        Ok(Report {
            event_name: Some("tend".to_owned()),
            ended: vec![Ended::plain(None, Outcome::Compliant)],
            answer: Some(serde_json::json!({ "warned": warned })),
            ..Report::default()
        })
    }

    /// Whether it is about one of this kind's controls. One that is about every control is every guard's; the first warns.
    fn concerns(&self, exemption: &Exemption) -> bool {
        exemption.control == "*" || control_of::<G::Kind>(exemption).is_some()
    }

    async fn warn(&self, exemption: &Exemption) -> Result<(), Failure> {
        let finding = FindingId::of("exemption", &exemption.key());
        let id = finding.message(&["expiring", &exemption.until.to_string()]);
        let warning = Expiring::new(&id, exemption, control_of::<G::Kind>(exemption), &exemption.stands());
        let body = warning.json();
        let posting = Posting { group: finding.as_str(), id: &id, body: &body };
        self.outbox.post(&posting).await.map_err(Failure::Tell)
    }
}

/// How long it is remembered that somebody was warned: longer than any warning lasts.
const KEPT: std::time::Duration = std::time::Duration::from_secs(400 * 24 * 60 * 60);

fn control_of<K: Kind>(exemption: &Exemption) -> Option<&'static Control> {
    K::CONTROLS.iter().find(|control| control.id == exemption.control)
}

/// Whether it was added for no longer than the warning itself.
fn is_short(exemption: &Exemption, warning: jiff::SignedDuration) -> bool {
    match &exemption.origin {
        rectify_controls::Origin::Row { at, .. } => exemption.until.duration_since(*at) <= warning,
        rectify_controls::Origin::Line(_) => false,
    }
}

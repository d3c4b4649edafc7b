//! Step 9: one message per finding and outcome, none for a repeat inside the reminder interval.

use std::time::Duration;

use jiff::Timestamp;
use rectify_aws::{AwsFailure, CorrectionId, Note, Noted, Posting};
use rectify_controls::{FindingId, Kind, Outcome, Standing, Withheld};
use rectify_render::{Difference, Notice, Undone};
use serde::Serialize;

use crate::{
    Ended, Failure, Guard, Shell,
    background::Background,
    found::Found,
    undo::Person,
    way::{Case, Sight},
};

/// Why a correction was begun, as the ledger keeps it: enough to tell it again.
#[derive(Debug, Serialize)]
pub(crate) struct Story<'a> {
    pub(crate) background: &'a Background,
    pub(crate) findings: &'a [Found],
    /// Who undid a correction, when this is an undo.
    pub(crate) undo: Option<&'a Person>,
}

/// What a message says beside the finding.
#[derive(Debug, Clone, Default)]
pub(crate) struct Telling<'a> {
    /// What changed, or would change.
    pub(crate) difference: Option<Difference>,
    pub(crate) done: &'a [String],
    pub(crate) correction: Option<&'a CorrectionId>,
    pub(crate) repeats: u64,
    /// What stands in the ledger, for a word about what is paused.
    pub(crate) standing: Option<&'a Standing>,
    pub(crate) undone: Option<&'a Undone<'a>>,
    /// Somebody has been alarmed about the same thing already.
    pub(crate) quiet: bool,
    /// Since when a finding was open that this message ends. Whoever sees its end says the same.
    pub(crate) ends: Option<Timestamp>,
}

impl<G: Guard> Shell<G> {
    /// Tells findings that are not corrected, unless the ledger says that the same was told a short while ago.
    ///
    /// An unreachable ledger never silences anybody: the finding is told, perhaps more than once.
    pub(crate) async fn tell_findings<F>(
        &self,
        case: &Case<'_, G::Kind>,
        sight: &Sight<F>,
        findings: Vec<(Found, Outcome)>,
    ) -> Result<Vec<Ended>, Failure> {
        let standing = sight.standing();
        let results = futures::future::join_all(findings.into_iter().map(async |(found, outcome)| {
            let (noted, quiet) = futures::join!(
                self.note(case, &found, &outcome, None),
                self.follow_up(case, found.control.id, &outcome, sight.looked_at),
            );
            let repeats = match noted {
                Some(Noted::Already { .. }) => None,
                Some(Noted::Tell { repeats }) => Some(repeats),
                None => Some(0),
            };
            let known = found.told_before.contains(&found.fingerprint);
            if let Some(repeats) = repeats {
                let difference = found.proposed.clone();
                let telling = Telling { repeats, standing, quiet, difference, ..Telling::default() };
                let (told, ()) =
                    futures::join!(self.publish(case, &found, &outcome, &telling), self.remember(case, &found));
                told?;
            } else if !known {
                self.remember(case, &found).await; // told by somebody who could not write it down
            }
            Ok::<_, AwsFailure>(Ended { told: repeats.is_some(), ..found.ended(case, outcome) })
        }))
        .await;
        results.into_iter().collect::<Result<_, _>>().map_err(Failure::Tell)
    }

    /// Remembers that the finding is told and stands. What cannot be remembered now is when it is seen again.
    pub(crate) async fn remember(&self, case: &Case<'_, G::Kind>, found: &Found) {
        let sighting = found.sighting(&case.background);
        if let Err(failure) = self.ledger.open(&case.key, &sighting, self.ledger.now()).await {
            tracing::warn!(%failure, resource = %case.key.arn, control = found.control.id, "the finding was not remembered as open");
        }
    }

    /// What else a withheld correction leads to. Says whether somebody has been alarmed about the same already: a full
    /// budget is one alarm an hour, however many findings it holds back.
    async fn follow_up(&self, case: &Case<'_, G::Kind>, control: &str, outcome: &Outcome, now: Timestamp) -> bool {
        let failed = |failure: AwsFailure| {
            tracing::warn!(%failure, resource = %case.key.arn, control, "the ledger could not be written");
        };
        match outcome {
            Outcome::Withheld(Withheld::Budget { everywhere, .. }) => {
                let scope = if *everywhere { "everywhere" } else { case.key.place.account.as_str() };
                let what = format!("alarm#{control}#{scope}#{}", now.strftime("%Y-%m-%dT%H"));
                let request = &case.invocation.request_id;
                let first = self.ledger.once(&what, request, now, ONCE_KEPT).await;
                !first.unwrap_or_else(|failure| {
                    failed(failure);
                    true
                })
            }
            Outcome::Withheld(Withheld::TugOfWar { window, .. }) => {
                let until = now.checked_add(*window).unwrap_or(Timestamp::MAX);
                self.ledger.fence(&case.key, control, until).await.unwrap_or_else(failed);
                false
            }
            _ => false,
        }
    }

    /// Notes a finding that is not corrected in the ledger; `None` when the ledger does not answer.
    pub(crate) async fn note(
        &self,
        case: &Case<'_, G::Kind>,
        found: &Found,
        outcome: &Outcome,
        would: Option<&str>,
    ) -> Option<Noted> {
        let note = Note {
            key: &case.key,
            finding: &found.sighting(&case.background),
            outcome: outcome.name(),
            would,
            request: &case.invocation.request_id,
            event: case.background.event_id.as_deref().unwrap_or_default(),
            now: self.ledger.now(),
            reminder: self.book.settings.messages.reminder.unsigned_abs(),
        };
        match self.ledger.note(&note).await {
            Ok(noted) => Some(noted),
            Err(failure) => {
                tracing::warn!(%failure, resource = %case.key.arn, control = found.control.id, "the finding could not be noted");
                None
            }
        }
    }

    /// Publishes one message.
    pub(crate) async fn publish(
        &self,
        case: &Case<'_, G::Kind>,
        found: &Found,
        outcome: &Outcome,
        telling: &Telling<'_>,
    ) -> Result<(), AwsFailure> {
        let why = outcome.why();
        let proven = matches!(outcome, Outcome::Corrected(_) | Outcome::Restored(_));
        let correction = telling.correction.map(ToString::to_string);
        let paused = telling.standing.and_then(|standing| paused(standing, found.control.id, case));
        let next = next(outcome, found.control.id);
        let account = case.belonging.account.as_ref();
        let environment_read = account.map(|facts| read_ago(facts.read_at, self.ledger.now()));
        let finding = FindingId::of(found.control.id, &case.key.to_string());
        let id = match telling.ends {
            Some(since) => finding.message(&[outcome.name(), &since.to_string()]),
            None => finding.message(&[
                outcome.name(),
                correction.as_deref().unwrap_or_default(),
                &found.fingerprint.to_string(),
                &case.invocation.request_id,
            ]),
        };
        let at = format!("{:.3}", self.ledger.now());
        let notice = Notice {
            id: &id,
            finding: finding.as_str(),
            at: &at,
            closes: outcome.closes(),
            outcome: outcome.name(),
            control: found.control,
            severity: found.severity,
            state: &found.state,
            summary: &found.summary,
            evidence: &found.evidence,
            arn: &case.key.arn,
            place: &case.key.place,
            account_name: account.and_then(|facts| facts.name.as_deref()),
            owner: account.and_then(|facts| facts.tags.get(&self.book.settings.messages.owner_tag)).map(String::as_str),
            environment: &case.belonging.environment.name,
            environment_read: environment_read.as_deref(),
            mode: self.book.settings.mode(found.control, case.belonging.environment),
            actor: case.background.who(),
            changes: telling.done.to_vec(),
            difference: telling.difference.clone(),
            proof: why.as_deref().filter(|_| proven),
            took: Timestamp::now().duration_since(case.invocation.received).try_into().ok(),
            correction: correction.as_deref(),
            undone: telling.undone.cloned(),
            why: why.as_deref().filter(|_| !proven),
            next: next.as_deref(),
            paused: paused.as_deref(),
            repeats: telling.repeats,
            alarm: outcome.is_alarm() && !telling.quiet,
        };
        self.send(&notice).await
    }

    /// Hands what was written to the notifier.
    pub(crate) async fn send(&self, notice: &Notice<'_>) -> Result<(), AwsFailure> {
        let body = rectify_render::Message::new(notice).json();
        self.outbox.post(&Posting { group: notice.finding, id: notice.id, body: &body }).await
    }
}

/// How long it is remembered that something was told once.
const ONCE_KEPT: Duration = Duration::from_secs(2 * 24 * 60 * 60);

/// When something was read, and how long ago, in the largest unit that says something.
fn read_ago(read_at: Timestamp, now: Timestamp) -> String {
    let minutes = now.duration_since(read_at).as_mins().max(0);
    let age = match minutes {
        0..120 => format!("{minutes}m"),
        120..2_880 => format!("{}h", minutes / 60),
        _ => format!("{}d", minutes / 1_440),
    };
    format!("{read_at:.0}, {age} ago")
}

/// What is paused for this control in this account, in a sentence.
fn paused<K: Kind>(standing: &Standing, control: &str, case: &Case<'_, K>) -> Option<String> {
    let switch = standing.switches.iter().find(|switch| switch.holds(control, &case.key.place.account))?;
    Some(format!("corrections are paused ({}): {}, by {}", switch.reach, switch.reason, switch.by))
}

/// What a reader can do about a correction that was held back.
fn next(outcome: &Outcome, control: &str) -> Option<String> {
    let Outcome::Withheld(why) = outcome else { return None };
    Some(match why {
        Withheld::TugOfWar { window, .. } => format!(
            "fix it where the change comes from, or exempt it; it is corrected again when nobody has opened it for \
             {window:#}, or after `rectify resume --resource` with the ARN below"
        ),
        Withheld::Budget { .. } => format!(
            "find out what breaks so many resources at once; `rectify resume --control {control}` looks again at all that \
             was held back, as far as the next hour's limit goes"
        ),
        Withheld::Paused { switch, .. } => {
            format!("`rectify resume --{switch}` ends the pause and looks again at all that was held back")
        }
        Withheld::Organization(_) => {
            "`rectify org refresh` writes down where each account is in the organisation".to_owned()
        }
        Withheld::Settings(_) => {
            "correct the settings file, check it with `rectify settings check`, and deploy it".to_owned()
        }
        Withheld::Exemptions(_) | Withheld::Ledger(_) | Withheld::OwnEvent | Withheld::NoInverse => return None,
    })
}

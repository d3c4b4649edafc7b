//! Step 9: one message per finding and outcome, none for a repeat inside the reminder interval.

use jiff::Timestamp;
use rectify_aws::{AwsFailure, CorrectionId, CorrectionRow, FindingClosing, Json, Message, Note, Noted, Sighting};
use rectify_controls::{Control, Environment, Evidence, Finding, Fingerprint, Kind, Outcome, Severity, State};
use rectify_event::Event;
use rectify_render::{Notice, Who};
use serde::{Deserialize, Serialize};

use crate::{Ended, Failure, Guard, Shell, way::Case};

/// What is known about the event itself, kept in the ledger so that a message can be made again.
#[derive(Debug, Clone, Serialize, Deserialize)]
pub(crate) struct Background {
    pub(crate) environment: String,
    pub(crate) event_id: Option<String>,
    event_name: Option<String>,
    event_time: Option<String>,
    principal: Option<String>,
    session: Option<String>,
    source_ip: Option<String>,
    user_agent: Option<String>,
    invoked_by: Option<String>,
}

/// A finding without the changes of its kind: what is told and recorded.
#[derive(Debug, Clone, Serialize)]
pub(crate) struct Found {
    #[serde(serialize_with = "control_id")]
    pub(crate) control: &'static Control,
    pub(crate) fingerprint: Fingerprint,
    severity: Severity,
    state: State,
    summary: String,
    evidence: Vec<Evidence>,
}

/// Why a correction was begun, as the ledger keeps it: enough to tell it again.
#[derive(Debug, Serialize)]
pub(crate) struct Story {
    pub(crate) background: Background,
    pub(crate) findings: Vec<Found>,
}

/// What a message says beside the finding.
pub(crate) struct Telling<'a> {
    pub(crate) done: &'a [String],
    pub(crate) correction: Option<&'a CorrectionId>,
    pub(crate) repeats: u64,
}

impl Background {
    pub(crate) fn new(event: &Event<'_>, environment: &Environment) -> Self {
        let owned = |text: Option<&str>| text.map(str::to_owned);
        let record = event.record();
        let actor = record.map(rectify_event::Record::actor).unwrap_or_default();
        Self {
            environment: environment.name.clone(),
            event_id: owned(record.and_then(|record| record.event_id.as_deref()).or(event.envelope.id.as_deref())),
            event_name: owned(record.map(|record| record.event_name.as_ref())),
            event_time: owned(
                record.and_then(|record| record.event_time.as_deref()).or(event.envelope.time.as_deref()),
            ),
            principal: owned(actor.issuer.or(actor.principal)),
            session: owned(actor.session),
            source_ip: owned(actor.source_ip),
            user_agent: owned(actor.user_agent),
            invoked_by: owned(actor.invoked_by),
        }
    }

    fn who(&self) -> Who<'_> {
        Who {
            principal: self.principal.as_deref(),
            session: self.session.as_deref(),
            source_ip: self.source_ip.as_deref(),
            user_agent: self.user_agent.as_deref(),
            invoked_by: self.invoked_by.as_deref(),
            event_name: self.event_name.as_deref(),
            event_id: self.event_id.as_deref(),
            event_time: self.event_time.as_deref(),
        }
    }
}

impl Found {
    pub(crate) fn new<C>(finding: &Finding<C>) -> Self {
        Self {
            control: finding.control,
            fingerprint: finding.fingerprint(),
            severity: finding.severity,
            state: finding.state.clone(),
            summary: finding.summary.clone(),
            evidence: finding.evidence.clone(),
        }
    }

    /// The findings a correction row was written for; `None` when another release wrote it in a way we do not know.
    pub(crate) fn of_row(row: &CorrectionRow, controls: &'static [Control]) -> Option<Vec<Self>> {
        #[derive(Deserialize)]
        struct Stored {
            findings: Vec<StoredFinding>,
        }
        #[derive(Deserialize)]
        struct StoredFinding {
            control: String,
            fingerprint: Fingerprint,
            severity: Severity,
            state: State,
            summary: String,
            evidence: Vec<Evidence>,
        }
        let stored: Stored = row.ahead.actor.parse().ok()?;
        stored
            .findings
            .into_iter()
            .map(|found| {
                Some(Self {
                    control: controls.iter().find(|control| control.id == found.control)?,
                    fingerprint: found.fingerprint,
                    severity: found.severity,
                    state: found.state,
                    summary: found.summary,
                    evidence: found.evidence,
                })
            })
            .collect()
    }

    pub(crate) fn sighting(&self) -> Sighting {
        Sighting {
            control: self.control.id.to_owned(),
            fingerprint: self.fingerprint.clone(),
            severity: self.severity,
            summary: self.summary.clone(),
            evidence: Json::of(&self.evidence).unwrap_or_else(|_| Json::null()),
        }
    }

    pub(crate) fn closing(&self, outcome: &Outcome) -> FindingClosing {
        FindingClosing {
            control: self.control.id.to_owned(),
            fingerprint: self.fingerprint.clone(),
            outcome: outcome.name().to_owned(),
            resolved: matches!(outcome, Outcome::Corrected(_) | Outcome::Superseded),
        }
    }

    pub(crate) fn ended<K: Kind>(&self, case: &Case<'_, K>, outcome: Outcome) -> Ended {
        Ended {
            arn: Some(case.key.arn.clone()),
            control: Some(self.control.id),
            severity: Some(self.severity),
            outcome,
            summary: Some(self.summary.clone()),
            correction: None,
            told: false,
        }
    }
}

impl<G: Guard> Shell<G> {
    /// Tells findings that are not corrected, unless the ledger says that the same was told a short while ago.
    ///
    /// An unreachable ledger never silences anybody: the finding is told, perhaps more than once.
    pub(crate) async fn tell_findings(
        &self,
        case: &Case<'_, G::Kind>,
        findings: Vec<(Found, Outcome)>,
    ) -> Result<Vec<Ended>, Failure> {
        let results = futures::future::join_all(findings.into_iter().map(async |(found, outcome)| {
            let noted = self.note(case, &found, &outcome).await;
            let told = match noted {
                Some(Noted::Already { .. }) => false,
                Some(Noted::Tell { repeats }) => {
                    self.publish(case, &found, &outcome, &Telling { done: &[], correction: None, repeats }).await?;
                    true
                }
                None => {
                    self.publish(case, &found, &outcome, &Telling { done: &[], correction: None, repeats: 0 }).await?;
                    true
                }
            };
            Ok::<_, AwsFailure>(Ended { told, ..found.ended(case, outcome) })
        }))
        .await;
        results.into_iter().collect::<Result<_, _>>().map_err(Failure::Tell)
    }

    /// Notes a finding that is not corrected in the ledger; `None` when the ledger does not answer.
    pub(crate) async fn note(&self, case: &Case<'_, G::Kind>, found: &Found, outcome: &Outcome) -> Option<Noted> {
        let note = Note {
            key: &case.key,
            finding: &found.sighting(),
            outcome: outcome.name(),
            request: &case.invocation.request_id,
            event: case.background.event_id.as_deref().unwrap_or_default(),
            now: Timestamp::now(),
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
        let correction = telling.correction.map(ToString::to_string);
        let notice = Notice {
            outcome: outcome.name(),
            control: found.control,
            severity: found.severity,
            state: &found.state,
            summary: &found.summary,
            evidence: &found.evidence,
            arn: &case.key.arn,
            place: &case.key.place,
            environment: &case.environment.name,
            mode: self.book.settings.mode(found.control, case.environment),
            actor: case.background.who(),
            changes: telling.done.to_vec(),
            proof: why.as_deref().filter(|_| matches!(outcome, Outcome::Corrected(_))),
            took: Timestamp::now().duration_since(case.invocation.received).try_into().ok(),
            correction: correction.as_deref(),
            why: why.as_deref().filter(|_| !matches!(outcome, Outcome::Corrected(_))),
            repeats: telling.repeats,
            alarm: outcome.is_alarm(),
        };
        let sns = rectify_render::Message::new(&notice).sns();
        let message = Message {
            subject: sns.subject,
            body: sns.message,
            per_protocol: true,
            attributes: sns.attributes.into_iter().map(|(name, value)| (name.to_owned(), value)).collect(),
        };
        self.topic.publish(&message).await.map(drop)
    }
}

fn control_id<S: serde::Serializer>(control: &&'static Control, serializer: S) -> Result<S::Ok, S::Error> {
    serializer.serialize_str(control.id)
}

//! Step 9: one message per finding and outcome, none for a repeat inside the reminder interval.

use std::time::Duration;

use jiff::Timestamp;
use rectify_aws::{AwsFailure, CorrectionId, CorrectionRow, FindingClosing, Note, Noted, Open, Posting, Sighting};
use rectify_controls::{
    Control, Evidence, Finding, FindingId, Fingerprint, Kind, Outcome, Reopened, Severity, Standing, State, Withheld,
};
use rectify_event::Event;
use rectify_render::{Difference, Notice, Undone, Who};
use serde::{Deserialize, Serialize};
use serde_json::Value;

use crate::{
    Ended, Failure, Guard, Shell,
    correct::json,
    difference,
    undo::Person,
    way::{Case, Sight},
};

/// What is known about the event itself, kept in the ledger so that a message can be made again.
#[derive(Debug, Clone, Default, Serialize, Deserialize)]
#[serde(default)]
pub(crate) struct Background {
    pub(crate) environment: String,
    pub(crate) event_id: Option<String>,
    event_name: Option<String>,
    event_time: Option<String>,
    principal: Option<String>,
    session: Option<String>,
    source_ip: Option<String>,
    user_agent: Option<String>,
    /// As people call it, with its version.
    tool: Option<String>,
    /// `ToolClass::as_str`.
    tool_class: Option<String>,
    invoked_by: Option<String>,
    /// From the person to the session, a link each.
    chain: Vec<String>,
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
    /// The parts of the resource that putting it right writes.
    pub(crate) slots: Vec<String>,
    /// What putting it right would change.
    #[serde(skip)]
    proposed: Option<Difference>,
    /// The offending states of this control that somebody was told of before, and that have not ended.
    #[serde(skip)]
    pub(crate) told_before: Vec<Fingerprint>,
}

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

impl Background {
    pub(crate) fn new(event: &Event<'_>, environment: &str) -> Self {
        let owned = |text: Option<&str>| text.map(str::to_owned);
        let record = event.record();
        let actor = record.map(rectify_event::Record::actor).unwrap_or_default();
        let tool = record.and_then(rectify_event::Record::tool);
        Self {
            environment: environment.to_owned(),
            event_id: owned(record.and_then(|record| record.event_id.as_deref()).or(event.envelope.id.as_deref())),
            event_name: owned(record.map(|record| record.event_name.as_ref())),
            event_time: owned(
                record.and_then(|record| record.event_time.as_deref()).or(event.envelope.time.as_deref()),
            ),
            principal: owned(actor.issuer.or(actor.principal)),
            session: owned(actor.session),
            source_ip: owned(actor.source_ip),
            user_agent: owned(actor.user_agent),
            tool: tool.map(|tool| tool.to_string()),
            tool_class: tool.map(|tool| tool.class.to_string()),
            invoked_by: owned(actor.invoked_by),
            chain: actor.chain.iter().map(ToString::to_string).collect(),
        }
    }

    /// What an order brings along about the change that led to it; nothing when that is not what we once wrote.
    pub(crate) fn of_story(story: Option<Value>, environment: &str) -> Self {
        let told = story.and_then(|story| serde_json::from_value::<Self>(story).ok()).unwrap_or_default();
        Self { environment: environment.to_owned(), ..told }
    }

    /// What a row keeps about the change that led to it.
    pub(crate) fn of_row(row: &CorrectionRow, environment: &str) -> Self {
        let kept =
            row.ahead.actor.parse::<Value>().ok().and_then(|mut actor| Some(actor.get_mut("background")?.take()));
        Self::of_story(kept, environment)
    }

    /// Who made a correction necessary, for the count of reversals.
    pub(crate) fn reopened(&self, at: Timestamp) -> Reopened {
        // Names are the caller's to choose, and fifty of these are kept in one row.
        let by = self.principal.as_deref().map(|principal| rectify_render::escape::cut(principal, 200));
        Reopened { at, by, tool: self.tool.clone() }
    }

    fn who(&self) -> Who<'_> {
        Who {
            principal: self.principal.as_deref(),
            session: self.session.as_deref(),
            source_ip: self.source_ip.as_deref(),
            user_agent: self.user_agent.as_deref(),
            tool: self.tool.as_deref(),
            tool_class: self.tool_class.as_deref(),
            invoked_by: self.invoked_by.as_deref(),
            chain: self.chain.iter().map(String::as_str).collect(),
            event_name: self.event_name.as_deref(),
            event_id: self.event_id.as_deref(),
            event_time: self.event_time.as_deref(),
        }
    }
}

impl Found {
    pub(crate) fn new<K: Kind>(facts: &K::Facts, finding: &Finding<K::Change>) -> Self {
        Self {
            slots: difference::slots::<K>(finding),
            proposed: difference::proposed::<K>(facts, finding),
            told_before: Vec::new(),
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
            /// Rows of earlier releases have none.
            #[serde(default)]
            slots: Vec<String>,
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
                    slots: found.slots,
                    proposed: None,
                    told_before: Vec::new(),
                })
            })
            .collect()
    }

    /// The same, knowing what was told of its control before.
    pub(crate) fn after<F>(mut self, sight: &Sight<F>) -> Self {
        self.told_before = sight.open(self.control.id).map(|open| open.fingerprints.clone()).unwrap_or_default();
        self
    }

    /// What was told last of a control, when it is over.
    pub(crate) fn of_open(control: &'static Control, open: &Open, fingerprint: Option<&Fingerprint>) -> Self {
        let evidence = open.evidence.parse().unwrap_or_default();
        let finding = Finding::<()> {
            control,
            severity: open.severity,
            state: State::Live,
            summary: open.summary.clone(),
            evidence,
            changes: Vec::new(),
        };
        let fingerprint = fingerprint.cloned().unwrap_or_else(|| finding.fingerprint());
        let Finding { severity, state, summary, evidence, .. } = finding;
        Self {
            control,
            fingerprint,
            severity,
            state,
            summary,
            evidence,
            slots: Vec::new(),
            proposed: None,
            told_before: Vec::new(),
        }
    }

    pub(crate) fn sighting(&self, background: &Background) -> Sighting {
        Sighting {
            control: self.control.id.to_owned(),
            fingerprint: self.fingerprint.clone(),
            severity: self.severity,
            summary: self.summary.clone(),
            evidence: json(&self.evidence),
            actor: json(background),
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
    pub(crate) async fn tell_findings<F>(
        &self,
        case: &Case<'_, G::Kind>,
        sight: &Sight<F>,
        findings: Vec<(Found, Outcome)>,
    ) -> Result<Vec<Ended>, Failure> {
        let standing = sight.standing();
        let results = futures::future::join_all(findings.into_iter().map(async |(found, outcome)| {
            let (noted, quiet, ()) = futures::join!(
                self.note(case, &found, &outcome, None),
                self.follow_up(case, found.control.id, &outcome, sight.looked_at),
                self.remember(case, &found),
            );
            let repeats = match noted {
                Some(Noted::Already { .. }) => None,
                Some(Noted::Tell { repeats }) => Some(repeats),
                None => Some(0),
            };
            if let Some(repeats) = repeats {
                let difference = found.proposed.clone();
                let telling = Telling { repeats, standing, quiet, difference, ..Telling::default() };
                self.publish(case, &found, &outcome, &telling).await?;
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
        let said_by = telling.ends.map_or_else(|| case.invocation.request_id.clone(), |since| since.to_string());
        let id = finding.message(&[outcome.name(), correction.as_deref().unwrap_or_default(), &said_by]);
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

fn control_id<S: serde::Serializer>(control: &&'static Control, serializer: S) -> Result<S::Ok, S::Error> {
    serializer.serialize_str(control.id)
}

#[cfg(test)]
mod tests {
    use rectify_event::Event;
    use serde_json::json;

    use super::Background;

    /// What the ledger keeps is enough to tell the same again: also who stood behind the session, and what comes first among
    /// the ways to fix it.
    #[test]
    fn tool_and_chain_come_back_from_the_ledger() {
        let text = json!({
            "source": "aws.s3", "detail-type": "AWS API Call via CloudTrail", "account": "111122223333",
            "detail": {
                "eventSource": "s3.amazonaws.com", "eventName": "PutBucketAcl", "sourceIPAddress": "cloudformation.amazonaws.com",
                "userAgent": "cloudformation.amazonaws.com",
                "userIdentity": {
                    "type": "AssumedRole", "accountId": "111122223333", "invokedBy": "cloudformation.amazonaws.com",
                    "arn": "arn:aws:sts::111122223333:assumed-role/cdk-hnb659fds-cfn-exec-role-1-eu-west-1/AWSCloudFormation",
                    "sessionContext": {"sessionIssuer": {
                        "type": "Role", "accountId": "111122223333", "userName": "cdk-hnb659fds-cfn-exec-role-1-eu-west-1",
                        "arn": "arn:aws:iam::111122223333:role/cdk-hnb659fds-cfn-exec-role-1-eu-west-1",
                    }},
                },
            },
        })
        .to_string();
        let background = Background::new(&Event::parse(&text).unwrap(), "production");
        let kept = Background::of_story(serde_json::to_value(&background).ok(), "production");
        let who = kept.who();
        assert_eq!((who.tool, who.tool_class), (Some("CDK"), Some("cdk")));
        assert_eq!(
            who.chain,
            [
                "role cdk-hnb659fds-cfn-exec-role-1-eu-west-1 in 111122223333",
                "session AWSCloudFormation",
                "cloudformation.amazonaws.com"
            ]
        );
        assert_eq!(who, background.who());
        assert_eq!(kept.reopened(jiff::Timestamp::UNIX_EPOCH).tool.as_deref(), Some("CDK"));
    }

    #[test]
    fn a_row_of_a_release_without_tool_and_chain_is_read() {
        let row =
            json!({"environment": "old", "session": "alice", "user_agent": "APN/1.0 HashiCorp/1.0 Terraform/1.9.5"});
        let background = Background::of_story(Some(row), "production");
        let who = background.who();
        assert_eq!((who.session, who.tool, who.tool_class, who.chain.len()), (Some("alice"), None, None, 0));
        assert!(who.user_agent.is_some_and(|agent| agent.contains("Terraform")), "shown instead of the tool");
    }
}

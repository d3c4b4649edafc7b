//! Sweeps: every resource of a place, found by listing instead of by an event, and then the ordinary way.
//!
//! A `Sweep` event goes on from page to page until its time is nearly up, and then puts an event with the rest on the bus. An
//! order does one page and answers where to go on. Both are [`Shell::sweep`].

use std::{collections::VecDeque, time::Duration};

use futures::{StreamExt as _, stream::FuturesUnordered};
use rectify_aws::{AwsFailure, FailureKind, Session};
use rectify_controls::{Ignored, Kind, Outcome, Place, State, SweepRequest, Swept, SweptRow, Unswept, Verdict};
use rectify_event::{Event, OWN_SOURCE};
use rectify_render::escape::cut;
use serde::{Deserialize, Serialize};

use crate::{
    Ended, Failure, Guard, Observed, Page, Report, Shell,
    admit::not_covered,
    background::Background,
    clock::Invocation,
    orders::{all_off, answered, selected},
    pace::Pace,
    way::Case,
};

/// No further resource is begun with less time than this: a correction takes seconds, and the rest of the sweep has to be put
/// on the bus after it.
const HEADROOM: Duration = Duration::from_secs(8);

/// Most events one place's sweep may be handed on by: more than 50 000 resources need.
const MOST_HOPS: u32 = 2_000;

/// Most resources that one event asks to be tried again.
pub(crate) const MOST_AGAIN: usize = 200;

/// The longest cursor that is read.
const LONGEST_CURSOR: usize = 128 * 1024;

/// Letters of a text in an answer: Lambda answers with at most 6 MB.
const LONGEST_TEXT: usize = 600;

type IdOf<G> = <<G as Guard>::Kind as Kind>::Id;

/// Where a sweep of one place stands.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub(crate) struct Cursor<Id> {
    /// The guard's cursor of the page that is being worked on.
    page: Option<String>,
    /// The last resource of it, in the order of ids, that was begun.
    past: Option<Id>,
    /// Nothing is left but what is to be tried again.
    listed: bool,
    /// What failed, to be tried once more.
    again: Vec<Id>,
    /// How often it was handed on.
    hops: u32,
}

impl<Id> Default for Cursor<Id> {
    fn default() -> Self {
        Self { page: None, past: None, listed: false, again: Vec::new(), hops: 0 }
    }
}

impl<Id> Cursor<Id> {
    /// The end of a sweep: nothing is listed, and these are looked at.
    pub(crate) fn of(ids: Vec<Id>) -> Self {
        Self { listed: true, again: ids, ..Self::default() }
    }
}

/// What is swept.
struct Task<'a> {
    place: &'a Place,
    controls: &'a [String],
    dry_run: bool,
    /// Answer after one page, and try nothing in another invocation.
    one_page: bool,
}

/// How the looks of one invocation went.
struct Course<Id> {
    swept: Swept,
    ended: Vec<Ended>,
    environment: Option<String>,
    /// Where to go on; `None` at the end.
    rest: Option<Cursor<Id>>,
}

/// Looks at some resources.
struct Batch<Id> {
    /// How many of them were begun, from the first.
    begun: usize,
    failed: Vec<(Id, Failure)>,
}

impl<G: Guard> Shell<G> {
    /// Takes a `Sweep` event; `None` for every other.
    ///
    /// Only the hub's own account is believed: EventBridge sets the account, and what is swept is named by the detail.
    pub(crate) async fn sweep_event(
        &self,
        event: &Event<'_>,
        invocation: &Invocation,
    ) -> Result<Option<Report>, Failure> {
        let envelope = &event.envelope;
        if envelope.source != OWN_SOURCE || envelope.detail_type != SweepRequest::DETAIL_TYPE {
            return Ok(None);
        }
        let mut report = Report::of(event);
        report.event_name = Some(SweepRequest::DETAIL_TYPE.to_owned());
        let ignored = |mut report: Report, why: Ignored| {
            report.ended.push(Ended::plain(None, Outcome::Ignored(why)));
            Ok(Some(report))
        };
        if envelope.account.as_deref() != Some(self.home.as_str()) {
            let from = cut(envelope.account.as_deref().unwrap_or("no account"), 40);
            return ignored(report, Ignored::Elsewhere(format!("a sweep is asked for by the hub, not by {from}")));
        }
        let request: SweepRequest = serde_json::from_str(envelope.detail.get())
            .map_err(|error| Failure::NotAnEvent(format!("the detail of a Sweep event: {error}")))?;
        if request.kind != <G::Kind as Kind>::KIND {
            return ignored(report, Ignored::NotOurs);
        }
        let place = Place { account: request.account.clone(), region: request.region.clone() };
        if !self.sessions.covers(&place.account) {
            return ignored(report, Ignored::Elsewhere(not_covered(&place.account)));
        }
        let task = Task { place: &place, controls: &request.controls, dry_run: false, one_page: false };
        let cursor = cursor::<G>(request.after.as_deref())?;
        let mut course = self.sweep(&task, cursor, invocation).await?;
        log(&place, &request.sweep, &course);
        if let Some(why) = course.swept.skipped.take() {
            report.ended.push(Ended::plain(None, Outcome::Ignored(Ignored::NotApplicable(why))));
        }
        report.environment = course.environment;
        report.ended.extend(course.ended);
        if let Some(rest) = course.rest {
            let after = serde_json::to_string(&rest).map_err(|error| Failure::Sweep(error.to_string()))?;
            let request = SweepRequest { after: Some(after), ..request };
            let detail = serde_json::to_string(&request).map_err(|error| Failure::Sweep(error.to_string()))?;
            self.bus
                .put(OWN_SOURCE, SweepRequest::DETAIL_TYPE, &[detail])
                .await
                .map_err(|not| Failure::Bus(Box::new(not)))?;
        }
        Ok(Some(report))
    }

    /// Carries out [`rectify_controls::Order::Sweep`].
    pub(crate) async fn sweep_order(
        &self,
        place: &Place,
        controls: &[String],
        dry_run: bool,
        after: Option<&str>,
        invocation: &Invocation,
    ) -> Result<Report, Failure> {
        if !self.sessions.covers(&place.account) {
            return Err(Failure::Order(not_covered(&place.account)));
        }
        let task = Task { place, controls, dry_run, one_page: true };
        let course = self.sweep(&task, cursor::<G>(after)?, invocation).await?;
        log(place, "order", &course);
        let next = course.rest.map(|rest| serde_json::to_string(&rest)).transpose();
        let swept = Swept { next: next.map_err(|error| Failure::Sweep(error.to_string()))?, ..course.swept };
        Ok(Report { environment: course.environment, ended: course.ended, ..answered("sweep", &swept) })
    }

    async fn sweep(
        &self,
        task: &Task<'_>,
        mut cursor: Cursor<IdOf<G>>,
        invocation: &Invocation,
    ) -> Result<Course<IdOf<G>>, Failure> {
        let belonging = self.belonging(&task.place.account).await;
        let environment = Some(belonging.environment.name.clone());
        let mut course = Course { swept: Swept::default(), ended: Vec::new(), environment, rest: None };
        let selection = selected::<G::Kind>(task.controls);
        if belonging.on::<G::Kind>(&self.book.settings, &selection).is_empty() {
            course.swept.skipped = Some(all_off().to_string());
            return Ok(course);
        }
        let background = Background::of_story(None, &belonging.environment.name);
        let session = match self.sessions.read(task.place).await {
            Ok(session) => session,
            // The sweeper names every account of the organisation, and not every unit need be watched: no news four times a day.
            // An event from there, which only a watched account sends, does fail.
            Err(error) if !task.one_page && error.is_refusal() => {
                tracing::warn!(%error, account = %task.place.account, "not swept: there is no way in");
                course.swept.skipped = Some(error.to_string());
                return Ok(course);
            }
            Err(error) => return Err(Failure::Session(error)),
        };
        let look = async |id: IdOf<G>| {
            let case = self.case(id, task.place, &selection, &belonging, &background, invocation).await?;
            if task.dry_run { self.judge_only(&case).await } else { Box::pin(self.attend(&case)).await.map(rows) }
        };
        let mut pace = Pace::new();
        let mut failed = Vec::new();
        let mut moved = false;

        // What failed in the invocation before has its last try here.
        let again = std::mem::take(&mut cursor.again);
        let batch = run(&look, &again, &mut pace, invocation, &mut course).await;
        cursor.again.extend(again.into_iter().skip(batch.begun));
        moved |= batch.begun > 0;
        let mut given_up = batch.failed;

        while cursor.again.is_empty() && !cursor.listed && has_time(invocation) {
            let page = match self.page(&session, cursor.page.as_deref(), task.place).await {
                Ok(page) => page,
                Err(failure) if not_enabled(&failure, &session, &self.regions) => {
                    course.swept.skipped = Some(format!("region {} is not enabled there", task.place.region));
                    cursor.listed = true;
                    break;
                }
                // What is done stays done; the rest begins with this page.
                Err(failure) if moved && failure.kind.is_transient() => {
                    tracing::warn!(%failure, "a page could not be listed: it is left for the next event");
                    break;
                }
                Err(failure) => return Err(Failure::Observe(failure)),
            };
            for name in page.odd {
                let error = "the name is none that a resource of the kind can have".to_owned();
                course.swept.failed.push(Unswept { resource: cut(&name, 300), error });
            }
            let mut ids = page.ids;
            ids.sort();
            ids.retain(|id| cursor.past.as_ref().is_none_or(|past| id > past));
            let batch = run(&look, &ids, &mut pace, invocation, &mut course).await;
            failed.extend(batch.failed);
            moved |= batch.begun > 0;
            if batch.begun < ids.len() {
                cursor.past = batch.begun.checked_sub(1).and_then(|last| ids.get(last).cloned()).or(cursor.past);
                break;
            }
            cursor.past = None;
            match page.next {
                None => cursor.listed = true,
                Some(next) if cursor.page.as_ref() == Some(&next) => {
                    return Err(Failure::Sweep(
                        "the list of resources does not get any further: its next page is the same".into(),
                    ));
                }
                Some(next) => {
                    cursor.page = Some(next);
                    moved = true;
                }
            }
            if task.one_page {
                break;
            }
        }

        // Once more, now that the others are done and one at a time: what stood in the way may be over.
        let ids: Vec<_> = failed.iter().map(|(id, _)| id.clone()).collect();
        let mut slow = Pace::new();
        slow.throttled();
        slow.throttled();
        let batch = run(&look, &ids, &mut slow, invocation, &mut course).await;
        let mut still: Vec<_> = failed.split_off(batch.begun);
        still.extend(batch.failed);
        if task.one_page {
            given_up.extend(still);
        } else {
            let room = MOST_AGAIN.saturating_sub(cursor.again.len());
            given_up.extend(still.split_off(room.min(still.len())));
            for (id, failure) in &still {
                tracing::warn!(resource = %<G::Kind as Kind>::arn(id, task.place), %failure, "not judged: tried again later");
            }
            cursor.again.extend(still.into_iter().map(|(id, _)| id));
        }
        course.swept.failed.extend(given_up.iter().map(|(id, failure)| Unswept {
            resource: <G::Kind as Kind>::arn(id, task.place).to_string(),
            error: cut(&failure.to_string(), LONGEST_TEXT),
        }));
        course.swept.looked += u32::try_from(given_up.len()).unwrap_or(u32::MAX);
        if !cursor.listed || !cursor.again.is_empty() {
            // Also time that is up before anything was begun: handing on the same would go on for ever.
            if !moved && course.swept.looked == 0 {
                return Err(Failure::Sweep("the time was up before a single resource was looked at".to_owned()));
            }
            cursor.hops += 1;
            if cursor.hops > MOST_HOPS {
                return Err(Failure::Sweep(format!("the sweep was handed on {MOST_HOPS} times and has no end")));
            }
            course.rest = Some(cursor);
        }
        Ok(course)
    }

    /// A page of what is swept in this place. What has no region is swept where it is at home, or in the first region that is
    /// watched when nobody watches that one.
    async fn page(&self, session: &Session, cursor: Option<&str>, place: &Place) -> Result<Page<IdOf<G>>, AwsFailure> {
        let mut page = self.guard.list(session, cursor).await?;
        page.ids.retain(|id| {
            let home = <G::Kind as Kind>::home(id, place);
            home == *place || (!self.regions.contains(&home.region) && self.regions.first() == Some(&place.region))
        });
        Ok(page)
    }

    /// Observes, judges and decides. Nothing is written down, told or changed.
    async fn judge_only(&self, case: &Case<'_, G::Kind>) -> Result<Vec<Row>, Failure> {
        let sight = self.observe(case, &case.selection).await?;
        let Observed::Facts(facts) = &sight.facts else { return Ok(Vec::new()) };
        let findings = <G::Kind as Kind>::judge(facts, &self.book.rules, &case.selection);
        let verdicts = self.decide_all(case, &sight, &findings).await;
        let pairs = findings.iter().zip(verdicts).filter(|(_, verdict)| *verdict != Verdict::Off);
        Ok(pairs
            .map(|(finding, verdict)| {
                let (outcome, why) = match &verdict {
                    Verdict::Shadow(would) => ("shadowed", Some(format!("it would be {}", would.outcome()))),
                    Verdict::Withhold(why) => ("withheld", Some(why.to_string())),
                    Verdict::Exempt(exemption) => {
                        ("exempt", Some(format!("{}: {}", exemption.owner, exemption.stands())))
                    }
                    Verdict::Defer(due) => ("deferred", Some(format!("looked at again at {due:.0}"))),
                    other => {
                        (other.outcome(), matches!(finding.state, State::Unverifiable).then(|| "unverifiable".into()))
                    }
                };
                Row::Would(SweptRow {
                    resource: case.key.arn.to_string(),
                    control: finding.control.id.to_owned(),
                    severity: Some(finding.severity),
                    outcome: outcome.to_owned(),
                    summary: Some(cut(&finding.summary, LONGEST_TEXT)),
                    why: why.map(|why| cut(&why, LONGEST_TEXT)),
                    correction: None,
                })
            })
            .collect())
    }
}

/// What a look came to: an end of the ordinary way, or what it would be.
enum Row {
    Ended(Ended),
    Would(SweptRow),
}

fn rows(ended: Vec<Ended>) -> Vec<Row> {
    ended.into_iter().map(Row::Ended).collect()
}

/// Looks at `ids` in order, a few at a time, while there is time. Those that were begun end, or count as failed when the
/// time is up.
async fn run<Id: Clone, R>(
    look: &impl Fn(Id) -> R,
    ids: &[Id],
    pace: &mut Pace,
    invocation: &Invocation,
    course: &mut Course<Id>,
) -> Batch<Id>
where
    R: Future<Output = Result<Vec<Row>, Failure>>,
{
    let mut waiting: VecDeque<&Id> = ids.iter().collect();
    let mut running = FuturesUnordered::new();
    let mut under_way: Vec<(usize, Id)> = Vec::new();
    let mut batch = Batch { begun: 0, failed: Vec::new() };
    loop {
        while running.len() < pace.limit() && has_time(invocation) {
            let Some(id) = waiting.pop_front() else { break };
            let (number, looking) = (batch.begun, look(id.clone()));
            running.push(async move { (number, looking.await) });
            under_way.push((number, id.clone()));
            batch.begun += 1;
        }
        if running.is_empty() {
            return batch;
        }
        let Ok(Some((number, result))) = tokio::time::timeout(invocation.left(), running.next()).await else {
            let late = under_way.into_iter().map(|(_, id)| (id, Failure::OutOfTime("a resource".to_owned())));
            batch.failed.extend(late);
            return batch;
        };
        let Some(at) = under_way.iter().position(|(known, _)| *known == number) else { continue };
        let (_, id) = under_way.swap_remove(at);
        match result {
            Ok(rows) => {
                pace.went_well();
                course.count(rows);
            }
            Err(failure) => {
                if failure.is_throttled() {
                    pace.throttled();
                }
                batch.failed.push((id, failure));
            }
        }
    }
}

impl<Id> Course<Id> {
    fn count(&mut self, rows: Vec<Row>) {
        self.swept.looked += 1;
        let before = self.swept.rows.len();
        for row in rows {
            match row {
                Row::Would(row) => self.swept.rows.push(row),
                Row::Ended(ended) => {
                    // What breaks nothing is counted, not listed.
                    if let (Some(arn), Some(control)) = (&ended.arn, ended.control) {
                        self.swept.rows.push(SweptRow {
                            resource: arn.to_string(),
                            control: control.to_owned(),
                            severity: ended.severity,
                            outcome: ended.outcome.name().to_owned(),
                            summary: ended.summary.as_ref().map(|text| cut(text, LONGEST_TEXT)),
                            why: ended.outcome.why().map(|why| cut(&why, LONGEST_TEXT)),
                            correction: ended.correction.clone(),
                        });
                        self.ended.push(ended);
                    }
                }
            }
        }
        self.swept.fine += u32::from(self.swept.rows.len() == before);
    }
}

pub(crate) fn has_time(invocation: &Invocation) -> bool {
    invocation.left() > HEADROOM
}

/// A cursor that comes back.
fn cursor<G: Guard>(text: Option<&str>) -> Result<Cursor<IdOf<G>>, Failure> {
    let Some(text) = text else { return Ok(Cursor::default()) };
    let bad =
        |why: &str| Failure::Sweep(format!("`after` is no cursor of this release ({why}): sweep from the beginning"));
    if text.len() > LONGEST_CURSOR {
        return Err(bad("it is too long"));
    }
    let cursor: Cursor<IdOf<G>> = serde_json::from_str(text).map_err(|error| bad(&error.to_string()))?;
    if cursor.again.len() > MOST_AGAIN || cursor.hops > MOST_HOPS {
        return Err(bad("it has no end"));
    }
    Ok(cursor)
}

/// Whether AWS refuses because the account has not enabled the region: its credentials are unknown there. In a region that is
/// on in every account, and in the function's own, the same refusal means something else.
fn not_enabled(failure: &AwsFailure, session: &Session, watched: &[rectify_controls::Region]) -> bool {
    const CODES: [&str; 6] = [
        "OptInRequired",
        "AuthFailure",
        "InvalidAccessKeyId",
        "InvalidClientTokenId",
        "InvalidToken",
        "UnrecognizedClientException",
    ];
    failure.kind == FailureKind::Denied
        && watched.first() != Some(&session.place.region)
        && CODES.iter().any(|code| failure.code_is(code))
}

fn log<Id>(place: &Place, sweep: &str, course: &Course<Id>) {
    let Swept { looked, fine, rows, failed, .. } = &course.swept;
    for Unswept { resource, error } in failed {
        tracing::error!(%resource, %error, "not judged in this sweep");
    }
    tracing::info!(
        account = %place.account,
        region = %place.region,
        sweep = cut(sweep, 100),
        looked,
        fine,
        findings = rows.len(),
        failed = failed.len(),
        again = course.rest.as_ref().map_or(0, |rest| rest.again.len()),
        more = course.rest.is_some(),
        "swept"
    );
}

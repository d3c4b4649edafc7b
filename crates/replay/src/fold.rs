//! The events of one resource in the order of time, and what each would have led to.
//!
//! What is known of the resource grows with each event ([`Story`]); the rule book judges it as it stands, and [`decide`] says what would be
//! done. Nothing here knows what breaks a control.

mod resource;
mod said;
mod teller;

use std::{
    collections::{BTreeMap, HashMap, HashSet},
    io,
};

use jiff::Timestamp;
use rectify_controls::{
    AccountFacts, AccountId, Arn, Control, Doubt, Environment, Fact, Finding, Membership, Past, Reopened, Selection,
    Settings, Situation, Standing, State, Subject, decide,
};
use rectify_event::Event;

pub(crate) use self::teller::{Teller, tell};
use self::{
    resource::{Open, Resource, Waiting, exposure, remember},
    said::{Said, said, unread, unverifiable},
};
use crate::{
    kinds::{KINDS, Story, Watch},
    lead::{Lead, What},
    report::{Row, TugRow, Verdict},
    tally::{Verdicts, others},
};

/// Where rows go, when somebody wants them one by one.
pub(crate) type Rows<'a> = Option<&'a mut dyn FnMut(&Row, &Mark) -> io::Result<()>>;

/// What tells a row from others, whatever the settings are.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) struct Mark {
    /// [`Lead::at`].
    pub(crate) at: u64,
    /// The exemption behind it, whichever line of the settings it stands in.
    pub(crate) exemption: Option<String>,
}

/// What holds for the whole replay.
pub(crate) struct Folder<'a> {
    pub(crate) kinds: &'a [Box<dyn Watch>],
    pub(crate) settings: &'a Settings,
    /// Where accounts are in the organisation; `None` when nobody says, and then every account is one of ours.
    pub(crate) organization: Option<&'a BTreeMap<AccountId, AccountFacts>>,
    /// When the log ends.
    pub(crate) end: Timestamp,
}

/// What holds for an account.
pub(crate) struct Belonging<'a> {
    pub(crate) environment: &'a Environment,
    doubt: Option<Doubt>,
    standing: Standing,
}

/// Events of one second and one resource that are known again when they come a second time.
const MOST_IDS: usize = 50_000;

impl<'a> Folder<'a> {
    fn begin(&self, lead: &Lead) -> Option<Resource<'_>> {
        let number = usize::from(lead.kind);
        let place = lead.place()?;
        let arn = Arn::from_parts(lead.arn.clone());
        let story = (!lead.arn.is_empty()).then(|| self.kinds.get(number)?.begin(&arn, &place)).flatten();
        Some(Resource {
            number,
            kind: KINDS.get(number)?,
            arn,
            place,
            story,
            mended: None,
            told: HashMap::new(),
            open: BTreeMap::new(),
            past: BTreeMap::new(),
            waiting: BTreeMap::new(),
            warring: BTreeMap::new(),
            ids: HashSet::new(),
            time: i64::MIN,
            wide: 0,
        })
    }

    /// What holds for `account`: as [the runtime](https://docs.rs/rectify-runtime) has it, from what the caller saved of the organisation.
    pub(crate) fn belonging(&self, account: &str) -> Option<Belonging<'a>> {
        let account = AccountId::new(account).ok()?;
        let facts = self.organization.and_then(|organization| organization.get(&account));
        let (environment, doubt) = match self.settings.environment(&account, facts) {
            Membership::In(environment) => {
                let stranger = self.organization.is_some() && facts.is_none() && environment.default;
                let doubt =
                    stranger.then(|| Doubt::Organization("the account is not in the saved organisation".to_owned()));
                (environment, doubt)
            }
            Membership::Unknown { hangs_on, meanwhile } => {
                let why = format!(
                    "whether it is in environment `{}` hangs on the organisation: --organization",
                    hangs_on.name
                );
                (meanwhile, Some(Doubt::Organization(why)))
            }
        };
        let standing = Standing { account: facts.cloned(), ..Standing::default() };
        Some(Belonging { environment, doubt, standing })
    }
}

/// Whether `found` does not show the control any more, or shows it without effect.
fn is_over(found: &BTreeMap<&'static str, Finding<String>>, control: &str) -> bool {
    found.get(control).is_none_or(|finding| matches!(finding.state, State::Neutralised { .. }))
}

struct Telling<'t, 'a, 'r> {
    folder: &'t Folder<'a>,
    belonging: &'t Belonging<'a>,
    verdicts: &'t mut Verdicts,
    rows: &'t mut Rows<'r>,
}

impl Telling<'_, '_, '_> {
    fn lead(&mut self, resource: &mut Resource<'_>, lead: &Lead) -> io::Result<()> {
        let Ok(now) = Timestamp::from_second(lead.time) else { return Ok(()) };
        if lead.time != resource.time {
            resource.time = lead.time;
            resource.ids.clear();
        }
        if let Some(id) = &lead.id {
            if resource.ids.contains(id) {
                self.verdicts.duplicates += u64::from(lead.first);
                if lead.wakes {
                    *self.verdicts.woken_again.entry(resource.number).or_default() += 1;
                }
                return Ok(());
            }
            if resource.ids.len() < MOST_IDS {
                resource.ids.insert(id.clone());
            }
        }
        self.due(resource, now)?;
        match &lead.what {
            What::Ignored(why) => {
                for control in resource.kind.selected(lead.selection) {
                    self.say(resource.number, control, lead, None, &Said::because(Verdict::Ignored, why.as_str()))?;
                }
                Ok(())
            }
            What::Live(why) => self.unknown(resource, lead, why, now),
            What::Told { text, envelope } | What::Wide { text, envelope } => {
                let event = if *envelope { Event::parse(text) } else { Event::of_record(text) };
                match event {
                    Ok(event) => self.told(resource, lead, &event, now),
                    Err(_) => Ok(()),
                }
            }
        }
    }

    /// Takes in what calls on the account say of the resource, those from where it was before. Where nothing is open, only the last counts.
    fn wide(&mut self, resource: &mut Resource<'_>, calls: &[Lead]) -> io::Result<()> {
        while let Some(call) = calls.get(resource.wide) {
            let is_last = resource.wide + 1 == calls.len();
            if is_last || !resource.open.is_empty() || !resource.waiting.is_empty() {
                self.lead(resource, call)?;
            }
            resource.wide += 1;
        }
        Ok(())
    }

    /// Only the live state says anything of `lead`.
    fn unknown(&mut self, resource: &Resource<'_>, lead: &Lead, why: &str, now: Timestamp) -> io::Result<()> {
        for control in resource.kind.selected(lead.selection) {
            let finding = unverifiable(control);
            let said = match self.decide(resource, &finding, lead, now) {
                Said { verdict: Verdict::WouldTell, .. } => Said::because(Verdict::NeedsLiveState, why),
                said => said,
            };
            self.say(resource.number, control, lead, None, &said)?;
        }
        Ok(())
    }

    fn told(&mut self, resource: &mut Resource<'_>, lead: &Lead, event: &Event<'_>, now: Timestamp) -> io::Result<()> {
        let Some(story) = &mut resource.story else {
            return self.unknown(resource, lead, "no log says how the resource stands", now);
        };
        story.learn(event);
        let is_gone = story.gone(event);
        match &mut resource.mended {
            Some(_) if is_gone => resource.mended = None,
            Some(mended) => mended.learn(event),
            None => {}
        }
        let selected: Selection = resource.kind.selected(lead.selection).map(|control| control.id).collect();
        let asked: Selection =
            selected.iter().chain(resource.open.keys()).chain(resource.waiting.keys()).copied().collect();
        let judged = |story: Option<&(dyn Story<'_> + '_)>| {
            story.filter(|_| !is_gone).map(|story| story.judge(&asked)).unwrap_or_default()
        };
        // As the log has it, and as a guard would have found it after what it had put right before.
        let stands = judged(resource.story.as_deref());
        let mut found = if resource.mended.is_some() { judged(resource.seen()) } else { stands.clone() };
        self.over(resource, &stands, lead, now)?;
        self.calm(resource, &asked, &found)?;
        if is_gone {
            return Ok(());
        }
        let mut corrected = Selection::new();
        for control in resource.kind.controls.iter().filter(|control| selected.contains(control.id)) {
            let breach = stands.get(control.id).filter(|finding| finding.state == State::Live);
            let (finding, said) = match found.remove(control.id) {
                Some(mut finding) => {
                    let said = self.said_of(resource, &mut finding, lead, now);
                    (Some(finding), said)
                }
                None if stands.contains_key(control.id) => {
                    (None, Said::because(Verdict::Ignored, "it would have been put back before"))
                }
                None => (None, Said::because(Verdict::Ignored, "compliant by what the log shows")),
            };
            if let Some(breach) = breach {
                resource.open.entry(control.id).or_insert_with(|| Open {
                    since: now,
                    by: lead.by.clone(),
                    severity: breach.severity,
                    summary: breach.summary.clone(),
                    verdict: said.verdict,
                });
            }
            match (said.waits, finding) {
                (Some(due), Some(finding)) if !resource.waiting.contains_key(control.id) => {
                    resource.waiting.insert(control.id, Waiting { due, lead: lead.clone(), finding });
                }
                (Some(_), finding) => {
                    let said = Said::because(Verdict::Ignored, "the grace time of an earlier change runs");
                    self.say(resource.number, control, lead, finding.as_ref(), &said)?;
                }
                (None, finding) => {
                    self.count_war(resource, control, lead, &said, now);
                    if said.verdict == Verdict::WouldCorrect {
                        corrected.insert(control.id);
                    }
                    self.say(resource.number, control, lead, finding.as_ref(), &said)?;
                }
            }
        }
        if !corrected.is_empty() {
            resource.mend(&corrected);
        }
        Ok(())
    }

    /// What is said of a finding: what [`decide`] makes of it, and what it would be told again.
    fn said_of(&self, resource: &mut Resource<'_>, finding: &mut Finding<String>, lead: &Lead, now: Timestamp) -> Said {
        let said = self.decide(resource, finding, lead, now);
        if said.verdict != Verdict::WouldTell {
            return said;
        }
        if finding.state == State::Unverifiable {
            return Said::because(Verdict::NeedsLiveState, unread(finding));
        }
        let is_whole = || resource.seen().is_none_or(|story| story.is_whole());
        if finding.state == State::Live && finding.changes.is_empty() && said.why.is_none() && !is_whole() {
            let presumed = resource.seen().map(|story| story.presumed_changes(finding.control.id)).unwrap_or_default();
            let is_presumed = !presumed.is_empty();
            let changes = if is_presumed { presumed } else { vec!["what the log does not say".to_owned()] };
            let planned = Finding { changes, ..finding.clone() };
            let would = self.decide(resource, &planned, lead, now);
            if is_presumed {
                *finding = planned;
            }
            match would.verdict {
                Verdict::WouldCorrect if is_presumed => return would,
                Verdict::WouldCorrect => {
                    let why = "at least: whether it is put back hangs on what the log does not say";
                    return self.once(resource, finding, Said::because(Verdict::WouldTell, why), now);
                }
                _ => {}
            }
        }
        self.once(resource, finding, said, now)
    }

    /// `said`, unless it was a short while ago.
    fn once(&self, resource: &mut Resource<'_>, finding: &Finding<String>, said: Said, now: Timestamp) -> Said {
        let reminder = self.folder.settings.messages.reminder;
        let outcome = if said.war { "withheld" } else { "told" };
        if resource.is_told(finding, outcome, now, reminder) {
            return Said {
                war: said.war,
                ..Said::because(Verdict::Ignored, "told already, within the time of `reminder`")
            };
        }
        said
    }

    /// Ends the exposures that `stands` does not show any more, or shows without effect. What cannot be told any more is not over.
    fn over(
        &mut self,
        resource: &mut Resource<'_>,
        stands: &BTreeMap<&'static str, Finding<String>>,
        lead: &Lead,
        now: Timestamp,
    ) -> io::Result<()> {
        let over: Vec<&'static str> =
            resource.open.keys().copied().filter(|control| is_over(stands, control)).collect();
        for control in over {
            if let Some(open) = resource.open.remove(control) {
                let exposure = exposure(resource, control, open, Some((now, lead.by.clone())), self.folder.end);
                self.verdicts.exposed(resource.number, exposure);
            }
        }
        Ok(())
    }

    /// Forgets what waits for its grace time, and what was told, of that which a guard would not find any more.
    fn calm(
        &mut self,
        resource: &mut Resource<'_>,
        asked: &Selection,
        found: &BTreeMap<&'static str, Finding<String>>,
    ) -> io::Result<()> {
        for control in asked.iter().filter(|control| is_over(found, control)) {
            if let Some(Waiting { lead, finding, .. }) = resource.waiting.remove(control) {
                let said = Said::because(Verdict::Ignored, "closed within its grace time");
                self.say(resource.number, finding.control, &lead, Some(&finding), &said)?;
            }
            if !found.contains_key(control) {
                resource.told.retain(|(told, _), _| told != control);
            }
        }
        Ok(())
    }

    /// Puts back what has stood longer than its grace time, as it stands then.
    fn due(&mut self, resource: &mut Resource<'_>, now: Timestamp) -> io::Result<()> {
        let due: Vec<&'static str> =
            resource.waiting.iter().filter(|(_, waiting)| waiting.due <= now).map(|(control, _)| *control).collect();
        for control in due {
            let Some(Waiting { due, lead, finding }) = resource.waiting.remove(control) else { continue };
            let asked = Selection::from([control]);
            let current = resource.seen().and_then(|story| story.judge(&asked).remove(control));
            let finding = current.filter(|finding| finding.state == State::Live).unwrap_or(finding);
            let said = Said::because(Verdict::WouldCorrect, "after its grace time");
            self.corrected(resource, control, &lead, due);
            self.say(resource.number, finding.control, &lead, Some(&finding), &said)?;
            resource.mend(&asked);
        }
        Ok(())
    }

    /// The log is over.
    fn ended(&mut self, mut resource: Resource<'_>) {
        for (control, open) in std::mem::take(&mut resource.open) {
            let exposure = exposure(&resource, control, open, None, self.folder.end);
            self.verdicts.exposed(resource.number, exposure);
        }
    }

    /// What [`decide`] makes of it, in the words of a replay.
    fn decide(&self, resource: &Resource<'_>, finding: &Finding<String>, lead: &Lead, now: Timestamp) -> Said {
        let nothing = Past::default();
        let situation = Situation {
            settings: self.folder.settings,
            environment: self.belonging.environment,
            subject: Subject {
                arn: &resource.arn,
                place: &resource.place,
                account: self.belonging.standing.account.as_ref(),
                tags: &Fact::NotRead,
            },
            standing: Ok(&self.belonging.standing),
            past: resource.past.get(finding.control.id).unwrap_or(&nothing),
            doubt: self.belonging.doubt.as_ref(),
            own_event: lead.own,
            now,
        };
        let verdict = decide(finding, &situation);
        let said = said(&verdict, finding, &self.belonging.environment.name);
        match verdict {
            // Nobody else asks which one it was.
            rectify_controls::Verdict::Exempt(exemption) if self.rows.is_some() => {
                Said { exemption: Some(format!("{}: {}", exemption.key(), exemption.reason)), ..said }
            }
            rectify_controls::Verdict::Withhold(rectify_controls::Withheld::Organization(why))
                if self.folder.organization.is_none() && !why.contains("--organization") =>
            {
                Said { why: Some(format!("{why}: --organization")), ..said }
            }
            _ => said,
        }
    }

    fn corrected(&mut self, resource: &mut Resource<'_>, control: &'static str, lead: &Lead, at: Timestamp) {
        remember(resource, control, lead, at);
        self.verdicts.hours.count(control, &lead.account, at);
    }

    fn count_war(
        &mut self,
        resource: &mut Resource<'_>,
        control: &'static Control,
        lead: &Lead,
        said: &Said,
        now: Timestamp,
    ) {
        if said.verdict == Verdict::WouldCorrect {
            self.corrected(resource, control.id, lead, now);
        }
        if !said.war {
            return;
        }
        let window = self.folder.settings.limits.reversal_window;
        let told = resource.warring.insert(control.id, now);
        if told.is_some_and(|told| now.duration_since(told) < window) {
            return;
        }
        let corrections = resource.past.get(control.id).map(|past| past.corrections.as_slice()).unwrap_or_default();
        let with = |one: &Reopened| {
            let tool = one.tool.as_ref().map_or_else(String::new, |tool| format!(" with {tool}"));
            Some(format!("{}{tool}", one.by.as_ref()?))
        };
        let mut by: Vec<String> = corrections.iter().filter_map(with).collect();
        by.sort();
        by.dedup();
        self.verdicts.tug(TugRow {
            control: control.id,
            account: lead.account.clone(),
            resource: lead.arn.clone(),
            times: corrections.len() as u64,
            since: corrections.first().map_or(now, |first| first.at),
            by,
        });
    }

    /// Counts a verdict, and writes it down where somebody wants it.
    fn say(
        &mut self,
        number: usize,
        control: &'static Control,
        lead: &Lead,
        finding: Option<&Finding<String>>,
        said: &Said,
    ) -> io::Result<()> {
        let Said { verdict, why, .. } = said;
        let verdicts = &mut *self.verdicts;
        verdicts.all.add(*verdict);
        let counted = verdicts.controls.entry((number, control.id)).or_default();
        counted.counts.add(*verdict);
        if let Some(why) = why {
            counted.why(*verdict, why);
        }
        let time = Timestamp::from_second(lead.time).unwrap_or_default();
        let day = time.strftime("%Y-%m-%d").to_string();
        verdicts.accounts.entry(lead.account.clone(), others).add(*verdict);
        verdicts.actors.entry(lead.actor.clone(), others).add(*verdict);
        verdicts.tools.entry(lead.tool.clone().unwrap_or_else(|| "(not recognised)".to_owned()), others).add(*verdict);
        verdicts.days.entry(day, others).add(*verdict);
        verdicts.heat.entry((lead.account.clone(), control.id), || (others(), control.id)).add(*verdict);
        let Some(write) = self.rows else { return Ok(()) };
        let mark = Mark { at: lead.at, exemption: said.exemption.clone() };
        let row = Row {
            time,
            verdict: *verdict,
            why: why.clone(),
            control: control.id,
            severity: finding.map_or(control.severity, |finding| finding.severity),
            kind: KINDS.get(number).map_or("", |kind| kind.name),
            account: lead.account.clone(),
            region: lead.region.clone(),
            resource: (!lead.arn.is_empty()).then(|| lead.arn.clone()),
            event: lead.event.clone(),
            event_id: lead.id.clone(),
            by: lead.by.clone(),
            tool: lead.tool.clone(),
            summary: finding.map(|finding| finding.summary.clone()),
            changes: finding.map(|finding| finding.changes.clone()).unwrap_or_default(),
        };
        write(&row, &mark)
    }
}

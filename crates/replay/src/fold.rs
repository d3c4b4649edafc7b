//! The events of one resource in the order of time, and what each would have led to.
//!
//! What is known of the resource grows with each event ([`Story`]); the rule book judges it as it stands, and [`decide`] says what would be
//! done. Nothing here knows what breaks a control.

mod resource;
mod said;
mod teller;

use std::{
    collections::{BTreeMap, HashSet},
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
    kinds::{KINDS, Watch},
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
        if story.gone(event) {
            return self.over(resource, &BTreeMap::new(), lead, now);
        }
        let mut asked: Selection = resource.kind.selected(lead.selection).map(|control| control.id).collect();
        let selected = asked.clone();
        asked.extend(resource.open.keys().chain(resource.waiting.keys()));
        let mut found = story.judge(&asked);
        self.over(resource, &found, lead, now)?;
        for control in resource.kind.controls.iter().filter(|control| selected.contains(control.id)) {
            let said = match found.get(control.id) {
                None => Said::because(Verdict::Ignored, "compliant by what the log shows"),
                Some(finding) if finding.state == State::Unverifiable => {
                    match self.decide(resource, finding, lead, now) {
                        Said { verdict: Verdict::WouldTell, .. } => {
                            Said::because(Verdict::NeedsLiveState, unread(finding))
                        }
                        said => said,
                    }
                }
                Some(finding) => self.decide(resource, finding, lead, now),
            };
            let Some(finding) = found.remove(control.id) else {
                self.say(resource.number, control, lead, None, &said)?;
                continue;
            };
            if finding.state == State::Live && !resource.open.contains_key(control.id) {
                let open = Open {
                    since: now,
                    by: lead.by.clone(),
                    severity: finding.severity,
                    summary: finding.summary.clone(),
                    verdict: said.verdict,
                };
                resource.open.insert(control.id, open);
            }
            match said.waits {
                Some(due) => {
                    resource.waiting.entry(control.id).or_insert_with(|| Waiting { due, lead: lead.clone(), finding });
                }
                None => {
                    self.count_war(resource, control, lead, &said, now);
                    self.say(resource.number, control, lead, Some(&finding), &said)?;
                }
            }
        }
        Ok(())
    }

    /// Ends what `found` does not show any more, or shows without effect. What cannot be told any more is not over.
    fn over(
        &mut self,
        resource: &mut Resource<'_>,
        found: &BTreeMap<&'static str, Finding<String>>,
        lead: &Lead,
        now: Timestamp,
    ) -> io::Result<()> {
        let is_over = |control: &&'static str| {
            found.get(control).is_none_or(|finding| matches!(finding.state, State::Neutralised { .. }))
        };
        let over: Vec<&'static str> = resource.open.keys().copied().filter(is_over).collect();
        for control in over {
            if let Some(open) = resource.open.remove(control) {
                let exposure = exposure(resource, control, open, Some((now, lead.by.clone())), self.folder.end);
                self.verdicts.exposed(resource.number, exposure);
            }
            if let Some(Waiting { lead, finding, .. }) = resource.waiting.remove(control) {
                let said = Said::because(Verdict::Ignored, "closed within its grace time");
                self.say(resource.number, finding.control, &lead, Some(&finding), &said)?;
            }
        }
        Ok(())
    }

    /// Puts back what has stood longer than its grace time.
    fn due(&mut self, resource: &mut Resource<'_>, now: Timestamp) -> io::Result<()> {
        let due: Vec<&'static str> =
            resource.waiting.iter().filter(|(_, waiting)| waiting.due <= now).map(|(control, _)| *control).collect();
        for control in due {
            let Some(Waiting { due, lead, finding }) = resource.waiting.remove(control) else { continue };
            let said = Said::because(Verdict::WouldCorrect, "after its grace time");
            self.corrected(resource, control, &lead, due);
            self.say(resource.number, finding.control, &lead, Some(&finding), &said)?;
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

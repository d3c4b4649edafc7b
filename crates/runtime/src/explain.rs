//! What would happen to a resource now, and which line or row says so. Looks, decides, changes nothing.

use jiff::Timestamp;
use rectify_controls::{
    Broken, Budget, Control, Coverage, Explained, Explanation, Fact, Finding, Kind, Limits, Outcome, Past, Resource,
    Sourced, State, Verdict, plan,
};

use crate::{
    Failure, Guard, Observed, Shell,
    background::Background,
    clock::Invocation,
    orders::selected,
    way::{Case, Sight},
};

type Findings<G> = Vec<Finding<<<G as Guard>::Kind as Kind>::Change>>;

impl<G: Guard> Shell<G> {
    /// Carries out [`rectify_controls::Order::Explain`].
    pub(crate) async fn explain(&self, resource: Resource, invocation: &Invocation) -> Result<Explanation, Failure> {
        let (id, place) = self.target(&resource)?;
        let belonging = self.belonging(&place.account).await;
        let background = Background::of_story(None, &belonging.environment.name);
        let all = selected::<G::Kind>(&[]);
        let mut case = self.case(id, &place, &all, &belonging, &background, invocation).await?;
        case.selection = all; // also what is off is explained
        let sight = self.observe(&case, &case.selection).await?;

        let mut doubts: Vec<String> = belonging.doubt.iter().map(ToString::to_string).collect();
        if let Err(failure) = &sight.ledger {
            doubts.push(format!("the ledger could not be read: {failure}"));
        }
        let findings = match &sight.facts {
            Observed::Facts(facts) => <G::Kind as Kind>::judge(facts, &self.book.rules, &case.selection),
            Observed::Gone => Vec::new(),
        };
        let verdicts = self.decide_all(&case, &sight, &findings).await;
        let mut controls = Vec::new();
        for control in <G::Kind as Kind>::CONTROLS {
            controls.push(self.explain_control(&case, &sight, control, &findings, &verdicts).await);
        }
        let standing = sight.standing();
        let paused = standing.into_iter().flat_map(|standing| &standing.switches);
        let running = sight.lease().filter(|lease| lease.closed_at.is_none() && lease.until >= sight.looked_at);
        Ok(Explanation {
            resource,
            kind: <G::Kind as Kind>::KIND.to_owned(),
            gone: matches!(sight.facts, Observed::Gone),
            environment: Sourced { value: belonging.environment.name.clone(), from: belonging.environment.source() },
            doubts,
            paused: paused
                .map(|switch| {
                    format!("{}: {} (by {}, since {:.0})", switch.reach, switch.reason, switch.by, switch.paused_at)
                })
                .collect(),
            running: running.map(|lease| format!("{} until {:.0}", lease.correction, lease.until)),
            controls,
        })
    }

    async fn explain_control(
        &self,
        case: &Case<'_, G::Kind>,
        sight: &Sight<<G::Kind as Kind>::Facts>,
        control: &'static Control,
        findings: &Findings<G>,
        verdicts: &[Verdict],
    ) -> Explained {
        let settings = &self.book.settings;
        let mode = settings.mode_explained(control, case.belonging.environment);
        let own: Vec<(&Finding<_>, &Verdict)> =
            findings.iter().zip(verdicts).filter(|(finding, _)| finding.control.id == control.id).collect();
        let past = sight.ledger.as_ref().map(|(state, _)| state.past(control.id)).unwrap_or_default();
        let used = self.ledger.budget(control.id, &case.key.place.account, sight.looked_at).await.ok();
        let limits = &settings.limits;
        let budget = |scope: &str, key: &str, used: Option<u64>, limit: u32| Budget {
            scope: scope.to_owned(),
            used,
            limit: Sourced { value: u64::from(limit), from: settings.limit_source(key) },
        };
        let (exemption, void) = self.exemptions(case, sight, control);
        Explained {
            control: control.id.to_owned(),
            mode: Sourced { value: format!("{:?}", mode.value).to_lowercase(), from: mode.from },
            grace: (settings.grace_explained(control))
                .map(|grace| Sourced { value: format!("{:#}", grace.value), from: grace.from }),
            exemption,
            void,
            budget: vec![
                budget("account", "corrections-per-hour", used.map(|(here, _)| here), limits.corrections_per_hour),
                budget(
                    "everywhere",
                    "corrections-per-hour-everywhere",
                    used.map(|(_, everywhere)| everywhere),
                    limits.corrections_per_hour_everywhere,
                ),
            ],
            reversals: Sourced {
                value: reversals(&past, limits, sight.looked_at),
                from: settings.limit_source("reversals"),
            },
            findings: own.iter().map(|(finding, _)| broken(finding)).collect(),
            now: match own.as_slice() {
                [] if matches!(sight.facts, Observed::Gone) => "nothing: the resource is gone".to_owned(),
                [] => "nothing: it is compliant".to_owned(),
                several => several
                    .iter()
                    .map(|(_, verdict)| self.words(sight, control, verdict))
                    .collect::<Vec<_>>()
                    .join("; "),
            },
        }
    }

    /// The exemption that covers `control`, and those that would if they counted.
    fn exemptions(
        &self,
        case: &Case<'_, G::Kind>,
        sight: &Sight<<G::Kind as Kind>::Facts>,
        control: &Control,
    ) -> (Option<Sourced<String>>, Vec<Sourced<String>>) {
        let (nothing, unread) = (Past::default(), Fact::NotRead);
        let situation = self.situation(case, sight, sight.standing().ok_or(""), &nothing, &unread);
        let settings = &self.book.settings;
        let mut covering = None;
        let mut void = Vec::new();
        let rows = sight.standing().into_iter().flat_map(|standing| &standing.exemptions);
        for exemption in settings.exemptions.iter().chain(rows) {
            let text = format!(
                "{}: {} ({}), until {:.0}",
                exemption.owner, exemption.reason, exemption.ticket, exemption.until
            );
            let says = |why: &str| Sourced { value: format!("{text}{why}"), from: exemption.stands() };
            let ended = exemption.until <= situation.now;
            // Whether it would cover, asked as if it had not ended.
            let asked_at = if ended { jiff::Timestamp::MIN } else { situation.now };
            match exemption.covers(control.id, &situation.subject, asked_at) {
                Coverage::No => {}
                _ if ended => void.push(says(": it has ended")),
                _ if exemption.is_by_tag_alone() && !settings.resource_tag_alone => {
                    void.push(says(": a tag alone does not exempt here ([exemptions] resource-tag-alone)"));
                }
                Coverage::Unknown(missing) => void.push(says(&format!(": {missing}"))),
                Coverage::Yes if covering.is_none() => covering = Some(says("")),
                Coverage::Yes => void.push(says(": another one covers it already")),
            }
        }
        (covering, void)
    }

    /// What a verdict means here, in words.
    fn words(&self, sight: &Sight<<G::Kind as Kind>::Facts>, control: &Control, verdict: &Verdict) -> String {
        match verdict {
            Verdict::Off => "nothing: the control is off here".to_owned(),
            Verdict::Shadow(would) => {
                format!(
                    "shadowed: recorded and told to nobody; corrective, it would be {}",
                    self.words(sight, control, would)
                )
            }
            Verdict::Exempt(exemption) => format!("exempt by {}", exemption.stands()),
            Verdict::Tell => "notified: told, and nothing changed".to_owned(),
            Verdict::Withhold(why) => format!("withheld: {why}"),
            Verdict::Defer(due) => format!("deferred: looked at again at {due:.0}"),
            Verdict::Correct => {
                let Observed::Facts(facts) = &sight.facts else { return Outcome::Superseded.name().to_owned() };
                let changes = plan::<G::Kind>(facts, &self.book.rules, &[control.id].into());
                let words: Vec<String> = changes.iter().map(ToString::to_string).collect();
                format!("corrected: {}", words.join(", then "))
            }
        }
    }
}

fn reversals(past: &Past, limits: &Limits, now: Timestamp) -> String {
    let from = now.checked_sub(limits.reversal_window).unwrap_or(Timestamp::MIN);
    let lately = past.corrections.iter().filter(|correction| correction.at >= from).count();
    let fenced = past.fenced_until.filter(|until| now < *until);
    let fence = fenced.map(|until| format!("; held back until {until:.0}, and longer if it is opened again"));
    format!(
        "{lately} of {} corrections within {:#}{}",
        limits.reversals,
        limits.reversal_window,
        fence.unwrap_or_default()
    )
}

fn broken<C: ToString>(finding: &Finding<C>) -> Broken {
    Broken {
        severity: finding.severity,
        state: match &finding.state {
            State::Live => "live".to_owned(),
            State::Neutralised { by } => format!("neutralised by {by}"),
            State::Unverifiable => "unverifiable".to_owned(),
        },
        summary: finding.summary.clone(),
        changes: finding.changes.iter().map(ToString::to_string).collect(),
    }
}

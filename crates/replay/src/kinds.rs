//! The kinds without their types: which events each is woken by, what an event is about to it, and the story of one resource.

use std::{collections::BTreeMap, marker::PhantomData};

use rectify_controls::{
    Arn, Control, Finding, Ignored, Kind, Need, Notice, Place, Screen, Selection, Settings, Trigger, pattern, plan,
};
use rectify_event::Event;

/// Every kind.
pub(crate) const KINDS: &[Entry] = rectify_controls::every_kind!(Entry);

/// A kind without its types.
pub(crate) struct Entry {
    pub(crate) name: &'static str,
    pub(crate) controls: &'static [Control],
    pub(crate) triggers: &'static [Trigger],
    notices: &'static [Notice],
    pub(crate) hints: &'static [(&'static str, &'static str)],
    wide: &'static [(&'static str, &'static str)],
    /// Calls that reading one resource takes at most.
    pub(crate) reads: u64,
    open: fn(&Settings) -> Result<Box<dyn Watch>, String>,
}

impl Entry {
    const fn of<K: Kind + 'static>() -> Self {
        Self {
            name: K::KIND,
            controls: K::CONTROLS,
            triggers: K::EVENTS,
            notices: K::NOTICES,
            hints: K::HINTS,
            wide: K::WIDE,
            reads: reads(K::ACCESS),
            open: |settings| {
                let rules = K::rules(&settings.trust, &|control, option| settings.option(control, option))?;
                Ok(Box::new(Of::<K> { rules, kind: PhantomData }))
            },
        }
    }

    /// The kind under these settings.
    ///
    /// # Errors
    /// A sentence naming the option that makes no sense.
    pub(crate) fn open(&self, settings: &Settings) -> Result<Box<dyn Watch>, String> {
        (self.open)(settings)
    }

    /// Whether EventBridge would wake the guard for a successful call of this name, or for an event of a service with this `source` and
    /// `detail-type`: what [`event_pattern`](rectify_controls::pattern::event_pattern) says.
    pub(crate) fn is_woken_by(&self, source: &str, name: &str) -> bool {
        let call = || self.triggers.iter().any(|trigger| pattern::is_named(trigger, name));
        (self.triggers.iter().any(|trigger| trigger.source == source) && call())
            || self.notices.iter().any(|notice| notice.source == source && notice.detail_type == name)
    }

    /// Whether a call of this name says something about resources of the kind without waking the guard.
    pub(crate) fn is_hinted_by(&self, source: &str, name: &str) -> bool {
        self.hints.contains(&(source, pattern::undated(source, name)))
    }

    /// Whether `event` is a call that succeeded and says something of every resource of the kind in its account.
    pub(crate) fn is_wide(&self, event: &Event<'_>) -> bool {
        let Some(record) = event.record().filter(|record| !record.failed()) else { return false };
        self.wide.contains(&(&*record.event_source, &*record.event_name))
    }

    /// The bits of `selection`, in the order of the rule book.
    pub(crate) fn bits(&self, selection: &Selection) -> u64 {
        let set = self.controls.iter().enumerate().filter(|(_, control)| selection.contains(control.id));
        set.fold(0, |bits, (at, _)| bits | 1 << (at % 64))
    }

    /// The controls of these bits, in the order of the rule book.
    pub(crate) fn selected(&self, bits: u64) -> impl Iterator<Item = &'static Control> {
        self.controls.iter().enumerate().filter(move |(at, _)| bits >> (at % 64) & 1 == 1).map(|(_, control)| control)
    }
}

const fn reads(access: &[rectify_controls::Access]) -> u64 {
    let mut rest = access;
    let mut count = 0;
    while let [first, more @ ..] = rest {
        if matches!(first.need, Need::Read) {
            count += 1;
        }
        rest = more;
    }
    count
}

/// What an event is to a kind.
pub(crate) struct Look {
    pub(crate) targets: Vec<Target>,
    pub(crate) selection: u64,
}

/// A resource that an event is about.
pub(crate) struct Target {
    pub(crate) arn: Arn,
    /// Where it lives.
    pub(crate) home: Place,
    /// It is no resource itself; only the live state says to which ones it leads.
    pub(crate) leads: bool,
    /// A log can say how it stands.
    pub(crate) told: bool,
    /// The bits of the controls about it, all where nobody has to tell.
    pub(crate) about: u64,
}

/// A kind under settings.
pub(crate) trait Watch: Send + Sync {
    /// What `event`, which came from `place`, is about.
    fn screen(&self, event: &Event<'_>, place: &Place) -> Result<Look, Ignored>;

    /// What `event`, a call of [`Kind::HINTS`], is about.
    fn hinted(&self, event: &Event<'_>, place: &Place) -> Vec<Target>;

    /// The story of a resource of which nothing has been seen; `None` when no log can say how it stands.
    fn begin<'s>(&'s self, arn: &Arn, home: &Place) -> Option<Box<dyn Story<'s> + 's>>;
}

/// What events say about one resource, in the order of time.
pub(crate) trait Story<'s> {
    /// Takes in what `event` says.
    fn learn(&mut self, event: &Event<'_>);

    /// Whether `event` took the resource away, and with it all that it broke.
    fn gone(&self, event: &Event<'_>) -> bool;

    /// What breaks the controls of `selection` as far as it is known, by control.
    fn judge(&self, selection: &Selection) -> BTreeMap<&'static str, Finding<String>>;

    /// Whether everything is known of the resource.
    fn is_whole(&self) -> bool;

    /// What would be changed to put `control` right if what is not known stood as AWS makes it; empty where nothing can be presumed.
    fn presumed_changes(&self, control: &'static str) -> Vec<String>;

    /// The story as it would go on if the controls of `selection` were put right now.
    fn mended(&self, selection: &Selection) -> Box<dyn Story<'s> + 's>;
}

struct Of<K: Kind> {
    rules: K::Rules,
    kind: PhantomData<fn() -> K>,
}

impl<K: Kind> Of<K> {
    fn bits(selection: &Selection) -> u64 {
        KINDS.iter().find(|entry| entry.name == K::KIND).map_or(0, |entry| entry.bits(selection))
    }

    fn target(id: &K::Id, place: &Place) -> Target {
        let home = K::home(id, place);
        let told = K::unseen(id, &home).is_some();
        Target { arn: K::arn(id, &home), leads: K::leads_on(id), told, about: u64::MAX, home }
    }

    /// The controls about a resource: what nobody has seen is compliant with none, so a control that is silent then is not about it.
    fn about(&self, id: &K::Id, place: &Place) -> u64 {
        let Some(facts) = K::unseen(id, &K::home(id, place)) else { return 0 };
        let all: Selection = K::CONTROLS.iter().map(|control| control.id).collect();
        let asked = K::judge(&facts, &self.rules, &all).iter().map(|finding| finding.control.id).collect();
        Self::bits(&asked)
    }
}

impl<K: Kind + 'static> Watch for Of<K> {
    fn screen(&self, event: &Event<'_>, place: &Place) -> Result<Look, Ignored> {
        match K::screen(event) {
            Screen::Ignore(why) => Err(why),
            Screen::Look { targets, selection, .. } => Ok(Look {
                targets: match targets.as_slice() {
                    [one] => vec![Self::target(one, place)],
                    several => several
                        .iter()
                        .map(|id| Target { about: self.about(id, place), ..Self::target(id, place) })
                        .collect(),
                },
                selection: Self::bits(&selection),
            }),
        }
    }

    fn hinted(&self, event: &Event<'_>, place: &Place) -> Vec<Target> {
        K::hinted(event).iter().map(|id| Self::target(id, place)).collect()
    }

    fn begin<'s>(&'s self, arn: &Arn, home: &Place) -> Option<Box<dyn Story<'s> + 's>> {
        let id = K::id(arn, home)?;
        let facts = K::unseen(&id, home)?;
        Some(Box::new(Told::<K> { id, facts, rules: &self.rules }))
    }
}

struct Told<'a, K: Kind> {
    id: K::Id,
    facts: K::Facts,
    rules: &'a K::Rules,
}

impl<K: Kind> Told<'_, K> {
    /// The changes that put the controls of `selection` right, and the facts that they are changes of.
    fn plan(&self, selection: &Selection) -> (Vec<K::Change>, K::Facts) {
        let changes = plan::<K>(&self.facts, self.rules, selection);
        match K::presumed(&self.facts) {
            Some(presumed) if changes.is_empty() => (plan::<K>(&presumed, self.rules, selection), presumed),
            _ => (changes, self.facts.clone()),
        }
    }
}

impl<'s, K: Kind + 'static> Story<'s> for Told<'s, K> {
    fn learn(&mut self, event: &Event<'_>) {
        K::learn(&mut self.facts, event);
    }

    fn gone(&self, event: &Event<'_>) -> bool {
        K::gone(&self.id, event)
    }

    fn judge(&self, selection: &Selection) -> BTreeMap<&'static str, Finding<String>> {
        let mut all: BTreeMap<&'static str, Finding<String>> = BTreeMap::new();
        for finding in K::judge(&self.facts, self.rules, selection) {
            let Finding { control, severity, state, summary, evidence, changes } = finding;
            let changes = changes.iter().map(ToString::to_string).collect();
            // A control with several findings is as bad as the first: the book has what is open before what is not known.
            all.entry(control.id).or_insert(Finding { control, severity, state, summary, evidence, changes });
        }
        all
    }

    fn is_whole(&self) -> bool {
        !serde_json::to_string(&self.facts).is_ok_and(|text| text.contains(UNREAD))
    }

    fn presumed_changes(&self, control: &'static str) -> Vec<String> {
        self.plan(&Selection::from([control])).0.iter().map(ToString::to_string).collect()
    }

    fn mended(&self, selection: &Selection) -> Box<dyn Story<'s> + 's> {
        let (changes, mut facts) = self.plan(selection);
        for change in &changes {
            K::simulate(&mut facts, change);
        }
        Box::new(Self { id: self.id.clone(), facts, rules: self.rules })
    }
}

/// How [`Fact::NotRead`](rectify_controls::Fact::NotRead) is written.
const UNREAD: &str = "\"not_read\"";

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn every_control_has_a_bit_of_its_own() {
        for kind in KINDS {
            assert!(kind.controls.len() <= 64, "{}", kind.name);
            let all: Selection = kind.controls.iter().map(|control| control.id).collect();
            assert_eq!(kind.selected(kind.bits(&all)).count(), kind.controls.len());
        }
    }

    #[test]
    fn woken_is_what_the_rule_says() {
        for kind in KINDS {
            let pattern = rectify_pattern::Pattern::from_value(&pattern::event_pattern(kind.triggers, &[])).unwrap();
            for other in KINDS {
                for trigger in other.triggers {
                    let service = trigger.source.split('.').next().unwrap();
                    let event = serde_json::json!({
                        "source": format!("aws.{service}"), "detail-type": pattern::API_CALL,
                        "detail": {"eventSource": trigger.source, "eventName": trigger.name},
                    });
                    let woken = kind.is_woken_by(trigger.source, trigger.name);
                    assert_eq!(woken, pattern.matches(&event), "{} by {}", kind.name, trigger.name);
                }
            }
        }
    }
}

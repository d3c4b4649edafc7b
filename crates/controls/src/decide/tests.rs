use jiff::ToSpan as _;
use proptest::{collection::vec, option, prelude::*, sample::select};

use super::*;
use crate::{
    AccountFacts, AccountId, Action, Arn, Control, Deferral, Evidence, Fact, Guidance, Membership, Origin, Place,
    Reach, Region, Reopened, Severity, Switch, Tags,
};

const GUIDANCE: Guidance = Guidance { why: "", console: "", cli: "", terraform: "", cloudformation: "", cdk: "" };

const fn control(id: &'static str, action: Action) -> Control {
    Control {
        id,
        title: "",
        severity: Severity::High,
        action,
        breach: "",
        correction: "",
        disruption: "",
        guidance: GUIDANCE,
        frameworks: &[],
        options: &[],
    }
}

static OPEN: Control = control("bucket-open", Action::Correct);
static LOGS: Control = control("bucket-logs", Action::Guarded);
static SHARED: Control = control("bucket-shared", Action::Notify);

const ACCOUNT: &str = "111122223333";

fn now() -> Timestamp {
    "2026-11-23T12:00:00Z".parse().unwrap()
}

/// So many seconds from now.
fn at(seconds: i64) -> Timestamp {
    now().checked_add(seconds.seconds()).unwrap()
}

/// Everything a verdict hangs on. [`FINE`] is corrected; the tests change one thing, or several.
#[derive(Debug, Clone)]
struct Case {
    mode: Mode,
    action: Action,
    /// The control's own table says so for this environment.
    by_name: Option<Mode>,
    state: State,
    changes: bool,
    own_event: bool,
    doubt: Option<Doubt>,
    unknown_environment: bool,
    standing: Result<(), &'static str>,
    exemptions: Vec<(Kind, Scope)>,
    tag_alone_counts: bool,
    switches: Vec<Reach>,
    /// Seconds before now of each correction.
    corrections: Vec<i64>,
    /// Seconds from now.
    fenced_until: Option<i64>,
    grace: bool,
    /// Seconds from now at which a deferral is due.
    deferral: Option<i64>,
}

/// Where an exemption stands.
#[derive(Debug, Clone, Copy, PartialEq)]
enum Kind {
    File,
    Row,
}

/// Whether it covers the bucket of the tests.
#[derive(Debug, Clone, Copy, PartialEq)]
enum Scope {
    Fits,
    Ended,
    Elsewhere,
    HangsOnTags,
    HangsOnUnit,
    TagAlone,
}

const FINE: Case = Case {
    mode: Mode::Corrective,
    action: Action::Correct,
    by_name: None,
    state: State::Live,
    changes: true,
    own_event: false,
    doubt: None,
    unknown_environment: false,
    standing: Ok(()),
    exemptions: Vec::new(),
    tag_alone_counts: false,
    switches: Vec::new(),
    corrections: Vec::new(),
    fenced_until: None,
    grace: false,
    deferral: None,
};

fn an_exemption(kind: Kind, scope: Scope) -> Exemption {
    let tag = Tags::from([("site".to_owned(), "yes".to_owned())]);
    let row = Origin::Row { id: "e-1".to_owned(), by: "me".to_owned(), at: at(-60) };
    Exemption {
        origin: if kind == Kind::File { Origin::Line(1) } else { row },
        control: "*".to_owned(),
        resource: if scope == Scope::TagAlone { "*".to_owned() } else { "arn:aws:s3:::data".to_owned() },
        account: (scope == Scope::Elsewhere).then(|| AccountId::new("999999999999").unwrap()),
        organizational_unit: (scope == Scope::HangsOnUnit).then(|| "ou-ab12-11111111".to_owned()),
        region: None,
        tags: if matches!(scope, Scope::HangsOnTags | Scope::TagAlone) { tag } else { Tags::new() },
        owner: String::new(),
        reason: String::new(),
        ticket: String::new(),
        until: if scope == Scope::Ended { now() } else { at(60) },
    }
}

impl Case {
    fn control(&self) -> &'static Control {
        match self.action {
            Action::Correct => &OPEN,
            Action::Guarded => &LOGS,
            Action::Notify => &SHARED,
        }
    }

    /// With a say over what the bucket's tags are; otherwise they were not readable when something hangs on them.
    fn verdict_with(&self, tags: &Fact<Tags>) -> Verdict {
        let id = self.control().id;
        let mode = self.mode;
        let mut text = format!("[[environment]]\nname = 'canary'\naccount-tags = {{ a = 'b' }}\nmode = '{mode:?}'\n");
        text += &format!("[[environment]]\nname = 'here'\nmode = '{mode:?}'\ndefault = true\n[control.{id}]\n");
        text = text.to_lowercase();
        if let Some(mode) = self.by_name {
            text += &format!("here = '{mode:?}'\n").to_lowercase();
        }
        if self.grace {
            text += "grace = '10m'\n";
        }
        let mut settings = Settings::parse(&text, &[&OPEN, &LOGS, &SHARED]).unwrap();
        settings.resource_tag_alone = self.tag_alone_counts;
        let of = |kind| {
            let all = self.exemptions.iter().filter(move |(stands, _)| *stands == kind);
            all.map(|(kind, scope)| an_exemption(*kind, *scope)).collect::<Vec<_>>()
        };
        settings.exemptions = of(Kind::File);
        let switch = |reach: &Reach| Switch {
            reach: reach.clone(),
            reason: "incident".to_owned(),
            by: "me".to_owned(),
            paused_at: at(-60),
        };
        let standing =
            Standing { switches: self.switches.iter().map(switch).collect(), exemptions: of(Kind::Row), account: None };
        let correction = |age: &i64| Reopened { at: at(-age), by: Some("mallory".to_owned()), tool: None };
        let past = Past {
            deferral: self.deferral.map(|due| Deferral { since: at(due - 600), due: at(due) }),
            corrections: self.corrections.iter().map(correction).collect(),
            fenced_until: self.fenced_until.map(at),
        };
        let (arn, account) = (Arn::from_parts("arn:aws:s3:::data".to_owned()), AccountId::new(ACCOUNT).unwrap());
        let place = Place { account, region: Region::new("eu-central-1").unwrap() };
        let nowhere = AccountFacts { name: None, path: Vec::new(), tags: Tags::new(), read_at: now() };
        let facts = (!self.unknown_environment).then_some(&nowhere);
        let environment = match settings.environment(&place.account, facts) {
            Membership::In(environment) => environment,
            Membership::Unknown { meanwhile, .. } => meanwhile,
        };
        let situation = Situation {
            settings: &settings,
            environment,
            subject: Subject { arn: &arn, place: &place, account: None, tags },
            standing: self.standing.map(|()| &standing),
            past: &past,
            doubt: self.doubt.as_ref(),
            own_event: self.own_event,
            now: now(),
        };
        let finding = Finding {
            control: self.control(),
            severity: Severity::High,
            state: self.state.clone(),
            summary: "open".to_owned(),
            evidence: vec![Evidence::new("grant", "everyone")],
            changes: if self.changes { vec!["close"] } else { vec![] },
        };
        decide(&finding, &situation)
    }

    fn verdict(&self) -> Verdict {
        self.verdict_with(&Fact::NotRead)
    }
}

/// A verdict in one word.
fn word(verdict: &Verdict) -> String {
    match verdict {
        Verdict::Shadow(would) => format!("shadow {}", word(would)),
        Verdict::Withhold(why) => format!("{why:?}").split(['(', ' ']).next().unwrap_or_default().to_owned(),
        Verdict::Defer(due) => format!("defer {}s", due.duration_since(now()).as_secs()),
        Verdict::Exempt(exemption) => format!("exempt {}", exemption.stands().split(' ').next().unwrap_or_default()),
        other => other.outcome().to_owned(),
    }
}

#[track_caller]
fn check(expected: &str, change: impl FnOnce(&mut Case)) {
    let mut case = FINE;
    change(&mut case);
    assert_eq!(word(&case.verdict()), expected, "{case:?}");
}

fn settings_doubt() -> Option<Doubt> {
    Some(Doubt::Settings("line 3: no".to_owned()))
}

fn organization_doubt() -> Option<Doubt> {
    Some(Doubt::Organization("not refreshed since May".to_owned()))
}

fn neutralised() -> State {
    State::Neutralised { by: "the account's block".to_owned() }
}

#[test]
fn when_everything_is_fine_it_is_corrected() {
    assert_eq!(FINE.verdict(), Verdict::Correct);
}

#[test]
fn the_mode_and_the_control_say_what_is_done_at_most() {
    const BY_NAME: Option<Mode> = Some(Mode::Corrective);
    for (mode, action, by_name, expected) in [
        (Mode::Off, Action::Correct, None, "ignored"),
        (Mode::Off, Action::Correct, BY_NAME, "corrected"),
        (Mode::Off, Action::Guarded, BY_NAME, "corrected"),
        (Mode::Corrective, Action::Correct, Some(Mode::Off), "ignored"),
        (Mode::Corrective, Action::Correct, Some(Mode::Detective), "notified"),
        (Mode::Shadow, Action::Correct, None, "shadow corrected"),
        (Mode::Shadow, Action::Guarded, None, "shadow notified"),
        (Mode::Shadow, Action::Notify, None, "shadow notified"),
        (Mode::Corrective, Action::Guarded, Some(Mode::Shadow), "shadow corrected"),
        (Mode::Corrective, Action::Notify, Some(Mode::Shadow), "shadow notified"),
        (Mode::Detective, Action::Correct, None, "notified"),
        (Mode::Detective, Action::Guarded, None, "notified"),
        (Mode::Detective, Action::Guarded, BY_NAME, "corrected"),
        (Mode::Corrective, Action::Guarded, None, "notified"),
        (Mode::Corrective, Action::Guarded, BY_NAME, "corrected"),
        (Mode::Corrective, Action::Notify, None, "notified"),
        (Mode::Corrective, Action::Notify, BY_NAME, "notified"),
    ] {
        let case = Case { mode, action, by_name, ..FINE };
        assert_eq!(word(&case.verdict()), expected, "{mode:?}, {action:?}, by name: {by_name:?}");
    }
}

#[test]
fn each_thing_alone_holds_a_correction_back() {
    let account = AccountId::new(ACCOUNT).unwrap();
    check("notified", |c| c.state = neutralised());
    check("notified", |c| c.state = State::Unverifiable);
    check("notified", |c| c.changes = false);
    check("OwnEvent", |c| c.own_event = true);
    check("Settings", |c| c.doubt = settings_doubt());
    check("Organization", |c| c.doubt = organization_doubt());
    check("Organization", |c| c.unknown_environment = true);
    check("Exemptions", |c| c.standing = Err("throttled"));
    check("Paused", |c| c.switches = vec![Reach::All]);
    check("Paused", |c| c.switches = vec![Reach::Control("bucket-open".to_owned())]);
    check("Paused", |c| c.switches = vec![Reach::Account(account)]);
    check("TugOfWar", |c| c.corrections = vec![30, 20, 10]);
    check("TugOfWar", |c| c.fenced_until = Some(1));
    check("defer 600s", |c| c.grace = true);
    check("exempt line", |c| c.exemptions = vec![(Kind::File, Scope::Fits)]);
    check("exempt row", |c| c.exemptions = vec![(Kind::Row, Scope::Fits)]);
    check("Exemptions", |c| c.exemptions = vec![(Kind::File, Scope::HangsOnTags)]);
    check("Exemptions", |c| c.exemptions = vec![(Kind::Row, Scope::HangsOnTags)]);
    check("Organization", |c| c.exemptions = vec![(Kind::Row, Scope::HangsOnUnit)]);
}

#[test]
fn what_does_not_concern_the_finding_holds_nothing_back() {
    let other = AccountId::new("999999999999").unwrap();
    check("corrected", |c| {
        c.switches = vec![Reach::Control("bucket-logs".to_owned()), Reach::Account(other)];
        c.exemptions = vec![(Kind::File, Scope::Elsewhere), (Kind::Row, Scope::Ended), (Kind::File, Scope::TagAlone)];
        c.corrections = vec![3601, 3602, 20, 10];
        c.fenced_until = Some(0);
        c.deferral = Some(3600);
    });
}

/// When several things stand in the way, one is said: the one that a person has to deal with first.
#[test]
fn the_first_obstacle_is_told() {
    let pauses = || vec![Reach::All];
    // Each line adds what comes before everything in the lines above it.
    let mut case = Case { grace: true, ..FINE };
    assert_eq!(word(&case.verdict()), "defer 600s");
    case.corrections = vec![3, 2, 1];
    assert_eq!(word(&case.verdict()), "TugOfWar");
    case.switches = pauses();
    assert_eq!(word(&case.verdict()), "Paused");
    case.own_event = true;
    assert_eq!(word(&case.verdict()), "OwnEvent");
    case.exemptions = vec![(Kind::File, Scope::HangsOnTags)];
    assert_eq!(word(&case.verdict()), "Exemptions");
    case.exemptions.push((Kind::File, Scope::HangsOnUnit));
    assert_eq!(word(&case.verdict()), "Organization");
    case.exemptions.reverse();
    assert_eq!(word(&case.verdict()), "Organization", "whichever exemption comes first");
    case.standing = Err("throttled");
    assert_eq!(case.verdict(), Verdict::Withhold(Withheld::Exemptions("throttled".to_owned())));
    case.doubt = organization_doubt();
    assert_eq!(case.verdict(), Verdict::Withhold(Withheld::Organization("not refreshed since May".to_owned())));
    case.doubt = settings_doubt();
    assert_eq!(case.verdict(), Verdict::Withhold(Withheld::Settings("line 3: no".to_owned())));
    for (mode, expected) in [(Mode::Detective, "Settings"), (Mode::Shadow, "shadow Settings"), (Mode::Off, "ignored")] {
        assert_eq!(word(&Case { mode, ..case.clone() }.verdict()), expected, "{mode:?}");
    }
    case.exemptions.push((Kind::File, Scope::Fits));
    assert_eq!(word(&case.verdict()), "exempt line");
    case.mode = Mode::Shadow;
    assert_eq!(word(&case.verdict()), "exempt line", "an exempt finding is exempt in the shadow too");
    case.mode = Mode::Off;
    assert_eq!(word(&case.verdict()), "ignored");
}

#[test]
fn a_pause_says_what_and_why() {
    let case = Case { switches: vec![Reach::Control("bucket-open".to_owned()), Reach::All], ..FINE };
    let paused = Withheld::Paused { switch: "control bucket-open".to_owned(), reason: "incident".to_owned() };
    assert_eq!(case.verdict(), Verdict::Withhold(paused));
}

/// Shadow mode says what would happen, and its own name is what tells that nothing does.
#[test]
fn the_shadow_follows_what_would_happen() {
    let shadow = Case { mode: Mode::Shadow, ..FINE };
    assert_eq!(shadow.verdict(), Verdict::Shadow(Box::new(Verdict::Correct)));
    assert_eq!(shadow.verdict().outcome(), "corrected");
    let paused = Case { switches: vec![Reach::All], ..shadow.clone() };
    assert_eq!((word(&paused.verdict()), paused.verdict().outcome()), ("shadow Paused".to_owned(), "withheld"));
    let waits = Case { grace: true, ..shadow.clone() };
    assert_eq!((word(&waits.verdict()), waits.verdict().outcome()), ("shadow defer 600s".to_owned(), "deferred"));
    let unsure = Case { state: State::Unverifiable, ..shadow };
    assert_eq!((word(&unsure.verdict()), unsure.verdict().outcome()), ("shadow notified".to_owned(), "notified"));
}

#[test]
fn a_tag_alone_counts_only_where_it_may() {
    let carried = Fact::Known(Tags::from([("site".to_owned(), "yes".to_owned())]));
    let bare = Fact::Known(Tags::new());
    for (kind, counts, tags, expected) in [
        (Kind::File, false, &carried, "corrected"),
        (Kind::Row, false, &carried, "corrected"),
        (Kind::Row, false, &Fact::NotRead, "corrected"),
        (Kind::File, true, &carried, "exempt line"),
        (Kind::Row, true, &carried, "exempt row"),
        (Kind::Row, true, &bare, "corrected"),
        (Kind::Row, true, &Fact::NotRead, "Exemptions"),
    ] {
        let case = Case { exemptions: vec![(kind, Scope::TagAlone)], tag_alone_counts: counts, ..FINE };
        assert_eq!(word(&case.verdict_with(tags)), expected, "{kind:?}, allowed: {counts}, {tags:?}");
    }
    let named = Case { exemptions: vec![(Kind::Row, Scope::HangsOnTags)], ..FINE };
    assert_eq!(word(&named.verdict_with(&carried)), "exempt row", "a tag beside a resource needs no switch");
    assert_eq!(word(&named.verdict_with(&bare)), "corrected");
}

#[test]
fn one_that_certainly_covers_settles_what_another_leaves_open() {
    for order in [[Scope::HangsOnTags, Scope::Fits], [Scope::Fits, Scope::HangsOnUnit]] {
        check("exempt line", |c| c.exemptions = order.map(|scope| (Kind::File, scope)).to_vec());
    }
    check("exempt line", |c| {
        c.exemptions = vec![(Kind::File, Scope::Fits)];
        c.standing = Err("throttled");
    });
    check("Exemptions", |c| {
        c.exemptions = vec![(Kind::Row, Scope::Fits)];
        c.standing = Err("throttled");
    });
}

#[test]
fn a_grace_period_ends_at_its_due_time_and_once() {
    for (deferral, expected) in [
        (None, "defer 600s"),
        (Some(600), "defer 600s"),
        (Some(300), "defer 300s"),
        (Some(3), "defer 3s"),
        (Some(2), "corrected"),
        (Some(1), "corrected"),
        (Some(0), "corrected"),
        (Some(-1), "corrected"),
        (Some(-6 * 3600 + 1), "corrected"),
        (Some(-6 * 3600), "defer 600s"),
        (Some(-100 * 3600), "defer 600s"),
    ] {
        check(expected, |c| {
            c.grace = true;
            c.deferral = deferral;
        });
    }
    check("corrected", |c| c.deferral = Some(600));
    check("notified", |c| {
        c.grace = true;
        c.mode = Mode::Detective;
    });
}

#[test]
fn a_war_is_counted_within_its_window() {
    for (corrections, fenced_until, expected) in [
        (vec![], None, "corrected"),
        (vec![2, 1], None, "corrected"),
        (vec![3, 2, 1], None, "TugOfWar"),
        (vec![4, 3, 2, 1], None, "TugOfWar"),
        (vec![3600, 2, 1], None, "TugOfWar"),
        (vec![3601, 2, 1], None, "corrected"),
        (vec![7200, 7100, 7000], None, "corrected"),
        (vec![7200, 7100, 7000], Some(1), "TugOfWar"),
        (vec![7200, 7100, 7000], Some(0), "corrected"),
        (vec![7200, 7100, 7000], Some(-1), "corrected"),
        (vec![], Some(60), "TugOfWar"),
        (vec![-60, -30, -1], None, "TugOfWar"),
    ] {
        check(expected, |c| {
            c.corrections = corrections.clone();
            c.fenced_until = fenced_until;
        });
    }
}

fn war(past: &Past) -> Option<Withheld> {
    let settings = Settings::parse("[[environment]]\nname = 'e'\nmode = 'corrective'\ndefault = true", &[]).unwrap();
    let arn = Arn::from_parts("arn:aws:s3:::data".to_owned());
    let place = Place { account: AccountId::new(ACCOUNT).unwrap(), region: Region::new("eu-central-1").unwrap() };
    tug_of_war(&Situation {
        settings: &settings,
        environment: &settings.environments[0],
        subject: Subject { arn: &arn, place: &place, account: None, tags: &Fact::NotRead },
        standing: Err("not needed"),
        past,
        doubt: None,
        own_event: false,
        now: now(),
    })
}

#[test]
fn a_war_names_who_wages_it_once_each() {
    let by = |age: i64, who: Option<&str>, tool: Option<&str>| Reopened {
        at: at(-age),
        by: who.map(str::to_owned),
        tool: tool.map(str::to_owned),
    };
    let corrections = vec![
        by(4000, Some("eve"), Some("Console")),
        by(50, Some("ci"), Some("Terraform")),
        by(40, None, None),
        by(30, Some("ci"), Some("Terraform")),
        by(20, Some("ci"), None),
        by(10, None, Some("CloudFormation")),
    ];
    let told = |past: &Past| match war(past) {
        Some(Withheld::TugOfWar { times, window, by }) => (times, window, by),
        other => panic!("{other:?}"),
    };
    let hour = SignedDuration::from_hours(1);
    let now_at_it = Past { corrections, ..Past::default() };
    assert_eq!(
        told(&now_at_it),
        (5, hour, ["ci with Terraform", "ci", "CloudFormation"].map(str::to_owned).to_vec()),
        "whoever was put right before the window has no part in it"
    );
    let fenced = |corrections: Vec<Reopened>| Past { corrections, fenced_until: Some(at(60)), ..Past::default() };
    let old = vec![by(9000, Some("ci"), None), by(8000, Some("ci"), None), by(7000, Some("eve"), None)];
    assert_eq!(told(&fenced(old)), (3, hour, vec!["ci".to_owned(), "eve".to_owned()]), "it is the same war");
    assert_eq!(told(&fenced(Vec::new())), (1, hour, vec![]));
    assert_eq!(told(&fenced(vec![by(1, None, None)])), (1, hour, vec![]));
}

#[test]
fn doubts_read_as_reasons() {
    assert_eq!(settings_doubt().unwrap().to_string(), "the settings could not be read: line 3: no");
    assert_eq!(organization_doubt().unwrap().to_string(), "not refreshed since May");
}

#[test]
fn outcomes_have_the_ledgers_names() {
    let exempt = Verdict::Exempt(Box::new(an_exemption(Kind::File, Scope::Fits)));
    for (verdict, name) in [
        (Verdict::Off, "ignored"),
        (exempt, "exempt"),
        (Verdict::Tell, "notified"),
        (Verdict::Withhold(Withheld::OwnEvent), "withheld"),
        (Verdict::Defer(now()), "deferred"),
        (Verdict::Correct, "corrected"),
        (Verdict::Shadow(Box::new(Verdict::Tell)), "notified"),
    ] {
        assert_eq!(verdict.outcome(), name);
    }
}

fn case() -> impl Strategy<Value = Case> {
    let account = AccountId::new(ACCOUNT).unwrap();
    let reaches = vec![
        Reach::All,
        Reach::Control("bucket-open".to_owned()),
        Reach::Control("bucket-logs".to_owned()),
        Reach::Account(account),
        Reach::Account(AccountId::new("999999999999").unwrap()),
    ];
    let scopes =
        vec![Scope::Fits, Scope::Ended, Scope::Elsewhere, Scope::HangsOnTags, Scope::HangsOnUnit, Scope::TagAlone];
    // Each thing is fine more often than not, so that every combination of few obstacles comes up, and none at all too.
    let what = (
        prop_oneof![3 => Just(Mode::Corrective), 2 => select(vec![Mode::Off, Mode::Shadow, Mode::Detective])],
        prop_oneof![3 => Just(Action::Correct), 2 => select(vec![Action::Guarded, Action::Notify])],
        option::weighted(
            0.4,
            select(vec![Mode::Off, Mode::Shadow, Mode::Detective, Mode::Corrective, Mode::Corrective]),
        ),
        prop_oneof![4 => Just(State::Live), 1 => select(vec![State::Unverifiable, neutralised()])],
        prop::bool::weighted(0.9),
    );
    let doubts = (
        prop::bool::weighted(0.15),
        option::weighted(0.15, select(vec![settings_doubt().unwrap(), organization_doubt().unwrap()])),
        prop::bool::weighted(0.1),
        prop_oneof![6 => Just(Ok(())), 1 => Just(Err("throttled"))],
    );
    let standing = (
        prop_oneof![2 => Just(vec![]), 1 => vec((select(vec![Kind::File, Kind::Row]), select(scopes)), 0..3)],
        any::<bool>(),
        prop_oneof![3 => Just(vec![]), 1 => vec(select(reaches), 0..3)],
    );
    let past = (
        prop_oneof![2 => Just(vec![]), 1 => vec(0_i64..5000, 0..5)],
        option::weighted(0.2, -100_i64..100),
        prop::bool::weighted(0.3),
        option::of(-30_000_i64..700),
    );
    (what, doubts, standing, past).prop_map(
        |(
            (mode, action, by_name, state, changes),
            (own_event, doubt, unknown_environment, standing),
            (exemptions, tag_alone_counts, switches),
            (corrections, fenced_until, grace, deferral),
        )| Case {
            mode,
            action,
            by_name,
            state,
            changes,
            own_event,
            doubt,
            unknown_environment,
            standing,
            exemptions,
            tag_alone_counts,
            switches,
            corrections,
            fenced_until,
            grace,
            deferral,
        },
    )
}

impl Case {
    /// Whether nothing at all stands in the way, said without `decide`.
    fn is_fine(&self) -> bool {
        let allowed = match self.action {
            Action::Correct => self.by_name.unwrap_or(self.mode) == Mode::Corrective,
            Action::Guarded => self.by_name == Some(Mode::Corrective),
            Action::Notify => false,
        };
        let open = |scope: &Scope| match scope {
            Scope::Ended | Scope::Elsewhere => false,
            Scope::Fits | Scope::HangsOnTags | Scope::HangsOnUnit => true,
            Scope::TagAlone => self.tag_alone_counts,
        };
        let holds = |reach: &Reach| match reach {
            Reach::All => true,
            Reach::Control(id) => id == self.control().id,
            Reach::Account(id) => id.to_string() == ACCOUNT,
        };
        allowed
            && self.state == State::Live
            && self.changes
            && !self.own_event
            && self.doubt.is_none()
            && !self.unknown_environment
            && self.standing.is_ok()
            && !self.exemptions.iter().any(|(_, scope)| open(scope))
            && !self.switches.iter().any(holds)
            && self.corrections.iter().filter(|age| **age <= 3600).count() < 3
            && self.fenced_until.is_none_or(|until| until <= 0)
            && (!self.grace || self.deferral.is_some_and(|due| due <= 2 && due > -6 * 3600))
    }
}

proptest! {
    #![proptest_config(ProptestConfig { cases: 1000, ..ProptestConfig::default() })]

    /// Correcting needs everything at once, and everything at once is enough.
    #[test]
    fn only_when_everything_is_fine_it_is_corrected(case in case()) {
        prop_assert_eq!(case.verdict() == Verdict::Correct, case.is_fine(), "{}", word(&case.verdict()));
    }

    /// Whatever is added to a situation, it never becomes one in which something is changed.
    #[test]
    fn nothing_raises_a_verdict(case in case(), what in 0_usize..10) {
        prop_assume!(case.verdict() != Verdict::Correct);
        let mut worse = case.clone();
        match what {
            0 => worse.exemptions.push((Kind::File, Scope::Fits)),
            1 => worse.exemptions.push((Kind::Row, Scope::HangsOnTags)),
            2 => worse.exemptions.push((Kind::Row, Scope::Ended)),
            3 => worse.switches.push(Reach::All),
            4 => worse.doubt = settings_doubt(),
            5 => worse.doubt = organization_doubt(),
            6 => worse.own_event = true,
            7 => worse.standing = Err("throttled"),
            8 => worse.corrections.push(1),
            _ => worse.fenced_until = Some(60),
        }
        prop_assert_ne!(worse.verdict(), Verdict::Correct, "{:?} was {}", worse, word(&case.verdict()));
    }

    /// What is in the shadow is never told nor changed, and what is off is nothing else.
    #[test]
    fn the_shadow_never_tells(case in case()) {
        let case = Case { by_name: None, ..case };
        let shadow = Case { mode: Mode::Shadow, ..case.clone() }.verdict();
        prop_assert!(matches!(shadow, Verdict::Shadow(_) | Verdict::Exempt(_)), "{shadow:?}");
        if let Verdict::Shadow(would) = &shadow {
            prop_assert!(!matches!(**would, Verdict::Shadow(_) | Verdict::Off | Verdict::Exempt(_)), "{would:?}");
        }
        let off = Case { mode: Mode::Off, ..case }.verdict();
        prop_assert_eq!(off, Verdict::Off);
    }

    /// In an environment that only tells, whatever is live is told, unless somebody exempted it. Settings that could not be
    /// read are another matter: nobody knows whether it only tells.
    #[test]
    fn detective_is_told(case in case()) {
        let doubt = case.doubt.clone().filter(|doubt| !matches!(doubt, Doubt::Settings(_)));
        let case = Case { mode: Mode::Detective, by_name: None, doubt, ..case };
        let verdict = case.verdict();
        prop_assert!(matches!(verdict, Verdict::Tell | Verdict::Exempt(_)), "{verdict:?}");
    }
}

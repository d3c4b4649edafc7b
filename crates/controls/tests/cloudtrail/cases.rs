//! Each control: breaches, and what looks like one.

use std::collections::BTreeMap;

use rectify_controls::{Fact, Kind, Selection, Severity, State, cloudtrail::*};

use super::world::*;

const STOPPED: &str = "cloudtrail-logging-stopped";
const DELETED: &str = "cloudtrail-trail-deleted";
const COVERAGE: &str = "cloudtrail-not-multi-region";
const WEAKENED: &str = "cloudtrail-event-selectors-weakened";
const VALIDATION: &str = "cloudtrail-log-validation-off";
const KEY: &str = "cloudtrail-not-kms-encrypted";
const BUCKET: &str = "cloudtrail-bucket-public-or-missing";

fn with(change: impl FnOnce(&mut TrailFacts)) -> TrailFacts {
    let mut facts = trail();
    change(&mut facts);
    facts
}

fn with_settings(change: impl FnOnce(&mut Settings)) -> TrailFacts {
    let mut to = settings();
    change(&mut to);
    with(|facts| facts.settings = Fact::Known(Some(to)))
}

fn with_selectors(selectors: Vec<BasicSelector>) -> TrailFacts {
    with(|facts| facts.selectors = Fact::Known(Selectors::Basic(selectors)))
}

#[test]
fn what_stands_well_breaks_nothing() {
    trail().fine();
    TrailFacts { kept: Some(Box::new(definition())), ..trail() }.fine();
    all_of(vec![seen("main")]).fine();
    store("ENABLED").fine();
}

#[test]
fn a_stopped_trail_is_started_again() {
    let stopped = Status { logging: false, started: true, delivery_error: None };
    let found = with(|facts| facts.status = Fact::Known(stopped.clone())).breach(STOPPED);
    assert_eq!(found.severity, Severity::Critical);
    assert_eq!(found.changes, [Change::Logging(true)]);
    assert_eq!(found.summary, "trail main in eu-central-1 is stopped");
    assert_eq!(store("STOPPED_INGESTION").breach(STOPPED).changes, [Change::Ingestion(true)]);
}

/// `aws cloudtrail create-trail` does not start it: nobody stopped it, so nobody else starts it either.
#[test]
fn a_trail_that_was_never_started_is_told_only() {
    let fresh = Status { logging: false, started: false, delivery_error: None };
    let mut facts = with(|facts| facts.status = Fact::Known(fresh));
    let found = facts.breach(STOPPED);
    assert!(found.changes.is_empty() && found.summary.contains("never been started"), "{found:?}");
    // One of that name did log: somebody has made it anew to hide that.
    facts.kept = Some(Box::new(definition()));
    assert_eq!(facts.breach(STOPPED).changes, [Change::Logging(true)]);
}

#[test]
fn a_deleted_trail_comes_back_as_it_was_kept() {
    let found = gone(Some(definition())).breach(DELETED);
    assert_eq!(found.changes, [Change::CreateTrail(Box::new(definition()))]);
    let undo = CloudTrail::undo(&gone(Some(definition())).facts(), &found.changes).unwrap();
    assert_eq!(undo, [Change::DeleteTrail]);
    gone(None).fine();
    assert_eq!(store("PENDING_DELETION").breach(DELETED).changes, [Change::Restored(true)]);
}

#[test]
fn an_account_needs_one_trail_that_sees_everything() {
    let found = all_of(Vec::new()).breach(COVERAGE);
    assert!(found.changes.is_empty() && found.summary == "account 111122223333 has no trail", "{found:?}");

    // One good one among bad ones is enough.
    let stopped = Seen { logging: Fact::Known(false), ..seen("stopped") };
    let local = Seen { multi_region: false, ..seen("local") };
    all_of(vec![stopped.clone(), local.clone(), seen("main")]).fine();
    // The organisation's is, too, and nobody but its owner sees what it selects.
    all_of(vec![stopped.clone(), organizations()]).fine();

    // The only one that lacks nothing else is mended; of two, nobody says which.
    let mend = |name: &str| Change::Coverage { trail: trail_id(name), multi_region: true, global_events: true };
    assert_eq!(all_of(vec![stopped.clone(), local.clone()]).breach(COVERAGE).changes, [mend("local")]);
    let other = Seen { trail: trail_id("other"), ..local.clone() };
    let mut two = all_of(vec![local, other]);
    assert_eq!(two.breach(COVERAGE).changes, []);
    two.kept = BTreeMap::from([(trail_id("local"), true), (trail_id("other"), false)]);
    assert_eq!(two.breach(COVERAGE).changes, [mend("local")]);
    // What it lacks besides is not this control's.
    assert_eq!(all_of(vec![stopped]).breach(COVERAGE).changes, []);
    let no_global = Seen { global_events: false, ..seen("main") };
    assert_eq!(all_of(vec![no_global]).breach(COVERAGE).changes, [mend("main")]);
}

#[test]
fn a_member_never_changes_the_organisations_trail() {
    for broken in
        [Seen { multi_region: false, ..organizations() }, Seen { logging: Fact::Known(false), ..organizations() }]
    {
        assert_eq!(all_of(vec![broken]).breach(COVERAGE).changes, []);
    }
    let found = all_of(vec![Seen { logging: refused("GetTrailStatus"), ..organizations() }]).judged();
    assert_eq!(found[0].state, State::Unverifiable);
}

#[test]
fn management_events_come_back() {
    let default = vec![basic("All", true, &[], &[])];
    let gaps: [(&str, Vec<BasicSelector>); 4] = [
        ("off", vec![basic("All", false, &[], &[("AWS::S3::Object", &["arn:aws:s3"])])]),
        ("reads only", vec![basic("ReadOnly", true, &[], &[])]),
        ("without KMS", vec![basic("All", true, &["kms.amazonaws.com"], &[])]),
        // Stratus Red Team: data events of nothing.
        (
            "nothing at all",
            vec![basic("ReadOnly", false, &[], &[("AWS::S3::Object", &[]), ("AWS::Lambda::Function", &[])])],
        ),
    ];
    for (what, selectors) in gaps {
        let found = with_selectors(selectors.clone()).breach(WEAKENED);
        let [Change::Selectors(to)] = found.changes.as_slice() else { panic!("{what}: {:?}", found.changes) };
        assert!(to.management_gaps(&[]).is_empty(), "{what}: {to:?}");
        assert!(to.lost(&Selectors::Basic(selectors)).is_empty(), "{what}: data events stay: {to:?}");
    }
    // What stood is what comes back, to the letter.
    let mut facts = with_selectors(vec![basic("WriteOnly", true, &[], &[])]);
    let stood = Selectors::Basic(vec![basic("ReadOnly", true, &[], &[]), basic("WriteOnly", true, &[], &[])]);
    facts.kept = Some(Box::new(Definition { selectors: stood.clone(), ..definition() }));
    assert_eq!(facts.breach(WEAKENED).changes, [Change::Selectors(stood)]);
    with_selectors(default).fine();
}

#[test]
fn what_settings_allow_to_leave_out_is_no_breach() {
    let rules = Rules { excludable: vec!["kms.amazonaws.com".to_owned()], ..Rules::default() };
    let facts = with_selectors(vec![basic("All", true, &["kms.amazonaws.com"], &[])]);
    assert!(facts.under(&rules).is_empty());
    let facts = with_selectors(vec![basic("WriteOnly", true, &["kms.amazonaws.com", "rdsdata.amazonaws.com"], &[])]);
    let found = facts.under(&rules);
    let whole = basic("All", true, &["kms.amazonaws.com"], &[]);
    assert_eq!(found[0].changes, [Change::Selectors(Selectors::Basic(vec![whole]))], "what may be left out stays so");
}

#[test]
fn data_events_that_were_logged_stay_logged() {
    let data = vec![basic("All", true, &[], &[("AWS::S3::Object", &["arn:aws:s3:::records/"])])];
    let mut facts = trail();
    facts.kept = Some(Box::new(Definition { selectors: Selectors::Basic(data.clone()), ..definition() }));
    let found = facts.breach(WEAKENED);
    assert_eq!(found.changes, [Change::Selectors(Selectors::Basic(data.clone()))]);
    assert!(facts.under(&Rules { keep_data_events: false, ..Rules::default() }).is_empty());
    // More than before is no breach, whatever form it has.
    let more = vec![basic("All", true, &[], &[("AWS::S3::Object", &["arn:aws:s3"])])];
    facts.selectors = Fact::Known(Selectors::Basic(more));
    facts.fine();
    facts.selectors = Fact::Known(Selectors::Advanced(vec![
        advanced(vec![field("eventCategory", &["Management"])]),
        advanced(vec![
            field("eventCategory", &["Data"]),
            field("resources.type", &["AWS::S3::Object"]),
            starts("resources.ARN", &["arn:aws:s3:::records/", "arn:aws:s3:::more/"]),
        ]),
    ]));
    facts.fine();
    // What was added since survives, what was dropped comes back.
    let other = vec![basic("All", true, &[], &[("AWS::Lambda::Function", &["arn:aws:lambda"])])];
    facts.selectors = Fact::Known(Selectors::Basic(other.clone()));
    let both = [other, data].concat();
    assert_eq!(facts.breach(WEAKENED).changes, [Change::Selectors(Selectors::Basic(both))]);
}

#[test]
fn insights_come_back() {
    let mut facts = trail();
    let kinds = ["ApiCallRateInsight".to_owned(), "ApiErrorRateInsight".to_owned()];
    facts.kept = Some(Box::new(Definition { insights: kinds.clone().into(), ..definition() }));
    assert_eq!(facts.breach(WEAKENED).changes, [Change::Insights(kinds.into())]);
}

/// A trail for data events beside one that logs everything.
#[test]
fn what_another_trail_logs_is_told_with_less_and_left_alone() {
    let mut facts = with_selectors(vec![basic("All", false, &[], &[("AWS::S3::Object", &["arn:aws:s3"])])]);
    facts.beside = Fact::Known(vec![seen("everything")]);
    let found = facts.judged();
    assert!(matches!(&found[0].state, State::Neutralised { by } if by.contains("everything")), "{found:?}");
    assert!(found[0].changes.is_empty() && found[0].severity == Severity::Low);
    // It is not beside itself, and one that logs less than everything clears nothing.
    for not in [
        seen("main"),
        Seen { logging: Fact::Known(false), ..seen("x-stopped") },
        Seen { multi_region: false, ..seen("local") },
    ] {
        facts.beside = Fact::Known(vec![not]);
        facts.breach(WEAKENED);
    }
}

#[test]
fn validation_and_the_key_come_back() {
    assert_eq!(with_settings(|to| to.validation = false).breach(VALIDATION).changes, [Change::Validation(true)]);
    let mut facts = with_settings(|to| to.key = None);
    let found = facts.breach(KEY);
    assert!(found.changes.is_empty() && found.summary.contains("option `key`"), "{found:?}");
    let rules = Rules { key: Some("alias/trail-{region}".to_owned()), ..Rules::default() };
    assert_eq!(facts.under(&rules)[0].changes, [Change::Key(Some("alias/trail-eu-central-1".to_owned()))]);
    facts.kept = Some(Box::new(definition()));
    assert_eq!(facts.under(&rules)[0].changes, [Change::Key(settings().key)], "the one it had");
    let undo = CloudTrail::inverse(&facts.facts(), &Change::Key(settings().key));
    assert_eq!(undo, Some(Change::Key(None)));
}

#[test]
fn a_bucket_that_is_open_gone_or_unknown_is_told() {
    let of = |bucket: Bucket| with(|facts| facts.bucket = Fact::Known(bucket));
    let own = |policy: bool, acl: bool, on: bool| Bucket::Own {
        policy_public: Fact::Known(policy),
        acl_public: Fact::Known(acl),
        block: Fact::Known(None),
        account_block: Fact::Known(on.then_some(rectify_controls::s3_bucket::BlockFlags::ALL)),
    };
    for (bucket, what) in [
        (Bucket::Missing, "does not exist"),
        (own(true, false, false), "is public by its policy"),
        (own(false, true, false), "is public by its ACL"),
    ] {
        let found = of(bucket).breach(BUCKET);
        assert!(found.changes.is_empty() && found.summary.contains(what), "{found:?}");
    }
    of(own(true, true, true)).fine();
}

#[test]
fn a_bucket_of_another_account_has_to_be_named_or_the_one_that_stood() {
    let mut facts = with(|facts| facts.bucket = Fact::Known(Bucket::Foreign));
    assert_eq!(facts.judged()[0].state, State::Unverifiable);
    let rules = Rules { log_buckets: vec!["logs-{account}".to_owned(), "logs".to_owned()], ..Rules::default() };
    assert!(facts.under(&rules).is_empty());
    // CloudTrail says of a bucket that we cannot see whether it is there.
    let refuses = Status { logging: true, started: true, delivery_error: Some("NoSuchBucket".to_owned()) };
    let missing = TrailFacts { status: Fact::Known(refuses), ..facts.clone() }.under(&rules);
    assert!(missing[0].summary.contains("does not exist"), "{missing:?}");
    // Moved away from where it was, into an account that is not ours: an attack, not ignorance.
    facts.kept = Some(Box::new(definition()));
    facts.settings = Fact::Known(Some(Settings { bucket: "elsewhere".to_owned(), ..settings() }));
    let found = facts.breach(BUCKET);
    assert!(found.summary.contains("not the one that stood before"), "{found:?}");
}

#[test]
fn what_could_not_be_read_is_told_as_such() {
    let blind: [(&str, TrailFacts); 4] = [
        (STOPPED, with(|facts| facts.status = refused("GetTrailStatus"))),
        (WEAKENED, with(|facts| facts.selectors = refused("GetEventSelectors"))),
        (BUCKET, with(|facts| facts.bucket = refused("HeadBucket"))),
        (DELETED, with(|facts| facts.settings = refused("GetTrail"))),
    ];
    for (control, facts) in blind {
        let found = facts.judged();
        assert!(found.iter().any(|found| found.control.id == control), "{control}: {found:#?}");
        assert!(found.iter().all(|found| found.state == State::Unverifiable && found.changes.is_empty()), "{found:#?}");
    }
    let account = AccountFacts { trails: refused("DescribeTrails"), ..all_of(Vec::new()) };
    assert_eq!(account.judged()[0].state, State::Unverifiable);
}

fn kept(facts: &TrailFacts) -> Definition {
    let Some(Facts::Trail(kept)) = CloudTrail::keep(&facts.facts()) else { panic!("nothing is kept of {facts:?}") };
    *kept.kept.unwrap()
}

/// However an attack goes on and whoever looks meanwhile, what stood before it is what is kept.
#[test]
fn an_attack_does_not_become_what_stood_well() {
    let mut facts = trail();
    assert_eq!(kept(&facts), definition());
    facts.kept = Some(Box::new(definition()));
    facts.status = Fact::Known(Status { logging: false, started: true, delivery_error: None });
    facts.selectors = Fact::Known(Selectors::Basic(vec![basic("ReadOnly", true, &[], &[])]));
    facts.bucket = Fact::Known(Bucket::Foreign);
    let weak =
        Settings { key: None, validation: false, multi_region: false, bucket: "theirs".to_owned(), ..settings() };
    facts.settings = Fact::Known(Some(weak));
    assert_eq!(kept(&facts), definition());
    assert_eq!(kept(&gone(Some(definition()))), definition());
    assert_eq!(CloudTrail::keep(&gone(None).facts()), None);
    // What cannot be read is no news.
    facts.selectors = refused("GetEventSelectors");
    assert_eq!(CloudTrail::keep(&facts.facts()), None, "what was kept stays");
}

#[test]
fn a_change_for_the_better_is_kept() {
    let mut facts = TrailFacts { kept: Some(Box::new(definition())), ..trail() };
    let more = Selectors::Basic(vec![basic("All", true, &[], &[("AWS::S3::Object", &["arn:aws:s3"])])]);
    facts.selectors = Fact::Known(more.clone());
    facts.tags = Fact::Known(BTreeMap::new());
    facts.settings = Fact::Known(Some(Settings { bucket: "new-logs".to_owned(), ..settings() }));
    let kept = kept(&facts);
    assert_eq!((kept.selectors, kept.tags, kept.settings.bucket.as_str()), (more, BTreeMap::new(), "new-logs"));
}

#[test]
fn an_account_remembers_its_trails_and_leads_to_those_that_are_gone() {
    let mut facts = all_of(vec![seen("main"), organizations()]);
    let Some(Facts::Account(kept)) = CloudTrail::keep(&facts.facts()) else { panic!("nothing kept") };
    assert_eq!(kept.kept, BTreeMap::from([(trail_id("main"), true)]), "the organisation's is its owner's to remember");
    let every: Selection = CloudTrail::CONTROLS.iter().map(|control| control.id).collect();
    facts.kept = kept.kept;
    assert_eq!(CloudTrail::leads(&facts.facts(), &every), []);
    facts.trails = Fact::Known(vec![organizations()]);
    assert_eq!(CloudTrail::leads(&facts.facts(), &every), [Target::Trail(trail_id("main"))]);
    facts.trails = refused("DescribeTrails");
    assert_eq!(CloudTrail::leads(&facts.facts(), &every), [], "not read is not gone");
    // Asked about trails only, as when a bucket is deleted, it leads to each.
    let asked = Selection::from([BUCKET]);
    assert_eq!(CloudTrail::leads(&all_of(vec![seen("main")]).facts(), &asked), [Target::Trail(trail_id("main"))]);
}

#[test]
fn options_are_checked() {
    let rules = |control: &'static str, option: &'static str, value: toml::Value| {
        CloudTrail::rules(&Default::default(), &|c, o| (c == control && o == option).then(|| value.clone()))
    };
    let text = |text: &str| toml::Value::String(text.to_owned());
    let list = |one: &str| toml::Value::Array(vec![text(one)]);
    assert!(rules(KEY, "key", text("trail-key")).unwrap_err().contains("alias/trail"));
    assert!(rules(WEAKENED, "excludable-sources", list("kms")).unwrap_err().contains("kms.amazonaws.com"));
    assert!(rules(BUCKET, "log-buckets", list("no bucket")).unwrap_err().contains("{account}"));
    assert!(
        rules(BUCKET, "log-buckets", list("logs-{account}-{region}"))
            .unwrap()
            .names_bucket("logs-111122223333-eu-central-1", &place())
    );
    assert!(!rules(WEAKENED, "keep-data-events", toml::Value::Boolean(false)).unwrap().keep_data_events);
}

/// A store that was well, and what somebody made of it.
fn weaker(change: impl FnOnce(&mut StoreSettings)) -> StoreFacts {
    let mut settings = store_settings();
    change(&mut settings);
    StoreFacts { settings: Fact::Known(settings), kept_settings: Some(store_settings()), ..store("ENABLED") }
}

fn reads_only(settings: &mut StoreSettings) {
    let Selectors::Advanced(all) = &mut settings.selectors else { return };
    all.first_mut().unwrap().fields.push(FieldSelector {
        field: "readOnly".to_owned(),
        equals: vec!["true".to_owned()],
        ..FieldSelector::default()
    });
}

#[test]
fn an_event_data_store_that_is_weakened_gets_back_what_it_had() {
    type Case = (fn(&mut StoreSettings), &'static str);
    let cases: [Case; 4] = [
        (|settings| settings.protected = false, "termination protection: off"),
        (|settings| settings.multi_region = false, "no longer taken in: events of other regions"),
        (|settings| settings.retention = 7, "kept for: 7 days instead of 366"),
        (reads_only, "no longer taken in: Management events that write"),
    ];
    for (change, says) in cases {
        let facts = weaker(change);
        let finding = facts.breach(WEAKENED);
        let evidence: Vec<String> = finding.evidence.iter().map(|one| format!("{}: {}", one.what, one.value)).collect();
        assert_eq!(evidence, [says]);
        assert_eq!(finding.changes, [Change::Store(Box::new(store_settings()))]);
        let undo = CloudTrail::undo(&facts.facts(), &finding.changes).unwrap();
        assert_eq!(undo, [Change::Store(Box::new(facts.settings.known().unwrap().clone()))]);
    }
}

#[test]
fn an_event_data_store_is_compared_with_itself_only() {
    // Whatever it was made for is what it is for.
    let mut facts = weaker(|settings| {
        reads_only(settings);
        (settings.multi_region, settings.protected, settings.retention) = (false, false, 7);
    });
    facts.kept_settings = None;
    facts.fine();
    // More than it had.
    weaker(|settings| settings.retention = 2557).fine();
    // A source that may be left out, and data events that may.
    let without_kms = weaker(|settings| {
        let Selectors::Advanced(all) = &mut settings.selectors else { return };
        all[0].fields.push(FieldSelector {
            field: "eventSource".to_owned(),
            not_equals: vec!["kms.amazonaws.com".to_owned()],
            ..FieldSelector::default()
        });
    });
    without_kms.breach(WEAKENED);
    let rules = Rules { excludable: vec!["kms.amazonaws.com".to_owned()], ..Rules::default() };
    assert!(without_kms.under(&rules).is_empty());
    // It is on its way out: another control's.
    let pending = StoreFacts { status: Fact::Known("PENDING_DELETION".to_owned()), ..weaker(reads_only) };
    assert_eq!(pending.breach(DELETED).changes, [Change::Restored(true)]);
    // Stopped: it is started first.
    let stopped = StoreFacts { status: Fact::Known("STOPPED_INGESTION".to_owned()), ..weaker(reads_only) };
    let found = stopped.judged();
    assert_eq!(found.iter().map(|one| one.changes.len()).collect::<Vec<_>>(), [1, 0]);
    // Not read is not well.
    let blind = StoreFacts { settings: refused("GetEventDataStore"), ..weaker(reads_only) };
    assert_eq!(blind.judged()[0].state, State::Unverifiable);
}

/// Bit by bit is no way around it: of each part the best is kept.
#[test]
fn the_best_of_a_stores_settings_is_kept() {
    let facts = weaker(|settings| settings.protected = false);
    let Some(Facts::Store(kept)) = CloudTrail::keep(&facts.facts()) else { unreachable!("a store is kept") };
    assert_eq!(kept.kept_settings, Some(store_settings()));
    let more = weaker(|settings| settings.retention = 2557);
    let Some(Facts::Store(kept)) = CloudTrail::keep(&more.facts()) else { unreachable!("a store is kept") };
    assert_eq!(kept.kept_settings.map(|settings| settings.retention), Some(2557));
    // What an earlier release kept has no settings.
    let old = serde_json::json!({"store": {"store": store("ENABLED").store, "place": store("ENABLED").place, "status": "not_read", "kept": "ENABLED"}});
    let old: Facts = serde_json::from_value(old).unwrap();
    let mut now = store("ENABLED").facts();
    CloudTrail::recall(&mut now, &old);
    assert!(CloudTrail::judge(&now, &Rules::default(), &[WEAKENED].into()).is_empty());
}

//! The rules for access keys, from outside.

#![expect(clippy::unwrap_used, reason = "helpers of tests")]

#[path = "../laws/mod.rs"]
mod laws;

use std::{fs, path::PathBuf};

use proptest::prelude::*;
use rectify_controls::{
    AccountId, Fact, Finding, Ignored, Kind, Place, Region, Screen, Severity, State, Unreadable, access_key::*,
};
use rectify_event::Event;
use serde_json::{Value, json};

const EXPOSED: &str = "access-key-exposed";
const KEY: &str = "AKIAIOSFODNN7REALONE";

fn place() -> Place {
    Place { account: AccountId::new("111122223333").unwrap(), region: Region::new("us-east-1").unwrap() }
}

fn key() -> AccessKeyId {
    AccessKeyId::new(KEY).unwrap()
}

fn name(text: &str) -> UserName {
    UserName::new(text).unwrap()
}

fn found() -> Exposure {
    Exposure::new("s3://data/config/app.env").unwrap()
}

fn owned(user: Option<&str>, status: Status) -> Fact<Owner> {
    Fact::Known(Owner { user: user.map(name), status })
}

/// A key of a user that works and was found.
fn leaked() -> Facts {
    Facts {
        key: key(),
        place: place(),
        own_account: false,
        exposed: Some(found()),
        owner: owned(Some("ci"), Status::Active),
    }
}

fn refused() -> Fact<Owner> {
    Fact::Unreadable(Unreadable {
        operation: "GetAccessKeyLastUsed".to_owned(),
        code: "AccessDenied".to_owned(),
        request_id: None,
    })
}

fn judge(facts: &Facts, rules: &Rules) -> Vec<Finding<Change>> {
    AccessKey::judge(facts, rules, &laws::every::<AccessKey>())
}

#[track_caller]
fn only(facts: &Facts) -> Finding<Change> {
    let mut findings = judge(facts, &Rules::default());
    assert_eq!(findings.len(), 1, "{findings:?}");
    findings.remove(0)
}

fn to(user: &str, status: Status) -> Change {
    Change::SetStatus { user: name(user), status }
}

#[test]
fn a_found_key_that_works_is_deactivated_and_activated_again() {
    let finding = only(&leaked());
    assert_eq!((finding.control.id, finding.severity, &finding.state), (EXPOSED, Severity::Critical, &State::Live));
    assert_eq!(
        finding.summary,
        format!("the access key {KEY} of the user ci works, and was found with its secret in s3://data/config/app.env")
    );
    assert_eq!(finding.changes, [to("ci", Status::Inactive)]);
    assert_eq!(AccessKey::undo(&leaked(), &finding.changes), Some(vec![to("ci", Status::Active)]));
    assert_eq!(finding.changes[0].to_string(), "deactivate the access key of the user ci");
    assert_eq!(
        AccessKey::shown(&leaked(), "status"),
        Some(json!({"UserName": "ci", "AccessKeyId": KEY, "Status": "Active"}))
    );
}

#[test]
fn near_misses_are_left_alone() {
    for facts in [
        Facts { owner: owned(Some("ci"), Status::Inactive), ..leaked() },
        // Somebody activates a key that stands nowhere.
        Facts { exposed: None, ..leaked() },
        Facts { exposed: None, owner: refused(), ..leaked() },
        Facts { exposed: None, owner: Fact::NotRead, ..leaked() },
    ] {
        assert!(judge(&facts, &Rules::default()).is_empty(), "{facts:?}");
    }
}

#[test]
fn the_root_users_key_and_what_cannot_be_read_are_told() {
    let root = only(&Facts { owner: owned(None, Status::Active), ..leaked() });
    assert_eq!((root.state, root.changes), (State::Live, vec![]));
    assert!(root.summary.contains("root user"), "{}", root.summary);
    for owner in [refused(), Fact::NotRead] {
        let blind = only(&Facts { owner, ..leaked() });
        assert_eq!((blind.state, blind.changes), (State::Unverifiable, vec![]));
    }
}

/// Whoever deploys rectify works in its account: nobody's file locks them out.
#[test]
fn keys_of_the_account_that_rectify_runs_in_are_told_unless_the_settings_say_otherwise() {
    let own = Facts { own_account: true, ..leaked() };
    let told = only(&own);
    assert!(told.changes.is_empty() && told.state == State::Live && told.summary.contains("own-account"));
    let also = judge(&own, &Rules { own_account: true });
    assert_eq!(also[0].changes, [to("ci", Status::Inactive)]);
    assert_eq!(told.fingerprint(), also[0].fingerprint(), "the same breach");
}

#[test]
fn the_option_is_checked() {
    let rules = |value: toml::Value| {
        AccessKey::rules(&rectify_controls::Trust::default(), &move |control, option| {
            (control == EXPOSED && option == "own-account").then(|| value.clone())
        })
    };
    assert_eq!(rules(toml::Value::Boolean(true)), Ok(Rules { own_account: true }));
    assert!(rules(toml::Value::from("yes")).unwrap_err().contains("own-account"));
}

/// Nobody sees of a key that it was found: what the ledger keeps says so, and where it was first.
#[test]
fn that_a_key_was_found_is_kept() {
    let kept = AccessKey::keep(&leaked()).unwrap();
    assert_eq!(kept.owner, Fact::NotRead);
    let mut later = Facts { exposed: None, ..leaked() };
    AccessKey::recall(&mut later, &kept);
    assert_eq!(only(&later).fingerprint(), only(&leaked()).fingerprint());
    // Found once more somewhere else: the same finding, and what is kept stays.
    let mut again = Facts { exposed: Some(Exposure::new("s3://other/x").unwrap()), ..leaked() };
    AccessKey::recall(&mut again, &kept);
    assert_eq!(AccessKey::keep(&again), Some(kept));
    assert_eq!(AccessKey::keep(&Facts { exposed: None, ..leaked() }), None);
}

/// A change says whose key it is: of anybody else's it changes nothing.
#[test]
fn a_change_of_another_user_has_no_inverse() {
    assert_eq!(AccessKey::inverse(&leaked(), &to("mallory", Status::Inactive)), None);
    assert_eq!(laws::after::<AccessKey>(&leaked(), &[to("mallory", Status::Inactive)]), leaked());
}

#[test]
fn names_are_checked_and_come_back_from_their_arns() {
    let id = KeyId { key: key(), user: None, exposed: None };
    let arn = AccessKey::arn(&id, &place());
    assert_eq!(arn.as_str(), format!("arn:aws:iam::111122223333:access-key/{KEY}"));
    assert_eq!(AccessKey::id(&arn, &place()), Some(id.clone()));
    let frankfurt = Place { region: Region::new("eu-central-1").unwrap(), ..place() };
    assert_eq!(AccessKey::home(&id, &frankfurt), place());
    let known = KeyId { user: Some(name("ci")), exposed: Some(found()), ..id };
    assert_eq!(AccessKey::arn(&known, &place()), arn, "the same key");
    for odd in [
        format!("arn:aws:iam::999988887777:access-key/{KEY}"),
        format!("arn:aws-cn:iam::111122223333:access-key/{KEY}"),
        "arn:aws:iam::111122223333:access-key/AKIA".to_owned(),
        format!("arn:aws:iam::111122223333:user/{KEY}"),
    ] {
        assert_eq!(AccessKey::id(&rectify_controls::Arn::from_parts(odd.clone()), &place()), None, "{odd}");
    }
    assert!(key().is_of_a_user() && !AccessKeyId::new("ASIAIOSFODNN7REALONE").unwrap().is_of_a_user());
    for odd in ["", "a b", "<root_account>", "ü", &"x".repeat(129)] {
        assert!(UserName::new(odd).is_err(), "{odd}");
    }
    assert!(Exposure::new("").is_err() && Exposure::new("x".repeat(1025)).is_err());
}

fn read(name: &str) -> Value {
    let path = PathBuf::from(env!("CARGO_MANIFEST_DIR")).join(format!("../../events/access-key/{name}.json"));
    serde_json::from_str(&fs::read_to_string(&path).unwrap()).unwrap()
}

fn screen(event: &Value) -> Screen<KeyId> {
    let text = event.to_string();
    match Event::parse(&text) {
        Ok(event) => AccessKey::screen(&event),
        Err(_) => Screen::Ignore(Ignored::NotOurs),
    }
}

#[test]
fn every_example_names_its_key() {
    for (example, user, suspicious) in [
        ("update-access-key-active", Some("ci"), true),
        ("update-access-key-inactive", Some("ci"), false),
        ("update-access-key-self", None, true),
        ("delete-access-key", Some("ci"), false),
        ("own-correction", Some("ci"), false),
    ] {
        let expected = Screen::Look {
            targets: vec![KeyId { key: key(), user: user.map(name), exposed: None }],
            selection: laws::every::<AccessKey>(),
            suspicious,
        };
        assert_eq!(screen(&read(example)), expected, "{example}");
    }
}

#[test]
fn what_names_no_key_or_failed_is_ignored() {
    assert!(matches!(screen(&read("update-access-key-failed")), Screen::Ignore(Ignored::FailedCall(_))));
    assert!(matches!(screen(&read("hostile-names")), Screen::Ignore(Ignored::NoResource(_))));
    let mut event = read("update-access-key-active");
    event["detail"]["eventName"] = "CreateAccessKey".into();
    assert_eq!(screen(&event), Screen::Ignore(Ignored::NotOurs));
    // A name that no user has is not asked for: the key is.
    let mut event = read("update-access-key-active");
    event["detail"]["requestParameters"]["userName"] = "<b>".into();
    let Screen::Look { targets, .. } = screen(&event) else { panic!() };
    assert_eq!(targets[0].user, None);
}

/// Each field of each example dropped, nulled or replaced by nonsense: nobody panics, and no other key is named.
#[test]
fn a_broken_event_leads_nowhere_else() {
    fn paths(value: &Value, at: &str, into: &mut Vec<String>) {
        if let Value::Object(fields) = value {
            for (name, field) in fields {
                let path = format!("{at}/{name}");
                paths(field, &path, into);
                into.push(path);
            }
        }
    }
    for example in ["update-access-key-active", "delete-access-key"] {
        let whole = read(example);
        let mut all = Vec::new();
        paths(&whole, "", &mut all);
        for path in all {
            for instead in [Value::Null, json!(7), json!({"a": []}), json!("x".repeat(5000))] {
                let mut event = whole.clone();
                *event.pointer_mut(&path).unwrap() = instead;
                if let Screen::Look { targets, .. } = screen(&event) {
                    assert!(targets.iter().all(|target| target.key == key()), "{path}");
                }
            }
        }
    }
}

fn facts() -> impl Strategy<Value = Facts> {
    let user = prop::option::of(prop::sample::select(vec!["ci", "a+b@example.com"]));
    let status = prop::sample::select(vec![Status::Active, Status::Inactive]);
    let owner = prop_oneof![
        6 => (user, status).prop_map(|(user, status)| owned(user, status)),
        1 => Just(refused()),
        1 => Just(Fact::NotRead),
    ];
    (owner, prop::option::of(Just(found())), any::<bool>()).prop_map(|(owner, exposed, own_account)| Facts {
        owner,
        exposed,
        own_account,
        ..leaked()
    })
}

proptest! {
    #[test]
    fn the_laws_hold(facts in facts(), own_account: bool, correct in laws::selection::<AccessKey>()) {
        let rules = Rules { own_account };
        laws::hold::<AccessKey>(&facts, &rules, &correct)?;
        laws::ignorance_is_never_silence::<AccessKey>(&facts, &rules, &[])?;
    }
}

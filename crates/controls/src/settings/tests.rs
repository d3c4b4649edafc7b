use super::*;
use crate::{Arn, Coverage, Fact, Guidance, OptionSpec, Place, Region, Severity, Subject, exemption::matches};
use jiff::Timestamp;

const GUIDANCE: Guidance = Guidance { why: "", terraform: "", cloudformation: "", cdk: "" };

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
        options: &[OptionSpec { name: "ports-allowed", default: "[]", doc: "" }],
    }
}

static OPEN: Control = control("bucket-open", Action::Correct);
static LOGS: Control = control("bucket-logs", Action::Guarded);
static SHARED: Control = control("bucket-shared", Action::Notify);

const FILE: &str = r#"
[trust]
organization = "o-a1b2c3d4e5"
accounts = ["999999999999"]

[[environment]]
name = "production"
accounts = ["111111111111"]
mode = "corrective"

[[environment]]
name = "development"
default = true
mode = "detective"

[control.bucket-logs]
production = "corrective"
ports-allowed = [80]

[control.bucket-shared]
mode = "corrective"

[limits]
corrections-per-hour = 5

[messages]
reminder = "2h"

[[exemption]]
control = "bucket-open"
resource = "arn:aws:s3:::www-*"
owner = "web@example.com"
reason = "public web site"
ticket = "SEC-1"
expires = 2027-06-30
"#;

fn parse(text: &str) -> Result<Settings, SettingsError> {
    Settings::parse(text, &[&OPEN, &LOGS, &SHARED])
}

#[track_caller]
fn refused(text: &str, line: usize, says: &str) {
    let error = parse(text).unwrap_err();
    assert!(error.what.contains(says), "expected `{says}` in `{error}`");
    assert_eq!(error.line, line, "{error}");
}

fn account(id: &str) -> AccountId {
    AccountId::new(id).unwrap()
}

fn environment<'a>(settings: &'a Settings, id: &str) -> &'a Environment {
    match settings.environment(&account(id), None) {
        Membership::In(environment) => environment,
        Membership::Unknown { hangs_on, .. } => panic!("hangs on {hangs_on:?}"),
    }
}

#[test]
fn an_account_has_the_environment_that_names_it_or_the_default() {
    let settings = parse(FILE).unwrap();
    assert_eq!(environment(&settings, "111111111111").name, "production");
    assert_eq!(environment(&settings, "222222222222").name, "development");
}

#[test]
fn modes_follow_the_environment_the_control_and_the_name() {
    let settings = parse(FILE).unwrap();
    let production = environment(&settings, "111111111111");
    let development = environment(&settings, "222222222222");
    assert_eq!(settings.mode(&OPEN, production), Mode::Corrective);
    assert_eq!(settings.mode(&OPEN, development), Mode::Detective);
    assert_eq!(settings.mode(&LOGS, production), Mode::Corrective, "switched on by name");
    assert_eq!(settings.mode(&LOGS, development), Mode::Detective);
    assert_eq!(settings.mode(&SHARED, production), Mode::Detective, "nothing safe to do, whatever the settings say");
    let plain = parse("[[environment]]\nname='p'\nmode='corrective'\ndefault=true").unwrap();
    assert_eq!(plain.mode(&LOGS, &plain.environments[0]), Mode::Detective, "guarded until named");
    assert_eq!(settings.option("bucket-logs", "ports-allowed"), Some(toml::Value::Array(vec![80.into()])));
    assert_eq!(settings.limits.corrections_per_hour, 5);
    assert_eq!(settings.messages.reminder, SignedDuration::from_hours(2));
}

#[test]
fn an_exemption_covers_its_pattern_until_the_end_of_its_last_day() {
    let settings = parse(FILE).unwrap();
    let place = Place { account: account("111111111111"), region: Region::new("eu-central-1").unwrap() };
    let site = Arn::from_parts("arn:aws:s3:::www-example".to_owned());
    let data = Arn::from_parts("arn:aws:s3:::data".to_owned());
    let at = |text: &str| text.parse::<Timestamp>().unwrap();
    let covered = |control: &Control, arn: &Arn, now: &str| {
        let subject = Subject { arn, place: &place, account: None, tags: &Fact::NotRead };
        settings.exemptions[0].covers(control.id, &subject, at(now)) == Coverage::Yes
    };
    assert!(covered(&OPEN, &site, "2027-06-30T23:59:59Z"));
    assert!(!covered(&OPEN, &site, "2027-07-01T00:00:00Z"));
    assert!(!covered(&OPEN, &data, "2027-01-01T00:00:00Z"));
    assert!(!covered(&LOGS, &site, "2027-01-01T00:00:00Z"));
}

#[test]
fn patterns_match_whole_names() {
    for (pattern, text, expected) in [
        ("abc", "abc", true),
        ("abc", "abcd", false),
        ("a*c", "abbc", true),
        ("a*c", "ac", true),
        ("a*c", "acd", false),
        ("*", "", true),
        ("a*b*a", "aba", true),
        ("a*a", "a", false),
        ("*-logs", "x-logs-logs", true),
        ("", "", true),
        ("", "x", false),
    ] {
        assert_eq!(matches(pattern, text), expected, "{pattern} against {text}");
    }
}

#[test]
fn mistakes_are_named_with_their_line_and_what_was_meant() {
    let environment = "[[environment]]\nname = 'p'\nmode = 'corrective'\ndefault = true\n";
    refused("", 1, "no environment has `default = true`");
    refused("[[environment]]\nname = 'p'\nmode = 'correctve'\ndefault = true", 3, "did you mean `corrective`?");
    refused("[[environment]]\nname = 'p'\ndefault = true", 1, "`mode` is missing");
    refused(&format!("{environment}[control.bucket-opne]\nmode = 'off'"), 5, "did you mean `bucket-open`?");
    refused(&format!("{environment}[control.bucket-open]\nprodction = 'off'"), 6, "there is no such setting");
    refused(&format!("{environment}[limit]\ncorrections-per-hour = 3"), 5, "did you mean `limits`?");
    refused(&format!("{environment}[limits]\ncorrections-per-hour = -3"), 6, "whole number");
    refused(&format!("{environment}[messages]\nreminder = 'soon'"), 6, "not a duration");
    refused(&format!("{environment}[trust]\naccounts = ['12']"), 6, "twelve-digit");
    refused(&format!("{environment}{environment}"), 1, "two environments");
    refused(
        &format!(
            "{environment}[[exemption]]\ncontrol = 'bucket-open'\nresource = '*'\nowner = 'a'\nreason = 'b'\nticket = 'T-1'"
        ),
        5,
        "needs `expires`",
    );
    refused(
        &format!(
            "{environment}[[exemption]]\ncontrol = 'nope'\nresource = '*'\nowner = 'a'\nreason = 'b'\nticket = 'T-1'\nexpires = 2027-01-01"
        ),
        6,
        "no control `nope`",
    );
    refused("a = = b", 1, "");
}

mod messages;

use super::*;
use crate::{Arn, Coverage, Fact, Guidance, OptionSpec, Place, Region, Severity, Subject, exemption::matches};
use jiff::Timestamp;

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

/// A canary: one organisational unit first, everybody else is told.
const CANARY: &str = r#"[[environment]]
name = "named"
accounts = ["111111111111"]
mode = "off"

[[environment]]
name = "canary"
organizational-units = ["ou-ab12-11111111", "r-zz99"]
account-tags = { stage = "canary", team = "web" }
mode = "detective"

[[environment]]
name = "late"
accounts = ["222222222222"]
mode = "shadow"

[[environment]]
name = "everybody"
default = true
mode = "detective"

[control.bucket-open]
canary = "corrective"
grace = "2m"

[control.bucket-logs]
mode = "shadow"
canary = "corrective"
late = "off"

[control.bucket-shared]
canary = "corrective"

[limits]
corrections-per-hour-everywhere = 50
reversals = 1

reversal-window = "90m"
[organization]
max-age = "2d"
[exemptions]
warning = "3d"
resource-tag-alone = true
"#;

fn facts(path: &[&str], tags: &[(&str, &str)]) -> AccountFacts {
    AccountFacts {
        name: None,
        path: path.iter().map(|id| (*id).to_owned()).collect(),
        tags: tags.iter().map(|(key, value)| ((*key).to_owned(), (*value).to_owned())).collect(),
        read_at: Timestamp::UNIX_EPOCH,
    }
}

#[test]
fn every_key_is_read() {
    let settings = parse(CANARY).unwrap();
    let limits = Limits {
        corrections_per_hour: 20,
        corrections_per_hour_everywhere: 50,
        reversals: 1,
        reversal_window: SignedDuration::from_mins(90),
    };
    assert_eq!(settings.limits, limits);
    assert_eq!(settings.organization_max_age, SignedDuration::from_hours(48));
    assert_eq!(settings.exemption_warning, SignedDuration::from_hours(72));
    assert!(settings.resource_tag_alone);
    assert_eq!(settings.grace(&OPEN), Some(SignedDuration::from_mins(2)));
    assert_eq!(settings.grace(&LOGS), None);
    let canary = &settings.environments[1];
    assert_eq!(canary.organizational_units, ["ou-ab12-11111111", "r-zz99"]);
    assert_eq!(canary.account_tags.len(), 2);

    let scoped = format!(
        "{PLAIN}[[exemption]]\ncontrol = '*'\nresource = 'arn:aws:s3:::www-*'\naccount = '111111111111'\n\
         organizational-unit = 'ou-ab12-11111111'\nregion = 'eu-central-1'\ntags = {{ site = 'public' }}\n\
         owner = 'web'\nreason = 'site'\nticket = 'T-1'\nexpires = '2027-06-30'"
    );
    let exemption = parse(&scoped).unwrap().exemptions.remove(0);
    let expected = Exemption {
        origin: crate::Origin::Line(6),
        control: "*".to_owned(),
        resource: "arn:aws:s3:::www-*".to_owned(),
        account: Some(account("111111111111")),
        organizational_unit: Some("ou-ab12-11111111".to_owned()),
        region: Some(Region::new("eu-central-1").unwrap()),
        tags: [("site".to_owned(), "public".to_owned())].into(),
        owner: "web".to_owned(),
        reason: "site".to_owned(),
        ticket: "T-1".to_owned(),
        until: "2027-07-01T00:00:00Z".parse().unwrap(),
    };
    assert_eq!(exemption, expected);
}

#[test]
fn what_is_not_set_has_its_default() {
    let settings = parse(PLAIN).unwrap();
    assert_eq!(settings.limits, Limits::default());
    assert_eq!(
        Limits::default(),
        Limits {
            corrections_per_hour: 20,
            corrections_per_hour_everywhere: 200,
            reversals: 3,
            reversal_window: SignedDuration::from_hours(1)
        }
    );
    assert!(!settings.resource_tag_alone, "whoever opens a bucket can tag it");
    assert_eq!(settings.exemption_warning, SignedDuration::from_hours(7 * 24));
    assert_eq!(settings.organization_max_age, SignedDuration::from_hours(7 * 24));
    assert_eq!(settings.grace(&OPEN), None);
    assert_eq!(settings.messages.reminder, SignedDuration::from_hours(24));
}

#[test]
fn an_account_is_found_by_its_id_its_unit_or_all_of_its_tags_in_file_order() {
    let settings = parse(CANARY).unwrap();
    let (one, two, other) = ("111111111111", "222222222222", "333333333333");
    let in_unit = facts(&["r-ab12", "ou-ab12-11111111"], &[]);
    let below = facts(&["r-ab12", "ou-ab12-11111111", "ou-ab12-99999999"], &[]);
    let root = facts(&["r-zz99"], &[]);
    let elsewhere = facts(&["r-ab12", "ou-ab12-22222222"], &[("team", "web")]);
    let tagged = facts(&[], &[("team", "web"), ("stage", "canary"), ("cost", "1")]);
    let wrong_case = facts(&[], &[("team", "Web"), ("stage", "canary")]);
    for (id, facts, expected) in [
        (one, Some(&in_unit), "named"),
        (one, None, "named"),
        (two, Some(&in_unit), "canary"),
        (two, Some(&elsewhere), "late"),
        (other, Some(&in_unit), "canary"),
        (other, Some(&below), "canary"),
        (other, Some(&root), "canary"),
        (other, Some(&tagged), "canary"),
        (other, Some(&elsewhere), "everybody"),
        (other, Some(&wrong_case), "everybody"),
        (other, None, "unknown"),
        (two, None, "unknown"),
    ] {
        let (name, hangs_on) = match settings.environment(&account(id), facts) {
            Membership::In(environment) => (&*environment.name, None),
            Membership::Unknown { hangs_on, meanwhile } => (&*meanwhile.name, Some(&*hangs_on.name)),
        };
        assert_eq!(name, expected, "{id} with {facts:?}");
        assert_eq!(hangs_on, (expected == "unknown").then_some("canary"));
        let hangs = settings.hangs_on_organization(&account(id));
        assert_eq!(hangs, id != one, "{id}: what an earlier environment names by id needs no organisation");
    }
    assert!(!parse(FILE).unwrap().hangs_on_organization(&account(other)));
}

#[test]
fn a_canary_is_one_line() {
    let settings = parse(CANARY).unwrap();
    let mode = |control: &Control, name: &str| {
        let environment = settings.environments.iter().find(|environment| environment.name == name).unwrap();
        settings.mode(control, environment)
    };
    assert_eq!(mode(&OPEN, "canary"), Mode::Corrective);
    assert_eq!(mode(&OPEN, "everybody"), Mode::Detective);
    assert_eq!(mode(&OPEN, "late"), Mode::Shadow);
    assert_eq!(mode(&OPEN, "named"), Mode::Off);
    assert_eq!(mode(&LOGS, "canary"), Mode::Corrective, "a guarded control, switched on by name");
    assert_eq!(mode(&LOGS, "everybody"), Mode::Shadow, "`mode` holds wherever no name does");
    assert_eq!(mode(&LOGS, "late"), Mode::Off);
    assert_eq!(mode(&SHARED, "canary"), Mode::Detective, "there is nothing safe to do");
}

/// What cannot be told is as loud as the loudest environment that it might be. That it is never changed is up to `decide`.
#[test]
fn ignorance_silences_nothing() {
    let meanwhile = |text: &str, control: &Control| {
        let settings = parse(text).unwrap();
        match settings.environment(&account("333333333333"), None) {
            Membership::Unknown { meanwhile, .. } => settings.mode(control, meanwhile),
            Membership::In(environment) => panic!("in {environment:?}"),
        }
    };
    let two = |canary: &str, rest: &str, controls: &str| {
        format!(
            "[[environment]]\nname = 'canary'\norganizational-units = ['ou-ab12-11111111']\nmode = '{canary}'\n\
             [[environment]]\nname = 'rest'\nmode = '{rest}'\ndefault = true\n{controls}"
        )
    };
    for (canary, rest, controls, control, expected) in [
        ("corrective", "detective", "", &OPEN, Mode::Corrective),
        ("corrective", "off", "", &OPEN, Mode::Corrective),
        ("off", "corrective", "", &OPEN, Mode::Corrective),
        ("off", "off", "", &OPEN, Mode::Off),
        ("off", "shadow", "", &OPEN, Mode::Shadow),
        ("corrective", "off", "", &LOGS, Mode::Detective),
        ("corrective", "off", "", &SHARED, Mode::Detective),
        // A control that is raised by name in one environment while the environments themselves are silent.
        ("off", "off", "[control.bucket-open]\ncanary = 'corrective'", &OPEN, Mode::Corrective),
        ("shadow", "shadow", "[control.bucket-open]\ncanary = 'detective'", &OPEN, Mode::Detective),
        ("shadow", "off", "[control.bucket-logs]\nrest = 'corrective'", &LOGS, Mode::Corrective),
        // … and one that is lowered by name in one of them.
        ("corrective", "corrective", "[control.bucket-open]\ncanary = 'off'", &OPEN, Mode::Corrective),
        ("corrective", "corrective", "[control.bucket-open]\nmode = 'off'", &OPEN, Mode::Off),
        ("corrective", "detective", "[control.bucket-open]\nmode = 'off'\nrest = 'detective'", &OPEN, Mode::Detective),
    ] {
        assert_eq!(
            meanwhile(&two(canary, rest, controls), control),
            expected,
            "{canary}, {rest}, {controls}, {}",
            control.id
        );
    }
}

#[test]
fn an_environment_called_unknown_is_an_environment() {
    let text = "[[environment]]\nname = 'unknown'\naccounts = ['111111111111']\nmode = 'off'\n\
                [[environment]]\nname = 'rest'\nmode = 'corrective'\ndefault = true\n[control.bucket-open]\nunknown = 'shadow'";
    let settings = parse(text).unwrap();
    assert_eq!(settings.mode(&OPEN, environment(&settings, "111111111111")), Mode::Shadow);
}

#[test]
fn every_answer_has_its_line() {
    let settings = parse(CANARY).unwrap();
    let from = |control: &Control, index: usize| settings.mode_explained(control, &settings.environments[index]).from;
    assert_eq!(from(&OPEN, 1), "line 23: [control.bucket-open] canary");
    assert_eq!(from(&OPEN, 3), "line 20: [[environment]] everybody");
    assert_eq!(from(&LOGS, 3), "line 27: [control.bucket-logs] mode");
    assert_eq!(from(&LOGS, 2), "line 29: [control.bucket-logs] late");
    assert_eq!(from(&SHARED, 1), "line 32: [control.bucket-shared] canary, and the control has no safe change");
    assert_eq!(from(&SHARED, 0), "line 4: [[environment]] named");
    let plain = parse(PLAIN).unwrap();
    let guarded = "line 3: [[environment]] p, and a guarded control is only told until it is switched on by name";
    assert_eq!(plain.mode_explained(&LOGS, &plain.environments[0]).from, guarded);
    assert!(plain.mode_explained(&SHARED, &plain.environments[0]).from.ends_with("and the control has no safe change"));
    let Membership::Unknown { meanwhile, .. } = settings.environment(&account("333333333333"), None) else {
        panic!("the account's place should be unknown")
    };
    for control in [&OPEN, &LOGS, &SHARED] {
        let told = settings.mode_explained(control, meanwhile);
        assert_eq!(told.from, "the most that any environment allows, because the account's own cannot be told");
        assert_eq!(told.value, settings.mode(control, meanwhile));
    }

    let grace = settings.grace_explained(&OPEN).unwrap();
    assert_eq!((grace.value, &*grace.from), (SignedDuration::from_mins(2), "line 24: [control.bucket-open] grace"));
    assert_eq!(settings.grace_explained(&LOGS), None);
    for (key, expected) in [
        ("corrections-per-hour", "the default"),
        ("corrections-per-hour-everywhere", "line 35: [limits] corrections-per-hour-everywhere"),
        ("reversals", "line 36: [limits] reversals"),
        ("reversal-window", "line 38: [limits] reversal-window"),
    ] {
        assert_eq!(settings.limit_source(key), expected);
    }
    assert_eq!(settings.environments[1].source(), "line 10: [[environment]] canary");
}

#[test]
fn the_fallback_tells_everything_and_changes_nothing() {
    let fallback = Settings::fallback();
    let environment = environment(&fallback, "111111111111");
    for control in [&OPEN, &LOGS, &SHARED] {
        assert_eq!(fallback.mode(control, environment), Mode::Detective, "{}", control.id);
    }
    assert!(fallback.exemptions.is_empty() && !fallback.resource_tag_alone);
    assert_eq!(environment.source(), "the fallback, because nothing better is known");
}

/// Corrective everywhere, on four lines.
const PLAIN: &str = "[[environment]]\nname = 'p'\nmode = 'corrective'\ndefault = true\n";

#[test]
fn mistakes_in_environments_are_named() {
    let environment = |line: &str| format!("{PLAIN}{line}\n");
    for (line, says) in [
        ("organizational-units = 'ou-ab12-11111111'", "[environment] `organizational-units`: expected a list of texts"),
        ("organizational-units = [12]", "expected a list of texts"),
        ("organizational-units = ['production']", "`production` is not the id of an organisational unit"),
        ("organizational-units = ['ou-ab12']", "`ou-ab12` is not the id"),
        ("organizational-units = ['ou-ab12-1111111']", "is not the id"),
        ("organizational-units = ['OU-ab12-11111111']", "is not the id"),
        ("organizational-units = ['ou-AB12-11111111']", "is not the id"),
        ("organizational-units = ['r-ab12', 'r-ab1']", "`r-ab1` is not the id"),
        ("organizational-units = ['ou-ab12-11111111 ']", "is not the id"),
        ("organizational-units = ['']", "`` is not the id"),
        ("organisational-units = ['ou-ab12-11111111']", "did you mean `organizational-units`?"),
        ("organizational-unit = ['ou-ab12-11111111']", "did you mean `organizational-units`?"),
        ("account-tags = ['a']", "[environment] `account-tags`: expected tags such as"),
        ("account-tags = 'environment=production'", "expected tags such as"),
        ("account-tags = { a = 1 }", "expected tags such as"),
        ("account-tag = { a = '1' }", "did you mean `account-tags`?"),
        ("accounts = [111111111111]", "expected a list of account ids in quotes"),
    ] {
        refused(&environment(line), 5, says);
    }
    for name in ["mode", "grace", "ports-allowed"] {
        let text = format!("[[environment]]\nname = '{name}'\nmode = 'off'\ndefault = true");
        refused(&text, 1, &format!("`{name}` is a reserved word"));
    }
}

#[test]
fn mistakes_in_control_tables_are_named() {
    for (line, says) in [
        ("grace = '24h1s'", "[control.bucket-open] `grace`: at most 24 hours"),
        ("grace = '2d'", "at most 24 hours"),
        ("grace = '-2m'", "`-2m` is not a duration"),
        ("grace = '2m ago'", "is not a duration"),
        ("grace = '0s'", "is not a duration"),
        ("grace = '1 month'", "is not a duration"),
        ("grace = ''", "is not a duration"),
        ("grace = 120", "expected text in quotes"),
        ("grase = '2m'", "did you mean `grace`?"),
        ("p = 'Corrective'", "did you mean `corrective`?"),
        ("p = true", "expected text in quotes"),
    ] {
        refused(&format!("{PLAIN}[control.bucket-open]\n{line}"), 6, says);
    }
    for (grace, expected) in [("24h", 24 * 60), ("1d", 24 * 60), ("1h 30m", 90), ("2 minutes", 2)] {
        let settings = parse(&format!("{PLAIN}[control.bucket-open]\ngrace = '{grace}'")).unwrap();
        assert_eq!(settings.grace(&OPEN), Some(SignedDuration::from_mins(expected)), "{grace}");
    }
}

#[test]
fn mistakes_in_single_values_are_named() {
    for (table, line, says) in [
        ("limits", "reversals = 0", "[limits] `reversals`: expected a whole number from 1 on"),
        ("limits", "reversals = -1", "from 1 on"),
        ("limits", "reversals = '3'", "from 1 on"),
        ("limits", "reversals = 3.5", "from 1 on"),
        ("limits", "reversals = 4294967296", "from 1 on"),
        ("limits", "corrections-per-hour-everywhere = -1", "from 0 on"),
        ("limits", "corrections-per-hour-everwhere = 1", "did you mean `corrections-per-hour-everywhere`?"),
        ("limits", "reversal = 3", "did you mean `reversals`?"),
        ("limits", "reversal-window = '-1h'", "is not a duration"),
        ("limits", "reversal-window = 60", "expected text in quotes"),
        ("exemptions", "resource-tag-alone = 'yes'", "expected true or false"),
        ("exemptions", "resource-tags-alone = true", "did you mean `resource-tag-alone`?"),
        ("exemptions", "tags = true", "expected one of resource-tag-alone, warning"),
        ("exemptions", "warning = '0h'", "is not a duration"),
        ("organization", "max-age = 'soon'", "is not a duration"),
        ("organization", "maxage = '7d'", "did you mean `max-age`?"),
    ] {
        refused(&format!("{PLAIN}[{table}]\n{line}"), 6, says);
    }
    refused(&format!("{PLAIN}[[limits]]\nreversals = 3"), 5, "expected a table: write `[limits]`");
    refused(&format!("{PLAIN}[[exemptions]]\ncontrol = '*'"), 5, "an exemption is written under `[[exemption]]`");
    refused(&format!("{PLAIN}[organisation]\nmax-age = '7d'"), 5, "did you mean `organization`?");
    let zero =
        parse(&format!("{PLAIN}[limits]\ncorrections-per-hour = 0\ncorrections-per-hour-everywhere = 0")).unwrap();
    assert_eq!((zero.limits.corrections_per_hour, zero.limits.corrections_per_hour_everywhere), (0, 0));
    let account = parse(&format!("{PLAIN}[limits]\ncorrections-per-hour = 300")).unwrap();
    assert_eq!(account.limits.corrections_per_hour_everywhere, 3000, "an account's limit alone is never cut short");
}

/// The exemption `lines`, one key each, over one that is right; `None` leaves a key out.
fn exemption(changes: &[(&str, Option<&str>)], before: &str) -> String {
    let mut lines = vec![
        ("control", "'bucket-open'"),
        ("resource", "'arn:aws:s3:::www'"),
        ("owner", "'web'"),
        ("reason", "'site'"),
        ("ticket", "'T-1'"),
        ("expires", "2027-06-30"),
    ];
    for (key, value) in changes {
        lines.retain(|(known, _)| known != key);
        lines.extend(value.map(|value| (*key, value)));
    }
    let lines: Vec<String> = lines.iter().map(|(key, value)| format!("{key} = {value}")).collect();
    format!("{PLAIN}{before}[[exemption]]\n{}\n", lines.join("\n"))
}

#[test]
fn mistakes_in_exemptions_are_named() {
    parse(&exemption(&[], "")).unwrap();
    for key in ["control", "resource", "owner", "reason", "ticket"] {
        refused(&exemption(&[(key, None)], ""), 5, &format!("[exemption]: `{key}` is missing"));
        refused(&exemption(&[(key, Some("' '"))], ""), 11, "must not be empty");
        refused(&exemption(&[(key, Some("1"))], ""), 11, "expected text in quotes");
    }
    refused(&exemption(&[("expires", None)], ""), 5, "needs `expires`");
    for (key, value, says) in [
        ("expires", "'2027-13-01'", "is not a date"),
        ("expires", "'30 June 2027'", "is not a date"),
        ("expires", "2027", "expected a date"),
        ("expires", "2027-06-30T12:00:00", "`2027-06-30T12:00:00` is not a date"),
        ("expires", "2027-06-30T12:00:00Z", "is not a date"),
        ("expires", "2027-06-30T12:00:00+02:00", "is not a date"),
        ("expires", "12:00:00", "is not a date"),
        ("expires", "''", "is not a date"),
        ("control", "'bucket-opne'", "did you mean `bucket-open`?"),
        ("resource", "'www'", "`www` is not an ARN such as"),
        ("account", "'12'", "twelve-digit"),
        ("account", "111111111111", "expected text in quotes"),
        ("organizational-unit", "'production'", "`production` is not the id of an organisational unit"),
        ("organizational-unit", "['ou-ab12-11111111']", "expected text in quotes"),
        ("organizational-units", "['ou-ab12-11111111']", "did you mean `organizational-unit`?"),
        ("region", "'EU'", "region code"),
        ("tags", "'public'", "expected tags such as"),
        ("tags", "{ public = true }", "expected tags such as"),
        ("tag", "{ public = 'yes' }", "did you mean `tags`?"),
        ("until", "2027-06-30", "there is no such setting"),
    ] {
        refused(
            &exemption(&[(key, Some(value))], ""),
            11 + usize::from(!matches!(key, "expires" | "control" | "resource")),
            says,
        );
    }
}

#[test]
fn a_tag_alone_exempts_only_where_it_is_allowed() {
    for pattern in ["'*'", "'arn:aws:s3:::*'", "'arn:aws:s3:*:*:accesspoint/*'"] {
        let alone = [("resource", Some(pattern)), ("tags", Some("{ public = 'yes' }"))];
        refused(&exemption(&alone, ""), 12, "[exemption] `tags`: whoever can change a resource can tag it");
        refused(&exemption(&alone, "[exemptions]\nresource-tag-alone = false\n"), 14, "resource-tag-alone = true");
        let allowed = parse(&exemption(&alone, "[exemptions]\nresource-tag-alone = true\n")).unwrap();
        assert!(allowed.exemptions[0].is_by_tag_alone());
    }
    let named = [("resource", Some("'arn:aws:s3:::www-*'")), ("tags", Some("{ public = 'yes' }"))];
    assert!(!parse(&exemption(&named, "")).unwrap().exemptions[0].is_by_tag_alone());
}

#[test]
fn what_is_shipped_is_understood() {
    let path = concat!(env!("CARGO_MANIFEST_DIR"), "/../../settings/settings.toml");
    let text = std::fs::read_to_string(path).unwrap();
    let controls: Vec<&'static Control> = crate::every_control().collect();
    let shipped = Settings::parse(&text, &controls).unwrap();
    let production = environment(&shipped, "123456789012");
    assert_eq!((&*production.name, production.mode), ("production", Mode::Corrective));
    let rest = environment(&shipped, "111111111111");
    assert_eq!((&*rest.name, rest.mode), ("development", Mode::Detective));
    assert!(shipped.exemptions.is_empty() && !shipped.resource_tag_alone);
    assert_eq!(shipped.limits.reversals, Limits::default().reversals);
    assert!(shipped.limits.corrections_per_hour_everywhere >= shipped.limits.corrections_per_hour);
    assert!(controls.iter().all(|control| shipped.grace(control).is_none()));
    assert_eq!(shipped.messages, Messages::default());
    assert_eq!(shipped.channels, [Channel::everything()]);
    assert!(shipped.digests.is_empty());

    // Every example in a comment is right too: a line that reads `# key = value` or `# [table]` is one.
    let key = |line: &str| {
        let word = line.split(['=', '.', ']']).next().unwrap_or_default();
        line.starts_with('[')
            || (line.contains(" = ") && word.trim().bytes().all(|b| b.is_ascii_lowercase() || b == b'-'))
    };
    let live: String = text
        .lines()
        .map(|line| match line.strip_prefix("# ") {
            Some(example) if key(example) => format!("{example}\n"),
            _ => format!("{line}\n"),
        })
        .collect();
    let all = Settings::parse(&live, &controls).unwrap_or_else(|error| panic!("{error} in\n{live}"));
    let names: Vec<&str> = all.environments.iter().map(|environment| &*environment.name).collect();
    assert_eq!(names, ["production", "canary", "development"]);
    assert!(!all.environments[1].organizational_units.is_empty() && !all.environments[1].account_tags.is_empty());
    assert!(controls.iter().any(|control| all.grace(control).is_some()));
    let [narrow] = &*all.exemptions else { panic!("one example of an exemption") };
    assert!(narrow.account.is_some() && narrow.region.is_some() && narrow.organizational_unit.is_some());
    assert!(!narrow.tags.is_empty());
    let words: Vec<&str> = all.channels.iter().map(|channel| channel.way.word()).collect();
    assert_eq!(words, ["sns", "slack", "chat", "security-hub", "ocsf"], "one example of each type");
    assert_eq!(all.digests.len(), 2);
    assert!(
        all.limit_source("reversals").starts_with("line ") && all.limit_source("reversal-window").starts_with("line ")
    );
}

//! Whole messages: as people and machines get them, friendly and hostile.

#![expect(clippy::unwrap_used, reason = "helpers of tests")]

mod hostile;

use std::{collections::BTreeMap, time::Duration};

use hostile::everywhere;
use proptest::prelude::*;
use rectify_controls::{
    AccountId, Action, Arn, Control, Evidence, Framework, Guidance, Kind, Mode, Place, Region, Settings, Severity,
    State, s3_bucket::S3Bucket,
};
use rectify_render::{Difference, Message, Notice, Undone, Who, escape};

static CONTROL: Control = Control {
    id: "s3-bucket-public-acl",
    title: "Bucket ACL grants access to everyone",
    severity: Severity::Critical,
    action: Action::Correct,
    breach: "A grant to AllUsers or AuthenticatedUsers.",
    correction: "Sets the block flags, then removes the grants.",
    disruption: "Anonymous readers lose access.",
    guidance: Guidance {
        why: "Anybody on the internet can list this bucket, and what is in it leaks without a trace.\nServe public files through CloudFront instead.",
        console: "",
        cli: "",
        terraform: "resource \"aws_s3_bucket_public_access_block\" \"this\" {\n\tbucket            = aws_s3_bucket.this.id\n\tblock_public_acls = true\n}\n",
        cloudformation: "Type: AWS::S3::Bucket\n",
        cdk: "blockPublicAccess: BlockPublicAccess.BLOCK_ALL,\n",
    },
    frameworks: &[Framework { name: "Security Hub", ids: "S3.2, S3.3" }],
    options: &[],
};

const TERRAFORM: &str = "APN/1.0 HashiCorp/1.0 Terraform/1.11.0 (+https://www.terraform.io) terraform-provider-aws/5.98.0 (+https://registry.terraform.io/providers/hashicorp/aws) aws-sdk-go-v2/1.36.3";

struct Case {
    state: State,
    evidence: Vec<Evidence>,
    arn: Arn,
    place: Place,
}

fn case(name: &str) -> Case {
    Case {
        state: State::Live,
        evidence: vec![Evidence::new("grant", "READ to http://acs.amazonaws.com/groups/global/AllUsers")],
        arn: Arn::from_parts(format!("arn:aws:s3:::{name}")),
        place: Place { account: AccountId::new("123456789012").unwrap(), region: Region::new("eu-central-1").unwrap() },
    }
}

fn corrected(case: &Case) -> Notice<'_> {
    Notice {
        id: "m-0123456789abcdef0123",
        finding: "f-0123456789abcdef0123",
        at: "2026-11-23T10:15:32Z",
        closes: false,
        outcome: "corrected",
        control: &CONTROL,
        severity: Severity::Critical,
        state: &case.state,
        summary: "the ACL of bucket `quarterly-reports` lets everyone list it",
        evidence: &case.evidence,
        arn: &case.arn,
        place: &case.place,
        account_name: Some("Reports"),
        owner: Some("web-team"),
        environment: "production",
        environment_read: Some("2026-11-23T05:00:00Z, 2h ago"),
        mode: Mode::Corrective,
        actor: Who {
            principal: Some("arn:aws:iam::123456789012:role/deploy"),
            session: Some("jane.doe@example.com"),
            source_ip: Some("203.0.113.7"),
            user_agent: Some(TERRAFORM),
            tool: Some("Terraform 1.11.0"),
            tool_class: Some("terraform"),
            invoked_by: None,
            chain: vec!["GitHub Actions (OIDC)", "role deploy in 123456789012", "session jane.doe@example.com"],
            event_name: Some("PutBucketAcl"),
            event_id: Some("00000000-1111-2222-3333-444444444444"),
            event_time: Some("2026-11-23T10:15:30Z"),
        },
        changes: vec![
            "set the bucket's public access block to all four flags".to_owned(),
            "set the ACL to 1 grants".to_owned(),
        ],
        difference: None,
        proof: Some("read again, the ACL grants only the owner and all four block flags are on"),
        took: Some(Duration::from_millis(1_430)),
        correction: Some("c-01m83n8fx16ssvfw8g"),
        undone: None,
        why: None,
        next: None,
        paused: None,
        repeats: 0,
        alarm: false,
    }
}

/// Subject, body and terminal lines, one below the other.
fn shown(notice: &Notice<'_>) -> String {
    let message = Message::new(notice);
    let terminal: String = message.terminal().iter().map(|line| format!("{line}\n")).collect();
    format!("{}\n{}\n{}\n{}\n{terminal}", message.subject(), "=".repeat(99), message.text(), "=".repeat(99))
}

#[test]
fn a_corrected_breach_tells_everything() {
    insta::assert_snapshot!(shown(&corrected(&case("quarterly-reports"))));
}

#[test]
fn a_machine_reads_exact_values() {
    let case = case("quarterly-reports");
    let message = Message::new(&corrected(&case));
    let json: serde_json::Value = serde_json::from_str(&message.json()).unwrap();
    insta::with_settings!({sort_maps => true}, { insta::assert_json_snapshot!(json) });
    assert_eq!(Message::parse(&message.json()).unwrap(), message);
}

#[test]
fn a_told_breach_says_that_nothing_was_changed() {
    let case = case("quarterly-reports");
    let notice = Notice {
        id: "m-0123456789abcdef0123",
        finding: "f-0123456789abcdef0123",
        at: "2026-11-23T10:15:32Z",
        closes: false,
        outcome: "notified",
        mode: Mode::Detective,
        account_name: None,
        owner: Some("web-team"),
        environment: "development",
        environment_read: None,
        actor: Who { user_agent: Some("stratus-red-team_6a7ec681"), ..Who::default() },
        changes: Vec::new(),
        difference: None,
        proof: None,
        took: None,
        correction: None,
        repeats: 3,
        ..corrected(&case)
    };
    insta::assert_snapshot!(shown(&notice));
}

#[test]
fn a_neutralised_breach_names_what_neutralises_it() {
    let case =
        Case { state: State::Neutralised { by: "the account's public access block".to_owned() }, ..case("logs") };
    let notice = Notice {
        id: "m-0123456789abcdef0123",
        finding: "f-0123456789abcdef0123",
        at: "2026-11-23T10:15:32Z",
        closes: false,
        outcome: "notified",
        severity: Severity::Low,
        actor: Who::default(),
        changes: Vec::new(),
        difference: None,
        proof: None,
        took: None,
        correction: None,
        ..corrected(&case)
    };
    let message = Message::new(&notice);
    assert!(message.text().contains("It has no effect at the moment because of the account's public access block."));
    assert!(message.text().contains("Not known: found by a look at the resource"));
    assert!(!message.text().contains("ledger"), "nothing was changed, so nothing can be restored");
}

#[test]
fn each_outcome_has_its_own_words() {
    let case = case("logs");
    let heads: Vec<String> = [
        "corrected",
        "not_proven",
        "notified",
        "withheld",
        "failed",
        "unverifiable",
        "deferred",
        "shadowed",
        "restored",
        "not-restored",
        "expiring",
        "\u{1b}[2Jsomething new",
    ]
    .into_iter()
    .map(|outcome| {
        let alarm = matches!(outcome, "not_proven" | "not-restored");
        let message =
            Message::new(&Notice { outcome, alarm, why: Some("access denied (AccessDenied)."), ..corrected(&case) });
        format!("{}\n{}", message.subject(), message.text().lines().take(5).collect::<Vec<_>>().join("\n"))
    })
    .collect();
    insta::assert_snapshot!(heads.join("\n\n"));
}

const CORRECTION: &str = "c-01m83n8fx16ssvfw8g";
const UNDO: &str = "u-01m83q00000000000x";

/// The undo of [`corrected`].
fn restored(case: &Case) -> Notice<'_> {
    Notice {
        id: "m-0123456789abcdef0123",
        finding: "f-0123456789abcdef0123",
        at: "2026-11-23T10:15:32Z",
        closes: false,
        outcome: "restored",
        changes: vec!["set the ACL to 2 grants".to_owned(), "removed the bucket's public access block".to_owned()],
        difference: None,
        proof: Some("read again at 2026-11-23T11:00:01Z and as before the correction (look 1)"),
        correction: Some(UNDO),
        undone: Some(Undone {
            by: "arn:aws:iam::123456789012:role/alice",
            reason: "the reports are public on purpose",
            until: Some("2026-11-24T11:00:00Z"),
            correction: CORRECTION,
        }),
        ..corrected(case)
    }
}

#[test]
fn an_undone_correction_tells_who_why_and_until_when() {
    let case = case("quarterly-reports");
    insta::assert_snapshot!(shown(&restored(&case)));
    let json: serde_json::Value = serde_json::from_str(&Message::new(&restored(&case)).json()).unwrap();
    assert_eq!(
        json["undone"],
        serde_json::json!({
            "by": "arn:aws:iam::123456789012:role/alice",
            "reason": "the reports are public on purpose",
            "until": "2026-11-24T11:00:00Z",
            "correction": CORRECTION,
        })
    );
    let by_nobody_known = Message::new(&Notice { actor: Who::default(), ..restored(&case) }).text();
    assert!(!by_nobody_known.contains("found by a look"), "{by_nobody_known}");
}

/// Undoing an undo brings the correction back: nothing is held off, and undoing that one again is an undo like any other.
#[test]
fn an_undone_undo_is_a_correction_again() {
    let case = case("quarterly-reports");
    let again = Undone { by: "bob", reason: "not on purpose after all", until: None, correction: UNDO };
    let notice = Notice { correction: Some("u-01m83q11111111111z"), undone: Some(again), ..restored(&case) };
    let text = Message::new(&notice).text();
    assert!(text.contains("A person took the undo back: what the correction had made stands again"), "{text}");
    assert!(!text.contains("Held off") && !text.contains("brings the correction back"), "{text}");
    assert!(text.contains("u-01m83q11111111111z --reason \"why\"\n  restores exactly what stood before, and holds"));
}

#[test]
fn a_pause_stands_above_everything_else() {
    let case = case("logs");
    for (outcome, alarm) in [("withheld", true), ("notified", false), ("something new", false)] {
        let paused = Some("corrections are paused (all): maintenance, by alice");
        let message = Message::new(&Notice { outcome, alarm, paused, ..corrected(&case) });
        assert!(message.text().starts_with("Corrections are paused (all): maintenance, by alice.\n\n"));
        assert!(message.terminal()[1].to_string().contains("corrections are paused (all)"));
        assert!(message.json().contains(r#""paused":"corrections are paused (all): maintenance, by alice""#));
    }
    assert!(!Message::new(&corrected(&case)).text().contains("paused"));
}

#[test]
fn the_next_step_has_a_section_of_its_own() {
    let case = case("logs");
    let notice = Notice {
        id: "m-0123456789abcdef0123",
        finding: "f-0123456789abcdef0123",
        at: "2026-11-23T10:15:32Z",
        closes: false,
        outcome: "withheld",
        changes: Vec::new(),
        difference: None,
        proof: None,
        correction: None,
        why: Some("a tug of war: corrected 3 times within 1h"),
        next: Some("`rectify resume --control s3-bucket-public-acl` lets it correct again"),
        ..corrected(&case)
    };
    let message = Message::new(&notice);
    let text = message.text();
    let section =
        "\nWhat to do\n  `rectify resume --control s3-bucket-public-acl` lets it correct again.\n\nTo be exempted\n";
    assert!(text.contains(section), "{text}");
    assert!(message.terminal().iter().any(|line| line.to_string().starts_with("  to do: `rectify resume")));
}

#[test]
fn an_exemption_that_ends_soon_asks_for_a_decision() {
    let case = case("logs");
    let notice = Notice {
        id: "m-0123456789abcdef0123",
        finding: "f-0123456789abcdef0123",
        at: "2026-11-23T10:15:32Z",
        closes: false,
        outcome: "expiring",
        summary: "an exemption of this bucket ends on 2026-11-30",
        evidence: &[],
        actor: Who::default(),
        changes: Vec::new(),
        difference: None,
        proof: None,
        took: None,
        correction: None,
        why: Some("web-team@example.com: public web site (SEC-123), until 2026-11-30T00:00:00Z"),
        ..corrected(&case)
    };
    insta::assert_snapshot!(shown(&notice));
}

/// A command is only shown for an id that the ledger makes. Anything else is text from outside.
#[test]
fn only_an_id_of_the_ledger_becomes_a_command() {
    let case = case("logs");
    let text = |id| Message::new(&Notice { correction: Some(id), ..corrected(&case) }).text();
    let mail = text(CORRECTION);
    let command = "\n  rectify undo c-01m83n8fx16ssvfw8g --reason \"why\"\n  restores exactly what stood before, and holds this control off for 24 hours.\n";
    assert!(mail.contains(command), "{mail}");
    assert!(
        text(UNDO).contains("\n  rectify undo u-01m83q00000000000x --reason \"why\"\n  brings the correction back")
    );
    for id in [
        "c-01m83n8fx16ssvfw8",
        "c-01m83n8fx16ssvfw8gg",
        "C-01m83n8fx16ssvfw8g",
        "c-01M83N8FX16SSVFW8G",
        "c-01m83n8fx16ssvfw8u",
        "c-01m83n8fx16ssvf;rm",
        "d-01m83n8fx16ssvfw8g",
        "u-c-01m83n8fx16ssvfw",
        "c-01m83n8fx16ssvfw8\n",
        "01m83n8fx16ssvfw8g",
    ] {
        let mail = text(id);
        assert!(!mail.contains("rectify undo"), "{id}: {mail}");
        assert!(mail.contains("is kept in the ledger, under this correction:"), "{id}: {mail}");
    }
}

/// What an earlier release published has none of the later fields.
#[test]
fn a_message_of_an_earlier_release_is_read() {
    let case = case("logs");
    let message = Message::new(&corrected(&case));
    let mut json: serde_json::Value = serde_json::from_str(&message.json()).unwrap();
    for later in ["paused", "undone", "next"] {
        assert!(json.as_object_mut().unwrap().remove(later).is_some(), "{later}");
    }
    assert_eq!(Message::parse(&json.to_string()).unwrap(), message);
}

const EVIL: &str = "\u{1b}[31mevil\u{202e}txt.exe\r\n\r\nClick https://evil.example/login or www.evil.com <https://evil.example|here> \\\\evil\\share";

fn hostile<'a>(case: &'a Case, evil: &'a str) -> Notice<'a> {
    everywhere(&corrected(case), evil)
}

fn hostile_case(evil: &str) -> Case {
    Case {
        state: State::Neutralised { by: evil.to_owned() },
        evidence: vec![Evidence::new(evil, evil); 50],
        ..case(evil)
    }
}

#[test]
fn hostile_content_is_shown_harmless() {
    let case = hostile_case(EVIL);
    let notice = Notice { changes: vec![EVIL.to_owned()], ..hostile(&case, EVIL) };
    let case_with_one = Case { evidence: vec![Evidence::new("tag", EVIL)], ..hostile_case(EVIL) };
    insta::assert_snapshot!(shown(&Notice { evidence: &case_with_one.evidence, ..notice }));
}

/// Panics when `message` could do harm in any channel.
#[track_caller]
fn check_harmless(message: &Message) {
    let subject = message.subject();
    assert!(!subject.is_empty() && subject.len() < 100, "{subject:?}");
    assert!(subject.bytes().all(|b| (b' '..=b'~').contains(&b)), "{subject:?}");
    let text = message.text();
    assert!(!text.replace('\n', "").contains(escape::is_hidden), "{text:?}");
    for line in text.lines().filter(|line| !line.starts_with("  Console ")) {
        let line = line.replace("http://acs.amazonaws.com/groups/", "");
        let host = line.split("www.").skip(1).any(|rest| rest.starts_with(char::is_alphanumeric));
        assert!(!line.contains("://") && !host, "a link: {line}");
    }
    for line in message.terminal() {
        assert!(!line.to_string().contains(escape::is_hidden), "{line:?}");
    }
    let json = message.json();
    assert!(!json.contains(escape::is_hidden), "{json:?}");
    assert_eq!(Message::parse(&json).as_ref().ok(), Some(message));
    let sns = message.sns();
    let size = sns.subject.len()
        + sns.message.len()
        + sns.attributes.iter().map(|(name, value)| name.len() + value.len() + "String".len()).sum::<usize>();
    assert!(size <= 262_144, "{size} bytes are too many for SNS");
    assert!(sns.attributes.values().all(|value| !value.is_empty()));
    let bodies: BTreeMap<&str, String> = serde_json::from_str(&sns.message).unwrap_or_default();
    assert_eq!(bodies.get("email"), Some(&text));
    assert_eq!(bodies.get("default"), Some(&json));
}

#[test]
fn the_largest_message_fits_one_publish() {
    for evil in ["\u{1b}", "\u{202e}", "\"", "\\", "😀", "a.b", "://", "\u{e0041}", "ä"] {
        let evil = evil.repeat(100_000 / evil.len());
        let case = hostile_case(&evil);
        check_harmless(&Message::new(&hostile(&case, &evil)));
    }
}

#[test]
fn the_exemption_names_exactly_the_resource() {
    for name in ["quarterly-reports", "www.example.com", "a\u{202e}\"b\\c"] {
        let case = case(name);
        let text = Message::new(&corrected(&case)).text();
        let snippet: String =
            text.lines().skip_while(|line| !line.contains("[[exemption]]")).take(7).collect::<Vec<_>>().join("\n");
        let settings: toml::Table = snippet.parse().unwrap();
        let exemption = &settings["exemption"][0];
        assert_eq!(exemption["resource"].as_str(), Some(case.arn.as_str()));
        assert_eq!(exemption["control"].as_str(), Some(CONTROL.id));
        let settings = format!(
            "[[environment]]\nname = \"all\"\nmode = \"detective\"\ndefault = true\n\n{}",
            snippet
                .replace("owner = \"\"", "owner = \"web\"")
                .replace("reason = \"\"", "reason = \"a web site\"")
                .replace("ticket = \"\"", "ticket = \"SEC-1\"")
        );
        Settings::parse(&settings, &S3Bucket::CONTROLS.iter().collect::<Vec<_>>()).unwrap();
        assert_eq!(exemption["expires"].as_datetime().unwrap().to_string(), "2027-02-21");
    }
}

#[test]
fn a_link_in_somebody_elses_message_is_not_shown() {
    let case = case("quarterly-reports");
    let mut message = Message::new(&corrected(&case));
    message.resource.console = Some("https://evil.example".to_owned());
    assert!(!message.text().contains("evil"));
    assert!(message.text().contains("https://eu-central-1.console.aws.amazon.com/s3/buckets/quarterly-reports"));
}

#[test]
fn a_difference_shows_what_changed_and_its_surroundings() {
    let case = case("logs");
    let before = "{\n  \"a\": 1,\n  \"b\": 2,\n  \"c\": 3,\n  \"d\": 4,\n  \"e\": 5,\n  \"f\": 6\n}";
    let difference = Difference { before: before.to_owned(), after: before.replace("5", "9"), proposed: true };
    let message = Message::new(&Notice { difference: Some(difference), ..corrected(&case) });
    let lines: Vec<String> =
        message.diff(100).iter().map(|line| format!("{} {}", line.sign.as_char(), line.text)).collect();
    assert_eq!(lines, ["    \"c\": 3,", "    \"d\": 4,", "-   \"e\": 5,", "+   \"e\": 9,", "    \"f\": 6", "  }"]);
    let cut = message.diff(2);
    assert_eq!((cut.len(), cut[2].text.as_str()), (3, "4 more lines"));
    let text = message.text();
    assert!(text.contains("What would put it right\n") && text.contains("  -   \"e\": 5,\n  +   \"e\": 9,"), "{text}");
    assert!(Message::new(&corrected(&case)).diff(100).is_empty());
}

#[test]
fn the_snippet_fits_the_tool_that_made_the_change() {
    let case = case("logs");
    for (class, tools) in [
        (Some("terraform"), ["Terraform", "CloudFormation", "CDK"]),
        (Some("cloudformation"), ["CloudFormation", "Terraform", "CDK"]),
        (Some("cdk"), ["CDK", "Terraform", "CloudFormation"]),
        (Some("cli"), ["Terraform", "CloudFormation", "CDK"]),
        (Some("CDK\u{1b}"), ["Terraform", "CloudFormation", "CDK"]),
        (None, ["Terraform", "CloudFormation", "CDK"]),
    ] {
        let notice = corrected(&case);
        let actor = Who { tool_class: class, ..notice.actor.clone() };
        let message = Message::new(&Notice { actor, ..notice });
        assert_eq!(message.fixes.iter().map(|fix| fix.tool.as_str()).collect::<Vec<_>>(), tools, "{class:?}");
    }
}

#[test]
fn a_tool_that_nobody_knows_is_shown_by_its_user_agent() {
    let case = case("logs");
    let who = Who { user_agent: Some("stratus-red-team_6a7ec681"), tool: None, ..corrected(&case).actor };
    let text = Message::new(&Notice { actor: who, ..corrected(&case) }).text();
    assert!(text.contains("\n  With         stratus-red-team_6a7ec681\n"), "{text}");
}

/// Names in a chain are other people's: none of them makes a link of its own, of the chain or of a mail client.
#[test]
fn a_chain_is_one_line_with_its_links_apart() {
    let case = case("logs");
    let text = |chain: Vec<&str>| {
        let actor = Who { chain, ..corrected(&case).actor };
        Message::new(&Notice { actor, ..corrected(&case) }).text()
    };
    let mail =
        text(vec!["eve → ceo@example.com (Identity Center)", "role a\r\nb in 1", "session https://evil.example"]);
    let line = "\n  Acting through  eve -> ceo@example.com (Identity Center) → role a\\u{d}\\u{a}b in 1 → session https[:]//evil[.]example\n";
    assert!(mail.replace("[.]com", ".com").contains(line), "{mail}");
    assert!(!text(Vec::new()).contains("Acting through"));
    let only = Who { chain: vec!["GitHub Actions (OIDC)"], ..Who::default() };
    let mail = Message::new(&Notice { actor: only, ..corrected(&case) }).text();
    assert!(mail.contains("\nWho\n  Acting through  GitHub Actions (OIDC)\n"), "{mail}");
}

/// What an event says about a finding that is over is who ended it; an exemption is nobody's change.
#[test]
fn the_section_about_people_fits_the_outcome() {
    let case = case("logs");
    let text = |outcome, actor: Who<'static>| Message::new(&Notice { outcome, actor, ..corrected(&case) }).text();
    let jane = || Who { session: Some("jane"), ..Who::default() };
    assert!(text("corrected", jane()).contains("\nWho\n  Session      jane\n"));
    assert!(text("resolved", jane()).contains("\nWho put it right (as far as the event tells)\n  Session      jane\n"));
    let by_nobody = text("resolved", Who::default());
    assert!(by_nobody.contains("(as far as the event tells)\n  Not known: found by a look"), "{by_nobody}");
    for actor in [jane(), Who::default()] {
        let exempt = text("exempt", actor);
        assert!(!exempt.contains("\nWho") && !exempt.contains("jane") && !exempt.contains("Not known"), "{exempt}");
    }
}

#[test]
fn other_json_is_refused() {
    let case = case("logs");
    let json = Message::new(&corrected(&case)).json();
    assert!(Message::parse("{}").unwrap_err().to_string().starts_with("not a rectify message: missing field"));
    let later = json.replace("\"version\":\"1\"", "\"version\":\"2\"");
    assert_eq!(
        Message::parse(&later).unwrap_err().to_string(),
        "a rectify message of schema version `2`, this release reads `1`"
    );
}

proptest! {
    #![proptest_config(ProptestConfig::with_cases(64))]
    #[test]
    fn any_content_is_harmless(evil in "(\u{1b}\\[[0-9]m|\u{202e}|\r\n|https://|www\\.|[a-z.:/\\\\\"<>@=]|\\PC|.){0,250}") {
        let case = hostile_case(&evil);
        check_harmless(&Message::new(&hostile(&case, &evil)));
    }
}

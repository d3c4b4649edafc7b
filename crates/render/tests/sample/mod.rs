//! Messages for the tests of the channels: one of every outcome, and hostile ones.

use std::time::Duration;

use rectify_controls::{
    AccountId, Arn, Control, Evidence, Kind, Mode, Place, Region, Severity, State, s3_bucket::S3Bucket,
};
use rectify_render::{Difference, Message, Notice, Undone, Who};

use crate::hostile::everywhere;

const TERRAFORM: &str = "APN/1.0 HashiCorp/1.0 Terraform/1.11.0 (+https://www.terraform.io) terraform-provider-aws/5.98.0 (+https://registry.terraform.io/providers/hashicorp/aws) aws-sdk-go-v2/1.36.3";
const BEFORE: &str = "{\n  \"acl\": [\n    \"owner: FULL_CONTROL\",\n    \"http://acs.amazonaws.com/groups/global/AllUsers: READ\"\n  ],\n  \"public-access-block\": null\n}";
const AFTER: &str = "{\n  \"acl\": [\n    \"owner: FULL_CONTROL\"\n  ],\n  \"public-access-block\": {\n    \"BlockPublicAcls\": true\n  }\n}";

pub(crate) fn control() -> &'static Control {
    S3Bucket::CONTROLS.iter().find(|control| control.id == "s3-bucket-public-acl").unwrap()
}

pub(crate) struct Case {
    pub(crate) state: State,
    pub(crate) evidence: Vec<Evidence>,
    pub(crate) arn: Arn,
    pub(crate) place: Place,
}

pub(crate) fn case(name: &str) -> Case {
    Case {
        state: State::Live,
        evidence: vec![Evidence::new("grant", "READ to http://acs.amazonaws.com/groups/global/AllUsers")],
        arn: Arn::from_parts(format!("arn:aws:s3:::{name}")),
        place: Place { account: AccountId::new("123456789012").unwrap(), region: Region::new("eu-central-1").unwrap() },
    }
}

pub(crate) fn corrected(case: &Case) -> Notice<'_> {
    Notice {
        id: "m-0123456789abcdef0123",
        finding: "f-0123456789abcdef0123",
        at: "2026-11-23T10:15:32Z",
        closes: true,
        outcome: "corrected",
        control: control(),
        severity: Severity::Critical,
        state: &case.state,
        summary: "the ACL of bucket `quarterly-reports` lets everyone list it",
        evidence: &case.evidence,
        arn: &case.arn,
        place: &case.place,
        account_name: Some("Reports"),
        owner: Some("web-team"),
        environment: "production",
        environment_read: None,
        mode: Mode::Corrective,
        actor: Who {
            principal: Some("arn:aws:iam::123456789012:role/deploy"),
            session: Some("jane.doe@example.com"),
            source_ip: Some("203.0.113.7"),
            user_agent: Some(TERRAFORM),
            tool: Some("Terraform 1.11.0"),
            tool_class: Some("terraform"),
            invoked_by: None,
            chain: Vec::new(),
            event_name: Some("PutBucketAcl"),
            event_id: Some("00000000-1111-2222-3333-444444444444"),
            event_time: Some("2026-11-23T10:15:30Z"),
        },
        changes: vec!["set all four flags of the bucket's public access block".to_owned()],
        difference: Some(Difference { before: BEFORE.to_owned(), after: AFTER.to_owned(), proposed: false }),
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

/// Nothing was changed.
pub(crate) fn told<'a>(case: &'a Case, outcome: &'a str) -> Notice<'a> {
    let notice = corrected(case);
    Notice {
        closes: false,
        outcome,
        changes: Vec::new(),
        difference: notice.difference.map(|difference| Difference { proposed: true, ..difference }),
        proof: None,
        took: None,
        correction: None,
        ..corrected(case)
    }
}

/// One message of every outcome, by its name.
pub(crate) fn all() -> Vec<(&'static str, Message)> {
    let live = case("quarterly-reports");
    let neutralised =
        Case { state: State::Neutralised { by: "the account's public access block".to_owned() }, ..case("logs") };
    let unverifiable = Case { state: State::Unverifiable, evidence: Vec::new(), ..case("logs") };
    let undone = Undone {
        by: "arn:aws:iam::123456789012:role/alice",
        reason: "the reports are public on purpose",
        until: Some("2026-11-24T11:00:00Z"),
        correction: "c-01m83n8fx16ssvfw8g",
    };
    let look = |notice| Notice { actor: Who::default(), ..notice };
    let notices = [
        corrected(&live),
        Notice { mode: Mode::Detective, environment: "development", repeats: 3, ..told(&live, "notified") },
        Notice {
            alarm: true,
            why: Some("a tug of war: corrected 3 times within 1h"),
            next: Some("`rectify resume --control s3-bucket-public-acl` lets it correct again"),
            ..told(&live, "withheld")
        },
        Notice {
            alarm: true,
            proof: None,
            why: Some("the second look still finds the grant"),
            closes: false,
            outcome: "not-proven",
            ..corrected(&live)
        },
        Notice { alarm: true, why: Some("access denied (AccessDenied)"), ..told(&live, "failed") },
        look(Notice { why: Some("s3:GetBucketAcl: access denied"), ..told(&unverifiable, "unverifiable") }),
        Notice { why: Some("looked at again at 2026-11-23T10:17:30Z"), ..told(&live, "deferred") },
        Notice { mode: Mode::Shadow, ..told(&live, "shadowed") },
        Notice {
            outcome: "restored",
            correction: Some("u-01m83q00000000000x"),
            undone: Some(undone.clone()),
            ..corrected(&live)
        },
        Notice {
            alarm: true,
            closes: false,
            outcome: "not-restored",
            proof: None,
            correction: Some("u-01m83q00000000000x"),
            undone: Some(undone),
            ..corrected(&live)
        },
        look(Notice { closes: true, difference: None, ..told(&live, "resolved") }),
        look(Notice {
            closes: true,
            difference: None,
            why: Some("web-team: public web site (SEC-123), until 2027-01-31"),
            ..told(&live, "exempt")
        }),
        look(Notice {
            difference: None,
            why: Some("web-team: public web site (SEC-123), until 2026-11-30"),
            ..told(&live, "expiring")
        }),
        look(Notice { severity: Severity::Low, difference: None, ..told(&neutralised, "notified") }),
        Notice { paused: Some("corrections are paused (all): maintenance, by alice"), ..told(&live, "withheld") },
        told(&live, "something new"),
    ];
    let names = [
        "corrected",
        "notified",
        "withheld",
        "not-proven",
        "failed",
        "unverifiable",
        "deferred",
        "shadowed",
        "restored",
        "not-restored",
        "resolved",
        "exempt",
        "expiring",
        "neutralised",
        "paused",
        "unknown",
    ];
    names.into_iter().zip(notices.iter().map(Message::new)).collect()
}

/// A message with `evil` wherever a guard takes text from outside.
pub(crate) fn hostile(evil: &str) -> Message {
    let case = Case {
        state: State::Neutralised { by: evil.to_owned() },
        evidence: vec![Evidence::new(evil, evil); 50],
        ..case(evil)
    };
    Message::new(&everywhere(&corrected(&case), evil))
}

/// The same in a message that no rectify made: also where the rule book's own words stand, and without bounds.
pub(crate) fn forged(evil: &str) -> Message {
    let mut message = hostile(evil);
    for text in [
        &mut message.control.id,
        &mut message.control.title,
        &mut message.control.guidance,
        &mut message.control.page,
        &mut message.summary,
        &mut message.account,
        &mut message.region,
        &mut message.resource.name,
        &mut message.outcome,
    ] {
        *text = evil.to_owned();
    }
    message.control.frameworks = vec![evil.to_owned(); 35];
    message.resource.console = Some(evil.to_owned());
    message.actor.tool = Some(evil.to_owned());
    message.why = Some(evil.to_owned());
    message.finding = evil.to_owned();
    message.evidence = vec![Evidence::new(evil, evil); 35];
    message.actor.chain = vec![evil.to_owned(); 10];
    for fix in &mut message.fixes {
        fix.tool = evil.to_owned();
        fix.snippet = evil.to_owned();
    }
    message
}

/// What people try to smuggle into names.
pub(crate) const EVIL: &[&str] = &[
    "<!channel> <@U123> <!subteam^S1> @here @channel #general :fire: *b* _i_ ~s~ `c` ```x``` &lt;!here&gt;",
    "<https://evil.example|click> [click](https://evil.example) www.evil.example javascript:alert(1) ![x](//evil.example)",
    "<script>alert(1)</script> &amp; \" ' </pre>",
    "\u{1b}[31m\u{1b}]8;;https://evil.example\u{7}x\u{1b}]8;;\u{7}",
    "=HYPERLINK(\"https://evil.example\",\"x\") +1 -1 @SUM(A1)",
    "invoice\u{202e}fdp.exe\u{200b}\u{2066}",
    "> quote\n> <!here>\n\n```\n*not code*\n```",
    "```",
    "`",
    "``` ` ``` <!everyone> `",
    "",
    " ",
    "\\ud800 \\u0000 \u{0} \u{fffd}",
    "ends with a backslash\\",
];

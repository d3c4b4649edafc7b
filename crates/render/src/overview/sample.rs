//! An invented overview, for the documentation and for tests.

use std::collections::BTreeMap;

use jiff::{Timestamp, ToSpan as _, civil::Date, tz::TimeZone};
use rectify_controls::{Kind as _, Severity, s3_bucket::S3Bucket};

use super::{Correction, Day, Exempt, OpenFinding, Overview, Resource, Rule, Shadowed, TugOfWar, Undo};

/// 2026-11-28T06:00:00Z.
const MADE_AT: i64 = 1_795_845_600;

impl Overview {
    /// A report of thirty days in an invented organisation: something of everything.
    #[must_use]
    pub fn sample() -> Self {
        let made_at = at(0);
        Self {
            title: "Report".to_owned(),
            made_at,
            from: at(30 * 24),
            to: made_at,
            owner: None,
            gaps: Vec::new(),
            paused: vec!["corrections are paused (account 210987654321): load test until Monday, by alice".to_owned()],
            open: open(),
            corrections: corrections(),
            undos: vec![Undo {
                id: "u-01m83q00000000000x".to_owned(),
                correction: "c-01m83n8fx16ssvfw8g".to_owned(),
                controls: vec![rule("s3-bucket-website-enabled")],
                resource: bucket("press-kit", WEB),
                outcome: "restored".to_owned(),
                at: at(50),
                by: "arn:aws:iam::111122223333:role/web-admin".to_owned(),
                reason: "the press kit is public on purpose, exemption is on its way".to_owned(),
                until: Some(at(26)),
            }],
            exemptions: exemptions(),
            tugs: vec![TugOfWar {
                control: rule("s3-bucket-block-public-access-off"),
                resource: bucket("build-cache", BUILD),
                times: 7,
                by: vec!["arn:aws:iam::444455556666:role/terraform".to_owned()],
                last: at(3),
            }],
            shadow: vec![
                Shadowed {
                    control: rule("s3-bucket-tls-not-required"),
                    would: BTreeMap::from([("corrected".to_owned(), 41), ("withheld".to_owned(), 2)]),
                    resources: 43,
                    accounts: 6,
                },
                Shadowed {
                    control: rule("s3-bucket-versioning-off"),
                    would: BTreeMap::from([("notified".to_owned(), 12)]),
                    resources: 12,
                    accounts: 3,
                },
            ],
            days: days(made_at),
        }
    }
}

/// Account, its name, environment and owner.
type Account = (&'static str, Option<&'static str>, &'static str, &'static str);

const WEB: Account = ("111122223333", Some("Web shop"), "production", "web-team");
const BUILD: Account = ("444455556666", Some("Build"), "tooling", "platform");
const DATA: Account = ("777788889999", Some("Data lake"), "production", "data-team");
const LAB: Account = ("210987654321", None, "sandbox", "research");

fn at(hours_ago: i64) -> Timestamp {
    Timestamp::from_second(MADE_AT - hours_ago * 3_600).unwrap_or_default()
}

fn rule(id: &str) -> Rule {
    Rule::find(id, S3Bucket::CONTROLS)
}

fn bucket(name: &str, account: Account) -> Resource {
    resource(&format!("arn:aws:s3:::{name}"), account)
}

fn access_point() -> Resource {
    resource("arn:aws:s3:eu-central-1:777788889999:accesspoint/reports", DATA)
}

fn resource(arn: &str, (account, account_name, environment, owner): Account) -> Resource {
    Resource {
        arn: arn.to_owned(),
        account: account.to_owned(),
        account_name: account_name.map(str::to_owned),
        region: "eu-central-1".to_owned(),
        environment: Some(environment.to_owned()),
        owner: Some(owner.to_owned()),
    }
}

fn open() -> Vec<OpenFinding> {
    vec![
        OpenFinding {
            severity: Severity::Critical,
            outcome: "withheld".to_owned(),
            seen: 3,
            actor: Some("arn:aws:iam::777788889999:role/etl".to_owned()),
            ..finding(
                "s3-bucket-public-policy",
                bucket("customer-exports", DATA),
                "the policy of bucket `customer-exports` lets everyone read its objects (statement `AllowAll`)",
                20,
            )
        },
        OpenFinding {
            severity: Severity::Critical,
            outcome: "failed".to_owned(),
            seen: 1,
            ..finding(
                "s3-access-point-public",
                access_point(),
                "the policy of access point `reports` lets everyone read through it",
                5,
            )
        },
        OpenFinding {
            severity: Severity::High,
            outcome: "notified".to_owned(),
            seen: 12,
            actor: Some("arn:aws:iam::210987654321:user/jo".to_owned()),
            ..finding(
                "s3-account-block-public-access-off",
                resource("arn:aws:s3::210987654321:public-access-block", LAB),
                "account 210987654321 does not block public access to its buckets",
                24 * 12,
            )
        },
        OpenFinding {
            severity: Severity::High,
            outcome: "notified".to_owned(),
            seen: 5,
            actor: Some("arn:aws:iam::111122223333:role/partner-onboarding".to_owned()),
            ..finding(
                "s3-bucket-policy-external-account",
                bucket("partner-drop", WEB),
                "the policy of bucket `partner-drop` lets account 999900001111 write to it",
                24 * 41,
            )
        },
        OpenFinding {
            severity: Severity::High,
            outcome: "withheld".to_owned(),
            seen: 9,
            actor: Some("arn:aws:iam::444455556666:role/terraform".to_owned()),
            ..finding(
                "s3-bucket-block-public-access-off",
                bucket("build-cache", BUILD),
                "bucket `build-cache` does not block public access",
                24 * 3,
            )
        },
        OpenFinding {
            severity: Severity::Low,
            outcome: "notified".to_owned(),
            seen: 130,
            ..finding(
                "s3-bucket-logging-off",
                bucket("static-assets", WEB),
                "bucket `static-assets` writes no access log",
                24 * 130,
            )
        },
        OpenFinding {
            severity: Severity::Medium,
            outcome: "notified".to_owned(),
            seen: 18,
            actor: Some("arn:aws:iam::210987654321:role/notebook".to_owned()),
            ..finding(
                "s3-bucket-versioning-off",
                bucket("model-weights", LAB),
                "bucket `model-weights` does not keep versions",
                24 * 18,
            )
        },
        OpenFinding {
            severity: Severity::Medium,
            outcome: "deferred".to_owned(),
            seen: 1,
            actor: Some("arn:aws:iam::777788889999:role/etl".to_owned()),
            ..finding(
                "s3-bucket-versioning-off",
                bucket("raw-events", DATA),
                "bucket `raw-events` does not keep versions",
                2,
            )
        },
        OpenFinding {
            severity: Severity::Low,
            outcome: "notified".to_owned(),
            seen: 64,
            ..finding("s3-bucket-logging-off", bucket("scratch", LAB), "bucket `scratch` writes no access log", 24 * 64)
        },
    ]
}

/// Found once, `hours` ago, by a sweep.
fn finding(control: &str, resource: Resource, summary: &str, hours: i64) -> OpenFinding {
    OpenFinding {
        control: rule(control),
        severity: Severity::Medium,
        resource,
        summary: summary.to_owned(),
        outcome: "notified".to_owned(),
        first_seen: at(hours),
        last_seen: at(hours.min(4)),
        seen: 1,
        actor: None,
    }
}

fn corrections() -> Vec<Correction> {
    vec![
        Correction {
            severity: Some(Severity::Medium),
            undone_by: Some("u-01m83q00000000000x".to_owned()),
            actor: Some("arn:aws:iam::111122223333:role/web-admin".to_owned()),
            ..correction("c-01m83n8fx16ssvfw8g", "s3-bucket-website-enabled", bucket("press-kit", WEB), 54)
        },
        Correction {
            severity: Some(Severity::Critical),
            actor: Some("arn:aws:iam::777788889999:role/etl".to_owned()),
            ..correction("c-01m84000000000000a", "s3-bucket-public-acl", bucket("quarterly-reports", DATA), 30)
        },
        Correction {
            severity: Some(Severity::High),
            actor: Some("arn:aws:iam::444455556666:role/terraform".to_owned()),
            ..correction("c-01m84100000000000b", "s3-bucket-block-public-access-off", bucket("build-cache", BUILD), 3)
        },
        Correction {
            severity: Some(Severity::Critical),
            outcome: "failed".to_owned(),
            why: Some("access denied (AccessDenied) at s3control:PutAccessPointPolicy".to_owned()),
            ..correction("c-01m84200000000000c", "s3-access-point-public", access_point(), 5)
        },
        Correction {
            severity: Some(Severity::Medium),
            actor: Some("arn:aws:iam::111122223333:user/kim".to_owned()),
            ..correction("c-01m84300000000000d", "s3-bucket-acl-enabled", bucket("invoices", WEB), 210)
        },
    ]
}

/// Made and proven `hours` ago.
fn correction(id: &str, control: &str, resource: Resource, hours: i64) -> Correction {
    Correction {
        id: id.to_owned(),
        controls: vec![rule(control)],
        resource,
        severity: None,
        outcome: "corrected".to_owned(),
        at: at(hours),
        ended_at: at(hours).checked_add(1_430.milliseconds()).ok(),
        actor: None,
        undone_by: None,
        why: None,
    }
}

fn exemptions() -> Vec<Exempt> {
    let exempt = |control: Option<&str>, resource: &str, owner: &str, reason: &str, days: i64, stands: &str| Exempt {
        control: control.map(rule),
        resource: resource.to_owned(),
        account: None,
        owner: owner.to_owned(),
        reason: reason.to_owned(),
        ticket: "SEC-2041".to_owned(),
        until: at(-24 * days),
        stands: stands.to_owned(),
    };
    vec![
        exempt(
            Some("s3-bucket-website-enabled"),
            "arn:aws:s3:::press-kit",
            "web-team",
            "public press kit",
            200,
            "line 41 of the settings",
        ),
        exempt(None, "arn:aws:s3:::lab-*", "research", "short-lived experiments", 9, "line 52 of the settings"),
        exempt(
            Some("s3-bucket-logging-off"),
            "arn:aws:s3:::access-logs",
            "platform",
            "the log bucket itself",
            80,
            "the ledger, by alice",
        ),
    ]
}

/// Thirty days with a quiet week and a bad day.
fn days(made_at: Timestamp) -> Vec<Day> {
    let last = made_at.to_zoned(TimeZone::UTC).date();
    (0_u64..30)
        .filter_map(|ago| {
            let date: Date = last.checked_sub(i64::try_from(ago).ok()?.days()).ok()?;
            let numbers = [
                ("corrected", ago * 7 % 5 + if ago == 11 { 14 } else { 0 }),
                ("notified", ago * 5 % 4),
                ("resolved", ago * 3 % 4),
                ("withheld", u64::from(ago % 6 == 0)),
                ("failed", u64::from(ago == 11) * 3),
                ("restored", u64::from(ago == 2)),
                ("shadowed", if ago > 20 { 4 } else { 1 }),
            ];
            let outcomes = numbers.into_iter().filter(|(_, number)| *number > 0);
            let quiet = (14..18).contains(&ago);
            (!quiet).then(|| Day { date, outcomes: outcomes.map(|(word, number)| (word.to_owned(), number)).collect() })
        })
        .collect()
}

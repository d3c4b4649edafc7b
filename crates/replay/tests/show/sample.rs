//! Reports as a replay could make them: one of a month in an organisation, with names that somebody chose to do harm, and an empty one.

use jiff::{SignedDuration, Timestamp};
use rectify_controls::Severity;
use rectify_replay::{
    AccountRow, ActorRow, BudgetRow, Budgets, ControlRow, Cost, Counts, DayRow, EventRow, Exposure, Files, GuardCost,
    HeatRow, Listed, Period, Records, Report, Row, ToolRow, TugRow, Unreadable, VERSION, Verdict, WhyRow, show::About,
};

/// Markup, script, style, an entity, direction marks, a terminal's escapes, line feeds.
pub(crate) const HOSTILE: [&str; 6] = [
    "</bdi></td><script>alert(1)</script>",
    "</style></title><img src=x onerror=alert(1)>",
    "\" onmouseover=\"alert(1)\" x='&lt;b&gt;",
    "gnp.\u{202e}exe\u{200b}",
    "\u{1b}[31mred\u{1b}[0m\r\n=cmd|' /C calc'!A0",
    "https://evil.example/</script>",
];

pub(crate) fn about() -> About {
    About {
        title: "Replay of July".to_owned(),
        paths: vec!["logs/2025/07".to_owned(), HOSTILE[0].to_owned()],
        settings: "settings.toml".to_owned(),
        made: time(40 * 24),
        version: "0.1.0".to_owned(),
    }
}

/// Nothing was read.
pub(crate) fn empty() -> Report {
    Report {
        version: VERSION,
        stopped: false,
        files: Files::default(),
        records: Records::default(),
        period: None,
        events: Listed::default(),
        verdicts: Counts::default(),
        controls: Vec::new(),
        accounts: Listed::default(),
        actors: Listed::default(),
        tools: Listed::default(),
        days: Listed::default(),
        heat: Listed::default(),
        exposures: Listed::default(),
        tug_of_war: Listed::default(),
        budgets: Budgets::default(),
        cost: Cost::default(),
        unwatched: Listed::default(),
    }
}

/// So many hours after the log began.
fn time(hours: i64) -> Timestamp {
    "2025-07-01T06:30:00Z".parse::<Timestamp>().unwrap() + SignedDuration::from_hours(hours)
}

const CONTROLS: [(&str, &str, Severity, &str); 9] = [
    ("s3-bucket-block-public-access-off", "Bucket's public access block is off", Severity::High, "s3-bucket"),
    ("s3-bucket-policy-public", "Bucket policy grants access to everyone", Severity::Critical, "s3-bucket"),
    ("s3-bucket-acl-public", "Bucket ACL grants access to everyone", Severity::Critical, "s3-bucket"),
    ("s3-bucket-access-logging-off", "Bucket does not log access", Severity::Low, "s3-bucket"),
    ("sg-ingress-ssh-world", "Security group opens SSH to the whole internet", Severity::Critical, "security-group"),
    ("sg-ingress-rdp-world", "Security group opens RDP to the whole internet", Severity::High, "security-group"),
    ("cloudtrail-logging-stopped", "Trail was stopped", Severity::Critical, "cloudtrail"),
    ("api-stage-no-logging", "API stage does not log", Severity::Medium, "api"),
    ("cloudformation-drift", "Stack's resources differ from its template", Severity::Medium, "cloudformation-stack"),
];

const ACCOUNTS: [(&str, Option<&str>, &str); 7] = [
    ("111111111111", Some("payments-prod"), "production"),
    ("222222222222", Some("payments-test"), "test"),
    ("333333333333", Some("data-lake"), "production"),
    ("444444444444", Some(HOSTILE[1]), "sandbox"),
    ("555555555555", None, "unassigned"),
    ("666666666666", Some("shared-network"), "production"),
    ("777777777777", Some("log-archive"), "security"),
];

/// A number that looks like chance and is always the same.
fn dice(seed: u64, sides: u64) -> u64 {
    let mut x = seed.wrapping_add(0x9e37_79b9_7f4a_7c15);
    x = (x ^ (x >> 30)).wrapping_mul(0xbf58_476d_1ce4_e5b9);
    x = (x ^ (x >> 27)).wrapping_mul(0x94d0_49bb_1331_11eb);
    (x ^ (x >> 31)) % sides
}

fn counts(seed: u64, size: u64) -> Counts {
    Counts {
        would_correct: dice(seed, size),
        would_tell: dice(seed + 1, size * 2),
        exempt: dice(seed + 2, size / 2 + 1),
        ignored: dice(seed + 3, size * 12),
        needs_live_state: dice(seed + 4, size * 2),
    }
}

fn sum(all: impl Iterator<Item = Counts>) -> Counts {
    all.fold(Counts::default(), |sum, counts| Counts {
        would_correct: sum.would_correct + counts.would_correct,
        would_tell: sum.would_tell + counts.would_tell,
        exempt: sum.exempt + counts.exempt,
        ignored: sum.ignored + counts.ignored,
        needs_live_state: sum.needs_live_state + counts.needs_live_state,
    })
}

fn listed<T>(rows: Vec<T>) -> Listed<T> {
    Listed { total: rows.len() as u64, rows }
}

/// Every section filled.
pub(crate) fn report() -> Report {
    let days: Vec<DayRow> = (0..31)
        .filter(|day| ![5, 6, 12].contains(day))
        .map(|day| DayRow {
            day: time(day * 24).strftime("%Y-%m-%d").to_string(),
            counts: counts(day.unsigned_abs() * 11, 5),
        })
        .collect();
    let verdicts = sum(days.iter().map(|day| day.counts));
    let mut unreadable: Vec<Unreadable> = (0..12)
        .map(|n| Unreadable {
            path: format!("logs/2025/07/{n:02}/111111111111_CloudTrail_eu-central-1_20250710T0000Z_abc.json.gz"),
            why: "the gzip stream ends early".to_owned(),
            records: n * 31,
        })
        .collect();
    unreadable[1] = Unreadable {
        path: format!("logs/{}.zip!{}", "x".repeat(10_000), HOSTILE[0]),
        why: HOSTILE[4].to_owned(),
        records: 0,
    };
    Report {
        stopped: true,
        files: Files {
            read: 8_204,
            other: [("digest".to_owned(), 744), ("Insights".to_owned(), 12), (HOSTILE[2].to_owned(), 1)].into(),
            unreadable: Listed { total: 14, rows: unreadable },
            bytes: 1_204_000_000,
            inflated: 18_430_000_000,
        },
        records: Records { read: 12_408_331, unreadable: 3, duplicates: 1_207, failed: 911, watched: 48_210 },
        period: Some(Period { from: time(0), to: time(30 * 24 + 11) }),
        events: Listed { total: 412, rows: events(true) },
        verdicts,
        controls: controls(),
        accounts: listed(
            (ACCOUNTS.iter().zip(1..))
                .map(|((account, name, environment), seed)| AccountRow {
                    account: (*account).to_owned(),
                    name: name.map(str::to_owned),
                    environment: (*environment).to_owned(),
                    counts: counts(seed * 101, 40 / seed + 2),
                })
                .collect(),
        ),
        actors: Listed { total: 57, rows: actors() },
        tools: listed(
            ["Terraform", "the AWS console", "AWS CLI", "CloudFormation", HOSTILE[5], "boto3"]
                .into_iter()
                .zip(1..)
                .map(|(tool, seed)| ToolRow { tool: tool.to_owned(), counts: counts(seed * 77, 40 / seed) })
                .collect(),
        ),
        days: listed(days),
        heat: Listed { total: 60, rows: heat() },
        exposures: Listed { total: 40, rows: exposures() },
        tug_of_war: listed(vec![
            TugRow {
                control: "s3-bucket-acl-public",
                account: "111111111111".to_owned(),
                resource: "arn:aws:s3:::payments-prod-assets".to_owned(),
                times: 9,
                since: time(300),
                by: vec!["arn:aws:iam::111111111111:role/deploy with Terraform".to_owned(), HOSTILE[0].to_owned()],
            },
            TugRow {
                control: "sg-ingress-ssh-world",
                account: "222222222222".to_owned(),
                resource: "arn:aws:ec2:eu-central-1:222222222222:security-group/sg-0a1b2c3d4e5f67890".to_owned(),
                times: 3,
                since: time(91),
                by: Vec::new(),
            },
        ]),
        budgets: Budgets {
            beyond: 4_511,
            left_out: 3,
            hours: listed(vec![
                BudgetRow {
                    control: "s3-bucket-acl-public",
                    account: Some("111111111111".to_owned()),
                    hour: time(300),
                    corrections: 4_512,
                    limit: 20,
                },
                BudgetRow {
                    control: "sg-ingress-ssh-world",
                    account: None,
                    hour: time(91),
                    corrections: 219,
                    limit: 200,
                },
            ]),
        },
        cost: Cost {
            days: 30.5,
            guards: [
                ("s3-bucket", 18_022, 210_431),
                ("security-group", 4_102, 31_001),
                ("cloudtrail", 17, 210),
                ("api", 902, 7_310),
            ]
            .map(|(kind, invocations, calls): (_, u64, u64)| GuardCost {
                kind,
                invocations,
                calls,
                dollars_a_month: f64::from(u32::try_from(calls).unwrap()) * 0.000_006,
            })
            .into(),
            dollars_a_month: 1.49,
        },
        unwatched: Listed { total: 203, rows: events(false) },
        ..empty()
    }
}

fn controls() -> Vec<ControlRow> {
    (CONTROLS.into_iter().zip(1..))
        .map(|((control, title, severity, kind), seed): (_, u64)| {
            let why = [
                (Verdict::Ignored, "the call failed", 210),
                (Verdict::NeedsLiveState, "the request does not say what the bucket's block is", 41),
                (Verdict::Ignored, "compliant", 17),
                (Verdict::Ignored, HOSTILE[0], 2),
                (Verdict::Ignored, "over before its grace time was", 1),
            ];
            let why = why.into_iter().take(usize::try_from(seed % 6).unwrap());
            ControlRow {
                control,
                title,
                severity,
                kind,
                counts: counts(seed * 13, 60 / seed + 1),
                why: listed(why.map(|(verdict, why, count)| WhyRow { verdict, why: why.to_owned(), count }).collect()),
                exposures: seed * 3 % 11,
                open: seed * 3 % 11 / 2,
                longest: i64::try_from(dice(seed, 400_000)).unwrap(),
                exposed: i64::try_from(dice(seed, 400_000) * 3).unwrap(),
            }
        })
        .collect()
}

fn actors() -> Vec<ActorRow> {
    let mut names: Vec<String> =
        ["deploy", "AWSReservedSSO_Admin_0123456789abcdef", "ci/terraform-apply", "data-pipeline"]
            .into_iter()
            .map(|role| format!("arn:aws:iam::111111111111:role/{role}"))
            .collect();
    names.extend(HOSTILE.map(str::to_owned));
    names.push("cloudformation.amazonaws.com".to_owned());
    names.push(format!("arn:aws:iam::555555555555:user/{}", "a".repeat(10_000)));
    let rows = names.into_iter().zip(1..);
    rows.map(|(actor, seed)| ActorRow { actor, counts: counts(seed * 31, 40 / seed + 2) }).collect()
}

fn heat() -> Vec<HeatRow> {
    let mut rows = Vec::new();
    for ((account, ..), a) in ACCOUNTS.into_iter().zip(0..) {
        for ((control, ..), c) in CONTROLS.into_iter().zip(0..) {
            let seed = a * 100 + c;
            if dice(seed, 3) > 0 {
                let size = if dice(seed, 7) == 0 { 90 } else { 5 };
                rows.push(HeatRow { account: account.to_owned(), control, counts: counts(seed, size) });
            }
        }
    }
    rows.sort_by_key(|row| std::cmp::Reverse(row.counts.heard()));
    rows
}

fn exposures() -> Vec<Exposure> {
    let mut rows: Vec<Exposure> = (0..24_i64)
        .map(|n| {
            let (control, title, severity, _) = CONTROLS[usize::try_from(n).unwrap() % CONTROLS.len()];
            let opened = time(n * 29);
            let end = time(30 * 24 + 11);
            let closed = (n % 3 > 0).then(|| (opened + SignedDuration::from_mins(7 + n * n * 31)).min(end));
            Exposure {
                control,
                severity,
                account: ACCOUNTS[usize::try_from(n).unwrap() % 7].0.to_owned(),
                region: "eu-central-1".to_owned(),
                resource: match n {
                    3 => HOSTILE[3].to_owned(),
                    9 => format!("arn:aws:s3:::{}", "very-long-name-".repeat(700)),
                    n => format!("arn:aws:s3:::team-{n}-exports"),
                },
                verdict: if n % 4 == 1 { Verdict::WouldTell } else { Verdict::WouldCorrect },
                summary: format!("{title}: everyone may read"),
                opened,
                opened_by: if n == 6 {
                    HOSTILE[4].to_owned()
                } else {
                    "arn:aws:iam::111111111111:role/deploy".to_owned()
                },
                closed,
                closed_by: closed.map(|_| "arn:aws:iam::111111111111:role/platform".to_owned()),
                seconds: closed.unwrap_or(end).duration_since(opened).as_secs(),
            }
        })
        .collect();
    rows.sort_by_key(|row| std::cmp::Reverse(row.seconds));
    rows
}

fn events(watched: bool) -> Vec<EventRow> {
    let calls = [
        ("iam", "CreateAccessKey"),
        ("iam", "AttachRolePolicy"),
        ("lambda", "UpdateFunctionCode20150331v2"),
        ("ecs", "RegisterTaskDefinition"),
        ("rds", "ModifyDBInstance"),
        ("kms", "ScheduleKeyDeletion"),
        ("sns", "SetTopicAttributes"),
        ("sqs", "SetQueueAttributes"),
        ("logs", "DeleteLogGroup"),
        ("ssm", "PutParameter"),
        ("ecr", "SetRepositoryPolicy"),
        ("ec2", "ModifySnapshotAttribute"),
        ("ec2", "RunInstances"),
        ("route53", "ChangeResourceRecordSets"),
        ("guardduty", "UpdateDetector"),
        ("config", "StopConfigurationRecorder"),
        ("organizations", "LeaveOrganization"),
    ];
    let mut rows: Vec<EventRow> = (calls.into_iter().zip(0..))
        .map(|((source, name), n): (_, u64)| EventRow {
            source: format!("{source}.amazonaws.com"),
            name: name.to_owned(),
            records: 90_000 / (n * n + 1),
            watched_by: if watched && n % 4 == 0 { vec!["s3-bucket", "cloudtrail"] } else { Vec::new() },
        })
        .collect();
    rows.push(EventRow {
        source: HOSTILE[0].to_owned(),
        name: HOSTILE[1].to_owned(),
        records: 1,
        watched_by: Vec::new(),
    });
    rows
}

/// Rows of a replay: a plain one, one with as little as can be, and hostile ones.
pub(crate) fn rows() -> Vec<Row> {
    let plain = Row {
        time: time(0),
        verdict: Verdict::WouldCorrect,
        why: None,
        control: "s3-bucket-acl-public",
        severity: Severity::Critical,
        kind: "s3-bucket",
        account: "111111111111".to_owned(),
        region: "eu-central-1".to_owned(),
        resource: Some("arn:aws:s3:::payments-prod-assets".to_owned()),
        event: "s3.amazonaws.com PutBucketAcl".to_owned(),
        event_id: Some("0a1b2c3d-0000-4000-8000-000000000000".to_owned()),
        by: "arn:aws:iam::111111111111:role/deploy".to_owned(),
        tool: Some("Terraform".to_owned()),
        summary: Some("everyone may read, \"public-read\"".to_owned()),
        changes: vec!["switch the public access block on".to_owned(), "take everyone out of the ACL".to_owned()],
    };
    let mut rows = vec![
        plain.clone(),
        Row {
            verdict: Verdict::Ignored,
            why: Some("the call failed".to_owned()),
            resource: None,
            event_id: None,
            tool: None,
            summary: None,
            changes: Vec::new(),
            ..plain.clone()
        },
    ];
    let formulas = ["=HYPERLINK(\"http://evil.example\")", "\t=1", " +1", "\"@SUM(A1)", "\u{ff1d}1", "a;=1"];
    for (hostile, formula) in HOSTILE.into_iter().zip(formulas) {
        rows.push(Row {
            verdict: Verdict::NeedsLiveState,
            why: Some(formula.to_owned()),
            resource: Some(hostile.to_owned()),
            by: formula.to_owned(),
            tool: Some(hostile.to_owned()),
            changes: vec![formula.to_owned(), hostile.to_owned()],
            ..plain.clone()
        });
    }
    rows
}

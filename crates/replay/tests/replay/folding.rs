//! What a replay makes of the events of one resource.

use std::collections::BTreeMap;

use jiff::Timestamp;
use rectify_controls::{AccountFacts, AccountId};
use rectify_replay::{Item, Report, Row, Verdict};
use serde_json::json;

use crate::made::{ACCOUNT, CORRECTIVE, DETECTIVE, GROUP, SSH, close, file, log, open, read, record, rule, run, with};

/// What is said of SSH, in the order of time.
fn said(rows: &[Row]) -> Vec<(Verdict, &str)> {
    rows.iter()
        .filter(|row| row.control == SSH)
        .map(|row| (row.verdict, row.why.as_deref().unwrap_or_default()))
        .collect()
}

fn told(settings: &str, records: &[String]) -> (Report, Vec<Row>) {
    run(settings, None, 1, [file("log", log(records))].into_iter())
}

fn at(minute: u32) -> String {
    format!("2025-07-10T12:{minute:02}:00Z")
}

fn grace(length: &str) -> String {
    format!("{CORRECTIVE}[control.{SSH}]\ngrace = \"{length}\"\n")
}

#[test]
fn files_may_come_in_any_order() {
    let one = || file("1", log(&[open(&at(0), "a")]));
    let two = || file("2", log(&[close(&at(10), "b")]));
    let (report, rows) = run(CORRECTIVE, None, 1, [one(), two()].into_iter());
    let (other, others) = run(CORRECTIVE, None, 1, [two(), one()].into_iter());
    assert_eq!(serde_json::to_value(&report).unwrap(), serde_json::to_value(&other).unwrap());
    assert_eq!(said(&rows), said(&others));
    assert_eq!(said(&rows)[0].0, Verdict::WouldCorrect);
    let exposure = report.exposures.rows.iter().find(|exposure| exposure.control == SSH).unwrap();
    assert_eq!((exposure.seconds, exposure.closed), (600, Some(at(10).parse().unwrap())));
    assert!(exposure.opened_by.contains("jane"));
}

#[test]
fn what_comes_twice_is_said_once() {
    let records = [open(&at(0), "a"), close(&at(1), "b"), read(1)];
    let (once, rows) = told(CORRECTIVE, &records);
    let twice = || [file("1", log(&records)), file("2", log(&records))].into_iter();
    let (report, again) = run(CORRECTIVE, None, 2, twice());
    assert_eq!(said(&rows), said(&again));
    assert_eq!((report.verdicts, report.exposures.total), (once.verdicts, once.exposures.total));
    assert_eq!((report.records.read, report.records.duplicates), (6, 2));
    assert_eq!(once.records.duplicates, 0);
}

#[test]
fn what_is_closed_in_time_is_no_breach() {
    let (report, rows) = told(&grace("5m"), &[open(&at(0), "a"), close(&at(4), "b")]);
    assert_eq!(said(&rows)[0], (Verdict::Ignored, "closed within its grace time"));
    assert_eq!(crate::made::corrected(&report), 0);
    for closed in [5, 6] {
        let (_, rows) = told(&grace("5m"), &[open(&at(0), "a"), close(&at(closed), "b")]);
        assert_eq!(said(&rows)[0], (Verdict::WouldCorrect, "after its grace time"), "closed after {closed} minutes");
    }
    let (report, rows) = told(&grace("5m"), &[open(&at(0), "a"), read(1)]);
    assert_eq!(said(&rows), [(Verdict::WouldCorrect, "after its grace time")]);
    assert_eq!(
        report.exposures.rows.iter().filter(|exposure| exposure.closed.is_none()).count() as u64,
        report.exposures.total
    );
}

#[test]
fn what_is_open_at_the_end_stands_until_the_last_record() {
    let (report, _) = told(CORRECTIVE, &[open(&at(0), "a"), read(1).replace("2025-07-10T12:00:00Z", &at(30))]);
    let exposure = report.exposures.rows.iter().find(|exposure| exposure.control == SSH).unwrap();
    assert_eq!((exposure.seconds, exposure.closed), (1800, None));
    let control = report.controls.iter().find(|control| control.control == SSH).unwrap();
    assert_eq!((control.exposures, control.open, control.longest, control.exposed), (1, 1, 1800, 1800));
}

#[test]
fn modes() {
    let mode = |mode: &str| CORRECTIVE.replace("corrective", mode);
    let of = |settings: &str| {
        let (_, rows) = told(settings, &[open(&at(0), "a")]);
        let (verdict, why) = said(&rows)[0];
        (verdict, why.to_owned())
    };
    assert_eq!(of(&mode("corrective")), (Verdict::WouldCorrect, String::new()));
    assert_eq!(of(&mode("detective")), (Verdict::WouldTell, String::new()));
    assert_eq!(of(&mode("shadow")), (Verdict::Ignored, "in shadow in production: would be corrected".to_owned()));
    assert_eq!(of(&mode("off")), (Verdict::Ignored, "off in production".to_owned()));
    assert_eq!(of(&format!("{CORRECTIVE}[control.{SSH}]\nmode = \"detective\"\n")).0, Verdict::WouldTell);
}

fn exemption(more: &str) -> String {
    format!(
        "{CORRECTIVE}[[exemption]]\ncontrol = \"{SSH}\"\nowner = \"jane@example.com\"\nreason = \"bastion\"\nticket = \"SEC-1\"\n{more}\n"
    )
}

fn somewhere(path: &[&str]) -> BTreeMap<AccountId, AccountFacts> {
    let facts = AccountFacts {
        name: Some("web".to_owned()),
        path: path.iter().map(|one| (*one).to_owned()).collect(),
        tags: BTreeMap::new(),
        read_at: Timestamp::UNIX_EPOCH,
    };
    [(AccountId::new(ACCOUNT).unwrap(), facts)].into()
}

#[test]
fn exemptions() {
    let arn = format!("resource = \"arn:aws:ec2:eu-central-1:{ACCOUNT}:security-group/{GROUP}\"");
    let verdict = |settings: &str| said(&told(settings, &[open(&at(0), "a")]).1)[0].0;
    assert_eq!(verdict(&exemption(&format!("{arn}\nexpires = 2027-01-01"))), Verdict::Exempt);
    // It counted until the day before.
    assert_eq!(verdict(&exemption(&format!("{arn}\nexpires = 2025-07-09"))), Verdict::WouldCorrect);
    assert_eq!(verdict(&exemption(&format!("{arn}\nexpires = 2025-07-10"))), Verdict::Exempt);
    assert_eq!(
        verdict(&exemption(&format!("{arn}\nregion = \"us-east-1\"\nexpires = 2027-01-01"))),
        Verdict::WouldCorrect
    );
    // A log does not say how a group is tagged.
    assert_eq!(
        verdict(&exemption(&format!("{arn}\ntags = {{ a = \"b\" }}\nexpires = 2027-01-01"))),
        Verdict::NeedsLiveState
    );
    let unit = exemption("resource = \"*\"\norganizational-unit = \"ou-ab12-11111111\"\nexpires = 2027-01-01");
    let in_unit = |path: &[&str]| {
        let organization = somewhere(path);
        let (_, rows) = run(&unit, Some(&organization), 1, [file("log", log(&[open(&at(0), "a")]))].into_iter());
        said(&rows)[0].0
    };
    assert_eq!(in_unit(&["r-ab12", "ou-ab12-11111111"]), Verdict::Exempt);
    assert_eq!(in_unit(&["r-ab12", "ou-ab12-22222222"]), Verdict::WouldCorrect);
    let (report, rows) = told(&unit, &[open(&at(0), "a")]);
    assert_eq!(crate::made::corrected(&report), 0, "nobody says where the account is");
    assert!(said(&rows)[0].1.contains("--organization"), "{:?}", said(&rows));
}

#[test]
fn environments() {
    let settings = format!(
        "[[environment]]\nname = \"production\"\naccounts = [\"{ACCOUNT}\"]\nmode = \"corrective\"\n\n\
         [[environment]]\nname = \"rest\"\ndefault = true\nmode = \"detective\"\n"
    );
    let verdict = |settings: &str, organization: Option<&BTreeMap<AccountId, AccountFacts>>, account: &str| {
        let record = open(&at(0), "a").replace(ACCOUNT, account);
        let (report, rows) = run(settings, organization, 1, [file("log", log(&[record]))].into_iter());
        let (verdict, why) = said(&rows)[0];
        (verdict, why.to_owned(), report.accounts.rows[0].environment.clone())
    };
    assert_eq!(verdict(&settings, None, ACCOUNT), (Verdict::WouldCorrect, String::new(), "production".to_owned()));
    assert_eq!(verdict(&settings, None, "444455556666"), (Verdict::WouldTell, String::new(), "rest".to_owned()));
    let by_unit =
        settings.replace(&format!("accounts = [\"{ACCOUNT}\"]"), "organizational-units = [\"ou-ab12-11111111\"]");
    let inside = somewhere(&["r-ab12", "ou-ab12-11111111"]);
    assert_eq!(verdict(&by_unit, Some(&inside), ACCOUNT).0, Verdict::WouldCorrect);
    assert_eq!(
        verdict(&by_unit, Some(&somewhere(&["r-ab12"])), ACCOUNT),
        (Verdict::WouldTell, String::new(), "rest".to_owned())
    );
    let (told, why, _) = verdict(&by_unit, None, ACCOUNT);
    assert!(told == Verdict::WouldTell && why.contains("--organization"), "{told:?} {why}");
    // Not one of ours: told where it would be put back.
    let (told, why, _) = verdict(CORRECTIVE, Some(&inside), "444455556666");
    assert!(told == Verdict::WouldTell && why.contains("not in the saved organisation"), "{told:?} {why}");
}

#[test]
fn a_tug_of_war_ends_in_messages() {
    let settings = format!("{CORRECTIVE}[limits]\nreversals = 3\nreversal-window = \"1h\"\n");
    let records: Vec<String> =
        (0..6).flat_map(|n| [open(&at(n * 4), &format!("o{n}")), close(&at(n * 4 + 2), &format!("c{n}"))]).collect();
    let (report, rows) = told(&settings, &records);
    let opened: Vec<_> = said(&rows).into_iter().filter(|(verdict, _)| *verdict != Verdict::Ignored).collect();
    assert_eq!(opened.iter().filter(|(verdict, _)| *verdict == Verdict::WouldCorrect).count(), 3, "{opened:?}");
    assert_eq!(opened.iter().filter(|(_, why)| why.contains("a tug of war")).count(), 3, "{opened:?}");
    let tug = report.tug_of_war.rows.iter().find(|row| row.control == SSH).unwrap();
    assert_eq!((tug.times, tug.by.len()), (3, 1));
    assert!(tug.by[0].contains("jane"));
    // With more time between there is none.
    let slow: Vec<String> = (0..6).map(|n| open(&format!("2025-07-1{n}T12:00:00Z"), &format!("o{n}"))).collect();
    assert_eq!(told(&settings, &slow).0.tug_of_war.total, 0);
}

/// Hours are full hours, and what an account's budget holds back is not asked of that of all accounts, as in the ledger.
#[test]
fn what_is_beyond_an_hours_budget_is_told() {
    let settings = format!("{CORRECTIVE}[limits]\ncorrections-per-hour = 2\ncorrections-per-hour-everywhere = 5\n");
    let opened = |account: &str, group: u32, time: &str| {
        let group = format!("sg-{group:017x}");
        rule("AuthorizeSecurityGroupIngress", &group, 22, time, &group).replace(ACCOUNT, account)
    };
    let hour = |records: &[String]| {
        let (report, _) = told(&settings, records);
        let rows = report.budgets.hours.rows.into_iter().filter(|row| row.control == SSH);
        rows.map(|row| (row.account, row.hour.to_string(), row.corrections, row.limit)).collect::<Vec<_>>()
    };
    let half = |group: u32, minute: u32| opened(ACCOUNT, group, &at(minute));
    assert_eq!(hour(&[half(1, 0), half(2, 59)]), []);
    let over = [half(1, 0), half(2, 59), half(3, 30), opened(ACCOUNT, 4, "2025-07-10T13:00:00Z")];
    let noon = || "2025-07-10T12:00:00Z".to_owned();
    assert_eq!(hour(&over), [(Some(ACCOUNT.to_owned()), noon(), 3, 2)]);
    // Three accounts with two each, one of them with four.
    let mut many: Vec<String> = (0..6).map(|n| opened(&format!("00000000000{}", n / 2), n, &at(n))).collect();
    assert_eq!(hour(&many[..4]), [], "four in two accounts");
    many.extend([7, 8].map(|n| opened("000000000000", n, &at(n))));
    assert_eq!(hour(&many), [(Some("000000000000".to_owned()), noon(), 4, 2), (None, noon(), 6, 5)]);
    let (report, _) = told(&settings, &many);
    let of_ssh = report.controls.iter().find(|row| row.control == SSH).unwrap();
    assert_eq!(of_ssh.counts.would_correct, 8, "they are counted where nothing is said of budgets");
    // What waits for its grace time is asked of the hour in which that is over.
    let late = format!("{settings}[control.{SSH}]\ngrace = \"5m\"\n");
    let waiting: Vec<String> = (1..=3).map(|group| half(group, 57)).collect();
    let rows = told(&late, &waiting).0.budgets.hours.rows;
    let row = rows.iter().find(|row| row.control == SSH).unwrap();
    assert_eq!((row.hour.to_string(), row.corrections), ("2025-07-10T13:00:00Z".to_owned(), 3));
}

#[test]
fn what_rectify_itself_did_is_not_fought() {
    let own = with(&open(&at(0), "a"), |record| {
        record.insert(
            "userIdentity".to_owned(),
            json!({"type": "AssumedRole", "accountId": ACCOUNT,
            "arn": format!("arn:aws:sts::{ACCOUNT}:assumed-role/rectify-undo/x"),
            "sessionContext": {"sessionIssuer": {"type": "Role", "accountId": ACCOUNT, "userName": "rectify-undo",
                "arn": format!("arn:aws:iam::{ACCOUNT}:role/rectify/rectify-undo")}}}),
        );
    });
    let (report, rows) = told(CORRECTIVE, &[own]);
    assert_eq!(report.verdicts.would_correct, 0, "{rows:?}");
}

#[test]
fn failed_calls_change_nothing() {
    let failed = with(&open(&at(0), "a"), |record| {
        record.insert("errorCode".to_owned(), json!("Client.UnauthorizedOperation"));
        record.insert("responseElements".to_owned(), json!(null));
    });
    let (report, rows) = told(CORRECTIVE, &[failed, read(1)]);
    assert_eq!((report.records.failed, report.records.watched, report.exposures.total), (1, 1, 0));
    assert!(rows.iter().all(|row| row.verdict == Verdict::Ignored), "{rows:?}");
    assert!(said(&rows)[0].1.contains("failed"));
    assert_eq!(report.cost.guards.iter().map(|guard| guard.invocations).sum::<u64>(), 0);
}

/// A month of many groups: every way to fold it says the same.
fn month() -> Vec<Item> {
    let mut files = Vec::new();
    for day in 1..=28 {
        let mut records = Vec::new();
        for group in 0..40 {
            let (group, hour) = (format!("sg-0a1b2c3d4e5f{group:05}"), group % 24);
            let name =
                if (day + hour) % 3 == 0 { "RevokeSecurityGroupIngress" } else { "AuthorizeSecurityGroupIngress" };
            let time = format!("2025-07-{day:02}T{hour:02}:00:00Z");
            let port = if day % 2 == 0 { 22 } else { 3389 };
            let account = format!("11112222{hour:04}");
            records.push(rule(name, &group, port, &time, &format!("{group}{day}")).replace(ACCOUNT, &account));
            let reads = if day % 2 == 0 { r#","readOnly":true"# } else { "" };
            records.push(crate::made::record("x.amazonaws.com", &format!("Frob{hour}"), &time, "x", reads));
        }
        files.push(file(&format!("{day}"), log(&records)));
    }
    files.push(file("empty", ""));
    files
}

#[test]
fn memory_and_threads_do_not_change_the_answer() {
    let settings = crate::made::settings(&grace("5m"));
    let answer = |threads: usize, held: usize| {
        let replay = rectify_replay::Replay::new(&settings, None, threads).unwrap().within(held, 4 << 20, 1 << 30);
        let report = replay.run(month().into_iter(), &rectify_replay::Progress::default(), None).unwrap();
        serde_json::to_string(&report).unwrap()
    };
    let one = answer(1, 32 << 20);
    assert!(one.contains("would_correct"));
    for (threads, held) in [(4, 32 << 20), (1, 0), (3, 200_000), (7, 50_000)] {
        assert!(answer(threads, held) == one, "{threads} threads, {held} bytes");
    }
}

#[test]
fn rows_are_what_is_counted() {
    let (report, rows) = run(&grace("5m"), None, 3, month().into_iter());
    let count = |holds: &dyn Fn(&Row) -> bool| rows.iter().filter(|row| holds(row)).count() as u64;
    assert!(rows.len() > 1_000);
    for verdict in Verdict::ALL {
        assert_eq!(count(&|row| row.verdict == verdict), report.verdicts.of(verdict), "{verdict:?}");
        for control in &report.controls {
            let of = |row: &Row| row.verdict == verdict && row.control == control.control;
            assert_eq!(count(&of), control.counts.of(verdict), "{} {verdict:?}", control.control);
        }
        for account in &report.accounts.rows {
            let of = |row: &Row| row.verdict == verdict && row.account == account.account;
            assert_eq!(count(&of), account.counts.of(verdict), "{}", account.account);
        }
        let days: u64 = report.days.rows.iter().map(|day| day.counts.of(verdict)).sum();
        assert_eq!(days, report.verdicts.of(verdict));
    }
}

/// A call with this request.
fn asked(source: &str, name: &str, minute: u32, request: &serde_json::Value) -> String {
    let id = format!("{name}-{minute}");
    record(source, name, &at(minute), &id, &format!(r#","readOnly":false,"requestParameters":{request}"#))
}

#[test]
fn a_resource_that_is_gone_exposes_nothing_any_more() {
    let deleted = asked("ec2.amazonaws.com", "DeleteSecurityGroup", 7, &json!({"groupId": GROUP}));
    let (report, _) = told(CORRECTIVE, &[open(&at(0), "a"), deleted]);
    let exposure = report.exposures.rows.iter().find(|exposure| exposure.control == SSH).unwrap();
    assert_eq!((exposure.closed, exposure.seconds), (Some(at(7).parse().unwrap()), 420));
    assert!(report.exposures.rows.iter().all(|exposure| exposure.closed.is_some()), "{:?}", report.exposures);
}

/// A policy stays public under a block; it lets nobody in.
const PUBLIC: &str = "s3-bucket-public-policy";

/// Gives everybody what is in a bucket.
fn published(bucket: &str, minute: u32) -> String {
    let policy = json!({"Version": "2012-10-17", "Statement": [{"Effect": "Allow", "Principal": "*",
        "Action": "s3:GetObject", "Resource": format!("arn:aws:s3:::{bucket}/*")}]});
    asked("s3.amazonaws.com", "PutBucketPolicy", minute, &json!({"bucketName": bucket, "bucketPolicy": policy}))
}

/// The block of a bucket or an account: public policies may be written, and have no effect.
fn block(of: &str, id: &str) -> serde_json::Value {
    json!({of: id, "PublicAccessBlockConfiguration": {"BlockPublicAcls": true,
        "IgnorePublicAcls": true, "BlockPublicPolicy": false, "RestrictPublicBuckets": true}})
}

#[test]
fn a_block_of_the_account_holds_for_its_buckets() {
    let of_account =
        |name: &str, minute: u32, block: &serde_json::Value| asked("s3.amazonaws.com", name, minute, block);
    let put = |minute| of_account("PutAccountPublicAccessBlock", minute, &block("accountId", ACCOUNT));
    let gone = |minute| of_account("DeleteAccountPublicAccessBlock", minute, &json!({"accountId": ACCOUNT}));
    let other = |record: &str, account: &str| record.replace(ACCOUNT, account);
    let mut records = vec![
        published("before", 0),
        published("again", 1),
        put(2),
        put(3),
        published("within", 4),
        other(&put(1), "444455556666"),
        other(&published("theirs", 5), "444455556666"),
        other(&published("elsewhere", 5), "777788889999"),
        gone(6),
        published("after", 7),
        with(&gone(8), |record| _ = record.insert("errorCode".to_owned(), json!("AccessDenied"))),
        put(9),
        published("again", 10),
        with(&gone(11), |record| _ = record.insert("errorCode".to_owned(), json!("AccessDenied"))),
        published("last", 12),
    ];
    let expected = BTreeMap::from([
        ("after", vec![Verdict::WouldCorrect]),
        ("again", vec![Verdict::WouldCorrect, Verdict::WouldTell]),
        ("before", vec![Verdict::WouldCorrect]),
        ("elsewhere", vec![Verdict::WouldCorrect]),
        ("last", vec![Verdict::WouldTell]),
        ("theirs", vec![Verdict::WouldTell]),
        ("within", vec![Verdict::WouldTell]),
    ]);
    // Some for every thread.
    records.extend((0..100).map(|number| published(&format!("many-{number}"), 13)));
    let stood = BTreeMap::from([("after", Some(120)), ("again", Some(60)), ("before", Some(120)), ("elsewhere", None)]);
    for _ in 0..2 {
        let (report, rows) = told(CORRECTIVE, &records);
        let mut all: BTreeMap<&str, Vec<Verdict>> = BTreeMap::new();
        for row in rows.iter().filter(|row| row.control == PUBLIC && row.event.ends_with("PutBucketPolicy")) {
            let neutralised = row.why.as_deref().is_some_and(|why| why.starts_with("neutralised by the account"));
            assert_eq!(neutralised, row.verdict == Verdict::WouldTell, "{row:?}");
            let bucket = row.resource.as_deref().unwrap().strip_prefix("arn:aws:s3:::").unwrap();
            all.entry(bucket).or_default().push(row.verdict);
        }
        let many = all.extract_if("many".."many.", |_, verdicts| *verdicts == [Verdict::WouldTell]);
        assert_eq!(many.count(), 100);
        assert_eq!(all, expected);
        let exposures = report.exposures.rows.iter().filter(|exposure| exposure.control == PUBLIC);
        let exposures: BTreeMap<_, _> =
            exposures.map(|one| (&one.resource["arn:aws:s3:::".len()..], one.closed.map(|_| one.seconds))).collect();
        assert_eq!(exposures, stood);
        records.reverse();
    }
}

#[test]
fn what_is_neutralised_is_not_exposed_any_more() {
    let opened = published("data", 0);
    let blocked = asked("s3.amazonaws.com", "PutBucketPublicAccessBlock", 9, &block("bucketName", "data"));
    let (report, rows) = told(CORRECTIVE, &[opened, blocked.clone()]);
    let exposure = report.exposures.rows.iter().find(|exposure| exposure.control == PUBLIC).unwrap();
    assert_eq!((exposure.closed, exposure.seconds), (Some(at(9).parse().unwrap()), 540));
    let last = rows.iter().rfind(|row| row.control == PUBLIC).unwrap();
    assert_eq!((last.verdict, last.why.as_deref()), (Verdict::Ignored, Some("it would have been put back before")));
    let (_, rows) = told(DETECTIVE, &[published("data", 0), blocked]);
    let last = rows.iter().rfind(|row| row.control == PUBLIC).unwrap();
    assert_eq!(last.verdict, Verdict::WouldTell, "{last:?}");
    assert!(last.why.as_deref().unwrap().contains("neutralised"), "{last:?}");
}

/// CloudTrail writes the API's date behind some names of CloudFront, some of the time.
#[test]
fn a_name_with_a_date_behind_it_is_the_same_call() {
    let of = |name: &str| {
        let (report, rows) =
            told(CORRECTIVE, &[asked("cloudfront.amazonaws.com", name, 0, &json!({"id": "E2QWRUHAPOMQZL"}))]);
        (report.records.watched, rows.into_iter().map(|row| (row.control, row.verdict, row.why)).collect::<Vec<_>>())
    };
    let plain = of("DisassociateDistributionWebACL");
    assert!(plain.0 == 1 && !plain.1.is_empty(), "{plain:?}");
    assert_eq!(of("DisassociateDistributionWebACL2020_05_31"), plain);
    assert_eq!(of("DisassociateDistributionWebACLs").0, 0);
}

/// What nobody watches is a gap when it changes something: as the record says, or by its name where an old one does not.
#[test]
fn gaps_are_calls_that_change_something() {
    let of = |name: &str, says: &str| {
        let record = record("ssm.amazonaws.com", name, &at(0), name, says);
        let (report, _) = told(CORRECTIVE, &[record]);
        report.unwatched.total == 1
    };
    assert!(of("PutParameter", r#","readOnly":false"#) && of("PutParameter", ""));
    assert!(!of("GetParameter", r#","readOnly":true"#) && !of("GetParameter", ""));
    assert!(of("GetCommandAndRunIt", r#","readOnly":false"#), "the record knows better than its name");
    assert!(!of("StartOfNothing", r#","readOnly":true"#), "the record knows better than its name");
}

//! What a guard would have left behind: a replay goes on from there, and not from what the log has.

use rectify_replay::{Report, Row, Verdict};
use serde_json::json;

use crate::made::{ACCOUNT, CORRECTIVE, DETECTIVE, GROUP, SSH, close, file, log, open, record, rule, run, with};

const OPENS: &str = "AuthorizeSecurityGroupIngress";

fn told(settings: &str, records: &[String]) -> (Report, Vec<Row>) {
    run(settings, None, 1, [file("log", log(records))].into_iter())
}

fn at(hour: u32, minute: u32) -> String {
    format!("2025-07-{:02}T{:02}:{minute:02}:00Z", 10 + hour / 24, hour % 24)
}

/// What is said of `control`, in the order of time.
fn said<'r>(rows: &'r [Row], control: &str) -> Vec<(Verdict, &'r str)> {
    let rows = rows.iter().filter(|row| row.control == control);
    rows.map(|row| (row.verdict, row.why.as_deref().unwrap_or_default())).collect()
}

/// A rule of the same group that breaks nothing.
fn harmless(hour: u32, id: &str) -> String {
    rule(OPENS, GROUP, 443, &at(hour, 0), id).replace("0.0.0.0/0", "10.0.0.0/8")
}

#[test]
fn what_was_put_back_is_not_put_back_again() {
    let records: Vec<String> = std::iter::once(open(&at(0, 0), "open"))
        .chain((1..9).map(|hour| harmless(hour, &format!("harmless-{hour}"))))
        .collect();
    let (report, rows) = told(CORRECTIVE, &records);
    let ssh = said(&rows, SSH);
    assert_eq!(ssh[0], (Verdict::WouldCorrect, ""));
    assert!(ssh[1..].iter().all(|said| *said == (Verdict::Ignored, "it would have been put back before")), "{ssh:?}");
    assert_eq!((ssh.len(), report.tug_of_war.total), (9, 0));
    // The log itself never closes it.
    let exposure = report.exposures.rows.iter().find(|exposure| exposure.control == SSH).unwrap();
    assert_eq!((exposure.closed, exposure.seconds, exposure.verdict), (None, 8 * 3_600, Verdict::WouldCorrect));
    // Who breaks it again is put back again.
    let (_, rows) = told(CORRECTIVE, &[records, vec![open(&at(20, 0), "again")]].concat());
    assert_eq!(said(&rows, SSH).last(), Some(&(Verdict::WouldCorrect, "")));
}

#[test]
fn the_same_is_told_once_a_day() {
    let hours = [1, 23, 24, 30];
    let mut records = vec![open(&at(0, 0), "open")];
    records.extend(hours.map(|hour| harmless(hour, &format!("h{hour}"))));
    let verdicts = |settings: &str, records: &[String]| {
        let (_, rows) = told(settings, records);
        said(&rows, SSH).into_iter().map(|(verdict, _)| verdict).collect::<Vec<_>>()
    };
    let (tell, silent) = (Verdict::WouldTell, Verdict::Ignored);
    assert_eq!(verdicts(DETECTIVE, &records), [tell, silent, silent, tell, silent]);
    let hourly = format!("{DETECTIVE}[messages]\nreminder = \"1h\"\n");
    assert_eq!(verdicts(&hourly, &records), [tell; 5]);
    // A new breach is told, and so is one that was over.
    records.insert(2, rule(OPENS, GROUP, 3_389, &at(2, 0), "rdp"));
    assert_eq!(verdicts(DETECTIVE, &records), [tell, silent, tell, silent, silent, tell]);
    let again = [open(&at(0, 0), "a"), close(&at(1, 0), "b"), open(&at(2, 0), "c")];
    assert_eq!(verdicts(DETECTIVE, &again), [tell, tell]);
}

#[test]
fn what_waits_is_put_back_as_it_stands_then() {
    // Another control would take the same rules away at once.
    let settings = format!(
        "{CORRECTIVE}[control.{SSH}]\ngrace = \"5m\"\n[control.sg-ingress-any-high-risk-port]\nmode = \"off\"\n"
    );
    let records = [
        open(&at(0, 0), "ssh"),
        rule(OPENS, GROUP, 3_389, &at(0, 2), "rdp"),
        close(&at(0, 4), "close"),
        harmless(1, "later"),
    ];
    let (_, rows) = told(&settings, &records);
    let of_ssh: Vec<&Row> = rows.iter().filter(|row| row.control == SSH).collect();
    let ids: Vec<&str> = of_ssh.iter().map(|row| row.event_id.as_deref().unwrap()).collect();
    assert_eq!(ids, ["rdp", "ssh", "later"], "one for each event");
    assert_eq!(of_ssh[0].why.as_deref(), Some("the grace time of an earlier change runs"));
    assert_eq!((of_ssh[1].verdict, of_ssh[1].why.as_deref()), (Verdict::WouldCorrect, Some("after its grace time")));
    let [change] = of_ssh[1].changes.as_slice() else { panic!("{:?}", of_ssh[1].changes) };
    assert!(change.contains("tcp 3389"), "{change}");
    assert_eq!(of_ssh[2].why.as_deref(), Some("it would have been put back before"));
}

/// CloudTrail's files are in no order, and its times have no fractions.
#[test]
fn what_makes_a_resource_comes_first_within_a_second() {
    let bucket = |name: &str, request: serde_json::Value| {
        let more = format!(r#","readOnly":false,"requestParameters":{request}"#);
        record("s3.amazonaws.com", name, &at(0, 0), name, &more)
    };
    let policy = json!({"Version": "2012-10-17", "Statement": [{"Effect": "Allow", "Principal": "*",
        "Action": "s3:GetObject", "Resource": "arn:aws:s3:::data/*"}]});
    let mut records = vec![
        bucket("PutBucketPolicy", json!({"bucketName": "data", "bucketPolicy": policy})),
        bucket("DeleteBucketPublicAccessBlock", json!({"bucketName": "data"})),
        bucket(
            "CreateBucket",
            json!({"bucketName": "data", "CreateBucketConfiguration": {"LocationConstraint": "eu-central-1"}}),
        ),
        harmless(5, "end"),
    ];
    for _ in 0..2 {
        let (report, _) = told(CORRECTIVE, &records);
        let exposure = report.exposures.rows.iter().find(|one| one.control == "s3-bucket-public-policy").unwrap();
        assert_eq!((exposure.closed, exposure.seconds), (None, 5 * 3_600));
        records.swap(0, 2);
    }
}

#[test]
fn what_came_twice_costs_once() {
    let invocations = |records: &[String]| {
        let (report, _) = told(CORRECTIVE, records);
        report.cost.guards.iter().map(|guard| (guard.kind, guard.invocations)).collect::<Vec<_>>()
    };
    let one = open(&at(0, 0), "a");
    let expected = invocations(std::slice::from_ref(&one));
    assert!(expected.len() > 1 && expected.iter().all(|(_, count)| *count == 1), "{expected:?}");
    assert_eq!(invocations(&[one.clone(), one.clone(), one]), expected);
}

/// CloudTrail gives the caller's account and the owner's a record each.
#[test]
fn a_call_on_another_accounts_resource_is_theirs() {
    let theirs = with(&open(&at(0, 0), "a"), |record| {
        let arn = format!("arn:aws:ec2:eu-central-1:{ACCOUNT}:security-group/{GROUP}");
        let resource = json!([{"ARN": arn, "accountId": "444455556666", "type": "AWS::EC2::SecurityGroup"}]);
        record.insert("resources".to_owned(), resource);
    });
    let (report, rows) = told(CORRECTIVE, std::slice::from_ref(&theirs));
    let ssh = said(&rows, SSH);
    assert!(ssh[0].0 == Verdict::Ignored && ssh[0].1.contains("another account"), "{ssh:?}");
    assert_eq!(report.exposures.total, 0);
    let ours = theirs.replace("444455556666", ACCOUNT);
    assert_eq!(said(&told(CORRECTIVE, &[ours]).1, SSH)[0].0, Verdict::WouldCorrect);
}

/// The breach is certain; what would be changed hangs on what stands beside it.
#[test]
fn a_correction_whose_plan_needs_more_than_the_log_has() {
    let acl = record(
        "s3.amazonaws.com",
        "PutBucketAcl",
        &at(0, 0),
        "acl",
        r#","readOnly":false,"requestParameters":{"bucketName":"data","x-amz-acl":"public-read","acl":""}"#,
    );
    let (_, rows) = told(CORRECTIVE, std::slice::from_ref(&acl));
    let row = rows.iter().find(|row| row.control == "s3-bucket-public-acl").unwrap();
    assert_eq!(row.verdict, Verdict::WouldCorrect, "{row:?}");
    assert!(row.changes.iter().any(|change| change.contains("public access block")), "{row:?}");
    let (_, rows) = told(DETECTIVE, &[acl]);
    assert_eq!(rows.iter().find(|row| row.control == "s3-bucket-public-acl").unwrap().verdict, Verdict::WouldTell);
    let ownership = record(
        "s3.amazonaws.com",
        "PutBucketOwnershipControls",
        &at(0, 0),
        "own",
        r#","readOnly":false,"requestParameters":{"bucketName":"data","OwnershipControls":{"Rule":{"ObjectOwnership":"ObjectWriter"}}}"#,
    );
    let corrective = format!("{CORRECTIVE}[control.s3-bucket-acl-enabled]\nmode = \"corrective\"\n");
    let (_, rows) = told(&corrective, &[ownership]);
    let row = rows.iter().find(|row| row.control == "s3-bucket-acl-enabled").unwrap();
    assert_eq!(row.verdict, Verdict::WouldTell, "{row:?}");
    assert!(row.why.as_deref().is_some_and(|why| why.starts_with("at least")), "{row:?}");
}

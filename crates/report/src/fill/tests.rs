use jiff::Timestamp;
use rectify_aws::{CorrectionId, Json, WriteAhead};
use rectify_controls::{AccountFacts, Control, Kind as _, Origin, Severity, s3_bucket::S3Bucket};

use super::*;

const SHOP: &str = "111122223333";
const LAB: &str = "444455556666";
const ACL: &str = "s3-bucket-public-acl";

fn at(text: &str) -> Timestamp {
    text.parse().unwrap()
}

fn key(account: &str, bucket: &str) -> ResourceKey {
    format!("resource#{account}#eu-central-1#arn:aws:s3:::{bucket}").parse().unwrap()
}

fn json(value: &serde_json::Value) -> Json {
    Json::of(value).unwrap()
}

fn by(principal: &str) -> serde_json::Value {
    serde_json::json!({"environment": "production", "principal": principal, "session": "jane", "tool": "Terraform 1.9.5"})
}

fn finding(account: &str, bucket: &str, outcome: &str) -> FindingRow {
    FindingRow {
        key: key(account, bucket),
        control: ACL.to_owned(),
        fingerprint: serde_json::from_value("0".repeat(64).into()).unwrap(),
        severity: Severity::Critical,
        summary: format!("the ACL of bucket `{bucket}` lets everyone list it"),
        evidence: Json::null(),
        status: "open".to_owned(),
        outcome: outcome.to_owned(),
        would: None,
        actor: Some(json(&by("arn:aws:iam::111122223333:role/deploy"))),
        event: String::new(),
        first_seen: at("2026-10-01T00:00:00Z"),
        last_seen: at("2026-11-27T10:00:00Z"),
        seen: 3,
        told_at: None,
        correction: None,
    }
}

fn correction(id: &str, account: &str, status: &str) -> (ResourceKey, CorrectionRow) {
    let story = serde_json::json!({
        "background": by("arn:aws:iam::111122223333:role/deploy"),
        "findings": [{"control": ACL, "severity": "high", "summary": "s", "evidence": []}],
        "undo": null,
    });
    let ahead = WriteAhead {
        id: CorrectionId::try_from(id.to_owned()).unwrap(),
        kind: "s3-bucket".to_owned(),
        controls: vec![ACL.to_owned()],
        fingerprints: Vec::new(),
        facts_before: Json::null(),
        plan: Json::null(),
        inverse: Json::null(),
        actor: json(&story),
        event: String::new(),
        request: String::new(),
        undoes: None,
    };
    let row = CorrectionRow {
        ahead,
        status: status.to_owned(),
        claimed_at: at("2026-11-26T10:00:00Z"),
        outcome: Some(json(&serde_json::json!({"done": [], "why": [[ACL, "access denied"], [ACL, null]]}))),
        proof: None,
        facts_after: None,
        closed_at: Some(at("2026-11-26T10:00:02Z")),
        undone_by: None,
        undone_at: None,
    };
    (key(account, "reports"), row)
}

fn facts(name: &str, owner: &str) -> AccountFacts {
    AccountFacts {
        name: Some(name.to_owned()),
        path: Vec::new(),
        tags: [("team".to_owned(), owner.to_owned())].into(),
        read_at: at("2026-11-28T00:00:00Z"),
    }
}

fn rows() -> Rows {
    Rows {
        now: at("2026-11-28T06:00:00Z"),
        open: vec![finding(SHOP, "data", "notified"), finding(LAB, "play", "withheld")],
        corrections: vec![correction("c-01m84000000000000a", SHOP, "corrected")],
        accounts: [(SHOP.parse().unwrap(), facts("Web shop", "web-team"))].into(),
        ..Rows::default()
    }
}

fn book() -> Vec<&'static Control> {
    S3Bucket::CONTROLS.iter().collect()
}

fn question<'a>(owner: Option<&'a str>, book: &'a [&'static Control]) -> Question<'a> {
    Question {
        title: "Report",
        from: at("2026-11-21T06:00:00Z"),
        to: at("2026-11-28T06:00:00Z"),
        owner,
        owner_tag: "team",
        book,
        settings: Some(&[]),
    }
}

#[test]
fn names_owners_and_stories_come_from_the_rows() {
    let book = book();
    let overview = overview(&question(None, &book), &rows());
    let open = &overview.open[0];
    assert_eq!(
        (open.resource.account_name.as_deref(), open.resource.owner.as_deref()),
        (Some("Web shop"), Some("web-team"))
    );
    assert_eq!(open.resource.environment.as_deref(), Some("production"));
    assert_eq!(
        open.actor.as_deref(),
        Some("arn:aws:iam::111122223333:role/deploy, session jane, with Terraform 1.9.5")
    );
    assert_eq!(open.control.title(), "Bucket ACL grants access to everyone");
    let correction = &overview.corrections[0];
    assert_eq!((correction.severity, correction.why.as_deref()), (Some(Severity::High), None));
    assert_eq!(overview.days.len(), 2, "{:?}", overview.days);
    assert!(overview.gaps.is_empty(), "{:?}", overview.gaps);
}

#[test]
fn for_one_owner_only_their_accounts_and_what_is_not_known_is_said() {
    let book = book();
    let overview = overview(&question(Some("web-team"), &book), &rows());
    let accounts: Vec<&str> = overview.open.iter().map(|finding| finding.resource.account.as_str()).collect();
    assert_eq!(accounts, [SHOP]);
    let gap = overview.gaps.join("; ");
    assert!(gap.starts_with("1 findings and corrections in 1 accounts whose owner nobody has written down"), "{gap}");
    assert!(gap.contains(LAB), "{gap}");
}

#[test]
fn what_is_cut_or_not_at_hand_or_strange_is_a_gap() {
    let book = book();
    let mut rows = rows();
    rows.cut = vec!["corrections"];
    rows.open[0].actor = Some(json(&serde_json::json!({"principal": 7})));
    rows.corrections[0].1.ahead.actor = json(&serde_json::json!({"findings": 7}));
    let gaps = overview(&Question { settings: None, ..question(None, &book) }, &rows).gaps;
    assert_eq!(
        gaps,
        [
            "of corrections only the newest 10000 were read",
            "exemptions of the settings file are not in here, only the ledger's",
            "in 2 rows another release wrote who did it and why in a form that this one does not read",
        ]
    );
}

#[test]
fn three_corrections_of_one_thing_are_a_tug_of_war_and_an_undo_is_none_of_them() {
    let book = book();
    let mut rows = rows();
    rows.corrections = vec![
        correction("c-01m84000000000000a", SHOP, "corrected"),
        correction("c-01m84000000000000b", SHOP, "corrected"),
        correction("u-01m84000000000000c", SHOP, "restored"),
    ];
    rows.corrections[2].1.ahead.undoes = Some(rows.corrections[0].1.ahead.id.clone());
    let told = overview(&question(None, &book), &rows);
    assert!(told.tugs.is_empty());
    assert_eq!((told.corrections.len(), told.undos.len()), (2, 1));
    rows.corrections.push(correction("c-01m84000000000000d", SHOP, "corrected"));
    let tugs = overview(&question(None, &book), &rows).tugs;
    assert_eq!(
        (tugs[0].times, tugs[0].by.as_slice()),
        (3, ["arn:aws:iam::111122223333:role/deploy with Terraform 1.9.5".to_owned()].as_slice())
    );
}

#[test]
fn a_failed_correction_says_why_and_its_finding_counts_once() {
    let book = book();
    let mut rows = rows();
    rows.corrections = vec![correction("c-01m84000000000000a", SHOP, "failed")];
    rows.open = vec![FindingRow {
        correction: Some(rows.corrections[0].1.ahead.id.clone()),
        ..finding(SHOP, "reports", "failed")
    }];
    let told = overview(&question(None, &book), &rows);
    assert_eq!(told.corrections[0].why.as_deref(), Some("access denied"));
    let counts: Vec<_> = told.days.iter().flat_map(|day| &day.outcomes).collect();
    assert_eq!(counts, [(&"failed".to_owned(), &1)]);
}

#[test]
fn exemptions_that_ended_are_left_out() {
    let book = book();
    let exemption = |until: &str, owner: &str| Exemption {
        origin: Origin::Line(4),
        control: "*".to_owned(),
        resource: "arn:aws:s3:::lab-*".to_owned(),
        account: None,
        organizational_unit: None,
        region: None,
        tags: BTreeMap::new(),
        owner: owner.to_owned(),
        reason: "r".to_owned(),
        ticket: "T-1".to_owned(),
        until: at(until),
    };
    let settings = [exemption("2026-11-28T06:00:00Z", "web-team"), exemption("2026-12-01T00:00:00Z", "web-team")];
    let ask = Question { settings: Some(&settings), ..question(None, &book) };
    assert_eq!(overview(&ask, &rows()).exemptions.len(), 1);
    assert_eq!(overview(&Question { owner: Some("web-team"), ..ask }, &rows()).exemptions.len(), 1);
    assert_eq!(overview(&Question { owner: Some("others"), ..ask }, &rows()).exemptions.len(), 0);
}

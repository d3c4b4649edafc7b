//! `rectify report` against a sandbox with the guard as it is deployed.

use std::path::PathBuf;

use rectify_sandbox::{Effect, Fault};
use serde_json::{Value, json};

use crate::stack::Desk;

/// What `rectify org refresh` would write about the sandbox's account.
async fn write_down_the_account(desk: &Desk) {
    let facts = json!({"name": "Web shop", "path": ["r-ab12"], "tags": {"owner": "web-team"}, "read_at": "2026-11-28T00:00:00Z"});
    let item = json!({"pk": {"S": "standing#123456789012"}, "sk": {"S": "account"}, "facts": {"S": facts.to_string()},
        "read_at": {"N": "1795824000000"}});
    let body = json!({"TableName": "rectify-ledger", "Item": item});
    let (status, answer) = desk.world.aws_json("dynamodb", "DynamoDB_20120810.PutItem", &body).await.unwrap();
    assert_eq!(status, 200, "{answer}");
}

/// The controls of a list, each with what `field` says of it.
fn controls<'a>(list: &'a Value, field: &str) -> Vec<(&'a str, &'a str)> {
    let rows = list.as_array().unwrap();
    let text = |row: &'a Value, pointer: &str| row.pointer(pointer).and_then(Value::as_str).unwrap();
    rows.iter().map(|row| (text(row, "/control/id"), text(row, &format!("/{field}")))).collect()
}

#[tokio::test(flavor = "multi_thread")]
async fn a_report_says_what_is_open_corrected_and_undone_and_whose_it_is() {
    let desk = Desk::new("report").await;
    let settings = PathBuf::from(env!("CARGO_TARGET_TMPDIR")).join("settings-report/settings.toml");
    let settings = ["--settings", settings.to_str().unwrap()];
    let empty = desk.run(&[&["report"][..], &settings].concat());
    assert_eq!((empty.code, empty.err.as_str()), (Some(0), ""), "{empty}");
    assert!(empty.out.contains("\nNothing is open.\nIn the period: nothing was corrected.\n"), "{empty}");

    write_down_the_account(&desk).await;
    desk.breach().await;
    let id = desk.json(&["history", "--control", "s3-bucket-public-policy"])[0]["id"].as_str().unwrap().to_owned();
    let undo = desk.json(&["undo", &id, "--reason", "a public report", "--for", "2h"]);
    desk.settle().await;

    let report = desk.json(&[&["report"][..], &settings].concat());
    assert_eq!(report["gaps"], json!([]));
    assert_eq!(controls(&report["open"], "outcome"), [("s3-bucket-block-public-access-off", "notified")], "{report:#}");
    let open = &report["open"][0];
    assert_eq!(open["resource"]["account_name"], "Web shop");
    assert_eq!(open["resource"]["owner"], "web-team");
    assert_eq!(open["resource"]["environment"], "production");
    let corrected = report["corrections"].as_array().unwrap();
    let policy = corrected.iter().find(|row| row["id"] == json!(id)).unwrap();
    assert_eq!((&policy["outcome"], &policy["undone_by"]), (&json!("corrected"), &undo["undo"]));
    assert_eq!(report["undos"][0]["reason"], "a public report");
    let held_off: Vec<&str> =
        report["exemptions"].as_array().unwrap().iter().map(|row| row["control"]["id"].as_str().unwrap()).collect();
    assert!(held_off.contains(&"s3-bucket-public-policy"), "the undo holds the control off: {report:#}");

    let text = desk.run(&[&["report", "--owner", "web-team"][..], &settings].concat());
    for part in
        ["reports - Web shop (123456789012), eu-central-1, production, owner web-team", "Undone (1)", "a public report"]
    {
        assert!(text.out.contains(part), "{part}: {text}");
    }
    let others = desk.run(&[&["report", "--owner", "data-team"][..], &settings].concat());
    assert!(others.out.contains("Nothing is open."), "{others}");
    let without = desk.run(&["report"]);
    assert!(without.out.contains("exemptions of the settings file are not in here"), "{without}");

    let page = PathBuf::from(env!("CARGO_TARGET_TMPDIR")).join("report.html");
    std::fs::write(&page, "before").unwrap();
    let written = desk.run(&[&["report", "--html", page.to_str().unwrap()][..], &settings].concat());
    assert_eq!((written.code, written.out.as_str()), (Some(0), ""), "{written}");
    assert!(written.err.starts_with("written to "), "{written}");
    let html = std::fs::read_to_string(&page).unwrap();
    assert!(html.starts_with("<!DOCTYPE html>") && html.contains("Web shop (123456789012)"), "{html}");

    // No half of a report: the page stays as it was, and one line says what is missing.
    let denied = Effect::Error { status: 400, code: "AccessDeniedException".to_owned() };
    desk.world.set_faults(vec![Fault {
        service: Some("dynamodb".to_owned()),
        operation: Some("BatchGetItem".to_owned()),
        function: Some("person".to_owned()),
        effect: denied,
        ..Fault::default()
    }]);
    let denied = desk.run(&[&["report", "--html", page.to_str().unwrap()][..], &settings].concat());
    assert_eq!((denied.code, denied.out.as_str()), (Some(11), ""), "{denied}");
    assert!(denied.err.contains("error: ") && denied.err.contains("dynamodb:BatchGetItem"), "{denied}");
    assert_eq!(std::fs::read_to_string(&page).unwrap(), html);
    desk.world.set_faults(Vec::new());
    let nowhere = desk.run(&[&["report", "--html", "/nowhere/report.html"][..], &settings].concat());
    assert!(nowhere.code == Some(10) && nowhere.err.contains("could not be written"), "{nowhere}");
    desk.world.shutdown().await;
}

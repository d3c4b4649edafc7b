use serde_json::Value;

use crate::harness::rectify;

#[test]
fn every_control_is_listed_and_can_be_read_in_full() {
    let list = rectify(&["controls"], b"");
    assert_eq!((list.code, list.err.as_str()), (Some(0), ""));
    let ids: Vec<&str> = list.out.lines().skip(1).map(|line| line.split_whitespace().next().unwrap()).collect();
    assert!(ids.contains(&"s3-bucket-public-acl"), "{list}");

    let json: Value = serde_json::from_str(&rectify(&["controls", "--output", "json"], b"").out).unwrap();
    let json = json.as_array().unwrap();
    assert_eq!(json.iter().map(|control| control["id"].as_str().unwrap()).collect::<Vec<_>>(), ids);

    for control in json {
        let id = control["id"].as_str().unwrap();
        let full = rectify(&["controls", id], b"");
        assert_eq!(full.code, Some(0));
        for text in ["title", "breach"] {
            let words = |text: &str| text.split_whitespace().collect::<Vec<_>>().join(" ");
            assert!(
                words(&full.out).contains(&words(control[text].as_str().unwrap())),
                "{id} says nothing about its {text}\n{full}"
            );
        }
        let alone: Value = serde_json::from_str(&rectify(&["controls", id, "--output", "json"], b"").out).unwrap();
        assert_eq!(&alone, control);
    }
}

#[test]
fn an_unknown_control_gets_a_suggestion() {
    let run = rectify(&["controls", "s3-bucket-public-acls"], b"");
    assert_eq!((run.code, run.out.as_str()), (Some(2), ""));
    assert_eq!(
        run.err,
        "error: no control `s3-bucket-public-acls`, did you mean `s3-bucket-public-acl`?\n  help: `rectify controls` lists them\n"
    );
    let run = rectify(&["controls", "zzz"], b"");
    assert!(run.err.starts_with("error: no control `zzz`\n"), "{run}");
}

const SETTINGS: &[u8] =
    b"[[environment]]\nname = \"production\"\naccounts = [\"111122223333\"]\nmode = \"corrective\"\n\n\
                          [[environment]]\nname = \"elsewhere\"\ndefault = true\nmode = \"detective\"\n\n\
                          [control.s3-bucket-logging-off]\nmode = \"off\"\n";

/// What a control does depends on where: each environment has its column.
#[test]
fn the_mode_of_each_environment_is_shown() {
    let list = rectify(&["controls", "--settings", "-"], SETTINGS);
    assert_eq!((list.code, list.err.as_str()), (Some(0), ""), "{list}");
    let line = |id: &str| {
        let line = list.out.lines().find(|line| line.split_whitespace().next() == Some(id)).unwrap();
        line.split_whitespace().take(5).map(str::to_owned).collect::<Vec<_>>()
    };
    assert_eq!(line("CONTROL"), ["CONTROL", "SEVERITY", "DEFAULT", "PRODUCTION", "ELSEWHERE"]);
    assert_eq!(line("s3-bucket-public-acl")[2..], ["correct", "corrective", "detective"]);
    assert_eq!(line("s3-bucket-versioning-off")[2..], ["guarded", "detective", "detective"], "nobody named it");
    assert_eq!(line("s3-bucket-logging-off")[2..], ["guarded", "off", "off"]);

    let full = rectify(&["controls", "s3-bucket-public-acl", "--settings", "-", "--output", "json"], SETTINGS);
    let full: Value = serde_json::from_str(&full.out).unwrap();
    assert_eq!(full["modes"], serde_json::json!({"production": "corrective", "elsewhere": "detective"}));

    let broken = rectify(&["controls", "--settings", "-"], b"[control.nothing]\n");
    assert_eq!((broken.code, broken.out.as_str()), (Some(2), ""), "{broken}");
}

#[test]
fn controls_can_be_listed_by_framework() {
    let all = rectify(&["controls", "--output", "json"], b"");
    let all: Vec<Value> = serde_json::from_str(&all.out).unwrap();
    let cis = rectify(&["controls", "--framework", "cis", "--output", "json"], b"");
    let cis: Vec<Value> = serde_json::from_str(&cis.out).unwrap();
    assert!(!cis.is_empty() && cis.len() < all.len());
    assert!(cis.iter().all(|control| control["frameworks"].to_string().contains("CIS")));

    let none = rectify(&["controls", "--framework", "iso"], b"");
    assert_eq!((none.code, none.out.as_str()), (Some(2), ""));
    assert!(none.err.starts_with("error: no control is mapped to a framework that is called `iso`"), "{none}");
    assert!(none.err.contains("NIST 800-53 r5"), "the help names those there are: {none}");
}

/// The coverage by event has exactly the events of the controls.
#[test]
fn the_events_are_those_of_the_controls() {
    let rows = rectify(&["controls", "--events", "--output", "json"], b"");
    let rows: Vec<Value> = serde_json::from_str(&rows.out).unwrap();
    let all = rectify(&["controls", "--output", "json"], b"");
    let all: Vec<Value> = serde_json::from_str(&all.out).unwrap();
    for control in &all {
        let here = rows.iter().filter(|row| row["controls"].as_array().unwrap().contains(&control["id"])).count();
        let (calls, notices) = (control["events"].as_array().unwrap(), control["notices"].as_array().unwrap());
        assert_eq!(here, calls.len() + notices.len(), "{}", control["id"]);
    }
    let text = rectify(&["controls", "--events"], b"");
    assert_eq!(text.out.lines().count(), rows.len() + 1, "{text}");
    assert!(text.out.contains("DeleteBucketPublicAccessBlock"), "{text}");
}

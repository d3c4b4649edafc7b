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

//! `rectify sweep` against a stack in the sandbox.

use serde_json::Value;

use crate::stack::Desk;

#[tokio::test(flavor = "multi_thread")]
async fn a_dry_run_finds_and_leaves_it_and_a_sweep_puts_it_back() {
    let desk = Desk::build("sweep", |builder| builder.every_guard()).await;
    desk.world.lose_events(true);
    desk.breach().await;
    desk.world.lose_events(false);
    assert!(desk.is_public(), "nobody was told of it");

    let dry = desk.run(&["sweep", "--dry-run"]);
    assert_eq!(dry.code, Some(3), "{dry}");
    assert!(dry.out.contains("WOULD BE") && dry.out.contains("arn:aws:s3:::reports"), "{dry}");
    assert!(dry.out.contains("nothing was changed, written down or told"), "{dry}");
    assert!(desk.is_public(), "a dry run changes nothing");

    let run = desk.run(&["sweep", "--control", "s3-bucket-public-policy", "--output", "json"]);
    assert_eq!(run.code, Some(0), "all that was found is put back: {run}");
    let swept: Value = serde_json::from_str(&run.out).unwrap();
    assert_eq!(swept["places"].as_array().unwrap().len(), 1, "the stack's own account and region");
    let findings = swept["places"][0]["findings"].as_array().unwrap();
    assert_eq!(findings.len(), 1, "only the control that was named: {swept:#}");
    assert_eq!(
        (findings[0]["outcome"].as_str(), findings[0]["control"].as_str()),
        (Some("corrected"), Some("s3-bucket-public-policy"))
    );
    assert!(!desk.is_public());

    let elsewhere = desk.run(&["sweep", "--account", "999999999999"]);
    assert_eq!(elsewhere.code, Some(11), "{elsewhere}");
    assert!(elsewhere.out.contains("not swept to its end") && elsewhere.out.contains("999999999999"), "{elsewhere}");
    assert_eq!(desk.run(&["sweep", "--control", "nothing"]).code, Some(2));
}

//! What a guard answers to whoever asks how it is: its status, the way into an account, and probe events, which anybody can
//! try to forge.

use rectify_controls::{Entry, Status, Way, settings_digest};
use rectify_e2e::{ACCOUNT, ALL_CORRECTIVE, Stage};
use rectify_sandbox::{Effect, Fault};
use serde_json::{Value, json};

const MEMBER: &str = "444455556666";

fn probe(account: &str, detail: &Value) -> Value {
    json!({
        "version": "0", "id": "e-1", "source": "rectify", "detail-type": "Probe", "account": account, "resources": [],
        "region": "eu-central-1", "time": "2026-11-28T05:00:00Z", "detail": detail,
    })
}

#[tokio::test(flavor = "multi_thread")]
async fn a_probe_leaves_one_row_and_a_forged_one_none() {
    let stage = Stage::build(ALL_CORRECTIVE, |builder| builder.every_guard()).await;
    let good = json!({"kind": "s3-bucket", "probe": "4f2a-1"});
    for _ in 0..2 {
        stage.world.publish(&probe(ACCOUNT, &good));
        stage.settle().await;
    }
    let rows = stage.ledger().await;
    assert_eq!(rows.len(), 1, "delivered twice is once: {rows:#?}");
    assert_eq!((&rows[0]["pk"], &rows[0]["sk"]), (&json!("probe#4f2a-1"), &json!("s3-bucket")));
    let (at, ttl) = (rows[0]["at"].as_i64().unwrap() / 1000, rows[0]["ttl"].as_i64().unwrap());
    assert_eq!(ttl - at, 3600, "{rows:#?}");

    // Also past the rule, which lets none of these through.
    for (account, detail, why) in [
        (MEMBER, good.clone(), "put by the account"),
        (ACCOUNT, json!({"kind": "kms-key", "probe": "4f2a-2"}), "no control of this kind"),
        (ACCOUNT, json!({"kind": "s3-bucket", "probe": "a#b"}), "letters, digits and hyphens"),
        (ACCOUNT, json!({"kind": "s3-bucket", "probe": "x".repeat(65)}), "letters, digits and hyphens"),
        (ACCOUNT, json!({"kind": "s3-bucket", "probe": ["4f2a-3"]}), "`kind` and `probe`"),
        (ACCOUNT, json!({"rectify": "tend"}), "`kind` and `probe`"),
    ] {
        let event = probe(account, &detail);
        let before = stage.world.invocations().len();
        if account != ACCOUNT {
            stage.world.publish(&event);
            stage.settle().await;
            assert_eq!(stage.world.invocations().len(), before, "the rule takes the hub account's only");
        }
        let answer = stage.order(&event).await;
        let ended = &answer["outcomes"][0];
        assert_eq!(ended["outcome"], "ignored", "{answer:#}");
        assert!(ended["why"].as_str().unwrap().contains(why), "`{why}`: {answer:#}");
    }
    assert_eq!(stage.ledger().await.len(), 1);
    assert!(stage.world.messages().is_empty() && stage.writes().is_empty());
    stage.close().await;
}

#[tokio::test(flavor = "multi_thread")]
async fn a_guard_says_which_settings_it_has_and_what_it_cannot_read() {
    let stage = Stage::build(ALL_CORRECTIVE, |builder| builder.every_guard()).await;
    let status = async || -> Status {
        let order = json!({"rectify": "status"});
        serde_json::from_value(stage.order(&order).await).unwrap()
    };
    let fine = status().await;
    assert_eq!((fine.kind.as_str(), fine.version.as_str()), ("s3-bucket", env!("CARGO_PKG_VERSION")));
    assert_eq!(fine.settings.as_deref(), Some(settings_digest(ALL_CORRECTIVE).as_str()));
    assert_eq!((fine.degraded, fine.ledger), (None, None));
    let denied = Effect::Error { status: 400, code: "AccessDeniedException".to_owned() };
    stage.faults(vec![Fault { service: Some("dynamodb".to_owned()), effect: denied, ..Fault::default() }]);
    let blind = status().await;
    assert!(blind.ledger.as_deref().unwrap().contains("AccessDenied"), "{blind:?}");
    stage.close().await;

    let stage = Stage::with_settings("nonsense = 1\n").await;
    let status: Status = serde_json::from_value(stage.order(&json!({"rectify": "status"})).await).unwrap();
    assert!(status.degraded.as_deref().unwrap().contains("nonsense"), "{status:?}");
    assert_eq!(status.settings.as_deref(), Some(settings_digest("nonsense = 1\n").as_str()));
    stage.close().await;
}

#[tokio::test(flavor = "multi_thread")]
async fn a_guard_is_at_home_in_its_own_account_and_says_why_it_is_not_let_into_another() {
    let stage = Stage::build(ALL_CORRECTIVE, |builder| builder.parameter("OrganizationId", "o-a1b2c3d4e5")).await;
    let enter = async |account: &str| -> Entry {
        let order = json!({"rectify": "enter", "account": account, "region": "eu-central-1", "write": true});
        serde_json::from_value(stage.order(&order).await).unwrap()
    };
    let home = enter(ACCOUNT).await;
    for way in [&home.read, home.write.as_ref().unwrap()] {
        assert!(matches!(way, Way::Open { arn } if arn.contains(ACCOUNT)), "{home:?}");
    }
    let refused = Effect::Error { status: 403, code: "AccessDenied".to_owned() };
    stage.faults(vec![Fault {
        service: Some("sts".to_owned()),
        operation: Some("AssumeRole".to_owned()),
        effect: refused,
        ..Fault::default()
    }]);
    let member = enter(MEMBER).await;
    let why = |way: &Way| match way {
        Way::Closed { why } => why.clone(),
        Way::Open { .. } => String::new(),
    };
    let role =
        |name: &str| format!("`arn:aws:iam::{MEMBER}:role/rectify/rectify-{name}`: sts:AssumeRole: AccessDenied");
    assert_eq!(why(&member.read), role("observe-s3-bucket"));
    assert_eq!(why(member.write.as_ref().unwrap()), role("correct-s3-bucket"));
    stage.close().await;
}

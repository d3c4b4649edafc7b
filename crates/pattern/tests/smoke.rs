//! The least that must hold.
use rectify_pattern::Pattern;
use serde_json::json;
#[test]
fn smoke() {
    let pattern =
        Pattern::from_value(&json!({"detail":{"eventName":["A",{"prefix":"Put"}],"errorCode":[{"exists":false}]}}))
            .unwrap();
    assert!(pattern.matches(&json!({"detail":{"eventName":"PutX"}})));
    assert!(!pattern.matches(&json!({"detail":{"eventName":"PutX","errorCode":"x"}})));
    assert!(!pattern.matches(&json!({"detail":{"eventName":"B"}})));
}

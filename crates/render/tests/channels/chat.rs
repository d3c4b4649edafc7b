//! Amazon Q Developer in chat applications.

use serde_json::Value;

use crate::{check_visible, sample, slack::check_markup};

#[track_caller]
pub(crate) fn check(body: &str) {
    // With the envelope of a publish it stays below SNS's 262,144 bytes, also as a JSON string in JSON.
    assert!(body.len() < 20_000, "{}", body.len());
    assert!(!body.contains(rectify_render::escape::is_hidden), "{body:?}");
    let body: Value = serde_json::from_str(body).unwrap();
    check_visible(&body);
    assert_eq!((body["version"].as_str(), body["source"].as_str()), (Some("1.0"), Some("custom")));
    let content = &body["content"];
    assert_eq!(content["textType"], "client-markdown");
    let title = content["title"].as_str().unwrap();
    assert!((1..=250).contains(&title.chars().count()), "{title}");
    let description = content["description"].as_str().unwrap();
    assert!((1..=3_000).contains(&description.chars().count()), "{}", description.chars().count());
    assert!(content["nextSteps"].as_array().unwrap().len() <= 10);
    crate::each_text(&body, &mut |text| {
        let bare: Vec<&str> = text.lines().filter(|line| !line.starts_with("https://")).collect();
        check_markup(&bare.join("\n"));
        for line in text.lines().filter(|line| line.contains("://")) {
            let line = line.replace("http://acs.amazonaws.com/groups/", "");
            let ours = [
                "https://eu-central-1.console.aws.amazon.com/s3/",
                "https://github.com/rectify-aws/rectify/blob/main/docs/",
            ];
            assert!(!line.contains("://") || ours.iter().any(|start| line.starts_with(start)), "{line}");
        }
    });
}

#[test]
fn a_notification_has_what_a_post_has_and_one_thread_for_each_finding() {
    for (name, message) in sample::all() {
        let mut body: Value = serde_json::from_str(&message.chat()).unwrap();
        assert_eq!(body["metadata"]["threadId"], message.finding.as_str());
        body.sort_all_objects();
        insta::assert_json_snapshot!(format!("chat_{name}"), body);
    }
}

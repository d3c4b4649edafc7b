use http::{HeaderMap, Uri};

use super::*;

fn call(slack: &Slack, path: &str, token: Option<&str>, body: &Value) -> SlackCall {
    let mut headers = HeaderMap::new();
    if let Some(token) = token {
        headers.insert(header::AUTHORIZATION, format!("Bearer {token}").parse().unwrap());
    }
    let uri: Uri = format!("{PATH}/{path}").parse().unwrap();
    let seen = Seen { method: Method::POST, uri, headers, body: body.to_string().into() };
    let answer = slack.answer(&seen);
    let last = slack.calls().pop().unwrap();
    assert_eq!(answer.status().as_u16(), last.status);
    last
}

fn section(length: usize) -> Value {
    json!({ "type": "section", "text": { "type": "mrkdwn", "text": "x".repeat(length) } })
}

#[test]
fn a_bot_has_threads_and_a_reaction_is_to_a_message() {
    let slack = Slack::default();
    let post = |body: Value| call(&slack, "chat.postMessage", Some("xoxb-1"), &body);
    let first = post(json!({ "channel": "C1", "text": "hello" }));
    let ts = first.ts.unwrap();
    let reply = post(json!({ "channel": "C1", "text": "again", "thread_ts": ts }));
    assert_eq!(reply.error, None);
    assert!(reply.ts.unwrap() > ts, "ids grow");
    assert_eq!(post(json!({ "channel": "C1", "text": "x", "thread_ts": "1.1" })).error.unwrap(), "thread_not_found");
    let react = |ts: &str| {
        let body = json!({ "channel": "C1", "timestamp": ts, "name": "white_check_mark" });
        call(&slack, "reactions.add", Some("xoxb-1"), &body).error
    };
    assert_eq!((react(&ts), react(&ts)), (None, Some("already_reacted".to_owned())));
    assert_eq!(react("1.1").unwrap(), "message_not_found");
    let hello = json!({ "channel": "C1", "text": "hello" });
    assert_eq!(call(&slack, "chat.postMessage", None, &hello).error.unwrap(), "not_authed");
    assert_eq!(call(&slack, "chat.postMessage", Some("xoxp-1"), &hello).error.unwrap(), "invalid_auth");
    assert_eq!(call(&slack, "chat.delete", Some("xoxb-1"), &hello).error.unwrap(), "unknown_method");
}

#[test]
fn what_slack_does_not_take_is_refused() {
    let slack = Slack::default();
    let webhook = |body: &Value| call(&slack, "services/T/B/x", None, body);
    let blocks = |blocks: Value| webhook(&json!({ "text": "x", "blocks": blocks }));
    assert_eq!(blocks(json!([section(3_000)])).error, None);
    assert_eq!((webhook(&json!({})).status, webhook(&json!({})).error.unwrap().as_str()), (400, "no_text"));
    assert_eq!(webhook(&json!("x")).error.unwrap(), "invalid_payload");
    for wrong in [
        json!(vec![section(1); 51]),
        json!([section(3_001)]),
        json!([section(0)]),
        json!([{ "type": "section" }]),
        json!([{ "type": "header", "text": { "type": "mrkdwn", "text": "x" } }]),
        json!([{ "type": "header", "text": { "type": "plain_text", "text": "x".repeat(151) } }]),
        json!([{ "type": "section", "fields": vec![json!({ "type": "mrkdwn", "text": "x" }); 11] }]),
        json!([{ "type": "context", "elements": [] }]),
        json!([{ "type": "actions", "elements": [{ "type": "button", "text": { "type": "plain_text", "text": "x".repeat(76) } }] }]),
        json!([{ "type": "video" }]),
    ] {
        let error = blocks(wrong.clone()).error.unwrap_or_default();
        assert!(error.starts_with("invalid_blocks"), "{error}: {wrong}");
    }
    assert_eq!(blocks(json!("none")).error.unwrap(), "invalid_blocks_format");
}

#[test]
fn a_planned_answer_is_given_once() {
    let slack = Slack::default();
    slack.plan([SlackAnswer::Busy(7), SlackAnswer::Status(500)]);
    let hello = json!({ "text": "hello" });
    let said: Vec<u16> = (0..3).map(|_| call(&slack, "services/T/B/x", None, &hello).status).collect();
    assert_eq!(said, [429, 500, 200]);
    let made = slack.calls().into_iter().filter(|call| call.ts.is_some()).count();
    assert_eq!(made, 1, "what was refused is no message");
}

use rectify_render::Message;

use crate::testing::{Server, config, message, post};

use super::*;

const TOKEN: &str = "xoxb-verysecret";

/// What the parameter says, then the rest.
fn with_token(mut answers: Vec<String>) -> Vec<String> {
    answers.insert(0, parameter(TOKEN));
    answers
}

fn parameter(value: &str) -> String {
    Server::answer(200, "", &json!({"Parameter": {"Value": value}}).to_string())
}

fn ok(ts: &str) -> String {
    Server::answer(200, "", &json!({"ok": true, "ts": ts}).to_string())
}

fn no(error: &str) -> String {
    Server::answer(200, "", &json!({"ok": false, "error": error}).to_string())
}

fn slack(server: &Server) -> Slack {
    let arn = "arn:aws:ssm:eu-west-1:111122223333:parameter/slack";
    let api = format!("{}/api", server.url);
    Slack::new(&config(&server.url), &Http::new(), arn, Some("C0123456789".to_owned()), api.into())
}

fn thread(closed: bool) -> Thread {
    Thread { root: Some("1.1".to_owned()), closed, first: None }
}

fn body(request: &str) -> Value {
    serde_json::from_str(request.split_once("\r\n\r\n").unwrap().1).unwrap()
}

#[tokio::test]
async fn the_first_message_begins_a_thread_in_the_channel() {
    let server = Server::start(with_token(vec![ok("1.1")])).await;
    let posted = slack(&server).post(&post("data", "notified"), None).await.unwrap();
    assert_eq!(posted.root.as_deref(), Some("1.1"));
    let asked = server.asked();
    assert!(asked[1].starts_with("POST /api/chat.postMessage "), "{}", asked[1]);
    assert!(asked[1].contains(&format!("authorization: Bearer {TOKEN}\r\n")), "{}", asked[1]);
    let body = body(&asked[1]);
    assert_eq!((&body["channel"], &body["unfurl_links"]), (&json!("C0123456789"), &json!(false)));
    assert_eq!(body["blocks"], message("data", "notified").slack()["blocks"]);
    assert_eq!(body.get("thread_ts"), None);
}

#[tokio::test]
async fn a_later_message_is_a_reply_and_the_last_one_marks_the_first() {
    let server = Server::start(with_token(vec![ok("1.2"), ok("1.3"), no("already_reacted")])).await;
    let slack = slack(&server);
    assert_eq!(slack.post(&post("data", "withheld"), Some(&thread(false))).await.unwrap(), Posted::default());
    assert_eq!(slack.post(&post("data", "resolved"), Some(&thread(false))).await.unwrap(), Posted::default());
    let asked = server.asked();
    assert_eq!(body(&asked[1])["thread_ts"], "1.1");
    assert_eq!(body(&asked[2])["thread_ts"], "1.1");
    assert!(asked[3].starts_with("POST /api/reactions.add "), "{}", asked[3]);
    assert_eq!(body(&asked[3]), json!({"channel": "C0123456789", "timestamp": "1.1", "name": "white_check_mark"}));
}

#[tokio::test]
async fn after_the_end_a_breach_begins_anew_and_an_undo_does_not() {
    let server = Server::start(with_token(vec![ok("2.1"), ok("2.2"), no("missing_scope")])).await;
    let slack = slack(&server);
    let again = slack.post(&post("data", "notified"), Some(&thread(true))).await.unwrap();
    assert_eq!(again.root.as_deref(), Some("2.1"));
    let undone: Message = {
        let mut message = message("data", "restored");
        message.undone = Some(rectify_render::Undo {
            by: "arn:aws:iam::111122223333:user/alice".to_owned(),
            reason: "needed".to_owned(),
            until: None,
            correction: "c-1".to_owned(),
        });
        message
    };
    slack.post(&Post::Finding(Box::new(undone)), Some(&thread(true))).await.unwrap();
    let asked = server.asked();
    assert_eq!(body(&asked[1]).get("thread_ts"), None);
    assert_eq!(body(&asked[2])["thread_ts"], "1.1");
}

#[tokio::test]
async fn a_thread_whose_first_message_was_deleted_begins_anew() {
    let server = Server::start(with_token(vec![no("thread_not_found"), ok("3.1")])).await;
    let posted = slack(&server).post(&post("data", "withheld"), Some(&thread(false))).await.unwrap();
    assert_eq!(posted.root.as_deref(), Some("3.1"));
}

#[tokio::test]
async fn a_webhook_gets_every_message_as_a_post_of_its_own() {
    let server = Server::with(Box::new(|request| {
        if request.contains("AmazonSSM.GetParameter") {
            let host = request.lines().find_map(|line| line.strip_prefix("host: ")).unwrap();
            return parameter(&format!("http://{host}/api/hooks/verysecret"));
        }
        Server::answer(200, "", "ok")
    }))
    .await;
    let posted = slack(&server).post(&post("data", "resolved"), Some(&thread(false))).await.unwrap();
    assert_eq!(posted, Posted::default());
    let asked = server.asked();
    assert_eq!(asked.len(), 2, "nothing is marked");
    assert!(asked[1].starts_with("POST /api/hooks/verysecret ") && !asked[1].contains("authorization"), "{}", asked[1]);
    assert_eq!(body(&asked[1]), message("data", "resolved").slack());
}

#[tokio::test]
async fn a_short_wait_is_waited_and_a_long_one_is_handed_back() {
    let busy = |seconds: &str| Server::answer(429, &format!("retry-after: {seconds}\r\n"), "");
    let server = Server::start(with_token(vec![busy("0"), busy("0"), ok("1.1"), busy("40"), ok("1.2")])).await;
    let slack = slack(&server);
    slack.post(&post("data", "notified"), None).await.unwrap();
    assert_eq!(slack.post(&post("logs", "notified"), None).await, Err(SlackError::Busy(Duration::from_secs(40))));
    let asked = server.asked().len();
    let Err(SlackError::Busy(left)) = slack.post(&post("site", "notified"), None).await else { panic!("still busy") };
    assert!(left <= Duration::from_secs(40) && left > Duration::from_secs(20), "{left:?}");
    assert_eq!(server.asked().len(), asked, "who is busy is not asked again");
    slack.begin();
    slack.post(&post("site", "notified"), None).await.unwrap();
}

#[tokio::test]
async fn short_waits_end_and_one_without_a_length_is_long() {
    let busy = Server::answer(429, "retry-after: 0\r\n", "");
    let server = Server::start(with_token(vec![busy.clone(), busy.clone(), busy])).await;
    assert_eq!(slack(&server).post(&post("data", "notified"), None).await, Err(SlackError::Busy(Duration::ZERO)));
    for header in ["", "retry-after: soon\r\n", "retry-after: -1\r\n"] {
        let server = Server::start(with_token(vec![Server::answer(429, header, "")])).await;
        let result = slack(&server).post(&post("data", "notified"), None).await;
        assert_eq!(result, Err(SlackError::Busy(UNSAID)), "{header}");
    }
}

#[tokio::test]
async fn a_key_that_was_changed_is_read_again_and_one_that_was_not_is_a_failure() {
    let server = Server::start(vec![parameter("xoxb-old"), no("invalid_auth"), parameter("xoxb-new"), ok("1.1")]).await;
    slack(&server).post(&post("data", "notified"), None).await.unwrap();
    assert!(server.asked()[3].contains("Bearer xoxb-new"));

    let server = Server::start(vec![parameter("xoxb-old"), no("token_revoked"), parameter("xoxb-old")]).await;
    let error = slack(&server).post(&post("data", "notified"), None).await.unwrap_err().to_string();
    assert_eq!(
        error,
        "Slack refused chat.postMessage: token_revoked; the token in the secret is not valid any more: put a new one into \
         the secret"
    );
}

#[tokio::test]
async fn every_refusal_has_a_next_step_and_no_secret() {
    for (answer, says) in [
        (no("channel_not_found"), "check the channel's id"),
        (no("invalid_blocks"), "report it"),
        (no("something_new"), "something_new; look the code up"),
        (no("is_archived"), "archived"),
        (no(&"x".repeat(100_000)), "look the code up"),
        (Server::answer(200, "", "<html>"), "no answer that is understood"),
        (Server::answer(200, "", ""), "no answer that is understood"),
        (Server::answer(503, "", "<html>"), "HTTP status 503"),
        (Server::answer(500, "", "rollup_error"), "Slack's own fault"),
        (Server::answer(302, "location: https://evil.example\r\n", ""), "HTTP status 302"),
    ] {
        let server = Server::start(with_token(vec![answer])).await;
        let error = slack(&server).post(&post("data", "notified"), None).await.unwrap_err();
        let text = format!("{error} {error:?}");
        assert!(text.contains(says), "{says}: {text}");
        assert!(!text.contains("verysecret") && text.len() < 1_000, "{text}");
    }
    let detail = json!({"ok": false, "error": "invalid_blocks", "response_metadata": {"messages": ["too \u{1b}long"]}});
    let server = Server::start(with_token(vec![Server::answer(200, "", &detail.to_string())])).await;
    let error = slack(&server).post(&post("data", "notified"), None).await.unwrap_err().to_string();
    assert!(error.contains("invalid_blocks (too") && !error.contains('\u{1b}'), "{error}");
}

#[tokio::test]
async fn nobody_there_is_told_without_the_address() {
    let server = Server::with(Box::new(|_| parameter("http://127.0.0.1:1/api/hooks/verysecret"))).await;
    let arn = "arn:aws:ssm:eu-west-1:111122223333:parameter/slack";
    let slack = Slack::new(&config(&server.url), &Http::new(), arn, None, "http://127.0.0.1:1/api".into());
    let error = slack.post(&post("data", "notified"), None).await.unwrap_err();
    assert!(matches!(error, SlackError::NoAnswer(_)), "{error:?}");
    assert!(!format!("{error} {error:?}").contains("verysecret"), "{error:?}");
}

#[tokio::test]
async fn a_bot_without_a_channel_says_so() {
    let server = Server::start(with_token(vec![])).await;
    let arn = "arn:aws:ssm:eu-west-1:111122223333:parameter/slack";
    let slack = Slack::new(&config(&server.url), &Http::new(), arn, None, format!("{}/api", server.url).into());
    assert_eq!(slack.post(&post("data", "notified"), None).await, Err(SlackError::NoChannel));
}

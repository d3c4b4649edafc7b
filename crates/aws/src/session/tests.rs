use aws_config::BehaviorVersion;
use aws_sdk_sts::operation::assume_role::{AssumeRoleError, AssumeRoleOutput};
use aws_smithy_mocks::{Rule, RuleMode, mock, mock_client};
use aws_smithy_types::{DateTime, error::ErrorMetadata};

use super::*;

const HUB: &str = "111122223333";
const MEMBER: &str = "444455556666";

fn place(account: &str, region: &str) -> Place {
    Place { account: AccountId::new(account).unwrap(), region: Region::new(region).unwrap() }
}

fn base() -> SdkConfig {
    SdkConfig::builder().behavior_version(BehaviorVersion::v2026_01_12()).build()
}

fn names() -> Names {
    Names { partition: "aws".into(), stack: "rectify".into(), hub: AccountId::new(HUB).unwrap() }
}

fn with(client: Client) -> Sessions {
    let mut sessions = Sessions::with_members(&base(), names(), "s3-bucket");
    sessions.members.as_mut().unwrap().client = client;
    sessions
}

fn answer(key: &str, lasts: Duration) -> AssumeRoleOutput {
    let until = DateTime::from(SystemTime::now() + lasts);
    let credentials = aws_sdk_sts::types::Credentials::builder();
    let credentials = credentials.access_key_id(key).secret_access_key("s").session_token("t").expiration(until);
    AssumeRoleOutput::builder().credentials(credentials.build().unwrap()).build()
}

fn hour(key: &'static str) -> Rule {
    mock!(Client::assume_role).then_output(move || answer(key, Duration::from_secs(3600)))
}

#[tokio::test]
async fn at_home_there_is_no_hop() {
    let sessions = with(mock_client!(aws_sdk_sts, RuleMode::MatchAny, &[] as &[&Rule]));
    let session = sessions.read(&place(HUB, "eu-west-1")).await.unwrap();
    assert_eq!(session.config.region().map(AsRef::as_ref), Some("eu-west-1"));
    assert_eq!((session.place.clone(), session.serial), (place(HUB, "eu-west-1"), 0));
    let reason = Reason { correction: "c-1", controls: &[] };
    assert_eq!(sessions.write(&place(HUB, "us-east-1"), reason).await.unwrap().serial, 0);
}

#[tokio::test]
async fn without_an_organisation_another_account_is_elsewhere() {
    let sessions = Sessions::new(&base(), AccountId::new(HUB).unwrap());
    let elsewhere = sessions.read(&place(MEMBER, "eu-west-1")).await.unwrap_err();
    assert_eq!(
        elsewhere.to_string(),
        "account `444455556666` is not covered by this deployment, which acts in `111122223333` only"
    );
    assert!(!sessions.covers(&place(MEMBER, "eu-west-1").account));
    assert!(elsewhere.into_failure().kind == FailureKind::Denied);
}

#[tokio::test]
async fn a_member_is_read_as_its_reading_role_with_the_external_id_and_kept() {
    let rule = mock!(Client::assume_role)
        .match_requests(|call| {
            call.role_arn() == Some("arn:aws:iam::444455556666:role/rectify/rectify-observe-s3-bucket")
                && call.external_id() == Some("rectify-111122223333")
                && call.role_session_name() == Some("rectify")
                && call.tags().is_empty()
        })
        .then_output(|| answer("AKIAREAD", Duration::from_secs(3600)));
    let sessions = with(mock_client!(aws_sdk_sts, [&rule]));
    let first = sessions.read(&place(MEMBER, "eu-west-1")).await.unwrap();
    let (here, there) = (place(MEMBER, "us-east-1"), place(MEMBER, "eu-west-1"));
    let (other, again) = futures::join!(sessions.read(&here), sessions.read(&there));
    assert_eq!((first.serial, other.unwrap().serial, again.unwrap().serial), (1, 1, 1));
    assert_eq!(rule.num_calls(), 1, "every region of an account shares its session");
    assert!(first.config.credentials_provider().is_some());
}

#[tokio::test]
async fn those_who_need_the_same_session_at_once_ask_once() {
    let rule = hour("AKIAREAD");
    let sessions = with(mock_client!(aws_sdk_sts, [&rule]));
    let place = place(MEMBER, "eu-west-1");
    let all = futures::future::join_all((0..20).map(|_| sessions.read(&place))).await;
    assert!(all.into_iter().all(|session| session.unwrap().serial == 1));
    assert_eq!(rule.num_calls(), 1);
}

#[tokio::test]
async fn a_session_near_its_end_is_made_again() {
    let short = mock!(Client::assume_role).then_output(|| answer("AKIASHORT", Duration::from_secs(15 * 60)));
    let sessions = with(mock_client!(aws_sdk_sts, RuleMode::MatchAny, [&short]));
    let place = place(MEMBER, "eu-west-1");
    let (first, second) = (sessions.read(&place).await.unwrap(), sessions.read(&place).await.unwrap());
    assert_ne!(first.serial, second.serial, "clients of the old credentials must not be taken for the new ones'");
    assert_eq!(short.num_calls(), 2);
}

#[tokio::test]
async fn a_writing_session_is_named_and_tagged_after_its_correction() {
    let rule = mock!(Client::assume_role)
        .match_requests(|call| {
            let tags: Vec<_> = call.tags().iter().map(|tag| (tag.key(), tag.value())).collect();
            call.role_arn() == Some("arn:aws:iam::444455556666:role/rectify/rectify-correct-s3-bucket")
                && call.role_session_name() == Some("c-01m83n8fx16ssvfw8g")
                && tags
                    == [
                        ("rectify:control", "s3-bucket-public-acl s3-bucket-public-policy"),
                        ("rectify:correction", "c-01m83n8fx16ssvfw8g"),
                    ]
        })
        .then_output(|| answer("AKIAWRITE", Duration::from_secs(3600)));
    let sessions = with(mock_client!(aws_sdk_sts, [&rule]));
    let controls = ["s3-bucket-public-acl".to_owned(), "s3-bucket-public-policy".to_owned()];
    let reason = Reason { correction: "c-01m83n8fx16ssvfw8g", controls: &controls };
    sessions.write(&place(MEMBER, "eu-west-1"), reason).await.unwrap();
    sessions.write(&place(MEMBER, "eu-west-1"), reason).await.unwrap();
    assert_eq!(rule.num_calls(), 1, "all changes of one correction share its session");
}

#[tokio::test]
async fn a_refusal_says_which_role_and_keeps_what_sts_said() {
    let rule = mock!(Client::assume_role).then_error(|| {
        AssumeRoleError::generic(ErrorMetadata::builder().code("AccessDenied").message("not authorized").build())
    });
    let sessions = with(mock_client!(aws_sdk_sts, RuleMode::MatchAny, [&rule]));
    let refused = sessions.read(&place(MEMBER, "eu-west-1")).await.unwrap_err();
    let text = refused.to_string();
    assert!(text.contains("444455556666") && text.contains("role/rectify/rectify-observe-s3-bucket"), "{text}");
    assert!(text.contains("AccessDenied"), "{text}");
    assert!(refused.is_refusal() && refused.help().contains("doctor"));
    assert_eq!(refused.into_failure().kind, FailureKind::Denied);
    // Nothing is remembered of a refusal: the role may be there in a minute.
    assert!(sessions.read(&place(MEMBER, "eu-west-1")).await.is_err());
    assert_eq!(rule.num_calls(), 2);
}

#[test]
fn tags_are_what_sts_takes() {
    assert_eq!(tag_value("s3-bucket-public-acl c_1"), "s3-bucket-public-acl c_1");
    assert_eq!(tag_value("a\"b\n<c>;{}"), "abc");
    assert_eq!(tag_value(&"x".repeat(999)).len(), 256);
}

#[test]
fn what_is_kept_is_kept_by_credentials_and_place_and_bounded() {
    let kept: PerSession<u64> = PerSession::default();
    let session = |serial| Session { place: place(MEMBER, "eu-west-1"), config: base(), serial };
    let region = Region::new("eu-west-1").unwrap();
    assert_eq!(kept.at(&session(0), &region, |_| 7), 7);
    assert_eq!(kept.at(&session(0), &region, |_| 8), 7);
    assert_eq!(kept.at(&session(1), &region, |_| 9), 9, "other credentials");
    assert_eq!(kept.at(&session(0), &Region::new("us-east-1").unwrap(), |_| 10), 10);
    for serial in 2..1_000 {
        kept.at(&session(serial), &region, |_| serial);
    }
    assert!(kept.kept.lock().unwrap().len() <= KEPT);
    assert_eq!(kept.at(&session(0), &region, |_| 11), 7, "the function's own stay");
}

//! One function per question.

use aws_sdk_iam::{Client, types::StatusType};
use rectify_aws::{AwsFailure, Ended, Reading, reading, refused, shaped};
use rectify_controls::{
    Fact, Tags,
    access_key::{KeyId, Owner, Status, UserName},
};

use crate::IAM;

const LAST_USED: &str = "GetAccessKeyLastUsed";

/// Most pages of one user's keys or tags: a user has two keys and fifty tags, and a list without an end is none.
const MOST_PAGES: usize = 20;

/// Whose the key is, and whether it works.
pub(crate) async fn owner(iam: &Client, id: &KeyId) -> Reading<Owner> {
    let user = match user(iam, id).await? {
        Fact::Known(Some(user)) => user,
        // It is there, and no user's. Whether it works is nothing that another account's role can ask.
        Fact::Known(None) => return Ok(Fact::Known(Owner { user: None, status: Status::Active })),
        Fact::Unreadable(why) => return Ok(Fact::Unreadable(why)),
        Fact::NotRead => return Ok(Fact::NotRead),
    };
    let mut marker: Option<String> = None;
    for _ in 0..MOST_PAGES {
        let call = iam.list_access_keys().user_name(user.as_str()).set_marker(marker.take());
        let page = match call.send().await {
            Ok(page) => page,
            Err(error) => return refused(AwsFailure::new(IAM, "ListAccessKeys", &error), None),
        };
        let mut keys = page.access_key_metadata().iter();
        if let Some(found) = keys.find(|key| key.access_key_id() == Some(id.key.as_str())) {
            let status = match found.status() {
                Some(StatusType::Active) => Ok(Status::Active),
                // `Expired` as well: it does not work, and nobody can activate it again.
                Some(StatusType::Inactive | StatusType::Expired) => Ok(Status::Inactive),
                _ => Err("a status that is not known".to_owned()),
            };
            return Ok(shaped("ListAccessKeys", status.map(|status| Owner { user: Some(user), status })));
        }
        marker = page.marker.filter(|_| page.is_truncated);
        if marker.is_none() {
            break;
        }
    }
    Err(Ended::Gone)
}

/// The user, as an event said it or as AWS says it; `None` is the root user.
async fn user(iam: &Client, id: &KeyId) -> Reading<Option<UserName>> {
    if let Some(user) = &id.user {
        return Ok(Fact::Known(Some(user.clone())));
    }
    let answer = iam.get_access_key_last_used().access_key_id(id.key.as_str()).send().await;
    reading(IAM, LAST_USED, answer, None, |answer| match answer.user_name.as_deref() {
        // As the credential report writes the root user, whose name no user can have.
        None | Some("" | "<root_account>" | "root") => Ok(None),
        Some(name) => UserName::new(name).map(Some),
    })
}

/// `ListUserTags` of whoever the key is of.
pub(crate) async fn tags(iam: &Client, id: &KeyId) -> Reading<Tags> {
    let user = match user(iam, id).await? {
        Fact::Known(Some(user)) => user,
        Fact::Known(None) => return Ok(Fact::Known(Tags::new())),
        Fact::Unreadable(why) => return Ok(Fact::Unreadable(why)),
        Fact::NotRead => return Ok(Fact::NotRead),
    };
    let (mut tags, mut marker) = (Tags::new(), None::<String>);
    for _ in 0..MOST_PAGES {
        let page = match iam.list_user_tags().user_name(user.as_str()).set_marker(marker.take()).send().await {
            Ok(page) => page,
            Err(error) => return refused(AwsFailure::new(IAM, "ListUserTags", &error), None),
        };
        tags.extend(page.tags.into_iter().map(|tag| (tag.key, tag.value)));
        marker = page.marker.filter(|_| page.is_truncated);
        if marker.is_none() {
            break;
        }
    }
    Ok(Fact::Known(tags))
}

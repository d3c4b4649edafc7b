//! Step 2: whether an event concerns this guard, and whose and where it is.

use rectify_controls::{AccountId, Ignored, Kind, Place, Region, Screen, Selection};
use rectify_event::Event;

/// What is to be looked at.
#[derive(Debug)]
pub(crate) struct Admitted<Id> {
    pub(crate) targets: Vec<Id>,
    pub(crate) selection: Selection,
    pub(crate) suspicious: bool,
    pub(crate) own_event: bool,
    pub(crate) place: Place,
}

/// Decides whether `event` concerns kind `K` in account `home`.
///
/// The account is the envelope's and nobody else's: the detail is what a caller in that account chose to send.
pub(crate) fn admit<K: Kind>(
    event: &Event<'_>,
    home: &AccountId,
    own_role: Option<&str>,
) -> Result<Admitted<K::Id>, Ignored> {
    let (targets, selection, suspicious) = match K::screen(event) {
        Screen::Ignore(why) => return Err(why),
        Screen::Look { targets, selection, suspicious } => (targets, selection, suspicious),
    };
    let place = place(event)?;
    if place.account != *home {
        return Err(Ignored::Elsewhere(format!("account {} is not the account this stack runs in", place.account)));
    }
    let issuer = event.record().and_then(|record| record.issuer_arn());
    let own_event = own_role.is_some() && issuer == own_role;
    Ok(Admitted { targets, selection, suspicious, own_event, place })
}

fn place(event: &Event<'_>) -> Result<Place, Ignored> {
    let envelope = &event.envelope;
    let elsewhere = |what: String| Ignored::Elsewhere(what);
    let account = envelope.account.as_deref().ok_or_else(|| elsewhere("the envelope names no account".to_owned()))?;
    let region = envelope.region.as_deref().ok_or_else(|| elsewhere("the envelope names no region".to_owned()))?;
    Ok(Place {
        account: AccountId::new(account).map_err(|error| elsewhere(error.to_string()))?,
        region: Region::new(region).map_err(|error| elsewhere(error.to_string()))?,
    })
}

#[cfg(test)]
mod tests {
    use rectify_controls::s3_bucket::S3Bucket;
    use serde_json::{Value, json};

    use super::*;

    const OWN: &str = "arn:aws:iam::111122223333:role/rectify/guard";

    fn event() -> Value {
        json!({
            "source": "aws.s3", "detail-type": "AWS API Call via CloudTrail", "account": "111122223333",
            "region": "eu-central-1", "detail": {"eventSource": "s3.amazonaws.com", "eventName": "PutBucketAcl",
            "requestParameters": {"bucketName": "data"},
            "userIdentity": {"type": "AssumedRole", "sessionContext": {"sessionIssuer": {"arn": OWN}}}},
        })
    }

    #[track_caller]
    fn refused(event: &Value, says: &str) {
        let text = event.to_string();
        let event = Event::parse(&text).unwrap();
        let home = AccountId::new("111122223333").unwrap();
        let why = admit::<S3Bucket>(&event, &home, None).unwrap_err().to_string();
        assert!(why.contains(says), "expected `{says}` in `{why}`");
    }

    #[test]
    fn an_event_of_ours_is_looked_at_and_our_own_role_is_recognised() {
        let text = event().to_string();
        let event = Event::parse(&text).unwrap();
        let home = AccountId::new("111122223333").unwrap();
        let admitted = admit::<S3Bucket>(&event, &home, Some(OWN)).unwrap();
        assert!(admitted.own_event);
        assert_eq!(admitted.selection, Selection::from(["s3-bucket-public-acl"]));
        assert_eq!(admitted.targets.len(), 1);
        assert!(!admit::<S3Bucket>(&event, &home, Some("arn:aws:iam::1:role/other")).unwrap().own_event);
        assert!(!admit::<S3Bucket>(&event, &home, None).unwrap().own_event, "no role known is not a match");
    }

    #[test]
    fn what_is_not_ours_is_left_alone_and_says_why() {
        let change = |path: &str, value: Value| {
            let mut changed = event();
            *changed.pointer_mut(path).unwrap() = value;
            changed
        };
        refused(&change("/account", json!("999999999999")), "999999999999 is not the account");
        refused(&change("/account", json!("me")), "twelve-digit");
        refused(&change("/account", Value::Null), "names no account");
        refused(&change("/region", json!("../../evil")), "region code");
        refused(&change("/region", Value::Null), "names no region");
        refused(&change("/detail/eventName", json!("GetBucketAcl")), "no control");
    }

    #[test]
    fn the_account_in_the_detail_is_never_believed() {
        let mut forged = event();
        forged["account"] = json!("999999999999");
        forged["detail"]["recipientAccountId"] = json!("111122223333");
        refused(&forged, "999999999999 is not the account");
    }
}

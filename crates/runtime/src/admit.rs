//! Step 2: whether an event concerns this guard, and whose and where it is.

use rectify_aws::Names;
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

/// Which accounts are ours, and as whom we write there.
#[derive(Debug, Clone, Copy)]
pub(crate) struct Ours<'a> {
    /// The account this runs in.
    pub(crate) home: &'a AccountId,
    /// The role that writes there, as an ARN.
    pub(crate) role: Option<&'a str>,
    /// How members are reached, in an organisation.
    pub(crate) members: Option<&'a Names>,
}

/// Decides whether `event` concerns kind `K` in an account of ours.
///
/// The account is the envelope's and nobody else's: the detail is what a caller in that account chose to send. Anybody in
/// the organisation can put events on the hub's bus, but not with the source of an AWS service: EventBridge refuses a source
/// that begins with `aws.` (EventBridge API reference, `PutEvents`), and sets the account itself.
pub(crate) fn admit<K: Kind>(event: &Event<'_>, ours: Ours<'_>) -> Result<Admitted<K::Id>, Ignored> {
    let source = event.envelope.source.as_ref();
    if !source.starts_with("aws.") {
        return Err(Ignored::Elsewhere(format!(
            "the source `{}` is no AWS service",
            rectify_render::escape::cut(source, 100)
        )));
    }
    let (targets, selection, suspicious) = match K::screen(event) {
        Screen::Ignore(why) => return Err(why),
        Screen::Look { targets, selection, suspicious } => (targets, selection, suspicious),
    };
    let place = place(event)?;
    if place.account != *ours.home && ours.members.is_none() {
        return Err(Ignored::Elsewhere(not_covered(&place.account)));
    }
    let issuer = event.record().and_then(|record| record.issuer_arn());
    let own_event = issuer.is_some_and(|issuer| {
        ours.role == Some(issuer)
            || ours.members.is_some_and(|names| names.correct_role(&place.account, K::KIND) == issuer)
    });
    Ok(Admitted { targets, selection, suspicious, own_event, place })
}

/// Why nothing is done in `account`.
pub(crate) fn not_covered(account: &AccountId) -> String {
    format!("account {account} is not the account this stack runs in")
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
    use rectify_aws::Names;
    use rectify_controls::s3_bucket::{S3Bucket, Target};
    use serde_json::{Value, json};

    use super::*;

    const OWN: &str = "arn:aws:iam::111122223333:role/rectify/guard";
    const MEMBER: &str = "444455556666";

    fn event() -> Value {
        json!({
            "source": "aws.s3", "detail-type": "AWS API Call via CloudTrail", "account": "111122223333",
            "region": "eu-central-1", "detail": {"eventSource": "s3.amazonaws.com", "eventName": "PutBucketAcl",
            "requestParameters": {"bucketName": "data"},
            "userIdentity": {"type": "AssumedRole", "sessionContext": {"sessionIssuer": {"arn": OWN}}}},
        })
    }

    fn changed(path: &str, value: Value) -> Value {
        let mut event = event();
        *event.pointer_mut(path).unwrap() = value;
        event
    }

    fn hub() -> AccountId {
        AccountId::new("111122223333").unwrap()
    }

    fn admitted(event: &Value, role: Option<&str>, members: Option<&Names>) -> Result<Admitted<Target>, Ignored> {
        let text = event.to_string();
        admit::<S3Bucket>(&Event::parse(&text).unwrap(), Ours { home: &hub(), role, members })
    }

    #[track_caller]
    fn refused(event: &Value, says: &str) {
        let why = admitted(event, None, None).unwrap_err().to_string();
        assert!(why.contains(says), "expected `{says}` in `{why}`");
    }

    #[test]
    fn an_event_of_ours_is_looked_at_and_our_own_role_is_recognised() {
        let of_ours = admitted(&event(), Some(OWN), None).unwrap();
        assert!(of_ours.own_event);
        assert_eq!(of_ours.selection, Selection::from(["s3-bucket-public-acl"]));
        assert_eq!(of_ours.targets.len(), 1);
        assert!(!admitted(&event(), Some("arn:aws:iam::1:role/other"), None).unwrap().own_event);
        assert!(!admitted(&event(), None, None).unwrap().own_event, "no role known is not a match");
    }

    #[test]
    fn what_is_not_ours_is_left_alone_and_says_why() {
        refused(&changed("/account", json!("999999999999")), "999999999999 is not the account");
        refused(&changed("/account", json!("me")), "twelve-digit");
        refused(&changed("/account", Value::Null), "names no account");
        refused(&changed("/region", json!("../../evil")), "region code");
        refused(&changed("/region", Value::Null), "names no region");
        refused(&changed("/detail/eventName", json!("GetBucketAcl")), "no control");
    }

    #[test]
    fn what_no_aws_service_sent_is_not_believed() {
        for source in [json!("my.app"), json!("rectify"), json!("AWS.s3"), json!("aws"), json!("")] {
            refused(&changed("/source", source), "no AWS service");
        }
    }

    #[test]
    fn the_account_in_the_detail_is_never_believed() {
        let mut forged = changed("/account", json!("999999999999"));
        forged["detail"]["recipientAccountId"] = json!("111122223333");
        refused(&forged, "999999999999 is not the account");
    }

    #[test]
    fn in_an_organisation_a_members_event_is_about_the_member() {
        let mut event = changed("/account", json!(MEMBER));
        event["detail"]["recipientAccountId"] = json!("111122223333");
        let own = "arn:aws:iam::444455556666:role/rectify/rectify-correct-s3-bucket";
        event["detail"]["userIdentity"]["sessionContext"]["sessionIssuer"]["arn"] = json!(own);
        let names = Names { partition: "aws".into(), stack: "rectify".into(), hub: hub() };
        let of_member = admitted(&event, Some(OWN), Some(&names)).unwrap();
        assert_eq!(of_member.place.account.as_str(), MEMBER);
        assert!(of_member.own_event, "our writing role in the member");

        // The same role's name in the event of another account is somebody else's.
        event["account"] = json!("777788889999");
        assert!(!admitted(&event, Some(OWN), Some(&names)).unwrap().own_event);
    }
}

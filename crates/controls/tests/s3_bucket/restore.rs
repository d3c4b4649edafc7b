//! What tells an undo whether it may be made, how far it has come, and that it is proven.

use jiff::Timestamp;
use proptest::prelude::*;
use rectify_controls::{
    AccountId, Arn, BucketName, Fact, Kind, Place, Progress, Region, Restored, Selection, differences, plan, progress,
    s3_bucket::*,
};
use serde_json::json;

use super::{all, world::*};

fn after(facts: &Facts, changes: &[Change]) -> Facts {
    let mut facts = facts.clone();
    for change in changes {
        S3Bucket::simulate(&mut facts, change);
    }
    facts
}

fn selection() -> impl Strategy<Value = Selection> {
    let controls: Vec<&'static str> = S3Bucket::CONTROLS.iter().map(|control| control.id).collect();
    prop::sample::subsequence(controls, 1..=S3Bucket::CONTROLS.len()).prop_map(|ids| ids.into_iter().collect())
}

/// A resource, what a plan for it is, and what it leaves.
struct Corrected {
    before: Facts,
    plan: Vec<Change>,
    left: Facts,
}

fn corrected(facts: &Facts, lost: &[Read], rules: &Rules, correct: &Selection) -> Corrected {
    let before = without(facts, lost, true);
    let plan = plan::<S3Bucket>(&before, rules, correct);
    let left = after(&before, &plan);
    Corrected { before, plan, left }
}

impl Corrected {
    fn progress(&self, now: &Facts) -> Vec<Progress> {
        self.plan.iter().map(|change| progress::<S3Bucket>(&self.before, now, &self.plan, change)).collect()
    }

    fn differing(&self, now: &Facts) -> Vec<String> {
        differences::<S3Bucket>(&self.before, &self.left, now, &self.plan).into_iter().map(|d| d.part).collect()
    }

    fn restored(&self, now: &Facts) -> Result<Restored, String> {
        Restored::from_second_look::<S3Bucket>(&self.before, now, &self.plan, Timestamp::UNIX_EPOCH, 1)
    }
}

/// A write of each part that nobody planned: neither what stood before nor what a correction leaves.
fn foreign() -> Vec<Change> {
    let odd = BlockFlags { restrict_public_buckets: true, ..BlockFlags::default() };
    let grant =
        Grant { grantee: Grantee::Email { address: "eve@example.com".to_owned() }, permission: "READ".to_owned() };
    let acl = Acl { owner_id: Some(OWNER.to_owned()), owner_name: Some("eve".to_owned()), grants: vec![grant] };
    let policy = r#"{"Version":"2012-10-17","Id":"eve","Statement":[]}"#.to_owned();
    let website = Website { index: Some("eve.html".to_owned()), error: None, redirect_all: None, routing: Vec::new() };
    let logging =
        Logging { bucket: "eve-logs".to_owned(), prefix: String::new(), key_format: None, grants: Vec::new() };
    vec![
        Change::PutBlock(odd),
        Change::PutAcl(acl),
        Change::PutPolicy(policy.clone()),
        Change::PutOwnership(ObjectOwnership::BucketOwnerPreferred),
        Change::PutEncryption(Encryption {
            algorithm: "aws:kms".to_owned(),
            key: Some("eve".to_owned()),
            bucket_key: None,
        }),
        Change::PutWebsite(website),
        Change::PutLogging(Some(logging)),
        Change::PutVersioning(VersioningStatus::Suspended),
        Change::PutAccountBlock(odd),
        Change::PutAccessPointPolicy(policy),
    ]
}

proptest! {
    #![proptest_config(ProptestConfig { cases: 400, ..ProptestConfig::default() })]

    /// After a crash between any two changes, each is known to be done or still open.
    #[test]
    fn progress_is_told_after_a_crash_anywhere(facts in target(), lost in lost(), rules in rules(), correct in selection()) {
        let case = corrected(&facts, &lost, &rules, &correct);
        for done in 0..=case.plan.len() {
            let now = after(&case.before, &case.plan[..done]);
            for (at, (change, progress)) in case.plan.iter().zip(case.progress(&now)).enumerate() {
                // Versioning that was never on is written as `Suspended` by an undo only; no plan changes a part to itself.
                let expected = if at < done { Progress::Done } else { Progress::Open };
                prop_assert_eq!(progress, expected, "{} after {} of {:?}", change, done, case.plan);
            }
        }
    }

    /// The undo of a plan, taken as a plan of its own, is told in the same way: it crashes too.
    #[test]
    fn progress_of_an_undo_is_told_as_well(facts in target(), lost in lost(), rules in rules(), correct in selection()) {
        let case = corrected(&facts, &lost, &rules, &correct);
        let undo = S3Bucket::undo(&case.before, &case.plan).unwrap();
        for done in 0..=undo.len() {
            let now = after(&case.left, &undo[..done]);
            for (at, change) in undo.iter().enumerate() {
                // A block is written twice where a flag would refuse what comes between.
                let stands = undo[..done].iter().rposition(|other| S3Bucket::slot(other) == S3Bucket::slot(change));
                let expected = if stands == Some(at) { Progress::Done } else { Progress::Open };
                let seen = progress::<S3Bucket>(&case.left, &now, &undo, change);
                prop_assert_eq!(seen, expected, "{} after {} of {:?}", change, done, undo);
            }
        }
    }

    /// Nobody has touched what was corrected until somebody has, and then it is that part which is shown.
    #[test]
    fn differences_are_the_planned_parts_that_others_wrote(
        facts in target(), lost in lost(), rules in rules(), correct in selection(),
    ) {
        let case = corrected(&facts, &lost, &rules, &correct);
        prop_assert_eq!(case.differing(&case.left), Vec::<String>::new());
        for theirs in foreign() {
            if S3Bucket::inverse(&case.left, &theirs).is_none() {
                continue; // of another kind of target, or not readable
            }
            let slot = S3Bucket::slot(&theirs);
            let now = after(&case.left, std::slice::from_ref(&theirs));
            let planned = case.plan.iter().any(|change| S3Bucket::slot(change) == slot);
            let changed = S3Bucket::inverse(&case.left, &theirs) != Some(theirs.clone());
            let expected = if planned && changed { vec![slot.to_owned()] } else { vec![] };
            prop_assert_eq!(case.differing(&now), expected, "{}", theirs);
            if planned && changed {
                let at = case.plan.iter().position(|change| S3Bucket::slot(change) == slot).unwrap();
                let was = S3Bucket::inverse(&case.before, &theirs) == Some(theirs.clone());
                prop_assert_eq!(case.progress(&now)[at], if was { Progress::Open } else { Progress::Foreign });
            }
        }
    }

    /// What cannot be read any more may have been changed by anybody.
    #[test]
    fn an_unreadable_part_differs(facts in target(), rules in rules(), correct in selection(), refused: bool) {
        let case = corrected(&facts, &[], &rules, &correct);
        let blind = without(&case.left, Read::ALL, refused);
        let slots: Vec<String> = case.plan.iter().map(|change| S3Bucket::slot(change).to_owned()).collect();
        prop_assert_eq!(case.differing(&blind), slots);
        prop_assert!(case.progress(&blind).iter().all(|progress| *progress == Progress::Foreign));
        prop_assert_eq!(case.restored(&blind).is_ok(), case.plan.is_empty());
    }

    /// `Restored` is proven by what stands, not by what was written.
    #[test]
    fn restored_only_after_the_whole_undo(facts in target(), lost in lost(), rules in rules(), correct in selection()) {
        let case = corrected(&facts, &lost, &rules, &correct);
        let undo = S3Bucket::undo(&case.before, &case.plan).unwrap();
        for done in 0..=undo.len() {
            let now = after(&case.left, &undo[..done]);
            let missing: Vec<&str> = undo[done..].iter().map(S3Bucket::slot).collect();
            match case.restored(&now) {
                Ok(_) => prop_assert!(missing.is_empty(), "{missing:?} were not put back"),
                Err(why) => {
                    prop_assert!(!missing.is_empty(), "{why}");
                    prop_assert!(missing.iter().all(|slot| why.contains(slot)), "{why}, not {missing:?}");
                }
            }
        }
    }

    /// … and an undo that is undone leads back to what the correction left.
    #[test]
    fn an_undo_can_be_undone(facts in target(), lost in lost(), rules in rules(), correct in selection()) {
        let case = corrected(&facts, &lost, &rules, &correct);
        let undo = S3Bucket::undo(&case.before, &case.plan).unwrap();
        let undone = after(&case.left, &undo);
        let again = S3Bucket::undo(&case.left, &undo).unwrap();
        let back = after(&undone, &again);
        prop_assert!(Restored::from_second_look::<S3Bucket>(&case.left, &back, &undo, Timestamp::UNIX_EPOCH, 1).is_ok());
        prop_assert_eq!(case.differing(&back), Vec::<String>::new());
    }
}

#[test]
fn a_difference_shows_all_three_states() {
    let before = super::facts("bucket", &json!({"website": {"known": website("index.html")}}));
    let left = after(&before, &[Change::DeleteWebsite]);
    let theirs: Website = serde_json::from_value(website("other.html")).unwrap();
    let now = after(&left, &[Change::PutWebsite(theirs)]);
    let differences = differences::<S3Bucket>(&before, &left, &now, &[Change::DeleteWebsite]);
    let [difference] = &*differences else { panic!("{differences:?}") };
    assert_eq!((&*difference.part, &*difference.left), ("website", "\"delete_website\""));
    assert!(difference.stands.contains("other.html") && difference.restored.contains("index.html"), "{difference:?}");
    let blind = without(&now, &[Read::Website], true);
    let unreadable = rectify_controls::differences::<S3Bucket>(&before, &left, &blind, &[Change::DeleteWebsite]);
    assert_eq!(unreadable[0].stands, "not readable");
}

fn website(index: &str) -> serde_json::Value {
    json!({"index": index, "error": null, "redirect_all": null, "routing": []})
}

/// Two looks that both saw nothing do not agree about anything.
#[test]
fn what_was_never_readable_proves_nothing() {
    let blind = without(&super::facts("bucket", &json!({})), Read::ALL, true);
    for change in every_change() {
        let plan = [change.clone()];
        assert_eq!(progress::<S3Bucket>(&blind, &blind, &[], &change), Progress::Foreign, "{change}");
        assert_eq!(differences::<S3Bucket>(&blind, &blind, &blind, &plan).len(), 1, "{change}");
        let restored = Restored::from_second_look::<S3Bucket>(&blind, &blind, &plan, Timestamp::UNIX_EPOCH, 1);
        assert_eq!(restored, Err(format!("not as before: {}", S3Bucket::slot(&change))));
    }
}

/// AWS cannot forget that versioning was on: to have suspended it is as near as an undo comes, and counts.
#[test]
fn versioning_that_was_never_on_is_restored_by_suspending_it() {
    let before = super::facts("bucket", &json!({"versioning": {"known": {"status": null, "mfa_delete": false}}}));
    let plan = [Change::PutVersioning(VersioningStatus::Enabled)];
    let left = after(&before, &plan);
    let restored = |now: &Facts| Restored::from_second_look::<S3Bucket>(&before, now, &plan, Timestamp::UNIX_EPOCH, 1);
    assert!(restored(&left).is_err());
    let now = after(&left, &S3Bucket::undo(&before, &plan).unwrap());
    let proof = restored(&now).unwrap();
    assert_eq!(proof.at(), Timestamp::UNIX_EPOCH);
    assert_eq!(proof.to_string(), "read again at 1970-01-01T00:00:00.000Z and found as it stood before (look 1)");
}

/// An empty block, which switches nothing on, is not the same as none: an undo puts back the one that stood.
#[test]
fn an_empty_block_is_not_no_block() {
    for (stood, back) in
        [(json!(null), Change::DeleteBlock), (json!(BlockFlags::default()), Change::PutBlock(BlockFlags::default()))]
    {
        let before = super::facts("bucket", &json!({"block": {"known": stood}}));
        let case = corrected(&before, &[], &Rules::default(), &super::one("s3-bucket-block-public-access-off"));
        assert_eq!(S3Bucket::undo(&case.before, &case.plan).unwrap(), [back]);
        let other = if stood.is_null() { Change::PutBlock(BlockFlags::default()) } else { Change::DeleteBlock };
        assert!(case.restored(&after(&case.left, &[other])).is_err());
    }
}

fn places() -> impl Strategy<Value = Place> {
    let regions = vec!["eu-central-1", "us-east-1", "cn-north-1", "us-gov-west-1"];
    (prop::sample::select(regions), prop::sample::select(vec!["111122223333", "000000000000"])).prop_map(
        |(region, account)| Place { account: AccountId::new(account).unwrap(), region: Region::new(region).unwrap() },
    )
}

fn targets(place: &Place) -> impl Strategy<Value = Target> + use<> {
    let account = place.account.clone();
    prop_oneof![
        "[A-Za-z0-9_-][A-Za-z0-9._-]{2,80}".prop_map(|name| Target::Bucket(BucketName::new(name).unwrap())),
        "[a-z0-9][a-z0-9-]{1,48}[a-z0-9]".prop_map(|name| Target::AccessPoint(AccessPointName::new(name).unwrap())),
        Just(Target::Account(account)),
        Just(Target::Bucket(BucketName::new("public-access-block").unwrap())),
    ]
}

proptest! {
    #[test]
    fn an_arn_leads_back_to_its_target((place, target) in places().prop_flat_map(|place| (Just(place.clone()), targets(&place)))) {
        let arn = S3Bucket::arn(&target, &place);
        prop_assert_eq!(S3Bucket::id(&arn, &place), Some(target.clone()), "{}", arn);
        let home = S3Bucket::home(&target, &place);
        prop_assert_eq!(S3Bucket::id(&S3Bucket::arn(&target, &home), &home), Some(target.clone()), "at home");
        // One character more is the ARN of something else, or of nothing.
        for other in [format!("{arn}x"), format!("x{arn}"), format!("{arn}:"), format!("{arn}/"), format!(" {arn}"), format!("{arn}\n")] {
            let other = S3Bucket::id(&Arn::from_parts(other), &place);
            prop_assert_ne!(other, Some(target.clone()));
        }
    }

    /// Whatever is understood is exactly what it was made of.
    #[test]
    fn no_text_is_two_arns(text in "(arn:aws:s3:)?[:a-z0-9/.*-]{0,60}", place in places()) {
        let arn = Arn::from_parts(text);
        if let Some(target) = S3Bucket::id(&arn, &place) {
            prop_assert_eq!(S3Bucket::arn(&target, &place), arn);
        }
    }
}

#[test]
fn foreign_arns_are_nobodys() {
    let place = place();
    let long = "x".repeat(10_000);
    for text in [
        "",
        ":",
        ":::",
        ":::::",
        "arn",
        "example-data",
        "s3:::example-data",
        "arn:aws:s3:::",
        "arn:aws:s3:::..",
        "arn:aws:s3:::../x",
        "arn:aws:s3:::a",
        "arn:aws:s3:::*",
        "arn:aws:s3:::example-*",
        "arn:aws:s3:::example-data/key",
        "arn:aws:s3:::example-data/*",
        "arn:aws:s3:::example data",
        "arn:aws:s3:::example-data\0",
        "arn:aws:s3:::exämple",
        "ARN:aws:s3:::example-data",
        "arn:aws-cn:s3:::example-data",
        "arn:aws-us-gov:s3:::example-data",
        "arn::s3:::example-data",
        "arn:aws:sqs:::example-data",
        "arn:aws:s3:eu-central-1::example-data",
        "arn:aws:s3::111122223333:example-data",
        "arn:aws:s3-outposts:::example-data",
        "arn:aws:s3::999988887777:public-access-block",
        "arn:aws:s3:eu-central-1:111122223333:public-access-block",
        "arn:aws:s3:eu-central-1:999988887777:accesspoint/example-reports",
        "arn:aws:s3:eu-west-1:111122223333:accesspoint/example-reports",
        "arn:aws:s3:eu-central-1:111122223333:accesspoint/",
        "arn:aws:s3:eu-central-1:111122223333:accesspoint/a",
        "arn:aws:s3:eu-central-1:111122223333:accesspoint/Example",
        "arn:aws:s3:eu-central-1:111122223333:accesspoint/example-reports/object/key",
        "arn:aws:s3:eu-central-1:111122223333:accesspoint:example-reports",
        "arn:aws:s3:::accesspoint/example-reports",
        "arn:aws:s3-object-lambda:eu-central-1:111122223333:accesspoint/example-reports",
        "arn:aws:lambda:eu-central-1:111122223333:function:example-data",
        &long,
        &format!("arn:aws:s3:::{long}"),
        &":".repeat(10_000),
    ] {
        assert_eq!(S3Bucket::id(&Arn::from_parts(text.to_owned()), &place), None, "{}", text.get(..80).unwrap_or(text));
    }
}

/// The proof is about the planned parts alone: what else happens to the resource concerns nobody.
#[test]
fn other_parts_are_nobodys_business() {
    let before = super::facts("bucket", &json!({"block": {"known": null}}));
    let case = corrected(&before, &[], &Rules::default(), &super::one("s3-bucket-block-public-access-off"));
    assert_eq!(case.plan.len(), 1);
    let mut now = case.before.clone();
    for theirs in foreign().into_iter().filter(|change| S3Bucket::slot(change) != "public-access-block") {
        S3Bucket::simulate(&mut now, &theirs);
    }
    if let Facts::Bucket(facts) = &mut now {
        facts.tags = Fact::NotRead;
    }
    assert!(case.restored(&now).is_ok() && case.progress(&now) == [Progress::Open]);
    let plan_of_all = plan::<S3Bucket>(&now, &Rules::default(), &all());
    assert!(!plan_of_all.is_empty(), "the others did break something");
}

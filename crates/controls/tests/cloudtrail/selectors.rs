//! Comparing what is logged.

use std::collections::BTreeSet;

use rectify_controls::{Fact, Kind, Selection, cloudtrail::*};

use super::world::*;

fn data(kind: &str, fields: Vec<FieldSelector>) -> AdvancedSelector {
    let mut all = vec![field("eventCategory", &["Data"]), field("resources.type", &[kind])];
    all.extend(fields);
    advanced(all)
}

fn of(selectors: Vec<AdvancedSelector>) -> Selectors {
    Selectors::Advanced(selectors)
}

const S3: &str = "AWS::S3::Object";

#[test]
fn each_form_covers_the_other() {
    let basic_form = Selectors::Basic(vec![
        basic("ReadOnly", true, &["kms.amazonaws.com"], &[]),
        basic("WriteOnly", true, &[], &[(S3, &["arn:aws:s3:::a/", "arn:aws:s3:::b/x"])]),
    ]);
    let not_kms = FieldSelector {
        field: "eventSource".to_owned(),
        not_equals: vec!["kms.amazonaws.com".to_owned()],
        ..FieldSelector::default()
    };
    let advanced_form = of(vec![
        advanced(vec![field("eventCategory", &["Management"]), not_kms, field("readOnly", &["true"])]),
        advanced(vec![field("eventCategory", &["Management"]), field("readOnly", &["false"])]),
        data(S3, vec![starts("resources.ARN", &["arn:aws:s3:::a/"]), field("readOnly", &["false"])]),
        data(S3, vec![starts("resources.ARN", &["arn:aws:s3:::b/x"]), field("readOnly", &["false"])]),
    ]);
    assert!(basic_form.cover(&advanced_form) && advanced_form.cover(&basic_form));
}

#[test]
fn wider_covers_narrower_and_never_the_other_way() {
    let not = |prefix: &str| FieldSelector {
        field: "resources.ARN".to_owned(),
        not_starts_with: vec![prefix.to_owned()],
        ..FieldSelector::default()
    };
    let pairs = [
        (data(S3, vec![]), data(S3, vec![field("readOnly", &["false"])])),
        (data(S3, vec![]), data(S3, vec![starts("resources.ARN", &["arn:aws:s3:::a/"])])),
        (
            data(S3, vec![starts("resources.ARN", &["arn:aws:s3:::a/"])]),
            data(S3, vec![starts("resources.ARN", &["arn:aws:s3:::a/b/"])]),
        ),
        (
            data(S3, vec![starts("resources.ARN", &["arn:aws:s3:::a/"])]),
            data(S3, vec![field("resources.ARN", &["arn:aws:s3:::a/b"])]),
        ),
        (
            data(S3, vec![field("eventName", &["PutObject", "GetObject"])]),
            data(S3, vec![field("eventName", &["PutObject"])]),
        ),
        (data(S3, vec![]), data(S3, vec![not("arn:aws:s3:::logs")])),
        (data(S3, vec![not("arn:aws:s3:::logs")]), data(S3, vec![field("resources.ARN", &["arn:aws:s3:::data/x"])])),
    ];
    for (wide, narrow) in pairs {
        let (wide, narrow) = (of(vec![wide]), of(vec![narrow]));
        assert!(wide.cover(&narrow), "{wide:?} over {narrow:?}");
        assert!(!narrow.cover(&wide), "{narrow:?} over {wide:?}");
        assert!(wide.cover(&wide) && narrow.cover(&narrow));
    }
    let lambda = of(vec![data("AWS::Lambda::Function", vec![])]);
    assert!(!lambda.cover(&of(vec![data(S3, vec![])])));
}

#[test]
fn narrowed_management_events_are_a_gap_in_every_form() {
    let management = |more: Vec<FieldSelector>| {
        let mut fields = vec![field("eventCategory", &["Management"])];
        fields.extend(more);
        of(vec![advanced(fields)])
    };
    assert_eq!(management(vec![]).management_gaps(&[]), [""; 0]);
    for (selectors, gap) in [
        (management(vec![field("readOnly", &["true"])]), "management events that write are not logged"),
        (
            management(vec![field("eventSource", &["iam.amazonaws.com"])]),
            "not all management events that read are logged",
        ),
        (
            management(vec![field("eventType", &["AwsConsoleSignIn"])]),
            "not all management events that write are logged",
        ),
        (of(vec![data(S3, vec![])]), "management events that read are not logged"),
        (Selectors::Basic(Vec::new()), "management events that write are not logged"),
    ] {
        let gaps = selectors.management_gaps(&[]);
        assert!(gaps.iter().any(|found| found == gap), "{gap}: {gaps:?}");
        let whole = selectors.with_management(&[]);
        assert!(whole.management_gaps(&[]).is_empty() && whole.lost(&selectors).is_empty(), "{whole:?}");
    }
    // Two halves are a whole.
    let halves = Selectors::Basic(vec![basic("ReadOnly", true, &[], &[]), basic("WriteOnly", true, &[], &[])]);
    assert!(halves.management_gaps(&[]).is_empty());
}

#[test]
fn no_trail_is_given_more_basic_selectors_than_it_can_have() {
    let one = |name: &str| basic("All", false, &[], &[(S3, &[&format!("arn:aws:s3:::{name}/")])]);
    let five: Vec<_> = ["aaa", "bbb", "ccc", "ddd", "eee"].into_iter().map(one).collect();
    let fixed = Selectors::Basic(five.clone()).with_management(&[]);
    let Selectors::Basic(all) = &fixed else { panic!("{fixed:?}") };
    assert_eq!(all.len(), 5);
    assert!(fixed.management_gaps(&[]).is_empty() && fixed.lost(&Selectors::Basic(five.clone())).is_empty());
    assert_eq!(Selectors::Basic(five).with(&Selectors::Basic(vec![one("fff")])), None);
}

/// What cannot be put right as a whole is not put right by half: the trail would be told as corrected while it still leaves events
/// out.
#[test]
fn selectors_that_do_not_fit_are_told_and_nothing_else_is_changed() {
    let one = |name: &str| basic("All", name == "aaa", &[], &[(S3, &[&format!("arn:aws:s3:::{name}/")])]);
    let now = Selectors::Basic(["aaa", "bbb", "ccc", "ddd", "eee"].into_iter().map(one).collect());
    let mut kept = Definition { selectors: Selectors::Basic(vec![one("fff")]), ..definition() };
    kept.insights.insert("ApiErrorRateInsight".to_owned());
    let facts = TrailFacts {
        selectors: Fact::Known(now),
        insights: Fact::Known(BTreeSet::new()),
        kept: Some(Box::new(kept)),
        ..trail()
    };
    let facts = Facts::Trail(Box::new(facts));
    let weakened = Selection::from(["cloudtrail-event-selectors-weakened"]);
    let found = CloudTrail::judge(&facts, &Rules::default(), &weakened);
    assert_eq!(found.len(), 1, "{found:?}");
    assert!(found.iter().all(|finding| finding.changes.is_empty()), "{found:?}");
}

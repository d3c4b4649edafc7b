//! What holds for the book as a whole.

use std::collections::BTreeSet;

use rectify_controls::{Access, Action, Kind, Need, Trust, s3_bucket::*};

use super::world::every_change;

/// Id, severity and default action, as the catalogue of AWS facts gives them.
const CATALOGUE: [(&str, &str, Action); 14] = [
    ("s3-bucket-public-acl", "critical", Action::Correct),
    ("s3-bucket-public-policy", "critical", Action::Correct),
    ("s3-bucket-block-public-access-off", "high", Action::Correct),
    ("s3-account-block-public-access-off", "high", Action::Guarded),
    ("s3-bucket-acl-enabled", "medium", Action::Guarded),
    ("s3-bucket-tls-not-required", "medium", Action::Correct),
    ("s3-bucket-encryption-not-required-kms", "medium", Action::Guarded),
    ("s3-bucket-policy-external-account", "high", Action::Notify),
    ("s3-bucket-website-enabled", "medium", Action::Guarded),
    ("s3-bucket-logging-off", "low", Action::Guarded),
    ("s3-bucket-versioning-off", "low", Action::Guarded),
    ("s3-bucket-replication-external", "high", Action::Notify),
    ("s3-bucket-lifecycle-short-expiry", "medium", Action::Notify),
    ("s3-access-point-public", "high", Action::Notify),
];

#[test]
fn the_fourteen_controls_are_the_catalogues() {
    let book: Vec<_> = S3Bucket::CONTROLS.iter().map(|c| (c.id, c.severity.to_string(), c.action)).collect();
    let expected: Vec<_> =
        CATALOGUE.iter().map(|(id, severity, action)| (*id, (*severity).to_owned(), *action)).collect();
    assert_eq!(book, expected);
}

#[test]
fn every_control_says_everything() {
    for control in S3Bucket::CONTROLS {
        let id = control.id;
        for (name, text) in [("title", control.title), ("breach", control.breach), ("disruption", control.disruption)] {
            assert!(!text.trim().is_empty(), "{id}: {name} is empty");
        }
        assert_eq!(
            control.correction.is_empty(),
            control.action == Action::Notify,
            "{id}: a correction for what is corrected"
        );
        let guidance = &control.guidance;
        assert!(guidance.why.len() > 40, "{id}");
        assert!(guidance.console.starts_with("1. ") && guidance.console.ends_with(".\n"), "{id}");
        assert!(guidance.cli.contains("aws s3"), "{id}");
        assert!(guidance.terraform.contains("resource \"aws_") || guidance.terraform.contains("data \"aws_"), "{id}");
        assert!(guidance.cloudformation.contains("Type: AWS::"), "{id}");
        assert!(guidance.cdk.contains("new ") && guidance.cdk.trim_end().ends_with(';'), "{id}");
        for text in [control.breach, control.correction, control.disruption, guidance.why] {
            assert!(!text.contains("  "), "{id}: a broken line in «{text}»");
        }
        assert!(!needs(id).is_empty(), "{id}: no reads");
        assert!(S3Bucket::EVENTS.iter().any(|trigger| trigger.controls.contains(&id)), "{id}: no event wakes it");
    }
    assert!(needs("no-such-control").is_empty());
}

/// The cases must show each control breaking and each control at peace.
#[test]
fn every_control_has_a_case_that_breaks_and_one_that_does_not() {
    for control in S3Bucket::CONTROLS {
        let folder = super::fixture("cases").join(control.id);
        let cases = std::fs::read_dir(&folder).unwrap_or_else(|error| panic!("{}: {error}", folder.display())).count();
        assert!(cases >= 4, "{}: {cases} cases", control.id);
    }
}

#[test]
fn wrong_options_are_refused_by_name() {
    let refused = |control: &'static str, option: &'static str, toml: &str| -> String {
        let value = toml::from_str::<toml::Table>(&format!("value = {toml}")).unwrap()["value"].clone();
        let lookup = |c: &str, o: &str| (c == control && o == option).then(|| value.clone());
        S3Bucket::rules(&Trust::default(), &lookup).unwrap_err()
    };
    let encryption = "s3-bucket-encryption-not-required-kms";
    let text = [
        refused("s3-bucket-block-public-access-off", "profile", r#""efective""#),
        refused("s3-bucket-block-public-access-off", "profile", "true"),
        refused(encryption, "required-algorithms", r#"["aws:kmss"]"#),
        refused(encryption, "required-algorithms", "[]"),
        refused(encryption, "required-algorithms", r#""aws:kms""#),
        refused(encryption, "allowed-keys", "[1]"),
        refused(encryption, "key", r#""1234""#),
        refused(encryption, "log-store-tag", r#""=true""#),
        refused("s3-bucket-logging-off", "target-bucket", r#""logs-{bucket}""#),
        refused("s3-bucket-lifecycle-short-expiry", "minimum-days", "0"),
        refused("s3-bucket-lifecycle-short-expiry", "minimum-days", r#""30""#),
        refused("s3-bucket-replication-external", "allowed-destinations", r#""mine""#),
    ];
    insta::assert_snapshot!(text.join("\n"));
}

#[test]
fn a_key_to_set_must_be_an_allowed_one() {
    let lookup = |_: &str, option: &str| match option {
        "allowed-keys" => Some(toml::Value::Array(vec!["alias/good".into()])),
        "key" => Some("alias/other".into()),
        _ => None,
    };
    let error = S3Bucket::rules(&Trust::default(), &lookup).unwrap_err();
    assert!(error.contains("`alias/other`") && error.contains("allowed-keys"), "{error}");
}

fn granted(operation: &str, need: Need) -> Vec<&'static Access> {
    S3Bucket::ACCESS.iter().filter(|access| access.operation == operation && access.need == need).collect()
}

#[test]
fn every_call_has_its_permission_and_every_permission_its_call() {
    let reads = Read::ALL.iter().map(|read| (read.operation(), Need::Read));
    let changes = every_change();
    let writes = changes.iter().map(|change| (change.operation(), Need::Write));
    // A sweep's: they say what there is, and no control needs them.
    let lists = ["s3:ListBuckets", "s3:GetBucketLocation", "s3control:ListAccessPoints"].map(|list| (list, Need::Read));
    let calls: BTreeSet<_> = reads.chain(writes).chain(lists).collect();
    for (operation, need) in &calls {
        assert_eq!(granted(operation, *need).len(), 1, "{operation}");
    }
    let permitted: BTreeSet<_> = S3Bucket::ACCESS.iter().map(|access| (access.operation, access.need)).collect();
    assert_eq!(permitted, calls, "a permission without a call is one too many");
}

#[test]
fn permissions_are_narrow() {
    for access in S3Bucket::ACCESS {
        assert!(access.action.starts_with("s3:") && !access.action.contains('*'), "{access:?}");
        let anything = access.resource == "*";
        // Service Authorization Reference: these take no resource.
        let takes_none = [
            "s3:GetAccountPublicAccessBlock",
            "s3:PutAccountPublicAccessBlock",
            "s3:GetAccessPoint",
            "s3:ListAccessPoints",
            "s3:ListAllMyBuckets",
        ];
        assert_eq!(anything, takes_none.contains(&access.action), "{access:?}");
        assert!(anything || access.resource.starts_with("arn:${AWS::Partition}:s3:"), "{access:?}");
    }
}

#[test]
fn every_read_is_needed_by_a_control() {
    let needed: BTreeSet<Read> = S3Bucket::CONTROLS.iter().flat_map(|control| needs(control.id)).copied().collect();
    assert_eq!(needed, Read::ALL.iter().copied().collect());
}

/// Every event names controls of the book and has its example; `CreateBucket` judges the ACL at birth and nothing else.
#[test]
fn triggers_are_whole() {
    let ids: BTreeSet<&str> = S3Bucket::CONTROLS.iter().map(|control| control.id).collect();
    let mut names = BTreeSet::new();
    for trigger in S3Bucket::EVENTS {
        assert!(names.insert((trigger.source, trigger.name)), "{} twice", trigger.name);
        assert!(!trigger.controls.is_empty() && trigger.controls.iter().all(|id| ids.contains(id)), "{}", trigger.name);
    }
    let birth = S3Bucket::EVENTS.iter().find(|trigger| trigger.name == "CreateBucket").unwrap();
    assert_eq!(birth.controls, ["s3-bucket-public-acl", "s3-bucket-acl-enabled"]);
}

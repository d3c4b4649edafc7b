//! What holds for the book as a whole.

use rectify_controls::{Action, Kind, Need, Trust, cloudformation_stack::*};

#[test]
fn the_controls_are_the_catalogues() {
    let book: Vec<_> = CloudFormationStack::CONTROLS.iter().map(|c| (c.id, c.severity.to_string(), c.action)).collect();
    assert_eq!(
        book,
        [
            ("stack-drifted", "medium".to_owned(), Action::Guarded),
            ("stack-manual-change", "medium".to_owned(), Action::Notify),
            ("stack-termination-protection-off", "low".to_owned(), Action::Correct),
        ]
    );
    for control in CloudFormationStack::CONTROLS {
        let guidance = &control.guidance;
        assert_eq!(control.correction.is_empty(), control.action == Action::Notify, "{}", control.id);
        assert!(guidance.console.starts_with("1. ") && guidance.cli.contains("aws "), "{}", control.id);
        assert!(guidance.terraform.contains("\" \"") && guidance.cdk.contains("new "), "{}", control.id);
        for text in [control.breach, control.correction, control.disruption, guidance.why] {
            assert!(!text.contains("  "), "{}: a broken line in «{text}»", control.id);
        }
    }
}

#[test]
fn wrong_options_are_refused_by_name() {
    let refused = |option: &'static str, toml: &str| -> String {
        let value = toml::from_str::<toml::Table>(&format!("value = {toml}")).unwrap()["value"].clone();
        CloudFormationStack::rules(&Trust::default(), &|_, asked| (asked == option).then(|| value.clone())).unwrap_err()
    };
    let text = [
        refused("ignore", r#""AWS::SQS::Queue""#),
        refused("ignore", r#"["Queue"]"#),
        refused("ignore", r#"["AWS::SQS::Queue/"]"#),
        refused("ignore", "[1]"),
        refused("allowed-principals", r#"["alice"]"#),
        refused("ephemeral-tag", r#""=true""#),
    ];
    insta::assert_snapshot!(text.join("\n"));
}

#[test]
fn what_is_ignored_is_a_type_or_a_property_and_what_is_below_it() {
    let ignored = |text: &str| Ignored::parse(text).unwrap();
    assert!(ignored("AWS::ECS::Service").whole("AWS::ECS::Service"));
    assert!(!ignored("AWS::ECS::Service").whole("AWS::ECS::ServiceDiscovery"));
    assert!(ignored("AWS::ECS::*").whole("AWS::ECS::Service"));
    let count = ignored("AWS::ECS::Service/DesiredCount");
    assert!(count.property("AWS::ECS::Service", "/DesiredCount") && !count.whole("AWS::ECS::Service"));
    assert!(
        !count.property("AWS::ECS::Service", "/DesiredCounter") && !count.property("AWS::SQS::Queue", "/DesiredCount")
    );
    let table = ignored("AWS::DynamoDB::Table/ProvisionedThroughput");
    assert!(table.property("AWS::DynamoDB::Table", "/ProvisionedThroughput/ReadCapacityUnits"));
    assert!(ignored("*/Tags").property("AWS::S3::Bucket", "/Tags/0"));
}

/// The role that reads starts detections and cannot write; what is written is what changes are made of.
#[test]
fn permissions_are_the_calls() {
    let of = |need: Need| -> Vec<&str> {
        let access = CloudFormationStack::ACCESS.iter().filter(|access| access.need == need);
        access.map(|access| access.action.trim_start_matches("cloudformation:")).collect()
    };
    assert_eq!(
        of(Need::Read),
        [
            "DescribeStacks",
            "DescribeStackResourceDrifts",
            "DetectStackDrift",
            "DetectStackResourceDrift",
            "DescribeStackResources",
            "ListStacks",
            "DescribeChangeSet",
        ]
    );
    assert_eq!(
        of(Need::Write),
        ["CreateChangeSet", "ExecuteChangeSet", "DeleteChangeSet", "UpdateTerminationProtection"]
    );
    assert_eq!(CloudFormationStack::READ_POLICIES, ["SecurityAudit"]);
}

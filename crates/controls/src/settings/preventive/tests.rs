use crate::{Partition, Preventive, Protection, Settings, SettingsError};

const ENVIRONMENT: &str = "[[environment]]\nname = \"all\"\nmode = \"detective\"\ndefault = true\n";

fn parse(section: &str) -> Result<Option<Preventive>, SettingsError> {
    Settings::parse(&format!("{ENVIRONMENT}[preventive]\n{section}\n"), &[]).map(|settings| settings.preventive)
}

fn good(section: &str) -> Preventive {
    parse(section).unwrap().unwrap()
}

#[test]
fn without_the_section_nothing_is_rendered_and_an_empty_one_protects_everything() {
    assert_eq!(Settings::parse(ENVIRONMENT, &[]).unwrap().preventive, None);
    assert_eq!(Settings::fallback().preventive, None);
    let empty = good("");
    assert_eq!(empty, Preventive::default());
    assert_eq!((empty.protect.len(), empty.may_leave, empty.max_characters, empty.max_policies), (5, false, 5_120, 5));
}

#[test]
fn every_setting_is_read() {
    let all = good(
        "hub-account = \"111122223333\"\nregions = [\"us-gov-west-1\", \"us-gov-east-1\"]\n\
         regions-exempt-services = [\"ecr-public:Get*\"]\nservices = [\"s3\", \"ec2:Describe*\"]\nprotect = [\"config\"]\n\
         leave-organization = \"allow\"\nexempt-principals = [\"arn:aws-us-gov:iam::*:role/break-glass\"]\n\
         targets = [\"r-ab12\", \"ou-ab12-11111111\", \"444455556666\"]\nmax-characters = 10240\nmax-policies = 10",
    );
    assert_eq!(all.hub_account.unwrap().as_str(), "111122223333");
    assert_eq!(all.regions[0].partition(), Partition::AwsUsGov);
    assert_eq!(all.regions_exempt_services, ["ecr-public:Get*"]);
    assert_eq!(all.services, ["s3:*", "ec2:Describe*"]);
    assert_eq!((all.protect, all.may_leave), (vec![Protection::Config], true));
    assert_eq!(all.targets.len(), 3);
    assert_eq!((all.max_characters, all.max_policies), (10_240, 10));
}

#[test]
fn what_is_wrong_is_said_with_its_line() {
    let cases = [
        ("region = [\"eu-west-1\"]", "did you mean `regions`?"),
        ("regions = \"eu-west-1\"", "expected a list"),
        ("regions = []", "leave the line out to allow all regions"),
        ("regions = [\"eu-wst-1\"]", "is not how AWS calls a region"),
        ("regions = [\"EU-WEST-1\"]", "region code"),
        ("regions = [\"eu-west-1\", \"eu-west-1\"]", "stands here twice"),
        ("regions = [\"eu-west-1\", \"cn-north-1\"]", "different partitions"),
        ("regions-exempt-services = [\"s3\"]", "`regions` is missing"),
        ("services = [\"*\"]", "leave the line out"),
        ("services = [\"S3\"]", "`S3` is not a service"),
        ("services = [\"s3:\"]", "`s3:` is not a service"),
        ("services = [\"s3:Get\\\"},{\"]", "is not a service"),
        ("services = []", "leave the line out to allow all services"),
        ("protect = [\"cloudtrial\"]", "did you mean `cloudtrail`?"),
        ("leave-organization = false", "expected text"),
        ("leave-organization = \"denny\"", "did you mean `deny`?"),
        ("exempt-principals = [\"*\"]", "is not a role's ARN"),
        ("exempt-principals = [\"arn:aws:iam::*:role/*\"]", "would exempt nearly everybody"),
        ("exempt-principals = [\"arn:aws:iam::*:role/a*\"]", "would exempt nearly everybody"),
        ("exempt-principals = [\"arn:aws:iam::*:user/alice\"]", "only a role can be exempt"),
        ("exempt-principals = [\"arn:aws:iam::*:root\"]", "only a role can be exempt"),
        ("exempt-principals = [\"arn:aws:sts::111122223333:assumed-role/x/y\"]", "name its role"),
        ("exempt-principals = [\"arn:*:iam::*:role/break-glass\"]", "none of the partitions"),
        ("exempt-principals = [\"arn:aws:iam::1234:role/break-glass\"]", "neither an account's id nor"),
        ("exempt-principals = [\"arn:aws:iam::*:role/${aws:username}\"]", "characters that no role's name has"),
        (
            "exempt-principals = [\"arn:aws:iam::*:role/a-role\", \"arn:aws-cn:iam::*:role/a-role\"]",
            "another partition",
        ),
        ("targets = [\"Workloads\"]", "is not the id of an organisational unit"),
        ("targets = [\"r-ab12\", \"r-ab12\"]", "stands here twice"),
        ("max-characters = 20000", "from 2048 to 10240"),
        ("max-characters = \"5120\"", "from 2048 to 10240"),
        ("max-policies = 1", "from 2 to 10"),
        ("hub-account = \"1234\"", "hub-account"),
    ];
    for (section, said) in cases {
        let error = parse(section).unwrap_err();
        assert!(error.line == 6 && error.what.contains(said), "{section}: {error}");
    }
    let list = Settings::parse(&format!("{ENVIRONMENT}[[preventive]]\n"), &[]).unwrap_err();
    assert!(list.what.contains("write `[preventive]`"), "{list}");
}

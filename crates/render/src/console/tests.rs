use super::{link, name};

#[test]
fn links_lead_to_the_resource_in_its_partition() {
    for (arn, region, expected) in [
        (
            "arn:aws:s3:::logs",
            "eu-central-1",
            "https://eu-central-1.console.aws.amazon.com/s3/buckets/logs?region=eu-central-1&tab=permissions",
        ),
        (
            "arn:aws-cn:s3:::logs",
            "cn-north-1",
            "https://console.amazonaws.cn/s3/buckets/logs?region=cn-north-1&tab=permissions",
        ),
        (
            "arn:aws-us-gov:s3:::logs",
            "us-gov-west-1",
            "https://console.amazonaws-us-gov.com/s3/buckets/logs?region=us-gov-west-1&tab=permissions",
        ),
        (
            "arn:aws:s3::123456789012:public-access-block",
            "eu-central-1",
            "https://eu-central-1.console.aws.amazon.com/s3/settings?region=eu-central-1",
        ),
        (
            "arn:aws:s3:::public-access-block",
            "eu-central-1",
            "https://eu-central-1.console.aws.amazon.com/s3/buckets/public-access-block?region=eu-central-1&tab=permissions",
        ),
        (
            "arn:aws:s3:eu-central-1:123456789012:accesspoint/reports",
            "eu-central-1",
            "https://eu-central-1.console.aws.amazon.com/s3/ap/123456789012/reports?region=eu-central-1",
        ),
    ] {
        assert_eq!(link(arn, "123456789012", region).as_deref(), Some(expected));
    }
}

#[test]
fn links_lead_to_the_kinds_that_have_a_page_of_their_own() {
    for (arn, page) in [
        (
            "arn:aws:ec2:eu-central-1:123456789012:security-group/sg-0a1b2c3d4e5f60718",
            "ec2/home?region=eu-central-1#SecurityGroup:groupId=sg-0a1b2c3d4e5f60718",
        ),
        (
            "arn:aws:apigateway:eu-central-1::/restapis/5tj6jy782j/stages/prod_1",
            "apigateway/main/apis/5tj6jy782j/stages?api=5tj6jy782j&region=eu-central-1",
        ),
        (
            "arn:aws:elasticloadbalancing:eu-central-1:123456789012:loadbalancer/app/web/0bf413525f886a3e",
            "ec2/home?region=eu-central-1#LoadBalancer:loadBalancerArn=arn:aws:elasticloadbalancing:eu-central-1:123456789012:loadbalancer/app/web/0bf413525f886a3e;tab=listeners",
        ),
        (
            "arn:aws:elasticloadbalancing:eu-central-1:123456789012:loadbalancer/old-web",
            "ec2/home?region=eu-central-1#LoadBalancers:search=old-web",
        ),
        (
            "arn:aws:cloudtrail:eu-central-1:123456789012:trail/organisation.trail",
            "cloudtrail/home?region=eu-central-1#/trails/arn:aws:cloudtrail:eu-central-1:123456789012:trail/organisation.trail",
        ),
        (
            "arn:aws:cloudformation:eu-central-1:123456789012:stack/web/f57a70c0-74cb-11ef-8f69-0aa7e4ea5f05",
            "cloudformation/home?region=eu-central-1#/stacks/stackinfo?stackId=arn%3Aaws%3Acloudformation%3Aeu-central-1%3A123456789012%3Astack%2Fweb%2Ff57a70c0-74cb-11ef-8f69-0aa7e4ea5f05",
        ),
        (
            "arn:aws:s3:::logs/2026/a b&tab=x#y.csv",
            "s3/object/logs?region=eu-central-1&prefix=2026%2Fa%20b%26tab%3Dx%23y.csv",
        ),
        ("arn:aws:s3:::logs/../../evil", "s3/object/logs?region=eu-central-1&prefix=..%2F..%2Fevil"),
        (
            "arn:aws:s3:::logs/\u{1b}[31m\u{202e}\r\n<https://evil.example|x>\"",
            "s3/object/logs?region=eu-central-1&prefix=%1B%5B31m%E2%80%AE%0D%0A%3Chttps%3A%2F%2Fevil.example%7Cx%3E%22",
        ),
        ("arn:aws:s3:::logs//", "s3/object/logs?region=eu-central-1&prefix=%2F"),
    ] {
        let expected = format!("https://eu-central-1.console.aws.amazon.com/{page}");
        assert_eq!(link(arn, "123456789012", "eu-central-1"), Some(expected));
    }
    // A trail is found in every region, and its page is where it lives.
    let trail = "arn:aws-cn:cloudtrail:cn-north-1:123456789012:trail/all";
    let page = "https://console.amazonaws.cn/cloudtrail/home?region=cn-north-1#/trails/arn:aws-cn:cloudtrail:cn-north-1:123456789012:trail/all";
    assert_eq!(link(trail, "123456789012", "cn-northwest-1").as_deref(), Some(page));
}

#[test]
fn names_are_what_people_say() {
    for (arn, expected) in [
        ("arn:aws:s3:::logs", "logs"),
        ("arn:aws:s3::123456789012:public-access-block", "account 123456789012"),
        ("arn:aws:s3:::public-access-block", "public-access-block"),
        ("arn:aws:s3:eu-central-1:123456789012:accesspoint/reports", "accesspoint/reports"),
        ("logs", "logs"),
        ("arn:aws:s3:::", "arn:aws:s3:::"),
    ] {
        assert_eq!(name(arn), expected);
    }
}

#[test]
fn nothing_unchecked_becomes_a_link() {
    for (arn, account, region) in [
        ("arn:aws:s3:::../evil", "123456789012", "eu-central-1"),
        ("arn:aws:s3:::lo gs/key", "123456789012", "eu-central-1"),
        ("arn:aws:s3:::logs/", "123456789012", "eu-central-1"),
        ("arn:aws:s3:::logs/a… (7 more characters)", "123456789012", "eu-central-1"),
        ("arn:aws:s3:::logs?x=https://evil.example", "123456789012", "eu-central-1"),
        ("arn:aws:s3:::logs", "123456789012", "evil.example/"),
        ("arn:aws:s3:::logs", "12345678901x", "eu-central-1"),
        ("arn:aws-cn:s3:::logs", "123456789012", "eu-central-1"),
        ("arn:aws:s3:eu-central-1:123456789012:accesspoint/a@b", "123456789012", "eu-central-1"),
        ("arn:aws:ec2:eu-central-1:123456789012:instance/i-1", "123456789012", "eu-central-1"),
        ("arn:aws:s3:evil.example:123456789012:accesspoint/reports", "123456789012", "eu-central-1"),
        ("arn:aws:s3:eu-central-1:999999999999:accesspoint/reports", "123456789012", "eu-central-1"),
        ("arn:aws:s3::999999999999:public-access-block", "123456789012", "eu-central-1"),
        ("logs", "123456789012", "eu-central-1"),
    ] {
        assert_eq!(link(arn, account, region), None, "{arn} {account} {region}");
    }
}

#[test]
fn nothing_unchecked_becomes_a_link_of_the_other_kinds() {
    for (service, resource) in [
        ("ec2", "security-group/sg-0a1b2c3d4e5f6071G"),
        ("ec2", "security-group/sg-0a1b2c3d;x=https://evil.example"),
        ("ec2", "security-group/"),
        ("ec2", "instance/i-0a1b2c3d4e5f60718"),
        ("elasticloadbalancing", "loadbalancer/app/web/0bf413525f886a3e;tab=x"),
        ("elasticloadbalancing", "loadbalancer/app/w.b/0bf413525f886a3e"),
        ("elasticloadbalancing", "loadbalancer/evil/web/0bf413525f886a3e"),
        ("elasticloadbalancing", "loadbalancer/app/web/0bf413525f886a3e/more"),
        ("elasticloadbalancing", "loadbalancer/web?x"),
        ("elasticloadbalancing", "targetgroup/web/0bf413525f886a3e"),
        ("cloudtrail", "trail/a/b"),
        ("cloudtrail", "trail/#evil"),
        ("cloudtrail", "trail/"),
        ("cloudformation", "stack/web/not-an-id"),
        ("cloudformation", "stack/we?b/f57a70c0-74cb-11ef-8f69-0aa7e4ea5f05"),
        ("cloudformation", "stackset/web:f57a70c0-74cb-11ef-8f69-0aa7e4ea5f05"),
        ("sqs", "queue"),
        ("", ""),
    ] {
        for owner in ["123456789012", "999999999999", ""] {
            let arn = format!("arn:aws:{service}:eu-central-1:{owner}:{resource}");
            assert_eq!(link(&arn, "123456789012", "eu-central-1"), None, "{arn}");
        }
    }
    for arn in [
        "arn:aws:apigateway:eu-central-1::/restapis/5tj6/../evil/stages/prod",
        "arn:aws:apigateway:eu-central-1::/restapis/5tj6jy782j/stages/p?rod",
        "arn:aws:apigateway:eu-central-1::/restapis//stages/prod",
        "arn:aws:apigateway:eu-central-1::/restapis/5tj6jy782j",
        "arn:aws:apigateway:cn-north-1::/restapis/5tj6jy782j/stages/prod",
        // Whole in form, of another account, region or partition.
        "arn:aws:ec2:eu-central-1:999999999999:security-group/sg-0a1b2c3d4e5f60718",
        "arn:aws:ec2:eu-central-1::security-group/sg-0a1b2c3d4e5f60718",
        "arn:aws:ec2:evil.example/:123456789012:security-group/sg-0a1b2c3d4e5f60718",
        "arn:aws:ec2:cn-north-1:123456789012:security-group/sg-0a1b2c3d4e5f60718",
        "arn:aws:cloudtrail:eu-central-1:999999999999:trail/organisation",
    ] {
        assert_eq!(link(arn, "123456789012", "eu-central-1"), None, "{arn}");
    }
    let long = format!("arn:aws:s3:::logs/{}", "k".repeat(1_025));
    assert_eq!(link(&long, "123456789012", "eu-central-1"), None);
}

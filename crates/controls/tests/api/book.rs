//! What holds for the book as a whole.

use std::collections::BTreeSet;

use rectify_controls::{Action, Kind, Need, Trust, api::*, pattern};

/// Id, severity and default action, as the catalogue of AWS facts gives them.
const CATALOGUE: [(&str, &str, Action); 12] = [
    ("api-rest-stage-without-waf", "medium", Action::Guarded),
    ("alb-without-waf", "medium", Action::Guarded),
    ("appsync-without-waf", "medium", Action::Guarded),
    ("cloudfront-without-waf", "medium", Action::Guarded),
    ("cognito-pool-without-waf", "low", Action::Guarded),
    ("apprunner-without-waf", "low", Action::Guarded),
    ("api-route-without-authorizer", "medium", Action::Notify),
    ("appsync-api-key-auth", "medium", Action::Notify),
    ("api-http-api-direct-endpoint", "medium", Action::Notify),
    ("waf-acl-empty-or-allow-all", "medium", Action::Notify),
    ("api-stage-logging-off", "low", Action::Guarded),
    ("waf-logging-off", "low", Action::Guarded),
];

#[test]
fn the_controls_are_the_catalogues() {
    let book: Vec<_> = Api::CONTROLS.iter().map(|c| (c.id, c.severity.to_string(), c.action)).collect();
    let expected: Vec<_> =
        CATALOGUE.iter().map(|(id, severity, action)| (*id, (*severity).to_owned(), *action)).collect();
    assert_eq!(book, expected);
}

#[test]
fn every_control_says_everything() {
    for control in Api::CONTROLS {
        let id = control.id;
        for (name, text) in [("title", control.title), ("breach", control.breach), ("disruption", control.disruption)] {
            assert!(!text.trim().is_empty(), "{id}: {name} is empty");
        }
        assert_eq!(control.correction.is_empty(), control.action == Action::Notify, "{id}");
        let guidance = &control.guidance;
        assert!(guidance.why.len() > 40, "{id}");
        assert!(guidance.console.starts_with("1. ") && guidance.console.contains("\n2. "), "{id}");
        assert!(guidance.cli.starts_with("aws "), "{id}");
        assert!(guidance.terraform.contains("resource \"aws_"), "{id}");
        assert!(guidance.cloudformation.contains("Type: AWS::"), "{id}");
        assert!(guidance.cdk.contains("new ") && guidance.cdk.trim_end().ends_with(';'), "{id}");
        for text in [control.breach, control.correction, control.disruption, guidance.why] {
            assert!(!text.contains("  "), "{id}: a broken line in «{text}»");
        }
    }
}

#[test]
fn wrong_options_are_refused_by_name() {
    let refused = |control: &'static str, option: &'static str, toml: &str| -> String {
        let value = toml::from_str::<toml::Table>(&format!("value = {toml}")).unwrap()["value"].clone();
        let lookup = |c: &str, o: &str| (c == control && o == option).then(|| value.clone());
        Api::rules(&Trust::default(), &lookup).unwrap_err()
    };
    let text = [
        refused("api-rest-stage-without-waf", "web-acl", r#""my acl""#),
        refused("alb-without-waf", "web-acl", r#""arn:aws:wafv2:us-east-1:{account}:global/webacl/a/b""#),
        refused("appsync-without-waf", "web-acl", "1"),
        refused("cognito-pool-without-waf", "web-acl", "[]"),
        refused("cloudfront-without-waf", "web-acl", r#""arn:aws:wafv2:{region}:{account}:regional/webacl/a/b""#),
        refused("api-rest-stage-without-waf", "classic-counts", r#""yes""#),
        refused("api-route-without-authorizer", "allowed-routes", r#""GET /health""#),
        refused("api-stage-logging-off", "log-group", r#""apis:prod""#),
        refused("api-stage-logging-off", "format", r#""$context.status""#),
        refused("waf-logging-off", "log-group", r#""waf""#),
    ];
    insta::assert_snapshot!(text.join("\n"));
}

#[test]
fn permissions_are_narrow() {
    // Service Authorization Reference: these take no resource, or one that a call for a list cannot name.
    let any = [
        "elasticloadbalancing:DescribeLoadBalancers",
        "elasticloadbalancing:DescribeTags",
        "appsync:ListGraphqlApis",
        "cognito-idp:ListUserPools",
        "apprunner:ListServices",
        "cloudfront:ListDistributions",
        "wafv2:ListWebACLs",
        "elasticloadbalancing:SetWebAcl",
        "appsync:SetWebACL",
        "logs:CreateLogDelivery",
        "logs:DeleteLogDelivery",
        "logs:DescribeLogGroups",
        "logs:DescribeResourcePolicies",
        "logs:PutResourcePolicy",
    ];
    let mut rows = BTreeSet::new();
    for access in Api::ACCESS {
        assert!(!access.action.contains('*'), "{access:?}");
        assert_eq!(access.resource == "*", any.contains(&access.action), "{access:?}");
        let reads = ["Get", "List", "Describe"].iter().any(|verb| access.operation.contains(&format!(":{verb}")));
        assert_eq!(access.need == Need::Read, reads, "{access:?}");
        assert!(rows.insert((access.operation, access.action, access.resource)), "{access:?} twice");
    }
    for change in [Change::Disassociate, Change::DeleteAccessLog, Change::DeleteWafLogging] {
        assert!(Api::ACCESS.iter().any(|access| access.operation == change.operation() && access.need == Need::Write));
    }
}

#[test]
fn triggers_are_whole() {
    let ids: BTreeSet<&str> = Api::CONTROLS.iter().map(|control| control.id).collect();
    let mut names = BTreeSet::new();
    for trigger in Api::EVENTS {
        assert!(names.insert((trigger.source, trigger.name)), "{} twice", trigger.name);
        assert!(!trigger.controls.is_empty() && trigger.controls.iter().all(|id| ids.contains(id)), "{}", trigger.name);
    }
    for control in Api::CONTROLS {
        assert!(Api::EVENTS.iter().any(|trigger| trigger.controls.contains(&control.id)), "{}", control.id);
    }
    let pattern = pattern::event_pattern(Api::EVENTS, Api::NOTICES).to_string();
    assert!(pattern.len() < 2_048, "EventBridge takes 2,048 characters, the pattern has {}", pattern.len());
}

/// An ARN and what it was made of, both ways; and nobody else's.
#[test]
fn arns_go_both_ways() {
    let place = super::world::place();
    let part = super::world::part;
    let targets = [
        (Target::RestApi(part("a1")), "arn:aws:apigateway:eu-central-1::/restapis/a1"),
        (Target::RestStage(part("a1"), part("prod")), "arn:aws:apigateway:eu-central-1::/restapis/a1/stages/prod"),
        (Target::HttpApi(part("a1")), "arn:aws:apigateway:eu-central-1::/apis/a1"),
        (Target::HttpStage(part("a1"), part("$default")), "arn:aws:apigateway:eu-central-1::/apis/a1/stages/$default"),
        (
            Target::LoadBalancer(part("web"), part("0123456789abcdef")),
            "arn:aws:elasticloadbalancing:eu-central-1:111122223333:loadbalancer/app/web/0123456789abcdef",
        ),
        (Target::GraphqlApi(part("a1")), "arn:aws:appsync:eu-central-1:111122223333:apis/a1"),
        (
            Target::UserPool(part("eu-central-1_AbCdEfGhI")),
            "arn:aws:cognito-idp:eu-central-1:111122223333:userpool/eu-central-1_AbCdEfGhI",
        ),
        (
            Target::AppRunner(part("shop"), part("0123456789abcdef")),
            "arn:aws:apprunner:eu-central-1:111122223333:service/shop/0123456789abcdef",
        ),
        (
            Target::Distribution(part("EDFDVBD6EXAMPLE")),
            "arn:aws:cloudfront::111122223333:distribution/EDFDVBD6EXAMPLE",
        ),
        (
            Target::WebAcl(Scope::Regional, part("team"), part("1-2")),
            "arn:aws:wafv2:eu-central-1:111122223333:regional/webacl/team/1-2",
        ),
    ];
    for (target, text) in targets {
        let arn = Api::arn(&target, &place);
        assert_eq!(arn.as_str(), text);
        assert_eq!(Api::id(&arn, &place), Some(target));
    }
    // A distribution lives where CloudFront is called, whichever region's event told of it.
    let home = Api::home(&Target::Distribution(part("EDFDVBD6EXAMPLE")), &place);
    assert_eq!((home.account, home.region.as_str()), (place.account.clone(), "us-east-1"));
    assert_eq!(Api::home(&Target::GraphqlApi(part("a1")), &place), place);
    for text in [
        "",
        "arn",
        "arn:aws:apigateway:eu-west-1::/restapis/a1",
        "arn:aws:apigateway:eu-central-1::/restapis/a1/resources/b2",
        "arn:aws:apigateway:eu-central-1::restapis/a1",
        "arn:aws:elasticloadbalancing:eu-central-1:999999999999:loadbalancer/app/web/0123456789abcdef",
        "arn:aws:elasticloadbalancing:eu-central-1:111122223333:loadbalancer/net/web/0123456789abcdef",
        "arn:aws:wafv2:eu-central-1:111122223333:regional/rulegroup/team/1-2",
        "arn:aws:wafv2:eu-central-1:111122223333:regional/webacl/te:am/1-2",
        "arn:aws:appsync:eu-central-1:111122223333:/apis/a1",
        "arn:aws:cloudfront::999999999999:distribution/EDFDVBD6EXAMPLE",
        "arn:aws:cloudfront:us-east-1:111122223333:distribution/EDFDVBD6EXAMPLE",
        "arn:aws:ecs:eu-central-1:111122223333:service/shop/0123456789abcdef",
    ] {
        let arn = rectify_controls::Arn::from_parts(text.to_owned());
        assert_eq!(Api::id(&arn, &place), None, "{text}");
    }
}

//! User pools, App Runner services and distributions: without a web ACL, at peace, and nearly without.

use rectify_controls::{Fact, api::*};

use super::{
    cases::{Case, view},
    world::*,
};

fn rules() -> Rules {
    Rules::default()
}

#[test]
fn user_pools_without_a_firewall() {
    let with =
        |acls: Fact<Vec<Acl>>| Facts::UserPool(UserPoolFacts { web_acl: Fact::Known(None), acls, ..user_pool() });
    let baseline = |fraud_control| Fact::Known(vec![Acl { fraud_control, ..acl("rectify-baseline") }]);
    let also = Acl { fraud_control: Fact::Known(true), ..acl("checkout") };
    let named = Rules { cognito_acl: "checkout".to_owned(), ..rules() };
    let both = || Fact::Known(vec![also.clone(), Acl { fraud_control: Fact::Known(false), ..acl("rectify-baseline") }]);
    let cases: Vec<Case> = vec![
        ("no web ACL", with(baseline(Fact::Known(false))), rules()),
        ("the baseline has fraud control", with(baseline(Fact::Known(true))), rules()),
        ("whether it has fraud control is refused", with(baseline(denied())), rules()),
        ("whether it has fraud control was not read", with(baseline(Fact::NotRead)), rules()),
        ("another web ACL has fraud control", with(both()), rules()),
        ("the settings name one with fraud control", with(both()), named),
        ("no web ACL here", with(Fact::Known(vec![])), rules()),
        ("the list is refused", with(denied()), rules()),
        ("the web ACL is refused", Facts::UserPool(UserPoolFacts { web_acl: denied(), ..user_pool() }), rules()),
        ("near miss: somebody's web ACL", Facts::UserPool(user_pool()), rules()),
    ];
    insta::assert_snapshot!(view(cases));
}

#[test]
fn app_runner_services_without_a_firewall() {
    let bare = || AppRunnerFacts { web_acl: Fact::Known(None), ..app_runner() };
    let with = |public, runs, web_acl: Fact<Option<String>>| {
        Facts::AppRunner(AppRunnerFacts { service: Fact::Known(AppRunner { public, runs }), web_acl, ..app_runner() })
    };
    let cases: Vec<Case> = vec![
        ("no web ACL", Facts::AppRunner(bare()), rules()),
        ("the service is refused", Facts::AppRunner(AppRunnerFacts { service: denied(), ..bare() }), rules()),
        ("the web ACL is refused", with(true, true, denied()), rules()),
        ("near miss: private", with(false, true, Fact::Known(None)), rules()),
        ("near miss: private, and the web ACL is refused", with(false, true, denied()), rules()),
        ("near miss: paused", with(true, false, Fact::Known(None)), rules()),
        (
            "near miss: a web ACL, and the service is refused",
            Facts::AppRunner(AppRunnerFacts { service: denied(), ..app_runner() }),
            rules(),
        ),
    ];
    insta::assert_snapshot!(view(cases));
}

#[test]
fn distributions_without_a_firewall() {
    let bare = || DistributionFacts { web_acl: Fact::Known(None), ..distribution() };
    let with = |enabled, staging, continuous_deployment, web_acl: Option<&str>| {
        let config = Distribution { enabled, staging, continuous_deployment };
        let web_acl = Fact::Known(web_acl.map(str::to_owned));
        Facts::Distribution(DistributionFacts { distribution: Fact::Known(config), web_acl, ..distribution() })
    };
    let only = |name: &str| Fact::Known(vec![global_acl(name)]);
    let by_arn = Rules { cloudfront_acl: GLOBAL_BASELINE.replace("111122223333", "{account}"), ..rules() };
    let planned = "arn:aws:wafv2:us-east-1:111122223333:global/webacl/CreatedByCloudFront-f9fb1f1b/1-2";
    let cases: Vec<Case> = vec![
        ("no web ACL", Facts::Distribution(bare()), rules()),
        ("by an ARN of the settings", Facts::Distribution(bare()), by_arn),
        (
            "no such web ACL",
            Facts::Distribution(DistributionFacts { acls: only("other"), ..bare() }),
            Rules { cloudfront_acl: GLOBAL_BASELINE.replace("rectify", "our"), ..rules() },
        ),
        ("no web ACL is wanted", Facts::Distribution(bare()), Rules { cloudfront_acl: String::new(), ..rules() }),
        ("the list is refused", Facts::Distribution(DistributionFacts { acls: denied(), ..bare() }), rules()),
        (
            "Firewall Manager is here",
            Facts::Distribution(DistributionFacts { acls: only("FMManagedWebACLV2-policy-1"), ..bare() }),
            rules(),
        ),
        ("a continuous deployment policy", with(true, false, true, None), rules()),
        (
            "the distribution is refused",
            Facts::Distribution(DistributionFacts { distribution: denied(), web_acl: denied(), ..distribution() }),
            rules(),
        ),
        ("near miss: somebody's web ACL", Facts::Distribution(distribution()), rules()),
        ("near miss: WAF Classic", with(true, false, false, Some("473e64fd-f30b-4765-81a0-62ad96dd167a")), rules()),
        ("near miss: a pricing plan's web ACL", with(true, false, false, Some(planned)), rules()),
        ("near miss: a web ACL and a continuous deployment policy", with(true, false, true, Some(planned)), rules()),
        ("near miss: disabled", with(false, false, false, None), rules()),
        ("near miss: staging", with(true, true, false, None), rules()),
    ];
    insta::assert_snapshot!(view(cases));
}

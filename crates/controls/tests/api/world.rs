//! Facts to judge: ones that break nothing, and any others.

use std::collections::BTreeMap;

use proptest::prelude::*;
use rectify_controls::{AccountId, Fact, Place, Region, Unreadable, api::*};

pub(crate) const BASELINE: &str =
    "arn:aws:wafv2:eu-central-1:111122223333:regional/webacl/rectify-baseline/0a1b2c3d-4e5f-4a6b-8c7d-9e0f1a2b3c4d";

pub(crate) const GLOBAL_BASELINE: &str =
    "arn:aws:wafv2:us-east-1:111122223333:global/webacl/rectify-baseline/0a1b2c3d-4e5f-4a6b-8c7d-9e0f1a2b3c4d";

pub(crate) fn place() -> Place {
    Place { account: AccountId::new("111122223333").unwrap(), region: Region::new("eu-central-1").unwrap() }
}

pub(crate) fn part(text: &str) -> Part {
    Part::new(text).unwrap()
}

pub(crate) fn denied<T>() -> Fact<T> {
    Fact::Unreadable(Unreadable { operation: "Get".to_owned(), code: "AccessDenied".to_owned(), request_id: None })
}

pub(crate) fn route(key: &str, authorization: &str) -> Route {
    Route { key: key.to_owned(), authorization: authorization.to_owned(), api_key: false }
}

pub(crate) fn acl(name: &str) -> Acl {
    Acl {
        name: name.to_owned(),
        arn: format!(
            "arn:aws:wafv2:eu-central-1:111122223333:regional/webacl/{name}/0a1b2c3d-4e5f-4a6b-8c7d-9e0f1a2b3c4d"
        ),
        fraud_control: Fact::NotRead,
    }
}

pub(crate) fn global_acl(name: &str) -> Acl {
    Acl { arn: GLOBAL_BASELINE.replace("rectify-baseline", name), ..acl(name) }
}

pub(crate) fn rest_api() -> RestApiFacts {
    RestApiFacts {
        place: place(),
        api: part("a1b2c3d4e5"),
        rest: Fact::Known(RestApi { private: false, policy: None }),
        methods: Fact::Known(vec![route("GET /pets", "AWS_IAM"), route("OPTIONS /pets", "NONE")]),
    }
}

pub(crate) fn rest_stage() -> RestStageFacts {
    RestStageFacts {
        place: place(),
        api: part("a1b2c3d4e5"),
        stage: part("prod"),
        rest: Fact::Known(RestApi { private: false, policy: None }),
        web_acl: Fact::Known(Some(acl("team").arn)),
        acls: Fact::Known(vec![acl("other"), acl("rectify-baseline")]),
        access_log: Fact::Known(Some(log())),
        execution_log: Fact::Known(false),
        log_role: Fact::Known(true),
    }
}

pub(crate) fn log() -> AccessLog {
    AccessLog {
        destination: "arn:aws:logs:eu-central-1:111122223333:log-group:team".to_owned(),
        format: "$context.requestId".to_owned(),
    }
}

pub(crate) fn http_api() -> HttpApiFacts {
    HttpApiFacts {
        place: place(),
        api: part("f6g7h8i9j0"),
        http: Fact::Known(HttpApi { websocket: false, endpoint_disabled: true }),
        routes: Fact::Known(vec![route("GET /pets", "JWT")]),
    }
}

pub(crate) fn http_stage() -> HttpStageFacts {
    HttpStageFacts {
        place: place(),
        api: part("f6g7h8i9j0"),
        stage: part("$default"),
        access_log: Fact::Known(Some(log())),
    }
}

pub(crate) fn load_balancer() -> LoadBalancerFacts {
    LoadBalancerFacts {
        place: place(),
        name: part("web"),
        id: part("0123456789abcdef"),
        balancer: Fact::Known(Balancer { internet_facing: true, outpost: false }),
        web_acl: Fact::Known(Some(acl("team").arn)),
        acls: Fact::Known(vec![acl("rectify-baseline")]),
    }
}

pub(crate) fn graphql() -> GraphqlFacts {
    GraphqlFacts {
        place: place(),
        api: part("abcdefghijklmnopqrstuvwxyz"),
        graphql: Fact::Known(Graphql { private: false, authentication: "AWS_IAM".to_owned(), additional: Vec::new() }),
        web_acl: Fact::Known(Some(acl("team").arn)),
        acls: Fact::Known(vec![acl("rectify-baseline")]),
    }
}

pub(crate) fn user_pool() -> UserPoolFacts {
    UserPoolFacts {
        place: place(),
        pool: part("eu-central-1_AbCdEfGhI"),
        web_acl: Fact::Known(Some(acl("team").arn)),
        acls: Fact::Known(vec![Acl { fraud_control: Fact::Known(false), ..acl("rectify-baseline") }]),
    }
}

pub(crate) fn app_runner() -> AppRunnerFacts {
    AppRunnerFacts {
        place: place(),
        name: part("shop"),
        id: part("0123456789abcdef0123456789abcdef"),
        service: Fact::Known(AppRunner { public: true, runs: true }),
        web_acl: Fact::Known(Some(acl("team").arn)),
        acls: Fact::Known(vec![acl("rectify-baseline")]),
    }
}

pub(crate) fn distribution() -> DistributionFacts {
    DistributionFacts {
        place: Place { region: Region::new("us-east-1").unwrap(), ..place() },
        id: part("EDFDVBD6EXAMPLE"),
        distribution: Fact::Known(Distribution { enabled: true, staging: false, continuous_deployment: false }),
        web_acl: Fact::Known(Some(global_acl("team").arn)),
        acls: Fact::Known(vec![global_acl("rectify-baseline")]),
    }
}

pub(crate) fn rule(name: &str, does: Does) -> Rule {
    Rule { name: name.to_owned(), does }
}

pub(crate) fn group(overrides: &[(&str, Verb)], rules: Fact<&[(&str, Verb)]>) -> Does {
    let map = |pairs: &[(&str, Verb)]| -> BTreeMap<String, Verb> {
        pairs.iter().map(|(name, verb)| ((*name).to_owned(), *verb)).collect()
    };
    let rules = match rules {
        Fact::Known(rules) => Fact::Known(map(rules)),
        Fact::Unreadable(why) => Fact::Unreadable(why),
        Fact::NotRead => Fact::NotRead,
    };
    Does::OwnGroup { overrides: map(overrides), rules }
}

pub(crate) fn web_acl() -> WebAclFacts {
    WebAclFacts {
        place: place(),
        scope: Scope::Regional,
        name: part("team"),
        id: part("0a1b2c3d-4e5f-4a6b-8c7d-9e0f1a2b3c4d"),
        acl: Fact::Known(WebAcl {
            default_allows: true,
            firewall_manager: false,
            firewall_manager_groups: 0,
            rules: vec![rule("core", Does::ManagedGroup)],
        }),
        logging: Fact::Known(Some(WafLogging {
            destination: "arn:aws:logs:eu-central-1:111122223333:log-group:aws-waf-logs-team".to_owned(),
            more: false,
        })),
    }
}

/// Facts that break nothing, one of each kind of target.
pub(crate) fn clean() -> Vec<Facts> {
    vec![
        Facts::RestApi(rest_api()),
        Facts::RestStage(rest_stage()),
        Facts::HttpApi(http_api()),
        Facts::HttpStage(http_stage()),
        Facts::LoadBalancer(load_balancer()),
        Facts::GraphqlApi(graphql()),
        Facts::UserPool(user_pool()),
        Facts::AppRunner(app_runner()),
        Facts::Distribution(distribution()),
        Facts::WebAcl(web_acl()),
    ]
}

fn fact<T: std::fmt::Debug + Clone>(value: impl Strategy<Value = T>) -> impl Strategy<Value = Fact<T>> {
    prop_oneof![8 => value.prop_map(Fact::Known), 1 => Just(()).prop_map(|()| denied()), 1 => Just(()).prop_map(|()| Fact::NotRead)]
}

fn names() -> impl Strategy<Value = String> {
    prop::sample::select(vec!["team", "rectify-baseline", "FMManagedWebACLV2-policy-1"]).prop_map(str::to_owned)
}

fn acls() -> impl Strategy<Value = Fact<Vec<Acl>>> {
    let one = (names(), fact(any::<bool>()));
    fact(prop::collection::vec(one.prop_map(|(name, fraud_control)| Acl { fraud_control, ..acl(&name) }), 0..3))
}

fn global_acls() -> impl Strategy<Value = Fact<Vec<Acl>>> {
    fact(prop::collection::vec(names().prop_map(|name| global_acl(&name)), 0..3))
}

fn distributions() -> impl Strategy<Value = Facts> {
    let config = (any::<bool>(), any::<bool>(), any::<bool>());
    let config = config.prop_map(|(enabled, staging, continuous_deployment)| Distribution {
        enabled,
        staging,
        continuous_deployment,
    });
    let classic = "473e64fd-f30b-4765-81a0-62ad96dd167a".to_owned();
    let web_acl = fact(prop::option::of(prop_oneof![names().prop_map(|name| global_acl(&name).arn), Just(classic)]));
    (fact(config), web_acl, global_acls()).prop_map(|(distribution, web_acl, acls)| {
        Facts::Distribution(DistributionFacts { distribution, web_acl, acls, ..self::distribution() })
    })
}

fn associated() -> impl Strategy<Value = Fact<Option<String>>> {
    let classic = "arn:aws:waf-regional:eu-central-1:111122223333:webacl/0a1b2c3d".to_owned();
    fact(prop::option::of(prop_oneof![names().prop_map(|name| acl(&name).arn), Just(classic)]))
}

fn rest() -> impl Strategy<Value = Fact<RestApi>> {
    let policy = prop_oneof![
        Just(None),
        Just(Some(
            r#"{"Statement": {"Effect": "Allow", "Principal": "*", "Action": "execute-api:Invoke", "Resource": "*"}}"#
                .to_owned()
        )),
        Just(Some("no policy".to_owned())),
    ];
    fact((any::<bool>(), policy).prop_map(|(private, policy)| RestApi { private, policy }))
}

fn routes() -> impl Strategy<Value = Fact<Vec<Route>>> {
    let keys = prop::sample::select(vec!["GET /pets", "OPTIONS /pets", "GET /health", "$default", "$connect", "send"]);
    let kinds = prop::sample::select(vec!["NONE", "AWS_IAM", "JWT", "CUSTOM"]);
    let one = (keys, kinds, any::<bool>()).prop_map(|(key, kind, api_key)| Route { api_key, ..route(key, kind) });
    fact(prop::collection::vec(one, 0..30))
}

fn access_log() -> impl Strategy<Value = Fact<Option<AccessLog>>> {
    fact(prop::option::of(Just(log())))
}

fn verb() -> impl Strategy<Value = Verb> {
    prop::sample::select(vec![Verb::Allow, Verb::Count, Verb::Stop])
}

fn does() -> impl Strategy<Value = Does> {
    let verbs = || prop::collection::btree_map("[ab]", verb(), 0..3);
    prop_oneof![
        verb().prop_map(Does::Action),
        Just(Does::CountGroup),
        Just(Does::ManagedGroup),
        (verbs(), fact(verbs())).prop_map(|(overrides, rules)| Does::OwnGroup { overrides, rules }),
    ]
}

fn firewall() -> impl Strategy<Value = Fact<WebAcl>> {
    let rules = prop::collection::vec(does().prop_map(|does| rule("rule", does)), 0..4);
    fact((any::<bool>(), any::<bool>(), 0..2_usize, rules).prop_map(|(default_allows, manager, groups, rules)| {
        WebAcl { default_allows, firewall_manager: manager && groups > 0, firewall_manager_groups: groups, rules }
    }))
}

fn waf_logging() -> impl Strategy<Value = Fact<Option<WafLogging>>> {
    let destination = "arn:aws:logs:eu-central-1:111122223333:log-group:aws-waf-logs-team".to_owned();
    fact(prop::option::of(any::<bool>().prop_map(move |more| WafLogging { destination: destination.clone(), more })))
}

/// Any facts of any kind of target.
pub(crate) fn facts() -> impl Strategy<Value = Facts> {
    let http = || {
        let api = (any::<bool>(), any::<bool>());
        fact(api.prop_map(|(websocket, endpoint_disabled)| HttpApi { websocket, endpoint_disabled }))
    };
    let balancer = || {
        let balancer = (any::<bool>(), any::<bool>());
        fact(balancer.prop_map(|(internet_facing, outpost)| Balancer { internet_facing, outpost }))
    };
    let service = || {
        let service = (any::<bool>(), any::<bool>());
        fact(service.prop_map(|(public, runs)| AppRunner { public, runs }))
    };
    let kinds =
        || prop::sample::select(vec!["API_KEY", "AWS_IAM", "AMAZON_COGNITO_USER_POOLS"]).prop_map(str::to_owned);
    let api = (any::<bool>(), kinds(), prop::collection::vec(kinds(), 0..3));
    let api =
        fact(api.prop_map(|(private, authentication, additional)| Graphql { private, authentication, additional }));
    let name = names().prop_map(|name| part(&name));
    prop_oneof![
        (rest(), routes()).prop_map(|(rest, methods)| Facts::RestApi(RestApiFacts { rest, methods, ..rest_api() })),
        (rest(), associated(), acls(), access_log(), fact(any::<bool>()), fact(any::<bool>())).prop_map(
            |(rest, web_acl, acls, access_log, execution_log, log_role)| {
                let stage = rest_stage();
                Facts::RestStage(RestStageFacts { rest, web_acl, acls, access_log, execution_log, log_role, ..stage })
            }
        ),
        (http(), routes()).prop_map(|(http, routes)| Facts::HttpApi(HttpApiFacts { http, routes, ..http_api() })),
        access_log().prop_map(|access_log| Facts::HttpStage(HttpStageFacts { access_log, ..http_stage() })),
        (balancer(), associated(), acls()).prop_map(|(balancer, web_acl, acls)| {
            Facts::LoadBalancer(LoadBalancerFacts { balancer, web_acl, acls, ..load_balancer() })
        }),
        (api, associated(), acls()).prop_map(|(graphql, web_acl, acls)| {
            Facts::GraphqlApi(GraphqlFacts { graphql, web_acl, acls, ..self::graphql() })
        }),
        (associated(), acls()).prop_map(|(web_acl, acls)| Facts::UserPool(UserPoolFacts {
            web_acl,
            acls,
            ..user_pool()
        })),
        (service(), associated(), acls()).prop_map(|(service, web_acl, acls)| {
            Facts::AppRunner(AppRunnerFacts { service, web_acl, acls, ..app_runner() })
        }),
        distributions(),
        (firewall(), waf_logging(), name)
            .prop_map(|(acl, logging, name)| { Facts::WebAcl(WebAclFacts { acl, logging, name, ..web_acl() }) }),
    ]
}

/// Settings from sparse to full.
pub(crate) fn rules() -> impl Strategy<Value = Rules> {
    (any::<bool>(), any::<bool>(), any::<bool>(), any::<bool>()).prop_map(|(classic_counts, logs, waf_logs, health)| {
        Rules {
            classic_counts,
            log_group: logs.then(|| "apis-{account}".to_owned()),
            waf_log_group: waf_logs.then(|| "aws-waf-logs-{region}".to_owned()),
            allowed_routes: if health { vec!["GET /health".to_owned(), "$connect".to_owned()] } else { Vec::new() },
            ..Rules::default()
        }
    })
}

//! Each control broken, at peace, and nearly broken.

use std::fmt::Write;

use rectify_controls::{Fact, Kind, Trust, api::*};

use super::{
    laws,
    world::{self, *},
};

/// One case: what it is, the facts, and the settings.
pub(crate) type Case = (&'static str, Facts, Rules);

/// Every finding of every case, as text. A near miss has none.
pub(crate) fn view(cases: Vec<Case>) -> String {
    let mut text = String::new();
    for (name, facts, rules) in cases {
        let findings = Api::judge(&facts, &rules, &laws::every::<Api>());
        assert_eq!(findings.is_empty(), name.starts_with("near miss"), "{name}: {findings:?}");
        writeln!(text, "# {name}").unwrap();
        for finding in findings {
            writeln!(text, "{}, {:?}, {}\n  {}", finding.control.id, finding.state, finding.severity, finding.summary)
                .unwrap();
            for evidence in &finding.evidence {
                writeln!(text, "  - {}: {}", evidence.what, evidence.value).unwrap();
            }
            for change in &finding.changes {
                writeln!(text, "  > {change}").unwrap();
            }
        }
    }
    text
}

fn rules() -> Rules {
    Rules::default()
}

#[test]
fn what_is_right_is_no_finding() {
    for facts in clean() {
        assert_eq!(view(vec![("near miss: clean", facts, rules())]), "# near miss: clean\n");
    }
}

#[test]
fn rest_stages_without_a_firewall() {
    let bare = || RestStageFacts { web_acl: Fact::Known(None), ..rest_stage() };
    let stage = Facts::RestStage;
    let private = Fact::Known(RestApi { private: true, policy: None });
    let classic = Fact::Known(Some("arn:aws:waf-regional:eu-central-1:111122223333:webacl/0a1b2c3d".to_owned()));
    let manager = acl("FMManagedWebACLV2-policy-1634567890123");
    let arn = "arn:aws:wafv2:{region}:{account}:regional/webacl/other/0a1b2c3d-4e5f-4a6b-8c7d-9e0f1a2b3c4d";
    insta::assert_snapshot!(view(vec![
        ("no web ACL", stage(bare()), rules()),
        ("by an ARN of the settings", stage(bare()), Rules { rest_acl: arn.to_owned(), ..rules() }),
        ("no such web ACL here", stage(bare()), Rules { rest_acl: "elsewhere".to_owned(), ..rules() }),
        ("no web ACL is wanted", stage(bare()), Rules { rest_acl: String::new(), ..rules() }),
        ("no web ACL at all here", stage(RestStageFacts { acls: Fact::Known(vec![]), ..bare() }), rules()),
        ("the list is refused", stage(RestStageFacts { acls: denied(), ..bare() }), rules()),
        (
            "Firewall Manager is here",
            stage(RestStageFacts { acls: Fact::Known(vec![manager.clone(), acl("rectify-baseline")]), ..bare() }),
            rules()
        ),
        ("the stage is refused", stage(RestStageFacts { web_acl: denied(), ..bare() }), rules()),
        ("the API is refused", stage(RestStageFacts { rest: denied(), ..bare() }), rules()),
        (
            "WAF Classic does not count",
            stage(RestStageFacts { web_acl: classic.clone(), ..bare() }),
            Rules { classic_counts: false, ..rules() }
        ),
        ("near miss: WAF Classic", stage(RestStageFacts { web_acl: classic, ..bare() }), rules()),
        ("near miss: a private endpoint", stage(RestStageFacts { rest: private, ..bare() }), rules()),
        (
            "near miss: Firewall Manager's",
            stage(RestStageFacts { web_acl: Fact::Known(Some(manager.arn)), ..bare() }),
            rules()
        ),
        (
            "near miss: a web ACL, and the API is refused",
            stage(RestStageFacts { rest: denied(), ..rest_stage() }),
            rules()
        ),
    ]));
}

#[test]
fn load_balancers_without_a_firewall() {
    let bare = || LoadBalancerFacts { web_acl: Fact::Known(None), ..load_balancer() };
    let balancer = |internet_facing, outpost| Fact::Known(Balancer { internet_facing, outpost });
    let alb = Facts::LoadBalancer;
    insta::assert_snapshot!(view(vec![
        ("no web ACL", alb(bare()), rules()),
        ("the balancer is refused", alb(LoadBalancerFacts { balancer: denied(), ..bare() }), rules()),
        ("the web ACL is refused", alb(LoadBalancerFacts { web_acl: denied(), ..bare() }), rules()),
        ("near miss: internal", alb(LoadBalancerFacts { balancer: balancer(false, false), ..bare() }), rules()),
        (
            "near miss: internal, and the web ACL is refused",
            alb(LoadBalancerFacts { balancer: balancer(false, false), web_acl: denied(), ..bare() }),
            rules()
        ),
        ("near miss: on an Outpost", alb(LoadBalancerFacts { balancer: balancer(true, true), ..bare() }), rules()),
    ]));
}

#[test]
fn graphql_apis() {
    let api = |private, authentication: &str, additional: &[&str]| {
        let additional = additional.iter().map(|kind| (*kind).to_owned()).collect();
        Fact::Known(Graphql { private, authentication: authentication.to_owned(), additional })
    };
    let with = |graphql: Fact<Graphql>, web_acl: Option<String>| {
        Facts::GraphqlApi(GraphqlFacts { graphql, web_acl: Fact::Known(web_acl), ..world::graphql() })
    };
    let team = || Some(acl("team").arn);
    insta::assert_snapshot!(view(vec![
        ("no web ACL", with(api(false, "AWS_IAM", &[]), None), rules()),
        ("an API key", with(api(false, "API_KEY", &[]), team()), rules()),
        ("an API key beside a user pool", with(api(false, "AMAZON_COGNITO_USER_POOLS", &["API_KEY"]), team()), rules()),
        ("both keys, and no web ACL", with(api(false, "API_KEY", &["API_KEY"]), None), rules()),
        (
            "all refused",
            Facts::GraphqlApi(GraphqlFacts { graphql: denied(), web_acl: denied(), ..world::graphql() }),
            rules()
        ),
        ("near miss: private", with(api(true, "API_KEY", &["API_KEY"]), None), rules()),
        ("near miss: others", with(api(false, "AWS_IAM", &["AWS_LAMBDA", "OPENID_CONNECT"]), team()), rules()),
    ]));
}

fn invoke(effect: &str, condition: &str) -> String {
    format!(
        r#"{{"Effect": "{effect}", "Principal": "*", "Action": "execute-api:Invoke", "Resource": "execute-api:/*"{condition}}}"#
    )
}

/// A REST API with an open method and this resource policy.
fn guarded_by(policy: &str) -> Facts {
    let rest = Fact::Known(RestApi { private: false, policy: Some(policy.to_owned()) });
    Facts::RestApi(RestApiFacts { rest, methods: Fact::Known(vec![route("GET /pets", "NONE")]), ..rest_api() })
}

#[test]
fn open_methods() {
    let with = |methods: Vec<Route>| Facts::RestApi(RestApiFacts { methods: Fact::Known(methods), ..rest_api() });
    let open = || vec![route("GET /pets", "NONE")];
    let keyed = Route { api_key: true, ..route("GET /pets", "NONE") };
    let allow = invoke("Allow", "");
    let statements = |all: &[&str]| format!(r#"{{"Version": "2012-10-17", "Statement": [{}]}}"#, all.join(","));
    let not_ip = |range: &str| {
        let condition = format!(r#", "Condition": {{"NotIpAddress": {{"aws:SourceIp": "{range}"}}}}"#);
        invoke("Deny", &condition)
    };
    let vpc = r#", "Condition": {"StringNotEquals": {"aws:SourceVpc": "vpc-0a1b2c3d"}}"#;
    let only = r#"{"Effect": "Allow", "Principal": {"AWS": "arn:aws:iam::111122223333:role/app"}, "Action": "execute-api:Invoke", "Resource": "*"}"#;
    let part = not_ip("203.0.113.0/24")
        .replace("execute-api:/*", "arn:aws:execute-api:eu-central-1:111122223333:a1b2c3d4e5/prod/GET/admin");
    let escaped = statements(&[&allow, &not_ip("203.0.113.0/24")]).replace('"', "\\\"");
    let many: Vec<Route> = (0..30).map(|n| route(&format!("GET /pets/{n:02}"), "NONE")).collect();
    let allowed = Rules { allowed_routes: vec!["GET /pe*".to_owned()], ..rules() };
    insta::assert_snapshot!(view(vec![
        ("one", with(open()), rules()),
        ("many", with(many), rules()),
        ("a policy that lets in everybody", guarded_by(&statements(&[&allow])), rules()),
        ("a policy that denies nobody", guarded_by(&statements(&[&allow, &not_ip("0.0.0.0/0")])), rules()),
        ("a policy that denies on one path", guarded_by(&statements(&[&allow, &part])), rules()),
        ("a policy that is none", guarded_by("everybody"), rules()),
        (
            "the policy is refused",
            Facts::RestApi(RestApiFacts { rest: denied(), methods: Fact::Known(open()), ..rest_api() }),
            rules()
        ),
        ("the methods are refused", Facts::RestApi(RestApiFacts { methods: denied(), ..rest_api() }), rules()),
        ("near miss: an API key", with(vec![keyed]), rules()),
        ("near miss: allowed", with(open()), allowed),
        ("near miss: OPTIONS", with(vec![route("OPTIONS /pets", "NONE")]), rules()),
        (
            "near miss: a policy for some addresses",
            guarded_by(&statements(&[&allow, &not_ip("203.0.113.0/24")])),
            rules()
        ),
        ("near miss: escaped, as AWS gives it", guarded_by(&escaped), rules()),
        ("near miss: a policy for one VPC", guarded_by(&statements(&[&allow, &invoke("Deny", vpc)])), rules()),
        ("near miss: a policy for one role", guarded_by(&statements(&[only])), rules()),
        (
            "near miss: private",
            Facts::RestApi(RestApiFacts {
                rest: Fact::Known(RestApi { private: true, policy: Some(statements(&[&allow])) }),
                methods: Fact::Known(open()),
                ..rest_api()
            }),
            rules()
        ),
        ("near miss: no methods", with(Vec::new()), rules()),
    ]));
}

#[test]
fn open_routes_and_endpoints() {
    let with = |websocket, endpoint_disabled, routes: &[(&str, &str)]| {
        let http = Fact::Known(HttpApi { websocket, endpoint_disabled });
        let routes = routes.iter().map(|(key, kind)| route(key, kind)).collect();
        Facts::HttpApi(HttpApiFacts { http, routes: Fact::Known(routes), ..http_api() })
    };
    let connect = Rules { allowed_routes: vec!["$connect".to_owned()], ..rules() };
    insta::assert_snapshot!(view(vec![
        ("an open route", with(false, true, &[("GET /pets", "NONE"), ("POST /pets", "JWT")]), rules()),
        ("an open catch-all", with(false, true, &[("$default", "NONE"), ("ANY /pets", "NONE")]), rules()),
        ("the default endpoint", with(false, false, &[("GET /pets", "JWT")]), rules()),
        ("the default endpoint of a WebSocket API", with(true, false, &[("$connect", "AWS_IAM")]), rules()),
        ("an open connection", with(true, true, &[("$connect", "NONE"), ("send", "NONE")]), rules()),
        ("no route to connect", with(true, true, &[("send", "NONE"), ("$default", "NONE")]), rules()),
        ("the API is refused", Facts::HttpApi(HttpApiFacts { http: denied(), ..http_api() }), rules()),
        ("the routes are refused", Facts::HttpApi(HttpApiFacts { routes: denied(), ..http_api() }), rules()),
        (
            "near miss: messages behind an authorizer",
            with(true, true, &[("$connect", "CUSTOM"), ("send", "NONE")]),
            rules()
        ),
        ("near miss: OPTIONS", with(false, true, &[("OPTIONS /pets", "NONE")]), rules()),
        ("near miss: no routes yet", with(false, true, &[]), rules()),
        ("near miss: a WebSocket API without routes", with(true, true, &[]), rules()),
        ("near miss: an allowed connection", with(true, true, &[("send", "NONE")]), connect),
    ]));
}

#[test]
fn stages_without_logs() {
    let bare = || RestStageFacts { access_log: Fact::Known(None), ..rest_stage() };
    let (rest, http) = (Facts::RestStage, Facts::HttpStage);
    let to = |group: &str| Rules { log_group: Some(group.to_owned()), ..rules() };
    let http_bare = || HttpStageFacts { access_log: Fact::Known(None), ..http_stage() };
    insta::assert_snapshot!(view(vec![
        ("no log", rest(bare()), to("apis-{account}")),
        ("no log group is configured", rest(bare()), rules()),
        ("no role for logs", rest(RestStageFacts { log_role: Fact::Known(false), ..bare() }), to("apis")),
        ("the role is refused", rest(RestStageFacts { log_role: denied(), ..bare() }), to("apis")),
        (
            "the stage is refused",
            rest(RestStageFacts { access_log: denied(), execution_log: denied(), ..bare() }),
            rules()
        ),
        ("no log of an HTTP API", http(http_bare()), to("apis/{region}")),
        ("no log of an HTTP API, no log group", http(http_bare()), rules()),
        ("the stage of an HTTP API is refused", http(HttpStageFacts { access_log: denied(), ..http_stage() }), rules()),
        ("near miss: execution logs", rest(RestStageFacts { execution_log: Fact::Known(true), ..bare() }), to("apis")),
        ("near miss: an access log", rest(RestStageFacts { execution_log: denied(), ..rest_stage() }), to("apis")),
    ]));
}

#[test]
fn web_acls() {
    let with = |change: &dyn Fn(&mut WebAcl)| {
        let mut facts = web_acl();
        change(facts.acl.known_mut().unwrap());
        Facts::WebAcl(facts)
    };
    let only = |does: Does| with(&|acl: &mut WebAcl| acl.rules = vec![rule("one", does.clone())]);
    let (allow, count, stop) = (Verb::Allow, Verb::Count, Verb::Stop);
    let named = |name: &str| Facts::WebAcl(WebAclFacts { name: part(name), logging: Fact::Known(None), ..web_acl() });
    let logs = Rules { waf_log_group: Some("aws-waf-logs-{account}".to_owned()), ..rules() };
    let unlogged = || WebAclFacts { logging: Fact::Known(None), ..web_acl() };
    insta::assert_snapshot!(view(vec![
        ("no rules", with(&|acl| acl.rules.clear()), rules()),
        (
            "no rules, and nothing gets through",
            with(&|acl| {
                acl.rules.clear();
                acl.default_allows = false;
            }),
            rules()
        ),
        ("a rule that counts", only(Does::Action(count)), rules()),
        ("a rule that allows", only(Does::Action(allow)), rules()),
        ("a group overridden to count", only(Does::CountGroup), rules()),
        ("an empty group", only(group(&[], Fact::Known(&[]))), rules()),
        ("a group that counts", only(group(&[], Fact::Known(&[("a", count), ("b", allow)]))), rules()),
        ("a group whose rules are overridden", only(group(&[("a", count)], Fact::Known(&[("a", stop)]))), rules()),
        ("a group that is refused", only(group(&[], denied())), rules()),
        (
            "the web ACL is refused",
            Facts::WebAcl(WebAclFacts { acl: denied(), logging: denied(), ..web_acl() }),
            rules()
        ),
        ("no log", Facts::WebAcl(unlogged()), logs.clone()),
        ("no log, no log group", Facts::WebAcl(unlogged()), rules()),
        ("the log is refused", Facts::WebAcl(WebAclFacts { logging: denied(), ..web_acl() }), rules()),
        ("near miss: a rule that stops", only(Does::Action(stop)), rules()),
        (
            "near miss: one that stops behind one that counts",
            with(&|acl| {
                acl.rules = vec![rule("a", Does::CountGroup), rule("b", Does::Action(stop))];
            }),
            rules()
        ),
        (
            "near miss: a group that stops",
            only(group(&[("a", count)], Fact::Known(&[("a", stop), ("b", stop)]))),
            rules()
        ),
        ("near miss: overridden to stop", only(group(&[("a", stop)], Fact::Known(&[("a", count)]))), rules()),
        (
            "near miss: a refused group beside a rule that stops",
            with(&|acl| {
                acl.rules = vec![rule("a", group(&[], denied())), rule("b", Does::Action(stop))];
            }),
            rules()
        ),
        (
            "near miss: only what is allowed gets through",
            with(&|acl| {
                acl.default_allows = false;
                acl.rules = vec![rule("a", Does::Action(allow))];
            }),
            rules()
        ),
        (
            "near miss: Firewall Manager's groups",
            with(&|acl| {
                acl.rules.clear();
                acl.firewall_manager_groups = 1;
            }),
            rules()
        ),
        (
            "near miss: Firewall Manager's",
            with(&|acl| {
                acl.rules.clear();
                acl.firewall_manager = true;
            }),
            rules()
        ),
        ("near miss: Firewall Manager's by name", named("FMManagedWebACLV2-policy-1634567890123"), logs),
    ]));
}

/// Whom the settings trust counts for a REST API's policy as for any other.
#[test]
fn a_policy_for_the_organisation_lets_in_only_some() {
    let policy = r#"{"Statement": {"Effect": "Allow", "Principal": "*", "Action": "execute-api:Invoke", "Resource": "*",
        "Condition": {"StringEquals": {"aws:PrincipalOrgID": "o-exampleorgid"}}}}"#;
    let trust = Trust { organization: None, ..Trust::default() };
    let found = Api::judge(&guarded_by(policy), &Rules { trust, ..rules() }, &laws::every::<Api>());
    assert!(found.is_empty(), "{found:?}");
}

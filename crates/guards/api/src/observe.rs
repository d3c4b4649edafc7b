//! Reading the live state.

use rectify_aws::{AwsFailure, Ends, Reading};
use rectify_controls::{
    Fact, Selection,
    api::{
        Acl, AppRunnerFacts, DistributionFacts, Facts, GraphqlFacts, HttpApiFacts, HttpStageFacts, LoadBalancerFacts,
        Part, RestApiFacts, RestStageFacts, Scope, Target, UserPoolFacts, WebAclFacts, needs_acls,
    },
};
use rectify_runtime::Observed;

use crate::{clients::Set, doors, firewall, gateway};

/// Reads everything about `target`, at the same time. The region's web ACLs are asked for only where one may be missing.
pub(crate) async fn observe(at: &Set, target: &Target, selection: &Selection) -> Result<Observed<Facts>, AwsFailure> {
    let facts = match target {
        Target::RestApi(api) => rest_api(at, api).await,
        // Only what it leads to can be looked at.
        Target::RestStages(_) => Ok(None),
        Target::RestStage(api, stage) => rest_stage(at, api, stage, selection).await,
        Target::HttpApi(api) => http_api(at, api).await,
        Target::HttpStage(api, stage) => http_stage(at, api, stage).await,
        Target::LoadBalancer(name, id) => load_balancer(at, name, id, selection).await,
        Target::GraphqlApi(api) => graphql_api(at, api, selection).await,
        Target::UserPool(pool) => user_pool(at, pool, selection).await,
        Target::AppRunner(name, id) => app_runner(at, name, id, selection).await,
        Target::Distribution(id) => distribution(at, id, selection).await,
        Target::WebAcl(scope, name, id) => web_acl(at, *scope, name, id).await,
    };
    facts.map(Observed::from)
}

type Seen = Result<Option<Facts>, AwsFailure>;

async fn rest_api(at: &Set, api: &Part) -> Seen {
    let (rest, methods) = futures::join!(gateway::rest_api(at, api), gateway::methods(at, api));
    let mut ends = Ends::default();
    let facts =
        RestApiFacts { place: at.place.clone(), api: api.clone(), rest: ends.take(rest), methods: ends.take(methods) };
    ends.or(Facts::RestApi(facts))
}

async fn rest_stage(at: &Set, api: &Part, stage: &Part, selection: &Selection) -> Seen {
    let (rest, read, log_role) =
        futures::join!(gateway::rest_api(at, api), gateway::rest_stage(at, api, stage), gateway::log_role(at));
    let mut ends = Ends::default();
    let (web_acl, access_log, execution_log) = match ends.take(read) {
        Fact::Known(read) => (Fact::Known(read.web_acl), Fact::Known(read.access_log), Fact::Known(read.execution_log)),
        Fact::Unreadable(why) => (Fact::Unreadable(why.clone()), Fact::Unreadable(why.clone()), Fact::Unreadable(why)),
        Fact::NotRead => (Fact::NotRead, Fact::NotRead, Fact::NotRead),
    };
    let acls = ends.take(acls(at, Scope::Regional, &web_acl, selection).await);
    let facts = RestStageFacts {
        place: at.place.clone(),
        api: api.clone(),
        stage: stage.clone(),
        rest: ends.take(rest),
        web_acl,
        acls,
        access_log,
        execution_log,
        log_role: ends.take(log_role),
    };
    ends.or(Facts::RestStage(facts))
}

async fn http_api(at: &Set, api: &Part) -> Seen {
    let (http, routes) = futures::join!(gateway::http_api(at, api), gateway::routes(at, api));
    let mut ends = Ends::default();
    let facts =
        HttpApiFacts { place: at.place.clone(), api: api.clone(), http: ends.take(http), routes: ends.take(routes) };
    ends.or(Facts::HttpApi(facts))
}

async fn http_stage(at: &Set, api: &Part, stage: &Part) -> Seen {
    let mut ends = Ends::default();
    let facts = HttpStageFacts {
        place: at.place.clone(),
        api: api.clone(),
        stage: stage.clone(),
        access_log: ends.take(gateway::http_stage(at, api, stage).await),
    };
    ends.or(Facts::HttpStage(facts))
}

async fn load_balancer(at: &Set, name: &Part, id: &Part, selection: &Selection) -> Seen {
    let arn = at.arn(&Target::LoadBalancer(name.clone(), id.clone()));
    let (balancer, web_acl) = futures::join!(gateway::balancer(at, &arn), firewall::web_acl_of(at, &arn));
    let mut ends = Ends::default();
    let web_acl = ends.take(web_acl);
    let acls = ends.take(acls(at, Scope::Regional, &web_acl, selection).await);
    let facts = LoadBalancerFacts {
        place: at.place.clone(),
        name: name.clone(),
        id: id.clone(),
        balancer: ends.take(balancer),
        web_acl,
        acls,
    };
    ends.or(Facts::LoadBalancer(facts))
}

async fn graphql_api(at: &Set, api: &Part, selection: &Selection) -> Seen {
    let mut ends = Ends::default();
    let (graphql, web_acl) = match ends.take(gateway::graphql(at, api).await) {
        Fact::Known((graphql, web_acl)) => (Fact::Known(graphql), Fact::Known(web_acl)),
        Fact::Unreadable(why) => (Fact::Unreadable(why.clone()), Fact::Unreadable(why)),
        Fact::NotRead => (Fact::NotRead, Fact::NotRead),
    };
    let acls = ends.take(acls(at, Scope::Regional, &web_acl, selection).await);
    let facts = GraphqlFacts { place: at.place.clone(), api: api.clone(), graphql, web_acl, acls };
    ends.or(Facts::GraphqlApi(facts))
}

async fn user_pool(at: &Set, pool: &Part, selection: &Selection) -> Seen {
    let arn = at.arn(&Target::UserPool(pool.clone()));
    let (there, web_acl) = futures::join!(doors::is_there(at, pool), firewall::web_acl_of(at, &arn));
    let mut ends = Ends::default();
    let _ = ends.take(there);
    let web_acl = ends.take(web_acl);
    let acls = if is_asked(&web_acl, selection) { firewall::acls_for_pools(at).await } else { Ok(Fact::NotRead) };
    let acls = ends.take(acls);
    ends.or(Facts::UserPool(UserPoolFacts { place: at.place.clone(), pool: pool.clone(), web_acl, acls }))
}

async fn app_runner(at: &Set, name: &Part, id: &Part, selection: &Selection) -> Seen {
    let arn = at.arn(&Target::AppRunner(name.clone(), id.clone()));
    let (service, web_acl) = futures::join!(doors::service(at, &arn), firewall::web_acl_of(at, &arn));
    let mut ends = Ends::default();
    let web_acl = ends.take(web_acl);
    let acls = ends.take(acls(at, Scope::Regional, &web_acl, selection).await);
    let facts = AppRunnerFacts {
        place: at.place.clone(),
        name: name.clone(),
        id: id.clone(),
        service: ends.take(service),
        web_acl,
        acls,
    };
    ends.or(Facts::AppRunner(facts))
}

async fn distribution(at: &Set, id: &Part, selection: &Selection) -> Seen {
    let mut ends = Ends::default();
    let (distribution, web_acl) = match ends.take(doors::distribution(at, id).await) {
        Fact::Known(config) => (Fact::Known(config.distribution), Fact::Known(config.web_acl)),
        Fact::Unreadable(why) => (Fact::Unreadable(why.clone()), Fact::Unreadable(why)),
        Fact::NotRead => (Fact::NotRead, Fact::NotRead),
    };
    let acls = ends.take(acls(at, Scope::Global, &web_acl, selection).await);
    let facts = DistributionFacts { place: at.place.clone(), id: id.clone(), distribution, web_acl, acls };
    ends.or(Facts::Distribution(facts))
}

async fn web_acl(at: &Set, scope: Scope, name: &Part, id: &Part) -> Seen {
    let arn = at.arn(&Target::WebAcl(scope, name.clone(), id.clone()));
    let (acl, logging) = futures::join!(firewall::web_acl(at, scope, name, id), firewall::logging(at, &arn));
    let mut ends = Ends::default();
    let facts = WebAclFacts {
        place: at.place.clone(),
        scope,
        name: name.clone(),
        id: id.clone(),
        acl: ends.take(acl),
        logging: ends.take(logging),
    };
    ends.or(Facts::WebAcl(facts))
}

/// The web ACLs of the scope, where the resource is known to have none and somebody asks.
async fn acls(at: &Set, scope: Scope, web_acl: &Fact<Option<String>>, selection: &Selection) -> Reading<Vec<Acl>> {
    if is_asked(web_acl, selection) { firewall::acls(at, scope).await } else { Ok(Fact::NotRead) }
}

fn is_asked(web_acl: &Fact<Option<String>>, selection: &Selection) -> bool {
    matches!(web_acl, Fact::Known(None)) && needs_acls(selection)
}

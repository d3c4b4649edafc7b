use rectify_aws::FailureKind;
use rectify_controls::api::{Part, Target};
use rectify_guard_api::ApiGuard;
use rectify_runtime::Guard;
use serde_json::json;

use crate::fake::{Fake, ok, refused, xml};

/// Every resource is on one page, whatever the services' pages are; odd names are left out and told; an API that goes meanwhile
/// has no stages.
#[tokio::test]
async fn every_list_to_its_end() {
    let balancer = |kind: &str, id: &str| {
        let short = if kind == "application" { "app" } else { "net" };
        format!(
            "<member><Type>{kind}</Type><LoadBalancerArn>arn:aws:elasticloadbalancing:eu-west-1:111122223333:loadbalancer/{short}/web/{id}</LoadBalancerArn></member>"
        )
    };
    let balancers = |body: &str| xml("DescribeLoadBalancers", body);
    let fake = Fake::default()
        .on("GET /restapis", [ok(&json!({"item": [{"id": "a1"}, {"id": "gone"}], "position": "p/2"})), ok(&json!({"item": [{"id": "o d d"}]}))])
        .on("GET /restapis/a1/stages", [ok(&json!({"item": [{"stageName": "prod"}]}))])
        .on("GET /restapis/gone/stages", [refused(404, "NotFoundException")])
        .on("GET /v2/apis", [ok(&json!({"items": [{"apiId": "h1"}]}))])
        .on(
            "GET /v2/apis/h1/stages",
            [ok(&json!({"items": [{"stageName": "$default"}], "nextToken": "t"})), ok(&json!({"items": [{"stageName": "dev"}]}))],
        )
        .on(
            "elb DescribeLoadBalancers",
            [
                balancers(&format!("<LoadBalancers>{}{}</LoadBalancers><NextMarker>m</NextMarker>", balancer("application", "01"), balancer("network", "02"))),
                balancers("<LoadBalancers></LoadBalancers>"),
            ],
        )
        .on("GET /v1/apis", [ok(&json!({"graphqlApis": [{"apiId": "g1"}]}))])
        .on(
            "cognito ListUserPools",
            [
                ok(&json!({"UserPools": [{"Id": "eu-west-1_A"}], "NextToken": "t"})),
                ok(&json!({"UserPools": [{"Id": "eu-west-1_B"}]})),
            ],
        )
        .on(
            "apprunner ListServices",
            [
                ok(&json!({"ServiceSummaryList": [{"ServiceArn": "arn:aws:apprunner:eu-west-1:111122223333:service/shop/01"}], "NextToken": "t"})),
                ok(&json!({"ServiceSummaryList": []})),
            ],
        )
        .on(
            "GET /2020-05-31/distribution",
            [
                (200, "<DistributionList><NextMarker>E1</NextMarker><Items><DistributionSummary><Id>E1</Id></DistributionSummary></Items></DistributionList>".to_owned()),
                (200, "<DistributionList><Items><DistributionSummary><Id>E2</Id></DistributionSummary></Items></DistributionList>".to_owned()),
            ],
        )
        .on(
            "wafv2 ListWebACLs",
            [
                ok(&json!({"WebACLs": [{"Name": "team", "ARN": "arn:aws:wafv2:eu-west-1:111122223333:regional/webacl/team/1-2"}], "NextMarker": "team"})),
                ok(&json!({"WebACLs": [], "NextMarker": "team"})),
            ],
        );
    let (mut ids, mut odd, mut cursor) = (Vec::new(), Vec::new(), None);
    for _ in 0..20 {
        let page = ApiGuard::default().list(&fake.session(), cursor.as_deref()).await.unwrap();
        ids.extend(page.ids.iter().map(ToString::to_string));
        odd.extend(page.odd);
        cursor = page.next;
        if cursor.is_none() {
            break;
        }
    }
    assert_eq!(cursor, None, "the end");
    let expected = [
        "REST API a1",
        "stage prod of REST API a1",
        "REST API gone",
        "API h1",
        "stage $default of API h1",
        "stage dev of API h1",
        "load balancer web",
        "GraphQL API g1",
        "user pool eu-west-1_A",
        "user pool eu-west-1_B",
        "App Runner service shop",
        "distribution E1",
        "distribution E2",
        "web ACL team",
    ];
    assert_eq!(ids, expected);
    assert_eq!(odd, ["o d d"]);
    let positions: Vec<_> =
        fake.calls().into_iter().filter(|call| call.what == "GET /restapis").map(|call| call.query).collect();
    assert!(positions.last().unwrap().contains("position=p%2F2"), "{positions:?}");
    let last = |what: &str| fake.calls().into_iter().rfind(|call| call.what == what).unwrap();
    assert!(last("GET /2020-05-31/distribution").query.contains("Marker=E1"));
    assert!(last("cognito ListUserPools").body.contains(r#""NextToken":"t""#));
    assert!(last("apprunner ListServices").body.contains(r#""NextToken":"t""#));
}

#[tokio::test]
async fn a_list_that_is_refused_is_an_error() {
    let fake = Fake::default().on("GET /restapis", [refused(403, "AccessDeniedException")]);
    let failure = ApiGuard::default().list(&fake.session(), None).await.unwrap_err();
    assert_eq!(failure.kind, FailureKind::Denied);
}

/// An API that became reachable is looked at by its stages.
#[tokio::test]
async fn an_api_leads_to_its_stages() {
    let lead = Target::RestStages(Part::new("a1").unwrap());
    let find = async |answer| {
        let fake = Fake::default().on("GET /restapis/a1/stages", [answer]);
        let found = ApiGuard::default().find(&fake.session(), &lead).await;
        found.map(|found| found.into_iter().map(|(_, id)| id.to_string()).collect::<Vec<_>>())
    };
    let two = json!({"item": [{"stageName": "prod"}, {"stageName": "dev"}, {"stageName": "o d d"}]});
    assert_eq!(find(ok(&two)).await.unwrap(), ["stage prod of REST API a1", "stage dev of REST API a1"]);
    assert_eq!(find(refused(404, "NotFoundException")).await.unwrap(), [""; 0]);
    assert_eq!(find(refused(403, "AccessDeniedException")).await.unwrap_err().kind, FailureKind::Denied);
}

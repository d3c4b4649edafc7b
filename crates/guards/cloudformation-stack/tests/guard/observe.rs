use rectify_aws::{AwsFailure, FailureKind};
use rectify_controls::{
    Fact, Kind, Selection,
    cloudformation_stack::{
        Caller, CloudFormationStack, DriftStatus, Facts, HIDDEN, ManualChange, PhysicalId, StackName, Target,
    },
};
use rectify_guard_cloudformation_stack::CloudFormationStackGuard;
use rectify_runtime::{Guard, Observed};

use crate::fake::{Fake, an_hour_ago, drift, id, ok, place, refused, result, results, stack};

async fn look(fake: &Fake, target: &Target) -> Result<Observed<Facts>, AwsFailure> {
    let all: Selection = CloudFormationStack::CONTROLS.iter().map(|control| control.id).collect();
    CloudFormationStackGuard::default().observe(&fake.session(), target, &all).await
}

#[track_caller]
fn facts(seen: Result<Observed<Facts>, AwsFailure>) -> Facts {
    match seen {
        Ok(Observed::Facts(facts)) => facts,
        other => panic!("{other:?}"),
    }
}

fn target() -> Target {
    Target::Stack(id())
}

fn caller() -> Box<Caller> {
    Box::new(Caller { name: "jane".into(), principal: "arn:x".into(), event: "SetQueueAttributes".into(), at: None })
}

fn detected() -> [(u16, String); 1] {
    [ok("DetectStackDrift", "<StackDriftDetectionId>d</StackDriftDetectionId>")]
}

#[tokio::test]
async fn results_are_read_to_the_last_page() {
    let at = an_hour_ago();
    let difference = |path: &str, expected: &str, actual: &str| {
        format!(
            "<member><PropertyPath>{path}</PropertyPath><ExpectedValue>{expected}</ExpectedValue>\
             <ActualValue>{actual}</ActualValue><DifferenceType>NOT_EQUAL</DifferenceType></member>"
        )
    };
    let differences = format!(
        "<PropertyDifferences>{}{}{}</PropertyDifferences>",
        difference("/VisibilityTimeout", "30", "600"),
        difference("/Environment/Variables/TOKEN", "hunter2", "hunter3"),
        difference("/Tags/0", "null", "x"),
    );
    let reason =
        "<DriftStatusReason>No right to read (Service: Sqs, Status Code: 403, Request ID: 1)</DriftStatusReason>";
    let more = format!(
        "{}<EnableTerminationProtection>true</EnableTerminationProtection>\
        <RoleARN>arn:aws:iam::111122223333:role/c</RoleARN>\
        <RootId>arn:aws:cloudformation:eu-west-1:111122223333:stack/shop/1</RootId>\
        <Tags><member><Key>team</Key><Value>web</Value></member></Tags>",
        drift("DRIFTED", &at)
    );
    let fake = Fake::default().on("DescribeStacks", [stack("UPDATE_COMPLETE", &more)]).on(
        "DescribeStackResourceDrifts",
        [
            results(&[result("Queue", "MODIFIED", &at, &differences), result("Fine", "IN_SYNC", &at, "")], "p2"),
            results(&[result("Gone", "DELETED", &at, ""), result("Barred", "UNKNOWN", &at, reason)], ""),
        ],
    );
    let facts = facts(look(&fake, &target()).await);
    let state = facts.state.known().unwrap();
    assert_eq!((state.protected, state.root.as_deref()), (true, Some("shop")));
    assert_eq!(state.deployed_at, Some("2026-11-20T09:00:00.250Z".parse().unwrap()));
    assert_eq!(state.tags.get("team").map(String::as_str), Some("web"));
    let check = facts.check.known().unwrap();
    assert_eq!((check.status, check.whole, check.at), (DriftStatus::Drifted, true, Some(at.parse().unwrap())));
    let [gone, queue] = check.drifts.as_slice() else { panic!("{check:?}") };
    assert!(gone.deleted && gone.logical == "Gone");
    let told: Vec<_> =
        queue.differences.iter().map(|one| (&*one.path, one.expected.as_deref(), one.actual.as_deref())).collect();
    assert_eq!(
        told,
        [
            ("/Environment/Variables/TOKEN", Some(HIDDEN), Some(HIDDEN)),
            ("/Tags/0", None, Some("x")),
            ("/VisibilityTimeout", Some("30"), Some("600")),
        ]
    );
    assert_eq!(check.in_sync, ["Fine"]);
    assert_eq!(check.unchecked.first().unwrap().reason.as_deref(), Some("No right to read"));
    assert_eq!(fake.actions(), ["DescribeStacks", "DescribeStackResourceDrifts", "DescribeStackResourceDrifts"]);
    assert!(fake.calls().last().unwrap().contains("NextToken=p2"));
}

/// No call says whether a detection is under way: results that are older than its beginning do.
#[tokio::test]
async fn results_of_two_detections_are_not_whole_unless_it_has_ended() {
    let at = an_hour_ago();
    let mixed = || {
        let old = result("Old", "MODIFIED", "2026-11-20T10:00:00Z", "");
        Fake::default()
            .on("DescribeStacks", [stack("CREATE_COMPLETE", &drift("DRIFTED", &at))])
            .on("DescribeStackResourceDrifts", [results(&[old, result("New", "IN_SYNC", &at, "")], "")])
    };
    assert!(!facts(look(&mixed(), &target()).await).check.known().unwrap().whole);
    assert!(facts(look(&mixed(), &Target::Checked(id())).await).check.known().unwrap().whole, "its notice says so");
}

#[tokio::test]
async fn a_detection_is_started_when_it_is_due() {
    let with = |information: &str, answer: [(u16, String); 1]| {
        Fake::default()
            .on("DescribeStacks", [stack("UPDATE_COMPLETE", information)])
            .on("DescribeStackResourceDrifts", [results(&[], "")])
            .on("DetectStackDrift", answer)
    };
    let old = drift("IN_SYNC", "2026-11-21T00:00:00Z");
    for information in ["", &drift("NOT_CHECKED", ""), &old, &drift("IN_SYNC", "2026-11-20T08:59:59Z")] {
        let information = information.replace("<LastCheckTimestamp></LastCheckTimestamp>", "");
        let fake = with(&information, detected());
        facts(look(&fake, &target()).await);
        assert_eq!(fake.actions().last().unwrap(), "DetectStackDrift", "{information}");
    }
    let fake = with(&drift("IN_SYNC", &an_hour_ago()), detected());
    facts(look(&fake, &target()).await);
    assert_eq!(fake.actions(), ["DescribeStacks", "DescribeStackResourceDrifts"], "checked an hour ago");
    let change = ManualChange { logical: "Queue".into(), kind: "AWS::SQS::Queue".into(), caller: *caller() };
    let seen = facts(look(&fake, &Target::Changed(id(), Box::new(change.clone()))).await);
    assert_eq!(fake.actions().last().unwrap(), "DetectStackDrift", "and then changed");
    assert_eq!(seen.news, Some(change));

    // One that is under way is as good; a refusal is a fact; and being too busy is neither.
    let busy = refused(400, "ValidationError", "Drift detection is already in progress for stack [ x ]");
    assert!(matches!(facts(look(&with(&old, [busy]), &target()).await).check, Fact::Known(_)));
    let denied = refused(403, "AccessDenied", "no");
    let Fact::Unreadable(why) = facts(look(&with(&old, [denied]), &target()).await).check else { panic!() };
    assert_eq!((why.operation.as_str(), why.code.as_str()), ("DetectStackDrift", "AccessDenied"));
    let throttled = look(&with(&old, [refused(400, "Throttling", "Rate exceeded")]), &target()).await;
    assert_eq!(throttled.unwrap_err().kind, FailureKind::Throttled);
}

#[tokio::test]
async fn a_stack_that_is_busy_or_empty_is_not_checked() {
    for status in ["UPDATE_IN_PROGRESS", "ROLLBACK_COMPLETE", "DELETE_FAILED", "A_STATUS_OF_THE_FUTURE"] {
        let fake = Fake::default().on("DescribeStacks", [stack(status, "")]);
        assert_eq!(facts(look(&fake, &target()).await).check, Fact::NotRead, "{status}");
        assert_eq!(fake.actions(), ["DescribeStacks"]);
    }
    // Protection alone needs no detection.
    let fake = Fake::default().on("DescribeStacks", [stack("CREATE_COMPLETE", "")]);
    let selection = Selection::from(["stack-termination-protection-off"]);
    CloudFormationStackGuard::default().observe(&fake.session(), &target(), &selection).await.unwrap();
    assert_eq!(fake.actions(), ["DescribeStacks"]);
}

#[tokio::test]
async fn what_is_gone_is_gone_and_what_is_denied_is_a_fact() {
    let answers = |answer| Fake::default().on("DescribeStacks", [answer]);
    let missing = answers(refused(400, "ValidationError", "Stack with id orders does not exist"));
    assert_eq!(look(&missing, &target()).await.unwrap(), Observed::Gone);
    assert_eq!(look(&answers(stack("DELETE_COMPLETE", "")), &target()).await.unwrap(), Observed::Gone);
    let denied = facts(look(&answers(refused(403, "AccessDenied", "no")), &target()).await);
    assert!(matches!(denied.state, Fact::Unreadable(_)) && denied.check == Fact::NotRead);
    let other = facts(look(&answers(refused(400, "ValidationError", "something else")), &target()).await);
    assert!(matches!(other.state, Fact::Unreadable(_)), "another refusal is no end of a stack");
    let broken = look(&answers(refused(500, "InternalFailure", "x")), &target()).await;
    assert_eq!(broken.unwrap_err().kind, FailureKind::Server);
}

#[tokio::test]
async fn an_event_leads_to_its_stack() {
    let resolve = async |fake: &Fake, target: Target| {
        let found = CloudFormationStackGuard::default().find(&fake.session(), &target).await?;
        assert!(found.iter().all(|(at, _)| *at == place()), "where the event is from");
        Ok::<_, AwsFailure>(found.into_iter().next().map(|(_, id)| id))
    };
    let named = || Target::Named(StackName::new("orders").unwrap());
    let found = Fake::default().on("DescribeStacks", [stack("CREATE_IN_PROGRESS", "")]);
    assert_eq!(resolve(&found, named()).await.unwrap(), Some(target()));
    let missing =
        Fake::default().on("DescribeStacks", [refused(400, "ValidationError", "Stack with id x does not exist")]);
    assert_eq!(resolve(&missing, named()).await.unwrap(), None);

    let owner = || Target::Owner(PhysicalId::new("https://queue/orders").unwrap(), caller());
    let resource = |stack: &str| {
        let other = "<member><StackId>x</StackId><LogicalResourceId>Other</LogicalResourceId>\
            <PhysicalResourceId>other</PhysicalResourceId><ResourceType>AWS::SNS::Topic</ResourceType></member>";
        let ours = format!(
            "<member><StackId>{stack}</StackId><LogicalResourceId>Queue</LogicalResourceId>\
             <PhysicalResourceId>https://queue/orders</PhysicalResourceId><ResourceType>AWS::SQS::Queue</ResourceType></member>"
        );
        ok("DescribeStackResources", &format!("<StackResources>{other}{ours}</StackResources>"))
    };
    let owned = Fake::default().on("DescribeStackResources", [resource(id().arn(&place()).as_str())]);
    let Some(Target::Changed(stack, change)) = resolve(&owned, owner()).await.unwrap() else { panic!() };
    assert_eq!((stack, change.logical.as_str(), change.kind.as_str()), (id(), "Queue", "AWS::SQS::Queue"));
    assert_eq!(change.caller, *caller());
    assert!(owned.calls().first().unwrap().contains("PhysicalResourceId=https://queue/orders"));
    let foreign = "arn:aws:cloudformation:eu-west-1:999999999999:stack/orders/0bd1a2e0";
    let elsewhere = Fake::default().on("DescribeStackResources", [resource(foreign)]);
    assert_eq!(resolve(&elsewhere, owner()).await.unwrap(), None, "an answer is not believed about another account");
    let loose = refused(400, "ValidationError", "Stack for https://queue/orders does not exist");
    let loose = Fake::default().on("DescribeStackResources", [loose]);
    assert_eq!(resolve(&loose, owner()).await.unwrap(), None);
    let denied = Fake::default().on("DescribeStackResources", [refused(403, "AccessDenied", "no")]);
    assert_eq!(resolve(&denied, owner()).await.unwrap_err().kind, FailureKind::Denied, "not silence");
}

#[tokio::test]
async fn stacks_are_listed_page_by_page() {
    let arn = id().arn(&place());
    let page = format!(
        "<StackSummaries><member><StackId>{}</StackId></member><member><StackId>arn:odd</StackId></member></StackSummaries>\
         <NextToken>n/2=</NextToken>",
        arn.as_str()
    );
    let fake = Fake::default().on("ListStacks", [ok("ListStacks", &page), ok("ListStacks", "<StackSummaries/>")]);
    let guard = CloudFormationStackGuard::default();
    let first = guard.list(&fake.session(), None).await.unwrap();
    assert_eq!(
        (first.ids, first.odd, first.next.as_deref()),
        (vec![target()], vec!["arn:odd".to_owned()], Some("n/2="))
    );
    let call = fake.calls().remove(0);
    assert!(call.contains("UPDATE_ROLLBACK_FAILED") && !call.contains("DELETE_COMPLETE"), "{call}");
    let last = guard.list(&fake.session(), Some("n/2=")).await.unwrap();
    assert_eq!((last.ids, last.next), (vec![], None));
    for cursor in ["a b", "ä", &"x".repeat(2000)] {
        assert_eq!(guard.list(&fake.session(), Some(cursor)).await.unwrap_err().kind, FailureKind::Invalid);
    }
}

#[tokio::test]
async fn tags_are_read_or_said_to_be_unreadable() {
    let guard = CloudFormationStackGuard::default();
    let tagged = stack("CREATE_COMPLETE", "<Tags><member><Key>a</Key><Value>b</Value></member></Tags>");
    let fake = Fake::default().on("DescribeStacks", [tagged]);
    let tags = guard.tags(&fake.session(), &target()).await;
    assert_eq!(tags.known().unwrap().get("a").map(String::as_str), Some("b"));
    let denied = Fake::default().on("DescribeStacks", [refused(403, "AccessDenied", "no")]);
    // Clients are kept per session, and the fakes' sessions look the same.
    let guard = CloudFormationStackGuard::default();
    assert!(matches!(guard.tags(&denied.session(), &target()).await, Fact::Unreadable(_)));
}

use rectify_aws::{AwsFailure, FailureKind};
use rectify_controls::cloudformation_stack::{Change, Target};
use rectify_guard_cloudformation_stack::CloudFormationStackGuard;
use rectify_runtime::Guard;

use crate::fake::{Answer, Fake, drift, id, ok, refused, result, results, stack};

/// When the stack of the fake was deployed.
const DEPLOYED: &str = "2026-11-20T09:00:00.250Z";

async fn apply(fake: &Fake, change: &Change) -> Result<(), AwsFailure> {
    CloudFormationStackGuard::default().apply(&fake.session(), &Target::Stack(id()), change).await
}

/// Planned before the deployment at nine, or since.
fn revert(deployed_at: &str) -> Change {
    Change::RevertDrift { resources: vec!["Queue".into()], deployed_at: Some(deployed_at.parse().unwrap()) }
}

fn change_set(status: &str, execution: &str, changes: &[(&str, &str, &str)], next: &str) -> Answer {
    let change = |(logical, action, replacement): &(&str, &str, &str)| {
        format!(
            "<member><Type>Resource</Type><ResourceChange><Action>{action}</Action><LogicalResourceId>{logical}</LogicalResourceId>\
             <Replacement>{replacement}</Replacement></ResourceChange></member>"
        )
    };
    let changes: String = changes.iter().map(change).collect();
    let next = if next.is_empty() { String::new() } else { format!("<NextToken>{next}</NextToken>") };
    ok(
        "DescribeChangeSet",
        &format!(
            "<Status>{status}</Status><ExecutionStatus>{execution}</ExecutionStatus><StatusReason>because</StatusReason>\
             <Changes>{changes}</Changes>{next}"
        ),
    )
}

const QUEUE: (&str, &str, &str) = ("Queue", "Modify", "False");

/// A stack that waits for its change set.
fn waiting(described: impl IntoIterator<Item = Answer>) -> Fake {
    Fake::default()
        .on("DescribeStacks", [stack("UPDATE_COMPLETE", "")])
        .on("DescribeChangeSet", described)
        .on("CreateChangeSet", [ok("CreateChangeSet", "<Id>arn:x</Id>")])
        .on("ExecuteChangeSet", [ok("ExecuteChangeSet", "")])
        .on("DeleteChangeSet", [ok("DeleteChangeSet", "")])
}

#[track_caller]
fn later(result: Result<(), AwsFailure>, says: &str) {
    let failure = result.unwrap_err();
    assert!(failure.kind == FailureKind::NotYet && failure.to_string().contains(says), "{failure}");
}

#[track_caller]
fn refuses(result: Result<(), AwsFailure>, says: &str) {
    let failure = result.unwrap_err();
    assert!(failure.kind == FailureKind::Invalid && failure.to_string().contains(says), "{failure}");
}

#[tokio::test]
async fn protection_is_one_call() {
    let fake = Fake::default().on("UpdateTerminationProtection", [ok("UpdateTerminationProtection", "")]);
    for on in [true, false] {
        apply(&fake, &Change::Protect(on)).await.unwrap();
        let arn = "arn:aws:cloudformation:eu-west-1:111122223333:stack/orders/0bd1a2e0";
        let call = fake.calls().pop().unwrap();
        assert_eq!(
            call,
            format!("Action=UpdateTerminationProtection&EnableTerminationProtection={on}&StackName={arn}")
        );
    }
}

/// Everything stays as it is but the mode.
#[tokio::test]
async fn a_change_set_is_made_of_what_the_stack_has() {
    let more = "<Parameters><member><ParameterKey>Stage</ParameterKey><ParameterValue>****</ParameterValue></member></Parameters>\
        <Capabilities><member>CAPABILITY_NAMED_IAM</member></Capabilities>";
    let missing = refused(404, "ChangeSetNotFound", "ChangeSet [rectify] does not exist");
    let fake = waiting([missing]).on("DescribeStacks", [stack("UPDATE_COMPLETE", more)]);
    later(apply(&fake, &revert(DEPLOYED)).await, "being made");
    insta::assert_snapshot!(fake.calls().pop().unwrap().replace('&', "\n"));

    // The name is the same at each try, so a second one finds what the first has made.
    let made = |fake: &Fake| {
        fake.calls().pop().unwrap().split('&').find(|part| part.starts_with("ChangeSetName")).unwrap().to_owned()
    };
    let exists = waiting([refused(404, "ChangeSetNotFound", "x")])
        .on("CreateChangeSet", [refused(400, "AlreadyExistsException", "x")]);
    later(apply(&exists, &revert(DEPLOYED)).await, "being made");
    assert_eq!(made(&exists), made(&fake));
}

#[tokio::test]
async fn a_change_set_that_does_what_it_should_is_executed() {
    for status in ["CREATE_PENDING", "CREATE_IN_PROGRESS"] {
        let fake = waiting([change_set(status, "UNAVAILABLE", &[], "")]);
        later(apply(&fake, &revert(DEPLOYED)).await, "being made");
    }
    let fake = waiting([change_set("CREATE_COMPLETE", "AVAILABLE", &[QUEUE], "")]);
    later(apply(&fake, &revert(DEPLOYED)).await, "being executed");
    assert_eq!(fake.actions(), ["DescribeStacks", "DescribeChangeSet", "ExecuteChangeSet"]);
    let fake = waiting([change_set("CREATE_COMPLETE", "EXECUTE_IN_PROGRESS", &[QUEUE], "")]);
    later(apply(&fake, &revert(DEPLOYED)).await, "being executed");
    assert_eq!(fake.actions(), ["DescribeStacks", "DescribeChangeSet"], "once");
}

#[tokio::test]
async fn a_change_set_that_would_do_more_is_deleted() {
    let first = || change_set("CREATE_COMPLETE", "AVAILABLE", &[QUEUE], "p2");
    let second = |change| change_set("CREATE_COMPLETE", "AVAILABLE", &[change], "");
    for (change, why) in [
        (("Table", "Modify", "True"), "also change Table"),
        (("Queue", "Modify", "Conditional"), "replace Queue"),
        (("Queue", "Remove", ""), "in place"),
    ] {
        let fake = waiting([first(), second(change)]);
        refuses(apply(&fake, &revert(DEPLOYED)).await, why);
        let actions = ["DescribeStacks", "DescribeChangeSet", "DescribeChangeSet", "DeleteChangeSet"];
        assert_eq!(fake.actions(), actions, "read to the last page");
    }
    for (status, execution) in
        [("FAILED", "UNAVAILABLE"), ("CREATE_COMPLETE", "OBSOLETE"), ("CREATE_COMPLETE", "EXECUTE_FAILED")]
    {
        let fake = waiting([change_set(status, execution, &[QUEUE], "")]);
        refuses(apply(&fake, &revert(DEPLOYED)).await, "because");
        assert_eq!(fake.actions().last().unwrap(), "DeleteChangeSet");
    }
}

#[tokio::test]
async fn while_the_stack_is_busy_nothing_is_done() {
    let fake = Fake::default().on("DescribeStacks", [stack("UPDATE_IN_PROGRESS", "")]);
    later(apply(&fake, &revert(DEPLOYED)).await, "UPDATE_IN_PROGRESS");
    assert_eq!(fake.actions(), ["DescribeStacks"]);
    let busy = waiting([change_set("CREATE_COMPLETE", "AVAILABLE", &[QUEUE], "")])
        .on("ExecuteChangeSet", [refused(400, "InvalidChangeSetStatus", "the stack is busy")]);
    assert_eq!(apply(&busy, &revert(DEPLOYED)).await.unwrap_err().kind, FailureKind::NotYet);
}

/// Once the stack has been deployed, by this or by somebody else, a detection has the last word, and nothing is created again.
#[tokio::test]
async fn after_the_deployment_a_detection_says_how_it_went() {
    let before = "2026-11-20T08:00:00Z";
    let after = |information: String, found: &[String]| {
        Fake::default()
            .on("DescribeStacks", [stack("UPDATE_COMPLETE", &information)])
            .on("DescribeStackResourceDrifts", [results(found, "")])
    };
    let (at, fresh) = ("2026-11-20T09:05:00Z", drift("IN_SYNC", "2026-11-20T09:04:00Z"));
    let old = after(drift("DRIFTED", "2026-11-20T08:30:00Z"), &[]);
    later(apply(&old, &revert(before)).await, "detected again");
    let running = after(fresh.clone(), &[result("Queue", "MODIFIED", "2026-11-20T08:30:10Z", "")]);
    later(apply(&running, &revert(before)).await, "being detected");
    let clean = after(fresh.clone(), &[result("Queue", "IN_SYNC", at, ""), result("Other", "MODIFIED", at, "")]);
    apply(&clean, &revert(before)).await.unwrap();
    assert_eq!(clean.actions(), ["DescribeStacks", "DescribeStackResourceDrifts"]);
    let still = after(fresh, &[result("Queue", "MODIFIED", at, "")]);
    refuses(apply(&still, &revert(before)).await, "Queue still differs");
}

#[tokio::test]
async fn what_only_a_person_can_do_is_not_tried() {
    refuses(apply(&Fake::default(), &Change::DriftAgain(Vec::new())).await, "no call");
    let gone =
        Fake::default().on("DescribeStacks", [refused(400, "ValidationError", "Stack with id x does not exist")]);
    refuses(apply(&gone, &revert(DEPLOYED)).await, "gone");
}

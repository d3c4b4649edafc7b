//! Stacks whose resources are not as their template says.

use super::{Change, Facts, ManualChange, ResourceDrift, Rules, State, rules::Ignored};
use crate::{
    Action, Control, Evidence, Fact, Finding, Framework, Guidance, OptionSpec, Severity,
    verdict::{blind, live, unverifiable},
};

pub(super) const DRIFTED: Control = Control {
    id: "stack-drifted",
    title: "Resources of a stack are not as its template says",
    severity: Severity::Medium,
    action: Action::Guarded,
    breach: "A drift detection that is whole and not older than the last deployment found a resource of the stack modified or \
             deleted, in a way that `ignore` does not name. Properties that the template does not set are not compared, and types \
             that CloudFormation cannot look at are not checked. While a deployment is under way nothing is judged anew: what \
             was found before stands until a detection after it says otherwise. A stack that cannot be checked is told as such. A \
             nested stack is checked by itself.",
    correction: "Creates a change set with deployment mode REVERT_DRIFT from the template, the parameters and the role that the \
                 stack has, and executes it only if it changes the drifted resources in place and nothing else; then has the \
                 drift detected again. It takes minutes and is proven by that detection. Only for root stacks with a service \
                 role, whose drift has no deleted resource, no nested stack and nothing that `ignore` names. CloudFormation has \
                 no call that brings a manual change back: an undo names each property to set by hand.",
    disruption: "What somebody changed in an emergency is taken back, and the resource is updated as by a deployment.",
    guidance: Guidance {
        why: "A change by hand is in no review, and the next deployment neither shows nor takes it back: templates are \
              compared with templates. Change the template instead, and let people write only through the pipeline.",
        console: "1. Open CloudFormation, Stacks, and choose the stack.\n\
                  2. Stack actions, Detect drift; then Stack actions, View drift results shows each property.\n\
                  3. To keep a change, write it into the template and update the stack.\n\
                  4. To take it back: Stack actions, Create change set, with the existing template and the drift-aware type; look \
                  at what it would do, and execute it.\n",
        cli: "aws cloudformation detect-stack-drift --stack-name app\n\
              aws cloudformation describe-stack-resource-drifts --stack-name app --stack-resource-drift-status-filters MODIFIED DELETED\n\
              # Back to the template:\n\
              aws cloudformation create-change-set --stack-name app --change-set-name revert-drift --use-previous-template \\\n  \
              --deployment-mode REVERT_DRIFT --capabilities CAPABILITY_NAMED_IAM\n\
              aws cloudformation describe-change-set --stack-name app --change-set-name revert-drift\n\
              aws cloudformation execute-change-set --stack-name app --change-set-name revert-drift\n",
        terraform: r#"# A role that CloudFormation acts as: people deploy the stack without the right to write to what is in it.
resource "aws_cloudformation_stack" "app" {
  name          = "app"
  template_body = file("app.yaml")
  iam_role_arn  = aws_iam_role.cloudformation.arn
}
"#,
        cloudformation: "# Each setting that matters stands in the template: only those are compared.
Queue:
  Type: AWS::SQS::Queue
  Properties:
    VisibilityTimeout: 30
    SqsManagedSseEnabled: true
",
        cdk: "// `cdk bootstrap` makes the execution role that CloudFormation acts as; `cdk drift` and
// `cdk deploy --revert-drift` show and revert what was changed by hand.
new sqs.Queue(this, 'Queue', {
  visibilityTimeout: cdk.Duration.seconds(30),
  encryption: sqs.QueueEncryption.SQS_MANAGED,
});
",
    },
    frameworks: &[
        Framework { name: "NIST 800-53 r5", ids: "CM-2, CM-3, CM-6" },
        Framework { name: "AWS Config", ids: "CLOUDFORMATION_STACK_DRIFT_DETECTION_CHECK" },
    ],
    options: &[OptionSpec {
        name: "ignore",
        default: DEFAULT_IGNORE,
        doc: "Drift that is meant to be: a resource type, or type and property (`AWS::ECS::Service/DesiredCount`), in which `*` \
              stands for any characters.",
    }],
};

/// What AWS services change themselves.
const DEFAULT_IGNORE: &str = r#"["AWS::AutoScaling::AutoScalingGroup/DesiredCapacity", "AWS::ECS::Service/DesiredCount", "AWS::DynamoDB::Table/ProvisionedThroughput*", "AWS::ApplicationAutoScaling::*", "AWS::RDS::DBInstance/EngineVersion"]"#;

/// Most differences that are listed one by one.
const MOST_LISTED: usize = 40;

pub(super) fn drifted(facts: &Facts, rules: &Rules) -> Option<Finding<Change>> {
    let name = facts.stack.name();
    let subject = format!("the drift of stack {name}");
    let state = match &facts.state {
        Fact::Known(state) => state,
        unknown => return blind(&DRIFTED, &subject, unknown, "cloudformation:DescribeStacks"),
    };
    if state.is_empty() {
        return None;
    }
    let (meant, offending): (Vec<_>, Vec<_>) =
        facts.drifts().iter().map(|drift| offence(drift, &rules.ignore)).partition(|(_, left)| left.is_none());
    let ignored = !meant.is_empty() || offending.iter().any(|(drift, left)| left.as_ref() != Some(*drift));
    let offending: Vec<ResourceDrift> = offending.into_iter().filter_map(|(_, left)| left).collect();
    if !offending.is_empty() {
        return found(facts, state, &offending, ignored);
    }
    if state.is_in_progress() {
        return None;
    }
    if !state.can_be_checked() {
        let summary = format!("{subject} cannot be detected: the stack is {}", state.status);
        return unverifiable(&DRIFTED, summary, vec![Evidence::new("stack status", &state.status)]);
    }
    let check = match &facts.check {
        Fact::Known(check) => check,
        unknown => return blind(&DRIFTED, &subject, unknown, "cloudformation:DetectStackDrift"),
    };
    if facts.current().is_none() || check.unchecked.is_empty() {
        return None; // a detection is on its way, or nothing differs
    }
    let reason = check.unchecked.iter().find_map(|resource| resource.reason.as_deref());
    let reason = reason.map(|reason| format!(": {reason}")).unwrap_or_default();
    let summary =
        format!("{subject} cannot be judged: {} could not be looked at{reason}", count(check.unchecked.len()));
    unverifiable(&DRIFTED, summary, unchecked(facts).collect())
}

fn found(facts: &Facts, state: &State, offending: &[ResourceDrift], ignored: bool) -> Option<Finding<Change>> {
    let changes = facts.changes();
    let who: Vec<String> = offending.iter().map(|drift| words(drift, &changes)).collect();
    let name = facts.stack.name();
    let verb = if offending.len() == 1 { "is" } else { "are" };
    let mut summary =
        format!("{} of stack {name} {verb} not as the template says: {}", count(offending.len()), bounded(&who));
    let mut evidence: Vec<Evidence> = offending.iter().flat_map(differences).collect();
    let more = evidence.len().saturating_sub(MOST_LISTED);
    evidence.truncate(MOST_LISTED);
    if more > 0 {
        evidence.push(Evidence::new("more", format!("{more} differences")));
    }
    evidence.extend(unchecked(facts));
    let change = match obstacle(facts, state, offending, ignored) {
        Some(why) => {
            summary.push_str("; not put back: ");
            summary.push_str(&why);
            None
        }
        None => {
            let mut resources: Vec<String> = offending.iter().map(|drift| drift.logical.clone()).collect();
            resources.sort();
            Some(Change::RevertDrift { resources, deployed_at: state.deployed_at })
        }
    };
    live(&DRIFTED, summary, evidence, change.into_iter().collect())
}

/// Why no change set is made.
fn obstacle(facts: &Facts, state: &State, offending: &[ResourceDrift], ignored: bool) -> Option<String> {
    let why = if state.is_in_progress() {
        "a deployment is under way".to_owned()
    } else if facts.current().is_none() {
        "it has to be detected again after the last deployment".to_owned()
    } else if let Some(root) = &state.root {
        format!("the stack is nested and deployed with its root, {root}")
    } else if state.status == "UPDATE_ROLLBACK_FAILED" {
        "the stack has to be brought out of UPDATE_ROLLBACK_FAILED first".to_owned()
    } else if let Some(gone) = offending.iter().find(|drift| drift.deleted) {
        format!("{} is deleted, and would come back empty", gone.logical)
    } else if let Some(nested) = offending.iter().find(|drift| drift.kind == "AWS::CloudFormation::Stack") {
        format!("{} is a stack of its own", nested.logical)
    } else if ignored {
        "the change set would also take back what `ignore` names".to_owned()
    } else if state.role.is_none() {
        "the stack has no service role, and rectify may not write to its resources".to_owned()
    } else {
        return None;
    };
    Some(why)
}

/// What of `drift` the settings do not ignore.
fn offence<'a>(drift: &'a ResourceDrift, ignore: &[Ignored]) -> (&'a ResourceDrift, Option<ResourceDrift>) {
    if ignore.iter().any(|ignored| ignored.whole(&drift.kind)) {
        return (drift, None);
    }
    if drift.deleted {
        return (drift, Some(drift.clone()));
    }
    let mut left = drift.clone();
    left.differences.retain(|difference| {
        !ignore.iter().any(|ignored| ignored.property(&drift.kind, &difference.path)) && !is_tag_of_aws(difference)
    });
    // A modified resource of which CloudFormation gives no property is still modified.
    let left = (drift.differences.is_empty() || !left.differences.is_empty()).then_some(left);
    (drift, left)
}

/// A tag whose key begins with `aws:`, which only AWS's services can set.
fn is_tag_of_aws(difference: &super::Difference) -> bool {
    let aws = |value: &Option<String>| value.as_deref().is_some_and(|value| value.contains(r#""Key":"aws:"#));
    difference.path.contains("/Tags") && difference.expected.is_none() && aws(&difference.actual)
}

/// `3 resources`.
fn count(resources: usize) -> String {
    if resources == 1 { "1 resource".to_owned() } else { format!("{resources} resources") }
}

/// `Queue, changed by jane with SetQueueAttributes`.
fn words(drift: &ResourceDrift, changes: &[ManualChange]) -> String {
    let mut by: Vec<String> = Vec::new();
    for change in changes.iter().filter(|change| change.logical == drift.logical) {
        let one = format!("{} with {}", change.caller.name, change.caller.event);
        if !by.contains(&one) {
            by.push(one);
        }
    }
    let done = if drift.deleted { "deleted" } else { "changed" };
    match by.as_slice() {
        [] if drift.deleted => format!("{} ({}), deleted", drift.logical, drift.kind),
        [] => format!("{} ({})", drift.logical, drift.kind),
        by => format!("{} ({}), {done} by {}", drift.logical, drift.kind, by.join(" and ")),
    }
}

/// The first few of a list, and how many more.
fn bounded(words: &[String]) -> String {
    const SHOWN: usize = 3;
    let shown: Vec<&str> = words.iter().take(SHOWN).map(String::as_str).collect();
    let more = words.len().saturating_sub(SHOWN);
    if more == 0 { shown.join("; ") } else { format!("{}; and {more} more", shown.join("; ")) }
}

fn differences(drift: &ResourceDrift) -> Vec<Evidence> {
    let ResourceDrift { logical, kind, deleted, differences } = drift;
    if *deleted {
        return vec![Evidence::new("deleted", format!("{logical} ({kind})"))];
    }
    if differences.is_empty() {
        return vec![Evidence::new("modified", format!("{logical} ({kind})"))];
    }
    let value = |value: &Option<String>| value.as_deref().unwrap_or("nothing").to_owned();
    differences
        .iter()
        .map(|one| {
            let (expected, actual) = (value(&one.expected), value(&one.actual));
            let text = format!("{logical} ({kind}) {}: the template says {expected}, it is {actual}", one.path);
            Evidence::new("modified", text)
        })
        .collect()
}

fn unchecked(facts: &Facts) -> impl Iterator<Item = Evidence> {
    let resources = facts.current().map(|check| check.unchecked.as_slice()).unwrap_or_default();
    resources
        .iter()
        .take(MOST_LISTED)
        .map(|one| Evidence::new("not checked", format!("{} ({})", one.logical, one.kind)))
}

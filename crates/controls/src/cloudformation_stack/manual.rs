//! Changes to a stack's resources that did not come through CloudFormation.

use super::{Change, Facts, Rules};
use crate::{Action, Control, Evidence, Finding, Framework, Guidance, OptionSpec, Severity, verdict::live};

pub(super) const MANUAL: Control = Control {
    id: "stack-manual-change",
    title: "A resource of a stack was changed outside CloudFormation",
    severity: Severity::Medium,
    action: Action::Notify,
    breach: "Somebody called a service directly to change a resource that a stack owns, and neither a deployment nor a drift \
             detection that found the resource as its template says came after it. Calls by CloudFormation, by other AWS services, by \
             rectify and by `allowed-principals` do not count. It is told at once, with who did it; the drift detection that it \
             starts says minutes later what differs (`stack-drifted`).",
    correction: "",
    disruption: "None: it is only told.",
    guidance: Guidance {
        why: "A stack's resource is changed in its template, so that the change is reviewed, stays and can be taken back. Who has \
              to act in an emergency does so, and writes it into the template afterwards.",
        console: "1. Open CloudFormation, Stacks, and choose the stack that owns the resource (its tag \
                  aws:cloudformation:stack-name).\n\
                  2. Update stack, Make a direct update, and change the template or a parameter.\n\
                  3. Look at the change set and submit it.\n",
        cli: "aws cloudformation deploy --stack-name app --template-file app.yaml\n",
        terraform: r#"# People may read what stacks own and change it through CloudFormation only.
data "aws_iam_policy_document" "through_cloudformation" {
  statement {
    effect    = "Deny"
    actions   = ["sqs:SetQueueAttributes", "sqs:DeleteQueue"]
    resources = ["*"]
    condition {
      test     = "Null"
      variable = "aws:ResourceTag/aws:cloudformation:stack-name"
      values   = ["false"]
    }
    condition {
      test     = "StringNotEqualsIfExists"
      variable = "aws:CalledViaFirst"
      values   = ["cloudformation.amazonaws.com"]
    }
  }
}
"#,
        cloudformation: "# The pipeline's role is the only one that deploys; what it deploys is written down here.
ThroughCloudFormation:
  Type: AWS::IAM::ManagedPolicy
  Properties:
    PolicyDocument:
      Version: '2012-10-17'
      Statement:
        - Effect: Deny
          Action: [sqs:SetQueueAttributes, sqs:DeleteQueue]
          Resource: '*'
          Condition:
            'Null': {'aws:ResourceTag/aws:cloudformation:stack-name': 'false'}
            StringNotEqualsIfExists: {'aws:CalledViaFirst': cloudformation.amazonaws.com}
",
        cdk: "new iam.ManagedPolicy(this, 'ThroughCloudFormation', {
  statements: [new iam.PolicyStatement({
    effect: iam.Effect.DENY,
    actions: ['sqs:SetQueueAttributes', 'sqs:DeleteQueue'],
    resources: ['*'],
    conditions: {
      Null: { 'aws:ResourceTag/aws:cloudformation:stack-name': 'false' },
      StringNotEqualsIfExists: { 'aws:CalledViaFirst': 'cloudformation.amazonaws.com' },
    },
  })],
});
",
    },
    frameworks: &[Framework { name: "NIST 800-53 r5", ids: "CM-3, CM-5" }],
    options: &[OptionSpec {
        name: "allowed-principals",
        default: "[]",
        doc: "ARNs of roles and users that may change stacks' resources directly, in which `*` stands for any characters, for \
              example `arn:aws:iam::*:role/backup-operator`.",
    }],
};

pub(super) fn manual(facts: &Facts, rules: &Rules) -> Option<Finding<Change>> {
    let changes: Vec<_> =
        facts.changes().into_iter().filter(|change| !rules.allows(&change.caller.principal)).collect();
    let last = changes.last()?;
    let one = format!(
        "{} ({}) of stack {} was changed outside CloudFormation: {} by {}",
        last.logical,
        last.kind,
        facts.stack.name(),
        last.caller.event,
        last.caller.name,
    );
    let summary = match changes.len() {
        1 => one,
        2 => format!("{one}, and 1 more such change since the last deployment"),
        all => format!("{one}, and {} more such changes since the last deployment", all - 1),
    };
    let evidence = changes.iter().map(|change| {
        let what = format!("{} ({}): {}", change.logical, change.kind, change.caller.event);
        Evidence::new("change", format!("{what} by {}", change.caller.name))
    });
    live(&MANUAL, summary, evidence.collect(), Vec::new())
}

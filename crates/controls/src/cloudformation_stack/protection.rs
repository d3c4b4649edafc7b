//! Stacks that anybody with the right to delete a stack can delete.

use super::{Change, Facts, Rules};
use crate::{
    Action, Control, Evidence, Fact, Finding, Framework, Guidance, OptionSpec, Severity,
    verdict::{blind, live},
};

pub(super) const OFF: Control = Control {
    id: "stack-termination-protection-off",
    title: "Termination protection of a stack is off",
    severity: Severity::Low,
    action: Action::Correct,
    breach: "A root stack has termination protection off and is not tagged as one that may go (`ephemeral-tag`). Nested stacks have \
             their root's and cannot have their own; stacks of StackSets are deleted by their set; a stack that is being deleted, \
             or has nothing in it, needs none.",
    correction: "Switches termination protection on. An undo switches it off again.",
    disruption: "Deleting the stack is refused until somebody switches protection off.",
    guidance: Guidance {
        why: "One wrong name in a delete command takes a whole application with its data. With protection on, deleting takes two \
              deliberate steps. Tag stacks that pipelines make and delete, such as those of pull requests.",
        console: "1. Open CloudFormation, Stacks, and choose the stack.\n\
                  2. Stack actions, Edit termination protection.\n\
                  3. Choose Activated, and save.\n",
        cli: "aws cloudformation update-termination-protection --stack-name app --enable-termination-protection\n\
              # From the start:\n\
              aws cloudformation create-stack --stack-name app --template-body file://app.yaml --enable-termination-protection\n",
        terraform: r#"# aws_cloudformation_stack has no such argument (hashicorp/terraform-provider-aws#5484): set it once afterwards.
resource "aws_cloudformation_stack" "app" {
  name          = "app"
  template_body = file("app.yaml")

  provisioner "local-exec" {
    command = "aws cloudformation update-termination-protection --stack-name ${self.name} --enable-termination-protection"
  }
}
"#,
        cloudformation:
            "# A stack cannot protect itself: give --enable-termination-protection when it is made. What must outlive
# it says so.
Table:
  Type: AWS::DynamoDB::Table
  DeletionPolicy: Retain
  UpdateReplacePolicy: Retain
  Properties:
    BillingMode: PAY_PER_REQUEST
    AttributeDefinitions: [{AttributeName: id, AttributeType: S}]
    KeySchema: [{AttributeName: id, KeyType: HASH}]
",
        cdk: "new AppStack(app, 'App', {
  terminationProtection: true,
});
",
    },
    frameworks: &[Framework { name: "NIST 800-53 r5", ids: "CM-3, CP-10" }],
    options: &[OptionSpec {
        name: "ephemeral-tag",
        default: r#""rectify:ephemeral=true""#,
        doc: "A stack with this tag (`key` or `key=value`) may be deleted at any time and needs no protection.",
    }],
};

pub(super) fn off(facts: &Facts, rules: &Rules) -> Option<Finding<Change>> {
    let name = facts.stack.name();
    let subject = format!("termination protection of stack {name}");
    let state = match &facts.state {
        Fact::Known(state) => state,
        unknown => return blind(&OFF, &subject, unknown, "cloudformation:DescribeStacks"),
    };
    let needs_none = state.root.is_some()
        || state.is_empty()
        || state.status == "DELETE_IN_PROGRESS"
        || name.starts_with("StackSet-")
        || rules.ephemeral.matches(&state.tags);
    if state.protected || needs_none {
        return None;
    }
    live(
        &OFF,
        format!("{subject} is off"),
        vec![Evidence::new("termination protection", "off")],
        vec![Change::Protect(true)],
    )
}

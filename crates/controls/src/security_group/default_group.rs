//! The default group of a VPC.

use super::{Change, Facts, Rules, Stand, facts::said, ingress::Found};
use crate::{
    Action, Control, Evidence, Fact, Framework, Guidance, Severity,
    verdict::{blind, live},
};

/// The name of a VPC's default group. No other group can have it (EC2 user guide, "Default security groups for your VPCs").
pub(super) const NAME: &str = "default";

pub(super) const HAS_RULES: Control = Control {
    id: "sg-default-has-rules",
    title: "The default security group of a VPC has rules",
    severity: Severity::High,
    action: Action::Guarded,
    breach: "The group named `default` of a VPC has any ingress or egress rule. Every new VPC begins like that: its default group \
             lets its members reach each other and everything go out.",
    correction: "Takes away all rules of the group, when no network interface uses it; while one does, the control is only \
                 told. An undo puts the rules back with their descriptions and tags; they get new ids. The group itself cannot \
                 be deleted.",
    disruption: "Whatever is launched later without a security group of its own can neither be reached nor reach anything. Acts \
                 only when the settings switch the control on by name.",
    guidance: Guidance {
        why: "Who names no security group gets this one. With rules in it such machines reach each other and the internet \
              without anybody having decided so; without rules the mistake shows at once.",
        console: "1. In the VPC console, open Security groups and choose the group named default.\n\
                  2. On the tab Inbound rules, choose Edit inbound rules and delete all rules.\n\
                  3. On the tab Outbound rules, choose Edit outbound rules and delete all rules.\n\
                  4. Choose Save rules each time. Launch resources with groups of their own.\n",
        cli: "aws ec2 describe-security-group-rules --filters Name=group-id,Values=sg-0123456789abcdef0
aws ec2 revoke-security-group-ingress --group-id sg-0123456789abcdef0 \\
  --security-group-rule-ids sgr-0123456789abcdef0
aws ec2 revoke-security-group-egress --group-id sg-0123456789abcdef0 \\
  --security-group-rule-ids sgr-0fedcba9876543210
",
        terraform: r#"# Without rules in it, Terraform takes all rules of the group away.
resource "aws_default_security_group" "none" {
  vpc_id = aws_vpc.example.id
}
"#,
        cloudformation: "# CloudFormation has no resource for the default group of a VPC. Take its rules away once per VPC with
#   aws ec2 revoke-security-group-ingress --group-id sg-0123456789abcdef0 --security-group-rule-ids sgr-0123456789abcdef0
#   aws ec2 revoke-security-group-egress --group-id sg-0123456789abcdef0 --security-group-rule-ids sgr-0fedcba9876543210
# and give every resource a group of its own:
SecurityGroup:
  Type: AWS::EC2::SecurityGroup
  Properties:
    GroupDescription: application
    VpcId: !Ref Vpc
",
        cdk: "new ec2.Vpc(this, 'Vpc', { restrictDefaultSecurityGroup: true });
",
    },
    frameworks: &[
        Framework { name: "Security Hub", ids: "EC2.2" },
        Framework { name: "CIS AWS v3.0", ids: "5.4" },
        Framework { name: "CIS AWS v5.0", ids: "5.5" },
        Framework {
            name: "NIST 800-53 r5",
            ids: "AC-4, AC-4(21), SC-7, SC-7(11), SC-7(16), SC-7(21), SC-7(4), SC-7(5)",
        },
        Framework { name: "PCI DSS v4.0", ids: "7.2.1" },
        Framework { name: "AWS Config", ids: "VPC_DEFAULT_SECURITY_GROUP_CLOSED" },
    ],
    options: &[],
};

pub(super) fn has_rules(facts: &Facts, _: &Rules) -> Option<Found> {
    if facts.is_foreign() {
        return None;
    }
    let group = &facts.group;
    let about = match &facts.about {
        Fact::Known(about) => about,
        unknown => {
            let subject = format!("whether security group {group} is a default group");
            return blind(&HAS_RULES, &subject, unknown, "ec2:DescribeSecurityGroups");
        }
    };
    if about.name != NAME {
        return None;
    }
    let rules = match &facts.rules {
        Fact::Known(rules) => rules,
        unknown => {
            let subject = format!("the rules of default security group {group}");
            return blind(&HAS_RULES, &subject, unknown, "ec2:DescribeSecurityGroupRules");
        }
    };
    let ingress = rules.ingress.iter().map(|rule| Evidence::new("ingress rule", said(&rule.what, "from")));
    let egress = rules.egress.iter().map(|rule| Evidence::new("egress rule", said(&rule.what, "to")));
    let evidence: Vec<Evidence> = ingress.chain(egress).collect();
    if evidence.is_empty() {
        return None;
    }
    let count = match evidence.len() {
        1 => "a rule".to_owned(),
        count => format!("{count} rules"),
    };
    let vpc = about.vpc.as_deref().unwrap_or("its VPC");
    let mut summary = format!("the default security group {group} of {vpc} has {count}");
    let mut changes = Vec::new();
    match &facts.in_use {
        Fact::Known(false) => {
            let (ingress, egress) = (Stand::without(&rules.ingress), Stand::without(&rules.egress));
            changes.extend((!ingress.is_empty()).then_some(Change::Ingress(ingress)));
            changes.extend((!egress.is_empty()).then_some(Change::Egress(egress)));
        }
        Fact::Known(true) => summary.push_str("; network interfaces use it, so they are not taken away"),
        _ => summary.push_str("; whether network interfaces use it could not be read, so they are not taken away"),
    }
    live(&HAS_RULES, summary, evidence, changes)
}

//! All ports, open to the internet.

use crate::{Action, Control, Framework, Guidance, OptionSpec, Severity};

/// Half of all ports: the widest ranges that media and relay servers ask for are a quarter each.
pub(super) const MOST: u32 = 32_768;

pub(super) const ANY: Control = Control {
    id: "sg-ingress-any-all-ports",
    title: "Security group opens all ports to the internet",
    severity: Severity::Critical,
    action: Action::Correct,
    breach: "Ingress rules let anywhere in, in the sense of `sg-ingress-any-admin-port`, by all protocols or on more than \
             `most-ports` ports of TCP or of UDP. The ports of all rules are counted together, so 0-32767 and 32768-65535 in \
             two rules are all ports too.",
    correction: "Takes away the widest rules, as few as it takes until no more ports are open; narrower ones stay. An undo puts \
                 the rules back with their descriptions and tags; they get new ids.",
    disruption: "New connections from the internet to these ports are refused. Connections that stand keep standing, because \
                 security groups are stateful.",
    guidance: Guidance {
        why: "Nobody offers a service on thousands of ports. A rule like this opens whatever is or ever will be started \
              behind it, databases and administration included. Name the ports that are meant.",
        console: "1. In the EC2 console, open Security Groups and choose the group.\n\
                  2. On the tab Inbound rules, choose Edit inbound rules.\n\
                  3. Delete the rule for all traffic or all ports, and add one for each port that is offered.\n\
                  4. Choose Save rules.\n",
        cli: "aws ec2 authorize-security-group-ingress --group-id sg-0123456789abcdef0 \\
  --ip-permissions 'IpProtocol=tcp,FromPort=443,ToPort=443,IpRanges=[{CidrIp=0.0.0.0/0,Description=web}]'
aws ec2 revoke-security-group-ingress --group-id sg-0123456789abcdef0 \\
  --security-group-rule-ids sgr-0123456789abcdef0
",
        terraform: r#"resource "aws_vpc_security_group_ingress_rule" "web" {
  security_group_id = aws_security_group.example.id
  description       = "web"
  ip_protocol       = "tcp"
  from_port         = 443
  to_port           = 443
  cidr_ipv4         = "0.0.0.0/0"
}
"#,
        cloudformation: "Web:
  Type: AWS::EC2::SecurityGroupIngress
  Properties:
    GroupId: !GetAtt SecurityGroup.GroupId
    Description: web
    IpProtocol: tcp
    FromPort: 443
    ToPort: 443
    CidrIp: 0.0.0.0/0
",
        cdk: "securityGroup.addIngressRule(ec2.Peer.anyIpv4(), ec2.Port.HTTPS, 'web');
",
    },
    frameworks: &[
        Framework { name: "PCI DSS v4.0", ids: "1.2.5, 1.2.8, 1.3.1, 1.3.2, 1.4.2, 1.5.1, 2.2.5, 7.2.1" },
        Framework { name: "AWS Config", ids: "VPC_SG_OPEN_ONLY_TO_AUTHORIZED_PORTS" },
    ],
    options: &[OptionSpec {
        name: "most-ports",
        default: "32768",
        doc: "At most so many ports of TCP, and of UDP, may be open to anywhere.",
    }],
};

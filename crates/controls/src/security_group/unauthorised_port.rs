//! Any port that nobody has allowed, open to the internet.

use crate::{Action, Control, Framework, Guidance, OptionSpec, Severity};

/// The web.
pub(super) const PORTS: &[u16] = &[80, 443];

pub(super) const ANY: Control = Control {
    id: "sg-ingress-any-unauthorised-port",
    title: "Security group opens a port to the internet that is not authorised",
    severity: Severity::Medium,
    action: Action::Guarded,
    breach: "An ingress rule lets anywhere in, in the sense of `sg-ingress-any-admin-port`, on a TCP or UDP port that is none of \
             `allowed-ports`; with `icmp-echo = true` also by a ping.",
    correction: "Takes away the rules that offend, by their ids, also one whose range holds allowed ports too. Every other rule \
                 stays. An undo puts the rules back with their descriptions and tags; they get new ids.",
    disruption: "Game servers, VPN gateways, mail servers and network load balancers break this on purpose. Acts only when the \
                 settings switch the control on by name: list their ports in `allowed-ports` first, or exempt their groups.",
    guidance: Guidance {
        why: "What is offered to the internet is known and short: web sites, behind a load balancer or CloudFront. Every other \
              open port is either a mistake or has an owner who can say so.",
        console: "1. In the EC2 console, open Security Groups and choose the group.\n\
                  2. On the tab Inbound rules, choose Edit inbound rules.\n\
                  3. Delete the rule, or change its source to the network or security group that uses the port.\n\
                  4. Choose Save rules.\n",
        cli: "aws ec2 authorize-security-group-ingress --group-id sg-0123456789abcdef0 \\
  --ip-permissions 'IpProtocol=tcp,FromPort=443,ToPort=443,Ipv6Ranges=[{CidrIpv6=::/0,Description=web}]'
aws ec2 revoke-security-group-ingress --group-id sg-0123456789abcdef0 \\
  --security-group-rule-ids sgr-0123456789abcdef0
",
        terraform: r#"resource "aws_vpc_security_group_ingress_rule" "from_load_balancer" {
  security_group_id            = aws_security_group.application.id
  description                  = "load balancer"
  ip_protocol                  = "tcp"
  from_port                    = 8443
  to_port                      = 8443
  referenced_security_group_id = aws_security_group.load_balancer.id
}
"#,
        cloudformation: "FromLoadBalancer:
  Type: AWS::EC2::SecurityGroupIngress
  Properties:
    GroupId: !GetAtt Application.GroupId
    Description: load balancer
    IpProtocol: tcp
    FromPort: 8443
    ToPort: 8443
    SourceSecurityGroupId: !GetAtt LoadBalancer.GroupId
",
        cdk: "application.connections.allowFrom(loadBalancer, ec2.Port.tcp(8443), 'load balancer');
",
    },
    frameworks: &[
        Framework { name: "Security Hub", ids: "EC2.18" },
        Framework {
            name: "NIST 800-53 r5",
            ids: "AC-4, AC-4(21), SC-7, SC-7(11), SC-7(16), SC-7(21), SC-7(4), SC-7(5)",
        },
        Framework { name: "AWS Config", ids: "VPC_SG_OPEN_ONLY_TO_AUTHORIZED_PORTS" },
    ],
    options: &[
        OptionSpec {
            name: "allowed-ports",
            default: "[80, 443]",
            doc: "Ports that may be open to anywhere, each a number or a range such as `\"8000-8100\"`.",
        },
        OptionSpec {
            name: "icmp-echo",
            default: "false",
            doc: "Whether a rule that lets anywhere ping is a breach too.",
        },
    ],
};

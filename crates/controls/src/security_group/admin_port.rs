//! Remote administration, open to the internet.

use crate::{Action, Control, Framework, Guidance, OptionSpec, Severity};

/// SSH and Remote Desktop.
pub(super) const PORTS: &[u16] = &[22, 3389];

pub(super) const ANY: Control = Control {
    id: "sg-ingress-any-admin-port",
    title: "Security group opens an administration port to the internet",
    severity: Severity::Critical,
    action: Action::Correct,
    breach: "An ingress rule lets anywhere in on a port of `ports`, over TCP, UDP or all protocols: by that port alone or by a \
             range around it. Anywhere is 0.0.0.0/0 and ::/0, any other public IPv4 range shorter than /8 and IPv6 range \
             shorter than /32, and ranges that together are one, such as 0.0.0.0/1 and 128.0.0.0/1, also from different \
             rules. An entry of a prefix list counts like a range in the rule. Rules for another security group never break \
             it, and for ICMP the numbers are types and codes and no ports.",
    correction: "Takes away the rules that offend, by their ids. Every other rule stays, also one for a narrower range on the \
                 same port. An undo puts the rules back with their descriptions and tags; they get new ids.",
    disruption: "New connections from the internet to these ports are refused. Connections that stand keep standing, because \
                 security groups are stateful.",
    guidance: Guidance {
        why: "Whole networks of machines do nothing but try passwords and known holes on these ports: a machine that is open \
              is found within minutes. Session Manager and EC2 Instance Connect Endpoint reach instances without any open \
              port; where one is needed, name the addresses it is for.",
        console: "1. In the EC2 console, open Security Groups and choose the group.\n\
                  2. On the tab Inbound rules, choose Edit inbound rules.\n\
                  3. Change the source of the rule from 0.0.0.0/0 or ::/0 to the network it is for, or to the security group of \
                  a bastion or an EC2 Instance Connect Endpoint; or delete the rule and use Session Manager.\n\
                  4. Choose Save rules.\n",
        cli: "aws ec2 authorize-security-group-ingress --group-id sg-0123456789abcdef0 \\
  --ip-permissions 'IpProtocol=tcp,FromPort=22,ToPort=22,IpRanges=[{CidrIp=203.0.113.0/24,Description=office}]'
aws ec2 create-instance-connect-endpoint --subnet-id subnet-0123456789abcdef0
aws ssm start-session --target i-0123456789abcdef0
",
        terraform: r#"resource "aws_vpc_security_group_ingress_rule" "ssh_from_the_office" {
  security_group_id = aws_security_group.example.id
  description       = "office"
  ip_protocol       = "tcp"
  from_port         = 22
  to_port           = 22
  cidr_ipv4         = "203.0.113.0/24"
}
"#,
        cloudformation: "SshFromTheOffice:
  Type: AWS::EC2::SecurityGroupIngress
  Properties:
    GroupId: !GetAtt SecurityGroup.GroupId
    Description: office
    IpProtocol: tcp
    FromPort: 22
    ToPort: 22
    CidrIp: 203.0.113.0/24
",
        cdk: "securityGroup.addIngressRule(ec2.Peer.ipv4('203.0.113.0/24'), ec2.Port.SSH, 'office');
",
    },
    frameworks: &[
        Framework { name: "Security Hub", ids: "EC2.13, EC2.14, EC2.53, EC2.54" },
        Framework { name: "CIS AWS v3.0", ids: "5.2, 5.3" },
        Framework { name: "CIS AWS v5.0", ids: "5.3, 5.4" },
        Framework { name: "NIST 800-53 r5", ids: NIST },
        Framework { name: "PCI DSS v4.0", ids: "1.2.8, 1.3.1, 1.3.2, 1.4.2, 1.5.1, 7.2.1, 7.3.1, 11.3.1.1" },
        Framework { name: "AWS Config", ids: "INCOMING_SSH_DISABLED, RESTRICTED_INCOMING_TRAFFIC" },
    ],
    options: &[OptionSpec {
        name: "ports",
        default: "[22, 3389]",
        doc: "Ports of remote administration, each a number or a range such as `\"5985-5986\"`.",
    }],
};

const NIST: &str = "AC-4, AC-4(21), CM-7, SC-7, SC-7(11), SC-7(16), SC-7(21), SC-7(4), SC-7(5)";

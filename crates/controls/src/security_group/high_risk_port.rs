//! Ports of services that are attacked first, open to the internet.

use crate::{Action, Control, Framework, Guidance, OptionSpec, Severity};

/// The list of Security Hub EC2.19.
pub(super) const PORTS: &[u16] = &[
    20, 21, 22, 23, 25, 110, 135, 143, 445, 1433, 1434, 3000, 3306, 3389, 4333, 5000, 5432, 5500, 5601, 8080, 8088,
    8888, 9200, 9300,
];

pub(super) const ANY: Control = Control {
    id: "sg-ingress-any-high-risk-port",
    title: "Security group opens a high-risk port to the internet",
    severity: Severity::High,
    action: Action::Correct,
    breach: "An ingress rule lets anywhere in, in the sense of `sg-ingress-any-admin-port`, on a port of `ports`, over TCP, UDP \
             or all protocols: by that port alone or by a range around it.",
    correction: "Takes away the rules that offend, by their ids. Every other rule stays. An undo puts the rules back with their \
                 descriptions and tags; they get new ids.",
    disruption: "New connections from the internet to these ports are refused, among them those of development servers and \
                 mail servers. Take a port out of `ports` where it is offered on purpose.",
    guidance: Guidance {
        why: "Databases, file shares, mail and search engines on these ports are what ransomware looks for first, and many of \
              them ask for no password by default. Only the application in front of them has to reach them: name its \
              security group as the source.",
        console: "1. In the EC2 console, open Security Groups and choose the group.\n\
                  2. On the tab Inbound rules, choose Edit inbound rules.\n\
                  3. Change the source of the rule from 0.0.0.0/0 or ::/0 to the security group of the application that uses \
                  the service.\n\
                  4. Choose Save rules.\n",
        cli: "aws ec2 authorize-security-group-ingress --group-id sg-0123456789abcdef0 \\
  --protocol tcp --port 5432 --source-group sg-0fedcba9876543210
aws ec2 revoke-security-group-ingress --group-id sg-0123456789abcdef0 \\
  --security-group-rule-ids sgr-0123456789abcdef0
",
        terraform: r#"resource "aws_vpc_security_group_ingress_rule" "database_from_application" {
  security_group_id            = aws_security_group.database.id
  description                  = "application"
  ip_protocol                  = "tcp"
  from_port                    = 5432
  to_port                      = 5432
  referenced_security_group_id = aws_security_group.application.id
}
"#,
        cloudformation: "DatabaseFromApplication:
  Type: AWS::EC2::SecurityGroupIngress
  Properties:
    GroupId: !GetAtt Database.GroupId
    Description: application
    IpProtocol: tcp
    FromPort: 5432
    ToPort: 5432
    SourceSecurityGroupId: !GetAtt Application.GroupId
",
        cdk: "database.connections.allowFrom(application, ec2.Port.tcp(5432), 'application');
",
    },
    frameworks: &[
        Framework { name: "Security Hub", ids: "EC2.19" },
        Framework { name: "CIS AWS v5.0", ids: "5.1.2" },
        Framework {
            name: "NIST 800-53 r5",
            ids: "AC-4, AC-4(21), CA-9(1), CM-2, CM-2(2), CM-7, SC-7, SC-7(11), SC-7(16), SC-7(21), SC-7(4), SC-7(5)",
        },
        Framework { name: "PCI DSS v4.0", ids: "1.2.5, 1.2.8, 1.3.1, 1.3.2, 1.4.2, 1.5.1, 2.2.5, 7.2.1" },
        Framework { name: "AWS Config", ids: "RESTRICTED_INCOMING_TRAFFIC" },
    ],
    options: &[OptionSpec {
        name: "ports",
        default: "[20, 21, 22, 23, 25, 110, 135, 143, 445, 1433, 1434, 3000, 3306, 3389, 4333, 5000, 5432, 5500, 5601, 8080, \
                  8088, 8888, 9200, 9300]",
        doc: "Ports that are never offered to the internet, each a number or a range such as `\"9200-9300\"`.",
    }],
};

//! What wakes the guard.

use super::{admin_port, all_ports, default_group, high_risk_port, unauthorised_port};
use crate::Trigger;

const SOURCE: &str = "ec2.amazonaws.com";

const ADMIN: &str = admin_port::ANY.id;
const ALL: &str = all_ports::ANY.id;
const HIGH_RISK: &str = high_risk_port::ANY.id;
const UNAUTHORISED: &str = unauthorised_port::ANY.id;
const DEFAULT: &str = default_group::HAS_RULES.id;

const INGRESS: &[&str] = &[ADMIN, ALL, HIGH_RISK, UNAUTHORISED];
const EVERY: &[&str] = &[ADMIN, ALL, HIGH_RISK, UNAUTHORISED, DEFAULT];

const fn on(name: &'static str, id: &'static str, controls: &'static [&'static str], example: &'static str) -> Trigger {
    Trigger { source: SOURCE, name, id, controls, example }
}

/// Taking a rule away breaks no control, so it wakes nobody. A prefix list can be given other entries in two ways, and what it
/// names then changes for every group that refers to it.
pub(super) const EVENTS: &[Trigger] = &[
    on("AuthorizeSecurityGroupIngress", "groupId", EVERY, "authorize-security-group-ingress-ssh"),
    on("AuthorizeSecurityGroupEgress", "groupId", &[DEFAULT], "authorize-security-group-egress"),
    on(
        "ModifySecurityGroupRules",
        "ModifySecurityGroupRulesRequest/GroupId",
        EVERY,
        "modify-security-group-rules-open",
    ),
    on("CreateSecurityGroup", "responseElements/groupId", INGRESS, "create-security-group"),
    on("CreateVpc", "responseElements/vpc/vpcId", &[DEFAULT], "create-vpc"),
    on("CreateDefaultVpc", "responseElements/vpc/vpcId", &[DEFAULT], "create-default-vpc"),
    on(
        "ModifyManagedPrefixList",
        "ModifyManagedPrefixListRequest/PrefixListId",
        INGRESS,
        "modify-managed-prefix-list-open",
    ),
    on(
        "RestoreManagedPrefixListVersion",
        "RestoreManagedPrefixListVersionRequest/PrefixListId",
        INGRESS,
        "restore-managed-prefix-list-version",
    ),
];

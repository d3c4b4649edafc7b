//! Every call the guard makes, and what each is allowed by.

use crate::{
    Access,
    Need::{self, Read as Reads, Write as Writes},
};

const ANY: &str = "*";
const GROUPS: &str = "arn:${AWS::Partition}:ec2:*:${AWS::AccountId}:security-group/*";
const RULES: &str = "arn:${AWS::Partition}:ec2:*:${AWS::AccountId}:security-group-rule/*";
/// Of any account: AWS's own lists and those that are shared with us are their owners'.
const LISTS: &str = "arn:${AWS::Partition}:ec2:*:*:prefix-list/*";

const fn access(operation: &'static str, action: &'static str, resource: &'static str, need: Need) -> Access {
    Access { operation, action, resource, need }
}

/// Service Authorization Reference, "Actions, resources, and condition keys for Amazon EC2". Rules are put back with their tags,
/// which takes `CreateTags` on them (EC2 user guide, "Grant permission to tag resources during creation").
pub(super) const ACCESS: &[Access] = &[
    access("ec2:DescribeSecurityGroups", "ec2:DescribeSecurityGroups", ANY, Reads),
    access("ec2:DescribeSecurityGroupRules", "ec2:DescribeSecurityGroupRules", ANY, Reads),
    access("ec2:DescribeNetworkInterfaces", "ec2:DescribeNetworkInterfaces", ANY, Reads),
    access("ec2:DescribeManagedPrefixLists", "ec2:DescribeManagedPrefixLists", ANY, Reads),
    access("ec2:GetManagedPrefixListEntries", "ec2:GetManagedPrefixListEntries", LISTS, Reads),
    access("ec2:GetManagedPrefixListAssociations", "ec2:GetManagedPrefixListAssociations", LISTS, Reads),
    access("ec2:RevokeSecurityGroupIngress", "ec2:RevokeSecurityGroupIngress", GROUPS, Writes),
    access("ec2:RevokeSecurityGroupIngress", "ec2:RevokeSecurityGroupIngress", RULES, Writes),
    access("ec2:RevokeSecurityGroupEgress", "ec2:RevokeSecurityGroupEgress", GROUPS, Writes),
    access("ec2:RevokeSecurityGroupEgress", "ec2:RevokeSecurityGroupEgress", RULES, Writes),
    access("ec2:AuthorizeSecurityGroupIngress", "ec2:AuthorizeSecurityGroupIngress", GROUPS, Writes),
    access("ec2:AuthorizeSecurityGroupIngress", "ec2:AuthorizeSecurityGroupIngress", RULES, Writes),
    access("ec2:AuthorizeSecurityGroupIngress", "ec2:CreateTags", RULES, Writes),
    access("ec2:AuthorizeSecurityGroupEgress", "ec2:AuthorizeSecurityGroupEgress", GROUPS, Writes),
    access("ec2:AuthorizeSecurityGroupEgress", "ec2:AuthorizeSecurityGroupEgress", RULES, Writes),
    access("ec2:AuthorizeSecurityGroupEgress", "ec2:CreateTags", RULES, Writes),
];

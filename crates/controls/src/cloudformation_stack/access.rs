//! Every call the guard makes, and what each is allowed by.

use crate::{
    Access,
    Need::{self, Read, Write},
};

const STACK: &str = "arn:${AWS::Partition}:cloudformation:*:${AWS::AccountId}:stack/*";

const fn on(operation: &'static str, need: Need) -> Access {
    Access { operation, action: operation, resource: STACK, need }
}

/// Starting a detection is a read: it changes nothing, and the Service Authorization Reference has it as one. CloudFormation asks for
/// both of its actions when a whole stack is checked, and looks at each resource with the caller's rights: [`READ_POLICIES`].
///
/// What a change set writes is not here: CloudFormation does it as the stack's own role.
pub(super) const ACCESS: &[Access] = &[
    on("cloudformation:DescribeStacks", Read),
    on("cloudformation:DescribeStackResourceDrifts", Read),
    on("cloudformation:DetectStackDrift", Read),
    Access {
        operation: "cloudformation:DetectStackDrift",
        action: "cloudformation:DetectStackResourceDrift",
        resource: STACK,
        need: Read,
    },
    // By the name of a resource: which stack it is of is the answer.
    Access {
        operation: "cloudformation:DescribeStackResources",
        action: "cloudformation:DescribeStackResources",
        resource: "*",
        need: Read,
    },
    Access { operation: "cloudformation:ListStacks", action: "cloudformation:ListStacks", resource: "*", need: Read },
    on("cloudformation:DescribeChangeSet", Read),
    on("cloudformation:CreateChangeSet", Write),
    on("cloudformation:ExecuteChangeSet", Write),
    on("cloudformation:DeleteChangeSet", Write),
    on("cloudformation:UpdateTerminationProtection", Write),
];

/// AWS's own policies by which the guard's roles read what stacks own: configuration, and no data. A resource of a type it has no
/// right to read is told as not checked.
pub(super) const READ_POLICIES: &[&str] = &["SecurityAudit"];

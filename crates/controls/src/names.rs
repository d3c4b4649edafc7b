//! What hub and members know of each other, by name: docs/adr/0011-hub-and-members.md.

use crate::AccountId;

/// The names that follow from a hub stack.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Names {
    /// `aws`, `aws-cn` or `aws-us-gov`.
    pub partition: String,
    /// The hub stack's name.
    pub stack: String,
    /// The account of the hub stack.
    pub hub: AccountId,
}

/// The IAM path of every role of the suite (`Resources` of the templates).
pub const ROLE_PATH: &str = "rectify/";

impl Names {
    /// The role that reads for guards of `kind` in a member `account`, as an ARN.
    #[must_use]
    pub fn observe_role(&self, account: &AccountId, kind: &str) -> String {
        self.role(account, &format!("observe-{kind}"))
    }

    /// The role that writes for guards of `kind` in a member `account`, as an ARN.
    #[must_use]
    pub fn correct_role(&self, account: &AccountId, kind: &str) -> String {
        self.role(account, &format!("correct-{kind}"))
    }

    /// The role of the hub's function `name` (a kind, or `sweeper`), as an ARN.
    #[must_use]
    pub fn function_role(&self, name: &str) -> String {
        self.role(&self.hub, name)
    }

    /// The role by which an account's rules put events on the hub's bus, as an ARN.
    #[must_use]
    pub fn forward_role(&self, account: &AccountId) -> String {
        self.role(account, "forward")
    }

    /// The bus of the hub stack, as an ARN in `region`.
    #[must_use]
    pub fn bus(&self, region: &str) -> String {
        format!("arn:{}:events:{region}:{}:event-bus/{}", self.partition, self.hub, self.stack)
    }

    /// What a member's role asks for as `sts:ExternalId`.
    #[must_use]
    pub fn external_id(&self) -> String {
        format!("{}-{}", self.stack, self.hub)
    }

    fn role(&self, account: &AccountId, name: &str) -> String {
        format!("arn:{}:iam::{account}:role/{ROLE_PATH}{}-{name}", self.partition, self.stack)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn names_follow_from_the_stack() {
        let names = Names {
            partition: "aws".to_owned(),
            stack: "rectify".to_owned(),
            hub: AccountId::new("111122223333").unwrap(),
        };
        let member = AccountId::new("444455556666").unwrap();
        assert_eq!(
            names.observe_role(&member, "s3-bucket"),
            "arn:aws:iam::444455556666:role/rectify/rectify-observe-s3-bucket"
        );
        assert_eq!(
            names.correct_role(&member, "s3-bucket"),
            "arn:aws:iam::444455556666:role/rectify/rectify-correct-s3-bucket"
        );
        assert_eq!(names.function_role("s3-bucket"), "arn:aws:iam::111122223333:role/rectify/rectify-s3-bucket");
        assert_eq!(names.bus("eu-central-1"), "arn:aws:events:eu-central-1:111122223333:event-bus/rectify");
        assert_eq!(names.external_id(), "rectify-111122223333");
    }
}

//! Service control policies, from the outside: what the rendered documents deny, by an evaluator of its own.

#![expect(clippy::unwrap_used, clippy::panic, clippy::indexing_slicing, reason = "tests, with helpers outside #[test]")]

mod book;
mod evaluator;
mod properties;
mod verdicts;

use rectify_controls::{
    AccountId, Partition, Settings,
    preventive::{Deployment, Document, PreventiveError, render},
};
use serde_json::Value;

/// Restricts everything there is to restrict.
const FILE: &str = r#"
[[environment]]
name = "all"
mode = "detective"
default = true

[preventive]
regions = ["eu-central-1", "eu-west-1"]
regions-exempt-services = ["ecr-public"]
services = ["s3", "sts", "iam", "ec2:*", "events", "cloudtrail", "config", "guardduty", "macie2", "cloudformation",
    "lambda", "dynamodb", "organizations", "logs:*"]
exempt-principals = ["arn:aws:iam::*:role/break-glass", "arn:aws:iam::999999999999:role/security/*"]
"#;

/// Where the hub is.
const HUB: &str = "111122223333";

fn deployment() -> Deployment {
    Deployment { partition: Partition::Aws, stack: "rectify".to_owned(), hub: AccountId::new(HUB).unwrap() }
}

fn try_documents(file: &str) -> Result<Vec<Document>, PreventiveError> {
    let settings = Settings::parse(file, &[]).unwrap();
    render(&settings.preventive.unwrap(), &deployment())
}

fn documents(file: &str) -> Vec<Document> {
    try_documents(file).unwrap()
}

fn parsed(documents: &[Document]) -> Vec<Value> {
    documents.iter().map(|document| serde_json::from_str(&document.content).unwrap()).collect()
}

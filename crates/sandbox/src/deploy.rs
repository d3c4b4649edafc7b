//! Makes in moto what the template declares and the functions use. The rest of the template is not played.

mod bucket;
pub(crate) mod registry;

use serde_json::{Map, Value, json};

use crate::error::{SandboxError, TemplateError};
use crate::hub::Hub;
use crate::moto::{Answer, Own};
use crate::progress::Progress;
use crate::template::{FunctionSpec, Resolver, Template};

/// Tables, topics, queues, buckets, buses, groups of schedules and roles, then the functions' own roles, and the rules.
pub(crate) async fn deploy(
    hub: &Hub,
    template: &Template,
    resolver: &Resolver<'_>,
    functions: &[FunctionSpec],
    wanted: &(dyn Fn(&str) -> bool + Sync),
    progress: &Progress,
) -> Result<(), SandboxError> {
    // What refers to another comes after it: a queue with dead letters, and a bucket's policy.
    let is_last = |kind: &str, properties: &Value| {
        kind == "AWS::S3::BucketPolicy" || (kind == "AWS::SQS::Queue" && properties.get("RedrivePolicy").is_some())
    };
    let (last, first): (Vec<_>, Vec<_>) =
        template.resources(resolver).partition(|(_, kind, properties)| is_last(kind, properties));
    for (logical_id, kind, properties) in first.into_iter().chain(last) {
        let resolved = |reason| TemplateError::Resolve { logical_id: logical_id.to_owned(), reason };
        let make = Make { hub, logical_id, account: resolver.account, region: resolver.region };
        let played = matches!(
            kind,
            "AWS::DynamoDB::Table"
                | "AWS::SNS::Topic"
                | "AWS::SQS::Queue"
                | "AWS::S3::Bucket"
                | "AWS::S3::BucketPolicy"
                | "AWS::IAM::Role"
                | "AWS::Events::EventBus"
                | "AWS::Scheduler::ScheduleGroup"
        );
        if !played || !wanted(logical_id) {
            tracing::debug!(logical_id, kind, "not played in the sandbox");
            continue;
        }
        progress.count("deploying", logical_id, 0, 0);
        let name = resolver.physical(logical_id).map_err(resolved)?;
        let properties = resolver.resolve(properties).map_err(resolved)?;
        match kind {
            "AWS::DynamoDB::Table" => make.table(&name, &properties).await?,
            "AWS::SNS::Topic" => {
                let answer = hub.moto.query(make.own("sns"), &[("Action", "CreateTopic"), ("Name", &name)]).await?;
                make.done("sns:CreateTopic", &answer)?;
            }
            "AWS::SQS::Queue" => make.queue(&name, &properties).await?,
            "AWS::S3::Bucket" => make.bucket(&name, &properties).await?,
            "AWS::S3::BucketPolicy" => make.bucket_policy(&properties).await?,
            "AWS::Events::EventBus" => {
                let body = json!({ "Name": name });
                let answer = hub.moto.json(make.own("events"), "AWSEvents.CreateEventBus", &body).await?;
                make.done("events:CreateEventBus", &answer)?;
            }
            "AWS::Scheduler::ScheduleGroup" => {
                let path = format!("/schedule-groups/{name}");
                let answer = hub.moto.rest(make.own("scheduler"), "POST", &path, &json!({})).await?;
                make.done("scheduler:CreateScheduleGroup", &answer)?;
            }
            _ => {
                let trust = properties.get("AssumeRolePolicyDocument").cloned().unwrap_or_else(lambda_trust);
                let path = resolver.role_path(logical_id).map_err(resolved)?;
                make.role(&name, &path, &trust).await?;
                for policy in properties.get("Policies").and_then(Value::as_array).into_iter().flatten() {
                    let policy_name = policy.get("PolicyName").and_then(Value::as_str).unwrap_or("inline");
                    make.policy(&name, policy_name, policy.get("PolicyDocument").unwrap_or(&Value::Null)).await?;
                }
            }
        }
    }
    for function in functions.iter().filter(|function| function.own_role) {
        progress.count("deploying", &function.logical_id, 0, 0);
        let make = Make { hub, logical_id: &function.logical_id, account: resolver.account, region: resolver.region };
        let role = function.role_arn.rsplit('/').next().unwrap_or(&function.role_arn);
        make.role(role, "/", &lambda_trust()).await?;
        for (at, policy) in function.policies.iter().enumerate() {
            make.policy(role, &format!("policy-{at}"), policy).await?;
        }
    }
    registry::rules(hub, template, resolver).await
}

struct Make<'a> {
    hub: &'a Hub,
    logical_id: &'a str,
    account: &'a str,
    region: &'a str,
}

impl Make<'_> {
    fn own<'b>(&'b self, service: &'b str) -> Own<'b> {
        self.hub.own_in(service, self.account, self.region)
    }

    async fn table(&self, name: &str, properties: &Value) -> Result<(), SandboxError> {
        const SAME: [&str; 9] = [
            "AttributeDefinitions",
            "KeySchema",
            "BillingMode",
            "ProvisionedThroughput",
            "GlobalSecondaryIndexes",
            "LocalSecondaryIndexes",
            "TableClass",
            "DeletionProtectionEnabled",
            "Tags",
        ];
        let mut body = Map::from_iter([("TableName".to_owned(), Value::from(name))]);
        for key in SAME {
            if let Some(value) = properties.get(key) {
                body.insert(key.to_owned(), value.clone());
            }
        }
        let answer = self.dynamodb("CreateTable", &Value::Object(body)).await?;
        self.done("dynamodb:CreateTable", &answer)?;
        if let Some(ttl) = properties.get("TimeToLiveSpecification") {
            let body = json!({ "TableName": name, "TimeToLiveSpecification": ttl });
            let answer = self.dynamodb("UpdateTimeToLive", &body).await?;
            self.done("dynamodb:UpdateTimeToLive", &answer)?;
        }
        if let Some(recovery) = properties.get("PointInTimeRecoverySpecification") {
            let body = json!({ "TableName": name, "PointInTimeRecoverySpecification": recovery });
            let answer = self.dynamodb("UpdateContinuousBackups", &body).await?;
            self.done("dynamodb:UpdateContinuousBackups", &answer)?;
        }
        Ok(())
    }

    async fn dynamodb(&self, operation: &str, body: &Value) -> Result<Answer, SandboxError> {
        self.hub.moto.json(self.own("dynamodb"), &format!("DynamoDB_20120810.{operation}"), body).await
    }

    async fn queue(&self, name: &str, properties: &Value) -> Result<(), SandboxError> {
        const SAME: [&str; 10] = [
            "DelaySeconds",
            "DeduplicationScope",
            "FifoThroughputLimit",
            "MaximumMessageSize",
            "MessageRetentionPeriod",
            "ReceiveMessageWaitTimeSeconds",
            "VisibilityTimeout",
            "FifoQueue",
            "ContentBasedDeduplication",
            "RedrivePolicy",
        ];
        let attributes = SAME.iter().filter_map(|key| {
            let value = properties.get(key)?;
            let text = value.as_str().map_or_else(|| value.to_string(), str::to_owned);
            Some(((*key).to_owned(), Value::from(text)))
        });
        let body = json!({ "QueueName": name, "Attributes": attributes.collect::<Map<_, _>>() });
        let answer = self.hub.moto.json(self.own("sqs"), "AmazonSQS.CreateQueue", &body).await?;
        self.done("sqs:CreateQueue", &answer)
    }

    async fn role(&self, name: &str, path: &str, trust: &Value) -> Result<(), SandboxError> {
        let trust = trust.to_string();
        let params = [
            ("Action", "CreateRole"),
            ("RoleName", name),
            ("Path", path),
            ("AssumeRolePolicyDocument", &trust),
            ("Version", "2010-05-08"),
        ];
        let answer = self.hub.moto.query(self.own("iam"), &params).await?;
        self.done("iam:CreateRole", &answer)
    }

    async fn policy(&self, role: &str, name: &str, document: &Value) -> Result<(), SandboxError> {
        let document = document.to_string();
        let params = [
            ("Action", "PutRolePolicy"),
            ("RoleName", role),
            ("PolicyName", name),
            ("PolicyDocument", &document),
            ("Version", "2010-05-08"),
        ];
        let answer = self.hub.moto.query(self.own("iam"), &params).await?;
        self.done("iam:PutRolePolicy", &answer)
    }

    fn done(&self, operation: &str, answer: &Answer) -> Result<(), SandboxError> {
        if answer.status.is_success() {
            return Ok(());
        }
        Err(SandboxError::Deploy {
            logical_id: self.logical_id.to_owned(),
            operation: operation.to_owned(),
            status: answer.status.as_u16(),
            answer: String::from_utf8_lossy(&answer.body).chars().take(500).collect(),
        })
    }
}

fn lambda_trust() -> Value {
    json!({
        "Version": "2012-10-17",
        "Statement": [{
            "Effect": "Allow",
            "Principal": { "Service": "lambda.amazonaws.com" },
            "Action": "sts:AssumeRole",
        }],
    })
}

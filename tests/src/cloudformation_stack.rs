//! Stacks: how they are made, changed by hand, and looked at afterwards.

use serde_json::{Value, json};

use crate::{About, Person, Stage};

const VERSION: &str = "2010-05-15";

/// A queue, a topic and what moto does not look at, with the queue's name in front of the topic's.
pub fn template(name: &str) -> String {
    json!({
        "Resources": {
            "Queue": {"Type": "AWS::SQS::Queue", "Properties": {"QueueName": name, "VisibilityTimeout": 30}},
            "Topic": {"Type": "AWS::SNS::Topic", "Properties": {"TopicName": format!("{name}-topic"), "DisplayName": "Orders"}},
        },
    })
    .to_string()
}

impl Person {
    /// A call to CloudFormation about the stack `name`.
    pub async fn stack_call(&self, action: &str, name: &str, more: &[(&str, &str)]) -> String {
        let parameters: Vec<(&str, &str)> = [("StackName", name)].into_iter().chain(more.iter().copied()).collect();
        self.query("cloudformation", VERSION, action, &parameters).await.body
    }

    /// `aws cloudformation create-stack` of [`template`], protected or not, with a service role.
    pub async fn create_stack(&self, name: &str, more: &[(&str, &str)]) {
        let template = template(name);
        let own = [("TemplateBody", template.as_str()), ("RoleARN", "arn:aws:iam::123456789012:role/cloudformation")];
        let more: Vec<(&str, &str)> = own.into_iter().chain(more.iter().copied()).collect();
        self.stack_call("CreateStack", name, &more).await;
    }

    /// The text of an element of what `aws cloudformation describe-stacks` answers.
    pub async fn stack(&self, name: &str, element: &str) -> String {
        let body = self.stack_call("DescribeStacks", name, &[]).await;
        let (_, rest) = body.split_once(&format!("<{element}>")).unwrap_or_else(|| panic!("no {element}: {body}"));
        rest.split_once("</").unwrap().0.to_owned()
    }

    /// `aws sqs set-queue-attributes`, by hand.
    pub async fn set_visibility_timeout(&self, name: &str, seconds: &str) {
        let body = json!({"QueueUrl": queue_url(name), "Attributes": {"VisibilityTimeout": seconds}});
        let answer = self.json("sqs", "AmazonSQS.SetQueueAttributes", &body).await;
        assert_eq!(answer.status, 200, "{answer:?}");
    }

    /// `aws sqs get-queue-attributes`.
    pub async fn visibility_timeout(&self, name: &str) -> String {
        let body = json!({"QueueUrl": queue_url(name), "AttributeNames": ["VisibilityTimeout"]});
        let answer = self.json("sqs", "AmazonSQS.GetQueueAttributes", &body).await;
        let answer: Value = serde_json::from_str(&answer.body).unwrap();
        answer["Attributes"]["VisibilityTimeout"].as_str().unwrap_or_default().to_owned()
    }
}

impl Stage {
    /// What happened to the stack `name`.
    pub async fn about_stack(&self, name: &str) -> About {
        let id = self.aws.stack(name, "StackId").await;
        self.about(id.rsplit('/').next().unwrap()).await
    }

    /// The stack `name`, as orders name it.
    pub async fn stack_resource(&self, name: &str) -> Value {
        json!({"account": crate::ACCOUNT, "region": "eu-central-1", "arn": self.aws.stack(name, "StackId").await})
    }
}

/// The queue's physical id, by which the stack has it.
pub fn queue_url(name: &str) -> String {
    format!("https://sqs.eu-central-1.amazonaws.com/{}/{name}", crate::ACCOUNT)
}

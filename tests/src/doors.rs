//! User pools, App Runner services and CloudFront distributions, as somebody with an `aws` command makes them.

use serde_json::{Value, json};

use crate::{
    Person,
    api::{of, text},
};

const DISTRIBUTIONS: &str = "/2020-05-31/distribution";

/// Further elements of a distribution's configuration.
#[derive(Debug, Clone, Copy)]
pub struct Config<'a> {
    /// `Enabled`.
    pub enabled: bool,
    /// `Staging`.
    pub staging: bool,
    /// `WebACLId`.
    pub web_acl: &'a str,
}

impl Config<'_> {
    /// Enabled, and nothing else.
    pub const BARE: Self = Self { enabled: true, staging: false, web_acl: "" };
}

impl Person {
    /// `aws cognito-idp create-user-pool`; the ARN.
    pub async fn create_user_pool(&self, name: &str) -> String {
        let target = "AWSCognitoIdentityProviderService.CreateUserPool";
        let answer = self.json("cognito-idp", target, &json!({"PoolName": name})).await;
        assert_eq!(answer.status, 200, "{answer:?}");
        text(&of(&answer)["UserPool"]["Arn"])
    }

    /// One call of App Runner, about a service.
    pub async fn app_runner(&self, operation: &str, body: &Value) -> Value {
        let answer = self.json("apprunner", &format!("AppRunner.{operation}"), body).await;
        assert_eq!(answer.status, 200, "{operation}: {answer:?}");
        of(&answer)["Service"].clone()
    }

    /// `aws apprunner create-service`; the ARN.
    pub async fn create_service(&self, name: &str, public: bool) -> String {
        let image = json!({"ImageRepository": {"ImageIdentifier": "public.ecr.aws/example/hello:latest",
            "ImageRepositoryType": "ECR_PUBLIC"}});
        let body = json!({"ServiceName": name, "SourceConfiguration": image, "NetworkConfiguration": ingress(public)});
        text(&self.app_runner("CreateService", &body).await["ServiceArn"])
    }

    /// `aws apprunner update-service`: reached from the internet, or not.
    pub async fn open_service(&self, arn: &str, public: bool) {
        self.app_runner("UpdateService", &json!({"ServiceArn": arn, "NetworkConfiguration": ingress(public)})).await;
    }

    /// `aws cloudfront create-distribution`; the id.
    pub async fn create_distribution(&self, name: &str, config: Config<'_>) -> String {
        let Config { enabled, staging, web_acl } = config;
        let body = format!(
            r#"<DistributionConfig xmlns="http://cloudfront.amazonaws.com/doc/2020-05-31/"><CallerReference>{name}</CallerReference><Origins><Quantity>1</Quantity><Items><Origin><Id>www</Id><DomainName>www.example.com</DomainName><CustomOriginConfig><HTTPPort>80</HTTPPort><HTTPSPort>443</HTTPSPort><OriginProtocolPolicy>https-only</OriginProtocolPolicy></CustomOriginConfig></Origin></Items></Origins><DefaultCacheBehavior><TargetOriginId>www</TargetOriginId><ViewerProtocolPolicy>https-only</ViewerProtocolPolicy></DefaultCacheBehavior><Comment>{name}</Comment><Enabled>{enabled}</Enabled><Staging>{staging}</Staging><WebACLId>{web_acl}</WebACLId></DistributionConfig>"#
        );
        element(&self.xml("cloudfront", "POST", DISTRIBUTIONS, &[], &body).await.body, "Id").unwrap()
    }

    /// `aws cloudfront get-distribution-config`: the web ACL.
    pub async fn web_acl_of_distribution(&self, id: &str) -> Option<String> {
        let answer = self.xml("cloudfront", "GET", &format!("{DISTRIBUTIONS}/{id}/config"), &[], "").await;
        element(&answer.body, "WebACLId")
    }

    /// `aws cloudfront disassociate-distribution-web-acl`.
    pub async fn disassociate_distribution(&self, id: &str) {
        self.xml("cloudfront", "PUT", &format!("{DISTRIBUTIONS}/{id}/disassociate-web-acl"), &[], "").await;
    }

    /// `aws cloudfront associate-distribution-web-acl`.
    pub async fn associate_distribution(&self, id: &str, acl: &str) {
        let body = format!(
            r#"<AssociateDistributionWebACLRequest xmlns="http://cloudfront.amazonaws.com/doc/2020-05-31/"><WebACLArn>{acl}</WebACLArn></AssociateDistributionWebACLRequest>"#
        );
        self.xml("cloudfront", "PUT", &format!("{DISTRIBUTIONS}/{id}/associate-web-acl"), &[], &body).await;
    }
}

fn ingress(public: bool) -> Value {
    json!({"IngressConfiguration": {"IsPubliclyAccessible": public}})
}

fn element(xml: &str, name: &str) -> Option<String> {
    let (_, rest) = xml.split_once(&format!("<{name}>"))?;
    rest.split('<').next().filter(|text| !text.is_empty()).map(str::to_owned)
}

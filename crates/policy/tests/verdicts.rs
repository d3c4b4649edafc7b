//! The general answer, form by form: rows of principal, condition, verdict.
#![expect(clippy::unwrap_used, clippy::panic, clippy::indexing_slicing, reason = "tests")]

mod common;

use common::{check, grant, judge, word};
use rectify_policy::{Reason, Service, TrustZone, Verdict, assess};

const ANYONE: &str = r#""*""#;

#[test]
fn principals_without_conditions() {
    check(
        Service::Sqs,
        &[
            (r#""*""#, "", "public"),
            (r#"["*"]"#, "", "public"),
            (r#"{"AWS":"*"}"#, "", "public"),
            (r#"{"AWS":["arn:aws:iam::111122223333:root","*"]}"#, "", "public"),
            (r#"{"*":"*"}"#, "", "public"),
            (r#"{"CanonicalUser":"*"}"#, "", "public"),
            (r#"{"Service":"*"}"#, "", "public"),
            (r#"{"Federated":"*"}"#, "", "public"),
            (r#"{"AWS":"arn:aws:iam::*:root"}"#, "", "public"),
            (r#"{"AWS":"arn:aws:iam::*:role/deploy"}"#, "", "public"),
            (r#"{"AWS":"arn:aws:iam::11112222????:root"}"#, "", "public"),
            (r#"{"AWS":"arn:aws:*"}"#, "", "public"),
            (r#"{"AWS":"11112222*"}"#, "", "public"),
            (r#"{"AWS":"arn:aws:iam::${aws:PrincipalAccount}:root"}"#, "", "public"),
            (r#"{"AWS":"111122223333"}"#, "", "internal"),
            (r#"{"AWS":111122223333}"#, "", "internal"),
            (r#""arn:aws:iam::111122223333:root""#, "", "internal"),
            (r#"{"AWS":"arn:aws:iam::111122223333:root"}"#, "", "internal"),
            (r#"{"AWS":"arn:aws:iam::111122223333:role/*"}"#, "", "internal"),
            (r#"{"AWS":"arn:aws:sts::111122223333:assumed-role/deploy/session"}"#, "", "internal"),
            (r#"{"AWS":"arn:aws-cn:iam::111122223333:root"}"#, "", "internal"),
            (r#"{"AWS":"arn:aws-us-gov:iam::999999999999:root"}"#, "", "foreign 999999999999"),
            (r#"{"AWS":"222233334444"}"#, "", "organisation"),
            (r#"{"AWS":["222233334444","999999999999","888888888888"]}"#, "", "foreign 888888888888 999999999999"),
            (r#"{"AWS":"arn:aws:iam::cloudfront:user/CloudFront Origin Access Identity E1EXAMPLE"}"#, "", "foreign"),
            (r#"{"AWS":"AIDAIOSFODNN7EXAMPLE"}"#, "", "foreign"),
            (r#"{"AWS":"AROAIOSFODNN7EXAMPLE"}"#, "", "foreign"),
            (r#"{"AWS":"12345"}"#, "", "foreign"),
            (r#"{"CanonicalUser":"79a59df900b949e55d96a1e698fbacedfd6e09d98eacf8f8d5218e7cd47ef2be"}"#, "", "foreign"),
            (r#"{"AWS":[]}"#, "", "internal"),
            ("{}", "", "internal"),
            ("null", "", "internal"),
        ],
    );
}

#[test]
fn keys_of_the_requester() {
    check(
        Service::Sns,
        &[
            (ANYONE, r#"{"StringEquals":{"aws:PrincipalOrgID":"o-ours123456"}}"#, "organisation"),
            (ANYONE, r#"{"StringEquals":{"AWS:PRINCIPALORGID":["o-ours123456"]}}"#, "organisation"),
            (ANYONE, r#"{"StringEquals":{"aws:PrincipalOrgID":"o-other12345"}}"#, "foreign"),
            (ANYONE, r#"{"StringEquals":{"aws:PrincipalOrgID":["o-ours123456","o-other12345"]}}"#, "foreign"),
            (ANYONE, r#"{"StringLike":{"aws:PrincipalOrgID":"o-*"}}"#, "public"),
            (ANYONE, r#"{"StringEquals":{"aws:PrincipalOrgID":"${aws:ResourceOrgID}"}}"#, "organisation"),
            (ANYONE, r#"{"StringEquals":{"aws:PrincipalOrgID":"${aws:PrincipalOrgID}"}}"#, "public"),
            (
                ANYONE,
                r#"{"ForAnyValue:StringLike":{"aws:PrincipalOrgPaths":["o-ours123456/r-ab12/*"]}}"#,
                "organisation",
            ),
            (ANYONE, r#"{"ForAnyValue:StringLike":{"aws:PrincipalOrgPaths":["o-*/r-ab12/*"]}}"#, "public"),
            (ANYONE, r#"{"ForAnyValue:StringLike":{"aws:PrincipalOrgPaths":["r-ab12/*"]}}"#, "public"),
            (ANYONE, r#"{"ForAllValues:StringLike":{"aws:PrincipalOrgPaths":["o-ours123456/*"]}}"#, "public"),
            (ANYONE, r#"{"StringEquals":{"aws:PrincipalAccount":"111122223333"}}"#, "internal"),
            (ANYONE, r#"{"StringEquals":{"aws:PrincipalAccount":111122223333}}"#, "internal"),
            (ANYONE, r#"{"StringEquals":{"aws:PrincipalAccount":"999999999999"}}"#, "foreign 999999999999"),
            (ANYONE, r#"{"StringEquals":{"aws:PrincipalAccount":["111122223333","222233334444"]}}"#, "organisation"),
            (ANYONE, r#"{"StringLike":{"aws:PrincipalAccount":"1111*"}}"#, "public"),
            (ANYONE, r#"{"StringEquals":{"aws:PrincipalAccount":"${aws:ResourceAccount}"}}"#, "internal"),
            (ANYONE, r#"{"ArnLike":{"aws:PrincipalArn":"arn:aws:iam::111122223333:role/*"}}"#, "internal"),
            (ANYONE, r#"{"ArnLike":{"aws:PrincipalArn":"arn:aws:iam::*:role/deploy"}}"#, "public"),
            (ANYONE, r#"{"StringLike":{"aws:PrincipalArn":"*"}}"#, "public"),
            (ANYONE, r#"{"ArnEquals":{"aws:PrincipalArn":["arn:aws:iam::111122223333:root","*"]}}"#, "public"),
            (ANYONE, r#"{"StringLike":{"aws:userid":"AROAIOSFODNN7EXAMPLE:*"}}"#, "foreign"),
            (ANYONE, r#"{"StringLike":{"aws:userid":"*:deploy"}}"#, "public"),
            (ANYONE, r#"{"StringLike":{"aws:userid":"AROA*"}}"#, "public"),
            (ANYONE, r#"{"StringEquals":{"aws:userid":"111122223333"}}"#, "internal"),
            (ANYONE, r#"{"StringEquals":{"kms:CallerAccount":"111122223333"}}"#, "internal"),
            (ANYONE, r#"{"Bool":{"aws:PrincipalIsAWSService":"true"}}"#, "foreign"),
            (ANYONE, r#"{"Bool":{"aws:PrincipalIsAWSService":"false"}}"#, "public"),
            (
                ANYONE,
                r#"{"Bool":{"aws:PrincipalIsAWSService":true},"StringEquals":{"aws:SourceAccount":"111122223333"}}"#,
                "internal",
            ),
            // A fixed principal is narrowed by what it must be, never by where it comes from.
            (r#"{"AWS":"999999999999"}"#, r#"{"StringEquals":{"aws:PrincipalOrgID":"o-ours123456"}}"#, "organisation"),
            (
                r#"{"AWS":"999999999999"}"#,
                r#"{"StringEquals":{"aws:SourceAccount":"111122223333"}}"#,
                "foreign 999999999999",
            ),
            (r#"{"AWS":"999999999999"}"#, r#"{"StringEquals":{"aws:SourceVpc":"vpc-1"}}"#, "foreign 999999999999"),
        ],
    );
}

#[test]
fn keys_of_the_source() {
    check(
        Service::Sqs,
        &[
            (ANYONE, r#"{"StringEquals":{"aws:SourceAccount":"111122223333"}}"#, "internal"),
            (ANYONE, r#"{"StringEquals":{"AWS:SourceOwner":"111122223333"}}"#, "internal"),
            (
                ANYONE,
                r#"{"StringEquals":{"aws:SourceAccount":["111122223333","999999999999"]}}"#,
                "foreign 999999999999",
            ),
            (ANYONE, r#"{"StringLike":{"aws:SourceAccount":"*"}}"#, "public"),
            (ANYONE, r#"{"StringLike":{"aws:SourceOwner":"1111222233??"}}"#, "public"),
            (ANYONE, r#"{"StringEquals":{"aws:SourceOrgID":"o-ours123456"}}"#, "organisation"),
            (ANYONE, r#"{"ForAnyValue:StringLike":{"aws:SourceOrgPaths":"o-ours123456/*"}}"#, "organisation"),
            (ANYONE, r#"{"ArnLike":{"aws:SourceArn":"arn:aws:sns:*:111122223333:*"}}"#, "internal"),
            (
                ANYONE,
                r#"{"ArnEquals":{"aws:SourceArn":"arn:aws:sns:us-east-1:999999999999:t"}}"#,
                "foreign 999999999999",
            ),
            (ANYONE, r#"{"ArnLike":{"aws:SourceArn":"arn:aws:s3:*:*:bucket"}}"#, "public"),
            (ANYONE, r#"{"ArnLike":{"aws:SourceArn":"arn:aws:s3:::bucket"}}"#, "foreign"),
            (ANYONE, r#"{"ArnLike":{"aws:SourceArn":"arn:aws:s3:::*"}}"#, "public"),
            (ANYONE, r#"{"StringLike":{"aws:SourceArn":"arn:aws:lambda:*:111122223333:*"}}"#, "public"),
            (
                ANYONE,
                r#"{"ArnLike":{"aws:SourceArn":"arn:aws:s3:::bucket"},"StringEquals":{"aws:SourceAccount":"111122223333"}}"#,
                "internal",
            ),
            (ANYONE, r#"{"StringEquals":{"s3:DataAccessPointAccount":"111122223333"}}"#, "internal"),
            (
                ANYONE,
                r#"{"StringLike":{"s3:DataAccessPointArn":"arn:aws:s3:us-east-1:111122223333:accesspoint/*"}}"#,
                "internal",
            ),
            // Services: the confused deputy.
            (r#"{"Service":"sns.amazonaws.com"}"#, "", "foreign"),
            (r#""sns.amazonaws.com""#, "", "foreign"),
            (
                r#"{"Service":"sns.amazonaws.com"}"#,
                r#"{"StringEquals":{"aws:SourceAccount":"111122223333"}}"#,
                "internal",
            ),
            (
                r#"{"Service":"sns.amazonaws.com"}"#,
                r#"{"StringEqualsIfExists":{"aws:SourceAccount":"111122223333"}}"#,
                "foreign",
            ),
            (
                r#"{"Service":"sns.amazonaws.com"}"#,
                r#"{"StringEquals":{"aws:SourceOrgID":"o-ours123456"}}"#,
                "organisation",
            ),
            (
                r#"{"Service":"cloudfront.amazonaws.com"}"#,
                r#"{"StringEquals":{"AWS:SourceArn":"arn:aws:cloudfront::111122223333:distribution/E1"}}"#,
                "internal",
            ),
            (
                r#"{"Service":"cloudfront.amazonaws.com"}"#,
                r#"{"StringEquals":{"AWS:SourceArn":"arn:aws:cloudfront::999999999999:distribution/E1"}}"#,
                "foreign 999999999999",
            ),
            (
                r#"{"Service":"logs.eu-west-1.amazonaws.com"}"#,
                r#"{"ArnLike":{"kms:EncryptionContext:aws:logs:arn":"arn:aws:logs:eu-west-1:111122223333:*"}}"#,
                "internal",
            ),
            // Anybody but a service chooses the encryption context.
            (
                ANYONE,
                r#"{"ArnLike":{"kms:EncryptionContext:aws:logs:arn":"arn:aws:logs:eu-west-1:111122223333:*"}}"#,
                "public",
            ),
            // Where messages go.
            (
                ANYONE,
                r#"{"StringLike":{"sns:Endpoint":"*@example.com"},"StringEquals":{"sns:Protocol":"email"}}"#,
                "foreign",
            ),
            // `https://evil.example/@example.com` matches too.
            (ANYONE, r#"{"StringLike":{"sns:Endpoint":"*@example.com"}}"#, "public"),
            (
                ANYONE,
                r#"{"StringLike":{"sns:Endpoint":"*@example.com"},"StringEquals":{"sns:Protocol":["email","https"]}}"#,
                "public",
            ),
            (ANYONE, r#"{"StringEquals":{"sns:Endpoint":"ops@example.com"}}"#, "foreign"),
            (ANYONE, r#"{"StringLike":{"sns:Endpoint":"https://example.com/*"}}"#, "foreign"),
            (ANYONE, r#"{"StringLike":{"sns:Endpoint":"arn:aws:sqs:eu-west-1:111122223333:*"}}"#, "internal"),
            (ANYONE, r#"{"StringLike":{"sns:Endpoint":"*example.com"}}"#, "public"),
            (ANYONE, r#"{"StringLike":{"sns:Endpoint":"https://*@example.com"}}"#, "public"),
            (ANYONE, r#"{"StringLike":{"sns:Endpoint":"https://x@*.com/"}}"#, "public"),
            (ANYONE, r#"{"StringLike":{"sns:Endpoint":"https://*.com/x@example.com"}}"#, "public"),
            (ANYONE, r#"{"StringEquals":{"sns:Protocol":"https"}}"#, "public"),
        ],
    );
}

#[test]
fn keys_of_the_network() {
    check(
        Service::SecretsManager,
        &[
            (ANYONE, r#"{"StringEquals":{"aws:SourceVpc":"vpc-1"}}"#, "foreign"),
            (ANYONE, r#"{"StringEquals":{"aws:SourceVpce":["vpce-1","vpce-2"]}}"#, "foreign"),
            (ANYONE, r#"{"StringLike":{"aws:SourceVpc":"vpc-*"}}"#, "public"),
            (ANYONE, r#"{"StringLike":{"aws:SourceVpce":["vpce-1","*"]}}"#, "public"),
            (ANYONE, r#"{"StringEquals":{"aws:VpceAccount":"111122223333"}}"#, "internal"),
            (ANYONE, r#"{"StringEquals":{"aws:VpceOrgID":"o-ours123456"}}"#, "organisation"),
            (ANYONE, r#"{"IpAddress":{"aws:SourceIp":"203.0.113.0/24"}}"#, "foreign"),
            (ANYONE, r#"{"IpAddress":{"aws:SourceIp":"203.0.113.7"}}"#, "foreign"),
            (ANYONE, r#"{"IpAddress":{"aws:SourceIp":"0.0.0.0/0"}}"#, "public"),
            (ANYONE, r#"{"IpAddress":{"aws:SourceIp":["203.0.113.0/24","0.0.0.0/0"]}}"#, "public"),
            (ANYONE, r#"{"IpAddress":{"aws:SourceIp":["0.0.0.0/1","128.0.0.0/1"]}}"#, "public"),
            (ANYONE, r#"{"IpAddress":{"aws:SourceIp":"::/0"}}"#, "public"),
            (ANYONE, r#"{"IpAddress":{"aws:SourceIp":"2001:db8::/32"}}"#, "foreign"),
            (ANYONE, r#"{"IpAddress":{"aws:SourceIp":["10.0.0.0/8","192.168.0.0/16"]}}"#, "foreign"),
            (ANYONE, r#"{"IpAddressIfExists":{"aws:SourceIp":"203.0.113.0/24"}}"#, "public"),
            (ANYONE, r#"{"NotIpAddress":{"aws:SourceIp":"203.0.113.0/24"}}"#, "public"),
            (ANYONE, r#"{"StringLike":{"aws:SourceIp":"203.0.113.*"}}"#, "public"),
            (ANYONE, r#"{"StringEquals":{"aws:SourceIp":"203.0.113.7"}}"#, "foreign"),
            // Any VPC of anybody has such addresses.
            (ANYONE, r#"{"IpAddress":{"aws:VpcSourceIp":"10.0.0.0/8"}}"#, "public"),
            (ANYONE, r#"{"Bool":{"elasticfilesystem:AccessedViaMountTarget":"true"}}"#, "foreign"),
            (ANYONE, r#"{"Bool":{"elasticfilesystem:AccessedViaMountTarget":"false"}}"#, "public"),
        ],
    );
}

#[test]
fn operators_and_keys_that_never_limit() {
    check(
        Service::Lambda,
        &[
            (ANYONE, r#"{"StringNotEquals":{"aws:PrincipalAccount":"999999999999"}}"#, "public"),
            (ANYONE, r#"{"ArnNotLike":{"aws:PrincipalArn":"arn:aws:iam::999999999999:*"}}"#, "public"),
            (ANYONE, r#"{"StringEqualsIfExists":{"aws:PrincipalOrgID":"o-ours123456"}}"#, "public"),
            (ANYONE, r#"{"ForAllValues:StringEquals":{"aws:PrincipalOrgID":"o-ours123456"}}"#, "public"),
            (
                ANYONE,
                r#"{"StringEqualsIfExists":{"aws:PrincipalOrgID":"o-ours123456"},"Null":{"aws:PrincipalOrgID":"false"}}"#,
                "organisation",
            ),
            (
                ANYONE,
                r#"{"StringEqualsIfExists":{"aws:PrincipalOrgID":"o-ours123456"},"Null":{"aws:PrincipalOrgID":["true","false"]}}"#,
                "public",
            ),
            (ANYONE, r#"{"Null":{"aws:PrincipalOrgID":"false"}}"#, "public"),
            (ANYONE, r#"{"Null":{"aws:PrincipalOrgID":"true"}}"#, "public"),
            (ANYONE, r#"{"ForAnyValues:StringEquals":{"aws:PrincipalOrgID":"o-ours123456"}}"#, "public"),
            (ANYONE, r#"{"StringIs":{"aws:PrincipalOrgID":"o-ours123456"}}"#, "public"),
            (ANYONE, r#"{"NumericEquals":{"aws:PrincipalAccount":"111122223333"}}"#, "public"),
            (ANYONE, r#"{"StringEquals":{"aws:PrincipalAccount":[]}}"#, "public"),
            (ANYONE, r#"{"StringEquals":{"aws:PrincipalAccount":""}}"#, "public"),
            (ANYONE, r#"{"StringEquals":{"aws:PrincipalAccount":{"a":"b"}}}"#, "public"),
            (ANYONE, r#"{"StringEquals":{"aws:PrincipalAccount":["111122223333",null]}}"#, "public"),
            (ANYONE, r#"{"StringEquals":"aws:PrincipalAccount"}"#, "public"),
            (ANYONE, r#"{"StringLike":{"aws:Referer":"https://example.com/*"}}"#, "public"),
            (ANYONE, r#"{"StringEquals":{"aws:UserAgent":"secret"}}"#, "public"),
            (ANYONE, r#"{"Bool":{"aws:SecureTransport":"true"}}"#, "public"),
            (ANYONE, r#"{"Bool":{"aws:ViaAWSService":"true"}}"#, "public"),
            (ANYONE, r#"{"Bool":{"aws:MultiFactorAuthPresent":"true"}}"#, "public"),
            (ANYONE, r#"{"DateLessThan":{"aws:CurrentTime":"2020-01-01T00:00:00Z"}}"#, "public"),
            (ANYONE, r#"{"NumericLessThan":{"s3:max-keys":"10"}}"#, "public"),
            (ANYONE, r#"{"StringEquals":{"aws:ResourceAccount":"111122223333"}}"#, "public"),
            (ANYONE, r#"{"StringEquals":{"aws:PrincipalTag/team":"blue"}}"#, "public"),
            (ANYONE, r#"{"StringEquals":{"aws:username":"admin"}}"#, "public"),
            (ANYONE, r#"{"StringEquals":{"kms:ViaService":"s3.eu-west-1.amazonaws.com"}}"#, "public"),
            (
                ANYONE,
                r#"{"StringEquals":{"kms:ViaService":"s3.eu-west-1.amazonaws.com","kms:CallerAccount":"111122223333"}}"#,
                "internal",
            ),
            (ANYONE, r#"{"StringEquals":{"lambda:FunctionUrlAuthType":"NONE"}}"#, "public"),
            (ANYONE, r#"{"StringEquals":{"lambda:FunctionUrlAuthType":"AWS_IAM"}}"#, "public"),
            (ANYONE, r#"{"StringEquals":{"sts:ExternalId":"secret"}}"#, "public"),
            (ANYONE, r#"{"StringEquals":{"vendor:Unknown":"111122223333"}}"#, "public"),
            // Several conditions: one that limits is enough.
            (ANYONE, r#"{"Bool":{"aws:SecureTransport":"true"},"StringEquals":{"aws:SourceVpc":"vpc-1"}}"#, "foreign"),
            (
                ANYONE,
                r#"{"StringEquals":{"aws:SourceVpc":"vpc-1","aws:PrincipalAccount":"999999999999"}}"#,
                "foreign 999999999999",
            ),
        ],
    );
}

#[test]
fn identity_providers_in_a_trust_policy() {
    let github = r#"{"Federated":"arn:aws:iam::111122223333:oidc-provider/token.actions.githubusercontent.com"}"#;
    let cognito = r#"{"Federated":"cognito-identity.amazonaws.com"}"#;
    check(
        Service::IamTrust,
        &[
            (r#"{"Service":"lambda.amazonaws.com"}"#, "", "internal"),
            (r#"{"Federated":"arn:aws:iam::111122223333:saml-provider/idp"}"#, "", "internal"),
            (r#"{"Federated":"arn:aws:iam::999999999999:saml-provider/idp"}"#, "", "foreign 999999999999"),
            (r#"{"Federated":"arn:aws:iam::*:saml-provider/idp"}"#, "", "public"),
            (
                r#"{"Federated":"arn:aws:iam::111122223333:oidc-provider/oidc.eks.eu-west-1.amazonaws.com/id/ABCD"}"#,
                "",
                "internal",
            ),
            (github, "", "public"),
            (github, r#"{"StringEquals":{"token.actions.githubusercontent.com:aud":"sts.amazonaws.com"}}"#, "public"),
            (github, r#"{"StringLike":{"token.actions.githubusercontent.com:sub":"*"}}"#, "public"),
            (github, r#"{"StringLike":{"token.actions.githubusercontent.com:sub":"repo:*"}}"#, "public"),
            (github, r#"{"StringLike":{"token.actions.githubusercontent.com:sub":"repo:octo*"}}"#, "public"),
            (
                github,
                r#"{"StringLike":{"token.actions.githubusercontent.com:sub":["repo:octo/app:*","repo:*/x"]}}"#,
                "public",
            ),
            (
                github,
                r#"{"StringLikeIfExists":{"token.actions.githubusercontent.com:sub":"repo:octo/app:*"}}"#,
                "public",
            ),
            (github, r#"{"StringLike":{"token.actions.githubusercontent.com:sub":"repo:octo/*"}}"#, "internal"),
            (
                github,
                r#"{"StringEquals":{"Token.Actions.GithubUserContent.com:sub":"repo:octo/app:ref:refs/heads/main"}}"#,
                "internal",
            ),
            (cognito, "", "public"),
            (cognito, r#"{"ForAnyValue:StringLike":{"cognito-identity.amazonaws.com:amr":"authenticated"}}"#, "public"),
            (
                cognito,
                r#"{"StringEquals":{"cognito-identity.amazonaws.com:aud":"eu-west-1:00000000-0000-0000-0000-000000000000"}}"#,
                "foreign",
            ),
            (cognito, r#"{"StringLike":{"cognito-identity.amazonaws.com:aud":"eu-west-1:*"}}"#, "public"),
            (
                r#"{"Federated":"accounts.google.com"}"#,
                r#"{"StringEquals":{"accounts.google.com:aud":"66677788899900pro0"}}"#,
                "foreign",
            ),
            (r#"{"Federated":"graph.facebook.com"}"#, "", "public"),
        ],
    );
}

#[test]
fn statements_that_are_no_plain_allow() {
    let table = [
        (r#"{"Statement":[]}"#, "internal"),
        (r#"{"Statement":{"Effect":"Allow","Principal":"*","Action":"x:Do","Resource":"*"}}"#, "public"),
        (r#"{"Statement":[{"Effect":"Deny","Principal":"*","Action":"*","Resource":"*"}]}"#, "internal"),
        (r#"{"Statement":[{"Effect":"deny","Principal":"*","Action":"*","Resource":"*"}]}"#, "internal"),
        // AWS refuses these effects; were they ever to count, they would grant.
        (r#"{"Statement":[{"Principal":"*","Action":"*","Resource":"*"}]}"#, "public"),
        (r#"{"Statement":[{"Effect":"allow","Principal":"*","Action":"*","Resource":"*"}]}"#, "public"),
        (r#"{"Statement":[{"Effect":"Allow","Action":"*","Resource":"*"}]}"#, "internal"),
        (
            r#"{"Statement":[{"Effect":"Allow","NotPrincipal":{"AWS":"999999999999"},"Action":"*","Resource":"*"}]}"#,
            "public",
        ),
        (r#"{"Statement":[{"Effect":"Allow","NotPrincipal":[],"Action":"*","Resource":"*"}]}"#, "public"),
        (
            r#"{"Statement":[{"Effect":"Allow","NotPrincipal":{"AWS":"1"},"Action":"*","Condition":{"StringEquals":{"aws:PrincipalAccount":"111122223333"}}}]}"#,
            "internal",
        ),
        (r#"{"Statement":[{"Effect":"Allow","Principal":"*","NotAction":"x:Do","NotResource":"y"}]}"#, "public"),
        // A Deny narrows nothing: here everybody with TLS is let in.
        (
            r#"{"Statement":[{"Effect":"Allow","Principal":"*","Action":"*"},
            {"Effect":"Deny","Principal":"*","Action":"*","Condition":{"Bool":{"aws:SecureTransport":"false"}}}]}"#,
            "public",
        ),
        (
            r#"{"Statement":[{"Effect":"Allow","Principal":"*","Action":"*"},{"Effect":"Deny","Principal":"*","Action":"*"}]}"#,
            "public",
        ),
        (
            r#"{"Statement":[{"Effect":"Allow","Principal":{"AWS":"888888888888"}},{"Effect":"Allow","Principal":{"AWS":"999999999999"}}]}"#,
            "foreign 888888888888 999999999999",
        ),
        // Variables mean something in version 2012-10-17 only.
        (
            r#"{"Version":"2008-10-17","Statement":{"Effect":"Allow","Principal":"*","Action":"*","Condition":{"StringEquals":{"aws:PrincipalOrgID":"${aws:ResourceOrgID}"}}}}"#,
            "public",
        ),
    ];
    for (text, expected) in table {
        assert_eq!(word(&judge(text, Service::General).verdict), expected, "{text}");
    }
}

#[test]
fn default_policies_of_aws_are_internal() {
    let topic = r#"{"Version":"2008-10-17","Id":"__default_policy_ID","Statement":[{"Sid":"__default_statement_ID",
        "Effect":"Allow","Principal":{"AWS":"*"},"Action":["SNS:Publish","SNS:Subscribe"],
        "Resource":"arn:aws:sns:eu-west-1:111122223333:t","Condition":{"StringEquals":{"AWS:SourceOwner":"111122223333"}}}]}"#;
    let key = r#"{"Version":"2012-10-17","Id":"key-default-1","Statement":[{"Sid":"Enable IAM User Permissions",
        "Effect":"Allow","Principal":{"AWS":"arn:aws:iam::111122223333:root"},"Action":"kms:*","Resource":"*"}]}"#;
    let managed_key = r#"{"Version":"2012-10-17","Statement":[{"Effect":"Allow","Principal":{"AWS":"*"},
        "Action":["kms:Decrypt"],"Resource":"*","Condition":{"StringEquals":{"kms:ViaService":"ebs.eu-west-1.amazonaws.com",
        "kms:CallerAccount":"111122223333"}}}]}"#;
    let function = r#"{"Version":"2012-10-17","Id":"default","Statement":[{"Sid":"s3","Effect":"Allow",
        "Principal":{"Service":"s3.amazonaws.com"},"Action":"lambda:InvokeFunction","Resource":"arn:aws:lambda:eu-west-1:111122223333:function:f",
        "Condition":{"StringEquals":{"AWS:SourceAccount":"111122223333"},"ArnLike":{"AWS:SourceArn":"arn:aws:s3:::bucket"}}}]}"#;
    for (service, text) in
        [(Service::Sns, topic), (Service::Kms, key), (Service::Kms, managed_key), (Service::Lambda, function)]
    {
        assert_eq!(judge(text, service).verdict, Verdict::Internal, "{text}");
    }
}

#[test]
fn an_empty_zone_trusts_nobody() {
    let policy = rectify_policy::Policy::parse(&grant(r#"{"AWS":"111122223333"}"#, "")).unwrap();
    assert_eq!(word(&assess(&policy, Service::Kms, &TrustZone::default()).verdict), "foreign 111122223333");
}

#[test]
fn principals_without_an_account_are_listed() {
    let text = grant(r#"{"AWS":["AIDAIOSFODNN7EXAMPLE","*","111122223333"],"CanonicalUser":"79a59df9"}"#, "");
    let assessment = judge(&text, Service::S3);
    assert_eq!(assessment.statements[0].unmappable, ["AIDAIOSFODNN7EXAMPLE", "79a59df9"]);
    assert_eq!(assessment.verdict, Verdict::Public);
}

#[test]
fn reasons_name_the_element_that_decides() {
    let reason = |principal: &str, condition: &str| {
        judge(&grant(principal, condition), Service::Sqs).statements[0].reason.to_string()
    };
    insta::assert_snapshot!(
        [
            reason(ANYONE, ""),
            reason(ANYONE, r#"{"StringLike":{"aws:SourceVpc":"vpc-*"},"Bool":{"aws:SecureTransport":"true"}}"#),
            reason(ANYONE, r#"{"StringEqualsIfExists":{"aws:PrincipalOrgID":"o-ours123456"}}"#),
            reason(ANYONE, r#"{"IpAddress":{"aws:SourceIp":"0.0.0.0/1"}}"#),
            reason(ANYONE, r#"{"StringEquals":{"aws:PrincipalOrgID":"o-ours123456"}}"#),
            reason(ANYONE, r#"{"StringEquals":{"aws:SourceVpce":["vpce-1","vpce-2","vpce-3","vpce-4"]}}"#),
            reason(ANYONE, r#"{"StringEquals":{"aws:PrincipalAccount":"999999999999"}}"#),
            reason(r#"{"AWS":["111122223333","arn:aws:iam::999999999999:root"]}"#, ""),
            reason(r#"{"AWS":"AIDAIOSFODNN7EXAMPLE"}"#, ""),
            reason(r#"{"Service":"s3.amazonaws.com"}"#, ""),
            reason(r#"{"Federated":"accounts.google.com"}"#, ""),
            reason(
                r#"{"Federated":"arn:aws:iam::111122223333:oidc-provider/token.actions.githubusercontent.com"}"#,
                r#"{"StringLike":{"token.actions.githubusercontent.com:sub":"repo:*"}}"#,
            ),
            reason("{}", ""),
        ]
        .join("\n"),
        @"
    `Principal` `*` is anyone, and no condition limits it
    `Principal` `*` is anyone, and no condition limits it: `Bool` on `aws:SecureTransport` does not, the key does not tell whose request it is; `StringLike` on `aws:SourceVpc` does not, `vpc-*` has a wildcard
    `Principal` `*` is anyone, and no condition limits it: `StringEqualsIfExists` on `aws:PrincipalOrgID` does not, `IfExists` holds when the request has no such key
    `Principal` `*` is anyone, and no condition limits it: `IpAddress` on `aws:SourceIp` does not, `0.0.0.0/1` is broader than /8 (IPv4) or /32 (IPv6)
    `StringEquals` on `aws:PrincipalOrgID` limits it to the organisation or a trusted account: `o-ours123456`
    `StringEquals` on `aws:SourceVpce` limits it to callers outside that no account is known of: `vpce-1`, `vpce-2`, `vpce-3` and 1 more
    `StringEquals` on `aws:PrincipalAccount` limits it to foreign account `999999999999`: `999999999999`
    `Principal` `arn:aws:iam::999999999999:root` is in foreign account `999999999999`
    `Principal` `AIDAIOSFODNN7EXAMPLE` is the unique id of a principal, probably a deleted one, so its account is not known
    `Service` `s3.amazonaws.com` acts for any account: no `aws:SourceAccount`, `aws:SourceArn` or `aws:SourceOrgID` says for whose
    everybody can get an identity from `Federated` `accounts.google.com`, and no condition limits it
    everybody can get an identity from `Federated` `arn:aws:iam::111122223333:oidc-provider/token.actions.githubusercontent.com`, and no condition limits it: `StringLike` on `token.actions.githubusercontent.com:sub` does not, it leaves open whose identity
    there is no `Principal`, so nobody is granted anything; AWS refuses such a resource policy
    "
    );
}

#[test]
fn a_hostile_policy_cannot_break_a_sentence() {
    let assessment = judge(&grant(&format!(r#"{{"AWS":"*\n\u001b[31m{}"}}"#, "x".repeat(500)), ""), Service::Sqs);
    let Reason::Anyone { principal, .. } = &assessment.statements[0].reason else { panic!("{assessment:?}") };
    assert!(principal.len() > 500);
    let sentence = assessment.statements[0].reason.to_string();
    assert!(!sentence.contains(char::is_control) && sentence.len() < 400, "{sentence}");
}

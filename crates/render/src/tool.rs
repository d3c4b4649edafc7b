//! The tool behind a call, by its user agent.

use std::fmt;

/// A tool that changes AWS accounts, with the version it claims. Recognised from the user agent, which is the caller's to
/// choose: good for advice, never for a decision.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Tool {
    name: &'static str,
    version: Option<String>,
}

/// What a user agent contains, and the tool that sends it. The first match counts: Terraform and Pulumi send the name of
/// the SDK they use after their own, CloudShell is a place where the AWS CLI runs.
const SIGNS: &[(&str, &str)] = &[
    ("terraform/", "Terraform"),
    ("opentofu/", "OpenTofu"),
    ("pulumi/", "Pulumi"),
    ("cloudformation.amazonaws.com", "CloudFormation"),
    ("ansible/", "Ansible"),
    ("crossplane", "Crossplane"),
    ("exec-env/cloudshell", "AWS CLI in CloudShell"),
    ("aws-cli/", "AWS CLI"),
    ("s3console/", "AWS console"),
    ("console.amazonaws.com", "AWS console"),
    ("signin.amazonaws.com", "AWS console"),
    ("mozilla/", "a browser (AWS console)"),
    ("boto3/", "Boto3"),
    ("botocore/", "Botocore"),
    ("aws-sdk-go-v2/", "AWS SDK for Go"),
    ("aws-sdk-go/", "AWS SDK for Go"),
    ("aws-sdk-js/", "AWS SDK for JavaScript"),
    ("aws-sdk-nodejs/", "AWS SDK for JavaScript"),
    ("aws-sdk-java/", "AWS SDK for Java"),
    ("aws-sdk-rust/", "AWS SDK for Rust"),
    ("aws-sdk-dotnet", "AWS SDK for .NET"),
    ("aws-sdk-ruby", "AWS SDK for Ruby"),
    ("aws-sdk-php/", "AWS SDK for PHP"),
    ("aws internal", "an AWS service"),
];

/// Tools whose version says something to the people who get the message.
const VERSIONED: &[&str] = &["terraform/", "opentofu/", "pulumi/", "ansible/", "aws-cli/"];

impl Tool {
    /// Recognises the tool. `None` for an unknown one: the user agent itself is shown then.
    #[must_use]
    pub fn recognise(user_agent: &str) -> Option<Self> {
        // User agents are at most a few hundred bytes; what an attacker appends is not searched.
        let head: String = user_agent.chars().take(1024).map(|c| c.to_ascii_lowercase()).collect();
        let (sign, name) = SIGNS.iter().find(|(sign, _)| head.contains(sign))?;
        let version = VERSIONED.contains(sign).then(|| head.split_once(sign)).flatten().and_then(|(_, rest)| {
            let version: String = rest.chars().take_while(|c| c.is_ascii_digit() || *c == '.').collect();
            (1..=16).contains(&version.len()).then(|| version.trim_end_matches('.').to_owned())
        });
        Some(Self { name, version })
    }

    /// The name without a version, for example `Terraform`.
    #[must_use]
    pub fn name(&self) -> &'static str {
        self.name
    }
}

impl fmt::Display for Tool {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match &self.version {
            Some(version) => write!(f, "{} {version}", self.name),
            None => f.write_str(self.name),
        }
    }
}

#[cfg(test)]
mod tests {
    use super::Tool;

    #[test]
    fn names_the_tool_that_real_user_agents_belong_to() {
        // From CloudTrail records in the test corpora named in crates/event/tests/fixtures/MANIFEST.json.
        for (user_agent, tool) in [
            (
                "APN/1.0 HashiCorp/1.0 Terraform/1.1.2 (+https://www.terraform.io) terraform-provider-aws/3.76.1 (+https://registry.terraform.io/providers/hashicorp/aws) aws-sdk-go/1.42.18",
                "Terraform 1.1.2",
            ),
            (
                "[APN/1.0 HashiCorp/1.0 Terraform/1.11.0 (+https://www.terraform.io) terraform-provider-aws/dev]",
                "Terraform 1.11.0",
            ),
            (
                "aws-cli/2.13.5 Python/3.11.4 Linux/4.14.255 exec-env/CloudShell exe/x86_64.amzn.2",
                "AWS CLI in CloudShell",
            ),
            ("[aws-cli/1.18.136 Python/3.8.5 Darwin/19.5.0 botocore/1.17.59]", "AWS CLI 1.18.136"),
            ("[S3Console/0.4, aws-internal/3 aws-sdk-java/1.12.488]", "AWS console"),
            ("console.amazonaws.com", "AWS console"),
            ("Boto3/1.26.165 Python/3.10.6 Linux/5.19.0-46-generic Botocore/1.29.165", "Boto3"),
            ("cloudformation.amazonaws.com", "CloudFormation"),
            (
                "Mozilla/5.0 (X11; Ubuntu; Linux x86_64; rv:102.0) Gecko/20100101 Firefox/102.0",
                "a browser (AWS console)",
            ),
            ("Terraform/\u{1b}[31m", "Terraform"),
            ("Terraform/9999999999999999999999999", "Terraform"),
        ] {
            assert_eq!(Tool::recognise(user_agent).map(|t| t.to_string()).as_deref(), Some(tool), "{user_agent}");
        }
        assert_eq!(Tool::recognise("stratus-red-team_6a7ec681"), None);
    }
}

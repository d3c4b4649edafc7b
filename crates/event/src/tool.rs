//! What a call was made with, from the whole record. The one table of the suite.

use std::fmt;

use crate::record::Record;

/// What a call was made with, as far as the record tells: a help for readers, never a proof. Most of it is what the caller
/// says about itself.
///
/// Prints as a reader would call it, with the version where that says something: `Terraform 1.9.5`, `AWS console`.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Tool<'r> {
    /// What kind of tool it is, which decides where a fix belongs.
    pub class: ToolClass,
    /// The name people know it by.
    pub name: &'static str,
    /// The version it claims: digits and dots, at most 16. `None` for tools whose version says nothing to a reader.
    pub version: Option<&'r str>,
}

/// The kinds of tools that are told apart.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash)]
#[non_exhaustive]
pub enum ToolClass {
    /// Terraform or OpenTofu: the fix belongs in the configuration.
    Terraform,
    /// CloudFormation, SAM included.
    CloudFormation,
    /// The Cloud Development Kit, by its own calls or by its role in CloudFormation.
    Cdk,
    /// Pulumi.
    Pulumi,
    /// Ansible.
    Ansible,
    /// Crossplane and Upbound's providers for it.
    Crossplane,
    /// The management console.
    Console,
    /// The AWS command line, `CloudShell` included.
    Cli,
    /// A program with one of the SDKs.
    Sdk,
    /// An AWS service other than CloudFormation, on its own or on somebody's behalf.
    Service,
}

/// What a user agent contains, and the tool that sends it.
struct Sign {
    /// In lower case.
    word: &'static str,
    class: ToolClass,
    name: &'static str,
    /// The version stands behind the word and says something to readers.
    versioned: bool,
}

const fn sign(word: &'static str, class: ToolClass, name: &'static str) -> Sign {
    Sign { word, class, name, versioned: false }
}

const fn versioned(word: &'static str, class: ToolClass, name: &'static str) -> Sign {
    Sign { word, class, name, versioned: true }
}

/// Tools that say who they are, whatever else they use. The first match counts: Pulumi and Crossplane are built on
/// Terraform's provider and name it behind themselves, `OpenTofu` can add its name to that of Terraform
/// (`TF_APPEND_USER_AGENT`). `Pulumi/1.0` is a constant of the partner network, not the version.
const TOOLS: &[Sign] = &[
    sign("pulumi/", ToolClass::Pulumi, "Pulumi"),
    sign("crossplane", ToolClass::Crossplane, "Crossplane"),
    sign("upbound-provider-aws", ToolClass::Crossplane, "Crossplane"),
    versioned("opentofu/", ToolClass::Terraform, "OpenTofu"),
    versioned("terraform/", ToolClass::Terraform, "Terraform"),
    sign("opentofu", ToolClass::Terraform, "OpenTofu"),
    sign("terraform", ToolClass::Terraform, "Terraform"),
    versioned("aws-cdk/", ToolClass::Cdk, "CDK"),
    versioned("cdk-cli/", ToolClass::Cdk, "CDK"),
    versioned("cdk-toolkit/", ToolClass::Cdk, "CDK"),
    versioned("ansible/", ToolClass::Ansible, "Ansible"),
];

/// Programs at a prompt.
const PROMPTS: &[Sign] = &[versioned("aws-cli/", ToolClass::Cli, "AWS CLI")];

/// Programs that only say what they are built with.
const SDKS: &[Sign] = &[
    sign("boto3/", ToolClass::Sdk, "Boto3"),
    sign("botocore/", ToolClass::Sdk, "Botocore"),
    sign("boto/", ToolClass::Sdk, "Boto"),
    sign("aws-sdk-go", ToolClass::Sdk, "AWS SDK for Go"),
    sign("aws-sdk-js/", ToolClass::Sdk, "AWS SDK for JavaScript"),
    sign("aws-sdk-nodejs/", ToolClass::Sdk, "AWS SDK for JavaScript"),
    sign("aws-sdk-java/", ToolClass::Sdk, "AWS SDK for Java"),
    sign("aws-sdk-kotlin/", ToolClass::Sdk, "AWS SDK for Kotlin"),
    sign("aws-sdk-rust/", ToolClass::Sdk, "AWS SDK for Rust"),
    sign("rusoto/", ToolClass::Sdk, "Rusoto"),
    sign("aws-sdk-dotnet", ToolClass::Sdk, "AWS SDK for .NET"),
    sign("aws-tools-powershell", ToolClass::Sdk, "AWS Tools for PowerShell"),
    sign("aws-sdk-ruby", ToolClass::Sdk, "AWS SDK for Ruby"),
    sign("aws-sdk-php/", ToolClass::Sdk, "AWS SDK for PHP"),
    sign("aws-sdk-cpp/", ToolClass::Sdk, "AWS SDK for C++"),
    sign("aws-sdk", ToolClass::Sdk, "an AWS SDK"),
];

const CLOUDFORMATION: &str = "cloudformation.amazonaws.com";
/// The console, when it calls for the person who signed in.
pub(crate) const SIGN_IN: &str = "signin.amazonaws.com";

/// How much of a user agent is searched, in characters; CloudTrail itself cuts them at 1 KB. What an attacker appends is
/// not.
const SEARCHED: usize = 1_024;

impl<'r> Tool<'r> {
    /// `None` for a tool nobody here knows: show the user agent itself then.
    pub(crate) fn of(record: &'r Record<'_>) -> Option<Self> {
        let agent = record.user_agent.as_deref().unwrap_or_default().trim_matches(['[', ']']);
        // ASCII only: every byte stays where it is, so a place in one text is the same place in the other.
        let lower: String = agent.chars().take(SEARCHED).map(|c| c.to_ascii_lowercase()).collect();
        let find = |signs: &[Sign]| {
            let Sign { word, class, name, versioned } = signs.iter().find(|sign| lower.contains(sign.word))?;
            let version = versioned.then(|| version_behind(agent, &lower, word)).flatten();
            Some(Self { class: *class, name, version })
        };
        let named = |class, name| Some(Self { class, name, version: None });

        let identity = record.user_identity.as_ref();
        let invoked_by = identity.and_then(|identity| identity.invoked_by.as_deref()).unwrap_or_default();
        let source = record.source_ip_address.as_deref().unwrap_or_default();
        let role = record.role_name().unwrap_or_default();
        let has = |words: &[&str]| words.iter().any(|word| lower.contains(word));
        let is_cdk = is_cdk_role(role);
        let is_person = record.is_identity_center_session();

        if let Some(tool) = find(TOOLS) {
            Some(tool)
        } else if [invoked_by, source, lower.as_str()].contains(&CLOUDFORMATION) {
            if is_cdk { named(ToolClass::Cdk, "CDK") } else { named(ToolClass::CloudFormation, "CloudFormation") }
        } else if has(&["exec-env/cloudshell"]) {
            named(ToolClass::Cli, if has(&["aws-cli/"]) { "AWS CLI in CloudShell" } else { "CloudShell" })
        } else if let Some(tool) = find(PROMPTS) {
            Some(tool)
        } else if record.session_credential_from_console == Some(true)
            || has(&["console", SIGN_IN])
            || invoked_by == SIGN_IN
            || lower.starts_with("mozilla/")
            // The console calls like this on a person's behalf.
            || (is_person && invoked_by.is_empty() && has(&["aws internal"]))
        {
            named(ToolClass::Console, "AWS console")
        } else if !invoked_by.is_empty() || has(&[".amazonaws.com", "aws internal", "aws-internal/"]) {
            named(ToolClass::Service, "an AWS service")
        } else if is_cdk {
            named(ToolClass::Cdk, "CDK")
        } else {
            find(SDKS)
        }
    }
}

/// Roles of `cdk bootstrap` are named `cdk-<qualifier>-<purpose>-role-<account>-<region>` (CDK developer guide, "Customize AWS
/// CDK bootstrapping").
fn is_cdk_role(name: &str) -> bool {
    name.strip_prefix("cdk-").is_some_and(|rest| rest.contains("-role-"))
}

/// The digits and dots behind `word`, which is looked for in `lower`, `agent` in lower case.
fn version_behind<'r>(agent: &'r str, lower: &str, word: &str) -> Option<&'r str> {
    let rest = agent.get(lower.find(word)? + word.len()..)?;
    let end = rest.find(|c: char| !c.is_ascii_digit() && c != '.').unwrap_or(rest.len());
    let version = rest.get(..end)?.trim_end_matches('.');
    (1..=16).contains(&version.len()).then_some(version)
}

impl fmt::Display for Tool<'_> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(self.name)?;
        self.version.map_or(Ok(()), |version| write!(f, " {version}"))
    }
}

impl ToolClass {
    /// The name for logs and the ledger: `terraform`, `cloudformation`, `cdk`, `pulumi`, `ansible`, `crossplane`, `console`,
    /// `cli`, `sdk`, `service`.
    #[must_use]
    pub fn as_str(self) -> &'static str {
        match self {
            Self::Terraform => "terraform",
            Self::CloudFormation => "cloudformation",
            Self::Cdk => "cdk",
            Self::Pulumi => "pulumi",
            Self::Ansible => "ansible",
            Self::Crossplane => "crossplane",
            Self::Console => "console",
            Self::Cli => "cli",
            Self::Sdk => "sdk",
            Self::Service => "service",
        }
    }
}

impl fmt::Display for ToolClass {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(self.as_str())
    }
}

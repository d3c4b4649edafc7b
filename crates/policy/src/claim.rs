//! Conditions on the claims of a web identity, the only thing that narrows a provider which everybody can use.

use crate::condition::{Context, positive_text};
use crate::document::Condition;
use crate::pinned::is_fixed;
use crate::principal::Provider;

/// Whether the condition ties identities of this provider to a tenant, an application or a user.
///
/// IAM User Guide, "Create a role for OpenID Connect federation": for a provider with an ARN the audience is chosen by
/// whoever asks for the token, so only the subject counts; for Amazon Cognito, Google, Facebook and Login with Amazon
/// the audience is the application.
pub(crate) fn ties(condition: &Condition, provider: &Provider, context: &Context<'_>) -> bool {
    let Some(claim) = claim(condition, provider) else { return false };
    if condition.values.is_empty() || !positive_text(condition, context) {
        return false;
    }
    let fixed = |value: &String| is_fixed(value) && !value.is_empty();
    match claim.as_str() {
        "aud" | "app_id" | "oaud" | "azp" | "user_id" => {
            let chosen_by_caller =
                provider.account.is_some() && !provider.issuer.eq_ignore_ascii_case("accounts.google.com");
            !chosen_by_caller && condition.values.iter().all(fixed)
        }
        "sub" => condition.values.iter().all(|value| fixed(value) || names_tenant(value)),
        "repository" | "repository_id" | "repository_owner" | "repository_owner_id" | "job_workflow_ref" => {
            condition.values.iter().all(fixed)
        }
        _ => false,
    }
}

/// The claim of this provider that the condition looks at, in lower case: `sub`, `aud`…
pub(crate) fn claim(condition: &Condition, provider: &Provider) -> Option<String> {
    let key = condition.key.to_ascii_lowercase();
    let claim = key.strip_prefix(provider.issuer.to_ascii_lowercase().as_str())?.strip_prefix(':')?;
    Some(claim.to_owned())
}

/// `repo:owner/…`, `project_path:group/…`, `organization:name:…`: the tenant is whole before the first wildcard.
fn names_tenant(pattern: &str) -> bool {
    let literal = pattern.split(['*', '?', '$']).next().unwrap_or_default();
    let tenant = literal.split_once(':').map_or("", |(_, rest)| rest);
    tenant.find(['/', ':']).is_some_and(|end| end > 0)
}

#[cfg(test)]
mod tests {
    use super::names_tenant;

    #[test]
    fn a_subject_pattern_must_name_its_tenant_whole() {
        for tied in ["repo:octo/app:*", "repo:octo/*", "project_path:group/*", "organization:acme:project:*"] {
            assert!(names_tenant(tied), "{tied}");
        }
        for loose in ["*", "repo:*", "repo:octo*", "repo:*/app:ref:refs/heads/main", "repo:/x", "repo", ""] {
            assert!(!names_tenant(loose), "{loose}");
        }
    }
}

//! STS: who may take a role. moto hands out any role to anybody, also one that does not exist.
//!
//! The caller's own permission is moto's to check, as for every call of a function; the rest is here (STS API reference,
//! "AssumeRole"; IAM user guide, "Role chaining" and "Pass session tags"). One thing is stricter than AWS: a caller of the role's own
//! account whom the trust policy names also needs permission of its own.

use http::{HeaderMap, HeaderValue, StatusCode, header};
use percent_encoding::percent_decode_str;
use serde_json::Value;

use crate::answer::Whole;
use crate::authority::{Asker, Decision, decide};
use crate::error::SandboxError;
use crate::faults;
use crate::hub::Hub;
use crate::naming::Named;
use crate::trail::identity::Principal;
use crate::trail::xml;

/// The longest session of a role whose caller is a role's session itself.
const CHAINED: u64 = 3600;

/// Why `AssumeRole` is refused, as an answer; `None` when the role's side lets the caller in.
pub(crate) async fn refusal(
    hub: &Hub,
    named: &Named,
    principal: &Principal,
    form: &[(String, String)],
) -> Result<Option<Whole>, SandboxError> {
    let value = |name: &str| form.iter().find(|(key, _)| key == name).map(|(_, value)| value.as_str());
    let arn = value("RoleArn").unwrap_or_default();
    if let Some(reason) = invalid(form) {
        return Ok(Some(answer(named, StatusCode::BAD_REQUEST, "ValidationError", &reason)));
    }
    let asker = asker(hub, principal, form);
    let denied = |action: &str| {
        let message = format!("User: {} is not authorized to perform: {action} on resource: {arn}", asker.name());
        Ok(Some(answer(named, StatusCode::FORBIDDEN, "AccessDenied", &message)))
    };
    let Some(role) = role(hub, arn).await? else { return denied("sts:AssumeRole") };
    if principal.is_root() {
        let message = "Roles may not be assumed by root accounts.";
        return Ok(Some(answer(named, StatusCode::FORBIDDEN, "AccessDenied", message)));
    }
    let has_tags = form.iter().any(|(key, _)| key.starts_with("Tags.member."));
    for action in ["sts:AssumeRole", "sts:TagSession"].into_iter().take(if has_tags { 2 } else { 1 }) {
        if decide(&role.trust, &asker, action, None) != Decision::Allowed {
            return denied(action);
        }
    }
    let asked = value("DurationSeconds").and_then(|seconds| seconds.parse::<u64>().ok()).unwrap_or(CHAINED);
    let too_long = if principal.session_arn().is_some() && asked > CHAINED {
        "The requested DurationSeconds exceeds the 1 hour session limit for roles assumed by role chaining"
    } else if asked > role.longest {
        "The requested DurationSeconds exceeds the MaxSessionDuration set for this role."
    } else {
        return Ok(None);
    };
    Ok(Some(answer(named, StatusCode::BAD_REQUEST, "ValidationError", too_long)))
}

fn asker(hub: &Hub, principal: &Principal, form: &[(String, String)]) -> Asker {
    let mut asker = Asker::new(principal, hub.organization_of(&principal.account));
    for (name, key) in [("ExternalId", "sts:externalid"), ("RoleSessionName", "sts:rolesessionname")] {
        if let Some((_, value)) = form.iter().find(|(key, _)| key == name) {
            asker = asker.key(key, [value.clone()]);
        }
    }
    let tags = tags(form);
    for (key, value) in &tags {
        asker = asker.key(&format!("aws:RequestTag/{key}"), [value.clone()]);
    }
    if tags.is_empty() { asker } else { asker.key("aws:TagKeys", tags.into_iter().map(|(key, _)| key)) }
}

fn tags(form: &[(String, String)]) -> Vec<(String, String)> {
    let get = |name: String| form.iter().find(|(key, _)| *key == name).map(|(_, value)| value.clone());
    (1..)
        .map_while(|n| {
            let key = get(format!("Tags.member.{n}.Key"))?;
            Some((key, get(format!("Tags.member.{n}.Value")).unwrap_or_default()))
        })
        .collect()
}

/// What STS does not take, in its words.
fn invalid(form: &[(String, String)]) -> Option<String> {
    let session = form.iter().find(|(key, _)| key == "RoleSessionName").map_or("", |(_, value)| value);
    let problem = |value: &str, at: &str, what: &str| {
        Some(format!(
            "1 validation error detected: Value '{value}' at '{at}' failed to satisfy constraint: Member must {what}"
        ))
    };
    let in_name = |c: char| c.is_ascii_alphanumeric() || "_+=,.@-".contains(c);
    if !(2..=64).contains(&session.chars().count()) {
        return problem(session, "roleSessionName", "have length between 2 and 64");
    }
    if !session.chars().all(in_name) {
        return problem(session, "roleSessionName", "satisfy regular expression pattern: [\\w+=,.@-]*");
    }
    let in_tag = |c: char| c.is_alphanumeric() || c.is_whitespace() || "_.:/=+-@".contains(c);
    for (key, value) in tags(form) {
        let is_long = key.chars().count() > 128 || value.chars().count() > 256;
        if is_long || key.is_empty() || !key.chars().chain(value.chars()).all(in_tag) {
            return problem(&format!("{key}={value}"), "tags", "satisfy the constraints of a session tag");
        }
    }
    None
}

struct Role {
    trust: Value,
    longest: u64,
}

/// The role of exactly this ARN, path included.
async fn role(hub: &Hub, arn: &str) -> Result<Option<Role>, SandboxError> {
    let parts: Vec<&str> = arn.splitn(6, ':').collect();
    let ["arn", _, "iam", "", account, resource] = parts.as_slice() else { return Ok(None) };
    let Some(path) = resource.strip_prefix("role/") else { return Ok(None) };
    let name = path.rsplit('/').next().unwrap_or(path);
    let own = hub.own_in("iam", account, "us-east-1");
    let params = [("Action", "GetRole"), ("RoleName", name), ("Version", "2010-05-08")];
    let found = hub.moto.query(own, &params).await?;
    let text = |element: &str| xml::first_text(&found.body, element);
    if !found.status.is_success() || text("Arn").as_deref() != Some(arn) {
        return Ok(None);
    }
    let trust = text("AssumeRolePolicyDocument").unwrap_or_default();
    let trust = percent_decode_str(&trust).decode_utf8_lossy();
    Ok(Some(Role {
        trust: serde_json::from_str(&trust).unwrap_or_default(),
        longest: text("MaxSessionDuration").and_then(|seconds| seconds.parse().ok()).unwrap_or(CHAINED),
    }))
}

fn answer(named: &Named, status: StatusCode, code: &str, message: &str) -> Whole {
    let message = message.replace('&', "&amp;").replace('<', "&lt;").replace('>', "&gt;");
    let (body, kind) = faults::body(Some(named), code, &message);
    let mut headers = HeaderMap::new();
    headers.insert(header::CONTENT_TYPE, HeaderValue::from_static(kind));
    Whole { status, headers, body: body.into() }
}

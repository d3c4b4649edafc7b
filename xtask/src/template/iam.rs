//! The policies of a guard's role: exactly what `ACCESS` lists, reads and writes apart.

use std::{
    collections::{BTreeMap, BTreeSet},
    fmt::Write as _,
};

use rectify_controls::{Access, Need};

use crate::kinds::pascal;

/// List items for a role's `Policies`: `observe` and, when the kind writes, `correct`. One statement per resource, actions
/// sorted, each once.
pub(super) fn policies(access: &[Access]) -> String {
    let mut out = String::new();
    for (need, name) in [(Need::Read, "observe"), (Need::Write, "correct")] {
        let mut by_resource: BTreeMap<&str, BTreeSet<&str>> = BTreeMap::new();
        for access in access.iter().filter(|access| access.need == need) {
            by_resource.entry(access.resource).or_default().insert(access.action);
        }
        if by_resource.is_empty() {
            continue;
        }
        let _ = write!(out, "- PolicyName: {name}\n  PolicyDocument:\n    Version: \"2012-10-17\"\n    Statement:\n");
        let mut sids = BTreeSet::new();
        for (resource, actions) in by_resource {
            let mut sid = sid(resource);
            if !sids.insert(sid.clone()) {
                sid = format!("{sid}{}", sids.len() + 1);
                sids.insert(sid.clone());
            }
            let _ = write!(out, "      - Sid: {sid}\n        Effect: Allow\n        Action:\n");
            for action in actions {
                let _ = writeln!(out, "          - {action}");
            }
            let _ = writeln!(out, "        Resource: {}", value(resource));
        }
    }
    out
}

/// A role's `ManagedPolicyArns`: policies of AWS's own, each once. Nothing for a role without.
pub(super) fn managed(names: &[&str]) -> String {
    let names: BTreeSet<&str> = names.iter().copied().collect();
    if names.is_empty() {
        return String::new();
    }
    let mut out =
        "# Configuration, and no data, of what a service looks at with the caller's rights.\nManagedPolicyArns:\n"
            .to_owned();
    for name in names {
        let _ = writeln!(out, "  - !Sub arn:${{AWS::Partition}}:iam::aws:policy/{name}");
    }
    out
}

/// What a statement is about: service and resource type of an ARN, `Any` for `*`.
fn sid(resource: &str) -> String {
    // `${AWS::Region}` and its like hold colons of their own.
    let plain = resource.replace("::Partition}", "").replace("::Region}", "").replace("::AccountId}", "");
    let mut parts = plain.splitn(6, ':');
    let service = parts.nth(2).unwrap_or_default();
    if service.is_empty() {
        return "Any".to_owned();
    }
    let name = parts.nth(2).unwrap_or_default();
    let kind =
        name.split(['/', ':']).next().filter(|kind| *kind != name && !kind.contains(['*', '$'])).unwrap_or_default();
    format!("{}{}", pascal(service), pascal(kind))
}

/// `resource` as a YAML value.
fn value(resource: &str) -> String {
    if resource.contains("${") { format!("!Sub {resource}") } else { format!("\"{resource}\"") }
}

#[cfg(test)]
mod tests {
    use super::{managed, policies, sid};
    use crate::kinds::sample::LAMP;

    #[test]
    fn statements_are_named_after_what_they_are_about() {
        assert_eq!(sid("*"), "Any");
        assert_eq!(sid("arn:${AWS::Partition}:s3:::*"), "S3");
        assert_eq!(sid("arn:${AWS::Partition}:s3:${AWS::Region}:${AWS::AccountId}:accesspoint/*"), "S3Accesspoint");
        assert_eq!(sid("arn:${AWS::Partition}:kms:${AWS::Region}:${AWS::AccountId}:key/*"), "KmsKey");
        assert_eq!(sid("arn:${AWS::Partition}:logs:*:*:log-group:*"), "LogsLogGroup");
    }

    #[test]
    fn aws_s_own_policies_are_named_once() {
        assert_eq!(managed(&[]), "");
        let text = managed(&["B", "A", "B"]);
        assert!(text.ends_with(
            "  - !Sub arn:${AWS::Partition}:iam::aws:policy/A\n  - !Sub arn:${AWS::Partition}:iam::aws:policy/B\n"
        ));
    }

    #[test]
    fn reads_and_writes_are_apart_and_every_action_stands_once() {
        let text = policies(LAMP.access);
        assert_eq!(
            text,
            "- PolicyName: observe\n  PolicyDocument:\n    Version: \"2012-10-17\"\n    Statement:\n      \
             - Sid: Any\n        Effect: Allow\n        Action:\n          - desk:GetRoom\n        Resource: \"*\"\n      \
             - Sid: Lamp\n        Effect: Allow\n        Action:\n          - lamp:GetLamp\n        \
             Resource: !Sub arn:${AWS::Partition}:lamp:::*\n\
             - PolicyName: correct\n  PolicyDocument:\n    Version: \"2012-10-17\"\n    Statement:\n      \
             - Sid: Lamp\n        Effect: Allow\n        Action:\n          - lamp:SwitchLamp\n        \
             Resource: !Sub arn:${AWS::Partition}:lamp:::*\n"
        );
    }
}

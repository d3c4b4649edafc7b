//! S3's own answer: "The meaning of public" in the S3 User Guide, to the letter.

use crate::condition::{Context, s3_limit};
use crate::document::{Effect, PrincipalKind, Statement};
use crate::pinned::is_fixed;
use crate::reason::quote;

/// Why S3 calls the statement public; `None` when it does not.
///
/// S3 assumes "public" and looks for the contrary: every access granted must be limited to fixed values, either of the
/// principal itself (an AWS principal, user, role or service principal; a federated one is not in the list) or of one of
/// the condition keys of [`crate::key::s3_counts`]. `Deny` is not mentioned: it proves nothing.
pub(crate) fn public_because(statement: &Statement, context: &Context<'_>) -> Option<String> {
    if statement.effect == Effect::Deny {
        return None;
    }
    let open = if statement.not_principals.is_some() {
        "`NotPrincipal` with `Allow` is not limited to fixed values".to_owned()
    } else {
        let loose = statement.principals.iter().find(|principal| match principal.kind {
            PrincipalKind::Aws | PrincipalKind::Service | PrincipalKind::CanonicalUser => !is_fixed(&principal.value),
            PrincipalKind::Federated | PrincipalKind::Other(_) => true,
        })?;
        match loose.kind {
            PrincipalKind::Federated => format!("federated principal {} is not in its list", quote(&loose.value)),
            _ => format!("principal {} is not a fixed value", quote(&loose.value)),
        }
    };
    let mut weak = Vec::new();
    for condition in &statement.conditions {
        match s3_limit(condition, context) {
            Ok(()) => return None,
            Err(why) => weak.push(format!(
                "{} on {} does not limit it, {why}",
                quote(&condition.operator),
                quote(&condition.key)
            )),
        }
    }
    weak.truncate(3);
    weak.insert(0, open);
    Some(weak.join("; "))
}

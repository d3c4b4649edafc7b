//! What a value in a policy ties down: is it fixed, and which account does it name.

use crate::AccountId;

/// `*` or `?` anywhere. Also under operators that take them literally, where such a value matches nobody: the author
/// meant a wildcard, and S3 calls only a value without one fixed.
pub(crate) fn has_wildcard(value: &str) -> bool {
    value.contains(['*', '?'])
}

/// `${…}` anywhere, except CloudFormation's pseudo parameters (`${AWS::AccountId}`), which no policy variable looks like.
pub(crate) fn has_variable(value: &str) -> bool {
    value.match_indices("${").any(|(at, _)| !value.get(at..).unwrap_or_default().starts_with("${AWS::"))
}

/// Neither wildcard nor policy variable: S3's "fixed value".
pub(crate) fn is_fixed(value: &str) -> bool {
    !has_wildcard(value) && !has_variable(value)
}

pub(crate) fn account_id(text: &str) -> Option<AccountId> {
    AccountId::new(text).ok()
}

/// How an operator compares an ARN with a pattern.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Matching {
    /// `ArnLike`, `ArnEquals`: each of the six fields by itself (IAM User Guide, "ARN condition operators").
    Fields,
    /// `StringLike`, `StringEquals`: the whole text, where `*` also runs over colons.
    Text,
    /// As [`Matching::Text`], for the ARN of a principal: only the account field of such an ARN has twelve digits, so
    /// the account may stand anywhere in the pattern between its colons.
    PrincipalText,
}

/// What an ARN pattern ties a resource to.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) enum Pinned {
    /// To resources of this account.
    Account(AccountId),
    /// To one resource, but the ARN does not say whose.
    Nameless,
}

/// Why an ARN pattern ties nothing down.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Unpinned {
    Wildcard,
    Variable,
    NoAccount,
    /// Under a text operator a wildcard before the account can swallow a stranger's account.
    Spanning,
}

/// Resource names of these services are globally unique, and their ARNs carry no account.
const GLOBAL_NAMES: [&str; 3] = ["s3", "route53", "apigateway"];
/// ARNs of these services have exactly six fields, so a wildcard cannot reach beyond the account.
const SIX_FIELDS: [&str; 2] = ["sqs", "sns"];

/// Reads the account out of an ARN pattern, if every ARN that matches it must be of that account.
pub(crate) fn pin(pattern: &str, matching: Matching) -> Result<Pinned, Unpinned> {
    let mut fields = pattern.splitn(6, ':');
    let mut next = || fields.next().unwrap_or_default();
    let (scheme, partition, service, region, account, resource) = (next(), next(), next(), next(), next(), next());
    let head = [scheme, partition, service, region, account];
    if head.iter().any(|field| has_variable(field)) {
        return Err(Unpinned::Variable);
    }
    if matching == Matching::PrincipalText
        && let Some(account) = pattern.split(':').skip(1).find_map(account_id)
    {
        return Ok(Pinned::Account(account));
    }
    if scheme != "arn" {
        return Err(if has_variable(pattern) {
            Unpinned::Variable
        } else if has_wildcard(pattern) {
            Unpinned::Wildcard
        } else {
            Unpinned::NoAccount
        });
    }
    if matching != Matching::Fields {
        let tied = SIX_FIELDS.contains(&service) || anchored(resource);
        if has_wildcard(partition) || has_wildcard(service) || (has_wildcard(region) && !tied) {
            return Err(Unpinned::Spanning);
        }
    }
    // `arn:aws:iam::111122223333*`: an account id has twelve digits, so nothing of the account is left to match.
    if let Some(id) = account_id(account.trim_end_matches('*')) {
        return Ok(Pinned::Account(id));
    }
    if has_wildcard(account) {
        return Err(Unpinned::Wildcard);
    }
    if !account.is_empty() {
        return Ok(Pinned::Nameless);
    }
    if !GLOBAL_NAMES.contains(&service) {
        return Err(if has_wildcard(resource) { Unpinned::Wildcard } else { Unpinned::NoAccount });
    }
    let name = if service == "s3" { resource.split('/').next().unwrap_or_default() } else { resource };
    match name {
        "" => Err(Unpinned::NoAccount),
        name if has_variable(name) => Err(Unpinned::Variable),
        name if has_wildcard(name) => Err(Unpinned::Wildcard),
        _ => Ok(Pinned::Nameless),
    }
}

/// The resource part begins with a literal type such as `trail/` or `function:`, which a stranger's ARN has only right
/// after its own account.
fn anchored(resource: &str) -> bool {
    let literal = resource.split(['*', '?', '$']).next().unwrap_or_default();
    literal.contains(['/', ':'])
}

/// Whether the text is a unique id of an IAM entity (IAM User Guide, "IAM identifiers"): it names one principal, but
/// not its account, and AWS shows it in a policy when that principal was deleted.
pub(crate) fn is_unique_id(text: &str) -> bool {
    const PREFIXES: [&str; 6] = ["AIDA", "AROA", "AGPA", "AIPA", "ANPA", "ANVA"];
    text.len() >= 8
        && PREFIXES.iter().any(|prefix| text.starts_with(prefix))
        && text.bytes().all(|byte| byte.is_ascii_uppercase() || byte.is_ascii_digit())
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn an_arn_is_pinned_only_when_every_match_is_of_that_account() {
        use Matching::{Fields, PrincipalText, Text};
        let own = || Ok(Pinned::Account(AccountId::new("111122223333").unwrap()));
        let table = [
            ("arn:aws:sns:us-east-1:111122223333:topic", Text, own()),
            ("arn:aws:sns:us-east-1:111122223333", Fields, own()),
            ("arn:aws:iam::111122223333:role/*", Text, own()),
            ("arn:aws:iam::111122223333*", Text, own()),
            ("arn:aws:iam::11112222333*", Text, Err(Unpinned::Wildcard)),
            ("arn:aws-cn:iam::111122223333:root", Fields, own()),
            ("arn:*:*:*:111122223333:*", Fields, own()),
            ("arn:*:111122223333:*", PrincipalText, own()),
            ("arn:*:111122223333*", PrincipalText, Err(Unpinned::Spanning)),
            ("arn:aws:iam::*:role/111122223333", PrincipalText, Err(Unpinned::Wildcard)),
            ("arn:*:*:*:111122223333:*", Text, Err(Unpinned::Spanning)),
            ("arn:aws:*:*:111122223333:trail/x", Text, Err(Unpinned::Spanning)),
            // A stranger's `arn:aws:lambda:us-east-1:999999999999:function:111122223333:x` matches this one.
            ("arn:aws:lambda:*:111122223333:*", Text, Err(Unpinned::Spanning)),
            ("arn:aws:lambda:*:111122223333:*", Fields, own()),
            ("arn:aws:cloudtrail:*:111122223333:trail/*", Text, own()),
            ("arn:aws:sqs:*:111122223333:queue*", Text, own()),
            ("arn:aws:sns:us-east-1:*:topic", Fields, Err(Unpinned::Wildcard)),
            ("arn:aws:s3:::bucket", Fields, Ok(Pinned::Nameless)),
            ("arn:aws:s3:::bucket/*", Fields, Ok(Pinned::Nameless)),
            ("arn:aws:s3:::bucket*", Fields, Err(Unpinned::Wildcard)),
            ("arn:aws:s3:::*", Fields, Err(Unpinned::Wildcard)),
            ("arn:aws:s3:*:*:bucket", Fields, Err(Unpinned::Wildcard)),
            ("arn:aws:iam:::user/MyUser", Fields, Err(Unpinned::NoAccount)),
            ("arn:aws:iam::${aws:PrincipalAccount}:root", Fields, Err(Unpinned::Variable)),
            ("arn:aws:iam::111122223333:user/${aws:username}", Fields, own()),
            ("*", Fields, Err(Unpinned::Wildcard)),
            ("", Text, Err(Unpinned::NoAccount)),
        ];
        for (pattern, matching, expected) in table {
            assert_eq!(pin(pattern, matching), expected, "{pattern} by {matching:?}");
        }
    }
}

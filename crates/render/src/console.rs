//! Links into the AWS console, built from checked parts only.

use rectify_controls::{AccountId, BucketName, Partition, Region};

/// The console page of the resource `arn` in `account` and `region`. `None` when any part is not what AWS would call it,
/// or when the kind has no page: a text that is not ours never becomes part of a link.
///
/// Hosts: IAM user guide, "AWS Management Console" (`<region>.console.aws.amazon.com`), `console.amazonaws.cn` and
/// `console.amazonaws-us-gov.com`.
#[must_use]
pub fn link(arn: &str, account: &str, region: &str) -> Option<String> {
    let region = Region::new(region).ok()?;
    let account = AccountId::new(account).ok()?;
    let Parts { partition, service, account: owner, resource } = parts(arn)?;
    if partition != partition_name(region.partition()) {
        return None;
    }
    let host = host(&region);
    let region = region.as_str();
    let page = match (service, resource) {
        ("s3", resource) if resource.starts_with("accesspoint/") => {
            let point = resource.strip_prefix("accesspoint/").filter(|name| is_label(name))?;
            format!("s3/ap/{}/{point}?region={region}", account.as_str())
        }
        // The account's own block, for which AWS has no ARN: the rule book's word (`S3Bucket::arn`).
        ("s3", ACCOUNT_BLOCK) if !owner.is_empty() => format!("s3/settings?region={region}"),
        ("s3", bucket) if owner.is_empty() => {
            let bucket = BucketName::new(bucket).ok()?;
            format!("s3/buckets/{}?region={region}&tab=permissions", bucket.as_str())
        }
        _ => return None,
    };
    Some(format!("https://{host}/{page}"))
}

/// The console page of the object `key` in `bucket`. `None` when any part is not what rectify itself would write: keys of
/// lower-case letters, digits and `/._-`.
#[must_use]
pub(crate) fn object_link(bucket: &str, key: &str, region: &str) -> Option<String> {
    let region = Region::new(region).ok()?;
    let bucket = BucketName::new(bucket).ok()?;
    let fits = (1..=200).contains(&key.len())
        && key.bytes().all(|b| b.is_ascii_lowercase() || b.is_ascii_digit() || b"/._-".contains(&b));
    let (host, bucket, region) = (host(&region), bucket.as_str(), region.as_str());
    fits.then(|| format!("https://{host}/s3/object/{bucket}?region={region}&prefix={key}"))
}

fn host(region: &Region) -> String {
    match region.partition() {
        Partition::Aws => format!("{}.console.aws.amazon.com", region.as_str()),
        Partition::AwsCn => "console.amazonaws.cn".to_owned(),
        Partition::AwsUsGov => "console.amazonaws-us-gov.com".to_owned(),
    }
}

/// A partition as ARNs spell it.
pub(crate) fn partition_name(partition: Partition) -> &'static str {
    match partition {
        Partition::Aws => "aws",
        Partition::AwsCn => "aws-cn",
        Partition::AwsUsGov => "aws-us-gov",
    }
}

/// The resource that stands for an account's public access block.
const ACCOUNT_BLOCK: &str = "public-access-block";

/// An ARN in parts. The region is not needed.
pub(crate) struct Parts<'a> {
    pub(crate) partition: &'a str,
    pub(crate) service: &'a str,
    pub(crate) account: &'a str,
    pub(crate) resource: &'a str,
}

pub(crate) fn parts(arn: &str) -> Option<Parts<'_>> {
    let mut parts = arn.splitn(6, ':');
    let ("arn", partition, service, _, account) =
        (parts.next()?, parts.next()?, parts.next()?, parts.next()?, parts.next()?)
    else {
        return None;
    };
    Some(Parts { partition, service, account, resource: parts.next()? })
}

/// What people call the resource `arn`: its last part, or the whole text when it is no ARN.
pub(crate) fn name(arn: &str) -> String {
    match parts(arn) {
        None => arn.to_owned(),
        Some(Parts { resource: "", .. }) => arn.to_owned(),
        Some(Parts { service: "s3", account, resource: ACCOUNT_BLOCK, .. }) if !account.is_empty() => {
            format!("account {account}")
        }
        Some(Parts { resource, .. }) => resource.to_owned(),
    }
}

fn is_label(name: &str) -> bool {
    (3..=50).contains(&name.len()) && name.bytes().all(|b| b.is_ascii_lowercase() || b.is_ascii_digit() || b == b'-')
}

#[cfg(test)]
mod tests {
    use super::{link, name};

    #[test]
    fn links_lead_to_the_resource_in_its_partition() {
        for (arn, region, expected) in [
            (
                "arn:aws:s3:::logs",
                "eu-central-1",
                "https://eu-central-1.console.aws.amazon.com/s3/buckets/logs?region=eu-central-1&tab=permissions",
            ),
            (
                "arn:aws-cn:s3:::logs",
                "cn-north-1",
                "https://console.amazonaws.cn/s3/buckets/logs?region=cn-north-1&tab=permissions",
            ),
            (
                "arn:aws-us-gov:s3:::logs",
                "us-gov-west-1",
                "https://console.amazonaws-us-gov.com/s3/buckets/logs?region=us-gov-west-1&tab=permissions",
            ),
            (
                "arn:aws:s3::123456789012:public-access-block",
                "eu-central-1",
                "https://eu-central-1.console.aws.amazon.com/s3/settings?region=eu-central-1",
            ),
            (
                "arn:aws:s3:::public-access-block",
                "eu-central-1",
                "https://eu-central-1.console.aws.amazon.com/s3/buckets/public-access-block?region=eu-central-1&tab=permissions",
            ),
            (
                "arn:aws:s3:eu-central-1:123456789012:accesspoint/reports",
                "eu-central-1",
                "https://eu-central-1.console.aws.amazon.com/s3/ap/123456789012/reports?region=eu-central-1",
            ),
        ] {
            assert_eq!(link(arn, "123456789012", region).as_deref(), Some(expected));
        }
    }

    #[test]
    fn names_are_what_people_say() {
        for (arn, expected) in [
            ("arn:aws:s3:::logs", "logs"),
            ("arn:aws:s3::123456789012:public-access-block", "account 123456789012"),
            ("arn:aws:s3:::public-access-block", "public-access-block"),
            ("arn:aws:s3:eu-central-1:123456789012:accesspoint/reports", "accesspoint/reports"),
            ("logs", "logs"),
            ("arn:aws:s3:::", "arn:aws:s3:::"),
        ] {
            assert_eq!(name(arn), expected);
        }
    }

    #[test]
    fn nothing_unchecked_becomes_a_link() {
        for (arn, account, region) in [
            ("arn:aws:s3:::logs/../../evil", "123456789012", "eu-central-1"),
            ("arn:aws:s3:::logs?x=https://evil.example", "123456789012", "eu-central-1"),
            ("arn:aws:s3:::logs", "123456789012", "evil.example/"),
            ("arn:aws:s3:::logs", "12345678901x", "eu-central-1"),
            ("arn:aws-cn:s3:::logs", "123456789012", "eu-central-1"),
            ("arn:aws:s3:eu-central-1:123456789012:accesspoint/a@b", "123456789012", "eu-central-1"),
            ("arn:aws:ec2:eu-central-1:123456789012:instance/i-1", "123456789012", "eu-central-1"),
            ("logs", "123456789012", "eu-central-1"),
        ] {
            assert_eq!(link(arn, account, region), None, "{arn} {account} {region}");
        }
    }
}

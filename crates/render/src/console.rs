//! Links into the AWS console, built from checked parts only.

use percent_encoding::{AsciiSet, NON_ALPHANUMERIC, utf8_percent_encode};
use rectify_controls::{AccountId, BucketName, Partition, Region};

/// Everything that is not unreserved in RFC 3986, section 2.3.
const RESERVED: &AsciiSet = &NON_ALPHANUMERIC.remove(b'-').remove(b'.').remove(b'_').remove(b'~');

/// The console page of the resource `arn` in `account` and `region`. `None` when any part is not what AWS would call it,
/// when the resource is another account's, or when the kind has no page: a text that is not ours never becomes part of a
/// link. The one text that may be anything, an object's key, is percent-encoded and stands in the query.
///
/// A link opens in the account the reader is signed in to. A console URL cannot name another one: what stands before the
/// host of a multi-session console is made at sign-in.
///
/// Hosts: IAM user guide, "AWS Management Console" (`<region>.console.aws.amazon.com`), `console.amazonaws.cn` and
/// `console.amazonaws-us-gov.com`. AWS does not document the pages; these are the addresses
/// that public documentation and repositories show, as of November 2026.
#[must_use]
pub fn link(arn: &str, account: &str, region: &str) -> Option<String> {
    let Parts { partition, service, region: own, account: owner, resource } = parts(arn)?;
    let account = AccountId::new(account).ok()?;
    // The ARN's own region, where it has one: a trail is also seen in regions that it does not live in.
    let region = Region::new(region).ok()?;
    let region =
        if own.is_empty() { region } else { Region::new(own).ok().filter(|own| is_neighbour(own, &region))? };
    let host = host(&region);
    if partition != partition_name(region.partition()) || !(owner.is_empty() || owner == account.as_str()) {
        return None;
    }
    let page =
        page(service, owner, resource, &Place { partition, account: account.as_str(), region: region.as_str() })?;
    Some(format!("https://{host}/{page}"))
}

/// Checked parts of an ARN.
struct Place<'a> {
    partition: &'a str,
    account: &'a str,
    region: &'a str,
}

impl Place<'_> {
    /// The ARN of `resource`, which the caller has checked.
    fn arn(&self, service: &str, resource: &str) -> String {
        format!("arn:{}:{service}:{}:{}:{resource}", self.partition, self.region, self.account)
    }
}

fn page(service: &str, owner: &str, resource: &str, place: &Place<'_>) -> Option<String> {
    let Place { account, region, .. } = place;
    match service {
        "s3" => s3_page(owner, resource, place),
        // Everything else but API Gateway names its account.
        "apigateway" => {
            let (api, stage) = resource.strip_prefix("/restapis/")?.split_once("/stages/")?;
            // API Gateway has no page for one stage of a REST API: the list selects it.
            (is(api, 1, 32, |b| b.is_ascii_lowercase() || b.is_ascii_digit()) && is_word(stage, 1, 128, b"-_"))
                .then(|| format!("apigateway/main/apis/{api}/stages?api={api}&region={region}"))
        }
        _ if owner != *account => None,
        "ec2" => {
            let id = resource.strip_prefix("security-group/")?;
            is(id.strip_prefix("sg-")?, 8, 17, is_hex)
                .then(|| format!("ec2/home?region={region}#SecurityGroup:groupId={id}"))
        }
        "elasticloadbalancing" => {
            let parts: Vec<&str> = resource.strip_prefix("loadbalancer/")?.split('/').collect();
            match parts.as_slice() {
                // Application, network and gateway load balancers.
                ["app" | "net" | "gwy", name, id] if is_word(name, 1, 32, b"-") && is(id, 16, 16, is_hex) => {
                    let arn = place.arn(service, resource);
                    Some(format!("ec2/home?region={region}#LoadBalancer:loadBalancerArn={arn};tab=listeners"))
                }
                // Classic ones have no id.
                [name] if is_word(name, 1, 32, b"-") => {
                    Some(format!("ec2/home?region={region}#LoadBalancers:search={name}"))
                }
                _ => None,
            }
        }
        "cloudtrail" => is_word(resource.strip_prefix("trail/")?, 3, 128, b"-_.")
            .then(|| format!("cloudtrail/home?region={region}#/trails/{}", place.arn(service, resource))),
        "cloudformation" => {
            let (name, id) = resource.strip_prefix("stack/")?.split_once('/')?;
            (is_word(name, 1, 128, b"-") && is(id, 36, 36, |b| is_hex(b) || b == b'-')).then(|| {
                let arn = place.arn(service, resource);
                let id = utf8_percent_encode(&arn, RESERVED);
                format!("cloudformation/home?region={region}#/stacks/stackinfo?stackId={id}")
            })
        }
        _ => None,
    }
}

fn s3_page(owner: &str, resource: &str, place: &Place<'_>) -> Option<String> {
    let Place { account, region, .. } = place;
    if let Some(point) = resource.strip_prefix("accesspoint/") {
        return is_label(point).then(|| format!("s3/ap/{account}/{point}?region={region}"));
    }
    // The account's own block, for which AWS has no ARN: the rule book's word (`S3Bucket::arn`).
    if !owner.is_empty() {
        return (resource == ACCOUNT_BLOCK).then(|| format!("s3/settings?region={region}"));
    }
    let Some((bucket, key)) = resource.split_once('/') else {
        let bucket = BucketName::new(resource).ok()?;
        return Some(format!("s3/buckets/{}?region={region}&tab=permissions", bucket.as_str()));
    };
    let bucket = BucketName::new(bucket).ok()?;
    // At most 1,024 bytes (S3 user guide, "Naming Amazon S3 objects"). One that was cut (`escape::cut`) is another object.
    (1..=1_024).contains(&key.len()).then_some(())?;
    (!key.contains('…')).then(|| {
        let key = utf8_percent_encode(key, RESERVED);
        format!("s3/object/{}?region={region}&prefix={key}", bucket.as_str())
    })
}

/// Whether two regions are of one partition.
fn is_neighbour(one: &Region, other: &Region) -> bool {
    one.partition() == other.partition()
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

/// An ARN in parts.
pub(crate) struct Parts<'a> {
    pub(crate) partition: &'a str,
    pub(crate) service: &'a str,
    pub(crate) region: &'a str,
    pub(crate) account: &'a str,
    pub(crate) resource: &'a str,
}

pub(crate) fn parts(arn: &str) -> Option<Parts<'_>> {
    let mut parts = arn.splitn(6, ':');
    let ("arn", partition, service, region, account) =
        (parts.next()?, parts.next()?, parts.next()?, parts.next()?, parts.next()?)
    else {
        return None;
    };
    Some(Parts { partition, service, region, account, resource: parts.next()? })
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

/// The name of an access point (S3 user guide, "Access points naming rules").
fn is_label(name: &str) -> bool {
    is(name, 3, 50, |b| b.is_ascii_lowercase() || b.is_ascii_digit() || b == b'-')
}

/// Letters, digits and `more`.
fn is_word(text: &str, least: usize, most: usize, more: &[u8]) -> bool {
    is(text, least, most, |b| b.is_ascii_alphanumeric() || more.contains(&b))
}

fn is_hex(b: u8) -> bool {
    b.is_ascii_digit() || matches!(b, b'a'..=b'f')
}

fn is(text: &str, least: usize, most: usize, good: impl Fn(u8) -> bool) -> bool {
    (least..=most).contains(&text.len()) && text.bytes().all(good)
}

#[cfg(test)]
mod tests;

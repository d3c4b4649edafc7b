//! Buckets, with what decides whether they are open: what a guard reads of one that the stack makes.

use serde_json::Value;

use super::Make;
use crate::error::SandboxError;

impl Make<'_> {
    /// Public access block, ownership, encryption, versioning, expiry and tags. Anything else of a bucket is not played.
    pub(super) async fn bucket(&self, name: &str, properties: &Value) -> Result<(), SandboxError> {
        let region = match self.region {
            "us-east-1" => String::new(),
            region => tag("CreateBucketConfiguration", &tag("LocationConstraint", region)),
        };
        self.put(&format!("/{name}"), &region).await?;
        for (query, document) in documents(properties) {
            self.put(&format!("/{name}?{query}"), &document).await?;
        }
        Ok(())
    }

    pub(super) async fn bucket_policy(&self, properties: &Value) -> Result<(), SandboxError> {
        let bucket = text(properties, "/Bucket");
        let policy = properties.get("PolicyDocument").cloned().unwrap_or_default();
        self.put(&format!("/{bucket}?policy"), &policy.to_string()).await
    }

    async fn put(&self, path: &str, body: &str) -> Result<(), SandboxError> {
        let answer = self.hub.moto.s3(self.own("s3"), path, body).await?;
        self.done(&format!("s3:PUT {path}"), &answer)
    }
}

/// The bucket's settings in S3's own form, by the query of the call that takes each.
fn documents(properties: &Value) -> Vec<(&'static str, String)> {
    let mut out = Vec::new();
    if let Some(block) = properties.get("PublicAccessBlockConfiguration").and_then(Value::as_object) {
        let switches = block.iter().map(|(name, on)| tag(name, &plain(on)));
        out.push(("publicAccessBlock", tag("PublicAccessBlockConfiguration", &switches.collect::<String>())));
    }
    let owner = text(properties, "/OwnershipControls/Rules/0/ObjectOwnership");
    if !owner.is_empty() {
        let rule = tag("Rule", &tag("ObjectOwnership", owner));
        out.push(("ownershipControls", tag("OwnershipControls", &rule)));
    }
    const ENCRYPTION: &str = "/BucketEncryption/ServerSideEncryptionConfiguration/0/ServerSideEncryptionByDefault";
    let algorithm = text(properties, &format!("{ENCRYPTION}/SSEAlgorithm"));
    if !algorithm.is_empty() {
        let default = tag("ApplyServerSideEncryptionByDefault", &tag("SSEAlgorithm", algorithm));
        out.push(("encryption", tag("ServerSideEncryptionConfiguration", &tag("Rule", &default))));
    }
    let versioning = text(properties, "/VersioningConfiguration/Status");
    if !versioning.is_empty() {
        out.push(("versioning", tag("VersioningConfiguration", &tag("Status", versioning))));
    }
    let rules = properties.pointer("/LifecycleConfiguration/Rules").and_then(Value::as_array).into_iter().flatten();
    let rules: String = rules.map(rule).collect();
    if !rules.is_empty() {
        out.push(("lifecycle", tag("LifecycleConfiguration", &rules)));
    }
    let tags = properties.get("Tags").and_then(Value::as_array).into_iter().flatten();
    let one = |of: &Value| tag("Tag", &format!("{}{}", tag("Key", text(of, "/Key")), tag("Value", text(of, "/Value"))));
    let tags: String = tags.map(one).collect();
    if !tags.is_empty() {
        out.push(("tagging", tag("Tagging", &tag("TagSet", &tags))));
    }
    out
}

/// A lifecycle rule with what the stack's own have.
fn rule(rule: &Value) -> String {
    let number = |pointer: &str| rule.pointer(pointer).map(plain);
    let mut body = format!(
        "{}{}{}",
        tag("ID", text(rule, "/Id")),
        tag("Filter", &tag("Prefix", text(rule, "/Prefix"))),
        tag("Status", text(rule, "/Status"))
    );
    for (pointer, outer, inner) in [
        ("/ExpirationInDays", "Expiration", "Days"),
        ("/NoncurrentVersionExpiration/NoncurrentDays", "NoncurrentVersionExpiration", "NoncurrentDays"),
        (
            "/AbortIncompleteMultipartUpload/DaysAfterInitiation",
            "AbortIncompleteMultipartUpload",
            "DaysAfterInitiation",
        ),
    ] {
        if let Some(days) = number(pointer) {
            body.push_str(&tag(outer, &tag(inner, &days)));
        }
    }
    tag("Rule", &body)
}

/// The template is ours or the person's own; its values are names and numbers.
fn tag(name: &str, inner: &str) -> String {
    format!("<{name}>{inner}</{name}>")
}

fn text<'a>(value: &'a Value, pointer: &str) -> &'a str {
    value.pointer(pointer).and_then(Value::as_str).unwrap_or_default()
}

fn plain(value: &Value) -> String {
    value.as_str().map_or_else(|| value.to_string(), str::to_owned)
}

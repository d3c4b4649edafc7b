//! One breach and one way to get there per control: the same fourteen breaches are corrected, told, shadowed, switched off
//! and checked against the role.

use serde_json::{Value, json};

use crate::Person;

/// An account nobody has told the guard to trust.
pub const STRANGER: &str = "999999999999";

/// Controls whose breach is put back unless the settings say otherwise, and their severity.
pub const CORRECTED: [(&str, &str); 4] = [
    ("s3-bucket-public-acl", "critical"),
    ("s3-bucket-public-policy", "critical"),
    ("s3-bucket-block-public-access-off", "high"),
    ("s3-bucket-tls-not-required", "medium"),
];

/// Controls whose breach is told until the settings switch the correction on by name. The account's own block comes last:
/// once it is on, it covers what is open beneath it.
pub const GUARDED: [(&str, &str); 6] = [
    ("s3-bucket-acl-enabled", "medium"),
    ("s3-bucket-encryption-not-required-kms", "medium"),
    ("s3-bucket-website-enabled", "medium"),
    ("s3-bucket-logging-off", "low"),
    ("s3-bucket-versioning-off", "low"),
    ("s3-account-block-public-access-off", "high"),
];

/// Controls whose breach is told and nothing else.
pub const TOLD: [(&str, &str); 4] = [
    ("s3-bucket-policy-external-account", "high"),
    ("s3-bucket-replication-external", "high"),
    ("s3-bucket-lifecycle-short-expiry", "medium"),
    ("s3-access-point-public", "high"),
];

/// Settings that, after [`ALL_CORRECTIVE`](crate::ALL_CORRECTIVE), switch every guarded correction on.
pub const BY_NAME: &str = r#"
[control.s3-account-block-public-access-off]
production = "corrective"

[control.s3-bucket-acl-enabled]
production = "corrective"

[control.s3-bucket-encryption-not-required-kms]
production = "corrective"
key = "alias/buckets"

[control.s3-bucket-website-enabled]
production = "corrective"

[control.s3-bucket-logging-off]
production = "corrective"
target-bucket = "e2e-logs"

[control.s3-bucket-versioning-off]
production = "corrective"
"#;

/// The bucket that [`BY_NAME`] logs to.
pub const LOGS: &str = "e2e-logs";

/// All fourteen ids; the account's own block is the last.
pub fn controls() -> Vec<&'static str> {
    CORRECTED.iter().chain(&TOLD).chain(&GUARDED).map(|(control, _)| *control).collect()
}

/// What the breach of `control` is about: a bucket or access point of that name, or the account's block. The same name is
/// the end of the resource's ARN.
pub fn subject(control: &str) -> String {
    match control {
        "s3-account-block-public-access-off" => "public-access-block".to_owned(),
        control => control.replace("s3-", "e2e-"),
    }
}

impl Person {
    /// Makes the subject of `control`, in a state in which it breaks nothing that the breach will not break.
    pub async fn prepare(&self, control: &str) {
        let name = &subject(control);
        match control {
            // An account has no block to begin with.
            "s3-account-block-public-access-off" => return,
            "s3-access-point-public" => return self.create_bucket(&format!("{name}-bucket")).await,
            _ => self.create_bucket(name).await,
        }
        match control {
            "s3-bucket-block-public-access-off" => self.put_block(name, true).await,
            "s3-bucket-logging-off" => self.create_logs().await,
            "s3-bucket-versioning-off" | "s3-bucket-replication-external" => self.put_versioning(name, "Enabled").await,
            "s3-bucket-lifecycle-short-expiry" => self.tag(name, "rectify:log-store", "true").await,
            _ => {}
        }
    }

    /// Breaks `control`, and as little else as can be.
    pub async fn breach(&self, control: &str) {
        let name = &subject(control);
        match control {
            "s3-bucket-public-acl" => self.put_acl(name, "public-read").await,
            "s3-bucket-public-policy" => self.put_policy(name, &policy(name, &[open(name)])).await,
            "s3-bucket-block-public-access-off" => {
                self.s3("DELETE", &format!("/{name}?publicAccessBlock"), &[], "").await;
            }
            "s3-account-block-public-access-off" => self.put_account_block(crate::ACCOUNT, false).await,
            "s3-bucket-acl-enabled" => self.put_ownership(name, "ObjectWriter").await,
            "s3-bucket-tls-not-required" => {
                let own = json!({"Version": "2012-10-17", "Statement": [reader(name, crate::ACCOUNT)]});
                self.put_policy(name, &own).await;
            }
            "s3-bucket-encryption-not-required-kms" => self.put_encryption(name, "AES256", None).await,
            "s3-bucket-website-enabled" => self.put(name, "website", WEBSITE).await,
            "s3-bucket-logging-off" => {
                self.put(name, "logging", r#"<BucketLoggingStatus xmlns="http://s3.amazonaws.com/doc/2006-03-01/"/>"#)
                    .await
            }
            "s3-bucket-versioning-off" => self.put_versioning(name, "Suspended").await,
            "s3-bucket-policy-external-account" => {
                self.put_policy(name, &policy(name, &[reader(name, STRANGER)])).await;
            }
            "s3-bucket-replication-external" => self.put_replication(name, STRANGER, "Enabled").await,
            "s3-bucket-lifecycle-short-expiry" => self.put_expiry(name, 1, "Enabled").await,
            "s3-access-point-public" => {
                self.create_access_point(name, &format!("{name}-bucket"), Door::Open).await;
            }
            other => panic!("no breach of `{other}`: add it"),
        }
    }

    /// Makes [`LOGS`], to which S3 may deliver logs.
    pub async fn create_logs(&self) {
        self.create_bucket(LOGS).await;
        let deliver = json!({"Sid": "Logs", "Effect": "Allow", "Principal": {"Service": "logging.s3.amazonaws.com"},
            "Action": "s3:PutObject", "Resource": format!("arn:aws:s3:::{LOGS}/*"),
            "Condition": {"StringEquals": {"aws:SourceAccount": crate::ACCOUNT}}});
        self.put_policy(LOGS, &policy(LOGS, &[deliver])).await;
    }

    /// `aws s3api put-bucket-WHAT`: replaces a sub-resource of the bucket.
    pub async fn put(&self, bucket: &str, what: &str, body: &str) {
        self.s3("PUT", &format!("/{bucket}?{what}"), &[], body).await;
    }

    /// `aws s3api get-bucket-WHAT`, as text; `None` when there is none.
    pub async fn get(&self, bucket: &str, what: &str) -> Option<String> {
        let answer = self.try_s3("GET", &format!("/{bucket}?{what}"), &[], "").await;
        (answer.status == 200).then_some(answer.body)
    }

    /// `aws s3api put-bucket-ownership-controls`.
    pub async fn put_ownership(&self, bucket: &str, ownership: &str) {
        let body = format!(
            r#"<OwnershipControls xmlns="http://s3.amazonaws.com/doc/2006-03-01/"><Rule><ObjectOwnership>{ownership}</ObjectOwnership></Rule></OwnershipControls>"#
        );
        self.put(bucket, "ownershipControls", &body).await;
    }

    /// `aws s3api put-bucket-encryption`.
    pub async fn put_encryption(&self, bucket: &str, algorithm: &str, key: Option<&str>) {
        let key = key.map(|key| format!("<KMSMasterKeyID>{key}</KMSMasterKeyID>")).unwrap_or_default();
        let body = format!(
            r#"<ServerSideEncryptionConfiguration xmlns="http://s3.amazonaws.com/doc/2006-03-01/"><Rule><ApplyServerSideEncryptionByDefault><SSEAlgorithm>{algorithm}</SSEAlgorithm>{key}</ApplyServerSideEncryptionByDefault><BucketKeyEnabled>false</BucketKeyEnabled></Rule></ServerSideEncryptionConfiguration>"#
        );
        self.put(bucket, "encryption", &body).await;
    }

    /// `aws s3api put-bucket-versioning`.
    pub async fn put_versioning(&self, bucket: &str, status: &str) {
        let body = format!(
            r#"<VersioningConfiguration xmlns="http://s3.amazonaws.com/doc/2006-03-01/"><Status>{status}</Status></VersioningConfiguration>"#
        );
        self.put(bucket, "versioning", &body).await;
    }

    /// `aws s3api put-bucket-tagging` with one tag.
    pub async fn tag(&self, bucket: &str, key: &str, value: &str) {
        let body = format!(
            r#"<Tagging xmlns="http://s3.amazonaws.com/doc/2006-03-01/"><TagSet><Tag><Key>{key}</Key><Value>{value}</Value></Tag></TagSet></Tagging>"#
        );
        self.put(bucket, "tagging", &body).await;
    }

    /// `aws s3api put-bucket-replication` with one rule, to a bucket of `account`.
    pub async fn put_replication(&self, bucket: &str, account: &str, status: &str) {
        let body = format!(
            r#"<ReplicationConfiguration xmlns="http://s3.amazonaws.com/doc/2006-03-01/"><Role>arn:aws:iam::123456789012:role/replication</Role><Rule><ID>copy</ID><Priority>1</Priority><Filter><Prefix></Prefix></Filter><Status>{status}</Status><DeleteMarkerReplication><Status>Disabled</Status></DeleteMarkerReplication><Destination><Bucket>arn:aws:s3:::their-bucket</Bucket><Account>{account}</Account></Destination></Rule></ReplicationConfiguration>"#
        );
        self.put(bucket, "replication", &body).await;
    }

    /// `aws s3api put-bucket-lifecycle-configuration` with one rule that expires everything after `days`.
    pub async fn put_expiry(&self, bucket: &str, days: u32, status: &str) {
        let body = format!(
            r#"<LifecycleConfiguration xmlns="http://s3.amazonaws.com/doc/2006-03-01/"><Rule><ID>tidy</ID><Filter><Prefix></Prefix></Filter><Status>{status}</Status><Expiration><Days>{days}</Days></Expiration></Rule></LifecycleConfiguration>"#
        );
        self.put(bucket, "lifecycle", &body).await;
    }

    /// `aws s3control create-access-point`.
    pub async fn create_access_point(&self, name: &str, bucket: &str, door: Door) {
        let (network, on) = match door {
            Door::Open => ("", false),
            Door::Blocked => ("", true),
            Door::Vpc => ("<VpcConfiguration><VpcId>vpc-0a1b2c3d4e5f60718</VpcId></VpcConfiguration>", false),
        };
        let body = format!(
            r#"<CreateAccessPointRequest xmlns="http://awss3control.amazonaws.com/doc/2018-08-20/"><Bucket>{bucket}</Bucket>{network}<PublicAccessBlockConfiguration><BlockPublicAcls>{on}</BlockPublicAcls><IgnorePublicAcls>{on}</IgnorePublicAcls><BlockPublicPolicy>{on}</BlockPublicPolicy><RestrictPublicBuckets>{on}</RestrictPublicBuckets></PublicAccessBlockConfiguration></CreateAccessPointRequest>"#
        );
        self.control("PUT", &format!("/v20180820/accesspoint/{name}"), &body).await;
    }

    /// `aws s3control put-access-point-policy`.
    pub async fn put_access_point_policy(&self, name: &str, policy: &Value) {
        let text = policy.to_string().replace('&', "&amp;").replace('<', "&lt;");
        let body = format!(
            r#"<PutAccessPointPolicyRequest xmlns="http://awss3control.amazonaws.com/doc/2018-08-20/"><Policy>{text}</Policy></PutAccessPointPolicyRequest>"#
        );
        self.control("PUT", &format!("/v20180820/accesspoint/{name}/policy"), &body).await;
    }

    async fn control(&self, method: &str, path: &str, body: &str) {
        self.s3(method, path, &[("x-amz-account-id", crate::ACCOUNT)], body).await;
    }
}

/// How an access point is made.
#[derive(Debug, Clone, Copy)]
pub enum Door {
    /// From the internet, with its public access block off.
    Open,
    /// From the internet, with its public access block on, which is the default.
    Blocked,
    /// From one VPC, with its public access block off.
    Vpc,
}

/// A website with every part an undo has to bring back.
pub const WEBSITE: &str = r#"<WebsiteConfiguration xmlns="http://s3.amazonaws.com/doc/2006-03-01/"><IndexDocument><Suffix>index.html</Suffix></IndexDocument><ErrorDocument><Key>error.html</Key></ErrorDocument><RoutingRules><RoutingRule><Condition><KeyPrefixEquals>docs/</KeyPrefixEquals></Condition><Redirect><ReplaceKeyPrefixWith>documents/</ReplaceKeyPrefixWith></Redirect></RoutingRule></RoutingRules></WebsiteConfiguration>"#;

/// A policy of `statements` that also refuses plain HTTP, so that `s3-bucket-tls-not-required` is not broken.
pub fn policy(bucket: &str, statements: &[Value]) -> Value {
    let statements = [statements, &[deny_http(bucket)]].concat();
    json!({"Version": "2012-10-17", "Statement": statements})
}

/// Everyone may read.
pub fn open(bucket: &str) -> Value {
    json!({"Sid": "Open", "Effect": "Allow", "Principal": "*", "Action": "s3:GetObject",
        "Resource": format!("arn:aws:s3:::{bucket}/*")})
}

/// A role of `account` may read.
pub fn reader(bucket: &str, account: &str) -> Value {
    json!({"Sid": "Reader", "Effect": "Allow", "Principal": {"AWS": format!("arn:aws:iam::{account}:role/reader")},
        "Action": ["s3:GetObject", "s3:ListBucket"],
        "Resource": [format!("arn:aws:s3:::{bucket}"), format!("arn:aws:s3:::{bucket}/*")]})
}

/// Nobody may use plain HTTP.
pub fn deny_http(bucket: &str) -> Value {
    json!({"Sid": "TlsOnly", "Effect": "Deny", "Principal": "*", "Action": "s3:*",
        "Resource": [format!("arn:aws:s3:::{bucket}"), format!("arn:aws:s3:::{bucket}/*")],
        "Condition": {"Bool": {"aws:SecureTransport": "false"}}})
}

//! Somebody with `aws cloudtrail` at hand.

use serde_json::{Value, json};

use crate::{ACCOUNT, Answer, Person, Stage};

/// The controls of trails that are put back unless the settings say otherwise, and their severity.
pub const TRAILS_CORRECTED: [(&str, &str); 2] =
    [("cloudtrail-logging-stopped", "critical"), ("cloudtrail-log-validation-off", "low")];

/// Those that are told until the settings switch them on by name.
pub const TRAILS_GUARDED: [(&str, &str); 4] = [
    ("cloudtrail-trail-deleted", "critical"),
    ("cloudtrail-not-multi-region", "high"),
    ("cloudtrail-event-selectors-weakened", "high"),
    ("cloudtrail-not-kms-encrypted", "medium"),
];

/// Settings that, after [`ALL_CORRECTIVE`](crate::ALL_CORRECTIVE), switch every guarded one on.
pub const TRAILS_BY_NAME: &str = r#"
[control.cloudtrail-trail-deleted]
production = "corrective"

[control.cloudtrail-not-multi-region]
production = "corrective"

[control.cloudtrail-event-selectors-weakened]
production = "corrective"

[control.cloudtrail-not-kms-encrypted]
production = "corrective"
"#;

/// The key of the trails here.
pub const TRAIL_KEY: &str = "arn:aws:kms:eu-central-1:123456789012:key/5d6c8b7a-1234-4f5e-8a9b-0c1d2e3f4a5b";

/// The ARN of a trail of the sandbox's account.
pub fn trail_arn(name: &str) -> String {
    format!("arn:aws:cloudtrail:eu-central-1:{ACCOUNT}:trail/{name}")
}

/// A trail of the sandbox's account, as orders name it.
pub fn trail_resource(name: &str) -> Value {
    json!({"account": ACCOUNT, "region": "eu-central-1", "arn": trail_arn(name)})
}

impl Person {
    /// `aws cloudtrail OPERATION`, whatever the answer.
    pub async fn try_trail(&self, operation: &str, body: Value) -> Answer {
        let target = format!("com.amazonaws.cloudtrail.v20131101.CloudTrail_20131101.{operation}");
        self.json("cloudtrail", &target, &body).await
    }

    /// `aws cloudtrail OPERATION`; anything but a good answer fails the test.
    pub async fn trail(&self, operation: &str, body: Value) -> Value {
        let answer = self.try_trail(operation, body).await;
        assert!(answer.status < 300, "{operation}: {answer:?}");
        serde_json::from_str(&answer.body).unwrap_or(Value::Null)
    }

    /// A trail that breaks nothing, to a bucket of its own, and that logs.
    pub async fn good_trail(&self, name: &str) {
        let bucket = format!("{name}-logs");
        self.create_bucket(&bucket).await;
        self.trail(
            "CreateTrail",
            json!({"Name": name, "S3BucketName": bucket, "S3KeyPrefix": "trail", "IsMultiRegionTrail": true,
                "EnableLogFileValidation": true, "KmsKeyId": TRAIL_KEY, "TagsList": [{"Key": "team", "Value": "audit"}]}),
        )
        .await;
        self.trail("StartLogging", json!({"Name": name})).await;
    }

    /// Everything that is to be seen of a trail, but times.
    pub async fn whole_trail(&self, name: &str) -> Value {
        let trail = self.trail("GetTrail", json!({"Name": name})).await["Trail"].clone();
        let tags = self.trail("ListTags", json!({"ResourceIdList": [trail["TrailARN"]]})).await;
        let selectors = self.trail("GetEventSelectors", json!({"TrailName": name})).await;
        let insights = self.trail("GetInsightSelectors", json!({"TrailName": name})).await;
        json!({"trail": trail, "tags": tags, "selectors": selectors, "insights": insights, "logs": self.logs(name).await})
    }

    /// Whether the trail logs.
    pub async fn logs(&self, name: &str) -> bool {
        self.trail("GetTrailStatus", json!({"Name": name})).await["IsLogging"] == true
    }
}

impl Stage {
    /// A world with a good trail `main`, which has been seen.
    pub async fn with_trail(settings: &str) -> Self {
        let stage = Self::guarded_by("CloudtrailGuard", settings).await;
        stage.aws.good_trail("main").await;
        stage.settle().await;
        stage.world.clear_records();
        stage
    }
}

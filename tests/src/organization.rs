//! An organisation to try everything in: production and development, an account that closed, and one without writing roles.

use rectify_sandbox::Organization;
use serde_json::json;

use crate::Stage;

/// In a unit below the corrective one.
pub const PRODUCTION: &str = "111111111111";
/// In a unit that is told only.
pub const DEVELOPMENT: &str = "222222222222";
/// Closed, in the corrective unit.
pub const CLOSED: &str = "333333333333";
/// The settings would correct it, and it has no writing roles.
pub const WATCHED: &str = "444444444444";
/// In no organisation of ours.
pub const OUTSIDE: &str = "999999999999";

/// Production is found by its unit, so it hangs on what the ledger knows of the organisation.
pub const SETTINGS: &str = r#"
[[environment]]
name = "watched"
accounts = ["444444444444"]
mode = "corrective"

[[environment]]
name = "production"
organizational-units = ["ou-home-producti"]
mode = "corrective"

[[environment]]
name = "development"
default = true
mode = "detective"
"#;

impl Stage {
    /// A world with [`Organization::example`], whose accounts the ledger knows as `rectify org refresh` writes them down, and the guard
    /// of buckets.
    pub async fn organization(settings: &str) -> Self {
        Self::organization_guarded_by("S3BucketGuard", settings).await
    }

    /// The same with the guard `function`.
    pub async fn organization_guarded_by(function: &str, settings: &str) -> Self {
        Self::organization_with([function], settings).await
    }

    /// The same with several guards.
    pub async fn organization_with<const N: usize>(functions: [&str; N], settings: &str) -> Self {
        let stage =
            Self::build(settings, |builder| builder.organization(Organization::example()).guards(functions)).await;
        for (account, path) in [
            (PRODUCTION, ["r-home", "ou-home-workload", "ou-home-producti", "ou-home-webshop0"].as_slice()),
            (DEVELOPMENT, &["r-home", "ou-home-workload", "ou-home-developm"]),
            (WATCHED, &["r-home"]),
        ] {
            stage.know(account, path).await;
        }
        stage
    }

    /// Writes down in the ledger where an account is.
    pub async fn know(&self, account: &str, path: &[&str]) {
        let now = jiff::Timestamp::now();
        let facts = json!({"name": account, "path": path, "tags": {}, "read_at": now});
        self.put_row(json!({
            "pk": {"S": format!("standing#{account}")},
            "sk": {"S": "account"},
            "facts": {"S": facts.to_string()},
            "read_at": {"N": now.as_millisecond().to_string()},
        }))
        .await;
    }
}

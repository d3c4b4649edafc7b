//! What the verdict tables share.

mod zone;

use rectify_policy::{AccountId, Assessment, Policy, Service, Verdict, assess};
use serde_json::Value;

pub(crate) use zone::zone;

/// A grant to `principal` under `condition`, both JSON; an empty condition is none.
pub(crate) fn grant(principal: &str, condition: &str) -> String {
    let condition = if condition.is_empty() { "{}" } else { condition };
    format!(
        r#"{{"Version":"2012-10-17","Statement":[{{"Sid":"Grant","Effect":"Allow","Principal":{principal},
        "Action":"x:Do","Resource":"*","Condition":{condition}}}]}}"#
    )
}

pub(crate) fn judge(text: &str, service: Service) -> Assessment {
    let policy = Policy::parse(text).unwrap_or_else(|error| panic!("{error}: {text}"));
    assess(&policy, service, &zone())
}

/// `foreign` with its accounts, for example `foreign 999999999999`; the other verdicts by their word.
pub(crate) fn word(verdict: &Verdict) -> String {
    let accounts: Vec<&str> = verdict.foreign_accounts().into_iter().flatten().map(AccountId::as_str).collect();
    format!("{} {}", verdict.as_str(), accounts.join(" ")).trim_end().to_owned()
}

/// Rows of principal, condition, expected verdict; every wrong row is reported.
pub(crate) fn check(service: Service, rows: &[(&str, &str, &str)]) {
    let mut wrong = Vec::new();
    for (principal, condition, expected) in rows {
        let assessment = judge(&grant(principal, condition), service);
        let found = word(&assessment.verdict);
        if found != *expected {
            let reason = &assessment.statements[0].reason;
            wrong.push(format!("{principal} {condition}\n  expected {expected}, found {found}: {reason}"));
        }
        // The report must be well-formed whatever the verdict.
        let report: Value = rectify_policy::report_json(&assessment);
        assert_eq!(report["verdict"], assessment.verdict.as_str());
    }
    assert!(wrong.is_empty(), "{}", wrong.join("\n"));
}

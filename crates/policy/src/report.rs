//! The assessment as JSON, for `rectify policy --output json`.

use serde_json::{Value, json};

use crate::{Assessment, Verdict};

/// The assessment as JSON: `verdict` (`public`, `foreign`, `organisation` or `internal`), `accounts` (foreign ones, in
/// order), `statements` (`index`, `sid`, `verdict`, `accounts`, `reason`, `actions`, `unmappable`, and `s3_public` for
/// S3) and, for S3, `s3` (`public`, `differs`). Field names are stable.
///
/// The texts quote the policy unescaped; a terminal or page must escape them.
#[must_use]
pub fn report_json(assessment: &Assessment) -> Value {
    let statements: Vec<Value> = assessment
        .statements
        .iter()
        .map(|statement| {
            let mut entry = json!({
                "index": statement.index,
                "sid": statement.sid,
                "verdict": statement.verdict.as_str(),
                "accounts": accounts(&statement.verdict),
                "reason": statement.reason.to_string(),
                "actions": statement.actions,
                "unmappable": statement.unmappable,
            });
            if let (Some(public), Some(members)) = (statement.s3_public, entry.as_object_mut()) {
                members.insert("s3_public".to_owned(), public.into());
            }
            entry
        })
        .collect();
    let mut report = json!({
        "verdict": assessment.verdict.as_str(),
        "accounts": accounts(&assessment.verdict),
        "statements": statements,
    });
    if let (Some(s3), Some(members)) = (&assessment.s3, report.as_object_mut()) {
        let differs: Vec<Value> = s3
            .differs
            .iter()
            .map(|difference| json!({ "statement": difference.statement, "sentence": difference.sentence }))
            .collect();
        members.insert("s3".to_owned(), json!({ "public": s3.public, "differs": differs }));
    }
    report
}

fn accounts(verdict: &Verdict) -> Vec<&str> {
    verdict.foreign_accounts().into_iter().flatten().map(|account| account.as_str()).collect()
}

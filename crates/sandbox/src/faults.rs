//! Failures on purpose: slow, throttled, broken or cut calls, by rule.

use parking_lot::Mutex;
use serde::{Deserialize, Serialize};

use crate::naming::{Named, Protocol};

/// Which calls go wrong, and how. Unset fields match everything; all set ones must match.
#[derive(Debug, Clone, Default, Serialize, Deserialize)]
#[serde(default, deny_unknown_fields, rename_all = "kebab-case")]
pub struct Fault {
    /// botocore's service name, for example `dynamodb`.
    pub service: Option<String>,
    /// The operation, for example `PutItem`.
    pub operation: Option<String>,
    /// The function's logical id; the word `person` matches calls that no function made. Unset: functions only.
    pub function: Option<String>,
    /// Only the n-th matching call, counted from 1.
    pub nth: Option<u64>,
    /// Every n-th matching call.
    pub every: Option<u64>,
    /// At most this many calls.
    pub times: Option<u64>,
    /// How many of a hundred matching calls, chosen as if by chance; 100 and more are all. The same `seed` chooses the same
    /// calls again, counted as they match: which call comes first is up to the functions.
    pub percent: Option<u8>,
    /// What `percent` begins with; without meaning otherwise.
    pub seed: u64,
    /// Wait this long first, in milliseconds.
    pub delay_ms: u64,
    /// Hold the answer back until this long after the call came, in milliseconds: with `Effect::None`, a cloud whose calls
    /// all take equally long.
    pub at_least_ms: u64,
    /// What happens then.
    pub effect: Effect,
}

/// What happens to a call.
#[derive(Debug, Clone, Default, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "kebab-case", tag = "kind")]
#[non_exhaustive]
pub enum Effect {
    /// Nothing more: the call is only slow.
    #[default]
    None,
    /// An error answer; the cloud never sees the call.
    Error {
        /// HTTP status.
        status: u16,
        /// AWS's error code, for example `ThrottlingException` or `SlowDown`.
        code: String,
    },
    /// An empty success; the cloud never sees the call.
    Pretend,
    /// The connection ends without an answer; the cloud never sees the call.
    Cut,
    /// The cloud carries the call out, but its answer is lost.
    CutAfter,
    /// The cloud carries the call out, but its answer ends in the middle.
    Truncate,
    /// The process that called is killed (SIGKILL) and the connection ends; the cloud never sees the call, nor any later one
    /// of that process. Its invocation ends as a failed attempt, which Lambda tries again. A person's call is only cut.
    Kill,
    /// As `Kill`, but only after the cloud carried the call out.
    KillAfter,
}

#[derive(Default)]
struct Rule {
    fault: Fault,
    matched: u64,
    fired: u64,
}

/// The rules in force.
#[derive(Default)]
pub(crate) struct Faults(Mutex<Vec<Rule>>);

impl Faults {
    pub(crate) fn set(&self, faults: Vec<Fault>) {
        *self.0.lock() = faults.into_iter().map(|fault| Rule { fault, ..Rule::default() }).collect();
    }

    /// The first rule that fires for a call. Every rule that matches counts it.
    pub(crate) fn pick(&self, service: &str, operation: &str, function: Option<&str>) -> Option<Fault> {
        let mut picked = None;
        for rule in self.0.lock().iter_mut() {
            let fault = &rule.fault;
            let who = match (fault.function.as_deref(), function) {
                (None, function) => function.is_some(),
                (Some("person"), function) => function.is_none(),
                (Some(wanted), function) => function == Some(wanted),
            };
            let what = fault.service.as_deref().is_none_or(|wanted| wanted == service)
                && fault.operation.as_deref().is_none_or(|wanted| wanted == operation);
            if !who || !what {
                continue;
            }
            rule.matched += 1;
            let turn = fault.nth.is_none_or(|nth| nth == rule.matched)
                && fault.every.is_none_or(|every| every > 0 && rule.matched.is_multiple_of(every))
                && fault.times.is_none_or(|times| rule.fired < times)
                && fault.percent.is_none_or(|percent| random(fault.seed, rule.matched) % 100 < u64::from(percent));
            if turn && picked.is_none() {
                rule.fired += 1;
                picked = Some(fault.clone());
            }
        }
        picked
    }
}

/// The `n`-th number of the generator splitmix64 begun with `seed` (Steele, Lea and Flood, 2014).
fn random(seed: u64, n: u64) -> u64 {
    let mut state = seed.wrapping_add(n.wrapping_mul(0x9e37_79b9_7f4a_7c15));
    state = (state ^ (state >> 30)).wrapping_mul(0xbf58_476d_1ce4_e5b9);
    state = (state ^ (state >> 27)).wrapping_mul(0x94d0_49bb_1331_11eb);
    state ^ (state >> 31)
}

/// An error body as the protocol of the call has it, with its content type. `message` must not need escaping in XML.
pub(crate) fn body(named: Option<&Named>, code: &str, message: &str) -> (String, &'static str) {
    let is_s3 = named.is_none_or(|named| named.service.name == "s3");
    match named.map(|named| named.protocol) {
        Some(Protocol::Json | Protocol::RestJson | Protocol::Cbor) => (
            serde_json::json!({ "__type": code, "message": message, "Message": message }).to_string(),
            "application/x-amz-json-1.0",
        ),
        Some(Protocol::Ec2) => (
            format!(
                "<Response><Errors><Error><Code>{code}</Code><Message>{message}</Message></Error></Errors>\
                 <RequestID>sandbox</RequestID></Response>"
            ),
            "text/xml",
        ),
        _ if is_s3 => (
            format!("<Error><Code>{code}</Code><Message>{message}</Message><RequestId>sandbox</RequestId></Error>"),
            "application/xml",
        ),
        _ => (
            format!(
                "<ErrorResponse><Error><Type>Receiver</Type><Code>{code}</Code><Message>{message}</Message></Error>\
                 <RequestId>sandbox</RequestId></ErrorResponse>"
            ),
            "text/xml",
        ),
    }
}

#[cfg(test)]
mod tests {
    use super::random;

    #[test]
    fn chance_is_the_published_generators() {
        let numbers: Vec<u64> = (1..=3).map(|n| random(1_234_567, n)).collect();
        assert_eq!(numbers, [6_457_827_717_110_365_317, 3_203_168_211_198_807_973, 9_817_491_932_198_370_423]);
    }
}

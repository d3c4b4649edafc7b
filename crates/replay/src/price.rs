//! List prices in us-east-1, in dollars, as AWS's pricing pages had them in 2026, without free tiers: the one thing that this repository
//! cannot check. Behind them, what one event is taken to need. `docs/cost.md` is made of both too.

/// EventBridge, an event to another account's bus, per million; the account that sends it pays.
pub(crate) const EVENT: f64 = 1.00;
/// Lambda, per million requests.
pub(crate) const INVOCATION: f64 = 0.20;
/// Lambda on x86, per GB-second.
pub(crate) const GB_SECOND: f64 = 0.000_016_666_7;
/// DynamoDB on demand, per million read units.
pub(crate) const READ_UNIT: f64 = 0.125;
/// DynamoDB on demand, per million write units.
pub(crate) const WRITE_UNIT: f64 = 0.625;
/// S3 `GET` and all others, per thousand.
pub(crate) const S3_GET: f64 = 0.000_4;
/// S3 `LIST`, per thousand.
pub(crate) const S3_LIST: f64 = 0.005;
/// SQS, requests to a FIFO queue, per million.
pub(crate) const FIFO: f64 = 0.50;
/// CloudWatch Logs, per GB taken in.
pub(crate) const LOG_GB: f64 = 0.50;
/// CloudWatch, a metric of one's own, per month.
pub(crate) const METRIC: f64 = 0.30;
/// CloudWatch, an alarm, per month.
pub(crate) const ALARM: f64 = 0.10;
/// CloudWatch, a dashboard beyond the third, per month.
pub(crate) const DASHBOARD: f64 = 3.00;

/// Read units of the ledger for one look at a resource.
pub(crate) const LOOK_READS: f64 = 3.0;
/// Seconds of an event, with AWS's latencies; docs/performance.md has what of it is ours.
pub(crate) const EVENT_SECONDS: f64 = 0.5;
/// Memory of a function, in GB.
pub(crate) const MEMORY: f64 = 0.125;
/// Kilobytes of log lines of an invocation, Lambda's own included.
pub(crate) const LOG_KB: f64 = 2.5;

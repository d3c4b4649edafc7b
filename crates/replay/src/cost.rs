//! What it would cost, from how often each guard would have been woken.

use std::collections::BTreeMap;

use crate::{
    kinds::KINDS,
    price,
    report::{Cost, GuardCost, Period},
};

/// Calls of one event beside the reads of the resource: what the ledger remembers (docs/performance.md).
const LEDGER_CALLS: u64 = 3;
/// From the successful calls that wake each kind. Without what stands by (alarms, the sweep, the notifier): `docs/cost.md` has it.
pub(crate) fn cost(invocations: &BTreeMap<usize, u64>, period: Option<Period>) -> Cost {
    const MILLION: f64 = 1_000_000.0;
    let seconds = period.map_or(0.0, |period| period.to.duration_since(period.from).as_secs_f64());
    let days = (seconds / 86_400.0).max(1.0);
    let each = price::EVENT / MILLION
        + price::INVOCATION / MILLION
        + price::EVENT_SECONDS * price::MEMORY * price::GB_SECOND
        + price::LOOK_READS * price::READ_UNIT / MILLION
        + price::LOG_KB / MILLION * price::LOG_GB;
    let guards: Vec<GuardCost> = invocations
        .iter()
        .filter_map(|(number, count)| {
            let kind = KINDS.get(*number)?;
            #[expect(clippy::cast_precision_loss, reason = "an estimate; counts are far below 2^52")]
            let dollars = *count as f64 * each / days * 30.0;
            Some(GuardCost {
                kind: kind.name,
                invocations: *count,
                calls: count.saturating_mul(kind.reads + LEDGER_CALLS),
                dollars_a_month: dollars,
            })
        })
        .collect();
    let dollars_a_month = guards.iter().map(|guard| guard.dollars_a_month).sum();
    Cost { days, guards, dollars_a_month }
}

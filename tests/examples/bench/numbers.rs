//! Many measured events in a few numbers.

use serde_json::{Value, json};

use crate::sample::Sample;

/// Medians, with the lowest and the highest. Times in milliseconds.
pub(crate) fn summary(samples: &[Sample]) -> Value {
    let times = |of: &dyn Fn(&Sample) -> Option<u64>| {
        let values: Vec<f64> = samples.iter().filter_map(of).map(|ns| ns as f64 / 1e6).collect();
        spread(values)
    };
    let counts =
        |of: &dyn Fn(&Sample) -> Option<u64>| spread(samples.iter().filter_map(of).map(|n| n as f64).collect());
    json!({
        "init_ms": times(&|sample| sample.init_ns),
        "total_ms": times(&|sample| Some(sample.total_ns)),
        "cloud_ms": times(&|sample| Some(sample.cloud_ns)),
        "proof_ms": times(&|sample| sample.proof_ns),
        "own_ms": times(&|sample| Some(sample.own_ns())),
        "init_and_own_ms": times(&|sample| sample.init_ns.map(|init| init + sample.own_ns())),
        "cpu_ms": times(&|sample| sample.cpu_ns),
        "rss_kb": counts(&|sample| sample.rss_kb),
        "calls": counts(&|sample| Some(sample.calls)),
        "trips": counts(&|sample| Some(sample.trips)),
        "writes": counts(&|sample| Some(sample.writes)),
        "sequence": samples.last().map(|sample| sample.sequence.clone()),
    })
}

fn spread(mut values: Vec<f64>) -> Value {
    values.sort_by(f64::total_cmp);
    let (Some(low), Some(high)) = (values.first(), values.last()) else { return Value::Null };
    // Of an even number, the mean of the two in the middle.
    let middle = |index: usize| values.get(index).copied().unwrap_or_default();
    let median = f64::midpoint(middle((values.len() - 1) / 2), middle(values.len() / 2));
    json!({"median": median, "low": low, "high": high})
}

#[cfg(test)]
mod tests {
    use serde_json::json;

    use super::spread;

    #[test]
    fn the_median_is_the_middle() {
        assert_eq!(spread(vec![3.0, 1.0, 2.0]), json!({"median": 2.0, "low": 1.0, "high": 3.0}));
        assert_eq!(spread(vec![4.0, 1.0]), json!({"median": 2.5, "low": 1.0, "high": 4.0}));
        assert!(spread(Vec::new()).is_null());
    }
}

//! The figures for people, beside their budgets.

use std::fmt::Write as _;

use serde_json::Value;

/// What a figure is held against; docs/performance.md says where the numbers come from.
struct Budget {
    what: &'static str,
    /// Where the figure is in the report.
    at: &'static str,
    /// Divides the figure.
    unit: (f64, &'static str),
    most: f64,
}

const BUDGETS: [Budget; 9] = [
    Budget { what: "start to first poll", at: "/here/cold/init_ms/median", unit: (1.0, "ms"), most: 10.0 },
    Budget {
        what: "start and first correction, beside the cloud's time",
        at: "/here/cold/init_and_own_ms/median",
        unit: (1.0, "ms"),
        most: 35.0,
    },
    Budget { what: "peak memory", at: "/here/warm/two changes/rss_kb/high", unit: (1000.0, "MB"), most: 18.0 },
    Budget { what: "artefact, zipped", at: "/artefact/zipped_bytes", unit: (1e6, "MB"), most: 4.0 },
    Budget {
        what: "processor time of an event that needs no call",
        at: "/here/warm/not for us/cpu_ms/median",
        unit: (1.0, "ms"),
        most: 1.0,
    },
    Budget {
        what: "first correction proven, as in Lambda",
        at: "/lambda/cold/proof_ms/median",
        unit: (1.0, "ms"),
        most: 180.0,
    },
    Budget {
        what: "sequential round trips, one change",
        at: "/here/warm/one change/trips/median",
        unit: (1.0, ""),
        most: 5.0,
    },
    Budget {
        what: "sequential round trips, two changes",
        at: "/here/warm/two changes/trips/median",
        unit: (1.0, ""),
        most: 5.0,
    },
    Budget {
        what: "writes for an event that needs nothing",
        at: "/here/warm/nothing to do/writes/high",
        unit: (1.0, ""),
        most: 0.0,
    },
];

/// The columns of the big table, and where each is in a case.
const COLUMNS: [(&str, &str, usize); 10] = [
    ("init ms", "init_ms", 1),
    ("proof ms", "proof_ms", 1),
    ("total ms", "total_ms", 1),
    ("cloud ms", "cloud_ms", 1),
    ("own ms", "own_ms", 2),
    ("cpu ms", "cpu_ms", 2),
    ("calls", "calls", 0),
    ("trips", "trips", 0),
    ("writes", "writes", 0),
    ("rss kB", "rss_kb", 0),
];

/// The whole table as text.
pub(super) fn of(report: &Value) -> String {
    let mut text = String::new();
    let runs = number(report, "/runs").unwrap_or_default();
    let _ = writeln!(text, "Medians of {runs:.0} events each; {}\n", machine(report));
    let _ = write!(text, "{:<30}", "event");
    for (name, ..) in COLUMNS {
        let _ = write!(text, "{name:>10}");
    }
    text.push('\n');
    let cases = cases(report);
    for (name, case) in &cases {
        let _ = write!(text, "{name:<30}");
        for (_, key, digits) in COLUMNS {
            match number(case, &format!("/{key}/median")) {
                Some(value) => {
                    let _ = write!(text, "{value:>10.digits$}");
                }
                None => text.push_str("         -"),
            }
        }
        text.push('\n');
    }
    text.push_str(
        "\nproof: from the event until the guard began to tell, the proof in its hands;\n\
         cloud: while a call was with the emulated AWS, overlapping calls counted once;\n\
         own: everything else from the event to the answer;\n\
         trips: the longest chain of calls that waited for each other\n",
    );
    let mut shown: Vec<Vec<&str>> = vec![Vec::new()];
    for (name, case) in &cases {
        let sequence = case.get("sequence").and_then(Value::as_array).into_iter().flatten().filter_map(Value::as_str);
        let lines: Vec<&str> = sequence.collect();
        if !shown.contains(&lines) {
            let _ = writeln!(text, "\n{name}\n  {}", lines.join("\n  "));
            shown.push(lines);
        }
    }
    text.push_str("\nBudgets\n");
    for budget in &BUDGETS {
        let _ = writeln!(text, "  {}", line(budget, number(report, budget.at)));
    }
    text
}

/// Every measured kind of event, by name: here, and as in Lambda.
fn cases(report: &Value) -> Vec<(String, &Value)> {
    let mut cases = Vec::new();
    for (place, suffix) in [("here", ""), ("lambda", " (Lambda)")] {
        let Some(place) = report.get(place) else { continue };
        cases.extend(place.get("cold").map(|case| (format!("two changes, cold{suffix}"), case)));
        let warm = place.get("warm").and_then(Value::as_object);
        cases.extend(warm.into_iter().flatten().map(|(name, case)| (format!("{name}, warm{suffix}"), case)));
    }
    cases
}

fn line(budget: &Budget, figure: Option<f64>) -> String {
    let (divisor, unit) = budget.unit;
    let Some(figure) = figure.map(|figure| figure / divisor) else {
        return format!("{:<54}  not measured", budget.what);
    };
    let verdict = if figure <= budget.most { "met" } else { "NOT MET" };
    format!("{:<54}{figure:>8.1} {unit:<3} at most {:>4} {unit:<3} {verdict}", budget.what, budget.most)
}

fn machine(report: &Value) -> String {
    let text = |name: &str| report.pointer(&format!("/machine/{name}")).map_or(String::new(), plain);
    format!(
        "{} cores of {}, Linux {}, load {}, {}",
        text("cores"),
        text("cpu"),
        text("kernel"),
        text("load"),
        text("rustc")
    )
}

fn plain(value: &Value) -> String {
    value.as_str().map_or_else(|| value.to_string(), str::to_owned)
}

fn number(value: &Value, at: &str) -> Option<f64> {
    value.pointer(at).and_then(Value::as_f64)
}

#[cfg(test)]
mod tests {
    use serde_json::json;

    use super::of;

    #[test]
    fn figures_stand_beside_their_budgets() {
        let spread = |median: f64| json!({"median": median, "low": median, "high": median});
        let report = json!({
            "runs": 20,
            "artefact": {"zipped_bytes": 4_100_000},
            "here": {
                "cold": {"init_ms": spread(9.5), "init_and_own_ms": spread(35.0), "sequence": ["A + B", "C"]},
                "warm": {"two changes": {"rss_kb": spread(18_100.0)}, "one change": {"trips": spread(5.0)}},
            },
            "lambda": {"cold": {"init_ms": spread(7.0), "proof_ms": spread(181.0)}},
        });
        let text = of(&report);
        let line = |start: &str| text.lines().find(|line| line.trim_start().starts_with(start)).unwrap().to_owned();
        assert!(line("start to first poll").ends_with("9.5 ms  at most   10 ms  met"), "{text}");
        assert!(line("start and first").contains(" 35.0 ms ") && line("start and first").ends_with(" met"), "{text}");
        assert!(line("peak memory").contains("18.1 MB") && line("peak memory").ends_with("NOT MET"), "{text}");
        assert!(line("artefact").contains(" 4.1 MB ") && line("artefact").ends_with("NOT MET"), "{text}");
        assert!(line("first correction proven").ends_with("NOT MET"), "{text}");
        assert!(line("two changes, cold (Lambda)").contains("181.0"), "{text}");
        assert!(line("writes for").ends_with("not measured"), "{text}");
        assert!(line("two changes, cold").contains("9.5") && text.contains("\n  A + B\n  C\n"), "{text}");
    }
}

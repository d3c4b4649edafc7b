//! Records by the name of the call: what a parser counts.

use std::collections::BTreeMap;

use proptest::prelude::*;
use serde_json::{Value, json};

use crate::made::{CORRECTIVE, file, fixtures, gzip, inflate, log, names, of, run};

/// Reads a log file as anybody would.
fn naive(text: &[u8]) -> BTreeMap<(String, String), u64> {
    let log: Value = serde_json::from_slice(text).unwrap();
    let mut all = BTreeMap::new();
    for record in log["Records"].as_array().unwrap() {
        let word = |key: &str| record[key].as_str().unwrap().to_owned();
        *all.entry((word("eventSource"), word("eventName"))).or_default() += 1;
    }
    all
}

#[test]
fn fixtures_count_as_a_parser_counts_them() {
    let mut all: BTreeMap<_, u64> = BTreeMap::new();
    let mut items = Vec::new();
    for (name, bytes) in fixtures() {
        let text = inflate(&bytes);
        let naive = naive(&text);
        for (key, count) in &naive {
            *all.entry(key.clone()).or_default() += count;
        }
        assert_eq!(names(&of(&*bytes)), naive, "{name}");
        let parsed: Value = serde_json::from_slice(&text).unwrap();
        let lines: String = parsed["Records"].as_array().unwrap().iter().map(|record| format!("{record}\n")).collect();
        assert_eq!(names(&of(lines)), naive, "{name} as lines");
        assert_eq!(
            names(&of(gzip(serde_json::to_string_pretty(&parsed).unwrap().as_bytes()))),
            naive,
            "{name}, pretty"
        );
        items.push(file(&name, bytes));
    }
    let (report, _) = run(CORRECTIVE, None, 3, items.into_iter());
    assert_eq!(names(&report), all);
    assert_eq!(report.records.read, all.values().sum::<u64>());
}

fn value() -> impl Strategy<Value = Value> {
    let text = r#"[ -~]{0,12}|\\{0,70}"?|[{}\[\]":\\,]{0,90}|eventName|"eventName":"PutBucketAcl"|é{0,40}"#;
    let leaf = prop_oneof![Just(Value::Null), any::<i32>().prop_map(Value::from), text.prop_map(Value::from)];
    let key = prop_oneof![
        Just("eventName".to_owned()),
        Just("eventSource".to_owned()),
        Just("Records".to_owned()),
        "[a-z\"\\\\{]{0,6}"
    ];
    leaf.prop_recursive(4, 24, 4, move |inner| {
        prop_oneof![
            prop::collection::vec(inner.clone(), 0..4).prop_map(Value::from),
            prop::collection::vec((key.clone(), inner), 0..4).prop_map(|pairs| pairs.into_iter().collect::<Value>()),
        ]
    })
}

/// A record whose keys stand in any order, with hostile ones beside them.
fn record() -> impl Strategy<Value = String> {
    let name = prop_oneof![
        Just("PutBucketAcl".to_owned()),
        Just("AuthorizeSecurityGroupIngress".to_owned()),
        Just("GetObject".to_owned()),
        "[A-Za-z0-9]{1,20}",
        "[ -~é]{0,20}",
    ];
    let source =
        prop_oneof![Just("s3.amazonaws.com".to_owned()), Just("ec2.amazonaws.com".to_owned()), "[a-z\"\\\\]{0,9}"];
    let more = prop::collection::vec(("[a-z\"\\\\{}]{1,6}", value()), 0..4);
    (name, source, more, any::<[u8; 8]>(), any::<bool>()).prop_map(|(name, source, more, order, spaces)| {
        let mut fields = vec![
            ("eventVersion".to_owned(), json!("1.08")),
            ("eventTime".to_owned(), json!("2025-07-10T12:00:00Z")),
            ("eventSource".to_owned(), json!(source)),
            ("eventName".to_owned(), json!(name)),
        ];
        let more: BTreeMap<String, Value> = more.into_iter().collect();
        fields.extend(more);
        for (at, to) in order.into_iter().enumerate().take(usize::from(order[0]) % 8) {
            let (at, to) = (at % fields.len(), usize::from(to) % fields.len());
            fields.swap(at, to);
        }
        let gap = if spaces { " \n\t" } else { "" };
        let pairs: Vec<String> =
            fields.iter().map(|(key, value)| format!("{gap}{}{gap}:{gap}{value}", json!(key))).collect();
        format!("{{{}{gap}}}", pairs.join(","))
    })
}

proptest! {
    #![proptest_config(ProptestConfig { failure_persistence: None, cases: 120, ..ProptestConfig::default() })]

    #[test]
    fn made_records_count_as_a_parser_counts_them(records in prop::collection::vec(record(), 0..12)) {
        let text = log(&records);
        let naive = naive(text.as_bytes());
        prop_assert_eq!(&names(&of(&*text)), &naive);
        prop_assert_eq!(names(&of([gzip(text.as_bytes()), gzip(b" ")].concat())), naive);
    }
}

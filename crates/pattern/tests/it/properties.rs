//! What holds for every pattern and every event.

use proptest::prelude::*;
use rectify_pattern::Pattern;
use serde_json::{Map, Value, json};

use crate::matches;

fn scalar() -> impl Strategy<Value = Value> {
    prop_oneof![
        Just(Value::Null),
        any::<bool>().prop_map(Value::from),
        any::<i64>().prop_map(Value::from),
        any::<f64>().prop_map(Value::from),
        ".{0,6}".prop_map(Value::from),
        "[xyXY*\\\\]{0,4}".prop_map(Value::from),
    ]
}

fn object(inner: impl Strategy<Value = Value>) -> impl Strategy<Value = Value> {
    prop::collection::btree_map("[a-c]", inner, 1..4).prop_map(|fields| Value::Object(fields.into_iter().collect()))
}

fn event() -> impl Strategy<Value = Value> {
    let value = scalar().prop_recursive(3, 24, 4, |inner| {
        prop_oneof![prop::collection::vec(inner.clone(), 0..4).prop_map(Value::from), object(inner)]
    });
    object(value)
}

/// An event without lists, so that removing a field removes it everywhere.
fn plain_event() -> impl Strategy<Value = Value> {
    object(scalar().prop_recursive(3, 16, 3, object))
}

/// A pattern of the event's own values: of a list, one element; `None` when there is no leaf.
fn own_values(value: &Value, choice: usize) -> Option<Value> {
    match value {
        Value::Object(fields) => {
            let fields: Map<_, _> =
                fields.iter().filter_map(|(key, value)| Some((key.clone(), own_values(value, choice)?))).collect();
            (!fields.is_empty()).then_some(Value::Object(fields))
        }
        Value::Array(items) => {
            let chosen = choice.checked_rem(items.len()).unwrap_or(0);
            items.iter().cycle().skip(chosen).take(items.len()).find_map(|item| own_values(item, choice))
        }
        leaf => Some(json!([leaf])),
    }
}

/// Pointers to the leaves of a pattern.
fn leaves(pattern: &Value, pointer: &str, found: &mut Vec<String>) {
    match pattern {
        Value::Object(fields) => {
            fields.iter().for_each(|(key, value)| leaves(value, &format!("{pointer}/{key}"), found));
        }
        _ => found.push(pointer.to_owned()),
    }
}

fn remove(event: &Value, pointer: &str) -> Value {
    let mut event = event.clone();
    let (parent, key) = pointer.rsplit_once('/').unwrap();
    event.pointer_mut(parent).unwrap().as_object_mut().unwrap().remove(key);
    event
}

/// JSON that often is a pattern.
fn near_pattern() -> impl Strategy<Value = Value> {
    let operator = prop_oneof![
        Just("prefix"),
        Just("suffix"),
        Just("wildcard"),
        Just("equals-ignore-case"),
        Just("anything-but"),
        Just("exists"),
        Just("numeric"),
        Just("cidr"),
        Just("exactly"),
        Just("other"),
    ];
    let operand = prop_oneof![
        scalar(),
        prop::collection::vec(scalar(), 0..3).prop_map(Value::from),
        Just(json!([">", 0, "<=", 5])),
        Just(json!("10.0.0.0/8")),
        Just(json!({"prefix": "x"})),
        Just(json!({"equals-ignore-case": ["x"]})),
    ];
    let expression = (operator, operand).prop_map(|(operator, operand)| json!({operator: operand}));
    let values = prop::collection::vec(prop_oneof![scalar(), expression], 0..4).prop_map(Value::from);
    values.prop_recursive(3, 16, 3, |inner| {
        let alternatives = prop::collection::vec(object(inner.clone()), 1..4).prop_map(|list| json!({"$or": list}));
        prop_oneof![object(inner), alternatives]
    })
}

/// Whether the wildcard, with its escapes already checked, covers the text: by trying everything.
fn covers(wildcard: &[char], text: &[char]) -> bool {
    match wildcard {
        [] => text.is_empty(),
        ['*', rest @ ..] => (0..=text.len()).any(|skipped| covers(rest, &text[skipped..])),
        ['\\', literal, rest @ ..] | [literal, rest @ ..] => text.first() == Some(literal) && covers(rest, &text[1..]),
    }
}

/// One leaf of an event as the naive matcher sees it: path, value, and (list, element) for each list around it.
type NaiveLeaf = (String, Value, Vec<(String, usize)>);

fn naive_leaves(value: &Value, path: &str, place: &str, lists: &[(String, usize)], found: &mut Vec<NaiveLeaf>) {
    match value {
        Value::Object(fields) => fields.iter().for_each(|(key, value)| {
            let path = if path.is_empty() { key.clone() } else { format!("{path}.{key}") };
            naive_leaves(value, &path, &format!("{place}/{key}"), lists, found);
        }),
        Value::Array(items) => {
            for (index, item) in items.iter().enumerate() {
                let mut lists = lists.to_vec();
                if item.is_object() || item.is_array() {
                    lists.push((place.to_owned(), index));
                }
                naive_leaves(item, path, &format!("{place}/{index}"), &lists, found);
            }
        }
        leaf => found.push((path.to_owned(), leaf.clone(), lists.to_vec())),
    }
}

/// Tries every choice of leaves for the fields, in order, without forgetting any list.
fn naive(fields: &[(String, Vec<Value>)], leaves: &[NaiveLeaf], entered: &[(String, usize)]) -> bool {
    let Some(((path, values), rest)) = fields.split_first() else { return true };
    let fits = |lists: &[(String, usize)]| {
        lists.iter().all(|(list, index)| entered.iter().all(|(other, at)| other != list || at == index))
    };
    let mut here = leaves.iter().filter(|(leaf, _, lists)| leaf == path && fits(lists));
    let absent = json!({"exists": false});
    if values.contains(&absent) && here.clone().next().is_none() && naive(rest, leaves, entered) {
        return true;
    }
    here.any(|(_, value, lists)| {
        let entered: Vec<_> = entered.iter().chain(lists).cloned().collect();
        (values.contains(value) || values.contains(&json!({"exists": true}))) && naive(rest, leaves, &entered)
    })
}

/// Events with many lists of objects over few keys and values.
fn listy_event() -> impl Strategy<Value = Value> {
    let leaf = prop_oneof![Just(json!("x")), Just(json!("y"))];
    let value = leaf.prop_recursive(3, 40, 3, |inner| {
        prop_oneof![
            3 => prop::collection::vec(object(inner.clone()), 1..4).prop_map(Value::from),
            1 => prop::collection::vec(inner.clone(), 0..3).prop_map(Value::from),
            1 => object(inner),
        ]
    });
    object(value)
}

fn few_fields() -> impl Strategy<Value = Vec<(String, Vec<Value>)>> {
    let value = prop_oneof![
        3 => Just(json!("x")), 2 => Just(json!("y")), 1 => Just(json!({"exists": true})), 2 => Just(json!({"exists": false})),
    ];
    let path = "[a-c](\\.[a-c]){0,2}";
    prop::collection::btree_map(path, prop::collection::vec(value, 1..3), 1..5)
        .prop_map(|map| map.into_iter().collect())
}

proptest! {
    #![proptest_config(ProptestConfig::with_cases(512))]

    #[test]
    fn a_pattern_of_the_events_own_values_matches_it(event in event(), choice in 0_usize..4) {
        if let Some(pattern) = own_values(&event, choice) {
            prop_assert!(matches(&Pattern::from_value(&pattern).unwrap(), &event), "{} {}", pattern, event);
        }
    }

    #[test]
    fn without_any_one_named_field_it_does_not(event in plain_event()) {
        let pattern = own_values(&event, 0).unwrap();
        let mut fields = Vec::new();
        leaves(&pattern, "", &mut fields);
        for field in fields {
            let less = remove(&event, &field);
            prop_assert!(!matches(&Pattern::from_value(&pattern).unwrap(), &less), "{} {}", pattern, less);

            let mut absent = pattern.clone();
            *absent.pointer_mut(&field).unwrap() = json!([{"exists": false}]);
            let absent = Pattern::from_value(&absent).unwrap();
            prop_assert!(matches(&absent, &less), "{} {}", pattern, less);
            prop_assert!(!matches(&absent, &event), "{} {}", pattern, event);
        }
    }

    #[test]
    fn anything_that_reads_as_a_pattern_answers_every_event(pattern in near_pattern(), event in event()) {
        if let Ok(pattern) = Pattern::from_value(&pattern) {
            matches(&pattern, &event);
        }
    }

    #[test]
    fn any_text_is_a_pattern_or_an_error(text in "[\\PC\"\\[\\]{}:,$]{0,60}") {
        if let Err(error) = Pattern::parse(&text) {
            prop_assert!(!error.to_string().is_empty());
        }
    }

    #[test]
    fn wildcards_agree_with_trying_everything(wildcard in "([xy]|\\*|\\\\\\*|\\\\\\\\){0,6}", text in "[xy*\\\\]{0,8}") {
        let pattern = json!({"a": [{"wildcard": wildcard}]});
        let wildcard: Vec<char> = wildcard.chars().collect();
        if let Ok(pattern) = Pattern::from_value(&pattern) {
            let expected = covers(&wildcard, &text.chars().collect::<Vec<_>>());
            prop_assert_eq!(matches(&pattern, &json!({"a": text})), expected);
        }
    }

    #[test]
    fn lists_agree_with_trying_everything(event in listy_event(), fields in few_fields()) {
        let pattern: Map<_, _> = fields.iter().map(|(path, values)| (path.clone(), Value::from(values.clone()))).collect();
        let mut leaves = Vec::new();
        naive_leaves(&event, "", "", &[], &mut leaves);
        let pattern = Pattern::from_value(&Value::Object(pattern)).unwrap();
        prop_assert_eq!(matches(&pattern, &event), naive(&fields, &leaves, &[]), "{:?} {}", pattern, event);
    }

    #[test]
    fn anything_but_is_the_opposite_for_one_value(value in "[xyXY]{0,3}", operand in "[xyXY]{1,2}") {
        for operator in ["prefix", "suffix", "equals-ignore-case", "wildcard"] {
            let positive = Pattern::from_value(&json!({"a": [{operator: operand}]})).unwrap();
            let negative = Pattern::from_value(&json!({"a": [{"anything-but": {operator: operand}}]})).unwrap();
            let event = json!({"a": value});
            prop_assert_ne!(matches(&positive, &event), matches(&negative, &event), "{}", operator);
        }
    }
}

use std::collections::BTreeSet;

use rectify_controls::Trigger;
use rectify_pattern::Pattern;
use serde_json::{Value as Json, json};
use yaml_serde::{Value, value::TaggedValue};

use super::{files, pattern};
use crate::{
    kinds::{self, sample::LAMP},
    repo::Repo,
};

fn template(kinds: &[kinds::KindSummary]) -> Value {
    let files = files(kinds).unwrap();
    yaml_serde::from_str(&files[0].text).unwrap_or_else(|error| panic!("{error}\n{}", files[0].text))
}

/// Every logical id that `value` refers to by `!Ref` or `!GetAtt`.
fn references(value: &Value, into: &mut BTreeSet<String>) {
    match value {
        Value::Tagged(tagged) => {
            let TaggedValue { tag, value } = &**tagged;
            if let Some(target) = value.as_str()
                && (tag == "Ref" || tag == "GetAtt")
            {
                into.insert(target.split('.').next().unwrap().to_owned());
            }
            references(value, into);
        }
        Value::Mapping(map) => map.values().for_each(|inner| references(inner, into)),
        Value::Sequence(items) => items.iter().for_each(|inner| references(inner, into)),
        _ => {}
    }
}

#[test]
fn every_reference_leads_somewhere() {
    for kinds in [vec![LAMP], kinds::all(), [kinds::all(), vec![LAMP]].concat()] {
        let template = template(&kinds);
        let mut known: BTreeSet<String> = ["Resources", "Parameters"]
            .into_iter()
            .flat_map(|section| {
                template[section].as_mapping().unwrap().keys().map(|key| key.as_str().unwrap().to_owned())
            })
            .collect();
        // SAM names the rule of event `Change` so.
        known.extend(kinds.iter().map(|kind| format!("{}GuardChange", kind.pascal())));
        let mut used = BTreeSet::new();
        references(&template, &mut used);
        let dangling: Vec<_> =
            used.iter().filter(|name| !name.starts_with("AWS::") && !known.contains(*name)).collect();
        assert!(dangling.is_empty(), "{dangling:?}");
        assert!(used.contains("Ledger") && used.contains("Findings"));
    }
}

#[test]
fn the_pattern_in_the_template_is_the_rule_books() {
    let template = template(&[LAMP]);
    let written = &template["Resources"]["DeskLampGuard"]["Properties"]["Events"]["Change"]["Properties"]["Pattern"];
    assert_eq!(serde_json::to_value(written).unwrap(), pattern::json(LAMP.triggers));
    assert_eq!(
        pattern::json(LAMP.triggers)["detail"]["eventSource"],
        json!(["lamp.amazonaws.com", "desk.amazonaws.com"])
    );
}

#[test]
fn a_pattern_that_no_account_accepts_is_refused() {
    let long = "AVeryLongEventName".repeat(120).leak();
    let trigger = Trigger { name: long, ..LAMP.triggers[0] };
    let kind = kinds::KindSummary { triggers: vec![trigger].leak(), ..LAMP };
    let error = format!("{:#}", files(&[kind]).unwrap_err());
    assert!(error.contains("desk-lamp") && error.contains("2048"), "{error}");
}

/// Every example of a trigger reaches the guard, whoever called; failed calls and reads do not.
#[test]
fn the_pattern_lets_every_example_through() {
    let repo = Repo::find().unwrap();
    for kind in kinds::all() {
        let pattern = Pattern::from_value(&pattern::json(kind.triggers)).unwrap();
        for trigger in kind.triggers {
            let path = format!("events/{}/{}.json", kind.name, trigger.example);
            let mut event: Json = serde_json::from_str(&repo.read(&path).unwrap()).unwrap();
            assert_eq!(event["detail"]["eventName"], trigger.name, "{path}");
            assert_eq!(event["detail"]["eventSource"], trigger.source, "{path}");
            assert!(pattern.matches(&event), "{path}: {:?}", pattern.explain(&event));
            event["detail"]["userIdentity"] = json!({"type": "Root", "accountId": "123456789012"});
            assert!(pattern.matches(&event), "{path} as root");
            event["detail"]["errorCode"] = json!("AccessDenied");
            assert!(!pattern.matches(&event), "{path} failed");
        }
    }
}

#[test]
fn every_action_of_the_rule_book_is_in_the_role_and_nothing_else() {
    for kind in kinds::all() {
        let template = template(&[kind]);
        let policies = &template["Resources"][format!("{}GuardRole", kind.pascal())]["Properties"]["Policies"];
        let mut granted = BTreeSet::new();
        for policy in policies.as_sequence().unwrap().iter().filter(|policy| policy["PolicyName"] != "record-and-tell")
        {
            for statement in policy["PolicyDocument"]["Statement"].as_sequence().unwrap() {
                for action in statement["Action"].as_sequence().unwrap() {
                    granted.insert(action.as_str().unwrap().to_owned());
                }
            }
        }
        let used: BTreeSet<String> = kind.access.iter().map(|access| access.action.to_owned()).collect();
        assert_eq!(granted, used);
        assert!(used.iter().all(|action| action.contains(':') && !action.contains('*')), "{used:?}");
    }
}

/// The template and the runtime are written apart and have to use the same words.
#[test]
fn variables_and_metrics_are_those_of_the_runtime() {
    let repo = Repo::find().unwrap();
    let shell = repo.read("crates/runtime/src/shell.rs").unwrap();
    let telemetry = repo.read("crates/runtime/src/telemetry.rs").unwrap();
    let template = template(&[LAMP]);
    let resources = template["Resources"].as_mapping().unwrap();

    let variables = &resources["DeskLampGuard"]["Properties"]["Environment"]["Variables"];
    for name in variables.as_mapping().unwrap().keys().map(|name| name.as_str().unwrap()) {
        assert!(shell.contains(&format!("\"{name}\"")) || telemetry.contains(&format!("\"{name}\"")), "{name}");
    }
    let alarms = resources.values().filter(|resource| resource["Type"] == "AWS::CloudWatch::Alarm");
    let own: Vec<&Value> = alarms.map(|alarm| &alarm["Properties"]).filter(|it| it["Namespace"] == "rectify").collect();
    assert_eq!(own.len(), 2);
    for alarm in own {
        let [metric, dimension] =
            [&alarm["MetricName"], &alarm["Dimensions"][0]["Name"]].map(|name| name.as_str().unwrap());
        assert!(telemetry.contains(&format!("\"{metric}\"")), "{metric}");
        assert!(telemetry.contains(&format!("\"Dimensions\": [[\"{dimension}\"]]")), "{dimension}");
        assert_eq!(alarm["Dimensions"][0]["Value"], "desk-lamp");
    }
    assert!(telemetry.contains("\"Namespace\": \"rectify\""));
}
